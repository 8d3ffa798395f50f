# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a page: read as a browser reads it, whatever Waldur says of names, months and moments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, mentions, message

from ansible_collections.waldur.provider.plugins.filter.report_html import FilterModule
from ansible_collections.waldur.provider.plugins.plugin_utils._report.charts import (
    Month,
    make_bars,
    make_chart,
    make_ticks,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import format_compact

from ..helpers.report_pages import HOSTILE, NOW, NUMBERS, data, page, report_html

FILTERS = FilterModule().filters()
report_html_index, report_html_names = (FILTERS[name] for name in ("report_html_index", "report_html_names"))
PARTS = ("statistics", "revenue", "compliance", "roles", "offering_usernames")


# --- text of others --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_others_becomes_an_element_or_an_attribute(hostile: str) -> None:
    options = {"title": "T", "currency": "C", "warnings": ["W"]}
    usual = page(data(), **options)
    found = page(data(hostile), **{**dict.fromkeys(("title", "currency"), hostile), "warnings": [hostile]})
    assert found.shape == usual.shape
    if hostile.isprintable():
        assert found.text.count(hostile) > 20


@given(texts=st.lists(st.text(max_size=40), min_size=2, max_size=2))
def test_whatever_users_wrote_the_page_is_the_same_page_every_time(texts: list[str]) -> None:
    given = data(texts[0])
    given["roles"][0]["user_full_name"] = texts[1]
    page(given, warnings=texts)
    assert report_html(given, NOW, warnings=texts) == report_html(given, NOW, warnings=texts)


def test_links_within_the_page_lead_somewhere() -> None:
    found = page(data(statistics=None), warnings=["W"])
    targets = [str(attributes.get("href")) for tag, attributes in found.elements if tag == "a"]
    anchors = {target[1:] for target in targets if target.startswith("#")}
    assert anchors == {"roles", "accounts", "compliance", "notes"}
    assert anchors <= {str(attributes.get("id")) for _tag, attributes in found.elements}


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_statistics_are_tiles_with_their_change() -> None:
    text = page().text
    assert "Customers 3 ▲ +3 this month" in text
    assert "Resources 3 ▼ \N{MINUS SIGN}2 this month" in text
    assert "Pending orders: 3" in text


def test_roles_that_end_first_stand_first_and_those_that_never_end_last() -> None:
    text = page().text
    order = ["expired 3 days ago", "in 12 days", "in 12 months", "never"]
    assert sorted(order, key=text.index) == order
    marks = [attributes["class"] for tag, attributes in page().elements if tag == "span" and attributes.get("class")]
    assert [mark for mark in marks if str(mark).startswith("badge")][:3] == ["badge ended", "badge soon", "badge later"]


def test_the_time_within_which_roles_end_soon_can_be_chosen() -> None:
    assert "within 30 days" in page().text
    assert "1 role expires within 12 days" not in page(expiring_within=12).text
    assert "1 role expires within 13 days" in page(expiring_within="13d").text
    assert "within 36 hours are marked" in page(expiring_within="36h").text


def test_a_role_that_ends_later_on_the_day_of_the_report_ends_today() -> None:
    roles = [{"user_username": "bob", "role_name": "R", "expiration_time": "2026-11-23T15:00:00+01:00"}]
    assert "23 November 2026 today" in page(data(roles=roles)).text
    assert "1 role has expired" in page(data(roles=roles), moment="2026-11-23T14:30:00Z").text


def test_who_has_not_finished_is_named_below_the_offering() -> None:
    text = page().text
    assert "1 of 4 completed · 1 in progress · 2 not started" in text
    assert "Not completed: Alpha 40 %" in text
    counted = data()["compliance"] | {"offering_users": {"pending": 3}}
    assert "The names of these users were not read." in page(data(compliance=counted)).text


def test_accounts_that_failed_come_first_and_those_that_work_are_left_out() -> None:
    text = page().text
    order = ["Error creating", "Pending account linking"]
    assert sorted(order, key=text.index) == order
    assert "1 account has failed" in text
    assert "1 account is pending" in text
    assert "nothing_wrong" not in text


def test_unreadable_empty_and_missing_parts_are_reported() -> None:
    null = page({**data(), **dict.fromkeys(PARTS)}, warnings=["The fact roles is null: no."])
    assert null.text.count(message("section_unreadable")) == len(PARTS)
    assert "The fact roles is null: no." in null.text
    assert "No open items in the data that could be read." in null.text
    missing = page({"profile": data()["profile"]})
    assert missing.text.count(message("section_missing")) == len(PARTS)
    empty = {"revenue": [], "compliance": {"overview": [], "offering_users": []}, "roles": [], "offering_usernames": []}
    text = page({**data(), **empty, "statistics": dict.fromkeys(NUMBERS, 0)}).text
    for key in ("no_open_items", "nothing_billed", "no_checklists", "no_grants", "no_accounts"):
        assert message(key) in text


def test_accounts_of_an_old_waldur_without_a_state_need_no_attention() -> None:
    text = page(data(offering_usernames=[{"username": "a", "state": None}])).text
    assert mentions(text, "account_states_missing")


def test_thousands_of_rows_and_endless_names_are_shown_in_part_and_folded() -> None:
    given = data("x" * 5000)
    for key in ("roles", "offering_usernames"):
        given[key] = given[key] * 500
    text = page(given).text
    assert "1970 more roles" in text
    assert "x" * 2001 not in text


def test_the_facts_are_a_report_as_they_are() -> None:
    assert "Projects 7" in page(data(counts={"projects": 7, "ssh_keys": None})).text


# --- the chart -------------------------------------------------------------------------------------------------------


def test_months_without_an_invoice_are_gaps_and_this_month_is_hatched() -> None:
    found = page()
    titles = re.findall(r"\w+ 2026: (?:[\d,]+|nothing billed)", found.text)
    assert titles[:4] == [
        "August 2026: 800",
        "September 2026: nothing billed",
        "October 2026: 1,000",
        "November 2026: 1,100",
    ]
    classes = [attributes.get("class") for tag, attributes in found.elements if tag == "rect"]
    assert classes.count("column growing") == 1
    assert "Revenue from August 2026 to November 2026: the lowest is 800" in found.text


@given(values=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40))
def test_the_scale_is_round_and_holds_every_column(values: list[int]) -> None:
    marks = make_ticks(values)
    assert 2 <= len(marks) <= 8
    assert marks[0] <= min(0, *values, 0)
    assert marks[-1] >= max(0, *values, 0)
    assert 0 in marks
    made = make_chart([Month(24000 + place, value) for place, value in enumerate(values)], 0)
    for column in made.columns:
        assert made.top - 1 <= column.y
        assert column.y + column.height <= made.bottom + 1
        assert made.left <= column.x <= column.x + column.width <= made.right


