# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a list, checked; and rows checked again, sorted and trimmed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, matching, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import Operation, operation
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import FIELD, Parameter, ordering
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._query.filters import (
    aliases,
    find_unknown_fields,
    matches,
    options,
    parse_selection,
    sort_rows,
    spec,
    trim_rows,
)

UUID = "51d1acdbef2e4274bda95a1ce5391e54"
OTHER = "4d6b00766d9a494d9a05b60e87009a12"
UTC = datetime.timezone.utc
LIST = Operation(
    "things",
    "GET",
    "/api/things/",
    "list things",
    query=(
        Parameter("name", match="contains"),
        Parameter("customer", "url"),
        Parameter("customer_uuid", "customer", match="exact"),
        Parameter("user", "user", required=True),
        Parameter("state", style="repeat", choices=("OK", "Erred")),
        Parameter("ids", "offering", "comma"),
        Parameter("size", "int"),
        Parameter("since", "timestamp", match="at_or_after", keys=("created",)),
        Parameter("day", "date"),
        Parameter("attributes", "json"),
        Parameter("kind_uuid", "uuid"),
        Parameter("shared", "bool"),
        ordering("name", "email", keys={"email": "user_email"}),
        FIELD,
    ),
    response="list",
)


@pytest.mark.parametrize(
    ("options", "lower", "first", "upper", "last"),
    [
        ({"uid_min": 6000, "uid_max": 5000}, "uid_min", "6000", "uid_max", "5000"),
        ({"gid_max": 5, "gid_min": "6"}, "gid_min", "6", "gid_max", "5"),
    ],
)
def test_a_lower_bound_above_the_upper_one_is_an_error(
    options: dict[str, Any], lower: str, first: str, upper: str, last: str
) -> None:
    expected = message("filter_bounds_exchanged", lower=lower, first=first, upper=upper, last=last)
    with pytest.raises(InvalidInput) as refused:
        parse_selection(operation("posix_identities"), options)
    assert refused.value.message == expected
    assert parse_selection(operation("posix_identities"), {"uid_min": 5000, "uid_max": 5000, "gid_max": 1})


def test_a_time_after_the_end_of_its_own_span_is_an_error() -> None:
    options = {"created": "2027-02-01", "created_before": "2027-01-31"}
    with pytest.raises(InvalidInput) as refused:
        parse_selection(operation("project_groups"), options, "filters.")
    assert refused.value.message == message(
        "filter_bounds_exchanged",
        lower="filters.created",
        first="2027-02-01T00:00:00Z",
        upper="filters.created_before",
        last="2027-01-31T00:00:00Z",
    )


def asked(**given: Any) -> dict[str, Any]:
    found = parse_selection(LIST, {"user": "bob", **given})
    return {one.where: one.value for one in found.filters}


# --- options ---------------------------------------------------------------------------------------------------------


def test_a_url_and_a_uuid_parameter_are_one_option_with_all_their_names() -> None:
    assert "customer" in options(LIST)
    assert options(LIST)["customer"].name == "customer_uuid"
    assert aliases(LIST) == {"customer_uuid": "customer", "kind_uuid": "kind"}


def test_an_option_has_its_type_its_choices_and_whether_it_is_needed() -> None:
    found = spec(LIST)
    assert found["name"] == {"type": "str"}
    assert found["customer"] == {"type": "raw", "aliases": ["customer_uuid"]}
    assert found["user"] == {"type": "raw", "required": True}
    assert found["state"] == {"type": "list", "elements": "str", "choices": ["OK", "Erred"]}
    assert found["ids"] == {"type": "list", "elements": "raw"}
    assert [found[name]["type"] for name in ("size", "since", "day", "attributes", "shared")] == [
        *("int", "str", "str", "json", "bool")
    ]
    assert found["order_by"]["choices"] == ["name", "email", "-name", "-email"]
    assert found["fields"] == {"type": "list", "elements": "str"}
    assert found["limit"] == {"type": "int"}
    assert not {"o", "field", "customer_uuid"} & found.keys()


