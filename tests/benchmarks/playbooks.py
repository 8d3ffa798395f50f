# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks cost over one task of ``desired_state``: plan, drift and apply of a folder."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integration.playbook import Runner

from .bench import Bench, Failed, fetch, names
from .table import Row, seconds

COMPARED = "one desired_state task"
FOLDER = "providers"
# In seconds; a thousand hosts take minutes.
_LONGEST = 3600


def playbooks(bench: Bench) -> Iterator[Row]:
    """The wall time and the CPU time of each playbook, without changes, with all files that pipelines write."""
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


def fleet(bench: Bench) -> Iterator[Row]:
    """The apply of a fleet with one host for each provider, over one task for all of them, without changes."""
    for providers in bench.sizes.fleets:
        run, path = write_folder(bench, providers=providers, grants=bench.sizes.items // 5)
        hosts = ["-i", "hosts.yml", "-e", "providers_hosts=waldur_service_providers"]
        commands = {"one": one_task(run), "fleet": playbook("apply", path, *hosts)}
        took = measure(bench.once(), run, commands)
        over = (took["fleet"][0] - took["one"][0]) / providers
        what = f"fleet of {providers} hosts, {bench.sizes.items // 5} role grants each"
        one = f"{COMPARED} {seconds(took['one'][0])}"
        yield Row(what, seconds(took["fleet"][0]), one, f"+{over:.2f} s", "<= 0.1 s more a host", over <= 0.1)


def write_folder(bench: Bench, *, providers: int, grants: int) -> tuple[Runner, dict[str, str]]:
    """Load a world, and write a document for each provider that changes nothing; return the variable that names them.

    A file of hosts, one for each provider, lies beside them.
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
    """The rows of all service providers."""
    pages = range(1, (number - 1) // 300 + 2)
    path = "/api/marketplace-service-providers/?page_size=300&page="
    return [row for page in pages for row in fetch(bench, f"{path}{page}")]


def one_task(run: Runner) -> list[str]:
    """The command of a playbook with nothing but the task."""
    task = {"name": "State", "waldur.provider.desired_state": {"providers_path": FOLDER}}
    play = {"name": "One", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (run.folder / "one.yml").write_text(json.dumps([play]))
    return ["playbook", "one.yml"]


def playbook(name: str, variables: Mapping[str, Any], *options: str) -> list[str]:
    """The command of a playbook of the collection."""
    return ["playbook", f"waldur.provider.{name}", "-e", json.dumps(variables), *options]


def measure(bench: Bench, run: Runner, commands: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
    """The median seconds of each command, run in turn: by the clock on the wall, and of the processors."""
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
