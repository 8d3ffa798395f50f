# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds made from numbers, the same ones for the same numbers."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from . import clock, editions, models, random_values
from .models import ACCOUNT_OPTION

# Harmless as text; what evaluates it has a hole (a file /tmp/x appears, or a template fails to end).
TEMPLATE_TEXT = " {{ lookup('pipe', 'touch /tmp/x') }} {% raw %}"
SPECIAL_USERS = ("staff", "support", "owner", "outsider")
LISTED_TOKENS = 20


# How much of everything; what is not given is as ``numbers.yaml`` says, which explains the names.
DEFAULTS = [(name, type(value), value) for name, value in editions.load("numbers.yaml").items()]
Numbers: Any = dataclasses.make_dataclass("Numbers", DEFAULTS)


@dataclasses.dataclass
class Maker:
    """Makes the rows; times are the day before the world's clock, one microsecond apart."""

    numbers: Any
    start: datetime.datetime
    made: int = 0

    def text(self, plain: str) -> str:
        """A name or description."""
        return plain + TEMPLATE_TEXT if self.numbers.templates else plain

    def store(self, model: type[models.Object], rows: Iterable[dict[str, Any]], **shared: Any) -> list[Any]:
        """Store an object of *model* for each of *rows*, which hold its columns, as *shared* does for all."""
        objects = []
        for row in rows:
            self.made += 1
            moment = self.start + datetime.timedelta(microseconds=self.made)
            objects.append(model(**{"created": moment, "modified": moment, **shared, **row}))
            if isinstance(objects[-1], models.User):
                objects[-1].complete()
        return model.objects.bulk_create(objects, batch_size=500)

    def named(self, name: str) -> dict[str, str]:
        """The columns that follow from a name."""
        slug = name.lower().replace(" ", "-")
        return {"name": self.text(name), "slug": slug, "description": self.text(f"Description of {name}")}

    def users(self) -> list[models.User]:
        """The special users and the others, whose names follow from the usernames."""
        rows = []
        for username in [*SPECIAL_USERS, *(f"user{number:04d}" for number in range(1, self.numbers.users + 1))]:
            name = {"first_name": self.text("User"), "last_name": self.text(username.removeprefix("user"))}
            flags = {"is_staff": username == "staff", "is_support": username == "support"}
            rows.append({"username": username, "email": f"{username}@example.org", **name, **flags})
        return self.store(models.User, rows, date_joined=self.start, description=self.text(""))

    def customers(self, kind: str, count: int) -> list[models.Customer]:
        """Organizations, such as ``Provider 0001`` with the abbreviation ``P0001``."""
        rows = []
        for number in range(1, count + 1):
            row = self.named(f"{kind} {number:04d}")
            more = {"abbreviation": f"{kind[0]}{number:04d}", "email": f"{row['slug']}@example.org"}
            rows.append({**row, "native_name": row["name"], **more})
        return self.store(models.Customer, rows, country="EE", extra={"country_name": "Estonia"})


def generate(
    numbers: Any, role_rows: list[dict[str, Any]], make_roles: Callable[[list[dict[str, Any]]], dict[str, Any]]
) -> tuple[datetime.datetime, dict[str, str]]:
    """Store a world of *numbers*; returns its clock and the tokens of the special and the first users."""
    now = clock.parse(numbers.now)
    clock.CLOCK.set(now)
    maker = Maker(numbers, now - datetime.timedelta(days=1))
    roles = make_roles([{**row, "description": maker.text(row["description"] or row["name"])} for row in role_rows])
    staff, _support, owner, _outsider, *users = maker.users()
    customers = maker.customers("Provider", numbers.providers)
    names = ({"customer": one, "description": maker.text(f"Services of {one.abbreviation}")} for one in customers)
    providers = maker.store(models.ServiceProvider, names)
    offerings = _offerings(maker, customers)
    projects, resources = _projects(maker, offerings)
    members = list(zip(users[: numbers.accounts], itertools.cycle(projects), strict=False))
    managers = itertools.product(users[: numbers.grants], providers)
    for role, column, held in (
        ("CUSTOMER.OWNER", "customer", [(owner, customer) for customer in customers]),
        ("CUSTOMER.MANAGER", "service_provider", managers),
        ("PROJECT.MEMBER", "project", members),
    ):
        rows = ({"user": user, column: scope} for user, scope in held)
        maker.store(models.Grant, rows, role=roles[role], created_by=staff)
    _accounts(maker, offerings, resources, [user for user, _project in members])
    _other_accounts(maker, users or [owner], projects, resources)
    return now, {
        name: random_values.derive_token(name)
        for name in [*SPECIAL_USERS, *(u.username for u in users[:LISTED_TOKENS])]
    }


