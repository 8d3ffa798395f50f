# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema of documents and the parser accept the same files, but for the exceptions that are listed here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from tools.generate import schemas

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps, values
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.rules import Rule
from ansible_collections.waldur.provider.plugins.module_utils._document import loader
from ansible_collections.waldur.provider.plugins.module_utils._document.fields import (
    BooleanField,
    ChoiceField,
    Field,
    ListField,
    MappingField,
    NumberField,
    TextField,
    TimestampField,
)
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import DOCUMENT, FIELDS, SCHEMA

# What the parser rejects and a schema can't: each rule with the reason.
ONLY_THE_PARSER = {
    Rule.CONFLICTING_KEYS: "rules between keys depend on defaults, which may be in another file",
    Rule.DUPLICATE_ENTRY: "a schema can't compare some keys of two entries, and not with entries of other files",
    Rule.INVALID_DATE: "a pattern does not know the calendar: 2027-02-30 looks like a date",
    Rule.UNREADABLE_FILE: "a schema does not open the files that a document names",
}
# What only the schema rejects: Waldur's documents should be written in one way, and the parser forgives what Ansible
# forgives. Each with the error of the schema that it excuses.
FORGIVEN_BY_THE_PARSER = (
    "a boolean as a word or number, such as 'yes' or 1, which editors of YAML 1.2 take for text",
    "a whole number as decimal text",
    "text that is too long only with the blanks around it, which are trimmed",
    "blanks to remove a key of a choice, for which an empty text is written",
)
# Neither is generated here: a control character in a username, NUL, and half a surrogate pair, which a schema does not
# look for; and 7.0, which is an integer for JSON Schema and no whole number for the parser.
JUNK: tuple[Any, ...] = (
    *(None, "", " ", True, False, 0, 1, 7, 1.5, "no", "On", "x", " present ", "absent", "sha256:9f2c61aa01b7e3d4"),
    *([], ["a"], [1], [None], [[]], [{}], {}, {"a": 1}, {"user": "a"}, [{"user": "a", "username": "b"}]),
    *("/bin/sh", "/../x", "2027-06-30", "2027-02-30", "2027-06-30 10:00", " NEVER ", "7", "7.0"),
    *("d" * 2001, "u" * 101, " " * 2001 + "d", "r" * 1001),
)
FEWER = settings(max_examples=settings().max_examples // 2)


@cache
def validator(name: str) -> Draft202012Validator:
    schema = schemas.complete_schema(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def is_forgiven(error: ValidationError) -> bool:
    """Return whether an error of the schema is one of ``FORGIVEN_BY_THE_PARSER``."""
    schema: Any = error.schema
    kinds, value = schema.get("type", ()), error.instance
    if "boolean" in kinds and error.validator in ("type", "pattern") and not isinstance(value, (list, dict)):
        return str(value).strip().lower() in (*values._TRUE_WORDS, *values._FALSE_WORDS)
    if "integer" in kinds and error.validator == "type" and isinstance(value, str):
        is_number = re.fullmatch(r"-?(0|[1-9][0-9]*)", value.strip()) is not None
        return is_number and schema["minimum"] <= int(value) <= schema["maximum"]
    if error.validator == "enum" and "" in schema["enum"]:
        return isinstance(value, str) and not value.strip()
    return error.validator == "maxLength" and len(str(value).strip()) <= int(str(error.validator_value))


def is_only_for_the_parser(error: InvalidInput) -> bool:
    """Return whether an error of the parser is one of ``ONLY_THE_PARSER``; words that are no date are none."""
    if error.rule is Rule.INVALID_DATE:
        return re.search(timestamps.PATTERN, error.message) is not None
    return error.rule in ONLY_THE_PARSER


def verdicts(name: str, content: Mapping[str, Any], folder: Path) -> tuple[list[str], list[str]]:
    """Return what the schema rejects and the parser does not forgive, and what the parser rejects.

    Of the parser, what only it can reject is left out where the schema accepts the file.
    """
    by_schema = [error.message for error in validator(name).iter_errors(content) if not is_forgiven(error)]
    (folder / "a.yml").write_text(json.dumps(content), encoding="utf-8")
    if name == "defaults":
        (folder / "b.yml").write_text("service_providers: [{customer: A}]")
    try:
        loader.load_checked(str(folder), lambda _where, path: ImageFile(path, b""), SCHEMA)
    except InvalidInput as error:
        return by_schema, [one.message for one in error.errors if by_schema or not is_only_for_the_parser(one)]
    return by_schema, []


def assert_agreement(name: str, content: Mapping[str, Any], folder: Path) -> bool:
    by_schema, by_parser = verdicts(name, content, folder)
    assert bool(by_schema) == bool(by_parser), f"{content}\nschema: {by_schema}\nparser: {by_parser}"
    return not by_schema


def sample(field: Field[Any]) -> Any:
    """Return a valid value of a field."""
    if isinstance(field, ListField):
        return [sample(field.item)]
    if isinstance(field, MappingField):
        return {one.name: sample(one) for one in field.fields}
    if isinstance(field, BooleanField):
        return True
    if isinstance(field, NumberField):
        return field.examples[0] if field.examples else field.smallest
    if isinstance(field, ChoiceField):
        return field.choices[0]
    return field.examples[0] if field.examples else "name"


def spoiled(value: Any) -> Iterator[Any]:
    """Yield ``value`` with each value in it replaced by each piece of junk, and with each key removed or added."""
    yield from JUNK
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        for other in spoiled(item):
            changed = value.copy()
            changed[key] = other
            yield changed
    if isinstance(value, dict):
        yield {**value, "unknown": 1}
        yield from ({name: item for name, item in value.items() if name != key} for key in value)


ENTRY = sample(DOCUMENT.item)
COMMON = {one.name: ENTRY[one.name] for one in FIELDS if one.is_common}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_schema_and_parser_agree_on_every_wrong_value_of_every_key(field: Field[Any], tmp_path: Path) -> None:
    accepted = [
        assert_agreement("document", {"service_providers": [{"customer": "A", field.name: item}]}, tmp_path)
        for item in (sample(field), *spoiled(sample(field)))
    ]
    assert accepted[0]
    assert not all(accepted)


@pytest.mark.parametrize("key", sorted(COMMON))
def test_schema_and_parser_agree_on_every_wrong_default(key: str, tmp_path: Path) -> None:
    for item in (COMMON[key], *spoiled(COMMON[key])):
        assert_agreement("defaults", {"defaults": {key: item}}, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "is_valid"),
    [
        ("document", {"service_providers": []}, True),
        ("document", {"service_providers": [ENTRY], "x-anchors": [1], "defaults": COMMON}, True),
        ("document", {"service_providers": [ENTRY], "defaults": None}, True),
        ("document", {"service_providers": [ENTRY, {}]}, False),
        ("document", {"service_providers": {}}, False),
        ("document", {"service_providers": [None]}, False),
        ("document", {"service_providers": [ENTRY], "defaults": {"customer": "A"}}, False),
        ("document", {"service_providers": [ENTRY], "defaults": {"state": "absent"}}, False),
        ("document", {"service_providers": [ENTRY], "anchors": 1}, False),
        ("defaults", {"defaults": {}}, True),
        ("defaults", {"defaults": COMMON, "x-y": None}, True),
        ("defaults", {"defaults": []}, False),
        ("defaults", {"default": {}}, False),
    ],
)
def test_schema_and_parser_agree_on_the_keys_of_a_file(
    name: str, content: dict[str, Any], is_valid: bool, tmp_path: Path
) -> None:
    assert assert_agreement(name, content, tmp_path) is is_valid


def drawn(field: Field[Any]) -> st.SearchStrategy[Any]:
    """Return values of a field, of which a few are junk."""
    return st.integers(0, 39).flatmap(lambda number: valid(field) if number else st.sampled_from(JUNK))


def valid(field: Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, ListField):
        return st.lists(drawn(field.item), max_size=3)
    if isinstance(field, MappingField):
        return mappings(field.fields)
    return scalars(field)


def scalars(field: Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, BooleanField):
        return st.booleans()
    if isinstance(field, NumberField):
        return st.integers(field.smallest - 1, field.largest + 1)
    if isinstance(field, ChoiceField):
        return st.sampled_from(field.choices)
    if isinstance(field, TimestampField):
        return st.datetimes().map(str) | st.dates().map(str) | st.just("never")
    if isinstance(field, TextField) and field.pattern:
        return st.from_regex(re.compile(field.pattern, re.ASCII)).filter(is_plain) | st.sampled_from(field.examples)
    return st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Cf"]), max_size=20)


def is_plain(text: str) -> bool:
    return "\0" not in text and (text.isprintable() or not text.strip()) and text.isascii()


def mappings(fields: tuple[Field[Any], ...]) -> st.SearchStrategy[dict[str, Any]]:
    required = {one.name: drawn(one) for one in fields if one.required}
    optional = {one.name: drawn(one) for one in fields if not one.required}
    return st.fixed_dictionaries(required, optional=optional)


@FEWER
@given(
    entries=st.lists(mappings(FIELDS), max_size=2),
    defaults=st.none()
    | mappings(FIELDS).map(lambda entry: {key: value for key, value in entry.items() if key in COMMON}),
)
def test_schema_and_parser_agree_on_generated_documents(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, Any]], defaults: dict[str, Any] | None
) -> None:
    folder = tmp_path_factory.getbasetemp() / "agreement"
    folder.mkdir(exist_ok=True)
    assert_agreement("document", {"service_providers": entries, "defaults": defaults}, folder)


@pytest.mark.parametrize("reason", [*ONLY_THE_PARSER.values(), *FORGIVEN_BY_THE_PARSER])
def test_every_exception_has_a_reason(reason: str) -> None:
    assert len(reason.split()) > 3
