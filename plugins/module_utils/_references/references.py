# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people call things → the objects meant. Batched, and kept once found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._api.editions import NEWEST, detect_edition
from .._common import uuids
from .._common.errors import Forbidden, InvalidInput, NotFound, WaldurError, closest, quote
from .._common.types import Row
from .._http.client import Client
from .._http.pagination import PAGE_SIZE
from .._http.row_checks import checked
from .users import UserResolver, ambiguous, one_at_a_time

# Up to this many look-ups one by one are never dearer than reading their whole list.
_FEW = 3
# Longer ones would not fit into the URL of a request.
_LONGEST_NAME = 1000
_CUSTOMER_FIELDS = ("uuid", "url", "name", "abbreviation", "slug")
_CUSTOMER_KINDS = {"uuid": "uuid", "url": "text?", "name": "text?"}
_PROVIDER_KINDS = {"uuid": "uuid", "customer_uuid": "uuid", "customer": "text?", "customer_name": "text?"}

# A value, and the key of the rows that may hold it.
Way = tuple[str, str]


class _Rows:
    """Rows of a list, found by the value of a key without looking at each of them."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._by_key: dict[str, dict[str, list[Row]]] = {}

    def find(self, key: str, value: str) -> list[Row]:
        """Return the rows whose ``key`` holds ``value`` (a UUID in its normal form); none for an empty value."""
        if key not in self._by_key:
            found: dict[str, list[Row]] = {}
            self._by_key[key] = found
            for row in self.rows:
                own = uuids.normalize(row.get(key)) if key.endswith("uuid") else row.get(key)
                if isinstance(own, str):
                    found.setdefault(own, []).append(row)
        return self._by_key[key].get(value, []) if value else []

    def first_match(self, ways: Iterable[Way]) -> list[Row]:
        """Return the rows that the first way that matches anything gives."""
        return next((found for value, key in ways if (found := self.find(key, value))), [])


@dataclass
class Target:
    """A service provider, or the customer that is to become one (then ``uuid`` is nothing until it is created)."""

    customer_uuid: str
    customer_url: str
    name: str
    uuid: str | None = None
    row: Row | None = None


class References(UserResolver):
    """Finds what references mean. Lives as long as the connection: only what was found is kept, never state."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._targets: dict[tuple[str, str], Target] = {}
        # Providers all of whose grants were read once: who is not known by then is not among them.
        self.grants_learned: set[str] = set()
        self._providers: _Rows | None = None
        self._customers: _Rows | None = None
        self._roles: list[Row] | None = None
        self._edition: int | None = None

    @one_at_a_time
    def begin(self) -> None:
        """A new run: state that was read for the last one counts no more, nor does who was not found or not active."""
        super().begin()
        self._providers = self._customers = None
        # A customer without a provider may have become one by now.
        self._targets = {key: target for key, target in self._targets.items() if target.uuid}
        for target in self._targets.values():
            target.row = None

    @one_at_a_time
    def forget_providers(self) -> None:
        """A provider was created or deleted: what was found may be wrong now."""
        self._targets.clear()
        self._providers = None

    @one_at_a_time
    def edition(self) -> int:
        """The year of the API that this Waldur speaks, by the keys of its providers (api-behaviour: editions-detect);
        the newest where it has none."""
        if self._edition is None:
            rows = self.providers()
            self._edition = detect_edition(rows[0]) if rows else NEWEST
        return self._edition

    # --- service providers and customers -----------------------------------------------------------------------------

    @one_at_a_time
    def providers(self) -> list[Row]:
        """Return all service providers, read once per run (api-behaviour: providers-list)."""
        return self._provider_rows().rows

    def _provider_rows(self) -> _Rows:
        if self._providers is None:
            rows = self._client.rows("service_providers")
            self._providers = _Rows(checked("service_providers", rows, **_PROVIDER_KINDS))
        return self._providers

    @one_at_a_time
    def target(self, kind: str, option: str, value: str) -> Target:
        """The one that ``value`` means: ``kind`` is service_provider (must exist) or customer (may lack a provider)."""
        if len(value) > _LONGEST_NAME:
            raise InvalidInput(f"{option}: '{quote(value)}' is longer than any name or URL: check it.")
        found = self._targets.get((kind, value))
        if found is None:
            found = self._provider(option, value) if kind == "service_provider" else self._customer(option, value)
            self._targets[kind, value] = found
        return found

    @one_at_a_time
    def expect_customers(self, values: Sequence[str]) -> None:
        """Many customers are about to be asked for: read their list once instead of looking them up one by one."""
        unknown = [value for value in values if ("customer", value) not in self._targets]
        if len(unknown) > _FEW:
            rows = self._client.rows("all_customers", field=_CUSTOMER_FIELDS)
            self._customers = _Rows(checked("all_customers", rows, **_CUSTOMER_KINDS))

    def _provider(self, option: str, value: str) -> Target:
        ways: list[Way] = [
            (uuids.normalize(value) or "", "uuid"),
            (uuids.from_url(value, "marketplace-service-providers") or "", "uuid"),
            *_customer_ways(value, "customer_"),
        ]
        found = self._provider_rows().first_match(ways)
        if len(found) > 1:
            raise ambiguous(
                option, value, "service providers", [(row.get("customer_name"), row["uuid"]) for row in found]
            )
        if found:
            return target_of_provider(found[0])
        customers = self._visible_customers(value)
        if customers:
            raise InvalidInput(
                f"{option}: the customer '{customers[0].get('name')}' exists and is not a service provider: create it"
                " with waldur.provider.service_provider first."
            )
        raise InvalidInput(
            f"{option}: there is no service provider '{quote(value)}': give its customer's name or its UUID."
            f"{closest(value, _spellings(self.providers(), 'customer_'))}"
        )

    def _customer(self, option: str, value: str) -> Target:
        uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
        by_uuid = self._provider_rows().find("customer_uuid", uuid or "")
        if by_uuid:
            return target_of_provider(by_uuid[0])
        found = self._visible_customers(value)
        if len(found) > 1:
            raise ambiguous(option, value, "customers", [(row.get("name"), row["uuid"]) for row in found])
        if found:
            return self._target_of_customer(found[0])
        # A manager's token sees no customers, and every provider with its customer's name.
        named = self._provider_rows().first_match(_customer_ways(value, "customer_"))
        if len(named) > 1:
            raise ambiguous(
                option, value, "customers", [(row.get("customer_name"), row["customer_uuid"]) for row in named]
            )
        if named:
            return target_of_provider(named[0])
        raise InvalidInput(
            f"{option}: there is no customer '{quote(value)}' that this token can see: give its exact name,"
            f" abbreviation, slug or UUID.{'' if uuid else closest(value, self._customer_spellings())}"
        )

    def _customer_spellings(self) -> list[str]:
        """What customers are called, for messages: those that were read, else a page of them, and the providers'."""
        if self._customers is not None:
            rows = self._customers.rows
        else:
            try:
                rows = self._client.rows("all_customers", field=_CUSTOMER_FIELDS, limit=PAGE_SIZE)
            except WaldurError:
                rows = []
        return [*_spellings(rows, ""), *_spellings(self.providers(), "customer_")]

    def _target_of_customer(self, customer: Row) -> Target:
        uuid = uuids.normalize(customer["uuid"]) or ""
        for row in self._provider_rows().find("customer_uuid", uuid):
            return target_of_provider(row)
        url = customer.get("url") or f"{self._client.connection.api_url}/api/customers/{uuid}/"
        return Target(uuid, url, customer.get("name") or uuid)

    def _visible_customers(self, value: str) -> list[Row]:
        """The customers that the first way that matches anything gives."""
        if self._customers is not None:
            return self._customers.first_match(_customer_ways(value, ""))
        uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
        if uuid:
            try:
                row = self._client.get("customer", uuid, field=_CUSTOMER_FIELDS)
                return checked("customer", [row], **_CUSTOMER_KINDS)
            except (NotFound, Forbidden):
                pass
        for filter_name, key in (("name_exact", "name"), ("abbreviation", "abbreviation"), ("slug", "slug")):
            query: dict[str, Any] = {filter_name: value}
            rows = self._client.rows("all_customers", field=_CUSTOMER_FIELDS, **query)
            found = [row for row in checked("all_customers", rows, **_CUSTOMER_KINDS) if row.get(key) == value]
            if found:
                return found
        return []

    # --- roles -------------------------------------------------------------------------------------------------------

    @one_at_a_time
    def any_role(self, option: str, value: str) -> Row:
        """The role of that name, UUID or URL, wherever it can be held."""
        found = self._roles_called(value)
        if not found:
            names = ", ".join(sorted(role["name"] for role in self._roles or ()))
            raise InvalidInput(f"{option}: there is no role '{quote(value)}': there are {names}.")
        return found[0]

    def _roles_called(self, value: str) -> list[Row]:
        if self._roles is None:
            rows = self._client.rows("roles", field=["uuid", "name", "content_type", "is_active"])
            self._roles = checked("roles", rows, uuid="uuid", name="text", content_type="text?")
        uuid = uuids.normalize(value) or uuids.from_url(value, "roles")
        found = [role for role in self._roles if uuid and uuids.normalize(role["uuid"]) == uuid]
        return found or [role for role in self._roles if role["name"] == value]

    @one_at_a_time
    def role(self, option: str, value: str) -> Row:
        """The active role of that name or UUID that can be held on a service provider
        (api-behaviour: role-grants-roles)."""
        found = self._roles_called(value)
        if not found:
            raise InvalidInput(f"{option}: there is no role '{quote(value)}': {self._usable_roles()}.")
        if not _is_for_providers(found[0]):
            raise InvalidInput(
                f"{option}: the role '{found[0]['name']}' is held on a {found[0].get('content_type')}, not on a service"
                f" provider: {self._usable_roles()}."
            )
        if not found[0].get("is_active", True):
            raise InvalidInput(f"{option}: the role '{found[0]['name']}' is disabled: {self._usable_roles()}.")
        return found[0]

    def _usable_roles(self) -> str:
        """What to do about a role that can't be used; asked for only then, as there may be a thousand entries."""
        usable = [role["name"] for role in self._roles or () if _is_for_providers(role) and role.get("is_active", True)]
        return f"choose one of {', '.join(sorted(usable))}" if usable else "this Waldur has no such role yet"


def _customer_ways(value: str, prefix: str) -> list[Way]:
    uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
    return [
        (uuid or "", f"{prefix}uuid"),
        (value, f"{prefix}name"),
        (value, f"{prefix}abbreviation"),
        (value, f"{prefix}slug"),
    ]


def _spellings(rows: Iterable[Row], prefix: str) -> list[str]:
    """The names, abbreviations and slugs of customers, names first."""
    keys = [f"{prefix}{key}" for key in ("name", "abbreviation", "slug")]
    return [row[key] for key in keys for row in rows if isinstance(row.get(key), str) and row[key]]


def target_of_provider(row: Row) -> Target:
    """The provider that ``row``, one of the list of providers, is about."""
    customer = uuids.normalize(row.get("customer_uuid")) or ""
    name = row.get("customer_name") or customer
    return Target(customer, row.get("customer") or "", name, uuids.normalize(row["uuid"]), row)


def _is_for_providers(role: Row) -> bool:
    return str(role.get("content_type", "")).replace("_", "") == "serviceprovider"
