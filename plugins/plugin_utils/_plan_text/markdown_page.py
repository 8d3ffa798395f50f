# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as Markdown for a merge request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import (
    escape_prose,
    format_code,
    format_count,
    shorten,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.fit_to_length import (
    Entry,
    FittedSection,
    Section,
    Space,
    fit_entries,
    fit_items,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.grouping import (
    Group,
    GroupedChanges,
    group_changes,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.markdown_entries import (
    HTML,
    MARKDOWN,
    NOTHING,
    EntryStyle,
    open_details,
    render_full_text,
    render_group,
    render_provider,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import (
    ShownChange,
    count_actions,
    count_attention,
    describe_totals,
    find_ambiguous_names,
    parse_plan,
    require_list,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.values import LONGEST_VALUE

DEFAULT_TITLE = "Waldur service providers"
# GitHub takes no longer comment; GitLab takes a million characters.
DEFAULT_MAX_LENGTH = 65_536
_SHORTEST = 3_000
_LONGEST_TITLE = 100
_LONGEST_WARNING = 1_000
# Where providers have more entries in total, each is folded.
_MOST_UNFOLDED = 40
_RESERVED = 400  # for the line that says what is left out


def render_plan(
    plan: Any,
    summary: Mapping[str, Any] | None = None,
    warnings: Sequence[Any] | None = None,
    *,
    title: str = DEFAULT_TITLE,
    max_length: int = DEFAULT_MAX_LENGTH,
) -> str:
    """Return the plan of ``desired_state`` as Markdown of at most ``max_length`` characters.

    Changes that need attention come first and are dropped last; full texts of shortened values are dropped first.
    ``summary`` gives the missing users and the number of renames. Raises ``InvalidInput`` for what is not a valid plan.
    """
    if max_length < _SHORTEST:
        raise InvalidInput(f"max_length: must be {_SHORTEST} or more, as a shorter text can't show a change.")
    shown = parse_plan(plan)
    style = EntryStyle(find_ambiguous_names(shown))
    head = _render_headline(shown, title, summary)
    critical = group_changes([change for change in shown if change.needs_attention])
    others = group_changes([change for change in shown if not change.needs_attention])
    attention = _attention_section(critical, style)
    missing = _bullets_section("Users that Waldur does not know", _list_missing_users(summary), LONGEST_VALUE)
    warned = _bullets_section("Warnings", map(str, require_list(warnings or [], "warnings")), _LONGEST_WARNING)
    providers = list(_provider_sections(others, style, {change.provider for change in shown if change.needs_attention}))
    space = Space(max_length - len(head) - _RESERVED)
    fitted = fit_entries([attention, missing, warned, *providers], space)
    fit_items(fitted, space)
    fitted += fit_entries([_full_texts_section([*_groups(critical), *_groups(others)], style)], space)
    ordered = [fitted[0], *fitted[3:-1], *fitted[1:3], fitted[-1]]
    blocks = [head, *(section.render() for section in ordered), _describe_hidden(fitted, max_length)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _groups(grouped: GroupedChanges) -> list[Group]:
    return [*(group for groups in grouped.by_provider.values() for group in groups), *grouped.across]


def _describe_hidden(fitted: Sequence[FittedSection], max_length: int) -> str:
    """Return the numbers of what is left out, where anything is."""
    attention, missing, warned, *providers, full = fitted
    hidden = {
        "critical change": attention.hidden_changes,
        "more change": sum(section.hidden_changes for section in providers),
        "missing user": len(missing.hidden),
        "warning": len(warned.hidden),
        "name or value": sum(section.hidden_items for section in (attention, *providers)),
        "full text": len(full.hidden),
    }
    plurals = {"name or value": "names or values"}
    parts = [
        f"{number:,} {plurals[thing]}" if number > 1 and thing in plurals else format_count(number, thing)
        for thing, number in hidden.items()
        if number
    ]
    if not parts:
        return ""
    return (
        f"**… {', '.join(parts)} not shown**, as this text may have {max_length:,} characters. The plan itself contains"
        " everything."
    )


def _render_headline(shown: Sequence[ShownChange], title: str, summary: Mapping[str, Any] | None) -> str:
    head = f"## {escape_prose(shorten(str(title), _LONGEST_TITLE)) or DEFAULT_TITLE}\n\n"
    if not shown:
        return f"{head}**Nothing to change.**"
    totals, _colon, actions = describe_totals(shown).partition(" on ")
    parts = count_attention(shown)
    taken = f" **Needs attention: {parts}.**" if parts else " Nothing is removed."
    renames = summary.get("renames") if isinstance(summary, Mapping) else None
    renamed = f" **Renames {format_count(renames, 'account')}.**" if isinstance(renames, int) and renames else ""
    return f"{head}**{totals}** on {actions}.{taken}{renamed}"


def _attention_section(grouped: GroupedChanges, style: EntryStyle) -> Section:
    """Return the changes that need attention: removals first, then in the order of the providers."""
    style = replace(style, has_provider=True, is_critical=True)
    groups = sorted(_groups(grouped), key=lambda group: not group[0].is_removal)
    return Section("### ⚠ Needs attention\n", [render_group(group, style) for group in groups])


def _provider_sections(
    grouped: GroupedChanges, style: EntryStyle, attention: set[tuple[str, str]]
) -> Iterator[Section]:
    """Yield a section for what many providers have in common, then one for each provider, by name.

    ``attention`` are the providers that have changes in the section before. The changes are in the order of the plan.
    """
    is_long = sum(map(len, (grouped.across, *grouped.by_provider.values()))) > _MOST_UNFOLDED
    if grouped.across:
        yield Section("### Several service providers\n", [render_group(group, style) for group in grouped.across])
    for provider, groups in grouped.by_provider.items():
        changes = [change for group in groups for change in group]
        number = format_count(len(changes), "other change" if provider in attention else "change")
        entries = [render_group(group, style) for group in groups]
        if is_long:
            label = HTML.bold.format(render_provider(changes[0], HTML, style.ambiguous))
            yield Section(open_details(f"{label}: {number}: {count_actions(changes)}"), entries, "\n</details>")
        else:
            yield Section(f"### {render_provider(changes[0], MARKDOWN, style.ambiguous)}: {number}\n", entries)


def _bullets_section(title: str, texts: Iterable[str], longest: int) -> Section:
    bullets = (f"- {format_code(shorten(text, longest)) or NOTHING}" for text in texts)
    return Section(f"### {title}\n", [Entry(bullet) for bullet in bullets])


def _full_texts_section(groups: Iterable[Group], style: EntryStyle) -> Section:
    entries = [render_full_text(group, style.ambiguous) for group in groups if group[0].is_cut]
    return Section(open_details("Full texts"), entries, "</details>")


def _list_missing_users(summary: Mapping[str, Any] | None) -> list[str]:
    if summary is None:
        return []
    users = summary.get("missing_users", []) if isinstance(summary, Mapping) else None
    if not isinstance(users, (list, tuple)):
        raise InvalidInput("summary: must be the mapping 'summary' in the result of waldur.provider.desired_state.")
    return sorted(map(str, users))
