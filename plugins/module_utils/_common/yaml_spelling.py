# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that YAML makes of unquoted words, with the text that they were written as: 007 is the number 7."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from .errors import InvalidInput
from .input_files import LARGEST_DOCUMENT, read_file

# A plain scalar in block or flow style, up to a comment, a comma or the end of what holds it.
_PLAIN = re.compile(r"[^\s,\[\]{}#'\"]+(?: \d[^\s,\[\]{}#'\"]*)?")


class WrittenInt(int):
    """A whole number with its spelling."""

    written: Callable[[], str | None]


class WrittenFloat(float):
    """A number with its spelling."""

    written: Callable[[], str | None]


class WrittenDate(date):
    """A date with its spelling."""

    written: Callable[[], str | None]


class WrittenDateTime(datetime):
    """A date-time with its spelling."""

    written: Callable[[], str | None]


class WrittenBool:
    """A boolean with its spelling, as Python's own can't have attributes."""

    def __init__(self, value: bool, text: str) -> None:
        self.value = value
        self._text = text

    def written(self) -> str:
        """Return the text that was written."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, WrittenBool) else other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self.value

    def __str__(self) -> str:
        return str(self.value).lower()


def attach_spelling(value: Any, written: Callable[[], str | None]) -> Any:
    """Return a number or date equal to ``value`` of which ``get_spelling`` returns what ``written`` returns.

    ``written`` is called only then. Other values are returned as they are.
    """
    written_value: Any
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        written_value = WrittenInt(value)
    elif isinstance(value, float):
        written_value = WrittenFloat(value)
    elif isinstance(value, datetime):
        written_value = WrittenDateTime.combine(value.date(), value.timetz())
    elif isinstance(value, date):
        written_value = WrittenDate(value.year, value.month, value.day)
    else:
        return value
    written_value.written = written
    return written_value


def get_spelling(value: Any) -> str | None:
    """Return the text that ``value`` was written as in YAML; None if that is unknown."""
    written = getattr(value, "written", None)
    return written() if written else None


def read_plain_scalar(path: str, line: int, column: int) -> str | None:
    """Return the unquoted word at ``line`` and ``column`` of the file ``path``, both counted from 1; None if there is
    none, or if the file can't be read."""
    try:
        # A file that Ansible has read may be a named pipe, which has no second reading: only regular files are read.
        content = io.StringIO(read_file("", path, LARGEST_DOCUMENT).decode(), newline=None)
        text = next((text for number, text in enumerate(content, 1) if number == line), "")
    except (InvalidInput, OSError, ValueError):
        return None
    match = _PLAIN.match(text, column - 1) if column > 0 else None
    return match[0] if match else None
