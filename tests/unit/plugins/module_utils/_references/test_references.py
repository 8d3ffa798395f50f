# SPDX-License-Identifier: GPL-3.0-or-later
"""What people call things, against the recorded world: which way wins, what an error says, what it costs."""

from __future__ import annotations

import pytest
from messages import ends, fragment, matching, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from simulator_process import Simulator

from ...helpers.fixture_types import Connect

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
ALPHA_CUSTOMER = "d2c8772ce559428283e388badd97f2d6"
SPARE_CUSTOMER = "45a7411d101545d381584f905d569e1a"
MEMBER1 = "51d1acdbef2e4274bda95a1ce5391e54"


@pytest.mark.parametrize(
    "value",
    [
        ALPHA,
        "E182AAED-B6AE-4541-956A-3C14629ABC02",
        f"https://anything.example.org/api/marketplace-service-providers/{ALPHA}/",
        ALPHA_CUSTOMER,
        f"/api/customers/{ALPHA_CUSTOMER}/",
        "Alpha Cloud Ltd",
        "ALPHA",
        "alpha-cl-1",
    ],
)
def test_a_provider_is_found_in_every_way(sim: Simulator, connect: Connect, value: str) -> None:
    found = connect().references.resolve_target("service_provider", "service_provider", value)
    assert (found.uuid, found.customer_uuid, found.name) == (ALPHA, ALPHA_CUSTOMER, "Alpha Cloud Ltd")
    assert sim.counts().requests == 1


@pytest.mark.parametrize("alias", ["staff", "manager_alpha"])
@pytest.mark.parametrize(
    "value",
    ["Alpha Cloud Ltd", "ALPHA", "alpha-cl-1", ALPHA_CUSTOMER, f"http://x.example.org/api/customers/{ALPHA_CUSTOMER}/"],
)
def test_a_customer_is_found_in_every_way_also_by_a_token_that_sees_no_customers(
    sim: Simulator, connect: Connect, value: str, alias: str
) -> None:
    found = connect(alias).references.resolve_target("customer", "customer", value)
    assert (found.uuid, found.customer_uuid) == (ALPHA, ALPHA_CUSTOMER)


def test_a_customer_without_a_provider_is_a_target_without_a_uuid(sim: Simulator, connect: Connect) -> None:
    found = connect().references.resolve_target("customer", "customer", SPARE_CUSTOMER)
    assert (found.uuid, found.name) == (None, "Spare Customer (no provider)")
    assert found.customer_url.endswith(f"/api/customers/{SPARE_CUSTOMER}/")


def test_a_customer_without_a_provider_gets_its_own_message_where_a_provider_is_asked_for(
    sim: Simulator, connect: Connect
) -> None:
    with pytest.raises(
        InvalidInput,
        match=prefix("customer_is_no_provider", option="service_provider", value=matching(r"Spare Customer .*")),
    ):
        connect().references.resolve_target("service_provider", "service_provider", "SPARE")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("service_provider", "there is no service provider 'X'"), ("customer", "customer 'X' not found")],
)
def test_an_unknown_name_is_an_error_that_names_the_option(
    sim: Simulator, connect: Connect, kind: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"^{kind}: {words}"):
        connect().references.resolve_target(kind, kind, "X")


def test_several_customers_of_one_name_are_an_error_with_the_candidates(sim: Simulator, connect: Connect) -> None:
    sim.change("Customer", {"abbreviation": "BETA"}, {"name": "Alpha Cloud Ltd"})
    for kind in ("customer", "service_provider"):
        with pytest.raises(
            InvalidInput, match=rf"ambiguous.* .*{ALPHA_CUSTOMER if kind == 'customer' else ALPHA}.*UUID of one"
        ):
            connect().references.resolve_target(kind, kind, "Alpha Cloud Ltd")


