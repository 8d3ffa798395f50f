# SPDX-License-Identifier: GPL-3.0-or-later
"""A POSIX ID pool that has too few numbers for what a plan would do is one error of the plan, whatever takes them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from messages import mentions, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from simulator_process import Simulator, SimulatorError

from ...helpers.usernames import offering_scope, plan, plan_document, set_options, set_usernames, usernames

NAME = "Alpha Cloud Ltd"
POOL = "70000000000040008000000000000001"
POOLS, IDENTITIES = "GET /api/marketplace-posix-id-pools/", "GET /api/marketplace-posix-identities/"
OPTION = "service_providers[0].offering_usernames[0].username"
RELEASED = {"released_at": "2026-11-22T22:00:00Z"}
M3: list[dict[str, Any]] = [{"user": "member3", "username": "m3"}]


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def sim(newest: Simulator) -> Simulator:
    """The same at its start, with a pool of three UIDs of which one is given to member1."""
    newest.reset(frozen=True)
    newest.clear_faults()
    newest.create("PosixPool", uuid=POOL, service_provider=NAME, min_uid=5000, max_uid=5002, next_uid=5001)
    hold(newest, 5000, "member1")
    return newest


def hold(sim: Simulator, uid: int, user: str, **keys: Any) -> None:
    """Let a user hold a UID of the pool."""
    sim.create("PosixIdentity", pool=POOL, user=user, consumer_type="user", uid=uid, **keys)


def fill(sim: Simulator, count: int = 2) -> None:
    """Let the pool give out so many more numbers."""
    for number, user in zip(range(count), ("member2", "member4"), strict=False):
        hold(sim, 5001 + number, user)
    sim.change("PosixPool", {"uuid": POOL}, {"next_uid": 5001 + count})


def remove(sim: Simulator, *models: str) -> None:
    """Remove the accounts of the user who is to be named, if there are any."""
    for model in models:
        with contextlib.suppress(SimulatorError):
            sim.delete(model, {"user__username": "member3"})


def rejected(sim: Simulator, alias: str = "staff", **keys: Any) -> list[str]:
    """All errors of a plan; nothing was written."""
    with pytest.raises(InvalidInput) as refused:
        plan_document(sim, alias, **keys)
    assert sim.counts().writes == 0
    return refused.value.details.get("errors") or [refused.value.message]


def accept(sim: Simulator, **keys: Any) -> None:
    """Plan and apply a document; a second run changes nothing."""
    asked, planned = plan_document(sim, **keys)
    assert planned.changes
    apply(asked, planned)
    assert plan_document(sim, **keys)[1].changes == ()


def too_small(**values: Any) -> str:
    """The error for the pool of the provider."""
    known = {
        "option": OPTION,
        "users": "member3 needs a UID",
        "pool": NAME,
        "span": "5000 to 5002",
        "free": "none",
        "end": "max_uid",
        "missing": 1,
        "how": message("pool_too_small_own"),
    }
    return message("pool_too_small", **{**known, **values})


# --- usernames -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["staff", "owner"])
@pytest.mark.parametrize("scope", ["offering", "provider"])
def test_a_new_account_that_finds_no_number_left_is_rejected_until_the_pool_is_larger(
    sim: Simulator, scope: str, alias: str
) -> None:
    set_options(sim, account_scope=scope)
    remove(sim, "OfferingUser", "ProviderAccount")
    fill(sim)
    for _run in range(2):
        assert rejected(sim, alias, offering_usernames=M3) == [too_small()]
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5003})
    accept(sim, offering_usernames=M3)


def test_a_single_user_and_an_account_that_has_no_number_yet_are_rejected_too(sim: Simulator) -> None:
    fill(sim)
    with pytest.raises(InvalidInput) as refused:
        plan(sim, ("member3", "m3"), single=True)
    assert refused.value.message == too_small(option="username")


def test_a_document_that_enlarges_the_pool_first_is_applied_and_one_that_does_not_is_rejected(sim: Simulator) -> None:
    fill(sim)
    assert rejected(sim, posix_id_pool={"description": "Cluster"}, offering_usernames=M3) == [too_small()]
    accept(sim, posix_id_pool={"max_uid": 5003}, offering_usernames=M3)


def test_a_pool_that_the_document_creates_must_be_large_enough(sim: Simulator) -> None:
    sim.delete("PosixIdentity", {"uid": 5000})
    sim.delete("PosixPool", {"uuid": POOL})
    entries = [*M3, {"user": "member2", "username": "m2"}]
    ends: dict[str, Any] = {"min_uid": 6000, "max_uid": 6000}
    error = too_small(users="2 users need UIDs", span="6000 to 6000", free=1)
    assert rejected(sim, posix_id_pool=ends, offering_usernames=entries) == [error]
    accept(sim, posix_id_pool={**ends, "max_uid": 6001}, offering_usernames=entries)


def test_users_count_once_and_those_with_a_number_not_at_all(sim: Simulator) -> None:
    fill(sim, 1)
    entries = [*M3, {"user": "member1", "username": "m1"}, {"user": "member2", "username": "m2"}]
    accept(sim, offering_usernames=entries)


def test_gids_are_counted_like_uids_and_project_groups_of_the_document_take_theirs_first(sim: Simulator) -> None:
    sim.change("PosixPool", {"uuid": POOL}, {"min_gid": 7000, "max_gid": 7001, "next_gid": 7000})
    groups = [{"project": "Project c1", "gid": 7000}, {"project": "Project d1", "gid": 7001}]
    error = too_small(users="member3 needs a GID", span="7000 to 7001", end="max_gid")
    assert rejected(sim, project_groups=groups, offering_usernames=M3) == [error]
    accept(sim, project_groups=groups[:1], offering_usernames=M3)


# --- which numbers are left ------------------------------------------------------------------------------------------


def test_a_number_that_was_given_back_is_left_unless_it_is_withheld(sim: Simulator) -> None:
    fill(sim)
    sim.change("PosixIdentity", {"uid": 5002}, {**RELEASED, "recyclable": False})
    assert rejected(sim, offering_usernames=M3) == [too_small()]
    sim.change("PosixIdentity", {"uid": 5002}, {**RELEASED, "recyclable": True})
    accept(sim, offering_usernames=M3)


def test_a_number_that_was_pinned_above_the_mark_is_not_left(sim: Simulator) -> None:
    for uid, user in ((5001, "member2"), (5002, "member4")):
        hold(sim, uid, user)
    assert rejected(sim, offering_usernames=M3) == [too_small()]
    sim.delete("PosixIdentity", {"uid": 5002})
    accept(sim, offering_usernames=M3)


def test_an_offering_counts_with_its_own_pool_and_without_numbers_of_a_pool_not_at_all(sim: Simulator) -> None:
    sim.create("PosixPool", offering="Alpha VM", min_uid=8000, max_uid=8000, next_uid=8001)
    values = {"pool": "Alpha VM", "span": "8000 to 8000", "how": message("pool_too_small_offering")}
    assert rejected(sim, offering_usernames=M3) == [too_small(**values)]
    for options in ({"uid_source": "user_attribute"}, {"enable_posix_account": False}):
        offering_scope(sim, "Alpha VM", "offering")
        assert rejected(sim, offering_usernames=M3) == [too_small(**values)]
        sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": options})
        name = f"m3_{next(iter(options))}"
        accept(sim, offering_usernames=[{"user": "member3", "username": name}])
    assert usernames(sim, "member3")["Alpha VM"] == "m3_enable_posix_account"


# --- account options -------------------------------------------------------------------------------------------------


@pytest.fixture
def generated(sim: Simulator) -> Simulator:
    """The same with accounts whose names and numbers follow the policy of the provider; one number is left."""
    options = {"service_provider_can_create_offering_user": True}
    sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": options})
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5001})
    return sim


def numbered(sim: Simulator) -> int:
    """How many users have accounts at the offering that are numbered, beside the one who has a number."""
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5099})
    _asked, planned = plan_document(sim, account_options={"username_generation_policy": "anonymized"})
    names = [label for change in planned.changes for label in (change.after or {})["usernames"]]
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5001})
    return len(names) - 1


@pytest.mark.parametrize("policy", ["anonymized", "service_provider"])
def test_a_policy_that_numbers_accounts_is_rejected_until_the_pool_has_enough(
    generated: Simulator, policy: str
) -> None:
    count = numbered(generated)
    if policy == "service_provider":
        options = {"account_options": {"username_generation_policy": "waldur_username"}}
        generated.change("ServiceProvider", {"customer__name": NAME}, options)
    keys: dict[str, Any] = {"account_options": {"username_generation_policy": policy}}
    error = too_small(
        option="service_providers[0].account_options.username_generation_policy",
        users=f"{count} users need UIDs",
        span="5000 to 5001",
        free=1,
        missing=count - 1,
    )
    for alias in ("staff", "owner"):
        assert rejected(generated, alias, **keys) == [error]
    enough = {"posix_id_pool": {"max_uid": 5000 + count}}
    accept(generated, **keys, **enough)


def test_the_prefix_of_anonymized_names_is_rejected_likewise_and_names_of_logins_take_no_number(
    generated: Simulator,
) -> None:
    accept(generated, account_options={"username_generation_policy": "waldur_username"})
    generated.change(
        "ServiceProvider",
        {"customer__name": NAME},
        {"account_options": {"username_generation_policy": "anonymized"}},
    )
    (error,) = rejected(generated, account_options={"username_anonymized_prefix": "hpc_"})
    assert error.startswith("service_providers[0].account_options.username_anonymized_prefix: ")
    accept(generated, account_options={"username_anonymized_prefix": "hpc_"}, posix_id_pool={"max_uid": 5099})


def test_usernames_of_the_same_document_find_only_what_the_account_options_leave(generated: Simulator) -> None:
    remove(generated, "OfferingUser")
    generated.change("ServiceProvider", {"customer__name": NAME}, {"account_options": {}})
    count = numbered(generated)
    keys: dict[str, Any] = {
        "account_options": {"username_generation_policy": "anonymized"},
        "offering_usernames": M3,
    }
    (error,) = rejected(generated, posix_id_pool={"max_uid": 5000 + count}, **keys)
    values = {"span": f"5000 to {5000 + count}", "free": count, "users": f"{count + 1} users need UIDs"}
    assert error == too_small(**values)
    accept(generated, posix_id_pool={"max_uid": 5001 + count}, **keys)


@pytest.mark.parametrize("alias", ["manager_alpha", "support_user"])
def test_a_token_that_may_not_change_account_options_is_told_the_right_that_it_lacks(
    sim: Simulator, alias: str
) -> None:
    for options in ({"username_generation_policy": "full_name"}, {"login_shell": "/bin/zsh"}):
        (error,) = rejected(sim, alias, account_options=options)
        option = "service_providers[0].account_options"
        assert re.search(prefix("account_options_not_writable", option=option, provider=NAME), error)
        assert mentions(error, "permission_of_owner")
    sim.change("ServiceProvider", {"customer__name": NAME}, {"account_options": {"login_shell": "/bin/zsh"}})
    assert plan_document(sim, alias, account_options={"login_shell": "/bin/zsh"})[1].changes == ()


# --- requests --------------------------------------------------------------------------------------------------------


def test_pools_are_read_only_where_numbers_may_be_needed_and_identities_only_where_they_may_not_suffice(
    sim: Simulator,
) -> None:
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5099})
    assert plan(sim, ("member3", "m3")).changes
    counts = sim.counts().operations
    assert (counts.get(POOLS), counts.get(IDENTITIES)) == (1, None)
    sim.change("PosixPool", {"uuid": POOL}, {"max_uid": 5001})
    assert plan(sim, ("member3", "m3")).changes
    assert sim.counts().operations.get(IDENTITIES) == 1
    set_usernames(sim, ("member3", "m3"))
    assert plan(sim, ("member3", "m3")).changes == ()
    assert POOLS not in sim.counts().operations
