# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the inventory: where the connection comes from, the cache, wrong ones, and providers out of reach."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .inventories import PLUGIN, STRICTLY, hosts, read_error, read_inventory, run_inventory
from .playbook import ROOT, runner

CACHE = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
BETA = "a8d8889eb447416caff92ad648f4d9b4"


# --- the cache -------------------------------------------------------------------------------------------------------


def test_the_cache_survives_and_flush_cache_reads_again(sim: Simulator) -> None:
    run = runner(sim)
    content = {"hosts": "users", "include": ["keys"], **CACHE}
    first = read_inventory(run, content)
    assert sim.counts().requests > 2
    sim.change("User", {"username": "member1"}, {"organization": "Renamed"})
    sim.zero()
    assert read_inventory(run, content) == first
    assert sim.counts().requests == 0
    # Not every core's ansible-inventory has this option.
    play = run.write("none.yml", "[{hosts: all, gather_facts: false, tasks: []}]")
    command = ["playbook", "-i", "x.waldur.yml", "--flush-cache", "--list-hosts", str(play)]
    assert run.command(command, STRICTLY).code == 0
    assert sim.counts().requests > 2
    sim.zero()
    assert "Renamed" in str(read_inventory(run, content))
    assert sim.counts().requests == 0


def test_no_token_and_no_secret_is_in_the_cache_and_only_its_owner_can_read_it(sim: Simulator) -> None:
    run = runner(sim)
    for kind in ("users", "offerings", "project_service_accounts"):
        hosts(run, {"hosts": kind, **CACHE})
    files = [path for path in (run.folder / "cache").iterdir() if path.is_file()]
    assert len(files) == 3
    modes = {path: path.stat().st_mode & 0o777 for path in [run.folder / "cache", *files]}
    assert modes == {run.folder / "cache": 0o700, **dict.fromkeys(files, 0o600)}, "others can read the cache"
    for path in files:
        cached = path.name + path.read_text()
        assert "secret_options" not in cached
        assert not any(token in cached for token in sim.tokens.values())


def test_whoever_may_see_other_rows_does_not_get_them_from_the_cache(sim: Simulator) -> None:
    run = runner(sim)
    assert len(hosts(run, {"hosts": "users", **CACHE})) > 3
    error = read_error(run, {"hosts": "users", **CACHE}, WALDUR_ACCESS_TOKEN=sim.token("outsider"))
    assert "403" in error


@pytest.mark.parametrize(
    ("more", "reads"),
    [
        ({"filters": {"username": "member1"}}, True),
        ({"service_providers": ["ALPHA"]}, True),
        ({"include": ["keys"]}, True),
        ({"hostname": ["username"], "hostvars_prefix": "u_", "compose": {"x": "username"}}, False),
    ],
)
def test_what_chooses_rows_reads_again_and_the_rest_does_not(sim: Simulator, more: dict[str, Any], reads: bool) -> None:
    run = runner(sim)
    hosts(run, {"hosts": "users", **CACHE})
    sim.zero()
    hosts(run, {"hosts": "users", **CACHE, **more})
    assert (sim.counts().requests > 0) is reads


def test_a_reading_that_left_out_a_provider_is_not_kept(sim: Simulator) -> None:
    run = runner(sim)
    content = {"hosts": "users", "on_unreachable_provider": "warn", "retries": 0, **CACHE}
    sim.fault(path=f"*{BETA}/users/*", status=500)
    half = hosts(run, content)
    whole = hosts(run, content)
    assert len(half) < len(whole)


def test_a_cache_that_was_spoiled_is_read_anew(sim: Simulator) -> None:
    run = runner(sim)
    first = hosts(run, {"hosts": "customers", **CACHE})
    for path in (run.folder / "cache").iterdir():
        if path.is_file():
            path.write_text('{"__payload__": "\\"nonsense\\"", "other": 1}')
    assert hosts(run, {"hosts": "customers", **CACHE}) == first


# --- the connection and templates in options -------------------------------------------------------------------------


