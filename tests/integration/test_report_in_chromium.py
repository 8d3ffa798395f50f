# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports in a browser: wide, narrow, in dark mode and in print; and the script that sorts the index."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import chromium
import pytest

from ansible_collections.waldur.provider.plugins.filter.report_html import FilterModule

pytestmark = pytest.mark.skipif(chromium.find() is None, reason=chromium.MISSING)
FILTERS = FilterModule().filters()
NOW = "2026-11-23"
USER = {"user_full_name": "Dr. Maximiliane Musterfrau-Schmidt", "user_username": "maximiliane.musterfrau@example.org"}
FACTS: dict[str, Any] = {
    "statistics": {"current_customers": 12, "pending_orders": 3, "customers_number_change": 1},
    "revenue": [{"year": 2026, "month": month, "total": month * 1234.5} for month in range(1, 12)],
    "compliance": {
        "overview": [{"offering_name": "HPC", "total_users": 9, "completed_users": 4, "pending_users": 2}],
        "offering_users": [],
    },
    "roles": [
        {**USER, "role_name": "CUSTOMER.MANAGER", "created": "2024-11-01T08:00:00Z", "expiration_time": until}
        for until in ("2026-11-20T00:00:00Z", "2026-12-05T00:00:00Z", None) * 6
    ],
}
ACCOUNT = {**USER, "username": "mmuster", "offering_name": "HPC", "state": "Error creating", "error_message": "x" * 300}
REPORT = FILTERS["report_html"](
    {"profile": {"customer_name": "Alpha Cloud Ltd"}, **FACTS, "offering_usernames": [ACCOUNT] * 3}, NOW
)
INDEX = FILTERS["report_html_index"](
    [
        {"name": "Alpha", "file": "a.html", **FACTS},
        {"name": "Gamma", "file": "c.html", **FACTS, "roles": FACTS["roles"][1:], "revenue": FACTS["revenue"][:3]},
        {"name": "Beta", "file": "b.html", **dict.fromkeys(FACTS)},
        {"name": "Delta", "file": "", "failed": "Waldur could not be reached."},
    ],
    NOW,
)
# What each frame is asked about its own page.
QUESTIONS = {
    "overflow": "page.documentElement.scrollWidth - page.documentElement.clientWidth",
    "tiles": "getComputedStyle(page.querySelector('.tiles')).gridTemplateColumns.split(' ').length",
    "cells": "new Set([...page.querySelectorAll('.wide tbody tr:first-child td')].map((cell) => cell.offsetLeft)).size",
    "pairs": "getComputedStyle(page.querySelector('.cut td')).gridTemplateColumns.split(' ').length",
    "background": "getComputedStyle(page.body).backgroundColor",
    "marked": "getComputedStyle(page.querySelector('tr.error > *')).backgroundColor",
    "buttons": "page.querySelectorAll('thead button').length",
    "click": "[...page.querySelectorAll('thead button')].map((button) => [1, 2].map(() => (button.click(),"
    " [...page.querySelectorAll('tbody th')].map((head) => head.textContent).join(' '),"
    " [...page.querySelectorAll('tbody th')].map((head) => head.textContent).join(' '))))",
    "sorted": "[...page.querySelectorAll('thead th')].map((head) => head.getAttribute('aria-sort'))",
}


