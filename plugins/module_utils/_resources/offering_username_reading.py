# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the accounts at a provider, who reaches its offerings, and who owns the usernames (api-behaviour:
usernames-algorithm)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .._common import uuids
from .._common.errors import Forbidden, NotFound, RouteMissing
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.targets import Target
from .offering_username_entries import Usernames
from .offering_username_owners import LINK, differing_names
from .offering_username_state import Owner, UsernameState

_LIVE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating")
_OPTION = "service_provider_can_create_offering_user"
_SHARED_SINCE = 2026

_ACCOUNT_FIELDS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "user_uuid",
    "user_username",
    "username",
    "customer_uuid",
    "state",
    "service_provider_account_uuid",
    "service_provider_account_username",
)
_PERMISSION_FIELDS = ("user_uuid", "user_username", "project_uuid", "role_name", "created")
_ACCOUNT_KINDS = {
    "offering_uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "customer_uuid": FieldType.UUID.optional,
    "user_username": FieldType.TEXT.optional,
    "offering_name": FieldType.TEXT.optional,
    "state": FieldType.TEXT.optional,
    "service_provider_account_uuid": FieldType.UUID.optional,
    "service_provider_account_username": FieldType.TEXT.optional,
}
_OWNER_KINDS = {
    "uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "service_provider_uuid": FieldType.UUID,
}
# Who has no user or project there reaches nothing.
_PERMISSION_KINDS = {
    "user_uuid": FieldType.UUID.optional,
    "user_username": FieldType.TEXT.optional,
    "user_email": FieldType.TEXT.optional,
    "project_uuid": FieldType.UUID.optional,
}
_RESOURCE_KINDS = {
    "offering_uuid": FieldType.UUID,
    "offering_name": FieldType.TEXT.optional,
    "project_uuid": FieldType.UUID.optional,
    "state": FieldType.TEXT,
    "provider_uuid": FieldType.UUID.optional,
}
_RESOURCE_FIELDS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "offering_shared",
    "project_uuid",
    "state",
    "provider_uuid",
)


def read_reached_offerings(session: Session, target: Target, only: str | None) -> UsernameState:
    """Read which users reach which offerings, and where their accounts can be read back; no accounts yet."""
    current = UsernameState()
    projects = _projects(session, target, only)
    _read_reach(session, target, projects, current)
    if current.unseen or current.names:
        partly = not session.references.current_user.sees_all_users()
        current.blind = partly and not current.names
        current.hidden = _read_offerings(session, target, current) if partly and current.names else set()
    return current


def _projects(session: Session, target: Target, only: str | None) -> dict[str, set[str]]:
    """Return the users with a role by project UUID. Old servers ignore the filter, so other rows are left out."""
    rows = session.client.rows("project_permissions", target.uuid, field=_PERMISSION_FIELDS, user=only)
    rows = check_rows("project_permissions", rows, **_PERMISSION_KINDS)
    session.references.users.remember(rows)
    projects: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user = uuids.normalize(row.get("user_uuid"))
        if user and only in (None, user):
            projects[uuids.normalize(row.get("project_uuid")) or ""].add(user)
    return projects


def _read_reach(session: Session, target: Target, projects: dict[str, set[str]], current: UsernameState) -> None:
    """Read which user reaches which offering; private ones are left out, as their projects are not listed."""
    if not projects:
        return
    current.unseen = set(projects)
    rows = session.client.rows(
        "provider_resources", provider_uuid=target.customer_uuid, state=_LIVE_STATES, field=_RESOURCE_FIELDS
    )
    for row in check_rows("provider_resources", rows, **_RESOURCE_KINDS):
        offering = uuids.normalize(row["offering_uuid"]) or ""
        live = row.get("state") in _LIVE_STATES and row.get("offering_shared") is not False
        if not live or uuids.normalize(row.get("provider_uuid")) not in (None, target.customer_uuid):
            continue
        current.names[offering] = row.get("offering_name") or offering
        current.unseen.discard(uuids.normalize(row.get("project_uuid")) or "")
        for user in projects.get(uuids.normalize(row.get("project_uuid")) or "", ()):
            current.reach.setdefault(user, set()).add(offering)


