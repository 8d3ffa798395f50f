# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between versions of Waldur: ``editions.yaml``, asked by name; no code ever compares years."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import Any

import yaml


@dataclasses.dataclass(frozen=True)
class Edition:
    """One version of Waldur."""

    name: str
    version: str
    # How a UTC moment ends (contract 1.10), and the charset of JSON, empty for none (contract 1.4).
    utc_suffix: str
    charset: str
    # The words that may stand before a token (contract 1.1).
    scheme_words: list[str]
    # The scope type of CUSTOMER.MANAGER and what the role says of itself (contract 3.a).
    manager_scope: str
    manager_description: str
    # What roles hold beyond the world's file; what owners hold though no role says so; what everybody holds.
    shipped_permissions: dict[str, list[str]]
    owner_permissions: list[str]
    open_permissions: list[str]
    # Whether roles on a provider give rights there, or only those on its customer (contract 1.16).
    provider_roles_count: bool
    # The offering's column that holds service_provider_can_create_offering_user.
    account_option_column: str
    # Whether the list's filters apply to list_users too, by which filters it goes, and who may see it (contract 2.7).
    scope_filters_leak: bool
    grant_filters: str
    teams_are_private: bool
    # The rows that show everything, whatever ``field=`` says.
    shapes_without_field: list[str]
    # Whether set_offerings_username takes an empty name, which makes the missing accounts (contract 3.e).
    blank_usernames: bool
    # Whether staff may grant roles to deactivated users.
    inactive_users_get_roles: bool
    # The actions that are not there yet, by the kind of object.
    absent_actions: dict[str, list[str]]


@functools.cache
def load(*place: str) -> Any:
    """The content of the YAML file at *place* in this folder, read once."""
    content = pathlib.Path(__file__).parent.joinpath(*place).read_bytes()
    return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read() -> dict[str, Edition]:
    found: dict[str, Edition] = {}
    values: dict[str, Any] = {}
    for name, changes in load("editions.yaml").items():
        values = {**values, **changes}
        found[name] = Edition(name=name, **values)
    return found


EDITIONS = _read()
_current = EDITIONS["2025"]


def current() -> Edition:
    """The edition that this process answers as."""
    return _current


def choose(name: str) -> Edition:
    """Answer as the edition *name* from now on; raises ``KeyError`` for an unknown one."""
    global _current  # noqa: PLW0603 - one process is one server
    _current = EDITIONS[name]
    return _current
