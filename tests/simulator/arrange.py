# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting objects into states that the API can't make: the control channel's ``objects``."""

from __future__ import annotations

import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import ForeignKey, Model

from . import clock
from .fields import parse_uuid

# How else than by UUID an object can be named, where that is not by its name.
NAMES = {"User": "username", "ServiceProvider": "customer__name", "Category": "title"}


def arrange(
    model: str,
    where: dict[str, Any] | None = None,
    set: dict[str, Any] | None = None,  # noqa: A002 - the key of the control channel
    create: dict[str, Any] | None = None,
    delete: bool = False,
) -> dict[str, Any]:
    """Create one object of *model*, or change or delete those that match *where* (Django look-ups).

    Related objects are named by UUID or by what people call them. Returns ``{"uuids": […]}``; raises
    ``LookupError`` or ``ValueError`` for what does not exist.
    """
    kind = apps.get_model("simulator", model)
    with transaction.atomic():
        if create is not None:
            return {"uuids": [_identifier(kind.objects.create(**_values(kind, create)))]}
        found = list(kind.objects.filter(**_values(kind, where or {})))
        if not found:
            raise LookupError(f"no {model} where {where}")
        for item in found:
            if delete:
                item.delete()
                continue
            for name, value in _values(kind, set or {}).items():
                setattr(item, name, value)
            item.save()
        return {"uuids": [_identifier(item) for item in found]}


def _identifier(item: Model) -> str:
    """Return the UUID of *item* in hex digits, or its key where it has none."""
    return item.uuid.hex if hasattr(item, "uuid") else str(item.pk)


def _values(kind: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(kind, name, value) for name, value in values.items()}


def _value(kind: type[Model], name: str, value: Any) -> Any:
    """*value* as the column *name* holds it; look-ups such as ``user__username`` stay as they are."""
    fields = {field.name: field for field in kind._meta.concrete_fields}
    field = fields.get(name)
    if field is None and "__" not in name:
        raise LookupError(f"{kind.__name__} has no {name}; it has {', '.join(fields)}")
    if value is None or field is None:
        return value
    if isinstance(field, ForeignKey):
        return _named(field.related_model, value)
    if field.get_internal_type() == "UUIDField":
        return parse_uuid(value) or value
    if field.get_internal_type() == "DateTimeField" and not isinstance(value, datetime.datetime):
        return clock.parse(value)
    return value


def _named(kind: type[Model], value: Any) -> Model:
    wanted = parse_uuid(value)
    return kind.objects.get(**({"uuid": wanted} if wanted else {NAMES.get(kind.__name__, "name"): value}))
