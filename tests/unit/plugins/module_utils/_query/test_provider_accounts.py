# SPDX-License-Identifier: GPL-3.0-or-later
"""``provider_account_info`` and ``username_conflict_info`` on a Waldur of 2026, and what older ones answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from messages import fragment, message, pattern
from provider_accounts import PROVIDER_ACCOUNT

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RouteMissing,
)
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

SETTINGS = ("ENFORCE_USER_CONSENT_FOR_OFFERINGS", "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS")


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 with service provider accounts and a username conflict."""
    return simulator_for("provider_account_info")


def ask(sim: Simulator, module: str, *, by: str = "staff", **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of a module and its warnings."""
    client = Client(Connection(sim.url, sim.token(by), retries=0))
    session = Session(client, References(client), "fail")
    result = INFOS[module].answer(session, {"service_provider": "ALPHA", **options})
    rows: list[dict[str, Any]] = result[module.removesuffix("_info") + "s"]
    assert result["count"] == len(rows)
    return rows, session.warnings


def accounts(sim: Simulator, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of ``provider_account_info``."""
    return ask(sim, "provider_account_info", **options)[0]


def test_the_accounts_are_those_of_one_service_provider(sim_2026: Simulator) -> None:
    assert {row["username"] for row in accounts(sim_2026)} == {None, "m2_alpha"}
    assert [row["username"] for row in accounts(sim_2026, service_provider="BETA")] == ["m2_beta"]


def test_one_account_is_read_by_its_uuid_or_url_with_one_request(sim_2026: Simulator) -> None:
    [row] = accounts(sim_2026, user="member2")
    for reference in (PROVIDER_ACCOUNT, PROVIDER_ACCOUNT.upper(), row["url"]):
        assert accounts(sim_2026, provider_account=reference) == [row]
    assert accounts(sim_2026, provider_account=PROVIDER_ACCOUNT, fields=["username"]) == [{"username": "m2_alpha"}]
    reads = sim_2026.counts().operations
    assert reads["GET /api/marketplace-service-provider-accounts/{uuid}/"] == 4


@pytest.mark.parametrize("by", ["staff", "owner", "outsider"])
def test_the_account_of_another_service_provider_is_not_found(sim_2026: Simulator, by: str) -> None:
    [foreign] = accounts(sim_2026, service_provider="BETA")
    for uuid in (foreign["uuid"], "0" * 32):
        with pytest.raises(InvalidInput) as refused:
            accounts(sim_2026, provider_account=uuid, by=by)
        assert refused.value.message == message(
            "provider_account_not_found", option="provider_account", provider="Alpha Cloud Ltd", uuid=uuid
        )


def test_a_name_is_no_reference_to_an_account_and_filters_do_not_go_with_one(sim_2026: Simulator) -> None:
    with pytest.raises(InvalidInput) as refused:
        accounts(sim_2026, provider_account="m2_alpha")
    assert refused.value.message == message("reference_needs_uuid", option="provider_account", value="m2_alpha")
    with pytest.raises(InvalidInput) as refused:
        accounts(sim_2026, provider_account=PROVIDER_ACCOUNT, state=["OK"], limit=1)
    assert refused.value.message == message(
        "account_excludes_filters", option="provider_account", filters="state, limit"
    )


def test_a_filter_by_a_hidden_attribute_keeps_what_the_server_returns(sim_2026: Simulator) -> None:
    sim_2026.change("Offering", {"name": "Alpha VM"}, {"exposed_attributes": []})
    [row] = accounts(sim_2026, user_username="MEMBER2")
    assert (row["username"], row["user_username"], row["user_email"]) == ("m2_alpha", None, None)
    assert accounts(sim_2026, user_username="nobody") == []


@pytest.mark.parametrize("by", ["owner", "manager_alpha"])
def test_enforcement_hides_no_account_of_a_service_provider_and_no_conflict(sim_2026: Simulator, by: str) -> None:
    for name in SETTINGS:
        sim_2026.change("Setting", {"name": name}, {"value": True})
    sim_2026.create("TermsOfService", offering="Alpha VM")
    rows, warnings = ask(sim_2026, "provider_account_info", by=by)
    assert (len(rows), warnings) == (2, [])
    assert rows == accounts(sim_2026)
    conflicts, warnings = ask(sim_2026, "username_conflict_info", by="owner")
    assert ([row["user_username"] for row in conflicts], warnings) == (["member1"], [])


def test_others_get_an_empty_list_of_accounts_and_are_refused_the_conflicts(sim_2026: Simulator) -> None:
    assert accounts(sim_2026, by="outsider") == []
    for by in ("outsider", "manager_alpha", "support_user"):
        with pytest.raises(Forbidden, match=fragment("permission_of_owner")):
            ask(sim_2026, "username_conflict_info", by=by)


def test_conflicts_are_sorted_trimmed_and_limited_and_give_the_candidates(sim_2026: Simulator) -> None:
    sim_2026.change("OfferingUser", {"user__username": "pm1", "offering__name": "Alpha VM"}, {"username": "pm1_vm"})
    sim_2026.change(
        "OfferingUser", {"user__username": "pm1", "offering__name": "Alpha Storage"}, {"username": "pm1_st"}
    )
    rows, _warnings = ask(sim_2026, "username_conflict_info", order_by=["-user_username"])
    assert [row["user_username"] for row in rows] == ["pm1", "member1"]
    assert {one["username"] for one in rows[0]["candidates"]} == {"pm1_st", "pm1_vm"}
    assert ask(sim_2026, "username_conflict_info", fields=["user_username"], limit=1)[0] == [
        {"user_username": "member1"}
    ]


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_neither_list_and_every_option_gives_the_same_error(edition: str) -> None:
    error = pattern("feature_missing", feature="service provider accounts", since=2026)
    with Simulator.start(edition=edition) as old:
        for options in (
            {},
            {"user": "member1"},
            {"created_before": "2026-01-01"},
            {"provider_account": PROVIDER_ACCOUNT},
        ):
            with pytest.raises(RouteMissing, match=error):
                accounts(old, **options)
        with pytest.raises(RouteMissing, match=error):
            ask(old, "username_conflict_info")
