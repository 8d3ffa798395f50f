# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at each write to a POSIX ID pool: the result says which state it left, and a second run completes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from messages import mentions, message
from unit.simulator.api import Api

from simulator_process import Simulator

from .module_outcomes import LONG, SHORT, try_module
from .test_faults import RULES

LISTING = "marketplace-posix-id-pools/"
ALPHA = "Alpha Cloud Ltd"
_UIDS = {"min_uid": 20000, "max_uid": 20009}


@dataclass(frozen=True)
class Write:
    """A write to a pool: the method of its request, and the options of the task; ``before`` is the pool before it."""

    method: str
    options: dict[str, Any]
    before: dict[str, Any] | None


WRITES = {
    "create": Write("POST", {**_UIDS, "description": "As code"}, None),
    "update": Write("PATCH", {"max_uid": 20099, "description": "As code"}, _UIDS),
    "delete": Write("DELETE", {"state": "absent"}, _UIDS),
}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def api_2026(newest: Simulator) -> Iterator[Api]:
    """Its API, to look at what a run left."""
    api = Api(newest)
    yield api
    api.close()


def set_up(sim: Simulator, write: Write) -> None:
    """Create the pool that the write changes."""
    sim.reset(frozen=True)
    sim.clear_faults()
    if write.before:
        sim.create("PosixPool", service_provider=ALPHA, **write.before)
    sim.zero()


def read_state(api: Api) -> list[Any]:
    """Return the pools of the server."""
    return [(row["min_uid"], row["max_uid"], row["description"]) for row in api.rows(LISTING)]


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("fault", RULES)
def test_a_write_to_a_pool_that_meets(newest: Simulator, api_2026: Api, fault: str, name: str) -> None:
    write, rule = WRITES[name], RULES[fault]
    set_up(newest, write)
    options = {"service_provider": ALPHA, **write.options}
    before = read_state(api_2026)
    newest.fault(method=write.method, path=f"*{LISTING}*", **rule)
    result = try_module(newest, "posix_id_pool", options, timeout=SHORT if "delay" in rule else LONG)
    if not rule.get("after"):
        time.sleep(rule.get("delay", 0) / 2)  # the server still processes the request after the timeout
    after = read_state(api_2026)
    change = f"{name} POSIX ID pool ({ALPHA})"
    is_accepted = result.msg == message("change_not_applied", change=change)
    if result.failed and not is_accepted:
        assert result.msg.startswith(f"{change}: "), result.msg
        assert result.names("applied" if result.result["changed"] else "not_applied") == [f"{name} POSIX ID pool"]
    # A server that goes on after a timeout may still be at it, and one that accepts a request may do nothing.
    if "delay" not in rule and not is_accepted:
        assert result.result["changed"] is (after != before), result.msg

    newest.clear_faults()
    again = try_module(newest, "posix_id_pool", options)
    assert not again.failed, again.msg
    expected = {
        "create": [(20000, 20009, "As code")],
        "update": [(20000, 20099, "As code")],
        "delete": [],
    }
    assert read_state(api_2026) == expected[name]
    assert not try_module(newest, "posix_id_pool", options).result["changed"]


def test_a_pool_that_another_user_creates_meanwhile_is_kept(newest: Simulator, api_2026: Api) -> None:
    set_up(newest, WRITES["create"])
    other = {"model": "PosixPool", "create": {"service_provider": ALPHA, "min_uid": 7000, "max_uid": 7009}}
    newest.fault(method="POST", path=f"*{LISTING}*", meanwhile=other)
    result = try_module(newest, "posix_id_pool", {"service_provider": ALPHA, **_UIDS})
    assert result.failed
    assert mentions(result.msg, "pool_found", spans="UIDs 7000 to 7009")
    assert read_state(api_2026) == [(7000, 7009, "")]
    assert result.result["changed"] is False


def test_numbers_that_are_given_out_meanwhile_are_never_left_out(newest: Simulator, api_2026: Api) -> None:
    set_up(newest, WRITES["update"])
    pool = api_2026.rows(LISTING)[0]["uuid"]
    number = {"pool": pool, "user": "member1", "uid": 20009, "consumer_type": "user"}
    newest.fault(method="PATCH", path=f"*{LISTING}*", meanwhile={"model": "PosixIdentity", "create": number})
    result = try_module(newest, "posix_id_pool", {"service_provider": ALPHA, "max_uid": 20005})
    assert result.failed
    assert "20009" in result.msg
    assert read_state(api_2026) == [(20000, 20009, "")]
    refused = try_module(newest, "posix_id_pool", {"service_provider": ALPHA, "max_uid": 20005})
    assert refused.msg == message("pool_numbers_left_out", option="max_uid", column="UID", numbers="20009")
