# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and grants (contract 2.7 to 2.10, 2.19, 3.a to 3.d, 3.j)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ..forms import GrantChangeForm, NewGrantForm
from ..models import Grant, Project, Resource, Role, ServiceProvider
from ..permissions import ReadAnonymously, column_of, demand, sees_all
from ..shapes import shape, shown
from .base import LookUpViewSet, ObjectViewSet

SCOPES = ("customer", "service_provider__customer", "project__customer", "offering__customer")
# What a row of list_users shows: to name sixty columns more would take Django longer than SQLite takes to answer.
SHOWN_COLUMNS = (
    *("uuid", "created", "expiration_time", "role__uuid", "role__name", "created_by__uuid", "created_by__full_name"),
    *("user__uuid", "user__username", "user__email", "user__full_name", "user__extra"),
)


def listed_grants() -> QuerySet:
    """Active grants of active users; an expired one stays active until the sweep (contract 3.d)."""
    return Grant.objects.filter(is_active=True, user__is_active=True).order_by("id")


class GrantActions(ObjectViewSet):
    """The four role calls of a scope."""

    # The real server looks the permission up under the model's name and finds none, so only staff pass, and
    # holders of a role without permissions (contract 3.a).
    grant_permission: str | None = None

    @action(
        detail=True, methods=["get"], filters="grants_on_a_scope", serializer_class=shape("grant", obeys_field=False)
    )
    def list_users(self, request: Request, uuid: str) -> Response:
        """Who holds a role here."""
        # Only which scope it is: the filters here are those of the grants, not of the scope's own list.
        scope = self.find(self.queryset.model.objects.only("pk"), uuid)
        grants = listed_grants().filter(**{column_of(scope): scope}).select_related("user", "role", "created_by")
        grants = grants.only(*SHOWN_COLUMNS)
        page = self.paginate_queryset(self.filter_queryset(grants))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(detail=True, methods=["post"], serializer_class=NewGrantForm)
    def add_user(self, request: Request, uuid: str) -> Response:
        """Grant a role; a grant that ends earlier is not prolonged but doubled."""
        scope, body = self._read_change(uuid)
        grant = Grant.objects.create(created_by=request.user, **{column_of(scope): scope}, **body)
        return self._show_expiry(grant, status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"], serializer_class=GrantChangeForm)
    def update_user(self, request: Request, uuid: str) -> Response:
        """Set or clear the expiry; 500 unless there is exactly one grant (contract 2.9)."""
        scope, body = self._read_change(uuid)
        grant = self._the_one(scope, body)
        grant.expiration_time = body.get("expiration_time")
        grant.save()
        return self._show_expiry(grant, status.HTTP_200_OK)

    @action(detail=True, methods=["post"], serializer_class=GrantChangeForm)
    def delete_user(self, request: Request, uuid: str) -> Response:
        """Revoke a role; 200 also without a grant, 500 with two (contract 2.10)."""
        scope, body = self._read_change(uuid)
        try:
            grant = self._the_one(scope, body)
        except Grant.DoesNotExist:
            return Response()
        grant.is_active = False
        grant.save()
        return Response()

    def _read_change(self, uuid: str) -> tuple[Any, dict[str, Any]]:
        scope = self.get_object()
        context = {**self.get_serializer_context(), "scope": scope, "permission": self.grant_permission}
        body = self.get_serializer_class()(data=self.request.data, context=context)
        body.is_valid(raise_exception=True)
        return scope, body.validated_data

    @staticmethod
    def _the_one(scope: Any, body: dict[str, Any]) -> Grant:
        # .get() on purpose: no row and two rows raise what nobody catches, and the caller sees a 500.
        return Grant.objects.get(is_active=True, user=body["user"], role=body["role"], **{column_of(scope): scope})

    @staticmethod
    def _show_expiry(grant: Grant, code: int) -> Response:
        return Response({"expiration_time": shown(grant.expiration_time, None)}, status=code)


class ProjectPermissionViewSet(mixins.ListModelMixin, ObjectViewSet):
    """A provider's ``project_permissions``: projects with a live resource of a shared offering (contract 2.19)."""

    queryset = listed_grants()
    rows = "project_permission"
    filters = "grants"

    def get_queryset(self) -> QuerySet:
        wanted = self.kwargs["service_provider_uuid"]
        provider = ObjectViewSet.find(ServiceProvider.objects.select_related("customer"), wanted)
        demand(self.request.user, "SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS", provider.customer)
        related = ("user", "role", "created_by", "project__customer")
        return super().get_queryset().filter(project__in=served_projects(provider)).select_related(*related)


def served_projects(provider: ServiceProvider) -> QuerySet:
    """Projects with a live resource of a shared offering of the provider's customer."""
    live = Resource.objects.exclude(state="Terminated")
    live = live.filter(offering__customer=provider.customer, offering__shared=True)
    return Project.objects.filter(is_removed=False, id__in=live.values("project_id"))


class RoleViewSet(LookUpViewSet):
    """``/api/roles/``: anyone may read them."""

    queryset = Role.objects.prefetch_related("permissions").order_by("name")
    rows = "role"
    filters = "roles"
    permission_classes = (ReadAnonymously,)


class UserPermissionViewSet(mixins.ListModelMixin, ObjectViewSet):
    """``/api/user-permissions/``: every active grant for staff and support, one's own for others."""

    queryset = Grant.objects.filter(is_active=True).select_related("user", "role", "created_by", *SCOPES).order_by("id")
    rows = "permission"
    filters = "grants"

    def get_queryset(self) -> QuerySet:
        caller = self.request.user
        return super().get_queryset() if sees_all(caller) else super().get_queryset().filter(user=caller)
