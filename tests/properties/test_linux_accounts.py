# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the list and the machine are: a second run changes nothing, and nothing of others is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._linux.comparison import compare
from ansible_collections.waldur.provider.plugins.module_utils._linux.model import (
    Access,
    AccountPlan,
    Desired,
    DesiredAccount,
    LocalAccount,
    LocalGroup,
    Machine,
)
from ansible_collections.waldur.provider.plugins.module_utils._linux.tables import Tables
from ansible_collections.waldur.provider.plugins.module_utils._query.linux_uid_map import UidMap

NAMES = ("amy", "bob", "cat", "dan")
GROUP_NAMES = ("climate", "genome", *NAMES)
UIDS = st.integers(20001, 20004)
SHELL = "/bin/bash"


def plan_or_reject(machine: Machine, desired: Desired) -> AccountPlan:
    try:
        return compare(machine, desired)
    except InvalidInput:
        assume(False)
        raise


def apply(machine: Machine, plan: AccountPlan) -> Machine:
    """Return the machine after the plan."""
    accounts, groups = dict(machine.accounts), dict(machine.groups)
    for change in plan.accounts:
        if change.before:
            del accounts[change.before.name]
    for group_change in plan.groups:
        if group_change.before:
            del groups[group_change.before.name]
    accounts |= {change.after.name: change.after for change in plan.accounts if change.after}
    groups |= {change.after.name: change.after for change in plan.groups if change.after}
    homes = {account.home: account.uid for account in accounts.values() if account.has_home}
    return replace(machine, accounts=accounts, groups=groups, managed=plan.managed, homes={**machine.homes, **homes})


@st.composite
def lists(draw: st.DrawFn) -> Desired:
    groups = draw(st.dictionaries(st.sampled_from(("climate", "genome")), st.integers(30001, 30002), max_size=2))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    uids = draw(st.lists(UIDS, min_size=len(names), max_size=len(names), unique=True))
    assume(len(set(groups.values())) == len(groups))
    accounts = {
        name: DesiredAccount(
            name,
            uid,
            name,
            f"/home/{name}",
            SHELL,
            draw(st.sampled_from(["", "x"])),
            draw(st.sampled_from([None, (), ("key1",), ("key2", "key3")])),
            draw(st.frozensets(st.sampled_from(sorted(groups)))) if groups else frozenset(),
            draw(st.sampled_from(["", f"{uid:032d}"])),
        )
        for name, uid in zip(names, uids, strict=True)
    }
    groups |= {name: account.uid for name, account in accounts.items()}
    unusable = draw(st.frozensets(st.sampled_from(NAMES))) - accounts.keys()
    return Desired(
        accounts,
        groups,
        reasons=dict.fromkeys(unusable, "no UID"),
        unusable=unusable,
        is_complete=draw(st.booleans()),
        deletes_departed=draw(st.booleans()),
        max_removals=draw(st.integers(0, 4)),
        adopt=draw(st.frozensets(st.sampled_from(GROUP_NAMES))),
    )


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """A machine with accounts of others, on which some lists were applied, as far as they could be."""
    names = draw(st.lists(st.sampled_from((*NAMES, "admin")), unique=True, max_size=2))
    accounts = {
        name: LocalAccount(
            name, draw(st.one_of(UIDS, st.just(1000))), 100, "", f"/home/{name}", SHELL, draw(st.sampled_from(Access))
        )
        for name in names
    }
    members = st.frozensets(st.sampled_from((*NAMES, "admin")))
    groups = {
        name: LocalGroup(name, draw(st.sampled_from(gids)), draw(members))
        for name, gids in {"climate": (30001, 30003), "sudo": (27, 30002)}.items()
        if draw(st.booleans())
    }
    machine = Machine(accounts, groups, shells=frozenset({SHELL}))
    for desired in draw(st.lists(lists(), max_size=2)):
        machine = _apply_if_valid(machine, desired)
    return machine


def _apply_if_valid(machine: Machine, desired: Desired) -> Machine:
    try:
        return apply(machine, compare(machine, desired))
    except InvalidInput:
        return machine


@given(machines(), lists())
def test_a_second_run_changes_nothing(machine: Machine, desired: Desired) -> None:
    after = apply(machine, plan_or_reject(machine, desired))
    second = compare(after, desired)
    assert (second.accounts, second.groups, second.managed) == ((), (), after.managed)


def check_everybody_in_the_list_can_log_in_with_the_right_number_and_groups(
    machine: Machine, desired: Desired, plan: AccountPlan
) -> None:
    after = apply(machine, plan)
    for account in desired.accounts.values():
        local = after.accounts[account.name]
        assert (local.uid, local.access, local.has_home) == (account.uid, Access.OPEN, True)
        assert after.groups[account.group].gid == local.gid
        assert all(account.name in after.groups[name].members for name in account.groups)
        assert account.keys is None or set(account.keys) <= set(local.keys)


def check_nobody_who_left_keeps_access_unless_the_list_is_incomplete(
    machine: Machine, desired: Desired, plan: AccountPlan
) -> None:
    after = apply(machine, plan)
    for name in plan.managed.accounts.keys() - desired.accounts.keys():
        if desired.is_complete and name not in desired.unusable:
            assert after.accounts[name].access is Access.LOCKED
        elif name in desired.unusable and name in machine.accounts:
            assert after.accounts[name] == machine.accounts[name]


