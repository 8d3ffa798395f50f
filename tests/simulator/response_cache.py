# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache responses to reads until the data change. Tests repeat the same requests, and most of the time is spent on
queries.

A *state* is a number that stands for all rows and for the position in the sequence of random values. A reset returns to
the initial state, and a request that changes something leads to another state. The same request leads from the same
state to the same next state if the clock is frozen, or if the request does not read the clock.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError

from . import random_values
from .clock import CLOCK

# The size of the cache, in bytes of bodies; the least recently used responses are removed first.
MAX_CACHE_BYTES = 32_000_000
# The largest response that is cached, and the largest request body that can lead to a known state.
MAX_BODY_BYTES = 1_000_000
INITIAL_STATE = 0
Key = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class CachedResponse:
    """A response, and the attributes that the recorder reads from its request."""

    status: int
    headers: dict[str, str]
    content: bytes
    request_attributes: dict[str, Any]


class ResponseCache:
    """The current state, the cached responses of all states, and the changes that lead from one state to another."""

    def __init__(self) -> None:
        self._numbers = itertools.count(INITIAL_STATE + 1)
        self.clear()

    def clear(self) -> None:
        """Remove all responses, because the initial state is another one."""
        self._responses: collections.OrderedDict[Key, CachedResponse] = collections.OrderedDict()
        self._size = 0
        self._next_states: dict[bytes, int] = {}
        self.state = INITIAL_STATE

    def return_to_start(self) -> None:
        """Return to the initial state."""
        self.state = INITIAL_STATE

    def enter_unknown_state(self) -> None:
        """Continue with a new state, which has no cached responses."""
        self.state = next(self._numbers)

    def answer(self, request: HttpRequest, handle: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
        """Return the cached response to *request*, or else the response of *handle*, which is then cached."""
        body = _body_of(request)
        headers = sorted(pair for pair in request.META.items() if _can_affect_response(*pair))
        key = (self.state, CLOCK.frozen_time, request.method, *headers)
        if key in self._responses:
            return self._restore(key, request)
        before = (connection.connection.total_changes, random_values.get_state())
        CLOCK.was_read = False
        response = handle(request)
        is_repeatable = body is not None and (CLOCK.frozen or not CLOCK.was_read)
        if (connection.connection.total_changes, random_values.get_state()) != before:
            self._enter_next_state(repr((*key, body)) if is_repeatable else None)
        elif is_repeatable and request.method == "GET" and response.status_code < 500:
            self._add(key, request, response)
        return response

    def _enter_next_state(self, change: str | None) -> None:
        """Enter the state that *change* leads to; None if that can't be known."""
        if change is None:
            self.enter_unknown_state()
        else:
            digest = hashlib.sha1(change.encode("utf-8", "surrogatepass")).digest()
            if digest not in self._next_states:
                self._next_states[digest] = next(self._numbers)
            self.state = self._next_states[digest]

    def _restore(self, key: Key, request: HttpRequest) -> HttpResponse:
        self._responses.move_to_end(key)
        cached = self._responses[key]
        for name, value in cached.request_attributes.items():
            setattr(request, name, value)
        return HttpResponse(cached.content, status=cached.status, headers=cached.headers)

    def _add(self, key: Key, request: HttpRequest, response: HttpResponseBase) -> None:
        if not isinstance(response, HttpResponse) or len(response.content) > MAX_BODY_BYTES:
            return
        attributes = {name: getattr(request, name) for name in ("resolver_match", "user") if hasattr(request, name)}
        content = response.content
        self._responses[key] = CachedResponse(response.status_code, dict(response.items()), content, attributes)
        self._size += len(response.content)
        while self._size > MAX_CACHE_BYTES:
            self._size -= len(self._responses.popitem(last=False)[1].content)


def _can_affect_response(name: str, value: Any) -> bool:
    """Return whether a response may depend on this variable of the request."""
    return name.startswith(("HTTP_", "CONTENT_", "PATH_", "QUERY_", "SERVER_")) and isinstance(value, str)


def _body_of(request: HttpRequest) -> bytes | None:
    """Return the body of *request*, or None for one that is too large or may be a form."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length == "0":
        return b""
    is_small = length.isdigit() and int(length) <= MAX_BODY_BYTES
    if not is_small or request.content_type not in ("application/json", "text/plain"):
        return None
    try:
        return request.body
    except UnreadablePostError:
        return None


RESPONSE_CACHE = ResponseCache()
