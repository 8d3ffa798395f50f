# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of supported versions: what is chosen, what is installed, and what the table says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from tools.run_matrix import (
    CORES,
    ROOT,
    Column,
    Result,
    arguments,
    candidates,
    cell,
    columns,
    counted,
    interpreter,
    minor,
    requirements,
    table,
)

GREEN = Result(True, 24, 0, 61, "abc")
SHIM = "#!/bin/sh\necho 'pyenv: python3.99: command not found' >&2\nexit 127\n"
PYTHON = "#!/bin/sh\nprintf '%s\\n' '{}' 3 99\n"


def program(path: Path, text: str) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_oldest_core_is_the_one_that_the_collection_asks_for() -> None:
    wanted = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert wanted == f">={next(iter(CORES)).rpartition('.')[0]}.0"


def test_the_cores_of_make_test_are_in_the_matrix_on_their_pythons() -> None:
    lines = (ROOT / "requirements/ansible.txt").read_text().splitlines()
    assert {line.split()[0].removeprefix("ansible-core==") for line in lines if line.startswith("ansible-core")} <= set(
        CORES
    )


def test_cores_and_pythons_choose_columns() -> None:
    assert {column.core: [] for column in columns([], [])}.keys() == CORES.keys()
    assert [column.name for column in columns(["2.20"], [])] == ["2.20-3.12", "2.20-3.13"]
    assert [column.name for column in columns(["2.20", "2.17"], ["3.13"])] == ["2.20-3.13"]


@pytest.mark.parametrize(
    ("cores", "pythons", "told"),
    [
        (["2.2"], [], r"ansible-core 2\.2 is not in the matrix: it has 2\.16, "),
        ([], ["3.9"], r"Python 3\.9 is not in the matrix: it has 3\.10, "),
        (["2.17"], ["3.13"], r"ansible-core 2\.17 is not run on Python 3\.13"),
    ],
)
def test_versions_that_are_not_in_the_matrix_are_refused(cores: list[str], pythons: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        columns(cores, pythons)


def test_checks_are_named_in_words_and_unknown_ones_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert arguments([]).checks == ["sanity", "unit", "integration"]
    assert arguments(["--cores", "2.17 2.18", "--checks", "unit sanity"]).checks == ["sanity", "unit"]
    assert arguments(["--only", "-k grant"]).checks == ["unit"]
    with pytest.raises(SystemExit):
        arguments(["--checks", "units"])
    assert "there is no check units" in capsys.readouterr().err


def test_the_requirements_are_those_of_the_tests_with_another_core(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("# all\n-r core.txt\nmolecule==1 ; python_version < '4'\npytest==9\n")
    (tmp_path / "core.txt").write_text("ansible-core==2.19.1 ; python_version < '3.12'\nrequests==2\n")
    assert requirements(tmp_path / "all.txt", "2.18.3") == ["ansible-core==2.18.3", "requests==2", "pytest==9"]


def test_only_one_core_is_asked_for_by_the_real_requirements() -> None:
    found = requirements(ROOT / "requirements/test.txt", "2.18.19")
    assert [line for line in found if line.startswith("ansible-core")] == ["ansible-core==2.18.19"]
    assert any(line.startswith("pytest==") for line in found)


def test_newer_interpreters_of_pyenv_come_first_and_path_before_them(tmp_path: Path) -> None:
    for patch in ("9", "13", "2"):
        program(tmp_path / f"versions/3.99.{patch}/bin/python3.99", SHIM)
    found = [path.relative_to(tmp_path).as_posix() for path in candidates("3.99", str(tmp_path / "bin"), tmp_path)]
    assert found == ["bin/python3.99", *(f"versions/3.99.{patch}/bin/python3.99" for patch in ("13", "9", "2"))]


def test_a_shim_without_a_python_behind_it_is_no_interpreter(tmp_path: Path) -> None:
    program(tmp_path / "bin/python3.99", SHIM)
    assert interpreter("3.99", str(tmp_path / "bin"), tmp_path) is None
    real = program(tmp_path / "versions/3.99.1/bin/python3.99", PYTHON.format(tmp_path / "versions/3.99.1"))
    assert interpreter("3.99", str(tmp_path / "bin"), tmp_path) == real


def test_the_interpreter_behind_an_environment_is_taken_and_another_version_left(tmp_path: Path) -> None:
    real = program(tmp_path / "real/bin/python3.99", PYTHON.format(tmp_path / "real"))
    program(tmp_path / "venv/bin/python3.99", PYTHON.format(tmp_path / "real"))
    program(tmp_path / "venv/bin/python3.98", PYTHON.format(tmp_path / "real"))
    assert interpreter("3.99", str(tmp_path / "venv/bin"), tmp_path) == real
    assert interpreter("3.98", str(tmp_path / "venv/bin"), tmp_path) is None


@pytest.mark.parametrize(
    ("check", "printed", "counts"),
    [
        ("sanity", 'Running sanity test "compile"\nnoise\nRunning sanity test "import" on Python 3.11\n', (2, 0)),
        ("unit", ".....\n2917 passed in 241.17s (0:04:01)\n", (2917, 0)),
        ("unit", "FAILED a - 3 passed\n2 failed, 10 passed, 1 error in 3.20s\n", (10, 3)),
        ("integration", "killed\n", (0, 0)),
    ],
)
def test_tests_are_counted_by_what_was_printed(check: str, printed: str, counts: tuple[int, int]) -> None:
    assert counted(check, printed) == counts


def test_a_result_is_summarized_in_few_words() -> None:
    assert cell(GREEN) == "24 passed, 61 s"
    assert cell(dataclasses.replace(GREEN, ok=False, failed=3)) == "FAILED: 3 failed, 24 passed, 61 s"
    assert cell(dataclasses.replace(GREEN, ok=False)) == "FAILED after 61 s"
    assert cell(None) == "not run"


def test_the_table_says_what_was_skipped_not_run_or_run_at_another_commit() -> None:
    old = dataclasses.replace(GREEN, commit="old")
    kept = {Column("2.17.14", "3.10"): {"sanity": GREEN, "unit": old}, Column("2.18.19", "3.11"): {"sanity": old}}
    skipped = {Column("2.22.0rc1", "3.14"): "no python3.14 on this machine"}
    lines = [[word.strip() for word in line.split("|")[1:-1]] for line in table(kept, skipped, "abc").splitlines()]
    ran = "24 passed, 61 s"
    assert lines[0] == ["ansible-core", "Python", "sanity", "unit", "integration", "commit"]
    assert lines[3] == ["2.17.14", "3.10", ran, ran, "not run", "abc, old (another commit)"]
    assert lines[4] == ["2.18.19", "3.11", ran, "not run", "not run", "old (another commit)"]
    assert lines[-1] == ["2.22.0rc1", "3.14", "skipped", "skipped", "skipped", "no python3.14 on this machine"]
    assert {len(line) for line in lines} == {6}


def test_the_workflow_runs_every_column() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text(encoding="utf-8"))
    listed = [(one["core"], one["python"]) for one in workflow["jobs"]["matrix"]["strategy"]["matrix"]["include"]]
    assert listed == [(minor(column.core), column.python) for column in columns([], [])]
