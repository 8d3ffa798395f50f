# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans as text for diff mode. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .._common.errors import printable
from .changes import Change

# How "no value" reads where "none" would mislead.
_NOTHING_BEFORE = {"expiration_time": "never"}

_NOTHING_AFTER = {"expiration_time": "never", "fingerprint": "a new one"}


def diff(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Return what ``--diff`` shows: one before and after per service provider, a line for each value that differs."""
    by_customer: dict[str, list[Change]] = {}
    for change in changes:
        by_customer.setdefault(str(change.id.get("customer")), []).append(change)
    labels = provider_labels({customer: own[0].service_provider for customer, own in by_customer.items()})
    return [
        {
            "before_header": printable(labels[customer]),
            "after_header": printable(labels[customer]),
            "before": "".join(_lines(change.name, change.before, _NOTHING_BEFORE) for change in own),
            "after": "".join(_lines(change.name, change.after, _NOTHING_AFTER) for change in own),
        }
        for customer, own in by_customer.items()
    ]


def provider_labels(names: Mapping[str, str]) -> dict[str, str]:
    """Return a label for each service provider that no other has: its name, with the customer's UUID where needed.

    ``names`` are the providers' names by the UUIDs of their customers, as names are not unique.
    """
    labels = dict(names)
    # Twice, as a name may look like the label of another provider.
    for _round in range(2):
        often = Counter(labels.values())
        labels = {uuid: f"{label} ({uuid})" if often[label] > 1 else label for uuid, label in labels.items()}
    return labels


def _lines(name: str, values: Mapping[str, Any] | None, nothing: Mapping[str, str]) -> str:
    if values is None:
        return ""
    return "".join(
        printable(f"{name}: {label}: {_word(value, nothing.get(key, 'none'))}") + "\n"
        for label, key, value in _flat(values)
    )


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    rows: list[tuple[str, str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows.extend((f"{key}: {label}", inner_key, inner) for label, inner_key, inner in _flat(value))
        else:
            rows.append((str(key), key, value))
    return rows


def _word(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value) or "empty"
