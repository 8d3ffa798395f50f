# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of a resource, and one resource of one provider as the engine plans and applies it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from .._common.types import Row
from .._context import ResolvedUsers, Session
from .._document.exported import Exported
from .._document.model import Desired, Entry
from .._plan.changes import Change, ChangeKind, Comparison
from .._references.references import Target
from .._references.users import UnresolvedUser

DesiredState = TypeVar("DesiredState")
CurrentState = TypeVar("CurrentState")
Payload = TypeVar("Payload")

# What a resource shows of one provider in the result of a task: its object or objects, or null where there is none.
Result = Row | list[Row] | None


@dataclass(frozen=True)
class Step:
    """One change of a plan, and how it is carried out."""

    change: Change[object]
    write: Callable[[Session], None]


class ResourceTask(ABC):
    """One resource of one provider: its desired state, its current state, and what must change."""

    document: Desired
    target: Target
    comparison: Comparison[object]

    @property
    @abstractmethod
    def kind(self) -> ChangeKind:
        """The kind of the resource's changes."""

    @abstractmethod
    def users(self) -> tuple[Iterable[str], Iterable[str]]:
        """Return the references to users, as ``Resource.users`` does."""

    @abstractmethod
    def compare(self, session: Session, users: ResolvedUsers) -> None:
        """Compare current and desired state into ``comparison``."""

    @abstractmethod
    def steps(self) -> list[Step]:
        """Return the changes as steps, in any order."""

    @abstractmethod
    def verify(self, session: Session, users: ResolvedUsers) -> Comparison[object]:
        """Return what is left to change after all steps were carried out. Raises ``WaldurError``."""

    @abstractmethod
    def result(self, users: ResolvedUsers, *, done: bool) -> Result:
        """Return what a task shows: the current state, or the predicted one where the changes are not ``done``."""

    @abstractmethod
    def summary(self, users: ResolvedUsers, *, done: bool) -> dict[str, Any]:
        """Return what the resource adds to the summary of the plan, by the summary's keys."""


class AnyResource(ABC):
    """A resource as the engine sees it, whatever its types are.

    ``result_key`` is the key of its module's result. ``export_part`` names it among the parts of an export (empty: it
    can't be exported). ``summary_keys`` are the keys that it adds to the summary of a plan.
    """

    kind: ChangeKind
    result_key: str
    export_part: str = ""
    summary_keys: tuple[str, ...] = ()

    @abstractmethod
    def read_task(self, session: Session, document: Desired, target: Target) -> ResourceTask | None:
        """Read the current state; None, and nothing is read, where the document names no desired state."""

    def returns(self, options: Mapping[str, Any], result: Result) -> dict[str, Any]:
        """Return what the resource's module returns beside ``changed`` and ``diff``, for the options of its task."""
        return {self.result_key: result}

    def export(self, session: Session, target: Target) -> Exported:
        """Return the current state as entries for which ``compare`` finds nothing to change."""
        raise NotImplementedError(f"{self.kind.name} can't be exported")


class Resource(AnyResource, Generic[DesiredState, CurrentState, Payload]):
    """A resource with its types: the desired state, the current state, and the payload of its changes."""

    @abstractmethod
    def desired(self, document: Desired) -> DesiredState | None:
        """Return the desired state; None where the document names none."""

    @abstractmethod
    def read(self, session: Session, target: Target, desired: DesiredState) -> CurrentState:
        """Return the current state. Only reads."""

    @abstractmethod
    def users(self, desired: DesiredState, current: CurrentState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the references to users, and those among them whose users are not shown (so they are not read)."""

    @abstractmethod
    def compare(
        self, session: Session, target: Target, desired: DesiredState, current: CurrentState, users: ResolvedUsers
    ) -> Comparison[Payload]:
        """Return what must change. Pure: sends no request and changes nothing."""

    @abstractmethod
    def write(self, session: Session, target: Target, current: CurrentState, change: Change[Payload]) -> None:
        """Carry out one change, and update ``current`` by the response. Raises ``WaldurError``."""

    @abstractmethod
    def verify(self, session: Session, target: Target, desired: DesiredState, current: CurrentState) -> CurrentState:
        """Return the current state after writing, read again where the responses do not tell it."""

    @abstractmethod
    def result(
        self,
        desired: DesiredState,
        current: CurrentState,
        users: ResolvedUsers,
        planned: Sequence[Change[Payload]],
        *,
        done: bool,
    ) -> Result:
        """Return what a task shows: the current state, or the predicted one where ``planned`` is not ``done``."""

    def summary(self, result: Result) -> dict[str, Any]:
        """Return the values of ``summary_keys`` for one provider."""
        return {}

    def read_task(self, session: Session, document: Desired, target: Target) -> ResourceTask | None:
        """Read the current state; None, and nothing is read, where the document names no desired state."""
        desired = self.desired(document)
        if desired is None:
            return None
        return TypedTask(self, document, target, desired, self.read(session, target, desired))


@dataclass
class TypedTask(ResourceTask, Generic[DesiredState, CurrentState, Payload]):
    """A task with the types of its resource."""

    resource: Resource[DesiredState, CurrentState, Payload]
    document: Desired
    target: Target
    desired: DesiredState
    current: CurrentState
    comparison: Comparison[Payload] = field(default_factory=Comparison)

    @property
    def kind(self) -> ChangeKind:
        """The kind of the resource's changes."""
        return self.resource.kind

    def users(self) -> tuple[Iterable[str], Iterable[str]]:
        """Return the references to users, as ``Resource.users`` does."""
        return self.resource.users(self.desired, self.current)

    def compare(self, session: Session, users: ResolvedUsers) -> None:
        """Compare current and desired state into ``comparison``."""
        self.comparison = self._compared(session, users)

    def _compared(self, session: Session, users: ResolvedUsers) -> Comparison[Payload]:
        return self.resource.compare(session, self.target, self.desired, self.current, users)

    def steps(self) -> list[Step]:
        """Return the changes as steps, in any order."""
        return [Step(change, partial(self._write, change)) for change in self.comparison.changes]

    def _write(self, change: Change[Payload], session: Session) -> None:
        self.resource.write(session, self.target, self.current, change)

    def verify(self, session: Session, users: ResolvedUsers) -> Comparison[object]:
        """Return what is left to change after all steps were carried out. Raises ``WaldurError``."""
        before, self.current = self.current, self.resource.verify(session, self.target, self.desired, self.current)
        return Comparison() if self.current is before else self._compared(session, users)

    def result(self, users: ResolvedUsers, *, done: bool) -> Result:
        """Return what a task shows: the current state, or the predicted one where the changes are not ``done``."""
        return self.resource.result(self.desired, self.current, users, self.comparison.changes, done=done)

    def summary(self, users: ResolvedUsers, *, done: bool) -> dict[str, Any]:
        """Return what the resource adds to the summary of the plan, by the summary's keys."""
        return self.resource.summary(self.result(users, done=done)) if self.resource.summary_keys else {}


def unresolved_user(session: Session, entry: Entry, missing: UnresolvedUser) -> Comparison[Any]:
    """Return the error for an entry whose user can't be used, or a warning where ``missing_users`` says so."""
    if session.missing_users == "warn":
        text = f"{entry.place} was left out: {missing.reason}."
        return Comparison(warnings=(text,), missing_users=(missing.reference,))
    return Comparison(
        errors=(f"{entry.option('user')}: {missing.reason}: {missing.advice}, or set missing_users: warn.",)
    )
