# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of a change as text: what differs before and after it, leaf by leaf. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from functools import lru_cache
from typing import Any, NamedTuple

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import quote
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import remove_secret_keys
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import ChangeKind, ValueStyle
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import shorten

# A longer value is shortened, so that the place is seen in which it differs.
LONGEST_VALUE = 80


class Leaf(NamedTuple):
    """A value of ``before`` or ``after``: ``text`` is the whole of it, ``short`` what fits into a line.

    ``is_word`` marks a word of ours for a value that is missing, which must not look like a value.
    """

    label: str
    value: Any
    text: str
    short: str
    is_word: bool = False
    is_quoted: bool = False

    @property
    def in_line(self) -> str:
        """The short text for a line, in which text of users is quoted."""
        if self.is_word:
            return f"({self.short})"
        return f"'{quote(self.short)}'" if self.is_quoted else quote(self.short)


class Difference(NamedTuple):
    """A value that a change sets: the leaf on either side, None where there is none; ``label`` says which value it is.

    Where one side of the whole change has nothing at all, only the other one is shown.
    """

    label: str
    sides: tuple[Leaf | None, ...]


def read_leaves(kind: ChangeKind, before: dict[str, Any], after: dict[str, Any]) -> tuple[list[Leaf], list[Leaf]]:
    """Return the leaves of both sides of a change, which are JSON data, shortened so that their difference is seen."""
    old, new = list(_read_side(kind, before, "before")), list(_read_side(kind, after, "after"))
    return _shorten_leaves(old, new), _shorten_leaves(new, old)


def _shorten_leaves(leaves: list[Leaf], counterparts: list[Leaf]) -> list[Leaf]:
    if all(len(leaf.text) <= LONGEST_VALUE for leaf in leaves):
        return leaves
    texts = {leaf.label: leaf.text for leaf in counterparts}
    return [leaf._replace(short=_shorten_around_difference(leaf.text, texts.get(leaf.label, ""))) for leaf in leaves]


def pair_leaves(before: list[Leaf], after: list[Leaf]) -> list[Difference]:
    """Return the values that differ, each with its leaves on both sides."""
    sides = [{leaf.label: leaf for leaf in leaves} for leaves in (before, after)]
    labels = dict.fromkeys([*sides[0], *sides[1]])
    return [Difference(label, tuple(side.get(label) for side in sides if side)) for label in labels]


def _shorten_around_difference(text: str, counterpart: str) -> str:
    """Return ``text`` shortened so that the first place is seen in which it differs from its counterpart."""
    pairs = enumerate(zip(text, counterpart, strict=False))
    position = next((at for at, (left, right) in pairs if left != right), min(len(text), len(counterpart)))
    if len(text) <= LONGEST_VALUE or position < LONGEST_VALUE // 2:
        return shorten(text, LONGEST_VALUE)
    start = min(position - LONGEST_VALUE // 4, len(text) - LONGEST_VALUE + 1)
    return f"…{shorten(text[start:], LONGEST_VALUE - 1)}"


def _read_side(kind: ChangeKind, values: dict[str, Any], side: str) -> Iterator[Leaf]:
    if not kind.has_named_keys:
        values = remove_secret_keys(values, kind.merged_fields)
    for key, value in values.items():
        if isinstance(value, dict) and set(value) != {"sha256", "size"}:
            for inner, item in value.items():
                yield _make_leaf(f"{key}: {inner}", inner, item, side, kind)
        else:
            yield _make_leaf(key, key, value, side, kind)


def _make_leaf(label: str, key: str, value: Any, side: str, kind: ChangeKind) -> Leaf:
    if word := _describe_missing_value(key, value, side, kind):
        return Leaf(label, value, word, word, is_word=True)
    style = kind.style(key)
    is_quoted = isinstance(value, (str, list)) and not style.is_code
    text = _format_value(style, value)
    return Leaf(label, value, text, text, is_quoted=is_quoted)


def _describe_missing_value(key: str, value: Any, side: str, kind: ChangeKind) -> str | None:
    """Return the word for a value that is missing or empty; None where there is a value."""
    style = kind.styles.get(key)
    if value is None and not (style and style.is_null_a_value):
        if style is None:
            return kind.null_word
        return style.after if side == "after" else style.before
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        return kind.empty_word
    return None


def _format_value(style: ValueStyle, value: Any) -> str:
    if value is None:
        return style.before
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"sha256", "size"}:
        return f"sha256:{str(value['sha256'])[:16]}, {value['size']} bytes"
    if isinstance(value, str):
        return _format_timestamp(value) if style.is_timestamp else value.strip()
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value, default=str)


@lru_cache(maxsize=1024)
def _format_timestamp(text: str) -> str:
    """Return a timestamp for readers: its date for midnight in UTC, as in a document, else to the minute or second."""
    try:
        timestamp = timestamps.parse(text).replace(tzinfo=None)
    except ValueError:
        return text
    if timestamp.time() == time():
        return timestamp.date().isoformat()
    return f"{timestamp.isoformat(' ', 'auto' if timestamp.second or timestamp.microsecond else 'minutes')} UTC"
