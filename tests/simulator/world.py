# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading worlds: the recorded one, a file like it, or one generated from numbers."""

from __future__ import annotations

import datetime
import json
import pathlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Field, ForeignKey, Model

from . import clock, configuration, database, editions, generate, random_values
from .models import ACCOUNT_OPTION, Grant, Offering, Role, RolePermission, User
from .recorder import RECORDER
from .response_cache import RESPONSE_CACHE
from .shapes import in_edition

WORLDS = pathlib.Path(__file__).parent / "worlds"
RECORDED_HOST = "http://127.0.0.1:8000"
Known = dict[str, dict[str, Any]]


# The clock, the state of the sequence of random values and the tokens by alias at the start of the world.
_start: tuple[Any, Any, dict[str, str]] = (None, None, {})


def tokens() -> dict[str, str]:
    """The token of each alias of the present world."""
    return _start[2]


def load(source: str | dict[str, Any], base_url: str) -> None:
    """Replace the world by *source*: ``recorded``, the path of a file like it, or numbers to generate from.

    *base_url* is the simulator's own address, for URLs inside recorded objects.
    """
    random_values.restart()
    # If loading fails, the rows are the same, but not the sequence of random values.
    RESPONSE_CACHE.enter_unknown_state()
    with transaction.atomic():
        database.empty()
        if isinstance(source, dict):
            now, aliases = generate.generate(generate.Numbers(**source), read("recorded")["roles"], make_roles)
        else:
            now, aliases = store(read(source, base_url))
        configuration.store_defaults()
    clock.CLOCK.set(now)
    RECORDER.zero()
    _keep(now, aliases)


def keep_as_start() -> None:
    """Make the current state the initial one."""
    _keep(clock.now(), tokens())


def _keep(now: datetime.datetime, aliases: dict[str, str]) -> None:
    global _start  # noqa: PLW0603 - one process has one world
    database.keep_as_start()
    RESPONSE_CACHE.clear()
    _start = (now, random_values.get_state(), aliases)


def reset(*, frozen: bool = False) -> None:
    """Restore the initial state: rows, clock, random values and counts."""
    database.return_to_start()
    RESPONSE_CACHE.return_to_start()
    clock.CLOCK.set(_start[0], frozen=frozen)
    random_values.restore_state(_start[1])
    RECORDER.zero()


def read(source: str, base_url: str = RECORDED_HOST) -> dict[str, Any]:
    """The content of a world file, in lists of plain rows; *source* is ``recorded`` or a path."""
    path = WORLDS / "recorded.json" if source == "recorded" else pathlib.Path(source)
    data = json.loads(path.read_text(encoding="utf-8").replace(RECORDED_HOST, base_url))
    newer = editions.load("worlds", "newer.yaml")
    if source == "recorded" and in_edition(newer):
        moment = {"created": data["clock"], "modified": data["clock"]}
        data |= {name: [{**moment, **row} for row in rows] for name, rows in newer.items() if isinstance(rows, list)}
        for name, changes in newer["changes"].items():
            for row in data[name]:
                row.update(changes.get(row["uuid"], {}))
    bills = data.get("invoices", ())
    data["invoice_items"] = [
        {**row, "year": bill["year"], "month": bill["month"]} for bill in bills for row in bill["items"]
    ]
    for row in data.get("orders", ()):
        row["resource_uuid"] = row["marketplace_resource_uuid"]
    for row in data["offering_users"]:
        row.setdefault("state", "OK" if row["username"] else "Requested")
    return data


