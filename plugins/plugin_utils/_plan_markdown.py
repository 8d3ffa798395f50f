# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as Markdown for a merge request, and as lines for a log. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import remove_secret_keys
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import (
    Action,
    ChangeKind,
    Severity,
    Stage,
    ValueStyle,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import ACTIONS, KINDS
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import (
    Section,
    count_fitting_rows,
    escape_block,
    escape_prose,
    format_code,
    format_count,
    shorten,
    split_lines,
)

DEFAULT_TITLE = "Waldur service providers"
# GitHub takes no longer comment; GitLab takes a million characters.
DEFAULT_MAX_LENGTH = 65_536
_SHORTEST = 3_000

# What needs most attention is counted first.
_WEIGHTS = {severity: weight for weight, severity in enumerate(reversed(Severity))}
_LONGEST_VALUE = 80
_LONGEST_WARNING = 1_000
_MOST_VALUES = 6
_MOST_IN_LINE = 30
_RESERVED = 400  # for the line that says what is left out
_NOTHING = "—"


@dataclass(frozen=True)
class _Leaf:
    """A value of ``before`` or ``after``: ``text`` is the whole of it, ``short`` what fits into a cell or a line.

    ``is_word`` marks a word of ours for a value that is missing, which must not look like a value.
    """

    label: str
    value: Any
    text: str
    is_word: bool = False
    is_quoted: bool = False
    short: str = ""

    @property
    def in_line(self) -> str:
        """The short text for a line, in which text of users is quoted."""
        if self.is_word:
            return f"({self.short})"
        return f"'{quote(self.short)}'" if self.is_quoted else quote(self.short)


@dataclass(frozen=True)
class _ShownChange:
    """A change, and what of it is shown: the leaves of ``before`` and ``after``."""

    change: Mapping[str, Any]
    kind: ChangeKind
    action: Action
    before: list[_Leaf]
    after: list[_Leaf]

    @property
    def is_removal(self) -> bool:
        """Whether access or an object is taken away."""
        return self.action.severity is Severity.REMOVAL

    @property
    def needs_attention(self) -> bool:
        """Whether something is taken away, ends earlier, or stops to work."""
        if self.action.severity is Severity.REPLACEMENT:
            return any(leaf.value for leaf in self.before)
        if self.action.severity is Severity.LOSS:
            after = {leaf.label: leaf.value for leaf in self.after}
            return any(_is_lost(leaf.value, after.get(leaf.label)) for leaf in self.before)
        return self.action.severity is not Severity.NORMAL

    @property
    def provider(self) -> tuple[str, str]:
        """The provider's name and its customer's UUID, as names are not unique."""
        return self.change["service_provider"], str((self.change.get("id") or {}).get("customer") or "")

    @property
    def is_cut(self) -> bool:
        """Whether the table can't show all of it as it is."""
        leaves = [*self.before, *self.after]
        texts = [self.change["name"], *(text for leaf in leaves for text in (leaf.label, leaf.text))]
        many = max(len(self.before), len(self.after)) > _MOST_VALUES
        return many or any(len(text) > _LONGEST_VALUE or len(split_lines(text)) > 1 for text in texts)


def _is_lost(before: Any, after: Any) -> bool:
    """Return whether a value is cleared, or a list loses an item."""
    if isinstance(before, list) and isinstance(after, list):
        return any(item not in after for item in before)
    return before not in (None, "", [], {}) and after in (None, "", [], {})


def render_plan(
    plan: Any,
    summary: Mapping[str, Any] | None = None,
    warnings: Sequence[Any] | None = None,
    *,
    title: str = DEFAULT_TITLE,
    max_length: int = DEFAULT_MAX_LENGTH,
) -> str:
    """Return the plan of ``desired_state`` as Markdown of at most ``max_length`` characters.

    What needs attention stands first, and is the last to be left out; the full texts of what a table shortens are the
    first.
    ``summary`` gives the missing users and the number of renames. Raises ``InvalidInput`` for what is not a valid plan.
    """
    if max_length < _SHORTEST:
        raise InvalidInput(f"max_length: must be {_SHORTEST} or more, as a shorter text can't show a change.")
    shown = [_parse_change(number, change) for number, change in enumerate(_require_list(plan, "_input"))]
    ambiguous = _find_ambiguous_names(shown)
    head = _render_headline(shown, title, summary)
    attention = _render_attention([change for change in shown if change.needs_attention], ambiguous)
    tables = list(_render_tables([change for change in shown if not change.needs_attention], ambiguous))
    missing = _render_bullets("### Users that Waldur does not know", _list_missing_users(summary), _LONGEST_VALUE)
    warned = _render_bullets("### Warnings", map(str, _require_list(warnings or [], "warnings")), _LONGEST_WARNING)
    full = Section(
        "<details>\n<summary>Full texts</summary>\n",
        [_render_full_change(change, ambiguous) for change in shown if change.is_cut],
        "</details>",
    )
    by_weight = [attention, missing, warned, *tables, full]
    counts = count_fitting_rows(by_weight, max_length - len(head) - _RESERVED)
    texts = [section.render(count) for section, count in zip(by_weight, counts, strict=True)]
    hidden = [len(section.rows) - count for section, count in zip(by_weight, counts, strict=True)]
    ordered = [texts[0], *texts[3:-1], *texts[1:3], texts[-1]]
    return "\n\n".join(text for text in (head, *ordered, _describe_hidden(hidden, max_length)) if text) + "\n"


def render_differences(plan: Any, *, totals: bool = True) -> list[str]:
    """Return a line for each change of the plan, with the values that differ, and with ``totals`` a last one for all.

    No line is one that Ansible could take for a template. Raises ``InvalidInput`` for what is not a valid plan.
    """
    shown = [_parse_change(number, change) for number, change in enumerate(_require_list(plan, "_input"))]
    ambiguous = _find_ambiguous_names(shown)
    found = [_render_difference(change, ambiguous) for change in shown]
    return [*found, f"Total: {_render_totals(shown)}"] if found and totals else found


def _render_difference(shown: _ShownChange, ambiguous: Container[str]) -> str:
    change = shown.change
    own = change["name"] == change["service_provider"]
    what = " ".join([shown.action.label, *([] if own else [quote(change["name"])])])
    every = list(_render_values(shown))
    more = [f"and {len(every) - _MOST_IN_LINE:,} more"] if len(every) > _MOST_IN_LINE else []
    values = ", ".join([*every[:_MOST_IN_LINE], *more])
    name, uuid = shown.provider
    label = f"{quote(name)} ({quote(uuid)})" if name in ambiguous else quote(name)
    words = [label, f"{what} {values}".rstrip() if own else what]
    return escape_block(": ".join(words if own or not values else [*words, values]))


def _render_values(shown: _ShownChange) -> Iterator[str]:
    """Each value that differs, as ``label: before -> after``, or ``label: value`` where one side has nothing at all."""
    sides = [{leaf.label: leaf.in_line for leaf in leaves} for leaves in (shown.before, shown.after)]
    for label in dict.fromkeys([*sides[0], *sides[1]]):
        texts = [side.get(label, "(none)") for side in sides if side]
        yield f"{quote(label)}: {' -> '.join(texts)}"


def _describe_hidden(hidden: Sequence[int], max_length: int) -> str:
    """Return a line with the numbers of rows left out; ``hidden`` has one for each section, heaviest section first."""
    counts = {
        "critical change": hidden[0],
        "more change": sum(hidden[3:-1]),
        "missing user": hidden[1],
        "warning": hidden[2],
        "full text": hidden[-1],
    }
    parts = [format_count(number, thing) for thing, number in counts.items() if number]
    if not parts:
        return ""
    return (
        f"**… {', '.join(parts)} not shown**, as this text may have {max_length:,} characters. The plan itself holds"
        " everything."
    )


def _require_list(value: Any, name: str) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        what = "warnings" if name == "warnings" else "plan"
        raise InvalidInput(f"{name}: takes the list '{what}' of what waldur.provider.desired_state returns.")
    return list(value)


def _parse_change(number: int, change: Any) -> _ShownChange:
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
            f"_input[{number}]: is not a valid change of a plan; give the list 'plan' of what"
            " waldur.provider.desired_state returns."
        )
    before, after = (list(_read_leaves(kind, change, side)) for side in ("before", "after"))
    afters = {leaf.label: leaf.text for leaf in after}
    befores = {leaf.label: leaf.text for leaf in before}
    return _ShownChange(
        change,
        kind,
        action,
        [replace(leaf, short=_shorten_around_difference(leaf.text, afters.get(leaf.label, ""))) for leaf in before],
        [replace(leaf, short=_shorten_around_difference(leaf.text, befores.get(leaf.label, ""))) for leaf in after],
    )


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


