# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of messages: tests name a message by its key, so that a better sentence is a change of one line."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parent / "messages.yml"
TEXTS: dict[str, str] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
# A file of cases is a tree in which a message is its key alone, or a mapping of "key" and the values of placeholders.
KEY = "key"


class _Expression:
    """A regular expression in the place of a value, for :func:`fragment` and :func:`pattern`."""

    def __init__(self, expression: str) -> None:
        self.expression = expression


ANY = _Expression(".*")


def placeholders(key: str) -> set[str]:
    """Return the names of the placeholders of a message; an unknown *key* is an error."""
    if key not in TEXTS:
        raise KeyError(f"messages.yml: has no message {key!r}")
    return {name for _text, name, *_rest in string.Formatter().parse(TEXTS[key]) if name is not None}


def check_values(key: str, values: Mapping[str, Any]) -> None:
    """Fail unless *values* are those of the placeholders, no more and no fewer."""
    names = placeholders(key)
    if names != set(values):
        raise KeyError(f"messages.yml: {key} has the placeholders {sorted(names)}, not {sorted(values)}")


def message(key: str, /, **values: Any) -> str:
    """Return the message *key* with its placeholders filled in."""
    check_values(key, values)
    return TEXTS[key].format(**values)


def pattern(key: str, /, **values: Any) -> str:
    """Return a regular expression for the whole message, for ``pytest.raises(match=...)``; see :func:`fragment`."""
    return rf"^{fragment(key, **values)}\Z"


def prefix(key: str, /, **values: Any) -> str:
    """Return a regular expression for the message at the start of a longer one; see :func:`fragment`."""
    return f"^{fragment(key, **values)}"


def fragment(key: str, /, **values: Any) -> str:
    """Return a regular expression for the message in a longer one; a placeholder without a value is anything."""
    unknown = set(values) - placeholders(key)
    if unknown:
        raise KeyError(f"messages.yml: {key} has no placeholder {', '.join(sorted(unknown))}")
    return "".join(
        re.escape(text) + (expression(values.get(name, ANY)) if name is not None else "")
        for text, name, *_rest in string.Formatter().parse(TEXTS[key])
    )


def matching(expression: str) -> _Expression:
    """Return a value for :func:`pattern` and :func:`fragment` that is a regular expression itself."""
    return _Expression(expression)


def expression(value: Any) -> str:
    return value.expression if isinstance(value, _Expression) else re.escape(str(value))


def render(node: Any, **context: Any) -> str:
    """Return the message of a file of cases: a key, or a mapping of ``key`` and values, which may be messages again.

    A placeholder without a value takes that of the message around it, else of *context*; one without any is an error.
    """
    given = {KEY: node} if isinstance(node, str) else node
    values = {**context, **{name: value for name, value in given.items() if not is_message(value)}}
    values |= {name: render(value, **values) for name, value in given.items() if is_message(value)}
    names = placeholders(given[KEY])
    check_values(given[KEY], dict.fromkeys((names & set(values)) | (set(given) - {KEY})))
    return message(given[KEY], **{name: values[name] for name in names})


def is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and KEY in value


def mentions(text: object, key: str, /, **values: Any) -> bool:
    """Return whether *text* contains the message *key*; a placeholder without a value matches anything."""
    return re.search(fragment(key, **values), str(text)) is not None


def begins(text: object, key: str, /, **values: Any) -> bool:
    """Return whether *text* begins with the message *key*; a placeholder without a value matches anything."""
    return re.match(fragment(key, **values), str(text)) is not None


def ends(text: object, key: str, /, **values: Any) -> bool:
    """Return whether *text* ends with the message *key*; a placeholder without a value matches anything."""
    return re.search(rf"{fragment(key, **values)}\Z", str(text)) is not None
