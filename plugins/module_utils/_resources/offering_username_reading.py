# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the accounts at a provider, who reaches its offerings, and who owns the usernames (api-behaviour:
usernames-algorithm)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from .._common import uuids
from .._common.errors import Forbidden, NotFound, RouteMissing
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.bulk_lists import BulkList
from .._references.targets import Target
from .offering_username_entries import Usernames
from .offering_username_owners import CREATE_OPTION, list_differing_usernames, numbered_offerings, plan_requests
from .offering_username_state import OfferingSettings, ProviderAccount, UsernameState
from .posix_id_supply import ALL_NUMBERS, EarlierChanges, join_demands, read_supplies

_LIVE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating")
LINK = "service_provider_account_uuid"
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
_PERMISSION_FIELDS = ("user_uuid", "user_username", "user_email", "project_uuid", "role_name", "created")
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
_OWNER_FIELDS = ["uuid", "user_uuid", "user_username", "username", "service_provider_uuid"]
_OWNER_KINDS = {
    "uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "user_username": FieldType.TEXT.optional,
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
_RESOURCE_QUERY: dict[str, Any] = {"state": _LIVE_STATES, "field": _RESOURCE_FIELDS}
_RESOURCES_OF_ALL = BulkList("provider_resources", "provider_uuid", _RESOURCE_QUERY, is_by_customer=True)
_ACCOUNTS_OF_ALL = BulkList("offering_users", "customer_uuid", {"field": _ACCOUNT_FIELDS}, is_by_customer=True)
_OFFERING_QUERY: dict[str, Any] = {
    "field": ["uuid", "customer_uuid", "plugin_options", "secret_options", "account_settings"]
}


def prefetch(session: Session, targets: Sequence[Target], *, is_export: bool) -> None:
    """Read the resources, accounts and offerings of all service providers, where that takes fewer requests.

    Of a provider without resources only the accounts are read, and only by an export.
    """
    lists = session.references.bulk_lists
    lists.prefetch(_RESOURCES_OF_ALL, targets)
    in_use = [target for target in targets if lists.rows(_RESOURCES_OF_ALL, target) != []]
    lists.prefetch(_ACCOUNTS_OF_ALL, targets if is_export else in_use)
    lists.prefetch(_OFFERINGS_OF_ALL, in_use)


def read_reached_offerings(session: Session, target: Target, only: str | None) -> UsernameState:
    """Read which users reach which offerings, and where their accounts can be read; no accounts yet."""
    current = UsernameState()
    lists = session.references.bulk_lists
    resources = lists.rows(_RESOURCES_OF_ALL, target)
    if resources is not None and not _live_resources(resources, target) and lists.has_staff_rights():
        return current  # staff see all resources, and without one nobody reaches an offering
    projects = _projects(session, target, only)
    _read_reach(session, target, projects, current)
    if current.projects_without_visible_resources or current.names:
        partly = not session.references.current_user.sees_all_users()
        current.sees_no_resources = partly and not current.names
        current.unreadable_offerings = read_settings(session, target, current) if partly and current.names else set()
    return current


def _projects(session: Session, target: Target, only: str | None) -> dict[str, set[str]]:
    """Return the users with a role by project UUID. Old servers ignore the filter, so other rows are left out."""
    rows = session.client.rows("project_permissions", target.uuid, field=_PERMISSION_FIELDS, user=only)
    rows = check_rows("project_permissions", rows, **_PERMISSION_KINDS)
    session.references.users.remember(rows)
    projects: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user, project = uuids.normalize(row.get("user_uuid")), uuids.normalize(row.get("project_uuid"))
        if user and project and only in (None, user):
            projects[project].add(user)
    return projects


def _read_reach(session: Session, target: Target, projects: dict[str, set[str]], current: UsernameState) -> None:
    """Read which user reaches which offering; private ones are left out, as their projects are not listed."""
    if not projects:
        return
    current.projects_without_visible_resources = set(projects)
    rows = session.references.bulk_lists.rows(_RESOURCES_OF_ALL, target)
    if rows is None:
        rows = session.client.rows("provider_resources", provider_uuid=target.customer_uuid, **_RESOURCE_QUERY)
    for row in _live_resources(rows, target):
        offering = uuids.normalize(row["offering_uuid"]) or ""
        current.names[offering] = row.get("offering_name") or offering
        current.projects_without_visible_resources.discard(uuids.normalize(row.get("project_uuid")) or "")
        for user in projects.get(uuids.normalize(row.get("project_uuid")) or "", ()):
            current.accessible_offerings.setdefault(user, set()).add(offering)


def _live_resources(rows: Iterable[Row], target: Target) -> list[Row]:
    """Return the resources of the provider's shared offerings that are not terminated."""
    return [
        row
        for row in check_rows("provider_resources", rows, **_RESOURCE_KINDS)
        if row.get("state") in _LIVE_STATES
        and row.get("offering_shared") is not False
        and uuids.normalize(row.get("provider_uuid")) in (None, target.customer_uuid)
    ]


def read_settings(session: Session, target: Target, current: UsernameState) -> set[str]:
    """Read what decides about the accounts in each offering, and return the offerings whose accounts only staff and
    support can read back, though the POST sets them (api-behaviour: offering-users-visibility)."""
    rows = session.references.bulk_lists.rows(_OFFERINGS_OF_ALL, target)
    if rows is None:
        rows = session.client.rows(
            "provider_offerings", customer_uuid=target.customer_uuid, prepare=_prepare_offering, **_OFFERING_QUERY
        )
    rows = check_rows(
        "provider_offerings",
        rows,
        uuid=FieldType.UUID,
        plugin_options=FieldType.MAPPING.optional,
        account_settings=FieldType.MAPPING.optional,
    )
    current.settings = {uuids.normalize(row["uuid"]) or "": _settings(row) for row in rows}
    return {offering for offering, settings in current.settings.items() if not settings.can_create}


def _prepare_offering(row: Row) -> Row:
    # The secret options are gone after this, and no message may show them, so they are not checked like others.
    options = [row.get(key) for key in ("plugin_options", "secret_options")]
    can_create = any(isinstance(option, dict) and bool(option.get(CREATE_OPTION)) for option in options)
    return {**row, "_can_create": can_create, "_numbers": _pooled_numbers(options[0])}


def _pooled_numbers(options: Any) -> tuple[str, ...]:
    """Return the kinds of numbers that accounts take from a pool, by the options of their offering
    (api-behaviour: posix-numbers)."""
    options = options if isinstance(options, dict) else {}
    if options.get("enable_posix_account") is False:
        return ()
    return tuple(kind for kind in ALL_NUMBERS if options.get(f"{kind}_source") != "user_attribute")


_OFFERINGS_OF_ALL = BulkList(
    "provider_offerings",
    "customer_uuid",
    _OFFERING_QUERY,
    since=_SHARED_SINCE,
    prepare=_prepare_offering,
    is_by_customer=True,
)


def _settings(offering: Row) -> OfferingSettings:
    """Return what decides about accounts in an offering (api-behaviour: account-settings-effective)."""
    settings = {
        key: value for key, value in (offering.get("account_settings") or {}).items() if isinstance(value, dict)
    }
    values = {key: str(setting.get("value") or "") for key, setting in settings.items()}
    inherited = {key: setting.get("inherited") for key, setting in settings.items()}
    return OfferingSettings(
        is_shared=values.get("account_scope") == "provider",
        policy=values.get("username_generation_policy", ""),
        can_create=offering["_can_create"],
        own=frozenset(key for key, setting in settings.items() if setting.get("source") == "offering"),
        inherited=tuple(
            (key, str(value.get("value") or "")) for key, value in inherited.items() if isinstance(value, dict)
        ),
        numbers=offering["_numbers"],
    )


def read_accounts(session: Session, target: Target, only: str | None, current: UsernameState, **query: Any) -> None:
    """Read the accounts of one user or of all. Those in any state count, Deleted ones too: the POST renames them."""
    rows = None if only or query else session.references.bulk_lists.rows(_ACCOUNTS_OF_ALL, target)
    if rows is None:
        rows = session.client.rows(
            "offering_users",
            provider_uuid=target.customer_uuid,
            field=_ACCOUNT_FIELDS,
            user_uuid=only,
            **query,
        )
    for row in check_rows("offering_users", rows, **_ACCOUNT_KINDS):
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid):
            offering, user = uuids.normalize(row["offering_uuid"]) or "", uuids.normalize(row["user_uuid"]) or ""
            current.accounts[offering, user], current.rows[offering, user] = row.get("username"), row
            if row.get("user_username"):
                current.holder_names[user] = row["user_username"]
            if row.get("offering_name"):
                current.account_offerings[offering] = row["offering_name"]
            if owner := uuids.normalize(row.get(LINK)):
                account = ProviderAccount(owner, row.get("service_provider_account_username"))
                current.links[offering, user] = current.provider_accounts[user] = account


