# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired-state document: one schema, validated strictly, turned into typed wishes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar

from . import _moments, _uuids
from ._errors import InvalidInput, Problems, closest, said
from ._json_values import has_surrogates, problem_of
from ._scalars import WrittenBool, spelling, without_spelling

Found = TypeVar("Found")

DEFAULT_ROLE = "CUSTOMER.MANAGER"
_FINGERPRINT = re.compile(r"^sha256:[0-9a-f]{16}$")
_DESCRIPTION_LIMIT = 2000  # contract 3.g
_USERNAME_LIMIT = 100  # contract 2.11; longer names break the server
# The Unicode categories of control and format characters, and of line and paragraph separators.
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp")
# No name, e-mail address or URL of Waldur is as long; a longer one would only break the request.
_REFERENCE_LIMIT = 1000


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
    """What the provider itself should be. ``fields`` holds only what the document names.

    ``where`` is the place of the entry, empty for the options of a task.
    """

    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    where: str = field(default="", compare=False)

    def option(self, name: str) -> str:
        """Return what an option of this entry is called in messages."""
        return f"{self.where}.{name}" if self.where else name


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
    """Return a name or reference, trimmed. What YAML makes of unquoted text (numbers, booleans, dates) is rejected."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInput(f"{where}: the text holds a NUL character; remove it.")
        if has_surrogates(value):
            raise InvalidInput(f"{where}: the text contains bytes that are not UTF-8: write it again.")
        return value.strip()
    if isinstance(value, (bool, int, float, date, WrittenBool)):
        raise InvalidInput(f"{where}: {arrived(value)}, not as text: quote it as it is written.")
    raise InvalidInput(f"{where}: must be text, and a {kind_of(value)} was given.")


def arrived(value: Any) -> str:
    """Return what YAML made of an unquoted word, which is shown as it was written where that is known."""
    written = spelling(value)
    if written is not None:
        return f"{said(written)} arrived as a {kind_of(value)}"
    return f"arrived as the {kind_of(value)} {said(str(value).lower() if isinstance(value, bool) else value)}"


def reference(where: str, value: Any) -> str:
    """Return a reference: text that is not empty."""
    found = text(where, value)
    if not found:
        raise InvalidInput(f"{where}: is empty; give a name or a UUID.")
    if len(found) > _REFERENCE_LIMIT:
        raise InvalidInput(f"{where}: has {len(found)} characters, and {_REFERENCE_LIMIT} are allowed: shorten it.")
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
    raise InvalidInput(f"{where}: must be true or false, and {quoted(value)} was given.")


def choice(where: str, value: Any, choices: Sequence[str]) -> str:
    """One of ``choices``."""
    if value not in choices:
        raise InvalidInput(
            f"{where}: must be {' or '.join(choices)}, and {quoted(value)} was given.{closest(value, choices)}"
        )
    return str(value)


def expiration(where: str, value: Any) -> datetime | None:
    """A moment in UTC, or None for ``never``."""
    if isinstance(value, str) and value.strip().lower() == _moments.NEVER:
        return None
    if isinstance(value, (bool, int, float, WrittenBool)):
        raise InvalidInput(f'{where}: {arrived(value)}, not as a date: quote it, like "2027-06-30".')
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


def kind_of(value: Any) -> str:
    """Return the word for what ``value`` is."""
    # The first that fits: a boolean is an int, and a date-time is a date.
    kinds: tuple[tuple[Any, str], ...] = (
        ((bool, WrittenBool), "boolean"),
        ((int, float), "number"),
        (str, "text"),
        (date, "date"),
        ((list, tuple), "list"),
        (Mapping, "mapping"),
        (None.__class__, "null"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)


def quoted(value: Any) -> str:
    """Return ``value`` as messages quote it: as it was written where that is known; a list or mapping by its kind."""
    if isinstance(value, (list, tuple, Mapping)):
        return f"a {kind_of(value)}"
    return f"'{said(spelling(value) or value)}'"


def json_value(where: str, value: Any) -> Any:
    """Return a value that JSON can hold, as it is: text, finite numbers, booleans, null, and lists and mappings."""
    if isinstance(value, Mapping):
        return {_json_key(where, key): json_value(f"{where}.{said(key)}", item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(f"{where}[{index}]", item) for index, item in enumerate(value)]
    if not isinstance(value, date) and (problem := problem_of(value)):
        raise InvalidInput(f"{where}: {problem}")
    if value is None or isinstance(value, (int, float, WrittenBool)):
        return without_spelling(value)
    if isinstance(value, str):
        text(where, value)
        return value
    return text(where, value)


def _json_key(where: str, key: Any) -> str:
    if not isinstance(key, str):
        raise InvalidInput(f"{where}: a key {arrived(key)}, not as text: quote it as it is written.")
    return text(where, key) and key


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
# The keys below an entry that take a date as YAML makes it of unquoted text; everywhere else that is an error.
GRANT_DATES = ("expiration_time",)
# What entries can have in common.
DEFAULT_KEYS = tuple(key for key in _PROVIDER_KEYS if key not in ("customer", "state"))


def mapping(where: str, value: Any, known: Sequence[str]) -> dict[str, Any]:
    """Return a mapping with known keys only; keys without a value (null) count as left out."""
    problems = Problems()
    found = known_keys(where, value, known, problems)
    problems.refuse()
    return found


def known_keys(where: str, value: Any, known: Sequence[str], problems: Problems) -> dict[str, Any]:
    """Return the items of a mapping whose keys are known and that are not null; add the other keys to ``problems``.

    Raises ``InvalidInput`` where ``value`` is not a mapping.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: must be a mapping of {', '.join(known)}, and a {kind_of(value)} was given.")
    for key in value:
        if key not in known:
            names = ", ".join(known)
            problems.add(f"{where}: '{said(key)}' is not known.{closest(key, known)} Known are {names}.")
    return {key: item for key, item in value.items() if item is not None and key in known}


def sequence(where: str, value: Any) -> list[Any]:
    """A list."""
    if isinstance(value, str) and "datetime.date" in value:
        raise InvalidInput(f"{where}: arrived as text because of an unquoted date in it: quote the dates.")
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(f"{where}: must be a list, and a {kind_of(value)} was given.")
    return list(value)


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
            f"{where}: '{said(name)}' holds the control or format character U+{ord(hidden):04X}, which nobody sees in a"
            " username: remove it."
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
    return _uuids.normal(value) or value
