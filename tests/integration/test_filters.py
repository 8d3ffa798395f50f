# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of the filters run as written, and what comes out of them is never a template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from simulator_process import Simulator

from .playbook import ROOT, Outcome, Runner, runner

FILTERS = ROOT / "plugins" / "filter"
ALPHA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"
# Text that would write a file, were it ever taken for a template.
TRAP = "{{ lookup('ansible.builtin.pipe', 'touch %s/trapped') }}"
KEEP = {
    "keys": "{{ keys.ssh_keys | waldur.provider.authorized_keys(users.users) }}",
    "plan": "{{ planned.plan | waldur.provider.plan_markdown(planned.summary, planned.warnings | default([])) }}",
}


def examples(name: str, folder: Path) -> list[dict[str, Any]]:
    """The tasks; the one place of theirs that a test must not write to becomes a folder of its own."""
    documents = yaml.safe_load((FILTERS / f"{name}.yml").read_text())
    found: list[dict[str, Any]] = yaml.safe_load(documents["EXAMPLES"].replace("/etc/ssh", str(folder)))
    return found


def run_examples(run: Runner, name: str, *, then: list[dict[str, Any]] | None = None) -> Outcome:
    (run.folder / "authorized_keys.d").mkdir(exist_ok=True)
    outcome = run.play([*examples(name, run.folder), *(then or [])])
    assert outcome.code == 0, outcome.output
    return outcome


@pytest.fixture
def run(sim: Simulator) -> Runner:
    """Plays against the recorded world."""
    return runner(sim)


def test_the_examples_of_authorized_keys_write_one_file_for_each_account(sim: Simulator, run: Runner) -> None:
    outcome = run_examples(run, "authorized_keys")
    shown = outcome.of("Show the lines for each account")["msg"]
    assert shown["member1"]
    assert all(line.startswith(ALPHA) and " member1 " in line for line in shown["member1"])
    accounts = outcome.of("Read the usernames on the machines")["offering_usernames"]
    files = {path.name: path.read_text() for path in (run.folder / "authorized_keys.d").iterdir()}
    assert set(files) == {row["username"] for row in accounts if row["username"]}
    assert any(text.startswith(ALPHA) for text in files.values())


def test_the_examples_of_plan_markdown_write_what_a_merge_request_shows(run: Runner) -> None:
    outcome = run_examples(run, "plan_markdown")
    text = (run.folder / "plan.md").read_text()
    assert text.startswith("## Waldur service providers\n\n**")
    for change in outcome.of("Plan without making changes")["plan"]:
        assert f"`{change['name']}`" in text
    assert outcome.of("Write the text for GitLab, with another heading")["msg"].startswith("## Plan for production\n")


def test_the_examples_of_the_reports_write_files_that_their_readers_accept(run: Runner) -> None:
    names = ("plan_gitlab", "drift_junit", "drift_metrics")
    outcome = run.play([task for name in names for task in examples(name, run.folder)])
    assert outcome.code == 0, outcome.output
    counts = json.loads((run.folder / "plan-gitlab.json").read_text())
    assert list(counts) == ["create", "update", "delete"]
    assert sum(counts.values()) == len(outcome.of("Plan without making changes")["plan"])
    suite = ElementTree.parse(run.folder / "drift.xml").find("testsuite")
    assert suite is not None
    assert suite.get("name") == "Alpha Cloud Ltd"
    samples = text_string_to_metric_families((run.folder / "waldur.prom").read_text())
    assert {family.name for family in samples} > {"waldur_drift", "waldur_expiring_soon"}


def test_text_of_the_server_is_never_evaluated_on_its_way_through_the_filters(sim: Simulator, run: Runner) -> None:
    trap = TRAP % run.folder
    sim.change("SshKey", {}, {"name": trap})
    sim.change("ServiceProvider", {}, {"description": trap})
    kept = {"ansible.builtin.set_fact": {"kept_keys": KEEP["keys"], "kept_plan": KEEP["plan"]}}
    joined = {"ansible.builtin.set_fact": {"joined": "{{ kept_keys.values() | flatten | join(' ') }} {{ kept_plan }}"}}
    used = {"name": "Use", "ansible.builtin.debug": {"msg": "{{ joined }} {{ kept_keys }} {{ kept_plan }}"}}
    tasks = [*examples("authorized_keys", run.folder)[:2], *examples("plan_markdown", run.folder)[:1]]
    outcome = run.play([*tasks, kept, joined, used])
    assert outcome.code == 0, outcome.output
    expected = outcome.of("Use")["msg"]
    assert "member1 lookup('ansible.builtin.pipe'" in expected
    assert "&#123;&#123;` lookup(" in expected
    assert not (run.folder / "trapped").exists()


def test_a_bad_key_is_a_warning_or_an_error_as_the_play_wants(sim: Simulator, run: Runner) -> None:
    sim.change("SshKey", {}, {"public_key": f'command="id" {ALPHA}'})
    tasks = examples("authorized_keys", run.folder)[:2]
    warned = run.play([*tasks, {"name": "Show", "ansible.builtin.debug": {"msg": KEEP["keys"]}}])
    assert warned.code == 0, warned.output
    assert not any(warned.of("Show")["msg"].values())
    assert "does not begin with a known key type" in " ".join(warned.output.split())
    strict = KEEP["keys"].replace("users.users", "users.users, invalid='fail'")
    failed = run.play([*tasks, {"name": "Show", "ansible.builtin.debug": {"msg": strict}}])
    assert failed.code == 2
    assert "waldur.provider.authorized_keys: key" in " ".join(failed.output.split())


def test_what_is_no_plan_fails_with_one_sentence(run: Runner) -> None:
    given = {"ansible.builtin.debug": {"msg": "{{ {'plan': []} | waldur.provider.plan_markdown }}"}}
    outcome = run.play([given])
    assert outcome.code == 2
    assert "waldur.provider.plan_markdown: _input: must be the list 'plan'" in " ".join(outcome.output.split())
