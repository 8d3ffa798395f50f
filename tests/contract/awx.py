# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: credentials by its own code, slices of an inventory, and the real ansible-runner."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from awx_credential import PROJECT, TYPE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "awx"
# Where AWX mounts the folder of a job in the container of the execution environment.
MOUNTED = "/runner"
# Its folder comes last on the path, so that Ansible and the packages that it shares with it are those of the tests.
START = "import site, sys; site.addsitedir(sys.argv.pop(1)); from ansible_runner.__main__ import main; sys.exit(main())"
RUNNER = ("-c", START, str(PACKAGES))
# As AWX does, because the command ends with 0 also where the stream was cut off.
PROCESS = """
import json, site, sys
site.addsitedir(sys.argv[1])
import ansible_runner
seen = []
handler = lambda data, runner_config: seen.append(data)
ansible_runner.interface.run(streamer="process", private_data_dir=sys.argv[2], ident="1", status_handler=handler)
print("\\n" + json.dumps(seen[-1]))
"""
PLAYBOOK = "apply_fleet.yml"
# The files with the environment of a job, and therefore with its token. AWX deletes the folder after the job.
WITH_ENVIRONMENT = ("env/envvars", "artifacts/1/command")
Process: TypeAlias = subprocess.Popen[bytes]
Hosts: TypeAlias = Mapping[str, Mapping[str, Any]]


# --- credentials -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Injected:
    """What a job gets of a credential: its environment, what AWX stores of that, and arguments of ansible-playbook."""

    environment: dict[str, str]
    stored: dict[str, str]
    arguments: list[str]


def inject(inputs: Mapping[str, Any], folder: Path) -> Injected:
    """Give a credential of our type to the job in that folder, with the code of AWX.

    Without a container, the files are where AWX writes them and not where it mounts them.
    """
    if str(PACKAGES) not in sys.path:
        sys.path.append(str(PACKAGES))
    from awx_plugins.interfaces import _temporary_private_api as types
    from awx_plugins.interfaces._temporary_private_credential_api import Credential
    from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

    (folder / "env").mkdir(parents=True, exist_ok=True)
    kind = types.ManagedCredentialType(
        namespace="waldur",
        name=TYPE["name"],
        kind=TYPE["kind"],
        inputs=TYPE["inputs"],
        injectors=TYPE["injectors"],
    )
    injected = Injected({}, {}, [])
    inject_credential(
        kind, Credential(dict(inputs)), injected.environment, injected.stored, injected.arguments, str(folder)
    )
    prefix = f"{MOUNTED}/env/"
    for name, value in injected.environment.items():
        if value.startswith(prefix):
            injected.environment[name] = str(folder / "env" / value.removeprefix(prefix))
    return injected


# --- jobs ------------------------------------------------------------------------------------------------------------


def take_slice(hosts: Hosts, number: int, count: int) -> dict[str, Mapping[str, Any]]:
    """Return the hosts of a slice (the first is 1): AWX takes every ``count``-th host of those sorted by name."""
    return {name: hosts[name] for name in sorted(hosts)[number - 1 :: count]}


@dataclass(frozen=True)
class Outcome:
    """What AWX knows of a job: the status of ansible-runner, its explanation, and the result of each host.

    A job that was cut off has no summary, and therefore no results.
    """

    status: str
    explanation: str
    results: dict[str, str]


@dataclass
class Job:
    """A job of AWX that applies a fleet: a folder on the control node, and one on the execution node."""

    folder: Path
    environment: Mapping[str, str]
    variables: Mapping[str, Any]
    hosts: Hosts

    @cached_property
    def control_node(self) -> Path:
        """The folder in which AWX prepares the job, and which gets its results."""
        return self.folder / "control"

    @cached_property
    def execution_node(self) -> Path:
        """The folder in which the job runs."""
        return self.folder / "execution"

    @property
    def stream(self) -> Path:
        """What the worker has sent."""
        return self.folder / "worker.stream"

    def prepare(self, documents: Path) -> None:
        """Write the folder of the job as AWX does: project, inventory and environment."""
        shutil.copytree(PROJECT, self.control_node / "project")
        shutil.copytree(documents, self.control_node / "project" / "providers")
        (self.control_node / "inventory").mkdir()
        script = self.control_node / "inventory" / "hosts"
        script.write_text(_inventory_script(self.hosts), encoding="utf-8")
        script.chmod(0o700)
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_HOME": str(self.folder / "home"),
            **self.environment,
        }
        (self.control_node / "env").mkdir(exist_ok=True)
        for name, content in (("envvars", environment), ("extravars", self.variables)):
            path = self.control_node / "env" / name
            path.touch(0o600)
            path.write_text(json.dumps(content), encoding="utf-8")

    def transmit(self) -> None:
        """Pack the job for the execution node."""
        options = ["--playbook", PLAYBOOK, "--ident", "1", "--omit-env-files"]
        with (self.folder / "transmitted.stream").open("wb") as output:
            _wait(_start([*RUNNER, "transmit", str(self.control_node), *options], output=output))

    def start(self) -> Process:
        """Start the job on the execution node."""
        with (self.folder / "transmitted.stream").open("rb") as given, self.stream.open("wb") as output:
            command = [*RUNNER, "worker", "--private-data-dir", str(self.execution_node)]
            return _start(command, stdin=given, output=output)

    def process(self) -> Outcome:
        """Read what the worker sent into the folder of the control node, and return what AWX knows then."""
        printed = self.folder / "printed"
        with self.stream.open("rb") as given, printed.open("wb") as output:
            _wait(_start(["-c", PROCESS, str(PACKAGES), str(self.control_node)], stdin=given, output=output))
        last = json.loads(printed.read_text(encoding="utf-8").splitlines()[-1])
        results: dict[str, str] = {}
        for path in (self.control_node / "artifacts" / "1" / "job_events").glob("*.json"):
            event = json.loads(path.read_text(encoding="utf-8"))
            if event["event"] == "playbook_on_stats":
                results = _summarize(event["event_data"])
        return Outcome(last["status"], last.get("job_explanation", ""), results)


def _start(command: Sequence[str], *, output: Any, stdin: Any = subprocess.DEVNULL) -> Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**kept, "PATH": path}
    return subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        stdin=stdin,
        stdout=output,
        start_new_session=True,
    )


def _wait(process: Process) -> int:
    return process.wait(timeout=120)


def _inventory_script(hosts: Hosts) -> str:
    """Return the script that AWX writes in place of an inventory: it prints the hosts of the slice."""
    inventory = {
        "all": {"hosts": [], "children": ["waldur_service_providers"]},
        "waldur_service_providers": {"hosts": list(hosts)},
        "_meta": {"hostvars": hosts},
    }
    return f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(inventory)!r})\n"


def _summarize(stats: Mapping[str, Any]) -> dict[str, str]:
    """Return failed, changed or ok for each host, as AWX shows it."""
    hosts = {name for counter in ("ok", "changed", "failures", "dark") for name in stats[counter]}

    def result(host: str) -> str:
        if host in stats["failures"] or host in stats["dark"]:
            return "failed"
        return "changed" if stats["changed"].get(host) else "ok"

    return {host: result(host) for host in sorted(hosts)}


def descendants(pid: int) -> list[int]:
    """Return the process and all that it has started, in whatever session they are."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except FileNotFoundError:
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for known in found:
        found += parents.get(known, [])
    return found
