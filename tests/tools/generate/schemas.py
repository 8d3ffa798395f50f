# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schemas of documents and of the files of plans, for editors and other programs.

Those of documents come from the fields that the resources declare; those of plans from the declared kinds and actions,
and from what the module desired_state documents. To add the schema of another file, add a line to ``SCHEMAS``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps, values
from ansible_collections.waldur.provider.plugins.module_utils._document.fields import (
    BooleanField,
    ChoiceField,
    DurationField,
    Field,
    FileField,
    ListField,
    MappingField,
    NumberField,
    ReferenceField,
    TextField,
    TimestampField,
)
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_rules import FIELDS as POLICY_FIELDS
from ansible_collections.waldur.provider.plugins.module_utils._document.schema import DEFAULTS, ENTRIES, FREE_PREFIX
from ansible_collections.waldur.provider.plugins.module_utils._document.writer import SCHEMA_URL
from ansible_collections.waldur.provider.plugins.module_utils._engine.policy_review import PLAN_FORMAT
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import DOCUMENT, FIELDS
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import ACTIONS, KINDS

from . import ROOT, documentation

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FOLDER = "schemas"
_MARKUP = re.compile(r"\b[A-Z]{1,3}\(([^()]*)\)")
_DEFAULTS_TEXT = (
    "What the entries have in common: values for keys that an entry does not name. The entries of lists are joined."
)
_FREE_TEXT = "Ignored: a place for values that anchors repeat."


# --- documents -------------------------------------------------------------------------------------------------------


def field_schema(field: Field[Any], *, is_nullable: bool = True) -> Schema:
    """Return the schema of a field; where it ``is_nullable``, a key without a value counts as left out."""
    found: Schema = {"description": field.description, **_type_schema(field)}
    if field.default is not None:
        found["default"] = field.default
    if field.examples:
        found["examples"] = list(field.examples)
    return nullable(found) if is_nullable else found


def nullable(schema: Schema) -> Schema:
    """Return a schema that also takes null."""
    found = {**schema, "type": [schema["type"], "null"]}
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


def _type_schema(field: Field[Any]) -> Schema:
    if isinstance(field, ListField):
        return {"type": "array", "items": field_schema(field.item, is_nullable=False)}
    if isinstance(field, MappingField):
        return _mapping_schema(field)
    return _scalar_schema(field)


def _scalar_schema(field: Field[Any]) -> Schema:
    if isinstance(field, BooleanField):
        return {"type": "boolean"}
    if isinstance(field, NumberField):
        return {"type": "integer", "minimum": field.smallest, "maximum": field.largest}
    if isinstance(field, ChoiceField):
        return {"type": "string", "enum": list(field.choices)}
    if isinstance(field, DurationField):
        return {"type": ["string", "integer"], "minimum": 1, "pattern": r"^\s*[0-9]{1,6}\s*[hHdDwW]?\s*$"}
    return {"type": "string", **_text_rules(field)}


def _text_rules(field: Field[Any]) -> Schema:
    if isinstance(field, TimestampField):
        return {"pattern": rf"^\s*(?:{timestamps.PATTERN}|[Nn][Ee][Vv][Ee][Rr])\s*$"}
    if isinstance(field, ReferenceField):
        return {"pattern": r"\S", "maxLength": values.REFERENCE_LIMIT}
    if isinstance(field, TextField):
        limit = {} if field.max_length is None else {"maxLength": field.max_length}
        return {**({"pattern": field.pattern} if field.pattern else {}), **limit}
    if isinstance(field, FileField):
        return {}
    raise TypeError(f"{field.name}: {type(field).__name__} has no JSON Schema yet: add it here")


def _mapping_schema(field: MappingField[Any]) -> Schema:
    return mapping_schema(field.fields, keys_are_removable=field.keys_are_removable)


