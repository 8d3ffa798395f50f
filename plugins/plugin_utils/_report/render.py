# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report on a service provider as a page of HTML that needs nothing else. Pure.

Every value is escaped by Jinja2, which is there wherever Ansible is; no script runs in it, and it asks no server.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.input_files import RESERVED_NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import shortened
from ansible_collections.waldur.provider.plugins.plugin_utils._report import sections
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    NOTHING,
    Now,
    Row,
    counted,
    first_name,
    mapping,
    name,
    now,
    rows,
    text,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._safe_names import make_safe_name

DEFAULT_TITLE = "Service provider report"
KEYS = ("profile", "statistics", "counts", "revenue", "compliance", "roles", "offering_usernames")
_UNREAD = "This could not be read: the token may not see it, or this Waldur does not have it."
_LEFT_OUT = "This report was made without it."
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Ansible would evaluate what looks like a template wherever the page goes through a variable.
_TEMPLATE = re.compile(r"\{(?=[{%#])")
# The names that the page itself, and some systems, give a meaning to.
_TAKEN = RESERVED_NAMES | {"index"}
_LONGEST_FILE = 60
_LONGEST_DESCRIPTION = 600


@dataclass(frozen=True)
class Part:
    """A part of the page. ``sentence`` says why there is nothing to show, or is empty; ``unread`` that it is null."""

    shown: Any
    sentence: str = ""
    unread: bool = False


@dataclass(frozen=True)
class Notice:
    """Something that waits for somebody, and the part of the page that says more. ``level`` is error, soon or wait."""

    text: str
    anchor: str
    level: str


@dataclass
class _Page:
    """The parts while they are made, and what of them waits for somebody."""

    data: Row
    notices: list[Notice] = field(default_factory=list)

    def part(self, key: str, make: Callable[[Any], Any], empty: str) -> Part:
        """What *make* shows of the value of *key*, or a sentence that says why there is nothing."""
        if self.data.get(key) is None:
            unread = key in self.data
            return Part(None, _UNREAD if unread else _LEFT_OUT, unread)
        shown = make(self.data[key])
        return Part(shown) if shown else Part(None, empty)

    def notice(self, count: int, one: str, many: str, anchor: str, level: str) -> None:
        """Something waits, where *count* is not 0."""
        if count:
            self.notices.append(Notice(counted(count, one, many), anchor, level))


def report_html(
    data: Any,
    *,
    moment: Any,
    title: str = DEFAULT_TITLE,
    currency: str = "",
    warnings: Sequence[Any] | None = None,
) -> str:
    """The page. ``data`` holds what modules read, by the keys of ``KEYS``; null is what could not be read.

    ``moment`` says when it was read, and from when days are counted. The same arguments always give the same page.
    Raises ``InvalidInput`` for data of another form.
    """
    at = now(moment)
    page = _Page(sections.known(data, KEYS))
    profile = mapping("profile", page.data.get("profile"))
    context = {
        "title": name(title) or DEFAULT_TITLE,
        "currency": name(currency),
        "moment": at.words,
        "host": _host(profile.get("url")),
        "provider": _provider(profile),
        "soon": sections.SOON,
        "warnings": [text(warning) for warning in warnings or ()],
        **_parts(page, at),
    }
    whole = all(page.data.get(key) is not None for key in KEYS if key != "counts")
    return _rendered("page.html.j2", {**context, "notices": page.notices, "whole": whole})


def _parts(page: _Page, at: Now) -> dict[str, Part]:
    statistics = page.part("statistics", sections.statistics, "There are no statistics.")
    counts = page.part("counts", sections.counts, "") if page.data.get("counts") else Part([])
    revenue = page.part(
        "revenue", lambda value: sections.revenue(value, at), "Nothing has been billed in the past year."
    )
    compliance = page.part("compliance", sections.compliance, "No offering has a checklist.")
    grants = page.part(
        "roles", lambda value: sections.grants(value, at), "Nobody holds a role on this service provider."
    )
    accounts = _accounts(page)
    _notices(page, statistics.shown or (), compliance.shown or (), grants.shown or (), accounts.shown or ())
    return {
        "statistics": statistics,
        "counts": counts,
        "revenue": revenue,
        "compliance": compliance,
        "grants": grants,
        "accounts": accounts,
    }


