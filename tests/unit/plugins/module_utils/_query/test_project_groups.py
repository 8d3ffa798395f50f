# SPDX-License-Identifier: GPL-3.0-or-later
"""``project_group_info`` on a Waldur of 2026, and what older ones answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from messages import pattern

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import RouteMissing
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 with groups of projects at two service providers."""
    return simulator_for("project_group_info")


def names(sim: Simulator, *, by: str = "staff", **options: Any) -> list[str]:
    """Return the names of the groups that the module returns."""
    client = Client(Connection(sim.url, sim.token(by), retries=0))
    session = Session(client, References(client), "fail")
    result = INFOS["project_group_info"].answer(session, {"service_provider": "ALPHA", **options})
    assert result["count"] == len(result["project_groups"])
    return [row["name"] for row in result["project_groups"]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["climate", "genome", "legacy"]),
        ({"service_provider": "BETA"}, ["climate-b"]),
        ({"in_use": False}, ["legacy"]),
        ({"gid": 20003}, ["legacy"]),
        ({"project": "Project c2"}, ["genome"]),
        ({"offering": "Alpha Storage"}, ["climate"]),
        ({"name": "EGA"}, ["legacy"]),
        ({"query": "2000"}, ["climate", "legacy"]),
        ({"order_by": ["-gid"], "limit": 2}, ["legacy", "climate"]),
        ({"created_before": "2001-01-01"}, []),
    ],
)
def test_the_groups_are_those_of_one_service_provider_that_match_all_filters(
    sim_2026: Simulator, options: dict[str, Any], expected: list[str]
) -> None:
    assert names(sim_2026, **options) == expected


@pytest.mark.parametrize(("by", "number"), [("owner", 3), ("manager_alpha", 3), ("support_user", 3), ("outsider", 0)])
def test_others_than_those_of_the_service_provider_get_an_empty_list(sim_2026: Simulator, by: str, number: int) -> None:
    assert len(names(sim_2026, by=by)) == number


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_no_groups_and_the_error_names_the_edition(edition: str) -> None:
    with (
        Simulator.start(edition=edition) as old,
        pytest.raises(RouteMissing, match=pattern("feature_missing", feature="project groups", since=2026)),
    ):
        names(old)
