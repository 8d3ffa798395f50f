# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compose the list of accounts for machines from the rows of Waldur. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common import uuids
from .._common.public_keys import parse_authorized_key, to_printable
from .._common.types import Row
from .._linux.account_list_validation import find_home_problem, find_id_problem, find_name_problem, find_path_problem
from .linux_uid_map import UidMap

_USABLE = "OK"
_UNLISTED = (
    "no project known, as Waldur lists no permissions in projects of offerings that are not shared (require_project)"
)
_LONGEST_COMMENT = 100


@dataclass(frozen=True)
class WaldurRows:
    """What was read of a provider; None is a list that the token may not read.

    ``accounts`` are those in the selected offerings, and ``provider_accounts`` those at the provider by UUID.
    ``memberships`` are the project permissions that have not expired, of projects that use these offerings.
    ``project_groups`` is None where this Waldur has none. ``directory`` is the directory, where it was asked for.
    ``numbers`` are all UIDs and GIDs that Waldur gave out, also to people and projects that are not in the list.
    ``unlisted`` are the offerings of whose projects Waldur lists no permissions. ``needs_consent`` tells whether
    accounts need a consent to the terms of their offering.
    """

    accounts: Sequence[Row]
    provider_accounts: Mapping[str, Row] = field(default_factory=dict)
    users: Sequence[Row] | None = None
    keys: Sequence[Row] | None = None
    memberships: Sequence[Row] | None = None
    project_groups: Sequence[Row] | None = None
    directory: Row | None = None
    numbers: Collection[int] = ()
    unlisted: Collection[str] = ()
    needs_consent: bool = False


@dataclass(frozen=True)
class ListSettings:
    """What the options of the module say."""

    home_parents: list[str]
    login_shell: str
    require_project: bool = True
    allowed_key_options: Collection[str] = ()


@dataclass
class AccountList:
    """The list, and what to tell: ``incomplete`` are the reasons why people may be missing in it."""

    accounts: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def compose_list(rows: WaldurRows, settings: ListSettings, uid_map: UidMap | None) -> AccountList:
    """Return the list of accounts and groups. New numbers are added to ``uid_map``. Raises ``InvalidInput``."""
    return _Composer(rows, settings, uid_map).compose()


@dataclass
class _Person:
    """A person with accounts at the provider, and what is known of them.

    A name, if it is clear, is that of a usable account, else of any. ``has_access`` tells that a person who is not
    active has access all the same, so that an account that they have must stay.
    """

    user_uuid: str
    rows: list[Row]
    name: str | None = None
    uid: int | None = None
    gid: int | None = None
    home: str | None = None
    shell: str | None = None
    reason: str = ""
    has_access: bool = False