def mapping_schema(fields: Iterable[Field[Any]], *, keys_are_removable: bool = False, is_entry: bool = True) -> Schema:
    """Return the schema of a mapping with known keys; of defaults, which are no entry, no key is required."""
    fields = tuple(fields)
    required = [one.name for one in fields if one.required and is_entry]
    nullable_names = {one.name for one in fields if one.name not in required and not one.null_hint}
    properties = {one.name: field_schema(one, is_nullable=one.name in nullable_names) for one in fields}
    if keys_are_removable:
        properties = {name: _removable(schema) for name, schema in properties.items()}
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _removable(schema: Schema) -> Schema:
    """Return a schema that also takes an empty text, which removes the key."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"][:-1], "", None]}
    if "pattern" in schema:
        return {**schema, "pattern": rf"{schema['pattern']}|^\s*$"}
    if "boolean" in schema["type"]:
        return {**schema, "type": [*schema["type"], "string"], "pattern": r"^\s*$"}
    return schema


def document_schema() -> Schema:
    """Return the schema of a file with entries, which may have defaults for them."""
    entries = field_schema(DOCUMENT, is_nullable=False)
    return _file_schema(
        "Waldur service providers",
        "The desired state of service providers in Waldur, for waldur.provider.desired_state.",
        {ENTRIES: entries, DEFAULTS: nullable(_defaults())},
        (ENTRIES,),
    )


def defaults_schema() -> Schema:
    """Return the schema of the file in a folder of documents that holds nothing but defaults for all of them."""
    return _file_schema(
        "Defaults of Waldur service providers",
        "The defaults of all documents in a folder, for waldur.provider.desired_state.",
        {DEFAULTS: _defaults()},
        (DEFAULTS,),
    )


def policy_schema() -> Schema:
    """Return the schema of a policy file, in which each key needs a value, and one key is needed."""
    properties = {one.name: field_schema(one, is_nullable=False) for one in POLICY_FIELDS}
    found = _file_schema(
        "Policy for plans of Waldur service providers",
        "The rules that plans must follow, for policy_path of waldur.provider.desired_state.",
        properties,
        (),
    )
    del found["required"]
    return {**found, "anyOf": [{"required": [name]} for name in properties]}


def _defaults() -> Schema:
    common = [one for one in FIELDS if one.is_common]
    return {"description": _DEFAULTS_TEXT, **mapping_schema(common, is_entry=False)}


def _file_schema(title: str, description: str, properties: Schema, required: Iterable[str]) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "patternProperties": {f"^{re.escape(FREE_PREFIX)}": {"description": _FREE_TEXT}},
        "required": list(required),
        "additionalProperties": False,
    }


# --- plans -----------------------------------------------------------------------------------------------------------


def plan_schema() -> Schema:
    """Return the schema of plan.json, which the role desired_state writes."""
    returned = documentation.returns("desired_state")
    return _report_schema(
        "Plan of Waldur service providers",
        "A plan as the role waldur.provider.desired_state writes it into plan.json.",
        {
            "format": {"description": "The format of this file.", "const": PLAN_FORMAT},
            "api_url": _returned(returned["api_url"]),
            "digests": _returned(returned["digests"], additionalProperties={"type": "string"}),
            "summary": _summary(returned["summary"]),
            "warnings": _texts("The warnings of the run, one sentence each."),
            "plan": _changes(returned["plan"]),
        },
    )


def drift_schema() -> Schema:
    """Return the schema of drift.json, which the role drift writes."""
    returned = documentation.returns("desired_state")
    summary = _summary(returned["summary"])
    del summary["required"]
    schema = _report_schema(
        "Drift of Waldur service providers",
        "The result of the role waldur.provider.drift as it writes it into drift.json.",
        {
            "format": {"description": "The format of this file.", "const": "waldur.provider.drift/1"},
            "status": {
                "description": "Whether Waldur differs from the document, or error if that is not known.",
                "enum": ["clean", "drift", "error"],
            },
            "message": {"description": "The result as a sentence.", "type": "string"},
            "differences": _texts("One line for each value that differs."),
            "summary": {**summary, "description": f"{summary['description']} Empty if the status is error."},
            "plan": _changes(returned["plan"]),
        },
    )
    # These are there only if they were asked for.
    schema["properties"]["expiring"] = _expiring(returned["expiring"])
    schema["properties"]["policy_violations"] = _violations(returned["policy_violations"], schema["properties"]["plan"])
    return schema


def _expiring(returned: Mapping[str, Any]) -> Schema:
    fields = {name: _returned(field) for name, field in returned["contains"].items()}
    fields["id"] = _returned(returned["contains"]["id"], additionalProperties={"type": ["string", "null"]})
    row = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {**_returned(returned), "items": row}


def _violations(returned: Mapping[str, Any], plan: Schema) -> Schema:
    fields = {name: _returned(field) for name, field in returned["contains"].items()}
    fields["line"]["type"] = ["integer", "null"]
    fields["change"] = {"description": fields["change"]["description"], "anyOf": [plan["items"], {"type": "null"}]}
    row = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {**_returned(returned), "items": row}


def _report_schema(title: str, description: str, properties: Schema) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _texts(description: str) -> Schema:
    return {"description": description, "type": "array", "items": {"type": "string"}}


def _changes(returned: Mapping[str, Any]) -> Schema:
    fields = returned["contains"]
    names = ("before", "after")
    properties: Schema = {name: _returned(fields[name]) for name in ("service_provider", "name")}
    properties["kind"] = {"description": "What is changed.", "enum": list(KINDS)}
    properties["action"] = {"description": "The action.", "enum": list(ACTIONS)}
    properties |= {name: {**_returned(fields[name]), "type": ["object", "null"]} for name in names}
    properties["id"] = _returned(fields["id"], additionalProperties={"type": ["string", "null"]})
    ordered = {name: properties[name] for name in fields}
    actions_of_kinds = [
        {
            "if": {"properties": {"kind": {"const": kind.name}}},
            "then": {"properties": {"action": {"enum": [action.name for action in kind.actions]}}},
        }
        for kind in KINDS.values()
    ]
    change = {"type": "object", "properties": ordered, "required": list(ordered), "additionalProperties": False}
    return {**_returned(returned), "items": {**change, "allOf": actions_of_kinds}}


def _summary(returned: Mapping[str, Any]) -> Schema:
    properties = {name: _returned(field) for name, field in returned["contains"].items()}
    counts = {name: {"type": "integer", "minimum": 1} for name in ACTIONS}
    properties["actions"] |= {"properties": counts, "additionalProperties": False}
    for name in ("total", "renames"):
        properties[name]["minimum"] = 0
    return {
        "description": _plain(returned["description"]),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TYPES = {"str": "string", "int": "integer", "bool": "boolean", "list": "array", "dict": "object"}


def _returned(field: Mapping[str, Any], **more: Any) -> Schema:
    """Return the schema of a value that a module documents under RETURN."""
    found: Schema = {"description": _plain(field["description"]), "type": _TYPES[field["type"]]}
    if field.get("elements") in ("str", "int"):
        found["items"] = {"type": _TYPES[field["elements"]]}
    if "V(none)" in "".join(field["description"]) and field["type"] == "str":
        found["type"] = ["string", "null"]
    if field.get("contains") and field["type"] == "dict":
        found["properties"] = {name: _returned(inner) for name, inner in field["contains"].items()}
        found["required"] = list(found["properties"])
    if field.get("sample") not in (None, [], {}):
        found["examples"] = [field["sample"]]
    return {**found, **more}


def _plain(description: str | list[str]) -> str:
    """Return a description without Ansible's markup; null is none there."""
    text = description if isinstance(description, str) else " ".join(description)
    text = text.replace("V(none)", "Null")
    return _MARKUP.sub(lambda match: re.sub(r"^.*#module:", "", match[1]), text)


# --- files -----------------------------------------------------------------------------------------------------------

# What makes the schema of each file.
SCHEMAS: dict[str, Callable[[], Schema]] = {
    "document": document_schema,
    "defaults": defaults_schema,
    "plan": plan_schema,
    "drift": drift_schema,
    "policy": policy_schema,
}


def complete_schema(name: str) -> Schema:
    """Return the schema ``name`` as it is written, with its dialect and address."""
    address = f"{SCHEMA_URL.rpartition('/')[0]}/{name}.schema.json"
    return {"$schema": _DIALECT, "$id": address, "$comment": "Generated by make generate.", **SCHEMAS[name]()}


def texts() -> dict[Path, str]:
    """Return the files of all schemas."""
    return {
        ROOT / _FOLDER / f"{name}.schema.json": json.dumps(complete_schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in SCHEMAS
    }
