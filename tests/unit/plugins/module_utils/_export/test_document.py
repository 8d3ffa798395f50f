# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export says of the recorded world, in which words, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from messages import message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from simulator_process import Simulator

from ...helpers.exports import ALPHA, BETA, account, alpha, grant, plan_of, session
from ...helpers.fixture_types import Connect

MANAGER = "551b22bc52224067a423ce9d73c31321"


# --- what is said ----------------------------------------------------------------------------------------------------


def test_an_export_is_the_whole_document_with_names_instead_of_uuids(sim: Simulator, connect: Connect) -> None:
    grant(sim, "member1", until="2027-06-30T20:00:00+02:00")
    found = export(connect(), "ALPHA")
    assert found["count"] == 1
    assert found["service_providers"] == [
        {
            "customer": "Alpha Cloud Ltd",
            "description": "Provider of Alpha Cloud Ltd",
            "enable_notifications": True,
            "users": [
                {"user": "manager_alpha", "role": "CUSTOMER.MANAGER", "expiration_time": "never"},
                {"user": "member1", "role": "CUSTOMER.MANAGER", "expiration_time": "2027-06-30T18:00:00Z"},
            ],
            "offering_usernames": [{"user": "member1", "username": "m1_alpha"}],
        }
    ]
    assert SCHEMA.read(found["service_providers"], images.read_image)


def test_without_references_all_providers_are_exported_by_name(sim: Simulator, connect: Connect) -> None:
    found = export(connect())
    named = [entry["customer"] for entry in found["service_providers"]]
    assert named == sorted(named)
    assert (len(named), found["count"]) == (12, 12)
    assert [note["service_provider"] for note in found["notes"]] == sorted(
        note["service_provider"] for note in found["notes"]
    )


def test_a_provider_that_is_named_twice_is_exported_once(sim: Simulator, connect: Connect) -> None:
    found = export(connect(), ["BETA", "ALPHA", "Alpha Cloud Ltd", ALPHA.upper()])
    assert [entry["customer"] for entry in found["service_providers"]] == ["Alpha Cloud Ltd", "Beta HPC Centre"]


def test_a_text_is_one_reference_also_with_a_comma_in_it(sim: Simulator, connect: Connect) -> None:
    sim.change("Customer", {"uuid": ALPHA}, {"name": "Alpha, Cloud, Ltd"})
    assert export(connect(), "Alpha, Cloud, Ltd")["count"] == 1


def test_an_empty_list_names_nobody(sim: Simulator, connect: Connect) -> None:
    assert export(connect(), []) == {"service_providers": [], "notes": [], "count": 0}


def test_parts_are_all_that_is_read(sim: Simulator, connect: Connect) -> None:
    found = alpha(connect(), "profile")
    assert set(found) == {"customer", "description", "enable_notifications", "notes"}
    assert set(sim.counts().operations) == {"GET /api/marketplace-service-providers/", "GET /api/customers/"}


def test_options_and_domains_are_exported_where_there_are_any() -> None:
    with Simulator.start(edition="2026") as sim:
        options = {
            "username_generation_policy": "anonymized",
            "account_scope": "provider",
            "homedir_prefix": "",
            "login_shell": None,
            "project_groups_enabled": False,
        }
        where = {"customer__uuid": ALPHA}
        sim.change("ServiceProvider", where, {"account_options": options, "allowed_domains": ["b.org", "a.org"]})
        found = alpha(session(sim), "profile")
        assert found["allowed_domains"] == ["a.org", "b.org"]
        expected = {"account_scope": "provider", "project_groups_enabled": False}
        assert list(found["account_options"].items()) == [
            *expected.items(),
            ("username_generation_policy", "anonymized"),
        ]
        assert found["notes"] == {}
        sim.change("ServiceProvider", where, {"account_options": {}, "allowed_domains": []})
        found = alpha(session(sim), "profile")
        assert found["allowed_domains"] == []
        assert "account_options" not in found


def test_account_options_that_no_document_can_hold_are_noted_and_the_others_exported() -> None:
    with Simulator.start(edition="2026") as sim:
        options = {"login_shell": "/bin/sh", "homedir_prefix": "home", "colour": "red"}
        sim.change("ServiceProvider", {"customer__uuid": ALPHA}, {"account_options": options})
        found = alpha(session(sim), "profile")
        assert found["account_options"] == {"login_shell": "/bin/sh"}
        assert found["notes"] == {
            ("account_options", key): message("export_option_left_out", provider="Alpha Cloud Ltd", option=key)
            for key in ("homedir_prefix", "colour")
        }


# --- references that hold --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Beta HPC Centre", "Consumer Institute", BETA, " Alpha ", "https://waldur/api/customers/" + BETA + "/"]
)
def test_a_customer_whose_name_could_mean_another_is_written_by_uuid(
    sim: Simulator, connect: Connect, name: str
) -> None:
    sim.change("Customer", {"uuid": ALPHA}, {"name": name})
    assert alpha(connect(), "profile")["customer"] == ALPHA