# --- values of filters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "x"}, {"name": "x"}),
        ({"customer_uuid": "ACME"}, {"customer": "ACME"}),
        ({"state": "OK, Erred"}, {"state": ["OK", "Erred"]}),
        ({"state": ["Erred"]}, {"state": ["Erred"]}),
        ({"ids": "a,b,"}, {"ids": ["a", "b"]}),
        ({"size": "7"}, {"size": 7}),
        ({"since": "2026-01-02"}, {"since": datetime.datetime(2026, 1, 2, tzinfo=UTC)}),
        ({"since": datetime.date(2026, 1, 2)}, {"since": datetime.datetime(2026, 1, 2, tzinfo=UTC)}),
        ({"day": "2026-01-02"}, {"day": datetime.date(2026, 1, 2)}),
        ({"attributes": {"a": 1}}, {"attributes": '{"a": 1}'}),
        ({"attributes": '{"a":1}'}, {"attributes": '{"a": 1}'}),
        ({"kind": UUID.upper()}, {"kind": UUID}),
        ({"kind": f"https://waldur.example.org/api/kinds/{UUID}/"}, {"kind": UUID}),
        ({"shared": False}, {"shared": False}),
        ({"name": None}, {}),
    ],
)
def test_values_are_read_by_the_type_of_their_parameter(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert asked(**given) == {"user": "bob", **expected}


@pytest.mark.parametrize(
    ("given", "msg"),
    [
        ({"colour": "red"}, "colour"),
        ({"customer": "a", "customer_uuid": "b"}, message("same_as", option="customer_uuid", other="customer")),
        ({"state": "Lost"}, "state: must be OK or Erred, and 'Lost' was given."),
        ({"since": "never"}, fragment("filter_by_never", option="since")),
        ({"since": "soon"}, fragment("date_invalid", option="since", value="soon")),
        ({"kind": "blue"}, message("reference_needs_uuid", option="kind", value="blue")),
        ({"attributes": "{"}, fragment("json_text_invalid", option="attributes", value="{")),
        ({"attributes": {"a": {1}}}, fragment("json_text_invalid", option="attributes")),
        ({"size": "many"}, fragment("number_too_small", option="size", least=matching(r"1.*"))),
        ({"limit": 0}, message("number_too_small", option="limit", least=1, value=0)),
        ({"limit": True}, fragment("number_too_small", option="limit", least=matching(r"1.*"))),
        ({"order_by": "-colour"}, "order_by: must be name or email, and 'colour' was given."),
        ({"name": 7}, "name: the value is the number 7"),
        ({"user": None}, message("filter_missing", option="user", request="list things")),
    ],
)
def test_an_invalid_value_is_rejected_with_the_name_of_its_option(given: dict[str, Any], msg: str) -> None:
    with pytest.raises(InvalidInput, match=msg):
        parse_selection(LIST, {"user": "bob", **given})
    with pytest.raises(InvalidInput, match=f"filters.{msg}" if ":" in msg else msg):
        parse_selection(LIST, {"user": "bob", **given}, "filters.")


def test_the_form_of_a_list_is_read_from_texts_and_lists() -> None:
    found = parse_selection(LIST, {"user": "bob", "fields": "a, b", "order_by": ["-name", "email"], "limit": "3"})
    assert (found.fields, found.order_by, found.limit) == (("a", "b"), ("-name", "email"), 3)
    empty = parse_selection(LIST, {"user": "bob", "fields": [], "order_by": []})
    assert (empty.fields, empty.order_by, empty.limit) == (None, (), None)


# --- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "row", "value", "answer"),
    [
        (Parameter("name", match="contains"), {"name": "Project C1"}, "project", True),
        (Parameter("name", match="contains"), {"name": "Project C1"}, "c2", False),
        (Parameter("name", match="contains"), {"name": "Ülikool"}, "ULIK", True),
        (
            Parameter("name", match="contains"),
            {"name": "Ærlig"},
            "colour",
            None,
        ),  # servers fold more letters than we know
        (Parameter("name", match="contains"), {"name": "Ärlig"}, "colour", False),
        (Parameter("name", match="contains"), {"name": None}, "x", False),
        (Parameter("name", match="contains"), {}, "x", None),
        (Parameter("q", match="contains", keys=("a", "b")), {"a": "x", "b": "yz"}, "Z", True),
        (Parameter("q", match="contains", keys=("a", "b")), {"a": "x", "b": "y"}, "z", False),
        (Parameter("q", match="contains", keys=("a", "b")), {"a": "x"}, "z", None),  # b may hold it
        (Parameter("q", match="contains", keys=("a", "b")), {"a": "z"}, "z", True),
        (Parameter("name", match="contains", is_sent=False), {"name": "Abc"}, "B", True),
        (Parameter("name", match="exact_ignore_case"), {"name": "Bob"}, "bOB", True),
        (Parameter("name", match="exact_ignore_case"), {"name": "Bobby"}, "bob", False),
        (Parameter("name", match="exact"), {"name": "Bob"}, "bob", False),
        (Parameter("name", match="exact"), {"name": "Bob"}, "Bob", True),
        (Parameter("number", match="exact"), {"number": 7}, "7", True),
        (Parameter("tag", style="repeat", match="exact"), {"tag": "b"}, ["a", "b"], True),
        (Parameter("tag", style="repeat", match="exact"), {"tag": "c"}, ["a", "b"], False),
        (Parameter("shared", "bool", match="exact"), {"shared": False}, False, True),
        (Parameter("shared", "bool", match="exact"), {"shared": None}, True, False),
        (Parameter("user", "user", match="exact"), {"user": UUID.upper()}, UUID, True),
        (Parameter("user", "user", match="exact"), {"user": OTHER}, UUID, False),
        (
            Parameter("t", "timestamp", match="at_or_after"),
            {"t": "2026-01-01T00:00:00Z"},
            "2026-01-01T02:00:00+02:00",
            True,
        ),
        (
            Parameter("t", "timestamp", match="at_or_after"),
            {"t": "2026-01-01T00:00:00Z"},
            "2026-01-01T00:00:01Z",
            False,
        ),
        (Parameter("t", "timestamp", match="at_or_before"), {"t": "2026-01-01T00:00:00Z"}, "2026-01-01", True),
        (Parameter("t", "timestamp", match="at_or_before"), {"t": "2026-01-01T00:00:01Z"}, "2026-01-01", False),
        (Parameter("t", "timestamp", match="at_or_after"), {"t": "soon"}, "2026-01-01", None),
        (Parameter("t", "timestamp", match="exact"), {"t": "2026-01-01T00:00:00.000000Z"}, "2026-01-01", True),
        (Parameter("t", "date", match="at_or_before"), {"t": "2026-01-01"}, datetime.date(2026, 1, 1), True),
        (Parameter("t", "date", match="at_or_after"), {"t": "2026-01-01"}, datetime.date(2026, 1, 2), False),
        (Parameter("name"), {"name": "x"}, "y", None),
    ],
)
def test_a_row_fits_or_does_not_or_does_not_tell(
    parameter: Parameter, row: dict[str, Any], value: Any, answer: Any
) -> None:
    assert matches(row, parameter, value) is answer


