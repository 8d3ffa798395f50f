# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says: errors in all their shapes, and secrets that must not travel on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._common import redaction
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._http import body_parsing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "secret_options", "token", "api_secret_code", "plugin_options"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "Not found."}, "Not found."),
        ({"customer": ["This field must be unique."]}, "customer: This field must be unique."),
        (
            {"non_field_errors": ["Role is not valid for this scope."]},
            "non_field_errors: Role is not valid for this scope.",
        ),
        (["Service provider has active offerings."], "Service provider has active offerings."),
        ({"image": ["not a file", "too big"], "customer": ["null"]}, "image: not a file, too big; customer: null"),
        ({"options": {"login_shell": ["bad"]}}, "options: login_shell: bad"),
        ({"detail": {"code": "x"}}, "code: x"),
        ({"detail": "no", "code": 7}, "detail: no; code: 7"),
        ({}, ""),
        ([], ""),
        (None, ""),
        ("", ""),
        (7, "7"),
        ("plain  words\n of a\tproxy ", "plain words of a proxy"),
        ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway"),
        ('<html><body><h1 class="x">Server <b>Error</b> (500)</h1></body></html>', "Server Error (500)"),
        ("<TITLE>Not&nbsp;Found &amp; gone</TITLE>", "Not Found & gone"),
        ("<p>It <i>broke</i>.</p>", "It broke ."),
    ],
)
def test_the_words_of_an_error_of_any_shape_are_one_line(body: Any, words: str) -> None:
    assert body_parsing.error_text(body, Redactor()) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "no", "api_secret_code": "f00d"}, "no"),
        ('{"options": {"secret_options": {"a": "f00d"}, "name": "x"}}', "options: name: x"),
        ('["no", {"token": "f00d"}]', "no,"),
        ('{"api_secret_code": "f00d", "na', "broken JSON"),
        (' [{"token": "f00d', "broken JSON"),
        ('"no"', "no"),
        ('"no" it said', '"no" it said'),
    ],
)
def test_the_words_of_an_error_hold_no_secret_also_where_it_is_not_called_json(body: Any, words: str) -> None:
    assert body_parsing.error_text(body, Redactor()) == words


def test_a_long_error_is_cut() -> None:
    found = body_parsing.error_text({"detail": "x" * 1000}, Redactor())
    assert found == "x" * 400 + "…"
    assert body_parsing.error_text({"detail": "x" * 400}, Redactor()) == "x" * 400


@given(JSON)
def test_any_answer_gives_one_short_line(body: Any) -> None:
    found = body_parsing.error_text(body, Redactor())
    assert len(found) <= 401
    assert len(found.splitlines()) <= 1


@pytest.mark.parametrize("key", ["secret_options", "token", "api_secret_code"])
def test_a_secret_is_taken_out_at_any_depth(key: str) -> None:
    body = [{"name": "a", key: "s3cret", "inner": {"rows": [{key: {"x": "s3cret"}, "y": 1}]}}]
    assert redaction.remove_secret_keys(body) == [{"name": "a", "inner": {"rows": [{"y": 1}]}}]


@given(JSON)
def test_no_key_that_holds_a_secret_is_left_and_all_else_is(body: Any) -> None:
    found = redaction.remove_secret_keys(body)
    assert not any(f'"{key}": ' in json.dumps(found) for key in redaction._SECRET_KEYS)
    assert redaction.remove_secret_keys(found) == found
    if not any(f'"{key}": ' in json.dumps(body) for key in redaction._SECRET_KEYS):
        assert found == body


@pytest.mark.parametrize("name", ["add_user", "update_user", "delete_user"])
def test_a_role_change_without_the_right_names_the_staff_token(name: str) -> None:
    assert mentions(operation(name).permission.describe(), "permission_of_roles")


def test_a_reach_without_the_right_names_the_permission() -> None:
    assert "SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS" in operation("project_permissions").permission.describe()


def test_an_operation_without_a_known_right_gets_a_general_message() -> None:
    assert operation("all_users").permission.describe() == message("permission_unknown")


@pytest.mark.parametrize("name", ["list_users", "add_user", "update_user", "delete_user"])
def test_a_missing_route_of_roles_means_that_this_waldur_is_older(name: str) -> None:
    expected = message("feature_missing", feature="roles on service providers", since=2025)
    assert operation(name).missing_route == expected


def test_a_missing_route_that_all_waldurs_have_points_to_the_url() -> None:
    told = operation("service_providers").missing_route
    assert told == (message("route_missing", request="list the service providers"))


def test_a_row_of_millions_of_keys_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *_arguments, **_options: pytest.fail("it was parsed"))
    for wide in (b'[{"k":1' + b',"k":1' * 5_600_000 + b"}]", b"[0" + b",0" * 5_600_000 + b"]"):
        with pytest.raises(ValueError, match=fragment("json_too_large")):
            body_parsing.parse_json(wide)


def test_an_object_of_too_many_keys_among_small_ones_is_refused() -> None:
    wide = "{" + ",".join(f'"{number}":{number}' for number in range(100_001)) + "}"
    for text in (wide, f"[{wide}]", f'[{{"a": {{"b": {wide}}}}}]'):
        with pytest.raises(ValueError, match=fragment("json_object_too_large")):
            body_parsing.parse_json(text.encode())


def test_a_list_of_100_000_rows_and_texts_of_many_commas_are_taken() -> None:
    row = b'{"a":1' + b',"a":1' * 39 + b"}"
    rows = body_parsing.parse_json(b"[" + b",".join([row] * 100_000) + b"]")
    assert len(rows) == 100_000
    assert len(body_parsing.parse_json(b'[{"a": "' + b"," * 900_000 + b'"}]')[0]["a"]) == 900_000
