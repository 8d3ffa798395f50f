# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights that guide and messages name are those that each edition grants to each caller
(api-behaviour: rights-by-operation)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from posix_pools import PROVIDER_POOL, add_posix_pools

from ansible_collections.waldur.provider.plugins.module_utils._api import permissions
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS, Operation
from simulator_process import Simulator, SimulatorError

from .api import Api

GUIDE = Path(__file__).parents[3] / "docs" / "docsite" / "rst" / "guide_permissions.rst"
CALLERS = {"owner": "owner", "manager": "manager_alpha", "support": "support_user", "everybody": "outsider"}
EDITIONS = ("2024", "2025", "2026")
# The text of a cell of the guide, and the callers whose requests Waldur permits, apart from staff.
CELLS = {
    "everybody": {"owner", "manager", "support", "everybody"},
    "owner, manager, support": {"owner", "manager", "support"},
    "owner, manager": {"owner", "manager"},
    "owner, support": {"owner", "support"},
    "owner": {"owner"},
    "staff only": set(),
    "not available": None,
}
SOMEONE = "51d1acdbef2e4274bda95a1ce5391e54"
# The requests about one account, and the lists that have one.
ACCOUNTS = {
    "rename_offering_user": "/api/marketplace-offering-users",
    "rename_provider_account": "/api/marketplace-service-provider-accounts",
}
# The requests about one pool.
POOLS = ("posix_id_pool_stats", "update_posix_id_pool", "delete_posix_id_pool")
QUERIES = {
    "customer_projects": "?project_customer_uuid=47d72aa7327a4e45944a42b02349eb16",
    "user_customers": f"?user_uuid={SOMEONE}",
    "adoptable_projects": "?service_provider_uuid=e182aaedb6ae4541956a3c14629abc02",
}


@pytest.fixture(scope="module", params=EDITIONS)
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """The API of each edition; the requests that are allowed change nothing that the others look at."""
    with Simulator.start(edition=request.param) as sim:
        if request.param == "2026":
            sim.create("ProviderAccount", service_provider="Alpha Cloud Ltd", user="member1", state="OK")
            add_posix_pools(sim)
        api = Api(sim)
        yield api
        api.close()


@pytest.fixture(scope="module")
def permitted(api: Api) -> dict[str, set[str] | None]:
    """Return the callers whose requests the edition permits, by the name of the operation."""
    return {operation.name: observed(api, operation) for operation in used_operations()}


def guide_rows() -> Iterator[tuple[list[str], str, dict[str, str]]]:
    """Yield the requests, the permission and the cell of each edition of every row of the guide's table."""
    text = GUIDE.read_text().partition("Permissions for each request\n---")[2]
    for row in re.split(r"^   \* - ", text.partition("\n\n* ")[0], flags=re.MULTILINE)[2:]:
        cells = [cell.strip() for cell in re.split(r"^     -", row, flags=re.MULTILINE)]
        requests, _module, permission, *years = cells
        yield requests.split("; "), permission.strip("`"), dict(zip(EDITIONS, years, strict=True))


def from_guide(edition: str) -> dict[str, set[str] | None]:
    """Return who may send each request, by the words of messages."""
    return {title: CELLS[years[edition]] for titles, _permission, years in guide_rows() for title in titles}


@cache
def used_operations() -> list[Operation]:
    """Return all operations: none is declared that no plugin uses (see ``test_operations``)."""
    return list(OPERATIONS.values())


def observed(api: Api, operation: Operation) -> set[str] | None:
    """Return the callers whom the simulator does not refuse, or None where it has no such route."""
    answers = {
        caller: api.ask(operation.method, target(api, operation), body(api, operation), by=alias)
        for caller, alias in CALLERS.items()
    }
    if all(answer.status == 404 and isinstance(answer.body, str) for answer in answers.values()):
        return None
    # To a caller who does not see an account or a pool, it does not exist.
    refusals = (401, 403, 404) if operation.name in {*ACCOUNTS, *POOLS} else (401, 403)
    return {caller for caller, answer in answers.items() if answer.status not in refusals}


def target(api: Api, operation: Operation) -> str:
    uuid = api.provider().split("/")[1]
    kinds = {"users": SOMEONE, "customers": "d2c8772ce559428283e388badd97f2d6"}
    if operation.name in ACCOUNTS:
        rows = api.ask("GET", f"{ACCOUNTS[operation.name]}/?user_uuid={SOMEONE}").body
        uuid = rows[0]["uuid"] if isinstance(rows, list) else uuid
    if operation.name in POOLS:
        uuid = PROVIDER_POOL
    for kind, found in kinds.items():
        uuid = found if operation.path.startswith(f"/api/{kind}/") else uuid
    return operation.path.format(uuid=uuid) + QUERIES.get(operation.name, "")


