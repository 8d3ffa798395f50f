# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists and counters of a provider, as documented (api-behaviour: provider-lists)."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

CONSUMER = "47d72aa7327a4e45944a42b02349eb16"
PROJECT_C1 = "166880ed37384add85492b3e26ccc70e"
MEMBER1 = "51d1acdbef2e4274bda95a1ce5391e54"
UNKNOWN = "0123456789abcdef0123456789abcdef"
CUSTOMER_KEYS = (
    "uuid name slug abbreviation phone_number email payment_profiles billing_price_estimate projects_count users_count "
    "projects users"
)
COMPLIANCE = "compliance/"
KEYS = {
    "customers": CUSTOMER_KEYS,
    f"user_customers/?user_uuid={MEMBER1}": CUSTOMER_KEYS,
    f"customer_projects/?project_customer_uuid={CONSUMER}": (
        "uuid name description end_date resources_count users_count billing_price_estimate"
    ),
    "projects": (
        "url uuid name slug customer customer_uuid customer_name customer_slug customer_native_name "
        "customer_abbreviation description customer_display_billing_info_in_projects created type type_name type_uuid "
        "backend_id start_date end_date end_date_requested_by oecd_fos_2007_code oecd_fos_2007_label is_industry image "
        "resources_count max_service_accounts kind is_removed termination_metadata staff_notes grace_period_days "
        "project_credit marketplace_resource_count billing_price_estimate"
    ),
    "keys": ("url uuid name public_key fingerprint_md5 fingerprint_sha256 fingerprint_sha512 user_uuid is_shared type"),
    "users": (
        "uuid username full_name first_name last_name organization email phone_number projects_count "
        "registration_method affiliations is_active"
    ),
    "offerings": (
        "uuid customer_uuid name slug category_title type state resources_count billing_price_estimate components "
        "plans options resource_options secret_options thumbnail"
    ),
    "course_accounts": (
        "url uuid created modified project project_uuid project_name project_slug project_start_date project_end_date "
        "user_uuid username customer_uuid customer_name state email description error_message error_traceback"
    ),
    "project_service_accounts": (
        "url uuid created modified username description error_message error_traceback state token email expires_at "
        "preferred_identifier project project_uuid project_name customer_uuid customer_name customer_abbreviation"
    ),
    "robot_account_customers": "name uuid",
    "robot_account_projects": "name uuid",
    "stat": (
        "active_campaigns current_customers customers_number_change active_resources resources_number_change "
        "active_and_paused_offerings unresolved_tickets pending_orders erred_resources"
    ),
    "revenue": "total year month",
    COMPLIANCE + "compliance_overview": (
        "offering_uuid offering_name checklist_name total_users users_with_completions completed_users pending_users "
        "compliance_rate"
    ),
    COMPLIANCE + "offering_users": (
        "uuid user_full_name user_email offering_name checklist_name username state completion_percentage "
        "compliance_status last_updated created"
    ),
    COMPLIANCE + "checklists_summary": "checklist_uuid checklist_name questions_count offerings_count category_name",
}
PLAIN = [name for name in KEYS if "?" not in name]
NEED_MORE_THAN_AN_OWNER = ("course_accounts", "project_service_accounts")


def place(name: str) -> str:
    """The rest of the path of a list, with its query if it needs one."""
    return name if "?" in name else f"{name}/"


def names(api: Api, path: str, key: str = "name", **query: Any) -> list[str]:
    """One column of a list of Alpha's."""
    return [row[key] for row in api.rows(api.provider() + path, **query)]


@pytest.mark.parametrize("name", KEYS)
def test_a_row_has_the_keys_of_the_contract_in_their_order(api: Api, name: str) -> None:
    body = api.get(api.provider() + place(name)).body
    row = body[0] if isinstance(body, list) else body
    assert list(row) == KEYS[name].split()


