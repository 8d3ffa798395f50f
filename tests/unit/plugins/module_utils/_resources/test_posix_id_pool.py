# SPDX-License-Identifier: GPL-3.0-or-later
"""The POSIX ID pool of a provider on a Waldur of 2026: planned, applied, exported, and refused where it can't work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import mentions, message
from posix_pools import PROVIDER_POOL, add_posix_pools

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from simulator_process import Simulator

from ...helpers.fixture_types import results
from ...helpers.usernames import plan_document, session, writes

NAME = "Alpha Cloud Ltd"
POOLS = "/api/marketplace-posix-id-pools/"
CREATE, UPDATE, DELETE = f"POST {POOLS}", f"PATCH {POOLS}{{uuid}}/", f"DELETE {POOLS}{{uuid}}/"
UIDS: dict[str, Any] = {"min_uid": 50000, "max_uid": 50009}
WHERE = "service_providers[0].posix_id_pool"


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def empty(newest: Simulator) -> Simulator:
    """The same at its start, without pools."""
    newest.reset(frozen=True)
    return newest


@pytest.fixture
def sim(empty: Simulator) -> Simulator:
    """The same with the pools of two providers and of an offering, and numbers in use."""
    add_posix_pools(empty)
    return empty


def run(simulator: Simulator, alias: str = "staff", **pool: Any) -> Plan:
    """Plan and apply; a second run has nothing to do."""
    asked, planned = plan_document(simulator, alias, posix_id_pool=pool)
    apply(asked, planned)
    done = writes(simulator)
    assert plan_document(simulator, alias, posix_id_pool=pool)[1].changes == ()
    assert sum(done.values()) == len(planned.changes)
    return planned


def rejected(simulator: Simulator, alias: str = "staff", **pool: Any) -> str:
    """Why the plan is rejected; nothing was written."""
    with pytest.raises(InvalidInput) as refused:
        plan_document(simulator, alias, posix_id_pool=pool)
    assert simulator.counts().writes == 0
    return refused.value.message


def stored(simulator: Simulator) -> dict[str, Any] | None:
    """The pool of the provider as the server has it."""
    rows = session(simulator).client.rows("posix_id_pools")
    return next((row for row in rows if row["customer_name"] == NAME and row["service_provider"]), None)


# --- create, change, delete ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["staff", "owner"])
def test_a_pool_is_created_with_its_ranges_and_its_description(empty: Simulator, alias: str) -> None:
    (change,) = run(empty, alias, **UIDS, description=" Cluster \n").changes
    assert (change.action.name, change.before) == ("create", None)
    assert change.after == {**UIDS, "description": "Cluster"}
    row = stored(empty)
    assert row
    assert {key: row[key] for key in change.after} == change.after
    assert row["min_gid"] is None


def test_an_update_sends_only_what_differs(sim: Simulator) -> None:
    (change,) = run(sim, min_uid=20000, max_uid=20099, description="Cluster and storage").changes
    assert (change.before, change.after) == ({"max_uid": 20009}, {"max_uid": 20099})


def test_a_description_is_cleared_by_an_empty_text(sim: Simulator) -> None:
    (change,) = run(sim, description="").changes
    assert (change.before, change.after) == ({"description": "Cluster and storage"}, {"description": ""})


def test_a_range_of_gids_is_added_to_a_pool_of_uids(empty: Simulator) -> None:
    run(empty, **UIDS)
    (change,) = run(empty, min_gid=50000, max_gid=50009).changes
    assert change.before == {"min_gid": None, "max_gid": None}


def test_a_pool_whose_numbers_are_not_in_use_is_deleted_and_deleting_none_is_no_change(empty: Simulator) -> None:
    run(empty, **UIDS)
    (change,) = run(empty, state="absent").changes
    assert (change.before, change.after) == ({**UIDS, "description": ""}, None)
    assert stored(empty) is None


def test_the_two_ranges_of_gids_can_change_places(empty: Simulator) -> None:
    ranges: dict[str, Any] = {"min_gid": 20000, "max_gid": 20009, "min_group_gid": 30000, "max_group_gid": 30009}
    run(empty, **ranges)
    pool = session(empty).client.rows("posix_id_pools")[0]["uuid"]
    empty.create("PosixIdentity", pool=pool, user="member1", consumer_type="user", gid=20003)
    run(empty, min_gid=30000, max_gid=30009, min_group_gid=20000, max_group_gid=20009)


def test_a_new_provider_gets_its_pool_in_the_same_run(empty: Simulator) -> None:
    asked, planned = plan_document(empty, customer="SPARE", posix_id_pool=UIDS)
    assert [f"{one.kind.name} {one.action.name}" for one in planned.changes] == [
        "service_provider create",
        "posix_id_pool create",
    ]
    apply(asked, planned)
    assert plan_document(empty, customer="SPARE", posix_id_pool=UIDS)[1].changes == ()


def test_groups_that_wait_for_a_gid_get_one_when_the_pool_is_changed(empty: Simulator) -> None:
    run(empty, **UIDS)
    group = empty.create("ProjectGroup", service_provider=NAME, project="Project c1", name="c1")
    run(empty, min_group_gid=30000, max_group_gid=30009)
    assert empty.change("ProjectGroup", {"uuid": group, "gid": 30000}, {})


def test_account_options_that_take_numbers_are_set_after_an_exhausted_pool_was_enlarged(empty: Simulator) -> None:
    run(empty, min_uid=9000, max_uid=9000)
    keys: dict[str, Any] = {
        "account_options": {"username_generation_policy": "anonymized"},
        "posix_id_pool": {"max_uid": 9099},
    }
    asked, planned = plan_document(empty, **keys)
    assert [one.kind.name for one in planned.changes] == ["posix_id_pool", "service_provider"]
    apply(asked, planned)
    assert plan_document(empty, **keys)[1].changes == ()


# --- what is refused in the plan -------------------------------------------------------------------------------------


def test_a_range_that_leaves_out_numbers_in_use_is_refused(sim: Simulator) -> None:
    names = {"column": "UID", "numbers": "20002"}
    expected = message("pool_numbers_left_out", option=f"{WHERE}.max_uid", **names)
    assert rejected(sim, max_uid=20001) == expected
    run(sim, max_uid=20002)


def test_numbers_that_were_given_back_may_be_left_out(sim: Simulator) -> None:
    sim.change("PosixIdentity", {"uid": 20002}, {"released_at": "2026-11-22T22:00:00Z"})
    run(sim, max_uid=20000)


def test_a_pool_whose_numbers_are_in_use_is_not_deleted(sim: Simulator) -> None:
    numbers = "UID 20000, 20002; GID 20000, 20002"
    expected = message("pool_numbers_in_use", option=f"{WHERE}.state", provider=NAME, numbers=numbers)
    assert rejected(sim, state="absent") == expected


def test_a_pool_that_a_project_group_has_a_gid_of_is_not_deleted(empty: Simulator) -> None:
    run(empty, min_gid=20000, max_gid=29999)
    asked, planned = plan_document(empty, project_groups=[{"project": "Project c1", "gid": 20000}])
    apply(asked, planned)
    expected = message("pool_numbers_in_use", option=f"{WHERE}.state", provider=NAME, numbers="GID 20000")
    assert rejected(empty, state="absent") == expected


def test_a_range_of_an_offering_is_not_taken(sim: Simulator) -> None:
    assert mentions(rejected(sim, max_uid=40000), "pool_range_taken", option=f"{WHERE}.max_uid", other="40000 to 40009")


def test_a_new_pool_without_a_complete_range_is_refused(empty: Simulator) -> None:
    names = {"range": "UID", "min": "min_uid", "max": "max_uid"}
    expected = message("pool_range_incomplete", option=f"{WHERE}.max_uid", **names)
    assert rejected(empty, min_uid=5000) == expected
    assert rejected(empty, description="x") == message("pool_range_missing", option=f"{WHERE}.min_uid")


def test_deleting_goes_with_no_other_key(sim: Simulator) -> None:
    expected = message("pool_absent_with_keys", option=f"{WHERE}.state", keys="max_uid")
    assert rejected(sim, state="absent", max_uid=5) != expected
    assert mentions(rejected(sim, state="absent", max_uid=5000), "pool_absent_with_keys", keys="max_uid")


@pytest.mark.parametrize("pool", [UIDS, {"state": "absent"}])
def test_a_manager_does_not_see_the_pool_and_is_told_so(sim: Simulator, pool: dict[str, Any]) -> None:
    assert rejected(sim, "manager_alpha", **pool) == message("pool_invisible", place=f"{WHERE}: ", provider=NAME)


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_is_one_error(edition: str) -> None:
    with Simulator.start(edition=edition) as old:
        assert rejected(old, **UIDS) == message("pool_of_newer_waldur", option=WHERE)
        assert "posix_id_pool" not in export(session(old), [NAME], ["posix_id_pool"])["service_providers"][0]


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_a_range_above_the_threshold_is_warned_of_also_where_nothing_changes(sim: Simulator) -> None:
    sim.change("Setting", {"name": "POSIX_ID_POOL_UTILIZATION_THRESHOLD"}, {"value": 19})
    planned = run(sim, min_uid=20000)
    values = {"provider": NAME, "share": 20, "used": 2, "capacity": 10, "threshold": 19}
    assert planned.comparison.warnings == tuple(
        message("pool_nearly_exhausted", range=label, max=last, **values)
        for label, last in (("UID", "max_uid"), ("GID", "max_gid"))
    )
    assert [text for text in run(sim, max_uid=20099).comparison.warnings if "max_uid" in text] == []


def test_a_utilization_at_the_threshold_is_no_warning(sim: Simulator) -> None:
    sim.change("Setting", {"name": "POSIX_ID_POOL_UTILIZATION_THRESHOLD"}, {"value": 20})
    assert run(sim, min_uid=20000).comparison.warnings == ()


def test_check_mode_predicts_the_row_that_is_there_afterwards(sim: Simulator) -> None:
    asked, planned = plan_document(sim, posix_id_pool={"max_uid": 20019, "min_gid": 19990, "description": "x"})
    (predicted,) = results(planned, "posix_id_pool", done=False)
    apply(asked, planned)
    assert [predicted] == results(planned, "posix_id_pool", done=True) == [stored(sim)]


def test_check_mode_predicts_a_new_pool_without_what_only_the_server_knows(empty: Simulator) -> None:
    asked, planned = plan_document(empty, posix_id_pool=UIDS)
    (predicted,) = results(planned, "posix_id_pool", done=False)
    apply(asked, planned)
    row = stored(empty)
    assert row
    assert (predicted["uuid"], predicted["url"]) == (None, None)
    own = {"uuid", "url"}
    assert {k: v for k, v in predicted.items() if k not in own} == {k: row[k] for k in predicted if k not in own}


# --- requests --------------------------------------------------------------------------------------------------------


def test_an_unchanged_pool_takes_the_list_and_the_threshold(sim: Simulator) -> None:
    plan_document(sim, posix_id_pool={"min_uid": 20000, "max_uid": 20009})
    counted = {name: count for name, count in sim.counts().operations.items() if "posix" in name}
    assert counted == {f"GET {POOLS}": 1, f"GET {POOLS}{{uuid}}/stats/": 1}


def test_a_pool_of_which_nothing_is_in_use_takes_no_threshold(sim: Simulator) -> None:
    plan_document(sim, customer="BETA", posix_id_pool={"min_uid": 20000})
    assert {name: count for name, count in sim.counts().operations.items() if "posix" in name} == {f"GET {POOLS}": 1}


# --- export ----------------------------------------------------------------------------------------------------------


def test_an_export_applied_changes_nothing_and_two_exports_are_equal(sim: Simulator) -> None:
    first, second = (export(session(sim), [NAME], ["posix_id_pool"]) for _time in range(2))
    assert first == second
    (entry,) = first["service_providers"]
    assert entry["posix_id_pool"]["max_group_gid"] == 30099
    assert plan_document(sim, posix_id_pool=entry["posix_id_pool"])[1].changes == ()


def test_an_export_of_a_pool_that_is_not_visible_has_a_note(sim: Simulator) -> None:
    found = export(session(sim, "manager_alpha"), [NAME], ["posix_id_pool"])
    assert [note["text"] for note in found["notes"]] == [message("pool_invisible", place="", provider=NAME)]


def test_a_description_that_holds_the_token_is_not_exported(sim: Simulator) -> None:
    sim.change("PosixPool", {"uuid": PROVIDER_POOL}, {"description": f"token {sim.token('staff')}"})
    found = export(session(sim), [NAME], ["posix_id_pool"])
    assert [note["text"] for note in found["notes"]] == [message("export_description_redacted", provider=NAME)]
    assert "description" not in found["service_providers"][0]["posix_id_pool"]


# --- other users, and lost responses ---------------------------------------------------------------------------------


def applying(simulator: Simulator, fault: dict[str, Any], **pool: Any) -> str:
    """Why a plan could not be applied while a fault was there."""
    asked, planned = plan_document(simulator, posix_id_pool=pool)
    simulator.fault(**fault)
    with pytest.raises(WaldurError) as failed:
        apply(asked, planned)
    simulator.clear_faults()
    return failed.value.message


def test_a_rejected_change_says_what_the_pool_is_like_now(sim: Simulator) -> None:
    text = applying(sim, {"method": "PATCH", "status": 400, "body": {"non_field_errors": ["No."]}}, max_uid=20099)
    spans = "UIDs 20000 to 20009, GIDs 20000 to 20009, project group GIDs 30000 to 30099"
    assert mentions(text, "pool_found", spans=spans)


def test_a_pool_that_was_deleted_meanwhile_is_reported(empty: Simulator) -> None:
    run(empty, **UIDS)
    asked, planned = plan_document(empty, posix_id_pool={"max_uid": 50099})
    empty.delete("PosixPool", {})
    with pytest.raises(WaldurError) as failed:
        apply(asked, planned)
    assert mentions(failed.value.message, "pool_missing")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_response_to_a_new_pool_is_checked_again_and_never_repeated(empty: Simulator, when: str) -> None:
    text = applying(empty, {"method": "POST", "path": f"*{POOLS}", "drop": when}, **UIDS)
    is_there = when == "after"
    assert mentions(text, "pool_created" if is_there else "pool_gone")
    assert (stored(empty) is not None) is is_there


@pytest.mark.parametrize(("when", "key"), [("before", "pool_remains"), ("after", "pool_gone")])
def test_a_lost_response_to_a_deletion_is_checked_again(empty: Simulator, when: str, key: str) -> None:
    run(empty, **UIDS)
    assert mentions(applying(empty, {"method": "DELETE", "drop": when}, state="absent"), key)
    assert (stored(empty) is None) is (when == "after")


def test_a_value_that_waldur_ignores_is_an_error(sim: Simulator) -> None:
    row = stored(sim)
    text = applying(sim, {"method": "PATCH", "status": 200, "body": row}, max_uid=20099)
    assert mentions(text, "value_not_applied", option="max_uid")
