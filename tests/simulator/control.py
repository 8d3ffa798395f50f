# SPDX-License-Identifier: GPL-3.0-or-later
"""The control channel below ``/simulator/``: JSON, no token, never counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.db import Error, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from . import clock, editions, faults, object_changes, world
from .recorder import RECORDER

Answer = dict[str, Any] | list[Any]
MISTAKES = (ValueError, TypeError, LookupError, OSError, FieldError, ObjectDoesNotExist, ValidationError, Error)


def base_url(request: HttpRequest) -> str:
    """The simulator's address as the caller wrote it."""
    return f"{request.scheme}://{request.get_host()}"


def view(**methods: Callable[[HttpRequest, dict[str, Any]], Answer]) -> Callable[[HttpRequest], JsonResponse]:
    """A view that answers each of *methods* with what its function returns for the JSON body."""

    @transaction.non_atomic_requests
    def answer(request: HttpRequest) -> JsonResponse:
        function = methods.get(request.method or "")
        if function is None:
            return JsonResponse({"error": f"only {', '.join(methods)} here"}, status=405)
        try:
            return JsonResponse(function(request, json.loads(request.body or "{}")), safe=False)
        except MISTAKES as problem:
            return JsonResponse({"error": f"{type(problem).__name__}: {problem}"}, status=400)

    return answer


def about(request: HttpRequest, body: dict[str, Any]) -> Answer:
    """What this simulator is: url, edition, clock, tokens."""
    return {
        "url": base_url(request),
        "edition": editions.current().name,
        "clock": clock.now().isoformat(),
        "tokens": world.tokens(),
    }


def zero(request: HttpRequest, body: Any) -> Answer:
    """Forget what was asked."""
    RECORDER.zero()
    return RECORDER.summary()


def reset(request: HttpRequest, body: dict[str, Any]) -> Answer:
    """Restore the initial state; ``frozen`` stops the clock."""
    world.reset(frozen=bool(body.get("frozen")))
    faults.RULES.clear()
    return about(request, body)


def keep_as_start(request: HttpRequest, body: Any) -> Answer:
    """Make the current state the initial one."""
    world.keep_as_start()
    return about(request, {})


def set_clock(request: HttpRequest, body: dict[str, Any]) -> Answer:
    """Go on from ``now``, or stand still at it when ``frozen``."""
    clock.CLOCK.set(clock.parse(body["now"]), frozen=bool(body.get("frozen")))
    return {"clock": clock.now().isoformat(), "frozen": clock.CLOCK.frozen}


def load(request: HttpRequest, body: Any) -> Answer:
    """Load another world; it is the new start."""
    world.load(body, base_url(request))
    return about(request, {})


def show_faults(request: HttpRequest, body: Any) -> Answer:
    """The fault plan, with how often each rule fired."""
    return [{**rule.given, "fired": rule.fired} for rule in faults.RULES]


def add_faults(request: HttpRequest, body: Any) -> Answer:
    """Add a rule, or a list of them."""
    faults.add(body)
    return show_faults(request, body)


def clear_faults(request: HttpRequest, body: Any) -> Answer:
    """Answer well again."""
    faults.RULES.clear()
    return []


urlpatterns = [
    path("", view(GET=about)),
    path("counts", view(GET=lambda *_: RECORDER.summary(), DELETE=zero)),
    path("requests", view(GET=lambda *_: list(RECORDER.requests))),
    path("reset", view(POST=reset)),
    path("start", view(PUT=keep_as_start)),
    path("clock", view(GET=about, PUT=set_clock)),
    path("sweep", view(POST=lambda *_: {"swept": world.sweep()})),
    path("world", view(POST=load)),
    path("objects", view(POST=lambda _request, body: object_changes.change_objects(**body))),
    path("faults", view(GET=show_faults, POST=add_faults, DELETE=clear_faults)),
]
