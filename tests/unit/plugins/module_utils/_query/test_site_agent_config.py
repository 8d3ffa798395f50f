# SPDX-License-Identifier: GPL-3.0-or-later
"""``site_agent_config_info``: the text and the data, which hold no secret."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from messages import ANY, fragment, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    ErrorResponse,
    Forbidden,
    InvalidInput,
    RouteMissing,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run
from ansible_collections.waldur.provider.plugins.module_utils._query.site_agent_config import read_site_agent_config
from simulator_process import Simulator

STORAGE = "Alpha Storage"


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 with an offering of the type of the site agent."""
    return simulator_for("site_agent_config_info")


def generate(sim: Simulator, *, by: str = "owner", check: bool = False, **options: Any) -> dict[str, Any]:
    given = {
        "service_provider": "ALPHA",
        "offerings": [STORAGE],
        "include_policy_settings": True,
        "waldur_api_url": None,
        "timezone": None,
        **options,
    }
    connection = Connection(sim.url, sim.token(by), retries=0)
    return run("site_agent_config_info", given, connection, check=check, diff=False)


def test_an_offering_is_given_by_name_or_uuid_and_check_mode_makes_no_difference(sim_2026: Simulator) -> None:
    found = generate(sim_2026, timezone="Europe/Tallinn", waldur_api_url="https://waldur.example.org/api/")
    config = found["site_agent_config"]
    assert yaml.safe_load(found["text"]) == config
    assert (found["changed"], found["count"], config["timezone"]) == (False, 1, "Europe/Tallinn")
    [offering] = config["offerings"]
    assert (offering["name"], offering["waldur_api_url"]) == (STORAGE, "https://waldur.example.org/api/")
    assert offering["waldur_api_token"] == "<YOUR_API_TOKEN_HERE>"
    uuid = offering["waldur_offering_uuid"]
    again = generate(sim_2026, offerings=[uuid], check=True, timezone="Europe/Tallinn")
    assert [one["name"] for one in again["site_agent_config"]["offerings"]] == [STORAGE]


def test_wrong_offerings_are_refused(sim_2026: Simulator) -> None:
    with pytest.raises(InvalidInput) as refused:
        generate(sim_2026, offerings=[])
    assert refused.value.message == message("agent_without_offerings")
    with pytest.raises(InvalidInput, match=prefix("not_found_at_provider", option="offerings[1]", value="nothing")):
        generate(sim_2026, offerings=[STORAGE, "nothing"])
    refusal = pattern("agent_offerings_refused", offerings="Alpha VM", provider="Alpha Cloud Ltd", cause=ANY)
    for check in (True, False):
        with pytest.raises(InvalidInput, match=refusal):
            generate(sim_2026, offerings=["Alpha VM"], check=check)
    with pytest.raises(ErrorResponse, match=fragment("request_rejected", status=400)):
        generate(sim_2026, waldur_api_url="")


def test_a_manager_is_told_what_they_lack(sim_2026: Simulator) -> None:
    with pytest.raises(Forbidden, match=fragment("permission_secret_code")):
        generate(sim_2026, by="manager_alpha")


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_no_configuration_and_the_error_names_the_edition(edition: str) -> None:
    error = pattern("feature_missing", feature="the configuration of the site agent", since=2026)
    with Simulator.start(edition=edition) as old, pytest.raises(RouteMissing, match=error):
        generate(old)


# --- secrets ---------------------------------------------------------------------------------------------------------

SECRETS = ("3f1c9a7be5d24c0f", "hunter22", "123456789", "key-of-sentry", "url-password", "an-old-token")
TEXT = """\
# Generated: 2026-11-29
# waldur_api_token: an-old-token
# waldur_api_token: <YOUR_API_TOKEN_HERE>
sentry_dsn: https://key-of-sentry@sentry.example.org/1
timezone: UTC
offerings:
  - name: the token is 3f1c9a7be5d24c0f
    waldur_api_url: https://robot:url-password@waldur.example.org/api/
    waldur_api_token: 3f1c9a7be5d24c0f
    backend_settings: {hostname: <YOUR_SLURM_HOST>, db_password: "hunter22", api_key: 123456789, use_token: true}
"""


def test_a_secret_in_the_text_is_masked_in_the_text_and_in_the_data() -> None:
    text, config = read_site_agent_config(TEXT)
    for secret in SECRETS:
        assert secret not in text
        assert secret not in repr(config)
    assert text.count("<YOUR_API_TOKEN_HERE>") == 1
    settings = config["offerings"][0]["backend_settings"]
    assert (settings["hostname"], settings["use_token"]) == ("<YOUR_SLURM_HOST>", True)
    assert yaml.safe_load(text)["timezone"] == config["timezone"] == "UTC"


