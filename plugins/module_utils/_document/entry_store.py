# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the entries of documents as single files during a run, so that each host of a fleet reads only its own.

Ansible runs each host in a process of its own, so that what one of them has read is not known to the others. The first
one reads all documents and writes a file for each entry; the others wait for it. The folder is private to the run, and
is removed at its end by Ansible.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from .._common.errors import InvalidInput, RequestNotSent, ServerDefect

_INDEX = "index.json"
_LOCK = "lock"
_FAILURE = "failure.json"
T = TypeVar("T")
# The stores that this process has used: a repeated task (until) must not get the error of its last attempt.
_USED: set[str] = set()

os.register_at_fork(after_in_child=_USED.clear)

_FOLDER: ContextVar[str] = ContextVar("shared_folder", default="")


@contextlib.contextmanager
def share_entries_in(folder: str) -> Iterator[None]:
    """Let the hosts of a task share entries in ``folder``, which is made where it is needed."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def shared_folder() -> str:
    """Return the folder for what the hosts of a task share (see ``share_entries_in``), empty if there is none."""
    return _FOLDER.get()


@dataclass(frozen=True)
class StoredEntry:
    """An entry to be stored: ``summary`` is what all hosts read of it, ``content`` what its own host reads (JSON)."""

    summary: Mapping[str, Any]
    content: Mapping[str, Any]


class EntryStore:
    """The entries in the folder ``path``, which one process makes and others read."""

    def __init__(self, path: str) -> None:
        self._path = path

    def summaries(self, create: Callable[[], Sequence[StoredEntry]]) -> list[dict[str, Any]]:
        """Return the summaries of all entries. If there are none yet, they are made by ``create``.

        An ``InvalidInput`` of ``create`` is stored too, as it would be the same for all hosts; see ``share`` for other
        errors.
        """
        is_repeated = self._path in _USED
        _USED.add(self._path)
        index = self._read_index()
        if index is None or (is_repeated and "message" in index):
            with self._locked() as reporting:
                index = None if is_repeated else self._read_index()
                if index is None:
                    with reporting:
                        index = self._create(create)
        if "message" in index:
            raise InvalidInput(index["message"], **index["details"])
        entries: list[dict[str, Any]] = index["entries"]
        return entries

    def read(self, number: int) -> dict[str, Any]:
        """Return the content of the entry at that position."""
        with open(self._file(number), encoding="utf-8") as file:
            entry: dict[str, Any] = json.load(file)
        return entry

    def share(self, name: str, read: Callable[[], T]) -> T:
        """Return what the first process that asked for ``name`` read (JSON).

        An error of ``read`` is not kept, so that later processes try again. Where Waldur did not answer, those that are
        waiting for this process get its error: in an outage, each of them would wait for as long as this one did.
        """
        path = os.path.join(self._path, f"{name}.json")
        with self._locked() as reporting:
            shared: T | None = _read(path)
            if shared is None:
                with reporting:
                    shared = read()
                _replace(path, shared)
            return shared

    def _create(self, create: Callable[[], Sequence[StoredEntry]]) -> dict[str, Any]:
        index: dict[str, Any]
        try:
            entries = create()
        except InvalidInput as error:
            index = {"message": error.message, "details": error.details}
        else:
            for number, entry in enumerate(entries):
                _write(self._file(number), entry.content)
            index = {"entries": [dict(entry.summary) for entry in entries]}
        # Last: what reads it without the lock finds all entries.
        _replace(os.path.join(self._path, _INDEX), index)
        return index

    def _read_index(self) -> dict[str, Any] | None:
        index: dict[str, Any] | None = _read(os.path.join(self._path, _INDEX))
        return index

    def _file(self, number: int) -> str:
        return os.path.join(self._path, f"{number}.json")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[contextlib.AbstractContextManager[None]]:
        """Make the folder, and keep other processes out until the end.

        Yield a context for requests: a process that waited while they failed raises their error there.
        """
        since = time.monotonic()
        os.makedirs(self._path, mode=0o700, exist_ok=True)
        with open(os.path.join(self._path, _LOCK), "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield self._sharing_failure(since)

    @contextlib.contextmanager
    def _sharing_failure(self, since: float) -> Iterator[None]:
        path = os.path.join(self._path, _FAILURE)
        failure = _read(path)
        if failure and failure["time"] >= since:
            message, status = failure["message"], failure["status"]
            raise RequestNotSent(message) if status is None else ServerDefect(message, status)
        try:
            yield
        except (RequestNotSent, ServerDefect) as error:
            status = error.status if isinstance(error, ServerDefect) else None
            _replace(path, {"time": time.monotonic(), "message": error.message, "status": status})
            raise


def _read(path: str) -> Any:
    """Return the content of a file; None if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def _write(path: str, content: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(content))  # several times as fast as json.dump, which writes piece by piece


def _replace(path: str, content: Any) -> None:
    """Write a file as a whole, so that a process that is killed meanwhile leaves none."""
    _write(f"{path}.part", content)
    os.replace(f"{path}.part", path)
