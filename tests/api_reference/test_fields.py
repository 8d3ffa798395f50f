# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field that the API reference names is declared, with its type, and in the documentation of its module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.generate import returns
from tools.generate.rows.fields import Field
from tools.generate.rows.registry import ROWS, row_fields

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import remove_secret_keys
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

from .documented_operations import READERS, entries

REFERENCE: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "api_fields.yml").read_text(encoding="utf-8")
)
# The types of Ansible for the first word of a type of the reference; "any" stands for several.
TYPES = {
    "string": {"str"},
    "integer": {"int"},
    "number": {"float", "int"},
    "boolean": {"bool"},
    "object": {"dict"},
    "array": {"list"},
    "any": {"str", "int", "dict", "list"},
}


def problems(reference: dict[str, Any], declared: tuple[Field, ...], where: str) -> Iterator[str]:
    """Yield the differences between the *reference* and the declared fields."""
    fields = {field.name: field for field in declared}
    for name in reference.keys() - fields.keys():
        yield f"{where}{name}: is not declared"
    for name, field in fields.items():
        if name not in reference:
            if field.since < 2026:
                yield f"{where}{name}: is not in the reference"
            continue
        documented = reference[name]
        nested = documented[0] if isinstance(documented, list) else documented if isinstance(documented, dict) else {}
        kind = (
            "array"
            if isinstance(documented, list)
            else "object"
            if isinstance(documented, dict)
            else documented.split()[0]
        )
        if field.type not in TYPES[kind]:
            yield f"{where}{name}: is {field.type}, and the reference has {kind}"
        yield from problems(nested, field.fields, f"{where}{name}.")


def operation_of(name: str) -> str:
    """Return the name that the collection has for an operation of the reference."""
    return next(entry.operation.name for entry in entries() if entry.name == name and entry.operation)


def test_the_reference_has_the_fields_of_every_operation_that_a_module_reads() -> None:
    assert set(REFERENCE) == set(READERS)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_every_field_of_the_reference_is_declared(name: str) -> None:
    assert list(problems(REFERENCE[name], row_fields(operation_of(name)), f"{name}: ")) == []


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_the_reference_agrees_with_itself(name: str) -> None:
    documented_keys = next(entry.rows for entry in entries() if entry.name == name)
    assert [key for key in REFERENCE[name] if key in documented_keys] == list(documented_keys)


def test_a_missing_field_a_wrong_type_and_an_unknown_field_are_noticed() -> None:
    reference = {"uuid": "string (uuid)", "plans": [{"name": "string", "prices": "object"}]}
    plans = Field("plans", "list", "", fields=(Field("name", "int", ""), Field("price", "str", "")))
    assert sorted(problems(reference, (plans,), "")) == [
        "plans.name: is int, and the reference has string",
        "plans.price: is not in the reference",
        "plans.prices: is not declared",
        "uuid: is not declared",
    ]


@pytest.mark.parametrize("module", sorted(name for name, info in INFOS.items() if info.operations))
def test_a_module_documents_the_rows_of_all_its_operations(module: str) -> None:
    assert sorted(returns.operations(module)) == sorted(INFOS[module].operations)


def test_rows_are_declared_of_operations_that_there_are_and_once() -> None:
    declared = [name for row in ROWS for name in row.operations]
    assert len(declared) == len(set(declared))
    assert set(declared) <= set(OPERATIONS)


def test_fields_that_are_never_returned_say_so() -> None:
    def check(fields: tuple[Field, ...]) -> None:
        for field in fields:
            kept = field.name in remove_secret_keys({field.name: None})
            assert field.returned.startswith("never") == (not kept), field.name
            check(field.fields)

    for row in ROWS:
        if "api_secret_code" not in row.operations:  # with ``reveal`` it is returned
            check(row.fields)


# --- the editions ------------------------------------------------------------------------------------------------


RECORDINGS = Path(__file__).resolve().parents[1] / "contract" / "recordings.jsonl"


def recorded_rows(path: str) -> Iterator[dict[str, Any]]:
    """The whole rows that a real Waldur of 2024 returned to staff for *path*; others do not see all fields."""
    pattern = re.compile(re.escape(path).replace(r"\{uuid\}", "[0-9a-f]{32}"))
    for line in RECORDINGS.read_text(encoding="utf-8").splitlines():
        recording = json.loads(line)
        url, _mark, query = recording["path"].partition("?")
        is_read = recording["method"] == "GET" and recording.get("authorization") == "Token <token:staff>"
        answer = recording.get("answer") or {"status": 0}
        if is_read and answer["status"] == 200 and pattern.fullmatch(url) and "field=" not in query:
            found = answer["body"]
            yield from (row for row in (found if isinstance(found, list) else [found]) if isinstance(row, dict))


def disagreements(row: dict[str, Any], fields: tuple[Field, ...], where: str = "") -> Iterator[str]:
    """What *row* of 2024 lacks and should have, and the other way round."""
    for field in fields:
        if field.returned.startswith("if"):
            continue
        if (field.name in row) != (field.since <= 2024):
            yield f"{where}{field.name}"
        items = row.get(field.name)
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict):
                yield from disagreements(item, field.fields, f"{where}{field.name}.")


def test_a_recorded_row_has_exactly_the_fields_that_are_declared_for_its_edition() -> None:
    found: dict[str, set[str]] = {}
    seen = set()
    for row_type in ROWS:
        for name in row_type.operations:
            for row in recorded_rows(OPERATIONS[name].path):
                seen.add(name)
                found.setdefault(name, set()).update(disagreements(row, row_type.fields))
    assert {"service_providers", "customers", "projects", "offerings", "offering_users"} <= seen
    assert {name: sorted(fields) for name, fields in found.items() if fields} == {}
