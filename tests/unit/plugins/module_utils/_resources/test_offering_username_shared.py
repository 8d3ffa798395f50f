# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames that a service provider account owns (Waldur of 2026): rejected in the plan, and never exported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import Plan, plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    USERNAME,
    Usernames,
)
from simulation import Simulator

from ...helpers.samples import no_image

ALPHA = {"customer__name": "Alpha Cloud Ltd"}
ACCOUNT = r"the service provider account 'm1_alpha' \([0-9a-f]{32}\)"
NEWER = ("marketplace-provider-offerings", "marketplace-service-provider-accounts", "configuration")


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def sim(newest: Simulator) -> Simulator:
    """The same at its start, every account of its first provider linked."""
    newest.reset()
    share(newest)
    return newest


def session(simulator: Simulator, alias: str = "staff") -> Session:
    """A session of its own; what was asked before counts no more."""
    simulator.zero()
    client = Client(Connection(simulator.url, simulator.token(alias), retries=0))
    return Session(client, References(client), "fail")


def share(simulator: Simulator, scope: str = "provider") -> None:
    """Set the account scope of the first provider, as its owner would."""
    asked = session(simulator, "owner")
    uuid = asked.references.resolve_target("service_provider", "service_provider", "ALPHA").uuid
    asked.client.write("partial_update", uuid, body={"account_options": {"account_scope": scope}})


def plan(simulator: Simulator, *entries: tuple[str, str], alias: str = "staff", single: bool = False) -> Plan:
    """The plan for those usernames."""
    found = [
        USERNAME.read("" if single else f"usernames[{number}]", {"user": user, "username": name})
        for number, (user, name) in enumerate(entries)
    ]
    wish = ProviderDocument("", "ALPHA", "service_provider", (Usernames(tuple(found), single=single),))
    return plan_changes(session(simulator, alias), [wish])


def rejected(simulator: Simulator, *entries: tuple[str, str], **how: Any) -> str:
    """Why the plan is rejected; nothing was written."""
    with pytest.raises(InvalidInput) as refused:
        plan(simulator, *entries, **how)
    assert simulator.counts().writes == 0
    return refused.value.message


@pytest.mark.parametrize("alias", ["staff", "owner"])
@pytest.mark.parametrize("single", [True, False])
def test_a_username_that_a_provider_account_owns_is_rejected_in_the_plan(
    sim: Simulator, alias: str, single: bool
) -> None:
    text = rejected(sim, ("member1", "new"), alias=alias, single=single)
    assert re.match(
        rf"(usernames\[0\]\.)?username: 'new' can't be set, as the username of member1 in Alpha Storage, Alpha VM at"
        rf" Alpha Cloud Ltd belongs to {ACCOUNT}, and Waldur rejects the request for all offerings: rename that"
        r" account, with PATCH /api/marketplace-service-provider-accounts/[0-9a-f]{32}/, or"
        r" give the username that it has\.",
        text,
    )


def test_a_username_that_is_right_already_is_no_change_whoever_owns_it(sim: Simulator) -> None:
    planned = plan(sim, ("member1", "m1_alpha"))
    assert (planned.changes, planned.comparison.warnings) == ((), ())


def test_rows_stay_linked_after_the_scope_is_switched_back(sim: Simulator) -> None:
    share(sim, "offering")
    assert re.search(ACCOUNT, rejected(sim, ("member1", "new")))


def test_one_linked_offering_blocks_the_username_in_the_others(sim: Simulator) -> None:
    sim.change(
        "OfferingUser",
        {"user__username": "member1", "offering__name": "Alpha VM"},
        {"service_provider_account": None, "username": "other"},
    )
    text = rejected(sim, ("member1", "m1_alpha"))
    assert "of member1 in Alpha Storage at Alpha Cloud Ltd belongs to" in text
    assert "rename the account in Alpha VM by itself, with PATCH /api/marketplace-offering-users/<uuid>/" in text


@pytest.mark.parametrize("alias", ["staff", "owner"])
def test_a_newcomer_under_provider_scope_is_rejected_as_the_new_account_would_be_linked(
    sim: Simulator, alias: str
) -> None:
    sim.delete("OfferingUser", {"user__username": "member3"})
    sim.delete("ProviderAccount", {"user__username": "member3"})
    assert "belongs to the service provider account that Waldur will make for member3" in rejected(
        sim, ("member3", "m3"), alias=alias
    )


def test_a_missing_account_that_will_get_the_right_username_is_no_change(sim: Simulator) -> None:
    sim.delete("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"})
    assert plan(sim, ("member1", "m1_alpha")).changes == ()
    assert re.search(ACCOUNT, rejected(sim, ("member1", "new")))


def test_newcomers_at_offerings_that_opted_out_of_sharing_are_planned(newest: Simulator) -> None:
    newest.reset()
    newest.delete("OfferingUser", {"user__username": "member3"})
    newest.change("Offering", ALPHA, {"plugin_options": {"account_scope": "offering"}})
    newest.change("ServiceProvider", ALPHA, {"account_options": {"account_scope": "provider"}})
    assert [change.name for change in plan(newest, ("member3", "m3")).changes] == ["member3"]


def test_an_export_holds_no_username_that_could_not_be_applied(sim: Simulator) -> None:
    found = export(session(sim), "ALPHA", ["offering_usernames"])
    assert [list(entry) for entry in found["service_providers"]] == [["customer"]]
    notes = [note["text"] for note in found["notes"] if note["name"] == "member1"]
    assert len(notes) == 1
    assert re.fullmatch(
        rf"Alpha Cloud Ltd: member1 gets the username from {ACCOUNT}, and no document changes that\.", notes[0]
    )


def test_applying_an_export_of_a_partly_shared_provider_changes_nothing(sim: Simulator) -> None:
    sim.change("OfferingUser", {"user__username": "member2"}, {"service_provider_account": None})
    found = export(session(sim), "ALPHA", ["offering_usernames"])["service_providers"]
    assert [entry["user"] for entry in found[0]["offering_usernames"]] == ["member2"]
    assert plan_changes(session(sim), SCHEMA.read(found, no_image)).changes == ()


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["2024", "2025", "2026"])
@pytest.mark.parametrize("single", [True, False])
def test_an_unchanged_run_asks_for_nothing_that_only_newer_servers_have(edition: str, single: bool) -> None:
    with Simulator.start(edition=edition) as simulator:
        simulator.change("OfferingUser", {"user__username": "member1"}, {"username": "m1"})
        for alias in ("staff", "owner"):
            assert plan(simulator, ("member1", "m1"), alias=alias, single=single).changes == ()
            asked = [path for path in simulator.counts().operations if any(name in path for name in NEWER[1:])]
            assert asked == []
            offerings = simulator.counts().operations.get("GET /api/marketplace-provider-offerings/", 0)
            assert offerings == (alias == "owner")


def test_a_rejected_rename_costs_no_request_beside_those_of_an_unchanged_run(sim: Simulator) -> None:
    plan(sim, ("member1", "m1_alpha"))
    unchanged = sim.counts().requests
    rejected(sim, ("member1", "new"))
    assert sim.counts().requests == unchanged
