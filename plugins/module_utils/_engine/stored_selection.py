# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store the entries of documents for all hosts of a fleet, and select those of one host. Names no resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._common import uuids
from .._common.errors import NotFound
from .._common.json_values import to_plain
from .._context import Session
from .._document.entry_store import EntryStore, StoredEntry
from .._document.loader import LoadedEntry
from .._document.model import PROVIDER_REFERENCE, ProviderDocument
from .._references.targets import Target
from .._resources.base import AnyResource
from .failures import Failures
from .selection import Selection, resolve_targets

# What is known of a target before its current state is read.
_TARGET_KEYS = ("customer_uuid", "customer_url", "name", "uuid")


def split_entries(
    session: Session,
    resources: Sequence[AnyResource],
    loaded: Sequence[tuple[LoadedEntry, ProviderDocument]],
    find_approved: Callable[[str], Mapping[str, Any]],
) -> list[StoredEntry]:
    """Return all entries as they are stored, each with what ``find_approved`` returns for its customer (a UUID).

    Raises ``InvalidInput`` as ``select_entries`` does.
    """
    resolved = resolve_targets(session, resources, [desired for _entry, desired in loaded], Failures(continues=False))
    return [
        StoredEntry(
            {key: getattr(target, key) for key in _TARGET_KEYS},
            {"place": entry.place, "entry": to_plain(entry.entry), **find_approved(target.customer_uuid)},
        )
        for (entry, _desired), (_document, target) in zip(loaded, resolved, strict=True)
    ]


@dataclass(frozen=True)
class StoredSelection:
    """A selection of stored entries, and their contents, in the same order."""

    selection: Selection
    contents: Sequence[Mapping[str, Any]]


def select_stored(
    session: Session,
    store: EntryStore,
    summaries: Sequence[Mapping[str, Any]],
    only: Sequence[str],
    read_entry: Callable[[str, Any], ProviderDocument],
) -> StoredSelection:
    """Return the stored entries that ``only`` names, as ``select_entries`` does, without reading the others.

    ``read_entry`` returns the desired state of an entry, of which it gets the place and the content.
    """
    by_uuid = {
        uuid: number
        for number, summary in enumerate(summaries)
        for uuid in (summary["uuid"], summary["customer_uuid"])
        if uuid
    }
    chosen: dict[int, None] = {}
    without_entry: dict[str, Target] = {}
    for number, value in enumerate(only):
        position = by_uuid.get(_uuid(value) or "")
        if position is None:
            target = session.references.resolve_target(PROVIDER_REFERENCE, f"only[{number}]", value)
            position = by_uuid.get(target.customer_uuid)
            if position is None:
                without_entry[target.customer_uuid] = target
                continue
        chosen[position] = None
    contents = [store.read(position) for position in sorted(chosen)]
    targets = [_read_target(session, summaries[position]) for position in sorted(chosen)]
    desired = [read_entry(content["place"], content["entry"]) for content in contents]
    left_out = [Target(**summary) for position, summary in enumerate(summaries) if position not in chosen]
    selection = Selection(list(zip(desired, targets, strict=True)), left_out, list(without_entry.values()))
    return StoredSelection(selection, contents)


def _uuid(value: str) -> str | None:
    """Return the UUID of a provider or a customer that a reference holds; None for a name."""
    named = (uuids.from_url(value, collection) for collection in ("marketplace-service-providers", "customers"))
    return uuids.normalize(value) or next(filter(None, named), None)


def _read_target(session: Session, summary: Mapping[str, Any]) -> Target:
    """Return the provider of a stored entry with its row, which is state, and therefore read by each host."""
    target = Target(**summary)
    if target.uuid:
        try:
            target.row = session.client.get("service_provider", target.uuid)
        except NotFound:
            return target  # the task that reads its profile reports that it was deleted
        session.references.provider_list.learn_edition(target.row)
    return target
