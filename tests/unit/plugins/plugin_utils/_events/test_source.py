# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of the event source: what it does after errors, how it waits, and when it takes an event as handled."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RequestNotSent,
    RouteMissing,
    Unauthorized,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._events import source as source_module
from ansible_collections.waldur.provider.plugins.plugin_utils._events.cursor_file import CursorFile
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import (
    KINDS,
    Difference,
    compare_rows,
    summarize_row,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import Settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.reader import Observation
from ansible_collections.waldur.provider.plugins.plugin_utils._events.source import EventSource, run
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import Event, ListKey, State

PROVIDER = "a" * 32
KEY = ("role", PROVIDER)
NOW = datetime(2027, 1, 1, tzinfo=timezone.utc)
CONNECTION = Connection("https://waldur.example.org", "token-of-staff")


class Stop(Exception):
    """The test has seen enough."""


class Script:
    """A reader that gives one observation or error after the other, and then ends the source."""

    def __init__(self, *answers: Observation | WaldurError) -> None:
        self.answers = list(answers)

    def observe(self, state: State) -> Observation:
        if not self.answers:
            raise Stop
        answer = self.answers.pop(0)
        if isinstance(answer, WaldurError):
            raise answer
        return answer


class Disk:
    def __init__(self) -> None:
        self.saved: list[State] = []

    def load(self) -> State:
        return copy.deepcopy(self.saved[-1]) if self.saved else State("0f" * 16)

    def save(self, state: State) -> None:
        self.saved.append(copy.deepcopy(state))

    def lock(self) -> AbstractContextManager[None]:
        return nullcontext()


class Queue:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def put(self, event: Event) -> None:
        self.events.append(event)


def seen(
    *numbers: int, errors: Mapping[ListKey, WaldurError] | None = None, warnings: tuple[str, ...] = ()
) -> Observation:
    """Return an observation in which these grants are new."""
    rows = {f"{number:032x}": "{}" for number in numbers}
    differences = {} if errors and KEY in errors else {KEY: Difference(rows)}
    return Observation(NOW, {PROVIDER: ("Acme", "c" * 32)}, differences, errors or {}, warnings)


def settings(**options: Any) -> Settings:
    return Settings(CONNECTION, "/cursor", is_replayed=True, interval=10, max_interval=60, **options)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the source waits between two polls."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


def live(source: EventSource, error: type[Exception] = Stop) -> None:
    with pytest.raises(error):
        asyncio.run(source.run())


def test_the_interval_doubles_during_an_outage_and_is_the_old_one_after_it(waits: list[float]) -> None:
    down = [RequestNotSent("Waldur is down.") for _number in range(5)]
    live(EventSource(settings(), Script(seen(), *down, seen(1)), Disk(), Queue()))
    assert waits == [10, 20, 40, 60, 60, 60, 10]


def test_an_outage_at_the_start_is_waited_for(waits: list[float]) -> None:
    queue = Queue()
    live(EventSource(settings(), Script(RequestNotSent("Waldur is down."), seen(1)), Disk(), queue))
    assert waits == [20, 10]
    assert len(queue.events) == 1


@pytest.mark.parametrize(
    "error",
    [InvalidInput("wrong"), Unauthorized("wrong", 401), Forbidden("wrong", 403), RouteMissing("wrong", 404)],
    ids=lambda error: type(error).__name__,
)
def test_a_setting_that_is_wrong_at_the_start_ends_the_source_and_later_does_not(
    error: WaldurError, waits: list[float]
) -> None:
    live(EventSource(settings(), Script(error), Disk(), Queue()), type(error))
    assert waits == []
    live(EventSource(settings(), Script(seen(), error, seen()), Disk(), Queue()))
    assert waits == [10, 20, 10]


def test_one_list_that_is_refused_at_the_start_ends_the_source_and_later_does_not_stop_the_others(
    waits: list[float],
) -> None:
    errors: dict[ListKey, WaldurError] = {("account", PROVIDER): Forbidden("refused", 403)}
    with pytest.raises(Forbidden) as caught:
        asyncio.run(EventSource(settings(), Script(seen(1, errors=errors)), Disk(), Queue()).run())
    assert caught.value.message == message("refused_without_providers", cause="refused")
    queue = Queue()
    live(EventSource(settings(), Script(seen(), seen(1, errors=errors)), Disk(), queue))
    assert len(queue.events) == 1
    assert waits == [10, 10]


def test_a_cursor_that_can_not_be_written_ends_the_source_with_no_event(waits: list[float]) -> None:
    class Full(Disk):
        def save(self, state: State) -> None:
            if state.outbox:
                raise InvalidInput(message("cursor_not_written", path="/cursor", reason="full"))

    queue = Queue()
    live(EventSource(settings(), Script(seen(), seen(1)), Full(), queue), InvalidInput)
    assert queue.events == []


def test_each_problem_is_logged_once_and_its_end_too(waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    down = [RequestNotSent("Waldur is down.") for _number in range(3)]
    with caplog.at_level(logging.INFO, logger="waldur.provider.changes"):
        live(EventSource(settings(), Script(seen(warnings=("hidden",)), *down, seen(), seen()), Disk(), Queue()))
    assert [record.message for record in caplog.records] == ["hidden", "Waldur is down.", message("readable_again")]


def observed(lists: Mapping[ListKey, Mapping[str, str]], known: State) -> Observation:
    """Return an observation of these lists, complete, of the providers that they name."""
    differences = {key: compare_rows(known.rows(key) or {}, rows, is_complete=True) for key, rows in lists.items()}
    return Observation(NOW, {provider: ("Acme", "c" * 32) for _kind, provider in lists}, differences)


class Worlds:
    """A reader of one world after the other: the rows of all lists."""

    def __init__(self, *worlds: Mapping[ListKey, Mapping[str, str]]) -> None:
        self.worlds = list(worlds)

    def observe(self, state: State) -> Observation:
        if not self.worlds:
            raise Stop
        return observed(self.worlds.pop(0), state)


def grant(expiry: str | None = None) -> str:
    return summarize_row(KINDS["role"], {"user_uuid": "e" * 32, "expiration_time": expiry})


def actions(queue: Queue) -> list[tuple[str, str, str]]:
    return [(event["kind"], event["action"], event["service_provider"]["uuid"][0]) for event in queue.events]


def test_what_a_new_service_provider_has_is_new_and_what_a_removed_one_had_is_gone(waits: list[float]) -> None:
    other = "b" * 32
    first: dict[ListKey, dict[str, str]] = {("service_provider", PROVIDER): {PROVIDER: "{}"}, KEY: {"1" * 32: grant()}}
    second = {**first, ("service_provider", other): {other: "{}"}, ("role", other): {"2" * 32: grant()}}
    queue = Queue()
    live(EventSource(replace(settings(), is_replayed=False), Worlds(first, second, first), Disk(), queue))
    assert actions(queue) == [
        ("service_provider", "created", "b"),
        ("role", "granted", "b"),
        ("service_provider", "removed", "b"),
        ("role", "revoked", "b"),
    ]


def test_a_role_that_ends_soon_is_announced_at_the_first_run_and_once_for_each_expiry(waits: list[float]) -> None:
    soon, sooner, later = "2027-01-10T00:00:00Z", "2027-01-09T00:00:00Z", "2027-02-10T00:00:00Z"
    worlds = [{KEY: {"1" * 32: grant(end)}} for end in (soon, soon, later, soon, sooner)]
    silent = replace(settings(expiring_within=timedelta(days=14)), is_replayed=False)
    disk, queue = Disk(), Queue()
    live(EventSource(silent, Worlds(*worlds[:2]), disk, queue))
    live(EventSource(silent, Worlds(*worlds[1:]), disk, queue))
    assert [(event["action"], event["expiration_time"]) for event in queue.events] == [
        ("expiring", soon),
        ("changed", later),
        ("changed", soon),
        ("changed", sooner),
        ("expiring", sooner),
    ]


def test_the_state_is_stored_with_an_event_before_it_is_handed_over(waits: list[float]) -> None:
    disk = Disk()

    class Watching(Queue):
        async def put(self, event: Event) -> None:
            assert [stored["id"] for stored in disk.saved[-1].outbox] == [event["id"]]
            await super().put(event)

    queue = Watching()
    live(EventSource(settings(), Script(seen(1)), disk, queue))
    assert len(queue.events) == 1
    assert disk.saved[-1].outbox == []


def test_a_poll_that_finds_nothing_writes_nothing(waits: list[float]) -> None:
    disk = Disk()
    live(EventSource(settings(), Script(seen(1), *[seen() for _number in range(5)]), disk, Queue()))
    count = len(disk.saved)
    live(EventSource(settings(), Script(seen()), disk, Queue()))
    assert len(disk.saved) == count == 3


def test_events_are_emitted_again_until_the_commit_delay_is_over(waits: list[float]) -> None:
    disk, clock = Disk(), [0.0]

    def start(*answers: Observation) -> list[Event]:
        queue = Queue()
        live(EventSource(settings(commit_delay=30), Script(*answers), disk, queue, clock=lambda: clock[0]))
        return queue.events

    (first,) = start(seen(1))
    assert start() == [first]
    queue = Queue()
    source = EventSource(settings(commit_delay=30), Script(seen()), disk, queue, clock=lambda: clock[0])

    async def later() -> None:
        await source.start()
        clock[0] = 31
        await source.poll()

    asyncio.run(later())
    assert queue.events == [first]
    assert start() == []


def test_an_event_is_confirmed_by_the_feedback_of_the_rules() -> None:
    disk, queue = Disk(), Queue()

    class Feedback:
        async def get(self) -> Any:
            assert disk.saved[-1].outbox
            raise Stop

    live(EventSource(settings(), Script(seen(1, 2)), disk, queue, Feedback()))
    assert len(queue.events) == 1
    assert len(disk.saved[-1].outbox) == 2


def test_the_outbox_of_a_burst_is_limited(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "BATCH", 10)
    monkeypatch.setattr(source_module, "LONGEST_OUTBOX", 25)
    disk, queue = Disk(), Queue()
    live(EventSource(settings(commit_delay=30), Script(seen(*range(100))), disk, queue))
    assert len({event["id"] for event in queue.events}) == 100
    assert max(len(state.outbox) for state in disk.saved) == 35
    disk, queue = Disk(), Queue()
    live(EventSource(settings(), Script(seen(*range(100))), disk, queue))
    assert len({event["id"] for event in queue.events}) == 100
    assert max(len(state.outbox) for state in disk.saved) == 10


def test_a_filter_of_the_rulebook_changes_no_stored_event(waits: list[float]) -> None:
    class Filtering(Queue):
        async def put(self, event: Event) -> None:
            await super().put(copy.deepcopy(event))
            event["service_provider"]["name"] = "changed"

    disk = Disk()
    live(EventSource(settings(commit_delay=30), Script(seen(1)), disk, Filtering()))
    assert disk.saved[-1].outbox[0]["service_provider"]["name"] == "Acme"


def test_without_requests_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "REQUESTS_IMPORT_ERROR", "no module")
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(run(Queue(), {}))
    assert caught.value.message == message("requests_missing_for_rulebooks")


@pytest.mark.parametrize("once", [False, True])
def test_a_source_on_the_cursor_of_a_running_one_reads_and_emits_nothing(tmp_path: Path, once: bool) -> None:
    cursor = CursorFile(str(tmp_path / "cursor.json"), settings().owner)
    queue = Queue()

    def start() -> None:
        source = EventSource(settings(), Script(seen(1), seen(1)), cursor, queue)
        asyncio.run(source.run_once() if once else source.run())

    with cursor.lock(), pytest.raises(InvalidInput) as caught:
        start()
    assert caught.value.message == message("cursor_in_use", path=cursor.path)
    assert queue.events == []
    assert not os.path.exists(cursor.path)


def test_a_source_that_was_cancelled_leaves_its_cursor_to_the_next(tmp_path: Path) -> None:
    cursor = CursorFile(str(tmp_path / "cursor.json"), settings().owner)

    async def cancel() -> None:
        task = asyncio.create_task(EventSource(settings(), Script(seen(1)), cursor, Queue()).run())
        while not cursor.load().is_started:
            await asyncio.sleep(0.01)
        with pytest.raises(InvalidInput), cursor.lock():
            raise AssertionError("two sources have the lock")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    with cursor.lock():
        pass
