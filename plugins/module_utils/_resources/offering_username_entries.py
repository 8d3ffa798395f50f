# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired usernames of a document or a task."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from .._common import values
from .._common.errors import InvalidInput, quote
from .._document.fields import EntryReader, ListField, MappingField, ReferenceField, TextField
from .._document.model import UserEntry

USERNAMES_KEY = "offering_usernames"
_USERNAME_LIMIT = 100  # api-behaviour: usernames-length; longer names break the server


@dataclass(frozen=True)
class UsernameEntry(UserEntry):
    """The desired username of one user."""

    username: str = ""


@dataclass(frozen=True)
class Usernames:
    """The desired usernames; ``single`` where they come from the options of one task, not from a list."""

    entries: tuple[UsernameEntry, ...]
    single: bool = False


def _check_username(where: str, name: str) -> str:
    if not name:
        raise InvalidInput(f"{where}: is empty, and Waldur cannot remove a username: give a name.")
    invisible = next((char for char in name if unicodedata.category(char) in values._INVISIBLE), None)
    if invisible is not None:
        raise InvalidInput(
            f"{where}: '{quote(name)}' contains the control or format character U+{ord(invisible):04X}, which is"
            " invisible in a username: remove it."
        )
    return name


_MISSING = "an entry names a user and the username to set"
USER = ReferenceField(
    "user",
    "The user: a username, an e-mail address, a UUID or a URL.",
    required=True,
    hint=_MISSING,
    examples=("carol",),
)
USERNAME_OPTION = TextField(
    "username",
    "The username to set in all offerings that the user reaches.",
    required=True,
    hint=_MISSING,
    check=_check_username,
    pattern=r"\S",
    max_length=_USERNAME_LIMIT,
    examples=("carol_hpc",),
)


def _read_username(entry: EntryReader) -> UsernameEntry:
    username = entry.get(USERNAME_OPTION)
    return UsernameEntry(entry.where, entry.get(USER) or "", username or "")


USERNAME = MappingField(
    "", "The username of one user.", fields=(USER, USERNAME_OPTION), build=_read_username, identity=("user",)
)
USERNAMES = ListField(USERNAMES_KEY, "The usernames of users in the offerings of the provider.", item=USERNAME)
