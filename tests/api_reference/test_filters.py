# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every list, made from the table: what is sent, and which rows come back from servers of any kind.

What a Waldur that knows the filter answers to a plain reading is the truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from messages import fragment, pattern

from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, RouteMissing
from simulator_process import Simulator

from .api_client import ALPHA, ApiClient, Row, list_requests
from .documented_operations import KEYS, PROVIDER_PARAMETERS, READERS, DocumentedOperation, DocumentedParameter, entries
from .module_runs import run
from .parameter_values import NEEDED, OBJECTS, Value, by_all_names, values
from .unfiltered_server import UnfilteredServer

Case = tuple[DocumentedOperation, DocumentedParameter, Parameter]
MISSING_IN_2024 = {"list_users", "course_accounts_list", "project_service_accounts_list", "compliance_offering_users"}


def cases() -> list[Case]:
    found = []
    for entry in entries():
        if not (entry.method == "GET" and entry.paginated and entry.operation):
            continue
        known = {one.name: one for one in entry.operation.query}
        for parameter in entry.query:
            given = parameter.name in ("o", "field", *PROVIDER_PARAMETERS.get(entry.name, ())) or parameter.required
            if not given and known[parameter.name].type != "url":
                found.append((entry, parameter, known[parameter.name]))
    return found


def name(case: Any) -> str:
    return f"{case[0].name}-{case[1].name}"


def is_newer(case: Case) -> bool:
    """Return whether a supported version of Waldur does not have the parameter."""
    return bool(case[2].since or (case[0].operation and case[0].operation.filtered_since))


CASES = cases()
every_option = pytest.mark.parametrize("case", CASES, ids=name)


def read(url: str, sim: Simulator, entry: DocumentedOperation, **given: Any) -> list[Row]:
    """Return the rows of a module's result that are those of this operation."""
    module = READERS[entry.name]
    provider = {} if entry.name == "service_providers_list" else {"service_provider": ALPHA}
    options = {**provider, **NEEDED.get(entry.name, ({}, []))[0], **given}
    found = run(url, sim.token("staff"), module, keep_cache=True, **options)[KEYS[module]]
    if entry.name == "compliance_offering_users":
        found = found["offering_users"]
    rows: list[Row] = found
    if entry.name.startswith("robot_account_"):
        kind = "customer" if "customers" in entry.name else "project"
        rows = [row for row in rows if row["scope_type"] == kind]
    return rows


def plain(sim: Simulator, entry: DocumentedOperation, query: list[tuple[str, str]]) -> list[Row]:
    """Return the same rows, read by the independent client; cached, as nothing changes."""
    needed, token = NEEDED.get(entry.name, ({}, []))[1], sim.token("staff")
    return _plain(sim.url, token, entry.path.format(uuid=ALPHA), (*needed, *query))


@cache
def _plain(url: str, token: str, path: str, query: tuple[tuple[str, str], ...]) -> list[Row]:
    return ApiClient(url, token).rows(path, [*query])


def ids(rows: list[Row]) -> list[str]:
    """Return the identifiers of rows in any edition; rows of permissions have no UUID."""
    return sorted(row.get("uuid") or f"{row['user_uuid']} {row['project_uuid']}" for row in rows)


def tried(sim: Simulator, case: Case) -> Iterator[tuple[Value, list[Row]]]:
    """Yield the values of a parameter, each with the rows of a Waldur that has the parameter."""
    entry, parameter, declared = case
    roles = {row["name"]: row["uuid"] for row in _plain(sim.url, sim.token("staff"), "/api/roles/", ())}
    for value in values(parameter, declared, plain(sim, entry, []), roles):
        yield value, plain(sim, entry, [(parameter.name, wire) for wire in value.wire])


def are_values_in_rows(rows: list[Row], declared: Parameter) -> bool:
    """Return whether the rows contain the values that the filter compares."""
    return bool(rows and declared.match and all(key in row for row in rows for key in declared.row_keys))


