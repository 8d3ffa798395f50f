# SPDX-License-Identifier: GPL-3.0-or-later
"""How UUIDs, moments, links and images are read and shown."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from rest_framework import serializers

from . import editions
from .models import Media

# Where each kind of object lives, so that rows need no reversing of routes: a page of 300 rows has a thousand links.
PLACES = editions.load("routes.yaml")


def parse_uuid(value: object) -> uuid.UUID | None:
    """The UUID that *value* spells, with or without dashes, in any case; None when it spells none
    (api-behaviour: uuids)."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def link(request: Any, item: Any) -> str:
    """The absolute URL of the object *item*, from the host and scheme of the request
    (api-behaviour: references-by-url)."""
    return f"{request.scheme}://{request.get_host()}/api/{PLACES[item._meta.model_name]}/{item.uuid.hex}/"


def moment(value: datetime.datetime) -> str:
    """A moment in UTC, spelled as the edition does (api-behaviour: timestamps)."""
    return value.isoformat().replace("+00:00", editions.current().utc_suffix)


class MomentField(serializers.DateTimeField):
    """A moment; shown as :func:`moment` does."""

    def to_representation(self, value: datetime.datetime | None) -> str | None:
        return moment(value) if value else None


class HexField(serializers.UUIDField):
    """A UUID of 32 hex digits (api-behaviour: uuids)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="hex", **kwargs)


class LinkField(serializers.HyperlinkedRelatedField):
    """A URL of an object by its UUID; a malformed UUID in it is an object that does not exist."""

    lookup_field = "uuid"

    def to_internal_value(self, data: Any) -> models.Model:
        try:
            return super().to_internal_value(data)
        except ValueError:
            # Brackets that hold no address break the splitting of URLs.
            return self.fail("no_match")

    def get_object(self, view_name: str, view_args: Any, view_kwargs: dict[str, Any]) -> models.Model:
        value = parse_uuid(view_kwargs.get("uuid"))
        if value is None:
            raise ObjectDoesNotExist
        return self.get_queryset().get(uuid=value)


class PictureField(serializers.ImageField):
    """An image, stored as a row of its own."""

    def to_internal_value(self, data: Any) -> Media:
        file = super().to_internal_value(data)
        file.seek(0)
        return Media(content=file.read(), content_type=file.content_type or "application/octet-stream")
