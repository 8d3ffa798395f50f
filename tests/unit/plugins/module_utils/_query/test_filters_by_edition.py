# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of a Waldur that ignores their filters, as a real one of 2024 did, and filters named like our own words."""

from __future__ import annotations

from typing import Any

import pytest
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import ErrorResponse, InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.images import read_image
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator

from ...helpers.fixture_types import Connect


def rows(session: Session, listing: str, **given: Any) -> list[dict[str, Any]]:
    return read(
        session, listing, session.references.resolve_target("service_provider", "service_provider", "ALPHA"), given
    )


@pytest.fixture(scope="module")
def old() -> Any:
    """A Waldur of 2024."""
    with Simulator.start(edition="2024") as simulator:
        client = Client(Connection(simulator.url, simulator.token("staff"), retries=0))
        yield Session(client, References(client), "fail")


def test_filters_called_name_and_uuid_are_sent_as_any_other(sim: Simulator, connect: Connect) -> None:
    session = connect()
    key = rows(session, "keys", name="MEMBER1-key1")[0]
    assert key["name"] == "member1-key1"
    assert [row["name"] for row in rows(session, "keys", uuid=key["uuid"])] == ["member1-key1"]
    assert [request["path"].partition("?")[2] for request in sim.requests()[1:]] == [
        "name=MEMBER1-key1&page_size=300",
        f"uuid={key['uuid']}&page_size=300",
    ]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("customers", {"archived": True}),
        ("customers", {"registration_code": "12345"}),
        ("user_customers", {"user": "member1", "native_name": "Consumer"}),
        ("projects", {"can_admin": True}),
        ("customer_projects", {"project_customer": "CONSUMER", "created": "2026-01-01"}),
        ("project_permissions", {"role": "PROJECT.MEMBER"}),
        ("keys", {"modified": "2026-01-01"}),
        ("users", {"customer": "CONSUMER"}),
        ("offerings", {"customer": "ALPHA"}),
    ],
)
def test_a_filter_that_an_old_server_ignores_and_rows_do_not_tell_is_refused(
    old: Session, name: str, given: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match=fragment("filter_of_newer_waldur", since=2025)):
        rows(old, name, **given)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("customers", {"name": "consumer"}, ["Consumer Institute"]),
        ("projects", {"customer": ["CONSUMER"]}, ["Project c1", "Project c2"]),
        ("keys", {"name_exact": "pm1-key1"}, ["pm1-key1"]),
    ],
)
def test_a_filter_that_an_old_server_ignores_is_applied_to_the_rows_where_they_tell(
    old: Session, name: str, given: dict[str, Any], expected: list[str]
) -> None:
    assert sorted(row["name"] for row in rows(old, name, **given)) == expected


@pytest.mark.parametrize(("name", "given"), [("projects", {}), ("customer_projects", {"project_customer": "CONSUMER"})])
def test_no_project_of_a_provider_on_2024_is_removed_though_rows_do_not_say_so(
    old: Session, name: str, given: dict[str, Any]
) -> None:
    assert rows(old, name, is_removed=False, **given) == rows(old, name, **given) != []
    assert rows(old, name, is_removed=True, **given) == []


def test_delete_of_a_provider_is_planned_on_a_waldur_that_has_no_state_unavailable(old: Session) -> None:
    document = SCHEMA.read([{"customer": "ALPHA", "state": "absent"}], read_image)
    with pytest.raises(
        InvalidInput, match=fragment("provider_has_offerings", offerings=matching(r"Alpha Draft \(Draft\).*"))
    ):
        plan_changes(old, RESOURCES, document)


@pytest.mark.parametrize("states", [["Unavailable"], ["Active", "Unavailable"]])
def test_a_state_of_offerings_that_2024_rejects_is_never_sent_to_it(
    old: Session, states: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    read_rows = old.client.rows

    def recording(*names: Any, **query: Any) -> Any:
        sent.append(query)
        return read_rows(*names, **query)

    monkeypatch.setattr(old.client, "rows", recording)
    wanted = {row["name"] for row in rows(old, "offerings") if row["state"] in states}
    assert {row["name"] for row in rows(old, "offerings", state=states)} == wanted
    assert bool(wanted) is ("Active" in states)
    assert sent
    assert not any("state" in query for query in sent)


@pytest.mark.parametrize("states", [["Pending"], ["OK", "Pending"]])
def test_a_state_of_course_accounts_that_2025_rejects_is_never_sent_to_it(
    sim: Simulator, connect: Connect, states: list[str]
) -> None:
    session = connect()
    wanted = [row["uuid"] for row in rows(session, "course_accounts") if row["state"] in states]
    assert [row["uuid"] for row in rows(session, "course_accounts", state=states)] == wanted
    assert not [request["path"] for request in sim.requests() if "state=Pending" in request["path"]]


@pytest.mark.parametrize(("edition", "blocks"), [("2025", True), ("2026", False)])
def test_an_offering_below_another_blocks_the_deletion_of_its_provider_only_where_the_server_says_so(
    edition: str, blocks: bool
) -> None:
    with Simulator.start(edition=edition) as sim:
        where = {"customer__name": "Alpha Cloud Ltd"}
        sim.change("Offering", where, {"state": "Archived"})
        parent = sim.change("Offering", {"name": "Alpha Draft"}, {"state": "Archived"})[0]
        child = sim.create("Offering", name="Child", customer="Alpha Cloud Ltd", state="Active", parent=parent)
        client = Client(Connection(sim.url, sim.token("staff"), retries=0))
        session = Session(client, References(client))
        document = SCHEMA.read([{"customer": "ALPHA", "state": "absent"}], read_image)
        assert child
        if blocks:
            with pytest.raises(InvalidInput, match=fragment("provider_has_offerings", offerings="Child (Active)")):
                plan_changes(session, RESOURCES, document)
            with pytest.raises(ErrorResponse, match="active offerings"):
                client.write("destroy", session.references.provider_list.rows()[0]["uuid"], expect_body=False)
        else:
            planned = plan_changes(session, RESOURCES, document)
            apply(session, planned)
            assert [change.action.name for change in planned.changes] == ["delete"]


def test_what_an_old_server_needs_to_answer_at_all_is_sent(old: Session) -> None:
    assert [row["name"] for row in rows(old, "user_customers", user="member3")] == ["Consumer Institute"]
    found = rows(old, "customer_projects", project_customer="CONSUMER")
    assert sorted(row["name"] for row in found) == ["Project c1", "Project c2"]


def test_an_order_that_rows_do_not_tell_is_refused_and_never_asked_of_the_server(
    sim: Simulator, connect: Connect
) -> None:
    with pytest.raises(InvalidInput, match=fragment("order_unknown", option="order_by", field="created")):
        rows(connect(), "offerings", order_by=["created"])
    assert rows(connect(), "offerings", order_by=["-name"])[-1]["name"] == "Alpha Draft"
    assert not [request["path"] for request in sim.requests() if "o=" in request["path"]]
