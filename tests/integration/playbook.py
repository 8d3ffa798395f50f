# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks with the real ansible-playbook, and looks for tokens and secret codes in all that it prints."""

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
from .modules import write_interpreter
from .name_mapping import NameMapping

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# How a task runs: inside Ansible's own process, or as a module in a process of its own.
WAYS = ("local", "as_module")


@dataclass(frozen=True)
class Outcome:
    """What a run left: its exit code, all that it printed, and the results in their order."""

    code: int
    output: str
    lines: list[dict[str, Any]]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results alone."""
        return [line["result"] for line in self.lines]

    @property
    def result(self) -> dict[str, Any]:
        """The result of the only task."""
        assert len(self.lines) == 1, self.output
        return self.results[0]

    def of(self, task: str) -> dict[str, Any]:
        """The result of the task of that name."""
        return next(line["result"] for line in self.lines if line["task"].endswith(task))


class Target(Protocol):
    """Where playbooks run against: a simulator, or a Waldur of any kind."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def tokens(self) -> dict[str, str]:
        """The tokens that may be printed nowhere."""

    def token(self, alias: str) -> str:
        """The token of one user."""


@dataclass
class Runner:
    """Runs playbooks against one Waldur. ``secrets`` must appear in no output; more can be added.

    The names of the recorded world become those of ``name_mapping`` on their way in, and come back in what is printed.
    """

    sim: Target
    folder: Path
    alias: str = "staff"
    way: str = "local"
    secrets: set[str] = field(default_factory=set)
    name_mapping: NameMapping = field(default_factory=NameMapping)
    # Starts the runs of `quietly`; a test that measures nothing can replace it with `ansible`, which is cheaper.
    start: Callable[..., tuple[int, str]] = in_a_new_process

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of a run: nothing of the caller's Ansible or Waldur settings, the token beside the URL."""
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
        """Runs one of Ansible's commands; fails when a token or code is in what it prints."""
        results = self.folder / "results.jsonl"
        results.write_text("")
        code, printed = ansible(self.said_here(command), self.folder, self.environment(environment or {}))
        if not leaks_allowed:
            for secret in {*self.sim.tokens.values(), *self.secrets}:
                assert secret not in printed, "a token or a secret code was printed"
                assert secret not in results.read_text(), "a token or a secret code is in a result"
        lines = [self.name_mapping.from_target(json.loads(line)) for line in results.read_text().splitlines()]
        return Outcome(code, self.name_mapping.from_target(printed), lines)

    def said_here(self, value: Any) -> Any:
        """*value* with this Waldur's names; the test is skipped where it has no counterpart."""
        if why := self.name_mapping.missing_reason(value):
            pytest.skip(why)
        return self.name_mapping.to_target(value)

    def write(self, name: str, text: str) -> Path:
        """A file of that name in the folder."""
        path = self.folder / name
        path.write_text(self.said_here(text))
        return path

    def inventory(self, *, is_shared: bool = True) -> str:
        """A host that runs tasks the wanted way, with the interpreter of the tests; see `modules.write_interpreter`."""
        path = self.folder / "inventory.yml"
        # Ansible does not quote an interpreter whose path holds a space when a task is asynchronous.
        python = self.folder / "python"
        write_interpreter(python, is_shared=is_shared)
        host = {
            "ansible_connection": self.way,
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
        """Runs tasks in a play of their own with ``--diff`` and the highest verbosity."""
        play = {"name": "Case", "hosts": "localhost", "gather_facts": False, **keys, "tasks": list(tasks)}
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(self.said_here([play]), sort_keys=False))
        command = ["playbook", "-i", self.inventory(), "--diff", "-vvvv", *options, str(path)]
        return self.command(command, environment, leaks_allowed=leaks_allowed)

    def quietly(self, tasks: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], url: str) -> Outcome:
        """Runs tasks as people run them, with nothing of ours listening: for measuring."""
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
    """The same for all runs, which `commands.Configured` wants, and which only keep what is temporary there."""
    folder = tempfile.mkdtemp(prefix="ansible-")
    atexit.register(shutil.rmtree, folder)
    return folder


def runner(sim: Target, alias: str = "staff", way: str = "local") -> Runner:
    """A runner with a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="play-"))
    return Runner(sim, folder, alias, way, name_mapping=getattr(sim, "name_mapping", None) or NameMapping())
