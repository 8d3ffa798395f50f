# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what they reject in a plan, and that no violation is hidden."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from messages import fragment, message, prefix
from tools.generate.schemas import complete_schema

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import read_policy
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Rename, Subject
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy import (
    Policy,
    ReviewedChange,
    ReviewedPlan,
    add_line,
    file_of,
    reject,
)
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy_checks import (
    RulePolicy,
    explain_number,
    for_plan,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import KINDS

NOW = datetime(2026, 11, 29, tzinfo=timezone.utc)
ALICE, BOB, ROLE, ALPHA, PROVIDER = "a1" * 16, "b0" * 16, "c0" * 16, "d0" * 16, "e0" * 16
ENTRY = "alpha.yml: service_providers[0]"


def grant(
    action: str = "grant",
    *,
    days: float | None = None,
    role: str | None = "CUSTOMER.MANAGER",
    username: str | None = "alice",
    email: str | None = "alice@example.org",
    uuid: str = ALICE,
) -> ReviewedChange:
    """A change of a role that ends in so many days, or never."""
    kind = KINDS["user_role"]
    found = kind.action(action)
    assert found is not None
    expiry = None if days is None else (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    after = None if action == "revoke" else {"expiration_time": expiry}
    subject = Subject(f"{ENTRY}.users[1]", uuid, username, email, ROLE, role)
    ids = {"customer": ALPHA, "user": uuid, "role": ROLE}
    name = f"{username or uuid} as {role or ROLE}"
    change = Change("Alpha", kind, name, found, None, after, ids, payload=None, subject=subject)
    return ReviewedChange(change, ENTRY, PROVIDER)


def update() -> ReviewedChange:
    """A change of the profile, which is about no user."""
    kind = KINDS["service_provider"]
    found = kind.action("update")
    assert found is not None
    change = Change("Alpha", kind, "Alpha", found, {"description": ""}, {"description": "x"}, {"customer": ALPHA}, None)
    return ReviewedChange(change, ENTRY, PROVIDER)


def policy_of(folder: Path, rules: Any, name: str = "policy.yml") -> Policy:
    path = folder / name
    path.write_text(rules if isinstance(rules, str) else yaml.safe_dump(rules), encoding="utf-8")
    return read_policy(str(path))


def broken(folder: Path, rules: Any, *changes: ReviewedChange) -> list[str]:
    return [found.rule for found in policy_of(folder, rules).review(ReviewedPlan(changes, NOW))]


@pytest.mark.parametrize(
    ("rules", "reviewed", "is_broken"),
    [
        ({"max_role_duration": "30d"}, grant(days=30), False),
        ({"max_role_duration": 30}, grant(days=31), True),
        ({"max_role_duration": "30d"}, grant("extend", days=31), True),
        ({"max_role_duration": "30d"}, grant("shorten", days=31), False),
        ({"max_role_duration": "30d"}, grant(), True),
        ({"max_role_duration": "30d"}, grant("make_permanent"), True),
        ({"max_role_duration": "30d"}, update(), False),
        ({"max_role_duration": "30d"}, grant("revoke"), False),
        ({"permanent_role_users": []}, grant(), True),
        ({"permanent_role_users": []}, grant("make_permanent"), True),
        ({"permanent_role_users": []}, grant(days=9), False),
        ({"permanent_role_users": ["ALICE@example.org"]}, grant(), False),
        ({"permanent_role_users": ["alice"]}, grant(), False),
        ({"permanent_role_users": [ALICE]}, grant(username=None, email=None), False),
        ({"permanent_role_users": [f"https://w.example/api/users/{ALICE}/"]}, grant(), False),
        ({"permanent_role_users": ["bob", BOB]}, grant(), True),
        ({"permanent_role_users": ["alice"]}, grant(username=None), True),
        ({"forbidden_roles": ["customer.manager"]}, grant(), True),
        ({"forbidden_roles": [ROLE.upper()]}, grant("extend", days=1), True),
        ({"forbidden_roles": ["CUSTOMER.OWNER"]}, grant(), False),
        ({"forbidden_roles": ["CUSTOMER.MANAGER"]}, grant("revoke"), False),
        ({"forbidden_roles": ["CUSTOMER.MANAGER"]}, update(), False),
        ({"forbidden_email_domains": ["example.org"]}, grant(), True),
        ({"forbidden_email_domains": ["@EXAMPLE.org."]}, grant(email="a@b@Mail.Example.ORG. "), True),
        ({"forbidden_email_domains": ["example.org"]}, grant(email='"a@b"@example.org'), True),
        ({"forbidden_email_domains": ["ample.org"]}, grant(), False),
        ({"forbidden_email_domains": []}, grant(email=None), False),
        ({"forbidden_email_domains": ["example.org"]}, grant(email=None), True),
        ({"forbidden_email_domains": ["example.org"]}, grant("revoke", email=None), False),
        ({"forbidden_email_domains": ["example.org"]}, update(), False),
        ({"max_changes": 0}, update(), True),
        ({"max_changes": 1}, update(), False),
        ({"protected_users": ["alice"]}, grant("revoke"), True),
        ({"protected_users": ["Alice@Example.org"]}, grant("shorten", days=1), True),
        ({"protected_users": ["bob"]}, grant(), False),
        ({"protected_users": ["bob"]}, grant(username=None), True),
        ({"protected_users": ["bob@example.org"]}, grant(email=None), True),
        ({"protected_users": [BOB]}, grant(username=None, email=None), False),
        ({"protected_users": ["alice"]}, update(), False),
        ({"protected_providers": ["ALPHA"]}, update(), True),
        ({"protected_providers": [ALPHA]}, grant("revoke"), True),
        ({"protected_providers": [PROVIDER]}, update(), True),
        ({"protected_providers": ["Beta", BOB]}, update(), False),
    ],
)
def test_a_rule_rejects_what_it_says_and_nothing_else(
    tmp_path: Path, rules: dict[str, Any], reviewed: ReviewedChange, is_broken: bool
) -> None:
    assert broken(tmp_path, rules, reviewed) == (list(rules) if is_broken else [])


NAMES = [f"user{number}" for number in range(11)]


@pytest.mark.parametrize(
    ("rules", "reviewed", "key", "values"),
    [
        ({"max_role_duration": "30d"}, grant(days=31), "policy_role_ends", {"expiry": "2026-12-30T00:00:00Z"}),
        ({"max_role_duration": "30d"}, grant(), "policy_role_never_ends", {}),
        ({"permanent_role_users": []}, grant(), "policy_permanent_none", {}),
        ({"permanent_role_users": ["bob", BOB]}, grant(), "policy_permanent_only", {"users": f"bob, {BOB}"}),
        ({"permanent_role_users": NAMES[:10]}, grant(), "policy_permanent_only", {"users": ", ".join(NAMES[:10])}),
        ({"permanent_role_users": NAMES}, grant(), "policy_permanent_only", {"users": ", ".join([*NAMES[:10], "…"])}),
        ({"forbidden_roles": [ROLE]}, grant(role=None), "policy_role", {"role": ROLE}),
        ({"forbidden_email_domains": ["example.org"]}, grant(email=None), "policy_email_unknown", {"user": "alice"}),
        (
            {"forbidden_email_domains": ["b.example", "@Example.org"]},
            grant(),
            "policy_email_domain",
            {"user": "alice", "domain": "example.org"},
        ),
        ({"max_changes": 0}, update(), "policy_one_change", {}),
        ({"protected_users": ["alice"]}, grant(), "policy_user", {"user": "alice"}),
        ({"protected_users": [ALICE]}, grant(username=None), "policy_user", {"user": ALICE}),
        ({"protected_users": ["bob"]}, grant(username=None), "policy_user_unknown", {"user": ALICE}),
        ({"protected_providers": [ALPHA]}, update(), "policy_provider", {"provider": "Alpha"}),
    ],
)
def test_a_reason_names_what_breaks_the_rule(
    tmp_path: Path, rules: dict[str, Any], reviewed: ReviewedChange, key: str, values: dict[str, str]
) -> None:
    [violation] = policy_of(tmp_path, rules).review(ReviewedPlan([reviewed], NOW))
    assert violation.reason == message(key, **values)


def test_violations_of_the_whole_plan_come_first_and_then_those_of_each_change(tmp_path: Path) -> None:
    rules = {"forbidden_roles": ["CUSTOMER.MANAGER"], "max_changes": 1, "protected_users": ["alice"]}
    assert broken(tmp_path, rules, grant(), grant("extend", days=1)) == [
        "max_changes",
        *["forbidden_roles", "protected_users"] * 2,
    ]


def test_a_violation_names_no_line_where_that_of_the_rule_is_not_known() -> None:
    policy = RulePolicy("policy.yml", {"max_changes": for_plan(0, explain_number)})
    [violation] = policy.review(ReviewedPlan([update()], NOW))
    assert violation.message == f"policy.yml: {message('policy_one_change')} [max_changes]"
    assert violation.as_dict()["line"] is None


def test_permanent_roles_are_decided_by_their_own_rule_if_there_is_one(tmp_path: Path) -> None:
    rules = {"max_role_duration": "30d", "permanent_role_users": ["alice"]}
    bob = grant(username="bob", email="bob@example.org", uuid=BOB)
    assert broken(tmp_path, rules, grant(), bob, grant(days=31)) == ["permanent_role_users", "max_role_duration"]


def test_all_violations_are_named_at_once_with_rule_change_and_file(tmp_path: Path) -> None:
    rules = "protected_users: [alice]\nforbidden_roles: [CUSTOMER.MANAGER]\nmax_changes: 1\n"
    policy = policy_of(tmp_path, rules)
    with pytest.raises(
        InvalidInput, match=prefix("policy_rejects", file="policy.yml", violations="3 violations")
    ) as failed:
        reject(policy, policy.review(ReviewedPlan([update(), grant()], NOW)))
    found = failed.value.details["policy_violations"]
    assert [(one["rule"], one["file"], one["line"]) for one in found] == [
        ("max_changes", "policy.yml", 3),
        ("forbidden_roles", "alpha.yml", None),
        ("protected_users", "alpha.yml", None),
    ]
    assert found[0]["message"] == message("policy_max_changes", file="policy.yml", line=3, changes=2, limit=1)
    assert found[1]["message"] == message(
        "policy_violation",
        place=f"{ENTRY}.users[1]",
        change="grant alice as CUSTOMER.MANAGER (Alpha)",
        reason=message("policy_role", role="CUSTOMER.MANAGER"),
        rule="forbidden_roles",
    )
    assert found[1]["change"]["id"]["user"] == ALICE
    assert all(one["message"] in failed.value.message for one in found)
    assert add_line(found[1], 7) == {
        **found[1],
        "line": 7,
        "message": found[1]["message"].replace("alpha.yml: ", "alpha.yml: line 7: "),
    }


def test_a_message_lists_ten_violations_and_the_result_all(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, {"permanent_role_users": []})
    with pytest.raises(InvalidInput, match=fragment("policy_more", count=2)) as failed:
        reject(policy, policy.review(ReviewedPlan([grant() for _number in range(12)], NOW)))
    assert len(failed.value.details["policy_violations"]) == 12


@pytest.mark.parametrize(
    ("place", "file"),
    [
        (f"{ENTRY}.users[0]", "alpha.yml"),
        ("a: b/c.yml: service_providers[1]", "a: b/c.yml"),
        ("service_providers[0].users[0]", None),
        ("", None),
    ],
)
def test_the_file_of_a_place_is_known_if_the_document_is_a_file(place: str, file: str | None) -> None:
    assert file_of(place) == file


def test_a_rename_of_a_protected_user_breaks_the_rule(tmp_path: Path) -> None:
    kind = KINDS["service_provider"]
    action = kind.action("update")
    assert action is not None
    subject = Subject(user_uuid=ALICE, username="alice")
    renames = (Rename("VM: a", "b"), Rename("VM: alice", "al", subject=subject))
    change = Change("Alpha", kind, "Alpha", action, {}, {}, {"customer": ALPHA}, None, renames=renames)
    renaming = ReviewedChange(change, ENTRY, PROVIDER)
    assert broken(tmp_path, {"protected_users": ["alice"]}, renaming) == ["protected_users"]
    assert broken(tmp_path, {"protected_users": ["alice@example.org"]}, renaming) == ["protected_users"]
    assert broken(tmp_path, {"protected_users": [BOB, "bob"]}, renaming) == []


REFERENCES = st.lists(
    st.sampled_from(["alice", "bob@example.org", ALICE, BOB, "Alpha", "CUSTOMER.MANAGER"]), max_size=3
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "max_role_duration": st.integers(1, 400) | st.integers(1, 99).map("{}w".format),
        "permanent_role_users": REFERENCES,
        "forbidden_roles": REFERENCES,
        "forbidden_email_domains": st.lists(
            st.sampled_from(["example.org", "@b.example", "XN--A.example"]), max_size=2
        ),
        "max_changes": st.integers(0, 5),
        "protected_users": REFERENCES,
        "protected_providers": REFERENCES,
    },
).filter(bool)
CHANGES = st.lists(
    st.builds(
        grant,
        st.sampled_from(["grant", "extend", "shorten", "make_permanent", "revoke"]),
        days=st.none() | st.integers(1, 800),
        username=st.sampled_from(["alice", "bob", None]),
        email=st.sampled_from(["alice@example.org", "bob@b.example", None]),
        uuid=st.sampled_from([ALICE, BOB]),
    )
    | st.builds(update),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rules=POLICIES, changes=CHANGES, seed=st.integers(0, 99))
def test_no_order_of_changes_or_rules_hides_a_violation(
    tmp_path: Path, rules: dict[str, Any], changes: list[ReviewedChange], seed: int
) -> None:
    assert not list(Draft202012Validator(complete_schema("policy")).iter_errors(rules))
    found = policy_of(tmp_path, rules).review(ReviewedPlan(changes, NOW))
    mixed = random.Random(seed)
    shuffled = mixed.sample(changes, len(changes))
    turned = dict(mixed.sample(sorted(rules.items()), len(rules)))
    again = policy_of(tmp_path, turned).review(ReviewedPlan(shuffled, NOW))
    assert sorted(one.message for one in found) == sorted(one.message for one in again)
    # A rule and a change alone decide: what else is in plan and policy makes no difference.
    independent = {name for name in rules if name not in ("max_changes", "max_role_duration")}
    single = [
        one.message
        for name in independent
        for change in changes
        for one in policy_of(tmp_path, {name: rules[name]}).review(ReviewedPlan([change], NOW))
    ]
    assert sorted(single) == sorted(one.message for one in found if one.rule in independent)
