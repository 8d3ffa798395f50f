# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the rows of an inventory: from which providers, with one that can't be read, and from a cache."""

from __future__ import annotations

from typing import Any

import pytest
from messages import prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    Unauthorized,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import ProviderRows
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.reader import (
    Selection,
    dump_results,
    load_results,
    read_inventory,
)
from simulator_process import Simulator

ALPHA, BETA = "e182aaedb6ae4541956a3c14629abc02", "a8d8889eb447416caff92ad648f4d9b4"


def read_rows(sim: Simulator, hosts: str, *providers: Any, alias: str = "staff", **more: Any) -> Any:
    selection = Selection(**{"hosts": hosts, "service_providers": providers, "filters": {}, "include": [], **more})
    return read_inventory(Connection(sim.url, sim.token(alias), retries=0), selection)


def test_without_any_named_all_providers_are_read(sim: Simulator) -> None:
    results, warnings = read_rows(sim, "projects")
    assert len(results) == 12
    assert {result.provider["uuid"] for result in results if result.rows} == {ALPHA, BETA}
    assert warnings == []


def test_a_provider_that_is_named_twice_is_read_once(sim: Simulator) -> None:
    results, _warnings = read_rows(sim, "users", "ALPHA", ALPHA.upper(), "BETA")
    assert [result.provider["uuid"] for result in results] == [ALPHA, BETA]
    lists = [path for path in sim.counts().operations if path.endswith("/users/")]
    assert [sim.counts().operations[path] for path in lists] == [2]


def test_providers_themselves_are_read_by_name_and_filter(sim: Simulator) -> None:
    results, _warnings = read_rows(sim, "service_providers", "BETA")
    assert [result.rows[0]["uuid"] for result in results] == [BETA]
    results, _warnings = read_rows(sim, "service_providers", filters={"customer_keyword": "Alpha"})
    assert [result.provider["uuid"] for result in results] == [ALPHA]


def test_a_token_in_a_row_of_the_server_is_in_no_host(sim: Simulator) -> None:
    token = sim.token("staff")
    sim.change("User", {"username": "member1"}, {"organization": f"Group {token}"})
    results, _warnings = read_rows(sim, "users", "ALPHA")
    assert any(row.get("organization") == "Group ********" for row in results[0].rows)
    assert token not in dump_results(results)


def test_keys_and_permissions_are_read_beside_the_users(sim: Simulator) -> None:
    results, _warnings = read_rows(sim, "users", "ALPHA", include=["keys"])
    assert list(results[0].included) == ["keys"]
    assert all("public_key" in row for row in results[0].included["keys"])


def test_a_provider_that_can_not_be_read_is_an_error_or_a_warning(sim: Simulator) -> None:
    with pytest.raises(Forbidden, match=r"^Alpha Cloud Ltd: Waldur rejected"):
        read_rows(sim, "projects", "ALPHA", "BETA", alias="owner_beta")
    results, warnings = read_rows(sim, "projects", "ALPHA", "BETA", alias="owner_beta", fail_on_unreachable=False)
    assert [result.provider["uuid"] for result in results] == [BETA]
    assert len(warnings) == 1
    assert warnings[0].endswith("Its projects were left out.")


def test_a_wrong_token_is_an_error_that_does_not_show_it(sim: Simulator) -> None:
    selection = Selection("users", ["ALPHA"], {}, [], fail_on_unreachable=False)
    with pytest.raises(Unauthorized) as error:
        read_inventory(Connection(sim.url, "f" * 40, retries=0), selection)
    assert "f" * 40 not in error.value.message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"hosts": "offerings", "include": ["keys"]}, prefix("include_of_users", include="keys")),
        ({"filters": {"limit": 5}}, prefix("filter_unsupported", name="limit")),
        ({"filters": {"usrname": "x"}}, r"^filters: 'usrname' is not known"),
        ({"service_providers": ["ALPHA", None]}, r"^service_providers\[1\]: "),
        (
            {"service_providers": ["nobody"]},
            prefix("provider_not_found", option="service_providers[0]", value="nobody"),
        ),
    ],
)
def test_an_invalid_selection_is_rejected(sim: Simulator, more: dict[str, Any], message: str) -> None:
    selection = Selection(**{"hosts": "users", "service_providers": ["ALPHA"], "filters": {}, "include": [], **more})
    with pytest.raises(InvalidInput, match=message):
        read_inventory(Connection(sim.url, sim.token("staff"), retries=0), selection)


def test_the_cache_returns_what_was_read() -> None:
    results = [ProviderRows({"uuid": "1"}, [{"a": {"__ansible_vault": "x"}}], {"keys": []}), ProviderRows({}, [])]
    assert load_results(dump_results(results)) == results


@pytest.mark.parametrize("spoiled", [None, "", "{", "5", '{"a": 1}', '[["a"]]'])
def test_an_invalid_cache_is_not_used(spoiled: Any) -> None:
    assert load_results(spoiled) is None
