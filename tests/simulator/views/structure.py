# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers, users, projects, the version and uploaded images."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from rest_framework import exceptions, mixins, permissions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import editions
from ..forms import CustomerForm
from ..models import Customer, Grant, Media, Project, User
from ..permissions import demand, sees_all, visible_customers, visible_projects, visible_users
from .base import LookUpViewSet, ObjectViewSet
from .grants import SCOPES
from .scopes import GrantActions

HELD_GRANTS = Grant.objects.filter(is_active=True).select_related("user", "role", "created_by", *SCOPES).order_by("id")


class CustomerViewSet(GrantActions, mixins.UpdateModelMixin, LookUpViewSet):
    """``/api/customers/``."""

    queryset = Customer.objects.all()
    rows = "customer"
    filters = "customers"

    def get_queryset(self) -> QuerySet:
        return visible_customers(self.request.user).select_related("service_provider").order_by("name")

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return CustomerForm if self.action in ("update", "partial_update") else super().get_serializer_class()

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
        wanted = self.request.query_params.getlist("field")
        if wanted and "permissions" not in wanted:
            return users
        return users.prefetch_related(Prefetch("grants", HELD_GRANTS, to_attr="active_grants"))

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
        projects = visible_projects(self.request.user).select_related("customer").order_by("name")
        return projects if self.asks("is_removed", "include_terminated") else projects.filter(is_removed=False)


class VersionView(APIView):
    """``/api/version/``, for staff and support (contract 1.14)."""

    def get(self, request: Request) -> Response:
        if not sees_all(request.user):
            raise exceptions.PermissionDenied()
        edition = editions.current()
        return Response({"version": edition.version, "latest_version": edition.version})


class MediaView(APIView):
    """``/api/media/<uuid>/``: the bytes as they were sent, without a token (contract 1.15)."""

    permission_classes = (permissions.AllowAny,)

    def get(self, request: Request, uuid: str) -> HttpResponse:
        media = ObjectViewSet.find(Media.objects.all(), uuid)
        return HttpResponse(bytes(media.content), content_type=media.content_type)
