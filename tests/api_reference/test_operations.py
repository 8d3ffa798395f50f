# SPDX-License-Identifier: GPL-3.0-or-later
"""Each of the thirty operations, sent by a module: the request, and its result."""

from __future__ import annotations

from typing import Any

import pytest

from simulator_process import Simulator

from .api_client import ALPHA, ALPHA_CUSTOMER, ApiClient, Request, Row, list_requests
from .documented_operations import KEYS, READERS, DocumentedOperation, entries
from .module_runs import run
from .parameter_values import NEEDED, PATH_UUIDS
from .write_tasks import WRITERS

EXTRA01 = "EXTRA01"
READING = [entry for entry in entries() if entry.name in READERS]
WRITING = [entry for entry in entries() if entry.name in WRITERS]


def known(sim: Simulator) -> ApiClient:
    return ApiClient(sim.url, sim.token("staff"))


def options(entry: DocumentedOperation) -> dict[str, Any]:
    if entry.name == "service_providers_list":
        return {}
    provider = {"service_provider": ALPHA}
    # Without ``fields``, modules leave out only the keys that ``without_numbers`` removes.
    return {**provider, **NEEDED.get(entry.name, ({}, []))[0]}


def without_numbers(rows: Any) -> Any:
    """Return the rows of the independent client without the personal numbers and secrets that modules leave out."""
    if not isinstance(rows, list):
        return without_numbers([rows])[0]
    private = {"phone_number", "civil_number", "user_phone_number", "user_civil_number"}
    return [
        {key: value for key, value in row.items() if key not in {*private, "secret_options", "token"}} for row in rows
    ]


@pytest.mark.parametrize("entry", READING, ids=lambda entry: str(entry.name))
def test_an_operation_that_reads_is_asked_as_the_reference_says_and_its_rows_come_back(
    sim: Simulator, of_2026: Simulator, entry: DocumentedOperation
) -> None:
    module, query = READERS[entry.name], NEEDED.get(entry.name, ({}, []))[1]
    sim = of_2026 if entry.operation and entry.operation.since > 2025 else sim
    sim.zero()
    result = run(sim.url, sim.token("staff"), module, **options(entry))
    path = entry.path.format(uuid=PATH_UUIDS.get(entry.name, ALPHA))
    paging = [("page_size", "300")] if entry.paginated else []
    assert Request("GET", path, (*query, *paging)) in list_requests(sim)
    assert sim.counts().writes == 0
    found = result[KEYS[module]]
    expected: Any = known(sim).rows(path, query) if entry.paginated else known(sim).get(path)
    if entry.name == "api_secret_code_retrieve":
        assert found.startswith("sha256:")
        assert (
            run(sim.url, sim.token("staff"), module, keep_cache=True, **options(entry), reveal=True)["api_secret_code"]
            == (expected["api_secret_code"])
        )
        return
    assert expected, "nothing to read is nothing seen"
    returned = part_of(entry, found)
    assert comparable(returned) == comparable(without_numbers(expected))
    rows = expected if isinstance(expected, list) else [expected]
    assert {*entry.rows} - {*rows[0]} <= LATER, "the simulator's rows have the keys of the reference"


# Empty keys of the reference that the simulator's rows do not have.
LATER = {"organization_groups"}


def part_of(entry: DocumentedOperation, found: Any) -> Any:
    """Return the rows of this operation from a result that may contain those of several."""
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
    """Return the rows sorted, as lists of the server have no order."""
    return sorted(value, key=repr) if isinstance(value, list) else value


@pytest.mark.parametrize("entry", WRITING, ids=lambda entry: str(entry.name))
def test_an_operation_that_writes_is_asked_as_the_reference_says_and_does_it(
    sim: Simulator, running_2026: Simulator, entry: DocumentedOperation
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
    writes = [one for one in list_requests(sim) if one.method != "GET"]
    assert [one for one in writes if one.method == entry.method and one.path in paths and not one.query] == writes[-1:]
    assert len(writes) == 1 + len(writer.faults)
    assert state(sim) != before


def state(sim: Simulator) -> dict[str, list[Row]]:
    """Return everything that these tasks change."""
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
