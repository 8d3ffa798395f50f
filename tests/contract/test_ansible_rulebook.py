# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source in the real ansible-rulebook: ten thousand rows, a crash, an outage and duplicate rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator_process import Simulator

from .rulebooks import Rulebook

ROWS = 10_000
RULEBOOK = """\
---
- name: Print the events
  hosts: localhost
  sources:
    - waldur.provider.changes:
        cursor: "{{ waldur_cursor }}"
        kinds: [role]
        first_run: replay
        interval: 1
        max_interval: 1
        retries: 0
        commit_delay: 5
  rules:
    - name: Print the event
      condition: event.kind == "role"
      action:
        debug:
          msg: "EVENT {{ event.id }} {{ event.action }} {{ event.uuid }}"
"""
LINE = re.compile(r"EVENT (?P<id>[0-9a-f]{32}) (?P<action>\w+) (?P<uuid>[0-9a-f]{32})")


def read_events(printed: str) -> list[dict[str, str]]:
    """Return the id, the action and the object of the events that were printed; a line that the crash cut is none."""
    return [match.groupdict() for match in LINE.finditer(printed)]


@pytest.fixture
def large() -> Iterator[Simulator]:
    with Simulator.start(generate={"users": 1000, "grants": 1000, "providers": 10}) as simulator:
        yield simulator


def test_no_event_of_ten_thousand_rows_is_lost_by_a_crash_an_outage_and_duplicate_rows(
    large: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "rulebook.yml").write_text(RULEBOOK)
    # A page that begins with the last row of the page before: the list is read again.
    large.fault(path="*/list_users/*", repeat_row=True)
    environment = {"WALDUR_API_URL": large.url, "WALDUR_ACCESS_TOKEN": large.token("staff")}
    variables = {"waldur_cursor": str(tmp_path / "state" / "cursor.json")}
    with Rulebook(tmp_path / "run", str(tmp_path / "rulebook.yml"), variables, environment) as rulebook:
        rulebook.until(lambda: rulebook.printed.count(" granted ") > ROWS // 3)
        rulebook.kill()
        before = {event["uuid"]: event["id"] for event in read_events(rulebook.printed)}
        assert ROWS // 3 < len(before) < ROWS
        # Waldur is down when it starts again, and a role is revoked meanwhile.
        large.fault(path="/api/*", status=503, times=3)
        (revoked,) = large.change("Grant", {"uuid": next(iter(before))}, {"is_active": False})
        rulebook.start()
        rulebook.until(lambda: " revoked " in rulebook.printed)
        rulebook.until(lambda: len(set(re.findall(r" granted (\w{32})", rulebook.printed))) == ROWS)
    events = read_events(rulebook.printed)
    ids = defaultdict(set)
    for event in events:
        ids[event["uuid"], event["action"]].add(event["id"])
    granted = {uuid for uuid, action in ids if action == "granted"}
    assert len(granted) == ROWS
    assert [key for key in ids if key[1] == "revoked"] == [(revoked, "revoked")]
    # What was emitted twice, as the crash came before it was confirmed, has the same id, and no others have.
    assert [key for key, found in ids.items() if len(found) != 1] == []
    assert len(set.union(*ids.values())) == len(ids) == ROWS + 1
    assert len(events) > len(ids)
    assert [rule["fired"] for rule in large.faults()] == [1, 3]
