# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan_gitlab; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._monitoring.gitlab import count_effects


def plan_gitlab(plan: Any) -> dict[str, int]:
    """Return the report for GitLab. Raises ``AnsibleFilterError`` with one sentence for an invalid plan."""
    try:
        return count_effects(plan)
    except InvalidInput as error:
        raise AnsibleFilterError(f"waldur.provider.plan_gitlab: {error.message}") from error


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"plan_gitlab": plan_gitlab}
