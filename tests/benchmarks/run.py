# SPDX-License-Identifier: GPL-3.0-or-later
"""What things cost, side by side, in one run: ``make benchmark``.

Whole-process wall time, the median of several runs, against the simulator. Times of a busy machine mean nothing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import requests
from integration.playbook import Runner, runner

from simulator.handle import Simulator

from .replay import Replay

RUNS = 3
MANY = 1000
NAMES = [f"user{number:04}" for number in range(1, MANY + 1)]
PROVIDER = "Provider 0001"


def seconds(action: Callable[[], Any], prepare: Callable[[], Any] = lambda: None, runs: int = RUNS) -> float:
    """The median time of ``action``; ``prepare`` is not counted."""
    times = []
    for _run in range(runs):
        prepare()
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def play(
    run: Runner, *tasks: dict[str, Any], changed: bool = False, url: str | None = None, **variables: Any
) -> Callable[[], None]:
    """A run of these tasks that must go well and change something or nothing."""

    def action() -> None:
        outcome = run.quietly(list(tasks), variables, url or run.sim.url)
        if outcome.code or (tasks and f"changed={int(changed)} " not in outcome.output):
            sys.exit(outcome.output[-3000:])

    return action


def loop(module: str, options: dict[str, Any], count: int = 100) -> dict[str, Any]:
    """One task with a loop over the first users."""
    return {"name": "Loop", module: options, "loop": NAMES[:count]}


def one_noun(sim: Simulator) -> Iterable[tuple[str, float]]:
    """A hundred unchanged grants: in a loop, in tasks of their own, and with Ansible's own module for HTTP."""
    sim.load(generate={"providers": 1, "users": 120, "grants": 100, "accounts": 0})
    run = runner(sim)
    grant = {"service_provider": PROVIDER, "user": "{{ item }}"}
    separate = [{"name": name, "waldur.provider.user_role": {**grant, "user": name}} for name in NAMES[:100]]
    uri = {"url": f"{sim.url}/api/marketplace-service-providers/", "return_content": True}
    ours = loop("waldur.provider.user_role", grant)
    yield "empty playbook", seconds(play(run))
    yield (
        "loop of 100 ansible.builtin.set_fact",
        seconds(play(run, loop("ansible.builtin.set_fact", {"x": "{{ item }}"}))),
    )
    yield "loop of 100 unchanged user_role items", seconds(play(run, ours))
    yield "100 unchanged user_role tasks", seconds(play(run, *separate))
    with Replay(sim.url) as replayed:
        play(run, ours, url=replayed.url)()
        yield "the loop, the server's time taken out", seconds(play(run, ours, url=replayed.url))
        play(run, *separate, url=replayed.url)()
        yield "the tasks, the server's time taken out", seconds(play(run, *separate, url=replayed.url))
    yield "loop of 100 ansible.builtin.uri", seconds(play(run, loop("ansible.builtin.uri", uri)), runs=1)


def whole_state(sim: Simulator) -> Iterable[tuple[str, float]]:
    """A thousand grants and usernames with nothing to change; the bare script makes the same requests."""
    sim.load(generate={"providers": 1, "users": MANY, "grants": MANY, "accounts": MANY})
    document = {
        "customer": PROVIDER,
        "users": [{"user": name} for name in NAMES],
        "offering_usernames": [{"user": name, "username": name} for name in NAMES],
    }
    task = {"name": "State", "waldur.provider.desired_state": {"service_providers": "{{ document }}"}}
    run = runner(sim)
    sim.zero()
    yield "desired_state, 1,000 grants and 1,000 usernames, no change", seconds(play(run, task, document=[document]))
    asked = sim.requests()[-sim.counts().requests // RUNS :]
    yield f"bare script, the same {len(asked)} requests", seconds(lambda: replay(sim, asked))


def new_grants(sim: Simulator) -> Iterable[tuple[str, float]]:
    """A thousand grants to make."""
    task = {
        "name": "Grant",
        "waldur.provider.user_role": {"service_provider": PROVIDER, "users": "{{ people }}"},
    }
    people = [{"user": name} for name in NAMES]
    sim.load(generate={"providers": 1, "users": MANY, "grants": 0, "accounts": 0})
    yield "1,000 grants to make", seconds(play(runner(sim), task, changed=True, people=people), sim.reset)

    def bare() -> None:
        session = session_of(sim)
        base = f"{sim.url}/api/marketplace-service-providers/"
        uuid = session.get(base).json()[0]["uuid"]
        role = next(r for r in session.get(f"{sim.url}/api/roles/").json() if r["name"] == "CUSTOMER.MANAGER")["uuid"]
        users: list[dict[str, str]] = []
        for page in range(1, 5):
            query = f"page_size=300&page={page}&field=uuid&field=username"
            users += session.get(f"{sim.url}/api/users/?{query}").json()
        for user in [user for user in users if user["username"].startswith("user")]:
            session.post(f"{base}{uuid}/add_user/", json={"role": role, "user": user["uuid"]}).raise_for_status()
        for page in range(1, 5):
            session.get(f"{base}{uuid}/list_users/?page_size=300&page={page}").raise_for_status()

    yield "bare script, the same grants", seconds(bare, sim.reset)


def session_of(sim: Simulator) -> requests.Session:
    """One session with the staff token."""
    session = requests.Session()
    session.headers["Authorization"] = f"Token {sim.token('staff')}"
    return session


def replay(sim: Simulator, asked: list[dict[str, Any]]) -> None:
    """The same reading requests, one after the other."""
    session = session_of(sim)
    for row in asked:
        session.get(sim.url + row["path"]).raise_for_status()


def main() -> None:
    """Prints a table."""
    with Simulator.start(generate={"providers": 1, "users": 1, "grants": 0, "accounts": 0}) as sim:
        for part in (one_noun, whole_state, new_grants):
            for name, took in part(sim):
                print(f"{took:8.2f} s  {name}", flush=True)


if __name__ == "__main__":
    main()
