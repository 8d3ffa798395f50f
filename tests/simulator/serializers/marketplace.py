# SPDX-License-Identifier: GPL-3.0-or-later
"""Offerings, resources and accounts (contract 3.e and 3.j)."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions, serializers

from .. import editions
from ..fields import HexField, LinkField, MomentField, ObjectSerializer, SelfLinkField, shown, shown_link, shown_uuid
from ..models import ACCOUNT_OPTION, Offering, OfferingUser, Resource, User
from ..permissions import has_permission

NO_OPTIONS: dict[str, Any] = {"order": [], "options": {}}


class OfferingSerializer(ObjectSerializer):
    """An offering as its provider sees it; the secret options only with the right to change them."""

    url = SelfLinkField(view_name="offering-detail")
    customer = shown_link("customer-detail")
    customer_uuid = shown_uuid("customer.uuid")
    customer_name = shown("customer.name")
    category = shown_link("category-detail")
    category_uuid = shown_uuid("category.uuid")
    category_title = shown("category.title")
    parent_description = serializers.ReadOnlyField(source="parent.description", default=None)
    parent_uuid = HexField(source="parent.uuid", read_only=True, default=None)
    parent_name = serializers.ReadOnlyField(source="parent.name", default=None)

    class Meta:
        model = Offering
        passed_on: dict[str, Any] = {
            "full_description": "",
            "privacy_policy_link": "",
            "access_url": "",
            "endpoints": [],
            "software_catalogs": [],
            "partitions": [],
            "roles": [],
            "project": None,
            "project_uuid": None,
            "project_name": None,
            "attributes": {},
            "options": NO_OPTIONS,
            "resource_options": NO_OPTIONS,
            "components": [],
            "service_attributes": {},
            "vendor_details": "",
            "getting_started": "",
            "integration_guide": "",
            "thumbnail": None,
            "order_count": 0,
            "plans": [],
            "screenshots": [],
            "scope": None,
            "scope_uuid": None,
            "scope_name": None,
            "scope_state": None,
            "scope_error_message": None,
            "files": [],
            "quotas": [],
            "paused_reason": "",
            "datacite_doi": "",
            "citation_count": -1,
            "latitude": None,
            "longitude": None,
            "country": "",
            "backend_id": "",
            "organization_groups": [],
            "image": None,
            "total_customers": None,
            "total_cost": None,
            "total_cost_estimated": None,
            "backend_metadata": {},
            "has_compliance_requirements": False,
            "compliance_checklist": None,
            "integration_status": [],
            "google_calendar_is_public": None,
            "google_calendar_link": None,
        }
        fields = (
            "url uuid created name slug description full_description privacy_policy_link access_url endpoints "
            "software_catalogs partitions roles customer customer_uuid customer_name project project_uuid "
            "project_name category category_uuid category_title attributes options resource_options components "
            "plugin_options secret_options service_attributes state vendor_details getting_started "
            "integration_guide thumbnail order_count plans screenshots type shared billable scope scope_uuid "
            "scope_name scope_state scope_error_message files quotas paused_reason datacite_doi citation_count "
            "latitude longitude country backend_id organization_groups image total_customers total_cost "
            "total_cost_estimated parent_description parent_uuid parent_name backend_metadata "
            "has_compliance_requirements compliance_checklist integration_status google_calendar_is_public "
            "google_calendar_link"
        ).split()

    def to_representation(self, instance: Offering) -> dict[str, Any]:
        row = super().to_representation(instance)
        if "secret_options" in row and not self._may_see_secrets(instance):
            del row["secret_options"]
        return row

    def _may_see_secrets(self, offering: Offering) -> bool:
        """Whether the caller may change the offering's integration; asked once per customer and page."""
        known = self.context.setdefault("secrets_of_customer", {})
        if offering.customer_id not in known:
            caller = self.context["request"].user
            known[offering.customer_id] = has_permission(caller, "OFFERING.UPDATE_INTEGRATION", offering.customer)
        return known[offering.customer_id]


