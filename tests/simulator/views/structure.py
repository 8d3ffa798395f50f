# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers, users, projects, roles and who holds them, the version and uploaded images (api-behaviour: lookups)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpResponse
from rest_framework import exceptions, mixins, permissions
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import configuration, editions
from ..forms import CustomerForm, RevocationForm
from ..models import Customer, Grant, Media, Project, Role, User, with_live_resources
from ..permissions import (
    ReadAnonymously,
    column_of,
    demand,
    near_customers,
    sees_all,
    visible_customers,
    visible_projects,
    visible_users,
)
from ..shapes import Shape, read
from .base import LookUpViewSet, ObjectViewSet
from .scopes import GrantActions, end, permission_to

SCOPES = ("customer", "service_provider__customer", "project__customer", "offering__customer")
GRANTS = Grant.objects.select_related("user", "role", "created_by", *SCOPES).order_by("id")
# What a row of user-permissions shows, as in SHOWN_COLUMNS of list_users; other columns would be read one by one.
SHOWN_COLUMNS = (
    *("uuid", "created", "expiration_time", "is_active", "extra", "revoked_by", "resource", "resource_project"),
    *(f"user__{name}" for name in ("uuid", "username", "email", "full_name", "slug")),
    *("role__uuid", "role__name", "role__description", "created_by__full_name", "created_by__username"),
    *(f"{scope}__uuid" for scope in ("customer", "service_provider", "project", "offering")),
    *(f"{scope}__name" for scope in ("customer", "project", "offering")),
    *(
        f"{scope}__customer__{name}"
        for scope in ("service_provider", "project", "offering")
        for name in ("uuid", "name")
    ),
)


class CustomerShape(Shape):
    """A customer's row, of which one who but manages its provider sees what it is called
    (api-behaviour: customer-row-for-managers)."""

    rows = "customer"

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        found = super().to_representation(instance)
        if editions.current().provider_roles_count and not self.near(instance):
            shown = {**found, "is_service_provider_manager_only": True}
            return {key: shown[key] for key in found if key in read("shapes")["customer_from_afar"]}
        return found

    def near(self, customer: Customer) -> bool:
        """Whether the caller has more to do with *customer* than to manage its provider."""
        caller = self.context["request"].user
        if sees_all(caller):
            return True
        if not hasattr(caller, "near_customers"):
            found = Customer.objects.filter(near_customers(caller))
            caller.near_customers = set(found.values_list("pk", flat=True))
        return customer.pk in caller.near_customers


class CustomerViewSet(GrantActions, mixins.UpdateModelMixin, LookUpViewSet):
    """``/api/customers/``."""

    queryset = Customer.objects.all()
    serializer_class = CustomerShape
    bodies = dict.fromkeys(("update", "partial_update", "metadata"), CustomerForm)
    filters = "customers"

    def get_queryset(self) -> QuerySet:
        caller = self.request.user
        if self.action in ("list", "retrieve"):
            visible = visible_customers(caller)
        else:
            # Who but manages the customer's provider may do nothing with it (api-behaviour: customer-row-for-managers).
            visible = Customer.objects.filter(Q() if sees_all(caller) else near_customers(caller))
        customers = visible.select_related("service_provider").order_by("name")
        if not self.shows("customer", "projects", "projects_count"):
            return customers
        projects = with_live_resources(Project.objects.filter(is_removed=False).order_by("name"))
        return customers.prefetch_related(Prefetch("projects", projects, to_attr="live_projects"))

    def perform_update(self, serializer: CustomerForm) -> None:
        demand(self.request.user, "CUSTOMER.UPDATE", serializer.instance)
        serializer.save()


class UserViewSet(LookUpViewSet):
    """``/api/users/`` and ``/api/users/me/``."""

    queryset = User.objects.all()
    rows = "user"
    filters = "users"

    def get_queryset(self) -> QuerySet:
        users = visible_users(self.request.user).order_by("username")
        if not self.shows("user", "permissions"):
            return users
        return users.prefetch_related(Prefetch("grants", GRANTS.filter(is_active=True), to_attr="active_grants"))

    @action(detail=False, methods=["get"])
    def me(self, request: Request) -> Response:
        """The caller."""
        caller = self.get_queryset().get(pk=request.user.pk)
        return Response(self.get_serializer(caller).data)


