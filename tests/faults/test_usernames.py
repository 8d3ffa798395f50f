# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at each request that sets usernames of service provider accounts, and what others do meanwhile, on
Waldur 2026."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from messages import mentions, message
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common import signals
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from simulator_process import Simulator

from .module_outcomes import LONG, SHORT, Result, try_module
from .test_faults import HERE
from .write_cases import ALPHA

RULES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "rules.yml").read_text())
SHARED, ROWS = "*/marketplace-service-provider-accounts/*", "/api/marketplace-offering-users/*"
MEMBER1 = {"user__username": "member1"}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of that edition."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """Its API, to look at what a run left."""
    api = Api(newest)
    yield api
    api.close()
    _context.CLIENTS.clear()


def read_state(api: Api) -> Any:
    """Return the usernames of the first provider's accounts, and whether they are linked."""
    rows = api.rows("marketplace-offering-users/")
    accounts = api.rows("marketplace-service-provider-accounts/")
    return (
        {
            (row["offering_name"], row["user_username"]): (row["username"], bool(row["service_provider_account_uuid"]))
            for row in rows
            if row["customer_name"] == ALPHA
        },
        sorted(row["username"] or "" for row in accounts),
    )


@dataclass(frozen=True)
class Target:
    """The request that meets the faults, and the account of a user before: linked, partly linked or missing."""

    method: str
    path: str
    is_partly_linked: bool = False
    is_missing: bool = False

    def set_up(self, sim: Simulator, api: Api) -> None:
        """Create the accounts that the request changes."""
        sim.reset(frozen=True)
        sim.clear_faults()
        api.patch(api.provider(), {"account_options": {"account_scope": "provider"}}, by="owner")
        if self.is_partly_linked:
            unlinked = {"service_provider_account": None, "username": "m1_vm"}
            sim.change("OfferingUser", {**MEMBER1, "offering__name": "Alpha VM"}, unlinked)
        if self.is_missing:
            sim.delete("OfferingUser", MEMBER1)
            sim.delete("ProviderAccount", MEMBER1)
        sim.zero()


CHANGES = ("set_username member1", "set_username member2")
OPTIONS = {
    "service_provider": ALPHA,
    "usernames": [{"user": "member1", "username": "new1"}, {"user": "member2", "username": "new2"}],
}
TARGETS = {
    "a service provider account is renamed": Target("PATCH", SHARED),
    "an account beside it is renamed": Target("PATCH", ROWS, is_partly_linked=True),
    "a service provider account is renamed after another one": Target("PATCH", SHARED, is_partly_linked=True),
    "an account is created": Target("POST", "/api/marketplace-offering-users/", is_missing=True),
    "a new service provider account is renamed": Target("PATCH", SHARED, is_missing=True),
}
EXPECTED_STATES: dict[str, Any] = {}


def read_expected_state(sim: Simulator, api: Api, name: str) -> Any:
    """Return the state of the server after a run without faults."""
    if name not in EXPECTED_STATES:
        TARGETS[name].set_up(sim, api)
        result = try_module(sim, "offering_username", OPTIONS)
        assert (result.failed, result.msg) == (False, "changed")
        EXPECTED_STATES[name] = read_state(api)
    return EXPECTED_STATES[name]


@pytest.mark.parametrize("fault", RULES)
@pytest.mark.parametrize("name", TARGETS)
def test_a_request_that_meets(newest: Simulator, api: Api, name: str, fault: str) -> None:
    target, rule = TARGETS[name], RULES[fault]
    desired = read_expected_state(newest, api, name)
    target.set_up(newest, api)
    before = read_state(api)
    newest.fault(method=target.method, path=target.path, **rule)
    result = try_module(newest, "offering_username", OPTIONS, timeout=SHORT if "delay" in rule else LONG)
    if not rule.get("after"):
        time.sleep(rule.get("delay", 0) / 2)
    if "delay" not in rule or rule.get("after"):  # else Waldur carries it out after it was checked
        check(result, read_state(api), before, desired)
    newest.clear_faults()
    again = try_module(newest, "offering_username", OPTIONS)
    assert not again.failed, again.msg
    assert read_state(api) == desired
    assert try_module(newest, "offering_username", OPTIONS).msg == "ok"
    created = [row for row in newest.requests() if row["method"] == "POST" and row["status"] == 201 and row["user"]]
    assert len(created) == target.is_missing


