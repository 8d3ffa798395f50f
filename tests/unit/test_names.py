# SPDX-License-Identifier: GPL-3.0-or-later
"""Names say what they hold: words that fit any value, such as ``found``, are rejected.

In ``plugins``, this is true of every name. In the tests, it is true of what other files use: fixtures, and the
functions, classes and parameters of the modules that contain no tests.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
TESTS = ROOT / "tests"
FILLERS = {"asked", "found", "given", "one", "other", "part", "rest", "said", "same", "told", "wanted"}
# Where such a word is the best name, by file and scope, with the reason.
EXCEPTIONS = {
    "module_utils/_common/yaml_spelling.py: WrittenBool.__eq__.other": "Python's own name of this parameter",
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (ast.ClassDef, *FUNCTIONS)
Check = Callable[[ast.AST], bool]


def bound_name(node: ast.AST) -> str | None:
    """Return the name that this node itself gives to something; None where it gives none."""
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Store) else None
    if isinstance(node, ast.Attribute):
        return node.attr if isinstance(node.ctx, ast.Store) else None
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.alias):
        return node.asname
    if isinstance(node, (*SCOPES, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return node.name
    return None


def is_fixture(node: ast.AST) -> bool:
    """Return whether this node defines a fixture of pytest."""
    return isinstance(node, FUNCTIONS) and any(
        ast.unparse(decorator).startswith("pytest.fixture") for decorator in node.decorator_list
    )


def is_interface(node: ast.AST) -> bool:
    """Return whether this node defines a function, a class or a parameter, which other files can use by its name."""
    return isinstance(node, (*SCOPES, ast.arg))


def fillers(node: ast.AST, scope: str = "", is_checked: Check = lambda _node: True) -> Iterator[str]:
    """Yield the names below ``node`` that are fillers, each with its scope, such as ``Class.method.found``.

    Only names that a node gives for which ``is_checked`` returns true are yielded.
    """
    for child in ast.iter_child_nodes(node):
        name = bound_name(child)
        if name is not None and name.strip("_").lower() in FILLERS and is_checked(child):
            yield f"{scope}{name}"
        yield from fillers(child, f"{scope}{child.name}." if isinstance(child, SCOPES) else scope, is_checked)


def fillers_in_plugins() -> set[str]:
    return {
        f"{path.relative_to(PLUGINS).as_posix()}: {name}"
        for path in sorted(PLUGINS.rglob("*.py"))
        for name in fillers(ast.parse(path.read_text(encoding="utf-8")))
    }


def fillers_in_tests() -> set[str]:
    return {
        f"{path.relative_to(TESTS).as_posix()}: {name}"
        for path in sorted(TESTS.rglob("*.py"))
        if "output" not in path.relative_to(TESTS).parts
        for name in fillers(
            ast.parse(path.read_text(encoding="utf-8")),
            is_checked=is_fixture if path.name.startswith("test_") else is_interface,
        )
    }


def test_names_say_what_they_hold() -> None:
    unexpected = sorted(fillers_in_plugins() - EXCEPTIONS.keys())
    assert not unexpected, "Name these after what they hold: " + ", ".join(unexpected)


def test_fixtures_and_the_helpers_of_tests_say_what_they_hold() -> None:
    unexpected = sorted(fillers_in_tests())
    assert not unexpected, "Name these after what they hold: " + ", ".join(unexpected)


def test_each_exception_is_needed() -> None:
    assert EXCEPTIONS.keys() <= fillers_in_plugins()
    assert len(EXCEPTIONS) <= 10


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("found = 1", "found"),
        ("one: int = 1", "one"),
        ("if (asked := read()): pass", "asked"),
        ("for number, same in rows: pass", "same"),
        ("rows = [part for part in parts]", "part"),
        ("rows = sorted(rows, key=lambda other: other.name)", "other"),
        ("with opened() as rest: pass", "rest"),
        ("try: read()\nexcept OSError as told: pass", "told"),
        ("from rows import first as given", "given"),
        ("match rows:\n    case [1, *rest]: pass", "rest"),
        ("def said(): pass", "said"),
        ("async def said(): pass", "said"),
        ("class _Wanted: pass", "_Wanted"),
        ("class Rows:\n    found: int", "Rows.found"),
        ("class Rows:\n    def read(self, *, one=1): pass", "Rows.read.one"),
        ("class Rows:\n    def read(self): self._found = 1", "Rows.read._found"),
    ],
)
def test_a_filler_is_found_wherever_it_is_a_name(source: str, name: str) -> None:
    assert list(fillers(ast.parse(source))) == [name]


@pytest.mark.parametrize(
    "source", ["rows = found", "read(other=1)", "found_rows = 1", "parts = found.one", "{'one': 1}"]
)
def test_what_is_only_used_or_named_in_full_is_accepted(source: str) -> None:
    assert not list(fillers(ast.parse(source)))


SOURCE = """
@pytest.fixture(scope="module")
def told(wanted): pass

@pytest.fixture
def other(): found = 1

class Said:
    def asked(self, given): found = given
"""


def test_in_files_with_tests_only_fixtures_are_checked() -> None:
    assert list(fillers(ast.parse(SOURCE), is_checked=is_fixture)) == ["told", "other"]


def test_in_helpers_functions_classes_and_parameters_are_checked_but_no_variables() -> None:
    expected = ["told", "told.wanted", "other", "Said", "Said.asked", "Said.asked.given"]
    assert list(fillers(ast.parse(SOURCE), is_checked=is_interface)) == expected
