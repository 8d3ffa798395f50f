# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare current role grants with desired ones: every branch, with sample states."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from messages import begins, message

from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison, Subject
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import GrantEntry, GrantWrite

from ...helpers.grant_samples import LATER, MANAGER, NOW, OTHER, PAST, SOON, absent, compare, entry, row
from ...helpers.samples import ALICE, BOB, CAROL, CUSTOMER, GONE


def only(comparison: Comparison[GrantWrite]) -> Change[GrantWrite]:
    """The one change of a plan that holds nothing else."""
    assert comparison == Comparison(comparison.changes)
    [change] = comparison.changes
    return change


# --- present and absent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expiry", [UNSET, None])
def test_a_missing_grant_is_created_without_an_expiry_unless_the_entry_has_one(expiry: Any) -> None:
    change = only(compare([], entry("alice", expiry)))
    assert change.as_dict() == {
        "service_provider": "ACME",
        "kind": "user_role",
        "name": "alice as CUSTOMER.MANAGER",
        "action": "grant",
        "before": None,
        "after": {"expiration_time": None},
        "id": {"customer": CUSTOMER, "user": ALICE.uuid, "role": MANAGER["uuid"]},
    }
    assert change.payload.body(change.action) == {"role": MANAGER["uuid"], "user": ALICE.uuid}
    assert not change.is_implied


def test_a_grant_with_an_expiry_is_made_with_it() -> None:
    change = only(compare([], entry("alice", SOON)))
    assert (change.action.name, change.after) == ("grant", {"expiration_time": "2027-06-30T00:00:00Z"})
    assert change.payload.body(change.action)["expiration_time"] == "2027-06-30T00:00:00Z"


@pytest.mark.parametrize("now", [None, SOON])
def test_an_expiry_left_out_leaves_the_present_one_as_it_is(now: datetime | None) -> None:
    assert compare([row(ALICE, now)], entry("alice")) == Comparison()


@pytest.mark.parametrize(
    "there", ["2027-06-30T00:00:00Z", "2027-06-30T00:00:00.000000+00:00", "2027-06-30T02:00:00+02:00"]
)
def test_the_same_expiry_in_another_form_is_no_change(there: str) -> None:
    assert compare([{**row(ALICE), "expiration_time": there}], entry("alice", SOON)) == Comparison()


def test_a_row_without_the_key_of_the_expiry_is_a_grant_that_never_expires() -> None:
    found = row(ALICE)
    del found["expiration_time"]
    assert compare([found], entry("alice", None)) == Comparison()


def test_uuids_of_rows_with_dashes_and_capitals_are_the_same_grant() -> None:
    dashed = f"{ALICE.uuid[:8]}-{ALICE.uuid[8:12]}-{ALICE.uuid[12:16]}-{ALICE.uuid[16:20]}-{ALICE.uuid[20:]}".upper()
    assert compare([{**row(ALICE), "user_uuid": dashed}], entry("alice")) == Comparison()


def test_the_same_user_in_another_role_has_another_grant() -> None:
    assert only(compare([row(ALICE)], entry("alice", role="PROVIDER.VIEWER"))).action.name == "grant"


@pytest.mark.parametrize(
    ("now", "wanted", "action"),
    [
        (SOON, LATER, "extend"),
        (LATER, SOON, "shorten"),
        (None, SOON, "shorten"),
        (SOON, None, "make_permanent"),
        (PAST, SOON, "extend"),
        (PAST, None, "make_permanent"),
    ],
)
def test_another_expiry_changes_the_grant_that_is_there_and_never_adds_a_second_one(
    now: datetime | None, wanted: datetime | None, action: str
) -> None:
    change = only(compare([row(ALICE, now)], entry("alice", wanted)))
    assert change.action.name == action
    assert change.before == {"expiration_time": now and now.isoformat().replace("+00:00", "Z")}
    assert change.after == {"expiration_time": wanted and wanted.isoformat().replace("+00:00", "Z")}
    # Left out, it would be cleared: it is always said.
    assert change.payload.body(change.action) == {"role": MANAGER["uuid"], "user": ALICE.uuid, **change.after}