def check(result: Result, now: Any, before: Any, desired: Any) -> None:
    """The result says the truth: what was applied, and whether anything was changed."""
    if not result.failed:
        assert now == desired
        return
    applied = result.names("applied")
    left = result.names("uncertain") + result.names("not_applied")
    assert applied + left == list(CHANGES) or left == [CHANGES[0]]
    if now != before:
        assert result.result["changed"]
    if not applied and not result.result["changed"]:
        assert now == before


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("number", range(4))
def test_after_a_signal_between_two_requests_another_run_completes_the_change(
    newest: Simulator, api: Api, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = read_expected_state(newest, api, name)
    TARGETS[name].set_up(newest, api)
    before = read_state(api)
    original, sent = Client.write, 0

    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal sent
        if sent == number:
            raise signals.SignalReceived("SIGTERM")
        sent += 1
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Client, "write", write)
    result = try_module(newest, "offering_username", OPTIONS)
    monkeypatch.undo()
    if result.failed and read_state(api) != before:
        assert result.result["changed"]
    assert not try_module(newest, "offering_username", OPTIONS).failed
    assert read_state(api) == desired


# --- others at the same time -----------------------------------------------------------------------------------------


def test_a_user_who_gets_an_account_meanwhile_gets_no_second_one(newest: Simulator, api: Api) -> None:
    target = TARGETS["an account is created"]
    target.set_up(newest, api)
    account = {"offering": "Alpha Storage", "user": "member1", "state": "Requested", "username": ""}
    newest.fault(method="POST", path=target.path, meanwhile={"model": "OfferingUser", "create": account})
    result = try_module(newest, "offering_username", OPTIONS)
    assert "An account for this user on this offering already exists." in result.msg
    assert mentions(result.msg, "usernames_counted", count=0, accounts=1)
    assert try_module(newest, "offering_username", OPTIONS).msg == "changed"
    assert read_state(api)[0]["Alpha Storage", "member1"][0] == "new1"


def test_an_account_that_is_linked_meanwhile_is_renamed_by_the_next_run(newest: Simulator, api: Api) -> None:
    target = TARGETS["an account beside it is renamed"]
    target.set_up(newest, api)
    owner = next(
        row["uuid"] for row in api.rows("marketplace-service-provider-accounts/") if row["username"] == "m1_alpha"
    )
    linked = {
        "model": "OfferingUser",
        "where": {**MEMBER1, "offering__name": "Alpha VM"},
        "set": {"service_provider_account": owner},
    }
    newest.fault(method="PATCH", path=ROWS, meanwhile=linked)
    result = try_module(newest, "offering_username", OPTIONS)
    assert mentions(result.msg, "usernames_counted", count=0, accounts=2)
    assert (result.result["changed"], result.names("applied")) == (False, [])
    assert try_module(newest, "offering_username", OPTIONS).msg == "changed"


def test_a_username_that_is_taken_meanwhile_is_rejected_by_the_plan_of_the_next_run(
    newest: Simulator, api: Api
) -> None:
    target = TARGETS["a service provider account is renamed"]
    target.set_up(newest, api)
    taken = {"model": "ProviderAccount", "where": {"user__username": "member3"}, "set": {"username": "NEW1"}}
    newest.fault(method="PATCH", path=SHARED, meanwhile=taken)
    result = try_module(newest, "offering_username", OPTIONS)
    assert "Another account at this service provider already has this username." in result.msg
    assert (result.result["changed"], result.names("not_applied")) == (False, list(CHANGES))
    newest.zero()
    again = try_module(newest, "offering_username", OPTIONS)
    assert "'new1' is already the username of member3 in their service provider account" in again.msg
    assert newest.counts().writes == 0


@pytest.mark.parametrize("path", ["*provider-offerings*", "*service-provider-accounts/*"])
@pytest.mark.parametrize(
    "rule", [{"status": 503, "html": True}, {"drop": "before"}, {"html": True}, {"body": [{"uuid": 7}]}]
)
def test_what_cannot_be_read_before_ends_the_run_without_a_write(
    newest: Simulator, api: Api, path: str, rule: dict[str, Any]
) -> None:
    TARGETS["a service provider account is renamed"].set_up(newest, api)
    newest.fault(method="GET", path=path, times=None, **rule)
    assert try_module(newest, "offering_username", OPTIONS).failed
    assert newest.counts().writes == 0


def test_after_a_failure_whose_check_fails_too_the_message_says_both(newest: Simulator, api: Api) -> None:
    TARGETS["an account beside it is renamed"].set_up(newest, api)
    newest.fault(method="PATCH", path=SHARED, status=403, body={"detail": "No."}, times=None)
    newest.fault(method="GET", path=ROWS, skip=1, status=403, body={"detail": "No."}, times=None)
    result = try_module(newest, "offering_username", OPTIONS)
    assert "; the accounts could not be checked again: Waldur rejected the request to list the accounts" in result.msg
    assert result.result["changed"] is True
    assert message("permission_rename_provider_account") in result.msg
