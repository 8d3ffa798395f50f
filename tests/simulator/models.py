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
COURSE_ACCOUNT_STATES = ("OK", "Closed", "Erred", "Pending")
SERVICE_ACCOUNT_STATES = COURSE_ACCOUNT_STATES[:3]
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
        self.modified = clock.now() if self.pk else self.created
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
    allowed_domains = models.JSONField(default=list)
    account_options = models.JSONField(default=dict)

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


def with_live_resources(projects: models.QuerySet) -> models.QuerySet:
    """*projects* with what is not terminated in them as ``live_resources``: one query for all."""
    live = Resource.objects.exclude(state="Terminated").select_related("offering__category")
    return projects.prefetch_related(models.Prefetch("resources", live, to_attr="live_resources"))


class Category(Object):
    """A shelf of the marketplace."""

    title = models.CharField(max_length=255)


class Checklist(Object):
    """Questions that the users of an offering have to answer (contract 2.28 to 2.30)."""

    name = models.CharField(max_length=255)
    category_name = models.CharField(max_length=255, blank=True)


class Question(Object):
    """One question of a checklist."""

    checklist = models.ForeignKey(Checklist, models.CASCADE, related_name="questions")
    description = models.TextField()


class Offering(Object):
    """What a customer offers."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="offerings")
    category = models.ForeignKey(Category, models.SET_NULL, null=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True)
    compliance_checklist = models.ForeignKey(Checklist, models.SET_NULL, null=True, related_name="offerings")
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


class Order(Object):
    """What was asked of a provider: the making, the change, or the end of a resource."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="orders")
    offering = models.ForeignKey(Offering, models.CASCADE, related_name="orders")
    project = models.ForeignKey(Project, models.CASCADE, related_name="orders")
    type = models.CharField(max_length=20, default="Create")
    state = models.CharField(max_length=30, default="done")


class InvoiceItem(Object):
    """What a resource cost in one month; ``total`` is the price with the tax."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="invoice_items")
    project = models.ForeignKey(Project, models.CASCADE, related_name="invoice_items")
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
    price = models.FloatField()
    tax = models.FloatField(default=0)
    total = models.FloatField()


class SshKey(Object):
    """The public half of a user's key."""

    user = models.ForeignKey(User, models.CASCADE, related_name="keys")
    name = models.CharField(max_length=150)
    public_key = models.TextField()
    fingerprint_md5 = models.CharField(max_length=47)
    fingerprint_sha256 = models.CharField(max_length=50)
    fingerprint_sha512 = models.CharField(max_length=95)
    is_shared = models.BooleanField(default=False)
    type = models.CharField(max_length=30, default="ssh-ed25519")


class RobotAccount(Object):
    """An account of a machine on a resource."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="robot_accounts")
    type = models.CharField(max_length=30, default="cicd")
    username = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=30, default="OK")


class CourseAccount(Object):
    """An account for the length of a course, which is a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="course_accounts")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="course_accounts")
    email = models.CharField(max_length=254, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=10, default="OK")


class ServiceAccount(Object):
    """A project's account that is no person's; a null username hides it (contract 2.25)."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="service_accounts")
    username = models.CharField(max_length=255, null=True)
    email = models.CharField(max_length=254, blank=True)
    description = models.CharField(max_length=2000, blank=True)
    preferred_identifier = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, default="OK")


class OfferingUser(Object):
    """A user's account in an offering."""

    offering = models.ForeignKey(Offering, models.CASCADE, related_name="accounts")
    user = models.ForeignKey(User, models.CASCADE, related_name="accounts")
    username = models.CharField(max_length=100, null=True, blank=True)
    state = models.CharField(max_length=40, default="Requested")
    is_restricted = models.BooleanField(default=False)
    service_provider_comment = models.TextField(blank=True)
    service_provider_comment_url = models.CharField(max_length=200, blank=True)
    service_provider_account = models.ForeignKey("ProviderAccount", models.SET_NULL, null=True, related_name="backs")

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


class Completion(Object):
    """How far the holder of an account is with a checklist; there is none before the first answer."""

    checklist = models.ForeignKey(Checklist, models.CASCADE, related_name="completions")
    account = models.ForeignKey(OfferingUser, models.CASCADE, related_name="completions")
    is_completed = models.BooleanField(default=False)
    answered = models.PositiveSmallIntegerField(default=0)


class ProviderAccount(Object):
    """A user's one account at all offerings of a provider (contract 3.i)."""

    service_provider = models.ForeignKey(ServiceProvider, models.CASCADE, related_name="accounts")
    user = models.ForeignKey(User, models.CASCADE, related_name="provider_accounts")
    username = models.CharField(max_length=100)

    class Meta:
        unique_together = ("service_provider", "user")


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
