# SPDX-License-Identifier: GPL-3.0-or-later
"""Every interruption: the connection breaks at the k-th write, for every k, before and after the write took effect."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import assume, given, settings
from messages import ends, mentions

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK, WRITTEN, Snapshot, Stage, requests_for, simulated
from .strategies import Situation

# Each of them is a dozen runs.
EXAMPLES = settings(max_examples=settings().max_examples // 20, phases=UNSHRUNK)
SECRET = "POST /api/marketplace-service-providers/{uuid}/api_secret_code/"


@pytest.fixture(scope="module")
def stage(running: Simulator) -> Stage:
    """The simulator of the session; every example begins with a reset."""
    return Stage(running)


def undisturbed(stage: Stage, situation: Situation) -> tuple[Snapshot, list[dict[str, Any]], Snapshot]:
    """The marketplace at the start, the plan, and the marketplace after it when nothing goes wrong."""
    stage.set(situation.marketplace)
    start = stage.look(WRITTEN)
    try:
        plan = stage.run(situation)["plan"]
    except InvalidInput:
        plan = []
    assume(plan)
    return start, plan, stage.look(WRITTEN)


def essence(found: Snapshot, start: Snapshot) -> Snapshot:
    """Of codes, which are never the same twice, only whether there is one and whether it is another one."""
    codes = {key: (bool(code), code == start.get(key)) for key, code in found.items() if key[0] == "code"}
    return {**found, **codes}


@pytest.mark.parametrize("drop", ["before", "after"])
@EXAMPLES
@given(situation=simulated())
def test_after_any_interruption_a_second_run_ends_in_the_desired_state(
    stage: Stage, drop: str, situation: Situation
) -> None:
    start, plan, desired = undisturbed(stage, situation)
    ends = list(accumulate(requests_for(change) for change in plan))
    for write in range(ends[-1]):
        stage.set(situation.marketplace)
        stage.sim.fault(method="write", skip=write, drop=drop)
        number = next(number for number, end in enumerate(ends) if write < end)
        with pytest.raises(WaldurError) as stopped:
            stage.run(situation)
        complete = drop == "after" and ends[number] == write + 1
        begun = ends[number] - requests_for(plan[number]) < write or (drop == "after" and not complete)
        assert_told(stopped.value, plan, number, complete=complete, begun=begun)
        if stage.look(WRITTEN) != start:
            assert stopped.value.details["changed"]
        assert [rule["fired"] for rule in stage.sim.faults()] == [1]
        assert stage.sim.counts().writes == write + 1, "something was tried again, or went on"
        stage.sim.clear_faults()
        stage.run(situation, same_process=write % 2 == 1)
        assert essence(stage.look(WRITTEN), start) == essence(desired, start)
        assert_rotated_once(stage, plan, repeated=drop == "before")


def assert_told(error: WaldurError, plan: list[dict[str, Any]], number: int, *, complete: bool, begun: bool) -> None:
    """The error says what was applied and what was not; what took effect was found by looking again.

    A change of several requests of which some took effect (``begun``) is neither.
    """
    told, done = error.details, number + complete
    partial = plan[number : number + 1] if begun and not complete else []
    assert (told["applied"], told["uncertain"]) == (plan[:done], partial)
    assert told["not_applied"] == plan[done + len(partial) :]
    assert told["failed_change"] == plan[number]
    assert error.message.startswith(f"{plan[number]['action']} {plan[number]['name']}")
    assert mentions(error.message, "outcome_rechecked")
    if len(plan) > 1:
        rest = len(plan) - number - 1
        assert ends(error.message, "partly_applied", applied=number, changes=len(plan), rest=rest)


def assert_rotated_once(stage: Stage, plan: list[dict[str, Any]], *, repeated: bool) -> None:
    """A rotation that took effect is not asked for again; one that did not may be."""
    asked = stage.sim.counts().operations.get(SECRET, 0)
    planned = Counter(change["action"] for change in plan)["rotate"]
    assert planned <= asked <= planned + (1 if repeated else 0)
