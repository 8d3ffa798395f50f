# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a document and a task may say of project groups (api-behaviour: project-groups). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .._common.errors import InvalidInput, quote
from .._document.fields import (
    BooleanField,
    ChoiceField,
    EntryReader,
    ListField,
    MappingField,
    NumberField,
    ReferenceField,
    TextField,
)

GROUPS_KEY = "project_groups"
# api-behaviour: project-groups-write, project-groups-names
SMALLEST_GID, LARGEST_GID = 1000, 4294967294
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class GroupEntry:
    """The desired group of one project; ``where`` is its place in a list. Without a ``name``, Waldur makes one."""

    where: str
    project: str
    gid: int
    name: str = ""

    def option(self, name: str) -> str:
        """Return what messages call an option of this entry."""
        return f"{self.where}.{name}"


@dataclass(frozen=True)
class ProjectGroups:
    """The desired groups. ``where`` is what messages call their list."""

    entries: tuple[GroupEntry, ...]
    allow_outside_range: bool = False
    where: str = GROUPS_KEY


def _check_name(where: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{where}: '{quote(name)}' is not a valid group name: start it with a lower-case letter or _, use only"
            " lower-case letters, digits, _ and -, and at most 32 characters."
        )
    return name


def is_valid_name(name: object) -> bool:
    """Return whether an entry can have the name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


_PROJECT = ReferenceField(
    "project",
    "The project: a name, a UUID or a URL.",
    required=True,
    hint="give the name, UUID or URL of a project",
    examples=("climate",),
)
_GID = NumberField(
    "gid",
    "The GID of the group.",
    required=True,
    hint=f"give a number from {SMALLEST_GID} to {LARGEST_GID}",
    smallest=SMALLEST_GID,
    largest=LARGEST_GID,
    examples=(30001,),
)
_GROUP_NAME = TextField(
    "name",
    "The name of a new group. Waldur never changes the name of a group.",
    check=_check_name,
    pattern=rf"^\s*{_NAME.pattern}\s*$",
    examples=("climate",),
)
STATE = ChoiceField(
    "state",
    "Always present: Waldur never deletes a project group.",
    default="present",
    choices=("present", "absent"),
)


def describe_deletion(where: str) -> str:
    """Return why a group can't be deleted."""
    return (
        f"{where}: Waldur never deletes a project group, and a GID that was given out stays reserved: leave the group"
        " out, and it stays as it is."
    )


def _read_group(entry: EntryReader) -> GroupEntry:
    if entry.get(STATE) == "absent":
        entry.add_conflict(describe_deletion(entry.option(STATE.name)))
    return GroupEntry(entry.where, entry.get(_PROJECT) or "", entry.get(_GID) or 0, entry.get(_GROUP_NAME) or "")


GROUP = MappingField(
    "",
    "The POSIX group of one project.",
    fields=(_PROJECT, _GID, _GROUP_NAME, STATE),
    build=_read_group,
    identity=("project",),
)
GROUPS = ListField(GROUPS_KEY, "The POSIX groups of projects at the provider (Waldur 2026).", item=GROUP)
OUTSIDE_RANGE = BooleanField(
    "allow_outside_range",
    "Whether project groups may get GIDs outside the range of the POSIX ID pool.",
    default=False,
)


def find_duplicates(entries: Sequence[GroupEntry]) -> Iterator[str]:
    """Yield an error for each GID and each name that an earlier entry has; upper and lower case are the same."""
    keys: tuple[tuple[str, Callable[[GroupEntry], object]], ...] = (
        ("gid", lambda entry: entry.gid),
        ("name", lambda entry: entry.name),
    )
    for option, read in keys:
        first: dict[object, GroupEntry] = {}
        for entry in entries:
            value = read(entry)
            if value and first.setdefault(value, entry) is not entry:
                yield (
                    f"{entry.option(option)}: '{value}' duplicates {first[value].option(option)}: each group needs its"
                    " own."
                )
