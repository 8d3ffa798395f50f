# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the program of a module in the test's own process: from the arguments that Ansible passes to the printed JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic


def run_program(
    program: Callable[[], object],
    arguments: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> dict[str, Any]:
    """Run a module as a program, which reads its arguments and exits, and return the result that it printed."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    # Newer versions of Ansible ask how arguments are written down.
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    # A module's own process knows nothing of the controller, which other tests of this one have imported.
    with contextlib.suppress(ImportError):
        monkeypatch.setattr("ansible.module_utils._internal.is_controller", False, raising=False)
    with pytest.raises(SystemExit):
        program()
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed
