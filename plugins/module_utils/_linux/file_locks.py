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
from .root_folder import OpenFolder, RootFolder

_LOCKED = ("passwd", "group", "shadow", "gshadow")
_PAUSE = 0.1


@contextlib.contextmanager
def lock_files(root: RootFolder, timeout: float = 60.0) -> Iterator[None]:
    """Hold the locks of the files of accounts and groups. Raises ``WaldurError`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        try:
            folder = root.open_folder("/etc")
            stack.callback(folder.close)
            _lock_by_fcntl(folder, root, deadline, stack)
            for name in _LOCKED:
                _make_lock_file(folder, name, root, deadline)
                stack.callback(_remove, folder, f"{name}.lock")
        except OSError as error:
            raise WaldurError(f"Cannot lock the files in /etc: {quote(error)}. Nothing was changed.") from error
        yield


def _lock_by_fcntl(folder: OpenFolder, root: RootFolder, deadline: float, stack: contextlib.ExitStack) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(".pwd.lock", flags, 0o600, dir_fd=folder.descriptor)
    stack.callback(os.close, descriptor)
    while not _try_fcntl_lock(descriptor):
        _wait(deadline, root.describe("/etc/.pwd.lock"))


def _try_fcntl_lock(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_lock_file(folder: OpenFolder, name: str, root: RootFolder, deadline: float) -> None:
    lock, own = f"{name}.lock", f"{name}.{os.getpid()}"
    # What a killed run with the same process ID left, as in a container that starts again.
    _remove(folder, own)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(own, flags, 0o600, dir_fd=folder.descriptor)
    try:
        with open(descriptor, "wb") as file:
            file.write(f"{os.getpid()}\0".encode())
        while not _try_link(folder, own, lock):
            if _is_stale(folder, lock):
                _remove(folder, lock)
            else:
                _wait(deadline, root.describe(f"/etc/{lock}"))
    finally:
        _remove(folder, own)


def _try_link(folder: OpenFolder, own: str, lock: str) -> bool:
    try:
        os.link(own, lock, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)
    except FileExistsError:
        return False
    return True


def _is_stale(folder: OpenFolder, lock: str) -> bool:
    """Return whether the process of a lock file is gone."""
    try:
        content, _status = folder.read(lock, 32) or (b"", None)
        number = int(content.split(b"\0")[0] or b"0")
        if number <= 0:
            return False
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False


def _wait(deadline: float, lock: str) -> None:
    if time.monotonic() > deadline:
        raise WaldurError(
            f"{lock} is held by another program, such as useradd or passwd. Nothing was changed: run the task again, or"
            " remove the lock if no such program runs."
        )
    time.sleep(_PAUSE)


def _remove(folder: OpenFolder, name: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder.descriptor)
