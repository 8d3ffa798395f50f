# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of both kinds of pipelines share: the repository of a user, and a machine that runs jobs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "gitops"
PROGRAMS = Path(__file__).with_name("programs")
# Settings of the machine that runs the tests. A job must not depend on them.
FOREIGN = ("ANSIBLE_", "CI_", "GH_", "GIT_", "GITHUB_", "GITLAB_", "PIP_", "WALDUR_")

# Each job installs the same packages. The program runs once for the same arguments and requirements.
INSTALLER = """\
#!/bin/sh
case " $*" in
    *" install "*) ;;
    *) exec {program} "$@" ;;
esac
done={done}/$(printf '%s\\n' {program} "$@" | cat - requirements.txt requirements.yml | cksum | tr ' ' -)
[ -e "$done" ] || {program} "$@" && : >"$done"
"""


@dataclass(frozen=True)
class Machine:
    """A machine that runs jobs: it has Ansible and this collection, and no network.

    The commands of the jobs that install packages and collections run, and find that these are installed; where
    requirements are not met, they fail.
    """

    programs: Path
    collections: Path
    home: Path

    @classmethod
    def prepare(cls, folder: Path) -> Machine:
        """Build the collection, unpack it, and write the programs into a folder."""
        machine = cls(folder / "programs", folder / "collections", folder / "home")
        for path in (machine.programs, machine.home):
            path.mkdir()
        for path in PROGRAMS.glob("[a-z]*.py"):
            script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(path))} "$@"\n'
            machine.write_program(path.stem, script)
        for name in ("pip", "ansible-galaxy"):
            program = shlex.quote(str(Path(sys.executable).with_name(name)))
            machine.write_program(name, INSTALLER.format(program=program, done=shlex.quote(str(machine.home))))
        command = [sys.executable, "-m", "ansible.cli.galaxy", "collection", "build", str(ROOT)]
        run([*command, "--output-path", str(folder)], folder, machine.environment())
        (artifact,) = folder.glob("*.tar.gz")
        shutil.unpack_archive(artifact, machine.collections / "ansible_collections" / "waldur" / "provider")
        return machine

    def write_program(self, name: str, script: str) -> None:
        """Write a program that jobs find before any other of that name."""
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """Return the environment of every job, without variables of the pipeline."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        folders = [str(self.programs), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        return {
            **kept,
            "PATH": os.pathsep.join(folders),
            "HOME": str(self.home),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_NOCOLOR": "1",
            # An address that refuses connections: a collection that is not installed is an error.
            "ANSIBLE_GALAXY_SERVER": "http://127.0.0.1:9/",
            "PIP_NO_INDEX": "1",
            "NO_COLOR": "1",
        }


@dataclass(frozen=True)
class Repository:
    """The repository of a user: a copy of the example, with a commit on its main branch."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Repository:
        """Copy the example, as git has it, and commit it."""
        ignored = shutil.ignore_patterns("build", "approved", ".ansible")
        shutil.copytree(EXAMPLE, folder, ignore=ignored)
        repository = cls(folder)
        repository.git("init", "--quiet", "--initial-branch", "main")
        repository.git("remote", "add", "origin", "https://gitlab.example.org/hpc/waldur.git")
        repository.commit("Copy the example")
        return repository

    def git(self, *words: str) -> str:
        """Run git, and return what it printed."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return run(["git", *identity, *words], self.folder, kept).strip()

    def commit(self, subject: str) -> str:
        """Commit all files, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of the files."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_with(secrets: list[str], folder: Path) -> Iterator[str]:
    """Return the files below a folder that contain one of the secrets."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets):
            yield str(path.relative_to(folder))


def description(sim: Simulator, customer: str) -> str:
    """Return the description of a service provider as Waldur stores it."""
    request = urllib.request.Request(f"{sim.url}/api/marketplace-service-providers/?page_size=300")
    request.add_header("Authorization", f"Token {sim.token('staff')}")
    with urllib.request.urlopen(request, timeout=30) as response:
        rows = json.loads(response.read())
    return str(next(row["description"] for row in rows if row["customer_name"] == customer))
