# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was approved: what is part of it, and what is new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._arguments import limits
from ansible_collections.waldur.provider.plugins.module_utils._errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._plan import Change, refuse_new

URL = "https://waldur.example.org"
IDS = {"customer": "c1", "user": "u1", "role": "r1"}


def change(action: str, before: Any, after: Any, **others: Any) -> Change:
    kind = others.pop("kind", "user_role")
    return Change("ACME", kind, "bob", action, before, after, {**IDS, **others})


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
def test_what_is_left_of_an_approved_plan_holds(now: list[Change]) -> None:
    refuse_new(now, APPROVED)


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
def test_what_differs_in_what_it_is_or_whom_it_is_about_is_new(new: Change) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_new([EXTEND, new], APPROVED)
    assert caught.value.message == (
        f"approved_plan: the world has moved: these changes are new: {new.action} bob (ACME). Nothing was changed. Make"
        " a plan of today, and have that approved."
    )
    assert caught.value.details == {"new_changes": [new.as_dict()]}


def test_names_for_people_may_change_after_the_approval() -> None:
    renamed = Change("ACME Ltd", "user_role", "robert", "revoke", {"expiration_time": None}, None, IDS)
    refuse_new([renamed], APPROVED)


@pytest.mark.parametrize("given", [{"plan": APPROVED, "api_url": URL}, {"plan": APPROVED}, APPROVED])
def test_a_plan_is_taken_from_its_file_a_result_and_as_a_list(given: Any) -> None:
    assert limits({"approved_plan": given}, URL).approved == APPROVED


@pytest.mark.parametrize("given", [{}, {"plan": None}, ["x"], 7, {"plan": "x"}])
def test_what_is_no_plan_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^approved_plan: is no plan: give the file plan\.json"):
        limits({"approved_plan": given}, URL)


def test_a_file_is_read_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"plan": APPROVED, "api_url": URL}))
    assert limits({"approved_plan": str(tmp_path / "plan.json")}, URL).approved == APPROVED
    with pytest.raises(InvalidInput, match=r"^approved_plan: can't read .*none\.json: No such file or directory\.$"):
        limits({"approved_plan": str(tmp_path / "none.json")}, URL)
    (tmp_path / "plan.json").write_text("plan: []")
    with pytest.raises(InvalidInput, match=r"plan\.json is not JSON: give the file plan\.json as it was written\.$"):
        limits({"approved_plan": str(tmp_path / "plan.json")}, URL)


def test_a_plan_for_another_waldur_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^approved_plan: was made for https://other\.example\.org, and this task"):
        limits({"approved_plan": {"plan": [], "api_url": "https://other.example.org"}}, URL)


def test_without_an_approved_plan_anything_goes() -> None:
    assert limits({}, URL).approved is None
