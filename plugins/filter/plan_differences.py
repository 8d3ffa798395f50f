# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan_differences; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.values import boolean
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.differences import render_differences


def plan_differences(plan: Any, totals: Any = True) -> list[str]:
    """Return a line for each change. Raises ``InvalidInput`` for an invalid plan."""
    return render_differences(plan, totals=_parse_boolean(totals))


def _parse_boolean(value: Any) -> bool:
    """Return a boolean; older versions of Ansible pass one that comes from a variable as text."""
    # Ansible takes 1.0 for 1.
    return boolean("totals", int(value) if isinstance(value, float) and value.is_integer() else value)


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"plan_differences": make_filter("plan_differences", plan_differences)}
