# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired-state document: one schema, validated strictly, turned into typed wishes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from .._common import uuids
from .._common.errors import InvalidInput, Problems, quote
from .._common.values import (
    _INVISIBLE,
    boolean,
    choice,
    expiration,
    json_value,
    kind_of,
    known_keys,
    reference,
    sequence,
    text,
)
from .model import (
    DEFAULT_ROLE,
    UNSET,
    Desired,
    GrantEntry,
    Grants,
    ImageFile,
    Profile,
    ReadImage,
    SecretCode,
    Unset,
    UsernameEntry,
    Usernames,
)

Found = TypeVar("Found")

_FINGERPRINT = re.compile(r"^sha256:[0-9a-f]{16}$")

_DESCRIPTION_LIMIT = 2000  # api-behaviour: providers-description

_USERNAME_LIMIT = 100  # api-behaviour: usernames-length; longer names break the server


def fingerprint(where: str, value: Any) -> str:
    """``sha256:`` and sixteen hex digits."""
    found = text(where, value).lower()
    if not _FINGERPRINT.match(found):
        raise InvalidInput(f"{where}: '{quote(found)}' is no fingerprint: it is sha256: and 16 hex digits.")
    return found


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

# The keys below an entry that take a date as YAML makes it of unquoted text; everywhere else that is an error.
GRANT_DATES = ("expiration_time",)

# What entries can have in common.
DEFAULT_KEYS = tuple(key for key in _PROVIDER_KEYS if key not in ("customer", "state"))


def parse(document: Any, read_image: ReadImage, where: str = "service_providers") -> list[Desired]:
    """Return the whole document as wishes. ``read_image`` gives the file behind a path.

    Raises ``InvalidInput`` with all errors of all entries.
    """
    return _each(where, sequence(where, document), lambda place, entry: provider(place, entry, read_image))


def _each(where: str, items: Sequence[Any], read: Callable[[str, Any], Found]) -> list[Found]:
    """What ``read`` makes of each of ``items``, which is called by its number; raises with all errors."""
    problems = Problems()
    found = [problems.attempt(read, f"{where}[{index}]", item) for index, item in enumerate(items)]
    problems.refuse()
    return [item for item in found if item is not None]


def provider(where: str, value: Any, read_image: ReadImage) -> Desired:
    """Return one entry of the document; ``where`` is what messages call it. Raises with all errors in it."""
    problems = Problems()
    entry = known_keys(where, value, _PROVIDER_KEYS, problems)
    if "customer" not in entry and not problems.messages:  # an unknown key may be the misspelt one
        problems.add(f"{where}: customer is missing: name the customer that is the service provider.")
    customer = problems.attempt(reference, f"{where}.customer", entry.get("customer", "any"))
    state = problems.attempt(choice, f"{where}.state", entry.get("state", "present"), ("present", "absent"))
    others = [key for key in entry if key not in ("customer", "state")]
    if state == "absent" and others:
        problems.add(f"{where}: state: absent deletes the provider, so {', '.join(others)} must be left out.")
    users, names, code = (entry.get(key) for key in ("users", "offering_usernames", "api_secret_code"))
    exclusive = problems.attempt(boolean, f"{where}.exclusive_users", entry.get("exclusive_users", False))
    if exclusive and users is None:
        problems.add(f"{where}.exclusive_users: needs users, the list of those who keep their grants.")
    found = Desired(
        where,
        customer or "",
        profile=problems.attempt(profile, f"{where}.", state or "present", entry, read_image),
        grants=None
        if users is None
        else problems.attempt(grants, f"{where}.users", users, bool(exclusive), f"{where}.exclusive_users"),
        usernames=None if names is None else problems.attempt(usernames, f"{where}.offering_usernames", names),
        secret_code=None if code is None else problems.attempt(secret_code, f"{where}.api_secret_code", code),
    )
    problems.refuse()
    return found


def profile(prefix: str, state: str, entry: Mapping[str, Any], read_image: ReadImage) -> Profile:
    """Return the profile's part of an entry, or of a task's options; ``prefix`` stands before the option's name."""
    readers: dict[str, Callable[[str, Any], Any]] = {
        "description": _description,
        "enable_notifications": boolean,
        "allowed_domains": _domains,
        "account_options": _account_options,
    }
    problems = Problems()
    fields = {
        key: problems.attempt(read, f"{prefix}{key}", entry[key])
        for key, read in readers.items()
        if entry.get(key) is not None
    }
    image: ImageFile | Unset | None = UNSET
    if entry.get("image") is not None:
        image = problems.attempt(_image, f"{prefix}image", entry["image"], read_image)
    problems.refuse()
    return Profile(state, fields, UNSET if image is None else image, prefix.rstrip("."))


