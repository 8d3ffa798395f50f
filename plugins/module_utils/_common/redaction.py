# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redact secrets in all output: texts of the server, values of options, and messages around them.

A secret is masked wherever it stands, in each form that it can have in a URL, in JSON or in HTML. A secret that is a
word of the collection itself, such as ``description``, reveals nothing where that word belongs: keys and the
words of our own messages stay then, and only values are masked. A UUID stays where a secret is but a part of it.
The case of letters makes no difference, and the beginning of a secret is masked where a message was cut within it.
"""

from __future__ import annotations

import html
import json
import os
import pkgutil
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus

from . import uuids
from .errors import WaldurError

# Keys of answers that hold secrets: taken out here, for every consumer, but not in objects whose keys users choose (see
# ``Operation.free_form``).
_SECRET_KEYS = frozenset({"secret_options", "token", "api_secret_code"})

_SCALARS = frozenset({str, int, float, bool, None.__class__})


def remove_secret_keys(value: Any, free_form: Collection[str] = ()) -> Any:
    """Return a row, or a list of rows, with every key that holds a secret taken out, at any depth.

    Under the keys ``free_form`` of a row everything stays, as users choose the keys there.
    """
    if isinstance(value, dict):
        # Most of 10,000 rows are texts and numbers: looking at their class first takes a third of the time.
        return {
            key: item if item.__class__ in _SCALARS or key in free_form else remove_secret_keys(item)
            for key, item in value.items()
            if key not in _SECRET_KEYS
        }
    if isinstance(value, list):
        return [remove_secret_keys(item, free_form) for item in value]
    return value


def redact_error(error: WaldurError, hidden: frozenset[str]) -> None:
    """Mask every hidden text in an error: its message and its details."""
    error.message = redact_message(error.message, hidden)
    error.args = (error.message,)
    error.details = redact(error.details, hidden)


MASK = "********"
# Shorter texts are part of many words, so they are masked as whole words only.
SHORTEST = 8
# The end of a text that ``quote`` or ``error_text`` cut, and the length from which the beginning of a secret before it
# is masked.
CUT = "…"
_LEAST_CUT = 4
_WORD = re.compile(r"[A-Za-z_]+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_HEX = frozenset("0123456789abcdefABCDEF-")
# Keys of results whose texts are messages, or made of labels of ours, and keys whose texts are words of ours.
_MESSAGES = frozenset({"msg", "errors", "warnings", "before", "after"})
_OURS = frozenset({"kind", "action"})


def redact_text(text: str, hidden: frozenset[str]) -> str:
    """Return ``text``, which comes from the server or a user, with every hidden text masked."""
    if any(0 < len(form) < SHORTEST for form in hidden) or _holds_any(text, hidden):
        text = _pattern(hidden).sub(_mask, text)
    return _mask_cut(text, hidden)


def redact_message(text: str, hidden: frozenset[str]) -> str:
    """Return a message of ours with every hidden text masked; one that is a word of ours only where it is quoted."""
    foreign, own = _sorted(hidden)
    text = redact_text(text, foreign)
    return _QUOTED.sub(lambda match: redact_text(match[0], own), text) if own else text


def redact(value: Any, hidden: frozenset[str]) -> Any:
    """Return JSON data with every hidden text masked, in keys too unless it is a word of ours.

    Data that holds none is returned as it is, not as a copy.
    """
    foreign, own = _sorted(hidden)
    return _redacted(value, foreign, own, is_message=False) if _may_hold(value, hidden) else value


def _redacted(value: Any, foreign: frozenset[str], own: frozenset[str], *, is_message: bool) -> Any:
    if isinstance(value, dict):
        return {
            redact_text(key, foreign) if isinstance(key, str) else key: _redacted(
                item, foreign, own if key not in _OURS else frozenset(), is_message=key in _MESSAGES
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_redacted(item, foreign, own, is_message=is_message) for item in value]
    if isinstance(value, str):
        return redact_message(value, foreign | own) if is_message else redact_text(value, foreign | own)
    return value


def _may_hold(value: Any, hidden: frozenset[str]) -> bool:
    """Return whether a walk through ``value`` is needed: one search in its JSON text is many times faster."""
    if any(len(secret) < SHORTEST for secret in hidden):
        return True
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        return True
    lowered, shown = text.lower(), text.replace("\\u2026", CUT)
    if any(json.dumps(form)[1:-1].lower() in lowered for form in _all_forms(hidden)):
        return True
    return CUT in shown and _mask_cut(shown, hidden) != shown


def _holds_any(text: str, hidden: frozenset[str]) -> bool:
    """Return whether a hidden text stands in ``text``: in a long text that holds none, much faster than the pattern."""
    lowered = text.lower()
    return any(form.lower() in lowered for form in _all_forms(hidden))


def _mask_cut(text: str, hidden: frozenset[str]) -> str:
    """Return ``text`` with each beginning of a hidden text masked that a cut left, which ``CUT`` follows."""
    forms = _forms_by_beginning(hidden)
    if CUT not in text or not forms:
        return text
    longest = max(len(form) for group in forms.values() for form in group)
    parts = text.split(CUT)
    for index, part in enumerate(parts[:-1]):
        if length := _cut_length(part[-longest:].lower(), forms):
            parts[index] = part[:-length] + MASK
    return CUT.join(parts)


def _cut_length(text: str, forms: dict[str, list[str]]) -> int:
    """Return the length of the longest beginning of a form that ``text`` ends with; 0 where it ends with none."""
    for start in range(len(text) - _LEAST_CUT + 1):
        length = len(text) - start
        for form in forms.get(text[start : start + _LEAST_CUT], ()):
            if length <= len(form) and form.startswith(text[start:]):
                return length
    return 0


@cache
def _forms_by_beginning(hidden: frozenset[str]) -> dict[str, list[str]]:
    """Return the forms in lower case, by their first characters."""
    forms: dict[str, list[str]] = {}
    for form in {form.lower() for form in _all_forms(hidden) if len(form) >= SHORTEST}:
        forms.setdefault(form[:_LEAST_CUT], []).append(form)
    return forms


def _mask(match: re.Match[str]) -> str:
    """Return the mask; the text itself where it is a part of a UUID."""
    text, start, end = match.string, match.start(), match.end()
    while start > 0 and text[start - 1] in _HEX:
        start -= 1
    while end < len(text) and text[end] in _HEX:
        end += 1
    is_part = end - start > len(match[0]) and uuids.normalize(text[start:end])
    return match[0] if is_part else MASK


@cache
def _pattern(hidden: frozenset[str]) -> re.Pattern[str]:
    """Return what finds any of ``hidden`` in any form, the longest first, as one secret may hold another."""
    return re.compile("|".join(map(_expression, sorted(_all_forms(hidden), key=len, reverse=True))))


def _expression(form: str) -> str:
    plain = re.escape(form)
    if len(form) >= SHORTEST:
        return f"(?i:{plain})"
    # The digits of an encoded character may be in any case.
    plain = re.sub(r"%([0-9A-F]{2})", lambda match: f"%(?i:{match[1]})", plain)
    return rf"(?<!\w){plain}(?!\w)"


@cache
def _all_forms(hidden: frozenset[str]) -> frozenset[str]:
    return frozenset(form for secret in hidden if secret for form in _forms(secret))


def _forms(secret: str) -> set[str]:
    """``secret`` as it is, and as it stands in a URL, in JSON, in what Python prints, and in HTML."""
    encoded = {quote(secret, safe, errors="replace") for safe in ("", "/")} | {quote_plus(secret, errors="replace")}
    encoded |= {quote(form, safe="") for form in encoded}
    in_json = json.dumps(secret)[1:-1]
    return {secret, *encoded, in_json, in_json.replace("/", r"\/"), repr(secret)[1:-1], html.escape(secret)}


@cache
def _sorted(hidden: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Those that are no words of ours, and those that are."""
    own = frozenset(secret for secret in hidden if _WORD.fullmatch(secret) and _is_own_word(secret))
    return hidden - own, own


def _is_own_word(word: str) -> bool:
    """Return whether a word, or a part of one, is in the source of the collection; few secrets are words, so that it is
    hardly ever read."""
    return any(word.lower() in source for source in _sources())


@cache
def _sources() -> tuple[str, ...]:
    """Return the source texts of ``module_utils``, in lower case; none where they can't be read."""
    loader: Any = uuids.__spec__.loader if uuids.__spec__ else None
    root = os.path.dirname(os.path.dirname(str(uuids.__file__)))
    try:  # by the loader, as a module runs from an archive
        return tuple(loader.get_data(path).decode().lower() for path in _source_paths(root))
    except (AttributeError, OSError):  # no source there: everything is masked
        return ()


def _source_paths(folder: str) -> Iterator[str]:
    """Yield the paths of the modules in ``folder`` and in the packages below it."""
    for module in pkgutil.iter_modules([folder]):
        path = os.path.join(folder, module.name)
        if module.ispkg:
            yield from _source_paths(path)
        else:
            yield f"{path}.py"
