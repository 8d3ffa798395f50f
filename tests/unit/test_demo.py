# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's own parts: what it reads from Ansible's output, and what it hands to Ansible."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import sys
from types import ModuleType

import pytest

RUN = pathlib.Path(__file__).resolve().parents[2] / "examples/demo/run.py"
RECAP = "localhost                  : ok=2    changed={}    unreachable=0    failed=0    skipped=0"
SUMMARY = "    desired_state.summary:\n        missing_users: []\n        total: {}\n"


def load() -> ModuleType:
    """The demo as a module; it is a program, and no package holds it."""
    spec = importlib.util.spec_from_file_location("waldur_demo", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["waldur_demo"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo = load()


@pytest.mark.parametrize(("changed", "changes"), [(0, 0), (1, 21)])
def test_the_output_of_ansible_shows_changed_tasks_and_planned_changes(changed: int, changes: int) -> None:
    outcome = demo.Outcome(SUMMARY.format(changes) + RECAP.format(changed), 0, 1.0)
    assert (outcome.changed, outcome.changes) == (changed, changes)


def test_a_run_that_ended_early_reports_no_numbers() -> None:
    outcome = demo.Outcome("ERROR! the playbook could not be found", 1, 1.0)
    assert (outcome.changed, outcome.changes) == (None, None)


def test_the_simulator_is_spoken_to_with_none_of_the_users_own_settings() -> None:
    given = {
        "HOME": "/home/somebody",
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "WALDUR_PROFILE": "production",
        "WALDUR_PROXY": "http://proxy.example.org",
    }
    settings = demo.environment(given, WALDUR_API_URL="http://127.0.0.1:1", WALDUR_ACCESS_TOKEN="a-token")
    assert settings["HOME"] == "/home/somebody"
    assert "ANSIBLE_STDOUT_CALLBACK" not in settings
    assert {name for name in settings if name.startswith("WALDUR_")} == {"WALDUR_API_URL", "WALDUR_ACCESS_TOKEN"}
    assert settings["NO_PROXY"] == "127.0.0.1"


def test_a_real_waldur_is_spoken_to_with_all_of_the_users_connection_settings() -> None:
    given = {"WALDUR_API_URL": "https://waldur.example.org", "WALDUR_CA_PATH": "/etc/ca.pem", "NO_PROXY": "localhost"}
    assert demo.environment(given).items() >= given.items()


@pytest.mark.parametrize(("given", "handed_on"), [("C", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("de_DE.UTF-8",) * 2])
def test_a_locale_in_which_ansible_would_not_start_is_replaced(given: str, handed_on: str) -> None:
    assert demo.environment({"LC_ALL": given})["LC_ALL"] == handed_on


@pytest.mark.parametrize(
    "given",
    [
        {"WALDUR_API_URL": "https://waldur.example.org"},
        {"WALDUR_ACCESS_TOKEN": "a-token"},
        {"DEMO_PROVIDERS": "team.yml"},
    ],
)
def test_half_a_connection_is_refused_and_no_simulator_stands_in_for_it(given: dict[str, str]) -> None:
    with pytest.raises(demo.DemoError, match="set both WALDUR_API_URL and WALDUR_ACCESS_TOKEN"):
        demo.main(given)


def test_a_document_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    given = {
        "WALDUR_API_URL": "https://waldur.example.org",
        "WALDUR_ACCESS_TOKEN": "a-token",
        "DEMO_PROVIDERS": str(tmp_path / "team.yml"),
    }
    with pytest.raises(demo.DemoError, match=r"team\.yml was not found"):
        demo.main(given)


KEPT = SUMMARY.format(3) + RECAP.format(1) + "\n".join(demo.MANUAL_CHANGES)


@pytest.mark.parametrize(
    ("part", "text", "writes", "sentence"),
    [
        ("plan", SUMMARY.format(3) + RECAP.format(1), 2, "Check mode must write nothing, and 2 writes"),
        ("first_plan", SUMMARY.format(0) + RECAP.format(0), 0, "the plan shows none"),
        ("first_plan", SUMMARY.format(3) + RECAP.format(1), 0, "is not that of the code in the simulator"),
        ("apply_again", SUMMARY.format(1) + RECAP.format(1), 1, "The second run reported a change"),
        ("apply_again", SUMMARY.format(0) + RECAP.format(0), 1, "changed nothing but sent 1 writes"),
        ("repair_plan", KEPT, 1, "Check mode must write nothing"),
        ("repair_plan", KEPT.replace(demo.MANUAL_CHANGES[1], ""), 0, f"does not show: {demo.MANUAL_CHANGES[1]}"),
        ("repair_plan", KEPT.replace("total: 3", "total: 4"), 0, "the repair plan contains 4 changes"),
    ],
)
def test_a_promise_that_is_not_kept_ends_the_demo_with_its_sentence(
    monkeypatch: pytest.MonkeyPatch, part: str, text: str, writes: int, sentence: str
) -> None:
    monkeypatch.setattr(demo.Demo, "run", lambda *_: (demo.Outcome(text, 0, 1.0), writes))
    with pytest.raises(demo.DemoError, match=re.escape(sentence)):
        getattr(demo.Demo(simulator=None), part)()


def test_an_applied_plan_of_another_size_than_the_shown_one_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.Demo, "run", lambda *_: (demo.Outcome(SUMMARY.format(20), 0, 1.0), 20))
    with pytest.raises(demo.DemoError, match="The plan showed 21 changes, and applying it made 20"):
        demo.Demo(simulator=None).apply(demo.Outcome(SUMMARY.format(21), 0, 1.0))


def test_a_repair_plan_with_the_three_changes_and_no_write_is_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.Demo, "run", lambda *_: (demo.Outcome(KEPT, 0, 1.0), 0))
    tried = demo.Demo(simulator=None)
    tried.repair_plan()
    assert tried.summary == ["repair plan   the 3 manual changes, nothing written"]


def test_a_playbook_that_writes_files_and_anything_to_waldur_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.Demo, "run_playbook", lambda *_, **__: (demo.Outcome("", 0, 1.0), 2))
    with pytest.raises(demo.DemoError, match=r"provider\.plan must write nothing to Waldur, and 2 writes"):
        demo.Demo(simulator=None).write_files()


def test_a_quiet_playbook_is_shown_if_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = demo.play(demo.environment({"PATH": ""}), "examples/missing.yml", is_quiet=True)
    assert outcome.status != 0
    assert "missing.yml could not be found" in capsys.readouterr().out