@pytest.mark.parametrize("name", KEYS)
def test_staff_and_owner_read_and_others_do_not(api: Api, name: str) -> None:
    path = api.provider() + place(name)
    owner = 403 if name in NEED_MORE_THAN_AN_OWNER else 200
    # Offerings are for anyone who is logged in; the manager's role is on the provider, where nobody looks yet.
    others = 200 if name == "offerings" else 403
    callers = {"staff": 200, "owner": owner, "manager_alpha": others, "support_user": others, "outsider": others}
    assert {by: api.get(path, by=by).status for by in callers} == callers
    assert [api.get(path, by=by).status for by in (None, "inactive")] == [401, 401]


@pytest.mark.parametrize("name", PLAIN)
def test_an_unknown_or_malformed_provider_is_404_for_anyone(api: Api, name: str) -> None:
    for uuid in (UNKNOWN, "xyz"):
        for by in ("staff", "outsider"):
            answer = api.get(f"marketplace-service-providers/{uuid}/{name}/", by=by)
            assert (answer.status, answer.body) == (404, {"detail": "No ServiceProvider matches the given query."})


@pytest.mark.parametrize("name", PLAIN)
def test_a_list_is_only_read(api: Api, name: str) -> None:
    path = f"{api.provider()}{name}/"
    assert {api.ask(method, path).status for method in ("POST", "PUT", "PATCH", "DELETE")} == {405}
    head = api.ask("HEAD", path)
    assert (head.status, head.content, head.headers["Allow"]) == (200, b"", "GET, HEAD, OPTIONS")
    assert head.headers.get("X-Result-Count") == api.get(path).headers.get("X-Result-Count")


@pytest.mark.parametrize("name", [name for name in PLAIN if name not in ("stat", "revenue")])
def test_a_list_has_pages(api: Api, name: str) -> None:
    path = f"{api.provider()}{name}/"
    every = api.rows(path)
    pages = [api.get(path, page_size=1, page=number).body for number in range(1, len(every) + 1)]
    assert [row for page in pages for row in page] == every
    beyond = api.get(path, page=99)
    assert (beyond.status, beyond.body) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize("name", ["customers", "projects", "project_permissions", "keys", "users", "offerings"])
def test_field_keeps_the_named_keys(api: Api, name: str) -> None:
    key = "project_name" if name == "project_permissions" else "uuid"
    assert {tuple(row) for row in api.rows(f"{api.provider()}{name}/", field=[key, "nonsense"])} == {(key,)}


@pytest.mark.parametrize("name", ["robot_account_customers", "course_accounts", COMPLIANCE + "checklists_summary"])
def test_field_is_ignored_where_it_is_not_documented(api: Api, name: str) -> None:
    path = f"{api.provider()}{name}/"
    assert api.rows(path, field="uuid") == api.rows(path)


def test_customers_come_with_what_the_provider_serves_there(api: Api) -> None:
    consumer, delta = api.rows(api.provider() + "customers/")
    assert [row["name"] for row in consumer["projects"]] == ["Project c1", "Project c2"]
    people = ["Member1 Tester", "Member2 Tester", "Member3 Tester", "Pa1 Tester", "Pm1 Tester"]
    assert [row["full_name"] for row in consumer["users"]] == people
    assert (consumer["projects_count"], consumer["users_count"]) == (2, 5)
    assert consumer["billing_price_estimate"] == {"total": 27.6, "current": 27.6, "tax": 0.0, "tax_current": 0.0}
    assert (delta["name"], delta["users_count"]) == ("Delta University", 3)


def test_payment_profiles_are_for_staff_and_the_customers_owners(api: Api) -> None:
    path = api.provider() + "customers/"
    assert {by: api.rows(path, by=by)[0]["payment_profiles"] for by in ("staff", "owner")} == {
        "staff": [],
        "owner": None,
    }


def test_projects_of_one_customer_need_its_uuid(api: Api) -> None:
    path = api.provider() + "customer_projects/"
    row = api.rows(path, project_customer_uuid=CONSUMER)[0]
    assert (row["name"], row["resources_count"], row["users_count"]) == ("Project c1", 2, 4)
    assert row["billing_price_estimate"]["total"] == 15.6
    for query in (
        {},
        {"project_customer_uuid": ""},
        {"project_customer_uuid": "xyz"},
        {"project_customer_uuid": UNKNOWN},
    ):
        assert api.rows(path, **query) == []


