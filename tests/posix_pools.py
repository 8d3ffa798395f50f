# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX ID pools and the numbers in use in them for the recorded world of 2026, which has none."""

from __future__ import annotations

from simulator_process import Simulator

PROVIDER_POOL = "70000000000040008000000000000001"
OFFERING_POOL = "70000000000040008000000000000002"
OTHER_POOL = "70000000000040008000000000000003"
_RELEASED = "2026-11-22T22:00:00Z"


def add_posix_pools(sim: Simulator) -> None:
    """Create the pool of a service provider, that of one of its offerings, and that of another service provider."""
    ranges = {"min_uid": 20000, "max_uid": 20009, "min_gid": 20000, "max_gid": 20009}
    groups = {"min_group_gid": 30000, "max_group_gid": 30099, "description": "Cluster and storage"}
    sim.create("PosixPool", uuid=PROVIDER_POOL, service_provider="Alpha Cloud Ltd", **ranges, **groups)
    sim.create("PosixPool", uuid=OFFERING_POOL, offering="Alpha Storage", min_uid=40000, max_uid=40009)
    sim.create("PosixPool", uuid=OTHER_POOL, service_provider="Beta HPC Centre", **ranges)
    _add_identities(sim)


def _add_identities(sim: Simulator) -> None:
    user = {"consumer_type": "user", "offering": "Alpha VM"}
    sim.create("PosixIdentity", pool=PROVIDER_POOL, user="member1", uid=20000, gid=20000, **user)
    given_back = {"released_at": _RELEASED, "recyclable": False}
    sim.create("PosixIdentity", pool=PROVIDER_POOL, user="member2", uid=20001, gid=20001, **user, **given_back)
    robot = {"consumer_type": "robotaccount", "consumer_name": "alpha robot", "offering": "Alpha VM"}
    sim.create("PosixIdentity", pool=PROVIDER_POOL, uid=20002, gid=20002, **robot)
    storage = {"consumer_type": "user", "offering": "Alpha Storage"}
    sim.create("PosixIdentity", pool=OFFERING_POOL, user="member1", uid=40000, **storage)
