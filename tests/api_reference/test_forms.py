# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of each list, and in what order: ``fields``, ``order_by`` and ``limit``, on servers that obey and others."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from messages import message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._query import filters
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from simulator_process import Simulator

from .api_client import ALPHA, list_requests
from .documented_operations import KEYS, READERS, DocumentedOperation, entries
from .module_runs import run
from .parameter_values import NEEDED
from .test_filters import ids, plain, read
from .unfiltered_server import UnfilteredServer

LISTS = [
    entry
    for entry in entries()
    if READERS.get(entry.name) not in (None, "compliance_info", "robot_account_info", "api_secret_code_info")
    and entry.paginated
]
PRIVATE = {"phone_number", "civil_number"}
every_list = pytest.mark.parametrize("entry", LISTS, ids=lambda entry: str(entry.name))


def keys_of(sim: Simulator, entry: DocumentedOperation) -> list[str]:
    return sorted({key for row in plain(sim, entry, []) for key in row})


@every_list
def test_fields_trim_rows_to_themselves_whatever_the_server_makes_of_them(
    of_2026: Simulator, unfiltered_2026: UnfilteredServer, entry: DocumentedOperation
) -> None:
    keys = keys_of(of_2026, entry)
    fields = [keys[-1], keys[0]]
    expected = plain(of_2026, entry, [])
    for url in (of_2026.url, unfiltered_2026.url):
        rows = read(url, of_2026, entry, fields=fields)
        assert [list(row) for row in rows] == [fields] * len(expected)
        assert sorted(map(repr, rows)) == sorted(repr({key: row.get(key) for key in fields}) for row in expected)


@every_list
def test_fields_are_asked_of_the_server_where_it_takes_them(of_2026: Simulator, entry: DocumentedOperation) -> None:
    of_2026.zero()
    key = keys_of(of_2026, entry)[0]
    read(of_2026.url, of_2026, entry, fields=[key])
    sent = [one.of("field") for one in list_requests(of_2026) if one.path == entry.path.format(uuid=ALPHA)][-1]
    assert (key in sent) is ("field" in {parameter.name for parameter in entry.query})


@every_list
def test_a_field_that_no_row_has_is_null_and_reported(of_2026: Simulator, entry: DocumentedOperation) -> None:
    provider = {} if entry.name == "service_providers_list" else {"service_provider": ALPHA}
    module = READERS[entry.name]
    options = {**provider, **NEEDED.get(entry.name, ({}, []))[0], "fields": ["no_such_key"]}
    result = run(of_2026.url, of_2026.token("staff"), module, keep_cache=True, **options)
    assert {repr(row) for row in result[KEYS[module]]} == {"{'no_such_key': None}"}
    assert result["warnings"] == [message("fields_unknown", option="fields", field="no_such_key")]


@every_list
def test_numbers_of_persons_come_only_when_fields_name_them(of_2026: Simulator, entry: DocumentedOperation) -> None:
    assert not PRIVATE & {key for row in read(of_2026.url, of_2026, entry) for key in row}
    for key in PRIVATE & {*keys_of(of_2026, entry)}:
        values = [row[key] for row in read(of_2026.url, of_2026, entry, fields=[key])]
        assert sorted(map(repr, values)) == sorted(repr(row.get(key)) for row in plain(of_2026, entry, []))


def orders() -> list[tuple[DocumentedOperation, str]]:
    return [(entry, name) for entry in LISTS if entry.operation for name in filters.orders(entry.operation)]


@pytest.mark.parametrize("case", orders(), ids=lambda case: f"{case[0].name}-{case[1]}")
def test_each_order_sorts_both_ways_and_what_is_empty_comes_last(
    of_2026: Simulator, unfiltered_2026: UnfilteredServer, case: tuple[DocumentedOperation, str]
) -> None:
    entry, name = case
    assert entry.operation is not None
    if not filters.orders(entry.operation)[name]:
        return  # the server sorts, see below
    whole = plain(of_2026, entry, [])
    keys = {filters.orders(entry.operation)[name], name} & {key for row in whole for key in row}
    for url in (of_2026.url, unfiltered_2026.url):
        if not keys:
            with pytest.raises(InvalidInput, match=prefix("order_unknown", option="order_by", field=name)):
                read(url, of_2026, entry, order_by=[name])
            continue
        key = filters.orders(entry.operation)[name] if len(keys) > 1 else min(keys)
        rising = read(url, of_2026, entry, order_by=[name], **without_fields(key))
        falling = read(url, of_2026, entry, order_by=[f"-{name}"], **without_fields(key))
        assert ids(rising) == ids(falling) == ids(whole)
        assert_sorted([row.get(key) for row in rising])
        assert_sorted([row.get(key) for row in falling], falling=True)
        assert read(url, of_2026, entry, order_by=[name], limit=1, **without_fields(key)) == rising[:1]


