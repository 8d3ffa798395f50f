# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schemas that are shipped: valid, complete, and at the address that documents name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tools.generate import ROOT, schemas

from ansible_collections.waldur.provider.plugins.module_utils._document.writer import SCHEMA_URL

from .plugins.helpers.sample_plans import change

NAMES = sorted(schemas.SCHEMAS)
SUMMARY = {"total": 1, "actions": {"grant": 1}, "renames": 0, "missing_users": [], "fingerprints": {"A": None}}
GRANT = change("grant", "alice as CUSTOMER.MANAGER", None, {"expiration_time": None})
PLAN = {
    "format": "waldur.provider.plan/1",
    "api_url": "https://waldur.example.org",
    "digests": {"d2c8772ce559428283e388badd97f2d6": "sha256:1571e2342f780ab4"},
    "summary": SUMMARY,
    "warnings": ["A warning."],
    "plan": [GRANT],
}
DRIFT = {
    "format": "waldur.provider.drift/1",
    "status": "drift",
    "message": "Waldur differs from the document.",
    "differences": ["a line"],
    "summary": SUMMARY,
    "plan": [GRANT],
}


def errors(name: str, content: dict[str, Any]) -> list[str]:
    found = Draft202012Validator(schemas.complete_schema(name)).iter_errors(content)
    return ["/".join(map(str, error.absolute_path)) for error in found]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_valid_and_names_its_own_address(name: str) -> None:
    shipped = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(shipped)
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    raw = repository.replace("github.com", "raw.githubusercontent.com")
    assert shipped["$id"] == f"{raw}/main/schemas/{name}.schema.json"


def test_exported_documents_name_the_schema_of_documents() -> None:
    assert schemas.complete_schema("document")["$id"] == SCHEMA_URL


def described(schema: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{where}{name}", inner
        yield from described(inner, f"{where}{name}.")
    if "items" in schema:
        yield from described(schema["items"], f"{where}[].")


@pytest.mark.parametrize("name", ["document", "defaults"])
def test_every_key_of_a_document_is_described_and_text_has_an_example_or_choices(name: str) -> None:
    for key, schema in described(schemas.complete_schema(name)):
        assert schema["description"].endswith("."), key
        if "string" in schema["type"] and "boolean" not in schema["type"]:
            assert schema.get("examples") or schema.get("enum") or "default" in schema, key


def test_the_example_documents_are_valid() -> None:
    files = sorted((ROOT / "examples" / "gitops" / "providers").glob("*.yml"))
    names = {path.name: "defaults" if path.name.startswith("_") else "document" for path in files}
    assert set(names.values()) == {"defaults", "document"}
    for path in files:
        assert errors(names[path.name], read_yaml_1_2(path)) == []


def read_yaml_1_2(path: Path) -> dict[str, Any]:
    """Return a document as editors read it, in which a date is text."""
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return dict(typed(found))


def typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return {"true": True, "false": False}.get(value, value)


def test_plans_and_drift_follow_their_schemas() -> None:
    assert errors("plan", PLAN) == []
    assert errors("drift", DRIFT) == []
    assert errors("drift", {**DRIFT, "status": "error", "summary": {}, "plan": [], "differences": []}) == []


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"format": "waldur.provider.plan/2"}, "format"),
        ({"plan": [{**GRANT, "action": "rotate"}]}, "plan/0/action"),
        ({"plan": [{**GRANT, "kind": "unknown"}]}, "plan/0/kind"),
        ({"plan": [{**GRANT, "id": {"customer": 7, "user": None, "role": None}}]}, "plan/0/id/customer"),
        ({"summary": {**SUMMARY, "total": "1"}}, "summary/total"),
        ({"unknown": 1}, ""),
    ],
)
def test_a_plan_of_another_form_is_rejected(changed: dict[str, Any], place: str) -> None:
    assert place in errors("plan", {**PLAN, **changed})
