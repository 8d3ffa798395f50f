# SPDX-License-Identifier: GPL-3.0-or-later
"""For random current and desired states on the simulator: what is planned, applied and left unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK, Stage, differing, requests_for, simulated, touched
from .strategies import Situation

EXAMPLES = settings(max_examples=settings().max_examples // 4, phases=UNSHRUNK)


@pytest.fixture(scope="module")
def stage(running: Simulator) -> Stage:
    """The simulator of the session; every example begins with a reset."""
    return Stage(running)


def planned(stage: Stage, situation: Situation) -> dict[str, Any]:
    """Return the result of check mode; examples that are rejected are discarded, and must not have written."""
    stage.set(situation.marketplace)
    try:
        return stage.run(situation, check=True)
    except InvalidInput:
        assert stage.sim.counts().writes == 0
        assume(False)
        raise


@EXAMPLES
@given(situation=simulated())
def test_what_check_mode_plans_is_what_is_then_applied(stage: Stage, situation: Situation) -> None:
    predicted = planned(stage, situation)
    assert stage.sim.counts().writes == 0
    applied = stage.run(situation)
    assert [applied[key] for key in ("changed", "plan", "diff")] == [
        predicted[key] for key in ("changed", "plan", "diff")
    ]
    assert stage.sim.counts().writes == sum(requests_for(change) for change in predicted["plan"])


@EXAMPLES
@given(situation=simulated())
def test_a_second_run_plans_nothing_and_writes_nothing(stage: Stage, situation: Situation) -> None:
    planned(stage, situation)
    stage.run(situation)
    stage.sim.zero()
    again = stage.run(situation)
    assert (again["changed"], again["plan"], stage.sim.counts().writes) == (False, [], 0)


@EXAMPLES
@given(situation=simulated())
def test_nothing_changes_on_the_server_but_what_the_plan_says(stage: Stage, situation: Situation) -> None:
    plan = planned(stage, situation)["plan"]
    before = stage.look()
    stage.run(situation)
    changed = differing(before, after := stage.look())
    rows = {*before, *after}
    assert changed <= {key for change in plan for key in touched(change, rows)}
    for change in plan:
        assert changed & touched(change, rows), change
    assert all(len(found) == 1 for key, found in after.items() if key[0] != "code"), "something is there twice"
