# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that no Waldur gives end in one message that names the operation: never in a traceback, or in no end."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from messages import begins, fragment, matching, prefix

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._common import errors
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._http import transport
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection

from ...helpers.raw_server import Behaviour, RawServer, http, limited, says
from ...helpers.scripted_server import Answer, ScriptedServer

TOKEN = "0123456789abcdef0123456789abcdef01234567"
UUID = "e182aaedb6ae4541956a3c14629abc02"
GRANT = {"role": UUID, "user": UUID}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HIDDEN = "\x1b[31mred\x1b[0m \u202egnp.exe \u2066x \x07 \x9b2J \u200bzero \x85next"


def client_of(url: str, **options: Any) -> Client:
    return Client(Connection(url, TOKEN, **{"timeout": 3.0, "retries": 0, **options}))


def body(text: str | bytes, **headers: str) -> Behaviour:
    return http("200 OK", text if isinstance(text, bytes) else text.encode(), **headers)


NO_JSON: dict[str, Behaviour] = {
    "JSON that is nested deeply": body("[" * 100_000 + "]" * 100_000),
    "objects that are nested deeply": body('{"a":' * 100_000 + "1" + "}" * 100_000),
    "objects that are nested as deeply as Python just takes": body('{"a":' * 900 + "1" + "}" * 900),
    "a number of thousands of digits": body('{"a": ' + "9" * 5000 + "}"),
    "NaN": body('{"a": NaN}'),
    "Infinity": body('{"a": -Infinity}'),
    "a number that is too large for Python": body('{"a": 1e999}'),
    "NUL": body("\0" * 100),
    "JSON after NUL": body('\0{"a": 1}'),
    "a list": body("[1, 2]"),
    "a text": body('"x"'),
    "nothing": body("null"),
    "an unknown charset": body("\xff\xfe\xfa", Content_Type="application/json; charset=no-such"),
    "a charset with a quote": body("<p>x</p>", Content_Type="text/html; charset='\x01"),
    "a charset that is no text": body("<p>x</p>", Content_Type="text/html; charset=zip"),
    "bytes that are no text": body(b"\xff\x00\xff" * 99),
    "an unknown packing": body('{"a": 1}', Content_Encoding="br"),
    "two packings": body(gzip.compress(gzip.compress(b"{}")), Content_Encoding="gzip, gzip"),
    "gzip that is none": body('{"a": 1}', Content_Encoding="gzip"),
    "gzip that is cut": body(gzip.compress(b'{"a": "' + b"x" * 999 + b'"}')[:-20], Content_Encoding="gzip"),
}
NO_HTTP: dict[str, Behaviour] = {
    "a size of a chunk below zero": says(CHUNKED, b"-5\r\n{}\r\n0\r\n\r\n"),
    "a size of a chunk that is no number": says(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"),
    "a size of a chunk without an end": says(CHUNKED, b"1" * 100_000),
    "a chunk that is huge": says(CHUNKED, b"fffffffffffffffff\r\n{}"),
    "a length below zero": body("", Content_Length="-7"),
    "a length that is no number": body("", Content_Length="\xb2"),
    "a length of thousands of digits": body("", Content_Length="9" * 5000),
    "two lengths": body("", Content_Length="7, 8"),
    "a status that is no number": says(b"HTTP/1.1 abc OK\r\n\r\n{}"),
    "a status of five digits": says(b"HTTP/1.1 20000 OK\r\n\r\n{}"),
    "a status below 100": says(b"HTTP/1.1 001 OK\r\n\r\n{}"),
    "another protocol": says(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "NUL instead of HTTP": says(b"\0" * 999 + b"\r\n\r\n"),
    "a header line without an end": says(HEAD, b"X-Long: " + b"x" * 100_000, b"\r\n\r\n{}"),
    "thousands of headers": says(HEAD, b"X-Many: 1\r\n" * 5000, b"\r\n{}"),
    "no answer": says(b""),
    "half a status line": says(b"HTTP/1.1 2"),
}
ODD_STATUS: dict[str, Behaviour] = {
    "101": http("101 Switching Protocols"),
    "102": http("102 Processing"),
    "103": http("103 Early Hints", Link="</x>; rel=preload"),
    "204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "300": http("300 Multiple Choices", b"{}"),
    "301 to nowhere": http("301 Moved", b"{}"),
    "302 to an address that is not valid": http("302 Found", Location="http://[::1"),
    "302 to a port that is not valid": http("302 Found", Location="http://127.0.0.1:99999999/"),
    "302 to a port in other digits": http("302 Found", Location="http://127.0.0.1:\xb2/"),
    "302 to a file": http("302 Found", Location="file:///etc/passwd"),
    "302 to a script": http("302 Found", Location="javascript:alert(1)"),
    "302 to bytes": http("302 Found", Location="\xff\xfe\x01"),
    "304": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "305": http("305 Use Proxy", b"{}", Location="http://evil.example.org/"),
    "399": http("399 Odd", b"{}"),
    "999": http("999 Odd", b"{}"),
}
ALL = {**NO_JSON, **NO_HTTP, **ODD_STATUS}


@pytest.mark.parametrize("odd", ALL)
def test_reading_ends_in_one_message_that_names_the_operation_at(odd: str) -> None:
    with RawServer(ALL[odd]) as server, limited(3), pytest.raises(errors.WaldurError) as caught:
        client_of(server.url).get("me")
    assert OPERATIONS["me"].title in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 700


UNKNOWN = sorted(set(ALL) - {name for name in ODD_STATUS if name[:3] in ("301", "302", "999")})


@pytest.mark.parametrize("odd", UNKNOWN)
def test_the_outcome_of_a_write_is_unknown_at(odd: str) -> None:
    with RawServer(ALL[odd]) as server, pytest.raises(errors.OutcomeUnknown, match="grant the role") as caught:
        client_of(server.url).write("add_user", UUID, body=GRANT)
    assert caught.value.message.isprintable()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["102", "103", "300", "304", "399"])
def test_a_write_without_a_body_is_not_taken_for_done_at(status: str) -> None:
    with RawServer(ODD_STATUS[status]) as server, pytest.raises(errors.OutcomeUnknown):
        client_of(server.url).write("delete_user", UUID, body=GRANT, expect_body=False)


def test_the_answer_after_an_informational_one_is_not_taken_for_that_to_the_next_request() -> None:
    late = says(b"HTTP/1.1 103 Early Hints\r\n\r\n", HEAD, b'Content-Length: 15\r\n\r\n{"uuid": "late"}')
    with RawServer(late, body('{"uuid": "own"}')) as server:
        client = client_of(server.url)
        with pytest.raises(errors.WaldurError, match="103"):
            client.get("me")
        assert client.get("me") == {"uuid": "own"}


READ: dict[str, Callable[[Client], Any]] = {
    "all": lambda client: client.rows("all_users"),
    "first": lambda client: client.rows("all_users", limit=5),
    "count": lambda client: client.count("all_users"),
}


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [[1, 2], ["a"], [None], [[]], [{"uuid": "a"}, 7], {"uuid": "a"}, {"results": []}, 7, True],
)
@pytest.mark.parametrize("how", READ)
def test_rows_of_another_shape_are_an_error_that_names_the_operation(rows: Any, how: str) -> None:
    with (
        ScriptedServer(Answer(body=rows)) as server,
        pytest.raises(errors.WaldurError, match=prefix("read_of_another_form", request="look up users")),
    ):
        READ[how](client_of(server.url))


