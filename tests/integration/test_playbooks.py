# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks explain themselves: few tasks in the log, and variables that are validated before anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from messages import mentions

from simulator_process import Simulator

from .playbook import Outcome, Runner, runner

MOST_VISIBLE = 6
CHANGE = "service_providers: [{customer: ALPHA, description: changed}]"


def run_playbook(run: Runner, name: str, *options: str, **variables: Any) -> Outcome:
    # The results of tasks are read from what the default callback prints, as users see it.
    return run.command(["playbook", f"waldur.provider.{name}", "-e", json.dumps(variables), *options])


def visible_tasks(outcome: Outcome) -> list[str]:
    return [line for line in outcome.output.splitlines() if line.startswith("TASK [")]


def test_plan_drift_and_apply_show_at_most_six_tasks(sim: Simulator) -> None:
    run = runner(sim)
    run.write("providers.yml", CHANGE)
    files = {"output_directory": "out", "junit_file": "drift.xml", "metrics_file": "waldur.prom"}
    runs = [
        (0, "plan", {"output_directory": "out", "gitlab_file": "plan-gitlab.json"}),
        (2, "drift", {**files, "expiring_within": "4w"}),
        (0, "drift", {**files, "when_drift": "warn"}),
        (0, "apply", {"approved_plan": "out/plan.json"}),
        (0, "drift", {}),
        (0, "apply", {}),
    ]
    for code, name, variables in runs:
        outcome = run_playbook(run, name, providers_path="providers.yml", **variables)
        assert outcome.code == code, outcome.output
        tasks = visible_tasks(outcome)
        assert 3 <= len(tasks) <= MOST_VISIBLE, tasks


@pytest.mark.parametrize(
    ("name", "variables", "key", "values"),
    [
        (
            "plan",
            {"provider_path": "providers.yml"},
            "variable_misspelt",
            {"name": "provider_path", "playbook": "plan", "known": "providers_path"},
        ),
        (
            "apply",
            {"providers_path": "nowhere", "max_removals": "many"},
            "option_number_required",
            {"option": "max_removals"},
        ),
        ("drift", {"providers_path": "nowhere", "when_drift": "ignore"}, "variable_choice", {"name": "when_drift"}),
    ],
)
def test_a_wrong_variable_is_reported_before_the_documents_are_looked_for(
    sim: Simulator, name: str, variables: dict[str, Any], key: str, values: dict[str, str]
) -> None:
    outcome = run_playbook(runner(sim), name, **variables)
    assert outcome.code == 2
    (failed,) = (line["result"]["msg"] for line in outcome.lines if line["status"] == "failed")
    assert mentions(failed, key, **values)
    assert sim.counts().requests == 0
