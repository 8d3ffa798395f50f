# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file system of a machine, an image or a chroot: paths below its root, and files that are replaced as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator

from .._common.errors import InvalidInput, WaldurError, quote

_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
_SELINUX = "security.selinux"
# As many symbolic links as Linux follows in a path.
_MOST_LINKS = 40


class RootFolder:
    """The folder that is ``/`` for the accounts; ``is_host`` tells whether it is that of the running system.

    Symbolic links are followed as they lead on the machine itself: an absolute one starts at its root, and none leads
    out of an image into a folder of the host, whatever becomes of the image meanwhile.
    """

    def __init__(self, path: str) -> None:
        if not path.startswith("/"):
            raise InvalidInput(f"root: '{quote(path)}' must be an absolute path.")
        self.path = os.path.realpath(path)
        if not os.path.isdir(os.path.join(self.path, "etc")):
            raise InvalidInput(f"root: '{quote(path)}' has no folder etc: name the root of a machine, image or chroot.")
        self.is_host = os.path.samefile(self.path, "/")

    def describe(self, path: str) -> str:
        """Return how messages call a path of the machine: with the root, where it is an image."""
        return path if self.is_host else f"{self.path}{path}"

    def open_folder(self, path: str) -> OpenFolder:
        """Open a folder. Raises ``OSError``."""
        return self._walk(path, opens_last=True)[0]

    def open_parent(self, path: str) -> tuple[OpenFolder, str]:
        """Open the folder of a file, and return it with the name of the file, which is no symbolic link.

        Raises ``OSError``. The file need not exist.
        """
        return self._walk(path, opens_last=False)

    def _walk(self, path: str, *, opens_last: bool) -> tuple[OpenFolder, str]:
        names, links = _split(path), 0
        stack = [open_folder(self.path)]
        try:
            while names:
                name = names.pop()
                target = None if name == ".." else stack[-1].read_link(name)
                if target is not None:
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    names += _split(target)
                    _close(stack, 1 if target.startswith("/") else len(stack))
                elif name == "..":
                    _close(stack, max(1, len(stack) - 1))
                elif names or opens_last:
                    stack.append(stack[-1].open_folder(name))
                else:
                    return stack.pop(), name
            if not opens_last:
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
            return stack.pop(), ""
        finally:
            _close(stack, 0)

    def read_text(self, path: str) -> str | None:
        """Return the content of a file, None if there is no such file. Raises ``WaldurError``."""
        try:
            folder, name = self.open_parent(path)
            with contextlib.closing(folder):
                content = folder.read(name)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                return None
            raise WaldurError(f"Cannot read {path}: {quote(error.strerror)}.") from error
        if content is None:
            raise WaldurError(f"Cannot read {path}: it is not a regular file.")
        return content[0].decode("utf-8", "surrogateescape")

    def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; none where there is no such folder. Raises ``WaldurError``."""
        try:
            with contextlib.closing(self.open_folder(path)) as folder:
                return os.listdir(folder.descriptor)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WaldurError(f"Cannot read {path}: {quote(error.strerror)}.") from error

    def replace_text(self, path: str, text: str, mode: int = 0o600) -> None:
        """Replace a file as a whole; owner, mode and SELinux context are those of the file before.

        ``mode`` is that of a new file. Raises ``WaldurError``; the file is then as it was.
        """
        try:
            folder, name = self.open_parent(path)
            with contextlib.closing(folder):
                folder.replace(name, text.encode("utf-8", "surrogateescape"), mode)
        except OSError as error:
            raise WaldurError(
                f"Cannot write {path}: {quote(error.strerror)}. The file is as it was; free space or make it writable,"
                " and run the task again."
            ) from error

    def make_folders(self, path: str) -> None:
        """Create a folder for the administrator only, and those above it. Raises ``WaldurError``."""
        names = path.strip("/").split("/")
        try:
            for number in range(1, len(names) + 1):
                folder, name = self.open_parent("/".join(names[:number]))
                with contextlib.closing(folder), contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700 if number == len(names) else 0o755, dir_fd=folder.descriptor)
        except OSError as error:
            raise WaldurError(
                f"Cannot create the folder {path}: {quote(error.strerror)}. Free space or make it writable, and run the"
                " task again."
            ) from error

    def open_below(self, parents: list[str], path: str) -> OpenFolder:
        """Open the folder ``path``, which is below one of ``parents``.

        Below the parent no symbolic link is followed, as people may write there. Raises ``OSError``.
        """
        parent = max((folder for folder in parents if path.startswith(f"{folder.rstrip('/')}/")), key=len)
        opened = self.open_folder(parent)
        for name in path[len(parent.rstrip("/")) + 1 :].split("/"):
            with contextlib.closing(opened):
                opened = opened.open_folder(name)
        return opened


def _split(path: str) -> list[str]:
    """Return the names of a path, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _close(stack: list[OpenFolder], length: int) -> None:
    while len(stack) > length:
        stack.pop().close()


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

    def read_link(self, name: str) -> str | None:
        """Return where a symbolic link in it leads; None for anything else, or where there is none."""
        try:
            return os.readlink(name, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise

    def read(self, name: str, limit: int = -1) -> tuple[bytes, os.stat_result] | None:
        """Return content and status of a file in it; None for anything but a regular file.

        ``limit`` is the largest number of bytes, -1 for all. The status is that of the file whose content is returned.
        Raises ``OSError``.
        """
        with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK | _NO_FOLLOW, dir_fd=self.descriptor), "rb") as file:
            status = os.fstat(file.fileno())
            return (file.read(limit), status) if stat.S_ISREG(status.st_mode) else None

    def replace(
        self, name: str, data: bytes, mode: int, owner: tuple[int, int] | None = None, context: str = ""
    ) -> None:
        """Replace a file in it as a whole.

        Without ``owner`` (UID, GID), it is a file of the system: the new one has owner, mode and SELinux context of the
        old one, where there is one, and is on the disk when this returns. A file of a person gets ``context``, and is
        not waited for: if the machine crashes, the next run writes it again. Raises ``OSError``; the old file is then
        there unchanged.
        """
        old = self._stat(name)
        temporary = self._name_temporary(name, is_system=owner is None)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        descriptor = os.open(temporary, flags, 0o600, dir_fd=self.descriptor)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if owner is not None:
                    os.fchown(descriptor, *owner)
                    os.fchmod(descriptor, mode)
                    set_context(descriptor, context)
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

    def _name_temporary(self, name: str, *, is_system: bool) -> str:
        """Return the name of a new file before it replaces another.

        For a file of the system it is always the same, that of shadow-utils, so that a killed run leaves no copy of
        /etc/shadow for ever. In a folder of a person nobody must be able to foresee it.
        """
        if not is_system:
            return f".{name}.{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{name}+", dir_fd=self.descriptor)
        return f"{name}+"

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _copy_context(self, name: str, descriptor: int) -> None:
        with contextlib.suppress(OSError, AttributeError):
            context = os.getxattr(f"/proc/self/fd/{self.descriptor}/{name}", _SELINUX, follow_symlinks=False)
            os.setxattr(descriptor, _SELINUX, context)

    def make_folder(self, name: str, mode: int, owner: tuple[int, int], context: str = "") -> OpenFolder:
        """Create a folder in it with its owner (UID, GID) in one step, and open it; one that exists is opened."""
        temporary = f".{name}.{secrets.token_hex(4)}"
        os.mkdir(temporary, 0o700, dir_fd=self.descriptor)
        with _remove_if_left(self, temporary):
            folder = self.open_folder(temporary)
            with contextlib.closing(folder):
                os.fchown(folder.descriptor, *owner)
                os.fchmod(folder.descriptor, mode)
                set_context(folder.descriptor, context)
            os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        return self.open_folder(name)


def set_context(descriptor: int, context: str) -> None:
    """Set the SELinux context of an open file or folder; empty leaves that of the folder around it."""
    if context:
        os.setxattr(descriptor, _SELINUX, f"{context}\0".encode())


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