def body(api: Api, operation: Operation) -> dict[str, Any] | None:
    """Return a body that is valid, as Waldur looks at it before it looks at rights."""
    if operation.name == "create":
        return {"customer": f"{api.sim.url}/api/customers/{api.customer('Spare Customer (no provider)')['uuid']}/"}
    if operation.name == "update":
        return {"customer": f"{api.sim.url}/api/customers/d2c8772ce559428283e388badd97f2d6/", "description": "New"}
    if operation.name in ("add_user", "update_user", "delete_user"):
        role = next(row["uuid"] for row in api.rows("roles/") if row["name"] == "CUSTOMER.MANAGER")
        return {"role": role, "user": SOMEONE}
    if operation.name == "create_offering_user":
        return _new_account(api)
    if operation.name == "create_posix_id_pool" and api.sim.edition == "2026":
        return _new_pool(api)
    group = {"project": "166880ed37384add85492b3e26ccc70e", "gid": 30001}
    bodies: dict[str, dict[str, Any]] = {
        "import_project_groups": {"service_provider": api.provider().split("/")[1], "groups": [group]},
        "set_offerings_username": {"user_uuid": SOMEONE, "username": "m1"},
    }
    return bodies.get(operation.name, {})


def _new_account(api: Api) -> dict[str, Any]:
    """Return the body for an account; a second one of the user would be refused before rights are looked at."""
    with contextlib.suppress(SimulatorError):
        api.sim.delete("OfferingUser", {"user__username": "member1", "offering__name": "Alpha Private"})
    offering = api.get_object("marketplace-provider-offerings/", name_exact="Alpha Private")
    if api.sim.edition == "2024":
        return {"user": f"{api.sim.url}/api/users/{SOMEONE}/", "offering": offering["url"]}
    return {"user_uuid": SOMEONE, "offering_uuid": offering["uuid"]}


def _new_pool(api: Api) -> dict[str, Any]:
    """Return the body for the pool of an offering; a second one would be refused before rights are looked at."""
    with contextlib.suppress(SimulatorError):
        api.sim.delete("PosixPool", {"offering__name": "Alpha VM"})
    offering = api.get_object("marketplace-provider-offerings/", name_exact="Alpha VM")
    return {"offering": offering["uuid"], "min_uid": 70000, "max_uid": 70009}


def test_the_guide_names_every_request_of_every_module() -> None:
    titles = [title for requests, _permission, _years in guide_rows() for title in requests]
    assert sorted(titles) == sorted(operation.title for operation in used_operations())


def test_the_guide_gives_each_request_to_those_whom_the_edition_lets_through(
    api: Api, permitted: dict[str, set[str] | None]
) -> None:
    found = {operation.title: permitted[operation.name] for operation in used_operations()}
    assert found == from_guide(api.sim.edition)


def test_every_operation_came_with_the_edition_that_first_has_its_route(
    api: Api, permitted: dict[str, set[str] | None]
) -> None:
    edition = int(api.sim.edition)
    missing = {name for name, callers in permitted.items() if callers is None}
    assert missing == {operation.name for operation in used_operations() if edition < operation.since}


def test_the_guide_and_the_messages_name_the_same_permissions() -> None:
    for titles, permission, _years in guide_rows():
        for operation in (found for found in used_operations() if found.title in titles):
            named = set(
                re.findall(r"(?:SERVICE_PROVIDER\.|(?=POSIX_ID_POOL\.))([\w.]+)", operation.permission.describe())
            )
            assert named == ({permission} if permission else set()), operation.name


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_refusal_names_only_what_helps_on_the_edition_at_hand(edition: str) -> None:
    allowed = from_guide(edition)
    for operation in used_operations():
        told = operation.permission.describe(int(edition))
        callers = allowed[operation.title]
        role_change = operation.name in ("add_user", "update_user", "delete_user")
        if callers is None or "everybody" in callers or operation.name in ("list_users", "create"):
            continue
        assert ("need a staff token" in told) is role_change, told
        if role_change:
            assert callers == set()
            continue
        if operation.permission is permissions.VIEW_POOLS:
            assert callers == {"owner", "support"}, told
            continue
        if "POSIX_ID_POOL." in told:
            assert callers == {"owner"}, told
            continue
        if "OFFERING." in told:
            assert ("on the service provider or its customer" in told) is ("manager" in callers), told
            continue
        assert ("SERVICE_PROVIDER." in told) is (edition != "2024" and "CUSTOMER.OWNER" not in told), told
        assert ("on the service provider or its customer" in told) is ("manager" in callers), told
        assert ("or a support token" in told) is ("support" in callers), told
        if "CUSTOMER.OWNER" in told:
            assert callers == {"owner"}, told


def test_a_refusal_of_an_unknown_edition_names_every_case() -> None:
    told = OPERATIONS["projects"].permission.describe()
    assert told == (
        "on Waldur of 2026 this needs the permission SERVICE_PROVIDER.LIST_PROJECTS on the service provider or its"
        " customer; on Waldur of 2025 this needs the permission SERVICE_PROVIDER.LIST_PROJECTS on the provider's"
        " customer (a role on the service provider is not enough before 2026); on Waldur of 2024 this needs a staff"
        " token, or the role CUSTOMER.OWNER on the provider's customer"
    )
    told = OPERATIONS["keys"].permission.describe()
    assert told.startswith("on Waldur of 2025 and newer this needs the permission SERVICE_PROVIDER.LIST_KEYS on the")