@pytest.mark.parametrize("expiry", [None, SOON, PAST])
def test_what_is_to_be_absent_is_revoked_also_when_expired_and_still_listed(expiry: datetime | None) -> None:
    change = only(compare([row(ALICE, expiry)], absent("alice")))
    assert (change.action.name, change.after) == ("revoke", None)
    assert change.payload.body(change.action) == {"role": MANAGER["uuid"], "user": ALICE.uuid}
    assert not change.is_implied


def test_a_missing_grant_that_is_to_be_absent_is_no_change() -> None:
    assert compare([row(ALICE, role=OTHER), row(BOB)], absent("alice")) == Comparison()


def test_a_user_whose_name_the_token_cannot_see_is_shown_by_uuid() -> None:
    people = {"x": User("e" * 32)}
    assert only(compare([], entry("x"), people=people)).name == f"{'e' * 32} as CUSTOMER.MANAGER"


# --- expiries that have passed ---------------------------------------------------------------------------------------


def test_a_passed_expiry_of_an_absent_grant_is_no_change_and_one_warning() -> None:
    text = "users[alice]: 2027-01-01T00:00:00Z has passed, so the grant of alice as CUSTOMER.MANAGER has ended."
    assert compare([], entry("alice", PAST)) == Comparison(warnings=(text,))


def test_a_passed_expiry_that_the_listed_grant_has_too_is_no_change_and_one_warning() -> None:
    found = compare([row(ALICE, PAST)], entry("alice", PAST))
    assert not found.changes
    assert not found.errors
    assert len(found.warnings) == 1


def test_the_very_moment_of_the_expiry_counts_as_passed() -> None:
    assert compare([], entry("alice", NOW)).warnings


@pytest.mark.parametrize("now", [None, SOON, NOW])
def test_a_past_moment_that_would_have_to_be_sent_is_refused_with_what_to_do(now: datetime | None) -> None:
    found = compare([row(ALICE, now)], entry("alice", PAST))
    assert not found.changes
    assert not found.warnings
    [error] = found.errors
    assert error.startswith("users[alice].expiration_time: 2027-01-01T00:00:00Z has passed")
    assert "use state: absent" in error


def test_an_expired_grant_that_no_entry_gives_an_expiry_is_left_with_one_warning() -> None:
    found = compare([row(ALICE, PAST)], entry("alice"))
    assert not found.changes
    assert not found.errors
    [warning] = found.warnings
    assert "expired at 2027-01-01T00:00:00Z and stays listed" in warning


# --- double grants ---------------------------------------------------------------------------------------------------

TWO = [row(ALICE, SOON, uuid="1"), row(ALICE, None, uuid="2")]


@pytest.mark.parametrize(
    "desired", [entry("alice", SOON), entry("alice", None), entry("alice", LATER), absent("alice")]
)
def test_a_double_grant_that_would_have_to_change_is_an_error_that_names_both(desired: GrantEntry) -> None:
    found = compare(TWO, desired)
    assert not found.changes
    [error] = found.errors
    assert "alice as CUSTOMER.MANAGER is granted 2 times on ACME" in error
    assert "1" * 32 in error
    assert "2" * 32 in error
    assert "/api/user-permissions/<uuid>/revoke/" in error


def test_a_double_grant_that_need_not_change_is_left_alone_with_a_warning() -> None:
    for found in (
        compare(TWO, entry("alice")),
        compare([row(ALICE, SOON, uuid="1"), row(ALICE, SOON, uuid="2")], entry("alice", SOON)),
    ):
        assert (found.changes, found.errors) == ((), ())
        assert found.warnings[0].startswith("users[alice]: alice as CUSTOMER.MANAGER is granted 2 times on ACME")


def test_grants_in_two_roles_are_no_double_grant() -> None:
    found = compare([row(ALICE), row(ALICE, role=OTHER)], absent("alice"))
    assert only(found).id["role"] == MANAGER["uuid"]


# --- unknown and deactivated users -----------------------------------------------------------------------------------


def test_an_unknown_user_is_an_error_that_names_place_and_value() -> None:
    found = compare([], entry("nobody"))
    assert not found.changes
    [error] = found.errors
    assert begins(error, "user_not_found", option="users[nobody].user", value="nobody")
    assert error.count("missing_users: warn") == 1


