# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object has exactly the keys of the contract, in its order, and trims them on request."""

from __future__ import annotations

import re
from typing import Any

import pytest

from . import contract_keys as keys
from .api import Api

OWN_KEYS = {"token", "token_lifetime", "token_expires_at"}
FOR_STAFF = {"description", "is_staff", "is_active", "is_support", "has_active_session", "ip_address"}
# What belongs to a parent, a service or a synchronisation is left out without one, as in the recorded rows.
NOT_OF_A_PLAIN_RESOURCE = {
    *("parent_offering_uuid", "parent_offering_name", "parent_offering_slug", "parent_uuid", "parent_name"),
    *("last_sync", "service_settings_uuid"),
}
LISTS = {
    "customers/": keys.CUSTOMER,
    "roles/": keys.ROLE,
    "projects/": keys.PROJECT,
    "marketplace-provider-offerings/": keys.OFFERING,
    "marketplace-provider-resources/": [key for key in keys.RESOURCE if key not in NOT_OF_A_PLAIN_RESOURCE],
    "marketplace-offering-users/": keys.OFFERING_USER,
}


def all_keys(value: Any) -> list[tuple[str, Any]]:
    """Each key with its value, nested ones too."""
    if isinstance(value, list):
        return [pair for item in value for pair in all_keys(item)]
    if isinstance(value, dict):
        return [*value.items(), *(pair for item in value.values() for pair in all_keys(item))]
    return []


@pytest.mark.parametrize("path", LISTS)
def test_rows_of_a_lookup_have_the_keys_of_the_contract(api: Api, path: str) -> None:
    for row in api.rows(path):
        assert list(row) == LISTS[path]


@pytest.mark.parametrize("path", sorted(set(LISTS) - {"marketplace-provider-resources/"}))
def test_an_object_looks_like_its_row(api: Api, path: str) -> None:
    row = api.rows(path)[0]
    assert api.get_object(f"{path}{row['uuid']}/") == row


def test_a_provider_has_the_keys_of_the_contract_but_never_organization_groups(api: Api) -> None:
    expected = [key for key in keys.SERVICE_PROVIDER if key != "organization_groups"]
    assert list(api.get_object(api.provider())) == expected
    assert list(api.rows("marketplace-service-providers/")[0]) == expected


def test_grants_have_the_keys_of_the_contract(api: Api) -> None:
    assert list(api.rows(f"{api.provider()}list_users/")[0]) == keys.GRANT
    for row in api.rows(f"{api.provider()}project_permissions/"):
        assert set(row) == set(keys.PROJECT_PERMISSION)


def test_who_made_a_grant_is_absent_when_the_system_did(api: Api) -> None:
    api.sim.create("Grant", user="member1", role="CUSTOMER.MANAGER", service_provider="Alpha Cloud Ltd")
    row = api.get_object(f"{api.provider()}list_users/", username="member1")
    assert set(keys.GRANT) - set(row) == {"created_by_full_name", "created_by_uuid"}


def test_a_permission_on_a_customer_has_no_customer_of_its_own(api: Api) -> None:
    for row in api.rows("user-permissions/"):
        missing = {"customer_uuid", "customer_name"} if row["scope_type"] == "customer" else set()
        assert set(row) == set(keys.USER_PERMISSION) - missing


def test_a_user_shows_more_to_staff_and_the_token_to_its_holder_alone(api: Api) -> None:
    path = f"users/{api.user('member1')}/"
    assert set(api.get_object(path)) == set(keys.USER) - OWN_KEYS
    assert set(api.get_object(path, by="owner")) == set(keys.USER) - OWN_KEYS - FOR_STAFF
    mine = api.get_object("users/me/", by="member1")
    assert set(mine) == set(keys.USER) - FOR_STAFF
    assert mine["token"] == api.sim.token("member1")
    assert set(api.get_object("users/me/")) == set(keys.USER)


def test_a_customer_knows_its_provider(api: Api) -> None:
    with_one, without = api.customer("Alpha Cloud Ltd"), api.customer("Consumer Institute")
    provider = api.get_object(api.provider())
    assert (with_one["is_service_provider"], with_one["service_provider_uuid"]) == (True, provider["uuid"])
    assert with_one["service_provider"] == provider["url"]
    assert (without["service_provider"], without["service_provider_uuid"]) == (None, None)


def test_uuids_are_32_hex_digits_and_moments_end_in_an_offset(api: Api) -> None:
    lists = [api.rows(path) for path in (*LISTS, "users/", "user-permissions/", "marketplace-service-providers/")]
    found = [pair for pair in all_keys(lists) if isinstance(pair[1], str)]
    for key, value in found:
        if key == "uuid" or key.endswith("_uuid"):
            assert re.fullmatch("[0-9a-f]{32}", value), (key, value)
        if key in ("created", "modified", "date_joined"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", value), (key, value)
    assert {"uuid", "customer_uuid", "created", "modified"} <= {key for key, _value in found}


def test_urls_are_those_of_the_simulator(api: Api) -> None:
    for path in LISTS:
        assert "http://127.0.0.1:8000" not in api.get(path, page_size=300).content.decode()
        assert all(row.get("url", api.sim.url).startswith(api.sim.url) for row in api.rows(path))


@pytest.mark.parametrize("path", [*LISTS, "users/", "user-permissions/", "marketplace-service-providers/"])
def test_field_keeps_the_named_keys_and_only_when_repeated(api: Api, path: str) -> None:
    names = list(api.rows(path)[0])[:2]
    assert set(api.rows(path, field=[*names, "nonsense"])[0]) == set(names)
    whole = set(api.rows(path)[0])
    assert set(api.rows(path, field=",".join(names))[0]) == whole
    assert set(api.rows(path, field="nonsense")[0]) == whole


def test_secret_options_show_to_those_who_may_change_them(api: Api) -> None:
    path = "marketplace-provider-offerings/"
    for caller in ("staff", "owner"):
        assert "secret_options" in api.rows(path, by=caller)[0]
    assert "secret_options" not in api.rows(path, by="support_user")[0]


def test_the_option_for_accounts_is_a_plugin_option(api: Api) -> None:
    options = [row["plugin_options"] for row in api.rows("marketplace-provider-offerings/")]
    assert all(option["service_provider_can_create_offering_user"] is True for option in options)
