# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the results of a playbook to the standard output as one JSON document, as callbacks for other programs do."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: json_output
type: stdout
short_description: Results as one JSON document
description:
  - Prints the host and the result of each task when the playbook ends.
"""


class CallbackModule(CallbackBase):
    """One list of all results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json_output"

    def __init__(self) -> None:
        super().__init__()
        self._results: dict[str, bool] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task that went well."""
        content = getattr(result, "result", None) or result._result
        self._results[result._host.get_name()] = bool(content.get("changed"))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end."""
        self._display.display(json.dumps(self._results))
