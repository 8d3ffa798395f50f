# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rows of accounts do not tell who owns a username, the service provider accounts of Waldur 2026 do."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    ErrorResponse,
    Forbidden,
    RouteMissing,
)
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_owners import (
    UsernameRequests,
    describe_obstacle,
    is_owned_by_provider_account,
    numbered_offerings,
    plan_requests,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import (
    OfferingSettings,
    ProviderAccount,
    UsernameState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, PROVIDER, session, target
from .test_offering_username_reading import GPU, OWNERS, VM, client, permission

OWNER = "0f" * 16


def early(username: str = "a", **other: Any) -> dict[str, Any]:
    """An account as the first servers of 2026, and all older ones, show it: without the keys of the link."""
    row = {"offering_uuid": VM, "user_uuid": ALICE.uuid, "username": username, "customer_uuid": CUSTOMER}
    return {**row, **other}


def owner(username: str | None = "a", provider: str | None = PROVIDER, user: str = ALICE.uuid) -> dict[str, Any]:
    return {"uuid": OWNER, "user_uuid": user, "username": username, "service_provider_uuid": provider}


def provider(**keys: Any) -> dict[str, Any]:
    return {"uuid": PROVIDER, "customer_uuid": CUSTOMER, "customer_name": "ACME", **keys}


NEWEST = provider(account_options={})


SHARED = {"account_scope": {"value": "provider", "source": "provider"}}


def offering(settings: Any) -> dict[str, Any]:
    options = {"service_provider_can_create_offering_user": True}
    return {"uuid": VM, "customer_uuid": CUSTOMER, "plugin_options": options, "account_settings": settings}


def read(username: str, rows: list[dict[str, Any]], **tables: Any) -> tuple[UsernameState, AskedClient]:
    asked = client(**{"service_providers": [NEWEST], "offering_users": rows, **tables})
    part = Usernames((UsernameEntry("", "alice", username),))
    return OfferingUsername().read(asked.session(), target(), part), asked


def compared(username: str, rows: list[dict[str, Any]], **tables: Any) -> tuple[Comparison[UsernameWrite], AskedClient]:
    state, asked = read(username, rows, **tables)
    part = Usernames((UsernameEntry("", "alice", username),))
    return OfferingUsername().compare(session(), target(), part, state, PEOPLE), asked


def names(asked: AskedClient) -> list[str]:
    return [name for name, _uuid, _query in asked.asked]


def test_on_the_first_servers_of_2026_the_owner_is_looked_up_by_the_customer() -> None:
    state, asked = read("new", [early()], provider_accounts=[owner()])
    assert plan_requests(state, ALICE.uuid, "new").provider_account == ProviderAccount(OWNER, "a")
    query = {"customer_uuid": CUSTOMER, "user_uuid": None, "field": OWNERS}
    assert asked.asked[-1] == ("provider_accounts", None, query)


@pytest.mark.parametrize(
    "other",
    [owner(provider="e" * 32), owner(user=BOB.uuid), owner(username="other"), owner(username=None)],
    ids=["another provider", "another user", "another username", "no username"],
)
def test_an_account_that_does_not_own_the_username_is_not_renamed(other: dict[str, Any]) -> None:
    state, _asked = read("new", [early()], provider_accounts=[other])
    requests = plan_requests(state, ALICE.uuid, "new")
    assert (requests.is_for_all, requests.provider_account) == (True, None)


@pytest.mark.parametrize("keys", [{}, {"customer_slug": "acme"}], ids=["2024", "2025"])
def test_older_servers_are_not_asked_for_service_provider_accounts(keys: dict[str, Any]) -> None:
    found, asked = compared("new", [early()], service_providers=[provider(**keys)])
    assert len(found.changes) == 1
    assert not {"provider_accounts", "provider_offerings"} & {*names(asked)}


def test_of_a_username_that_is_right_no_owner_is_looked_up() -> None:
    found, asked = compared("a", [early()], provider_accounts=[owner()])
    assert found == Comparison()
    assert "provider_accounts" not in names(asked)


@pytest.mark.parametrize("error", [Forbidden("no", 403), RouteMissing("none", 404)])
def test_a_server_that_does_not_list_service_provider_accounts_is_asked_to_set_the_username(
    error: ErrorResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AskedClient.rows

    def rows(self: AskedClient, name: str, *given: Any, **query: Any) -> Any:
        if name == "provider_accounts":
            raise error
        return real(self, name, *given, **query)

    monkeypatch.setattr(AskedClient, "rows", rows)
    found, _asked = compared("new", [early()])
    assert len(found.changes) == 1


@pytest.mark.parametrize(
    ("settings", "is_shared"),
    [
        ({"account_scope": {"value": "provider", "source": "provider"}}, True),
        ({"account_scope": {"value": "offering"}}, False),
        ({"account_scope": "provider"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_missing_account_is_judged_by_the_scope_of_its_offering(settings: Any, is_shared: bool) -> None:
    state, _asked = read("new", [], provider_offerings=[offering(settings)])
    requests = plan_requests(state, ALICE.uuid, "new")
    assert (requests.is_for_all, requests.new_accounts) == (not is_shared, (VM,) if is_shared else ())
    assert requests.provider_account == (ProviderAccount(needs_row=True) if is_shared else None)


def test_offerings_that_were_read_to_know_who_sees_accounts_are_not_read_again() -> None:
    tables = {"offering_users": [], "provider_offerings": [offering(SHARED)], "service_providers": [NEWEST]}
    asked = client(project_permissions=[permission()], **tables)
    asked.objects["me"] = staff(is_staff=False)
    part = Usernames((UsernameEntry("", "alice", "new"),))
    state = OfferingUsername().read(asked.session(), target(), part)
    assert names(asked).count("provider_offerings") == 1
    assert len(OfferingUsername().compare(session(), target(), part, state, PEOPLE).changes) == 1


# --- the requests for one user ---------------------------------------------------------------------------------------


def state(
    accounts: dict[str, str | None], linked: tuple[str, ...] = (), shared: tuple[str, ...] = (), **other: Any
) -> UsernameState:
    """Alice reaches two offerings that let their provider create accounts; ``linked`` accounts share one username."""
    found = UsernameState(
        {VM: "VM", GPU: "GPU"},
        {(offering, ALICE.uuid): name for offering, name in accounts.items()},
        {ALICE.uuid: {VM, GPU}},
        settings={offering: OfferingSettings(offering in shared, can_create=True) for offering in (VM, GPU)},
        **other,
    )
    for place in linked:
        account = found.provider_accounts.setdefault(ALICE.uuid, ProviderAccount(OWNER, accounts[place]))
        found.links[place, ALICE.uuid] = account
    return found


def test_a_hidden_account_may_be_linked_so_the_others_are_renamed_by_themselves() -> None:
    found = state({VM: "a"}, unreadable_offerings={GPU}, provider_accounts={ALICE.uuid: ProviderAccount(OWNER, "a")})
    requests = plan_requests(found, ALICE.uuid, "new")
    assert (requests.is_for_all, requests.renamed, requests.provider_account) == (False, (VM,), None)


def test_an_account_in_a_hidden_offering_that_shares_accounts_would_be_linked() -> None:
    found = state({VM: "a"}, unreadable_offerings={GPU}, shared=(GPU,))
    assert plan_requests(found, ALICE.uuid, "new").renamed == (VM,)


def test_a_service_provider_account_that_owns_no_username_in_reach_is_not_renamed() -> None:
    found = state({VM: "a", GPU: "a"}, provider_accounts={ALICE.uuid: ProviderAccount(OWNER, "z")})
    assert plan_requests(found, ALICE.uuid, "new").is_for_all


def test_a_missing_account_is_created_where_another_one_is_linked() -> None:
    requests = plan_requests(state({VM: "a"}, linked=(VM,)), ALICE.uuid, "new")
    assert (requests.new_accounts, requests.changing) == ((GPU,), {VM: "a", GPU: ""})
    assert requests.provider_account == ProviderAccount(OWNER, "a")


def test_where_waldur_has_yet_to_make_every_account_those_are_the_ones_that_change() -> None:
    known = {ALICE.uuid: ProviderAccount(OWNER, "a")}
    requests = plan_requests(state({}, shared=(VM, GPU), provider_accounts=known), ALICE.uuid, "new")
    assert (requests.new_accounts, requests.changing) == ((), {VM: "a", GPU: "a"})
    assert requests.provider_account == ProviderAccount(OWNER, "a")


def test_one_new_account_is_enough_for_a_user_without_any() -> None:
    requests = plan_requests(state({}, shared=(VM, GPU)), ALICE.uuid, "new")
    assert (requests.new_accounts, requests.changing) == ((GPU,), {GPU: ""})


TAPE, DISK = "2c" * 16, "2d" * 16
ACCOUNT, NEW = ProviderAccount(OWNER, "a"), ProviderAccount(OWNER, "new")


def mixed(
    accounts: dict[str, str | None],
    account: ProviderAccount | None = None,
    *,
    linked: tuple[str, ...] = (),
    creatable: tuple[str, ...] = (),
    shared: tuple[str, ...] = (),
    hidden: tuple[str, ...] = (),
) -> UsernameState:
    """Alice reaches the VMs, the GPUs, and what is hidden or shared; ``account`` owns the username where it is
    ``linked``."""
    reach = {VM, GPU, *hidden, *shared}
    return UsernameState(
        {VM: "VM", GPU: "GPU", TAPE: "Tape", DISK: "Disk"},
        {(offering, ALICE.uuid): name for offering, name in accounts.items()},
        {ALICE.uuid: reach},
        set(hidden),
        settings={
            offering: OfferingSettings(offering in shared, can_create=offering in creatable) for offering in reach
        },
        links={(offering, ALICE.uuid): account for offering in linked if account},
        provider_accounts={ALICE.uuid: account} if account else {},
    )


@pytest.mark.parametrize(
    ("found", "requests"),
    [
        (mixed({VM: "new", GPU: " new "}), UsernameRequests()),
        (mixed({VM: "a"}), UsernameRequests({VM: "a", GPU: ""}, is_for_all=True)),
        (
            mixed({VM: "a"}, creatable=(GPU,), shared=(TAPE,), hidden=(TAPE,)),
            UsernameRequests({VM: "a", GPU: ""}, new_accounts=(GPU,), renamed=(VM,)),
        ),
        (
            mixed({VM: "a"}, creatable=(VM,), shared=(TAPE,), hidden=(TAPE,)),
            UsernameRequests({VM: "a", GPU: ""}, renamed=(VM,), blocked=(GPU,)),
        ),
        (
            mixed({VM: "a"}, ACCOUNT, linked=(VM,)),
            UsernameRequests({VM: "a", GPU: ""}, provider_account=ACCOUNT, blocked=(GPU,)),
        ),
        (
            mixed({VM: "a", GPU: "x", DISK: "a"}, ACCOUNT, linked=(VM, DISK)),
            UsernameRequests({VM: "a", GPU: "x", DISK: "a"}, renamed=(GPU,), provider_account=ACCOUNT),
        ),
        (
            mixed({}, shared=(VM, GPU)),
            UsernameRequests({}, provider_account=ProviderAccount(needs_row=True), blocked=(VM, GPU)),
        ),
        (
            mixed({GPU: "x"}, shared=(VM, TAPE), creatable=(TAPE,)),
            UsernameRequests(
                {GPU: "x", TAPE: ""},
                new_accounts=(TAPE,),
                renamed=(GPU,),
                provider_account=ProviderAccount(needs_row=True),
            ),
        ),
        (
            mixed({VM: "a", GPU: "x"}, NEW, linked=(VM,)),
            UsernameRequests({VM: "a", GPU: "x"}, renamed=(GPU,), outdated=(VM,)),
        ),
        (
            mixed({VM: "a"}, NEW, linked=(VM,)),
            UsernameRequests({VM: "a", GPU: ""}, blocked=(GPU,), outdated=(VM,)),
        ),
        (
            mixed({VM: "a"}, NEW, linked=(VM,), creatable=(GPU,)),
            UsernameRequests({VM: "a", GPU: ""}, new_accounts=(GPU,), outdated=(VM,)),
        ),
    ],
)
def test_the_requests_depend_on_who_owns_each_username(found: UsernameState, requests: UsernameRequests) -> None:
    assert plan_requests(found, ALICE.uuid, "new") == requests


@pytest.mark.parametrize(
    ("found", "is_owned"),
    [
        (mixed({VM: "a", GPU: "a"}), False),
        (mixed({VM: "a", GPU: "a"}, ACCOUNT, linked=(GPU,)), True),
        (mixed({VM: "a", GPU: "a", DISK: "a"}, ACCOUNT, linked=(DISK,)), False),
        (mixed({VM: "a", GPU: "a"}, ACCOUNT, linked=(TAPE,), hidden=(TAPE,)), False),
        (mixed({VM: "a"}, shared=(GPU,)), True),
    ],
)
def test_an_account_that_the_user_reaches_and_the_token_sees_tells_the_owner(
    found: UsernameState, is_owned: bool
) -> None:
    assert is_owned_by_provider_account(found, ALICE.uuid) is is_owned
    assert not is_owned_by_provider_account(found, BOB.uuid)


def test_one_request_for_all_numbers_the_hidden_accounts_too() -> None:
    found = mixed({VM: "a"}, hidden=(TAPE,))
    numbered = numbered_offerings(found, ALICE.uuid, plan_requests(found, ALICE.uuid, "new"))
    assert numbered == [VM, GPU, TAPE]
    assert numbered_offerings(found, ALICE.uuid, UsernameRequests({}, new_accounts=(GPU,), renamed=(VM,))) == [GPU, VM]


@pytest.mark.parametrize(
    ("requests", "key", "values"),
    [
        (UsernameRequests(blocked=(VM, GPU)), "username_without_account", {"offerings": "GPU, VM"}),
        (UsernameRequests(outdated=(VM, GPU)), "username_not_copied", {"offering": "GPU, VM", "uuid": OWNER}),
        (UsernameRequests({VM: "a"}, is_for_all=True), "", {}),
    ],
)
def test_a_username_that_no_request_can_set_is_an_error(
    requests: UsernameRequests, key: str, values: dict[str, str]
) -> None:
    values = {"option": "usernames[0].username", "username": "new", "user": "alice", "provider": "ACME", **values}
    entry, found = UsernameEntry("usernames[0]", "alice", "new"), mixed({}, NEW)
    error = describe_obstacle(target(), entry, ALICE, found, requests)
    assert error == (message(key, **values) if key else None)
