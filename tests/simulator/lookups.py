# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters do that one column can't say: the functions behind ``call`` in ``filters/*.yaml``."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from .fields import parse_uuid
from .models import SCOPE_COLUMNS, Grant


def scope_type(grants: QuerySet, value: str, request: Any) -> QuerySet:
    """The kind of object on which a role is held, by the name of its model."""
    columns = {column.replace("_", ""): column for column in SCOPE_COLUMNS.values()}
    return grants.filter(**{f"{columns[value]}__isnull": False}) if value in columns else grants.none()


def scope(grants: QuerySet, value: Any, request: Any) -> QuerySet:
    """The object on which a role is held."""
    wanted = Q()
    for column in SCOPE_COLUMNS.values():
        wanted |= Q(**{f"{column}__uuid": value})
    return grants.filter(wanted)


def role(grants: QuerySet, value: str, request: Any) -> QuerySet:
    """A role by UUID or by name."""
    wanted = parse_uuid(value)
    return grants.filter(role__uuid=wanted) if wanted else grants.filter(role__name=value)


def is_service_provider(customers: QuerySet, value: bool, request: Any) -> QuerySet:
    """Customers with, or without, a provider."""
    return customers.filter(service_provider__isnull=not value)


def owned_by_caller(customers: QuerySet, value: bool, request: Any) -> QuerySet:
    """Customers that the caller owns."""
    owned = Grant.objects.filter(user=request.user.pk, is_active=True, role__name="CUSTOMER.OWNER")
    return customers.filter(id__in=owned.values("customer_id")) if value else customers


def of_customer(users: QuerySet, value: Any, request: Any) -> QuerySet:
    """Users with a role on a customer or in one of its projects."""
    held = Grant.objects.filter(Q(customer__uuid=value) | Q(project__customer__uuid=value), is_active=True)
    return users.filter(id__in=held.values("user_id"))


def of_project(users: QuerySet, value: Any, request: Any) -> QuerySet:
    """Users with a role in a project."""
    return users.filter(id__in=Grant.objects.filter(project__uuid=value, is_active=True).values("user_id"))


def used_by_customer(offerings: QuerySet, value: Any, request: Any) -> QuerySet:
    """Offerings with a resource of a customer."""
    return offerings.filter(resources__project__customer__uuid=value).distinct()


def used_in_project(offerings: QuerySet, value: Any, request: Any) -> QuerySet:
    """Offerings with a resource in a project."""
    return offerings.filter(resources__project__uuid=value).distinct()
