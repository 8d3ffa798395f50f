# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a server that answers by a script: retries, pages, errors in every shape, secrets."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from messages import ends, fragment, matching, mentions, message, pattern, prefix
from requests.adapters import HTTPAdapter

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._common import errors
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._http import media
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.http_request import HttpResponse
from ansible_collections.waldur.provider.plugins.module_utils._http.redirects import redirect_target
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)

from ...helpers.raw_server import RawServer
from ...helpers.samples import session, target
from ...helpers.scripted_server import HTML, Answer, ScriptedServer

TOKEN = "0123456789abcdef0123456789abcdef01234567"
UUID = "e182aaedb6ae4541956a3c14629abc02"
GRANT = {"role": UUID, "user": UUID}


def client_of(server: ScriptedServer, **options: Any) -> Client:
    return Client(Connection(server.url, TOKEN, **{"timeout": 2.0, "retries": 2, **options}))


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"uuid": f"{number:032x}", "name": f"row {number}"} for number in numbers]


def page(*numbers: int, total: int) -> Answer:
    return Answer(body=rows(*numbers), headers={"X-Result-Count": str(total)})


# --- authentication --------------------------------------------------------------------------------------------------


def test_the_token_goes_out_with_its_scheme_and_json_is_asked_for() -> None:
    with ScriptedServer(Answer(body={"uuid": UUID})) as server:
        client_of(server, auth_scheme="Bearer").get("me")
    _method, _path, headers = server.requests[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Language"] == "en"


def test_a_netrc_entry_does_not_replace_the_token(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer(Answer(body={"uuid": UUID})) as server:
        client_of(server).get("me")
    assert server.requests[0][2]["Authorization"] == f"Token {TOKEN}"


# --- retries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_is_repeated_when_the_server_is_busy(status: int) -> None:
    with ScriptedServer(Answer(status, HTML, content_type="text/html"), Answer(body={"uuid": UUID})) as server:
        assert client_of(server).get("me") == {"uuid": UUID}
    assert len(server.requests) == 2


def test_retry_after_is_honoured() -> None:
    busy = Answer(429, {"detail": "slow down"}, {"Retry-After": "1"})
    with ScriptedServer(busy, Answer(body={"uuid": UUID})) as server:
        begin = time.monotonic()
        client_of(server).get("me")
    assert time.monotonic() - begin >= 1


def test_a_retry_after_beyond_the_deadline_ends_at_once_with_the_servers_words() -> None:
    busy = Answer(429, {"detail": "come back tomorrow"}, {"Retry-After": "86400"})
    with ScriptedServer(busy) as server:
        begin = time.monotonic()
        with pytest.raises(errors.ErrorResponse, match="429: come back tomorrow"):
            client_of(server).get("me")
    assert time.monotonic() - begin < 1
    assert len(server.requests) == 1


def test_retries_end() -> None:
    with (
        ScriptedServer(Answer(503, HTML, content_type="text/html")) as server,
        pytest.raises(errors.ServerDefect, match=r"503: 502 Bad Gateway"),
    ):
        client_of(server).get("me")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_must_not_be_repeated_is_sent_once_and_its_outcome_is_unknown(status: int) -> None:
    with (
        ScriptedServer(Answer(status, HTML, {"Retry-After": "0"}, content_type="text/html")) as server,
        pytest.raises(errors.OutcomeUnknown),
    ):
        client_of(server).write("add_user", UUID, body=GRANT)
    assert len(server.requests) == 1


def test_a_write_that_was_refused_as_too_many_is_repeated_because_nothing_happened() -> None:
    with ScriptedServer(Answer(429, {"detail": "slow down"}), Answer(201, {"expiration_time": None})) as server:
        assert client_of(server).write("add_user", UUID, body=GRANT) == {"expiration_time": None}
    assert len(server.requests) == 2


def test_a_broken_connection_after_add_user_is_a_lost_answer() -> None:
    with (
        ScriptedServer(Answer(reset=True)) as server,
        pytest.raises(errors.OutcomeUnknown, match=fragment("response_lost", request="grant the role")),
    ):
        client_of(server).write("add_user", UUID, body=GRANT)
    assert len(server.requests) == 1


def test_a_timeout_after_a_rotation_is_a_lost_answer_and_not_a_second_rotation() -> None:
    with (
        ScriptedServer(Answer(body={}, wait=1.0)) as server,
        pytest.raises(errors.OutcomeUnknown, match=r"no response from .* within 0.3 seconds"),
    ):
        client_of(server, timeout=0.3).new_secret_code(UUID)
    assert len(server.requests) == 1


def test_safe_writes_are_repeated_after_a_broken_connection() -> None:
    with ScriptedServer(Answer(reset=True), Answer(body={"expiration_time": None})) as server:
        client_of(server).write("update_user", UUID, body={**GRANT, "expiration_time": None})
    assert len(server.requests) == 2


def test_a_safe_write_without_any_answer_is_lost_too_once_repeating_it_did_not_help() -> None:
    with (
        ScriptedServer(Answer(reset=True)) as server,
        pytest.raises(errors.OutcomeUnknown, match=pattern("response_lost", request="revoke the role")),
    ):
        client_of(server, retries=0).write("delete_user", UUID, body=GRANT)


def test_a_server_that_is_not_there_is_named_with_the_option() -> None:
    with ScriptedServer(Answer()) as server:
        url = server.url
    with pytest.raises(errors.RequestNotSent, match=r"127\.0\.0\.1:\d+ refused the connection: check api_url"):
        Client(Connection(url, TOKEN, retries=0)).get("me")


def test_a_host_name_that_is_not_there_is_named_with_the_option() -> None:
    with pytest.raises(errors.RequestNotSent, match=r"check api_url"):
        Client(Connection("http://no-such-host.invalid", TOKEN, retries=0)).get("me")


def test_a_grant_that_could_not_even_be_sent_is_no_lost_answer() -> None:
    with ScriptedServer(Answer()) as server:
        url = server.url
    with pytest.raises(errors.RequestNotSent):
        Client(Connection(url, TOKEN, retries=0)).write("add_user", UUID, body=GRANT)


def test_a_body_that_is_cut_short_is_an_error() -> None:
    with (
        ScriptedServer(Answer(body={"uuid": UUID}, cut=True)) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("response_cut")),
    ):
        client_of(server, retries=0).get("me")


def test_reading_is_repeated_after_a_body_that_is_cut_short() -> None:
    with ScriptedServer(Answer(body={"uuid": UUID}, cut=True), Answer(body={"uuid": UUID})) as server:
        assert client_of(server).get("me") == {"uuid": UUID}


def test_a_grant_is_not_repeated_after_a_body_that_is_cut_short() -> None:
    with (
        ScriptedServer(Answer(201, {"expiration_time": None}, cut=True)) as server,
        pytest.raises(errors.OutcomeUnknown, match=fragment("response_cut")),
    ):
        client_of(server).write("add_user", UUID, body=GRANT)
    assert len(server.requests) == 1


# --- redirects -------------------------------------------------------------------------------------------------------


def test_reading_follows_a_redirect_on_the_same_host() -> None:
    moved = Answer(301, headers={"Location": "/api/users/me/"})
    with ScriptedServer(moved, Answer(body={"uuid": UUID})) as server:
        assert client_of(server).get("me") == {"uuid": UUID}


def test_reading_does_not_follow_a_redirect_to_another_host() -> None:
    with (
        ScriptedServer(Answer(302, headers={"Location": "http://evil.example.org/api/"})) as server,
        pytest.raises(errors.WaldurError, match=r"http://evil\.example\.org.*set api_url"),
    ):
        client_of(server).get("me")
    assert len(server.requests) == 1


def test_the_token_does_not_follow_a_redirect_to_another_port() -> None:
    with ScriptedServer(Answer(body={"uuid": UUID})) as other:
        moved = Answer(302, headers={"Location": f"{other.url}/api/users/me/"})
        with (
            ScriptedServer(moved) as server,
            pytest.raises(errors.WaldurError, match=fragment("remedy_other_host", origin=other.url)),
        ):
            client_of(server).get("me")
    assert not other.requests


@pytest.mark.parametrize(
    ("location", "api_url"),
    [
        ("https://127.0.0.1/api/users/me/", "https://127.0.0.1"),
        ("https://127.0.0.1:8443/waldur/api/users/me/?field=uuid", "https://127.0.0.1:8443/waldur"),
        ("//waldur.example.org/api/users/me/", "http://waldur.example.org"),
        ("https://me:s3cret@waldur.example.org/login", "https://waldur.example.org"),
    ],
)
def test_a_redirect_to_another_origin_is_refused_with_the_api_url_to_set(location: str, api_url: str) -> None:
    with (
        ScriptedServer(Answer(301, headers={"Location": location})) as server,
        pytest.raises(errors.WaldurError, match=rf"scheme, host and port: .* set api_url to {api_url}\.$") as caught,
    ):
        client_of(server).get("me")
    assert "s3cret" not in caught.value.message
    assert "field=" not in caught.value.message


@pytest.mark.parametrize("location", ["http://waldur.example.org/api/users/me/", "file:///etc/passwd"])
def test_no_address_that_sends_the_token_in_clear_text_is_suggested(location: str) -> None:
    response = HttpResponse(302, {"Location": location}, b"", "https://waldur.example.org/api/users/me/")
    with pytest.raises(errors.WaldurError) as caught:
        redirect_target(OPERATIONS["me"], response, "https://waldur.example.org", Redactor())
    assert ends(caught.value, "redirect_rejected", remedy=message("remedy_own_address"))


def test_a_redirect_that_names_a_user_is_followed_with_our_token_alone() -> None:
    with ScriptedServer(Answer(body={"uuid": UUID})) as server:
        target = server.url.replace("http://", "http://me:s3cret@") + "/api/users/me/?a=1#top"
        server.script.insert(0, Answer(302, headers={"Location": target}))
        client_of(server).get("me")
    assert server.requests[1][1] == "/api/users/me/?a=1"
    assert server.requests[1][2]["Authorization"] == f"Token {TOKEN}"


def test_the_user_and_password_of_a_redirect_are_never_shown() -> None:
    with (
        ScriptedServer(Answer(302, headers={"Location": "http://a:b@evil.example.org/x/?token=c"})) as server,
        pytest.raises(errors.WaldurError, match=r"redirects to http://evil\.example\.org/x/, and"),
    ):
        client_of(server).get("me")


def test_a_token_is_hidden_before_a_long_error_is_cut() -> None:
    with (
        ScriptedServer(Answer(400, "x" * 395 + TOKEN, headers={"Content-Type": "text/plain"})) as server,
        pytest.raises(errors.ErrorResponse) as caught,
    ):
        client_of(server).get("me")
    assert TOKEN[:2] not in caught.value.message
    assert "xxx*****…" in caught.value.message


def test_a_write_never_follows_a_redirect() -> None:
    with (
        ScriptedServer(Answer(301, headers={"Location": "/api/elsewhere/"})) as server,
        pytest.raises(errors.WaldurError, match=fragment("remedy_own_address")),
    ):
        client_of(server).write("partial_update", UUID, body={"description": "x"})
    assert [method for method, _path, _headers in server.requests] == ["PATCH"]


def test_a_loop_of_redirects_ends() -> None:
    there, back = Answer(302, headers={"Location": "/a/"}), Answer(302, headers={"Location": "/b/"})
    with (
        ScriptedServer(there, back, there, back, there, back) as server,
        pytest.raises(errors.WaldurError, match=fragment("redirect_loop")),
    ):
        client_of(server).get("me")


# --- pages -----------------------------------------------------------------------------------------------------------


def test_all_pages_are_read() -> None:
    class Pages(ScriptedServer):
        def next_answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
            if "page=" not in path.replace("page_size=", ""):
                return page(1, 2, total=5)
            return page(3, 4, total=5) if "page=2" in path else page(5, total=5)

    with Pages(Answer()) as server:
        assert client_of(server).rows("all_users") == rows(1, 2, 3, 4, 5)


def test_rows_that_pages_repeat_are_taken_once_and_a_second_reading_corrects_it() -> None:
    script = [page(1, 2, total=3), page(2, total=3), page(1, 2, total=3), page(3, total=3)]
    with ScriptedServer(*script) as server:
        assert client_of(server).rows("all_users") == rows(1, 2, 3)


def test_a_count_that_never_agrees_is_an_error_and_no_silent_truncation() -> None:
    with ScriptedServer(page(1, 2, total=2), page(1, total=3), page(1, total=3)) as server:
        client = client_of(server)
        assert client.rows("all_users") == rows(1, 2)
        with pytest.raises(errors.WaldurError, match=fragment("rows_differ", announced=3, given=1)):
            client.rows("all_users")


def test_rows_without_a_uuid_are_compared_as_a_whole() -> None:
    body = [{"user_uuid": UUID, "project_uuid": "a"}, {"user_uuid": UUID, "project_uuid": "b"}]
    with ScriptedServer(Answer(body=body, headers={"X-Result-Count": "2"})) as server:
        assert client_of(server).rows("project_permissions", UUID) == body


def test_a_list_without_pages_is_taken_as_it_comes() -> None:
    with ScriptedServer(Answer(body=[{"total": 5, "year": 2026, "month": 11}])) as server:
        assert client_of(server).rows("revenue", UUID) == [{"total": 5, "year": 2026, "month": 11}]
    assert "page_size" not in server.requests[0][1]


def test_parameters_go_out_repeated_or_joined_as_the_operation_says() -> None:
    with ScriptedServer(Answer(body=[], headers={"X-Result-Count": "0"})) as server:
        client_of(server).rows(
            "provider_resources", state=["OK", "Erred"], offering_uuid=["a", "b"], field=["uuid"], provider_uuid=None
        )
    assert server.requests[0][1].endswith("?state=OK&state=Erred&offering_uuid=a%2Cb&field=uuid&page_size=300")


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(401, {"detail": "Invalid token."}), errors.Unauthorized, "401: Invalid token.*access_token is wrong"),
        (Answer(403, {"detail": "No."}), errors.Forbidden, rf"403: No.*{fragment('permission_of_roles')}"),
        (Answer(404, {"detail": "Not found."}), errors.NotFound, "404: Not found"),
        (
            Answer(404, HTML, content_type="text/html"),
            errors.RouteMissing,
            fragment("feature_missing", feature="roles on service providers"),
        ),
        (Answer(400, {"role": ["Role is not found."]}), errors.ErrorResponse, "role: Role is not found."),
        (Answer(400, ["A bare list."]), errors.ErrorResponse, r"400: A bare list\."),
        (Answer(400, {"non_field_errors": ["a", "b"]}), errors.ErrorResponse, "non_field_errors: a, b"),
        (Answer(400, "{broken"), errors.ErrorResponse, "400: broken JSON"),
        (Answer(500, HTML, content_type="text/html"), errors.OutcomeUnknown, fragment("server_error")),
    ],
)
def test_an_error_of_any_shape_is_reported_in_one_sentence(answer: Answer, error: type, words: str) -> None:
    with ScriptedServer(answer) as server, pytest.raises(error, match=words):
        client_of(server, retries=0).write("update_user", UUID, body=GRANT)


