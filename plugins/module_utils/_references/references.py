# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve what users write for customers, service providers, users and roles to the objects meant."""

from __future__ import annotations

import threading

from .._http.client import Client
from .account_visibility import AccountVisibility
from .bulk_lists import BulkLists
from .current_user import CurrentUser
from .customers import CustomerResolver
from .posix_id_pools import PosixIdPools
from .provider_list import ProviderList
from .providers import ProviderResolver
from .roles import RoleResolver
from .targets import Target, check_length
from .users import UserResolver


class References:
    """The resolvers of one connection. Only what was found is kept, never state; safe to use from several threads."""

    def __init__(self, client: Client) -> None:
        lock = self._lock = threading.RLock()
        self.current_user = CurrentUser(client, lock)
        self.account_visibility = AccountVisibility(client, self.current_user, lock)
        self.users = UserResolver(client, self.current_user, lock)
        self.roles = RoleResolver(client, lock)
        self.provider_list = ProviderList(client, lock)
        self.bulk_lists = BulkLists(client, self.current_user, self.provider_list, lock)
        self.posix_id_pools = PosixIdPools(client, self.current_user, lock)
        self.customers = CustomerResolver(client, self.provider_list, lock)
        self.providers = ProviderResolver(self.provider_list, self.customers, lock)

    def start_run(self) -> None:
        """Forget the state that an earlier run has read, and what it did not find or found deactivated."""
        with self._lock:
            self.account_visibility.start_run()
            self.users.start_run()
            self.roles.start_run()
            self.provider_list.forget()
            self.bulk_lists.forget()
            self.posix_id_pools.start_run()
            self.customers.start_run()
            self.providers.start_run()

    def forget_providers(self) -> None:
        """Forget the service providers, as one was created or deleted."""
        with self._lock:
            self.provider_list.forget()
            self.customers.forget()
            self.providers.forget()

    def resolve_target(self, kind: str, option: str, value: str) -> Target:
        """Return what ``value`` means; ``kind`` is service_provider (must exist) or customer (may lack a provider).

        Raises ``InvalidInput`` that names ``option`` where there is none, or several.
        """
        check_length(option, value)
        resolver = self.providers if kind == "service_provider" else self.customers
        return resolver.resolve(option, value)
