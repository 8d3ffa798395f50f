# SPDX-License-Identifier: GPL-3.0-or-later
"""The control channel counts, arranges, moves the clock and goes back."""

from __future__ import annotations

import concurrent.futures
import datetime
import time
from email.utils import parsedate_to_datetime

import pytest

from simulator_process import Simulator, SimulatorError

from .api import Api, started


def test_requests_are_counted_by_route_and_the_control_channel_is_not(api: Api) -> None:
    user = api.user("rolefree1")
    api.sim.zero()
    api.get("roles/")
    for _time in range(2):
        api.post(f"{api.provider()}add_user/", {"user": user, "role": "CUSTOMER.MANAGER"})
    api.get(f"{api.provider()}project_permissions/")
    api.get("nowhere/")
    counts = api.sim.counts()
    assert (counts.requests, counts.reads, counts.writes) == (5, 3, 2)
    assert counts.operations == {
        "GET /api/roles/": 1,
        "POST /api/marketplace-service-providers/{uuid}/add_user/": 2,
        "GET /api/marketplace-service-providers/{service_provider_uuid}/project_permissions/": 1,
        "GET /api/nowhere/": 1,
    }
    api.sim.zero()
    assert api.sim.counts().requests == 0


def test_the_last_requests_name_the_caller_and_what_a_500_hides(api: Api) -> None:
    body = {"user": api.user("rolefree1"), "role": "CUSTOMER.MANAGER"}
    api.get("roles/", by=None)
    api.get("users/me/", by="owner", field="uuid")
    api.post(f"{api.provider()}update_user/", body)
    first, second, third = api.sim.requests()
    assert first == {"method": "GET", "path": "/api/roles/", "status": 200, "user": None}
    assert second == {"method": "GET", "path": "/api/users/me/?field=uuid", "status": 200, "user": "owner"}
    assert (third["status"], third["user"]) == (500, "admin")
    assert "DoesNotExist" in third["error"]


def test_reset_brings_back_rows_clock_counts_and_chance_quickly(api: Api) -> None:
    def change() -> str:
        answer = api.post(
            "marketplace-service-providers/", {"customer": "/api/customers/45a7411d101545d381584f905d569e1a/"}
        )
        return str(answer.body["uuid"])

    before = api.rows("marketplace-service-providers/")
    uuid = change()
    api.sim.set_clock("2030-01-01T00:00:00Z")
    start = time.perf_counter()
    api.sim.reset()
    assert time.perf_counter() - start < 2
    assert api.sim.counts().requests == 0
    assert api.rows("marketplace-service-providers/") == before
    assert api.sim.clock().year == 2026
    assert change() == uuid


def test_what_there_is_can_become_the_start(other_world: Simulator) -> None:
    for api in started(other_world):
        other_world.set_clock("2028-02-29T12:00:00Z", frozen=True)
        other_world.change("User", {"username": "member1"}, {"first_name": "Start"})
        other_world.keep_as_start()
        other_world.change("User", {"username": "member1"}, {"first_name": "Later"})
        assert api.get_object("users/", username="member1")["first_name"] == "Later"
        other_world.reset(frozen=True)
        assert api.get_object("users/", username="member1")["first_name"] == "Start"
        assert other_world.clock().isoformat() == "2028-02-29T12:00:00+00:00"


def test_the_clock_runs_on_from_a_moment_or_stands_still(api: Api) -> None:
    assert abs(api.sim.clock() - datetime.datetime(2026, 11, 22, 21, 44, tzinfo=datetime.timezone.utc)).seconds < 60
    moment = datetime.datetime(2028, 2, 29, 12, tzinfo=datetime.timezone.utc)
    api.sim.set_clock(moment, frozen=True)
    assert api.sim.clock() == moment
    assert parsedate_to_datetime(api.get("roles/").headers["Date"]) == moment
    api.sim.set_clock("2028-02-29T12:00:00Z")
    assert api.sim.clock() > moment


def test_objects_are_made_changed_and_deleted_past_the_api(api: Api) -> None:
    uuid = api.sim.create(
        "Grant",
        user="member1",
        role="CUSTOMER.MANAGER",
        service_provider="Alpha Cloud Ltd",
        expiration_time="2020-01-01T00:00:00Z",
    )
    row = api.get_object(f"{api.provider()}list_users/", username="member1")
    assert (row["uuid"], row["expiration_time"]) == (uuid, "2020-01-01T00:00:00+00:00")
    assert api.sim.change("Grant", {"uuid": uuid}, {"expiration_time": None}) == [uuid]
    assert api.get_object(f"{api.provider()}list_users/", username="member1")["expiration_time"] is None
    api.sim.delete("Grant", {"user__username": "member1", "service_provider": "Alpha Cloud Ltd"})
    assert api.rows(f"{api.provider()}list_users/", username="member1") == []


@pytest.mark.parametrize(
    ("model", "where", "change"),
    [
        ("Nonsense", {}, {}),
        ("User", {"username": "nobody"}, {"is_active": False}),
        ("User", {"username": "member1"}, {"nonsense": 1}),
        ("Grant", {"user": "nobody"}, {"is_active": False}),
    ],
)
def test_a_mistake_in_arranging_is_reported(
    api: Api, model: str, where: dict[str, str], change: dict[str, object]
) -> None:
    with pytest.raises(SimulatorError):
        api.sim.change(model, where, change)


def test_many_threads_lose_nothing(api: Api) -> None:
    uuids = [api.user(f"member{number}") for number in range(1, 6)] * 4
    path = f"{api.provider()}add_user/"

    def grant(uuid: str) -> int:
        own = Api(api.sim)
        status = own.post(path, {"user": uuid, "role": "CUSTOMER.MANAGER"}).status
        own.close()
        return status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(grant, uuids))
    assert statuses == [201] * 5 + [400] * 15
    assert len(api.rows(f"{api.provider()}list_users/", search_string="member")) == 5


def test_a_simulator_that_cannot_start_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SimulatorError, match="ended with"):
        Simulator.start(world="/nowhere.json")
    assert "nowhere.json" in capfd.readouterr().err
