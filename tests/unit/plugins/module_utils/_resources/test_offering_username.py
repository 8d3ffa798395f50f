# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare usernames of accounts with desired ones: only accounts in offerings that the user can access count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import begins, fragment, matching, message

from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import UsernameState
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite

from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, session, target

VM, STORAGE, TWIN = "11" * 16, "22" * 16, "33" * 16
NAMES = {VM: "VM", STORAGE: "Storage"}


def entry(user: str, username: str) -> UsernameEntry:
    return UsernameEntry(f"offering_usernames[{user}]", user, username)


def state(
    reach: Mapping[User, Iterable[str]],
    accounts: Mapping[tuple[User, str], str | None] | None = None,
    hidden: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
) -> UsernameState:
    return UsernameState(
        dict(names or NAMES),
        {(offering, user.uuid): name for (user, offering), name in (accounts or {}).items()},
        {user.uuid: set(offerings) for user, offerings in reach.items()},
        set(hidden),
    )


def compare(found: UsernameState, *entries: UsernameEntry, missing_users: str = "fail") -> Comparison[UsernameWrite]:
    return OfferingUsername().compare(session(missing_users), target(), Usernames(entries), found, PEOPLE)


def only(comparison: Comparison[UsernameWrite]) -> Change[UsernameWrite]:
    assert comparison == Comparison(comparison.changes)
    [change] = comparison.changes
    return change


def test_one_change_sets_the_name_in_all_offerings_and_shows_those_that_differ() -> None:
    found = state({ALICE: [VM, STORAGE]}, {(ALICE, VM): "old", (ALICE, STORAGE): "alice_hpc"})
    change = only(compare(found, entry("alice", "alice_hpc")))
    assert change.as_dict() == {
        "service_provider": "ACME",
        "kind": "offering_username",
        "name": "alice",
        "action": "set_username",
        "before": {"VM": "old"},
        "after": {"VM": "alice_hpc"},
        "id": {"customer": CUSTOMER, "user": ALICE.uuid, "role": None},
    }
    assert change.payload == UsernameWrite(ALICE.uuid, "alice_hpc")


@pytest.mark.parametrize("name", [None, ""])
def test_a_missing_account_and_an_empty_name_are_names_to_set(name: str | None) -> None:
    found = state({ALICE: [VM, STORAGE]}, {(ALICE, VM): name})
    change = only(compare(found, entry("alice", "a")))
    assert (change.before, change.after) == ({"Storage": None, "VM": None}, {"Storage": "a", "VM": "a"})


def test_the_name_that_is_there_already_is_no_change_also_with_blanks_around() -> None:
    found = state({ALICE: [VM, STORAGE]}, {(ALICE, VM): "a", (ALICE, STORAGE): " a\n"})
    assert compare(found, entry("alice", "a")) == Comparison()


def test_names_that_differ_in_case_differ() -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): "Alice"})
    assert only(compare(found, entry("alice", "alice"))).before == {"VM": "Alice"}


def test_accounts_in_offerings_that_the_user_no_longer_reaches_are_no_drift() -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): "a", (ALICE, STORAGE): "old"})
    assert compare(found, entry("alice", "a")) == Comparison()


def test_the_accounts_of_others_are_no_drift() -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(ALICE, VM): "a", (BOB, VM): "old"})
    assert compare(found, entry("alice", "a")) == Comparison()


def test_a_user_without_reach_is_a_warning_and_no_change() -> None:
    found = compare(state({}, {(ALICE, VM): "old"}), entry("alice", "a"))
    assert found == Comparison(
        warnings=(message("user_without_access", option="offering_usernames[alice]", user="alice", provider="ACME"),)
    )


def test_offerings_whose_accounts_cannot_be_read_back_are_left_out_with_a_warning() -> None:
    found = compare(state({ALICE: [VM, STORAGE]}, {(ALICE, VM): "old"}, [STORAGE]), entry("alice", "a"))
    assert [change.after for change in found.changes] == [{"VM": "a"}]
    [warning] = found.warnings
    assert begins(warning, "plan_accounts_unreadable", provider="ACME", offerings=matching(r"Storage.*"))


