# SPDX-License-Identifier: GPL-3.0-or-later
"""What a merge request shows of a plan, read by a Markdown library; ``UPDATE_EXPECTED=1`` writes the files anew."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from messages import message, part

from ansible_collections.waldur.provider.plugins.filter.plan_markdown import FilterModule
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_markdown import render_plan

from ..helpers.sample_plans import CASES, HOSTILE, PLANS, TEXTS, USUAL, change, until

EXPECTED = Path(__file__).parent / "expected"
FOLDED = ("<details>\n<summary>Full texts</summary>\n", "</details>\n", "</details>")
REFERENCES = re.compile(r"[@#!~%$&][\w{]|://|www\.|\]\(")


def tokens(markdown: str) -> list[Token]:
    """What the text means to a renderer of GitHub's kind of Markdown that takes HTML."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)


def inner(found: list[Token]) -> Iterator[Token]:
    """What stands in paragraphs, headings and cells."""
    for token in found:
        yield from token.children or []


def rows(found: list[Token]) -> list[int]:
    """How many cells each row of the tables has, heads included."""
    cells: list[int] = []
    for token in found:
        if token.type == "tr_open":
            cells.append(0)
        elif token.type in ("td_open", "th_open"):
            cells[-1] += 1
    return cells


def assert_only_text(markdown: str) -> None:
    """No link, image or HTML but ours; no name or reference outside code; no command; no template."""
    found = tokens(markdown)
    ours = {"paragraph", "heading", "inline", "table", "thead", "tbody", "tr", "th", "td", "fence", "bullet_list"}
    kinds = {re.sub("_(open|close)$", "", token.type) for token in found}
    assert kinds <= ours | {"list_item", "html_block"}
    assert {token.content for token in found if token.type == "html_block"} <= set(FOLDED)
    assert {token.type for token in inner(found)} <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert not [token.content for token in inner(found) if token.type == "text" and REFERENCES.search(token.content)]
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
def test_whatever_users_wrote_each_change_is_one_row_with_all_cells(
    plan: list[dict[str, Any]], missing: list[str], warnings: list[str], title: str
) -> None:
    made = render_plan(plan, {"missing_users": missing}, warnings, title=title)
    assert_only_text(made)
    found = tokens(made)
    heads = sum(token.type == "thead_open" for token in found)
    counts = rows(found)
    first = counts.count(5)  # what needs attention has the provider in each row, too
    assert counts == [5] * first + [4] * (heads + len(plan) - first)
    assert sum(token.type == "list_item_open" for token in found) == len(missing) + len(warnings)


@given(plan=PLANS, many=st.integers(1, 30), warnings=st.lists(TEXTS, max_size=3), resource=st.integers(3000, 6000))
def test_it_is_never_longer_than_allowed_and_says_what_is_left_out(
    plan: list[dict[str, Any]], many: int, warnings: list[str], resource: int
) -> None:
    made = render_plan(plan * many, None, warnings, max_length=resource)
    assert len(made) <= resource
    assert_only_text(made)
    found = tokens(made)
    heads = sum(token.type == "thead_open" for token in found)
    told = re.findall(
        r"([\d,]+) (?:critical|more) changes?(?=, |[*]{2} not shown| not shown)", made.rpartition("**… ")[2]
    )
    left_out = sum(int(number.replace(",", "")) for number in told) if "**… " in made else 0
    assert len(rows(found)) - heads + left_out == len(plan) * many


@given(text=TEXTS)
def test_the_text_of_a_name_is_read_back_as_it_was_written(text: str) -> None:
    made = render_plan([change("grant", text, None, until(None))])
    found = tokens(made)
    cells = [cell for before, cell in itertools.pairwise(found) if before.type == "td_open"]
    shown = "".join(token.content for token in cells[1].children or []).removeprefix("role ")
    plain = re.sub(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ↵ ", text if len(text) <= 80 else f"{text[:79]}…")
    plain = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " if c.isspace() else "\ufffd" for c in plain)
    assert shown.replace(" ", "") == (plain.strip().replace(" ", "") or "—")


def test_removals_come_first_and_are_the_last_to_be_left_out() -> None:
    made = render_plan(**CASES["many"])
    assert all(f"old{number}" in made for number in range(3))
    assert made.index("old2") < made.index("user0000")
    assert "more changes, 1 full text not shown**" in made
    removals = [change("revoke", f"old{number}", until(None), None) for number in range(500)]
    assert "critical changes, 1 more change not shown**" in render_plan([*USUAL[1:2], *removals], max_length=3000)


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
        (RENAMING, message("settings_counted", count="1")),
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
    assert f"**{shown['action'].replace('_', ' ')}**" in section
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
    assert f"**Needs attention: {message('settings_counted', count=1)}.** **Renames 1 account.**" in made
    assert "`usernames: Alpha VM: m1`: `m1`" in made
    assert "`usernames: Alpha VM: m1`: `hpc_<uid>`" in made
    assert "`account_options: username_generation_policy`: none" in made
    assert "Renames" not in render_plan([RENAMING], {"renames": 0})


def test_a_missing_username_does_not_look_like_a_user_called_none() -> None:
    made = render_plan([change("set_username", "bob", {"HPC": None, "VM": "none"}, {"HPC": "x", "VM": "x"})])
    assert "| `HPC`: no username, `VM`: `none` |" in made


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
    assert "| `account_options: token`: `old` | `account_options: token`: `new` |" in found
    assert "| `token`: no username | `token`: `bob_hpc` |" in found


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
        ({"plan": []}, {}, "_input: takes the list 'plan'"),
        ("text", {}, "_input: takes the list 'plan'"),
        (None, {}, "_input: takes the list 'plan'"),
        ([1], {}, part("plan_change_invalid", number="0")),
        ([{**USUAL[0], "action": "dance"}], {}, part("plan_change_invalid", number="0")),
        ([{**USUAL[0], "name": None}], {}, part("plan_change_invalid", number="0")),
        ([USUAL[0], {**USUAL[0], "before": "x"}], {}, part("plan_change_invalid", number="1")),
        ([], {"summary": []}, "summary: takes the mapping"),
        ([], {"summary": {"missing_users": "x"}}, "summary: takes the mapping"),
        ([], {"warnings": "x"}, "warnings: takes the list 'warnings'"),
        ([], {"max_length": 100}, "max_length: must be 3000 or more"),
        ([], {"max_length": "x"}, part("max_length_invalid")),
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
