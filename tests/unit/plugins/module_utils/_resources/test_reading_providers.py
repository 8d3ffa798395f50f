# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests the resources of profiles and role grants send to read, and which rows they accept."""

from __future__ import annotations

from typing import Any

import pytest
from messages import fragment, matching, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import (
    GrantEntry,
    Grants,
    GrantState,
    UserRole,
)

from ...helpers.grant_samples import LATER, MANAGER, NOW, SOON, row
from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PROVIDER, session, target

PNG = b"\x89PNG\r\n\x1a\nlogo"
ROLE_ROW = {"uuid": MANAGER["uuid"], "name": "CUSTOMER.MANAGER", "content_type": "service_provider", "is_active": True}


# --- the profile -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "newer"),
    [([], True), ([{"account_options": {}}, {}], True), ([{"uuid": PROVIDER}, {"account_options": {}}], False)],
)
def test_the_options_of_a_new_provider_are_known_from_another_one(others: list[dict[str, Any]], newer: bool) -> None:
    uuids = {"uuid": PROVIDER, "customer_uuid": CUSTOMER}
    asked = AskedClient({"service_providers": [{**uuids, **one} for one in others]})
    assert ServiceProvider().read(asked.session(), target(None), Profile()) == ProfileState(None, newer=newer)


def test_a_row_that_the_list_gave_is_not_read_again() -> None:
    known = target()
    known.row = {"uuid": PROVIDER, "account_options": {}}
    asked = AskedClient()
    assert ServiceProvider().read(asked.session(), known, Profile()) == ProfileState(known.row, newer=True)
    assert asked.asked == []
    asked.objects["service_provider"] = {"uuid": PROVIDER}
    assert ServiceProvider().read(asked.session(), target(), Profile()) == ProfileState({"uuid": PROVIDER}, newer=False)


@pytest.mark.parametrize(
    ("newer", "blocking"),
    [
        ({}, ["A draft (Draft)", "Child (Active)", "Gone (Unavailable)", "VM (Active)"]),
        ({"account_options": {}}, ["A draft (Draft)", "Gone (Unavailable)", "VM (Active)"]),
    ],
)
def test_delete_of_a_provider_sends_no_state_that_2024_rejects_and_counts_children_as_the_server_does(
    newer: dict[str, Any], blocking: list[str]
) -> None:
    def offering(name: str, **other: Any) -> dict[str, Any]:
        return {"name": name, "state": "Active", "customer_uuid": CUSTOMER, "parent_uuid": None, **other}

    rows = [
        offering("VM"),
        offering("A draft", state="Draft"),
        offering("Gone", state="Unavailable"),
        offering("Child", parent_uuid="2a" * 16),
        offering("Done", state="Archived"),
        offering("Archived child", state="Archived", parent_uuid="2a" * 16),
        offering("Another's", customer_uuid="f" * 32),
    ]
    known = target()
    known.row = {"uuid": PROVIDER, **newer}
    asked = AskedClient({"provider_offerings": rows})
    found = ServiceProvider().read(asked.session(), known, Profile("absent"))
    assert found.live_offerings == blocking
    columns = ["uuid", "name", "state", "customer_uuid", "parent_uuid"]
    assert asked.asked == [("provider_offerings", None, {"customer_uuid": CUSTOMER, "field": columns})]


@pytest.mark.parametrize(("wanted", "sent"), [(None, "true"), (True, "true"), (False, "false")])
def test_a_new_provider_with_an_image_is_a_form_and_what_no_form_can_hold_follows(
    wanted: bool | None, sent: str
) -> None:
    fields: dict[str, Any] = {"description": "x", "allowed_domains": ["a.org"], "account_options": {"uid": 0}}
    if wanted is not None:
        fields["enable_notifications"] = wanted
    answer = {**fields, "uuid": PROVIDER, "image": "https://waldur.example.org/1"}
    asked = AskedClient(objects={"create": answer, "partial_update": answer})
    new, profile, state = target(None), Profile(fields=fields, image=ImageFile("logo.png", PNG)), ProfileState(None)
    (change,) = ServiceProvider().compare(session(), new, profile, state, {}).changes
    ServiceProvider().write(asked.session(), new, state, change)
    form = {"customer": new.customer_url, "description": "x", "enable_notifications": sent}
    files = {"image": ("logo.png", PNG, "image/png")}
    rest = {"allowed_domains": ["a.org"], "account_options": {"uid": 0}}
    assert asked.asked == [
        ("create", None, {"body": form, "files": files}),
        ("partial_update", PROVIDER, {"body": rest}),
    ]
    assert (new.uuid, state.row) == (PROVIDER, answer)
    assert state.image is not None
    assert state.image.size == len(PNG)


