# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve cached responses of the simulator, to measure a run without the time that the simulator takes."""

from __future__ import annotations

import json
import socketserver
import threading
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError

# Seconds that a real Waldur took for a response, and for each row of a list in it.
SECONDS_PER_RESPONSE, SECONDS_PER_ROW = 0.02, 0.0025


class Replay(socketserver.ThreadingTCPServer):
    """Requests each path once from ``origin``, and then responds from a cache in a fraction of a millisecond.

    With ``slow``, it is as slow as a real Waldur was, which handles one request of a token at a time.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, origin: str, *, slow: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = origin
        self.cache: dict[str, tuple[bytes, int]] = {}
        self.slow = slow
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Replay:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, path: str, authorization: str) -> bytes:
        """Return the whole response to GET ``path``, headers and body."""
        if path not in self.cache:
            request = urllib.request.Request(self.origin + path, headers={"Authorization": authorization})
            try:
                with urllib.request.urlopen(request) as response:
                    body = response.read()
                    content = json.loads(body)
                    rows = len(content) if isinstance(content, list) else 0
                    self.cache[path] = (_message(response.status, response.headers, body), rows)
            except HTTPError as error:
                return _message(error.code, error.headers, error.read())
        message, rows = self.cache[path]
        if self.slow:
            with self.lock:
                time.sleep(SECONDS_PER_RESPONSE + SECONDS_PER_ROW * rows)
        return message


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Replay

    def handle(self) -> None:
        """Respond to the requests of one persistent connection."""
        while line := self.rfile.readline():
            path = line.split()[1].decode()
            headers: dict[str, str] = {}
            while header := self.rfile.readline().strip():
                name, _colon, value = header.decode().partition(":")
                headers[name.lower()] = value.strip()
            self.wfile.write(self.server.answer(path, headers.get("authorization", "")))


def _message(status: int, headers: Any, body: bytes) -> bytes:
    kept = [f"{name}: {headers[name]}" for name in ("Content-Type", "X-Result-Count", "Link", "Date") if headers[name]]
    head = "\r\n".join([f"HTTP/1.1 {status} Replayed", *kept, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body
