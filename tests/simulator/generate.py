# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds made from numbers, the same ones for the same numbers."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from . import chance, clock, editions
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
    ServiceProvider,
    User,
)

NOW = "2026-11-22T21:44:00Z"
# Harmless as text; what evaluates it has a hole (a file /tmp/x appears, or a template fails to end).
TEMPLATE_TEXT = " {{ lookup('pipe', 'touch /tmp/x') }} {% raw %}"
SPECIAL_USERS = ("staff", "support", "owner", "outsider")
LISTED_TOKENS = 20


@dataclasses.dataclass
class Numbers:
    """How much of everything; the four special users (staff, support, owner, outsider) come on top of ``users``.

    ``grants`` of the users hold CUSTOMER.MANAGER on every provider. ``accounts`` of them are members of one of the
    consumer's ``projects`` each, and have an account in each of the ``offerings`` of each provider. With
    ``templates`` every name and description holds template text.
    """

    providers: int = 1
    users: int = 10
    grants: int = 0
    accounts: int = 0
    offerings: int = 1
    projects: int = 1
    templates: bool = False
    now: str = NOW


@dataclasses.dataclass
class Maker:
    """Makes the rows; times are the day before the world's clock, one microsecond apart."""

    numbers: Numbers
    start: datetime.datetime
    made: int = 0

    def text(self, plain: str) -> str:
        """A name or description."""
        return plain + TEMPLATE_TEXT if self.numbers.templates else plain

    def times(self) -> dict[str, datetime.datetime]:
        """The moments of the next object."""
        self.made += 1
        moment = self.start + datetime.timedelta(microseconds=self.made)
        return {"created": moment, "modified": moment}

    def user(self, username: str, **flags: bool) -> User:
        """A user whose name follows from the username."""
        first, last = self.text("User"), self.text(username.removeprefix("user"))
        person = User(username=username, email=f"{username}@example.org", first_name=first, last_name=last, **flags)
        person.description = self.text("") if self.numbers.templates else ""
        for name, moment in self.times().items():
            setattr(person, name, moment)
        person.date_joined = person.created
        return person.complete()

    def customer(self, kind: str, number: int) -> Customer:
        """An organization, such as ``Provider 0001`` with the abbreviation ``P0001``."""
        name = f"{kind} {number:04d}"
        return Customer(
            name=self.text(name),
            native_name=self.text(name),
            abbreviation=f"{kind[0]}{number:04d}",
            slug=name.lower().replace(" ", "-"),
            description=self.text(f"Description of {name}"),
            email=f"{name.lower().replace(' ', '-')}@example.org",
            country="EE",
            accounting_start_date=self.start,
            extra={"country_name": "Estonia"},
            **self.times(),
        )


def generate(
    numbers: Numbers, role_rows: list[dict[str, Any]], make_roles: Callable[[list[dict[str, Any]]], dict[str, Role]]
) -> tuple[datetime.datetime, dict[str, str]]:
    """Store a world of *numbers*; returns its clock and the tokens of the special and the first users."""
    now = clock.parse(numbers.now)
    clock.CLOCK.set(now)
    maker = Maker(numbers, now - datetime.timedelta(days=1))
    roles = make_roles([{**row, "description": maker.text(row["description"] or row["name"])} for row in role_rows])
    special = {name: maker.user(name, is_staff=name == "staff", is_support=name == "support") for name in SPECIAL_USERS}
    users = [maker.user(f"user{number:04d}") for number in range(1, numbers.users + 1)]
    User.objects.bulk_create([*special.values(), *users], batch_size=500)
    providers = _providers(maker, roles, special)
    _manager_grants(maker, roles, special["staff"], users[: numbers.grants], providers)
    _accounts(maker, roles, special["staff"], users[: numbers.accounts], providers)
    listed = [*SPECIAL_USERS, *(user.username for user in users[:LISTED_TOKENS])]
    return now, {name: chance.token_of(name) for name in listed}


