# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions that need no template engine: names and dotted paths. Pure; knows nothing of Ansible.

A template costs half a millisecond, and an inventory of 10,000 hosts has some for each host. What is answered here is
what Ansible's own engine answers, in value and type; whatever might differ is left to it (``UNKNOWN``). ``old`` says
that the engine is that of ansible-core before 2.19, which makes text of what it finds and reads that text again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNKNOWN: Any = object()
_MISSING: Any = object()

_PATH = r"(?P<path>[a-zA-Z_]\w*(?:\s*\.\s*[a-zA-Z]\w*)*)"
# Backslashes, braces and line ends mean something to the engine even within quotes.
_TEXT = r"""(?:'(?P<single>[^'\\{}\r\n]*)'|"(?P<double>[^"\\{}\r\n]*)")"""
_VALUE = re.compile(rf"\s*{_PATH}\s*(?:\|\s*(?:default|d)\s*\(\s*{_TEXT}\s*\)\s*)?", re.ASCII)
_TRUTH = re.compile(rf"\s*(?P<negated>not\s+)?{_PATH}\s*", re.ASCII)
_EQUAL = re.compile(rf"\s*{_PATH}\s*(?P<sign>[=!]=)\s*{_TEXT}\s*", re.ASCII)

# What a name can mean before, or instead of, a variable.
_ENGINE = frozenset(
    "False None True and caller context cycler dict else environment false hostvars if in is joiner kwargs lipsum"
    " lookup loop namespace none not now omit or q query range self super template true undef varargs vars".split()
)
_METHODS = frozenset(dir(dict))
_MARKS = re.compile(r"\{[{%#]|^#jinja2:")


@dataclass(frozen=True)
class Plain:
    """A path, and the text for where it leads nowhere, if there is one."""

    path: tuple[str, ...]
    default: str | None = None


@dataclass(frozen=True)
class Condition:
    """A path that must be true (or false), or, with ``text``, equal to a text (or not)."""

    path: Plain
    text: str | None
    negated: bool


def expression(text: Any) -> Plain | None:
    """What an expression says, where it is a name or dotted path, with or without ``| default('text')``."""
    match = _VALUE.fullmatch(text) if isinstance(text, str) else None
    return _plain(match) if match else None


def condition(text: Any) -> Condition | None:
    """The same for a condition: a path, ``not`` a path, or a path compared with a text by ``==`` or ``!=``."""
    if not isinstance(text, str):
        return None
    if match := _TRUTH.fullmatch(text):
        path = _plain(match)
        return Condition(path, None, bool(match["negated"])) if path else None
    match = _EQUAL.fullmatch(text)
    path = _plain(match) if match else None
    if match is None or path is None:
        return None
    return Condition(Plain(path.path), path.default, match["sign"] == "!=")


def _plain(match: re.Match[str]) -> Plain | None:
    names = tuple(name.strip() for name in match["path"].split("."))
    if names[0] in _ENGINE or _METHODS.intersection(names[1:]):
        return None
    found = match.groupdict()
    return Plain(names, next((found[key] for key in ("single", "double") if found.get(key) is not None), None))


def value_of(plain: Plain, variables: Mapping[str, Any], *, old: bool) -> Any:
    """What the engine would give for ``plain``, or ``UNKNOWN``, also where it would raise."""
    found = _walk(plain.path, variables)
    if found is _MISSING:
        found = UNKNOWN if plain.default is None else plain.default
    if found is UNKNOWN or not old:
        return found if found is UNKNOWN or _same(found) else UNKNOWN
    single = len(plain.path) == 1 and plain.default is None
    return found if _same_when_old(found, single) and _quiet(plain.path, variables, found) else UNKNOWN


def truth_of(wanted: Condition, variables: Mapping[str, Any], *, old: bool) -> Any:
    """Whether the engine would find ``wanted`` true, or ``UNKNOWN``."""
    found = _walk(wanted.path.path, variables)
    if found is _MISSING or found is UNKNOWN or (old and not _quiet(wanted.path.path, variables, None)):
        return UNKNOWN
    if wanted.text is None:
        return found is not wanted.negated if found is True or found is False else UNKNOWN
    if _same(found) or (_is_text(found, old) and not _MARKS.search(found)):
        return (found == wanted.text) is not wanted.negated
    return UNKNOWN


def _walk(path: tuple[str, ...], variables: Mapping[str, Any]) -> Any:
    found = variables.get(path[0], _MISSING)
    for name in path[1:]:
        if found.__class__ is dict:
            found = found.get(name, _MISSING)
        elif found is None or found is _MISSING:
            found = _MISSING
        else:  # text, numbers and lists have methods
            return UNKNOWN
    return found


def _same(value: Any) -> bool:
    """Whether engines since 2.19 give back this very value."""
    kind = value.__class__
    if kind is str:
        return not _MARKS.search(value)
    return value is None or kind is bool or kind is int or kind is float


def _same_when_old(value: Any, single: bool) -> bool:
    """Older ones keep numbers where the whole template is a name; else all becomes text, and some of it is read."""
    kind = value.__class__
    if _is_text(value, True):
        return not (value.startswith(("{", "[")) or value in ("True", "False") or _MARKS.search(value))
    return kind is bool or (single and (kind is int or kind is float))


def _is_text(value: Any, old: bool) -> bool:
    return value.__class__ is str or (old and isinstance(value, str) and _unsafe(value))


def _unsafe(value: Any) -> bool:
    return getattr(value, "__UNSAFE__", False) is True


def _quiet(path: tuple[str, ...], variables: Mapping[str, Any], found: Any) -> bool:
    """Older engines evaluate all of the mapping that a path leads through, and mark what they find in an unsafe one."""
    if len(path) == 1:
        return True
    texts = list(_texts(variables.get(path[0])))
    if any(_MARKS.search(text) and not _unsafe(text) for text in texts):
        return False
    return _unsafe(found) or not isinstance(found, str) or not any(map(_unsafe, texts))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, (list, tuple)) else []
