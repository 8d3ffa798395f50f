# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles on a provider behave as documented (api-behaviour: role-grants), defects included."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Answer, Api

SOON = "2027-02-20T21:44:25Z"
LATER = "2027-05-21T21:44:25Z"
MANAGER = "CUSTOMER.MANAGER"
NEWCOMER = "rolefree1"


def call(api: Api, name: str, user: str = NEWCOMER, role: str = MANAGER, *, by: str = "staff", **more: Any) -> Answer:
    """One of the role calls on the provider Alpha."""
    return api.post(f"{api.provider()}{name}/", {"user": api.user(user), "role": role, **more}, by=by)


def grants(api: Api, user: str = NEWCOMER) -> list[dict[str, Any]]:
    """The grants of *user* on the provider Alpha."""
    return api.rows(f"{api.provider()}list_users/", user=api.user(user))


def test_the_recorded_manager_holds_the_role_on_the_provider(api: Api) -> None:
    rows = api.rows(f"{api.provider()}list_users/")
    assert [(row["user_username"], row["role_name"]) for row in rows] == [("manager_alpha", MANAGER)]


def test_a_granted_role_is_listed_once(api: Api) -> None:
    answer = call(api, "add_user", expiration_time=SOON)
    assert (answer.status, answer.body) == (201, {"expiration_time": "2027-02-20T21:44:25+00:00"})
    assert [row["expiration_time"] for row in grants(api)] == ["2027-02-20T21:44:25+00:00"]


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {}), ({}, {"expiration_time": SOON}), ({"expiration_time": LATER}, {"expiration_time": SOON})],
)
def test_a_grant_that_lasts_as_long_is_400(api: Api, first: dict[str, str], second: dict[str, str]) -> None:
    call(api, "add_user", **first)
    answer = call(api, "add_user", **second)
    assert answer.status == 400
    assert answer.body == {"non_field_errors": ["User has already the same role in this scope."]}
    assert len(grants(api)) == 1


@pytest.mark.parametrize("second", [{}, {"expiration_time": None}, {"expiration_time": LATER}])
def test_a_later_or_no_expiry_over_an_expiring_grant_makes_a_second_one(api: Api, second: dict[str, Any]) -> None:
    call(api, "add_user", expiration_time=SOON)
    assert call(api, "add_user", **second).status == 201
    assert len(grants(api)) == 2


@pytest.mark.parametrize("name", ["update_user", "delete_user"])
def test_two_grants_make_update_and_delete_answer_500_in_html(api: Api, name: str) -> None:
    call(api, "add_user", expiration_time=SOON)
    call(api, "add_user")
    answer = call(api, name)
    assert answer.status == 500
    assert "<h1>Server Error (500)</h1>" in answer.body
    assert len(grants(api)) == 2


def test_update_user_without_a_grant_is_500_in_html(api: Api) -> None:
    answer = call(api, "update_user", expiration_time=SOON)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_delete_user_is_200_with_an_empty_body_whether_or_not_there_was_a_grant(api: Api) -> None:
    call(api, "add_user")
    for _time in range(2):
        answer = call(api, "delete_user")
        assert (answer.status, answer.content) == (200, b"")
        assert "Content-Type" not in answer.headers
    assert grants(api) == []


@pytest.mark.parametrize("expiry", [{}, {"expiration_time": None}])
def test_update_user_without_an_expiry_makes_the_grant_permanent(api: Api, expiry: dict[str, Any]) -> None:
    call(api, "add_user", expiration_time=SOON)
    assert call(api, "update_user", **expiry).body == {"expiration_time": None}
    assert grants(api)[0]["expiration_time"] is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2027-02-20", "2027-02-20T00:00:00+00:00"),
        ("2027-02-20T21:44:25", "2027-02-20T21:44:25+00:00"),
        ("2027-02-20T21:44:25+03:00", "2027-02-20T18:44:25+00:00"),
        ("2027-02-20T21:44:25.123456Z", "2027-02-20T21:44:25.123456+00:00"),
    ],
)
def test_an_expiry_is_taken_as_a_date_or_a_moment_and_shown_in_utc(api: Api, given: str, shown: str) -> None:
    assert call(api, "add_user", expiration_time=given).body == {"expiration_time": shown}
    assert grants(api)[0]["expiration_time"] == shown


@pytest.mark.parametrize("name", ["add_user", "update_user", "delete_user"])
def test_a_past_expiry_is_400_in_all_three_calls(api: Api, name: str) -> None:
    answer = call(api, name, expiration_time="2020-01-01T00:00:00Z")
    assert answer.status == 400
    assert answer.body == {"expiration_time": ["Expiration time should be greater than current time."]}


@pytest.mark.parametrize("text", ["soon", ""])
def test_an_expiry_that_is_no_moment_is_400(api: Api, text: str) -> None:
    answer = call(api, "add_user", expiration_time=text)
    assert answer.status == 400
    assert answer.body["expiration_time"][0].startswith("Datetime has wrong format.")


def test_a_role_is_named_by_uuid_or_by_exact_name(api: Api) -> None:
    uuid = next(row["uuid"] for row in api.rows("roles/") if row["name"] == MANAGER)
    assert call(api, "add_user", role=uuid).status == 201
    assert call(api, "delete_user", role=MANAGER.lower()).body == {"role": ["Role is not found."]}


@pytest.mark.parametrize("role", ["CUSTOMER.OWNER", "PROJECT.MANAGER"])
def test_a_role_of_another_scope_is_400(api: Api, role: str) -> None:
    assert call(api, "add_user", role=role).body == {"non_field_errors": ["Role is not valid for this scope."]}