@pytest.mark.parametrize("desired", [entry("nobody"), entry("nobody", SOON), absent("nobody")])
def test_an_unknown_user_may_be_skipped_with_a_warning_and_is_listed(desired: GrantEntry) -> None:
    found = compare([row(BOB)], desired, entry("alice"), missing_users="warn")
    assert [change.name for change in found.changes] == ["alice as CUSTOMER.MANAGER"]
    assert found.missing_users == ("nobody",)
    assert not found.errors
    [warning] = found.warnings
    assert warning.startswith("users[nobody] was left out: user 'nobody' not found")


def test_a_deactivated_user_counts_as_missing_for_present() -> None:
    [error] = compare([], entry("gone")).errors
    assert error.startswith("users[gone].user: the user 'gone' is deactivated")
    assert error.count("missing_users: warn") == 1
    found = compare([], entry("gone"), missing_users="warn")
    assert (found.changes, found.errors, found.missing_users) == ((), (), ("gone",))


@pytest.mark.parametrize("missing_users", ["fail", "warn"])
def test_a_deactivated_user_to_be_absent_is_no_change_with_a_warning(missing_users: str) -> None:
    found = compare([], absent("gone"), missing_users=missing_users)
    assert (found.changes, found.errors, found.missing_users) == ((), (), ())
    [warning] = found.warnings
    assert "deactivated" in warning


@pytest.mark.parametrize(
    ("user", "rows", "expiry", "option"),
    [("nobody", [], UNSET, "user"), ("gone", [], UNSET, "user"), ("alice", [row(ALICE)], PAST, "expiration_time")],
)
def test_what_is_wrong_with_a_single_user_names_the_option_of_the_task(
    user: str, rows: list[dict[str, Any]], expiry: Any, option: str
) -> None:
    [error] = compare(rows, GrantEntry("", user, expiration_time=expiry)).errors
    assert error.startswith(f"{option}: ")


def test_a_warning_about_a_single_user_names_the_user() -> None:
    for desired in (GrantEntry("", "alice", expiration_time=PAST), GrantEntry("", "gone", state="absent")):
        [warning] = compare([], desired).warnings
        assert warning.startswith("user: ")
        assert desired.user in warning


# --- duplicate entries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (entry("alice"), entry("alice", SOON)),
        (entry("alice"), absent("alice@example.org")),
        (entry("alice"), entry("alice@example.org", role=MANAGER["uuid"])),
    ],
)
def test_the_same_user_and_role_twice_is_an_error_however_they_are_named(first: GrantEntry, second: GrantEntry) -> None:
    found = compare([], first, second)
    assert found.errors == (
        message("entry_twice", option=second.where, entry="alice as CUSTOMER.MANAGER", first=first.where),
    )


def test_one_user_in_two_roles_is_no_error() -> None:
    found = compare([], entry("alice"), entry("alice", role="PROVIDER.VIEWER"))
    assert [change.name for change in found.changes] == ["alice as CUSTOMER.MANAGER", "alice as PROVIDER.VIEWER"]


# --- exclusive -------------------------------------------------------------------------------------------------------


def test_exclusive_revokes_every_grant_of_any_role_that_no_entry_keeps() -> None:
    found = compare([row(ALICE), row(ALICE, role=OTHER), row(BOB, SOON), row(CAROL)], entry("alice"), exclusive=True)
    assert [(change.action.name, change.name, change.is_implied) for change in found.changes] == [
        ("revoke", "alice as PROVIDER.VIEWER", True),
        ("revoke", "bob as CUSTOMER.MANAGER", True),
        ("revoke", "carol as CUSTOMER.MANAGER", True),
    ]
    assert found.changes[1].before == {"expiration_time": "2027-06-30T00:00:00Z"}
    assert not found.warnings
    assert not found.errors


def test_a_revocation_that_exclusive_implies_says_all_that_the_grant_says_of_its_user() -> None:
    """A policy that protects a user or a role decides by it."""
    change = only(compare([row(ALICE), {**row(BOB), "user_email": BOB.email}], entry("alice"), exclusive=True))
    assert change.subject == Subject(
        "exclusive_users", BOB.uuid, "bob", "bob@example.org", MANAGER["uuid"], MANAGER["name"]
    )
    assert change.id == {"customer": CUSTOMER, "user": BOB.uuid, "role": MANAGER["uuid"]}