@pytest.mark.parametrize("uuid", [{}, [], {"a": [1]}, ["x"], 7, 7.5, True, None, ""])
def test_rows_whose_uuid_is_no_text_are_compared_as_a_whole(uuid: Any) -> None:
    rows = [{"uuid": uuid, "name": "a"}, {"uuid": uuid, "name": "b"}]
    with ScriptedServer(Answer(body=rows, headers={"X-Result-Count": "2"})) as server:
        assert client_of(server.url).rows("all_users") == rows


@pytest.mark.parametrize(
    "count", ["\xb2", "-1", "1.0", "1e3", "x", "9" * 5000, "1, 2", "0x1", "1_0", "\xbd", "+1", "NaN"]
)
@pytest.mark.parametrize("how", READ)
def test_a_count_of_rows_that_is_no_number_is_an_error(count: str, how: str) -> None:
    with RawServer(body("[]", X_Result_Count=count)) as server, pytest.raises(errors.WaldurError) as caught:
        READ[how](client_of(server.url))
    assert begins(caught.value.message, "count_invalid", request="look up users")
    assert len(caught.value.message) < 300


def test_a_count_that_a_proxy_doubled_counts_once() -> None:
    with RawServer(body('[{"uuid": "a"}]', X_Result_Count="1, 1")) as server:
        assert client_of(server.url).rows("all_users") == [{"uuid": "a"}]