@pytest.mark.parametrize(("is_staff", "advised"), [(True, False), (False, True), (None, True)])
@pytest.mark.parametrize("name", ["add_user", "create", "destroy", "list_users"])
def test_a_refusal_does_not_advise_staff_to_use_a_staff_token(name: str, is_staff: bool | None, advised: bool) -> None:
    me = Answer(403, {"detail": "No."}) if is_staff is None else Answer(body={"uuid": UUID, "is_staff": is_staff})
    with ScriptedServer(Answer(403, {"detail": "No."}), me, Answer(403, {"detail": "No."})) as server:
        client = client_of(server)
        for _time in range(2):
            with pytest.raises(errors.Forbidden) as told:
                client.write(name, UUID, body={}) if OPERATIONS[name].writes else client.rows(name, UUID)
            assert (
                "staff token" in told.value.message or mentions(told.value.message, "permission_of_team")
            ) is advised
        assert [path.partition("?")[0] for _method, path, _headers in server.requests].count("/api/users/me/") == 1


OWNER = "this needs a staff token, or the role CUSTOMER.OWNER on the provider's customer"
KEYS = "this needs the permission SERVICE_PROVIDER.LIST_KEYS on the provider's customer"


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({}, f"on Waldur of 2025 and newer {KEYS}"),
        ({"uuid": UUID}, OWNER),
        ({"uuid": UUID, "customer_slug": "a"}, KEYS),
        ({"uuid": UUID, "customer_slug": "a", "account_options": {}}, KEYS),
    ],
)
def test_a_refusal_names_the_right_of_the_edition_whose_providers_were_read(
    provider: dict[str, Any], words: str
) -> None:
    listed = Answer(body=[provider] if provider else [], headers={"X-Result-Count": str(len(provider) and 1)})
    with ScriptedServer(listed, Answer(403, {"detail": "No."})) as server:
        client = client_of(server, retries=0)
        client.rows("service_providers")
        with pytest.raises(errors.Forbidden) as caught:
            client.rows("keys", UUID)
    assert f"(403: No.): {words}" in caught.value.message
    asked = [path.partition("?")[0] for _method, path, _headers in server.requests]
    assert len(asked) - asked.count("/api/users/me/") == 2


