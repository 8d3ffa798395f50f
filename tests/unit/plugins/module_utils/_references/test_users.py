# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked to find out whom and what a document means, and what is believed of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from messages import fragment, matching, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, NotFound
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CAROL, CUSTOMER, PROVIDER

USER = ("uuid", "username", "email", "full_name", "is_active")
CUSTOMERS = ("uuid", "url", "name", "abbreviation", "slug")
ROLE = {"uuid": "0a" * 16, "name": "VIEWER", "content_type": "service_provider"}


def person(user: User) -> dict[str, Any]:
    return {"uuid": user.uuid, "username": user.username, "email": user.email, "is_active": user.is_active}


def queries(asked: AskedClient) -> list[tuple[str, dict[str, Any]]]:
    return [(name, query) for name, _uuid, query in asked.asked]


# --- users -----------------------------------------------------------------------------------------------------------


def test_a_username_is_asked_for_and_checked() -> None:
    asked = AskedClient({"all_users": [person(BOB), person(ALICE)]})
    assert asked.session().references.users.resolve(["alice"]) == {"alice": ALICE}
    assert queries(asked) == [("all_users", {"field": USER, "username": "alice"})]


def test_an_email_is_asked_for_only_where_nobody_has_that_username() -> None:
    without = {**person(CAROL), "email": None}
    asked = AskedClient({"all_users": [person(BOB), without, person(ALICE)]})
    assert asked.session().references.users.resolve(["Alice@Example.ORG"]) == {"Alice@Example.ORG": ALICE}
    assert queries(asked) == [
        ("all_users", {"field": USER, "username": "Alice@Example.ORG"}),
        ("all_users", {"field": USER, "email": "Alice@Example.ORG"}),
    ]


def test_a_uuid_is_asked_for_by_itself() -> None:
    asked = AskedClient(objects={"user": person(ALICE)})
    assert asked.session().references.users.resolve([ALICE.uuid]) == {ALICE.uuid: ALICE}
    assert asked.asked == [("user", ALICE.uuid, {"field": USER})]


@pytest.mark.parametrize("is_staff", [True, False])
def test_a_uuid_that_is_not_there_is_nobody_to_staff_only(is_staff: bool) -> None:
    asked = AskedClient(objects={"user": NotFound("not found", 404), "me": staff(is_staff=is_staff)})
    found = asked.session().references.users.resolve([ALICE.uuid])[ALICE.uuid]
    assert isinstance(found, UnresolvedUser) is is_staff
    if isinstance(found, User):
        assert found == User(ALICE.uuid)


def test_the_whole_list_is_read_where_that_is_cheapest_and_blank_emails_are_nobodys() -> None:
    blank = [{**person(CAROL), "email": ""}, {**person(CAROL), "uuid": "77" * 16, "email": None, "username": "dan"}]
    asked = AskedClient({"all_users": [person(ALICE), person(BOB), *blank]}, {"me": staff()})
    wanted = ["alice@example.org", "bob@example.org", "carol", "dan", "88" * 16]
    found = asked.session().references.users.resolve(wanted)
    assert [found["alice@example.org"], found["bob@example.org"]] == [ALICE, BOB]
    assert isinstance(found["88" * 16], UnresolvedUser)
    assert queries(asked)[:2] == [("count of all_users", {"field": ["uuid"]}), ("all_users", {"field": USER})]


def test_names_are_asked_for_in_requests_that_a_server_takes() -> None:
    names = [f"{number:0>97}" for number in range(40)]
    rows = [{"uuid": f"{number:032x}", "username": name} for number, name in enumerate(names)]
    asked = AskedClient({"all_users": rows[:30]})
    asked.tables["all_users"] = rows * 300
    asked.session().references.users.resolve(names)
    lists = [query["username_list"].split(",") for name, query in queries(asked) if "username_list" in query]
    # The server of this case ignores the filter, so its first answer is everybody.
    assert len(lists) == 1
    # 97 characters and a comma of three bytes in a URL each; host, path and the other parameters take up to 200 bytes.
    assert lists[0] == names[:33]


