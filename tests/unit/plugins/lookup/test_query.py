# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``query``: every operation that reads, its filters, and what is said about wrong ones."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible.errors import AnsibleLookupError
from ansible.utils.display import Display
from messages import begins, matching, mentions, message
from provider_accounts import add_provider_accounts, add_username_conflict

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import Operation, operation
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._query import filters
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup import base, queries
from simulator_process import Simulator

from ..helpers.lookup_plugins import READING, ask, of_alpha

# Ansible takes these keywords for itself, or its plugins' run() does.
TAKEN = {"wantlist", "errors", "allow_unsafe", "terms", "variables", "service_provider"}

reading = pytest.mark.parametrize("one", READING, ids=lambda one: one.name)
lists = pytest.mark.parametrize("one", [one for one in READING if one.is_list], ids=lambda one: one.name)


def asked(sim: Simulator) -> list[tuple[str, dict[str, list[str]]]]:
    """Path and parameters of each request for something else than the list of providers."""
    urls = [urlsplit(request["path"]) for request in sim.requests() if request["method"] == "GET"]
    return [
        (url.path, parse_qs(url.query)) for url in urls if url.path != operation("service_providers").path or url.query
    ]


def refusal(sim: Simulator, *terms: Any, **given: Any) -> str:
    with pytest.raises(AnsibleLookupError) as refused:
        ask(sim, *terms, **given)
    return str(refused.value)


# --- terms -----------------------------------------------------------------------------------------------------------


@reading
def test_every_operation_that_reads_is_a_term_that_asks_its_path(sim: Simulator, one: Operation) -> None:
    rows = of_alpha(sim, one.name)
    assert rows
    assert all(isinstance(row, dict) for row in rows)
    path = one.path.format(uuid=ask(sim, "service_providers", fields="uuid", limit=1)[0]["uuid"])
    assert path in [url for url, _query in asked(sim)]
    assert sim.counts().writes == 0


@reading
def test_the_end_of_a_path_is_a_term_too(sim: Simulator, one: Operation) -> None:
    end = one.path.partition("{uuid}/")[2].strip("/") or one.name
    assert of_alpha(sim, end) == of_alpha(sim, one.name)


def test_the_accounts_in_offerings_are_those_that_the_module_returns(sim: Simulator) -> None:
    rows = of_alpha(sim, "marketplace_offering_users", user="member1", fields=["offering_name", "username"])
    options = {"service_provider": "ALPHA", "user": "member1", "fields": ["offering_name", "username"]}
    connection = Connection(sim.url, sim.token("staff"))
    told = runner.run("offering_username_info", options, connection, check=False, diff=False)
    assert rows == told["offering_usernames"]
    assert {row["offering_name"] for row in rows} == {"Alpha Storage", "Alpha VM"}


def test_a_waldur_of_2026_has_terms_for_service_provider_accounts_and_username_conflicts(sim: Simulator) -> None:
    with Simulator.start(edition="2026") as new:
        add_provider_accounts(new)
        add_username_conflict(new)
        rows = of_alpha(new, "provider_accounts", user="member2", fields=["username", "service_provider_name"])
        assert rows == [{"username": "m2_alpha", "service_provider_name": "Alpha Cloud Ltd"}]
        [conflict] = of_alpha(new, "username_conflicts", fields=["user_username"])
        assert conflict == {"user_username": "member1"}
        text = refusal(new, "provider_accounts", service_provider="ALPHA", customer_uuid="0" * 32)
        assert begins(text, "lookup_option_unknown", option="customer_uuid", place="provider_accounts")
    for term in ("provider_accounts", "username_conflicts"):
        text = refusal(sim, term, service_provider="ALPHA")
        assert text == message("feature_missing", feature="service provider accounts", since=2026)


def test_the_rows_of_several_terms_follow_each_other(sim: Simulator) -> None:
    both = ask(sim, "robot_account_customers", ["robot_account_projects"], service_provider="ALPHA")
    assert both == of_alpha(sim, "robot_account_customers") + of_alpha(sim, "robot_account_projects")
    assert len(both) > 2


