# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of a list with a machine: what it changes, what it refuses, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from linux_machine import KEY, OTHER_KEY
from messages import fragment, message, pattern

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._linux.comparison import KEYS_HEADER, compare
from ansible_collections.waldur.provider.plugins.module_utils._linux.model import (
    Access,
    AccountPlan,
    Desired,
    DesiredAccount,
    Foreign,
    LocalAccount,
    LocalGroup,
    Machine,
    ManagedAccount,
    ManagedState,
)

SHELLS = frozenset({"/bin/bash", "/bin/sh"})
ALICE = DesiredAccount(
    "alice", 20001, "alice", "/home/alice", "/bin/bash", "Alice", (KEY,), frozenset({"climate"}), "a" * 32
)
GROUPS = {"alice": 20001, "climate": 30001}
DESIRED = Desired({"alice": ALICE}, GROUPS)
LOCAL_ALICE = LocalAccount("alice", 20001, 20001, "Alice", "/home/alice", "/bin/bash", Access.OPEN, (KEYS_HEADER, KEY))
LOCAL_GROUPS = {
    "alice": LocalGroup("alice", 20001),
    "climate": LocalGroup("climate", 30001, frozenset({"alice", "robot"})),
    "sudo": LocalGroup("sudo", 27, frozenset({"admin"})),
}
STATE = ManagedState({"alice": ManagedAccount(20001, "a" * 32, has_keys=True)}, GROUPS)
ADMIN = LocalAccount("admin", 1000, 1000, "", "/home/admin", "/bin/bash")
MANAGED = Machine(
    {"admin": ADMIN, "alice": LOCAL_ALICE}, LOCAL_GROUPS, STATE, homes={"/home/alice": 20001}, shells=SHELLS
)
EMPTY = Machine({"admin": ADMIN}, {"sudo": LOCAL_GROUPS["sudo"]}, shells=SHELLS)
NOBODY = Desired({}, {"climate": 30001})


def actions(plan: AccountPlan) -> list[tuple[str, str]]:
    changes = [(change.action, change.name) for change in plan.accounts]
    return changes + [(change.action, f"group {change.name}") for change in plan.groups]


def with_alice(**fields: Any) -> Machine:
    return replace(MANAGED, accounts={"admin": ADMIN, "alice": replace(LOCAL_ALICE, **fields)})


def test_a_person_who_is_new_gets_an_account_and_the_groups() -> None:
    plan = compare(EMPTY, DESIRED)
    assert actions(plan) == [("create", "alice"), ("create", "group alice"), ("create", "group climate")]
    assert plan.accounts[0].after == LOCAL_ALICE
    climate = plan.groups[1].after
    assert climate is not None
    assert climate.members == {"alice"}
    assert plan.managed == STATE


def test_a_machine_that_agrees_with_the_list_is_not_changed() -> None:
    plan = compare(MANAGED, DESIRED)
    assert (plan.accounts, plan.groups, plan.managed) == ((), (), STATE)


@pytest.mark.parametrize(
    "fields",
    [
        {"comment": "Somebody"},
        {"shell": "/bin/sh"},
        {"gid": 100},
        {"access": Access.PARTIAL},
        {"keys": ()},
        {"keys": (KEYS_HEADER, OTHER_KEY)},
        {"has_home": False},
        {"are_keys_valid": False},
        {"home": "/home/old"},
    ],
)
def test_each_value_that_differs_is_changed_back(fields: dict[str, Any]) -> None:
    plan = compare(with_alice(**fields), DESIRED)
    assert actions(plan) == [("change", "alice")]
    assert plan.accounts[0].after == LOCAL_ALICE


def test_a_person_who_left_is_locked_and_leaves_the_groups_with_uid_and_home_kept() -> None:
    plan = compare(MANAGED, NOBODY)
    assert actions(plan) == [("lock", "alice"), ("change", "group climate")]
    assert plan.accounts[0].after == replace(LOCAL_ALICE, access=Access.LOCKED, keys=(KEYS_HEADER,))
    climate = plan.groups[0].after
    assert climate is not None
    assert climate.members == {"robot"}
    assert plan.managed == STATE
    locked = replace(with_alice(access=Access.LOCKED, keys=(KEYS_HEADER,)), groups={**LOCAL_GROUPS, "climate": climate})
    assert actions(compare(locked, NOBODY)) == []
    assert actions(compare(locked, DESIRED)) == [("unlock", "alice"), ("change", "group climate")]


