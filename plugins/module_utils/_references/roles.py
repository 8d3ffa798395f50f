# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve references to roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._common import uuids
from .._common.errors import InvalidInput, quote
from .._common.types import Row
from .._http.client import Client
from .._http.row_checks import FieldType, check_rows
from .cache import Lock, synchronized

_FIELD_TYPES = {"uuid": FieldType.UUID, "name": FieldType.TEXT, "content_type": FieldType.TEXT.optional}


class RoleResolver:
    """Finds the roles that references name. The list is read once per connection, and once more in a run for a role
    that is not there or disabled, as that may have changed. Safe to use from several threads.

    ``share_rows`` may return what another process has read, instead of calling the function that reads the rows.
    """

    def __init__(self, client: Client, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._roles: list[Row] | None = None
        self._has_read = False
        self.share_rows: Callable[[Callable[[], list[Row]]], list[Row]] = lambda read: read()

    @synchronized
    def start_run(self) -> None:
        """Read the list again where it lacks a role."""
        self._has_read = False

    @synchronized
    def resolve(self, option: str, value: str) -> Row:
        """Return the role with the name, UUID or URL ``value``, whatever it is granted on.

        Raises ``InvalidInput`` that names ``option`` where there is none.
        """
        matches = self._find(value)
        if not matches:
            names = ", ".join(sorted(role["name"] for role in self._roles or ()))
            raise InvalidInput(f"{option}: there is no role '{quote(value)}': there are {names}.")
        return matches[0]

    @synchronized
    def resolve_for_provider(self, option: str, value: str, *, allow_disabled: bool = False) -> Row:
        """Return the active role with the name, UUID or URL ``value`` that can be granted on a service provider
        (api-behaviour: role-grants-roles); with ``allow_disabled`` one that could be.

        Raises ``InvalidInput`` that names ``option``.
        """
        matches = self._find(value)
        if not matches:
            raise InvalidInput(f"{option}: there is no role '{quote(value)}': {self._choices()}.")
        role = matches[0]
        if not _is_for_providers(role):
            raise InvalidInput(
                f"{option}: the role '{role['name']}' is a role of {role.get('content_type')}s, not of service"
                f" providers: {self._choices()}."
            )
        if not allow_disabled and not role.get("is_active", True):
            raise InvalidInput(f"{option}: the role '{role['name']}' is disabled: {self._choices()}.")
        return role

    def _find(self, value: str) -> list[Row]:
        if self._roles is None:
            self._roles = self.share_rows(self._read)
        matches = _matches(self._roles, value)
        if not self._has_read and not any(role.get("is_active", True) for role in matches):
            self._roles = self._read()
            matches = _matches(self._roles, value)
        return matches

    def _read(self) -> list[Row]:
        self._has_read = True
        rows = self._client.rows("roles", field=["uuid", "name", "content_type", "is_active"])
        return check_rows("roles", rows, uuid=FieldType.UUID, name=FieldType.TEXT, content_type=FieldType.TEXT.optional)

    def _choices(self) -> str:
        """Return the remedy for a role that can't be used; for errors only, as there may be a thousand entries."""
        usable = [role["name"] for role in self._roles or () if _is_for_providers(role) and role.get("is_active", True)]
        return (
            f"choose one of {', '.join(sorted(usable))}"
            if usable
            else "this Waldur has no role of service providers yet"
        )


def _matches(roles: Sequence[Row], value: str) -> list[Row]:
    """Return the roles with the UUID, URL or name ``value``."""
    uuid = uuids.normalize(value) or uuids.from_url(value, "roles")
    matches = [role for role in roles if uuid and uuids.normalize(role["uuid"]) == uuid]
    return matches or [role for role in roles if role["name"] == value]


def _is_for_providers(role: Row) -> bool:
    return str(role.get("content_type", "")).replace("_", "") == "serviceprovider"
