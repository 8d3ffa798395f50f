# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate single values: text, references, booleans, choices, dates, mappings and lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from . import timestamps
from .errors import InvalidInput, Problems, find_closest, quote, suggest_closest
from .json_values import has_surrogates
from .rules import Rule
from .yaml_spelling import WrittenBool, get_spelling

# The Unicode categories of control and format characters, and of line and paragraph separators.
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp")

_TRUE_WORDS = ("yes", "true", "on", "1", "y", "t")
_FALSE_WORDS = ("no", "false", "off", "0", "n", "f")
_LETTERS = ("y", "t", "n", "f")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)")

# No name, e-mail address or URL of Waldur is as long; a longer one would only break the request.
REFERENCE_LIMIT = 1000


def text(where: str, value: Any) -> str:
    """Return a name or reference, trimmed. What YAML makes of unquoted text (numbers, booleans, dates) is rejected."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInput(f"{where}: the text contains a NUL character: remove it.")
        if has_surrogates(value):
            raise InvalidInput(f"{where}: the text contains bytes that are not UTF-8: write it again.")
        return value.strip()
    if isinstance(value, (bool, int, float, date, WrittenBool)):
        message = f"{where}: {describe_kind(value)}, but text is required: put it in quotes."
        raise InvalidInput(message, rule=Rule.UNQUOTED_VALUE)
    raise InvalidInput(f"{where}: must be text, and a {kind_of(value)} was given.", rule=Rule.WRONG_TYPE)


def describe_kind(value: Any, subject: str = "the value") -> str:
    """Return what YAML made of an unquoted word, which is shown as it was written where that is known.

    Elsewhere the sentence begins with ``subject``.
    """
    written = get_spelling(value)
    if written is not None:
        return f"{quote(written)} is read as a {kind_of(value)}"
    shown = quote(str(value).lower() if isinstance(value, bool) else value)
    return f"{subject} is the {kind_of(value)} {shown}"


def reference(where: str, value: Any) -> str:
    """Return a reference: text that is not empty."""
    name = text(where, value)
    if not name:
        raise InvalidInput(f"{where}: is empty; give a name or a UUID.")
    if len(name) > REFERENCE_LIMIT:
        message = f"{where}: has {len(name)} characters, and {REFERENCE_LIMIT} are allowed: shorten it."
        raise InvalidInput(message, rule=Rule.TOO_LONG)
    return name


def boolean(where: str, value: Any, *, letters_allowed: bool = True) -> bool:
    """Return a boolean, which may be given as a word that Ansible takes for one, in any case.

    Without ``letters_allowed``, the words y, t, n and f are rejected. Raises ``InvalidInput``, which names ``where``.
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if letters_allowed or word not in _LETTERS:
        if word in _TRUE_WORDS:
            return True
        if word in _FALSE_WORDS:
            return False
    raise InvalidInput(f"{where}: must be true or false, and {quoted(value)} was given.", rule=Rule.WRONG_TYPE)


def whole_number(where: str, value: Any, smallest: int, largest: int) -> int:
    """Return a whole number in that range, which may be given as decimal text. Raises ``InvalidInput``.

    A number that YAML read in another notation is rejected: an unquoted 020000 is 8192.
    """
    written = get_spelling(value)
    is_other_notation = written is not None and not _DECIMAL.fullmatch(written)
    plain = value.strip() if isinstance(value, str) else quote(value)
    if isinstance(value, (bool, WrittenBool)) or not _DECIMAL.fullmatch(plain) or is_other_notation:
        message = f"{where}: must be a whole number, and {quoted(value)} was given: write it in decimal."
        raise InvalidInput(message, rule=Rule.WRONG_TYPE)
    if not smallest <= int(value) <= largest:
        message = f"{where}: must be a number from {smallest} to {largest}, and {quoted(value)} was given."
        raise InvalidInput(message, rule=Rule.OUT_OF_RANGE)
    return int(value)


def choice(where: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``. Raises ``InvalidInput``."""
    if value not in choices:
        raise InvalidInput(
            f"{where}: must be {' or '.join(choices)}, and {quoted(value)} was given.{suggest_closest(value, choices)}",
            rule=Rule.INVALID_CHOICE,
            closest=find_closest(value, choices),
        )
    return str(value)


def expiration(where: str, value: Any) -> datetime | None:
    """Return an expiry in UTC, or None for ``never``."""
    if isinstance(value, str) and value.strip().lower() == timestamps.NEVER:
        return None
    if isinstance(value, (bool, int, float, WrittenBool)):
        message = f'{where}: {describe_kind(value)}, but a date is required: put it in quotes, like "2027-06-30".'
        raise InvalidInput(message, rule=Rule.UNQUOTED_VALUE)
    try:
        return timestamps.parse(value)
    except ValueError:
        raise InvalidInput(
            f'{where}: \'{quote(value)}\' is not a valid date: write "2027-06-30", "2027-06-30T12:00:00Z" or never.',
            rule=Rule.INVALID_DATE,
        ) from None


def kind_of(value: Any) -> str:
    """Return the word for what ``value`` is."""
    # The first that fits: a boolean is an int, and a date-time is a date.
    kinds: tuple[tuple[Any, str], ...] = (
        ((bool, WrittenBool), "boolean"),
        ((int, float), "number"),
        (str, "text"),
        (date, "date"),
        ((list, tuple), "list"),
        (Mapping, "mapping"),
        (None.__class__, "null"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)


def quoted(value: Any) -> str:
    """Return ``value`` as messages quote it: as it was written where that is known; a list or mapping by its kind."""
    if isinstance(value, (list, tuple, Mapping)):
        return f"a {kind_of(value)}"
    return f"'{quote(get_spelling(value) or value)}'"


def mapping(where: str, value: Any, known: Sequence[str]) -> dict[str, Any]:
    """Return a mapping with known keys only; keys without a value (null) count as left out."""
    problems = Problems()
    items = known_keys(where, value, known, problems)
    problems.raise_errors()
    return items


def known_keys(where: str, value: Any, known: Sequence[str], problems: Problems) -> dict[str, Any]:
    """Return the items of a mapping whose keys are known and that are not null; add the other keys to ``problems``.

    Raises ``InvalidInput`` where ``value`` is not a mapping.
    """
    if not isinstance(value, Mapping):
        message = f"{where}: must be a mapping of {', '.join(known)}, and a {kind_of(value)} was given."
        raise InvalidInput(message, rule=Rule.WRONG_TYPE)
    for key in value:
        if key not in known:
            problems.add(_unknown_key(where, key, known))
    return {key: item for key, item in value.items() if item is not None and key in known}


def _unknown_key(where: str, key: Any, known: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        f"{where}: '{quote(key)}' is not known.{suggest_closest(key, known)} Known are {', '.join(known)}.",
        rule=Rule.UNKNOWN_KEY,
        closest=find_closest(key, known),
        place=f"{where}.{quote(key)}",
    )


def sequence(where: str, value: Any) -> list[Any]:
    """Return ``value`` as a list. Raises ``InvalidInput``."""
    if isinstance(value, str) and "datetime.date" in value:
        message = f"{where}: contains an unquoted date, so Ansible passed the list as text: quote the dates."
        raise InvalidInput(message, rule=Rule.UNQUOTED_VALUE)
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(f"{where}: must be a list, and a {kind_of(value)} was given.", rule=Rule.WRONG_TYPE)
    return list(value)