def _accounts(page: _Page) -> Part:
    fine = "No account is in trouble." if page.data.get("offering_usernames") else "There are no accounts."
    part = page.part("offering_usernames", lambda value: (sections.accounts(value),), fine)
    if part.sentence:
        return part
    (found,) = part.shown
    if found is None:
        return Part(None, "This Waldur does not tell the state of accounts.")
    return Part(found, "" if found else fine)


def _notices(
    page: _Page,
    tiles: Sequence[sections.Tile],
    offerings: Sequence[sections.Offering],
    grants: Sequence[sections.Grant],
    accounts: Sequence[sections.Account],
) -> None:
    """What waits for somebody, the most urgent first."""
    levels = Counter(account.level for account in accounts)
    ends = Counter(grant.level for grant in grants)
    page.notice(levels["error"], "account has failed", "accounts have failed", "accounts", "error")
    for tile in tiles:
        if tile.alert:
            page.notices.append(Notice(f"{tile.label}: {tile.value}", "statistics", tile.alert))
    page.notice(ends["ended"], "role has ended", "roles have ended", "roles", "soon")
    page.notice(
        ends["soon"],
        f"role ends within {sections.SOON} days",
        f"roles end within {sections.SOON} days",
        "roles",
        "soon",
    )
    page.notice(levels["pending"], "account waits", "accounts wait", "accounts", "wait")
    waiting = sum(offering.waiting for offering in offerings)
    page.notice(waiting, "checklist is not finished", "checklists are not finished", "compliance", "wait")


def _provider(profile: Row) -> dict[str, str]:
    return {
        "name": first_name(profile, "customer_name", "customer_abbreviation", "customer_slug", "uuid"),
        "abbreviation": name(profile.get("customer_abbreviation")),
        "description": shortened(text(profile.get("description")), _LONGEST_DESCRIPTION),
    }


def _host(url: Any) -> str:
    """The host that a URL of the server names, as text alone."""
    try:
        return name(urlsplit(str(url or "")).hostname)
    except ValueError:
        return ""


def _rendered(template: str, context: Mapping[str, Any]) -> str:
    return _TEMPLATE.sub("&#123;", _ENVIRONMENT.get_template(template).render(context))


# --- several pages ---------------------------------------------------------------------------------------------------


def report_names(profiles: Any) -> list[str]:
    """The name of a file for each profile: its slug, else what it is called, as a safe name, with ``.html``.

    Profiles of one name all get a part of their UUID, so that names don't hang on their order.
    """
    given = rows("_input", profiles)
    wanted = [_file(profile) for profile in given]
    provider_uuids = [uuids.normalize(profile.get("uuid")) or str(place) for place, profile in enumerate(given)]
    counts = Counter(wanted)
    made = [f"{one}-{uuid[:8]}" if counts[one] > 1 else one for one, uuid in zip(wanted, provider_uuids, strict=True)]
    names: list[str] = []
    for place, wanted_name in enumerate(made):
        one = wanted_name
        while one in names:  # the slug of one may be what another was made to
            one = f"{one}-{place}"
        names.append(one)
    return [f"{one}.html" for one in names]


def _file(profile: Row) -> str:
    keys = ("customer_slug", "customer_abbreviation", "customer_name")
    found = next((one for key in keys if (one := make_safe_name(profile.get(key)))), "provider")
    short = re.sub(r"[^a-z0-9]+", "-", found.lower())[:_LONGEST_FILE].strip("-") or "provider"
    return f"provider-{short}" if short in _TAKEN else short


def report_index(reports: Any, *, moment: Any, title: str = DEFAULT_TITLE) -> str:
    """A page that links to reports.

    ``reports`` are mappings of ``name``, ``file`` (null where there is no page), ``statistics`` (may be null) and
    ``failed`` (why there is none). Raises ``InvalidInput``.
    """
    at = now(moment)
    found = [_entry(place, row) for place, row in enumerate(rows("_input", reports))]
    context = {
        "title": name(title) or DEFAULT_TITLE,
        "moment": at.words,
        "reports": [one for one in found if one["file"]],
        "failed": [one for one in found if one["failed"]],
        "labels": [label for _key, label, _change, _alert in sections.STATISTICS],
    }
    return _rendered("index.html.j2", context)


def _entry(place: int, row: Row) -> dict[str, Any]:
    tiles = sections.statistics(row["statistics"]) if row.get("statistics") else []
    values = tiles or [sections.Tile("", NOTHING)] * len(sections.STATISTICS)
    return {
        "name": first_name(row, "name"),
        "file": name(row.get("file")),
        "failed": text(row.get("failed")),
        "tiles": values,
    }
