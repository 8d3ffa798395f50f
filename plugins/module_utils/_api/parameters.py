# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The query parameters of an operation, written in one line each and read here.

The grammar of a parameter, the words of a text separated by spaces: ``name``, then ``:type`` (text when left out),
``*`` for a list sent as a repeated parameter or ``,`` for a list joined by commas (api-behaviour: array-parameters),
``=a|b`` for its choices (``~`` for a space in one, ``:2025`` after one that older servers reject), ``!`` when required,
``@way.key|key`` for how a row is checked again, ``?false`` or ``?true`` for what rows without the key are where the
server ignores the parameter, and ``^2026`` for the first Waldur that knows it; older ones ignore it
(api-behaviour: unknown-parameters).

The types: text, bool, int, moment, date, json; customer, project, offering, user and role are references, sent as
UUIDs; uuid is the UUID of anything else; url says the same as the parameter beside it that takes a UUID.

The ways: ``is`` (equal), ``same`` (equal in any case), ``has`` (a part of it), ``any`` (a part of one of the keys),
``from`` and ``until`` (at or after, at or before), and ``here`` (a part of it, never sent as servers get it wrong).
Without a key the row's key has the parameter's name. Without a way, the rows don't tell.

A choice of ``o`` may name the row's key that it sorts by, as in ``email>user_email``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

REFERENCE_TYPES = ("customer", "project", "offering", "user", "role")
_GRAMMAR = re.compile(
    r"^(?P<name>\w+)(?::(?P<type>\w+))?(?P<list>[*,])?(?:=(?P<choices>[^!@^]+))?(?P<required>!)?"
    r"(?:@(?P<way>\w+)(?:\.(?P<keys>[\w|]+))?(?:\?(?P<absent>true|false))?)?(?:\^(?P<since>\d{4}))?$"
)
_STYLES = {"*": "repeat", ",": "comma", None: "one"}
_RENAMED = {"o": "order_by", "field": "fields"}


@dataclass(frozen=True)
class Parameter:
    """One query parameter; see the grammar above. ``keys`` are the row's, for ``o`` one for each of its choices.

    ``absent`` is the value of rows without any of the keys where the server ignores the parameter; None: unknown.
    ``newer_choices`` are the choices that not every Waldur knows, each with the first one that does.
    """

    name: str
    type: str = "text"
    style: str = "one"
    choices: tuple[str, ...] = ()
    required: bool = False
    way: str = ""
    keys: tuple[str, ...] = ()
    since: int = 0
    absent: bool | None = None
    newer_choices: tuple[tuple[str, int], ...] = ()

    def first_waldur(self, value: Any) -> int:
        """Return the first Waldur (a year) that takes the parameter with ``value``, which may be a list; 0 for any."""
        values = value if isinstance(value, list) else [value]
        return max([self.since, *(since for choice, since in self.newer_choices if choice in values)])

    @property
    def option(self) -> str:
        """The name of the option: references under their plain name, ``o`` and ``field`` in Ansible's words."""
        if self.type in (*REFERENCE_TYPES, "uuid", "url") and self.name != "uuid":
            return re.sub(r"_(uuid|url)$", "", self.name)
        return _RENAMED.get(self.name, self.name)


def parameters(text: str) -> tuple[Parameter, ...]:
    """The parameters that ``text`` names. A ``ValueError`` is a defect of ours."""
    return tuple(_parameter(word) for word in text.split())


def _parameter(word: str) -> Parameter:
    match = _GRAMMAR.match(word)
    if match is None:
        raise ValueError(f"not a parameter: {word}")
    words = [word.replace("~", " ").partition(":") for word in (match["choices"] or "").split("|") if word]
    choices = [choice.partition(">") for choice, _colon, _since in words]
    keys = tuple((match["keys"] or match["name"]).split("|")) if match["way"] else ()
    return Parameter(
        match["name"],
        match["type"] or "text",
        _STYLES[match["list"]],
        tuple(name for name, _arrow, _key in choices),
        bool(match["required"]),
        match["way"] or "",
        tuple(key or name for name, _arrow, key in choices) if match["name"] == "o" else keys,
        int(match["since"] or 0),
        {"true": True, "false": False}.get(match["absent"]),
        tuple((choice, int(since)) for choice, _colon, since in words if since),
    )