def test_a_profile_in_the_file_comes_before_the_environment(sim: Simulator) -> None:
    run = runner(sim)
    profiles = run.folder / "profiles.yml"
    profiles.write_text(yaml.safe_dump({"site": {"api_url": sim.url, "access_token": sim.token("staff")}}))
    elsewhere = {
        "WALDUR_API_URL": "http://127.0.0.1:9",
        "WALDUR_ACCESS_TOKEN": "t",
        "WALDUR_PROFILES_FILE": str(profiles),
    }
    found = hosts(run, {"hosts": "customers", "profile": "{{ lookup('env', 'SITE') }}"}, SITE="site", **elsewhere)
    assert "consumer-1" in found


def test_a_token_never_goes_to_the_url_of_another_place(sim: Simulator) -> None:
    error = read_error(runner(sim), {"hosts": "customers", "api_url": "http://127.0.0.1:9"})
    assert "access_token: comes from the environment, which sets another URL" in error
    assert "the inventory file" in error
    assert sim.counts().requests == 0


def test_options_may_be_templates_with_extra_variables_in_them(sim: Simulator) -> None:
    content = {
        "hosts": "{{ lookup('env', 'KIND') }}",
        "service_providers": ["{{ site }}"],
        "filters": {"name": "{{ 'c1' }}"},
        "default_groups": "{{ false }}",
    }
    found = read_inventory(runner(sim), content, "-e", "site=ALPHA", KIND="projects")
    assert [host["waldur_name"] for host in found["_meta"]["hostvars"].values()] == ["Project c1"]
    assert "waldur_projects" not in found


def test_extra_variables_tell_the_connection(sim: Simulator) -> None:
    run = runner(sim)
    run.write(
        "site.yml", yaml.safe_dump({"waldur_api_url": sim.url, "waldur_access_token": "{{ lookup('env', 'T') }}"})
    )
    content = {"hosts": "customers"}
    assert hosts(run, content, "-e", "@site.yml", T=sim.token("staff"), WALDUR_API_URL="", WALDUR_ACCESS_TOKEN="")


def test_an_empty_auth_scheme_is_left_out(sim: Simulator) -> None:
    assert hosts(runner(sim), {"hosts": "service_providers", "auth_scheme": ""}, WALDUR_AUTH_SCHEME="")


def test_an_auth_scheme_that_there_is_not_is_refused(sim: Simulator) -> None:
    error = read_error(runner(sim), {"hosts": "service_providers"}, WALDUR_AUTH_SCHEME="Basic")
    assert "auth_scheme: must be Token or Bearer, and 'Basic' was given." in error


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hosts": "users", "filter": {}}, "filter: is not a known option: did you mean filters?"),
        ({"hosts": "users", "filters": {"usrname": "x"}}, "filters: 'usrname' is not known. Did you mean 'username'?"),
        ({"hosts": "users", "filters": {"is_active": "perhaps"}}, "filters.is_active: "),
        ({"hosts": "users", "filters": {"fields": ["uuid"]}}, "filters.fields: is not a filter"),
        ({"hosts": "users", "service_providers": ["Nobody"]}, "service_providers[0]: there is no service provider"),
        ({"hosts": "users", "service_providers": ["ALPHA", 7]}, "service_providers[1]: "),
        (
            {"hosts": "projects", "include": ["keys"]},
            "include: keys can be read for users only, and hosts is projects: leave out include",
        ),
        ({"hosts": "users", "hostvars_prefix": "ansible_"}, "hostvars_prefix: 'ansible_' can't begin"),
        ({"hosts": "users", "api_url": "ftp://x", "access_token": "t"}, "api_url: 'ftp://x' is not a valid URL"),
        ({"hosts": "users", "timeout": 0}, "timeout: must be a number from 0.1 to 3600"),
        ({"hosts": "users", "filters": "{{ nowhere }}"}, "filters: can't be evaluated"),
        ({"hosts": "users", "hostname": ["a b c"], "strict": True}, "hostname: 'a b c' can't be evaluated"),
        ({"hosts": "users", "compose": {"x": "nowhere"}, "strict": True}, "Could not set x for host"),
        ({"hosts": "users", "hostname": [5]}, "hostname: '5' is not text"),
        ({"hosts": "machines"}, "hosts"),
        ({"hosts": "users", "include": ["secrets"]}, "include"),
        ({"hosts": "users", "on_unreachable_provider": "ignore"}, "on_unreachable_provider"),
        ({}, "hosts"),
    ],
)
def test_the_message_names_the_option_that_is_wrong(sim: Simulator, content: dict[str, Any], message: str) -> None:
    assert message in read_error(runner(sim), content)


