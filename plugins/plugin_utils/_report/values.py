# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the data a report shows, checked and in words: texts, numbers, days. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import lines, shortened

Row = Mapping[str, Any]

MONTHS = (
    "January February March April May June July August September October November December".split()  # in no locale
)
NOTHING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_LONGEST_NAME = 200
_LONGEST_TEXT = 2_000
# Beyond it a number is no money and no count, and a chart of it no chart.
_LARGEST = 10**15
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def name(value: Any) -> str:
    """A name on one line of at most 200 characters, each of which can be printed; nothing for null."""
    return shortened(" ".join(" ".join(lines("" if value is None else str(value))).split()), _LONGEST_NAME)


def text(value: Any) -> str:
    """A text with its lines, of at most 2,000 characters."""
    return shortened("\n".join(lines("" if value is None else str(value))).strip(), _LONGEST_TEXT)


def first_name(row: Row, *keys: str) -> str:
    """The first of the keys that names something."""
    return next((found for key in keys if (found := name(row.get(key)))), NOTHING)


def mapping(where: str, value: Any) -> Row:
    """*value*; raises ``InvalidInput`` where it is no mapping."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: is a mapping, and {quote(value)} was given.")
    return value


def rows(where: str, value: Any) -> list[Row]:
    """*value*; raises ``InvalidInput`` where it is no list of mappings."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidInput(f"{where}: is a list of mappings, and {quote(value)} was given.")
    return [mapping(f"{where}[{number}]", row) for number, row in enumerate(value)]


def number(where: str, value: Any) -> float | int | None:
    """A number, also one written as text, as old servers do (api-behaviour: revenue); None for null.

    Raises ``InvalidInput`` for all else, and for what is larger than any amount of money.
    """
    if value is None or value == "":
        return None
    found = _number(value)
    if found is None or not abs(found) < _LARGEST:
        raise InvalidInput(f"{where}: {quote(value)} is no number that a report can show.")
    return found


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
        return int(value) if isinstance(value, int) or found.is_integer() else found
    except (ValueError, OverflowError):
        return None


def whole(where: str, value: Any, lowest: int, highest: int) -> int:
    """A whole number within limits, also written as text. Raises ``InvalidInput``."""
    found = number(where, value)
    if not isinstance(found, int) or not lowest <= found <= highest:
        raise InvalidInput(f"{where}: is a whole number from {lowest} to {highest}, and {quote(value)} was given.")
    return found


def grouped(value: float | None) -> str:
    """``12,345``, ``-3.5``; a dash for None."""
    if value is None:
        return NOTHING
    rounded = round(value, 2)
    return f"{int(rounded) if rounded == int(rounded) else rounded:,}".replace("-", _MINUS)


def signed(value: float) -> str:
    """``+2``, ``±0``, with a real minus."""
    return ("+" if value > 0 else "±" if value == 0 else "") + grouped(value)


def compact(value: float) -> str:
    """*value* in at most three digits and a unit: ``950``, ``1.23k``, ``123M``."""
    size, unit = abs(value), ""
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        # From 999.5 on three digits make it a thousand.
        if size >= factor * 0.9995:
            size, unit = size / factor, letter
            break
    digits = max(0, 2 - math.floor(math.log10(max(round(size, 2), 1))))
    shown = f"{size:.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return (_MINUS if value < 0 and shown != "0" else "") + shown + unit


def counted(count: int, one: str, many: str) -> str:
    """``1 grant ends``, ``2 grants end``."""
    return f"{count:,} {one if count == 1 else many}"


# --- moments ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Now:
    """The moment of a report: a day, or a time of it too. Days are those of UTC."""

    moment: datetime
    timed: bool

    @property
    def words(self) -> str:
        """``23 November 2026``, with ``, 14:05 UTC`` where there is a time."""
        return day(self.moment) + (f", {self.moment:%H:%M} UTC" if self.timed else "")

    @property
    def month(self) -> int:
        """The number of the month since year 0, from 0."""
        return self.moment.year * 12 + self.moment.month - 1

    def days_until(self, moment: datetime) -> int:
        """Negative where it has passed."""
        return (moment.date() - self.moment.date()).days

    def distance(self, moment: datetime) -> str:
        """``in 12 days``, ``today``, ``3 days ago``."""
        days = self.days_until(moment)
        if abs(days) < 2:
            return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
        return f"in {days:,} days" if days > 0 else f"{-days:,} days ago"


def now(value: Any) -> Now:
    """The moment of a report: a date, or a date-time (UTC where no offset is given). Raises ``InvalidInput``."""
    timed = isinstance(value, datetime) or not (isinstance(value, date) or _DATE.fullmatch(str(value).strip()))
    try:
        return Now(timestamps.parse(value), timed)
    except ValueError:
        raise InvalidInput(
            f'moment: is a date such as "2026-11-23", or a date-time, and {quote(value)} was given.'
        ) from None  # Ansible would show the cause too


def moment(where: str, value: Any) -> datetime | None:
    """What a server says of a moment; None for none. Raises ``InvalidInput``."""
    try:
        found = timestamps.from_server(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{where}: {quote(value)} is no moment.") from None
    return found.astimezone(timezone.utc) if found else None


def day(value: datetime | None) -> str:
    """``23 November 2026``."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}" if value else NOTHING
