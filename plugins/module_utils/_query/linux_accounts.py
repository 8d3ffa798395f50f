# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the list of accounts for machines from Waldur: ``linux_accounts_info``. It reads lists by pages, not per person.

Nobody must lose an account because something could not be read, so every reason why people may be missing is noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._api.operations import operation
from .._common import timestamps, uuids
from .._common import values as document
from .._common.errors import Forbidden, InvalidInput, NotFound, RouteMissing
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._linux.account_list_validation import find_path_problem
from .._references.account_visibility import describe_hidden_rows
from .._references.targets import Target
from .._resources.offering_username_owners import CREATE_OPTION
from .linux_account_list import AccountList, ListSettings, WaldurRows, compose_list
from .linux_uid_map import UID_MAP_OPTION, UidMap
from .reader import resolve_offerings

_GROUPS_SINCE = 2026
_ACCOUNT_TYPES = {
    "user_uuid": FieldType.UUID,
    "offering_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "state": FieldType.TEXT.optional,
    "runtime_state": FieldType.TEXT.optional,
    "customer_uuid": FieldType.UUID.optional,
    "service_provider_account_uuid": FieldType.UUID.optional,
    "uidnumber": FieldType.NUMBER.optional,
    "primarygroup": FieldType.NUMBER.optional,
    "login_shell": FieldType.TEXT.optional,
    "home_directory": FieldType.TEXT.optional,
}
_ACCOUNT_FIELDS = (
    *_ACCOUNT_TYPES,
    *("uuid", "user_username", "user_full_name", "is_restricted", "has_consent", "offering_has_active_tos"),
)
_NUMBERS = ("uidnumber", "primarygroup", "gid")
_OWNER_TYPES = {
    "uuid": FieldType.UUID,
    "service_provider_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "uidnumber": FieldType.NUMBER.optional,
    "primarygroup": FieldType.NUMBER.optional,
    "login_shell": FieldType.TEXT.optional,
    "home_directory": FieldType.TEXT.optional,
}
_MEMBERSHIP_TYPES = {
    "user_uuid": FieldType.UUID,
    "project_uuid": FieldType.UUID,
    "project_name": FieldType.TEXT.optional,
    "expiration_time": FieldType.TIMESTAMP.optional,
}
_GROUP_TYPES = {
    "name": FieldType.TEXT,
    "gid": FieldType.NUMBER.optional,
    "service_provider_uuid": FieldType.UUID,
    "members": FieldType.TEXTS.optional,
    "offerings": FieldType.MAPPINGS.optional,
}
LINUX_ACCOUNTS_OPTIONS: dict[str, Any] = {
    "offerings": {"type": "list", "elements": "raw"},
    "uid_map": UID_MAP_OPTION,
    "directory": {"type": "bool", "default": False},
    "require_project": {"type": "bool", "default": True},
    "home_parents": {"type": "list", "elements": "str", "default": ["/home"]},
    "login_shell": {"type": "str", "default": "/bin/bash"},
    "allowed_key_options": {"type": "list", "elements": "str", "default": [], "no_log": False},
}


