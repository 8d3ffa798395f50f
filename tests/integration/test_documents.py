# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in files, in-process and as modules: messages name file and place, and nothing in them is a template."""

from __future__ import annotations

import json

import pytest
import yaml

from simulator_process import Simulator

from .playbook import EXECUTIONS, Runner, runner


def prepared(sim: Simulator, execution: str, **files: str) -> Runner:
    run = runner(sim, execution=execution)
    (run.folder / "providers").mkdir()
    for name, text in files.items():
        (run.folder / "providers" / f"{name}.yml").write_text(text)
    return run


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_folder_of_documents_is_one_plan_and_only_what_was_approved_is_applied(
    sim: Simulator, execution: str
) -> None:
    run = prepared(
        sim,
        execution,
        all="defaults: {enable_notifications: false, users: [{user: member1, expiration_time: 2099-06-30}]}",
        alpha='service_providers: [{customer: ALPHA, description: \'{{ lookup("pipe", "id") }}\'}]',
        beta="service_providers: [{customer: BETA, users: [{user: member2}]}]",
    )
    task = {"providers_path": "providers"}
    outcome = run.play(
        [
            {"name": "Plan", "waldur.provider.desired_state": task, "check_mode": True, "register": "planned"},
            {
                "name": "Check",
                "waldur.provider.desired_state": {**task, "only": []},
            },
            {
                "name": "Approve one",
                "waldur.provider.desired_state": {**task, "only": ["ALPHA"], "approved_plan": "{{ planned }}"},
            },
            {
                "name": "Refuse the other",
                "waldur.provider.desired_state": {
                    **task,
                    "approved_plan": "{{ planned.plan | selectattr('service_provider', 'search', 'Alpha') }}",
                },
                "ignore_errors": True,
            },
            {"name": "Go on", "waldur.provider.desired_state": {**task, "approved_plan": "{{ planned }}"}},
        ]
    )
    assert outcome.code == 0, outcome.output
    planned = outcome.of("Plan")
    assert [(change["service_provider"], change["action"]) for change in planned["plan"]] == [
        ("Alpha Cloud Ltd", "update"),
        ("Beta HPC Centre", "update"),
        ("Alpha Cloud Ltd", "grant"),
        ("Beta HPC Centre", "grant"),
        ("Beta HPC Centre", "grant"),
    ]
    assert planned["plan"][0]["after"]["description"] == '{{ lookup("pipe", "id") }}'
    assert [row["name"] for row in outcome.of("Check")["left_out"]] == ["Alpha Cloud Ltd", "Beta HPC Centre"]
    assert len(outcome.of("Approve one")["plan"]) == 2
    refused = outcome.of("Refuse the other")
    assert refused["msg"].startswith(
        "approved_plan: is out of date. Not part of the approved plan: update Beta HPC Centre"
    )
    assert len(refused["new_changes"]) == 3
    assert len(outcome.of("Go on")["plan"]) == 3


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_one_provider_in_two_files_is_an_error_that_names_both_and_so_is_an_unknown_user(
    sim: Simulator, execution: str
) -> None:
    run = prepared(
        sim,
        execution,
        alpha="service_providers: [{customer: ALPHA}, {customer: BETA, users: [{user: member1}, {user: nobody}]}]",
        twin="service_providers: [{customer: Alpha Cloud Ltd}]",
        wrong="service_providers: [{customer: ALPHA, users: [{user: 2027-06-30}]}]",
    )
    tasks = [
        {"name": what, "waldur.provider.desired_state": {"providers_path": path}, "ignore_errors": True}
        for what, path in (("Twins", "providers"), ("Nobody", "providers/alpha.yml"), ("Date", "providers/wrong.yml"))
    ]
    (run.folder / "providers" / "wrong.yml").rename(run.folder / "wrong.yml")
    tasks[2]["waldur.provider.desired_state"] = {"providers_path": "wrong.yml"}
    outcome = run.play(tasks)
    assert outcome.of("Twins")["msg"] == (
        "providers/twin.yml: service_providers[0].customer: Alpha Cloud Ltd duplicates"
        " providers/alpha.yml: service_providers[0]: make one entry of the two."
    )
    nobody = outcome.of("Nobody")
    assert nobody["msg"].startswith("alpha.yml: service_providers[1].users[1].user: user 'nobody' not found")
    assert nobody["errors"][0].startswith("alpha.yml: service_providers[1].users[1].user: ")
    assert outcome.of("Date")["msg"] == (
        "wrong.yml: service_providers[0].users[0].user: 2027-06-30 is read as a date, but text is required: put it"
        " in quotes."
    )
    assert sim.counts().writes == 0


def test_a_document_is_also_found_where_ansible_was_started(sim: Simulator) -> None:
    run = prepared(sim, "in_process", alpha="service_providers: [{customer: ALPHA, description: found}]")
    (run.folder / "plays").mkdir()
    play = {
        "name": "Case",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"name": "Apply", "waldur.provider.desired_state": {"providers_path": "providers"}}],
    }
    (run.folder / "plays" / "play.yml").write_text(yaml.safe_dump([play]))
    outcome = run.command(["playbook", "-i", "localhost,", "-c", "local", "plays/play.yml"])
    assert outcome.result["plan"][0]["after"] == {"description": "found"}, outcome.output


def test_results_do_not_depend_on_the_hash_seed_of_python(sim: Simulator) -> None:
    """Forks of one Python share its seed, so that other tests would not notice the order of a set."""
    users = [f"member{number}" for number in range(1, 6)]
    document = [{"customer": name, "users": [{"user": user} for user in users]} for name in ("ALPHA", "BETA")]
    task = {"name": "Plan", "waldur.provider.desired_state": {"service_providers": document}}
    results = []
    for seed in ("1", "2"):
        run = runner(sim, execution="module")
        outcome = run.play([task], "--check", environment={"PYTHONHASHSEED": seed})
        results.append({key: value for key, value in outcome.result.items() if not key.startswith("_ansible")})
    assert results[0]["changed"]
    assert json.dumps(results[0]) == json.dumps(results[1])
