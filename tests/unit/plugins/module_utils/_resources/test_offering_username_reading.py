# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests the resource of usernames sends to read, and which rows of the responses it accepts."""

from __future__ import annotations

from typing import Any

import pytest
from messages import fragment

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._references.account_visibility import AccountVisibility
from ansible_collections.waldur.provider.plugins.module_utils._references.bulk_lists import BulkList, BulkLists
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_reading import (
    prefetch,
    read_provider_accounts,
    read_settings,
    read_supplies_of_numbers,
    refresh,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import (
    OfferingSettings,
    ProviderAccount,
    UsernameState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_supply import EarlierChanges

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


def test_a_permission_without_a_project_gives_no_access_to_a_resource_without_one() -> None:
    nowhere = {**permission(), "project_uuid": None}
    found = read(client(project_permissions=[nowhere], provider_resources=[resource(project_uuid=None)]))
    assert found.accessible_offerings == {}


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


OWNER = {"uuid": "0f" * 16, "user_uuid": ALICE.uuid, "username": "a", "service_provider_uuid": PROVIDER}
ALL = {
    "project_permissions": {**permission(), "user_email": None},
    "provider_resources": resource(),
    "offering_users": account(),
    "provider_offerings": {"uuid": VM, "plugin_options": None, "account_settings": None},
    "provider_accounts": OWNER,
}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("project_permissions", "user_uuid", "alice"),
        ("project_permissions", "user_username", 1),
        ("project_permissions", "user_email", 1),
        ("project_permissions", "project_uuid", "p"),
        ("provider_resources", "offering_uuid", None),
        ("provider_resources", "offering_name", 1),
        ("provider_resources", "project_uuid", "p"),
        ("provider_resources", "state", None),
        ("provider_resources", "provider_uuid", "p"),
        ("offering_users", "offering_uuid", None),
        ("offering_users", "user_uuid", None),
        ("offering_users", "username", 1),
        ("offering_users", "customer_uuid", "c"),
        ("offering_users", "user_username", 1),
        ("offering_users", "offering_name", 1),
        ("offering_users", "state", 1),
        ("offering_users", "service_provider_account_uuid", "s"),
        ("offering_users", "service_provider_account_username", 1),
        ("provider_offerings", "uuid", None),
        ("provider_offerings", "plugin_options", []),
        ("provider_offerings", "account_settings", []),
        ("provider_accounts", "uuid", None),
        ("provider_accounts", "user_uuid", None),
        ("provider_accounts", "user_username", 1),
        ("provider_accounts", "username", 1),
        ("provider_accounts", "service_provider_uuid", None),
    ],
)
def test_a_row_with_an_invalid_key_is_an_error(name: str, key: str, value: object) -> None:
    rows = {table: [{**row, key: value} if table == name else row] for table, row in ALL.items()}
    asked = client(**rows)
    request = operation(name).title
    with pytest.raises(WaldurError, match=fragment("row_value_invalid", request=request, field=key)):
        read(asked)


# --- lists of all service providers ----------------------------------------------------------------------------------


def use_bulk(monkeypatch: pytest.MonkeyPatch, *names: str, is_staff: bool = True, **tables: list[Any]) -> None:
    """Let these lists of all service providers have been read, with the rows of ``tables`` or those of ``ALL``."""

    def rows(_self: BulkLists, listing: BulkList, of: Target) -> list[Any] | None:
        assert of == target()
        found = tables.get(listing.operation, [ALL[listing.operation]])
        # An offering has keys of its own there, as the list of a single provider has too once it is read.
        return [{"_can_create": False, "_numbers": (), **row} for row in found] if listing.operation in names else None

    monkeypatch.setattr(BulkLists, "rows", rows)
    monkeypatch.setattr(BulkLists, "has_staff_rights", lambda _self: is_staff)


