# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as Ansible starts it: options in, one line of JSON out, and never a traceback."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic
from messages import begins, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from simulation import Simulator

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a module with the simulator's connection, and gives what it printed."""

    def start(name: str, **options: Any) -> dict[str, Any]:
        connection = {"api_url": sim.url, "access_token": sim.token("staff"), "retries": 0}
        arguments = {"ANSIBLE_MODULE_ARGS": {**connection, **options}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
        # Newer versions of Ansible ask how arguments are written down.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # A module's own process knows nothing of the controller, which other tests of this one have imported.
        with contextlib.suppress(ImportError):
            monkeypatch.setattr("ansible.module_utils._internal.is_controller", False, raising=False)
        with pytest.raises(SystemExit):
            runner.run_module(name)
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return printed

    return start


def test_a_module_prints_its_result_and_its_warnings(run: Run) -> None:
    entry = {"user": "member1", "expiration_time": "2020-01-01"}
    told = run("user_role", service_provider="ALPHA", users=[entry], _ansible_check_mode=True, _ansible_diff=True)
    assert (told["changed"], told["diff"]) == (False, [])
    assert [row["user_username"] for row in told["user_roles"]] == ["manager_alpha"]
    assert mentions(json.dumps(told["warnings"]), "expiry_ended", grant=matching(r"member1.*"))


def test_a_name_of_the_server_cannot_steer_a_terminal_by_a_warning(run: Run, sim: Simulator) -> None:
    _context.CLIENTS.clear()
    (uuid,) = sim.change("User", {"username": "member1"}, {"username": "mem\u202eber\x1b[31m"})
    entry = {"user": uuid, "expiration_time": "2020-01-01"}
    told = run("user_role", service_provider="ALPHA", users=[entry], _ansible_check_mode=True)
    _context.CLIENTS.clear()
    shown = json.dumps(told["warnings"], ensure_ascii=False).replace("\\\\", "\\")
    assert "mem\\u202eber\\x1b[31m" in shown
    assert shown.isprintable()


def test_without_diff_a_module_prints_none(run: Run, sim: Simulator) -> None:
    told = run("service_provider", customer="ALPHA", description="new")
    assert told["changed"]
    assert "diff" not in told
    assert sim.counts().writes == 1


def test_a_module_that_fails_prints_one_sentence(run: Run) -> None:
    told = run("user_role", service_provider="Nowhere", user="member1")
    assert told["failed"]
    assert begins(told["msg"], "provider_not_found", option="service_provider", value="Nowhere")
    assert "exception" not in told


@pytest.mark.parametrize("limit", ["max_removals", "max_renames"])
def test_a_limit_below_zero_is_rejected(run: Run, limit: str) -> None:
    told = run("desired_state", service_providers=[], **{limit: -1})
    assert told["msg"] == message("limit_negative", option=limit, value="-1")


def test_a_module_says_which_library_it_lacks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "REQUESTS_IMPORT_ERROR", "Traceback: no module named requests")
    told = run("user_role", service_provider="ALPHA", user="member1")
    assert begins(told["msg"], "requests_missing_in_module")


def test_check_mode_stops_a_resource_that_writes_while_it_plans(run: Run, sim: Simulator, monkeypatch: Any) -> None:
    read = ServiceProvider.read

    def write_and_read(self: ServiceProvider, session: Session, target: Target, part: Any) -> Any:
        session.client.write("partial_update", target.uuid, body={"description": "written in check mode"})
        return read(self, session, target, part)

    options = {"customer": "ALPHA", "description": "new"}
    with monkeypatch.context() as broken:
        broken.setattr(ServiceProvider, "read", write_and_read)
        told = run("service_provider", **options, _ansible_check_mode=True)
        assert begins(told["msg"], "check_mode_sends_nothing", request="change the service provider")
        told = run("service_provider", **options)
        assert told["changed"]
    assert sim.counts().writes == 2
    # The client is shared by the runs of a process, its mode is not.
    assert not run("service_provider", **options, _ansible_check_mode=True)["changed"]
    assert run("service_provider", customer="ALPHA", description="newer")["changed"]
    assert sim.counts().writes == 3