@pytest.mark.parametrize("term", ["stat", "service_provider"])
def test_an_object_is_one_row(sim: Simulator, term: str) -> None:
    assert len(of_alpha(sim, term)) == 1


def test_numbers_of_the_revenue_are_numbers(sim: Simulator) -> None:
    assert {type(row["year"]) for row in of_alpha(sim, "revenue", order_by="-total", limit=2)} == {int}


def test_an_unknown_term_is_refused_with_the_nearest(sim: Simulator) -> None:
    assert refusal(sim, "user", service_provider="ALPHA") == message(
        "term_unknown", term="user", hint="did you mean users?"
    )
    assert sim.requests() == []


def test_a_term_like_no_other_is_refused_with_all_there_are(sim: Simulator) -> None:
    text = refusal(sim, "qqqq")
    assert "use one of checklists_summary, compliance_offering_users, compliance_overview, course_accounts" in text


def test_no_term_at_all_is_refused(sim: Simulator) -> None:
    assert begins(refusal(sim), "term_missing", terms=matching(r"checklists_summary,.*"))


def test_a_name_of_two_lists_is_refused_with_both(sim: Simulator) -> None:
    text = refusal(sim, "offering_users", service_provider="ALPHA")
    assert "compliance_offering_users" in text
    assert "marketplace_offering_users" in text


def test_the_secret_code_is_no_term(sim: Simulator) -> None:
    assert "the lookup waldur.provider.api_secret_code" in refusal(sim, "api_secret_code", service_provider="ALPHA")
    assert sim.requests() == []


def test_what_writes_is_no_term(sim: Simulator) -> None:
    for term in ("create", "add_user", "delete_user", "generate_api_secret_code"):
        assert mentions(refusal(sim, term, service_provider="ALPHA"), "term_unknown")
    assert sim.counts().writes == 0


# --- filters ---------------------------------------------------------------------------------------------------------


@lists
def test_fields_order_and_limit_hold_for_every_list(sim: Simulator, one: Operation) -> None:
    row = of_alpha(sim, one.name)[0]
    key = next(iter(row))
    orders = [name for name, told in filters.orders(one).items() if told in row] or [key]
    assert [list(row) for row in of_alpha(sim, one.name, fields=[key], limit=1)] == [[key]]
    rows = of_alpha(sim, one.name)
    turned = of_alpha(sim, one.name, order_by=f"-{orders[0]}")
    assert sorted(map(str, turned)) == sorted(map(str, rows))


def test_no_filter_has_a_name_that_is_taken() -> None:
    for one in READING:
        names = {*filters.options(one), *filters.aliases(one)}
        assert not names & {*TAKEN, *NAMES}, one.name


@pytest.mark.parametrize(
    ("term", "given", "sent"),
    [
        ("projects", {"name": "c1"}, {"name": ["c1"]}),
        ("users", {"query": "member1"}, {"query": ["member1"]}),
        ("users", {"is_active": True}, {"is_active": ["true"]}),
        ("users", {"username_list": ["member1", "member2"]}, {"username_list": ["member1,member2"]}),
        ("offerings", {"state": ["Active", "Paused"]}, {"state": ["Active", "Paused"]}),
        ("compliance_offering_users", {"compliance_status": "pending"}, {"compliance_status": ["pending"]}),
    ],
)
def test_a_keyword_is_a_filter_of_the_list(
    sim: Simulator, term: str, given: dict[str, Any], sent: dict[str, list[str]]
) -> None:
    assert 0 < len(of_alpha(sim, term, **given)) <= len(of_alpha(sim, term))
    assert any(sent.items() <= query.items() for _path, query in asked(sim))


def test_references_are_taken_by_the_plain_name_and_by_the_name_of_the_api(sim: Simulator) -> None:
    keys = of_alpha(sim, "keys", user="member1", fields=["name", "user_uuid"])
    assert {key["name"] for key in keys} == {"member1-key1", "member1-key2"}
    assert of_alpha(sim, "keys", user_uuid=keys[0]["user_uuid"], fields=["name", "user_uuid"]) == keys


