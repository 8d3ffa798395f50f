# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve references to users with the fewest requests, and keep the users found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import quote_plus, urlencode

from .._api.operations import operation
from .._common import uuids
from .._common.errors import Forbidden, NotFound, make_ambiguity_error, quote
from .._common.types import Row
from .._http.client import Client
from .._http.pagination import PAGE_SIZE
from .._http.row_checks import FieldType, check_rows
from .cache import Lock, synchronized
from .current_user import CurrentUser

# Up to this many single look-ups never take more requests than asking for the length of the whole list.
_MOST_SINGLE_LOOKUPS = 3
# In bytes of the encoded URL, host and path included. A real server rejected 4.7 kB; 3.1 kB passed.
_LONGEST_URL = 3500
_LARGEST_PAGE_NUMBER = 10**6

_USER_FIELDS = ("uuid", "username", "email", "full_name", "is_active")
_USER_KINDS = {"uuid": FieldType.UUID, "username": FieldType.TEXT.optional, "email": FieldType.TEXT.optional}
_UNSEEN_ADVICE = "give the UUID, use a staff token"


@dataclass(frozen=True)
class User:
    """A user. ``username`` is None where the token may not see it, ``is_active`` where it is not known."""

    uuid: str
    username: str | None = None
    email: str | None = None
    is_active: bool | None = None

    @property
    def shown(self) -> str:
        """The name of the user in plans and messages: the username, else the UUID."""
        return self.username or self.uuid


@dataclass(frozen=True)
class UnresolvedUser:
    """A user that can't be used: unknown to this token, or deactivated. ``advice`` says what to do about it."""

    reference: str
    reason: str
    user: User | None = None
    advice: str = "check it"


ResolvedUsers: TypeAlias = "Mapping[str, User | UnresolvedUser]"


