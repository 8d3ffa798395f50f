# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which username a user keeps where their accounts in offerings become one (api-behaviour: accounts-conflicts,
accounts-adoption). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._common.errors import InvalidInput
from .._document.fields import EntryReader, ListField, MappingField, ReferenceField, TextField
from .._document.model import UserEntry
from .._references.users import ResolvedUsers, UnresolvedUser

# A message names so many users.
_MOST_NAMED = 10


@dataclass(frozen=True)
class ResolutionEntry(UserEntry):
    """The username that a user keeps."""

    username: str = ""


@dataclass(frozen=True)
class Candidate:
    """A username that a user has in the offerings of these names; ``is_used``: resources are in use there."""

    username: str
    offerings: tuple[str, ...] = ()
    is_used: bool = False


@dataclass(frozen=True)
class Conflict:
    """A user whose accounts have different usernames. ``login`` is the username in Waldur, else the UUID."""

    user_uuid: str
    login: str
    candidates: tuple[Candidate, ...]

    def find(self, username: str) -> str | None:
        """Return the candidate that an entry means, as Waldur spells it; entries are trimmed."""
        names = [candidate.username for candidate in self.candidates]
        return username if username in names else next((name for name in names if name.strip() == username), None)

    def suggest(self) -> str:
        """Return the candidate to suggest: first one in use, then the one in most offerings."""
        return min(self.candidates, key=lambda c: (not c.is_used, -len(c.offerings), c.username)).username

    def describe(self) -> str:
        """Return the user with all candidates, for a message."""
        names = [f"'{c.username}' in {' and '.join(c.offerings) or 'hidden offerings'}" for c in self.candidates]
        return f"{self.login} ({', '.join(names)})"


@dataclass(frozen=True)
class Resolved:
    """The usernames that users in conflict keep, by user UUID, and what is wrong with the entries."""

    usernames: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    missing_users: tuple[str, ...] = ()


def _check_username(where: str, name: str) -> str:
    if not name:
        raise InvalidInput(f"{where}: is empty: give one of the usernames that the user has.")
    return name


_MISSING = "an entry names a user and the username to keep"
_USER = ReferenceField(
    "user",
    "The user: a username, an e-mail address, a UUID or a URL.",
    required=True,
    hint=_MISSING,
    examples=("dave",),
)
_USERNAME = TextField(
    "username",
    "The username to keep, one of those that the user has.",
    required=True,
    hint=_MISSING,
    check=_check_username,
    pattern=r"\S",
    examples=("dave_hpc",),
)


def _read_resolution(entry: EntryReader) -> ResolutionEntry:
    username = entry.get(_USERNAME)
    return ResolutionEntry(entry.where, entry.get(_USER) or "", username or "")


RESOLUTIONS_KEY = "username_resolutions"
RESOLUTIONS = ListField(
    RESOLUTIONS_KEY,
    "Which username each user keeps whose accounts become one, where they differ (Waldur 2026).",
    item=MappingField(
        "", "The username of one user.", fields=(_USER, _USERNAME), build=_read_resolution, identity=("user",)
    ),
    is_common=False,
)


def resolve_conflicts(
    conflicts: Sequence[Conflict],
    entries: Iterable[ResolutionEntry],
    users: ResolvedUsers,
    *,
    missing_users: str,
) -> Resolved:
    """Return which username each user in conflict keeps; entries of users without a conflict have no effect.

    A resolution for such a user would rename them, unchecked (api-behaviour: accounts-adoption).
    """
    by_user = {conflict.user_uuid: conflict for conflict in conflicts}
    usernames: dict[str, str] = {}
    errors, warnings, missing = [], [], []
    for entry in entries if conflicts else ():  # without any, no user was looked up
        user = users[entry.user]
        # A deactivated user keeps their accounts.
        known = user.user if isinstance(user, UnresolvedUser) else user
        if known is None and isinstance(user, UnresolvedUser):
            if missing_users == "warn":
                warnings.append(f"{entry.place} was left out: {user.reason}.")
                missing.append(user.reference)
            else:
                errors.append(f"{entry.option('user')}: {user.reason}: {user.advice}.")
        elif known is not None and (conflict := by_user.get(known.uuid)):
            username = conflict.find(entry.username)
            if username is None:
                errors.append(_not_a_candidate(entry, conflict))
            usernames[known.uuid] = username or ""
    return Resolved(usernames, tuple(errors), tuple(warnings), tuple(missing))


def find_duplicate_entries(entries: Iterable[ResolutionEntry], users: ResolvedUsers) -> tuple[str, ...]:
    """Return an error for each entry about the user of an earlier one, as far as users were looked up."""
    places: dict[str, str] = {}
    errors = []
    for entry in entries:
        user = users.get(entry.user)
        known = user.user if isinstance(user, UnresolvedUser) else user
        if known is not None and known.uuid in places:
            errors.append(f"{entry.place}: {known.shown} duplicates {places[known.uuid]}: keep one of the two.")
        elif known is not None:
            places[known.uuid] = entry.place
    return tuple(errors)


def _not_a_candidate(entry: ResolutionEntry, conflict: Conflict) -> str:
    names = " or ".join(f"'{candidate.username}'" for candidate in conflict.candidates)
    return (
        f"{entry.option('username')}: '{entry.username}' is not a username that {conflict.login} has in an offering:"
        f" give {names}."
    )


def describe_unresolved(option: str, provider: str, conflicts: Sequence[Conflict]) -> str:
    """Return the error for users in conflict that no entry names, with the entries to write."""
    shown = conflicts[:_MOST_NAMED]
    users = "1 user has" if len(conflicts) == 1 else f"{len(conflicts)} users have"
    listed = ", ".join(conflict.describe() for conflict in shown)
    more = len(conflicts) - len(shown)
    others = f", and {more} more, which waldur.provider.username_conflict_info lists" if more else ""
    entries = ", ".join(
        f"{{user: {_quoted(conflict.login)}, username: {_quoted(conflict.suggest())}}}" for conflict in shown
    )
    return (
        f"{option}: Waldur can't share accounts across the offerings of {provider}, because {users} different usernames"
        f" there: {listed}{others}. Set the username that each user keeps, for example {RESOLUTIONS_KEY}: [{entries}]."
    )


def _quoted(text: str) -> str:
    """Return a text as YAML in one line."""
    return json.dumps(text, ensure_ascii=False)
