# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows of GitHub: actionlint and zizmor find nothing, and the steps of the example do what they promise."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from simulator_process import Simulator

from .github import GitHub, Job
from .pipelines import EXAMPLE, ROOT, Machine, Repository, description, files_with

ACTIONLINT = ["actionlint", "-no-color", "-oneline"]
ZIZMOR = ["zizmor", "--offline", "--no-progress", "--no-config", "--persona", "pedantic", "--format", "json"]
ALPHA = "Virtual machines and storage for research groups"

# Whose findings are known: a script that takes the title of a pull request, and nothing pinned.
BROKEN = """\
name: Broken
"on": pull_request
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""


def check(machine: Machine, command: list[str], paths: list[Path], folder: Path) -> tuple[int, str]:
    """Check workflows without the network: return the exit code, and what was printed."""
    done = subprocess.run(
        [*command, *paths],
        cwd=folder,
        env=machine.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + (done.stderr if not done.stdout else "")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine.prepare(tmp_path_factory.mktemp("machine"))


@pytest.mark.parametrize("folder", [EXAMPLE, ROOT], ids=["example", "project"])
def test_actionlint_and_zizmor_find_nothing_in_the_workflows(machine: Machine, folder: Path) -> None:
    workflows = sorted((folder / ".github" / "workflows").glob("*.yml"))
    assert workflows
    assert check(machine, ACTIONLINT, workflows, folder) == (0, "")
    code, findings = check(machine, ZIZMOR, workflows, folder)
    assert (code, json.loads(findings)) == (0, [])


def test_actionlint_and_zizmor_find_the_errors_of_a_broken_workflow(machine: Machine, tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "broken.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(BROKEN)
    code, printed = check(machine, ACTIONLINT, [workflow], tmp_path)
    assert code == 1
    assert '"github.event.pull_request.title" is potentially untrusted' in printed
    code, findings = check(machine, ZIZMOR, [workflow], tmp_path)
    assert code != 0
    assert {"unpinned-uses", "artipacked", "template-injection"} <= {one["ident"] for one in json.loads(findings)}


def test_the_workflows_of_github_plan_apply_the_approved_plan_and_detect_drift(
    machine: Machine, sim: Simulator, tmp_path: Path
) -> None:
    repository = Repository.create(tmp_path / "waldur")
    folder = tmp_path / "github"
    folder.mkdir()
    secrets = {"WALDUR_API_URL": sim.url, "WALDUR_ACCESS_TOKEN": sim.token("staff")}
    github = GitHub(machine, repository, folder, secrets)
    repository.git("checkout", "--quiet", "-b", "change")
    repository.edit("providers/beta.yml", "with and without GPUs", "on GPUs")
    head = repository.commit("Change a description")
    job = pull_request(github, sim, head)
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge the change", "change")
    merged_pull_request(github, sim, head, job)
    nightly_drift(github, sim)
    # In artifacts, summaries, comments and the folders of the jobs.
    assert not list(files_with(["ghs-must-not-be-seen", *sim.tokens.values()], github.folder))


def pull_request(github: GitHub, sim: Simulator, head: str) -> Job:
    """Check that a pull request is planned, that it shows the plan, and that nothing is changed."""
    job = github.run("plan", head, **{"pull_request.number": "5"})
    assert not job.failed, job.log
    assert [what for what in job.ran if what.startswith("scripts/")] == [
        "scripts/validate.sh",
        "scripts/plan.sh",
    ]
    plan = (job.artifact("plan") / "plan.md").read_text()
    assert "Batch computing, on GPUs" in plan
    assert (job.summary, github.comments()) == (plan, {"5": plan})
    assert sim.counts().writes == 0
    return job


def merged_pull_request(github: GitHub, sim: Simulator, head: str, plan: Job) -> None:
    """Check that the merge applies the plan of the pull request, and that a commit without one is not applied."""
    merge = github.repository.git("rev-parse", "HEAD")
    job = github.run("apply", merge)
    assert (len(job.failed), sim.counts().writes) == (1, 0), job.log
    assert "This commit has no pull request, so there is no approved plan." in job.log
    github.pulls[merge] = [{"number": 5, "head": {"sha": head}}]
    job = github.run("apply", merge)
    assert not job.failed, job.log
    approved = (job.workspace / "approved" / "plan.json").read_bytes()
    assert approved == (plan.artifact("plan") / "plan.json").read_bytes()
    assert sim.counts().writes >= json.loads(approved)["summary"]["total"] > 0
    assert description(sim, "Beta HPC Centre") == "Batch computing, on GPUs"


def nightly_drift(github: GitHub, sim: Simulator) -> None:
    """Check that drift fails the workflow, is shown in the summary and the artifact, and is not repaired."""
    writes = sim.counts().writes
    sim.change("ServiceProvider", {"customer__name": "Alpha Cloud Ltd"}, {"description": "drifted"})
    job = github.run("drift", github.repository.git("rev-parse", "HEAD"))
    assert job.failed == ["scripts/drift.sh"], job.log
    assert job.summary == (job.artifact("drift") / "plan.md").read_text()
    drift = json.loads((job.artifact("drift") / "drift.json").read_text())
    line = f"Alpha Cloud Ltd: update description: 'drifted' -> '{ALPHA}'"
    assert (drift["status"], drift["differences"]) == ("drift", [line])
    assert (sim.counts().writes, description(sim, "Alpha Cloud Ltd")) == (writes, "drifted")
