# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there as a desired-state document, which changes nothing when it is applied. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from . import _desired_state as document
from ._errors import Forbidden
from ._references import Target
from ._resources.offering_username import OfferingUsername
from ._resources.service_provider import ServiceProvider
from ._resources.user_role import UserRole
from ._session import Session
from ._written import Note, Written, customer_reference


@dataclass(frozen=True)
class Exported:
    """One provider: whom it is about, its entry of the document, and what that can't say."""

    target: Target
    entry: dict[str, Any]
    notes: list[Note]


class Exporting(Protocol):
    """A room whose noun can be exported."""

    def export(self, session: Session, target: Target) -> Written:
        """What is there, as entries for which ``compare`` finds nothing to change."""


# The secret code has none: what can be known of it is its fingerprint, and with that the document would rotate it.
PARTS: dict[str, Exporting] = {
    "profile": ServiceProvider(),
    "users": UserRole(),
    "offering_usernames": OfferingUsername(),
}


def export(session: Session, references: Any = None, parts: Sequence[str] = tuple(PARTS)) -> dict[str, Any]:
    """The providers that ``references`` name (one or a list; None: all in the token's list), by customer name.

    Returns ``service_providers`` (the document's list, JSON data alone), ``notes`` (what it can't say, in a stable
    order) and ``count``. Raises ``WaldurError`` where anything can't be read: half an export would pass for a whole.
    """
    found = exported(session, references, parts)
    return {
        "service_providers": [one.entry for one in found],
        "notes": [note.as_dict(one.target) for one in found for note in one.notes],
        "count": len(found),
    }


def exported(session: Session, references: Any = None, parts: Sequence[str] = tuple(PARTS)) -> list[Exported]:
    """The same, provider by provider."""
    session.references.begin()
    targets = _targets(session, references)
    session.references.expect_customers([target.name for target in targets])
    return [_exported(session, target, parts) for target in targets]


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
        target = session.references.target("service_provider", option, document.reference(option, value))
        found[target.customer_uuid] = target
    return sorted(found.values(), key=lambda target: (target.name, target.customer_uuid))


def _part(session: Session, target: Target, part: str) -> Written:
    try:
        return PARTS[part].export(session, target)
    except Forbidden as error:
        error.message = (
            f"{target.name}: {error.message} Leave {part} out of parts, or name in service_providers those alone that"
            " this token may read."
        )
        error.args = (error.message,)
        raise


def _order(note: Note) -> tuple[str, str, str]:
    return note.key, note.name or "", note.text
