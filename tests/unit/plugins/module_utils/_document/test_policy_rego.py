# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies in Rego: what they reject, and that a hostile one is an error that names it, and nothing else."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from messages import ANY, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import policy_rego
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import read_policy
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Subject
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy import Policy, ReviewedChange, ReviewedPlan
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import KINDS

REGO = """\
package waldur

deny contains message if {
  some change in input.plan
  change.action == "grant"
  message := sprintf("no grants: %s", [change.name])
}
"""
WITH_CHANGES = """\
package waldur

deny contains {"message": sprintf("no grants: %s", [change.name]), "change": index} if {
  some index, change in input.plan
  change.action == "grant"
}

deny contains "too many" if count(input.plan) > 1
"""


def policy_of(folder: Path, text: str) -> Policy:
    path = folder / "policy.rego"
    path.write_text(text, encoding="utf-8")
    return read_policy(str(path))


def plan_of(*names: str, action: str = "grant") -> ReviewedPlan:
    """Return a plan in which each user of these names gets a role, or loses one."""
    kind = KINDS["user_role"]
    declared = kind.action(action)
    assert declared is not None
    subjects = [Subject(f"alpha.yml: service_providers[0].users[{number}]") for number in range(len(names))]
    pairs = zip(names, subjects, strict=True)
    changes = [Change("Alpha", kind, name, declared, None, None, {}, None, subject=subject) for name, subject in pairs]
    content = {"plan": [change.as_dict() for change in changes]}
    return ReviewedPlan([ReviewedChange(change) for change in changes], datetime.now(timezone.utc), content)


def test_each_text_in_deny_is_a_violation_of_the_plan(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, REGO)
    found = policy.review(plan_of("b\x1b[31m", "a", '"é\\'))
    assert [one.reason for one in found] == ['no grants: "é\\', "no grants: a", "no grants: b\\x1b[31m"]
    rows = [one.as_dict() for one in found]
    assert {(row["rule"], row["file"], row["change"]) for row in rows} == {("data.waldur.deny", "policy.rego", None)}
    assert policy.review(plan_of("a", action="revoke")) == []


def test_an_object_in_deny_names_its_change_and_with_it_the_file(tmp_path: Path) -> None:
    found = policy_of(tmp_path, WITH_CHANGES).review(plan_of("b", "a"))
    assert [one.reason for one in found] == ["too many", "no grants: b", "no grants: a"]
    row = found[2].as_dict()
    assert (row["file"], row["place"], row["change"]["name"]) == (
        "alpha.yml",
        "alpha.yml: service_providers[0].users[1]",
        "a",
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("package other\nx := 1\n", "rego_undefined"),
        ("package waldur\n\ndeny := \n", "rego_invalid"),
        ("", "rego_invalid"),
        *(
            (f"package waldur\n{rules}\n", "rego_odd_result")
            for rules in (
                "deny contains 7 if true",
                "deny := true",
                "deny := null",
                'deny := "text"',
                'deny := ["text"]',
                'deny := {"text": "text"}',
                'deny contains ["text"]',
                'deny contains {"message": "text"}',
                'deny contains {"message": "text", "change": 0}',
                'deny contains {"message": "text", "change": -1}',
                'deny contains {"message": "text", "change": 0.5}',
                'deny contains {"message": "text", "change": 0, "more": 1}',
                'deny contains {"message": 7, "change": 0}',
            )
        ),
        ("package waldur\ndeny contains x if { x := deny }\n", "rego_failed"),
        ("package waldur\nf(x) := f(x)\ndeny contains f(1)\n", "rego_failed"),
        ('package waldur\ndeny contains http.send({"method": "get", "url": "http://127.0.0.1"})\n', "rego_failed"),
        ('package waldur\ndeny contains "x" if { print("to the output") }\n', "rego_prints"),
    ],
)
def test_a_policy_in_rego_that_can_not_decide_is_an_error_before_any_request(
    tmp_path: Path, text: str, key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidInput, match=prefix(key, file="policy.rego", **_any_values(key))):
        policy_of(tmp_path, text)
    assert capfd.readouterr() == ("", "")


LOOP = "package waldur\ndeny contains n if { some n in numbers.range(1, 1000000000); n == 0 }\n"


def test_a_policy_in_rego_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_rego, "TIME_LIMIT", 1.0)
    with pytest.raises(InvalidInput, match=pattern("rego_timed_out", file="policy.rego", seconds="1")):
        policy_of(tmp_path, LOOP)


def test_a_policy_in_rego_that_takes_the_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_rego, "LARGEST_MEMORY", 100 * 1000**2)
    with pytest.raises(InvalidInput, match=pattern("rego_ended", file="policy.rego", signal="SIGABRT")):
        policy_of(tmp_path, LOOP)


def test_a_policy_in_rego_sees_no_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALDUR_ACCESS_TOKEN", "secret")
    text = "package waldur\ndeny contains name if { some name, _value in opa.runtime().env }\n"
    found = {one.reason for one in policy_of(tmp_path, text).review(plan_of("a"))}
    assert found <= {"LC_CTYPE"}  # which Python sets itself


def test_an_error_in_rego_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as failed:
        policy_of(tmp_path, "package waldur\n\n# é\ndeny := \n")
    assert (failed.value.line, failed.value.column) == (4, 6)


def test_an_error_of_a_function_does_not_hide_a_violation(tmp_path: Path) -> None:
    text = 'package waldur\ndeny contains "x" if { some c in input.plan; to_number(c.name) > 1 }\n'
    policy = policy_of(tmp_path, text)
    with pytest.raises(InvalidInput, match=pattern("rego_failed", file="policy.rego")):
        policy.review(plan_of("no number"))


def test_rego_without_its_library_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regopy", None)
    with pytest.raises(InvalidInput) as failed:
        policy_of(tmp_path, REGO)
    assert failed.value.message == message("rego_library_missing")


def _any_values(key: str) -> dict[str, object]:
    return {"line": ANY, "reason": ANY} if key == "rego_invalid" else {}
