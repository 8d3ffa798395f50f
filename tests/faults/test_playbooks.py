# SPDX-License-Identifier: GPL-3.0-or-later
"""The same faults through the real ansible-playbook: the message arrives whole, in-process and as a module."""

from __future__ import annotations

from typing import Any

import pytest
from integration.playbook import EXECUTIONS, runner
from unit.simulator.api import Api

from simulator_process import Simulator

from .module_outcomes import mask_random_values
from .test_faults import EXPECTED, RULES, expected_message
from .write_cases import WRITES, Write, code, whole

LISTS = ("applied", "uncertain", "not_applied")
SAMPLE = [
    ("grant", "a reset after the write"),
    ("rotation", "a reset after the write"),
    ("document", "503 in HTML for ever"),
    ("create", "504 after the write"),
    ("username", "HTML with status 200"),
]


def task(write: Write, **connection: Any) -> dict[str, Any]:
    """One task with the write's module."""
    return {"name": "Case", f"waldur.provider.{write.module}": {**write.options, "retries": 1, **connection}}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(("name", "fault"), SAMPLE, ids=[f"{name}: {fault}" for name, fault in SAMPLE])
def test_a_playbook_reports_the_same_message(sim: Simulator, api: Api, name: str, fault: str, execution: str) -> None:
    write, expected = WRITES[name], EXPECTED[fault]["writes"][name]
    run = runner(sim, execution=execution)
    run.secrets.add(code(api))
    sim.fault(method=write.method, path=write.path, **RULES[fault])
    outcome = run.play([task(write)])
    assert outcome.code == 2, outcome.output
    assert code(api) not in outcome.output
    assert "Traceback" not in outcome.output
    result = outcome.result
    assert mask_random_values(result["msg"], sim) == expected_message(fault, name)
    done = expected.get("applied", 0)
    listed = {key: [f"{change['action']} {change['name']}" for change in result[key]] for key in LISTS}
    assert listed["applied"] == list(write.changes[:done])
    assert listed["uncertain"] + listed["not_applied"] == list(write.changes[done:])
    assert result["changed"] is (done > 0)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_until_completes_what_a_fault_stopped(sim: Simulator, api: Api, execution: str) -> None:
    document = WRITES["document"]
    sim.fault(path="*/add_user/", drop="after")
    sim.fault(path="*/set_offerings_username/", status=502, html=True, times=2)
    again = {"register": "outcome", "until": "outcome is succeeded", "retries": 5, "delay": 0}
    outcome = runner(sim, execution=execution).play([{**task(document), **again}])
    assert outcome.code == 0, outcome.output
    assert outcome.result["attempts"] == 3
    assert whole(api)[1:] == [[None], [], ["m1", "m1"]]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_rescue_finds_what_was_applied(sim: Simulator, execution: str) -> None:
    document = WRITES["document"]
    sim.fault(path="*/set_offerings_username/", status=400, body={"username": ["Taken."]})
    tell = "{{ ansible_failed_result.applied | map(attribute='action') | join(', ') }}"
    block = {
        "name": "Block",
        "block": [task(document)],
        "rescue": [{"name": "Tell", "ansible.builtin.debug": {"msg": tell}}],
    }
    outcome = runner(sim, execution=execution).play([block])
    assert outcome.code == 0, outcome.output
    assert outcome.of("Tell")["msg"] == "update, grant"