def _shorten_around_difference(text: str, counterpart: str) -> str:
    """Return ``text`` shortened so that the first place is seen in which it differs from its counterpart."""
    pairs = enumerate(zip(text, counterpart, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(text), len(counterpart)))
    if len(text) <= _LONGEST_VALUE or same < _LONGEST_VALUE // 2:
        return shorten(text, _LONGEST_VALUE)
    start = min(same - _LONGEST_VALUE // 4, len(text) - _LONGEST_VALUE + 1)
    return f"…{shorten(text[start:], _LONGEST_VALUE - 1)}"


def _read_leaves(kind: ChangeKind, change: Mapping[str, Any], side: str) -> Iterator[_Leaf]:
    values = to_plain(change.get(side) or {})
    if not kind.has_named_keys:
        values = remove_secret_keys(values, kind.merged_fields)
    for key, value in values.items():
        if isinstance(value, dict) and set(value) != {"sha256", "size"}:
            for inner, item in value.items():
                yield _make_leaf(f"{key}: {inner}", inner, item, side, kind)
        else:
            yield _make_leaf(key, key, value, side, kind)


def _make_leaf(label: str, key: str, value: Any, side: str, kind: ChangeKind) -> _Leaf:
    if word := _describe_missing_value(key, value, side, kind):
        return _Leaf(label, value, word, is_word=True)
    style = kind.style(key)
    is_quoted = isinstance(value, (str, list)) and not style.is_code
    return _Leaf(label, value, _format_value(style, value), is_quoted=is_quoted)


def _describe_missing_value(key: str, value: Any, side: str, kind: ChangeKind) -> str | None:
    """Return the word for a value that is missing or empty; None where there is a value."""
    style = kind.styles.get(key)
    if value is None and not (style and style.is_null_a_value):
        if style is None:
            return kind.null_word
        return style.after if side == "after" else style.before
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        return kind.empty_word
    return None


def _format_value(style: ValueStyle, value: Any) -> str:
    if value is None:
        return style.before
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"sha256", "size"}:
        return f"sha256:{str(value['sha256'])[:16]}, {value['size']} bytes"
    if isinstance(value, str):
        return _format_timestamp(value) if style.is_timestamp else value.strip()
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value, default=str)


