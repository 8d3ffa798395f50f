# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The people that a reference may mean: found with the fewest requests, and kept once found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote_plus, urlencode

from .._api.operations import operation
from .._common import uuids
from .._common.errors import Forbidden, InvalidInput, NotFound, WaldurError, quote
from .._common.types import Row
from .._http.client import Client
from .._http.pagination import PAGE_SIZE
from .._http.row_checks import checked

# Up to this many look-ups one by one are never dearer than learning how long the whole list is.
_FEW = 3
# In bytes of the encoded URL, host and path included. A real server rejected 4.7 kB; 3.1 kB passed.
_LONGEST_URL = 3500
_MOST_PAGES = 10**6

# The cause and the remedy, as the end of a sentence.
HIDDEN_ACCOUNTS = (
    "this Waldur shows no accounts of users who have not consented to the terms of an offering, or whose profile is"
    " incomplete, to anybody but staff and support: use a token of theirs to see all accounts"
)
_HIDING_SETTINGS = ("ENFORCE_USER_CONSENT_FOR_OFFERINGS", "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS")
_USER_FIELDS = ("uuid", "username", "email", "full_name", "is_active")
_USER_KINDS = {"uuid": "uuid", "username": "text?", "email": "text?"}
_UNSEEN_ADVICE = "give the UUID, use a staff token"


@dataclass(frozen=True)
class User:
    """A person. ``username`` is nothing where the token may not see it; ``is_active`` is nothing where unknown."""

    uuid: str
    username: str | None = None
    email: str | None = None
    is_active: bool | None = None

    @property
    def shown(self) -> str:
        """How the user is called in plans and messages."""
        return self.username or self.uuid


@dataclass(frozen=True)
class UnresolvedUser:
    """A user that can't be used: unknown to this token, or deactivated. ``advice`` says what to do about it."""

    reference: str
    reason: str
    user: User | None = None
    advice: str = "check it"


