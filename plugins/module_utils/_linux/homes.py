# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Home directories and their authorized_keys, in folders in which people can write.

Each step is done in an open folder and follows no symbolic link, and the owner is checked, so that nobody can make this
program, which runs as root, write elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

from .._common.errors import WaldurError, quote
from .model import LocalAccount
from .root_folder import OpenFolder, RootFolder, open_folder

_SKELETON = "/etc/skel"
_KEYS = "authorized_keys"


class Homes:
    """The home directories below ``parents`` of a machine."""

    def __init__(self, root: RootFolder, parents: list[str]) -> None:
        self._root = root
        self._parents = parents

    def find_owner(self, home: str) -> int | None:
        """Return the owner of a home directory; None where there is none, or it is not below a parent."""
        try:
            with self._open(home) as folder:
                return folder.status.st_uid
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WaldurError(f"The home directory {home} can't be used: {quote(error.strerror)}.") from error

    def read_keys(self, account: LocalAccount) -> tuple[str, ...]:
        """Return the lines of the authorized_keys of an account; empty where there is no file, or it can't be read."""
        try:
            with self._open(account.home) as home, contextlib.closing(home.open_folder(".ssh")) as folder:
                data = folder.read(_KEYS) or b""
                info = folder.status
                if info.st_uid != account.uid or stat.S_IMODE(info.st_mode) & 0o022:
                    return ()
                return tuple(data.decode("utf-8", "replace").splitlines()) if self._has_owner(folder, account) else ()
        except OSError:
            return ()

    def _has_owner(self, folder: OpenFolder, account: LocalAccount) -> bool:
        """Return whether the file has the right owner and mode, as sshd ignores it otherwise."""
        info = os.stat(_KEYS, dir_fd=folder.descriptor, follow_symlinks=False)
        return (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (account.uid, account.gid, 0o600)

    def create(self, account: LocalAccount) -> None:
        """Create the home directory with the files of the skeleton, where it does not exist.

        The folder gets its name last, so an interrupted run leaves no half a home. Raises ``OSError``.
        """
        parent, name = os.path.split(account.home)
        with self._open_parent(parent) as folder:
            with contextlib.suppress(FileNotFoundError):
                folder.open_folder(name).close()
                return
            temporary = f".{name}.new"
            with contextlib.suppress(FileNotFoundError):
                _remove_tree(folder, temporary)
            with contextlib.closing(folder.make_folder(temporary, 0o700, (os.geteuid(), os.getegid()))) as home:
                self._copy_skeleton(home, (account.uid, account.gid))
                os.fchown(home.descriptor, account.uid, account.gid)
            os.rename(temporary, name, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)

    def move(self, old: str, account: LocalAccount) -> None:
        """Move the home directory from its old path, where there is one and the new one does not exist.

        Raises ``OSError``, also where the two are on different file systems.
        """
        if self.find_owner(account.home) is not None:
            return
        old_parent, old_name = os.path.split(old)
        parent, name = os.path.split(account.home)
        with contextlib.suppress(FileNotFoundError), self._open_parent(old_parent) as source:
            with contextlib.closing(source.open_folder(old_name)) as home:
                if home.status.st_uid != account.uid:
                    return
            with self._open_parent(parent) as target:
                os.rename(old_name, name, src_dir_fd=source.descriptor, dst_dir_fd=target.descriptor)

    def write_keys(self, account: LocalAccount) -> None:
        """Write the authorized_keys of an account. Raises ``OSError``, also for a folder of somebody else."""
        owner = (account.uid, account.gid)
        with self._open(account.home) as home:
            _check_owner(home, account)
            try:
                folder = home.open_folder(".ssh")
            except FileNotFoundError:
                folder = home.make_folder(".ssh", 0o700, owner)
            with contextlib.closing(folder):
                _check_owner(folder, account)
                if stat.S_IMODE(folder.status.st_mode) & 0o022:
                    os.fchmod(folder.descriptor, 0o700)
                folder.replace(_KEYS, "".join(f"{line}\n" for line in account.keys).encode(), 0o600, owner)

    @contextlib.contextmanager
    def _open(self, path: str) -> Iterator[OpenFolder]:
        if not any(path.startswith(f"{parent.rstrip('/')}/") for parent in self._parents):
            raise FileNotFoundError(2, "not below the option home_parents")
        with contextlib.closing(self._root.open_below(self._parents, path)) as folder:
            yield folder

    @contextlib.contextmanager
    def _open_parent(self, path: str) -> Iterator[OpenFolder]:
        """Open the folder of a home directory, which may be one of the parents itself."""
        if path in (parent.rstrip("/") or "/" for parent in self._parents):
            with contextlib.closing(open_folder(os.path.dirname(self._root.locate(f"{path}/x")))) as folder:
                yield folder
        else:
            with self._open(path) as folder:
                yield folder

    def _copy_skeleton(self, home: OpenFolder, owner: tuple[int, int]) -> None:
        try:
            source = open_folder(os.path.dirname(self._root.locate(f"{_SKELETON}/x")))
        except FileNotFoundError:
            return
        with contextlib.closing(source):
            _copy_folder(source, home, owner)


def _check_owner(folder: OpenFolder, account: LocalAccount) -> None:
    if folder.status.st_uid != account.uid:
        raise PermissionError(1, f"it belongs to UID {folder.status.st_uid}, not {account.uid}")


def _copy_folder(source: OpenFolder, target: OpenFolder, owner: tuple[int, int]) -> None:
    """Copy regular files, symbolic links and folders, with their modes, to the owner."""
    for name in sorted(os.listdir(source.descriptor)):
        info = os.stat(name, dir_fd=source.descriptor, follow_symlinks=False)
        mode = stat.S_IMODE(info.st_mode) & 0o777
        if stat.S_ISLNK(info.st_mode):
            os.symlink(os.readlink(name, dir_fd=source.descriptor), name, dir_fd=target.descriptor)
            os.chown(name, *owner, dir_fd=target.descriptor, follow_symlinks=False)
        elif stat.S_ISDIR(info.st_mode):
            with (
                contextlib.closing(source.open_folder(name)) as inner,
                contextlib.closing(target.make_folder(name, mode, owner)) as copied,
            ):
                _copy_folder(inner, copied, owner)
        elif stat.S_ISREG(info.st_mode):
            target.replace(name, source.read(name, info.st_size) or b"", mode, owner)


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
