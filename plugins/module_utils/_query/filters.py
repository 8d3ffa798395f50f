# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of lists: parse options, match rows against them again, sort and trim rows. Pure functions."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .._api.operations import Operation
from .._api.parameters import REFERENCE_TYPES, Parameter
from .._common import timestamps, uuids
from .._common import values as document
from .._common.errors import InvalidInput, quote
from .._common.types import Row

# Keys of users that are returned only when ``fields`` names them.
PRIVATE = frozenset({"civil_number", "phone_number", "user_civil_number", "user_phone_number"})
# The options of every list that are no filters.
LIST_OPTIONS = ("fields", "order_by", "limit")
_UTC = '"2027-06-30T12:00:00Z"'
_ANSIBLE_TYPES = {"bool": "bool", "int": "int", "json": "json"}


@dataclass(frozen=True)
class Filter:
    """One filter with its parsed ``value``, a list where the parameter is one. References are not resolved yet.

    ``where`` is the name of the option in messages.
    """

    parameter: Parameter
    where: str
    value: Any


@dataclass(frozen=True)
class Selection:
    """Which rows of a list to return, with which keys and in which order. ``fields`` and ``limit`` None: all."""

    filters: tuple[Filter, ...] = ()
    fields: tuple[str, ...] | None = None
    order_by: tuple[str, ...] = ()
    limit: int | None = None


# --- options ---------------------------------------------------------------------------------------------------------


@cache
def options(operation: Operation) -> dict[str, Parameter]:
    """Return the parameter of each option of ``operation``; parameters with the same meaning are one option.

    What limits a list to one provider is no option: the provider is given anyway.
    """
    parameters: dict[str, Parameter] = {}
    for parameter in operation.query:
        if parameter.name not in ("field", "o", operation.provider_parameter) and parameter.type != "url":
            parameters.setdefault(parameter.option, parameter)
    return parameters


@cache
def aliases(operation: Operation) -> dict[str, str]:
    """Return the option for each of the API's names of parameters that differ from it."""
    return {
        parameter.name: parameter.option
        for parameter in operation.query
        if parameter.option != parameter.name and parameter.name not in ("field", "o", operation.provider_parameter)
    }


def orders(operation: Operation) -> dict[str, str]:
    """Return the row's key for each name that the list can be sorted by, empty where only the server can sort by it.

    Returns an empty mapping where the API lists no names.
    """
    return next(
        (
            dict(zip(parameter.choices, parameter.keys, strict=True))
            for parameter in operation.query
            if parameter.name == "o"
        ),
        {},
    )


def spec(operation: Operation) -> dict[str, Any]:
    """Return the options of ``operation`` as an argument spec, with ``fields``, ``order_by`` and ``limit``."""
    argument_spec: dict[str, Any] = {}
    for name, parameter in options(operation).items():
        argument_spec[name] = _option(parameter)
        alias_names = [alias for alias, option in aliases(operation).items() if option == name]
        if alias_names:
            argument_spec[name]["aliases"] = alias_names
    names = orders(operation)
    argument_spec["order_by"] = {"type": "list", "elements": "str"}
    if names:
        argument_spec["order_by"]["choices"] = [*names, *(f"-{name}" for name in names)]
    argument_spec["fields"] = {"type": "list", "elements": "str"}
    argument_spec["limit"] = {"type": "int"}
    return argument_spec


def _option(parameter: Parameter) -> dict[str, Any]:
    # References are raw, as Ansible would make text of numbers, and 007 would become "7" unnoticed.
    raw = parameter.type in (*REFERENCE_TYPES, "uuid")
    kind = "raw" if raw else _ANSIBLE_TYPES.get(parameter.type, "str")
    argument_spec: dict[str, Any] = (
        {"type": kind} if parameter.style == "single" else {"type": "list", "elements": kind}
    )
    if parameter.choices:
        argument_spec["choices"] = list(parameter.choices)
    if parameter.required:
        argument_spec["required"] = True
    if "key" in parameter.name:  # Ansible's own checks would take it for a secret.
        argument_spec["no_log"] = False
    return argument_spec


# --- selections ------------------------------------------------------------------------------------------------------


