# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve references to service providers."""

from __future__ import annotations

from .._common import uuids
from .._common.errors import InvalidInput, make_ambiguity_error, quote, suggest_closest
from .cache import Criterion, Lock, synchronized
from .customers import CustomerResolver
from .provider_list import ProviderList
from .targets import Target, UnreadTarget, customer_criteria, customer_spellings, target_of_provider

_COLLECTION = "marketplace-service-providers"


class ProviderResolver:
    """Finds the service providers that references name.

    Only found providers are kept, as long as the connection lives. Safe to use from several threads.
    """

    def __init__(self, providers: ProviderList, customers: CustomerResolver, lock: Lock) -> None:
        self.lock = lock
        self._providers = providers
        self._customers = customers
        self._targets: dict[str, Target] = {}
        self._unread: dict[str, UnreadTarget] = {}

    @synchronized
    def start_run(self) -> None:
        """Forget the rows, which may have changed since the last run."""
        for target in self._targets.values():
            target.row = None

    @synchronized
    def forget(self) -> None:
        """Forget all targets, as a provider was created or deleted."""
        self._targets.clear()
        self._unread.clear()

    @synchronized
    def resolve(self, option: str, value: str) -> Target:
        """Return the provider with the UUID or URL ``value``, or of the customer that ``value`` means.

        Raises ``InvalidInput`` that names ``option`` where there is none, or several.
        """
        target = self._targets.get(value)
        if target is None:
            target = self._targets[value] = self._look_up(option, value)
        return target

    @synchronized
    def resolve_later(self, option: str, value: str) -> Target:
        """Return the provider with the UUID or URL ``value`` without a request, so that it may not exist; any other
        reference is resolved as ``resolve`` does."""
        uuid = uuids.normalize(value) or uuids.from_url(value, _COLLECTION)
        if uuid is None or value in self._targets:
            return self.resolve(option, value)
        if value not in self._unread:
            self._unread[value] = UnreadTarget(uuid, lambda: self.resolve(option, value))
        return self._unread[value]

    def _look_up(self, option: str, value: str) -> Target:
        criteria: list[Criterion] = [
            (uuids.normalize(value) or "", "uuid"),
            (uuids.from_url(value, _COLLECTION) or "", "uuid"),
            *customer_criteria(value, "customer_"),
        ]
        rows = self._providers.index().find_first(criteria)
        if len(rows) > 1:
            candidates = [(row.get("customer_name"), row["uuid"]) for row in rows]
            raise make_ambiguity_error(option, value, "service providers", candidates)
        if rows:
            return target_of_provider(rows[0])
        customers = self._customers.find_visible(value)
        if customers:
            raise InvalidInput(
                f"{option}: the customer '{customers[0].get('name')}' exists and is not a service provider: create it"
                " with waldur.provider.service_provider first."
            )
        raise InvalidInput(
            f"{option}: there is no service provider '{quote(value)}': give its customer's name or its UUID."
            f"{suggest_closest(value, customer_spellings(self._providers.rows(), 'customer_'))}"
        )