class ResourceSerializer(ObjectSerializer):
    """A resource as the provider of its offering sees it."""

    offering = shown_link("offering-detail")
    offering_name = shown("offering.name")
    offering_uuid = shown_uuid("offering.uuid")
    offering_description = shown("offering.description")
    offering_type = shown("offering.type")
    offering_shared = shown("offering.shared")
    offering_billable = shown("offering.billable")
    offering_plugin_options = shown("offering.plugin_options")
    offering_slug = shown("offering.slug")
    provider_name = shown("offering.customer.name")
    provider_uuid = shown_uuid("offering.customer.uuid")
    provider_slug = shown("offering.customer.slug")
    category_title = shown("offering.category.title")
    category_uuid = shown_uuid("offering.category.uuid")
    url = SelfLinkField(view_name="resource-detail")
    project = shown_link("project-detail")
    project_uuid = shown_uuid("project.uuid")
    project_name = shown("project.name")
    project_slug = shown("project.slug")
    project_description = shown("project.description")
    project_end_date = serializers.DateField(source="project.end_date")
    customer_uuid = shown_uuid("project.customer.uuid")
    customer_name = shown("project.customer.name")
    customer_slug = shown("project.customer.slug")

    class Meta:
        model = Resource
        passed_on: dict[str, Any] = {
            **dict.fromkeys(("offering_image", "offering_thumbnail", "category_icon", "plan", "plan_unit")),
            **dict.fromkeys(("plan_name", "plan_uuid", "plan_description", "scope", "resource_uuid", "resource_type")),
            **dict.fromkeys(("project_end_date_requested_by", "report", "end_date", "end_date_requested_by")),
            **dict.fromkeys(("username", "limit_usage", "last_sync", "order_in_progress", "creation_order")),
            **dict.fromkeys(("service_settings_uuid", "renewal_date", "parent_uuid", "parent_name")),
            **dict.fromkeys(("parent_offering_uuid", "parent_offering_name", "parent_offering_slug")),
            **dict.fromkeys(("effective_id", "error_message", "error_traceback"), ""),
            **{key: {} for key in ("attributes", "limits", "backend_metadata", "current_usages", "options")},
            **{key: [] for key in ("endpoints", "available_actions")},
            **dict.fromkeys(("is_limit_based", "downscaled", "restrict_member_access", "paused"), False),
            "is_usage_based": True,
            "can_terminate": True,
            "user_requires_reconsent": False,
        }
        fields = (
            "offering offering_name offering_uuid offering_description offering_image offering_thumbnail "
            "offering_type offering_shared offering_billable offering_plugin_options provider_name provider_uuid "
            "provider_slug category_title category_uuid category_icon plan plan_unit plan_name plan_uuid "
            "plan_description attributes limits uuid created modified url scope description state resource_uuid "
            "backend_id effective_id resource_type project project_uuid project_name project_description "
            "project_end_date project_end_date_requested_by customer_uuid customer_name offering_slug "
            "parent_offering_uuid parent_offering_name parent_offering_slug parent_uuid parent_name "
            "backend_metadata is_usage_based is_limit_based name slug current_usages can_terminate report end_date "
            "end_date_requested_by username limit_usage downscaled restrict_member_access paused endpoints "
            "error_message error_traceback options available_actions last_sync order_in_progress creation_order "
            "service_settings_uuid project_slug customer_slug user_requires_reconsent renewal_date"
        ).split()


class OfferingUserSerializer(ObjectSerializer):
    """A user's account in an offering."""

    url = SelfLinkField(view_name="offeringuser-detail")
    user = LinkField(view_name="user-detail", queryset=User.objects.all(), required=False)
    offering = LinkField(view_name="offering-detail", queryset=Offering.objects.all(), required=False)
    offering_uuid = shown_uuid("offering.uuid")
    offering_name = shown("offering.name")
    user_uuid = shown_uuid("user.uuid")
    user_username = shown("user.username")
    user_full_name = shown("user.full_name")
    user_email = shown("user.email")
    created = MomentField(read_only=True)
    modified = MomentField(read_only=True)
    customer_uuid = shown_uuid("offering.customer.uuid")
    customer_name = shown("offering.customer.name")

    class Meta:
        model = OfferingUser
        passed_on = {"has_consent": False, "requires_reconsent": False, "has_compliance_checklist": False}
        fields = (
            "url uuid user offering username offering_uuid offering_name user_uuid user_username user_full_name "
            "user_email created modified customer_uuid customer_name is_restricted state service_provider_comment "
            "service_provider_comment_url has_consent requires_reconsent has_compliance_checklist"
        ).split()
        read_only_fields = ("is_restricted", "state", "service_provider_comment", "service_provider_comment_url")

    def update(self, instance: OfferingUser, validated_data: dict[str, Any]) -> OfferingUser:
        username = validated_data.pop("username", instance.username)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.rename(username)
        return instance


class NewOfferingUserSerializer(OfferingUserSerializer):
    """The body of a new account: the user and the offering, each by URL or by UUID, never both (contract 3.e)."""

    user_uuid = HexField(required=False, write_only=True)
    offering_uuid = HexField(required=False, write_only=True)

    def get_validators(self) -> list[Any]:
        # The pair is compared in validate(), once both ways of naming it have been read.
        return []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        problems = {}
        for name, model in (("user", User), ("offering", Offering)):
            wanted = attrs.pop(f"{name}_uuid", None)
            if wanted is not None and name in attrs:
                problems[name] = [f"Only one of {name} and {name}_uuid can be given."]
            elif wanted is not None:
                attrs[name] = model.objects.filter(uuid=wanted).first()
            if attrs.get(name) is None:
                problems[name] = ["This field is required." if wanted is None else f"No such {name}."]
        if problems:
            raise exceptions.ValidationError(problems)
        if OfferingUser.objects.filter(offering=attrs["offering"], user=attrs["user"]).exists():
            raise exceptions.ValidationError("The fields offering, user must make a unique set.")
        return attrs

    @staticmethod
    def check_option(offering: Offering) -> None:
        """Raise 400 unless the offering lets its provider create accounts."""
        if not getattr(offering, editions.current().account_option_column).get(ACCOUNT_OPTION):
            raise exceptions.ValidationError("It is not allowed to create users for current offering.")

    def create(self, validated_data: dict[str, Any]) -> OfferingUser:
        account = OfferingUser(offering=validated_data["offering"], user=validated_data["user"])
        account.rename(validated_data.get("username"))
        return account

    def to_representation(self, instance: OfferingUser) -> dict[str, Any]:
        return OfferingUserSerializer(instance, context=self.context).data
