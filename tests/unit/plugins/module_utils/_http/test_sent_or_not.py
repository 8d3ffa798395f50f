# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a write was really sent decides what is said of it: nothing was changed, or nobody knows."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.module_utils._common import errors
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection

from ...helpers.raw_server import Behaviour, RawServer, breaks, ends_tls, http, make_certificate, read_request, says

TOKEN = "0123456789abcdef0123456789abcdef01234567"
UUID = "e182aaedb6ae4541956a3c14629abc02"
GRANT = {"role": UUID, "user": UUID}
DONE = http("200 OK", b'{"expiration_time": null}')


def client_of(url: str, **options: Any) -> Client:
    return Client(Connection(url, TOKEN, **{"timeout": 3.0, "retries": 0, **options}))


def grant(url: str, **options: Any) -> None:
    client_of(url, **options).write("add_user", UUID, body=GRANT)


def extend(url: str, **options: Any) -> None:
    client_of(url, **options).write("update_user", UUID, body=GRANT)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def authority(certificate: tuple[Path, ssl.SSLContext]) -> str:
    return str(certificate[0])


@pytest.fixture
def tls(certificate: tuple[Path, ssl.SSLContext]) -> ssl.SSLContext:
    return certificate[1]


# --- TLS -------------------------------------------------------------------------------------------------------------


def garbles(connection: Any) -> None:
    """Goes on below TLS with bytes that are none of it."""
    import socket

    raw = socket.socket(fileno=connection.detach())
    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    time.sleep(0.05)
    raw.close()


@pytest.mark.parametrize("how", [breaks, ends_tls, garbles])
@pytest.mark.parametrize("retries", [0, 2])
def test_a_write_whose_tls_breaks_after_the_request_was_written_has_an_unknown_outcome(
    how: Behaviour, retries: int, authority: str, tls: ssl.SSLContext
) -> None:
    with (
        RawServer(how, tls=tls) as server,
        pytest.raises(errors.OutcomeUnknown, match=fragment("response_lost", request="grant the role")),
    ):
        grant(server.url, verify=authority, retries=retries)
    assert len(server.requests) == 1


def test_a_write_whose_handshake_fails_was_not_sent(tls: ssl.SSLContext) -> None:
    with (
        RawServer(DONE, tls=tls) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("tls_failed")),
    ):
        grant(server.url)
    assert not server.requests


def test_a_write_to_a_server_that_wants_a_client_certificate_may_have_been_sent(authority: str, tmp_path: Path) -> None:
    # In TLS 1.3 the client's part of the handshake is over, and the request written, before the server looks.
    file, strict = make_certificate(tmp_path)
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.load_verify_locations(file)
    with (
        RawServer(DONE, tls=strict) as server,
        pytest.raises(errors.OutcomeUnknown, match=fragment("tls_broken")),
    ):
        grant(server.url, verify=str(file))
    assert not server.requests


@pytest.mark.parametrize("answer", [http("400 Bad Request", b"<h1>Bad Request</h1>"), says(b"garbage\r\n")])
def test_https_to_a_port_of_http_says_that_the_server_does_not_speak_tls(answer: Behaviour) -> None:
    with (
        RawServer(answer, reads=False) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("tls_missing", host=matching(r"127.*"))),
    ):
        grant(server.url.replace("http:", "https:"))


NGINX = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"
GO = b"Client sent an HTTP request to an HTTPS server.\n"
APACHE = b"<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"


@pytest.mark.parametrize("page", [NGINX, GO, APACHE])
def test_http_to_a_port_of_https_says_so(page: bytes) -> None:
    with (
        RawServer(http("400 Bad Request", page, Content_Type="text/html")) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("tls_required")),
    ):
        client_of(server.url).get("me")


def test_http_to_a_port_of_https_that_answers_with_an_alert_says_so() -> None:
    with (
        RawServer(says(b"\x15\x03\x01\x00\x02\x02\x46")) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("tls_required")),
    ):
        client_of(server.url).get("me")