def test_the_predicted_row_of_a_new_provider_has_all_keys() -> None:
    state = ProfileState(None)
    planned = ServiceProvider().compare(session(), target(None), Profile(), state, {}).changes
    assert ServiceProvider().result(Profile(), state, {}, planned, done=False) == {
        "uuid": None,
        "url": None,
        "customer_uuid": CUSTOMER,
        "customer_name": "ACME",
        "description": "",
        "enable_notifications": True,
        "image": None,
    }


# --- grants ----------------------------------------------------------------------------------------------------------


def grants(*entries: GrantEntry, exclusive: bool = False, single: bool = False) -> Grants:
    return Grants(entries, exclusive, single=single)


def test_all_grants_and_their_roles_are_read_by_one_list() -> None:
    asked = AskedClient({"list_users": [row(ALICE)], "roles": [ROLE_ROW]}, {"me": staff()})
    resource, desired = asked.session(), grants(GrantEntry("", "alice"))
    found = UserRole().read(resource, target(), desired)
    role = {"uuid": MANAGER["uuid"], "name": "CUSTOMER.MANAGER"}
    assert found == GrantState([row(ALICE)], {"CUSTOMER.MANAGER": role}, NOW, has_checked_roles=False)
    assert asked.asked == [("list_users", PROVIDER, {})]
    confirmed = UserRole().confirm(resource, target(), desired, found)
    assert confirmed == GrantState([row(ALICE)], {"CUSTOMER.MANAGER": ROLE_ROW}, NOW)
    assert asked.asked[1:] == [("roles", None, {"field": ["uuid", "name", "content_type", "is_active"]})]
    assert UserRole().confirm(resource, target(), desired, confirmed) is confirmed
    assert UserRole().read(resource, target(), grants(exclusive=True)).me == "5a" * 16


def test_for_a_single_user_only_their_grants_are_read_and_rows_of_other_users_are_ignored() -> None:
    asked = AskedClient({"list_users": [row(ALICE), row(BOB)], "roles": [ROLE_ROW]})
    resource, desired = asked.session(), grants(GrantEntry("", ALICE.uuid), single=True)
    found = UserRole().read(resource, target(), desired)
    assert (found.rows, found.only_user) == ([row(ALICE)], ALICE.uuid)
    again = UserRole().verify(resource, target(), desired, found)
    assert (again.rows, again.only_user, again.me) == ([row(ALICE)], ALICE.uuid, None)
    assert [query for name, _uuid, query in asked.asked if name == "list_users"] == [{"user": ALICE.uuid}] * 2


_LOOKUP = {"field": ("uuid", "username", "email", "full_name", "is_active")}


