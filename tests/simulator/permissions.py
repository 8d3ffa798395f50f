# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do and see what."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission

from . import editions
from .exposure import without_hidden
from .models import (
    ACCOUNT_OPTION,
    Customer,
    Grant,
    Object,
    Offering,
    OfferingUser,
    PosixPool,
    Project,
    ProjectGroup,
    ProviderAccount,
    Resource,
    User,
)


@dataclasses.dataclass(frozen=True)
class Access:
    """What a personal access token lets its owner do (api-behaviour: personal-access-tokens).

    ``scopes`` are names of permissions, or None for all; STAFF.ACCESS is one beside them and stands for none of them.
    ``bound_to`` are UUIDs of objects in hex digits, and none for
    any object; ``of_staff`` tells whether the owner is staff.
    """

    scopes: frozenset[str] | None
    bound_to: frozenset[str]
    of_staff: bool

    def allows(self, permission: str | None, scope: Object) -> bool:
        """Return whether the token covers *permission* on *scope* or an ancestor of it."""
        # The look-up of a provider's permission finds none, and what it did not find is dereferenced.
        name = permission.upper()  # type: ignore[union-attr]
        if self.scopes is not None and name not in self.scopes:
            return False
        chain: tuple[Any, ...] = (scope, getattr(scope, "customer", scope))
        return not self.bound_to or any(item.uuid.hex in self.bound_to for item in chain)


def column_of(scope: Object) -> str:
    """The column of :class:`Grant` that points to *scope*."""
    return {"serviceprovider": "service_provider"}.get(scope._meta.model_name, scope._meta.model_name)


def has_permission(user: Any, permission: str | None, scope: Object) -> bool:
    """Return whether *user* is staff or holds, on *scope* itself, a role with *permission*.

    Expired grants count until the daily sweep revokes them (api-behaviour: role-grants-expired). A *permission* of None
    matches only holders of a role without any permission, the effect of a failed look-up described in
    api-behaviour: role-grants-permission; with a personal access token it is an error that nothing catches
    (api-behaviour: personal-access-tokens-role-calls).
    """
    edition = editions.current()
    if not user.is_authenticated:
        return False
    access: Access | None = getattr(user, "access", None)
    if access is not None and not access.allows(permission, scope):
        return False
    if user.is_staff or (access is not None and access.of_staff) or permission in edition.open_permissions:
        return True
    if permission in edition.owner_permissions and isinstance(scope, Customer):
        return is_owner(user, scope)
    where = {column_of(scope): scope}
    return held_by(user).filter(**where, role__permissions__permission=permission).exists()


def demand(user: Any, permission: str | None, *scopes: Object) -> None:
    """Raise 403 unless *user* has *permission* on one of *scopes*."""
    if not any(has_permission(user, permission, scope) for scope in scopes):
        raise exceptions.PermissionDenied()


def is_owner(user: Any, customer: Customer) -> bool:
    """Whether *user* is staff or holds CUSTOMER.OWNER on *customer*."""
    return user.is_staff or held_by(user).filter(customer=customer, role__name="CUSTOMER.OWNER").exists()


def sees_team(user: Any, scope: Object) -> bool:
    """Return whether *user* may see who holds roles on *scope* (api-behaviour: role-grants-team-visibility).

    A role on a provider or an offering is enough there. On its customer a role must carry CUSTOMER.VIEW_TEAM, and on
    one of the customer's projects PROJECT.VIEW_TEAM.
    """
    customer, column = getattr(scope, "customer", scope), column_of(scope)
    projects = {"project": scope} if column == "project" else {"project__customer": customer}
    near = Q(customer=customer, role__permissions__permission="CUSTOMER.VIEW_TEAM")
    near |= Q(**projects, role__permissions__permission="PROJECT.VIEW_TEAM")
    if column not in ("customer", "project"):
        near |= Q(**{column: scope})
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
    """Own customers and those of own projects and providers; all for staff and support
    (api-behaviour: lookups-customers, customer-row-for-managers)."""
    return seen(user, Customer, near_customers(user) | Q(id__in=managed_customers(user)))


def managed_customers(user: User) -> QuerySet:
    """Ids of the customers on whose provider *user* holds a role, where that counts
    (api-behaviour: provider-accounts-rights, offering-users-visibility, rights-by-operation)."""
    held = held_by(user) if editions.current().provider_roles_count else Grant.objects.none()
    return held.filter(service_provider__isnull=False).values("service_provider__customer_id")


def own_organizations(user: User) -> set[int]:
    """Ids of the customers whose accounts *user* sees: by a role on the customer, in its projects or on its provider.

    So a project administrator of the provider's own organization sees its accounts
    (api-behaviour: offering-users-visibility).
    """
    around = Project.objects.filter(id__in=connected_projects(user)).values_list("customer_id", flat=True)
    own = connected_customers(user).values_list("customer_id", flat=True)
    managed = managed_customers(user).values_list("service_provider__customer_id", flat=True)
    return {*own, *around, *managed}


