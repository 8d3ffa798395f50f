# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault plan spoils the requests that it is told to, counts them, and leaves all others alone."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulator_process import SimulatorError

from .api import Api

PROVIDERS = "marketplace-service-providers/"


def add_user(api: Api, username: str = "rolefree1") -> int:
    """Grant a role; the status, 0 where the connection broke."""
    body = {"user": api.user(username), "role": "CUSTOMER.MANAGER"}
    try:
        return api.post(f"{api.provider()}add_user/", body).status
    except (ConnectionResetError, http.client.RemoteDisconnected):
        api.close()
        return 0


def granted(api: Api, username: str = "rolefree1") -> int:
    return len(api.rows(f"{api.provider()}list_users/", username=username))


def names(api: Api, page: int, size: int = 5) -> list[str]:
    return [row["customer_name"] for row in api.get(PROVIDERS, page_size=size, page=page).body]


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({"method": "write"}, [False, True]),
        ({"method": "GET"}, [True, False]),
        ({}, [True, True]),
        ({"path": "*/roles/"}, [True, False]),
        ({"path": "*page_size=1"}, [True, False]),
        ({"path": "*page_size=1", "method": "write"}, [False, False]),
        ({"path": r"~/[0-9a-f]{32}/add_user/$"}, [False, True]),
        ({"path": "/api/[rs]oles/*"}, [True, False]),
    ],
)
def test_a_rule_hits_by_method_and_by_a_glob_or_an_expression(api: Api, rule: dict[str, Any], hit: list[bool]) -> None:
    api.sim.fault(**rule, status=503, times=None)
    assert [api.get("roles/", page_size=1).status == 503, add_user(api) == 503] == hit


def test_a_token_expires_after_so_many_requests_and_others_do_not(api: Api) -> None:
    api.sim.expire_token(api.sim.token("staff"), after=2)
    answers = [api.get("users/me/") for _time in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 401]
    assert answers[2].body == {"detail": "Token has expired."}
    assert answers[2].headers["WWW-Authenticate"] == "Token"
    assert api.get("users/me/", by="owner").status == 200


def test_the_first_requests_can_pass_and_then_so_many_are_hit(api: Api) -> None:
    api.sim.fault(path="*/roles/", skip=2, times=3, status=502)
    assert [api.get("roles/").status for _time in range(7)] == [200, 200, 502, 502, 502, 200, 200]
    assert api.sim.faults() == [{"path": "*/roles/", "skip": 2, "times": 3, "status": 502, "fired": 3}]


def test_a_rule_hits_once_unless_told_otherwise_and_null_is_for_ever(api: Api) -> None:
    api.sim.fault(status=429)
    api.sim.fault(status=503, times=None)
    assert [api.get("roles/").status for _time in range(4)] == [429, 503, 503, 503]
    api.sim.clear_faults()
    assert (api.get("roles/").status, api.sim.faults()) == (200, [])


def test_a_reset_clears_the_plan_and_the_control_channel_is_never_hit(api: Api) -> None:
    api.sim.fault(drop="before", times=None)
    api.sim.reset()
    assert (api.get("roles/").status, api.sim.faults()) == (200, [])


def test_status_headers_and_body_are_as_told_and_the_request_is_not_handled(api: Api) -> None:
    api.sim.fault(method="write", status=429, headers={"Retry-After": "7"}, body={"detail": "Slow down."})
    user = {"user": api.user("rolefree1"), "role": "CUSTOMER.MANAGER"}
    answer = api.post(f"{api.provider()}add_user/", user)
    assert (answer.status, answer.headers["Retry-After"], answer.body) == (429, "7", {"detail": "Slow down."})
    assert answer.headers["Content-Type"] == "application/json"
    assert abs((parsedate_to_datetime(answer.headers["Date"]) - api.sim.clock()).total_seconds()) < 5
    assert granted(api) == 0