def test_a_name_goes_before_an_abbreviation(sim: Simulator, connect: Connect) -> None:
    sim.change("Customer", {"abbreviation": "SPARE"}, {"name": "ALPHA"})
    assert connect().references.resolve_target("customer", "customer", "ALPHA").customer_uuid == SPARE_CUSTOMER


def test_names_are_case_sensitive(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(InvalidInput):
        connect().references.resolve_target("service_provider", "service_provider", "alpha cloud ltd")


def test_many_customers_cost_one_list_and_not_a_look_up_each(sim: Simulator, connect: Connect) -> None:
    references = connect().references
    names = [f"Extra Provider {number:02}" for number in range(1, 11)]
    references.customers.prefetch(names)
    assert [references.resolve_target("customer", "customer", name).name for name in names] == names
    assert sim.counts().operations == {"GET /api/customers/": 1, "GET /api/marketplace-service-providers/": 1}


# --- roles -----------------------------------------------------------------------------------------------------------


def test_a_role_is_found_by_name_and_by_uuid(sim: Simulator, connect: Connect) -> None:
    references = connect().references
    role = references.roles.resolve_for_provider("role", "CUSTOMER.MANAGER")
    assert references.roles.resolve_for_provider("role", role["uuid"].upper()) == role
    assert sim.counts().requests == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            "CUSTOMER.OWNER",
            fragment("role_of_another_scope", option="role", scope="customer", roles=matching(r"CUSTOMER.MANAGER.*")),
        ),
        ("NOPE", fragment("role_not_found", option="role", value="NOPE", roles=matching(r"CUSTOMER.MANAGER.*"))),
    ],
)
def test_a_role_that_does_not_fit_is_an_error_that_says_which_do(
    sim: Simulator, connect: Connect, value: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{words}"):
        connect().references.roles.resolve_for_provider("role", value)


def test_a_disabled_role_is_an_error(sim: Simulator, connect: Connect) -> None:
    sim.change("Role", {"name": "CUSTOMER.MANAGER"}, {"is_active": False})
    with pytest.raises(InvalidInput, match=fragment("role_disabled")):
        connect().references.roles.resolve_for_provider("role", "CUSTOMER.MANAGER")


# --- users -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "member1",
        "member1@example.org",
        "MEMBER1@example.ORG",
        MEMBER1,
        "51D1ACDB-EF2E-4274-BDA9-5A1CE5391E54",
        f"http://x.example.org/api/users/{MEMBER1}/",
    ],
)
def test_a_user_is_found_in_every_way(sim: Simulator, connect: Connect, value: str) -> None:
    found = connect().references.users.resolve([value])[value]
    assert isinstance(found, User)
    assert (found.uuid, found.username) == (MEMBER1, "member1")


def test_part_of_an_email_is_nobody(sim: Simulator, connect: Connect) -> None:
    assert isinstance(connect().references.users.resolve(["ember1@example.org"])["ember1@example.org"], UnresolvedUser)


def test_usernames_are_case_sensitive(sim: Simulator, connect: Connect) -> None:
    assert isinstance(connect().references.users.resolve(["Member1"])["Member1"], UnresolvedUser)


def test_a_username_goes_before_an_email(sim: Simulator, connect: Connect) -> None:
    sim.change("User", {"username": "member2"}, {"username": "member1@example.org"})
    found = connect().references.users.resolve(["member1@example.org"])["member1@example.org"]
    assert isinstance(found, User)
    assert found.uuid != MEMBER1


@pytest.mark.parametrize("others", [0, 6])
def test_an_email_of_two_users_is_an_error_that_names_both(sim: Simulator, connect: Connect, others: int) -> None:
    sim.change("User", {"username": "member2"}, {"email": "member1@example.org"})
    wanted = ["member1@example.org", *(f"nobody{number}" for number in range(others))]
    with pytest.raises(
        InvalidInput,
        match=prefix(
            "reference_ambiguous",
            option="user",
            value="member1@example.org",
            objects="users",
            candidates=matching(r"member1 .*, member2 .*"),
        ),
    ):
        connect().references.users.resolve(wanted)


