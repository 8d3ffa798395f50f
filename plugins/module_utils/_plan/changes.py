# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, their order, their limits, and how they are shown. Pure: no input or output, no Ansible, no noun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# What must exist before something else can; what takes away comes last.
_ORDER = {
    "create": 0,
    "update": 0,
    "grant": 1,
    "extend": 1,
    "shorten": 1,
    "make_permanent": 1,
    "set_username": 2,
    "rotate": 3,
    "revoke": 4,
    "delete": 5,
}


@dataclass(frozen=True)
class Change:
    """One change. ``before`` and ``after`` hold only what differs, as JSON data in words a person reads.

    ``is_implied`` marks a removal that no entry asks for (an exclusive list implies it). ``rank`` orders changes of one
    kind and provider that need each other: lower ones are carried out first. ``payload`` is what the room that made
    the change needs to carry it out, ``predicted`` the object as it would be; neither is ever shown.
    """

    service_provider: str
    kind: str
    name: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    id: Mapping[str, str | None]
    is_implied: bool = False
    payload: Any = field(default=None, compare=False, repr=False)
    predicted: Any = field(default=None, compare=False, repr=False)
    rank: int = field(default=0, compare=False, repr=False)

    @property
    def order(self) -> tuple[int, str, str, int, str, str]:
        """Return where the change stands in a plan."""
        customer = str(self.id.get("customer"))
        return _ORDER[self.action], self.service_provider, self.kind, self.rank, self.name, customer

    def as_dict(self) -> dict[str, Any]:
        """The change as it is returned to people and pipelines."""
        return {
            "service_provider": self.service_provider,
            "kind": self.kind,
            "name": self.name,
            "action": self.action,
            "before": dict(self.before) if self.before is not None else None,
            "after": dict(self.after) if self.after is not None else None,
            "id": dict(self.id),
        }

    def __str__(self) -> str:
        where = "" if self.name == self.service_provider else f" ({self.service_provider})"
        return f"{self.action} {self.name}{where}"


@dataclass(frozen=True)
class Comparison:
    """What comparing one thing gave: changes, what to tell, what is wrong, whom Waldur does not know yet."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    missing_users: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Comparison]) -> Comparison:
        """Several comparisons as one; the changes in the order in which they are to be carried out."""
        parts = list(parts)
        return cls(
            tuple(sorted((c for part in parts for c in part.changes), key=lambda change: change.order)),
            tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
            tuple(dict.fromkeys(text for part in parts for text in part.errors)),
            tuple(dict.fromkeys(user for part in parts for user in part.missing_users)),
        )


def summary(comparison: Comparison) -> dict[str, Any]:
    """How many changes of which action, in all, and which users were left out because Waldur does not know them."""
    actions = Counter(change.action for change in comparison.changes)
    return {
        "total": len(comparison.changes),
        "actions": {action: actions[action] for action in _ORDER if actions[action]},
        "missing_users": list(comparison.missing_users),
    }