def doubtful(row: Row, declared: Parameter, value: Value) -> bool:
    """Return whether a value is hidden or not ASCII, so that servers may compare it by other rules."""
    if declared.null_means_hidden and any(row.get(key) is None for key in declared.row_keys):
        return True
    parts = declared.match == "contains"
    return parts and not all(str(text).isascii() for text in (value.wire, *(row.get(key) for key in declared.row_keys)))


def knowing(case: Case, of_2025: Simulator, of_2026: Simulator) -> Simulator:
    """Return a Waldur with the parameter: 2026, unless it has no such parameter or ignores an unknown user."""
    return of_2025 if name(case) in ("keys_list-uuid", "list_users-user") else of_2026


@every_option
def test_an_option_is_sent_in_its_style_and_no_row_of_a_server_that_knows_it_is_lost(
    case: Case, of_2025: Simulator, of_2026: Simulator
) -> None:
    entry, parameter, declared = case
    sim = knowing(case, of_2025, of_2026)
    for value, expected in tried(sim, case):
        sim.zero()
        rows = read(sim.url, sim, entry, **{declared.option: value.given})
        if not declared.is_sent:
            continue  # servers get it wrong, see below
        assert ids(rows) == ids(expected), value
        path = entry.path.format(uuid=ALPHA)
        sent = [request for request in list_requests(sim) if request.path == path]
        assert any(request.of(parameter.name) == [*value.wire] for request in sent), (value, sent)


@every_option
def test_an_option_trims_the_rows_of_a_server_that_ignores_it_if_rows_contain_the_value(
    case: Case, of_2026: Simulator, of_2025: Simulator, unfiltered_2026: UnfilteredServer
) -> None:
    entry, _parameter, declared = case
    whole = plain(of_2026, entry, [])
    trimmed = 0
    for value, expected in tried(knowing(case, of_2025, of_2026), case):
        rows = read(unfiltered_2026.url, of_2026, entry, **{declared.option: value.given})
        if not declared.is_sent:
            continue
        if not are_values_in_rows(whole, declared):
            assert ids(rows) == ids(whole)
            continue
        surely = [row for row in rows if not doubtful(row, declared, value)]
        assert {*ids(surely)} <= {*ids(expected)} <= {*ids(rows)}, value
        trimmed += len(rows) < len(whole)
    assert trimmed or not are_values_in_rows(whole, declared) or not declared.is_sent


@pytest.mark.parametrize("year", [2024, 2025])
@pytest.mark.parametrize("case", [case for case in CASES if is_newer(case)], ids=name)
def test_an_option_that_a_waldur_is_too_old_for_is_not_sent_and_applied_here_or_refused(
    case: Case, year: int, of_2024: Simulator, of_2025: Simulator, of_2026: Simulator
) -> None:
    entry, parameter, declared = case
    assert entry.operation is not None
    sim, since = {2024: of_2024, 2025: of_2025}[year], max(declared.since, entry.operation.filtered_since)
    if year == 2024 and entry.name in MISSING_IN_2024:
        with pytest.raises(RouteMissing, match=fragment("feature_missing")):
            read(sim.url, sim, entry)
        return
    refused = fragment("filter_of_newer_waldur", option=declared.option, since=since)
    for value, expected in tried(knowing(case, of_2025, of_2026), case):
        sim.zero()
        if year < since and declared.absent is None and not are_values_in_rows(plain(sim, entry, []), declared):
            with pytest.raises(InvalidInput, match=refused):
                read(sim.url, sim, entry, **{declared.option: value.given})
        else:
            rows = read(sim.url, sim, entry, **{declared.option: value.given})
            doubts = any(doubtful(row, declared, value) for row in [{}, *rows, *expected])
            assert ids(rows) == ids(expected) or doubts, value
        sent = [one for one in list_requests(sim) if one.path == entry.path.format(uuid=ALPHA)]
        assert year >= since or not any(one.of(parameter.name) for one in sent)


