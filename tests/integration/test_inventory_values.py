# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd values of every option of the inventory: a host list or one clear sentence, and never a failure of the plugin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .inventories import PLUGIN
from .playbook import runner

SCRIPT = Path(__file__).parent / "parse_inventories.py"
INFINITE, HUGE = float("inf"), 10**400
ODD: list[Any] = [INFINITE, HUGE, [None], {1: 2}, "a\0b", "9" * 5000, ["x", 5], [{"key": ["x"]}], " "]
OPTIONS = (
    "hosts service_providers filters include hostname hostvars_prefix default_groups machines on_unreachable_provider"
    " strict compose groups keyed_groups use_extra_vars leading_separator cache cache_timeout cache_prefix api_url"
    " access_token token_file token_command auth_scheme validate_certs ca_path client_cert client_key proxy timeout"
    " retries profile"
).split()


def parsed(sim: Simulator, contents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of a file of each content."""
    run = runner(sim)
    paths = []
    for number, content in enumerate(contents):
        whole = {"plugin": PLUGIN, "hosts": "users", "service_providers": ["ALPHA"], **content}
        paths.append(str(run.folder / f"{number}.waldur.yml"))
        Path(paths[-1]).write_text(yaml.safe_dump(whole))
    environment = run.environment({"PYTHON_COLORS": "0"})
    done = subprocess.run(
        [sys.executable, SCRIPT], input=json.dumps(paths), capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def old() -> Iterator[Simulator]:
    """A Waldur of 2024."""
    with Simulator.start(edition="2024") as simulator:
        yield simulator


def test_an_odd_value_of_any_option_is_one_clear_sentence_and_never_a_failure_of_the_plugin(sim: Simulator) -> None:
    cases = [(option, value) for option in OPTIONS for value in ODD]
    found = parsed(sim, [{option: value} for option, value in cases])
    for (option, value), outcome in zip(cases, found, strict=True):
        where = f"{option}: {value!r:.40}"
        assert "crash" not in outcome, f"{where}: {outcome['crash']}"
        if "error" in outcome:
            assert option in outcome["error"], f"{where}: {outcome['error']}"
            assert outcome["error"].isprintable(), where
            assert "Config '" not in outcome["error"], f"{where}: {outcome['error']}"
            assert len(outcome["error"]) < 600, where


@pytest.mark.parametrize("value", [["secret-token"], {"secret-token": 1}])
def test_a_token_of_a_wrong_type_is_not_printed(sim: Simulator, value: Any) -> None:
    (found,) = parsed(sim, [{"access_token": value, "api_url": sim.url}])
    assert found == {"error": "access_token: must be text, and a list or mapping was given."}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"hostname": ["usrname"]}, "hostname: 'usrname' is not a field of users: did you mean username?"),
    (
        {"hostname": ["login"]},
        "hostname: 'login' is not a field of users: see waldur.provider.user_info for the fields.",
    ),
    (
        {"hostname": "waldur_usrname"},
        "hostname: 'waldur_usrname' is not a field of users: did you mean waldur_username?",
    ),
    ({"hostname": ["username", "emial"]}, "hostname: 'emial' is not a field of users: did you mean email?"),
    ({"hostname": ["addres.city"]}, "hostname: 'addres' is not a field of users: "),
    ({"hostname": ["keys"]}, "hostname: 'keys' is not a field of users: "),
    ({"hostname": [""]}, "hostname: an entry is empty: name a field, or write an expression."),
    ({"hosts": "user"}, "hosts: must be "),
    ({"hosts": "user"}, "Did you mean 'users'?"),
    ({"include": ["kys"]}, "include: must be keys or project_permissions, and 'kys' was given. Did you mean 'keys'?"),
    ({"include": "keys,permissions"}, "include: must be keys or project_permissions, and 'permissions' was given."),
    ({"on_unreachable_provider": "wran"}, "Did you mean 'warn'?"),
    ({"filters": {"usrname": "x"}}, "filters: 'usrname' is not known. Did you mean 'username'?"),
    ({"filters": ["username"]}, "filters: must be a mapping, and '['username']' was given."),
    ({"hostvars_prefix": "my-"}, "hostvars_prefix: 'my-' can't begin the names of variables"),
    ({"machines": "tru"}, "machines: must be true or false, and 'tru' was given."),
    (
        {"keyed_groups": [{"key": "email", "prefx": "y"}]},
        "keyed_groups[0]: 'prefx' is not known. Did you mean 'prefix'?",
    ),
    ({"keyed_groups": [{"prefix": "y"}]}, "keyed_groups[0].key: is missing: name a field, or write an expression."),
    ({"keyed_groups": {"key": "email"}}, "keyed_groups: must be a list, and '{'key': 'email'}' was given."),
    ({"cache_timeout": INFINITE}, "cache_timeout: must be a number, and 'inf' was given."),
    ({"timeout": HUGE}, "timeout: must be a number from 0.1 to 3600, and '1000"),
    ({"proxy": "x" * 300}, "proxy: 'xxxx"),
    ({"api_url": f"https://{'x' * 64}.org", "access_token": "t"}, "api_url: 'https://xxxx"),
]


def test_the_message_names_the_option_the_unknown_name_and_the_nearest_known_one(sim: Simulator) -> None:
    for (content, message), outcome in zip(WRONG, parsed(sim, [content for content, _message in WRONG]), strict=True):
        assert message in outcome.get("error", f"nothing was said: {outcome}"), content


RIGHT: list[dict[str, Any]] = [
    {"hostname": ["organization", "username"]},
    {"hostname": ["waldur_affiliations", "username"]},
    {"hostname": ["login | default('')", "username"]},
    {"hostname": ["{{ login }}", "username"]},
    {"hostname": ["login or username"]},
    {"hostname": "username", "include": ["keys"]},
    {"hostname": ["keys.0.name", "username"], "include": ["keys"]},
    {"hostname": ["u_username"], "hostvars_prefix": "u_"},
    {"hostname": ["login"], "filters": {"username": "nobody"}},
    {"keyed_groups": [{"key": "login", "prefix": "l", "default_value": "x"}], "compose": {"x": "login"}},
    {"machines": "yes", "cache_timeout": 60, "include": "keys,project_permissions"},
]


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_a_field_that_is_null_in_a_row_or_that_this_waldur_lacks_is_no_error_and_no_expression_is(
    sim: Simulator, old: Simulator, edition: str
) -> None:
    where = old if edition == "2024" else sim
    sim.change("User", {"username": "member1"}, {"organization": ""})
    for content, outcome in zip(RIGHT, parsed(where, RIGHT), strict=True):
        assert "hosts" in outcome, (content, outcome)
        assert (len(outcome["hosts"]) == 7) is ("filters" not in content), (content, outcome)


def test_a_field_that_only_a_newer_waldur_has_is_no_unknown_one(old: Simulator) -> None:
    contents: list[dict[str, Any]] = [
        {"hosts": "service_providers", "hostname": ["customer_slug"]},
        {"hosts": "service_providers", "hostname": ["waldur_customer_slug"]},
        {"hosts": "offerings", "hostname": ["slug", "name"]},
        {"hosts": "offerings", "hostname": ["slog"]},
    ]
    *right, wrong = parsed(old, contents)
    assert all(outcome.get("hosts") for outcome in right), right
    assert wrong == {"error": "hostname: 'slog' is not a field of offerings: did you mean slug?"}
