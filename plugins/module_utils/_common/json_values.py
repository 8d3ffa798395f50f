# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that YAML and Jinja can make and JSON can't represent: Waldur can't store them, nor a module be given them."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Set
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
                yield where or "options", f"the key {quote(key)} is not text: quote it as it is written."
            else:
                yield from _problems(f"{where}.{quote(key)}" if where else quote(key), item, dates)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _problems(f"{where}[{index}]", item, dates)


def problem_of(value: Any) -> str:
    """Return what is wrong with a single value, and what to do; empty where JSON can represent it."""
    if isinstance(value, date):
        return f"{value!s} arrived as a date, not as text: quote it as it is written."
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
    """Whether ``text`` holds a half of a character, as Python makes of bytes that are no UTF-8."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def json_text(value: Any) -> str:
    """Return the one JSON text of a value, by which values compare exactly: true is not 1, the order of keys is free.

    1 and 1.0 are one number, as Waldur's database may give back either for the other.
    """
    return json.dumps(_comparable(value), sort_keys=True)


def _comparable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _comparable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    if isinstance(value, WrittenBool):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
