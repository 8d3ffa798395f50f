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
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import without_secrets
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import (
    Section,
    block,
    code,
    counted,
    fitting,
    lines,
    prose,
    shortened,
)

DEFAULT_TITLE = "Waldur service providers"
# GitHub takes no longer comment; GitLab takes a million characters.
DEFAULT_MAX_LENGTH = 65_536
_SHORTEST = 3_000

_ACTIONS = ("create update delete grant extend shorten make_permanent revoke set_username rotate").split()
_REMOVALS = ("revoke", "delete")
# What else needs the attention of whoever approves the plan, and how it is counted.
_ATTENTION = {
    "revoke": ("removal", "removals"),
    "delete": ("removal", "removals"),
    "shorten": ("shortened role", "shortened roles"),
    "rotate": ("rotation", "rotations"),
    "set_username": ("replaced username", "replaced usernames"),
    "update": ("update that removes values", "updates that remove values"),
}
_THINGS = {
    "service_provider": "service provider {}",
    "user_role": "role {}",
    "offering_username": "usernames of {}",
    "api_secret_code": "{}",
}
# Objects with keys that users choose, so none of these is taken for a secret.
_FREE_FORM = ("account_options",)
_LONGEST_VALUE = 80
_LONGEST_WARNING = 1_000
_MOST_VALUES = 6
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
        """The short text for a line, in which text that somebody wrote stands in quotes."""
        if self.is_word:
            return f"({self.short})"
        return f"'{quote(self.short)}'" if self.is_quoted else quote(self.short)


@dataclass(frozen=True)
class _Shown:
    """A change, and what of it is shown: the leaves of ``before`` and ``after``."""

    change: Mapping[str, Any]
    before: list[_Leaf]
    after: list[_Leaf]

    @property
    def is_removal(self) -> bool:
        """Whether a role or a service provider is taken away."""
        return self.change["action"] in _REMOVALS

    @property
    def needs_attention(self) -> bool:
        """Whether something is taken away, ends earlier, or stops to work."""
        if self.change["action"] == "set_username":
            return any(leaf.value for leaf in self.before)
        if self.change["action"] == "update":
            after = {leaf.label: leaf.value for leaf in self.after}
            return any(_is_lost(leaf.value, after.get(leaf.label)) for leaf in self.before)
        return self.change["action"] in _ATTENTION

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
        return many or any(len(text) > _LONGEST_VALUE or len(lines(text)) > 1 for text in texts)


def _is_lost(before: Any, after: Any) -> bool:
    """Whether a value is cleared, or a list loses an item."""
    if isinstance(before, list) and isinstance(after, list):
        return any(item not in after for item in before)
    return before not in (None, "", [], {}) and after in (None, "", [], {})


def plan_markdown(
    plan: Any,
    summary: Mapping[str, Any] | None = None,
    warnings: Sequence[Any] | None = None,
    *,
    title: str = DEFAULT_TITLE,
    max_length: int = DEFAULT_MAX_LENGTH,
) -> str:
    """The plan that ``desired_state`` returns as Markdown of at most ``max_length`` characters.

    What needs attention stands first, and is the last to be left out; the full texts of what a table shortens are the
    first.
    ``summary`` gives the missing users. Raises ``InvalidInput`` for what is no plan.
    """
    if max_length < _SHORTEST:
        raise InvalidInput(f"max_length: is at least {_SHORTEST}, for less nothing can be told.")
    shown = [_checked(number, change) for number, change in enumerate(_list(plan, "_input"))]
    twins = _twins(shown)
    head = _headline(shown, title)
    attention = _attention([change for change in shown if change.needs_attention], twins)
    tables = list(_tables([change for change in shown if not change.needs_attention], twins))
    missing = _bullets("### Users that Waldur does not know", _missing(summary), _LONGEST_VALUE)
    told = _bullets("### Warnings", map(str, _list(warnings or [], "warnings")), _LONGEST_WARNING)
    full = Section(
        "<details>\n<summary>Full texts</summary>\n",
        [_full(change, twins) for change in shown if change.is_cut],
        "</details>",
    )
    by_weight = [attention, missing, told, *tables, full]
    counts = dict(zip(map(id, by_weight), fitting(by_weight, max_length - len(head) - _RESERVED), strict=True))
    texts = [section.text(counts[id(section)]) for section in (attention, *tables, missing, told, full)]
    rest = {
        "critical change": _left([attention], counts),
        "more change": _left(tables, counts),
        "missing user": _left([missing], counts),
        "warning": _left([told], counts),
        "full text": _left([full], counts),
    }
    return "\n\n".join(text for text in (head, *texts, _left_out(rest, max_length)) if text) + "\n"


