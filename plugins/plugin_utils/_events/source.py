# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop of an event source: poll Waldur, hand over an event for each change, and store what was handed over."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RouteMissing,
    Unauthorized,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR
from ansible_collections.waldur.provider.plugins.plugin_utils._events.cursor_file import CursorFile
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS, Difference
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import Settings, parse_settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.reader import ListReader, Observation
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import Change, Event, State

LOGGER = logging.getLogger("waldur.provider.changes")
# So many changes are stored at a time before their events are handed over; that limits the memory of a burst.
BATCH = 500
# With commit_delay, the oldest of more events are taken as handled.
LONGEST_OUTBOX = 10_000
# What does not pass by itself: when the source starts, it is an error, and later it is repeated as an outage is.
_WRONG_SETTINGS = (InvalidInput, Unauthorized, Forbidden, RouteMissing)


class EventQueue(Protocol):
    """The queue of ansible-rulebook."""

    async def put(self, event: Event) -> None:
        """Hand over one event; it waits while the rules are busy."""


class FeedbackQueue(Protocol):
    """The queue by which ansible-rulebook confirms events, if a source has ``feedback: true``."""

    async def get(self) -> Any:
        """Wait for the next confirmation."""


class Reader(Protocol):
    """What finds the changes."""

    def observe(self, state: State) -> Observation:
        """Return what differs from ``state``. Raises ``WaldurError``."""


class Cursor(Protocol):
    """What keeps the state over restarts."""

    def load(self) -> State:
        """Return the state."""

    def save(self, state: State) -> None:
        """Store the state."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other sources away until the end. Raises ``InvalidInput`` where one is running."""


async def run(queue: EventQueue, options: Mapping[str, Any]) -> None:
    """Emit the events of a source with these ``options`` until the task is cancelled.

    Raises ``InvalidInput`` for options that can't be used, and ``WaldurError`` where Waldur refuses the first poll.
    """
    await open_source(queue, options).run()


def open_source(queue: EventQueue, options: Mapping[str, Any]) -> EventSource:
    """Return the source with these ``options``; it has not read anything yet. Raises ``InvalidInput``."""
    if REQUESTS_IMPORT_ERROR:
        raise InvalidInput(
            "The Python library requests is missing: install it into the environment of ansible-rulebook."
        )
    settings = parse_settings(options, os.environ)
    cursor = CursorFile(settings.cursor, settings.owner)
    return EventSource(settings, ListReader(settings), cursor, queue, options.get("eda_feedback_queue"))


