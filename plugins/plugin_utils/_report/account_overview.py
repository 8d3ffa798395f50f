# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the section about accounts of a report from the fact ``accounts``. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waldur.provider.plugins.plugin_utils._report.charts import Bar, make_bars
from ansible_collections.waldur.provider.plugins.plugin_utils._report.sections import (
    USER_KEYS,
    Account,
    Tile,
    make_accounts,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    ReportTime,
    Row,
    choose_name,
    format_count,
    format_name,
    format_number,
    parse_number,
    parse_whole_number,
    require_mapping,
    require_rows,
)

_LARGEST_ID = 2**32
_RANGE_LABELS = {"uid": "UIDs", "gid": "GIDs", "group_gid": "GIDs of project groups"}
_DEFAULT_THRESHOLD = 80


@dataclass(frozen=True)
class NamedItem:
    """A user or an offering, and what there is to say about it."""

    name: str
    detail: str


@dataclass(frozen=True)
class NumberRange:
    """A range of POSIX IDs: how many of its numbers are used.

    ``level`` is soon from the threshold of the server on, and error where none is left.
    """

    label: str
    used: str
    capacity: str
    percentage: str
    used_bar: Bar
    level: str


@dataclass(frozen=True)
class AccountOverview:
    """The accounts of a provider: numbers, and what needs attention.

    ``sentence`` says why no account is listed, or is empty. ``accounts`` is None where Waldur returns no states of
    accounts, ``conflicts`` and ``overriding`` where they could not be read. ``ranges`` is empty where there is no pool,
    or none that the token sees; they are marked from the ``threshold`` on.
    """

    tiles: list[Tile]
    accounts: list[Account] | None
    sentence: str = ""
    conflicts: list[NamedItem] | None = None
    without_username: list[NamedItem] = field(default_factory=list)
    ranges: list[NumberRange] = field(default_factory=list)
    threshold: str = ""
    overriding: list[NamedItem] | None = None


def make_account_overview(value: Any, report_time: ReportTime) -> AccountOverview:
    """Return the section of the fact ``accounts``. Raises ``InvalidInput`` for data of another form."""
    facts = require_mapping("accounts", value)
    unfinished = facts.get("unfinished")
    accounts = None if unfinished is None else make_accounts(unfinished, report_time, "accounts.unfinished")
    conflicts = _make_optional_items(facts, "username_conflicts", _describe_conflict)
    without_username = _make_items(facts, "without_username", _describe_missing_username)
    pool = require_mapping("accounts.posix_id_pool", facts.get("posix_id_pool") or {})
    return AccountOverview(
        tiles=_make_tiles(facts, accounts, conflicts, without_username),
        accounts=accounts,
        sentence=_explain_missing_accounts(accounts, has_accounts=bool(facts.get("total"))),
        conflicts=conflicts,
        without_username=without_username,
        ranges=_make_ranges(pool),
        threshold=_format_percentage(_parse_threshold(pool)),
        overriding=_make_optional_items(facts, "overriding_offerings", _describe_overriding_offering),
    )


def make_account_list(value: Any, report_time: ReportTime) -> AccountOverview:
    """Return the section of a list of accounts alone. Raises ``InvalidInput`` for data of another form."""
    accounts = make_accounts(value, report_time)
    return AccountOverview([], accounts, _explain_missing_accounts(accounts, has_accounts=bool(value)))


def _explain_missing_accounts(accounts: Sequence[Account] | None, *, has_accounts: bool) -> str:
    """Return why no account is listed; an empty text where some are."""
    if accounts is None:
        return "This Waldur does not return the state of accounts."
    if accounts:
        return ""
    return "No account needs attention." if has_accounts else "There are no accounts."


