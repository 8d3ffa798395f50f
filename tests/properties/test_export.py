# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is there: an export of it changes nothing when it is applied, says all that can be said, and is the same
however the server sorts its rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import make_connection, run_module

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

from .marketplace_model import NOW, MarketplaceModel, Pair
from .simulated_situations import UNSHRUNK, Stage
from .strategies import ALPHA, BETA, DEACTIVATED, FUTURE, ROLES, SPARE, USERS, marketplaces

EXAMPLES = settings(max_examples=settings().max_examples // 4, phases=UNSHRUNK)
FEWER = settings(max_examples=settings().max_examples // 10, phases=UNSHRUNK)
Result = dict[str, Any]

# What YAML, Ansible or we ourselves could take for something else. The usernames are looked for by apply.
TEXTS = (
    "",
    "null",
    "007",
    "12:30:45",
    "  Compute\n",
    "{{ lookup('pipe', 'id') }}",
    "- a: [b]\n# c\n",
    "ü 🎉 \t\u2028\x85x",
)
USERNAMES = ("007", "null", "yes", "12:30:45", "2027-06-30", "a,b", "{{ x }}", " space ", "m9@example.org", "ünï ☃")
NAMES = ("m1", "m2", "007", " m1 ", "null", "", None)
CUSTOMERS = ("007", "null", "{{ x }}", "Comma, Inc.", "ALPHA", BETA.name, SPARE.uuid, " space ")
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"username_anonymized_prefix": "007", "project_groups_enabled": False, "login_shell": "/bin/sh"},
    {"username_generation_policy": "anonymized", "homedir_prefix": "", "login_shell": None},
    {"username_anonymized_prefix": "{{ x }}", "homedir_prefix": "not a path", "unknown": {"z": 1, "b": [2, 1]}},
)

# The access of users in the recorded data: the projects with a live resource of the offering, and their members.
VM, STORAGE = "9b578d38ebd848f894aad61d962a512b", "b608c4285c894f8ba831fd538b8668c9"
HPC, GPU = "e327e35595b24ac0a688a0ba153881e1", "c4a24b708be64f9e947022b5bf6b6b52"
OFFERINGS = {VM: "c1 c2 d1", STORAGE: "c1", HPC: "c1 d1", GPU: "d2"}
OWNERS = {VM: ALPHA, STORAGE: ALPHA, HPC: BETA, GPU: BETA}
MEMBERS = {
    "c1": "pm1 member1 member2 pa1",
    "c2": "pm1 member2 member3",
    "d1": "pm2 member4 member1",
    "d2": "member5 pa1",
}
OTHERS = {
    "pm1": "87fc856f7d1641ff82a9c16ab4139fa0",
    "pm2": "02ff867676c24766b644d302f5ddfe7f",
    "member5": "608035e894a04d2597ce082863ac2f34",
}
UUIDS = {**USERS, **DEACTIVATED, **OTHERS}
PERSONS = {uuid: name for name, uuid in UUIDS.items()}
ROLE_NAMES = {uuid: name for name, uuid in ROLES.items()}
# The one before has no roles on providers, see the integration tests.
EDITIONS = ("2025", "2026")
PLAYERS = [name for name in UUIDS if name != "admin"]


@dataclass(frozen=True)
class Live:
    """A marketplace: the grants and profiles of ``marketplace``, and usernames, accounts and unusual states."""

    edition: str
    marketplace: MarketplaceModel
    usernames: dict[str, str]
    customers: dict[str, str]
    accounts: dict[tuple[str, str], str | None]
    deactivated: set[str]
    private: set[str]
    hidden: set[str]

    def called(self, name: str) -> str:
        """The username now of the person who was called so."""
        return self.usernames.get(name, name)

    def reach(self, customer: str) -> dict[str, set[str]]:
        """The shared offerings of that customer that each active person has a way to."""
        found: dict[str, set[str]] = {}
        for offering, projects in OFFERINGS.items():
            if OWNERS[offering].uuid == customer and offering not in self.private:
                for name in (name for project in projects.split() for name in MEMBERS[project].split()):
                    if name not in self.deactivated:
                        found.setdefault(name, set()).add(offering)
        return found


@st.composite
def lives(draw: st.DrawFn) -> Live:
    """Marketplaces full of traps."""
    marketplace = draw(marketplaces((ALPHA, BETA), in_memory=False))
    for provider in marketplace.providers:
        provider.fields["description"] = draw(st.sampled_from(TEXTS))
        provider.fields["allowed_domains"] = draw(st.sampled_from([[], ["b.org", "a.org"]]))
        provider.fields["account_options"] = draw(st.sampled_from(OPTIONS))
        for pair in draw(st.sets(st.sampled_from(list(provider.grants)), max_size=1)):
            provider.grants[pair] = draw(st.sampled_from([[None, FUTURE[0]], [FUTURE[1], FUTURE[1]]]))
    others_uuid = UUIDS["member3"]
    renamed = st.sampled_from([*USERNAMES, others_uuid, others_uuid.upper()])
    users = draw(st.lists(st.sampled_from(PLAYERS), unique=True, max_size=4))
    usernames = draw(st.lists(renamed, unique_by=str.casefold, min_size=len(users), max_size=len(users)))
    pairs = st.sampled_from([(offering, name) for offering in OFFERINGS for name in PLAYERS])
    return Live(
        draw(st.sampled_from(EDITIONS)),
        marketplace,
        dict(zip(users, usernames, strict=True)),
        draw(st.dictionaries(st.sampled_from([ALPHA.uuid, SPARE.uuid]), st.sampled_from(CUSTOMERS), max_size=2)),
        draw(st.dictionaries(pairs, st.sampled_from(NAMES), max_size=12)),
        draw(st.sets(st.sampled_from(["member1", "member4"]), max_size=1)) | set(DEACTIVATED),
        draw(st.sampled_from([set(), set(), {STORAGE}])),
        draw(st.sampled_from([set(), {VM}, {GPU}])),
    )


