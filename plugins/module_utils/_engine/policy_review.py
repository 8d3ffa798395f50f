# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a policy review a plan."""

from __future__ import annotations

from .._context import Session
from .._plan.policy import Policy, ReviewedChange, ReviewedPlan, describe_rejection, reject
from .plan import Plan

# The format of plan.json, which policies get as their input too.
PLAN_FORMAT = "waldur.provider.plan/1"


def review_plan(session: Session, plan: Plan, policy: Policy, *, is_enforced: bool) -> None:
    """Store the violations of ``policy`` in ``plan``. Raises ``InvalidInput`` if there are some and it is enforced."""
    reviewed = [
        ReviewedChange(change, task.document.where, task.target.uuid)
        for task in plan.tasks
        for change in task.comparison.changes
    ]
    content = {
        "format": PLAN_FORMAT,
        "api_url": plan.api_url,
        "digests": dict(plan.digests),
        "summary": plan.summary(done=False),
        "warnings": list(plan.comparison.warnings),
        "plan": [change.as_dict() for change in plan.changes],
    }
    ordered = sorted(reviewed, key=lambda review: review.change.order)
    plan.violations = policy.review(ReviewedPlan(ordered, session.client.now(), content))
    if is_enforced:
        reject(policy, plan.violations)
    elif plan.violations:
        plan.policy_warning = describe_rejection(policy.name, [violation.message for violation in plan.violations])
