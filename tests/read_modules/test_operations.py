# SPDX-License-Identifier: GPL-3.0-or-later
"""Each of the thirty operations, driven by a module: the request that the server sees, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from simulation import Simulator

from .module_runs import ALPHA, ALPHA_CUSTOMER, Plain, Request, Row, asked, run, run_again
from .table import KEYS, READERS, Entry, entries
from .values import NEEDED, PATH_UUIDS
from .writers import WRITERS

EXTRA01 = "EXTRA01"
READING = [entry for entry in entries() if entry.name in READERS]
WRITING = [entry for entry in entries() if entry.name in WRITERS]


def known(sim: Simulator) -> Plain:
    return Plain(sim.url, sim.token("staff"))


def options(entry: Entry) -> dict[str, Any]:
    if entry.name == "service_providers_list":
        return {}
    provider = {"service_provider": ALPHA}
    # Some have only numbers of persons to hide; asked by name, every key of the rows comes.
    return {**provider, **NEEDED.get(entry.name, ({}, []))[0]}


def without_numbers(rows: Any) -> Any:
    """What a plain reading gives, but what is never told unasked: numbers of persons, and secrets."""
    if not isinstance(rows, list):
        return without_numbers([rows])[0]
    private = {"phone_number", "civil_number", "user_phone_number", "user_civil_number"}
    return [
        {key: value for key, value in row.items() if key not in {*private, "secret_options", "token"}} for row in rows
    ]


@pytest.mark.parametrize("entry", READING, ids=lambda entry: str(entry.name))
def test_an_operation_that_reads_is_asked_as_the_reference_says_and_its_rows_come_back(
    sim: Simulator, of_2026: Simulator, entry: Entry
) -> None:
    module, query = READERS[entry.name], NEEDED.get(entry.name, ({}, []))[1]
    sim = of_2026 if entry.ours and entry.ours.since > 2025 else sim
    sim.zero()
    result = run(sim.url, sim.token("staff"), module, **options(entry))
    path = entry.path.format(uuid=PATH_UUIDS.get(entry.name, ALPHA))
    paging = [("page_size", "300")] if entry.paginated else []
    assert Request("GET", path, (*query, *paging)) in asked(sim)
    assert sim.counts().writes == 0
    found = result[KEYS[module]]
    expected: Any = known(sim).rows(path, query) if entry.paginated else known(sim).get(path)
    if entry.name == "api_secret_code_retrieve":
        assert found.startswith("sha256:")
        assert (
            run_again(sim.url, sim.token("staff"), module, **options(entry), reveal=True)["api_secret_code"]
            == (expected["api_secret_code"])
        )
        return
    assert expected, "nothing to read is nothing seen"
    told = part_of(entry, found)
    assert comparable(told) == comparable(without_numbers(expected))
    rows = expected if isinstance(expected, list) else [expected]
    assert {*entry.rows} - {*rows[0]} <= LATER, "the simulator's rows have the keys of the reference"


# Empty keys of the reference that the simulator's rows do not have.
LATER = {"organization_groups"}


def part_of(entry: Entry, found: Any) -> Any:
    """The rows of this operation, in a result that may hold those of several."""
    parts = {
        "compliance_overview": "overview",
        "compliance_offering_users": "offering_users",
        "compliance_checklists_summary": "checklists",
    }
    kinds = {"robot_account_customers_list": "customer", "robot_account_projects_list": "project"}
    if entry.name in parts:
        return found[parts[entry.name]]
    if entry.name in kinds:
        return [
            {key: value for key, value in row.items() if key != "scope_type"}
            for row in found
            if row["scope_type"] == kinds[entry.name]
        ]
    if entry.name == "posix_id_pools_stats_retrieve":
        return found[0]["statistics"]
    return found[0] if entry.name in ("service_providers_retrieve", "provider_accounts_retrieve") else found


def comparable(value: Any) -> Any:
    """Rows in an order of their own: lists have none on the server."""
    return sorted(value, key=repr) if isinstance(value, list) else value


@pytest.mark.parametrize("entry", WRITING, ids=lambda entry: str(entry.name))
def test_an_operation_that_writes_is_asked_as_the_reference_says_and_does_it(
    sim: Simulator, running_2026: Simulator, entry: Entry
) -> None:
    writer = WRITERS[entry.name]
    if writer.edition == 2026:
        sim = running_2026
        sim.reset()
    token = sim.token("staff")
    if writer.before:
        run(sim.url, token, writer.module, **writer.before)
    for fault in writer.faults:
        sim.fault(times=None, **fault)
    before = state(sim)
    sim.zero()
    run(sim.url, token, writer.module, **writer.options)
    uuids = [ALPHA, *(row["uuid"] for row in before["providers"] if row["customer_abbreviation"] == EXTRA01)]
    uuids += [row["uuid"] for row in before["pools"]]
    paths = {entry.path.format(uuid=uuid) for uuid in uuids}
    wrote = [one for one in asked(sim) if one.method != "GET"]
    assert [one for one in wrote if one.method == entry.method and one.path in paths and not one.query] == wrote[-1:]
    assert len(wrote) == 1 + len(writer.faults)
    assert state(sim) != before


def state(sim: Simulator) -> dict[str, list[Row]]:
    """All that these tasks change."""
    plain = known(sim)
    provider = f"/api/marketplace-service-providers/{ALPHA}/"
    return {
        "providers": plain.rows("/api/marketplace-service-providers/"),
        "grants": plain.rows(f"{provider}list_users/"),
        "accounts": [
            {"uuid": row["uuid"], "username": row["username"]}
            for row in plain.rows("/api/marketplace-offering-users/", [("provider_uuid", ALPHA_CUSTOMER)])
        ],
        "code": [plain.get(f"{provider}api_secret_code/")],
        "pools": plain.rows("/api/marketplace-posix-id-pools/") if sim.edition == "2026" else [],
        "groups": plain.rows("/api/marketplace-service-provider-project-groups/") if sim.edition == "2026" else [],
    }


def test_what_a_proxy_without_patch_lets_pass_keeps_what_was_not_asked_for(sim: Simulator) -> None:
    sim.change("ServiceProvider", {"uuid": ALPHA}, {"enable_notifications": False})
    sim.fault(method="PATCH", status=405, times=None)
    result = run(sim.url, sim.token("staff"), "service_provider", customer="ALPHA", description="New")
    assert result["service_provider"]["description"] == "New"
    assert result["service_provider"]["enable_notifications"] is False