def test_keys_that_the_list_never_managed_stay_when_a_person_leaves() -> None:
    managed = replace(STATE, accounts={"alice": ManagedAccount(20001, "a" * 32)})
    after = compare(replace(with_alice(keys=(OTHER_KEY,)), managed=managed), NOBODY).accounts[0].after
    assert after is not None
    assert after.keys == (OTHER_KEY,)


def test_a_file_of_keys_that_is_not_managed_stays_as_it_is() -> None:
    desired = replace(DESIRED, accounts={"alice": replace(ALICE, keys=None)})
    assert actions(compare(with_alice(keys=(OTHER_KEY,)), desired)) == []


def test_deleting_removes_the_account_and_its_unused_group_and_remembers_the_number() -> None:
    plan = compare(MANAGED, replace(NOBODY, deletes_departed=True))
    assert actions(plan) == [("delete", "alice"), ("change", "group climate"), ("delete", "group alice")]
    assert plan.managed == ManagedState({}, {"climate": 30001}, {"alice": STATE.accounts["alice"]})
    plan = compare(replace(MANAGED, accounts={**MANAGED.accounts, "admin": replace(ADMIN, gid=20001)}), NOBODY)
    assert "delete" not in dict(actions(plan))


def test_a_deleted_account_leaves_the_groups_that_nobody_manages() -> None:
    groups = {**LOCAL_GROUPS, "sudo": LocalGroup("sudo", 27, frozenset({"admin", "alice"}))}
    plan = compare(replace(MANAGED, groups=groups), replace(NOBODY, deletes_departed=True))
    sudo = {change.name: change.after for change in plan.groups}["sudo"]
    assert sudo is not None
    assert sudo.members == {"admin"}


def test_an_incomplete_list_takes_nothing_away_and_says_so() -> None:
    plan = compare(MANAGED, replace(NOBODY, is_complete=False, deletes_departed=True, max_removals=0))
    assert (actions(plan), plan.kept, plan.managed) == ([], ("alice",), STATE)
    fewer = replace(ALICE, keys=(), groups=frozenset())
    other = replace(DESIRED, accounts={"alice": fewer}, is_complete=False)
    assert actions(compare(MANAGED, other)) == []
    more = replace(other, accounts={"alice": replace(ALICE, keys=(OTHER_KEY,))})
    [change] = compare(MANAGED, more).accounts
    assert change.after is not None
    assert change.after.keys == (KEYS_HEADER, *sorted((KEY, OTHER_KEY)))


def test_more_removals_than_allowed_are_refused() -> None:
    with pytest.raises(InvalidInput, match=pattern("linux_max_removals", count=1, allowed=0, names="alice")):
        compare(MANAGED, replace(NOBODY, max_removals=0))
    locked = with_alice(access=Access.LOCKED, keys=(KEYS_HEADER,))
    assert compare(locked, replace(NOBODY, max_removals=0)).accounts == ()


def test_a_new_username_of_the_same_person_renames_the_account() -> None:
    new = replace(ALICE, name="alice_hpc", home="/home/alice_hpc", group="alice_hpc")
    desired = Desired({"alice_hpc": new}, {"alice_hpc": 20001, "climate": 30001})
    groups = {**LOCAL_GROUPS, "sudo": LocalGroup("sudo", 27, frozenset({"alice"}))}
    plan = compare(replace(MANAGED, groups=groups), desired)
    assert actions(plan) == [
        ("rename", "alice_hpc"),
        ("change", "group alice_hpc"),
        ("change", "group climate"),
        ("change", "group sudo"),
    ]
    assert set(plan.managed.accounts) == {"alice_hpc"}
    assert set(plan.managed.groups) == {"alice_hpc", "climate"}
    members = {change.name: change.after.members for change in plan.groups if change.after}
    assert members == {"alice_hpc": set(), "climate": {"alice_hpc", "robot"}, "sudo": {"alice_hpc"}}


def conflict(machine: Machine, desired: Desired, key: str, **values: Any) -> None:
    with pytest.raises(InvalidInput, match=fragment(key, **values)):
        compare(machine, desired)


