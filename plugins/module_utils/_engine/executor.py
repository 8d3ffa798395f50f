# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a plan: carry out its changes in order, then verify the result."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from .._common.errors import Interrupted, WaldurError, quote, wrap_error
from .._common.signals import SignalReceived, remember_parent, require_parent
from .._context import Session
from .._plan.changes import Change
from .._references.users import ResolvedUsers
from .._resources.base import ResourceTask
from .failures import Failures, ProviderFailure, make_failure_error, with_failures
from .plan import Plan


def apply(session: Session, plan: Plan) -> None:
    """Carry out exactly that plan, then verify the result.

    Where anything stops it, a signal, the end of the parent process or a defect included, the ``WaldurError`` says in
    its details what was ``applied``, which is the ``failed_change``, what was ``not_applied``, which change is
    ``uncertain`` as it was sent and its outcome is not known, and whether anything was ``changed``.
    """
    steps = plan.steps()
    changes = [change for step in steps for change in step.changes]
    remember_parent()
    applied, size, sent = 0, 0, session.client.writes_sent
    phase = session.progress.begin("changes applied", _label(changes))
    try:
        for step in steps:
            sent, size = session.client.writes_sent, len(step.changes)
            require_parent()
            step.write(session)
            applied, size = applied + size, 0
            phase.report(applied, len(changes))
        _verify_all(session, plan)
    except WaldurError as error:
        raise _stopped(error, changes, applied, size) from None
    except BaseException as error:
        is_sent = session.client.writes_sent > sent
        described = _described(error, is_sent=is_sent, is_applied=applied == len(changes))
        raise _stopped(described, changes, applied, size) from error


def apply_each(session: Session, plan: Plan, *, check: bool) -> None:
    """Carry out the plan provider by provider; one that fails does not stop the others. Nothing is sent with ``check``.

    Raises ``WaldurError`` with all failures at the end, those of planning included, and immediately for an error that
    does not concern a single provider.
    """
    failures = Failures(continues=True, collected=list(plan.failures))
    parts = deque([] if check else plan.parts())
    applied: list[Change[object]] = list(plan.changes) if check else []
    try:
        while parts:
            with failures.of(parts[0].targets[0]):
                apply(session, parts[0])
                applied += parts[0].changes
            parts.popleft()
    except WaldurError as error:
        parts.popleft()  # what became of its changes is in the details of the error
        raise _ended(error, failures.collected, applied, parts) from error.__cause__
    except SignalReceived as error:
        raise _ended(Interrupted(f"Interrupted by {error}."), failures.collected, applied, parts) from None
    if failures.collected:
        failed = {id(failure.target) for failure in failures.collected}
        total = len(failed) + sum(id(target) not in failed for target in plan.targets)
        raise make_failure_error(failures.collected, applied, total, plan.comparison.warnings, check=check)


def _ended(
    error: WaldurError,
    failures: Sequence[ProviderFailure],
    applied: Sequence[Change[object]],
    parts: Iterable[Plan],
) -> WaldurError:
    """Return the error that ends a run before all providers were tried; ``parts`` are those that were not."""
    return with_failures(
        error, failures, applied, [change for provider_plan in parts for change in provider_plan.changes]
    )


def _described(error: BaseException, *, is_sent: bool, is_applied: bool) -> WaldurError:
    """Return any error as a ``WaldurError``; after a request whose outcome is unknown, it says so."""
    if is_applied:
        return wrap_error(error, "")
    if not is_sent:
        return wrap_error(error, " before a request was sent for this change")
    wrapped = wrap_error(error, ", so whether it took effect is not known: run again")
    wrapped.details["took_effect"] = None
    return wrapped


def _unchecked(error: WaldurError, changes: Sequence[Change[object]]) -> WaldurError:
    if "not_applied" not in error.details:
        number = len(changes)
        applied, its = ("The change was", "its") if number == 1 else (f"All {number} changes were", "their")
        error.message = f"{applied} applied, but {its} verification failed: {error.message}"
        error.args = (error.message,)
    details = {"failed_change": None, "uncertain": [], "not_applied": [], **error.details}
    error.details = {**details, "changed": True, "applied": [change.as_dict() for change in changes]}
    return error


def _stopped(error: WaldurError, changes: Sequence[Change[object]], number: int, size: int) -> WaldurError:
    """Return ``error`` with what was applied: the first ``number`` changes, and the next ``size``, which are carried
    out together, where they took effect.

    The latter are uncertain where the error's details tell that ``took_effect`` is None.
    """
    if number == len(changes):
        return _unchecked(error, changes)
    size = max(size, 1)
    remaining = len(changes) - number - size
    took_effect = error.details.pop("took_effect", False)
    failed = changes[number + error.details.pop("failed_place", 0)]
    error.message = f"{failed}: {error.message}"
    if size > 1:
        error.message += f" It was sent together with {size - 1} other changes, which Waldur applies all or none."
    if len(changes) > size:
        error.message += f" Applied before it: {number} of {len(changes)} changes; not tried after it: {remaining}."
    error.args = (error.message,)
    done = number + (size if took_effect else 0)
    tried = number + size if took_effect is None else done
    error.details.update(
        changed=done > 0 or took_effect is None,
        applied=[change.as_dict() for change in changes[:done]],
        failed_change=failed.as_dict(),
        uncertain=[change.as_dict() for change in changes[done:tried]],
        not_applied=[change.as_dict() for change in changes[tried:]],
    )
    return error


def _label(changes: Sequence[Change[object]]) -> str:
    """Return whose changes they are: the name of the provider, or the number of providers."""
    names = {change.id.get("customer") or change.service_provider: change.service_provider for change in changes}
    return quote(next(iter(names.values()))) if len(names) == 1 else f"{len(names):,} service providers"


def _verify_all(session: Session, plan: Plan) -> None:
    """Check that all changes took effect. Raises ``WaldurError``."""
    tasks = [task for task in plan.tasks if task.comparison.changes]
    phase = session.progress.begin("results checked")
    for number, task in enumerate(tasks):
        _verify(session, task, plan.users)
        phase.report(number + 1, len(tasks), quote(task.target.name))


def _verify(session: Session, task: ResourceTask, users: ResolvedUsers) -> None:
    left = task.verify(session, users)
    if left.changes or left.errors:
        what = "; ".join([*(str(change) for change in left.changes), *left.errors])
        raise WaldurError(
            f"Waldur accepted the request but did not apply it: {what}. Another user may have changed it meanwhile:"
            " run again.",
            not_applied=[change.as_dict() for change in left.changes],
        )
