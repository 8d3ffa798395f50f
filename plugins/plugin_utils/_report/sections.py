# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the sections of a report from the data that were read. Pure."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.plugin_utils._report.charts import (
    Bar,
    Chart,
    Month,
    make_bars,
    make_chart,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    MONTHS,
    ReportTime,
    Row,
    choose_name,
    format_change,
    format_count,
    format_day,
    format_name,
    format_number,
    format_text,
    parse_number,
    parse_time,
    parse_whole_number,
    require_mapping,
    require_rows,
)

SOON = timedelta(days=30)
_LONGEST_CHART = 24
# Key, label, the key of its change, and what anything but 0 means (api-behaviour: statistics).
STATISTICS = (
    ("current_customers", "Customers", "customers_number_change", ""),
    ("active_resources", "Resources", "resources_number_change", ""),
    ("active_and_paused_offerings", "Offerings", None, ""),
    ("active_campaigns", "Campaigns", None, ""),
    ("pending_orders", "Pending orders", None, "wait"),
    ("unresolved_tickets", "Open tickets", None, "wait"),
    ("erred_resources", "Failed resources", None, "error"),
)
_PROGRESS = ("completed", "begun", "untouched")
USER_KEYS = ("user_full_name", "user_username", "user_email", "user_uuid")


@dataclass(frozen=True)
class Tile:
    """A number with its label. ``trend`` is up, down or even where the change is known; ``alert`` is error or wait."""

    label: str
    value: str
    note: str = ""
    trend: str = ""
    alert: str = ""


@dataclass(frozen=True)
class Line:
    """A month of the table, with a bar beside it; ``amount`` is empty where nothing was billed."""

    month: Month
    amount: str
    share: Bar
    below: bool
    growing: bool


@dataclass(frozen=True)
class Revenue:
    """The revenue: tiles, the chart, and a table of all months, in which the largest amount has a full bar."""

    tiles: list[Tile]
    chart: Chart
    summary: str
    left_out: int
    growing: bool
    gaps: bool
    months: list[Line]


@dataclass(frozen=True)
class PendingUser:
    """A user who has not completed a checklist, and their progress."""

    name: str
    detail: str


@dataclass(frozen=True)
class Offering:
    """The compliance of an offering. ``bars`` are its accounts that completed, started and did not start the checklist.

    ``pending`` is None where names were not read; ``shared_name`` says that another offering has the same name.
    """

    name: str
    checklist: str
    total: int
    completed: int
    begun: int
    untouched: int
    rate: str
    bars: list[tuple[str, Bar]]
    pending: list[PendingUser] | None
    shared_name: bool

    @property
    def waiting(self) -> int:
        """The number of accounts that have not completed the checklist."""
        return self.begun + self.untouched


@dataclass(frozen=True, slots=True)
class Grant:
    """A role grant with its user and expiry. ``level`` is ended, soon, later or never."""

    user: str
    login: str
    role: str
    since: str
    age: str
    until: str
    distance: str
    level: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account that needs attention. ``level`` is error, pending or message."""

    username: str
    user: str
    login: str
    offering: str
    state: str
    message: str
    link: str
    changed: str
    age: str
    level: str


# --- numbers ---------------------------------------------------------------------------------------------------------


def make_statistics(value: Any) -> list[Tile]:
    """Return a tile for each statistic; two of the nine numbers are changes of others (api-behaviour: statistics)."""
    values = require_mapping("statistics", value)
    numbers = {key: parse_number(f"statistics.{key}", number) for key, number in values.items() if key in _KNOWN}
    tiles = []
    for key, label, changes, alert in STATISTICS:
        value, change = numbers.get(key), numbers.get(changes or "")
        note = f"{format_change(change)} this month" if change is not None else ""
        tiles.append(Tile(label, format_number(value), note, _find_trend(change), alert if value else ""))
    return tiles


_KNOWN = {key for row in STATISTICS for key in (row[0], row[2])}


def _find_trend(change: float | None) -> str:
    """Return the direction of a change."""
    return "" if change is None else "up" if change > 0 else "down" if change < 0 else "even"


def make_counts(value: Any) -> list[Tile]:
    """Return a tile for each list whose length is known, as the facts hold them."""
    numbers = {key: parse_number(f"counts.{key}", number) for key, number in require_mapping("counts", value).items()}
    labels = {key: format_name(key).replace("_", " ").capitalize().replace("Ssh", "SSH") for key in numbers}
    return [Tile(labels[key], format_number(number)) for key, number in numbers.items() if number is not None]


def make_revenue(value: Any, report_time: ReportTime) -> Revenue | None:
    """Return the months in their order, those without an invoice too; None if there is no invoice at all."""
    totals = _sum_months(value)
    if not totals:
        return None
    # Months up to now without an invoice are a gap at the end; beside very old months they would be all of the chart.
    last = max(totals) if report_time.month - max(totals) > _LONGEST_CHART else max(*totals, report_time.month)
    first = min(totals)
    shown = [Month(index, totals.get(index)) for index in range(max(first, last - _LONGEST_CHART + 1), last + 1)]
    older = sorted(index for index in totals if index < shown[0].index)
    months = [*(Month(index, totals[index]) for index in older), *shown]
    most = max(abs(total) for total in totals.values())
    return Revenue(
        tiles=_make_revenue_tiles(totals, report_time),
        chart=make_chart(shown, report_time.month),
        summary=_summarize(shown),
        left_out=len(older),
        growing=report_time.month in totals and shown[0].index <= report_time.month,
        gaps=any(month.total is None for month in shown),
        months=[_make_line(month, most, report_time) for month in months],
    )


def _sum_months(value: Any, where: str = "revenue") -> dict[int, float]:
    """Return the revenue by the number of the month since year 0, of the months with an invoice."""
    totals: dict[int, float] = {}
    for number, row in enumerate(require_rows(where, value)):
        row_name = f"{where}[{number}]"
        year = parse_whole_number(f"{row_name}.year", row.get("year"), 1, 9999)
        index = year * 12 + parse_whole_number(f"{row_name}.month", row.get("month"), 1, 12) - 1
        total = parse_number(f"{row_name}.total", row.get("total"))
        if total is not None:
            totals[index] = totals.get(index, 0) + total
    return totals


def sum_last_year(value: Any, report_time: ReportTime, where: str) -> float | None:
    """Return the revenue of the last twelve complete months; None if nothing was billed in them."""
    year = _find_last_year(_sum_months(value, where), report_time)
    return sum(year) if year else None


def _find_last_year(totals: Mapping[int, float], report_time: ReportTime) -> list[float]:
    return [total for index, total in totals.items() if report_time.month - 12 <= index < report_time.month]


def _make_line(month: Month, most: float, report_time: ReportTime) -> Line:
    total = month.total or 0
    (share,) = make_bars([abs(total)], most)
    amount = "" if month.total is None else format_number(total)
    return Line(month, amount, share, total < 0, month.index == report_time.month)


def _summarize(months: Sequence[Month]) -> str:
    """Return the chart as a sentence, for screen readers."""
    totals = [(month.total, month.name) for month in months if month.total is not None]
    low, high = min(totals, key=lambda total: total[0]), max(totals, key=lambda total: total[0])
    return (
        f"Revenue from {months[0].name} to {months[-1].name}: the lowest is {format_number(low[0])} in {low[1]}, the"
        f" highest {format_number(high[0])} in {high[1]}."
    )


def _make_revenue_tiles(totals: Mapping[int, float], report_time: ReportTime) -> list[Tile]:
    """Return the last complete month beside the one before it, this month so far, and the last twelve months."""
    current = report_time.month
    last, previous = totals.get(current - 1), totals.get(current - 2)
    note, trend = "", ""
    if last is not None and previous is not None:
        note = f"{_format_relative_change(last, previous)} on {_name_month(current - 2)}"
        trend = _find_trend(last - previous)
    tiles = [
        Tile(f"{_name_month(current - 1)} {(current - 1) // 12}", format_number(last), note, trend),
        Tile(f"{_name_month(current)} so far", format_number(totals.get(current))),
    ]
    year = _find_last_year(totals, report_time)
    if year:
        billed = format_count(len(year), "month", "months") + " billed"
        tiles.append(Tile(f"Twelve months until {_name_month(current - 1)}", format_number(sum(year)), billed))
    return tiles


def _name_month(index: int) -> str:
    return MONTHS[index % 12]


def _format_relative_change(value: float, previous: float) -> str:
    """Return a change in percent, as a difference where a percentage means little."""
    if previous <= 0 or abs(value) > previous * 100:
        return format_change(value - previous)
    return f"{format_change(round((value - previous) / previous * 100))} %"


# --- users -----------------------------------------------------------------------------------------------------------


def make_compliance(value: Any) -> list[Offering]:
    """Return the offerings with a checklist, the lowest rate of completion first.

    ``offering_users`` are accounts, of which the pending ones are named, or only their number by status, as in facts.
    """
    data = require_mapping("compliance", value)
    overview = require_rows("compliance.overview", data.get("overview") or [])
    accounts = data.get("offering_users")
    pending = None if accounts is None or isinstance(accounts, Mapping) else _list_pending(accounts)
    names = Counter(format_name(row.get("offering_name")) for row in overview)
    rated = [_make_offering(index, row, pending, names) for index, row in enumerate(overview)]
    return [offering for _rate, offering in sorted(rated, key=lambda item: (item[0], *_sort_key(item[1])))]


def _list_pending(accounts: Any) -> dict[str, list[PendingUser]]:
    """Return the users who have not completed the checklist, by the name of the offering.

    This list has no other key of the offering (api-behaviour: compliance-users).
    """
    pending: dict[str, list[PendingUser]] = {}
    for index, row in enumerate(require_rows("compliance.offering_users", accounts)):
        if row.get("compliance_status") == "pending":
            option = f"compliance.offering_users[{index}].completion_percentage"
            percentage = parse_number(option, row.get("completion_percentage")) or 0
            user = PendingUser(
                choose_name(row, "user_full_name", "user_email", "username"), f"{format_number(percentage)} %"
            )
            pending.setdefault(format_name(row.get("offering_name")), []).append(user)
    return {offering: sorted(users, key=_sort_key) for offering, users in pending.items()}


def _sort_key(item: PendingUser | Offering) -> tuple[str, str]:
    return item.name.casefold(), item.name


def _make_offering(
    index: int, row: Row, pending: Mapping[str, list[PendingUser]] | None, names: Mapping[str, int]
) -> tuple[float, Offering]:
    where = f"compliance.overview[{index}]"

    def count(key: str) -> int:
        return parse_whole_number(f"{where}.{key}", row.get(key) or 0, 0, 10**9)

    total, completed = count("total_users"), count("completed_users")
    # Those who have started and not completed it; the server does not count those who have not started
    # (api-behaviour: compliance-overview).
    begun = count("pending_users")
    untouched = max(total - completed - begun, 0)
    rate = completed / total * 100 if total else 100.0
    offering_name = format_name(row.get("offering_name"))
    return rate, Offering(
        name=choose_name(row, "offering_name", "offering_uuid"),
        checklist=format_name(row.get("checklist_name")),
        total=total,
        completed=completed,
        begun=begun,
        untouched=untouched,
        rate=f"{format_number(round(rate, 1))} %" if total else "",
        bars=list(zip(_PROGRESS, make_bars([completed, begun, untouched], max(total, completed + begun)), strict=True)),
        pending=None if pending is None else pending.get(offering_name, []),
        shared_name=names[offering_name] > 1,
    )


def make_grants(value: Any, report_time: ReportTime, soon: timedelta) -> list[Grant]:
    """Return the role grants, the earliest expiry first, those without an expiry last.

    Those that end within ``soon`` are marked; whole days of UTC are counted.
    """
    ordered = []
    for index, row in enumerate(require_rows("roles", value)):
        until = parse_time(f"roles[{index}].expiration_time", row.get("expiration_time"))
        since = parse_time(f"roles[{index}].created", row.get("created"))
        grant = _make_grant(row, until, since, report_time, soon)
        order = (until is None, until.timestamp() if until else 0, grant.user.casefold(), grant.login, grant.role)
        ordered.append((order, grant))
    return [grant for _order, grant in sorted(ordered, key=lambda item: item[0])]


def _make_grant(
    row: Row, until: datetime | None, since: datetime | None, report_time: ReportTime, soon: timedelta
) -> Grant:
    user, login = choose_name(row, *USER_KEYS), format_name(row.get("user_username"))
    return Grant(
        user=user,
        login="" if login == user else login,
        role=choose_name(row, "role_name", "role_uuid"),
        since=format_day(since),
        age=report_time.format_distance(since) if since else "",
        until=format_day(until) if until else "never",
        distance=report_time.format_distance(until) if until else "",
        level=_rank_expiry(until, report_time, soon),
    )


def _rank_expiry(until: datetime | None, report_time: ReportTime, soon: timedelta) -> str:
    """Return whether a role grant has ended, ends soon, ends later, or never ends."""
    if until is None:
        return "never"
    days = report_time.count_days_until(until)
    has_ended = until <= report_time.timestamp if report_time.has_time else days < 0
    return "ended" if has_ended else "soon" if timedelta(days=days) < soon else "later"


def count_expiring(value: Any, report_time: ReportTime, soon: timedelta, where: str) -> int:
    """Return how many role grants have ended or end within ``soon``."""
    rows = require_rows(where, value)
    times = (
        parse_time(f"{where}[{index}].expiration_time", row.get("expiration_time")) for index, row in enumerate(rows)
    )
    return sum(_rank_expiry(until, report_time, soon) in ("ended", "soon") for until in times)


def make_accounts(value: Any, report_time: ReportTime, where: str = "offering_usernames") -> list[Account] | None:
    """Return the accounts that have failed, that are pending, or that have a message, the failed ones first.

    ``where`` is what messages call the list. None if the accounts have no state, as those of an old Waldur
    (api-behaviour: editions-2024-keys).
    """
    rows = require_rows(where, value)
    if rows and not any(row.get("state") or row.get("runtime_state") for row in rows):
        return None
    accounts = [
        account for index, row in enumerate(rows) if (account := _make_account(f"{where}[{index}]", row, report_time))
    ]
    return sorted(accounts, key=_rank_account)


def _rank_account(account: Account) -> tuple[int, str, str, str, str, str, str, str, str, str, str]:
    """Return by what accounts are sorted; all their values, so that the order of the rows does not matter."""
    rank = _LEVELS.index(account.level), account.offering.casefold(), account.user.casefold()
    names = account.username, account.user, account.login, account.offering
    return *rank, *names, account.state, account.message, account.link, account.changed


_LEVELS = ("error", "pending", "message")


def _make_account(where: str, row: Row, report_time: ReportTime) -> Account | None:
    state, runtime_state = format_name(row.get("state")), format_name(row.get("runtime_state"))
    message = format_text(row.get("error_message") or row.get("service_provider_comment"))
    level = next(
        (level for level in _LEVELS[:2] if any(text.casefold().startswith(level) for text in (state, runtime_state))),
        "",
    )
    if not level and (not message or state == "Deleted"):
        return None
    user, login = choose_name(row, *USER_KEYS), format_name(row.get("user_username"))
    modified = parse_time(f"{where}.modified", row.get("modified"))
    return Account(
        username=choose_name(row, "username"),
        user=user,
        login="" if login == user else login,
        # Many accounts share these, so one text of each is kept.
        offering=sys.intern(choose_name(row, "offering_name", "offering_uuid")),
        state=sys.intern(
            runtime_state if level == "pending" and not state.casefold().startswith(level) else state or runtime_state
        ),
        message=message,
        link=format_name(row.get("service_provider_comment_url")),
        changed=format_day(modified),
        age=report_time.format_distance(modified) if modified else "",
        level=level or "message",
    )
