# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory by real runs of ansible-inventory: hosts of every kind, their names, variables and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from provider_accounts import add_provider_accounts

from simulator_process import Simulator

from .inventories import KINDS, PLUGIN, STRICTLY, hosts, read_error, read_inventory, rows, run_inventory, uuids
from .playbook import runner

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
ODD = ["two words", "a/b:c,d&e!f", "[x]*?~^", "☃ only", "é è ü", "x" * 200, "-dash", "all", "twin", "twin"]


@pytest.fixture(scope="module")
def old() -> Iterator[Simulator]:
    """A Waldur of 2024."""
    with Simulator.start(edition="2024") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def new() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_host_for_each_thing_with_all_of_its_fields(sim: Simulator, kind: str) -> None:
    found = read_inventory(runner(sim), {"hosts": kind})
    by_uuid = {host["waldur_uuid"]: host for host in found["_meta"]["hostvars"].values()}
    assert set(by_uuid) == uuids(sim, kind)
    assert set(found[f"waldur_{kind}"]["hosts"]) == set(found["_meta"]["hostvars"])
    path = "" if kind == "service_providers" else f"{ALPHA}/{kind}/"
    for row in rows(sim, path):
        told = by_uuid[row["uuid"]]
        kept = {key: value for key, value in row.items() if key not in ("token", "secret_options", "phone_number")}
        assert {key: told[f"waldur_{key}"] for key in kept} == kept
        assert "waldur_token" not in told
        assert told["ansible_connection"] == "local"
    assert sim.counts().writes == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_waldur_of_2026_has_every_kind_of_hosts(new: Simulator, kind: str) -> None:
    assert {host["waldur_uuid"] for host in hosts(runner(new), {"hosts": kind}).values()} == uuids(new, kind)


@pytest.mark.parametrize("kind", KINDS[:5])
def test_a_waldur_of_2024_has_hosts_too(old: Simulator, kind: str) -> None:
    assert {host["waldur_uuid"] for host in hosts(runner(old), {"hosts": kind}).values()} == uuids(old, kind)


@pytest.mark.parametrize("kind", KINDS[5:])
def test_a_waldur_of_2024_says_that_it_has_no_such_list(old: Simulator, kind: str) -> None:
    what = kind.replace("_", " ")
    error = read_error(runner(old), {"hosts": kind, "on_unreachable_provider": "warn"})
    assert f"Waldur 2025 or newer is required for the list of {what}; this Waldur is older." in error


def test_a_waldur_of_2026_has_the_accounts_of_users_at_its_service_providers(new: Simulator, sim: Simulator) -> None:
    add_provider_accounts(new)
    found = read_inventory(runner(new), {"hosts": "provider_accounts", "filters": {"user": "member2"}})
    names = {host["waldur_username"]: name for name, host in found["_meta"]["hostvars"].items()}
    assert set(names) == {"m2_alpha", "m2_beta"}
    host = found["_meta"]["hostvars"]["m2_alpha-c0000000"]
    assert (host["waldur_uidnumber"], host["waldur_customer_name"]) == (5002, "Alpha Cloud Ltd")
    assert host["waldur_service_provider_uuid"] == ALPHA
    # This variable would be the service provider of lookups.
    assert "waldur_service_provider" not in host
    assert found["waldur_provider_alpha_cl_1"]["hosts"] == ["m2_alpha-c0000000"]
    error = read_error(runner(sim), {"hosts": "provider_accounts"})
    assert "Waldur 2026 or newer is required for service provider accounts; this Waldur is older." in error


def test_a_thing_of_two_providers_is_one_host_in_the_groups_of_both(sim: Simulator) -> None:
    found = read_inventory(runner(sim), {"hosts": "users", "service_providers": ["ALPHA", "BETA"]})
    both = set(found["waldur_provider_alpha_cl_1"]["hosts"]) & set(found["waldur_provider_beta_hpc_1"]["hosts"])
    shared = found["_meta"]["hostvars"]["member1-51d1acdb"]
    assert "member1-51d1acdb" in both
    assert len(shared["waldur_service_providers"]) == 2
    assert shared["waldur_service_provider_uuid"] == shared["waldur_service_providers"][0] == ALPHA
    assert hosts(runner(sim), {"hosts": "users"}).keys() >= both


