# SPDX-License-Identifier: GPL-3.0-or-later
"""What account options cost at a provider with a thousand users: pages, and never a request for each user."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from in_process import make_connection, run_module

from simulator_process import Simulator

USERS = 1000
PAGES = 4  # of 300 rows
PROVIDER = "Provider 0001"
SHARED = {"account_scope": "provider"}


@pytest.fixture(scope="module")
def large() -> Iterator[Simulator]:
    """A provider of Waldur 2026 with two offerings, in each of which a thousand users have an account."""
    numbers = {"users": USERS, "accounts": USERS, "projects": 10, "offerings": 2}
    with Simulator.start(edition="2026", generate=numbers) as simulator:
        yield simulator


def run(sim: Simulator, *, check: bool = False, **options: Any) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what the module returns, and how often each operation was used."""
    sim.zero()
    merged = {"customer": PROVIDER, "state": "present", **options}
    result = run_module(make_connection(sim), "service_provider", merged, check=check)
    return result, sim.counts().operations


def entries(number: int) -> list[dict[str, str]]:
    """Return the usernames that so many users keep."""
    return [{"user": f"user{n:04d}", "username": f"user{n:04d}"} for n in range(1, number + 1)]


def below(operations: dict[str, int], end: str) -> int:
    """Return how many requests there were whose paths end so."""
    return sum(count for name, count in operations.items() if name.endswith(end))


def test_options_that_are_as_desired_cost_no_request_for_accounts_whatever_their_number(large: Simulator) -> None:
    """The users of the resolutions are looked up by pages, as two references may mean the same user."""
    large.reset()
    large.change("ServiceProvider", {"customer__name": PROVIDER}, {"account_options": SHARED})
    result, operations = run(large, account_options=SHARED, username_resolutions=entries(USERS))
    assert result["changed"] is False
    assert below(operations, "/api/users/") <= math.ceil(USERS / 200)
    assert sum(operations.values()) - below(operations, "/api/users/") <= 3
    expected = ("marketplace-service-providers", "customers", "GET /api/users/")
    assert [name for name in operations if not any(part in name for part in expected)] == []


def test_a_scope_is_planned_and_set_by_pages(large: Simulator) -> None:
    large.reset()
    for check in (True, False):
        result, operations = run(large, check=check, account_options=SHARED)
        assert result["changed"] is True
        assert below(operations, "marketplace-offering-users/") == 2 * PAGES - 1  # 2,000 rows
        assert sum(operations.values()) <= 2 * PAGES + 8
        assert large.counts().writes == (0 if check else 2)


def test_a_thousand_users_in_conflict_are_looked_up_by_pages(large: Simulator) -> None:
    large.reset()
    changed = large.change("OfferingUser", {"offering__name": "Offering P0001 0002"}, {"username": "other"})
    assert len(changed) == USERS
    result, operations = run(large, account_options=SHARED, username_resolutions=entries(USERS))
    assert result["changed"] is True
    assert below(operations, "/username_conflicts/") == 1
    assert below(operations, "/api/users/") <= PAGES + 1
    assert sum(operations.values()) <= 3 * PAGES + 9
    assert large.counts().writes == 2
