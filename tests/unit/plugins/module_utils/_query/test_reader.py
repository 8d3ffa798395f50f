# SPDX-License-Identifier: GPL-3.0-or-later
"""What people call things, where lists are filtered by them: which way wins, who is found, and what an error says."""

from __future__ import annotations

from typing import Any

import pytest
from messages import begins, ends, fragment, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter, ReferenceType
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read, resolve_reference
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from simulator_process import Simulator

from ...helpers.fixture_types import Connect

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
CONSUMER = "47d72aa7327a4e45944a42b02349eb16"
MEMBER1 = "51d1acdbef2e4274bda95a1ce5391e54"
PROJECT = "166880ed37384add85492b3e26ccc70e"
OFFERING = "9b578d38ebd848f894aad61d962a512b"
MANAGER = "d51bab95e9a74d39be894869c14ec67e"


def alpha(session: Session) -> Target:
    return session.references.resolve_target("service_provider", "service_provider", "ALPHA")


def meant(session: Session, kind: ReferenceType, value: str) -> str:
    return resolve_reference(session, alpha(session), Parameter(kind, kind), kind, value)


def refused(session: Session, kind: ReferenceType, value: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        meant(session, kind, value)
    return caught.value.message


@pytest.mark.parametrize(
    ("kind", "uuid", "path"),
    [
        ("customer", CONSUMER, "customers"),
        ("user", MEMBER1, "users"),
        ("project", PROJECT, "projects"),
        ("offering", OFFERING, "marketplace-provider-offerings"),
        ("offering", OFFERING, "marketplace-public-offerings"),
    ],
)
def test_a_uuid_or_a_url_is_taken_as_it_is_without_asking(
    sim: Simulator, connect: Connect, kind: ReferenceType, uuid: str, path: str
) -> None:
    session = connect()
    alpha(session)
    sim.zero()
    dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    for given in (
        uuid,
        uuid.upper(),
        dashed,
        f"/api/{path}/{uuid}/",
        f"https://anything.example.org/api/{path}/{uuid}",
    ):
        assert resolve_reference(session, alpha(session), Parameter(kind, kind), kind, given) == uuid
    assert sim.counts().requests == 0


@pytest.mark.parametrize("kind", ["customer", "user", "project", "offering", "role"])
def test_the_url_of_something_else_is_no_reference(sim: Simulator, connect: Connect, kind: ReferenceType) -> None:
    assert refused(connect(), kind, f"/api/keys/{MEMBER1}/").startswith(f"{kind}: ")


@pytest.mark.parametrize(
    ("kind", "value", "uuid"),
    [
        ("customer", "Consumer Institute", CONSUMER),
        ("customer", "CONSUMER", CONSUMER),
        ("customer", "consumer-1", CONSUMER),
        ("user", "member1", MEMBER1),
        ("user", "MEMBER1@example.org", MEMBER1),
        ("project", "Project c1", PROJECT),
        ("offering", "Alpha VM", OFFERING),
        ("role", "CUSTOMER.MANAGER", MANAGER),
        ("role", MANAGER.upper(), MANAGER),
    ],
)
def test_a_name_means_its_object(sim: Simulator, connect: Connect, kind: ReferenceType, value: str, uuid: str) -> None:
    assert meant(connect(), kind, value) == uuid


@pytest.mark.parametrize("value", ["Consumer Institute", "CONSUMER", "consumer-1"])
def test_a_customer_whom_the_token_does_not_see_is_found_among_those_served(
    sim: Simulator, connect: Connect, value: str
) -> None:
    session = connect("owner")
    with pytest.raises(InvalidInput, match=r"customer .* not found"):
        session.references.resolve_target("customer", "customer", value)
    assert meant(session, "customer", value) == CONSUMER


def test_a_customer_unknown_to_both_lists_is_reported(sim: Simulator, connect: Connect) -> None:
    expected = "customer: customer 'Nobody' not found, or not readable with this token: "
    for alias in ("staff", "owner", "manager_alpha", "outsider"):
        assert refused(connect(alias), "customer", "Nobody").startswith(expected)


def test_a_customer_by_a_name_that_several_served_ones_share_is_refused(sim: Simulator, connect: Connect) -> None:
    session = connect("owner")
    served = session.client.rows("customers", ALPHA)
    assert len(served) > 1
    for row in served:
        sim.change("Customer", {"uuid": row["uuid"]}, {"abbreviation": "TWIN"})
    assert begins(refused(session, "customer", "TWIN"), "customer_not_found", option="customer", value="TWIN")
    assert meant(session, "customer", "consumer-1") == CONSUMER


def test_a_project_or_offering_is_looked_for_within_the_provider_alone(sim: Simulator, connect: Connect) -> None:
    told = "Alpha Cloud Ltd has no {0} '{1}': give its exact name or its UUID."
    assert refused(connect(), "project", "project c1") == "project: " + told.format("project", "project c1")
    assert refused(connect(), "offering", "Beta VM") == "offering: " + told.format("offering", "Beta VM")


def test_an_offering_that_is_not_shared_is_found_as_well(sim: Simulator, connect: Connect) -> None:
    sim.change("Offering", {"name": "Alpha VM"}, {"shared": False})
    assert meant(connect(), "offering", "Alpha VM") == OFFERING
    assert refused(connect("outsider"), "offering", "Alpha VM").startswith("offering: Alpha Cloud Ltd has no offering")


@pytest.mark.parametrize(
    ("kind", "model", "other", "name"),
    [("project", "Project", "Project c2", "Project c1"), ("offering", "Offering", "Alpha Storage", "Alpha VM")],
)
def test_a_name_of_several_is_refused_with_their_uuids(
    sim: Simulator, connect: Connect, kind: ReferenceType, model: str, other: str, name: str
) -> None:
    uuids = [*sim.change(model, {"name": other}, {"name": name}), PROJECT if kind == "project" else OFFERING]
    text = refused(connect(), kind, name)
    assert begins(text, "ambiguous_at_provider", option=kind, value=name, kind=kind, provider="Alpha Cloud Ltd")
    assert all(uuid in text for uuid in uuids)
    assert ends(text, "ambiguous_at_provider")


def test_a_name_needs_a_provider_to_look_in(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=pattern("name_needs_provider", option="project", value="x")):
        resolve_reference(connect(), None, Parameter("project", "project"), "project", "x")
    spare = connect().references.resolve_target("customer", "customer", "SPARE")
    with pytest.raises(InvalidInput, match=fragment("name_needs_provider")):
        resolve_reference(connect(), spare, Parameter("offering", "offering"), "offering", "x")
    with pytest.raises(InvalidInput, match=fragment("customer_not_found", value="x")):
        resolve_reference(connect(), None, Parameter("customer", "customer"), "customer", "x")


def test_a_user_is_refused_where_several_have_the_address_and_where_nobody_has(
    sim: Simulator, connect: Connect
) -> None:
    sim.change("User", {"username": "member2"}, {"email": "member1@example.org"})
    assert "member1@example.org" in refused(connect(), "user", "member1@example.org")
    assert refused(connect(), "user", "bob") == message(
        "user_not_found", option="user", value="bob", remedy=message("remedy_user")
    )
    assert refused(connect("owner"), "user", "bob") == (
        message("user_not_found", option="user", value="bob", remedy=message("remedy_uuid"))
    )


def test_a_role_that_is_not_there_is_refused_with_those_that_are(sim: Simulator, connect: Connect) -> None:
    text = refused(connect(), "role", "CUSTOMER.MANGER")
    assert begins(text, "role_unknown", option="role", value="CUSTOMER.MANGER")
    assert "CUSTOMER.MANAGER" in text


def test_each_of_a_list_is_resolved_and_named_by_its_option(sim: Simulator, connect: Connect) -> None:
    session = connect()
    rows = read(session, "projects", alpha(session), {"customer": ["CONSUMER", CONSUMER]})
    assert {row["customer_uuid"] for row in rows} == {CONSUMER}
    with pytest.raises(InvalidInput, match=prefix("customer_not_found", option="filters.customer", value="Nobody")):
        read(session, "projects", alpha(session), {"customer": ["CONSUMER", "Nobody"]}, "filters.")


def test_what_is_checked_and_sorted_by_is_asked_for_beside_the_fields(sim: Simulator, connect: Connect) -> None:
    session = connect()
    target = alpha(session)
    sim.zero()
    given: dict[str, Any] = {"fields": ["name"], "customer": "CONSUMER", "order_by": ["estimated_cost"]}
    assert all([*row] == ["name"] for row in read(session, "projects", target, given))
    query = sim.requests()[-1]["path"].partition("?")[2].split("&")
    fields = [pair.partition("=")[2] for pair in query if pair.startswith("field=")]
    assert fields == ["name", "uuid", "customer_uuid", "billing_price_estimate"]


def test_a_server_that_takes_no_fields_is_asked_for_none(sim: Simulator, connect: Connect) -> None:
    session = connect()
    target = alpha(session)
    sim.zero()
    rows = read(session, "robot_account_customers", target, {"fields": ["name"]})
    assert rows
    assert all([*row] == ["name"] for row in rows)
    assert "field=" not in sim.requests()[-1]["path"]
