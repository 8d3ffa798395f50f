# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a plan with one that was approved before. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from .._common.errors import InvalidInput
from .._common.json_values import json_text
from .changes import Change, Effect

# Why a change is not part of an approved plan.
_DESIRED = "The desired state was changed after the approval"

_CURRENT = "The current state in Waldur was changed after the approval"

_NOT_PLANNED = "Not part of the approved plan"

# Messages name this many changes; a result holds all of them.
_MOST_LISTED = 10


def require_approved(
    changes: Iterable[Change[object]],
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
        candidates = by_key.get((change.kind.name, frozenset(change.id.items())), [])
        if not any(_covers(old, change) for old in candidates):
            new.append((change, candidates))
    if new:
        raise InvalidInput(
            f"approved_plan: is out of date. {_reasons(new, is_entry_changed or {})} Nothing was changed. Make a new"
            " plan, and have that one approved.",
            new_changes=[change.as_dict() for change, _candidates in new],
        )


def group_by_customer(approved: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the changes of an approved plan by the UUIDs of their customers."""
    by_customer: dict[str, list[Mapping[str, Any]]] = {}
    for change in approved:
        ids = change.get("id")
        customer = ids.get("customer") if isinstance(ids, Mapping) else None
        if isinstance(customer, str):
            by_customer.setdefault(customer, []).append(change)
    return by_customer


def _key(kind: Any, ids: Any) -> Hashable:
    """Return what an approval has in common with its change: the kind, and the UUIDs with their keys; None where an
    approved plan holds something else there."""
    if not isinstance(kind, str) or not isinstance(ids, Mapping):
        return None
    if not all(value is None or isinstance(value, str) for value in ids.values()):
        return None
    return kind, frozenset(ids.items())


def _covers(approved: Mapping[str, Any], change: Change[object]) -> bool:
    """Return whether ``change`` is the approved one, or what is left to do of it; both are of one kind and about one
    object.

    Names of users don't matter, UUIDs do.
    """
    # A creation that stopped half-way leaves an update, whose state before could not have been approved.
    is_left_of_creation = change.action.effect is Effect.UPDATE and _effect(approved, change) is Effect.CREATE
    if not is_left_of_creation and approved.get("action") != change.action.name:
        return False
    merged = change.kind.merged_fields
    is_after_covered = _is_within(change.after, approved.get("after"), merged)
    return is_after_covered and (is_left_of_creation or _is_within(change.before, approved.get("before"), merged))


def _effect(approved: Mapping[str, Any], change: Change[object]) -> Effect | None:
    """Return the effect of an approved change of the same kind as ``change``."""
    action = change.kind.action(approved.get("action"))
    return action.effect if action else None


def _is_within(values: Mapping[str, Any] | None, approved: Any, merged: Sequence[str]) -> bool:
    """Return whether each field has its value in ``approved`` too; of a merged field, each of its keys."""
    if values is None or not isinstance(approved, Mapping):
        return values is approved
    known = _fields(approved, merged)
    return all(known.get(name) == value for name, value in _fields(values, merged).items())


def _reasons(
    new: Sequence[tuple[Change[object], Sequence[Mapping[str, Any]]]], is_entry_changed: Mapping[str, bool]
) -> str:
    """Return why the changes are not approved: each reason once, with the changes and fields that it is about."""
    reasons = {True: _DESIRED, False: _CURRENT, None: _NOT_PLANNED}
    changes_by_reason: dict[str, list[str]] = {reason: [] for reason in reasons.values()}
    for change, candidates in new:
        unknown = reasons[is_entry_changed.get(str(change.id.get("customer")))]
        for reason, fields in _differing_fields(change, candidates, unknown).items():
            changes_by_reason[reason].append(f"{change}: {', '.join(fields)}" if fields else str(change))
    return " ".join(f"{reason}: {_listed(names)}." for reason, names in changes_by_reason.items() if names)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return "; ".join(names[:_MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _differing_fields(
    change: Change[object], candidates: Sequence[Mapping[str, Any]], unknown: str
) -> dict[str, list[str]]:
    """Return the fields in which ``change`` is not the approved one, by the reason why.

    Another value to set than the approved one comes from the desired state, another present value from Waldur. What the
    approved plan does not name has the reason ``unknown``.
    """
    merged = change.kind.merged_fields
    after, before = _fields(change.after, merged), _fields(change.before, merged)
    if not candidates:
        return {unknown: list(after) if change.action.effect is Effect.UPDATE else []}
    old = candidates[0]
    effects = {change.action.effect, _effect(old, change)}
    if old.get("action") != change.action.name and Effect.DELETE in effects:
        return {_DESIRED: ["state"]}
    if effects == {Effect.CREATE, Effect.UPDATE}:  # the object was deleted meanwhile, or another user created it
        return {_CURRENT: []}
    differing: dict[str, list[str]] = {}
    old_after, old_before = _fields(old.get("after"), merged), _fields(old.get("before"), merged)
    for name in dict.fromkeys((*after, *before)):
        if name not in old_after and name not in old_before:
            differing.setdefault(unknown, []).append(name)
        elif (name in after) != (name in old_after) or after.get(name) != old_after.get(name):
            differing.setdefault(_DESIRED, []).append(name)
        elif (name in before) != (name in old_before) or before.get(name) != old_before.get(name):
            differing.setdefault(_CURRENT, []).append(name)
    return differing or {unknown: []}


def _fields(values: Any, merged: Sequence[str]) -> dict[str, str]:
    """Return the values of one side of a change by field, as JSON text; those of a merged field by its keys.

    A merged field is called by a path such as ``account_options: key``. An approval may contain further fields, and
    further keys of a field in ``merged``; the values below a field or such a key must be equal.
    """
    fields: dict[str, str] = {}
    for name, value in values.items() if isinstance(values, Mapping) else ():
        if name in merged and isinstance(value, Mapping) and value:
            fields.update((f"{name}: {key}", json_text(item)) for key, item in value.items())
        else:
            fields[str(name)] = json_text(value)
    return fields
