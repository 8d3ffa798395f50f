# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the list of all service providers, which also tells the edition of Waldur."""

from __future__ import annotations

from .._api.editions import NEWEST, detect_edition
from .._common.types import Row
from .._http.client import Client
from .._http.row_checks import FieldType, check_rows
from .cache import Lock, RowIndex, synchronized

_KINDS = {
    "uuid": FieldType.UUID,
    "customer_uuid": FieldType.UUID,
    "customer": FieldType.TEXT.optional,
    "customer_name": FieldType.TEXT.optional,
}


class ProviderList:
    """All service providers, read once per run (api-behaviour: providers-list). Safe to use from several threads."""

    def __init__(self, client: Client, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._index: RowIndex | None = None
        self._edition: int | None = None

    @synchronized
    def forget(self) -> None:
        """Read the list again when it is next used."""
        self._index = None

    @synchronized
    def index(self) -> RowIndex:
        """Return the checked rows, found by key."""
        if self._index is None:
            rows = self._client.rows("service_providers")
            self._index = RowIndex(check_rows("service_providers", rows, **_KINDS))
            self._edition = detect_edition(self._index.rows[0]) if self._index.rows else None
        return self._index

    def rows(self) -> list[Row]:
        """Return the checked rows."""
        return self.index().rows

    def learn_edition(self, row: Row) -> None:
        """Note the edition of the Waldur that returned ``row``, a service provider with all its keys."""
        self._edition = self._edition or detect_edition(row)

    def known_edition(self) -> int | None:
        """Return the edition where it is known without a request, None where it is not."""
        return self._edition

    @synchronized
    def edition(self) -> int:
        """Return the year of the API that this Waldur speaks, by the keys of its providers
        (api-behaviour: editions-detect); the newest where it has no providers."""
        if self._edition is None:
            self.index()
        return NEWEST if self._edition is None else self._edition
