# SPDX-License-Identifier: GPL-3.0-or-later
"""The example repository for GitOps, as somebody who copied it runs it: one story, wrong use, and its pipelines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from jsonschema import Draft202012Validator
from messages import mentions
from tools.generate.schemas import complete_schema

from simulator_process import Simulator

from .playbook import HERE, ROOT, Outcome, runner

EXAMPLE = ROOT / "examples" / "gitops"
FLEET = ["-i", "inventory/fleet.waldur.yml", "-e", "providers_hosts=waldur_service_providers"]


@dataclass
class Copy:
    """A copy of the example. No token of the Waldur may be in what its scripts print or write."""

    sim: Simulator
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, script: str, *options: str) -> Outcome:
        """Runs a script with the highest verbosity, from another folder than its own."""
        run = runner(self.sim)
        ours = ("ANSIBLE_CONFIG", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CONNECTION_PLUGINS")
        environment = {name: value for name, value in run.environment(self.environment).items() if name not in ours}
        done = subprocess.run(
            [self.folder / "scripts" / f"{script}.sh", "-vvvv", "--diff", *options],
            cwd=run.folder,
            env={**environment, "WALDUR_RETRIES": "0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        files = [path.read_bytes().decode(errors="replace") for path in self.folder.rglob("*") if path.is_file()]
        for token in self.sim.tokens.values():
            assert not any(token in text for text in (done.stdout, done.stderr, *files)), "a token got out"
        return Outcome(done.returncode, done.stdout + done.stderr, [])

    def ends(self, code: int, script: str, *options: str) -> str:
        """Runs a script that must end with that code; returns what it printed, in one line."""
        outcome = self.run(script, *options)
        assert outcome.code == code, outcome.output
        return " ".join(outcome.output.replace("\\n", " ").split())

    def approve(self) -> None:
        """Keep the current plan as the approved one."""
        shutil.copy(self.folder / "build" / "plan.json", self.folder / "approved.json")
        self.environment["APPROVED_PLAN"] = "approved.json"

    def read(self, name: str) -> Any:
        """Return the content of a file that was written, after checking it against its JSON Schema, if it has one."""
        content = json.loads((self.folder / "build" / name).read_text())
        if name != "plan-gitlab.json":  # GitLab's form
            Draft202012Validator(complete_schema(name.removesuffix(".json"))).validate(content)
        return content

    def markdown(self) -> str:
        return (self.folder / "build" / "plan.md").read_text()

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / "providers" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def copied(sim: Simulator, folder: Path) -> Copy:
    shutil.copytree(EXAMPLE, folder / "a copy")
    return Copy(sim, folder / "a copy")


def same_as_file(text: str, name: str) -> None:
    """Check that *text* is the content of an expected file, which UPDATE_EXPECTED=1 writes."""
    path = HERE / "expected" / name
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(text)
    assert text == path.read_text()


def test_export_plan_apply_drift_and_outage(tmp_path: Path) -> None:
    with Simulator.start() as sim:
        copy = copied(sim, tmp_path)
        take_over(copy)
        change_by_document(copy)
        review_access(copy)
        drift_and_repair(copy)
        sim.stop()
        waldur_is_down(copy)


def take_over(copy: Copy) -> None:
    """An export writes files whose plan is empty."""
    providers = copy.folder / "providers"
    providers.rename(copy.folder / "examples")
    copy.ends(0, "export")
    assert {"alpha-cl-1.yml", "beta-hpc-1.yml"} < {path.name for path in providers.glob("*.yml")}
    copy.ends(0, "plan")
    assert copy.read("plan.json")["plan"] == []
    assert copy.sim.counts().writes == 0
    shutil.rmtree(providers)
    (copy.folder / "examples").rename(providers)


def change_by_document(copy: Copy) -> None:
    """The example's documents are validated, planned, approved and applied, once."""
    copy.ends(0, "plan")
    same_as_file(copy.markdown(), "gitops-plan.md")
    assert copy.read("plan-gitlab.json") == {"create": 5, "update": 5, "delete": 0}
    assert copy.sim.url not in copy.markdown()
    total = copy.read("plan.json")["summary"]["total"]
    copy.approve()
    break_the_policy(copy)
    copy.ends(0, "apply")
    writes = copy.sim.counts().writes
    assert writes >= total > 0
    output = copy.ends(0, "apply", *FLEET[:2], "-e", "providers_hosts=alpha-cl-1:beta-hpc-1")
    assert '"alpha-cl-1": "nothing to change"' in output
    assert '"beta-hpc-1": "nothing to change"' in output
    assert copy.sim.counts().writes == writes
    copy.ends(0, "drift")
    assert copy.read("drift.json")["status"] == "clean"
    assert copy.read("drift.json")["policy_violations"] == []


