# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Home directories and their authorized_keys, in folders in which people can write.

Each step is done in an open folder and follows no symbolic link, and the owner is checked, so that nobody can make this
program, which runs as root, write elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .._common.errors import WaldurError, quote
from .model import LocalAccount
from .root_folder import OpenFolder, RootFolder, set_context

_SKELETON = "/etc/skel"
_KEYS = "authorized_keys"
# A file of keys that is larger was not written by a run, which validates the list.
_LARGEST_FILE = 1_000_000


FindContext = Callable[[str, int], str]


@dataclass(frozen=True)
class KeyFile:
    """The authorized_keys of an account: its lines, and whether owner and mode are those that sshd requires.

    There are no lines where there is no such file, or it is another user's.
    """

    lines: tuple[str, ...] = ()
    is_valid: bool = True


class Homes:
    """The home directories below ``parents`` of a machine.

    ``find_context`` returns the SELinux context of a path by its file type, empty where there is none.
    """

    def __init__(self, root: RootFolder, parents: list[str], find_context: FindContext | None = None) -> None:
        self._root = root
        self._parents = parents
        self._find_context = find_context or (lambda _path, _type: "")

    def find_owner(self, home: str) -> int | None:
        """Return the owner of a home directory; None where there is none, or it is not below a parent.

        The directory is not opened, as root may not do that on a network file system.
        """
        parent, name = os.path.split(home)
        try:
            self._check_parents(home)
            with self._open_parent(parent) as folder:
                info = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WaldurError(f"The home directory {home} can't be used: {quote(error.strerror)}.") from error
        if not stat.S_ISDIR(info.st_mode):
            raise WaldurError(f"The home directory {home} can't be used: it is not a folder, but a file or a link.")
        return info.st_uid

    def read_keys(self, account: LocalAccount) -> KeyFile:
        """Return the authorized_keys of an account. A file that can't be read counts as one that does not exist."""
        try:
            with self._open(account.home) as home, contextlib.closing(home.open_folder(".ssh")) as folder:
                content = folder.read(_KEYS, _LARGEST_FILE)
                folder_info = folder.status
        except OSError:
            return KeyFile()
        # The status is that of the file that was read: its owner must not get the lines of another user's file.
        if content is None or content[1].st_uid != account.uid:
            return KeyFile(is_valid=False)
        data, info = content
        is_valid = (info.st_gid, stat.S_IMODE(info.st_mode)) == (account.gid, 0o600)
        is_safe = folder_info.st_uid == account.uid and not stat.S_IMODE(folder_info.st_mode) & 0o022
        text = data.decode("utf-8", "replace").removesuffix("\n")
        return KeyFile(tuple(text.split("\n")) if text else (), is_valid and is_safe)

    def create(self, account: LocalAccount) -> None:
        """Create the home directory with the files of the skeleton, where it does not exist.

        The folder gets its name last, so an interrupted run leaves no half a home. Raises ``OSError``.
        """
        self._check_parents(account.home)
        parent, name = os.path.split(account.home)
        with self._open_parent(parent) as folder:
            with contextlib.suppress(FileNotFoundError):
                os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
                return
            temporary = f".{name}.new"
            with contextlib.suppress(FileNotFoundError):
                _remove_tree(folder, temporary)
            os.mkdir(temporary, 0o700, dir_fd=folder.descriptor)
            with contextlib.closing(folder.open_folder(temporary)) as home:
                set_context(home.descriptor, self._find_context(account.home, stat.S_IFDIR))
                self._copy_skeleton(home, account)
                os.fchown(home.descriptor, account.uid, account.gid)
            os.rename(temporary, name, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)

    def move(self, old: str, account: LocalAccount) -> None:
        """Move the home directory from its old path, where there is one and the new one does not exist.

        Raises ``OSError``, also where the two are on different file systems.
        """
        if self.find_owner(account.home) is not None or self.find_owner(old) != account.uid:
            return
        old_parent, old_name = os.path.split(old)
        parent, name = os.path.split(account.home)
        with self._open_parent(old_parent) as source, self._open_parent(parent) as target:
            os.rename(old_name, name, src_dir_fd=source.descriptor, dst_dir_fd=target.descriptor)

    def write_keys(self, account: LocalAccount) -> None:
        """Write the authorized_keys of an account. Raises ``OSError``, also for a folder of another user."""
        owner = (account.uid, account.gid)
        path = f"{account.home}/.ssh"
        with self._open(account.home) as home:
            _check_owner(home, account)
            try:
                folder = home.open_folder(".ssh")
            except FileNotFoundError:
                folder = home.make_folder(".ssh", 0o700, owner, self._find_context(path, stat.S_IFDIR))
            with contextlib.closing(folder):
                _check_owner(folder, account)
                if stat.S_IMODE(folder.status.st_mode) & 0o022:
                    os.fchmod(folder.descriptor, 0o700)
                data = "".join(f"{line}\n" for line in account.keys).encode()
                folder.replace(_KEYS, data, 0o600, owner, self._find_context(f"{path}/{_KEYS}", stat.S_IFREG))

    def _check_parents(self, path: str) -> None:
        if not any(path.startswith(f"{parent.rstrip('/')}/") for parent in self._parents):
            raise FileNotFoundError(errno.ENOENT, "not below the option home_parents")

    @contextlib.contextmanager
    def _open(self, path: str) -> Iterator[OpenFolder]:
        self._check_parents(path)
        with contextlib.closing(self._root.open_below(self._parents, path)) as folder:
            yield folder

    @contextlib.contextmanager
    def _open_parent(self, path: str) -> Iterator[OpenFolder]:
        """Open the folder of a home directory, which may be one of the parents itself."""
        is_parent = path in (parent.rstrip("/") for parent in self._parents)
        try:
            opened = self._root.open_folder(path) if is_parent else self._root.open_below(self._parents, path)
        except FileNotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {path} on this machine") from error
        with contextlib.closing(opened) as folder:
            yield folder

    def _copy_skeleton(self, home: OpenFolder, account: LocalAccount) -> None:
        try:
            source = self._root.open_folder(_SKELETON)
        except FileNotFoundError:
            return
        with contextlib.closing(source):
            self._copy_folder(source, home, account.home, (account.uid, account.gid))

    def _copy_folder(self, source: OpenFolder, target: OpenFolder, path: str, owner: tuple[int, int]) -> None:
        """Copy regular files, symbolic links and folders, with their modes, to the owner; ``path`` is the target's."""
        for name in sorted(os.listdir(source.descriptor)):
            info = os.stat(name, dir_fd=source.descriptor, follow_symlinks=False)
            mode = stat.S_IMODE(info.st_mode) & 0o777
            context = self._find_context(f"{path}/{name}", stat.S_IFMT(info.st_mode))
            if stat.S_ISLNK(info.st_mode):
                os.symlink(os.readlink(name, dir_fd=source.descriptor), name, dir_fd=target.descriptor)
                os.chown(name, *owner, dir_fd=target.descriptor, follow_symlinks=False)
            elif stat.S_ISDIR(info.st_mode):
                with (
                    contextlib.closing(source.open_folder(name)) as inner,
                    contextlib.closing(target.make_folder(name, mode, owner, context)) as copied,
                ):
                    self._copy_folder(inner, copied, f"{path}/{name}", owner)
            elif content := source.read(name) if stat.S_ISREG(info.st_mode) else None:
                target.replace(name, content[0], mode, owner, context)


def _check_owner(folder: OpenFolder, account: LocalAccount) -> None:
    if folder.status.st_uid != account.uid:
        raise PermissionError(errno.EPERM, f"it belongs to UID {folder.status.st_uid}, not {account.uid}")


def _remove_tree(folder: OpenFolder, name: str) -> None:
    """Remove a home directory that an interrupted run left under its temporary name; no symbolic link is followed."""
    with contextlib.closing(folder.open_folder(name)) as inner:
        for entry in os.listdir(inner.descriptor):
            info = os.stat(entry, dir_fd=inner.descriptor, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                _remove_tree(inner, entry)
            else:
                os.unlink(entry, dir_fd=inner.descriptor)
    os.rmdir(name, dir_fd=folder.descriptor)
