# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change is delivered at least once, whatever happens: outages, crashes at any moment, and rows read twice."""

from __future__ import annotations

import asyncio
import copy
import json
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS, compare_rows, summarize_row
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import Settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.reader import Observation
from ansible_collections.waldur.provider.plugins.plugin_utils._events.source import EventSource
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import Event, State

NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
PROVIDERS = {"a" * 32: ("Alpha", "c" * 32), "b" * 32: ("Beta", "d" * 32)}
CONNECTION = Connection("https://waldur.example.org", "token-of-staff")
ENDS = (None, "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z")

# The grants of a provider: their ends by number.
Grants = dict[int, "str | None"]
World = dict[str, Grants]
grants = st.dictionaries(st.integers(0, 3), st.sampled_from(ENDS), max_size=4)
worlds = st.dictionaries(st.sampled_from(sorted(PROVIDERS)), grants, max_size=2)
# Of a poll: what Waldur holds, whether it can be read, and after how many steps (storing, handing over) the source is
# killed.
Poll = tuple[World, bool, "int | None"]
polls = st.lists(st.tuples(worlds, st.booleans(), st.none() | st.integers(0, 12)), min_size=1, max_size=8)


class Killed(BaseException):
    """The process ends here."""


class Kill:
    """Ends the source at a step: before or after it is carried out, as both look different on the disk."""

    def __init__(self) -> None:
        self.steps_left: int | None = None

    def step(self) -> None:
        """Count one step."""
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Killed


class Disk:
    """A cursor in memory."""

    def __init__(self, kill: Kill) -> None:
        self.kill = kill
        self.content: State | None = None

    def load(self) -> State:
        return copy.deepcopy(self.content) if self.content is not None else State("0123456789abcdef")

    def save(self, state: State) -> None:
        self.kill.step()
        self.content = copy.deepcopy(state)
        self.kill.step()

    def lock(self) -> AbstractContextManager[None]:
        return nullcontext()


class Queue:
    """Notes the events that were handed over."""

    def __init__(self, kill: Kill) -> None:
        self.kill = kill
        self.events: list[Event] = []

    async def put(self, event: Event) -> None:
        self.kill.step()
        self.events.append(event)
        self.kill.step()


def uuid(number: int) -> str:
    return f"{number:032x}"


class Waldur:
    """Holds a world, and notes the transitions that a source had to see: the differences of successive readings."""

    def __init__(self) -> None:
        self.world: World = {}
        self.is_up = True

    def observe(self, state: State) -> Observation:
        if not self.is_up:
            raise WaldurError("Waldur is down.")
        differences = {}
        for provider, held in self.world.items():
            pairs = list(held.items())
            # Two pages that overlap give a row twice.
            found = {
                uuid(number): summarize_row(KINDS["role"], {"expiration_time": end, "user_uuid": uuid(99)})
                for number, end in [*pairs, *pairs[:1]]
            }
            differences["role", provider] = compare_rows(state.rows(("role", provider)) or {}, found, is_complete=True)
        return Observation(NOW, {provider: PROVIDERS[provider] for provider in self.world}, differences)


def run(polls: list[Poll], *, replay: bool, commit_delay: int = 0) -> tuple[list[Event], Disk]:
    """Return the events of a source that lives through ``polls``, restarted after each crash, and its cursor."""
    kill, waldur = Kill(), Waldur()
    disk, queue = Disk(kill), Queue(kill)
    settings = Settings(CONNECTION, "/cursor", is_replayed=replay, commit_delay=commit_delay)

    async def live() -> None:
        source: EventSource | None = None
        for world, is_up, steps in [*polls, (polls[-1][0], True, None), (polls[-1][0], True, None)]:
            waldur.world, waldur.is_up, kill.steps_left = world, is_up, steps
            try:
                if source is None:
                    starting = EventSource(settings, waldur, disk, queue)
                    await starting.start()
                    source = starting
                await source.poll()
            except Killed:
                source = None
            except WaldurError:
                pass

    asyncio.run(live())
    return queue.events, disk


def apply(known: World, event: Event) -> None:
    """Carry out an event on what a consumer of events knows."""
    provider, number = event["service_provider"]["uuid"], int(event["uuid"], 16)
    held = known.setdefault(provider, {})
    if event["action"] == "revoked":
        held.pop(number, None)
    else:
        held[number] = event["after"]["expiration_time"]


@given(polls)
def test_a_consumer_that_follows_the_events_knows_all_that_waldur_holds(polls: list[Poll]) -> None:
    """Nothing is lost: whoever drops ids that it has seen, and follows the rest, ends where Waldur does."""
    events, _disk = run(polls, replay=True)
    known: World = {}
    seen = set()
    for event in events:
        if event["id"] not in seen:
            seen.add(event["id"])
            apply(known, event)
    assert {key: held for key, held in known.items() if held} == {k: h for k, h in polls[-1][0].items() if h}


@given(polls, st.sampled_from([0, 10_000]))
def test_an_event_that_is_repeated_has_its_id_and_no_other_event_has_it(polls: list[Poll], commit_delay: int) -> None:
    events, _disk = run(polls, replay=True, commit_delay=commit_delay)
    by_id: dict[str, Any] = {}
    for event in events:
        assert by_id.setdefault(event["id"], event) == event
    # Without a crash, nothing is repeated.
    if all(steps is None for _world, _up, steps in polls):
        assert len(by_id) == len(events)


@given(st.lists(worlds, min_size=2, max_size=8))
def test_each_difference_of_two_readings_is_one_event(seen: list[World]) -> None:
    events, _disk = run([(world, True, None) for world in seen], replay=False)
    expected = []
    for old, new in pairwise(seen):
        for provider in sorted({*old, *new}):
            before, after = old.get(provider, {}), new.get(provider, {})
            for number in sorted({*before, *after}):
                if number not in after:
                    expected.append(("revoked", provider, number))
                elif number not in before:
                    expected.append(("granted", provider, number))
                elif before[number] != after[number]:
                    expected.append(("changed", provider, number))
    found = [(event["action"], event["service_provider"]["uuid"], int(event["uuid"], 16)) for event in events]
    assert sorted(found) == sorted(expected)
    assert len({event["id"] for event in events}) == len(events)


@given(polls)
def test_the_outbox_is_empty_once_all_is_confirmed(polls: list[Poll]) -> None:
    _events, disk = run(polls, replay=True)
    assert disk.content is not None
    assert disk.content.outbox == []


@given(polls)
def test_a_role_that_ends_soon_is_announced_once_for_each_end_unless_the_source_crashed(polls: list[Poll]) -> None:
    state = State("0123456789abcdef")
    state.providers.update(PROVIDERS)
    announced = []
    for world, _up, _steps in polls:
        for provider, held in world.items():
            key = ("role", provider)
            if key not in state.lists:
                state.start_list(key)
            rows = {uuid(number): json.dumps({"expiration_time": end}) for number, end in held.items()}
            for change in state.find_changes(key, compare_rows(state.lists[key].rows, rows, is_complete=True)):
                state.record(change, NOW)
            for change in list(state.find_expiring(provider, NOW, timedelta(days=40))):
                state.record(change, NOW)
                announced.append((provider, change.uuid, json.loads(change.after or "")["expiration_time"]))
            # Once more makes none.
            assert list(state.find_expiring(provider, NOW, timedelta(days=40))) == []
    assert {end for _provider, _uuid, end in announced} <= {ENDS[1]}
