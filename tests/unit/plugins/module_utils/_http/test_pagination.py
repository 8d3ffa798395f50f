# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages: all rows, or an error that says so; never a row too few unnoticed, and never without an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import NotFound, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._http import pagination
from ansible_collections.waldur.provider.plugins.module_utils._http.pagination import Page, all_rows, first_rows

KEYS, REVENUE = operation("keys"), operation("revenue")
CHANGING = "reported {} rows but returned {} distinct rows, in two attempts"


def rows(number: int, start: int = 0) -> list[Row]:
    return [{"uuid": f"{index:032x}", "name": f"row {index}"} for index in range(start, start + number)]


@dataclass
class Server:
    """A list in pages of at most ``largest``; what is not as usual is done by ``spoil`` to each page."""

    rows: list[Row]
    largest: int = 300
    counted: bool = True
    ignores_page: bool = False
    spoil: Callable[[int, list[Row]], list[Row]] = lambda page, rows: rows
    count: Callable[[int], int] = lambda real: real
    asked: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, page: int, size: int) -> Page:
        self.asked.append((page, size))
        assert len(self.asked) < 1000, "there is no end"
        size = min(size, self.largest)
        start = 0 if self.ignores_page else (page - 1) * size
        if self.ignores_page:
            size = len(self.rows)
        found = self.rows[start : start + size]
        if not found and page > 1:
            raise NotFound("Invalid page.", 404)
        more = start + len(found) < len(self.rows)
        return Page(self.spoil(len(self.asked), found), self.count(len(self.rows)) if self.counted else None, more)


