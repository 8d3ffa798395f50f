# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers, users and projects (contract 3.j)."""

from __future__ import annotations

import datetime
from typing import Any

from rest_framework import serializers

from ..fields import MomentField, ObjectSerializer, SelfLinkField, link, shown, shown_link, shown_uuid
from ..models import Customer, Project, ServiceProvider, User
from .grants import PermissionSerializer

NO_ESTIMATE = {"total": 0.0, "current": 0, "tax": 0, "tax_current": 0}


class CustomerSerializer(ObjectSerializer):
    """An organization."""

    url = SelfLinkField(view_name="customer-detail")
    display_name = serializers.SerializerMethodField()
    projects = serializers.SerializerMethodField()
    projects_count = serializers.SerializerMethodField()
    users_count = serializers.SerializerMethodField()
    is_service_provider = serializers.SerializerMethodField()
    service_provider = serializers.SerializerMethodField()
    service_provider_uuid = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        passed_on: dict[str, Any] = {
            "organization_groups": [],
            "image": None,
            "display_billing_info_in_projects": False,
            "default_tax_percent": "0.00",
            "sponsor_number": None,
            "country_name": "",
            "max_service_accounts": None,
            "project_metadata_checklist": None,
            "grace_period_days": None,
            "access_subnets": "",
            "homepage": "",
            "domain": "",
            "vat_code": "",
            "postal": "",
            "address": "",
            "bank_name": "",
            "latitude": None,
            "longitude": None,
            "bank_account": "",
            "notification_emails": "",
            "payment_profiles": [],
            "customer_credit": None,
            "customer_unallocated_credit": None,
            "call_managing_organization_uuid": None,
            "billing_price_estimate": NO_ESTIMATE,
        }
        fields = (
            "url uuid created organization_groups display_name projects backend_id image blocked archived "
            "display_billing_info_in_projects default_tax_percent accounting_start_date projects_count users_count "
            "sponsor_number country_name max_service_accounts project_metadata_checklist grace_period_days name slug "
            "native_name abbreviation description contact_details agreement_number email phone_number access_subnets "
            "registration_code homepage domain vat_code postal address bank_name latitude longitude bank_account "
            "country notification_emails payment_profiles customer_credit customer_unallocated_credit "
            "is_service_provider service_provider service_provider_uuid call_managing_organization_uuid "
            "billing_price_estimate"
        ).split()

    def get_display_name(self, customer: Customer) -> str:
        return customer.abbreviation or customer.name

    def get_projects(self, customer: Customer) -> list[dict[str, Any]]:
        request = self.context["request"]
        return [
            {
                "url": link(request, "project-detail", project.uuid),
                "uuid": project.uuid.hex,
                "name": project.name,
                "image": None,
                "resource_count": project.resources.exclude(state="Terminated").count(),
                "end_date": project.end_date,
            }
            for project in customer.projects.filter(is_removed=False).order_by("name")
        ]

    def get_projects_count(self, customer: Customer) -> int:
        return customer.projects.filter(is_removed=False).count()

    def get_users_count(self, customer: Customer) -> int:
        own = User.objects.filter(grants__is_active=True, grants__customer=customer)
        within = User.objects.filter(grants__is_active=True, grants__project__customer=customer)
        return (own | within).distinct().count()

    @staticmethod
    def _provider(customer: Customer) -> ServiceProvider | None:
        return getattr(customer, "service_provider", None)

    def get_is_service_provider(self, customer: Customer) -> bool:
        return self._provider(customer) is not None

    def get_service_provider(self, customer: Customer) -> str | None:
        provider = self._provider(customer)
        return link(self.context["request"], "serviceprovider-detail", provider.uuid) if provider else None

    def get_service_provider_uuid(self, customer: Customer) -> str | None:
        provider = self._provider(customer)
        return provider.uuid.hex if provider else None


STAFF_KEYS = {"description", "is_staff", "is_active", "is_support", "has_active_session", "ip_address"}
OWN_KEYS = ("token", "token_lifetime", "token_expires_at")


