# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of objects whose changes are events, and the short text that is kept in place of a row. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps

# A longer value of a row is kept as its digest, so that a row takes a limited part of the memory.
_LONGEST_VALUE = 200
_USER = ("user_uuid", "user_username", "user_full_name", "user_email")
_ACCOUNT = ("username", "state", "runtime_state", "is_restricted")


@dataclass(frozen=True)
class Kind:
    """A kind of objects: the list operation that returns them, and the keys of their rows.

    Another value of one of ``compared`` is an event; ``described`` are the keys that only describe the object.
    ``created`` and ``removed`` are the actions of rows that appear and disappear. ``has_modified`` tells that the list
    has the filter ``modified``, so that only the first reading has to be complete (api-behaviour: polling).
    """

    name: str
    operation: str
    compared: tuple[str, ...]
    described: tuple[str, ...] = ()
    created: str = "created"
    removed: str = "removed"
    has_modified: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that are kept."""
        return (*self.compared, *self.described)


CHANGED = "changed"
EXPIRING = "expiring"
ROLE = "role"
SERVICE_PROVIDER = "service_provider"
# In the order in which a poll emits them.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            SERVICE_PROVIDER,
            "service_providers",
            ("customer_name", "description", "enable_notifications", "image", "allowed_domains", "account_options"),
        ),
        Kind(
            ROLE,
            "list_users",
            ("expiration_time",),
            (*_USER, "role_uuid", "role_name"),
            created="granted",
            removed="revoked",
        ),
        Kind("account", "offering_users", _ACCOUNT, (*_USER, "offering_uuid", "offering_name"), has_modified=True),
        Kind("provider_account", "provider_accounts", _ACCOUNT, _USER, has_modified=True),
    )
}


def summarize_row(kind: Kind, row: Mapping[str, Any]) -> str:
    """Return what is kept of ``row``: a JSON object of the keys of ``kind``, the same text for the same content.

    Raises ``ValueError`` for an expiry that is not a timestamp.
    """
    values = {key: _summarize_value(key, row[key]) for key in kind.keys if key in row}
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _summarize_value(key: str, value: Any) -> Any:
    if key == "expiration_time":
        return timestamps.format_utc(timestamps.parse_server_time(value))
    if key == "image" and isinstance(value, str):
        # The host, and what a server adds to sign a URL, say nothing about the image (api-behaviour: images).
        value = urlsplit(value).path
    text = json.dumps(value, sort_keys=True)
    if len(text) <= _LONGEST_VALUE:
        return value
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Difference:
    """What a reading found: the texts of rows that are new or differ, and the UUIDs of rows that are gone."""

    present: Mapping[str, str]
    gone: tuple[str, ...] = ()


def compare_rows(known: Mapping[str, str], current: Mapping[str, str], *, is_complete: bool) -> Difference:
    """Return how ``found`` differs from ``known``, both texts by UUID.

    Rows can only be gone where ``current`` ``is_complete``: what a filter left out is unchanged.
    """
    present = {uuid: text for uuid, text in current.items() if known.get(uuid) != text}
    return Difference(present, tuple(uuid for uuid in known if uuid not in current) if is_complete else ())


def changed_values(kind: Kind, before: str, after: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of the compared keys that differ between two texts, before and after; empty where none does."""
    old, new = json.loads(before), json.loads(after)
    keys = [key for key in kind.compared if old.get(key) != new.get(key)]
    return {key: old.get(key) for key in keys}, {key: new.get(key) for key in keys}
