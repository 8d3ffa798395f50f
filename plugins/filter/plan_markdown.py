# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan_markdown; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.markdown_page import (
    DEFAULT_MAX_LENGTH,
    DEFAULT_TITLE,
    render_plan,
)


def plan_markdown(
    plan: Any,
    summary: Any = None,
    warnings: Any = None,
    title: str = DEFAULT_TITLE,
    max_length: Any = DEFAULT_MAX_LENGTH,
) -> str:
    """Return the plan as Markdown. Raises ``InvalidInput`` for an invalid plan."""
    return render_plan(plan, summary, warnings, title=title, max_length=_parse_number(max_length))


def _parse_number(value: Any) -> int:
    """Return a number; older versions of Ansible pass one that comes from a variable as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidInput("max_length: must be a whole number of characters.") from None


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"plan_markdown": make_filter("plan_markdown", plan_markdown)}
