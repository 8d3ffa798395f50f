# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations as data: whole, unambiguous, and honest about what may be repeated."""

from __future__ import annotations

import re

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api import operations, parameters
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import (
    CORE_NAMES,
    OPERATIONS,
    Operation,
    operation,
)
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter

ALL = list(OPERATIONS.values())
NAMES = list(OPERATIONS)


def test_the_thirty_operations_of_a_service_provider_are_known() -> None:
    assert len(CORE_NAMES) == len(set(CORE_NAMES)) == 30


def test_no_operation_hides_another_by_its_name() -> None:
    assert len(OPERATIONS) == len(operations._CORE) + len(operations._SUPPORTING)
    assert all(OPERATIONS[name].name == name for name in OPERATIONS)


def test_no_two_operations_share_method_and_path() -> None:
    assert len({(one.method, one.path) for one in ALL}) == len(ALL)


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_every_path_lies_below_api_and_ends_with_a_slash(one: Operation) -> None:
    assert re.fullmatch(r"/api/(?:[a-z_-]+/|\{uuid\}/)+", one.path)


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_every_operation_is_read_or_write_and_says_what_it_does(one: Operation) -> None:
    assert one.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert one.writes == (one.method != "GET")
    assert re.fullmatch(r"[a-z].*[^.]", one.title)
    assert not (one.writes and (one.query or one.is_list))
    assert not (one.paginated and not one.is_list)


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_no_writing_request_is_trimmed_by_field(one: Operation) -> None:
    assert not one.writes or "field" not in {parameter.name for parameter in one.query}


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_paging_is_left_to_the_client_and_no_parameter_comes_twice(one: Operation) -> None:
    names = [parameter.name for parameter in one.query]
    assert len(names) == len(set(names))
    assert not {"page", "page_size"} & set(names)


@pytest.mark.parametrize("name", ["create", "add_user", "generate_api_secret_code"])
def test_what_must_not_be_repeated_blindly_is_not(name: str) -> None:
    assert not operation(name).repeat_safe


@pytest.mark.parametrize(
    "name", ["update", "partial_update", "destroy", "update_user", "delete_user", "set_offerings_username"]
)
def test_writes_that_the_contract_calls_safe_may_be_repeated(name: str) -> None:
    assert operation(name).repeat_safe


def test_every_read_may_be_repeated() -> None:
    assert all(one.repeat_safe for one in ALL if not one.writes)


def test_the_two_answers_with_the_secret_are_marked_and_no_other() -> None:
    assert {one.name for one in ALL if one.secret} == {"api_secret_code", "generate_api_secret_code"}


def test_the_expiry_is_never_part_of_a_revocation() -> None:
    assert operation("delete_user").body == ("role", "user")
    assert operation("update_user").body == operation("add_user").body == ("role", "user", "expiration_time")


def test_a_parameter_says_its_type_its_style_and_its_choices() -> None:
    assert parameters.parameters("name uuid:uuid state*=OK|Closed customer, o,=a|b project_uuid:uuid!") == (
        Parameter("name"),
        Parameter("uuid", "uuid"),
        Parameter("state", style="repeat", choices=("OK", "Closed")),
        Parameter("customer", style="comma"),
        Parameter("o", style="comma", choices=("a", "b"), keys=("a", "b")),
        Parameter("project_uuid", "uuid", required=True),
    )


@pytest.mark.parametrize("word", ["na-me", "name:", "name**", "!", "name=!"])
def test_a_word_that_is_no_parameter_is_a_defect_of_ours(word: str) -> None:
    with pytest.raises(ValueError, match=r"^not a parameter: "):
        parameters.parameters(word)


def test_an_unknown_operation_is_a_defect_of_ours() -> None:
    with pytest.raises(KeyError):
        operation("no_such_operation")


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_the_types_of_parameters_are_those_that_the_client_knows(one: Operation) -> None:
    assert {parameter.type for parameter in one.query} <= {
        *("text", "bool", "int", "moment", "date", "json", "uuid", "url"),
        *parameters.REFERENCE_TYPES,
    }
    # See api-behaviour: array-parameters. These are repeated, and joined by commas they are refused.
    repeated = {parameter.name for parameter in one.query if parameter.style == "repeat"}
    assert repeated <= {
        *("field", "state", "type", "organization_group_uuid", "role", "tag", "tag_name"),
        *("runtime_state", "affiliation_uuid", "current_user_has_role"),
    }
    assert all(parameter.style == "comma" for parameter in one.query if parameter.name == "o")


@pytest.mark.parametrize(
    ("name", "needed"), [("customer_projects", "project_customer_uuid"), ("user_customers", "user_uuid")]
)
def test_what_a_list_breaks_without_is_required(name: str, needed: str) -> None:
    assert [parameter.name for parameter in operation(name).query if parameter.required] == [needed]
