# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the marketplace.

Each model has columns for what is filtered, compared or changed; everything else that the API shows of an
object is kept as it was recorded in ``extra`` and passed on by the serializers.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import DataError, models

from . import chance, clock

# Labels in the order of their codes, which start at 1 (contract 3.h).
ACCOUNT_STATES = (
    "Requested",
    "Creating",
    "Pending account linking",
    "Pending additional validation",
    "OK",
    "Requested deletion",
    "Deleting",
    "Deleted",
    "Error creating",
    "Error deleting",
)
# Saving a new name in one of these makes the account OK (contract 3.e).
ACCOUNT_STATES_COMPLETED_BY_A_NAME = (*ACCOUNT_STATES[:4], "Error creating")
OFFERING_STATES = ("Draft", "Active", "Paused", "Archived", "Unavailable")
RESOURCE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating", "Terminated")
ACCOUNT_OPTION = "service_provider_can_create_offering_user"


def folded(text: str) -> str:
    """*text* in lower case and without accents, as name searches compare it."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


class Object(models.Model):
    """What every object has: a UUID and the moments of its making and its last change."""

    uuid = models.UUIDField(unique=True, default=chance.new_uuid, editable=False)
    created = models.DateTimeField(default=clock.now)
    modified = models.DateTimeField(default=clock.now)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            self.modified = clock.now()
        super().save(*args, **kwargs)


class User(Object):
    """A person or a robot with a token."""

    is_authenticated = True
    is_anonymous = False

    username = models.CharField(max_length=128, unique=True)
    slug = models.CharField(max_length=150, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    full_name = models.CharField(max_length=200, blank=True)
    folded_name = models.CharField(max_length=200, blank=True)
    native_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True, db_index=True)
    phone_number = models.CharField(max_length=255, blank=True)
    organization = models.CharField(max_length=255, blank=True)
    job_title = models.CharField(max_length=120, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    civil_number = models.CharField(max_length=50, null=True)
    registration_method = models.CharField(max_length=50, default="default")
    date_joined = models.DateTimeField(default=clock.now)
    agreement_date = models.DateTimeField(null=True)
    is_staff = models.BooleanField(default=False)
    is_support = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    token = models.CharField(max_length=40, unique=True)
    token_lifetime = models.PositiveIntegerField(null=True)
    token_used = models.DateTimeField(null=True)

    def complete(self) -> User:
        """Fill in what follows from the names; returns itself."""
        self.full_name = f"{self.first_name} {self.last_name}".strip()
        self.folded_name = folded(self.full_name)
        self.token = self.token or chance.token_of(self.username)
        self.slug = self.slug or self.username
        return self

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.complete()
        super().save(*args, **kwargs)


class Customer(Object):
    """An organization: it provides, consumes, or both."""

    name = models.CharField(max_length=150)
    native_name = models.CharField(max_length=160, blank=True)
    abbreviation = models.CharField(max_length=12, blank=True)
    slug = models.CharField(max_length=150, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    email = models.CharField(max_length=75, blank=True)
    phone_number = models.CharField(max_length=255, blank=True)
    contact_details = models.TextField(blank=True)
    agreement_number = models.CharField(max_length=160, blank=True)
    registration_code = models.CharField(max_length=160, blank=True)
    backend_id = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=2, blank=True)
    blocked = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    accounting_start_date = models.DateTimeField(default=clock.now)

    @property
    def live_projects(self) -> Any:
        """The projects that are not removed, by name."""
        return self.projects.filter(is_removed=False).order_by("name")


class Media(Object):
    """An uploaded image, kept byte by byte; every upload is a new one (contract 1.15)."""

    content = models.BinaryField()
    content_type = models.CharField(max_length=100)


class ServiceProvider(Object):
    """The provider profile of a customer, at most one each."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="service_provider")
    description = models.CharField(max_length=2000, blank=True)
    enable_notifications = models.BooleanField(default=True)
    image = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True)
    api_secret_code = models.CharField(max_length=255, null=True, default=chance.secret_code)

    class Meta:
        verbose_name = "Service provider"

    @property
    def name(self) -> str:
        """What a grant on the provider shows as the name of its scope."""
        return self.customer.name

    def has_active_offerings(self) -> bool:
        """Whether any offering of the customer is in another state than Archived (contract 2.6)."""
        return self.customer.offerings.exclude(state="Archived").exists()


