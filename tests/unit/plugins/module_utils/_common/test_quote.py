# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in messages: whatever was given, the message stays one line that a person reads."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from messages import fragment, matching, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.plugin_utils._action.option_checks import check_value

from ...helpers.samples import document, no_image


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("plain ümlaut", "plain ümlaut"),
        ("two\nlines\x1b[31m", "two\\nlines\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("x" * 100, "x" * 99 + "…"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_a_value_is_quoted_on_one_line_and_not_at_length(value: Any, words: str) -> None:
    assert quote(value) == words


def test_a_number_of_thousands_of_digits_is_quoted_too() -> None:
    assert quote(1 << 20000).startswith("0x1000")
    with pytest.raises(
        InvalidInput,
        match=prefix(
            "not_quoted",
            option="service_providers[0].customer",
            problem=matching(fragment("kind_of_value", kind="number", value=matching("0x10+….*"))),
        ),
    ):
        SCHEMA.read([{"customer": 1 << 20000}], no_image)


def test_text_that_is_no_utf8_is_refused() -> None:
    bad = document(users=[{"user": "caf\udce9"}])
    with pytest.raises(InvalidInput) as refused:
        SCHEMA.read(bad, no_image)
    assert refused.value.message == (message("not_utf8", option="service_providers[0].users[0].user"))


def test_a_key_that_is_a_date_is_refused_by_its_place() -> None:
    users = [{"user": "alice", datetime.date(2027, 6, 30): "x"}]
    problem = message("kind_of_key", kind="date", value="2027-06-30")
    with pytest.raises(InvalidInput, match=pattern("not_quoted", option="users[0]", problem=problem)):
        check_value("users", users)