# --- proxies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (
            http("407 Proxy Authentication Required"),
            fragment("proxy_refused", host="waldur.example.org", reason=matching(r"407 Proxy.*")),
        ),
        (
            http("503 No \x1b[31m"),
            fragment("proxy_refused", host="waldur.example.org", reason=matching(r"503 No .x1b.*")),
        ),
        (breaks, fragment("proxy_silent")),
        (says(b""), fragment("proxy_silent")),
    ],
)
def test_a_write_that_the_proxy_does_not_pass_on_was_not_sent(behave: Behaviour, words: str) -> None:
    with RawServer(behave) as proxy, pytest.raises(errors.RequestNotSent, match=words):
        grant("https://waldur.example.org", proxies=(("https", proxy.url),))
    assert len(proxy.requests) == 1
    assert b"Authorization" not in proxy.requests[0]


def test_a_write_that_breaks_in_the_tunnel_of_a_proxy_has_an_unknown_outcome(
    authority: str, tls: ssl.SSLContext
) -> None:
    sent: list[bytes] = []

    def tunnel(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        inner = tls.wrap_socket(connection, server_side=True)
        sent.append(read_request(inner))
        breaks(inner)

    with RawServer(tunnel) as proxy, pytest.raises(errors.OutcomeUnknown):
        grant("https://127.0.0.1:1", verify=authority, proxies=(("https", proxy.url),))
    assert sent[0].startswith(b"POST /api/")


def test_a_write_that_a_proxy_of_http_took_has_an_unknown_outcome() -> None:
    with RawServer(breaks) as proxy, pytest.raises(errors.OutcomeUnknown):
        grant("http://waldur.example.org", proxies=(("http", proxy.url),))
    assert len(proxy.requests) == 1


def test_a_proxy_without_tls_is_reported_with_the_option() -> None:
    with (
        RawServer(http("400 Bad Request"), reads=False) as proxy,
        pytest.raises(errors.RequestNotSent, match=fragment("proxy_without_tls")),
    ):
        grant("https://waldur.example.org", proxies=(("https", proxy.url.replace("http:", "https:")),))


# --- repeated writes -------------------------------------------------------------------------------------------------


def vanishing(first: Behaviour) -> RawServer:
    """A server that does ``first`` with the first connection, and takes no other."""
    server: list[RawServer] = []

    def behave(connection: Any) -> None:
        server[0]._socket.shutdown(2)
        server[0]._socket.close()
        first(connection)

    server.append(RawServer(behave))
    return server[0]


@pytest.mark.parametrize(
    "first", [breaks, says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), http("503 Busy", b"{}")]
)
def test_a_write_that_was_sent_once_is_not_called_unsent_when_its_repetition_finds_nobody(first: Behaviour) -> None:
    with (
        vanishing(first) as server,
        pytest.raises(errors.OutcomeUnknown, match=fragment("response_lost", request="change the expiry of the grant")),
    ):
        extend(server.url, retries=1)
    assert len(server.requests) == 1


def test_a_write_that_was_refused_as_one_too_many_and_then_finds_nobody_was_not_carried_out() -> None:
    with (
        vanishing(http("429 Slow", b"{}", Retry_After="0")) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("connection_refused")),
    ):
        grant(server.url, retries=1)


def test_a_write_whose_repetition_is_refused_after_a_lost_answer_has_an_unknown_outcome() -> None:
    with (
        RawServer(breaks, http("400 No", b'{"detail": "no"}')) as server,
        pytest.raises(
            errors.OutcomeUnknown, match=fragment("rejected_after_loss", lost="was lost", answered="(400: no)")
        ),
    ):
        extend(server.url, retries=1)
    assert len(server.requests) == 2


def test_a_refused_write_without_words_stays_refused() -> None:
    with (
        RawServer(says(b"HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\n{")) as server,
        pytest.raises(errors.ErrorResponse, match="400"),
    ):
        grant(server.url)


@pytest.mark.parametrize("status", ["303 See Other", "300 Choices", "304 Not Modified"])
def test_a_redirect_that_may_come_after_the_work_leaves_the_outcome_of_a_write_unknown(status: str) -> None:
    with (
        RawServer(http(status, b"", Location="/api/")) as server,
        pytest.raises(errors.OutcomeUnknown, match=status[:3]),
    ):
        grant(server.url)
