# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read lists page by page (api-behaviour: pagination): each row once, and a missing row is an error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import dumps

from .._api.operations import Operation
from .._common.errors import CHECK_API_URL, NotFound, WaldurError
from .._common.types import Row
from .body_parsing import LONGEST_LIST

PAGE_SIZE = 300
PAGES_AT_ONCE = 8
# With 300 rows a page, that is three times the longest list; a server may make its pages smaller.
_MOST_PAGES = 10_000


@dataclass(frozen=True)
class Page:
    """The rows of one response, the length of the whole list (``X-Result-Count``; None where the server does not give
    it), and whether there is a next page (``Link``)."""

    rows: list[Row]
    count: int | None
    has_next: bool = False


Fetch = Callable[[int, int], Page]
# Takes the number of pages that were read, and of all pages.
ReportPages = Callable[[int, int], None]


def _report_nothing(_read: int, _pages: int) -> None:
    """Ignore the number of pages."""


def all_rows(
    fetch: Fetch, listing: Operation, report_pages: ReportPages = _report_nothing, most_pages: int | None = None
) -> list[Row]:
    """Return every row. ``fetch`` takes the number of a page, from 1, and its size.

    ``report_pages`` is called in the thread of the caller while a long list is read.

    The number of different rows is checked against the one that was announced last; where it differs the list is read
    once more, and then it is a ``WaldurError``. It is one after the first page too where that announces more than
    ``most_pages``, or nothing, if there is such a limit. The pages of a list with that limit must all announce the same
    number: a row that ends and another that begins meanwhile would leave out a third one without a trace.
    """
    is_strict = most_pages is not None
    rows, counts = _read_all(fetch, listing, report_pages, most_pages)
    if not _is_complete(rows, counts, is_strict=is_strict):
        rows, counts = _read_all(fetch, listing, report_pages, most_pages)
    if not _is_complete(rows, counts, is_strict=is_strict):
        raise WaldurError(
            f"Cannot {listing.title}: Waldur reported {counts[-1]} rows but returned {len(rows)} distinct rows, in two"
            " attempts, because the list is changing or its pages overlap: run again."
        )
    return rows


def _is_complete(rows: list[Row], counts: list[int], *, is_strict: bool) -> bool:
    """Return whether the number of rows is the one that was announced last, and by all pages where ``is_strict``."""
    return not counts or (len(rows) == counts[-1] and not (is_strict and len(set(counts)) > 1))


def first_rows(fetch: Fetch, listing: Operation, limit: int, matches: Callable[[Row], bool] | None) -> list[Row]:
    """Return the first ``limit`` rows for which ``matches`` is true, with the fewest and smallest pages."""
    size = min(PAGE_SIZE, limit)
    page = fetch(1, size)
    first = _RowCollector(listing, matches)
    first.add(page.rows)
    whole = page.count is not None and page.count <= len(page.rows) and not page.has_next
    if len(first.kept) >= limit or not listing.paginated or whole:
        return first.kept[:limit]
    rows = _RowCollector(listing, matches)
    _read_until(fetch, rows, limit)
    if len(rows.kept) < limit and page.count not in (None, len(rows.unique)):
        rows = _RowCollector(listing, matches)
        rows.add(all_rows(fetch, listing))  # pages overlapped, so one of the missing may be there
    return rows.kept[:limit]


class _RowCollector:
    """Collects the rows of several pages, each once; ``kept`` are those for which ``matches`` is true.

    Unordered lists may repeat rows between pages. Rows without a UUID are compared as a whole.
    """

    def __init__(self, listing: Operation, matches: Callable[[Row], bool] | None = None) -> None:
        self.listing = listing
        self._matches = matches
        self.unique: dict[str, Row] = {}
        self.kept: list[Row] = []

    def add(self, rows: Iterable[Row]) -> int:
        """Add the rows that are new, and return their number. Raises ``WaldurError`` above ``LONGEST_LIST`` rows."""
        before = len(self.unique)
        for row in rows:
            uuid = row.get("uuid")
            key = uuid if uuid and isinstance(uuid, str) else dumps(row, sort_keys=True)
            if key in self.unique:
                continue
            self.unique[key] = row
            if self._matches is None or self._matches(row):
                self.kept.append(row)
        if len(self.unique) > LONGEST_LIST:
            raise _too_long(self.listing, len(self.unique))
        return len(self.unique) - before