class Project(Object):
    """A customer's project, in which resources are used."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="projects")
    name = models.CharField(max_length=500)
    slug = models.CharField(max_length=150, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    backend_id = models.CharField(max_length=255, blank=True)
    start_date = models.DateField(null=True)
    end_date = models.DateField(null=True)
    is_removed = models.BooleanField(default=False)


class Category(Object):
    """A shelf of the marketplace."""

    title = models.CharField(max_length=255)


class Offering(Object):
    """What a customer offers."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="offerings")
    category = models.ForeignKey(Category, models.SET_NULL, null=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True)
    name = models.CharField(max_length=150)
    slug = models.CharField(max_length=150, blank=True)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=100, default="Marketplace.Basic")
    state = models.CharField(max_length=20, default="Active")
    shared = models.BooleanField(default=True)
    billable = models.BooleanField(default=True)
    plugin_options = models.JSONField(default=dict)
    secret_options = models.JSONField(default=dict)


class Resource(Object):
    """What a project has of an offering."""

    offering = models.ForeignKey(Offering, models.CASCADE, related_name="resources")
    project = models.ForeignKey(Project, models.CASCADE, related_name="resources")
    name = models.CharField(max_length=150)
    slug = models.CharField(max_length=150, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    backend_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=20, default="OK")


class OfferingUser(Object):
    """A user's account in an offering."""

    offering = models.ForeignKey(Offering, models.CASCADE, related_name="accounts")
    user = models.ForeignKey(User, models.CASCADE, related_name="accounts")
    username = models.CharField(max_length=100, null=True, blank=True)
    state = models.CharField(max_length=40, default="Requested")
    is_restricted = models.BooleanField(default=False)
    service_provider_comment = models.TextField(blank=True)
    service_provider_comment_url = models.CharField(max_length=200, blank=True)

    class Meta:
        unique_together = ("offering", "user")

    def save(self, *args: Any, **kwargs: Any) -> None:
        # SQLite keeps a text of any length; PostgreSQL refuses, and the caller sees a 500 (contract 2.11).
        if self.username and len(self.username) > 100:
            raise DataError("value too long for type character varying(100)")
        super().save(*args, **kwargs)

    def rename(self, username: str | None) -> None:
        """Store *username*; a name completes an account that waits for one (contract 3.e)."""
        changed = username != self.username
        self.username = username
        if username and changed and self.state in ACCOUNT_STATES_COMPLETED_BY_A_NAME:
            self.state = "OK"
        self.save()


class Role(Object):
    """A named set of permissions, to be granted on scopes of one type."""

    name = models.CharField(max_length=150, unique=True)
    description = models.CharField(max_length=2000, blank=True)
    content_type = models.CharField(max_length=30)
    is_active = models.BooleanField(default=True)
    is_system_role = models.BooleanField(default=False)


class RolePermission(models.Model):
    """One permission of a role."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="permissions")
    permission = models.CharField(max_length=100, db_index=True)


# The scope types that can hold grants here, by the name that roles use for them, and the column of each.
SCOPE_COLUMNS = {
    "customer": "customer",
    "service_provider": "service_provider",
    "project": "project",
    "offering": "offering",
}


class Grant(Object):
    """A role held by a user on one scope; nothing forbids a second one of the same kind (contract 3.a)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, models.CASCADE, related_name="grants")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="grants")
    service_provider = models.ForeignKey(ServiceProvider, models.CASCADE, null=True, related_name="grants")
    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="grants")
    offering = models.ForeignKey(Offering, models.CASCADE, null=True, related_name="grants")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expiration_time = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)

    @property
    def scope(self) -> Object:
        """The object on which the role is held."""
        return next(
            getattr(self, column) for column in SCOPE_COLUMNS.values() if getattr(self, f"{column}_id") is not None
        )
