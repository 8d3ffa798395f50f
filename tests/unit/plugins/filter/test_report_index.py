# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that links to several reports, its numbers and its script; where reports lead; and distances in words."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from messages import fragment

from ansible_collections.waldur.provider.plugins.filter.report_html import FilterModule
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import parse_report_time

from ..helpers.report_pages import HOSTILE, NOW, Page, data, page, report_html

report_html_index = FilterModule().filters()["report_html_index"]
API = "https://waldur.example.org/api/marketplace-service-providers/1/"
FACTS = ("statistics", "compliance", "revenue", "roles")


def make_row(name: str, file: str = "a.html", **changed: Any) -> dict[str, Any]:
    given = data(name)
    return {"name": name, "file": file, "failed": "", "url": API, **{key: given[key] for key in FACTS}, **changed}


def render(*rows: dict[str, Any], **options: Any) -> str:
    return str(report_html_index(list(rows), NOW, **options))


def find_cells(html: str) -> list[tuple[str, str]]:
    """Return the label and the order of each number, by rows."""
    return re.findall(r'data-label="([^"]*)" data-order="([^"]*)"', html)


def test_the_index_links_to_pages_beside_it_and_says_first_who_has_none() -> None:
    failed = {"name": "B", "file": "", "failed": "<i>no</i>"}
    found = Page(render(make_row("<b>A</b>"), failed))
    targets = [attributes["href"] for tag, attributes in found.elements if tag == "a"]
    assert targets == ["https://waldur.example.org/", "a.html"]
    assert "<b>A</b>" in found.text
    assert found.text.index("B : <i>no</i>") < found.text.index("Service providers")
    assert ("section", {"class": "failed", "aria-labelledby": "failed"}) in found.elements
    assert "Total" not in found.text
    with pytest.raises(AnsibleFilterError, match=fragment("report_rows_required", name="report_html_index")):
        report_html_index("x", NOW)


def test_the_index_shows_compliance_revenue_and_expiring_roles_with_totals() -> None:
    overview = [{"offering_name": "X", "total_users": 12, "completed_users": 7}]
    half = make_row("B", "b.html", compliance={"overview": overview}, roles=[], revenue=None)
    html = render(make_row("A"), half, currency="EUR")
    cells = find_cells(html)
    assert [label for label, _order in cells[:4]] == [
        "Compliance",
        "Revenue, 12 months (EUR)",
        "Roles expiring within 30 days",
        "Customers",
    ]
    width = len(cells) // 3
    # Of the months, November is not complete. Of the four roles, one has ended and one ends in 12 days.
    assert [order for _label, order in cells[:3]] == ["25.0", "1800", "2"]
    assert [order for _label, order in cells[width : width + 3]] == ["58.333333333333336", "", "0"]
    assert [order for _label, order in cells[2 * width :][:4]] == ["50.0", "1800", "2", "6"]
    assert "Total 50 % 1,800 2 6" in Page(html).text
    assert Page(render(make_row("A"), expiring_within="12d")).text.count("expiring within 12 days") == 1


def test_data_that_could_not_be_read_are_a_dash_and_stand_at_the_end() -> None:
    html = render({"name": "A", "file": "a.html", **dict.fromkeys(FACTS)}, {"name": "B", "file": "b.html"})
    assert {order for _label, order in find_cells(html)} == {""}
    # ansible-core 2.17 makes an empty text of null.
    assert find_cells(render({"name": "A", "file": "a.html", **dict.fromkeys(FACTS, "")}))[0][1] == ""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_others_becomes_an_element_of_the_index(hostile: str) -> None:
    failed = {"file": "", "failed": "no"}
    usual = Page(render(make_row("A"), {"name": "B", **failed}, title="T", currency="C"))
    html = render(make_row(hostile), {"name": hostile, **failed, "failed": hostile}, title=hostile, currency=hostile)
    assert Page(html).shape == usual.shape
    assert not re.search(r"\{[{%#]", html)


