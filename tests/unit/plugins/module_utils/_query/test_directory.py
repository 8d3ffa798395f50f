# SPDX-License-Identifier: GPL-3.0-or-later
"""``directory_info`` on a Waldur of 2026: what it returns, and that nothing reads the directory unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from messages import fragment, message, pattern

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import Forbidden, RouteMissing
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run
from simulator_process import Simulator

ALPHA = "Alpha Cloud Ltd"
TREE = "/glauth_tree/"


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 in which offerings of Alpha share accounts, with numbers and a role group without a GID."""
    sim = simulator_for("directory_info")
    shared = {"account_scope": "provider", "service_provider_can_create_offering_user": True}
    roles = {"resource_role_map": {"Cluster.ADMIN": "admin"}}
    sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {**shared, **roles}})
    home = {"login_shell": "/bin/bash", "home_directory": "/home/m1_alpha", "uidnumber": 20000, "primarygroup": 20000}
    sim.change("OfferingUser", {"username": "m1_alpha"}, home)
    sim.create("Role", name="Cluster.ADMIN", content_type="resource")
    sim.create("Grant", user="member1", role="Cluster.ADMIN", resource="res-vm_c1")
    sim.zero()
    return sim


def directory(sim: Simulator, *, by: str = "owner", check: bool = False) -> dict[str, Any]:
    return run(
        "directory_info",
        {"service_provider": "ALPHA"},
        Connection(sim.url, sim.token(by), retries=0),
        check=check,
        diff=False,
    )


def reads(sim: Simulator) -> list[str]:
    """Return the paths of the requests that read the directory."""
    return [row["path"] for row in sim.requests() if TREE in row["path"]]


def test_users_have_their_numbers_home_keys_and_groups(sim_2026: Simulator) -> None:
    found = directory(sim_2026)
    users = {row["username"]: row for row in found["directory"]["users"]}
    assert found["count"] == len(users)
    first = users["m1_alpha"]
    assert (first["uidnumber"], first["personal_group"], first["home_dir"]) == (20000, 20000, "/home/m1_alpha")
    assert len(first["ssh_keys"]) == 2
    kinds = {one["kind"]: one["group_name"] for one in first["memberships"]}
    assert kinds["provider_project"] == "climate"
    assert "resource_role" in kinds
    assert len(reads(sim_2026)) == 1


def test_check_mode_reads_nothing_as_reading_gives_out_gids(sim_2026: Simulator) -> None:
    found = directory(sim_2026, check=True)
    assert found == {"changed": False, "skipped": True, "msg": message("directory_skipped"), "warnings": []}
    assert sim_2026.counts().requests == 0
    assert any(row["kind"] == "resource_role" for row in directory(sim_2026)["directory"]["groups"])


def test_what_waldur_warns_of_is_a_warning(sim_2026: Simulator) -> None:
    shared = {"account_scope": "provider", "service_provider_can_create_offering_user": True}
    sim_2026.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": shared})
    sim_2026.change("OfferingUser", {"username": "m1_storage"}, {"username": "m1_alpha", "uidnumber": 20009})
    found = directory(sim_2026)
    [warning] = found["directory"]["warnings"]
    assert found["warnings"] == [f"{ALPHA}: {warning}"]


def test_a_manager_is_told_what_they_lack(sim_2026: Simulator) -> None:
    with pytest.raises(Forbidden, match=fragment("permission_of_owner")):
        directory(sim_2026, by="manager_alpha")


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_no_directory_and_the_error_names_the_edition(edition: str) -> None:
    error = pattern("feature_missing", feature="the directory output", since=2026)
    with Simulator.start(edition=edition) as old, pytest.raises(RouteMissing, match=error):
        directory(old)


def test_facts_do_not_read_the_directory(sim_2026: Simulator) -> None:
    options = {"service_provider": "ALPHA", "gather_subset": ["all"]}
    run("service_provider_facts", options, Connection(sim_2026.url, sim_2026.token("staff")), check=False, diff=False)
    assert reads(sim_2026) == []