def _providers(maker: Maker, roles: dict[str, Role], special: dict[str, User]) -> list[ServiceProvider]:
    customers = [maker.customer("Provider", number) for number in range(1, maker.numbers.providers + 1)]
    Customer.objects.bulk_create(customers, batch_size=500)
    owner, staff = special["owner"], special["staff"]
    Grant.objects.bulk_create(
        [
            Grant(user=owner, role=roles["CUSTOMER.OWNER"], customer=customer, created_by=staff, **maker.times())
            for customer in customers
        ],
        batch_size=500,
    )
    return ServiceProvider.objects.bulk_create(
        [
            ServiceProvider(
                customer=customer, description=maker.text(f"Services of {customer.abbreviation}"), **maker.times()
            )
            for customer in customers
        ],
        batch_size=500,
    )


def _manager_grants(
    maker: Maker, roles: dict[str, Role], staff: User, users: list[User], providers: list[ServiceProvider]
) -> None:
    role = roles["CUSTOMER.MANAGER"]
    Grant.objects.bulk_create(
        [
            Grant(user=user, role=role, service_provider=provider, created_by=staff, **maker.times())
            for provider in providers
            for user in users
        ],
        batch_size=500,
    )


def _offering(maker: Maker, provider: ServiceProvider, category: Category, number: int) -> Offering:
    name = f"Offering {provider.customer.abbreviation} {number:04d}"
    options: dict[str, dict[str, Any]] = {
        "plugin_options": {"username_generation_policy": "service_provider"},
        "secret_options": {},
    }
    options[editions.current().account_option_column][ACCOUNT_OPTION] = True
    return Offering(
        customer=provider.customer,
        category=category,
        name=maker.text(name),
        slug=name.lower().replace(" ", "-"),
        description=maker.text(f"Description of {name}"),
        **options,
        **maker.times(),
    )


def _accounts(
    maker: Maker, roles: dict[str, Role], staff: User, users: list[User], providers: list[ServiceProvider]
) -> None:
    numbers = maker.numbers
    category = Category.objects.create(title=maker.text("Computing"), **maker.times())
    offerings = Offering.objects.bulk_create(
        [
            _offering(maker, provider, category, number)
            for provider in providers
            for number in range(1, numbers.offerings + 1)
        ],
        batch_size=500,
    )
    projects = _projects(maker, offerings)
    if not projects:
        return
    member = roles["PROJECT.MEMBER"]
    grants = [
        Grant(user=user, role=member, project=projects[index % len(projects)], created_by=staff, **maker.times())
        for index, user in enumerate(users)
    ]
    Grant.objects.bulk_create(grants, batch_size=500)
    accounts = [
        OfferingUser(offering=offering, user=user, username=user.username, state="OK", **maker.times())
        for offering in offerings
        for user in users
    ]
    OfferingUser.objects.bulk_create(accounts, batch_size=500)


def _projects(maker: Maker, offerings: list[Offering]) -> list[Project]:
    """The consumer's projects, each with an OK resource of every offering."""
    consumer = maker.customer("Consumer", 1)
    consumer.save()
    projects = [
        Project(
            customer=consumer,
            name=maker.text(f"Project {number:04d}"),
            slug=f"project-{number:04d}",
            description=maker.text(f"Description of project {number:04d}"),
            **maker.times(),
        )
        for number in range(1, maker.numbers.projects + 1)
    ]
    Project.objects.bulk_create(projects, batch_size=500)
    resources = [
        Resource(
            offering=offering,
            project=project,
            name=maker.text(f"{offering.slug}-{project.slug}"),
            slug=f"{offering.slug}-{project.slug}",
            description=maker.text("Resource"),
            **maker.times(),
        )
        for project in projects
        for offering in offerings
    ]
    Resource.objects.bulk_create(resources, batch_size=500)
    return projects
