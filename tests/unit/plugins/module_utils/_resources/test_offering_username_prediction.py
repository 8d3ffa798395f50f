# SPDX-License-Identifier: GPL-3.0-or-later
"""Account options and usernames in one document: the options are set first, and may change who owns the usernames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_prediction import (
    changes_accounts,
    generates_anew,
    predict_usernames,
    with_options,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import (
    OfferingSettings,
    ProviderAccount,
    UsernameState,
)
from simulator_process import Simulator

from ...helpers.fixture_types import results
from ...helpers.samples import ALICE, BOB
from ...helpers.usernames import (
    ADOPT,
    ALPHA,
    BULK,
    CREATE,
    RENAME,
    RENAME_SHARED,
    plan_document,
    set_options,
    usernames,
    writes,
)

CREATABLE = {"service_provider_can_create_offering_user": True}
UPDATE = "PATCH /api/marketplace-service-providers/{uuid}/"


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def sim(newest: Simulator) -> Simulator:
    """The same at its start; its offerings have no settings of their own."""
    newest.reset(frozen=True)
    newest.change("Offering", ALPHA, {"plugin_options": CREATABLE})
    return newest


def named(*entries: tuple[str, str]) -> list[dict[str, str]]:
    return [{"user": user, "username": name} for user, name in entries]


def applied(simulator: Simulator, alias: str = "staff", **keys: Any) -> dict[str, Any]:
    """Plan and apply; the changes of usernames, by user. A second run changes nothing."""
    asked, planned = plan_document(simulator, alias, **keys)
    predicted = [row["owner"] for row in results(planned, "offering_username", done=False)[0]]
    apply(asked, planned)
    assert [row["owner"] for row in results(planned, "offering_username", done=True)[0]] == predicted
    done = writes(simulator)
    _asked, again = plan_document(simulator, alias, **keys)
    assert (again.changes, writes(simulator)) == ((), {})
    changes = [change for change in planned.changes if change.kind.name == "offering_username"]
    return {"writes": done, **{change.name: (change.before, change.after) for change in changes}}


@pytest.mark.parametrize("alias", ["staff", "owner"])
def test_accounts_that_become_shared_are_renamed_by_their_new_owner(sim: Simulator, alias: str) -> None:
    found = applied(
        sim,
        alias,
        account_options={"account_scope": "provider"},
        offering_usernames=named(("member1", "new"), ("member2", "m2_alpha")),
    )
    names = {"Alpha Storage": "m1_alpha", "Alpha VM": "m1_alpha"}
    assert found["member1"] == (names, dict.fromkeys(names, "new"))
    assert "member2" not in found
    assert found["writes"] == {ADOPT: 1, UPDATE: 1, RENAME_SHARED: 1}


def test_a_username_that_an_adoption_gives_to_every_account_is_no_change_of_its_own(sim: Simulator) -> None:
    sim.change("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"}, {"username": ""})
    found = applied(
        sim, account_options={"account_scope": "provider"}, offering_usernames=named(("member1", "m1_alpha"))
    )
    assert found["writes"] == {ADOPT: 1, UPDATE: 1}


def test_accounts_out_of_reach_that_become_shared_are_renamed_too(sim: Simulator) -> None:
    sim.change("Resource", {"offering__name": "Alpha Storage"}, {"state": "Terminated"})
    found = applied(sim, account_options={"account_scope": "provider"}, offering_usernames=named(("member1", "new")))
    assert sorted(found["member1"][1]) == ["Alpha Storage", "Alpha VM"]


def test_a_user_without_an_account_gets_one_once_accounts_are_shared(sim: Simulator) -> None:
    sim.delete("OfferingUser", {"user__username": "member1"})
    found = applied(sim, account_options={"account_scope": "provider"}, offering_usernames=named(("member1", "m1")))
    assert (found["writes"][CREATE], found["writes"][RENAME_SHARED]) == (1, 1)
    assert usernames(sim, "member1") == {"Alpha Storage": "m1", "provider": "m1"}


def test_a_user_whose_account_could_not_be_created_then_is_rejected_before_the_options_are_set(
    sim: Simulator,
) -> None:
    sim.delete("OfferingUser", {"user__username": "member1"})
    sim.change("Offering", ALPHA, {"plugin_options": {}})
    with pytest.raises(
        InvalidInput, match=fragment("username_without_account", offerings=matching(r"Alpha Storage, Alpha VM.*"))
    ):
        plan_document(sim, account_options={"account_scope": "provider"}, offering_usernames=named(("member1", "m1")))
    assert sim.counts().writes == 0


def test_a_username_that_was_kept_in_a_conflict_is_renamed_afterwards(sim: Simulator) -> None:
    sim.change("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"}, {"username": "m1_vm"})
    found = applied(
        sim,
        account_options={"account_scope": "provider"},
        username_resolutions=named(("member1", "m1_vm")),
        offering_usernames=named(("member1", "new")),
    )
    assert found["member1"][0] == {"Alpha Storage": "m1_vm", "Alpha VM": "m1_vm"}
    assert found["writes"][RENAME_SHARED] == 1


def test_a_username_that_is_kept_in_a_conflict_and_requested_is_not_set_again(sim: Simulator) -> None:
    sim.change("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"}, {"username": "m1_vm"})
    found = applied(
        sim,
        account_options={"account_scope": "provider"},
        username_resolutions=named(("member1", "m1_vm")),
        offering_usernames=named(("member1", "m1_vm")),
    )
    assert "member1" not in found


def test_usernames_that_a_new_policy_generates_are_set_again(sim: Simulator) -> None:
    found = applied(
        sim,
        account_options={"username_generation_policy": "waldur_username"},
        offering_usernames=named(("member1", "m1_alpha"), ("member2", "m2")),
    )
    assert found["member1"] == (
        {"Alpha Storage": None, "Alpha VM": None},
        {"Alpha Storage": "m1_alpha", "Alpha VM": "m1_alpha"},
    )
    assert found["writes"] == {UPDATE: 1, BULK: 2}


def test_the_warning_of_a_policy_is_about_the_one_that_is_set(sim: Simulator) -> None:
    set_options(sim, username_generation_policy="waldur_username")
    keys: dict[str, Any] = {"offering_usernames": named(("member1", "m1"))}
    _asked, planned = plan_document(sim, account_options={"username_generation_policy": ""}, **keys)
    assert not [text for text in planned.comparison.warnings if "generates usernames" in text]
    _asked, planned = plan_document(sim, account_options={"username_generation_policy": "full_name"}, **keys)
    [warning] = [text for text in planned.comparison.warnings if "generates usernames" in text]
    assert "Alpha Storage, Alpha VM by the policy full_name" in warning


def test_accounts_are_created_by_themselves_once_they_are_no_longer_shared(sim: Simulator) -> None:
    set_options(sim, account_scope="provider")
    sim.delete("OfferingUser", {"user__username": "member1", "offering__name": "Alpha VM"})
    found = applied(sim, account_options={"account_scope": "offering"}, offering_usernames=named(("member1", "new")))
    assert sorted(found["member1"][1]) == ["Alpha Storage", "Alpha VM"]
    assert found["writes"] == {UPDATE: 1, CREATE: 1, RENAME_SHARED: 1}


def test_options_that_are_set_already_cost_no_request(sim: Simulator) -> None:
    set_options(sim, account_scope="provider")
    keys: dict[str, Any] = {"offering_usernames": named(("member1", "m1_alpha"))}
    plan_document(sim, **keys)
    unchanged = sim.counts().requests
    plan_document(sim, account_options={"account_scope": "provider"}, **keys)
    assert sim.counts().requests == unchanged


def test_after_the_options_were_set_everything_is_read_again_once_for_all_users(sim: Simulator) -> None:
    entries = named(("member1", "n1"), ("member2", "n2"), ("member3", "n3"))
    asked, planned = plan_document(sim, account_options={"account_scope": "provider"}, offering_usernames=entries)
    sim.zero()
    apply(asked, planned)
    counts = sim.counts().operations
    # Once before the first username, and once to verify.
    assert counts["GET /api/marketplace-offering-users/"] == 2
    assert counts[RENAME_SHARED] == 3


def test_usernames_that_were_not_set_after_the_options_are_set_by_the_next_run(sim: Simulator) -> None:
    keys: dict[str, Any] = {
        "account_options": {"account_scope": "provider"},
        "offering_usernames": named(("member1", "new"), ("member2", "m2")),
    }
    asked, planned = plan_document(sim, **keys)
    sim.fault(method="PATCH", path="*/marketplace-service-provider-accounts/*", skip=1, status=403, body={})
    with pytest.raises(WaldurError) as refused:
        apply(asked, planned)
    assert [change["name"] for change in refused.value.details["not_applied"]] == ["member2"]
    assert applied(sim, **keys)["writes"] == {RENAME_SHARED: 1}


def test_rows_that_no_option_changes_are_renamed_as_they_are(sim: Simulator) -> None:
    set_options(sim, account_scope="provider")
    sim.change(
        "OfferingUser",
        {"user__username": "member1", "offering__name": "Alpha VM"},
        {"service_provider_account": None, "username": "other"},
    )
    found = applied(sim, account_options={"homedir_prefix": "/data/"}, offering_usernames=named(("member1", "new")))
    assert found["writes"] == {UPDATE: 1, RENAME: 1, RENAME_SHARED: 1}


# --- the prediction alone --------------------------------------------------------------------------------------------

VM, GPU = "2a" * 16, "2b" * 16
OFFERING, SHARED = {"account_scope": "offering"}, {"account_scope": "provider"}
DEFAULTS = (("account_scope", "offering"), ("username_generation_policy", "service_provider"))


def state(vm: OfferingSettings, gpu: OfferingSettings | None = None) -> UsernameState:
    pairs = {(VM, ALICE.uuid): "a", (GPU, ALICE.uuid): "", (VM, BOB.uuid): None}
    return UsernameState(
        {VM: "VM", GPU: "GPU"},
        dict(pairs),
        {ALICE.uuid: {VM, GPU}, BOB.uuid: {VM}},
        rows={pair: {"state": "OK"} for pair in pairs},
        settings={VM: vm, GPU: gpu or vm},
    )


def test_an_option_that_the_offerings_set_themselves_changes_nothing() -> None:
    own = OfferingSettings(own=frozenset({"username_generation_policy"}), inherited=DEFAULTS, policy="service_provider")
    found = state(own)
    predict_usernames(found, {"username_generation_policy": "full_name"}, {})
    assert found.accounts == state(own).accounts


def test_every_account_joins_that_of_its_user_whatever_its_offering_says() -> None:
    found = state(OfferingSettings(own=frozenset({"account_scope"}), inherited=DEFAULTS))
    assert changes_accounts(found, SHARED)
    predict_usernames(found, SHARED, {})
    assert found.accounts == {(VM, ALICE.uuid): "a", (GPU, ALICE.uuid): "a", (VM, BOB.uuid): None}
    assert found.provider_accounts[ALICE.uuid] == found.links[GPU, ALICE.uuid] == ProviderAccount(None, "a")
    assert not found.get_settings(VM).is_shared


def test_an_account_without_a_username_gets_that_of_the_service_provider_account() -> None:
    found = state(OfferingSettings(inherited=DEFAULTS))
    found.provider_accounts[BOB.uuid] = ProviderAccount("0f" * 16, "b")
    predict_usernames(found, SHARED, {})
    assert found.accounts[VM, BOB.uuid] == "b"
    assert found.links[VM, BOB.uuid] == ProviderAccount("0f" * 16, "b")


@pytest.mark.parametrize("value", ["offering", ""])
def test_the_default_is_no_change(value: str) -> None:
    assert not changes_accounts(state(OfferingSettings(inherited=DEFAULTS)), {"account_scope": value})


@pytest.mark.parametrize(
    ("policy", "is_generated"), [("anonymized", True), ("service_provider", False)], ids=["used", "not used"]
)
def test_a_prefix_counts_where_the_policy_uses_it(policy: str, is_generated: bool) -> None:
    inherited = (("username_generation_policy", policy), ("username_anonymized_prefix", "waldur_"))
    found = state(OfferingSettings(policy=policy, inherited=inherited))
    predict_usernames(found, {"username_anonymized_prefix": "hpc_"}, {})
    assert (found.accounts[VM, ALICE.uuid] is None) is is_generated


SCOPE, POLICY, PREFIX = "account_scope", "username_generation_policy", "username_anonymized_prefix"
INHERITED = {SCOPE: "offering", POLICY: "full_name", PREFIX: "hpc_"}


def settings(own: tuple[str, ...] = (), **values: Any) -> OfferingSettings:
    """What decides in an offering that sets ``own`` itself; ``inherited`` replaces values of the provider."""
    inherited = tuple({**INHERITED, **values.pop("inherited", {})}.items())
    return OfferingSettings(own=frozenset(own), inherited=inherited, **{"policy": "full_name", **values})


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        (settings(), {}, settings()),
        (settings(), {"homedir_prefix": "/data/"}, settings()),
        (settings(), SHARED, settings(is_shared=True, inherited=SHARED)),
        (settings(is_shared=True, inherited=SHARED), {SCOPE: ""}, settings()),
        (settings((SCOPE,), is_shared=True), OFFERING, settings((SCOPE,), is_shared=True)),
        (settings((SCOPE,)), SHARED, settings((SCOPE,), inherited=SHARED)),
        (
            settings(),
            {POLICY: None, PREFIX: ""},
            settings(policy="service_provider", inherited={POLICY: "service_provider", PREFIX: "waldur_"}),
        ),
        (settings((POLICY,)), {POLICY: "anonymized"}, settings((POLICY,), inherited={POLICY: "anonymized"})),
    ],
)
def test_an_option_counts_where_the_offering_does_not_set_it(
    before: OfferingSettings, options: dict[str, Any], after: OfferingSettings
) -> None:
    assert with_options(before, options) == after
    assert changes_accounts(state(after, before), options) is (before != after)


@pytest.mark.parametrize(
    ("before", "after", "is_generated"),
    [
        (settings(), settings(), False),
        (settings(), settings(policy="freeipa"), True),
        (None, settings(), False),
        (settings(policy="anonymized"), settings(policy="anonymized"), False),
        (settings(policy="anonymized"), settings(policy="anonymized", inherited={PREFIX: "x_"}), True),
        (
            settings((PREFIX,), policy="anonymized"),
            settings((PREFIX,), policy="anonymized", inherited={PREFIX: "x_"}),
            False,
        ),
        (settings(), settings(inherited={PREFIX: "x_"}), False),
    ],
)
def test_another_policy_or_a_prefix_in_use_generates_usernames_anew(
    before: OfferingSettings | None, after: OfferingSettings, is_generated: bool
) -> None:
    assert generates_anew(before, after) is is_generated


@pytest.mark.parametrize(
    ("policy", "numbered"),
    [
        ("service_provider", {VM: {ALICE.uuid, BOB.uuid}}),
        ("anonymized", {VM: {ALICE.uuid, BOB.uuid}}),
        ("freeipa", {}),
        ("full_name", None),
    ],
)
@pytest.mark.parametrize("name", ["Requested", "Creating", "OK"])
def test_a_new_policy_names_accounts_that_are_in_use_anew_and_may_number_them(
    policy: str, numbered: dict[str, set[str]] | None, name: str
) -> None:
    """The accounts in an offering whose settings are not known stay as they are."""
    found = state(settings())
    found.accounts = dict.fromkeys(found.accounts, "a")
    found.accounts["2c" * 16, BOB.uuid] = found.accounts[GPU, BOB.uuid] = "b"
    found.rows = {pair: {"state": name} for pair in found.accounts} | {(GPU, ALICE.uuid): {"state": "Deleted"}}
    found.links = {(GPU, BOB.uuid): ProviderAccount("0f" * 16, "b")}
    predict_usernames(found, {POLICY: policy}, {})
    assert found.is_predicted
    new = "a" if numbered is None else None
    assert found.accounts == {
        (VM, ALICE.uuid): new,
        (VM, BOB.uuid): new,
        (GPU, ALICE.uuid): "a",
        (GPU, BOB.uuid): "b",
        ("2c" * 16, BOB.uuid): "b",
    }
    assert found.numbered == (numbered or {})


def test_without_settings_there_is_nothing_to_predict() -> None:
    found = replace(state(settings()), settings=None)
    assert not changes_accounts(found, SHARED)
    predict_usernames(found, SHARED, {})
    assert (found.accounts, found.settings) == (state(settings()).accounts, {})


@pytest.mark.parametrize(
    ("names", "resolutions", "username"),
    [
        ((" a ", "b"), {}, "a"),
        ((None, "b"), {}, "b"),
        (("a", "b"), {ALICE.uuid: "b"}, "b"),
        (("a", "b"), {BOB.uuid: "b"}, "a"),
        (("a", " a"), {ALICE.uuid: "b"}, "a"),
        (("", None), {ALICE.uuid: "b"}, "known"),
    ],
)
def test_the_accounts_of_a_user_become_one_with_the_first_username_or_that_of_the_resolution(
    names: tuple[str | None, str | None], resolutions: dict[str, str], username: str
) -> None:
    found = state(settings())
    found.accounts = {(GPU, ALICE.uuid): names[1], (VM, ALICE.uuid): names[0]}
    found.provider_accounts = {ALICE.uuid: ProviderAccount("0f" * 16, "known")}
    predict_usernames(found, SHARED, resolutions)
    account = ProviderAccount("0f" * 16, username)
    assert found.provider_accounts == {ALICE.uuid: account}
    assert found.links == dict.fromkeys(found.accounts, account)
    assert found.accounts == dict.fromkeys(found.accounts, username)


def test_an_account_that_is_linked_already_keeps_what_it_shows() -> None:
    owner = ProviderAccount("0f" * 16, "owner")
    found = state(settings())
    found.accounts = {(VM, ALICE.uuid): "shown", (VM, BOB.uuid): "b", (GPU, BOB.uuid): None}
    found.links = {(VM, ALICE.uuid): owner, (VM, BOB.uuid): owner}
    predict_usernames(found, SHARED, {})
    account = ProviderAccount(None, "b")
    assert found.accounts == {(VM, ALICE.uuid): "shown", (VM, BOB.uuid): "b", (GPU, BOB.uuid): "b"}
    assert found.links == {(VM, ALICE.uuid): owner, (VM, BOB.uuid): account, (GPU, BOB.uuid): account}
    assert found.provider_accounts == {BOB.uuid: account}


def test_accounts_that_are_shared_already_are_not_joined_again() -> None:
    found = state(settings(is_shared=True, inherited=SHARED))
    predict_usernames(found, {**SHARED, PREFIX: "x_"}, {})
    assert (found.links, found.provider_accounts) == ({}, {})
