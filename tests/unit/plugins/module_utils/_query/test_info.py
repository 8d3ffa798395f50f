# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that return something else than the rows of one list."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message, pattern

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, RouteMissing
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

from ...helpers.fixture_types import Connect


def ask(session: Session, module: str, **options: Any) -> dict[str, Any]:
    defaults = {name: one.get("default") for name, one in INFOS[module].options.items()}
    return INFOS[module].answer(session, {**defaults, "service_provider": "ALPHA", **options})


def names(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["scope_type"], row["name"]) for row in rows]


@pytest.fixture(scope="module")
def old() -> Any:
    """A Waldur of 2024."""
    with Simulator.start(edition="2024") as simulator:
        client = Client(Connection(simulator.url, simulator.token("staff"), retries=0))
        yield Session(client, References(client), "fail")


def test_robot_accounts_are_those_of_customers_and_then_of_projects(sim: Simulator, connect: Connect) -> None:
    found = ask(connect(), "robot_account_info")
    assert names(found["robot_accounts"]) == [
        ("customer", "Consumer Institute"),
        ("customer", "Delta University"),
        ("project", "Project c1"),
        ("project", "Project d1"),
    ]
    assert found["count"] == 4


def test_a_filter_of_one_list_of_robot_accounts_leaves_the_other_out(sim: Simulator, connect: Connect) -> None:
    session = connect()
    assert names(ask(session, "robot_account_info", customer_name="delta")["robot_accounts"]) == [
        ("customer", "Delta University")
    ]
    assert names(ask(session, "robot_account_info", project_name="C1")["robot_accounts"]) == [("project", "Project c1")]
    both = ask(session, "robot_account_info", customer_name="delta", project_name="c1")
    assert names(both["robot_accounts"]) == [("customer", "Delta University"), ("project", "Project c1")]


def test_both_lists_of_robot_accounts_are_sorted_trimmed_and_limited_together(sim: Simulator, connect: Connect) -> None:
    found = ask(connect(), "robot_account_info", order_by=["-name"], fields=["name"], limit=2)
    assert found == {"robot_accounts": [{"name": "Project d1"}, {"name": "Project c1"}], "count": 2}


def test_months_of_revenue_are_numbers_whatever_the_server_gives(
    sim: Simulator, connect: Connect, old: Session
) -> None:
    for session in (connect(), old):
        rows = ask(session, "revenue_info")["revenue"]
        assert [{type(value) for value in row.values()} for row in rows] == [{int}] * 4
    assert ask(old, "revenue_info", order_by=["-total"], limit=1)["revenue"][0]["month"] == 8


def test_filters_of_compliance_narrow_the_accounts_alone(sim: Simulator, connect: Connect) -> None:
    session = connect()
    whole = ask(session, "compliance_info")["compliance"]
    found = ask(session, "compliance_info", compliance_status="completed", offering="Alpha Storage")
    accounts = found["compliance"]["offering_users"]
    assert [row["username"] for row in accounts] == ["m1_alpha"]
    assert found["count"] == 1 < len(whole["offering_users"])
    assert found["compliance"]["overview"] == whole["overview"]
    assert found["compliance"]["checklists"] == whole["checklists"]


def test_an_old_waldur_has_no_compliance_reports(old: Session) -> None:
    with pytest.raises(RouteMissing, match=pattern("feature_missing", feature="compliance reports", since=2025)):
        ask(old, "compliance_info")


def test_the_secret_code_is_shown_only_on_request(sim: Simulator, connect: Connect) -> None:
    session = connect()
    code = session.client.secret_code("e182aaedb6ae4541956a3c14629abc02")
    hidden = ask(session, "api_secret_code_info")
    assert code
    assert set(hidden) == {"fingerprint"}
    assert code not in str(hidden)
    assert ask(session, "api_secret_code_info", reveal=True) == {**hidden, "api_secret_code": code}


def test_a_provider_without_a_secret_code_has_no_fingerprint(sim: Simulator, connect: Connect) -> None:
    sim.change("ServiceProvider", {"customer__abbreviation": "ALPHA"}, {"api_secret_code": None})
    assert ask(connect(), "api_secret_code_info") == {"fingerprint": None}


def test_one_service_provider_is_asked_for_by_any_name_of_it(sim: Simulator, connect: Connect) -> None:
    session = connect()
    every = ask(session, "service_provider_info", service_provider=None)["service_providers"]
    one = ask(session, "service_provider_info", service_provider="Alpha Cloud Ltd")
    assert one["count"] == 1 < len(every)
    assert one["service_providers"][0] in every


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"customer_keyword": "alpha"}, "customer_keyword"),
        ({"limit": 1, "order_by": ["customer_name"]}, "order_by, limit"),
    ],
)
def test_what_chooses_among_service_providers_does_not_go_with_the_name_of_one(
    sim: Simulator, connect: Connect, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(connect(), "service_provider_info", **options)
    assert refused.value.message == message("provider_excludes_filters", option="service_provider", filters=named)


def test_the_accounts_are_those_of_this_provider_alone(sim: Simulator, connect: Connect) -> None:
    session = connect()
    owners = {
        provider: {
            row["customer_name"]
            for row in ask(session, "offering_username_info", service_provider=provider)["offering_usernames"]
        }
        for provider in ("ALPHA", "BETA")
    }
    assert owners == {"ALPHA": {"Alpha Cloud Ltd"}, "BETA": {"Beta HPC Centre"}}