def _format_timestamp(text: str) -> str:
    """Return a timestamp for readers, to the minute unless it has seconds."""
    try:
        timestamp = timestamps.parse(text).replace(tzinfo=None)
    except ValueError:
        return text
    return f"{timestamp.isoformat(' ', 'auto' if timestamp.second or timestamp.microsecond else 'minutes')} UTC"


def _render_headline(shown: Sequence[_ShownChange], title: str, summary: Mapping[str, Any] | None) -> str:
    head = f"## {escape_prose(shorten(str(title), 100)) or DEFAULT_TITLE}\n\n"
    if not shown:
        return f"{head}**Nothing to change.**"
    totals, _colon, actions = _render_totals(shown).partition(" on ")
    numbers = Counter((change.action.singular, change.action.plural) for change in shown if change.needs_attention)
    by_weight = sorted(_list_actions(shown), key=lambda action: _WEIGHTS[action.severity])
    words_by_weight = dict.fromkeys((action.singular, action.plural) for action in by_weight)
    attention = {words: numbers[words] for words in words_by_weight if numbers[words]}
    parts = ", ".join(f"{number:,} {words[number != 1]}" for words, number in attention.items())
    taken = f" **Needs attention: {parts}.**" if parts else " Nothing is removed."
    renames = summary.get("renames") if isinstance(summary, Mapping) else None
    renamed = f" **Renames {format_count(renames, 'account')}.**" if isinstance(renames, int) and renames else ""
    return f"{head}**{totals}** on {actions}.{taken}{renamed}"


def _render_totals(shown: Sequence[_ShownChange]) -> str:
    numbers = Counter(change.action.label for change in shown)
    labels = dict.fromkeys(action.label for action in _list_actions(shown))
    actions = ", ".join(f"{numbers[label]:,} {label}" for label in labels if numbers[label])
    providers = format_count(len({change.provider for change in shown}), "service provider")
    return f"{format_count(len(shown), 'change')} on {providers}: {actions}"


def _list_actions(shown: Iterable[_ShownChange]) -> list[Action]:
    """Return all actions as resources declare them, then those that only the plan has."""
    return [*ACTIONS.values(), *(change.action for change in shown)]


