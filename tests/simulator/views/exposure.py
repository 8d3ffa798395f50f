# SPDX-License-Identifier: GPL-3.0-or-later
"""Which attributes of users an offering exposes, and which fields of a profile offerings need
(api-behaviour: user-attributes-config, profile-field-warnings)."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ..exposure import ATTRIBUTES, default_attributes, exposed_by, field_warnings
from ..models import Offering
from ..permissions import demand


class AttributeConfigForm(serializers.Serializer):
    """The flags of an offering for the attributes of its users; those that are left out stay."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {f"expose_{name}": serializers.BooleanField(required=False) for name in ATTRIBUTES}


class AttributeConfigActions:
    """The three requests about which attributes of users an offering exposes."""

    get_object: Any
    read_body: Any

    @action(detail=True, methods=["get"], url_path="user-attribute-config")
    def user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Show the flags, or what holds without any (api-behaviour: user-attributes-config)."""
        return Response(show_config(self.get_object()))

    @action(
        detail=True,
        methods=["post", "put", "patch"],
        url_path="update-user-attribute-config",
        serializer_class=AttributeConfigForm,
    )
    def update_user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Change flags; an offering without a configuration gets a new one."""
        offering = self.changed_offering(request)
        body = self.read_body()
        own = offering.exposed_attributes
        before = default_attributes() if own is None else set(own)
        offering.exposed_attributes = [name for name in ATTRIBUTES if body.get(f"expose_{name}", name in before)]
        offering.save()
        return Response(show_config(offering))

    @action(detail=True, methods=["delete"], url_path="delete-user-attribute-config")
    def delete_user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Delete the flags, if there are any."""
        offering = self.changed_offering(request)
        offering.exposed_attributes = None
        offering.save()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def changed_offering(self, request: Request) -> Offering:
        """Return the offering that the request is about; raises 403."""
        offering: Offering = self.get_object()
        demand(request.user, "OFFERING.UPDATE", offering, offering.customer)
        return offering


def show_config(offering: Offering) -> dict[str, Any]:
    """Return the flags of *offering*; without own ones only what the server's default exposes."""
    exposed = exposed_by(offering)
    shown = {
        "is_default": offering.exposed_attributes is None,
        "exposed_fields": [one for one in ATTRIBUTES if one in exposed],
    }
    if offering.exposed_attributes is None:
        return shown
    flags = {f"expose_{name}": name in exposed for name in ATTRIBUTES}
    return {"uuid": uuids.uuid5(offering.uuid, "user-attribute-config").hex, **shown, **flags}


class ProfileActions:
    """The request about the caller's own profile."""

    @action(detail=False, methods=["get"])
    def profile_field_warnings(self, request: Request) -> Response:
        """Show which offerings need which fields of the caller's profile (api-behaviour: profile-field-warnings)."""
        return Response(field_warnings(request.user))
