# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The locks of shadow-utils, so that useradd, passwd and this collection never write the same files at once.

shadow-utils takes two kinds: that of lckpwdf(3), a lock of ``/etc/.pwd.lock`` by fcntl, and for each file a lock file
such as ``/etc/passwd.lock`` with the process ID, made by link(2). A lock file whose process is gone is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from .._common.errors import WaldurError, quote
from .root_folder import RootFolder

_LOCKED = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
_PAUSE = 0.1


@contextlib.contextmanager
def lock_files(root: RootFolder, timeout: float = 60.0) -> Iterator[None]:
    """Hold the locks of the files of accounts and groups. Raises ``WaldurError`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    try:
        with contextlib.ExitStack() as stack:
            descriptor = os.open(root.locate("/etc/.pwd.lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, descriptor)
            _wait_for_fcntl_lock(descriptor, deadline)
            for path in _LOCKED:
                lock = root.locate(f"{path}.lock")
                _make_lock_file(lock, deadline)
                stack.callback(_remove, lock)
            yield
    except OSError as error:
        raise WaldurError(f"Cannot lock the files in /etc: {quote(error)}. Nothing was changed.") from error


def _wait_for_fcntl_lock(descriptor: int, deadline: float) -> None:
    while not _try_fcntl_lock(descriptor):
        _wait(deadline, "/etc/.pwd.lock")


def _try_fcntl_lock(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_lock_file(lock: str, deadline: float) -> None:
    own = f"{lock.removesuffix('.lock')}.{os.getpid()}"
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(f"{os.getpid()}\0".encode())
        while not _try_link(own, lock):
            if _is_stale(lock):
                _remove(lock)
            else:
                _wait(deadline, lock)
    finally:
        _remove(own)


def _try_link(own: str, lock: str) -> bool:
    try:
        os.link(own, lock)
    except FileExistsError:
        return False
    return True


def _is_stale(lock: str) -> bool:
    """Return whether the process of a lock file is gone."""
    try:
        with open(lock, "rb") as file:
            number = int(file.read(32).split(b"\0")[0] or b"0")
        if number <= 0:
            return False
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _wait(deadline: float, lock: str) -> None:
    if time.monotonic() > deadline:
        raise WaldurError(
            f"{lock} is held by another program, such as useradd or passwd. Nothing was changed: run the task again, or"
            " remove the lock if no such program runs."
        )
    time.sleep(_PAUSE)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
