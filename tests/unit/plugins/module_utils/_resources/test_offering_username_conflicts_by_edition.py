# SPDX-License-Identifier: GPL-3.0-or-later
"""A username that another user has is found by a task for a single user on every Waldur, by one more request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import matching, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    USERNAME,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator of each edition, where member2 has a username at the first provider."""
    with Simulator.start(edition=request.param) as simulator:
        simulator.change("OfferingUser", {"user__username": "member2"}, {"username": "Taken"})
        yield simulator


def plan(simulator: Simulator, name: str) -> Any:
    """The plan of a task that gives member1 the username, by a session of its own."""
    simulator.zero()
    client = Client(Connection(simulator.url, simulator.token("staff"), retries=0))
    part = Usernames((USERNAME.read("", {"user": "member1", "username": name}),), single=True)
    session = Session(client, References(client), "fail")
    return plan_changes(session, RESOURCES, [ProviderDocument("", "ALPHA", "service_provider", (part,))])


def test_a_username_of_another_user_is_rejected_before_the_first_write(edition: Simulator) -> None:
    with pytest.raises(
        InvalidInput,
        match=prefix(
            "username_of_another", option="username", username="tAKEN", held=matching(r"member2 in Alpha .*'Taken'.*")
        ),
    ):
        plan(edition, "tAKEN")
    assert edition.counts().writes == 0


def test_looking_for_holders_costs_one_request_per_kind_of_account_and_an_unchanged_task_none(
    edition: Simulator,
) -> None:
    edition.change("OfferingUser", {"user__username": "member1"}, {"username": "m1"})
    assert len(plan(edition, "m1").changes) == 0
    unchanged = edition.counts().requests
    assert len(plan(edition, "m1_free").changes) == 1
    # With service provider accounts: the user's own one, and those that may have the username; with pools these, too.
    assert edition.counts().requests == unchanged + (4 if edition.edition == "2026" else 1)