def test_an_answer_can_be_replaced_after_the_write_took_effect(api: Api) -> None:
    api.sim.fault(method="write", status=504, html=True, after=True)
    assert add_user(api) == 504
    assert granted(api) == 1


def test_html_comes_with_200_or_with_the_status(api: Api) -> None:
    api.sim.fault(html=True)
    api.sim.fault(html=True, status=503)
    api.sim.fault(body="<h1>Log in</h1>")
    answers = [api.get("roles/") for _time in range(3)]
    assert [answer.status for answer in answers] == [200, 503, 200]
    assert {answer.headers["Content-Type"] for answer in answers} == {"text/html"}
    assert "<h1>503 Service Unavailable</h1>" in answers[1].body
    assert answers[2].body == "<h1>Log in</h1>"


@pytest.mark.parametrize(
    ("target", "status", "location"),
    [
        ("https://{host}{path}", 301, "https://HOST/api/roles/?page_size=1"),
        ("http://elsewhere.example{path}", 307, "http://elsewhere.example/api/roles/?page_size=1"),
        ("/login/", None, "/login/"),
    ],
)
def test_a_redirect_goes_where_it_is_reported(api: Api, target: str, status: int | None, location: str) -> None:
    api.sim.fault(redirect=target, **({"status": status} if status else {}))
    answer = api.get("roles/", page_size=1)
    assert answer.status == (status or 302)
    assert answer.headers["Location"].replace(api.sim.url.removeprefix("http://"), "HOST") == location


@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_the_connection_breaks_before_or_after_the_write(api: Api, when: str, rows: int) -> None:
    api.sim.fault(method="write", drop=when)
    assert add_user(api) == 0
    assert granted(api) == rows


def test_a_cut_body_promises_more_than_it_holds(api: Api) -> None:
    api.sim.fault(path="*/add_user/", cut=5)
    with pytest.raises(http.client.IncompleteRead) as cut:
        add_user(api)
    assert len(cut.value.partial) == 5
    api.close()
    assert granted(api) == 1
    api.sim.fault(cut=10_000)
    with pytest.raises(http.client.IncompleteRead) as whole:
        api.get("roles/", page_size=1)
    assert whole.value.partial.startswith(b"[{")


def test_a_late_answer_comes_and_others_are_served_meanwhile(api: Api) -> None:
    api.sim.fault(path="*/roles/", delay=2)

    def late() -> float:
        own = Api(api.sim)
        start = time.perf_counter()
        assert own.get("roles/").status == 200
        own.close()
        return time.perf_counter() - start

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(late)
        time.sleep(0.1)
        start = time.perf_counter()
        assert api.get(PROVIDERS).status == 200
        assert time.perf_counter() - start < 1.5
        assert waiting.result() >= 2


@pytest.mark.parametrize(("after", "rows"), [(False, 0), (True, 1)])
def test_a_delay_is_before_the_write_or_after_it(api: Api, after: bool, rows: int) -> None:
    api.sim.fault(path="*/add_user/", delay=0.5, after=after)
    body = {"user": api.user("rolefree1"), "role": "CUSTOMER.MANAGER"}

    def slow() -> int:
        own = Api(api.sim)
        status = own.post(f"{own.provider()}add_user/", body).status
        own.close()
        return status

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow)
        time.sleep(0.2)
        assert granted(api) == rows
        assert waiting.result() == 201
    assert granted(api) == 1


def test_a_page_can_begin_with_the_row_that_ended_the_page_before(api: Api) -> None:
    well = [names(api, page) for page in (1, 2, 3)]
    api.sim.fault(path=f"*/{PROVIDERS}*", repeat_row=True, times=None)
    assert [names(api, page) for page in (1, 2, 3)] == [
        well[0],
        [well[0][-1], *well[1][:-1]],
        [well[1][-1], *well[2]],
    ]
    assert api.sim.counts().requests == 6


