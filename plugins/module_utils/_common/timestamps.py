# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestamps: as users write them, as the server returns them, as they are sent. Compared parsed, never as text
(api-behaviour: timestamps)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

NEVER = "never"

_TEXT = re.compile(
    r"^(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$"
)


def parse(value: Any) -> datetime:
    """Return the timestamp in UTC of ``value``: a date (its midnight, UTC), a date-time (UTC where no offset is given),
    as text or as the object that YAML makes of it. Raises ``ValueError`` for all else."""
    try:
        return _in_utc(value)
    except OverflowError as error:  # before year 1 or after 9999 in UTC
        raise ValueError("not a date") from error


def _in_utc(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    match = _TEXT.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    microsecond = int(((fraction or "") + "000000")[:6])
    local = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, timezone.utc
    )
    return local - _offset(offset)


def _offset(text: str | None) -> timedelta:
    if text is None or text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise ValueError("not an offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if text[0] == "-" else offset


def from_server(text: str | None) -> datetime | None:
    """Return the timestamp in a response; null, an empty text and an absent key mean that there is none
    (api-behaviour: absent-keys)."""
    return parse(text) if text else None


def to_server(moment: datetime | None) -> str | None:
    """Return the one form that every server reads the same way: UTC with ``Z`` (api-behaviour: timestamps)."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def from_http_date(text: str | None) -> datetime | None:
    """Return the timestamp of a ``Date`` header; None if it is invalid or not of the years 2020 to 2999."""
    try:
        moment = parsedate_to_datetime(text) if text else None
        # "-0000" is UTC too, and Python gives no time zone for it.
        moment = moment.astimezone(timezone.utc) if moment and moment.tzinfo else moment
    except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
        return None
    return moment.replace(tzinfo=timezone.utc) if moment and 2020 <= moment.year < 3000 else None
