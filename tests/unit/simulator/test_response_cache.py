# SPDX-License-Identifier: GPL-3.0-or-later
"""A cached response is repeated until the data change, and never after that."""

from __future__ import annotations

from typing import Any

import pytest

from simulator_process import Simulator, SimulatorError

from .api import Api, started

ACCOUNTS = "marketplace-offering-users/"
USERS = "users/"
MEMBER1 = {"user__username": "member1", "offering__name": "Alpha VM"}
# An unknown filter is ignored, but makes the request a different one, which is not in the cache.
UNKNOWN: dict[str, Any] = {"unknown": "x"}


def account(api: Api, **query: Any) -> dict[str, Any]:
    """The one account of member1 in Alpha VM."""
    rows = api.rows(ACCOUNTS, **query)
    return next(row for row in rows if (row["user_username"], row["offering_name"]) == ("member1", "Alpha VM"))


def username(api: Api, **query: Any) -> Any:
    """The username of that account."""
    return account(api, **query)["username"]


def test_the_same_answer_comes_again_with_all_its_headers_and_is_recorded_alike(api: Api) -> None:
    first, second = (api.get(f"{USERS}me/", by="owner") for _time in range(2))
    assert (first.status, first.content) == (second.status, second.content)
    assert first.headers.keys() == second.headers.keys()
    assert {**first.headers, "Date": ""} == {**second.headers, "Date": ""}
    recorded = api.sim.requests()
    assert recorded[0] == recorded[1] == {"method": "GET", "path": "/api/users/me/", "status": 200, "user": "owner"}
    assert api.sim.counts().operations == {"GET /api/users/me/": 2}


def test_each_user_and_each_query_has_responses_of_its_own(api: Api) -> None:
    names = [api.get(f"{USERS}me/", by=alias).body["username"] for alias in ("owner", "member1", "owner")]
    assert names == ["owner", "member1", "owner"]
    assert api.get(f"{USERS}me/", by=None).status == 401
    assert [api.get_object(USERS, username=name)["username"] for name in ("owner", "member1")] == ["owner", "member1"]


def test_a_read_after_a_write_shows_what_was_written(api: Api) -> None:
    before = username(api)
    assert api.patch(f"{ACCOUNTS}{account(api)['uuid']}/", {"username": "another"}).status == 200
    assert username(api) == username(api, **UNKNOWN) == "another"
    api.sim.change("OfferingUser", MEMBER1, {"username": "third"})
    assert username(api) == username(api, **UNKNOWN) == "third"
    api.sim.reset()
    assert username(api) == username(api, **UNKNOWN) == before


@pytest.mark.parametrize("frozen", [True, False])
def test_equal_changes_lead_to_equal_responses_and_others_to_others(api: Api, frozen: bool) -> None:
    for name in ("one", "two", "one", "two"):
        api.sim.reset(frozen=frozen)
        api.sim.change("OfferingUser", MEMBER1, {"username": name})
        assert username(api) == username(api, **UNKNOWN) == name
        api.sim.change("OfferingUser", MEMBER1, {"username": f"{name}_more"})
        assert username(api) == username(api, **UNKNOWN) == f"{name}_more"


def test_what_a_clock_that_runs_has_dated_is_read_as_it_was_dated(api: Api) -> None:
    dates = []
    for _time in range(3):
        api.sim.reset()
        api.sim.create("Project", name="New", customer="Alpha Cloud Ltd")
        dates.append(api.get_object("projects/", name_exact="New")["created"])
        assert dates[-1] == api.get_object("projects/", name_exact="New", **UNKNOWN)["created"]
    assert len({*dates}) == 3


def test_what_depends_on_the_moment_is_not_answered_from_another_one(api: Api) -> None:
    for _time in range(2):
        api.sim.reset(frozen=True)
        api.sim.change("User", {"username": "owner"}, {"token_lifetime": 60})
        start = api.sim.clock()
        assert [api.get("roles/", by="owner").status for _time in range(2)] == [200, 200]
        api.sim.set_clock(start.replace(year=start.year + 1), frozen=True)
        assert api.get("roles/", by="owner").status == 401
        api.sim.set_clock(start, frozen=True)
        assert api.get("roles/", by="owner").status == 200


def test_what_others_do_while_a_request_waits_is_seen_at_once(api: Api) -> None:
    assert username(api) != "meanwhile"
    change = {"model": "OfferingUser", "where": MEMBER1, "set": {"username": "meanwhile"}}
    api.sim.fault(path="*/roles/", meanwhile=change)
    api.get("roles/")
    assert username(api) == "meanwhile"


def test_the_job_that_ends_grants_is_seen_at_once(api: Api) -> None:
    api.sim.change("Grant", {"service_provider__isnull": False}, {"expiration_time": "2026-01-01T00:00:00Z"})
    path = f"{api.provider()}list_users/"
    assert api.rows(path)
    assert api.sim.sweep() > 0
    assert api.rows(path) == []


def test_a_world_that_can_not_be_loaded_leaves_no_response_of_other_random_values(other_world: Simulator) -> None:
    for api in started(other_world):
        other_world.create("User", username="later")
        other_world.keep_as_start()
        uuids = []
        for is_broken in (False, True):
            other_world.reset(frozen=True)
            if is_broken:
                with pytest.raises(SimulatorError):
                    other_world.load("/no such file")
            uuids.append(other_world.create("User", username="latest"))
            listed = {row["uuid"] for row in api.rows(USERS)}
            assert uuids[-1] in listed
        other_world.load()


def test_another_world_has_responses_of_its_own(other_world: Simulator) -> None:
    for api in started(other_world):
        before = api.get(USERS).headers["X-Result-Count"]
        other_world.load(generate={"users": 3})
        after = api.get(USERS).headers["X-Result-Count"]
        other_world.load()
        assert (api.get(USERS).headers["X-Result-Count"], before != after) == (before, True)
