# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbook that rotate the API secret code: who gets it, what is told, and that it is nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .playbook import EXECUTIONS, Outcome, runner
from .test_secrets import get_most_verbose_environment, holding

PLAYBOOK = "waldur.provider.rotate_api_secret_code"
ALPHA = "e182aaedb6ae4541956a3c14629abc02"
BY_FILE = {"file": "code"}
BY_TASKS = {"tasks": "deliver.yml", "vars": {"dest": "copied"}}
COPY = {
    "name": "Copy",
    "ansible.builtin.copy": {
        "dest": "{{ folder }}/{{ destination_vars.dest }}",
        "content": "{{ api_secret_code }}",
        "mode": "0600",
    },
}
TELL: dict[str, Any] = {
    "name": "Tell a program",
    "ansible.builtin.shell": {"cmd": "cat > told", "chdir": "{{ folder }}", "stdin": "{{ api_secret_code }}"},
    "changed_when": False,
}
# It says the code wherever no_log hides it.
REFUSE = {
    "name": "Tell a program that refuses",
    "ansible.builtin.shell": {"cmd": "tee /dev/stderr; exit 3", "stdin": "{{ api_secret_code }}"},
}
FILES = {
    "deliver.yml": [COPY, TELL],
    "refused.yml": [REFUSE],
    "refused_too.yml": [REFUSE],
    "broken.yml": [{"name": "Nobody knows", "no.such.module": {}}],
}


class Case:
    """The provider ALPHA, and a folder with files of tasks."""

    def __init__(self, sim: Simulator, execution: str = "in_process") -> None:
        self.sim = sim
        self.run = runner(sim, execution=execution)
        self.codes = {self.code()}
        for name, tasks in FILES.items():
            (self.run.folder / name).write_text(yaml.safe_dump(tasks))
        sim.zero()

    def code(self) -> str:
        """The present code."""
        url = f"{self.sim.url}/api/marketplace-service-providers/{ALPHA}/api_secret_code/"
        request = urllib.request.Request(url, headers={"Authorization": f"Token {self.sim.token('staff')}"})
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["api_secret_code"])

    def fingerprint(self) -> str:
        """The present code's."""
        return f"sha256:{hashlib.sha256(self.code().encode()).hexdigest()[:16]}"

    def rotate(self, destinations: Any, *options: str, **variables: Any) -> Outcome:
        """Runs the playbook."""
        given = {"service_provider": "ALPHA", "destinations": destinations, "folder": str(self.run.folder)}
        (self.run.folder / "given.yml").write_text(yaml.safe_dump({**given, **variables}))
        return self.play(PLAYBOOK, "-e", "@given.yml", *options)

    def play(self, *words: str, **environment: str) -> Outcome:
        """Runs a playbook so that Ansible says and writes all that it can; no code may be in what it says."""
        command = ["playbook", "-i", self.run.inventory(), "--diff", "-vvvvv", *words]
        outcome = self.run.command(command, get_most_verbose_environment(self.run, **environment))
        self.codes.add(self.code())
        assert [line for line in outcome.output.splitlines() if any(code in line for code in self.codes)] == []
        return outcome

    def holders(self) -> list[str]:
        """The files that hold a code or a token, wherever below the folder."""
        return holding(self.run, {*self.codes, *self.sim.tokens.values()})

    def held(self, name: str) -> str:
        """What a file holds."""
        return (self.run.folder / name).read_text()


# --- delivery --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_leaked_code_is_rotated_once_and_everybody_gets_the_new_one(sim: Simulator, execution: str) -> None:
    case = Case(sim, execution)
    (leaked,) = case.codes
    given = {"fingerprint": case.fingerprint()}
    file = case.run.folder / "code"
    file.write_text("an older one, readable by all")
    file.chmod(0o644)
    outcome = case.rotate([{**BY_FILE, "mode": "0400"}, BY_TASKS], **given)
    assert outcome.code == 0, outcome.output
    assert case.code() != leaked
    assert {case.held(name) for name in ("code", "copied")} == {case.code()}
    assert case.held("told").strip() == case.code()
    assert file.stat().st_mode & 0o777 == 0o400
    assert case.holders() == ["code", "copied", "told"]
    sentence = outcome.of("Show the result")["msg"]
    folder = case.run.folder
    assert sentence == (
        f"The API secret code of ALPHA was rotated, and its fingerprint is {case.fingerprint()}. It was delivered to "
        f"{folder}/code, {folder}/deliver.yml."
    )
    again = case.rotate([{**BY_FILE, "mode": "0400"}, BY_TASKS], **given)
    assert again.code == 0, again.output
    assert [line["task"] for line in again.lines if line["result"].get("changed")] == []
    assert sim.counts().writes == 1