class UserSerializer(ObjectSerializer):
    """A person; some keys are for staff and support, the token only for its holder."""

    url = SelfLinkField(view_name="user-detail")
    full_name = serializers.ReadOnlyField()
    token_expires_at = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = User
        passed_on: dict[str, Any] = {
            "notifications_enabled": True,
            "preferred_language": "",
            "requested_email": None,
            "affiliations": [],
            "birth_date": None,
            "identity_provider_name": "Local DB",
            "identity_provider_label": "Local DB",
            "identity_provider_management_url": "",
            "identity_provider_fields": [],
            "image": None,
            "identity_source": "",
            "has_active_session": False,
            "ip_address": None,
        }
        fields = (
            "url uuid username slug full_name native_name job_title email phone_number organization civil_number "
            "description is_staff is_active is_support token token_lifetime token_expires_at registration_method "
            "date_joined agreement_date notifications_enabled preferred_language permissions requested_email "
            "affiliations first_name last_name birth_date identity_provider_name identity_provider_label "
            "identity_provider_management_url identity_provider_fields image identity_source has_active_session "
            "ip_address"
        ).split()

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        caller = self.context["request"].user
        hidden = set() if caller.is_staff or caller.is_support else STAFF_KEYS
        if isinstance(self.instance, User) and self.instance.pk != caller.pk:
            hidden = hidden | set(OWN_KEYS)
        return {name: field for name, field in fields.items() if name not in hidden}

    def to_representation(self, instance: User) -> dict[str, Any]:
        row = super().to_representation(instance)
        if instance.pk != self.context["request"].user.pk:
            for key in OWN_KEYS:
                row.pop(key, None)
        return row

    def get_token_expires_at(self, user: User) -> str | None:
        if user.token_lifetime is None or user.token_used is None:
            return None
        return MomentField().to_representation(user.token_used + datetime.timedelta(seconds=user.token_lifetime))

    def get_permissions(self, user: User) -> list[dict[str, Any]]:
        grants = getattr(user, "active_grants", None)
        if grants is None:
            grants = user.grants.filter(is_active=True)
        # One serializer for all rows: to build one takes longer than to fill it.
        row = self.context.setdefault("permission_row", PermissionSerializer())
        return [row.to_representation(grant) for grant in grants]


class ProjectSerializer(ObjectSerializer):
    """A project of a customer."""

    url = SelfLinkField(view_name="project-detail")
    customer = shown_link("customer-detail")
    customer_uuid = shown_uuid("customer.uuid")
    customer_name = shown("customer.name")
    customer_slug = shown("customer.slug")
    customer_native_name = shown("customer.native_name")
    customer_abbreviation = shown("customer.abbreviation")
    resources_count = serializers.SerializerMethodField()
    marketplace_resource_count = serializers.SerializerMethodField()

    class Meta:
        model = Project
        passed_on: dict[str, Any] = {
            "customer_display_billing_info_in_projects": False,
            "type": None,
            "type_name": None,
            "type_uuid": None,
            "end_date_requested_by": None,
            "oecd_fos_2007_code": None,
            "oecd_fos_2007_label": None,
            "is_industry": False,
            "image": None,
            "max_service_accounts": None,
            "kind": "default",
            "termination_metadata": None,
            "staff_notes": "",
            "grace_period_days": None,
            "project_credit": None,
            "billing_price_estimate": NO_ESTIMATE,
        }
        fields = (
            "url uuid name slug customer customer_uuid customer_name customer_slug customer_native_name "
            "customer_abbreviation description customer_display_billing_info_in_projects created type type_name "
            "type_uuid backend_id start_date end_date end_date_requested_by oecd_fos_2007_code oecd_fos_2007_label "
            "is_industry image resources_count max_service_accounts kind is_removed termination_metadata staff_notes "
            "grace_period_days project_credit marketplace_resource_count billing_price_estimate"
        ).split()

    def get_resources_count(self, project: Project) -> int:
        return project.resources.exclude(state="Terminated").count()

    def get_marketplace_resource_count(self, project: Project) -> dict[str, int]:
        counts: dict[str, int] = {}
        for category in project.resources.exclude(state="Terminated").values_list(
            "offering__category__uuid", flat=True
        ):
            if category is not None:
                counts[category.hex] = counts.get(category.hex, 0) + 1
        return counts
