# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask all sources of accounts and groups of the running system (nsswitch.conf(5)), such as LDAP and SSSD."""

from __future__ import annotations

import grp
import pwd
from typing import Protocol

from .model import Desired, Foreign, LocalAccount, LocalGroup


class NameService(Protocol):
    """What is asked of the sources; each method returns None where there is no such account or group."""

    def find_uid(self, name: str) -> int | None:
        """Return the UID of an account."""

    def find_account(self, uid: int) -> str | None:
        """Return the name of the account with a UID."""

    def find_gid(self, name: str) -> int | None:
        """Return the GID of a group."""

    def find_group(self, gid: int) -> str | None:
        """Return the name of the group with a GID."""


class HostNameService:
    """The sources of the running system, as getent asks them."""

    def find_uid(self, name: str) -> int | None:
        """Return the UID of an account."""
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            return None

    def find_account(self, uid: int) -> str | None:
        """Return the name of the account with a UID."""
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return None

    def find_gid(self, name: str) -> int | None:
        """Return the GID of a group."""
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            return None

    def find_group(self, gid: int) -> str | None:
        """Return the name of the group with a GID."""
        try:
            return grp.getgrgid(gid).gr_name
        except KeyError:
            return None


def find_foreign(
    service: NameService, desired: Desired, accounts: dict[str, LocalAccount], groups: dict[str, LocalGroup]
) -> Foreign:
    """Return what other sources than the files know of the names and numbers that the list adds to the files."""
    uids, gids = {account.uid for account in accounts.values()}, {group.gid for group in groups.values()}
    new = [account for account in desired.accounts.values() if account.name not in accounts]
    new_groups = {name: gid for name, gid in desired.groups.items() if name not in groups}
    found_names = {account.name: service.find_uid(account.name) for account in new}
    found_uids = {account.uid: service.find_account(account.uid) for account in new if account.uid not in uids}
    found_groups = {name: service.find_gid(name) for name in new_groups}
    found_gids = {gid: service.find_group(gid) for gid in new_groups.values() if gid not in gids}
    return Foreign(
        {name: uid for name, uid in found_names.items() if uid is not None},
        {name: gid for name, gid in found_groups.items() if gid is not None},
        {uid: name for uid, name in found_uids.items() if name is not None},
        {gid: name for gid, name in found_gids.items() if name is not None},
    )
