# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is written: nobody loses access unless somebody asked for it, or the limits allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from messages import matching, mentions, part, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser

from .model import NOW, Provider, applied, planned
from .strategies import ALPHA, ME, Situation, situations

EXCLUSIVE = situations(places=((ALPHA,),)).map(lambda found: replace(found, document=_exclusive(found.document)))


def _exclusive(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keeps = [{"user": "member1"}, {"user": "member2", "state": "absent"}]
    return [
        {"users": keeps, **{k: v for k, v in entry.items() if k != "state"}, "exclusive_users": True}
        for entry in document
    ]


def removals(situation: Situation) -> list[Change[object]]:
    """The revocations that no entry names, in a plan without a limit; refused plans are passed over."""
    try:
        plan = planned(situation.world, situation.document, max_removals=99, missing_users=situation.missing_users)
    except InvalidInput:
        assume(False)
        raise
    return [change for change in plan.changes if change.is_implied]


@given(EXCLUSIVE, st.sampled_from([None, 0, 1, 2, 5]))
def test_more_removals_than_allowed_are_refused_and_listed(situation: Situation, allowed: int | None) -> None:
    wanted = removals(situation)
    limits: dict[str, Any] = {"max_removals": allowed, "missing_users": situation.missing_users}
    if len(wanted) <= (5 if allowed is None else allowed):
        plan = planned(situation.world, situation.document, **limits)
        assert [change for change in plan.changes if change.is_implied] == wanted
        return
    with pytest.raises(
        InvalidInput, match=prefix("too_many_removals", option="max_removals", count=len(wanted))
    ) as refused:
        planned(situation.world, situation.document, **limits)
    assert refused.value.details["removals"] == [change.as_dict() for change in wanted]


@given(situations())
def test_without_exclusive_nobody_loses_a_grant_that_no_entry_names(situation: Situation) -> None:
    listed = [{key: value for key, value in e.items() if key != "exclusive_users"} for e in situation.document]
    assert removals(replace(situation, document=listed)) == []


@given(EXCLUSIVE)
def test_exclusive_takes_no_own_grant_and_none_that_has_ended(situation: Situation) -> None:
    provider = situation.world.providers[0]
    for change in removals(situation):
        user, role = str(change.id["user"]), str(change.id["role"])
        assert user != ME
        assert change.action.name == "revoke"
        assert any(expiry is None or expiry > NOW for expiry in provider.grants[user, role])


@given(EXCLUSIVE)
def test_exclusive_revokes_no_grant_while_a_listed_user_is_unknown(situation: Situation) -> None:
    usable = [situation.world.person(wish["user"]) for wish in situation.document[0]["users"]]
    states = [wish.get("state", "present") for wish in situation.document[0]["users"]]
    unsure = any(
        isinstance(person, UnresolvedUser) and (state == "present" or person.user is None)
        for person, state in zip(usable, states, strict=True)
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
    with pytest.raises(InvalidInput, match=part("exclusive_keeps_nobody", provider=matching(r"Alpha Cloud.*"))):
        planned(situation.world, document, max_removals=99, missing_users="warn")


@given(EXCLUSIVE)
def test_after_an_exclusive_plan_only_those_listed_remain(situation: Situation) -> None:
    world = situation.world
    unknown = any(isinstance(world.person(wish["user"]), UnresolvedUser) for wish in situation.document[0]["users"])
    assume(not unknown)
    removals(situation)
    plan = planned(world, situation.document, max_removals=99, missing_users=situation.missing_users)
    after = applied(world, [change.as_dict() for change in plan.changes]).providers[0]
    kept = {
        (getattr(world.person(wish["user"]), "uuid", ""), world.role(wish.get("role", "CUSTOMER.MANAGER"))["uuid"])
        for wish in situation.document[0]["users"]
        if wish.get("state") != "absent"
    }
    assert _lasting_pairs(after) <= kept | {pair for pair in after.grants if pair[0] == ME}


def _lasting_pairs(provider: Provider) -> set[tuple[str, str]]:
    """Who really has access: not those whose grant has ended, nor those who are deactivated."""
    return {
        pair
        for pair, expiries in provider.grants.items()
        if any(expiry is None or expiry > NOW for expiry in expiries) and pair[0] != "ebd8cbb205af42088210766b25122925"
    }


@given(situations())
def test_a_refusal_is_one_sentence_that_names_the_option(situation: Situation) -> None:
    try:
        planned(situation.world, situation.document, **situation.limits)
    except InvalidInput as error:
        for sentence in error.details.get("errors", [error.message]):
            names_option = sentence.startswith(("service_providers[", "max_removals: "))
            assert names_option or mentions(sentence, "granted_twice", count=2)
            assert sentence.endswith((".", ".)", "/revoke/)."))