@pytest.mark.parametrize(
    "entry",
    [one for one in entries() if one.operation and one.operation.since > 2025 and one.name in READERS],
    ids=lambda one: one.name,
)
@pytest.mark.parametrize("year", [2024, 2025])
def test_a_list_of_2026_is_one_clear_error_on_an_older_waldur(
    entry: DocumentedOperation, year: int, of_2024: Simulator, of_2025: Simulator
) -> None:
    sim = {2024: of_2024, 2025: of_2025}[year]
    assert entry.operation
    with pytest.raises(RouteMissing, match=pattern("feature_missing", feature=entry.operation.feature, since=2026)):
        read(sim.url, sim, entry)


def test_rows_of_another_service_provider_are_left_out_whatever_the_server_returns(
    of_2026: Simulator, unfiltered_2026: UnfilteredServer
) -> None:
    entry = next(one for one in entries() if one.name == "provider_accounts_list")
    token = of_2026.token("staff")
    assert len(_plain(unfiltered_2026.url, token, entry.path, ())) == 3
    rows = read(unfiltered_2026.url, of_2026, entry, fields=["username"])
    assert sorted(str(row["username"]) for row in rows) == ["None", "m2_alpha"]


# --- references, aliases and names -----------------------------------------------------------------------------------

REFERENCES = [case for case in CASES if case[2].type in OBJECTS]


@pytest.mark.parametrize("case", REFERENCES, ids=name)
def test_a_reference_is_given_by_any_name_and_sent_as_a_uuid(case: Case, of_2026: Simulator) -> None:
    entry, parameter, declared = case
    uuid = OBJECTS[declared.type][0]
    answers = []
    for number, given in enumerate(by_all_names(declared.type)):
        of_2026.zero()
        option = (declared.option, parameter.name)[number % 2]
        value = given if declared.style == "single" else [given]
        answers.append(json.dumps(read(of_2026.url, of_2026, entry, **{option: value}), sort_keys=True))
        last = [one for one in list_requests(of_2026) if one.path == entry.path.format(uuid=ALPHA)][-1]
        assert last.of(parameter.name) == [uuid], (option, given)
    assert len({*answers}) == 1


URLS = [(entry, one) for entry in entries() if entry.operation for one in entry.operation.query if one.type == "url"]


@pytest.mark.parametrize("case", URLS, ids=lambda case: f"{case[0].name}-{case[1].name}")
def test_what_the_api_takes_by_url_is_taken_by_url_under_its_name(
    case: tuple[DocumentedOperation, Parameter], of_2026: Simulator
) -> None:
    entry, by_url = case
    assert entry.operation is not None
    kind = next(one.type for one in entry.operation.query if one.option == by_url.option and one.type != "url")
    uuid = OBJECTS[kind][0]
    url = next(text for text in by_all_names(kind) if text.startswith("/api/"))
    several = any(
        one.style != "single" for one in entry.operation.query if one.option == by_url.option and one.type != "url"
    )
    rows = read(of_2026.url, of_2026, entry, **{by_url.name: [url] if several else url})
    # Ours is sent as a UUID, the same that the API means by the URL.
    sent = [(by_url.name, f"{of_2026.url}{url}")]
    assert ids(rows) == ids(plain(of_2026, entry, sent))
    assert uuid in url


@pytest.mark.parametrize("given", ["Project c1", "PROJECT", "ct C"])
def test_a_filter_that_servers_get_wrong_is_applied_here_alone(of_2026: Simulator, given: str) -> None:
    entry = next(one for one in entries() if one.name == "robot_account_projects_list")
    expected = [row["name"] for row in plain(of_2026, entry, []) if given.lower() in row["name"].lower()]
    of_2026.zero()
    rows = read(of_2026.url, of_2026, entry, project_name=given)
    assert [row["name"] for row in rows] == expected
    assert expected
    assert not any(one.of("project_name") for one in list_requests(of_2026))
