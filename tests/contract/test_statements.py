# SPDX-License-Identifier: GPL-3.0-or-later
"""Each statement of ``statements/*.yml`` holds on the simulator, in each edition that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator_process import Simulator

from .statements import EDITIONS, Answer, Runner, Statement, judge, load

STATEMENTS = load()
EMPTY_BODIES: tuple[Any, ...] = (None, [], [{}], {})


@pytest.fixture(scope="module")
def runners() -> Iterator[dict[str, Runner]]:
    """Return a runner for each edition, with a simulator of its own."""
    simulators = {edition: Simulator.start(edition=edition) for edition in EDITIONS}
    found = {edition: Runner(simulator) for edition, simulator in simulators.items()}
    yield found
    for edition, simulator in simulators.items():
        found[edition].close()
        simulator.stop()


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
def test_the_statement_holds(runners: dict[str, Runner], statement: Statement) -> None:
    problems = runners[statement.edition].problems(statement)
    assert not problems, "\n".join([f"{statement.section}: {statement.says}", *problems])


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
def test_the_statement_can_fail(statement: Statement) -> None:
    for request in statement.requests:
        assert judge(request, Answer(599, {}, None))
        if request.answer:
            assert any(judge(request, Answer(request.status, {}, body)) for body in EMPTY_BODIES)


@pytest.mark.parametrize("edition", EDITIONS)
def test_there_are_many_statements_about_each_edition(
    edition: str, record_property: Callable[[str, object], None]
) -> None:
    about = [statement for statement in STATEMENTS if statement.edition == edition]
    sentences = {statement.says for statement in about}
    sections = {statement.section for statement in about}
    counts = f"{len(sentences)} statements ({len(about)} with their callers) from {len(sections)} sections"
    record_property("measured", f"{counts} are checked on the {edition} edition")
    assert len(sentences) >= 60


def test_no_two_statements_are_the_same() -> None:
    names = [str(statement) for statement in STATEMENTS]
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}