def test_a_list_whose_count_was_dropped_is_counted_by_its_rows() -> None:
    class Pages(ScriptedServer):
        def next_answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
            self.requests.append((method, path, headers))
            first = "page=" not in path.replace("page_size=", "")
            return Answer(body=[{"uuid": "a"}, {"uuid": "b"}]) if first else Answer(404, {"detail": "Invalid page."})

    with Pages(Answer()) as server:
        assert client_of(server.url).count("all_users") == 2


def test_a_count_of_ten_millions_next_to_one_row_does_not_lead_to_as_many_requests() -> None:
    with (
        ScriptedServer(Answer(body=[{"uuid": "a"}], headers={"X-Result-Count": "10000000"})) as server,
        pytest.raises(errors.WaldurError, match=fragment("list_too_long", request="look up users", count="10,000,000")),
    ):
        client_of(server.url).rows("all_users")
    assert len(server.requests) == 1


def test_a_count_of_thousands_next_to_one_row_ends_with_the_first_pages_without_a_new_row() -> None:
    with (
        ScriptedServer(Answer(body=[{"uuid": "a"}], headers={"X-Result-Count": "9000"})) as server,
        pytest.raises(errors.WaldurError, match=fragment("rows_differ", announced=9000, given=1)),
    ):
        client_of(server.url).rows("all_users")
    assert len(server.requests) < 20


# --- sizes -----------------------------------------------------------------------------------------------------------


