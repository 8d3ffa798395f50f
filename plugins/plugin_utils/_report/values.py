# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the values of a report and format them: texts, numbers, days. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import shorten, split_lines

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
# From two days, months or years on, a distance is counted in them.
_SHORTEST_DISTANCE = 2
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def format_name(value: Any) -> str:
    """Return a name on one line of at most 200 printable characters, an empty text for null."""
    return shorten(" ".join(" ".join(split_lines("" if value is None else str(value))).split()), _LONGEST_NAME)


def format_text(value: Any) -> str:
    """Return a text with its lines, of at most 2,000 characters, an empty text for null."""
    return shorten("\n".join(split_lines("" if value is None else str(value))).strip(), _LONGEST_TEXT)


def choose_name(row: Row, *keys: str) -> str:
    """Return the value of the first key that is not empty, a dash if all are."""
    return next((name for key in keys if (name := format_name(row.get(key)))), NOTHING)


def require_mapping(where: str, value: Any) -> Row:
    """Return *value* if it is a mapping. Raises ``InvalidInput``."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: must be a mapping, and {quote(value)} was given.")
    return value


def check_keys(where: str, value: Any, keys: Sequence[str]) -> Row:
    """Return *value* if it is a mapping of the keys *keys*. Raises ``InvalidInput``."""
    data = require_mapping(where, value)
    unknown = sorted(str(key) for key in data if key not in keys)
    if unknown:
        raise InvalidInput(f"{where}: the key {format_name(unknown[0])!r} is not known: use {', '.join(keys)}.")
    return data


def require_rows(where: str, value: Any) -> list[Row]:
    """Return *value* if it is a list of mappings. Raises ``InvalidInput``."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidInput(f"{where}: must be a list of mappings, and {quote(value)} was given.")
    return [require_mapping(f"{where}[{number}]", row) for number, row in enumerate(value)]


def parse_number(where: str, value: Any) -> float | int | None:
    """Return a number, also one written as text, as old servers do (api-behaviour: revenue); None for null.

    Raises ``InvalidInput`` for any other value, and for numbers larger than any amount of money.
    """
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not abs(number) < _LARGEST:
        raise InvalidInput(f"{where}: {quote(value)} is not a number that a report can show: correct it.")
    return number


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
        return int(value) if isinstance(value, int) or number.is_integer() else number
    except (ValueError, OverflowError):
        return None


def parse_whole_number(where: str, value: Any, lowest: int, highest: int) -> int:
    """Return a whole number within limits, also one written as text. Raises ``InvalidInput``."""
    number = parse_number(where, value)
    if not isinstance(number, int) or not lowest <= number <= highest:
        raise InvalidInput(f"{where}: must be a whole number from {lowest} to {highest}, and {quote(value)} was given.")
    return number


def format_number(value: float | None) -> str:
    """Return a number such as ``12,345`` or ``-3.5``, a dash for None."""
    if value is None:
        return NOTHING
    rounded = round(value, 2)
    return f"{int(rounded) if rounded == int(rounded) else rounded:,}".replace("-", _MINUS)


def format_change(value: float) -> str:
    """Return a change such as ``+2`` or ``±0``, with a real minus sign."""
    return ("+" if value > 0 else "±" if value == 0 else "") + format_number(value)


def format_compact(value: float) -> str:
    """Return *value* in at most three digits and a unit: ``950``, ``1.23k``, ``123M``."""
    size, unit = abs(value), ""
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        # From 999.5 on, three digits round to a thousand.
        if size >= factor * 0.9995:
            size, unit = size / factor, letter
            break
    digits = max(0, 2 - math.floor(math.log10(max(round(size, 2), 1))))
    shown = f"{size:.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return (_MINUS if value < 0 and shown != "0" else "") + shown + unit


def format_count(count: int, singular: str, plural: str) -> str:
    """Return a count with its unit: ``1 month``, ``2 months``."""
    return f"{count:,} {singular if count == 1 else plural}"


# --- times -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportTime:
    """When the data of a report were read: a day, or with ``has_time`` a time of it. Days are those of UTC."""

    timestamp: datetime
    has_time: bool

    @property
    def text(self) -> str:
        """``23 November 2026``, with ``, 14:05 UTC`` where there is a time."""
        return format_day(self.timestamp) + (f", {self.timestamp:%H:%M} UTC" if self.has_time else "")

    @property
    def month(self) -> int:
        """The number of the month since year 0, from 0."""
        return self.timestamp.year * 12 + self.timestamp.month - 1

    def count_days_until(self, timestamp: datetime) -> int:
        """Return the days until *timestamp*, a negative number if it has passed."""
        return (timestamp.date() - self.timestamp.date()).days

    def format_distance(self, timestamp: datetime) -> str:
        """Return the distance in words: ``in 12 days``, ``today``, ``3 months ago``, ``in 2 years``."""
        days = self.count_days_until(timestamp)
        if abs(days) < _SHORTEST_DISTANCE:
            return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
        distance = _describe_period(*sorted((self.timestamp.date(), timestamp.date())))
        return f"in {distance}" if days > 0 else f"{distance} ago"


def _describe_period(first: date, last: date) -> str:
    """Return a period in days, in whole months from two of them on, in whole years from two of them on."""
    days = (last - first).days
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    if months < _SHORTEST_DISTANCE:
        return f"{days} days"
    years = months // 12
    return f"{years:,} years" if years >= _SHORTEST_DISTANCE else f"{months} months"


def parse_report_time(value: Any, option: str = "moment") -> ReportTime:
    """Return the time of a report: of a date, or a date-time (UTC without an offset). Raises ``InvalidInput``, which
    names ``option``."""
    has_time = isinstance(value, datetime) or not (isinstance(value, date) or _DATE.fullmatch(str(value).strip()))
    try:
        return ReportTime(timestamps.parse(value), has_time)
    except ValueError:
        raise InvalidInput(
            f'{option}: must be a date such as "2026-11-23", or a date-time, and {quote(value)} was given.'
        ) from None  # Ansible would show the cause too


def parse_time(where: str, value: Any) -> datetime | None:
    """Return a timestamp of the server in UTC; None for null. Raises ``InvalidInput``."""
    try:
        timestamp = timestamps.parse_server_time(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{where}: {quote(value)} is not a valid date-time: correct it.") from None
    return timestamp.astimezone(timezone.utc) if timestamp else None


def format_day(value: datetime | None) -> str:
    """Return a day such as ``23 November 2026``, a dash for None."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}" if value else NOTHING