def test_without_exclusive_grants_that_are_not_listed_are_left_alone() -> None:
    assert compare([row(ALICE), row(BOB), row(CAROL, PAST), *TWO], entry("bob")) == Comparison()


def test_what_an_entry_asks_to_be_absent_is_revoked_once_and_does_not_count_as_unnamed() -> None:
    found = compare([row(ALICE), row(BOB)], entry("alice"), absent("bob"), exclusive=True)
    change = only(found)
    assert (change.name, change.action.name, change.is_implied) == ("bob as CUSTOMER.MANAGER", "revoke", False)


def test_exclusive_neither_revokes_nor_counts_an_expired_grant_that_is_still_listed() -> None:
    assert compare([row(ALICE), row(BOB, PAST), row(CAROL, NOW)], entry("alice"), exclusive=True) == Comparison()


def test_exclusive_never_revokes_the_tokens_own_grant_without_an_explicit_entry() -> None:
    found = compare([row(ALICE), row(BOB)], entry("alice"), exclusive=True, me=BOB.uuid)
    assert not found.changes
    [warning] = found.warnings
    assert begins(warning, "own_grant_kept", option="exclusive_users", grant="bob as CUSTOMER.MANAGER", provider="ACME")
    asked = compare([row(ALICE), row(BOB)], entry("alice"), absent("bob"), exclusive=True, me=BOB.uuid)
    assert only(asked).action.name == "revoke"


def test_exclusive_is_refused_where_a_double_grant_would_have_to_go() -> None:
    found = compare([*TWO, row(BOB)], entry("bob"), exclusive=True)
    assert not found.changes
    [error] = found.errors
    assert begins(error, "granted_twice", grant="alice as CUSTOMER.MANAGER", count=2, provider="ACME")


def test_exclusive_keeps_a_double_grant_that_an_entry_names() -> None:
    found = compare(TWO, entry("alice"), exclusive=True)
    assert (found.changes, found.errors) == ((), ())


@pytest.mark.parametrize("entries", [(), (absent("alice"),), (absent("alice"), absent("bob")), (entry("alice", PAST),)])
def test_exclusive_where_no_entry_keeps_any_grant_is_refused(entries: tuple[GrantEntry, ...]) -> None:
    found = compare([row(CAROL)], *entries, exclusive=True)
    assert not [change for change in found.changes if change.is_implied]
    assert any(begins(error, "exclusive_keeps_nobody", option="exclusive_users") for error in found.errors)


def test_exclusive_where_the_only_entry_is_of_a_deactivated_user_revokes_nobody() -> None:
    found = compare([row(ALICE), row(BOB)], entry("gone"), exclusive=True, missing_users="warn")
    assert not found.changes


@pytest.mark.parametrize("desired", [entry("nobody"), absent("nobody")])
def test_while_any_entry_is_unresolved_exclusive_plans_no_revocation_and_says_so(desired: GrantEntry) -> None:
    found = compare([row(ALICE), row(BOB)], desired, entry("alice", SOON), exclusive=True, missing_users="warn")
    assert [change.action.name for change in found.changes] == ["shorten"]
    assert any(begins(warning, "unlisted_grants_kept", option="exclusive_users") for warning in found.warnings)


def test_what_is_asked_to_be_absent_is_revoked_also_while_another_entry_is_unresolved() -> None:
    entries = (entry("nobody"), entry("alice"), absent("bob"))
    found = compare([row(ALICE), row(BOB), row(CAROL)], *entries, exclusive=True, missing_users="warn")
    assert [(change.action.name, change.name) for change in found.changes] == [("revoke", "bob as CUSTOMER.MANAGER")]


def test_a_deactivated_user_to_be_absent_does_not_stop_an_exclusive_list() -> None:
    found = compare([row(ALICE), row(BOB)], absent("gone"), entry("alice"), exclusive=True)
    assert [change.name for change in found.changes] == ["bob as CUSTOMER.MANAGER"]


def test_grants_and_expiries_come_before_revocations() -> None:
    entries = (absent("bob"), entry("carol"), entry("alice", SOON))
    found = compare([row(ALICE), row(BOB), row(GONE)], *entries, exclusive=True)
    assert [(change.action.name, change.name.split()[0]) for change in found.changes] == [
        ("shorten", "alice"),
        ("grant", "carol"),
        ("revoke", "bob"),
        ("revoke", "gone"),
    ]
