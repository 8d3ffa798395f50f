# SPDX-License-Identifier: GPL-3.0-or-later
"""Project groups against a simulated Waldur of 2026: what is planned, sent, refused and exported."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from data_of_2026 import PROJECT_GROUP
from in_process import make_connection, run_module
from messages import ANY, mentions, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    OutcomeUnknown,
    WaldurError,
)
from simulator_process import Simulator

ALPHA = "Alpha Cloud Ltd"
IMPORT = "POST /api/marketplace-service-provider-project-groups/import_groups/"
LIST = "GET /api/marketplace-service-provider-project-groups/"
C1, D1, D2 = "166880ed37384add85492b3e26ccc70e", "6c8876fe8a374359a38abf93d65ec5bb", "46a1942ec4104e58856fca0db2447b7a"
STORAGE = "Alpha Storage"
FIRST = "groups[0]"

Groups = list[dict[str, Any]]


@pytest.fixture
def sim_2026(simulator_for: Callable[[str], Simulator]) -> Simulator:
    """A Waldur of 2026 with the groups climate (20001), genome (no GID) and legacy (20003), and pools."""
    return simulator_for("project_group")


def apply(sim: Simulator, groups: Groups, *, by: str = "staff", check: bool = False, **options: Any) -> dict[str, Any]:
    given = {"service_provider": "ALPHA", "groups": groups, "allow_outside_range": False, "state": "present", **options}
    return run_module(make_connection(sim, by), "project_group", given, check=check, diff=True)


def apply_document(sim: Simulator, *, check: bool = False, by: str = "staff", **keys: Any) -> dict[str, Any]:
    options = {"service_providers": [{"customer": "ALPHA", **keys}]}
    return run_module(make_connection(sim, by), "desired_state", options, check=check, diff=True)


def refusal(sim: Simulator, groups: Groups, *, by: str = "staff", **options: Any) -> list[str]:
    """Return all errors of a task; it writes nothing, and check mode says the same."""
    sim.zero()
    with pytest.raises(InvalidInput) as planned:
        apply(sim, groups, by=by, check=True, **options)
    with pytest.raises(InvalidInput) as applied:
        apply(sim, groups, by=by, **options)
    assert applied.value.message == planned.value.message
    assert sim.counts().writes == 0
    return applied.value.details.get("errors") or [applied.value.message]


def shown(result: dict[str, Any]) -> list[tuple[str | None, int]]:
    return [(row["name"], row["gid"]) for row in result["project_groups"]]


def entry(project: str, gid: int, name: str | None = None) -> dict[str, Any]:
    return {"project": project, "gid": gid, **({"name": name} if name else {})}


# --- changes ---------------------------------------------------------------------------------------------------------


def test_new_groups_and_gids_are_set_by_one_request_and_a_second_run_sends_none(sim_2026: Simulator) -> None:
    groups = [entry("Project c1", 30005), entry("Project d1", 30006, "dee"), entry("Project c2", 30007, "genome")]
    planned = apply(sim_2026, groups, check=True)
    assert sim_2026.counts().writes == 0
    sim_2026.zero()
    done = apply(sim_2026, groups)
    assert sim_2026.counts().writes == sim_2026.counts().operations[IMPORT] == 1
    assert planned["changed"] is done["changed"] is True
    assert planned["diff"] == done["diff"]
    assert shown(planned) == shown(done) == [("climate", 30005), ("dee", 30006), ("genome", 30007)]
    sim_2026.zero()
    again = apply(sim_2026, groups)
    assert (again["changed"], shown(again)) == (False, shown(done))
    assert sim_2026.counts().operations[LIST] == 1
    assert sim_2026.counts().requests == 2  # the list of service providers is the other one


def test_a_project_is_named_by_uuid_url_or_name_and_staff_may_name_any_by_uuid(sim_2026: Simulator) -> None:
    url = f"{sim_2026.url}/api/projects/{D1}/"
    assert shown(apply(sim_2026, [entry(url, 30006, "dee")])) == [("dee", 30006)]
    for reference in (D1.upper(), "Project d1", url):
        assert not apply(sim_2026, [entry(reference, 30006)])["changed"]
    planned = apply(sim_2026, [entry(D2, 30007)], check=True)
    assert shown(planned) == [(None, 30007)]
    [row] = apply(sim_2026, [entry(D2, 30007)])["project_groups"]
    assert (row["project_uuid"], row["gid"]) == (D2, 30007)


def test_a_gid_passes_from_one_group_to_another_in_one_run(sim_2026: Simulator) -> None:
    apply(sim_2026, [entry("Project c1", 30001), entry("Project c3", 30002)])
    chain = [entry("Project c1", 30002), entry("Project c3", 30003), entry("Project d1", 30001, "dee")]
    assert shown(apply(sim_2026, chain)) == [("climate", 30002), ("legacy", 30003), ("dee", 30001)]


def test_a_name_that_an_entry_gives_is_not_used_for_a_group_without_one(sim_2026: Simulator) -> None:
    sim_2026.change("Project", {"uuid": D2}, {"slug": "dee"})
    groups = [entry(D2, 30001), entry("Project d1", 30002, "dee")]
    assert shown(apply(sim_2026, groups)) == [("dee-2", 30001), ("dee", 30002)]


def test_a_gid_outside_the_range_is_possible_on_request(sim_2026: Simulator) -> None:
    groups = [entry("Project c1", 5001)]
    assert refusal(sim_2026, groups) == [
        message(
            "group_gid_outside",
            option=f"{FIRST}.gid",
            gid=5001,
            range="project group GID",
            provider=ALPHA,
            span="30000 to 30099",
        )
    ]
    assert shown(apply(sim_2026, groups, allow_outside_range=True)) == [("climate", 5001)]
    assert not apply(sim_2026, groups)["changed"]


def test_a_pool_and_its_groups_are_made_by_one_document(sim_2026: Simulator) -> None:
    sim_2026.delete("ProjectGroup", {"gid": None, "name": "genome"})
    sim_2026.delete("PosixIdentity", {"pool__service_provider__customer__name": ALPHA})
    sim_2026.delete("PosixPool", {"service_provider__customer__name": ALPHA})
    keys: dict[str, Any] = {
        "posix_id_pool": {"min_gid": 50000, "max_gid": 50099},
        "project_groups": [entry("Project d1", 50001, "dee")],
    }
    plan = apply_document(sim_2026, check=True, **keys)["plan"]
    assert [(one["kind"], one["action"]) for one in plan] == [
        ("posix_id_pool", "create"),
        ("project_group", "create_group"),
    ]
    assert apply_document(sim_2026, **keys)["plan"] == plan
    assert apply_document(sim_2026, **keys)["plan"] == []


# --- what is refused in the plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["state", f"{FIRST}.state"])
def test_a_group_is_never_deleted(sim_2026: Simulator, where: str) -> None:
    group = entry("Project c1", 20001)
    options: dict[str, Any] = {"state": "absent"} if where == "state" else {}
    groups = [group if options else {**group, "state": "absent"}]
    assert refusal(sim_2026, groups, **options) == [message("group_never_deleted", option=where)]


def test_duplicates_in_the_list_are_refused(sim_2026: Simulator) -> None:
    groups = [entry("Project c1", 30001, "a"), entry("Project d1", 30001, "a")]
    assert refusal(sim_2026, groups) == [
        message("group_value_duplicated", option="groups[1].gid", value=30001, first=f"{FIRST}.gid"),
        message("group_value_duplicated", option="groups[1].name", value="a", first=f"{FIRST}.name"),
    ]
    assert refusal(sim_2026, [entry("Project c1", 20001), entry(C1, 30001)]) == [
        message("group_project_duplicated", option="groups[1].project", project="Project c1", first=f"{FIRST}.project")
    ]


@pytest.mark.parametrize("by", ["staff", "owner"])
def test_an_unknown_or_hidden_project_is_refused(sim_2026: Simulator, by: str) -> None:
    def unknown(project: str, suggestion: str = "") -> str:
        return message(
            "group_project_unknown",
            option=f"{FIRST}.project",
            project=project,
            provider=ALPHA,
            suggestion=suggestion,
        )

    assert refusal(sim_2026, [entry("nothing", 30001)], by=by) == [unknown("nothing")]
    if by == "owner":
        assert refusal(sim_2026, [entry(D2, 30001)], by=by) == [unknown(D2)]


def test_two_projects_of_one_name_are_told_apart_by_uuid(sim_2026: Simulator) -> None:
    sim_2026.change("Project", {"name": "Project c2"}, {"name": "Project c1"})
    [error] = refusal(sim_2026, [entry("Project c1", 30001)])
    assert error.startswith(f"{FIRST}.project: 'Project c1' is ambiguous, as it matches the projects ")
    assert C1 in error
    assert not apply(sim_2026, [entry(C1, 20001)])["changed"]


def test_names_that_waldur_would_not_take_are_refused(sim_2026: Simulator) -> None:
    assert refusal(sim_2026, [entry("Project c1", 20001, "Upper")]) == [
        message("group_name_invalid", option=f"{FIRST}.name", name="Upper")
    ]
    assert refusal(sim_2026, [entry("Project c1", 20001, "weather")]) == [
        message("group_renamed", option=f"{FIRST}.name", project="Project c1", provider=ALPHA, name="climate")
    ]
    assert refusal(sim_2026, [entry("Project d1", 30001, "climate")]) == [
        message("group_name_taken", option=f"{FIRST}.name", name="climate", project="Project c1", provider=ALPHA)
    ]


def test_a_gid_in_use_is_refused(sim_2026: Simulator) -> None:
    option = f"{FIRST}.gid"
    assert refusal(sim_2026, [entry("Project c1", 20003)], allow_outside_range=True) == [
        message("group_gid_taken", option=option, gid=20003, name="legacy", project="Project c3", provider=ALPHA)
    ]
    for gid, holder in ((20000, "the user member1"), (20002, "'alpha robot'")):
        assert refusal(sim_2026, [entry("Project c1", gid)], allow_outside_range=True) == [
            message("group_gid_in_use", option=option, gid=gid, provider=ALPHA, holder=holder)
        ]


def test_a_gid_in_a_range_of_another_pool_is_refused(sim_2026: Simulator) -> None:
    sim_2026.change("PosixPool", {"offering__name": STORAGE}, {"min_gid": 60000, "max_gid": 60009})
    [error] = refusal(sim_2026, [entry("Project c1", 60001)], allow_outside_range=True)
    assert re.match(
        pattern(
            "group_gid_of_other_pool",
            option=f"{FIRST}.gid",
            gid=60001,
            range="GID",
            span="60000 to 60009",
            offering=ANY,
        ),
        error,
    )


def test_groups_that_would_exchange_their_gids_are_refused(sim_2026: Simulator) -> None:
    apply(sim_2026, [entry("Project c1", 30001), entry("Project c3", 30002)])
    assert refusal(sim_2026, [entry("Project c1", 30002), entry("Project c3", 30001)]) == [
        message(
            "group_gids_exchanged",
            option=f"{FIRST}.gid",
            provider=ALPHA,
            exchanged="Project c1 30002, Project c3 30001",
        )
    ]


def test_groups_need_a_pool(sim_2026: Simulator) -> None:
    sim_2026.delete("PosixIdentity", {"pool__service_provider__customer__name": ALPHA})
    sim_2026.delete("PosixPool", {"service_provider__customer__name": ALPHA})
    for by in ("staff", "owner"):
        assert refusal(sim_2026, [entry("Project c1", 30001)], by=by) == [
            message("group_without_pool", option=f"{FIRST}.gid", provider=ALPHA)
        ]


def test_a_document_that_deletes_the_pool_can_not_set_gids(sim_2026: Simulator) -> None:
    sim_2026.delete("PosixIdentity", {"pool__service_provider__customer__name": ALPHA})
    with pytest.raises(InvalidInput) as refused:
        apply_document(sim_2026, posix_id_pool={"state": "absent"}, project_groups=[entry("Project c1", 30001)])
    assert refused.value.message == message(
        "group_with_deleted_pool", option="service_providers[0].project_groups[0].gid"
    )


def test_groups_come_before_waldur_makes_them_by_itself(sim_2026: Simulator) -> None:
    option = "service_providers[0].project_groups"
    groups = [entry("Project d1", 30001, "dee")]
    with pytest.raises(InvalidInput) as refused:
        apply_document(sim_2026, account_options={"project_groups_enabled": True}, project_groups=groups)
    assert refused.value.message == message("groups_switched_on_first", option=option, provider=ALPHA)
    with pytest.raises(InvalidInput) as refused:
        apply_document(sim_2026, posix_id_pool={"max_group_gid": 30999}, project_groups=groups)
    assert refused.value.message == message("groups_numbered_first", option=option, names="genome")


def test_what_a_document_repeats_of_the_pool_and_the_switch_does_not_delay_groups(sim_2026: Simulator) -> None:
    unchanged: dict[str, Any] = {"posix_id_pool": {"max_group_gid": 30099, "description": "Numbers of Alpha"}}
    first = apply_document(sim_2026, **unchanged, project_groups=[entry("Project d1", 30001, "dee")])
    assert [one["action"] for one in first["plan"]] == ["update", "create_group"]
    off: dict[str, Any] = {"account_options": {"project_groups_enabled": False}}
    assert apply_document(sim_2026, **off, project_groups=[entry(D2, 30002)])["changed"]
    on: dict[str, Any] = {"account_options": {"project_groups_enabled": True}}
    apply_document(sim_2026, **on)
    sim_2026.delete("ProjectGroup", {"name": "dee"})
    assert apply_document(sim_2026, **on, project_groups=[entry("Project d1", 30003, "dee")])["changed"]


def test_a_document_allows_gids_outside_the_range_for_its_groups(sim_2026: Simulator) -> None:
    groups = [entry("Project c1", 5001)]
    assert apply_document(sim_2026, allow_outside_range=True, project_groups=groups)["changed"]
    twice = [*groups, entry("Project d1", 5001)]
    with pytest.raises(InvalidInput) as refused:
        apply_document(sim_2026, allow_outside_range=True, project_groups=twice)
    option = "service_providers[0].project_groups"
    assert refused.value.message == message(
        "group_value_duplicated", option=f"{option}[1].gid", value=5001, first=f"{option}[0].gid"
    )


def test_the_range_is_allowed_only_beside_groups(sim_2026: Simulator) -> None:
    with pytest.raises(InvalidInput) as refused:
        apply_document(sim_2026, allow_outside_range=True)
    assert refused.value.message == message("groups_need_list", option="service_providers[0].allow_outside_range")


# --- rights ----------------------------------------------------------------------------------------------------------


def test_an_owner_manages_groups_and_a_manager_is_told_what_they_lack(sim_2026: Simulator) -> None:
    for groups in ([entry("Project c1", 30001)], [entry("Project d1", 30002)]):
        (error,) = refusal(sim_2026, groups, by="manager_alpha")
        assert re.search(prefix("groups_not_writable", option="groups", provider=ALPHA), error)
        assert mentions(error, "permission_of_owner")
        assert apply(sim_2026, groups, by="owner")["changed"]
        assert apply(sim_2026, groups, by="manager_alpha")["changed"] is False


def test_an_owner_who_changes_groups_that_exist_costs_one_request_more_than_staff(sim_2026: Simulator) -> None:
    counts = []
    for alias in ("staff", "owner"):
        sim_2026.zero()
        apply(sim_2026, [entry("Project c1", 30001)], by=alias, check=True)
        counts.append(sim_2026.counts().requests)
    assert counts[1] - counts[0] == 1


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_no_groups_and_the_error_names_the_edition(edition: str) -> None:
    with Simulator.start(edition=edition) as old:
        for check in (True, False):
            with pytest.raises(InvalidInput) as refused:
                apply(old, [entry("Project c1", 30001)], check=check)
            assert refused.value.message == message("groups_missing_here", option="groups")
            with pytest.raises(InvalidInput) as refused:
                apply_document(old, check=check, project_groups=[entry("Project c1", 30001)])
            where = "service_providers[0].project_groups"
            assert refused.value.message == message("groups_missing_here", option=where)
        exported = run_module(make_connection(old), "desired_state_info", {"parts": ["project_groups"]})
        assert all(set(one) == {"customer"} for one in exported["service_providers"])


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_refused_request_names_the_group_at_fault_and_none_is_applied(sim_2026: Simulator) -> None:
    body = {"groups": {"1": {"gid": "30006 is taken."}}}
    sim_2026.fault(method="POST", path="*/import_groups/", status=400, body=body)
    with pytest.raises(WaldurError) as failed:
        apply(sim_2026, [entry("Project c1", 30005), entry("Project c3", 30006), entry("Project d1", 30007, "dee")])
    assert failed.value.message.startswith("set_gid Project c3 (Alpha Cloud Ltd): ")
    assert "gid: 30006 is taken." in failed.value.message
    assert failed.value.message.endswith(message("groups_sent_together", number=2))
    details = failed.value.details
    assert (details["changed"], details["applied"], len(details["not_applied"])) == (False, [], 3)
    assert details["failed_change"]["name"] == "Project c3"


@pytest.mark.parametrize(("drop", "is_applied"), [("before", False), ("after", True)])
def test_after_a_lost_answer_the_groups_are_read_again(sim_2026: Simulator, drop: str, is_applied: bool) -> None:
    sim_2026.fault(method="POST", path="*/import_groups/", drop=drop)
    with pytest.raises(OutcomeUnknown) as lost:
        apply(sim_2026, [entry("Project c1", 30005), entry("Project d1", 30006, "dee")])
    found = (
        message("groups_applied") if is_applied else message("groups_not_applied", projects="Project c1, Project d1")
    )
    assert found in lost.value.message
    details = lost.value.details
    assert (len(details["applied"]), len(details["not_applied"])) == ((2, 0) if is_applied else (0, 2))
    assert details["changed"] is is_applied


def test_an_answer_that_shows_another_group_is_an_error(sim_2026: Simulator) -> None:
    row = {"uuid": PROJECT_GROUP, "name": "climate", "gid": 30001, "project_uuid": C1}
    sim_2026.fault(method="POST", path="*/import_groups/", status=200, body=[{**row, "gid": 7}])
    with pytest.raises(WaldurError) as failed:
        apply(sim_2026, [entry("Project c1", 30001)])
    shown_group = "the name 'climate' and the GID 7"
    assert message("group_response_differs", shown=shown_group) in failed.value.message
    assert failed.value.details["changed"] is True


# --- export ----------------------------------------------------------------------------------------------------------


def export(sim: Simulator, by: str = "staff") -> dict[str, Any]:
    options = {"service_providers": ["ALPHA"], "parts": ["project_groups"]}
    return run_module(make_connection(sim, by), "desired_state_info", options)


def test_an_export_changes_nothing_and_is_always_the_same(sim_2026: Simulator) -> None:
    apply(sim_2026, [entry("Project d1", 5001, "dee")], allow_outside_range=True)
    exported = export(sim_2026)
    [provider] = exported["service_providers"]
    assert provider["project_groups"] == [
        entry("Project c1", 20001, "climate"),
        entry("Project c3", 20003, "legacy"),
        entry("Project d1", 5001, "dee"),
    ]
    assert [note["text"] for note in exported["notes"]] == [
        message("group_left_out", provider=ALPHA, name="genome", reason="it has no GID yet")
    ]
    assert export(sim_2026) == exported
    result = run_module(make_connection(sim_2026), "desired_state", {"service_providers": [provider]}, check=True)
    assert result["plan"] == []


def test_an_export_names_projects_of_one_name_by_uuid(sim_2026: Simulator) -> None:
    sim_2026.change("Project", {"name": "Project c3"}, {"name": "Project c1"})
    [provider] = export(sim_2026)["service_providers"]
    assert C1 in [one["project"] for one in provider["project_groups"]]
    result = run_module(make_connection(sim_2026), "desired_state", {"service_providers": [provider]}, check=True)
    assert result["plan"] == []


def test_an_export_says_where_the_token_does_not_see_groups(sim_2026: Simulator) -> None:
    exported = export(sim_2026, by="outsider")
    assert [note["text"] for note in exported["notes"]] == [message("groups_invisible", provider=ALPHA)]
