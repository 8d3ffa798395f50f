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

# As a JSON Schema needs it; whether there is such a date and time, it can't tell.
PATTERN = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_TEXT = re.compile(rf"^{PATTERN}$")


def parse(value: Any) -> datetime:
    """Return ``value`` as a timestamp in UTC: a date is its midnight in UTC, a date-time without an offset is in UTC.

    ``value`` is text, or the object that YAML makes of it. Raises ``ValueError`` for anything else.
    """
    try:
        return _convert_to_utc(value)
    except OverflowError as error:  # before year 1 or after 9999 in UTC
        raise ValueError("not a date") from error


def _convert_to_utc(value: Any) -> datetime:
    """Return ``value`` in UTC. Raises ``ValueError``, and ``OverflowError`` for years that Python does not support."""
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
    return local - _parse_offset(offset)


def _parse_offset(text: str | None) -> timedelta:
    """Return the offset from UTC of ``text``, such as ``+03:00``, ``-0330`` or ``Z``. Raises ``ValueError``."""
    if text is None or text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        raise ValueError("not an offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if text[0] == "-" else offset


def parse_server_time(text: str | None) -> datetime | None:
    """Return the timestamp that a response holds as ``text``; None for null, an empty text and an absent key
    (api-behaviour: absent-keys). Raises ``ValueError`` for text that is not a timestamp."""
    return parse(text) if text else None


def format_utc(timestamp: datetime | None) -> str | None:
    """Return ``timestamp`` as text in UTC with ``Z``, which every server reads the same way; None stays None
    (api-behaviour: timestamps)."""
    if timestamp is None:
        return None
    return timestamp.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def parse_http_date(text: str | None) -> datetime | None:
    """Return the timestamp in UTC of the ``Date`` header ``text``; None for an invalid one, and for one before 2020 or
    after 2999."""
    try:
        timestamp = parsedate_to_datetime(text) if text else None
        # "-0000" is UTC too, and Python gives no time zone for it.
        timestamp = timestamp.astimezone(timezone.utc) if timestamp and timestamp.tzinfo else timestamp
    except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
        return None
    return timestamp.replace(tzinfo=timezone.utc) if timestamp and 2020 <= timestamp.year < 3000 else None