class UserResolver:
    """Finds the users that references mean. Only found users are kept, as long as the connection lives.

    Safe to use from several threads.
    """

    def __init__(self, client: Client, current_user: CurrentUser, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._current_user = current_user
        self._users: dict[str, list[User]] = {}
        self._by_uuid: dict[str, User] = {}
        self._unknown_uuids: set[str] = set()
        # The usernames and e-mail addresses that were not found in this run.
        self._missing: set[str] = set()
        self._has_deactivated = False

    @synchronized
    def start_run(self) -> None:
        """Forget the users that the last run did not find or found deactivated: that may have changed."""
        self._unknown_uuids.clear()
        self._missing.clear()
        if not self._has_deactivated:
            return  # as mostly, and the items of a loop don't go through all users
        self._has_deactivated = False
        self._by_uuid = {uuid: user for uuid, user in self._by_uuid.items() if user.is_active is not False}
        self._users = {
            name: users for name, users in self._users.items() if all(user.is_active is not False for user in users)
        }

    def with_advice(self, users: Mapping[str, User | UnresolvedUser]) -> dict[str, User | UnresolvedUser]:
        """Return ``users`` with advice that fits the token: staff see all users, so no other token helps them."""
        unseen = {
            name for name, user in users.items() if isinstance(user, UnresolvedUser) and user.advice == _UNSEEN_ADVICE
        }
        if not unseen or not self._current_user.is_staff():
            return dict(users)
        return {
            name: replace(user, advice="check the spelling")
            if isinstance(user, UnresolvedUser) and name in unseen
            else user
            for name, user in users.items()
        }

    @synchronized
    def remember(self, rows: Iterable[Row]) -> None:
        """Remember the users in checked rows of grants and project permissions; both list active users only
        (api-behaviour: role-grants-deactivated-users)."""
        for row in rows:
            uuid, username = uuids.normalize(row.get("user_uuid")), row.get("user_username")
            if not uuid or not username:
                continue
            user = self._by_uuid.get(uuid)
            if user is None or user.username != username:
                user = self._by_uuid[uuid] = User(uuid, username, row.get("user_email"), True)
            known = self._users.get(username)
            if known is None or known[0].uuid != uuid:  # another user had that name
                self._users[username] = [user]

    @synchronized
    def resolve(
        self, values: Iterable[str], not_shown: frozenset[str] = frozenset()
    ) -> dict[str, User | UnresolvedUser]:
        """Return the user that each value means: a UUID, URL, username or e-mail address.

        ``not_shown``: UUIDs whose user is not shown, so that they are not looked up. Raises ``InvalidInput`` where an
        e-mail address is that of several users.
        """
        unique = list(dict.fromkeys(values))
        unknown = [
            value
            for value in unique
            if value not in self._users and value not in self._missing and user_uuid(value) not in self._by_uuid
        ]
        self._look_up([value for value in unknown if not (value in not_shown and user_uuid(value))])
        self._missing.update(value for value in unknown if value not in self._users and not user_uuid(value))
        return {value: self._resolve_one(value) for value in unique}

    @synchronized
    def known_uuid(self, value: str) -> str | None:
        """Return the UUID that a user reference is known to mean, without a request; None where it is not known."""
        known = self._users.get(value, [])
        return known[0].uuid if len(known) == 1 else user_uuid(value)

    def can_be_sent(self, name: str) -> bool:
        """Return whether a URL can hold ``name``; a longer name is that of no user."""
        return _encoded_length(name) <= self._longest_list

    def _resolve_one(self, value: str) -> User | UnresolvedUser:
        uuid = user_uuid(value)
        if uuid in self._by_uuid:
            matches = [self._by_uuid[uuid]]
        elif uuid and value not in self._users and uuid not in self._unknown_uuids:
            return User(uuid)
        else:
            matches = self._users.get(value, [])
        if len(matches) > 1:
            raise make_ambiguity_error("user", value, "users", [(user.shown, user.uuid) for user in matches])
        if not matches and uuid:
            return UnresolvedUser(value, f"no user has the UUID or username '{quote(value)}'", advice="check it")
        if not matches:
            return UnresolvedUser(
                value, f"user '{quote(value)}' not found, or not readable with this token", advice=_UNSEEN_ADVICE
            )
        if matches[0].is_active is False:
            return UnresolvedUser(value, f"the user '{quote(value)}' is deactivated", matches[0], "take the entry out")
        return matches[0]

    def _look_up(self, values: list[str]) -> None:
        """Look up users by the cheapest of single look-ups, ``username_list`` and the whole list
        (api-behaviour: lookups-users).

        A name that no URL can hold is longer than any that Waldur stores, so it is not asked for.
        """
        names = [value for value in values if not user_uuid(value) and self.can_be_sent(value)]
        user_uuids = [value for value in values if user_uuid(value)]
        if len(values) > _MOST_SINGLE_LOOKUPS:
            batches = list(_batches((name for name in names if "," not in name), self._longest_list))
            single = sum("@" in name or "," in name for name in names) + len(user_uuids)
            pages = -(-self._client.count("all_users", field=["uuid"]) // PAGE_SIZE)
            if pages <= len(batches) + single:
                self._index(self._read(), values)
                return
            for batch in batches:
                rows = self._read(username_list=",".join(batch))
                if any(row.get("username") not in batch for row in rows):
                    # A server of 2024 ignores the filter: these are all users, and enough for all values.
                    self._index(rows, values)
                    return
                self._remember_rows(rows)
            names = [name for name in names if name not in self._users and ("@" in name or "," in name)]
        for name in names:
            self._look_up_name(name)
        for uuid in user_uuids:
            self._look_up_uuid(uuid)

    @cached_property
    def _longest_list(self) -> int:
        """How many encoded bytes of names fit into the URL of one request."""
        fixed = [*(("field", key) for key in _USER_FIELDS), ("page_size", PAGE_SIZE), ("page", _LARGEST_PAGE_NUMBER)]
        url = f"{self._client.connection.api_url}{operation('all_users').path}"
        return _LONGEST_URL - len(f"{url}?{urlencode([*fixed, ('username_list', '')])}")

    def _read(self, **query: Any) -> list[Row]:
        return check_rows("all_users", self._client.rows("all_users", field=_USER_FIELDS, **query), **_USER_KINDS)

    def _look_up_name(self, name: str) -> None:
        rows = self._read(username=name)
        self._remember_rows([row for row in rows if row.get("username") == name])
        if name not in self._users and "@" in name:
            rows = self._read(email=name)
            matches = [_user(row) for row in rows if str(row.get("email") or "").casefold() == name.casefold()]
            if matches:
                self._users[name] = matches
                self._has_deactivated = self._has_deactivated or any(user.is_active is False for user in matches)

    def _look_up_uuid(self, value: str) -> None:
        """Look up a UUID, then a username, as some usernames look like UUIDs."""
        uuid = user_uuid(value) or ""
        try:
            row = self._client.get("user", uuid, field=_USER_FIELDS)
            self._remember_rows(check_rows("user", [row], **_USER_KINDS))
        except (NotFound, Forbidden):
            self._look_up_name(value)
            self._remember_unknown(value)

    def _remember_unknown(self, value: str) -> None:
        """Remember that a UUID is unknown if the token is staff's, who see all users; others may still use it."""
        if value not in self._users and self._current_user.row().get("is_staff"):
            self._unknown_uuids.add(user_uuid(value) or "")

    def _remember_rows(self, rows: Iterable[Row]) -> None:
        for row in rows:
            user = _user(row)
            self._has_deactivated = self._has_deactivated or user.is_active is False
            self._by_uuid[user.uuid] = user
            if user.username:
                self._users[user.username] = [user]

    def _index(self, rows: list[Row], values: list[str]) -> None:
        self._remember_rows(rows)
        emails: dict[str, list[User]] = {}
        for row in rows:
            emails.setdefault(str(row.get("email") or "").casefold(), []).append(_user(row))
        for value in values:
            if user_uuid(value):
                if user_uuid(value) not in self._by_uuid:
                    self._remember_unknown(value)
            elif value not in self._users and value.casefold() in emails:
                self._users[value] = emails[value.casefold()]


def user_uuid(value: str) -> str | None:
    """Return the UUID in a reference that is a UUID or the URL of a user."""
    return uuids.normalize(value) or uuids.from_url(value, "users")


def _user(row: Row) -> User:
    return User(uuids.normalize(row["uuid"]) or "", row.get("username"), row.get("email"), row.get("is_active"))


def _encoded_length(name: str) -> int:
    """Return the bytes that ``name`` and the comma after it take in a URL."""
    return len(quote_plus(name)) + len("%2C")


def _batches(names: Iterable[str], limit: int) -> Iterable[list[str]]:
    """Yield ``names`` in lists whose encoded form, joined by commas, has at most ``limit`` bytes."""
    batch: list[str] = []
    size = 0
    for name in names:
        length = _encoded_length(name)
        if batch and size + length > limit:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += length
    if batch:
        yield batch