@pytest.mark.parametrize(
    ("values", "marks"),
    [([0], [0, 1]), ([130], [0, 50, 100, 150]), ([-8, 47], [-20, 0, 20, 40, 60]), ([5, 9], [0, 2, 4, 6, 8, 10])],
)
def test_ticks_are_round_numbers(values: list[int], marks: list[int]) -> None:
    assert make_ticks(values) == marks


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (950, "950"),
        (-1234, "\N{MINUS SIGN}1.23k"),
        (12_345, "12.3k"),
        (999_960, "1M"),
        (123_456_789, "123M"),
        (0.5, "0.5"),
    ],
)
def test_labels_have_three_digits_at_most(value: float, expected: str) -> None:
    assert format_compact(value) == expected


def test_bars_never_pass_their_end() -> None:
    assert [(item.start, item.length) for item in make_bars([5, 9, 0], 10)] == [(0.0, 50.0), (50.0, 50.0), (100.0, 0.0)]
    assert make_bars([0], 0)[0].length == 0


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "moment", "expected"),
    [
        ("text", NOW, fragment("mapping_required", option="_input")),
        ({}, NOW, fragment("mapping_required", option="profile", value="None")),
        (data(role=[]), NOW, "_input: the key 'role' is not known: use profile, "),
        (data(roles="x"), NOW, fragment("rows_of_report_required", option="roles")),
        (data(roles=[1]), NOW, fragment("mapping_required", option="roles[0]")),
        (
            data(roles=[{"expiration_time": "soon"}]),
            NOW,
            fragment("report_timestamp_invalid", option="roles[0].expiration_time", value="soon"),
        ),
        (
            data(statistics={"pending_orders": "many"}),
            NOW,
            fragment("report_number_invalid", option="statistics.pending_orders", value="many"),
        ),
        (
            data(statistics={"pending_orders": True}),
            NOW,
            fragment("report_number_invalid", option="statistics.pending_orders", value="True"),
        ),
        (
            data(revenue=[{"year": 2026, "month": 13}]),
            NOW,
            fragment("report_month_invalid", option="revenue[0].month"),
        ),
        (data(revenue=[{"year": 2026, "month": 1, "total": 10**400}]), NOW, r"revenue\[0\].total: 1000+"),
        (
            data(revenue=[{"year": 2026, "month": 1, "total": "nan"}]),
            NOW,
            fragment("report_number_invalid", option="revenue[0].total", value="nan"),
        ),
        (data(), "yesterday", fragment("report_date_invalid", option="moment")),
    ],
)
def test_other_data_is_refused_in_one_sentence(given: Any, moment: str, expected: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"waldur.provider.report_html: {expected}") as refused:
        report_html(given, moment)
    assert str(refused.value).endswith(".")


# --- several pages ---------------------------------------------------------------------------------------------------


def test_names_of_files_come_from_the_slug_and_don_t_hang_on_the_order() -> None:
    profiles: list[dict[str, Any]] = [
        {"customer_slug": "acme", "uuid": "1" * 32},
        {"customer_slug": "acme", "uuid": "2" * 32},
        {"customer_slug": "", "customer_name": "../../etc/Passwd ÖÜ", "uuid": "3" * 32},
        {"customer_slug": "index", "uuid": "4" * 32},
        {"customer_slug": "COM1", "uuid": "6" * 32},
        {"customer_name": "Ωμέγα", "uuid": "5" * 32},
    ]
    names = ["acme-11111111.html", "acme-22222222.html", "etc-passwd-ou.html", "provider-index.html"]
    names += ["provider-com1.html", "provider.html"]
    assert report_html_names(profiles) == names
    assert report_html_names(profiles[::-1]) == names[::-1]


@given(slugs=st.lists(st.sampled_from(["a", "a-1", "a-0", "a-11111111", "A", "..", "", "a" * 90]) | st.text()))
def test_names_of_files_are_safe_and_there_once(slugs: list[str]) -> None:
    names = report_html_names([{"customer_slug": slug, "uuid": "1" * 32} for slug in slugs])
    assert len(set(names)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9-]{1,90}\.html", name) and name != "index.html" for name in names)