def test_customers_of_a_user_need_a_known_active_one(api: Api) -> None:
    path = api.provider() + "user_customers/"
    assert names(api, "user_customers/", user_uuid=MEMBER1) == ["Consumer Institute", "Delta University"]
    assert names(api, "user_customers/", user_uuid=api.user("consumer_owner")) == ["Consumer Institute"]
    for user in ("", "xyz", UNKNOWN, api.user("outsider"), api.user("inactive")):
        assert api.rows(path, user_uuid=user) == []


def test_keys_of_the_inactive_are_for_staff(api: Api) -> None:
    hidden = set(names(api, "keys/")) - set(names(api, "keys/", by="owner"))
    assert hidden == {"inactive-key1"}


def test_users_are_active_and_count_their_projects(api: Api) -> None:
    rows = api.rows(api.provider() + "users/", by="owner")
    counts = {row["username"]: row["projects_count"] for row in rows}
    assert counts == {"member1": 2, "member2": 2, "member3": 1, "member4": 1, "pa1": 1, "pm1": 2, "pm2": 1}
    assert "is_active" not in rows[0]


def test_offerings_are_found_by_the_customer_too_and_hide_secrets(api: Api) -> None:
    alpha = api.customer("Alpha Cloud Ltd")["uuid"]
    expected = ["Alpha Draft", "Alpha Request", "Alpha Storage", "Alpha VM"]
    rows = api.rows(f"marketplace-service-providers/{alpha}/offerings/", by="outsider")
    assert [row["name"] for row in rows] == expected
    assert not any("secret_options" in row for row in rows)
    vm = api.rows(api.provider() + "offerings/")[3]
    assert (vm["resources_count"], vm["billing_price_estimate"]["total"]) == (3, 36.0)


def test_statistics_count_this_month(api: Api) -> None:
    path = api.provider() + "stat/"
    assert api.get_object(path) == {
        **dict.fromkeys(KEYS["stat"].split(), 0),
        "current_customers": 2,
        "customers_number_change": 2,
        "active_resources": 4,
        "resources_number_change": 4,
        "active_and_paused_offerings": 3,
    }
    vm = {"name": "res-vm_d1"}
    api.sim.change("Resource", vm, {"state": "Erred"})
    api.sim.create("Order", resource=api.sim.change("Resource", vm, {})[0], offering="Alpha VM", project="Project d1",
                   type="Update", state="pending-provider")  # fmt: skip
    api.sim.change("Resource", {"name": "res-vm_c2"}, {"state": "Terminated"})
    api.sim.change("Order", {"resource__name": "res-vm_c2"}, {"type": "Terminate"})
    changed = api.get_object(path)
    assert [changed[key] for key in ("erred_resources", "pending_orders", "active_resources")] == [1, 1, 3]
    assert (changed["resources_number_change"], changed["customers_number_change"]) == (2, 2)


def test_statistics_are_of_the_month_of_the_clock(api: Api) -> None:
    api.sim.set_clock("2026-12-01T00:00:00Z")
    later = api.get_object(api.provider() + "stat/")
    assert (later["active_resources"], later["resources_number_change"], later["customers_number_change"]) == (4, 0, 0)


def test_revenue_is_of_thirteen_months_at_once(api: Api) -> None:
    path = api.provider() + "revenue/"
    expected = [(130, 2026, 8), (120, 2026, 9), (110, 2026, 10), (39, 2026, 11)]
    answer = api.get(path, page=9, page_size=1)
    assert [(row["total"], row["year"], row["month"]) for row in answer.body] == expected
    assert not {"X-Result-Count", "Link"} & set(answer.headers)
    # A year after the oldest bill it still counts, a month later no more.
    api.sim.set_clock("2026-09-30T00:00:00Z")
    assert [row["month"] for row in api.get(path).body][:1] == [9]
    assert api.get(path).body[0]["year"] == 2025


