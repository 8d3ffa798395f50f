# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of ``linux_accounts``: options in, a result or a failure out, as Ansible starts it on a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from linux_machine import IS_ROOT, Machine, account, personal_groups
from messages import mentions

from ansible_collections.waldur.provider.plugins.module_utils._module import linux_accounts

from ...helpers.module_program import run_program

pytestmark = pytest.mark.skipif(not IS_ROOT, reason="only root can give files to other users")
ALICE = account()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "root")


def run_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], machine: Machine, **options: Any
) -> dict[str, Any]:
    arguments = {"groups": personal_groups(ALICE), "root": str(machine.root), **options}
    return run_program(linux_accounts.run_linux_accounts, arguments, monkeypatch, capsys)


def test_a_result_is_printed_and_an_error_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], machine: Machine
) -> None:
    result = run_task(monkeypatch, capsys, machine, accounts=[ALICE], _ansible_check_mode=True, _ansible_diff=True)
    assert (result["changed"], len(result["diff"])) == (True, 2)
    assert "alice" not in machine.read("passwd")
    run_task(monkeypatch, capsys, machine, accounts=[ALICE])
    assert machine.read("passwd")["alice"][2] == "20001"
    warnings: list[str] = []
    # In a process that knows the controller, Ansible displays warnings instead of returning them.
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    run_task(monkeypatch, capsys, machine, accounts=[], is_complete=False)
    assert [mentions(text, "linux_kept", names="alice") for text in warnings] == [True]
    result = run_task(monkeypatch, capsys, machine, accounts=[], max_removals=0)
    assert result["failed"]
    assert mentions(result["msg"], "linux_max_removals", count=1, allowed=0, names="alice")


def test_an_error_of_the_system_is_a_failure_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], machine: Machine
) -> None:
    def fail(*_arguments: Any, **_keywords: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(linux_accounts, "run", fail)
    result = run_task(monkeypatch, capsys, machine, accounts=[ALICE])
    assert result["failed"]
    assert "Input/output error" in result["msg"]


@pytest.mark.parametrize(
    ("policy", "context"),
    [(["system_u", "object_r", "ssh_home_t", "s0"], "system_u:object_r:ssh_home_t:s0"), ([None, None, None], "")],
)
def test_contexts_are_those_of_the_policy_where_selinux_is_enabled(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    machine: Machine,
    policy: list[str | None],
    context: str,
) -> None:
    finders: list[Any] = []

    def note(_options: Any, **keywords: Any) -> dict[str, Any]:
        finders.append(keywords["find_context"])
        return {"warnings": []}

    monkeypatch.setattr(linux_accounts, "run", note)
    run_task(monkeypatch, capsys, machine, accounts=[])
    monkeypatch.setattr(basic.AnsibleModule, "selinux_enabled", lambda _module: True)
    monkeypatch.setattr(basic.AnsibleModule, "selinux_default_context", lambda _module, _path, _mode: policy)
    run_task(monkeypatch, capsys, machine, accounts=[])
    assert (finders[0], finders[1]("/home/alice/.ssh", 0o40000)) == (None, context)
