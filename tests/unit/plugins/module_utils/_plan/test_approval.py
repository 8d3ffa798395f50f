# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was approved: what is part of it, and what is new."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from messages import begins, ends, fragment, matching, mentions, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._module.plan_limits import parse_limits
from ansible_collections.waldur.provider.plugins.module_utils._plan.approval import require_approved
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change

from ...helpers.samples import planned_change

URL = "https://waldur.example.org"
IDS = {"customer": "c1", "user": "u1", "role": "r1"}


def change(action: str, before: Any, after: Any, **others: Any) -> Change[None]:
    kind = others.pop("kind", "")
    return planned_change(action, kind, name="bob", before=before, after=after, id={**IDS, **others})


EXTEND = change("extend", {"expiration_time": "2027-01-01T00:00:00Z"}, {"expiration_time": None})
NAMES = change("set_username", {"A": "x", "B": None}, {"A": "bob", "B": "bob"}, kind="offering_username")
UPDATE = change(
    "update", {"description": "", "account_options": {"a": 1}}, {"description": "x", "account_options": {"a": 2}}
)
CREATE = change("create", None, {"customer": "ACME", "image": {"sha256": "0f", "size": 3}}, kind="service_provider")
REVOKE = change("revoke", {"expiration_time": None}, None)
APPROVED = [json.loads(json.dumps(one.as_dict())) for one in (EXTEND, NAMES, UPDATE, CREATE, REVOKE)]


@pytest.mark.parametrize(
    "now",
    [
        [],
        [EXTEND, NAMES, UPDATE, CREATE, REVOKE],
        [change("set_username", {"B": None}, {"B": "bob"}, kind="offering_username")],
        [change("update", {"account_options": {"a": 1}}, {"account_options": {"a": 2}})],
        [change("update", {"image": None}, {"image": {"sha256": "0f", "size": 3}}, kind="service_provider")],
    ],
)
def test_what_is_left_of_an_approved_plan_holds(now: list[Change[None]]) -> None:
    require_approved(now, APPROVED)


@pytest.mark.parametrize(
    "new",
    [
        change("extend", {"expiration_time": "2027-02-01T00:00:00Z"}, {"expiration_time": None}),
        change("extend", {"expiration_time": "2027-01-01T00:00:00Z"}, {"expiration_time": "2028-01-01T00:00:00Z"}),
        change("shorten", {"expiration_time": "2027-01-01T00:00:00Z"}, {"expiration_time": None}),
        change("extend", {"expiration_time": "2027-01-01T00:00:00Z"}, {"expiration_time": None}, user="u2"),
        change("grant", None, {"expiration_time": None}),
        change("revoke", {"expiration_time": "2027-01-01T00:00:00Z"}, None),
        change("set_username", {"C": None}, {"C": "bob"}, kind="offering_username"),
        change("set_username", {"B": "other"}, {"B": "bob"}, kind="offering_username"),
        change("update", {"account_options": {"a": 3}}, {"account_options": {"a": 2}}),
        change("update", {"image": None}, {"image": {"sha256": "1f", "size": 3}}, kind="service_provider"),
        change("delete", {}, None, kind="service_provider"),
        change("rotate", {"fingerprint": "sha256:1"}, {"fingerprint": None}, kind="api_secret_code"),
    ],
)
def test_what_differs_in_what_it_is_or_whom_it_is_about_is_new(new: Change[None]) -> None:
    with pytest.raises(InvalidInput) as caught:
        require_approved([EXTEND, new], APPROVED)
    assert begins(caught.value.message, "approval_out_of_date")
    assert caught.value.message.count(f"{new.action.name} bob (ACME)") == 1
    assert ends(caught.value.message, "approval_out_of_date")
    assert caught.value.details == {"new_changes": [new.as_dict()]}


DESIRED = message("approval_desired_changed", changes="")
CURRENT = message("approval_current_changed", changes="")
NOT_PLANNED = message("approval_not_part", changes="")


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (
            change("extend", {"expiration_time": "2027-01-01T00:00:00Z"}, {"expiration_time": "2028-01-01T00:00:00Z"}),
            DESIRED + "extend bob (ACME): expiration_time.",
        ),
        (
            change("update", {"account_options": {"a": 1}}, {"account_options": {"a": 3}}),
            DESIRED + "update bob (ACME): account_options: a.",
        ),
        (change("extend", {"expiration_time": None}, {"expiration_time": None}), CURRENT),
        (change("delete", {"customer": "ACME"}, None), DESIRED + "delete bob (ACME): state."),
        (
            change("update", {"enable_notifications": True}, {"enable_notifications": False}),
            NOT_PLANNED + "update bob (ACME): enable_notifications.",
        ),
        (change("grant", None, {"expiration_time": None}, user="u2"), NOT_PLANNED + "grant bob (ACME)."),
    ],
)
def test_a_plan_out_of_date_names_what_changed_and_the_fields_once(new: Change[None], reason: str) -> None:
    approved = [UPDATE.as_dict()] if new.action.name in ("update", "delete") else [EXTEND.as_dict()]
    with pytest.raises(InvalidInput) as caught:
        require_approved([new], approved)
    assert begins(caught.value.message, "approval_out_of_date", reasons=matching(re.escape(reason) + ".*"))
    assert sum(caught.value.message.count(text) for text in (DESIRED, CURRENT, NOT_PLANNED)) == 1


@pytest.mark.parametrize(("changed", "reason"), [(True, DESIRED), (False, CURRENT)])
def test_a_field_that_the_approved_plan_does_not_name_is_explained_by_the_digest_of_the_entry(
    changed: bool, reason: str
) -> None:
    new = change("update", {"enable_notifications": True}, {"enable_notifications": False})
    with pytest.raises(InvalidInput) as caught:
        require_approved([new], APPROVED, {"c1": changed})
    assert f"{reason}update bob (ACME): enable_notifications." in caught.value.message


