# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of its own in a mount namespace: real programs see a copy of /etc, and empty /home, /run and /var/lib.

Nothing that happens in it reaches the files of the machine that the tests run on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

_SETUP = """
set -e
cp -a /etc/. {etc}/
mount --bind {etc} /etc
for folder in /home /run /var/lib; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mkdir -p /run/sshd /var/lib/extrausers
rm -f /etc/nologin
echo ready
exec cat
"""


def find_obstacle(*programs: str) -> str:
    """Return why there can be no such machine here, empty if there can."""
    if os.geteuid() != 0:
        return "it needs root, to mount copies of /etc and to start sshd"
    missing = [name for name in ("unshare", "nsenter", *programs) if not find_program(name)]
    if missing:
        return f"it needs {', '.join(missing)}"
    probe = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/home"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return f"no mount namespace is allowed here: {done.stderr.strip()}" if done.returncode else ""


def find_program(program: str) -> str | None:
    """Return the path of a program of the system, None if it is not installed."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def requires(*programs: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test where there can be no such machine."""
    obstacle = find_obstacle(*programs)
    return pytest.mark.skipif(bool(obstacle), reason=obstacle or "-")


class Namespace:
    """A running machine; a context manager that ends it."""

    def __init__(self, folder: Path) -> None:
        etc = folder / "etc"
        etc.mkdir()
        script = _SETUP.format(etc=shlex.quote(str(etc)))
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", "the namespace could not be made"

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def command(self, *command: str) -> list[str]:
        """Return the command that runs ``command`` in the machine."""
        return ["nsenter", "-t", str(self._process.pid), "--mount", *command]

    def run(
        self, *command: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, in a folder."""
        entered = ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", str(cwd or "/"), *command]
        return subprocess.run(
            self.command(*entered), capture_output=True, text=True, check=False, env=environment, timeout=12000
        )

    def output(self, *command: str) -> str:
        """Return what a command prints, whatever its exit code."""
        return self.run(*command).stdout

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program in the machine."""
        return subprocess.Popen(self.command(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
