# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a fleet in slices, each of which is a job of its own in the real ansible-runner, as in AWX."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from contract.awx import PACKAGES, Hosts, Job, Process, take_slice
from integration.playbook import Runner

from .bench import Bench, Failed
from .playbooks import FOLDER, write_folder
from .result_table import Row, seconds


def slices(bench: Bench) -> Iterator[Row]:
    """Measure the largest fleet without changes, in different numbers of slices that all run on this machine."""
    if not PACKAGES.exists():
        yield Row("fleet in slices", "", "needs ansible-runner: make build/awx/installed")
        return
    providers, grants = bench.sizes.fleets[-1], bench.sizes.items // 5
    run, _path = write_folder(bench, providers=providers, grants=grants)
    hosts = json.loads((run.folder / "hosts.yml").read_text())["waldur_service_providers"]["hosts"]
    for count in bench.sizes.slices:
        yield from _sliced(bench, run, hosts, count)


def _sliced(bench: Bench, run: Runner, hosts: Hosts, count: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="slices-") as folder:
        jobs = [_make_job(bench, run, Path(folder, str(n)), take_slice(hosts, n, count)) for n in range(1, count + 1)]
        bench.sim.zero()
        begin = time.perf_counter()
        used = [_wait(process) for process in [job.start() for job in jobs]]
        wall = time.perf_counter() - begin
        requests = bench.sim.counts().requests
        for job in jobs:
            outcome = job.process()
            if outcome.status != "successful" or outcome.results != dict.fromkeys(job.hosts, "ok"):
                raise Failed(f"{outcome}\n{(job.folder / 'printed').read_text()[-3000:]}")
    forks = bench.sizes.forks
    yield Row(
        f"{len(hosts)} hosts in {count} slices, {forks} forks each", seconds(wall), f"{wall / len(hosts):.3f} s a host"
    )
    cpu = sum(own for own, _memory in used)
    yield Row("  CPU", seconds(cpu), f"{cpu / len(hosts):.3f} s a host")
    yield Row("  memory of the largest process", f"{max(memory for _cpu, memory in used) / 1024:.0f} MB")
    yield Row("  requests", str(requests))


def _make_job(bench: Bench, run: Runner, folder: Path, hosts: Hosts) -> Job:
    environment = {
        "WALDUR_API_URL": bench.sim.url,
        "WALDUR_ACCESS_TOKEN": bench.sim.token("staff"),
        "ANSIBLE_FORKS": str(bench.sizes.forks),
    }
    local = {host: {"ansible_connection": "local", **variables} for host, variables in hosts.items()}
    job = Job(folder, environment, {"providers_path": FOLDER}, local)
    job.prepare(run.folder / FOLDER)
    job.transmit()
    return job


def _wait(process: Process) -> tuple[float, int]:
    """Wait for a worker; return its CPU time, with that of its children, and the kilobytes of its largest process."""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"a worker ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss
