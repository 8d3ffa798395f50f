# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the changes: the same plan in check mode and when it is applied. Names no resource."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from typing import Any

from .._common.errors import InvalidInput, combine_errors
from .._common.json_values import problems, to_plain
from .._context import Session
from .._document.model import ProviderDocument
from .._plan.changes import Comparison
from .._plan.limits import DEFAULT_LIMITS, Limits, check_limits
from .._references.targets import Target
from .._references.users import ResolvedUsers, UnresolvedUser, User
from .._resources.base import AnyResource, ResourceTask
from .failures import Failures
from .plan import Plan
from .selection import Selection, select_entries

# The fields of a desired state that only say where it was written.
_NO_DESIRED_STATE = ("where",)


def plan_changes(
    session: Session,
    resources: Sequence[AnyResource],
    document: Sequence[ProviderDocument],
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """Read the current state, compare it, and return the plan.

    ``resources`` are those that the entries of ``document`` can name, in the order in which they are read.
    Raises ``InvalidInput`` for a plan that must not be carried out.
    """
    session.references.start_run()
    selection = select_entries(session, resources, document, limits.only, continues=limits.continues)
    return plan_selection(session, resources, selection, limits)


def plan_selection(
    session: Session, resources: Sequence[AnyResource], selection: Selection, limits: Limits = DEFAULT_LIMITS
) -> Plan:
    """Read the current state of the selected entries, compare it, and return the plan, as ``plan_changes`` does."""
    failures = Failures(limits.continues, list(selection.failures))
    tasks = _read_tasks(session, resources, selection.entries, failures)
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
        resources,
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
        from .policy_review import review_plan  # few tasks have a policy

        review_plan(session, plan, limits.policy, is_enforced=limits.is_policy_enforced)
    return plan


def _combine(tasks: Iterable[ResourceTask]) -> Comparison[object]:
    return Comparison.of(result for task in tasks for result in (task.comparison, _unrepresentable(task)))


def _require_approved(comparison: Comparison[object], limits: Limits, digests: Mapping[str, str]) -> None:
    """Raise ``InvalidInput`` where a change is not part of the approved plan, if there is one."""
    if limits.approved is not None:
        from .._plan.approval import require_approved  # few tasks have an approved plan

        known = limits.approved_digests
        is_changed = {uuid: known[uuid] != digest for uuid, digest in digests.items() if uuid in known}
        require_approved(comparison.changes, limits.approved, is_changed)


def _leave_out_failed(
    tasks: Sequence[ResourceTask], limits: Limits, digests: Mapping[str, str], failures: Failures
) -> list[ResourceTask]:
    """Return the tasks of the providers whose plans can be carried out; the others are added to ``failures``.

    The limits of removals and renames are those of the whole plan, so they are checked later.
    """
    from .._plan.approval import group_by_customer  # only the tasks of documents continue

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
    session: Session,
    resources: Sequence[AnyResource],
    chosen: Sequence[tuple[ProviderDocument, Target]],
    failures: Failures,
) -> list[ResourceTask]:
    for resource in resources:
        resource.prefetch(session, [target for desired, target in chosen if resource.is_in(desired)])
    phase = session.progress.begin("service providers read")
    tasks: list[ResourceTask] = []
    for number, (desired, target) in enumerate(chosen):
        with failures.of(target):
            provider_tasks = [resource.read_task(session, desired, target) for resource in resources]
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
