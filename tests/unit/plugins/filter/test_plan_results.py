# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that make plan.json, and the outcome of a host, from a result of desired_state."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from messages import prefix

from ansible_collections.waldur.provider.plugins.filter import plan_document, plan_outcome

RESULT = {
    "changed": True,
    "api_url": "https://waldur.example.org",
    "digests": {"d2c8772c": "sha256:1571e2342f780ab4"},
    "summary": {"total": 2},
    "plan": [{"kind": "user_role"}],
    "without_entry": [],
}


def call(module: Any, *arguments: Any) -> Any:
    (function,) = module.FilterModule().filters().values()
    return function(*arguments)


def test_plan_json_has_the_plan_and_the_warnings_and_nothing_else() -> None:
    found = call(plan_document, {**RESULT, "warnings": ["w"]})
    assert list(found) == ["format", "api_url", "digests", "summary", "warnings", "plan"]
    assert (found["format"], found["warnings"]) == ("waldur.provider.plan/1", ["w"])
    assert call(plan_document, RESULT)["warnings"] == []


@pytest.mark.parametrize("result", [None, "x", {"failed": True}])
def test_what_is_not_a_result_has_no_plan(result: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=prefix("plan_document_invalid")):
        call(plan_document, result)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (RESULT, "2 changed"),
        ({"summary": {"total": 0}, "without_entry": [{}]}, "no entry in the document"),
        ({"summary": {"total": 0}}, "nothing to change"),
        ({"failed": True}, "failed"),
        ({"failed": True, "applied": [{}, {}]}, "failed, 2 changed"),
    ],
)
def test_the_outcome_is_a_few_words(result: dict[str, Any], outcome: str) -> None:
    assert call(plan_outcome, result) == outcome


def test_in_check_mode_changes_are_planned() -> None:
    assert call(plan_outcome, RESULT, True) == "2 planned"


@pytest.mark.parametrize(("result", "key"), [(None, "plan_outcome_invalid"), ({}, "plan_outcome_without_summary")])
def test_what_is_not_a_result_has_no_outcome(result: Any, key: str) -> None:
    with pytest.raises(AnsibleFilterError, match=prefix(key)):
        call(plan_outcome, result)
