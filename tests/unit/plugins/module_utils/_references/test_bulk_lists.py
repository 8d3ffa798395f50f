# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of all providers: when they are read, what they cost, and when each provider is read instead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from in_process import make_connection, run_module

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import Unauthorized, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._http import client, pagination
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import EXPORT_PARTS
from simulator_process import Simulator

PROVIDERS, GRANTS = 40, 20
NUMBERS = {"providers": PROVIDERS, "grants": GRANTS, "users": GRANTS, "projects": 0, "offerings": 0}
ALL_GRANTS = "GET /api/user-permissions/"
OF_PROVIDER = "GET /api/marketplace-service-providers/{uuid}/list_users/"


@pytest.fixture(scope="module")
def large() -> Iterator[Simulator]:
    """Forty service providers of Waldur 2026 with twenty role grants each."""
    with Simulator.start(edition="2026", generate=NUMBERS) as simulator:
        yield simulator


@pytest.fixture
def fleet(large: Simulator) -> Simulator:
    """The large world at its start."""
    large.reset(frozen=True)
    large.clear_faults()
    return large


def document(providers: int = PROVIDERS, grants: int = GRANTS) -> list[dict[str, Any]]:
    users = [{"user": f"user{number:04d}"} for number in range(1, grants + 1)]
    return [{"customer": f"Provider {number:04d}", "users": users} for number in range(1, providers + 1)]


