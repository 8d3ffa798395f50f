# SPDX-License-Identifier: GPL-3.0-or-later
"""The access review: what it says of each role grant, and that text of others stays text in each format."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from messages import fragment, message, pattern

from ansible_collections.waldur.provider.plugins.filter.access_review import FilterModule

from ..helpers.report_pages import HOSTILE, Page
from ..helpers.sample_plans import ALPHA, BETA, TEXTS

access_review = FilterModule().filters()["access_review"]
NOW = "2026-11-23"
ROLE = "c" * 32
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1", "\n=1")


def grant(user: str, until: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of user_role_info; the UUID of a user is their initial, 32 times."""
    return {
        "user_uuid": f"{ord(user[0]):x}" * 16,
        "user_username": user,
        "user_full_name": f"{user} Tester",
        "user_email": f"{user}@example.org",
        "role_uuid": ROLE,
        "role_name": "CUSTOMER.MANAGER",
        "created": "2026-01-01T08:30:00Z",
        "expiration_time": until,
        **more,
    }


def result(*grants: dict[str, Any], name: str = "Alpha", customer: str = ALPHA) -> dict[str, Any]:
    """An item of a loop of user_role_info."""
    return {"item": {"customer_name": name, "customer_uuid": customer}, "user_roles": list(grants)}


def kept(*grants: dict[str, Any], customer: str = ALPHA) -> list[dict[str, Any]]:
    ids = [{"customer": customer, "user": row["user_uuid"], "role": ROLE} for row in grants]
    return [{"service_provider": "Alpha", "kind": "user_role", "name": "x", "id": one} for one in ids]


def compared(kept_rows: list[dict[str, Any]], plan: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"kept": kept_rows, "plan": plan or []}


ALICE, BOB, CAROL = grant("alice"), grant("bob", "2026-12-05T00:00:00Z"), grant("carol", "2028-01-01T12:00:00Z")


def test_each_grant_says_when_it_ends_and_whether_the_document_keeps_it() -> None:
    (extended,) = kept(BOB)
    plan = [
        {**extended, "action": "extend", "after": {"expiration_time": "2027-12-31T00:00:00Z"}},
        {**kept(CAROL)[0], "action": "revoke", "after": None},
        {**extended, "kind": "offering_username", "action": "set_username", "after": {}},
    ]
    rows = access_review([result(CAROL, BOB, ALICE)], NOW, compared(kept(ALICE, BOB), plan))
    shown = [(row["username"], row["status"], row["days_left"], row["in_document"], row["planned"]) for row in rows]
    assert shown == [
        ("alice", "never", None, True, ""),
        ("bob", "soon", 12, True, "extend to 2027-12-31"),
        ("carol", "later", 404, False, "revoke"),
    ]


def test_a_grant_of_another_provider_or_role_is_not_in_the_document() -> None:
    rows = access_review([result(ALICE, name="Beta", customer=BETA)], NOW, compared(kept(ALICE)))
    assert [row["in_document"] for row in rows] == [False]
    rows = access_review([result({**ALICE, "role_uuid": "d" * 32})], NOW, compared(kept(ALICE)))
    assert [row["in_document"] for row in rows] == [False]


def test_an_expired_grant_has_ended_and_the_time_that_counts_as_soon_can_be_chosen() -> None:
    ended = grant("dora", "2026-11-23T00:00:00Z")
    assert [row["status"] for row in access_review([result(ended)], NOW)] == ["ended"]
    assert [row["status"] for row in access_review([result(BOB)], NOW, expiring_within=11)] == ["later"]
    assert [row["status"] for row in access_review([result(BOB)], NOW, expiring_within="12d")] == ["soon"]


def test_without_a_document_nothing_is_said_about_it() -> None:
    assert access_review([result(ALICE)], NOW)[0]["in_document"] is None
    for output in ("markdown", "html"):
        assert message("review_without_document") in access_review([result(ALICE)], NOW, output=output)
    text = access_review([result(ALICE)], NOW, compared(kept(ALICE)), output="markdown")
    assert message("review_document_keeps_all") in text


