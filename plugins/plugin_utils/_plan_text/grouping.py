# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Equal changes of many objects, which are shown as one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import ShownChange

# Fewer equal changes have a line each.
FEWEST = 4
# A change of more values is shown as a block of its own.
MOST_VALUES = 6

Group = Sequence[ShownChange]


@dataclass(frozen=True)
class GroupedChanges:
    """The changes in groups of equal ones; most groups have one change.

    ``by_provider`` holds those of each provider, by the provider's name and its customer's UUID, and ``across`` the
    groups of several providers. All are in the order of the plan.
    """

    by_provider: dict[tuple[str, str], list[Group]]
    across: list[Group]


def group_changes(shown: Sequence[ShownChange]) -> GroupedChanges:
    """Group identical changes of at least ``FEWEST`` objects of one provider, or else of as many providers."""
    own = _group(shown, lambda change: (change.provider, _signature(change)))
    single = [group[0] for group in own if len(group) == 1]
    equal = _group(single, _signature)
    across = [group for group in equal if len({change.provider for change in group}) >= FEWEST]
    moved = {id(change) for group in across for change in group}
    by_provider: dict[tuple[str, str], list[Group]] = {}
    for group in own:
        if id(group[0]) not in moved:
            by_provider.setdefault(group[0].provider, []).append(group)
    return GroupedChanges(dict(sorted(by_provider.items())), across)


def _group(shown: Iterable[ShownChange], key: Callable[[ShownChange], Hashable]) -> list[Group]:
    """Return the changes by ``key``, each on its own where they are few, in the order of the first of each group."""
    groups: dict[Hashable, list[ShownChange]] = {}
    for change in shown:
        groups.setdefault(key(change) if _can_be_grouped(change) else id(change), []).append(change)
    return [
        subgroup
        for group in groups.values()
        for subgroup in ([group] if len(group) >= FEWEST else [[change] for change in group])
    ]


def _can_be_grouped(change: ShownChange) -> bool:
    return not change.is_name_cut and len(change.differences) <= MOST_VALUES


def _signature(change: ShownChange) -> Hashable:
    """Return the key by which identical changes are grouped: all but the object."""
    sides = [tuple((leaf.label, leaf.text, leaf.is_word) for leaf in side) for side in (change.before, change.after)]
    return change.kind.name, change.action.name, *sides
