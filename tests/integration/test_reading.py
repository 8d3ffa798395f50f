# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that reads, in playbooks with the highest verbosity: in-process, as a module, in check mode, and on
three editions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from data_of_2026 import add_data_of_2026
from messages import begins
from module_editions import first_edition

from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from simulator_process import Simulator

from .playbook import Outcome, Runner, runner
from .test_secrets import get_most_verbose_environment, holding
from .waldur import SimulatedWaldur

ALPHA = {"service_provider": "ALPHA"}
# A filter of each, given by a name where there are names.
TASKS: dict[str, dict[str, Any]] = {
    "service_provider_info": {"customer_uuid": "ALPHA", "fields": ["customer_name", "description"]},
    "customer_info": {**ALPHA, "user": "member3", "order_by": "-name"},
    "project_info": {**ALPHA, "customer": "CONSUMER", "limit": 1, "order_by": ["name"]},
    "project_permission_info": {**ALPHA, "user": "member1", "fields": "user_username,project_name"},
    "user_info": {**ALPHA, "username": "member1"},
    "user_role_info": {**ALPHA, "role": "CUSTOMER.MANAGER"},
    "ssh_key_info": {**ALPHA, "user_uuid": "member1", "order_by": ["-name"]},
    "offering_info": {**ALPHA, "state": ["Active", "Paused"], "order_by": ["name"], "fields": ["name", "state"]},
    "course_account_info": {**ALPHA, "state": "OK", "project_end_date_after": "2026-01-01"},
    "project_service_account_info": {**ALPHA, "project": "Project c1"},
    "robot_account_info": {**ALPHA, "order_by": "name"},
    "revenue_info": {**ALPHA, "order_by": "-month", "limit": 2},
    "statistics_info": ALPHA,
    "compliance_info": {**ALPHA, "compliance_status": "completed"},
    "offering_username_info": {**ALPHA, "user": "member1", "is_restricted": False},
    "provider_account_info": {**ALPHA, "user": "member2", "fields": ["username", "offering_count"]},
    "username_conflict_info": {**ALPHA, "order_by": ["user_username"], "limit": 1},
    "directory_info": ALPHA,
    "site_agent_config_info": {**ALPHA, "offerings": ["Alpha Storage"]},
    "project_group_info": {**ALPHA, "project": "Project c1", "fields": ["name", "gid", "members"]},
    "posix_id_pool_info": {**ALPHA, "offering": "Alpha Storage", "fields": ["max_uid"], "statistics": True},
    "posix_identity_info": {**ALPHA, "user": "member1", "order_by": ["-uid"], "fields": "uid,offering_name"},
    "api_secret_code_info": ALPHA,
    "linux_accounts_info": {**ALPHA, "uid_map": {"min_uid": 20000, "max_uid": 29999}},
    "desired_state_info": ALPHA,
}
# The modules whose routes a Waldur does not have.
MISSING = {
    edition: {module for module in TASKS if first_edition(module) > int(edition)}
    for edition in ("2024", "2025", "2026")
}