def test_a_plan_that_differs_in_many_changes_gets_a_message_that_can_be_read() -> None:
    new = [change("grant", None, {"expiration_time": None}, user=f"u{number}") for number in range(100, 150)]
    with pytest.raises(
        InvalidInput, match=fragment("approval_out_of_date", reasons=matching(r".*; and 40 more\."))
    ) as caught:
        require_approved(new, APPROVED)
    assert len(caught.value.details["new_changes"]) == 50


class Counting(dict[str, Any]):
    """An approved change that counts how often it is looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Count, and return the value."""
        Counting.looks += 1
        return super().get(key, default)


def test_checking_an_approved_plan_is_not_quadratic() -> None:
    changes = [change("grant", None, {"expiration_time": None}, user=f"u{number}") for number in range(5000)]
    approved = [Counting(one.as_dict()) for one in changes]
    Counting.looks = 0
    require_approved(changes, approved)
    assert 0 < Counting.looks <= 10 * len(changes)


@pytest.mark.parametrize("ids", [None, 7, {"customer": ["c1"]}, {"customer": {"a": 1}}])
def test_an_approved_change_without_usable_ids_approves_nothing(ids: Any) -> None:
    with pytest.raises(InvalidInput, match=fragment("approval_out_of_date")):
        require_approved([EXTEND], [{**EXTEND.as_dict(), "id": ids}])


def test_displayed_names_may_change_after_the_approval() -> None:
    renamed = planned_change("revoke", "", "ACME Ltd", "robert", before={"expiration_time": None}, id=IDS)
    require_approved([renamed], APPROVED)


@pytest.mark.parametrize("given", [{"plan": APPROVED, "api_url": URL}, {"plan": APPROVED}, APPROVED])
def test_a_plan_is_taken_from_its_file_a_result_and_as_a_list(given: Any) -> None:
    assert parse_limits({"approved_plan": given}, URL).approved == APPROVED


@pytest.mark.parametrize("given", [{}, {"plan": None}, ["x"], 7, {"plan": "x"}])
def test_what_is_no_plan_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput, match=prefix("approval_not_a_plan")):
        parse_limits({"approved_plan": given}, URL)


def test_a_file_is_read_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"plan": APPROVED, "api_url": URL}))
    assert parse_limits({"approved_plan": str(tmp_path / "plan.json")}, URL).approved == APPROVED
    with pytest.raises(
        InvalidInput,
        match=pattern(
            "file_unreadable",
            option="approved_plan",
            path=matching(r".*none\.json"),
            reason="No such file or directory",
        ),
    ):
        parse_limits({"approved_plan": str(tmp_path / "none.json")}, URL)
    (tmp_path / "plan.json").write_text("plan: []")
    with pytest.raises(InvalidInput, match=fragment("approval_not_json", path=matching(r".*plan\.json"), line=1)):
        parse_limits({"approved_plan": str(tmp_path / "plan.json")}, URL)


def test_a_plan_for_another_waldur_is_refused() -> None:
    with pytest.raises(InvalidInput, match=prefix("approval_of_another_waldur", url="https://other.example.org")):
        parse_limits({"approved_plan": {"plan": [], "api_url": "https://other.example.org"}}, URL)


def test_without_an_approved_plan_anything_goes() -> None:
    assert parse_limits({}, URL).approved is None


@pytest.mark.parametrize(
    ("before", "after", "old_before", "old_after", "field"),
    [
        ({"o": None}, {"o": {"b": 1}}, {"o": None}, {"o": {"b": 1, "c": 2}}, "account_options: o"),
        ({"o": None}, {"o": True}, {"o": None}, {"o": 1}, "account_options: o"),
        ({"o": None}, {"o": False}, {"o": None}, {"o": 0}, "account_options: o"),
        ({"o": None}, {"o": [{"x": True}]}, {"o": None}, {"o": [{"x": 1}]}, "account_options: o"),
        ({"o": None}, {"o": {}}, {"o": None}, {"o": {"b": 1}}, "account_options: o"),
        ({"o": None}, {}, {"o": None}, {"o": 1}, "account_options"),
        ({"o": {}}, {"o": 5}, {"o": {"x": 1}}, {"o": 5}, "account_options: o"),
        ({"o": {"x": {}}}, {"o": 5}, {"o": {"x": {"y": 1}}}, {"o": 5}, "account_options: o"),
        ({"o": None}, {"o": 5}, {"o": {"x": 1}}, {"o": 5}, "account_options: o"),
    ],
)
def test_an_approved_value_does_not_approve_a_part_of_it_or_another_type(
    before: Any, after: Any, old_before: Any, old_after: Any, field: str
) -> None:
    new = change("update", {"account_options": before}, {"account_options": after})
    old = change("update", {"account_options": old_before}, {"account_options": old_after})
    with pytest.raises(InvalidInput, match=f"update bob \\(ACME\\): {field}\\.") as caught:
        require_approved([new], [json.loads(json.dumps(old.as_dict()))])
    keys = ("approval_desired_changed", "approval_current_changed")
    assert any(mentions(caught.value.message, key) for key in keys) or not after
    require_approved([old], [json.loads(json.dumps(old.as_dict()))])


def test_a_field_that_is_not_merged_is_approved_as_a_whole() -> None:
    image = change("update", {"image": None}, {"image": {"sha256": "0f"}}, kind="service_provider")
    with pytest.raises(InvalidInput, match=fragment("approval_out_of_date")):
        require_approved([image], APPROVED)
