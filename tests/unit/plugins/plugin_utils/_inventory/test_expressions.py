# SPDX-License-Identifier: GPL-3.0-or-later
"""Which expressions are answered without a template engine, and which are left to it."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2.defaults import DEFAULT_NAMESPACE

from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.expressions import (
    UNKNOWN,
    evaluate,
    evaluate_condition,
    parse_condition,
    parse_expression,
)

ROW: dict[str, Any] = {
    "name": "x",
    "number": 5,
    "yes": True,
    "nothing": None,
    "list": [1],
    "text": "{{ name }}",
    "true_text": "True",
    "brackets": "[1]",
    "inner": {"name": "y", "number": 1.5, "no": False, "nothing": None},
    "mixed": {"name": "y", "text": "{% if %}"},
}


class Unsafe(str):
    """As older cores mark what must not be evaluated."""

    __slots__ = ()
    __UNSAFE__ = True


def value(text: str, *, old: bool = False, row: dict[str, Any] | None = None) -> Any:
    plain = parse_expression(text)
    assert plain is not None, text
    return evaluate(plain, ROW if row is None else row, is_old=old)


def truth(text: str, *, old: bool = False) -> Any:
    parsed = parse_condition(text)
    assert parsed is not None, text
    return evaluate_condition(parsed, ROW, is_old=old)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", "x"),
        (" inner . name\n", "y"),
        ("inner.number", 1.5),
        ("nothing", None),
        ("nowhere | default('none')", "none"),
        ('nowhere|d( "it\'s" )', "it's"),
        ("nowhere.at.all | default('')", ""),
        ("nothing.name | default('none')", "none"),
        ("name | default('none')", "x"),
        ("nothing | default('none')", None),
    ],
)
def test_names_and_paths_are_answered(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    ["nowhere", "inner.nowhere", "name.upper", "list.name", "number.real", "text", "list", "inner", "mixed.text"],
)
def test_what_the_engine_may_see_otherwise_is_left_to_it(text: str) -> None:
    assert value(text) is UNKNOWN
    assert value(text, old=True) is UNKNOWN


@pytest.mark.parametrize(
    "text",
    "inner.items|inner.get|a.0|a['b']|a._b|a|upper|a b|1|'x'|a ~ b|é|self|loop.index|none|omit|a.|.a||a | default(b)"
    "|a | default('x', true)|a | default('{{ b }}')|a | default('\\\\n')".replace("a|upper", "a%upper").split("|"),
)
def test_what_is_more_than_a_path_is_left_to_the_engine(text: str) -> None:
    found = parse_expression(text.replace("%", " | "))
    assert found is None or found.path == ("a",)


@pytest.mark.parametrize("name", sorted(DEFAULT_NAMESPACE))
def test_what_the_engine_itself_calls_something_is_left_to_it(name: str) -> None:
    assert parse_expression(f"{name} | default('x')") is None
    assert parse_condition(f"{name} == 'x'") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", "x"),
        ("number", 5),
        ("yes", True),
        ("inner.no", False),
        ("inner.name", "y"),
        ("nothing", UNKNOWN),
        ("true_text", UNKNOWN),
        ("brackets", UNKNOWN),
        ("inner.number", UNKNOWN),
        ("number | default('x')", UNKNOWN),
        ("mixed.name", UNKNOWN),
        ("nowhere | default('True')", UNKNOWN),
        ("nowhere | default('no')", "no"),
    ],
)
def test_older_engines_read_the_text_that_they_make(text: str, expected: Any) -> None:
    assert value(text, old=True) == expected


def test_older_engines_mark_what_they_find_beside_marked_texts() -> None:
    row = {"inner": {"marked": Unsafe("{{ x }}"), "name": "y"}, "name": Unsafe("z")}
    assert value("inner.name", old=True, row=row) is UNKNOWN
    assert value("name", old=True, row=row) is row["name"]
    assert value("name", row=row) is UNKNOWN
    assert value("inner.other | default('x')", old=True, row=row) is UNKNOWN


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True),
        ("not yes", False),
        ("not  inner.no", True),
        ("name == 'x'", True),
        ("name!='x'", False),
        ('inner.name == "x"', False),
        ("nothing == ''", False),
        ("number == '5'", False),
        ("text == 'x'", UNKNOWN),
        ("name", UNKNOWN),
        ("nothing", UNKNOWN),
        ("nowhere == 'x'", UNKNOWN),
        ("list == 'x'", UNKNOWN),
        ("name.upper == 'x'", UNKNOWN),
    ],
)
def test_conditions_are_answered_or_left_to_the_engine(text: str, expected: Any, old: bool) -> None:
    assert truth(text, old=old) is expected


@pytest.mark.parametrize("text", [None, True, "", "not", "a and b", "a == b", "a == 'x' or b", "a is none", "a > 'x'"])
def test_other_conditions_are_left_to_the_engine(text: Any) -> None:
    assert parse_condition(text) is None


def test_what_is_no_text_is_no_expression() -> None:
    assert parse_expression(None) is None
    assert parse_expression(5) is None