@given(text=st.text(max_size=12), cut=st.tuples(st.integers(0, 12), st.integers(0, 12)), upper=st.booleans())
def test_a_part_of_a_text_in_any_case_is_never_missed(text: str, cut: tuple[int, int], upper: bool) -> None:
    part = text[min(cut) : max(cut)]
    wanted = part.upper() if upper else part.lower()
    assert matches({"name": text}, Parameter("name", match="contains"), wanted) is not False


@given(told=st.text(max_size=6), wanted=st.text(max_size=6))
def test_an_exact_filter_matches_only_the_same_text(told: str, wanted: str) -> None:
    assert matches({"name": told}, Parameter("name", match="exact"), wanted) is (told == wanted)


ROWS: list[dict[str, Any]] = [
    {"n": "b", "s": 2, "p": {"total": 5}},
    {"n": "Á", "s": None, "p": {"total": 10}},
    {"n": "", "s": 1, "p": {"odd": 1}},
    {"n": "a", "s": 1, "p": None},
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["n"], ["a", "Á", "b", ""]),
        (["-n"], ["b", "Á", "a", ""]),
        (["s", "n"], ["a", "", "b", "Á"]),
        (["-s", "-n"], ["b", "a", "", "Á"]),
        (["p"], ["b", "Á", "", "a"]),
        (["-p"], ["", "Á", "b", "a"]),
        ([], ["b", "Á", "", "a"]),
        (["size"], ["", "a", "b", "Á"]),
    ],
)
def test_rows_are_sorted_and_what_is_empty_comes_last(order: list[str], expected: list[str]) -> None:
    assert [row["n"] for row in sort_rows(ROWS, order, {"size": "s"})] == expected


