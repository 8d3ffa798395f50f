# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that repeats what the simulator answered once: what is left of a run's time is not the server's."""

from __future__ import annotations

import json
import socketserver
import threading
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError

# Seconds that a real Waldur took for an answer, and for each row of a list in it.
ANSWER, ROW = 0.02, 0.0025


class Replay(socketserver.ThreadingTCPServer):
    """Asks ``origin`` for each path once, and then answers from memory in a fraction of a millisecond.

    With ``slow`` it keeps the pace that was measured on a real Waldur, which works at one request of a token at a time.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, origin: str, *, slow: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = origin
        self.known: dict[str, tuple[bytes, int]] = {}
        self.slow = slow
        self.turn = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Replay:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, path: str, authorization: str) -> bytes:
        """The whole answer to GET ``path``, head and body."""
        if path not in self.known:
            request = urllib.request.Request(self.origin + path, headers={"Authorization": authorization})
            try:
                with urllib.request.urlopen(request) as found:
                    body = found.read()
                    content = json.loads(body)
                    rows = len(content) if isinstance(content, list) else 0
                    self.known[path] = (_message(found.status, found.headers, body), rows)
            except HTTPError as error:
                return _message(error.code, error.headers, error.read())
        message, rows = self.known[path]
        if self.slow:
            with self.turn:
                time.sleep(ANSWER + ROW * rows)
        return message


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Replay

    def handle(self) -> None:
        """Answers the requests of one kept connection."""
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
