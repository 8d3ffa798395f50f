# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do and see what."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission

from . import editions
from .models import ACCOUNT_OPTION, Customer, Grant, Object, Offering, OfferingUser, Project, Resource, User


def column_of(scope: Object) -> str:
    """The column of :class:`Grant` that points to *scope*."""
    return {"serviceprovider": "service_provider"}.get(scope._meta.model_name, scope._meta.model_name)


def has_permission(user: Any, permission: str | None, scope: Object) -> bool:
    """Whether *user* is staff or holds, on *scope* itself, a role with *permission*.

    Expired grants count until the daily sweep revokes them (contract 3.d). A *permission* of None matches only
    holders of a role without any permission, the effect of a failed look-up described in contract 3.a.
    """
    edition = editions.current()
    if not user.is_authenticated:
        return False
    if user.is_staff or permission in edition.open_permissions:
        return True
    if permission in edition.owner_permissions and isinstance(scope, Customer):
        return is_owner(user, scope)
    where = Q(**{column_of(scope): scope})
    if edition.provider_roles_count and isinstance(scope, Customer):
        where |= Q(service_provider__customer=scope)
    return held_by(user).filter(where, role__permissions__permission=permission).exists()


def demand(user: Any, permission: str | None, *scopes: Object) -> None:
    """Raise 403 unless *user* has *permission* on one of *scopes*."""
    if not any(has_permission(user, permission, scope) for scope in scopes):
        raise exceptions.PermissionDenied()


def is_owner(user: Any, customer: Customer) -> bool:
    """Whether *user* is staff or holds CUSTOMER.OWNER on *customer*."""
    return user.is_staff or held_by(user).filter(customer=customer, role__name="CUSTOMER.OWNER").exists()


def sees_team(user: Any, scope: Object) -> bool:
    """Whether *user* may see who holds roles on *scope*: the team itself, and that of its customer (contract 2.7)."""
    customer = getattr(scope, "customer", scope)
    near = Q(**{column_of(scope): scope}) | Q(customer=customer) | Q(project__customer=customer)
    return sees_all(user) or held_by(user).filter(near).exists()


def sees_all(user: Any) -> bool:
    """Staff and support see every object of the look-ups."""
    return bool(user.is_staff or user.is_support)


def held_by(user: Any) -> QuerySet:
    """The active grants of *user*."""
    return Grant.objects.filter(user=user.pk, is_active=True)


def seen(user: Any, model: type[Object], where: Q) -> QuerySet:
    """The objects of *model* that *user* sees: those *where*, all for staff and support."""
    return model.objects.all() if sees_all(user) else model.objects.filter(where)


def connected_customers(user: User) -> QuerySet:
    """Ids of the customers on which *user* holds a role."""
    return held_by(user).filter(customer__isnull=False).values("customer_id")


def connected_projects(user: User) -> QuerySet:
    """Ids of the projects in which *user* holds a role."""
    return held_by(user).filter(project__isnull=False).values("project_id")


def visible_customers(user: User) -> QuerySet:
    """Own customers and those of own projects; all for staff and support (contract 3.j)."""
    where = near_customers(user)
    if editions.current().provider_roles_count:
        where |= Q(service_provider__grants__in=held_by(user))
    found = seen(user, Customer, where)
    return found if sees_all(user) else found.distinct()


def near_customers(user: User) -> Q:
    """The customers on which, or in a project of which, *user* holds a role."""
    projects = Project.objects.filter(id__in=connected_projects(user))
    return Q(id__in=connected_customers(user)) | Q(id__in=projects.values("customer_id"))


def visible_projects(user: User) -> QuerySet:
    """Own projects and those of own customers."""
    return seen(user, Project, Q(id__in=connected_projects(user)) | Q(customer__in=connected_customers(user)))


def visible_users(user: User) -> QuerySet:
    """Oneself and the active users around one's customers, projects, and customers' resources.

    An owner of a provider sees the users of the projects that have resources there: the nine of nineteen that the
    recorded owner saw.
    """
    if sees_all(user):
        return User.objects.all()
    customers = connected_customers(user)
    projects = Project.objects.filter(Q(id__in=connected_projects(user)) | Q(customer__in=customers)).values("id")
    served = Resource.objects.exclude(state="Terminated").filter(offering__customer__in=customers).values("project_id")
    related = Grant.objects.filter(is_active=True).filter(
        Q(customer__in=customers) | Q(project__in=projects) | Q(project__in=served)
    )
    return User.objects.filter(Q(id=user.pk) | Q(id__in=related.values("user_id"), is_active=True))


def visible_offerings(user: User) -> QuerySet:
    """The offerings of own customers, and those with an own role."""
    own = held_by(user).filter(offering__isnull=False).values("offering_id")
    return seen(user, Offering, Q(customer__in=connected_customers(user)) | Q(id__in=own))


def visible_resources(user: User) -> QuerySet:
    """The resources of the offerings that *user* sees as a provider."""
    return seen(user, Resource, Q(offering__in=visible_offerings(user)))


def visible_accounts(user: User) -> QuerySet:
    """Own ones and those of own customers, but only where the offering lets its provider create them (contract 3.e)."""
    option = Q(**{f"offering__{editions.current().account_option_column}__{ACCOUNT_OPTION}": True})
    return seen(user, OfferingUser, option & (Q(user=user) | Q(offering__customer__in=connected_customers(user))))


class ReadAnonymously(BasePermission):
    """Anyone reads, only staff writes: the roles."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return request.method in SAFE_METHODS or bool(request.user.is_authenticated and request.user.is_staff)