def _domains(where: str, value: Any) -> list[str]:
    return _each(where, sequence(where, value), reference)


def _account_options(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: must be a mapping, and a {kind_of(value)} was given.")
    return dict(json_value(where, value))


def _image(where: str, value: Any, read_image: ReadImage) -> ImageFile:
    path = text(where, value)
    return read_image(where, path) if path else ImageFile("", b"")


def _description(where: str, value: Any) -> str:
    found = text(where, value)
    if len(found) > _DESCRIPTION_LIMIT:
        raise InvalidInput(f"{where}: has {len(found)} characters, and {_DESCRIPTION_LIMIT} are allowed: shorten it.")
    return found


def grants(where: str, value: Any, exclusive: bool = False, where_exclusive: str = "exclusive") -> Grants:
    """Return the list of grants."""
    return Grants(tuple(_each(where, sequence(where, value), grant)), exclusive, where_exclusive)


def grant(where: str, value: Any) -> GrantEntry:
    """Return one entry of it; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    problems = Problems()
    entry = known_keys(where, value, _ENTRY_KEYS["users"], problems)
    if "user" not in entry and not problems.messages:
        problems.add(f"{prefix}user: is missing: give a username, an e-mail address or a UUID.")
    state = problems.attempt(choice, f"{prefix}state", entry.get("state", "present"), ("present", "absent"))
    expires: datetime | Unset | None = UNSET
    if "expiration_time" in entry and state == "absent":
        problems.add(f"{prefix}expiration_time: can't go with state: absent; a revoked grant has no expiry.")
    elif "expiration_time" in entry:
        expires = problems.attempt(expiration, f"{prefix}expiration_time", entry["expiration_time"])
    role = problems.attempt(reference, f"{prefix}role", entry.get("role", DEFAULT_ROLE))
    user = problems.attempt(reference, f"{prefix}user", entry.get("user", "any"))
    problems.refuse()
    return GrantEntry(where, user or "", role or "", expires, state or "")


def usernames(where: str, value: Any) -> Usernames:
    """Return the list of account names; one name asked for by two users is rejected by the plan."""
    return Usernames(tuple(_each(where, sequence(where, value), username)))


def username(where: str, value: Any) -> UsernameEntry:
    """Return one entry of it; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    problems = Problems()
    entry = known_keys(where, value, _ENTRY_KEYS["offering_usernames"], problems)
    has_unknown = bool(problems.messages)
    for key in _ENTRY_KEYS["offering_usernames"]:
        if key not in entry and not has_unknown:
            problems.add(f"{prefix}{key}: is missing: an entry names a user and the username to set.")
    name = problems.attempt(_account_name, f"{prefix}username", entry.get("username", "any"))
    user = problems.attempt(reference, f"{prefix}user", entry.get("user", "any"))
    problems.refuse()
    return UsernameEntry(where, user or "", name or "")


def _account_name(where: str, value: Any) -> str:
    name = text(where, value)
    if not name:
        raise InvalidInput(f"{where}: is empty, and Waldur takes no username away: give a name.")
    if len(name) > _USERNAME_LIMIT:
        raise InvalidInput(f"{where}: has {len(name)} characters, and {_USERNAME_LIMIT} are allowed.")
    hidden = next((char for char in name if unicodedata.category(char) in _INVISIBLE), None)
    if hidden is not None:
        raise InvalidInput(
            f"{where}: '{quote(name)}' holds the control or format character U+{ord(hidden):04X}, which is"
            " invisible in a username: remove it."
        )
    return name


def same_username(name: str) -> str:
    """Return what all spellings of one username share: upper and lower case, composed and decomposed characters."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def secret_code(where: str, value: Any) -> SecretCode:
    """Return the wish for the API secret code; ``where`` is empty for the options of a task."""
    prefix = f"{where}." if where else ""
    problems = Problems()
    entry = known_keys(where, value, _ENTRY_KEYS["api_secret_code"], problems)
    state = problems.attempt(choice, f"{prefix}state", entry.get("state", "present"), ("present", "rotated"))
    code = None
    if "fingerprint" in entry and state == "present":
        problems.add(f"{prefix}fingerprint: goes with state: rotated only; it says which code to rotate away.")
    elif "fingerprint" in entry:
        code = problems.attempt(fingerprint, f"{prefix}fingerprint", entry["fingerprint"])
    problems.refuse()
    return SecretCode(where, state or "", code)


def user_key(value: str) -> str:
    """What two spellings of one user reference have in common before anybody is looked up."""
    return uuids.normalize(value) or value
