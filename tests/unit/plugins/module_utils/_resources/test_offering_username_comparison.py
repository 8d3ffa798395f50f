# SPDX-License-Identifier: GPL-3.0-or-later
"""What the comparison of usernames says beside its changes, without a server: hidden accounts, obstacles, scarce
numbers and generated usernames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison, Subject
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_comparison import (
    compare_entry,
    find_shortages,
    warn_of_policies,
    warn_of_possibly_hidden,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import UsernameEntry
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import (
    OfferingSettings,
    ProviderAccount,
    UsernameState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_writing import UsernameWrite
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_pool_ranges import GID, UID
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_supply import NumberSupplies, Supply

from ...helpers.samples import ALICE, BOB, CAROL, NOBODY, target

# The UUIDs are in another order than the names.
VM, STORAGE, GPU = "11" * 16, "22" * 16, "33" * 16
NAMES = {VM: "VM", STORAGE: "Storage", GPU: "GPU"}
SHARED = OfferingSettings(is_shared=True)


def entry(user: User, username: str = "new") -> UsernameEntry:
    return UsernameEntry(f"usernames[{user.username}]", str(user.username), username)


def state(
    reach: Mapping[User, Iterable[str]], accounts: Mapping[tuple[User, str], str | None] | None = None, **values: Any
) -> UsernameState:
    """Who can access which offerings, and the usernames there."""
    names = {(offering, user.uuid): name for (user, offering), name in (accounts or {}).items()}
    accessible = {user.uuid: set(offerings) for user, offerings in reach.items()}
    return UsernameState(dict(NAMES), names, accessible, **values)


def compare(current: UsernameState, user: User = ALICE, **usernames: str) -> Comparison[UsernameWrite]:
    """Compare the entry of a user; ``usernames`` are the desired ones of further users."""
    people = {"bob": BOB, "carol": CAROL}
    desired = {user.uuid: "new", **{people[name].uuid: username for name, username in usernames.items()}}
    return compare_entry(target(), entry(user), user, current, desired)


# --- accounts that may be hidden -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "hidden"),
    [
        ([(ALICE, VM), (ALICE, STORAGE), (BOB, VM), (BOB, STORAGE), (BOB, GPU)], []),
        ([(ALICE, VM), (ALICE, STORAGE), (BOB, GPU), (BOB, VM)], ["bob in Storage"]),
        ([(ALICE, VM), (BOB, GPU)], ["alice in Storage", "bob in Storage", "bob in VM"]),
        ([], ["alice in Storage", "alice in VM", "bob in GPU", "bob in Storage", "bob in VM"]),
    ],
)
@pytest.mark.parametrize("is_carol_named", [True, False])
def test_the_accounts_that_may_be_hidden_are_named_by_user_and_offering_up_to_five(
    seen: list[tuple[User, str]], hidden: list[str], is_carol_named: bool
) -> None:
    reach = {ALICE: [VM, STORAGE], BOB: [VM, STORAGE, GPU], CAROL: [VM]}
    current = state(reach, dict.fromkeys(seen, "a"), accounts_may_be_hidden=True)
    resolved: list[tuple[UsernameEntry, User | UnresolvedUser]] = [(entry(user), user) for user in (ALICE, BOB)]
    resolved.insert(1, (UsernameEntry("usernames[nobody]", "nobody", "n"), NOBODY))
    if is_carol_named:
        resolved.append((entry(CAROL), CAROL))
        hidden = [*hidden, "carol in VM"]
    shown = ", ".join(hidden[:5]) + (", …" if len(hidden) == 6 else "")
    values = {"provider": "ACME", "reason": message("accounts_hidden")}
    warning = (
        message("account_may_be_hidden", account=shown, **values)
        if len(hidden) == 1
        else message("several_accounts_may_be_hidden", count=len(hidden), accounts=shown, **values)
    )
    assert warn_of_possibly_hidden(target(), resolved, current) == Comparison(warnings=(warning,) if hidden else ())


# --- one entry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reach", [{}, {ALICE: [VM]}])
def test_a_token_that_sees_no_resource_can_not_tell_who_can_access_what(reach: Mapping[User, Iterable[str]]) -> None:
    [error] = compare(state(reach, sees_no_resources=True)).errors
    assert error.startswith(f"usernames[alice]: ACME: {message('resources_hidden')}: ")


def test_a_change_is_about_the_user_and_shows_the_offerings_by_name() -> None:
    change = compare(state({ALICE: [VM, STORAGE, GPU]}, {(ALICE, VM): "old", (ALICE, GPU): "new"})).changes[0]
    assert list((change.before or {}).items()) == [("Storage", None), ("VM", "old")]
    assert list((change.after or {}).items()) == [("Storage", "new"), ("VM", "new")]
    assert change.subject == Subject("usernames[alice]", ALICE.uuid, "alice", "alice@example.org")


UNREADABLE = message("plan_accounts_unreadable", provider="ACME", offerings="GPU, VM")


def test_only_the_offerings_of_the_user_that_are_not_readable_are_named() -> None:
    current = state({ALICE: [VM, GPU, STORAGE], BOB: [STORAGE]}, unreadable_offerings={VM, GPU, "44" * 16})
    assert [change.after for change in compare(current).changes] == [{"Storage": "new"}]
    assert compare(current).warnings == (UNREADABLE,)
    assert compare(current, BOB).warnings == ()


@pytest.mark.parametrize("holder", [None, "holder"])
def test_what_can_not_be_set_or_is_taken_keeps_the_warning_of_what_is_not_readable(holder: str | None) -> None:
    accounts: dict[tuple[User, str], str | None] = {(BOB, VM): "new"} if holder else {}
    settings = None if holder else {STORAGE: SHARED}
    current = state(
        {ALICE: [VM, GPU, STORAGE]}, accounts, unreadable_offerings={VM, GPU}, settings=settings, holder_names={}
    )
    compared = compare(current)
    values = {"option": "usernames[alice].username", "username": "new", "provider": "ACME"}
    reason = {"reason": "", "remedy": message("remedy_other_username")}
    assert compared.errors == (
        message("username_of_another", held=f"{BOB.uuid} in VM", **values, **reason)
        if holder
        else message("username_without_account", user="alice", offerings="Storage", **values),
    )
    assert compared.warnings == (UNREADABLE,)


def test_a_username_that_waldur_did_not_copy_is_an_error_that_names_the_service_provider_account() -> None:
    account = ProviderAccount("0f" * 16, "new")
    current = state({ALICE: [VM, STORAGE]}, {(ALICE, VM): "old", (ALICE, STORAGE): "new"})
    current.provider_accounts = {ALICE.uuid: account}
    current.links = {(offering, ALICE.uuid): account for offering in (VM, STORAGE)}
    values = {"option": "usernames[alice].username", "username": "new", "provider": "ACME", "user": "alice"}
    error = message("username_not_copied", uuid=account.uuid, offering="VM", **values)
    assert compare(current) == Comparison(errors=(error,))


# --- numbers from POSIX ID pools -------------------------------------------------------------------------------------


def shortages(current: UsernameState, *users: User) -> list[str]:
    """The errors for the changes of these users."""
    compared = [compare(current, user) for user in users]
    changes = [change for comparison in compared for change in comparison.changes]
    return list(find_shortages(target(), {user.uuid: entry(user) for user in (*users, CAROL)}, changes, current))


def too_small(pool: str, users: str, missing: int, **values: Any) -> str:
    option = values.pop("option", "usernames[alice].username")
    how = message("pool_too_small_own" if pool == "ACME" else "pool_too_small_offering")
    known = {"span": "5000 to 5009", "free": "none", "end": "max_uid", **values}
    return message("pool_too_small", option=option, pool=pool, users=users, missing=missing, how=how, **known)


def supplied(current: UsernameState, *supplies: Supply) -> UsernameState:
    current.supplies = NumberSupplies({VM: supplies})
    current.names.pop(VM)
    current.account_offerings[VM] = "Cloud"
    return current


OWN, OF_OFFERING = Supply("", UID, (5000, 5009), 0), Supply(VM, GID, (60, 69), 0)


def test_each_pool_that_has_too_few_numbers_is_one_error() -> None:
    current = supplied(state({ALICE: [VM], BOB: [VM]}), OWN, OF_OFFERING)
    gid = {"span": "60 to 69", "end": "max_gid"}
    assert shortages(current, ALICE) == [
        too_small("ACME", "alice needs a UID", 1),
        too_small("Cloud", "alice needs a GID", 1, **gid),
    ]
    assert shortages(current, BOB, ALICE) == [
        too_small("ACME", "2 users need UIDs", 2, option="usernames[bob].username"),
        too_small("Cloud", "2 users need GIDs", 2, option="usernames[bob].username", **gid),
    ]


def test_a_user_without_a_new_account_takes_no_number() -> None:
    assert shortages(supplied(state({ALICE: [STORAGE]}), OWN), ALICE) == []
    assert shortages(supplied(state({ALICE: [VM]}, {(ALICE, VM): "new"}), OWN), ALICE) == []
    held = Supply("", UID, (5000, 5009), 0, frozenset({ALICE.uuid}))
    assert shortages(supplied(state({ALICE: [VM], BOB: [VM]}), held), BOB, ALICE) == [
        too_small("ACME", "bob needs a UID", 1, option="usernames[bob].username")
    ]


def test_a_user_whose_account_is_not_in_the_way_of_one_request_takes_numbers_for_theirs_alone() -> None:
    """A service provider account owns the username in Storage, and that in GPU is right, so only the account in VM is
    renamed by itself."""
    account = ProviderAccount("0f" * 16, "old")
    accounts = {(ALICE, VM): "old", (ALICE, STORAGE): "old", (ALICE, GPU): "new"}
    current = supplied(state({ALICE: [VM, STORAGE, GPU]}, accounts), OWN)
    current.provider_accounts, current.links = {ALICE.uuid: account}, {(STORAGE, ALICE.uuid): account}
    current.supplies = NumberSupplies({STORAGE: (OWN,), GPU: (OWN,)})
    assert shortages(current, ALICE) == []
    current.supplies = NumberSupplies({VM: (OWN,)})
    assert shortages(current, ALICE) == [too_small("ACME", "alice needs a UID", 1)]


def test_a_user_whom_the_options_number_is_counted_beside_those_of_the_entries() -> None:
    held = Supply("", UID, (5000, 5009), 0, frozenset({ALICE.uuid}))
    current = state({ALICE: [VM], BOB: [VM]}, numbered={VM: {CAROL.uuid}})
    assert shortages(supplied(current, OWN), ALICE, BOB) == [too_small("ACME", "3 users need UIDs", 3)]
    # No entry of the document is to blame, so the options are refused elsewhere.
    assert shortages(supplied(state({ALICE: [VM]}, numbered={VM: {CAROL.uuid}}), held), ALICE) == []


# --- usernames that Waldur generates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "shown"),
    [
        ({}, ""),
        ({VM: "service_provider", STORAGE: ""}, ""),
        ({GPU: "full_name"}, ""),
        ({VM: "full_name", STORAGE: "full_name"}, "Storage, VM by the policy full_name"),
        (
            {VM: "full_name", STORAGE: "anonymized"},
            "Storage by the policy anonymized and VM by the policy full_name",
        ),
    ],
)
def test_the_offerings_where_waldur_generates_usernames_are_named_by_policy(
    policies: dict[str, str], shown: str
) -> None:
    settings = {offering: OfferingSettings(policy=policy) for offering, policy in policies.items()}
    current = state({ALICE: [VM], BOB: [STORAGE], CAROL: [GPU]}, settings=settings)
    warning = message("usernames_overwritten", provider="ACME", policies=shown)
    assert warn_of_policies(target(), [ALICE, BOB], current) == Comparison(warnings=(warning,) if shown else ())