def parse_selection(operation: Operation, values: Mapping[str, Any], where: str = "") -> Selection:
    """Parse the options ``values`` of a list; those that are null count as omitted.

    ``where`` is put before the option's name in messages. Raises ``InvalidInput`` for options that ``operation`` does
    not have and for invalid values.
    """
    known = options(operation)
    named = _by_option(operation, values, where)
    filters = tuple(
        Filter(known[name], f"{where}{name}", _value(f"{where}{name}", known[name], value))
        for name, value in named.items()
        if name in known
    )
    _check_bounds(filters)
    missing = [name for name, parameter in known.items() if parameter.required and name not in named]
    if missing:
        raise InvalidInput(f"{where}{missing[0]}: is missing: Waldur does not {operation.title} without it.")
    fields = _parse_texts(f"{where}fields", named["fields"]) if "fields" in named else None
    order = _parse_texts(f"{where}order_by", named.get("order_by", []))
    if orders(operation):
        for name in order:
            document.choice(f"{where}order_by", name.removeprefix("-"), list(orders(operation)))
    return Selection(filters, fields or None, order, _limit(f"{where}limit", named.get("limit")))


def _check_bounds(filters: Iterable[Filter]) -> None:
    """Raise ``InvalidInput`` where a lower bound is above the upper bound of the same key, so that no row matches."""
    bounds = {(filter_.parameter.row_keys, filter_.parameter.match): filter_ for filter_ in filters}
    for (keys, match), lower in bounds.items():
        upper = bounds.get((keys, "at_or_before"))
        if match == "at_or_after" and upper is not None and lower.value > upper.value:
            raise InvalidInput(
                f"{lower.where}: {_show(lower.value)} is above {upper.where} ({_show(upper.value)}), so nothing can"
                " match: exchange the two, or leave one out."
            )


def _show(value: Any) -> str:
    return str(value) if isinstance(value, int) else value.isoformat().replace("+00:00", "Z")


