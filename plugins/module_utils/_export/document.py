# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Export the current state as a document, which changes nothing when it is applied. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._common import values
from .._common.errors import Forbidden, NotFound, StateUnreadable, WaldurError
from .._context import Session
from .._document.exported import Exported, Note, customer_reference
from .._document.model import PROVIDER_REFERENCE
from .._references.targets import Target
from .._resources.registry import EXPORT_PARTS


@dataclass(frozen=True)
class ExportedProvider:
    """One provider: which one it is, its entry of the document, and notes on what was left out."""

    target: Target
    entry: dict[str, Any]
    notes: list[Note]


@dataclass(frozen=True)
class Export:
    """The providers that were read, by customer name, and those that the token may not read, each with the reason."""

    providers: list[ExportedProvider]
    unreadable: list[tuple[Target, WaldurError]]

    def notes(self) -> list[dict[str, Any]]:
        """Return all notes as they are returned, by customer name."""
        pairs = [(provider.target, note) for provider in self.providers for note in provider.notes]
        pairs += _left_out(self.unreadable)
        # Sorting keeps the order of the notes on one provider.
        pairs.sort(key=lambda pair: _position(pair[0]))
        return [note.as_dict(target) for target, note in pairs]


def export(session: Session, references: Any = None, parts: Sequence[str] = tuple(EXPORT_PARTS)) -> dict[str, Any]:
    """Export the providers that ``references`` name (one or a list; None: all in the token's list), by customer name.

    Return ``service_providers`` (the list of a document, as JSON data), ``notes`` (what a document can't express, in a
    stable order) and ``count``. Raises ``WaldurError`` where a provider that is named can't be read.
    """
    read = export_providers(session, references, parts)
    entries = [provider.entry for provider in read.providers]
    return {"service_providers": entries, "notes": read.notes(), "count": len(entries)}


def export_providers(session: Session, references: Any = None, parts: Sequence[str] = tuple(EXPORT_PARTS)) -> Export:
    """Export as ``export`` does, and return the providers one by one.

    Where no provider is named, one that the token may not read completely is left out, as an incomplete entry would
    look complete. If the token may read none at all, that is an error.
    """
    session.references.start_run()
    targets = _targets(session, references)
    session.references.customers.prefetch([target.name for target in targets])
    for name in parts:
        EXPORT_PARTS[name].prefetch(session, targets, is_export=True)
    phase = session.progress.begin("service providers exported")
    attempts = []
    for number, target in enumerate(targets):
        attempts.append((target, _attempt_export(session, target, parts, is_named=references is not None)))
        phase.report(number + 1, len(targets))
    session.references.bulk_lists.forget()
    errors = [(target, outcome) for target, outcome in attempts if isinstance(outcome, WaldurError)]
    providers = [outcome for _target, outcome in attempts if isinstance(outcome, ExportedProvider)]
    if errors and not providers:
        raise errors[0][1]
    return Export(providers, errors)


def _left_out(errors: Iterable[tuple[Target, WaldurError]]) -> list[tuple[Target, Note]]:
    """Return a note on each provider that the token may not read. The first of those with the same reason states it."""
    notes: list[tuple[Target, Note]] = []
    first: dict[str, str] = {}
    for target, error in sorted(errors, key=lambda pair: _position(pair[0])):
        reason = error.message.removeprefix(f"{target.name}: ")
        why = f", for the same reason as {first[reason]}." if reason in first else f": {reason}"
        first.setdefault(reason, target.name)
        text = f"{target.name}: was left out, as it can't be read{why}"
        notes.append((target, Note("service_providers", None, text)))
    return notes


def _attempt_export(
    session: Session, target: Target, parts: Sequence[str], *, is_named: bool
) -> ExportedProvider | WaldurError:
    try:
        return _export_provider(session, target, parts)
    except (Forbidden, NotFound, StateUnreadable) as error:
        if is_named:
            raise
        return error


def _export_provider(session: Session, target: Target, parts: Sequence[str]) -> ExportedProvider:
    entry: dict[str, Any] = {"customer": customer_reference(session.references, target)}
    notes: list[Note] = []
    for name in EXPORT_PARTS:
        if name in parts:
            exported = _export_part(session, target, name)
            entry.update(exported.keys)
            notes += sorted(exported.notes, key=_order)
    return ExportedProvider(target, entry, notes)


def _targets(session: Session, references: Any) -> list[Target]:
    """Return each provider once, whatever it is called by. Text is one reference, as names may hold commas."""
    if references is None:
        references = [row["uuid"] for row in session.references.provider_list.rows()]
    if isinstance(references, (list, tuple)):
        named = {f"service_providers[{number}]": value for number, value in enumerate(references)}
    else:
        named = {"service_providers": references}
    targets = {}
    for option, value in named.items():
        target = session.references.resolve_target(PROVIDER_REFERENCE, option, values.reference(option, value))
        targets[target.customer_uuid] = target
    return sorted(targets.values(), key=_position)


def _position(target: Target) -> tuple[str, str]:
    """Return by what providers are sorted."""
    return target.name, target.customer_uuid


def _export_part(session: Session, target: Target, name: str) -> Exported:
    try:
        return EXPORT_PARTS[name].export(session, target)
    except NotFound as error:
        error.message = f"{target.name}: {error.message} It may have been deleted meanwhile: run again."
        error.args = (error.message,)
        raise
    except Forbidden as error:
        error.message = (
            f"{target.name}: {error.message} Leave {name} out of parts, or name in service_providers those alone that"
            " this token may read (the playbook's export_parts and service_provider)."
        )
        error.args = (error.message,)
        raise


def _order(note: Note) -> tuple[str, str, str]:
    return note.key, note.name or "", note.text
