# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and grants (contract 3.j)."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ..forms import RevocationForm
from ..models import Grant, Role
from ..permissions import ReadAnonymously, demand, sees_all
from .base import LookUpViewSet, ObjectViewSet
from .scopes import end, permission_to

SCOPES = ("customer", "service_provider__customer", "project__customer", "offering__customer")


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

    queryset = Grant.objects.select_related("user", "role", "created_by", *SCOPES).order_by("id")
    rows = "permission"
    filters = "user_permissions"

    def get_queryset(self) -> QuerySet:
        grants = super().get_queryset()
        if not self.asks("is_active", "show_inactive"):
            grants = grants.filter(is_active=True)
        return grants if sees_all(self.request.user) else grants.filter(user=self.request.user)

    @action(detail=True, methods=["post"], serializer_class=RevocationForm)
    def revoke(self, request: Request, uuid: str) -> Response:
        """End one grant, also one of two (contract 3.a)."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        grant = self.get_object()
        demand(
            request.user,
            permission_to("DELETE", grant.scope),
            grant.scope,
            getattr(grant.scope, "customer", grant.scope),
        )
        end(grant)
        grant.extra["revoke_reason"] = body.validated_data.get("reason", "")
        grant.save()
        return Response()
