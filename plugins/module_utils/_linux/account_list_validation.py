# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate the list of accounts before it is compared with a machine. Pure.

The list comes from a server that is not trusted: a name could become part of a path or a command line, a path could
lead to a system directory, and a line break could add an entry to a file.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.errors import Problems, quote
from .._common.public_keys import parse_authorized_key
from .home_paths import find_nested
from .model import Desired, DesiredAccount

# The rules of shadow-utils for names (is_valid_name), without names that begin with a dot, end with "$" or are numbers.
_NAME = re.compile(r"(?!\d+\Z)[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9_.@+/-]+", re.ASCII)
_LIST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)
# Numbers of the user and group "nobody", and those that mean "no number" in system calls.
_RESERVED_IDS = frozenset({65534, 65535, 4294967294, 4294967295})
FIRST_ID = 1000
_LAST_ID = 4294967293
_NEVER_MANAGED = frozenset({"root", "nobody", "nogroup"})
# Groups that systems give the rights of an administrator, in sudoers(5), polkit(8) or by owning devices and sockets. A
# name of a person is one too, as their primary group may have it.
_PRIVILEGED = frozenset(
    "adm admin daemon disk docker incus incus-admin kmem kvm libvirt libvirt-qemu lxd mem netdev plugdev podman shadow"
    " staff sudo sys systemd-journal tty wheel".split()
)
# More than all keys of a person need. Files of keys that are larger are not read.
_MOST_KEY_CHARACTERS = 500_000