def break_the_policy(copy: Copy) -> None:
    """A plan that breaks a rule fails, and so does the apply of an approved one. Drift is not hidden by it."""
    policy = copy.folder / "policy.yml"
    original = policy.read_text()
    schema = Draft202012Validator(complete_schema("policy"))
    schema.validate(yaml.safe_load(original))
    policy.write_text("# stricter\npermanent_role_users: []\nmax_changes: 3\n")
    places = [
        "policy.yml: line 3: the plan has 10 changes",
        "providers/alpha.yml: line 7: service_providers[0].users[2]: grant support_user as CUSTOMER.MANAGER",
        "[permanent_role_users]",
    ]
    for script, code in (("plan", 2), ("apply", 2), ("drift", 1)):
        output = copy.ends(code, script)
        assert mentions(output, "policy_rejects", file="policy.yml", violations="3 violations")
        # A warning has no lines of documents.
        assert all(place in output or script == "drift" for place in places), script
        assert (copy.folder / "build" / "plan.json").exists() == (script == "drift")
    found = copy.read("drift.json")
    assert found["status"] == "drift"
    assert [(one["rule"], one["file"], one["line"]) for one in found["policy_violations"]] == [
        ("max_changes", "policy.yml", 3),
        ("permanent_role_users", "providers/alpha.yml", 7),
        ("permanent_role_users", "providers/beta.yml", 10),
    ]
    policy.write_text("max_chnges: 3\n")
    assert "policy.yml:1:1: 'max_chnges' is not known. Did you mean 'max_changes'?" in copy.ends(2, "validate")
    assert list(schema.iter_errors(yaml.safe_load(policy.read_text())))
    assert "policy_path: is empty" in copy.ends(2, "plan", "-e", "policy_path=")
    assert copy.sim.counts().writes == 0
    policy.write_text(original)
    copy.ends(0, "validate")


def review_access(copy: Copy) -> None:
    """The review says who has access, and that all of it is in the documents."""
    copy.ends(0, "review")
    text = (copy.folder / "access" / "review.md").read_text()
    assert "support_user" in text
    assert "The document keeps every role grant" in text


def drift_and_repair(copy: Copy) -> None:
    """A change behind our back is named by its field; the plan approved for something else does not repair it."""
    where = {"customer__name": "Beta HPC Centre"}
    assert len(copy.sim.change("ServiceProvider", where, {"description": "<b>mine</b>"})) == 1
    copy.ends(1, "drift")
    found = copy.read("drift.json")
    line = "Beta HPC Centre: update description: '<b>mine</b>' -> 'Batch computing, with and without GPUs'"
    assert (found["status"], found["differences"]) == ("drift", [line])
    assert found["message"].endswith(f"{line}; Total: 1 change on 1 service provider: 1 update.")
    assert found["plan"][0]["before"] == {"description": "<b>mine</b>"}
    (failure,) = ElementTree.parse(copy.folder / "build" / "drift.xml").iter("failure")
    assert failure.text == line
    assert 'waldur_drift{service_provider="Beta HPC Centre"' in (copy.folder / "build" / "waldur.prom").read_text()
    same_as_file(copy.markdown(), "gitops-drift.md")
    writes = copy.sim.counts().writes
    output = copy.ends(2, "apply")
    current = "The current state in Waldur was changed after the approval: update Beta HPC Centre: description."
    assert f"approved_plan: is out of date. {current}" in output
    assert copy.sim.counts().writes == writes
    copy.ends(0, "plan")
    copy.approve()
    copy.ends(0, "apply")
    assert copy.sim.counts().writes == writes + 1
    copy.ends(0, "drift")
    assert copy.read("drift.json")["status"] == "clean"


def waldur_is_down(copy: Copy) -> None:
    """Every script fails, no old plan is left over, and drift.json has the status error instead of drift."""
    copy.ends(2, "drift")
    assert copy.read("drift.json")["status"] == "error"
    assert "refused the connection: check api_url" in copy.read("drift.json")["message"]
    assert "refused the connection: check api_url" in copy.ends(2, "plan")
    assert not (copy.folder / "build" / "plan.json").exists()
    assert "refused the connection: check api_url" in copy.ends(2, "apply")
    assert copy.run("apply", *FLEET).code != 0


def test_wrong_use_is_refused_in_one_sentence(sim: Simulator, tmp_path: Path) -> None:
    copy = copied(sim, tmp_path)
    output = copy.ends(2, "apply")
    assert "APPROVED_PLAN: is required: set it to the approved plan" in output
    copy.edit("beta.yml", "  - customer:", "  - customer: Alpha Cloud Ltd\n  - customer:")
    output = copy.ends(2, "plan")
    assert "providers/beta.yml: service_providers[0].customer: Alpha Cloud Ltd duplicates providers/alpha.yml" in output
    copy.edit("beta.yml", "  - customer: Alpha Cloud Ltd\n", "  - customer: No Such Customer\n")
    assert "providers/beta.yml: service_providers[0].customer: customer 'No Such Customer' not found" in copy.ends(
        2, "drift"
    )
    assert copy.read("drift.json")["status"] == "error"
    copy.edit("beta.yml", "  - customer: No Such Customer\n", "")
    copy.edit("beta.yml", '{user: "member5", ', '{user: "member5", expires: never, ')
    output = copy.ends(2, "plan")
    assert "providers/beta.yml: service_providers[0].users[0]: 'expires' is not known. Known are user, role," in output
    copy.edit("beta.yml", "expires: never, ", "")
    copy.edit("alpha.yml", '      - {user: "manager_alpha", expiration_time: "2030-12-31"}\n', "")
    output = copy.ends(2, "plan", "-e", "max_removals=0")
    assert (
        "max_removals: the plan would revoke 1 grants that no entry names, and 0 are allowed: manager_alpha" in output
    )
    assert copy.sim.counts().writes == 0


