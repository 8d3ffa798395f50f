# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of filters that the lists are made of (contract 1.7 to 1.9)."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import Resolver404, resolve
from django_filters.widgets import BooleanWidget

from .models import folded
from .uuids import parse_uuid


class AskedFilterSet(filters.FilterSet):
    """A FilterSet of those filters alone that the query names: the others would do nothing, slowly."""

    base_filters: dict[str, filters.Filter]

    def __init__(self, data: Any = None, queryset: QuerySet | None = None, **kwargs: Any) -> None:
        self.base_filters = {name: self.base_filters[name] for name in data or () if name in self.base_filters}
        super().__init__(data, queryset, **kwargs)


class UrlFilter(filters.CharFilter):
    """Takes an object's URL, absolute or a path; any other text matches nothing."""

    def __init__(self, view_name: str, **kwargs: Any) -> None:
        self.view_name = view_name
        super().__init__(**kwargs)

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        if not value:
            return queryset
        path = "/" + value.split("://", 1)[-1].partition("/")[2] if "://" in value else value
        try:
            match = resolve(path)
        except Resolver404:
            return queryset.none()
        found = parse_uuid(match.kwargs.get("uuid"))
        if match.url_name != self.view_name or found is None:
            return queryset.none()
        return queryset.filter(**{self.field_name: found})


class FoldedNameFilter(filters.CharFilter):
    """Part of a full name, whatever the case and accents."""

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(**{f"{self.field_name}__contains": folded(value)}) if value else queryset


class OpenChoiceField(forms.MultipleChoiceField):
    """Repeated texts of any kind: those that nothing has are no mistake."""

    def valid_value(self, value: str) -> bool:
        return True


class OpenChoiceFilter(filters.MultipleChoiceFilter):
    """Any of the repeated texts (contract 2.23: ``type``)."""

    field_class = OpenChoiceField


class UuidListFilter(filters.BaseInFilter, filters.UUIDFilter):
    """UUIDs joined by commas."""


class TextListFilter(filters.BaseInFilter, filters.CharFilter):
    """Texts joined by commas."""


def labels(*names: str) -> list[tuple[str, str]]:
    """Choices whose value is their label."""
    return [(name, name) for name in names]


def part(field_name: str) -> filters.CharFilter:
    """A substring in any case."""
    return filters.CharFilter(field_name=field_name, lookup_expr="icontains")


def exact(field_name: str) -> filters.CharFilter:
    """The whole text, case-sensitive."""
    return filters.CharFilter(field_name=field_name)


def truth(field_name: str) -> filters.BooleanFilter:
    """``true`` or ``false``."""
    return filters.BooleanFilter(field_name=field_name, widget=BooleanWidget)


def since(field_name: str) -> filters.IsoDateTimeFilter:
    """At or after a moment."""
    return filters.IsoDateTimeFilter(field_name=field_name, lookup_expr="gte")


def any_part(*field_names: str) -> Any:
    """A filter method: part of any of the fields, in any case."""

    def method(self: filters.FilterSet, queryset: QuerySet, name: str, value: str) -> QuerySet:
        wanted = Q()
        for field_name in field_names:
            wanted |= Q(**{f"{field_name}__icontains": value})
        return queryset.filter(wanted)

    return method


def ordering(**keys: str) -> filters.OrderingFilter:
    """``o`` with *keys*: its name for the caller and the column behind it."""
    return filters.OrderingFilter(fields=[(column, name) for name, column in keys.items()])