def test_the_name_of_one_may_be_the_abbreviation_of_another(sim: Simulator, connect: Connect) -> None:
    sim.change("Customer", {"uuid": ALPHA}, {"name": "BETA"})
    found = export(connect(), ["Beta HPC Centre", ALPHA], ["profile"])["service_providers"]
    assert [entry["customer"] for entry in found] == ["BETA", "Beta HPC Centre"]
    assert plan_of(connect(), found) == []


def test_a_token_that_sees_no_customers_writes_what_it_can_apply_itself(sim: Simulator, connect: Connect) -> None:
    sim.change("Customer", {"name": "Extra Provider 01"}, {"name": "Beta HPC Centre"})
    found = export(connect("outsider"), ["ALPHA", BETA], ["profile"])["service_providers"]
    assert [entry["customer"] for entry in found] == ["Alpha Cloud Ltd", BETA]
    assert plan_of(connect("outsider"), found) == []


@pytest.mark.parametrize(
    "username", ["51d1acdbef2e4274bda95a1ce5391e54", "51D1ACDB-EF2E-4274-BDA9-5A1CE5391E54", " manager "]
)
def test_a_username_that_could_mean_another_is_written_as_uuid(sim: Simulator, connect: Connect, username: str) -> None:
    grant(sim, "member1")
    sim.change("User", {"uuid": MANAGER}, {"username": username})
    found = alpha(connect(), "users")
    assert [entry["user"] for entry in found["users"]] == [MANAGER, "member1"]
    assert plan_of(connect(), [{"customer": "ALPHA", "users": found["users"]}]) == []


def test_a_user_who_took_the_name_of_another_user_is_not_confused_with_them(sim: Simulator, connect: Connect) -> None:
    kept = connect()
    kept.references.users.resolve(["member1", "member2"])
    sim.change("User", {"username": "member1"}, {"username": "left"})
    sim.change("User", {"username": "member2"}, {"username": "member1"})
    grant(sim, "member1")
    found = alpha(kept, "users")
    assert [entry["user"] for entry in found["users"]] == ["manager_alpha", "member1"]
    assert kept.references.users.known_uuid("member1") == "4d6b00766d9a494d9a05b60e87009a12"
    assert plan_of(connect(), [{"customer": "ALPHA", "users": found["users"]}]) == []


class Nameless(Client):
    """A client of a Waldur that tells no usernames."""

    def rows(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """The rows without them."""
        return [{**row, "user_username": None} for row in super().rows(*args, **kwargs)]


def test_a_user_whose_username_is_hidden_is_written_as_uuid(sim: Simulator, connect: Connect) -> None:
    client = Nameless(Connection(sim.url, sim.token("staff"), retries=0))
    found = alpha(Session(client, References(client)), "users")
    assert [entry["user"] for entry in found["users"]] == [MANAGER]
    assert plan_of(connect(), [{"customer": "ALPHA", "users": found["users"]}]) == []


def test_text_that_yaml_would_take_for_something_else_survives_a_file(sim: Simulator, connect: Connect) -> None:
    grant(sim, "member1", until="2027-06-30T00:00:00Z")
    sim.change("User", {"uuid": MANAGER}, {"username": "007"})
    for offering in ("Alpha VM", "Alpha Storage"):
        account(sim, offering, "member1", "12:30:45")
    sim.change("ServiceProvider", {"customer__uuid": ALPHA}, {"description": " null\n"})
    sim.change("Customer", {"uuid": ALPHA}, {"name": "0123"})
    found = export(connect(), "ALPHA")["service_providers"]
    read = yaml.safe_load(yaml.safe_dump(found))
    assert read == found
    assert [read[0][key] for key in ("customer", "description")] == ["0123", "null"]
    assert read[0]["offering_usernames"] == [{"user": "member1", "username": "12:30:45"}]
    assert plan_of(connect(), read) == []


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_an_export_costs_pages_and_not_items(other_world: Simulator) -> None:
    other_world.load(generate={"users": 1000, "grants": 1000, "accounts": 1000, "projects": 10})
    other_world.zero()
    found = export(session(other_world))["service_providers"][0]
    assert [len(found[key]) for key in ("users", "offering_usernames")] == [1000, 1000]
    assert other_world.counts().requests == 17
    assert other_world.counts().writes == 0


def test_names_full_of_templates_stay_as_they_are(other_world: Simulator) -> None:
    other_world.load(generate={"users": 5, "grants": 5, "accounts": 5, "templates": True})
    found = export(session(other_world))["service_providers"]
    assert "{{ lookup(" in found[0]["customer"]
    assert "{{ lookup(" in found[0]["description"]
    assert plan_of(session(other_world), found) == []


def test_unusable_references_are_named(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=prefix("provider_not_found", option="service_providers[1]", value="NONE")):
        export(connect(), ["ALPHA", "NONE"])
    with pytest.raises(
        InvalidInput, match=prefix("not_quoted", option="service_providers", problem="the value is the number 7")
    ):
        export(connect(), 7)
