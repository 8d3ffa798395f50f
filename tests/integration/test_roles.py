# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles and playbooks hand on, and how they refuse what is misspelt."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from posix_pools import PROVIDER_POOL, add_posix_pools
from prometheus_client.parser import text_string_to_metric_families

from simulator_process import Simulator

from .playbook import runner

PROJECT = Path(__file__).parents[2] / "extensions" / "awx" / "project"
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}


def role(name: str, **variables: Any) -> dict[str, Any]:
    return {
        "name": f"Include {name}",
        "ansible.builtin.include_role": {"name": f"waldur.provider.{name}"},
        "vars": variables,
    }


@pytest.mark.parametrize("name", ["desired_state", "drift"])
def test_a_misspelt_key_is_refused_by_ansible_before_anything_is_asked(sim: Simulator, name: str) -> None:
    documents = [
        {"customer": "ALPHA", "descripton": "x"},
        {"customer": "ALPHA", "users": [{"user": "member1", "rolle": "x"}]},
        {"customer": "ALPHA", "api_secret_code": {"status": "present"}},
    ]
    tasks = [
        {"name": "Try", "block": [role(name, **{f"{name}_service_providers": [one]})], "rescue": [_told()]}
        for one in documents
    ]
    outcome = runner(sim).play(tasks)
    assert outcome.code == 0, outcome.output
    told = [line["result"]["msg"] for line in outcome.lines if line["task"].endswith("Told")]
    assert len(told) == 3
    for text, key in zip(told, ("descripton", "rolle", "status"), strict=True):
        assert key in text
        assert "Supported parameters include" in text
    assert sim.counts().requests == 0


NO_PATH = "providers_path: is required: set it to the file or folder of the documents"

EMPTY_PLAN = "approved_plan: is empty: set it to the path of the approved plan.json, or leave the variable out."


@pytest.mark.parametrize(
    ("name", "variables", "message"),
    [
        ("plan", {}, NO_PATH),
        ("apply", {}, NO_PATH),
        ("apply", {"providers_path": ".", "approved_plan": ""}, EMPTY_PLAN),
        ("apply", {"providers_path": ".", "approved_plan": None}, EMPTY_PLAN),
        ("drift", {"providers_path": ""}, "providers_path: is empty: set it to the file or folder"),
        ("plan", {"providers_path": ["a"]}, "providers_path: must be a path"),
        (
            "plan",
            {"providers_path": "a", "service_providers": []},
            "providers_path: can't be combined with service_pro",
        ),
        ("plan", {"service_providers": "ALPHA"}, "service_providers: must be a list of mappings"),
        ("plan", {"service_providers": ["ALPHA"]}, "service_providers: must be a list of mappings"),
        (
            "plan",
            {"providers_path": "no/such"},
            "providers_path: there is no file or folder no/such (searched in FOLDER)",
        ),
        ("plan", {"providers_path": "~/no"}, "providers_path: there is no file or folder ~/no (searched in FOLDER)"),
        ("rotate_api_secret_code", {}, "service_provider: is required: name one service provider"),
        (
            "rotate_api_secret_code",
            {"service_provider": "ALPHA"},
            "destinations: is required: list where to deliver the code",
        ),
        (
            "rotate_api_secret_code",
            {"service_provider": "ALPHA", "destinations": "x"},
            "destinations: must be a list of",
        ),
        ("facts", {}, "service_provider: is required: name a service provider"),
    ],
)
def test_a_playbook_names_the_variable_that_is_missing_empty_or_of_the_wrong_type(
    sim: Simulator, name: str, variables: dict[str, Any], message: str
) -> None:
    run = runner(sim)
    told = message.replace("FOLDER", str(run.folder.resolve()))
    command = ["playbook", f"waldur.provider.{name}", "-e", json.dumps(variables)]
    outcome = run.command(command, {"HOME": str(run.folder.resolve())})
    assert outcome.code == 2, outcome.output
    failed = [line["result"]["msg"] for line in outcome.lines if line["status"] == "failed"]
    assert failed, outcome.output
    assert failed[0].startswith(told)
    assert "undefined" not in outcome.output
    assert sim.counts().requests == 0


