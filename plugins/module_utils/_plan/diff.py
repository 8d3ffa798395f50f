# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans as text for diff mode. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .._common.errors import escape_invisible
from .changes import Change, ChangeKind


def diff(changes: Sequence[Change[object]]) -> list[dict[str, str]]:
    """Return what ``--diff`` shows: one before and after per object, a line for each value that differs."""
    labels = provider_labels({str(change.id.get("customer")): change.service_provider for change in changes})
    by_object: dict[tuple[object, ...], list[Change[object]]] = {}
    for change in changes:
        by_object.setdefault((change.kind.name, change.name, *change.id.items()), []).append(change)
    return [_hunk(own, labels[str(own[0].id.get("customer"))]) for own in by_object.values()]


def _hunk(changes: Sequence[Change[object]], provider: str) -> dict[str, str]:
    """Return the changes of one object, below the label of its provider and its own."""
    first = changes[0]
    is_provider = first.name == first.service_provider
    header = escape_invisible(provider if is_provider else f"{provider}: {first.kind.label.format(first.name)}")
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(_lines(change, change.before, is_after=False) for change in changes),
        "after": "".join(_lines(change, change.after, is_after=True) for change in changes),
    }


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


def _lines(change: Change[object], values: Mapping[str, Any] | None, *, is_after: bool) -> str:
    if values is None:
        return ""
    return "".join(
        escape_invisible(f"{change.name}: {label}: {_word(value, change.kind, key, is_after=is_after)}") + "\n"
        for label, key, value in _flat(values)
    )


def _null_word(kind: ChangeKind, key: str, *, is_after: bool) -> str:
    style = kind.styles.get(key)
    if style is None:
        return kind.null_word
    return style.after if is_after else style.before


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    rows: list[tuple[str, str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows.extend((f"{key}: {label}", inner_key, inner) for label, inner_key, inner in _flat(value))
        else:
            rows.append((str(key), key, value))
    return rows


def _word(value: Any, kind: ChangeKind, key: str, *, is_after: bool) -> str:
    if value is None:
        return _null_word(kind, key, is_after=is_after)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value) or kind.empty_word
