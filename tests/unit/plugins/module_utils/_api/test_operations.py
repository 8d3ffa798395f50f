# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations as data: whole, unambiguous, and honest about what may be repeated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api import operations, parameters
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import (
    CORE_NAMES,
    OPERATIONS,
    Operation,
    operation,
)
from ansible_collections.waldur.provider.plugins.module_utils._query import facts
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._resources import user_role
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import KINDS

ALL = list(OPERATIONS.values())
NAMES = list(OPERATIONS)


def test_the_thirty_operations_of_a_service_provider_are_known() -> None:
    assert len(CORE_NAMES) == len(set(CORE_NAMES)) == 30


def test_no_operation_hides_another_by_its_name() -> None:
    assert len(OPERATIONS) == len(operations._CORE) + len(operations._SUPPORTING)
    assert all(OPERATIONS[name].name == name for name in OPERATIONS)


def test_no_two_operations_share_method_and_path() -> None:
    assert len({(one.method, one.path) for one in ALL}) == len(ALL)


# Functions that take the name of an operation, each with the position of that argument. Methods of this name only
# count on a client.
CALLS = {
    **dict.fromkeys(("get", "rows", "write", "write_rows", "count", "preview", "preview_text"), 0),
    **dict.fromkeys(("operation", "checked", "BulkList"), 0),
    "read": 1,
}
ON_CLIENTS = ("get", "rows", "write", "write_rows", "count", "preview", "preview_text")


def calls_of(tree: ast.AST) -> Iterator[str]:
    """Yield the names of operations that the calls in ``tree`` pass as text."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        on_client = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith("client")
        if name in CALLS and (on_client or name not in ON_CLIENTS) and len(call.args) > CALLS[name]:
            passed = call.args[CALLS[name]]
            choices = [passed.body, passed.orelse] if isinstance(passed, ast.IfExp) else [passed]
            yield from (one.value for one in choices if isinstance(one, ast.Constant) and isinstance(one.value, str))


def used_names() -> set[str]:
    """Return the names of the operations that plugins use: those that they call, and those that declarations name."""
    folder = Path(operations.__file__).parents[1]
    paths = [*sorted(folder.rglob("*.py")), folder.parent / "plugin_utils" / "_lookup" / "queries.py"]
    called = {name for path in paths for name in calls_of(ast.parse(path.read_text()))}
    informed = {name for info in INFOS.values() for name in info.operations}
    listed = {kind.operation for kind in KINDS.values()} | {*facts._COUNTS.values()}
    written = {user_role._operation(action) for action in user_role.UserRole.kind.actions}
    return called | informed | listed | written


def test_plugins_use_every_operation_that_is_declared_and_no_other() -> None:
    assert used_names() == set(OPERATIONS)


def test_a_call_of_an_operation_is_seen_wherever_its_name_is_passed() -> None:
    code = 'self._client.get("a"); row.get("b"); read(session, "c", x); client.rows("d" if x else "e"); operation("f")'
    assert list(calls_of(ast.parse(code))) == ["a", "c", "d", "e", "f"]


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_an_operation_that_came_later_names_the_feature_that_older_servers_lack(one: Operation) -> None:
    assert one.since in (2024, 2025, 2026)
    assert bool(one.feature) == (one.since > 2024)
    assert one.feature == "" or str(one.since) in one.missing_route


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_every_path_lies_below_api_and_ends_with_a_slash(one: Operation) -> None:
    assert re.fullmatch(r"/api/(?:[a-z_-]+/|\{uuid\}/)+", one.path)


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_every_operation_is_read_or_write_and_says_what_it_does(one: Operation) -> None:
    assert one.method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert one.writes == (one.method != "GET" and not one.is_safe)
    assert not (one.is_safe and one.method != "POST")
    assert re.fullmatch(r"[a-z].*[^.]", one.title)
    assert not (one.writes and (one.query or one.paginated))
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


def test_an_unknown_operation_is_a_defect_of_ours() -> None:
    with pytest.raises(KeyError):
        operation("no_such_operation")


@pytest.mark.parametrize("one", ALL, ids=NAMES)
def test_the_types_of_parameters_are_those_that_the_client_knows(one: Operation) -> None:
    assert {parameter.type for parameter in one.query} <= {
        *("text", "bool", "int", "timestamp", "date", "json", "uuid", "url"),
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
