# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The POSIX groups of projects at a provider, and their GIDs (api-behaviour: project-groups)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._common import uuids
from .._common.errors import (
    ErrorResponse,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    WaldurError,
    combine_errors,
    recheck_outcome,
)
from .._common.types import Row
from .._context import Session
from .._document.exported import Entry, Exported, Note, exported_list, project_reference
from .._document.fields import EntryReader
from .._document.model import ProviderDocument, ReadImage
from .._plan.changes import Change, Comparison
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .account_options import PROJECT_GROUPS_SWITCH
from .base import ModuleOptions, Resource, ResourceTask, TypedTask
from .posix_id_pool import Pool
from .project_group_comparison import KIND, GroupWrite, compare_groups, result_rows
from .project_group_entries import (
    GROUPS,
    GROUPS_KEY,
    LARGEST_GID,
    OUTSIDE_RANGE,
    SMALLEST_GID,
    STATE,
    ProjectGroups,
    describe_deletion,
    find_duplicates,
    is_valid_name,
)
from .project_group_reading import GROUPS_OF_ALL, check_groups, read_groups, read_rows
from .project_group_state import GroupState
from .service_provider_profile import Profile

_REFUSED = 400
_SINCE = 2026
# What a task calls the list.
_OPTION = "groups"
# Where Waldur says which entry of a request it refuses (api-behaviour: project-groups-import).
_REFUSED_ENTRY = re.compile(r"\bgroups: (\d+): ")
_GROUPS = replace(GROUPS, name=_OPTION, required=True)
_OUTSIDE_RANGE = replace(OUTSIDE_RANGE, needs=GROUPS_KEY)


class ProjectGroup(Resource[ProjectGroups, GroupState, GroupWrite]):
    """The POSIX groups of projects at a provider."""

    kind = KIND
    desired_type = ProjectGroups
    fields = (GROUPS, _OUTSIDE_RANGE)
    module = ModuleOptions((_GROUPS, OUTSIDE_RANGE, STATE))
    result_key = GROUPS_KEY
    operations = ("customer", "project_groups", "adoptable_projects", "posix_identities", "import_project_groups")
    export_part = GROUPS_KEY

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> ProjectGroups | None:
        """Return the desired groups."""
        groups, is_allowed = entry.get(GROUPS), entry.get(_OUTSIDE_RANGE)
        if is_allowed and GROUPS not in entry:
            entry.add_conflict(
                f"{entry.option(_OUTSIDE_RANGE.name)}: requires {GROUPS_KEY}, and has no effect without."
            )
        if groups is None:
            return None
        for problem in find_duplicates(groups):
            entry.add_conflict(problem)
        return ProjectGroups(groups, bool(is_allowed), entry.option(GROUPS_KEY))

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> ProjectGroups:
        """Return the desired groups of a task."""
        if options.get(STATE.name) == "absent":
            raise InvalidInput(describe_deletion(STATE.name))
        groups = _GROUPS.read(_OPTION, options[_OPTION])
        if problems := list(find_duplicates(groups)):
            raise combine_errors(problems)
        return ProjectGroups(groups, options[OUTSIDE_RANGE.name], _OPTION)

    def read(self, session: Session, target: Target, desired: ProjectGroups) -> GroupState:
        """Read all groups of the provider, and only where a GID would change the pools and who has which GID."""
        return read_groups(session, target, desired)

    def read_task(self, session: Session, document: ProviderDocument, target: Target) -> ResourceTask | None:
        """Read the current state, and what the document changes before it changes groups."""
        task = super().read_task(session, document, target)
        if isinstance(task, TypedTask):
            _predict(task.current, document, target)
        return task

    def users(self, desired: ProjectGroups, current: GroupState) -> tuple[Iterable[str], Iterable[str]]:
        """Return no users: groups do not refer to users."""
        return (), ()

    def compare(
        self, session: Session, target: Target, desired: ProjectGroups, current: GroupState, users: ResolvedUsers
    ) -> Comparison[GroupWrite]:
        """Plan a change for each entry whose project has no group, or one with another GID."""
        return compare_groups(target, desired, current)

    def batches(self, changes: Sequence[Change[GroupWrite]]) -> list[tuple[Change[GroupWrite], ...]]:
        """Return all changes as one batch."""
        return [tuple(changes)] if changes else []

    def write(self, session: Session, target: Target, current: GroupState, change: Change[GroupWrite]) -> None:
        """Create a group, or change its GID."""
        self.write_batch(session, target, current, (change,))

    def write_batch(
        self, session: Session, target: Target, current: GroupState, changes: Sequence[Change[GroupWrite]]
    ) -> None:
        """Create groups and change GIDs by one request, all or none (api-behaviour: project-groups-import)."""
        body = {
            "service_provider": target.uuid,
            "groups": [change.payload.body() for change in changes],
            "allow_outside_range": current.is_outside_allowed,
        }
        try:
            rows = check_groups("import_project_groups", session.client.write_rows("import_project_groups", body=body))
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _recheck(session, target, changes)) from None
        except ErrorResponse as error:
            raise _refusal(error, changes) from None
        _check_applied(rows, changes)
        new = {row["uuid"] for row in rows}
        current.rows = [*(row for row in current.rows if row["uuid"] not in new), *rows]

    def verify(self, session: Session, target: Target, desired: ProjectGroups, current: GroupState) -> GroupState:
        """Return the state from the response, which ``write_batch`` has verified."""
        return current

    def result(
        self,
        desired: ProjectGroups,
        current: GroupState,
        users: ResolvedUsers,
        planned: Sequence[Change[GroupWrite]],
        *,
        done: bool,
    ) -> list[Row]:
        """Return the groups of the entries, as they are or as they would be."""
        return result_rows(desired, current, () if done else planned)

    def prefetch(self, session: Session, targets: Sequence[Target], *, is_export: bool = False) -> None:
        """Read the groups of all service providers, where that takes fewer requests."""
        session.references.bulk_lists.prefetch(GROUPS_OF_ALL, targets)

    def export(self, session: Session, target: Target) -> Exported:
        """Export the groups that have a GID and whose project exists; nothing on a Waldur without groups."""
        if session.references.provider_list.edition() < _SINCE:
            return Exported()
        rows = read_rows(session, target)
        if not rows and _may_miss_groups(session, target):
            return Exported(notes=(Note(GROUPS_KEY, None, f"{target.name}: {_INVISIBLE}"),))
        return exported_list(GROUPS_KEY, [_in_document(target, row, rows) for row in rows])


