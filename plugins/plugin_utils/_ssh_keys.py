# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make authorized_keys lines of the rows of SSH keys and users. Pure. No text of the server reaches a line unparsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.public_keys import (
    parse_public_key,
    to_printable,
)

Row = Mapping[str, Any]

# A name may become part of a path or of a command line, so neither a slash nor a leading dot or dash is valid.
_LOGIN = re.compile(r"\w[\w.@+$-]*")
# Accounts on their way out (api-behaviour: offering-user-states) keep no keys.
_ENDED = frozenset({"Requested deletion", "Deleting", "Deleted"})


@dataclass(frozen=True)
class AuthorizedKeys:
    """The sorted lines of each account, and a sentence for each key and name that was left out as invalid."""

    lines: dict[str, list[str]]
    left_out: list[str]


@dataclass(frozen=True)
class _Account:
    """An account on a machine, and the user whose keys open it; None: no key opens it."""

    name: str
    user: str | None


def authorized_keys(keys: Any, users: Any, usernames: Any = None, *, keep_inactive: bool = False) -> AuthorizedKeys:
    """Return the lines of each account.

    ``keys``, ``users`` and ``usernames`` are rows of ``ssh_key_info``, ``user_info`` and ``offering_username_info``.
    Without ``usernames`` the accounts have the usernames of Waldur. Every account with a valid name gets a list, an
    empty one where no key opens it, so that the files written from it lose the keys that were removed.
    ``keep_inactive`` keeps the keys of deactivated users.

    Raises ``InvalidInput`` if the rows lack a required field, or if one name belongs to two users.
    """
    left_out: list[str] = []
    users_by_uuid = {
        _require_uuid(row, "uuid", f"users[{index}]"): row for index, row in enumerate(_require_rows(users, "users"))
    }
    active = {uuid for uuid, row in users_by_uuid.items() if keep_inactive or row.get("is_active") is not False}
    if usernames is None:
        accounts = _list_accounts_of_users(users_by_uuid, active, left_out)
    else:
        accounts = _list_accounts_of_rows(_require_rows(usernames, "usernames"), active, left_out)
    owners = _find_owners(accounts)
    keys_by_user = _collect_keys(_require_rows(keys, "_input"), users_by_uuid, active, left_out)
    lines = {name: sorted(_make_lines(keys_by_user.get(owner or "", []))) for name, owner in sorted(owners.items())}
    return AuthorizedKeys(lines, left_out)


def _require_rows(value: Any, option: str) -> list[Row]:
    """Return ``value`` if it is a list of rows. Raises ``InvalidInput``, which names ``option``."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidInput(f"{option}: must be a list of rows, as an info module returns it.")
    rows = list(value)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{option}[{number}]: must be a row, as an info module returns it.")
    return rows


def _require_uuid(row: Row, key: str, where: str) -> str:
    """Return the UUID under ``key``. Raises ``InvalidInput``, which names the row by ``where``."""
    if uuid := uuids.normalize(row.get(key)):
        return uuid
    raise InvalidInput(f"{where}: has no {key}: include it in the option fields of the info module.")


def _list_accounts_of_users(users: Mapping[str, Row], active: set[str], left_out: list[str]) -> Iterator[_Account]:
    for uuid, row in users.items():
        if name := _check_login(row.get("username"), f"user {uuid}", left_out):
            yield _Account(name, uuid if uuid in active else None)


def _list_accounts_of_rows(rows: Iterable[Row], active: set[str], left_out: list[str]) -> Iterator[_Account]:
    for number, row in enumerate(rows):
        uuid = _require_uuid(row, "user_uuid", f"usernames[{number}]")
        # An account without a username has not got one yet.
        if row.get("username") and (name := _check_login(row["username"], f"account of user {uuid}", left_out)):
            is_open = uuid in active and not row.get("is_restricted") and row.get("state") not in _ENDED
            yield _Account(name, uuid if is_open else None)


def _check_login(name: Any, where: str, left_out: list[str]) -> str | None:
    """Return a valid account name; None, and the reason added to ``left_out``, for any other."""
    if not name:
        left_out.append(f"{where}: has no username")
    elif not isinstance(name, str) or not _LOGIN.fullmatch(name):
        left_out.append(f"{where}: '{to_printable(name)}' is not a valid account name")
    elif name == "root":
        left_out.append(f"{where}: the account 'root' is never managed")
    else:
        return str(name)
    return None


def _find_owners(accounts: Iterable[_Account]) -> dict[str, str | None]:
    """Return the user of each account. Raises ``InvalidInput`` if one account belongs to two users."""
    owners: dict[str, str | None] = {}
    for account in accounts:
        owner = owners.get(account.name)
        if None not in (owner, account.user) and owner != account.user:
            raise InvalidInput(
                f"usernames: '{account.name}' belongs to two users, {owner} and {account.user}: give the rows of one"
                " offering, so that no user gets access to the account of another."
            )
        owners[account.name] = owner or account.user
    return owners


def _collect_keys(
    rows: Iterable[Row], users: Mapping[str, Row], active: set[str], left_out: list[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return the keys of each active user, each with its comment."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for number, row in enumerate(rows):
        uuid = _require_uuid(row, "user_uuid", f"_input[{number}]")
        if "public_key" not in row:
            raise InvalidInput(
                f"_input[{number}]: has no public_key: include it in the option fields of the info module."
            )
        if uuid not in active:
            continue
        user = to_printable(users[uuid].get("username")) or uuid
        try:
            key = parse_public_key(row["public_key"])
        except ValueError as error:
            left_out.append(f"key '{to_printable(row.get('name'))}' of {user}: {error}")
            continue
        keys.setdefault(uuid, []).append((key, f"{user} {to_printable(row.get('name'))}".strip()))
    return keys


def _make_lines(keys: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line per key, with the first of its comments."""
    comments = dict(sorted(keys, reverse=True))
    return [f"{key} {comment}" for key, comment in comments.items()]
