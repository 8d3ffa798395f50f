# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ansible-playbook that is interrupted while it writes, as by Ctrl-C: the user learns what was applied."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from simulation import Simulator

from .playbook import WAYS, runner

ROLE = "CUSTOMER.MANAGER (Alpha Cloud Ltd)"
REPORT = f"""\
  applied: 1
    grant member1 as {ROLE}
  failed_change: 1
    grant member2 as {ROLE}
  uncertain (sent, answer unknown; check it with a run in check mode): 1
    grant member2 as {ROLE}
  not_applied: 1
    grant member3 as {ROLE}
"""


@pytest.fixture
def own_sim() -> Iterator[Simulator]:
    """A Waldur of its own, as a request that got no answer is still carried out some seconds later."""
    with Simulator.start() as simulator:
        yield simulator


def begin(sim: Simulator, way: str, task: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a playbook whose second grant gets no answer, and wait until that grant is under way."""
    run = runner(sim, way=way)
    play = run.write("play.yml", yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    sim.fault(method="write", path="*/add_user/", skip=1, delay=20)
    command = [sys.executable, "-m", "ansible", "playbook", "-i", run.inventory(is_shared=False), str(play)]
    started = subprocess.Popen(
        command,
        env=run.environment({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not sim.faults()[0]["fired"]:
        assert time.monotonic() < end, "the second grant was never asked for"
        assert started.poll() is None, started.stderr and started.stderr.read()
        time.sleep(0.05)
    return started


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupted_apply_reports_what_was_applied_and_starts_nothing_more(own_sim: Simulator, way: str) -> None:
    sim = own_sim
    users = [{"user": f"member{number}"} for number in (1, 2, 3)]
    options = {"service_provider": "ALPHA", "users": "{{ item }}"}
    task = {"waldur.provider.user_role": options, "loop": [users, [{"user": "outsider"}]]}
    started = begin(sim, way, task)
    os.killpg(started.pid, signal.SIGINT)
    _output, errors = started.communicate(timeout=15)
    assert "User interrupted execution" in errors
    assert f"[ERROR]: waldur.provider.user_role on localhost: grant member2 as {ROLE}: interrupted by SIG" in errors
    assert REPORT in errors
    assert sim.token("staff") not in errors
    assert sum(request["method"] == "POST" for request in sim.requests()) <= 2