def has_differences(session: Session, desired: Usernames, current: UsernameState) -> bool:
    """Return whether an entry may change something."""
    return any(
        list_differing_usernames(current, user, entry.username)
        for entry in desired.entries
        for user in list_named_users(session, Usernames((entry,)), current)
    )


def list_named_users(session: Session, desired: Usernames, current: UsernameState) -> set[str]:
    """Return the users that the entries may refer to: all who reach offerings, if a reference is not resolved yet."""
    known = {session.references.users.known_uuid(entry.user) for entry in desired.entries}
    return set(current.accessible_offerings) if None in known else {user for user in known if user}


def read_visibility(session: Session, users: Iterable[str], current: UsernameState) -> None:
    """Read whether accounts may be hidden, where one that ``users`` could have was not seen."""
    if any((offering, user) not in current.accounts for user in users for offering in current.list_readable(user)):
        current.accounts_may_be_hidden = session.references.account_visibility.may_miss_accounts()


def read_owners(session: Session, target: Target, only: str | None, desired: Usernames, current: UsernameState) -> None:
    """Read who owns the usernames, where the accounts don't tell, and who else has the desired ones.

    Before 2026 there are no service provider accounts. Without a difference, their list is not read.
    """
    if has_provider_accounts(session, current):
        if current.settings is None:
            read_settings(session, target, current)
        if has_differences(session, desired, current):
            _read_needed_provider_accounts(session, target, only, desired, current)
    if only:
        _read_holders(session, target, only, desired.entries[0].username, current)


