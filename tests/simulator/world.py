# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading worlds: the recorded one, a file like it, or one generated from numbers."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from django.db import transaction
from django.db.models import ForeignKey, Model

from . import chance, clock, database, editions, generate
from .models import (
    ACCOUNT_OPTION,
    Category,
    Customer,
    Grant,
    Offering,
    OfferingUser,
    Project,
    Resource,
    Role,
    RolePermission,
    ServiceProvider,
    User,
)
from .recorder import RECORDER

WORLDS = pathlib.Path(__file__).parent / "worlds"
RECORDED_HOST = "http://127.0.0.1:8000"


@dataclasses.dataclass
class Start:
    """What a reset goes back to, beside the rows."""

    now: Any
    chance: tuple[Any, ...]
    tokens: dict[str, str]


_start: Start | None = None


def tokens() -> dict[str, str]:
    """The token of each alias of the present world."""
    return _start.tokens if _start else {}


def load(source: str | dict[str, Any], base_url: str) -> None:
    """Replace the world by *source*: ``recorded``, the path of a file like it, or numbers to generate from.

    *base_url* is the simulator's own address, for URLs inside recorded objects.
    """
    chance.restart()
    with transaction.atomic():
        database.empty()
        if isinstance(source, dict):
            now, aliases = generate.generate(generate.Numbers(**source), read_recorded()["roles"], make_roles)
        else:
            now, aliases = load_recorded(read_recorded(source, base_url))
    _remember(now, aliases)


def reset() -> None:
    """Go back to the start of the world: rows, clock, chance and counts."""
    if _start is None:
        return
    database.return_to_start()
    clock.CLOCK.set(_start.now)
    chance.return_to(_start.chance)
    RECORDER.zero()


def _remember(now: Any, aliases: dict[str, str]) -> None:
    global _start  # noqa: PLW0603 - one process has one world
    clock.CLOCK.set(now)
    RECORDER.zero()
    database.keep_as_start()
    _start = Start(now=now, chance=chance.bookmark(), tokens=aliases)


def read_recorded(source: str = "recorded", base_url: str = RECORDED_HOST) -> dict[str, Any]:
    """The content of a world file; *source* is ``recorded`` or a path."""
    path = WORLDS / "recorded.json" if source == "recorded" else pathlib.Path(source)
    return json.loads(path.read_text(encoding="utf-8").replace(RECORDED_HOST, base_url))


def build(model: type[Model], row: dict[str, Any], **related: Any) -> Any:
    """An unsaved *model* from a recorded row: columns by name, the rest in ``extra``."""
    columns = {field.name: field for field in model._meta.concrete_fields if not isinstance(field, ForeignKey)}
    values: dict[str, Any] = {}
    for name, value in row.items():
        field = columns.get(name)
        if field is None or (value is None and not field.null):
            continue
        values[name] = field.to_python(value)
    extra = {name: value for name, value in row.items() if name not in columns}
    return model(**{**values, **related, "extra": extra})


def keep(model: type[Model], objects: list[Any]) -> dict[str, Any]:
    """Store *objects* and give them back by their 32 hex digits."""
    return {item.uuid.hex: item for item in model.objects.bulk_create(objects, batch_size=500)}