def test_rows_with_chosen_fields_tell_no_edition() -> None:
    listed = Answer(body=[{"uuid": UUID}], headers={"X-Result-Count": "1"})
    with ScriptedServer(listed, Answer(403, {"detail": "No."})) as server:
        client = client_of(server, retries=0)
        client.rows("service_providers", field=["uuid"])
        with pytest.raises(errors.Forbidden, match="on Waldur of 2025 and newer"):
            client.rows("keys", UUID)


def personal(server: ScriptedServer) -> Client:
    """Return a client with a personal access token."""
    return Client(Connection(server.url, f"w_{TOKEN}", auth_scheme="Bearer", timeout=2.0, retries=2))


@pytest.mark.parametrize("name", ["add_user", "update_user", "delete_user"])
def test_a_role_change_that_breaks_with_a_personal_token_asks_for_a_normal_one_and_is_not_repeated(name: str) -> None:
    with ScriptedServer(Answer(500, HTML, content_type="text/html")) as server:
        with pytest.raises(errors.OutcomeUnknown, match=fragment("personal_token_breaks")):
            personal(server).write(name, UUID, body=GRANT)
        with pytest.raises(errors.OutcomeUnknown) as normal:
            client_of(server).write(name, UUID, body=GRANT)
    assert len(server.requests) == 2
    assert "personal" not in normal.value.message