def test_a_keyword_without_a_value_counts_as_left_out(sim: Simulator) -> None:
    assert of_alpha(sim, "users", username=None, limit=None) == of_alpha(sim, "users")


def test_an_unknown_keyword_is_refused_with_the_nearest_before_anything_is_asked(sim: Simulator) -> None:
    text = refusal(sim, "users", service_provider="ALPHA", usernam="member1")
    assert text == message("lookup_option_unknown", option="usernam", place="users", hint="did you mean username?")
    text = refusal(sim, "users", service_providr="ALPHA")
    assert text == message(
        "lookup_option_unknown", option="service_providr", place="users", hint="did you mean service_provider?"
    )
    text = refusal(sim, "users", service_provider="ALPHA", api_ulr="x")
    assert text == message("lookup_option_unknown", option="api_ulr", place="users", hint="did you mean api_url?")
    assert sim.requests() == []


def test_each_of_several_terms_must_know_the_filter(sim: Simulator) -> None:
    text = refusal(sim, "users", "keys", service_provider="ALPHA", username="member1")
    assert begins(text, "lookup_option_unknown", option="username", place="keys")
    assert sim.requests() == []


def test_the_accounts_are_those_of_the_provider_whatever_is_given(sim: Simulator) -> None:
    for name in ("provider", "provider_uuid"):
        text = refusal(sim, "marketplace_offering_users", service_provider="ALPHA", **{name: "0" * 32})
        assert begins(text, "lookup_option_unknown", option=name, place="marketplace_offering_users")


def test_a_value_that_can_not_be_is_refused_by_the_name_of_the_keyword(sim: Simulator) -> None:
    assert begins(
        refusal(sim, "users", service_provider="ALPHA", limit=0),
        "number_too_small",
        option="limit",
        least=matching(r"1.*"),
    )
    assert begins(refusal(sim, "user_customers", service_provider="ALPHA"), "filter_missing", option="user")


def test_private_numbers_come_only_when_fields_names_them(sim: Simulator) -> None:
    sim.change("User", {"username": "member1"}, {"phone_number": "+372 5555", "civil_number": "38001010000"})
    wanted = {"phone_number", "civil_number"}
    assert not wanted & set(of_alpha(sim, "users", username="member1")[0])
    row = of_alpha(sim, "users", username="member1", fields=sorted(wanted))[0]
    assert row["phone_number"] == "+372 5555"
    assert set(row) == wanted


def test_a_field_that_no_row_has_is_warned_of(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, **_more: told.append(text))
    assert of_alpha(sim, "users", fields=["usernam"], limit=1) == [{"usernam": None}]
    assert told == [message("fields_unknown", option="fields", field="usernam")]


# --- the service provider --------------------------------------------------------------------------------------------


def test_the_service_provider_may_be_a_variable(sim: Simulator) -> None:
    variables = {"waldur_service_provider": "ALPHA"}
    assert ask(sim, "users", variables=variables) == of_alpha(sim, "users")
    assert ask(sim, "users", variables=variables, service_provider=None) == of_alpha(sim, "users")
    assert ask(sim, "list_users", variables=variables, service_provider="BETA") != of_alpha(sim, "list_users")


def test_the_variable_is_not_evaluated_where_the_keyword_names_a_provider(sim: Simulator) -> None:
    class Broken:
        def __str__(self) -> str:
            raise AssertionError("evaluated")

    variables = {"waldur_service_provider": Broken()}
    assert ask(sim, "stat", variables=variables, service_provider="ALPHA") == of_alpha(sim, "stat")


def test_a_missing_service_provider_is_reported_with_the_variable(sim: Simulator) -> None:
    text = refusal(sim, "users")
    assert text == message("provider_option_missing")


