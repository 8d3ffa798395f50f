# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about a provider: which subsets a list of names asks for, what they cost, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import fragment, matching, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RouteMissing,
    ServerDefect,
)
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.facts import FACTS, SUBSETS, select_subsets
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

EVERYTHING = set(SUBSETS)
PROVIDERS = "/api/marketplace-service-providers/"


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator.start(edition=request.param) as simulator:
        yield simulator


def session(sim: Simulator, alias: str = "staff") -> Session:
    client = Client(Connection(sim.url, sim.token(alias), retries=0))
    return Session(client, References(client))


def gathered(one: Session, *subsets: str, service_provider: str = "ALPHA") -> dict[str, Any]:
    options = {"service_provider": service_provider, "gather_subset": list(subsets)}
    facts: dict[str, Any] = FACTS["service_provider_facts"].answer(one, options)["ansible_facts"]["waldur"]
    return facts


# --- which subsets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["all"], EVERYTHING),
        ([], EVERYTHING),
        (["min"], {"profile"}),
        (["roles"], {"profile", "roles"}),
        (["roles", "statistics"], {"profile", "roles", "statistics"}),
        (["all", "!counts"], EVERYTHING - {"counts"}),
        (["!counts", "all"], EVERYTHING - {"counts"}),
        (["!counts", "!roles"], EVERYTHING - {"counts", "roles"}),
        (["!all"], {"profile"}),
        (["!all", "roles"], {"profile", "roles"}),
        (["!all", "!min", "roles"], {"roles"}),
        (["!min"], EVERYTHING - {"profile"}),
        (["!profile"], EVERYTHING - {"profile"}),
        (["min", "!profile"], set()),
        (["all", "!all"], {"profile"}),
        (["!all", "!min"], set()),
        (["roles", "!roles"], {"profile", "roles"}),
        ([" roles ", "!counts"], {"profile", "roles"}),
    ],
)
def test_a_list_of_names_asks_for_these_subsets(given: list[str], found: set[str]) -> None:
    assert set(select_subsets(given)) == found


def test_subsets_keep_their_order_and_know_who_was_named() -> None:
    assert list(select_subsets(["counts", "roles"]).items()) == [("profile", False), ("roles", True), ("counts", True)]
    assert select_subsets(["all", "roles"])["statistics"] is False
    assert select_subsets(["all", "roles"])["roles"] is True