def run(
    sim: Simulator, module: str, *, alias: str = "staff", connection: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Return what a module returns, in a process that remembers nothing."""
    sim.zero()
    return run_module(make_connection(sim, alias, **(connection or {})), module, options, check=True, diff=True)


def plan(sim: Simulator, entries: list[dict[str, Any]] | None = None, **options: Any) -> dict[str, Any]:
    return run(sim, "desired_state", service_providers=document() if entries is None else entries, **options)


def is_read_at_once(sim: Simulator) -> bool:
    operations = sim.counts().operations
    return operations.get(OF_PROVIDER, 0) == 0 and ALL_GRANTS in operations


def test_role_grants_of_many_providers_cost_pages(fleet: Simulator) -> None:
    assert plan(fleet)["changed"] is False
    assert is_read_at_once(fleet)
    # Customers, service providers, the token's user, and deactivated users.
    assert fleet.counts().requests == math.ceil(PROVIDERS * GRANTS / 300) + 4


def test_an_export_of_many_providers_costs_pages(fleet: Simulator) -> None:
    exported = run(fleet, "desired_state_info", parts=list(EXPORT_PARTS))
    assert [len(entry["users"]) for entry in exported["service_providers"]] == [GRANTS] * PROVIDERS
    # As above, and roles, resources, accounts, project groups and POSIX ID pools.
    assert fleet.counts().requests == math.ceil(PROVIDERS * GRANTS / 300) + 9


def test_role_grants_of_few_providers_are_read_provider_by_provider(fleet: Simulator) -> None:
    assert plan(fleet, document(9))["changed"] is False
    assert fleet.counts().operations[OF_PROVIDER] == 9
    assert ALL_GRANTS not in fleet.counts().operations


def test_a_list_with_more_pages_than_providers_is_left_after_its_first_page(
    fleet: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "PAGE_SIZE", 20)
    assert plan(fleet)["changed"] is False
    operations = fleet.counts().operations
    assert (operations[ALL_GRANTS], operations[OF_PROVIDER]) == (1, PROVIDERS)


def test_the_grants_of_a_provider_are_read_again_where_something_changes(fleet: Simulator) -> None:
    entries = document()
    entries[3] = {**entries[3], "users": [*entries[3]["users"], {"user": "owner"}]}
    result = plan(fleet, entries)
    assert [change["service_provider"] for change in result["plan"]] == ["Provider 0004"]
    assert fleet.counts().operations[OF_PROVIDER] == 1


def test_a_grant_that_the_list_of_all_providers_lacks_is_not_granted_again(fleet: Simulator) -> None:
    fleet.fault(path="*/user-permissions/*", status=200, body=[], headers={"X-Result-Count": "0"}, times=None)
    assert plan(fleet)["changed"] is False
    assert fleet.counts().operations[OF_PROVIDER] == PROVIDERS


def test_grants_of_deactivated_users_count_as_in_the_list_of_a_provider(fleet: Simulator) -> None:
    fleet.change("User", {"username": "user0001"}, {"is_active": False})
    entries = [{**entry, "exclusive_users": True, "users": entry["users"][1:]} for entry in document()]
    assert plan(fleet, entries)["changed"] is False
    assert is_read_at_once(fleet)


@pytest.mark.parametrize("alias", ["support", "owner"])
def test_the_list_of_all_providers_needs_a_staff_token(fleet: Simulator, alias: str) -> None:
    assert plan(fleet, alias=alias)["changed"] is False
    assert fleet.counts().operations[OF_PROVIDER] == PROVIDERS
    assert ALL_GRANTS not in fleet.counts().operations


def test_a_personal_access_token_does_not_use_the_list_of_all_providers(
    fleet: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "is_personal", lambda _scheme, _token: True)
    assert plan(fleet)["changed"] is False
    assert ALL_GRANTS not in fleet.counts().operations


def test_waldur_before_2026_reads_provider_by_provider(running: Simulator) -> None:
    running.load(generate=NUMBERS)
    try:
        assert plan(running)["changed"] is False
        assert running.counts().operations[OF_PROVIDER] == PROVIDERS
        assert ALL_GRANTS not in running.counts().operations
    finally:
        running.load()


# --- lists that can't be used ----------------------------------------------------------------------------------------

FAULTS: dict[str, dict[str, Any]] = {
    "a rejection": {"status": 403, "body": {"detail": "No."}},
    "an unknown filter": {"status": 400, "body": {"scope_type": ["Unknown."]}},
    "a missing route": {"status": 404, "html": True},
    "a defect": {"status": 500, "html": True},
    "JSON of another form": {"status": 200, "body": {}},
    "HTML": {"html": True},
    "rows without keys": {"status": 200, "body": [{"user_uuid": "a" * 32}], "headers": {"X-Result-Count": "1"}},
    "no number of rows": {"status": 200, "body": [{"user_uuid": "a" * 32}]},
    "more rows than there are": {"status": 200, "body": [], "headers": {"X-Result-Count": "3"}},
    "a missing row": {"skip_row": True},
}


# What happens to the rows of grants; there are no rows of deactivated users here.
OF_ROWS = ("rows without keys", "no number of rows", "a missing row")
CASES = [("*/user-permissions/*", fault) for fault in FAULTS]
CASES += [("~/users/.*is_active=", fault) for fault in FAULTS if fault not in OF_ROWS]


@pytest.mark.parametrize(("path", "fault"), CASES)
def test_each_provider_is_read_where_the_list_of_all_can_not_be_used(fleet: Simulator, path: str, fault: str) -> None:
    fleet.fault(method="GET", path=path, times=None, **FAULTS[fault])
    assert plan(fleet)["changed"] is False
    assert fleet.counts().operations[OF_PROVIDER] == PROVIDERS


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 401, "body": {"detail": "Token has expired."}}])
def test_a_failed_connection_or_token_ends_the_run(fleet: Simulator, fault: dict[str, Any]) -> None:
    fleet.fault(method="GET", path="*/user-permissions/*", times=None, **fault)
    with pytest.raises(WaldurError) as caught:
        plan(fleet)
    assert OF_PROVIDER not in fleet.counts().operations
    assert isinstance(caught.value, Unauthorized) == ("status" in fault)


def test_a_list_of_all_providers_that_takes_too_long_is_replaced_by_the_lists_of_providers(fleet: Simulator) -> None:
    fleet.fault(method="GET", path="*/user-permissions/*", delay=4, times=None)
    assert plan(fleet, connection={"timeout": 3})["changed"] is False
    assert fleet.counts().operations[OF_PROVIDER] == PROVIDERS


def test_grants_of_deactivated_users_are_not_kept_where_waldur_hides_who_is_active(fleet: Simulator) -> None:
    (user,) = fleet.change("User", {"username": "user0001"}, {"is_active": False})
    headers = {"X-Result-Count": "1"}
    fleet.fault(
        method="GET", path="~/users/.*is_active=", status=200, body=[{"uuid": user}], headers=headers, times=None
    )
    exported = run(fleet, "desired_state_info", parts=["users"])
    assert [len(entry["users"]) for entry in exported["service_providers"]] == [GRANTS - 1] * PROVIDERS


def test_a_long_list_of_deactivated_users_is_left_after_its_first_page(fleet: Simulator) -> None:
    """It would take more requests than the lists of the providers."""
    page = [{"uuid": f"{number:032x}", "is_active": False} for number in range(10)]
    headers = {"X-Result-Count": "400"}
    fleet.fault(method="GET", path="~/users/.*is_active=", status=200, body=page, headers=headers, times=None)
    assert plan(fleet)["changed"] is False
    operations = fleet.counts().operations
    assert (operations["GET /api/users/"], operations[OF_PROVIDER]) == (1, PROVIDERS)
