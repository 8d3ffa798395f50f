# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a plan, and the check of a plan against them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import InvalidInput, combine_errors
from .changes import Comparison

DEFAULT_MAX_REMOVALS = 5


@dataclass(frozen=True)
class Limits:
    """The limits of a plan.

    ``max_removals`` is the number of implied removals (None: 5). ``only`` are references to the providers that are
    planned (None: all of the document). ``approved`` are the changes of an approved plan (None: any change is
    allowed), and ``approved_digests`` the digests of the entries that it was made of, by customer UUID.
    """

    max_removals: int | None = None
    only: Sequence[str] | None = None
    approved: Sequence[Mapping[str, Any]] | None = None
    approved_digests: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_LIMITS = Limits()


def check_limits(comparison: Comparison[object], max_removals: int | None) -> None:
    """Raise ``InvalidInput`` where the plan has errors, or more implied removals than ``max_removals`` (None: 5)."""
    if comparison.errors:
        raise combine_errors(comparison.errors)
    allowed = DEFAULT_MAX_REMOVALS if max_removals is None else max_removals
    removals = [change for change in comparison.changes if change.is_implied]
    if len(removals) > allowed:
        names = ", ".join(f"{change.name} on {change.service_provider}" for change in removals)
        raise InvalidInput(
            f"max_removals: the plan would revoke {len(removals)} grants that no entry names, and {allowed} are"
            f" allowed: {names}. Nothing was changed. List those that stay, or raise max_removals.",
            removals=[change.as_dict() for change in removals],
        )
