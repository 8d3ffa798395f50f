# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a provider's accounts: the fact ``accounts``, which reports show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._api.operations import operation
from .._common import uuids
from .._common.errors import Forbidden, NotFound, RouteMissing
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.targets import Target
from .reader import warn_of_hidden_rows

_SETTINGS_SINCE = 2026
_DELETED = "Deleted"
# The types of offerings with accounts, to which account settings apply (api-behaviour: account-settings-effects).
_TYPES_WITH_ACCOUNTS = ("Marketplace.Basic", "Marketplace.Script", "Marketplace.Slurm")
# The beginnings of the states in which an account waits for somebody, or has failed (api-behaviour: offering-users).
_UNFINISHED = ("pending", "error")
_SHOWN = (
    "uuid",
    "username",
    "user_uuid",
    "user_username",
    "user_full_name",
    "user_email",
    "offering_uuid",
    "offering_name",
    "state",
    "runtime_state",
    "service_provider_comment",
    "service_provider_comment_url",
    "modified",
)
_ACCOUNT_TYPES = {
    "offering_uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "customer_uuid": FieldType.UUID.optional,
    "username": FieldType.TEXT.optional,
    "offering_name": FieldType.TEXT.optional,
    "state": FieldType.TEXT.optional,
    "runtime_state": FieldType.TEXT.optional,
    "service_provider_comment": FieldType.TEXT.optional,
}


def read_account_facts(session: Session, target: Target) -> dict[str, Any]:
    """Return what there is to know about the accounts of a provider.

    ``total`` and ``by_state`` count the accounts in offerings; ``unfinished`` are those that are pending, have failed
    or have a comment; ``without_username`` the users with accounts that have no name. ``username_conflicts``,
    ``overriding_offerings`` and ``posix_id_pool`` are None where the token may not read them, and before Waldur 2026.
    """
    warn_of_hidden_rows(session, operation("offering_users"), target)
    rows = _read_accounts(session, target)
    has_states = any(row.get("state") or row.get("runtime_state") for row in rows)
    facts: dict[str, Any] = {
        "total": len(rows),
        "by_state": dict(sorted(Counter(row["state"] for row in rows if row.get("state")).items())),
        "unfinished": [_trim(row) for row in rows if _is_unfinished(row)] if has_states or not rows else None,
        "without_username": _list_users_without_username(rows),
        "username_conflicts": None,
        "overriding_offerings": None,
        "posix_id_pool": None,
    }
    if session.references.provider_list.edition() >= _SETTINGS_SINCE:
        facts |= {name: _read_if_allowed(session, target, name, reader) for name, reader in _READERS_OF_2026.items()}
    return facts


def _read_if_allowed(session: Session, target: Target, name: str, read: Callable[[Session, Target], Any]) -> Any:
    """Return what ``read`` returns; None, with a warning, where the token may not read it."""
    try:
        return read(session, target)
    except (Forbidden, NotFound, RouteMissing) as error:
        session.warnings.append(f"The fact accounts.{name} is null: {error.message}")
        return None


def _read_accounts(session: Session, target: Target) -> list[Row]:
    """Return the accounts in the provider's offerings, by offering and user."""
    rows = session.client.rows("offering_users", provider_uuid=target.customer_uuid, field=[*_SHOWN, "customer_uuid"])
    rows = [
        row
        for row in check_rows("offering_users", rows, **_ACCOUNT_TYPES)
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid)
    ]
    return sorted(rows, key=lambda row: (row.get("offering_name") or "", _name_user(row), str(row["user_uuid"])))


def _trim(row: Row) -> Row:
    return {key: row.get(key) for key in _SHOWN}


def _is_unfinished(row: Row) -> bool:
    """Return whether an account is pending, has failed, or has a comment of the provider."""
    states = [(row.get(key) or "").casefold() for key in ("state", "runtime_state")]
    has_comment = bool(row.get("service_provider_comment")) and row.get("state") != _DELETED
    return has_comment or any(state.startswith(_UNFINISHED) for state in states)


def _name_user(row: Row) -> str:
    return str(row.get("user_full_name") or row.get("user_username") or row.get("user_email") or "")


def _list_users_without_username(rows: Iterable[Row]) -> list[Row]:
    """Return the users who have accounts without a username, and the names of those offerings."""
    users: dict[str, Row] = {}
    for row in rows:
        if row.get("username") or row.get("state") == _DELETED:
            continue
        user = users.setdefault(
            uuids.normalize(row["user_uuid"]) or "",
            {**{key: row.get(key) for key in ("user_uuid", "user_username", "user_full_name")}, "offerings": []},
        )
        user["offerings"].append(row.get("offering_name") or row["offering_uuid"])
    return sorted(users.values(), key=lambda user: (_name_user(user), str(user["user_uuid"])))


def _read_conflicts(session: Session, target: Target) -> list[Row]:
    return session.client.rows("username_conflicts", target.uuid)


def _read_overriding_offerings(session: Session, target: Target) -> list[Row]:
    """Return the offerings with account settings of their own, which take precedence over the provider's
    (api-behaviour: account-settings-precedence)."""
    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "name", "customer_uuid", "type", "state", "account_settings"],
    )
    rows = check_rows(
        "provider_offerings",
        rows,
        uuid=FieldType.UUID,
        name=FieldType.TEXT,
        account_settings=FieldType.MAPPING.optional,
    )
    offerings = [
        {"uuid": row["uuid"], "name": row["name"], "settings": _list_own_settings(row.get("account_settings") or {})}
        for row in rows
        if uuids.normalize(row.get("customer_uuid")) == target.customer_uuid
        and row.get("type") in _TYPES_WITH_ACCOUNTS
        and row.get("state") != "Archived"
    ]
    return sorted((row for row in offerings if row["settings"]), key=lambda row: (row["name"], row["uuid"]))


def _list_own_settings(settings: Row) -> dict[str, Any]:
    """Return the values that the offering sets itself and that differ from those that it would inherit."""
    return {
        name: setting.get("value")
        for name, setting in sorted(settings.items())
        if isinstance(setting, dict)
        and setting.get("source") == "offering"
        and setting.get("value") != _inherited_value(setting)
    }


def _inherited_value(setting: Row) -> Any:
    inherited = setting.get("inherited")
    return inherited.get("value") if isinstance(inherited, dict) else None


def _read_pool(session: Session, target: Target) -> Row | None:
    """Return the statistics of the provider's POSIX ID pool; None if the token sees none
    (api-behaviour: posix-pools)."""
    rows = session.client.rows("posix_id_pools", customer_uuid=target.customer_uuid)
    for row in check_rows("posix_id_pools", rows, uuid=FieldType.UUID, service_provider=FieldType.UUID.optional):
        if target.uuid and uuids.normalize(row.get("service_provider")) == target.uuid:
            return {"uuid": row["uuid"], **session.client.get("posix_id_pool_stats", row["uuid"])}
    return None


_READERS_OF_2026: Mapping[str, Callable[[Session, Target], Any]] = {
    "username_conflicts": _read_conflicts,
    "overriding_offerings": _read_overriding_offerings,
    "posix_id_pool": _read_pool,
}
