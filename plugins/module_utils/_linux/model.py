# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts and groups that a machine should have, and those that it has. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Access(Enum):
    """Whether a person can log in to an account, by its entry in ``/etc/shadow``."""

    OPEN = "open"
    LOCKED = "locked"
    # Only locked, only expired, or without an entry: what an interrupted run or another program left.
    PARTIAL = "partial"


@dataclass(frozen=True)
class DesiredAccount:
    """An account of the list. ``keys`` are lines of authorized_keys; None means that its file is not managed.

    ``user_uuid`` identifies the person, so that a new username is a rename; empty where the list does not tell.
    """

    name: str
    uid: int
    group: str
    home: str
    shell: str
    comment: str = ""
    keys: tuple[str, ...] | None = None
    groups: frozenset[str] = frozenset()
    user_uuid: str = ""


@dataclass(frozen=True)
class Desired:
    """The list for a machine, valid in itself.

    ``accounts`` are the active ones and ``groups`` the GIDs, by name. ``reasons`` tell why the other accounts of the
    list are not active, by name. Where the list is not complete, nothing is taken away from anybody, and never from
    the people of ``unusable``, who have access though their accounts in the list can't be used.
    """

    accounts: Mapping[str, DesiredAccount]
    groups: Mapping[str, int]
    reasons: Mapping[str, str] = field(default_factory=dict)
    unusable: frozenset[str] = frozenset()
    is_complete: bool = True
    adopt: frozenset[str] = frozenset()
    home_parents: tuple[str, ...] = ("/home",)
    deletes_departed: bool = False
    max_removals: int = 5


@dataclass(frozen=True)
class LocalAccount:
    """An account in the files of the machine.

    ``keys`` are the lines of its authorized_keys, empty where there is no such file, and ``are_keys_valid`` tells
    whether the file has the right owner and mode. ``has_home`` tells whether the home directory exists.
    """

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str
    access: Access = Access.OPEN
    keys: tuple[str, ...] = ()
    are_keys_valid: bool = True
    has_home: bool = True


@dataclass(frozen=True)
class LocalGroup:
    """A group in the files of the machine."""

    name: str
    gid: int
    members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ManagedAccount:
    """What the state file notes of an account that this collection manages, or has deleted.

    ``has_keys`` tells whether the list decides its authorized_keys.
    """

    uid: int
    user_uuid: str = ""
    has_keys: bool = False


@dataclass(frozen=True)
class ManagedState:
    """What the state file notes: accounts by name, GIDs of groups by name, and accounts that were deleted."""

    accounts: Mapping[str, ManagedAccount] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, ManagedAccount] = field(default_factory=dict)


@dataclass(frozen=True)
class Foreign:
    """What other sources than the files know, such as LDAP or SSSD: UIDs and GIDs by name, and names by number."""

    accounts: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    uids: Mapping[int, str] = field(default_factory=dict)
    gids: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """The state of a machine. ``homes`` are the owners of the home directories of the list that exist, by path."""

    accounts: Mapping[str, LocalAccount]
    groups: Mapping[str, LocalGroup]
    managed: ManagedState = field(default_factory=ManagedState)
    foreign: Foreign = field(default_factory=Foreign)
    homes: Mapping[str, int] = field(default_factory=dict)
    # The names in /etc/passwd whose password is there, and not in /etc/shadow.
    unshadowed: frozenset[str] = frozenset()
    # The names in a file with a line that is not valid, or with two lines, by the path of the file.
    invalid_lines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # The accounts that other lists deleted.
    deleted_by_others: Mapping[str, ManagedAccount] = field(default_factory=dict)
    shells: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AccountChange:
    """A change of an account; ``before`` is None where it is created, ``after`` where it is deleted."""

    action: str
    before: LocalAccount | None
    after: LocalAccount | None

    @property
    def name(self) -> str:
        """The name afterwards, else that before."""
        account = self.after or self.before
        return account.name if account else ""


@dataclass(frozen=True)
class GroupChange:
    """A change of a group; ``before`` is None where it is created, ``after`` where it is deleted."""

    action: str
    before: LocalGroup | None
    after: LocalGroup | None

    @property
    def name(self) -> str:
        """The name afterwards, else that before."""
        group = self.after or self.before
        return group.name if group else ""


@dataclass(frozen=True)
class AccountPlan:
    """What a run changes, and the state file afterwards.

    ``kept`` are departed accounts that an incomplete list keeps, ``unusable`` accounts that stay as they are though
    those in the list can't be used, ``lost`` managed accounts that another program removed or changed, so that they are
    not touched, and ``unknown`` the names to adopt that neither the list nor the state file knows.
    """

    accounts: tuple[AccountChange, ...]
    groups: tuple[GroupChange, ...]
    managed: ManagedState
    kept: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
