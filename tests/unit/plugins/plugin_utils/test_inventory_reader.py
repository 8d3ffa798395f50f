# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read for an inventory: from which providers, what happens to one out of reach, and how a cache keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    Unauthorized,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import Found
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.reader import Wanted, fetch, restored, stored
from simulation import Simulator

ALPHA, BETA = "e182aaedb6ae4541956a3c14629abc02", "a8d8889eb447416caff92ad648f4d9b4"


def fetched(sim: Simulator, hosts: str, *providers: Any, alias: str = "staff", **more: Any) -> Any:
    wanted = Wanted(**{"hosts": hosts, "service_providers": providers, "filters": {}, "include": [], **more})
    return fetch(Connection(sim.url, sim.token(alias), retries=0), wanted)


def test_without_any_named_all_providers_are_read(sim: Simulator) -> None:
    founds, warnings = fetched(sim, "projects")
    assert len(founds) == 12
    assert {found.provider["uuid"] for found in founds if found.rows} == {ALPHA, BETA}
    assert warnings == []


def test_a_provider_that_is_named_twice_is_read_once(sim: Simulator) -> None:
    founds, _warnings = fetched(sim, "users", "ALPHA", ALPHA.upper(), "BETA")
    assert [found.provider["uuid"] for found in founds] == [ALPHA, BETA]
    lists = [path for path in sim.counts().operations if path.endswith("/users/")]
    assert [sim.counts().operations[path] for path in lists] == [2]


def test_providers_themselves_are_read_by_name_and_filter(sim: Simulator) -> None:
    founds, _warnings = fetched(sim, "service_providers", "BETA")
    assert [found.rows[0]["uuid"] for found in founds] == [BETA]
    founds, _warnings = fetched(sim, "service_providers", filters={"customer_keyword": "Alpha"})
    assert [found.provider["uuid"] for found in founds] == [ALPHA]


def test_a_token_in_a_row_of_the_server_is_in_no_host(sim: Simulator) -> None:
    token = sim.token("staff")
    sim.change("User", {"username": "member1"}, {"organization": f"Group {token}"})
    founds, _warnings = fetched(sim, "users", "ALPHA")
    assert any(row.get("organization") == "Group ********" for row in founds[0].rows)
    assert token not in stored(founds)


def test_keys_and_permissions_are_read_beside_the_users(sim: Simulator) -> None:
    founds, _warnings = fetched(sim, "users", "ALPHA", include=["keys"])
    assert list(founds[0].included) == ["keys"]
    assert all("public_key" in row for row in founds[0].included["keys"])


def test_a_provider_that_may_not_be_read_is_the_end_or_a_warning(sim: Simulator) -> None:
    with pytest.raises(Forbidden, match=r"^Alpha Cloud Ltd: Waldur refused"):
        fetched(sim, "projects", "ALPHA", "BETA", alias="owner_beta")
    founds, warnings = fetched(sim, "projects", "ALPHA", "BETA", alias="owner_beta", stop=False)
    assert [found.provider["uuid"] for found in founds] == [BETA]
    assert len(warnings) == 1
    assert warnings[0].endswith("Its projects were left out.")


def test_a_wrong_token_is_the_end_and_is_not_told(sim: Simulator) -> None:
    wanted = Wanted("users", ["ALPHA"], {}, [], stop=False)
    with pytest.raises(Unauthorized) as told:
        fetch(Connection(sim.url, "f" * 40, retries=0), wanted)
    assert "f" * 40 not in told.value.message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"hosts": "offerings", "include": ["keys"]}, r"^include: keys belong to users"),
        ({"filters": {"limit": 5}}, r"^filters.limit: is no filter"),
        ({"filters": {"usrname": "x"}}, r"^filters: 'usrname' is not known"),
        ({"service_providers": ["ALPHA", None]}, r"^service_providers\[1\]: "),
        ({"service_providers": ["nobody"]}, r"^service_providers\[0\]: there is no service provider 'nobody'"),
    ],
)
def test_what_can_not_be_asked_for_is_refused(sim: Simulator, more: dict[str, Any], message: str) -> None:
    wanted = Wanted(**{"hosts": "users", "service_providers": ["ALPHA"], "filters": {}, "include": [], **more})
    with pytest.raises(InvalidInput, match=message):
        fetch(Connection(sim.url, sim.token("staff"), retries=0), wanted)


def test_what_a_cache_keeps_is_what_was_read() -> None:
    founds = [Found({"uuid": "1"}, [{"a": {"__ansible_vault": "x"}}], {"keys": []}), Found({}, [])]
    assert restored(stored(founds)) == founds


@pytest.mark.parametrize("spoiled", [None, "", "{", "5", '{"a": 1}', '[["a"]]'])
def test_what_is_no_cache_is_read_anew(spoiled: Any) -> None:
    assert restored(spoiled) is None
