# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views of all areas share."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django_filters import FilterSet
from rest_framework import mixins, serializers, viewsets

from .. import editions
from ..fields import parse_uuid
from ..filtering import filters_of
from ..models import Object
from ..shapes import compiled, shape


class ObjectViewSet(viewsets.GenericViewSet):
    """Looks objects up by UUID, dashed or not; a malformed one is an object that does not exist."""

    lookup_field = "uuid"
    rows = ""
    filters = ""
    # What the writes read; it answers in its own shape.
    bodies: dict[str, type[serializers.BaseSerializer]] = {}

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return self.bodies.get(self.action) or self.serializer_class or shape(self.rows)

    @property
    def filterset_class(self) -> type[FilterSet] | None:
        """The filters of the present edition."""
        return filters_of(self.filters) if self.filters else None

    def shows(self, rows: str, *keys: str) -> bool:
        """Whether the answer, made of *rows*, has one of *keys*: ``field=`` may leave them out."""
        known = {key for key, _show in compiled(rows, editions.current().name)}
        wanted = known & set(self.request.query_params.getlist("field"))
        return not wanted or bool(wanted & set(keys))

    def asks(self, *names: str) -> bool:
        """Whether the query has one of the filters *names*, and the edition knows it."""
        known = self.filterset_class.base_filters if self.filterset_class else {}
        return any(name in self.request.query_params and name in known for name in names)

    def truth(self, name: str) -> bool | None:
        """What the query's filter *name* says: None without it, for what is no boolean, and where none is known."""
        value = self.request.query_params.get(name, "") if self.asks(name) else ""
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())

    def read_body(self, **context: Any) -> Any:
        """The request's body as the action's form reads it; raises 400."""
        form = self.get_serializer_class()
        body = form(data=self.request.data, context={**self.get_serializer_context(), **context})
        body.is_valid(raise_exception=True)
        return body.validated_data

    def get_object(self) -> Any:
        # The list's filters apply before the look-up, so they leak into detail routes as on the real server.
        queryset = self.get_queryset()
        if self.request.query_params:
            queryset = self.filter_queryset(queryset)
        found = self.find(queryset, self.kwargs["uuid"])
        self.check_object_permissions(self.request, found)
        return found

    @staticmethod
    def find(queryset: Any, value: str) -> Object:
        """The object of *queryset* with the UUID *value*; raises 404."""
        wanted = parse_uuid(value)
        if wanted is not None:
            # UUIDs are unique, so the list's order and a LIMIT would only cost time.
            for found in queryset.filter(uuid=wanted).order_by():
                return found
        name = {"Grant": "UserRole"}.get(queryset.model.__name__, queryset.model.__name__)
        raise Http404(f"No {name} matches the given query.")


class LookUpViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ObjectViewSet):
    """A list and its objects, to read, in the shape ``rows`` and with the filters of ``filters``."""
