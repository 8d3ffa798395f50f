# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure an inventory of many hosts: with our evaluation of expressions, with Ansible's own one, and without any."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence

import yaml
from integration.playbook import ROOT, Runner

from .bench import PROVIDER, Action, Bench, Failed
from .replay_server import Replay
from .result_table import Row, seconds, times

EXPRESSIONS = {
    "compose": {"login": "username", "belongs_to": "organization | default('nobody')"},
    "groups": {"active": "waldur_is_active"},
    "keyed_groups": [
        {"key": "registration_method", "prefix": "registered"},
        {"key": "service_provider_slug", "prefix": "of", "separator": "-"},
        {"key": "waldur_organization", "prefix": "in", "default_value": "nowhere"},
    ],
}


def inventory(bench: Bench) -> Iterator[Row]:
    """Measure users as hosts with six expressions, evaluated by us and by Ansible, and without; then only reading."""
    count = bench.sizes.rows
    run = bench.world(users=count, accounts=count)
    what = f"fetch of {count} rows for an inventory, at a real Waldur's pace"
    with Replay(bench.sim.url) as server:
        _fetched(run, server.url, count, what, repeats=1)  # fills the cache of the server
        server.slow = True
        yield _fetched(run, server.url, count, what, repeats=1, most=1.3)
    with Replay(bench.sim.url) as server:
        yield from _built(bench, run, server.url, count)
        yield _fetched(run, server.url, count, "fetch, the server's time taken out", repeats=max(3, bench.repeats))


def _built(bench: Bench, run: Runner, url: str, count: int) -> Iterator[Row]:
    six = ("six", count)
    actions = {
        "bare": _inventory(run, url, ["--list"], ("bare", count)),
        "ours": _inventory(run, url, ["--list"], six),
        "graph": _inventory(run, url, ["--graph"], six),
        "host": _inventory(run, url, ["--host", "user0001"], ("six", 1)),
    }
    actions["bare"]()  # fills the cache of the server
    took = bench.measure(actions)
    # It takes half a minute, so it runs once.
    own = {"own": _inventory(run, url, ["--list"], six, fast=False)}
    slow = Bench(bench.sim, bench.sizes, 1).measure(own)["own"]
    what = f"inventory of {count} hosts, six expressions, --list"
    ours = took["ours"]
    yield Row(
        what, seconds(ours), f"Ansible's own constructed way {seconds(slow)}", times(slow / ours), "<= 9 s", ours <= 9
    )
    yield Row("  beside no expression", seconds(ours), seconds(took["bare"]), times(ours / took["bare"]))
    yield Row("  --graph", seconds(took["graph"]))
    yield Row("  --host", seconds(took["host"]))


def _inventory(run: Runner, url: str, options: Sequence[str], kind: tuple[str, int], *, fast: bool = True) -> Action:
    """Return an action that runs ansible-inventory and fails if hosts are missing in the output."""
    name, hosts = kind
    content = {"plugin": "waldur.provider.inventory", "hosts": "users", "service_providers": [PROVIDER]}
    content["hostname"] = ["username"]
    (run.folder / f"{name}.waldur.yml").write_text(
        yaml.safe_dump({**content, **(EXPRESSIONS if name == "six" else {})})
    )
    arguments = ["-i", f"{name}.waldur.yml", *options]
    command = [sys.executable, "-m", "benchmarks.inventory_command", "ours" if fast else "own", *arguments]
    environment = _environment(run, url)

    def action() -> None:
        done = subprocess.run(command, cwd=run.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or done.stdout.count("user0001") == 0 or done.stdout.count("user") < hosts:
            raise Failed((done.stdout + done.stderr)[-3000:])

    return action


def _environment(run: Runner, url: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "build"), str(ROOT / "tests")])
    return run.environment({"WALDUR_API_URL": url, "PYTHONPATH": path})


def _fetched(run: Runner, url: str, count: int, what: str, *, repeats: int, most: float | None = None) -> Row:
    """Measure only reading: the median of the seconds that the alternating processes report themselves."""
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    for _repeat in range(repeats):
        for name, found in taken.items():
            command = [sys.executable, "-m", "benchmarks.fetch_users", name, PROVIDER]
            done = subprocess.run(command, env=_environment(run, url), capture_output=True, text=True, check=True)
            rows, spent = done.stdout.split()
            if int(rows) != count:
                raise Failed(f"{name} read {rows} rows, not {count}")
            found.append(float(spent))
    ours, bare = (statistics.median(found) for found in taken.values())
    ratio = ours / bare
    told = f"bare script, eight threads {seconds(bare)}"
    return Row(what, seconds(ours), told, times(ratio), f"<= {most} x" if most else "", ratio <= most if most else None)
