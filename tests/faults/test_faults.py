# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at every kind of write: the messages, requests and state, and a second run that completes the change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import message, render
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import fingerprint
from simulator_process import Simulator

from .module_outcomes import LONG, SHORT, Result, mask_random_values, try_module
from .write_cases import WRITES, Write

HERE = Path(__file__).parent
RULES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "rules.yml").read_text())
EXPECTED: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((HERE / "expected.yml").read_text())
CASES = [pytest.param(fault, name, id=f"{name}: {fault}") for fault in RULES for name in WRITES]


# The state after a run without faults, by write.
EXPECTED_STATES: dict[str, Any] = {}


def read_expected_state(sim: Simulator, api: Api, name: str) -> Any:
    """Return the state of the server after a run without faults."""
    if name not in EXPECTED_STATES:
        start(sim, api, WRITES[name])
        result = try_module(sim, WRITES[name].module, WRITES[name].options)
        assert not result.failed, result.msg
        EXPECTED_STATES[name] = WRITES[name].read_state(api)
    return EXPECTED_STATES[name]


def start(sim: Simulator, api: Api, write: Write) -> Any:
    """Return to the initial state, and read it; new codes are the same after each reset."""
    sim.reset(frozen=True)
    write.set_up(sim)
    return write.read_state(api)


def describe_state(state: Any, before: Any, applied: Any) -> str:
    """Return whether the state is unchanged, applied or partly applied."""
    return "unchanged" if state == before else "applied" if state == applied else "partly applied"


def carried_out(sim: Simulator, write: Write) -> int:
    """Return how often the API carried out the write that meets the faults."""
    rows = [row for row in sim.requests() if row["method"] == write.method and row["user"]]
    tail = write.path.strip("*")
    return sum(row["path"].endswith(tail) and row["status"] < 300 for row in rows)


def expected_message(fault: str, name: str) -> str:
    """Return the message of a run whose write *name* meets *fault*; "changed" if the write succeeds in the end."""
    write, case = WRITES[name], EXPECTED[fault]["writes"][name]
    result = case.get("result", "failed" if {"state", "cause"} & set(case) else "changed")
    if result == "changed":
        return "changed"
    if result == "not applied":
        return message("change_not_applied", change=write.change)
    cause = render(case.get("cause", EXPECTED[fault].get("cause")), request=write.title, path=write.shown_path)
    if "state" in case:
        cause = message("outcome_rechecked", cause=cause, state=render(case["state"]))
    text = message("change_failed", change=write.change, cause=cause)
    changes = len(write.changes)
    if changes == 1:
        return text
    applied = write.failing
    return message("partly_applied", message=text, applied=applied, changes=changes, rest=changes - applied - 1)


def check_message(result: Result, write: Write, fault: str, name: str, sim: Simulator) -> None:
    """Check the message, and the lists of the changes that were and were not applied."""
    expected = EXPECTED[fault]["writes"][name]
    assert mask_random_values(result.msg, sim) == expected_message(fault, name)
    if result.failed and expected.get("result") != "not applied":
        done = expected.get("applied", 0)
        assert result.names("applied") == list(write.changes[:done])
        assert result.names("uncertain") == (list(write.changes[done : done + 1]) if expected.get("uncertain") else [])
        assert result.names("uncertain") + result.names("not_applied") == list(write.changes[done:])
        assert result.result["changed"] is (done > 0)


@pytest.mark.parametrize(("fault", "name"), CASES)
def test_a_write_that_meets(sim: Simulator, api: Api, fault: str, name: str) -> None:
    write, rule, expected = WRITES[name], RULES[fault], EXPECTED[fault]["writes"][name]
    expected_state = read_expected_state(sim, api, name)
    before = start(sim, api, write)
    known = {"fingerprint": fingerprint(before)} if name == "rotation" else {}
    sim.fault(method=write.method, path=write.path, **rule)
    sim.zero()
    result = try_module(sim, write.module, write.options, timeout=SHORT if "delay" in rule else LONG)
    sent = len([row for row in sim.requests() if row["method"] != "GET"])
    if not rule.get("after"):
        # The server still processes the request after the timeout.
        time.sleep(rule.get("delay", 0) / 2)
    check_message(result, write, fault, name, sim)
    assert describe_state(write.read_state(api), before, expected_state) == expected.get("server_state", "applied")
    assert sent == expected.get("sent", 1)

    sim.clear_faults()
    again = try_module(sim, write.module, {**write.options, **known})
    assert not again.failed, again.msg
    assert write.read_state(api) == expected_state
    if write.once:
        assert carried_out(sim, write) == 1
