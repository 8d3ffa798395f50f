# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the project groups of a provider, the projects that entries name, and the GIDs that are in use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._api.operations import operation
from .._common import uuids
from .._common.errors import Forbidden, InvalidInput, RouteMissing, make_ambiguity_error, quote, suggest_closest
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.bulk_lists import BulkList
from .._references.targets import Target
from .project_group_entries import GroupEntry, ProjectGroups
from .project_group_state import GroupState, Project, UnresolvedProject

_COLLECTION = "projects"
_GROUP_KINDS = {
    "uuid": FieldType.UUID,
    "name": FieldType.TEXT,
    "gid": FieldType.NUMBER.optional,
    "project_uuid": FieldType.UUID.optional,
    "project_name": FieldType.TEXT.optional,
}
GROUPS_OF_ALL = BulkList("project_groups", "service_provider_uuid")
_IDENTITY_KINDS = {"gid": FieldType.NUMBER.optional, "pool_uuid": FieldType.UUID}


def check_groups(name: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows of groups, as the operation ``name`` returned them, with their keys checked."""
    return check_rows(name, rows, **_GROUP_KINDS)


def read_rows(session: Session, target: Target) -> list[Row]:
    """Return all groups of a provider that the token sees. Raises ``RouteMissing`` on a Waldur before 2026."""
    rows = session.references.bulk_lists.rows(GROUPS_OF_ALL, target)
    if rows is None:
        rows = session.client.rows("project_groups", service_provider_uuid=target.uuid)
    own = [row for row in rows if uuids.normalize(row.get("service_provider_uuid")) == target.uuid]
    return check_groups("project_groups", own)


def read_groups(session: Session, target: Target, desired: ProjectGroups) -> GroupState:
    """Return the current groups, what the entries' projects are, and what limits the GIDs that would change.

    Raises ``InvalidInput`` where this Waldur has no project groups.
    """
    try:
        current = GroupState(read_rows(session, target) if target.uuid else _no_rows(session))
    except RouteMissing:
        raise InvalidInput(f"{desired.where}: project groups require Waldur 2026 or newer: leave it out.") from None
    current.is_outside_allowed = desired.allow_outside_range
    try:
        current.projects = _resolve_projects(session, target, desired.entries, current.rows)
    except Forbidden as error:
        current.refusal = error.message
        return current
    gids = _changed_gids(desired.entries, current)
    if gids and target.uuid:
        current.refusal = _refusal(session, target)
        _read_pools(session, target, current)
        current.holders = _read_holders(session, current, gids)
    return current


def _no_rows(session: Session) -> list[Row]:
    """Return the groups of a provider that is yet to be created. Raises ``RouteMissing`` as reading would."""
    listing = operation("project_groups")
    if session.references.provider_list.edition() < listing.since:
        raise RouteMissing(listing.missing_route, 404)
    return []


def _changed_gids(entries: Iterable[GroupEntry], current: GroupState) -> list[int]:
    """Return the GIDs of the entries whose groups do not have them."""
    rows = current.by_project()
    gids = []
    for entry in entries:
        project = current.projects[entry.project]
        if isinstance(project, Project) and rows.get(project.uuid, {}).get("gid") != entry.gid:
            gids.append(entry.gid)
    return gids


# --- projects --------------------------------------------------------------------------------------------------------


def _resolve_projects(
    session: Session, target: Target, entries: Sequence[GroupEntry], rows: list[Row]
) -> dict[str, Project | UnresolvedProject]:
    """Return what each reference means: first among the projects with a group, then among those that can get one."""
    known = [_project(row, "project_") for row in rows if row.get("project_uuid")]
    projects: dict[str, Project | UnresolvedProject] = {}
    for entry in entries:
        if candidates := _matching(entry.project, known):
            projects[entry.project] = _single(entry, candidates)
    missing = [entry for entry in entries if entry.project not in projects]
    if not missing:
        return projects
    adoptable = _read_adoptable(session, target, missing)
    for entry in missing:
        candidates = _matching(entry.project, adoptable)
        projects[entry.project] = (
            _single(entry, candidates) if candidates else _unlisted(session, target, entry.project, adoptable)
        )
    return projects


def _project(row: Row, prefix: str = "") -> Project:
    uuid = uuids.normalize(row[f"{prefix}uuid"]) or ""
    return Project(uuid, row.get(f"{prefix}name") or uuid)


def _uuid_of(reference: str) -> str | None:
    return uuids.normalize(reference) or uuids.from_url(reference, _COLLECTION)


def _matching(reference: str, projects: Iterable[Project]) -> list[Project]:
    uuid = _uuid_of(reference)
    return [project for project in projects if (project.uuid == uuid if uuid else project.name == reference)]


def _single(entry: GroupEntry, candidates: Sequence[Project]) -> Project | UnresolvedProject:
    if len(candidates) == 1:
        return candidates[0]
    named = [(project.name, project.uuid) for project in candidates]
    error = make_ambiguity_error("", entry.project, _COLLECTION, named)
    return UnresolvedProject(error.message.removeprefix(": "))


def _read_adoptable(session: Session, target: Target, entries: Sequence[GroupEntry]) -> list[Project]:
    """Return the projects with a resource or an order at the provider; if a single name is missing, only those that
    may have it (api-behaviour: project-groups-adoptable)."""
    if target.uuid is None:
        return []
    names = {entry.project for entry in entries}
    single = next(iter(names)) if len(names) == 1 else ""
    query: dict[str, Any] = {"query": single} if single and not _uuid_of(single) else {}
    rows = session.client.rows("adoptable_projects", service_provider_uuid=target.uuid, **query)
    rows = check_rows("adoptable_projects", rows, uuid=FieldType.UUID, name=FieldType.TEXT.optional)
    return [_project(row) for row in rows]


def _unlisted(
    session: Session, target: Target, reference: str, adoptable: Iterable[Project]
) -> Project | UnresolvedProject:
    """Return the project that staff gives by its UUID, which only Waldur can look up, or why there is none."""
    uuid = _uuid_of(reference)
    if uuid and session.references.current_user.is_staff():
        return Project(uuid, uuid)
    text = (
        f"'{quote(reference)}' is no project with a resource or an order at {target.name}: give the exact name or the"
        " UUID of one, or use a staff token and the UUID of any project."
    )
    return UnresolvedProject(text + suggest_closest(reference, [project.name for project in adoptable]))


# --- GIDs ------------------------------------------------------------------------------------------------------------


def _read_pools(session: Session, target: Target, current: GroupState) -> None:
    rows = session.references.posix_id_pools.read(target)
    current.pool = next((row for row in rows if uuids.normalize(row.get("service_provider")) == target.uuid), None)
    current.other_pools = [row for row in rows if row.get("offering")]
    current.is_pool_visible = current.pool is not None or not current.refusal


def _refusal(session: Session, target: Target) -> str:
    """Return why Waldur lets the token write no groups, as it decides it for the projects that can get one; empty where
    it lets it: then it sees pools too (api-behaviour: project-groups-rights, posix-pools-rights)."""
    if session.references.current_user.is_staff():
        return ""
    try:
        session.client.rows("adoptable_projects", limit=1, service_provider_uuid=target.uuid)
    except Forbidden as error:
        return error.message
    return ""


def _read_holders(session: Session, current: GroupState, gids: Sequence[int]) -> dict[int, str]:
    """Return the holders of those GIDs that no group of the provider has, by GID; one request for each pool."""
    span: dict[str, Any] = {"gid_min": min(gids), "gid_max": max(gids), "is_released": False}
    own = {row.get("gid") for row in current.rows}
    remaining_gids = set(gids) - own
    holders: dict[int, str] = {}
    for pool in (current.pool, *current.other_pools):
        if pool is not None and remaining_gids:
            rows = session.client.rows("posix_identities", pool_uuid=uuids.normalize(pool["uuid"]), **span)
            for row in check_rows("posix_identities", rows, **_IDENTITY_KINDS):
                if row["gid"] in remaining_gids and not row.get("released_at"):
                    holders[row["gid"]] = _holder(row)
    return holders


def _holder(row: Row) -> str:
    if row.get("user_username"):
        return f"the user {row['user_username']}"
    return f"'{row.get('consumer_name') or 'an object without a name'}'"