def test_without_a_fingerprint_the_code_is_rotated_at_every_run(sim: Simulator) -> None:
    case = Case(sim)
    assert case.rotate([BY_FILE]).code == 0
    first = case.held("code")
    assert case.rotate([BY_FILE]).code == 0
    assert case.held("code") == case.code() != first
    assert len(case.codes) == 3


def test_check_mode_says_what_would_be_done_and_does_nothing(sim: Simulator) -> None:
    case = Case(sim)
    folder = case.run.folder
    outcome = case.rotate([BY_FILE, BY_TASKS], "--check")
    to = f"and be delivered to {folder}/code, {folder}/deliver.yml."
    assert outcome.code == 0, outcome.output
    assert outcome.of("Show what would be done")["msg"] == f"The API secret code of ALPHA would be rotated, {to}"
    outcome = case.rotate([BY_FILE, BY_TASKS], "--check", fingerprint="sha256:0000000000000000")
    assert outcome.of("Show what would be done")["msg"] == f"The API secret code of ALPHA would stay as it is, {to}"
    assert sim.counts().writes == 0
    assert case.holders() == []
    assert not (folder / "code").exists()


def test_a_code_that_looks_like_a_template_is_handed_over_as_it_is(sim: Simulator) -> None:
    case = Case(sim)
    sim.change("ServiceProvider", {"uuid": ALPHA}, {"api_secret_code": "{{ 'tem' ~ 'plate' }}"})
    outcome = case.rotate([BY_FILE, BY_TASKS], rotate=False)
    assert outcome.code == 0, outcome.output
    assert {case.held(name) for name in ("code", "copied")} == {"{{ 'tem' ~ 'plate' }}"}


# --- what is refused before anything is rotated ----------------------------------------------------------------------


def options(destinations: Any, **more: Any) -> dict[str, Any]:
    given = {"service_provider": "ALPHA", "destinations": destinations, **more}
    return {f"rotate_api_secret_code_{name}": value for name, value in given.items()}


def wrong(case: Case) -> list[tuple[dict[str, Any], str]]:
    """What is refused, and a part of what is told then."""
    present, folder = case.fingerprint(), case.run.folder
    return [
        (options([]), "is empty, so the new code would not be delivered"),
        (options([{"fiel": "code"}]), "fiel. Supported parameters include: file, group, mode, owner, tasks, vars"),
        (options([{}]), "one of the following is required: file, tasks"),
        (options([{**BY_FILE, **BY_TASKS}]), "mutually exclusive: file|tasks"),
        (options([{"tasks": "deliver.yml", "owner": "root"}]), "missing parameter(s) required by 'owner': file"),
        (options([{**BY_FILE, "mode": "0640"}]), "mode must be one of: 0600, 0400, got: 0640"),
        (
            options([BY_FILE, {"file": "nowhere/code"}]),
            f"destinations: nowhere/code can't be used (searched in {folder}).",
        ),
        (options([{"file": "."}, {"tasks": "none.yml"}]), f": ., none.yml can't be used (searched in {folder})."),
        (options([BY_FILE], service_provider="NOBODY"), "The code was not delivered: service_provider: "),
        (options([BY_FILE], fingerprint="1571e2342f780ab4"), "The code was not delivered: fingerprint"),
        (
            options([BY_FILE], fingerprint=present, rotate=False),
            f"the current code still has the fingerprint {present}, so",
        ),
    ]


