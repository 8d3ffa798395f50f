# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The current project groups of a provider, and what limits their GIDs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._common import uuids
from .._common.types import Row
from .posix_id_pool_ranges import GID, GROUP_GID, NumberRange, Span


@dataclass(frozen=True)
class Project:
    """A project, by its UUID; ``name`` is what plans call it."""

    uuid: str
    name: str


@dataclass(frozen=True)
class UnresolvedProject:
    """Why a reference means no project, as a sentence without the place of the reference."""

    reason: str


@dataclass(frozen=True)
class GroupRange:
    """The range of the provider's pool that GIDs of groups come from (api-behaviour: posix-pools-groups)."""

    range: NumberRange
    span: Span


@dataclass
class GroupState:
    """The current groups.

    ``rows`` are all groups of the provider, ``projects`` what each reference means. ``pool`` holds the ranges of the
    provider's pool as they will be when groups are written (None: there is none; ``is_pool_visible`` says whether this
    token would see one), ``other_pools`` are those of its offerings. ``holders`` says who else than a group holds which
    GID. ``is_outside_allowed`` lets GIDs be outside the range, and ``refusal`` says why this token can't write
    groups at all.

    The rest is what the document does beside groups: ``is_switched_on`` says that it lets Waldur create groups by
    itself, ``is_range_changed`` that it changes the ranges of the pool, and ``is_pool_deleted`` that it deletes it.
    """

    rows: list[Row] = field(default_factory=list)
    projects: Mapping[str, Project | UnresolvedProject] = field(default_factory=dict)
    pool: Row | None = None
    other_pools: list[Row] = field(default_factory=list)
    is_pool_visible: bool = True
    refusal: str = ""
    is_pool_deleted: bool = False
    holders: Mapping[int, str] = field(default_factory=dict)
    is_switched_on: bool = False
    is_range_changed: bool = False
    is_outside_allowed: bool = False

    def by_project(self) -> dict[str, Row]:
        """Return the groups by the UUIDs of their projects; those of projects that are gone for good have none."""
        groups = {uuids.normalize(row.get("project_uuid")): row for row in self.rows}
        return {uuid: row for uuid, row in groups.items() if uuid}

    def group_range(self) -> GroupRange | None:
        """Return the range of the provider's pool that groups get their GIDs from; None where it has neither."""
        for range_ in (GROUP_GID, GID):
            span = range_.span(self.pool or {})
            if span:
                return GroupRange(range_, span)
        return None