def list_of(model: type[Model]) -> str:
    """The name of the list in a world file that holds the objects of *model*: ``ssh_keys`` for SshKey."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    return f"{name[:-1]}ies" if name.endswith("y") and not name.endswith("key") else f"{name}s"


def store(data: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """Store the world *data*; returns its clock and the tokens by alias."""
    aliases = {name: alias for alias, name in data["user_aliases"].items()}
    known: Known = {"Role": make_roles(data["roles"])}
    # The models are in such an order that each comes after those that it points to.
    for model in apps.get_app_config("simulator").get_models():
        rows = () if model in (Role, Grant) else data.get(list_of(model), ())
        found = [finish(build(model, row, known), aliases) for row in rows]
        known.setdefault(model.__name__, {item.uuid.hex: item for item in keep(found)})
    keep([grant for row in data["grants"] if (grant := _grant(row, known))])
    tokens_by_name = {user.username: user.token for user in known["User"].values()}
    names = {**dict.fromkeys(tokens_by_name), **data["user_aliases"]}
    return clock.parse(data["clock"]), {alias: tokens_by_name[name or alias] for alias, name in names.items()}


def build(model: type[Model], row: dict[str, Any], known: Known) -> Any:
    """An unsaved *model*: columns by name, related objects by ``<column>_uuid``, the rest in ``extra``."""
    values: dict[str, Any] = {}
    columns: dict[str, Field] = {field.name: field for field in model._meta.concrete_fields}
    for name, field in columns.items():
        if isinstance(field, ForeignKey):
            values[name] = known.get(field.related_model.__name__, {}).get(row.get(f"{name}_uuid") or "")
        elif row.get(name) is not None or (field.null and name in row):
            values[name] = field.to_python(row[name])
    return model(**values, extra={name: value for name, value in row.items() if name not in columns})


def finish(item: Any, aliases: dict[str, str]) -> Any:
    """*item* with what a recorded row can't say."""
    if isinstance(item, User):
        item.token = random_values.derive_token(aliases.get(item.username, item.username))
        item.created = item.date_joined
        item.complete()
    elif isinstance(item, Offering):
        # Where the option lives differs between versions, so it moves to where this edition looks for it.
        allowed = [options.pop(ACCOUNT_OPTION, False) for options in (item.plugin_options, item.secret_options)]
        if any(allowed):
            getattr(item, editions.current().account_option_column)[ACCOUNT_OPTION] = True
    return item


def keep(objects: list[Any]) -> list[Any]:
    """Store *objects*, all of one model."""
    return type(objects[0]).objects.bulk_create(objects, batch_size=500) if objects else []


def make_roles(rows: list[dict[str, Any]]) -> dict[str, Role]:
    """Store roles with their permissions, as the edition ships them; gives them back by name."""
    edition = editions.current()
    roles = [build(Role, {key: value for key, value in row.items() if key != "permissions"}, {}) for row in rows]
    for role in roles:
        if role.name == "CUSTOMER.MANAGER":
            role.content_type = edition.manager_scope
            role.description = role.extra["description_en"] = edition.manager_description
    by_name = {role.name: role for role in keep(roles)}
    for row in rows:
        shipped = flat(edition.shipped_permissions.get(row["name"], ()))
        names = dict.fromkeys([*row["permissions"], *shipped])
        RolePermission.objects.bulk_create(RolePermission(role=by_name[row["name"]], permission=one) for one in names)
    return by_name


def flat(items: Iterable[Any]) -> Iterator[str]:
    """Yield the texts in *items*, also from lists within."""
    for item in items:
        yield from (item,) if isinstance(item, str) else flat(item)


def _grant(row: dict[str, Any], known: Known) -> Grant | None:
    column, role = row["scope_type"], known["Role"][row["role_name"]]
    scope = known[{"service_provider": "ServiceProvider"}.get(column, column.title())].get(row["scope_uuid"])
    if column == "customer" and role.content_type == "service_provider":
        # The role moved from the customer to its provider; a customer without one has nobody in it.
        column, scope = "service_provider", getattr(scope, "service_provider", None)
    if scope is None:
        return None
    kept = {key: row.get(key) for key in ("uuid", "created", "expiration_time", "user_uuid", "created_by_uuid")}
    grant = build(Grant, kept, known)
    grant.role, grant.extra = role, {}
    setattr(grant, column, scope)
    return grant


def sweep() -> int:
    """The daily job: end the grants whose expiry has passed (api-behaviour: role-grants-expired); returns how many."""
    late = Grant.objects.filter(is_active=True, expiration_time__lt=clock.now())
    return late.update(is_active=False, modified=clock.now())