def bomb(size: int) -> bytes:
    """``size`` MiB of blanks, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(b" " * 1024**2) for _mib in range(size)), packer.flush()])


@pytest.mark.parametrize("status", ["200 OK", "400 No", "302 Found", "503 Busy"])
def test_a_body_that_unpacks_to_hundreds_of_megabytes_is_not_unpacked(
    status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport.read_body, "__defaults__", (4 * 1024**2,))
    monkeypatch.setattr("ansible_collections.waldur.provider.plugins.module_utils._http.client.BODY_LIMIT", 4 * 1024**2)
    answer = http(status, bomb(200), Content_Encoding="gzip", Location="/x/" if status[0] == "3" else "")
    with RawServer(answer) as server:
        tracemalloc.start()
        try:
            with pytest.raises(errors.WaldurError):
                client_of(server.url, retries=1).get("me")
            assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
        finally:
            tracemalloc.stop()


def test_a_body_that_is_too_large_is_reported_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.waldur.provider.plugins.module_utils._http.client.BODY_LIMIT", 1024**2)
    with RawServer(body(b" " * 1_100_000)) as server:
        with pytest.raises(
            errors.WaldurError,
            match=fragment(
                "response_too_large", response=matching(".*the response"), limit="1 MiB", remedy=matching(": check .*")
            ),
        ):
            client_of(server.url).get("me")
        with pytest.raises(
            errors.OutcomeUnknown,
            match=fragment("response_too_large", response=matching(".*the request to grant the role"), limit="1 MiB"),
        ):
            client_of(server.url).write("add_user", UUID, body=GRANT)


def test_more_bytes_than_any_answer_has_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_RECEIVED_LIMIT", 500_000)
    with (
        RawServer(says(b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000)) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("response_too_large")),
    ):
        client_of(server.url, retries=3).get("me")
    assert len(server.requests) == 1


def test_a_body_of_nothing_but_brackets_is_not_made_objects_of() -> None:
    with RawServer(body("[" + "{}," * 1_200_000 + "{}]")) as server:
        tracemalloc.start()
        try:
            with pytest.raises(errors.WaldurError, match=f"^Cannot {OPERATIONS['all_users'].title}: "):
                client_of(server.url).rows("all_users")
            assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
        finally:
            tracemalloc.stop()


def test_a_packed_answer_is_read() -> None:
    packed = gzip.compress(json.dumps({"uuid": UUID}).encode())
    for coding in ("gzip", "GZIP"):
        with RawServer(body(packed, Content_Encoding=coding)) as server:
            assert client_of(server.url).get("me") == {"uuid": UUID}
            assert b"Accept-Encoding: gzip, deflate\r\n" in server.requests[0]


# --- what of it is shown ---------------------------------------------------------------------------------------------

SHOWN: dict[str, Behaviour] = {
    "an error in JSON": http("400 No", json.dumps({"detail": HIDDEN}).encode()),
    "a key of an error": http("400 No", json.dumps({HIDDEN: ["x"]}).encode()),
    "a page": http("500 No", f"<title>{HIDDEN}</title>".encode(), Content_Type="text/html; charset=utf-8"),
    "a page with entities": http("500 No", b"<title>\x1b[31m&#8238;x</title>", Content_Type="text/html"),
    "no JSON": body(HIDDEN),
    "a redirect": http("302 Found", Location="http://evil.example.org/\x1b[31m\x9b"),
    "a wait": http("429 Slow", b"{}", Retry_After="\x1b[31m\x9b"),
}


@pytest.mark.parametrize("where", SHOWN)
def test_characters_that_steer_a_terminal_are_escaped_in(where: str) -> None:
    with RawServer(SHOWN[where]) as server, pytest.raises(errors.WaldurError) as caught:
        client_of(server.url).get("me")
    assert caught.value.message.isprintable()
    assert "\\x1b[31m" in caught.value.message


def test_a_name_of_the_server_is_escaped_in_every_message_also_where_it_is_added_later() -> None:
    error = errors.InvalidInput("customer: there are two called A\x1b[31m\u202eB")
    assert error.message == str(error) == "customer: there are two called A\\x1b[31m\\u202eB"
    error.message += "\r\nok: [localhost]"
    assert error.message.endswith("\\u202eB\\r\\nok: [localhost]")


def test_a_token_that_the_server_writes_with_escapes_is_masked() -> None:
    echo = '{"detail": "unknown ' + "".join(f"\\u{ord(char):04x}" for char in TOKEN) + '"}'
    with RawServer(http("400 No", echo.encode())) as server, pytest.raises(errors.ErrorResponse) as caught:
        client_of(server.url).get("me")
    assert "unknown ********" in caught.value.message


@pytest.mark.parametrize("piece", ["<", "<title>", "<title", "<h1 <h1 ", "</title>", "<a ", "\t ", "&"])
def test_an_error_page_of_any_size_takes_no_long_search(piece: str) -> None:
    page = http("500 No", (piece * (900_000 // len(piece))).encode(), Content_Type="text/html")
    with RawServer(page) as server, limited(1), pytest.raises(errors.ServerDefect):
        client_of(server.url).get("me")


# --- the clock -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    [
        "\xb2",
        "9" * 5000,
        "Thu, 22 Nov " + "9" * 300 + " 21:44:00 GMT",
        "Thu, 22 Nov 2040 21:44:00 +" + "9" * 300,
        "Thu, 22 Nov 0001 21:44:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, -1 Jan 2024 00:00:00 GMT",
        "1, 2, 3",
        ",",
    ],
)
def test_a_date_that_cannot_be_meant_leaves_our_own_clock(date: str) -> None:
    with RawServer(body("{}", Date=date)) as server:
        client = client_of(server.url)
        client.get("me")
    assert 2020 < client.now().year < 2100


def test_a_date_without_a_time_zone_is_utc() -> None:
    with RawServer(body("{}", Date="Thu, 22 Nov 2040 21:44:00 -0000")) as server:
        client = client_of(server.url)
        client.get("me")
    assert client.now().isoformat() == "2040-11-22T21:44:00+00:00"


@pytest.mark.parametrize("kept", [10, 39])
@pytest.mark.parametrize("in_capitals", [False, True])
def test_half_a_token_does_not_escape_where_text_of_the_server_is_cut(kept: int, in_capitals: bool) -> None:
    token = TOKEN.upper() if in_capitals else TOKEN
    text = "x" * (99 - kept) + token + "y" * 300
    path = "/" + "x" * (299 - kept - len("http://waldur.example.org/")) + token + "y" * 300
    answers = {
        "the location": http("302 Found", b"", Location=f"http://waldur.example.org{path}"),
        "the time to wait": http("429 Too Many", b"", Retry_After=text),
        "the number of rows": body("[]", X_Result_Count=text),
        "the coding": body("[]", Content_Encoding=text),
    }
    for name, answer in answers.items():
        with RawServer(answer) as server, pytest.raises(errors.WaldurError) as failed:
            client_of(server.url).rows("service_providers")
        Redactor({TOKEN}).redact_error(failed.value)
        assert "****" in failed.value.message, (name, failed.value.message)
        assert token[:kept].lower() not in failed.value.message.lower(), name
