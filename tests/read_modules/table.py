# SPDX-License-Identifier: GPL-3.0-or-later
"""``operations.yml``, read; and what is wrong between it and the modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS, Operation
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import REFERENCE_TYPES, Parameter
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import spec
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

TABLE = Path(__file__).parent / "operations.yml"
# The module behind each operation that reads; test_operations.py drives those that write.
READERS = {
    "service_providers_list": "service_provider_info",
    "service_providers_retrieve": "service_provider_info",
    "customers_list": "customer_info",
    "user_customers_list": "customer_info",
    "projects_list": "project_info",
    "customer_projects_list": "project_info",
    "project_permissions_list": "project_permission_info",
    "users_list": "user_info",
    "list_users": "user_role_info",
    "keys_list": "ssh_key_info",
    "offerings_list": "offering_info",
    "course_accounts_list": "course_account_info",
    "project_service_accounts_list": "project_service_account_info",
    "robot_account_customers_list": "robot_account_info",
    "robot_account_projects_list": "robot_account_info",
    "revenue_list": "revenue_info",
    "stat_retrieve": "statistics_info",
    "compliance_overview": "compliance_info",
    "compliance_offering_users": "compliance_info",
    "compliance_checklists_summary": "compliance_info",
    "offering_users_list": "offering_username_info",
    "provider_accounts_list": "provider_account_info",
    "provider_accounts_retrieve": "provider_account_info",
    "username_conflicts_list": "username_conflict_info",
    "posix_id_pools_list": "posix_id_pool_info",
    "posix_id_pools_stats_retrieve": "posix_id_pool_info",
    "posix_identities_list": "posix_identity_info",
    "project_groups_list": "project_group_info",
    "glauth_tree_retrieve": "directory_info",
    "api_secret_code_retrieve": "api_secret_code_info",
}
# What each module returns its rows under.
KEYS = {
    "service_provider_info": "service_providers",
    "customer_info": "customers",
    "project_info": "projects",
    "project_permission_info": "project_permissions",
    "user_info": "users",
    "user_role_info": "user_roles",
    "ssh_key_info": "ssh_keys",
    "offering_info": "offerings",
    "course_account_info": "course_accounts",
    "project_service_account_info": "project_service_accounts",
    "robot_account_info": "robot_accounts",
    "revenue_info": "revenue",
    "statistics_info": "statistics",
    "compliance_info": "compliance",
    "offering_username_info": "offering_usernames",
    "provider_account_info": "provider_accounts",
    "username_conflict_info": "username_conflicts",
    "posix_id_pool_info": "posix_id_pools",
    "posix_identity_info": "posix_identities",
    "project_group_info": "project_groups",
    "directory_info": "directory",
    "api_secret_code_info": "fingerprint",
}
# Which of our types a type of the reference may be.
_TYPES = {
    "text": ("text", "url"),
    "uuid": ("uuid", *REFERENCE_TYPES),
    "bool": ("bool",),
    "number": ("int",),
    "moment": ("timestamp",),
    "date": ("date",),
}
# Where the reference says text, and servers take more than any text; some take several texts joined by commas.
_MORE_THAN_TEXT = {
    ("offerings_list", "attributes"): "json",
    ("offerings_list", "scope_uuid"): "uuid",
    ("offerings_list", "uuid_list"): "offering,",
    ("users_list", "username_list"): "text,",
    ("list_users", "role"): "role",
    ("project_permissions_list", "scope_uuid"): "project",
    ("projects_list", "customer"): "customer,",
    ("customer_projects_list", "customer"): "customer,",
    ("customers_list", "organization_group_uuid"): "uuid*",
    ("user_customers_list", "organization_group_uuid"): "uuid*",
    ("offerings_list", "organization_group_uuid"): "uuid*",
    ("offering_users_list", "offering_uuid"): "offering,",
}
_STYLES = {"*": "repeat", ",": "comma", "": "single"}
# Select the provider, or one of its pools, which the module is asked about anyway.
PROVIDER_PARAMETERS = {
    "offering_users_list": {"provider_uuid"},
    "provider_accounts_list": {"provider_uuid", "customer_uuid"},
    "posix_id_pools_list": {"customer_uuid", "service_provider_uuid"},
    "posix_identities_list": {"pool_uuid"},
    "project_groups_list": {"service_provider_uuid", "provider_offering_uuid"},
}


@dataclass(frozen=True)
class Told:
    """What the reference says of one parameter; of an added one nothing but its name (``type`` is empty)."""

    name: str
    type: str
    style: str = "single"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What the reference says of one operation."""

    name: str
    method: str
    path: str
    paginated: bool
    query: tuple[Told, ...]
    rows: tuple[str, ...]

    @property
    def ours(self) -> Operation | None:
        """The operation of ours that sends this request."""
        return next((one for one in OPERATIONS.values() if (one.method, one.path) == (self.method, self.path)), None)