@pytest.mark.parametrize("others", [0, 6])
def test_a_username_that_looks_like_a_uuid_is_tried_as_a_uuid_first(
    sim: Simulator, connect: Connect, others: int
) -> None:
    name = "0123456789abcdef0123456789abcdef"
    sim.change("User", {"username": "member2"}, {"username": name})
    found = connect().references.users.resolve([name, MEMBER1, *(f"nobody{number}" for number in range(others))])
    usernames = [person.username for person in (found[name], found[MEMBER1]) if isinstance(person, User)]
    assert usernames == [name, "member1"]


@pytest.mark.parametrize("others", [0, 6])
def test_a_uuid_that_staff_cannot_see_is_nobody(sim: Simulator, connect: Connect, others: int) -> None:
    nobody = "0123456789abcdef0123456789abcdef"
    found = connect().references.users.resolve([nobody, *(f"nobody{number}" for number in range(others))])
    assert isinstance(found[nobody], UnresolvedUser)


def test_a_uuid_that_an_owner_cannot_see_is_taken_on_trust(sim: Simulator, connect: Connect) -> None:
    rolefree = "a829e6b910c44151a0438a09ab146bfc"
    assert connect("owner").references.users.resolve([rolefree]) == {rolefree: User(rolefree)}


def test_a_name_that_a_token_cannot_see_says_what_to_do(sim: Simulator, connect: Connect) -> None:
    found = connect("owner").references.users.resolve(["rolefree1"])["rolefree1"]
    assert isinstance(found, UnresolvedUser)
    assert (found.reason, found.advice) == (
        "user 'rolefree1' not found, or not readable with this token",
        message("remedy_uuid").removesuffix("."),
    )


@pytest.mark.parametrize("others", [0, 6])
def test_a_deactivated_user_counts_as_missing(sim: Simulator, connect: Connect, others: int) -> None:
    found = connect().references.users.resolve(["inactive", *(f"nobody{number}" for number in range(others))])[
        "inactive"
    ]
    assert isinstance(found, UnresolvedUser)
    assert found.reason == "the user 'inactive' is deactivated"
    assert found.user is not None


def test_a_uuid_whose_person_is_not_shown_costs_no_request(sim: Simulator, connect: Connect) -> None:
    assert connect().references.users.resolve([MEMBER1], frozenset([MEMBER1])) == {MEMBER1: User(MEMBER1)}
    assert sim.counts().requests == 0


def test_users_in_grants_that_were_read_need_no_request(sim: Simulator, connect: Connect) -> None:
    references = connect().references
    references.users.remember([{"user_uuid": MEMBER1, "user_username": "member1", "user_email": "x@example.org"}])
    assert references.users.resolve(["member1", MEMBER1])["member1"] == User(MEMBER1, "member1", "x@example.org", True)
    assert references.users.known_uuid("member1") == MEMBER1
    assert sim.counts().requests == 0


@pytest.mark.parametrize("form", ["user{:04}", "user{:04}@example.org"])
def test_a_thousand_users_cost_pages_and_not_a_thousand_requests(
    other_world: Simulator, connect: Connect, form: str
) -> None:
    other_world.load(generate={"providers": 1, "users": 1000, "grants": 0, "accounts": 0})
    other_world.zero()
    wanted = [form.format(number) for number in range(1, 1001)]
    found = connect().references.users.resolve(wanted)
    assert all(isinstance(found[value], User) for value in wanted)
    assert other_world.counts().requests <= 6


def test_a_few_of_many_users_are_asked_for_by_their_names(other_world: Simulator, connect: Connect) -> None:
    other_world.load(generate={"providers": 1, "users": 3000, "grants": 0, "accounts": 0})
    other_world.zero()
    wanted = [f"user{number:04}" for number in range(1, 21)]
    found = connect().references.users.resolve([*wanted, "user0030@example.org", "a,b"])
    assert all(isinstance(found[value], User) for value in wanted)
    assert isinstance(found["a,b"], UnresolvedUser)
    assert other_world.counts().requests <= 5


