# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan_document; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter

_FORMAT = "waldur.provider.plan/1"


def plan_document(result: Any) -> dict[str, Any]:
    """Return the content of ``plan.json`` for a result of ``desired_state``. Raises ``InvalidInput`` for any other.

    It contains no timestamp, so that the same plan always gives the same file.
    """
    keys = ("api_url", "digests", "summary", "plan")
    if not isinstance(result, Mapping) or not all(key in result for key in keys):
        raise InvalidInput("is not a result of waldur.provider.desired_state: register it, and give the variable.")
    document = {key: result[key] for key in keys}
    plan = document.pop("plan")
    return {"format": _FORMAT, **document, "warnings": list(result.get("warnings") or []), "plan": plan}


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"plan_document": make_filter("plan_document", plan_document)}
