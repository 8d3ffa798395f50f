# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare desired with current project groups, and reject what Waldur always rejects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._common import uuids
from .._common.types import Row
from .._plan.changes import Action, Change, ChangeKind, Comparison, Effect, Severity, Stage
from .._references.targets import Target
from .posix_id_pool_ranges import GID, GROUP_GID, format_span
from .project_group_entries import GroupEntry, ProjectGroups
from .project_group_state import GroupState, Project, UnresolvedProject

CREATE = Action("create_group", Stage.GROUP, effect=Effect.CREATE, participle="created", verb="create")
SET_GID = Action(
    "set_gid",
    Stage.GROUP,
    Severity.REPLACEMENT,
    "changed GID",
    "changed GIDs",
    Effect.UPDATE,
    "given other GIDs",
    verb="change",
)
KIND = ChangeKind("project_group", (CREATE, SET_GID), "group of {}", "project groups")


@dataclass(frozen=True)
class GroupWrite:
    """A group as it is to be; ``name`` is empty where Waldur makes one."""

    project_uuid: str
    gid: int
    name: str = ""

    def body(self) -> Row:
        """Return the group as an entry of the request."""
        name = {"name": self.name} if self.name else {}
        return {"project": self.project_uuid, "gid": self.gid, **name}


@dataclass(frozen=True)
class _DesiredGroup:
    """A desired group: its entry, its project, and the row of the current group of that project (None: it has none)."""

    entry: GroupEntry
    project: Project
    row: Row | None

    @property
    def is_change(self) -> bool:
        return self.row is None or self.row.get("gid") != self.entry.gid


def compare_groups(target: Target, desired: ProjectGroups, current: GroupState) -> Comparison[GroupWrite]:
    """Plan a change for each entry whose project has no group, or one with another GID."""
    if current.refusal:
        text = f"{desired.where}: this token can't change the project groups of {target.name}: {current.refusal}"
        return Comparison(errors=(text,))
    errors: list[str] = []
    groups = _resolve(desired.entries, current, errors)
    errors += [text for group in groups.values() for text in _name_problems(target, group, current)]
    changing = {uuid: group for uuid, group in groups.items() if group.is_change}
    errors += _order_problems(target, desired, changing, current)
    for group in changing.values():
        errors += _gid_problems(target, group, changing, desired, current)
    waits = _waiting(changing, current)
    errors += _find_gid_cycles(target, changing, waits)
    if errors:
        return Comparison(errors=tuple(errors))
    return Comparison.of([Comparison(tuple(_changes(target, changing, waits)))])


def _resolve(entries: Sequence[GroupEntry], current: GroupState, errors: list[str]) -> dict[str, _DesiredGroup]:
    """Return the entries by the UUIDs of their projects; add what is wrong with the others to ``errors``."""
    rows = current.by_project()
    groups: dict[str, _DesiredGroup] = {}
    for entry in entries:
        project = current.projects[entry.project]
        if isinstance(project, UnresolvedProject):
            errors.append(f"{entry.option('project')}: {project.reason}")
        elif project.uuid in groups:
            first = groups[project.uuid].entry.option("project")
            errors.append(
                f"{entry.option('project')}: {project.name} duplicates {first}, and a project has one group: keep one"
                " of the two."
            )
        else:
            groups[project.uuid] = _DesiredGroup(entry, project, rows.get(project.uuid))
    return groups


def _name_problems(target: Target, group: _DesiredGroup, current: GroupState) -> Iterator[str]:
    """Yield why the group can't have its name (api-behaviour: project-groups-names)."""
    entry, row = group.entry, group.row
    if not entry.name or (row is not None and row["name"] == entry.name):
        return
    if row is not None:
        yield (
            f"{entry.option('name')}: the group of {group.project.name} at {target.name} has the name '{row['name']}',"
            " and Waldur never changes the name of a group: give that name, or leave it out."
        )
        return
    holder = next((existing for existing in current.rows if existing["name"].lower() == entry.name), None)
    if holder is not None:
        yield (
            f"{entry.option('name')}: '{entry.name}' is already the name of the group of {_project_of(holder)} at"
            f" {target.name}: give another name."
        )


def _project_of(row: Row) -> str:
    return str(row.get("project_name") or "a deleted project")


def _order_problems(
    target: Target, desired: ProjectGroups, changing: Mapping[str, _DesiredGroup], current: GroupState
) -> Iterator[str]:
    """Yield why Waldur would name or number groups by itself before this plan does, in an undefined order
    (api-behaviour: project-groups-background, project-groups-roll-out)."""
    if current.is_switched_on and any(group.row is None for group in changing.values()):
        yield (
            f"{desired.where}: account_options.project_groups_enabled becomes true in the same run, so Waldur would"
            f" create groups of {target.name} with names and GIDs of its own first: create the groups in one run, and"
            " set project_groups_enabled in the next."
        )
    waiting = [row["name"] for row in current.rows if row.get("gid") is None]
    if changing and waiting and current.is_range_changed:
        yield (
            f"{desired.where}: the range of the POSIX ID pool changes in the same run, so Waldur would first give GIDs"
            f" of its own to the groups that wait for one ({', '.join(sorted(waiting))}): change the pool in one run,"
            " and the groups in the next."
        )


