# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of ``filters/*.yaml`` as filter sets (api-behaviour: array-parameters, ordering, filters); a name that is
not there is ignored.

A list's filters are a mapping from names to ``kind argument …``; where the arguments are left out the column is called
like the filter. Kinds: those of ``kinds.yaml``, ``there`` (whether the column has a value), ``any`` (part of any of the
columns), ``url`` (a kind of object, and the column of its UUID), ``choice`` (a column, and a list of labels in
``states.yaml``), ``order`` (``name=column …``),
``loose`` (an order by columns that passes over what it does not know), ``held`` and ``either`` (the kind of the value,
the column of a grant that points to the row, and conditions, in which ``value`` and ``caller`` stand for these;
``either`` turns round when false) and ``call`` (a function of ``lookups.py`` that takes queryset, value and request;
and the kind of the value, such as ``choice`` with a list of labels; ``exact`` text when left out).
``{is: …, since: …, until: …}`` bounds a filter to editions; in a list of these the one of the edition counts.
``like`` names the list whose filters it has, too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.urls import Resolver404, resolve
from django_filters import rest_framework as filters

from . import editions, models
from .fields import parse_uuid
from .shapes import in_edition, read


class AskedFilterSet(filters.FilterSet):
    """A FilterSet of those filters alone that the query names: the others would do nothing, slowly."""

    base_filters: dict[str, filters.Filter]

    def __init__(self, data: Any = None, queryset: QuerySet | None = None, **kwargs: Any) -> None:
        self.base_filters = {name: self.base_filters[name] for name in data or () if name in self.base_filters}
        super().__init__(data, queryset, **kwargs)


def part_of_any(columns: Iterable[str], value: str) -> Q:
    """Where *value* is part of any of *columns*, in any case."""
    return Q(*(Q((f"{column}__icontains", value)) for column in columns), _connector=Q.OR)


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
        return queryset.filter(**{f"{self.field_name}__contains": models.folded(value)}) if value else queryset


class AnyFilter(filters.CharFilter):
    """Part of any of the columns, in any case."""

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(part_of_any((self.field_name or "").split(), value)) if value else queryset


class LooseOrderFilter(filters.CharFilter):
    """Order by those of the named columns that there are; other names are passed over."""

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        known = (self.field_name or "").split()
        wanted = [name for name in (value or "").split(",") if name.strip().lstrip("-") in known]
        return queryset.order_by(*(name.strip() for name in wanted)) if wanted else queryset


class CallMixin:
    """Leaves the work to a function of ``lookups.py``; what it mixes into says how the value is read."""

    field_name: str
    parent: filters.FilterSet

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        from . import lookups

        if value in ("", None):
            return queryset
        return getattr(lookups, self.field_name)(queryset, value, self.parent.request)


class HeldMixin(CallMixin):
    """Keeps the rows on which, or by which, a role is held; ``False`` keeps all, or those on which none is held."""

    conditions: dict[str, str]
    excludes: bool

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value in ("", None):
            return queryset
        said = {"caller": self.parent.request.user.pk, "value": value}
        found = {name: said.get(wanted, wanted) for name, wanted in self.conditions.items()}
        held = models.Grant.objects.filter(is_active=True, **{f"{self.field_name}__isnull": False}, **found)
        rows = Q(pk__in=held.values(self.field_name))
        if value is False:
            return queryset.exclude(rows) if self.excludes else queryset
        return queryset.filter(rows)


class OpenChoiceField(forms.MultipleChoiceField):
    """Repeated texts of any kind: those that nothing has are no mistake."""

    def valid_value(self, value: str) -> bool:
        return True


class OpenChoiceFilter(filters.MultipleChoiceFilter):
    """Any of the repeated texts (api-behaviour: offerings: ``type``)."""

    field_class = OpenChoiceField


class UuidListFilter(filters.BaseInFilter, filters.UUIDFilter):
    """UUIDs joined by commas."""


class TextListFilter(filters.BaseInFilter, filters.CharFilter):
    """Texts joined by commas."""


@functools.cache
def filters_of(name: str) -> type[AskedFilterSet]:
    """The filter set of the list *name* in the present edition."""
    own = read("filters")[name]
    rules = {**read("filters").get(own.get("like"), {}), **own}
    made = {}
    for key, alternatives in rules.items():
        for rule in alternatives if isinstance(alternatives, list) else [alternatives]:
            if key != "like" and in_edition(rule):
                made[key] = _made(key, (rule.get("is") if isinstance(rule, dict) else rule) or "exact")
    return type(f"{name.title()}Filter", (AskedFilterSet,), made)


def labels(name: str) -> list[tuple[str, str]]:
    """Return the labels that the list *name* of ``states.yaml`` has in the present edition, as choices."""
    rules = (rule if isinstance(rule, dict) else {"is": rule} for rule in models.STATES[name])
    return [(rule["is"], rule["is"]) for rule in rules if in_edition(rule)]


def _made(name: str, text: str) -> filters.Filter:
    kind, *arguments = text.split()
    if kind == "order":
        pairs = (pair.partition("=") for pair in arguments)
        return filters.OrderingFilter(fields=[(column or key, key) for key, _equals, column in pairs])
    if kind == "url":
        return UrlFilter(f"{arguments[0]}-detail", field_name=arguments[1])
    if kind == "choice":
        return filters.MultipleChoiceFilter(field_name=arguments[0], choices=labels(arguments[1]))
    if kind == "call":
        return _mixed(CallMixin, " ".join(arguments[1:]) or "exact", arguments[0])
    if kind in ("held", "either"):
        conditions = dict(condition.split("=") for condition in arguments[2:])
        return _mixed(HeldMixin, arguments[0], arguments[1], conditions=conditions, excludes=kind == "either")
    made_of, said = _kind(kind)
    return made_of(field_name=" ".join(arguments) or name, **said)


def _kind(name: str) -> tuple[type[filters.Filter], dict[str, Any]]:
    """Return the class of the filters of the kind *name*, and its arguments; ``choice <list>`` is one, too."""
    if name.startswith("choice "):
        return filters.MultipleChoiceFilter, {"choices": labels(name.split()[1])}
    rule = editions.load("kinds.yaml")["filters"][name]
    made_of = globals().get(rule["made_of"]) or getattr(filters, rule["made_of"])
    return made_of, {key: value for key, value in rule.items() if key != "made_of"}


def _mixed(mixin: type, kind: str, column: str, **attributes: Any) -> filters.Filter:
    made_of, said = _kind(kind)
    return type(mixin.__name__, (mixin, made_of), attributes)(field_name=column, **said)
