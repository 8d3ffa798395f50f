# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks return beside ``changed`` and ``diff``: plans made by hand, nobody asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import WRITE_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._resources import api_secret_code, service_provider
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import SecretCode
from ansible_collections.waldur.provider.plugins.module_utils._resources.base import TypedTask
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)

from ...helpers.samples import CUSTOMER, PROVIDER, session, target

CODE = "aB3dE5gH7jK9mN2p"
URL = "https://waldur.example.org"
FINGERPRINT = api_secret_code.fingerprint(CODE)


def planned(state: str = "present", code: str = CODE) -> Plan:
    """Return a plan of one provider, in which this state of the secret code is desired."""
    wish = SecretCode("", state)
    resource, found = api_secret_code.ApiSecretCode(), api_secret_code.SecretCodeState(code)
    comparison = resource.compare(session(), target(), wish, found, {})
    return Plan(
        RESOURCES,
        [TypedTask(resource, ProviderDocument("", "ACME"), target(), wish, found, comparison)],
        {},
        comparison,
        URL,
    )


def returned(module: str, plan: Plan, done: bool = True, **options: Any) -> dict[str, Any]:
    return WRITE_MODULES[module].returns(options, plan, done)


@pytest.mark.parametrize("done", [True, False])
def test_the_code_is_returned_only_where_it_is_to_be_revealed(done: bool) -> None:
    assert returned("api_secret_code", planned(), done, reveal=False) == {"fingerprint": FINGERPRINT}
    revealed = {"fingerprint": FINGERPRINT, "api_secret_code": CODE}
    assert returned("api_secret_code", planned(), done, reveal=True) == revealed


def test_a_rotation_that_is_only_planned_reveals_nothing_that_will_not_hold() -> None:
    found = returned("api_secret_code", planned("rotated"), done=False, reveal=True)
    assert found == {"fingerprint": None, "api_secret_code": None}


def test_a_desired_state_returns_plan_and_summary_and_fingerprints_but_no_code() -> None:
    found = returned("desired_state", planned("rotated"))
    assert [change["action"] for change in found["plan"]] == ["rotate"]
    assert found["summary"] == {
        "total": 1,
        "actions": {"rotate": 1},
        "renames": 0,
        "missing_users": [],
        "fingerprints": {"ACME": FINGERPRINT},
    }
    assert found["service_providers"] == [{"name": "ACME", "customer_uuid": CUSTOMER, "uuid": PROVIDER}]
    assert "expiring" not in found
    assert returned("desired_state", planned(), expiring_within="30d")["expiring"] == []
    assert "expiring" not in returned("desired_state", planned(), expiring_within="")
    assert "kept" not in found
    assert returned("desired_state", planned(), list_kept=True)["kept"] == []
    assert (found["left_out"], found["without_entry"], found["api_url"]) == ([], [], URL)
    assert CODE not in str(found)


def test_two_providers_of_one_name_each_have_their_own_fingerprint() -> None:
    plan, twin = planned(), planned(code="another code")
    twin.tasks[0].target.customer_uuid = "f" * 32
    plan.tasks += twin.tasks
    assert returned("desired_state", plan)["summary"]["fingerprints"] == {
        f"ACME ({CUSTOMER})": FINGERPRINT,
        f"ACME ({'f' * 32})": api_secret_code.fingerprint("another code"),
    }


def test_a_service_provider_is_returned_under_its_own_name() -> None:
    resource, found = service_provider.ServiceProvider(), ProfileState({"uuid": PROVIDER})
    plan = Plan(
        RESOURCES,
        [TypedTask(resource, ProviderDocument("", "ACME"), target(), Profile(), found)],
        {},
        Comparison(),
        URL,
    )
    assert returned("service_provider", plan) == {"service_provider": {"uuid": PROVIDER}}
