# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: what it takes for equal, for agreeing, and for neither."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from .comparison import compare
from .recordings import Answer
from .value_matching import ValueMatching

WORLD = "a" * 32
NEW, NEWER = "b" * 32, "c" * 32
OURS, OTHER = "d" * 32, "e" * 32
CLOCK = datetime.datetime(2026, 11, 22, 21, 44, tzinfo=datetime.timezone.utc)


@pytest.fixture
def matching() -> ValueMatching:
    return ValueMatching(f'{{"uuid": "{WORLD}"}}', CLOCK)


def json_answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, body)


def headed(**headers: str) -> Answer:
    return Answer(200, {"content-type": "application/json", **headers}, {})


def verdict(recorded: Any, ours: Any, matching: ValueMatching, status: int = 200) -> str:
    """``equal``, ``agrees``, or the place of the first difference that keeps the answers from agreeing."""
    found = compare(json_answer(recorded, status), json_answer(ours, status), matching)
    grave = [item.where for item in found if item.grave]
    return grave[0] if grave else "agrees" if found else "equal"


@pytest.mark.parametrize(
    ("recorded", "ours", "expected"),
    [
        ({"total": 0}, {"total": 0.0}, "equal"),
        ({"total": 0}, {"total": 1}, "agrees"),
        ({"total": 0}, {"total": "0"}, "body.total"),
        ({"total": 0}, {"total": False}, "body.total"),
        ({"total": 0}, {"total": None}, "body.total"),
        ({"a": 1}, {}, "body.a"),
        ({}, {"a": 1}, "body.a"),
        ({"rows": [{"a": "x"}]}, {"rows": [{"a": "y"}]}, "agrees"),
        ({"rows": [{"a": "x"}]}, {"rows": []}, "body.rows, its length"),
        ([{"a": None}], [{"a": "x"}], "body[0].a"),
        (["a", "b"], ["b", "a"], "agrees"),
        ([{"uuid": [1]}], [{"uuid": "x"}], "body[0].uuid"),
        ("text", "other text", "agrees"),
    ],
)
def test_keys_and_types_decide_whether_answers_agree(
    recorded: Any, ours: Any, expected: str, matching: ValueMatching
) -> None:
    assert verdict(recorded, ours, matching) == expected


def test_rows_in_another_order_agree_but_not_in_all_values(matching: ValueMatching) -> None:
    rows: list[dict[str, Any]] = [{"uuid": WORLD, "name": None}, {"uuid": "f" * 32, "name": "x"}]
    matching.give("f" * 32)
    assert verdict(rows, rows[::-1], matching) == "agrees"
    assert verdict(rows, rows, matching) == "equal"


def test_an_error_must_say_the_same_words(matching: ValueMatching) -> None:
    assert verdict({"detail": "Not found."}, {"detail": "Not there."}, matching, 404) == "body.detail"
    assert verdict({"detail": f"No {NEW}."}, {"detail": f"No {OURS}."}, matching, 404) == "equal"


def test_a_uuid_that_the_server_made_stands_for_the_same_one_everywhere(matching: ValueMatching) -> None:
    assert verdict({"uuid": NEW}, {"uuid": OURS}, matching) == "equal"
    assert verdict({"url": f"/api/x/{NEW}/"}, {"url": f"/api/x/{OURS}/"}, matching) == "equal"
    assert verdict({"uuid": NEW}, {"uuid": OTHER}, matching) == "agrees"
    assert verdict({"uuid": NEWER}, {"uuid": OURS}, matching) == "agrees"


def test_a_uuid_of_the_world_or_of_a_request_is_no_other(matching: ValueMatching) -> None:
    matching.give(f"/api/x/{NEW}/")
    assert verdict({"uuid": WORLD}, {"uuid": OURS}, matching) == "agrees"
    assert verdict({"uuid": NEW}, {"uuid": OURS}, matching) == "agrees"
    assert verdict({"uuid": NEWER}, {"uuid": WORLD}, matching) == "agrees"