RENAMING = """\
---
service_providers:
  - customer: Alpha Cloud Ltd
    account_options: {username_generation_policy: waldur_username}
"""


def test_renames_are_planned_with_consent_approved_applied_and_detected_as_drift(tmp_path: Path) -> None:
    with Simulator.start(edition="2026") as sim:
        options = {"service_provider_can_create_offering_user": True}
        sim.change("Offering", {"customer__name": "Alpha Cloud Ltd"}, {"plugin_options": options})
        copy = copied(sim, tmp_path)
        for path in (copy.folder / "providers").glob("*.yml"):
            path.unlink()
        (copy.folder / "providers" / "alpha.yml").write_text(RENAMING)
        refused = copy.ends(2, "plan")
        assert mentions(refused, "too_many_renames", option="max_renames", count=3, limit=0)
        assert "Alpha VM: m2_alpha to 'member2' on Alpha Cloud Ltd" in refused

        assert "update account settings" in copy.ends(1, "drift")
        assert copy.read("drift.json")["summary"]["renames"] == 3
        assert "**Needs attention: 1 change of account settings.** **Renames 3 accounts.**" in copy.markdown()
        assert "- `usernames: Alpha VM: m2_alpha`: `m2_alpha` → `member2`\n" in copy.markdown()

        copy.ends(0, "plan", "-e", "max_renames=3")
        assert copy.read("plan.json")["summary"]["renames"] == 3
        copy.approve()
        sim.create("OfferingUser", offering="Alpha VM", user="member5", username="m5", state="OK")
        assert mentions(copy.ends(2, "apply", "-e", "max_renames=9"), "approval_out_of_date")
        sim.delete("OfferingUser", {"user__username": "member5", "offering__name": "Alpha VM"})
        assert sim.counts().writes == 0
        copy.ends(0, "apply", "-e", "max_renames=3")
        copy.ends(0, "drift")


def pipelines() -> list[Path]:
    return [EXAMPLE / ".gitlab-ci.yml", *sorted((EXAMPLE / ".github" / "workflows").glob("*.yml"))]


def test_the_pipelines_run_scripts_that_exist_and_these_run_playbooks_that_exist() -> None:
    for path in [*pipelines(), EXAMPLE / ".pre-commit-config.yaml", EXAMPLE / "requirements.yml"]:
        assert yaml.safe_load(path.read_text())
    scripts = {path.name for path in (EXAMPLE / "scripts").iterdir()}
    assert {found for path in pipelines() for found in re.findall(r"scripts/([\w.]+)", path.read_text())} < scripts
    for name in scripts - {"update_gitlab_comment.py"}:
        path = EXAMPLE / "scripts" / name
        assert os.access(path, os.X_OK)
        playbooks = re.findall(r"ansible-playbook waldur\.provider\.(\w+)", path.read_text())
        assert [f"{playbook}.sh" for playbook in playbooks] == [name]
        assert (ROOT / "playbooks" / f"{playbooks[0]}.yml").exists()


def test_the_reports_of_the_pipeline_of_gitlab_are_files_that_the_scripts_write() -> None:
    gitlab = yaml.safe_load(pipelines()[0].read_text())
    for job, kind in (("plan", "terraform"), ("drift", "junit")):
        folder, name = gitlab[job]["artifacts"]["reports"][kind].split("/")
        text = (EXAMPLE / "scripts" / f"{job}.sh").read_text()
        assert f"_file={name}" in text
        assert f"output_directory={folder} " in text


def test_each_host_of_git_plans_applies_and_looks_for_drift() -> None:
    gitlab = yaml.safe_load(pipelines()[0].read_text())
    assert gitlab["validate"]["script"] == ["scripts/validate.sh"]
    for name in ("plan", "apply", "drift"):
        workflow = yaml.safe_load((EXAMPLE / ".github" / "workflows" / f"{name}.yml").read_text())
        assert [line.split()[0] for line in gitlab[name]["script"] if line.startswith("scripts/")] == [
            f"scripts/{name}.sh"
        ]
        steps = workflow["jobs"][name]["steps"]
        checked = ["scripts/validate.sh"] if name == "plan" else []
        assert [step["run"] for step in steps if "scripts/" in step.get("run", "")] == [
            *checked,
            f"scripts/{name}.sh",
        ]
        with_token = [step["run"] for step in steps if "WALDUR_ACCESS_TOKEN" in step.get("env", {})]
        assert with_token == [f"scripts/{name}.sh"], "a step that is not Waldur's business gets its token"