def test_a_refusal_of_a_personal_token_speaks_of_its_scopes() -> None:
    with ScriptedServer(Answer(403, {"detail": "No."})) as server:
        with pytest.raises(errors.Forbidden, match=fragment("personal_token_lists")):
            personal(server).rows("keys", UUID)
        with pytest.raises(errors.Forbidden, match=fragment("personal_token_refused")):
            personal(server).write("add_user", UUID, body=GRANT)


@pytest.mark.parametrize(
    "answer", [Answer(body="<html><title>Log in</title></html>", content_type="text/html"), Answer(200, None)]
)
def test_a_log_in_page_instead_of_json_is_an_error(answer: Answer) -> None:
    with ScriptedServer(answer) as server, pytest.raises(errors.WaldurError, match=fragment("remedy_api_url")):
        client_of(server).get("me")


def test_an_answer_of_another_form_is_an_error() -> None:
    with (
        ScriptedServer(Answer(body=[1, 2])) as server,
        pytest.raises(errors.WaldurError, match=prefix("read_of_another_form")),
    ):
        client_of(server).get("me")


def test_the_token_is_masked_when_the_server_echoes_it() -> None:
    with (
        ScriptedServer(Answer(400, {"detail": f"unknown {TOKEN}"})) as server,
        pytest.raises(errors.ErrorResponse) as caught,
    ):
        client_of(server).get("me")
    assert TOKEN not in str(caught.value)


