# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, and what a resource declares about them: actions, order, labels. Pure: no input or output, no Ansible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any, Generic, TypeVar

from .._common import timestamps

Payload_co = TypeVar("Payload_co", covariant=True)
Payload = TypeVar("Payload")


class Stage(IntEnum):
    """The stages of a plan: what must exist before something else can comes first, what is taken away comes last.

    Pools belong to providers, and what changes accounts takes numbers from them (api-behaviour: posix-pools-exhausted).
    So do groups of projects (api-behaviour: project-groups-roll-out).
    """

    PREPARE = 0
    PROVISION = 1
    GROUP = 2
    CONFIGURE = 3
    ASSIGN = 4
    NAME = 5
    RENEW = 6
    WITHDRAW = 7
    DELETE = 8


class Severity(Enum):
    """How much attention an action needs from whoever approves a plan."""

    NORMAL = "normal"
    # Attention where a value is cleared, or a list loses an item.
    LOSS = "loss"
    # Attention where a value that is not empty gets replaced.
    REPLACEMENT = "replacement"
    ATTENTION = "attention"
    # Access or an object is taken away.
    REMOVAL = "removal"


class Effect(Enum):
    """What an action does to the object itself, where that matters to an approved plan."""

    CREATE = "creates the object"
    UPDATE = "updates what exists"
    DELETE = "deletes the object"


@dataclass(frozen=True)
class Action:
    """An action of a resource: its name in plans, its stage, and how it is shown.

    ``singular`` and ``plural`` count the changes that need attention ("1 removal"). ``participle`` says what happens to
    several objects at once ("20 roles granted"). ``gives_access`` says that a user gets more access by it, or longer.
    ``verb`` stands before the label of the kind, where the name of the action contains the object too.
    """

    name: str
    stage: Stage
    severity: Severity = Severity.NORMAL
    singular: str = "change"
    plural: str = "changes"
    effect: Effect | None = None
    participle: str = ""
    gives_access: bool = False
    verb: str = ""

    @property
    def label(self) -> str:
        """Return the action in words."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class ValueStyle:
    """How a field's value is shown. ``before`` and ``after`` are the words for null on either side of a change.

    ``is_null_a_value`` says that null is a value like others ("never"), ``is_code`` that text is not quoted.
    """

    before: str = "none"
    after: str = "none"
    is_null_a_value: bool = False
    is_timestamp: bool = False
    is_code: bool = False


_PLAIN = ValueStyle()


@dataclass(frozen=True)
class ChangeKind:
    """What a resource declares about its changes.

    ``label`` shows the object's name, which stands for ``{}``, and ``plural`` names several objects.
    ``merged_fields`` are mappings with keys that users choose and that Waldur merges key by key. ``has_named_keys``
    says that the keys of ``before`` and ``after`` are names of objects. ``null_word`` and ``empty_word`` stand for a
    value that is null or empty. ``can_expire`` says that the objects can have an expiry.
    """

    name: str
    actions: tuple[Action, ...] = ()
    label: str = "{}"
    plural: str = "objects"
    styles: Mapping[str, ValueStyle] = field(default_factory=dict, compare=False)
    merged_fields: tuple[str, ...] = ()
    has_named_keys: bool = False
    null_word: str = "none"
    empty_word: str = "empty"
    can_expire: bool = False

    def action(self, name: object) -> Action | None:
        """Return the action of that name; None where the resource has no such action."""
        return next((action for action in self.actions if action.name == name), None)

    def style(self, key: str) -> ValueStyle:
        """Return how the value of a field is shown."""
        return self.styles.get(key, _PLAIN)

    def describe_one(self, action: Action, name: str, emphasis: str = "{}") -> str:
        """Return in words that ``action`` is done to the object ``name``; ``emphasis`` is the markup of the action."""
        return f"{emphasis.format(action.verb or action.label)} {self.label.format(name)}"

    def describe_several(self, action: Action, number: int) -> str:
        """Return in words that ``action`` is done to ``number`` objects, such as ``1,000 roles extended``."""
        objects = f"{number:,} {self.plural}"
        return f"{objects} {action.participle}" if action.participle else f"{action.label} {objects}"


def actions_by_name(kinds: Iterable[ChangeKind]) -> dict[str, Action]:
    """Return all actions of ``kinds`` by name, as they are declared; of several actions of one name the first."""
    actions: dict[str, Action] = {}
    for action in (action for kind in kinds for action in kind.actions):
        actions.setdefault(action.name, action)
    return actions


@dataclass(frozen=True)
class Expiring:
    """An object that ends soon: its name as in changes, its expiry in UTC, the whole days until then, and its UUIDs."""

    service_provider: str
    kind: ChangeKind
    name: str
    expiration_time: datetime
    days_left: int
    id: Mapping[str, str | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the object as it is returned to users and pipelines."""
        return {
            "service_provider": self.service_provider,
            "kind": self.kind.name,
            "name": self.name,
            "expiration_time": timestamps.format_utc(self.expiration_time),
            "days_left": self.days_left,
            "id": dict(self.id),
        }