BULK = ("provider_resources", "offering_users", "provider_offerings")


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("names", [(), BULK[:1], BULK[:2], BULK])
def test_what_was_read_of_all_service_providers_is_not_read_again(
    names: tuple[str, ...], single: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accounts of a single user are read anyway, as the lists of all may be older."""
    use_bulk(monkeypatch, *names)
    asked = client(
        provider_offerings=[ALL["provider_offerings"]], all_users=[{"uuid": ALICE.uuid, "username": "alice"}]
    )
    found = read(asked, single=single)
    assert (found.names, set(found.accounts), set(found.settings or {})) == ({VM: "VM"}, {(VM, ALICE.uuid)}, {VM})
    requested = {name for name, _uuid, _query in asked.asked}
    assert requested & {*BULK} == {*BULK} - {*names} | ({"offering_users"} if single else set())


@pytest.mark.parametrize(
    ("rows", "is_staff", "is_asked"),
    [
        ([], True, False),
        ([resource(state="Terminated"), resource(provider_uuid="f" * 32)], True, False),
        ([], False, True),
        ([resource()], True, True),
    ],
)
def test_of_a_provider_without_resources_staff_reads_nothing(
    rows: list[dict[str, Any]], is_staff: bool, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bulk(monkeypatch, "provider_resources", is_staff=is_staff, provider_resources=rows)
    asked = client()
    found = read(asked)
    assert bool(found.names) is (rows == [resource()])
    assert bool([name for name, *_query in asked.asked if name == "project_permissions"]) is is_asked


@pytest.mark.parametrize("is_export", [True, False])
def test_the_lists_of_all_are_read_for_the_providers_with_resources(
    is_export: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = [target(), target("e" * 32), target("f" * 32)]
    present = {PROVIDER: [resource()], "e" * 32: [], "f" * 32: None}
    read_lists: list[tuple[str, list[str | None]]] = []

    def note(_self: BulkLists, listing: BulkList, of: list[Target]) -> None:
        read_lists.append((listing.operation, [provider.uuid for provider in of]))

    def rows(_self: BulkLists, listing: BulkList, of: Target) -> list[Any] | None:
        assert listing.operation == "provider_resources"
        return present[str(of.uuid)]

    monkeypatch.setattr(BulkLists, "prefetch", note)
    monkeypatch.setattr(BulkLists, "rows", rows)
    prefetch(client().session(), targets, is_export=is_export)
    every, in_use = [PROVIDER, "e" * 32, "f" * 32], [PROVIDER, "f" * 32]
    assert read_lists == [
        ("provider_resources", every),
        ("offering_users", every if is_export else in_use),
        ("provider_offerings", in_use),
    ]


# --- what decides about accounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offering", "settings"),
    [
        ({}, OfferingSettings()),
        ({"plugin_options": {OPTION: True}}, OfferingSettings(can_create=True)),
        ({"plugin_options": {"enable_posix_account": False}}, OfferingSettings(numbers=())),
        ({"plugin_options": {"enable_posix_account": True}}, OfferingSettings()),
        ({"plugin_options": {"uid_source": "user_attribute"}}, OfferingSettings(numbers=("gid",))),
        (
            {"plugin_options": {"gid_source": "user_attribute", "uid_source": "pool"}},
            OfferingSettings(numbers=("uid",)),
        ),
        ({"secret_options": {"gid_source": "user_attribute"}}, OfferingSettings()),
        (
            {
                "account_settings": {
                    "account_scope": {
                        "value": "provider",
                        "source": "offering",
                        "inherited": {"value": "offering", "source": "default"},
                    },
                    "username_generation_policy": {
                        "value": "full_name",
                        "source": "provider",
                        "inherited": {"value": "full_name"},
                    },
                    "homedir_prefix": {"value": None, "source": "offering", "inherited": {"value": None}},
                    "other": {"value": 1, "source": "default", "inherited": None},
                    "version": 2,
                }
            },
            OfferingSettings(
                is_shared=True,
                policy="full_name",
                own=frozenset({"account_scope", "homedir_prefix"}),
                inherited=(
                    ("account_scope", "offering"),
                    ("username_generation_policy", "full_name"),
                    ("homedir_prefix", ""),
                ),
            ),
        ),
    ],
)
def test_the_settings_of_an_offering_come_from_its_options_and_its_account_settings(
    offering: dict[str, Any], settings: OfferingSettings
) -> None:
    current, asked = UsernameState(), client(provider_offerings=[{"uuid": VM.upper(), **offering}])
    unreadable = read_settings(asked.session(), target(), current)
    assert current.settings == {VM: settings}
    assert unreadable == (set() if settings.can_create else {VM})
    assert asked.asked == [("provider_offerings", None, {"customer_uuid": CUSTOMER, "field": SETTINGS})]


def test_after_the_options_were_set_the_accounts_of_all_users_are_read_again() -> None:
    link = {"service_provider_account_uuid": "0f" * 16, "service_provider_account_username": "new"}
    current = UsernameState(
        {VM: "VM"},
        {(VM, BOB.uuid): "gone"},
        {ALICE.uuid: {VM}},
        {GPU},
        {PROJECT},
        sees_no_resources=True,
        accounts_may_be_hidden=True,
        is_predicted=True,
        provider_accounts={BOB.uuid: ProviderAccount()},
    )
    asked = client(
        offering_users=[account(username="new", **link)],
        provider_offerings=[{"uuid": VM}],
        provider_accounts=[{**OWNER, "user_uuid": BOB.uuid, "username": "b", "user_username": "bob"}],
    )
    refresh(asked.session(), target(), current)
    assert current == UsernameState(
        {VM: "VM"},
        {(VM, ALICE.uuid): "new"},
        {ALICE.uuid: {VM}},
        {GPU},
        {PROJECT},
        sees_no_resources=True,
        accounts_may_be_hidden=True,
    )
    assert (current.is_predicted, current.holder_names) == (False, {BOB.uuid: "bob"})
    assert current.settings == {VM: OfferingSettings()}
    alice, bob = ProviderAccount("0f" * 16, "new"), ProviderAccount("0f" * 16, "b")
    assert (current.links, current.provider_accounts) == ({(VM, ALICE.uuid): alice}, {ALICE.uuid: alice, BOB.uuid: bob})
    queries = {name: query.get("user_uuid", "none") for name, _uuid, query in asked.asked}
    assert queries == {"offering_users": None, "provider_offerings": "none", "provider_accounts": None}


# --- what is read of accounts and their owners -----------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "names"), [({}, {}), ({"offering_name": "Cloud"}, {VM: "Cloud"})])
def test_an_account_shows_the_name_of_an_offering(keys: dict[str, str], names: dict[str, str]) -> None:
    assert read(client(offering_users=[account(**keys)])).account_offerings == names


@pytest.mark.parametrize(
    ("users", "accounts", "is_asked"),
    [
        (["alice"], [account()], False),
        (["alice"], [account(BOB)], True),
        (["alice", "bob"], [account()], True),
        (["carol"], [account(), account(BOB)], False),
        (["carol"], [account()], True),
    ],
)
def test_accounts_may_be_hidden_where_one_that_an_entry_may_name_is_not_seen(
    users: list[str], accounts: list[dict[str, Any]], is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AccountVisibility, "may_miss_accounts", lambda _self: True)
    permissions = [permission(), permission(BOB)]
    found = read(client(project_permissions=permissions, offering_users=accounts), *users)
    assert found.accounts_may_be_hidden is is_asked


@pytest.mark.parametrize(
    ("username", "row", "queries"),
    [
        ("x", account(), [(ALICE.uuid, None), (None, "x")]),
        ("x", account(service_provider_account_uuid="0f" * 16), [(None, "x")]),
        ("\u00e4", account(), [(None, None)]),
        ("a", account(), []),
    ],
)
def test_for_a_single_user_their_service_provider_account_and_those_with_the_username_are_read(
    username: str, row: dict[str, Any], queries: list[tuple[str | None, str | None]]
) -> None:
    asked = client(all_users=[{"uuid": ALICE.uuid, "username": "alice"}], offering_users=[row])
    desired = Usernames((UsernameEntry("", "alice", username),), single=True)
    OfferingUsername().read(asked.session(), target(), desired)
    found = [query for name, _uuid, query in asked.asked if name == "provider_accounts"]
    assert [(query["user_uuid"], query.get("query")) for query in found] == queries


@pytest.mark.parametrize(
    ("owner", "shown", "is_linked"),
    [("a", " a", True), (None, "", True), ("", None, True), ("a", "b", False), (None, "b", False)],
)
def test_an_account_that_tells_no_owner_is_linked_where_the_usernames_are_alike(
    owner: str | None, shown: str | None, is_linked: bool
) -> None:
    current = UsernameState(rows={(VM, ALICE.uuid): {"username": shown}, (VM, BOB.uuid): {"username": owner}})
    asked = client(provider_accounts=[{**OWNER, "username": owner}])
    read_provider_accounts(asked.session(), target(), None, current)
    links = {(VM, ALICE.uuid): ProviderAccount("0f" * 16, owner)}
    assert current.links == (links if is_linked else {})


POOL = {"uuid": "aa" * 16, "customer_uuid": CUSTOMER, "service_provider": PROVIDER, "offering": None, "uid_used": 1}


@pytest.mark.parametrize(
    ("users", "settings", "scarce"),
    [
        (["alice"], {VM: OfferingSettings(), GPU: OfferingSettings()}, {VM, GPU}),
        (["bob"], {VM: OfferingSettings(), GPU: OfferingSettings()}, set()),
        (["alice", "bob"], {VM: OfferingSettings(numbers=("gid",)), GPU: OfferingSettings()}, {GPU}),
        (["carol"], {VM: OfferingSettings(), GPU: OfferingSettings()}, {VM, GPU}),
        (["alice"], None, set()),
    ],
)
def test_pools_are_read_where_the_usernames_may_give_accounts_numbers(
    users: list[str], settings: dict[str, OfferingSettings] | None, scarce: set[str]
) -> None:
    """Bob has the username already, and who carol is, is not known yet."""
    reach = {ALICE.uuid: {VM, GPU}, BOB.uuid: {VM}}
    current = UsernameState({VM: "VM", GPU: "GPU"}, {(VM, BOB.uuid): "x"}, reach, settings=settings)
    asked = client(posix_id_pools=[{**POOL, "min_uid": 5000, "max_uid": 5000, "next_uid": 5001}])
    session = asked.session()
    session.references.users.remember([permission(), permission(BOB)])
    desired = Usernames(tuple(UsernameEntry("", user, "x") for user in users))
    read_supplies_of_numbers(session, target(), desired, current, EarlierChanges())
    assert set(current.supplies.by_offering) == scarce
    assert bool(asked.asked) is bool(scarce)


@pytest.mark.parametrize(("user", "taken"), [("alice", {ALICE.uuid, BOB.uuid}), ("carol", {ALICE.uuid, BOB.uuid})])
def test_a_pool_that_suffices_for_all_users_but_one_is_scarce(user: str, taken: set[str]) -> None:
    """Alice is named by an entry or may be, and Bob by the account options."""
    current = UsernameState({VM: "VM"}, {}, {ALICE.uuid: {VM}}, settings={}, numbered={VM: {BOB.uuid}})
    asked = client(posix_id_pools=[{**POOL, "min_uid": 5000, "max_uid": 5001, "next_uid": 5001}])
    session = asked.session()
    session.references.users.remember([permission()])
    desired = Usernames((UsernameEntry("", user, "x"),))
    read_supplies_of_numbers(session, target(), desired, current, EarlierChanges())
    [shortage] = current.supplies.shortages({VM: taken})
    assert (shortage.supply.free, set(shortage.users)) == (1, taken)
