# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops a playbook after each result until the test has looked at Waldur, so that one run can make many steps."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def stopping(after: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """Call *after* with a task's name while Ansible waits after its result; yields what the environment must hold.

    The first error that *after* raises is raised when the run has ended; it is not called again then.
    """
    errors: list[Exception] = []

    def answer(connection: socket.socket) -> None:
        try:
            name = connection.makefile(encoding="utf-8").readline().rstrip("\n")
            if not errors:
                after(name)
        except Exception as error:  # noqa: BLE001 - it is raised again where the test waits
            errors.append(error)
        finally:
            connection.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    with tempfile.TemporaryDirectory(prefix="steps-") as folder, socket.socket(socket.AF_UNIX) as listener:
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
