# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong inputs: one clear sentence each, word for word, before the first write, the same both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import is_message, render

from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD

from .cast import Cast
from .live import ROLES
from .playbook import WAYS, Outcome, runner
from .waldur import Waldur

Case = dict[str, Any]
CASES: list[Case] = yaml.safe_load((Path(__file__).parent / "wrong_inputs.yml").read_text())
PART = 25


def task(case: Case) -> dict[str, Any]:
    return {
        "name": case["name"],
        f"waldur.provider.{case['module']}": case["options"],
        "vars": case.get("vars", {}),
        "ignore_errors": True,
    }


def cast_of(waldur: Waldur, case: Case) -> Cast:
    """Return who plays which part in *case*: most inputs are rejected before Waldur is asked about roles."""
    return waldur.cast if case.get("needs") == "provider_roles" else waldur.cast.without(ROLES)


def played(waldur: Waldur, cases: list[Case], way: str) -> tuple[Outcome, dict[str, str]]:
    """All *cases* in one playbook, and the message that each should get."""
    run = runner(waldur, way=way)
    run.cast = waldur.cast.without(ROLES)  # what needs them was left out
    (run.folder / "text.png").write_text("no image")
    with (run.folder / "big.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(10_000_000))
    profiles = str(run.folder / "profiles.yml")
    outcome = run.play([task(case) for case in cases], environment={"WALDUR_PROFILES_FILE": profiles})
    places = {"URL-OF-THE-SIMULATOR": waldur.url, "PROFILES-FILE": profiles, "FOLDER": str(run.folder)}
    wanted = {}
    for case in cases:
        wanted[case["name"]] = expected_message(case["msg"])
        for name, value in places.items():
            wanted[case["name"]] = wanted[case["name"]].replace(name, value)
    return outcome, wanted


def expected_message(node: Any) -> str:
    """Return the message for *node*, a key or a mapping; an old Ansible does not know how a value was spelled."""
    if IS_OLD and is_message(node) and is_message(node.get("problem")):
        node = {**node, "problem": {**node["problem"], "key": "kind_of_value"}}
    return render(node)


# One playbook with all of them would take longer than a playbook may on a machine that has other things to do.
@pytest.mark.parametrize("first", range(0, len(CASES), PART))
@pytest.mark.parametrize("way", WAYS)
def test_each_wrong_input_is_refused_in_one_sentence_before_the_first_write(
    waldur: Waldur, way: str, first: int
) -> None:
    part = CASES[first : first + PART]
    left_out = {case["name"]: cast_of(waldur, case).lacks([task(case), expected_message(case["msg"])]) for case in part}
    cases = [case for case in part if not left_out[case["name"]]]
    for name, why in left_out.items():
        if why:
            waldur.leave_out(f"{name}: {why}")
    if not cases:
        pytest.skip("this Waldur has nothing of what these are about")
    waldur.watch()
    outcome, wanted = played(waldur, cases, way)
    assert outcome.code == 0, outcome.output
    told = {line["task"]: line["result"].get("msg") for line in outcome.lines}
    assert told == wanted
    assert {line["status"] for line in outcome.lines} == {"failed"}
    assert "Traceback" not in outcome.output
    assert not waldur.written(), waldur.wrote()