def test_a_role_names_the_variable_or_the_path_that_is_missing_and_where_it_was_searched(sim: Simulator) -> None:
    run = runner(sim)
    here = run.folder.resolve()
    cases = {
        "desired_state_providers_path: is required": role("desired_state"),
        "drift_providers_path: is required": role("drift", drift_providers_path=""),
        f"no file or folder no/such (searched in .*{here})": role(
            "desired_state", desired_state_providers_path="no/such"
        ),
        f"no file or folder ~/no (searched in {here})": role("drift", drift_providers_path="~/no"),
        f"desired_state_{EMPTY_PLAN}": role(
            "desired_state", desired_state_providers_path=".", desired_state_approved_plan=""
        ),
        "export_path: is empty": role("export", export_path=""),
        "report_directory: is empty": role("report", report_directory=""),
        f"no/code can't be used (searched in {here})": role(
            "rotate_api_secret_code",
            rotate_api_secret_code_service_provider="ALPHA",
            rotate_api_secret_code_destinations=[{"file": "no/code"}],
        ),
    }
    message = {"name": "Told", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
    tasks = [{"name": "Try", "block": [task], "rescue": [message]} for task in cases.values()]
    outcome = run.play(tasks, environment={"HOME": str(here)})
    assert outcome.code == 0, outcome.output
    told = [line["result"]["msg"] for line in outcome.lines if line["task"].endswith("Told")]
    assert len(told) == len(cases)
    for text, wanted in zip(told, cases, strict=True):
        assert all(part in text for part in wanted.split(".*")), text
    assert sim.counts().requests == 0


@pytest.mark.parametrize(
    ("name", "variables", "told"),
    [
        ("apply", {}, None),
        ("apply", {"waldur_plan": ""}, EMPTY_PLAN),
        ("apply", {"waldur_plan": {"plan": []}}, "approved_plan: is out of date."),
        ("apply_fleet", {"waldur_plan": None}, EMPTY_PLAN),
        # A host without waldur_uuid applies its whole document.
        ("apply_fleet", {}, None),
    ],
)
def test_an_awx_job_rejects_an_empty_plan_and_needs_no_approval_if_no_plan_is_set(
    sim: Simulator, name: str, variables: dict[str, Any], told: str | None
) -> None:
    run = runner(sim)
    run.write("providers.yml", "service_providers: [{customer: ALPHA, description: changed}]")
    run.write("hosts.yml", "waldur_service_providers: {hosts: {alpha: }}")
    variables = {"providers_path": "providers.yml", **variables}
    outcome = run.command(["playbook", str(PROJECT / f"{name}.yml"), "-i", "hosts.yml", "-e", json.dumps(variables)])
    assert (outcome.code == 0) == (told is None), outcome.output
    assert (told or "Total: 1 change") in outcome.output
    assert sim.counts().writes == (told is None)


def _told() -> dict[str, Any]:
    return {"name": "Told", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.argument_errors | join(' ') }}"}}


