# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure accounts on a machine: one task, compared with loops of the modules ``user`` and ``authorized_key``.

It runs as root in a mount namespace with a copy of /etc. A loop over all users takes half an hour, so it runs over a
sample, and its time is extrapolated. Items cost more the longer the files are, so this is in favour of the loop.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linux_machine import KEY, account
from machines.namespace import Namespace, find_obstacle

from .bench import Bench, Failed
from .result_table import Row, seconds, times

ROOT = Path(__file__).resolve().parents[2]
# A folder of collections with ansible.posix, which the collection itself does not need.
POSIX_VARIABLE = "BENCHMARK_COLLECTIONS"
_GROUPS_PER_USER = 2
_SAMPLE = 20
_BUDGET = 2.0


@dataclass(frozen=True)
class _List:
    """The accounts and groups to create, for both the task and the loop."""

    accounts: list[dict[str, Any]]
    groups: list[dict[str, Any]]


def _make_list(users: int, groups: int) -> _List:
    names = [f"project{number}" for number in range(groups)]
    accounts = [
        account(
            f"person{number}",
            20000 + number,
            groups=sorted({names[(number * (step * 7 + 1)) % groups] for step in range(_GROUPS_PER_USER)}),
        )
        for number in range(users)
    ]
    rows = [{"name": row["name"], "gid": row["uid"]} for row in accounts]
    return _List(accounts, rows + [{"name": name, "gid": 60000 + number} for number, name in enumerate(names)])


def _one_task(_desired: _List) -> list[dict[str, Any]]:
    """Return the task of the role, which takes the list from the result of a task."""
    loaded = "{{ (lookup('ansible.builtin.file', 'list.json') | from_json).%s }}"
    options = {"accounts": loaded % "accounts", "groups": loaded % "groups"}
    return [{"name": "Apply", "waldur.provider.linux_accounts": options}]


def _loop(desired: _List) -> list[dict[str, Any]]:
    user = {
        "name": "{{ item.name }}",
        "uid": "{{ item.uid }}",
        "group": "{{ item.group }}",
        "groups": "{{ item.groups }}",
        "home": "{{ item.home }}",
        "shell": "/bin/bash",
    }
    return [
        {"name": "Groups", "ansible.builtin.group": {"name": "{{ item.name }}", "gid": "{{ item.gid }}"}}
        | {"loop": desired.groups},
        {"name": "Users", "ansible.builtin.user": user, "loop": desired.accounts},
        {"name": "Keys", "ansible.posix.authorized_key": {"user": "{{ item.name }}", "key": KEY, "exclusive": True}}
        | {"loop": desired.accounts},
    ]


class _Machine:
    """A machine on which playbooks run, and how long they take."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self._namespace, self._folder = namespace, folder
        kept: Mapping[str, str] = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))
        }
        self._environment = {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join((str(ROOT / "build"), os.environ.get(POSIX_VARIABLE, ""))),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_CONFIG": str(ROOT / "build" / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "ansible"),
        }

    def play(self, tasks: list[dict[str, Any]]) -> float:
        """Run tasks; return the seconds."""
        play = {"name": "Case", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
        (self._folder / "play.yml").write_text(json.dumps([play]))
        # Ansible does not quote the interpreter, whose path may contain spaces.
        interpreter = self._folder / "python"
        interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        interpreter.chmod(0o755)
        begin = time.perf_counter()
        done = self._namespace.run(
            *(sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local"),
            *("-e", f"ansible_python_interpreter={interpreter}", "play.yml"),
            cwd=self._folder,
            environment=self._environment,
        )
        if done.returncode:
            raise Failed((done.stdout + done.stderr)[-2000:])
        return time.perf_counter() - begin


def machines(bench: Bench) -> Iterator[Row]:
    """Measure 1,000 accounts and 200 groups on one host: the first run, and a run without changes."""
    users, groups, sample = bench.sizes.items, max(2, bench.sizes.items // 5), min(_SAMPLE, bench.sizes.items)
    if obstacle := find_obstacle("useradd"):
        yield Row("accounts on a machine", "-", obstacle)
        return
    has_loop = (Path(os.environ.get(POSIX_VARIABLE, "-")) / "ansible_collections" / "ansible" / "posix").is_dir()
    whole, part = _make_list(users, groups), _make_list(sample, max(2, groups * sample // users))
    ours, loops = _run(_one_task(whole), whole), _run(_loop(part), part) if has_loop else None
    for number, what in enumerate(("first run", "no change")):
        # The time that Ansible takes to start is included in our time, and not in that of the loop.
        loop = None if loops is None else (loops[number] - loops[2]) * users / sample
        compared = f"a loop: {seconds(loop)}" if loop else f"no ansible.posix in {POSIX_VARIABLE}"
        ratio = loop / ours[number] if loop else None
        yield Row(
            f"{users} accounts and {groups} groups, {what}",
            seconds(ours[number]),
            compared,
            times(ratio) if ratio else "",
            "> 50 x faster",
            ratio > 50 if ratio else None,
        )
    module = ours[1] - ours[2]
    yield Row("  no change, without Ansible's start", seconds(module), "", "", "<= 2 s", module <= _BUDGET)


def _run(tasks: list[dict[str, Any]], desired: _List) -> tuple[float, float, float]:
    """Return the seconds of a first run, of a run without changes, and of a play without tasks, on a new machine."""
    with tempfile.TemporaryDirectory() as name, Namespace(Path(name)) as namespace:
        (Path(name) / "list.json").write_text(json.dumps({"accounts": desired.accounts, "groups": desired.groups}))
        machine = _Machine(namespace, Path(name))
        return machine.play(tasks), machine.play(tasks), machine.play([])
