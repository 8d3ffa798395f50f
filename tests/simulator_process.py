# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator in a test: started as a process of its own, asked over HTTP. Standard library only."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any

from simulator import random_values

# An interpreter that has Django, for tests that run under one that has not.
PYTHON_VARIABLE = "SIMULATOR_PYTHON"


class SimulatorError(Exception):
    """The simulator did not start, or refused what the control channel was asked."""


@dataclasses.dataclass(frozen=True)
class Counts:
    """The requests since the last zeroing; ``operations`` by method and route, such as ``GET /api/roles/``."""

    requests: int
    reads: int
    writes: int
    operations: dict[str, int]


class Simulator:
    """A running simulator; a context manager that stops it.

    ``url`` is its address without a path, ``tokens`` the token of each alias (``staff``, ``owner``, …).
    """

    def __init__(self, process: subprocess.Popen[bytes], about: dict[str, Any], timeout: int = 60) -> None:
        self._process = process
        self.url: str = about["url"]
        self.edition: str = about["edition"]
        self.tokens: dict[str, str] = about["tokens"]
        self._connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=timeout)
        # A test may look at the requests in a thread of its own.
        self._lock = threading.Lock()

    @classmethod
    def start(
        cls,
        world: str = "recorded",
        generate: dict[str, Any] | None = None,
        *,
        edition: str = "2025",
        port: int = 0,
        python: str | None = None,
        timeout: int = 60,
    ) -> Simulator:
        """Start one and wait until it answers; raises :exc:`SimulatorError` with what it printed if it does not.

        ``timeout`` are the seconds that a request to the control channel may take, such as for a large world.
        """
        command = [python or os.environ.get(PYTHON_VARIABLE) or sys.executable, "-m", "simulator", "--until-eof"]
        command += ["--edition", edition, "--port", str(port)]
        command += ["--generate", _pairs(generate)] if generate is not None else ["--world", world]
        folder = str(pathlib.Path(__file__).resolve().parent)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            close_pipes(process)
            raise SimulatorError(f"the simulator ended with {process.wait()}; see its standard error")
        return cls(process, json.loads(line), timeout)

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        self._connection.close()
        close_pipes(self._process)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def token(self, alias: str) -> str:
        """The token of any user, also of those that ``tokens`` does not list."""
        return self.tokens.get(alias) or random_values.derive_token(alias)

    def counts(self) -> Counts:
        """What was asked of the API since the last zeroing."""
        return Counts(**self._ask("GET", "counts"))

    def zero(self) -> None:
        """Begin to count anew."""
        self._ask("DELETE", "counts")

    def requests(self) -> list[dict[str, Any]]:
        """The last thousand requests: method, path, status, user, and for a 500 the error."""
        answer: list[dict[str, Any]] = self._ask("GET", "requests")
        return answer

    def reset(self, *, frozen: bool = False) -> None:
        """Restore the initial state, including counts and clock; the clock runs on unless *frozen*."""
        self._ask("POST", "reset", {"frozen": frozen})

    def keep_as_start(self) -> None:
        """Make the current state the initial one that later resets restore, including the time of the clock."""
        self._ask("PUT", "start")

    def load(self, world: str = "recorded", generate: dict[str, Any] | None = None) -> None:
        """Another world, as for :meth:`start`; it becomes the start."""
        self.tokens = self._ask("POST", "world", world if generate is None else generate)["tokens"]

    def clock(self) -> datetime.datetime:
        """The simulator's present moment."""
        return datetime.datetime.fromisoformat(self._ask("GET", "")["clock"])

    def set_clock(self, now: datetime.datetime | str, *, frozen: bool = False) -> None:
        """Go on from *now* (ISO 8601 or a moment), or stand still at it."""
        text = now if isinstance(now, str) else now.isoformat()
        self._ask("PUT", "clock", {"now": text, "frozen": frozen})

    def sweep(self) -> int:
        """Run the daily job that ends expired grants; returns how many it ended."""
        answer: int = self._ask("POST", "sweep")["swept"]
        return answer

    def change(self, model: str, where: dict[str, Any], set: dict[str, Any]) -> list[str]:  # noqa: A002
        """Set columns of every object that matches; returns their UUIDs.

        >>> sim.change("User", {"username": "member1"}, {"is_active": False})  # doctest: +SKIP
        """
        answer: list[str] = self._ask("POST", "objects", {"model": model, "where": where, "set": set})["uuids"]
        return answer

    def create(self, model: str, **fields: Any) -> str:
        """Make one object, past all checks; returns its UUID. Related objects by UUID or name."""
        answer: str = self._ask("POST", "objects", {"model": model, "create": fields})["uuids"][0]
        return answer

    def delete(self, model: str, where: dict[str, Any]) -> list[str]:
        """Delete every object that matches; returns their UUIDs."""
        answer: list[str] = self._ask("POST", "objects", {"model": model, "where": where, "delete": True})["uuids"]
        return answer

    def fault(self, **rule: Any) -> None:
        """Add a rule to the fault plan (its keys are in the README); raises :exc:`SimulatorError` that names a bad one.

        >>> sim.fault(method="write", path="*/add_user/", skip=3, drop="before")  # doctest: +SKIP
        """
        self._ask("POST", "faults", rule)

    def expire_token(self, token: str, *, after: int = 0) -> None:
        """Reject a token after so many requests, as the server rejects one that has expired (api-behaviour:
        error-shapes)."""
        self.fault(
            token=token,
            skip=after,
            times=None,
            status=401,
            body={"detail": "Token has expired."},
            headers={"WWW-Authenticate": "Token"},
        )

    def faults(self) -> list[dict[str, Any]]:
        """The rules, each with how often it ``fired``."""
        answer: list[dict[str, Any]] = self._ask("GET", "faults")
        return answer

    def clear_faults(self) -> None:
        """Answer well again."""
        self._ask("DELETE", "faults")

    def _ask(self, method: str, name: str, body: Any = None) -> Any:
        payload = None if body is None else json.dumps(body)
        with self._lock:
            answer = self._send(method, f"/simulator/{name}", payload)
            content = json.loads(answer.read())
        if answer.status != http.HTTPStatus.OK:
            raise SimulatorError(content["error"])
        return content

    def _send(self, method: str, path: str, payload: str | None) -> http.client.HTTPResponse:
        # A kept connection can have been closed meanwhile; the control channel may be asked twice.
        with contextlib.suppress(http.client.HTTPException, OSError):
            self._connection.request(method, path, payload)
            return self._connection.getresponse()
        self._connection.close()
        self._connection.request(method, path, payload)
        return self._connection.getresponse()


def close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes of *process*; it ends when its standard input does."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _pairs(values: dict[str, Any]) -> str:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return ",".join(f"{name}={text}" for name, text in texts.items())
