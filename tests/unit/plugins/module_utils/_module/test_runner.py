# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as Ansible starts it: options in, one line of JSON out, and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from messages import begins, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from simulator_process import Simulator

from ...helpers.module_program import run_program

RunTask = Callable[..., dict[str, Any]]


@pytest.fixture
def run_task(sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunTask:
    """Return a function that runs a module as ``run_program`` does, with the connection of staff to the simulator."""

    def run(name: str, **options: Any) -> dict[str, Any]:
        connection = {"api_url": sim.url, "access_token": sim.token("staff"), "retries": 0}
        return run_program(lambda: runner.run_module(name), {**connection, **options}, monkeypatch, capsys)

    return run


def test_a_module_prints_its_result_and_its_warnings(run_task: RunTask) -> None:
    entry = {"user": "member1", "expiration_time": "2020-01-01"}
    told = run_task("user_role", service_provider="ALPHA", users=[entry], _ansible_check_mode=True, _ansible_diff=True)
    assert (told["changed"], told["diff"]) == (False, [])
    assert [row["user_username"] for row in told["user_roles"]] == ["manager_alpha"]
    assert mentions(json.dumps(told["warnings"]), "expiry_ended", grant=matching(r"member1.*"))


def test_a_name_of_the_server_cannot_steer_a_terminal_by_a_warning(run_task: RunTask, sim: Simulator) -> None:
    _context.CLIENTS.clear()
    (uuid,) = sim.change("User", {"username": "member1"}, {"username": "mem\u202eber\x1b[31m"})
    entry = {"user": uuid, "expiration_time": "2020-01-01"}
    told = run_task("user_role", service_provider="ALPHA", users=[entry], _ansible_check_mode=True)
    _context.CLIENTS.clear()
    shown = json.dumps(told["warnings"], ensure_ascii=False).replace("\\\\", "\\")
    assert "mem\\u202eber\\x1b[31m" in shown
    assert shown.isprintable()


def test_without_diff_a_module_prints_none(run_task: RunTask, sim: Simulator) -> None:
    told = run_task("service_provider", customer="ALPHA", description="new")
    assert told["changed"]
    assert "diff" not in told
    assert sim.counts().writes == 1


def test_a_module_that_fails_prints_one_sentence(run_task: RunTask) -> None:
    told = run_task("user_role", service_provider="Nowhere", user="member1")
    assert told["failed"]
    assert begins(told["msg"], "provider_not_found", option="service_provider", value="Nowhere")
    assert "exception" not in told


@pytest.mark.parametrize("limit", ["max_removals", "max_renames"])
def test_a_limit_below_zero_is_rejected(run_task: RunTask, limit: str) -> None:
    told = run_task("desired_state", service_providers=[], **{limit: -1})
    assert told["msg"] == message("limit_negative", option=limit, value="-1")


def test_a_module_says_which_library_it_lacks(run_task: RunTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "REQUESTS_IMPORT_ERROR", "Traceback: no module named requests")
    told = run_task("user_role", service_provider="ALPHA", user="member1")
    assert begins(told["msg"], "requests_missing_in_module")


def test_check_mode_stops_a_resource_that_writes_while_it_plans(
    run_task: RunTask, sim: Simulator, monkeypatch: Any
) -> None:
    read = ServiceProvider.read

    def write_and_read(self: ServiceProvider, session: Session, target: Target, part: Any) -> Any:
        session.client.write("partial_update", target.uuid, body={"description": "written in check mode"})
        return read(self, session, target, part)

    options = {"customer": "ALPHA", "description": "new"}
    with monkeypatch.context() as broken:
        broken.setattr(ServiceProvider, "read", write_and_read)
        told = run_task("service_provider", **options, _ansible_check_mode=True)
        assert begins(told["msg"], "check_mode_sends_nothing", request="change the service provider")
        told = run_task("service_provider", **options)
        assert told["changed"]
    assert sim.counts().writes == 2
    # The client is shared by the runs of a process, its mode is not.
    assert not run_task("service_provider", **options, _ansible_check_mode=True)["changed"]
    assert run_task("service_provider", customer="ALPHA", description="newer")["changed"]
    assert sim.counts().writes == 3
