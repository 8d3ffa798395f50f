# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of fixtures, and what a plan shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan

# Makes an engine session on the simulator: the caller's alias, and what to do about missing users.
Connect = Callable[..., Session]


def results(plan: Plan, kind: str, *, done: bool) -> list[Any]:
    """What the resource shows of each provider."""
    return list(plan.results(kind, done=done))