def test_a_world_put_back_to_its_start_forgets_what_was_matched(matching: ValueMatching) -> None:
    assert verdict({"uuid": NEW}, {"uuid": OURS}, matching) == "equal"
    matching.start_over()
    assert verdict({"uuid": NEW}, {"uuid": OTHER}, matching) == "equal"


def test_what_an_answer_taught_is_put_into_later_requests(matching: ValueMatching) -> None:
    verdict({"uuid": NEW, "api_secret_code": "theirs"}, {"uuid": OURS, "api_secret_code": "made up"}, matching)
    matching.give(f"/api/x/{NEW}/")
    assert matching.ours(f"/api/x/{NEW}/?code=theirs") == f"/api/x/{OURS}/?code=made up"
    assert verdict({"uuid": NEW}, {"uuid": OURS}, matching) == "equal"


def test_secrets_may_differ_but_must_change_together(matching: ValueMatching) -> None:
    assert verdict({"api_secret_code": "one"}, {"api_secret_code": "eins"}, matching) == "equal"
    assert verdict({"api_secret_code": "one"}, {"api_secret_code": "zwei"}, matching) == "agrees"
    assert verdict({"api_secret_code": "two"}, {"api_secret_code": "eins"}, matching) == "agrees"


@pytest.mark.parametrize(
    ("recorded", "ours", "expected"),
    [
        ("2026-11-22T21:44:05.1Z", "2026-11-22T21:45:00.123456Z", "equal"),
        ("2026-11-22T21:44:05.1Z", "2026-11-22T21:45:00.123456+00:00", "agrees"),
        ("2026-11-22T21:44:05.1Z", "2027-11-22T21:45:00Z", "agrees"),
        ("2026-11-22T21:16:00Z", "2026-11-22T21:44:00Z", "agrees"),
        ("2027-02-20T21:44:25Z", "2027-02-20T21:44:25Z", "equal"),
        ("2027-02-20T21:44:25Z", "2027-02-20T21:44:26Z", "agrees"),
    ],
)
def test_only_moments_of_the_session_may_differ(
    recorded: str, ours: str, expected: str, matching: ValueMatching
) -> None:
    assert verdict(recorded, ours, matching) == expected


@pytest.mark.parametrize(
    ("header", "recorded", "ours", "agrees"),
    [
        ("link", '<http://a/?page=2&x=1>; rel="next"', '<http://b/?x=1&page=2>; rel="next"', True),
        ("link", '<http://a/?page=2>; rel="next"', '<http://a/?page=3>; rel="next"', False),
        ("link", '<http://a/?page=2>; rel="next"', '<http://a/?page=2>; rel="last"', False),
        ("x-result-count", "1", "2", False),
        ("www-authenticate", "Token", "Bearer", False),
        ("location", "http://a/1/", "http://a/2/", True),
        ("content-type", "application/json; charset=utf-8", "application/json;charset=UTF-8", True),
        ("content-type", "application/json", "application/json; charset=utf-8", False),
        ("allow", "GET", "POST", True),
    ],
)
def test_the_headers_that_matter_are_compared(
    header: str, recorded: str, ours: str, agrees: bool, matching: ValueMatching
) -> None:
    found = compare(headed(**{header: recorded}), headed(**{header: ours}), matching)
    assert (not found) == agrees


@pytest.mark.parametrize("header", ["link", "x-result-count", "www-authenticate", "location"])
def test_a_header_that_matters_may_neither_lack_nor_come_unasked(header: str, matching: ValueMatching) -> None:
    link = '<http://a/>; rel="first"'
    assert compare(headed(**{header: link}), headed(), matching)
    assert compare(headed(), headed(**{header: link}), matching)


def test_of_a_page_only_that_it_is_html_counts(matching: ValueMatching) -> None:
    page = {"content-type": "text/html; charset=utf-8"}
    assert not compare(Answer(404, page, "<p>no</p>"), Answer(404, page, "<p>none</p>"), matching)
    assert compare(Answer(404, page, "<p>no</p>"), json_answer({"detail": "no"}, 404), matching)


def test_another_status_does_not_agree(matching: ValueMatching) -> None:
    assert [item.where for item in compare(json_answer({}), json_answer({}, 201), matching)] == ["status"]
