# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the marketplace.

Each model has columns (``models.yaml``) for what is filtered, compared or changed; everything else that the API shows
of an object is kept as it was recorded in ``extra`` and passed on by the serializers.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import DataError, models

from . import clock, editions, random_values

STATES = editions.load("states.yaml")
ACCOUNT_OPTION = "service_provider_can_create_offering_user"
# The ranges of a pool of POSIX numbers.
NUMBER_RANGES = ("uid", "gid", "group_gid")


def folded(text: str) -> str:
    """*text* in lower case and without accents, as name searches compare it."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


FLAGS = ("blank", "null", "unique", "db_index")
CONSTANTS = {"yes": True, "no": False, "0": 0, "[]": list, "{}": dict}
MADE = {"now": clock.now, "uuid": random_values.make_uuid, "code": random_values.make_secret_code}


def column(rule: str) -> models.Field:
    """Return the column that *rule* describes, as the head of ``models.yaml`` explains."""
    kind, *words = rule.split()
    options: dict[str, Any] = {word: True for word in words if word in FLAGS}
    arguments = [word for word in words if word not in options]
    if kind in ("to", "one", "maybe"):
        options |= zip(("to", "related_name"), arguments, strict=False)
        options |= {"on_delete": models.CASCADE} if kind != "maybe" else {"on_delete": models.SET_NULL, "null": True}
        arguments = []
    for word in arguments:
        if word[0] == "=":
            options["default"] = CONSTANTS.get(word[1:], MADE.get(word[1:], word[1:]))
        else:
            options["max_length"] = int(word)
    return getattr(models, editions.load("kinds.yaml")["columns"][kind])(**options)


def give_columns(model: type[models.Model]) -> None:
    """Give *model* the columns that ``models.yaml`` has for it."""
    for name, rule in editions.load("models.yaml").get(model.__name__, {}).items():
        model.add_to_class(name, column(rule))


class Object(models.Model):
    """What every object has: a UUID, and the times of its creation and its last change."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.modified = clock.now() if self.pk else self.created
        super().save(*args, **kwargs)


# Before the others, which inherit them.
give_columns(Object)


class User(Object):
    """A person or a robot with a token."""

    is_authenticated = True
    is_anonymous = False
    username: str
    token: str
    slug: str

    def complete(self) -> User:
        """Fill in what follows from the names; returns itself."""
        self.full_name = f"{self.first_name} {self.last_name}".strip()
        self.folded_name = folded(self.full_name)
        self.token = self.token or random_values.derive_token(self.username)
        self.slug = self.slug or self.username
        return self

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.complete()
        super().save(*args, **kwargs)


class Customer(Object):
    """An organization: it provides, consumes, or both."""


class Media(Object):
    """An uploaded image, kept byte by byte; every upload is a new one (api-behaviour: images)."""


class Setting(Object):
    """A switch of the server, by its name."""


class PersonalAccessToken(Object):
    """A token with a part of its owner's rights."""


class ServiceProvider(Object):
    """The provider profile of a customer, at most one each."""

    class Meta:
        verbose_name = "Service provider"

    @property
    def name(self) -> str:
        """What a grant on the provider shows as the name of its scope."""
        return self.customer.name

    def has_active_offerings(self) -> bool:
        """Return whether any offering is not Archived; since 2026 children do not count
        (api-behaviour: providers-delete-child-offerings)."""
        active = self.customer.offerings.exclude(state="Archived")
        return (active if editions.current().children_are_active else active.filter(parent=None)).exists()


class Project(Object):
    """A customer's project, in which resources are used."""


def with_live_resources(projects: models.QuerySet) -> models.QuerySet:
    """*projects* with what is not terminated in them as ``live_resources``: one query for all."""
    live = Resource.objects.exclude(state="Terminated").select_related("offering__category")
    return projects.prefetch_related(models.Prefetch("resources", live, to_attr="live_resources"))


class Category(Object):
    """A category of offerings."""


class Checklist(Object):
    """Questions that the users of an offering have to answer (api-behaviour: compliance)."""


class Question(Object):
    """One question of a checklist."""


class Offering(Object):
    """What a customer offers."""


class TermsOfService(Object):
    """A version of an offering's terms."""


class Consent(Object):
    """A user's consent to the terms of an offering, until it is revoked."""


