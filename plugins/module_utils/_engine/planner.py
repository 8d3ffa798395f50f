# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the changes: the same plan in check mode and when it is applied. Names no resource."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from .._common.errors import InvalidInput, combine_errors
from .._common.json_values import problems, to_plain
from .._common.types import Result
from .._context import Session
from .._document.model import ProviderDocument
from .._plan.approval import group_by_customer, require_approved
from .._plan.changes import Change, Comparison, Expiring, Kept, summary
from .._plan.diff import provider_labels
from .._plan.limits import DEFAULT_LIMITS, Limits, check_limits
from .._plan.policy import Policy, ReviewedChange, ReviewedPlan, Violation, reject
from .._references.targets import Target
from .._references.users import ResolvedUsers, UnresolvedUser, User
from .._resources.base import ResourceTask, Step
from .._resources.registry import ACTIONS, RESOURCES
from .failures import Failures, ProviderFailure
from .selection import Selection, select_entries


@dataclass
class Plan:
    """A plan with everything that is needed to carry it out.

    ``users`` are all users that are named, by reference. ``left_out`` are the entries' providers that ``only`` leaves
    out, ``without_entry`` those in ``only`` that have no entry. ``digests`` are those of the entries that the plan was
    made of, by customer UUID. ``failures`` are the providers that can't be planned, if the others proceed.
    ``violations`` are those of a policy that is not enforced, and ``policy_name`` is its file.
    """

    tasks: list[ResourceTask]
    users: ResolvedUsers
    comparison: Comparison[object]
    api_url: str
    left_out: Sequence[Target] = ()
    without_entry: Sequence[Target] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    policy_name: str = ""
    failures: Sequence[ProviderFailure] = ()

    def parts(self) -> list[Plan]:
        """Return the plan as one for each service provider with changes, in the order of the document."""
        by_target: dict[str, list[ResourceTask]] = {}
        for task in self.tasks:
            by_target.setdefault(task.target.customer_uuid, []).append(task)
        combined = ((own, Comparison.of(task.comparison for task in own)) for own in by_target.values())
        return [replace(self, tasks=own, comparison=comparison) for own, comparison in combined if comparison.changes]

    @property
    def changes(self) -> tuple[Change[object], ...]:
        """The changes in the order in which they are carried out."""
        return self.comparison.changes

    def steps(self) -> list[Step]:
        """Return the changes with what carries them out, in the order of their first ones."""
        return sorted((step for task in self.tasks for step in task.steps()), key=lambda step: step.changes[0].order)

    def summary(self, *, done: bool) -> dict[str, Any]:
        """Return the plan in numbers, and what resources add to that, by provider."""
        numbers = summary(self.comparison, ACTIONS.values())
        numbers.update({key: {} for resource in RESOURCES for key in resource.summary_keys})
        for task, label in zip(self.tasks, self._labels(self.tasks), strict=True):
            for key, value in task.summary(self.users, done=done).items():
                numbers[key][label] = value
        return numbers

    def _labels(self, tasks: Iterable[ResourceTask]) -> list[str]:
        labels = provider_labels({task.target.customer_uuid: task.target.name for task in self.tasks})
        return [labels[task.target.customer_uuid] for task in tasks]

    def _tasks_of(self, kind: str) -> list[ResourceTask]:
        return [task for task in self.tasks if task.kind.name == kind]

    def providers(self, kind: str) -> list[str]:
        """Return the labels of the providers that have a task of the resource ``kind``, in the order of ``results``."""
        return self._labels(self._tasks_of(kind))

    @property
    def targets(self) -> list[Target]:
        """The service providers of the plan, in the order of the document."""
        return list({task.target.customer_uuid: task.target for task in self.tasks}.values())

    def expiring(self, within: timedelta) -> list[Expiring]:
        """Return the current objects of all providers that end within that time, the earliest first."""
        expiring = (item for task in self.tasks for item in task.expiring(within))
        return sorted(expiring, key=lambda item: item.expiration_time)

    def kept(self) -> list[Kept]:
        """Return the current objects of all providers that an entry of the document keeps."""
        return [item for task in self.tasks for item in task.kept(self.users)]

    def results(self, kind: str, *, done: bool) -> list[Result]:
        """Return what the resource ``kind`` shows of each provider; predicted where the plan is not ``done``."""
        return [task.result(self.users, done=done) for task in self._tasks_of(kind)]


# The format of plan.json, which policies get as their input too.
PLAN_FORMAT = "waldur.provider.plan/1"

# The fields of a desired state that only say where it was written.
_NO_DESIRED_STATE = ("where",)


def plan_changes(session: Session, document: Sequence[ProviderDocument], limits: Limits = DEFAULT_LIMITS) -> Plan:
    """Read the current state, compare it, and return the plan.

    Raises ``InvalidInput`` for a plan that must not be carried out.
    """
    session.references.start_run()
    selection = select_entries(session, document, limits.only, continues=limits.continues)
    return plan_selection(session, selection, limits)