class EventSource:
    """One running source."""

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        cursor: Cursor,
        queue: EventQueue,
        feedback: FeedbackQueue | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._cursor = cursor
        self._queue = queue
        self._feedback = feedback
        self._clock = clock
        self._state = State("")
        # When the events at the head of the outbox were handed over.
        self._handed_over: deque[float] = deque()
        self._is_stored = True
        self._has_polled = False
        self._problems: set[str] = set()

    async def run(self) -> None:
        """Poll until the task is cancelled; the interval grows while Waldur can't be read."""
        with self._cursor.lock():
            await self._run_locked()

    async def _run_locked(self) -> None:
        await self.start()
        failures = 0
        while True:
            try:
                await self.poll()
                failures = 0
            except WaldurError as error:
                if isinstance(error, InvalidInput) and error.message.startswith("cursor: "):
                    raise
                if not self._has_polled and isinstance(error, _WRONG_SETTINGS):
                    raise
                failures += 1
                self._report({error.message})
            await asyncio.sleep(min(self._settings.interval * 2 ** min(failures, 20), self._settings.max_interval))

    async def run_once(self) -> None:
        """Poll once. Raises ``WaldurError`` where that is not possible."""
        with self._cursor.lock():
            await self.start()
            await self.poll()

    async def start(self) -> None:
        """Load the state, and hand over again what was not confirmed."""
        self._state = await asyncio.to_thread(self._cursor.load)
        if not self._state.is_started:
            # Its random id must not change once an event has one that is made of it.
            self._is_stored = False
            await self._store()
        await self._hand_over()
        await self._store()

    async def poll(self) -> None:
        """Read Waldur once, and hand over an event for each change. Raises ``WaldurError`` where nothing was read."""
        self._confirm()
        observation = await asyncio.to_thread(self._reader.observe, self._state)
        refused = next((error for error in observation.errors.values() if isinstance(error, _WRONG_SETTINGS)), None)
        if refused is not None and not self._has_polled:
            if isinstance(refused, Forbidden) and self._settings.service_providers is None:
                refused.message += " Set service_providers to those that the token may read."
                refused.args = (refused.message,)
            raise refused
        self._has_polled = True
        self._report({error.message for error in observation.errors.values()} | set(observation.warnings))
        batch = 0
        for change in self._changes(observation):
            self._state.record(change, observation.now)
            self._is_stored = False
            batch += 1
            if batch == BATCH:
                await self._deliver()
                batch = 0
        if not self._state.is_started:
            self._state.is_started = True
            self._is_stored = False
        await self._deliver()
        await self._store()

    def _changes(self, observation: Observation) -> Iterator[Change]:
        """Yield all changes; the state must be advanced by each before the next is taken."""
        state, is_first_run = self._state, not self._state.is_started
        if dict(observation.providers) != {key: state.providers.get(key) for key in observation.providers}:
            self._is_stored = False
        for provider, described in observation.providers.items():
            if provider not in state.providers and not is_first_run:
                for name in KINDS:
                    state.start_list((name, provider))  # all that a new service provider has is new
            state.providers[provider] = described
        for provider in [uuid for uuid in state.providers if uuid not in observation.providers]:
            for key in [key for key in state.lists if key[1] == provider]:
                yield from state.find_changes(key, Difference({}, tuple(state.lists[key].rows)))
            state.forget_provider(provider)
            self._is_stored = False
        for key, difference in observation.differences.items():
            if key not in state.lists:
                state.start_list(key, rows=None if self._settings.is_replayed else difference.present)
                self._is_stored = False
            if difference.present or difference.gone:
                yield from state.find_changes(key, self._without_known(key, difference))
        yield from self._expiring(observation)

    def _without_known(self, key: tuple[str, str], difference: Difference) -> Difference:
        """Return the difference without the rows that the list was started with."""
        rows = self._state.lists[key].rows
        return Difference({u: t for u, t in difference.present.items() if rows.get(u) != t}, difference.gone)

    def _expiring(self, observation: Observation) -> Iterable[Change]:
        if self._settings.expiring_within is None:
            return
        for provider in observation.providers:
            yield from list(self._state.find_expiring(provider, observation.now, self._settings.expiring_within))

    async def _deliver(self) -> None:
        """Store the state with its outbox, and then hand over the events, so that none is lost in between."""
        await self._store()
        await self._hand_over()

    async def _hand_over(self) -> None:
        for event in self._state.outbox[len(self._handed_over) :]:
            # A filter of the rulebook may change it.
            await self._queue.put(copy.deepcopy(event))
            if self._feedback is not None:
                await self._feedback.get()
            self._handed_over.append(self._clock())
        self._confirm()

    def _confirm(self) -> None:
        """Take the events from the outbox that were handed over long enough ago."""
        latest = self._clock() - self._settings.commit_delay
        number = 0
        while self._handed_over and (
            self._handed_over[0] <= latest or len(self._state.outbox) - number > LONGEST_OUTBOX
        ):
            self._handed_over.popleft()
            number += 1
        if number:
            del self._state.outbox[:number]
            self._is_stored = False

    async def _store(self) -> None:
        """Store the state, if it differs from what is stored."""
        if not self._is_stored:
            await asyncio.to_thread(self._cursor.save, self._state)
            self._is_stored = True

    def _report(self, problems: set[str]) -> None:
        """Log each problem once, until it has passed."""
        for text in sorted(problems - self._problems):
            LOGGER.warning("%s", text)
        if self._problems and not problems:
            LOGGER.warning("Waldur can be read again.")
        self._problems = problems
