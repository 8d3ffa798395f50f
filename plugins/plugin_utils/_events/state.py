# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of an event source: what it knows of every list, and the events that are not confirmed yet. Pure.

A change is noted in the state together with its event, and the state is stored before the event is handed over. So a
source that was killed in between emits the same event again, with the same id, whatever Waldur holds by then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import (
    CHANGED,
    EXPIRING,
    KINDS,
    ROLE,
    Difference,
    Kind,
    changed_values,
)

Event = dict[str, Any]
# The name of a kind, and the UUID of a service provider.
ListKey = tuple[str, str]
# Also at the end of a text, as a rulebook may write two texts side by side.
_TEMPLATE = re.compile(r"\{(?=[{%#]|\Z)")


@dataclass
class KnownList:
    """The texts of the rows of one list by UUID, and the expiries for which an ``expiring`` event was made."""

    rows: dict[str, str] = field(default_factory=dict)
    announced: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One change of one row: its texts before and after, None where there is no row; ``action`` is the event's.

    Without an ``action`` it is no event, as only the description of the object differs.
    """

    key: ListKey
    uuid: str
    action: str
    before: str | None
    after: str | None


@dataclass
class State:
    """All that a source knows.

    ``source_id`` is a random text; with ``sequence``, the number of events so far, it makes the ids of events.
    ``is_started`` tells that the first run is over. ``references`` are the UUIDs of the service providers that options
    name. ``providers`` holds name and customer of each service provider. ``outbox`` holds the events that were not
    confirmed, the oldest first.
    """

    source_id: str
    sequence: int = 0
    is_started: bool = False
    references: dict[str, str] = field(default_factory=dict)
    providers: dict[str, tuple[str, str]] = field(default_factory=dict)
    lists: dict[ListKey, KnownList] = field(default_factory=dict)
    outbox: list[Event] = field(default_factory=list)

    def rows(self, key: ListKey) -> Mapping[str, str] | None:
        """Return the known rows of a list; None where it was never read."""
        return self.lists[key].rows if key in self.lists else None

    def find_changes(self, key: ListKey, difference: Difference) -> Iterator[Change]:
        """Yield the changes of a list, those of rows that are gone first.

        A list that was never read has no changes: see ``start_list``.
        """
        kind, rows = KINDS[key[0]], self.lists[key].rows
        for uuid in difference.gone:
            yield Change(key, uuid, kind.removed, rows[uuid], None)
        for uuid, text in difference.present.items():
            before = rows.get(uuid)
            if before is None:
                yield Change(key, uuid, kind.created, None, text)
            else:
                yield Change(key, uuid, CHANGED if any(changed_values(kind, before, text)) else "", before, text)

    def find_expiring(self, provider: str, now: datetime, within: timedelta) -> Iterator[Change]:
        """Yield an ``expiring`` change for each grant that ends within that time and was not announced with its
        expiry."""
        key = (ROLE, provider)
        known = self.lists.get(key, KnownList())
        for uuid, text in known.rows.items():
            expiry = json.loads(text).get("expiration_time")
            if expiry and known.announced.get(uuid) != expiry and timestamps.parse(expiry) <= now + within:
                yield Change(key, uuid, EXPIRING, text, text)

    def start_list(self, key: ListKey, *, rows: Mapping[str, str] | None = None) -> None:
        """Begin to know a list, with ``rows`` that are there without an event."""
        self.lists[key] = KnownList(dict(rows or {}))

    def record(self, change: Change, now: datetime) -> None:
        """Note a change, and put its event into the outbox."""
        known = self.lists[change.key]
        if change.action:
            self.sequence += 1
            self.outbox.append(self._make_event(change, now))
        if change.action == EXPIRING:
            known.announced[change.uuid] = str(json.loads(change.after or "{}")["expiration_time"])
        elif change.after is None:
            known.rows.pop(change.uuid, None)
            known.announced.pop(change.uuid, None)
        else:
            known.rows[change.uuid] = change.after

    def forget_provider(self, provider: str) -> None:
        """Forget a service provider that is gone; its lists are empty then."""
        self.providers.pop(provider, None)
        for key in [key for key in self.lists if key[1] == provider]:
            del self.lists[key]

    def _make_event(self, change: Change, now: datetime) -> Event:
        kind, provider = KINDS[change.key[0]], change.key[1]
        row = json.loads(change.after or change.before or "{}")
        before, after = _compared(kind, change)
        name, customer = self.providers.get(provider, ("", ""))
        event = {
            "id": hashlib.sha256(f"{self.source_id}:{self.sequence}".encode()).hexdigest()[:32],
            "time": timestamps.format_utc(now),
            "kind": kind.name,
            "action": change.action,
            "service_provider": {"name": name, "uuid": provider, "customer_uuid": customer},
            "uuid": change.uuid,
            "user": _describe(row, "user", "uuid", "username", "full_name", "email"),
            "role": row.get("role_name"),
            "offering": _describe(row, "offering", "uuid", "name"),
            "expiration_time": row.get("expiration_time"),
            "before": before,
            "after": after,
        }
        disarmed: Event = disarm_templates(event)
        return disarmed


def _compared(kind: Kind, change: Change) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the values before and after: those that differ, or all where there is a row on one side only."""
    if change.action == EXPIRING:
        return None, None
    if change.before is not None and change.after is not None:
        return changed_values(kind, change.before, change.after)
    values = json.loads(change.after or change.before or "{}")
    compared = {key: values[key] for key in kind.compared if key in values}
    return (None, compared) if change.before is None else (compared, None)


def _describe(row: Mapping[str, Any], prefix: str, *keys: str) -> dict[str, Any] | None:
    """Return the object that the keys ``prefix_…`` of a row describe; None where the row is of none."""
    if f"{prefix}_uuid" not in row:
        return None
    return {key: row.get(f"{prefix}_{key}") for key in keys}


def disarm_templates(value: Any) -> Any:
    """Return JSON data of the server with a space in each opening mark of a template.

    ansible-rulebook hands events on as extra variables, and Ansible evaluates templates in these. The names in Waldur
    are chosen by others, so none of their text must be evaluated.
    """
    if isinstance(value, str):
        return _TEMPLATE.sub("{ ", value)
    if isinstance(value, dict):
        return {disarm_templates(key): disarm_templates(item) for key, item in value.items()}
    return [disarm_templates(item) for item in value] if isinstance(value, list) else value
