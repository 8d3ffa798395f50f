# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the options of a task before Ansible converts them: their names, and whether the values can be used at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import values as document
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    Problems,
    quote,
    suggest_closest,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import problem_of, problems
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import check_depth

Spec = Mapping[str, Mapping[str, Any]]

LONGEST_TEXT = 1_000_000
_LARGEST = 10**100
_LARGEST_COUNT = 10**15
_WHOLE = re.compile(r"\s*[-+]?\d{1,15}\s*")
_INDEX = re.compile(r"\[\d+\]")


def check_options(
    module: str, spec: Spec, dates: Iterable[str], arguments: Mapping[str, Any], *, raw_is_text: bool = False
) -> None:
    """Raise ``InvalidInput`` with all errors if a module can't take ``arguments``, as they came from Ansible.

    ``module`` is its full name, ``spec`` its argument spec, and ``dates`` are the options that take a date, such as
    ``users[].expiration_time``. With ``raw_is_text``, options of the type raw take text and lists of text only, as
    those of the modules that only read do.
    """
    problems = Problems()
    known = {alias: option for name, option in spec.items() for alias in (name, *option.get("aliases", ()))}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        hints = "".join(dict.fromkeys(suggest_closest(name, known) for name in unknown))
        aliases = ", ".join(sorted(set(known) - set(spec)))
        problems.add(
            f"Unsupported parameters for ({module}) module: {', '.join(map(quote, unknown))}.{hints} Supported"
            f" parameters include: {', '.join(sorted(spec))}{aliases and f' ({aliases})'}."
        )
    for name, value in arguments.items():
        if name in known:
            option = known[name]
            if raw_is_text and option.get("elements", option.get("type")) == "raw":
                problems.attempt(_check_texts, name, value)
            problems.attempt(_check_option, name, option, value, frozenset(dates))
    problems.raise_errors()


def _check_option(name: str, option: Mapping[str, Any], value: Any, dates: frozenset[str]) -> bool:
    check_value(name, value, dates)
    if value is not None:
        _check_type(name, option, value)
    return True


def _check_texts(name: str, value: Any) -> bool:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, (bool, int, float)):
            document.text(name, item)
    return True


def check_data(where: str, value: Any) -> None:
    """Raise ``InvalidInput`` if ``value``, which may be data of any kind, can't be represented in JSON."""
    check_depth(where, value)
    for place, problem in problems(where, value):
        raise InvalidInput(f"{place}: {problem}")


def check_value(where: str, value: Any, dates: Iterable[str] = ()) -> None:
    """Raise ``InvalidInput`` with all errors if ``value`` holds, at any depth, what no option takes.

    ``where`` is the option, ``dates`` as in ``check_options``.
    """
    check_depth(where, value)
    problems = Problems()
    _check_nested(where, value, frozenset(dates), problems)
    problems.raise_errors()


def _check_nested(where: str, value: Any, dates: frozenset[str], problems: Problems) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                problems.attempt(_check_scalar, where, key, dates)
                _check_nested(f"{where}.{quote(key)}", item, dates, problems)
            else:
                problems.add(
                    f"{where}: {document.describe_kind(key, 'a key')}, but text is required: put it in quotes."
                )
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_nested(f"{where}[{index}]", item, dates, problems)
    else:
        problems.attempt(_check_scalar, where, value, dates)


def _check_scalar(where: str, value: Any, dates: frozenset[str]) -> bool:
    if isinstance(value, str):
        document.text(where, value)
        if len(value) > LONGEST_TEXT:
            raise InvalidInput(f"{where}: has {len(value)} characters, and {LONGEST_TEXT} are allowed: shorten it.")
    elif isinstance(value, date):
        if _INDEX.sub("[]", where) not in dates:
            raise InvalidInput(f"{where}: {document.describe_kind(value)}, but text is required: put it in quotes.")
    elif problem := problem_of(value):
        raise InvalidInput(f"{where}: {problem}")
    elif isinstance(value, complex) or (isinstance(value, (int, float)) and abs(value) > _LARGEST):
        raise InvalidInput(f"{where}: {document.quoted(value)} is not a usable number: give a smaller one.")
    return True


def _check_type(where: str, option: Mapping[str, Any], value: Any) -> None:
    """Raise ``InvalidInput`` for a value that Ansible wrongly accepts, crashes on, or rejects without a remedy."""
    kind = option.get("type", "str")
    if kind == "list":
        _check_list(where, option, value)
    elif kind == "dict":
        _check_mapping(where, option, value)
    elif kind in ("str", "path"):
        if isinstance(value, (list, tuple, Mapping)):
            raise InvalidInput(f"{where}: must be text, and {_name_type(value)} was given.")
    elif kind == "int":
        _check_whole(where, value)
    elif kind == "bool":
        if isinstance(value, (list, tuple, Mapping)) or (isinstance(value, (int, float)) and value not in (0, 1)):
            raise InvalidInput(f"{where}: must be true or false, and {document.quoted(value)} was given.")
    elif kind == "float":
        _check_number(where, value)


def _check_list(where: str, option: Mapping[str, Any], value: Any) -> None:
    if isinstance(value, (list, tuple)):
        _check_items(where, option, value)
    elif isinstance(value, Mapping):
        raise InvalidInput(f'{where}: must be a list, and a mapping was given: put "- " before it.')
    elif option.get("elements") == "dict" and not _may_be_mapping(value):
        raise InvalidInput(f"{where}: must be a list of mappings, and {_name_type(value)} was given.")


def _check_mapping(where: str, option: Mapping[str, Any], value: Any) -> None:
    if not (isinstance(value, Mapping) or _may_be_mapping(value)):
        raise InvalidInput(f"{where}: must be a mapping, and {_name_type(value)} was given.")
    if option.get("options") and isinstance(value, Mapping):
        document.mapping(where, value, tuple(option["options"]))


def _may_be_mapping(value: Any) -> bool:
    """Return whether Ansible makes a mapping of the text ``value``: JSON, or ``key=value``."""
    return isinstance(value, str) and ("=" in value or value.strip().startswith("{"))


def _check_number(where: str, value: Any) -> None:
    if isinstance(value, (bool, list, tuple, Mapping)):
        raise InvalidInput(f"{where}: must be a number, and {_name_type(value)} was given.")
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{where}: must be a number, and {document.quoted(value)} was given.") from None


def _check_items(where: str, option: Mapping[str, Any], items: Iterable[Any]) -> None:
    problems = Problems()
    element = {"type": option.get("elements", "raw")}
    inner = option.get("options")
    for index, item in enumerate(items):
        entry = f"{where}[{index}]"
        if inner and isinstance(item, Mapping):
            problems.attempt(document.mapping, entry, item, tuple(inner))
        elif item is None and element["type"] != "raw":
            problems.add(f"{entry}: must not be null: give a value, or leave it out.")
        else:
            problems.attempt(_check_type, entry, element, item)
    problems.raise_errors()


def _check_whole(where: str, value: Any) -> None:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    whole = whole and value == int(value) and abs(value) < _LARGEST_COUNT
    if not (whole or (isinstance(value, str) and _WHOLE.fullmatch(value))):
        raise InvalidInput(f"{where}: must be a whole number, and {document.quoted(value)} was given.")


def _name_type(value: Any) -> str:
    """Return the type of a value with its article, such as ``a list``."""
    return f"a {document.kind_of(value)}"