def test_a_disabled_role_is_400(api: Api) -> None:
    api.sim.change("Role", {"name": MANAGER}, {"is_active": False})
    assert call(api, "add_user").body == {"non_field_errors": ["Role is not active."]}


@pytest.mark.parametrize("name", ["add_user", "update_user", "delete_user"])
def test_an_unknown_or_deactivated_user_is_400(api: Api, name: str) -> None:
    path = f"{api.provider()}{name}/"
    unknown = api.post(path, {"user": "0123456789abcdef0123456789abcdef", "role": MANAGER})
    assert (unknown.status, unknown.body) == (400, {"user": ["User is not found."]})
    assert call(api, name, user="inactive").body == {"user": ["User is not found."]}
    assert api.post(path, {"user": "xyz", "role": MANAGER}).body == {"user": ["Must be a valid UUID."]}
    assert api.post(path, {}).body == {"role": ["This field is required."], "user": ["This field is required."]}


@pytest.mark.parametrize("column", ["blocked", "archived"])
def test_a_blocked_or_archived_customer_is_400(api: Api, column: str) -> None:
    api.sim.change("Customer", {"name": "Alpha Cloud Ltd"}, {column: True})
    assert call(api, "add_user").body == {"non_field_errors": ["Customer is not available."]}


@pytest.mark.parametrize("name", ["add_user", "update_user", "delete_user"])
@pytest.mark.parametrize("caller", ["owner", "manager_alpha", "support_user", "outsider"])
def test_only_staff_pass_the_role_calls(api: Api, name: str, caller: str) -> None:
    assert call(api, name, by=caller).status == 403


def test_fields_come_before_the_permission_and_the_duplicate_after_it(api: Api) -> None:
    assert call(api, "add_user", role="NO.SUCH", by="outsider").status == 400
    call(api, "add_user")
    assert call(api, "add_user", by="outsider").status == 403


def test_a_holder_of_a_role_without_permissions_passes_but_not_for_himself(api: Api) -> None:
    # The look-up of the permission finds none, and a role without permissions matches that
    # (api-behaviour: role-grants-permission).
    api.sim.create("Role", name="PROVIDER.GUEST", content_type="service_provider")
    api.sim.create("Grant", user="outsider", role="PROVIDER.GUEST", service_provider="Alpha Cloud Ltd")
    assert call(api, "add_user", by="outsider").status == 201
    own = call(api, "add_user", user="outsider", by="outsider")
    assert (own.status, own.body) == (400, {"non_field_errors": ["User can not manage own role."]})


def test_an_expired_grant_stays_until_the_daily_sweep(api: Api) -> None:
    call(api, "add_user", expiration_time=SOON)
    api.sim.set_clock(LATER)
    assert len(grants(api)) == 1
    assert api.sim.sweep() == 1
    assert grants(api) == []


def test_a_deactivated_user_is_not_listed(api: Api) -> None:
    call(api, "add_user")
    api.sim.change("User", {"username": NEWCOMER}, {"is_active": False})
    assert grants(api) == []


def test_list_users_refuses_a_malformed_user_and_finds_nobody_for_an_unknown_one(api: Api) -> None:
    path = f"{api.provider()}list_users/"
    malformed = api.get(path, user="xyz")
    assert (malformed.status, malformed.body) == (400, {"user": ["Enter a valid UUID."]})
    assert api.rows(path, user="0123456789abcdef0123456789abcdef") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"username": "member1"}, ["member1"]),
        ({"full_name": "mémber1 T"}, ["member1"]),
        ({"search_string": "MEMBER"}, ["member1", "member2"]),
        ({"search_string": "member2@"}, ["member2"]),
        ({"role": MANAGER, "o": "username"}, ["manager_alpha", "member1", "member2"]),
        ({"role": "CUSTOMER.OWNER"}, []),
        ({"role_name": "manag", "o": "-username"}, ["member2", "member1", "manager_alpha"]),
        ({"user_slug": "member2"}, ["member2"]),
        ({"o": "-created"}, ["member2", "member1", "manager_alpha"]),
    ],
)
def test_list_users_filters_and_orders(api: Api, query: dict[str, str], expected: list[str]) -> None:
    for user in ("member1", "member2"):
        call(api, "add_user", user=user)
    rows = api.rows(f"{api.provider()}list_users/", **query)
    assert [row["user_username"] for row in rows] == expected


def test_list_users_ignores_field_and_refuses_a_bogus_order(api: Api) -> None:
    path = f"{api.provider()}list_users/"
    assert len(api.rows(path, field="uuid")[0]) == 12
    assert api.get(path, o="bogus").status == 400
    assert api.get(path, by=None).status == 401


def test_project_permissions_cover_the_projects_of_shared_offerings_alone(api: Api) -> None:
    path = f"{api.provider()}project_permissions/"
    projects = {row["project_name"] for row in api.rows(path, by="owner")}
    assert projects == {"Project c1", "Project c2", "Project d1"}
    api.sim.create("Resource", offering="Alpha Private", project="Project d2", name="private")
    assert {row["project_name"] for row in api.rows(path)} == projects
    assert {row["user_username"] for row in api.rows(path, user=api.user("member1"))} == {"member1"}
    for caller in ("manager_alpha", "support_user", "owner_beta"):
        assert api.get(path, by=caller).status == 403


def test_project_permissions_hide_deactivated_users(api: Api) -> None:
    users = {row["user_username"] for row in api.rows(f"{api.provider()}project_permissions/")}
    assert "member3" in users
    assert "inactive" not in users