@pytest.mark.parametrize("number", [0, 1, 299, 300, 301, 600, 1000])
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("largest", [300, 100, 7])
def test_every_row_comes_whatever_the_size_of_pages(number: int, counted: bool, largest: int) -> None:
    server = Server(rows(number), largest, counted)
    assert all_rows(server, KEYS) == rows(number)
    pages = max(1, -(-number // largest))
    assert len(server.asked) <= pages + (0 if counted else 1)


def test_ten_thousand_rows_cost_as_many_requests_as_there_are_pages() -> None:
    server = Server(rows(10_000))
    assert len(all_rows(server, KEYS)) == 10_000
    assert sorted(server.asked) == [(number, 300) for number in range(1, 35)]


@pytest.mark.parametrize("counted", [True, False])
def test_a_server_that_ignores_the_page_gives_its_list_once_and_an_end(counted: bool) -> None:
    server = Server(rows(500), counted=counted, ignores_page=True)
    assert all_rows(server, KEYS) == rows(500)
    assert len(server.asked) <= 2


@pytest.mark.parametrize("wrong", [-1, 1, 5])
def test_a_count_that_never_matches_is_an_error(wrong: int) -> None:
    server = Server(rows(10), count=lambda real: real + wrong)
    with pytest.raises(WaldurError, match=CHANGING.format(10 + wrong, 10)):
        all_rows(server, KEYS)


def test_a_count_that_ends_with_a_page_too_early_is_no_end() -> None:
    server = Server(rows(900), count=lambda real: 600)
    with pytest.raises(WaldurError, match=CHANGING.format(600, 900)):
        all_rows(server, KEYS)
    counts = iter([600, *[900] * 20])
    assert all_rows(Server(rows(900), count=lambda real: next(counts)), KEYS) == rows(900)


def test_a_server_that_always_has_a_next_page_comes_to_an_end() -> None:
    asked = []

    def fetch(page: int, size: int) -> Page:
        asked.append(page)
        return Page(rows(10), 10, has_next=True)

    assert all_rows(fetch, KEYS) == rows(10)
    assert asked == [1, 2]


def test_a_count_that_matches_at_the_second_reading_is_believed() -> None:
    counts = iter([11, 10, 10, 10])
    server = Server(rows(10), count=lambda real: next(counts))
    assert all_rows(server, KEYS) == rows(10)
    assert server.asked == [(1, 300), (2, 10), (1, 300)]


def test_a_list_of_limited_length_that_changes_and_changes_back_while_it_is_read_is_read_again() -> None:
    """A row of the first page was removed, which moved a row of the second page there, and then another was added."""
    counts = iter([900, 899, 900, *[900] * 3])
    server = Server(rows(900), count=lambda real: next(counts))
    assert all_rows(server, KEYS, most_pages=3) == rows(900)
    assert len(server.asked) == 6
    unstable = Server(rows(900), count=lambda real: 899 if len(unstable.asked) % 3 == 2 else 900)
    with pytest.raises(WaldurError, match=fragment("rows_differ", request="list the SSH keys", announced="900")):
        all_rows(unstable, KEYS, most_pages=3)


def test_a_count_that_is_too_small_does_not_extend_a_list_of_limited_length() -> None:
    server = Server(rows(3000), count=lambda real: 300)
    with pytest.raises(WaldurError, match=CHANGING.format(300, 600)):
        all_rows(server, KEYS, most_pages=2)
    assert [page for page, _size in server.asked] == [1, 2, 1, 2]


def skip_first(page: int, found: list[Row]) -> list[Row]:
    return found[1:] if page == 2 else found


def repeat_last(page: int, found: list[Row]) -> list[Row]:
    return [rows(300)[-1], *found[:-1]] if page == 2 else found


@pytest.mark.parametrize("spoil", [skip_first, repeat_last])
def test_a_row_that_is_skipped_or_repeated_between_pages_is_got_by_reading_again(spoil: Any) -> None:
    server = Server(rows(700), spoil=spoil)
    assert sorted(row["uuid"] for row in all_rows(server, KEYS)) == [row["uuid"] for row in rows(700)]
    assert len(server.asked) == 6


def test_a_row_that_is_skipped_at_each_reading_is_an_error() -> None:
    server = Server(rows(700), spoil=lambda page, found: found[1:])
    with pytest.raises(WaldurError, match=fragment("rows_differ", request="list the SSH keys", announced="700")):
        all_rows(server, KEYS)


def test_lists_without_pages_are_taken_as_they_come() -> None:
    server = Server([{"month": 1}, {"month": 2}, {"month": 1}], count=lambda real: 99)
    assert all_rows(server, REVENUE) == [{"month": 1}, {"month": 2}]
    assert len(server.asked) == 1


def test_rows_without_a_uuid_are_compared_as_a_whole() -> None:
    found = [{"name": "a", "size": 1}, {"size": 1, "name": "a"}, {"name": "a", "size": 2}]
    assert all_rows(Server(found, counted=False), KEYS) == [found[0], found[2]]


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "pages"), [(1, [(1, 1)]), (5, [(1, 5)]), (300, [(1, 300)])])
def test_the_first_rows_cost_one_page_of_their_size(limit: int, pages: list[tuple[int, int]]) -> None:
    server = Server(rows(1000))
    assert first_rows(server, KEYS, limit, None) == rows(limit)
    assert server.asked == pages


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("limit", [1, 299, 301, 650, 1000, 2000])
def test_a_limit_gives_so_many_rows_or_all(limit: int, counted: bool) -> None:
    assert first_rows(Server(rows(1000), counted=counted), KEYS, limit, None) == rows(1000)[:limit]


@pytest.mark.parametrize("counted", [True, False])
def test_a_limit_goes_on_until_enough_rows_fit(counted: bool) -> None:
    def late(row: Row) -> bool:
        return int(row["uuid"], 16) >= 640

    server = Server(rows(1000), counted=counted)
    assert first_rows(server, KEYS, 10, late) == rows(10, 640)
    assert first_rows(server, KEYS, 500, late) == rows(360, 640)


def test_a_limit_is_kept_where_pages_overlap() -> None:
    server = Server(rows(700), spoil=lambda page, found: [*rows(300)[-100:], *found[:-100]] if page == 2 else found)
    found = first_rows(server, KEYS, 650, None)
    assert len({row["uuid"] for row in found}) == len(found) == 650


def test_a_limit_goes_on_where_the_count_is_too_small() -> None:
    assert first_rows(Server(rows(900), count=lambda real: 300), KEYS, 700, None) == rows(700)


def test_a_limit_is_not_filled_with_rows_that_come_twice() -> None:
    server = Server([*rows(5), *rows(5), *rows(5, 5)], counted=False)
    assert first_rows(server, KEYS, 10, None) == rows(10)


# --- work ------------------------------------------------------------------------------------------------------------


