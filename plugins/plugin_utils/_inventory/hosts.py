# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn rows into the hosts of an inventory: their names, variables and groups. Pure; knows nothing of Ansible."""

from __future__ import annotations

import json
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._safe_names import make_safe_name

_SHORT = 8
# Ansible's patterns give a meaning to these names.
_RESERVED = frozenset({"all", "localhost", "ungrouped"})
# Modules look their connection up in variables called waldur_<option>, and lookups their provider: a row must never
# redirect them.
_CONNECTION = frozenset(f"waldur_{name}" for name in (*NAMES, "service_provider"))
_MAGIC = frozenset(
    "group_names groups hostvars inventory_dir inventory_file inventory_hostname inventory_hostname_short play_hosts"
    " playbook_dir role_name role_names role_path".split()
)


@dataclass(frozen=True)
class Kind:
    """A kind of hosts: the operation that lists its rows, and the keys that name an object.

    ``label`` names an object without a name. ``customer_prefix`` begins the keys that hold a row's customer; it is
    empty where the customer is the provider's, and None where an object belongs to no single customer.
    """

    operation: str
    label: str
    slug_keys: tuple[str, ...] = ("slug",)
    name_keys: tuple[str, ...] = ("name",)
    customer_prefix: str | None = "customer_"


KINDS: dict[str, Kind] = {
    "service_providers": Kind("service_providers", "provider", ("customer_slug",), ("customer_name",)),
    "offerings": Kind("offerings", "offering", customer_prefix=""),
    "projects": Kind("projects", "project"),
    "customers": Kind("customers", "customer", customer_prefix=None),
    "users": Kind("users", "user", name_keys=("username", "full_name"), customer_prefix=None),
    "course_accounts": Kind("course_accounts", "course-account", name_keys=("username", "email", "project_name")),
    "project_service_accounts": Kind(
        "project_service_accounts", "service-account", name_keys=("username", "preferred_identifier", "email")
    ),
    "provider_accounts": Kind("provider_accounts", "provider-account", (), ("username",), customer_prefix=""),
}
# What include adds to users: the operation is called like the option, and its rows tell the user by this key.
INCLUDES: dict[str, str] = {"keys": "user_uuid", "project_permissions": "user_uuid"}
_CUSTOMER = ("uuid", "name", "slug", "abbreviation")


@dataclass(slots=True)
class HostObject:
    """An object of Waldur that becomes a host: its row, its service providers, and the lists of ``include``."""

    row: Row
    providers: list[Row]
    included: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        """Its UUID in normal form; as a safe name where it is not a valid UUID."""
        return uuids.normalize(self.row.get("uuid")) or make_safe_name(self.row.get("uuid"))


@dataclass(frozen=True)
class ProviderRows:
    """What was read of a service provider: its own row, the rows of the kind, and the lists of ``include``."""

    provider: Row
    rows: list[Row]
    included: Mapping[str, list[Row]] = field(default_factory=dict)


def merge_objects(results: Iterable[ProviderRows]) -> list[HostObject]:
    """Return each object once, in the order of providers and rows.

    An object of several providers has the row that the first of them returned, and the lists of all.
    """
    objects: dict[str, HostObject] = {}
    digests: dict[tuple[str, str], set[str]] = {}
    for result in results:
        by_user = {name: _group_by_user(rows, INCLUDES[name]) for name, rows in result.included.items()}
        for row in result.rows:
            new = HostObject(row, [result.provider])
            key = new.uuid or str(len(objects))
            host = objects.setdefault(key, new)
            if host.providers[-1] is not result.provider:
                host.providers.append(result.provider)
            for name, rows in by_user.items():
                _add_new_rows(host.included.setdefault(name, []), rows.get(key, []), digests, (key, name))
    return list(objects.values())


