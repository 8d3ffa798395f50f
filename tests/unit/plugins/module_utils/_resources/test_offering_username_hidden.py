# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that Waldur hides from a token (consent or profile enforced): a warning, and neither drift nor a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import ends, message

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    USERNAME,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup.queries import read_rows
from simulator_process import Simulator

from ...helpers.fixture_types import results
from ...helpers.samples import no_image

CONFIGURATION = "GET /api/configuration/"
CONSENT, PROFILE = "ENFORCE_USER_CONSENT_FOR_OFFERINGS", "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS"
WHY = message("accounts_hidden")
HIDDEN = message("account_may_be_hidden", provider="Alpha Cloud Ltd", account="member1 in Alpha VM", reason=WHY)


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def sim(newest: Simulator) -> Simulator:
    """The same at its start; consent is enforced, and member1 has not consented to the terms of one offering."""
    newest.reset(frozen=True)
    newest.clear_faults()
    newest.change("Setting", {"name": CONSENT}, {"value": True})
    newest.create("TermsOfService", offering="Alpha VM")
    return newest


def session(simulator: Simulator, alias: str = "owner") -> Session:
    """A session of its own; what was asked before counts no more."""
    simulator.zero()
    client = Client(Connection(simulator.url, simulator.token(alias), retries=0))
    return Session(client, References(client), "fail")


def plan(asked: Session, *entries: tuple[str, str], single: bool = False) -> Plan:
    """The plan for those usernames at the first provider."""
    found = [
        USERNAME.read("" if single else f"usernames[{number}]", {"user": user, "username": name})
        for number, (user, name) in enumerate(entries)
    ]
    provider_document = ProviderDocument("", "ALPHA", "service_provider", (Usernames(tuple(found), single=single),))
    return plan_changes(asked, RESOURCES, [provider_document])


def done(asked: Session, *entries: tuple[str, str], single: bool = False) -> list[Any]:
    """Plan and apply; the names that were set, by offering."""
    planned = plan(asked, *entries, single=single)
    apply(asked, planned)
    return [change.after for change in planned.changes]


def names(simulator: Simulator) -> dict[str, str]:
    """The usernames of member1 at the provider as staff sees them."""
    asked = session(simulator, "staff")
    customer = asked.references.resolve_target("service_provider", "service_provider", "ALPHA").customer_uuid
    rows = asked.client.rows("offering_users", provider_uuid=customer)
    return {row["offering_name"]: row["username"] for row in rows if row["user_username"] == "member1"}


@pytest.mark.parametrize("single", [True, False])
def test_a_hidden_account_is_a_warning_and_no_eternal_change(sim: Simulator, single: bool) -> None:
    planned = plan(session(sim), ("member1", "m1_alpha"), single=single)
    assert planned.changes == ()
    assert planned.comparison.warnings == (HIDDEN,)


@pytest.mark.parametrize("single", [True, False])
def test_a_username_with_a_hidden_account_is_set_once_and_verified_by_those_that_are_seen(
    sim: Simulator, single: bool
) -> None:
    assert done(session(sim), ("member1", "new"), single=single) == [{"Alpha Storage": "new"}]
    assert names(sim) == {"Alpha Storage": "new", "Alpha VM": "new"}
    assert done(session(sim), ("member1", "new"), single=single) == []


def test_where_all_accounts_of_a_user_may_be_hidden_nothing_is_planned(sim: Simulator) -> None:
    sim.change("Setting", {"name": PROFILE}, {"value": True})
    sim.change("User", {"username": "member1"}, {"email": ""})
    planned = plan(session(sim), ("member1", "new"), ("member2", "m2_new"))
    assert [change.name for change in planned.changes] == ["member2"]
    [warning] = planned.comparison.warnings
    # member2 has not consented either.
    assert message("accounts_counted_left_out", count="3") in warning
    assert "(member1 in Alpha Storage, member1 in Alpha VM, member2 in Alpha VM)" in warning
    assert results(planned, "offering_username", done=False)[0][0]["user"] == "member2"


def test_an_account_that_becomes_visible_gets_its_username(sim: Simulator) -> None:
    assert done(session(sim), ("member3", "m3")) == []
    sim.create("Consent", offering="Alpha VM", user="member3")
    assert done(session(sim), ("member3", "m3")) == [{"Alpha VM": "m3"}]
    assert done(session(sim), ("member3", "m3")) == []


@pytest.mark.parametrize("alias", ["staff", "support_user"])
def test_nothing_is_hidden_from_staff_and_support_so_the_settings_are_not_read(sim: Simulator, alias: str) -> None:
    found = export(session(sim, "staff"), "ALPHA", ["offering_usernames"])
    assert not [note for note in found["notes"] if "may be hidden" in note["text"]]
    asked = session(sim, alias)
    INFOS["offering_username_info"].answer(asked, {"service_provider": "ALPHA"})
    assert asked.warnings == []
    assert CONFIGURATION not in sim.counts().operations


