# SPDX-License-Identifier: GPL-3.0-or-later
"""Editors validate, complete and explain documents by the JSON Schemas, through the YAML language server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._document.writer import SCHEMA_URL, document_text
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import FIELDS

from .language_server import ROOT, LanguageServer

# The schema of this checkout instead of the published one.
SCHEMAS = (ROOT / "schemas").resolve().as_uri()
HEAD = f"# yaml-language-server: $schema={SCHEMAS}/{{}}.schema.json\n---\n"


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    with LanguageServer() as running:
        yield running


def test_an_editor_reports_unknown_keys_and_wrong_values_where_they_are(server: LanguageServer) -> None:
    text = "service_providers:\n  - customer: 7\n    descripton: x\n    state: gone\n    users: [{role: A}]\n"
    _uri, diagnostics = server.open(HEAD.format("document") + text)
    found = {(item["range"]["start"]["line"] - 1, item["message"]) for item in diagnostics}
    assert found == {
        (2, 'Incorrect type. Expected "string".'),
        (3, "Property descripton is not allowed."),
        (4, 'Value is not accepted. Valid values: "present", "absent", null.'),
        (5, 'Missing property "user".'),
    }


def test_an_editor_completes_the_keys_of_an_entry(server: LanguageServer) -> None:
    uri, _diagnostics = server.open(f"{HEAD.format('document')}service_providers:\n  - customer: A\n    \n")
    assert set(server.complete(uri, 5, 5)) == {one.name for one in FIELDS} - {"customer"}


def test_an_editor_completes_the_values_of_a_choice(server: LanguageServer) -> None:
    uri, _diagnostics = server.open(f"{HEAD.format('document')}service_providers:\n  - customer: A\n    state: \n")
    assert {"present", "absent"} <= set(server.complete(uri, 5, 12))


def test_an_editor_explains_a_key(server: LanguageServer) -> None:
    uri, _diagnostics = server.open(f"{HEAD.format('document')}service_providers:\n  - customer: A\n")
    assert "The customer that is the service provider" in server.hover(uri, 4, 7)


def test_an_editor_completes_the_file_of_defaults(server: LanguageServer) -> None:
    uri, _diagnostics = server.open(f"{HEAD.format('defaults')}defaults:\n  \n")
    assert set(server.complete(uri, 4, 3)) == {one.name for one in FIELDS if one.is_common}


def test_an_exported_document_selects_its_schema_and_is_valid(server: LanguageServer) -> None:
    entry = {"customer": "A", "users": [{"user": "a", "role": "R", "expiration_time": "2027-06-30T00:00:00Z"}]}
    exported = document_text([entry], ["A: a note."])
    assert SCHEMA_URL in exported
    local = exported.replace(SCHEMA_URL, f"{SCHEMAS}/document.schema.json")
    assert server.open(local)[1] == []
    [found] = server.open(local.replace("role: R", "rol: R"))[1]
    assert found["message"] == "Property rol is not allowed."