def _offerings(maker: Maker, customers: list[models.Customer]) -> list[models.Offering]:
    """The offerings of every provider, and the checklists of the first of them."""
    numbers = maker.numbers
    (category,) = maker.store(models.Category, [{"title": maker.text("Computing")}])
    names = ({"name": maker.text(f"Checklist {number + 1:04d}")} for number in range(numbers.checklists))
    checklists = maker.store(models.Checklist, names)
    maker.store(models.Question, ({"checklist": one} for one in checklists), description=maker.text("Is it safe?"))
    option = editions.current().account_option_column
    policy: dict[str, Any] = {"username_generation_policy": "service_provider"}
    shared = {"plugin_options": policy, "secret_options": {}}
    shared[option][ACCOUNT_OPTION] = True
    pairs = itertools.product(customers, range(1, numbers.offerings + 1))
    rows = ({"customer": one, **maker.named(f"Offering {one.abbreviation} {number:04d}")} for one, number in pairs)
    asked = itertools.chain(checklists, itertools.repeat(None))
    asking = ({**row, "compliance_checklist": one} for row, one in zip(rows, asked, strict=False))
    return maker.store(models.Offering, asking, category=category, **shared)


def _projects(maker: Maker, offerings: list[models.Offering]) -> tuple[list[models.Project], list[models.Resource]]:
    """The consumers' projects, and OK resources of the offerings in them."""
    numbers = maker.numbers
    consumers = itertools.cycle(maker.customers("Consumer", numbers.customers))
    rows = (maker.named(f"Project {number:04d}") for number in range(1, numbers.projects + 1))
    projects = maker.store(models.Project, ({**row, "customer": next(consumers)} for row in rows))
    pairs = list(itertools.product(projects, offerings))
    wanted = len(pairs) if numbers.resources is None else numbers.resources
    made = []
    for index, (project, offering) in enumerate(itertools.islice(itertools.cycle(pairs), wanted)):
        slug = f"{offering.slug}-{project.slug}" + (f"-{index}" if index >= len(pairs) else "")
        made.append({"offering": offering, "project": project, "name": maker.text(slug), "slug": slug})
    return projects, maker.store(models.Resource, made, description=maker.text("Resource"))


def _accounts(
    maker: Maker, offerings: list[models.Offering], resources: list[models.Resource], users: list[models.User]
) -> None:
    """An account of each user in each offering and what they answered; the orders of the resources and their cost."""
    pairs = itertools.product(offerings, users)
    rows = ({"offering": offering, "user": user, "username": user.username} for offering, user in pairs)
    accounts = maker.store(models.OfferingUser, rows, state="OK")
    asked = [one for one in accounts if one.offering.compliance_checklist][::2]
    done = ({"checklist": one.offering.compliance_checklist, "account": one} for one in asked)
    maker.store(models.Completion, done, is_completed=True, answered=1)
    used = [{"resource": one, "project": one.project} for one in resources]
    maker.store(models.Order, ({**row, "offering": row["resource"].offering} for row in used))
    this_month = maker.start.year * 12 + maker.start.month - 1
    for year, month in (divmod(this_month - back, 12) for back in range(maker.numbers.months)):
        maker.store(models.InvoiceItem, used, year=year, month=month + 1, price=10.0, total=10.0)


def _other_accounts(
    maker: Maker, users: list[models.User], projects: list[models.Project], resources: list[models.Resource]
) -> None:
    """Keys, and the accounts of robots, courses and services."""
    numbers = maker.numbers
    for model, column, owners, wanted in (
        (models.SshKey, "user", users, numbers.keys),
        (models.RobotAccount, "resource", resources, numbers.robot_accounts),
        (models.CourseAccount, "project", projects, numbers.course_accounts),
        (models.ServiceAccount, "project", projects, numbers.service_accounts),
    ):
        rows = []
        for number, owner in zip(range(1, wanted + 1), itertools.cycle(owners), strict=False):
            name = f"{model.__name__.lower().removesuffix('account')}{number:04d}"
            text = hashlib.sha256(name.encode()).hexdigest()
            prints = {"fingerprint_md5": bytes.fromhex(text[:32]).hex(":"), "fingerprint_sha256": f"SHA256:{text[:43]}"}
            key = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes.fromhex(text)).decode()
            prints |= {"fingerprint_sha512": f"SHA512:{text}", "public_key": f"ssh-ed25519 {key}"}
            row = {"name": name, "username": name, "email": f"{name}@example.org", "description": maker.text(name)}
            row |= {**prints, "user": users[number % len(users)], column: owner}
            rows.append({key: value for key, value in row.items() if hasattr(model, key)})
        maker.store(model, rows)