def test_the_policy_of_the_index_allows_its_own_script_and_no_other() -> None:
    html = render(make_row("A"))
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert f"; script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert not re.search(r"https?:|import|fetch|eval|innerHTML", script)


def test_a_report_has_no_script_and_its_policy_allows_none() -> None:
    html = report_html(data(), NOW)
    assert "<script" not in html
    assert "script-src" not in html


# --- links -----------------------------------------------------------------------------------------------------------


def find_targets(**options: Any) -> list[str]:
    found = page(**options)
    return [str(attributes["href"]) for tag, attributes in found.elements if tag == "a"][:2]


def test_a_report_leads_to_the_index_and_to_waldur() -> None:
    assert find_targets(links={"index": "index.html"}) == ["index.html", "https://waldur.example.org/"]
    assert "All service providers" not in page().text
    assert find_targets()[0] == "https://waldur.example.org/"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://waldur.example.org:8443/base/api/x/", "https://waldur.example.org:8443/base"),
        ("https://me:secret@waldur.example.org/api/x/", "https://waldur.example.org/"),
        ("http://[::1]:80/api/x/", "http://[::1]:80/"),
        ("javascript:alert(1)//api/x", None),
        ("data:text/html,x", None),
        ("https://[", None),
        ("https://waldur.example.org:port/api/", None),
        (None, None),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link_to_waldur(url: str | None, target: str | None) -> None:
    found = Page(report_html({"profile": {**data()["profile"], "url": url}}, NOW))
    targets = [str(attributes["href"]) for tag, attributes in found.elements if tag == "a"]
    assert targets == ([target] if target else [])


def test_the_address_of_waldur_can_be_set() -> None:
    html = report_html(data(), NOW, links={"waldur": "https://portal.example.org/?a=1&b=2"})
    assert '<a href="https://portal.example.org/?a=1&amp;b=2">portal.example.org</a>' in html
    expected = fragment("report_address_invalid", option="links.waldur", value="javascript:alert(1)")
    with pytest.raises(AnsibleFilterError, match=expected):
        report_html(data(), NOW, links={"waldur": "javascript:alert(1)"})
    with pytest.raises(AnsibleFilterError, match=fragment("report_key_unknown", option="links", key="walldur")):
        report_html_index([], NOW, links={"walldur": ""})


def test_the_file_of_the_index_can_not_be_a_link_to_anything_else() -> None:
    html = report_html(data(), NOW, links={"index": "javascript:alert(1)"})
    assert 'href="javascript%3Aalert%281%29"' in html


# --- distances in words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "distance"),
    [
        ("2026-11-22", "yesterday"),
        ("2026-11-23", "today"),
        ("2026-11-24", "tomorrow"),
        ("2026-11-26", "in 3 days"),
        ("2026-11-20", "3 days ago"),
        ("2027-01-22", "in 60 days"),
        ("2027-01-23", "in 2 months"),
        ("2026-09-23", "2 months ago"),
        ("2026-09-24", "60 days ago"),
        ("2028-11-22", "in 23 months"),
        ("2028-11-23", "in 2 years"),
        ("2024-11-23", "2 years ago"),
        ("0900-11-23", "1,126 years ago"),
    ],
)
def test_a_distance_is_in_days_months_or_years(day: str, distance: str) -> None:
    timestamp = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    assert parse_report_time(NOW).format_distance(timestamp) == distance


def test_the_page_says_how_long_ago_roles_were_granted_and_accounts_changed() -> None:
    text = page().text
    assert "1 November 2025 12 months ago" in text
    assert "changed 1 November 2026, 22 days ago" in text


# --- marked rows -----------------------------------------------------------------------------------------------------


def test_rows_of_failed_accounts_and_expired_roles_are_marked() -> None:
    rows = [str(attributes["class"]) for tag, attributes in page().elements if tag == "tr" and attributes.get("class")]
    assert rows == ["soon", "error"]
