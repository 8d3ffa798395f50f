# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server says, read with care: errors in all their shapes, and secrets that must not travel on."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Collection
from typing import Any

from .._common.errors import printable
from .._common.redaction import without_secrets

_CONTAINERS = frozenset({dict, list})

_LONGEST = 400

# What of an error page is looked at.
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


def words(body: Any, hide: Callable[[str], str] = str, free_form: Collection[str] = ()) -> str:
    """Return the server's own words of an error body of any shape (api-behaviour: error-shapes), as one line, without
    secrets.

    ``hide`` masks secrets; it sees the whole text, as half a secret is too much. Characters that would not be seen, or
    that would change how the rest is seen, are escaped. ``free_form``: see ``without_secrets``.
    """
    try:
        if isinstance(body, str):
            body = _parsed(hide(body))
        text = _flat(without_secrets(body, free_form)) if not isinstance(body, str) else _plain(body)
    except RecursionError:
        text = "deeply nested JSON"
    text = hide(re.sub(r"\s+", " ", text).strip())
    shown = printable(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def _parsed(text: str) -> Any:
    """JSON whatever it is called; of broken JSON nothing is told, as nobody knows where a secret stands in it."""
    try:
        return json.loads(text)
    except ValueError:
        return "broken JSON" if text.lstrip()[:1] in ("{", "[") else text


def _flat(body: Any) -> str:
    if isinstance(body, dict):
        if set(body) <= {"detail"}:
            return _flat(body.get("detail", ""))
        return "; ".join(f"{key}: {_flat(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_flat(value) for value in body)
    return "" if body is None else str(body)


def _plain(page: str) -> str:
    """An HTML page says what it is in its title or heading; the rest is decoration.

    No expression here looks for an end that may be missing, so that a page of nothing but beginnings takes no longer.
    """
    page = page[:LONGEST_PAGE]
    begin = re.search(r"<(title|h1)(?:\s[^<>]*)?>", page, re.IGNORECASE)
    if begin:
        end = page.lower().find(f"</{begin[1].lower()}", begin.end())
        page = page[begin.end() : end if end >= 0 else None]
    return html.unescape(re.sub(r"<[^<>]*>", " ", page))


def text_of(content: bytes, content_type: str) -> str:
    """A body as text. Only encodings that error pages have count; some others take Python very long."""
    match = re.search(r"charset=[\s\"']*([\w-]+)", content_type)
    encoding = match[1].lower() if match else ""
    return content.decode(encoding if encoding in _ENCODINGS else "utf-8", errors="replace")


def parse_json(content: bytes) -> Any:
    """A body as data. Raises ``ValueError`` for what is not JSON, NaN and Infinity among it, and for a body that holds
    more objects, wider ones, or objects deeper within each other, than any answer of Waldur."""
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


def count_of(header: str | None) -> int | None:
    """How many rows a list has by its ``X-Result-Count``; None without one. Raises ``ValueError`` for another text.

    A proxy may have doubled the header.
    """
    texts = {text.strip() for text in (header or "").split(",")}
    if texts == {""}:
        return None
    text = texts.pop()
    if texts or not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError("not a number")
    return int(text)
