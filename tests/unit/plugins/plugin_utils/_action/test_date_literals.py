# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists with dates in them that older Ansible printed come back; nothing is ever executed."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.plugin_utils._action.date_literals import parse_printed_list

MOMENTS = st.dates() | st.datetimes() | st.datetimes(timezones=st.just(timezone.utc))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | MOMENTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(VALUES, max_size=3))
def test_what_python_prints_of_a_list_with_dates_comes_back(value: list[Any]) -> None:
    text = str(value)
    assert parse_printed_list(text) == (value if "datetime." in text else text)


def test_a_date_time_with_an_offset_comes_back() -> None:
    value = [datetime(2027, 6, 30, 12, tzinfo=timezone(timedelta(seconds=7200))), date(2027, 6, 30)]
    assert parse_printed_list(str(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "[datetime.date(2027, 6, 30), __import__('os').system('true')]",
        "[datetime.date.today()]",
        "[datetime.date(2027, 13, 30)]",
        "[datetime.date(2027, 6",
        "[datetime.datetime.now()]",
        "datetime.date(2027, 6, 30)",
        "[1, 2]",
    ],
)
def test_anything_else_stays_the_text_that_it_is(text: str) -> None:
    assert parse_printed_list(text) == text


def test_what_is_no_text_stays_as_it_is() -> None:
    assert parse_printed_list([1]) == [1]
