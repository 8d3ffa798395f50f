# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolved connection options checked, with their defaults; certificates and proxies from the task's environment."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from messages import begins, matching, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http import transport
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import connect

TOKEN = "0123456789abcdef0123456789abcdef01234567"
HERE = {"api_url": "https://waldur.example.org/api/", "access_token": TOKEN}


def connected(environment: dict[str, str] | None = None, **values: Any) -> Connection:
    return connect({**HERE, **values}, environment or {})


def refusal(**values: Any) -> str:
    with pytest.raises(InvalidInput) as told:
        connected(**values)
    assert str(values.get("access_token") or TOKEN) not in told.value.message
    return told.value.message


def test_what_is_not_set_gets_its_default() -> None:
    found = connected()
    assert found == Connection("https://waldur.example.org", TOKEN, "Token", True, None, (), 30.0, 4)


def test_the_token_is_not_shown_with_the_connection() -> None:
    assert TOKEN not in repr(connected())


def test_the_token_is_taken_without_blanks_around() -> None:
    assert connected(access_token=f" {TOKEN}\n").access_token == TOKEN


@pytest.mark.parametrize("token", [" ", "two words", "two\nlines", "tab\there", "umläut", "nul\0", "\x7f", "­"])
def test_a_token_with_characters_that_no_token_has_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(InvalidInput) as told:
        connected(access_token=token)
    assert told.value.message.startswith("access_token: ")
    assert token.strip() == "" or token not in told.value.message


@pytest.mark.parametrize("token", ["a", "abc", "1234567", " 1234567 "])
def test_a_token_that_is_too_short_is_refused_as_its_letters_would_be_masked_everywhere(token: str) -> None:
    with pytest.raises(InvalidInput) as told:
        connected(access_token=token)
    assert told.value.message == (message("token_too_short", count="8"))


@pytest.mark.parametrize("token", ["w_123456", "12345678"])
def test_a_token_of_eight_characters_is_taken(token: str) -> None:
    assert connected(access_token=token).access_token == token


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_both_schemes_are_taken(scheme: str) -> None:
    assert connected(auth_scheme=scheme).auth_scheme == scheme


@pytest.mark.parametrize("scheme", ["token", "Basic", "", "Token Bearer", None])
def test_another_scheme_is_refused(scheme: Any) -> None:
    assert begins(refusal(auth_scheme=scheme), "auth_scheme_invalid")


@pytest.mark.parametrize(("given", "seconds"), [(5, 5.0), ("2.5", 2.5), (0.1, 0.1), (3600, 3600.0)])
def test_a_timeout_is_a_number_of_seconds(given: Any, seconds: float) -> None:
    assert connected(timeout=given).timeout == seconds


@pytest.mark.parametrize("given", [0, -1, 0.05, 3601, "soon", "", None, [], "nan", "inf"])
def test_a_timeout_that_is_none_is_refused(given: Any) -> None:
    told = refusal(timeout=given)
    assert begins(told, "number_out_of_range", option="timeout", least="0.1", most=matching(r"3600.*"))
    assert f"'{given}' was given" in told


@pytest.mark.parametrize(("given", "times"), [(0, 0), ("3", 3), (20, 20), (2.0, 2)])
def test_retries_are_a_whole_number(given: Any, times: int) -> None:
    found = connected(retries=given).retries
    assert found == times
    assert isinstance(found, int)


@pytest.mark.parametrize("given", [-1, 21, 1.5, "2.5", "many", None, "inf", "nan"])
def test_retries_that_are_none_are_refused(given: Any) -> None:
    assert begins(refusal(retries=given), "number_out_of_range", option="retries", least="0", most=matching(r"20.*"))


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [False, "false", "no", "off", "0", "False", " NO "])
def test_certificates_are_not_checked_without_validate_certs_whatever_else_is_set(given: Any, tmp_path: Path) -> None:
    assert connected({"REQUESTS_CA_BUNDLE": "/x"}, validate_certs=given, ca_path=str(tmp_path)).verify is False


@pytest.mark.parametrize("given", [True, "true", "yes", "on", "1", "True"])
def test_certificates_are_checked_with_validate_certs(given: Any) -> None:
    assert connected(validate_certs=given).verify is True


@pytest.mark.parametrize("given", ["maybe", "", "2", None])
def test_validate_certs_must_be_a_boolean(given: Any) -> None:
    assert begins(refusal(validate_certs=given), "boolean_required", option="validate_certs")


def test_a_bundle_is_taken_from_the_option_then_from_the_environment_of_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    environment = {}
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        environment[name] = str(tmp_path / name)
        (tmp_path / name).write_text("")
    assert connected(environment, ca_path=str(bundle)).verify == str(bundle)
    assert connected(environment).verify == environment["REQUESTS_CA_BUNDLE"]
    curl = environment.pop("CURL_CA_BUNDLE")
    assert connected({"CURL_CA_BUNDLE": curl}).verify == curl
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/the/process.pem")
    assert connected().verify is True


