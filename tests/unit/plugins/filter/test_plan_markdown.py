# SPDX-License-Identifier: GPL-3.0-or-later
"""What a merge request shows of a plan, read by a Markdown library; ``UPDATE_EXPECTED=1`` writes the files anew."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from messages import fragment, message

from ansible_collections.waldur.provider.plugins.filter.plan_markdown import FilterModule
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.markdown_page import render_plan

from ..helpers.sample_plans import CASES, HOSTILE, PLANS, TEXTS, USUAL, change, until

EXPECTED = Path(__file__).parent / "expected"
REFERENCES = re.compile(r"[@#!~%$&][\w{]|://|www\.|\]\(")


def tokens(markdown: str) -> list[Token]:
    """What the text means to a renderer of GitHub's kind of Markdown that takes HTML."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)


def inner(found: list[Token]) -> Iterator[Token]:
    """What stands in paragraphs, headings and list items."""
    for token in found:
        yield from token.children or []


class Html(HTMLParser):
    """The elements of a block that is HTML, and its text outside of ``code``."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.ended: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._code = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.ended.append(tag)
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._code else data


@dataclass
class Folded:
    """A block that is folded: its summary without names of users, its list items, and whether it is open."""

    summary: str
    is_open: bool = False
    items: list[str] = field(default_factory=list)

    @property
    def number(self) -> int | None:
        """How many changes a group of equal changes stands for; None for other blocks."""
        match = re.match(r"([\d,]+) ", self.summary)
        return int(match[1].replace(",", "")) if match else None

    @property
    def has_values(self) -> bool:
        """Whether it lists the values of one change."""
        return self.summary.endswith(" values")


@dataclass
class Read:
    """A plan as a reader sees it: the lines outside of folded blocks, by the heading above them, and all blocks."""

    lines: dict[str, list[str]]
    blocks: list[Folded]

    @property
    def changes(self) -> int:
        """How many changes are shown: lines, groups of equal changes, and blocks of one change."""
        lines = sum(len(lines) for head, lines in self.lines.items() if not head.startswith(("Users that", "Warnings")))
        return lines + sum(block.number or block.has_values for block in self.blocks)


def read(markdown: str) -> Read:
    """Read a plan by its tokens: blocks are balanced, and each group lists as many names as its summary says."""
    lines: dict[str, list[str]] = {}
    blocks: list[Folded] = []
    stack: list[Folded] = []
    head, kind = "", ""
    for token in tokens(markdown):
        if token.type == "html_block":
            html = Html(token.content)
            if html.ended == ["details"]:
                stack.pop()
            else:
                assert html.elements[:2] == ["details", "summary"]
                stack.append(Folded(html.text.strip(), bool(html.attributes)))
                blocks.append(stack[-1])
        elif token.type in ("heading_open", "list_item_open"):
            kind = token.type
            if kind == "list_item_open" and stack and (stack[-1].number or stack[-1].has_values):
                kind = "item"
        elif token.type == "inline" and kind:
            text = "".join(child.content for child in token.children or [])
            if kind == "heading_open":
                head = text
            elif kind == "item":
                stack[-1].items.append(text)
            else:
                lines.setdefault(head, []).append(text)
            kind = ""
    assert not stack
    return Read(lines, blocks)


def assert_only_text(markdown: str) -> None:
    """No link, image or HTML but ours; no name or reference outside code; no command; no template."""
    found = tokens(markdown)
    ours = {"paragraph", "heading", "inline", "fence", "bullet_list", "list_item", "html_block"}
    assert {re.sub("_(open|close)$", "", token.type) for token in found} <= ours
    html = [Html(token.content) for token in found if token.type == "html_block"]
    assert {tag for one in html for tag in one.elements} <= {"details", "summary", "b", "code"}
    assert {attribute for one in html for attribute in one.attributes} <= {("open", None)}
    assert {token.type for token in inner(found)} <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    text = [*(one.text for one in html), *(token.content for token in inner(found) if token.type == "text")]
    assert not [part for part in text if REFERENCES.search(part)]
    assert not re.search(r"^\s*/", markdown, re.MULTILINE)
    assert not re.search(r"\{[{%#]", markdown)
    assert all(character.isprintable() or character in "\n\u200b\u200c\u200d" for character in markdown)


@pytest.mark.parametrize("name", CASES)
def test_a_plan_reads_as_the_file_of_its_name(name: str) -> None:
    case = dict(CASES[name])
    made = render_plan(case.pop("plan"), **case)
    path = EXPECTED / f"{name}.md"
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")
    assert_only_text(made)


@given(plan=PLANS, missing=st.lists(TEXTS, max_size=3), warnings=st.lists(TEXTS, max_size=3), title=TEXTS)
def test_whatever_users_wrote_each_change_is_shown_once(
    plan: list[dict[str, Any]], missing: list[str], warnings: list[str], title: str
) -> None:
    made = render_plan(plan, {"missing_users": missing}, warnings, title=title)
    assert_only_text(made)
    shown = read(made)
    assert shown.changes == len(plan)
    assert len(shown.lines.get("Users that Waldur does not know", [])) == len(missing)
    assert len(shown.lines.get("Warnings", [])) == len(warnings)


@given(plan=PLANS, many=st.integers(1, 10), warnings=st.lists(TEXTS, max_size=3), length=st.integers(3000, 6000))
def test_it_is_never_longer_than_allowed_and_says_what_is_left_out(
    plan: list[dict[str, Any]], many: int, warnings: list[str], length: int
) -> None:
    made = render_plan(plan * many, None, warnings, max_length=length)
    assert len(made) <= length
    assert_only_text(made)
    assert read(made).changes + sum(left_out(made, "critical change", "more change")) == len(plan) * many


def left_out(markdown: str, *things: str) -> list[int]:
    """How many of each thing the last line says are not shown."""
    last = markdown.rpartition("**… ")[2].partition(" not shown**")[0] if "not shown**" in markdown else ""
    numbers = {thing.removesuffix("s"): number for number, thing in re.findall(r"([\d,]+) ([a-z ]+)", last)}
    return [int(numbers.get(thing, "0").replace(",", "")) for thing in things]


@given(text=TEXTS)
def test_the_text_of_a_name_is_read_back_as_it_was_written(text: str) -> None:
    made = render_plan([change("grant", text, None, until(None))])
    (line,) = next(iter(read(made).lines.values()))
    shown = line.removeprefix("grant role ").removesuffix(": expiration_time: never")
    plain = re.sub(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ↵ ", text if len(text) <= 80 else f"{text[:79]}…")
    plain = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " if c.isspace() else "\ufffd" for c in plain)
    assert shown.replace(" ", "") == (plain.strip().replace(" ", "") or "—")


def grants(number: int, **more: Any) -> list[dict[str, Any]]:
    """The extension of as many roles to the same time."""
    return [
        change("extend", f"u{n} as X", until("2031-01-01T00:00:00Z"), until("2032-01-01T00:00:00Z"), **more)
        for n in range(number)
    ]


def test_equal_changes_are_one_group_with_the_names_folded_and_few_have_a_line_each() -> None:
    shown = read(render_plan(grants(1000)))
    (block,) = shown.blocks
    assert block.summary == "1,000 roles extended: :  → "[:-1]
    assert not block.is_open
    assert block.items == [f"u{n} as X" for n in range(1000)]
    assert shown.lines == {}
    assert "<code>expiration_time</code>: <code>2031-01-01</code> → <code>2032-01-01</code>" in render_plan(grants(4))
    assert read(render_plan(grants(3))).blocks == []


def test_changes_that_many_providers_have_in_common_are_one_group() -> None:
    plan = [
        change("update", f"P{n}", {"enable_notifications": False}, {"enable_notifications": True}, **provider(n))
        for n in range(5)
    ]
    made = render_plan([*plan, *grants(3, **provider(1))])
    shown = read(made)
    assert [block.items for block in shown.blocks] == [[f"P{n}" for n in range(5)]]
    assert made.index("Several service providers") < made.index("### `P1`: 3 changes")
    roles = [change("revoke", "bob as X", until(None), None, **provider(n)) for n in range(4)]
    (block,) = read(render_plan(roles)).blocks
    assert block.summary.startswith("4 roles revoked on 4 service providers")
    assert block.items == [f"bob as X on P{n}" for n in range(4)]
    assert block.is_open
    few = read(render_plan([*grants(3, **provider(1)), *grants(3, **provider(2))]))
    assert [len(lines) for lines in few.lines.values()] == [3, 3]
    assert few.blocks == []


def provider(number: int) -> dict[str, Any]:
    """What a change has of a provider with that number."""
    return {"service_provider": f"P{number}", "id": {"customer": f"{number:032x}"}}


def test_providers_are_folded_where_the_plan_is_long() -> None:
    plan = [
        change("grant", f"u{n} as X", None, until(f"2031-01-{day:02d}"), **provider(n))
        for n in range(3)
        for day in range(1, 16)
    ]
    blocks = read(render_plan(plan)).blocks
    assert [block.summary for block in blocks] == [": 15 changes: 15 grant"] * 3
    assert read(render_plan(plan[:40])).blocks == []


def test_names_of_groups_are_left_out_before_changes_and_counted() -> None:
    made = render_plan([*grants(500), change("revoke", "bob as X", until(None), None)], max_length=3000)
    shown = read(made)
    assert shown.changes == 501
    hidden = left_out(made, "names or value")[0]
    assert len(shown.blocks[0].items) == 500 - hidden + 1
    assert shown.blocks[0].items[-1] == f"… {hidden} more"


def test_the_time_for_a_plan_grows_no_faster_than_its_changes() -> None:
    def measure(number: int) -> float:
        plan = [
            change(
                "extend",
                f"u{n} as X",
                until("2031-01-01T00:00:00Z"),
                until(f"2032-01-01T{n % 24:02}:00:00Z"),
                **provider(n % 50),
            )
            for n in range(number)
        ]
        started = time.process_time()
        render_plan(plan, max_length=1_000_000)
        return time.process_time() - started

    # Ten times as many changes take about ten times as long; a quadratic search would take a hundred times as long.
    # One of several, as other processes slow each of them down.
    assert any(measure(5000) < 30 * measure(500) for _attempt in range(5))


def test_removals_come_first_and_are_the_last_to_be_left_out() -> None:
    made = render_plan(**CASES["many"])
    assert all(f"old{number}" in made for number in range(3))
    assert made.index("old2") < made.index("user0000")
    removals = [change("revoke", f"old{n}", until(f"20{n % 99:02}-01-01T{n % 24:02}:00"), None) for n in range(500)]
    made = render_plan([*USUAL[1:2], *removals], max_length=3000)
    assert left_out(made, "more change") == [1]
    assert read(made).changes == 501 - 1 - left_out(made, "critical change")[0]


RENAMING = change(
    "update_account_settings",
    "Alpha Cloud Ltd",
    {"account_options": {"username_generation_policy": None}, "usernames": {"Alpha VM: m1": "m1"}},
    {"account_options": {"username_generation_policy": "anonymized"}, "usernames": {"Alpha VM: m1": "hpc_<uid>"}},
)


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (change("shorten", "bob as X", until(None), until("2027-06-30")), "1 shortened role"),
        (change("rotate", "API secret code", {"fingerprint": "sha256:1"}, {"fingerprint": None}), "1 rotation"),
        (change("revoke", "bob as X", until(None), None), "1 removal"),
        (change("set_username", "bob", {"HPC": "old"}, {"HPC": "new"}), "1 replaced username"),
        (RENAMING, message("account_options_counted", count="1")),
        (change("update", "A", {"description": "x"}, {"description": ""}), message("removals_counted", count="1")),
        (
            change("update", "A", {"image": {"sha256": "1", "size": 1}}, {"image": None}),
            message("removals_counted", count="1"),
        ),
        (
            change("update", "A", {"allowed_domains": ["a", "b"]}, {"allowed_domains": ["a"]}),
            "1 update that removes val",
        ),
        (
            change("update", "A", {"account_options": {"a": "b"}}, {"account_options": {}}),
            message("removals_counted", count="1"),
        ),
    ],
)
def test_a_removal_is_listed_first_and_the_plan_does_not_say_that_nothing_is_removed(
    shown: dict[str, Any], told: str
) -> None:
    made = render_plan([change("grant", "alice as X", None, until(None)), shown])
    assert f"**Needs attention: {told}" in made
    assert "Nothing is removed" not in made
    section = made.partition("### ⚠ Needs attention")[2].partition("###")[0]
    assert f"- **{shown['action'].partition('_')[0]}" in section
    assert "alice" not in section


@pytest.mark.parametrize(
    "shown",
    [
        change("set_username", "bob", {"HPC": None, "VM": ""}, {"HPC": "new", "VM": "new"}),
        change("update", "A", {"enable_notifications": True}, {"enable_notifications": False}),
        change(
            "update", "A", {"description": "", "image": None}, {"description": "x", "image": {"sha256": "1", "size": 1}}
        ),
        change("extend", "bob as X", until("2027-06-30"), until("2028-06-30")),
        change("make_permanent", "bob as X", until("2027-06-30"), until(None)),
    ],
)
def test_a_plan_without_removals_says_so(shown: dict[str, Any]) -> None:
    made = render_plan([shown])
    assert "Nothing is removed." in made
    assert "attention" not in made


def test_renames_are_listed_by_offering_and_counted_in_the_headline() -> None:
    made = render_plan([RENAMING], {"renames": 1})
    assert f"**Needs attention: {message('account_options_counted', count=1)}.** **Renames 1 account.**" in made
    assert "`usernames: Alpha VM: m1`: `m1` → `hpc_<uid>`" in made
    assert "`account_options: username_generation_policy`: none → `anonymized`" in made
    assert "Renames" not in render_plan([RENAMING], {"renames": 0})


def test_many_renames_are_a_block_with_each_of_them() -> None:
    names = {f"VM: m{n}": f"m{n}" for n in range(60)}
    plan = [
        change("update_account_settings", "Alpha Cloud Ltd", {"usernames": names}, {"usernames": {**names, "x": "y"}})
    ]
    (block,) = read(render_plan(plan)).blocks
    assert len(block.items) == 61
    assert block.items[0] == "usernames: VM: m0: m0 → m0"
    assert not block.is_open


def test_a_missing_username_does_not_look_like_a_user_called_none() -> None:
    made = render_plan([change("set_username", "bob", {"HPC": None, "VM": "none"}, {"HPC": "x", "VM": "x"})])
    assert "`HPC`: no username → `x`, `VM`: `none` → `x`" in made


def test_the_whole_of_a_long_text_is_folded_below() -> None:
    text = "word " * 500 + "end"
    made = render_plan([change("update", "Alpha", {"description": "x"}, {"description": f"{text}\n{text}"})])
    fence = next(token.content for token in tokens(made) if token.type == "fence")
    assert fence == f"- description: x\n+ description: {text}\n+   {text}\n"


def test_an_account_option_and_an_offering_named_token_are_shown() -> None:
    plan = [
        change("update", "Alpha", {"account_options": {"token": "old"}}, {"account_options": {"token": "new"}}),
        change("set_username", "bob", {"token": None}, {"token": "bob_hpc"}),
    ]
    found = render_plan(plan)
    assert "`account_options: token`: `old` → `new`" in found
    assert "`token`: no username → `bob_hpc`" in found


def test_a_secret_is_never_shown() -> None:
    assert "must-not-be-seen" in str(HOSTILE)
    assert "must-not-be-seen" not in render_plan(HOSTILE)


def test_the_same_plan_gives_the_same_text_whatever_order_providers_come_in() -> None:
    other = sorted(USUAL, key=lambda one: one["service_provider"], reverse=True)
    tables = [render_plan(plan).split("### `Alpha")[1] for plan in (USUAL, other)]
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    ("plan", "options", "expected"),
    [
        ({"plan": []}, {}, "_input: must be the list 'plan'"),
        ("text", {}, "_input: must be the list 'plan'"),
        (None, {}, "_input: must be the list 'plan'"),
        ([1], {}, fragment("plan_change_invalid", number="0")),
        ([{**USUAL[0], "action": "dance"}], {}, fragment("plan_change_invalid", number="0")),
        ([{**USUAL[0], "name": None}], {}, fragment("plan_change_invalid", number="0")),
        ([USUAL[0], {**USUAL[0], "before": "x"}], {}, fragment("plan_change_invalid", number="1")),
        ([], {"summary": []}, "summary: must be the mapping"),
        ([], {"summary": {"missing_users": "x"}}, "summary: must be the mapping"),
        ([], {"warnings": "x"}, "warnings: must be the list 'warnings'"),
        ([], {"max_length": 100}, "max_length: must be 3000 or more"),
        ([], {"max_length": "x"}, fragment("max_length_invalid")),
    ],
)
def test_what_is_no_plan_is_one_sentence(plan: Any, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(AnsibleFilterError, match=rf"^waldur\.provider\.plan_markdown: {expected}"):
        FilterModule().filters()["plan_markdown"](plan, **options)


def test_the_filter_takes_a_number_that_came_as_text() -> None:
    made = FilterModule().filters()["plan_markdown"](iter(USUAL), max_length="4000")
    assert made == render_plan(USUAL, max_length=4000)


def test_a_change_of_a_newer_version_is_shown_and_what_it_takes_away_counts_as_a_removal() -> None:
    new = {**USUAL[1], "kind": "posix_pool", "action": "reserve_range", "before": None, "after": {"min_uid": 1}}
    made = render_plan([new])
    assert "1 reserve range" in made
    assert "Nothing is removed." in made
    gone = render_plan([{**new, "action": "free_range", "before": {"min_uid": 1}, "after": None}])
    assert "**Needs attention: 1 removal.**" in gone
