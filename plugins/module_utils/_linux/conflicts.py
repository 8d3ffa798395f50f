# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what forbids to carry out a list on a machine: names and numbers of other accounts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._common.errors import InvalidInput, Problems
from .home_paths import find_nested
from .model import Access, Desired, DesiredAccount, LocalAccount, Machine, ManagedAccount

_REMEDY = "Change the list or the machine, or name it in the option adopt if the list is to manage it."


def check_conflicts(machine: Machine, desired: Desired, renames: Mapping[str, str], groups: Mapping[str, str]) -> None:
    """Raise ``InvalidInput`` with all conflicts between the list and the machine.

    ``renames`` and ``groups`` are the old names of accounts and of groups that get a new name, by the new one.
    """
    problems = Problems()
    for message in (
        *_find_invalid_lines(machine, desired),
        *_find_group_conflicts(machine, desired, groups),
        *_find_account_conflicts(machine, desired, renames),
    ):
        problems.add(InvalidInput(message))
    problems.raise_errors()


def _find_invalid_lines(machine: Machine, desired: Desired) -> Iterator[str]:
    """Yield the accounts and groups of the list that other programs may read in another way than this one."""
    for path, names in machine.invalid_lines.items():
        listed = desired.groups if path.endswith(("group", "gshadow")) else desired.accounts
        for name in sorted(names & listed.keys()):
            option = "groups" if listed is desired.groups else "accounts"
            checker = "grpck" if listed is desired.groups else "pwck"
            yield (
                f"{option}: {path} has an invalid line of '{name}', or two lines. Correct the file, for example with"
                f" {checker}."
            )


def owns_account(machine: Machine, name: str) -> bool:
    """Return whether the account in the files is the one that the state file notes."""
    noted, local = machine.managed.accounts.get(name), machine.accounts.get(name)
    return noted is not None and local is not None and noted.uid == local.uid


def owns_group(machine: Machine, name: str) -> bool:
    """Return whether the group in the files is the one that the state file notes."""
    local = machine.groups.get(name)
    return local is not None and machine.managed.groups.get(name) == local.gid


def _find_group_conflicts(machine: Machine, desired: Desired, renames: Mapping[str, str]) -> Iterator[str]:
    names = {group.gid: group.name for group in machine.groups.values()}
    for name, gid in desired.groups.items():
        local, old = machine.groups.get(name), renames.get(name)
        if local is not None and local.gid != gid and owns_group(machine, name):
            yield (
                f"groups: '{name}' has GID {local.gid} on this machine and {gid} in the list. Change it with groupmod"
                " -g, and the group of its files, or correct the list."
            )
            continue
        if local is not None and not owns_group(machine, name):
            if name not in desired.adopt:
                yield f"groups: '{name}' is a group of this machine that the list does not manage. {_REMEDY}"
            elif local.gid != gid:
                yield f"groups: '{name}' can't be adopted: it has GID {local.gid} here and {gid} in the list."
        if names.get(gid, name) not in (name, old):
            yield f"groups: GID {gid} of '{name}' belongs to the group '{names[gid]}' of this machine. {_REMEDY}"
        if local is None and name in machine.foreign.groups:
            yield f"groups: '{name}' is a group of another source than /etc/group, such as LDAP or SSSD."
        if gid not in names and gid in machine.foreign.gids:
            yield (
                f"groups: GID {gid} of '{name}' belongs to '{machine.foreign.gids[gid]}' of another source than"
                " /etc/group, such as LDAP or SSSD."
            )


def _find_account_conflicts(machine: Machine, desired: Desired, renames: Mapping[str, str]) -> Iterator[str]:
    names: dict[int, list[str]] = {}
    for local in machine.accounts.values():
        names.setdefault(local.uid, []).append(local.name)
    for account in desired.accounts.values():
        current = machine.accounts.get(account.name)
        yield from _find_own_conflicts(machine, desired, account, current)
        for owner in names.get(account.uid, ()):
            if owner not in (account.name, renames.get(account.name)):
                yield (
                    f"accounts: UID {account.uid} of '{account.name}' belongs to the account '{owner}' of this machine."
                    f" {_describe_owner(machine, owner)}"
                )
        if account.uid not in names:
            yield from _find_past_owner(machine, desired, account)
        yield from _find_resource_conflicts(machine, account)
    yield from _find_home_conflicts(machine, desired, renames)


def _describe_owner(machine: Machine, owner: str) -> str:
    if owns_account(machine, owner):
        return (
            "The list manages it, for another person or without the user_uuid that identifies one: give each person a"
            " number of their own."
        )
    return "Change the list or the machine."


