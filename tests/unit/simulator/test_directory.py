# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory and the configuration of the site agent are as documented (api-behaviour: directory-output,
site-agent-config)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .api import Api, started

ALPHA = "Alpha Cloud Ltd"
C1 = "166880ed37384add85492b3e26ccc70e"
BETA_OFFERING = "e327e35595b24ac0a688a0ba153881e1"
ROLES = {"resource_role_map": {"Cluster.ADMIN": "admin"}, "resource_project_role_map": {"Team.MEMBER": "member"}}
OPTIONS = {"service_provider_can_create_offering_user": True, "username_generation_policy": "service_provider"}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of 2026."""
    with Simulator.start(edition="2026") as sim:
        yield sim


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """The API of 2026: Alpha has a pool, and its offerings share accounts with numbers."""
    for api in started(newest):
        ranges = {"min_uid": 5000, "max_uid": 5999, "min_gid": 7000, "max_gid": 7999}
        api.sim.create("PosixPool", service_provider=ALPHA, **ranges, min_group_gid=20001, max_group_gid=20200)
        api.patch(api.provider(), {"account_options": {"account_scope": "provider"}})
        for number, name in ((1, "m1_alpha"), (2, "m2_alpha")):
            home = {"login_shell": "/bin/bash", "home_directory": f"/home/{name}"}
            numbers = {"uidnumber": 5000 + number, "primarygroup": 7500 + number}
            api.sim.change("OfferingUser", {"username": name}, {**home, **numbers})
        yield api


def tree(api: Api) -> dict[str, Any]:
    """Return the directory as data."""
    return api.get_object(f"{api.provider()}glauth_tree/", by="owner")


def text(api: Api) -> str:
    """Return the directory as text."""
    return str(api.get(f"{api.provider()}glauth_users_config/", by="owner").body)


def users(api: Api) -> dict[str, dict[str, Any]]:
    """Return the users of the directory by name."""
    return {row["username"]: row for row in tree(api)["users"]}


def groups(api: Api, kind: str) -> list[dict[str, Any]]:
    """Return the groups of one kind by their GIDs."""
    return sorted((row for row in tree(api)["groups"] if row["kind"] == kind), key=lambda row: int(row["gid"]))


def create_roles(api: Api) -> None:
    """Give member1 a role on a resource, and a role on a project within it."""
    api.sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {**OPTIONS, **ROLES}})
    api.sim.create("Role", name="Cluster.ADMIN", content_type="resource")
    api.sim.create("Role", name="Team.MEMBER", content_type="resource_project")
    part = api.sim.create("ResourceProject", resource="res-vm_c1", name="team-x")
    api.sim.create("Grant", user="member1", role="Cluster.ADMIN", resource="res-vm_c1")
    api.sim.create("Grant", user="member1", role="Team.MEMBER", resource_project=part)


def test_the_directory_lists_each_shared_account_once(api: Api) -> None:
    found = tree(api)
    assert list(found) == ["offerings", "groups", "users", "robot_accounts", "warnings"]
    assert [row["name"] for row in found["offerings"]] == ["Alpha Draft", "Alpha Private", "Alpha Storage", "Alpha VM"]
    assert [row["username"] for row in found["users"]] == ["m1_alpha", "m2_alpha"]
    first = found["users"][0]
    assert {key: value for key, value in first.items() if key != "ssh_keys"} == {
        "username": "m1_alpha",
        "uidnumber": 5001,
        "disabled": False,
        "personal_group": 7501,
        "mail": "member1@example.org",
        "givenname": "Member1",
        "sn": "Tester",
        "login_shell": "/bin/bash",
        "home_dir": "/home/m1_alpha",
        "memberships": [],
    }
    assert len(first["ssh_keys"]) == 2
    personal = groups(api, "personal")
    assert [(row["gid"], row["name"], row["members"]) for row in personal] == [
        (7501, "m1_alpha", ["m1_alpha"]),
        (7502, "m2_alpha", ["m2_alpha"]),
    ]
    scope = {"type": "user", "uuid": api.user("member1"), "name": "m1_alpha", "slug": "", "resource_uuid": None}
    assert (personal[0]["scope"], personal[0]["role"]) == (scope, None)
    assert [row["username"] for row in found["robot_accounts"]] == ["robot_ci_c1", "robot_svc_d1"]
    assert found["warnings"] == []


def test_offerings_with_accounts_of_their_own_are_left_out(api: Api) -> None:
    for name, options in (("Alpha VM", {**OPTIONS, "account_scope": "offering"}), ("Alpha Storage", {})):
        api.sim.change("Offering", {"name": name}, {"plugin_options": options})
    assert [row["name"] for row in tree(api)["offerings"]] == ["Alpha Draft", "Alpha Private"]
    assert users(api) == {}


def test_numbers_that_no_pool_gave_are_null_and_such_accounts_are_not_in_the_text(api: Api) -> None:
    api.sim.change("OfferingUser", {"username": "m1_alpha"}, {"uidnumber": None, "primarygroup": None})
    row = users(api)["m1_alpha"]
    assert (row["uidnumber"], row["personal_group"]) == (None, None)
    assert [row["name"] for row in groups(api, "personal")] == ["m2_alpha"]
    assert "m1_alpha" not in text(api)


@pytest.mark.parametrize(
    ("model", "where", "values", "disabled"),
    [
        ("Resource", {"name": "res-st_c1"}, {"state": "Terminated"}, False),
        ("Grant", {"user__username": "member1", "project__isnull": False}, {"is_active": False}, True),
        ("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha VM"}, {"is_restricted": True}, False),
        ("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True}, True),
        ("User", {"username": "member1"}, {"is_active": False}, True),
        ("OfferingUser", {"username": "m1_alpha"}, {"state": "Deleted"}, False),
    ],
)
def test_a_user_is_disabled_where_every_offering_says_so(
    api: Api, model: str, where: dict[str, Any], values: dict[str, Any], disabled: bool
) -> None:
    api.sim.change(model, where, values)
    assert users(api)["m1_alpha"]["disabled"] is disabled


def test_users_without_consent_are_left_out_while_it_is_enforced(api: Api) -> None:
    api.sim.change("Setting", {"name": "ENFORCE_USER_CONSENT_FOR_OFFERINGS"}, {"value": True})
    for name in ("Alpha VM", "Alpha Storage"):
        api.sim.create("TermsOfService", offering=name)
    api.sim.create("Consent", offering="Alpha VM", user="member1")
    assert list(users(api)) == ["m1_alpha"]


def test_a_username_with_two_uids_is_a_warning_and_the_first_is_kept(api: Api) -> None:
    api.sim.change("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha VM"}, {"uidnumber": 5900})
    found = tree(api)
    assert [row["uidnumber"] for row in found["users"]] == [5001, 5002]
    assert found["warnings"] == ["m1_alpha has UID 5001 on one offering and 5900 on another; the first is kept."]
    assert text(api).startswith(f"# {found['warnings'][0]}\n")


def test_groups_of_projects_are_in_the_directory(api: Api) -> None:
    api.patch(api.provider(), {"account_options": {"project_groups_enabled": True}})
    found = groups(api, "provider_project")
    assert [(row["gid"], row["name"], row["members"]) for row in found] == [
        (20001, "project--2", ["m1_alpha", "m2_alpha"]),
        (20002, "project--3", ["m2_alpha"]),
        (20003, "project--5", ["m1_alpha"]),
    ]
    assert (found[0]["scope"]["type"], found[0]["scope"]["uuid"]) == ("project", C1)
    memberships = users(api)["m1_alpha"]["memberships"]
    assert memberships[0] == {"gid": 20001, "group_name": "project--2", "kind": "provider_project", "role": None}
    assert [one["gid"] for one in memberships] == [20001, 20003]
    assert "otherGroups = [20001, 20003]" in text(api)
    api.sim.change("OfferingUser", {"username": "m2_alpha"}, {"username": "project--2"})
    assert [row["name"] for row in groups(api, "provider_project")] == ["project--3", "project--5"]


def test_the_groups_of_an_offering_have_logins_as_members(api: Api) -> None:
    api.sim.create("OfferingUserGroup", offering="Alpha VM", project=C1, gid=6001)
    api.sim.create("OfferingUserGroup", offering="Alpha VM", project=C1)
    (row,) = groups(api, "project")
    assert (row["gid"], row["name"], row["members"]) == (6001, "6001", ["member1", "member2"])
    assert [one["kind"] for one in users(api)["m2_alpha"]["memberships"]] == ["project"]


def test_role_groups_get_their_gids_when_the_directory_is_first_read(api: Api) -> None:
    create_roles(api)
    assert api.get("marketplace-project-posix-groups/", project_uuid=C1).body == []
    first = {row["kind"]: row for row in tree(api)["groups"]}
    role, part = first["resource_role"], first["resource_project_role"]
    assert (role["gid"], part["gid"]) == (7000, 7001)
    assert (role["name"], role["role"], role["members"]) == ("res-vm_c-1_admin", "Cluster.ADMIN", ["member1"])
    assert (role["scope"]["type"], role["scope"]["resource_uuid"]) == ("resource", None)
    assert part["name"] == f"res-vm_c-1_{part['scope']['uuid'][:8]}_member"
    assert (part["scope"]["type"], part["scope"]["resource_uuid"]) == ("resource_project", role["scope"]["uuid"])
    assert {row["kind"]: row for row in tree(api)["groups"]} == first
    rows = api.get("marketplace-project-posix-groups/", project_uuid=C1).body
    assert [(row["kind"], row["gid"], row["role"], row["scope_type"]) for row in rows] == [
        ("role_group", 7000, "Cluster.ADMIN", "resource"),
        ("role_group", 7001, "Team.MEMBER", "resource_project"),
    ]


def test_role_groups_need_a_map_and_a_pool(api: Api) -> None:
    create_roles(api)
    api.sim.delete("PosixPool", {})
    assert groups(api, "resource_role") == []
    api.sim.create("PosixPool", service_provider=ALPHA, min_gid=7000, max_gid=7999)
    api.sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": OPTIONS})
    assert groups(api, "resource_role") == []


def test_a_gid_with_two_names_and_a_name_with_two_gids_are_warnings(api: Api) -> None:
    api.patch(api.provider(), {"account_options": {"project_groups_enabled": True}})
    api.sim.change("OfferingUser", {"username": "m2_alpha"}, {"primarygroup": 7501})
    api.sim.create("OfferingUserGroup", offering="Alpha Storage", project=C1, gid=20001)
    assert tree(api)["warnings"] == [
        "GID 20001 is named 20001 on one offering and project--2 on another; the first is kept.",
        "GID 7501 is named m2_alpha on one offering and m1_alpha on another; the first is kept.",
    ]


def test_a_password_is_in_the_text_only_where_offerings_agree(api: Api) -> None:
    assert "passsha256" not in text(api)
    api.sim.change("Offering", {"customer__name": ALPHA}, {"secret_options": {"shared_user_password": "first"}})
    assert text(api).count("passsha256 = ") == 2
    api.sim.change("Offering", {"name": "Alpha VM"}, {"secret_options": {"shared_user_password": "second"}})
    assert text(api).startswith("# The offerings set different shared user passwords")
    assert "passsha256" not in text(api)
    assert "first" not in str(tree(api))


def test_the_text_has_groups_and_users(api: Api) -> None:
    answer = api.get(f"{api.provider()}glauth_users_config/", by="owner")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert sorted(re.findall(r'\[\[(\w+)\]\]\n  name = "(\w+)"', answer.body)) == [
        *(("groups", "m1_alpha"), ("groups", "m2_alpha")),
        *(("users", "m1_alpha"), ("users", "m2_alpha")),
    ]
    assert answer.body.count("ssh-ed25519") == 4
    assert 'preferredUsername = ["m1_alpha"]' in answer.body


@pytest.mark.parametrize("name", ["glauth_tree", "glauth_users_config"])
def test_the_directory_is_for_staff_and_owners(api: Api, name: str) -> None:
    callers = {"staff": 200, "owner": 200, "manager_alpha": 403, "support_user": 403, "outsider": 403}
    assert {by: api.get(f"{api.provider()}{name}/", by=by).status for by in callers} == callers


@pytest.fixture
def slurm(api: Api) -> str:
    """The UUID of an offering of the site agent."""
    (uuid,) = api.sim.change("Offering", {"name": "Alpha VM"}, {"type": "Marketplace.Slurm"})
    return uuid


def agent(api: Api, by: str = "owner", **body: Any) -> Any:
    """POST the request for a configuration."""
    return api.post(f"{api.provider()}generate_site_agent_config/", body, by=by)


def test_the_configuration_of_an_agent_is_yaml_without_secrets(api: Api, slurm: str) -> None:
    answer = agent(api, offering_uuids=[slurm])
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert re.match(r"# Waldur Site Agent Configuration\n# Generated: 2026-11-22T", answer.body)
    config = yaml.safe_load(answer.body)
    assert list(config) == ["sentry_dsn", "timezone", "offerings"]
    assert config["timezone"] == "UTC"
    (offering,) = config["offerings"]
    assert list(offering) == [
        *("name", "waldur_api_url", "waldur_api_token", "waldur_offering_uuid"),
        *("order_processing_backend", "membership_sync_backend", "reporting_backend"),
        *("backend_settings", "backend_components"),
    ]
    assert (offering["name"], offering["waldur_offering_uuid"].replace("-", "")) == ("Alpha VM", slurm)
    assert (offering["waldur_api_url"], offering["waldur_api_token"]) == (
        f"{api.sim.url}/api/",
        "<YOUR_API_TOKEN_HERE>",
    )
    assert offering["backend_settings"]["hostname"] == "<YOUR_SLURM_HOST>"
    assert len(offering["backend_settings"]) == 9
    component = {"measured_unit": "cores", "unit_factor": 1, "accounting_type": "limit", "label": "Cores"}
    assert offering["backend_components"]["cores"] == component


def test_the_options_of_the_request_are_in_the_configuration(api: Api, slurm: str) -> None:
    policy = {"limit_type": "GrpTRESMins", "grace_ratio": 0.2}
    api.sim.change("Offering", {"name": "Alpha VM"}, {"extra": {"policy_settings": policy}})
    url = "https://waldur.example.org/api/"
    body: dict[str, Any] = {"offering_uuids": [slurm], "waldur_api_url": url, "timezone": "Europe/Tallinn"}
    config = yaml.safe_load(agent(api, **body).body)
    assert config["timezone"] == "Europe/Tallinn"
    assert config["offerings"][0]["waldur_api_url"] == url
    assert config["offerings"][0]["policy_settings"] == policy
    without = yaml.safe_load(agent(api, **body, include_policy_settings=False).body)
    assert "policy_settings" not in without["offerings"][0]


def test_offerings_of_others_and_of_another_type_are_400(api: Api, slurm: str) -> None:
    storage = api.get_object("marketplace-provider-offerings/", name_exact="Alpha Storage")["uuid"]
    for uuids in ([], [BETA_OFFERING], [slurm, storage], ["xyz"], None):
        answer = agent(api, offering_uuids=uuids)
        assert (answer.status, list(answer.body)) == (400, ["offering_uuids"])


def test_the_configuration_of_an_agent_needs_the_permission_on_the_customer(api: Api, slurm: str) -> None:
    callers = {"staff": 200, "owner": 200, "manager_alpha": 403, "support_user": 403, "outsider": 403}
    assert {by: agent(api, by=by, offering_uuids=[slurm]).status for by in callers} == callers