def plan_differences(plan: Any, *, totals: bool = True) -> list[str]:
    """Return a line for each change of the plan, with the values that differ, and with ``totals`` a last one for all.

    No line is one that Ansible could take for a template. Raises ``InvalidInput`` for what is no plan.
    """
    shown = [_checked(number, change) for number, change in enumerate(_list(plan, "_input"))]
    twins = _twins(shown)
    found = [_difference(change, twins) for change in shown]
    return [*found, f"Total: {_totals(shown)}"] if found and totals else found


def _difference(shown: _Shown, twins: Container[str]) -> str:
    change = shown.change
    own = change["name"] == change["service_provider"]
    what = " ".join([_said(change["action"]), *([] if own else [quote(change["name"])])])
    values = ", ".join(_values(shown))
    name, uuid = shown.provider
    label = f"{quote(name)} ({quote(uuid)})" if name in twins else quote(name)
    words = [label, f"{what} {values}".rstrip() if own else what]
    return block(": ".join(words if own or not values else [*words, values]))


def _values(shown: _Shown) -> Iterator[str]:
    """Each value that differs, as ``label: before -> after``, or ``label: value`` where one side has nothing at all."""
    sides = [{leaf.label: leaf.in_line for leaf in leaves} for leaves in (shown.before, shown.after)]
    for label in dict.fromkeys([*sides[0], *sides[1]]):
        texts = [side.get(label, "(none)") for side in sides if side]
        yield f"{quote(label)}: {' -> '.join(texts)}"


def _left(sections: Iterable[Section], counts: Mapping[int, int]) -> int:
    return sum(len(section.rows) - counts[id(section)] for section in sections)


def _left_out(rest: Mapping[str, int], max_length: int) -> str:
    parts = [counted(number, thing) for thing, number in rest.items() if number]
    if not parts:
        return ""
    return (
        f"**… {', '.join(parts)} not shown**, as this text may have {max_length:,} characters. The plan itself holds"
        " everything."
    )


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        what = "warnings" if name == "warnings" else "plan"
        raise InvalidInput(f"{name}: takes the list '{what}' of what waldur.provider.desired_state returns.")
    return list(value)


def _checked(number: int, change: Any) -> _Shown:
    good = isinstance(change, Mapping) and change.get("action") in _ACTIONS
    good = good and all(isinstance(change.get(key), str) for key in ("service_provider", "kind", "name"))
    good = good and all(
        change.get(key) is None or isinstance(change[key], Mapping) for key in ("before", "after", "id")
    )
    if not good:
        raise InvalidInput(
            f"_input[{number}]: is no change of a plan; give the list 'plan' of what waldur.provider.desired_state"
            " returns."
        )
    before, after = (list(_leaves(change, side)) for side in ("before", "after"))
    afters = {leaf.label: leaf.text for leaf in after}
    befores = {leaf.label: leaf.text for leaf in before}
    return _Shown(
        change,
        [replace(leaf, short=_cut(leaf.text, afters.get(leaf.label, ""))) for leaf in before],
        [replace(leaf, short=_cut(leaf.text, befores.get(leaf.label, ""))) for leaf in after],
    )