def _group_by_user(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Return the rows by the UUID of their user, which they hold under ``key``."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if uuid := uuids.normalize(row.get(key)):
            groups.setdefault(uuid, []).append(row)
    return groups


def _add_new_rows(
    known: list[Row], rows: list[Row], digests: dict[tuple[str, str], set[str]], list_key: tuple[str, str]
) -> None:
    """Add the rows that are not in the list yet. The rows of one provider differ; only those of two are compared.

    ``digests`` holds what is known of each list, by ``list_key``, so that the cost does not grow with its length.
    """
    if not (known and rows):
        known.extend(rows)
        return
    if list_key not in digests:
        digests[list_key] = set(map(_make_digest, known))
    for row in rows:
        digest = _make_digest(row)
        if digest not in digests[list_key]:
            digests[list_key].add(digest)
            known.append(row)


def _make_digest(row: Row) -> str:
    """Return a text that only equal rows have in common."""
    return json.dumps(row, sort_keys=True)


# --- names -----------------------------------------------------------------------------------------------------------


def make_host_name(kind: Kind, host: HostObject) -> str:
    """Return the default name of a host: the slug, else the object's name and the first digits of its UUID."""
    for key in kind.slug_keys:
        if slug := make_safe_name(host.row.get(key)):
            return slug
    name = next((name for key in kind.name_keys if (name := make_safe_name(host.row.get(key)))), kind.label)
    return f"{name}-{host.uuid[:_SHORT]}" if host.uuid else name


def make_unique_names(named: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return a unique name for each pair of desired name and UUID, and the desired names of several objects.

    All objects of one desired name get a part of their UUID, so that names don't depend on the order of the rows.
    """
    counts = Counter(name for name, _uuid in named)
    names = [f"{name}-{uuid[:_SHORT]}" if counts[name] > 1 or name in _RESERVED else name for name, uuid in named]
    repeated = Counter(names)
    names = [
        f"{desired}-{uuid}" if repeated[name] > 1 else name for name, (desired, uuid) in zip(names, named, strict=True)
    ]
    return names, sorted(name for name, count in counts.items() if count > 1)


# --- variables -------------------------------------------------------------------------------------------------------


def collect_fields(kind: Kind, host: HostObject) -> Row:
    """Return the fields of a host: those of its row, its customer, its providers, and the lists of ``include``."""
    provider = host.providers[0]
    fields = dict(host.row)
    if kind.customer_prefix is not None:
        for key in _CUSTOMER:
            name = f"customer_{key}"
            if fields.get(name) is None:
                is_providers = kind.customer_prefix == "" or _is_of_customer(fields, provider)
                fields[name] = provider.get(name) if is_providers else None
    fields["service_provider_uuid"] = provider.get("uuid")
    fields["service_provider_name"] = provider.get("customer_name")
    fields["service_provider_slug"] = provider.get("customer_slug")
    fields["service_providers"] = [row.get("uuid") for row in host.providers]
    return {**fields, **host.included}


def _is_of_customer(row: Row, provider: Row) -> bool:
    """Return whether a row belongs to the provider's own customer."""
    uuid = uuids.normalize(row.get("customer_uuid"))
    return bool(uuid and uuid == uuids.normalize(provider.get("customer_uuid")))


class VariableNames:
    """The names of variables for the fields of rows. A name is made once per field.

    ``reserved`` are names that Ansible uses for something else. Raises ``InvalidInput`` for a prefix that can't begin a
    name.
    """

    def __init__(self, prefix: str, reserved: Iterable[str] = ()) -> None:
        if not re.fullmatch(r"([A-Za-z_]\w*)?", prefix, re.ASCII) or prefix.startswith("ansible_"):
            raise InvalidInput(
                f"hostvars_prefix: '{quote(prefix)}' can't begin the names of variables: use letters, digits and _, and"
                " not ansible_."
            )
        self._prefix = prefix
        self._reserved = _MAGIC.union(_CONNECTION, reserved)
        self._names: dict[str, str] = {}

    def make_name(self, field: str) -> str:
        """Return the name of the variable for a field: the prefix and the field.

        Where that name means something else to Ansible or to the modules of this collection, ``waldur_`` or
        ``waldur_field_`` replaces the prefix.
        """
        if field not in self._names:
            plain = re.sub(r"\W", "_", field, flags=re.ASCII)
            candidates = (f"{self._prefix}{plain}", f"waldur_{plain}", f"waldur_field_{plain}")
            self._names[field] = next(name for name in candidates if not self._is_reserved(name))
        return self._names[field]

    def _is_reserved(self, name: str) -> bool:
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("ansible_"):
            return True
        return name in self._reserved

    def rename_fields(self, row: Mapping[str, Any]) -> Row:
        """Return the values of ``row`` by the names of their variables."""
        known = self._names
        return {known.get(field) or self.make_name(field): value for field, value in row.items()}


# --- groups ----------------------------------------------------------------------------------------------------------


def list_default_groups(hosts: str, host: HostObject) -> list[str]:
    """Return the default groups of a host: by kind, providers, customer, state and type, as names not made safe yet.

    ``hosts`` is the kind of hosts.
    """
    row = host.row
    groups = [f"waldur_{hosts}"]
    providers = [row.get("customer_slug") or row.get("customer_name") or row.get("uuid") for row in host.providers]
    groups += [f"waldur_provider_{name}" for name in providers]
    values = {"state": row.get("state"), "type": row.get("type")}
    if KINDS[hosts].customer_prefix and row is not host.providers[0]:
        values["customer"] = row.get("customer_slug") or row.get("customer_name")
    groups += [f"waldur_{name}_{value}" for name, value in values.items() if isinstance(value, str) and value]
    return groups
