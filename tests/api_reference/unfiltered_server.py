# SPDX-License-Identifier: GPL-3.0-or-later
"""A Waldur that ignores every filter: a proxy before the simulator that takes them out of the requests for lists."""

from __future__ import annotations

import re
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

from simulator_process import Simulator

from .documented_operations import entries

# Parameters that stay: those that a list requires, and those of the page.
_KEPT = {"page", "page_size"}


class UnfilteredServer:
    """A context manager; ``url`` is its address. Answers are kept, as nothing is changed behind it."""

    def __init__(self, sim: Simulator) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(sim.url))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> UnfilteredServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _lists() -> list[tuple[re.Pattern[str], set[str]]]:
    found = []
    for entry in entries():
        if entry.method == "GET" and entry.paginated:
            # A list whose rows name the provider gives those of all providers.
            limiting = (
                entry.operation.provider_parameter if entry.operation and not entry.operation.provider_key else ""
            )
            needed = {parameter.name for parameter in entry.query if parameter.required or parameter.name == limiting}
            found.append((re.compile(re.escape(entry.path).replace(r"\{uuid\}", "[^/]+") + "$"), needed | _KEPT))
    return found


def _handler(upstream: str) -> type[BaseHTTPRequestHandler]:
    lists, answers = _lists(), {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path, _mark, query = self.path.partition("?")
            kept = next((kept for pattern, kept in lists if pattern.match(path)), None)
            pairs = [(key, value) for key, value in parse_qsl(query) if kept is None or key in kept]
            body, headers = self.answer(f"{path}?{urlencode(pairs)}")
            self.send_response_only(200)
            for name in ("Content-Type", "X-Result-Count"):
                if headers.get(name):
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def answer(self, target: str) -> tuple[bytes, Any]:
            if target not in answers:
                request = urllib.request.Request(
                    upstream + target, headers={"Authorization": self.headers["Authorization"]}
                )
                with urllib.request.urlopen(request) as answer:
                    answers[target] = (answer.read(), answer.headers)
            return answers[target]

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing on the terminal."""

    return Handler