_INVISIBLE = (
    "its project groups are not visible to this token: this needs a staff or support token, the role CUSTOMER.OWNER on"
    " the provider's customer, or the role CUSTOMER.MANAGER on the service provider."
)


def _predict(current: GroupState, document: ProviderDocument, target: Target) -> None:
    """Add to the current state what the document changes before groups: the pool, and the switch of groups."""
    pool, profile = document.get(Pool), document.get(Profile)
    if pool is not None:
        before = current.pool or {}
        ranges = {key: value for key, value in pool.fields.items() if key.startswith(("min_", "max_"))}
        current.is_range_changed = any(before.get(key) != value for key, value in ranges.items())
        current.is_pool_deleted = pool.state == "absent"
        current.pool = {**before, **ranges}
    if profile is not None:
        stored = (target.row or {}).get("account_options") or {}
        desired = profile.account_options.options.get(PROJECT_GROUPS_SWITCH)
        current.is_switched_on = desired is True and stored.get(PROJECT_GROUPS_SWITCH) is not True


def _may_miss_groups(session: Session, target: Target) -> bool:
    """Return whether the token sees too little of the provider's customer to see groups
    (api-behaviour: project-groups-rights)."""
    if session.references.current_user.sees_all_users():
        return False
    try:
        session.client.get("customer", target.customer_uuid, field=["uuid"])
    except NotFound:
        return True
    return False


def _in_document(target: Target, row: Row, rows: Sequence[Row]) -> Entry | Note:
    """Return the group as an entry that changes nothing, or a note why there is none."""
    name, gid = row["name"], row.get("gid")
    if not row.get("project_uuid"):
        reason = "its project was deleted"
    elif gid is None:
        reason = "it has no GID yet"
    elif not SMALLEST_GID <= gid <= LARGEST_GID or not is_valid_name(name):
        reason = f"a document can't contain its name or its GID ({gid})"
    else:
        return {"project": project_reference(row, rows), "gid": gid, "name": name}
    return Note(GROUPS_KEY, name, f"{target.name}: the project group {name} was left out, as {reason}.")


# --- write -----------------------------------------------------------------------------------------------------------


def _state_of(rows: Iterable[Row]) -> dict[str | None, Row]:
    return {uuids.normalize(row.get("project_uuid")): row for row in rows}


def _is_applied(row: Row | None, write: GroupWrite) -> bool:
    return row is not None and row.get("gid") == write.gid and (not write.name or row["name"] == write.name)


def _check_applied(rows: Sequence[Row], changes: Sequence[Change[GroupWrite]]) -> None:
    """Raise ``WaldurError`` for the first group that the response does not show as it was sent."""
    groups = _state_of(rows)
    for place, change in enumerate(changes):
        row = groups.get(change.payload.project_uuid)
        if not _is_applied(row, change.payload):
            shown = f"the name '{row['name']}' and the GID {row.get('gid')}" if row else "no group"
            raise WaldurError(
                f"Waldur accepted the request but did not apply it: the response shows {shown}. Another user may have"
                " created the group meanwhile: run again.",
                took_effect=None,
                failed_place=place,
            )


def _refusal(error: ErrorResponse, changes: Sequence[Change[GroupWrite]]) -> ErrorResponse:
    """Return the error for a request that Waldur refused, with the place of the entry that it names."""
    entry = _REFUSED_ENTRY.search(error.message) if error.status == _REFUSED else None
    if entry and int(entry[1]) < len(changes):
        error.details["failed_place"] = int(entry[1])
        error.message = error.message.replace(entry[0], "", 1)
    return error


def _recheck(session: Session, target: Target, changes: Sequence[Change[GroupWrite]]) -> tuple[bool | None, str]:
    """Check changes whose response was lost: return whether they took effect (None: some), and the current state."""
    groups = _state_of(read_rows(session, target))
    left = [change for change in changes if not _is_applied(groups.get(change.payload.project_uuid), change.payload)]
    if not left:
        return True, "the groups have these GIDs now. Run again."
    names = ", ".join(change.name for change in left)
    return (False if len(left) == len(changes) else None), f"not applied: the groups of {names}. Run again."


RESOURCE = ProjectGroup()