def _too_long(listing: Operation, number: int) -> WaldurError:
    return WaldurError(
        f"Cannot {listing.title}: the list has {number:,} rows or more, or very small pages, and no more than"
        f" {LONGEST_LIST:,} rows in {_MOST_PAGES:,} pages are read: {CHECK_API_URL}."
    )


def _read_all(
    fetch: Fetch, listing: Operation, report_pages: ReportPages, most_pages: int | None
) -> tuple[list[Row], list[int]]:
    """Return the rows, and the numbers of rows that the pages announce, in the order of the pages."""
    first = fetch(1, PAGE_SIZE)
    rows, expected = _RowCollector(listing), first.count
    if most_pages is not None and _pages(first) > most_pages:
        raise WaldurError(f"Cannot {listing.title}: the list has more than {most_pages:,} pages.")
    if not listing.paginated or not first.rows:
        rows.add(first.rows)
        return rows.kept, [expected] if listing.paginated and expected is not None else []
    if expected is None:  # a proxy that drops headers, perhaps: go on until there are no more
        _read_until(fetch, rows, None, first)
        return rows.kept, []
    # The server decides the size of a page; the length of the first one gives their number.
    pages = int(_pages(first))
    if expected > LONGEST_LIST or pages > _MOST_PAGES:
        raise _too_long(listing, expected)
    rows.add(first.rows)
    last, counts = _read_in_parallel(fetch, rows, first, pages, report_pages)
    longest = _MOST_PAGES if most_pages is None else most_pages
    while last.page.has_next and last.number < longest:  # the list has grown, or the count was wrong
        last = _NumberedPage(last.number + 1, _fetch_later(fetch, last.number + 1, len(first.rows)))
        counts.append(last.page.count)
        if not rows.add(last.page.rows):
            break
    return rows.kept, [count for count in counts if count is not None]


def _pages(first: Page) -> float:
    """Return the number of pages that the first one announces; infinity where it announces nothing."""
    if not first.rows:
        return 1
    return math.inf if first.count is None else math.ceil(first.count / len(first.rows))


@dataclass(frozen=True)
class _NumberedPage:
    """A page with its number."""

    number: int
    page: Page


def _read_in_parallel(
    fetch: Fetch, rows: _RowCollector, first: Page, pages: int, report_pages: ReportPages
) -> tuple[_NumberedPage, list[int | None]]:
    """Read the pages after the first; return the last page, and the counts of all in their order.

    In batches, each twice as large as the one before, so that a count that is far too large ends with the first batch
    without a new row.
    """
    last, counts, batch = _NumberedPage(1, first), [first.count], PAGES_AT_ONCE
    with ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
        while last.number < pages:
            numbers = range(last.number + 1, min(pages, last.number + batch) + 1)
            batch_pages = []
            for page in pool.map(lambda number: _fetch_later(fetch, number, len(first.rows)), numbers):
                batch_pages.append(page)
                report_pages(last.number + len(batch_pages), pages)
            last, batch = _NumberedPage(numbers[-1], batch_pages[-1]), batch * 2
            counts += [page.count for page in batch_pages]
            if not rows.add(row for page in batch_pages for row in page.rows):
                break
    return last, counts


def _fetch_later(fetch: Fetch, number: int, size: int) -> Page:
    """Return a page after the first; an empty one where the list has become shorter than was announced."""
    try:
        return fetch(number, size)
    except NotFound:
        return Page([], None)


def _read_until(fetch: Fetch, rows: _RowCollector, limit: int | None, first: Page | None = None) -> None:
    """Read page after page, until ``limit`` rows are kept or a page is not there."""
    page = first or fetch(1, PAGE_SIZE)
    number, size, seen = 1, len(page.rows), len(page.rows)
    rows.add(page.rows)
    while (limit is None or len(rows.kept) < limit) and (page.has_next or page.count is None or page.count > seen):
        number += 1
        try:
            page = fetch(number, size)
        except NotFound:
            break
        seen += len(page.rows)
        if not rows.add(page.rows):  # empty, or a server that gives the whole list whatever page is asked for
            break
        if number >= _MOST_PAGES:
            raise _too_long(rows.listing, seen)