@pytest.mark.parametrize("given", ["role", "!role"])
def test_an_unknown_subset_is_refused_with_the_nearest_one_before_anything_is_asked(sim: Simulator, given: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        gathered(session(sim), given)
    assert refused.value.message == (
        message(
            "gather_subset_invalid",
            choices="all or min or profile or roles or statistics or revenue or compliance or accounts or counts",
            value="role",
            suggestion="roles",
        )
    )
    assert sim.counts().requests == 0


# --- what is told ----------------------------------------------------------------------------------------------------


def test_the_facts_are_what_the_lists_say(edition: Simulator) -> None:
    one = session(edition)
    facts = gathered(one, "all")
    uuid = facts["profile"]["uuid"]
    assert facts["profile"] == one.client.get("service_provider", uuid)
    assert facts["statistics"] == one.client.get("stat", uuid)
    assert facts["revenue"][0] == {"total": 130, "year": 2026, "month": 8}
    lists = {"customers", "projects", "users", "offerings", "project_permissions"}
    assert {name: facts["counts"][name] for name in lists} == {name: len(one.client.rows(name, uuid)) for name in lists}
    assert facts["counts"]["ssh_keys"] == len(one.client.rows("keys", uuid))
    if edition.edition != "2024":
        assert [row["user_username"] for row in facts["roles"]] == ["manager_alpha"]
        accounts = one.client.rows("compliance_offering_users", uuid)
        assert sum(facts["compliance"]["offering_users"].values()) == len(accounts)
        for status, number in facts["compliance"]["offering_users"].items():
            assert number == sum(row["compliance_status"] == status for row in accounts)
        assert facts["compliance"]["overview"] == one.client.rows("compliance_overview", uuid)
        assert facts["counts"]["course_accounts"] == len(one.client.rows("course_accounts", uuid)) > 0
        assert facts["counts"]["project_service_accounts"] == len(one.client.rows("project_service_accounts", uuid)) > 0
        assert one.warnings == []


def test_the_next_run_on_the_same_connection_reads_the_profile_anew(edition: Simulator) -> None:
    one = session(edition)
    before = gathered(one, "min")
    one.references.start_run()
    assert gathered(one, "min") == before
    edition.change("ServiceProvider", {"uuid": before["profile"]["uuid"]}, {"description": "new"})
    one.references.start_run()
    assert gathered(one, "min")["profile"]["description"] == "new"
    edition.reset(frozen=True)


@pytest.mark.parametrize(
    ("subset", "requests"),
    [
        ("min", 0),
        ("roles", 1),
        ("statistics", 1),
        ("revenue", 1),
        ("compliance", 4),
        ("accounts", 2),
        ("counts", 8),
        ("all", 17),
    ],
)
def test_a_subset_costs_this_many_requests_beside_the_one_that_finds_the_provider(
    sim: Simulator, subset: str, requests: int
) -> None:
    gathered(session(sim), subset)
    assert (sim.counts().requests, sim.counts().writes) == (1 + requests, 0)


def test_nothing_to_gather_is_a_fact_without_keys_of_a_provider_that_exists(sim: Simulator) -> None:
    assert gathered(session(sim), "!all", "!min") == {}
    with pytest.raises(InvalidInput, match=fragment("provider_not_found", value="Nobody")):
        gathered(session(sim), "!all", "!min", service_provider="Nobody")


# --- what can't be told ----------------------------------------------------------------------------------------------


def test_what_an_old_waldur_does_not_have_is_null_with_a_warning(edition: Simulator) -> None:
    one = session(edition)
    facts = gathered(one, "all")
    if edition.edition == "2024":
        assert (facts["roles"], facts["compliance"]) == (None, None)
        assert (facts["counts"]["course_accounts"], facts["counts"]["project_service_accounts"]) == (None, None)
        assert one.warnings == [
            message(
                "fact_null",
                fact="roles",
                cause=message("feature_missing", feature="roles on service providers", since=2025),
            ),
            message(
                "fact_null",
                fact="compliance",
                cause=message("feature_missing", feature="compliance reports", since=2025),
            ),
            message(
                "fact_counts_null",
                counts="counts.course_accounts, counts.project_service_accounts",
                cause=message("lists_missing"),
            ),
        ]
        with pytest.raises(RouteMissing, match=fragment("feature_missing", feature=matching(r"compliance reports.*"))):
            gathered(one, "compliance")
    assert facts["statistics"]["current_customers"] == 2


def test_what_the_token_may_not_read_is_null_with_a_warning_and_an_error_where_it_is_named(sim: Simulator) -> None:
    one = session(sim, "outsider")
    facts = gathered(one, "!counts")
    assert facts["profile"]["customer_abbreviation"] == "ALPHA"
    assert [name for name, fact in facts.items() if fact is None] == ["statistics", "revenue", "compliance"]
    rights = ("GET_STATISTICS", "GET_REVENUE", "LIST_CUSTOMERS")
    for warning, right in zip(one.warnings, rights, strict=True):
        assert right in warning
    with pytest.raises(Forbidden, match="GET_STATISTICS"):
        gathered(one, "all", "statistics")


def test_a_list_that_may_not_be_counted_is_null_though_counts_were_named(sim: Simulator) -> None:
    one = session(sim, "owner")
    facts = gathered(one, "counts")
    assert facts["counts"]["users"] == 7
    assert (facts["counts"]["course_accounts"], facts["counts"]["project_service_accounts"]) == (None, None)
    assert one.warnings == [
        message(
            "fact_counts_null",
            counts="counts.course_accounts, counts.project_service_accounts",
            cause=message("lists_forbidden"),
        )
    ]


def test_counts_are_null_where_no_list_may_be_counted(sim: Simulator) -> None:
    sim.fault(path=f"{PROVIDERS}*/*page_size=1", times=None, status=403, body={"detail": "No."})
    one = session(sim)
    assert gathered(one, "!compliance")["counts"] is None
    assert one.warnings == [
        message(
            "fact_null",
            fact="counts",
            cause=message(
                "request_rejected",
                request="list the provider's customers",
                status=403,
                reason="No.",
                remedy=": " + message("permission_of_provider", permission="LIST_CUSTOMERS", until=" before 2026"),
            ),
        )
    ]
    with pytest.raises(Forbidden):
        gathered(one, "counts")


@pytest.mark.parametrize("path", ["stat/", "keys/*", "compliance/offering_users/*"])
def test_a_server_that_breaks_is_an_error_and_no_missing_fact(sim: Simulator, path: str) -> None:
    sim.fault(path=f"{PROVIDERS}*/{path}", status=500)
    with pytest.raises(ServerDefect):
        gathered(session(sim), "all")