def _render_attention(shown: Sequence[_ShownChange], ambiguous: Container[str]) -> Section:
    """Return what takes something away: removals first, then in the order of the plan."""
    head = (
        "### ⚠ Needs attention\n\n| Service provider | Action | What | Before | After |\n"
        "| --- | --- | --- | --- | --- |"
    )
    rows = [
        f"| {_render_provider(change, ambiguous)} | **{change.action.label}** | {_render_object(change)}"
        f" | {_render_cell(change.before)} | {_render_cell(change.after)} |"
        for change in sorted(shown, key=lambda change: not change.is_removal)
    ]
    return Section(head, rows)


def _render_tables(shown: Sequence[_ShownChange], ambiguous: Container[str]) -> Iterator[Section]:
    """Yield a section for each provider, by name; the changes in the order of the plan."""
    by_provider: dict[tuple[str, str], list[_ShownChange]] = {}
    for change in shown:
        by_provider.setdefault(change.provider, []).append(change)
    for _key, own in sorted(by_provider.items()):
        provider = _render_provider(own[0], ambiguous)
        head = f"### {provider}\n\n| Action | What | Before | After |\n| --- | --- | --- | --- |"
        rows = [
            f"| {change.action.label} | {_render_object(change)}"
            f" | {_render_cell(change.before)} | {_render_cell(change.after)} |"
            for change in own
        ]
        yield Section(head, rows)


def _find_ambiguous_names(shown: Iterable[_ShownChange]) -> frozenset[str]:
    """Return the names that several providers of the plan have."""
    often = Counter(name for name, _uuid in {change.provider for change in shown})
    return frozenset(name for name, number in often.items() if number > 1)


def _render_provider(shown: _ShownChange, ambiguous: Container[str]) -> str:
    """Return the provider's name, with a part of its customer's UUID where another one has the same name."""
    name, uuid = shown.provider
    label = _render_short(name)
    return f"{label} ({format_code(uuid[:8])})" if name in ambiguous and uuid else label


def _render_short(text: str) -> str:
    return format_code(shorten(text, _LONGEST_VALUE)) or _NOTHING


def _render_object(shown: _ShownChange) -> str:
    return shown.kind.label.format(_render_short(shown.change["name"]))


def _render_cell(leaves: Sequence[_Leaf]) -> str:
    texts = [
        f"{_render_short(leaf.label)}: {leaf.text if leaf.is_word else _render_short(leaf.short)}"
        for leaf in leaves[:_MOST_VALUES]
    ]
    more = [f"… {len(leaves) - _MOST_VALUES} more"] if len(leaves) > _MOST_VALUES else []
    return ", ".join([*texts, *more]) or _NOTHING


def _list_missing_users(summary: Mapping[str, Any] | None) -> list[str]:
    if summary is None:
        return []
    users = summary.get("missing_users", []) if isinstance(summary, Mapping) else None
    if not isinstance(users, (list, tuple)):
        raise InvalidInput("summary: takes the mapping 'summary' of what waldur.provider.desired_state returns.")
    return sorted(map(str, users))


def _render_bullets(head: str, texts: Iterable[str], longest: int) -> Section:
    return Section(f"{head}\n", [f"- {format_code(shorten(text, longest)) or _NOTHING}" for text in texts])


def _render_full_change(shown: _ShownChange, ambiguous: Container[str]) -> str:
    """Return the change once more, with all of its text, in a block that marks each line as old or new.

    The marks also keep a line from ending the block, or from being a command.
    """
    body = [
        line
        for mark, leaves in (("-", shown.before), ("+", shown.after))
        for leaf in leaves
        for line in _mark_lines(mark, leaf.label, f"({leaf.text})" if leaf.is_word else leaf.text)
    ]
    name, uuid = shown.provider
    label = format_code(name)
    whose = f"{label} ({format_code(uuid[:8])})" if name in ambiguous and uuid else label or _NOTHING
    what = format_code(shown.change["name"]) or _NOTHING
    return "\n".join([f"{whose}: {shown.action.label} {what}", "", "```diff", *body, "```", ""])


def _mark_lines(mark: str, label: str, text: str) -> Iterator[str]:
    first, *others = split_lines(f"{label}: {text}")
    yield f"{mark} {escape_block(first)}"
    yield from (f"{mark}   {escape_block(other)}".rstrip() for other in others)
