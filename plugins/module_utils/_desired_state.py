# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired-state document: one schema, validated strictly, turned into typed wishes. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from . import _moments, _uuids
from ._errors import InvalidInput, said

DEFAULT_ROLE = "CUSTOMER.MANAGER"
_FINGERPRINT = re.compile(r"^sha256:[0-9a-f]{16}$")
_DESCRIPTION_LIMIT = 2000  # contract 3.g
_USERNAME_LIMIT = 100  # contract 2.11; longer names break the server


class Unset(Enum):
    """The one value that means: not in the document, leave as it is."""

    UNSET = 0


UNSET = Unset.UNSET


@dataclass(frozen=True)
class ImageFile:
    """An image to upload: its file's base name and bytes. No name and no bytes: remove the image."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Profile:
    """What the provider itself should be. ``fields`` holds only what the document names."""

    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET


@dataclass(frozen=True)
class Entry:
    """An entry of a list of wishes, or the one wish of a task's own options (then ``where`` is empty)."""

    where: str
    user: str

    def option(self, name: str) -> str:
        """What an option of this entry is called in messages."""
        return f"{self.where}.{name}" if self.where else name

    @property
    def place(self) -> str:
        """What the entry itself is called in messages."""
        return self.where or "user"


@dataclass(frozen=True)
class GrantEntry(Entry):
    """One wish for one user and one role; ``expiration_time`` None means never."""

    role: str = DEFAULT_ROLE
    expiration_time: datetime | Unset | None = UNSET
    state: str = "present"


@dataclass(frozen=True)
class Grants:
    """The wishes for roles; ``single`` where they come from the options of one task, not from a list."""

    entries: tuple[GrantEntry, ...]
    exclusive: bool = False
    where: str = "exclusive"
    single: bool = False


@dataclass(frozen=True)
class UsernameEntry(Entry):
    """One wish for the name of one user's accounts."""

    username: str = ""


@dataclass(frozen=True)
class Usernames:
    """The wishes for account names."""

    entries: tuple[UsernameEntry, ...]
    single: bool = False


@dataclass(frozen=True)
class SecretCode:
    """The wish for the API secret code: there, or rotated (once per fingerprint, or always without one)."""

    where: str
    state: str = "present"
    fingerprint: str | None = None


@dataclass(frozen=True)
class Desired:
    """All wishes for one provider. ``reference_kind`` is customer or service_provider; None parts are left alone."""

    where: str
    reference: str
    reference_kind: str = "customer"
    profile: Profile | None = None
    grants: Grants | None = None
    usernames: Usernames | None = None
    secret_code: SecretCode | None = None


ReadImage = Callable[[str, str], ImageFile]


# --- values ----------------------------------------------------------------------------------------------------------


def text(where: str, value: Any) -> str:
    """A name or reference, trimmed. What YAML makes of unquoted text (numbers, booleans, dates) is refused."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInput(f"{where}: the text holds a NUL character; remove it.")
        if any("\ud800" <= char <= "\udfff" for char in value):  # what Python makes of such bytes
            raise InvalidInput(f"{where}: the text holds bytes that are no UTF-8; write it anew.")
        return value.strip()
    if isinstance(value, (bool, int, float, date)):
        kind = _kind(value)
        raise InvalidInput(f"{where}: {said(value)} arrived as a {kind}, not as text: quote it as it is written.")
    raise InvalidInput(f"{where}: must be text, and a {_kind(value)} was given.")


def reference(where: str, value: Any) -> str:
    """A reference: text that is not empty."""
    found = text(where, value)
    if not found:
        raise InvalidInput(f"{where}: is empty; give a name or a UUID.")
    return found


def boolean(where: str, value: Any) -> bool:
    """A boolean, or one of the words that Ansible takes for one."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("yes", "true", "on", "1", "y", "t"):
        return True
    if word in ("no", "false", "off", "0", "n", "f"):
        return False
    raise InvalidInput(f"{where}: must be true or false, and '{said(value)}' was given.")


def choice(where: str, value: Any, choices: Sequence[str]) -> str:
    """One of ``choices``."""
    if value not in choices:
        raise InvalidInput(
            f"{where}: must be {' or '.join(choices)}, and '{said(value)}' was given.{_nearest(value, choices)}"
        )
    return str(value)


