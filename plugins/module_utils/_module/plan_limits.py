# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a plan of documents, as the options of a task give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._common import values
from .._common.errors import InvalidInput, quote
from .._document import loader
from .._document.policy_file import read_policy
from .._plan.limits import REPORT, Limits
from .argument_specs import reject_negative_limits


def parse_limits(options: Mapping[str, Any], api_url: str) -> Limits:
    """Return the limits of the plan of a task. Raises ``InvalidInput``."""
    only = options.get("only")
    reject_negative_limits(options)
    if only is not None:
        only = [values.reference(f"only[{number}]", value) for number, value in enumerate(only)]
    approved, digests = parse_approved(options.get("approved_plan"), api_url)
    path = options.get("policy_path")
    return Limits(
        options.get("max_removals"),
        only,
        approved,
        digests,
        options.get("max_renames"),
        policy=None if path is None else read_policy(path),
        is_policy_enforced=options.get("policy_mode") != REPORT,
        continues=options.get("on_failure") == "continue",
    )


def parse_approved(plan: Any, api_url: str) -> tuple[list[Mapping[str, Any]] | None, Mapping[str, Any]]:
    """Return the changes of an approved plan (None: there is none), and the digests of the entries that it was made of.

    It is given as its file or that file's content, a task's result, or the bare list, which has no digests.
    """
    if plan is None or (isinstance(plan, str) and not plan.strip()):
        return None, {}  # text is what a playbook or a survey hands on where there is none
    if isinstance(plan, str):
        plan = loader.plan_file(plan)
    changes = plan.get("plan") if isinstance(plan, Mapping) else plan
    if not isinstance(changes, list) or not all(isinstance(change, Mapping) for change in changes):
        raise InvalidInput(
            "approved_plan: is not a valid plan: give the file plan.json, its content, or what"
            " waldur.provider.desired_state returned."
        )
    made_for = plan.get("api_url") if isinstance(plan, Mapping) else None
    if made_for not in (None, api_url):
        raise InvalidInput(
            f"approved_plan: was made for {quote(made_for)}, and this task talks to {api_url}: make a plan there."
        )
    digests = plan.get("digests") if isinstance(plan, Mapping) else None
    if digests is not None and not isinstance(digests, Mapping):
        raise InvalidInput(
            "approved_plan: its digests are not valid: give the file plan.json as it was written, or its content."
        )
    return changes, digests or {}