def test_plan_and_drift_are_handed_on_also_in_check_mode_and_drift_can_be_a_warning(sim: Simulator) -> None:
    run = runner(sim)
    run.write("providers.yml", "service_providers: [{customer: ALPHA, description: '{{ 7 * 6 }}'}]")
    options = ["-e", "providers_path=providers.yml", "-e", "output_directory=out", "-vvvv", "--diff", "--check"]
    planned = run.command(["playbook", "waldur.provider.plan", *options], STATS)
    assert planned.code == 0, planned.output
    written = json.loads((run.folder / "out" / "plan.json").read_text())
    assert written["format"] == "waldur.provider.plan/1"
    assert written["plan"][0]["after"] == {"description": "{{ 7 * 6 }}"}
    handed_on = planned.output.partition("CUSTOM STATS")[2]
    assert '"waldur_plan":' in handed_on
    assert '"waldur_plan_markdown":' in handed_on
    # A brace of a template is followed by an invisible space.
    line = "Alpha Cloud Ltd: update description: 'Provider of Alpha Cloud Ltd' -> '{\u200b{ 7 * 6 }}'"
    assert planned.of("Show the changes")["msg"] == [line, "Total: 1 change on 1 service provider: 1 update"]
    warned = run.command(["playbook", "waldur.provider.drift", *options, "-e", "when_drift=warn"], STATS)
    assert warned.code == 0, warned.output
    assert f"WARNING: Waldur differs from the document: {line}; Total: 1 change on 1" in warned.output
    assert '"waldur_drift":' in warned.output.partition("CUSTOM STATS")[2]
    drift = json.loads((run.folder / "out" / "drift.json").read_text())
    assert (drift["status"], drift["differences"]) == ("drift", [line])
    assert drift["plan"] == written["plan"]
    assert sim.counts().writes == 0


def test_files_for_widgets_and_monitoring_are_written_for_drift_and_for_a_failed_check(sim: Simulator) -> None:
    run = runner(sim)
    soon = {"expiration_time": "2099-01-01T00:00:00Z"}
    sim.create("Grant", user="member1", role="CUSTOMER.MANAGER", service_provider="Alpha Cloud Ltd", **soon)
    run.write(
        "providers.yml", "service_providers: [{customer: ALPHA, description: new, users: [{user: manager_alpha}]}]"
    )
    out = run.folder / "out"
    options = ["-e", "providers_path=providers.yml", "-e", "output_directory=out", "--check", "--diff", "-vvvv"]
    planned = run.command(["playbook", "waldur.provider.plan", *options, "-e", "gitlab_file=plan-gitlab.json"])
    assert planned.code == 0, planned.output
    assert json.loads((out / "plan-gitlab.json").read_text()) == {"create": 0, "update": 1, "delete": 0}

    files = ["-e", "junit_file=drift.xml", "-e", f"metrics_file={out}/waldur.prom", "-e", "expiring_within=5000w"]
    pool = {"uuid": "a" * 32, "customer_name": "Alpha", "customer_uuid": "b" * 32, "uid_utilization": 12.5}
    pools = ["-e", json.dumps({"posix_id_pools": [pool]})]
    found = run.command(["playbook", "waldur.provider.drift", *options, *files, *pools])
    assert found.code == 2, found.output
    (suite,) = JUnitXml.fromfile(str(out / "drift.xml"))
    assert (suite.name, suite.tests, suite.failures) == ("Alpha Cloud Ltd", 1, 1)
    metrics = read_metrics(out / "waldur.prom")
    assert (metrics["waldur_drift"], metrics["waldur_drift_check_success"]) == (1, 1)
    assert metrics["waldur_expiring_soon"] == 1
    assert metrics["waldur_posix_id_pool_utilization_ratio"] == 0.125
    assert abs(metrics["waldur_drift_last_check_timestamp_seconds"] - time.time()) < 600
    expiring = json.loads((out / "drift.json").read_text())["expiring"]
    assert [(one["name"], one["expiration_time"]) for one in expiring] == [
        ("member1 as CUSTOMER.MANAGER", "2099-01-01T00:00:00Z")
    ]
    assert found.of("Show the role grants that end soon")["msg"] == [
        "Alpha Cloud Ltd: member1 as CUSTOMER.MANAGER: 2099-01-01T00:00:00Z"
    ]
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o644}

    run.write("providers.yml", "service_providers: [{customer: NOBODY}]")
    failed = run.command(["playbook", "waldur.provider.drift", *options, *files])
    assert failed.code == 2, failed.output
    (suite,) = JUnitXml.fromfile(str(out / "drift.xml"))
    assert (suite.tests, suite.errors) == (1, 1)
    assert read_metrics(out / "waldur.prom").keys() == {
        "waldur_drift_check_success",
        "waldur_drift_last_check_timestamp_seconds",
    }
    assert sim.counts().writes == 0


