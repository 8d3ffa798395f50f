# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read one list of all service providers, where that takes fewer requests than a list for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._api.operations import operation
from .._common import uuids
from .._common.errors import RequestNotSent, ResponseTimedOut, Unauthorized, WaldurError
from .._common.types import Row
from .._http.client import Client
from .cache import Lock, synchronized
from .current_user import CurrentUser
from .provider_list import ProviderList
from .targets import Target

# With fewer providers the list of all of them saves little, and a first page that is not used costs a request too.
_FEWEST_PROVIDERS = 10
# What failed is the connection or the token, so reading provider by provider would fail in the same way.
_OF_EVERY_REQUEST = (RequestNotSent, Unauthorized)


class _Unusable(Exception):
    """The rows are not those of the lists of single providers."""


@dataclass(frozen=True)
class BulkList:
    """A list that holds the rows of all providers.

    ``provider_key`` is the key of a row with the UUID of the provider, or of the provider's customer where
    ``is_by_customer``. ``required`` are the keys that each row has where the list can be used. ``expected`` are keys
    with the only value that they may have, without underscores; another one shows that Waldur ignored a filter.
    ``since`` is the first edition with which it is read, if the operation is older. ``prepare`` is that of
    ``Client.rows``. ``is_like_list_users`` is set for a list of role grants that differs from ``list_users``: others
    than staff and support see their own alone, and it contains the grants of deactivated users (api-behaviour:
    lookups-all-role-grants).
    """

    operation: str
    provider_key: str
    query: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)
    since: int = 0
    prepare: Callable[[Row], Row] | None = None
    is_by_customer: bool = False
    is_like_list_users: bool = False

    def provider_of(self, row: Row) -> str:
        """Return the UUID in ``provider_key``. Raises ``_Unusable`` for a row that lists of providers do not have."""
        uuid = uuids.normalize(row.get(self.provider_key))
        is_expected = all(
            str(row.get(key) or "").replace("_", "") == value.replace("_", "") for key, value in self.expected.items()
        )
        if uuid is None or not is_expected or not all(key in row for key in self.required):
            raise _Unusable
        return uuid


class BulkLists:
    """The rows of all providers, kept while several providers are read, and then forgotten, as they are state.

    Safe to use from several threads.
    """

    def __init__(self, client: Client, current_user: CurrentUser, providers: ProviderList, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._current_user = current_user
        self._providers = providers
        self._rows: dict[str, dict[str, list[Row]]] = {}

    @synchronized
    def forget(self) -> None:
        """Forget all rows, as they may change from now on."""
        self._rows.clear()

    @synchronized
    def prefetch(self, listing: BulkList, targets: Sequence[Target]) -> None:
        """Read the list once, where reading it for each of ``targets`` takes more requests.

        Where the list is longer, can't be read, takes too long, or has other rows than expected, nothing is kept, so
        that ``rows`` returns None. Raises ``WaldurError`` where the connection or the token fails.
        """
        existing = sum(target.uuid is not None for target in targets)
        if existing < _FEWEST_PROVIDERS:
            return
        try:
            if self._can_read(listing):
                self._rows[listing.operation] = self._read(listing, existing - 1)
        except ResponseTimedOut:
            return  # the lists of single providers are shorter
        except _OF_EVERY_REQUEST:
            raise
        except (WaldurError, _Unusable):
            return

    def has_staff_rights(self) -> bool:
        """Return whether the token sees all rows; a personal access token of staff need not."""
        return not self._client.has_personal_token and self._current_user.is_staff()

    def rows(self, listing: BulkList, target: Target) -> list[Row] | None:
        """Return the rows of a provider; None where the list was not read."""
        if listing.operation not in self._rows:
            return None
        uuid = target.customer_uuid if listing.is_by_customer else target.uuid
        return self._rows[listing.operation].get(uuid or "", [])

    def _can_read(self, listing: BulkList) -> bool:
        """Return whether this Waldur has the list, and shows the whole list to the token."""
        if self._providers.edition() < max(listing.since, operation(listing.operation).since):
            return False
        return not listing.is_like_list_users or self.has_staff_rights()

    def _read(self, listing: BulkList, most_pages: int) -> dict[str, list[Row]]:
        """Return the rows by provider. Raises ``WaldurError`` where that takes more requests than ``most_pages``."""
        rows = self._client.rows(listing.operation, most_pages=most_pages, prepare=listing.prepare, **listing.query)
        if listing.is_like_list_users:
            rows = self._without_ended(rows, most_pages)
        by_provider: dict[str, list[Row]] = {}
        for row in rows:
            by_provider.setdefault(listing.provider_of(row), []).append(row)
        return by_provider

    def _without_ended(self, rows: Sequence[Row], most_pages: int) -> list[Row]:
        """Return the grants that ``list_users`` shows: active ones of active users. Raises ``_Unusable`` where Waldur
        does not tell which users are active, and ``WaldurError`` where that takes more requests than ``most_pages``."""
        users = self._client.rows("all_users", is_active=False, field=["uuid", "is_active"], most_pages=most_pages)
        if not all(uuids.normalize(user.get("uuid")) and isinstance(user.get("is_active"), bool) for user in users):
            raise _Unusable
        deactivated = {uuids.normalize(user["uuid"]) for user in users if not user["is_active"]}
        return [
            row
            for row in rows
            if row.get("is_active") is not False and uuids.normalize(row.get("user_uuid")) not in deactivated
        ]
