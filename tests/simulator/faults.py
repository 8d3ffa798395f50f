# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault plan: which of the next requests are answered wrongly, late, in part, or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import json
import re
import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from http.client import responses
from typing import Any

from .clock import CLOCK
from .database import MEMORY, turn
from .object_changes import change_objects
from .recorder import CONTROL, RECORDER, WRITES
from .response_cache import RESPONSE_CACHE

Environ = dict[str, Any]
# Status line, headers, body.
Answer = tuple[str, dict[str, str], bytes]
PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"
METHODS = ("any", "write", "GET", "HEAD", "OPTIONS", *sorted(WRITES))
FLAG = ((True, False).__contains__, "true or false")


def whole(value: Any) -> bool:
    """Whether it is a whole number; to Python, true and false are numbers too."""
    return isinstance(value, int) and not isinstance(value, bool)


COUNT = (lambda value: whole(value) and value >= 0, "a whole number from 0")


def is_pattern(value: Any) -> bool:
    """Whether it is a glob, or after ``~`` (as in Ansible's host patterns) a regular expression."""
    with contextlib.suppress(re.error):
        return isinstance(value, str) and (value[:1] != "~" or re.compile(value[1:]) is not None)
    return False


# Which requests a rule hits, and what it does to them: each key with a test of its value, and that test in words.
CHOICE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "method": (METHODS.__contains__, "one of " + ", ".join(METHODS)),
    "path": (is_pattern, "a glob, or ~ and a regular expression"),
    "token": (lambda value: isinstance(value, str) and value != "", "a token"),
    "times": (lambda value: value is None or (whole(value) and value > 0), "a whole number from 1, or null"),
    "skip": COUNT,
    "after": FLAG,
}
EFFECT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "status": (lambda value: whole(value) and 200 <= value <= 599, "an HTTP status from 200 to 599"),
    "body": (lambda value: value is not None, "a text, or anything else to send as JSON"),
    "html": FLAG,
    "redirect": (lambda value: isinstance(value, str), "a URL, in which {host} and {path} are the request's own"),
    "drop": (lambda value: value in ("before", "after"), "before or after"),
    "headers": (lambda value: isinstance(value, dict) and {*map(type, value.values())} <= {str}, "a mapping of texts"),
    "delay": (lambda value: type(value) in (int, float) and value >= 0, "a number of seconds"),
    "cut": COUNT,
    "repeat_row": FLAG,
    "skip_row": FLAG,
    "meanwhile": (lambda value: isinstance(value, dict), "a body of /simulator/objects"),
}
KEYS = {**CHOICE, **EFFECT}
# With one of these the request does not reach the API, unless ``after`` says so.
REPLACING = frozenset(("status", "body", "html", "redirect", "drop"))


