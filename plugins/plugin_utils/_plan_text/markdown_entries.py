# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change, or a group of equal ones, as a line or a folded block of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import (
    escape_block,
    format_code,
    format_html_code,
    shorten,
    split_lines,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.fit_to_length import Entry
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.grouping import MOST_VALUES, Group
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import (
    ShownChange,
    count_providers,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.values import (
    LONGEST_VALUE,
    Difference,
    Leaf,
)

NOTHING = "—"
# A block of changes that need attention is open, unless it is longer.
_MOST_OPEN = 50
# How much of the UUID of a provider's customer tells providers of one name apart.
_UUID_LENGTH = 8


@dataclass(frozen=True)
class Markup:
    """How untrusted text and emphasis are written."""

    code: Callable[[str], str]
    bold: str

    def short(self, text: str) -> str:
        """Return text of others, shortened."""
        return self.code(shorten(text, LONGEST_VALUE)) or NOTHING


MARKDOWN = Markup(format_code, "**{}**")
# The summary of a folded block is HTML.
HTML = Markup(format_html_code, "<b>{}</b>")


@dataclass(frozen=True)
class EntryStyle:
    """How entries are shown: with their providers or below them, and whether they need attention.

    ``ambiguous`` are the names that several providers have.
    """

    ambiguous: Container[str]
    has_provider: bool = False
    is_critical: bool = False


def render_group(group: Group, style: EntryStyle) -> Entry:
    """Return a line for one change, a block with the names for several, or with the values where there are many."""
    first = group[0]
    if len(group) == 1 and len(first.differences) <= MOST_VALUES:
        return Entry(f"- {_describe(first, MARKDOWN, style)}{_list_values(first, MARKDOWN)}", changes=1)
    if len(group) == 1:
        summary = f"{_describe(first, HTML, style)}: {len(first.differences):,} values"
        return _fold(
            summary, [f"- {_render_difference(difference, MARKDOWN)}" for difference in first.differences], 1, style
        )
    is_across = len({change.provider for change in group}) > 1
    words = first.kind.describe_several(first.action, len(group))
    summary = HTML.bold.format(words) if style.is_critical else words
    if is_across and not first.is_provider:
        summary += f" on {count_providers(group)}"
    elif style.has_provider and not is_across:
        summary += f" on {render_provider(first, HTML, style.ambiguous)}"
    names = [f"- {_name_in_group(change, style, with_provider=is_across)}" for change in group]
    return _fold(summary + _list_values(first, HTML), names, len(group), style)


def _fold(summary: str, items: list[str], changes: int, style: EntryStyle) -> Entry:
    is_open = style.is_critical and len(items) <= _MOST_OPEN
    return Entry(f"\n{open_details(summary, is_open=is_open)}", items, "\n</details>\n", changes)


def open_details(summary: str, *, is_open: bool = False) -> str:
    """Return the start of a folded block, after which Markdown may follow."""
    return f"<details{' open' if is_open else ''}>\n<summary>{summary}</summary>\n"


def _describe(shown: ShownChange, markup: Markup, style: EntryStyle) -> str:
    """Return the action and the object, with its provider if ``style.has_provider``."""
    emphasis = markup.bold if style.is_critical else "{}"
    if shown.is_provider:
        return shown.kind.describe_one(shown.action, render_provider(shown, markup, style.ambiguous), emphasis)
    what = shown.kind.describe_one(shown.action, markup.short(shown.name), emphasis)
    return f"{what} on {render_provider(shown, markup, style.ambiguous)}" if style.has_provider else what


def _name_in_group(shown: ShownChange, style: EntryStyle, *, with_provider: bool) -> str:
    provider = render_provider(shown, MARKDOWN, style.ambiguous)
    if shown.is_provider:
        return provider
    name = MARKDOWN.short(shown.name)
    return f"{name} on {provider}" if with_provider else name


def _list_values(shown: ShownChange, markup: Markup) -> str:
    values = ", ".join(_render_difference(difference, markup) for difference in shown.differences)
    return f": {values}" if values else ""


def _render_difference(difference: Difference, markup: Markup) -> str:
    texts = [_render_leaf(leaf, markup) for leaf in difference.sides]
    return f"{markup.short(difference.label)}: {' → '.join(texts)}"


def _render_leaf(leaf: Leaf | None, markup: Markup) -> str:
    if leaf is None:
        return NOTHING
    return leaf.text if leaf.is_word else markup.short(leaf.short)


def render_provider(shown: ShownChange, markup: Markup, ambiguous: Container[str]) -> str:
    """Return the provider's name, with a part of its customer's UUID where another one has the same name."""
    name, uuid = shown.provider
    label = markup.short(name)
    return f"{label} ({markup.code(uuid[:_UUID_LENGTH])})" if name in ambiguous and uuid else label


def render_full_text(group: Group, ambiguous: Container[str]) -> Entry:
    """Return the change once more, with all of its text, in a block that marks each line as old or new.

    The marks also keep a line from ending the block, or from being a command.
    """
    first = group[0]
    body = [
        line
        for mark, leaves in (("-", first.before), ("+", first.after))
        for leaf in leaves
        for line in _mark_lines(mark, leaf.label, f"({leaf.text})" if leaf.is_word else leaf.text)
    ]
    name, uuid = first.provider
    label = format_code(name)
    whose = f"{label} ({format_code(uuid[:_UUID_LENGTH])})" if name in ambiguous and uuid else label or NOTHING
    what = f"{whose}: {first.action.label} {format_code(first.name) or NOTHING}"
    if len(group) > 1:
        what = first.kind.describe_several(first.action, len(group))
    return Entry("\n".join([what, "", "```diff", *body, "```", ""]))


def _mark_lines(mark: str, label: str, text: str) -> Iterator[str]:
    first, *others = split_lines(f"{label}: {text}")
    yield f"{mark} {escape_block(first)}"
    yield from (f"{mark}   {escape_block(line)}".rstrip() for line in others)
