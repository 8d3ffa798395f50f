# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ends soon: durations as users write them, and rows that end within one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from . import timestamps
from .errors import InvalidInput, quote
from .types import Row

_DURATION = re.compile(r"^(\d{1,6})\s*([hdw]?)$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "": timedelta(days=1)}
# A hundred years: beyond that, years are no longer those of a calendar.
_LONGEST = timedelta(days=36_500)


def parse_duration(option: str, value: Any) -> timedelta:
    """Return a duration: a number of days, or text such as ``12h``, ``30d`` or ``4w``.

    Raises ``InvalidInput`` for anything else, for 0, and for more than 36,500 days.
    """
    is_text_or_number = isinstance(value, (str, int)) and not isinstance(value, bool)
    match = _DURATION.match(str(value).strip().lower()) if is_text_or_number else None
    duration = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if not timedelta() < duration <= _LONGEST:
        raise InvalidInput(
            f"{option}: '{quote(value)}' is not a valid duration: give a number of days from 1 to {_LONGEST.days}, or a"
            " text such as 12h, 30d or 4w."
        )
    return duration


def ending_within(rows: Iterable[Row], now: datetime, within: timedelta) -> list[tuple[datetime, Row]]:
    """Return the rows whose ``expiration_time`` is after ``now`` and at most ``within`` after it, with that time.

    The earliest is the first; rows without an expiry, and those that have ended, are left out (api-behaviour:
    timestamps). Raises ``ValueError`` for an expiry that is not a timestamp.
    """
    with_expiry = ((timestamps.parse_server_time(row.get("expiration_time")), row) for row in rows)
    ending = [(expiry, row) for expiry, row in with_expiry if expiry is not None and now < expiry <= now + within]
    return sorted(ending, key=lambda pair: pair[0])


def days_left(expiry: datetime, now: datetime) -> int:
    """Return the number of whole days until ``expiry``."""
    return (expiry - now) // timedelta(days=1)


def describe_duration(duration: timedelta) -> str:
    """Return a duration of whole hours in words, such as ``30 days`` or ``12 hours``."""
    days, remainder = divmod(duration, timedelta(days=1))
    number, unit = (duration // timedelta(hours=1), "hour") if remainder else (days, "day")
    return f"{number:,} {unit}" + ("" if number == 1 else "s")
