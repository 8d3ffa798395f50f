# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever accounts there are and whatever options are set: what is previewed is what happens to them, a plan that is
accepted can be applied, and an export of what comes of it changes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from in_process import make_connection, run_module
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from simulator_process import Simulator

from .simulated_situations import UNSHRUNK

EXAMPLES = settings(max_examples=settings().max_examples // 3, phases=UNSHRUNK)
FEWER = settings(max_examples=settings().max_examples // 5, phases=UNSHRUNK)

ALPHA = "Alpha Cloud Ltd"
OFFERINGS = ("Alpha VM", "Alpha Storage", "Alpha Request")
USERS = ("member1", "member2", "member3", "inactive")
# Some differ in case alone, one is a login, and some are what a policy generates.
NAMES = (None, "", "m1", "M1", "m2", "member1", "member2_0", "waldur_9000")
STATES = ("Requested", "Creating", "OK", "Pending account linking", "Requested deletion", "Deleted")
POLICIES = ("service_provider", "anonymized", "full_name", "waldur_username", "freeipa", "identity_claim")
OWN: tuple[dict[str, str], ...] = (
    {},
    {},
    {"username_generation_policy": "service_provider", "username_anonymized_prefix": "waldur_"},
    {"account_scope": "offering"},
    {"account_scope": "provider", "username_generation_policy": "full_name"},
)


@dataclass(frozen=True)
class Account:
    """An account in an offering; a linked one mirrors the account at the provider that its user has."""

    offering: str
    user: str
    username: str | None
    state: str
    is_linked: bool = False


@dataclass(frozen=True)
class Case:
    """What is there, and what is desired. ``own`` are the settings of the offerings, in their order."""

    stored: dict[str, Any]
    own: tuple[dict[str, str], ...]
    accounts: tuple[Account, ...]
    owners: dict[str, str]
    has_pool: bool
    options: dict[str, Any]
    resolutions: dict[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """The entry of the provider."""
        entry: dict[str, Any] = {"customer": ALPHA, "account_options": self.options}
        if self.resolutions and self.options.get("account_scope") == "provider":
            pairs = self.resolutions.items()
            entry["username_resolutions"] = [{"user": user, "username": name} for user, name in pairs]
        return entry


_KEYS = {
    "account_scope": ("provider", "offering"),
    "username_generation_policy": POLICIES,
    "username_anonymized_prefix": ("hpc_", "waldur_"),
    "homedir_prefix": ("/data/", "/home/"),
}
_STORED = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in _KEYS.items()})
_DESIRED = st.fixed_dictionaries({}, optional={key: st.sampled_from([*values, ""]) for key, values in _KEYS.items()})
# Most of them change the scope or the policy.
_CHANGES = st.sampled_from(
    [{}, *({"account_scope": "provider"},) * 4, *({"username_generation_policy": one} for one in POLICIES)]
)
_OPTIONS = st.tuples(_DESIRED, _CHANGES).map(lambda pair: {**pair[0], **pair[1]})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Providers with accounts that are named or not, linked or not, at offerings with settings of their own or not."""
    owners = draw(st.dictionaries(st.sampled_from(USERS), st.sampled_from(["m1", "m2", "p1"]), max_size=2))
    owners = {user: name for user, name in owners.items() if list(owners.values()).count(name) == 1}
    pairs = draw(st.sets(st.tuples(st.sampled_from(OFFERINGS), st.sampled_from(USERS)), min_size=3, max_size=7))
    accounts = []
    for offering, user in sorted(pairs):
        is_linked = user in owners and draw(st.booleans())
        name = owners[user] if is_linked else draw(st.sampled_from(NAMES))
        accounts.append(Account(offering, user, name, draw(st.sampled_from(STATES)), is_linked))
    resolutions = {}
    for user in USERS:
        names = sorted({one.username for one in accounts if one.user == user and one.username})
        if names and draw(st.sampled_from([True, True, False])):
            resolutions[user] = draw(st.sampled_from(names))
    return Case(
        draw(st.sampled_from([{}, {}, draw(_STORED)])),
        tuple(draw(st.sampled_from(OWN)) for _offering in OFFERINGS),
        tuple(accounts),
        owners,
        draw(st.booleans()),
        draw(_OPTIONS),
        resolutions,
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
            options = {"service_provider_can_create_offering_user": True, **own}
            sim.change("Offering", {"name": offering}, {"plugin_options": options})
        if case.has_pool:
            sim.create("PosixPool", service_provider=ALPHA, min_uid=9000, max_uid=9999)
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

    def run(self, document: Any, *, check: bool = False, max_renames: int | None = 1000) -> dict[str, Any]:
        """Return what ``desired_state`` returns for one document."""
        options = {"service_providers": [document], "max_renames": max_renames, "missing_users": "fail"}
        return self.run_module("desired_state", options, check=check)

    def run_module(self, name: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        """Return what a module returns, in a process that remembers nothing."""
        return run_module(make_connection(self.sim), name, options, check=check, diff=True)

    def usernames(self) -> dict[tuple[str, str], str]:
        """The usernames of all accounts at the provider, empty where there is none."""
        rows = self.api.rows("marketplace-offering-users/")
        return {
            (row["offering_name"], row["user_username"]): row["username"] or ""
            for row in rows
            if row["customer_name"] == ALPHA
        }

    def options(self) -> dict[str, Any]:
        """The account options that are stored."""
        stored: dict[str, Any] = self.api.get_object(self.api.provider())["account_options"]
        return stored


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A simulator of the edition that has account options."""
    with Simulator.start(edition="2026") as simulator:
        api = Api(simulator)
        yield Stage(simulator, api)
        api.close()


def planned(stage: Stage, case: Case) -> dict[str, Any]:
    """What check mode returns; cases that are rejected are passed over, and must not have written."""
    stage.set(case)
    before = stage.usernames(), stage.options()
    try:
        return stage.run(case.document, check=True)
    except InvalidInput:
        assert stage.sim.counts().writes == 0
        assume(False)
        raise
    finally:
        assert (stage.usernames(), stage.options()) == before


Change = tuple[str, str, str]


def announced(plan: Sequence[dict[str, Any]]) -> Counter[Change]:
    """The usernames that the plan changes, as offering, username before and username after."""
    found: Counter[Change] = Counter()
    for change in plan:
        before, after = (change[side].get("usernames", {}) for side in ("before", "after"))
        assert before.keys() == after.keys()
        for label, name in before.items():
            found[label.partition(": ")[0], name or "", after[label]] += 1
    return found


def happened(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str]) -> Counter[Change]:
    """The usernames that were changed, in the same form."""
    assert before.keys() == after.keys()
    return Counter((key[0], before[key], after[key]) for key in before if before[key] != after[key])