Stages = dict[str, Simulator]


def arranged(stages: Stages, live: Live) -> Simulator:
    """The simulator, brought there."""
    sim = stages[live.edition]
    Stage(sim).set(live.marketplace)
    sim.delete("OfferingUser", {"uuid__isnull": False})
    for (offering, name), username in live.accounts.items():
        sim.create("OfferingUser", offering=offering, user=UUIDS[name], username=username, state="OK")
    for name, username in live.usernames.items():
        sim.change("User", {"uuid": UUIDS[name]}, {"username": username})
    for uuid, called in live.customers.items():
        sim.change("Customer", {"uuid": uuid}, {"name": called})
    for name in live.deactivated:
        sim.change("User", {"uuid": UUIDS[name]}, {"is_active": False})
    for offering in live.private:
        sim.change("Offering", {"uuid": offering}, {"shared": False})
    option = {"service_provider_can_create_offering_user": True}
    for offering in OFFERINGS:
        options = {} if offering in live.hidden else option
        sim.change("Offering", {"uuid": offering}, {"plugin_options": options, "secret_options": options})
    sim.zero()
    return sim


def run(sim: Simulator, name: str, options: Result, alias: str = "staff", *, check: bool = False) -> Result:
    """Return what a module returns, in a process that remembers nothing."""
    return run_module(make_connection(sim, alias), name, options, check=check, diff=True)


def exported(sim: Simulator, alias: str = "staff") -> Result:
    """The two providers of the recorded data."""
    return run(sim, "desired_state_info", {"service_providers": [ALPHA.uuid, BETA.uuid], "parts": PARTS}, alias)


PARTS = ["profile", "users", "offering_usernames"]


@pytest.fixture(scope="module")
def stages() -> Iterator[dict[str, Simulator]]:
    """A simulator of each edition."""
    with Simulator.start(edition=EDITIONS[0]) as older, Simulator.start(edition=EDITIONS[1]) as newer:
        yield {simulator.edition: simulator for simulator in (older, newer)}


