# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of messages: every key is used, no text stands there twice, and placeholders are checked."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from messages import ANY, CATALOGUE, TEXTS, begins, matching, mentions, message, part, pattern, render

TESTS = Path(__file__).resolve().parents[1]
NAMES = {".py": re.compile(r'"(\w+)"'), ".yml": re.compile(r"\w+")}


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
    assert not re.search(part("change_failed", change="grant (x)", cause="a.b"), text.replace("a.b", "axb"))


def test_a_message_in_a_file_of_cases_takes_values_of_the_message_around_it() -> None:
    node = {"key": "change_failed", "change": "update", "cause": {"key": "provider_differs", "options": "image"}}
    assert render(node) == message("change_failed", change="update", cause=message("provider_differs", options="image"))
    assert render("provider_differs", options="image") == message("provider_differs", options="image")
    with pytest.raises(KeyError):
        render("provider_differs")
    with pytest.raises(KeyError):
        render({"key": "provider_differs", "options": "image", "option": "x"})
