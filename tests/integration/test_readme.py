# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's example runs as it is written there: the document and both commands."""

from __future__ import annotations

import re
import shlex

import pytest

from simulator_process import Simulator

from .playbook import ROOT, runner

README = (ROOT / "README.md").read_text()


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_example_of_the_readme_runs_as_written(sim: Simulator) -> None:
    # The world of the example: the recorded one under other names.
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"name": "University HPC"})
    for name, new in (("member1", "alice"), ("manager_alpha", "bob"), ("member3", "carol")):
        sim.change("User", {"username": name}, {"username": new, "email": f"{new}@example.org"})
    run = runner(sim)
    (run.folder / "providers.yml").write_text(fenced("yaml")[0])
    assert fenced("yaml")[0].count("\n") <= 10
    commands = [line.split() for line in fenced("shell")[0].splitlines() if line.startswith("ansible-playbook ")]
    options = ["-e", "providers_path=providers.yml"]
    assert commands == [["ansible-playbook", f"waldur.provider.{name}", *options] for name in ("plan", "apply")]

    planned = run.command(["playbook", *commands[0][1:]])
    assert planned.code == 0, planned.output
    assert sim.counts().writes == 0
    plan = (run.folder / "plan.md").read_text()
    for line in (
        "`description`: `Provider of Alpha Cloud Ltd` → `Compute and storage for research`",
        "grant role `alice as CUSTOMER.MANAGER`: `expiration_time`: `2027-06-30`",
        "**revoke** role `bob as CUSTOMER.MANAGER` on `University HPC`",
        "set usernames of `carol`: `Alpha VM`: no username → `carol_hpc`",
    ):
        assert line in plan

    for playbook_changes in (True, False):
        applied = run.command(["playbook", *commands[1][1:]])
        assert applied.code == 0, applied.output
        assert any(line["result"].get("changed") for line in applied.lines) is playbook_changes


def one_liners() -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"\| `(ansible localhost .*)` \|", README)]


@pytest.mark.parametrize("line", one_liners(), ids=lambda line: line[3].rpartition(".")[2])
def test_each_question_of_the_readme_is_answered_by_its_line(sim: Simulator, line: list[str]) -> None:
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"abbreviation": "ACME"})
    sim.change("User", {"username": "member1"}, {"username": "carol"})
    run = runner(sim)
    outcome = run.command(["adhoc", *line[1:]])
    assert outcome.code == 0, outcome.output
    if line[3].endswith(".desired_state_file"):
        # "As a document to keep in git" is a document that can be applied, and changes nothing.
        assert list((run.folder / "providers").glob("*.yml"))
        planned = run.command(["playbook", "waldur.provider.plan", "-e", "providers_path=providers"])
        assert planned.of("Show the changes")["msg"] == "Nothing to change.", planned.output
        return
    assert '"count": ' in outcome.output
    assert '"count": 0' not in outcome.output


def test_the_example_of_a_single_resource_runs_as_written(sim: Simulator) -> None:
    run = runner(sim)
    playbook = str(ROOT / "examples" / "resources.yml")
    assert run.command(["playbook", playbook, "--check", "--diff"]).code == 0
    assert sim.counts().writes == 0
    first = run.command(["playbook", playbook])
    assert first.of("Rotate the leaked code once")["changed"] is True, first.output
    again = run.command(["playbook", playbook])
    assert again.code == 0, again.output
    assert [line["task"] for line in again.lines if line["result"]["changed"]] == []


def test_the_connection_example_of_the_readme_holds(sim: Simulator) -> None:
    defaults = next(block for block in fenced("yaml") if block.startswith("module_defaults"))
    run = runner(sim)
    (run.folder / "profiles.yml").write_text(
        f"production: {{api_url: {sim.url}, access_token: {sim.token('staff')}}}\n"
    )
    task = "  - name: Grant\n    waldur.provider.user_role: {service_provider: ALPHA, user: member1}\n"
    indented = "".join(f"  {line}\n" for line in defaults.splitlines())
    play = f"- hosts: localhost\n  gather_facts: false\n{indented}  tasks:\n{task}"
    (run.folder / "play.yml").write_text(play)
    environment = {
        "WALDUR_API_URL": "",
        "WALDUR_ACCESS_TOKEN": "",
        "WALDUR_PROFILES_FILE": str(run.folder / "profiles.yml"),
    }
    outcome = run.command(["playbook", "play.yml", "--diff", "-vvvv"], environment)
    assert outcome.result["changed"] is True, outcome.output