def test_the_list_of_providers_takes_no_provider_and_does_not_mind_the_variable(sim: Simulator) -> None:
    assert len(ask(sim, "service_providers", variables={"waldur_service_provider": "ALPHA"})) == 12
    assert mentions(
        refusal(sim, "service_providers", service_provider="ALPHA"),
        "term_lists_all",
        option=matching(r"service_provider.*"),
    )


def test_a_provider_that_is_a_number_is_refused(sim: Simulator) -> None:
    assert "put it in quotes" in refusal(sim, "users", service_provider=7)


# --- one connection --------------------------------------------------------------------------------------------------


def test_rows_are_read_anew_each_time_and_the_provider_is_looked_up_once(sim: Simulator) -> None:
    _context.CLIENTS.clear()
    before = of_alpha(sim, "projects", name="c1")
    sim.change("Project", {"name": "Project c1"}, {"description": "changed meanwhile"})
    after = of_alpha(sim, "projects", name="c1")
    assert (before[0]["description"], after[0]["description"]) != ("changed meanwhile", "changed meanwhile")
    assert after[0]["description"] == "changed meanwhile"
    assert [url for url in (request["path"] for request in sim.requests()) if "service-providers/?" in url] == [
        "/api/marketplace-service-providers/?page_size=300"
    ]
    assert len(_context.CLIENTS) == 1


# --- what must not be said -------------------------------------------------------------------------------------------


ODD: dict[str, Any] = {
    "infinite": float("inf"),
    "nan": float("nan"),
    "thousands of digits": 16**5000,
    "thousands of digits as text": "9" * 5000,
    "negative": -1,
    "list": ["ALPHA"],
    "mapping": {1: 2},
    "NUL": "a\0b",
    "surrogate": "\ud800",
    "bytes": b"5\0",
}


@pytest.mark.parametrize("odd", ODD)
def test_a_limit_that_is_no_number_of_rows_is_one_clear_sentence(sim: Simulator, odd: str) -> None:
    with pytest.raises(AnsibleLookupError, match=r"^limit: must be ") as told:
        ask(sim, "users", service_provider="ALPHA", limit=ODD[odd])
    assert str(told.value).isprintable()
    assert sim.counts().requests <= 1


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "option", ["service_provider", "order_by", "timeout", "profile", "proxy", "ca_path", "api_url"]
)
def test_an_odd_value_of_any_keyword_is_one_clear_sentence(sim: Simulator, option: str, odd: str) -> None:
    with pytest.raises(AnsibleLookupError) as told:
        ask(sim, "users", **{"service_provider": "ALPHA", option: ODD[odd]})
    assert option in str(told.value)
    assert str(told.value).isprintable()


def test_no_error_holds_the_token_even_where_the_server_repeats_it(sim: Simulator) -> None:
    token = sim.token("staff")
    sim.fault(method="GET", path="*/users/*", status=400, body={"detail": f"bad token {token}"}, times=None)
    text = refusal(sim, "users", service_provider="ALPHA")
    assert "bad token ********" in text
    assert token not in text
    sim.clear_faults()


def test_no_row_holds_the_token_or_a_code_that_was_read_even_where_the_server_repeats_them(sim: Simulator) -> None:
    [code] = ask(sim, "ALPHA", plugin="api_secret_code")
    sim.change("Project", {"name": "Project c1"}, {"description": f"{sim.token('staff')} and {code}"})
    [row] = of_alpha(sim, "projects", name="c1")
    assert row["description"] == "******** and ********"


def test_without_requests_the_lookup_says_which_library_it_lacks(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "REQUESTS_IMPORT_ERROR", "Traceback: no module named requests")
    assert refusal(sim, "users") == message("requests_missing")


def test_the_documentation_lists_every_term() -> None:
    import yaml

    from ansible_collections.waldur.provider.plugins.lookup import query

    documented = yaml.safe_load(query.DOCUMENTATION)["options"]["_terms"]["choices"]
    assert set(documented) == {term for term in queries.TERMS if "/" not in term}
