# SPDX-License-Identifier: GPL-3.0-or-later
"""``posix_id_pool_info`` and ``posix_identity_info`` on a Waldur of 2026."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from messages import message, prefix
from posix_pools import OFFERING_POOL, OTHER_POOL, PROVIDER_POOL

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

NAME = "Alpha Cloud Ltd"
STATS = "GET /api/marketplace-posix-id-pools/{uuid}/stats/"


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 with pools and numbers in use."""
    return simulator_for("posix_id_pool_info")


def ask(sim: Simulator, module: str, *, by: str = "staff", **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of a module and its warnings."""
    sim.zero()
    client = Client(Connection(sim.url, sim.token(by), retries=0))
    session = Session(client, References(client), "fail")
    result = INFOS[module].answer(session, {"service_provider": "ALPHA", "statistics": False, **options})
    rows: list[dict[str, Any]] = next(value for key, value in result.items() if key != "count")
    assert result["count"] == len(rows)
    return rows, session.warnings


def pools(sim: Simulator, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of ``posix_id_pool_info``."""
    return ask(sim, "posix_id_pool_info", **options)[0]


def identities(sim: Simulator, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of ``posix_identity_info``."""
    return ask(sim, "posix_identity_info", **options)[0]


@pytest.mark.parametrize("by", ["staff", "owner"])
def test_the_pools_are_those_of_one_service_provider_and_its_offerings(sim_2026: Simulator, by: str) -> None:
    assert [row["uuid"] for row in pools(sim_2026, by=by)] == [PROVIDER_POOL, OFFERING_POOL]
    assert [row["uuid"] for row in pools(sim_2026, service_provider="BETA")] == [OTHER_POOL]


def test_the_pool_of_an_offering_is_found_by_its_name(sim_2026: Simulator) -> None:
    assert [row["uuid"] for row in pools(sim_2026, offering="Alpha Storage")] == [OFFERING_POOL]
    assert ask(sim_2026, "posix_id_pool_info", offering="Alpha VM") == ([], [])


def test_statistics_take_one_request_for_each_pool_and_none_unasked(sim_2026: Simulator) -> None:
    rows = pools(sim_2026, statistics=True)
    assert sim_2026.counts().operations[STATS] == 2
    assert [row["statistics"]["uid"]["used"] for row in rows] == [row["uid_used"] for row in rows] == [2, 1]
    assert rows[1]["statistics"]["gid"] is None
    assert all("statistics" not in row for row in pools(sim_2026))
    assert STATS not in sim_2026.counts().operations


@pytest.mark.parametrize("fields", [["scope"], ["uuid", "scope"]])
def test_statistics_come_beside_the_chosen_fields(sim_2026: Simulator, fields: list[str]) -> None:
    for row in pools(sim_2026, statistics=True, fields=fields):
        assert list(row) == [*fields, "statistics"]


def test_a_limit_applies_to_statistics_too(sim_2026: Simulator) -> None:
    assert len(pools(sim_2026, statistics=True, limit=1)) == 1
    assert sim_2026.counts().operations[STATS] == 1


@pytest.mark.parametrize("module", ["posix_id_pool_info", "posix_identity_info"])
def test_a_manager_is_warned_that_pools_are_not_visible(sim_2026: Simulator, module: str) -> None:
    warnings = [message("pools_invisible", provider=NAME)]
    assert ask(sim_2026, module, by="manager_alpha") == ([], warnings)


def test_the_identities_are_those_of_all_pools_of_one_service_provider(sim_2026: Simulator) -> None:
    assert [row["uid"] for row in identities(sim_2026)] == [20000, 20001, 20002, 40000]
    assert identities(sim_2026, service_provider="BETA") == []


def test_filters_orders_and_limits_hold_across_pools(sim_2026: Simulator) -> None:
    assert [row["uid"] for row in identities(sim_2026, user="member1")] == [20000, 40000]
    assert [row["uid"] for row in identities(sim_2026, uid_min=20002)] == [20002, 40000]
    assert [row["uid"] for row in identities(sim_2026, is_released=True)] == [20001]
    assert [row["uid"] for row in identities(sim_2026, order_by=["-uid"], limit=2)] == [40000, 20002]
    assert [row["uid"] for row in identities(sim_2026, limit=1)] == [20000]
    assert identities(sim_2026, uid=40000, fields=["pool_uuid"]) == [{"pool_uuid": OFFERING_POOL}]


def test_the_identities_of_one_pool(sim_2026: Simulator) -> None:
    assert [row["uid"] for row in identities(sim_2026, pool=OFFERING_POOL.upper())] == [40000]


@pytest.mark.parametrize("pool", [OTHER_POOL, "0" * 32])
def test_the_pool_of_another_service_provider_is_an_error(sim_2026: Simulator, pool: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        identities(sim_2026, pool=pool)
    assert refused.value.message == message("pool_not_found", provider=NAME, uuid=pool)


@pytest.mark.parametrize("permissions", [5, [1], "staff"])
def test_roles_of_another_form_are_an_error_that_names_the_key(sim_2026: Simulator, permissions: Any) -> None:
    sim_2026.fault(path="/api/users/me/*", status=200, body={"permissions": permissions}, times=None)
    with pytest.raises(WaldurError, match=prefix("row_value_invalid", request="look up the token's own user")):
        ask(sim_2026, "posix_id_pool_info", by="manager_alpha")
