# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens from files and commands, in all that connects, and tokens that expire while a playbook runs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import message

from simulator_process import Simulator

from .playbook import EXECUTIONS, Outcome, Runner, runner

NO_CONNECTION = {"WALDUR_API_URL": "", "WALDUR_ACCESS_TOKEN": ""}
READ_ME = {"name": "Read", "waldur.provider.user_info": {"service_provider": "ALPHA", "limit": 1}}
GRANTS = {
    "name": "Grant",
    "waldur.provider.user_role": {"service_provider": "ALPHA", "users": [{"user": "member1"}, {"user": "member2"}]},
}
INVENTORY = {"plugin": "waldur.provider.inventory", "hosts": "users", "service_providers": ["ALPHA"]}
CACHE = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}
# Two tokens of two users who may do everything.
USERS = ("staff", "second_staff")


def each_execution(function: Any) -> Any:
    return pytest.mark.parametrize("execution", EXECUTIONS)(function)


@pytest.fixture
def two_staff(sim: Simulator) -> Simulator:
    """A Waldur with two users who may do everything."""
    sim.create("User", username=USERS[1], is_staff=True)
    return sim


class Tokens:
    """A file with a token, and a command that prints one token after the other, the last one for ever, and counts
    its runs."""

    def __init__(self, run: Runner, sim: Simulator, *names: str) -> None:
        self.folder = run.folder / "tokens"
        self.folder.mkdir()
        self.tokens = [sim.token(name) for name in names or USERS]
        run.secrets.update(self.tokens)
        self.file = self.folder / "token"
        self.file.write_text(self.tokens[0] + "\n")
        (self.folder / "all").write_text("".join(f"{token}\n" for token in self.tokens))
        self.program = self.folder / "print-token"
        self.program.write_text(
            f"#!/bin/sh\necho x >> {self.folder}/runs\n"
            f"head -n $(wc -l < {self.folder}/runs) {self.folder}/all | tail -n 1\n"
        )
        self.program.chmod(0o700)

    @property
    def runs(self) -> int:
        """How often the command was run."""
        path = self.folder / "runs"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def source(self, kind: str) -> str:
        """The value of the option ``kind``."""
        return str(self.file if kind == "token_file" else self.program)


def failure(outcome: Outcome) -> str:
    assert outcome.code != 0, outcome.output
    return str(outcome.results[-1]["msg"])


# --- modules ---------------------------------------------------------------------------------------------------------


@each_execution
@pytest.mark.parametrize("kind", ["token_file", "token_command"])
@pytest.mark.parametrize("place", ["option", "variable", "profile", "environment", "environment of the task"])
def test_every_source_can_name_a_file_or_a_command(sim: Simulator, execution: str, kind: str, place: str) -> None:
    run = runner(sim, execution=execution)
    values = {"api_url": sim.url, kind: Tokens(run, sim).source(kind)}
    environment, task, options = dict(NO_CONNECTION), dict(READ_ME), []
    if place == "option":
        task["waldur.provider.user_info"] = {**READ_ME["waldur.provider.user_info"], **values}  # type: ignore[dict-item]
    elif place == "variable":
        options = ["-e", json.dumps({f"waldur_{name}": value for name, value in values.items()})]
    elif place == "profile":
        (run.folder / "profiles.yml").write_text(yaml.safe_dump({"site": values}))
        environment |= {"WALDUR_PROFILES_FILE": str(run.folder / "profiles.yml"), "WALDUR_PROFILE": "site"}
    elif place == "environment":
        environment |= {f"WALDUR_{name.upper()}": value for name, value in values.items()}
    else:
        task["environment"] = {f"WALDUR_{name.upper()}": value for name, value in values.items()}
    outcome = run.play([task], *options, environment=environment)
    assert outcome.code == 0, outcome.output
    assert outcome.result["count"] == 1