def content() -> dict[str, Any]:
    """The file, as anybody's own copy."""
    found: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return found


@cache
def entries() -> tuple[Entry, ...]:
    """All that the file holds."""
    return tuple(parsed(content()))


def parsed(table: dict[str, Any]) -> Iterator[Entry]:
    """The operations of *table*, those around a provider after its own."""
    for part in ("operations", "supporting"):
        for name, entry in table[part].items():
            method, path = entry["call"].split()
            query = [_told(key, value) for key, value in entry.get("query", {}).items()]
            query += [Told(key, "") for key in entry.get("added_2026", "").split()]
            yield Entry(
                name, method, path, entry.get("paginated", False), tuple(query), tuple(entry.get("rows", "").split())
            )


def _told(name: str, expected: Any) -> Told:
    if isinstance(expected, str):
        return Told(name, expected)
    return Told(
        name,
        expected["type"],
        expected.get("list", "single"),
        expected.get("required", False),
        tuple(expected.get("choices", "").split()),
    )


def problems(table: dict[str, Any], writers: dict[str, Any]) -> list[str]:
    """What of *table* no module can do, or does otherwise, in sentences; *writers* are driven by tests of their own."""
    found: list[str] = []
    for entry in parsed(table):
        ours = entry.ours
        if ours is None:
            found.append(f"{entry.name}: no operation of ours is {entry.method} {entry.path}")
        elif ours.paginated != entry.paginated:
            found.append(f"{entry.name}: its pages are treated otherwise")
        elif entry.name in writers:
            continue
        elif entry.name not in READERS:
            found.append(f"{entry.name}: no module reads it")
        elif ours.name not in INFOS[READERS[entry.name]].operations:
            found.append(f"{entry.name}: {READERS[entry.name]} does not read it")
        else:
            found.extend(f"{entry.name}: {expected}" for expected in _query_problems(entry, ours))
    return found


def _query_problems(entry: Entry, ours: Operation) -> Iterator[str]:
    options = spec(INFOS[READERS[entry.name]])
    known = {one.name: one for one in ours.query}
    for told in entry.query:
        if told.name in PROVIDER_PARAMETERS.get(entry.name, ()):
            continue
        if told.name not in known:
            yield f"{told.name} is not known"
        elif told.name in ("o", "field"):
            yield from _form_problems(told, known[told.name], options)
        else:
            yield from _option_problems(entry, told, known[told.name], options)
    for name in known.keys() - {told.name for told in entry.query}:
        yield f"{name} is nothing that the reference knows"


def _form_problems(told: Told, ours: Parameter, options: dict[str, Any]) -> Iterator[str]:
    option = options.get({"o": "order_by", "field": "fields"}[told.name])
    if option is None or option["type"] != "list":
        yield f"{told.name} is no list to give"
    elif told.choices and not {*told.choices, *(f"-{name}" for name in told.choices)} <= set(option["choices"]):
        yield f"{told.name} has other choices"
    if ours.style != told.style:
        yield f"{told.name} is sent otherwise"


def _option_problems(entry: Entry, told: Told, ours: Parameter, options: dict[str, Any]) -> Iterator[str]:
    taken = [key for key, one in options.items() if told.name in (key, *one.get("aliases", []))]
    if taken != [ours.option]:
        yield f"{told.name} is no option"
        return
    option = options[ours.option]
    if (ours.since == 2026) != (not told.type):
        yield f"{told.name} is of another year"
    if told.type:
        wanted, style = _wanted(entry.name, told)
        if ours.type not in wanted or ours.style != style:
            yield f"{told.name} is of another type"
        if ours.required != told.required:
            yield f"{told.name} is required, or is not"
    if ours.type != "url":
        yield from _spec_problems(told, ours, option)


def _wanted(name: str, told: Told) -> tuple[tuple[str, ...], str]:
    more = _MORE_THAN_TEXT.get((name, told.name))
    if more:
        return (more.rstrip("*,"),), _STYLES[more[len(more.rstrip("*,")) :]]
    return _TYPES.get(told.type, ()), told.style


def _spec_problems(told: Told, ours: Parameter, option: dict[str, Any]) -> Iterator[str]:
    element = option.get("elements") if option["type"] == "list" else option["type"]
    raw = ours.type in (*REFERENCE_TYPES, "uuid")
    if element != ("raw" if raw else {"bool": "bool", "int": "int", "json": "json"}.get(ours.type, "str")):
        yield f"{told.name} is an option of another type"
    if (option["type"] == "list") != (ours.style != "single"):
        yield f"{told.name} takes one, or several"
    if told.type and tuple(option.get("choices", ())) != (told.choices or ours.choices):
        yield f"{told.name} has other choices"
    if raw and ours.name != "uuid" and ours.option in (ours.name,) and ours.name.endswith(("_uuid", "_url")):
        yield f"{told.name} is not under its plain name"