@pytest.mark.parametrize(
    ("reference", "holders", "uuid", "requests"),
    [
        ("alice", [ALICE, BOB], ALICE.uuid, [("list_users", {"username": "alice"})]),
        (
            "alice",
            [BOB],
            ALICE.uuid,
            [("list_users", {"username": "alice"}), ("all_users", {**_LOOKUP, "username": "alice"})],
        ),
        (
            "alice@example.org",
            [BOB],
            ALICE.uuid,
            [
                ("list_users", {"username": "alice@example.org"}),
                ("all_users", {**_LOOKUP, "username": "alice@example.org"}),
                ("all_users", {**_LOOKUP, "email": "alice@example.org"}),
                ("list_users", {"user": ALICE.uuid}),
            ],
        ),
        (
            "nobody",
            [ALICE, BOB],
            None,
            [("list_users", {"username": "nobody"}), ("all_users", {**_LOOKUP, "username": "nobody"})],
        ),
        ("n" * 4000, [ALICE, BOB], None, [("list_users", {"username": None})]),
    ],
    ids=["with a grant", "without a grant", "e-mail address", "unknown", "longer than a URL"],
)
def test_the_grants_of_a_single_user_take_the_fewest_requests_and_no_list_of_all(
    reference: str, holders: list[User], uuid: str | None, requests: list[tuple[str, dict[str, Any]]]
) -> None:
    known = {"uuid": ALICE.uuid, "username": "alice", "email": "alice@example.org", "is_active": True}
    asked = AskedClient({"list_users": [row(user) for user in holders], "all_users": [known], "roles": [ROLE_ROW]})
    found = UserRole().read(asked.session(), target(), grants(GrantEntry("", reference), single=True))
    assert found.only_user == uuid
    assert found.rows == ([row(ALICE)] if uuid and ALICE in holders else [])
    # A search that finds nothing is repeated with the UUID before a grant.
    assert found.is_provisional == (reference == "alice" and ALICE not in holders)
    assert [(name, query) for name, _uuid, query in asked.asked if name != "roles"] == requests


LIKE_A_UUID = "0123456789abcdef" * 2


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_username_that_looks_like_a_uuid_is_that_of_its_user(state: str) -> None:
    named = User(ALICE.uuid, LIKE_A_UUID)
    person = {"uuid": ALICE.uuid, "username": LIKE_A_UUID, "email": None, "is_active": True}
    asked = AskedClient({"list_users": [row(named), row(BOB)], "all_users": [person], "roles": [ROLE_ROW]})
    found = UserRole().read(asked.session(), target(), grants(GrantEntry("", LIKE_A_UUID, state=state), single=True))
    assert (found.rows, found.only_user) == ([row(named)], ALICE.uuid)


