# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists in pages (contract 1.5): all of them, each row once, and never a row too few unnoticed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import dumps
from typing import Any

from ._errors import NotFound, WaldurError
from ._operations import Operation

PAGE_SIZE = 300
PAGES_AT_ONCE = 8

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One answer: its rows, how many the whole list has where the server says it (``X-Result-Count``), and whether
    there is a next page (``Link``)."""

    rows: list[Row]
    count: int | None
    more: bool = False


Fetch = Callable[[int, int], Page]


def all_rows(fetch: Fetch, listing: Operation) -> list[Row]:
    """Every row. ``fetch`` takes a page's number, from 1, and its size.

    The number of different rows is checked against the one that was announced last; where it differs the list is read
    once more, and then it is a ``WaldurError``.
    """
    found, expected = _read(fetch, listing)
    if expected not in (None, len(found)):
        found, expected = _read(fetch, listing)
    if expected not in (None, len(found)):
        raise WaldurError(
            f"Cannot {listing.title}: Waldur announced {expected} rows and gave {len(found)} different ones, twice;"
            " the list is changing or its pages overlap: run again."
        )
    return found


def first_rows(fetch: Fetch, listing: Operation, limit: int, keep: Callable[[Row], bool] | None) -> list[Row]:
    """The first ``limit`` rows that ``keep`` takes, with the fewest and smallest pages."""
    size = min(PAGE_SIZE, limit)
    page = fetch(1, size)
    taken = _taken(page.rows, keep)
    whole = page.count is not None and page.count <= len(page.rows) and not page.more
    if len(taken) >= limit or not listing.paginated or whole:
        return taken[:limit]
    rows = _once_each(_pages_until(fetch, lambda rows: len(_taken(rows, keep)) >= limit))
    if len(_taken(rows, keep)) < limit and page.count not in (None, len(rows)):
        rows = all_rows(fetch, listing)  # pages overlapped, so one of the missing may be there
    return _taken(rows, keep)[:limit]


def _taken(rows: Iterable[Row], keep: Callable[[Row], bool] | None) -> list[Row]:
    return [row for row in _once_each(rows) if keep is None or keep(row)]


def _read(fetch: Fetch, listing: Operation) -> tuple[list[Row], int | None]:
    first = fetch(1, PAGE_SIZE)
    rows, expected = list(first.rows), first.count
    if not listing.paginated or not rows:
        return _once_each(rows), expected if listing.paginated else None
    if expected is None:  # a proxy that drops headers, perhaps: go on until there are no more
        return _once_each(_pages_until(fetch, lambda rows: False, first)), None
    # The server decides the size of a page; what the first one held tells how many there are.
    size, pages = len(rows), [first]
    numbers = range(2, math.ceil(expected / size) + 1)
    if numbers:
        with ThreadPoolExecutor(min(PAGES_AT_ONCE, len(numbers))) as pool:
            pages += pool.map(lambda number: _later(fetch, number, size), numbers)
    found = _once_each(row for page in pages for row in page.rows)
    while pages[-1].more:  # the list has grown, or the count was wrong
        pages.append(_later(fetch, len(pages) + 1, size))
        before, found = len(found), _once_each([*found, *pages[-1].rows])
        if len(found) == before:
            break
    return found, next(page.count for page in reversed(pages) if page.count is not None)


def _later(fetch: Fetch, number: int, size: int) -> Page:
    """A page after the first; an empty one where the list has become shorter than was announced."""
    try:
        return fetch(number, size)
    except NotFound:
        return Page([], None)


def _pages_until(fetch: Fetch, enough: Callable[[list[Row]], bool], first: Page | None = None) -> list[Row]:
    """The rows of page after page, until they are enough or a page is not there."""
    page = first or fetch(1, PAGE_SIZE)
    rows, number, size = list(page.rows), 1, len(page.rows)
    while not enough(rows) and (page.more or page.count is None or page.count > len(rows)):
        number += 1
        before = len(_once_each(rows))
        try:
            page = fetch(number, size)
        except NotFound:
            break
        rows.extend(page.rows)
        if len(_once_each(rows)) == before:  # empty, or a server that gives the whole list whatever page is asked for
            break
    return rows


def _once_each(rows: Iterable[Row]) -> list[Row]:
    """Unordered lists may repeat rows between pages. Rows without a UUID are told apart as a whole."""
    unique: dict[str, Row] = {}
    for row in rows:
        unique.setdefault(row.get("uuid") or dumps(row, sort_keys=True), row)
    return list(unique.values())