class PosixPool(Object):
    """The ranges of numbers for the users and groups of a provider, or for the users of one offering."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep each mark within its range, or just above (api-behaviour: posix-pools-marks)."""
        for kind in NUMBER_RANGES:
            first, last, mark = (getattr(self, f"{end}_{kind}") for end in ("min", "max", "next"))
            managed = first is not None and last is not None
            setattr(self, f"next_{kind}", min(max(mark or first, first), last + 1) if managed else None)
        super().save(*args, **kwargs)

    @property
    def customer(self) -> Customer:
        """The customer of the provider whose pool it is, or of its offering."""
        return (self.service_provider or self.offering).customer


class PosixIdentity(Object):
    """The numbers that one user, or an object of another kind, has or had from one pool."""


class ProjectGroup(Object):
    """The POSIX group of a project at a provider; it outlives the project."""

    class Meta:
        unique_together = (("service_provider", "project"), ("service_provider", "name"))


class Resource(Object):
    """What a project has of an offering."""

    @property
    def customer(self) -> Customer:
        """The customer of the project."""
        return self.project.customer


class ResourceProject(Object):
    """A part of a resource, in which users hold roles of their own."""

    @property
    def customer(self) -> Customer:
        """The customer of the resource's project."""
        return self.resource.customer


class OfferingUserGroup(Object):
    """A group of an offering for the members of a project."""


class Order(Object):
    """What was asked of a provider: the making, the change, or the end of a resource."""


class InvoiceItem(Object):
    """What a resource cost in one month; ``total`` is the price with the tax."""


class SshKey(Object):
    """The public half of a user's key."""


class RobotAccount(Object):
    """An account of a machine on a resource."""


class CourseAccount(Object):
    """An account for the length of a course, which is a project."""


class ServiceAccount(Object):
    """A project's account that is no person's; a null username hides it (api-behaviour: service-accounts)."""


class Account(Object):
    """An account with a name and a state."""

    username: str | None
    state: str
    is_home_pinned: bool
    home_directory: str | None

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # SQLite keeps a text of any length; PostgreSQL refuses, and the caller sees a 500
        # (api-behaviour: usernames-length).
        if self.username and len(self.username) > 100:
            raise DataError("value too long for type character varying(100)")
        super().save(*args, **kwargs)

    def rename(self, username: str | None) -> None:
        """Set *username*; a name completes an account that waits for one
        (api-behaviour: offering-users-automatic-states). A home directory that nobody pinned goes with the old name."""
        changed = username != self.username
        self.username = username
        if changed and not self.is_home_pinned:
            self.home_directory = None
        if username and changed and self.state in STATES["COMPLETED_BY_A_NAME"]:
            self.state = "OK"
            if editions.current().names_clear_comments:
                self.service_provider_comment = self.service_provider_comment_url = ""


class ProviderAccount(Account):
    """A user's one account at all offerings of a provider (api-behaviour: provider-accounts)."""

    class Meta:
        unique_together = ("service_provider", "user")

    @property
    def exposed(self) -> set[str]:
        """The attributes of the user that every offering exposes in which the account is used."""
        from .exposure import exposed_by

        shown = [exposed_by(row.offering) for row in self.backs.all()]
        return set.intersection(*shown) if shown else set()


class OfferingUser(Account):
    """A user's account in an offering."""

    class Meta:
        unique_together = ("offering", "user")

    @property
    def exposed(self) -> set[str]:
        """The attributes of the user that the offering exposes."""
        from .exposure import exposed_by

        return exposed_by(self.offering)


class Completion(Object):
    """How far the holder of an account is with a checklist; there is none before the first answer."""


class Role(Object):
    """A named set of permissions, to be granted on scopes of one type."""


class RolePermission(models.Model):
    """One permission of a role."""


class OfferingRoleGroup(Object):
    """A group of an offering for those who hold a role on a resource, or on a project within it."""

    @property
    def name(self) -> str:
        """What a pool calls the holder of the GID."""
        return self.role.name


# The columns of a grant for what it can be held on, called like the scope types of roles.
SCOPE_COLUMNS = ("customer", "service_provider", "project", "offering", "resource", "resource_project")


class Grant(Object):
    """A role held by a user on one scope; nothing forbids a second one of the same kind
    (api-behaviour: role-grants-duplicate)."""

    @property
    def scope(self) -> Object:
        """The object on which the role is held."""
        return next(getattr(self, column) for column in SCOPE_COLUMNS if getattr(self, f"{column}_id") is not None)


for kind in (*Object.__subclasses__(), *Account.__subclasses__(), RolePermission):
    give_columns(kind)
