# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of people and projects where Waldur gives none, from a file in version control. Pure.

A number that was given out once stays in the file and is never given to anybody else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._common import uuids
from .._common.errors import InvalidInput, Problems, quote
from .._linux.account_list_validation import find_id_problem, find_name_problem

_RANGES = ("min_uid", "max_uid", "min_gid", "max_gid")
_USER_KEYS: dict[str, Any] = {
    "user": {"type": "str"},
    "username": {"type": "str", "required": True},
    "uid": {"type": "int", "required": True},
}
_GROUP_KEYS: dict[str, Any] = {
    "project": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "gid": {"type": "int", "required": True},
}
UID_MAP_OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {
        **{name: {"type": "int"} for name in _RANGES},
        "users": {"type": "list", "elements": "dict", "options": _USER_KEYS},
        "groups": {"type": "list", "elements": "dict", "options": _GROUP_KEYS},
    },
}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_-]+")
_LONGEST_NAME = 32


class UidMap:
    """The content of the file, and the entries that a run adds."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._ranges = {name: content[name] for name in _RANGES if content.get(name) is not None}
        self._users = [dict(row) for row in content.get("users") or ()]
        self._groups = [dict(row) for row in content.get("groups") or ()]
        self.is_changed = False
        _check(self._ranges, self._users, self._groups)

    def content(self) -> dict[str, Any]:
        """Return what the file has to contain: ranges, and entries by number."""
        return {
            **self._ranges,
            "users": sorted(self._users, key=lambda row: int(row["uid"])),
            "groups": sorted(self._groups, key=lambda row: int(row["gid"])),
        }

    def find_uid(self, user_uuid: str, username: str, taken: Iterable[int]) -> int | None:
        """Return the UID of a person; a new one from the range if there is a range, else None.

        An entry is found by the UUID, or by the username where it has no UUID; then it gets the UUID. ``taken`` are
        numbers that Waldur gave out, to anybody. Raises ``InvalidInput`` where the range is exhausted.
        """
        entry = next((row for row in self._users if uuids.normalize(row.get("user")) == user_uuid), None)
        entry = entry or next((row for row in self._users if not row.get("user") and row["username"] == username), None)
        if entry is None:
            uid = self._next("uid", self._users, taken)
            if uid is None:
                return None
            entry = {"uid": uid}
            self._users.append(entry)
        if (entry.get("user"), entry.get("username")) != (user_uuid, username):
            entry.update(user=user_uuid, username=username)
            self.is_changed = True
        return int(entry["uid"])

    def find_group(self, project_uuid: str, project_name: str, taken: Iterable[int]) -> tuple[str, int] | None:
        """Return name and GID of the group of a project; a new one if there is a range, else None.

        An entry is found by the UUID of the project, or by its name; then it gets the UUID, so that another name of the
        project, or another project of that name, changes nothing. Raises ``InvalidInput`` as ``find_uid``.
        """
        entry = next((row for row in self._groups if uuids.normalize(row["project"]) == project_uuid), None)
        entry = entry or next((row for row in self._groups if row["project"] == project_name), None)
        if entry is None:
            gid = self._next("gid", self._groups, taken)
            if gid is None:
                return None
            entry = {"name": self._make_name(project_name), "gid": gid}
            self._groups.append(entry)
        if uuids.normalize(entry.get("project")) != project_uuid:
            entry["project"] = project_uuid
            self.is_changed = True
        return entry["name"], int(entry["gid"])

    def check_project_names(self, projects: Iterable[tuple[str, str]]) -> None:
        """Raise ``InvalidInput`` where an entry names a project by a name that several of ``projects``, pairs of name
        and UUID, have: people of one would be in the group of the other."""
        counts = Counter(name for name, _uuid in set(projects))
        problems = Problems()
        for index, row in enumerate(self._groups):
            if counts[row["project"]] > 1:
                problems.add(
                    f"uid_map.groups[{index}].project: '{quote(row['project'])}' is the name of"
                    f" {counts[row['project']]} projects: give the UUID of the project."
                )
        problems.raise_errors()

    def _next(self, key: str, entries: Sequence[Mapping[str, Any]], taken: Iterable[int]) -> int | None:
        """Return the number after the highest of the entries in the range that nobody has; None without a range.

        UIDs and GIDs count as one kind of number, as the primary group of a person has the number of the person.
        """
        first, last = self._ranges.get(f"min_{key}"), self._ranges.get(f"max_{key}")
        if first is None or last is None:
            return None
        used = {*taken, *(row["uid"] for row in self._users), *(row["gid"] for row in self._groups)}
        number = max((row[key] for row in entries if first <= row[key] <= last), default=first - 1) + 1
        while number in used or (number <= last and find_id_problem(number)):
            number += 1
        if number > last:
            raise InvalidInput(f"uid_map: the range from min_{key} to max_{key} is exhausted: raise max_{key}.")
        return int(number)

    def _make_name(self, project_name: str) -> str:
        """Return the name of a new group, made of the name of its project."""
        base = _NOT_IN_NAMES.sub("_", project_name.lower()).strip("_-")
        base = base if base[:1].isalpha() else f"p_{base}"
        taken = {row["name"] for row in self._groups} | {row["username"] for row in self._users}
        name, number = base[:_LONGEST_NAME].rstrip("_-"), 2
        while name in taken or find_name_problem(name):
            ending = f"_{number}"
            name, number = base[: _LONGEST_NAME - len(ending)] + ending, number + 1
        return name


def _check(ranges: Mapping[str, int], users: list[dict[str, Any]], groups: list[dict[str, Any]]) -> None:
    problems = Problems()
    for key, number in ranges.items():
        if problem := find_id_problem(number):
            problems.add(f"uid_map.{key}: {number} {problem}.")
    for key in ("uid", "gid"):
        if (f"min_{key}" in ranges) != (f"max_{key}" in ranges):
            problems.add(f"uid_map: min_{key} and max_{key} must be set together.")
        elif ranges.get(f"min_{key}", 0) > ranges.get(f"max_{key}", 0):
            problems.add(f"uid_map: min_{key} must not be greater than max_{key}.")
    _check_entries(problems, "users", users, "username", "uid", lambda row: uuids.normalize(row.get("user")))
    _check_entries(problems, "groups", groups, "name", "gid", lambda row: row["project"])
    problems.raise_errors()


def _check_entries(
    problems: Problems,
    option: str,
    rows: list[dict[str, Any]],
    name: str,
    number: str,
    identify: Callable[[Mapping[str, Any]], Any],
) -> None:
    seen: set[tuple[str, Any]] = set()
    for index, row in enumerate(rows):
        place = f"uid_map.{option}[{index}]"
        if row.get("user") and not uuids.normalize(row["user"]):
            problems.add(f"{place}.user: '{quote(row['user'])}' is not a UUID: give the uuid of the user in Waldur.")
        for key, problem in ((name, find_name_problem(row[name])), (number, find_id_problem(row[number]))):
            if problem:
                problems.add(f"{place}.{key}: '{quote(row[key])}' {problem}.")
        # A username can go to another person, and only an entry without a UUID is found by it.
        unique = (number,) if row.get("user") else (name, number)
        for key, value in (*((key, row[key]) for key in unique), ("object", identify(row))):
            if value is not None and (key, value) in seen:
                problems.add(f"{place}: '{quote(value)}' is in another entry too: each needs an entry of its own.")
            seen.add((key, value))
