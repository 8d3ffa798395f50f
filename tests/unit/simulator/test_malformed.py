# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that no client should send get a 4xx of Waldur's shape, and the server goes on."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from .api import JSON, Answer, Api

FORM = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"
MIB = b"x" * 2**20
# The rotation of the secret code takes no body, so it looks at none.
ACTIONS = ("add_user/", "update_user/", "delete_user/", "set_offerings_username/")
USER = {"user": "a829e6b910c44151a0438a09ab146bfc", "role": "CUSTOMER.MANAGER"}


def writing_routes(api: Api) -> Iterator[tuple[str, str]]:
    """Every route that reads a body."""
    provider = api.provider()
    account = f"marketplace-offering-users/{api.rows('marketplace-offering-users/')[0]['uuid']}/"
    yield "POST", "marketplace-service-providers/"
    yield from (("POST", provider + action) for action in ACTIONS)
    yield "POST", "marketplace-offering-users/"
    yield from ((method, path) for path in (provider, account) for method in ("PUT", "PATCH"))


def is_refusal(answer: Answer) -> bool:
    """Whether it is a 4xx as Waldur words it: a JSON object of messages, or the bare list of a few actions."""
    return (
        400 <= answer.status < 500
        and answer.headers["Content-Type"] == JSON
        and isinstance(answer.body, (dict, list))
        and bool(answer.body)
        and "Traceback" not in json.dumps(answer.body)
    )


@pytest.mark.parametrize(
    "body",
    [b"{bad", b"\xff\xfe\x00", b'{"user": "\xff"}', b"\0" * 10, b"NaN", b"[" * 100_000, b"1" * 5000, MIB],
    ids=["broken", "not UTF-8", "binary in text", "NUL", "NaN", "nested", "huge number", "1 MiB of rubbish"],
)
def test_a_body_that_is_no_json_is_refused_on_every_route_that_reads_one(api: Api, body: bytes) -> None:
    for method, path in writing_routes(api):
        answer = api.ask(method, path, body)
        assert is_refusal(answer), (method, path, answer)
        assert answer.body["detail"].startswith("JSON parse error - "), (method, path, answer)


@pytest.mark.parametrize("body", [[], [{}], "text", 1, 1.5, True], ids=repr)
def test_json_that_is_no_object_is_refused_on_every_route_that_reads_one(api: Api, body: Any) -> None:
    for method, path in writing_routes(api):
        answer = api.ask(method, path, json.dumps(body).encode())
        assert is_refusal(answer), (method, path, answer)


@pytest.mark.parametrize("value", [[], {}, [[]], 10**40, True, "\0", "\ud800", "x" * 2**20], ids=lambda v: repr(v)[:20])
def test_a_value_of_the_wrong_kind_is_refused_wherever_it_stands(api: Api, value: Any) -> None:
    provider = api.provider()
    cases = [
        ("POST", "marketplace-service-providers/", {"customer": value}),
        *(("POST", provider + action, {**USER, "role": value}) for action in ACTIONS[:3]),
        *(("POST", provider + action, {**USER, "user": value}) for action in ACTIONS[:3]),
        *(("POST", provider + action, {**USER, "expiration_time": value}) for action in ACTIONS[:2]),
        ("POST", provider + ACTIONS[3], {"user_uuid": value, "username": "x"}),
        ("PATCH", provider, {"image": value}),
        ("PATCH", provider, {"enable_notifications": value if value is not True else "perhaps"}),
    ]
    for method, path, body in cases:
        answer = api.ask(method, path, json.dumps(body).encode())
        assert is_refusal(answer), (method, path, answer)


@pytest.mark.parametrize("value", [[], {}, "\0"], ids=repr)
def test_text_of_the_wrong_kind_is_refused_by_the_name_of_its_field(api: Api, value: Any) -> None:
    body = {"user_uuid": api.user("member1"), "username": value}
    assert is_refusal(api.post(api.provider() + ACTIONS[3], body))
    for method in ("PUT", "PATCH"):
        answer = api.ask(method, api.provider(), {"description": value})
        assert (is_refusal(answer), list(answer.body)) == (True, ["description"])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"abc", "multipart/form-data"),
        (MIB, FORM),
        (b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\n\xff\0\r\n--x--\r\n', FORM),
        (b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nno image\r\n--x--\r\n', FORM),
        (b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nno file\r\n--x--\r\n', FORM),
        (b"description=%00", URLENCODED),
        (b"enable_notifications=%ff", URLENCODED),
        (b"{}", "text/plain"),
        (MIB, "application/octet-stream"),
    ],
)
def test_a_broken_form_or_an_unknown_kind_of_body_is_refused(api: Api, body: bytes, content_type: str) -> None:
    for method in ("PUT", "PATCH"):
        answer = api.ask(method, api.provider(), body, content_type=content_type)
        assert is_refusal(answer), (method, answer)


def test_a_form_that_ends_too_early_changes_nothing(api: Api) -> None:
    before = api.get_object(api.provider())
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    for body in (b"rubbish", b"--x\r\n\r\n--x--", head):
        assert api.ask("PATCH", api.provider(), body, content_type=FORM).status < 500
    assert api.get_object(api.provider()) == before


@pytest.mark.parametrize("text", ["%", "%zz", "%00", "%ff", "a%00b", "%ed%a0%80"])
def test_percent_signs_that_mean_nothing_break_nothing(api: Api, text: str) -> None:
    providers, provider = "/api/marketplace-service-providers/", f"/api/{api.provider()}"
    filters = [
        f"{providers}?customer={text}&customer_keyword={text}&o={text}&page_size={text}&field={text}",
        f"{provider}list_users/?user={text}&username={text}&role={text}",
        f"{provider}project_permissions/?user={text}&created={text}",
        f"/api/projects/?name={text}&created={text}",
        f"/api/users/?{text}={text}",
        f"/api/marketplace-provider-resources/?state={text}&offering_uuid={text}",
    ]
    for path in (
        f"/api/{text}/",
        f"{providers}{text}/",
        f"{providers}?page={text}",
        f"{providers}?customer_uuid={text}",
    ):
        assert 400 <= api.get(path).status < 500, path
    for path in filters:
        assert api.get(path).status < 500, path


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"FETCH /api/roles/ HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /api/\xff\xfe/ HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /api/roles/ HTTP/1.1\r\nHost: he\0re\r\n\r\n",
        b"GET /api/roles/ HTTP/1.1\r\nHost: here\r\nAuthorization: Token \xff\xfe\r\n\r\n",
        b"POST /api/roles/ HTTP/1.1\r\nHost: here\r\nContent-Length: -5\r\n\r\n",
        b"GET /api/roles/ HTTP/1.1\r\nHost: here\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
    ids=["method", "path", "host", "token", "length", "headers"],
)
def test_a_request_that_is_hardly_http_is_refused(
    api: Api, request_bytes: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    host, port = api.sim.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
    assert 400 <= answer.status < 500
    assert api.get("roles/").status == 200
    assert capfd.readouterr().err == ""
