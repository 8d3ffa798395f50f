# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task on role grants returns and which users it resolves, and properties of any grants and any entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import (
    GrantEntry,
    Grants,
    GrantState,
    GrantWrite,
    UserRole,
)

from ...helpers.grant_samples import LATER, MANAGER, NOW, OTHER, PAST, ROLES, SOON, absent, compare, entry, row
from ...helpers.samples import ALICE, BOB, CAROL, PEOPLE, session, target

Rows = list[dict[str, Any]]


def result(rows: Rows, *entries: GrantEntry, single: bool = False, done: bool = False) -> Rows:
    desired = Grants(entries, single=single)
    state = GrantState(rows, ROLES, NOW)
    resource = UserRole()
    planned = resource.compare(session(), target(), desired, state, PEOPLE).changes
    people = {one.user: PEOPLE[one.user] for one in entries}
    return resource.result(desired, state, people, planned, done=done)


def brief(rows: Rows) -> list[tuple[Any, ...]]:
    return [(found["user_username"], found["role_name"], found["expiration_time"]) for found in rows]


def test_the_predicted_grants_are_those_that_the_plan_would_leave() -> None:
    found = result([row(ALICE), row(BOB, SOON)], entry("alice", SOON), absent("bob"), entry("carol", LATER))
    assert brief(found) == [
        ("alice", "CUSTOMER.MANAGER", "2027-06-30T00:00:00Z"),
        ("carol", "CUSTOMER.MANAGER", "2028-06-30T00:00:00Z"),
    ]
    assert [found[0]["uuid"], found[1]["uuid"]] == ["f" * 32, None]


@pytest.mark.parametrize(
    ("username", "role_name"),
    [("thomas as guest", "CUSTOMER.MANAGER"), ("thomas", "manager as deputy"), (None, "CUSTOMER.MANAGER")],
)
def test_the_predicted_user_and_role_are_not_parsed_out_of_a_display_name(username: str | None, role_name: str) -> None:
    person, role = User("7a" * 16, username), {"uuid": "0c" * 16, "name": role_name}
    desired = Grants((entry("thomas", role="the role"),))
    state, people = GrantState([], {"the role": role}, NOW), {"thomas": person}
    planned = UserRole().compare(session(), target(), desired, state, people).changes
    (found,) = UserRole().result(desired, state, people, planned, done=False)
    assert (found["user_username"], found["role_name"]) == (username, role_name)
    assert (found["user_uuid"], found["role_uuid"]) == (person.uuid, role["uuid"])


def test_done_changes_are_not_predicted_once_more() -> None:
    assert brief(result([row(ALICE)], entry("alice", SOON), done=True)) == [("alice", "CUSTOMER.MANAGER", None)]


def test_a_single_task_returns_the_grants_of_its_user_and_a_list_all_of_the_provider() -> None:
    rows = [row(BOB), row(ALICE, role=OTHER), row(ALICE)]
    alone = [("alice", "CUSTOMER.MANAGER", None), ("alice", "PROVIDER.VIEWER", None)]
    assert brief(result(rows, entry("alice"), single=True)) == alone
    assert brief(result(rows, entry("alice"))) == [*alone, ("bob", "CUSTOMER.MANAGER", None)]


def test_predicting_leaves_the_state_as_it_was() -> None:
    rows = [row(ALICE), row(BOB)]
    result(rows, entry("alice", SOON), absent("bob"))
    assert rows == [row(ALICE), row(BOB)]


def test_a_user_whose_missing_grant_is_to_be_absent_is_not_shown() -> None:
    desired = Grants((entry("alice"), absent(ALICE.uuid), absent(BOB.uuid), absent("carol")))
    named, unseen = UserRole().users(desired, GrantState([row(ALICE)], ROLES, NOW))
    assert list(named) == ["alice", ALICE.uuid, BOB.uuid, "carol"]
    assert BOB.uuid in unseen
    assert ALICE.uuid not in unseen


def test_the_grants_resource_takes_the_grants_of_a_document() -> None:
    grants = Grants(())
    assert ProviderDocument("", "ACME", desired_states=(grants,)).get(UserRole().desired_type) is grants
    assert ProviderDocument("", "ACME").get(UserRole().desired_type) is None


# --- properties of any grants and any entries ------------------------------------------------------------------------

USERS = {"alice": ALICE, "bob": BOB, "carol": CAROL}
ROLE_ROWS = {"CUSTOMER.MANAGER": MANAGER, "PROVIDER.VIEWER": OTHER}
EXPIRIES = st.sampled_from([None, PAST, NOW, SOON, LATER, SOON + timedelta(microseconds=1)])
PAIRS = st.tuples(st.sampled_from(list(USERS)), st.sampled_from(list(ROLE_ROWS)))