def _gid_problems(
    target: Target,
    group: _DesiredGroup,
    changing: Mapping[str, _DesiredGroup],
    desired: ProjectGroups,
    current: GroupState,
) -> Iterator[str]:
    """Yield why the group can't get its GID (api-behaviour: posix-pools-groups)."""
    gid, option = group.entry.gid, group.entry.option("gid")
    holder = next((row for row in current.rows if row.get("gid") == gid), None)
    if holder is not None and (uuids.normalize(holder.get("project_uuid")) or "") not in changing:
        yield (
            f"{option}: {gid} is already the GID of the group '{holder['name']}' of {_project_of(holder)} at"
            f" {target.name}: give another GID."
        )
    elif gid in current.holders:
        yield f"{option}: {gid} is already in use at {target.name} by {current.holders[gid]}: give another GID."
    yield from _range_problems(target, option, gid, desired, current)


def _range_problems(
    target: Target, option: str, gid: int, desired: ProjectGroups, current: GroupState
) -> Iterator[str]:
    if not current.is_pool_visible:
        return
    group_range = current.group_range()
    if current.is_pool_deleted:
        yield f"{option}: posix_id_pool.state: absent deletes the pool that the GIDs of groups come from: keep it."
    elif group_range is None:
        yield (
            f"{option}: {target.name} has no POSIX ID pool with a range of GIDs: create it with"
            " waldur.provider.posix_id_pool first."
        )
    elif not (desired.allow_outside_range or group_range.span[0] <= gid <= group_range.span[1]):
        yield (
            f"{option}: {gid} is outside the {group_range.range.label} range of {target.name}"
            f" ({format_span(group_range.span)}): give a GID in that range, or set allow_outside_range: true."
        )
    for pool in current.other_pools:
        for range_ in (GID, GROUP_GID):
            span = range_.span(pool)
            if span and span[0] <= gid <= span[1]:
                yield (
                    f"{option}: {gid} is in the {range_.label} range ({format_span(span)}) of the pool of the offering"
                    f" {pool.get('offering')}: give another GID."
                )


def _waiting(changing: Mapping[str, _DesiredGroup], current: GroupState) -> dict[str, str]:
    """Return, by the UUID of a project, the UUID of the project whose group must release a GID first."""
    holders = {row["gid"]: uuid for uuid, row in current.by_project().items() if row.get("gid") is not None}
    waits = {uuid: holders.get(group.entry.gid) for uuid, group in changing.items()}
    return {uuid: holder for uuid, holder in waits.items() if holder and holder != uuid and holder in changing}


def _find_gid_cycles(target: Target, changing: Mapping[str, _DesiredGroup], waits: Mapping[str, str]) -> Iterator[str]:
    """Yield an error for each cycle of groups that would exchange their GIDs: Waldur refuses whichever is first."""
    seen: set[str] = set()
    for start in changing:
        path: list[str] = []
        uuid: str | None = start
        while uuid is not None and uuid not in seen:
            seen.add(uuid)
            path.append(uuid)
            uuid = waits.get(uuid)
        if uuid in path:
            cycle = [changing[member] for member in path[path.index(uuid) :]]
            exchanged = ", ".join(f"{group.project.name} {group.entry.gid}" for group in cycle)
            yield (
                f"{cycle[0].entry.option('gid')}: the groups at {target.name} can't swap GIDs in one run ({exchanged}),"
                " because Waldur rejects a GID that is in use: set an unused GID for one of them in one run, and this"
                " one in the next."
            )


def _changes(
    target: Target, changing: Mapping[str, _DesiredGroup], waits: Mapping[str, str]
) -> Iterable[Change[GroupWrite]]:
    """Yield the changes, ranked: a GID is released before another group gets it, and new groups come last, those
    without a name after those with one, as Waldur takes a name for them that is free then."""
    for uuid, group in changing.items():
        entry, row = group.entry, group.row
        write = GroupWrite(uuid, entry.gid, entry.name if row is None else "")
        depth, holder = 0, waits.get(uuid)
        while holder is not None:
            depth, holder = depth + 1, waits.get(holder)
        rank = depth if row is not None else len(changing) + (not entry.name)
        before = None if row is None else {"gid": row.get("gid")}
        name = {"name": entry.name} if row is None and entry.name else {}
        ids = {"customer": target.customer_uuid, "user": None, "role": None, "project": uuid}
        action = CREATE if row is None else SET_GID
        after = {"gid": entry.gid, **name}
        yield Change(target.name, KIND, group.project.name, action, before, after, ids, write, rank=rank)


def result_rows(desired: ProjectGroups, current: GroupState, planned: Sequence[Change[GroupWrite]]) -> list[Row]:
    """Return the groups of the entries, in their order, as ``planned`` changes would make them."""
    rows = current.by_project()
    for change in planned:
        write = change.payload
        row = rows.get(write.project_uuid) or _new_row(change)
        rows[write.project_uuid] = {**row, "gid": write.gid}
    projects = [current.projects[entry.project] for entry in desired.entries]
    return [rows[project.uuid] for project in projects if isinstance(project, Project) and project.uuid in rows]


def _new_row(change: Change[GroupWrite]) -> Row:
    write = change.payload
    name = change.name if change.name != write.project_uuid else None
    return {
        "uuid": None,
        "url": None,
        "name": write.name or None,
        "project_uuid": write.project_uuid,
        "project_name": name,
    }
