# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the deadline of a request, and record whether it was sent and what was received
(api-behaviour: repeating-requests).

urllib3 applies a timeout to each read from a socket, so a server that sends single bytes slowly never times out. Here
every wait on a socket is limited by the time left until the deadline of the whole request.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from .._common.errors import quote

try:
    from requests.adapters import HTTPAdapter
    from requests.utils import should_bypass_proxies
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError
    from urllib3.util.connection import allowed_gai_family
except ImportError:  # reported with missing_required_lib where a module starts
    HTTPAdapter = object  # type: ignore[assignment,misc]

    def should_bypass_proxies(url: str | bytes, no_proxy: str | None) -> bool:
        """Return whether ``no_proxy`` names the host of ``url``."""
        return bool(proxy_bypass_environment(urlsplit(str(url)).netloc, {"no": no_proxy or ""}))


_MIB = 1024 * 1024
# A page of 300 offerings with all their settings has some 10 MiB; no list of Waldur comes near this.
BODY_LIMIT = 64 * _MIB
# The bytes that a server may send for one try, headers and the frames of chunks included.
_RECEIVED_LIMIT = 2 * BODY_LIMIT
# Old versions of urllib3 decompress at once all that was read, and gzip compresses up to 1,000 : 1.
_CHUNK_SIZE = 16 * 1024
_CONTENT_CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class UnusableBody(Exception):
    """A body is too large or has an unknown encoding. The text continues a sentence that begins "the answer"."""


@dataclass
class Exchange:
    """The state of one request with its retries and redirects.

    ``timeout`` is in seconds and counts for each try, ``deadline`` (of ``time.monotonic``) for all of them. These
    describe the current try: ``is_connected`` (the TCP connection is established), ``is_at_proxy`` (a proxy has still
    to connect), ``is_sent`` (anything of the request was written) and ``received`` (bytes since then).
    ``is_doubtful`` says that an earlier try was written and may have been carried out, ``is_oversized`` that the
    server sent more than ``_RECEIVED_LIMIT``. ``responses`` are those to close at the end.
    """

    timeout: float
    retries_left: int
    deadline: float
    is_connected: bool = False
    is_at_proxy: bool = False
    is_sent: bool = False
    is_doubtful: bool = False
    is_oversized: bool = False
    received: int = 0
    responses: list[HTTPResponse] = field(default_factory=list, repr=False)

    @property
    def may_have_arrived(self) -> bool:
        """Return whether the server may have carried out the request, in this try or an earlier one."""
        return self.is_sent or self.is_doubtful

    def wait_limit(self, share: int = 1) -> float:
        """Return the seconds that one wait on a socket may take: the time left, divided by ``share``, and no more than
        ``timeout``.

        Raises ``TimeoutError`` where no time is left.
        """
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the deadline of the request has passed")
        return min(self.timeout, remaining / share)

    def has_time_for(self, wait: float) -> bool:
        """Return whether another try may begin after ``wait`` seconds."""
        return time.monotonic() + wait < self.deadline

    def note_sending(self) -> None:
        """Record that the request is being written: from now on its outcome is unknown."""
        self.is_sent, self.received = True, 0

    def note_received(self, count: int) -> None:
        """Count received bytes. Raises ``OSError`` above ``_RECEIVED_LIMIT``."""
        self.received += count
        if self.received > _RECEIVED_LIMIT:
            self.is_oversized = True
            raise OSError("too many bytes")

    def begin_retry(self, *, is_refused: bool) -> None:
        """Begin the next try. ``is_refused`` says that the server certainly did not carry out the previous one."""
        self.retries_left -= 1
        self.is_doubtful = self.is_doubtful or (self.is_sent and not is_refused)
        self.is_sent = self.is_connected = self.is_at_proxy = False


_CURRENT: ContextVar[Exchange | None] = ContextVar("waldur_exchange", default=None)


def current_exchange() -> Exchange | None:
    """Return the exchange of the current thread; None outside of a request."""
    return _CURRENT.get()


@contextmanager
def begin_exchange(timeout: float, retries: int) -> Iterator[Exchange]:
    """Start one request, with ``timeout`` seconds for each of its tries and their sum as the deadline of all."""
    exchange = Exchange(timeout, retries, time.monotonic() + timeout * (retries + 1))
    token = _CURRENT.set(exchange)
    try:
        yield exchange
    finally:
        _CURRENT.reset(token)
        for response in exchange.responses:  # urllib3 leaves the socket open where a response could not be parsed
            response.close()


class _TimedReader(io.RawIOBase):
    """Read from a socket; no read takes longer than the time that the exchange has left."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        exchange = current_exchange()
        if exchange is None:
            return self._raw.readinto(buffer)  # type: ignore[no-any-return]
        self._sock.settimeout(exchange.wait_limit())
        count: int | None = self._raw.readinto(buffer)
        exchange.note_received(count or 0)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedSocket:
    """Provide the part of a socket that ``http.client`` uses to read a response."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock))