@st.composite
def grant_rows(draw: st.DrawFn, *, doubles: bool = True) -> Rows:
    pairs = draw(st.lists(PAIRS, max_size=6, unique=not doubles))
    rows = [row(USERS[user], draw(EXPIRIES), ROLE_ROWS[role]) for user, role in pairs]
    return [{**found, "uuid": f"{number:032x}"} for number, found in enumerate(rows)]


@st.composite
def grant_entries(draw: st.DrawFn) -> tuple[GrantEntry, ...]:
    entries = []
    for user, role in draw(st.lists(PAIRS, max_size=6, unique=True)):
        state = draw(st.sampled_from(["present", "present", "absent"]))
        expiry = UNSET if state == "absent" else draw(st.just(UNSET) | EXPIRIES)
        entries.append(entry(user, expiry, role, state))
    return tuple(entries)


def applied(rows: Rows, changes: Sequence[Change[GrantWrite]]) -> Rows:
    """A Waldur in a few lines (api-behaviour: role-grants): it breaks where the real one would."""
    rows = [dict(found) for found in rows]
    for change in changes:
        body = change.payload.body(change.action)
        same = [found for found in rows if (found["user_uuid"], found["role_uuid"]) == (body["user"], body["role"])]
        expiry = body.get("expiration_time")
        assert expiry is None or timestamps.parse(expiry) > NOW, "400: a moment in the past"
        if change.action.name == "grant":
            assert not same, "a second active grant"
            [user] = [one for one in USERS.values() if one.uuid == body["user"]]
            [role] = [one for one in ROLE_ROWS.values() if one["uuid"] == body["role"]]
            rows.append({**row(user, None, role), "expiration_time": expiry})
            continue
        assert len(same) == 1, "500: not one grant"
        if change.action.name == "revoke":
            assert "expiration_time" not in body
            rows.remove(same[0])
        else:
            assert "expiration_time" in body
            same[0]["expiration_time"] = expiry
    return rows


def by_pair(rows: Rows) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for one in rows:
        expiry = timestamps.parse_server_time(one["expiration_time"])
        found.setdefault((one["user_uuid"], one["role_uuid"]), []).append(expiry)
    return found


def pair_of(desired: GrantEntry) -> tuple[str, str]:
    return USERS[desired.user].uuid, ROLE_ROWS[desired.role]["uuid"]


@given(grant_rows(), grant_entries(), st.booleans(), st.sampled_from([None, ALICE.uuid]))
def test_a_plan_without_errors_settles_in_one_run(
    rows: Rows, entries: tuple[GrantEntry, ...], exclusive: bool, me: str | None
) -> None:
    first = compare(rows, *entries, exclusive=exclusive, me=me)
    if not first.errors:
        second = compare(applied(rows, first.changes), *entries, exclusive=exclusive, me=me)
        assert not second.changes
        assert not second.errors


@given(grant_rows(), grant_entries(), st.booleans())
def test_a_plan_without_errors_leaves_exactly_what_was_asked(
    rows: Rows, entries: tuple[GrantEntry, ...], exclusive: bool
) -> None:
    plan = compare(rows, *entries, exclusive=exclusive)
    if plan.errors:
        return
    before, after = by_pair(rows), by_pair(applied(rows, plan.changes))
    for desired in entries:
        expiry = desired.expiration_time
        if desired.state == "absent":
            assert pair_of(desired) not in after
        elif expiry is UNSET:
            assert after[pair_of(desired)] == before.get(pair_of(desired), [None])
        elif expiry is None or (not isinstance(expiry, type(UNSET)) and expiry > NOW):
            assert set(after[pair_of(desired)]) == {expiry}
        else:
            assert after.get(pair_of(desired)) == before.get(pair_of(desired))


@given(grant_rows(), grant_entries())
def test_nothing_that_no_entry_names_changes_unless_exclusive(rows: Rows, entries: tuple[GrantEntry, ...]) -> None:
    named = {pair_of(desired) for desired in entries}
    plan = compare(rows, *entries)
    assert {(change.id["user"], change.id["role"]) for change in plan.changes} <= named
    assert not any(change.is_implied for change in plan.changes)


