# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 with kept connections, a thread for each, one request at a time inside."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from . import database, faults


class Handler(WSGIRequestHandler):
    """Silent, and quick on kept connections."""

    # Head and body leave in one packet, at once: Nagle's algorithm would cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True

    hang_up = False
    reset = False

    def get_environ(self) -> dict[str, Any]:
        """What the application is told; a fault needs the connection itself."""
        return {**super().get_environ(), "simulator.connection": self}

    def handle_one_request(self) -> None:
        """Answer one request; an answer to HEAD has only a head, which nothing else would send on."""
        super().handle_one_request()
        if self.reset:
            # Closing without lingering is a reset; it is done when the last of the three is closed.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for stream in (self.rfile, self.wfile, self.connection):
                stream.close()
        if not self.wfile.closed:
            self.wfile.flush()
        if self.hang_up or self.reset:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: tests read standard error."""


class Server(ThreadedWSGIServer):
    """Listens on the loopback interface."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Application:
    """Django behind the lock of the database, and the fault plan before both."""

    def __init__(self) -> None:
        self.handler = WSGIHandler()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        rule = faults.take(environ)
        if rule is None:
            with database.turn():
                return self.handler(environ, start_response)
        connection = environ["simulator.connection"]
        answer = faults.answer(rule, environ, self.ask)
        if answer is None:
            connection.reset = True
            raise ConnectionResetError
        line, headers, body = answer
        cut = rule.get("cut", len(body) + 1)
        connection.hang_up = "cut" in rule.effect
        length = max(len(body), cut + 1) if connection.hang_up else len(body)
        start_response(line, list({**headers, "Content-Length": str(length)}.items()))
        return [body[:cut]]

    def ask(self, environ: dict[str, Any]) -> faults.Answer:
        """Django's whole answer, for a fault to spoil."""
        started: list[Any] = []
        with database.turn():
            body = b"".join(self.handler(environ, lambda *head: started.extend(head)))
        return started[0], dict(started[1]), body


def bind(port: int) -> Server:
    """A server on *port* of 127.0.0.1, 0 for a free one; it does not answer yet."""
    return Server(("127.0.0.1", port), Handler)