def test_a_provider_that_could_not_be_read_is_listed_with_the_reason() -> None:
    unread = {"item": {"customer_name": "Beta"}, "msg": "permission denied"}
    for output in ("markdown", "html"):
        text = access_review([result(ALICE), unread], NOW, output=output)
        assert text.index("Could not be read") < text.index("permission denied") < text.index("alice")


def test_two_providers_of_one_name_have_a_section_each() -> None:
    html = access_review([result(ALICE), result(BOB, customer=BETA)], NOW, output="html")
    assert html.count('<h2 id="provider-') == 2


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_the_csv_file_is_a_formula(formula: str) -> None:
    hostile = grant("alice", user_full_name=formula, user_username=formula, user_email=formula, role_name=formula)
    row = {**hostile, "created_by_full_name": formula}
    (cells,) = csv.DictReader(StringIO(access_review([result(row, name=formula)], NOW, output="csv")))
    for key in ("service_provider", "user", "username", "email", "role", "granted_by"):
        assert cells[key] == f"'{formula.strip()}", key


def test_a_negative_number_in_the_csv_file_stays_a_number() -> None:
    ended = grant("dora", "2026-11-20T00:00:00Z")
    (cells,) = csv.DictReader(StringIO(access_review([result(ended)], NOW, output="csv")))
    assert (cells["days_left"], cells["in_document"]) == ("-3", "")


def test_the_page_breaks_long_names_between_words_only() -> None:
    html = access_review([result(grant("al.ice", role_name="CUSTOMER.MAIN_MANAGER"))], NOW, output="html")
    assert "<bdi>CUSTOMER.<wbr>MAIN_<wbr>MANAGER</bdi>" in html
    assert "<bdi>al.<wbr>ice@<wbr>example.<wbr>org</bdi>" in html
    assert {"CUSTOMER.MAIN_MANAGER", "al.ice@example.org"} <= set(Page(html).texts)
    assert re.search(r"\.broad \{ table-layout: fixed; \}", html)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_others_becomes_an_element_of_the_page(hostile: str) -> None:
    def page(text: str) -> Page:
        rows = [
            grant("alice", user_full_name=text, user_email=f"{text}@", role_name=text, created_by_full_name=text),
        ]
        unread = {"item": {"customer_name": text}, "msg": text}
        html = access_review([result(*rows, name=text), unread], NOW, compared([]), output="html", title=text)
        assert not re.search(r"\{[{%#]", html)
        return Page(html)

    assert page(hostile).shape == page("usual").shape


@given(text=TEXTS)
def test_whatever_users_wrote_each_row_of_the_tables_is_one_line(text: str) -> None:
    row = grant("alice", user_full_name=text, user_email=text, role_name=text)
    markdown = access_review([result(row, name=text)], NOW, compared([]), output="markdown")
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(lines) == 6
    assert {re.sub(r"`[^`]*`", "", line).count("|") for line in lines} == {10}
    for output in ("markdown", "csv", "html"):
        assert not re.search(r"\{[{%#]", access_review([result(row, name=text)], NOW, output=output, title=text))


@pytest.mark.parametrize("missing", ["kept", "plan"])
def test_a_result_without_what_is_kept_is_rejected(missing: str) -> None:
    incomplete = {key: value for key, value in compared([]).items() if key != missing}
    with pytest.raises(AnsibleFilterError, match=pattern("review_needs_list", list=missing)):
        access_review([result(ALICE)], NOW, incomplete)


def test_an_unknown_format_is_rejected() -> None:
    expected = pattern("review_output_unknown", value="pdf", formats="rows, markdown, csv, html")
    with pytest.raises(AnsibleFilterError, match=expected):
        access_review([], NOW, output="pdf")


def test_a_date_that_is_not_valid_is_reported_with_the_name_of_the_option() -> None:
    with pytest.raises(AnsibleFilterError, match=fragment("report_date_invalid", option="date", value="yesterday")):
        access_review([], "yesterday")