def find_name_problem(name: Any) -> str:
    """Return what is wrong with the name of an account or group, empty if nothing is."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return (
            "is not a valid name: use at most 32 letters, digits, '_', '-' and '.', beginning with a letter, a digit or"
            " '_', and not only digits"
        )
    if name in _PRIVILEGED:
        return "is the name of a group that systems give the rights of an administrator, which is never managed"
    return "is a name of the system, which is never managed" if name in _NEVER_MANAGED else ""


def find_id_problem(number: Any, first: int = FIRST_ID) -> str:
    """Return what is wrong with a UID or GID, empty if nothing is."""
    if not isinstance(number, int) or isinstance(number, bool):
        return "is not a number"
    if not first <= number <= _LAST_ID or number in _RESERVED_IDS:
        return f"is reserved for the system: use numbers from {first} on"
    return ""


def find_path_problem(path: Any) -> str:
    """Return what is wrong with the path of a shell or a home directory, empty if nothing is."""
    if not isinstance(path, str) or not _PATH.fullmatch(path) or posixpath.normpath(path) != path:
        return "is not a valid absolute path"
    return ""


def find_home_problem(home: Any, parents: Iterable[str]) -> str:
    """Return what is wrong with a home directory, which must be below one of ``parents``; empty if nothing is."""
    if problem := find_path_problem(home):
        return problem
    if not any(home.startswith(f"{parent.rstrip('/')}/") for parent in parents):
        return f"is not below {' or '.join(parents) or 'any folder'}"
    return ""


def find_comment_problem(comment: Any) -> str:
    """Return what is wrong with the comment of an account, empty if nothing is."""
    if not isinstance(comment, str) or ":" in comment or not all(c.isprintable() for c in comment):
        return "holds a colon, a line break or another control character"
    return "is longer than 200 characters" if len(comment) > 200 else ""


def validate_account_list(options: Mapping[str, Any], first_uid: int = FIRST_ID, first_gid: int = FIRST_ID) -> Desired:
    """Return the list that the options of the module describe.

    ``first_uid`` and ``first_gid`` are the lowest numbers for people on the machine. Raises ``InvalidInput`` with
    everything that is wrong.
    """
    problems = Problems()
    _check_settings(options, problems)
    groups = _read_groups(options["groups"], first_gid, problems)
    reader = _AccountReader(options, groups, first_uid, problems)
    rows = options["accounts"]
    read = (reader.read(f"accounts[{index}]", row) for index, row in enumerate(rows))
    accounts = {account.name: account for account in read if account is not None}
    active = [row for row in rows if row["active"]]
    _check_unique(problems, "accounts", "name", [row["name"] for row in active])
    _check_unique(problems, "accounts", "uid", [row["uid"] for row in active])
    _check_unique(problems, "accounts", "home", [row["home"] for row in active])
    _check_nested_homes(problems, accounts.values())
    problems.raise_errors()
    return Desired(
        accounts=accounts,
        groups=groups,
        reasons={row["name"]: row["reason"] for row in rows if not row["active"]},
        unusable=frozenset(row["name"] for row in rows if not row["active"] and row["has_access"]),
        is_complete=options["is_complete"],
        adopt=frozenset(options["adopt"]),
        home_parents=tuple(options["home_parents"]),
        deletes_departed=options["departed"] == "delete",
        max_removals=options["max_removals"],
    )


def _check_settings(options: Mapping[str, Any], problems: Problems) -> None:
    if options["max_removals"] < 0:
        problems.add(f"max_removals: must be 0 or more, and {options['max_removals']} was given.")
    if not _LIST_NAME.fullmatch(options["list_name"]):
        problems.add(f"list_name: '{quote(options['list_name'])}' must be letters, digits, '_' and '-'.")
    for index, parent in enumerate(options["home_parents"]):
        if problem := find_path_problem(parent):
            problems.add(f"home_parents[{index}]: '{quote(parent)}' {problem}.")


def _read_groups(rows: Sequence[Mapping[str, Any]], first_gid: int, problems: Problems) -> dict[str, int]:
    for index, row in enumerate(rows):
        if problem := find_name_problem(row["name"]):
            problems.add(f"groups[{index}].name: '{quote(row['name'])}' {problem}.")
        if problem := find_id_problem(row["gid"], first_gid):
            problems.add(f"groups[{index}].gid: {quote(row['gid'])} {problem}.")
    _check_unique(problems, "groups", "name", [row["name"] for row in rows])
    _check_unique(problems, "groups", "gid", [row["gid"] for row in rows])
    return {row["name"]: row["gid"] for row in rows}


def _check_unique(problems: Problems, option: str, key: str, values: Iterable[Any]) -> None:
    for value, count in Counter(values).items():
        if count > 1 and value is not None:
            problems.add(f"{option}: {count} entries have the {key} {quote(value)}: each must have one of its own.")


def _check_nested_homes(problems: Problems, accounts: Iterable[DesiredAccount]) -> None:
    homes = [(account.home, account.name) for account in accounts]
    for (inner, name), (outer, owner) in find_nested(homes, homes):
        if inner.startswith(f"{outer}/"):
            problems.add(
                f"accounts: the home directory {inner} of '{name}' is in {outer} of '{owner}': each must have one of"
                " its own."
            )


class _AccountReader:
    """Read the entries of ``accounts``, and note what is wrong with them."""

    def __init__(
        self, options: Mapping[str, Any], groups: Mapping[str, int], first_uid: int, problems: Problems
    ) -> None:
        self._parents = options["home_parents"]
        self._allowed = frozenset(name.lower() for name in options["allowed_key_options"])
        self._groups = groups
        self._first_uid = first_uid
        self._problems = problems

    def read(self, place: str, row: Mapping[str, Any]) -> DesiredAccount | None:
        """Return the account of an entry, None where it is not active or not valid."""
        if not row["active"]:
            return None
        wrong = {
            "name": find_name_problem(row["name"]),
            "uid": find_id_problem(row["uid"], self._first_uid),
            "home": find_home_problem(row["home"], self._parents),
            "shell": find_path_problem(row["shell"]),
            "comment": find_comment_problem(row["comment"]),
            "group": self._find_group_problem(row["group"]),
        }
        for key, problem in wrong.items():
            if problem and row[key] is None:
                self._problems.add(f"{place}.{key}: is required for an active account.")
            elif problem:
                self._problems.add(f"{place}.{key}: '{quote(row[key])}' {problem}.")
        for name in row["groups"]:
            if problem := self._find_group_problem(name):
                self._problems.add(f"{place}.groups: '{quote(name)}' {problem}.")
        keys = self._read_keys(place, row["ssh_keys"])
        if any(wrong.values()):
            return None
        return DesiredAccount(
            row["name"],
            row["uid"],
            row["group"],
            row["home"],
            row["shell"],
            row["comment"],
            keys,
            frozenset(row["groups"]) - {row["group"]},
            row["user_uuid"],
        )

    def _find_group_problem(self, name: Any) -> str:
        return "" if name in self._groups else "is not a group of the option groups"

    def _read_keys(self, place: str, keys: Sequence[str] | None) -> tuple[str, ...] | None:
        if keys is None:
            return None
        if sum(map(len, keys)) > _MOST_KEY_CHARACTERS:
            self._problems.add(f"{place}.ssh_keys: {len(keys)} keys are longer than {_MOST_KEY_CHARACTERS} characters.")
            return None
        lines = {self._read_key(f"{place}.ssh_keys[{index}]", key) for index, key in enumerate(keys)}
        return tuple(sorted(lines))

    def _read_key(self, place: str, key: str) -> str:
        try:
            return parse_authorized_key(key, self._allowed)[0]
        except ValueError as error:
            self._problems.add(f"{place}: is not a valid public key: {error}.")
            return ""
