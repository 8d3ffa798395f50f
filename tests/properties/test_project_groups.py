# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever groups and pools there are: a plan that is accepted can be applied, and what comes of it is what was
planned; a second run changes nothing, and neither does an export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import make_connection, run_module
from posix_pools import PROVIDER_POOL

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK

EXAMPLES = settings(max_examples=settings().max_examples // 6, phases=UNSHRUNK)
ALPHA = "Alpha Cloud Ltd"
PROJECTS = ("Project c1", "Project c2", "Project d1")
GIDS = (30001, 30002, 30003, 30004, 40001)
# The names that Waldur would make are among them.
NAMES = ("alpha", "beta", "project--2", "project--3")
HELD_BY_USER = 30004


@dataclass(frozen=True)
class Case:
    """The groups that are there, and those that are desired, by project: the GID and the name."""

    current: dict[str, tuple[int | None, str]]
    desired: dict[str, tuple[int, str | None]]
    allow_outside_range: bool
    has_pool: bool

    @property
    def document(self) -> dict[str, Any]:
        """The entry of the provider."""
        groups = [
            {"project": project, "gid": gid, **({"name": name} if name else {})}
            for project, (gid, name) in self.desired.items()
        ]
        entry = {"customer": ALPHA, "project_groups": groups, "allow_outside_range": self.allow_outside_range}
        # A pool with the group's range may be created together with its groups.
        return entry if self.has_pool else {**entry, "posix_id_pool": {"min_gid": 30000, "max_gid": 30099}}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Groups with and without GIDs; desired ones with or without names, that keep, take, pass on and exchange GIDs."""
    held = draw(st.permutations(GIDS[:3]))
    names = draw(st.permutations(NAMES))
    owners = draw(st.sets(st.sampled_from(PROJECTS)))
    current: dict[str, tuple[int | None, str]] = {}
    for project, gid, name in zip(sorted(owners), held, names, strict=False):
        current[project] = (draw(st.sampled_from([gid, gid, gid, None])), name)
    desired: dict[str, tuple[int, str | None]] = {}
    for project in draw(st.permutations(PROJECTS))[: draw(st.integers(1, 3))]:
        own = current[project][1] if project in current else draw(st.sampled_from(NAMES))
        desired[project] = (draw(st.sampled_from(GIDS)), draw(st.sampled_from([None, None, own])))
    return Case(current, desired, draw(st.booleans()), draw(st.sampled_from([True, True, False])))


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of that edition."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


def build(sim: Simulator, case: Case) -> None:
    """Make the world of a case."""
    sim.reset(frozen=True)
    for project, (gid, name) in case.current.items():
        sim.create("ProjectGroup", service_provider=ALPHA, project=project, name=name, gid=gid)
    if case.has_pool:
        sim.create("PosixPool", uuid=PROVIDER_POOL, service_provider=ALPHA, min_gid=30000, max_gid=30099)
        user = {"consumer_type": "user", "user": "member1", "offering": "Alpha VM"}
        sim.create("PosixIdentity", pool=PROVIDER_POOL, gid=HELD_BY_USER, **user)


def run(sim: Simulator, document: dict[str, Any], *, check: bool) -> dict[str, Any]:
    return run_module(make_connection(sim), "desired_state", {"service_providers": [document]}, check=check, diff=True)


def export(sim: Simulator) -> dict[str, Any]:
    options = {"service_providers": [ALPHA], "parts": ["posix_id_pool", "project_groups"]}
    return run_module(make_connection(sim), "desired_state_info", options)


@given(case=cases())
@EXAMPLES
def test_a_plan_of_groups_is_what_happens(newest: Simulator, case: Case) -> None:
    build(newest, case)
    before = export(newest)
    try:
        plan = run(newest, case.document, check=True)["plan"]
    except InvalidInput:
        assert export(newest) == before
        return
    assert run(newest, case.document, check=False)["plan"] == plan
    assert run(newest, case.document, check=True)["plan"] == []
    exported = export(newest)
    [entry] = exported["service_providers"]
    gids = {one["project"]: one["gid"] for one in entry.get("project_groups", [])}
    assert {project: gids[project] for project in case.desired} == {
        project: gid for project, (gid, _name) in case.desired.items()
    }
    assert run(newest, entry, check=True)["plan"] == []
    assert export(newest) == exported
