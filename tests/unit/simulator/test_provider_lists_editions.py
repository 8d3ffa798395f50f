# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lists of a provider were in 2024, as recorded, and what 2026 adds to them (api-behaviour: editions-2024,
editions-2026)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator_process import Simulator

from .api import Api, started

CONSUMER = "47d72aa7327a4e45944a42b02349eb16"
FOR_OWNERS = ("projects", "project_permissions", "keys", "users")
FOR_ALL = (
    *("customers", "user_customers", "offerings", "stat", "revenue", "robot_account_customers"),
    *("robot_account_projects", f"customer_projects/?project_customer_uuid={CONSUMER}"),
)
ABSENT = ("course_accounts", "project_service_accounts", "compliance/compliance_overview", "username_conflicts")


@pytest.fixture(scope="module")
def recorded() -> Iterator[Api]:
    """The API of 2024."""
    with Simulator.start(edition="2024") as sim:
        api = Api(sim)
        yield api
        api.close()


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of 2026."""
    with Simulator.start(edition="2026") as sim:
        yield sim


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """The API of 2026, its world at the start."""
    yield from started(newest)


def place(name: str) -> str:
    """The rest of the path of a list, with its query if it needs one."""
    return name if "?" in name else f"{name}/"


@pytest.mark.parametrize("name", FOR_OWNERS)
def test_once_four_lists_were_for_owners_and_staff(recorded: Api, name: str) -> None:
    callers = {"staff": 200, "owner": 200, "manager_alpha": 403, "support_user": 403, "outsider": 403, "inactive": 401}
    assert {by: recorded.get(f"{recorded.provider()}{name}/", by=by).status for by in callers} == callers


@pytest.mark.parametrize("name", FOR_ALL)
def test_once_the_others_were_for_anyone_with_a_token(recorded: Api, name: str) -> None:
    path = recorded.provider() + place(name)
    assert {recorded.get(path, by=by).status for by in ("owner", "manager_alpha", "support_user", "outsider")} == {200}
    assert recorded.get(path, by=None).status == 401


@pytest.mark.parametrize("name", ABSENT)
def test_a_route_that_was_not_there_yet_is_404_in_html_without_a_token_too(recorded: Api, name: str) -> None:
    for by in ("staff", None):
        answer = recorded.get(f"{recorded.provider()}{name}/", by=by)
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (404, "text/html")


@pytest.mark.parametrize("query", ["", "?project_customer_uuid=", "?project_customer_uuid=xyz"])
def test_once_projects_without_a_customer_broke_the_server(recorded: Api, query: str) -> None:
    answer = recorded.get(f"{recorded.provider()}customer_projects/{query}", by="outsider")
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (500, "text/html")
    assert "Server Error (500)" in answer.body


def test_once_the_numbers_of_a_month_were_texts(recorded: Api) -> None:
    answer = recorded.get(recorded.provider() + "revenue/", page_size=1)
    assert answer.body[-1] == {"total": 39, "year": "2026", "month": "11"}
    assert "X-Result-Count" not in answer.headers


def test_once_field_worked_for_projects_alone(recorded: Api) -> None:
    for name in ("customers", "keys", "users", "offerings", "project_permissions"):
        path = f"{recorded.provider()}{name}/"
        assert recorded.rows(path, field="uuid") == recorded.rows(path)
    assert {tuple(row) for row in recorded.rows(recorded.provider() + "projects/", field="name")} == {("name",)}


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        # Filters of the rows worked for users and offerings alone, and what was wrong in them was passed over.
        ("users/", {"query": "member1"}, 1),
        ("users/", {"date_joined": "abc"}, 7),
        ("users/", {"username_list": "member1"}, 7),
        ("offerings/", {"state": "Draft"}, 1),
        ("offerings/", {"state": "bogus"}, 4),
        ("customers/", {"name": "delta"}, 2),
        ("keys/", {"user_uuid": CONSUMER}, 10),
        ("project_permissions/", {"user": CONSUMER}, 10),
        ("projects/", {"o": "-customer_name"}, 3),
        ("robot_account_customers/", {"customer_name": "delta"}, 1),
    ],
)
def test_once_few_lists_had_filters(recorded: Api, path: str, query: dict[str, str], count: int) -> None:
    assert len(recorded.rows(recorded.provider() + path, **query)) == count


@pytest.mark.parametrize("name", ["users", "offerings", "keys", "stat"])
def test_once_the_filters_of_providers_leaked_into_every_list(recorded: Api, name: str) -> None:
    path = f"{recorded.provider()}{name}/"
    answer = recorded.get(path, o="name")
    problem = "Select a valid choice. name is not one of the available choices."
    assert (answer.status, answer.body) == (400, {"o": [problem]})
    assert recorded.get(path, customer_uuid=CONSUMER).status == 404


def test_a_role_on_the_provider_opens_its_lists_and_support_reads_the_numbers(api: Api) -> None:
    for name in ("customers", "projects", "users", "stat", "compliance/compliance_overview"):
        assert api.get(f"{api.provider()}{name}/", by="manager_alpha").status == 200
    for name in ("project_permissions", "keys", "user_customers", "course_accounts", "api_secret_code"):
        assert api.get(f"{api.provider()}{name}/", by="manager_alpha").status == 403
    callers = {
        name: api.get(f"{api.provider()}{name}/", by="support_user").status for name in ("stat", "revenue", "keys")
    }
    assert callers == {"stat": 200, "revenue": 200, "keys": 403}


def test_course_accounts_may_have_no_user_and_checklists_no_category(api: Api) -> None:
    rows = api.rows(api.provider() + "course_accounts/")
    assert [(row["username"], row["user_uuid"] is None) for row in rows][2:] == [(None, True)]
    assert "category_name" not in api.rows(api.provider() + "compliance/checklists_summary/")[0]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("customers/", {"slug": "consumer-1"}, ["Consumer Institute"]),
        ("customers/", {"current_user_has_role": "true"}, []),
        ("projects/", {"created_before": "2026-11-22T21:16:00.77Z"}, ["Project c1"]),
        ("projects/", {"current_user_has_role": "false", "o": "name"}, ["Project c1", "Project c2", "Project d1"]),
        ("projects/", {"has_affiliation": "true"}, []),
        ("offerings/", {"slug": "alpha-vm-1"}, ["Alpha VM"]),
        ("offerings/", {"tag_name": "x"}, []),
    ],
)
def test_the_newest_edition_has_more_filters(api: Api, path: str, query: dict[str, Any], expected: list[str]) -> None:
    assert [row["name"] for row in api.rows(api.provider() + path, **query)] == expected
    assert (
        api.get(api.provider() + "projects/", user_uuid_with_active_role=api.user("pm2")).body[0]["name"]
        == "Project d1"
    )


def test_offering_types_are_sorted_and_once_each(api: Api) -> None:
    for by in ("staff", "outsider"):
        answer = api.get(api.provider() + "offerings/types/", by=by, page_size=1)
        assert answer.body == ["Marketplace.Basic", "Support.OfferingTemplate"]
        # A bare list (api-behaviour: offering-types).
        assert not {"Link", "X-Result-Count"} & set(answer.headers)


def test_accounts_with_different_names_conflict_until_one_is_chosen(api: Api) -> None:
    path, member = api.provider(), api.user("member1")
    assert api.get(path + "username_conflicts/").body == []
    api.sim.change("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha VM"}, {"username": "other"})
    (conflict,) = api.get(path + "username_conflicts/", by="owner").body
    assert (conflict["user_uuid"], conflict["user_username"]) == (member, "member1")
    shown = {row["username"]: (row["offering_count"], row["has_active_resources"]) for row in conflict["candidates"]}
    assert shown == {"m1_alpha": (1, True), "other": (1, True)}
    refused = api.post(path + "adopt_provider_accounts/", {"resolutions": {}})
    assert (refused.status, list(refused.body)) == (400, ["conflicts", "detail"])
    refused = api.post(path + "adopt_provider_accounts/", {"resolutions": {member: "somebody"}})
    assert (refused.status, list(refused.body["resolutions"])) == (400, [member])
    dashed = f"{member[:8]}-{member[8:12]}-{member[12:16]}-{member[16:20]}-{member[20:]}"
    refused = api.post(path + "adopt_provider_accounts/", {"resolutions": {dashed: "other"}})
    assert (refused.status, list(refused.body)) == (400, ["conflicts", "detail"])
    adopted = api.post(path + "adopt_provider_accounts/", {"resolutions": {member: "other"}}, by="owner")
    assert (adopted.status, adopted.body) == (200, {"adopted": 8, "backed": 12})
    again = api.post(path + "adopt_provider_accounts/", {})
    assert (again.status, again.body) == (200, {"adopted": 0, "backed": 0})
    accounts = api.rows(
        "marketplace-offering-users/", user_uuid=member, provider_uuid=api.customer("Alpha Cloud Ltd")["uuid"]
    )
    assert {row["username"] for row in accounts} == {"other"}
    assert api.get(path + "username_conflicts/").body == []


def test_one_name_of_two_users_is_not_adopted(api: Api) -> None:
    api.sim.change("OfferingUser", {"username": "m2_alpha"}, {"username": "M1_alpha"})
    refused = api.post(api.provider() + "adopt_provider_accounts/", {})
    assert (refused.status, refused.body["usernames"]) == (400, ["m1_alpha"])


def test_a_preview_of_account_options_tells_what_would_be_renamed_and_stores_nothing(api: Api) -> None:
    path = api.provider() + "account_options_preview/"
    api.sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": {}})
    options = {"username_generation_policy": "waldur_username", "login_shell": "/bin/zsh"}
    body = api.post(path, {"account_options": options}, by="owner").body
    assert body["account_options"] == {"current": {}, "proposed": options}
    rows = {row["name"]: row for row in body["offerings"]}
    # Where the offering has a policy of its own, only the shell changes; accounts without a name do not count.
    assert rows["Alpha VM"]["changed"] == ["login_shell"]
    assert rows["Alpha VM"]["accounts_keeping_home_or_shell"] == 2
    renamed = {
        row["username"]: (row["new_username"], row["new_home_directory"]) for row in rows["Alpha Storage"]["renames"]
    }
    assert renamed["m1_alpha"] == ("member1", "/home/member1")
    assert body["renamed"] == len(rows["Alpha Storage"]["renames"]) == 4
    after = rows["Alpha Storage"]["settings"]["username_generation_policy"]["after"]
    assert after == {"value": "waldur_username", "source": "provider"}
    assert api.post(path, {"account_options": {}}).body["account_options"] == {"current": {}, "proposed": {}}


@pytest.mark.parametrize("body", [{}, [], {"account_options": {"login_shell": "/bin/sh; rm -rf /"}}])
def test_bad_account_options_are_400(api: Api, body: Any) -> None:
    answer = api.post(api.provider() + "account_options_preview/", body)
    assert answer.status == 400
    assert set(answer.body) <= {"account_options", "non_field_errors"}


@pytest.mark.parametrize("name", ["username_conflicts", "glauth_tree", "glauth_users_config"])
def test_what_concerns_accounts_is_for_owners(api: Api, name: str) -> None:
    callers = {"staff": 200, "owner": 200, "support_user": 403, "outsider": 403}
    assert {by: api.get(f"{api.provider()}{name}/", by=by).status for by in callers} == callers
    assert api.get(f"{api.provider()}{name}/", by=None).status == 401
