# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan_outcome; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter


def plan_outcome(result: Any, planned: Any = False) -> str:
    """Return the result of ``desired_state`` in a few words. Raises ``InvalidInput`` for an invalid result."""
    if not isinstance(result, Mapping):
        raise InvalidInput("is not a result of waldur.provider.desired_state: register it, and give the variable.")
    if result.get("failed"):
        applied = result.get("applied")
        number = len(applied) if isinstance(applied, list) else 0
        return f"failed, {number} changed" if number and not planned else "failed"
    summary = result.get("summary")
    if not isinstance(summary, Mapping) or not isinstance(summary.get("total"), int):
        raise InvalidInput("has no summary: give the result of waldur.provider.desired_state.")
    if result.get("without_entry"):
        return "no entry in the document"
    if not summary["total"]:
        return "nothing to change"
    return f"{summary['total']} {'planned' if planned else 'changed'}"


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"plan_outcome": make_filter("plan_outcome", plan_outcome)}
