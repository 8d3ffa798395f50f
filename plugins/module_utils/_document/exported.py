# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The current state as parts of a document: entries, references that mean the same when they are read back, and notes
on what a document can't express."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common import uuids, values
from .._common.errors import InvalidInput, quote
from .._common.types import Row
from .._references.references import References
from .._references.targets import Target
from .._references.users import User

# A note may list the accounts in a hundred offerings.
_LONGEST_NOTE = 10_000

Entry = dict[str, Any]


@dataclass(frozen=True)
class Note:
    """A note on what was left out under ``key``: its name (None: all of it), and the reason, as a sentence."""

    key: str
    name: str | None
    text: str

    def as_dict(self, target: Target) -> dict[str, Any]:
        """Return the note as a task returns it; its text on one line, so that it can stand in a comment."""
        text = quote(self.text, _LONGEST_NOTE)
        return {"service_provider": target.name, "key": self.key, "name": self.name, "text": text}


@dataclass(frozen=True)
class Exported:
    """One resource of one provider: keys of the document with their values, and notes on what was left out."""

    keys: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def exported_list(key: str, items: Iterable[Entry | Note]) -> Exported:
    """Return a list of the document, sorted, and left out where it has no entry: an empty one asks for nothing."""
    items = list(items)
    entries = [item for item in items if not isinstance(item, Note)]
    entries.sort(key=lambda entry: list(entry.values()))
    notes = tuple(item for item in items if isinstance(item, Note))
    return Exported({key: entries} if entries else {}, notes)


def user_reference(references: References, user: User) -> str:
    """Return the username where reading it back finds this user, else the UUID (as for one that looks like a UUID)."""
    name = user.username or ""
    is_certain = _is_read_as_name(name, "users") and references.users.known_uuid(name) == user.uuid
    return name if is_certain else user.uuid


def project_reference(row: Row, rows: Iterable[Row]) -> str:
    """Return the project's name where reading it back finds the project of this group among ``rows``, the groups of one
    provider, else the UUID."""
    name, uuid = row.get("project_name") or "", str(uuids.normalize(row["project_uuid"]))
    is_certain = _is_read_as_name(name, "projects") and sum(group.get("project_name") == name for group in rows) == 1
    return name if is_certain else uuid


def customer_reference(references: References, target: Target) -> str:
    """Return the customer's name where reading it back finds this customer, else the UUID: names are not unique."""
    if not _is_read_as_name(target.name, "customers"):
        return target.customer_uuid
    try:
        resolved = references.resolve_target("customer", "customer", target.name)
    except InvalidInput:
        return target.customer_uuid
    return target.name if resolved.customer_uuid == target.customer_uuid else target.customer_uuid


def _is_read_as_name(name: str, collection: str) -> bool:
    """Return whether the schema reads the name back unchanged, and as a name instead of a UUID or URL."""
    try:
        is_unchanged = values.reference(collection, name) == name
    except InvalidInput:
        return False
    return is_unchanged and not (uuids.normalize(name) or uuids.from_url(name, collection))