@each_execution
def test_a_command_runs_once_for_all_items_of_a_loop(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    tokens = Tokens(run, sim)
    variables = {"waldur_api_url": sim.url, "waldur_token_command": [str(tokens.program), "--an-argument"]}
    outcome = run.play([{**READ_ME, "loop": [1, 2, 3]}], "-e", json.dumps(variables), environment=NO_CONNECTION)
    assert outcome.code == 0, outcome.output
    assert tokens.runs == 1


def grant_while_the_token_expires(sim: Simulator, run: Runner, kind: str, tokens: Tokens, delay: float = 0) -> None:
    """Grant two roles; the server rejects the first token from the second grant on, after ``delay`` seconds."""
    expired = {"status": 401, "body": {"detail": "Token has expired."}, "times": None}
    sim.fault(token=tokens.tokens[0], method="write", skip=1, delay=delay, **expired)
    environment = {
        **NO_CONNECTION,
        "WALDUR_API_URL": sim.url,
        f"WALDUR_{kind.upper()}": tokens.source(kind),
    }
    outcome = run.play([GRANTS, GRANTS | {"name": "Again"}], environment=environment)
    assert outcome.code == 0, outcome.output
    assert [outcome.of(task)["changed"] for task in ("Grant", "Again")] == [True, False]
    assert list_writers(sim) == ["admin", USERS[1]]


def list_writers(sim: Simulator) -> list[str]:
    """Return the users whose requests to write reached the API, in their order."""
    return [request["user"] for request in sim.requests() if request["method"] == "POST" and request.get("user")]


def test_a_command_runs_again_for_a_token_that_expires_between_two_writes(two_staff: Simulator) -> None:
    run = runner(two_staff)
    grant_while_the_token_expires(two_staff, run, "token_command", Tokens(run, two_staff))


def test_a_file_is_read_again_for_a_token_that_expires_between_two_writes(two_staff: Simulator) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)

    def replace_token() -> None:
        while not list_writers(two_staff):
            time.sleep(0.05)
        tokens.file.write_text(tokens.tokens[1])

    thread = threading.Thread(target=replace_token, daemon=True)
    thread.start()
    grant_while_the_token_expires(two_staff, run, "token_file", tokens, delay=1)
    thread.join()


def test_an_expired_token_of_a_command_is_renewed_for_reads_too(two_staff: Simulator) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)
    two_staff.expire_token(tokens.tokens[0], after=1)
    environment = {**NO_CONNECTION, "WALDUR_API_URL": two_staff.url, "WALDUR_TOKEN_COMMAND": str(tokens.program)}
    outcome = run.play([READ_ME], environment=environment)
    assert outcome.code == 0, outcome.output
    assert tokens.runs == 2


def test_a_module_of_another_process_can_not_renew_its_token(two_staff: Simulator) -> None:
    run = runner(two_staff, execution="module")
    tokens = Tokens(run, two_staff)
    two_staff.expire_token(tokens.tokens[0], after=1)
    environment = {**NO_CONNECTION, "WALDUR_API_URL": two_staff.url, "WALDUR_TOKEN_COMMAND": str(tokens.program)}
    told = failure(run.play([READ_ME], environment=environment))
    assert told.endswith(f"(401: Token has expired.){message('remedy_token')}")
    assert tokens.runs == 1


