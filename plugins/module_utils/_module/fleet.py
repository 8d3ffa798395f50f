# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the entry of one host of a fleet, from documents that all hosts of the task share."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from .._context import Session
from .._document import loader
from .._document.entry_store import EntryStore, StoredEntry, shared_folder
from .._document.model import ProviderDocument, ReadImage
from .._engine.plan import Plan
from .._engine.planner import plan_selection
from .._engine.stored_selection import select_stored, split_entries
from .._plan.approval import group_by_customer
from .._resources.document_schema import SCHEMA
from .._resources.registry import RESOURCES
from .plan_limits import parse_approved, parse_limits


def can_share(options: Mapping[str, Any]) -> bool:
    """Return whether a task uses some entries of documents in files, as each host of a fleet does, and can share them
    with the other hosts."""
    return bool(shared_folder() and options.get("providers_path") and options.get("only"))


def plan_shared(session: Session, options: Mapping[str, Any], read_image: ReadImage) -> Plan:
    """Return the plan for the entries that the option ``only`` names.

    The first host of the task reads all documents and the approved plan, and resolves the customers of all entries. The
    first one that needs the roles reads them. The others read what these stored. Raises ``InvalidInput`` as
    ``plan_changes`` does.
    """
    limits = parse_limits({**options, "approved_plan": None}, session.client.connection.api_url)
    session.references.start_run()
    store = EntryStore(os.path.join(shared_folder(), _key(session, options)))
    session.references.roles.share_rows = partial(store.share, "roles")
    summaries = store.summaries(lambda: _split(session, options, read_image))

    def read_entry(place: str, entry: Any) -> ProviderDocument:
        return SCHEMA.read_entry(place, entry, read_image)

    stored = select_stored(session, store, summaries, limits.only or (), read_entry)
    approved = [content["approved"] for content in stored.contents]
    limits = replace(
        limits,
        only=None,
        approved=None if _has_no_plan(options) else [change for changes in approved for change in changes],
        approved_digests={uuid: digest for content in stored.contents for uuid, digest in content["digests"].items()},
    )
    return plan_selection(session, RESOURCES, stored.selection, limits)


def _has_no_plan(options: Mapping[str, Any]) -> bool:
    """Return whether any change is allowed; text is what a playbook or a survey hands on where there is no plan."""
    plan = options.get("approved_plan")
    return plan is None or (isinstance(plan, str) and not plan.strip())


def _key(session: Session, options: Mapping[str, Any]) -> str:
    """Return a name for what is stored; hosts with another Waldur, token or document have another one."""
    connection = session.client.connection
    parts = [connection.api_url, connection.access_token, options["providers_path"], options.get("approved_plan")]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _split(session: Session, options: Mapping[str, Any], read_image: ReadImage) -> list[StoredEntry]:
    changes, digests = parse_approved(options.get("approved_plan"), session.client.connection.api_url)
    by_customer = group_by_customer(changes or ())
    loaded = loader.load_checked(options["providers_path"], read_image, SCHEMA)

    def find_approved(customer: str) -> dict[str, Any]:
        own = {customer: digests[customer]} if customer in digests else {}
        return {"approved": by_customer.get(customer, []), "digests": own}

    return split_entries(session, RESOURCES, loaded, find_approved)
