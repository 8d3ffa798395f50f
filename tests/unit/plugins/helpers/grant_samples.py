# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample role grants, roles and entries, and a function that compares them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import (
    GrantEntry,
    Grants,
    GrantState,
    GrantWrite,
    UserRole,
)

from .samples import PEOPLE, session, target

MANAGER = {"uuid": "0a" * 16, "name": "CUSTOMER.MANAGER"}
OTHER = {"uuid": "0b" * 16, "name": "PROVIDER.VIEWER"}
# An entry may name a role by its name or its UUID.
ROLES = {"CUSTOMER.MANAGER": MANAGER, "PROVIDER.VIEWER": OTHER, MANAGER["uuid"]: MANAGER}

NOW = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)
PAST = datetime(2027, 1, 1, tzinfo=timezone.utc)
SOON = datetime(2027, 6, 30, tzinfo=timezone.utc)
LATER = datetime(2028, 6, 30, tzinfo=timezone.utc)


def text(moment: datetime | None) -> str | None:
    """Return a timestamp as a server writes it."""
    return moment.isoformat() if moment else None


def row(
    user: User, expiry: datetime | None = None, role: Mapping[str, str] | None = None, uuid: str = "f"
) -> dict[str, Any]:
    """Return a row of list_users."""
    role = role or MANAGER
    return {
        "uuid": uuid * 32,
        "user_uuid": user.uuid,
        "user_username": user.username,
        "role_uuid": role["uuid"],
        "role_name": role["name"],
        "expiration_time": text(expiry),
    }


def entry(user: str, expiry: Any = UNSET, role: str = "CUSTOMER.MANAGER", state: str = "present") -> GrantEntry:
    """Return an entry whose place is named after its user."""
    return GrantEntry(f"users[{user}]", user, role, expiry, state)


def absent(user: str, role: str = "CUSTOMER.MANAGER") -> GrantEntry:
    """Return an entry with ``state: absent``."""
    return entry(user, role=role, state="absent")


def compare(
    rows: list[dict[str, Any]],
    *entries: GrantEntry,
    exclusive: bool = False,
    me: str | None = None,
    missing_users: str = "fail",
    people: Mapping[str, User | UnresolvedUser] | None = None,
) -> Comparison[GrantWrite]:
    """Compare the entries with the rows, at the time NOW."""
    desired = Grants(tuple(entries), exclusive, "exclusive_users")
    return UserRole().compare(
        session(missing_users), target(), desired, GrantState(rows, ROLES, NOW, me), people or PEOPLE
    )