def test_robot_accounts_count_while_they_are_in_use(api: Api) -> None:
    assert names(api, "robot_account_projects/") == ["Project c1", "Project d1"]
    assert names(api, "robot_account_customers/", customer_name="DELTA") == ["Delta University"]
    # The filter looks at the project of the offering, and shared offerings have none.
    assert names(api, "robot_account_projects/", project_name="c1") == []
    api.sim.change("RobotAccount", {"username": "robot_svc_d1"}, {"state": "Deleted"})
    assert names(api, "robot_account_customers/") == ["Consumer Institute"]


def test_course_accounts_without_a_user_are_left_out(api: Api) -> None:
    assert names(api, "course_accounts/", "username") == ["member1", "member4"]
    assert names(api, "course_accounts/", "username", state=["Closed", "Erred"]) == ["member4"]
    assert names(api, "course_accounts/", "username", o="-email") == ["member4", "member1"]
    for name, end in (("Project c1", "2027-01-31"), ("Project d1", "2028-01-31")):
        api.sim.change("Project", {"name": name}, {"end_date": end})
    for day, before, after in (
        ("2027-01-31", ["member1"], ["member1", "member4"]),
        ("2027-02-01", ["member1"], ["member4"]),
    ):
        assert names(api, "course_accounts/", "username", project_end_date_before=day) == before
        assert names(api, "course_accounts/", "username", project_end_date_after=day) == after


def test_service_accounts_need_a_name_that_may_be_empty(api: Api) -> None:
    assert names(api, "project_service_accounts/", "username") == ["svc_backup", ""]
    assert names(api, "project_service_accounts/", "username", project=f"/api/projects/{PROJECT_C1}/") == ["svc_backup"]
    assert names(api, "project_service_accounts/", "username", project="nonsense") == []
    bad = api.get(api.provider() + "project_service_accounts/", state="Pending")
    assert bad.status == 400
    assert list(bad.body) == ["state"]


def test_compliance_is_reported_by_offering(api: Api) -> None:
    rows = api.rows(f"{api.provider()}{COMPLIANCE}compliance_overview/")
    request, storage, machines = rows
    assert (request["offering_name"], request["total_users"], request["compliance_rate"]) == ("Alpha Request", 0, 0.0)
    assert (storage["checklist_name"], storage["compliance_rate"]) == ("Acceptable use", 25.0)
    assert [machines[key] for key in KEYS[COMPLIANCE + "compliance_overview"].split()[3:]] == [8, 2, 1, 1, 12.5]


@pytest.mark.parametrize(
    ("status", "count"), [("completed", 2), ("pending", 10), ("no_checklist", 0), ("nonsense", 12), ("", 12)]
)
def test_compliance_is_reported_by_account(api: Api, status: str, count: int) -> None:
    rows = api.rows(f"{api.provider()}{COMPLIANCE}offering_users/", compliance_status=status)
    assert len(rows) == count
    assert {row["compliance_status"] for row in rows} <= (
        {status} if status not in ("", "nonsense") else {"completed", "pending"}
    )


def test_an_account_shows_the_code_of_its_state_and_how_much_is_answered(api: Api) -> None:
    path = f"{api.provider()}{COMPLIANCE}offering_users/"
    row = next(row for row in api.rows(path) if (row["username"], row["offering_name"]) == ("m2_alpha", "Alpha VM"))
    assert (row["state"], row["completion_percentage"], row["compliance_status"]) == (5, 50, "pending")
    assert row["last_updated"] == "2026-11-22T21:31:00.000001+00:00"
    api.sim.change("Offering", {"name": "Alpha VM"}, {"compliance_checklist": None})
    plain = next(row for row in api.rows(path) if (row["username"], row["offering_name"]) == ("m2_alpha", "Alpha VM"))
    keys = ("checklist_name", "completion_percentage", "compliance_status", "last_updated")
    assert [plain[key] for key in keys] == [None, None, "no_checklist", None]
    assert api.get(path, offering_uuid="xyz").status == 400


def test_checklists_in_most_use_come_first(api: Api) -> None:
    # Those of other providers don't count.
    api.sim.change("Offering", {"name": "Beta HPC"}, {"compliance_checklist": "c0000000000040008000000000000002"})
    rows = api.rows(f"{api.provider()}{COMPLIANCE}checklists_summary/")
    shown = [(row["checklist_name"], row["questions_count"], row["offerings_count"]) for row in rows]
    assert shown == [("Acceptable use", 2, 2), ("Personal data", 1, 1)]