class ProjectViewSet(GrantActions, LookUpViewSet):
    """``/api/projects/``."""

    queryset = Project.objects.all()
    rows = "project"
    filters = "projects"

    def get_queryset(self) -> QuerySet:
        projects = with_live_resources(visible_projects(self.request.user).select_related("customer").order_by("name"))
        return projects if self.asks("is_removed", "include_terminated") else projects.filter(is_removed=False)


class VersionView(APIView):
    """``/api/version/``, for staff and support (api-behaviour: version-and-language)."""

    def get(self, request: Request) -> Response:
        if not sees_all(request.user):
            raise exceptions.PermissionDenied()
        edition = editions.current()
        return Response({"version": edition.version, "latest_version": edition.version})


class ConfigurationView(APIView):
    """``/api/configuration/``: the switches that anybody may read (api-behaviour: configuration)."""

    permission_classes = (permissions.AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"WALDUR_CORE": configuration.public()})


class MediaView(APIView):
    """``/api/media/<uuid>/``: the bytes as they were sent, without a token (api-behaviour: images)."""

    permission_classes = (permissions.AllowAny,)

    def get(self, request: Request, uuid: str) -> HttpResponse:
        media = ObjectViewSet.find(Media.objects.all(), uuid)
        return HttpResponse(bytes(media.content), content_type=media.content_type)


class RoleViewSet(LookUpViewSet):
    """``/api/roles/``: anyone may read them."""

    queryset = (
        Role.objects.prefetch_related("permissions")
        .annotate(assigned=Count("grants", filter=Q(grants__is_active=True)))
        .order_by("name")
    )
    rows = "role"
    filters = "roles"
    permission_classes = (ReadAnonymously,)

    def _switch(self, active: bool) -> Response:
        role = self.get_object()
        role.is_active = active
        role.save()
        return Response({"detail": f"The role {role.name} has been {'enabled' if active else 'disabled'}"})

    @action(detail=True, methods=["post"])
    def enable(self, request: Request, uuid: str) -> Response:
        """Let the role be granted again."""
        return self._switch(True)

    @action(detail=True, methods=["post"])
    def disable(self, request: Request, uuid: str) -> Response:
        """Let the role be granted no longer; who holds it keeps it."""
        return self._switch(False)


class UserPermissionViewSet(mixins.ListModelMixin, ObjectViewSet):
    """``/api/user-permissions/``: every active grant for staff and support, one's own for others."""

    queryset = GRANTS
    rows = "permission"
    filters = "user_permissions"

    def get_queryset(self) -> QuerySet:
        grants, caller = super().get_queryset(), self.request.user
        wants_others = self.truth("show_inactive") or self.truth("is_active") is not None
        if self.action == "list" and not (sees_all(caller) and wants_others):
            grants = grants.filter(is_active=True)
        if self.action == "list":
            grants = grants.only(*SHOWN_COLUMNS)
        return grants if sees_all(caller) else grants.filter(user=caller)

    @action(detail=True, methods=["post"], serializer_class=RevocationForm)
    def revoke(self, request: Request, uuid: str) -> Response:
        """End one grant, also one of two (api-behaviour: role-grants-revoke-one)."""
        body, grant = self.read_body(), self.find_grant("DELETE")
        if not grant.is_active:
            raise exceptions.ValidationError("The role is revoked already.")
        end(grant, request.user)
        grant.extra["revoke_reason"] = body.get("reason", "")
        grant.save()
        return Response()

    @action(detail=True, methods=["post"], serializer_class=RevocationForm)
    def restore(self, request: Request, uuid: str) -> Response:
        """Take a revocation back, unless an equal grant is there (api-behaviour: role-grants-revoke-one)."""
        grant = self.find_grant("CREATE")
        equal = Grant.objects.filter(is_active=True, user=grant.user, role=grant.role)
        if grant.is_active or equal.filter(**{column_of(grant.scope): grant.scope}).exists():
            raise exceptions.ValidationError("The user holds the role.")
        grant.is_active, grant.expiration_time, grant.revoked_by = True, None, None
        grant.save()
        return Response()

    def find_grant(self, verb: str) -> Grant:
        """The grant of the path, which the caller must be allowed to change."""
        grant = self.get_object()
        scope = grant.scope
        demand(self.request.user, permission_to(verb, scope), scope, getattr(scope, "customer", scope))
        return grant