@given(grant_rows(), grant_entries(), st.sampled_from([None, ALICE.uuid]))
def test_exclusive_adds_revocations_of_lasting_grants_that_no_entry_names_and_nothing_else(
    rows: Rows, entries: tuple[GrantEntry, ...], me: str | None
) -> None:
    plain, exclusive = compare(rows, *entries), compare(rows, *entries, exclusive=True, me=me)
    added = [change for change in exclusive.changes if change not in plain.changes]
    assert [change for change in exclusive.changes if change in plain.changes] == list(plain.changes)
    named = {pair_of(desired) for desired in entries}
    lasting = {pair for pair, expiries in by_pair(rows).items() if any(one is None or one > NOW for one in expiries)}
    for change in added:
        pair = (change.id["user"], change.id["role"])
        assert (change.action.name, change.is_implied) == ("revoke", True)
        assert pair in lasting - named
        assert pair[0] != me
    if not exclusive.errors:
        assert {(c.id["user"], c.id["role"]) for c in added} == {pair for pair in lasting - named if pair[0] != me}


@given(grant_rows(doubles=False).map(lambda rows: [one for one in rows if not _is_past(one)]))
def test_the_current_grants_as_desired_state_give_no_change(rows: Rows) -> None:
    names = {user.uuid: name for name, user in USERS.items()}
    entries = [
        entry(names[one["user_uuid"]], timestamps.parse_server_time(one["expiration_time"]), one["role_name"])
        for one in rows
    ]
    assert compare(rows, *entries, exclusive=bool(entries)) == Comparison()


@given(grant_rows(doubles=False), grant_entries())
def test_the_predicted_grants_are_those_that_applying_the_plan_leaves(
    rows: Rows, entries: tuple[GrantEntry, ...]
) -> None:
    plan = compare(rows, *entries)
    if not plan.errors:
        predicted = UserRole().result(Grants(entries), GrantState(rows, ROLES, NOW), PEOPLE, plan.changes, done=False)
        assert by_pair(predicted) == by_pair(applied(rows, plan.changes))


@given(grant_rows(), grant_entries(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_entries_does_not_change_the_plan(
    rows: Rows, entries: tuple[GrantEntry, ...], exclusive: bool, chance: Any
) -> None:
    # Rows of one grant are told apart by nothing that a plan shows.
    plan = compare(rows, *entries, exclusive=exclusive)
    shuffled_rows, shuffled = list(rows), list(entries)
    chance.shuffle(shuffled_rows)
    chance.shuffle(shuffled)
    other = compare(shuffled_rows, *shuffled, exclusive=exclusive)
    assert other.changes == plan.changes
    assert len(other.errors) == len(plan.errors)


@pytest.mark.parametrize("user", [ALICE, User("e" * 32)])
def test_a_revoked_grant_is_shown_as_the_row_names_its_user(user: User) -> None:
    plan = compare([row(user), row(BOB)], entry("bob"), exclusive=True)
    assert plan.changes[0].name == f"{user.shown} as CUSTOMER.MANAGER"


def _is_past(found: dict[str, Any]) -> bool:
    expiry = timestamps.parse_server_time(found["expiration_time"])
    return expiry is not None and expiry <= NOW


def test_current_grants_that_end_soon_are_found_whatever_is_desired_of_them() -> None:
    rows = [row(BOB, LATER), row(ALICE, SOON), row(ALICE, None, OTHER), row(BOB, PAST, OTHER)]
    found = UserRole().expiring(target(), GrantState(rows, ROLES, NOW), SOON - NOW)
    assert [one.as_dict() for one in found] == [
        {
            "service_provider": target().name,
            "kind": "user_role",
            "name": f"{ALICE.username} as CUSTOMER.MANAGER",
            "expiration_time": "2027-06-30T00:00:00Z",
            "days_left": 165,
            "id": {"customer": target().customer_uuid, "user": ALICE.uuid, "role": MANAGER["uuid"]},
        }
    ]


def test_a_current_grant_is_kept_if_a_lasting_entry_names_it() -> None:
    rows = [row(ALICE, SOON), row(ALICE, None, OTHER), row(BOB), row(CAROL, SOON)]
    entries = (
        entry("alice", LATER),  # kept, with another expiry
        absent("bob"),
        entry("carol", PAST),  # ended
        entry("bob", role="PROVIDER.VIEWER"),  # not granted yet
    )
    users = {one.user: PEOPLE[one.user] for one in entries}
    found = UserRole().kept(target(), Grants(entries), GrantState(rows, ROLES, NOW), users)
    assert [one.as_dict() for one in found] == [
        {
            "service_provider": target().name,
            "kind": "user_role",
            "name": f"{ALICE.username} as CUSTOMER.MANAGER",
            "id": {"customer": target().customer_uuid, "user": ALICE.uuid, "role": MANAGER["uuid"]},
        }
    ]
