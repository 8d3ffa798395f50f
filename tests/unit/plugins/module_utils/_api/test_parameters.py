# SPDX-License-Identifier: GPL-3.0-or-later
"""Query parameters as typed data."""

from __future__ import annotations

from typing import get_args

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api import parameters
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter, ParameterType, ordering

DECLARED = sorted({one for listing in OPERATIONS.values() for one in listing.query}, key=str)


def test_a_parameter_without_more_is_a_single_text_that_rows_are_not_checked_by() -> None:
    assert Parameter("name") == Parameter(
        "name", "text", "single", (), (), required=False, match="", keys=(), is_sent=True, absent=None, since=0
    )


def test_a_match_operator_compares_the_key_with_the_name_of_the_parameter_unless_keys_are_declared() -> None:
    assert Parameter("name", match="contains").row_keys == ("name",)
    assert Parameter("name_exact", match="exact", keys=("name",)).row_keys == ("name",)
    assert Parameter("query").row_keys == ordering("name").row_keys == ()


def test_an_order_has_one_key_for_each_of_its_choices() -> None:
    assert ordering("name", "email", keys={"email": "user_email"}) == Parameter(
        "o", style="comma", choices=("name", "email"), keys=("name", "user_email")
    )


@pytest.mark.parametrize(("value", "first"), [("A", 2025), (["A"], 2025), ("B", 2026), (["A", "B"], 2026), ([], 2025)])
def test_a_choice_that_older_servers_reject_makes_the_parameter_newer(value: object, first: int) -> None:
    state = Parameter("state", style="repeat", choices=("A", "B"), newer_choices=(("B", 2026),), since=2025)
    assert state.first_edition(value) == first


@pytest.mark.parametrize(
    ("parameter", "option"),
    [
        (Parameter("user_uuid", "user"), "user"),
        (Parameter("user_url", "url"), "user"),
        (Parameter("customer", "url"), "customer"),
        (Parameter("category_uuid", "uuid"), "category"),
        (Parameter("uuid", "uuid"), "uuid"),
        (Parameter("uuid_list", "offering", "comma"), "uuid_list"),
        (Parameter("user_uuid_with_active_role", "user"), "user_uuid_with_active_role"),
        (Parameter("scope_uuid"), "scope_uuid"),
        (ordering("name"), "order_by"),
        (parameters.FIELD, "fields"),
        (Parameter("name"), "name"),
    ],
)
def test_the_option_has_the_plain_name_of_the_referenced_object(parameter: Parameter, option: str) -> None:
    assert parameter.option == option


# --- what is declared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: str(one.name))
def test_every_parameter_is_declared_without_contradictions(one: Parameter) -> None:
    types, style, match = (get_args(kind) for kind in (ParameterType, parameters.Style, parameters.Match))
    assert one.name.isidentifier()
    assert one.type in types
    assert one.style in style
    assert one.match in match
    # An order by what rows do not contain has no key.
    assert all(key.isidentifier() or (one.name == "o" and not key) for key in one.keys)
    assert one.match or not one.null_means_hidden
    assert one.match or not one.keys or one.name == "o"
    assert one.keys != (one.name,) or one.name == "o"
    assert one.match or (one.is_sent and one.absent is None)
    assert {choice for choice, _since in one.newer_choices} <= {*one.choices}
    assert {one.since, *(since for _choice, since in one.newer_choices)} <= {0, 2025, 2026}
    assert len(one.choices) == len(set(one.choices)) == (len(one.keys) if one.name == "o" else len(one.choices))
    assert all(choice.strip() == choice != "" for choice in one.choices)


def test_the_types_of_references_are_types_of_parameters() -> None:
    assert get_args(parameters.ReferenceType) == parameters.REFERENCE_TYPES