_Cache = TypeVar("_Cache", bound="UserResolver")
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def one_at_a_time(
    method: Callable[Concatenate[_Cache, _Parameters], _Result],
) -> Callable[Concatenate[_Cache, _Parameters], _Result]:
    """Let one thread at a time run any of the methods that use the cache, requests included.

    Providers are read in parallel, and all of them ask for the same references: who comes second finds them in the
    cache instead of asking the server again.
    """

    @wraps(method)
    def locked(self: _Cache, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class UserResolver:
    """Finds the people that references mean. Lives as long as the connection: only what was found is kept.

    Safe to use from several threads.
    """

    def __init__(self, client: Client) -> None:
        self.lock = threading.RLock()
        self._client = client
        self._users: dict[str, list[User]] = {}
        self._by_uuid: dict[str, User] = {}
        self._nobody: set[str] = set()
        self._me: Row | None = None
        self._hides_accounts: bool | None = None

    @one_at_a_time
    def begin(self) -> None:
        """A new run: who was not found or not active for the last one may be by now."""
        self._nobody.clear()
        self._hides_accounts = None
        self._by_uuid = {uuid: user for uuid, user in self._by_uuid.items() if user.is_active is not False}
        self._users = {
            name: users for name, users in self._users.items() if all(user.is_active is not False for user in users)
        }

    @one_at_a_time
    def me(self) -> Row:
        """The token's own user (api-behaviour: lookups-current-user): uuid, username, is_staff, is_support."""
        if self._me is None:
            self._me = self._client.get("me", field=["uuid", "username", "is_staff", "is_support"])
        return self._me

    def sees_everybody(self) -> bool:
        """Whether the token is staff's or support's, who see all users and accounts
        (api-behaviour: offering-users-visibility, lookups-users)."""
        return bool(self.me().get("is_staff") or self.me().get("is_support"))

    def is_staff(self) -> bool:
        """Return whether the token is known to be staff's, for messages; no error where Waldur does not say."""
        try:
            return bool(self.me().get("is_staff"))
        except WaldurError:
            return False

    def with_advice(self, users: Mapping[str, User | UnresolvedUser]) -> dict[str, User | UnresolvedUser]:
        """Return ``users`` with advice that fits the token: staff see all users, so no other token helps them."""
        unseen = {
            name for name, user in users.items() if isinstance(user, UnresolvedUser) and user.advice == _UNSEEN_ADVICE
        }
        if not unseen or not self.is_staff():
            return dict(users)
        return {
            name: replace(user, advice="check the spelling")
            if isinstance(user, UnresolvedUser) and name in unseen
            else user
            for name, user in users.items()
        }

    @one_at_a_time
    def may_miss_accounts(self) -> bool:
        """Return whether Waldur hides accounts from this token without a trace (api-behaviour: hidden-accounts).

        It does so from all but staff and support while it enforces consents or complete profiles. The settings are
        read at most once per run. A Waldur that does not tell them is taken for one that hides nothing.
        """
        if self._hides_accounts is None and not self.sees_everybody():
            try:
                settings = self._client.get("configuration").get("WALDUR_CORE")
            except WaldurError:
                settings = None
            known = settings if isinstance(settings, dict) else {}
            self._hides_accounts = any(known.get(name) is True for name in _HIDING_SETTINGS)
        return bool(self._hides_accounts)

    @one_at_a_time
    def learn_users(self, rows: Iterable[Row]) -> None:
        """Remember the users in checked rows of grants and project permissions; both list active users only
        (api-behaviour: role-grants-deactivated-users)."""
        for row in rows:
            uuid, username = uuids.normalize(row.get("user_uuid")), row.get("user_username")
            if uuid and username and uuid not in self._by_uuid:
                self._by_uuid[uuid] = User(uuid, username, row.get("user_email"), True)
                self._users[username] = [self._by_uuid[uuid]]

    @one_at_a_time
    def users(self, values: Iterable[str], unseen: frozenset[str] = frozenset()) -> dict[str, User | UnresolvedUser]:
        """The person that each value means. ``unseen``: UUIDs whose person is not shown, so they are not looked up."""
        wanted = list(dict.fromkeys(values))
        unknown = [value for value in wanted if value not in self._users and _user_uuid(value) not in self._by_uuid]
        self._look_up([value for value in unknown if not (value in unseen and _user_uuid(value))])
        return {value: self._one_user(value) for value in wanted}

    @one_at_a_time
    def user_uuid(self, value: str) -> str | None:
        """The UUID that a user reference is known to mean, without asking the server."""
        known = self._users.get(value, [])
        return known[0].uuid if len(known) == 1 else _user_uuid(value)

    def _one_user(self, value: str) -> User | UnresolvedUser:
        uuid = _user_uuid(value)
        if uuid in self._by_uuid:
            found = [self._by_uuid[uuid]]
        elif uuid and value not in self._users and uuid not in self._nobody:
            return User(uuid)
        else:
            found = self._users.get(value, [])
        if len(found) > 1:
            raise ambiguous("user", value, "users", [(user.shown, user.uuid) for user in found])
        if not found and uuid:
            return UnresolvedUser(value, f"no user has the UUID or username '{quote(value)}'", advice="check it")
        if not found:
            return UnresolvedUser(value, f"no user '{quote(value)}' that this token can see", advice=_UNSEEN_ADVICE)
        if found[0].is_active is False:
            return UnresolvedUser(value, f"the user '{quote(value)}' is deactivated", found[0], "take the entry out")
        return found[0]

    def _look_up(self, values: list[str]) -> None:
        """The cheapest of single look-ups, ``username_list`` and the whole list (api-behaviour: lookups-users).

        A name that no URL can hold is longer than any that Waldur stores, so it is not asked for.
        """
        limit = self._longest_list()
        names = [value for value in values if not _user_uuid(value) and _encoded_length(value) <= limit]
        user_uuids = [value for value in values if _user_uuid(value)]
        if len(values) > _FEW:
            batches = list(_batches((name for name in names if "," not in name), limit))
            single = sum("@" in name or "," in name for name in names) + len(user_uuids)
            pages = -(-self._client.count("all_users", field=["uuid"]) // PAGE_SIZE)
            if pages <= len(batches) + single:
                self._index(self._rows(), values)
                return
            for batch in batches:
                rows = self._rows(username_list=",".join(batch))
                if any(row.get("username") not in batch for row in rows):
                    # A server of 2024 ignores the filter: this is everybody, and enough for all that is asked.
                    self._index(rows, values)
                    return
                self._note(rows)
            names = [name for name in names if name not in self._users and ("@" in name or "," in name)]
        for name in names:
            self._look_up_name(name)
        for uuid in user_uuids:
            self._look_up_uuid(uuid)

    def _longest_list(self) -> int:
        """Return how many encoded bytes of names fit into the URL of one request."""
        fixed = [*(("field", key) for key in _USER_FIELDS), ("page_size", PAGE_SIZE), ("page", _MOST_PAGES)]
        url = f"{self._client.connection.api_url}{operation('all_users').path}"
        return _LONGEST_URL - len(f"{url}?{urlencode([*fixed, ('username_list', '')])}")

    def _rows(self, **query: Any) -> list[Row]:
        return checked("all_users", self._client.rows("all_users", field=_USER_FIELDS, **query), **_USER_KINDS)

    def _look_up_name(self, name: str) -> None:
        rows = self._rows(username=name)
        self._note([row for row in rows if row.get("username") == name])
        if name not in self._users and "@" in name:
            rows = self._rows(email=name)
            found = [_user(row) for row in rows if str(row.get("email") or "").casefold() == name.casefold()]
            if found:
                self._users[name] = found

    def _look_up_uuid(self, value: str) -> None:
        """As a UUID first; people whose username merely looks like one exist."""
        uuid = _user_uuid(value) or ""
        try:
            row = self._client.get("user", uuid, field=_USER_FIELDS)
            self._note(checked("user", [row], **_USER_KINDS))
        except (NotFound, Forbidden):
            self._look_up_name(value)
            self._not_seen(value)

    def _not_seen(self, value: str) -> None:
        """Staff see everybody, so for them a UUID that is not there means nobody; others may still use it."""
        if value not in self._users and self.me().get("is_staff"):
            self._nobody.add(_user_uuid(value) or "")

    def _note(self, rows: Iterable[Row]) -> None:
        for row in rows:
            user = _user(row)
            self._by_uuid[user.uuid] = user
            if user.username:
                self._users[user.username] = [user]

    def _index(self, rows: list[Row], values: list[str]) -> None:
        self._note(rows)
        emails: dict[str, list[User]] = {}
        for row in rows:
            emails.setdefault(str(row.get("email") or "").casefold(), []).append(_user(row))
        for value in values:
            if _user_uuid(value):
                if _user_uuid(value) not in self._by_uuid:
                    self._not_seen(value)
            elif value not in self._users and value.casefold() in emails:
                self._users[value] = emails[value.casefold()]


def ambiguous(option: str, value: str, things: str, candidates: Iterable[tuple[Any, Any]]) -> InvalidInput:
    """The error for a reference that means several things; *candidates*: their names and UUIDs."""
    names = ", ".join(f"{name} ({uuid})" for name, uuid in candidates)
    return InvalidInput(f"{option}: '{quote(value)}' means several {things}: {names}. Give the UUID of one.")


def _user_uuid(value: str) -> str | None:
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