def read_metrics(path: Path) -> dict[str, float]:
    """The samples of a file, as the parser of Prometheus' client reads them, by name."""
    families = text_string_to_metric_families(path.read_text())
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_drift_is_no_error_where_its_repair_would_revoke_more_than_a_run_may(sim: Simulator) -> None:
    for name in ("member1", "member2", "member3", "member4", "pa1", "pm1"):
        sim.create("Grant", user=name, role="CUSTOMER.MANAGER", service_provider="Alpha Cloud Ltd")
    run = runner(sim)
    kept = "service_providers: [{customer: ALPHA, users: [{user: manager_alpha}], exclusive_users: true}]"
    run.write("providers.yml", kept)
    options = ["-e", "providers_path=providers.yml"]
    refused = run.command(["playbook", "waldur.provider.apply", *options])
    assert refused.code == 2
    assert "max_removals: the plan would revoke 6 grants that no entry names, and 5 are allowed" in refused.output
    found = run.command(["playbook", "waldur.provider.drift", *options])
    assert found.code == 2
    assert json.loads((run.folder / "drift.json").read_text())["status"] == "drift"
    assert sim.counts().writes == 0


def test_drift_shows_pools_and_groups_and_is_an_error_where_the_token_or_the_pool_can_not_repair_it() -> None:
    """A pool and a group that differ are drift; a token without the right and an exhausted pool fail the check."""
    with Simulator.start(edition="2026") as sim:
        add_posix_pools(sim)
        sim.create("ProjectGroup", service_provider="Alpha Cloud Ltd", project="Project c1", name="climate", gid=30001)
        run = runner(sim)

        def check(entry: str, alias: str = "staff") -> tuple[str, Any]:
            run.alias = alias
            run.write("providers.yml", f"service_providers: [{{customer: ALPHA, {entry}}}]")
            found = run.command(["playbook", "waldur.provider.drift", "-e", "providers_path=providers.yml"])
            assert found.code == 2, found.output
            return found.output, json.loads((run.folder / "drift.json").read_text())

        groups = "project_groups: [{project: Project c1, gid: 30002}, {project: Project d1, gid: 30003, name: dee}]"
        pool = "posix_id_pool: {min_uid: 20000, max_uid: 20099}"
        _output, drift = check(f"{pool}, {groups}")
        assert (drift["status"], [(one["kind"], one["action"]) for one in drift["plan"]]) == (
            "drift",
            [("posix_id_pool", "update"), ("project_group", "set_gid"), ("project_group", "create_group")],
        )
        output, failed = check(groups, alias="manager_alpha")
        assert failed["status"] == "error"
        assert "this token can't change the project groups of Alpha Cloud Ltd" in output
        sim.change("PosixPool", {"uuid": PROVIDER_POOL}, {"max_uid": 20000, "next_uid": 20001})
        output, failed = check("offering_usernames: [{user: member3, username: m3}]")
        assert failed["status"] == "error"
        assert "raise max_uid of that pool by at least 1" in output
        assert sim.counts().writes == 0


def test_the_facts_of_a_provider_become_a_file(sim: Simulator) -> None:
    run = runner(sim)
    options = ["-e", "service_provider=ALPHA", "-e", "output_directory=out", "-e", '{"gather_subset": ["roles"]}']
    outcome = run.command(["playbook", "waldur.provider.facts", *options, "-vvvv", "--diff"])
    assert outcome.code == 0, outcome.output
    facts = json.loads((run.folder / "out" / "localhost.json").read_text())
    assert facts["profile"]["customer_name"] == "Alpha Cloud Ltd"
    assert [grant["user_username"] for grant in facts["roles"]] == ["manager_alpha"]
    shown = run.command(["playbook", "waldur.provider.facts", *options[:2], "--check"])
    assert shown.code == 0, shown.output
    assert '"statistics": {' in shown.output
