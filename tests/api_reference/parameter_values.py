# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for each parameter: values that rows have and values that none has, as options and in requests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from posix_pools import PROVIDER_POOL
from provider_accounts import PROVIDER_ACCOUNT

from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter

from .api_client import ALPHA, ALPHA_CUSTOMER, Row
from .documented_operations import DocumentedParameter

NOBODY = "00000000000040008000000000000bad"
# Objects of the recorded data.
OBJECTS = {
    "customer": ("47d72aa7327a4e45944a42b02349eb16", "Consumer Institute"),
    "project": ("166880ed37384add85492b3e26ccc70e", "Project c1"),
    "offering": ("9b578d38ebd848f894aad61d962a512b", "Alpha VM"),
    "user": ("51d1acdbef2e4274bda95a1ce5391e54", "member1"),
}
# What the request for a list must contain: options of its module, and parameters of the request.
NEEDED: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "user_customers_list": ({"user": OBJECTS["user"][0]}, [("user_uuid", OBJECTS["user"][0])]),
    "customer_projects_list": (
        {"project_customer": OBJECTS["customer"][0]},
        [("project_customer_uuid", OBJECTS["customer"][0])],
    ),
    "offering_users_list": ({}, [("provider_uuid", ALPHA_CUSTOMER)]),
    "provider_accounts_list": ({}, [("customer_uuid", ALPHA_CUSTOMER)]),
    "project_groups_list": ({}, [("service_provider_uuid", ALPHA)]),
    "provider_accounts_retrieve": ({"provider_account": PROVIDER_ACCOUNT}, []),
    "posix_id_pools_list": ({}, [("customer_uuid", ALPHA_CUSTOMER)]),
    "posix_id_pools_stats_retrieve": ({"statistics": True}, []),
    "posix_identities_list": ({"pool": PROVIDER_POOL}, [("pool_uuid", PROVIDER_POOL)]),
}
# The objects in the path of an operation, if they are not the service provider.
PATH_UUIDS = {
    "provider_accounts_retrieve": PROVIDER_ACCOUNT,
    "posix_id_pools_stats_retrieve": PROVIDER_POOL,
}
# The paths of the objects of a kind, for their URLs.
COLLECTIONS = {
    "customer": "customers",
    "project": "projects",
    "offering": "marketplace-provider-offerings",
    "user": "users",
}
# Values of objects that rows do not contain.
VALUES_NOT_IN_ROWS = {
    "native_name": "Native",
    "job_title": "Research",
    "description": "seed",
    "civil_number": "49403136515",
    "contact_details": "Ülikooli",
    "agreement_number": "A-7",
    "registration_code": "12345678",
    "backend_id": "backend",
    "customer_native_name": "Native",
    "organization_roles": "CUSTOMER.OWNER",
    "project_roles": "PROJECT.MEMBER",
    "scope_type": "project",
    "user_slug": "member",
    "query": "member",
    "keyword": "alpha",
}


@dataclass(frozen=True)
class Value:
    """``given`` is the value of the option; ``wire`` are the values of the parameter in the request."""

    given: Any
    wire: tuple[str, ...]


def values(parameter: DocumentedParameter, declared: Parameter, rows: list[Row], roles: dict[str, str]) -> list[Value]:
    """Return a few values for a parameter. ``rows`` is its whole list, ``roles`` are the UUIDs of roles by name."""
    single = list({wire: (given, wire) for given, wire in _singles(parameter, declared, rows, roles)}.values())
    if declared.style == "single":
        return [Value(given, (wire,)) for given, wire in single]
    lists = [single[:1], single[:2], single[-1:]]
    return [Value([one[0] for one in some], _sent(declared, [one[1] for one in some])) for some in lists]


def _sent(declared: Parameter, wires: list[str]) -> tuple[str, ...]:
    return (",".join(wires),) if declared.style == "comma" else tuple(wires)


def _singles(
    parameter: DocumentedParameter, declared: Parameter, rows: list[Row], roles: dict[str, str]
) -> Iterator[tuple[Any, str]]:
    seen = _seen(declared, rows)
    if declared.choices:
        yield from (
            (choice, choice) for choice in [*(one for one in declared.choices if one in seen), declared.choices[-1]]
        )
    elif declared.type == "bool":
        yield from ((True, "true"), (False, "false"))
    elif declared.type in ("timestamp", "date"):
        yield from _moments(declared, seen)
    elif declared.type == "int":
        yield from ((number, str(number)) for number in (*seen[:1], *(one + 1 for one in seen[-1:]), 4294967294))
    elif declared.type == "json":
        yield {"colour": "blue"}, '{"colour": "blue"}'
    elif declared.type == "role":
        yield from ((name, roles[name]) for name in ("CUSTOMER.MANAGER", "PROJECT.MEMBER"))
    elif declared.type in ("uuid", *OBJECTS):
        found = [*seen[:1], OBJECTS.get(declared.type, (NOBODY,))[0], NOBODY]
        yield from ((str(uuid.UUID(one)).upper(), one) for one in found)
    else:
        yield from _texts(parameter, declared, seen)


def _seen(declared: Parameter, rows: list[Row]) -> list[Any]:
    """Return the values of the rows, each once."""
    return list(dict.fromkeys(row[key] for key in declared.row_keys for row in rows if row.get(key) not in (None, "")))


def _moments(declared: Parameter, seen: list[Any]) -> Iterator[tuple[Any, str]]:
    if declared.type == "date":
        for text in (seen[0], "2001-01-01", "2031-01-01"):
            yield text, text
        return
    yield "2026-11-22T23:16:00.500+02:00", "2026-11-22T21:16:00.500000Z"
    yield "2001-01-01", "2001-01-01T00:00:00Z"
    yield "2031-01-01", "2031-01-01T00:00:00Z"
    for text in seen[:1]:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
        yield text, moment.isoformat().replace("+00:00", "Z")
        later = moment + timedelta(microseconds=1)
        yield later.isoformat(), later.isoformat().replace("+00:00", "Z")


def _texts(parameter: DocumentedParameter, declared: Parameter, seen: list[Any]) -> Iterator[tuple[Any, str]]:
    for value in map(str, seen[:1]):
        if (
            declared.match == "contains" and len(declared.row_keys) > 1
        ):  # servers look in first and last names, each for itself
            value = value.split()[0]  # noqa: PLW2901
        yield value, value
        if declared.match == "contains" and declared.is_sent:
            yield (value[1:-1] or value).upper(), (value[1:-1] or value).upper()
        else:
            yield value.upper(), value.upper()
    text = VALUES_NOT_IN_ROWS.get(parameter.name, "colour")
    yield text, text
    yield "no-such-thing", "no-such-thing"


def by_all_names(kind: str) -> list[str]:
    """Return the references to one object: its UUID in several forms, its URLs and its name."""
    found, name = OBJECTS[kind]
    url = f"/api/{COLLECTIONS[kind]}/{found}/"
    return [found, str(uuid.UUID(found)), found.upper(), url, f"https://waldur.example.org{url}", name]
