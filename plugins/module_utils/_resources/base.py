# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of a resource, and one resource of one provider as the engine plans and applies it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from .._api.operations import operation
from .._api.permissions import Permission, Requirement
from .._common.errors import InvalidInput
from .._common.types import Result
from .._context import Session
from .._document.exported import Exported
from .._document.fields import EntryReader, Field, ReferenceField
from .._document.model import PROVIDER_REFERENCE, ProviderDocument, ReadImage, UserEntry
from .._plan.changes import Change, ChangeKind, Comparison, Expiring, Kept
from .._references.targets import Target
from .._references.users import ResolvedUsers, UnresolvedUser

DesiredState = TypeVar("DesiredState")
CurrentState = TypeVar("CurrentState")
Payload = TypeVar("Payload")


PROVIDER = ReferenceField(
    PROVIDER_REFERENCE, "The service provider, by its UUID or URL, or by its customer.", required=True
)


@dataclass(frozen=True)
class ModuleOptions:
    """The options of a resource's module: its ``fields``, and the rules between them as Ansible knows them.

    ``reference`` says which provider it is about. ``is_limited`` says that the resource has implied removals,
    ``renames_accounts`` that its changes can rename accounts, and ``names_users`` that users may be missing.
    """

    fields: tuple[Field[object], ...]
    rules: Mapping[str, Any] = field(default_factory=dict)
    reference: ReferenceField = PROVIDER
    is_limited: bool = False
    renames_accounts: bool = False
    names_users: bool = False


@dataclass(frozen=True)
class Step:
    """Changes of a plan that are carried out together, all or none, and how; of most resources it is a single one."""

    changes: tuple[Change[object], ...]
    write: Callable[[Session], None]


class ResourceTask(ABC):
    """One resource of one provider: its desired state, its current state, and what must change."""

    document: ProviderDocument
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

    @abstractmethod
    def expiring(self, within: timedelta) -> list[Expiring]:
        """Return the current objects that end within that time, the earliest first."""

    @abstractmethod
    def kept(self, users: ResolvedUsers) -> list[Kept]:
        """Return the current objects that an entry of the document keeps."""


class AnyResource(ABC):
    """A resource as the engine sees it, whatever its types are.

    ``fields`` are its keys in a document, ``module`` the options of its module, and ``result_key`` is the key of that
    module's result. ``operations`` are the names of the operations of its own requests; references to customers,
    providers, users and roles are resolved before them. ``export_part`` names it among the parts of an export (empty:
    it can't be exported). ``summary_keys`` are the keys that it adds to the summary of a plan. ``needs_only_uuid`` says
    that it reads and compares a provider that is an ``UnreadTarget``.
    """

    kind: ChangeKind
    fields: tuple[Field[object], ...]
    module: ModuleOptions
    result_key: str
    operations: tuple[str, ...]
    export_part: str = ""
    summary_keys: tuple[str, ...] = ()
    needs_only_uuid: bool = False

    @property
    def permissions(self) -> frozenset[Permission | Requirement]:
        """What a token needs to send all requests of the resource, as its operations declare it."""
        return frozenset(operation(name).permission for name in self.operations)

    @abstractmethod
    def read_task(self, session: Session, document: ProviderDocument, target: Target) -> ResourceTask | None:
        """Read the current state; None, and nothing is read, where the document names no desired state."""

    @abstractmethod
    def read_document(self, entry: EntryReader, read_image: ReadImage) -> object | None:
        """Return the desired state in an entry of a document; None where the entry has none. Errors are collected."""

    @abstractmethod
    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> object:
        """Return the desired state in the options of the resource's module. Raises ``InvalidInput``."""

    def prefetch(  # noqa: B027
        self, session: Session, targets: Sequence[Target], *, is_export: bool = False
    ) -> None:
        """Read at once what ``read`` or ``export`` needs of several providers, where that takes fewer requests.

        The rows are kept in ``session.references.bulk_lists`` until the providers are read. Only reads.
        """

    @abstractmethod
    def is_in(self, document: ProviderDocument) -> bool:
        """Return whether the document names a desired state of the resource."""

    def returns(self, options: Mapping[str, Any], result: Result) -> dict[str, Any]:
        """Return what the resource's module returns beside ``changed`` and ``diff``, for the options of its task."""
        return {self.result_key: result}

    def export(self, session: Session, target: Target) -> Exported:
        """Return the current state as entries for which ``compare`` finds nothing to change."""
        raise NotImplementedError(f"{self.kind.name} can't be exported")


