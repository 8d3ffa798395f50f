# SPDX-License-Identifier: GPL-3.0-or-later
"""Add data to the recorded data, so that every filter selects some rows."""

from __future__ import annotations

from typing import Any

from data_of_2026 import add_data_of_2026, add_lone_account
from provider_accounts import add_username_conflict

from simulator_process import Simulator

_CHANGES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("User", {"username": "member1"}, {"native_name": "Native Ülle", "organization": "University of Nowhere"}),
    ("User", {"username": "member1"}, {"phone_number": "+372 555", "job_title": "Researcher", "description": "seed"}),
    ("User", {"username": "member2"}, {"civil_number": "49403136515", "registration_method": "eduteams"}),
    ("User", {"username": "member3"}, {"is_active": False, "organization": "Université", "slug": "member3"}),
    ("User", {"username": "pm1"}, {"is_support": True, "agreement_date": "2026-11-22T21:20:00Z"}),
    ("Customer", {"abbreviation": "CONSUMER"}, {"native_name": "Native Näidis", "contact_details": "Ülikooli 18"}),
    ("Customer", {"abbreviation": "CONSUMER"}, {"agreement_number": "A-7", "backend_id": "backend"}),
    ("Customer", {"abbreviation": "CONSUMER"}, {"registration_code": "12345678"}),
    ("Customer", {"abbreviation": "BETA"}, {"archived": True}),
    ("Project", {"name": "Project c1"}, {"backend_id": "backend", "created": "2026-01-01T00:00:00.000001Z"}),
    ("SshKey", {"name": "member1-key1"}, {"is_shared": True}),
    ("Offering", {"name": "Alpha VM"}, {"description": "seed", "shared": False}),
    ("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True}),
    ("ServiceAccount", {"username": "svc_backup"}, {"state": "Closed"}),
)


def add_filter_data(sim: Simulator) -> Simulator:
    """Fill columns that are empty in the recorded data, and check that each row exists."""
    for model, where, columns in _CHANGES:
        if model != "ServiceAccount" or sim.edition != "2024":  # it has none
            assert sim.change(model, where, columns), (model, where)
    if sim.edition == "2026":
        return add_data_of_2026(sim)
    add_username_conflict(sim)
    add_lone_account(sim)
    return sim
