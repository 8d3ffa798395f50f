# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case of ``cases/``: in check mode, where any write fails it; applied; again, where any change fails it; both
inside Ansible's own process and as a module.

One playbook runs several cases, as starting Ansible costs more than a case does. It stops after each task: then Waldur
is searched for writes, and is reset before the next case.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from simulator_process import Simulator

from .playbook import EXECUTIONS, Outcome, Runner, runner
from .task_pauses import pause_after_tasks
from .waldur import SimulatedWaldur, Waldur

Case = dict[str, Any]
STEPS = ("check mode", "apply", "repeat")
# So many are in one playbook: with all of them one process would wait for the last.
BATCH = 9


@dataclass
class Record:
    """What a case left: the secret codes before and after, and by step the outcome and whether it wrote to Waldur."""

    codes: set[str] = field(default_factory=set)
    written: dict[str, bool] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)


Records = dict[tuple[str, str], Record]


@functools.cache
def cases() -> list[Case]:
    """Return all cases; reading them takes longer than a case does, so that is done once."""
    return [
        case
        for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
        for case in yaml.safe_load(path.read_text())
    ]


def batch_of(case: Case) -> tuple[int, str, str]:
    """Return which cases run in one playbook: those that follow one another, with the token of the same user, on the
    same edition."""
    number = [one["name"] for one in cases()].index(case["name"]) // BATCH
    return number, case.get("as", "staff"), case.get("edition", "")


def prepared(waldur: Waldur, alias: str, execution: str) -> Runner:
    run = runner(waldur, alias, execution)
    (run.folder / "files").mkdir()
    for folder in (run.folder, run.folder / "files"):
        Image.new("RGB", (4, 4), "red").save(folder / "logo.png")
    return run


def tasks_of(case: Case) -> list[dict[str, Any]]:
    """Return the tasks of a case: what is arranged, and its task in each step."""
    arranged = case.get("arrange_tasks", [])
    assert not arranged or "as" not in case, f"{case['name']}: the user of `as` would run arrange_tasks, too"
    task = {f"waldur.provider.{case['module']}": case["options"], "ignore_errors": True}
    return [
        *({**one, "name": f"{case['name']}: arrange {number}"} for number, one in enumerate(arranged, 1)),
        {"name": f"{case['name']}: check mode", **task, "check_mode": True},
        {"name": f"{case['name']}: apply", **task},
        {"name": f"{case['name']}: repeat", **task},
    ]


class Batch:
    """Cases in one playbook; ``record`` is called while it stops after a task."""

    def __init__(self, waldur: Waldur, batch: list[Case]) -> None:
        self.waldur = waldur
        self.records = {case["name"]: Record() for case in batch}
        self._arrangements = {case["name"]: case.get("arrange", []) for case in batch}
        self.tasks = {task["name"]: task for case in batch for task in tasks_of(case)}
        self._names = list(self.tasks)

    def begin(self, name: str) -> None:
        """Prepare for the task of that name: reset Waldur before a case, and watch it from check mode on."""
        case, _colon, step = name.rpartition(": ")
        if step in ("arrange 1", "check mode") and not self._is_arranged(name):
            self.waldur.reset()
            if steps := self._arrangements[case]:
                assert isinstance(self.waldur, SimulatedWaldur)
                self.waldur.arrange(steps)
        if step == "check mode":
            self.records[case].codes |= self.waldur.codes()
        if step in ("check mode", "repeat"):
            self.waldur.save_state()

    def record(self, name: str) -> None:
        """Record whether the task of that name wrote to Waldur, and prepare for the next."""
        case, _colon, step = name.rpartition(": ")
        record = self.records[case]
        if step in STEPS:
            record.written[step], record.states[step] = self.waldur.has_changed(), self.waldur.describe_state()
        if step == STEPS[-1]:
            record.codes |= self.waldur.codes()
        following = self._names[self._names.index(name) + 1 :]
        if following:
            self.begin(following[0])

    def play(self, run: Runner) -> None:
        """Run all of them, and keep the outcome of each step."""
        self.begin(self._names[0])
        with pause_after_tasks(self.record) as environment:
            outcome = run.play(list(self.tasks.values()), environment=environment)
        # What is printed of each task begins with this line.
        _before, *printed = re.split(r"^TASK \[(.*?)\] \**$", outcome.output, flags=re.MULTILINE)
        output = dict(zip(printed[::2], printed[1::2], strict=True))
        for line in outcome.lines:
            name, _colon, step = line["task"].rpartition(": ")
            code = 0 if line["status"] == "ok" else 2
            self.records[name].outcomes[step] = Outcome(code, output[line["task"]], [line])

    def _is_arranged(self, name: str) -> bool:
        return name.endswith(": check mode") and name.replace(": check mode", ": arrange 1") in self.tasks


