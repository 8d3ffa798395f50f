# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of a plan as they are shown: checked, with their actions as resources declare them, and counted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import (
    Action,
    ChangeKind,
    Severity,
    Stage,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import ACTIONS, KINDS
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import format_count, split_lines
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.values import (
    LONGEST_VALUE,
    Difference,
    Leaf,
    pair_leaves,
    read_leaves,
)

# What needs most attention is counted first.
_WEIGHTS = {severity: weight for weight, severity in enumerate(reversed(Severity))}


@dataclass(eq=False)
class ShownChange:
    """A change, and what of it is shown: the leaves of ``before`` and ``after``.

    ``provider`` is the provider's name and its customer's UUID, as names are not unique. ``name`` is the object's.
    """

    kind: ChangeKind
    action: Action
    name: str
    provider: tuple[str, str]
    before: list[Leaf]
    after: list[Leaf]
    needs_attention: bool = field(init=False)
    differences: list[Difference] = field(init=False)

    def __post_init__(self) -> None:
        self.needs_attention = self._needs_attention()
        self.differences = pair_leaves(self.before, self.after)

    @property
    def is_removal(self) -> bool:
        """Whether access or an object is taken away."""
        return self.action.severity is Severity.REMOVAL

    def _needs_attention(self) -> bool:
        """Return whether something is taken away, ends earlier, or stops working."""
        if self.action.severity is Severity.REPLACEMENT:
            return any(leaf.value for leaf in self.before)
        if self.action.severity is Severity.LOSS:
            after = {leaf.label: leaf.value for leaf in self.after}
            return any(_is_lost(leaf.value, after.get(leaf.label)) for leaf in self.before)
        return self.action.severity is not Severity.NORMAL

    @property
    def is_provider(self) -> bool:
        """Whether the object is the service provider itself."""
        return self.name == self.provider[0]

    @property
    def is_name_cut(self) -> bool:
        """Whether the name is shown shortened, or on fewer lines."""
        return is_cut(self.name)

    @property
    def is_cut(self) -> bool:
        """Whether a line can't show all of it as it is."""
        leaves = (*self.before, *self.after)
        return self.is_name_cut or any(is_cut(text) for leaf in leaves for text in (leaf.label, leaf.text))


def is_cut(text: str) -> bool:
    """Return whether a line can't show a text as it is."""
    return len(text) > LONGEST_VALUE or (not text.isprintable() and len(split_lines(text)) > 1)


def _is_lost(before: Any, after: Any) -> bool:
    """Return whether a value is cleared, or a list loses an item."""
    if isinstance(before, list) and isinstance(after, list):
        return any(item not in after for item in before)
    return before not in (None, "", [], {}) and after in (None, "", [], {})


def parse_plan(plan: Any) -> list[ShownChange]:
    """Return the changes of the list ``plan``. Raises ``InvalidInput`` for what is not a valid plan."""
    changes = require_list(plan, "_input")
    declared = [_parse_declarations(number, change) for number, change in enumerate(changes)]
    # One JSON round trip for all of them takes a third of the time.
    plain = to_plain([[change.get("before") or {}, change.get("after") or {}] for change in changes])
    return [
        ShownChange(kind, action, change["name"], _provider(change), *read_leaves(kind, *sides))
        for change, (kind, action), sides in zip(changes, declared, plain, strict=True)
    ]


def _provider(change: Mapping[str, Any]) -> tuple[str, str]:
    return change["service_provider"], str((change.get("id") or {}).get("customer") or "")


def require_list(value: Any, name: str) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        what = "warnings" if name == "warnings" else "plan"
        raise InvalidInput(f"{name}: must be the list '{what}' in the result of waldur.provider.desired_state.")
    return list(value)


def _parse_declarations(number: int, change: Any) -> tuple[ChangeKind, Action]:
    """Return the kind and the action of a change. Raises ``InvalidInput`` for what is not a valid change."""
    is_valid = isinstance(change, Mapping) and all(
        isinstance(change.get(key), str) for key in ("service_provider", "kind", "name", "action")
    )
    is_valid = is_valid and all(
        change.get(key) is None or isinstance(change[key], Mapping) for key in ("before", "after", "id")
    )
    kind = KINDS.get(change["kind"], ChangeKind(change["kind"])) if is_valid else ChangeKind("")
    action = _find_action(kind, change) if is_valid else None
    if action is None:
        raise InvalidInput(
            f"_input[{number}]: is not a valid change of a plan; give the list 'plan' in the result of"
            " waldur.provider.desired_state."
        )
    return kind, action


def _find_action(kind: ChangeKind, change: Mapping[str, Any]) -> Action | None:
    """Return the action as its resource declares it.

    A plan of a newer version may hold kinds that this one does not know. What such a change takes away as a whole
    counts as a removal, so that it is not missed. None: the resource is known and has no such action.
    """
    name = change["action"]
    if action := kind.action(name) or ACTIONS.get(name):
        return action
    if kind.name in KINDS:
        return None
    if change.get("after") is None:
        return Action(name, Stage.DELETE, Severity.REMOVAL, "removal", "removals")
    return Action(name, Stage.DELETE)


def describe_totals(shown: Sequence[ShownChange]) -> str:
    """Return the numbers of changes and of providers, and that of each action."""
    return f"{format_count(len(shown), 'change')} on {count_providers(shown)}: {count_actions(shown)}"


def count_providers(shown: Iterable[ShownChange]) -> str:
    """Return the number of service providers in words."""
    return format_count(len({change.provider for change in shown}), "service provider")


def count_actions(shown: Sequence[ShownChange]) -> str:
    """Return the number of changes of each action, in the order in which resources declare them."""
    numbers = Counter(change.action.label for change in shown)
    labels = dict.fromkeys(action.label for action in _list_actions(shown))
    return ", ".join(f"{numbers[label]:,} {label}" for label in labels if numbers[label])


def count_attention(shown: Sequence[ShownChange]) -> str:
    """Return the numbers of the changes that need attention, the most severe first; "" where there is none."""
    numbers = Counter((change.action.singular, change.action.plural) for change in shown if change.needs_attention)
    by_weight = sorted(_list_actions(shown), key=lambda action: _WEIGHTS[action.severity])
    words = dict.fromkeys((action.singular, action.plural) for action in by_weight)
    return ", ".join(f"{numbers[pair]:,} {pair[numbers[pair] != 1]}" for pair in words if numbers[pair])


def _list_actions(shown: Iterable[ShownChange]) -> list[Action]:
    """Return all actions as resources declare them, then those that only the plan has."""
    return [*ACTIONS.values(), *(change.action for change in shown)]


def find_ambiguous_names(shown: Iterable[ShownChange]) -> frozenset[str]:
    """Return the names that several providers of the plan have."""
    often = Counter(name for name, _uuid in {change.provider for change in shown})
    return frozenset(name for name, number in often.items() if number > 1)
