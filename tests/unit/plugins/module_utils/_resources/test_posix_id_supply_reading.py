# SPDX-License-Identifier: GPL-3.0-or-later
"""How many numbers a POSIX ID pool has left, without a server (api-behaviour: posix-numbers, posix-pools-marks)."""

from __future__ import annotations

from typing import Any

import pytest
from messages import begins, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_pool import Pool
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_pool_ranges import GID, UID
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_supply import (
    EarlierChanges,
    NumberSupplies,
    Shortage,
    Supply,
    may_have_pools,
    read_supplies,
)

from ...helpers.recording_client import AskedClient
from ...helpers.samples import ALICE, BOB, CAROL, CUSTOMER, GONE, PROVIDER, target

OFFERING, POOL = "0f" * 16, "50" * 16
THREE = {OFFERING: {ALICE.uuid, BOB.uuid, CAROL.uuid}}
ROW = {"uuid": POOL, "customer_uuid": CUSTOMER, "service_provider": PROVIDER, "min_uid": 5000, "max_uid": 5009}


def held(uid: int, user: str = GONE.uuid) -> dict[str, Any]:
    """An identity of the pool."""
    return {"uuid": f"{uid:032}", "pool_uuid": POOL, "uid": uid, "gid": None, "user_uuid": user, "released_at": None}


def released(uid: int, *, recyclable: bool = True) -> dict[str, Any]:
    """An identity that was given back; where it is not recyclable, its number is withheld."""
    return {**held(uid), "released_at": "2026-11-22T22:00:00Z", "recyclable": recyclable}


@pytest.mark.parametrize(
    ("pool", "identities", "free", "queries"),
    [
        ({}, [], None, []),
        ({"next_uid": 4000}, [], None, []),
        ({"next_uid": 5007, "uid_used": 0}, [], None, []),
        ({"next_uid": 5005, "uid_used": 2}, [], None, []),
        ({"next_uid": 5005, "uid_used": 3}, [], None, [(5005, 5009)]),
        ({"next_uid": 5007, "uid_used": 1}, [held(5006)], None, [(5007, 5009)]),
        ({"next_uid": 5006, "uid_used": 2}, [held(5006)], None, [(5006, 5009)]),
        ({"next_uid": 5007, "uid_used": 1}, [held(5009)], 2, [(5007, 5009), None]),
        ({"next_uid": 5007, "uid_used": 1}, [held(5007)], 2, [(5007, 5009), None]),
        ({"next_uid": 5008}, [], 2, [(5008, 5009), None]),
        ({"next_uid": 5008}, [released(5000), released(5007), released(5008)], 4, [(5008, 5009), None]),
        ({"next_uid": 5008}, [released(5001, recyclable=False)], 2, [(5008, 5009), None]),
        ({"next_uid": 5008}, [released(5001), held(5001)], 2, [(5008, 5009), None]),
        ({"next_uid": 5008}, [{**held(5009), "pool_uuid": "60" * 16}], 2, [(5008, 5009), None]),
        ({"next_uid": 5010}, [held(5009)], 0, [None]),
        ({"next_uid": 9999}, [released(5009)], 1, [None]),
    ],
)
def test_what_a_pool_has_left_for_three_users(
    pool: dict[str, int], identities: list[dict[str, Any]], free: int | None, queries: list[tuple[int, int] | None]
) -> None:
    client = AskedClient({"posix_id_pools": [{**ROW, **pool}], "posix_identities": identities})
    supplies = read_supplies(client.session(), target(), THREE, {}, EarlierChanges())
    holders = frozenset(row["user_uuid"] for row in identities if row["pool_uuid"] == POOL and not row["released_at"])
    supply = Supply("", UID, (5000, 5009), free or 0, holders)
    assert supplies.by_offering == ({} if free is None else {OFFERING: (supply,)})
    assert [query for name, _uuid, query in client.asked if name == "posix_identities"] == [
        {"pool_uuid": POOL, **({"uid_min": span[0], "uid_max": span[1]} if span else {})} for span in queries
    ]


def test_numbers_that_the_document_gives_to_groups_are_not_left_for_accounts() -> None:
    row = {**ROW, "min_uid": None, "max_uid": None, "min_gid": 5000, "max_gid": 5004, "next_gid": 5001}
    earlier = EarlierChanges(gids=frozenset({5000, 5004, 5005}))
    client = AskedClient({"posix_id_pools": [row]})
    assert read_supplies(client.session(), target(), THREE, {}, earlier).by_offering == {}
    four = {OFFERING: {*THREE[OFFERING], GONE.uuid}}
    supplies = read_supplies(client.session(), target(), four, {}, earlier)
    assert supplies.by_offering == {OFFERING: (Supply("", GID, (5000, 5004), 3),)}


