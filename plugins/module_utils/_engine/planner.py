# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan and apply: the same plan in check mode and in earnest. Names no noun; the rooms of ``_resources`` do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import sha256
from typing import Any

from .._common.errors import InvalidInput
from .._common.json_values import problems
from .._context import ResolvedUsers, Session
from .._document.model import Desired
from .._plan.approval import refuse_new
from .._plan.changes import Change, Comparison, summary
from .._plan.diff import provider_labels
from .._plan.limits import refuse
from .._references.references import Target
from .._resources.base import Resource
from .._resources.registry import RESOURCES


@dataclass
class Work:
    """One noun of one provider: what is wished for, what is there, what must change."""

    desired: Desired
    target: Target
    resource: Resource
    part: Any
    state: Any
    comparison: Comparison = field(default_factory=Comparison)


@dataclass
class Planned:
    """A plan with everything that is needed to carry it out.

    ``digests`` are those of the entries that it was made of, by customer UUID.
    """

    works: list[Work]
    people: ResolvedUsers
    comparison: Comparison
    api_url: str
    left_out: Sequence[Target] = ()
    without_entry: Sequence[Target] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes in the order in which they are carried out."""
        return self.comparison.changes

    def summary(self) -> dict[str, Any]:
        """The plan in numbers."""
        return summary(self.comparison)

    def providers(self, kind: str) -> list[str]:
        """Return the labels of the providers in which the room ``kind`` has work, in the order of ``results``."""
        labels = provider_labels({work.target.customer_uuid: work.target.name for work in self.works})
        return [labels[work.target.customer_uuid] for work in self.works if work.resource.kind == kind]

    def results(self, kind: str, *, done: bool) -> list[Any]:
        """What the room ``kind`` returns for each provider; predicted where the plan is not ``done``."""
        return [
            work.resource.result(work.part, work.state, self.people, work.comparison.changes, done=done)
            for work in self.works
            if work.resource.kind == kind
        ]


@dataclass(frozen=True)
class Limits:
    """What a plan may be: how many removals that no entry names (None: the usual number), for which providers alone
    (references; None: for all of the document), and as part of which plan that was approved before (None: any).

    ``approved_digests`` are the digests of the entries that the approved plan was made of, by customer UUID.
    """

    max_removals: int | None = None
    only: Sequence[str] | None = None
    approved: Sequence[Mapping[str, Any]] | None = None
    approved_digests: Mapping[str, Any] = field(default_factory=dict)


_NO_LIMITS = Limits()

# The fields of an entry that ask for nothing.
_NO_DESIRED_STATE = ("where", "reference", "reference_kind")


def make_plan(session: Session, document: Sequence[Desired], limits: Limits = _NO_LIMITS) -> Planned:
    """Reads what is there and compares. Raises ``InvalidInput`` for a plan that must not be carried out."""
    session.references.begin()
    entries = _targets(session, document)
    wanted = _only(session, limits.only)
    chosen = [entry for entry in entries if wanted is None or entry[1].customer_uuid in wanted]
    works = _works(session, chosen)
    people = _people(session, works)
    for work in works:
        work.comparison = work.resource.compare(session, work.target, work.part, work.state, people)
    comparison = Comparison.of(part for work in works for part in (work.comparison, _unrepresentable(work)))
    refuse(comparison, limits.max_removals)
    digests = {target.customer_uuid: entry_digest(desired) for desired, target in chosen}
    if limits.approved is not None:
        known = limits.approved_digests
        changed = {uuid: known[uuid] != digest for uuid, digest in digests.items() if uuid in known}
        refuse_new(comparison.changes, limits.approved, changed)
    named = {target.customer_uuid: target for _desired, target in entries}
    return Planned(
        works,
        people,
        comparison,
        session.client.connection.api_url,
        [target for uuid, target in named.items() if wanted is not None and uuid not in wanted],
        [target for uuid, target in (wanted or {}).items() if uuid not in named],
        digests,
    )


def _unrepresentable(work: Work) -> Comparison:
    """Return an error for each value to be set that no request can hold."""
    where = f"{work.desired.where}." if work.desired.where else ""
    return Comparison(
        errors=tuple(
            f"{place}: {problem}"
            for change in work.comparison.changes
            for key, value in (change.after or {}).items()
            for place, problem in problems(f"{where}{key}", value)
        )
    )


def entry_digest(desired: Desired) -> str:
    """Return a digest of what an entry asks for, whatever its place, the order of its keys, and how it refers to it."""
    text = json.dumps(_plain(desired), sort_keys=True)
    return f"sha256:{sha256(text.encode()).hexdigest()[:16]}"


def _plain(value: Any) -> Any:
    """Return a part of the desired state as JSON data, without its place in the document and its reference."""
    if is_dataclass(value):
        names = [item.name for item in fields(value) if item.name not in _NO_DESIRED_STATE]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return sha256(value).hexdigest()
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _targets(session: Session, document: Sequence[Desired]) -> list[tuple[Desired, Target]]:
    """Whom each entry is about; all of them must exist, and each stands there once."""
    session.references.expect_customers([d.reference for d in document if d.reference_kind == "customer"])
    first: dict[str, str] = {}
    found = []
    for desired in document:
        option = f"{desired.where}.customer" if desired.where else desired.reference_kind
        target = session.references.target(desired.reference_kind, option, desired.reference)
        if target.customer_uuid in first:
            raise InvalidInput(
                f"{option}: {target.name} stands in {first[target.customer_uuid]} already: make one entry of the two."
            )
        first[target.customer_uuid] = desired.where
        found.append((desired, target))
    return found


def _only(session: Session, references: Sequence[str] | None) -> dict[str, Target] | None:
    """The providers that alone are wanted, by the UUIDs of their customers."""
    if references is None:
        return None
    named = enumerate(references)
    targets = [session.references.target("service_provider", f"only[{number}]", value) for number, value in named]
    return {target.customer_uuid: target for target in targets}


def _works(session: Session, chosen: Sequence[tuple[Desired, Target]]) -> list[Work]:
    works = []
    for desired, target in chosen:
        for resource in RESOURCES:
            part = resource.part(desired)
            if part is not None:
                works.append(Work(desired, target, resource, part, resource.read(session, target, part)))
    return works


def _people(session: Session, works: list[Work]) -> ResolvedUsers:
    """Everybody who is named anywhere, looked up together, after all rows that may already tell were read."""
    wanted: list[str] = []
    unseen: set[str] = set()
    for work in works:
        named, not_shown = work.resource.users(work.part, work.state)
        wanted.extend(named)
        unseen.update(not_shown)
    users = session.references.users(wanted, frozenset(unseen))
    return users if session.missing_users == "warn" else session.references.with_advice(users)
