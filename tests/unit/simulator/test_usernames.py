# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames behave as documented (api-behaviour: set-offerings-username, usernames-reach)."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Answer, Api

ACCOUNTS = "marketplace-offering-users/"
UNKNOWN = "0123456789abcdef0123456789abcdef"


def name(api: Api, user: str, username: str, *, by: str = "owner") -> Answer:
    """``set_offerings_username`` on the provider Alpha."""
    path = f"{api.provider()}set_offerings_username/"
    return api.post(path, {"user_uuid": api.user(user), "username": username}, by=by)


def accounts(api: Api, user: str, *, by: str = "staff") -> dict[str, tuple[str, str]]:
    """Username and state of the accounts of *user* at the provider Alpha, by offering."""
    query = {"user_uuid": api.user(user), "provider_uuid": api.customer("Alpha Cloud Ltd")["uuid"]}
    return {row["offering_name"]: (row["username"], row["state"]) for row in api.rows(ACCOUNTS, by=by, **query)}


def test_every_reached_offering_gets_the_name_and_the_answer_says_nothing(api: Api) -> None:
    answer = name(api, "pa1", "pa")
    assert (answer.status, answer.body) == (201, {"detail": "Offering users have been set."})
    assert accounts(api, "pa1") == {"Alpha VM": ("pa", "OK"), "Alpha Storage": ("pa", "OK")}


def test_a_missing_account_is_made(api: Api) -> None:
    api.sim.delete("OfferingUser", {"user__username": "member1"})
    name(api, "member1", "m1")
    assert accounts(api, "member1") == {"Alpha VM": ("m1", "OK"), "Alpha Storage": ("m1", "OK")}


def test_private_offerings_are_touched_too_and_dead_resources_reach_nothing(api: Api) -> None:
    for offering, state in (("Alpha Private", "OK"), ("Alpha Request", "Terminated")):
        api.sim.create("Resource", offering=offering, project="Project c3", name="r", state=state)
    name(api, "member3", "m3")
    assert accounts(api, "member3") == {"Alpha VM": ("m3", "OK"), "Alpha Private": ("m3", "OK")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Requested", "OK"),
        ("Creating", "OK"),
        ("Pending account linking", "OK"),
        ("Pending additional validation", "OK"),
        ("Error creating", "OK"),
        ("Requested deletion", "Requested deletion"),
        ("Deleted", "Deleted"),
        ("Error deleting", "Error deleting"),
    ],
)
def test_a_name_completes_what_waits_and_leaves_the_deleted_deleted(api: Api, before: str, after: str) -> None:
    api.sim.change("OfferingUser", {"user__username": "member3"}, {"state": before})
    name(api, "member3", "m3")
    assert accounts(api, "member3") == {"Alpha VM": ("m3", after)}


def test_a_user_without_a_project_role_gets_201_and_no_account(api: Api) -> None:
    for user in ("outsider", "consumer_owner"):
        assert name(api, user, "zzz").status == 201
        assert accounts(api, user) == {}


def test_a_blank_name_makes_missing_accounts_and_keeps_names(api: Api) -> None:
    assert name(api, "member1", "").status == 201
    assert accounts(api, "member1")["Alpha VM"][0] == "m1_alpha"


def test_body_and_user_are_checked_before_the_permission(api: Api) -> None:
    path = f"{api.provider()}set_offerings_username/"
    empty = api.post(path, {}, by="outsider")
    assert empty.body == {"user_uuid": ["This field is required."], "username": ["This field is required."]}
    assert api.post(path, {"user_uuid": UNKNOWN, "username": "x"}, by="outsider").status == 400
    assert name(api, "member3", "x", by="outsider").status == 403
    assert name(api, "member3", "x", by="manager_alpha").status == 403


def test_an_unknown_or_deactivated_user_is_a_bare_list(api: Api) -> None:
    answer = api.post(f"{api.provider()}set_offerings_username/", {"user_uuid": UNKNOWN, "username": "x"})
    assert answer.status == 400
    assert answer.body == ["A user with the uuid [01234567-89ab-cdef-0123-456789abcdef] is not found."]
    assert isinstance(name(api, "inactive", "gone").body, list)


def test_a_name_of_more_than_a_hundred_characters_is_500_in_html_and_changes_nothing(api: Api) -> None:
    before = accounts(api, "member1")
    answer = name(api, "member1", "x" * 101)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert accounts(api, "member1") == before


