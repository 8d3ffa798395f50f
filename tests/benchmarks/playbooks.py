# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the playbooks plan, drift and apply, and a fleet of hosts, compared with one ``desired_state`` task."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration.playbook import Runner

from .bench import Bench, Failed, fetch, names
from .result_table import Row, seconds

COMPARED = "one desired_state task"
FOLDER = "providers"
HOSTS = ("-i", "hosts.yml")
ONLY = {"only": ["{{ waldur_uuid }}"], "list_left_out": False}
# In seconds; a thousand hosts take minutes.
_LONGEST = 3600


def playbooks(bench: Bench) -> Iterator[Row]:
    """Measure wall and CPU time of each playbook without changes, with all files that pipelines write."""
    run, path = write_folder(bench, providers=3, grants=bench.sizes.items // 100)
    files = {"output_directory": "out"}
    commands = {
        "one": one_task(run),
        "plan": playbook("plan", {**path, **files, "gitlab_file": "plan-gitlab.json"}),
        "drift": playbook("drift", {**path, **files, "junit_file": "drift.xml", "metrics_file": "waldur.prom"}),
        "apply": playbook("apply", path),
    }
    took = measure(bench, run, commands)
    wall, cpu = took.pop("one")
    for name, (own_wall, own_cpu) in took.items():
        for what, ours, one in ((f"playbook {name}", own_wall, wall), ("  CPU", own_cpu, cpu)):
            over = ours - one
            yield Row(what, seconds(ours), f"{COMPARED} {seconds(one)}", f"+{over:.2f} s", "<= 0.5 s more", over <= 0.5)


@dataclass(frozen=True)
class Usage:
    """The wall time and the CPU time of a run, in seconds, and its requests."""

    wall: float
    cpu: float
    requests: int


def fleet(bench: Bench) -> Iterator[Row]:
    """Measure a host of a fleet without changes, compared with one task for all hosts, and with any task of Ansible."""
    grants = bench.sizes.items // 5
    for providers in bench.sizes.fleets:
        run, path = write_folder(bench, providers=providers, grants=grants)
        state = {"waldur.provider.desired_state": {"providers_path": f"{{{{ playbook_dir }}}}/{FOLDER}", **ONLY}}
        commands = {
            "one": one_task(run),
            "apply": playbook("apply", path, *HOSTS, "-e", "providers_hosts=waldur_service_providers"),
            "state": _task_for_each_host(run, "state", state),
            "fact": _task_for_each_host(run, "fact", {"ansible.builtin.set_fact": {"x": "{{ waldur_uuid }}"}}),
            "none": _task_for_each_host(run, "none", {"ansible.builtin.meta": "noop"}),
        }
        used = {name: _use(bench, run, command) for name, command in commands.items()}
        one = used["one"]
        yield Row(f"one desired_state task, {providers} providers, {grants} grants each", seconds(one.wall))
        yield Row("  CPU", seconds(one.cpu))
        yield Row("  requests", str(one.requests))
        for name, other, what in (
            ("apply", "one", f"playbook apply, {providers} hosts"),
            ("state", "one", f"a desired_state task, {providers} hosts"),
            ("fact", "none", f"a set_fact task, {providers} hosts"),
        ):
            yield from _over(what, used[name], used[other], COMPARED if other == "one" else "no task", providers)


def _over(what: str, ours: Usage, reference: Usage, compared: str, hosts: int) -> Iterator[Row]:
    """Yield how much more wall and CPU time each host takes than in the reference run."""
    is_promised = "apply" in what
    for name, own, less in ((what, ours.wall, reference.wall), ("  CPU", ours.cpu, reference.cpu)):
        over = (own - less) / hosts
        budget, is_within = ("<= 0.1 s more a host", over <= 0.1) if is_promised else ("", None)
        yield Row(name, seconds(own), f"{compared} {seconds(less)}", f"{over:+.3f} s", budget, is_within)
    yield Row("  requests", str(ours.requests))


def _use(bench: Bench, run: Runner, command: Sequence[str]) -> Usage:
    bench.sim.zero()
    wall, cpu = _timed(run, command)
    return Usage(wall, cpu, bench.sim.counts().requests)


def write_folder(bench: Bench, *, providers: int, grants: int) -> tuple[Runner, dict[str, str]]:
    """Load a world, and write a document for each provider that changes nothing, and an inventory with a host for each.

    Returns a runner of playbooks, and the variable with the path of the documents.
    """
    bench.sim.load(generate={"providers": providers, "users": max(grants, 1), "grants": grants})
    run = bench.runner()
    (run.folder / FOLDER).mkdir()
    users = [{"user": name} for name in names(grants)]
    hosts = {}
    for row in all_providers(bench, providers):
        name = row["customer_name"]
        host = name.lower().replace(" ", "-")
        hosts[host] = {"waldur_uuid": row["uuid"]}
        document = {"service_providers": [{"customer": name, "users": users}]}
        (run.folder / FOLDER / f"{host}.yml").write_text(json.dumps(document, indent=1))
    group = {"waldur_service_providers": {"hosts": hosts}}
    (run.folder / "hosts.yml").write_text(json.dumps(group))
    return run, {"providers_path": FOLDER}


def all_providers(bench: Bench, number: int) -> list[dict[str, Any]]:
    """Return the rows of all service providers."""
    pages = range(1, (number - 1) // 300 + 2)
    path = "/api/marketplace-service-providers/?page_size=300&page="
    return [row for page in pages for row in fetch(bench, f"{path}{page}")]


def one_task(run: Runner) -> list[str]:
    """Return the command of a playbook with only one ``desired_state`` task."""
    task = {"name": "State", "waldur.provider.desired_state": {"providers_path": FOLDER}}
    play = {"name": "One", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (run.folder / "one.yml").write_text(json.dumps([play]))
    return ["playbook", "one.yml"]


def _task_for_each_host(run: Runner, name: str, task: Mapping[str, Any]) -> list[str]:
    """Return the command of a playbook with only this task, which runs for each host of the fleet."""
    play = {"name": "Hosts", "hosts": "waldur_service_providers", "connection": "local", "gather_facts": False}
    (run.folder / f"{name}.yml").write_text(json.dumps([{**play, "tasks": [{"name": "Task", **task}]}]))
    return ["playbook", f"{name}.yml", *HOSTS]


def playbook(name: str, variables: Mapping[str, Any], *options: str) -> list[str]:
    """Return the command of a playbook of the collection."""
    return ["playbook", f"waldur.provider.{name}", "-e", json.dumps(variables), *options]


def measure(bench: Bench, run: Runner, commands: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Run the commands in turn; return the median wall time and CPU time of each, in seconds."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _repeat in range(bench.repeats):
        for name, command in commands.items():
            taken[name].append(_timed(run, command))
    return {
        name: (statistics.median(wall for wall, _cpu in times), statistics.median(cpu for _wall, cpu in times))
        for name, times in taken.items()
    }


def _timed(run: Runner, command: Sequence[str]) -> tuple[float, float]:
    environment = run.environment({})
    del environment["ANSIBLE_CALLBACKS_ENABLED"], environment["ANSIBLE_CALLBACK_PLUGINS"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    code, printed = run.start(command, run.folder, environment, _LONGEST)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise Failed(printed[-3000:])
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
