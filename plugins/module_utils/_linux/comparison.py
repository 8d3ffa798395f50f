# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the list with the state of a machine. Pure: the one place that decides what a run changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from .._common.errors import InvalidInput
from .conflicts import check_conflicts, find_renamed_accounts, find_renamed_groups, owns_account, owns_group
from .model import (
    Access,
    AccountChange,
    AccountPlan,
    Desired,
    DesiredAccount,
    GroupChange,
    LocalAccount,
    LocalGroup,
    Machine,
    ManagedAccount,
    ManagedState,
)

KEYS_HEADER = "# Managed by waldur.provider.linux_accounts. Changes are lost."
_MOST_NAMED = 10


def compare(machine: Machine, desired: Desired) -> AccountPlan:
    """Return what a run changes on the machine.

    Raises ``InvalidInput`` before anything is changed: for names and numbers that belong to another account, and
    where more accounts would be removed than ``max_removals`` allows.
    """
    renames, renamed_groups = find_renamed_accounts(machine, desired), find_renamed_groups(machine, desired)
    check_conflicts(machine, desired, renames, renamed_groups)
    comparison = _Comparison(machine, desired, renames, renamed_groups)
    changes = (*comparison.compare_active(), *comparison.compare_departed())
    _check_limit(changes, desired)
    return AccountPlan(
        changes,
        tuple(comparison.compare_groups()),
        comparison.make_state(),
        comparison.kept,
        comparison.unusable,
        comparison.lost,
        comparison.unknown,
    )


def _check_limit(changes: tuple[AccountChange, ...], desired: Desired) -> None:
    names = [change.name for change in changes if change.action in ("lock", "delete")]
    if len(names) <= desired.max_removals:
        return
    hidden = len(names) - _MOST_NAMED
    shown = ", ".join(sorted(names)[:_MOST_NAMED]) + (f" and {hidden} more" if hidden > 0 else "")
    raise InvalidInput(
        f"max_removals: the run would remove {len(names)} accounts, and {desired.max_removals} are allowed: {shown}."
        " Nothing was changed. Check the list, or raise max_removals."
    )