def test_where_no_account_can_be_read_back_nothing_is_planned() -> None:
    found = compare(state({ALICE: [VM, STORAGE]}, hidden=[VM, STORAGE]), entry("alice", "a"))
    assert not found.changes
    assert not found.errors
    assert "Storage, VM" in found.warnings[0]


def test_a_hidden_offering_that_the_user_does_not_reach_is_not_reported() -> None:
    assert compare(state({ALICE: [VM]}, {(ALICE, VM): "a"}, [STORAGE]), entry("alice", "a")) == Comparison()


def test_the_warning_of_hidden_offerings_comes_once_for_all_users() -> None:
    found = compare(state({ALICE: [VM], BOB: [VM]}, hidden=[VM]), entry("alice", "a"), entry("bob", "b"))
    assert len(found.warnings) == 1


def test_offerings_of_one_name_carry_a_piece_of_their_uuid() -> None:
    found = state({ALICE: [VM, TWIN, STORAGE]}, names={**NAMES, TWIN: "VM"})
    after = only(compare(found, entry("alice", "a"))).after
    assert after == {"Storage": "a", "VM (11111111)": "a", "VM (33333333)": "a"}


@pytest.mark.parametrize("second", ["b", "a"])
def test_the_same_user_twice_is_an_error_however_named(second: str) -> None:
    again = UsernameEntry("offering_usernames[1]", "alice@example.org", second)
    assert compare(state({ALICE: [VM]}), entry("alice", "a"), again).errors == (
        message("entry_twice", option="offering_usernames[1]", entry="alice", first="offering_usernames[alice]"),
    )


def test_two_users_with_one_name_are_an_error_that_names_both() -> None:
    found = compare(state({ALICE: [VM], BOB: [VM]}), entry("alice", "a"), entry("bob", "a"))
    assert found.errors == (
        message(
            "username_shared",
            option="offering_usernames[bob].username",
            username="a",
            user="bob",
            first="offering_usernames[alice]",
            other="alice",
        ),
    )


def test_two_users_with_two_names_are_two_changes() -> None:
    found = compare(state({ALICE: [VM], BOB: [VM]}), entry("bob", "b"), entry("alice", "a"))
    assert [change.name for change in found.changes] == ["alice", "bob"]


@pytest.mark.parametrize("who", ["nobody", "gone"])
def test_a_user_who_cannot_be_used_fails_or_is_skipped_as_missing_users_says(who: str) -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): "a"})
    [error] = compare(found, entry(who, "x"), entry("alice", "a")).errors
    assert error.startswith(f"offering_usernames[{who}].user: ")
    skipped = compare(found, entry(who, "x"), entry("alice", "a"), missing_users="warn")
    assert (skipped.changes, skipped.errors, skipped.missing_users) == ((), (), (who,))
    assert len(skipped.warnings) == 1


def test_a_skipped_user_takes_no_name_away_from_others() -> None:
    found = compare(state({ALICE: [VM]}), entry("nobody", "a"), entry("alice", "a"), missing_users="warn")
    assert [change.name for change in found.changes] == ["alice"]


def test_usernames_of_a_provider_that_does_not_exist_yet_are_one_warning() -> None:
    found = OfferingUsername().compare(
        session(),
        target(None),
        Usernames((entry("alice", "a"), entry("bob", "b"))),
        UsernameState(exists=False),
        PEOPLE,
    )
    assert found == Comparison(warnings=(message("usernames_planned_later", provider="ACME"),))
    nothing = OfferingUsername().compare(session(), target(None), Usernames(()), UsernameState(exists=False), {})
    assert nothing == Comparison()


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (("nobody", "b"), r"^offering_usernames\[1\].user: user 'nobody' not found"),
        (("alice@example.org", "b"), "alice duplicates .*"),
        (("bob", "a"), fragment("username_shared", option="offering_usernames[1].username")),
    ],
)
def test_wrong_entries_are_reported_before_their_provider_is_created(second: tuple[str, str], words: str) -> None:
    first = UsernameEntry("offering_usernames[0]", "alice", "a")
    desired = Usernames((first, UsernameEntry("offering_usernames[1]", *second)))
    assert list(OfferingUsername().users(desired, UsernameState(exists=False))[0]) == ["alice", second[0]]
    found = OfferingUsername().compare(session(), target(None), desired, UsernameState(exists=False), PEOPLE)
    assert len(found.errors) == 1
    assert re.search(words, found.errors[0])


