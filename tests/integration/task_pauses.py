# SPDX-License-Identifier: GPL-3.0-or-later
"""Pause a playbook after each task until the test has inspected Waldur, so that one run tests many tasks."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def pause_after_tasks(inspect: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """Call ``inspect`` with the name of each task while Ansible waits after its result.

    Yields the variables that the environment of the playbook must contain. The first error of ``inspect`` is raised
    when the run has ended, and ``inspect`` is not called again.
    """
    errors: list[Exception] = []

    def answer(connection: socket.socket) -> None:
        try:
            name = connection.makefile(encoding="utf-8").readline().rstrip("\n")
            if not errors:
                inspect(name)
        except Exception as error:  # noqa: BLE001 - it is raised again where the test waits
            errors.append(error)
        finally:
            connection.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    with tempfile.TemporaryDirectory(prefix="pauses-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder, "socket"))
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield {"RESULTS_SOCKET": path}
        finally:
            # Closing alone would not wake the thread.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
    if errors:
        raise errors[0]
