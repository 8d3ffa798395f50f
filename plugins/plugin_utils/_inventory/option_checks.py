# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the options of an inventory file by their documentation, and the fields that its hostname names.

Ansible takes any text for a boolean, breaks on numbers without end, ignores unknown keys of keyed_groups, and prints
the value of a token of the wrong type. Knows nothing of Ansible.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import values as document
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions

Definition = Mapping[str, Any]


def check_options(options: Mapping[str, Any], definitions: Mapping[str, Definition]) -> None:
    """Raise ``InvalidInput`` for the first option that is unknown or has a value that can't be used.

    ``definitions`` are the documented options by name. The values of connection options are not checked here, as the
    connection checks them itself.
    """
    known = sorted(
        {*definitions, *(alias for definition in definitions.values() for alias in definition.get("aliases") or ())}
    )
    for name, value in options.items():
        if name not in known:
            near = difflib.get_close_matches(quote(name), known, 1)
            raise InvalidInput(f"{quote(name)}: is not a known option{f': did you mean {near[0]}?' if near else '.'}")
        if value is not None and name in definitions and name not in NAMES:
            _check(name, value, definitions[name])


def check_hostname(entries: Iterable[Any]) -> None:
    """Raise ``InvalidInput`` for an entry of ``hostname`` that is not text, or empty."""
    for entry in entries:
        if not isinstance(entry, str):
            raise InvalidInput(f"hostname: '{quote(entry)}' is not text: name a field, or write an expression.")
        if not entry.strip():
            raise InvalidInput("hostname: an entry is empty: name a field, or write an expression.")
        _check_characters("hostname", entry)


def check_fields(
    hosts: str, entries: Iterable[str], is_known: Callable[[str], bool], list_names: Callable[[], Sequence[str]]
) -> None:
    """Raise ``InvalidInput`` for an entry of ``hostname`` that names a field which the kind ``hosts`` does not have.

    Expressions with a default, a filter or anything else beside a name are not checked: the template engine decides
    what is undefined in them. ``is_known`` tells whether a field has a name, ``list_names`` returns all names.
    """
    for entry in entries:
        expression = expressions.parse_expression(entry)
        if expression is None or expression.default is not None or is_known(expression.path[0]):
            continue
        near = difflib.get_close_matches(expression.path[0], list_names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"see waldur.provider.{hosts[:-1]}_info for the fields."
        raise InvalidInput(
            f"hostname: '{quote(expression.path[0])}' is not a field of {hosts.replace('_', ' ')}: {hint}"
        )


def _check(name: str, value: Any, definition: Definition) -> None:
    kind = str(definition.get("type"))
    if kind in ("bool", "boolean"):
        document.boolean(name, value)
    elif kind in ("int", "float"):
        _check_number(name, value)
    elif kind == "dict":
        _check_mapping(name, value)
    elif kind == "list":
        _check_list(name, value, definition)
    else:
        _check_text(name, value, definition.get("choices"))


def _check_number(name: str, value: Any) -> None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInput(f"{name}: must be a number, and '{quote(value)}' was given.")


def _check_mapping(name: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{name}: must be a mapping, and '{quote(value)}' was given.")
    for key in value:
        if not isinstance(key, str):
            raise InvalidInput(f"{name}: the key {quote(key)} is not text: put it in quotes.")
        _check_characters(name, key)


def _check_list(name: str, value: Any, definition: Definition) -> None:
    if isinstance(value, str) and name == "include":
        value = [item.strip() for item in value.split(",")]  # as Ansible reads lists
    if isinstance(value, str) and definition.get("elements") != "dict":
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{name}: must be a list, and '{quote(value)}' was given.")
    for number, item in enumerate(value):
        if definition.get("elements") == "dict":
            _check_entry(f"{name}[{number}]", item, definition.get("suboptions") or {})
        elif definition.get("choices"):
            _check_text(name, item, definition["choices"])


def _check_entry(where: str, value: Any, suboptions: Mapping[str, Definition]) -> None:
    """Raise ``InvalidInput`` for an entry of keyed_groups that can't be used."""
    entry = document.mapping(where, value, tuple(suboptions)) if suboptions else dict(value)
    if not isinstance(entry.get("key"), str) or not entry["key"].strip():
        raise InvalidInput(f"{where}.key: is missing: name a field, or write an expression.")
    for name, item in entry.items():
        if isinstance(item, (list, dict)):
            raise InvalidInput(f"{where}.{name}: must be text, and '{quote(item)}' was given.")
        _check_characters(f"{where}.{name}", item)


def _check_text(name: str, value: Any, choices: Sequence[str] | None) -> None:
    if choices:
        document.choice(name, value, choices)
    if isinstance(value, (list, dict)):
        raise InvalidInput(f"{name}: must be text, and '{quote(value)}' was given.")
    _check_characters(name, value)


def _check_characters(name: str, value: Any) -> None:
    """Raise ``InvalidInput`` for control characters; line ends and tabs are valid in expressions."""
    if not isinstance(value, str):
        return
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\r\t" for char in value):
        raise InvalidInput(f"{name}: '{quote(value)}' contains a control character: remove it.")