def test_an_unusable_certificate_file_is_reported_with_the_option(tmp_path: Any) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    with ScriptedServer(Answer()) as server, pytest.raises(errors.RequestNotSent, match="ca_path"):
        Client(Connection(server.url.replace("http:", "https:"), TOKEN, verify=str(wrong), retries=0)).get("me")


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, b"a", datetime(2027, 1, 1), "\ud800", {"x": {1}}])
def test_a_body_that_cannot_be_written_is_not_a_lost_answer(value: Any) -> None:
    with ScriptedServer(Answer(body={"uuid": UUID})) as server:
        with pytest.raises(
            errors.WaldurError,
            match=prefix("cannot", request="change the service provider", reason=matching(r"account_options.a.*")),
        ) as e:
            client_of(server).write("partial_update", UUID, body={"account_options": {"a": value}})
        assert e.type is errors.WaldurError
        assert ends(e.value.message, "value_not_sent")
        assert server.requests == []


@pytest.mark.parametrize("error", [requests.exceptions.InvalidJSONError(), requests.exceptions.InvalidURL("x")])
def test_a_request_that_could_not_be_made_is_not_a_lost_answer(error: Exception, monkeypatch: Any) -> None:
    def broken(*_arguments: Any, **_options: Any) -> Any:
        raise error

    client = Client(Connection("http://127.0.0.1:9", TOKEN))
    monkeypatch.setattr(requests.Session, "request", broken)
    with pytest.raises(errors.RequestNotSent, match=prefix("cannot", request="grant the role")):
        client.write("add_user", UUID, body=GRANT)


# --- check mode ------------------------------------------------------------------------------------------------------

WRITES = [name for name, operation in OPERATIONS.items() if operation.writes]