def _cut(text: str, counterpart: str) -> str:
    """Return ``text`` shortened so that the first place is seen in which it differs from its counterpart."""
    pairs = enumerate(zip(text, counterpart, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(text), len(counterpart)))
    if len(text) <= _LONGEST_VALUE or same < _LONGEST_VALUE // 2:
        return shortened(text, _LONGEST_VALUE)
    start = min(same - _LONGEST_VALUE // 4, len(text) - _LONGEST_VALUE + 1)
    return f"…{shortened(text[start:], _LONGEST_VALUE - 1)}"


def _leaves(change: Mapping[str, Any], side: str) -> Iterator[_Leaf]:
    values = _unwrapped(change.get(side) or {})
    if change["kind"] != "offering_username":  # there the keys are names of offerings
        values = without_secrets(values, _FREE_FORM)
    for key, value in values.items():
        if isinstance(value, dict) and set(value) != {"sha256", "size"}:
            for inner, item in value.items():
                yield _leaf(f"{key}: {inner}", inner, item, side, change["kind"])
        else:
            yield _leaf(key, key, value, side, change["kind"])


def _leaf(label: str, key: str, value: Any, side: str, kind: str) -> _Leaf:
    if word := _word(key, value, side, kind):
        return _Leaf(label, value, word, is_word=True)
    is_quoted = isinstance(value, (str, list)) and key not in ("expiration_time", "fingerprint")
    return _Leaf(label, value, _text(key, value), is_quoted=is_quoted)


def _word(key: str, value: Any, side: str, kind: str) -> str | None:
    """A word of ours for a value that is missing or empty; None where there is a value."""
    if value is None and key != "expiration_time":
        if key == "fingerprint" and side == "after":
            return "a new one"
        return "no username" if kind == "offering_username" else "none"
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        return "no username" if kind == "offering_username" else "empty"
    return None


def _unwrapped(value: Any) -> Any:
    """Mappings as dictionaries, as newer versions of Ansible hand over types of their own."""
    if isinstance(value, Mapping):
        return {str(key): _unwrapped(item) for key, item in value.items()}
    return [_unwrapped(item) for item in value] if isinstance(value, (list, tuple)) else value


def _text(key: str, value: Any) -> str:
    if value is None:
        return "never"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and set(value) == {"sha256", "size"}:
        return f"sha256:{str(value['sha256'])[:16]}, {value['size']} bytes"
    if isinstance(value, str):
        return _moment(value) if key == "expiration_time" else value.strip()
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value, default=str)


def _moment(text: str) -> str:
    """A moment as people read it, to the minute unless it has seconds."""
    try:
        moment = timestamps.parse(text).replace(tzinfo=None)
    except ValueError:
        return text
    return f"{moment.isoformat(' ', 'auto' if moment.second or moment.microsecond else 'minutes')} UTC"


def _headline(shown: Sequence[_Shown], title: str) -> str:
    head = f"## {prose(shortened(str(title), 100)) or DEFAULT_TITLE}\n\n"
    if not shown:
        return f"{head}**Nothing to change.**"
    totals, _colon, actions = _totals(shown).partition(" on ")
    attention = Counter(_ATTENTION[change.change["action"]] for change in shown if change.needs_attention)
    kinds = [kind for kind in dict.fromkeys(_ATTENTION.values()) if attention[kind]]
    parts = ", ".join(f"{attention[kind]:,} {kind[attention[kind] != 1]}" for kind in kinds)
    taken = f" **Needs attention: {parts}.**" if parts else " Nothing is removed."
    return f"{head}**{totals}** on {actions}.{taken}"


def _totals(shown: Sequence[_Shown]) -> str:
    numbers = Counter(change.change["action"] for change in shown)
    actions = ", ".join(f"{numbers[action]:,} {_said(action)}" for action in _ACTIONS if numbers[action])
    providers = counted(len({change.provider for change in shown}), "service provider")
    return f"{counted(len(shown), 'change')} on {providers}: {actions}"


