# SPDX-License-Identifier: GPL-3.0-or-later
"""Run jobs of workflows of GitHub: their ``run`` steps as they are written, and an equivalent for each action.

The actions are listed in ``ACTIONS``; any other is an error. ``actions/checkout`` clones the repository,
``actions/setup-python`` leaves the Python of the tests, and ``actions/upload-artifact`` copies the files.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .pipelines import Machine, Repository

EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")
# What GitHub knows about steps that run in any case. Other conditions are not used by the example.
ALWAYS = "always()"
SECRETS = ("github.token", "secrets.WALDUR_ACCESS_TOKEN")


@dataclass
class Job:
    """A job of a workflow, which runs once. ``log`` is what its steps print, ``failed`` the steps that failed."""

    github: GitHub
    name: str
    number: str
    workspace: Path
    definition: dict[str, Any]
    contexts: Mapping[str, str]
    log: str = ""
    summary: str = ""
    ran: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def run(self) -> Job:
        """Run the steps in their order. After a failure, only steps with always() run."""
        for step in self.definition["steps"]:
            condition = step.get("if", "")
            assert condition in {"", ALWAYS}, f"the condition {condition} is not known"
            if self.failed and condition != ALWAYS:
                continue
            what = step.get("run") or step["uses"].partition("@")[0]
            self.ran.append(what)
            good = self._run(step) if "run" in step else self._use(step)
            if not good and not step.get("continue-on-error"):
                self.failed.append(what)
        return self

    def _run(self, step: Mapping[str, Any]) -> bool:
        """Run a script as GitHub does for a step without ``shell``."""
        files = self.workspace.parent / f"files-{self.number}"
        files.mkdir(exist_ok=True)
        (files / "script.sh").write_text(step["run"])
        environment = {
            **self.github.machine.environment(),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(files / "output"),
            "GITHUB_REPOSITORY": "hpc/waldur",
            "GITHUB_SHA": self.contexts["github.sha"],
            "GITHUB_STEP_SUMMARY": str(files / "summary"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GH_FOLDER": str(self.github.folder),
            "GH_PERMISSIONS": json.dumps(self.definition["permissions"]),
            **{name: self._evaluate(value) for name, value in step.get("env", {}).items()},
        }
        done = subprocess.run(
            ["bash", "-e", files / "script.sh"],
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert not any(self.contexts[name] in done.stdout for name in SECRETS), "a token is in the log"
        self.log += done.stdout
        if (files / "summary").exists():
            self.summary = (files / "summary").read_text()
        return done.returncode == 0

    def _evaluate(self, value: str) -> str:
        """Return a value with the expressions replaced. An unknown context is an error."""
        return EXPRESSION.sub(lambda match: self.contexts[match[1]], value)

    def _use(self, step: Mapping[str, Any]) -> bool:
        ACTIONS[step["uses"].partition("@")[0]](self, step.get("with", {}))
        return True

    def artifact(self, name: str) -> Path:
        """Return the folder of an artifact that the job uploaded."""
        return self.github.folder / "artifacts" / self.number / name


def _check_out(job: Job, options: Mapping[str, Any]) -> None:
    assert options["persist-credentials"] is False
    assert job.definition["permissions"]["contents"] == "read"
    job.github.repository.git("clone", "--quiet", ".", str(job.workspace))
    Repository(job.workspace).git("checkout", "--quiet", job.contexts["github.sha"])


def _set_up_python(_job: Job, options: Mapping[str, Any]) -> None:
    assert options["python-version"] == "3.12"


def _upload_artifact(job: Job, options: Mapping[str, Any]) -> None:
    shutil.copytree(job.workspace / options["path"], job.artifact(options["name"]))


ACTIONS: dict[str, Callable[[Job, Mapping[str, Any]], None]] = {
    "actions/checkout": _check_out,
    "actions/setup-python": _set_up_python,
    "actions/upload-artifact": _upload_artifact,
}


@dataclass
class GitHub:
    """What GitHub knows of a repository: its secrets, pull requests, runs, artifacts and comments, in ``folder``."""

    machine: Machine
    repository: Repository
    folder: Path
    secrets: Mapping[str, str]
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)

    def run(self, workflow: str, sha: str, **event: str) -> Job:
        """Run the only job of a workflow for a commit, and remember its result."""
        path = Path(".github", "workflows", f"{workflow}.yml")
        content = yaml.safe_load(self.repository.git("show", f"{sha}:{path}"))
        ((name, definition),) = content["jobs"].items()
        definition = {"permissions": content["permissions"], **definition}
        number = str(len(self.runs) + 1)
        contexts = {
            "github.sha": sha,
            "github.token": "ghs-must-not-be-seen",
            **{f"secrets.{key}": value for key, value in self.secrets.items()},
            **{f"github.event.{key}": value for key, value in event.items()},
        }
        (self.folder / "pulls.json").write_text(json.dumps(self.pulls))
        (self.folder / "runs.json").write_text(json.dumps(self.runs))
        job = Job(self, name, number, self.folder / f"workspace-{number}", definition, contexts).run()
        status = "failure" if job.failed else "success"
        run = {"databaseId": int(number), "workflow": path.name, "commit": sha, "status": status}
        self.runs.append(run)
        return job

    def comments(self) -> dict[str, str]:
        """Return the comment of each pull request."""
        found: dict[str, str] = json.loads((self.folder / "comments.json").read_text())
        return found
