# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the statements of ``statements/*.yml``, send their requests to a simulator, and judge the answers.

``README.md`` explains the keys of a statement.
"""

from __future__ import annotations

import dataclasses
import functools
import http.client
import json
import pathlib
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import yaml

from simulator_process import Simulator

FOLDER = pathlib.Path(__file__).with_name("statements")
WORLD = pathlib.Path(__file__).parents[1] / "simulator" / "worlds" / "recorded.json"
EDITIONS = ("2025", "2026")
PLACEHOLDER = re.compile(r"\{(?P<kind>[a-z_]+)(?::(?P<name>[^{}]+))?\}")
READS = frozenset(("GET", "HEAD", "OPTIONS"))
CHECKS = frozenset(
    ("is", "has_keys", "lacks_keys", "contains", "count", "every", "some", "none", "column", "matches", "header")
)
# Who calls, beside the users of the recorded world: the user, and the role that the user is given first.
CALLERS: dict[str, tuple[str, dict[str, str]]] = {
    "support": ("support_user", {}),
    "manager": ("rolefree1", {"role": "CUSTOMER.MANAGER", "service_provider": "Alpha Cloud Ltd"}),
    "manager_of_beta": ("rolefree1", {"role": "CUSTOMER.MANAGER", "service_provider": "Beta HPC Centre"}),
    "customer_support": ("rolefree1", {"role": "CUSTOMER.SUPPORT", "customer": "Alpha Cloud Ltd"}),
    "own_project_admin": ("rolefree1", {"role": "PROJECT.ADMIN", "project": "Project alpha_internal"}),
    "own_project_member": ("rolefree1", {"role": "PROJECT.MEMBER", "project": "Project alpha_internal"}),
    "offering_manager": ("rolefree1", {"role": "OFFERING.MANAGER", "offering": "Alpha VM"}),
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status, headers and the body: JSON where it is, else text."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclasses.dataclass(frozen=True)
class Request:
    """One request with what is expected of its answer."""

    caller: str
    method: str
    path: str
    query: dict[str, Any]
    body: Any
    status: int
    answer: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Statement:
    """A sentence about Waldur for one edition and one caller."""

    says: str
    section: str
    edition: str
    place: str
    arrange: tuple[dict[str, Any], ...]
    requests: tuple[Request, ...]

    @property
    def only_reads(self) -> bool:
        """Whether nothing is changed, neither by the requests nor for them."""
        return not (self.arrange or self.grants) and all(one.method in READS for one in self.requests)

    @property
    def grants(self) -> list[dict[str, str]]:
        """The grants that the callers need first, as columns."""
        callers = {request.caller for request in self.requests} & CALLERS.keys()
        return [{"user": user, **scope} for user, scope in map(CALLERS.__getitem__, callers) if scope]

    def __str__(self) -> str:
        return f"{self.edition} {self.place}: {self.says} ({self.requests[0].caller})"


@functools.cache
def load() -> tuple[Statement, ...]:
    """Return all statements, one for each edition and caller; raises ``ValueError`` for one that nobody can read."""
    found: list[Statement] = []
    for path in sorted(FOLDER.glob("*.yml")):
        # The loader in C, where there is one, takes a quarter of the time.
        for entry in yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            found.extend(_statements(entry, path.stem))
    return tuple(found)


def _statements(entry: dict[str, Any], place: str) -> Iterator[Statement]:
    known = {"says", "api-behaviour", "editions", "arrange", "caller", "callers", "request", "query", "body", "status"}
    if unknown := set(entry) - known - {"answer", "then"}:
        raise ValueError(f"{entry.get('says')}: unknown keys {unknown}")
    statuses = entry.get("callers") or {entry.get("caller", "staff"): entry["status"]}
    for edition in entry["editions"]:
        for caller, status in statuses.items():
            # What the answer is like, and what follows from it, holds for those who are let in.
            passes = "callers" not in entry or status == entry.get("status", 200)
            expected = {"caller": caller, "status": status, "answer": entry.get("answer", {}) if passes else {}}
            rest = [_request({"caller": "staff", **follow}) for follow in entry.get("then", ())]
            arrange = tuple(entry.get("arrange", ()))
            requests = (_request({**entry, **expected}), *(rest if passes else ()))
            yield Statement(entry["says"], entry["api-behaviour"], str(edition), place, arrange, requests)


def _request(entry: dict[str, Any]) -> Request:
    method, path = entry["request"].split(maxsplit=1)
    answer = entry.get("answer", {})
    if unknown := set(answer) - CHECKS:
        raise ValueError(f"{entry['request']}: unknown checks {unknown}")
    return Request(
        entry["caller"] or "anonymous",
        method,
        path,
        entry.get("query", {}),
        entry.get("body"),
        entry.get("status", 200),
        answer,
    )


@functools.cache
def world() -> dict[str, Any]:
    """Return the recorded world, whose UUIDs are the simulator's."""
    content: dict[str, Any] = json.loads(WORLD.read_text(encoding="utf-8"))
    return content


