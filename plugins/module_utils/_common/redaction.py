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
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache, cached_property, lru_cache
from threading import Lock
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


class Redactor:
    """Mask ``secrets`` in texts, messages, errors and JSON data. Threads may share one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets) - {""}
        self._lock = Lock()

    def add(self, secret: str) -> None:
        """Mask ``secret`` too from now on."""
        with self._lock:
            self.secrets |= {secret} - {""}

    def without(self, secrets: Collection[str]) -> Redactor:
        """Return a redactor that leaves ``secrets`` visible, such as a code that a task is asked to reveal."""
        return Redactor(self.secrets.difference(secrets))

    def redact_text(self, text: str) -> str:
        """Return ``text``, which comes from the server or a user, with every secret masked."""
        return _matcher(self.secrets).mask(text)

    def redact_message(self, text: str) -> str:
        """Return a message of ours with every secret masked; one that is a word of ours only where it is quoted."""
        own_words = _find_own_words(self.secrets)
        text = self._redact_own(text)
        return _QUOTED.sub(lambda match: _matcher(own_words).mask(match[0]), text) if own_words else text

    def redact_error(self, error: WaldurError) -> None:
        """Mask every secret in an error: its message and its details."""
        error.message = self.redact_message(error.message)
        error.args = (error.message,)
        error.details = self.redact_data(error.details)

    def redact_data(self, value: Any) -> Any:
        """Return JSON data with every secret masked, in keys too unless it is a word of ours.

        Data that holds none is returned as it is, not as a copy.
        """
        return self._redact(value, self.redact_text) if _matcher(self.secrets).may_match(value) else value

    def _redact(self, value: Any, mask: Callable[[str], str]) -> Any:
        """Return ``value`` with its texts masked by ``mask``, those in objects by their keys."""
        if isinstance(value, dict):
            return {
                self._redact_own(key) if isinstance(key, str) else key: self._redact(item, self._mask_for(key))
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._redact(item, mask) for item in value]
        return mask(value) if isinstance(value, str) else value

    def _mask_for(self, key: Any) -> Callable[[str], str]:
        """Return the function that masks the texts under ``key``."""
        if key in _OURS:
            return self._redact_own
        return self.redact_message if key in _MESSAGES else self.redact_text

    def _redact_own(self, text: str) -> str:
        """Return a key or a word of ours with every secret masked but those that are words of ours."""
        return _foreign_matcher(self.secrets).mask(text)


class _Matcher:
    """Find and mask ``secrets`` in each form that they can have."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._forms = frozenset(form for secret in secrets for form in _forms(secret))
        self._has_short = any(len(secret) < SHORTEST for secret in secrets)

    def mask(self, text: str) -> str:
        """Return ``text`` with every secret masked."""
        if self._has_short or self._occurs_in(text):
            text = self.pattern.sub(_mask, text)
        return self._mask_cut(text)

    def may_match(self, value: Any) -> bool:
        """Return whether a walk through ``value`` is needed: one search in its JSON text is many times faster."""
        if self._has_short:
            return True
        try:
            text = json.dumps(value)
        except (TypeError, ValueError):
            return True
        lowered, shown = text.lower(), text.replace("\\u2026", CUT)
        if any(json.dumps(form)[1:-1].lower() in lowered for form in self._forms):
            return True
        return CUT in shown and self._mask_cut(shown) != shown

    def _occurs_in(self, text: str) -> bool:
        """Return whether a secret stands in ``text``: in a long text that holds none, much faster than the pattern."""
        lowered = text.lower()
        return any(form in lowered for form in self._lowered_forms)

    def _mask_cut(self, text: str) -> str:
        """Return ``text`` with each beginning of a secret masked that stands before ``CUT``, where text was cut off."""
        forms = self._forms_by_beginning
        if CUT not in text or not forms:
            return text
        longest = max(len(form) for group in forms.values() for form in group)
        pieces = text.split(CUT)
        for index, piece in enumerate(pieces[:-1]):
            if length := _cut_length(piece[-longest:].lower(), forms):
                pieces[index] = piece[:-length] + MASK
        return CUT.join(pieces)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What matches any secret in any form, the longest first, as one secret may hold another."""
        return re.compile("|".join(map(_expression, sorted(self._forms, key=len, reverse=True))))

    @cached_property
    def _lowered_forms(self) -> frozenset[str]:
        return frozenset(form.lower() for form in self._forms)

    @cached_property
    def _forms_by_beginning(self) -> dict[str, list[str]]:
        """The forms in lower case, by their first characters."""
        forms: dict[str, list[str]] = {}
        for form in self._lowered_forms:
            if len(form) >= SHORTEST:
                forms.setdefault(form[:_LEAST_CUT], []).append(form)
        return forms


# A process knows few sets of secrets at a time, and a new one each time that it reads another secret code.
_MATCHERS = 64


@lru_cache(_MATCHERS)
def _matcher(secrets: frozenset[str]) -> _Matcher:
    """Return the one matcher of ``secrets``, as its pattern takes long to compile."""
    return _Matcher(secrets)


@lru_cache(_MATCHERS)
def _foreign_matcher(secrets: frozenset[str]) -> _Matcher:
    """Return the matcher of those ``secrets`` that are no words of ours."""
    return _matcher(secrets - _find_own_words(secrets))


def _cut_length(text: str, forms: dict[str, list[str]]) -> int:
    """Return the length of the longest beginning of a form that ``text`` ends with; 0 where it ends with none."""
    for start in range(len(text) - _LEAST_CUT + 1):
        length = len(text) - start
        for form in forms.get(text[start : start + _LEAST_CUT], ()):
            if length <= len(form) and form.startswith(text[start:]):
                return length
    return 0


def _mask(match: re.Match[str]) -> str:
    """Return the mask; the text itself where it is a part of a UUID."""
    text, start, end = match.string, match.start(), match.end()
    while start > 0 and text[start - 1] in _HEX:
        start -= 1
    while end < len(text) and text[end] in _HEX:
        end += 1
    is_part = end - start > len(match[0]) and uuids.normalize(text[start:end])
    return match[0] if is_part else MASK


def _expression(form: str) -> str:
    plain = re.escape(form)
    if len(form) >= SHORTEST:
        return f"(?i:{plain})"
    # The digits of an encoded character may be in any case.
    plain = re.sub(r"%([0-9A-F]{2})", lambda match: f"%(?i:{match[1]})", plain)
    return rf"(?<!\w){plain}(?!\w)"


def _forms(secret: str) -> set[str]:
    """Return ``secret`` as it is, and as it stands in a URL, in JSON, in what Python prints, and in HTML."""
    encoded = {quote(secret, safe, errors="replace") for safe in ("", "/")} | {quote_plus(secret, errors="replace")}
    encoded |= {quote(form, safe="") for form in encoded}
    in_json = json.dumps(secret)[1:-1]
    return {secret, *encoded, in_json, in_json.replace("/", r"\/"), repr(secret)[1:-1], html.escape(secret)}


@lru_cache(_MATCHERS)
def _find_own_words(secrets: frozenset[str]) -> frozenset[str]:
    """Return the secrets that are words of the collection."""
    return frozenset(secret for secret in secrets if _WORD.fullmatch(secret) and _is_own_word(secret))


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