def test_a_provider_that_is_to_be_created_is_not_asked_for_accounts() -> None:
    assert OfferingUsername().read(session(), target(None), Usernames((entry("alice", "a"),))) == UsernameState(
        exists=False
    )


def test_the_usernames_resource_takes_the_usernames_of_a_document() -> None:
    desired = Usernames(())
    assert ProviderDocument("", "ACME", desired_states=(desired,)).get(OfferingUsername().desired_type) is desired
    assert ProviderDocument("", "ACME").get(OfferingUsername().desired_type) is None


@pytest.mark.parametrize("done", [True, False])
def test_the_result_lists_per_user_the_name_the_offerings_and_the_names_before(done: bool) -> None:
    found = state({ALICE: [VM, STORAGE], BOB: [VM]}, {(ALICE, VM): "old", (BOB, VM): "b"}, [STORAGE])
    desired = Usernames((entry("alice", "a"), entry("bob", "b"), entry("carol", "c"), entry("nobody", "n")))
    planned = compare(found, *desired.entries, missing_users="warn").changes
    people: dict[str, User | UnresolvedUser] = {one.user: PEOPLE[one.user] for one in desired.entries}
    there = {"offerings": ["VM"], "owner": "offering"}
    assert OfferingUsername().result(desired, found, people, planned, done=done) == [
        {"user": "alice", "user_uuid": ALICE.uuid, "username": "a", **there, "before": {"VM": "old"}},
        {"user": "bob", "user_uuid": BOB.uuid, "username": "b", **there, "before": {}},
    ]


# --- any accounts ----------------------------------------------------------------------------------------------------

SOME_NAMES = st.sampled_from([None, "", "a", "b", " a "])


@st.composite
def states(draw: st.DrawFn) -> UsernameState:
    offerings = [VM, STORAGE, TWIN]
    reach = {user: draw(st.sets(st.sampled_from(offerings))) for user in (ALICE, BOB)}
    pairs = st.tuples(st.sampled_from([ALICE, BOB]), st.sampled_from(offerings))
    accounts = draw(st.dictionaries(pairs, SOME_NAMES))
    hidden = draw(st.sets(st.sampled_from(offerings)))
    # A token can't see the accounts in hidden offerings.
    visible = {pair: name for pair, name in accounts.items() if pair[1] not in hidden}
    return state(reach, visible, hidden, {**NAMES, TWIN: "VM"})


def applied(found: UsernameState, changes: Iterable[Change[UsernameWrite]]) -> UsernameState:
    """What the POST does (api-behaviour: usernames-reach): the name in every offering in reach, hidden ones too, and
    nowhere else."""
    accounts = dict(found.accounts)
    for change in changes:
        user, name = change.payload.user_uuid, change.payload.username
        accounts.update(
            {(offering, user): name for offering in found.accessible_offerings[user] - found.unreadable_offerings}
        )
    return UsernameState(found.names, accounts, found.accessible_offerings, found.unreadable_offerings)


def plain(found: UsernameState, pair: tuple[str, str]) -> str:
    return (found.accounts.get(pair) or "").strip()


@given(states(), st.sampled_from(["a", "b"]))
def test_setting_names_settles_in_one_run_and_shows_all_that_it_changed(found: UsernameState, name: str) -> None:
    desired = entry("alice", name)
    plan = compare(found, desired)
    after = applied(found, plan.changes)
    assert not compare(after, desired).changes
    changed = [pair for pair in after.accounts if plain(found, pair) != plain(after, pair)]
    assert len(changed) == sum(len(change.after or {}) for change in plan.changes)


@given(states())
def test_the_current_names_as_desired_state_give_no_change(found: UsernameState) -> None:
    for user in (ALICE, BOB):
        readable = found.accessible_offerings[user.uuid] - found.unreadable_offerings
        names = {(found.accounts.get((offering, user.uuid)) or "").strip() for offering in readable}
        if len(names) == 1 and "" not in names:
            desired: dict[str, Any] = {"user": str(user.username), "username": names.pop()}
            assert not compare(found, entry(**desired)).changes
