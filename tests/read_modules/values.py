# SPDX-License-Identifier: GPL-3.0-or-later
"""What each parameter is tried with: values that rows have, and values that none has, and how they look on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from posix_pools import PROVIDER_POOL
from provider_accounts import PROVIDER_ACCOUNT

from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter

from .module_runs import ALPHA, ALPHA_CUSTOMER, Row
from .table import Told

NOBODY = "00000000000040008000000000000bad"
# Objects of the recorded world.
OBJECTS = {
    "customer": ("47d72aa7327a4e45944a42b02349eb16", "Consumer Institute"),
    "project": ("166880ed37384add85492b3e26ccc70e", "Project c1"),
    "offering": ("9b578d38ebd848f894aad61d962a512b", "Alpha VM"),
    "user": ("51d1acdbef2e4274bda95a1ce5391e54", "member1"),
}
# What a list is not asked without: options of its module, and the request's own words.
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
# The objects below which an operation is, where that is not the service provider.
PATH_UUIDS = {
    "provider_accounts_retrieve": PROVIDER_ACCOUNT,
    "posix_id_pools_stats_retrieve": PROVIDER_POOL,
}
# Where the objects of a kind are, for their URLs.
COLLECTIONS = {
    "customer": "customers",
    "project": "projects",
    "offering": "marketplace-provider-offerings",
    "user": "users",
}
# What objects have and rows don't tell.
UNTOLD = {
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
    """``given`` as a task says it, and ``wire``: what the request must say of the parameter, each one value."""

    given: Any
    wire: tuple[str, ...]


def values(told: Told, ours: Parameter, rows: list[Row], roles: dict[str, str]) -> list[Value]:
    """A few values for one parameter. ``rows`` are all of its list, ``roles`` the UUIDs of roles by name."""
    single = list({wire: (given, wire) for given, wire in _singles(told, ours, rows, roles)}.values())
    if ours.style == "single":
        return [Value(given, (wire,)) for given, wire in single]
    lists = [single[:1], single[:2], single[-1:]]
    return [Value([one[0] for one in some], _sent(ours, [one[1] for one in some])) for some in lists]


def _sent(ours: Parameter, wires: list[str]) -> tuple[str, ...]:
    return (",".join(wires),) if ours.style == "comma" else tuple(wires)


def _singles(told: Told, ours: Parameter, rows: list[Row], roles: dict[str, str]) -> Iterator[tuple[Any, str]]:
    seen = _seen(ours, rows)
    if ours.choices:
        yield from ((choice, choice) for choice in [*(one for one in ours.choices if one in seen), ours.choices[-1]])
    elif ours.type == "bool":
        yield from ((True, "true"), (False, "false"))
    elif ours.type in ("timestamp", "date"):
        yield from _moments(ours, seen)
    elif ours.type == "int":
        yield from ((number, str(number)) for number in (*seen[:1], *(one + 1 for one in seen[-1:]), 4294967294))
    elif ours.type == "json":
        yield {"colour": "blue"}, '{"colour": "blue"}'
    elif ours.type == "role":
        yield from ((name, roles[name]) for name in ("CUSTOMER.MANAGER", "PROJECT.MEMBER"))
    elif ours.type in ("uuid", *OBJECTS):
        found = [*seen[:1], OBJECTS.get(ours.type, (NOBODY,))[0], NOBODY]
        yield from ((str(uuid.UUID(one)).upper(), one) for one in found)
    else:
        yield from _texts(told, ours, seen)


def _seen(ours: Parameter, rows: list[Row]) -> list[Any]:
    """The values that rows have, each once."""
    return list(dict.fromkeys(row[key] for key in ours.row_keys for row in rows if row.get(key) not in (None, "")))


def _moments(ours: Parameter, seen: list[Any]) -> Iterator[tuple[Any, str]]:
    if ours.type == "date":
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


def _texts(told: Told, ours: Parameter, seen: list[Any]) -> Iterator[tuple[Any, str]]:
    for value in map(str, seen[:1]):
        if ours.match == "contains" and len(ours.row_keys) > 1:  # servers look in first and last names, each for itself
            value = value.split()[0]  # noqa: PLW2901
        yield value, value
        if ours.match == "contains" and ours.is_sent:
            yield (value[1:-1] or value).upper(), (value[1:-1] or value).upper()
        else:
            yield value.upper(), value.upper()
    text = UNTOLD.get(told.name, "colour")
    yield text, text
    yield "no-such-thing", "no-such-thing"


def by_all_names(kind: str) -> list[str]:
    """All that means one object: its UUID in several forms, its URL, its name."""
    found, name = OBJECTS[kind]
    url = f"/api/{COLLECTIONS[kind]}/{found}/"
    return [found, str(uuid.UUID(found)), found.upper(), url, f"https://waldur.example.org{url}", name]
