# SPDX-License-Identifier: GPL-3.0-or-later
"""Offerings, resources and accounts (api-behaviour: offering-users, lookups)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import exceptions, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from .. import accounts, adoption, editions, posix
from ..forms import (
    CommentForm,
    IntegrationForm,
    NewOfferingUserForm,
    OfferingUserForm,
    PosixForm,
    ProviderAccountForm,
    RestrictionForm,
    RuntimeStateForm,
    StepForm,
)
from ..models import ACCOUNT_OPTION, STATES, Consent, Offering, OfferingUser, ProviderAccount, Resource
from ..permissions import (
    demand,
    sees_all,
    visible_accounts,
    visible_offerings,
    visible_provider_accounts,
    visible_resources,
)
from .account_numbers import NumberActions
from .base import LookUpViewSet, ObjectViewSet
from .exposure import AttributeConfigActions, ProfileActions
from .scopes import GrantActions

STEPS = STATES["STEPS"]
COMMENTS = ("service_provider_comment", "service_provider_comment_url")


class OfferingViewSet(AttributeConfigActions, GrantActions, LookUpViewSet):
    """``/api/marketplace-provider-offerings/``."""

    queryset = Offering.objects.all()
    rows = "offering"
    filters = "offerings"

    def get_queryset(self) -> QuerySet:
        related = ("customer__service_provider", "category", "parent")
        return visible_offerings(self.request.user).select_related(*related).order_by("name")

    @action(detail=True, methods=["post"], serializer_class=IntegrationForm)
    def update_integration(self, request: Request, uuid: str) -> Response:
        """Change a part of the offering's options; a blank value removes a key
        (api-behaviour: account-settings-precedence)."""
        body, offering = self.read_body(), self.get_object()
        demand(request.user, "OFFERING.UPDATE_INTEGRATION", offering, offering.customer)
        names = {offering.pk: accounts.values_of(offering)}
        was_shared = accounts.is_shared(offering)
        offering.plugin_options = {
            key: value for key, value in {**offering.plugin_options, **body["plugin_options"]}.items() if value != ""
        }
        if offering.plugin_options.get("uses_robot_accounts") and offering.plugin_options.get(ACCOUNT_OPTION):
            # The two exclude each other (api-behaviour: offering-options).
            problem = f"uses_robot_accounts cannot be combined with {ACCOUNT_OPTION}."
            raise exceptions.ValidationError({"plugin_options": [problem]})
        offering.save()
        if accounts.is_shared(offering) and not was_shared:
            self.join(offering)
        accounts.generate_anew([offering], names)
        return Response()

    @action(detail=True, methods=["post"])
    def refresh_offering_usernames(self, request: Request, uuid: str) -> Response:
        """Generate the names anew of the accounts that are neither linked nor restricted
        (api-behaviour: account-settings-precedence)."""
        offering = self.get_object()
        demand(request.user, "OFFERING.UPDATE_INTEGRATION", offering, offering.customer)
        if accounts.values_of(offering)["username_generation_policy"] == "service_provider":
            raise exceptions.ValidationError("Usernames of this offering are set by its service provider.")
        with transaction.atomic():
            accounts.name_anew(offering, offering.accounts.filter(is_restricted=False, service_provider_account=None))
        return Response({"status": "Offering user usernames have been changed."})

    @staticmethod
    def join(offering: Offering) -> None:
        """Adopt the accounts of *offering* and of those that share theirs; raises 400 while names disagree."""
        every = offering.customer.offerings.select_related("customer__service_provider")
        shared = Offering.objects.filter(pk__in=[one.pk for one in every if accounts.is_shared(one)])
        provider = offering.customer.service_provider
        if adoption.find_conflicts(provider, shared):
            problem = "Users hold other usernames at offerings that share accounts. Resolve them first."
            raise exceptions.ValidationError({"plugin_options": {"account_scope": [problem]}})
        adoption.adopt(provider, offerings=shared)

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, uuid: str) -> Response:
        """Archive the offering, whatever its state."""
        offering = self.get_object()
        demand(request.user, "OFFERING.ARCHIVE", offering, offering.customer)
        offering.state = "Archived"
        offering.save()
        return Response({"detail": "Offering state updated.", "state": offering.state})


class ConsentViewSet(LookUpViewSet):
    """``/api/marketplace-user-offering-consents/``, to read (api-behaviour: consents)."""

    queryset = Consent.objects.all()
    rows = "consent"
    filters = "consents"

    def get_queryset(self) -> QuerySet:
        caller = self.request.user
        consents = Consent.objects.select_related("user", "offering").order_by("id")
        return consents if sees_all(caller) else consents.filter(user=caller)


class ResourceViewSet(LookUpViewSet):
    """``/api/marketplace-provider-resources/``."""

    queryset = Resource.objects.all()
    rows = "resource"
    filters = "resources"

    def get_queryset(self) -> QuerySet:
        related = ("offering__customer__service_provider", "offering__category", "project__customer")
        return visible_resources(self.request.user).select_related(*related).order_by("id")


class OfferingUserViewSet(NumberActions, ProfileActions, ObjectViewSet, viewsets.ModelViewSet):
    """``/api/marketplace-offering-users/``."""

    queryset = OfferingUser.objects.all()
    rows = "offering_user"
    filters = "offering_users"
    bodies = {
        **dict.fromkeys(("create", "metadata"), NewOfferingUserForm),
        **dict.fromkeys(("update", "partial_update"), OfferingUserForm),
    }

    def get_queryset(self) -> QuerySet:
        related = ("user", "offering__customer", "offering__compliance_checklist", "service_provider_account")
        order = editions.current().accounts_order
        return visible_accounts(self.request.user).select_related(*related).order_by(*order)

    def demand(self, permission: str, offering: Offering) -> None:
        """Raise 403 unless the caller has *permission* on the offering or its customer; some count there alone."""
        on_customer = permission in editions.current().customer_permissions
        demand(self.request.user, permission, offering.customer, *(() if on_customer else (offering,)))

    def perform_create(self, serializer: NewOfferingUserForm) -> None:
        offering = serializer.validated_data["offering"]
        self.demand("OFFERING.CREATE_USER", offering)
        serializer.check_option(serializer.validated_data)
        serializer.save()

    def perform_update(self, serializer: OfferingUserForm) -> None:
        self.demand("OFFERING.UPDATE_USER", serializer.instance.offering)
        serializer.save()

    def perform_destroy(self, instance: OfferingUser) -> None:
        self.demand("OFFERING.DELETE_USER", instance.offering)
        accounts.release(instance)

    @action(detail=True, methods=["post"], url_path=f"(?P<step>{'|'.join(STEPS)})", serializer_class=StepForm)
    def advance(self, request: Request, uuid: str, step: str) -> Response:
        """Change the state of the account by one of the actions (api-behaviour: offering-user-actions)."""
        account, body = self.get_object(), self.read_body()
        rule = STATES[editions.current().steps][step]
        if not rule.get("open"):
            self.demand("OFFERING.UPDATE_USER", account.offering)
        if account.state not in rule["from"]:
            refuse_step(account, rule)
        account.state = rule["to"]
        comments = body if rule.get("takes_comment") else {}
        if rule.get("clears"):
            comments = {"comment": "", "comment_url": ""}
        for name, value in comments.items():
            setattr(account, f"service_provider_{name}", value)
        account.save()
        accounts.follow_rows(account.service_provider_account)
        return Response()

    @action(detail=True, methods=["post"], serializer_class=RuntimeStateForm)
    def update_runtime_state(self, request: Request, uuid: str) -> Response:
        """Set the runtime state of the account (api-behaviour: offering-user-actions)."""
        account, body = self.get_object(), self.read_body()
        self.demand("OFFERING.UPDATE_USER", account.offering)
        if account.state == "Deleted":
            raise exceptions.ValidationError("The account is deleted.")
        return self.store(account, body)

    @action(detail=True, methods=["patch"], serializer_class=CommentForm)
    def update_comments(self, request: Request, uuid: str) -> Response:
        """Set the comments of the account; everybody who sees it may (api-behaviour: offering-user-actions)."""
        account, body = self.get_object(), self.read_body()
        if account.state == "Deleted":
            raise exceptions.PermissionDenied()
        self.store(account, body)
        return Response({name: getattr(account, name) for name in COMMENTS})

    @action(detail=True, methods=["post"], serializer_class=PosixForm)
    def set_posix_attributes(self, request: Request, uuid: str) -> Response:
        """Pin numbers, shell and home directory (api-behaviour: posix-pins)."""
        account, body = self.get_object(), self.read_body()
        self.demand("OFFERING.UPDATE_USER", account.offering)
        accounts.pin(account, body)
        account.refresh_from_db()
        numbers = {name: getattr(account, name) for name in ("uidnumber", "primarygroup")}
        sent = {name: body[name] for name in numbers if body.get(name) is not None}
        warnings = [text for name, number in sent.items() if (text := posix.advice(name, number))]
        return Response({**numbers, "warnings": warnings})

    @staticmethod
    def store(account: OfferingUser, body: dict[str, Any]) -> Response:
        """Store the values of *body* and return an empty response."""
        for name, value in body.items():
            setattr(account, name, value)
        account.save()
        return Response()

    @action(detail=True, methods=["post"], serializer_class=RestrictionForm)
    def update_restricted(self, request: Request, uuid: str) -> Response:
        """Restrict the account, or remove the restriction."""
        account, body = self.get_object(), self.read_body()
        self.demand(editions.current().restriction_permission, account.offering)
        return self.store(account, body)


def refuse_step(account: OfferingUser, rule: dict[str, Any]) -> None:
    """Raise the error of an action on an account in a wrong state
    (api-behaviour: offering-user-actions-wrong-state)."""
    valid = f"Valid states for operation: {', '.join(rule['from'])}."
    if editions.current().steps == "STEPS":
        raise exceptions.ValidationError(valid)
    if rule.get("gives_way") and account.state == "OK":
        raise CameBack()
    number = STATES["ACCOUNT_STATES"].index(account.state) + 1
    raise exceptions.ValidationError(
        {"detail": f"Cannot transition to {rule['to']} from current state: {number}. {valid}"}
    )


class CameBack(exceptions.APIException):
    """Answer 409, as the user of an account that was to be deleted is back (api-behaviour: offering-user-returned)."""

    status_code = 409
    default_detail = "The account is in use again."


class ProviderAccountViewSet(mixins.UpdateModelMixin, mixins.DestroyModelMixin, LookUpViewSet):
    """``/api/marketplace-service-provider-accounts/`` (api-behaviour: provider-accounts)."""

    queryset = ProviderAccount.objects.all()
    rows = "provider_account"
    filters = "provider_accounts"
    bodies = dict.fromkeys(("update", "partial_update", "metadata"), ProviderAccountForm)

    def get_queryset(self) -> QuerySet:
        related = ("user", "service_provider__customer")
        found = visible_provider_accounts(self.request.user).select_related(*related)
        return found.prefetch_related("backs__offering").order_by("username", "id")

    def check_object_permissions(self, request: Request, obj: ProviderAccount) -> None:
        if request.method not in SAFE_METHODS:
            demand(request.user, "OFFERING.UPDATE_USER", obj.service_provider, obj.service_provider.customer)

    def perform_destroy(self, instance: ProviderAccount) -> None:
        if used := instance.backs.count():
            problem = f"The account is still used by {used} offering account(s). Delete those first."
            raise exceptions.ValidationError(problem)
        user = instance.user
        instance.delete()
        posix.release_unused(user)
