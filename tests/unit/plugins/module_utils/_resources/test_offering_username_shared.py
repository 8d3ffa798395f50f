# SPDX-License-Identifier: GPL-3.0-or-later
"""Usernames that service provider accounts own (Waldur of 2026): renamed there, whatever mixture of owners there is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from messages import begins, ends, fragment, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator, SimulatorError

from ...helpers.fixture_types import results
from ...helpers.samples import no_image
from ...helpers.usernames import (
    ALPHA,
    BULK,
    CREATE,
    RENAME,
    RENAME_SHARED,
    offering_scope,
    plan,
    plan_in,
    session,
    set_options,
    set_usernames,
    usernames,
    writes,
)

NEWER = ("marketplace-provider-offerings", "marketplace-service-provider-accounts", "configuration")
WHERE = {"user__username": "member1", "offering__name": "Alpha VM"}
UNLINKED = {"service_provider_account": None, "username": "other"}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def start(newest: Simulator) -> Simulator:
    """The same at its start: nobody has a service provider account."""
    newest.reset(frozen=True)
    newest.clear_faults()
    return newest


@pytest.fixture
def sim(start: Simulator) -> Simulator:
    """The same, every account of its first provider linked."""
    set_options(start, account_scope="provider")
    return start


def rejected(simulator: Simulator, *entries: tuple[str, str], **how: Any) -> str:
    """Why the plan is rejected; nothing was written."""
    with pytest.raises(InvalidInput) as refused:
        plan(simulator, *entries, **how)
    assert simulator.counts().writes == 0
    return refused.value.message


# --- who owns the username -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["staff", "owner"])
@pytest.mark.parametrize("single", [True, False])
def test_a_service_provider_account_is_renamed_by_one_request_and_its_accounts_follow(
    sim: Simulator, alias: str, single: bool
) -> None:
    after = {"Alpha Storage": "new", "Alpha VM": "new"}
    assert set_usernames(sim, ("member1", "new"), alias=alias, single=single) == [("member1", after)]
    assert writes(sim) == {RENAME_SHARED: 1}
    assert usernames(sim, "member1") == {**after, "provider": "new"}
    assert set_usernames(sim, ("member1", "new"), alias=alias, single=single) == []
    assert writes(sim) == {}


def test_a_username_that_is_right_already_is_no_change_whoever_owns_it(sim: Simulator) -> None:
    planned = plan(sim, ("member1", "m1_alpha"))
    assert (planned.changes, planned.comparison.warnings) == ((), ())


def test_without_service_provider_accounts_one_request_sets_the_username_everywhere(start: Simulator) -> None:
    assert set_usernames(start, ("member1", "new"), ("member2", "m2")) != []
    assert writes(start) == {BULK: 2}


def test_rows_stay_linked_after_the_scope_is_switched_back_and_are_renamed_by_their_owner(sim: Simulator) -> None:
    set_options(sim, account_scope="offering")
    assert len(set_usernames(sim, ("member1", "new"))) == 1
    assert writes(sim) == {RENAME_SHARED: 1}
    assert set_usernames(sim, ("member1", "new")) == []


def test_an_account_that_is_not_linked_is_renamed_beside_the_service_provider_account(sim: Simulator) -> None:
    sim.change("OfferingUser", WHERE, UNLINKED)
    assert set_usernames(sim, ("member1", "new")) == [("member1", {"Alpha Storage": "new", "Alpha VM": "new"})]
    assert writes(sim) == {RENAME: 1, RENAME_SHARED: 1}
    assert set_usernames(sim, ("member1", "new")) == []


def test_a_linked_account_that_is_right_is_not_touched_when_another_one_is_renamed(sim: Simulator) -> None:
    sim.change("OfferingUser", WHERE, UNLINKED)
    assert set_usernames(sim, ("member1", "m1_alpha")) == [("member1", {"Alpha VM": "m1_alpha"})]
    assert writes(sim) == {RENAME: 1}


def test_accounts_that_no_adoption_linked_are_renamed_by_themselves_under_provider_scope(start: Simulator) -> None:
    start.change("ServiceProvider", ALPHA, {"account_options": {"account_scope": "provider"}})
    assert len(set_usernames(start, ("member1", "new"))) == 1
    assert writes(start) == {RENAME: 2}
    assert set_usernames(start, ("member1", "new")) == []


def test_linked_accounts_out_of_reach_are_part_of_the_plan_as_waldur_renames_them_too(sim: Simulator) -> None:
    sim.change("Resource", {"offering__name": "Alpha Storage"}, {"state": "Terminated"})
    assert set_usernames(sim, ("member1", "new")) == [("member1", {"Alpha Storage": "new", "Alpha VM": "new"})]
    assert set_usernames(sim, ("member1", "new")) == []


@pytest.mark.parametrize("state", ["Requested", "Requested deletion", "Deleting", "Deleted", "Error deleting"])
@pytest.mark.parametrize("is_linked", [True, False])
def test_accounts_in_every_state_get_the_username(start: Simulator, state: str, is_linked: bool) -> None:
    start.change("OfferingUser", {"user__username": "member1"}, {"state": state})
    if is_linked:
        set_options(start, account_scope="provider")
        start.change("ProviderAccount", {"user__username": "member1"}, {"state": state})
    assert len(set_usernames(start, ("member1", "new"))) == 1
    assert set_usernames(start, ("member1", "new")) == []


def test_a_service_provider_account_without_a_username_gets_one(sim: Simulator) -> None:
    assert usernames(sim, "member3") == {"Alpha VM": "", "provider": ""}
    assert set_usernames(sim, ("member3", "m3")) == [("member3", {"Alpha VM": "m3"})]
    assert writes(sim) == {RENAME_SHARED: 1}


def test_a_linked_account_that_did_not_follow_is_an_error_with_its_remedy(sim: Simulator) -> None:
    sim.change("OfferingUser", WHERE, {"username": "old"})
    text = rejected(sim, ("member1", "m1_alpha"))
    assert begins(text, "username_not_copied", option="usernames[0].username", user="member1", offering="Alpha VM")
    assert len(set_usernames(sim, ("member1", "new"))) == 1
    assert len(set_usernames(sim, ("member1", "m1_alpha"))) == 1
    assert set(usernames(sim, "member1").values()) == {"m1_alpha"}


@pytest.mark.parametrize(
    ("arrange", "owner"), [("share", "provider"), ("mix", "provider"), ("none", "offering")], ids=str
)
def test_the_result_tells_who_owns_the_username(start: Simulator, arrange: str, owner: str) -> None:
    if arrange != "none":
        set_options(start, account_scope="provider")
    if arrange == "mix":
        start.change("OfferingUser", WHERE, UNLINKED)
    asked = session(start)
    planned = plan_in(asked, ("member1", "new"))
    assert results(planned, "offering_username", done=False)[0][0]["owner"] == owner
    apply(asked, planned)
    [row] = results(planned, "offering_username", done=True)[0]
    assert (row["owner"], row["username"], row["offerings"]) == (owner, "new", ["Alpha Storage", "Alpha VM"])
    assert set(row["before"]) == {"Alpha Storage", "Alpha VM"}


# --- users without an account ----------------------------------------------------------------------------------------


def remove_account(simulator: Simulator, user: str) -> None:
    simulator.delete("OfferingUser", {"user__username": user})
    with contextlib.suppress(SimulatorError):
        simulator.delete("ProviderAccount", {"user__username": user})


@pytest.mark.parametrize("alias", ["staff", "owner"])
@pytest.mark.parametrize("single", [True, False])
def test_a_user_without_an_account_gets_one_in_one_offering_and_then_the_username(
    sim: Simulator, alias: str, single: bool
) -> None:
    remove_account(sim, "member1")
    assert set_usernames(sim, ("member1", "m1"), alias=alias, single=single) == [("member1", {"Alpha Storage": "m1"})]
    assert writes(sim) == {CREATE: 1, RENAME_SHARED: 1}
    assert usernames(sim, "member1") == {"Alpha Storage": "m1", "provider": "m1"}
    assert set_usernames(sim, ("member1", "m1"), alias=alias, single=single) == []


def test_a_new_account_that_waldur_gives_the_right_username_is_not_renamed(sim: Simulator) -> None:
    remove_account(sim, "member1")
    set_options(sim, username_generation_policy="waldur_username")
    # Without settings of its own, so that the provider's policy applies.
    sim.change(
        "Offering", {"name": "Alpha Storage"}, {"plugin_options": {"service_provider_can_create_offering_user": True}}
    )
    assert len(set_usernames(sim, ("member1", "member1"))) == 1
    assert writes(sim) == {CREATE: 1}


def test_where_no_offering_lets_its_provider_create_accounts_the_plan_says_so(sim: Simulator) -> None:
    remove_account(sim, "member1")
    sim.change("Offering", ALPHA, {"plugin_options": {"account_scope": "provider"}})
    text = rejected(sim, ("member1", "m1"))
    assert text == message(
        "username_without_account",
        option="usernames[0].username",
        username="m1",
        user="member1",
        offerings="Alpha Storage, Alpha VM",
        provider="Alpha Cloud Ltd",
    )


def test_the_account_is_created_in_the_offering_that_allows_it(sim: Simulator) -> None:
    remove_account(sim, "member1")
    sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {"account_scope": "provider"}})
    assert set_usernames(sim, ("member1", "m1")) == [("member1", {"Alpha VM": "m1"})]


def test_a_missing_account_that_will_get_the_right_username_is_no_change(sim: Simulator) -> None:
    sim.delete("OfferingUser", WHERE)
    assert plan(sim, ("member1", "m1_alpha")).changes == ()
    assert set_usernames(sim, ("member1", "new")) == [("member1", {"Alpha Storage": "new"})]
    assert writes(sim) == {RENAME_SHARED: 1}
    assert set_usernames(sim, ("member1", "new")) == []


def test_a_missing_account_that_no_service_provider_account_owns_is_created_with_the_username(sim: Simulator) -> None:
    sim.delete("OfferingUser", WHERE)
    offering_scope(sim, "Alpha VM", "offering")
    assert set_usernames(sim, ("member1", "new")) == [("member1", {"Alpha Storage": "new", "Alpha VM": "new"})]
    assert writes(sim) == {CREATE: 1, RENAME_SHARED: 1}
    assert set_usernames(sim, ("member1", "new")) == []


def test_a_missing_account_that_can_not_be_created_is_an_error(sim: Simulator) -> None:
    sim.delete("OfferingUser", WHERE)
    sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {"account_scope": "offering"}})
    assert begins(rejected(sim, ("member1", "new")), "username_without_account", offerings="Alpha VM")


def test_newcomers_at_offerings_that_opted_out_of_sharing_are_named_by_one_request(start: Simulator) -> None:
    start.delete("OfferingUser", {"user__username": "member3"})
    start.change("Offering", ALPHA, {"plugin_options": {"account_scope": "offering"}})
    start.change("ServiceProvider", ALPHA, {"account_options": {"account_scope": "provider"}})
    assert [name for name, _after in set_usernames(start, ("member3", "m3"))] == ["member3"]
    assert writes(start) == {BULK: 1}


# --- usernames of others ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("single", [True, False])
def test_the_username_of_a_service_provider_account_that_no_account_shows_is_taken(
    start: Simulator, single: bool
) -> None:
    start.create("ProviderAccount", service_provider="Alpha Cloud Ltd", user="member2", username="Taken", state="OK")
    text = rejected(start, ("member1", "tAKEN"), single=single)
    assert mentions(text, "username_of_another", held=matching(rf".*{fragment('held_by_provider_account')}.*"))


@pytest.mark.parametrize("single", [True, False])
def test_the_username_of_a_linked_account_is_taken_in_any_case(sim: Simulator, single: bool) -> None:
    text = rejected(sim, ("member1", "M2_ALPHA"), single=single)
    assert mentions(
        text,
        "username_of_another",
        username="M2_ALPHA",
        held=matching(r"member2 in Alpha Storage \(as 'm2_alpha', state OK\), Alpha VM.*"),
    )


def test_a_username_that_passes_from_one_service_provider_account_to_the_next_is_given_away_first(
    sim: Simulator,
) -> None:
    done = set_usernames(sim, ("member1", "m2_alpha"), ("member2", "m3"), ("member3", "m1_alpha"))
    assert [name for name, _after in done] == ["member2", "member1", "member3"]
    assert usernames(sim, "member1")["provider"] == "m2_alpha"
    assert set_usernames(sim, ("member1", "m2_alpha"), ("member2", "m3"), ("member3", "m1_alpha")) == []


def test_service_provider_accounts_can_not_exchange_their_usernames_in_one_run(sim: Simulator) -> None:
    text = rejected(sim, ("member1", "m2_alpha"), ("member2", "m1_alpha"))
    assert text == message(
        "usernames_exchanged",
        option="usernames[0].username",
        provider="Alpha Cloud Ltd",
        usernames="member1 'm2_alpha', member2 'm1_alpha'",
        user="member1",
    )
    assert set_usernames(sim, ("member1", "free"), ("member2", "m1_alpha")) != []
    assert set_usernames(sim, ("member1", "m2_alpha"), ("member2", "m1_alpha")) != []
    assert usernames(sim, "member1")["provider"] == "m2_alpha"


def test_usernames_of_accounts_in_offerings_can_be_exchanged_with_those_of_service_provider_accounts(
    sim: Simulator,
) -> None:
    sim.change("OfferingUser", {"user__username": "member2"}, {"service_provider_account": None})
    sim.delete("ProviderAccount", {"user__username": "member2"})
    sim.change("OfferingUser", {"user__username": "member2"}, {"username": "m2"})
    exchanged = (("member1", "m2"), ("member2", "m1_alpha"))
    assert len(set_usernames(sim, *exchanged)) == 2
    assert set_usernames(sim, *exchanged) == []
    assert set(usernames(sim, "member2").values()) == {"m1_alpha"}


def test_a_username_that_is_taken_between_plan_and_request_is_reported_with_the_current_state(sim: Simulator) -> None:
    asked = session(sim)
    planned = plan_in(asked, ("member1", "new"))
    sim.change("ProviderAccount", {"user__username": "member2"}, {"username": "NEW"})
    with pytest.raises(WaldurError) as refused:
        apply(asked, planned)
    assert ends(refused.value, "outcome_rechecked", state=message("usernames_counted", count=0, accounts=2))
    assert (refused.value.details["changed"], sim.counts().writes) == (False, 1)
    assert mentions(rejected(sim, ("member1", "new")), "username_of_another", held=matching(r"member2.*"))


# --- what the server refuses -----------------------------------------------------------------------------------------


def test_an_account_that_was_linked_since_the_plan_is_reported_and_renamed_by_the_next_run(start: Simulator) -> None:
    asked = session(start)
    planned = plan_in(asked, ("member1", "new"))
    set_options(start, account_scope="provider")
    with pytest.raises(
        WaldurError,
        match=fragment(
            "outcome_rechecked",
            cause=matching(r"is owned by service provider account .*"),
            state=matching(fragment("usernames_counted", count=0, accounts=2)),
        ),
    ):
        apply(asked, planned)
    assert len(set_usernames(start, ("member1", "new"))) == 1


@pytest.mark.parametrize("scope", ["offering", "provider"])
def test_a_pool_that_is_exhausted_since_the_plan_is_named_with_what_to_raise_and_nothing_is_written_or_repeated(
    start: Simulator, scope: str
) -> None:
    set_options(start, account_scope=scope)
    remove_account(start, "member3")
    start.create("PosixPool", service_provider="Alpha Cloud Ltd", min_uid=5000, max_uid=5009)
    asked = session(start)
    planned = plan_in(asked, ("member3", "m3"))
    start.create("PosixIdentity", pool=pool_of(start), user="member1", uid=5000)
    with pytest.raises(WaldurError) as refused:
        apply(asked, planned)
    assert message("pool_exhausted", ends="max_uid", offering="Alpha VM", provider="Alpha Cloud Ltd") in str(
        refused.value.message
    )
    assert refused.value.details["changed"] is False
    assert start.counts().writes == 1
    assert usernames(start, "member3") == {}
    assert mentions(rejected(start, ("member3", "m3")), "pool_too_small", span="5000 to 5000", free="none")
    start.change("PosixPool", {}, {"max_uid": 5009})
    assert len(set_usernames(start, ("member3", "m3"))) == 1


def pool_of(simulator: Simulator) -> str:
    return simulator.change("PosixPool", {}, {"max_uid": 5000})[0]


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("marketplace-service-provider-accounts/*", "permission_rename_provider_account"),
        ("marketplace-offering-users/?*", "permission_rename_account"),
        ("marketplace-offering-users/", "permission_create_account"),
        ("*/set_offerings_username/", "permission_set_usernames"),
    ],
)
def test_a_missing_right_is_named_with_the_place_where_it_must_be_held(
    start: Simulator, operation: str, permission: str
) -> None:
    if "set_offerings" not in operation:
        set_options(start, account_scope="provider")
    if operation == "marketplace-offering-users/":
        remove_account(start, "member1")
    if operation == "marketplace-offering-users/?*":
        start.change("OfferingUser", WHERE, UNLINKED)
    path = operation if operation.startswith("*") else f"/api/{operation}"
    start.fault(method="write", path=path, status=403, body={"detail": "No."}, times=None)
    with pytest.raises(WaldurError) as refused:
        set_usernames(start, ("member1", "new"))
    assert mentions(refused.value, permission)
    assert refused.value.details["changed"] is False


def test_a_change_that_stops_between_its_requests_is_reported_as_done_in_part_and_completed_by_the_next_run(
    sim: Simulator,
) -> None:
    sim.change("OfferingUser", WHERE, UNLINKED)
    sim.fault(method="PATCH", path="*/marketplace-service-provider-accounts/*", status=403, body={"detail": "No."})
    with pytest.raises(WaldurError, match=fragment("usernames_counted", count="1", accounts="2")) as refused:
        set_usernames(sim, ("member1", "new"))
    assert refused.value.details["changed"] is True
    assert set_usernames(sim, ("member1", "new")) == [("member1", {"Alpha Storage": "new"})]
    assert writes(sim) == {RENAME_SHARED: 1}


# --- policies --------------------------------------------------------------------------------------------------------


def test_a_policy_that_overwrites_usernames_is_one_warning_with_its_offerings(start: Simulator) -> None:
    start.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {"username_generation_policy": "full_name"}})
    start.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {}})
    set_options(start, username_generation_policy="waldur_username")
    for number in range(2):
        planned = plan(start, ("member1", "new"), ("member2", "m2"), ("member3", "m3"))
        assert planned.comparison.warnings == (
            message(
                "usernames_overwritten",
                provider="Alpha Cloud Ltd",
                policies="Alpha VM by the policy full_name and Alpha Storage by the policy waldur_username",
            ),
        )
        assert len(planned.changes) == (0 if number else 3)
        apply(session(start), planned)


def test_a_policy_in_offerings_that_no_entry_is_about_is_no_warning(start: Simulator) -> None:
    start.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {"username_generation_policy": "freeipa"}})
    assert plan(start, ("member3", "m3")).comparison.warnings == ()


# --- exports ---------------------------------------------------------------------------------------------------------


def test_usernames_of_service_provider_accounts_are_exported_once_and_applied_change_nothing(sim: Simulator) -> None:
    sim.delete("OfferingUser", WHERE)
    found = export(session(sim), "ALPHA", ["offering_usernames"])
    assert sim.counts().writes == 0
    assert found["service_providers"][0]["offering_usernames"] == [
        {"user": "member1", "username": "m1_alpha"},
        {"user": "member2", "username": "m2_alpha"},
    ]
    assert export(session(sim), "ALPHA", ["offering_usernames"]) == found
    assert plan_document_of(sim, found).changes == ()


def plan_document_of(simulator: Simulator, found: dict[str, Any]) -> Any:
    return plan_changes(session(simulator), RESOURCES, SCHEMA.read(found["service_providers"], no_image))


def test_usernames_that_waldur_generates_are_one_note_instead_of_entries(start: Simulator) -> None:
    start.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {"username_generation_policy": "freeipa"}})
    found = export(session(start), "ALPHA", ["offering_usernames"])
    assert [list(entry) for entry in found["service_providers"]] == [["customer"]]
    [note] = [note["text"] for note in found["notes"] if note["name"] is None]
    assert note == message(
        "export_usernames_generated",
        provider="Alpha Cloud Ltd",
        users="1 user was",
        policies="Alpha Storage by the policy freeipa",
    )


# --- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["2024", "2025", "2026"])
@pytest.mark.parametrize("single", [True, False])
def test_an_unchanged_run_asks_for_nothing_that_only_newer_servers_have_but_one_list_of_offerings(
    edition: str, single: bool
) -> None:
    with Simulator.start(edition=edition) as simulator:
        simulator.change("OfferingUser", {"user__username": "member1"}, {"username": "m1"})
        for alias in ("staff", "owner"):
            assert plan(simulator, ("member1", "m1"), alias=alias, single=single).changes == ()
            asked = [path for path in simulator.counts().operations if any(name in path for name in NEWER[1:])]
            assert asked == []
            offerings = simulator.counts().operations.get("GET /api/marketplace-provider-offerings/", 0)
            assert offerings == (alias == "owner" or edition == "2026")


def test_a_rename_costs_one_list_of_service_provider_accounts_beside_an_unchanged_run(sim: Simulator) -> None:
    plan(sim, ("member1", "m1_alpha"))
    unchanged = sim.counts().requests
    plan(sim, ("member1", "new"), ("member2", "other"))
    assert sim.counts().requests == unchanged + 1


def test_a_missing_account_costs_no_list_where_another_account_shows_the_username_that_it_will_get(
    sim: Simulator,
) -> None:
    plan(sim, ("member1", "m1_alpha"))
    unchanged = sim.counts().requests
    sim.delete("OfferingUser", WHERE)
    # The settings that may hide accounts are read where one is missing, by others than staff.
    plan(sim, ("member1", "m1_alpha"))
    assert sim.counts().requests == unchanged