@pytest.mark.parametrize(
    ("reference", "state", "requests"),
    [
        (f"https://waldur.example.org/api/users/{ALICE.uuid}/", "present", [{"user": ALICE.uuid}]),
        (f"https://waldur.example.org/api/users/{ALICE.uuid}/", "absent", [{"user": ALICE.uuid}]),
        (ALICE.uuid, "present", [{"user": ALICE.uuid}]),
        (ALICE.uuid, "absent", [{"user": ALICE.uuid}, {"username": ALICE.uuid}]),
    ],
    ids=["URL", "URL, absent", "UUID", "UUID, absent"],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_uuid_without_grants_is_searched_for_as_a_username_only_where_it_may_be_one(
    reference: str, state: str, requests: list[dict[str, Any]], is_known: bool
) -> None:
    person = {"uuid": ALICE.uuid, "username": "alice", "email": None, "is_active": True}
    users = {"user": person} if is_known else {}
    asked = AskedClient({"list_users": [row(BOB)], "roles": [ROLE_ROW]}, {"me": staff(), **users})
    found = UserRole().read(asked.session(), target(), grants(GrantEntry("", reference, state=state), single=True))
    assert (found.rows, found.only_user, found.is_provisional) == ([], ALICE.uuid, False)
    assert [query for name, _uuid, query in asked.asked if name == "list_users"] == requests


def test_grants_without_the_username_of_their_user_are_found_by_its_uuid() -> None:
    nameless = {key: value for key, value in row(ALICE).items() if key != "user_username"}
    person = {"uuid": ALICE.uuid, "username": "alice", "email": None, "is_active": True}
    asked = AskedClient({"list_users": [nameless, row(BOB)], "all_users": [person], "roles": [ROLE_ROW]})
    found = UserRole().read(asked.session(), target(), grants(GrantEntry("", "alice"), single=True))
    assert (found.rows, found.only_user, found.is_provisional) == ([nameless], ALICE.uuid, False)


def test_a_grant_is_read_by_its_user_before_it_is_made() -> None:
    """The user may get the username after the search for it."""
    person = {"uuid": ALICE.uuid, "username": "alice", "email": None, "is_active": True}
    asked = AskedClient({"list_users": [], "all_users": [person], "roles": [ROLE_ROW]})
    session_, desired = asked.session(), grants(GrantEntry("", "alice"), single=True)
    found = UserRole().read(session_, target(), desired)
    asked.tables["list_users"] = [row(ALICE)]
    confirmed = UserRole().confirm(session_, target(), desired, found)
    assert (confirmed.rows, confirmed.only_user, confirmed.is_provisional) == ([row(ALICE)], ALICE.uuid, False)
    assert asked.asked[-1] == ("list_users", PROVIDER, {"user": ALICE.uuid})


def test_a_user_who_was_renamed_is_not_taken_for_the_one_who_has_the_name_now() -> None:
    asked = AskedClient({"list_users": [row(ALICE)], "roles": [ROLE_ROW]})
    session_, desired = asked.session(), grants(GrantEntry("", "alice"), single=True)
    assert UserRole().read(session_, target(), desired).only_user == ALICE.uuid
    asked.tables["list_users"] = [row(User(BOB.uuid, "alice"))]
    assert UserRole().read(session_, target(), desired).only_user == BOB.uuid
    assert session_.references.users.known_uuid("alice") == BOB.uuid


def test_nothing_of_a_disabled_role_is_to_revoke_from_a_user_without_grants() -> None:
    disabled = {**ROLE_ROW, "is_active": False}
    asked = AskedClient({"list_users": [], "roles": [disabled]}, {"me": staff()})
    entry = GrantEntry("", ALICE.uuid, state="absent")
    assert UserRole().read(asked.session(), target(), grants(entry, single=True)).rows == []
    with pytest.raises(InvalidInput, match=fragment("role_disabled")):
        UserRole().read(asked.session(), target(), grants(GrantEntry("", ALICE.uuid), single=True))


def test_a_single_user_of_a_new_provider_has_no_grants_to_read() -> None:
    asked = AskedClient({"roles": [ROLE_ROW]})
    assert UserRole().read(asked.session(), target(None), grants(GrantEntry("", "alice"), single=True)).rows == []
    assert [name for name, _uuid, _query in asked.asked] == ["roles"]


def test_the_user_of_the_token_is_still_known_when_grants_are_verified() -> None:
    asked = AskedClient({"list_users": [row(ALICE)]})
    state = GrantState([], {}, NOW, me=ALICE.uuid)
    assert UserRole().verify(asked.session(), target(), grants(exclusive=True), state).me == ALICE.uuid


@pytest.mark.parametrize(("where", "option"), [("users[3]", "users[3].role"), ("", "role")])
def test_a_wrong_role_is_reported_by_its_place(where: str, option: str) -> None:
    asked = AskedClient({"roles": [ROLE_ROW]})
    with pytest.raises(InvalidInput) as refused:
        UserRole().read(asked.session(), target(), grants(GrantEntry(where, "alice", "WRONG")))
    assert refused.value.message == message("role_not_found", option=option, value="WRONG", roles="CUSTOMER.MANAGER")


def test_a_double_grant_is_reported_with_both_expiries() -> None:
    rows = [row(ALICE, LATER, uuid="1"), row(ALICE, uuid="2")]
    state = GrantState(rows, {"CUSTOMER.MANAGER": MANAGER}, NOW)
    desired = grants(GrantEntry("users[0]", "alice", expiration_time=SOON))
    (told,) = UserRole().compare(session(), target(), desired, state, {"alice": ALICE}).errors
    assert told == (
        message(
            "granted_twice",
            grant="alice as CUSTOMER.MANAGER",
            count="2",
            provider="ACME",
            expiries=f"{'1' * 32} until {LATER.isoformat()}, {'2' * 32} until never",
        )
    )
    asked = AskedClient({"list_users": rows})
    with pytest.raises(
        WaldurError, match=fragment("granted_meanwhile", duplicate=matching(f"alice as .* {'2' * 32}.*"))
    ):
        UserRole().verify(asked.session(), target(), desired, GrantState([], {}, NOW))