class _Composer:
    def __init__(self, rows: WaldurRows, settings: ListSettings, uid_map: UidMap | None) -> None:
        self._rows = rows
        self._settings = settings
        self._uid_map = uid_map
        self._list = AccountList()
        self._users = {uuids.normalize(row["uuid"]): row for row in rows.users or ()}
        self._projects: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows.memberships or ():
            user, project = uuids.normalize(row["user_uuid"]) or "", uuids.normalize(row["project_uuid"]) or ""
            self._projects[user][project] = str(row.get("project_name") or project)

    def compose(self) -> AccountList:
        people = self._read_people()
        self._reject_shared_names(people)
        active = [person for person in people if not person.reason]
        # Project groups first: a personal group must not get the number or name of one.
        groups = self._make_project_groups(active)
        self._number_people(active, {gid for gid, _members in groups.values()})
        self._list.groups = [{"name": name, "gid": gid} for name, (gid, _members) in sorted(groups.items())]
        primary = self._make_primary_groups([person for person in active if not person.reason], groups)
        keys = self._collect_keys()
        for person in people:
            self._list.accounts.append(self._make_row(person, primary, groups, keys))
        return self._list

    # --- people -------------------------------------------------------------------------------------------------------

    def _read_people(self) -> list[_Person]:
        by_user: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows.accounts:
            by_user[uuids.normalize(row["user_uuid"]) or ""].append(self._merge_provider_account(row))
        people = [self._read_person(user, rows) for user, rows in by_user.items()]
        return sorted(people, key=lambda person: (person.name or "", person.user_uuid))

    def _merge_provider_account(self, row: Row) -> Row:
        """Return an account with what the account at the provider, which it mirrors, says."""
        owner = self._rows.provider_accounts.get(uuids.normalize(row.get("service_provider_account_uuid")) or "")
        if owner is None:
            return row
        keys = ("username", "uidnumber", "primarygroup", "login_shell", "home_directory")
        return {**row, **{key: owner[key] for key in keys if owner.get(key)}}

    def _read_person(self, user: str, rows: list[Row]) -> _Person:
        usable = [row for row in rows if row.get("username") and _is_usable(row)]
        person = _Person(user, rows)
        source = usable or [row for row in rows if row.get("username")]
        names = _collect(source, "username")
        person.name = names[0] if len(names) == 1 else None
        person.reason = self._find_lost_access(person, rows, usable)
        if not person.reason:
            person.has_access = True
            person.reason = self._find_obstacle(person, usable)
        if len(names) > 1 and not person.reason:
            person.reason = f"different usernames: {', '.join(map(to_printable, names))}"
            self._note_problem(person)
        self._read_numbers(person, source)
        return person

    def _find_lost_access(self, person: _Person, rows: list[Row], usable: list[Row]) -> str:
        """Return why a person has no access, empty if they have."""
        if self._users.get(person.user_uuid, {}).get("is_active") is False:
            return "deactivated"
        if not usable:
            return _describe_unusable(rows)
        is_member = bool(self._projects.get(person.user_uuid))
        if self._settings.require_project and self._rows.memberships is not None and not is_member:
            person.has_access = any(uuids.normalize(row["offering_uuid"]) in self._rows.unlisted for row in usable)
            return _UNLISTED if person.has_access else "no project left"
        return self._find_directory_reason(person)

    def _find_obstacle(self, person: _Person, usable: list[Row]) -> str:
        """Return why a person who has access may not log in, empty if they may."""
        if self._rows.needs_consent and all(map(_lacks_consent, usable)):
            return "no consent to the terms of the offering"
        if person.name and (problem := find_name_problem(person.name)):
            return f"username {problem}"
        return ""

    def _find_directory_reason(self, person: _Person) -> str:
        users = (self._rows.directory or {}).get("users") or ()
        is_disabled = any(row.get("username") == person.name and row.get("disabled") is True for row in users)
        return "disabled in the directory" if is_disabled else ""

    def _read_numbers(self, person: _Person, rows: list[Row]) -> None:
        for key, attribute in (("uidnumber", "uid"), ("primarygroup", "gid")):
            numbers = _collect(rows, key)
            setattr(person, attribute, numbers[0] if len(numbers) == 1 else None)
            if len(numbers) > 1 and not person.reason:
                person.reason = f"different numbers {key}: {', '.join(map(str, numbers))}"
                self._note_problem(person)
        person.shell = next(iter(_collect(rows, "login_shell")), self._settings.login_shell)
        home = f"{self._settings.home_parents[0].rstrip('/')}/{person.name}"
        person.home = next(iter(_collect(rows, "home_directory")), home)

    def _reject_shared_names(self, people: Iterable[_Person]) -> None:
        """Give nobody a username that two people have: it would let one into the account of the other."""
        by_name: dict[str, list[_Person]] = defaultdict(list)
        for person in people:
            if person.name and not person.reason:
                by_name[person.name.casefold()].append(person)
        for sharing in by_name.values():
            for person in sharing if len(sharing) > 1 else ():
                person.reason = f"username of {len(sharing)} people"
                self._note_problem(person)

    def _note_problem(self, person: _Person) -> None:
        """Note that a person can't be in the list though they have access, so that nobody is removed for that."""
        name = self._describe(person)
        self._list.incomplete.append(f"the account of {name} can't be used ({person.reason})")

    def _describe(self, person: _Person) -> str:
        user = self._users.get(person.user_uuid) or person.rows[0]
        return to_printable(user.get("username" if "uuid" in user else "user_username")) or person.user_uuid

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _number_people(self, people: Iterable[_Person], gids: set[int]) -> None:
        """Give each person a UID and a GID: those of Waldur, else those of the map."""
        taken = gids | set(self._rows.numbers)
        for person in people:
            if person.uid is None and self._uid_map and person.name:
                person.uid = self._uid_map.find_uid(person.user_uuid, person.name, taken)
            person.gid = person.gid or person.uid
            person.reason = self._find_number_problem(person)

    def _find_number_problem(self, person: _Person) -> str:
        if person.uid is None:
            return "no UID: Waldur gives none, and uid_map has no entry and no range"
        problems = {
            f"UID {person.uid}": find_id_problem(person.uid),
            f"GID {person.gid}": find_id_problem(person.gid),
            "home directory": find_home_problem(person.home, self._settings.home_parents),
            "login shell": find_path_problem(person.shell),
        }
        return "; ".join(f"{what} {problem}" for what, problem in problems.items() if problem)

    # --- groups -------------------------------------------------------------------------------------------------------

    def _make_project_groups(self, people: list[_Person]) -> dict[str, tuple[int, set[str]]]:
        """Return the groups of projects and roles: GID and members by name."""
        groups: dict[str, tuple[int, set[str]]] = {}
        if self._rows.project_groups is not None:
            for row in self._rows.project_groups:
                self._add_group(groups, row.get("name"), row.get("gid"), row.get("members") or ())
        if self._uid_map is not None and not groups:
            self._add_mapped_groups(groups, people)
        for row in (self._rows.directory or {}).get("groups") or ():
            if row.get("kind") != "personal":
                self._add_group(groups, row.get("name"), row.get("gid"), row.get("members") or ())
        return groups

    def _add_group(self, groups: dict[str, tuple[int, set[str]]], name: Any, gid: Any, members: Iterable[str]) -> None:
        if gid is None:
            self._list.warnings.append(f"The group '{to_printable(name)}' has no GID yet, so it is not in the list.")
        elif problem := find_name_problem(name) or find_id_problem(gid):
            self._list.warnings.append(
                f"The group '{to_printable(name)}' is not in the list: its name or GID {problem}."
            )
        elif name in groups or gid in {number for number, _members in groups.values()}:
            if groups.get(name, (None, set()))[0] == gid:
                groups[name][1].update(members)
            else:
                self._list.warnings.append(f"The group '{name}' is not in the list: another has its name or GID {gid}.")
        else:
            groups[name] = (gid, set(members))

    def _add_mapped_groups(self, groups: dict[str, tuple[int, set[str]]], people: list[_Person]) -> None:
        """Add the groups of the map for the projects of active people."""
        members: dict[tuple[str, str], set[str]] = defaultdict(set)
        for person in people:
            for uuid, name in self._projects.get(person.user_uuid, {}).items():
                members[name, uuid].add(person.name or "")
        if self._uid_map is None:
            return
        self._uid_map.check_project_names(members)
        for (name, uuid), names in sorted(members.items()):
            if group := self._uid_map.find_group(uuid, name, self._rows.numbers):
                self._add_group(groups, *group, names)

    def _make_primary_groups(
        self, people: Iterable[_Person], groups: Mapping[str, tuple[int, set[str]]]
    ) -> dict[str, str]:
        """Return the primary group of each person by UUID: that with the GID, else one of their own."""
        names = {gid: name for name, (gid, _members) in groups.items()}
        primary = {}
        for person in people:
            gid = person.gid or 0
            if gid not in names and (person.name in groups or person.name in names.values()):
                person.reason = "username is the name of a group with another GID"
                self._note_problem(person)
                continue
            if gid not in names:
                names[gid] = person.name or ""
                self._list.groups.append({"name": person.name, "gid": gid})
            primary[person.user_uuid] = names[gid]
        return primary

    # --- keys and rows ------------------------------------------------------------------------------------------------

    def _collect_keys(self) -> dict[str, list[str]] | None:
        """Return the lines of authorized_keys by user; None where the token may not read the keys."""
        if self._rows.keys is None:
            return None
        accounts = {uuids.normalize(row["user_uuid"]) for row in self._rows.accounts}
        keys: dict[str, set[str]] = defaultdict(set)
        for row in self._rows.keys:
            user = uuids.normalize(row["user_uuid"]) or ""
            if user in accounts and (line := self._read_key(user, row)):
                keys[user].add(line)
        return {user: sorted(lines) for user, lines in keys.items()}

    def _read_key(self, user: str, row: Row) -> str:
        name = to_printable(self._users.get(user, {}).get("username")) or user
        label = f"key '{to_printable(row.get('name'))}' of {name}"
        try:
            line, dropped = parse_authorized_key(row.get("public_key"), self._settings.allowed_key_options)
        except ValueError as error:
            self._list.warnings.append(f"The {label} is not in the list: {error}.")
            return ""
        if dropped:
            self._list.warnings.append(
                f"The {label} has options that are not allowed and were dropped: {', '.join(dropped)}."
            )
        return line

    def _find_keys(self, person: _Person, keys: Mapping[str, list[str]] | None) -> list[str] | None:
        """Return the keys of a person; None where they are not known, as Waldur lists those of people with a role in a
        project only (api-behaviour: keys)."""
        if keys is None or (person.user_uuid not in keys and not self._projects.get(person.user_uuid)):
            return None
        return keys.get(person.user_uuid, [])

    def _make_row(
        self,
        person: _Person,
        primary: Mapping[str, str],
        groups: Mapping[str, tuple[int, set[str]]],
        keys: Mapping[str, list[str]] | None,
    ) -> Row:
        is_active = not person.reason
        group = primary.get(person.user_uuid)
        user = self._users.get(person.user_uuid, {})
        comment = user.get("full_name") or person.rows[0].get("user_full_name")
        memberships = [name for name, (_gid, members) in groups.items() if person.name in members and name != group]
        return {
            "name": person.name,
            "uid": person.uid,
            "group": group,
            "home": person.home if person.name else None,
            "shell": person.shell,
            "comment": to_printable(str(comment or "").replace(":", " ").replace(",", " "))[:_LONGEST_COMMENT],
            "ssh_keys": self._find_keys(person, keys) if is_active else None if keys is None else [],
            "groups": sorted(memberships) if is_active else [],
            "active": is_active,
            "has_access": is_active or person.has_access,
            "reason": person.reason,
            "user_uuid": person.user_uuid,
        }


