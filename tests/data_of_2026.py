# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the data of Waldur 2026 that the recorded data lack.

These are shared accounts, POSIX ID pools, groups of projects, an offering of the site agent, and an account of a user
who has no role.
"""

from __future__ import annotations

from posix_pools import add_posix_pools
from provider_accounts import add_provider_accounts, add_username_conflict

from simulator_process import Simulator

PROJECT_GROUP = "c0000000000040008000000000000061"
_LONE_ACCOUNT = "c0000000000040008000000000000062"
_ALPHA = "Alpha Cloud Ltd"


def add_data_of_2026(sim: Simulator) -> Simulator:
    """Add rows to a simulator of 2026, so that every module that reads finds some; return the simulator."""
    add_provider_accounts(sim)
    add_username_conflict(sim)
    add_posix_pools(sim)
    add_project_groups(sim)
    assert sim.change("Offering", {"name": "Alpha Storage"}, {"type": "Marketplace.Slurm"})
    shared = {"account_scope": "provider", "service_provider_can_create_offering_user": True}
    assert sim.change("Offering", {"name": "Alpha Draft"}, {"plugin_options": shared})
    add_lone_account(sim)
    return sim


def add_lone_account(sim: Simulator) -> None:
    """Create the account of a user who has no role."""
    account = {"offering": "Alpha Draft", "user": "rolefree1", "username": "rolefree1_alpha", "state": "OK"}
    sim.create("OfferingUser", uuid=_LONE_ACCOUNT, **account)


def add_project_groups(sim: Simulator) -> None:
    """Create groups of two projects that use a service provider, of one that does not, and a group at another one."""
    sim.create(
        "ProjectGroup", uuid=PROJECT_GROUP, service_provider=_ALPHA, project="Project c1", name="climate", gid=20001
    )
    sim.create("ProjectGroup", service_provider=_ALPHA, project="Project c2", name="genome")
    sim.create("ProjectGroup", service_provider=_ALPHA, project="Project c3", name="legacy", gid=20003)
    sim.create("ProjectGroup", service_provider="Beta HPC Centre", project="Project c1", name="climate-b", gid=40001)