@pytest.fixture(scope="module")
def records() -> Records:
    """Provide the records of cases that ran already, by case and execution mode."""
    return {}


@pytest.fixture(scope="module")
def editions() -> Iterator[dict[str, Waldur]]:
    """The simulators of other editions than that of the other tests, once a case asked for them."""
    started: dict[str, Waldur] = {}
    yield started
    for waldur in started.values():
        assert isinstance(waldur, SimulatedWaldur)
        waldur.simulator.stop()


@pytest.fixture
def record(
    waldur: Waldur,
    editions: dict[str, Waldur],
    records: Records,
    case: Case,
    execution: str,
    request: pytest.FixtureRequest,
) -> Record:
    """The record of a case. The first one of a batch runs all of the batch that are selected."""
    if reason := waldur.name_mapping.missing_reason(case):
        pytest.skip(reason)
    if edition := case.get("edition"):
        if edition not in editions:
            editions[edition] = SimulatedWaldur(Simulator.start(edition=edition))
        waldur = editions[edition]
    if (case["name"], execution) not in records:
        found: list[Any] = [
            item.callspec.params["case"]
            for item in request.session.items
            if isinstance(item, pytest.Function) and item.originalname == "test_case"
            if item.callspec.params["execution"] == execution
        ]
        batch = [
            one for one in found if batch_of(one) == batch_of(case) and not waldur.name_mapping.missing_reason(one)
        ]
        played = Batch(waldur, batch)
        played.play(prepared(waldur, case.get("as", "staff"), execution))
        records.update({(name, execution): one for name, one in played.records.items()})
    return records[case["name"], execution]


def expect(case: Case, record: Record, step: str, changed: bool, wanted: dict[str, Any]) -> None:
    where = f"{case['name']}: {step}"
    assert step in record.outcomes, f"{where}: never run"
    outcome = record.outcomes[step]
    assert outcome.code == 0, f"{where}: {outcome.output}"
    result = outcome.result
    assert result["changed"] is changed, f"{where}: {outcome.output}"
    for key, value in wanted.items():
        assert_holds(result.get(key), value, f"{where}: {key}")
    warnings = case.get("warnings", [])
    if step == STEPS[-1]:
        warnings = case.get("warnings_again", warnings)
    for text in warnings:
        assert any(text in warning for warning in result.get("warnings", [])), f"{where}: {result}"
    assert bool(result.get("warnings")) == bool(warnings), f"{where}: {result.get('warnings')}"


def assert_holds(found: Any, wanted: Any, where: str) -> None:
    """What is wanted is found; mappings may hold more than is wanted."""
    if isinstance(wanted, dict) and wanted:
        assert isinstance(found, dict), f"{where}: {found}"
        for key, value in wanted.items():
            assert_holds(found.get(key), value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), f"{where}: {found}"
        assert len(found) == len(wanted), f"{where}: {found}"
        for index, (one, value) in enumerate(zip(found, wanted, strict=True)):
            assert_holds(one, value, f"{where}[{index}]")
    else:
        assert found == wanted, f"{where}: {found}"


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"].replace(" ", "_"))
def test_case(record: Record, case: Case, execution: str) -> None:
    changed = case.get("changed", True)
    wanted = case.get("expect", {})
    every_run = case.get("every_run", False)

    expect(case, record, "check mode", changed, wanted)
    planned = record.outcomes["check mode"]
    for line in case.get("diff", []):
        assert f"\n{line}" in planned.output, f"{case['name']}: check mode"

    expect(case, record, "apply", changed, wanted)
    applied = record.outcomes["apply"].result
    assert applied.get("diff") == planned.result.get("diff"), f"{case['name']}: apply"

    volatile = case.get("volatile", [])
    settled = case.get("again") or ({} if volatile or "plan" in applied else wanted)
    expect(case, record, "repeat", every_run, settled)

    writes = {"check mode": False, "apply": changed, "repeat": every_run}
    assert record.written == writes, f"{case['name']}: {record.states}"
    for secret in record.codes:
        for step, outcome in record.outcomes.items():
            assert secret not in outcome.output, f"{case['name']}: {step}: a secret code was printed"
            assert secret not in json.dumps(outcome.results), f"{case['name']}: {step}: a secret code is in the result"
