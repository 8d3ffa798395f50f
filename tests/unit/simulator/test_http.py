# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens, pages, methods and errors behave as documented (api-behaviour: conventions)."""

from __future__ import annotations

import re

import pytest

from .api import Api

PROVIDERS = "marketplace-service-providers/"
DENIALS = {
    "Token 0000000000000000000000000000000000000000": "Invalid token.",
    "Token": "Invalid token. No credentials provided.",
    "Token a b": "Invalid token. Token string should not contain spaces.",
    "Bearer 0000000000000000000000000000000000000000": "Authentication credentials were not provided.",
}


@pytest.mark.parametrize("header", DENIALS)
def test_bad_credentials_are_401_with_a_challenge(api: Api, header: str) -> None:
    answer = api.ask("GET", "users/me/", headers={"Authorization": header})
    assert (answer.status, answer.body) == (401, {"detail": DENIALS[header]})
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_no_token_is_401_but_for_providers_and_roles(api: Api) -> None:
    for path in ("users/", "customers/", "projects/", "user-permissions/", "marketplace-offering-users/", "version/"):
        assert api.get(path, by=None).status == 401
    for path in (PROVIDERS, api.provider(), "roles/"):
        assert api.get(path, by=None).status == 200


def test_a_bad_token_is_401_even_where_none_is_needed(api: Api) -> None:
    assert api.get(PROVIDERS, by="nobody at all").status == 401


def test_the_scheme_word_is_taken_in_any_case(api: Api) -> None:
    header = {"Authorization": f"tOKEN {api.sim.token('owner')}"}
    assert api.ask("GET", "users/me/", headers=header).body["username"] == "owner"


def test_a_deactivated_user_is_401(api: Api) -> None:
    answer = api.get(PROVIDERS, by="inactive")
    assert (answer.status, answer.body) == (401, {"detail": "User inactive or deleted."})


def test_a_token_expires_unless_it_is_used(api: Api) -> None:
    api.sim.change("User", {"username": "owner"}, {"token_lifetime": 3600})
    assert api.get("users/me/", by="owner").status == 200
    for moment in ("2026-11-22T22:30:00Z", "2026-11-22T23:15:00Z"):
        api.sim.set_clock(moment)
        assert api.get("users/me/", by="owner").status == 200
    api.sim.set_clock("2026-11-23T01:00:00Z")
    answer = api.get(PROVIDERS, by="owner")
    assert (answer.status, answer.body) == (401, {"detail": "Token has expired."})


def test_staff_can_act_as_somebody(api: Api) -> None:
    header = {"X-Impersonated-User-Uuid": api.user("outsider")}
    assert api.ask("GET", "users/me/", headers=header).body["username"] == "outsider"
    assert api.ask("GET", "users/me/", by="owner", headers=header).body["username"] == "owner"


def test_pages_hold_ten_rows_and_at_most_three_hundred(api: Api) -> None:
    assert len(api.get(PROVIDERS).body) == 10
    for rubbish in ("abc", "0", "-1"):
        assert len(api.get(PROVIDERS, page_size=rubbish).body) == 10
    assert len(api.get(PROVIDERS, page_size=1000).body) == 12


def test_links_and_the_total_are_in_headers(api: Api) -> None:
    answer = api.get(PROVIDERS, page_size=5, page=2)
    assert answer.headers["X-Result-Count"] == "12"
    links = {rel: query for query, rel in re.findall(r'<[^>]*\?([^>]*)>; rel="(\w+)"', answer.headers["Link"])}
    assert links == {
        "first": "page_size=5",
        "prev": "page_size=5",
        "next": "page=3&page_size=5",
        "last": "page=3&page_size=5",
    }


def test_one_page_has_first_and_last_alone_and_an_empty_list_counts_zero(api: Api) -> None:
    whole = api.get(PROVIDERS, page_size=300)
    assert re.findall(r'rel="(\w+)"', whole.headers["Link"]) == ["first", "last"]
    empty = api.get("customers/", by="outsider")
    assert (empty.status, empty.body, empty.headers["X-Result-Count"]) == (200, [], "0")


@pytest.mark.parametrize("page", ["99", "0", "-1", "abc"])
def test_a_page_that_is_not_there_is_404(api: Api, page: str) -> None:
    answer = api.get(PROVIDERS, page=page)
    assert (answer.status, answer.body) == (404, {"detail": "Invalid page."})


def test_head_has_the_headers_of_get_and_the_connection_goes_on(api: Api) -> None:
    answer = api.ask("HEAD", PROVIDERS, page_size=2)
    assert (answer.status, answer.content, answer.headers["X-Result-Count"]) == (200, b"", "12")
    assert api.get(PROVIDERS).status == 200


@pytest.mark.parametrize("path", [PROVIDERS + "0123456789abcdef0123456789abcdef/nope/", "nope/"])
def test_an_unknown_route_is_404_in_html_even_without_a_token(api: Api, path: str) -> None:
    for caller in ("staff", None):
        answer = api.get(path, by=caller)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "<h1>Not Found</h1>" in answer.body


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_missing_slash_is_301_for_every_method(api: Api, method: str) -> None:
    answer = api.ask(method, PROVIDERS.rstrip("/"), {} if method != "GET" else None)
    assert (answer.status, answer.headers["Location"]) == (301, "/api/marketplace-service-providers/")


def test_a_wrong_method_is_405_and_says_what_is_allowed(api: Api) -> None:
    answer = api.ask("PUT", PROVIDERS, {})
    assert (answer.status, answer.body) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert api.ask("GET", api.provider() + "add_user/").status == 405


def test_bodies_that_cannot_be_read_are_refused(api: Api) -> None:
    broken = api.ask("POST", PROVIDERS, b"{bad")
    assert broken.status == 400
    assert broken.body["detail"].startswith("JSON parse error - ")
    assert api.ask("POST", PROVIDERS, b"x", content_type="text/plain").status == 415
    assert api.post(PROVIDERS, []).body == {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}
    assert api.ask("GET", PROVIDERS, headers={"Accept": "application/xml"}).status == 406


def test_messages_follow_accept_language(api: Api) -> None:
    english = api.get(PROVIDERS, page=99)
    assert english.headers["Content-Language"] == "en"
    estonian = api.ask("GET", PROVIDERS, headers={"Accept-Language": "et"}, page=99)
    assert (estonian.headers["Content-Language"], estonian.body) == ("et", {"detail": "Sobimatu lehekülg."})


@pytest.mark.parametrize(("length", "status"), [(3500, 200), (4700, 400), (9300, 414)])
def test_a_long_request_line_is_refused(api: Api, length: int, status: int) -> None:
    assert api.get("users/", username_list="x" * length).status == status


def test_json_answers_name_no_charset(api: Api) -> None:
    assert api.get(PROVIDERS).headers["Content-Type"] == "application/json"


def test_the_connection_is_kept_also_after_a_500(api: Api) -> None:
    body = {"user": api.user("rolefree1"), "role": "CUSTOMER.MANAGER"}
    answer = api.post(f"{api.provider()}update_user/", body)
    assert answer.status == 500
    assert "Connection" not in answer.headers
    assert api.get(PROVIDERS).status == 200