def test_users_carry_their_keys_and_project_permissions_when_asked(sim: Simulator) -> None:
    found = hosts(runner(sim), {"hosts": "users", "include": ["keys", "project_permissions"], "hostname": ["username"]})
    keys = [row for row in rows(sim, f"{ALPHA}/keys/") if row["user_uuid"] == found["member1"]["waldur_uuid"]]
    assert found["member1"]["waldur_keys"] == keys != []
    names = {row["role_name"] for row in found["pm1"]["waldur_project_permissions"]}
    assert names == {"PROJECT.MANAGER"}
    assert all(isinstance(host["waldur_keys"], list) for host in found.values())


def test_filters_go_to_the_server_and_hold_whatever_it_makes_of_them(sim: Simulator, old: Simulator) -> None:
    content = {"hosts": "projects", "service_providers": ["ALPHA"], "filters": {"name": "c1"}}
    for simulator in (sim, old):
        found = hosts(runner(simulator), content)
        assert {host["waldur_name"] for host in found.values()} == {"Project c1"}
    assert any("name=c1" in request["path"] for request in sim.requests())


def test_names_that_people_think_up_become_hosts_that_limit_finds(sim: Simulator) -> None:
    projects = rows(sim, f"{ALPHA}/projects/")
    offering, customer = rows(sim, f"{ALPHA}/offerings/")[-1]["uuid"], projects[0]["customer_uuid"]
    for number, name in enumerate(ODD):
        project = sim.create("Project", name=name, slug=f"odd-{number}", customer=customer)
        sim.create("Resource", name="r", offering=offering, project=project, state="OK")
    run = runner(sim)
    content = {"hosts": "projects", "hostname": ["name"]}
    outcome = run_inventory(run, content, "--list", "--output", "all.json")
    assert outcome.code == 0, outcome.output
    assert "Several projects would be hosts of the same name" in outcome.output
    found = hosts(run, content)
    odd = {name: host for name, host in found.items() if host["waldur_name"] in ODD}
    assert sorted(host["waldur_name"] for host in odd.values()) == sorted(ODD)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@-]*", name) for name in found)
    for name in odd:
        assert list(hosts(run, content, "--limit", name)) == [name]
    assert set(hosts(run, content, "--limit", ",".join(odd))) == set(odd)
    assert not set(hosts(run, content, "--limit", "all:!" + ":!".join(odd))) & set(odd)


def test_what_waldur_says_is_never_evaluated(sim: Simulator) -> None:
    run = runner(sim)
    mark = run.folder / "evaluated"
    text = f"{{{{ lookup('pipe', 'touch {mark}') }}}}"
    sim.change("User", {"username": "member1"}, {"full_name": text, "organization": text})
    content = {
        "hosts": "users",
        "hostname": ["full_name"],
        "strict": True,
        "compose": {"copied": "full_name", "joined": "full_name ~ organization", "deeper": "[full_name]"},
        "keyed_groups": [{"key": "organization", "default_value": "none"}, {"key": "full_name | upper"}],
        "groups": {"x": "full_name == 'x'", "y": "full_name is match('y')"},
    }
    run.write("x.waldur.yml", yaml.safe_dump({"plugin": PLUGIN, **content}))
    shown = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ waldur_full_name }} {{ joined }} {{ deeper }}"}}
    copied = {"name": "Copy", "ansible.builtin.set_fact": {"made": "{{ copied }}"}}
    play = {"name": "Each", "hosts": "waldur_users", "gather_facts": False, "tasks": [shown, copied, shown]}
    run.write("each.yml", yaml.safe_dump([play]))
    outcome = run.command(["playbook", "-i", "x.waldur.yml", "each.yml"], STRICTLY)
    assert outcome.code == 0, outcome.output
    assert any(text in str(result.get("msg")) for result in outcome.results)
    assert not mark.exists()