def test_what_is_wrong_is_refused_before_anything_is_rotated(sim: Simulator) -> None:
    case = Case(sim)
    expected = wrong(case)
    tasks = [
        {
            "block": [{"ansible.builtin.include_role": {"name": PLAYBOOK}, "vars": given}],
            "rescue": [{"name": "Told", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
        }
        for given, _part in expected
    ]
    (case.run.folder / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    )
    outcome = case.play("play.yml")
    told = [line["result"]["msg"] for line in outcome.lines if line["task"] == "Told"]
    assert len(told) == len(expected), outcome.output
    assert [part for (_given, part), message in zip(expected, told, strict=True) if part not in message] == []
    assert sim.counts().writes == 0
    assert not (case.run.folder / "code").exists()


def test_tasks_that_ansible_cannot_read_are_refused_before_anything_is_rotated(sim: Simulator) -> None:
    case = Case(sim)
    outcome = case.rotate([BY_FILE, {"tasks": "broken.yml"}])
    assert outcome.code != 0
    assert "no.such.module" in outcome.output
    assert sim.counts().writes == 0


# --- what fails afterwards -------------------------------------------------------------------------------------------


def test_destinations_that_fail_keep_nobody_from_the_code_and_it_can_be_handed_over_again(sim: Simulator) -> None:
    case = Case(sim)
    given = {"fingerprint": case.fingerprint()}
    destinations = [{"tasks": "refused.yml"}, BY_FILE, BY_TASKS, {"tasks": "refused_too.yml"}]
    outcome = case.rotate(destinations, **given)
    assert outcome.code == 2
    folder = case.run.folder
    # What command says of itself differs between versions of ansible-core.
    told = re.sub(
        r"\((.*?non-zero return code)\.?\)", "(…)", outcome.of("Fail if a destination did not get the code")["msg"]
    )
    assert told == (
        "The API secret code of ALPHA was rotated, but these steps failed: "
        f"{folder}/refused.yml at 'Tell a program that refuses' (…); "
        f"{folder}/refused_too.yml at 'Tell a program that refuses' (…). "
        f"The code is not lost: Waldur stores it, and its fingerprint is {case.fingerprint()}. Fix the cause, then "
        "deliver the same code again: run this again with rotate_api_secret_code_rotate set to false (in the "
        "playbook, rotate), or with the same fingerprint if one was set."
    )
    assert {case.held(name) for name in ("code", "copied")} == {case.code()}
    assert case.holders() == ["code", "copied", "told"]
    mended = [{**TELL, "ansible.builtin.shell": {**TELL["ansible.builtin.shell"], "cmd": "cat > mended"}}]
    for name in ("refused.yml", "refused_too.yml"):
        (folder / name).write_text(yaml.safe_dump(mended))
    for more in ({"rotate": False}, given):
        (folder / "mended").unlink(missing_ok=True)
        again = case.rotate(destinations, **more)
        assert again.code == 0, again.output
        assert case.held("mended").strip() == case.code()
    assert sim.counts().writes == 1


def test_a_code_that_waldur_replaced_meanwhile_is_reported(sim: Simulator) -> None:
    case = Case(sim)
    other = {"model": "ServiceProvider", "where": {"uuid": ALPHA}, "set": {"api_secret_code": "replaced-meanwhile"}}
    sim.fault(method="GET", path="*/api_secret_code/", skip=2, meanwhile=other)
    outcome = case.rotate([BY_FILE])
    assert outcome.code == 2
    told = outcome.of("Fail if a destination did not get the code")["msg"]
    reason = f"the verification of the current code in Waldur (its fingerprint is {case.fingerprint()} now)."
    assert f"these steps failed: {reason}" in told


# --- afterwards ------------------------------------------------------------------------------------------------------


def test_nothing_that_comes_after_the_role_finds_the_code_in_a_variable(sim: Simulator) -> None:
    case = Case(sim)
    files = [str(case.run.folder / name) for name in ("deliver.yml", "refused.yml")]
    role = {
        "rotate_api_secret_code_service_provider": "ALPHA",
        "rotate_api_secret_code_destinations": [
            BY_FILE,
            {"tasks": files[0], "vars": {"dest": "copied"}},
            {"tasks": files[1]},
        ],
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"folder": str(case.run.folder)},
        "tasks": [
            {
                "block": [{"ansible.builtin.include_role": {"name": PLAYBOOK}, "vars": role}],
                "rescue": [{"ansible.builtin.debug": {"var": "ansible_failed_result"}}],
            },
            {"name": "Show", "ansible.builtin.debug": {"msg": "{{ hostvars['localhost'] }} {{ vars }}"}},
            {"name": "Keep", "ansible.builtin.set_stats": {"data": {"all": "{{ hostvars['localhost'] }}"}}},
            {"name": "Cache", "ansible.builtin.set_fact": {"all": "{{ hostvars['localhost'] }}", "cacheable": True}},
        ],
    }
    (case.run.folder / "play.yml").write_text(yaml.safe_dump([play]))
    # Among all variables are some of Ansible's own that will go away.
    quiet = {"ANSIBLE_DEPRECATION_WARNINGS": "false"}
    outcome = case.play("play.yml", ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_SHOW_CUSTOM_STATS="1", **quiet)
    assert outcome.code == 0, outcome.output
    assert "rotate_api_secret_code_failures" in outcome.of("Show")["msg"]
    assert case.held("code") == case.code()
    secret = [name for name in case.holders() if "AnsiballZ" not in name]
    assert secret == ["code", "copied", "told"]
