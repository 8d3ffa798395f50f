# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single user_role task requests, and that it notices the same mistakes whatever it leaves out."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import make_connection, run_module
from messages import fragment, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from simulator_process import Simulator

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
ALPHA_CUSTOMER = "d2c8772ce559428283e388badd97f2d6"
URL = f"https://waldur.example.org/api/marketplace-service-providers/{ALPHA}/"
MANAGER = "CUSTOMER.MANAGER"
GRANTS = "GET /api/marketplace-service-providers/{uuid}/list_users/"
PROVIDERS = "GET /api/marketplace-service-providers/"
ROLES = "GET /api/roles/"
DEFAULTS = {"role": MANAGER, "state": "present", "exclusive": False, "missing_users": "fail"}


def run(sim: Simulator, *, check: bool = False, **options: Any) -> dict[str, Any]:
    """Return what the module returns, in a process that remembers nothing."""
    sim.zero()
    merged = {"service_provider": ALPHA, "user": "manager_alpha", **DEFAULTS, **options}
    return run_module(make_connection(sim), "user_role", merged, check=check, diff=True)


@pytest.mark.parametrize(
    ("provider", "requests"),
    [
        ("ALPHA", {PROVIDERS: 1, GRANTS: 1}),
        ("Alpha Cloud Ltd", {PROVIDERS: 1, GRANTS: 1}),
        (ALPHA, {GRANTS: 1}),
        (ALPHA.upper(), {GRANTS: 1}),
        (URL, {GRANTS: 1}),
        # Only Waldur tells that it is no UUID of a provider.
        (ALPHA_CUSTOMER, {PROVIDERS: 1, GRANTS: 2}),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_task_that_changes_nothing_requests_only_what_it_compares(
    sim: Simulator, provider: str, requests: dict[str, int], check: bool
) -> None:
    result = run(sim, check=check, service_provider=provider)
    assert (result["changed"], [row["user_username"] for row in result["user_roles"]]) == (False, ["manager_alpha"])
    assert sim.counts().operations == requests


@pytest.mark.parametrize("provider", ["ALPHA", ALPHA, URL, ALPHA_CUSTOMER])
def test_a_change_is_the_same_however_the_provider_is_given_in_check_mode_and_applied(
    sim: Simulator, provider: str
) -> None:
    planned = run(sim, check=True, service_provider=provider, user="member1")
    assert sim.counts().operations[ROLES] == 1
    applied = run(sim, service_provider=provider, user="member1")
    by_name = run(sim, check=True, service_provider="ALPHA", user="member2")
    assert planned["diff"] == applied["diff"]
    assert str(by_name["diff"]).replace("member2", "member1") == str(planned["diff"])
    assert not run(sim, service_provider=provider, user="member1")["changed"]


def test_the_items_of_a_loop_request_the_grants_of_their_user_each(sim: Simulator) -> None:
    for name in ("member1", "member2"):
        run(sim, user=name)
    run(sim)
    for name in ("member1", "member2"):
        options = {"service_provider": ALPHA, "user": name, **DEFAULTS}
        runner.run("user_role", options, Connection(sim.url, sim.token("staff"), retries=0), check=False, diff=False)
    assert sim.counts().operations == {GRANTS: 3}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_role_that_does_not_exist_is_an_error(sim: Simulator, state: str, check: bool) -> None:
    with pytest.raises(
        InvalidInput, match=fragment("role_not_found", option="role", value="CUSTOMER.MANGER", roles=MANAGER)
    ):
        run(sim, check=check, role="CUSTOMER.MANGER", state=state)
    assert sim.counts().writes == 0


@pytest.mark.parametrize("check", [True, False])
def test_a_role_that_was_disabled_can_not_be_granted_though_others_hold_it(sim: Simulator, check: bool) -> None:
    sim.change("Role", {"name": MANAGER}, {"is_active": False})
    with pytest.raises(InvalidInput, match=fragment("role_disabled")):
        run(sim, check=check, user="member1")
    assert sim.counts().writes == 0


@pytest.mark.parametrize("check", [True, False])
def test_a_uuid_of_no_provider_is_the_error_that_it_is_for_any_reference(sim: Simulator, check: bool) -> None:
    unknown = "0" * 32
    with pytest.raises(InvalidInput) as caught:
        run(sim, check=check, service_provider=unknown)
    assert caught.value.message == message("provider_not_found", option="service_provider", value=unknown)
