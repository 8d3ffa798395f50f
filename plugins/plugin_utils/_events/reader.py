# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the lists of service providers for an event source, and compare them with what it knows.

A list with the filter ``modified`` is read in windows that overlap, the others as a whole (api-behaviour: polling). Of
what was read, only the differences are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps, uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.pagination import PAGE_SIZE
from ansible_collections.waldur.provider.plugins.module_utils._http.row_checks import FieldType, check_rows
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target, target_of_provider
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import (
    KINDS,
    SERVICE_PROVIDER,
    Difference,
    Kind,
    compare_rows,
    summarize_row,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import Settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import ListKey, State

# The pages of each list are read in parallel already.
_PARALLEL_LISTS = 4
# Keys of accounts that only newer editions have, with the first that does (api-behaviour: editions-2024-keys).
_NEWER_KEYS = {"state": 2025, "user_email": 2025, "runtime_state": 2026}
# "No row has the field": Waldur does not show an attribute of users, or there is a single row.
_ABSENT_FIELD = "fields: no row has"


@dataclass(frozen=True)
class Observation:
    """What one poll rows at the server's time ``now``.

    ``providers`` are the selected service providers that exist: name and customer by UUID. ``differences`` are those of
    the lists that could be read, as a whole where the list was not known; ``errors`` are those of the others.
    ``warnings`` say what the token may not see.
    """

    now: datetime
    providers: Mapping[str, tuple[str, str]]
    differences: Mapping[ListKey, Difference]
    errors: Mapping[ListKey, WaldurError] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class ListReader:
    """Reads the lists that the settings select. Used by one thread at a time."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: dict[ListKey, _Window] = {}
        self._session: Session | None = None
        # When to forget what seldom changes, such as the settings of Waldur.
        self._refresh_at = 0.0

    def observe(self, state: State) -> Observation:
        """Read all lists, and return how they differ from ``state``, to which only ``references`` are added.

        Raises ``WaldurError`` where nothing could be read. Messages and values are redacted.
        """
        session = self._start_session()
        redactor = session.client.redactor
        try:
            observation = self._observe(session, state)
        except WaldurError as error:
            redactor.redact_error(error)
            raise
        for problem in observation.errors.values():
            redactor.redact_error(problem)
        # The list of service providers may come from a cache of the server while the others fail.
        if observation.errors and all(kind == SERVICE_PROVIDER for kind, _provider in observation.differences):
            raise next(iter(observation.errors.values()))
        return observation

    def _start_session(self) -> Session:
        """Return the session of a poll. One client serves all polls; it reads a token again that was rejected."""
        if self._session is None:
            client = Client(self._settings.connection)
            self._session = Session(client.read_only(), References(client))
        session = self._session
        session.warnings.clear()
        if self._clock() >= self._refresh_at:
            session.references.start_run()
            self._refresh_at = self._clock() + self._settings.full_interval
        session.references.provider_list.forget()
        return session

    def _observe(self, session: Session, state: State) -> Observation:
        rows = self._read_providers(session, state)
        # The clock of the last answer: what is changed from now on is in the next window.
        now = session.client.now()
        targets = {target.uuid or "": target for target in self._select_providers(session, state, rows)}
        keys = [(kind, provider) for provider in targets for kind in self._select_kinds(session)]
        differences: dict[ListKey, Difference] = {}
        errors: dict[ListKey, WaldurError] = {}

        def read_one(key: ListKey) -> Difference | WaldurError:
            try:
                return self._read_list(session, state, KINDS[key[0]], targets[key[1]], now)
            except WaldurError as error:
                return error

        with ThreadPoolExecutor(_PARALLEL_LISTS) as pool:
            for key, result in zip(keys, pool.map(read_one, keys), strict=True):
                if isinstance(result, WaldurError):
                    errors[key] = result
                else:
                    differences[key] = result
        providers = {uuid: (target.name, target.customer_uuid) for uuid, target in targets.items()}
        warnings = tuple(text for text in dict.fromkeys(session.warnings) if not text.startswith(_ABSENT_FIELD))
        return Observation(now, providers, differences, errors, warnings)

    def _read_providers(self, session: Session, state: State) -> list[Row]:
        """Return the rows of all service providers; a second time where one of a long list seems to be gone."""
        rows = session.references.provider_list.rows()
        uuids_found = {uuids.normalize(row["uuid"]) for row in rows}
        if max(len(rows), len(state.providers)) > PAGE_SIZE and not uuids_found.issuperset(state.providers):
            session.references.provider_list.forget()
            again = session.references.provider_list.rows()
            known = {uuids.normalize(row["uuid"]) for row in again}
            rows = [*again, *(row for row in rows if uuids.normalize(row["uuid"]) not in known)]
        return rows

    def _select_providers(self, session: Session, state: State, rows: Iterable[Row]) -> list[Target]:
        """Return the selected service providers that exist. A reference that was resolved once keeps its meaning."""
        targets = [target_of_provider(row) for row in rows]
        if self._settings.service_providers is None:
            return targets
        for number, reference in enumerate(self._settings.service_providers):
            if reference not in state.references:
                option = f"service_providers[{number}]"
                target = session.references.resolve_target("service_provider", option, reference)
                state.references[reference] = target.uuid or ""
        selected = set(state.references.values())
        return [target for target in targets if target.uuid in selected]

    def _select_kinds(self, session: Session) -> list[str]:
        """Return the kinds to read: those of the option, or all that this Waldur has."""
        if self._settings.kinds is not None:
            return [name for name in KINDS if name in self._settings.kinds]
        edition = session.references.provider_list.edition()
        return [name for name, kind in KINDS.items() if operation(kind.operation).since <= edition]

    def _read_list(self, session: Session, state: State, kind: Kind, target: Target, now: datetime) -> Difference:
        key = (kind.name, target.uuid or "")
        known = state.rows(key)
        if kind.name == SERVICE_PROVIDER:
            return compare_rows(known or {}, {key[1]: _summarize(session, kind, target.row or {})}, is_complete=True)
        window = self._windows.get(key)
        # A server whose clock was set back stores changes with times before the window.
        is_continued = window is not None and window.start <= now and self._clock() < window.complete_until
        if known is not None and window is not None and is_continued:
            since = timestamps.format_utc(window.start - timedelta(seconds=self._settings.overlap))
            rows = self._read_texts(session, kind, target, modified=since)
            size = len(known.keys() | rows.keys())
            if session.client.count(kind.operation, **_parameters(kind, target)) == size:
                self._windows[key] = _Window(now, window.complete_until)
                return compare_rows(known, rows, is_complete=False)
        # Rows were removed, or the server counts otherwise.
        rows = self._read_complete(session, kind, target, known or {})
        if kind.has_modified:
            self._windows[key] = _Window(now, self._clock() + self._settings.full_interval)
        return compare_rows(known or {}, rows, is_complete=True)

    def _read_complete(self, session: Session, kind: Kind, target: Target, known: Mapping[str, str]) -> dict[str, str]:
        """Return the texts of all rows.

        A row that moves from one page to another while pages are read may be missed without a trace, so a long list in
        which rows are missing is read twice.
        """
        rows = self._read_texts(session, kind, target)
        if max(len(rows), len(known)) > PAGE_SIZE and not rows.keys() >= known.keys():
            rows = {**rows, **self._read_texts(session, kind, target)}
        return rows

    def _read_texts(self, session: Session, kind: Kind, target: Target, **values: Any) -> dict[str, str]:
        edition = session.references.provider_list.edition()
        fields = [key for key in kind.keys if _NEWER_KEYS.get(key, 0) <= edition]
        rows = read(session, kind.operation, target, {"fields": ["uuid", *fields], **values})
        types = {"expiration_time": FieldType.TIMESTAMP.optional} if "expiration_time" in kind.keys else {}
        checked = check_rows(kind.operation, rows, uuid=FieldType.UUID, **types)
        return {uuids.normalize(row["uuid"]) or "": _summarize(session, kind, row) for row in checked}


@dataclass(frozen=True)
class _Window:
    """How far a list was read: changes before ``start`` are known; until ``complete_until`` (by the local clock) it is
    read by its changes."""

    start: datetime
    complete_until: float


def _parameters(kind: Kind, target: Target) -> dict[str, Any]:
    return {operation(kind.operation).provider_parameter: target.customer_uuid}


def _summarize(session: Session, kind: Kind, row: Row) -> str:
    return summarize_row(kind, session.client.redactor.redact_data({key: row[key] for key in kind.keys if key in row}))
