# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookups in playbooks: what becomes of their rows, errors, options and secrets, and who shares connections."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from simulator_process import Simulator

from .playbook import ROOT, Outcome, Runner, runner
from .test_examples import examples
from .test_secrets import get_most_verbose_environment, holding, written_down
from .waldur import SimulatedWaldur

LOOKUPS = sorted((ROOT / "plugins" / "lookup").glob("*.py"))
PROVIDERS = "/api/marketplace-service-providers/?page_size=300"


def show(value: str, **keys: Any) -> dict[str, Any]:
    return {"name": "Show", "ansible.builtin.debug": {"msg": "{{ " + value + " }}"}, **keys}


def shown(run: Runner, value: str, **keys: Any) -> Any:
    """What ``debug`` makes of an expression."""
    outcome = run.play([show(value)], **keys)
    assert outcome.code == 0, outcome.output
    return outcome.result["msg"]


def refused(run: Runner, value: str, **keys: Any) -> str:
    outcome = run.play([show(value)], **keys)
    assert outcome.code != 0, outcome.output
    return str(outcome.result["msg"])


class Relay:
    """Hands every connection on to a server, and counts them."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connections = 0
        self._there = (parts.hostname or "", parts.port or 80)
        self._here = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._here]
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._here.getsockname()[1]}"

    def __enter__(self) -> Relay:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            # Closing alone would not wake the one who waits for it.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._here.accept()
                self.connections += 1
                server = socket.create_connection(self._there)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    self._threads.append(threading.Thread(target=_copy, args=pair))
                    self._threads[-1].start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def relay(sim: Simulator) -> Iterator[Relay]:
    with Relay(sim.url) as found:
        yield found


def list_request_paths(sim: Simulator) -> list[str]:
    return [request["path"] for request in sim.requests() if not request["path"].startswith("/simulator/")]


# --- documentation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugin", LOOKUPS, ids=lambda plugin: plugin.stem)
def test_the_examples_of_a_lookup_run_as_written(sim: Simulator, plugin: Path) -> None:
    run = runner(sim)
    run.secrets |= SimulatedWaldur(sim).codes()
    profile = {"production": {"api_url": sim.url, "access_token": sim.token("staff")}}
    (run.folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    environment = {"WALDUR_PROFILES_FILE": str(run.folder / "profiles.yml")}
    outcome = run.play(examples(plugin, run.folder), environment=environment)
    assert outcome.code == 0, outcome.output
    assert {line["status"] for line in outcome.lines} == {"ok"}
    assert sim.counts().writes == 0


# --- what Ansible makes of the rows ----------------------------------------------------------------------------------


def test_query_gives_a_list_and_lookup_the_only_row(sim: Simulator) -> None:
    run = runner(sim)
    one = "'waldur.provider.query', 'users', service_provider='ALPHA', username='member1', fields='username'"
    assert shown(run, f"query({one})") == [{"username": "member1"}]
    assert shown(run, f"lookup({one})") == {"username": "member1"}
    assert shown(run, f"lookup({one}, wantlist=True)") == [{"username": "member1"}]


def test_lookup_gives_a_list_of_several_rows(sim: Simulator) -> None:
    rows = "lookup('waldur.provider.query', 'users', service_provider='ALPHA', limit=2, fields=['username'])"
    assert [list(row) for row in shown(runner(sim), rows)] == [["username"], ["username"]]


def test_an_old_loop_takes_the_lookup_with_the_provider_of_a_variable(sim: Simulator) -> None:
    task = {
        "name": "Show",
        "ansible.builtin.debug": {"msg": "{{ item.username }}"},
        "with_waldur.provider.query": "users",
    }
    outcome = runner(sim).play([task], vars={"waldur_service_provider": "{{ 'ALP' ~ 'HA' }}"})
    assert outcome.code == 0, outcome.output
    assert "member1" in [one["msg"] for one in outcome.result["results"]]


def test_filters_that_bear_names_of_pythons_own_reach_the_lookup(sim: Simulator) -> None:
    given = "service_provider='ALPHA', name='c1', query='Project', fields='name'"
    assert shown(runner(sim), f"query('waldur.provider.query', 'projects', {given})") == [{"name": "Project c1"}]


def test_dates_and_values_of_variables_are_taken_as_yaml_makes_them(sim: Simulator) -> None:
    rows = "query('waldur.provider.query', 'projects', service_provider=who, created=since, name=left_out) | length"
    values = {"who": "ALPHA", "left_out": None}
    since = yaml.safe_load("[2020-01-01, 2099-01-01]")
    counts = [shown(runner(sim), rows, vars={**values, "since": moment}) for moment in since]
    assert [int(count) for count in counts] == [3, 0]


def test_templates_inside_lists_that_are_given_are_evaluated(sim: Simulator) -> None:
    rows = "query('waldur.provider.query', terms, service_provider='ALPHA', username_list=names, fields=['username'])"
    values = {"mine": "member1", "names": ["{{ mine }}", "{{ 'member' ~ 2 }}"], "terms": ["{{ 'users' }}"]}
    assert [row["username"] for row in shown(runner(sim), rows, vars=values)] == ["member1", "member2"]


@pytest.mark.parametrize("more", ["", ", allow_unsafe=True"])
def test_text_of_the_server_is_never_evaluated(sim: Simulator, more: str) -> None:
    run = runner(sim)
    trap = run.folder / "trapped"
    text = "{{ lookup('pipe', 'touch " + str(trap) + "') }}"
    sim.change("Project", {"name": "Project c1"}, {"description": text})
    rows = f"query('waldur.provider.query', 'projects', service_provider='ALPHA', name='c1'{more})"
    tasks = [
        {"name": "Keep", "ansible.builtin.set_fact": {"kept": "{{ " + rows + " }}"}},
        show("kept[0].description"),
        show("lazy[0].description ~ ''"),
        show("item.description", loop="{{ " + rows + " }}"),
        {
            "name": "Write",
            "ansible.builtin.copy": {
                "content": "{{ lazy[0].description }}",
                "dest": str(run.folder / "out"),
                "mode": "0600",
            },
        },
    ]
    outcome = run.play(tasks, vars={"lazy": "{{ " + rows + " }}"})
    assert outcome.code == 0, outcome.output
    assert (run.folder / "out").read_text() == text
    assert outcome.results[1]["msg"] == text
    assert not trap.exists()


# --- errors ----------------------------------------------------------------------------------------------------------


def test_an_unknown_keyword_fails_the_task_in_one_sentence(sim: Simulator) -> None:
    message = refused(runner(sim), "query('waldur.provider.query', 'users', service_provider='ALPHA', usernam='x')")
    assert message.endswith("usernam: is not an option of users: did you mean username?")
    assert "unhandled" not in message


def test_an_undefined_value_is_reported_by_its_name(sim: Simulator) -> None:
    message = refused(runner(sim), "query('waldur.provider.query', 'users', service_provider=nowhere_set)")
    assert "'nowhere_set' is undefined" in message


@pytest.mark.parametrize("errors", ["warn", "ignore"])
def test_ansible_goes_on_where_it_is_reported_to(sim: Simulator, errors: str) -> None:
    run = runner(sim)
    wrong = f"'waldur.provider.query', 'users', service_provider='Nowhere', errors='{errors}'"
    outcome = run.play([show(f"query({wrong})"), show(f"lookup({wrong}) is none")])
    assert outcome.code == 0, outcome.output
    assert [one["msg"] for one in outcome.results] == [[], True]
    assert ("there is no service provider 'Nowhere'" in " ".join(outcome.output.split())) is (errors == "warn")


def test_an_old_waldur_is_said_to_have_no_such_report() -> None:
    with Simulator.start(edition="2024") as old:
        message = refused(
            runner(old), "query('waldur.provider.query', 'compliance_overview', service_provider='ALPHA')"
        )
    assert "Waldur 2025 or newer is required for compliance reports; this Waldur is older" in message


# --- options ---------------------------------------------------------------------------------------------------------


def test_the_connection_comes_from_options_before_variables_before_the_environment(sim: Simulator) -> None:
    run = runner(sim)
    who = "query('waldur.provider.query', 'service_providers', limit=1{}) | length"
    lost = {
        "WALDUR_API_URL": "http://127.0.0.1:9",
        "WALDUR_ACCESS_TOKEN": "elsewhere",
        "WALDUR_RETRIES": "0",
        "OF_THE_TEST": sim.token("staff"),
    }
    there = {"there_url": sim.url, "there_token": "{{ lookup('env', 'OF_THE_TEST') }}"}
    given = ", api_url=there_url, access_token=there_token"
    as_variables = {"waldur_api_url": "{{ there_url }}", "waldur_access_token": "{{ there_token }}"}
    assert int(shown(run, who.format(given), vars=there, environment=lost)) == 1
    assert int(shown(run, who.format(""), vars={**there, **as_variables}, environment=lost)) == 1
    assert "127.0.0.1:9 refused the connection" in refused(run, who.format(""), vars=there, environment=lost)
    wrong = {"waldur_api_url": "http://127.0.0.1:9", "waldur_access_token": "elsewhere"}
    assert int(shown(run, who.format(given), vars={**there, **wrong}, environment=lost)) == 1


def test_a_token_never_goes_to_the_url_of_another_place(sim: Simulator) -> None:
    message = refused(runner(sim), "query('waldur.provider.query', 'service_providers', api_url='http://127.0.0.1:9')")
    assert "access_token: comes from the environment, which sets another URL" in message


# --- one connection --------------------------------------------------------------------------------------------------


def test_twenty_evaluations_make_one_connection_and_look_the_provider_up_once(sim: Simulator, relay: Relay) -> None:
    users = "query('waldur.provider.query', 'users', service_provider='ALPHA', fields='username') | length"
    task = show("{% for one in range(10) %}{{ " + users + " }} {% endfor %}")
    task["ansible.builtin.debug"]["msg"] = task["ansible.builtin.debug"]["msg"][3:-3]
    looped = {**task, "loop": [1, 2]}
    outcome = runner(sim).play([looped], environment={"WALDUR_API_URL": relay.url})
    assert outcome.code == 0, outcome.output
    assert [one["msg"].split() for one in outcome.result["results"]] == [["7"] * 10] * 2
    paths = list_request_paths(sim)
    assert paths.count(PROVIDERS) == 1
    assert sum("/users/?" in path for path in paths) == 20
    assert len(paths) == 21
    assert relay.connections == 1


def test_processes_that_ansible_forks_never_talk_over_one_connection(sim: Simulator, relay: Relay) -> None:
    hosts = [f"host{number}" for number in range(5)]
    users = [f"member{number}" for number in range(1, 5)] + ["pm1"]
    own = "query('waldur.provider.query', 'users', service_provider='ALPHA', username=mine, fields='username')"
    task = show("{% for one in range(10) %}{{ " + own + "[0].username }} {% endfor %}")
    task["ansible.builtin.debug"]["msg"] = task["ansible.builtin.debug"]["msg"][3:-3]
    # Names of tasks are evaluated before Ansible forks.
    task["name"] = "Show {{ lookup('waldur.provider.query', 'stat', service_provider='ALPHA').active_resources }}"
    run = runner(sim)
    variables = {"mine": "{{ mine_of[inventory_hostname] }}", "mine_of": dict(zip(hosts, users, strict=True))}
    outcome = run.play(
        [task],
        "-i",
        ",".join(hosts),
        "-f",
        "5",
        hosts=",".join(hosts),
        vars=variables,
        environment={"WALDUR_API_URL": relay.url},
    )
    assert outcome.code == 0, outcome.output
    assert sorted(one["msg"].split() for one in outcome.results) == [[user] * 10 for user in users]
    assert relay.connections == 6


# --- secrets ---------------------------------------------------------------------------------------------------------

CODE = "lookup('waldur.provider.api_secret_code', 'ALPHA')"


def run_and_search_for_secrets(run: Runner, tasks: list[dict[str, Any]], **more: str) -> Outcome:
    """Run tasks with the highest verbosity, and search the output and all files for codes and tokens."""
    codes = SimulatedWaldur(run.sim).codes() if isinstance(run.sim, Simulator) else set()
    assert codes
    run.secrets |= codes
    outcome = run.play(tasks, environment={**get_most_verbose_environment(run), **more})
    assert holding(run, {*run.sim.tokens.values(), *codes}) == []
    assert "ansible.log" in written_down(run)
    return outcome


def test_a_code_that_a_task_uses_under_no_log_is_printed_nowhere(sim: Simulator) -> None:
    run = runner(sim)
    task = {
        "name": "Use",
        "ansible.builtin.assert": {"that": "code | length == 16"},
        "vars": {"code": "{{ " + CODE + " }}"},
        "no_log": True,
    }
    write = {
        "name": "Write",
        "ansible.builtin.copy": {
            "content": "{{ " + CODE + " }}",
            "dest": str(run.folder / "secret.yml"),
            "mode": "0600",
        },
        "diff": False,
        "no_log": True,
    }
    outcome = run_and_search_for_secrets(run, [task, write])
    assert outcome.code == 0, outcome.output
    assert (run.folder / "secret.yml").read_text() in SimulatedWaldur(sim).codes()


@pytest.mark.parametrize("wrong", ["{}.nothing.more", "{} | nothing", "{} + 1", "{} | from_json", "{} | int / 0"])
def test_a_task_that_fails_over_a_code_prints_it_nowhere(sim: Simulator, wrong: str) -> None:
    outcome = run_and_search_for_secrets(runner(sim), [show(wrong.format(CODE), no_log=True)])
    assert outcome.code != 0


def test_a_lookup_that_fails_prints_no_code_that_was_read_before(sim: Simulator) -> None:
    expected = " ".join(sorted([*SimulatedWaldur(sim).codes(), sim.token("staff")]))
    sim.fault(method="GET", path="*/users/*", status=400, body={"detail": expected}, times=None)
    codes = "query('waldur.provider.api_secret_code', 'ALPHA', 'BETA') | join('') | length"
    users = "query('waldur.provider.query', 'users', service_provider='ALPHA')"
    outcome = run_and_search_for_secrets(runner(sim), [show(f"[{codes}, {users}]")])
    sim.clear_faults()
    assert outcome.code != 0
    assert "******** ******** ********" in outcome.result["msg"]
