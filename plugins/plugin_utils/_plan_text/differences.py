# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as lines for a log. Pure."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import quote
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import escape_block
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import (
    ShownChange,
    describe_totals,
    find_ambiguous_names,
    parse_plan,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.values import Difference

_MOST_VALUES = 30


def render_differences(plan: Any, *, totals: bool = True) -> list[str]:
    """Return a line for each change of the plan, with the values that differ, and with ``totals`` a last one for all.

    No line is one that Ansible could take for a template. Raises ``InvalidInput`` for what is not a valid plan.
    """
    shown = parse_plan(plan)
    ambiguous = find_ambiguous_names(shown)
    lines = [render_line(change, ambiguous) for change in shown]
    return [*lines, f"Total: {describe_totals(shown)}"] if lines and totals else lines


def render_line(shown: ShownChange, ambiguous: Container[str]) -> str:
    """Return a change as one line; ``ambiguous`` are the names that several providers have."""
    what = " ".join([shown.action.label, *([] if shown.is_provider else [quote(shown.name)])])
    values = render_values(shown)
    name, uuid = shown.provider
    label = f"{quote(name)} ({quote(uuid)})" if name in ambiguous else quote(name)
    words = [label, f"{what} {values}".rstrip() if shown.is_provider else what]
    return escape_block(": ".join(words if shown.is_provider or not values else [*words, values]))


def render_values(shown: ShownChange) -> str:
    """Return the values that differ on one line; "" where there are none."""
    every = [_render_difference(difference) for difference in shown.differences]
    more = [f"and {len(every) - _MOST_VALUES:,} more"] if len(every) > _MOST_VALUES else []
    return ", ".join([*every[:_MOST_VALUES], *more])


def _render_difference(difference: Difference) -> str:
    texts = [leaf.in_line if leaf else "(none)" for leaf in difference.sides]
    return f"{quote(difference.label)}: {' -> '.join(texts)}"