def read_linux_accounts(session: Session, target: Target, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list of accounts and groups of a provider, and whether it is complete. Raises ``WaldurError``."""
    settings = _read_settings(options)
    uid_map = UidMap(options["uid_map"]) if options.get("uid_map") is not None else None
    reader = _Reader(session, target, options)
    composed = compose_list(reader.read(), settings, uid_map)
    incomplete = [*reader.incomplete, *composed.incomplete]
    session.warnings.extend(_make_warnings(target, composed, incomplete))
    return {
        "accounts": composed.accounts,
        "groups": composed.groups,
        "is_complete": not incomplete,
        "incomplete_reasons": incomplete,
        "uid_map": uid_map.content() if uid_map else None,
        "uid_map_changed": uid_map.is_changed if uid_map else False,
        "count": len(composed.accounts),
    }


def _read_settings(options: Mapping[str, Any]) -> ListSettings:
    parents = options["home_parents"]
    if not parents or any(find_path_problem(parent) for parent in parents):
        raise InvalidInput("home_parents: must be absolute paths of folders, at least one.")
    if find_path_problem(options["login_shell"]):
        raise InvalidInput("login_shell: must be an absolute path.")
    allowed = frozenset(name.lower() for name in options["allowed_key_options"])
    return ListSettings(parents, options["login_shell"], options["require_project"], allowed)


def _make_warnings(target: Target, composed: AccountList, incomplete: Sequence[str]) -> list[str]:
    warnings = [f"{target.name}: {text}" for text in composed.warnings]
    if incomplete:
        warnings.append(
            f"{target.name}: the list of accounts may be incomplete, so nobody is to be removed by it:"
            f" {'; '.join(incomplete[:10])}."
        )
    return warnings


class _Reader:
    """Read what the list is composed of; ``incomplete`` are the reasons why people may be missing."""

    def __init__(self, session: Session, target: Target, options: Mapping[str, Any]) -> None:
        self.incomplete: list[str] = []
        self._session = session
        self._target = target
        self._options = options
        self._is_newest = session.references.provider_list.edition() >= _GROUPS_SINCE
        self._offerings = self._resolve_offerings()
        self._numbers: set[int] = set()

    def read(self) -> WaldurRows:
        self._check_visibility()
        users = self._read_own("users", field=["uuid", "username", "full_name", "is_active"])
        keys = self._read_own("keys", field=["uuid", "user_uuid", "name", "public_key"])
        accounts, memberships = self._read_accounts(), self._read_memberships()
        return WaldurRows(
            accounts,
            self._read_provider_accounts(),
            None if users is None else check_rows("users", users, uuid=FieldType.UUID),
            None if keys is None else check_rows("keys", keys, user_uuid=FieldType.UUID),
            memberships,
            self._read_project_groups(),
            self._read_directory(),
            self._numbers,
            self._find_unlisted(accounts, memberships),
            self._needs_consent(),
        )

    def _needs_consent(self) -> bool:
        hidden = operation("users").hidden_rows
        return hidden is not None and self._session.references.account_visibility.may_miss_rows(hidden)

    def _find_unlisted(self, accounts: Sequence[Row], memberships: Sequence[Row] | None) -> frozenset[str]:
        """Return the offerings that are not shared, if anybody has no project: in their projects Waldur lists no
        permissions (api-behaviour: project-permissions)."""
        members = {uuids.normalize(row["user_uuid"]) for row in memberships or ()}
        if memberships is None or all(uuids.normalize(row["user_uuid"]) in members for row in accounts):
            return frozenset()
        return frozenset(
            uuids.normalize(row["uuid"]) or "" for row in self._read_offerings() if row.get("shared") is False
        )

    def _note_numbers(self, rows: Sequence[Row]) -> None:
        """Note the numbers that Waldur gave out, whoever has them, so that no other one is the same."""
        self._numbers |= {row[key] for row in rows for key in _NUMBERS if row.get(key) is not None}

    def _resolve_offerings(self) -> frozenset[str] | None:
        """Return the UUIDs of the selected offerings; None where all are selected."""
        references = self._options.get("offerings")
        if references is None:
            return None
        if not references:
            raise InvalidInput("offerings: is empty: name at least one offering, or leave it out for all.")
        named = [document.reference(f"offerings[{number}]", value) for number, value in enumerate(references)]
        return frozenset(resolve_offerings(self._session, self._target, named))

    def _note(self, reason: str) -> None:
        self.incomplete.append(reason)

    def _read_own(self, name: str, **query: Any) -> list[Row] | None:
        """Return a list of the provider; None, and noted, where the token may not read it."""
        try:
            return self._session.client.rows(name, self._target.uuid, **query)
        except (Forbidden, NotFound, RouteMissing) as error:
            self._note(error.message.rstrip("."))
            return None

    def _check_visibility(self) -> None:
        """Note accounts and users that Waldur may hide from the token (api-behaviour: hidden-accounts,
        offering-users-visibility)."""
        edition = self._session.references.provider_list.edition()
        # Users are read for their full names, and for who is deactivated, who has no project permission either.
        for name in ("offering_users",) if self._options["require_project"] else ("offering_users", "users"):
            hidden = operation(name).hidden_rows
            if hidden and edition >= hidden.since and self._session.references.account_visibility.may_miss_rows(hidden):
                self._note(describe_hidden_rows(hidden))
        if not self._session.references.current_user.sees_all_users():
            hiding = [row["name"] for row in self._read_offerings() if not _shows_accounts(row)]
            if hiding:
                self._note(
                    "accounts of these offerings are visible to staff and support only, as their option"
                    f" {CREATE_OPTION} is off: {', '.join(sorted(hiding)[:10])}"
                )

    def _read_offerings(self) -> list[Row]:
        rows = self._session.client.rows(
            "provider_offerings",
            customer_uuid=self._target.customer_uuid,
            field=["uuid", "name", "customer_uuid", "plugin_options", "secret_options", "state", "shared"],
        )
        return [
            row
            for row in check_rows("provider_offerings", rows, uuid=FieldType.UUID, name=FieldType.TEXT)
            if uuids.normalize(row.get("customer_uuid")) == self._target.customer_uuid
            and (self._offerings is None or uuids.normalize(row["uuid"]) in self._offerings)
        ]

    def _is_selected(self, uuid: Any) -> bool:
        return self._offerings is None or uuids.normalize(uuid) in self._offerings

    def _read_accounts(self) -> list[Row]:
        rows = self._session.client.rows(
            "offering_users", provider_uuid=self._target.customer_uuid, field=list(_ACCOUNT_FIELDS)
        )
        checked = check_rows("offering_users", rows, **_ACCOUNT_TYPES)
        self._note_numbers(checked)
        return [
            row
            for row in checked
            if uuids.normalize(row.get("customer_uuid")) in (None, self._target.customer_uuid)
            and self._is_selected(row["offering_uuid"])
        ]

    def _read_provider_accounts(self) -> dict[str, Row]:
        """Return the accounts at the provider by UUID; the names and numbers of linked accounts are theirs."""
        if not self._is_newest:
            return {}
        try:
            rows = self._session.client.rows(
                "provider_accounts", customer_uuid=self._target.customer_uuid, field=list(_OWNER_TYPES)
            )
        except (Forbidden, NotFound, RouteMissing) as error:
            self._note(error.message.rstrip("."))
            return {}
        checked = check_rows("provider_accounts", rows, **_OWNER_TYPES)
        self._note_numbers(checked)
        return {
            uuids.normalize(row["uuid"]) or "": row
            for row in checked
            if uuids.normalize(row["service_provider_uuid"]) == self._target.uuid
        }

    def _read_memberships(self) -> list[Row] | None:
        """Return the project permissions that count: those that have not expired, of projects that use the selected
        offerings."""
        rows = self._read_own("project_permissions")
        if rows is None:
            return None
        projects = self._read_projects()
        now = self._session.client.now()
        return [
            row
            for row in check_rows("project_permissions", rows, **_MEMBERSHIP_TYPES)
            if (not row.get("expiration_time") or timestamps.parse(row["expiration_time"]) > now)
            and (projects is None or uuids.normalize(row["project_uuid"]) in projects)
        ]

    def _read_projects(self) -> frozenset[str] | None:
        """Return the projects with a resource of the selected offerings; None where all offerings are selected."""
        if self._offerings is None:
            return None
        rows = self._session.client.rows(
            "provider_resources",
            provider_uuid=self._target.customer_uuid,
            field=["uuid", "project_uuid", "offering_uuid", "state"],
        )
        checked = check_rows(
            "provider_resources", rows, project_uuid=FieldType.UUID.optional, offering_uuid=FieldType.UUID.optional
        )
        return frozenset(
            uuids.normalize(row["project_uuid"]) or ""
            for row in checked
            if row.get("state") != "Terminated" and self._is_selected(row.get("offering_uuid"))
        )

    def _read_project_groups(self) -> list[Row] | None:
        if not self._is_newest:
            return None
        rows = self._session.client.rows("project_groups", service_provider_uuid=self._target.uuid)
        groups = [
            row
            for row in check_rows("project_groups", rows, **_GROUP_TYPES)
            if uuids.normalize(row["service_provider_uuid"]) == self._target.uuid
        ]
        self._note_numbers(groups)
        if not groups and self._has_project_groups():
            self._note("project groups are enabled, and this token sees none")
        elif not groups and not self._sees_project_groups():
            self._note("project groups may be hidden from this token: only staff, support and owners see all of them")
        return [row for row in groups if row.get("in_use") is not False and self._uses_selection(row)]

    def _has_project_groups(self) -> bool:
        row = self._session.client.get("service_provider", self._target.uuid, field=["account_options"])
        options = row.get("account_options")
        return isinstance(options, dict) and options.get("project_groups_enabled") is True

    def _sees_project_groups(self) -> bool:
        """Return whether an empty list means that there are no groups: Waldur shows none to those who may not read them
        (api-behaviour: project-groups-adoptable)."""
        if self._session.references.current_user.sees_all_users():
            return True
        try:
            self._session.client.rows("adoptable_projects", service_provider_uuid=self._target.uuid, limit=1)
        except (Forbidden, NotFound, RouteMissing):
            return False
        return True

    def _uses_selection(self, group: Row) -> bool:
        offerings = group.get("offerings")
        return self._offerings is None or any(self._is_selected(offering.get("uuid")) for offering in offerings or ())

    def _read_directory(self) -> Row | None:
        if not self._options["directory"]:
            return None
        directory = self._session.client.get("glauth_tree", self._target.uuid)
        kinds = {"users": FieldType.MAPPINGS.optional, "groups": FieldType.MAPPINGS.optional}
        return check_rows("glauth_tree", [directory], **kinds)[0]


def _shows_accounts(offering: Row) -> bool:
    """Return whether others than staff and support see the accounts of an offering."""
    settings = [offering.get("plugin_options"), offering.get("secret_options")]
    return any(isinstance(options, dict) and options.get(CREATE_OPTION) for options in settings)
