# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames that another user has or takes, and the order of the changes, with service provider accounts too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from messages import matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_collisions import (
    describe_cycle,
    describe_taken,
    find_cycles,
    find_problems,
    is_released,
    rank_changes,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_comparison import (
    KIND,
    SET_USERNAME,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import UsernameEntry
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import (
    NO_OFFERING,
    ProviderAccount,
    UsernameState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite

from ...helpers.samples import ALICE, BOB, CAROL, NOBODY, session, target

VM, STORAGE = "11" * 16, "22" * 16
DAVE = User("da" * 16, "dave", None, True)
USERS = {str(user.username): user for user in (ALICE, BOB, CAROL, DAVE)}
Names = Mapping[tuple[str, str], str]


def state(accounts: Names, linked: Names | None = None, owners: Mapping[str, str] | None = None) -> UsernameState:
    """The usernames by user and offering: in accounts of their own, and in those that share the one in ``owners``.

    All users can access Alpha VM, and nobody the other offering.
    """
    whole = {**accounts, **(linked or {})}
    current = UsernameState(
        {VM: "VM", STORAGE: "Storage"},
        {(offering, USERS[user].uuid): name for (user, offering), name in whole.items()},
        {user.uuid: {VM} for user in USERS.values()},
        holder_names={user.uuid: name for name, user in USERS.items()},
    )
    for user, name in (owners or {}).items():
        current.provider_accounts[USERS[user].uuid] = ProviderAccount(USERS[user].uuid[::-1], name)
    for user, offering in linked or {}:
        current.links[offering, USERS[user].uuid] = current.provider_accounts[USERS[user].uuid]
    return current


def shared(**names: str) -> UsernameState:
    """Users whose accounts in Alpha VM share the username of their service provider account."""
    return state({}, {(user, VM): name for user, name in names.items()}, names)


def changes(**names: str) -> list[Change[UsernameWrite]]:
    """Changes that give users these usernames."""
    return [
        Change("ACME", KIND, user, SET_USERNAME, None, None, {"user": uuid}, UsernameWrite(uuid, name))
        for user, name in names.items()
        for uuid in [USERS[user].uuid]
    ]


# --- entries ---------------------------------------------------------------------------------------------------------


def test_all_wrong_entries_are_reported() -> None:
    users: list[User | UnresolvedUser] = [NOBODY, ALICE, ALICE, BOB, CAROL, BOB, NOBODY]
    entries = [UsernameEntry(f"usernames[{number}]", "user", name) for number, name in enumerate("nabAcxa")]
    resolved = list(zip(entries, users, strict=True))
    problems = find_problems(session(), resolved)
    assert list(problems) == [0, 2, 3, 5, 6]
    assert all(len(problem.errors) == 1 for problem in problems.values())


# --- usernames that are released -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "offering", "usernames", "is_free"),
    [
        (state({("bob", VM): "a"}), VM, {"bob": "b"}, True),
        (state({("bob", VM): "a"}), VM, {}, False),
        (state({("bob", VM): "a"}), VM, {"bob": "A"}, False),
        (state({("bob", STORAGE): "a"}), STORAGE, {"bob": "b"}, False),
        # A linked account is renamed wherever it is, if the service provider account of its user is.
        (state({}, {("bob", VM): "a", ("bob", STORAGE): "a"}, {"bob": "a"}), STORAGE, {"bob": "b"}, True),
        (state({("bob", VM): "x"}, {("bob", STORAGE): "a"}, {"bob": "a"}), STORAGE, {"bob": "b"}, False),
        (state({("bob", VM): "b"}, {("bob", STORAGE): "a"}, {"bob": "a"}), STORAGE, {"bob": "b"}, False),
        (state({}, {("bob", VM): "x"}, {"bob": "a"}), NO_OFFERING, {"bob": "b"}, True),
        (state({}, {("bob", VM): "b"}, {"bob": "a"}), NO_OFFERING, {"bob": "b"}, False),
        (state({("bob", VM): "x"}, {}, {"bob": "a"}), NO_OFFERING, {"bob": "b"}, False),
    ],
)
def test_a_username_is_released_where_the_plan_renames_the_account_that_has_it(
    current: UsernameState, offering: str, usernames: dict[str, str], is_free: bool
) -> None:
    desired = {USERS[user].uuid: name for user, name in usernames.items()}
    assert is_released(current, (offering, BOB.uuid), desired) is is_free


def test_a_user_who_can_access_no_offering_releases_nothing() -> None:
    current = state({("bob", VM): "a"})
    del current.accessible_offerings[BOB.uuid]
    assert not is_released(current, (VM, BOB.uuid), {BOB.uuid: "b"})


def taken(current: UsernameState, *pairs: tuple[str, User], **usernames: str) -> str:
    """The error for a username that these accounts have."""
    desired = {USERS[user].uuid: name for user, name in usernames.items()}
    holders = [(offering, user.uuid) for offering, user in pairs]
    return describe_taken(target(), UsernameEntry("usernames[0]", "alice", "a"), holders, current, desired)


def expect_taken(held: str, reason: str = "") -> str:
    values = {"option": "usernames[0].username", "username": "a", "provider": "ACME"}
    return message("username_of_another", held=held, reason=reason, remedy=message("remedy_other_username"), **values)


def test_each_account_that_has_the_username_is_named_with_why_the_plan_does_not_rename_it() -> None:
    current = state({("bob", STORAGE): "a"}, {}, {"carol": "a", "dave": "a"})
    pairs = [(NO_OFFERING, CAROL), (STORAGE, BOB), (NO_OFFERING, DAVE)]
    accounts = {user: f"their service provider account ({user.uuid[::-1]})" for user in (CAROL, DAVE)}
    held = f"bob in Storage; carol in {accounts[CAROL]}; dave in {accounts[DAVE]}"
    assert taken(current, *pairs) == expect_taken(held)
    reason = r" \(bob can't access that offering.*\) \(no offering that carol can access uses that account.*\)"
    text = taken(current, *pairs, bob="b", carol="c")
    assert mentions(text, "username_of_another", held=held, provider="ACME", reason=matching(reason))


def test_an_offering_without_a_known_name_is_called_by_its_uuid() -> None:
    current = state({("bob", STORAGE): "a"})
    assert taken(current, ("44" * 16, BOB)) == expect_taken(f"bob in {'44' * 16}")


# --- the order of the changes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "desired", "ranks"),
    [
        (
            state({("alice", VM): "a", ("bob", VM): "b", ("carol", VM): "c"}),
            {"alice": "b", "bob": "c", "carol": "new", "dave": "d"},
            {"carol": 0, "dave": 0, "bob": 1, "alice": 2},
        ),
        # Another spelling of a username of one's own is no reason to wait.
        (
            state({("alice", VM): "Alice", ("alice", STORAGE): "x"}),
            {"bob": "x", "alice": "alice"},
            {"alice": 0, "bob": 1},
        ),
        (state({("alice", VM): "a", ("bob", VM): "b"}), {"alice": "b", "bob": "a"}, {"alice": 0, "bob": 0}),
        (shared(alice="a", bob="b"), {"alice": "b", "bob": "a"}, {"alice": 0, "bob": 0}),
        # Only alice waits for a service provider account, so bob is the first to be renamed.
        (
            state({("alice", STORAGE): "a"}, {("alice", VM): "old", ("bob", VM): "b"}, {"alice": "old", "bob": "b"}),
            {"alice": "b", "bob": "a"},
            {"bob": 0, "alice": 1},
        ),
    ],
    ids=["chain", "own spelling", "cycle", "cycle of shared accounts", "shared accounts first"],
)
def test_a_username_is_given_away_before_another_user_takes_it(
    current: UsernameState, desired: dict[str, str], ranks: dict[str, int]
) -> None:
    ranked = rank_changes(changes(**desired), current)
    assert [(change.name, change.rank) for change in ranked] == list(ranks.items())