def _by_option(operation: Operation, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    option_of_alias = aliases(operation)
    known = (*options(operation), *option_of_alias, *LIST_OPTIONS)
    values_by_option: dict[str, Any] = {}
    for name, value in document.mapping(where.rstrip(".") or operation.name, values, known).items():
        option = option_of_alias.get(name, name)
        if option in values_by_option:
            raise InvalidInput(f"{where}{name}: duplicates {option}: use only one of them.")
        values_by_option[option] = value
    return values_by_option


def _limit(where: str, value: Any) -> int | None:
    if value is None:
        return None
    text = quote(value).strip()  # cut, as Python makes no number of thousands of digits
    if isinstance(value, bool) or not text.isdecimal() or int(text) < 1:
        raise InvalidInput(f"{where}: must be a number from 1, and '{quote(value)}' was given.")
    return int(text)


def _parse_texts(where: str, value: Any) -> tuple[str, ...]:
    return tuple(document.reference(where, item) for item in _split(value))


def _split(value: Any) -> list[Any]:
    """Return ``value`` as a list; text is split at commas, as Ansible does."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _value(where: str, parameter: Parameter, value: Any) -> Any:
    if parameter.style == "single":
        return _single(where, parameter, value)
    return [_single(where, parameter, item) for item in _split(value)]


def _single(where: str, parameter: Parameter, value: Any) -> Any:
    if parameter.choices:
        return document.choice(where, value, parameter.choices)
    if parameter.type in ("timestamp", "date"):
        return _timestamp(where, parameter, value)
    if parameter.type == "uuid":
        return parse_uuid(where, value)
    readers: dict[str, Callable[[str, Any], Any]] = {"bool": document.boolean, "int": _limit, "json": _json}
    read: Callable[[str, Any], Any] = readers.get(parameter.type, document.reference)
    return read(where, value)


def _timestamp(where: str, parameter: Parameter, value: Any) -> Any:
    try:
        timestamp = document.expiration(where, value)
    except InvalidInput as error:  # its text is about expiries, which may be never
        raise InvalidInput(error.message.replace(f", {_UTC} or never", f" or {_UTC}")) from None
    if timestamp is None:
        raise InvalidInput(f'{where}: never is not a valid filter value: write "2027-06-30" or {_UTC}.')
    return timestamp.date() if parameter.type == "date" else timestamp


def parse_uuid(where: str, value: Any) -> str:
    """Return the UUID that ``value`` is, or that its URL ends with. Raises ``InvalidInput``."""
    reference = document.reference(where, value)
    uuid = uuids.normalize(reference) or uuids.from_url(reference, None)
    if uuid is None:
        raise InvalidInput(
            f"{where}: '{quote(reference)}' is not a UUID, and Waldur lists no names here: give the UUID."
        )
    return uuid


def _json(where: str, value: Any) -> str:
    try:
        return json.dumps(json.loads(value) if isinstance(value, str) else value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(f"{where}: '{quote(value)}' is not valid JSON: write a mapping.") from None


# --- rows ------------------------------------------------------------------------------------------------------------


def matches(row: Row, parameter: Parameter, value: Any) -> bool | None:
    """Return whether ``row`` matches the filter, or None where its keys don't show it.

    Servers ignore filters that they don't know (api-behaviour: unknown-parameters). This check is never stricter than
    a server that knows the filter: accents and letters are folded as far as servers agree.
    """
    row_values = [row[key] for key in parameter.row_keys if key in row]
    if not parameter.match or not row_values:
        return None
    values = value if isinstance(value, list) else [value]
    results = [_value_matches(parameter, actual, expected) for actual in row_values for expected in values]
    if True in results:
        return True
    return None if None in results or len(row_values) < len(parameter.row_keys) else False


def _value_matches(parameter: Parameter, actual: Any, expected: Any) -> bool | None:
    if actual is None:
        return None if parameter.null_means_hidden else False
    if parameter.match == "contains":
        return _contains(str(expected), str(actual))
    if parameter.match == "exact_ignore_case":
        return str(actual).casefold() == str(expected).casefold()
    try:
        left, right = _comparable(parameter, actual), _comparable(parameter, expected)
    except (TypeError, ValueError):
        return None
    if parameter.match == "exact":
        return bool(left == right)
    return bool(left >= right) if parameter.match == "at_or_after" else bool(left <= right)


def _comparable(parameter: Parameter, value: Any) -> Any:
    if parameter.type in ("timestamp", "date"):
        timestamp = timestamps.parse(value)
        return timestamp.date() if parameter.type == "date" else timestamp
    if parameter.type in (*REFERENCE_TYPES, "uuid"):
        return uuids.normalize(value)
    if parameter.type == "int":
        return int(value)
    return value if parameter.type == "bool" else str(value)


def _contains(fragment: str, text: str) -> bool | None:
    needle, folded = _fold(fragment), _fold(text)
    if needle in folded:
        return True
    # Servers fold more letters than Unicode's rules do (ø, ł), so there they are believed.
    return False if needle.isascii() and folded.isascii() else None


def _fold(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))


def sort_rows(rows: Sequence[Row], order_by: Sequence[str], keys: Mapping[str, str], where: str = "") -> list[Row]:
    """Return ``rows`` sorted by the names ``order_by`` (``-`` before one: descending).

    Rows with equal values keep their order, those with empty ones come last. ``keys`` are the row's keys of names.
    Raises ``InvalidInput`` where no row has the key.
    """
    sorted_rows = list(rows)
    for name in reversed(order_by):
        plain = name.removeprefix("-")
        # Rows of old servers have some keys under the API's name of the order.
        key = next((key for key in (keys.get(plain, plain), plain) if any(key in row for row in sorted_rows)), "")
        if sorted_rows and not key:
            raise InvalidInput(
                f"{where}order_by: the rows of this Waldur have no {quote(plain)}; they have"
                f" {', '.join(sorted(sorted_rows[0]))}."
            )
        full = [row for row in sorted_rows if row.get(key) not in (None, "")]
        full.sort(key=lambda row: _sort_key(row[key]), reverse=name.startswith("-"))
        sorted_rows = full + [row for row in sorted_rows if row.get(key) in (None, "")]
    return sorted_rows


def _sort_key(value: Any) -> tuple[int, Any, str]:
    if isinstance(value, dict):  # such as a price estimate
        value = value.get("total", json.dumps(value, sort_keys=True))
    if isinstance(value, (bool, int, float)):
        return (0, value, "")
    return (1, _fold(str(value)), str(value))


def trim_rows(rows: Iterable[Row], fields: Sequence[str] | None) -> list[Row]:
    """Return ``rows`` with the keys ``fields`` only, null where a row has none.

    Without ``fields`` all keys are returned but those in ``PRIVATE``.
    """
    if fields is None:
        return [{key: value for key, value in row.items() if key not in PRIVATE} for row in rows]
    return [{key: row.get(key) for key in fields} for row in rows]


def find_unknown_fields(rows: Sequence[Row], fields: Sequence[str] | None) -> list[str]:
    """Return those of ``fields`` that no row has; they may be misspelt."""
    return [name for name in fields or () if rows and not any(name in row for row in rows)]