@dataclass(frozen=True)
class Kept:
    """A current object that an entry of the document keeps: its name as in changes, and its UUIDs."""

    service_provider: str
    kind: ChangeKind
    name: str
    id: Mapping[str, str | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the object as it is returned to users and pipelines."""
        return {
            "service_provider": self.service_provider,
            "kind": self.kind.name,
            "name": self.name,
            "id": dict(self.id),
        }


@dataclass(frozen=True)
class Subject:
    """The user and the role that a change is about, for the rules of a policy.

    ``place`` is the place of the entry that asks for the change, empty where only the provider's entry does. A UUID is
    empty where the change is about no user or no role. The other values are None where the token does not see them.
    """

    place: str = ""
    user_uuid: str = ""
    username: str | None = None
    email: str | None = None
    role_uuid: str = ""
    role: str | None = None

    @property
    def user(self) -> str:
        """The name of the user in messages."""
        return self.username or self.user_uuid


NO_SUBJECT = Subject()


@dataclass(frozen=True)
class Rename:
    """An account that a change renames, by its label, and its new username, empty where it loses its own.

    ``is_implied`` tells that no entry names the account or its user. ``subject`` is the user whose account it is, where
    Waldur tells that.
    """

    account: str
    username: str
    is_implied: bool = field(default=True, kw_only=True)
    subject: Subject = field(default=NO_SUBJECT, compare=False, repr=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.account} to '{self.username}'"


@dataclass(frozen=True)
class Change(Generic[Payload_co]):
    """One change. ``before`` and ``after`` hold only what differs, as JSON data in words a person reads.

    ``payload`` is what the resource needs to carry the change out; it is never shown. ``is_implied`` marks a removal
    that no entry asks for (an exclusive list implies it). ``rank`` orders changes of one kind and provider that need
    each other: lower ones are carried out first. ``renames`` are the accounts that get another username. ``subject`` is
    the user and the role that it is about.
    """

    service_provider: str
    kind: ChangeKind
    name: str
    action: Action
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    id: Mapping[str, str | None]
    payload: Payload_co = field(compare=False, repr=False)
    is_implied: bool = False
    rank: int = field(default=0, compare=False, repr=False)
    renames: tuple[Rename, ...] = field(default=(), repr=False)
    subject: Subject = field(default=NO_SUBJECT, compare=False, repr=False)

    @property
    def order(self) -> tuple[int, str, str, int, str, str]:
        """Return where the change stands in a plan."""
        customer = str(self.id.get("customer"))
        return self.action.stage, self.service_provider, self.kind.name, self.rank, self.name, customer

    def as_dict(self) -> dict[str, Any]:
        """Return the change as it is returned to users and pipelines."""
        return {
            "service_provider": self.service_provider,
            "kind": self.kind.name,
            "name": self.name,
            "action": self.action.name,
            "before": dict(self.before) if self.before is not None else None,
            "after": dict(self.after) if self.after is not None else None,
            "id": dict(self.id),
        }

    def __str__(self) -> str:
        where = "" if self.name == self.service_provider else f" ({self.service_provider})"
        return f"{self.action.name} {self.name}{where}"


@dataclass(frozen=True)
class Comparison(Generic[Payload_co]):
    """The outcome of a comparison: changes, warnings, errors, and references of users whom Waldur does not know."""

    changes: tuple[Change[Payload_co], ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    missing_users: tuple[str, ...] = ()

    @staticmethod
    def of(comparisons: Iterable[Comparison[Payload]]) -> Comparison[Payload]:
        """Return several comparisons as one, with the changes in the order in which they are carried out."""
        every = list(comparisons)
        return Comparison(
            tuple(sorted((c for comparison in every for c in comparison.changes), key=lambda change: change.order)),
            tuple(dict.fromkeys(text for comparison in every for text in comparison.warnings)),
            tuple(dict.fromkeys(text for comparison in every for text in comparison.errors)),
            tuple(dict.fromkeys(user for comparison in every for user in comparison.missing_users)),
        )


def summary(comparison: Comparison[object], actions: Iterable[Action]) -> dict[str, Any]:
    """Return how many changes there are, in total and by action, how many accounts they rename, and which users were
    left out as Waldur does not know them. It lists ``actions`` (all that there are) in the order of a plan."""
    ordered = sorted(actions, key=lambda action: action.stage)
    counts = Counter(change.action.name for change in comparison.changes)
    return {
        "total": len(comparison.changes),
        "actions": {action.name: counts[action.name] for action in ordered if counts[action.name]},
        "renames": sum(len(change.renames) for change in comparison.changes),
        "missing_users": list(comparison.missing_users),
    }
