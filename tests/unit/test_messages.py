# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of messages: every key is used, no text stands there twice, and placeholders are checked."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from messages import ANY, CATALOGUE, TEXTS, begins, fragment, matching, mentions, message, pattern, render

TESTS = Path(__file__).resolve().parents[1]
NAMES = {".py": re.compile(r"[\"'](\w+)[\"']"), ".yml": re.compile(r"\w+")}


def test_every_message_of_the_catalogue_is_used() -> None:
    files = [*TESTS.rglob("*.py"), *TESTS.glob("faults/*.yml"), *TESTS.glob("integration/*.yml")]
    used = {
        name
        for file in files
        if file != Path(__file__).resolve()
        for name in NAMES[file.suffix].findall(file.read_text(encoding="utf-8"))
    }
    assert sorted(set(TEXTS) - used) == []


def test_no_two_keys_have_the_same_text() -> None:
    texts = Counter(re.sub(r"{\w+}", "{}", text) for text in TEXTS.values())
    assert [text for text, count in texts.items() if count > 1] == []


def test_the_catalogue_gives_no_key_twice() -> None:
    keys = re.findall(r"^(\w+):", CATALOGUE.read_text(encoding="utf-8"), re.M)
    assert keys == list(TEXTS)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError, match="has no message 'no_such_message'"):
        message("no_such_message")


@pytest.mark.parametrize("values", [{}, {"options": "a", "more": 1}, {"option": "a"}])
def test_a_missing_or_unknown_placeholder_is_an_error(values: dict[str, str]) -> None:
    with pytest.raises(KeyError, match="provider_differs has the placeholders"):
        message("provider_differs", **values)


def test_a_pattern_takes_no_unknown_placeholder() -> None:
    with pytest.raises(KeyError, match="provider_differs has no placeholder"):
        pattern("provider_differs", option="a")


def test_a_pattern_matches_the_whole_message_only() -> None:
    text = message("change_failed", change="grant (x)", cause="a.b")
    assert re.search(pattern("change_failed", change="grant (x)", cause="a.b"), text)
    assert re.search(pattern("change_failed", change=ANY, cause=matching("[ab.]+")), text)
    assert not re.search(pattern("change_failed", change="grant (x)", cause="a.b"), f"{text} ")
    assert not re.search(pattern("change_failed", change="grant (x)", cause="axb"), text.replace(".", "x") + "!")
    assert mentions(f"x {text} y", "change_failed", change="grant (x)", cause="a.b")
    assert mentions(f"x {text} y", "change_failed", change="grant (x)")
    assert begins(f"{text} y", "change_failed", cause="a.b")
    assert not begins(f"x {text}", "change_failed", change="grant (x)")
    assert not re.search(fragment("change_failed", change="grant (x)", cause="a.b"), text.replace("a.b", "axb"))


def test_a_message_in_a_file_of_cases_takes_values_of_the_message_around_it() -> None:
    node = {"key": "change_failed", "change": "update", "cause": {"key": "provider_differs", "options": "image"}}
    assert render(node) == message("change_failed", change="update", cause=message("provider_differs", options="image"))
    assert render("provider_differs", options="image") == message("provider_differs", options="image")
    with pytest.raises(KeyError):
        render("provider_differs")
    with pytest.raises(KeyError):
        render({"key": "provider_differs", "options": "image", "option": "x"})


# --- literal sentences beside the catalogue --------------------------------------------------------------------------

CATALOGUE_CALLS = {"message", "fragment", "pattern", "prefix", "mentions", "begins", "ends", "matching", "render"}
SENTENCE = re.compile(r"[A-Za-z'-]+(?: [A-Za-z'-]+){3,}")


def literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of the literals below *node* that are no value of a message of the catalogue."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CATALOGUE_CALLS:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def asserted_sentences(source: str) -> list[tuple[int, str]]:
    """Return the literals of more than three words that a test asserts as the text of an exception."""
    asserted: list[ast.AST] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "match":
            asserted.append(node.value)
        if isinstance(node, ast.Assert) and re.search(r"\.value\b", ast.unparse(node.test)):
            asserted.append(node.test)
    return [
        (line, text) for node in asserted for line, text in literals(node) if SENTENCE.search(text.replace("\\", ""))
    ]


def test_no_unit_test_of_a_plugin_asserts_a_sentence_of_its_own() -> None:
    beside = [
        f"{file.relative_to(TESTS)}:{line}: {text}"
        for file in sorted((TESTS / "unit" / "plugins").rglob("*.py"))
        for line, text in asserted_sentences(file.read_text(encoding="utf-8"))
    ]
    assert beside == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("with raises(X, match='this sentence has words'): pass", 1),
        ("with raises(X, match=rf'^this sentence has {a} and more words'): pass", 0),
        ("with raises(X, match=r'^this\\ sentence has words\\.$'): pass", 1),
        ("with raises(X, match='three words only'): pass", 0),
        ("with raises(X, match=fragment('key', cause='the text of some value')): pass", 0),
        ("assert 'this sentence has words' in str(error.value)", 1),
        ("assert mentions(error.value, 'key', cause='the text of some value')", 0),
    ],
)
def test_a_literal_sentence_beside_the_catalogue_is_found(source: str, count: int) -> None:
    assert len(asserted_sentences(source)) == count