def _read_offerings(session: Session, target: Target, current: UsernameState) -> set[str]:
    """Read which offerings share their accounts, and return those whose accounts only staff and support can read back,
    though the POST sets them (api-behaviour: offering-users-visibility)."""

    def lift(row: Row) -> Row:
        # The secret options are gone after this, and no message may show them, so they are not checked like others.
        options = [row.get(key) for key in ("plugin_options", "secret_options")]
        return {**row, "_readable": any(isinstance(one, dict) and one.get(_OPTION) for one in options)}

    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "customer_uuid", "plugin_options", "secret_options", "account_settings"],
        prepare=lift,
    )
    rows = check_rows(
        "provider_offerings",
        rows,
        uuid=FieldType.UUID,
        plugin_options=FieldType.MAPPING.optional,
        account_settings=FieldType.MAPPING.optional,
    )
    current.shared = {uuids.normalize(row["uuid"]) or "" for row in rows if _is_shared(row)}
    return {uuids.normalize(row["uuid"]) or "" for row in rows if not row["_readable"]}


def _is_shared(offering: Row) -> bool:
    """Return whether new accounts in the offering belong to service provider accounts
    (api-behaviour: account-settings-effective)."""
    scope = (offering.get("account_settings") or {}).get("account_scope")
    return isinstance(scope, dict) and scope.get("value") == "provider"


def read_accounts(session: Session, target: Target, only: str | None, current: UsernameState, **query: Any) -> None:
    """Read the accounts of one user or of all. Those in any state count, Deleted ones too: the POST renames them."""
    rows = session.client.rows(
        "offering_users",
        provider_uuid=target.customer_uuid,
        field=_ACCOUNT_FIELDS,
        user_uuid=only,
        **query,
    )
    for row in check_rows("offering_users", rows, **_ACCOUNT_KINDS):
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid):
            pair = (uuids.normalize(row["offering_uuid"]) or "", uuids.normalize(row["user_uuid"]) or "")
            current.accounts[pair], current.rows[pair] = row.get("username"), row
            if row.get("user_username"):
                current.holder_names[pair[1]] = row["user_username"]


def pending_accounts(session: Session, desired: Usernames, current: UsernameState) -> set[tuple[str, str]]:
    """Return the pairs of offering and user in which an entry may change something."""
    return {
        (offering, user)
        for entry in desired.entries
        for user in named_users(session, Usernames((entry,)), current)
        for offering in differing_names(current, user, entry.username)
    }


def named_users(session: Session, desired: Usernames, current: UsernameState) -> set[str]:
    """Return those whom the entries may be about; all who reach offerings, where a reference is not known yet."""
    known = {session.references.users.known_uuid(entry.user) for entry in desired.entries}
    return set(current.reach) if None in known else {user for user in known if user}


def read_visibility(session: Session, users: Iterable[str], current: UsernameState) -> None:
    """Read whether accounts may be hidden, where one that ``users`` could have was not seen."""
    if any((offering, user) not in current.accounts for user in users for offering in current.readable(user)):
        current.may_miss_accounts = session.references.account_visibility.may_miss_accounts()


def read_owners(session: Session, target: Target, pairs: Iterable[tuple[str, str]], current: UsernameState) -> None:
    """Read to which service provider accounts the usernames in ``pairs`` belong, where their rows don't tell.

    Rows of 2026 tell it, except those of its first servers; older servers have no such accounts. Where an account is
    missing, the offering's scope decides (api-behaviour: usernames-owned-by-a-provider-account).
    """
    missing = {pair for pair in pairs if pair not in current.accounts}
    unclear = {pair for pair in pairs if pair in current.rows and LINK not in current.rows[pair]}
    if not (missing or unclear) or session.references.provider_list.edition() < _SHARED_SINCE:
        return
    if missing and current.shared is None:
        _read_offerings(session, target, current)
    needed = unclear | {pair for pair in missing if pair[0] in (current.shared or ())}
    users = {user for _offering, user in needed}
    if not users:
        return
    only = users.pop() if len(users) == 1 else None
    try:
        rows = session.client.rows(
            "provider_accounts",
            customer_uuid=target.customer_uuid,
            user_uuid=only,
            field=["uuid", "user_uuid", "username", "service_provider_uuid"],
        )
    except (Forbidden, NotFound, RouteMissing):
        return
    for row in check_rows("provider_accounts", rows, **_OWNER_KINDS):
        if uuids.normalize(row["service_provider_uuid"]) == target.uuid:
            owner = Owner(uuids.normalize(row["uuid"]), row.get("username"))
            current.provider_accounts[uuids.normalize(row["user_uuid"]) or ""] = owner


def read_holders(session: Session, target: Target, only: str, username: str, current: UsernameState) -> None:
    """Read who else may have the username that a single user is to get: the rest is read only where it will be set.

    The filter ``query`` finds parts of usernames in any case on every Waldur that has it, and others give the whole
    list; ``username`` compares exactly, and came in 2026. Beyond ASCII databases disagree about case.
    """
    has_all = any(user != only for _offering, user in current.accounts)
    if not has_all and differing_names(current, only, username):
        read_accounts(session, target, None, current, **({"query": username} if username.isascii() else {}))
