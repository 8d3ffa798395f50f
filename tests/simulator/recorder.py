# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what is asked of the API, and dates the answers by the simulator's clock."""

from __future__ import annotations

import collections
import contextlib
import functools
import re
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import Resolver404, resolve

from .clock import CLOCK
from .database import LOCK, MEMORY
from .response_cache import RESPONSE_CACHE

CONTROL = "/simulator/"
# Control requests that change rows. A reset and another world are not among them, as they set the state themselves.
ROW_CHANGES = ("/simulator/objects", "/simulator/sweep")
READS = frozenset(("GET", "HEAD", "OPTIONS"))
WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
# Ends of paths whose POST changes nothing (api-behaviour: account-settings-preview, site-agent-config).
SAFE = ("/account_options_preview/", "/generate_site_agent_config/")
# Request lines longer than this, in bytes, the front of the recorded server answered so.
LONGEST_LINES = ((8192, "414 Request-URI Too Large"), (4096, "400 Bad Request"))


class Recorder:
    """The requests since the last zeroing; those of the control channel are never among them."""

    def __init__(self) -> None:
        self.zero()

    def zero(self) -> None:
        """Forget everything."""
        self.operations: collections.Counter[str] = collections.Counter()
        self.writes = 0
        self.requests: collections.deque[dict[str, Any]] = collections.deque(maxlen=1000)

    def add(self, request: HttpRequest, status: int | None) -> None:
        """Count one request; a status of None means that it got no answer."""
        self.operations[f"{request.method} {route_of(request)}"] += 1
        self.writes += request.method in WRITES and not request.path.endswith(SAFE)
        user = getattr(request, "user", None)
        row = {
            "method": request.method,
            "path": request.get_full_path(),
            "status": status,
            "user": getattr(user, "username", "") or None,
        }
        more = {"error": getattr(request, "failure", None), "fault": request.META.get("simulator.fault")}
        self.requests.append({**row, **{key: value for key, value in more.items() if value}})

    def add_unhandled(self, environ: dict[str, Any], status: int | None) -> None:
        """Count a request that a fault kept from the API."""
        request = WSGIRequest(environ)
        with contextlib.suppress(Resolver404):
            request.resolver_match = resolve(request.path_info)
        with LOCK:
            self.add(request, status)

    def summary(self) -> dict[str, Any]:
        """The counts as the control channel shows them."""
        total = sum(self.operations.values())
        return {
            "requests": total,
            "reads": total - self.writes,
            "writes": self.writes,
            "operations": dict(self.operations),
        }


RECORDER = Recorder()


@functools.lru_cache(maxsize=1000)
def pattern_of(route: str) -> str:
    """The path of a Django route, its variables in braces."""
    route = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", route)
    route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    return "/" + re.sub(r"[\^$\\]|/\?", "", route)


def route_of(request: HttpRequest) -> str:
    """The pattern of the request's route, or its path where no route matched."""
    return pattern_of(request.resolver_match.route) if request.resolver_match else request.path


class RecorderMiddleware:
    """The outermost layer: sees every request and its final answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = refuse_long_line(request) or self.answer(request)
        if request.method not in READS:
            MEMORY.clear()
        if not request.path.startswith(CONTROL) and "simulator.unseen" not in request.META:
            RECORDER.add(request, response.status_code)
        response["Date"] = format_datetime(CLOCK.now(), usegmt=True)
        return response

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer *request*, from the cache if possible."""
        if request.path.startswith(CONTROL) and request.path not in ROW_CHANGES:
            return self.get_response(request)
        return RESPONSE_CACHE.answer(request, self.get_response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Keep what a 500 hides, for whoever asks the control channel; but what no text or depth is, is refused."""
        request.failure = repr(exception)
        if isinstance(exception, (RecursionError, UnicodeEncodeError)):
            return JsonResponse({"detail": "JSON parse error - nested too deeply, or half a character"}, status=400)
        return None


def refuse_long_line(request: HttpRequest) -> HttpResponse | None:
    """The proxy's answer to a request line that is too long, else None."""
    length = len(f"{request.method} {request.get_full_path()} HTTP/1.1")
    for longest, title in LONGEST_LINES:
        if length > longest:
            return HttpResponse(f"<html><body><h1>{title}</h1></body></html>", status=int(title[:3]))
    return None
