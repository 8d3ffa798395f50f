# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render the page that links to the reports: one line for each service provider, and the totals. Pure.

A script of this page, which its policy names by its hash, sorts the table. Without JavaScript, the table is complete.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import describe_duration
from ansible_collections.waldur.provider.plugins.plugin_utils._report import sections
from ansible_collections.waldur.provider.plugins.plugin_utils._report.links import make_links
from ansible_collections.waldur.provider.plugins.plugin_utils._report.templates import (
    DEFAULT_TITLE,
    make_environment,
    render_page,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    ReportTime,
    Row,
    choose_name,
    format_name,
    format_number,
    format_text,
    parse_number,
    parse_report_time,
    parse_whole_number,
    require_mapping,
    require_rows,
)

_ENVIRONMENT = make_environment()
_SCRIPT = _ENVIRONMENT.get_template("sort.js.j2").render()
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


@dataclass(frozen=True)
class Column:
    """A column of the table. ``alert`` is what any number but 0 means: error, soon, wait, or nothing."""

    label: str
    alert: str = ""


@dataclass(frozen=True)
class Cell:
    """A number of a service provider. ``order`` sorts the table, and is empty where there is no number."""

    text: str
    order: str
    alert: str


@dataclass(frozen=True)
class Entry:
    """A service provider: its page, or why it has none, and its numbers in the order of the columns."""

    name: str
    file: str
    failed: str
    cells: list[Cell]


def render_index(
    reports: Any,
    *,
    moment: Any,
    title: str = DEFAULT_TITLE,
    currency: str = "",
    expiring_within: timedelta = sections.SOON,
    links: Any = None,
) -> str:
    """Return a page that links to reports.

    ``reports`` are mappings of ``name``, ``file`` (null where there is no page), ``failed`` (why there is none), and
    ``url`` (in the API), ``statistics``, ``compliance``, ``revenue`` and ``roles``, each of which may be null.
    ``links`` are those of ``make_links``. Raises ``InvalidInput``.
    """
    report_time = parse_report_time(moment)
    rows = require_rows("_input", reports)
    columns = _make_columns(format_name(currency), expiring_within)
    numbers = [_read_numbers(row, f"_input[{index}]", report_time, expiring_within) for index, row in enumerate(rows)]
    entries = [
        Entry(
            name=choose_name(row, "name"),
            file=format_name(row.get("file")),
            failed=format_text(row.get("failed")),
            cells=_make_cells(columns, row_numbers),
        )
        for row, row_numbers in zip(rows, numbers, strict=True)
    ]
    listed = [row_numbers for entry, row_numbers in zip(entries, numbers, strict=True) if entry.file]
    context = {
        "title": format_name(title) or DEFAULT_TITLE,
        "read_at": report_time.text,
        "links": make_links(links, next((row["url"] for row in rows if row.get("url")), None)),
        "columns": columns,
        "reports": [entry for entry in entries if entry.file],
        "failed": [entry for entry in entries if entry.failed],
        "totals": _make_cells(columns, _sum_numbers(listed)) if len(listed) > 1 else [],
        "script": Markup(_SCRIPT),  # the text of a file beside this one
        "script_hash": _SCRIPT_HASH,
    }
    return render_page(_ENVIRONMENT, "index.html.j2", context)


# --- numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbers:
    """What a provider has: compliant accounts and all accounts, and a number for each of the other columns."""

    completed: int
    accounts: int
    others: tuple[float | None, ...]


def _make_columns(currency: str, expiring_within: timedelta) -> list[Column]:
    revenue = f"Revenue, 12 months{f' ({currency})' if currency else ''}"
    return [
        Column("Compliance"),
        Column(revenue),
        Column(f"Roles expiring within {describe_duration(expiring_within)}", "soon"),
        *(Column(label, alert) for _key, label, _change, alert in sections.STATISTICS),
    ]


def _read_numbers(row: Row, where: str, report_time: ReportTime, expiring_within: timedelta) -> _Numbers:
    """Return the numbers of a row. What is null or missing could not be read, or was left out."""

    def read(key: str, function: Callable[[Any, str], float | None]) -> float | None:
        # ansible-core 2.17 turns a variable that is null into an empty text.
        return None if row.get(key) in (None, "") else function(row[key], f"{where}.{key}")

    completed, accounts = _count_compliant(row.get("compliance") or {}, f"{where}.compliance")
    statistics = require_mapping(f"{where}.statistics", row.get("statistics") or {})
    return _Numbers(
        completed,
        accounts,
        (
            read("revenue", lambda value, name: sections.sum_last_year(value, report_time, name)),
            read("roles", lambda value, name: sections.count_expiring(value, report_time, expiring_within, name)),
            *(
                parse_number(f"{where}.statistics.{statistic[0]}", statistics.get(statistic[0]))
                for statistic in sections.STATISTICS
            ),
        ),
    )


def _count_compliant(value: Any, where: str) -> tuple[int, int]:
    """Return how many accounts have completed the checklist of their offering, and how many have one."""
    data = require_mapping(where, value)
    offerings = require_rows(f"{where}.overview", data.get("overview") or [])

    def add(key: str) -> int:
        return sum(
            parse_whole_number(f"{where}.overview[{index}].{key}", offering.get(key) or 0, 0, 10**9)
            for index, offering in enumerate(offerings)
        )

    return add("completed_users"), add("total_users")


def _sum_numbers(numbers: Sequence[_Numbers]) -> _Numbers:
    return _Numbers(
        sum(row.completed for row in numbers),
        sum(row.accounts for row in numbers),
        tuple(_sum_known(values) for values in zip(*(row.others for row in numbers), strict=True)),
    )


def _sum_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _make_cells(columns: Sequence[Column], numbers: _Numbers) -> list[Cell]:
    rate = numbers.completed / numbers.accounts * 100 if numbers.accounts else None
    compliance = Cell(
        text=format_number(rate) if rate is None else f"{format_number(round(rate, 1))} %",
        order="" if rate is None else str(rate),
        alert="",
    )
    return [
        compliance,
        *(
            Cell(format_number(value), "" if value is None else str(value), column.alert if value else "")
            for column, value in zip(columns[1:], numbers.others, strict=True)
        ),
    ]
