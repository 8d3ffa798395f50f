# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks with the real ansible-playbook, and search the output for tokens and secret codes."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from .commands import ansible, in_a_new_process
from .module_server import write_interpreter
from .name_mapping import NameMapping

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# How a task runs: inside Ansible's own process, or as a module in a process of its own. The values are connections.
EXECUTIONS = {"in_process": "local", "module": "as_module"}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: its exit code, its output, and the results of its tasks in their order."""

    code: int
    output: str
    lines: list[dict[str, Any]]

    @property
    def results(self) -> list[dict[str, Any]]:
        """Return the results without their tasks."""
        return [line["result"] for line in self.lines]

    @property
    def result(self) -> dict[str, Any]:
        """Return the result of the only task."""
        assert len(self.lines) == 1, self.output
        return self.results[0]

    def of(self, task: str) -> dict[str, Any]:
        """Return the result of the task of that name."""
        return next(line["result"] for line in self.lines if line["task"].endswith(task))


class WaldurServer(Protocol):
    """The Waldur that playbooks run against: a simulator or a real one."""

    @property
    def url(self) -> str:
        """Return its address."""

    @property
    def tokens(self) -> dict[str, str]:
        """Return the tokens, which must not be printed."""

    def token(self, alias: str) -> str:
        """Return the token of a user."""


@dataclass
class Runner:
    """Run playbooks against one Waldur. ``secrets`` must not be in any output; more can be added.

    ``name_mapping`` translates the names in playbooks and commands to those of the Waldur, and back in the output.
    """

    sim: WaldurServer
    folder: Path
    alias: str = "staff"
    execution: str = "in_process"
    # Whether modules run in forks of one Python, which is faster; see `module_server.py`.
    is_python_shared: bool = True
    secrets: set[str] = field(default_factory=set)
    name_mapping: NameMapping = field(default_factory=NameMapping)
    # Starts the runs of `run_without_callbacks`; tests without measurements can set `ansible`, which is cheaper.
    start: Callable[..., tuple[int, str]] = in_a_new_process

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a run: the URL and token, and no Ansible or Waldur settings of the caller."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "plugins" / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "plugins" / "connection"),
            "ANSIBLE_CONFIG": str(HERE / "plugins" / "ansible.cfg"),
            "ANSIBLE_HOME": _ansible_home(),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            "RESULTS_FILE": str(self.folder / "results.jsonl"),
            "WALDUR_API_URL": self.sim.url,
            "WALDUR_ACCESS_TOKEN": self.sim.token(self.alias),
            **extra,
        }

    def command(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, leaks_allowed: bool = False
    ) -> Outcome:
        """Run one of Ansible's commands; fail if a token or code is in the output."""
        results = self.folder / "results.jsonl"
        results.write_text("")
        code, printed = ansible(self.translate_names(command), self.folder, self.environment(environment or {}))
        if not leaks_allowed:
            for secret in {*self.sim.tokens.values(), *self.secrets}:
                assert secret not in printed, "a token or a secret code was printed"
                assert secret not in results.read_text(), "a token or a secret code is in a result"
        lines = [self.name_mapping.from_target(json.loads(line)) for line in results.read_text().splitlines()]
        return Outcome(code, self.name_mapping.from_target(printed), lines)

    def translate_names(self, value: Any) -> Any:
        """Return *value* with the names of this Waldur; skip the test if a name has no counterpart."""
        if reason := self.name_mapping.missing_reason(value):
            pytest.skip(reason)
        return self.name_mapping.to_target(value)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder, with the names of this Waldur."""
        path = self.folder / name
        path.write_text(self.translate_names(text))
        return path

    def inventory(self) -> str:
        """Write an inventory whose host runs tasks in the given execution mode."""
        path = self.folder / "inventory.yml"
        # Ansible does not quote an interpreter whose path holds a space when a task is asynchronous.
        python = self.folder / "python"
        write_interpreter(python, is_shared=self.is_python_shared)
        host = {
            "ansible_connection": EXECUTIONS[self.execution],
            "ansible_python_interpreter": str(python),
            # Ansible writes and reads results of asynchronous tasks in two folders where HOME is not the user's own.
            "ansible_async_dir": str(self.folder / "async"),
        }
        path.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": host}}}))
        return str(path)

    def play(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *options: str,
        environment: Mapping[str, str] | None = None,
        leaks_allowed: bool = False,
        **keys: Any,
    ) -> Outcome:
        """Run tasks in a play of their own with ``--diff`` and the highest verbosity."""
        play = {"name": "Case", "hosts": "localhost", "gather_facts": False, **keys, "tasks": list(tasks)}
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(self.translate_names([play]), sort_keys=False))
        command = ["playbook", "-i", self.inventory(), "--diff", "-vvvv", *options, str(path)]
        return self.command(command, environment, leaks_allowed=leaks_allowed)

    def run_without_callbacks(
        self, tasks: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], url: str
    ) -> Outcome:
        """Run tasks without the callbacks of the tests, for measurements."""
        play = {"name": "Case", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
        for name, content in (
            ("play.yml", [play]),
            ("variables.json", {"ansible_python_interpreter": sys.executable, **variables}),
        ):
            (self.folder / name).write_text(json.dumps(content))
        command = ["playbook", "-i", "localhost,", "-c", "local", "-e", "@variables.json", "play.yml"]
        environment = self.environment({"WALDUR_API_URL": url})
        del environment["ANSIBLE_CALLBACKS_ENABLED"], environment["ANSIBLE_CALLBACK_PLUGINS"]
        return Outcome(*self.start(command, self.folder, environment), [])


@functools.cache
def _ansible_home() -> str:
    """Return a folder for temporary files of all runs; `commands.Configured` requires the same one for all."""
    folder = tempfile.mkdtemp(prefix="ansible-")
    atexit.register(shutil.rmtree, folder)
    return folder


def runner(sim: WaldurServer, alias: str = "staff", execution: str = "in_process") -> Runner:
    """Return a runner with a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="play-"))
    return Runner(sim, folder, alias, execution, name_mapping=getattr(sim, "name_mapping", None) or NameMapping())
