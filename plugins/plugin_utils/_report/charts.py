# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute the geometry of a report's charts: axes with round numbers, columns, bars. Pure; the templates draw it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    MONTHS,
    format_compact,
    format_number,
)

WIDTH, HEIGHT = 1000, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 6, 26, 50
_TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)
_WIDEST_COLUMN = 46
_LEAST_SHOWN = 2.0  # so that a month of little is not taken for one of nothing


@dataclass(frozen=True)
class Month:
    """One month of a chart. ``index`` counts months since year 0; ``total`` is None where nothing was invoiced."""

    index: int
    total: float | None

    @property
    def year(self) -> int:
        """The year."""
        return self.index // 12

    @property
    def name(self) -> str:
        """``November 2026``."""
        return f"{MONTHS[self.index % 12]} {self.year}"


@dataclass(frozen=True)
class Tick:
    """A line of the scale, at the height ``y``."""

    y: float
    label: str
    zero: bool


@dataclass(frozen=True)
class Column:
    """A month as it is drawn; ``height`` is 0 where there is nothing to draw."""

    month: Month
    x: float
    width: float
    y: float
    height: float
    middle: float
    label: str
    exact: str
    label_y: float
    growing: bool
    below: bool

    @property
    def letters(self) -> str:
        """``Nov``."""
        return MONTHS[self.month.index % 12][:3]


@dataclass(frozen=True)
class Year:
    """Where a year begins on the axis, and how it is labelled."""

    x: float
    label: str
    line: bool


@dataclass(frozen=True)
class Chart:
    """A chart of columns by month."""

    ticks: list[Tick]
    columns: list[Column]
    years: list[Year]
    small: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def make_ticks(values: Sequence[float]) -> list[float]:
    """Return evenly spaced round numbers that cover 0 and all *values*."""
    low, high = min([0, *values]), max([0, *values])
    if low == high:
        return [0, 1]
    rough = (high - low) / _TICKS
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(magnitude * factor for factor in _STEPS if magnitude * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # The tolerance for values that floats can't hold exactly must not cut a large value off.
    first -= step * first > low
    last += step * last < high
    return [round(step * number, 10) for number in range(first, last + 1)]


def make_chart(months: Sequence[Month], growing: int) -> Chart:
    """Return the chart of consecutive *months*. The month with the index *growing* is not complete."""
    marks = make_ticks([month.total for month in months if month.total is not None])
    # Labels below negative columns need space of their own.
    floor = HEIGHT - _BOTTOM - (16 if marks[0] < 0 else 0)
    scale = (floor - _TOP) / (marks[-1] - marks[0])
    slot = (WIDTH - _LEFT - _RIGHT) / len(months)
    zero = floor + marks[0] * scale
    lines = [Tick(_round(zero - mark * scale), format_compact(mark), mark == 0) for mark in marks]
    columns = [
        _make_column(month, _LEFT + slot * number, slot, zero, scale, growing) for number, month in enumerate(months)
    ]
    return Chart(lines, columns, _make_years(months, slot), len(months) > 16)


def _make_column(month: Month, left: float, slot: float, zero: float, scale: float, growing: int) -> Column:
    total = month.total or 0
    width = min(_WIDEST_COLUMN, slot * 0.68)
    height = max(abs(total) * scale, _LEAST_SHOWN) if total else 0
    top = zero if total < 0 else zero - height
    return Column(
        month,
        x=_round(left + (slot - width) / 2),
        width=_round(width),
        y=_round(top),
        height=_round(height),
        middle=_round(left + slot / 2),
        label="" if month.total is None else format_compact(month.total),
        exact="nothing billed" if month.total is None else format_number(month.total),
        label_y=_round(top + height + 14 if total < 0 else top - 7),
        growing=month.index == growing,
        below=total < 0,
    )


def _make_years(months: Sequence[Month], slot: float) -> list[Year]:
    """Return the labels of the first month and each January; a first year too short for its label has none."""
    years = []
    for number, month in enumerate(months):
        if number == 0 or month.index % 12 == 0:
            width = min(12 - month.index % 12, len(months) - number) * slot
            years.append(Year(_round(_LEFT + slot * number), str(month.year) if width > 44 else "", number > 0))
    return years


@dataclass(frozen=True)
class Bar:
    """A segment of a bar of the length 100."""

    start: float
    length: float


def make_bars(amounts: Sequence[float], total: float) -> list[Bar]:
    """Return a segment for each amount on a bar whose length 100 stands for *total*; none passes the end."""
    segments: list[Bar] = []
    start = 0.0
    for amount in amounts:
        length = min(max(amount, 0) / total * 100, 100 - start) if total > 0 else 0
        segments.append(Bar(_round(start), _round(length)))
        start += length
    return segments


def _round(value: float) -> float:
    return round(value, 2) + 0.0  # never -0.0
