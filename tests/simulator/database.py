# SPDX-License-Identifier: GPL-3.0-or-later
"""One SQLite database in memory, shared by all threads, that can go back to its start in milliseconds."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection, connections

# SQLite's one connection serves one request at a time.
LOCK = threading.RLock()
# What reads may remember of the rows; every write empties it.
MEMORY: dict[Any, Any] = {}
_shared = None
_snapshot: sqlite3.Connection | None = None


def create() -> None:
    """Make the tables straight from the models; called once, in the thread that starts the server."""
    global _shared  # noqa: PLW0603 - one process has one database
    connection.ensure_connection()
    connection.inc_thread_sharing()
    _shared = connections["default"]
    with connection.schema_editor() as editor:
        for model in apps.get_app_config("simulator").get_models():
            editor.create_model(model)


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Have the database to oneself, in whatever thread."""
    with LOCK:
        connections["default"] = _shared
        yield


def empty() -> None:
    """Delete every row."""
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in apps.get_app_config("simulator").get_models():
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


def keep_as_start() -> None:
    """Remember the present rows as the start."""
    global _snapshot  # noqa: PLW0603
    _snapshot = sqlite3.connect(":memory:", check_same_thread=False)
    connection.connection.backup(_snapshot)


def return_to_start() -> None:
    """Put every row back as :func:`keep_as_start` found it."""
    if _snapshot is not None:
        _snapshot.backup(connection.connection)
