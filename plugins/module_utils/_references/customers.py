# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve references to customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._common import uuids
from .._common.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    WaldurError,
    make_ambiguity_error,
    quote,
    suggest_closest,
)
from .._common.types import Row
from .._http.client import Client
from .._http.pagination import PAGE_SIZE
from .._http.row_checks import FieldType, check_rows
from .cache import Lock, RowIndex, synchronized
from .provider_list import ProviderList
from .targets import Target, customer_criteria, customer_spellings, target_of_provider

# Up to this many single look-ups never take more requests than reading the whole list.
_MOST_SINGLE_LOOKUPS = 3
_FIELDS = ("uuid", "url", "name", "abbreviation", "slug")
_KINDS = {"uuid": FieldType.UUID, "url": FieldType.TEXT.optional, "name": FieldType.TEXT.optional}


class CustomerResolver:
    """Finds the customers that references name, whether or not they are service providers.

    Only found customers are kept, as long as the connection lives. Safe to use from several threads.
    """

    def __init__(self, client: Client, providers: ProviderList, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._providers = providers
        self._targets: dict[str, Target] = {}
        self._customers: RowIndex | None = None

    @synchronized
    def start_run(self) -> None:
        """Forget what may have changed since the last run: the list, the rows, and who is no provider."""
        self._customers = None
        # A customer without a provider may have become one by now.
        self._targets = {value: target for value, target in self._targets.items() if target.uuid}
        for target in self._targets.values():
            target.row = None

    @synchronized
    def forget(self) -> None:
        """Forget all targets, as a provider was created or deleted."""
        self._targets.clear()

    @synchronized
    def prefetch(self, values: Sequence[str]) -> None:
        """Read the list of customers once, where resolving ``values`` one by one could take more requests."""
        unknown = [value for value in values if value not in self._targets]
        if len(unknown) > _MOST_SINGLE_LOOKUPS:
            rows = self._client.rows("all_customers", field=_FIELDS)
            self._customers = RowIndex(check_rows("all_customers", rows, **_KINDS))

    @synchronized
    def resolve(self, option: str, value: str) -> Target:
        """Return the customer with the UUID, URL, name, abbreviation or slug ``value``, and its provider if it has one.

        Raises ``InvalidInput`` that names ``option`` where there is none that the token can see, or several.
        """
        target = self._targets.get(value)
        if target is None:
            target = self._targets[value] = self._look_up(option, value)
        return target

    def _look_up(self, option: str, value: str) -> Target:
        uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
        by_uuid = self._providers.index().find("customer_uuid", uuid or "")
        if by_uuid:
            return target_of_provider(by_uuid[0])
        customers = self.find_visible(value)
        if len(customers) > 1:
            raise make_ambiguity_error(
                option, value, "customers", [(row.get("name"), row["uuid"]) for row in customers]
            )
        if customers:
            return self._target_of_customer(customers[0])
        # A manager's token sees no customers, and every provider with its customer's name.
        providers = self._providers.index().find_first(customer_criteria(value, "customer_"))
        if len(providers) > 1:
            candidates = [(row.get("customer_name"), row["customer_uuid"]) for row in providers]
            raise make_ambiguity_error(option, value, "customers", candidates)
        if providers:
            return target_of_provider(providers[0])
        raise InvalidInput(
            f"{option}: customer '{quote(value)}' not found, or not readable with this token: use its exact name,"
            f" abbreviation, slug or UUID.{'' if uuid else suggest_closest(value, self._spellings())}"
        )

    def find_visible(self, value: str) -> list[Row]:
        """Return the customers that the first criterion with a match finds (api-behaviour: lookups-customers)."""
        if self._customers is not None:
            return self._customers.find_first(customer_criteria(value, ""))
        uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
        if uuid:
            try:
                row = self._client.get("customer", uuid, field=_FIELDS)
                return check_rows("customer", [row], **_KINDS)
            except (NotFound, Forbidden):
                pass
        for filter_name, key in (("name_exact", "name"), ("abbreviation", "abbreviation"), ("slug", "slug")):
            query: dict[str, Any] = {filter_name: value}
            rows = self._client.rows("all_customers", field=_FIELDS, **query)
            # Old servers ignore filters that they do not know.
            matches = [row for row in check_rows("all_customers", rows, **_KINDS) if row.get(key) == value]
            if matches:
                return matches
        return []

    def _target_of_customer(self, customer: Row) -> Target:
        uuid = uuids.normalize(customer["uuid"]) or ""
        for row in self._providers.index().find("customer_uuid", uuid):
            return target_of_provider(row)
        url = customer.get("url") or f"{self._client.connection.api_url}/api/customers/{uuid}/"
        return Target(uuid, url, customer.get("name") or uuid)

    def _spellings(self) -> list[str]:
        """Return names of customers for suggestions: those that were read, else a page of them, and the providers'."""
        if self._customers is not None:
            rows = self._customers.rows
        else:
            try:
                rows = self._client.rows("all_customers", field=_FIELDS, limit=PAGE_SIZE)
            except WaldurError:
                rows = []
        return [*customer_spellings(rows, ""), *customer_spellings(self._providers.rows(), "customer_")]
