# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, and who holds them (contract 2.7 to 2.10, 2.19, 3.a to 3.d)."""

from __future__ import annotations

import datetime
from typing import Any

from rest_framework import exceptions, serializers

from .. import clock
from ..fields import (
    HexField,
    MomentField,
    ObjectSerializer,
    RestrictedSerializer,
    shown,
    shown_link,
    shown_uuid,
)
from ..models import Grant, Role, User
from ..permissions import column_of, has_permission
from ..uuids import parse_uuid

LANGUAGES = ("en", "et", "lt", "lv", "ru", "it", "de", "da", "sv", "es", "fr", "nb", "ar", "cs")


class RoleSerializer(ObjectSerializer):
    """A role; the number of its holders is for staff and support."""

    permissions = serializers.SlugRelatedField(many=True, read_only=True, slug_field="permission")
    users_count = serializers.SerializerMethodField()

    class Meta:
        model = Role
        fields = (
            "uuid",
            "name",
            "description",
            *(f"description_{language}" for language in LANGUAGES),
            "permissions",
            "is_system_role",
            "is_active",
            "users_count",
            "content_type",
        )
        passed_on = {f"description_{language}": None for language in LANGUAGES}

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        user = self.context["request"].user
        if not (user.is_staff or user.is_support):
            fields.pop("users_count", None)
        return fields

    def get_users_count(self, role: Role) -> int:
        return role.grants.filter(is_active=True).count()


class GrantSerializer(serializers.Serializer):
    """A row of ``list_users``; ``field`` is documented there but not obeyed (contract 1.6)."""

    uuid = HexField()
    created = MomentField()
    expiration_time = MomentField()
    role_name = shown("role.name")
    role_uuid = shown_uuid("role.uuid")
    user_email = shown("user.email")
    user_full_name = shown("user.full_name")
    user_username = shown("user.username")
    user_uuid = shown_uuid("user.uuid")
    user_image = serializers.SerializerMethodField()
    created_by_full_name = shown("created_by.full_name")
    created_by_uuid = shown_uuid("created_by.uuid")

    def get_user_image(self, grant: Grant) -> str | None:
        return grant.user.extra.get("image")


class ExpirySerializer(serializers.Serializer):
    """What ``add_user`` and ``update_user`` answer."""

    expiration_time = MomentField()


class PermissionSerializer(RestrictedSerializer):
    """A grant as ``/api/user-permissions/`` and a user's ``permissions`` show it.

    Of a grant on a customer, ``customer_uuid`` and ``customer_name`` are absent: a customer has no customer.
    """

    user_uuid = shown_uuid("user.uuid")
    user_name = shown("user.full_name")
    user_slug = shown("user.slug")
    created = MomentField()
    expiration_time = MomentField()
    created_by_full_name = shown("created_by.full_name")
    created_by_username = shown("created_by.username")
    role_name = shown("role.name")
    role_description = shown("role.description")
    role_uuid = shown_uuid("role.uuid")
    scope_type = shown("scope._meta.model_name")
    scope_uuid = shown_uuid("scope.uuid")
    scope_name = shown("scope.name")
    customer_uuid = shown_uuid("scope.customer.uuid")
    customer_name = shown("scope.customer.name")


class ProjectPermissionSerializer(RestrictedSerializer):
    """A row of a provider's ``project_permissions``."""

    role = serializers.SerializerMethodField()
    role_name = shown("role.name")
    created = MomentField()
    expiration_time = MomentField()
    created_by = shown_link("user-detail")
    created_by_full_name = shown("created_by.full_name")
    created_by_username = shown("created_by.username")
    project = shown_link("project-detail")
    project_uuid = shown_uuid("project.uuid")
    project_name = shown("project.name")
    project_created = MomentField(source="project.created")
    project_end_date = serializers.DateField(source="project.end_date")
    customer_uuid = shown_uuid("project.customer.uuid")
    customer_name = shown("project.customer.name")
    user = shown_link("user-detail")
    user_full_name = shown("user.full_name")
    user_native_name = shown("user.native_name")
    user_username = shown("user.username")
    user_uuid = shown_uuid("user.uuid")
    user_email = shown("user.email")

    def get_role(self, grant: Grant) -> str:
        return grant.role.name.rsplit(".", 1)[-1].lower()


class GrantChangeSerializer(serializers.Serializer):
    """The body of the three role calls, with the checks that they share in their order (contract 3.a)."""

    role = serializers.CharField()
    user = HexField()
    expiration_time = MomentField(required=False, allow_null=True, input_formats=["%Y-%m-%d", "iso-8601"])

    def validate_role(self, value: str) -> Role:
        wanted = parse_uuid(value)
        role = Role.objects.filter(**({"uuid": wanted} if wanted else {"name": value})).first()
        if role is None:
            raise exceptions.ValidationError("Role is not found.")
        return role

    def validate_user(self, value: Any) -> User:
        user = User.objects.filter(uuid=value, is_active=True).first()
        if user is None:
            raise exceptions.ValidationError("User is not found.")
        return user

    def validate_expiration_time(self, value: datetime.datetime | None) -> datetime.datetime | None:
        if value is not None and value < clock.now():
            raise exceptions.ValidationError("Expiration time should be greater than current time.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        scope, caller = self.context["scope"], self.context["request"].user
        customer = getattr(scope, "customer", scope)
        if customer.blocked or customer.archived:
            raise exceptions.ValidationError("Customer is not available.")
        permission = self.context["permission"]
        if has_permission(caller, permission, customer):
            return attrs
        if not has_permission(caller, permission, scope):
            raise exceptions.PermissionDenied()
        if attrs["user"] == caller and scope != customer:
            raise exceptions.ValidationError("User can not manage own role.")
        return attrs


class NewGrantSerializer(GrantChangeSerializer):
    """The body of ``add_user``."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        scope, role = self.context["scope"], attrs["role"]
        if self._is_covered(attrs):
            raise exceptions.ValidationError("User has already the same role in this scope.")
        if role.content_type != column_of(scope):
            raise exceptions.ValidationError("Role is not valid for this scope.")
        if not role.is_active:
            raise exceptions.ValidationError("Role is not active.")
        return attrs

    def _is_covered(self, attrs: dict[str, Any]) -> bool:
        """Whether a grant lasts at least as long; a shorter one is overlooked and doubled (contract 3.a)."""
        scope, until = self.context["scope"], attrs.get("expiration_time")
        held = Grant.objects.filter(
            is_active=True, user=attrs["user"], role=attrs["role"], **{column_of(scope): scope}
        ).values_list("expiration_time", flat=True)
        return any(end is None or (until is not None and end >= until) for end in held)