def test_rows_without_a_person_teach_nothing() -> None:
    references = AskedClient().session().references
    references.users.remember(
        [
            {"user_uuid": None, "user_username": "ghost"},
            {"user_uuid": BOB.uuid, "user_username": None},
            {"user_uuid": ALICE.uuid, "user_username": "alice"},
            {"user_uuid": ALICE.uuid, "user_username": "renamed"},
        ]
    )
    assert references.users.known_uuid("alice") == ALICE.uuid
    assert [references.users.known_uuid(name) for name in ("ghost", "None")] == [None, None]
    assert references.users.known_uuid(str(BOB.uuid).upper()) == BOB.uuid


def test_users_in_rows_are_known_completely_and_active() -> None:
    references = AskedClient().session().references
    references.users.remember([{"user_uuid": ALICE.uuid, "user_username": "alice", "user_email": "alice@example.org"}])
    assert references.users.resolve(["alice", ALICE.uuid]) == {"alice": ALICE, ALICE.uuid: ALICE}


# --- roles -----------------------------------------------------------------------------------------------------------


def test_a_role_of_a_server_that_does_not_say_whether_it_is_active_is_usable() -> None:
    asked = AskedClient({"roles": [{**ROLE, "content_type": "serviceprovider"}, {**ROLE, "name": "A"}]})
    references = asked.session().references
    assert references.roles.resolve_for_provider("role", "VIEWER")["content_type"] == "serviceprovider"
    with pytest.raises(InvalidInput, match=pattern("role_not_found", option="role", value="X", roles="A, VIEWER")):
        references.roles.resolve_for_provider("role", "X")
    assert queries(asked) == [("roles", {"field": ["uuid", "name", "content_type", "is_active"]})]


def test_a_role_is_found_by_its_uuid_and_its_scope_is_named() -> None:
    owner = {"uuid": "0c" * 16, "name": "OWNER", "content_type": "customer"}
    references = AskedClient({"roles": [owner, ROLE]}).session().references
    assert references.roles.resolve_for_provider("role", f"{'0A' * 16}") == ROLE
    with pytest.raises(
        InvalidInput, match=prefix("role_of_another_scope", option="role", value="OWNER", scope="customer")
    ):
        references.roles.resolve_for_provider("role", "0c" * 16)


@pytest.mark.parametrize("scope", [{"content_type": "customer"}, {"content_type": None}, {}])
def test_a_server_without_roles_on_providers_says_so(scope: dict[str, Any]) -> None:
    elsewhere = {"uuid": "0c" * 16, "name": "OWNER", **scope}
    references = AskedClient({"roles": [elsewhere, {**ROLE, "is_active": False}]}).session().references
    with pytest.raises(InvalidInput, match=fragment("only_roles_of_other_scopes", value="OWNER")):
        references.roles.resolve_for_provider("role", "OWNER")
    with pytest.raises(InvalidInput, match=fragment("role_disabled", value="VIEWER")):
        references.roles.resolve_for_provider("role", "VIEWER")


# --- providers and customers -----------------------------------------------------------------------------------------


def provider(uuid: str, name: str, **other: Any) -> dict[str, Any]:
    return {"uuid": uuid, "customer_uuid": CUSTOMER, "customer_name": name, "customer": "url", **other}


@pytest.mark.parametrize(
    "value",
    [
        PROVIDER,
        PROVIDER.upper(),
        f"https://waldur.example.org/api/marketplace-service-providers/{PROVIDER}/",
        CUSTOMER,
        f"https://waldur.example.org/api/customers/{CUSTOMER}/",
        "ACME Ltd",
        "ACME",
        "acme-ltd",
    ],
)
def test_a_provider_is_found_by_all_that_it_is_called(value: str) -> None:
    names = {"customer_abbreviation": "ACME", "customer_slug": "acme-ltd"}
    other = provider("e" * 32, "Other", customer_uuid="ee" * 16, customer_abbreviation="OTHER", customer_slug="other")
    found = provider(PROVIDER, "ACME Ltd", **names)
    asked = AskedClient({"service_providers": [other, found]})
    target = asked.session().references.resolve_target("service_provider", "service_provider", value)
    assert (target.uuid, target.customer_uuid, target.name, target.row) == (PROVIDER, CUSTOMER, "ACME Ltd", found)
    assert queries(asked) == [("service_providers", {})]