@EXAMPLES
@given(live=lives())
def test_an_export_changes_nothing_when_it_is_applied(
    stages: Stages, live: Live, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stage = arranged(stages, live)
    found = exported(stage)
    folder = tmp_path_factory.mktemp("providers")
    asked = {"service_providers": [ALPHA.uuid, BETA.uuid], "parts": PARTS, "images": True, "dest": str(folder)}
    assert run(stage, "desired_state_file", asked)["notes"] == found["notes"]
    entries = [yaml.safe_load(path.read_bytes())["service_providers"][0] for path in folder.iterdir()]
    assert sorted(map(dumped, entries)) == sorted(map(dumped, found["service_providers"]))
    for check in (True, False):
        options = {"providers_path": str(folder), "max_removals": None, "missing_users": "fail"}
        applied = run(stage, "desired_state", options, check=check)
        assert (applied["plan"], applied["warnings"], applied["changed"]) == ([], [], False)
    assert stage.counts().writes == 0


@FEWER
@given(live=lives())
def test_an_owner_exports_what_an_owner_can_apply(stages: Stages, live: Live) -> None:
    stage = arranged(stages, live)
    found = run(stage, "desired_state_info", {"service_providers": ALPHA.uuid, "parts": PARTS}, "owner")
    options = {"service_providers": found["service_providers"], "max_removals": None, "missing_users": "fail"}
    applied = run(stage, "desired_state", options, "owner")
    assert (applied["plan"], stage.counts().writes) == ([], 0)
    unread = "this token can't read the accounts in"
    assert all(unread in warning for warning in applied["warnings"])
    assert bool(applied["warnings"]) <= any(unread in note["text"] for note in found["notes"])


class Shuffled(Client):
    """A client whose server sorts its rows and their keys otherwise each time."""

    def rows(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """The same rows."""
        found = [dict(random.sample(list(row.items()), len(row))) for row in super().rows(*args, **kwargs)]
        return random.sample(found, len(found))


@FEWER
@given(live=lives(), seed=st.randoms(use_true_random=False))
def test_two_exports_are_the_same_byte_by_byte(stages: Stages, live: Live, seed: random.Random) -> None:
    stage = arranged(stages, live)
    found = set()
    for client_type in (Client, Shuffled, Shuffled):
        client = client_type(Connection(stage.url, stage.token("staff"), retries=0))
        found.add(json.dumps(export(Session(client, References(client)), [BETA.uuid, ALPHA.uuid])))
        random.seed(seed.random())
    assert len(found) == 1


@EXAMPLES
@given(live=lives())
def test_an_export_holds_all_that_a_document_can_express_and_notes_the_remainder(stages: Stages, live: Live) -> None:
    stage = arranged(stages, live)
    found = exported(stage)
    assert stage.counts().writes == 0
    for provider in live.marketplace.providers:
        reference = reference_of(live, provider.customer.uuid)
        entry = next(entry for entry in found["service_providers"] if entry["customer"] == reference)
        assert entry["description"] == provider.fields["description"].strip()
        assert entry["enable_notifications"] is provider.fields["enable_notifications"]
        assert ("allowed_domains" in entry) is (live.edition == "2026")
        assert sorted(map(dumped, entry.get("users", []))) == sorted(map(dumped, grants(live, provider.grants)))
        usernames = names(live, provider.customer.uuid, offerings_with_a_policy(stage))
        assert sorted(map(dumped, entry.get("offering_usernames", []))) == sorted(map(dumped, usernames))
        assert not {"image", "exclusive_users", "api_secret_code"} & set(entry)
    noted = {(note["key"], note["name"]) for note in found["notes"]}
    for provider in live.marketplace.providers:
        for (user, role), expiries in provider.grants.items():
            name = PERSONS[user]
            role_name = ROLE_NAMES[role]
            left_out = (len(expiries) > 1 or ended(expiries[0])) and name not in live.deactivated
            if left_out:
                assert ("users", f"{live.called(name)} as {role_name}") in noted
    for (offering, name), username in live.accounts.items():
        customer = OWNERS[offering].uuid
        expected = any(entry["user"] == user_of(live, name) for entry in names(live, customer))
        if (username or "").strip() and not expected:
            assert ("offering_usernames", live.called(name)) in noted or offering in live.private


@FEWER
@given(live=lives())
def test_an_export_holds_no_secret(stages: Stages, live: Live) -> None:
    stage = arranged(stages, live)
    stage.change("ServiceProvider", {"customer__uuid": ALPHA.uuid}, {"description": f"Say {stage.token('staff')}."})
    told = json.dumps(exported(stage))
    assert stage.token("staff") not in told
    assert not [code for code in ("leaked", "good", "first") if f'"{code}"' in told]
    alpha = next(note for note in json.loads(told)["notes"] if note["key"] == "description")
    assert "token" in alpha["text"]


# --- what is to be expected, told a second time ----------------------------------------------------------------------


def dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def ended(expiry: Any) -> bool:
    return expiry is not None and expiry <= NOW


def user_of(live: Live, name: str) -> str:
    """By username, unless that is a UUID or would not be read back as it is."""
    called = live.called(name)
    return UUIDS[name] if called.lower() == UUIDS["member3"] or called != called.strip() else called


def reference_of(live: Live, customer: str) -> str:
    """By name, unless another customer has it, or it is a UUID or would not be read back as it is."""
    now = {one.uuid: live.customers.get(one.uuid, one.name) for one in (ALPHA, BETA, SPARE)}
    name = now[customer]
    strange = name == SPARE.uuid or name != name.strip() or list(now.values()).count(name) > 1
    return customer if strange else name


def grants(live: Live, held: dict[Pair, list[Any]]) -> Iterator[dict[str, str]]:
    """The entries for single grants of active users that have not ended."""
    for (user, role), expiries in held.items():
        name = PERSONS[user]
        if len(expiries) == 1 and not ended(expiries[0]) and name not in live.deactivated:
            until = expiries[0].strftime("%Y-%m-%dT%H:%M:%SZ") if expiries[0] else "never"
            role_name = ROLE_NAMES[role]
            yield {"user": user_of(live, name), "role": role_name, "expiration_time": until}


def offerings_with_a_policy(sim: Simulator) -> set[str]:
    """The offerings in which Waldur generates usernames, by UUID; none before 2026."""
    rows = Client(Connection(sim.url, sim.token("staff"))).rows("provider_offerings")
    policies = {
        row["uuid"]: row.get("account_settings", {}).get("username_generation_policy", {}).get("value") for row in rows
    }
    return {uuid for uuid, policy in policies.items() if policy not in (None, "service_provider")}


def names(live: Live, customer: str, generated: Collection[str] = ()) -> list[dict[str, str]]:
    """The entries for those who have one name in all offerings that they reach, and have it alone.

    Those who reach an offering in which usernames are *generated* have a note instead.
    """
    found = {}
    for name, offerings in live.reach(customer).items():
        here = {(live.accounts.get((offering, name)) or "").strip() for offering in offerings}
        if len(here) == 1 and here != {""}:
            found[name] = here.pop()
    times = Counter(found.values())
    return [
        {"user": user_of(live, name), "username": expected}
        for name, expected in found.items()
        if times[expected] == 1 and not set(live.reach(customer)[name]).intersection(generated)
    ]
