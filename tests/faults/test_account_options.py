# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at each request of a change of account options, and what others do meanwhile, on Waldur 2026."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from messages import begins, mentions, message
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common import signals
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from simulator_process import Simulator

from .module_outcomes import LONG, SHORT, Result, try_module
from .test_faults import HERE
from .write_cases import ALPHA, SPARE

RULES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "rules.yml").read_text())
SHARED = {"account_scope": "provider"}
ADOPT, PREVIEW = "*/adopt_provider_accounts/", "*/account_options_preview/"
CREATE = "*/marketplace-service-providers/"
CHANGE = f"update_account_settings {ALPHA}"


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


def set_up(sim: Simulator) -> None:
    """Create a user with different usernames, and offerings without settings of their own."""
    sim.reset(frozen=True)
    options = {"service_provider_can_create_offering_user": True}
    sim.change("Offering", {"customer__name": ALPHA}, {"plugin_options": options})
    sim.change("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"}, {"username": "m1_vm"})
    # A deleted provider leaves such accounts behind.
    sim.change("Offering", {"name": "Beta GPU"}, {"customer": SPARE, "state": "Archived"})
    sim.zero()


def read_state(api: Api) -> Any:
    """Return the account options of both customers' providers, and the usernames and links of their accounts."""
    customers = (ALPHA, SPARE)
    providers = api.rows("marketplace-service-providers/")
    rows = api.rows("marketplace-offering-users/")
    return (
        {row["customer_name"]: row["account_options"] for row in providers if row["customer_name"] in customers},
        {
            (row["offering_name"], row["user_username"]): (row["username"], bool(row["service_provider_account_uuid"]))
            for row in rows
            if row["customer_name"] in customers
        },
    )


