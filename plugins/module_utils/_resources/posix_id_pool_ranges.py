# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ranges of a POSIX ID pool, and the rules for them (api-behaviour: posix-pools-ranges, posix-pools-shrink). Pure.

A range is given by its first and its last number. Ranges that hold numbers of one column of an identity must not have
any in common: those of GIDs and of GIDs for project groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._common.types import Row

SMALLEST, LARGEST = 1000, 4294967294
# Messages name so many numbers.
MOST_NAMED = 3

Span = tuple[int, int]
# What messages call an option, by its name.
OptionName = Callable[[str], str]


@dataclass(frozen=True)
class NumberRange:
    """One range of a pool. ``column`` is the key of an identity that holds its numbers."""

    name: str
    label: str
    column: str

    @property
    def first(self) -> str:
        """The key of the first number."""
        return f"min_{self.name}"

    @property
    def last(self) -> str:
        """The key of the last number."""
        return f"max_{self.name}"

    def span(self, values: Mapping[str, Any]) -> Span | None:
        """Return the first and the last number in ``values``; None where there is no such range."""
        first, last = values.get(self.first), values.get(self.last)
        return None if first is None or last is None else (first, last)


UID = NumberRange("uid", "UID", "uid")
GID = NumberRange("gid", "GID", "gid")
GROUP_GID = NumberRange("group_gid", "project group GID", "gid")
RANGES = (UID, GID, GROUP_GID)
COLUMNS = ("uid", "gid")


def spans_overlap(first: Span | None, second: Span | None) -> bool:
    """Return whether two ranges have a number in common."""
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


def excluded_spans(column: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Span]:
    """Return which numbers of a column lie in a range of ``before`` and in none of ``after``."""
    own = [range_ for range_ in RANGES if range_.column == column]
    left = [span for range_ in own if (span := range_.span(before))]
    for range_ in own:
        if cut := range_.span(after):
            left = [remainder for span in left for remainder in _subtract(span, cut)]
    return left


def _subtract(span: Span, cut: Span) -> Iterator[Span]:
    if not spans_overlap(span, cut):
        yield span
        return
    if span[0] < cut[0]:
        yield span[0], cut[0] - 1
    if span[1] > cut[1]:
        yield cut[1] + 1, span[1]


def format_span(span: Span) -> str:
    """Return a range as messages show it."""
    return f"{span[0]} to {span[1]}"


def list_numbers(numbers: Sequence[int]) -> str:
    """Return the first numbers, and whether there are more."""
    shown = ", ".join(map(str, numbers[:MOST_NAMED]))
    return f"{shown} and more" if len(numbers) > MOST_NAMED else shown


def check_order(values: Mapping[str, Any], desired: Iterable[str], option: OptionName) -> Iterator[str]:
    """Yield what is wrong within the ranges of ``values``; ``desired`` are the keys that the user set."""
    keys = set(desired)
    for range_ in RANGES:
        span = range_.span(values)
        if span and span[0] > span[1]:
            name = range_.last if range_.last in keys else range_.first
            yield (
                f"{option(name)}: the {range_.label} range would be {format_span(span)}, which ends before it begins:"
                f" set a {range_.first} that is not above {range_.last}."
            )
    gids, groups = GID.span(values), GROUP_GID.span(values)
    if gids and groups and spans_overlap(gids, groups):
        name = next((key for key in (GROUP_GID.first, GROUP_GID.last, GID.first, GID.last) if key in keys), GID.last)
        yield (
            f"{option(name)}: the range of project group GIDs ({format_span(groups)}) overlaps the GID range"
            f" ({format_span(gids)}): separate the two."
        )


def end_problems(values: Mapping[str, Any], option: OptionName) -> Iterator[str]:
    """Yield what is missing in the ranges of ``values``, which are all that the pool would have."""
    for range_ in RANGES:
        missing = [key for key in (range_.first, range_.last) if values.get(key) is None]
        if len(missing) == 1:
            yield (
                f"{option(missing[0])}: is missing: the {range_.label} range needs both {range_.first} and"
                f" {range_.last}."
            )
    if all(values.get(key) is None for range_ in (UID, GID) for key in (range_.first, range_.last)):
        yield (
            f"{option(UID.first)}: is missing: a pool needs a UID range or a GID range: set {UID.first} and {UID.last},"
            f" or {GID.first} and {GID.last}."
        )


def overlap_problems(
    values: Mapping[str, Any], desired: Iterable[str], others: Sequence[Row], option: OptionName
) -> Iterator[str]:
    """Yield which ranges of ``values`` overlap those of other pools of the same provider; ``desired`` as above."""
    keys = set(desired)
    for range_ in RANGES:
        span = range_.span(values)
        if span is None or not {range_.first, range_.last} & keys:
            continue
        name = range_.first if range_.first in keys else range_.last
        for pool in others:
            for taken in RANGES:
                taken_span = taken.span(pool)
                if taken_span and taken.column == range_.column and spans_overlap(span, taken_span):
                    yield (
                        f"{option(name)}: the {range_.label} range ({format_span(span)}) overlaps the {taken.label}"
                        f" range ({format_span(taken_span)}) of the pool of the offering {pool.get('offering')}: choose"
                        " other numbers."
                    )


def shrink_problems(
    values: Mapping[str, Any], numbers_in_use: Mapping[str, Sequence[int]], desired: Iterable[str], option: OptionName
) -> Iterator[str]:
    """Yield which numbers in use the ranges of ``values`` would leave out; ``numbers_in_use`` has them by column."""
    keys = [key for key in desired if key.startswith(("min_", "max_"))]
    for column, numbers in numbers_in_use.items():
        own = [range_ for range_ in RANGES if range_.column == column]
        changed = [key for range_ in own for key in (range_.first, range_.last) if key in keys]
        if numbers and changed:
            nearest = [
                range_.first if numbers[0] < span[0] else range_.last for range_ in own if (span := range_.span(values))
            ]
            name = next((key for key in nearest if key in changed), changed[0])
            yield (
                f"{option(name)}: the new range would leave out {column.upper()}s that are in use"
                f" ({list_numbers(numbers)}): include them."
            )
