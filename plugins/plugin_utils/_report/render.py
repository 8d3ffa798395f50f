# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render a report on a service provider as a page of HTML that needs no other file. Pure.

Every value is escaped by Jinja2, which Ansible brings along. The page runs no script and contacts no server;
``index.py`` renders the page that links to several reports.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import describe_duration
from ansible_collections.waldur.provider.plugins.module_utils._common.input_files import RESERVED_NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import shorten
from ansible_collections.waldur.provider.plugins.plugin_utils._report import sections
from ansible_collections.waldur.provider.plugins.plugin_utils._report.account_overview import (
    AccountOverview,
    make_account_list,
    make_account_overview,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.links import make_links
from ansible_collections.waldur.provider.plugins.plugin_utils._report.templates import (
    DEFAULT_TITLE,
    make_environment,
    render_page,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    ReportTime,
    Row,
    check_keys,
    choose_name,
    format_count,
    format_name,
    format_text,
    parse_report_time,
    require_mapping,
    require_rows,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._safe_names import make_safe_name

KEYS = ("profile", "statistics", "counts", "revenue", "compliance", "roles", "accounts", "offering_usernames")
# The fact of that name, or only the list of accounts.
_ACCOUNT_KEYS = ("accounts", "offering_usernames")
_UNREAD = "This could not be read: the token lacks the permission, or this Waldur does not provide it."
_LEFT_OUT = "The report was created without these data."
_ENVIRONMENT = make_environment()
# The names that the page itself, and some systems, give a meaning to.
_RESERVED = RESERVED_NAMES | {"index"}
_LONGEST_FILE = 60
_LONGEST_DESCRIPTION = 600


@dataclass(frozen=True)
class Section:
    """A section of the page. ``sentence`` says why there is nothing to show, or is empty.

    ``is_unread`` says that the data could not be read.
    """

    shown: Any
    sentence: str = ""
    is_unread: bool = False


@dataclass(frozen=True)
class Notice:
    """An open item, and the section of the page with the details. ``level`` is error, soon or wait."""

    text: str
    anchor: str
    level: str


@dataclass
class _Page:
    """The data of a page, and the open items found in them."""

    data: Row
    expiring_within: timedelta
    notices: list[Notice] = field(default_factory=list)

    def make_section(self, key: str, make: Callable[[Any], Any], empty: str) -> Section:
        """Return what *make* returns for the value of *key*, or a sentence that says why there is nothing."""
        if self.data.get(key) is None:
            is_unread = key in self.data
            return Section(None, _UNREAD if is_unread else _LEFT_OUT, is_unread)
        shown = make(self.data[key])
        return Section(shown) if shown else Section(None, empty)

    def add_notice(self, count: int, singular: str, plural: str, anchor: str, level: str) -> None:
        """Add an open item if *count* is not 0."""
        if count:
            self.notices.append(Notice(format_count(count, singular, plural), anchor, level))


def report_html(
    data: Any,
    *,
    moment: Any,
    title: str = DEFAULT_TITLE,
    currency: str = "",
    warnings: Sequence[Any] | None = None,
    expiring_within: timedelta = sections.SOON,
    links: Any = None,
) -> str:
    """Return the page. ``data`` holds what modules read, by the keys of ``KEYS``; null is what could not be read.

    ``moment`` is when it was read (a date or date-time); days are counted from it. ``links`` are those of
    ``make_links``. The same arguments always return the same page. Raises ``InvalidInput`` for data of another form.
    """
    report_time = parse_report_time(moment)
    page = _Page(check_keys("_input", data, KEYS), expiring_within)
    profile = require_mapping("profile", page.data.get("profile"))
    context = {
        "title": format_name(title) or DEFAULT_TITLE,
        "currency": format_name(currency),
        "read_at": report_time.text,
        "links": make_links(links, profile.get("url")),
        "provider": _describe_provider(profile),
        "soon": describe_duration(expiring_within),
        "warnings": [format_text(warning) for warning in warnings or ()],
        **_make_sections(page, report_time),
    }
    is_complete = all(page.data.get(key) is not None for key in KEYS if key not in ("counts", *_ACCOUNT_KEYS))
    is_complete = is_complete and any(page.data.get(key) is not None for key in _ACCOUNT_KEYS)
    return render_page(_ENVIRONMENT, "page.html.j2", {**context, "notices": page.notices, "is_complete": is_complete})


def _make_sections(page: _Page, report_time: ReportTime) -> dict[str, Section]:
    """Return the sections by name, and add the open items to the page."""
    statistics = page.make_section("statistics", sections.make_statistics, "There are no statistics.")
    counts = page.make_section("counts", sections.make_counts, "") if page.data.get("counts") else Section([])
    revenue = page.make_section(
        "revenue", lambda value: sections.make_revenue(value, report_time), "Nothing has been billed in the past year."
    )
    compliance = page.make_section("compliance", sections.make_compliance, "No offering has a checklist.")
    grants = page.make_section(
        "roles",
        lambda value: sections.make_grants(value, report_time, page.expiring_within),
        "There are no role grants on this service provider.",
    )
    accounts = _make_accounts(page, report_time)
    _add_notices(page, statistics.shown or (), compliance.shown or (), grants.shown or (), accounts.shown)
    return {
        "statistics": statistics,
        "counts": counts,
        "revenue": revenue,
        "compliance": compliance,
        "grants": grants,
        "accounts": accounts,
    }


def _make_accounts(page: _Page, report_time: ReportTime) -> Section:
    """Return the overview of the accounts: of the fact ``accounts``, or else of the list of accounts."""
    if page.data.get("accounts") is not None or "offering_usernames" not in page.data:
        return page.make_section("accounts", lambda value: make_account_overview(value, report_time), "")
    return page.make_section("offering_usernames", lambda value: make_account_list(value, report_time), "")


def _add_notices(
    page: _Page,
    tiles: Sequence[sections.Tile],
    offerings: Sequence[sections.Offering],
    grants: Sequence[sections.Grant],
    overview: AccountOverview | None,
) -> None:
    """Add the open items, the most urgent first."""
    levels = Counter(account.level for account in (overview and overview.accounts) or ())
    expiries = Counter(grant.level for grant in grants)
    page.add_notice(levels["error"], "account has failed", "accounts have failed", "accounts", "error")
    for tile in tiles:
        if tile.alert:
            page.notices.append(Notice(f"{tile.label}: {tile.value}", "statistics", tile.alert))
    page.add_notice(expiries["ended"], "role has expired", "roles have expired", "roles", "soon")
    soon = describe_duration(page.expiring_within)
    page.add_notice(expiries["soon"], f"role expires within {soon}", f"roles expire within {soon}", "roles", "soon")
    if overview:
        page.notices += [
            Notice(f"{numbers.percentage} of the {numbers.label} are used", "accounts", numbers.level)
            for numbers in overview.ranges
            if numbers.level
        ]
    page.add_notice(levels["pending"], "account is pending", "accounts are pending", "accounts", "wait")
    if overview:
        conflicts, missing = len(overview.conflicts or ()), len(overview.without_username)
        page.add_notice(conflicts, "username conflict", "username conflicts", "accounts", "wait")
        page.add_notice(missing, "user has no username", "users have no username", "accounts", "wait")
    waiting = sum(offering.waiting for offering in offerings)
    page.add_notice(waiting, "checklist is not completed", "checklists are not completed", "compliance", "wait")


def _describe_provider(profile: Row) -> dict[str, str]:
    return {
        "name": choose_name(profile, "customer_name", "customer_abbreviation", "customer_slug", "uuid"),
        "abbreviation": format_name(profile.get("customer_abbreviation")),
        "description": shorten(format_text(profile.get("description")), _LONGEST_DESCRIPTION),
    }


# --- several pages ---------------------------------------------------------------------------------------------------


def report_names(profiles: Any) -> list[str]:
    """Return a file name for each profile: its slug or name as a safe name, with ``.html``. Raises ``InvalidInput``.

    Profiles of one name all get a part of their UUID, so that names don't depend on their order.
    """
    rows = require_rows("_input", profiles)
    named = [(_make_file_name(row), uuids.normalize(row.get("uuid")) or str(index)) for index, row in enumerate(rows)]
    counts = Counter(name for name, _uuid in named)
    names: dict[str, None] = {}
    for index, (name, uuid) in enumerate(named):
        unique = f"{name}-{uuid[:8]}" if counts[name] > 1 else name
        while unique in names:  # the slug of one profile may be what was made of another's
            unique = f"{unique}-{index}"
        names[unique] = None
    return [f"{name}.html" for name in names]


def _make_file_name(profile: Row) -> str:
    """Return the name of a profile's file without its ending."""
    keys = ("customer_slug", "customer_abbreviation", "customer_name")
    name = next((name for key in keys if (name := make_safe_name(profile.get(key)))), "provider")
    short = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST_FILE].strip("-") or "provider"
    return f"provider-{short}" if short in _RESERVED else short
