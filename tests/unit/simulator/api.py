# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the simulator's API as some user, with the standard library alone."""

from __future__ import annotations

import dataclasses
import functools
import http.client
import io
import json
import pathlib
import urllib.parse
from collections.abc import Iterator
from typing import Any

from PIL import Image

import simulator_process
from simulator_process import Simulator

JSON = "application/json"
WORLDS = pathlib.Path(simulator_process.__file__).parent / "simulator" / "worlds"
BOUNDARY = "0123456789abcdef"


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status, headers, and the body: JSON where it is, else text."""

    status: int
    headers: dict[str, str]
    body: Any
    content: bytes


class Api:
    """The API of one simulator, over one kept connection."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self._connection = http.client.HTTPConnection(sim.url.removeprefix("http://"), timeout=10)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = "staff",
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """Send one request as the user *by* (None: without a token); *path* is below ``/api/``."""
        target = path if path.startswith("/") else f"/api/{path}"
        if query:
            target += "?" + urllib.parse.urlencode(query, doseq=True)
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Accept": JSON, **({"Content-Type": content_type} if payload is not None else {}), **(headers or {})}
        if by is not None:
            sent.setdefault("Authorization", f"Token {self.sim.token(by)}")
        self._connection.request(method, target, payload, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        kept = dict(answer.getheaders())
        is_json = bool(content) and kept.get("Content-Type", "").startswith(JSON)
        return Answer(answer.status, kept, json.loads(content) if is_json else content.decode("latin-1"), content)

    def get(self, path: str, *, by: str | None = "staff", **query: Any) -> Answer:
        """Read."""
        return self.ask("GET", path, by=by, **query)

    def rows(self, path: str, *, by: str | None = "staff", **query: Any) -> list[dict[str, Any]]:
        """The rows of a list, which must succeed."""
        answer = self.get(path, by=by, page_size=300, **query)
        assert answer.status == 200, answer
        return list(answer.body)

    def get_object(self, path: str, *, by: str | None = "staff", **query: Any) -> dict[str, Any]:
        """Return an object, or the only row of a list."""
        answer = self.get(path, by=by, **query)
        assert answer.status == 200, answer
        if isinstance(answer.body, dict):
            return answer.body
        assert len(answer.body) == 1, answer.body
        return dict(answer.body[0])

    def post(self, path: str, body: Any = None, *, by: str | None = "staff") -> Answer:
        """Post JSON."""
        return self.ask("POST", path, body, by=by)

    def patch(self, path: str, body: Any, *, by: str | None = "staff") -> Answer:
        """Patch with JSON."""
        return self.ask("PATCH", path, body, by=by)

    def send_form(self, method: str, path: str, fields: dict[str, str], image: bytes | None = None) -> Answer:
        """Send a multipart form as staff."""
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        if image is not None:
            head = 'Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png'
            parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + image + b"\r\n")
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return self.ask(method, path, body, content_type=f"multipart/form-data; boundary={BOUNDARY}")

    def customer(self, name: str) -> dict[str, Any]:
        """The customer called *name*."""
        return self.get_object("customers/", name_exact=name)

    def provider(self, name: str = "Alpha Cloud Ltd") -> str:
        """The path of the provider of the customer called *name*."""
        return f"marketplace-service-providers/{self._recorded('service_providers', customer_name=name)}/"

    def user(self, username: str) -> str:
        """The UUID of the recorded user called *username*."""
        return self._recorded("users", username=username)

    @staticmethod
    def _recorded(kind: str, **fields: str) -> str:
        return next(str(row["uuid"]) for row in recorded_world()[kind] if fields.items() <= row.items())


@functools.cache
def recorded_world() -> dict[str, Any]:
    """The recorded world, whose UUIDs are those that the simulator answers with."""
    return dict(json.loads((WORLDS / "recorded.json").read_text(encoding="utf-8")))


def png(color: str = "red") -> bytes:
    """A small image."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return file.getvalue()


def started(sim: Simulator) -> Iterator[Api]:
    """The API of *sim* with its world at the start; what a fixture yields from."""
    sim.reset()
    api = Api(sim)
    yield api
    api.close()