@dataclass(frozen=True)
class Target:
    """A run, and the request that meets the faults; ``changes`` are planned, and ``failing`` is the one that fails."""

    customer: str
    account_options: dict[str, Any]
    method: str
    path: str
    changes: tuple[str, ...]
    failing: int = 0
    once: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options of the task."""
        resolutions = [{"user": "member1", "username": "m1_vm"}] if self.account_options == SHARED else []
        entry = {"customer": self.customer, "account_options": self.account_options}
        return {
            "service_providers": [{**entry, "username_resolutions": resolutions} if resolutions else entry],
            "max_renames": 3,
        }

    @property
    def change(self) -> str:
        """Return the name of the change that fails."""
        return self.changes[self.failing]


_POLICY = {"username_generation_policy": "waldur_username"}
_NEW = (f"create {SPARE}", f"update_account_settings {SPARE}")
TARGETS = {
    "accounts are linked": Target(ALPHA, SHARED, "POST", ADOPT, (CHANGE,)),
    "the scope is set": Target(ALPHA, SHARED, "PATCH", "*", (CHANGE,)),
    "a policy is set": Target(ALPHA, _POLICY, "PATCH", "*", (CHANGE,)),
    "a provider is created": Target(SPARE, SHARED, "POST", CREATE, _NEW, once=True),
    "accounts of a new provider are linked": Target(SPARE, SHARED, "POST", ADOPT, _NEW, 1),
    "the scope of a new provider is set": Target(SPARE, SHARED, "PATCH", "*", _NEW, 1),
}
EXPECTED_STATES: dict[str, Any] = {}


def read_expected_state(sim: Simulator, api: Api, name: str) -> Any:
    """Return the state of the server after a run without faults."""
    if name not in EXPECTED_STATES:
        set_up(sim)
        result = try_module(sim, "desired_state", TARGETS[name].options)
        assert (result.failed, result.msg) == (False, "changed")
        EXPECTED_STATES[name] = read_state(api)
    return EXPECTED_STATES[name]


@pytest.mark.parametrize("fault", RULES)
@pytest.mark.parametrize("name", TARGETS)
def test_a_request_that_meets(newest: Simulator, api: Api, name: str, fault: str) -> None:
    target, rule = TARGETS[name], RULES[fault]
    desired = read_expected_state(newest, api, name)
    set_up(newest)
    before = read_state(api)
    newest.fault(method=target.method, path=target.path, **rule)
    result = try_module(newest, "desired_state", target.options, timeout=SHORT if "delay" in rule else LONG)
    if not rule.get("after"):
        time.sleep(rule.get("delay", 0) / 2)
    if "delay" not in rule or rule.get("after"):  # else Waldur carries it out after it was checked
        check(result, target, read_state(api), before, desired)
    newest.clear_faults()
    again = try_module(newest, "desired_state", target.options)
    assert not again.failed, again.msg
    assert read_state(api) == desired
    if target.once:
        rows = [row for row in newest.requests() if row["method"] == "POST" and row["status"] == 201 and row["user"]]
        assert len(rows) == 1


def check(result: Result, target: Target, now: Any, before: Any, desired: Any) -> None:
    """The result says the truth: what was applied, and whether anything was changed."""
    if not result.failed:
        assert now == desired
        return
    assert result.msg.startswith(f"{target.change}")
    done = len(result.names("applied"))
    assert result.names("applied") + result.names("uncertain") + result.names("not_applied") == list(target.changes)
    assert target.failing <= done <= target.failing + 1
    if done == len(target.changes):
        assert now == desired
    if now != before:
        assert result.result["changed"]
    if done == 0 and not result.result["changed"]:
        assert now == before


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("number", range(3))
def test_after_a_signal_between_two_requests_another_run_completes_the_change(
    newest: Simulator, api: Api, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = read_expected_state(newest, api, name)
    set_up(newest)
    before = read_state(api)
    original, sent = Client.write, 0

    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal sent
        if sent == number:
            raise signals.SignalReceived("SIGTERM")
        sent += 1
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Client, "write", write)
    result = try_module(newest, "desired_state", TARGETS[name].options)
    monkeypatch.undo()
    if result.failed:
        assert mentions(result.msg, "interrupted_unsent") or mentions(result.msg, "interrupted_unknown")
        if read_state(api) != before:
            assert result.result["changed"]
    assert not try_module(newest, "desired_state", TARGETS[name].options).failed
    assert read_state(api) == desired


# --- what comes before the first write -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PREVIEW, "*/username_conflicts/", "*offering-users*", "*provider-accounts/*"])
@pytest.mark.parametrize(
    "rule",
    [
        {"status": 503, "html": True},
        {"drop": "before"},
        {"html": True},
        {"body": "7", "headers": {"Content-Type": "application/json"}},
        {"status": 401, "body": {"detail": "Token has expired."}},
        {"status": 403, "body": {"detail": "No."}},
        {"status": 404, "html": True},
    ],
)
def test_what_cannot_be_read_before_ends_the_run_without_a_write(
    newest: Simulator, api: Api, path: str, rule: dict[str, Any]
) -> None:
    set_up(newest)
    before = read_state(api)
    newest.fault(path=path, times=None, **rule)
    newest.zero()
    result = try_module(newest, "desired_state", TARGETS["the scope is set"].options)
    assert result.failed
    assert newest.counts().writes == 0
    newest.clear_faults()
    assert read_state(api) == before
    assert "applied" not in result.result


def test_a_preview_is_repeated_after_a_lost_answer(newest: Simulator, api: Api) -> None:
    set_up(newest)
    newest.fault(path=PREVIEW, drop="after")
    assert try_module(newest, "desired_state", TARGETS["a policy is set"].options).msg == "changed"


def test_a_waldur_without_the_preview_is_named(newest: Simulator, api: Api) -> None:
    set_up(newest)
    newest.fault(path=PREVIEW, status=404, html=True)
    result = try_module(newest, "service_provider", {"customer": ALPHA, "account_options": _POLICY})
    assert result.msg == message("feature_missing", feature="the preview of account options", since=2026)


# --- others at the same time -----------------------------------------------------------------------------------------


def newcomer(username: str, **keys: str) -> dict[str, Any]:
    """An account that is made meanwhile."""
    account = {"offering": "Alpha VM", "user": "member5", "state": "OK", "username": username, **keys}
    return {"model": "OfferingUser", "create": account}


def test_a_username_that_another_user_gets_meanwhile_leaves_the_scope_stored_and_the_message_says_so(
    newest: Simulator, api: Api
) -> None:
    set_up(newest)
    newest.fault(method="PATCH", path="*", meanwhile=newcomer("M1_VM"))
    options = TARGETS["the scope is set"].options
    result = try_module(newest, "desired_state", options)
    stored = message("options_stored", stored="account_scope: provider", old="account_scope: ''")
    assert mentions(result.msg, "refused_rechecked", state=stored)
    assert mentions(result.msg, "applied_before_refusal", applied=message("accounts_were_linked"))
    assert (result.result["changed"], result.names("applied")) == (True, [])
    assert read_state(api)[0][ALPHA] == SHARED
    # What the message says to do.
    back = {"service_providers": [{"customer": ALPHA, "account_options": {"account_scope": ""}}]}
    assert try_module(newest, "desired_state", back).msg == "changed"
    refused = try_module(newest, "desired_state", options)
    assert begins(refused.msg, "accounts_would_share", provider=ALPHA)
    newest.change("OfferingUser", {"user__username": "member5", "offering__name": "Alpha VM"}, {"username": "m5"})
    assert try_module(newest, "desired_state", options).msg == "changed"
    assert all(
        is_linked for (offering, _user), (_name, is_linked) in read_state(api)[1].items() if offering != "Beta GPU"
    )


def test_a_conflict_that_arises_meanwhile_leaves_the_scope_as_it_was(newest: Simulator, api: Api) -> None:
    set_up(newest)
    newest.fault(method="PATCH", path="*", meanwhile=newcomer("other", user="member1", offering="Alpha Request"))
    result = try_module(newest, "desired_state", TARGETS["the scope is set"].options)
    assert mentions(result.msg, "refused_rechecked", state=message("options_not_stored"))
    assert result.result["changed"] is True
    assert read_state(api)[0][ALPHA] == {}
    again = try_module(newest, "desired_state", TARGETS["the scope is set"].options)
    assert again.msg == "changed"


def test_a_refusal_to_link_accounts_changes_nothing(newest: Simulator, api: Api) -> None:
    set_up(newest)
    newest.fault(path=ADOPT, meanwhile=newcomer("M1_VM"))
    result = try_module(newest, "desired_state", TARGETS["the scope is set"].options)
    assert mentions(result.msg, "refused_rechecked", state=message("options_not_stored"))
    assert "m1_vm" in result.msg
    assert (result.result["changed"], result.names("not_applied")) == (False, [CHANGE])
    options, accounts = read_state(api)
    assert options[ALPHA] == {}
    assert not any(is_linked for _name, is_linked in accounts.values())


def test_a_pool_that_runs_out_is_reported_with_what_was_stored(newest: Simulator, api: Api) -> None:
    """The plan is not rejected, as the pool was made after it was read."""
    set_up(newest)
    newest.create("PosixPool", service_provider=ALPHA, min_uid=9000, max_uid=9001)
    no_rows: list[Any] = []
    headers = {"X-Result-Count": "0"}
    newest.fault(method="GET", path="/api/marketplace-posix-id-pools/", body=no_rows, headers=headers, times=None)
    options = {"customer": ALPHA, "account_options": {"username_generation_policy": "anonymized"}, "max_renames": 9}
    result = try_module(newest, "service_provider", options)
    assert "409" in result.msg
    assert "The POSIX UID pool for offering" in result.msg
    stored = "username_generation_policy: anonymized"
    state = message("options_stored", stored=stored, old="username_generation_policy: ''")
    assert mentions(result.msg, "refused_rechecked", state=state)
    assert result.result["changed"] is True


# --- older servers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_is_one_error_for_each_option(edition: str) -> None:
    options = {"customer": ALPHA, "allowed_domains": ["a.org"], "account_options": SHARED}
    entries = [{"user": "member1", "username": "m1_alpha"}]
    with Simulator.start(edition=edition) as old:
        result = try_module(old, "service_provider", {**options, "username_resolutions": entries})
        assert result.result["errors"] == [
            message("option_of_newer_waldur", option=option, since=2026)
            for option in ("allowed_domains", "account_options")
        ]
        assert old.counts().writes == 0


def test_a_build_of_2026_without_account_options_is_one_error(newest: Simulator, api: Api) -> None:
    set_up(newest)
    rows = [{key: value for key, value in row.items() if key != "account_options"} for row in _listed(api)]
    headers = {"X-Result-Count": str(len(rows))}
    newest.fault(method="GET", path=f"{CREATE}*", body=rows, headers=headers, times=None)
    newest.zero()
    result = try_module(newest, "service_provider", {"customer": ALPHA, "account_options": _POLICY})
    assert result.msg == message("option_of_newer_waldur", option="account_options", since=2026)
    assert newest.counts().writes == 0


def _listed(api: Api) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.rows("marketplace-service-providers/")
    return rows
