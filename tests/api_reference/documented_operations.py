# SPDX-License-Identifier: GPL-3.0-or-later
"""Read ``operations.yml``, and compare it with the modules."""

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
# The module that sends each operation that reads; write_tasks.py has those that write.
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
# The key of the rows in the result of each module.
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
# The types of parameters in the collection for each type of the reference.
_TYPES = {
    "text": ("text", "url"),
    "uuid": ("uuid", *REFERENCE_TYPES),
    "bool": ("bool",),
    "number": ("int",),
    "moment": ("timestamp",),
    "date": ("date",),
}
# Parameters that are text in the reference, with the type that servers expect; some take several, joined by commas.
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
# Select the provider or one of its pools, which other options of the module do.
PROVIDER_PARAMETERS = {
    "offering_users_list": {"provider_uuid"},
    "provider_accounts_list": {"provider_uuid", "customer_uuid"},
    "posix_id_pools_list": {"customer_uuid", "service_provider_uuid"},
    "posix_identities_list": {"pool_uuid"},
    "project_groups_list": {"service_provider_uuid", "provider_offering_uuid"},
}


@dataclass(frozen=True)
class DocumentedParameter:
    """A parameter in the API reference; for one that 2026 added, only its name is known (``type`` is empty)."""

    name: str
    type: str
    style: str = "single"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentedOperation:
    """An operation in the API reference."""

    name: str
    method: str
    path: str
    paginated: bool
    query: tuple[DocumentedParameter, ...]
    rows: tuple[str, ...]

    @property
    def operation(self) -> Operation | None:
        """Return the operation of the collection that sends this request."""
        request = (self.method, self.path)
        return next((known for known in OPERATIONS.values() if (known.method, known.path) == request), None)


def content() -> dict[str, Any]:
    """Return a new copy of the content of the file."""
    table: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table


@cache
def entries() -> tuple[DocumentedOperation, ...]:
    """Return all operations of the file."""
    return tuple(parsed(content()))


def parsed(table: dict[str, Any]) -> Iterator[DocumentedOperation]:
    """Yield the operations of *table*, the supporting ones last."""
    for section in ("operations", "supporting"):
        for name, entry in table[section].items():
            method, path = entry["call"].split()
            query = [parse_parameter(key, value) for key, value in entry.get("query", {}).items()]
            query += [DocumentedParameter(key, "") for key in entry.get("added_2026", "").split()]
            yield DocumentedOperation(
                name, method, path, entry.get("paginated", False), tuple(query), tuple(entry.get("rows", "").split())
            )


def parse_parameter(name: str, expected: Any) -> DocumentedParameter:
    """Return a parameter of the file: its type, or a mapping with its type."""
    if isinstance(expected, str):
        return DocumentedParameter(name, expected)
    return DocumentedParameter(
        name,
        expected["type"],
        expected.get("list", "single"),
        expected.get("required", False),
        tuple(expected.get("choices", "").split()),
    )


def problems(table: dict[str, Any], writers: dict[str, Any]) -> list[str]:
    """List the differences between *table* and the modules; operations of *writers* have tests of their own."""
    differences: list[str] = []
    for entry in parsed(table):
        operation = entry.operation
        if operation is None:
            differences.append(f"{entry.name}: no operation of the collection is {entry.method} {entry.path}")
        elif operation.paginated != entry.paginated:
            differences.append(f"{entry.name}: its pages are treated otherwise")
        elif entry.name in writers:
            continue
        elif entry.name not in READERS:
            differences.append(f"{entry.name}: no module reads it")
        elif operation.name not in INFOS[READERS[entry.name]].operations:
            differences.append(f"{entry.name}: {READERS[entry.name]} does not read it")
        else:
            differences.extend(f"{entry.name}: {difference}" for difference in _query_problems(entry, operation))
    return differences


def _query_problems(entry: DocumentedOperation, operation: Operation) -> Iterator[str]:
    options = spec(INFOS[READERS[entry.name]])
    known = {declared.name: declared for declared in operation.query}
    for parameter in entry.query:
        if parameter.name in PROVIDER_PARAMETERS.get(entry.name, ()):
            continue
        if parameter.name not in known:
            yield f"{parameter.name} is not known"
        elif parameter.name in ("o", "field"):
            yield from _form_problems(parameter, known[parameter.name], options)
        else:
            yield from _option_problems(entry, parameter, known[parameter.name], options)
    for name in known.keys() - {parameter.name for parameter in entry.query}:
        yield f"{name} is nothing that the reference knows"


def _form_problems(parameter: DocumentedParameter, declared: Parameter, options: dict[str, Any]) -> Iterator[str]:
    option = options.get({"o": "order_by", "field": "fields"}[parameter.name])
    if option is None or option["type"] != "list":
        yield f"{parameter.name} is no list to give"
    elif parameter.choices and not {*parameter.choices, *(f"-{name}" for name in parameter.choices)} <= set(
        option["choices"]
    ):
        yield f"{parameter.name} has other choices"
    if declared.style != parameter.style:
        yield f"{parameter.name} is sent otherwise"


def _option_problems(
    entry: DocumentedOperation, parameter: DocumentedParameter, declared: Parameter, options: dict[str, Any]
) -> Iterator[str]:
    taken = [key for key, option in options.items() if parameter.name in (key, *option.get("aliases", []))]
    if taken != [declared.option]:
        yield f"{parameter.name} is no option"
        return
    option = options[declared.option]
    if (declared.since == 2026) != (not parameter.type):
        yield f"{parameter.name} is of another year"
    if parameter.type:
        types, style = expected_type(entry.name, parameter)
        if declared.type not in types or declared.style != style:
            yield f"{parameter.name} is of another type"
        if declared.required != parameter.required:
            yield f"{parameter.name} is required, or is not"
    if declared.type != "url":
        yield from _spec_problems(parameter, declared, option)


def expected_type(name: str, parameter: DocumentedParameter) -> tuple[tuple[str, ...], str]:
    """Return the types that the parameter of the collection may have, and its style."""
    more = _MORE_THAN_TEXT.get((name, parameter.name))
    if more:
        return (more.rstrip("*,"),), _STYLES[more[len(more.rstrip("*,")) :]]
    return _TYPES.get(parameter.type, ()), parameter.style


def _spec_problems(parameter: DocumentedParameter, declared: Parameter, option: dict[str, Any]) -> Iterator[str]:
    element = option.get("elements") if option["type"] == "list" else option["type"]
    raw = declared.type in (*REFERENCE_TYPES, "uuid")
    if element != ("raw" if raw else {"bool": "bool", "int": "int", "json": "json"}.get(declared.type, "str")):
        yield f"{parameter.name} is an option of another type"
    if (option["type"] == "list") != (declared.style != "single"):
        yield f"{parameter.name} takes one, or several"
    if parameter.type and tuple(option.get("choices", ())) != (parameter.choices or declared.choices):
        yield f"{parameter.name} has other choices"
    if (
        raw
        and declared.name != "uuid"
        and declared.option in (declared.name,)
        and declared.name.endswith(("_uuid", "_url"))
    ):
        yield f"{parameter.name} is not under its plain name"
