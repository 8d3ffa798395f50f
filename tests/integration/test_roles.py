# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles and playbooks hand on, and how they refuse what is misspelt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulation import Simulator

from .playbook import runner

STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}


def role(name: str, **variables: Any) -> dict[str, Any]:
    return {
        "name": f"Include {name}",
        "ansible.builtin.include_role": {"name": f"waldur.provider.{name}"},
        "vars": variables,
    }


@pytest.mark.parametrize("name", ["desired_state", "drift"])
def test_a_misspelt_key_is_refused_by_ansible_before_anything_is_asked(sim: Simulator, name: str) -> None:
    documents = [
        {"customer": "ALPHA", "descripton": "x"},
        {"customer": "ALPHA", "users": [{"user": "member1", "rolle": "x"}]},
        {"customer": "ALPHA", "api_secret_code": {"status": "present"}},
    ]
    tasks = [
        {"name": "Try", "block": [role(name, **{f"{name}_service_providers": [one]})], "rescue": [_told()]}
        for one in documents
    ]
    outcome = runner(sim).play(tasks)
    assert outcome.code == 0, outcome.output
    told = [line["result"]["msg"] for line in outcome.lines if line["task"].endswith("Told")]
    assert len(told) == 3
    for text, key in zip(told, ("descripton", "rolle", "status"), strict=True):
        assert key in text
        assert "Supported parameters include" in text
    assert sim.counts().requests == 0


def _told() -> dict[str, Any]:
    return {"name": "Told", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.argument_errors | join(' ') }}"}}


def test_plan_and_drift_are_handed_on_also_in_check_mode_and_drift_can_be_a_warning(sim: Simulator) -> None:
    run = runner(sim)
    run.write("providers.yml", "service_providers: [{customer: ALPHA, description: '{{ 7 * 6 }}'}]")
    options = ["-e", "providers_path=providers.yml", "-e", "output_directory=out", "-vvvv", "--diff", "--check"]
    planned = run.command(["playbook", "waldur.provider.plan", *options], STATS)
    assert planned.code == 0, planned.output
    written = json.loads((run.folder / "out" / "plan.json").read_text())
    assert written["format"] == "waldur.provider.plan/1"
    assert written["plan"][0]["after"] == {"description": "{{ 7 * 6 }}"}
    handed_on = planned.output.partition("CUSTOM STATS")[2]
    assert '"waldur_plan":' in handed_on
    assert '"waldur_plan_markdown":' in handed_on
    warned = run.command(["playbook", "waldur.provider.drift", *options, "-e", "when_drift=warn"], STATS)
    assert warned.code == 0, warned.output
    assert "WARNING: Waldur is not what the document says: Alpha Cloud Ltd: update description." in warned.output
    assert '"waldur_drift":' in warned.output.partition("CUSTOM STATS")[2]
    drift = json.loads((run.folder / "out" / "drift.json").read_text())
    assert (drift["status"], drift["differences"]) == ("drift", ["Alpha Cloud Ltd: update description"])
    assert drift["plan"] == written["plan"]
    assert sim.counts().writes == 0


def test_drift_is_no_error_where_its_repair_would_revoke_more_than_a_run_may(sim: Simulator) -> None:
    for name in ("member1", "member2", "member3", "member4", "pa1", "pm1"):
        sim.create("Grant", user=name, role="CUSTOMER.MANAGER", service_provider="Alpha Cloud Ltd")
    run = runner(sim)
    kept = "service_providers: [{customer: ALPHA, users: [{user: manager_alpha}], exclusive_users: true}]"
    run.write("providers.yml", kept)
    options = ["-e", "providers_path=providers.yml"]
    refused = run.command(["playbook", "waldur.provider.apply", *options])
    assert refused.code == 2
    assert "max_removals: the plan would revoke 6 grants that no entry names, and 5 are allowed" in refused.output
    found = run.command(["playbook", "waldur.provider.drift", *options])
    assert found.code == 2
    assert json.loads((run.folder / "drift.json").read_text())["status"] == "drift"
    assert sim.counts().writes == 0


def test_the_facts_of_a_provider_become_a_file(sim: Simulator) -> None:
    run = runner(sim)
    options = ["-e", "service_provider=ALPHA", "-e", "output_directory=out", "-e", '{"gather_subset": ["roles"]}']
    outcome = run.command(["playbook", "waldur.provider.facts", *options, "-vvvv", "--diff"])
    assert outcome.code == 0, outcome.output
    facts = json.loads((run.folder / "out" / "localhost.json").read_text())
    assert facts["profile"]["customer_name"] == "Alpha Cloud Ltd"
    assert [grant["user_username"] for grant in facts["roles"]] == ["manager_alpha"]
    shown = run.command(["playbook", "waldur.provider.facts", *options[:2], "--check"])
    assert shown.code == 0, shown.output
    assert '"statistics": {' in shown.output
