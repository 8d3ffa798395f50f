# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write files into a folder that an option names, each as a whole, and never through a symbolic link in that folder.

The folder itself, and what leads to it, may be symbolic links: the user named them. What lies in it may come from
elsewhere, such as a git repository, so a link there is refused. All is done relative to open descriptors, as a folder
may be exchanged for a link at any moment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator

from .._common import input_files
from .._common.errors import InvalidInput
from .._common.shown_paths import quote_path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def require_plain_path(option: str, path: str) -> None:
    """Raise ``InvalidInput`` for a path that no file can have, or that holds control characters or bytes that are not
    UTF-8, which only a mistake puts there."""
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in path):
        raise InvalidInput(
            f"{option}: '{quote_path(path)}' contains a control character, such as a line end, or bytes that are"
            " not UTF-8: remove it."
        )


class Folder:
    """The folder ``path`` (empty: the current one), and files in it or in one of its subfolders, by their paths."""

    def __init__(self, option: str, path: str) -> None:
        self._option = option
        self._path = path or "."

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the content of a file, None where there is no such file. Raises ``InvalidInput``."""
        name = os.path.relpath(path, self._path)
        try:
            with self._opened(os.path.dirname(name)) as folder:
                # Looked at first, as read_file has no word of its own for a file that does not exist.
                os.stat(os.path.basename(name), dir_fd=folder, follow_symlinks=False)
                return input_files.read_file(self._option, os.path.basename(name), limit, shown=path, directory=folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidInput(f"{self._option}: can't read {quote_path(path)}: {error.strerror}.") from None

    def write(self, path: str, content: bytes, mode: int | None = None) -> None:
        """Write a file as a whole or not at all, with ``mode``. Without one, it keeps its mode, and a new one gets what
        the umask leaves.

        Folders are made where they are missing. Raises ``OSError``.
        """
        name = os.path.relpath(path, self._path)
        os.makedirs(self._path, exist_ok=True)
        with self._opened(os.path.dirname(name), make=True) as folder:
            _replace(folder, os.path.basename(name), content, mode)

    @contextlib.contextmanager
    def _opened(self, below: str, *, make: bool = False) -> Iterator[int]:
        """Give a descriptor of the folder, or of the subfolder ``below``. Raises ``OSError``, also for a link there."""
        descriptor = os.open(self._path, _FOLDER)
        try:
            if below:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(below, dir_fd=descriptor)
                input_files.reject_link(os.stat(below, dir_fd=descriptor, follow_symlinks=False).st_mode)
                top, descriptor = descriptor, os.open(below, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(top)
            yield descriptor
        finally:
            os.close(descriptor)


def _replace(folder: int, name: str, content: bytes, new_mode: int | None) -> None:
    # Hidden, so that no reader takes it for a document, and short, so that any valid name can be written.
    temporary_name = f".waldur-{secrets.token_hex(8)}"
    current_mode = _mode(folder, name)
    mode = current_mode if new_mode is None else new_mode
    try:
        # What only the owner may read stays so while it is written.
        descriptor = os.open(temporary_name, _NEW_FILE, 0o666 if mode is None else 0o600, dir_fd=folder)
        with open(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.write(content)
        os.replace(temporary_name, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(temporary_name, dir_fd=folder)
        raise


def _mode(folder: int, name: str) -> int | None:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    input_files.reject_link(mode)
    return stat.S_IMODE(mode)