def _lacks_consent(row: Row) -> bool:
    """Return whether Waldur, which enforces consents, hides an account from all but staff and support."""
    return row.get("offering_has_active_tos") is True and row.get("has_consent") is False


def _is_usable(row: Row) -> bool:
    return not _list_unusable_states(row) and not row.get("is_restricted")


def _list_unusable_states(row: Row) -> list[str]:
    """Return the states of an account that give no access; ``runtime_state`` is independent of ``state``
    (api-behaviour: offering-user-states)."""
    states = (row.get("state"), None if row.get("runtime_state") == "Active" else row.get("runtime_state"))
    return [state for state in states if state and state != _USABLE]


def _describe_unusable(rows: Sequence[Row]) -> str:
    if all(row.get("is_restricted") for row in rows):
        return "restricted"
    states = sorted({to_printable(state) for row in rows for state in _list_unusable_states(row)})
    if not any(row.get("username") for row in rows):
        return f"no username (account {', '.join(states)})" if states else "no username"
    return f"account {', '.join(states)}" if states else "restricted or without username in every offering"


def _collect(rows: Iterable[Row], key: str) -> list[Any]:
    """Return the different values of a key, in order, without those that are null or empty."""
    return list(dict.fromkeys(row[key] for row in rows if row.get(key) not in (None, "")))
