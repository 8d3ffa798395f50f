# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the values that JSON can't represent, which no module and no server takes, and convert data into plain JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from datetime import date
from typing import Any

from .errors import quote
from .yaml_spelling import WrittenBool


def problems(where: str, value: Any, dates: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield each place within ``value`` whose value JSON can't represent, with what is wrong and what to do.

    ``where`` is what ``value`` is called in messages. The options named ``dates``, wherever they stand, take dates.
    """
    try:
        yield from _problems(where, value, dates)
    except RecursionError:
        yield where or "options", "contains itself, or is nested too deeply: write it without aliases."


def _problems(where: str, value: Any, dates: Collection[str]) -> Iterator[tuple[str, str]]:
    problem = problem_of(value)
    if problem and not (isinstance(value, date) and where.rpartition(".")[2] in dates):
        yield where or "options", problem
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, (str, int, float, type(None))) or problem_of(key):
                yield where or "options", f"the key {quote(key)} is not text: put it in quotes."
            else:
                yield from _problems(f"{where}.{quote(key)}" if where else quote(key), item, dates)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _problems(f"{where}[{index}]", item, dates)


def problem_of(value: Any) -> str:
    """Return what is wrong with a single value, and what to do; empty where JSON can represent it."""
    if isinstance(value, date):
        return f"{value!s} is read as a date, but text is required: put it in quotes."
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "is binary data, which JSON can't represent: write text."
    if isinstance(value, Set):
        return "is a set, which JSON can't represent: write a list."
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is a number that JSON can't represent: write a finite one, or quote it."
    if isinstance(value, str) and has_surrogates(value):
        return "the text contains bytes that are not UTF-8: write it again."
    return ""


def has_surrogates(text: str) -> bool:
    """Return whether ``text`` holds a half of a character, as Python makes of bytes that are no UTF-8."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def to_plain(
    value: Any, *, convert: Callable[[Any], Any] | None = None, parse_float: Callable[[str], Any] | None = None
) -> Any:
    """Return ``value`` after a JSON round trip: dictionaries, lists, text, numbers, booleans and null, of no subclass.

    ``convert`` returns what stands for a value that JSON can't represent; without it, that is a boolean or a mapping as
    JSON has them, a date in ISO format, and the text of anything else. ``parse_float`` reads the text of a number with
    a fraction or an exponent. Raises ``ValueError`` or ``RecursionError`` for endless nesting and for a whole number of
    thousands of digits, ``TypeError`` for a key that JSON can't represent.
    """
    return json.loads(json.dumps(value, default=convert or _convert), parse_float=parse_float)


def _convert(value: Any) -> Any:
    if isinstance(value, WrittenBool):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def json_text(value: Any) -> str:
    """Return the one JSON text of a value, by which values compare exactly: true is not 1, the order of keys is free.

    1 and 1.0 are one number, as Waldur's database may give back either for the other.
    """
    if value is None or type(value) in (str, bool):  # most values are, and the round trip takes ten times as long
        return json.dumps(value)
    return json.dumps(to_plain(value, parse_float=_parse_number), sort_keys=True)


def _parse_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