def expiration(where: str, value: Any) -> datetime | None:
    """A moment in UTC, or None for ``never``."""
    if isinstance(value, str) and value.strip().lower() == _moments.NEVER:
        return None
    if isinstance(value, (bool, int, float)):
        raise InvalidInput(
            f'{where}: {said(value)} arrived as a {_kind(value)}, not as a date: quote it, like "2027-06-30".'
        )
    try:
        return _moments.parse(value)
    except ValueError:
        raise InvalidInput(
            f'{where}: \'{said(value)}\' is no date: write "2027-06-30", "2027-06-30T12:00:00Z" or never.'
        ) from None


def fingerprint(where: str, value: Any) -> str:
    """``sha256:`` and sixteen hex digits."""
    found = text(where, value).lower()
    if not _FINGERPRINT.match(found):
        raise InvalidInput(f"{where}: '{said(found)}' is no fingerprint: it is sha256: and 16 hex digits.")
    return found


def _kind(value: Any) -> str:
    kinds = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "text",
        list: "list",
        dict: "mapping",
        datetime: "date",
    }
    return kinds.get(type(value), "date" if isinstance(value, date) else type(value).__name__)


def _nearest(key: Any, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(said(key), known, 1)
    return f" Did you mean '{near[0]}'?" if near else ""


# --- structure -------------------------------------------------------------------------------------------------------

_ENTRY_KEYS = {
    "users": ("user", "role", "expiration_time", "state"),
    "offering_usernames": ("user", "username"),
    "api_secret_code": ("state", "fingerprint"),
}
PROFILE_KEYS = ("description", "enable_notifications", "image", "allowed_domains", "account_options")
_PROVIDER_KEYS = (
    "customer",
    "state",
    *PROFILE_KEYS,
    "users",
    "exclusive_users",
    "offering_usernames",
    "api_secret_code",
)
# What entries can have in common.
DEFAULT_KEYS = tuple(key for key in _PROVIDER_KEYS if key not in ("customer", "state"))


def mapping(where: str, value: Any, known: Sequence[str]) -> dict[str, Any]:
    """A mapping with known keys only; keys without a value (null) count as left out."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: must be a mapping of {', '.join(known)}, and a {_kind(value)} was given.")
    for key in value:
        if key not in known:
            names = ", ".join(known)
            raise InvalidInput(f"{where}: '{said(key)}' is not known.{_nearest(key, known)} Known are {names}.")
    return {key: item for key, item in value.items() if item is not None}


def sequence(where: str, value: Any) -> list[Any]:
    """A list."""
    if isinstance(value, str) and "datetime.date" in value:
        raise InvalidInput(f"{where}: arrived as text because of an unquoted date in it: quote the dates.")
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(f"{where}: must be a list, and a {_kind(value)} was given.")
    return list(value)


def parse(document: Any, read_image: ReadImage, where: str = "service_providers") -> list[Desired]:
    """The whole document as wishes. ``read_image`` gives the file behind a path. Raises ``InvalidInput``."""
    return [provider(f"{where}[{index}]", entry, read_image) for index, entry in enumerate(sequence(where, document))]


def provider(where: str, value: Any, read_image: ReadImage) -> Desired:
    """One entry of the document; ``where`` is what messages call it."""
    entry = mapping(where, value, _PROVIDER_KEYS)
    if "customer" not in entry:
        raise InvalidInput(f"{where}: customer is missing: name the customer that is the service provider.")
    state = choice(f"{where}.state", entry.get("state", "present"), ("present", "absent"))
    others = [key for key in entry if key not in ("customer", "state")]
    if state == "absent" and others:
        raise InvalidInput(f"{where}: state: absent deletes the provider, so {', '.join(others)} must be left out.")
    users = entry.get("users")
    exclusive = boolean(f"{where}.exclusive_users", entry.get("exclusive_users", False))
    if exclusive and users is None:
        raise InvalidInput(f"{where}.exclusive_users: needs users, the list of those who keep their grants.")
    names = entry.get("offering_usernames")
    code = entry.get("api_secret_code")
    return Desired(
        where,
        reference(f"{where}.customer", entry["customer"]),
        profile=profile(f"{where}.", state, entry, read_image),
        grants=grants(f"{where}.users", users, exclusive, f"{where}.exclusive_users") if users is not None else None,
        usernames=usernames(f"{where}.offering_usernames", names) if names is not None else None,
        secret_code=secret_code(f"{where}.api_secret_code", code) if code is not None else None,
    )


def profile(prefix: str, state: str, entry: Mapping[str, Any], read_image: ReadImage) -> Profile:
    """The profile's part of an entry, or of a task's options; ``prefix`` stands before the option's name."""
    given = {key: entry[key] for key in PROFILE_KEYS if entry.get(key) is not None}
    fields: dict[str, Any] = {}
    if "description" in given:
        fields["description"] = _description(f"{prefix}description", given["description"])
    if "enable_notifications" in given:
        fields["enable_notifications"] = boolean(f"{prefix}enable_notifications", given["enable_notifications"])
    if "allowed_domains" in given:
        domains = sequence(f"{prefix}allowed_domains", given["allowed_domains"])
        fields["allowed_domains"] = [reference(f"{prefix}allowed_domains", domain) for domain in domains]
    if "account_options" in given:
        options = given["account_options"]
        if not isinstance(options, Mapping):
            raise InvalidInput(f"{prefix}account_options: must be a mapping, and a {_kind(options)} was given.")
        fields["account_options"] = dict(options)
    image: ImageFile | Unset = UNSET
    if "image" in given:
        path = text(f"{prefix}image", given["image"])
        image = read_image(f"{prefix}image", path) if path else ImageFile("", b"")
    return Profile(state, fields, image)


def _description(where: str, value: Any) -> str:
    found = text(where, value)
    if len(found) > _DESCRIPTION_LIMIT:
        raise InvalidInput(f"{where}: has {len(found)} characters, and {_DESCRIPTION_LIMIT} are allowed: shorten it.")
    return found


def grants(where: str, value: Any, exclusive: bool = False, where_exclusive: str = "exclusive") -> Grants:
    """The list of grants."""
    entries = [grant(f"{where}[{index}]", entry) for index, entry in enumerate(sequence(where, value))]
    return Grants(tuple(entries), exclusive, where_exclusive)


def grant(where: str, value: Any) -> GrantEntry:
    """One entry of it; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    entry = mapping(where, value, _ENTRY_KEYS["users"])
    if "user" not in entry:
        raise InvalidInput(f"{prefix}user: is missing: give a username, an e-mail address or a UUID.")
    state = choice(f"{prefix}state", entry.get("state", "present"), ("present", "absent"))
    expires: datetime | Unset | None = UNSET
    if "expiration_time" in entry and state == "absent":
        raise InvalidInput(f"{prefix}expiration_time: can't go with state: absent; a revoked grant has no expiry.")
    if "expiration_time" in entry:
        expires = expiration(f"{prefix}expiration_time", entry["expiration_time"])
    role = reference(f"{prefix}role", entry.get("role", DEFAULT_ROLE))
    return GrantEntry(where, reference(f"{prefix}user", entry["user"]), role, expires, state)


def usernames(where: str, value: Any) -> Usernames:
    """The list of account names; one name asked for by two users is refused."""
    entries = [username(f"{where}[{index}]", entry) for index, entry in enumerate(sequence(where, value))]
    return Usernames(tuple(entries))


def username(where: str, value: Any) -> UsernameEntry:
    """One entry of it; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    entry = mapping(where, value, _ENTRY_KEYS["offering_usernames"])
    for key in _ENTRY_KEYS["offering_usernames"]:
        if key not in entry:
            raise InvalidInput(f"{prefix}{key}: is missing: an entry names a user and the username to set.")
    name = text(f"{prefix}username", entry["username"])
    if not name:
        raise InvalidInput(f"{prefix}username: is empty, and Waldur takes no username away: give a name.")
    if len(name) > _USERNAME_LIMIT:
        raise InvalidInput(f"{prefix}username: has {len(name)} characters, and {_USERNAME_LIMIT} are allowed.")
    return UsernameEntry(where, reference(f"{prefix}user", entry["user"]), name)


def secret_code(where: str, value: Any) -> SecretCode:
    """The wish for the API secret code; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    entry = mapping(where, value, _ENTRY_KEYS["api_secret_code"])
    state = choice(f"{prefix}state", entry.get("state", "present"), ("present", "rotated"))
    if "fingerprint" not in entry:
        return SecretCode(where, state)
    if state != "rotated":
        raise InvalidInput(f"{prefix}fingerprint: goes with state: rotated only; it says which code to rotate away.")
    return SecretCode(where, state, fingerprint(f"{prefix}fingerprint", entry["fingerprint"]))


def user_key(value: str) -> str:
    """What two spellings of one user reference have in common before anybody is looked up."""
    return _uuids.normal(value) or value
