# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of rows, and what events look like."""

from __future__ import annotations

import json
import tracemalloc
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS, compare_rows, summarize_row
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import Event, State, disarm_templates

PROVIDER, GRANT, USER, OFFERING = "a" * 32, "b" * 32, "c" * 32, "e" * 32
NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
GRANT_ROW = {
    "uuid": GRANT,
    "created": "2026-01-01T00:00:00Z",
    "user_uuid": USER,
    "user_username": "alice",
    "user_full_name": "Alice",
    "user_email": "alice@example.org",
    "role_uuid": "d" * 32,
    "role_name": "CUSTOMER.MANAGER",
    "expiration_time": "2027-06-30T14:00:00+02:00",
}


def events_of(kind: str, uuid: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Event]:
    """Return the events of one row that changes."""
    state = State("0f" * 16)
    state.providers[PROVIDER] = ("Acme", "f" * 32)
    key = (kind, PROVIDER)
    state.start_list(key, rows={} if before is None else {uuid: summarize_row(KINDS[kind], before)})
    found = {} if after is None else {uuid: summarize_row(KINDS[kind], after)}
    for change in list(state.find_changes(key, compare_rows(state.lists[key].rows, found, is_complete=True))):
        state.record(change, NOW)
    assert state.lists[key].rows == found
    return state.outbox


def test_a_granted_role_has_all_that_the_documentation_names() -> None:
    (event,) = events_of("role", GRANT, None, GRANT_ROW)
    assert len(event.pop("id")) == 32
    assert event == {
        "time": "2027-01-01T12:00:00Z",
        "kind": "role",
        "action": "granted",
        "service_provider": {"name": "Acme", "uuid": PROVIDER, "customer_uuid": "f" * 32},
        "uuid": GRANT,
        "user": {"uuid": USER, "username": "alice", "full_name": "Alice", "email": "alice@example.org"},
        "role": "CUSTOMER.MANAGER",
        "offering": None,
        "expiration_time": "2027-06-30T12:00:00Z",
        "before": None,
        "after": {"expiration_time": "2027-06-30T12:00:00Z"},
    }


def test_a_revoked_role_says_whose_it_was() -> None:
    (event,) = events_of("role", GRANT, GRANT_ROW, None)
    assert (event["action"], event["user"]["username"], event["role"]) == ("revoked", "alice", "CUSTOMER.MANAGER")
    assert (event["before"], event["after"]) == ({"expiration_time": "2027-06-30T12:00:00Z"}, None)


def test_a_changed_expiry_shows_both() -> None:
    (event,) = events_of("role", GRANT, GRANT_ROW, {**GRANT_ROW, "expiration_time": None})
    assert event["action"] == "changed"
    assert (event["before"], event["after"]) == (
        {"expiration_time": "2027-06-30T12:00:00Z"},
        {"expiration_time": None},
    )


@pytest.mark.parametrize(
    "change",
    [
        {"expiration_time": "2027-06-30T12:00:00Z"},  # the same time in another zone
        {"user_email": "other@example.org"},
        {"user_image": "https://example.org/1.png"},
    ],
)
def test_what_says_nothing_about_the_role_is_no_event(change: dict[str, Any]) -> None:
    assert events_of("role", GRANT, GRANT_ROW, {**GRANT_ROW, **change}) == []


def test_only_what_differs_of_an_account_is_shown() -> None:
    row = {"user_uuid": USER, "offering_uuid": OFFERING, "offering_name": "VM", "username": "a", "state": "OK"}
    (event,) = events_of("account", GRANT, row, {**row, "username": "b"})
    assert (event["before"], event["after"]) == ({"username": "a"}, {"username": "b"})
    assert event["offering"] == {"uuid": OFFERING, "name": "VM"}
    (event,) = events_of("account", GRANT, row, None)
    assert (event["action"], event["before"]) == ("removed", {"username": "a", "state": "OK"})


def test_a_long_value_is_kept_as_its_digest() -> None:
    row = {"customer_name": "Acme", "description": "x" * 10_000, "image": "https://w/media/a.png?signature=1"}
    text = summarize_row(KINDS["service_provider"], row)
    kept = json.loads(text)
    assert len(text) < 200
    assert kept["description"].startswith("sha256:")
    assert kept["image"] == "/media/a.png"
    (event,) = events_of("service_provider", PROVIDER, row, {**row, "description": "y" * 10_000})
    assert event["before"]["description"] != event["after"]["description"]


def test_no_row_takes_more_than_two_kilobytes_whatever_the_server_sends() -> None:
    for kind in KINDS.values():
        row = {key: "ä" * 100_000 for key in kind.keys if key != "expiration_time"}
        assert len(summarize_row(kind, row).encode()) < 2000


def test_ten_thousand_rows_take_less_than_a_kilobyte_each() -> None:
    tracemalloc.start()
    rows = {
        f"{number:032x}": summarize_row(KINDS["role"], {**GRANT_ROW, "user_username": f"user{number}"})
        for number in range(10_000)
    }
    used, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 1000 * len(rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ lookup('pipe', 'id') }}", "{ { lookup('pipe', 'id') }}"),
        ("{% raw %}", "{ % raw %}"),
        ("{# comment", "{ # comment"),
        ("{{{", "{ { { "),
        ("x {", "x { "),
        ("{a} {}", "{a} {}"),
    ],
)
def test_no_text_of_the_server_can_be_evaluated_as_a_template(text: str, expected: str) -> None:
    """ansible-rulebook hands events on as extra variables, in which Ansible evaluates templates."""
    assert disarm_templates(text) == expected
    assert disarm_templates({text: [text, None, 1]}) == {expected: [expected, None, 1]}
    (event,) = events_of("role", GRANT, None, {**GRANT_ROW, "user_full_name": text, "role_name": text})
    assert event["user"]["full_name"] == event["role"] == expected
