# SPDX-License-Identifier: GPL-3.0-or-later
"""A request with its retries takes no longer than timeout times the number of tries, whatever the server does."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.module_utils._common import errors
from ansible_collections.waldur.provider.plugins.module_utils._http import transport
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection

from ...helpers.raw_server import Behaviour, RawServer, drips, http, limited, make_certificate, says

TOKEN = "0123456789abcdef0123456789abcdef01234567"
UUID = "e182aaedb6ae4541956a3c14629abc02"
GRANT = {"role": UUID, "user": UUID}
# What starting the last wait, closing sockets and a busy machine may take.
SLACK = 0.6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MIXED = (
    http("503 Busy", b"{}"),
    says(HEAD + b"Content-Length: 900\r\n\r\n{"),
    drips(HEAD + b"Content-Length: 900\r\n\r\n", b" "),
)
SLOW: dict[str, tuple[Behaviour, ...]] = {
    "a body that drips": (drips(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),),
    "a body in chunks that drips": (drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),),
    "a size of a chunk that drips": (drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),),
    "a status line that drips": (drips(b"HTTP/1.1 200 ", b"O"),),
    "headers that drip": (drips(HEAD + b"X-Slow: ", b"a"),),
    "informational answers without an end": (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),),
    "an error page that drips": (drips(b"HTTP/1.1 400 No\r\nContent-Length: 100000\r\n\r\n", b"x"),),
    "a busy page that drips": (drips(b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n", b"x"),),
    "silence": (drips(b"", b""),),
    "bodies that are cut, for ever": (says(HEAD + b"Content-Length: 900\r\n\r\n{"),),
    "mixed faults": MIXED,
    "a wait that is asked for": (http("503 Busy", b"{}", Retry_After="1"),),
}


def client_of(url: str, **options: Any) -> Client:
    return Client(Connection(url, TOKEN, **{"timeout": 0.25, "retries": 1, **options}))


@pytest.mark.parametrize("fault", SLOW)
def test_the_deadline_of_a_request_holds_against(fault: str) -> None:
    with RawServer(*SLOW[fault]) as server, limited(0.5 + SLACK), pytest.raises(errors.WaldurError, match=r"^\S.*\.$"):
        client_of(server.url).get("me")


@pytest.mark.parametrize("fault", ["a body that drips", "headers that drip", "silence"])
def test_the_deadline_of_a_write_holds_and_its_outcome_is_unknown(fault: str) -> None:
    with RawServer(*SLOW[fault]) as server, limited(0.5 + SLACK), pytest.raises(errors.OutcomeUnknown):
        client_of(server.url).write("add_user", UUID, body=GRANT)
    assert len(server.requests) == 1


def test_the_deadline_holds_against_an_upload_that_nobody_reads() -> None:
    image = {"image": ("logo.png", b"x" * 24 * 1024**2, "image/png")}
    with (
        RawServer(drips(b"", b""), reads=False) as server,
        limited(0.5 + SLACK),
        pytest.raises(errors.OutcomeUnknown),
    ):
        client_of(server.url).write("partial_update", UUID, files=image)


def test_the_deadline_holds_against_a_handshake_of_tls_that_never_ends() -> None:
    with (
        RawServer(drips(b"", b""), reads=False) as server,
        limited(0.5 + SLACK),
        pytest.raises(errors.RequestNotSent, match=fragment("tls_incomplete")),
    ):
        client_of(server.url.replace("http:", "https:")).write("add_user", UUID, body=GRANT)


def test_the_deadline_holds_against_a_proxy_that_drips() -> None:
    with (
        RawServer(drips(b"HTTP/1.1 200 ", b"O")) as proxy,
        limited(0.5 + SLACK),
        pytest.raises(errors.RequestNotSent),
    ):
        client_of("https://waldur.example.org", proxies=(("https", proxy.url),)).write("add_user", UUID, body=GRANT)


def test_the_deadline_holds_with_tls(tmp_path: Any) -> None:
    authority, tls = make_certificate(tmp_path)
    slow = drips(HEAD + b"Content-Length: 100000\r\n\r\n", b" ")
    with (
        RawServer(slow, tls=tls) as server,
        limited(0.5 + SLACK),
        pytest.raises(errors.RequestNotSent, match=fragment("response_incomplete")),
    ):
        client_of(server.url, verify=str(authority)).get("me")


def test_the_deadline_holds_for_a_download() -> None:
    with (
        RawServer(drips(HEAD + b"Content-Length: 100000\r\n\r\n", b" ")) as server,
        limited(0.5 + SLACK),
        pytest.raises(
            errors.RequestNotSent,
            match=fragment("cannot", request="download the current image", reason=matching(r".* in time.*")),
        ),
    ):
        client_of(server.url).download("/api/media/abc/")


def test_the_deadline_holds_over_redirects() -> None:
    slow = drips(HEAD + b"Content-Length: 100000\r\n\r\n", b" ")
    with (
        RawServer(http("302 Found", Location="/a/"), slow) as server,
        limited(0.5 + SLACK),
        pytest.raises(errors.RequestNotSent),
    ):
        client_of(server.url).get("me")


def test_bodies_that_are_cut_are_repeated_as_often_as_retries_says_and_no_oftener() -> None:
    cut = SLOW["bodies that are cut, for ever"]
    with RawServer(*cut) as server, pytest.raises(errors.RequestNotSent, match=fragment("response_cut")):
        client_of(server.url, timeout=5.0, retries=2).get("me")
    assert len(server.requests) == 3


def test_cut_bodies_and_busy_answers_share_the_retries() -> None:
    script = [*[http("503 Busy", b"{}", Retry_After="0"), *SLOW["bodies that are cut, for ever"]] * 4]
    with RawServer(*script) as server, pytest.raises(errors.WaldurError):
        client_of(server.url, timeout=5.0, retries=3).get("me")
    assert len(server.requests) == 4


def test_a_large_answer_that_keeps_coming_is_no_fault_of_the_deadline() -> None:
    body = b'{"uuid": "' + b"a" * 3_000_000 + b'"}'
    with RawServer(http("200 OK", body)) as server:
        assert len(client_of(server.url, timeout=5.0).get("me")["uuid"]) == 3_000_000


def test_a_name_with_several_addresses_leaves_time_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(http("200 OK", b'{"uuid": "a"}')) as server:
        # 127.0.0.2 listens to nobody.
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.2", "127.0.0.1")
        ]
        looked_up = type("Socket", (), {"getaddrinfo": staticmethod(lambda *_: found), "SOCK_STREAM": 1})
        monkeypatch.setattr(transport, "socket", looked_up)
        assert client_of(server.url.replace("127.0.0.1", "two.invalid"), retries=0).get("me") == {"uuid": "a"}