def test_a_row_can_be_left_out_with_the_total_as_it_was_or_another(api: Api) -> None:
    well = names(api, 2)
    api.sim.fault(path="*page=2*", skip_row=True)
    api.sim.fault(path="*page=2*", skip_row=True, headers={"X-Result-Count": "11"})
    assert names(api, 2) == well[1:]
    answer = api.get(PROVIDERS, page_size=5, page=2)
    assert (len(answer.body), answer.headers["X-Result-Count"]) == (4, "11")


def test_something_can_happen_just_before_a_request_or_just_after_it(api: Api) -> None:
    grant = {"user": "rolefree1", "role": "CUSTOMER.MANAGER", "service_provider": "Alpha Cloud Ltd"}
    for after, status in ((False, 400), (True, 201)):
        api.sim.reset()
        api.sim.fault(path="*/add_user/", meanwhile={"model": "Grant", "create": grant}, after=after)
        assert add_user(api) == status
        assert granted(api) == (2 if after else 1)


def test_requests_that_were_hit_are_counted_and_named(api: Api) -> None:
    api.sim.fault(method="write", drop="before")
    api.sim.fault(method="write", drop="after")
    api.sim.fault(path="*/nowhere/", status=503)
    api.sim.zero()
    assert [add_user(api), add_user(api), api.get("nowhere/").status] == [0, 0, 503]
    counts = api.sim.counts()
    assert (counts.requests, counts.writes) == (3, 2)
    assert counts.operations == {"POST /api/marketplace-service-providers/{uuid}/add_user/": 2, "GET /api/nowhere/": 1}
    rows = [{key: row[key] for key in ("status", "user", "fault")} for row in api.sim.requests()]
    assert rows == [
        {"status": None, "user": None, "fault": {"drop": "before"}},
        {"status": 201, "user": "admin", "fault": {"drop": "after"}},
        {"status": 503, "user": None, "fault": {"status": 503}},
    ]


def test_eight_requests_at_once_meet_a_rule_for_three_three_times(api: Api) -> None:
    api.sim.fault(path="*/roles/", times=3, status=503)

    def ask(_number: int) -> int:
        own = Api(api.sim)
        status = own.get("roles/").status
        own.close()
        return status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [200] * 5 + [503] * 3


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ({"sattus": 503}, "sattus"),
        ({"method": "FETCH", "status": 503}, "method"),
        ({"path": "~[", "status": 503}, "path"),
        ({"times": 0, "status": 503}, "times"),
        ({"times": True, "status": 503}, "times"),
        ({"skip": -1, "status": 503}, "skip"),
        ({"after": "yes", "status": 503}, "after"),
        ({"status": 99}, "status"),
        ({"status": "503"}, "status"),
        ({"headers": {"Retry-After": 3}}, "headers"),
        ({"body": None}, "body"),
        ({"html": 1.5}, "html"),
        ({"redirect": True}, "redirect"),
        ({"drop": "never"}, "drop"),
        ({"drop": "after", "status": 503}, "drop"),
        ({"delay": -1}, "delay"),
        ({"cut": "all"}, "cut"),
        ({"meanwhile": []}, "meanwhile"),
        ({"method": "write", "skip": 3}, "status"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_the_name_of_its_key(api: Api, rule: dict[str, Any], key: str) -> None:
    with pytest.raises(SimulatorError, match=f"^ValueError: {key}: "):
        api.sim.fault(**rule)
    assert api.sim.faults() == []


def test_a_list_of_rules_is_added_whole_or_not_at_all(api: Api) -> None:
    good, bad = {"status": 503}, {"status": 1}
    assert api.ask("POST", "/simulator/faults", [good, bad]).status == 400
    assert api.sim.faults() == []
    answer = api.ask("POST", "/simulator/faults", [good, {"delay": 0}])
    assert answer.body == [{"status": 503, "fired": 0}, {"delay": 0, "fired": 0}]