def test_a_certificate_is_taken_alone_or_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    certificate, key = tmp_path / "me.pem", tmp_path / "me.key"
    certificate.write_text("")
    key.write_text("")
    assert connected(client_cert=str(certificate)).cert == str(certificate)
    assert connected(client_cert="~/me.pem", client_key="~/me.key").cert == (str(certificate), str(key))


def test_a_key_needs_its_certificate(tmp_path: Path) -> None:
    assert refusal(client_key=str(tmp_path)).startswith("client_key: needs client_cert")


@pytest.mark.parametrize("name", ["ca_path", "client_cert"])
def test_a_file_that_is_not_there_is_reported_with_its_option_and_path(name: str, tmp_path: Path) -> None:
    assert refusal(**{name: str(tmp_path / "none")}) == message("file_missing", option=name, path=tmp_path / "none")


def test_a_key_that_is_not_there_is_reported(tmp_path: Path) -> None:
    told = refusal(client_cert=__file__, client_key=str(tmp_path / "none"))
    assert told == message("file_missing", option="client_key", path=tmp_path / "none")


# --- proxies ---------------------------------------------------------------------------------------------------------

BOTH = {"https_proxy": "http://proxy:3128", "http_proxy": "http://plain:3128"}


@pytest.mark.parametrize(
    ("environment", "proxies"),
    [
        ({}, ()),
        (BOTH, (("https", "http://proxy:3128"),)),
        ({"HTTPS_PROXY": "http://proxy:3128"}, (("https", "http://proxy:3128"),)),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, (("https", "http://low:1"),)),
        ({"http_proxy": "http://plain:3128"}, ()),
        ({"all_proxy": "http://all:1"}, (("https", "http://all:1"),)),
        ({"ALL_PROXY": "http://all:1", **BOTH}, (("https", "http://proxy:3128"),)),
        ({**BOTH, "no_proxy": "*"}, ()),
        ({**BOTH, "no_proxy": "waldur.example.org"}, ()),
        ({**BOTH, "NO_PROXY": "localhost, .example.org"}, ()),
        ({**BOTH, "no_proxy": "example.com"}, (("https", "http://proxy:3128"),)),
    ],
)
def test_the_proxy_of_the_tasks_environment_is_read_as_requests_would(
    environment: dict[str, str], proxies: tuple[tuple[str, str], ...]
) -> None:
    assert connected(environment).proxies == proxies


def test_a_url_of_another_scheme_has_another_proxy() -> None:
    found = connected(BOTH, api_url="http://waldur.example.org")
    assert found.proxies == (("http", "http://plain:3128"),)


@pytest.mark.parametrize("no_proxy", ["127.0.0.0/8", "127.0.0.1"])
def test_an_address_may_stand_in_no_proxy(no_proxy: str) -> None:
    found = connected({**BOTH, "no_proxy": no_proxy}, api_url="http://127.0.0.1:8000/api/")
    assert found.proxies == ()


def test_the_option_comes_before_the_environment_no_proxy_included() -> None:
    found = connected({**BOTH, "no_proxy": "*"}, proxy="socks5://other:1080")
    assert dict(found.proxies) == {"http": "socks5://other:1080", "https": "socks5://other:1080"}


@pytest.mark.parametrize("own", [{"NO_PROXY": "*"}, {"no_proxy": "*"}, {"https_proxy": "http://own:1"}])
def test_the_environment_of_the_process_does_not_count(own: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    assert connected(BOTH).proxies == (("https", "http://proxy:3128"),)
    assert connected({}).proxies == ()


def test_no_proxy_is_obeyed_where_the_controller_lacks_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{transport.__name__}_without_requests"
    monkeypatch.setitem(sys.modules, "requests.utils", None)
    spec = importlib.util.spec_from_file_location(name, str(transport.__file__))
    assert spec
    assert spec.loader
    bare = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, bare)
    spec.loader.exec_module(bare)
    environment = {"https_proxy": "http://proxy:3128", "no_proxy": "waldur.example.org"}
    assert bare.environment_proxy("https://waldur.example.org", environment) is None
    assert bare.environment_proxy("https://waldur.example.com", environment) == "http://proxy:3128"


def test_what_decides_about_proxies_of_other_hosts_goes_with_the_connection() -> None:
    found = connected({**BOTH, "NO_PROXY": "waldur.example.org"})
    assert found.proxies == ()
    assert dict(found.proxy_variables) == {**BOTH, "no_proxy": "waldur.example.org"}
    assert connected(proxy="http://me:s3cret@p:1").proxy == "http://me:s3cret@p:1"
