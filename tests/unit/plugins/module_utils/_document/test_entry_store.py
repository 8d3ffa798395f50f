# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries that the hosts of a task share: made once, private, and never the error of an earlier attempt."""

from __future__ import annotations

import os
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from messages import pattern

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    RequestNotSent,
    ServerDefect,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._document import entry_store
from ansible_collections.waldur.provider.plugins.module_utils._document.entry_store import (
    EntryStore,
    StoredEntry,
    share_entries_in,
    shared_folder,
)

ENTRIES = [StoredEntry({"uuid": "a"}, {"entry": {"customer": "A"}}), StoredEntry({"uuid": "b"}, {"entry": 2})]


def never() -> list[StoredEntry]:
    raise AssertionError("the entries were made twice")


def test_entries_are_made_once_and_each_is_read_alone(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    assert EntryStore(str(folder)).summaries(lambda: ENTRIES) == [{"uuid": "a"}, {"uuid": "b"}]
    store = EntryStore(str(folder))
    assert store.summaries(never) == [{"uuid": "a"}, {"uuid": "b"}]
    (folder / "0.json").unlink()
    assert store.read(1) == {"entry": 2}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_other_processes_get_the_error_and_a_further_attempt_tries_again(tmp_path: Path) -> None:
    calls = []

    def fail() -> list[StoredEntry]:
        calls.append(os.getpid())
        raise InvalidInput("providers_path: there is no file or folder x", errors=["e"])

    for expected_calls in (1, 2):
        with pytest.raises(InvalidInput, match=pattern("documents_path_absent")) as caught:
            EntryStore(str(tmp_path)).summaries(fail)
        assert len(calls) == expected_calls
        assert caught.value.details == {"errors": ["e"]}
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(fails_with_the_stored_error, (str(tmp_path),))
    assert EntryStore(str(tmp_path)).summaries(lambda: ENTRIES) == [{"uuid": "a"}, {"uuid": "b"}]


def fails_with_the_stored_error(path: str) -> bool:
    try:
        EntryStore(path).summaries(never)
    except InvalidInput:
        return True
    return False


def test_processes_that_begin_together_make_the_entries_once(tmp_path: Path) -> None:
    with get_context("fork").Pool(4) as pool:
        found = pool.starmap(make_slowly, [(str(tmp_path / "shared"), str(tmp_path / "made"))] * 8)
    assert found == [[{"uuid": "a"}, {"uuid": "b"}]] * 8
    assert (tmp_path / "made").read_text() == "x"


def make_slowly(path: str, log: str) -> list[dict[str, object]]:
    def create() -> list[StoredEntry]:
        with open(log, "a", encoding="utf-8") as file:
            file.write("x")
        return ENTRIES

    return EntryStore(path).summaries(create)


def test_nothing_is_shared_outside_a_task() -> None:
    assert shared_folder() == ""
    with share_entries_in("/tmp/x"):
        assert shared_folder() == "/tmp/x"
    assert shared_folder() == ""


def test_what_one_process_reads_is_shared_with_the_others(tmp_path: Path) -> None:
    folder = str(tmp_path / "shared")
    with pytest.raises(InvalidInput):
        EntryStore(folder).share("roles", fail_to_read)
    assert EntryStore(folder).share("roles", lambda: [{"name": "R"}]) == [{"name": "R"}]
    assert EntryStore(folder).share("roles", fail_to_read) == [{"name": "R"}]


def fail_to_read() -> list[dict[str, str]]:
    raise InvalidInput("Waldur does not respond")


def test_a_process_that_was_killed_while_it_stored_what_it_read_leaves_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_killed(path: str, _content: object) -> None:
        Path(path).write_text('[{"na')
        raise KeyboardInterrupt

    store = EntryStore(str(tmp_path / "shared"))
    monkeypatch.setattr(entry_store, "_write", be_killed)
    with pytest.raises(KeyboardInterrupt):
        store.share("roles", lambda: [{"name": "R"}])
    monkeypatch.undo()
    assert store.share("roles", lambda: [{"name": "R"}]) == [{"name": "R"}]


@pytest.mark.parametrize("name", ["summaries", "share"])
@pytest.mark.parametrize("status", [None, 503])
def test_processes_that_wait_for_one_that_gets_no_answer_fail_with_it(
    tmp_path: Path, name: str, status: int | None
) -> None:
    """In an outage, a hundred hosts would wait for a hundred times the time of one."""
    folder, log = str(tmp_path / "shared"), tmp_path / "tries"
    with get_context("fork").Pool(4) as pool:
        found = pool.starmap(try_slowly, [(folder, str(log), name, status)] * 4, chunksize=1)
    assert found == [(RequestNotSent if status is None else ServerDefect, "Waldur does not respond")] * 4
    assert log.read_text() == "x"
    # A process that begins later tries again.
    assert EntryStore(folder).share("roles", lambda: ["R"]) == ["R"]


def try_slowly(folder: str, log: str, name: str, status: int | None) -> tuple[type, str]:
    def fail() -> Any:
        time.sleep(1)  # the others are waiting by then
        with open(log, "a", encoding="utf-8") as file:
            file.write("x")
        message = "Waldur does not respond"
        raise RequestNotSent(message) if status is None else ServerDefect(message, status)

    store = EntryStore(folder)
    try:
        store.share("roles", fail) if name == "share" else store.summaries(fail)
    except WaldurError as raised:
        return type(raised), raised.message
    raise AssertionError("there is no error")