def test_other_files_are_left_to_other_plugins(sim: Simulator) -> None:
    run = runner(sim)
    outcome = run_inventory(run, {"hosts": "users"}, "--list", name="waldur-users.yml")
    assert outcome.code != 0
    assert run_inventory(run, {"hosts": "users"}, "--list", name="x.waldur.yaml").code == 0


# --- providers out of reach ------------------------------------------------------------------------------------------

UNREACHABLE: dict[str, dict[str, Any]] = {
    "forbidden": {"status": 403, "body": {"detail": "No permission."}},
    "gone": {"status": 404, "body": {"detail": "Not found."}},
    "broken": {"status": 500, "html": True},
    "busy": {"status": 503},
    "silent": {"delay": 3},
    "cut off": {"drop": "before"},
}


@pytest.mark.parametrize("how", UNREACHABLE)
def test_a_provider_out_of_reach_fails_everything_unless_told_otherwise(sim: Simulator, how: str) -> None:
    content = {"hosts": "users", "timeout": 1, "retries": 0, "service_providers": ["ALPHA", "BETA"]}
    run = runner(sim)
    sim.fault(path=f"*{BETA}/users/*", times=None, **UNREACHABLE[how])
    assert "Beta HPC" in read_error(run, content)
    found = run_inventory(run, {**content, "on_unreachable_provider": "warn"}, "--list")
    assert found.code == 0, found.output
    assert "Beta HPC" in found.output
    assert "users were left out" in " ".join(found.output.split())
    assert "member3" in found.output


def test_a_wrong_token_fails_whatever_is_said_of_providers(sim: Simulator) -> None:
    content = {"hosts": "users", "on_unreachable_provider": "warn"}
    error = read_error(runner(sim), content, WALDUR_ACCESS_TOKEN="f" * 40)
    assert "access_token is wrong, expired or not allowed here." in error


# --- examples --------------------------------------------------------------------------------------------------------


def documented() -> list[dict[str, Any]]:
    """Return the examples in the plugin's documentation: one file, and others as comments, because sanity tests of
    ansible-core 2.16 allow one document only."""
    for node in ast.parse((ROOT / "plugins" / "inventory" / "inventory.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            first, *others = re.split(r"\n\n# \w+\.waldur\.yml: .*\n", str(ast.literal_eval(node.value)))
            assert len(others) >= 2
            return [yaml.safe_load(text) for text in (first, *(re.sub("(?m)^# ", "", other) for other in others))]
    raise AssertionError("there are no examples")


@pytest.mark.parametrize("content", documented(), ids=lambda content: content["hosts"])
def test_the_examples_of_the_documentation_run_as_written(sim: Simulator, content: dict[str, Any]) -> None:
    run = runner(sim)
    profiles = run.folder / "profiles.yml"
    profiles.write_text(yaml.safe_dump({"production": {"api_url": sim.url, "access_token": sim.token("staff")}}))
    assert hosts(run, {**content, "strict": True}, WALDUR_PROFILES_FILE=str(profiles))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.waldur.yml")), ids=lambda path: path.name)
def test_the_example_files_run_as_written(sim: Simulator, path: Path) -> None:
    run = runner(sim)
    assert yaml.safe_load(path.read_text())["plugin"] == PLUGIN
    outcome = run.command(["inventory", "-i", str(path), "--graph"], {**STRICTLY, "HOME": str(run.folder)})
    assert outcome.code == 0, outcome.output
    assert "@waldur_" in outcome.output


@pytest.mark.parametrize("edition", ["2024", "2026"])
def test_the_example_inventories_run_on_other_editions_of_waldur(edition: str) -> None:
    with Simulator.start(edition=edition) as sim:
        run = runner(sim)
        paths = sorted((ROOT / "examples").rglob("*.waldur.yml"))
        assert len(paths) > 4
        sources = [argument for path in paths for argument in ("-i", str(path))]
        outcome = run.command(["inventory", *sources, "--graph"], {**STRICTLY, "HOME": str(run.folder)})
    assert outcome.code == 0, outcome.output
    for group in ("waldur_service_providers", "waldur_projects", "waldur_users", "customer_CONSUMER"):
        assert f"@{group}" in outcome.output