def ask(page: str, tmp_path: Path, *names: str, width: int) -> dict[str, Any]:
    """Open *page* in a frame of so many pixels, and return the answers to the questions; null where one has none."""
    asked = {name: QUESTIONS[name] for name in names}
    script = f"""
      const frame = document.querySelector("iframe");
      frame.addEventListener("load", () => {{
        const page = frame.contentDocument, getComputedStyle = frame.contentWindow.getComputedStyle, answers = {{}};
        const names = ["page", "getComputedStyle"];
        const answer = (question) => new Function(...names, `return ${{question}}`)(page, getComputedStyle);
        for (const [name, question] of Object.entries({json.dumps(asked)})) {{
          try {{ answers[name] = answer(question); }}
          catch (error) {{ answers[name] = null; }}
        }}
        document.body.dataset.answers = JSON.stringify(answers);
      }});
      frame.srcdoc = {json.dumps(page).replace("<", chr(92) + "u003c")};
    """
    file = tmp_path / "frame.html"
    file.write_text(
        f'<meta charset="utf-8"><body><iframe style="width: {width}px; height: 900px; border: 0"></iframe>'
        f"<script>{script}</script>",
        encoding="utf-8",
    )
    [answers] = re.findall(r'data-answers="([^"]*)"', chromium.dump_dom(file.as_uri()))
    found: dict[str, Any] = json.loads(html.unescape(answers))
    return found


@pytest.mark.parametrize(("width", "tiles", "pairs"), [(1280, 5, None), (390, 2, 2)])
def test_a_report_needs_no_scrolling_sideways_and_has_two_columns_on_a_phone(
    tmp_path: Path, width: int, tiles: int, pairs: int | None
) -> None:
    found = ask(REPORT, tmp_path, "overflow", "tiles", "pairs", width=width)
    assert found["overflow"] == 0
    assert found["tiles"] == tiles if tiles == 2 else found["tiles"] >= tiles
    assert pairs is None or found["pairs"] == pairs


@pytest.mark.parametrize(("width", "columns"), [(1280, 10), (390, 2)])
def test_the_index_needs_no_scrolling_sideways_and_has_two_columns_on_a_phone(
    tmp_path: Path, width: int, columns: int
) -> None:
    found = ask(INDEX, tmp_path, "overflow", "cells", width=width)
    assert found == {"overflow": 0, "cells": columns}


def test_the_index_is_sorted_by_each_column_in_both_directions(tmp_path: Path) -> None:
    found = ask(INDEX, tmp_path, "click", "sorted", width=1280)
    assert found["click"][0] == ["Alpha Beta Gamma", "Gamma Beta Alpha"]
    # The largest first, and what could not be read at the end.
    assert found["click"][2] == ["Alpha Gamma Beta", "Gamma Alpha Beta"]
    assert found["click"][3] == ["Alpha Gamma Beta", "Gamma Alpha Beta"]
    assert found["sorted"] == [None] * 10 + ["ascending"]


def test_a_script_that_is_not_that_of_the_index_does_not_run(tmp_path: Path) -> None:
    assert ask(INDEX, tmp_path, "buttons", width=1280) == {"buttons": 11}
    changed = INDEX.replace('"use strict";', '"use strict"; document.title = "changed";')
    assert changed != INDEX
    assert ask(changed, tmp_path, "buttons", width=1280) == {"buttons": 0}


def test_dark_mode_and_failures_have_colours_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(REPORT, encoding="utf-8")
    sizes = []
    for dark in (False, True):
        picture = tmp_path / f"{dark}.png"
        chromium.take_picture((tmp_path / "report.html").as_uri(), picture, width=600, height=400, dark=dark)
        sizes.append(picture.read_bytes())
    assert sizes[0] != sizes[1]
    found = ask(REPORT, tmp_path, "background", "marked", width=1280)
    assert found["marked"] not in (found["background"], "rgba(0, 0, 0, 0)")


def test_print_is_dense(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(REPORT, encoding="utf-8")
    chromium.write_pdf((tmp_path / "report.html").as_uri(), tmp_path / "report.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "report.pdf").read_bytes())) == 2


def test_a_row_of_the_index_is_one_line_in_print(tmp_path: Path) -> None:
    # One page has room for all rows, and not if a name of three words takes two lines.
    providers = [{"name": f"Extra Provider {number:02}", "file": "a.html", **FACTS} for number in range(35)]
    page = FILTERS["report_html_index"](providers, NOW)
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    chromium.write_pdf((tmp_path / "index.html").as_uri(), tmp_path / "index.pdf")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "index.pdf").read_bytes())) == 1
