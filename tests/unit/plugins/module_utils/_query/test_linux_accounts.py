# SPDX-License-Identifier: GPL-3.0-or-later
"""``linux_accounts_info``: who is in the list on every edition, why somebody is not active, and when it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from data_of_2026 import add_data_of_2026
from linux_machine import KEY
from messages import fragment, mentions

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import argument_specs, modules, runner
from ansible_collections.waldur.provider.plugins.module_utils._query.linux_account_list import (
    AccountList,
    ListSettings,
    WaldurRows,
    compose_list,
)
from ansible_collections.waldur.provider.plugins.module_utils._query.linux_uid_map import UidMap
from simulator_process import Simulator

MODULE = "linux_accounts_info"
USER, OTHER, PROJECT, OFFERING = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
SETTINGS = ListSettings(["/home", "/data"], "/bin/sh")
ACCOUNT = {"user_uuid": USER, "offering_uuid": OFFERING, "username": "alice", "state": "OK", "uidnumber": 20001}
MEMBERSHIP = {"user_uuid": USER, "project_uuid": PROJECT, "project_name": "Climate Change!"}
RANGES = {"min_uid": 20000, "max_uid": 20009, "min_gid": 30000, "max_gid": 30009}


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator.start(edition=request.param) as simulator:
        yield simulator


def read(sim: Simulator, alias: str = "staff", *, check: bool = False, **options: Any) -> dict[str, Any]:
    spec = argument_specs.spec(modules.MODULES[MODULE])
    defaults = {name: declared.get("default") for name, declared in spec.items()}
    connection = Connection(sim.url, sim.token(alias), retries=0)
    return runner.run(MODULE, {**defaults, "service_provider": "ALPHA", **options}, connection, check=check, diff=False)


def active(result: dict[str, Any]) -> dict[str, tuple[int, list[str], int]]:
    return {
        row["name"]: (row["uid"], row["groups"], len(row["ssh_keys"] or ()))
        for row in result["accounts"]
        if row["active"]
    }


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {row["comment"].split()[0].lower(): row["reason"] for row in result["accounts"] if not row["active"]}


def test_every_edition_has_names_keys_and_projects_and_the_map_has_the_numbers(edition: Simulator) -> None:
    edition.reset(frozen=True)
    result = read(edition, uid_map=RANGES)
    assert active(result) == {
        "m1_alpha": (20000, ["project_c1", "project_d1"], 2),
        "m2_alpha": (20001, ["project_c1", "project_c2"], 2),
    }
    assert (result["is_complete"], result["incomplete_reasons"], result["uid_map_changed"]) == (True, [], True)
    assert reasons(result)["pm2"].startswith("no username")
    edition.zero()
    again = read(edition, uid_map=result["uid_map"])
    assert (active(again), again["uid_map_changed"], again["uid_map"]) == (active(result), False, result["uid_map"])
    assert edition.counts().requests <= 9
    without = read(edition)
    assert (active(without), without["uid_map"]) == ({}, None)
    assert reasons(without)["member1"].startswith("no UID")


def test_a_person_who_leaves_the_project_or_is_deactivated_is_not_active(edition: Simulator) -> None:
    edition.reset(frozen=True)
    numbers = read(edition, uid_map=RANGES)["uid_map"]
    assert edition.delete("Grant", {"user__username": "member1"})
    assert edition.change("User", {"username": "member2"}, {"is_active": False})
    result = read(edition, uid_map=numbers)
    assert active(result) == {}
    assert reasons(result)["member1"] == "no project left"
    assert reasons(result)["member2"] in ("deactivated", "no project left")
    assert active(read(edition, uid_map=numbers, require_project=False)).keys() >= {"m1_alpha"}


def test_selected_offerings_limit_accounts_and_projects(edition: Simulator) -> None:
    edition.reset(frozen=True)
    result = read(edition, uid_map=RANGES, offerings=["Alpha VM"])
    assert active(result)["m1_alpha"][0] == 20000
    assert read(edition, offerings=["Alpha Private"])["accounts"] == []
    with pytest.raises(InvalidInput, match=fragment("linux_offerings_empty")):
        read(edition, offerings=[])


def test_a_token_that_may_not_read_everything_gets_an_incomplete_list(edition: Simulator) -> None:
    edition.reset(frozen=True)
    result = read(edition, "manager_alpha", uid_map=RANGES)
    assert not result["is_complete"]
    assert result["incomplete_reasons"]
    assert any(
        mentions(text, "linux_list_incomplete", reasons=result["incomplete_reasons"][0]) for text in result["warnings"]
    )


def test_hidden_accounts_make_the_list_incomplete_for_an_owner(edition: Simulator) -> None:
    edition.reset(frozen=True)
    result = read(edition, "owner", uid_map=RANGES)
    # The edition of 2024 tells the option to staff only.
    assert result["is_complete"] is (edition.edition != "2024")
    if edition.edition == "2025":
        assert edition.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {}})
        assert not read(edition, "owner", uid_map=RANGES)["is_complete"]


def test_a_request_that_fails_fails_the_task(edition: Simulator) -> None:
    edition.reset(frozen=True)
    edition.fault(path="*/keys/", status=500)
    with pytest.raises(WaldurError):
        read(edition, uid_map=RANGES)
    edition.clear_faults()


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    with Simulator.start(edition="2026") as simulator:
        yield simulator


def test_waldur_2026_has_numbers_of_provider_accounts_and_project_groups(newest: Simulator) -> None:
    newest.reset(frozen=True)
    add_data_of_2026(newest)
    result = read(newest)
    assert active(result) == {"m2_alpha": (5002, ["climate"], 2)}
    assert result["groups"] == [{"name": "climate", "gid": 20001}, {"name": "m2_alpha", "gid": 5002}]
    assert reasons(result)["member1"] == "different usernames: m1_alpha, m1_storage"
    assert not result["is_complete"]
    assert active(read(newest, offerings=["Alpha VM"], uid_map=RANGES)).keys() == {"m1_alpha", "m2_alpha"}
    assert read(newest, offerings=["Alpha VM"])["is_complete"]


def test_the_directory_is_read_only_where_it_is_asked_for_and_never_in_check_mode(newest: Simulator) -> None:
    newest.reset(frozen=True)
    add_data_of_2026(newest)
    newest.zero()
    read(newest)
    skipped = read(newest, directory=True, check=True)
    assert (skipped["skipped"], "accounts" in skipped) == (True, False)
    assert not any("glauth" in name for name in newest.counts().operations)
    read(newest, directory=True)
    assert any("glauth_tree" in name for name in newest.counts().operations)


def test_enabled_project_groups_that_are_not_visible_make_the_list_incomplete(newest: Simulator) -> None:
    newest.reset(frozen=True)
    assert newest.change(
        "ServiceProvider", {"customer__abbreviation": "ALPHA"}, {"account_options": {"project_groups_enabled": True}}
    )
    newest.delete("ProjectGroup", {})
    assert not read(newest)["is_complete"]


def test_groups_that_a_token_may_not_see_make_the_list_incomplete(newest: Simulator) -> None:
    """Waldur answers with an empty list, and people would have lost their groups."""
    newest.reset(frozen=True)
    assert read(newest, "owner", uid_map=RANGES)["is_complete"]
    newest.fault(path="*/adoptable_projects/", status=403, body={"detail": "No."})
    result = read(newest, "owner", uid_map=RANGES)
    newest.clear_faults()
    assert [reason.split(":")[0] for reason in result["incomplete_reasons"]] == [
        "project groups may be hidden from this token"
    ]


def test_enforced_consents_make_the_list_incomplete_for_all_but_staff_and_support(newest: Simulator) -> None:
    """A site that enforces them could never lock anybody, as the list of users lacks some of them for staff too."""
    newest.reset(frozen=True)
    assert newest.change("Setting", {"name": "ENFORCE_USER_CONSENT_FOR_OFFERINGS"}, {"value": True}) or newest.create(
        "Setting", name="ENFORCE_USER_CONSENT_FOR_OFFERINGS", value=True
    )
    for offering in ("Alpha VM", "Alpha Storage"):
        newest.create("TermsOfService", offering=offering)
    assert not read(newest, "owner")["is_complete"]
    assert not read(newest, require_project=False)["is_complete"]
    result = read(newest, uid_map=RANGES)
    assert result["is_complete"]
    # Without a consent nobody gets an account, and nobody loses one.
    rows = [row for row in result["accounts"] if row["reason"] == "no consent to the terms of the offering"]
    assert rows
    assert {(row["active"], row["has_access"]) for row in rows} == {(False, True)}


def test_nobody_is_removed_for_a_project_that_waldur_does_not_list(edition: Simulator) -> None:
    """Waldur lists no permissions in projects of offerings that are not shared."""
    edition.reset(frozen=True)
    assert edition.change("Offering", {"customer__abbreviation": "ALPHA"}, {"shared": False})
    result = read(edition, uid_map=RANGES)
    rows = {row["name"]: row for row in result["accounts"] if row["name"] in ("m1_alpha", "m2_alpha")}
    assert len(rows) == 2
    for row in rows.values():
        assert (row["active"], row["has_access"]) == (False, True)
        assert row["reason"].startswith("no project known")
    assert active(read(edition, uid_map=RANGES, require_project=False)).keys() >= rows.keys()


# --- the composition, without a server --------------------------------------------------------------------------------


def compose(*accounts: dict[str, Any], uid_map: UidMap | None = None, **rows: Any) -> AccountList:
    filled = {"users": [], "keys": [], "memberships": [MEMBERSHIP, {**MEMBERSHIP, "user_uuid": OTHER}], **rows}
    return compose_list(WaldurRows(accounts, **filled), SETTINGS, uid_map)


@pytest.mark.parametrize(
    ("account", "rows", "reason"),
    [
        ({"state": "Pending account linking"}, {}, "account Pending account linking"),
        ({"runtime_state": "Pending additional validation"}, {}, "account Pending additional validation"),
        ({"state": "Requested deletion", "runtime_state": "Active"}, {}, "account Requested deletion"),
        ({"is_restricted": True}, {}, "restricted"),
        ({"username": ""}, {}, "no username"),
        ({}, {"memberships": []}, "no project left"),
        ({}, {"users": [{"uuid": USER, "is_active": False}]}, "deactivated"),
        ({}, {"directory": {"users": [{"username": "alice", "disabled": True}]}}, "disabled in the directory"),
    ],
)
def test_each_reason_is_named(account: dict[str, Any], rows: dict[str, Any], reason: str) -> None:
    composed = compose({**ACCOUNT, **account}, **rows)
    assert [(row["reason"], row["has_access"]) for row in composed.accounts] == [(reason, False)]
    assert (composed.groups, composed.incomplete) == ([], [])


@pytest.mark.parametrize(
    "account",
    [
        {"username": "../x"},
        {"username": "root"},
        {"username": "admin"},
        {"uidnumber": 0},
        {"primarygroup": 27},
        {"home_directory": "/etc"},
        {"home_directory": "/home/../etc"},
        {"login_shell": "sh -c evil"},
        {"uidnumber": None},
    ],
)
def test_values_of_the_server_that_are_not_safe_give_no_access(account: dict[str, Any]) -> None:
    [row] = compose({**ACCOUNT, **account}).accounts
    assert row["active"] is False
    assert row["reason"]
    # The person has access, so that an account that they have already stays.
    assert row["has_access"] is True


def test_what_waldur_says_is_used_and_the_rest_has_defaults() -> None:
    owner = {
        "username": "al",
        "uidnumber": 20007,
        "primarygroup": 20008,
        "home_directory": "/data/al",
        "login_shell": "",
    }
    linked = {**ACCOUNT, "service_provider_account_uuid": "e" * 32, "user_full_name": "Al: ice,\n{{ x }}"}
    [row] = compose(linked, provider_accounts={"e" * 32: owner}).accounts
    assert row == {
        "name": "al",
        "uid": 20007,
        "group": "al",
        "home": "/data/al",
        "shell": "/bin/sh",
        "comment": "Al ice x",
        "ssh_keys": [],
        "groups": [],
        "active": True,
        "has_access": True,
        "reason": "",
        "user_uuid": USER,
    }


def test_two_people_with_one_username_both_get_no_access_and_nobody_is_removed_for_it() -> None:
    composed = compose(ACCOUNT, {**ACCOUNT, "user_uuid": OTHER, "username": "Alice", "uidnumber": 20002})
    assert [row["reason"] for row in composed.accounts] == ["username of 2 people"] * 2
    assert len(composed.incomplete) == 2


def test_reasons_hold_no_template_and_no_control_character_of_the_server() -> None:
    evil = "{{ lookup('pipe', 'id') }}\x1b[2J"
    two_names = compose({**ACCOUNT, "username": evil}, ACCOUNT)
    reasons_given = [two_names.accounts[0]["reason"], *two_names.incomplete]
    reasons_given.append(compose({**ACCOUNT, "state": evil}).accounts[0]["reason"])
    assert len(reasons_given) == 3
    assert not [reason for reason in reasons_given if "{" in reason or not reason.isprintable()]


def test_different_numbers_of_a_person_are_a_problem() -> None:
    composed = compose(ACCOUNT, {**ACCOUNT, "uidnumber": 20002})
    assert composed.accounts[0]["reason"] == "different numbers uidnumber: 20001, 20002"
    assert composed.incomplete


def test_groups_that_can_not_be_used_are_named_and_left_out() -> None:
    groups = [
        {"name": "climate", "gid": 30001, "members": ["alice"]},
        {"name": "weather", "gid": 30001},
        {"name": "genome", "gid": None},
        {"name": "a b", "gid": 30002},
        {"name": "sudo", "gid": 27},
    ]
    directory = {
        "groups": [{"name": "climate", "gid": 30001, "kind": "project", "members": ["bob"]}, {"kind": "personal"}]
    }
    composed = compose(ACCOUNT, project_groups=groups, directory=directory)
    assert composed.groups == [{"name": "climate", "gid": 30001}, {"name": "alice", "gid": 20001}]
    assert composed.accounts[0]["groups"] == ["climate"]
    assert len(composed.warnings) == 4


def test_a_primary_group_can_be_a_project_group_and_its_name_can_not_be_a_username() -> None:
    own = [{"name": "climate", "gid": 20001, "members": ["alice"]}]
    [row] = compose(ACCOUNT, project_groups=own).accounts
    assert (row["group"], row["groups"]) == ("climate", [])
    composed = compose(ACCOUNT, project_groups=[{"name": "alice", "gid": 30001}])
    assert composed.accounts[0]["active"] is False
    assert composed.incomplete


def test_keys_are_parsed_and_their_options_dropped() -> None:
    keys = [
        {"user_uuid": USER, "name": "a", "public_key": f'command="x" {KEY} me'},
        {"user_uuid": USER, "name": "b", "public_key": "nonsense"},
        {"user_uuid": OTHER, "name": "c", "public_key": "nonsense of another user"},
    ]
    composed = compose(ACCOUNT, keys=keys)
    assert composed.accounts[0]["ssh_keys"] == [f"{KEY} me"]
    assert len(composed.warnings) == 2
    assert compose(ACCOUNT, keys=None).accounts[0]["ssh_keys"] is None


def test_a_person_without_a_project_who_keeps_the_access_keeps_the_keys() -> None:
    """Waldur lists no keys of people without a role in a project, so they are not known."""
    settings = ListSettings(["/home"], "/bin/sh", require_project=False)
    rows = WaldurRows([ACCOUNT], users=[], keys=[], memberships=[])
    [row] = compose_list(rows, settings, None).accounts
    assert (row["active"], row["ssh_keys"]) == (True, None)
    assert compose(ACCOUNT).accounts[0]["ssh_keys"] == []


# --- the map of numbers -----------------------------------------------------------------------------------------------


def test_a_number_is_never_given_out_twice() -> None:
    entries = [{"username": "alice", "uid": 20003}, {"user": OTHER, "username": "left", "uid": 20005}]
    numbers = UidMap({**RANGES, "users": entries})
    assert numbers.find_uid(USER, "alice", []) == 20003
    assert numbers.find_uid("f" * 32, "new", [20006]) == 20007
    assert numbers.find_uid("1" * 32, "next", [20006]) == 20008
    assert numbers.find_uid(OTHER, "renamed", []) == 20005
    assert numbers.content()["users"] == [
        {"user": USER, "username": "alice", "uid": 20003},
        {"user": OTHER, "username": "renamed", "uid": 20005},
        {"user": "f" * 32, "username": "new", "uid": 20007},
        {"user": "1" * 32, "username": "next", "uid": 20008},
    ]
    assert UidMap(numbers.content()).find_uid(USER, "alice", []) == 20003
    with pytest.raises(InvalidInput, match=fragment("linux_range_exhausted", key="uid")):
        UidMap({"min_uid": 20000, "max_uid": 20000}).find_uid(USER, "alice", [20000])


def test_groups_get_names_of_their_projects_that_are_valid_and_different() -> None:
    numbers = UidMap({**RANGES, "groups": [{"project": "Genome", "name": "genome_x", "gid": 30004}]})
    assert numbers.find_group(PROJECT, "Genome", []) == ("genome_x", 30004)
    names = [
        numbers.find_group(f"{n:032x}", name, []) for n, name in enumerate(["Climate!", "climate", "7 é", "x" * 50])
    ]
    assert names == [("climate", 30005), ("climate_2", 30006), ("p_7", 30007), ("x" * 32, 30008)]
    assert UidMap({}).find_group(PROJECT, "Genome", []) is None


def test_a_new_number_is_one_that_nobody_has_and_no_reserved_one() -> None:
    # Ranges that overlap: the primary group of a person has the number of the person.
    numbers = UidMap({"min_uid": 20000, "max_uid": 20009, "min_gid": 20000, "max_gid": 20009})
    assert numbers.find_uid(USER, "alice", []) == 20000
    assert numbers.find_group(PROJECT, "Genome", []) == ("genome", 20001)
    assert numbers.find_uid(OTHER, "bob", [20002]) == 20003
    reserved = UidMap({"min_uid": 65533, "max_uid": 65540})
    assert [reserved.find_uid(f"{number:032x}", f"u{number}", []) for number in range(2)] == [65533, 65536]


def test_numbers_of_people_and_projects_outside_of_the_list_are_given_to_nobody_else(newest: Simulator) -> None:
    newest.reset(frozen=True)
    assert newest.change("OfferingUser", {"user__username": "member1"}, {"uidnumber": 20000, "primarygroup": 20000})
    assert newest.delete("Grant", {"user__username": "member1"})
    newest.create("ProjectGroup", service_provider="Alpha Cloud Ltd", project="Project c2", name="old", gid=20001)
    result = read(newest, uid_map=RANGES)
    assert active(result)["m2_alpha"][0] == 20002


def test_a_username_that_went_to_another_person_does_not_spoil_the_map() -> None:
    numbers = UidMap({**RANGES, "users": [{"user": USER, "username": "alice", "uid": 20000}]})
    assert numbers.find_uid(OTHER, "alice", []) == 20001
    assert UidMap(numbers.content()).find_uid(USER, "alice2", []) == 20000


def test_a_group_found_by_the_name_of_its_project_gets_its_uuid_and_never_that_of_two_projects() -> None:
    named = {**RANGES, "groups": [{"project": "Climate Change!", "name": "climate", "gid": 30003}]}
    numbers = UidMap(named)
    assert numbers.find_group(PROJECT, "Climate Change!", []) == ("climate", 30003)
    assert (numbers.is_changed, numbers.content()["groups"][0]["project"]) == (True, PROJECT)
    assert numbers.find_group(PROJECT, "Renamed", []) == ("climate", 30003)
    assert numbers.find_group("e" * 32, "Climate Change!", []) == ("climate_change", 30004)
    same_name = {**MEMBERSHIP, "user_uuid": OTHER, "project_uuid": "e" * 32}
    with pytest.raises(InvalidInput, match=fragment("linux_project_name", index=0, name="Climate Change!", count=2)):
        compose(
            ACCOUNT,
            {**ACCOUNT, "user_uuid": OTHER, "username": "bob", "uidnumber": 20002},
            memberships=[MEMBERSHIP, same_name],
            uid_map=UidMap(named),
        )


def test_a_project_named_like_a_group_of_administrators_does_not_spoil_the_map() -> None:
    numbers = UidMap(RANGES)
    assert numbers.find_group(PROJECT, "Admin", []) == ("admin_2", 30000)
    assert UidMap(numbers.content()).find_group(PROJECT, "Admin", []) == ("admin_2", 30000)


@pytest.mark.parametrize(
    "content",
    [
        {"min_uid": 20000},
        {"min_uid": 0, "max_uid": 20000},
        {"min_gid": 20000, "max_gid": 4294967295},
        {"min_gid": 30001, "max_gid": 30000},
        {"users": [{"username": "a b", "uid": 20000}]},
        {"users": [{"username": "a", "uid": 5}]},
        {"users": [{"user": "x", "username": "a", "uid": 20000}]},
        {"users": [{"username": "a", "uid": 20000}, {"username": "b", "uid": 20000}]},
        {"users": [{"username": "a", "uid": 20000}, {"username": "a", "uid": 20001}]},
        {"users": [{"user": USER, "username": "a", "uid": 20000}, {"user": USER, "username": "b", "uid": 20001}]},
        {"groups": [{"project": "x", "name": "a", "gid": 30000}, {"project": "x", "name": "b", "gid": 30001}]},
    ],
)
def test_a_map_that_contradicts_itself_is_rejected(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"^uid_map"):
        UidMap(content)


@pytest.mark.parametrize("options", [{"home_parents": []}, {"home_parents": ["home"]}, {"login_shell": "bash"}])
def test_paths_in_options_are_absolute(newest: Simulator, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(options))):
        read(newest, **options)