class Runner:
    """Sends the requests of statements to one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._is_at_start = False
        self._connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"), timeout=30)

    def problems(self, statement: Statement) -> list[str]:
        """Return what is otherwise than *statement* says, in sentences; it finds the world at its start.

        The world is put back to it first, except between two statements that only read.
        """
        if not (self._is_at_start and statement.only_reads):
            self.simulator.reset()
        self._is_at_start = statement.only_reads
        for grant in statement.grants:
            self.simulator.create("Grant", **grant)
        for step in statement.arrange:
            self._arrange(step)
        found: list[str] = []
        for request in statement.requests:
            answer = self.send(request)
            found += [f"{request.method} {request.path}: {problem}" for problem in judge(self._filled(request), answer)]
        return found

    def _arrange(self, step: dict[str, Any]) -> None:
        step = self.fill(step)
        if "create" in step:
            self.simulator.create(step["create"], **step["with"])
        elif "change" in step:
            self.simulator.change(step["change"], step.get("where", {}), step["set"])
        elif "delete" in step:
            self.simulator.delete(step["delete"], step["where"])
        elif "clock" in step:
            self.simulator.set_clock(step["clock"])
        else:
            answer = self.send(_request({"caller": "staff", **step}))
            if answer.status >= 400:
                raise ValueError(f"cannot arrange {step}: {answer}")

    def _filled(self, request: Request) -> Request:
        return dataclasses.replace(request, answer=self.fill(request.answer))

    def send(self, request: Request) -> Answer:
        """Send one request as its caller."""
        path = f"/api/{self.fill(request.path)}"
        if request.query:
            path += "?" + urllib.parse.urlencode(self.fill(request.query), doseq=True)
        payload = None if request.body is None else json.dumps(self.fill(request.body))
        headers = {"Accept": "application/json", **self.authorization(request.caller)}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(request.method, path, payload, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        kept = dict(answer.getheaders())
        is_json = bool(content) and kept.get("Content-Type", "").startswith("application/json")
        return Answer(answer.status, kept, json.loads(content) if is_json else content.decode("utf-8", "replace"))

    def authorization(self, caller: str) -> dict[str, str]:
        """Return the header for *caller*.

        ``token <name>`` is a personal access token, ``bearer <user>`` one of that user with all scopes.
        """
        if caller == "anonymous":
            return {}
        if caller.startswith("token "):
            return {"Authorization": f"Bearer w_{caller.removeprefix('token ')}"}
        if caller.startswith("bearer "):
            return {"Authorization": f"Bearer w_{self.simulator.token(caller.removeprefix('bearer '))}"}
        user, _grant = CALLERS.get(caller, (caller, {}))
        return {"Authorization": f"Token {self.simulator.token(user)}"}

    def fill(self, value: Any) -> Any:
        """Return *value* with UUIDs in place of ``{kind:name}``, also within lists and objects."""
        if isinstance(value, dict):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: self._uuid(match["kind"], match["name"]), value)
        return value

    def _uuid(self, kind: str, name: str | None) -> str:
        if name is None:
            return {"alpha": f"marketplace-service-providers/{self._uuid('provider', 'Alpha Cloud Ltd')}"}[kind]
        if found := self._look_up(kind, name):
            path, query = found
            return self._looked_up(path, **query)
        key = {"user": "username", "provider": "customer_name"}.get(kind, "name")
        rows = world()[{"provider": "service_providers"}.get(kind, f"{kind}s")]
        return str(next(row["uuid"] for row in rows if row[key] == name))

    def _look_up(self, kind: str, name: str) -> tuple[str, dict[str, str]] | None:
        """Return the list, and the query, of an object whose UUID the world does not tell."""
        first, _at, second = name.partition("@")
        if kind == "provider_account":
            return "marketplace-service-provider-accounts/", {"user_uuid": self._uuid("user", name)}
        if kind == "pool":
            is_offering = any(row["name"] == name for row in world()["offerings"])
            scope, key = ("offering", "offering_uuid") if is_offering else ("provider", "service_provider_uuid")
            return "marketplace-posix-id-pools/", {key: self._uuid(scope, name)}
        if kind == "grant":
            return "user-permissions/", {"user": self._uuid("user", first), "scope_name": second}
        if kind == "account":
            query = {"user_uuid": self._uuid("user", first), "offering_uuid": self._uuid("offering", second)}
            return "marketplace-offering-users/", query
        return ("marketplace-provider-resources/", {"name_exact": name}) if kind == "resource" else None

    def _looked_up(self, path: str, **query: str) -> str:
        rows = self.send(Request("staff", "GET", path, query, None, 200, {})).body
        if len(rows) != 1:
            raise ValueError(f"{len(rows)} rows of {path} for {query}")
        return str(rows[0]["uuid"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def judge(request: Request, answer: Answer) -> list[str]:
    """Return what of *answer* is otherwise than *request* expects, in sentences."""
    if answer.status != request.status:
        return [f"{request.caller} got {answer.status} and not {request.status}: {str(answer.body)[:300]}"]
    found = (_check(name, expected, answer) for name, expected in request.answer.items())
    return [f"{problem}; the body is {str(answer.body)[:600]}" for problem in found if problem]


def _check(name: str, expected: Any, answer: Answer) -> str:
    body = answer.body
    if name == "is":
        return "" if body == expected else f"is not {expected}"
    if name == "header":
        lacking = [key for key, value in expected.items() if answer.headers.get(key) != value]
        return f"headers {lacking} are otherwise" if lacking else ""
    if name == "matches":
        return "" if re.search(expected, body if isinstance(body, str) else json.dumps(body)) else f"lacks {expected}"
    if name == "contains":
        return "" if contains(body, expected) else f"does not contain {expected}"
    if name in ("has_keys", "lacks_keys"):
        return _check_keys(body, name == "has_keys", expected)
    return _check_rows(name, expected, body)


def _check_keys(body: Any, must_exist: bool, expected: list[str]) -> str:
    rows = body if isinstance(body, list) else [body]
    if not rows or not all(isinstance(row, dict) for row in rows):
        return "has no keys"
    wrong = {key for row in rows for key in expected if (key in row) is not must_exist}
    return f"keys {sorted(wrong)} are {'missing' if must_exist else 'there'}" if wrong else ""


def _check_rows(name: str, expected: Any, body: Any) -> str:
    if not isinstance(body, list):
        return "is no list"
    if name == "count":
        return "" if len(body) == expected else f"has {len(body)} rows and not {expected}"
    if name == "column":
        values = [row.get(expected["key"]) for row in body]
        ordered = expected.get("ordered", False)
        same = values == expected["is"] if ordered else sorted(map(str, values)) == sorted(map(str, expected["is"]))
        return "" if same else f"{expected['key']} is {values} and not {expected['is']}"
    matching = [row for row in body if contains(row, expected)]
    if name == "every":
        return "" if body and len(matching) == len(body) else f"not every row has {expected}"
    return "" if bool(matching) is (name == "some") else f"{len(matching)} rows have {expected}"


def contains(value: Any, expected: Any) -> bool:
    """Return whether ``value`` has all that *expected* has; lists must be as long, with their items in this order."""
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(key in value and contains(value[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(contains(*pair) for pair in zip(value, expected, strict=True))
        )
    return type(value) is type(expected) and bool(value == expected)
