# SPDX-License-Identifier: GPL-3.0-or-later
"""For any document, no user loses access unless an entry says so or the limits allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from messages import fragment, matching, mentions, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser

from .marketplace_model import NOW, Provider, applied, planned
from .strategies import ALPHA, TOKEN_USER, Situation, situations

EXCLUSIVE = situations(places=((ALPHA,),)).map(
    lambda situation: replace(situation, document=_exclusive(situation.document))
)


def _exclusive(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keeps = [{"user": "member1"}, {"user": "member2", "state": "absent"}]
    return [
        {"users": keeps, **{k: v for k, v in entry.items() if k != "state"}, "exclusive_users": True}
        for entry in document
    ]


def removals(situation: Situation) -> list[Change[object]]:
    """Return the revocations without an entry, in a plan without a limit; rejected plans are discarded."""
    try:
        plan = planned(
            situation.marketplace, situation.document, max_removals=99, missing_users=situation.missing_users
        )
    except InvalidInput:
        assume(False)
        raise
    return [change for change in plan.changes if change.is_implied]


@given(EXCLUSIVE, st.sampled_from([None, 0, 1, 2, 5]))
def test_more_removals_than_allowed_are_refused_and_listed(situation: Situation, allowed: int | None) -> None:
    implied = removals(situation)
    limits: dict[str, Any] = {"max_removals": allowed, "missing_users": situation.missing_users}
    if len(implied) <= (5 if allowed is None else allowed):
        plan = planned(situation.marketplace, situation.document, **limits)
        assert [change for change in plan.changes if change.is_implied] == implied
        return
    with pytest.raises(
        InvalidInput, match=prefix("too_many_removals", option="max_removals", count=len(implied))
    ) as refused:
        planned(situation.marketplace, situation.document, **limits)
    assert refused.value.details["removals"] == [change.as_dict() for change in implied]


@given(situations())
def test_without_exclusive_nobody_loses_a_grant_that_no_entry_names(situation: Situation) -> None:
    listed = [{key: value for key, value in e.items() if key != "exclusive_users"} for e in situation.document]
    assert removals(replace(situation, document=listed)) == []


@given(EXCLUSIVE)
def test_exclusive_takes_no_own_grant_and_none_that_has_ended(situation: Situation) -> None:
    provider = situation.marketplace.providers[0]
    for change in removals(situation):
        user, role = str(change.id["user"]), str(change.id["role"])
        assert user != TOKEN_USER
        assert change.action.name == "revoke"
        assert any(expiry is None or expiry > NOW for expiry in provider.grants[user, role])


@given(EXCLUSIVE)
def test_exclusive_revokes_no_grant_while_a_listed_user_is_unknown(situation: Situation) -> None:
    usable = [situation.marketplace.find_user(entry["user"]) for entry in situation.document[0]["users"]]
    states = [entry.get("state", "present") for entry in situation.document[0]["users"]]
    unsure = any(
        isinstance(user, UnresolvedUser) and (state == "present" or user.user is None)
        for user, state in zip(usable, states, strict=True)
    )
    found = removals(replace(situation, missing_users="warn"))
    assert not (unsure and found)


@given(EXCLUSIVE)
def test_exclusive_that_keeps_nobody_is_refused(situation: Situation) -> None:
    document = [
        {
            **entry,
            "users": [{k: v for k, v in w.items() if k != "expiration_time"} | {"state": "absent"} for w in users],
        }
        for entry in situation.document
        for users in [entry["users"]]
    ]
    with pytest.raises(InvalidInput, match=fragment("exclusive_keeps_nobody", provider=matching(r"Alpha Cloud.*"))):
        planned(situation.marketplace, document, max_removals=99, missing_users="warn")


@given(EXCLUSIVE)
def test_after_an_exclusive_plan_only_those_listed_remain(situation: Situation) -> None:
    marketplace = situation.marketplace
    unknown = any(
        isinstance(marketplace.find_user(entry["user"]), UnresolvedUser) for entry in situation.document[0]["users"]
    )
    assume(not unknown)
    removals(situation)
    plan = planned(marketplace, situation.document, max_removals=99, missing_users=situation.missing_users)
    after = applied(marketplace, [change.as_dict() for change in plan.changes]).providers[0]
    kept = {
        (
            getattr(marketplace.find_user(entry["user"]), "uuid", ""),
            marketplace.role(entry.get("role", "CUSTOMER.MANAGER"))["uuid"],
        )
        for entry in situation.document[0]["users"]
        if entry.get("state") != "absent"
    }
    assert _lasting_pairs(after) <= kept | {pair for pair in after.grants if pair[0] == TOKEN_USER}


def _lasting_pairs(provider: Provider) -> set[tuple[str, str]]:
    """Return the pairs of users who have access: without expired grants and deactivated users."""
    return {
        pair
        for pair, expiries in provider.grants.items()
        if any(expiry is None or expiry > NOW for expiry in expiries) and pair[0] != "ebd8cbb205af42088210766b25122925"
    }


@given(situations())
def test_a_refusal_is_one_sentence_that_names_the_option(situation: Situation) -> None:
    try:
        planned(situation.marketplace, situation.document, **situation.limits)
    except InvalidInput as error:
        for sentence in error.details.get("errors", [error.message]):
            names_option = sentence.startswith(("service_providers[", "max_removals: "))
            assert names_option or mentions(sentence, "granted_twice", count=2)
            assert sentence.endswith((".", ".)", "/revoke/)."))