def test_the_settings_are_read_at_most_once_and_only_where_an_account_is_not_seen(sim: Simulator) -> None:
    asked = session(sim)
    assert done(asked, ("member1", "new"), ("member2", "m2_new")) != []
    assert sim.counts().operations[CONFIGURATION] == 1
    sim.create("Consent", offering="Alpha VM", user="member1")
    asked = session(sim)
    assert plan(asked, ("member1", "new")).changes == ()
    assert CONFIGURATION not in sim.counts().operations


def test_a_new_run_reads_the_settings_again(sim: Simulator) -> None:
    asked = session(sim)
    assert plan(asked, ("member1", "m1_alpha")).comparison.warnings == (HIDDEN,)
    sim.change("Setting", {"name": CONSENT}, {"value": False})
    assert plan(asked, ("member1", "m1_alpha")).comparison.warnings == ()


def test_an_account_that_is_missing_is_made_while_nothing_is_enforced(sim: Simulator) -> None:
    sim.change("Setting", {"name": CONSENT}, {"value": False})
    sim.delete("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"})
    assert done(session(sim), ("member1", "m1_alpha")) == [{"Alpha VM": "m1_alpha"}]
    assert done(session(sim), ("member1", "m1_alpha")) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "html": True},
        {"status": 404, "body": {"detail": "Not found."}},
        {"status": 403, "body": {"detail": "No."}},
        {"status": 500, "html": True},
        {"html": True},
        {"body": {"WALDUR_CORE": None}},
        {"body": {"WALDUR_CORE": {CONSENT: "false"}}},
        {"body": ["x"]},
    ],
    ids=["no route", "not found", "forbidden", "broken", "a page", "null", "text", "a list"],
)
def test_a_server_that_does_not_tell_its_settings_breaks_no_run(sim: Simulator, fault: dict[str, Any]) -> None:
    sim.change("Setting", {"name": CONSENT}, {"value": False})
    sim.delete("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"})
    sim.fault(path="/api/configuration/*", times=None, **fault)
    assert done(session(sim), ("member1", "m1_alpha")) == [{"Alpha VM": "m1_alpha"}]


def test_an_export_notes_hidden_accounts_and_applied_changes_nothing(sim: Simulator) -> None:
    found = export(session(sim), "ALPHA", ["offering_usernames"])
    [note] = [note["text"] for note in found["notes"] if note["name"] is None]
    assert note.startswith("Alpha Cloud Ltd: ")
    assert ends(note, "usernames_not_exported", reason=WHY)
    assert {entry["user"] for entry in found["service_providers"][0]["offering_usernames"]} == {"member1"}
    assert plan_changes(session(sim), RESOURCES, SCHEMA.read(found["service_providers"], no_image)).changes == ()


def test_lists_of_accounts_warn_that_some_may_be_hidden(sim: Simulator) -> None:
    asked = session(sim)
    INFOS["offering_username_info"].answer(asked, {"service_provider": "ALPHA"})
    assert asked.warnings == [message("accounts_may_be_hidden", provider="Alpha Cloud Ltd", reason=WHY)]
    given = {"service_provider": "ALPHA", "limit": 1}
    _rows, warnings = read_rows(asked.client.connection, ["marketplace_offering_users"], given)
    assert warnings == asked.warnings


@pytest.mark.parametrize("alias", ["owner", "staff"])
@pytest.mark.parametrize("module", ["user_info", "compliance_info"])
def test_lists_without_users_who_did_not_consent_say_so_to_everybody(sim: Simulator, module: str, alias: str) -> None:
    asked = session(sim, alias)
    INFOS[module].answer(asked, {"service_provider": "ALPHA"})
    assert asked.warnings == [message("users_missing", provider="Alpha Cloud Ltd")]


def test_incomplete_profiles_hide_no_rows_of_lists_of_users(sim: Simulator) -> None:
    sim.change("Setting", {"name": CONSENT}, {"value": False})
    sim.change("Setting", {"name": PROFILE}, {"value": True})
    asked = session(sim)
    INFOS["user_info"].answer(asked, {"service_provider": "ALPHA"})
    assert asked.warnings == []
    INFOS["offering_username_info"].answer(asked, {"service_provider": "ALPHA"})
    assert len(asked.warnings) == 1


def test_a_waldur_of_2024_is_not_asked_for_settings_by_lists_of_accounts() -> None:
    with Simulator.start(edition="2024") as old:
        asked = session(old)
        INFOS["offering_username_info"].answer(asked, {"service_provider": "ALPHA"})
        assert asked.warnings == []
        assert CONFIGURATION not in old.counts().operations