@dataclass(frozen=True)
class _Comparison:
    """One comparison; ``renames`` and ``renamed_groups`` are old names by new ones."""

    machine: Machine
    desired: Desired
    renames: Mapping[str, str]
    renamed_groups: Mapping[str, str]

    def compare_active(self) -> Iterator[AccountChange]:
        """Yield the changes of the accounts in the list."""
        for account in self.desired.accounts.values():
            before = self.machine.accounts.get(self.renames.get(account.name, account.name))
            after = self._make_active(account, before)
            if before is None:
                yield AccountChange("create", None, after)
            elif after != before:
                yield AccountChange(_name_change(before, after), before, after)

    def _make_active(self, account: DesiredAccount, before: LocalAccount | None) -> LocalAccount:
        return LocalAccount(
            account.name,
            account.uid,
            self.desired.groups[account.group],
            account.comment,
            account.home,
            account.shell,
            Access.OPEN,
            self._make_keys(account.keys, before.keys if before else ()),
            before.are_keys_valid if before and account.keys is None else True,
        )

    def _make_keys(self, keys: tuple[str, ...] | None, before: tuple[str, ...]) -> tuple[str, ...]:
        if keys is None:
            return before
        if not self.desired.is_complete:
            keys = tuple(sorted({*keys, *(line for line in before if line != KEYS_HEADER)}))
        return (KEYS_HEADER, *keys)

    @cached_property
    def _new_names(self) -> dict[str, str]:
        """The new usernames of renamed accounts, by the old ones."""
        return {old: new for new, old in self.renames.items()}

    @cached_property
    def _managed_names(self) -> set[str]:
        """The accounts whose memberships in managed groups the list decides."""
        return {*self.machine.managed.accounts, *self.desired.accounts} - {*self.lost, *self.desired.unusable}

    @cached_property
    def _departed(self) -> list[LocalAccount]:
        """The managed accounts that are not in the list any more, or not active there."""
        return [
            self.machine.accounts[name]
            for name in self.machine.managed.accounts
            if name not in self.desired.accounts and name not in self._new_names and owns_account(self.machine, name)
        ]

    @property
    def kept(self) -> tuple[str, ...]:
        """The departed accounts that stay, as the list is not complete."""
        if self.desired.is_complete:
            return ()
        names = (account.name for account in self._departed if account.access is not Access.LOCKED)
        return tuple(name for name in names if name not in self.desired.unusable)

    @property
    def unusable(self) -> tuple[str, ...]:
        """The accounts that stay as they are, as their people have access but the accounts in the list can't be
        used."""
        return tuple(account.name for account in self._departed if account.name in self.desired.unusable)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names to adopt that are not in the list and were never managed, such as misspelled ones."""
        managed = self.machine.managed
        known = {*self.desired.accounts, *self.desired.groups, *self.desired.reasons}
        known |= {*managed.accounts, *managed.groups, *managed.deleted, *self.machine.deleted_by_others}
        return tuple(sorted(self.desired.adopt - known))

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """The managed accounts that another program deleted or gave another number, and that are not in the list."""
        return tuple(
            name
            for name in self.machine.managed.accounts
            if name not in self.desired.accounts and not owns_account(self.machine, name)
        )

    def compare_departed(self) -> Iterator[AccountChange]:
        """Yield the changes that take the access from people who are not in the list; none if it is not complete."""
        for account in self._departed if self.desired.is_complete else ():
            if account.name in self.desired.unusable:
                continue
            if self.desired.deletes_departed:
                yield AccountChange("delete", account, None)
                continue
            after = self._make_locked(account)
            if after != account:
                yield AccountChange("lock" if account.access is not Access.LOCKED else "change", account, after)

    def _make_locked(self, account: LocalAccount) -> LocalAccount:
        """Return an account after its person left: without keys, where the list decided them."""
        has_keys = self.machine.managed.accounts[account.name].has_keys and account.keys not in ((), (KEYS_HEADER,))
        if not has_keys:
            return replace(account, access=Access.LOCKED)
        return replace(account, access=Access.LOCKED, keys=(KEYS_HEADER,), are_keys_valid=True)

    def compare_groups(self) -> Iterator[GroupChange]:
        """Yield the changes of groups, and of the members of managed groups."""
        members: dict[str, set[str]] = {name: set() for name in self.desired.groups}
        for account in self.desired.accounts.values():
            for name in account.groups:
                members[name].add(account.name)
        for name, gid in self.desired.groups.items():
            before = self.machine.groups.get(self.renamed_groups.get(name, name))
            after = LocalGroup(name, gid, self._make_members(before, members[name]))
            if before is None:
                yield GroupChange("create", None, after)
            elif after != before:
                yield GroupChange("change", before, after)
        yield from self._compare_former_groups()

    def _compare_former_groups(self) -> Iterator[GroupChange]:
        """Yield the changes of groups that are not in the list: managed ones lose the people of the list, and all
        groups have renamed members under their new names and deleted ones no more."""
        deleted = {change.name for change in self.compare_departed() if change.action == "delete"}
        used = self._used_gids(deleted)
        for before in self.machine.groups.values():
            if before.name in self.desired.groups or before.name in self.renamed_groups.values():
                continue
            is_managed = owns_group(self.machine, before.name)
            if is_managed:
                members = self._make_members(before, set())
            else:
                members = frozenset(self._new_names.get(name, name) for name in before.members - deleted)
            if self._is_deletable(before.name) and not members and before.gid not in used:
                yield GroupChange("delete", before, None)
            elif members != before.members:
                yield GroupChange("change", before, replace(before, members=members))

    def _is_deletable(self, name: str) -> bool:
        """Return whether a group that is not in the list may be deleted once nobody needs it."""
        return self.desired.deletes_departed and self.desired.is_complete and owns_group(self.machine, name)

    def _used_gids(self, deleted: set[str]) -> set[int]:
        """Return the primary groups of the accounts afterwards."""
        gids = {account.gid for name, account in self.machine.accounts.items() if name not in deleted}
        return gids | {self.desired.groups[account.group] for account in self.desired.accounts.values()}

    def _make_members(self, before: LocalGroup | None, members: set[str]) -> frozenset[str]:
        """Return the members of a managed group: ``members`` of the list, and those that the list does not manage."""
        current = before.members if before else frozenset()
        kept = set(current - self._managed_names)
        if not self.desired.is_complete:
            kept = {self._new_names.get(name, name) for name in current}
        return frozenset(kept | members)

    def make_state(self) -> ManagedState:
        """Return the state file after the run."""
        accounts = dict(self.machine.managed.accounts)
        groups = {name: gid for name, gid in self.machine.managed.groups.items() if owns_group(self.machine, name)}
        deleted = dict(self.machine.managed.deleted)
        for old in (*self.renames.values(), *self.lost):
            del accounts[old]
        for old in self.renamed_groups.values():
            del groups[old]
        for change in self.compare_departed():
            if change.action == "delete":
                deleted[change.name] = accounts.pop(change.name)
        for group_change in self._compare_former_groups():
            if group_change.action == "delete":
                del groups[group_change.name]
        for account in self.desired.accounts.values():
            noted = self.machine.managed.accounts.get(self.renames.get(account.name, account.name))
            person = account.user_uuid or (noted.user_uuid if noted else "")
            has_keys = account.keys is not None or (noted is not None and noted.has_keys)
            accounts[account.name] = ManagedAccount(account.uid, person, has_keys)
        uids = {account.uid for account in self.desired.accounts.values()}
        deleted = {name: noted for name, noted in deleted.items() if noted.uid not in uids}
        return ManagedState(accounts, {**groups, **self.desired.groups}, deleted)


def _name_change(before: LocalAccount, after: LocalAccount) -> str:
    if before.name != after.name:
        return "rename"
    return "unlock" if before.access is Access.LOCKED else "change"
