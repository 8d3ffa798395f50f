# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents are validated without Waldur: by the module, on any connection, and by the playbook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from junitparser import JUnitXml

from simulator_process import Simulator

from .playbook import EXECUTIONS, Runner, runner

BAD = "service_providers:\n  - customer: Alpha\n    descripton: x\n  - customer: 007\n"


@pytest.fixture
def run(sim: Simulator, request: pytest.FixtureRequest) -> Runner:
    """A runner with documents, and without URL and token."""
    made = runner(sim, execution=getattr(request, "param", "in_process"))
    (made.folder / "providers").mkdir()
    (made.folder / "providers" / "alpha.yml").write_text("service_providers: [{customer: Alpha}]\n")
    return made


def task(**options: str) -> dict[str, Any]:
    module = {"providers_path": "providers", **options}
    return {"name": "Validate", "waldur.provider.desired_state_validate": module, "ignore_errors": True}


@pytest.mark.parametrize("run", EXECUTIONS, indirect=True)
def test_the_module_reports_all_errors_of_all_files(run: Runner) -> None:
    assert run.play([task()]).of("Validate")["findings"] == []
    (run.folder / "providers" / "bad.yml").write_text(BAD)
    found = run.play([task()]).of("Validate")
    assert found["msg"].startswith("2 errors: (1) ")
    assert [(one["line"], one["column"], one["rule"], one["closest"]) for one in found["findings"]] == [
        (3, 5, "unknown-key", "description"),
        (4, 15, "unquoted-value", None),
    ]


def test_reports_are_written_beside_the_playbook_once_and_not_in_check_mode(run: Runner) -> None:
    reporting = task(junit_file="out/junit.xml", code_quality_file="out/quality.json")
    (run.folder / "providers" / "bad.yml").write_text(BAD)
    assert run.play([{**reporting, "check_mode": True}]).of("Validate")["changed"]
    assert not (run.folder / "out").exists()
    assert run.play([reporting]).of("Validate")["changed"]
    assert not run.play([reporting]).of("Validate")["changed"]
    assert JUnitXml.fromfile(str(run.folder / "out" / "junit.xml")).failures == 1
    assert len(json.loads((run.folder / "out" / "quality.json").read_text())) == 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"async": 10, "poll": 1}, "async"),
        ({"waldur.provider.desired_state_validate": {"providers_path": "nowhere"}}, "there is no file or folder"),
        (
            {"waldur.provider.desired_state_validate": {"providers_path": "providers", "api_url": "https://x"}},
            "Unsupported parameters for (waldur.provider.desired_state_validate) module: api_url.",
        ),
    ],
)
def test_what_the_module_does_not_support_is_an_error(run: Runner, changed: dict[str, Any], message: str) -> None:
    found = run.play([{**task(), **changed}]).of("Validate")
    assert message in found["msg"]