def _find_own_conflicts(
    machine: Machine, desired: Desired, account: DesiredAccount, local: LocalAccount | None
) -> Iterator[str]:
    """Yield the conflicts with the account of that name in the files, or in other sources where there is none."""
    name = account.name
    if local is None:
        if name in machine.foreign.accounts:
            yield f"accounts: '{name}' is an account of another source than /etc/passwd, such as LDAP or SSSD."
        if account.uid in machine.foreign.uids:
            owner = machine.foreign.uids[account.uid]
            yield (
                f"accounts: UID {account.uid} of '{name}' belongs to '{owner}' of another source than /etc/passwd,"
                " such as LDAP or SSSD."
            )
        return
    noted = machine.managed.accounts.get(name)
    if not owns_account(machine, name) and name not in desired.adopt:
        yield f"accounts: '{name}' is an account of this machine that the list does not manage. {_REMEDY}"
    elif local.uid != account.uid:
        yield (
            f"accounts: '{name}' has UID {local.uid} on this machine and {account.uid} in the list. Change it with"
            " usermod -u, which changes the owner of the files too, or correct the list."
        )
    elif noted and _are_different_people(noted.user_uuid, account.user_uuid):
        yield (
            f"accounts: '{name}' belongs to another person on this machine, as the list gives username and UID to"
            " a new person. Delete the old account and its files, or correct the list."
        )
    if name in machine.unshadowed:
        yield f"accounts: the password of '{name}' is in /etc/passwd. Move it to /etc/shadow with pwconv."


def _is_same_person(first: str, second: str) -> bool:
    return bool(first) and first == second


def _are_different_people(first: str, second: str) -> bool:
    return bool(first and second and first != second)


def _find_past_owner(machine: Machine, desired: Desired, account: DesiredAccount) -> Iterator[str]:
    """Yield the conflict with a deleted account of another person that had the number, and may have left files."""
    for name, noted in {**machine.deleted_by_others, **machine.managed.deleted}.items():
        if noted.uid != account.uid or name in desired.adopt:
            continue
        is_same = (
            noted.user_uuid == account.user_uuid if noted.user_uuid and account.user_uuid else name == account.name
        )
        if not is_same:
            yield (
                f"accounts: UID {account.uid} of '{account.name}' belonged to '{name}', which was deleted and may have"
                f" left files. Remove them, and name '{name}' in the option adopt to give out the number again."
            )


def _find_resource_conflicts(machine: Machine, account: DesiredAccount) -> Iterator[str]:
    """Yield conflicts with the owner of the home directory, and with the shells of the machine."""
    owner = machine.homes.get(account.home)
    if owner not in (None, account.uid):
        yield (
            f"accounts: the home directory {account.home} of '{account.name}' exists and belongs to UID {owner}, not"
            f" {account.uid}."
        )
    local = machine.accounts.get(account.name)
    has_shell = local is not None and local.shell == account.shell and local.access is Access.OPEN
    if account.shell not in machine.shells and not has_shell:
        yield (
            f"accounts: the shell {account.shell} of '{account.name}' is not in /etc/shells of this machine. Install"
            " it, or change the list."
        )


def _find_home_conflicts(machine: Machine, desired: Desired, renames: Mapping[str, str]) -> Iterator[str]:
    """Yield the conflicts with home directories of other accounts: in them, or around them, nobody gets a folder, as
    its owner could change what the other person runs."""
    parents = tuple(f"{parent.rstrip('/')}/" for parent in desired.home_parents)
    homes = [(account.home, account.name) for account in desired.accounts.values()]
    local_homes = [(local.home, local.name) for local in machine.accounts.values() if local.home.startswith(parents)]
    for (home, name), (local_home, owner) in find_nested(homes, local_homes):
        if owner not in (name, renames.get(name)):
            yield (
                f"accounts: the home directory {home} of '{name}' overlaps with {local_home} of the account '{owner}'."
                " Give each account a home directory of its own."
            )


def find_renamed_accounts(machine: Machine, desired: Desired) -> dict[str, str]:
    """Return the old names of accounts that get a new username, by the new one.

    That is a managed account which is not in the list under its old name, and whose number and person are those of a
    name that the machine does not have. A person who is not known could be another one, who must not get the files.
    """
    by_uid: dict[int, list[tuple[str, ManagedAccount]]] = {}
    for name, noted in machine.managed.accounts.items():
        if name not in desired.accounts and owns_account(machine, name):
            by_uid.setdefault(noted.uid, []).append((name, noted))
    renames = {}
    for account in desired.accounts.values():
        if account.name in machine.accounts:
            continue
        for name, noted in by_uid.get(account.uid, ()):
            if _is_same_person(noted.user_uuid, account.user_uuid):
                renames[account.name] = name
    return renames


def find_renamed_groups(machine: Machine, desired: Desired) -> dict[str, str]:
    """Return the old names of groups that get a new name, by the new one; the GID stays."""
    by_gid = {
        gid: name
        for name, gid in machine.managed.groups.items()
        if name not in desired.groups and owns_group(machine, name)
    }
    return {name: by_gid[gid] for name, gid in desired.groups.items() if name not in machine.groups and gid in by_gid}