def test_a_username_with_a_comma_is_found_among_many(other_world: Simulator, connect: Connect) -> None:
    other_world.load(generate={"providers": 1, "users": 3000, "grants": 0, "accounts": 0})
    other_world.change("User", {"username": "user0100"}, {"username": "a,b"})
    found = connect().references.users.resolve(["a,b", *(f"user{number:04}" for number in range(1, 9))])
    assert all(isinstance(person, User) for person in found.values())


def test_a_server_that_ignores_the_list_of_usernames_is_read_once_and_whole(
    other_world: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_world.load(generate={"providers": 1, "users": 3000, "grants": 0, "accounts": 0})
    session = connect()
    real = session.client.rows
    monkeypatch.setattr(session.client, "rows", lambda name, username_list=None, **query: real(name, **query))
    wanted = [f"user{number:04}" for number in range(1, 900)] + ["user2000@example.org", "nobody"]
    other_world.zero()
    found = session.references.users.resolve(wanted)
    assert [value for value, person in found.items() if isinstance(person, UnresolvedUser)] == ["nobody"]
    assert other_world.counts().requests <= 12


def test_who_was_not_found_or_not_active_is_asked_for_again_in_the_next_run(sim: Simulator, connect: Connect) -> None:
    references = connect().references
    nobody = "0123456789abcdef0123456789abcdef"
    assert all(isinstance(found, UnresolvedUser) for found in references.users.resolve(["inactive", nobody]).values())
    sim.change("User", {"username": "inactive"}, {"is_active": True})
    references.start_run()
    assert isinstance(references.users.resolve(["inactive"])["inactive"], User)


# --- suggestions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("ALPA", "ALPHA"),
        ("alpha", "ALPHA"),
        ("Alpha Clod Ltd", "Alpha Cloud Ltd"),
        ("alpha cloud", "Alpha Cloud Ltd"),
    ],
)
@pytest.mark.parametrize("kind", ["service_provider", "customer"])
@pytest.mark.parametrize("alias", ["staff", "owner"])
def test_an_unknown_provider_or_customer_suggests_the_closest_spelling_of_any_kind(
    sim: Simulator, connect: Connect, alias: str, kind: str, value: str, meant: str
) -> None:
    with pytest.raises(InvalidInput) as told:
        connect(alias).references.resolve_target(kind, kind, value)
    assert ends(told.value.message, "suggestion", value=meant)


def test_a_slug_is_suggested_where_it_is_the_closest(sim: Simulator, connect: Connect) -> None:
    references = connect().references
    slug = next(row["customer_slug"] for row in references.provider_list.rows() if "-" in row["customer_slug"])
    with pytest.raises(InvalidInput, match=fragment("suggestion", value=slug)):
        references.resolve_target("service_provider", "service_provider", slug.replace("-", "_"))


def test_an_unknown_customer_without_a_provider_is_suggested_and_one_like_no_other_is_not(
    sim: Simulator, connect: Connect
) -> None:
    with pytest.raises(InvalidInput, match=fragment("suggestion", value="SPARE")):
        connect().references.resolve_target("customer", "customer", "SPARR")
    for kind in ("customer", "service_provider"):
        with pytest.raises(InvalidInput, match=r"UUID\.$"):
            connect().references.resolve_target(kind, kind, "zzzzzzzz")


def test_staff_are_not_advised_to_use_a_staff_token(sim: Simulator, connect: Connect) -> None:
    for alias, advice in (("staff", "check the spelling"), ("owner", "give the UUID, use a staff token")):
        references = connect(alias).references
        missing = references.users.with_advice(references.users.resolve(["nobody", "member1"]))["nobody"]
        assert isinstance(missing, UnresolvedUser)
        assert missing.advice == advice
