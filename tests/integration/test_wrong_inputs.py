# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong inputs: one clear sentence each, word for word, before the first write, in-process and as modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import is_message, render

from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD

from .live_waldur import ROLES
from .name_mapping import NameMapping
from .playbook import EXECUTIONS, Outcome, runner
from .waldur import Waldur

Case = dict[str, Any]
CASES: list[Case] = yaml.safe_load((Path(__file__).parent / "wrong_inputs.yml").read_text())
BATCH_SIZE = 25


def task(case: Case) -> dict[str, Any]:
    return {
        "name": case["name"],
        f"waldur.provider.{case['module']}": case["options"],
        "vars": case.get("vars", {}),
        "ignore_errors": True,
    }


def get_name_mapping(waldur: Waldur, case: Case) -> NameMapping:
    """Return the names for *case*: most inputs are rejected before a request that requires roles."""
    return waldur.name_mapping if case.get("needs") == "provider_roles" else waldur.name_mapping.ignoring(ROLES)


def played(waldur: Waldur, cases: list[Case], execution: str) -> tuple[Outcome, dict[str, str]]:
    """Run all *cases* in one playbook, and return the outcome and the expected messages."""
    run = runner(waldur, execution=execution)
    run.name_mapping = waldur.name_mapping.ignoring(ROLES)  # cases that require roles are skipped
    (run.folder / "text.png").write_text("no image")
    with (run.folder / "big.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(10_000_000))
    profiles = str(run.folder / "profiles.yml")
    outcome = run.play([task(case) for case in cases], environment={"WALDUR_PROFILES_FILE": profiles})
    places = {"URL-OF-THE-SIMULATOR": waldur.url, "PROFILES-FILE": profiles, "FOLDER": str(run.folder)}
    expected = {}
    for case in cases:
        expected[case["name"]] = expected_message(case["msg"])
        for name, value in places.items():
            expected[case["name"]] = expected[case["name"]].replace(name, value)
    return outcome, expected


def expected_message(node: Any) -> str:
    """Return the message for *node*, a key or a mapping; an old Ansible does not know how a value was spelled."""
    if IS_OLD and is_message(node) and is_message(node.get("problem")):
        node = {**node, "problem": {**node["problem"], "key": "kind_of_value"}}
    return render(node)


# One playbook with all of them would take longer than a playbook may on a machine that has other things to do.
@pytest.mark.parametrize("first", range(0, len(CASES), BATCH_SIZE))
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_each_wrong_input_is_refused_in_one_sentence_before_the_first_write(
    waldur: Waldur, execution: str, first: int
) -> None:
    batch = CASES[first : first + BATCH_SIZE]
    reasons = {
        case["name"]: get_name_mapping(waldur, case).missing_reason([task(case), expected_message(case["msg"])])
        for case in batch
    }
    cases = [case for case in batch if not reasons[case["name"]]]
    for name, reason in reasons.items():
        if reason:
            waldur.record_skipped(f"{name}: {reason}")
    if not cases:
        pytest.skip("this Waldur has no objects for these cases")
    waldur.save_state()
    outcome, expected = played(waldur, cases, execution)
    assert outcome.code == 0, outcome.output
    messages = {line["task"]: line["result"].get("msg") for line in outcome.lines}
    assert messages == expected
    assert {line["status"] for line in outcome.lines} == {"failed"}
    assert "Traceback" not in outcome.output
    assert not waldur.has_changed(), waldur.describe_state()
