# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as users write them, and what ends within one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import (
    days_left,
    describe_duration,
    ending_within,
    parse_duration,
)

NOW = datetime(2027, 6, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "duration"),
    [
        (30, timedelta(days=30)),
        ("30", timedelta(days=30)),
        (" 30D ", timedelta(days=30)),
        ("12h", timedelta(hours=12)),
        ("4 w", timedelta(weeks=4)),
        (36_500, timedelta(days=36_500)),
    ],
)
def test_a_duration_is_a_number_of_days_or_has_a_unit(value: Any, duration: timedelta) -> None:
    assert parse_duration("expiring_within", value) == duration


@pytest.mark.parametrize("value", [0, "0d", -1, "36501", "1m", "soon", "", 1.5, True, None, "1d2h", [30], "9999999"])
def test_what_is_no_duration_is_refused_with_what_is_one(value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_duration("expiring_within", value)
    assert caught.value.message == message("duration_invalid", option="expiring_within", value=value)


def test_what_ends_within_the_time_is_found_with_the_earliest_first_and_both_ends_are_exact() -> None:
    week = timedelta(days=7)
    expiries = {
        "last": NOW + week,
        "later": NOW + week + timedelta(microseconds=1),
        "first": NOW + timedelta(microseconds=1),
        "ended": NOW,
    }
    rows = [{"name": name, "expiration_time": timestamps.format_utc(expiry)} for name, expiry in expiries.items()]
    rows += [{"name": "never", "expiration_time": None}, {"name": "absent"}]
    assert [(expiry, row["name"]) for expiry, row in ending_within(rows, NOW, week)] == [
        (expiries["first"], "first"),
        (expiries["last"], "last"),
    ]


def test_days_are_whole_days() -> None:
    assert days_left(NOW + timedelta(days=2), NOW) == 2
    assert days_left(NOW + timedelta(hours=47), NOW) == 1
    assert days_left(NOW + timedelta(minutes=1), NOW) == 0


@given(st.lists(st.integers(-1000, 1000)), st.integers(1, 1000))
def test_a_longer_time_finds_at_least_as_much(hours: list[int], within: int) -> None:
    rows = [{"expiration_time": timestamps.format_utc(NOW + timedelta(hours=hour))} for hour in hours]
    found = ending_within(rows, NOW, timedelta(hours=within))
    assert len(found) == sum(0 < hour <= within for hour in hours)
    assert found == ending_within(rows, NOW, timedelta(hours=within + 1))[: len(found)]


@pytest.mark.parametrize(
    ("value", "words"),
    [("30d", "30 days"), ("24h", "1 day"), ("12h", "12 hours"), ("1h", "1 hour"), ("200w", "1,400 days")],
)
def test_a_duration_is_shown_in_days_or_hours(value: str, words: str) -> None:
    assert describe_duration(parse_duration("x", value)) == words
