# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: read in every form that people and servers write, sent in one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps

UTC = timezone.utc
NOON = datetime(2027, 6, 30, 12, tzinfo=UTC)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2027-06-30", datetime(2027, 6, 30, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
        ("2000-02-29", datetime(2000, 2, 29, tzinfo=UTC)),
        ("2027-06-30T12:00:00Z", NOON),
        ("2027-06-30t12:00:00z", NOON),
        ("2027-06-30T12:00", NOON),
        ("2027-06-30 12:00:00", NOON),
        ("2027-06-30 12:00:00 Z", NOON),
        ("  2027-06-30T12:00:00Z\n", NOON),
        ("2027-06-30T14:00:00+02:00", NOON),
        ("2027-06-30T14:00:00+0200", NOON),
        ("2027-06-30T14:00:00+02", NOON),
        ("2027-06-30 14:00:00 +02:00", NOON),
        ("2027-06-30T08:30:00-03:30", NOON),
        ("2027-06-30T12:00:00-00:00", NOON),
        ("2027-07-01T02:00:00+14:00", NOON),
        ("2028-03-01T00:30:00+01:00", datetime(2028, 2, 29, 23, 30, tzinfo=UTC)),
        ("2027-06-30T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2027-06-30T12:00:00,5Z", NOON + timedelta(milliseconds=500)),
        ("2027-06-30T12:00:00.123456+00:00", NOON + timedelta(microseconds=123456)),
        ("2027-06-30T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        (date(2027, 6, 30), datetime(2027, 6, 30, tzinfo=UTC)),
        (datetime(2027, 6, 30, 12), NOON),
        (NOON, NOON),
        (datetime(2027, 6, 30, 14, tzinfo=timezone(timedelta(hours=2))), NOON),
    ],
)
def test_every_form_of_a_moment_names_it_in_utc(written: Any, meant: datetime) -> None:
    found = timestamps.parse(written)
    assert found == meant
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "never",
        "tomorrow",
        "30.06.2027",
        "06/30/2027",
        "2027-6-30",
        "2027-06",
        "20270630",
        "2027-06-31",
        "2027-02-29",
        "2100-02-29",
        "2027-13-01",
        "2027-00-10",
        "0000-01-01",
        "2027-06-30T",
        "2027-06-30T12",
        "2027-06-30T24:00",
        "2027-06-30T12:60",
        "2027-06-30T12:00:60Z",
        "2027-06-30T12:00:00.Z",
        "2027-06-30T12:00:00+15:00",
        "2027-06-30T12:00:00+02:60",
        "2027-06-30T12:00:00+2",
        "2027-06-30T12:00:00 CET",
        "2027-06-30Z",
        "2027-06-30T12:00:00Z2027-06-30T12:00:00Z",
        "2027-06-30T12:00:00Z; rm",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        None,
        True,
        20270630,
        1.5,
        ["2027-06-30"],
        {"date": "2027-06-30"},
    ],
)
def test_what_is_no_moment_is_refused(nonsense: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers take for "no date"
        timestamps.parse(nonsense)


@pytest.mark.parametrize(
    "edge",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
    ],
)
def test_an_object_that_no_moment_in_utc_can_hold_is_refused_as_its_text_is(edge: datetime) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers take for "no date"
        timestamps.parse(edge)


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_of_the_server_mean_no_moment(nothing: str | None) -> None:
    assert timestamps.parse_server_time(nothing) is None


def test_both_forms_of_servers_name_the_same_moment() -> None:
    newer, older = "2025-11-03T21:03:01.348481+00:00", "2025-11-03T21:03:01.348481Z"
    assert timestamps.parse_server_time(newer) == timestamps.parse_server_time(older)


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        (None, None),
        (NOON, "2027-06-30T12:00:00Z"),
        (datetime(2027, 6, 30, 14, tzinfo=timezone(timedelta(hours=2))), "2027-06-30T12:00:00Z"),
        (NOON + timedelta(microseconds=348481), "2027-06-30T12:00:00.348481Z"),
    ],
)
def test_a_moment_is_sent_in_utc_with_a_z_and_no_moment_as_null(moment: datetime | None, sent: str | None) -> None:
    assert timestamps.format_utc(moment) == sent


@given(MOMENTS)
def test_reading_what_is_sent_gives_the_same_moment(moment: datetime) -> None:
    assert timestamps.parse_server_time(timestamps.format_utc(moment)) == moment


@given(MOMENTS)
def test_text_and_object_of_one_moment_are_one(moment: datetime) -> None:
    assert timestamps.parse(moment.isoformat()) == timestamps.parse(moment) == moment


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.binary())
def test_any_value_is_a_moment_in_utc_or_a_value_error(value: Any) -> None:
    try:
        found = timestamps.parse(value)
    except ValueError:
        return
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("Wed, 30 Jun 2027 12:00:00 GMT", NOON),
        ("Wed, 30 Jun 2027 14:00:00 +0200", NOON),
        (None, None),
        ("", None),
        ("soon", None),
        ("Wed, 31 Feb 2027 12:00:00 GMT", None),
    ],
)
def test_the_clock_of_the_server_is_read_where_its_header_can_be(header: str | None, meant: datetime | None) -> None:
    assert timestamps.parse_http_date(header) == meant
