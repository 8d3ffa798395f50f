# SPDX-License-Identifier: GPL-3.0-or-later
"""A server below HTTP: it writes any bytes, at any speed, and breaks off where it likes, with TLS or without."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# What a server does with a connection, once it has read a request.
Behaviour = Callable[[Any], None]


class RawServer:
    """Takes connections, reads one request of each, and leaves the rest to ``behave``; ``requests`` are what it read.

    ``behave`` may be several: one for each connection, the last for all that follow.
    """

    def __init__(self, *behave: Behaviour, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.requests: list[bytes] = []
        self._behave = list(behave)
        self._tls = tls
        self._reads = reads
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                behave = self._behave.pop(0) if len(self._behave) > 1 else self._behave[0]
                threading.Thread(target=self._talk, args=(connection, behave), daemon=True).start()

    def _talk(self, connection: Any, behave: Behaviour) -> None:
        try:
            with suppress(OSError):
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                if self._reads:
                    self.requests.append(read_request(connection))
                behave(connection)
        finally:
            connection.close()


def read_request(connection: Any) -> bytes:
    """The head of a request and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _separator, body = data.partition(b"\r\n\r\n")
    length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(length):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def says(*pieces: bytes) -> Behaviour:
    """Writes ``pieces`` and closes the connection."""

    def behave(connection: Any) -> None:
        connection.sendall(b"".join(pieces))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        time.sleep(0.05)

    return behave


def http(status: str, body: bytes = b"", **headers: str) -> Behaviour:
    """An answer in HTTP; underscores in the names of headers are dashes."""
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items() if value), "", ""]
    return says("\r\n".join(lines).encode("latin-1"), body)


def drips(begin: bytes, drop: bytes) -> Behaviour:
    """Writes ``begin``, and then ``drop`` again and again for ten times as long as anybody should wait."""

    def behave(connection: Any) -> None:
        connection.sendall(begin)
        for _drop in range(100):
            time.sleep(0.05)
            connection.sendall(drop)

    return behave


def breaks(connection: Any) -> None:
    """Resets the TCP connection without a word, below TLS too."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw = socket.socket(fileno=connection.detach())
    raw.close()


def ends_tls(connection: Any) -> None:
    """Ends TCP in an orderly way, and TLS not at all."""
    raw = socket.socket(fileno=connection.detach())
    raw.shutdown(socket.SHUT_RDWR)
    raw.close()


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, as a file to trust, and the server's side of TLS with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "server.pem", folder / "server.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return file, context


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fails where what is done takes longer than ``seconds``."""
    begin = time.monotonic()
    yield
    taken = time.monotonic() - begin
    assert taken < seconds, f"{taken:.1f} seconds, and {seconds:g} were promised"
