# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account options of a service provider: keys, values, and how they are merged
(api-behaviour: account-settings-keys, account-settings-merge). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._common.errors import InvalidInput, quote
from .._common.json_values import json_text
from .._common.types import Row
from .._document.fields import BooleanField, ChoiceField, EntryReader, Field, MappingField, TextField

ACCOUNT_OPTIONS_KEY = "account_options"
SCOPE = "account_scope"
POLICY = "username_generation_policy"
PREFIX = "username_anonymized_prefix"
SHARED = "provider"
# A change of these can rename accounts, or make one of several, at once (api-behaviour: account-settings-effects).
NAMING_KEYS = (SCOPE, POLICY, PREFIX)
# In these states a change of the policy gives an account that is not linked another username.
RENAMED_STATES = ("Requested", "Creating", "OK")
# Under these it also gives the account numbers from a POSIX ID pool, of these kinds (api-behaviour: username-policies).
NUMBERING_POLICIES = {"service_provider": ("uid", "gid"), "anonymized": ("uid",)}

_PATH = re.compile(r"/[A-Za-z0-9_./-]+")
_PATH_PATTERN = r"^\s*/(?!.*\.\.)[A-Za-z0-9_./-]+\s*$"


def _check_path(where: str, path: str) -> str:
    if not _PATH.fullmatch(path) or ".." in path:
        raise InvalidInput(
            f"{where}: '{quote(path)}' is not a path that Waldur accepts: start it with / and at least one more"
            " character, and use only letters without accents, digits, _, -, / and single dots."
        )
    return path


PROJECT_GROUPS_SWITCH = "project_groups_enabled"
_SWITCH = BooleanField(PROJECT_GROUPS_SWITCH, "Whether Waldur makes POSIX groups for the projects of users.")
_KEYS: tuple[Field[object], ...] = (
    ChoiceField(
        SCOPE,
        "offering: an account for each user and offering. provider: one account for each user at the provider.",
        choices=("offering", SHARED),
    ),
    ChoiceField(
        POLICY,
        "What Waldur makes usernames of.",
        choices=("service_provider", "anonymized", "full_name", "waldur_username", "freeipa", "identity_claim"),
    ),
    TextField(PREFIX, "What usernames begin with under the policy anonymized.", examples=("hpc_",)),
    TextField(
        "homedir_prefix",
        "What home directories begin with, with a slash at the end.",
        check=_check_path,
        pattern=_PATH_PATTERN,
        examples=("/home/",),
    ),
    TextField("login_shell", "The login shell.", check=_check_path, pattern=_PATH_PATTERN, examples=("/bin/bash",)),
    _SWITCH,
)


def _read_options(entry: EntryReader) -> dict[str, Any]:
    """Return the options that are named, a removed one as an empty text."""
    named = [option for option in _KEYS if option in entry or option.name in entry.removed]
    return {option.name: entry.get(option) if option in entry else "" for option in named}


ACCOUNT_OPTIONS = MappingField(
    ACCOUNT_OPTIONS_KEY,
    "Options of accounts, merged key by key; an empty value removes a key (Waldur 2026).",
    fields=_KEYS,
    build=_read_options,
    keys_are_removable=True,
)


def named_options(value: Any) -> Any:
    """Return the options that a task names: Ansible sets those that it leaves out to null."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else value


def differing_options(current: Row, desired: Row) -> tuple[Row, Row]:
    """Return the options that differ, as they are and as they are sent.

    Only they are sent, as Waldur merges them key by key; an empty text removes a key, and the switch becomes false
    (api-behaviour: account-settings-merge).
    """
    keys = [key for key in desired if not is_same_option(key, current.get(key), desired[key])]
    sent = {key: False if key == _SWITCH.name and _is_blank(desired[key]) else desired[key] for key in keys}
    return {key: current.get(key) for key in keys}, {key: "" if value is None else value for key, value in sent.items()}


def is_same_option(key: str, current: Any, desired: Any) -> bool:
    """Return whether an option is as desired; true is not 1, and a removed key is one that is absent or empty.

    The switch can't be removed, so there it counts as removed once it is false.
    """
    if _is_blank(desired):
        return _is_blank(current) or (key == _SWITCH.name and current is False)
    return json_text(current) == json_text(desired)


def _is_blank(value: Any) -> bool:
    """Return whether an option has no value: false and 0 are values."""
    return value is None or value == ""


def unapplied_options(current: Row, sent: Row) -> list[str]:
    """Return the keys in ``sent`` whose values Waldur does not have: it ignores some without an error."""
    return [key for key in sent if not is_same_option(key, current.get(key), sent[key])]


def merged_options(current: Row, sent: Row) -> Row:
    """Return the options as Waldur stores them after ``sent``."""
    return {key: value for key, value in {**current, **sent}.items() if not _is_blank(value)}


def exported_options(stored: Row) -> tuple[dict[str, Any], list[str]]:
    """Return the options that a document can hold, sorted, and the keys of those that it can't."""
    valid: dict[str, Any] = {}
    others = []
    for key in sorted(key for key, value in stored.items() if not _is_blank(value)):
        if _is_expressible(key, stored[key]):
            valid[key] = stored[key]
        else:
            others.append(key)
    return valid, others


def _is_expressible(key: str, value: Any) -> bool:
    """Return whether a document can hold an option so that applying it changes nothing."""
    try:
        return is_same_option(key, value, ACCOUNT_OPTIONS.read("", {key: value})[key])
    except InvalidInput:
        return False
