# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the keys of server rows that the collection computes with, where the rows are read.

What only passes through to a result is not checked: there, unknown values do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from .._api.operations import operation
from .._common import timestamps, uuids
from .._common.errors import OutcomeUnknown, WaldurError, quote
from .._common.types import Row

_ABSENT = object()


def _is_timestamp(value: Any) -> bool:
    """Return whether ``value`` is a timestamp; an empty text means that there is none (api-behaviour: absent-keys)."""
    try:
        return isinstance(value, str) and (not value or bool(timestamps.parse(value)))
    except ValueError:
        return False


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(urlsplit(value))
    except ValueError:
        return False


# What a key can hold: whether a value is valid, and what it must be in words.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "uuid": (lambda value: uuids.normalize(value) is not None, "a UUID"),
    "text": (lambda value: isinstance(value, str), "text"),
    "texts": (
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
        "a list of texts",
    ),
    "mapping": (lambda value: isinstance(value, dict), "an object"),
    "timestamp": (_is_timestamp, "a timestamp such as 2027-06-30T12:00:00Z"),
    "address": (_is_address, "a URL"),
}


def checked(name: str, rows: Iterable[Row], /, **kinds: str) -> list[Row]:
    """Return ``rows`` of the operation ``name``, all of whose keys hold what they must.

    ``kinds``: what each key holds, by the names of ``_KINDS``; with ``?`` it may also be null or missing. Raises
    ``WaldurError`` that names the operation, the key and the value; ``OutcomeUnknown`` for the response to a write,
    whose outcome is then unknown.
    """
    found = list(rows)
    for key, kind in kinds.items():
        is_valid, expected = _KINDS[kind.removesuffix("?")]
        is_optional = kind.endswith("?")
        for row in found:
            value = row.get(key, _ABSENT)
            if not (is_valid(value) or (is_optional and (value is None or value is _ABSENT))):
                raise _invalid(name, row, key, value, expected)
    return found


def _invalid(name: str, row: Row, key: str, value: Any, expected: str) -> WaldurError:
    shown = "missing" if value is _ABSENT else "null" if value is None else f"'{quote(value)}'"
    title, uuid = operation(name).title, uuids.normalize(row.get("uuid"))
    text = f"no valid {key} ({shown}{f', row {uuid}' if uuid else ''}), which must be {expected}"
    if operation(name).writes:
        return OutcomeUnknown(f"The response to the request to {title} has {text}")
    return WaldurError(
        f"Cannot {title}: Waldur gave {text}: check that api_url names a supported Waldur, and report this to its"
        " operator."
    )
