# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of projects behave as documented (api-behaviour: project-groups)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator_process import Simulator

from .api import Api, started

GROUPS = "marketplace-service-provider-project-groups/"
OF_PROJECT = "marketplace-project-posix-groups/"
ALPHA = "Alpha Cloud Ltd"
ALPHA_UUID = "e182aaedb6ae4541956a3c14629abc02"
# Projects with resources of Alpha, by name; those of the others have none.
C1, C2, D1 = "166880ed37384add85492b3e26ccc70e", "b2e9489568c7463d8dca8e394f014c6f", "6c8876fe8a374359a38abf93d65ec5bb"
C3, D2 = "36d1fef09a3f404fa0360bfdd8d7503c", "46a1942ec4104e58856fca0db2447b7a"
SWITCHED_ON = {"account_options": {"project_groups_enabled": True}}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of 2026."""
    with Simulator.start(edition="2026") as sim:
        yield sim


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """The API of 2026, its world at the start, with a pool that has a range for groups."""
    for api in started(newest):
        create_pool(api)
        yield api


def create_pool(api: Api, **ranges: int | None) -> None:
    """Create the pool of Alpha."""
    usual = {"min_gid": 30000, "max_gid": 30999, "min_group_gid": 20001, "max_group_gid": 20200}
    api.sim.create("PosixPool", service_provider=ALPHA, **{**usual, **ranges})


def adopt(api: Api, project: str, gid: int, by: str = "staff", **more: Any) -> Any:
    """POST a new group of *project*."""
    return api.post(GROUPS, {"service_provider": ALPHA_UUID, "project": project, "gid": gid, **more}, by=by)


def import_groups(api: Api, *groups: dict[str, Any], by: str = "staff", **more: Any) -> Any:
    """POST a list of groups."""
    body = {"service_provider": ALPHA_UUID, "groups": list(groups), **more}
    return api.post(f"{GROUPS}import_groups/", body, by=by)


def set_gid(api: Api, project: str, gid: int, by: str = "staff", **more: Any) -> Any:
    """POST another GID of the group of *project*."""
    uuid = api.get_object(GROUPS, project_uuid=project)["uuid"]
    return api.post(f"{GROUPS}{uuid}/set_gid/", {"gid": gid, **more}, by=by)


def gids(api: Api) -> dict[str, int | None]:
    """Return the GIDs of all groups by their names."""
    return {row["name"]: row["gid"] for row in api.rows(GROUPS)}


def test_a_row_has_the_keys_of_the_description(api: Api) -> None:
    answer = adopt(api, C1, 20003, name="legacy_group")
    assert answer.status == 201
    row = api.get_object(GROUPS)
    assert answer.body == row
    assert list(row) == [
        *("url", "uuid", "name", "gid", "in_use", "service_provider_uuid", "service_provider_name"),
        *("project_uuid", "project_name", "project_slug", "customer_uuid", "customer_name", "customer_slug"),
        *("offerings", "members", "created", "modified"),
    ]
    assert (row["name"], row["gid"], row["in_use"]) == ("legacy_group", 20003, True)
    assert (row["project_uuid"], row["project_name"], row["project_slug"]) == (C1, "Project c1", "project--2")
    assert [one["name"] for one in row["offerings"]] == ["Alpha Storage", "Alpha VM"]
    assert set(row["offerings"][0]) == {"uuid", "name"}
    assert row["members"] == ["m1_alpha", "m2_alpha"]
    assert api.get_object(f"{GROUPS}{row['uuid']}/") == row


@pytest.mark.parametrize(
    ("model", "where", "values", "members"),
    [
        ("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True}, ["m2_alpha"]),
        ("OfferingUser", {"username": "m1_alpha"}, {"state": "Requested deletion"}, ["m2_alpha"]),
        ("OfferingUser", {"username": "m1_alpha"}, {"state": "Error creating"}, ["m1_alpha", "m2_alpha"]),
        ("OfferingUser", {"username": "m1_alpha"}, {"username": ""}, ["m2_alpha"]),
        ("OfferingUser", {"username": "m1_alpha"}, {"username": "zed"}, ["m2_alpha", "zed"]),
        (
            "OfferingUser",
            {"username": "m1_alpha", "offering__name": "Alpha VM"},
            {"is_restricted": True},
            ["m1_alpha", "m2_alpha"],
        ),
        ("User", {"username": "member1"}, {"is_active": False}, ["m2_alpha"]),
        (
            "Grant",
            {"user__username": "member1", "project__name": "Project c1"},
            {"expiration_time": "2026-11-01T00:00:00Z"},
            ["m2_alpha"],
        ),
        ("Grant", {"user__username": "member1", "project__name": "Project c1"}, {"is_active": False}, ["m2_alpha"]),
    ],
)
def test_members_are_live_accounts_of_active_members_and_do_not_move_modified(
    api: Api, model: str, where: dict[str, Any], values: dict[str, Any], members: list[str]
) -> None:
    adopt(api, C1, 20001)
    before = api.get_object(GROUPS)
    api.sim.change(model, where, values)
    row = api.get_object(GROUPS)
    assert row["members"] == members
    assert row["modified"] == before["modified"]


def test_a_project_without_resources_has_an_unused_group(api: Api) -> None:
    row = adopt(api, C3, 20001).body
    assert (row["in_use"], row["offerings"], row["name"]) == (False, [], "project--4")


@pytest.mark.parametrize(
    ("model", "where", "values"),
    [
        ("Resource", {"name": "res-vm_c2"}, {"state": "Terminated"}),
        ("Offering", {"name": "Alpha VM"}, {"plugin_options": {"enable_posix_account": False}}),
        ("Offering", {"name": "Alpha VM"}, {"type": "Support.OfferingTemplate"}),
        ("Order", {"resource__name": "res-vm_c2"}, {"state": "pending-provider"}),
        ("Order", {"resource__name": "res-vm_c2"}, {"state": "rejected"}),
        ("Project", {"name": "Project c2"}, {"is_removed": True}),
    ],
)
def test_a_group_is_unused_and_keeps_its_gid_when_nothing_counts_any_more(
    api: Api, model: str, where: dict[str, Any], values: dict[str, Any]
) -> None:
    adopt(api, C2, 20007)
    api.sim.change(model, where, values)
    row = api.get_object(GROUPS)
    assert (row["in_use"], row["offerings"], row["gid"]) == (False, [], 20007)


@pytest.mark.parametrize("state", ["Creating", "Updating", "Terminating", "Erred"])
def test_a_resource_counts_until_it_is_terminated(api: Api, state: str) -> None:
    adopt(api, C2, 20007)
    api.sim.change("Resource", {"name": "res-vm_c2"}, {"state": state})
    assert api.get_object(GROUPS)["in_use"] is True


def test_a_group_outlives_its_project(api: Api) -> None:
    adopt(api, C3, 20001)
    api.sim.delete("Project", {"uuid": C3})
    row = api.get_object(GROUPS)
    assert {row[key] for key in row if key.startswith(("project_", "customer_"))} == {None}
    assert (row["gid"], row["members"], row["in_use"]) == (20001, [], False)


def test_filters(api: Api) -> None:
    for number, project in enumerate((C1, C2, D1, C3)):
        adopt(api, project, 20001 + number)
    offerings = {row["name"]: row["uuid"] for row in api.rows("marketplace-provider-offerings/")}

    def found(**query: Any) -> list[int]:
        return [row["gid"] for row in api.rows(GROUPS, o="gid", **query)]

    every = [20001, 20002, 20003, 20004]
    assert found(service_provider_uuid=ALPHA_UUID) == every
    assert found(service_provider_uuid=D1) == []
    assert found(provider_offering_uuid=offerings["Alpha Storage"]) == every
    assert found(provider_offering_uuid=offerings["Beta HPC"]) == []
    assert found(offering_uuid=offerings["Alpha Storage"]) == [20001]
    assert found(project_uuid=D1) == [20003]
    assert found(customer_uuid="47d72aa7327a4e45944a42b02349eb16") == [20001, 20002, 20004]
    assert (found(in_use="true"), found(in_use="false")) == ([20001, 20002, 20003], [20004])
    assert found(name="project--3") == [20002]
    assert found(gid=20004) == [20004]
    assert [found(query=text) for text in ("PROJECT D", "delta", "--2", "20002", "x-x")] == [
        *([20003], [20003], [20001], [20002], []),
    ]
    assert found(created="2026-11-22T00:00:00Z", created_before="2026-11-23T00:00:00Z") == every
    assert found(modified="2026-11-23T00:00:00Z") == []
    assert found(modified_before="2026-11-23T00:00:00Z") == every
    assert [row["gid"] for row in api.rows(GROUPS, o="-gid")] == every[::-1]
    for bad in ({"gid": "x"}, {"offering_uuid": "x"}, {"o": "members"}):
        assert (api.get(GROUPS, **bad).status, list(api.get(GROUPS, **bad).body)) == (400, [*bad])


@pytest.mark.parametrize(
    ("caller", "seen", "status"),
    [
        ("staff", 1, 200),
        ("owner", 1, 200),
        ("support_user", 1, 403),
        ("manager_alpha", 1, 403),
        ("owner_beta", 0, 404),
        ("member1", 0, 404),
        ("outsider", 0, 404),
    ],
)
def test_who_reads_and_who_writes(api: Api, caller: str, seen: int, status: int) -> None:
    uuid = adopt(api, C1, 20001).body["uuid"]
    assert len(api.rows(GROUPS, by=caller)) == seen
    assert api.get(f"{GROUPS}{uuid}/", by=caller).status == (200 if seen else 404)
    assert api.post(f"{GROUPS}{uuid}/set_gid/", {"gid": 20002}, by=caller).status == status
    refused = 200 if status == 200 else 403
    assert adopt(api, C2, 20010, by=caller).status == (201 if refused == 200 else 403)
    assert import_groups(api, {"project": D1, "gid": 20011}, by=caller).status == refused
    assert api.get(f"{GROUPS}adoptable_projects/", service_provider_uuid=ALPHA_UUID, by=caller).status == refused


def test_without_a_token_nothing_is_shown(api: Api) -> None:
    assert {api.get(path, by=None).status for path in (GROUPS, f"{GROUPS}adoptable_projects/", OF_PROJECT)} == {401}


def test_the_permission_is_checked_before_the_project_is_looked_up(api: Api) -> None:
    assert adopt(api, "no-such-slug", 20001, by="outsider").status == 403


@pytest.mark.parametrize(("state", "seen"), [("Active", 1), ("Archived", 0)])
def test_a_manager_of_an_offering_reads_all_groups_of_its_provider(api: Api, state: str, seen: int) -> None:
    adopt(api, C1, 20001)
    api.sim.change("Offering", {"name": "Alpha Request"}, {"state": state})
    api.sim.create("Grant", user="outsider", role="OFFERING.MANAGER", offering="Alpha Request")
    assert len(api.rows(GROUPS, by="outsider")) == seen


def test_a_group_is_neither_replaced_nor_deleted(api: Api) -> None:
    path = f"{GROUPS}{adopt(api, C1, 20001).body['uuid']}/"
    assert {api.ask(method, path, {}).status for method in ("PUT", "PATCH", "DELETE")} == {405}


def test_a_project_has_one_group_and_a_name_is_used_once(api: Api) -> None:
    adopt(api, C1, 20001, name="alpha")
    again = adopt(api, C1, 20002)
    assert (again.status, list(again.body)) == (400, ["project"])
    taken = adopt(api, C2, 20002, name="alpha")
    assert (taken.status, list(taken.body)) == (400, ["name"])
    assert gids(api) == {"alpha": 20001}


@pytest.mark.parametrize("name", ["Alpha", "al pha", "al,pha", "-alpha", "1alpha", "a" * 33, ""])
def test_a_malformed_name_is_refused(api: Api, name: str) -> None:
    answer = adopt(api, C1, 20001, name=name)
    assert (answer.status, list(answer.body)) == (400, ["name"])


@pytest.mark.parametrize(
    ("slugs", "names"),
    [
        (("Shared-Name", "shared.name"), ["shared-name", "shared-name-2"]),
        (("a" * 50, "a" * 50), ["a" * 32, "a" * 30 + "-2"]),
        (("2024-project", ""), ["p166880ed", "pb2e94895"]),
    ],
)
def test_a_name_is_made_of_the_slug(api: Api, slugs: tuple[str, str], names: list[str]) -> None:
    for project, slug, gid in zip((C1, C2), slugs, (20001, 20002), strict=True):
        api.sim.change("Project", {"uuid": project}, {"slug": slug})
        assert adopt(api, project, gid).status == 201
    assert set(gids(api)) == set(names)


def test_a_gid_that_is_held_is_refused_and_nothing_is_created(api: Api) -> None:
    pool = api.sim.create("PosixPool", offering="Alpha VM", min_gid=40000, max_gid=40999)
    api.sim.create("PosixIdentity", pool=pool, user="member1", gid=50001)
    adopt(api, C1, 20001)
    for gid in (20001, 50001, 40500):
        answer = adopt(api, C2, gid, allow_outside_range=True)
        assert (answer.status, list(answer.body)) == (400, ["gid"])
    assert adopt(api, C2, 20001).body == {"gid": "20001 is already used by project group project--2."}
    assert gids(api) == {"project--2": 20001}


@pytest.mark.parametrize("gid", [999, 4294967295, "x", None])
def test_a_gid_beyond_all_bounds_is_refused(api: Api, gid: Any) -> None:
    answer = adopt(api, C1, gid, allow_outside_range=True)
    assert (answer.status, list(answer.body)) == (400, ["gid"])


def test_a_gid_outside_the_range_needs_the_flag(api: Api) -> None:
    answer = adopt(api, C1, 25000)
    assert (answer.status, "allow_outside_range" in answer.body["gid"]) == (400, True)
    assert adopt(api, C1, 25000, allow_outside_range=True).status == 201
    assert set_gid(api, C1, 25001).status == 400
    assert set_gid(api, C1, 25001, allow_outside_range=True).status == 200


@pytest.mark.parametrize("ranges", [{}, {"min_uid": 5000, "max_uid": 5999}])
def test_without_a_range_of_gids_no_gid_can_be_set(api: Api, ranges: dict[str, int]) -> None:
    api.sim.delete("PosixPool", {})
    if ranges:
        api.sim.create("PosixPool", service_provider=ALPHA, **ranges)
    answer = adopt(api, C1, 20001, allow_outside_range=True)
    assert (answer.status, list(answer.body)) == (400, ["gid"])


def test_without_a_group_range_the_gid_range_counts(api: Api) -> None:
    api.sim.change("PosixPool", {}, {"min_group_gid": None, "max_group_gid": None})
    assert adopt(api, C1, 20001).status == 400
    assert adopt(api, C1, 30005).status == 201


def test_a_gid_is_changed_and_the_old_one_is_never_given_out_again(api: Api) -> None:
    adopt(api, C3, 20001)
    answer = set_gid(api, C3, 20150, by="owner")
    assert (answer.status, answer.body["gid"]) == (200, 20150)
    modified = api.get_object(GROUPS)["modified"]
    assert set_gid(api, C3, 20150).body["modified"] == modified
    api.patch(api.provider(), SWITCHED_ON)
    assert gids(api) == {"project--4": 20150, "project--2": 20002, "project--3": 20003, "project--5": 20004}
    # On purpose another group may have it.
    assert set_gid(api, C1, 20001).status == 200


def test_a_refused_change_of_a_gid_changes_nothing(api: Api) -> None:
    adopt(api, C1, 20001)
    adopt(api, C2, 20002)
    assert (set_gid(api, C2, 20001).status, set_gid(api, C2, 99).status) == (400, 400)
    assert set(gids(api).values()) == {20001, 20002}


@pytest.mark.parametrize(
    ("project", "by", "status"),
    [(C3, "owner", 400), (C3, "staff", 201), (D2, "owner", 400), ("0" * 32, "staff", 400), (C1, "owner", 201)],
)
def test_owners_adopt_only_for_projects_related_to_the_provider(api: Api, project: str, by: str, status: int) -> None:
    answer = adopt(api, project, 20001, by=by)
    assert answer.status == status
    assert status == 201 or list(answer.body) == ["project"]


def test_a_terminated_resource_or_an_order_relates_a_project_to_the_provider(api: Api) -> None:
    api.sim.change("Resource", {"name": "res-vm_c2"}, {"state": "Terminated"})
    api.sim.create("Order", offering="Alpha VM", project=C3, resource="res-hpc_d1", state="pending-provider")
    assert adopt(api, C2, 20001, by="owner").status == 201
    assert adopt(api, C3, 20002, by="owner").status == 201


def test_a_slug_means_the_one_project_that_may_be_adopted(api: Api) -> None:
    assert adopt(api, "project--2", 20001, by="owner").body["project_uuid"] == C1
    api.sim.change("Project", {"uuid": D1}, {"slug": "project--3"})
    for slug in ("project--3", "unknown", "project--4"):
        answer = adopt(api, slug, 20002, by="owner")
        assert (answer.status, "UUID" in answer.body["project"]) == (400, True)


def test_an_import_creates_and_changes_groups_and_ignores_names_of_those_that_exist(api: Api) -> None:
    adopt(api, C1, 20001, name="one")
    entries = ({"project": C1, "gid": 20011, "name": "other"}, {"project": "project--3", "gid": 20012, "name": "two"})
    answer = import_groups(api, *entries, by="owner")
    assert answer.status == 200
    assert [(row["name"], row["gid"], row["project_uuid"]) for row in answer.body] == [
        ("one", 20011, C1),
        ("two", 20012, C2),
    ]
    assert "X-Result-Count" not in answer.headers
    before = api.rows(GROUPS)
    assert import_groups(api, *entries, by="owner").status == 200
    assert api.rows(GROUPS) == before


def test_an_import_is_carried_out_one_entry_after_the_other(api: Api) -> None:
    adopt(api, C1, 20001)
    adopt(api, C2, 20002)
    swap = ({"project": C1, "gid": 20002}, {"project": C2, "gid": 20001})
    assert list(import_groups(api, *swap).body["groups"]) == ["0", "1"]
    chain = ({"project": C2, "gid": 20003}, {"project": C1, "gid": 20002})
    assert import_groups(api, *chain).status == 200
    assert gids(api) == {"project--2": 20002, "project--3": 20003}


def test_an_import_is_all_or_nothing_and_counts_the_entries(api: Api) -> None:
    answer = import_groups(api, {"project": C1, "gid": 20001}, {"project": C2, "gid": 25000}, by="owner")
    assert (answer.status, list(answer.body["groups"]), list(answer.body["groups"]["1"])) == (400, ["1"], ["gid"])
    twice = ({"project": C1, "gid": 20001}, {"project": "project--2", "gid": 20002}, {"project": C2, "gid": 20001})
    answer = import_groups(api, *twice)
    assert {key: list(value) for key, value in answer.body["groups"].items()} == {"1": ["project"], "2": ["gid"]}
    assert import_groups(api).status == 400
    assert gids(api) == {}


def test_adoptable_projects_are_those_with_a_resource_or_an_order(api: Api) -> None:
    adopt(api, C1, 20001, name="one")
    path = f"{GROUPS}adoptable_projects/"
    rows = api.rows(path, service_provider_uuid=ALPHA_UUID, by="owner")
    assert [(row["name"], row["slug"], row["group_name"]) for row in rows] == [
        ("Project c1", "project--2", "one"),
        ("Project c2", "project--3", None),
        ("Project d1", "project--5", None),
    ]
    assert rows[0]["customer_name"] == "Consumer Institute"
    assert [row["uuid"] for row in api.rows(path, service_provider_uuid=ALPHA_UUID, query="delta")] == [D1]
    assert len(api.get(path, service_provider_uuid=ALPHA_UUID, page_size=2).body) == 2
    for query, status in (({}, 400), ({"service_provider_uuid": "x"}, 400), ({"service_provider_uuid": C1}, 404)):
        assert api.get(path, **query).status == status


def test_groups_are_created_in_the_background_once_they_are_switched_on(api: Api) -> None:
    assert gids(api) == {}
    answer = api.patch(api.provider(), SWITCHED_ON, by="owner")
    assert answer.body["account_options"] == SWITCHED_ON["account_options"]
    assert gids(api) == {"project--2": 20001, "project--3": 20002, "project--5": 20003}
    api.sim.create("Resource", name="new", offering="Alpha VM", project=C3)
    assert gids(api)["project--4"] == 20004
    api.patch(api.provider(), {"account_options": {"project_groups_enabled": False}})
    api.sim.create("Resource", name="newer", offering="Alpha VM", project=D2)
    assert len(gids(api)) == 4


def test_an_order_takes_no_gid_before_it_is_approved(api: Api) -> None:
    api.patch(api.provider(), SWITCHED_ON)
    resource = {"name": "res-hpc_d1"}
    api.sim.change("Order", {"resource__name": "res-hpc_d1"}, {"state": "pending-provider"})
    api.sim.change("Resource", resource, {"offering": "Alpha VM", "project": C3})
    assert "project--4" not in gids(api)
    api.sim.change("Order", {"resource__name": "res-hpc_d1"}, {"state": "executing", "offering": "Alpha VM"})
    assert gids(api)["project--4"] == 20004


def test_groups_that_wait_get_gids_once_the_pool_has_a_range(api: Api) -> None:
    api.sim.delete("PosixPool", {})
    api.patch(api.provider(), SWITCHED_ON)
    assert set(gids(api).values()) == {None}
    create_pool(api, min_group_gid=20001, max_group_gid=20002)
    assert list(gids(api).values()) == [20001, 20002, None]
    api.sim.change("PosixPool", {}, {"max_group_gid": 20010})
    assert list(gids(api).values()) == [20001, 20002, 20003]
    api.sim.create("PosixPool", offering="Beta HPC", min_gid=50000, max_gid=50999)
    assert list(gids(api).values()) == [20001, 20002, 20003]


def test_a_new_pool_reserves_the_gids_that_groups_have(api: Api) -> None:
    api.sim.delete("PosixPool", {})
    api.sim.create("ProjectGroup", service_provider=ALPHA, project=C3, name="legacy", gid=20001)
    create_pool(api)
    api.patch(api.provider(), SWITCHED_ON)
    assert gids(api) == {"legacy": 20001, "project--2": 20002, "project--3": 20003, "project--5": 20004}


def test_a_preview_warns_of_a_missing_range_for_groups(api: Api) -> None:
    def warnings() -> list[str]:
        answer = api.post(f"{api.provider()}account_options_preview/", SWITCHED_ON, by="owner")
        return list(answer.body["warnings"])

    assert warnings() == []
    api.sim.change("PosixPool", {}, {"min_group_gid": None, "max_group_gid": None})
    (without_group_range,) = warnings()
    api.sim.change("PosixPool", {}, {"min_gid": None, "max_gid": None})
    (without_range,) = warnings()
    assert "range for project groups" in without_group_range
    assert without_range != without_group_range


@pytest.mark.parametrize(
    ("caller", "status"), [("member1", 200), ("consumer_owner", 200), ("support_user", 200), ("outsider", 403)]
)
def test_members_of_a_project_read_its_groups(api: Api, caller: str, status: int) -> None:
    adopt(api, C1, 20001)
    api.sim.create("Grant", user="rolefree1", role="CUSTOMER.OWNER", customer="Consumer Institute")
    by = {"consumer_owner": "rolefree1"}.get(caller, caller)
    answer = api.get(OF_PROJECT, project_uuid=C1, by=by)
    assert answer.status == status
    if status == 200:
        (row,) = answer.body
        assert (row["kind"], row["gid"], row["group_name"]) == ("provider_project_group", 20001, "project--2")
        assert (row["members"], row["member_count"]) == (["m1_alpha", "m2_alpha"], 2)
        assert (row["offering_uuid"], row["in_use"], row["provider_name"]) == (None, True, ALPHA)
        assert "X-Result-Count" not in answer.headers


def test_the_groups_of_a_project_are_not_listed_without_a_project(api: Api) -> None:
    queries: tuple[dict[str, str], ...] = ({}, {"project_uuid": ""}, {"project_uuid": "0" * 32})
    assert [api.get(OF_PROJECT, **query).status for query in queries] == [400, 400, 404]


@pytest.mark.parametrize("path", [GROUPS, OF_PROJECT, f"{GROUPS}adoptable_projects/"])
def test_groups_of_projects_are_no_resource_before_2026(sim: Simulator, path: str) -> None:
    api = Api(sim)
    answer = api.get(path)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    api.close()
