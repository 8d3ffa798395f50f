# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""authorized_keys lines from the rows of SSH keys and users. Pure. No text of the server reaches a line unparsed."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput

Row = Mapping[str, Any]

# How many fields a key of each type has. DSA is refused by OpenSSH itself, and a certificate is no key.
_FIELDS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
# A name may become part of a path or of a command line, so neither a slash nor a leading dot or dash is taken.
_LOGIN = re.compile(r"\w[\w.@+$-]*")
# Accounts on their way out (api-behaviour: offering-user-states) keep no keys.
_ENDED = frozenset({"Requested deletion", "Deleting", "Deleted"})


@dataclass(frozen=True)
class AuthorizedKeys:
    """The sorted lines of each name, and a sentence for each key and name that was left out because it is no good."""

    lines: dict[str, list[str]]
    left_out: list[str]


@dataclass(frozen=True)
class _Account:
    """A name on a machine, and whose keys open it: nobody's where ``user`` is None."""

    name: str
    user: str | None


def authorized_keys(keys: Any, users: Any, usernames: Any = None, *, keep_inactive: bool = False) -> AuthorizedKeys:
    """The lines of each account.

    ``keys``, ``users`` and ``usernames`` are rows of ``ssh_key_info``, ``user_info`` and ``offering_username_info``.
    Without ``usernames`` the accounts are called as the users in Waldur. Every account that may be named gets a list,
    an empty one where no key opens it, so that what is written from it loses the keys that are gone.

    Raises ``InvalidInput`` where the rows lack what is needed, or where one name belongs to two users.
    """
    left_out: list[str] = []
    people = {_uuid(row, "uuid", f"users[{n}]"): row for n, row in enumerate(_rows(users, "users"))}
    active = {uuid for uuid, row in people.items() if keep_inactive or row.get("is_active") is not False}
    if usernames is None:
        accounts = _accounts_of_users(people, active, left_out)
    else:
        accounts = _accounts_of_rows(_rows(usernames, "usernames"), active, left_out)
    owners = _owners(accounts)
    texts = _texts(_rows(keys, "_input"), people, active, left_out)
    lines = {name: sorted(_lines(texts.get(owner or "", []))) for name, owner in sorted(owners.items())}
    return AuthorizedKeys(lines, left_out)


def public_key(text: Any) -> str:
    """Type and base64 of the one public key in ``text``; its comment is dropped.

    Raises ``ValueError`` with the reason where anything but one well-formed key is there, such as options before it.
    """
    line = text.strip(" \t\r\n") if isinstance(text, str) else ""
    if not all(character.isprintable() or character == "\t" for character in line):
        raise ValueError("it is more than one line, or holds control characters")
    kind, encoded, *_comment = [*line.split(maxsplit=2), "", ""]
    if kind not in _FIELDS:
        raise ValueError("it does not begin with a type of key that is known")
    try:
        blob = base64.b64decode(encoded, validate=True)
        fields = list(_fields(blob))
    except ValueError as error:
        raise ValueError("its base64 is damaged") from error
    if fields[:1] != [kind.encode()] or len(fields) != _FIELDS[kind] or not all(fields[1:2]):
        raise ValueError("what it encodes is no key of its type")
    return f"{kind} {base64.b64encode(blob).decode()}"


def plain(value: Any) -> str:
    """``value`` as text of one line: nothing that can't be printed, and no braces, which could make a template."""
    text = "".join(c if c.isprintable() and c not in "{}" else " " for c in str(value or ""))
    return " ".join(text.split())


def _fields(blob: bytes) -> Iterator[bytes]:
    """The length-prefixed fields of an encoded key (RFC 4253, section 6.6)."""
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            raise ValueError
        yield blob[4:end]
        blob = blob[end:]


def _rows(value: Any, name: str) -> list[Row]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidInput(f"{name}: takes a list of rows, as an info module returns it.")
    rows = list(value)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidInput(f"{name}[{number}]: is no row, as an info module returns it.")
    return rows


def _uuid(row: Row, key: str, where: str) -> str:
    if uuid := uuids.normalize(row.get(key)):
        return uuid
    raise InvalidInput(f"{where}: has no {key}; the info module's fields must not leave it out.")


def _accounts_of_users(people: Mapping[str, Row], active: set[str], left_out: list[str]) -> Iterator[_Account]:
    for uuid, row in people.items():
        if name := _login(row.get("username"), f"user {uuid}", left_out):
            yield _Account(name, uuid if uuid in active else None)


def _accounts_of_rows(rows: Iterable[Row], active: set[str], left_out: list[str]) -> Iterator[_Account]:
    for number, row in enumerate(rows):
        uuid = _uuid(row, "user_uuid", f"usernames[{number}]")
        # An account without a name is one that has not been named yet.
        if row.get("username") and (name := _login(row["username"], f"account of user {uuid}", left_out)):
            open_ = uuid in active and not row.get("is_restricted") and row.get("state") not in _ENDED
            yield _Account(name, uuid if open_ else None)


def _login(name: Any, where: str, left_out: list[str]) -> str | None:
    if not name:
        left_out.append(f"{where}: has no username")
    elif not isinstance(name, str) or not _LOGIN.fullmatch(name):
        left_out.append(f"{where}: '{plain(name)}' can't be the name of an account")
    elif name == "root":
        left_out.append(f"{where}: the name 'root' is not handed out")
    else:
        return str(name)
    return None


def _owners(accounts: Iterable[_Account]) -> dict[str, str | None]:
    owners: dict[str, str | None] = {}
    for account in accounts:
        owner = owners.get(account.name)
        if None not in (owner, account.user) and owner != account.user:
            raise InvalidInput(
                f"usernames: '{account.name}' belongs to two users, {owner} and {account.user}: give the rows of one"
                " offering, so that nobody gets into the account of another."
            )
        owners[account.name] = owner or account.user
    return owners


def _texts(
    rows: Iterable[Row], people: Mapping[str, Row], active: set[str], left_out: list[str]
) -> dict[str, list[tuple[str, str]]]:
    """For each active user the keys, each with its comment."""
    texts: dict[str, list[tuple[str, str]]] = {}
    for number, row in enumerate(rows):
        uuid = _uuid(row, "user_uuid", f"_input[{number}]")
        if "public_key" not in row:
            raise InvalidInput(f"_input[{number}]: has no public_key; the info module's fields must not leave it out.")
        if uuid not in active:
            continue
        person = plain(people[uuid].get("username")) or uuid
        try:
            key = public_key(row["public_key"])
        except ValueError as error:
            left_out.append(f"key '{plain(row.get('name'))}' of {person}: {error}")
            continue
        texts.setdefault(uuid, []).append((key, f"{person} {plain(row.get('name'))}".strip()))
    return texts


def _lines(texts: Iterable[tuple[str, str]]) -> list[str]:
    """One line per key, with the first of its comments."""
    once = dict(sorted(texts, reverse=True))
    return [f"{key} {comment}" for key, comment in once.items()]
