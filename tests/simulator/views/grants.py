# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and grants (contract 3.j)."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Grant, Role
from ..permissions import ReadAnonymously, sees_all
from .base import LookUpViewSet, ObjectViewSet

SCOPES = ("customer", "service_provider__customer", "project__customer", "offering__customer")


class RoleViewSet(LookUpViewSet):
    """``/api/roles/``: anyone may read them."""

    queryset = Role.objects.prefetch_related("permissions").order_by("name")
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

    queryset = Grant.objects.filter(is_active=True).select_related("user", "role", "created_by", *SCOPES).order_by("id")
    rows = "permission"
    filters = "user_permissions"

    def get_queryset(self) -> QuerySet:
        caller = self.request.user
        return super().get_queryset() if sees_all(caller) else super().get_queryset().filter(user=caller)