# What is skipped in check mode, as reading it changes something.
SKIPPED = {name for name, info in INFOS.items() if info.is_skipped_in_check_mode}
# What a Waldur of 2026 tells or asks otherwise.
NEWER = ("service_provider_info", "project_permission_info", "desired_state_info", *sorted(MISSING["2025"]))


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(running: Simulator, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Each of them; none in a live run, as *running* is not there either."""
    with Simulator.start(edition=request.param) as simulator:
        if simulator.edition == "2026":
            add_data_of_2026(simulator)
        yield simulator


# A new Python takes a second for each module, so it is started for these only.
IN_A_NEW_PYTHON = ("user_role_info", "compliance_info", "linux_accounts_info")


def played(
    sim: Simulator, execution: str, names: Iterable[str], *options: str, is_python_shared: bool = True
) -> tuple[Runner, Outcome]:
    run = runner(sim, execution=execution)
    run.is_python_shared = is_python_shared
    run.secrets |= SimulatedWaldur(sim).codes()
    tasks = [{"name": name, f"waldur.provider.{name}": TASKS[name], "ignore_errors": True} for name in names]
    return run, run.play(tasks, *options, environment=get_most_verbose_environment(run))


def told(outcome: Outcome) -> dict[str, Any]:
    """What each task gave, but what Ansible adds for its own use, and the text that tells when it was generated."""
    own = {"text", "invocation", "exception", "_ansible_no_log", "_ansible_verbose_always"}
    return {
        line["task"]: {key: value for key, value in line["result"].items() if key not in own} for line in outcome.lines
    }


def test_every_read_module_has_a_task() -> None:
    assert TASKS.keys() == INFOS.keys()


def test_in_process_and_module_runs_read_the_same_write_nothing_and_leak_no_secret(edition: Simulator) -> None:
    missing = MISSING[edition.edition]
    edition.zero()
    runs = {
        "local": played(edition, "in_process", TASKS),
        "in check mode": played(edition, "in_process", TASKS, "--check"),
        # All of them once, in forks of a Python that can't import what is not in the archive of the module.
        "as a module": played(
            edition, "module", {"2025": [*TASKS], "2024": sorted(missing)}.get(edition.edition, NEWER)
        ),
    }
    if edition.edition == "2026":
        runs["as a module in a new Python"] = played(edition, "module", IN_A_NEW_PYTHON, is_python_shared=False)
    assert edition.counts().writes == 0
    for how, (run, outcome) in runs.items():
        assert outcome.code == 0, (how, outcome.output)
        failing = missing - SKIPPED if how == "in check mode" else missing
        assert {line["task"] for line in outcome.lines if line["status"] == "failed"} == failing, (how, outcome.output)
        assert not any(line["result"].get("changed") for line in outcome.lines), how
        assert not any(line["result"].get("diff") for line in outcome.lines), how
        assert holding(run, {*edition.tokens.values(), *run.secrets}) == [], how
    local, check, *as_modules = (told(outcome) for _run, outcome in runs.values())
    assert {name: check[name].get("skipped", False) for name in check} == {name: name in SKIPPED for name in check}
    assert [local[name] for name in local if name not in SKIPPED] == [
        check[name] for name in check if name not in SKIPPED
    ]
    for module in as_modules:
        assert {name: local[name] for name in module} == module
    for name, result in local.items():
        if name in missing:
            assert begins(result["msg"], "feature_missing"), result
        elif name not in ("api_secret_code_info", "desired_state_info"):
            assert result["count"] > 0, (name, result)
    assert_filtered({name: result for name, result in local.items() if name not in missing})


def assert_filtered(rows: dict[str, Any]) -> None:
    """What the filters and forms of TASKS promise."""
    assert rows["service_provider_info"]["service_providers"] == [
        {"customer_name": "Alpha Cloud Ltd", "description": "Provider of Alpha Cloud Ltd"}
    ]
    assert [row["name"] for row in rows["customer_info"]["customers"]] == ["Consumer Institute"]
    assert [row["name"] for row in rows["project_info"]["projects"]] == ["Project c1"]
    assert {row["user_username"] for row in rows["project_permission_info"]["project_permissions"]} == {"member1"}
    assert [row["username"] for row in rows["user_info"]["users"]] == ["member1"]
    assert {row["name"].split("-")[0] for row in rows["ssh_key_info"]["ssh_keys"]} == {"member1"}
    assert {row["state"] for row in rows["offering_info"]["offerings"]} <= {"Active", "Paused"}
    assert {*map(tuple, rows["offering_info"]["offerings"])} == {("name", "state")}
    assert len(rows["revenue_info"]["revenue"]) == 2
    assert {row["user_username"] for row in rows["offering_username_info"]["offering_usernames"]} == {"member1"}
    if "provider_account_info" in rows:
        assert rows["provider_account_info"]["provider_accounts"] == [{"username": "m2_alpha", "offering_count": 1}]
        [conflict] = rows["username_conflict_info"]["username_conflicts"]
        assert [one["username"] for one in conflict["candidates"]] == ["m1_alpha", "m1_storage"]
        [pool] = rows["posix_id_pool_info"]["posix_id_pools"]
        assert (pool["max_uid"], pool["statistics"]["uid"]["used"]) == (40009, 1)
        assert rows["posix_identity_info"]["posix_identities"] == [
            {"uid": 40000, "offering_name": "Alpha Storage"},
            {"uid": 20000, "offering_name": "Alpha VM"},
        ]
    assert rows["api_secret_code_info"]["fingerprint"].startswith("sha256:")
    assert "phone_number" not in json.dumps(rows["user_info"])


@pytest.mark.parametrize(
    ("execution", "names"), [("in_process", [*TASKS]), ("module", ["api_secret_code_info", "user_info"])]
)
def test_read_modules_leak_no_secret_that_a_server_returns(sim: Simulator, execution: str, names: list[str]) -> None:
    own, other = sim.token("staff"), "f00dfeedf00dfeedf00dfeedf00dfeed"
    body = {"detail": f"as {own}", "api_secret_code": other, "token": other}
    sim.fault(path="*/marketplace-service-providers/*", times=None, status=400, body=body)
    run = runner(sim, execution=execution)
    tasks = [{"name": name, f"waldur.provider.{name}": TASKS[name], "ignore_errors": True} for name in names]
    outcome = run.play(tasks, environment=get_most_verbose_environment(run))
    assert {line["status"] for line in outcome.lines} == {"failed"}, outcome.output
    # A part of a secret is a leak, too.
    parts = {part for secret in (own, other) for part in (secret, secret[:12], secret[-12:])}
    assert [part for part in parts if part in outcome.output] == []
    assert holding(run, parts) == []
