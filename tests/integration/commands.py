# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's commands in forks of one process that has imported their libraries already: these tests run Ansible
more than a thousand times. `command_server.py` is that process, and says what runs share.

What a run can't share (variables that Python itself reads when it starts) gets a process of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVER = Path(__file__).with_name("command_server.py")
# When a command that hangs is ended: much later than any command takes on a busy machine.
SECONDS = 400

DEPRECATED = re.compile(r"\[DEPRECATION WARNING\]|\w*DeprecationWarning: ")
# Of the machine that Ansible runs on, and of a callback whose files are searched for secrets as long as there is one:
# nothing that the collection uses, or could repair.
NOT_OURS = re.compile(r"Ansible will require Python|tree (?:has been|callback plugin is) deprecated")


def ansible(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    seconds: int = SECONDS,
    *,
    merged: bool = False,
) -> tuple[int, str]:
    """Runs ``command`` (``playbook``, ``inventory``, …, and its arguments) in ``folder``, with this environment alone.

    Returns its exit code and what it printed, errors behind the rest, or with ``merged`` where a terminal shows them.
    Raises `subprocess.TimeoutExpired` when it takes longer than ``seconds``; then it is ended, and the next can run.
    Raises `AssertionError` when Ansible or Python told of something that the collection uses and that will go away.
    """
    if any(name.startswith("PYTHON") and os.environ.get(name) != value for name, value in environment.items()):
        code, printed = in_a_new_process(command, folder, environment, merged=merged)
    else:
        code, printed = _server().run(command, folder, environment, seconds, merged=merged)
    if found := deprecations(printed):
        raise AssertionError("\n".join(["something that is used here will go away:", *found]))
    return code, printed


def deprecations(printed: str) -> list[str]:
    """Where in what was printed Ansible or Python tell of something of ours that will go away.

    Each begins with the line that says so; two more follow, as Ansible 2.18 and older break their lines.
    """
    lines = printed.splitlines()
    begin = [place for place, line in enumerate(lines) if DEPRECATED.search(line) and not NOT_OURS.search(line)]
    return [" ".join(lines[place : place + 3]) for place in begin]


def in_a_new_process(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    seconds: int = SECONDS,
    *,
    merged: bool = False,
) -> tuple[int, str]:
    """The same as people start it: for what is measured."""
    done = subprocess.run(
        [sys.executable, "-m", f"ansible.cli.{command[0]}", *command[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout + (done.stderr or "")


class Server:
    """The process that forks, and what is said to it: a line of JSON for each run, answered by its exit code."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="commands-")
        command = [sys.executable, str(SERVER), self._folder]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: int, *, merged: bool
    ) -> tuple[int, str]:
        """See `ansible`."""
        with tempfile.TemporaryDirectory(prefix="printed-") as scratch:
            out, err = Path(scratch, "out"), Path(scratch, "out" if merged else "err")
            asked = [*command], str(folder), dict(environment), str(out), str(err), seconds
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            code: int | None = json.loads(self._process.stdout.readline())
            printed = "".join(path.read_text(encoding="utf-8") for path in dict.fromkeys((out, err)))
        if code is None:
            raise subprocess.TimeoutExpired([*command], seconds, output=printed)
        return code, printed


@functools.cache
def _server() -> Server:
    return Server()
