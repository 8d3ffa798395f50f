# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of supported versions: what is chosen, what is installed, and what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tools.run_matrix import COLUMNS, ROOT, Column, Result, arguments, chosen, counted, interpreter, pins, table

GREEN = Result(True, 24, 61.2)


def test_the_oldest_core_is_the_one_that_the_collection_asks_for() -> None:
    wanted = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert wanted == f">={min(COLUMNS)[0].rpartition('.')[0]}.0"


def test_the_cores_of_make_test_are_in_the_matrix() -> None:
    lines = (ROOT / "requirements/ansible.txt").read_text().splitlines()
    assert {line.split()[0] for line in lines if line.startswith("ansible-core")} <= {
        f"ansible-core=={core}" for core, _ in COLUMNS
    }


def test_cores_and_pythons_choose_columns() -> None:
    assert [(one.core, one.python) for one in chosen([], [])] == list(COLUMNS)
    assert {one.python for one in chosen(["2.20"], [])} == {"3.12", "3.13"}
    assert [one.core.rpartition(".")[0] for one in chosen(["2.2", "2.20"][1:], ["3.13"])] == ["2.20"]
    with pytest.raises(SystemExit, match=r"core 2\.2 is no part of the matrix"):
        chosen(["2.2"], [])
    with pytest.raises(SystemExit, match=r"Python 3\.9 is no part of the matrix"):
        chosen([], ["3.9"])


def test_unknown_checks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert arguments(["--cores", "2.17 2.18", "--checks", "sanity,unit"]).checks == ["sanity", "unit"]
    with pytest.raises(SystemExit):
        arguments(["--checks", "units"])
    assert "there is no units" in capsys.readouterr().err


def test_pins_are_those_of_the_tests_with_another_core(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("# all\n-r core.txt\npytest==9\n")
    (tmp_path / "core.txt").write_text(
        'ansible-core==2.19.1 ; python_version < "3.12"\nansible-core==2.21\nrequests==2\n'
    )
    assert pins(tmp_path / "all.txt", "2.18.3") == ["ansible-core==2.18.3", "requests==2", "pytest==9"]


def test_a_python_that_is_not_there_is_none() -> None:
    assert interpreter("3.99") is None


def test_a_skipped_test_has_not_passed() -> None:
    report = '<testsuites><testsuite tests="9" failures="{}" errors="0" skipped="{}"/></testsuites>'
    assert counted(report.format(0, 0), 0, 1.0) == Result(True, 9, 1.0)
    assert counted(report.format(0, 2), 0, 1.0) == Result(False, 7, 1.0, 2)
    assert counted(report.format(1, 0), 1, 1.0) == Result(False, 8, 1.0, 1)
    assert not counted(
        '<testsuites><testsuite tests="0" failures="0" errors="0" skipped="0"/></testsuites>', 0, 1.0
    ).good


def test_the_table_says_what_was_skipped_not_run_or_run_elsewhere() -> None:
    columns = [
        Column("2.17.14", "3.10", "abc", {"sanity": GREEN, "unit": Result(False, 3, 9.9, 1)}),
        Column("2.18.19", "3.11", "old", {"sanity": GREEN}),
        Column("2.21.5", "3.13"),
    ]
    lines = table(columns, ["3.13"], "abc").splitlines()
    assert lines[2] == "| 2.17.14 | 3.10 | 24 passed, 61 s | FAILED: 3 passed, 1 not, 10 s | not run | abc |"
    assert lines[3].endswith("| old (not this one) |")
    assert lines[4].count("skipped: no Python 3.13 on this machine") == 3
    assert not columns[0].good
    assert not columns[2].good
    assert columns[1].good