def test_tasks_about_things_run_where_ansible_runs(sim: Simulator) -> None:
    run = runner(sim)
    run.write("x.waldur.yml", yaml.safe_dump({"plugin": PLUGIN, "hosts": "service_providers"}))
    task = {"name": "Ping", "ansible.builtin.ping": {}}
    own = {"name": "Facts", "waldur.provider.statistics_info": {"service_provider": "{{ waldur_uuid }}"}}
    play = {"name": "Each", "hosts": "alpha-cl-1", "gather_facts": False, "tasks": [task, own]}
    run.write("each.yml", yaml.safe_dump([play]))
    outcome = run.command(["playbook", "-i", "x.waldur.yml", "each.yml"], STRICTLY)
    assert outcome.code == 0, outcome.output
    assert outcome.of("Ping")["ping"] == "pong"
    assert "statistics" in outcome.of("Facts")
    assert "ansible_connection" not in hosts(run, {"hosts": "service_providers", "machines": True})["alpha-cl-1"]


def test_expressions_see_both_names_and_make_variables_and_groups(sim: Simulator) -> None:
    content = {
        "hosts": "projects",
        "hostvars_prefix": "p_",
        "strict": True,
        "compose": {
            "title": "name",
            "cost": "p_billing_price_estimate.total",
            "up": "name | upper",
            "host": "inventory_hostname",
        },
        "groups": {"live": "not is_removed", "first": "p_name == 'Project c1'", "long": "name | length > 99"},
        "keyed_groups": [
            {"key": "customer_abbreviation", "prefix": "of"},
            {"key": "title", "separator": ""},
            {"key": "inventory_hostname", "prefix": "host", "parent_group": "{{ kind }}"},
            {"key": "backend_id", "prefix": "backend", "default_value": "none"},
        ],
    }
    found = read_inventory(runner(sim), content)
    one = found["_meta"]["hostvars"]["project-2"]
    # Cores before 2.19 make text of what an expression finds.
    assert (one["title"], one["up"], str(one["cost"])) == ("Project c1", "PROJECT C1", "45.6")
    assert one["host"] == "project-2"
    assert set(found["live"]["hosts"]) == set(found["_meta"]["hostvars"])
    assert found["first"]["hosts"] == found["Project_c1"]["hosts"] == found["host_project_2"]["hosts"] == ["project-2"]
    assert "long" not in found
    assert "project-2" in found["of_CONSUMER"]["hosts"]
    assert "host_project_2" in found["default"]["children"]
    assert "project-2" in found["backend_none"]["hosts"]


def test_a_single_text_is_not_cut_at_its_commas(sim: Simulator) -> None:
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"name": "Alpha, Ltd"})
    template = "{{ [slug, service_provider_name] | join(', ') }}"
    found = hosts(runner(sim), {"hosts": "projects", "service_providers": "Alpha, Ltd", "hostname": template})
    assert "project-2-Alpha-Ltd" in found


def test_default_groups_can_be_turned_off(sim: Simulator) -> None:
    found = read_inventory(runner(sim), {"hosts": "offerings", "default_groups": False})
    assert set(found) == {"_meta", "all", "ungrouped"}
    assert len(found["ungrouped"]["hosts"]) == len(found["_meta"]["hostvars"]) > 3


def test_host_and_graph_tell_of_one_host_and_of_groups(sim: Simulator) -> None:
    run = runner(sim)
    content: dict[str, Any] = {"hosts": "customers"}
    assert "Consumer Institute" in run_inventory(run, content, "--host", "consumer-1").output
    assert "|  |--consumer-1" in run_inventory(run, content, "--graph").output