def load_recorded(data: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """Store a recorded world; returns its clock and the tokens by alias."""
    prices = data["billing_price_estimate"]
    users = _users(data)
    roles = make_roles(data["roles"])
    customers = keep(Customer, [build(Customer, _priced(row, prices["customers"])) for row in data["customers"]])
    rows = data["service_providers"]
    providers = keep(ServiceProvider, [_of_customer(ServiceProvider, row, customers) for row in rows])
    projects = keep(Project, [_of_customer(Project, row, customers) for row in data["projects"]])
    categories = keep(Category, [build(Category, row) for row in data["categories"]])
    offerings = keep(Offering, [_offering(row, customers, categories) for row in data["offerings"]])
    keep(Resource, [_resource(row, offerings, projects) for row in data["resources"]])
    keep(OfferingUser, [_account(row, offerings, users) for row in data["offering_users"]])
    scopes = {"customer": customers, "service_provider": providers, "project": projects, "offering": offerings}
    keep(Grant, [grant for row in data["grants"] if (grant := _grant(row, users, roles, scopes))])
    names = {**{row["username"]: row["username"] for row in data["users"]}, **data["user_aliases"]}
    tokens_by_user = {user.username: user.token for user in users.values()}
    return clock.parse(data["clock"]), {alias: tokens_by_user[name] for alias, name in names.items()}


def _users(data: dict[str, Any]) -> dict[str, User]:
    aliases = {name: alias for alias, name in data["user_aliases"].items()}
    users = [build(User, row) for row in data["users"]]
    for user in users:
        user.token = chance.token_of(aliases.get(user.username, user.username))
        user.created = user.date_joined
    return keep(User, [user.complete() for user in users])


def make_roles(rows: list[dict[str, Any]]) -> dict[str, Role]:
    """Store roles with their permissions, as the edition ships them; gives them back by name."""
    edition = editions.current()
    roles = [build(Role, {key: value for key, value in row.items() if key != "permissions"}) for row in rows]
    for role in roles:
        if role.name == "CUSTOMER.MANAGER":
            role.content_type = edition.manager_scope
            role.description = role.extra["description_en"] = edition.manager_description
    by_name = {role.name: role for role in Role.objects.bulk_create(roles)}
    wanted = [
        RolePermission(role=by_name[row["name"]], permission=permission)
        for row in rows
        for permission in dict.fromkeys([*row["permissions"], *edition.shipped_permissions.get(row["name"], ())])
    ]
    RolePermission.objects.bulk_create(wanted)
    return by_name


def _priced(row: dict[str, Any], prices: dict[str, Any]) -> dict[str, Any]:
    return {**row, "billing_price_estimate": prices.get(row["uuid"])}


def _of_customer(model: type[Model], row: dict[str, Any], customers: dict[str, Customer]) -> Any:
    return build(model, {**row, "image": None}, customer=customers[row["customer_uuid"]])


def _offering(row: dict[str, Any], customers: dict[str, Customer], categories: dict[str, Category]) -> Offering:
    offering = build(
        Offering, row, customer=customers[row["customer_uuid"]], category=categories.get(row["category_uuid"])
    )
    # Where the option lives differs between versions, so it moves to where this edition looks for it.
    allowed = any(options.pop(ACCOUNT_OPTION, False) for options in (offering.plugin_options, offering.secret_options))
    if allowed:
        getattr(offering, editions.current().account_option_column)[ACCOUNT_OPTION] = True
    return offering


def _resource(row: dict[str, Any], offerings: dict[str, Offering], projects: dict[str, Project]) -> Resource:
    return build(Resource, row, offering=offerings[row["offering_uuid"]], project=projects[row["project_uuid"]])


def _account(row: dict[str, Any], offerings: dict[str, Offering], users: dict[str, User]) -> OfferingUser:
    account = build(OfferingUser, row, offering=offerings[row["offering_uuid"]], user=users[row["user_uuid"]])
    if "state" not in row:
        account.state = "OK" if account.username else "Requested"
    return account


def _grant(row: dict[str, Any], users: dict[str, User], roles: dict[str, Role], scopes: Any) -> Grant | None:
    column, role = row["scope_type"], roles[row["role_name"]]
    scope = scopes[column].get(row["scope_uuid"])
    if column == "customer" and role.content_type == "service_provider":
        # The role moved from the customer to its provider; a customer without one has nobody in it.
        column, scope = "service_provider", getattr(scope, "service_provider", None)
    if scope is None:
        return None
    known = {key: row[key] for key in ("uuid", "created", "expiration_time") if row.get(key)}
    created_by = users.get(row.get("created_by_uuid") or "")
    return build(Grant, known, user=users[row["user_uuid"]], role=role, created_by=created_by, **{column: scope})


def sweep() -> int:
    """The daily job: end the grants whose expiry has passed (contract 3.d); returns how many."""
    late = Grant.objects.filter(is_active=True, expiration_time__lt=clock.now())
    return late.update(is_active=False, modified=clock.now())