def check_accounts_and_groups_of_others_are_never_changed(
    machine: Machine, desired: Desired, plan: AccountPlan
) -> None:
    managed = machine.managed.accounts.keys() | desired.adopt
    managed_groups = machine.managed.groups.keys() | desired.adopt
    assert {change.before.name for change in plan.accounts if change.before} <= managed
    for change in plan.groups:
        if change.before and change.before.name not in managed_groups:
            # Only the memberships of people whose accounts are renamed or deleted.
            assert change.after is not None
            assert replace(change.after, members=frozenset()) == replace(change.before, members=frozenset())
            assert change.before.members - change.after.members <= managed
        if change.before and change.after:
            assert change.before.gid == change.after.gid


def check_a_number_is_never_changed_nor_given_to_two_accounts(
    machine: Machine, desired: Desired, plan: AccountPlan
) -> None:
    assert all(change.before.uid == change.after.uid for change in plan.accounts if change.before and change.after)
    before = _count_shared(machine.accounts)
    assert _count_shared(apply(machine, plan).accounts) <= before


def _count_shared(accounts: Mapping[str, LocalAccount]) -> int:
    return len(accounts) - len({account.uid for account in accounts.values()})


def check_removals_stay_within_the_limit_and_none_comes_from_an_incomplete_list(
    machine: Machine, desired: Desired, plan: AccountPlan
) -> None:
    removals = [change for change in plan.accounts if change.action in ("lock", "delete")]
    assert len(removals) <= desired.max_removals
    if not desired.is_complete:
        after = apply(machine, plan)
        assert not removals
        renamed = {change.before.name: change.name for change in plan.accounts if change.before and change.after}
        for group in machine.groups.values():
            now = {new.gid: new for new in after.groups.values()}[group.gid]
            assert {renamed.get(name, name) for name in group.members} <= now.members


@given(machines(), lists())
def test_the_files_say_what_the_plan_says(machine: Machine, desired: Desired) -> None:
    """The rows that are written read back as the machine after the plan, and rows of others stay byte by byte."""
    plan = plan_or_reject(machine, desired)
    tables = _make_tables(machine)
    tables.apply(plan, 20000)
    after = apply(machine, plan)
    plain = {name: replace(account, keys=(), has_home=True) for name, account in after.accounts.items()}
    assert tables.read_accounts() == plain
    assert tables.read_groups() == after.groups
    assert tables.gshadow is not None
    assert {name: row[3] for name, row in tables.gshadow.rows.items()} == {
        name: row[3] for name, row in tables.group.rows.items()
    }


def _make_tables(machine: Machine) -> Tables:
    passwd = "".join(f"{a.name}:x:{a.uid}:{a.gid}:{a.comment}:{a.home}:{a.shell}\n" for a in machine.accounts.values())
    fields = {Access.OPEN: ("*", ""), Access.LOCKED: ("!*", "1"), Access.PARTIAL: ("!*", "")}
    shadow = "".join(
        f"{a.name}:{fields[a.access][0]}:1:::::{fields[a.access][1]}:\n" for a in machine.accounts.values()
    )
    group = "".join(f"{g.name}:x:{g.gid}:{','.join(sorted(g.members))}\n" for g in machine.groups.values())
    gshadow = "".join(f"{g.name}:!::{','.join(sorted(g.members))}\n" for g in machine.groups.values())
    return Tables(passwd, shadow, group, gshadow)


@given(machines(), lists())
def test_a_plan_gives_access_to_the_list_takes_it_from_the_departed_and_touches_nobody_else(
    machine: Machine, desired: Desired
) -> None:
    plan = plan_or_reject(machine, desired)
    for check in CHECKS:
        check(machine, desired, plan)


CHECKS = (
    check_everybody_in_the_list_can_log_in_with_the_right_number_and_groups,
    check_nobody_who_left_keeps_access_unless_the_list_is_incomplete,
    check_accounts_and_groups_of_others_are_never_changed,
    check_a_number_is_never_changed_nor_given_to_two_accounts,
    check_removals_stay_within_the_limit_and_none_comes_from_an_incomplete_list,
)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[list[tuple[int, str]], list[int], set[int]]]:
    """Runs, each with the people of that time and their usernames, their projects, and the numbers of Waldur."""
    runs = []
    for _run in range(draw(st.integers(1, 4))):
        people = draw(st.lists(st.integers(0, 5), unique=True))
        names = draw(st.permutations(["amy", "bob", "cat", "dan", "eve", "fay"]))
        projects = draw(st.lists(st.integers(0, 3), unique=True))
        runs.append((list(zip(people, names, strict=False)), projects, draw(st.sets(st.integers(20000, 20030)))))
    return runs


@given(histories(), st.integers(20000, 20005))
def test_a_number_is_never_invented_twice_whoever_leaves_returns_or_is_renamed(
    runs: list[tuple[list[tuple[int, str]], list[int], set[int]]], first_gid: int
) -> None:
    content: dict[str, Any] = {"min_uid": 20000, "max_uid": 20100, "min_gid": first_gid, "max_gid": 20100}
    owners: dict[int, str] = {}
    earlier: set[int] = set()
    for people, projects, taken in runs:
        # The file is read anew by each run, so what a run leaves must be valid.
        numbers = UidMap(content)
        found = {f"project {uuid}": numbers.find_group(f"{uuid:032x}", "Project", taken) for uuid in projects}
        given_out = {owner: group[1] for owner, group in found.items() if group}
        given_out |= {f"user {uuid}": numbers.find_uid(f"{uuid:032x}", name, taken) or 0 for uuid, name in people}
        for owner, number in given_out.items():
            assert owners.setdefault(number, owner) == owner
            # What Waldur gives out later may be the same, but not what it has given out before.
            assert number not in taken or number in earlier
        content, earlier = numbers.content(), set(owners)