def _read_needed_provider_accounts(
    session: Session, target: Target, only: str | None, desired: Usernames, current: UsernameState
) -> None:
    """Read all service provider accounts; for a single user, theirs and those that may have the desired username."""
    username = desired.entries[0].username
    if only is None or not username.isascii():
        read_provider_accounts(session, target, None, current)
        return
    if only not in current.provider_accounts:
        read_provider_accounts(session, target, only, current)
    read_provider_accounts(session, target, None, current, query=username)


def read_supplies_of_numbers(
    session: Session, target: Target, desired: Usernames, current: UsernameState, earlier: EarlierChanges
) -> None:
    """Read what POSIX ID pools have left, where the desired usernames may give accounts numbers."""
    if current.settings is None:
        return  # before 2026 accounts have no numbers, and without a user who reaches offerings none is changed
    known = {entry: session.references.users.known_uuid(entry.user) for entry in desired.entries}
    demand: dict[str, set[str]] = defaultdict(set)
    for entry, user in known.items():
        if user:
            for offering in numbered_offerings(current, user, plan_requests(current, user, entry.username)):
                demand[offering].add(user)
    if None in known.values():
        for user, offerings in current.accessible_offerings.items():
            for offering in offerings:
                demand[offering].add(user)
    if any(demand.values()):
        numbers = {offering: settings.numbers for offering, settings in current.settings.items()}
        joined = join_demands((demand, current.numbered))
        current.supplies = read_supplies(session, target, joined, numbers, earlier)


def has_provider_accounts(session: Session, current: UsernameState) -> bool:
    """Return whether this Waldur has service provider accounts: the accounts in offerings show it, except those of the
    first servers of 2026."""
    is_shown = any(LINK in row for row in current.rows.values())
    return is_shown or session.references.provider_list.edition() >= _SHARED_SINCE


def read_provider_accounts(
    session: Session, target: Target, only: str | None, current: UsernameState, **query: Any
) -> None:
    """Read the service provider accounts of one user or of all, and which accounts in offerings are linked to them,
    where those don't tell it (api-behaviour: usernames-owned-by-a-provider-account)."""
    try:
        rows = session.client.rows(
            "provider_accounts",
            customer_uuid=target.customer_uuid,
            user_uuid=only,
            field=_OWNER_FIELDS,
            **query,
        )
    except (Forbidden, NotFound, RouteMissing):
        return
    for row in check_rows("provider_accounts", rows, **_OWNER_KINDS):
        if uuids.normalize(row["service_provider_uuid"]) == target.uuid:
            user = uuids.normalize(row["user_uuid"]) or ""
            current.provider_accounts[user] = ProviderAccount(uuids.normalize(row["uuid"]), row.get("username"))
            if row.get("user_username"):
                current.holder_names.setdefault(user, row["user_username"])
    for (offering, user), row in current.rows.items():
        account = current.provider_accounts.get(user)
        # A linked account mirrors the username, so one with another is not linked.
        if account and LINK not in row and (account.username or "").strip() == (row.get("username") or "").strip():
            current.links[offering, user] = account


def _read_holders(session: Session, target: Target, only: str, username: str, current: UsernameState) -> None:
    """Read who else may have the username that a single user is to get: the rest is read only where it will be set.

    The filter ``query`` finds parts of usernames in any case on every Waldur that has it, and others give the whole
    list; ``username`` compares exactly, and came in 2026. Beyond ASCII databases disagree about case.
    """
    has_all = any(user != only for _offering, user in current.accounts)
    if not has_all and list_differing_usernames(current, only, username):
        read_accounts(session, target, None, current, **({"query": username} if username.isascii() else {}))


def refresh(session: Session, target: Target, current: UsernameState) -> None:
    """Read the accounts and who owns them again, in bulk, after the account options were changed."""
    fresh = UsernameState(
        names=current.names,
        accessible_offerings=current.accessible_offerings,
        unreadable_offerings=current.unreadable_offerings,
        projects_without_visible_resources=current.projects_without_visible_resources,
        sees_no_resources=current.sees_no_resources,
        accounts_may_be_hidden=current.accounts_may_be_hidden,
    )
    read_accounts(session, target, None, fresh)
    read_settings(session, target, fresh)
    read_provider_accounts(session, target, None, fresh)
    current.replace(fresh)