@each_execution
def test_a_failing_command_fails_the_task_and_nothing_of_it_is_shown(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    run.secrets |= {"sesame-open", "argument-of-mine"}
    script = f'echo {sim.token("staff")}; echo "rejected: $SITE_SECRET {sim.token("owner")}" >&2; exit 4'
    (run.folder / "fail").write_text(script)
    variables = {
        "waldur_api_url": sim.url,
        "waldur_token_command": ["sh", str(run.folder / "fail"), "--x=argument-of-mine"],
    }
    (run.folder / "variables.json").write_text(json.dumps(variables))
    environment = {**NO_CONNECTION, "SITE_SECRET": "sesame-open"}
    told = failure(run.play([READ_ME], "-e", f"@{run.folder}/variables.json", environment=environment))
    assert told == message("command_failed", program="sh", status=4, reason="rejected: ******** ********")
    assert sim.counts().requests == 0


@each_execution
def test_a_missing_file_fails_the_task(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    variables = {"waldur_api_url": sim.url, "waldur_token_file": "/missing/token"}
    told = failure(run.play([READ_ME], "-e", json.dumps(variables), environment=NO_CONNECTION))
    reason = "No such file or directory"
    assert told == message("file_unreadable", option="token_file", path="/missing/token", reason=reason)


@each_execution
def test_an_asynchronous_task_gets_the_token_and_not_the_command(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    tokens = Tokens(run, sim)
    variables = {"waldur_api_url": sim.url, "waldur_token_command": [str(tokens.program), "argument-of-mine"]}
    (run.folder / "variables.json").write_text(json.dumps(variables))
    run.secrets.add("argument-of-mine")
    task = {**READ_ME, "async": 30, "poll": 1}
    outcome = run.play([task], "-e", f"@{run.folder}/variables.json", environment=NO_CONNECTION)
    assert outcome.code == 0, outcome.output
    assert tokens.runs == 1


def test_facts_of_a_host_never_name_a_command(sim: Simulator) -> None:
    run = runner(sim)
    for option in ("token_command", "token_file", "api_url"):
        facts = {f"waldur_{option}": f"touch {run.folder}/touched", "cacheable": True}
        told = failure(run.play([{"name": "Facts", "ansible.builtin.set_fact": facts}, READ_ME]))
        assert told == message("option_of_facts", option=option)
        shown = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ query('waldur.provider.query', 'users') }}"}}
        told = failure(run.play([{"name": "Facts", "ansible.builtin.set_fact": facts}, shown]))
        assert message("option_of_facts", option=option) in told
    assert not (run.folder / "touched").exists()
    assert sim.counts().requests == 0


# --- lookups ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["token_file", "token_command"])
def test_a_lookup_reads_the_token_and_renews_it(two_staff: Simulator, kind: str) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)
    term = "query('waldur.provider.query', 'users', service_provider='ALPHA', fields='username')"
    task = {"name": "Show", "ansible.builtin.debug": {"msg": f"{{{{ {term} + {term} }}}}"}}
    if kind == "token_command":
        two_staff.expire_token(tokens.tokens[0], after=2)
    variables = {"waldur_api_url": two_staff.url, f"waldur_{kind}": tokens.source(kind)}
    outcome = run.play([task], "-e", json.dumps(variables), environment=NO_CONNECTION)
    assert outcome.code == 0, outcome.output
    assert {"username": "member1"} in outcome.result["msg"]
    assert tokens.runs == (2 if kind == "token_command" else 0)


# --- the inventory ---------------------------------------------------------------------------------------------------


def list_hosts(run: Runner, content: Mapping[str, Any], **environment: str) -> list[str]:
    path = run.folder / "site.waldur.yml"
    path.write_text(yaml.safe_dump({**INVENTORY, **content}))
    outcome = run.command(
        ["inventory", "-i", str(path), "--list"],
        {**NO_CONNECTION, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **environment},
    )
    assert outcome.code == 0, outcome.output
    hosts: list[str] = json.loads(outcome.output[outcome.output.index("{") :])["waldur_users"]["hosts"]
    return hosts


def test_an_inventory_reads_the_token_and_renews_it(two_staff: Simulator) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)
    two_staff.expire_token(tokens.tokens[0], after=1)
    assert list_hosts(run, {"api_url": two_staff.url, "token_command": [str(tokens.program)]})
    assert tokens.runs == 2


@pytest.mark.parametrize("kind", ["token_file", "token_command"])
def test_another_token_of_the_same_file_or_command_uses_the_cache_and_is_not_read(
    two_staff: Simulator, kind: str
) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)
    content = {"api_url": two_staff.url, kind: tokens.source(kind), **CACHE, "cache_connection": str(run.folder / "c")}
    first = list_hosts(run, content)
    two_staff.zero()
    tokens.file.unlink()
    assert list_hosts(run, content) == first
    assert two_staff.counts().requests == 0
    assert tokens.runs == (1 if kind == "token_command" else 0)
    cached = "".join(path.name + path.read_text() for path in Path(run.folder / "c").iterdir())
    assert not [token for token in tokens.tokens if token in cached]


@pytest.mark.parametrize("kind", ["token_file", "token_command"])
def test_another_file_or_command_does_not_use_the_cache(two_staff: Simulator, kind: str) -> None:
    run = runner(two_staff)
    tokens = Tokens(run, two_staff)
    content = {"api_url": two_staff.url, kind: tokens.source(kind), **CACHE, "cache_connection": str(run.folder / "c")}
    list_hosts(run, content)
    two_staff.zero()
    other = f"{tokens.source(kind)}-2"
    Path(other).write_bytes(Path(tokens.source(kind)).read_bytes())
    Path(other).chmod(0o700)
    list_hosts(run, {**content, kind: other})
    assert two_staff.counts().requests > 0