def test_provider_uuid_of_the_accounts_is_the_customer(api: Api) -> None:
    provider = api.get_object(api.provider())
    assert len(api.rows(ACCOUNTS, provider_uuid=provider["customer_uuid"])) == 12
    assert api.rows(ACCOUNTS, provider_uuid=provider["uuid"]) == []


def test_accounts_of_offerings_without_the_option_are_hidden_from_all_but_staff_and_support(api: Api) -> None:
    assert set(accounts(api, "member1", by="owner")) == {"Alpha VM", "Alpha Storage"}
    api.sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {}})
    assert set(accounts(api, "member1", by="owner")) == {"Alpha Storage"}
    for caller in ("staff", "support_user"):
        assert set(accounts(api, "member1", by=caller)) == {"Alpha VM", "Alpha Storage"}
    assert api.rows(ACCOUNTS, by="outsider") == []


def test_an_account_is_renamed_by_patch(api: Api) -> None:
    row = next(row for row in api.rows(ACCOUNTS, user_username="MEMBER3"))
    answer = api.patch(f"{ACCOUNTS}{row['uuid']}/", {"username": "  patched "}, by="owner")
    assert (answer.status, answer.body["username"], answer.body["state"]) == (200, "patched", "OK")
    assert api.patch(f"{ACCOUNTS}{row['uuid']}/", {"username": None}, by="owner").body["username"] is None
    assert api.patch(f"{ACCOUNTS}{row['uuid']}/", {"username": "x" * 101}, by="owner").status == 400
    assert api.patch(f"{ACCOUNTS}{row['uuid']}/", {"username": "x"}, by="outsider").status == 404
    assert api.patch(f"{ACCOUNTS}{row['uuid']}/", {"username": "x"}, by="member3").status == 403


def new_account(api: Api, **body: Any) -> Answer:
    """Make an account as the owner of Alpha."""
    return api.post(ACCOUNTS, body, by="owner")


def test_an_account_is_made_with_a_url_or_a_uuid_of_each_but_once_only(api: Api) -> None:
    offering = api.get_object("marketplace-provider-offerings/", name_exact="Alpha Storage")
    user = api.get_object("users/", username="member5")
    made = new_account(api, offering=offering["url"], user_uuid=user["uuid"], username="m5")
    assert (made.status, made.body["username"], made.body["user_username"]) == (201, "m5", "member5")
    again = new_account(api, offering_uuid=offering["uuid"], user=user["url"])
    assert again.body == {"non_field_errors": ["The fields offering, user must make a unique set."]}
    both = new_account(api, offering_uuid=offering["uuid"], offering=offering["url"], user=user["url"])
    assert (both.status, list(both.body)) == (400, ["offering"])
    assert new_account(api, username="x").body == {
        "user": ["This field is required."],
        "offering": ["This field is required."],
    }


def test_an_account_needs_the_option_of_its_offering(api: Api) -> None:
    offering = api.get_object("marketplace-provider-offerings/", name_exact="Alpha Storage")
    api.sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {}})
    assert new_account(api, offering_uuid=offering["uuid"], user_uuid=api.user("member5")).status == 400


def test_an_account_is_deleted_with_the_right_to(api: Api) -> None:
    row = next(row for row in api.rows(ACCOUNTS, user_username="member3"))
    assert api.ask("DELETE", f"{ACCOUNTS}{row['uuid']}/", by="outsider").status == 404
    assert api.ask("DELETE", f"{ACCOUNTS}{row['uuid']}/", by="owner").status == 204
    assert api.ask("DELETE", f"{ACCOUNTS}{row['uuid']}/", by="owner").status == 404


def test_account_states_move_along_their_transitions_alone(api: Api) -> None:
    row = next(row for row in api.rows(ACCOUNTS, user_username="member3"))
    path = f"{ACCOUNTS}{row['uuid']}/"
    assert api.post(f"{path}begin_creating/").status == 200
    assert api.post(f"{path}begin_creating/").status == 400
    assert api.post(f"{path}set_ok/").status == 200
    assert api.get_object(path)["state"] == "OK"
    assert api.post(f"{path}update_restricted/", {"is_restricted": True}).status == 200
    assert len(api.rows(ACCOUNTS, is_restricted="true")) == 1
