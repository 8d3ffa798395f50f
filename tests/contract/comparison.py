# SPDX-License-Identifier: GPL-3.0-or-later
"""Two answers compared: do they agree, and are they equal in all values?

They *agree* with the same status, content type, relations of Link, X-Result-Count, WWW-Authenticate and presence of
Location, with the same keys and JSON types at every level of the body, and in an error with the same words. Of HTML
only that it is HTML counts. Numbers are one JSON type.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .recordings import Answer
from .value_matching import ValueMatching

SECRETS = {"api_secret_code", "token"}
_LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')
_TYPES: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "object"}


@dataclasses.dataclass(frozen=True)
class Difference:
    """Something that differs at *where*; ``grave`` when the answers do not even agree."""

    grave: bool
    where: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.where}: recorded {self.recorded!r:.160}, ours {self.ours!r:.160}"


def compare(recorded: Answer, ours: Answer, matching: ValueMatching) -> list[Difference]:
    """All differences of two answers to one request; *matching* learns from them."""
    found = [*_compare_heads(recorded, ours)]
    if ours.headers.get("content-type", "").startswith("text/html"):
        return found
    is_error = 400 <= recorded.status < 500
    body = _compare_bodies("body", recorded.body, ours.body, matching)
    return found + [dataclasses.replace(item, grave=item.grave or is_error) for item in body]


def _compare_heads(recorded: Answer, ours: Answer) -> Iterator[Difference]:
    pairs = {
        "status": (recorded.status, ours.status),
        "Content-Type": (_plain(recorded, "content-type"), _plain(ours, "content-type")),
        "Link": (_links(recorded), _links(ours)),
        "X-Result-Count": (recorded.headers.get("x-result-count"), ours.headers.get("x-result-count")),
        "WWW-Authenticate": (recorded.headers.get("www-authenticate"), ours.headers.get("www-authenticate")),
        "Location present": ("location" in recorded.headers, "location" in ours.headers),
    }
    for name, (theirs, own) in pairs.items():
        if theirs != own:
            yield Difference(True, name, theirs, own)


def _plain(answer: Answer, header: str) -> str:
    return answer.headers.get(header, "").replace(" ", "").lower()


def _links(answer: Answer) -> dict[str, list[tuple[str, str]]]:
    found = _LINK.findall(answer.headers.get("link", ""))
    return {rel: sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True)) for url, rel in found}


def _type(value: Any) -> str:
    return _TYPES.get(type(value), "null")


def _compare_bodies(where: str, recorded: Any, ours: Any, matching: ValueMatching) -> Iterator[Difference]:
    if _type(recorded) != _type(ours):
        yield Difference(True, where, recorded, ours)
    elif isinstance(recorded, dict):
        yield from _compare_objects(where, recorded, ours, matching)
    elif isinstance(recorded, list):
        yield from _compare_lists(where, recorded, ours, matching)
    elif isinstance(recorded, str):
        same = matching.same_secret if where.rpartition(".")[2] in SECRETS else matching.matches
        if not same(recorded, ours):
            yield Difference(False, where, recorded, ours)
    elif recorded != ours:
        yield Difference(False, where, recorded, ours)


def _compare_objects(
    where: str, recorded: dict[str, Any], ours: dict[str, Any], matching: ValueMatching
) -> Iterator[Difference]:
    for name in sorted(recorded.keys() - ours.keys()):
        yield Difference(True, f"{where}.{name}", recorded[name], "no such key")
    for name in sorted(ours.keys() - recorded.keys()):
        yield Difference(True, f"{where}.{name}", "no such key", ours[name])
    for name, value in recorded.items():
        if name in ours:
            yield from _compare_bodies(f"{where}.{name}", value, ours[name], matching)


def _compare_lists(where: str, recorded: list[Any], ours: list[Any], matching: ValueMatching) -> Iterator[Difference]:
    if len(recorded) != len(ours):
        yield Difference(True, f"{where}, its length", len(recorded), len(ours))
    order = [_identity(item) for item in recorded]
    if None not in order and order != [_identity(item) for item in ours]:
        found = {_identity(item): item for item in ours}
        if found.keys() == set(order):
            yield Difference(False, f"{where}, its order", order, list(found))
            ours = [found[name] for name in order]
    for index, (theirs, own) in enumerate(zip(recorded, ours, strict=False)):
        yield from _compare_bodies(f"{where}[{index}]", theirs, own, matching)


def _identity(item: Any) -> str | None:
    # Rows are told apart by their UUID, words by themselves.
    found = item.get("uuid") if isinstance(item, dict) else item
    return found if isinstance(found, str) else None
