# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as the report that GitLab shows in a merge request (``artifacts:reports:terraform``). Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Effect, Severity
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import (
    ShownChange,
    parse_plan,
)

# The only keys that GitLab reads.
_KEYS = {Effect.CREATE: "create", Effect.UPDATE: "update", Effect.DELETE: "delete"}


def count_effects(plan: Any) -> dict[str, int]:
    """Return how many objects the plan creates, updates and deletes. Raises ``InvalidInput`` for an invalid plan."""
    numbers = Counter(_effect(change) for change in parse_plan(plan))
    return {key: numbers[effect] for effect, key in _KEYS.items()}


def _effect(shown: ShownChange) -> Effect:
    """Return what a change does to its object: as its action declares it, or by the sides that it has."""
    if shown.action.effect is not None:
        return shown.action.effect
    if shown.action.severity is Severity.REMOVAL:
        return Effect.DELETE
    return Effect.CREATE if shown.after and not shown.before else Effect.UPDATE
