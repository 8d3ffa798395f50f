# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The query parameters of operations, as typed data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

# References to these are sent as UUIDs; ``uuid`` is the UUID of anything else. ``url`` says the same as the parameter
# beside it that takes a UUID.
ReferenceType = Literal["customer", "project", "offering", "user", "role"]
ParameterType = Literal["text", "bool", "int", "timestamp", "date", "json", "uuid", "url", ReferenceType]
# How several values are sent: repeat the parameter, or join them by commas (api-behaviour: array-parameters).
Style = Literal["single", "repeat", "comma"]
Match = Literal["", "exact", "exact_ignore_case", "contains", "at_or_after", "at_or_before"]

REFERENCE_TYPES: tuple[ReferenceType, ...] = ("customer", "project", "offering", "user", "role")
_OPTION_NAMES = {"o": "order_by", "field": "fields"}
_REFERENCE_SUFFIX = re.compile(r"_(uuid|url)$")


# A named tuple, as a dataclass takes ten times as long to define, and each run of Ansible imports this file.
class Parameter(NamedTuple):
    """One query parameter of an operation.

    ``match`` is the match operator by which rows are checked again, as old servers ignore unknown parameters
    (api-behaviour: unknown-parameters); without one, the rows don't hold what is needed to check them.
    ``keys`` are the keys of a row that it compares, any of which may match, where they are not the parameter's name
    (see ``row_keys``). For ``o`` they are the keys to sort by, one for each of the choices; empty where rows have no
    such key, so that only the server can sort by it.
    ``is_sent`` is false where servers filter by the parameter wrongly, so that only the check of the rows counts.
    ``absent`` is the value of rows without any of the keys where the server ignores the parameter; None: unknown.
    ``since`` is the first Waldur edition (a year) that knows the parameter; older ones ignore it.
    ``newer_choices`` are the choices that only newer editions know, each with the first one that does.
    ``null_means_hidden`` tells that rows have null where Waldur does not show the value (api-behaviour:
    user-attributes), so such a row may match.
    """

    name: str
    type: ParameterType = "text"
    style: Style = "single"
    choices: tuple[str, ...] = ()
    newer_choices: tuple[tuple[str, int], ...] = ()
    required: bool = False
    match: Match = ""
    keys: tuple[str, ...] = ()
    is_sent: bool = True
    absent: bool | None = None
    since: int = 0
    null_means_hidden: bool = False

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The keys of a row that the match operator compares; empty without one."""
        return (self.keys or (self.name,)) if self.match else ()

    def first_edition(self, value: Any) -> int:
        """Return the first edition (a year) that takes the parameter with ``value``, which may be a list; 0: all do."""
        values = value if isinstance(value, list) else [value]
        return max([self.since, *(since for choice, since in self.newer_choices if choice in values)])

    @property
    def option(self) -> str:
        """The name of the option: references without their suffix, ``o`` and ``field`` as ``order_by``, ``fields``."""
        if self.type in (*REFERENCE_TYPES, "uuid", "url") and self.name != "uuid":
            return _REFERENCE_SUFFIX.sub("", self.name)
        return _OPTION_NAMES.get(self.name, self.name)


# Chooses the keys of a row (api-behaviour: field-parameter).
FIELD = Parameter("field", style="repeat")


def ordering(*choices: str, keys: Mapping[str, str] | None = None) -> Parameter:
    """Return the parameter ``o`` with its choices. ``keys`` are the row's keys of choices that differ from them."""
    renamed = keys or {}
    return Parameter("o", style="comma", choices=choices, keys=tuple(renamed.get(choice, choice) for choice in choices))
