# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes, their order, their limits, and how they are shown. Pure: no input or output, no Ansible, no noun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import InvalidInput, all_of, printable
from ._json_values import json_text

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

# Why a change is not part of an approved plan.
_DESIRED = "The desired state was changed after the approval"
_CURRENT = "The current state in Waldur was changed after the approval"
_NOT_PLANNED = "Not part of the approved plan"
# The fields that Waldur merges key by key, so that a part of what was approved can be left to do.
_MERGED = ("account_options",)
# Messages name this many changes; a result holds all of them.
_MOST_LISTED = 10

# How "no value" reads where "none" would mislead.
_NOTHING_BEFORE = {"expiration_time": "never"}
_NOTHING_AFTER = {"expiration_time": "never", "fingerprint": "a new one"}


@dataclass(frozen=True)
class Change:
    """One change. ``before`` and ``after`` hold only what differs, as JSON data in words a person reads.

    ``unnamed`` marks a removal that no entry asks for (an exclusive list implies it). ``rank`` orders changes of one
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
    unnamed: bool = False
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


def refuse(comparison: Comparison, max_removals: int | None) -> None:
    """Raises ``InvalidInput`` where the plan must not be carried out: errors, or more unnamed removals than allowed."""
    if comparison.errors:
        raise all_of(comparison.errors)
    allowed = DEFAULT_MAX_REMOVALS if max_removals is None else max_removals
    removals = [change for change in comparison.changes if change.unnamed]
    if len(removals) > allowed:
        names = ", ".join(f"{change.name} on {change.service_provider}" for change in removals)
        raise InvalidInput(
            f"max_removals: the plan would revoke {len(removals)} grants that no entry names, and {allowed} are"
            f" allowed: {names}. Nothing was changed. List those that stay, or raise max_removals.",
            removals=[change.as_dict() for change in removals],
        )


def refuse_new(
    changes: Iterable[Change],
    approved: Sequence[Mapping[str, Any]],
    is_entry_changed: Mapping[str, bool] | None = None,
) -> None:
    """Raise ``InvalidInput`` where a change is not part of a plan that was approved before.

    What the approved plan holds besides has happened since, so one that stopped half-way can be finished.
    ``is_entry_changed`` says for customers (UUIDs) whether their desired state is another than the approved one.
    """
    by_key: dict[Hashable, list[Mapping[str, Any]]] = {}
    for old in approved:
        by_key.setdefault(_key(old.get("kind"), old.get("id")), []).append(old)
    new = []
    for change in changes:
        candidates = by_key.get(_key(change.kind, change.id), [])
        now = change.as_dict()
        if not any(_covers(old, now) for old in candidates):
            new.append((change, candidates))
    if new:
        raise InvalidInput(
            f"approved_plan: is out of date. {_reasons(new, is_entry_changed or {})} Nothing was changed. Make a new"
            " plan, and have that one approved.",
            new_changes=[change.as_dict() for change, _candidates in new],
        )


def _key(kind: Any, ids: Any) -> Hashable:
    """Return what a change and its approval have in common; None where an approved plan holds something else there."""
    if not isinstance(kind, str) or not isinstance(ids, Mapping):
        return None
    if not all(value is None or isinstance(value, str) for value in ids.values()):
        return None
    return kind, frozenset(ids.items())


def _covers(approved: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    """Whether ``change`` is the approved one, or what is left to do of it; both are of one kind and about one object.

    Names of users don't matter, UUIDs do.
    """
    # A creation that stopped half-way leaves an update; nobody could approve what would stand before that.
    left_of_creation = (approved.get("action"), change["action"]) == ("create", "update")
    sides = ("after",) if left_of_creation else ("before", "after")
    same = left_of_creation or approved.get("action") == change["action"]
    return same and all(_within(change[side], approved.get(side)) for side in sides)


def _within(part: Mapping[str, Any] | None, whole: Any) -> bool:
    """Whether each field of ``part`` has the same value in ``whole``; of a merged field, each of its keys."""
    if part is None or not isinstance(whole, Mapping):
        return part is whole
    approved = _fields(whole)
    return all(approved.get(name) == value for name, value in _fields(part).items())


def _reasons(new: Sequence[tuple[Change, Sequence[Mapping[str, Any]]]], is_entry_changed: Mapping[str, bool]) -> str:
    """Return why the changes are not approved: each reason once, with the changes and fields that it is about."""
    reasons = {True: _DESIRED, False: _CURRENT, None: _NOT_PLANNED}
    found: dict[str, list[str]] = {reason: [] for reason in reasons.values()}
    for change, candidates in new:
        unknown = reasons[is_entry_changed.get(str(change.id.get("customer")))]
        for reason, fields in _differing_fields(change, candidates, unknown).items():
            found[reason].append(f"{change}: {', '.join(fields)}" if fields else str(change))
    return " ".join(f"{reason}: {_listed(names)}." for reason, names in found.items() if names)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return "; ".join(names[:_MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _differing_fields(change: Change, candidates: Sequence[Mapping[str, Any]], unknown: str) -> dict[str, list[str]]:
    """Return the fields in which ``change`` is not the approved one, by the reason why.

    Another value to set than the approved one comes from the desired state, another present value from Waldur. What the
    approved plan does not name has the reason ``unknown``.
    """
    after, before = _fields(change.after), _fields(change.before)
    if not candidates:
        return {unknown: list(after) if change.action == "update" else []}
    old = candidates[0]
    actions = {change.action, old.get("action")}
    if len(actions) == 2 and "delete" in actions:
        return {_DESIRED: ["state"]}
    if actions == {"create", "update"}:  # the provider was deleted meanwhile, or somebody else created it
        return {_CURRENT: []}
    found: dict[str, list[str]] = {}
    old_after, old_before = _fields(old.get("after")), _fields(old.get("before"))
    for name in dict.fromkeys((*after, *before)):
        if name not in old_after and name not in old_before:
            found.setdefault(unknown, []).append(name)
        elif (name in after) != (name in old_after) or after.get(name) != old_after.get(name):
            found.setdefault(_DESIRED, []).append(name)
        elif (name in before) != (name in old_before) or before.get(name) != old_before.get(name):
            found.setdefault(_CURRENT, []).append(name)
    return found or {unknown: []}


def _fields(values: Any) -> dict[str, str]:
    """Return the values of one side of a change by field, as JSON text; those of a merged field by its keys.

    A merged field is called by a path such as ``account_options: key``. What an approval may hold besides is another
    field, or another key of a merged field; all that is below must be the same.
    """
    found: dict[str, str] = {}
    for name, value in values.items() if isinstance(values, Mapping) else ():
        if name in _MERGED and isinstance(value, Mapping) and value:
            found.update((f"{name}: {key}", json_text(item)) for key, item in value.items())
        else:
            found[str(name)] = json_text(value)
    return found


def summary(comparison: Comparison) -> dict[str, Any]:
    """How many changes of which action, in all, and which users were left out because Waldur does not know them."""
    actions = Counter(change.action for change in comparison.changes)
    return {
        "total": len(comparison.changes),
        "actions": {action: actions[action] for action in _ORDER if actions[action]},
        "missing_users": list(comparison.missing_users),
    }


def diff(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Return what ``--diff`` shows: one before and after per service provider, a line for each value that differs."""
    by_customer: dict[str, list[Change]] = {}
    for change in changes:
        by_customer.setdefault(str(change.id.get("customer")), []).append(change)
    labels = provider_labels({customer: own[0].service_provider for customer, own in by_customer.items()})
    return [
        {
            "before_header": printable(labels[customer]),
            "after_header": printable(labels[customer]),
            "before": "".join(_lines(change.name, change.before, _NOTHING_BEFORE) for change in own),
            "after": "".join(_lines(change.name, change.after, _NOTHING_AFTER) for change in own),
        }
        for customer, own in by_customer.items()
    ]


def provider_labels(names: Mapping[str, str]) -> dict[str, str]:
    """Return a label for each service provider that no other has: its name, with the customer's UUID where needed.

    ``names`` are the providers' names by the UUIDs of their customers, as names are not unique.
    """
    labels = dict(names)
    # Twice, as a name may look like the label of another provider.
    for _round in range(2):
        often = Counter(labels.values())
        labels = {uuid: f"{label} ({uuid})" if often[label] > 1 else label for uuid, label in labels.items()}
    return labels


def _lines(name: str, values: Mapping[str, Any] | None, nothing: Mapping[str, str]) -> str:
    if values is None:
        return ""
    return "".join(
        printable(f"{name}: {label}: {_word(value, nothing.get(key, 'none'))}") + "\n"
        for label, key, value in _flat(values)
    )


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    rows: list[tuple[str, str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows.extend((f"{key}: {label}", inner_key, inner) for label, inner_key, inner in _flat(value))
        else:
            rows.append((str(key), key, value))
    return rows


def _word(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value) or "empty"
