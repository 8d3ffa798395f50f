# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the recorded world in short, and how it is brought into states that an export can't say."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator, SimulatorError

ALPHA, BETA = "d2c8772ce559428283e388badd97f2d6", "f339c6f330254f4e8fd253b4fda7f25e"


def session(sim: Simulator, alias: str = "staff") -> Session:
    client = Client(Connection(sim.url, sim.token(alias), retries=0))
    return Session(client, References(client))


def grant(sim: Simulator, user: str, role: str = "CUSTOMER.MANAGER", until: str | None = None) -> str:
    return sim.create("Grant", user=user, role=role, service_provider="Alpha Cloud Ltd", expiration_time=until)


def account(sim: Simulator, offering: str, user: str, username: str | None) -> None:
    with contextlib.suppress(SimulatorError):
        sim.delete("OfferingUser", {"user__username": user, "offering__name": offering})
    sim.create("OfferingUser", offering=offering, user=user, username=username, state="OK")


def alpha(session: Session, *parts: str) -> dict[str, Any]:
    """The entry of Alpha, and with the key ``notes`` its notes as (key, name) → text."""
    found = export(session, ["ALPHA"], parts) if parts else export(session, ["ALPHA"])
    notes = {(note["key"], note["name"]): note["text"] for note in found["notes"]}
    return {**found["service_providers"][0], "notes": notes}


def plan_of(session: Session, document: Any) -> list[str]:
    return [
        str(change) for change in plan_changes(session, RESOURCES, SCHEMA.read(document, images.read_image)).changes
    ]