def plan_selection(session: Session, selection: Selection, limits: Limits = DEFAULT_LIMITS) -> Plan:
    """Read the current state of the selected entries, compare it, and return the plan, as ``plan_changes`` does."""
    failures = Failures(limits.continues, list(selection.failures))
    tasks = _read_tasks(session, selection.entries, failures)
    users = _resolve_all_users(session, tasks, failures)
    for task in tasks:
        if not failures.concern(task.target):
            with failures.of(task.target):
                task.compare(session, users)
    # The options of a module are no entry of a document.
    digests = {target.customer_uuid: entry_digest(desired) for desired, target in selection.entries if desired.where}
    if limits.continues:
        tasks = _leave_out_failed(tasks, limits, digests, failures)
    comparison = _combine(tasks)
    check_limits(comparison, limits)
    _require_approved(comparison, limits, digests)
    api_url = session.client.connection.api_url
    plan = Plan(
        tasks,
        users,
        comparison,
        api_url,
        selection.left_out,
        selection.without_entry,
        digests,
        failures=failures.collected,
    )
    if limits.policy is not None:
        plan.policy_name = limits.policy.name
        plan.violations = _review(session, plan, limits.policy)
        if limits.is_policy_enforced:
            reject(limits.policy, plan.violations)
    return plan


def _combine(tasks: Iterable[ResourceTask]) -> Comparison[object]:
    return Comparison.of(result for task in tasks for result in (task.comparison, _unrepresentable(task)))


def _require_approved(comparison: Comparison[object], limits: Limits, digests: Mapping[str, str]) -> None:
    """Raise ``InvalidInput`` where a change is not part of the approved plan, if there is one."""
    if limits.approved is not None:
        known = limits.approved_digests
        is_changed = {uuid: known[uuid] != digest for uuid, digest in digests.items() if uuid in known}
        require_approved(comparison.changes, limits.approved, is_changed)


def _leave_out_failed(
    tasks: Sequence[ResourceTask], limits: Limits, digests: Mapping[str, str], failures: Failures
) -> list[ResourceTask]:
    """Return the tasks of the providers whose plans can be carried out; the others are added to ``failures``.

    The limits of removals and renames are those of the whole plan, so they are checked later.
    """
    by_customer: dict[str, list[ResourceTask]] = {}
    for task in tasks:
        by_customer.setdefault(task.target.customer_uuid, []).append(task)
    approved_by_customer = group_by_customer(limits.approved or ())
    for customer, own in by_customer.items():
        target = own[0].target
        if failures.concern(target):
            continue
        comparison = _combine(own)
        approved = None if limits.approved is None else approved_by_customer.get(customer, [])
        with failures.of(target, comparison.changes):
            if comparison.errors:
                raise combine_errors(comparison.errors)
            _require_approved(comparison, replace(limits, approved=approved), digests)
    return [task for task in tasks if not failures.concern(task.target)]


def _review(session: Session, plan: Plan, policy: Policy) -> list[Violation]:
    """Return everything in the plan that ``policy`` rejects."""
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
    return policy.review(ReviewedPlan(ordered, session.client.now(), content))


def _unrepresentable(task: ResourceTask) -> Comparison[object]:
    """Return an error for each value to be set that no request can hold."""
    where = f"{task.document.where}." if task.document.where else ""
    return Comparison(
        errors=tuple(
            f"{place}: {problem}"
            for change in task.comparison.changes
            for key, value in (change.after or {}).items()
            for place, problem in problems(f"{where}{key}", value)
        )
    )


def entry_digest(desired: ProviderDocument) -> str:
    """Return a digest of what an entry asks for, whatever its place, the order of its keys, and how it refers to it."""
    by_type = {type(state).__name__: state for state in desired.desired_states}
    text = json.dumps(to_plain(by_type, convert=_convert_for_digest), sort_keys=True)
    return f"sha256:{sha256(text.encode()).hexdigest()[:16]}"


def _convert_for_digest(value: Any) -> Any:
    """Return what stands in a digest for a value that JSON can't represent.

    A dataclass becomes its fields without its place in the document, content its checksum, anything else its text.
    """
    if is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in fields(value) if item.name not in _NO_DESIRED_STATE}
    if isinstance(value, Mapping):
        return dict(value)
    return sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def _read_tasks(
    session: Session, chosen: Sequence[tuple[ProviderDocument, Target]], failures: Failures
) -> list[ResourceTask]:
    for resource in RESOURCES:
        resource.prefetch(session, [target for desired, target in chosen if resource.is_in(desired)])
    phase = session.progress.begin("service providers read")
    tasks: list[ResourceTask] = []
    for number, (desired, target) in enumerate(chosen):
        with failures.of(target):
            provider_tasks = [resource.read_task(session, desired, target) for resource in RESOURCES]
            tasks += [task for task in provider_tasks if task is not None]
        phase.report(number + 1, len(chosen))
    session.references.bulk_lists.forget()
    return tasks


def _resolve_all_users(session: Session, tasks: Sequence[ResourceTask], failures: Failures) -> ResolvedUsers:
    """Return all users that are named; an error about one of them is that of the providers whose entries name it."""
    try:
        return _resolve_users(session, tasks)
    except InvalidInput:
        if not failures.continues:
            raise
    users: dict[str, User | UnresolvedUser] = {}
    for task in tasks:
        if not failures.concern(task.target):
            with failures.of(task.target):
                users.update(_resolve_users(session, [task]))
    return users


def _resolve_users(session: Session, tasks: Sequence[ResourceTask]) -> ResolvedUsers:
    """Return all users that are named, resolved together after the rows that may tell them were read."""
    references: list[str] = []
    not_shown: set[str] = set()
    for task in tasks:
        named, hidden = task.users()
        references.extend(named)
        not_shown.update(hidden)
    users = session.references.users.resolve(references, frozenset(not_shown))
    return users if session.missing_users == "warn" else session.references.users.with_advice(users)