class _TimedResponse(HTTPResponse):
    """Read a response within the deadline of the exchange, which closes it at the end."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **options)  # type: ignore[arg-type]
        exchange = current_exchange()
        if exchange is not None:
            exchange.responses.append(self)


class _TimedConnection:
    """Add the deadline of the exchange to a connection class of urllib3, as the first base class."""

    response_class = _TimedResponse
    _is_connecting = False
    sock: Any
    host: str
    port: int
    timeout: Any
    _dns_host: str

    def connect(self) -> None:
        """Connect, with TLS and the proxy's CONNECT; neither sends anything of the request itself."""
        self._is_connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._is_connecting = False

    def _new_conn(self) -> Any:
        """Connect by TCP. The addresses of one name share the time, so that the last one is tried too."""
        exchange = current_exchange()
        if exchange is None:
            return super()._new_conn()  # type: ignore[misc]
        name, addresses = self._dns_host, self._addresses()
        try:
            for left in range(len(addresses), 0, -1):
                self._dns_host, self.timeout = addresses[-left], exchange.wait_limit(left)
                try:
                    sock = super()._new_conn()  # type: ignore[misc]
                    break
                except (NewConnectionError, ConnectTimeoutError):
                    if left == 1:
                        raise
        finally:
            self._dns_host = name
        exchange.is_connected = True
        sock.settimeout(exchange.wait_limit())
        return sock

    def _tunnel(self) -> None:
        """Ask the proxy to connect. An error here comes from the proxy, although the TCP connection is established."""
        exchange = current_exchange()
        if exchange is not None:
            exchange.is_at_proxy = True
        super()._tunnel()  # type: ignore[misc]
        if exchange is not None:
            exchange.is_at_proxy = False

    def _addresses(self) -> list[str]:
        """Return the addresses of the host; the name itself where it has none, or a SOCKS proxy looks it up."""
        resolved: list[Any] = []
        if not hasattr(self, "_socks_options"):
            with suppress(OSError, UnicodeError):  # urllib3 looks the name up again and reports the error
                resolved = socket.getaddrinfo(self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[4][0]) for address in resolved)) or [self._dns_host]

    def send(self, data: Any) -> None:
        """Write a part of the request in chunks, each with its own time limit."""
        exchange = current_exchange()
        if self.sock is None:
            self.connect()
        if exchange is None:
            super().send(data)  # type: ignore[misc]
            return
        if not self._is_connecting:
            exchange.note_sending()
        for chunk in _split_into_chunks(data):
            self.sock.settimeout(exchange.wait_limit())
            super().send(chunk)  # type: ignore[misc]


def _split_into_chunks(data: Any) -> list[Any]:
    """Return bytes in chunks; anything else unchanged, as one chunk."""
    if not isinstance(data, bytes):
        return [data]
    return [data[start : start + _CHUNK_SIZE] for start in range(0, len(data), _CHUNK_SIZE)]


class TimedAdapter(HTTPAdapter):
    """Extend the adapter of requests by connections that keep the deadline of the current exchange."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        _use_timed_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Create the pools of connections through ``proxy``."""
        manager = super().proxy_manager_for(proxy, **options)
        _use_timed_connections(manager)
        return manager


def _use_timed_connections(manager: Any) -> None:
    manager.pool_classes_by_scheme = {
        scheme: _timed_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


@cache
def _timed_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _TimedConnection):
        return pool
    connection = type("TimedConnection", (_TimedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


def read_body(response: Any, limit: int = BODY_LIMIT, *, truncate: bool = False) -> bytes:
    """Read and decompress a body of at most ``limit`` bytes; with ``truncate``, return the beginning of a longer one.

    Raises ``UnusableBody``, and the errors of urllib3 where the body ends too early or too late.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding not in _CONTENT_CODINGS:
        response.close()
        raise UnusableBody(f"is compressed as '{quote(coding)}', which was not asked for")
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK_SIZE, decode_content=True):
        body += chunk
        if len(body) > limit:
            response.close()
            if truncate:
                return bytes(body[:limit])
            raise UnusableBody(f"is larger than {limit // _MIB} MiB")
    if response.raw.length_remaining:  # urllib3 1.26 accepts an incomplete body
        raise ProtocolError("IncompleteRead")
    response.raw.release_conn()
    return bytes(body)


def choose_proxies(url: str, option: Any, environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the proxies for ``url`` as pairs of scheme and URL: that of the option, else that of ``environment``.

    The environment is read as requests reads it.
    """
    if option:
        return (("http", str(option)), ("https", str(option)))
    proxy = environment_proxy(url, environment)
    return ((urlsplit(url).scheme, proxy),) if proxy else ()


def environment_proxy(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the proxy that ``environment`` names for ``url``, with its login; None where it is to be bypassed."""

    def variable(name: str) -> str | None:
        return environment.get(name) or environment.get(name.upper())

    proxy = variable(f"{urlsplit(url).scheme}_proxy") or variable("all_proxy")
    # Looked at last, as it takes longer than everything else here.
    return None if proxy and should_bypass_proxies(url, no_proxy=variable("no_proxy") or "") else proxy
