# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated worlds hold what their numbers say."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from simulator_process import Simulator

from .api import Api

PROVIDERS = "marketplace-service-providers/"


@pytest.fixture
def made(other_world: Simulator) -> Iterator[Api]:
    """The API of a simulator that is to load a world of its own."""
    api = Api(other_world)
    yield api
    api.close()


def total(api: Api, path: str, **query: str) -> int:
    """The number of rows in a list."""
    return int(api.get(path, page_size=1, **query).headers["X-Result-Count"])


def test_numbers_become_providers_users_grants_and_accounts(made: Api) -> None:
    made.sim.load(generate={"providers": 2, "users": 20, "grants": 15, "accounts": 10, "offerings": 3, "projects": 4})
    providers = made.rows(PROVIDERS)
    assert [row["customer_name"] for row in providers] == ["Provider 0001", "Provider 0002"]
    assert (providers[1]["customer_abbreviation"], providers[1]["customer_slug"]) == ("P0002", "provider-0002")
    for row in providers:
        path = f"{PROVIDERS}{row['uuid']}/"
        assert total(made, path + "list_users/") == 15
        assert total(made, path + "project_permissions/") == 10
        assert total(made, "marketplace-offering-users/", provider_uuid=row["customer_uuid"]) == 30
        assert total(made, "marketplace-provider-resources/", provider_uuid=row["customer_uuid"]) == 12
    assert total(made, "users/") == 24
    assert total(made, "projects/") == 4


def test_accounts_are_ok_and_named_after_their_user_so_nothing_is_to_do(made: Api) -> None:
    made.sim.load(generate={"users": 3, "accounts": 3, "projects": 2})
    before = made.rows("marketplace-offering-users/")
    assert [(row["username"], row["state"]) for row in before] == [(f"user000{n}", "OK") for n in (1, 2, 3)]
    provider = made.rows(PROVIDERS)[0]
    for row in before:
        body = {"user_uuid": row["user_uuid"], "username": row["user_username"]}
        assert made.post(f"{PROVIDERS}{provider['uuid']}/set_offerings_username/", body, by="owner").status == 201
    after = made.rows("marketplace-offering-users/")
    assert [row["username"] for row in after] == [row["username"] for row in before]


def test_a_generated_user_has_an_address_a_name_and_a_token(made: Api) -> None:
    made.sim.load(generate={"users": 30, "grants": 1})
    row = made.get_object("users/", username="user0030")
    assert (row["email"], row["full_name"]) == ("user0030@example.org", "User 0030")
    assert made.get_object("users/me/", by="user0030")["uuid"] == row["uuid"]
    assert made.rows(PROVIDERS)[0]["uuid"] == made.rows(PROVIDERS, by="user0001")[0]["uuid"]


def test_the_same_numbers_make_the_same_world(made: Api) -> None:
    seen = []
    for _time in range(2):
        made.sim.load(generate={"users": 2, "grants": 2})
        seen.append((made.rows("users/"), made.rows(PROVIDERS)))
    assert seen[0] == seen[1]


def test_template_text_can_be_in_every_name_and_description(made: Api) -> None:
    made.sim.load(generate={"users": 1, "grants": 1, "accounts": 1, "templates": True})
    lists = ("users/", "customers/", "projects/", PROVIDERS, "marketplace-provider-resources/")
    for path in (*lists, "marketplace-provider-offerings/"):
        for row in made.rows(path):
            texts = [str(row[key]) for key in ("full_name", "name", "customer_name", "description") if row.get(key)]
            assert texts
            assert all("{{ lookup(" in text and "{% raw %}" in text for text in texts), path


def test_ten_thousand_rows_are_made_in_seconds_and_reset_at_once(made: Api) -> None:
    # Limits for a machine that has much else to do: an idle one takes a fifth of the first, milliseconds of the other.
    start = time.perf_counter()
    made.sim.load(generate={"users": 3000, "grants": 3000, "accounts": 2000, "projects": 10})
    assert time.perf_counter() - start < 60
    start = time.perf_counter()
    made.sim.reset()
    assert time.perf_counter() - start < 2
    assert total(made, "marketplace-offering-users/") == 2000


def test_a_generated_world_can_be_there_from_the_start() -> None:
    with Simulator.start(generate={"users": 1, "templates": False, "now": "2027-01-01T00:00:00Z"}) as sim:
        assert sim.clock().year == 2027
        assert list(sim.tokens) == ["staff", "support", "owner", "outsider", "user0001"]
