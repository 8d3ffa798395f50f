# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames that accounts of other users have: rejected in the plan, unless the same document gives them away first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import begins, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import UsernameState
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CAROL, PEOPLE, session, target
from .test_offering_username import STORAGE, VM, compare, entry, state
from .test_offering_username_reading import account, client, permission, read


def error(found: Comparison[UsernameWrite]) -> str:
    assert not found.changes
    [text] = found.errors
    return text


@pytest.mark.parametrize("present", ["a", "A", " a "])
def test_a_username_that_another_users_account_has_is_rejected_in_any_case(present: str) -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): None, (BOB, STORAGE): present})
    text = error(compare(found, entry("alice", "a")))
    assert begins(
        text,
        "username_of_another",
        option="offering_usernames[alice].username",
        username="a",
        held=matching(f"{BOB.uuid} in Storage.*"),
        provider="ACME",
        reason="",
        remedy=message("remedy_other_username"),
    )


COMPOSED, DECOMPOSED = "jos\u00e9", "jose\u0301"


@pytest.mark.parametrize(
    ("present", "asked"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), ("JOSE\u0301", COMPOSED), ("\uff41", "a")]
)
def test_a_username_that_another_user_has_in_another_form_of_its_characters_is_rejected(
    present: str, asked: str
) -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): None, (BOB, STORAGE): present})
    assert mentions(
        error(compare(found, entry("alice", asked))), "username_of_another", held=matching(f"{BOB.uuid} in Storage.*")
    )


def test_two_entries_with_forms_of_one_username_are_rejected() -> None:
    [text] = compare(state({ALICE: [VM], BOB: [VM]}), entry("alice", COMPOSED), entry("bob", DECOMPOSED)).errors
    assert mentions(text, "username_requested_twice", differs=message("usernames_without_form"))


def test_the_holder_of_a_username_is_named_as_waldur_shows_them_with_offering_and_state() -> None:
    found = state({ALICE: [VM]}, {(BOB, STORAGE): "A"})
    found.holder_names[BOB.uuid] = "bob"
    row = {"username": "A", "offering_name": "Tape", "state": "Deleted"}
    found.rows[STORAGE, BOB.uuid] = row
    assert mentions(
        error(compare(found, entry("alice", "a"))),
        "username_of_another",
        held="bob in Tape (as 'A', state Deleted)",
        provider="ACME",
    )


def test_a_username_that_the_user_has_in_another_case_is_a_rename() -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): "Alice"})
    assert [change.after for change in compare(found, entry("alice", "alice")).changes] == [{"VM": "alice"}]


def test_a_username_that_is_right_already_is_no_change_even_where_another_user_has_it_too() -> None:
    found = state({ALICE: [VM]}, {(ALICE, VM): "a", (BOB, VM): "A"})
    assert compare(found, entry("alice", "a")) == Comparison()


def test_two_entries_that_differ_in_case_alone_are_rejected() -> None:
    found = compare(state({ALICE: [VM], BOB: [VM]}), entry("alice", "Same"), entry("bob", "sAME"))
    assert found.errors == (
        message(
            "username_requested_twice",
            option="offering_usernames[bob].username",
            username="sAME",
            user="bob",
            first="offering_usernames[alice]",
            other="alice as 'Same'",
            differs=message("usernames_without_case"),
        ),
    )


@pytest.mark.parametrize("first", ["alice", "bob"])
def test_a_username_that_the_same_document_gives_away_can_be_taken_and_is_given_away_first(first: str) -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(ALICE, VM): "x", (BOB, VM): "y"})
    taker, giver = ("alice", "bob") if first == "bob" else ("bob", "alice")
    name = {"alice": "x", "bob": "y"}[giver]
    plan = compare(found, entry(taker, name), entry(giver, "new"))
    assert not plan.errors
    assert [change.name for change in plan.changes] == [giver, taker]


def test_two_users_can_exchange_their_usernames() -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(ALICE, VM): "a", (BOB, VM): "b"})
    plan = compare(found, entry("alice", "b"), entry("bob", "a"))
    assert not plan.errors
    assert [change.name for change in plan.changes] == ["alice", "bob"]


def test_a_holder_who_only_changes_case_gives_nothing_away() -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(BOB, VM): "same"})
    plan = compare(found, entry("alice", "same"), entry("bob", "SAME"))
    assert (plan.changes, len(plan.errors)) == ((), 2)


def test_a_username_stays_taken_by_an_account_that_the_server_would_not_touch() -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(BOB, VM): "b", (BOB, STORAGE): "a"})
    found.holder_names[BOB.uuid] = "bob"
    text = error(Comparison(errors=compare(found, entry("alice", "a"), entry("bob", "b2")).errors))
    assert mentions(
        text,
        "username_of_another",
        held="bob in Storage",
        provider="A",
        reason=matching(r"CME \(bob can't access that offering, so their entry.*"),
    )


def test_a_deleted_account_that_the_document_renames_gives_its_username_away() -> None:
    found = state({ALICE: [VM], BOB: [VM]}, {(BOB, VM): "a"})
    found.rows[VM, BOB.uuid] = {"username": "a", "state": "Deleted"}
    assert not compare(found, entry("alice", "a"), entry("bob", "b")).errors


def test_a_user_without_reach_takes_no_username_so_nothing_is_rejected() -> None:
    found = compare(state({}, {(BOB, VM): "a"}), entry("alice", "a"))
    assert (found.errors, len(found.warnings)) == ((), 1)


