# SPDX-License-Identifier: GPL-3.0-or-later
"""Service providers: their profile, secret and accounts (api-behaviour: providers, set-offerings-username,
secret-codes)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from rest_framework import exceptions, permissions, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from .. import accounts, adoption, configuration, editions, random_values
from ..forms import OfferingsUsernameForm, ServiceProviderForm
from ..models import ServiceProvider, User
from ..permissions import demand, is_owner
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
        if self.action in ("list", "retrieve") and configuration.value("ANONYMOUS_USER_CAN_VIEW_OFFERINGS"):
            return [permissions.AllowAny()]
        return super().get_permissions()

    def check_object_permissions(self, request: Request, obj: ServiceProvider) -> None:
        if self.action in ("update", "partial_update", "destroy") and not is_owner(request.user, obj.customer):
            raise exceptions.PermissionDenied()

    def perform_create(self, serializer: ServiceProviderForm) -> None:
        # Only now: bad fields are reported to anyone, also to those who may not create
        # (api-behaviour: providers-create).
        demand(self.request.user, PERMISSION("REGISTER"), serializer.validated_data["customer"])
        serializer.save()

    def perform_destroy(self, instance: ServiceProvider) -> None:
        if instance.has_active_offerings():
            raise exceptions.ValidationError("Service provider has active offerings. Please archive them first.")
        instance.delete()

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store the changes, and answer 400 or 409 if what follows from them fails: they are stored all the same."""
        provider = self.get_object()
        before = dict(provider.account_options)
        names = {one.pk: accounts.values_of(one) for one in accounts.offerings_with_accounts(provider)}
        answer = super().update(request, *args, **kwargs)
        if not editions.current().accounts_are_shared:
            return answer
        try:
            with transaction.atomic():
                apply_options(ServiceProvider.objects.get(pk=provider.pk), before, names)
        except exceptions.APIException as problem:
            body = problem.detail if isinstance(problem.detail, (dict, list)) else {"detail": problem.detail}
            return Response(body, status=problem.status_code)
        return answer

    @action(detail=True, methods=["get", "post"])
    def api_secret_code(self, request: Request, uuid: str) -> Response:
        """Show the secret, or replace it."""
        provider = self.get_object()
        if request.method == "GET":
            demand(request.user, PERMISSION("GET_API_SECRET_CODE"), provider.customer)
            return Response({"api_secret_code": provider.api_secret_code})
        demand(request.user, PERMISSION("GENERATE_API_SECRET_CODE"), provider.customer)
        provider.api_secret_code = random_values.make_secret_code()
        provider.save()
        return Response({"detail": "Api secret code updated.", "api_secret_code": provider.api_secret_code})

    @action(detail=True, methods=["post"], serializer_class=OfferingsUsernameForm)
    def set_offerings_username(self, request: Request, uuid: str) -> Response:
        """Name a user's accounts in every offering that the user reaches (api-behaviour: usernames-reach)."""
        body = self.read_body()
        wanted, username = body["user_uuid"], body["username"]
        user = User.objects.filter(uuid=wanted, is_active=True).first()
        if user is None:
            raise exceptions.ValidationError(f"A user with the uuid [{wanted}] is not found.")
        provider = self.get_object()
        demand(request.user, PERMISSION("SET_OFFERINGS_USERNAME"), provider.customer)
        name_accounts(provider, user, username)
        return Response({"detail": "Offering users have been set."}, status=status.HTTP_201_CREATED)


def name_accounts(provider: ServiceProvider, user: User, username: str) -> None:
    """Make the missing accounts of *user*, and give all of them *username* unless it is blank
    (api-behaviour: usernames-blank).

    An account that belongs to one at the provider refuses the whole call, and nothing of it stays, not even the
    accounts that it made (api-behaviour: usernames-one-transaction).
    """
    for offering in accounts.reached_offerings(provider.customer, user):
        account = offering.accounts.filter(user=user).select_related("offering", "user").first()
        account = account or accounts.create(offering, user, username)
        owner = account.service_provider_account
        if owner is None and accounts.is_shared(offering):
            # An account from before the offering shared accounts is linked now.
            owner = accounts.provider_account(offering, user)
        if owner is not None:
            raise exceptions.ValidationError(
                f"The account for {offering.name} is owned by service provider account {owner.uuid.hex}. Rename that"
                " account instead."
            )
        if username:
            account.rename(username)
        accounts.complete(account, offering, accounts.values_of(offering))
        account.save()


def apply_options(provider: ServiceProvider, before: dict[str, Any], names: dict[int, dict[str, str]]) -> None:
    """Do what a change of the account options from *before* does at once (api-behaviour: account-settings-effects)."""
    if provider.account_options.get("account_scope") == "provider" != before.get("account_scope"):
        adoption.adopt(provider)
    accounts.generate_anew(accounts.offerings_with_accounts(provider), names)
