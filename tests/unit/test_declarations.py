# SPDX-License-Identifier: GPL-3.0-or-later
"""What resources declare once: nothing above or below their files names a kind, an action or a key of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._document.fields import (
    Field,
    ListField,
    MappingField,
    date_places,
)
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import WRITE_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Action, ChangeKind, Severity, Stage
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import DOCUMENT, FIELDS
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import KINDS, RESOURCES

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
GENERIC = sorted(
    [
        *(
            path
            for layer in ("_engine", "_plan", "_export")
            for path in (PLUGINS / "module_utils" / layer).glob("*.py")
        ),
        PLUGINS / "module_utils/_document/loader.py",
        PLUGINS / "module_utils/_document/schema.py",
        *(PLUGINS / "plugin_utils/_plan_text").glob("*.py"),
        *(PLUGINS / "plugin_utils/_monitoring").glob("*.py"),
    ]
)
NAMES = {*KINDS, *(action.name for kind in KINDS.values() for action in kind.actions)}


def named(text: str) -> set[str]:
    """The kinds and actions of resources among the texts of a source."""
    found = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    return NAMES & {value for value in found if isinstance(value, str)}


# The key of a note and of a file that say which provider they are about is the public name of that key.
_PUBLIC_KEYS = {
    "changes.py": {"service_provider"},
    "failures.py": {"service_provider"},
    "files.py": {"service_provider"},
    "limits.py": {"service_provider"},
    "shown_changes.py": {"service_provider"},
    "metrics.py": {"service_provider"},
    "stored_selection.py": {"service_provider"},
    # The keys of GitLab's report.
    "gitlab.py": {"create", "update", "delete"},
}


@pytest.mark.parametrize("path", GENERIC, ids=lambda path: path.name)
def test_generic_code_names_no_resource(path: Path) -> None:
    assert named(path.read_text(encoding="utf-8")) <= _PUBLIC_KEYS.get(path.name, set())


def test_a_name_of_a_resource_is_found() -> None:
    assert named('if change.kind == "user_role": return ["grant"]') == {"user_role", "grant"}


def fields_below(fields: tuple[Field[object], ...]) -> Iterator[Field[object]]:
    for one in fields:
        yield one
        item = one.item if isinstance(one, ListField) else one
        if isinstance(item, MappingField):
            yield from fields_below(item.fields)


def test_every_field_of_the_document_and_of_the_modules_is_described() -> None:
    every = [DOCUMENT, *fields_below(FIELDS)]
    every += [one for resource in RESOURCES for one in fields_below(resource.module.fields)]
    assert [one.name for one in every if not one.description.endswith(".") or not one.name] == []


def test_keys_and_kinds_are_declared_once() -> None:
    keys = [one.name for one in FIELDS]
    assert len(set(keys)) == len(keys)
    assert len(KINDS) == len(RESOURCES)
    assert {one.needs for one in FIELDS if one.needs} <= set(keys)


def test_what_needs_attention_has_words_to_be_counted_by() -> None:
    actions = [action for kind in KINDS.values() for action in kind.actions]
    assert all(action.singular != "change" for action in actions if action.severity is not Severity.NORMAL)


def test_what_is_done_to_several_objects_has_words_of_its_own() -> None:
    assert [action.name for kind in KINDS.values() for action in kind.actions if not action.participle] == []
    assert [kind.name for kind in KINDS.values() if kind.plural == "objects"] == []
    assert ChangeKind("new").describe_several(Action("free_range", Stage.DELETE), 1000) == "free range 1,000 objects"


def test_a_change_of_one_object_names_the_object_once() -> None:
    sentences = [kind.describe_one(action, "X") for kind in KINDS.values() for action in kind.actions]
    assert "set usernames of X" in sentences
    words = [[word.removesuffix("s") for word in sentence.lower().split()] for sentence in sentences]
    assert [one for one in words if len(set(one)) < len(one)] == []
    assert KINDS["user_role"].describe_one(Action("revoke", Stage.WITHDRAW), "X", "**{}**") == "**revoke** role X"


def test_every_resource_has_a_module_with_the_options_that_it_declares() -> None:
    for resource in RESOURCES:
        task = WRITE_MODULES[resource.kind.name]
        assert set(task.options) >= {resource.module.reference.name, *(one.name for one in resource.module.fields)}


def test_dates_are_taken_where_a_timestamp_is_declared() -> None:
    assert date_places((DOCUMENT,)) == ["service_providers[].users[].expiration_time"]
    assert WRITE_MODULES["user_role"].dates == ("expiration_time", "users[].expiration_time")
    assert WRITE_MODULES["offering_username"].dates == ()