def near_customers(user: User) -> Q:
    """The customers on which, or in a project of which, *user* holds a role."""
    projects = Project.objects.filter(id__in=connected_projects(user))
    return Q(id__in=connected_customers(user)) | Q(id__in=projects.values("customer_id"))


def visible_projects(user: User) -> QuerySet:
    """Own projects and those of own customers."""
    return seen(user, Project, Q(id__in=connected_projects(user)) | Q(customer__in=connected_customers(user)))


def visible_users(user: User) -> QuerySet:
    """Oneself and the active users around one's customers, projects, and customers' resources.

    An owner of a provider sees the users of the projects that have resources of its shared offerings: the nine of
    nineteen that the recorded owner saw. Users connected through private offerings alone stay out of sight.
    """
    if sees_all(user):
        return User.objects.all()
    customers = connected_customers(user)
    projects = Project.objects.filter(Q(id__in=connected_projects(user)) | Q(customer__in=customers)).values("id")
    shared = Resource.objects.exclude(state="Terminated").filter(offering__shared=True)
    served = shared.filter(offering__customer__in=customers).values("project_id")
    related = Grant.objects.filter(is_active=True).filter(
        Q(customer__in=customers) | Q(project__in=projects) | Q(project__in=served)
    )
    return User.objects.filter(Q(id=user.pk) | Q(id__in=related.values("user_id"), is_active=True))


def visible_offerings(user: User) -> QuerySet:
    """The offerings of own customers and providers, and those with an own role."""
    near = Q(customer__in=connected_customers(user)) | Q(customer__in=managed_customers(user))
    return seen(user, Offering, near | Q(id__in=own_offerings(user)))


def own_offerings(user: User) -> QuerySet:
    """Ids of the offerings on which *user* holds a role."""
    return held_by(user).filter(offering__isnull=False).values("offering_id")


def visible_resources(user: User) -> QuerySet:
    """The resources of the offerings that *user* sees as a provider."""
    return seen(user, Resource, Q(offering__in=visible_offerings(user)))


def visible_accounts(user: User) -> QuerySet:
    """The accounts that *user* sees, but only where the offering lets its provider create them
    (api-behaviour: offering-users-visibility).

    These are the own ones and those of own organizations; since 2026 also those of offerings and of providers on which
    the user holds a role, and of the users that an identity manager manages (api-behaviour: offering-users-visibility).
    """
    edition = editions.current()
    option = Q(**{f"offering__{edition.account_option_column}__{ACCOUNT_OPTION}": True})
    if sees_all(user):
        return OfferingUser.objects.all()
    near = Q(user=user) | Q(offering__customer__in=own_organizations(user))
    if edition.provider_roles_count:
        near |= Q(offering__in=own_offerings(user)) | Q(user__in=identities_managed_by(user))
    return without_hidden(OfferingUser.objects.filter(option & near), user)


def identities_managed_by(user: User) -> list[int]:
    """Return the keys of the users with an identity source in common with those that *user* manages
    (api-behaviour: identity-managers)."""
    sources = set(user.extra.get("managed_isds") or []) if user.extra.get("is_identity_manager") else set()
    if not sources:
        return []
    users = User.objects.values_list("pk", "extra")
    return [key for key, extra in users if sources & set(extra.get("active_isds") or [])]


def visible_provider_accounts(user: User) -> QuerySet:
    """The accounts of the providers of own organizations, and of the providers with an own role
    (api-behaviour: provider-accounts-rights)."""
    return seen(user, ProviderAccount, Q(service_provider__customer__in=own_organizations(user)))


def visible_pools(user: User) -> QuerySet:
    """The pools of own customers; a role on the provider alone shows none (api-behaviour: posix-pools-rights)."""
    own = connected_customers(user)
    return seen(user, PosixPool, Q(service_provider__customer__in=own) | Q(offering__customer__in=own))


def visible_project_groups(user: User) -> QuerySet:
    """Return the groups at the providers that *user* owns, manages, or has an offering of to manage
    (api-behaviour: project-groups-rights)."""
    held = held_by(user)
    owned = held.filter(role__name="CUSTOMER.OWNER", customer__isnull=False).values("customer_id")
    managed = held.filter(role__name="CUSTOMER.MANAGER", service_provider__isnull=False).values("service_provider_id")
    offerings = held.filter(role__name="OFFERING.MANAGER", offering__isnull=False).exclude(offering__state="Archived")
    near = Q(service_provider__customer__in=owned) | Q(service_provider__in=managed)
    near |= Q(service_provider__customer__in=offerings.values("offering__customer_id"))
    return seen(user, ProjectGroup, near)


class ReadAnonymously(BasePermission):
    """Anyone reads, only staff writes: the roles."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return request.method in SAFE_METHODS or bool(request.user.is_authenticated and request.user.is_staff)
