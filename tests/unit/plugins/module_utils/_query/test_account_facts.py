# SPDX-License-Identifier: GPL-3.0-or-later
"""The fact accounts: what it says of each Waldur, what it costs, and what is null for whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import begins, fragment, message
from provider_accounts import add_username_conflict

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import ServerDefect, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.facts import FACTS
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

ALPHA = "Alpha Cloud Ltd"
SETTINGS = ("username_conflicts", "overriding_offerings", "posix_id_pool")
CONSENT = "ENFORCE_USER_CONSENT_FOR_OFFERINGS"
POOL = "c0000000000040008000000000000061"
POOLS = "/api/marketplace-posix-id-pools/"


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def sim(newest: Simulator) -> Simulator:
    """A Waldur of 2026 at its start."""
    newest.reset(frozen=True)
    newest.clear_faults()
    return newest


def session(sim: Simulator, alias: str = "staff") -> Session:
    client = Client(Connection(sim.url, sim.token(alias), retries=0))
    return Session(client, References(client))


def gather(asked: Session) -> dict[str, Any]:
    """The fact accounts of Alpha."""
    options = {"service_provider": "ALPHA", "gather_subset": ["accounts"]}
    fact: dict[str, Any] = FACTS["service_provider_facts"].answer(asked, options)["ansible_facts"]["waldur"]["accounts"]
    return fact


def change_account(sim: Simulator, user: str, offering: str, **changed: Any) -> None:
    assert sim.change("OfferingUser", {"user__username": user, "offering__name": offering}, changed)


def create_pool(sim: Simulator) -> None:
    ranges = {"min_uid": 9001, "max_uid": 9010, "min_gid": 7001, "max_gid": 7100}
    sim.create("PosixPool", uuid=POOL, service_provider=ALPHA, **ranges)


# --- accounts --------------------------------------------------------------------------------------------------------


def test_accounts_are_counted_by_state(sim: Simulator) -> None:
    fact = gather(session(sim))
    assert fact["total"] == 12
    assert fact["by_state"] == {"OK": 3, "Requested": 9}
    assert fact["unfinished"] == []


def test_pending_and_failed_accounts_are_listed_with_the_comment_and_the_last_change(sim: Simulator) -> None:
    link = "https://portal.example.org/link"
    change_account(
        sim,
        "member2",
        "Alpha Storage",
        state="Pending account linking",
        service_provider_comment="Link your account",
        service_provider_comment_url=link,
    )
    change_account(sim, "member1", "Alpha VM", state="Error creating")
    change_account(sim, "member1", "Alpha Storage", runtime_state="Pending additional validation")
    unfinished = gather(session(sim))["unfinished"]
    assert [(row["user_username"], row["offering_name"], row["state"]) for row in unfinished] == [
        ("member1", "Alpha Storage", "OK"),
        ("member2", "Alpha Storage", "Pending account linking"),
        ("member1", "Alpha VM", "Error creating"),
    ]
    pending = unfinished[1]
    assert (pending["service_provider_comment"], pending["service_provider_comment_url"]) == ("Link your account", link)
    assert pending["modified"].startswith("2026-11-")
    assert unfinished[0]["runtime_state"] == "Pending additional validation"


def test_an_account_with_a_comment_is_listed_unless_it_is_deleted(sim: Simulator) -> None:
    change_account(sim, "member1", "Alpha VM", service_provider_comment="Your quota is full")
    change_account(sim, "member1", "Alpha Storage", service_provider_comment="Gone", state="Deleted")
    assert [row["service_provider_comment"] for row in gather(session(sim))["unfinished"]] == ["Your quota is full"]


def test_a_user_without_username_is_listed_once_with_all_offerings(sim: Simulator) -> None:
    change_account(sim, "member4", "Alpha VM", state="Deleted")
    users = gather(session(sim))["without_username"]
    assert {user["user_username"]: user["offerings"] for user in users} == {
        "inactive": ["Alpha VM"],
        "member2": ["Alpha Storage"],
        "member3": ["Alpha VM"],
        "pa1": ["Alpha Storage", "Alpha VM"],
        "pm1": ["Alpha Storage", "Alpha VM"],
        "pm2": ["Alpha VM"],
    }


def test_accounts_of_another_provider_do_not_count(sim: Simulator) -> None:
    change_account(sim, "member2", "Beta HPC", state="Error creating")
    fact = gather(session(sim))
    assert (fact["total"], fact["unfinished"]) == (12, [])


# --- settings of 2026 ------------------------------------------------------------------------------------------------


def test_conflicts_are_those_of_the_list(sim: Simulator) -> None:
    assert gather(session(sim))["username_conflicts"] == []
    add_username_conflict(sim)
    (conflict,) = gather(session(sim))["username_conflicts"]
    assert conflict["user_username"] == "member1"
    assert [candidate["username"] for candidate in conflict["candidates"]] == ["m1_alpha", "m1_storage"]


def test_only_settings_of_an_offering_that_differ_from_the_inherited_ones_override(sim: Simulator) -> None:
    options = {"service_provider_can_create_offering_user": True, "login_shell": "/bin/bash"}
    assert sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": options})
    assert gather(session(sim))["overriding_offerings"] == []
    options = {**options, "homedir_prefix": "/srv/", "account_scope": "provider"}
    assert sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": options})
    (offering,) = gather(session(sim))["overriding_offerings"]
    assert offering["name"] == "Alpha VM"
    assert offering["settings"] == {"account_scope": "provider", "homedir_prefix": "/srv/"}


def test_offerings_without_accounts_and_archived_ones_override_nothing(sim: Simulator) -> None:
    own = {"plugin_options": {"homedir_prefix": "/srv/"}}
    for name, changed in (("Alpha VM", {"type": "Support.OfferingTemplate"}), ("Alpha Storage", {"state": "Archived"})):
        assert sim.change("Offering", {"name": name}, {**own, **changed})
    assert gather(session(sim))["overriding_offerings"] == []


def test_the_pool_of_the_provider_shows_how_much_of_each_range_is_used(sim: Simulator) -> None:
    assert gather(session(sim))["posix_id_pool"] is None
    sim.create("PosixPool", offering="Alpha VM", min_uid=5001, max_uid=5100)
    assert gather(session(sim))["posix_id_pool"] is None
    create_pool(sim)
    sim.create("PosixIdentity", pool=POOL, user="member1", uid=9001, gid=7001)
    pool = gather(session(sim))["posix_id_pool"]
    assert {key: pool["uid"][key] for key in ("capacity", "used", "utilization")} == {
        "capacity": 10,
        "used": 1,
        "utilization": 10.0,
    }
    assert (pool["gid"]["min"], pool["gid"]["max"], pool["gid"]["used"]) == (7001, 7100, 1)
    assert (pool["group_gid"], pool["utilization_threshold"]) == (None, 80)


# --- what can't be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["2024", "2025"])
def test_an_older_waldur_has_accounts_and_no_settings_and_gives_no_warning(edition: str) -> None:
    with Simulator.start(edition=edition) as older:
        asked = session(older)
        fact = gather(asked)
        assert fact["total"] == 12
        assert len(fact["without_username"]) == 7
        assert [fact[name] for name in SETTINGS] == [None, None, None]
        assert asked.warnings == []
        has_states = edition != "2024"
        assert fact["by_state"] == ({"OK": 3, "Requested": 9} if has_states else {})
        assert fact["unfinished"] == ([] if has_states else None)
        assert not [request for request in older.requests() if "posix" in request["path"]]


def test_what_the_token_may_not_read_is_null_with_a_warning_and_the_rest_is_there(sim: Simulator) -> None:
    create_pool(sim)
    asked = session(sim, "manager_alpha")
    fact = gather(asked)
    assert fact["total"] == 12
    assert (fact["username_conflicts"], fact["posix_id_pool"]) == (None, None)
    assert fact["overriding_offerings"] == []
    (warning,) = asked.warnings
    assert begins(warning, "fact_accounts_null", name="username_conflicts")
    assert "CUSTOMER.OWNER" in warning


def test_a_waldur_without_a_list_gives_null_with_a_warning(sim: Simulator) -> None:
    sim.fault(path=f"{POOLS}*", status=404, times=None, html=True)
    asked = session(sim)
    assert gather(asked)["posix_id_pool"] is None
    cause = message("feature_missing", feature="POSIX ID pools", since=2026)
    assert asked.warnings == [message("fact_accounts_null", name="posix_id_pool", cause=cause)]


@pytest.mark.parametrize("path", ["/api/marketplace-offering-users/*", f"{POOLS}*"])
def test_a_server_that_breaks_is_an_error_and_no_missing_fact(sim: Simulator, path: str) -> None:
    sim.fault(path=path, status=500, times=None)
    with pytest.raises(ServerDefect):
        gather(session(sim))


def test_rows_of_another_form_are_an_error_that_names_the_key(sim: Simulator) -> None:
    sim.fault(path="/api/marketplace-offering-users/*", status=200, body=[{"user_uuid": 7}], times=None)
    with pytest.raises(WaldurError, match=fragment("row_value_invalid", field="offering_uuid")):
        gather(session(sim))


@pytest.mark.parametrize("inherited", [5, ["/home/"], "/home/"])
def test_an_inherited_setting_of_another_form_is_none(sim: Simulator, inherited: Any) -> None:
    asked = session(sim)
    fields = ["uuid", "name", "customer_uuid", "type", "state"]
    rows = asked.client.rows("provider_offerings", field=fields)
    setting = {"source": "offering", "value": "/srv/", "inherited": inherited}
    body = [{**row, "account_settings": {"homedir_prefix": setting}} for row in rows if row["name"] == "Alpha VM"]
    sim.fault(path="/api/marketplace-provider-offerings/*", status=200, body=body, times=None)
    (offering,) = gather(asked)["overriding_offerings"]
    assert offering["settings"] == {"homedir_prefix": "/srv/"}


def test_hidden_accounts_are_a_warning(sim: Simulator) -> None:
    sim.change("Setting", {"name": CONSENT}, {"value": True})
    for alias, expected in (("staff", 0), ("owner", 1)):
        asked = session(sim, alias)
        gather(asked)
        assert len(asked.warnings) == expected


def test_facts_that_count_users_warn_once_that_some_may_be_missing(sim: Simulator) -> None:
    sim.change("Setting", {"name": CONSENT}, {"value": True})
    asked = session(sim)
    options = {"service_provider": "ALPHA", "gather_subset": ["compliance", "counts"]}
    FACTS["service_provider_facts"].answer(asked, options)
    assert asked.warnings == [message("users_missing", provider=ALPHA)]


# --- cost ------------------------------------------------------------------------------------------------------------


def test_the_requests_do_not_grow_with_the_users(sim: Simulator) -> None:
    create_pool(sim)
    sim.zero()
    gather(session(sim))
    before = sim.counts().requests
    for number in range(40):
        sim.create("User", username=f"many{number}")
        sim.create("OfferingUser", user=f"many{number}", offering="Alpha VM", state="Error creating")
    sim.zero()
    assert len(gather(session(sim))["unfinished"]) == 40
    assert sim.counts().requests == before == 1 + 1 + 1 + 4
