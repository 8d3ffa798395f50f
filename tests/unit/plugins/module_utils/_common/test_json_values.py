# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that JSON can't represent: each is found, wherever it stands, and named."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import json_text, problems, to_plain
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import WrittenBool
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import Profile

from ...helpers.recording_client import AskedClient
from ...helpers.samples import CUSTOMER, PROVIDER

WRONG: list[tuple[Any, str]] = [
    (date(2027, 6, 30), "is read as a date"),
    (datetime(2027, 6, 30, 12), "is read as a date"),
    (b"\x00", "is binary data"),
    (bytearray(b"a"), "is binary data"),
    ({"a"}, "is a set"),
    (frozenset("a"), "is a set"),
    (float("nan"), "nan is a number that JSON can't represent"),
    (float("-inf"), "-inf is a number that JSON can't represent"),
    ("a\ud800", "the text contains bytes that are not UTF-8"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(("value", "told"), WRONG)
def test_a_value_that_json_cannot_represent_is_named_wherever_it_stands(value: Any, told: str) -> None:
    for where, whole in (
        ("account_options.x", {"account_options": {"x": value}}),
        ("users[1].user", {"users": [{"user": "a"}, {"user": value}]}),
        ("list[0][0]", {"list": [[value]]}),
    ):
        ((place, problem),) = problems("", whole)
        assert place == where
        assert told in problem
    ((place, _problem),) = problems("service_providers[0]", {"account_options": value})
    assert place == "service_providers[0].account_options"


@pytest.mark.parametrize("key", [date(2027, 6, 30), b"a", float("nan"), "\udcff", ("a", "b")])
def test_a_key_that_json_cannot_represent_is_named_by_where_it_stands(key: Any) -> None:
    ((place, problem),) = problems("", {"account_options": {key: 1}})
    assert place == "account_options"
    assert problem.startswith("the key ")


def test_what_contains_itself_is_one_problem_and_no_traceback() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert len(list(problems("x", endless))) == 1


def test_an_option_that_takes_dates_takes_them_and_no_other_does() -> None:
    day = date(2027, 6, 30)
    given_dates = {"users": [{"expiration_time": day, "user": day}]}
    assert [place for place, _problem in problems("", given_dates, {"expiration_time"})] == ["users[0].user"]


@given(JSON)
def test_what_json_can_represent_is_no_problem(value: Any) -> None:
    json.dumps(value, allow_nan=False).encode()
    assert list(problems("", value)) == []


@pytest.mark.parametrize(("value", "told"), WRONG)
def test_a_value_that_json_cannot_represent_is_rejected_in_the_plan(value: Any, told: str) -> None:
    row = {
        "uuid": PROVIDER,
        "customer_uuid": CUSTOMER,
        "customer_name": "ACME",
        "allowed_domains": [],
        "account_options": {},
    }
    asked = AskedClient({"service_providers": [row]})
    profile = Profile(fields={"allowed_domains": [value]})
    with pytest.raises(InvalidInput) as caught:
        plan_changes(
            asked.session(), RESOURCES, [ProviderDocument("service_providers[0]", CUSTOMER, desired_states=(profile,))]
        )
    assert caught.value.message.startswith("service_providers[0].allowed_domains[0]: ")
    assert told in caught.value.message
    assert not [name for name, _uuid, content in asked.asked if "body" in content]


def test_plain_data_holds_no_special_types() -> None:
    class Tagged(str):
        __slots__ = ()

    value = MappingProxyType({"a": (Tagged("x"), WrittenBool(True, "yes"), date(2027, 6, 30), Path("/x")), 1: 1.0})
    plain = to_plain(value)
    assert plain == {"a": ["x", True, "2027-06-30", "/x"], "1": 1.0}
    assert plain["a"][0].__class__ is str
    assert to_plain([Path("/x")], convert=lambda _value: None) == [None]


def test_values_compare_by_one_text() -> None:
    assert (
        json_text({"b": 1.0, "a": WrittenBool(True, "on")}) == json_text({"a": True, "b": 1}) == '{"a": true, "b": 1}'
    )
    assert json_text(1) != json_text(True)
    assert json_text(1.5) != json_text(1)
