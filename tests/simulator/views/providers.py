# SPDX-License-Identifier: GPL-3.0-or-later
"""Service providers: their profile, secret and accounts (contract 2.1 to 2.6, 2.11 to 2.13)."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from rest_framework import exceptions, permissions, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from .. import chance
from ..forms import OfferingsUsernameForm, ServiceProviderForm
from ..models import Offering, OfferingUser, Resource, ServiceProvider, User
from ..permissions import connected_projects, demand, is_owner
from .scopes import GrantActions

PERMISSION = "SERVICE_PROVIDER.{}".format


class ServiceProviderViewSet(GrantActions, viewsets.ModelViewSet):
    """``/api/marketplace-service-providers/``."""

    queryset = ServiceProvider.objects.select_related("customer", "image")
    rows = "service_provider"
    filters = "service_providers"
    bodies = dict.fromkeys(("create", "update", "partial_update", "metadata"), ServiceProviderForm)

    def get_queryset(self) -> QuerySet:
        providers = super().get_queryset().order_by("customer__name")
        if self.action == "list":
            shown = Q(customer__offerings__state__in=("Active", "Paused"))
            providers = providers.annotate(counted_offerings=Count("customer__offerings", filter=shown))
        return providers

    def get_permissions(self) -> list[permissions.BasePermission]:
        if self.action in ("list", "retrieve"):
            return [permissions.AllowAny()]
        return super().get_permissions()

    def check_object_permissions(self, request: Request, obj: ServiceProvider) -> None:
        if self.action in ("update", "partial_update", "destroy") and not is_owner(request.user, obj.customer):
            raise exceptions.PermissionDenied()

    def perform_create(self, serializer: ServiceProviderForm) -> None:
        # Only now: bad fields are reported to anyone, also to those who may not create (contract 2.3).
        demand(self.request.user, PERMISSION("REGISTER"), serializer.validated_data["customer"])
        serializer.save()

    def perform_destroy(self, instance: ServiceProvider) -> None:
        if instance.has_active_offerings():
            raise exceptions.ValidationError("Service provider has active offerings. Please archive them first.")
        instance.delete()

    @action(detail=True, methods=["get", "post"])
    def api_secret_code(self, request: Request, uuid: str) -> Response:
        """Show the secret, or replace it."""
        provider = self.get_object()
        if request.method == "GET":
            demand(request.user, PERMISSION("GET_API_SECRET_CODE"), provider.customer)
            return Response({"api_secret_code": provider.api_secret_code})
        demand(request.user, PERMISSION("GENERATE_API_SECRET_CODE"), provider.customer)
        provider.api_secret_code = chance.secret_code()
        provider.save()
        return Response({"detail": "Api secret code updated.", "api_secret_code": provider.api_secret_code})

    @action(detail=True, methods=["post"], serializer_class=OfferingsUsernameForm)
    def set_offerings_username(self, request: Request, uuid: str) -> Response:
        """Name a user's accounts in every offering that the user reaches (contract 3.e)."""
        body = self.read_body()
        wanted, username = body["user_uuid"], body["username"]
        user = User.objects.filter(uuid=wanted, is_active=True).first()
        if user is None:
            raise exceptions.ValidationError(f"A user with the uuid [{wanted}] is not found.")
        provider = self.get_object()
        demand(request.user, PERMISSION("SET_OFFERINGS_USERNAME"), provider.customer)
        name_provider_account(provider, user, username)
        name_accounts(provider, user, username)
        return Response({"detail": "Offering users have been set."}, status=status.HTTP_201_CREATED)


def reached_offerings(provider: ServiceProvider, user: User) -> QuerySet:
    """The provider's offerings, shared or not, with a live resource in a project where *user* has a role."""
    live = Resource.objects.exclude(state="Terminated").filter(project__in=connected_projects(user))
    return Offering.objects.filter(customer=provider.customer, id__in=live.values("offering_id"))


def name_accounts(provider: ServiceProvider, user: User, username: str) -> None:
    """Make the missing accounts of *user*, and give all of them *username* unless it is blank."""
    for offering in reached_offerings(provider, user):
        account, _created = OfferingUser.objects.get_or_create(offering=offering, user=user)
        if username:
            account.rename(username)


def name_provider_account(provider: ServiceProvider, user: User, username: str) -> None:
    """Give the one account for all of the provider's offerings, if there is one, a name that nobody else has there."""
    account = provider.accounts.filter(user=user).first()
    if account is None or not username:
        return
    if provider.accounts.filter(username=username).exclude(user=user).exists():
        raise exceptions.ValidationError({"username": ["Another user of this provider has the username."]})
    account.username = username
    account.save()
    for backed in account.backs.all():
        backed.rename(username)
