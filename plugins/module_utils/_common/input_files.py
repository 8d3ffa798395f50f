# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open the files that options name: regular files only, up to a size, and without waiting.

A named pipe would hang the run, a device such as /dev/zero would fill the memory, and opening some devices does
something. So the kind of a file is checked before it is opened and, as it may be exchanged in between, once more after.
"""

from __future__ import annotations

import errno
import os
import stat

from .errors import LONGEST_PATH, InvalidInput, quote
from .rules import Rule
from .shown_paths import quote_path

MEGABYTE = 1000 * 1000
# A thousand providers with two hundred users each take 14 MB.
LARGEST_DOCUMENT = 50 * MEGABYTE
# Names of devices on Windows, whatever ending follows: a repository with such a file can't be checked out there.
RESERVED_NAMES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
# Collections of certificates have a few hundred kilobytes.
_LARGEST_CERTIFICATES = 10 * MEGABYTE

# Without O_NONBLOCK, opening a named pipe waits for a writer.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def expand_path(option: str, path: str) -> str:
    """Return ``path`` with ``~`` replaced. Raises ``InvalidInput``, which names ``option``, for an impossible path."""
    try:
        invalid = "\0" in path or not os.fsencode(path)
    except UnicodeEncodeError:  # a surrogate that stands for no byte of a file name
        invalid = True
    if invalid:
        raise InvalidInput(f"{option}: '{quote(path, LONGEST_PATH)}' is not a valid path: check it.")
    return os.path.expanduser(path)


def read_file(
    option: str, path: str, limit: int, *, shown: str = "", advice: str = "", directory: int | None = None
) -> bytes:
    """Return the content of the regular file ``path``.

    ``limit`` is the largest size in bytes. ``option``, ``shown`` (the path in messages; ``path`` if empty) and
    ``advice`` (the end of the sentence) are for messages. ``directory`` is the descriptor of the folder that ``path``
    is relative to; then symbolic links are rejected. Raises ``InvalidInput`` for a file that is missing, unreadable,
    too large or not regular.
    """
    name = quote_path(shown or path)
    try:
        content = _read_regular_file(option, path, limit, directory)
    except OSError as error:
        message = f"{option}: can't read {name}: {_describe_os_error(error)}{advice}."
        raise InvalidInput(message, rule=Rule.UNREADABLE_FILE) from None
    if len(content) > limit:
        message = f"{option}: {name} is larger than {_describe_size(limit)}: give a smaller file."
        raise InvalidInput(message, rule=Rule.UNREADABLE_FILE)
    return content


def resolve_readable_path(option: str, path: str, *, folder_allowed: bool = False) -> str:
    """Return ``path`` with ``~`` replaced, after checking that another library can read certificates from it.

    ``folder_allowed`` permits a folder of certificates. Raises ``InvalidInput``, which names ``option`` and the path as
    it was written, for a file that is missing, unreadable, too large or not regular.
    """
    expanded = expand_path(option, path)
    name = quote(path, LONGEST_PATH)
    try:
        if folder_allowed and os.path.isdir(expanded):
            return expanded
        descriptor = _open_regular_file(expanded, None)
        size = os.fstat(descriptor).st_size
        os.close(descriptor)
    except FileNotFoundError:
        raise InvalidInput(f"{option}: there is no file {name}.") from None
    except OSError as error:
        raise InvalidInput(f"{option}: can't read {name}: {_describe_os_error(error)}.") from None
    if size > _LARGEST_CERTIFICATES:
        raise InvalidInput(f"{option}: {name} is larger than {_LARGEST_CERTIFICATES // MEGABYTE} MB: check the path.")
    return expanded


def _read_regular_file(option: str, path: str, limit: int, directory: int | None) -> bytes:
    """Return the first ``limit + 1`` bytes of a file, so that the caller notices a larger one. Raises ``OSError``."""
    expanded = expand_path(option, path) if directory is None else path
    descriptor = _open_regular_file(expanded, directory)
    content = bytearray()
    try:
        # In pieces, as not every file says how long it is. Files that would block, as some of the kernel, are an error.
        while len(content) <= limit and (piece := os.read(descriptor, min(MEGABYTE, limit + 1 - len(content)))):
            content += piece
    finally:
        os.close(descriptor)
    return bytes(content)


def _open_regular_file(path: str, directory: int | None) -> int:
    """Return an open descriptor of ``path``. Raises ``OSError``, also for anything but a regular file."""
    follow = directory is None
    _require_regular(os.stat(path, dir_fd=directory, follow_symlinks=follow).st_mode)
    descriptor = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW, dir_fd=directory)
    try:
        _require_regular(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def reject_link(mode: int) -> None:
    """Raise ``OSError`` if ``mode``, from a call of stat that does not follow links, is that of a symbolic link."""
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "it is a symbolic link, and links are not followed here")


def _require_regular(mode: int) -> None:
    """Raise ``OSError`` unless ``mode`` is that of a regular file."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    reject_link(mode)
    if not stat.S_ISREG(mode):
        kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, and only regular files are read")


def _describe_size(size: int) -> str:
    return f"{size // MEGABYTE} MB" if size >= MEGABYTE else f"{size // 1000} kB"


def _describe_os_error(error: OSError) -> str:
    """Return the cause in the words of the operating system, else the name of the error's class."""
    return error.strerror or type(error).__name__