@dataclasses.dataclass
class Rule:
    """One fault, by the keys above; ``passed`` and ``fired`` count the requests it let by and hit."""

    given: dict[str, Any]
    passed: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        """Raises ``ValueError``, which names the key, for a rule that can't be used."""
        for key, value in self.given.items():
            if key not in KEYS:
                raise ValueError(f"{key}: not known; known are {', '.join(KEYS)}")
            if not KEYS[key][0](value):
                raise ValueError(f"{key}: must be {KEYS[key][1]}, and {value!r} was given")
        self.get = self.given.get
        self.effect = {key: value for key, value in self.given.items() if key in EFFECT and value is not False}
        if not self.effect:
            raise ValueError(f"status: it, or another of {', '.join(EFFECT)}, must say what happens")
        if "drop" in self.effect and set(self.effect) - {"drop", "delay", "meanwhile"}:
            raise ValueError("drop: goes with delay and meanwhile alone, as no answer is sent")
        self.after = self.get("after") or self.get("drop") == "after"

    def matches(self, method: str, path: str, query: str, authorization: str) -> bool:
        """Whether a request is one of those that it is about; a glob may speak of the path alone."""
        if "token" in self.given and self.given["token"] not in authorization.split():
            return False
        wanted, pattern = self.get("method", "any"), self.get("path", "*")
        if wanted not in ("any", method) and not (wanted == "write" and method in WRITES):
            return False
        if "repeat_row" in self.effect and page_of(query) < 2:
            return False
        whole = f"{path}?{query}" if query else path
        if pattern[:1] == "~":
            return re.search(pattern[1:], whole) is not None
        return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(whole, pattern)

    def fires(self) -> bool:
        """Count one request that matches; True where it is hit."""
        if self.passed < self.get("skip", 0):
            self.passed += 1
        elif self.fired != self.get("times", 1):
            self.fired += 1
            return True
        return False

    def own_answer(self, environ: Environ) -> Answer | None:
        """The answer in place of the API's; None where that one is to be used."""
        if not REPLACING - {"drop"} & set(self.effect):
            return None
        headers, target = dict(self.get("headers", {})), self.get("redirect")
        if target is not None:
            path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
            headers["Location"] = target.replace("{host}", environ["HTTP_HOST"]).replace("{path}", path)
        status = self.get("status", 200 if target is None else 302)
        line = f"{status} {responses.get(status, 'Unknown')}"
        body = self.get("body", PAGE.format(line) if self.get("html") else {"detail": line[4:]})
        kind, content = ("text/html", body) if isinstance(body, str) else ("application/json", json.dumps(body))
        date = format_datetime(CLOCK.now(), usegmt=True)
        return line, {"Date": date, "Content-Type": kind, **headers}, content.encode()


# In the order in which they were added; the first that fires has the request.
RULES: list[Rule] = []
LOCK = threading.Lock()


def add(body: Any) -> None:
    """Add a rule, or a list of them: all or none. Raises ``ValueError``."""
    RULES.extend([Rule(dict(row)) for row in (body if isinstance(body, list) else [body])])


def take(environ: Environ) -> Rule | None:
    """The rule that the request runs into, if any; the control channel never does."""
    request = (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if not RULES or request[1].startswith(CONTROL):
        return None
    with LOCK:
        return next((rule for rule in RULES if rule.matches(*request, authorization) and rule.fires()), None)


def answer(rule: Rule, environ: Environ, ask: Callable[[Environ], Answer]) -> Answer | None:
    """What *rule* makes of a request; None where the connection breaks. *ask* has the API handle it."""
    environ["simulator.fault"] = rule.effect
    own = rule.own_answer(environ)
    found = ask(environ) if rule.after else None
    # Nothing is locked while it waits, so others are served meanwhile.
    time.sleep(rule.get("delay", 0))
    if "meanwhile" in rule.given:
        with turn():
            try:
                change_objects(**rule.given["meanwhile"])
            finally:
                MEMORY.clear()
                RESPONSE_CACHE.enter_unknown_state()
    if found is None and not REPLACING & set(rule.effect):
        found = ask(environ)
    elif found is None:
        RECORDER.add_unhandled(environ, int(own[0][:3]) if own else None)
    return None if "drop" in rule.effect else own or spoilt(rule, environ, ask, *(found or ("", {}, b"")))


def spoilt(rule: Rule, environ: Environ, ask: Callable[[Environ], Answer], *answer: Any) -> Answer:
    """The API's answer, as a page looks when a row before it came or went since the page before was read."""
    line, headers, body = answer
    if "repeat_row" in rule.effect:
        query = environ["QUERY_STRING"]
        before = re.sub(r"\bpage=\d+", f"page={page_of(query) - 1}", query)
        rows = json.loads(ask({**environ, "QUERY_STRING": before, "simulator.unseen": True})[2])
        own = json.loads(body)
        body = json.dumps([rows[-1], *(own[:-1] if 'rel="next"' in headers.get("Link", "") else own)]).encode()
    if "skip_row" in rule.effect:
        body = json.dumps(json.loads(body)[1:]).encode()
    return line, {**headers, **rule.get("headers", {})}, body


def page_of(query: str) -> int:
    """The number of the page asked for."""
    return int((re.findall(r"\bpage=(\d+)", query) or [1])[-1])
