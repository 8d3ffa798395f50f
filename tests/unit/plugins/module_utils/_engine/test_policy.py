# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy is asked before anything is changed, and a plan that follows it is applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from messages import prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import read_policy
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator

from ...helpers.fixture_types import Connect


@pytest.mark.parametrize(
    ("name", "rejecting", "allowing"),
    [
        ("policy.yml", "forbidden_email_domains: [example.org]", "forbidden_email_domains: [example.com]"),
        (
            "policy.rego",
            'package waldur\ndeny contains c.name if { some c in input.plan; c.action == "grant" }\n',
            'package waldur\ndeny contains c.name if { some c in input.plan; c.action == "revoke" }\n',
        ),
    ],
)
def test_a_plan_is_applied_only_if_it_follows_the_policy(
    sim: Simulator, connect: Connect, tmp_path: Path, name: str, rejecting: str, allowing: str
) -> None:
    path = tmp_path / name
    document = SCHEMA.read([{"customer": "ALPHA", "users": [{"user": "member1"}]}], images.read_image)
    path.write_text(rejecting, encoding="utf-8")
    with pytest.raises(InvalidInput, match=prefix("policy_rejects", file=name, violations="1 violation")):
        plan_changes(connect(), RESOURCES, document, Limits(policy=read_policy(str(path))))
    assert sim.counts().writes == 0
    path.write_text(allowing, encoding="utf-8")
    session = connect()
    apply(session, plan_changes(session, RESOURCES, document, Limits(policy=read_policy(str(path)))))
    assert sim.counts().writes == 1


def test_the_email_addresses_of_all_users_are_known_without_another_request(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yml"
    usernames = [{"user": f"member{number}", "username": f"m{number}"} for number in (3, 4)]
    users = [{"user": name} for name in ("member1", "member2@example.org", "member5")]
    entry = {"customer": "ALPHA", "users": users, "offering_usernames": usernames}
    document = SCHEMA.read([entry], images.read_image)
    requests = []
    for domain in (None, "example.com"):
        path.write_text(f"forbidden_email_domains: [{domain or 'never.example'}]", encoding="utf-8")
        sim.zero()
        plan = plan_changes(connect(), RESOURCES, document, Limits(policy=read_policy(str(path)) if domain else None))
        assert {change.kind.name for change in plan.changes} == {"user_role", "offering_username"}
        requests.append(sim.counts().requests)
    assert requests[0] == requests[1]
    path.write_text("forbidden_email_domains: [example.org]", encoding="utf-8")
    with pytest.raises(InvalidInput) as failed:
        plan_changes(connect(), RESOURCES, document, Limits(policy=read_policy(str(path))))
    assert len(failed.value.details["policy_violations"]) == len(plan.changes)
