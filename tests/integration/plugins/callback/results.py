# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every result of a playbook as a line of JSON, for the tests to read."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: results
type: aggregate
short_description: Results as lines of JSON
description:
  - Appends each task's result to the file that RESULTS_FILE names.
  - Sends the task's name to the socket that RESULTS_SOCKET names, if it is set, and waits until that is closed.
"""


class CallbackModule(CallbackBase):
    """One line for each task or item: its task's name, how it ended, its result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"

    def _note(self, result: Any, status: str) -> None:
        content = getattr(result, "result", None) or result._result
        line = {"task": result._task.get_name(), "status": status, "result": dict(content)}
        with open(os.environ["RESULTS_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
        if path := os.environ.get("RESULTS_SOCKET"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                connection.sendall(f"{line['task']}\n".encode())
                connection.recv(1)

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task that went well."""
        self._note(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task that failed."""
        self._note(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host that could not be reached."""
        self._note(result, "unreachable")