def test_two_providers_of_one_name_are_reported_with_both_uuids() -> None:
    rows = [provider(PROVIDER, "Twin"), provider("e" * 32, "Twin", customer_uuid="ee" * 16)]
    references = AskedClient({"service_providers": rows}).session().references
    with pytest.raises(InvalidInput) as refused:
        references.resolve_target("service_provider", "service_provider", "Twin")
    assert refused.value.message == (
        message(
            "reference_ambiguous",
            option="service_provider",
            value="Twin",
            objects="service providers",
            candidates=f"Twin ({PROVIDER}), Twin ({'e' * 32})",
        )
    )
    with pytest.raises(
        InvalidInput,
        match=prefix(
            "reference_ambiguous",
            option="customer",
            value="Twin",
            objects="customers",
            candidates=matching(f"Twin .{CUSTOMER}., Twin .eeee.*"),
        ),
    ):
        references.resolve_target("customer", "customer", "Twin")


def test_a_customer_that_is_no_provider_gets_its_own_sentence() -> None:
    customer = {"uuid": CUSTOMER, "name": "ACME", "url": "url"}
    asked = AskedClient({"all_customers": [customer]})
    with pytest.raises(InvalidInput) as refused:
        asked.session().references.resolve_target("service_provider", "service_provider", "ACME")
    assert refused.value.message == (message("customer_is_no_provider", option="service_provider", value="ACME"))
    assert queries(asked) == [("service_providers", {}), ("all_customers", {"field": CUSTOMERS, "name_exact": "ACME"})]


def test_a_customer_given_by_uuid_is_asked_for_by_itself() -> None:
    customer = {"uuid": CUSTOMER, "name": None}
    asked = AskedClient(objects={"customer": customer})
    found = asked.session().references.resolve_target("customer", "customer", CUSTOMER.upper())
    url = f"https://waldur.example.org/api/customers/{CUSTOMER}/"
    assert (found.customer_uuid, found.customer_url, found.name, found.uuid) == (CUSTOMER, url, CUSTOMER, None)
    assert asked.asked[-1] == ("customer", CUSTOMER, {"field": CUSTOMERS})


def test_a_customer_that_cannot_be_seen_is_looked_for_in_every_way() -> None:
    asked = AskedClient()
    with pytest.raises(InvalidInput, match=fragment("customer_not_found", value=matching(r"dddd.*"))):
        asked.session().references.resolve_target("customer", "customer", PROVIDER)
    ways = [next(key for key in query if key != "field") for name, query in queries(asked) if name == "all_customers"]
    assert ways == ["name_exact", "abbreviation", "slug"]


def test_an_empty_value_never_matches_rows_without_one() -> None:
    rows = [provider(PROVIDER, "ACME", customer_abbreviation="", customer_slug="")]
    references = AskedClient({"service_providers": rows}).session().references
    with pytest.raises(InvalidInput, match=fragment("provider_not_found", value="Other")):
        references.resolve_target("service_provider", "service_provider", "Other")


def test_many_customers_are_read_in_one_list() -> None:
    asked = AskedClient({"all_customers": [{"uuid": CUSTOMER, "name": "ACME", "url": "url"}]})
    references = asked.session().references
    references.customers.prefetch(["ACME", "B", "C", "D"])
    assert references.resolve_target("customer", "customer", "ACME").customer_uuid == CUSTOMER
    assert queries(asked) == [("all_customers", {"field": CUSTOMERS}), ("service_providers", {})]
