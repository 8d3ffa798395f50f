# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the entries that a task plans, with the service providers that they are about. Names no resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._common import uuids
from .._common.errors import InvalidInput, NotFound
from .._common.json_values import to_plain
from .._context import Session
from .._document.entry_store import EntryStore, StoredEntry
from .._document.loader import LoadedEntry
from .._document.model import CUSTOMER_REFERENCE, PROVIDER_REFERENCE, ProviderDocument, ReadImage
from .._references.targets import Target
from .._resources.document_schema import SCHEMA
from .._resources.registry import RESOURCES
from .failures import Failures, ProviderFailure

# What is known of a target before its current state is read.
_TARGET_KEYS = ("customer_uuid", "customer_url", "name", "uuid")


@dataclass(frozen=True)
class Selection:
    """The entries that are planned, each with its provider.

    ``left_out`` are the providers of the entries that are not planned, ``without_entry`` those that were selected and
    have no entry. ``failures`` are the entries whose provider was not found.
    """

    entries: Sequence[tuple[ProviderDocument, Target]]
    left_out: Sequence[Target] = ()
    without_entry: Sequence[Target] = ()
    failures: Sequence[ProviderFailure] = ()


def select_entries(
    session: Session, document: Sequence[ProviderDocument], only: Sequence[str] | None, *, continues: bool = False
) -> Selection:
    """Return the entries of ``document`` that ``only`` names, all of them if it is None.

    Raises ``InvalidInput`` where a provider has two entries, and, unless the run ``continues``, does not exist.
    """
    failures = Failures(continues and only is None)
    entries = _resolve_targets(session, document, failures)
    if only is None:
        return Selection(entries, failures=failures.collected)
    named = {target.customer_uuid: target for target in _resolve_only(session, only)}
    known = {target.customer_uuid: target for _desired, target in entries}
    return Selection(
        [entry for entry in entries if entry[1].customer_uuid in named],
        [target for uuid, target in known.items() if uuid not in named],
        [target for uuid, target in named.items() if uuid not in known],
    )


def _resolve_targets(
    session: Session, document: Sequence[ProviderDocument], failures: Failures
) -> list[tuple[ProviderDocument, Target]]:
    """Return each entry with its provider. Raises ``InvalidInput`` where one has two entries, or does not exist and
    ``failures`` do not collect that."""
    session.references.customers.prefetch([d.reference for d in document if d.reference_kind == CUSTOMER_REFERENCE])
    first: dict[str, str] = {}
    pairs = []
    for desired in document:
        option = f"{desired.where}.customer" if desired.where else desired.reference_kind
        target = None
        with failures.of(Target("", "", desired.reference)):
            target = _resolve_target(session, option, desired)
        if target is None:
            continue
        if len(document) == 1:
            return [(desired, target)]
        if target.customer_uuid in first:
            raise InvalidInput(
                f"{option}: {target.name} duplicates {first[target.customer_uuid]}: make one entry of the two."
            )
        first[target.customer_uuid] = desired.where
        pairs.append((desired, target))
    return pairs


def _resolve_target(session: Session, option: str, desired: ProviderDocument) -> Target:
    """Return the provider of an entry. It is not read yet where it is given by its UUID, and none of the resources of
    the entry needs more."""
    named = [resource for resource in RESOURCES if resource.is_in(desired)]
    if desired.reference_kind == PROVIDER_REFERENCE and all(resource.needs_only_uuid for resource in named):
        return session.references.providers.resolve_later(option, desired.reference)
    return session.references.resolve_target(desired.reference_kind, option, desired.reference)


def _resolve_only(session: Session, references: Iterable[str]) -> list[Target]:
    named = enumerate(references)
    return [session.references.resolve_target(PROVIDER_REFERENCE, f"only[{number}]", value) for number, value in named]


# --- entries that all hosts of a fleet share -------------------------------------------------------------------------


def split_entries(
    session: Session,
    loaded: Sequence[tuple[LoadedEntry, ProviderDocument]],
    find_approved: Callable[[str], Mapping[str, Any]],
) -> list[StoredEntry]:
    """Return all entries as they are stored, each with what ``find_approved`` returns for its customer (a UUID).

    Raises ``InvalidInput`` as ``select_entries`` does.
    """
    resolved = _resolve_targets(session, [desired for _entry, desired in loaded], Failures(continues=False))
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
    read_image: ReadImage,
) -> StoredSelection:
    """Return the stored entries that ``only`` names, as ``select_entries`` does, without reading the others."""
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
    desired = [SCHEMA.read_entry(content["place"], content["entry"], read_image) for content in contents]
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
            return target  # whoever reads its profile says that it was deleted
        session.references.provider_list.learn_edition(target.row)
    return target