@pytest.mark.parametrize(
    "line", ["tokens: [first-secret, 7]", "token: {value: first-secret}", "secrets: [{name: [first-secret]}]"]
)
def test_secrets_in_a_list_or_a_mapping_are_masked(line: str) -> None:
    text, config = read_site_agent_config(f"offerings: []\n{line}\n")
    assert "first-secret" not in text + repr(config)
    assert yaml.safe_load(text) == config


@pytest.mark.parametrize(
    "line",
    [
        "timezone: UTC  # password: {secret}",
        "timezone: UTC # old token = {secret}",
        "url: https://robot:{secret}@waldur.example.org/api/",
        "url: 'redis://:{secret}@cache.example.org:6379/0'",
        "urls: [https://a:{secret}@one.example.org,https://b:{secret}@two.example.org]",
        "timezone: UTC  # see https://robot:{secret}@waldur.example.org/",
        "it's: here # token: {secret}",
    ],
)
@pytest.mark.parametrize("secret", ["hunter22", "first/second", "1234/5678", "some@other/thing@8"])
def test_secrets_in_comments_after_values_and_in_urls_are_masked(line: str, secret: str) -> None:
    text, config = read_site_agent_config(f"offerings: []\n{line.format(secret=secret)}\nlast: 1\n")
    for piece in re.findall(r"\w{4,}", secret):
        assert piece not in text + repr(config)
    assert yaml.safe_load(text) == config
    assert config["last"] == 1


@pytest.mark.parametrize("value", ["'a # token: of honour'", '"it # password: is no comment"', "a#token: 7"])
def test_a_hash_within_a_value_begins_no_comment(value: str) -> None:
    lines = f"offerings: []\nname: {value}\n" if value[0] in "'\"" else f"offerings: []\n{value}\n"
    text, config = read_site_agent_config(lines)
    assert yaml.safe_load(text) == config
    assert value[0] not in "'\"" or text == lines


def test_a_comment_that_ends_with_the_name_of_a_secret_hides_nothing_of_the_next_line() -> None:
    lines = "# How to get a token:\nofferings: []\n"
    assert read_site_agent_config(lines) == (lines, {"offerings": []})


@pytest.mark.parametrize(
    "end", [f"# {'://a:' * 20_000}\n", "\n" * 100_000, f"# {'token' * 20_000}\n", f"# token{' ' * 100_000}x\n"]
)
def test_long_comments_and_many_empty_lines_take_no_time(end: str) -> None:
    start = time.monotonic()
    assert read_site_agent_config(f"offerings: []\n{end}") == (f"offerings: []\n{end}", {"offerings": []})
    assert time.monotonic() - start < 10


def test_a_secret_that_can_not_be_masked_is_not_shown() -> None:
    lines = "offerings: []\nprivate_key: |\n  first line\n  second line\n"
    with pytest.raises(WaldurError) as refused:
        read_site_agent_config(lines)
    assert refused.value.message == message("agent_secret_in_another_form")


@pytest.mark.parametrize("text", ["<html>Log in</html>", "[1, 2]", "offerings: 5", ""])
def test_another_text_is_no_configuration(text: str) -> None:
    with pytest.raises(WaldurError) as refused:
        read_site_agent_config(text)
    assert refused.value.message == message("agent_in_another_form")


@pytest.mark.parametrize("text", ["offerings: [", "a: b: c", "\x00"])
def test_broken_yaml_is_an_error_that_shows_no_value(text: str) -> None:
    with pytest.raises(WaldurError, match=pattern("agent_not_yaml", problem=ANY)):
        read_site_agent_config(text)


@pytest.mark.parametrize(
    "key",
    [
        "private-key",
        "api-key",
        "X-Api-Key",
        "pwd",
        "keystone_pass",
        "Authorization",
        "cookie",
        "ssh_key",
        "encryption-key",
    ],
)
def test_a_secret_is_masked_however_its_key_is_written(key: str) -> None:
    text, config = read_site_agent_config(f"offerings: []\n{key}: 3f1c9a7be5d24c0f\n# {key}: an-old-secret\n")
    assert "3f1c9a7be5d24c0f" not in text + repr(config)
    assert "an-old-secret" not in text


@pytest.mark.parametrize("key", ["compass", "passenger", "keyboard", "home_path"])
def test_a_value_is_shown_whose_key_only_looks_like_that_of_a_secret(key: str) -> None:
    text, _config = read_site_agent_config(f"offerings: []\n{key}: north\n")
    assert "north" in text