@pytest.mark.parametrize(
    ("current", "desired", "cycles"),
    [
        (shared(alice="a", bob="b"), {"alice": "B", "bob": "a"}, [["alice", "bob"]]),
        (
            shared(alice="a", bob="b", carol="c", dave="d"),
            {"dave": "b", "alice": "c", "bob": "d", "carol": "a"},
            [["dave", "bob"], ["alice", "carol"]],
        ),
        (
            shared(alice="a", bob="b", carol="c"),
            {"carol": "b", "alice": "c", "bob": "a"},
            [["carol", "bob", "alice"]],
        ),
        (shared(alice="a", bob="b", carol="c"), {"alice": "b", "bob": "c", "carol": "new"}, []),
        (shared(alice="a", bob="b"), {"alice": "A", "bob": "new"}, []),
        (state({("alice", VM): "a", ("bob", VM): "b"}), {"alice": "b", "bob": "a"}, []),
        # The username of bob is right where it is used, so that account is not renamed.
        (
            state({}, {("alice", VM): "a", ("bob", VM): "a"}, {"alice": "a", "bob": "b"}),
            {"alice": "b", "bob": "a"},
            [],
        ),
        # That of bob is not renamed, as they can't access an offering that uses it.
        (
            state({("bob", VM): "x"}, {("alice", VM): "a"}, {"alice": "a", "bob": "b"}),
            {"alice": "b", "bob": "a"},
            [],
        ),
    ],
)
def test_service_provider_accounts_that_would_swap_usernames_are_found(
    current: UsernameState, desired: dict[str, str], cycles: list[list[str]]
) -> None:
    found = find_cycles(changes(**desired), current)
    assert [[change.name for change in cycle] for cycle in found] == cycles


def test_a_swap_is_an_error_of_its_first_change_that_shows_all() -> None:
    values: dict[str, Any] = {"provider": "ACME", "usernames": "alice 'b', bob 'a'", "user": "alice"}
    assert describe_cycle(
        target(), UsernameEntry("usernames[0]", "alice", "b"), changes(alice="b", bob="a")
    ) == message("usernames_exchanged", option="usernames[0].username", **values)
