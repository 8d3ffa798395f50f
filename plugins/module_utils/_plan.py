# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, their order, their limits, and how they are shown. Pure: no input or output, no Ansible, no noun."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import InvalidInput

DEFAULT_MAX_REMOVALS = 5

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

# How "no value" reads where "none" would mislead.
_NOTHING_BEFORE = {"expiration_time": "never"}
_NOTHING_AFTER = {"expiration_time": "never", "fingerprint": "a new one"}


@dataclass(frozen=True)
class Change:
    """One change. ``before`` and ``after`` hold only what differs, as JSON data in words a person reads.

    ``unnamed`` marks a removal that no entry asks for (an exclusive list implies it). ``payload`` is what the room
    that made the change needs to carry it out; it is never shown.
    """

    service_provider: str
    kind: str
    name: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    id: Mapping[str, str | None]
    unnamed: bool = False
    payload: Any = field(default=None, compare=False, repr=False)

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """Where the change stands in a plan."""
        return _ORDER[self.action], self.service_provider, self.kind, self.name, str(self.id.get("customer"))

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


def refuse(comparison: Comparison, max_removals: int | None) -> None:
    """Raises ``InvalidInput`` where the plan must not be carried out: errors, or more unnamed removals than allowed."""
    if comparison.errors:
        first, *others = comparison.errors
        more = f" And {len(others)} more: {' '.join(others)}" if others else ""
        raise InvalidInput(first + more, errors=list(comparison.errors))
    allowed = DEFAULT_MAX_REMOVALS if max_removals is None else max_removals
    removals = [change for change in comparison.changes if change.unnamed]
    if len(removals) > allowed:
        names = ", ".join(f"{change.name} on {change.service_provider}" for change in removals)
        raise InvalidInput(
            f"max_removals: the plan would revoke {len(removals)} grants that no entry names, and {allowed} are"
            f" allowed: {names}. Nothing was changed. List those that stay, or raise max_removals.",
            removals=[change.as_dict() for change in removals],
        )


def refuse_new(changes: Iterable[Change], approved: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``InvalidInput`` where a change is no part of a plan that was approved before.

    What the approved plan holds beside them has happened since, so one that stopped half-way can be finished.
    """
    new = [change for change in changes if not any(_covers(old, _as_json(change)) for old in approved)]
    if new:
        names = "; ".join(map(str, new))
        raise InvalidInput(
            f"approved_plan: the world has moved: these changes are new: {names}. Nothing was changed. Make a plan of"
            " today, and have that approved.",
            new_changes=[change.as_dict() for change in new],
        )


def _as_json(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(change.as_dict()))
    return found


def _covers(approved: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    """Whether ``change`` is the approved one, or what is left to do of it. Names for people don't matter, UUIDs do."""
    if any(approved.get(key) != change[key] for key in ("kind", "id")):
        return False
    # A creation that stopped half-way leaves an update; nobody could approve what would stand before that.
    left_of_creation = (approved.get("action"), change["action"]) == ("create", "update")
    sides = ("after",) if left_of_creation else ("before", "after")
    same = left_of_creation or approved.get("action") == change["action"]
    return same and all(_within(change[side], approved.get(side)) for side in sides)


def _within(part: Mapping[str, Any] | None, whole: Any) -> bool:
    """Whether each value of ``part`` stands in ``whole`` in the same place."""
    if part is None or not isinstance(whole, Mapping):
        return part is whole
    return all(
        key in whole and (_within(value, whole[key]) if isinstance(value, Mapping) else value == whole[key])
        for key, value in part.items()
    )


def summary(comparison: Comparison) -> dict[str, Any]:
    """How many changes of which action, in all, and which users were left out because Waldur does not know them."""
    actions = Counter(change.action for change in comparison.changes)
    return {
        "total": len(comparison.changes),
        "actions": {action: actions[action] for action in _ORDER if actions[action]},
        "missing_users": list(comparison.missing_users),
    }


def diff(changes: Sequence[Change]) -> list[dict[str, str]]:
    """What ``--diff`` shows: one before and after per service provider, a line for each value that differs."""
    shown = []
    for provider in dict.fromkeys(change.service_provider for change in changes):
        own = [change for change in changes if change.service_provider == provider]
        shown.append(
            {
                "before_header": provider,
                "after_header": provider,
                "before": "".join(_lines(change.name, change.before, _NOTHING_BEFORE) for change in own),
                "after": "".join(_lines(change.name, change.after, _NOTHING_AFTER) for change in own),
            }
        )
    return shown


def _lines(name: str, values: Mapping[str, Any] | None, nothing: Mapping[str, str]) -> str:
    if values is None:
        return ""
    return "".join(f"{name}: {label}{_word(value, nothing.get(key, 'none'))}\n" for label, key, value in _flat(values))


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    rows: list[tuple[str, str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows.extend((f"{key}: {label}", inner_key, inner) for label, inner_key, inner in _flat(value))
        else:
            rows.append((f"{key}: ", key, value))
    return rows


def _word(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value).replace("\n", "\\n") or "empty"