class Counting(dict[str, Any]):
    """A row that counts how often its UUID is looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counting.looks += 1
        return super().get(key, default)


@pytest.mark.parametrize("limit", [None, 9000])
def test_a_list_without_a_count_looks_at_each_row_once_however_many_pages_it_has(limit: int | None) -> None:
    server = Server([Counting(row) for row in rows(9000)], largest=20, counted=False)
    Counting.looks = 0
    found = first_rows(server, KEYS, limit, lambda row: True) if limit else all_rows(server, KEYS)
    assert len(found) == 9000
    assert Counting.looks <= 9300


def test_a_list_that_grows_without_an_end_looks_at_each_row_once() -> None:
    server = Server([Counting(row) for row in rows(9000)], largest=20, count=lambda real: 40)
    Counting.looks = 0
    with pytest.raises(WaldurError, match=CHANGING.format(40, 9000)):
        all_rows(server, KEYS)
    assert Counting.looks == 18_000


def test_a_hundred_thousand_rows_come() -> None:
    assert len(all_rows(Server(rows(100_000)), KEYS)) == 100_000


@pytest.mark.parametrize("counted", [True, False])
def test_a_list_longer_than_any_is_an_error(counted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "LONGEST_LIST", 1000)
    with pytest.raises(
        WaldurError, match=fragment("list_too_long", request="list the SSH keys", count=matching("1,[0-9]{3}"))
    ):
        all_rows(Server(rows(1100), counted=counted), KEYS)


def test_a_list_of_very_many_pages_without_a_count_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "_MOST_PAGES", 50)
    with pytest.raises(WaldurError, match=fragment("list_too_long")):
        all_rows(Server(rows(100), largest=1, counted=False), KEYS)


@pytest.mark.parametrize("count", [10_000_000, 999_999])
def test_a_count_that_one_row_a_page_never_reaches_costs_one_request(count: int) -> None:
    server = Server(rows(1), count=lambda real: count)
    with pytest.raises(WaldurError, match=fragment("list_too_long", count=f"{count:,}")):
        all_rows(server, KEYS)
    assert len(server.asked) == 1


def test_a_count_that_is_far_too_large_ends_with_the_first_batch_of_pages_without_a_new_row() -> None:
    server = Server(rows(10), count=lambda real: 50_000)
    with pytest.raises(WaldurError, match=CHANGING.format(50_000, 10)):
        all_rows(server, KEYS)
    assert len(server.asked) == 2 * 9


# --- whatever the server does ----------------------------------------------------------------------------------------


@given(
    number=st.integers(0, 60),
    largest=st.integers(1, 20),
    spoiled=st.dictionaries(st.integers(1, 12), st.sampled_from(["skip", "repeat", "shuffle"]), max_size=4),
    data=st.data(),
)
def test_all_rows_are_all_or_an_error_however_pages_overlap(
    number: int, largest: int, spoiled: dict[int, str], data: st.DataObject
) -> None:
    def spoil(page: int, found: list[Row]) -> list[Row]:
        how = spoiled.get(page)
        if how == "skip":
            return found[1:]
        if how == "repeat":
            return [*rows(number)[:1], *found[:-1]]
        return list(reversed(found)) if how == "shuffle" else found

    wanted = [row["uuid"] for row in rows(number)]
    try:
        found = [row["uuid"] for row in all_rows(Server(rows(number), largest, spoil=spoil), KEYS)]
    except WaldurError:
        assert spoiled
    else:
        assert sorted(found) == wanted
    limit = data.draw(st.integers(1, 70))
    try:
        first = [row["uuid"] for row in first_rows(Server(rows(number), largest, spoil=spoil), KEYS, limit, None)]
    except WaldurError:
        assert spoiled
    else:
        assert len(first) == len({*first}) == min(limit, number)
        assert {*first} <= {*wanted}


@given(number=st.integers(0, 60), largest=st.integers(1, 20), limit=st.integers(1, 70))
def test_without_a_count_all_rows_come_as_well(number: int, largest: int, limit: int) -> None:
    assert all_rows(Server(rows(number), largest, counted=False), KEYS) == rows(number)
    assert first_rows(Server(rows(number), largest, counted=False), KEYS, limit, None) == rows(number)[:limit]