class Resource(AnyResource, Generic[DesiredState, CurrentState, Payload]):
    """A resource with its types: the desired state, the current state, and the payload of its changes."""

    desired_type: type[DesiredState]

    @abstractmethod
    def read_document(self, entry: EntryReader, read_image: ReadImage) -> DesiredState | None:
        """Return the desired state in an entry of a document; None where the entry has none. Errors are collected."""

    @abstractmethod
    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> DesiredState:
        """Return the desired state in the options of the resource's module. Raises ``InvalidInput``."""

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

    def batches(self, changes: Sequence[Change[Payload]]) -> list[tuple[Change[Payload], ...]]:
        """Return ``changes``, which are in the order of the plan, as those that one request carries out, all or none.

        A batch holds changes that follow one another in the plan.
        """
        return [(change,) for change in changes]

    def write_batch(
        self, session: Session, target: Target, current: CurrentState, changes: Sequence[Change[Payload]]
    ) -> None:
        """Carry out one of ``batches``, as ``write`` does. An error of one change in it gives its place as the detail
        ``failed_place``."""
        for change in changes:
            self.write(session, target, current, change)

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

    def expiring(self, target: Target, current: CurrentState, within: timedelta) -> list[Expiring]:
        """Return the current objects that end within that time, the earliest first. Pure."""
        return []

    def kept(self, target: Target, desired: DesiredState, current: CurrentState, users: ResolvedUsers) -> list[Kept]:
        """Return the current objects that an entry keeps, if others can exist that no entry names. Pure."""
        return []

    def is_in(self, document: ProviderDocument) -> bool:
        """Return whether the document names a desired state of the resource."""
        return document.get(self.desired_type) is not None

    def confirm(self, session: Session, target: Target, desired: DesiredState, current: CurrentState) -> CurrentState:
        """Return the current state with what ``read`` left out or took from elsewhere, as it is needed where something
        changes; ``current`` itself where that is complete. Only reads."""
        return current

    def read_task(self, session: Session, document: ProviderDocument, target: Target) -> ResourceTask | None:
        """Read the current state; None, and nothing is read, where the document names no desired state."""
        desired = document.get(self.desired_type)
        if desired is None:
            return None
        return TypedTask(self, document, target, desired, self.read(session, target, desired))


@dataclass
class TypedTask(ResourceTask, Generic[DesiredState, CurrentState, Payload]):
    """A task with the types of its resource."""

    resource: Resource[DesiredState, CurrentState, Payload]
    document: ProviderDocument
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
        if self.comparison.changes or self.comparison.errors:
            confirmed = self.resource.confirm(session, self.target, self.desired, self.current)
            if confirmed is not self.current:
                self.current = confirmed
                self.comparison = self._compared(session, users)

    def _compared(self, session: Session, users: ResolvedUsers) -> Comparison[Payload]:
        return self.resource.compare(session, self.target, self.desired, self.current, users)

    def steps(self) -> list[Step]:
        """Return the changes as steps, in any order."""
        batches = self.resource.batches(self.comparison.changes)
        return [Step(changes, partial(self._write, changes)) for changes in batches]

    def _write(self, changes: Sequence[Change[Payload]], session: Session) -> None:
        self.resource.write_batch(session, self.target, self.current, changes)

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

    def expiring(self, within: timedelta) -> list[Expiring]:
        """Return the current objects that end within that time, the earliest first."""
        return self.resource.expiring(self.target, self.current, within)

    def kept(self, users: ResolvedUsers) -> list[Kept]:
        """Return the current objects that an entry of the document keeps."""
        return self.resource.kept(self.target, self.desired, self.current, users)


def unresolved_user(session: Session, entry: UserEntry, missing: UnresolvedUser) -> Comparison[Any]:
    """Return the error for an entry whose user can't be used, or a warning where ``missing_users`` says so."""
    if session.missing_users == "warn":
        text = f"{entry.place} was left out: {missing.reason}."
        return Comparison(warnings=(text,), missing_users=(missing.reference,))
    return Comparison(
        errors=(f"{entry.option('user')}: {missing.reason}: {missing.advice}, or set missing_users: warn.",)
    )


def reject_beside_list(options: Mapping[str, Any], fields: Sequence[Field[object]], list_option: str) -> None:
    """Raise ``InvalidInput`` where an option that goes with a single user stands beside the list of users."""
    for field_ in fields:
        if options.get(field_.name) != field_.default:
            raise InvalidInput(f"{field_.name}: requires user; with {list_option}, set it in each entry.")