FILTERS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("customers/", {"name": "DELTA"}, ["Delta University"]),
    ("customers/", {"name_exact": "delta university"}, []),
    ("customers/", {"query": "consumer"}, ["Consumer Institute"]),
    ("customers/", {"owned_by_current_user": "true", "by": "owner"}, []),
    ("customers/", {"organization_group_name": "x"}, []),
    ("projects/", {"o": "-name"}, ["Project d1", "Project c2", "Project c1"]),
    ("projects/", {"o": "estimated_cost"}, ["Project c2", "Project d1", "Project c1"]),
    ("projects/", {"customer": CONSUMER}, ["Project c1", "Project c2"]),
    ("projects/", {"conceal_finished_projects": "true"}, ["Project c1", "Project c2", "Project d1"]),
    ("projects/", {"created": "2026-11-22T21:16:00.9Z"}, []),
    ("keys/", {"name": "pm"}, ["pm1-key1", "pm2-key1"]),
    ("keys/", {"user_uuid": MEMBER1, "o": "-name"}, ["member1-key2", "member1-key1"]),
    ("offerings/", {"state": ["Draft", "Paused"]}, ["Alpha Draft"]),
    ("offerings/", {"o": "-total_cost,name", "state": "Active"}, ["Alpha VM", "Alpha Storage", "Alpha Request"]),
    ("offerings/", {"type": "Support.OfferingTemplate"}, ["Alpha Request"]),
    ("offerings/", {"resource_project_uuid": PROJECT_C1}, ["Alpha Storage", "Alpha VM"]),
    ("offerings/", {"user_has_offering_user": "true"}, []),
    ("offerings/", {"has_terms_of_service": "true"}, []),
    ("offerings/", {"can_create_offering_user": "false"}, []),
    ("offerings/", {"attributes": '{"colour": "red"}'}, []),
]


@pytest.mark.parametrize(("path", "query", "expected"), FILTERS)
def test_a_list_is_filtered(api: Api, path: str, query: dict[str, Any], expected: list[str]) -> None:
    assert names(api, path, **query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"username": "member1"}, ["member1"]),
        ({"query": "member", "o": "-username"}, ["member4", "member3", "member2", "member1"]),
        ({"project_roles": "PROJECT.MANAGER"}, ["pm1", "pm2"]),
        ({"organization_roles": "CUSTOMER.OWNER"}, []),
        ({"project_uuid": PROJECT_C1, "full_name": "p"}, ["pa1", "pm1"]),
        ({"is_active": "false"}, []),
        ({"username_list": "pm1,pm2,nobody"}, ["pm1", "pm2"]),
    ],
)
def test_users_are_filtered(api: Api, query: dict[str, str], expected: list[str]) -> None:
    assert names(api, "users/", "username", **query) == expected


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("customers/", {"organization_group_uuid": "xyz"}),
        ("projects/", {"o": "bogus"}),
        ("project_permissions/", {"user": "xyz"}),
        ("keys/", {"created": "yesterday"}),
        ("users/", {"date_joined": "abc"}),
        ("offerings/", {"state": "bogus"}),
        ("offerings/", {"attributes": "no json"}),
        ("course_accounts/", {"state": "bogus"}),
        # Detail routes of the provider, so what is wrong is a filter of the providers.
        ("stat/", {"o": "bogus"}),
        ("revenue/", {"customer_uuid": "xyz"}),
    ],
)
def test_a_bad_value_is_400_with_the_name_of_the_filter(api: Api, path: str, query: dict[str, str]) -> None:
    answer = api.get(api.provider() + path, **query)
    assert answer.status == 400
    assert list(answer.body) == list(query)


def test_filters_of_providers_leak_into_their_detail_routes_alone(api: Api) -> None:
    other = {"customer_uuid": CONSUMER}
    assert api.get(api.provider() + "stat/", **other).status == 404
    assert api.get(api.provider() + "robot_account_customers/", **other).status == 404
    assert api.get(api.provider() + "users/", **other).status == 200
