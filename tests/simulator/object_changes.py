# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and delete objects in ways that the API does not allow: the control channel's ``objects``."""

from __future__ import annotations

import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import ForeignKey, Model

from . import clock
from .fields import parse_uuid

# The field by which a request can name a related object other than by UUID, where that is not its name.
NAME_FIELDS = {"User": "username", "ServiceProvider": "customer__name", "Category": "title"}


def change_objects(
    model: str,
    where: dict[str, Any] | None = None,
    set: dict[str, Any] | None = None,  # noqa: A002 - the key of the control channel
    create: dict[str, Any] | None = None,
    delete: bool = False,
) -> dict[str, Any]:
    """Create one object of *model*, or change or delete those that match *where* (Django look-ups).

    Related objects are named by UUID or by name. Returns ``{"uuids": […]}``; raises
    ``LookupError`` or ``ValueError`` for what does not exist.
    """
    kind = apps.get_model("simulator", model)
    with transaction.atomic():
        if create is not None:
            return {"uuids": [_identifier(kind.objects.create(**_convert_values(kind, create)))]}
        objects = list(kind.objects.filter(**_convert_values(kind, where or {})))
        if not objects:
            raise LookupError(f"no {model} where {where}")
        for item in objects:
            if delete:
                item.delete()
                continue
            for name, value in _convert_values(kind, set or {}).items():
                setattr(item, name, value)
            item.save()
        return {"uuids": [_identifier(item) for item in objects]}


def _identifier(item: Model) -> str:
    """Return the UUID of *item* in hex digits, or its key where it has none."""
    return item.uuid.hex if hasattr(item, "uuid") else str(item.pk)


def _convert_values(kind: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    return {name: _convert_value(kind, name, value) for name, value in values.items()}


def _convert_value(kind: type[Model], name: str, value: Any) -> Any:
    """Convert *value* to the type of the column *name*; look-ups such as ``user__username`` are not converted."""
    fields = {field.name: field for field in kind._meta.concrete_fields}
    field = fields.get(name)
    if field is None and "__" not in name:
        raise LookupError(f"{kind.__name__} has no {name}; it has {', '.join(fields)}")
    if value is None or field is None:
        return value
    if isinstance(field, ForeignKey):
        return _find_object(field.related_model, value)
    if field.get_internal_type() == "UUIDField":
        return parse_uuid(value) or value
    if field.get_internal_type() == "DateTimeField" and not isinstance(value, datetime.datetime):
        return clock.parse(value)
    return value


def _find_object(kind: type[Model], value: Any) -> Model:
    uuid = parse_uuid(value)
    return kind.objects.get(**({"uuid": uuid} if uuid else {NAME_FIELDS.get(kind.__name__, "name"): value}))
