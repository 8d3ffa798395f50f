# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever pools, groups and accounts there are on a Waldur of 2026, and whatever a document says of all of them: what
is planned is what happens, nothing fails again and again, and interruptions do no harm."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from in_process import make_connection, run_module
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK

EXAMPLES = settings(max_examples=settings().max_examples // 8, phases=UNSHRUNK)
# Each of them is a run for each write.
FEW = settings(max_examples=settings().max_examples // 50, phases=UNSHRUNK)

ALPHA = "Alpha Cloud Ltd"
POOL, OFFERING_POOL = "70000000000040008000000000000001", "70000000000040008000000000000002"
USERS = ("member1", "member2", "member3", "member4")
OFFERINGS = ("Alpha VM", "Alpha Storage")
PROJECTS = ("Project c1", "Project c2", "Project d1")
FIRST = 5000
World = dict[str, dict[Any, Any]]


@dataclass(frozen=True)
class Case:
    """A pool of ``capacity`` UIDs (None: there is none) that gave out numbers to ``holders``, of which it gave back
    ``released``; the accounts with their usernames, the groups with their GIDs, and the document."""

    capacity: int | None
    has_gids: bool
    holders: tuple[str, ...]
    released: str
    offering_capacity: int | None
    scope: str
    accounts: dict[tuple[str, str], str]
    groups: dict[str, int | None]
    entry: dict[str, Any]


_LARGE_POOL = {"min_uid": FIRST, "max_uid": FIRST + 9, "min_group_gid": 7100, "max_group_gid": 7109}
_PLANNED_POOLS: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from(
    [
        None,
        {"min_uid": FIRST, "max_uid": FIRST + 3},
        {"min_uid": FIRST, "max_uid": FIRST, "description": "Cluster"},
        {"min_uid": FIRST, "max_uid": FIRST + 9, "min_group_gid": 7000, "max_group_gid": 7009},
    ]
)
_POLICIES = st.sampled_from([None, None, None, "anonymized", "waldur_username", "service_provider"])
_GIDS = st.permutations([7000, 7001, 7002, 7100])


@st.composite
def _entries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry that names usernames, and mostly a pool or groups."""
    named = draw(st.lists(st.sampled_from(USERS), min_size=1, max_size=3, unique=True))
    entry: dict[str, Any] = {
        "customer": ALPHA,
        "offering_usernames": [{"user": user, "username": f"{user}_hpc"} for user in named],
    }
    if pool := draw(_PLANNED_POOLS):
        entry["posix_id_pool"] = pool
    projects = draw(st.lists(st.sampled_from(PROJECTS), max_size=2, unique=True))
    if projects:
        pairs = zip(projects, draw(_GIDS), strict=False)
        entry["project_groups"] = [{"project": project, "gid": gid} for project, gid in pairs]
    if policy := draw(_POLICIES):
        entry["account_options"] = {"username_generation_policy": policy}
    return entry


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Pools that are full, almost full or missing, and a document that may enlarge them."""
    capacity = draw(st.sampled_from([2, 1, 4, None]))
    pairs = draw(st.sets(st.sampled_from([(offering, user) for offering in OFFERINGS for user in USERS]), max_size=5))
    groups = draw(st.dictionaries(st.sampled_from(PROJECTS), _GIDS.map(lambda gids: gids[0]), max_size=1))
    return Case(
        capacity,
        draw(st.booleans()),
        tuple(draw(st.permutations(USERS))[: draw(st.integers(0, capacity or 0))]),
        draw(st.sampled_from(["nothing", "recyclable", "withheld"])),
        draw(st.sampled_from([None, None, 1])),
        draw(st.sampled_from(["offering", "provider"])),
        {pair: draw(st.sampled_from(["", f"{pair[1]}_hpc", f"{pair[1]}_old"])) for pair in sorted(pairs)},
        dict(groups),
        draw(_entries()),
    )


@dataclass
class Stage:
    """A simulator of Waldur 2026, brought to what a case says as often as it takes."""

    sim: Simulator
    api: Api

    def set(self, case: Case) -> None:
        """The recorded world with the accounts, pools and groups of ``case`` at the first provider."""
        sim = self.sim
        sim.reset(frozen=True)
        sim.delete("OfferingUser", {"uuid__isnull": False})
        options = {"account_scope": case.scope}
        sim.change("ServiceProvider", {"customer__name": ALPHA}, {"account_options": options})
        for offering in OFFERINGS:
            creatable = {"service_provider_can_create_offering_user": True}
            sim.change("Offering", {"name": offering}, {"plugin_options": creatable})
        owners: dict[str, str] = {}
        for (offering, user), username in case.accounts.items():
            row = {"offering": offering, "user": user, "username": username, "state": "OK"}
            if case.scope == "provider":
                if user not in owners:
                    account = {"service_provider": ALPHA, "user": user, "username": username, "state": "OK"}
                    owners[user] = sim.create("ProviderAccount", **account)
                    row["service_provider_account"] = owners[user]
                else:
                    continue
            sim.create("OfferingUser", **row)
        self._set_pools(case)
        for project, gid in case.groups.items():
            sim.create("ProjectGroup", service_provider=ALPHA, project=project, name=project[-2:], gid=gid)
        sim.zero()

    def _set_pools(self, case: Case) -> None:
        sim = self.sim
        if case.capacity is not None:
            ends = {"min_uid": FIRST, "max_uid": FIRST + case.capacity - 1}
            gids = {"min_gid": 7000, "max_gid": 7009} if case.has_gids else {}
            marks = {"next_uid": FIRST + len(case.holders)}
            sim.create("PosixPool", uuid=POOL, service_provider=ALPHA, **ends, **gids, **marks)
        for number, user in enumerate(case.holders):
            given_back = {"released_at": "2026-11-22T22:00:00Z", "recyclable": case.released == "recyclable"}
            rest = given_back if number == 0 and case.released != "nothing" else {}
            sim.create("PosixIdentity", pool=POOL, user=user, consumer_type="user", uid=FIRST + number, **rest)
        if case.offering_capacity is not None:
            ends = {"min_uid": 9000, "max_uid": 8999 + case.offering_capacity}
            sim.create("PosixPool", uuid=OFFERING_POOL, offering=OFFERINGS[0], **ends)

    def run(self, entry: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        """Return what ``desired_state`` returns for one document."""
        return self.run_module("desired_state", {"service_providers": [entry], "max_renames": 100}, check=check)

    def run_module(self, name: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        """Return what a module returns, in a process that remembers nothing."""
        return run_module(make_connection(self.sim), name, options, check=check, diff=True)

    def look(self) -> World:
        """The usernames, the ranges of pools and the GIDs of groups at the provider."""
        accounts = [row for row in self.api.rows("marketplace-offering-users/") if row["customer_name"] == ALPHA]
        pools = [row for row in self.api.rows("marketplace-posix-id-pools/") if row["service_provider"]]
        groups = self.api.rows("marketplace-service-provider-project-groups/")
        ends = [f"{end}_{kind}" for kind in ("uid", "gid", "group_gid") for end in ("min", "max")]
        return {
            "usernames": {(row["offering_name"], row["user_username"]): row["username"] or "" for row in accounts},
            "pools": {row["customer_name"]: {key: row[key] for key in [*ends, "description"]} for row in pools},
            "groups": {row["project_name"]: row["gid"] for row in groups if row["service_provider_name"] == ALPHA},
        }


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The simulator of these tests; every example begins with a reset."""
    with Simulator.start(edition="2026") as simulator:
        api = Api(simulator)
        yield Stage(simulator, api)
        api.close()
    _context.CLIENTS.clear()


def planned(stage: Stage, case: Case, *, check: bool = False) -> list[dict[str, Any]] | str:
    """The plan of a run, or why it is rejected."""
    try:
        plan: list[dict[str, Any]] = stage.run(case.entry, check=check)["plan"]
    except InvalidInput as error:
        return error.message
    return plan


def expected(before: World, plan: list[dict[str, Any]], after: World) -> World:
    """What the plan makes of the world, but for the names that a policy generates and for accounts that Waldur has yet
    to make."""
    world = {key: dict(value) for key, value in before.items()}
    is_generated = any(change["kind"] == "service_provider" for change in plan)
    world["usernames"] = dict(after["usernames"]) if is_generated else world["usernames"]
    for change in plan:
        if change["kind"] == "posix_id_pool":
            pool = world["pools"].get(ALPHA, {**dict.fromkeys(after["pools"][ALPHA]), "description": ""})
            world["pools"][ALPHA] = {**pool, **change["after"]}
        elif change["kind"] == "project_group":
            world["groups"][change["name"]] = change["after"]["gid"]
        elif change["kind"] == "offering_username":
            pairs = {(offering, change["name"]): name for offering, name in change["after"].items()}
            world["usernames"] |= {pair: name for pair, name in pairs.items() if pair in after["usernames"]}
    return world


@EXAMPLES
@given(case=cases())
def test_what_is_planned_is_what_happens_and_a_plan_that_is_accepted_never_fails(stage: Stage, case: Case) -> None:
    stage.set(case)
    before = stage.look()
    plan = planned(stage, case, check=True)
    assert stage.sim.counts().writes == 0
    assert planned(stage, case) == plan
    if isinstance(plan, str):
        assert (stage.sim.counts().writes, stage.look()) == (0, before)
        return
    after = stage.look()
    assert after == expected(before, plan, after)
    stage.sim.zero()
    assert (stage.run(case.entry)["plan"], stage.sim.counts().writes) == ([], 0)


@FEW
@given(case=cases())
def test_an_export_of_pools_groups_and_usernames_changes_nothing_when_it_is_applied(stage: Stage, case: Case) -> None:
    stage.set(case)
    options = {"service_providers": [ALPHA], "parts": ["posix_id_pool", "project_groups", "offering_usernames"]}
    exports = [stage.run_module("desired_state_info", options) for _number in range(2)]
    assert exports[0] == exports[1]
    (entry,) = exports[0]["service_providers"]
    assert (stage.run(entry)["plan"], stage.sim.counts().writes) == ([], 0)


# Plans that are rejected have no write, so the pool is large enough.
_ACCEPTED = cases().map(lambda case: replace(case, entry={**case.entry, "posix_id_pool": _LARGE_POOL}))


@pytest.mark.parametrize("drop", ["before", "after"])
@FEW
@given(case=_ACCEPTED)
def test_after_an_interruption_at_any_write_another_run_ends_as_without_it(stage: Stage, case: Case, drop: str) -> None:
    stage.set(case)
    try:
        stage.run(case.entry)
    except InvalidInput:
        assume(False)
    number, desired = stage.sim.counts().writes, stage.look()
    assume(number)
    for skipped in itertools.count():
        stage.set(case)
        before = stage.look()
        details: dict[str, Any] = {}
        stage.sim.fault(method="write", skip=skipped, drop=drop)
        try:
            stage.run(case.entry)
        except WaldurError as error:
            # A preview, which is sent like a write, may be lost too.
            details = error.details
        else:
            assert skipped >= number
            stage.sim.clear_faults()
            break
        stage.sim.clear_faults()
        assert details.get("changed") or stage.look() == before
        stage.run(case.entry)
        assert stage.look() == desired
        stage.sim.zero()
        assert (stage.run(case.entry)["plan"], stage.sim.counts().writes) == ([], 0)
