# SPDX-License-Identifier: GPL-3.0-or-later
"""The cursor file: private, replaced as a whole, and of one source only."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from messages import message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._events.cursor_file import VERSION, CursorFile, Owner
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import KnownList, State

OWNER = Owner("https://waldur.example.org", ("ACME",), None)
STATE = State(
    "0f" * 16,
    7,
    True,
    {"ACME": "a" * 32},
    {"a" * 32: ("Acme", "c" * 32)},
    {("role", "a" * 32): KnownList({"b" * 32: '{"expiration_time":null}'}, {"b" * 32: "2027-01-01T00:00:00Z"})},
    [{"id": "d" * 32, "kind": "role"}],
)


@pytest.fixture
def cursor(tmp_path: Path) -> CursorFile:
    return CursorFile(str(tmp_path / "new" / "cursor.json"), OWNER)


def test_what_was_saved_is_loaded(cursor: CursorFile) -> None:
    cursor.save(STATE)
    assert cursor.load() == STATE


def test_a_new_source_has_a_random_id(cursor: CursorFile) -> None:
    first, second = cursor.load(), cursor.load()
    assert first.source_id != second.source_id
    assert not first.is_started
    assert not os.path.exists(cursor.path)


def test_only_its_owner_may_read_the_file_and_the_folder(cursor: CursorFile) -> None:
    mask = os.umask(0)
    try:
        cursor.save(STATE)
        cursor.save(STATE)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(os.stat(cursor.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(cursor.path)).st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    cursor: CursorFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor.save(STATE)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InvalidInput) as caught:
        cursor.save(State("other"))
    assert caught.value.message == message("cursor_not_written", path=cursor.path, reason="No space left on device")
    assert cursor.load() == STATE
    assert os.listdir(os.path.dirname(cursor.path)) == ["cursor.json"]


@pytest.mark.parametrize(
    "owner",
    [
        Owner("https://other.example.org", ("ACME",), None),
        Owner("https://waldur.example.org", ("ACME", "Beta"), None),
        Owner("https://waldur.example.org", None, None),
        Owner("https://waldur.example.org", ("ACME",), ("role",)),
    ],
)
def test_a_cursor_of_another_source_is_an_error(cursor: CursorFile, owner: Owner) -> None:
    cursor.save(STATE)
    shown = "api_url: https://waldur.example.org, service_providers: ['ACME'], kinds: all"
    with pytest.raises(InvalidInput) as caught:
        CursorFile(cursor.path, owner).load()
    assert caught.value.message == message("cursor_of_another_source", path=cursor.path, owner=shown)


def test_the_order_of_providers_and_kinds_makes_no_other_source(cursor: CursorFile) -> None:
    CursorFile(cursor.path, Owner("https://w", ("A", "B"), ("role", "account"))).save(STATE)
    assert CursorFile(cursor.path, Owner("https://w", ("B", "A"), ("account", "role"))).load() == STATE


def test_a_cursor_of_a_newer_release_is_an_error(cursor: CursorFile) -> None:
    cursor.save(STATE)
    change(cursor, version=2)
    with pytest.raises(InvalidInput) as caught:
        cursor.load()
    remedy = message("cursor_remedy")
    expected = message("cursor_version", path=cursor.path, version=2, known=VERSION, remedy=remedy)
    assert caught.value.message == expected


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"format": "waldur.provider.changes"}'])
def test_a_file_that_is_no_cursor_is_one_error_that_says_what_to_do(cursor: CursorFile, content: bytes) -> None:
    cursor.save(STATE)
    Path(cursor.path).write_bytes(content)
    with pytest.raises(InvalidInput, match=prefix("cursor_invalid", path=cursor.path, remedy=message("cursor_remedy"))):
        cursor.load()


def test_a_cursor_that_was_cut_at_any_place_is_an_error(cursor: CursorFile) -> None:
    cursor.save(STATE)
    content = Path(cursor.path).read_bytes()
    for length in range(len(content)):
        Path(cursor.path).write_bytes(content[:length])
        with pytest.raises(InvalidInput, match=prefix("cursor_invalid", path=cursor.path)):
            cursor.load()


@pytest.mark.parametrize(
    "changes",
    [
        {"source_id": 1},
        {"sequence": "7"},
        {"is_started": None},
        {"references": []},
        {"providers": {"a": ["one"]}},
        {"lists": {}},
        {"lists": [{"kind": "other", "provider": "a", "rows": {}, "announced": {}}]},
        {"lists": [{"kind": "role", "provider": "a", "rows": {"b": "[]"}, "announced": {}}]},
        {"lists": [{"kind": "role", "provider": "a", "rows": {"b": "no JSON"}, "announced": {}}]},
        {"lists": [{"kind": "role", "provider": "a", "rows": {"b": '{"expiration_time":"soon"}'}, "announced": {}}]},
        {"lists": [{"kind": "role", "provider": "a", "rows": {"b": "{}"}}]},
        {"outbox": [{"kind": "role"}]},
    ],
)
def test_a_cursor_with_a_value_of_another_form_is_an_error(cursor: CursorFile, changes: dict[str, Any]) -> None:
    cursor.save(STATE)
    change(cursor, **changes)
    with pytest.raises(InvalidInput, match=prefix("cursor_invalid", path=cursor.path)):
        cursor.load()


def change(cursor: CursorFile, **values: Any) -> None:
    path = Path(cursor.path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_first_start_that_failed_does_not_bind_the_cursor_to_its_options(cursor: CursorFile) -> None:
    misspelt = CursorFile(cursor.path, Owner("https://waldur.example.org", ("AMCE",), None))
    misspelt.save(State("0f" * 16))
    assert not cursor.load().is_started
    cursor.save(STATE)
    assert cursor.load() == STATE


def test_a_row_that_is_nested_too_deeply_is_an_error(cursor: CursorFile) -> None:
    known = KnownList({"b" * 32: "[" * 200_000}, {})
    cursor.save(State("0f" * 16, 7, True, {}, {}, {("role", "a" * 32): known}, []))
    with pytest.raises(InvalidInput, match=r"^cursor: "):
        cursor.load()


# --- two sources on one cursor ---------------------------------------------------------------------------------------


def test_a_second_source_on_a_running_cursor_is_refused(cursor: CursorFile) -> None:
    with cursor.lock():
        with pytest.raises(InvalidInput) as caught, CursorFile(cursor.path, OWNER).lock():
            raise AssertionError("two sources have the lock")
        assert caught.value.message == message("cursor_in_use", path=cursor.path)
    with CursorFile(cursor.path, OWNER).lock():
        assert stat.S_IMODE(os.stat(f"{cursor.path}.lock").st_mode) == 0o600
        assert stat.S_IMODE(os.stat(os.path.dirname(cursor.path)).st_mode) == 0o700


def test_saving_keeps_the_lock(cursor: CursorFile) -> None:
    with cursor.lock():
        cursor.save(STATE)
        with pytest.raises(InvalidInput), CursorFile(cursor.path, OWNER).lock():
            raise AssertionError("two sources have the lock")


def test_a_path_with_another_spelling_is_the_same_cursor(cursor: CursorFile, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new")
    with (
        cursor.lock(),
        pytest.raises(InvalidInput),
        CursorFile(str(tmp_path / "link" / "cursor.json"), OWNER).lock(),
    ):
        raise AssertionError("two sources have the lock")


def test_the_lock_of_a_source_that_was_killed_ends_with_it(cursor: CursorFile) -> None:
    is_locked = get_context("fork").Event()
    source = get_context("fork").Process(target=hold_lock, args=(cursor.path, is_locked))
    source.start()
    assert is_locked.wait(10)
    with pytest.raises(InvalidInput), cursor.lock():
        raise AssertionError("two sources have the lock")
    source.kill()
    source.join()
    with cursor.lock():
        pass


def hold_lock(path: str, is_locked: Any) -> None:
    with CursorFile(path, OWNER).lock():
        is_locked.set()
        time.sleep(60)


@pytest.mark.parametrize("obstacle", ["symlink", "folder"])
def test_a_lock_file_that_is_no_file_is_one_error(cursor: CursorFile, tmp_path: Path, obstacle: str) -> None:
    lock = Path(f"{cursor.path}.lock")
    lock.parent.mkdir()
    lock.mkdir() if obstacle == "folder" else lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput) as caught, cursor.lock():
        raise AssertionError("locked")
    assert re.fullmatch(pattern("cursor_not_written", path=str(lock)), caught.value.message)
    assert not (tmp_path / "elsewhere").exists()
