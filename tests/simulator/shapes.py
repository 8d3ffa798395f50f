# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects look like over HTTP: the rows of ``shapes/*.yaml`` as serializers of the REST framework.

A shape is a mapping from the keys of a row, in their order, to where each value comes from:

``key:``                        the attribute of that name
``key: customer.name``          the attribute at that path; without the object before the dot the key is left out
``key: parent.name?``           the same, but null then
``key: {extra: []}``            what the world's file says under that key, else the value given here
``key: {call: users_count}``    what that function of ``computed.py`` returns for the object and the request
``key: {attribute: x, else: []}``  the attribute ``x`` of the object's user, the value given here without one
``key: {has: customer.email}``  whether there is anything at that path
``key: {count: x}``             how many there are in the attribute ``x``
``key: {rows: person, of: x}``  the attribute ``x`` (one object, or many) in another shape

``since`` and ``until`` (editions, inclusive) bound a key, ``to`` says who sees it: ``staff`` (and support), ``self``,
``users`` (anyone who is logged in). ``exposed`` names an attribute of a user: where the edition lets offerings say what
they expose, the key is left out unless that is in the object's ``exposed``, or has the value of ``hidden`` if that is
given. Values are shown by their type: UUIDs as hex digits, moments as the edition spells them, objects as their URL.
"""

from __future__ import annotations

import datetime
import functools
import pathlib
import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Model
from rest_framework import serializers

from . import editions
from .fields import link, moment

ABSENT = object()
Show = Callable[[Any, Any], Any]


@functools.cache
def read(folder: str) -> dict[str, Any]:
    """The content of all files of *folder* (``shapes`` or ``filters``), together."""
    found: dict[str, Any] = {}
    for path in sorted((pathlib.Path(__file__).parent / folder).glob("*.yaml")):
        found |= editions.load(folder, path.name)
    return found


def in_edition(rule: Any) -> bool:
    """Whether a rule of a shape or of a filter holds in the present edition."""
    if not isinstance(rule, dict):
        return True
    name = editions.current().name
    return str(rule.get("since", name)) <= name <= str(rule.get("until", name))


class Shape(serializers.BaseSerializer):
    """Shows objects as ``rows`` says; ``field=`` keeps the named keys of the outermost rows
    (api-behaviour: field-parameter)."""

    rows = ""
    obeys_field = True
    # What OPTIONS says of a body that nothing reads.
    fields: dict[str, serializers.Field] = {}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        request = self.context["request"]
        row = ((key, show(instance, request)) for key, show in self.requested_keys)
        return {key: value for key, value in row if value is not ABSENT}

    @functools.cached_property
    def requested_keys(self) -> list[tuple[str, Show]]:
        """The keys that the request wants, with the function that shows each."""
        every = compiled(self.rows, editions.current().name)
        if self.parent is not None:
            # One's own token is shown by the detail route and by "me", not in a list.
            every = [pair for pair in every if pair[0] not in own_keys(self.rows)]
        if self.obeys_field and self.rows not in editions.current().shapes_without_field:
            wanted = self.context["request"].query_params.getlist("field")
            return [pair for pair in every if pair[0] in wanted] or every if wanted else every
        return every


@functools.cache
def shape(name: str, *, obeys_field: bool = True) -> type[Shape]:
    """The serializer of the shape *name*; ``obeys_field=False`` for lists that always show everything."""
    return type(f"{name.title()}Shape", (Shape,), {"rows": name, "obeys_field": obeys_field})


@functools.cache
def own_keys(name: str) -> frozenset[str]:
    """The keys of the shape *name* that are for the object itself."""
    rules = read("shapes")[name].items()
    return frozenset(key for key, rule in rules if isinstance(rule, dict) and rule.get("to") == "self")


@functools.cache
def compiled(name: str, edition: str) -> list[tuple[str, Show]]:
    """The keys of the shape *name* in *edition*, each with its function of an object and a request."""
    rules = ((key, rule) for key, rule in read("shapes")[name].items() if in_edition(rule))
    return [(key, _exposed(rule, _limited(rule, _show(key, rule)))) for key, rule in rules]


def _show(key: str, rule: Any) -> Show:
    if not isinstance(rule, dict):
        return _attribute(rule or key)
    if "attribute" in rule:
        found: Show = functools.partial(_user_attribute, rule["attribute"], rule["else"])
    else:
        found = _attribute(f"{rule['has']}?" if "has" in rule else rule.get("is") or key)
    if "extra" in rule:
        return lambda item, request: item.extra.get(key, rule["extra"])
    if "has" in rule:
        return lambda item, request: found(item, request) is not None
    if "count" in rule:
        return lambda item, request: len(getattr(item, rule["count"]))
    if "rows" in rule:
        return functools.partial(_nested, rule["rows"], rule.get("of") or key)
    return _called(rule["call"]) if "call" in rule else found


def _called(name: str) -> Show:
    from . import computed

    return getattr(computed, name)


def _user_attribute(name: str, otherwise: Any, item: Any, request: Any) -> Any:
    from .exposure import attribute

    value = attribute(item.user, name)
    return otherwise if value is None else value


def _attribute(path: str) -> Show:
    if path == "self":
        return shown
    *before, last = path.removesuffix("?").split(".")
    missing = None if path.endswith("?") else ABSENT

    def show(item: Any, request: Any) -> Any:
        for name in before:
            item = getattr(item, name, None)
            if item is None:
                return missing
        return shown(item.get(last, missing) if isinstance(item, dict) else getattr(item, last, missing), request)

    return show


def _nested(name: str, path: str, item: Any, request: Any) -> Any:
    found = getattr(item, path)
    if found is None:
        return None
    if isinstance(found, Model):
        return row(name, found, request)
    return [row(name, one, request) for one in (found.all() if hasattr(found, "all") else found)]


def row(name: str, item: Any, request: Any) -> dict[str, Any]:
    """*item* in the shape *name*, with all its keys."""
    pairs = ((key, show(item, request)) for key, show in compiled(name, editions.current().name))
    return {key: value for key, value in pairs if value is not ABSENT}


def shown(value: Any, request: Any) -> Any:
    """*value* as JSON has it, by its type."""
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, Model):
        return link(request, value)
    return value


SEEN_BY: dict[str, Callable[[Any, Any], bool]] = {
    "staff": lambda item, caller: caller.is_staff or caller.is_support,
    "self": lambda item, caller: item.pk == caller.pk,
    "users": lambda item, caller: caller.is_authenticated,
}


def _limited(rule: Any, show: Show) -> Show:
    if not (isinstance(rule, dict) and "to" in rule):
        return show
    allowed = SEEN_BY[rule["to"]]
    return lambda item, request: show(item, request) if allowed(item, request.user) else ABSENT


def _exposed(rule: Any, show: Show) -> Show:
    if not (isinstance(rule, dict) and "exposed" in rule and editions.current().attributes_are_exposed):
        return show
    name, hidden = rule["exposed"], rule.get("hidden", ABSENT)
    return lambda item, request: show(item, request) if name in item.exposed else hidden
