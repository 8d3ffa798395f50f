# SPDX-License-Identifier: GPL-3.0-or-later
"""The supporting endpoints filter and hide as documented (api-behaviour: lookups)."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

USERS_SEEN = {
    "outsider": {"outsider"},
    "consumer_owner": {"consumer_owner", "member1", "member2", "member3", "pa1", "pm1"},
    "owner": {"owner", "manager_alpha", "member1", "member2", "member3", "member4", "pa1", "pm1", "pm2"},
}


@pytest.mark.parametrize("caller", USERS_SEEN)
def test_others_than_staff_see_the_active_users_around_them(api: Api, caller: str) -> None:
    assert {row["username"] for row in api.rows("users/", by=caller, field="username")} == USERS_SEEN[caller]


def test_staff_and_support_see_every_user_also_the_deactivated(api: Api) -> None:
    for caller in ("staff", "support_user"):
        assert len(api.rows("users/", by=caller, field="username")) == 19
    assert [row["username"] for row in api.rows("users/", is_active="false")] == ["inactive"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"username": "member1"}, ["member1"]),
        ({"username": "MEMBER1"}, []),
        ({"username": "member"}, []),
        ({"email": "ER1@EXAMPLE"}, ["member1"]),
        ({"username_list": "member2,member1,nobody"}, ["member1", "member2"]),
        ({"full_name": "Mëmber1"}, ["member1"]),
        ({"query": "owner@", "o": "-username"}, ["owner", "delta_owner", "consumer_owner"]),
        ({"user_keyword": "beta"}, ["owner_beta"]),
    ],
)
def test_users_are_found(api: Api, query: dict[str, str], expected: list[str]) -> None:
    assert [row["username"] for row in api.rows("users/", **query)] == expected


def test_a_user_out_of_sight_is_404(api: Api) -> None:
    assert api.get(f"users/{api.user('member1')}/", by="outsider").status == 404
    assert api.get(f"users/{api.user('member1')}/", by="owner").status == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name_exact": "Alpha Cloud Ltd"}, ["Alpha Cloud Ltd"]),
        ({"name_exact": "alpha cloud ltd"}, []),
        ({"name": "CLOUD"}, ["Alpha Cloud Ltd"]),
        ({"abbreviation": "lph"}, ["Alpha Cloud Ltd"]),
        ({"native_name": "beta"}, ["Beta HPC Centre"]),
        ({"query": "spare"}, ["Spare Customer (no provider)"]),
        ({"is_service_provider": "true", "name": "c", "o": "-name"}, ["Beta HPC Centre", "Alpha Cloud Ltd"]),
        ({"is_service_provider": "false", "query": "spare", "o": "bogus"}, ["Spare Customer (no provider)"]),
    ],
)
def test_customers_are_found(api: Api, query: dict[str, str], expected: list[str]) -> None:
    assert [row["name"] for row in api.rows("customers/", **query)] == expected


def test_an_empty_filter_is_none(api: Api) -> None:
    assert len(api.rows("customers/", name_exact="")) == 15
    assert len(api.rows("customers/", slug="alpha-cl-1")) == 15


def test_others_than_staff_see_their_own_customers(api: Api) -> None:
    assert {row["name"] for row in api.rows("customers/", by="owner")} == {
        "Alpha Cloud Ltd",
        "Spare Customer (no provider)",
    }
    assert api.rows("customers/", by="outsider") == []
    assert len(api.rows("customers/", by="support_user")) == 15
    path = f"customers/{api.customer('Beta HPC Centre')['uuid']}/"
    assert api.get(path, by="owner").body == {"detail": "No Customer matches the given query."}


def test_roles_are_open_to_all_and_the_manager_belongs_to_providers(api: Api) -> None:
    roles = {row["name"]: row for row in api.rows("roles/", by=None)}
    assert roles["CUSTOMER.MANAGER"]["content_type"] == "service_provider"
    assert roles["CUSTOMER.OWNER"]["content_type"] == "customer"
    assert "users_count" not in roles["CUSTOMER.OWNER"]
    assert api.rows("roles/", name="customer.owner")[0]["users_count"] == 5


def test_both_provider_roles_ship_with_the_same_provider_permissions(api: Api) -> None:
    held = {
        name: {
            item for item in api.get_object("roles/", name=name)["permissions"] if item.startswith("SERVICE_PROVIDER.")
        }
        for name in ("CUSTOMER.OWNER", "CUSTOMER.MANAGER")
    }
    assert held["CUSTOMER.OWNER"] == held["CUSTOMER.MANAGER"]
    assert len(held["CUSTOMER.OWNER"]) == 14
    assert "SERVICE_PROVIDER.REGISTER" not in held["CUSTOMER.OWNER"]


@pytest.mark.parametrize("path", ["roles/", "users/", "projects/", "customers/", "marketplace-provider-resources/"])
def test_a_boolean_or_state_of_no_meaning_is_ignored_or_400(api: Api, path: str) -> None:
    assert api.get(path, is_active="maybe", archived="maybe").status == 200
    if "resources" in path:
        assert api.get(path, state="Bogus").status == 400


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("users/", {"o": "bogus"}),
        ("projects/", {"o": "bogus"}),
        ("user-permissions/", {"o": "bogus"}),
        ("user-permissions/", {"user": "xyz"}),
        ("marketplace-offering-users/", {"o": "bogus"}),
        ("marketplace-offering-users/", {"user_uuid": "xyz"}),
        ("marketplace-offering-users/", {"state": "Bogus"}),
        ("marketplace-provider-offerings/", {"customer_uuid": "xyz"}),
        ("projects/", {"created": "soon"}),
    ],
)
def test_a_bad_filter_value_is_400_under_its_name(api: Api, path: str, query: dict[str, str]) -> None:
    answer = api.get(path, **query)
    assert (answer.status, list(answer.body)) == (400, list(query))


def test_projects_are_found_by_the_customers_joined_by_commas(api: Api) -> None:
    uuids = [api.customer(name)["uuid"] for name in ("Alpha Cloud Ltd", "Delta University")]
    names = [row["name"] for row in api.rows("projects/", customer=",".join(uuids))]
    assert names == ["Project alpha_internal", "Project d1", "Project d2"]
    assert [row["name"] for row in api.rows("projects/", customer=uuids)] == ["Project d1", "Project d2"]
    assert [row["name"] for row in api.rows("projects/", name_exact="Project c1")] == ["Project c1"]
    assert {row["name"] for row in api.rows("projects/", by="member3")} == {"Project c2", "Project c3"}


def names(api: Api, path: str, by: str = "staff", **query: Any) -> set[str]:
    """The names in a list."""
    return {row["name"] for row in api.rows(path, by=by, **query)}


def test_offerings_and_resources_are_those_of_own_customers(api: Api) -> None:
    alpha = api.customer("Alpha Cloud Ltd")["uuid"]
    offerings = {"Alpha Draft", "Alpha Private", "Alpha Request", "Alpha Storage", "Alpha VM"}
    assert names(api, "marketplace-provider-offerings/", by="owner") == offerings
    assert names(api, "marketplace-provider-offerings/", customer_uuid=alpha) == offerings
    assert names(api, "marketplace-provider-offerings/", by="outsider") == set()
    resources = {"res-vm_c1", "res-vm_c2", "res-vm_d1", "res-st_c1"}
    assert names(api, "marketplace-provider-resources/", provider_uuid=alpha) == resources
    assert names(api, "marketplace-provider-resources/", by="owner") == resources
    api.sim.change("Resource", {"name": "res-vm_d1"}, {"state": "Terminated"})
    query = {"provider_uuid": alpha, "state": ["OK", "Erred"]}
    assert names(api, "marketplace-provider-resources/", **query) == resources - {"res-vm_d1"}


def test_offering_filters_repeat_states_and_join_uuids(api: Api) -> None:
    path = "marketplace-provider-offerings/"
    assert names(api, path, state=["Draft", "Paused"]) == {"Alpha Draft", "Beta Paused"}
    assert names(api, path, shared="false") == {"Alpha Private"}
    assert names(api, path, type=["Support.OfferingTemplate", "No.Such"]) == {"Alpha Request"}
    assert names(api, path, type="No.Such") == set()
    uuids = [row["uuid"] for row in api.rows(path)[:2]]
    assert len(api.rows(path, uuid_list=",".join(uuids))) == 2
    accounts = api.rows("marketplace-offering-users/", offering_uuid=",".join(uuids))
    assert {row["offering_uuid"] for row in accounts} <= set(uuids)


def test_user_permissions_are_all_for_staff_and_own_for_others(api: Api) -> None:
    path = "user-permissions/"
    mine = api.rows(path, by="member3")
    assert {row["scope_name"] for row in mine} == {"Project c2", "Project c3"}
    assert api.rows(path, user=api.user("member3"), scope_type="project") == mine
    assert {row["role_name"] for row in api.rows(path, scope_type="serviceprovider")} == {"CUSTOMER.MANAGER"}
    provider = api.get_object(api.provider())
    managers = api.rows(path, scope_uuid=provider["uuid"])
    assert [(row["user_slug"], row["customer_name"]) for row in managers] == [("manager_-1", "Alpha Cloud Ltd")]


def test_the_version_is_for_staff_and_support(api: Api) -> None:
    assert api.get_object("version/", by="support_user") == {"version": "7.9.0", "latest_version": "7.9.0"}
    assert api.get("version/", by="owner").status == 403
