# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the state of a machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .._common.errors import InvalidInput, WaldurError
from .account_list_validation import FIRST_ID
from .homes import Homes
from .model import Desired, Foreign, LocalAccount, Machine, ManagedState
from .name_service import NameService, find_foreign
from .root_folder import RootFolder
from .tables import Tables

# Valid where a machine has no /etc/shells, as for getusershell(3), and where people may do anything but log in.
_DEFAULT_SHELLS = frozenset({"/bin/sh", "/bin/bash"})
_NO_LOGIN = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})
_LIMIT = re.compile(r"^(UID_MIN|GID_MIN)[ \t]+(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class MachineFiles:
    """The files of a machine, as text, from which the tables are made."""

    passwd: str
    shadow: str
    group: str
    gshadow: str | None

    def parse(self) -> Tables:
        """Return the tables; each call returns new ones, which can be changed."""
        return Tables(self.passwd, self.shadow, self.group, self.gshadow)


def read_files(root: RootFolder) -> MachineFiles:
    """Return the files of accounts and groups. Raises ``WaldurError`` where one is missing or can't be read."""

    def require(path: str) -> str:
        text = root.read_text(path)
        if text is None:
            raise WaldurError(f"{path} is missing, so the accounts of this machine can't be managed.")
        return text

    return MachineFiles(
        require("/etc/passwd"), require("/etc/shadow"), require("/etc/group"), root.read_text("/etc/gshadow")
    )


def read_first_ids(root: RootFolder) -> tuple[int, int]:
    """Return the lowest UID and GID for people, from login.defs(5)."""
    limits = {name: int(number) for name, number in _LIMIT.findall(root.read_text("/etc/login.defs") or "")}
    return limits.get("UID_MIN", FIRST_ID), limits.get("GID_MIN", FIRST_ID)


def read_machine(
    root: RootFolder,
    tables: Tables,
    managed: ManagedState,
    others: dict[str, ManagedState],
    desired: Desired,
    homes: Homes,
    service: NameService | None,
) -> Machine:
    """Return the state of the machine, as far as the list is about it.

    ``others`` are the states of other lists by name; what they manage is an error. ``service`` is None for an image,
    about which the name services of the running system know nothing.
    """
    _check_other_lists(others, desired)
    accounts, groups = tables.read_accounts(), tables.read_groups()
    owners = {account.home: homes.find_owner(account.home) for account in desired.accounts.values()}
    for name in {*desired.accounts, *managed.accounts} & accounts.keys():
        accounts[name] = _read_home(accounts[name], owners, homes)
    foreign = find_foreign(service, desired, accounts, groups) if service else Foreign()
    return Machine(
        accounts,
        groups,
        managed,
        foreign,
        homes={home: owner for home, owner in owners.items() if owner is not None},
        unshadowed=tables.read_unshadowed(),
        invalid_lines=tables.find_invalid(),
        deleted_by_others={name: noted for state in others.values() for name, noted in state.deleted.items()},
        shells=_read_shells(root),
    )


def _read_home(account: LocalAccount, owners: dict[str, int | None], homes: Homes) -> LocalAccount:
    """Return an account with its keys. ``owners`` are those of the home directories of the list."""
    try:
        owner = owners[account.home] if account.home in owners else homes.find_owner(account.home)
    except WaldurError:
        # The old home of a person who left, or who gets another one, must not stop the run.
        owner = None
    key_file = homes.read_keys(account)
    return replace(account, keys=key_file.lines, are_keys_valid=key_file.is_valid, has_home=owner == account.uid)


def _read_shells(root: RootFolder) -> frozenset[str]:
    text = root.read_text("/etc/shells")
    if text is None:
        return _DEFAULT_SHELLS | _NO_LOGIN
    return _NO_LOGIN | {line.strip() for line in text.splitlines() if line.startswith("/")}


def _check_other_lists(others: dict[str, ManagedState], desired: Desired) -> None:
    for list_name, state in others.items():
        accounts = sorted(state.accounts.keys() & desired.accounts.keys())
        groups = sorted(state.groups.keys() & desired.groups.keys())
        if accounts or groups:
            raise InvalidInput(
                f"list_name: {', '.join([*accounts, *groups][:10])} belong to the list '{list_name}' of this machine."
                " Two lists can't manage the same account or group: correct one of them."
            )
