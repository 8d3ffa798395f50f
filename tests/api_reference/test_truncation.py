# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand rows through a module, and servers whose pages don't fit together: all rows, or a clear error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import matching, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from simulator_process import Simulator

from .api_client import Row
from .module_runs import run

NUMBER = 1000
TWICE = prefix("rows_differ", request="list the SSH keys", announced=matching(r"\d+"), given=matching(r"\d+"))


def numbers(keys: int) -> dict[str, int]:
    """A provider whose users have so many keys."""
    return {"users": 100, "accounts": 100, "projects": 10, "keys": keys}


@pytest.fixture(scope="module")
def large() -> Iterator[Simulator]:
    """A list of four pages."""
    with Simulator.start(generate=numbers(NUMBER)) as simulator:
        yield simulator


@pytest.fixture
def keys(large: Simulator) -> Simulator:
    """The same, well again."""
    large.clear_faults()
    large.zero()
    return large


def read(sim: Simulator, **options: Any) -> list[Row]:
    token = sim.token("staff")
    provider = run(sim.url, token, "service_provider_info")["service_providers"][0]["uuid"]
    sim.zero()
    result = run(sim.url, token, "ssh_key_info", service_provider=provider, **options)
    rows: list[Row] = result["ssh_keys"]
    assert result["count"] == len(rows) == len({row["uuid"] for row in rows})
    return rows


def lists(sim: Simulator) -> int:
    return sum(number for route, number in sim.counts().operations.items() if "keys/" in route)


def test_ten_thousand_rows_come_by_the_page() -> None:
    with Simulator.start(generate=numbers(10_000)) as sim:
        assert len(read(sim)) == 10_000
        assert lists(sim) == 34


FAULTS: dict[str, dict[str, Any]] = {
    "a row that comes twice": {"path": "*/keys/*page=3*", "repeat_row": True},
    "a row that is skipped": {"path": "*/keys/*page=3*", "skip_row": True},
    "a count that is too large": {"path": "*/keys/*", "headers": {"X-Result-Count": str(NUMBER + 1)}},
    "a count that is too small": {"path": "*/keys/*", "headers": {"X-Result-Count": str(NUMBER - 100)}},
    "a page that is not there": {"path": "*/keys/*page=3*", "status": 404, "body": {"detail": "Invalid page."}},
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_once_is_read_again(keys: Simulator, name: str) -> None:
    keys.fault(times=1, **FAULTS[name])
    assert len(read(keys)) == NUMBER
    assert lists(keys) >= 4


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_twice_is_an_error_that_says_so(keys: Simulator, name: str) -> None:
    keys.fault(times=None, **FAULTS[name])
    with pytest.raises(WaldurError, match=TWICE):
        read(keys)


def test_all_rows_come_without_a_count_in_any_header(keys: Simulator) -> None:
    keys.fault(path="*/keys/*", times=None, headers={"X-Result-Count": ""})
    assert len(read(keys)) == NUMBER


@pytest.mark.parametrize("fault", ["repeat_row", "skip_row"])
def test_a_limit_holds_different_rows_where_pages_overlap(keys: Simulator, fault: str) -> None:
    keys.fault(path="*/keys/*page=2*", times=1, **{fault: True})
    assert len(read(keys, limit=700)) == 700


def test_a_limit_costs_no_more_pages_than_it_needs(keys: Simulator) -> None:
    assert len(read(keys, limit=20)) == 20
    assert lists(keys) == 1
    assert len(read(keys, limit=700)) == 700
    assert lists(keys) <= 4


def test_the_first_of_an_order_are_those_of_the_whole_list(keys: Simulator) -> None:
    names = sorted((row["name"] for row in read(keys)), key=str.casefold)
    assert [row["name"] for row in read(keys, order_by=["name"], limit=3)] == names[:3]
    assert [row["name"] for row in read(keys, order_by=["-name"], limit=1)] == names[-1:]