def test_every_holder_of_a_username_is_named() -> None:
    found = state({ALICE: [VM]}, {(BOB, VM): "a", (BOB, STORAGE): "a", (CAROL, VM): "A"})
    found.holder_names.update({BOB.uuid: "bob", CAROL.uuid: "carol"})
    assert "of bob in Storage, VM; carol in VM at ACME" in error(compare(found, entry("alice", "a")))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[UsernameState, dict[str, str]]:
    """Accounts of three users at two offerings, and a username for each of them."""
    names = st.sampled_from(["a", "A", "b", "c", "d"])
    users = [ALICE, BOB, CAROL]
    reach = {user: draw(st.sets(st.sampled_from([VM, STORAGE]), min_size=1)) for user in users}
    accounts = {(user, offering): draw(names) for user in users for offering in (VM, STORAGE)}
    return state(reach, accounts), {str(user.username): draw(names) for user in users}


def others(accounts: dict[tuple[str, str], str | None], user: str) -> set[str]:
    return {(name or "").casefold() for (_offering, holder), name in accounts.items() if holder != user}


@given(worlds())
def test_carrying_out_a_plan_never_gives_a_user_the_username_of_another(
    world: tuple[UsernameState, dict[str, str]],
) -> None:
    found, desired = world
    plan = compare(found, *(entry(user, name) for user, name in desired.items()))
    if plan.errors:
        return
    accounts = dict(found.accounts)
    for change in plan.changes:
        user = change.payload.user_uuid
        accounts.update({(offering, user): change.payload.username for offering in found.accessible_offerings[user]})
    for change in plan.changes:
        assert change.payload.username.casefold() not in others(accounts, change.payload.user_uuid)


# --- a task for a single user ----------------------------------------------------------------------------------------


class FilteringClient(AskedClient):
    """Obeys ``user_uuid`` as every Waldur does, and ``query`` where ``knows_query``."""

    knows_query = True

    def rows(self, name: str, uuid: str | None = None, /, **query: Any) -> list[dict[str, Any]]:
        """The rows that the filters leave."""
        found = super().rows(name, uuid, **query)
        if name == "offering_users":
            user, text = query.get("user_uuid"), query.get("query") if self.knows_query else None
            found = [row for row in found if user in (None, row["user_uuid"])]
            found = [row for row in found if not text or text.lower() in (row["username"] or "").lower()]
        return found


def single(
    rows: list[dict[str, Any]], username: str, *, knows_query: bool = True
) -> tuple[Comparison[UsernameWrite], AskedClient]:
    asked = FilteringClient({**client().tables, "offering_users": rows}, {"me": staff()})
    asked.knows_query = knows_query
    part = Usernames((UsernameEntry("", "alice", username),), single=True)
    asked.tables["all_users"] = [{"uuid": ALICE.uuid, "username": "alice"}]
    found = OfferingUsername().read(asked.session(), target(), part)
    return OfferingUsername().compare(session(), target(), part, found, PEOPLE), asked


def accounts_asked(asked: AskedClient) -> list[Any]:
    return [query.get("query") for name, _uuid, query in asked.asked if name == "offering_users"]


@pytest.mark.parametrize("knows_query", [True, False])
def test_a_task_for_a_single_user_sees_other_holders_with_one_more_request(knows_query: bool) -> None:
    rows = [account(), account(BOB, username="TAKEN"), account(CAROL, username="taken2")]
    found, asked = single(rows, "taken", knows_query=knows_query)
    assert begins(
        error(found),
        "username_of_another",
        option="username",
        username="taken",
        held=matching(f"{BOB.uuid} in VM \\(as 'TAKEN'\\).*"),
    )
    assert accounts_asked(asked) == [None, "taken"]


def test_a_task_for_a_single_user_whose_username_is_right_asks_nobody_else() -> None:
    found, asked = single([account(), account(BOB, username="a")], "a")
    assert found == Comparison()
    assert accounts_asked(asked) == [None]


def test_a_username_beyond_ascii_is_looked_for_in_the_whole_list_as_databases_differ() -> None:
    found, asked = single([account(), account(BOB, username="ÄÖ")], "äö")
    assert mentions(error(found), "username_of_another")
    assert accounts_asked(asked) == [None, None]


def test_where_the_server_ignores_the_user_filter_the_list_is_read_once() -> None:
    asked = client(offering_users=[account(), account(BOB, username="taken")])
    asked.tables["all_users"] = [{"uuid": ALICE.uuid, "username": "alice"}]
    part = Usernames((UsernameEntry("", "alice", "taken"),), single=True)
    found = OfferingUsername().read(asked.session(), target(), part)
    assert accounts_asked(asked) == [None]
    assert OfferingUsername().compare(session(), target(), part, found, PEOPLE).errors


def test_accounts_at_other_providers_take_no_usernames() -> None:
    found, _asked = single([account(), account(BOB, username="x", customer_uuid="f" * 32)], "x")
    assert len(found.changes) == 1


def test_a_list_of_usernames_sees_all_holders_without_another_request() -> None:
    asked = client(offering_users=[account(), account(BOB, username="x", user_username="bob")])
    found = read(asked, "alice")
    assert (found.holder_names, len(accounts_asked(asked))) == ({BOB.uuid: "bob"}, 1)
    assert "of bob in VM" in error(compare(found, entry("alice", "x")))


def test_usernames_that_differ_in_case_alone_are_not_exported() -> None:
    asked = client(
        project_permissions=[permission(), permission(BOB)],
        offering_users=[account(username="same"), account(BOB, username="SAME")],
    )
    found = OfferingUsername().export(asked.session(), target())
    assert not found.keys
    assert ["which 2 users share" in note.text for note in found.notes] == [True, True]
