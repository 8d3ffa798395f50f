# SPDX-License-Identifier: GPL-3.0-or-later
"""Offerings, resources and accounts (contract 3.e and 3.j)."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import exceptions, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ..forms import NewOfferingUserForm, OfferingUserForm, RestrictionForm, StepForm
from ..models import STATES, Offering, OfferingUser, Resource
from ..permissions import demand, visible_accounts, visible_offerings, visible_resources
from .base import LookUpViewSet, ObjectViewSet
from .scopes import GrantActions

STEPS = STATES["STEPS"]


class OfferingViewSet(GrantActions, LookUpViewSet):
    """``/api/marketplace-provider-offerings/``."""

    queryset = Offering.objects.all()
    rows = "offering"
    filters = "offerings"

    def get_queryset(self) -> QuerySet:
        return visible_offerings(self.request.user).select_related("customer", "category", "parent").order_by("name")

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, uuid: str) -> Response:
        """The end of an offering, from whatever state."""
        offering = self.get_object()
        demand(request.user, "OFFERING.ARCHIVE", offering, offering.customer)
        offering.state = "Archived"
        offering.save()
        return Response({"detail": "Offering state updated.", "state": offering.state})


class ResourceViewSet(LookUpViewSet):
    """``/api/marketplace-provider-resources/``."""

    queryset = Resource.objects.all()
    rows = "resource"
    filters = "resources"

    def get_queryset(self) -> QuerySet:
        related = ("offering__customer", "offering__category", "project__customer")
        return visible_resources(self.request.user).select_related(*related).order_by("id")


class OfferingUserViewSet(ObjectViewSet, viewsets.ModelViewSet):
    """``/api/marketplace-offering-users/``."""

    queryset = OfferingUser.objects.all()
    rows = "offering_user"
    filters = "offering_users"
    bodies = {
        **dict.fromkeys(("create", "metadata"), NewOfferingUserForm),
        **dict.fromkeys(("update", "partial_update"), OfferingUserForm),
    }

    def get_queryset(self) -> QuerySet:
        return (
            visible_accounts(self.request.user)
            .select_related("user", "offering__customer", "service_provider_account")
            .order_by("id")
        )

    def demand(self, permission: str, offering: Offering) -> None:
        """Raise 403 unless the caller has *permission* on the offering or its customer."""
        demand(self.request.user, permission, offering, offering.customer)

    def perform_create(self, serializer: NewOfferingUserForm) -> None:
        offering = serializer.validated_data["offering"]
        self.demand("OFFERING.CREATE_USER", offering)
        serializer.check_option(offering)
        serializer.save()

    def perform_update(self, serializer: OfferingUserForm) -> None:
        self.demand("OFFERING.UPDATE_USER", serializer.instance.offering)
        serializer.save()

    def perform_destroy(self, instance: OfferingUser) -> None:
        self.demand("OFFERING.DELETE_USER", instance.offering)
        instance.delete()

    @action(detail=True, methods=["post"], url_path=f"(?P<step>{'|'.join(STEPS)})", serializer_class=StepForm)
    def advance(self, request: Request, uuid: str, step: str) -> Response:
        """Take the account one step further in its life."""
        body, account = self.read_body(), self.get_object()
        self.demand("OFFERING.UPDATE_USER", account.offering)
        sources = STEPS[step]["from"]
        if account.state not in sources:
            raise exceptions.ValidationError(f"Valid states for operation: {', '.join(sources)}.")
        account.state = STEPS[step]["to"]
        for name, value in body.items():
            setattr(account, f"service_provider_{name}", value)
        account.save()
        return Response()

    @action(detail=True, methods=["post"], serializer_class=RestrictionForm)
    def update_restricted(self, request: Request, uuid: str) -> Response:
        """Restrict the account, or lift that."""
        body, account = self.read_body(), self.get_object()
        self.demand("OFFERINGUSER.UPDATE_RESTRICTION", account.offering)
        account.is_restricted = body["is_restricted"]
        account.save()
        return Response()
