# SPDX-License-Identifier: GPL-3.0-or-later
"""References that several threads ask for at once: each list is read once, and nothing that was found is lost."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from messages import prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.reader import Selection, read_inventory
from simulator_process import Simulator

THREADS = 8


class SlowClient:
    """A client that counts what is read, and takes its time, so that all threads ask before the first answer comes."""

    def __init__(self) -> None:
        self.connection = Connection("https://waldur.example.org", "t")
        self.requests: Counter[str] = Counter()

    def rows(self, name: str, *_path: Any, **query: Any) -> list[dict[str, Any]]:
        self.requests[name] += 1
        time.sleep(0.05)
        uuid = "a" * 32
        customer = {"customer_uuid": "c" * 32, "customer_name": "ACME"}
        found: dict[str, list[dict[str, Any]]] = {
            "service_providers": [{"uuid": uuid, "customer": "x", **customer}],
            "roles": [{"uuid": uuid, "name": "MANAGER", "content_type": "serviceprovider"}],
            "all_users": [{"uuid": uuid, "username": query.get("username"), "is_active": True}],
        }
        return found[name]

    def get(self, name: str, *_path: Any, **_query: Any) -> dict[str, Any]:
        self.requests[name] += 1
        time.sleep(0.05)
        return {"uuid": "a" * 32, "is_staff": True}


def at_once(call: Callable[[], Any]) -> list[Any]:
    """What *call* gives in each of several threads that begin together."""
    together = threading.Barrier(THREADS)

    def run(_number: int) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda references: references.provider_list.rows(), "service_providers"),
        (lambda references: references.provider_list.edition(), "service_providers"),
        (lambda references: references.resolve_target("service_provider", "x", "ACME").uuid, "service_providers"),
        (lambda references: references.roles.resolve("role", "MANAGER"), "roles"),
        (lambda references: references.roles.resolve_for_provider("role", "MANAGER"), "roles"),
        (lambda references: references.users.resolve(["bob"]), "all_users"),
        (lambda references: references.current_user.row(), "me"),
    ],
    ids=["providers", "edition", "target", "any_role", "role", "users", "me"],
)
def test_a_list_that_several_threads_ask_for_at_once_is_read_once(call: Callable[[References], Any], name: str) -> None:
    client = SlowClient()
    references = References(cast(Client, client))
    found = at_once(lambda: call(references))
    assert found == [found[0]] * THREADS
    assert client.requests == {name: 1}


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Threads that are interrupted all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty_threads")
def test_no_user_is_lost_and_no_thread_fails_while_another_begins_a_run() -> None:
    references = References(cast(Client, SlowClient()))
    rows = [{"user_uuid": f"{number:032x}", "user_username": f"user{number}"} for number in range(4000)]
    together = threading.Barrier(3)

    def learn(part: list[dict[str, Any]]) -> None:
        together.wait()
        for row in part:
            references.users.remember([row])

    def begin() -> None:
        together.wait()
        for _number in range(200):
            references.start_run()

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(learn, rows[:2000]), pool.submit(learn, rows[2000:]), pool.submit(begin)]
    for one in done:
        one.result()
    names = [row["user_username"] for row in rows]
    found = references.users.resolve(names)
    assert [found[name] for name in names] == [User(row["user_uuid"], row["user_username"], None, True) for row in rows]


def test_an_inventory_of_several_providers_looks_up_the_customer_of_its_filter_once(sim: Simulator) -> None:
    sim.fault(method="GET", path="/api/customers/", times=None, delay=0.2)
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    results, _warnings = read_inventory(connection, Selection("projects", [], {"customer": ["Consumer Institute"]}, []))
    assert {row["name"] for result in results for row in result.rows} == {"Project c1", "Project c2"}
    assert sim.counts().operations["GET /api/customers/"] == 1


def test_an_inventory_with_a_wrong_filter_does_not_ask_about_every_provider(sim: Simulator) -> None:
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    with pytest.raises(InvalidInput, match=prefix("customer_not_found", option="filters.customer", value="Nobody")):
        read_inventory(connection, Selection("projects", [], {"customer": ["Nobody"]}, []))
    lookups = sim.counts().operations["GET /api/customers/"]
    assert lookups < 12 * 3, "three requests for each of twelve providers"
