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
import requests
import yaml

from simulator_process import Simulator

from .playbook import EXECUTIONS, runner

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


def begin(
    sim: Simulator, execution: str, task: dict[str, Any], path: str = "*/add_user/", skip: int = 1, delay: float = 20
) -> subprocess.Popen[str]:
    """Start a playbook whose second grant, or the request of *path*, is delayed, and wait until the server has it."""
    run = runner(sim, execution=execution)
    run.is_python_shared = False
    play = run.write("play.yml", yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    sim.fault(method="write", path=path, skip=skip, delay=delay)
    # A shell starts background jobs with an ignored SIGINT, which ansible-core 2.17 would leave ignored.
    reset = ["env", "--default-signal=INT"]
    command = [*reset, sys.executable, "-m", "ansible", "playbook", "-i", run.inventory(), str(play)]
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
        assert time.monotonic() < end, "the request was never sent"
        assert started.poll() is None, started.stderr and started.stderr.read()
        time.sleep(0.05)
    return started


GROUPS = [
    {"project": "Project c1", "gid": 30001, "name": "climate"},
    {"project": "Project d1", "gid": 30002, "name": "genome"},
]
DOCUMENT = {
    "customer": "Alpha Cloud Ltd",
    "posix_id_pool": {"min_uid": 20000, "max_uid": 20099, "min_group_gid": 30000, "max_group_gid": 30099},
    "project_groups": GROUPS,
    "offering_usernames": [{"user": "member3", "username": "m3"}],
}
GROUPS_REPORT = """\
  applied: 1
    create POSIX ID pool (Alpha Cloud Ltd)
  failed_change: 1
    create_group Project c1 (Alpha Cloud Ltd)
  uncertain (sent, answer unknown; check it with a run in check mode): 2
    create_group Project c1 (Alpha Cloud Ltd)
    create_group Project d1 (Alpha Cloud Ltd)
  not_applied: 1
    set_username member3 (Alpha Cloud Ltd)
"""


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_interrupted_project_groups_are_uncertain_and_another_run_completes_the_document(execution: str) -> None:
    task = {"waldur.provider.desired_state": {"service_providers": [DOCUMENT]}}
    with Simulator.start(edition="2026") as sim:
        started = begin(sim, execution, task, path="*/import_groups/", skip=0, delay=6)
        os.killpg(started.pid, signal.SIGINT)
        _output, errors = started.communicate(timeout=15)
        assert "User interrupted execution" in errors
        assert GROUPS_REPORT in errors
        assert sim.token("staff") not in errors
        sim.clear_faults()
        # The request that got no answer is carried out all the same, before or after the next run.
        again = runner(sim, execution=execution).play([{"name": "Apply", **task}, {"name": "Repeat", **task}])
        assert again.code == 0, again.output
        assert again.results[-1]["changed"] is False
        groups = {row["project_name"]: (row["gid"], row["name"]) for row in project_groups(sim)}
        assert groups == {one["project"]: (one["gid"], one["name"]) for one in GROUPS}


def project_groups(sim: Simulator) -> list[dict[str, Any]]:
    """The groups as the server has them."""
    headers = {"Authorization": f"Token {sim.token('staff')}"}
    address = f"{sim.url}/api/marketplace-service-provider-project-groups/"
    return requests.get(address, headers=headers, timeout=10).json()  # type: ignore[no-any-return]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_an_interrupted_apply_reports_what_was_applied_and_starts_nothing_more(
    own_sim: Simulator, execution: str
) -> None:
    sim = own_sim
    users = [{"user": f"member{number}"} for number in (1, 2, 3)]
    options = {"service_provider": "ALPHA", "users": "{{ item }}"}
    task = {"waldur.provider.user_role": options, "loop": [users, [{"user": "outsider"}]]}
    started = begin(sim, execution, task)
    os.killpg(started.pid, signal.SIGINT)
    _output, errors = started.communicate(timeout=15)
    assert "User interrupted execution" in errors
    assert f"[ERROR]: waldur.provider.user_role on localhost: grant member2 as {ROLE}: interrupted by SIG" in errors
    assert REPORT in errors
    assert sim.token("staff") not in errors
    assert sum(request["method"] == "POST" for request in sim.requests()) <= 2
