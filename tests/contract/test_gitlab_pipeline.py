# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline of the GitOps example, as gitlab-ci-local runs it: each job in a folder of its own, with artifacts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from fake_gitlab import TOKEN, GitLab, running_gitlab

from simulator_process import Simulator

from .pipelines import ROOT, Machine, Repository, description, files_with

GITLAB_CI_LOCAL = ROOT / "build" / "gitlab-ci-local" / "node_modules" / "gitlab-ci-local" / "src" / "index.js"
OPTIONS = (
    "--force-shell-executor --shell-isolation --no-artifacts-to-source --no-cleanup --concurrency 1 --timestamps=false"
).split()
STATE = ".gitlab-ci-local"
ALPHA = "Virtual machines and storage for research groups"


@dataclass(frozen=True)
class Project:
    """A project on GitLab, with its CI/CD variables. No token may be in logs, artifacts or reports."""

    machine: Machine
    repository: Repository
    sim: Simulator
    gitlab: GitLab

    @classmethod
    def create(cls, machine: Machine, folder: Path, sim: Simulator, gitlab: GitLab) -> Project:
        """Create a repository, and set the variables that the example asks for."""
        settings = machine.home / STATE / "variables.yml"
        settings.parent.mkdir(exist_ok=True)
        token = sim.token("staff")
        variables = {"WALDUR_API_URL": sim.url, "WALDUR_ACCESS_TOKEN": token, "GITLAB_TOKEN": TOKEN}
        settings.write_text(yaml.safe_dump({"global": variables}))
        return cls(machine, Repository.create(folder / "waldur"), sim, gitlab)

    def pipeline(self, source: str, *jobs: str, **variables: str) -> tuple[int, str, dict[str, str]]:
        """Run a pipeline or single jobs of it: return the exit code, the log, and the result of each job."""
        given = {
            "CI_PIPELINE_SOURCE": source,
            "CI_DEFAULT_BRANCH": "main",
            "CI_API_V4_URL": self.gitlab.url,
            "CI_PROJECT_ID": "7",
            **variables,
        }
        words = [word for name, value in given.items() for word in ("--variable", f"{name}={value}")]
        # GitLab does not set the branch in pipelines of merge requests. One of the pipelines validates the whole file.
        is_merge_request = source == "merge_request_event"
        more = ["--unset-variable", "CI_COMMIT_BRANCH"] if is_merge_request else ["--json-schema-validation=false"]
        done = subprocess.run(
            ["node", GITLAB_CI_LOCAL, *OPTIONS, "--home", self.machine.home, *words, *more, *jobs],
            cwd=self.repository.folder,
            env=self.machine.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        log = done.stdout + done.stderr
        secrets = [TOKEN, *self.sim.tokens.values()]
        assert not any(secret in log for secret in secrets), "a token is in the log"
        assert not list(files_with(secrets, self.repository.folder)), "a token is in an artifact"
        return done.returncode, log, {name: result for result, name in re.findall(r"^ *(PASS|FAIL) +(\w+)", log, re.M)}

    def artifact(self, job: str, path: str) -> Path:
        """Return a file that a job handed on. A report stays in the folder of the job, for GitLab to read."""
        reports = self.jobs[job]["artifacts"].get("reports", {}).values()
        folder = "builds" if path in reports else "artifacts"
        return self.repository.folder / STATE / folder / job / path

    @property
    def jobs(self) -> dict[str, Any]:
        """The pipeline as the repository has it."""
        found: dict[str, Any] = yaml.safe_load((self.repository.folder / ".gitlab-ci.yml").read_text())
        return found


@pytest.fixture
def project(sim: Simulator, tmp_path: Path) -> Iterator[Project]:
    with running_gitlab() as gitlab:
        yield Project.create(Machine.prepare(tmp_path), tmp_path, sim, gitlab)


def test_the_pipeline_of_gitlab_plans_applies_and_detects_drift(project: Project) -> None:
    merge_request(project)
    main_branch(project)
    schedule(project)


def merge_request(project: Project) -> None:
    """Check that a merge request is validated and planned, that it shows the plan, and that nothing is changed."""
    project.repository.git("checkout", "--quiet", "-b", "change")
    code, log, results = project.pipeline("merge_request_event", CI_MERGE_REQUEST_IID="3")
    assert (code, results) == (0, {"lint": "PASS", "validate": "PASS", "plan": "PASS"}), log
    plan = json.loads(project.artifact("plan", "build/plan.json").read_text())
    widget = json.loads(project.artifact("plan", "build/plan-gitlab.json").read_text())
    assert plan["summary"]["total"] == sum(widget.values()) == 10
    assert ALPHA in json.dumps(plan["plan"])
    (note,) = project.gitlab.notes
    assert note["body"].endswith(project.artifact("plan", "build/plan.md").read_text().strip())
    assert "manager_alpha" in note["body"]
    assert not list(ElementTree.parse(project.artifact("validate", "build/validate.xml")).iter("failure"))
    assert json.loads(project.artifact("validate", "build/codequality.json").read_text()) == []
    assert project.sim.counts().writes == 0


def main_branch(project: Project) -> None:
    """Check that the main branch plans again, waits for approval, and applies the plan of its artifact."""
    project.repository.git("checkout", "--quiet", "main")
    code, log, results = project.pipeline("push")
    assert (code, results) == (0, {"plan": "PASS"}), log
    assert project.sim.counts().writes == 0
    code, log, results = project.pipeline("push", "apply")
    assert (code, results) == (0, {"apply": "PASS"}), log
    assert project.sim.counts().writes >= 10
    assert description(project.sim, "Alpha Cloud Ltd") == ALPHA


def schedule(project: Project) -> None:
    """Check that a schedule reports drift as a failed test, with artifacts, and repairs nothing."""
    writes = project.sim.counts().writes
    project.sim.change("ServiceProvider", {"customer__name": "Alpha Cloud Ltd"}, {"description": "drifted"})
    code, log, results = project.pipeline("schedule")
    assert (code, results) == (1, {"drift": "FAIL"}), log
    # One difference only: everything else was applied.
    line = f"Alpha Cloud Ltd: update description: 'drifted' -> '{ALPHA}'"
    drift = json.loads(project.artifact("drift", "build/drift.json").read_text())
    assert (drift["status"], drift["differences"]) == ("drift", [line])
    (failure,) = ElementTree.parse(project.artifact("drift", "build/drift.xml")).iter("failure")
    assert failure.text == line
    assert "drifted" in project.artifact("drift", "build/plan.md").read_text()
    assert (project.sim.counts().writes, description(project.sim, "Alpha Cloud Ltd")) == (writes, "drifted")