def is_foreseen(announcement: Change, changes: Counter[Change]) -> bool:
    """Take an announced change out of those that happened; a number is not known before it is allocated."""
    offering, old, new = announcement
    pattern = re.escape(new).replace("<uid>", r"\d+")
    for change in changes:
        if change[:2] == (offering, old) and re.fullmatch(pattern, change[2]):
            changes[change] -= 1
            if not changes[change]:
                del changes[change]
            return True
    # The number that is allocated may be the one that the username had.
    return "<uid>" in new and re.fullmatch(pattern, old) is not None


@EXAMPLES
@given(case=cases())
def test_what_is_previewed_is_what_happens_to_the_accounts(stage: Stage, case: Case) -> None:
    plan = planned(stage, case)
    before = stage.usernames()
    applied = stage.run(case.document)
    assert [applied[key] for key in ("changed", "plan", "diff")] == [plan[key] for key in ("changed", "plan", "diff")]
    changes = happened(before, stage.usernames())
    # Announcements with a number still to come match others, too, so they are last.
    for announcement in sorted(announced(plan["plan"]).elements(), key=lambda one: "<uid>" in one[2]):
        assert is_foreseen(announcement, changes), (announcement, changes)
    # Waldur may not announce a first username for which a number is allocated.
    assert all(old == "" and re.search(r"\d", new) for _offering, old, new in changes), changes
    expected = {**case.stored, **case.options}
    assert stage.options() == {key: value for key, value in expected.items() if value != ""}


@EXAMPLES
@given(case=cases())
def test_a_second_run_changes_nothing(stage: Stage, case: Case) -> None:
    planned(stage, case)
    stage.run(case.document)
    before = stage.usernames()
    stage.sim.zero()
    again = stage.run(case.document, max_renames=None)
    assert (again["changed"], again["plan"], again["summary"]["renames"]) == (False, [], 0)
    assert (stage.sim.counts().writes, stage.usernames()) == (0, before)


@FEWER
@given(case=cases())
def test_an_export_changes_nothing_when_it_is_applied(stage: Stage, case: Case) -> None:
    planned(stage, case)
    stage.run(case.document)
    exported = stage.run_module("desired_state_info", {"service_providers": ALPHA, "parts": ["profile"]})
    (entry,) = exported["service_providers"]
    assert entry.get("account_options", {}) == stage.options()
    stage.sim.zero()
    assert stage.run(entry, max_renames=None)["plan"] == []
    assert stage.sim.counts().writes == 0


@FEWER
@given(case=cases())
def test_a_limit_below_the_number_of_renames_that_no_entry_names_rejects_the_plan(stage: Stage, case: Case) -> None:
    plan = planned(stage, case)["plan"]
    is_shared = any(
        (change["after"].get("account_options") or {}).get("account_scope") == "provider" for change in plan
    )
    # Of accounts that become one, only an entry decides which username is kept.
    number = 0 if is_shared else sum(count for (_offering, old, _new), count in announced(plan).items() if old)
    before = stage.usernames()
    if number:
        with pytest.raises(InvalidInput) as caught:
            stage.run(case.document, max_renames=number - 1)
        assert len(caught.value.details["renames"]) == number
        assert (stage.sim.counts().writes, stage.usernames()) == (0, before)
    assert stage.run(case.document, max_renames=number)["plan"] == plan
