# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever owns the usernames on a Waldur of 2026: what is planned is what happens, no two users share a username, and
no run fails again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from in_process import make_connection, run_module
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK

EXAMPLES = settings(max_examples=settings().max_examples // 4, phases=UNSHRUNK)
FEWER = settings(max_examples=settings().max_examples // 8, phases=UNSHRUNK)

ALPHA = "Alpha Cloud Ltd"
# The first two reach VM and Storage, the others VM; no one reaches Request.
USERS = ("member1", "member2", "member3", "member4")
OFFERINGS = ("Alpha VM", "Alpha Storage", "Alpha Request")
# Some differ in case alone.
NAMES = ("a", "A", "b", "c", "d")
STATES = ("Requested", "OK", "Pending account linking", "Requested deletion", "Deleted")
SCOPES = ("", "", "offering", "provider")
POLICIES = ("", "", "service_provider", "waldur_username", "anonymized")
CREATE_OPTION = "service_provider_can_create_offering_user"
Held = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Account:
    """An account in an offering; a linked one mirrors the service provider account of its user, mostly."""

    offering: str
    user: str
    username: str
    state: str
    is_linked: bool = False


@dataclass(frozen=True)
class Case:
    """What is there, and the desired usernames. ``own`` are the options of the offerings, in their order."""

    stored: dict[str, str]
    own: tuple[dict[str, Any], ...]
    accounts: tuple[Account, ...]
    owners: dict[str, str]
    has_storage: bool
    alias: str
    usernames: dict[str, str]

    @property
    def options(self) -> dict[str, Any]:
        """The options of the task."""
        entries = [{"user": user, "username": name} for user, name in self.usernames.items()]
        return {"service_provider": ALPHA, "usernames": entries}

    @property
    def unseen(self) -> set[str]:
        """The offerings whose accounts the token can't read."""
        options = zip(OFFERINGS, self.own, strict=True)
        hidden = {offering for offering, own in options if CREATE_OPTION not in own}
        return hidden if self.alias == "owner" else set()


_OWN = st.fixed_dictionaries(
    {
        "account_scope": st.sampled_from(SCOPES),
        "username_generation_policy": st.sampled_from(POLICIES),
        CREATE_OPTION: st.sampled_from([True, True, True, False]),
    }
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Offerings and a provider that share accounts or not, and accounts that are named or not, linked or not."""
    owners = {user: draw(st.sampled_from(NAMES)) for user in draw(st.sets(st.sampled_from(USERS)))}
    known = {name.casefold() for name in owners.values()}
    owners = {user: name if len(known) == len(owners) else "" for user, name in owners.items()}
    pairs = draw(st.sets(st.tuples(st.sampled_from(OFFERINGS), st.sampled_from(USERS)), max_size=9))
    accounts = []
    for offering, user in sorted(pairs):
        is_linked = user in owners and draw(st.sampled_from([True, True, False]))
        is_copied = is_linked and draw(st.sampled_from([True] * 9 + [False]))
        name = owners[user] if is_copied else draw(st.sampled_from(["", *NAMES]))
        accounts.append(Account(offering, user, name, draw(st.sampled_from(STATES)), is_linked))
    named = draw(st.lists(st.sampled_from(USERS), min_size=1, unique=True))
    return Case(
        {key: value for key, value in draw(_OWN).items() if isinstance(value, str) and value},
        tuple({key: value for key, value in draw(_OWN).items() if value} for _offering in OFFERINGS),
        tuple(accounts),
        owners,
        draw(st.booleans()),
        draw(st.sampled_from(["staff", "staff", "owner"])),
        {user: draw(st.sampled_from([*NAMES, f"{user}_new"])) for user in named},
    )


@dataclass
class Stage:
    """A simulator of Waldur 2026, brought to what a case says as often as it takes."""

    sim: Simulator
    api: Api

    def set(self, case: Case) -> None:
        """The recorded world, with the accounts and settings of ``case`` at the first provider."""
        sim = self.sim
        sim.reset(frozen=True)
        sim.delete("OfferingUser", {"uuid__isnull": False})
        sim.change("ServiceProvider", {"customer__name": ALPHA}, {"account_options": case.stored})
        for offering, own in zip(OFFERINGS, case.own, strict=True):
            sim.change("Offering", {"name": offering}, {"plugin_options": own})
        if not case.has_storage:
            sim.change("Resource", {"offering__name": "Alpha Storage"}, {"state": "Terminated"})
        owners = {
            user: sim.create("ProviderAccount", service_provider=ALPHA, user=user, username=name, state="OK")
            for user, name in case.owners.items()
        }
        for one in case.accounts:
            link = {"service_provider_account": owners[one.user]} if one.is_linked else {}
            sim.create(
                "OfferingUser", offering=one.offering, user=one.user, username=one.username, state=one.state, **link
            )
        sim.zero()

    def run(self, case: Case, *, check: bool = False) -> dict[str, Any]:
        """What ``offering_username`` returns, in a process that remembers nothing."""
        connection = make_connection(self.sim, case.alias)
        return run_module(connection, "offering_username", case.options, check=check, diff=True)

    def held(self) -> Held:
        """The usernames of all accounts at the provider, by offering (empty: the service provider account) and user."""
        rows = self.api.rows("marketplace-offering-users/")
        found = {
            (row["offering_name"], row["user_uuid"]): row["username"] or ""
            for row in rows
            if row["customer_name"] == ALPHA
        }
        accounts = self.api.rows("marketplace-service-provider-accounts/")
        return {**found, **{("", row["user_uuid"]): row["username"] or "" for row in accounts}}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The simulator of these tests; every example begins with a reset."""
    with Simulator.start(edition="2026") as simulator:
        api = Api(simulator)
        yield Stage(simulator, api)
        api.close()
    _context.CLIENTS.clear()


def planned(stage: Stage, case: Case) -> dict[str, Any]:
    """What check mode returns; examples that are refused are passed over, and must not have written."""
    stage.set(case)
    try:
        found = stage.run(case, check=True)
    except InvalidInput:
        assert stage.sim.counts().writes == 0
        assume(False)
        raise
    assert stage.sim.counts().writes == 0
    return found


def changed_names(result: dict[str, Any]) -> Held:
    """The accounts that a result says were changed, with the new usernames; by offering and user."""
    return {
        (offering, row["user_uuid"]): row["username"]
        for row in result["offering_usernames"]
        for offering in row["before"]
    }


@EXAMPLES
@given(case=cases())
def test_what_check_mode_plans_is_what_is_then_applied_and_nothing_else(stage: Stage, case: Case) -> None:
    found = planned(stage, case)
    before = stage.held()
    applied = stage.run(case)
    assert [applied[key] for key in ("changed", "diff")] == [found[key] for key in ("changed", "diff")]
    assert [row["before"] for row in applied["offering_usernames"]] == [
        row["before"] for row in found["offering_usernames"]
    ]
    after = stage.held()
    left_out = {"", *case.unseen}
    differing = {pair: name for pair, name in after.items() if before.get(pair) != name and pair[0] not in left_out}
    expected = changed_names(found)
    # A username may be planned for an account that Waldur has yet to make.
    assert differing == {pair: name for pair, name in expected.items() if pair in after}
    assert bool(found["changed"]) is bool(expected)
    assert not before.keys() - after.keys()


@EXAMPLES
@given(case=cases())
def test_a_username_that_was_set_is_that_of_one_user_alone_and_a_second_run_changes_nothing(
    stage: Stage, case: Case
) -> None:
    result = planned(stage, case)
    stage.run(case)
    after = stage.held()
    stage.sim.zero()
    assert (stage.run(case)["changed"], stage.sim.counts().writes) == (False, 0)
    for (_offering, user), name in changed_names(result).items():
        holders = {pair for pair, other in after.items() if other.casefold() == name.casefold()}
        assert {holder for offering, holder in holders if offering not in case.unseen} == {user}


@EXAMPLES
@given(case=cases())
def test_a_plan_that_is_rejected_stays_rejected_and_one_that_is_accepted_can_be_applied(
    stage: Stage, case: Case
) -> None:
    stage.set(case)
    before = stage.held()
    first = rejection(stage, case)
    assert rejection(stage, case) == first
    if first is not None:
        assert (stage.held(), stage.sim.counts().writes) == (before, 0)


def rejection(stage: Stage, case: Case) -> str | None:
    """Why the plan is rejected; None where it was applied."""
    try:
        stage.run(case)
    except InvalidInput as error:
        return error.message
    return None


@FEWER
@given(case=cases(), number=st.integers(0, 5), after=st.booleans())
def test_after_a_lost_request_another_run_ends_as_without_it(
    stage: Stage, case: Case, number: int, after: bool
) -> None:
    planned(stage, case)
    stage.run(case)
    desired = stage.held()
    assume(stage.sim.counts().writes > number)
    stage.set(case)
    before = stage.held()
    stage.sim.fault(method="write", skip=number, drop="after" if after else "before")
    details = {"changed": True}
    try:
        stage.run(case)
    except WaldurError as error:
        details = error.details
    assert details["changed"] or stage.held() == before
    stage.sim.clear_faults()
    stage.run(case)
    assert stage.held() == desired


@EXAMPLES
@given(
    case=cases(),
    options=st.fixed_dictionaries(
        {},
        optional={
            "account_scope": st.sampled_from(["provider", "provider", "offering", ""]),
            "username_generation_policy": st.sampled_from(["waldur_username", "service_provider", ""]),
        },
    ),
)
def test_account_options_in_the_same_document_are_applied_with_the_usernames_and_both_stay(
    stage: Stage, case: Case, options: dict[str, str]
) -> None:
    stage.set(case)
    entry = {"customer": ALPHA, "account_options": options, "offering_usernames": case.options["usernames"]}

    def run() -> dict[str, Any]:
        stage.sim.zero()
        document = {"service_providers": [entry], "max_renames": 1000}
        return run_module(make_connection(stage.sim, case.alias), "desired_state", document)

    before = stage.held()
    try:
        run()
    except InvalidInput:
        assert (stage.held(), stage.sim.counts().writes) == (before, 0)
        return
    assert (run()["changed"], stage.sim.counts().writes) == (False, 0)


@FEWER
@given(case=cases())
def test_an_export_changes_nothing_when_it_is_applied_and_is_the_same_again(stage: Stage, case: Case) -> None:
    stage.set(case)
    options = {"service_providers": [ALPHA], "parts": ["offering_usernames"]}
    connection = make_connection(stage.sim)
    exports = [run_module(connection, "desired_state_info", options) for _number in range(2)]
    assert exports[0] == exports[1]
    document = {"service_providers": exports[0]["service_providers"]}
    found = run_module(connection, "desired_state", document, keep_cache=True)
    assert (found["changed"], stage.sim.counts().writes) == (False, 0)
