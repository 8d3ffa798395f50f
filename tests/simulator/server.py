# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 with kept connections, a thread for each, one request at a time inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from . import database


class Handler(WSGIRequestHandler):
    """Silent, and quick on kept connections."""

    # Head and body leave in one packet, at once: Nagle's algorithm would cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Answer one request; an answer to HEAD has only a head, which nothing else would send on."""
        super().handle_one_request()
        if not self.wfile.closed:
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: tests read standard error."""


class Server(ThreadedWSGIServer):
    """Listens on the loopback interface."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Application:
    """Django behind the lock of the database."""

    def __init__(self) -> None:
        self.handler = WSGIHandler()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with database.turn():
            return self.handler(environ, start_response)


def bind(port: int) -> Server:
    """A server on *port* of 127.0.0.1, 0 for a free one; it does not answer yet."""
    return Server(("127.0.0.1", port), Handler)
