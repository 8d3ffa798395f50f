# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rows of accounts do not tell who owns a username, the service provider accounts of Waldur 2026 do."""

from __future__ import annotations

from typing import Any

import pytest

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
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, PROVIDER, session, target
from .test_offering_username_reading import VM, client, permission

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


def compared(username: str, rows: list[dict[str, Any]], **tables: Any) -> tuple[Comparison[UsernameWrite], AskedClient]:
    asked = client(**{"service_providers": [NEWEST], "offering_users": rows, **tables})
    part = Usernames((UsernameEntry("", "alice", username),))
    state = OfferingUsername().read(asked.session(), target(), part)
    return OfferingUsername().compare(session(), target(), part, state, PEOPLE), asked


def names(asked: AskedClient) -> list[str]:
    return [name for name, _uuid, _query in asked.asked]


def test_on_the_first_servers_of_2026_the_owner_is_looked_up_by_the_customer() -> None:
    found, asked = compared("new", [early()], provider_accounts=[owner()])
    assert f"belongs to the service provider account 'a' ({OWNER})" in found.errors[0]
    fields = ["uuid", "user_uuid", "username", "service_provider_uuid"]
    query = {"customer_uuid": CUSTOMER, "user_uuid": ALICE.uuid, "field": fields}
    assert asked.asked[-1] == ("provider_accounts", None, query)


@pytest.mark.parametrize(
    "other",
    [owner(provider="e" * 32), owner(user=BOB.uuid), owner(username="other"), owner(username=None)],
    ids=["another provider", "another user", "another username", "no username"],
)
def test_an_account_that_does_not_own_the_username_blocks_nothing(other: dict[str, Any]) -> None:
    found, _asked = compared("new", [early()], provider_accounts=[other])
    assert (len(found.changes), found.errors) == (1, ())


@pytest.mark.parametrize("keys", [{}, {"customer_slug": "acme"}], ids=["2024", "2025"])
def test_older_servers_are_not_asked_for_service_provider_accounts(keys: dict[str, Any]) -> None:
    found, asked = compared("new", [early()], service_providers=[provider(**keys)])
    assert len(found.changes) == 1
    assert not {"provider_accounts", "provider_offerings"} & {*names(asked)}


def test_a_username_that_is_right_is_not_looked_up() -> None:
    found, asked = compared("a", [early()], provider_accounts=[owner()])
    assert found == Comparison()
    assert not {"provider_accounts", "provider_offerings", "service_providers"} & {*names(asked)}


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
    offerings = [{"uuid": VM, "customer_uuid": CUSTOMER, "account_settings": settings}]
    found, asked = compared("new", [], provider_offerings=offerings)
    assert bool(found.errors) is is_shared
    assert ("provider_accounts" in names(asked)) is is_shared
    if is_shared:
        assert "belongs to the service provider account that Waldur will make for alice" in found.errors[0]


def test_offerings_that_were_read_to_know_who_sees_accounts_are_not_read_again() -> None:
    options = {"service_provider_can_create_offering_user": True}
    scope = {"account_scope": {"value": "provider"}}
    offering = {"uuid": VM, "customer_uuid": CUSTOMER, "plugin_options": options, "account_settings": scope}
    tables = {"offering_users": [], "provider_offerings": [offering], "service_providers": [NEWEST]}
    asked = client(project_permissions=[permission()], **tables)
    asked.objects["me"] = staff(is_staff=False)
    part = Usernames((UsernameEntry("", "alice", "new"),))
    state = OfferingUsername().read(asked.session(), target(), part)
    assert names(asked).count("provider_offerings") == 1
    assert OfferingUsername().compare(session(), target(), part, state, PEOPLE).errors
