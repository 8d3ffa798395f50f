# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of 1.0.0 wrote still works: options, returned values and keys of documents are compared with 1.0.0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools.interface import Interface, describe, dump, find_breaking_changes

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
PARTS = (
    "default was ['profile', 'users', 'offering_usernames'], "
    "is ['profile', 'users', 'offering_usernames', 'posix_id_pool', 'project_groups']"
)
# The differences from 1.0.0 that the comparison reports, with the reason why they break nothing that worked. A change
# that does break something needs an entry under breaking_changes in the changelog, and a new major version.
_NEW_PARTS = "exports hold what 1.0.0 could not read; other parts are exported as before"
_DOCUMENTED = "the same value was the default, and is documented now"
ACCEPTED = {
    f"module desired_state_file option parts: {PARTS}": _NEW_PARTS,
    f"module desired_state_info option parts: {PARTS}": _NEW_PARTS,
    f"role export main option export_parts: {PARTS}": _NEW_PARTS,
    (
        "module offering_username_info option runtime_state: "
        "accepts Active, Pending account linking, Pending additional validation alone"
    ): "Waldur rejects all other values",
}
for _role, _entries in (("desired_state", "desired_state_"), ("drift", "drift_")):
    for _option, _default in (
        ("missing_users", "'fail'"),
        ("service_providers.api_secret_code.state", "'present'"),
        ("service_providers.exclusive_users", "False"),
        ("service_providers.state", "'present'"),
        ("service_providers.users.role", "'CUSTOMER.MANAGER'"),
        ("service_providers.users.state", "'present'"),
    ):
        _path = f"role {_role} main option {_entries}{_option}"
        ACCEPTED[f"{_path}: default was None, is {_default}"] = _DOCUMENTED


def test_nothing_breaks_that_was_written_for_1_0_0() -> None:
    old: Interface = json.loads((HERE / "interface-1.0.0.json").read_text(encoding="utf-8"))
    assert set(find_breaking_changes(old, describe(dump(BUILD)))) == set(ACCEPTED)


OLD: Interface = {
    "module a": {},
    "module a option x": {"type": "str", "choices": ["p", "q"], "aliases": ["y"]},
    "module a option x.z": {"type": "int"},
    "module a return rows": {"type": "list"},
    "module b": {},
    "module b option x": {"type": "str"},
}


@pytest.mark.parametrize(
    ("changes", "removed", "expected"),
    [
        ({}, [], []),
        ({"module a option new": {"type": "str"}, "module c": {}, "module c option n": {"required": True}}, [], []),
        ({}, ["module b", "module b option x"], ["module b: removed"]),
        ({}, ["module a option x", "module a option x.z"], ["module a option x: removed"]),
        ({}, ["module a return rows"], ["module a return rows: removed"]),
        ({"module b option x": {"type": "int"}}, [], ["module b option x: type was 'str', is 'int'"]),
        ({"module b option x": {"type": "str", "default": 1}}, [], ["module b option x: default was None, is 1"]),
        ({"module b option x": {"type": "str", "required": True}}, [], ["module b option x: is required now"]),
        ({"module b option n": {"type": "str", "required": True}}, [], ["module b option n: added as required"]),
        ({"module b option x": {"type": "str", "choices": ["p"]}}, [], ["module b option x: accepts p alone"]),
        (
            {"module a option x": {"type": "str", "choices": ["p"]}},
            [],
            ["module a option x: aliases without y", "module a option x: choices without q"],
        ),
        ({"module a option x": {"type": "str", "aliases": ["y"]}}, [], []),
    ],
)
def test_every_kind_of_breaking_change_is_found(changes: Interface, removed: list[str], expected: list[str]) -> None:
    new = {path: attributes for path, attributes in OLD.items() if path not in removed} | changes
    assert find_breaking_changes(OLD, new) == expected
