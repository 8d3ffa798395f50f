# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of project groups, without a server: what is planned in which order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_comparison import (
    compare_groups,
    result_rows,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_entries import (
    GroupEntry,
    ProjectGroups,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_state import GroupState, Project

from ...helpers.samples import CUSTOMER, target

CLIMATE, GENOME, LEGACY = Project("c1" * 16, "Climate"), Project("9e" * 16, "Genome"), Project("1e" * 16, "Legacy")
PHYSICS, AEROSOL = Project("f1" * 16, "Physics"), Project("ae" * 16, "Aerosol")
# Of a project that only Waldur can look up, nothing but the UUID is known.
HIDDEN = Project("1d" * 16, "1d" * 16)
PROJECTS = {project.name: project for project in (CLIMATE, GENOME, LEGACY, PHYSICS, AEROSOL, HIDDEN)}
POOL = {"min_group_gid": 30000, "max_group_gid": 30099}
STORAGE = {"min_gid": 60000, "max_gid": 60009, "min_group_gid": 60020, "max_group_gid": 60029, "offering": "0f" * 16}
FIRST = "groups[0]"


def desired(*groups: tuple[Project, int, str] | tuple[Project, int], **options: Any) -> ProjectGroups:
    """The desired groups, each with its project, its GID and perhaps its name."""
    entries = [
        GroupEntry(f"groups[{number}]", project.name, gid, *name) for number, (project, gid, *name) in enumerate(groups)
    ]
    return ProjectGroups(tuple(entries), where="groups", **options)


def row(project: Project | None, gid: int | None, name: str) -> dict[str, Any]:
    """A group; without a project, that of one that was deleted."""
    keys = {"project_uuid": project.uuid, "project_name": project.name} if project else {"project_uuid": None}
    return {"uuid": f"{gid}", "name": name, "gid": gid, **keys}


def state(*rows: dict[str, Any], **values: Any) -> GroupState:
    """The current groups beside a pool with a range for groups."""
    return GroupState(list(rows), PROJECTS, **{"pool": POOL, **values})


def refused(groups: ProjectGroups, current: GroupState) -> tuple[str, ...]:
    compared = compare_groups(target(), groups, current)
    assert not compared.errors or not compared.changes
    return compared.errors


@pytest.mark.parametrize(("gid", "is_inside"), [(29999, False), (30000, True), (30099, True), (30100, False)])
def test_a_range_includes_its_ends(gid: int, is_inside: bool) -> None:
    values = {"option": f"{FIRST}.gid", "gid": gid, "provider": "ACME", "span": "30000 to 30099"}
    outside = message("group_gid_outside", range="project group GID", **values)
    assert refused(desired((CLIMATE, gid)), state()) == (() if is_inside else (outside,))


@pytest.mark.parametrize(
    ("gid", "label", "span"),
    [
        (59999, "", ""),
        (60000, "GID", "60000 to 60009"),
        (60009, "GID", "60000 to 60009"),
        (60010, "", ""),
        (60019, "", ""),
        (60020, "project group GID", "60020 to 60029"),
        (60029, "project group GID", "60020 to 60029"),
        (60030, "", ""),
    ],
)
def test_both_ranges_of_a_pool_of_an_offering_are_refused_with_their_ends(gid: int, label: str, span: str) -> None:
    values = {"option": f"{FIRST}.gid", "gid": gid, "range": label, "span": span, "offering": STORAGE["offering"]}
    groups, current = desired((CLIMATE, gid), allow_outside_range=True), state(other_pools=[STORAGE])
    assert refused(groups, current) == ((message("group_gid_of_other_pool", **values),) if label else ())


def test_a_group_of_a_deleted_project_keeps_its_name_and_its_gid() -> None:
    values = {"project": "a deleted project", "provider": "ACME"}
    assert refused(desired((CLIMATE, 30001, "old")), state(row(None, 30001, "OLD"))) == (
        message("group_name_taken", option=f"{FIRST}.name", name="old", **values),
        message("group_gid_taken", option=f"{FIRST}.gid", gid=30001, name="OLD", **values),
    )


def test_a_gid_of_a_group_is_free_only_where_the_same_plan_gives_that_group_another() -> None:
    current = state(row(GENOME, 30001, "genome"))
    taken = message(
        "group_gid_taken", option=f"{FIRST}.gid", gid=30001, name="genome", project="Genome", provider="ACME"
    )
    assert refused(desired((CLIMATE, 30001)), current) == (taken,)
    assert refused(desired((CLIMATE, 30001), (GENOME, 30001)), current) == (taken,)
    assert refused(desired((CLIMATE, 30001), (GENOME, 30002)), current) == ()


def test_all_groups_that_wait_for_a_gid_are_named_in_order() -> None:
    rows = [row(LEGACY, None, "legacy"), row(GENOME, None, "genome"), row(PHYSICS, 30009, "physics")]
    first = message("groups_numbered_first", option="groups", names="genome, legacy")
    assert refused(desired((CLIMATE, 30001)), state(*rows, is_range_changed=True)) == (first,)
    assert refused(desired((CLIMATE, 30001)), state(*rows)) == ()
    assert refused(desired((PHYSICS, 30009)), state(*rows, is_range_changed=True)) == ()


def test_only_new_groups_must_come_before_waldur_creates_groups_by_itself() -> None:
    current = state(row(CLIMATE, 30001, "climate"), is_switched_on=True)
    first = message("groups_switched_on_first", option="groups", provider="ACME")
    assert refused(desired((CLIMATE, 30001)), current) == ()
    assert refused(desired((CLIMATE, 30002)), current) == ()
    assert refused(desired((CLIMATE, 30002), (GENOME, 30003)), current) == (first,)


def test_each_cycle_of_groups_that_would_swap_gids_is_one_error() -> None:
    rows = [
        row(project, 30001 + number, f"p{number}") for number, project in enumerate((CLIMATE, GENOME, LEGACY, PHYSICS))
    ]
    swaps = desired((CLIMATE, 30002), (GENOME, 30001), (LEGACY, 30004), (PHYSICS, 30003))
    assert refused(swaps, state(*rows)) == (
        message(
            "group_gids_exchanged", option=f"{FIRST}.gid", provider="ACME", exchanged="Climate 30002, Genome 30001"
        ),
        message(
            "group_gids_exchanged", option="groups[2].gid", provider="ACME", exchanged="Legacy 30004, Physics 30003"
        ),
    )


def test_a_gid_is_released_before_it_is_given_and_groups_without_a_name_come_last() -> None:
    rows = row(CLIMATE, 30001, "climate"), row(GENOME, 30002, "genome"), row(PHYSICS, 30003, "physics")
    new = (AEROSOL, 30005), (LEGACY, 30001, "legacy")
    groups = desired(*new, (CLIMATE, 30002, "climate"), (GENOME, 30003), (PHYSICS, 30004))
    plan = compare_groups(target(), groups, state(*rows)).changes
    assert [(change.name, change.action.name, change.before, change.after) for change in plan] == [
        ("Physics", "set_gid", {"gid": 30003}, {"gid": 30004}),
        ("Genome", "set_gid", {"gid": 30002}, {"gid": 30003}),
        ("Climate", "set_gid", {"gid": 30001}, {"gid": 30002}),
        ("Legacy", "create_group", None, {"gid": 30001, "name": "legacy"}),
        ("Aerosol", "create_group", None, {"gid": 30005}),
    ]
    assert [change.payload.body() for change in plan] == [
        {"project": PHYSICS.uuid, "gid": 30004},
        {"project": GENOME.uuid, "gid": 30003},
        {"project": CLIMATE.uuid, "gid": 30002},
        {"project": LEGACY.uuid, "gid": 30001, "name": "legacy"},
        {"project": AEROSOL.uuid, "gid": 30005},
    ]
    assert {change.service_provider for change in plan} == {"ACME"}
    assert plan[-1].id == {"customer": CUSTOMER, "user": None, "role": None, "project": AEROSOL.uuid}


def test_a_result_shows_the_groups_of_the_entries_as_the_plan_would_make_them() -> None:
    current = state(row(CLIMATE, 30001, "climate"), row(PHYSICS, 30009, "physics"))
    groups = desired((GENOME, 30005, "genome"), (CLIMATE, 30002), (HIDDEN, 30006))
    planned = compare_groups(target(), groups, current).changes
    new = {"uuid": None, "url": None}
    assert result_rows(groups, current, planned) == [
        {**new, "name": "genome", "gid": 30005, "project_uuid": GENOME.uuid, "project_name": "Genome"},
        {**row(CLIMATE, 30001, "climate"), "gid": 30002},
        {**new, "name": None, "gid": 30006, "project_uuid": HIDDEN.uuid, "project_name": None},
    ]
    assert result_rows(groups, current, ()) == [row(CLIMATE, 30001, "climate")]
