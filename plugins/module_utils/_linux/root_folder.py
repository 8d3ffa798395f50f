# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file system of a machine, an image or a chroot: paths below its root, and files that are replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from .._common.errors import InvalidInput, WaldurError, quote

_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
_SELINUX = "security.selinux"


class RootFolder:
    """The folder that is ``/`` for the accounts; ``is_host`` tells whether it is that of the running system."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.is_host = self.path == "/"
        if not os.path.isdir(os.path.join(self.path, "etc")):
            raise InvalidInput(f"root: '{quote(path)}' has no folder etc: name the root of a machine, image or chroot.")

        self._checked: set[str] = set()

    def locate(self, path: str) -> str:
        """Return where ``path`` is outside of the root.

        Raises ``WaldurError`` where a symbolic link leads out of an image, which could be a folder of the host.
        """
        located = os.path.join(self.path, path.lstrip("/"))
        folder = os.path.dirname(located)
        if not self.is_host and folder not in self._checked:
            if os.path.commonpath((self.path, os.path.realpath(folder))) != self.path:
                raise WaldurError(f"root: '{quote(path)}' leads out of {self.path} by a symbolic link.")
            self._checked.add(folder)
        return located

    def read_text(self, path: str) -> str | None:
        """Return the content of a file, None if there is no such file."""
        try:
            with open(os.open(self.locate(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
                return file.read().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WaldurError(f"Cannot read {path}: {quote(error.strerror)}.") from error

    def replace_text(self, path: str, text: str, mode: int = 0o600) -> None:
        """Replace a file as a whole; owner, mode and SELinux context are those of the file before.

        ``mode`` is that of a new file. Raises ``WaldurError``; the file is then as it was.
        """
        target = self.locate(path)
        data = text.encode("utf-8", "surrogateescape")
        try:
            folder = open_folder(os.path.dirname(target))
            with contextlib.closing(folder):
                folder.replace(os.path.basename(target), data, mode)
        except OSError as error:
            raise WaldurError(
                f"Cannot write {path}: {quote(error.strerror)}. The file is as it was; free space or make it writable,"
                " and run the task again."
            ) from error

    def open_below(self, parents: list[str], path: str) -> OpenFolder:
        """Open the folder ``path``, which is below one of ``parents``.

        Below the parent no symbolic link is followed, as people may write there. Raises ``OSError``.
        """
        parent = max((folder for folder in parents if path.startswith(f"{folder.rstrip('/')}/")), key=len)
        opened = open_folder(os.path.dirname(self.locate(f"{parent.rstrip('/')}/x")))
        for name in path[len(parent.rstrip("/")) + 1 :].split("/"):
            with contextlib.closing(opened):
                opened = opened.open_folder(name)
        return opened


class OpenFolder:
    """An open folder: what is done in it stays in it, whatever happens to its path."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def close(self) -> None:
        """Close the folder."""
        os.close(self.descriptor)

    @property
    def status(self) -> os.stat_result:
        """Owner and mode of the folder."""
        return os.fstat(self.descriptor)

    def open_folder(self, name: str) -> OpenFolder:
        """Open a folder in it, which must not be a symbolic link."""
        return OpenFolder(os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=self.descriptor))

    def read(self, name: str, limit: int = 1_000_000) -> bytes | None:
        """Return the content of a regular file in it, at most ``limit`` bytes; None if there is none."""
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _NO_FOLLOW, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            return file.read(limit) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    def replace(self, name: str, data: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
        """Replace a file in it as a whole.

        Without ``owner`` (UID, GID), the new file has owner, mode and SELinux context of the old one, where there is
        one, and is on the disk when this returns. A file of a person is not waited for: if the machine crashes, the
        next run writes it again. Raises ``OSError``; the old file is then there unchanged.
        """
        old = self._stat(name)
        temporary = f".{name}.{secrets.token_hex(4)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        descriptor = os.open(temporary, flags, 0o600, dir_fd=self.descriptor)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if owner is not None:
                    os.fchown(descriptor, *owner)
                    os.fchmod(descriptor, mode)
                elif old is not None:
                    os.fchown(descriptor, old.st_uid, old.st_gid)
                    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
                    self._copy_context(name, descriptor)
                else:
                    os.fchmod(descriptor, mode)
                if owner is None:
                    os.fsync(descriptor)
            os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=self.descriptor)
            raise
        if owner is None:
            os.fsync(self.descriptor)

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _copy_context(self, name: str, descriptor: int) -> None:
        with contextlib.suppress(OSError, AttributeError):
            context = os.getxattr(f"/proc/self/fd/{self.descriptor}/{name}", _SELINUX, follow_symlinks=False)
            os.setxattr(descriptor, _SELINUX, context)

    def make_folder(self, name: str, mode: int, owner: tuple[int, int]) -> OpenFolder:
        """Create a folder in it with its owner (UID, GID) in one step, and open it; one that exists is opened."""
        temporary = f".{name}.{secrets.token_hex(4)}"
        os.mkdir(temporary, 0o700, dir_fd=self.descriptor)
        with _remove_if_left(self, temporary):
            folder = self.open_folder(temporary)
            with contextlib.closing(folder):
                os.fchown(folder.descriptor, *owner)
                os.fchmod(folder.descriptor, mode)
            os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        return self.open_folder(name)


@contextlib.contextmanager
def _remove_if_left(folder: OpenFolder, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=folder.descriptor)


def open_folder(path: str) -> OpenFolder:
    """Open a folder by its path, in which symbolic links are followed. Raises ``OSError``."""
    return OpenFolder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def make_parents(root: RootFolder, path: str) -> None:
    """Create the folder of a file below the root, for the administrator only."""
    Path(os.path.dirname(root.locate(path))).mkdir(mode=0o700, parents=True, exist_ok=True)
