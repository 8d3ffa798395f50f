# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the POSIX ID pools of service providers and their offerings (api-behaviour: posix-pools)."""

from __future__ import annotations

from .._common import uuids
from .._common.errors import ErrorResponse
from .._common.types import Row
from .._http.client import Client
from .._http.row_checks import FieldType, check_rows
from .cache import Lock, RowIndex, synchronized
from .current_user import CurrentUser
from .targets import Target

_NUMBERS = ("uid", "gid", "group_gid")
_KINDS = {
    "customer_uuid": FieldType.UUID,
    "service_provider": FieldType.UUID.optional,
    "offering": FieldType.UUID.optional,
    "description": FieldType.TEXT.optional,
    **{f"{end}_{name}": FieldType.NUMBER.optional for name in _NUMBERS for end in ("min", "max", "next")},
    **{f"{name}_used": FieldType.NUMBER.optional for name in _NUMBERS},
}


def check_pool(operation: str, row: Row) -> Row:
    """Return the row of a pool, as ``operation`` returned it, with its keys checked."""
    return check_rows(operation, [row], uuid=FieldType.UUID, **_KINDS)[0]


class PosixIdPools:
    """All pools that the token sees, read once per run, as there are at most a few per provider.

    Safe to use from several threads.
    """

    def __init__(self, client: Client, current_user: CurrentUser, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._current_user = current_user
        self._index: RowIndex | None = None
        self._threshold: float | None = None
        self._has_threshold = False
        self._own_customers: frozenset[str | None] | None = None

    @synchronized
    def start_run(self) -> None:
        """Forget the pools, the threshold of their utilization, and the roles of the token's user."""
        self._index = None
        self._has_threshold = False
        self._own_customers = None

    @synchronized
    def read(self, target: Target) -> list[Row]:
        """Return the pools of a provider and of its offerings. Raises ``RouteMissing`` on a Waldur before 2026."""
        if self._index is None:
            rows = self._client.rows("posix_id_pools")
            self._index = RowIndex([check_pool("posix_id_pools", row) for row in rows])
        return self._index.find("customer_uuid", target.customer_uuid)

    def read_again(self, target: Target) -> Row | None:
        """Return the pool of the provider itself as it is now, whatever was read before; None where there is none."""
        rows = self._client.rows("posix_id_pools", customer_uuid=target.customer_uuid)
        own = (row for row in rows if uuids.normalize(row.get("service_provider")) == target.uuid)
        return next((check_pool("posix_id_pools", row) for row in own), None)

    @synchronized
    def threshold(self, pool_uuid: str) -> float | None:
        """Return the percentage of used numbers above which this Waldur takes a pool for nearly exhausted
        (api-behaviour: posix-pools-stats); None where it can't be read. All pools have the same, which any of them
        shows."""
        if not self._has_threshold:
            self._has_threshold = True
            try:
                value = self._client.get("posix_id_pool_stats", pool_uuid).get("utilization_threshold")
            except ErrorResponse:
                value = None
            self._threshold = value if isinstance(value, (int, float)) else None
        return self._threshold

    @synchronized
    def may_miss_pools(self, target: Target) -> bool:
        """Return whether the provider may have a pool that this token does not see.

        Staff, support and everybody with a role on the customer see it; a manager of the provider does not
        (api-behaviour: posix-pools-rights).
        """
        if self._current_user.sees_all_users():
            return False
        if self._own_customers is None:
            me = self._client.get("me", field=["permissions"])
            check_rows("me", [me], permissions=FieldType.MAPPINGS.optional)
            own = (role for role in me.get("permissions") or () if role.get("scope_type") == "customer")
            self._own_customers = frozenset(uuids.normalize(role.get("scope_uuid")) for role in own)
        return target.customer_uuid not in self._own_customers