@pytest.mark.parametrize("order", ["user_last_name", "-user_last_name", "user_first_name,-username"])
def test_an_order_by_what_rows_do_not_contain_is_left_to_the_server(
    of_2026: Simulator, unfiltered_2026: UnfilteredServer, order: str
) -> None:
    entry = next(one for one in LISTS if one.name == "provider_accounts_list")
    expected = [row["uuid"] for row in plain(of_2026, entry, [("o", order)])]
    of_2026.zero()
    rows = read(of_2026.url, of_2026, entry, order_by=order.split(","), fields=["uuid"])
    assert [row["uuid"] for row in rows] == expected
    assert [one.of("o") for one in list_requests(of_2026) if one.path == entry.path] == [[order]]
    assert read(of_2026.url, of_2026, entry, order_by=order.split(","), fields=["uuid"], limit=1) == rows[:1]
    assert ids(read(unfiltered_2026.url, of_2026, entry, order_by=order.split(","))) == sorted(expected)


def without_fields(key: str) -> dict[str, Any]:
    """Numbers of persons are seen only by their name, and a row of them alone says not whose it is."""
    return {"fields": ["uuid", key]} if key in PRIVATE else {}


def assert_sorted(found: list[Any], *, falling: bool = False) -> None:
    full = [value for value in found if value not in (None, "")]
    assert found[len(full) :] == [value for value in found if value in (None, "")]
    ranks = [rank(value) for value in full]
    assert ranks == sorted(ranks, reverse=falling)


def rank(value: Any) -> Any:
    if isinstance(value, dict):
        return value["total"]
    if isinstance(value, (bool, int, float)):
        return value
    return "".join(char for char in unicodedata.normalize("NFKD", value.casefold()) if not unicodedata.combining(char))


@every_list
@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_limit_gives_the_first_rows(of_2026: Simulator, entry: DocumentedOperation, limit: int) -> None:
    whole = read(of_2026.url, of_2026, entry)
    assert read(of_2026.url, of_2026, entry, limit=limit) == whole[:limit]


@every_list
def test_a_limit_counts_the_rows_that_fit_where_the_server_ignores_the_filter(
    of_2026: Simulator, unfiltered_2026: UnfilteredServer, entry: DocumentedOperation
) -> None:
    """By the last of the rows, so that the first page of the size of the limit holds none that fits."""
    assert entry.operation is not None
    checked = [
        (one, row)
        for one in entry.operation.query
        for row in plain(of_2026, entry, [])[-1:]
        if one.match == "exact"
        and one.style == "single"
        and isinstance(row.get(one.row_keys[0]), str)
        and row[one.row_keys[0]]
    ]
    for parameter, row in checked[:2]:
        value = row[parameter.row_keys[0]]
        rows = read(unfiltered_2026.url, of_2026, entry, **{parameter.option: value}, limit=1)
        assert [found[parameter.row_keys[0]] for found in rows] == [value]
    assert checked or entry.name in ("customer_projects_list",)


@pytest.mark.parametrize("module", ["revenue_info", "robot_account_info"])
def test_lists_that_the_server_sorts_and_trims_in_no_way_are_sorted_and_trimmed_all_the_same(
    of_2026: Simulator, module: str
) -> None:
    key, token = {"revenue_info": "month", "robot_account_info": "name"}[module], of_2026.token("staff")

    def rows(**options: Any) -> list[Any]:
        found = run(of_2026.url, token, module, keep_cache=True, service_provider=ALPHA, **options)[KEYS[module]]
        return [row[key] for row in found]

    assert rows(order_by=[key]) == sorted(rows())
    assert rows(order_by=[f"-{key}"], fields=[key], limit=2) == sorted(rows(), reverse=True)[:2]


@pytest.mark.parametrize("module", sorted(name for name, info in INFOS.items() if "limit" in info.options))
@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(of_2026: Simulator, module: str, limit: int) -> None:
    needed = {} if module == "service_provider_info" else {"service_provider": ALPHA}
    with pytest.raises(InvalidInput, match=pattern("number_too_small", option="limit", least=1, value=limit)):
        run(of_2026.url, of_2026.token("staff"), module, keep_cache=True, **needed, limit=limit)