@pytest.mark.parametrize("name", WRITES)
def test_no_write_leaves_a_client_in_check_mode(name: str) -> None:
    with ScriptedServer(Answer(body={"uuid": UUID, "api_secret_code": "c0de"})) as server:
        client = client_of(server)
        with pytest.raises(
            errors.WriteInCheckMode, match=pattern("cannot", reason=matching(r"check mode only reads, so .* not sent"))
        ):
            client.read_only().write(name, UUID, body={})
        with pytest.raises(errors.WriteInCheckMode):
            client.read_only().get(name, UUID)
        assert server.requests == []
        client.write(name, UUID, body={})
        assert len(server.requests) == 1


def test_a_post_that_changes_nothing_is_sent_in_check_mode_and_is_no_write() -> None:
    with ScriptedServer(Answer(body={"offerings": [], "token": "t", "account_options": OPTIONS})) as server:
        client = client_of(server)
        answer = client.read_only().preview("account_options_preview", UUID, body={"account_options": SHELL})
        assert answer == {"offerings": [], "account_options": OPTIONS}
        [(method, path, _headers)] = server.requests
        assert (method, path) == ("POST", f"/api/marketplace-service-providers/{UUID}/account_options_preview/")
        assert client.writes_sent == 0


def test_a_preview_sends_no_write() -> None:
    with ScriptedServer(Answer(body={})) as server, pytest.raises(errors.WriteInCheckMode):
        client_of(server).read_only().preview("partial_update", UUID, body={})
    assert server.requests == []


def test_a_preview_is_repeated_as_a_read_is() -> None:
    with ScriptedServer(Answer(503), Answer(body={})) as server:
        assert client_of(server, retries=1).preview("account_options_preview", UUID, body={}) == {}
    with ScriptedServer(Answer(503)) as server, pytest.raises(errors.ServerDefect):
        client_of(server).preview("account_options_preview", UUID, body={})
    with ScriptedServer(Answer(body=[])) as server, pytest.raises(errors.WaldurError) as caught:
        client_of(server).preview("account_options_preview", UUID, body={})
    assert not isinstance(caught.value, errors.OutcomeUnknown)


def test_a_preview_of_what_json_cannot_represent_is_not_sent() -> None:
    with ScriptedServer(Answer(body={})) as server:
        with pytest.raises(
            errors.WaldurError,
            match=pattern("cannot", request="preview the account options", reason=matching(r".* not sent")),
        ):
            client_of(server).preview("account_options_preview", UUID, body={"account_options": {"a": {1}}})
        assert server.requests == []


def test_a_secret_code_is_not_rotated_in_check_mode_and_can_be_afterwards() -> None:
    with ScriptedServer(Answer(body={"api_secret_code": "s3cretc0de"})) as server:
        client = client_of(server)
        with pytest.raises(
            errors.WriteInCheckMode, match=fragment("check_mode_sends_nothing", request="rotate the API secret code")
        ):
            client.read_only().new_secret_code(UUID)
        assert server.requests == []
        assert client.new_secret_code(UUID) == "s3cretc0de"


def test_a_client_in_check_mode_shares_secrets_and_clock_with_the_one_that_writes() -> None:
    answer = Answer(body={"api_secret_code": "s3cretc0de"}, headers={"Date": "Mon, 01 Jan 2029 00:00:00 GMT"})
    with ScriptedServer(answer) as server:
        client = client_of(server)
        view = client.read_only()
        assert view.secret_code(UUID) == "s3cretc0de"
        assert client.redactor.redact_text("a s3cretc0de") == "a ********"
        assert client.now() == view.now() == datetime(2029, 1, 1, tzinfo=timezone.utc)


# --- secrets and time ------------------------------------------------------------------------------------------------


def test_secrets_in_rows_are_taken_out_at_any_depth() -> None:
    row = {"uuid": UUID, "secret_options": {"a": 1}, "nested": [{"token": "t", "kept": True}]}
    with ScriptedServer(Answer(body=[row], headers={"X-Result-Count": "1"})) as server:
        assert client_of(server).rows("provider_offerings") == [{"uuid": UUID, "nested": [{"kept": True}]}]


SHELL = {"login_shell": "/bin/sh"}
OPTIONS = {"token": "t", "secret_options": {"a": [{"api_secret_code": 1}]}, **SHELL}


