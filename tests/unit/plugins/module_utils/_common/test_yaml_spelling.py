# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that numbers were written as, looked up in the file that they come from."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._common import yaml_spelling
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import read_plain_scalar


def look(path: str) -> list[str | None]:
    """Look the word up in a thread, which may hang."""
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(read_plain_scalar(path, 2, 6)), daemon=True)
    thread.start()
    thread.join(5)
    return found


def test_a_word_is_found_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("a: ä\nwho: 007 # x\n")
    assert read_plain_scalar(str(tmp_path / "vars.yml"), 2, 6) == "007"
    for line, column in ((2, 0), (0, 1), (9, 1), (1, 99)):
        assert read_plain_scalar(str(tmp_path / "vars.yml"), line, column) is None


@pytest.mark.parametrize("is_link", [False, True])
def test_a_variable_from_a_named_pipe_does_not_hang_the_run(tmp_path: Path, is_link: bool) -> None:
    os.mkfifo(tmp_path / "who.fifo")
    (tmp_path / "link").symlink_to(tmp_path / "who.fifo")
    assert look(str(tmp_path / ("link" if is_link else "who.fifo"))) == [None]


def test_a_variable_from_a_device_a_socket_a_folder_or_nowhere_has_no_known_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        for path in ("/dev/zero", "socket", str(tmp_path), "missing.yml", "a\0b"):
            assert look(path) == [None]


def test_a_variable_from_a_huge_file_or_one_that_is_no_text_has_no_known_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_spelling, "LARGEST_DOCUMENT", 20)
    (tmp_path / "huge.yml").write_text("a: 1\nwho: 007\n" + "#" * 100)
    (tmp_path / "bytes.yml").write_bytes(b"a: 1\nwho: \xff\xfe\n")
    assert read_plain_scalar(str(tmp_path / "huge.yml"), 2, 6) is None
    assert read_plain_scalar(str(tmp_path / "bytes.yml"), 2, 6) is None
