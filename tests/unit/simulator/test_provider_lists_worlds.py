# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated worlds hold as much of what a provider lists as their numbers say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from simulator_process import Simulator

from .api import Api

NUMBERS: dict[str, Any] = {
    "providers": 2,
    "users": 6,
    "accounts": 4,
    "offerings": 2,
    "customers": 2,
    "projects": 4,
    "months": 3,
    "keys": 8,
    "robot_accounts": 5,
    "course_accounts": 6,
    "service_accounts": 7,
    "checklists": 2,
}


@pytest.fixture
def made(other_world: Simulator) -> Iterator[Api]:
    """The API of a world of :data:`NUMBERS`."""
    other_world.load(generate=NUMBERS)
    api = Api(other_world)
    yield api
    api.close()


def test_everything_is_dealt_in_turn(made: Api) -> None:
    first, second = (
        f"marketplace-service-providers/{row['uuid']}/" for row in made.rows("marketplace-service-providers/")
    )
    counts = {
        "customers/": 2,
        "projects/": 4,
        "users/": 4,
        "project_permissions/": 4,
        "offerings/": 2,
        # Two users more have keys, but no role.
        "keys/": 6,
        "course_accounts/": 6,
        "project_service_accounts/": 7,
        "robot_account_projects/": 2,
        "compliance/compliance_overview/": 2,
        "compliance/offering_users/": 8,
        "compliance/checklists_summary/": 2,
    }
    assert {name: len(made.rows(first + name)) for name in counts} == counts
    assert made.rows(second + "compliance/compliance_overview/") == []


def test_resources_have_orders_and_bills(made: Api) -> None:
    provider = f"marketplace-service-providers/{made.rows('marketplace-service-providers/')[0]['uuid']}/"
    stat = made.get_object(provider + "stat/")
    assert (stat["active_resources"], stat["resources_number_change"], stat["current_customers"]) == (8, 8, 2)
    assert [(row["month"], row["total"]) for row in made.rows(provider + "revenue/")] == [(9, 80), (10, 80), (11, 80)]
    assert made.rows(provider + "customers/")[0]["billing_price_estimate"]["total"] == 40.0


def test_every_second_account_has_answered(made: Api) -> None:
    provider = f"marketplace-service-providers/{made.rows('marketplace-service-providers/')[0]['uuid']}/"
    assert [row["compliance_rate"] for row in made.rows(provider + "compliance/compliance_overview/")] == [50.0, 50.0]


def test_resources_can_be_fewer_or_more_than_the_pairs_of_project_and_offering(other_world: Simulator) -> None:
    api = Api(other_world)
    for wanted in (0, 3, 9):
        other_world.load(generate={"projects": 2, "offerings": 2, "resources": wanted})
        rows = api.rows("marketplace-provider-resources/")
        assert len(rows) == len({row["slug"] for row in rows}) == wanted
    api.close()


def test_keys_can_belong_to_nobody_but_the_owner(other_world: Simulator) -> None:
    other_world.load(generate={"users": 0, "keys": 2, "course_accounts": 1})
    api = Api(other_world)
    provider = api.rows("marketplace-service-providers/")[0]["uuid"]
    assert [row["username"] for row in api.rows(f"marketplace-service-providers/{provider}/course_accounts/")] == [
        "owner"
    ]
    api.close()


def test_a_page_of_ten_thousand_rows_is_read_at_once(other_world: Simulator) -> None:
    other_world.load(generate={"users": 10000, "grants": 10000, "accounts": 10000, "keys": 10000, "projects": 50})
    api = Api(other_world)
    provider = api.rows("marketplace-service-providers/")[0]["uuid"]
    try:
        for name in ("users", "project_permissions", "keys", "list_users", "compliance/offering_users"):
            path, taken = f"marketplace-service-providers/{provider}/{name}/", []
            for _time in range(5):
                start = time.perf_counter()
                answer = api.get(path, page_size=300, page=20)
                taken.append(time.perf_counter() - start)
            assert (len(answer.body), answer.headers["X-Result-Count"]) == (300, "10000")
            # On an idle machine 30 to 90 ms; a loaded one may take longer, but not as long as a query a row would.
            assert min(taken) < 1, name
    finally:
        api.close()