@pytest.mark.parametrize("name", ["service_provider", "create", "update", "partial_update"])
def test_account_options_with_a_key_named_token_come_back_whole_and_so_converge(name: str) -> None:
    row = {
        "uuid": UUID,
        "account_options": OPTIONS,
        "token": "s3cret",
        "inner": {"account_options": {"token": "s3cret"}},
    }
    with ScriptedServer(Answer(body=row)) as server:
        client = client_of(server)
        found = client.get(name, UUID) if name == "service_provider" else client.write(name, UUID, body={})
    assert found == {"uuid": UUID, "account_options": OPTIONS, "inner": {"account_options": {}}}
    wanted = Profile(fields={"account_options": OPTIONS})
    assert ServiceProvider().compare(session(), target(UUID), wanted, ProfileState(found), {}).changes == ()


@pytest.mark.parametrize(
    ("name", "row", "kept"),
    [
        ("service_providers", {"account_options": OPTIONS, "token": 1}, {"account_options": OPTIONS}),
        ("offerings", {"options": OPTIONS, "secret_options": 1}, {"options": OPTIONS}),
        ("project_service_accounts", {"token": "t", "account_options": OPTIONS}, {"account_options": SHELL}),
        ("all_users", {"token": "t", "options": OPTIONS}, {"options": SHELL}),
    ],
)
def test_a_free_form_object_is_kept_whole_only_where_it_is_one(
    name: str, row: dict[str, Any], kept: dict[str, Any]
) -> None:
    with ScriptedServer(Answer(body=[{"uuid": UUID, **row}])) as server:
        assert client_of(server).rows(name, UUID) == [{"uuid": UUID, **kept}]


def test_an_error_about_a_key_named_token_can_be_read() -> None:
    body = {"account_options": {"token": ["Not a valid string."]}, "token": "s3cret"}
    with ScriptedServer(Answer(400, body)) as server, pytest.raises(errors.ErrorResponse) as caught:
        client_of(server).write("partial_update", UUID, body={})
    assert "(400: account_options: token: Not a valid" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_row_can_be_prepared_before_its_secrets_are_taken_out() -> None:
    with ScriptedServer(Answer(body=[{"uuid": UUID, "secret_options": {"a": 1}}])) as server:
        found = client_of(server).rows(
            "provider_offerings", prepare=lambda row: {**row, "a": row["secret_options"]["a"]}
        )
    assert found == [{"uuid": UUID, "a": 1}]


def test_a_secret_code_is_masked_in_all_that_comes_after() -> None:
    with ScriptedServer(Answer(body={"api_secret_code": "s3cretc0de"})) as server:
        client = client_of(server)
        assert client.secret_code(UUID) == "s3cretc0de"
    assert client.redactor.redact_text(f"code s3cretc0de, token {TOKEN}") == "code ********, token ********"


def test_a_missing_secret_code_is_none() -> None:
    with ScriptedServer(Answer(body={"api_secret_code": None})) as server:
        assert client_of(server).secret_code(UUID) is None


def test_the_servers_clock_decides() -> None:
    with ScriptedServer(Answer(body={}, headers={"Date": "Thu, 22 Nov 2040 21:44:00 GMT"})) as server:
        client = client_of(server)
        client.get("me")
    assert client.now().isoformat() == "2040-11-22T21:44:00+00:00"


# --- downloads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "with_token"), [("/api/media/abc/", True), ("/media/abc.png", False)])
def test_media_below_api_is_fetched_with_the_token_and_other_media_without(path: str, with_token: bool) -> None:
    with ScriptedServer(Answer(body=b"\x89PNG", content_type="image/png")) as server:
        assert client_of(server).download(server.url + path) == b"\x89PNG"
    assert ("Authorization" in server.requests[0][2]) is with_token


def test_media_below_api_of_another_host_name_is_fetched_from_our_own_server() -> None:
    with ScriptedServer(Answer(body=b"\x89PNG", content_type="image/png")) as server:
        assert client_of(server).download("https://behind-a-proxy.example.org/api/media/abc/") == b"\x89PNG"
    assert server.requests[0][1] == "/api/media/abc/"


def test_media_below_api_keeps_its_query_string() -> None:
    with ScriptedServer(Answer(body=b"\x89PNG", content_type="image/png")) as server:
        client_of(server).download("https://behind-a-proxy.example.org/api/media/abc/?Signature=a%2Fb&Expires=7")
    assert server.requests[0][1] == "/api/media/abc/?Signature=a%2Fb&Expires=7"


