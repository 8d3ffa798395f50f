# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan with everything that is needed to carry it out. Names no resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._common.types import Result
from .._plan.changes import Change, Comparison, Expiring, Kept, actions_by_name, summary
from .._plan.diff import provider_labels
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .._resources.base import AnyResource, ResourceTask, Step
from .failures import ProviderFailure

if TYPE_CHECKING:  # few tasks have a policy
    from .._plan.policy import Violation


@dataclass
class Plan:
    """A plan with everything that is needed to carry it out.

    ``resources`` are those that the plan can have tasks of, and ``users`` all users that are named, by reference.
    ``left_out`` are the entries' providers that ``only`` leaves out, ``without_entry`` those in ``only`` that have no
    entry. ``digests`` are those of the entries that the plan was made of, by customer UUID. ``failures`` are the
    providers that can't be planned, if the others proceed. ``violations`` are those of a policy that is not enforced,
    and ``policy_warning`` is the warning about them.
    """

    resources: Sequence[AnyResource]
    tasks: list[ResourceTask]
    users: ResolvedUsers
    comparison: Comparison[object]
    api_url: str
    left_out: Sequence[Target] = ()
    without_entry: Sequence[Target] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    violations: Sequence[Violation] = ()
    policy_warning: str = ""
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
        numbers = summary(self.comparison, actions_by_name(resource.kind for resource in self.resources).values())
        numbers.update({key: {} for resource in self.resources for key in resource.summary_keys})
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
