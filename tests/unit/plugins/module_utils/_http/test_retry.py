# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries: what is repeated, how often, and until when."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError

from ansible_collections.waldur.provider.plugins.module_utils._http import transport
from ansible_collections.waldur.provider.plugins.module_utils._http.retry import retry_policy
from ansible_collections.waldur.provider.plugins.module_utils._http.transport import begin_exchange

FOR_GET = "GET", "/api/"
Wait = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """A clock that stands still until it is told to go on."""
    now = [1000.0]
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def go_on(seconds: float) -> None:
        now[0] += seconds

    return go_on


def answer(status: int, **headers: str) -> HTTPResponse:
    return HTTPResponse(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PATCH", "POST", "DELETE"])
def test_what_may_be_repeated_is_repeated_after_these_statuses(status: int, method: str) -> None:
    assert retry_policy(4, repeat_safe=True).is_retry(method, status)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 500, 501])
def test_no_other_status_is_repeated(status: int) -> None:
    for repeat_safe in (True, False):
        rule = retry_policy(4, repeat_safe=repeat_safe)
        assert not rule.is_retry("GET", status)
        assert not rule.is_retry("GET", status, has_retry_after=True)


@pytest.mark.parametrize("has_retry_after", [True, False])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_write_that_must_not_be_repeated_is_repeated_only_after_429(status: int, has_retry_after: bool) -> None:
    rule = retry_policy(4, repeat_safe=False)
    assert not rule.is_retry("POST", status, has_retry_after)
    assert rule.is_retry("POST", 429, has_retry_after)


def test_zero_retries_repeat_nothing(wait: Wait) -> None:
    rule = retry_policy(0, repeat_safe=True)
    assert not rule.is_retry("GET", 503)
    with pytest.raises(MaxRetryError):
        rule.increment(*FOR_GET, error=ProtocolError("reset"))


def test_as_many_retries_as_were_asked_for(wait: Wait) -> None:
    rule = retry_policy(2, repeat_safe=True)
    for _time in range(2):
        rule = rule.increment(*FOR_GET, response=answer(503))
    with pytest.raises(MaxRetryError):
        rule.increment(*FOR_GET, response=answer(503))


def test_a_lost_answer_is_repeated_only_where_it_is_safe(wait: Wait) -> None:
    for lost in (ProtocolError("reset"), ReadTimeoutError(HTTPConnectionPool("localhost"), "/api/", "slow")):
        assert retry_policy(4, repeat_safe=True).increment(*FOR_GET, error=lost).total == 3
        with pytest.raises((MaxRetryError, ProtocolError, ReadTimeoutError)):
            retry_policy(4, repeat_safe=False).increment("POST", "/api/", error=lost)


def test_a_failure_of_an_unknown_kind_is_repeated_only_where_it_is_safe(wait: Wait) -> None:
    strange = HTTPError("strange")
    rule = retry_policy(1, repeat_safe=True).increment(*FOR_GET, error=strange)
    with pytest.raises(MaxRetryError):
        rule.increment(*FOR_GET, error=strange)
    with pytest.raises(MaxRetryError):
        retry_policy(4, repeat_safe=False).increment("POST", "/api/", error=strange)


def test_a_connection_that_was_never_made_is_tried_again_for_every_request(wait: Wait) -> None:
    failed = ConnectTimeoutError("no connection")
    for repeat_safe in (True, False):
        assert retry_policy(4, repeat_safe=repeat_safe).increment("POST", "/api/", error=failed).total == 3


@pytest.mark.parametrize("repeat_safe", [True, False])
def test_a_redirect_is_never_followed_by_the_retries(repeat_safe: bool) -> None:
    assert retry_policy(4, repeat_safe=repeat_safe).redirect == 0


def test_retry_after_is_honoured(wait: Wait) -> None:
    rule = retry_policy(4, repeat_safe=True)
    assert rule.get_retry_after(answer(429, Retry_After="7")) == 7
    assert rule.respect_retry_after_header
    assert rule.increment(*FOR_GET, response=answer(429, Retry_After="7")).total == 3


@pytest.mark.parametrize(
    "header", ["-5", "soon", "\u00b2", "9" * 5000, "Thu, 22 Foo 2040 21:44:00 GMT", "\x00", "1e3", "nan"]
)
def test_a_retry_after_that_cannot_be_read_counts_as_none(wait: Wait, header: str) -> None:
    rule = retry_policy(4, repeat_safe=True)
    assert rule.get_retry_after(answer(429, Retry_After=header)) is None
    assert rule.increment(*FOR_GET, response=answer(429, Retry_After=header)).total == 3


def test_a_wait_that_would_pass_the_end_is_not_begun(wait: Wait) -> None:
    rule = retry_policy(4, repeat_safe=True)
    with begin_exchange(30, 4), pytest.raises(MaxRetryError):
        rule.increment(*FOR_GET, response=answer(429, Retry_After="150"))
    with begin_exchange(30, 4):
        assert rule.increment(*FOR_GET, response=answer(429, Retry_After="149")).total == 3


def test_the_end_in_time_is_counted_from_the_beginning_of_the_request(wait: Wait) -> None:
    with begin_exchange(1, 4) as exchange:
        wait(4)
        rule = retry_policy(4, repeat_safe=True).increment(*FOR_GET, response=answer(503))
        assert exchange.deadline == 1005
        wait(1)
        with pytest.raises(MaxRetryError):
            rule.increment(*FOR_GET, response=answer(503))


def test_the_time_is_enough_for_every_try_to_time_out(wait: Wait) -> None:
    with begin_exchange(30, 4) as exchange:
        assert exchange.deadline == 1150


def test_the_tries_of_one_request_are_counted_together_however_often_its_rule_begins_anew(wait: Wait) -> None:
    with begin_exchange(30, 2):
        for _time in range(2):
            retry_policy(2, repeat_safe=True).increment(*FOR_GET, response=answer(503))
        with pytest.raises(MaxRetryError):
            retry_policy(2, repeat_safe=True).increment(*FOR_GET, response=answer(503))


def test_one_rule_serves_many_requests_and_each_has_its_own_time(wait: Wait) -> None:
    rule = retry_policy(4, repeat_safe=True)
    for _time in range(3):
        with begin_exchange(1, 4):
            rule.increment(*FOR_GET, response=answer(503))
        wait(100)


def test_a_wait_on_a_socket_is_never_longer_than_what_is_left(wait: Wait) -> None:
    with begin_exchange(2, 1) as exchange:
        assert exchange.wait_limit() == 2
        assert exchange.wait_limit(share=4) == 1
        wait(3)
        assert exchange.wait_limit() == 1
        wait(1)
        with pytest.raises(TimeoutError):
            exchange.wait_limit()


@pytest.mark.parametrize(("status", "is_doubtful"), [(429, False), (502, True), (503, True), (504, True)])
def test_a_request_may_have_been_carried_out_unless_it_was_refused_as_one_too_many(
    wait: Wait, status: int, is_doubtful: bool
) -> None:
    with begin_exchange(30, 4) as exchange:
        exchange.note_sending()
        rule = retry_policy(4, repeat_safe=True).increment(*FOR_GET, response=answer(status))
        assert exchange.may_have_arrived is is_doubtful
        exchange.note_sending()
        rule.increment(*FOR_GET, response=answer(429))
        assert exchange.may_have_arrived is is_doubtful
