# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the keys of rows from the server that the collection computes with, where the rows are read.

Keys that are only passed on to a result are not checked: there, unknown values do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar
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


def _is_url(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(urlsplit(value))
    except ValueError:
        return False


@dataclass(frozen=True)
class FieldType:
    """The type of value that a key must hold. ``expected`` says in messages what that is."""

    UUID: ClassVar[FieldType]
    TEXT: ClassVar[FieldType]
    TEXTS: ClassVar[FieldType]
    MAPPING: ClassVar[FieldType]
    MAPPINGS: ClassVar[FieldType]
    TIMESTAMP: ClassVar[FieldType]
    URL: ClassVar[FieldType]
    NUMBER: ClassVar[FieldType]

    is_valid: Callable[[Any], bool]
    expected: str
    is_optional: bool = False

    @property
    def optional(self) -> FieldType:
        """The same type for a key that may also be null or missing."""
        return replace(self, is_optional=True)


FieldType.UUID = FieldType(lambda value: uuids.normalize(value) is not None, "a UUID")
FieldType.TEXT = FieldType(lambda value: isinstance(value, str), "text")
FieldType.TEXTS = FieldType(
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value), "a list of texts"
)
FieldType.MAPPING = FieldType(lambda value: isinstance(value, dict), "an object")
FieldType.MAPPINGS = FieldType(
    lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value), "a list of objects"
)
FieldType.TIMESTAMP = FieldType(_is_timestamp, "a timestamp such as 2027-06-30T12:00:00Z")
FieldType.URL = FieldType(_is_url, "a URL")
FieldType.NUMBER = FieldType(lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number")


def check_rows(name: str, rows: Iterable[Row], /, **types: FieldType) -> list[Row]:
    """Return ``rows`` of the operation ``name``, with each key of ``types`` checked in all of them.

    Raises ``WaldurError`` that names the operation, the key and the value; ``OutcomeUnknown`` for the response to a
    write, whose outcome is then unknown.
    """
    checked = list(rows)
    for key, field_type in types.items():
        is_valid, is_optional = field_type.is_valid, field_type.is_optional
        for row in checked:
            value = row.get(key, _ABSENT)
            if not (is_valid(value) or (is_optional and (value is None or value is _ABSENT))):
                raise _invalid(name, row, key, value, field_type.expected)
    return checked


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
