# SPDX-License-Identifier: GPL-3.0-or-later
"""All that Ansible lets one write around a task works the same with ours, in-process and as a module."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD
from simulator_process import Simulator

from .playbook import EXECUTIONS, Runner, runner
from .waldur import Waldur

GRANT = {"name": "Grant", "waldur.provider.user_role": {"service_provider": "ALPHA", "user": "member1"}}
LIST_USERS = "GET /api/marketplace-service-providers/{uuid}/list_users/"


def each_execution(function: Any) -> Any:
    return pytest.mark.parametrize("execution", EXECUTIONS)(function)


def elsewhere(run: Runner) -> dict[str, str]:
    """An environment without connection, so that a test's own source must be the one that speaks."""
    return {"WALDUR_API_URL": "", "WALDUR_ACCESS_TOKEN": ""}


# --- where the connection comes from ---------------------------------------------------------------------------------


@each_execution
def test_the_tasks_own_environment_counts_as_environment(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    task = {**GRANT, "environment": {"WALDUR_API_URL": "{{ url }}/api/", "WALDUR_API_TOKEN": "{{ secret }}"}}
    variables = run.folder / "secret.yml"
    variables.write_text(yaml.safe_dump({"url": waldur.url, "secret": waldur.token("staff")}))
    outcome = run.play([task], "-e", f"@{variables}", environment=elsewhere(run))
    assert outcome.result["changed"] is True, outcome.output


@each_execution
def test_variables_are_a_source(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    variables = run.folder / "secret.yml"
    variables.write_text(
        yaml.safe_dump(
            {"waldur_api_url": "{{ base }}", "base": waldur.url, "waldur_access_token": waldur.token("staff")}
        )
    )
    outcome = run.play([GRANT], "-e", f"@{variables}", environment=elsewhere(run))
    assert outcome.result["changed"] is True, outcome.output


@each_execution
@pytest.mark.parametrize("named_by", ["option", "variable", "environment"])
def test_a_profile_is_a_source(waldur: Waldur, execution: str, named_by: str) -> None:
    run = runner(waldur, execution=execution)
    profiles = run.folder / "profiles.yml"
    profiles.write_text(yaml.safe_dump({"lab": {"api_url": waldur.url, "access_token": waldur.token("staff")}}))
    environment = {**elsewhere(run), "WALDUR_PROFILES_FILE": str(profiles)}
    task: dict[str, Any] = json.loads(json.dumps(GRANT))
    if named_by == "option":
        task["waldur.provider.user_role"]["profile"] = "lab"
    elif named_by == "variable":
        task["vars"] = {"waldur_profile": "lab"}
    else:
        environment["WALDUR_PROFILE"] = "lab"
    assert run.play([task], environment=environment).result["changed"] is True


@each_execution
def test_module_defaults_of_one_module_and_of_the_group(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    tasks = [
        {"name": "Role", "waldur.provider.user_role": {"user": "member1"}},
        {"name": "Code", "waldur.provider.api_secret_code": {"service_provider": "BETA"}},
    ]
    defaults = {
        "waldur.provider.user_role": {"service_provider": "ALPHA", "expiration_time": "2027-06-30"},
        "group/waldur.provider.all": {"retries": 7},
    }
    outcome = run.play(tasks, module_defaults=defaults, environment={"ANSIBLE_INJECT_INVOCATION": "true"})
    assert outcome.of("Role")["user_roles"][0]["expiration_time"].startswith("2027-06-30")
    assert outcome.of("Code")["changed"] is False, outcome.output
    # The default of one module reaches no other; that of the group reaches both.
    arguments = {task: outcome.of(task)["invocation"]["module_args"] for task in ("Role", "Code")}
    assert {task: str(given["retries"]) for task, given in arguments.items()} == {"Role": "7", "Code": "7"}
    assert "expiration_time" not in arguments["Code"]


# --- how a task is run -----------------------------------------------------------------------------------------------


@each_execution
def test_async_waits_for_the_module(waldur: Waldur, execution: str) -> None:
    outcome = runner(waldur, execution=execution).play([{**GRANT, "async": 60, "poll": 1}])
    assert outcome.code == 0, outcome.output
    assert outcome.lines[-1]["result"]["changed"] is True


@each_execution
def test_async_without_waiting_and_async_status(waldur: Waldur, execution: str) -> None:
    tasks = [
        {**GRANT, "async": 60, "poll": 0, "register": "started"},
        {
            "name": "Wait",
            "ansible.builtin.async_status": {"jid": "{{ started.ansible_job_id }}"},
            "register": "ended",
            "until": "ended is finished",
            "retries": 30,
            "delay": 1,
        },
    ]
    outcome = runner(waldur, execution=execution).play(tasks)
    assert outcome.code == 0, outcome.output
    assert outcome.of("Wait")["user_roles"][0]["user_username"] == "member1"


def test_become_and_the_interpreter_do_not_matter_in_process(waldur: Waldur) -> None:
    task = {**GRANT, "become": True, "become_user": "nobody", "vars": {"ansible_python_interpreter": "/nowhere/python"}}
    assert runner(waldur).play([task]).result["changed"] is True


@each_execution
def test_delegate_to_localhost(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    tasks = [{**GRANT, "delegate_to": "localhost", "vars": {"ansible_connection": EXECUTIONS[execution]}}]
    inventory = run.folder / "others.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"far.example.org": {"ansible_connection": "ssh"}}}}))
    outcome = run.play(tasks, "-i", str(inventory), hosts="far.example.org")
    assert outcome.result["changed"] is True, outcome.output


@each_execution
def test_until_reads_anew_at_each_attempt(waldur: Waldur, execution: str) -> None:
    task = {**GRANT, "register": "seen", "until": "not seen.changed", "retries": 3, "delay": 0}
    outcome = runner(waldur, execution=execution).play([task])
    assert outcome.code == 0, outcome.output
    assert outcome.result["changed"] is False
    assert outcome.result["attempts"] == 2


@each_execution
def test_until_finds_the_connection_of_its_environment_at_each_attempt(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    task = {
        **GRANT,
        "environment": {"WALDUR_API_URL": "{{ url }}", "WALDUR_ACCESS_TOKEN": "{{ secret }}"},
        "register": "seen",
        "until": "not seen.changed",
        "retries": 3,
        "delay": 0,
    }
    variables = run.folder / "secret.yml"
    variables.write_text(yaml.safe_dump({"url": waldur.url, "secret": waldur.token("staff")}))
    outcome = run.play([task], "-e", f"@{variables}", environment=elsewhere(run))
    assert outcome.code == 0, outcome.output
    assert outcome.result["attempts"] == 2


@each_execution
def test_a_loop_sees_what_its_earlier_items_wrote(waldur: Waldur, execution: str) -> None:
    tasks = [
        {
            "name": "Loop",
            "waldur.provider.user_role": {"service_provider": "ALPHA", "user": "member1", "state": "{{ item }}"},
            "loop": ["present", "present", "absent", "absent", "present"],
        },
        {
            "name": "Create and delete",
            "waldur.provider.service_provider": {"customer": "SPARE", "state": "{{ item }}"},
            "loop": ["present", "present", "absent", "absent", "present"],
        },
    ]
    outcome = runner(waldur, execution=execution).play(tasks)
    assert outcome.code == 0, outcome.output
    for result in outcome.results:
        assert [item["changed"] for item in result["results"]] == [True, False, True, False, True]


@each_execution
def test_no_log_hides_everything(waldur: Waldur, execution: str) -> None:
    outcome = runner(waldur, execution=execution).play([{**GRANT, "no_log": True}])
    assert outcome.code == 0
    assert "member1@example.org" not in outcome.output


@each_execution
def test_strategy_free(waldur: Waldur, execution: str) -> None:
    outcome = runner(waldur, execution=execution).play([GRANT, {**GRANT, "name": "Again"}], strategy="free")
    assert [line["result"]["changed"] for line in outcome.lines] == [True, False], outcome.output


@each_execution
def test_short_names_by_the_collections_keyword(waldur: Waldur, execution: str) -> None:
    task = {"name": "Grant", "user_role": {"service_provider": "ALPHA", "user": "member1"}}
    outcome = runner(waldur, execution=execution).play([task], collections=["waldur.provider"])
    assert outcome.result["changed"] is True, outcome.output


@each_execution
def test_ad_hoc_use(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    command = ["adhoc", "localhost", "-i", run.inventory(), "-m", "waldur.provider.user_role", "--diff", "-vvvv"]
    outcome = run.command([*command, "-a", "service_provider=ALPHA user=member1 expiration_time=2027-06-30"])
    assert outcome.code == 0, outcome.output
    assert "+member1 as CUSTOMER.MANAGER: expiration_time: 2027-06-30T00:00:00Z" in outcome.output


def test_several_hosts_at_once(sim: Simulator) -> None:
    run = runner(sim)
    hosts = {
        f"p{number:02}": {"ansible_connection": "local", "who": f"Extra Provider {number:02}"}
        for number in range(1, 11)
    }
    inventory = run.folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    task = {"name": "Describe", "waldur.provider.service_provider": {"customer": "{{ who }}", "description": "As code"}}
    outcome = run.play([task], "-i", str(inventory), "-f", "5", hosts="p*")
    assert outcome.code == 0, outcome.output
    assert [line["result"]["changed"] for line in outcome.lines] == [True] * 10


# --- YAML's traps ----------------------------------------------------------------------------------------------------


@each_execution
def test_unquoted_dates_of_a_file_are_understood(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    document = run.write(
        "providers.yml",
        "service_providers:\n"
        "  - customer: ALPHA\n"
        "    users:\n"
        "      - {user: member1, expiration_time: 2027-06-30}\n"
        "      - {user: member2, expiration_time: 2027-06-30T12:00:00Z}\n"
        "      - {user: member3, expiration_time: 2027-06-30 12:00:00}\n",
    )
    task = {"name": "Apply", "waldur.provider.desired_state": {"service_providers": "{{ service_providers }}"}}
    outcome = run.play([task], "-e", f"@{document}")
    assert outcome.code == 0, outcome.output
    expiries = [change["after"]["expiration_time"] for change in outcome.result["plan"]]
    assert expiries == ["2027-06-30T00:00:00Z", "2027-06-30T12:00:00Z", "2027-06-30T12:00:00Z"]


@each_execution
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{user: 007}", "users[0].user: 007 is read as a number, but text is required: put it in quotes."),
        ("{user: yes}", "users[0].user: the value is the boolean true, but text is required: put it in quotes."),
        ("{user: 12:30:45}", "users[0].user: 12:30:45 is read as a number, but text is required: put it in quotes."),
        ("{user: 1.5}", "users[0].user: 1.5 is read as a number, but text is required: put it in quotes."),
        (
            "{user: member1, expiration_time: 20270630}",
            "users[0].expiration_time: 20270630 is read as a number, but a date is required: put it in quotes, like"
            ' "2027-06-30".',
        ),
    ],
)
def test_what_yaml_makes_of_unquoted_names_is_refused(waldur: Waldur, execution: str, entry: str, message: str) -> None:
    run = runner(waldur, execution=execution)
    document = run.write("providers.yml", f"service_providers:\n  - customer: ALPHA\n    users: [{entry}]\n")
    task = {"name": "Apply", "waldur.provider.desired_state": {"service_providers": "{{ service_providers }}"}}
    outcome = run.play([task], "-e", f"@{document}")
    if IS_OLD:  # Ansible does not tell where a value comes from, so no spelling is claimed.
        values = {"007": "7", "12:30:45": "45045"}
        message = re.sub(
            r"(\S+) is read as a (number)",
            lambda found: f"the value is the {found[2]} {values.get(found[1], found[1])}",
            message,
        )
    assert outcome.result["msg"] == f"service_providers[0].{message}"


# --- secrets ---------------------------------------------------------------------------------------------------------


@each_execution
def test_the_code_comes_only_when_it_is_asked_for(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    reveal = {"name": "Reveal", "waldur.provider.api_secret_code": {"service_provider": "ALPHA", "reveal": True}}
    shown = run.play([reveal], leaks_allowed=True).result
    run.secrets.add(shown["api_secret_code"])
    hidden = run.play([{"name": "Keep", "waldur.provider.api_secret_code": {"service_provider": "ALPHA"}}]).result
    assert hidden["fingerprint"] == shown["fingerprint"]
    assert "api_secret_code" not in hidden
    # With no_log even the revealed one is printed nowhere, and a following task may use it.
    quiet = run.play([{**reveal, "no_log": True, "register": "code"}])
    assert quiet.code == 0
    rotation = {"service_provider": "ALPHA", "state": "rotated", "fingerprint": hidden["fingerprint"]}
    rotated = run.play([{"name": "Rotate", "waldur.provider.api_secret_code": rotation}]).result
    assert rotated["fingerprint"] != hidden["fingerprint"]
    run.secrets.add(run.play([reveal], leaks_allowed=True).result["api_secret_code"])
    assert run.play([{"name": "Again", "waldur.provider.api_secret_code": rotation}]).result["changed"] is False


@each_execution
def test_the_token_is_printed_nowhere_when_a_task_fails(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, "outsider", execution)
    outcome = run.play(
        [{"name": "Change", "waldur.provider.service_provider": {"customer": "ALPHA", "description": "x"}}]
    )
    assert outcome.result["msg"].startswith(
        "update Alpha Cloud Ltd: Waldur rejected the request to change the service provider (403: You do not have"
    )


@each_execution
def test_text_from_the_server_is_never_evaluated(other_world: Simulator, execution: str) -> None:
    other_world.load(generate={"providers": 1, "users": 3, "grants": 2, "accounts": 2, "templates": True})
    provider = "P0001"
    run = runner(other_world, execution=execution)
    state = {"customer": provider, "users": [{"user": "user0003"}], "description": "{{ 'plain' }}"}
    tasks = [
        {"name": "Apply", "waldur.provider.desired_state": {"service_providers": [state]}, "register": "applied"},
        {
            "name": "Grants",
            "waldur.provider.user_role": {"service_provider": provider, "user": "user0001"},
            "register": "grants",
        },
        {"name": "Show", "ansible.builtin.debug": {"msg": "{{ applied }} {{ grants }}"}},
    ]
    outcome = run.play(tasks)
    assert outcome.code == 0, outcome.output
    assert outcome.of("Apply")["plan"][0]["after"] == {"description": "plain"}
    # What came from the server is shown as it came: nothing was looked up.
    assert "{{ lookup(" in outcome.of("Apply")["plan"][0]["before"]["description"]
    assert "{{ lookup(" in str(outcome.of("Show")["msg"])


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_a_loop_of_a_hundred_reads_each_state_anew_and_looks_nothing_up_twice(other_world: Simulator) -> None:
    other_world.load(generate={"providers": 1, "users": 120, "grants": 100, "accounts": 0})
    other_world.zero()
    task = {
        "name": "Loop",
        "waldur.provider.user_role": {"service_provider": "Provider 0001", "user": "user{{ '%04d' | format(item) }}"},
        "loop": "{{ range(1, 101) | list }}",
    }
    outcome = runner(other_world).play([task])
    assert outcome.result["changed"] is False, outcome.output
    counts = other_world.counts()
    assert counts.operations.get(LIST_USERS) == 100, counts.operations
    assert counts.requests <= 102


@each_execution
def test_a_thousand_grants_and_usernames_cost_pages_in_one_task(other_world: Simulator, execution: str) -> None:
    other_world.load(generate={"providers": 1, "users": 1000, "grants": 1000, "accounts": 1000})
    other_world.zero()
    names = [f"user{number:04}" for number in range(1, 1001)]
    document = {
        "customer": "Provider 0001",
        "users": [{"user": name} for name in names],
        "offering_usernames": [{"user": name, "username": name} for name in names],
        "exclusive_users": True,
    }
    task = {"name": "Apply", "waldur.provider.desired_state": {"service_providers": [document]}}
    outcome = runner(other_world, execution=execution).play([task])
    assert outcome.result["changed"] is False, outcome.output
    pages = 4 + 4 + 4 + 1  # grants, accounts, project permissions, resources; one each of the rest is not counted
    assert other_world.counts().requests <= pages + 10, other_world.counts().operations