@pytest.mark.parametrize("path", ["/waldur/api/media/abc/?x=1", "/api/media/abc/?x=1"])
def test_media_of_a_waldur_below_a_path_is_fetched_from_there(path: str) -> None:
    with ScriptedServer(Answer(body=b"\x89PNG", content_type="image/png")) as server:
        client = Client(Connection(f"{server.url}/waldur", TOKEN))
        client.download(f"https://inside.example.org{path}")
    assert server.requests[0][1] == "/waldur/api/media/abc/?x=1"
    assert "Authorization" in server.requests[0][2]


def test_media_of_another_host_is_no_api_only_because_its_path_says_so_somewhere() -> None:
    with ScriptedServer(Answer(body=b"own")) as server, ScriptedServer(Answer(body=b"other")) as other:
        assert client_of(server).download(f"{other.url}/bucket/api/logo.png") == b"other"
    assert not server.requests
    assert "Authorization" not in other.requests[0][2]


def test_another_host_gets_neither_the_token_nor_the_client_certificate_nor_the_proxy_of_api_url() -> None:
    seen: list[dict[str, Any]] = []

    def send(self: Any, request: Any, **options: Any) -> Any:
        seen.append({**options, "url": request.url, "headers": request.headers})
        raise requests.exceptions.ConnectionError("refused")

    connection = Connection(
        "https://waldur.example.org",
        TOKEN,
        cert=("/me.pem", "/me.key"),
        proxies=(("https", "http://proxy:3128"),),
        proxy_variables=(("https_proxy", "http://proxy:3128"), ("no_proxy", "cdn.example.org")),
    )
    media = (
        "https://waldur.example.org/media/a.png",
        "https://cdn.example.org/a.png",
        "https://cdn2.example.org/a.png",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", send)
        for url in media:
            with pytest.raises(errors.RequestNotSent):
                Client(connection).download(url)
    own, other, proxied = seen
    assert (own["cert"], dict(own["proxies"])) == (("/me.pem", "/me.key"), {"https": "http://proxy:3128"})
    assert (other["cert"], dict(other["proxies"])) == (None, {})
    assert (proxied["cert"], dict(proxied["proxies"])) == (None, {"https": "http://proxy:3128"})
    assert not any("Authorization" in request["headers"] for request in seen)


def test_the_proxy_of_the_option_holds_for_other_hosts_too() -> None:
    with ScriptedServer(Answer(body=b"\x89PNG")) as proxy:
        connection = Connection("https://waldur.example.org", TOKEN, proxy=proxy.url, retries=0)
        assert Client(connection).download("http://cdn.example.org/a.png?x=1") == b"\x89PNG"
    assert proxy.requests[0][1] == "http://cdn.example.org/a.png?x=1"


@pytest.mark.parametrize("length", [True, False])
def test_a_download_is_given_up_as_soon_as_it_is_too_large(length: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_IMAGE_LIMIT", 1024**2)
    sent = [0]

    def behave(connection: Any) -> None:
        size = b"Content-Length: 33000000\r\n" if length else b""
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + size + b"\r\n")
        for _mib in range(32):
            connection.sendall(b"x" * 1024**2)
            sent[0] += 1

    with (
        RawServer(behave) as server,
        pytest.raises(
            errors.WaldurError,
            match=fragment(
                "response_too_large",
                response="Cannot download the current image: the response",
                limit="1",
                remedy=" MiB",
            ),
        ),
    ):
        Client(Connection(server.url, TOKEN)).download("/api/media/abc/")
    assert sent[0] < 16


@pytest.mark.parametrize(
    "url", ["http://[::1/a.png", "http://127.0.0.1:99999999/a", "file:///etc/passwd", "x:y", 7, {}]
)
def test_a_media_url_that_cannot_be_used_is_an_error(url: Any) -> None:
    with (
        ScriptedServer(Answer(body=b"")) as server,
        pytest.raises(errors.WaldurError, match=prefix("image_unreadable")),
    ):
        client_of(server, retries=0).download(url)


def test_a_download_that_fails_is_an_error() -> None:
    with (
        ScriptedServer(Answer(404, HTML, content_type="text/html")) as server,
        pytest.raises(errors.WaldurError, match=fragment("image_request_failed", status=matching(r"404.*"))),
    ):
        client_of(server).download("/api/media/abc/")


def test_a_download_without_an_answer_is_an_error(tmp_path: Any) -> None:
    with (
        ScriptedServer(Answer(reset=True)) as server,
        pytest.raises(errors.RequestNotSent, match=fragment("image_unreadable")),
    ):
        client_of(server, retries=0).download("/api/media/abc/")
