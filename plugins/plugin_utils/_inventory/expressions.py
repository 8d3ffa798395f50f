# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse and evaluate expressions that need no template engine: names and dotted paths. Pure; knows nothing of Ansible.

A template costs half a millisecond, and an inventory of 10,000 hosts has some for each host. The results here are those
of Ansible's own engine, in value and type; what might differ is left to it (``UNKNOWN``). ``is_old`` says that the
engine is that of ansible-core before 2.19, which turns what it finds into text and parses that text again.
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
_ENGINE_NAMES = frozenset(
    "False None True and caller context cycler dict else environment false hostvars if in is joiner kwargs lipsum"
    " lookup loop namespace none not now omit or q query range self super template true undef varargs vars".split()
)
_METHODS = frozenset(dir(dict))
_MARKS = re.compile(r"\{[{%#]|^#jinja2:")


@dataclass(frozen=True)
class PathExpression:
    """A path, and the text to use where it leads nowhere, if there is one."""

    path: tuple[str, ...]
    default: str | None = None


@dataclass(frozen=True)
class Condition:
    """A path that must be true, or with ``text`` equal to a text; with ``is_negated`` the opposite."""

    expression: PathExpression
    text: str | None
    is_negated: bool


def parse_expression(text: Any) -> PathExpression | None:
    """Return a name or dotted path, with or without ``| default('text')``; None for any other expression."""
    match = _VALUE.fullmatch(text) if isinstance(text, str) else None
    return _parse_path(match) if match else None


def parse_condition(text: Any) -> Condition | None:
    """Return a condition: a path, ``not`` a path, or a path compared with a text by ``==`` or ``!=``; else None."""
    if not isinstance(text, str):
        return None
    if match := _TRUTH.fullmatch(text):
        expression = _parse_path(match)
        return Condition(expression, None, bool(match["negated"])) if expression else None
    match = _EQUAL.fullmatch(text)
    expression = _parse_path(match) if match else None
    if match is None or expression is None:
        return None
    return Condition(PathExpression(expression.path), expression.default, match["sign"] == "!=")


def _parse_path(match: re.Match[str]) -> PathExpression | None:
    """Return the path of a match and the text in quotes beside it; None where the engine gives a name a meaning."""
    names = tuple(name.strip() for name in match["path"].split("."))
    if names[0] in _ENGINE_NAMES or _METHODS.intersection(names[1:]):
        return None
    groups = match.groupdict()
    return PathExpression(
        names, next((groups[key] for key in ("single", "double") if groups.get(key) is not None), None)
    )


def evaluate(expression: PathExpression, variables: Mapping[str, Any], *, is_old: bool) -> Any:
    """Return what the engine would return, ``UNKNOWN`` where that is not certain or the engine would raise."""
    value = _follow_path(expression.path, variables)
    if value is _MISSING:
        value = UNKNOWN if expression.default is None else expression.default
    if value is UNKNOWN or not is_old:
        return value if value is UNKNOWN or _is_kept(value) else UNKNOWN
    is_name = len(expression.path) == 1 and expression.default is None
    if _is_kept_by_old(value, is_name=is_name) and _has_no_side_effects(expression.path, variables, value):
        return value
    return UNKNOWN


def evaluate_condition(condition: Condition, variables: Mapping[str, Any], *, is_old: bool) -> Any:
    """Return whether the engine would find a condition true, ``UNKNOWN`` where that is not certain."""
    path = condition.expression.path
    value = _follow_path(path, variables)
    if value is _MISSING or value is UNKNOWN or (is_old and not _has_no_side_effects(path, variables, None)):
        return UNKNOWN
    if condition.text is None:
        return value is not condition.is_negated if value is True or value is False else UNKNOWN
    if _is_kept(value) or (_is_text(value, is_old=is_old) and not _MARKS.search(value)):
        return (value == condition.text) is not condition.is_negated
    return UNKNOWN


def _follow_path(path: tuple[str, ...], variables: Mapping[str, Any]) -> Any:
    """Return the value that a path leads to, ``_MISSING`` where it leads nowhere, ``UNKNOWN`` for attributes."""
    value = variables.get(path[0], _MISSING)
    for name in path[1:]:
        if value.__class__ is dict:
            value = value.get(name, _MISSING)
        elif value is None or value is _MISSING:
            value = _MISSING
        else:  # text, numbers and lists have methods
            return UNKNOWN
    return value


def _is_kept(value: Any) -> bool:
    """Return whether engines since ansible-core 2.19 return this very value."""
    kind = value.__class__
    if kind is str:
        return not _MARKS.search(value)
    return value is None or kind is bool or kind is int or kind is float


def _is_kept_by_old(value: Any, *, is_name: bool) -> bool:
    """Return whether older engines return this very value.

    They keep numbers where the whole template is a name. Else all becomes text, and some texts are parsed again.
    """
    kind = value.__class__
    if _is_text(value, is_old=True):
        return not (value.startswith(("{", "[")) or value in ("True", "False") or _MARKS.search(value))
    return kind is bool or (is_name and (kind is int or kind is float))


def _is_text(value: Any, *, is_old: bool) -> bool:
    return value.__class__ is str or (is_old and isinstance(value, str) and _is_unsafe(value))


def _is_unsafe(value: Any) -> bool:
    """Return whether Ansible marked a text as unsafe."""
    return getattr(value, "__UNSAFE__", False) is True


def _has_no_side_effects(path: tuple[str, ...], variables: Mapping[str, Any], value: Any) -> bool:
    """Return whether older engines return ``value`` as it is.

    They evaluate all of the mapping that a path leads through, and mark as unsafe what they find beside unsafe texts.
    """
    if len(path) == 1:
        return True
    texts = list(_collect_texts(variables.get(path[0])))
    if any(_MARKS.search(text) and not _is_unsafe(text) for text in texts):
        return False
    return _is_unsafe(value) or not isinstance(value, str) or not any(map(_is_unsafe, texts))


def _collect_texts(value: Any) -> list[str]:
    """Return all texts in ``value``, at any depth."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _collect_texts(item)]
    return [text for item in value for text in _collect_texts(item)] if isinstance(value, (list, tuple)) else []
