# SPDX-License-Identifier: GPL-3.0-or-later
"""The four role calls of whatever can hold roles (api-behaviour: role-grants)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import exceptions, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from .. import clock, editions
from ..accounts import follow_membership
from ..forms import GrantChangeForm, GrantUpdateForm, NewGrantForm
from ..models import Grant, Role, User
from ..permissions import column_of, sees_team
from ..shapes import shape, shown
from .base import ObjectViewSet

# What a row of list_users shows: to name sixty columns more would take Django longer than SQLite takes to answer.
SHOWN_COLUMNS = (
    *("uuid", "created", "expiration_time", "role__uuid", "role__name", "created_by__uuid", "created_by__full_name"),
    *("user__uuid", "user__username", "user__email", "user__full_name", "user__extra"),
)


def listed_grants() -> QuerySet:
    """Active grants of active users; an expired one stays active until the sweep
    (api-behaviour: role-grants-expired)."""
    return Grant.objects.filter(is_active=True, user__is_active=True).order_by("id")


class GrantActions(ObjectViewSet):
    """The four role calls of a scope."""

    @action(detail=True, methods=["get"], filters="", serializer_class=shape("grant", obeys_field=False))
    def list_users(self, request: Request, uuid: str) -> Response:
        """Who holds a role here."""
        edition = editions.current()
        if edition.scope_filters_leak:
            self.filters = type(self).filters
            scope = self.get_object()
        else:
            scope = self.find(self.get_queryset(), uuid)
        if edition.teams_are_private and not sees_team(request.user, scope):
            raise exceptions.PermissionDenied()
        grants = listed_grants().filter(**{column_of(scope): scope}).select_related("user", "role", "created_by")
        self.filters = edition.grant_filters
        page = self.paginate_queryset(self.filter_queryset(grants.only(*SHOWN_COLUMNS)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(detail=True, methods=["post"], serializer_class=NewGrantForm)
    def add_user(self, request: Request, uuid: str) -> Response:
        """Grant a role; a grant that ends earlier is not prolonged but doubled."""
        scope, body = self._read_change("CREATE")
        grant = Grant.objects.create(created_by=request.user, **{column_of(scope): scope}, **body)
        follow(grant)
        follow_membership(grant)
        return self._show_expiry(grant, status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"], serializer_class=GrantUpdateForm)
    def update_user(self, request: Request, uuid: str) -> Response:
        """Set or clear the expiry; 500 unless there is exactly one grant (api-behaviour: role-grants-update)."""
        scope, body = self._read_change("UPDATE")
        grant = self._the_one(scope, body)
        grant.expiration_time = body.get("expiration_time")
        grant.save()
        return self._show_expiry(grant, status.HTTP_200_OK)

    @action(detail=True, methods=["post"], serializer_class=GrantChangeForm)
    def delete_user(self, request: Request, uuid: str) -> Response:
        """Revoke a role; 200 also without a grant, 500 with two (api-behaviour: role-grants-revoke)."""
        scope, body = self._read_change("DELETE")
        try:
            grant = self._the_one(scope, body)
        except Grant.DoesNotExist:
            return Response()
        end(grant, request.user)
        follow(grant)
        follow_membership(grant)
        return Response()

    def _read_change(self, verb: str) -> tuple[Any, dict[str, Any]]:
        scope = self.get_object()
        return scope, self.read_body(scope=scope, permission=permission_to(verb, scope))

    @staticmethod
    def _the_one(scope: Any, body: dict[str, Any]) -> Grant:
        # .get() on purpose: no row and two rows raise what nobody catches, and the caller sees a 500.
        return Grant.objects.get(is_active=True, user=body["user"], role=body["role"], **{column_of(scope): scope})

    @staticmethod
    def _show_expiry(grant: Grant, code: int) -> Response:
        return Response({"expiration_time": shown(grant.expiration_time, None)}, status=code)


def permission_to(verb: str, scope: Any) -> str | None:
    """What is needed to CREATE, UPDATE or DELETE grants on *scope*.

    The real server looks a provider's permission up under the model's name and finds none, so only staff pass, and
    holders of a role without permissions (api-behaviour: role-grants-permission).
    """
    kind = scope._meta.model_name
    return None if kind == "serviceprovider" else f"{kind.upper()}.{verb}_PERMISSION"


def end(grant: Grant, by: User | None = None) -> None:
    """Revoke *grant* as the user *by*: it stays, no longer active, and its expiry is now
    (api-behaviour: role-grants-revoke)."""
    grant.is_active, grant.expiration_time, grant.revoked_by = False, clock.now(), by
    grant.save()


def follow(grant: Grant) -> None:
    """Whoever manages an offering manages its customer too, where that role is the customer's."""
    manager = Role.objects.filter(name="CUSTOMER.MANAGER", content_type="customer").first()
    if manager is None or grant.role.name != "OFFERING.MANAGER":
        return
    customer = grant.offering.customer
    held = Grant.objects.filter(is_active=True, user=grant.user, role=manager, customer=customer)
    managed = Grant.objects.filter(is_active=True, user=grant.user, role=grant.role, offering__customer=customer)
    if grant.is_active and not held.exists():
        Grant.objects.create(user=grant.user, role=manager, customer=customer, created_by=grant.created_by)
    elif not grant.is_active and not managed.exists():
        for other in held:
            end(other)
