# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show paths in messages as the user wrote them, although files are opened by their absolute paths."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from .errors import LONGEST_PATH, quote

_SHOWN: ContextVar[Mapping[str, str] | None] = ContextVar("shown_paths", default=None)


@contextlib.contextmanager
def show_paths_as(written: Mapping[str, str]) -> Iterator[None]:
    """Let ``quote_path`` show each absolute path of ``written``, and what is below it, by the path that it maps to."""
    token = _SHOWN.set(written)
    try:
        yield
    finally:
        _SHOWN.reset(token)


def quote_path(path: str) -> str:
    """Return ``path`` for a message: as the user wrote it (see ``show_paths_as``), on one line and not too long."""
    for absolute, written in (_SHOWN.get() or {}).items():
        if path == absolute:
            return quote(written, LONGEST_PATH)
        folder = os.path.join(absolute, "")
        if path.startswith(folder):
            return quote(os.path.join(written, path[len(folder) :]), LONGEST_PATH)
    return quote(path, LONGEST_PATH)
