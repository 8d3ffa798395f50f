# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse responses of the server defensively: errors in all their shapes, JSON within limits, and no secrets."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Collection
from typing import Any

from .._common.errors import escape_invisible
from .._common.redaction import Redactor, remove_secret_keys

_CONTAINERS = frozenset({dict, list})

_LONGEST = 400

# The part of an error page that is searched, in characters.
LONGEST_PAGE = 64 * 1024

_DEEPEST = 100

# Rows of a list, or objects and lists in one body. The largest list seen has some ten thousand rows.
LONGEST_LIST = 1_000_000

# Every member of an object or list but the last is followed by a comma, so commas limit the members before any memory
# is taken for them. The widest rows, offerings, have some 40 keys: 100,000 rows of 40 keys have 4.0 million commas and
# may have 7.4 million. The constant leaves room for commas in texts, as in long terms of service, while a single row of
# millions of keys, for which Python takes some 200 bytes each, is refused.
_COMMAS_EACH = 64

_COMMAS_MORE = 1_000_000

# Members of one object, for bodies that have enough small objects beside it.
_WIDEST = 100_000

_ENCODINGS = ("utf-8", "utf8", "iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252")


def error_text(body: Any, redactor: Redactor, free_form: Collection[str] = ()) -> str:
    """Return the text of an error body of any shape (api-behaviour: error-shapes), on one line and without secrets.

    ``redactor`` masks secrets; it gets the whole text, as a part of a secret would not be recognized. Invisible
    characters, and those that change how the text is displayed, are escaped. ``free_form``: see
    ``remove_secret_keys``.
    """
    try:
        if isinstance(body, str):
            body = _parse_lenient(redactor.redact_text(body))
        text = _flatten(remove_secret_keys(body, free_form)) if not isinstance(body, str) else _page_title(body)
    except RecursionError:
        text = "deeply nested JSON"
    text = redactor.redact_text(re.sub(r"\s+", " ", text).strip())
    shown = escape_invisible(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def _parse_lenient(text: str) -> Any:
    """Parse JSON whatever its content type says; broken JSON is not shown, as a secret in it could not be found."""
    try:
        return json.loads(text)
    except ValueError:
        return "broken JSON" if text.lstrip()[:1] in ("{", "[") else text


def _flatten(body: Any) -> str:
    if isinstance(body, dict):
        if set(body) <= {"detail"}:
            return _flatten(body.get("detail", ""))
        return "; ".join(f"{key}: {_flatten(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_flatten(value) for value in body)
    return "" if body is None else str(body)


def _page_title(page: str) -> str:
    """Return the title or heading of an HTML page, or its text without tags.

    No expression here looks for an end that may be missing, so that a page of nothing but beginnings takes no longer.
    """
    page = page[:LONGEST_PAGE]
    begin = re.search(r"<(title|h1)(?:\s[^<>]*)?>", page, re.IGNORECASE)
    if begin:
        end = page.lower().find(f"</{begin[1].lower()}", begin.end())
        page = page[begin.end() : end if end >= 0 else None]
    return html.unescape(re.sub(r"<[^<>]*>", " ", page))


def decode_text(content: bytes, content_type: str) -> str:
    """Return a body as text. Only encodings of error pages are supported; decoding some others takes very long."""
    match = re.search(r"charset=[\s\"']*([\w-]+)", content_type)
    encoding = match[1].lower() if match else ""
    return content.decode(encoding if encoding in _ENCODINGS else "utf-8", errors="replace")


def parse_json(content: bytes) -> Any:
    """Return a body as data.

    Raises ``ValueError`` for what is not JSON (NaN and Infinity included), and for a body that holds more objects,
    larger objects or deeper levels than any response of Waldur.
    """
    containers = content.count(b"{") + content.count(b"[")
    if containers > LONGEST_LIST:
        raise ValueError("too many objects")
    if content.count(b",") > _COMMAS_EACH * containers + _COMMAS_MORE:
        raise ValueError("too many members")
    try:
        value = json.loads(content, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("too deep") from None
    level = [value]
    for _depth in range(_DEEPEST):
        if any(outer.__class__ is dict and len(outer) > _WIDEST for outer in level):
            raise ValueError("too many members in one object")
        level = [
            item
            for outer in level
            if outer.__class__ in _CONTAINERS
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if item.__class__ in _CONTAINERS
        ]
        if not level:
            return value
    raise ValueError("too deep")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number without end")
    return number


def parse_count(header: str | None) -> int | None:
    """Return the length of a list by its ``X-Result-Count``; None without one. Raises ``ValueError`` for other text.

    A proxy may have doubled the header.
    """
    texts = {text.strip() for text in (header or "").split(",")}
    if texts == {""}:
        return None
    text = texts.pop()
    if texts or not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError("not a number")
    return int(text)