@pytest.mark.parametrize(
    ("gids", "free"), [((), None), ((5001,), None), ((5001, 5005), None), ((5000, 5004), 3), ((5000, 5001, 5002), 2)]
)
def test_a_pool_that_the_document_creates_has_the_numbers_that_its_groups_leave(
    gids: tuple[int, ...], free: int | None
) -> None:
    four = {OFFERING: {*THREE[OFFERING], GONE.uuid}}
    earlier = EarlierChanges(Pool("posix_id_pool", "present", {"min_gid": 5000, "max_gid": 5004}), frozenset(gids))
    client = AskedClient()
    supplies = read_supplies(client.session(), target(), four, {}, earlier)
    assert supplies.by_offering == ({} if free is None else {OFFERING: (Supply("", GID, (5000, 5004), free),)})
    assert [name for name, _uuid, _query in client.asked] == ["posix_id_pools"]


def test_a_document_that_only_describes_the_pool_makes_none() -> None:
    earlier = EarlierChanges(Pool("posix_id_pool", "present", {"description": "Numbers of the cluster"}))
    assert not may_have_pools(AskedClient().session(), target(), earlier)
    assert may_have_pools(AskedClient({"posix_id_pools": [ROW]}).session(), target(), earlier)


def test_an_offering_takes_the_numbers_it_uses_from_its_own_pool_or_from_that_of_the_provider() -> None:
    own = {**ROW, "uuid": "60" * 16, "service_provider": None, "offering": OFFERING, "min_uid": 7000, "max_uid": 7001}
    client = AskedClient({"posix_id_pools": [own, {**ROW, "next_uid": 5007}]})
    first, second = "1f" * 16, "2f" * 16
    demand = {**THREE, first: {ALICE.uuid, BOB.uuid}, second: {CAROL.uuid, GONE.uuid}}
    of_provider, of_offering = Supply("", UID, (5000, 5009), 3), Supply(OFFERING, UID, (7000, 7001), 2)
    supplies = read_supplies(client.session(), target(), demand, {}, EarlierChanges())
    assert supplies.by_offering == {OFFERING: (of_offering,), first: (of_provider,), second: (of_provider,)}
    supplies = read_supplies(client.session(), target(), demand, {second: ["gid"]}, EarlierChanges())
    assert supplies.by_offering == {OFFERING: (of_offering,)}


def test_both_kinds_of_numbers_may_be_scarce_and_groups_take_no_uids() -> None:
    row = {**ROW, "next_uid": 5008, "min_gid": 5000, "max_gid": 5004, "next_gid": 5003}
    client = AskedClient({"posix_id_pools": [row]})
    earlier = EarlierChanges(gids=frozenset({5004, 5008}))
    supplies = read_supplies(client.session(), target(), THREE, {}, earlier)
    uids, gids = Supply("", UID, (5000, 5009), 2), Supply("", GID, (5000, 5004), 1)
    assert supplies.by_offering == {OFFERING: (uids, gids)}


def test_nothing_is_read_where_no_account_needs_a_number() -> None:
    client = AskedClient({"posix_id_pools": [ROW]})
    assert read_supplies(client.session(), target(), {OFFERING: set()}, {}, EarlierChanges()) == NumberSupplies()
    assert client.asked == []


def test_an_identity_without_a_number_is_reported() -> None:
    tables = {"posix_id_pools": [{**ROW, "next_uid": 5008}], "posix_identities": [{**held(5001), "uid": "many"}]}
    with pytest.raises(WaldurError) as failed:
        read_supplies(AskedClient(tables).session(), target(), THREE, {}, EarlierChanges())
    assert begins(failed.value.message, "row_value_invalid", request="list the POSIX identities", field="uid")


def test_users_who_hold_a_number_need_none_and_offerings_share_a_pool() -> None:
    supply = Supply("", UID, (5000, 5009), 1, frozenset({ALICE.uuid}))
    supplies = NumberSupplies({OFFERING: (supply,), "1f" * 16: (supply,)})
    assert supplies.shortages({OFFERING: {ALICE.uuid, BOB.uuid}, "1f" * 16: {BOB.uuid}, "2f" * 16: {CAROL.uuid}}) == []
    assert supplies.shortages({OFFERING: {ALICE.uuid, BOB.uuid}, "1f" * 16: {CAROL.uuid}}) == [
        Shortage(supply, frozenset({BOB.uuid, CAROL.uuid}))
    ]


@pytest.mark.parametrize(
    ("supply", "names", "values", "how"),
    [
        (
            Supply("", UID, (5000, 5009), 0),
            ["alice"],
            {"users": "alice needs a UID", "free": "none", "missing": 1, "end": "max_uid"},
            "pool_too_small_own",
        ),
        (
            Supply(OFFERING, GID, (5000, 5009), 1),
            ["alice", "bob", "carol"],
            {"users": "3 users need GIDs", "free": 1, "missing": 2, "end": "max_gid"},
            "pool_too_small_offering",
        ),
    ],
    ids=["provider", "offering"],
)
def test_a_shortage_says_by_how_much_the_range_must_grow(
    supply: Supply, names: list[str], values: dict[str, Any], how: str
) -> None:
    text = Shortage(supply, frozenset(names)).describe("account_options", names, "ACME")
    values = {**values, "option": "account_options", "pool": "ACME", "span": "5000 to 5009", "how": message(how)}
    assert text == message("pool_too_small", **values)
