# SPDX-License-Identifier: GPL-3.0-or-later
"""What a poll reads: complete lists and windows, removed rows, and what each token and each Waldur allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from messages import begins, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RouteMissing,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import Settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.reader import ListReader, Observation
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import KnownList, State
from simulator_process import Simulator

ALPHA, BETA = "e182aaedb6ae4541956a3c14629abc02", "a8d8889eb447416caff92ad648f4d9b4"
LIST_USERS = "GET /api/marketplace-service-providers/{uuid}/list_users/"
OFFERING_USERS = "GET /api/marketplace-offering-users/"


class Poller:
    """Polls as a source does, and takes over what it finds."""

    def __init__(self, sim: Simulator, alias: str = "staff", **options: Any) -> None:
        options = {"service_providers": ("ALPHA",), **options}
        self.sim = sim
        self.time = 1000.0
        self.state = State("0f" * 16)
        connection = Connection(sim.url, sim.token(alias), retries=0)
        self._reader = ListReader(Settings(connection, "/cursor", **options), lambda: self.time)

    def observe(self) -> Observation:
        self.sim.zero()
        return self._reader.observe(self.state)

    def poll(self) -> dict[str, tuple[int, int]]:
        """Return for each kind how many rows are new or differ, and how many are gone."""
        observation = self.observe()
        self.state.providers.update(observation.providers)
        for key, difference in observation.differences.items():
            known = self.state.lists.setdefault(key, KnownList()).rows
            known.update(difference.present)
            for uuid in difference.gone:
                del known[uuid]
        kinds = {kind: [d for key, d in observation.differences.items() if key[0] == kind] for kind in KINDS}
        return {
            kind: (sum(len(d.present) for d in found), sum(len(d.gone) for d in found))
            for kind, found in kinds.items()
            if any(d.present or d.gone for d in found)
        }

    def requests(self, operation: str) -> int:
        return self.sim.counts().operations.get(operation, 0)


def test_accounts_are_read_by_their_changes_and_grants_as_a_whole(sim: Simulator) -> None:
    poller = Poller(sim)
    assert poller.poll() == {"service_provider": (1, 0), "role": (1, 0), "account": (12, 0)}
    assert poller.poll() == {}
    assert poller.requests(LIST_USERS) == 1
    # One for the rows of the window, one for their number.
    assert poller.requests(OFFERING_USERS) == 2
    queries = [one["path"] for one in sim.requests() if "offering-users" in one["path"]]
    assert ["modified=" in path for path in queries] == [True, False]
    assert sim.counts().reads == 4
    sim.change("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True})
    assert poller.poll() == {"account": (2, 0)}
    assert poller.poll() == {}


def test_the_window_overlaps_the_last_one(sim: Simulator) -> None:
    """What the server stores with an earlier time than it becomes visible is found."""

    def change(at: str, *, restricted: bool) -> None:
        sim.set_clock(at, frozen=True)
        sim.change("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": restricted})
        sim.set_clock("2027-01-01T00:01:00Z", frozen=True)

    sim.set_clock("2027-01-01T00:01:00Z", frozen=True)
    poller = Poller(sim, overlap=60)
    poller.poll()
    change("2027-01-01T00:00:00Z", restricted=True)
    assert poller.poll() == {"account": (2, 0)}
    change("2026-12-31T23:59:59Z", restricted=False)
    assert poller.poll() == {}
    # A complete reading finds what is outside of every window.
    poller.time += 3600
    assert poller.poll() == {"account": (2, 0)}


def test_a_change_is_found_after_the_clock_of_the_server_was_set_back(sim: Simulator) -> None:
    sim.set_clock("2027-01-01T12:00:00Z", frozen=True)
    poller = Poller(sim, kinds=("account",), overlap=60)
    poller.poll()
    sim.set_clock("2027-01-01T11:00:00Z", frozen=True)
    sim.change("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True})
    sim.set_clock("2027-01-01T11:02:00Z", frozen=True)
    assert poller.poll() == {"account": (2, 0)}


def test_a_removed_account_is_found_by_the_number_of_rows_also_if_another_one_came(sim: Simulator) -> None:
    poller = Poller(sim)
    poller.poll()
    (account,) = sim.delete("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha VM"})
    assert poller.poll() == {"account": (0, 1)}
    sim.create("OfferingUser", user="member1", offering="Alpha VM", username="again")
    sim.delete("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha Storage"})
    assert poller.poll() == {"account": (1, 1)}
    assert account not in poller.state.lists["account", ALPHA].rows


def test_a_row_that_a_long_list_gave_twice_and_another_that_it_left_out_are_no_changes(other_world: Simulator) -> None:
    other_world.load(generate={"users": 301, "grants": 301})
    poller = Poller(other_world, service_providers=("Provider 0001",), kinds=("role",))
    assert poller.poll() == {"role": (301, 0)}
    # Pages that overlap, with the number of rows that was announced: the second page lacks its only row.
    other_world.fault(path="*/list_users/*page=2*", skip_row=True, times=2)
    with pytest.raises(WaldurError):
        poller.poll()
    assert poller.poll() == {}


def test_a_row_that_moved_between_pages_while_they_were_read_is_not_gone(other_world: Simulator) -> None:
    """One grant is revoked after the first page was read, so that another moves there from the second page, and one is
    granted, so that the number of rows is as announced."""
    other_world.load(generate={"users": 302, "grants": 301})
    poller = Poller(other_world, service_providers=("Provider 0001",), kinds=("role",))
    poller.poll()
    provider = next(iter(poller.state.providers))
    first = next(iter(poller.state.lists["role", provider].rows))
    revocation = {"model": "Grant", "where": {"uuid": first}, "set": {"is_active": False}}
    other_world.fault(path="*/list_users/*page=2*", meanwhile=revocation)
    other_world.create("Grant", user="user0302", role="CUSTOMER.MANAGER", service_provider=provider)
    changes = poller.poll()
    for _number in range(2):
        for kind, (new_rows, gone) in poller.poll().items():
            changes[kind] = (changes.get(kind, (0, 0))[0] + new_rows, changes.get(kind, (0, 0))[1] + gone)
    assert changes == {"role": (1, 1)}


def test_a_service_provider_that_is_missing_in_a_long_list_is_looked_for_twice(other_world: Simulator) -> None:
    other_world.load(generate={"providers": 301, "users": 0})
    poller = Poller(other_world, service_providers=None, kinds=("service_provider",))
    poller.poll()
    assert len(poller.state.providers) == 301
    (gone,) = other_world.delete("ServiceProvider", {"customer__name": "Provider 0001"})
    observation = poller.observe()
    assert set(poller.state.providers) - set(observation.providers) == {gone}
    assert poller.requests("GET /api/marketplace-service-providers/") == 2


def test_a_service_provider_keeps_its_meaning_when_its_customer_is_renamed(sim: Simulator) -> None:
    poller = Poller(sim)
    poller.poll()
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"name": "Renamed", "abbreviation": "OTHER"})
    assert poller.poll() == {"service_provider": (1, 0)}
    assert poller.state.references == {"ALPHA": ALPHA}


def test_without_any_named_all_service_providers_are_read(sim: Simulator) -> None:
    poller = Poller(sim, service_providers=None, kinds=("role",))
    assert len(poller.observe().providers) == 12


def test_a_name_that_is_unknown_is_an_error_that_names_it(sim: Simulator) -> None:
    expected = prefix("provider_not_found", option="service_providers[1]", value="nobody")
    with pytest.raises(InvalidInput, match=expected):
        Poller(sim, service_providers=("ALPHA", "nobody")).poll()


@pytest.mark.parametrize(("edition", "kinds"), [("2024", {"service_provider", "account"}), ("2026", set(KINDS))])
def test_the_kinds_are_those_of_the_waldur(edition: str, kinds: Iterable[str]) -> None:
    with Simulator.start(edition=edition) as sim:
        poller = Poller(sim)
        poller.poll()
        assert {kind for kind, _provider in poller.state.lists} == kinds
        assert poller.poll() == {}
        if edition == "2024":
            with pytest.raises(RouteMissing):
                Poller(sim, kinds=("role",)).observe()
            return
        # An owner reads all of their service provider, and nothing of another.
        owner = Poller(sim, "owner")
        assert owner.poll().keys() >= {"role", "account"}
        assert owner.poll() == {}
        refused = Poller(sim, "owner", service_providers=("ALPHA", "BETA"))
        assert {key: type(error) for key, error in refused.observe().errors.items()} == {("role", BETA): Forbidden}


def test_a_token_in_a_row_is_masked_before_it_is_kept(sim: Simulator) -> None:
    token = sim.token("staff")
    sim.change("OfferingUser", {"username": "m1_alpha"}, {"username": token})
    poller = Poller(sim)
    poller.poll()
    assert token not in str(poller.state)
    assert "********" in str(poller.state)


def test_a_token_in_an_error_is_masked(sim: Simulator) -> None:
    token = sim.token("staff")
    sim.fault(path="*/list_users/*", status=400, body={"detail": f"bad {token}"}, times=None)
    poller = Poller(sim, kinds=("role",))
    with pytest.raises(WaldurError) as caught:
        poller.observe()
    assert token not in str(caught.value)


def test_one_list_that_can_not_be_read_does_not_stop_the_others(sim: Simulator) -> None:
    poller = Poller(sim, service_providers=("ALPHA", "BETA"))
    poller.poll()
    sim.fault(path=f"*/{ALPHA}/list_users/*", status=500, times=None)
    observation = poller.observe()
    assert set(observation.errors) == {("role", ALPHA)}
    assert begins(observation.errors["role", ALPHA].message, "server_error", status=500)
    assert ("role", BETA) in observation.differences


def test_an_outage_raises_its_error(sim: Simulator) -> None:
    poller = Poller(sim)
    poller.poll()
    sim.fault(path="*/list_users/*", status=503, times=None)
    sim.fault(path="*/marketplace-offering-users/*", status=503, times=None)
    with pytest.raises(WaldurError):
        poller.observe()