def _make_tiles(
    facts: Row,
    accounts: Sequence[Account] | None,
    conflicts: Sequence[NamedItem] | None,
    without_username: Sequence[NamedItem],
) -> list[Tile]:
    total = parse_whole_number("accounts.total", facts.get("total") or 0, 0, 10**9)
    tiles = [Tile("Accounts", format_number(total))]
    if accounts is not None:
        levels = Counter(account.level for account in accounts)
        tiles += [_make_alert("Failed", levels["error"], "error"), _make_alert("Pending", levels["pending"], "wait")]
    tiles.append(_make_alert("Users without a username", len(without_username), "wait"))
    if conflicts is not None:
        tiles.append(_make_alert("Username conflicts", len(conflicts), "wait"))
    return tiles


def _make_alert(label: str, count: int, level: str) -> Tile:
    return Tile(label, format_number(count), alert=level if count else "")


def _make_items(facts: Row, key: str, describe: Callable[[Row, str], NamedItem]) -> list[NamedItem]:
    rows = require_rows(f"accounts.{key}", facts.get(key) or [])
    return [describe(row, f"accounts.{key}[{index}]") for index, row in enumerate(rows)]


def _make_optional_items(facts: Row, key: str, describe: Callable[[Row, str], NamedItem]) -> list[NamedItem] | None:
    return None if facts.get(key) is None else _make_items(facts, key, describe)


def _describe_conflict(row: Row, where: str) -> NamedItem:
    """Return a user whose accounts have different usernames, and these usernames."""
    candidates = require_rows(f"{where}.candidates", row.get("candidates") or [])
    names = [
        f"{choose_name(candidate, 'username')} ({_count_offerings(candidate, f'{where}.candidates[{index}]')})"
        for index, candidate in enumerate(candidates)
    ]
    return NamedItem(choose_name(row, *USER_KEYS), ", ".join(names))


def _count_offerings(candidate: Row, where: str) -> str:
    count = parse_whole_number(f"{where}.offering_count", candidate.get("offering_count") or 0, 0, 10**9)
    return format_count(count, "offering", "offerings")


def _describe_missing_username(row: Row, where: str) -> NamedItem:
    return NamedItem(choose_name(row, *USER_KEYS), _join_names(row.get("offerings")))


def _join_names(value: Any) -> str:
    names = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else [value]
    return ", ".join(format_name(name) for name in names)


def _describe_overriding_offering(row: Row, where: str) -> NamedItem:
    settings = require_mapping(f"{where}.settings", row.get("settings") or {})
    values = [f"{format_name(key)}: {format_name(value)}" for key, value in settings.items()]
    return NamedItem(choose_name(row, "name", "uuid"), ", ".join(values))


def _parse_threshold(pool: Row) -> float:
    """Return the percentage from which Waldur warns that numbers run out (api-behaviour: posix-pools-stats)."""
    threshold = parse_number("accounts.posix_id_pool.utilization_threshold", pool.get("utilization_threshold"))
    return _DEFAULT_THRESHOLD if threshold is None else threshold


def _make_ranges(pool: Row) -> list[NumberRange]:
    return [
        _make_range(f"accounts.posix_id_pool.{key}", label, pool[key], _parse_threshold(pool))
        for key, label in _RANGE_LABELS.items()
        if pool.get(key) is not None
    ]


def _make_range(where: str, label: str, value: Any, threshold: float) -> NumberRange:
    numbers = require_mapping(where, value)
    used = parse_whole_number(f"{where}.used", numbers.get("used") or 0, 0, _LARGEST_ID)
    capacity = parse_whole_number(f"{where}.capacity", numbers.get("capacity") or 0, 0, _LARGEST_ID)
    percentage = used / capacity * 100 if capacity else 100.0
    (used_bar,) = make_bars([used], max(capacity, used, 1))
    return NumberRange(
        label=label,
        used=format_number(used),
        capacity=format_number(capacity),
        # Rounded down, so that 100 % means that none is left.
        percentage=_format_percentage(math.floor(percentage * 10) / 10),
        used_bar=used_bar,
        level="error" if used >= capacity else "soon" if percentage >= threshold else "",
    )


def _format_percentage(value: float) -> str:
    return f"{format_number(value)} %"
