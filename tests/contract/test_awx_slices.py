# SPDX-License-Identifier: GPL-3.0-or-later
"""A sliced job of AWX in the real ansible-runner: a worker that dies half-way, the merged result, and its secrets."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from awx_credential import PROJECT
from benchmarks.bench import Bench, Sizes
from benchmarks.measurements import MEASUREMENTS
from integration.inventories import rows, unmarked
from integration.playbook import runner

from simulator_process import Simulator

from .awx import WITH_ENVIRONMENT, Hosts, Job, Outcome, descendants, inject, take_slice

PROVIDERS, SLICES = 24, 4
USER = "user0001"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator.start(generate={"providers": PROVIDERS, "users": 1}) as simulator:
        yield simulator


@pytest.fixture
def hosts(sim: Simulator, tmp_path: Path) -> Hosts:
    """The hosts of the inventory, as AWX has synced them."""
    source = str(PROJECT / "inventory" / "fleet.waldur.yml")
    outcome = runner(sim).command(["inventory", "-i", source, "--list", "--output", str(tmp_path / "hosts.json")])
    assert outcome.code == 0, outcome.output
    hosts: Hosts = unmarked(json.loads((tmp_path / "hosts.json").read_text()))["_meta"]["hostvars"]
    assert len(hosts) == PROVIDERS
    return hosts


@pytest.fixture
def documents(hosts: Hosts, tmp_path: Path) -> Path:
    """A document for each provider, which grants a role."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, variables in hosts.items():
        entry = {"customer": variables["waldur_customer_name"], "users": [{"user": USER}]}
        (folder / f"{name}.yml").write_text(yaml.safe_dump({"service_providers": [entry]}))
    return folder


def make_job(sim: Simulator, folder: Path, hosts: Hosts, documents: Path) -> Job:
    """Return a job with a credential, ready for its worker."""
    inputs = {"api_url": sim.url, "access_token": sim.token("staff"), "retries": "0"}
    job = Job(folder, inject(inputs, folder / "control").environment, {"providers_path": "providers"}, hosts)
    job.prepare(documents)
    job.transmit()
    return job


def merge(outcomes: list[Outcome]) -> dict[str, str]:
    """Return the results of all slices, of which no two have a host in common."""
    merged: dict[str, str] = {}
    for outcome in outcomes:
        assert not merged.keys() & outcome.results.keys()
        merged |= outcome.results
    return merged


def kill_when(sim: Simulator, job: Job, grants: int) -> None:
    """Kill the node of the job, with all of its processes, once so many roles were granted."""
    process = job.start()
    end = time.monotonic() + 120
    while sum(rule["fired"] for rule in sim.faults()) < grants:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.1)
    for pid in descendants(process.pid):
        # A short-lived process can have ended since the list was read.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def test_a_slice_that_dies_half_way_is_repeated_and_no_token_is_left_anywhere(
    sim: Simulator, hosts: Hosts, documents: Path, tmp_path: Path
) -> None:
    slices = [take_slice(hosts, number, SLICES) for number in range(1, SLICES + 1)]
    jobs = [make_job(sim, tmp_path / f"job{n}", part, documents) for n, part in enumerate(slices, 1)]
    assert [len(job.hosts) for job in jobs] == [PROVIDERS // SLICES] * SLICES
    # The second slice hangs in its third grant, and dies there.
    sim.fault(path="*/add_user/", method="write", times=2, delay=0)
    sim.fault(path="*/add_user/", method="write", skip=2, times=1, delay=20)
    kill_when(sim, jobs[1], 3)
    sim.clear_faults()
    others = [jobs[0], *jobs[2:]]
    for process in [job.start() for job in others]:
        assert process.wait(timeout=120) == 0
    outcomes = [job.process() for job in jobs]
    dead = outcomes.pop(1)
    assert (dead.status, dead.results) == ("error", {})
    assert "streaming was aborted" in dead.explanation
    assert [outcome.status for outcome in outcomes] == ["successful"] * (SLICES - 1)
    assert merge(outcomes) == {host: "changed" for job in others for host in job.hosts}

    repeated = make_job(sim, tmp_path / "repeated", jobs[1].hosts, documents)
    assert repeated.start().wait(timeout=120) == 0
    outcome = repeated.process()
    assert outcome.status == "successful"
    assert outcome.results.keys() == jobs[1].hosts.keys()
    assert {"ok", "changed"} == set(outcome.results.values())
    for variables in hosts.values():
        assert [row["user_username"] for row in rows(sim, f"{variables['waldur_uuid']}/list_users/")] == [USER]
    for job in (*jobs, repeated):
        assert_no_token(job, sim.token("staff"))


def assert_no_token(job: Job, token: str) -> None:
    """Search what the control node and the execution node keep of a job, except the files with its environment."""
    assert list(job.control_node.glob("artifacts/1/job_events/*.json"))
    for node in (job.control_node, job.execution_node):
        known = [node / name for name in WITH_ENVIRONMENT]
        assert {path.stat().st_mode & 0o777 for path in known if path.exists()} == {0o600}
        files = [path for path in node.rglob("*") if path.is_file() and path not in known]
        assert [path for path in files if token.encode() in path.read_bytes()] == []
    # AWX stores the environment of this line as its code has redacted it.
    lines = [line for line in job.stream.read_bytes().splitlines() if b'"status": "starting"' not in line]
    assert len(lines) > 1
    assert not any(token.encode() in line for line in lines)
    assert token not in (job.folder / "printed").read_text()


def test_the_benchmark_of_slices_measures_them() -> None:
    with Simulator.start(generate={"providers": 1, "users": 1}) as simulator:
        rows = list(
            MEASUREMENTS["slices"](Bench(simulator, Sizes(items=5, fleets=(2,), slices=(2,), forks=1), repeats=1))
        )
    assert [row.what.strip() for row in rows] == [
        "2 hosts in 2 slices, 1 forks each",
        "CPU",
        "memory of the largest process",
        "requests",
    ]
    # Each slice reads the list of providers and their customers, and each host its provider and grants.
    assert rows[-1].ours == "10"
