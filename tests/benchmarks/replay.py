# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that repeats what the simulator answered once: what is left of a run's time is not the server's."""

from __future__ import annotations

import socketserver
import threading
import urllib.request
from typing import Any
from urllib.error import HTTPError


class Replay(socketserver.ThreadingTCPServer):
    """Asks ``origin`` for each path once, and then answers from memory in a fraction of a millisecond."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, origin: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = origin
        self.known: dict[str, bytes] = {}
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
                    self.known[path] = _message(found.status, found.headers, found.read())
            except HTTPError as error:
                return _message(error.code, error.headers, error.read())
        return self.known[path]


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
