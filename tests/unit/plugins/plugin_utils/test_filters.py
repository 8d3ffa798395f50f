# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong arguments of a filter: one sentence that names the filter and the argument, and no signature of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from messages import message

from ansible_collections.waldur.provider.plugins.filter import (
    authorized_keys,
    plan_differences,
    plan_markdown,
    report_html,
)

FILTERS: dict[str, Callable[..., Any]] = {
    name: function
    for module in (authorized_keys, plan_differences, plan_markdown, report_html)
    for name, function in module.FilterModule().filters().items()
}


def refusal(name: str, *arguments: Any, **options: Any) -> str:
    with pytest.raises(AnsibleFilterError) as refused:
        FILTERS[name](*arguments, **options)
    assert "positional" not in str(refused.value)
    assert "()" not in str(refused.value)
    return str(refused.value).removeprefix(f"waldur.provider.{name}: ")


@pytest.mark.parametrize("name", FILTERS)
def test_an_unknown_argument_of_a_filter_was_reported_with_a_signature_of_python(name: str) -> None:
    assert refusal(name, [], zzz=1).startswith(message("filter_argument_unknown", argument="zzz", hint=""))


def test_an_argument_that_is_misspelt_is_reported_with_the_nearest() -> None:
    hint = message("suggestion", value="totals")
    assert refusal("plan_differences", [], total=False) == (
        message("filter_argument_unknown", argument="total", hint=hint) + " Known are totals."
    )


@pytest.mark.parametrize("name", ["authorized_keys", "report_html", "report_html_index"])
def test_a_missing_argument_of_a_filter_was_reported_with_a_signature_of_python(name: str) -> None:
    argument = "users" if name == "authorized_keys" else "moment"
    assert refusal(name, []) == message("filter_argument_missing", argument=argument)


@pytest.mark.parametrize(("name", "most"), [("plan_differences", 1), ("report_html_names", 0)])
def test_too_many_arguments_of_a_filter_were_reported_with_a_signature_of_python(name: str, most: int) -> None:
    known = "totals" if most else "none"
    assert refusal(name, [], 1, 2, 3) == message("filter_arguments_too_many", most=most, count=3, known=known)


def test_an_argument_that_is_given_twice_is_reported_by_its_name() -> None:
    assert refusal("plan_differences", [], True, totals=True) == message("filter_argument_twice", argument="totals")


def test_the_cause_of_an_error_is_not_appended_to_its_sentence() -> None:
    assert refusal("plan_markdown", [], max_length="x") == message("max_length_invalid")
