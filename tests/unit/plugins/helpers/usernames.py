# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames on a simulated Waldur of 2026: how they are planned and applied, and what the server then holds."""

from __future__ import annotations

from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    USERNAME,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator

from .samples import no_image

ALPHA = {"customer__name": "Alpha Cloud Ltd"}
ADOPT = "POST /api/marketplace-service-providers/{service_provider_uuid}/adopt_provider_accounts/"
BULK = "POST /api/marketplace-service-providers/{uuid}/set_offerings_username/"
CREATE = "POST /api/marketplace-offering-users/"
RENAME = "PATCH /api/marketplace-offering-users/{uuid}/"
RENAME_SHARED = "PATCH /api/marketplace-service-provider-accounts/{uuid}/"


def session(simulator: Simulator, alias: str = "staff") -> Session:
    """A session of its own; the requests before it no longer count."""
    simulator.zero()
    client = Client(Connection(simulator.url, simulator.token(alias), retries=0))
    return Session(client, References(client), "fail")


def set_options(simulator: Simulator, **options: str) -> None:
    """Set account options of the first provider, as its owner would."""
    asked = session(simulator, "owner")
    uuid = asked.references.resolve_target("service_provider", "service_provider", "ALPHA").uuid
    asked.client.write("partial_update", uuid, body={"account_options": options})


def offering_scope(simulator: Simulator, offering: str, scope: str) -> None:
    """Let an offering decide itself who owns the usernames of its new accounts."""
    options = {"account_scope": scope, "service_provider_can_create_offering_user": True}
    simulator.change("Offering", {"name": offering}, {"plugin_options": options})


def plan(simulator: Simulator, *entries: tuple[str, str], alias: str = "staff", single: bool = False) -> Plan:
    """The plan for those usernames at the first provider."""
    return plan_in(session(simulator, alias), *entries, single=single)


def plan_in(session: Session, *entries: tuple[str, str], single: bool = False) -> Plan:
    """The plan of a session for those usernames at the first provider."""
    desired = tuple(
        USERNAME.read("" if single else f"usernames[{number}]", {"user": user, "username": name})
        for number, (user, name) in enumerate(entries)
    )
    return plan_changes(
        session, RESOURCES, [ProviderDocument("", "ALPHA", "service_provider", (Usernames(desired, single=single),))]
    )


def plan_document(
    simulator: Simulator, alias: str = "staff", customer: str = "Alpha Cloud Ltd", **keys: Any
) -> tuple[Session, Plan]:
    """The plan for a document with these keys about one provider."""
    asked = session(simulator, alias)
    document = SCHEMA.read([{"customer": customer, **keys}], no_image)
    return asked, plan_changes(asked, RESOURCES, document, Limits(max_renames=100))


def set_usernames(
    simulator: Simulator, *entries: tuple[str, str], alias: str = "staff", single: bool = False
) -> list[Any]:
    """Plan and apply; the accounts that were planned to change, by user."""
    asked = session(simulator, alias)
    planned = plan_in(asked, *entries, single=single)
    apply(asked, planned)
    return [(change.name, change.after) for change in planned.changes]


def usernames(simulator: Simulator, user: str) -> dict[str, str]:
    """The usernames of a user at the first provider as staff sees them, by offering; ``provider`` is that of the
    service provider account."""
    client = session(simulator).client
    accounts = client.rows("offering_users", provider_uuid="d2c8772ce559428283e388badd97f2d6")
    shared = client.rows("provider_accounts", customer_uuid="d2c8772ce559428283e388badd97f2d6")
    found = {row["offering_name"]: row["username"] for row in accounts if row["user_username"] == user}
    own = [row["username"] for row in shared if row["user_username"] == user]
    simulator.zero()
    return {**found, "provider": own[0]} if own else found


def writes(simulator: Simulator) -> dict[str, int]:
    """The writes since the last session began, by operation."""
    counts = simulator.counts().operations.items()
    return {name: number for name, number in counts if not name.startswith("GET") and "preview" not in name}