def test_the_number_of_a_managed_account_never_goes_to_another_person() -> None:
    bob = replace(ALICE, name="bob", home="/home/bob", user_uuid="b" * 32)
    # Without the person, it could be another one.
    unknown = replace(DESIRED, accounts={"bob": replace(bob, user_uuid="")})
    conflict(MANAGED, unknown, "linux_uid_of_account", uid=20001, name="bob", owner="alice")
    desired = replace(DESIRED, accounts={"bob": bob})
    conflict(MANAGED, desired, "linux_uid_of_account", uid=20001, name="bob", owner="alice")
    gone = replace(MANAGED, accounts={"admin": ADMIN}, managed=replace(STATE, accounts={}, deleted=STATE.accounts))
    conflict(gone, desired, "linux_uid_of_deleted", uid=20001, name="bob", owner="alice")
    assert actions(compare(gone, replace(desired, adopt=frozenset({"alice"}))))[0] == ("create", "bob")
    assert actions(compare(gone, DESIRED))[0] == ("create", "alice")


def test_a_username_that_went_to_another_person_is_an_error() -> None:
    other = replace(DESIRED, accounts={"alice": replace(ALICE, user_uuid="b" * 32)})
    conflict(MANAGED, other, "linux_other_person", name="alice")


def test_names_and_numbers_of_the_machine_are_errors_unless_they_are_adopted() -> None:
    unmanaged = replace(MANAGED, managed=ManagedState())
    conflict(unmanaged, DESIRED, "linux_account_not_managed", name="alice")
    conflict(unmanaged, DESIRED, "linux_group_not_managed", name="climate")
    adopted = replace(DESIRED, adopt=frozenset({"alice", "climate"}))
    plan = compare(unmanaged, adopted)
    assert (actions(plan), plan.managed) == ([], STATE)
    moved = replace(unmanaged, accounts={"alice": replace(LOCAL_ALICE, uid=20002)})
    conflict(moved, adopted, "linux_uid_differs", name="alice", local=20002, uid=20001)
    groups = {"climate": LocalGroup("climate", 30009)}
    conflict(replace(unmanaged, groups=groups), adopted, "linux_gid_not_adoptable", name="climate")
    taken = replace(EMPTY, accounts={"admin": replace(ADMIN, uid=20001)})
    conflict(taken, DESIRED, "linux_uid_of_account", uid=20001, name="alice", owner="admin")
    taken = replace(EMPTY, groups={"sudo": LocalGroup("sudo", 30001)})
    conflict(taken, DESIRED, "linux_gid_of_group", gid=30001, name="climate", owner="sudo")


def test_a_managed_number_that_differs_is_an_error_that_names_the_program_to_use() -> None:
    other = replace(DESIRED, groups={"alice": 20001, "climate": 30002})
    conflict(MANAGED, other, "linux_gid_differs", name="climate", local=30001, gid=30002)
    conflict(
        MANAGED,
        replace(DESIRED, accounts={"alice": replace(ALICE, uid=20009)}),
        "linux_uid_differs",
        name="alice",
        local=20001,
        uid=20009,
    )


def test_what_other_sources_know_is_an_error() -> None:
    foreign = Foreign({"alice": 7001}, {"climate": 7002}, {20001: "ldapuser"}, {20001: "ldapgroup"})
    with pytest.raises(InvalidInput) as raised:
        compare(replace(EMPTY, foreign=foreign), DESIRED)
    assert raised.value.details["errors"] == [
        message("linux_gid_of_ldap", gid=20001, name="alice", owner="ldapgroup"),
        message("linux_group_of_ldap", name="climate"),
        message("linux_account_of_ldap", name="alice"),
        message("linux_uid_of_ldap", uid=20001, name="alice", owner="ldapuser"),
    ]


def test_an_account_that_another_program_removed_is_created_again_or_forgotten() -> None:
    removed = replace(MANAGED, accounts={"admin": ADMIN})
    assert actions(compare(removed, DESIRED)) == [("create", "alice")]
    plan = compare(removed, NOBODY)
    assert (plan.lost, plan.accounts, plan.managed.accounts) == (("alice",), (), {})
    renumbered = with_alice(uid=4000)
    plan = compare(renumbered, NOBODY)
    assert (plan.lost, plan.accounts) == (("alice",), ())
    conflict(renumbered, DESIRED, "linux_account_not_managed", name="alice")


def test_a_home_directory_of_another_account_an_unknown_shell_and_an_unshadowed_password_are_errors() -> None:
    conflict(
        replace(EMPTY, homes={"/home/alice": 1000}), DESIRED, "linux_home_of_other", home="/home/alice", owner=1000
    )
    shell = replace(DESIRED, accounts={"alice": replace(ALICE, shell="/bin/zsh")})
    conflict(EMPTY, shell, "linux_shell_unknown", shell="/bin/zsh", name="alice")
    conflict(replace(MANAGED, unshadowed=frozenset({"alice"})), DESIRED, "linux_unshadowed", name="alice")