def test_equal_rows_stay_as_they_came() -> None:
    rows = [{"n": "a", "i": number} for number in range(5)]
    assert sort_rows(rows, ["-n"], {}) == sort_rows(rows, ["n"], {}) == rows


def test_an_order_by_what_no_row_has_is_refused_unless_there_are_none() -> None:
    with pytest.raises(
        InvalidInput, match=prefix("order_unknown", option="filters.order_by", field="x", known=matching(r"n, p, s.*"))
    ):
        sort_rows(ROWS, ["-x"], {}, "filters.")
    assert sort_rows([], ["x"], {}) == []


def test_rows_are_trimmed_to_fields_and_numbers_of_persons_come_by_name_alone() -> None:
    rows = [{"a": 1, "phone_number": "5", "civil_number": "6"}]
    assert trim_rows(rows, None) == [{"a": 1}]
    assert trim_rows(rows, ["phone_number", "b"]) == [{"phone_number": "5", "b": None}]
    assert find_unknown_fields(rows, ["a", "b"]) == ["b"]
    assert find_unknown_fields(rows, None) == find_unknown_fields([], ["b"]) == []


@pytest.mark.parametrize("name", ["projects", "offerings", "offering_users", "provider_accounts"])
def test_the_real_lists_have_options_for_all_their_parameters(name: str) -> None:
    known = {*spec(operation(name))} | {*aliases(operation(name))}
    limiting = {operation(name).provider_parameter} - {""}
    assert {one.name for one in operation(name).query} - known == {"o", "field"} | limiting


def test_a_null_value_that_may_be_hidden_may_match_and_another_one_does_not() -> None:
    hidden = Parameter("user_username", match="exact_ignore_case", null_means_hidden=True)
    assert matches({"user_username": None}, hidden, "member1") is None
    assert matches({"user_username": "MEMBER1"}, hidden, "member1") is True
    assert matches({"user_username": "other"}, hidden, "member1") is False
    assert matches({"user_username": None}, Parameter("user_username", match="exact"), "member1") is False


def test_runtime_state_takes_the_states_that_the_server_knows_and_rejects_other_text() -> None:
    accounts = operation("offering_users")
    states = ["Active", "Pending account linking", "Pending additional validation"]
    assert spec(accounts)["runtime_state"] == {"type": "list", "elements": "str", "choices": states}
    with pytest.raises(
        InvalidInput,
        match=prefix("choice_invalid", option="runtime_state", choices=matching(r"Active or .*"), value="Asleep"),
    ):
        parse_selection(accounts, {"runtime_state": ["Active", "Asleep"]})
