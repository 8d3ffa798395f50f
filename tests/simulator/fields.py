# SPDX-License-Identifier: GPL-3.0-or-later
"""Serializer fields and bases that every area shares."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from rest_framework import serializers

from . import editions
from .models import Media, Object
from .uuids import parse_uuid


class MomentField(serializers.DateTimeField):
    """A moment, spelled as the edition spells UTC (contract 1.10)."""

    def to_representation(self, value: datetime.datetime | None) -> str | None:
        if not value:
            return None
        return value.isoformat().replace("+00:00", editions.current().utc_suffix)


class HexField(serializers.UUIDField):
    """A UUID of 32 hex digits (contract 1.2)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="hex", **kwargs)


class LinkField(serializers.HyperlinkedRelatedField):
    """A URL of an object by its UUID; a malformed UUID in it is an object that does not exist."""

    lookup_field = "uuid"

    def get_object(self, view_name: str, view_args: Any, view_kwargs: dict[str, Any]) -> models.Model:
        value = parse_uuid(view_kwargs.get("uuid"))
        if value is None:
            raise ObjectDoesNotExist
        return self.get_queryset().get(uuid=value)

    def use_pk_only_optimization(self) -> bool:
        return False

    def get_url(self, obj: Object, view_name: str, request: Any, _format: str | None) -> str:
        return link(request, view_name, obj.uuid)


class SelfLinkField(serializers.HyperlinkedIdentityField):
    """The object's own URL."""

    def get_url(self, obj: Object, view_name: str, request: Any, _format: str | None) -> str:
        return link(request, view_name, obj.uuid)


# Where each kind of object lives, so that rows need no reversing of routes: a page of 300 rows has a thousand links.
PLACES = {
    "serviceprovider-detail": "marketplace-service-providers",
    "customer-detail": "customers",
    "user-detail": "users",
    "role-detail": "roles",
    "project-detail": "projects",
    "offering-detail": "marketplace-provider-offerings",
    "offeringuser-detail": "marketplace-offering-users",
    "resource-detail": "marketplace-provider-resources",
    "media-detail": "media",
    "category-detail": "marketplace-categories",
}


def link(request: Any, view_name: str, value: uuid.UUID) -> str:
    """The absolute URL of the object *value*, from the host and scheme of the request (contract 1.3)."""
    return f"{request.scheme}://{request.get_host()}/api/{PLACES[view_name]}/{value.hex}/"


class PictureField(serializers.ImageField):
    """An image that is stored as a row of its own and shown as its URL."""

    def to_internal_value(self, data: Any) -> Media:
        file = super().to_internal_value(data)
        file.seek(0)
        return Media(content=file.read(), content_type=file.content_type or "application/octet-stream")

    def to_representation(self, value: Media | None) -> str | None:
        return link(self.context["request"], "media-detail", value.uuid) if value else None


class RestrictedSerializer(serializers.Serializer):
    """``field=`` keeps only the named keys, also of writable fields (contract 1.6)."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is None or not self._is_outermost():
            return fields
        wanted = [name for name in request.query_params.getlist("field") if name in fields]
        return {name: fields[name] for name in wanted} if wanted else fields

    def _is_outermost(self) -> bool:
        parent = self.parent
        return parent is None or (isinstance(parent, serializers.ListSerializer) and parent.parent is None)


class PassedOnField(serializers.Field):
    """A key shown as it was recorded: the value under its name in ``extra``, else *fallback*."""

    def __init__(self, fallback: Any = None, **kwargs: Any) -> None:
        self.fallback = fallback
        super().__init__(read_only=True, source="extra", **kwargs)

    def to_representation(self, value: dict[str, Any]) -> Any:
        return value.get(self.field_name, self.fallback)


class ObjectSerializer(RestrictedSerializer, serializers.ModelSerializer):
    """A model's serializer with Waldur's UUIDs, moments and links.

    A name in ``Meta.fields`` that is neither declared nor of the model must be in ``Meta.passed_on``, which gives
    the value to show for objects whose ``extra`` has none.
    """

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
        models.UUIDField: HexField,
    }
    serializer_related_field = LinkField

    def build_field(self, field_name: str, *where: Any) -> tuple[type, dict[str, Any]]:
        passed_on = getattr(self.Meta, "passed_on", {})
        if field_name in passed_on:
            return PassedOnField, {"fallback": passed_on[field_name]}
        return super().build_field(field_name, *where)


def shown(source: str) -> serializers.ReadOnlyField:
    """A text or number of a related object."""
    return serializers.ReadOnlyField(source=source)


def shown_uuid(source: str) -> HexField:
    """The UUID of a related object."""
    return HexField(source=source, read_only=True)


def shown_link(view_name: str, source: str | None = None) -> LinkField:
    """The URL of a related object."""
    return LinkField(view_name=view_name, read_only=True, source=source)
