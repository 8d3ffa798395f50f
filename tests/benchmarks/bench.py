# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the time and the requests of whole processes: the median of several runs, alternating between commands."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from integration.playbook import ROOT, Runner, runner

from simulator_process import Simulator

PROVIDER = "Provider 0001"
Task = dict[str, Any]
Asked = list[tuple[str, str, Any]]
Action = Callable[[], Any]


class Failed(Exception):
    """A measured run failed, or its result was wrong; the message is the end of its output."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of what is measured.

    ``loop``: the items of a loop. ``items``: the items of a document. ``growth``: the numbers of items whose costs are
    compared. ``rows``: the rows of the simulator's longest list. ``gets``: the GET requests for one object. ``fleets``:
    the numbers of hosts. ``slices``: the numbers of slices of the largest fleet. ``forks``: the forks of each slice.
    ``providers``: the providers of one task. ``lengths``: the lengths of lists whose time and memory are compared.
    ``changes``: the changes of an approved plan.
    """

    loop: int = 100
    items: int = 1000
    growth: tuple[int, ...] = (10, 100, 1000, 5000)
    rows: int = 10_000
    gets: int = 600
    fleets: tuple[int, ...] = (100, 1000)
    slices: tuple[int, ...] = (1, 2, 4, 8)
    forks: int = 5
    providers: int = 1000
    lengths: tuple[int, ...] = (10_000, 30_000, 100_000)
    changes: int = 5000


SMALL = Sizes(
    loop=5,
    items=20,
    growth=(2, 10),
    rows=400,
    gets=30,
    fleets=(2,),
    slices=(2,),
    providers=15,
    lengths=(100, 300),
    changes=50,
)


@dataclass
class Bench:
    """A simulator to measure against, the sizes of what is measured, and the number of repeated runs."""

    sim: Simulator
    sizes: Sizes = field(default_factory=Sizes)
    repeats: int = 3

    def world(self, users: int, grants: int = 0, accounts: int = 0) -> Runner:
        """Load a world with one provider and so many users, grants and accounts; return a runner of playbooks."""
        self.sim.load(generate={"providers": 1, "users": users, "grants": grants, "accounts": accounts})
        return self.runner()

    def once(self) -> Bench:
        """Return a copy that runs everything once, for runs that take long."""
        return replace(self, repeats=1)

    def runner(self) -> Runner:
        """Return a runner of playbooks with a new folder."""
        return runner(self.sim)

    def measure(self, actions: Mapping[str, Action], prepare: Action = lambda: None) -> dict[str, float]:
        """Run the actions in turn, each after ``prepare``, which is not timed; return the median seconds of each."""
        taken: dict[str, list[float]] = {name: [] for name in actions}
        for _repeat in range(self.repeats):
            for name, action in actions.items():
                prepare()
                begin = time.perf_counter()
                action()
                taken[name].append(time.perf_counter() - begin)
        return {name: statistics.median(times) for name, times in taken.items()}

    def counted(self, action: Action) -> tuple[int, list[dict[str, Any]]]:
        """Run an action; return the number of its requests, and the last thousand of them."""
        self.sim.zero()
        action()
        return self.sim.counts().requests, self.sim.requests()

    def expect(self, requests: int) -> None:
        """Raise :exc:`Failed` unless the bare script, which ran last, sent this number of requests."""
        counts = self.sim.counts()
        if counts.requests != requests:
            raise Failed(f"the bare script made {counts.requests} requests, not {requests}: {counts.operations}")

    def bare(self, run: Runner, requests: Asked, url: str | None = None) -> Action:
        """Return an action that sends these requests from a process of its own, without the collection."""
        path = run.folder / ("paced_requests.json" if url else "requests.json")
        content = {"url": url or self.sim.url, "token": self.sim.token("staff"), "requests": requests}
        path.write_text(json.dumps(content))
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
        command = [sys.executable, "-m", "benchmarks.baseline_requests", str(path)]
        return lambda: subprocess.run(command, env=environment, check=True)


def play(
    run: Runner,
    tasks: Sequence[Task],
    variables: Mapping[str, Any] | None = None,
    *,
    changed: bool = False,
    url: str | None = None,
) -> Action:
    """Return an action that runs these tasks, which must succeed, and report a change or not as ``changed`` says."""

    def action() -> None:
        outcome = run.run_without_callbacks(tasks, variables or {}, url or run.sim.url)
        if outcome.code or (tasks and f"changed={int(changed)} " not in outcome.output):
            raise Failed(outcome.output[-3000:])

    return action


def names(count: int) -> list[str]:
    """Return the usernames of the first users."""
    return [f"user{number:04}" for number in range(1, count + 1)]


def fetch(bench: Bench, path: str) -> list[dict[str, Any]]:
    """Return the rows of one page, with the token of staff."""
    import requests

    headers = {"Authorization": f"Token {bench.sim.token('staff')}"}
    answer = requests.get(bench.sim.url + path, headers=headers, timeout=60)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows
