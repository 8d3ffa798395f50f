# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a report: what the page shows of each list that was read. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._report.charts import Bar, Chart, Month, bars, chart
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    MONTHS,
    Now,
    Row,
    counted,
    day,
    first_name,
    grouped,
    mapping,
    moment,
    name,
    number,
    rows,
    signed,
    text,
    whole,
)

SOON = 30
_LONGEST_CHART = 24
# Key, label, the key of its change, and what anything but 0 means (api-behaviour: statistics).
STATISTICS = (
    ("current_customers", "Customers", "customers_number_change", ""),
    ("active_resources", "Resources", "resources_number_change", ""),
    ("active_and_paused_offerings", "Offerings", None, ""),
    ("active_campaigns", "Campaigns", None, ""),
    ("pending_orders", "Orders that wait", None, "wait"),
    ("unresolved_tickets", "Open tickets", None, "wait"),
    ("erred_resources", "Failed resources", None, "error"),
)
_PROGRESS = ("completed", "begun", "untouched")
_PERSON = ("user_full_name", "user_username", "user_email", "user_uuid")


@dataclass(frozen=True)
class Tile:
    """A number. ``trend`` is up, down or even where it is said how it changed; ``alert`` is error or wait."""

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
    """What was earned: tiles, the chart, and all months in a table, the largest amount of which has a whole bar."""

    tiles: list[Tile]
    chart: Chart
    summary: str
    left_out: int
    growing: bool
    gaps: bool
    months: list[Line]


@dataclass(frozen=True)
class Person:
    """Somebody who has not finished a checklist, and how far they are."""

    name: str
    detail: str


@dataclass(frozen=True)
class Offering:
    """How far the users of an offering are. ``bars`` are those who finished, who began, and the others.

    ``pending`` is None where names are not told, and ``shared_name`` says that another offering is called the same.
    """

    name: str
    checklist: str
    total: int
    completed: int
    begun: int
    untouched: int
    rate: str
    bars: list[tuple[str, Bar]]
    pending: list[Person] | None
    shared_name: bool

    @property
    def waiting(self) -> int:
        """How many have not finished."""
        return self.begun + self.untouched


@dataclass(frozen=True)
class Grant:
    """Who holds which role until when. ``level`` is ended, soon, later or never."""

    user: str
    login: str
    role: str
    since: str
    until: str
    distance: str
    level: str


@dataclass(frozen=True)
class Account:
    """An account in trouble, or with a message about it. ``level`` is error, pending or message."""

    username: str
    user: str
    login: str
    offering: str
    state: str
    message: str
    link: str
    changed: str
    level: str


# --- numbers ---------------------------------------------------------------------------------------------------------


def statistics(value: Any) -> list[Tile]:
    """A tile for each of the nine numbers, of which two are the changes of others (api-behaviour: statistics)."""
    given = mapping("statistics", value)
    found = {key: number(f"statistics.{key}", one) for key, one in given.items() if key in _KNOWN}
    tiles = []
    for key, label, changes, alert in STATISTICS:
        value, change = found.get(key), found.get(changes or "")
        note = f"{signed(change)} this month" if change is not None else ""
        tiles.append(Tile(label, grouped(value), note, _trend(change), alert if value else ""))
    return tiles


_KNOWN = {key for one in STATISTICS for key in (one[0], one[2])}


def _trend(change: float | None) -> str:
    return "" if change is None else "up" if change > 0 else "down" if change < 0 else "even"


def counts(value: Any) -> list[Tile]:
    """A tile for each list whose length is known, as the facts tell them."""
    given = mapping("counts", value)
    found = ((name(key).replace("_", " ").capitalize(), number(f"counts.{key}", one)) for key, one in given.items())
    return [Tile(label.replace("Ssh", "SSH"), grouped(count)) for label, count in found if count is not None]


def revenue(value: Any, now: Now) -> Revenue | None:
    """The months in their order; those without an invoice are there too. None where there is none at all."""
    totals: dict[int, float | None] = {}
    for place, row in enumerate(rows("revenue", value)):
        where = f"revenue[{place}]"
        year = whole(f"{where}.year", row.get("year"), 1, 9999)
        index = year * 12 + whole(f"{where}.month", row.get("month"), 1, 12) - 1
        total = number(f"{where}.total", row.get("total"))
        if total is not None:
            totals[index] = (totals.get(index) or 0) + total
    if not totals:
        return None
    # Months up to now without an invoice are a gap at the end; beside very old months they would be all of the chart.
    last = max(totals) if now.month - max(totals) > _LONGEST_CHART else max(*totals, now.month)
    first = min(totals)
    shown = [Month(index, totals.get(index)) for index in range(max(first, last - _LONGEST_CHART + 1), last + 1)]
    older = sorted(index for index in totals if index < shown[0].index)
    months = [*(Month(index, totals[index]) for index in older), *shown]
    most = max(abs(total or 0) for total in totals.values())
    return Revenue(
        tiles=_revenue_tiles(totals, now),
        chart=chart(shown, now.month),
        summary=_summary(shown),
        left_out=len(older),
        growing=now.month in totals and shown[0].index <= now.month,
        gaps=any(month.total is None for month in shown),
        months=[_line(month, most, now) for month in months],
    )


def _line(month: Month, most: float, now: Now) -> Line:
    total = month.total or 0
    (share,) = bars([abs(total)], most)
    return Line(month, "" if month.total is None else grouped(total), share, total < 0, month.index == now.month)


def _summary(months: Sequence[Month]) -> str:
    """The chart in a sentence, for those who do not see it."""
    told = [(month.total, month.name) for month in months if month.total is not None]
    low, high = min(told, key=lambda one: one[0]), max(told, key=lambda one: one[0])
    return (
        f"Revenue from {months[0].name} to {months[-1].name}: the lowest is {grouped(low[0])} in {low[1]}, the highest"
        f" {grouped(high[0])} in {high[1]}."
    )


def _revenue_tiles(totals: Mapping[int, float | None], now: Now) -> list[Tile]:
    """The last whole month beside the one before it, this month so far, and the last twelve whole months."""
    whole_month, before = totals.get(now.month - 1), totals.get(now.month - 2)
    note, trend = "", ""
    if whole_month is not None and before is not None:
        note, trend = f"{_change(whole_month, before)} on {_month(now.month - 2)}", _trend(whole_month - before)
    year = [total for index, total in totals.items() if now.month - 12 <= index < now.month and total is not None]
    tiles = [
        Tile(f"{_month(now.month - 1)} {(now.month - 1) // 12}", grouped(whole_month), note, trend),
        Tile(f"{_month(now.month)} so far", grouped(totals.get(now.month))),
    ]
    if year:
        tiles.append(
            Tile(
                f"Twelve months until {_month(now.month - 1)}",
                grouped(sum(year)),
                counted(len(year), "month", "months") + " billed",
            )
        )
    return tiles


def _month(index: int) -> str:
    return MONTHS[index % 12]


def _change(value: float, before: float) -> str:
    """In percent, where that means something."""
    if before <= 0 or abs(value) > before * 100:
        return signed(value - before)
    return f"{signed(round((value - before) / before * 100))} %"


# --- people ----------------------------------------------------------------------------------------------------------


def compliance(value: Any) -> list[Offering]:
    """The offerings with a checklist, the least finished first. ``offering_users`` are accounts, of which the pending
    ones are named, or only their number by status, as in facts."""
    given = mapping("compliance", value)
    overview = rows("compliance.overview", given.get("overview") or [])
    accounts = given.get("offering_users")
    people = None if accounts is None or isinstance(accounts, Mapping) else _pending(accounts)
    names = Counter(name(row.get("offering_name")) for row in overview)
    found = [_offering(place, row, people, names) for place, row in enumerate(overview)]
    return [
        offering for _rate, offering in sorted(found, key=lambda one: (one[0], one[1].name.casefold(), one[1].name))
    ]


def _pending(accounts: Any) -> dict[str, list[Person]]:
    """Who has not finished, by the name of the offering: this list tells no other key of it
    (api-behaviour: compliance-users)."""
    found: dict[str, list[Person]] = {}
    for place, row in enumerate(rows("compliance.offering_users", accounts)):
        if row.get("compliance_status") == "pending":
            done = number(f"compliance.offering_users[{place}].completion_percentage", row.get("completion_percentage"))
            person = Person(first_name(row, "user_full_name", "user_email", "username"), f"{grouped(done or 0)} %")
            found.setdefault(name(row.get("offering_name")), []).append(person)
    return {offering: sorted(people, key=_by_name) for offering, people in found.items()}


def _by_name(person: Person) -> tuple[str, str]:
    return person.name.casefold(), person.name


def _offering(
    place: int, row: Row, people: Mapping[str, list[Person]] | None, names: Mapping[str, int]
) -> tuple[float, Offering]:
    where = f"compliance.overview[{place}]"

    def count(key: str) -> int:
        return whole(f"{where}.{key}", row.get(key) or 0, 0, 10**9)

    total, completed = count("total_users"), count("completed_users")
    # Those who have begun and not finished; who has not begun is in no number of the server
    # (api-behaviour: compliance-overview).
    begun = count("pending_users")
    untouched = max(total - completed - begun, 0)
    rate = completed / total * 100 if total else 100.0
    called = name(row.get("offering_name"))
    return rate, Offering(
        name=first_name(row, "offering_name", "offering_uuid"),
        checklist=name(row.get("checklist_name")),
        total=total,
        completed=completed,
        begun=begun,
        untouched=untouched,
        rate=f"{grouped(round(rate, 1))} %" if total else "",
        bars=list(zip(_PROGRESS, bars([completed, begun, untouched], max(total, completed + begun)), strict=True)),
        pending=None if people is None else people.get(called, []),
        shared_name=names[called] > 1,
    )


def grants(value: Any, now: Now) -> list[Grant]:
    """The roles that are held, the one that ends first on top, those without an end last."""
    found = []
    for place, row in enumerate(rows("roles", value)):
        until = moment(f"roles[{place}].expiration_time", row.get("expiration_time"))
        grant = _grant(row, until, moment(f"roles[{place}].created", row.get("created")), now)
        order = (until is None, until.timestamp() if until else 0, grant.user.casefold(), grant.login, grant.role)
        found.append((order, grant))
    return [grant for _order, grant in sorted(found, key=lambda one: one[0])]


def _grant(row: Row, until: datetime | None, since: datetime | None, now: Now) -> Grant:
    user, login = first_name(row, *_PERSON), name(row.get("user_username"))
    level = "never"
    if until is not None:
        ended = until <= now.moment if now.timed else now.days_until(until) < 0
        level = "ended" if ended else "soon" if now.days_until(until) < SOON else "later"
    return Grant(
        user=user,
        login="" if login == user else login,
        role=first_name(row, "role_name", "role_uuid"),
        since=day(since),
        until=day(until) if until else "never",
        distance=now.distance(until) if until else "",
        level=level,
    )


def accounts(value: Any) -> list[Account] | None:
    """The accounts that failed, that wait for somebody, or about which the provider says something; the failed ones
    first. None where the accounts tell no state, as those of an old Waldur (api-behaviour: editions-2024-keys)."""
    given = rows("offering_usernames", value)
    if given and not any(row.get("state") or row.get("runtime_state") for row in given):
        return None
    found = [account for place, row in enumerate(given) if (account := _account(place, row))]
    return sorted(
        found, key=lambda one: (_LEVELS.index(one.level), one.offering.casefold(), one.user.casefold(), str(one))
    )


_LEVELS = ("error", "pending", "message")


def _account(place: int, row: Row) -> Account | None:
    state, used = name(row.get("state")), name(row.get("runtime_state"))
    message = text(row.get("error_message") or row.get("service_provider_comment"))
    level = next((level for level in _LEVELS[:2] if any(one.casefold().startswith(level) for one in (state, used))), "")
    if not level and (not message or state == "Deleted"):
        return None
    user, login = first_name(row, *_PERSON), name(row.get("user_username"))
    return Account(
        username=first_name(row, "username"),
        user=user,
        login="" if login == user else login,
        offering=first_name(row, "offering_name", "offering_uuid"),
        state=used if level == "pending" and not state.casefold().startswith(level) else state or used,
        message=message,
        link=name(row.get("service_provider_comment_url")),
        changed=day(moment(f"offering_usernames[{place}].modified", row.get("modified"))),
        level=level or "message",
    )


def known(value: Any, keys: Sequence[str]) -> Row:
    """*value* as a mapping of no other keys than *keys*. Raises ``InvalidInput``."""
    given = mapping("_input", value)
    other = sorted(str(key) for key in given if key not in keys)
    if other:
        raise InvalidInput(f"_input: has the key {name(other[0])!r}, and a report knows {', '.join(keys)}.")
    return given
