# SPDX-License-Identifier: GPL-3.0-or-later
"""Service providers (contract 2.1 to 2.6) and their small bodies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..fields import HexField, LinkField, ObjectSerializer, PictureField, SelfLinkField, shown, shown_uuid
from ..models import Customer, Media, ServiceProvider


class ServiceProviderSerializer(ObjectSerializer):
    """The profile of a provider; the customer can be given once, at creation."""

    url = SelfLinkField(view_name="serviceprovider-detail")
    customer_name = shown("customer.name")
    customer_uuid = shown_uuid("customer.uuid")
    customer_image = serializers.SerializerMethodField()
    customer_abbreviation = shown("customer.abbreviation")
    customer_slug = shown("customer.slug")
    customer_native_name = shown("customer.native_name")
    customer_country = serializers.CharField(source="customer.country", read_only=True)
    image = PictureField(required=False, allow_null=True, max_length=100)
    # Declared by the real server too, for an attribute that providers don't have: the key never shows (contract 2.2).
    organization_groups = serializers.ListField(read_only=True)
    offering_count = serializers.SerializerMethodField()

    class Meta:
        model = ServiceProvider
        fields = (
            "url",
            "uuid",
            "created",
            "description",
            "enable_notifications",
            "customer",
            "customer_name",
            "customer_uuid",
            "customer_image",
            "customer_abbreviation",
            "customer_slug",
            "customer_native_name",
            "customer_country",
            "image",
            "organization_groups",
            "offering_count",
        )
        read_only_fields = ("created",)
        extra_kwargs = {"customer": {"view_name": "customer-detail", "queryset": Customer.objects.all()}}

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if self.instance is not None and isinstance(fields.get("customer"), LinkField):
            fields["customer"].read_only = True
            fields["customer"].validators = []
        if self.context["request"].user.is_anonymous:
            fields.pop("enable_notifications", None)
        return fields

    def get_customer_image(self, provider: ServiceProvider) -> str | None:
        return provider.customer.extra.get("image")

    def get_offering_count(self, provider: ServiceProvider) -> int:
        counted = getattr(provider, "counted_offerings", None)
        if counted is not None:
            return counted
        return provider.customer.offerings.filter(state__in=("Active", "Paused")).count()

    def create(self, validated_data: dict[str, Any]) -> ServiceProvider:
        return super().create(self._keep_image(validated_data))

    def update(self, instance: ServiceProvider, validated_data: dict[str, Any]) -> ServiceProvider:
        return super().update(instance, self._keep_image(validated_data))

    @staticmethod
    def _keep_image(data: dict[str, Any]) -> dict[str, Any]:
        image: Media | None = data.get("image")
        if image is not None:
            image.save()
        return data


class OfferingsUsernameSerializer(serializers.Serializer):
    """The body of ``set_offerings_username``; the length is left to the database (contract 2.11)."""

    user_uuid = HexField()
    username = serializers.CharField(allow_blank=True)
