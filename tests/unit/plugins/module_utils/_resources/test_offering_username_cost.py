# SPDX-License-Identifier: GPL-3.0-or-later
"""What usernames cost at a provider of Waldur 2026 with a thousand users, whoever owns them: pages, and a request for
each user whose username changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from in_process import make_connection, run_module

from simulator_process import Simulator

from ...helpers.usernames import BULK, RENAME_SHARED, writes

USERS = 1000
PAGES = 4  # of 300 rows
PROVIDER = "Provider 0001"


@pytest.fixture(scope="module")
def large() -> Iterator[Simulator]:
    """A provider of Waldur 2026 with two offerings, in each of which a thousand users have an account."""
    numbers = {"users": USERS, "accounts": USERS, "projects": 10, "offerings": 2}
    with Simulator.start(edition="2026", generate=numbers) as simulator:
        yield simulator


@pytest.fixture(params=["offering", "provider"])
def scope(large: Simulator, request: pytest.FixtureRequest) -> str:
    """Accounts that are shared, or not."""
    large.reset(frozen=True)
    scope: str = request.param
    if scope == "provider":
        options = {"customer": PROVIDER, "state": "present", "account_options": {"account_scope": scope}}
        run(large, "service_provider", max_renames=USERS, **options)
    return scope


def run(sim: Simulator, module: str, **options: Any) -> dict[str, Any]:
    """Return what a module returns, in a process that remembers nothing."""
    sim.zero()
    return run_module(make_connection(sim), module, options)


def current_usernames(sim: Simulator) -> list[dict[str, str]]:
    """The entries of an export."""
    found = run(sim, "desired_state_info", service_providers=[PROVIDER], parts=["offering_usernames"])
    entries: list[dict[str, str]] = found["service_providers"][0]["offering_usernames"]
    return entries


def test_usernames_are_exported_compared_and_set_by_pages(large: Simulator, scope: str) -> None:
    entries = current_usernames(large)
    assert len(entries) == USERS
    assert large.counts().requests <= 4 * PAGES + 6  # permissions, resources, 2,000 accounts, and some

    assert run(large, "offering_username", service_provider=PROVIDER, usernames=entries)["changed"] is False
    unchanged = large.counts()
    assert (unchanged.writes, unchanged.requests) == (0, unchanged.reads)
    assert unchanged.requests <= 4 * PAGES + 6
    assert not [name for name in unchanged.operations if "provider-accounts" in name]

    for entry in entries[:10]:
        entry["username"] += "_new"
    assert run(large, "offering_username", service_provider=PROVIDER, usernames=entries)["changed"] is True
    assert writes(large) == {RENAME_SHARED if scope == "provider" else BULK: 10}
    # Twice the pages of an unchanged run, as it is verified, and the service provider accounts before the first write.
    pages = PAGES if scope == "provider" else 1
    assert large.counts().reads <= 2 * unchanged.reads + pages
