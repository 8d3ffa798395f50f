# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there as a desired-state schema, which changes nothing when it is applied. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .._common import values
from .._common.errors import Forbidden, NotFound, Unreadable, WaldurError
from .._context import Session
from .._document.exported import Note, Written, customer_reference
from .._references.references import Target
from .._resources.offering_username import OfferingUsername
from .._resources.service_provider import ServiceProvider
from .._resources.user_role import UserRole


@dataclass(frozen=True)
class Exported:
    """One provider: whom it is about, its entry of the schema, and what that can't say."""

    target: Target
    entry: dict[str, Any]
    notes: list[Note]


@dataclass(frozen=True)
class Export:
    """The providers that were read, by customer name, and those that the token may not read, each with the reason."""

    found: list[Exported]
    unreadable: list[tuple[Target, WaldurError]]

    def notes(self) -> list[dict[str, Any]]:
        """Return all notes as they are returned, by customer name."""
        pairs = [(one.target, note) for one in self.found for note in one.notes] + _left_out(self.unreadable)
        # Sorting keeps the order of the notes on one provider.
        pairs.sort(key=lambda pair: _position(pair[0]))
        return [note.as_dict(target) for target, note in pairs]


class Exporting(Protocol):
    """A room whose noun can be exported."""

    def export(self, session: Session, target: Target) -> Written:
        """What is there, as entries for which ``compare`` finds nothing to change."""


# The secret code has none: what can be known of it is its fingerprint, and with that the schema would rotate it.
PARTS: dict[str, Exporting] = {
    "profile": ServiceProvider(),
    "users": UserRole(),
    "offering_usernames": OfferingUsername(),
}


def export(session: Session, references: Any = None, parts: Sequence[str] = tuple(PARTS)) -> dict[str, Any]:
    """The providers that ``references`` name (one or a list; None: all in the token's list), by customer name.

    Returns ``service_providers`` (the schema's list, JSON data alone), ``notes`` (what it can't say, in a stable
    order) and ``count``. Raises ``WaldurError`` where a provider that is named can't be read.
    """
    read = exported(session, references, parts)
    entries = [one.entry for one in read.found]
    return {"service_providers": entries, "notes": read.notes(), "count": len(entries)}


def exported(session: Session, references: Any = None, parts: Sequence[str] = tuple(PARTS)) -> Export:
    """Return the same, provider by provider.

    Where no provider is named, one that the token may not read is left out as a whole, as half an entry would pass for
    a whole one. That it may read none at all is an error.
    """
    session.references.begin()
    targets = _targets(session, references)
    session.references.expect_customers([target.name for target in targets])
    attempts = [(target, _attempted(session, target, parts, is_named=references is not None)) for target in targets]
    errors = [(target, one) for target, one in attempts if isinstance(one, WaldurError)]
    found = [one for _target, one in attempts if isinstance(one, Exported)]
    if errors and not found:
        raise errors[0][1]
    return Export(found, errors)


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


def _attempted(session: Session, target: Target, parts: Sequence[str], *, is_named: bool) -> Exported | WaldurError:
    try:
        return _exported(session, target, parts)
    except (Forbidden, NotFound, Unreadable) as error:
        if is_named:
            raise
        return error


def _exported(session: Session, target: Target, parts: Sequence[str]) -> Exported:
    entry: dict[str, Any] = {"customer": customer_reference(session.references, target)}
    notes: list[Note] = []
    for part in PARTS:
        if part in parts:
            found = _part(session, target, part)
            entry.update(found.keys)
            notes += sorted(found.notes, key=_order)
    return Exported(target, entry, notes)


def _targets(session: Session, references: Any) -> list[Target]:
    """Each provider once, whatever it is called by. Text is one reference, as names may hold commas."""
    if references is None:
        references = [row["uuid"] for row in session.references.providers()]
    if isinstance(references, (list, tuple)):
        named = {f"service_providers[{number}]": value for number, value in enumerate(references)}
    else:
        named = {"service_providers": references}
    found = {}
    for option, value in named.items():
        target = session.references.target("service_provider", option, values.reference(option, value))
        found[target.customer_uuid] = target
    return sorted(found.values(), key=_position)


def _position(target: Target) -> tuple[str, str]:
    """Return by what providers are sorted."""
    return target.name, target.customer_uuid


def _part(session: Session, target: Target, part: str) -> Written:
    try:
        return PARTS[part].export(session, target)
    except NotFound as error:
        error.message = f"{target.name}: {error.message} It may have been deleted meanwhile: run again."
        error.args = (error.message,)
        raise
    except Forbidden as error:
        error.message = (
            f"{target.name}: {error.message} Leave {part} out of parts, or name in service_providers those alone that"
            " this token may read (the playbook's export_parts and service_provider)."
        )
        error.args = (error.message,)
        raise


def _order(note: Note) -> tuple[str, str, str]:
    return note.key, note.name or "", note.text
