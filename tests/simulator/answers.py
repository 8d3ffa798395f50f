# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to reads, kept to be given again while nothing has changed: tests ask the same of the same world again and
again, and it is the database that takes the time.

A *state* is a number for all rows and the place in the sequence of chance. A reset leads back to the state of the
start, and a request that changes something leads to another state. It is the same one whenever the same request met the
same state at the same moment, which needs a clock that stands still, or that the request does not ask.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from . import chance
from .clock import CLOCK

# How much is kept, in bytes of bodies; the answers that were not asked for longest go first.
ROOM = 32_000_000
# The largest answer that is kept, and the largest body of a request that can lead to a known state.
LARGEST = 1_000_000
START = 0
Key = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Kept:
    """An answer, and what the recorder looks for at its request."""

    status: int
    headers: dict[str, str]
    content: bytes
    noted: dict[str, Any]


class Answers:
    """The present state, and what is known of this and others."""

    def __init__(self) -> None:
        self._numbers = itertools.count(START + 1)
        self.begin()

    def begin(self) -> None:
        """Forget everything, as there is another world."""
        self._kept: collections.OrderedDict[Key, Kept] = collections.OrderedDict()
        self._size = 0
        self._following: dict[bytes, int] = {}
        self.state = START

    def return_to_start(self) -> None:
        """Continue with the state of the start."""
        self.state = START

    def leave(self) -> None:
        """Continue with a state that nothing is known of."""
        self.state = next(self._numbers)

    def answer(self, request: HttpRequest, handle: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
        """Return what *handle* answers to *request*, or has answered to the same one in the same state."""
        body = _body_of(request)
        said = (request.method, *(sorted(pair for pair in request.META.items() if _matters(*pair))))
        key = (self.state, CLOCK.moment_if_frozen, said)
        if key in self._kept:
            return self._repeat(key, request)
        before = (connection.connection.total_changes, chance.bookmark())
        CLOCK.asked = False
        response = handle(request)
        is_repeatable = body is not None and (CLOCK.frozen or not CLOCK.asked)
        if (connection.connection.total_changes, chance.bookmark()) != before:
            self._follow(repr((*key, body)) if is_repeatable else None)
        elif is_repeatable and request.method == "GET" and response.status_code < 500:
            self._keep(key, request, response)
        return response

    def _follow(self, text: str | None) -> None:
        if text is None:
            self.leave()
        else:
            digest = hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()
            if digest not in self._following:
                self._following[digest] = next(self._numbers)
            self.state = self._following[digest]

    def _repeat(self, key: Key, request: HttpRequest) -> HttpResponse:
        self._kept.move_to_end(key)
        kept = self._kept[key]
        for name, value in kept.noted.items():
            setattr(request, name, value)
        return HttpResponse(kept.content, status=kept.status, headers=kept.headers)

    def _keep(self, key: Key, request: HttpRequest, response: HttpResponseBase) -> None:
        if not isinstance(response, HttpResponse) or len(response.content) > LARGEST:
            return
        noted = {name: getattr(request, name) for name in ("resolver_match", "user") if hasattr(request, name)}
        self._kept[key] = Kept(response.status_code, dict(response.items()), response.content, noted)
        self._size += len(response.content)
        while self._size > ROOM:
            self._size -= len(self._kept.popitem(last=False)[1].content)


def _matters(name: str, value: Any) -> bool:
    """Whether an answer may depend on that variable of the request."""
    return name.startswith(("HTTP_", "CONTENT_", "PATH_", "QUERY_", "SERVER_")) and isinstance(value, str)


def _body_of(request: HttpRequest) -> bytes | None:
    """Return the body of *request*, or None for one that is too large or may be a form."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length == "0":
        return b""
    is_small = length.isdigit() and int(length) <= LARGEST
    return request.body if is_small and request.content_type in ("application/json", "text/plain") else None


ANSWERS = Answers()
