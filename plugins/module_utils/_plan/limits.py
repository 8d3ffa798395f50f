# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a plan, and the check of a plan against them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._common.errors import InvalidInput, combine_errors
from .changes import Comparison

if TYPE_CHECKING:  # few tasks have a policy
    from .policy import Policy

DEFAULT_MAX_REMOVALS = 5
DEFAULT_MAX_RENAMES = 0
# The mode in which the violations of a policy are only reported.
REPORT = "report"
# A message names so many renames; a result holds all of them.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Limits:
    """The limits of a plan.

    ``max_removals`` is the number of implied removals (None: 5), ``max_renames`` that of accounts that changes rename
    though no entry names them (None: 0). ``only`` are references to the providers that are
    planned (None: all of the document). ``approved`` are the changes of an approved plan (None: any change is
    allowed), and ``approved_digests`` the digests of the entries that it was made of, by customer UUID.
    ``policy`` is what the plan must follow (None: there is no policy); where ``is_policy_enforced`` is false, its
    violations are only reported. ``continues`` tells that a provider that fails is left out, and the others proceed.
    """

    max_removals: int | None = None
    only: Sequence[str] | None = None
    approved: Sequence[Mapping[str, Any]] | None = None
    approved_digests: Mapping[str, Any] = field(default_factory=dict)
    max_renames: int | None = None
    policy: Policy | None = None
    is_policy_enforced: bool = True
    continues: bool = False


DEFAULT_LIMITS = Limits()


def check_limits(comparison: Comparison[object], limits: Limits) -> None:
    """Raise ``InvalidInput`` where the plan has errors, or more implied removals or renames than ``limits`` allow."""
    if comparison.errors:
        raise combine_errors(comparison.errors)
    _check_removals(comparison, DEFAULT_MAX_REMOVALS if limits.max_removals is None else limits.max_removals)
    _check_renames(comparison, DEFAULT_MAX_RENAMES if limits.max_renames is None else limits.max_renames)


def _check_removals(comparison: Comparison[object], allowed: int) -> None:
    removals = [change for change in comparison.changes if change.is_implied]
    if len(removals) > allowed:
        names = ", ".join(f"{change.name} on {change.service_provider}" for change in removals)
        raise InvalidInput(
            f"max_removals: the plan would revoke {len(removals)} grants that no entry names, and {allowed} are"
            f" allowed: {names}. Nothing was changed. List those that stay, or raise max_removals.",
            removals=[change.as_dict() for change in removals],
        )


def _check_renames(comparison: Comparison[object], allowed: int) -> None:
    renames = [
        (change.service_provider, rename)
        for change in comparison.changes
        for rename in change.renames
        if rename.is_implied
    ]
    if len(renames) > allowed:
        names = [f"{rename} on {provider}" for provider, rename in renames]
        hidden = len(names) - _MOST_NAMED
        listed = ", ".join(names[:_MOST_NAMED]) + (f" and {hidden} more, listed in renames" if hidden > 0 else "")
        raise InvalidInput(
            f"max_renames: the plan would rename {len(renames)} accounts, and {allowed} are allowed: {listed}. Nothing"
            " was changed. Leave the options that rename them as they are, or raise max_renames.",
            renames=[
                {"service_provider": provider, "account": rename.account, "username": rename.username}
                for provider, rename in renames
            ],
        )
