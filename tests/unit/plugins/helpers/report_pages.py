# SPDX-License-Identifier: GPL-3.0-or-later
"""Data of a report, and the page that is made of them, read as a browser reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from ansible_collections.waldur.provider.plugins.filter.report_html import FilterModule

report_html = FilterModule().filters()["report_html"]
NOW = "2026-11-23"
NUMBERS = (
    "active_campaigns current_customers customers_number_change active_resources resources_number_change"
    " active_and_paused_offerings unresolved_tickets pending_orders erred_resources"
).split()
# Where the pages of data() lead: to the page of all reports, if they are told of it, and to the Waldur of its API.
ADDRESSES = ("index.html", "https://waldur.example.org/")
VOID = ("meta", "link", "col")
HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 1/0 }}{% raw %}{# x",
    "\"'><img src=https://evil.example onerror=alert(1)>",
    "</style></title><b>",
    "\x00\u202e\x1b]",
)


class Page(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and the texts by the element around them.

    A place where a long word may be broken (``wbr``) is no element here, and does not divide a text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.is_broken = False
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.is_broken = tag == "wbr"
        if self.is_broken:
            return
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG that is empty."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """What ends is what began last."""
        assert self.open.pop() == tag
        self.is_broken = False

    def handle_data(self, data: str) -> None:
        """The text of what people see, not the style and not a script."""
        if self.is_broken:
            self.texts[-1] += data
        elif self.open[-1:] not in (["style"], ["script"]):
            self.texts.append(data)
        self.is_broken = False

    @property
    def text(self) -> str:
        """All of it, with single blanks."""
        return " ".join(" ".join(self.texts).split())

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements and the names of their attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def data(name: str = "Alpha", **changed: Any) -> dict[str, Any]:
    """A provider with something in each part, all of whose texts are *name*."""
    person = {"user_full_name": name, "user_username": f"{name}1", "user_email": name}
    overview = {"offering_name": name, "checklist_name": name, "total_users": 4, "completed_users": 1}
    account = {**person, "username": name, "offering_name": name, "modified": "2026-11-01T08:00:00Z"}
    return {
        "profile": {
            "uuid": "e182aaedb6ae4541956a3c14629abc02",
            "url": "https://waldur.example.org/api/x/",
            **dict.fromkeys(("customer_name", "customer_slug", "description"), name),
            "customer_abbreviation": f"{name}2",
        },
        "statistics": {**dict.fromkeys(NUMBERS, 3), "resources_number_change": -2},
        "revenue": [{"year": 2026, "month": month, "total": month * 100} for month in (8, 10, 11)],
        "compliance": {
            "overview": [{**overview, "pending_users": 1}],
            "offering_users": [{**account, "compliance_status": "pending", "completion_percentage": 40}],
        },
        "roles": [
            {**person, "role_name": name, "expiration_time": until, "created": "2025-11-01T08:00:00Z"}
            for until in (None, "2027-11-23T00:00:00Z", "2026-12-05T00:00:00Z", "2026-11-20T00:00:00Z")
        ],
        "offering_usernames": [
            {
                **account,
                "state": "Error creating",
                "service_provider_comment": name,
                "service_provider_comment_url": name,
            },
            {**account, "state": "OK", "runtime_state": "Pending account linking"},
            {**account, "state": name, "service_provider_comment": name},
            {**account, "state": "OK", "username": "nothing_wrong"},
        ],
        **changed,
    }


def page(report: Any = None, **options: Any) -> Page:
    """Return the page of a report, after checks that it loads nothing from elsewhere and contains no template."""
    html = report_html(data() if report is None else report, **{"moment": NOW, **options})
    assert not re.search(r"\{[{%#]", html)
    found = Page(html)
    for tag, attributes in found.elements:
        assert tag not in ("script", "img", "iframe", "object", "embed", "form", "base"), tag
        for attribute, value in attributes.items():
            assert not attribute.startswith("on")
            if attribute in ("href", "src", "action", "data", "xlink:href"):
                assert str(value).startswith(("#", "data:,")) or value in ADDRESSES, value
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style
    assert set(re.findall(r"url\([^)]*\)", style)) == {"url(#growing)"}
    return found
