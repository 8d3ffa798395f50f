# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests the resource of usernames sends to read, and which rows of the responses it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import UsernameState

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PROVIDER, target

LIVE = ("Creating", "OK", "Erred", "Updating", "Terminating")
PROJECT, OTHER_PROJECT, VM, GPU = "1a" * 16, "1b" * 16, "2a" * 16, "2b" * 16
PERMISSIONS = ("user_uuid", "user_username", "user_email", "project_uuid", "role_name", "created")
RESOURCES = ("uuid", "offering_uuid", "offering_name", "offering_shared", "project_uuid", "state", "provider_uuid")
ACCOUNTS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "user_uuid",
    "user_username",
    "username",
    "customer_uuid",
    "state",
    "service_provider_account_uuid",
    "service_provider_account_username",
)
SETTINGS = ["uuid", "customer_uuid", "plugin_options", "secret_options", "account_settings"]
OWNERS = ["uuid", "user_uuid", "user_username", "username", "service_provider_uuid"]
OPTION = "service_provider_can_create_offering_user"


def permission(user: Any = ALICE, project: str | None = PROJECT) -> dict[str, Any]:
    return {"user_uuid": user.uuid, "user_username": user.username, "project_uuid": project}


def resource(offering: str | None = VM, **other: Any) -> dict[str, Any]:
    row = {"offering_uuid": offering, "offering_name": "VM", "offering_shared": True, "project_uuid": PROJECT}
    return {**row, "state": "OK", "provider_uuid": CUSTOMER, **other}


def account(user: Any = ALICE, offering: str = VM, **other: Any) -> dict[str, Any]:
    link = {"service_provider_account_uuid": None, "service_provider_account_username": None}
    row = {"offering_uuid": offering, "user_uuid": user.uuid, "username": "a", "customer_uuid": CUSTOMER}
    return {**row, **link, **other}


def client(**tables: list[dict[str, Any]]) -> AskedClient:
    whole = {"project_permissions": [permission()], "provider_resources": [resource()], "offering_users": [account()]}
    return AskedClient({**whole, **tables}, {"me": staff()})


def read(asked: AskedClient, *users: str, single: bool = False) -> UsernameState:
    entries = tuple(UsernameEntry("", user, "x") for user in users or ("alice",))
    return OfferingUsername().read(asked.session(), target(), Usernames(entries, single=single))


def test_everything_is_read_once_in_bulk() -> None:
    asked = client()
    assert read(asked) == UsernameState({VM: "VM"}, {(VM, ALICE.uuid): "a"}, {ALICE.uuid: {VM}})
    assert asked.asked == [
        ("project_permissions", PROVIDER, {"field": PERMISSIONS, "user": None}),
        ("provider_resources", None, {"provider_uuid": CUSTOMER, "state": LIVE, "field": RESOURCES}),
        ("me", None, {"field": ["uuid", "username", "is_staff", "is_support"]}),
        ("offering_users", None, {"provider_uuid": CUSTOMER, "field": ACCOUNTS, "user_uuid": None}),
        ("provider_offerings", None, {"customer_uuid": CUSTOMER, "field": SETTINGS}),
        ("provider_accounts", None, {"customer_uuid": CUSTOMER, "field": OWNERS, "user_uuid": None}),
    ]


def test_for_a_single_user_only_their_rows_are_requested_and_rows_of_other_users_are_ignored() -> None:
    asked = client(project_permissions=[permission(BOB), permission()], all_users=[{"uuid": BOB.uuid}])
    found = read(asked, ALICE.uuid, single=True)
    assert (found.accessible_offerings, found.accounts) == ({}, {})
    asked.objects["user"] = {"uuid": ALICE.uuid, "username": "alice"}
    asked.asked.clear()
    assert read(asked, ALICE.uuid, single=True).accessible_offerings == {ALICE.uuid: {VM}}
    assert [query["user"] for name, _uuid, query in asked.asked if name == "project_permissions"] == [ALICE.uuid]
    accounts = [query for name, _uuid, query in asked.asked if name == "offering_users"]
    assert [(query["user_uuid"], query.get("query")) for query in accounts] == [(ALICE.uuid, None), (None, "x")]


def test_nothing_is_read_for_a_single_user_who_is_not_found() -> None:
    asked = client(all_users=[])
    assert read(asked, "nobody", single=True) == UsernameState()
    assert [name for name, _uuid, _query in asked.asked] == ["all_users"]


@pytest.mark.parametrize(
    "row",
    [
        resource(GPU, state="Terminated"),
        resource(GPU, offering_shared=False),
        resource(GPU, provider_uuid="f" * 32),
    ],
)
def test_terminated_private_and_other_providers_resources_give_no_access(row: dict[str, Any]) -> None:
    found = read(client(provider_resources=[row, resource()]))
    assert (found.names, found.accessible_offerings) == ({VM: "VM"}, {ALICE.uuid: {VM}})


def test_resources_of_servers_that_name_neither_provider_nor_sharing_count() -> None:
    row = {key: value for key, value in resource().items() if key not in ("provider_uuid", "offering_shared")}
    assert read(client(provider_resources=[row])).accessible_offerings == {ALICE.uuid: {VM}}


def test_resources_of_a_project_without_members_give_no_access() -> None:
    found = read(client(provider_resources=[resource(project_uuid=OTHER_PROJECT), resource(project_uuid=None)]))
    assert (found.names, found.accessible_offerings) == ({VM: "VM"}, {})
    assert read(client(project_permissions=[])) == UsernameState()


def test_permissions_without_a_user_are_ignored() -> None:
    nobody = {"user_uuid": None, "project_uuid": PROJECT}
    assert read(client(project_permissions=[nobody, permission()])).accessible_offerings == {ALICE.uuid: {VM}}


def test_accounts_at_other_providers_are_ignored() -> None:
    others = [account(username="other", customer_uuid="f" * 32), account(BOB, customer_uuid=None, username=None)]
    assert read(client(offering_users=[account(), *others])).accounts == {(VM, ALICE.uuid): "a", (VM, BOB.uuid): None}


@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_staff": False, "is_support": True}])
def test_staff_and_support_can_read_every_account_back(flags: dict[str, bool]) -> None:
    asked = client(provider_offerings=[{"uuid": VM, "plugin_options": {OPTION: False}}])
    asked.objects["me"] = staff(**flags)
    assert read(asked).unreadable_offerings == set()


@pytest.mark.parametrize("column", ["plugin_options", "secret_options"])
def test_others_read_accounts_back_where_the_offering_lets_them(column: str) -> None:
    offerings: list[dict[str, Any]] = [
        {"uuid": VM, column: {OPTION: True}},
        {"uuid": GPU, column: {OPTION: False}},
        {"uuid": PROJECT},
    ]
    asked = client(provider_offerings=offerings)
    asked.objects["me"] = staff(is_staff=False)
    assert read(asked).unreadable_offerings == {GPU, PROJECT}
    assert ("provider_offerings", None, {"customer_uuid": CUSTOMER, "field": SETTINGS}) in asked.asked