def _attention(shown: Sequence[_Shown], twins: Container[str]) -> Section:
    """What takes something away: removals first, then in the order of the plan."""
    head = (
        "### ⚠ Needs attention\n\n| Service provider | Action | What | Before | After |\n"
        "| --- | --- | --- | --- | --- |"
    )
    rows = [
        f"| {_provider(change, twins)} | **{_said(change.change['action'])}** | {_thing(change)}"
        f" | {_cell(change.before)} | {_cell(change.after)} |"
        for change in sorted(shown, key=lambda change: not change.is_removal)
    ]
    return Section(head, rows)


def _tables(shown: Sequence[_Shown], twins: Container[str]) -> Iterator[Section]:
    """Yield a section for each provider, by name; the changes in the order of the plan."""
    by_provider: dict[tuple[str, str], list[_Shown]] = {}
    for change in shown:
        by_provider.setdefault(change.provider, []).append(change)
    for _key, own in sorted(by_provider.items()):
        head = f"### {_provider(own[0], twins)}\n\n| Action | What | Before | After |\n| --- | --- | --- | --- |"
        rows = [
            f"| {_said(change.change['action'])} | {_thing(change)} | {_cell(change.before)} | {_cell(change.after)} |"
            for change in own
        ]
        yield Section(head, rows)


def _twins(shown: Iterable[_Shown]) -> frozenset[str]:
    """Return the names that several providers of the plan have."""
    often = Counter(name for name, _uuid in {change.provider for change in shown})
    return frozenset(name for name, number in often.items() if number > 1)


def _provider(shown: _Shown, twins: Container[str]) -> str:
    """Return the provider's name, with a part of its customer's UUID where another one has the same name."""
    name, uuid = shown.provider
    return f"{_short(name)} ({code(uuid[:8])})" if name in twins and uuid else _short(name)


def _said(action: str) -> str:
    return action.replace("_", " ")


def _short(text: str) -> str:
    return code(shortened(text, _LONGEST_VALUE)) or _NOTHING


def _thing(shown: _Shown) -> str:
    return _THINGS.get(shown.change["kind"], "{}").format(_short(shown.change["name"]))


def _cell(leaves: Sequence[_Leaf]) -> str:
    texts = [
        f"{_short(leaf.label)}: {leaf.text if leaf.is_word else _short(leaf.short)}" for leaf in leaves[:_MOST_VALUES]
    ]
    more = [f"… {len(leaves) - _MOST_VALUES} more"] if len(leaves) > _MOST_VALUES else []
    return ", ".join([*texts, *more]) or _NOTHING


def _missing(summary: Mapping[str, Any] | None) -> list[str]:
    if summary is None:
        return []
    users = summary.get("missing_users", []) if isinstance(summary, Mapping) else None
    if not isinstance(users, (list, tuple)):
        raise InvalidInput("summary: takes the mapping 'summary' of what waldur.provider.desired_state returns.")
    return sorted(map(str, users))


def _bullets(head: str, texts: Iterable[str], longest: int) -> Section:
    return Section(f"{head}\n", [f"- {code(shortened(text, longest)) or _NOTHING}" for text in texts])


def _full(shown: _Shown, twins: Container[str]) -> str:
    """The change once more, with all of its text, in a block that marks each line as old or new.

    The marks also keep a line from ending the block, or from being a command.
    """
    body = [
        line
        for mark, leaves in (("-", shown.before), ("+", shown.after))
        for leaf in leaves
        for line in _marked(mark, leaf.label, f"({leaf.text})" if leaf.is_word else leaf.text)
    ]
    name, uuid = shown.provider
    whose = f"{code(name)} ({code(uuid[:8])})" if name in twins and uuid else code(name) or _NOTHING
    what = code(shown.change["name"]) or _NOTHING
    return "\n".join([f"{whose}: {_said(shown.change['action'])} {what}", "", "```diff", *body, "```", ""])


def _marked(mark: str, label: str, text: str) -> Iterator[str]:
    first, *others = lines(f"{label}: {text}")
    yield f"{mark} {block(first)}"
    yield from (f"{mark}   {block(other)}".rstrip() for other in others)
