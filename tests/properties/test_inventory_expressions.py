# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions are answered without a template engine exactly as the engine of the running core answers them."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions as path_expressions
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD, trust

from .inventory_expressions import NAMES, Inventory, conditions, expressions, outcome, paths, rows, values

OURS, THEIRS = Inventory(fast=True), Inventory(fast=False)


@given(rows(), expressions)
@example({"a": {"items": 1}}, "a.items")
@example({"a": None}, "a.b | default('x')")
@example({"a": "True"}, "a")
@example({"result": "x"}, "result")
@example({}, "range | default('x')")
@example({"a": {"b": 5}}, "a.b")
@example({"a": 5}, "a | default('x')")
def test_an_expression_gives_what_ansible_itself_makes_of_it(row: dict[str, Any], expression: str) -> None:
    assert outcome(OURS, expression, row) == outcome(THEIRS, expression, row)


@given(rows(), st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3), paths())
def test_extra_variables_win_where_they_are_used(row: dict[str, Any], extra: dict[str, Any], expression: str) -> None:
    ours, theirs = Inventory(fast=True, extra=extra), Inventory(fast=False, extra=extra)
    assert outcome(ours, expression, row) == outcome(theirs, expression, row)


def joined(plugin: Inventory, condition: str, row: dict[str, Any]) -> Any:
    groups = {"some group": trust(condition)}
    plugin.inventory.add_host("host")
    try:
        plugin._add_host_to_composed_groups(groups, row, "host", strict=True, fetch_hostvars=False)
    except Exception:  # noqa: BLE001 whatever the engine raises, both must
        return "error"
    return plugin.built()


@given(rows(), conditions)
@example({"a": True}, "not a")
@example({"a": None}, "a == 'x'")
@example({"a": "x"}, "a != 'x'")
def test_a_condition_is_true_where_ansible_finds_it_true(row: dict[str, Any], condition: str) -> None:
    assert joined(Inventory(fast=True), condition, row) == joined(Inventory(fast=False), condition, row)


@st.composite
def constructed(draw: st.DrawFn) -> dict[str, Any]:
    """The options that construct, with some that are wrong."""
    templates = expressions.map(trust)
    keyed = st.fixed_dictionaries(
        {"key": templates},
        optional={
            "prefix": st.sampled_from(["", "p", "with space"]),
            "separator": st.sampled_from(["", "-"]),
            "default_value": st.just("none"),
            "parent_group": st.sampled_from(["above", "{{ state }}", "{{ nowhere }}"]).map(trust),
            "trailing_separator": st.booleans(),
        },
    )
    return {
        "compose": draw(st.dictionaries(st.sampled_from(["a", "made", "state"]), templates, max_size=2)),
        "groups": draw(st.dictionaries(st.sampled_from(["one", "two"]), conditions.map(trust), max_size=2)),
        "keyed_groups": draw(st.lists(keyed, max_size=2)),
        "leading_separator": draw(st.booleans()),
        "strict": draw(st.booleans()),
    }


def whole(options: dict[str, Any], several: list[dict[str, Any]], *, fast: bool) -> Any:
    plugin = Inventory(fast=fast, **options)
    try:
        for number, row in enumerate(several):
            plugin.inventory.add_host(f"host{number}")
            plugin._construct(f"host{number}", row, {})
    except Exception as error:  # noqa: BLE001 strict options raise on purpose
        return error.__class__.__name__, plugin.built()
    return plugin.built()


@given(st.lists(rows(), min_size=1, max_size=3), constructed())
def test_a_whole_inventory_is_built_alike_in_both_ways(several: list[dict[str, Any]], options: dict[str, Any]) -> None:
    assert whole(options, several, fast=True) == whole(options, several, fast=False)


def test_most_expressions_that_users_write_need_no_engine() -> None:
    row = {"name": "x", "estimate": {"total": 1.5, "tax": None}, "is_active": True, "state": "OK"}
    for text in ("name", "estimate.total", "estimate.nothing | default('none')", 'nothing | d("none")', " state "):
        assert OURS._evaluate_path(trust(text), row) is not path_expressions.UNKNOWN or _is_old_number(text), text
    for text in ("is_active", "not is_active", "state == 'OK'", 'state != "OK"'):
        assert isinstance(OURS._evaluate_condition(trust(text), row), bool), text


def _is_old_number(text: str) -> bool:
    """Where older cores make text of a number, which is left to them."""
    return IS_OLD and text.startswith("estimate")
