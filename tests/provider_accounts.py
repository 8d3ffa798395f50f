# SPDX-License-Identifier: GPL-3.0-or-later
"""Service provider accounts and a username conflict for the recorded world of 2026, which has none."""

from __future__ import annotations

from simulator_process import Simulator

PROVIDER_ACCOUNT = "c0000000000040008000000000000051"
_ALPHA = "Alpha Cloud Ltd"


def add_provider_accounts(sim: Simulator) -> None:
    """Create accounts at two service providers; one of them backs an account at an offering, and so shows its user."""
    sim.create(
        "ProviderAccount",
        uuid=PROVIDER_ACCOUNT,
        service_provider=_ALPHA,
        user="member2",
        username="m2_alpha",
        state="OK",
        uidnumber=5002,
        primarygroup=5002,
        login_shell="/bin/bash",
        home_directory="/home/m2_alpha",
    )
    sim.create("ProviderAccount", service_provider=_ALPHA, user="member3", is_restricted=True)
    sim.create("ProviderAccount", service_provider="Beta HPC Centre", user="member2", username="m2_beta")
    backed = {"user__username": "member2", "offering__name": "Alpha VM"}
    assert sim.change("OfferingUser", backed, {"service_provider_account": PROVIDER_ACCOUNT})


def add_username_conflict(sim: Simulator) -> None:
    """Give member1 another username at one of the two offerings."""
    account = {"user__username": "member1", "offering__name": "Alpha Storage"}
    assert sim.change("OfferingUser", account, {"username": "m1_storage"})
