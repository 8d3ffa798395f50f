# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of rows that are no attribute of the object: the functions behind ``{call: …}`` in ``shapes/*.yaml``."""

from __future__ import annotations

import collections
import datetime
from typing import Any

from .fields import moment
from .models import Customer, Grant, Offering, Project, Role, ServiceProvider, User
from .permissions import has_permission
from .shapes import ABSENT, row


def role_permissions(role: Role, request: Any) -> list[str]:
    """The names of the permissions that the role gives."""
    return [given.permission for given in role.permissions.all()]


def holders(role: Role, request: Any) -> int:
    """How many hold the role."""
    return role.grants.filter(is_active=True).count()


def user_image(grant: Grant, request: Any) -> str | None:
    """The picture of the holder."""
    return grant.user.extra.get("image")


def customer_image(provider: ServiceProvider, request: Any) -> str | None:
    """The picture of the provider's customer."""
    return provider.customer.extra.get("image")


def offering_count(provider: ServiceProvider, request: Any) -> int:
    """The offerings that are Active or Paused."""
    counted = getattr(provider, "counted_offerings", None)
    return (
        counted if counted is not None else provider.customer.offerings.filter(state__in=("Active", "Paused")).count()
    )


def secret_options(offering: Offering, request: Any) -> Any:
    """For those who may change the offering's integration; asked once per customer and request."""
    known = request.__dict__.setdefault("secrets_of_customer", {})
    if offering.customer_id not in known:
        known[offering.customer_id] = has_permission(request.user, "OFFERING.UPDATE_INTEGRATION", offering.customer)
    return offering.secret_options if known[offering.customer_id] else ABSENT


def display_name(customer: Customer, request: Any) -> str:
    """How the customer is called in short."""
    return customer.abbreviation or customer.name


def count_of_projects(customer: Customer, request: Any) -> int:
    """The projects that are not removed."""
    return customer.live_projects.count()


def count_of_users(customer: Customer, request: Any) -> int:
    """Those with a role on the customer or in one of its projects."""
    own = User.objects.filter(grants__is_active=True, grants__customer=customer)
    within = User.objects.filter(grants__is_active=True, grants__project__customer=customer)
    return (own | within).distinct().count()


def is_service_provider(customer: Customer, request: Any) -> bool:
    """Whether the customer has a provider."""
    return getattr(customer, "service_provider", None) is not None


def token_expires_at(user: User, request: Any) -> str | None:
    """When the token ends unless it is used again."""
    if user.token_lifetime is None or user.token_used is None:
        return None
    return moment(user.token_used + datetime.timedelta(seconds=user.token_lifetime))


def permissions_of(user: User, request: Any) -> list[dict[str, Any]]:
    """The grants that the user holds."""
    grants = getattr(user, "active_grants", None)
    if grants is None:
        grants = user.grants.filter(is_active=True)
    return [row("permission", grant, request) for grant in grants]


def count_of_resources(project: Project, request: Any) -> int:
    """The resources that are not terminated."""
    return project.resources.exclude(state="Terminated").count()


def resources_by_category(project: Project, request: Any) -> dict[str, int]:
    """The number of live resources by the UUID of their offering's category."""
    found = project.resources.exclude(state="Terminated").values_list("offering__category__uuid", flat=True)
    return dict(collections.Counter(category.hex for category in found if category))


def short_role(grant: Grant, request: Any) -> str:
    """``member`` for PROJECT.MEMBER."""
    return grant.role.name.rsplit(".", 1)[-1].lower()
