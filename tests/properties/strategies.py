# SPDX-License-Identifier: GPL-3.0-or-later
"""Random marketplaces, and random documents for them.

Users, customers and roles are those of the simulator's recorded data, so that the same documents can be used with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import fingerprint

from .marketplace_model import IMAGES, NO_POOL, NOW, PROJECTS, Customer, Document, Group, MarketplaceModel, Provider

# The second one is made of a role that is not used.
ROLES = {"CUSTOMER.MANAGER": "d51bab95e9a74d39be894869c14ec67e", "PROVIDER.VIEWER": "380dca719d47446586012f648194918c"}
USERS = {
    "member1": "51d1acdbef2e4274bda95a1ce5391e54",
    "member2": "4d6b00766d9a494d9a05b60e87009a12",
    "member3": "fb7e58f7608c4139837aa7bc9372aee7",
    "member4": "cfc73e101d254f789007306947dfa1e8",
    "pa1": "64857190b68647b6adf462bea28944dd",
    "admin": "e47dc660df0240318b589613d52acdff",
}
DEACTIVATED = {"inactive": "ebd8cbb205af42088210766b25122925"}
TOKEN_USER = USERS["admin"]
ALPHA = Customer("d2c8772ce559428283e388badd97f2d6", "Alpha Cloud Ltd", "ALPHA")
BETA = Customer("f339c6f330254f4e8fd253b4fda7f25e", "Beta HPC Centre", "BETA")
EXTRA = Customer("f375c52ee623457ba0f50f90a2d93c02", "Extra Provider 01", "EXTRA01")
SPARE = Customer("45a7411d101545d381584f905d569e1a", "Spare Customer (no provider)", "SPARE")
# Only in memory: two customers of the same name, and two offerings of the same name.
TWIN = Customer("45a7411d101545d381584f905d569e1b", BETA.name, "TWIN")
OFFERINGS = {"1a" * 16: "Cluster", "1b" * 16: "Cluster", "1c" * 16: "Store"}

PAST = [NOW - timedelta(days=days) for days in (1, 90)]
FUTURE = [NOW + timedelta(days=days) for days in (1, 200, 400)]
EXPIRIES: list[datetime | None] = [None, *FUTURE, *PAST]
USERNAMES = ("member1", "m.1", "one", "two", "ümlaut")
TEXTS = ("", "Compute", "Compute and storage", "more: {{ braces }}")


@dataclass(frozen=True)
class Situation:
    """A current state, a document with the desired state, and limits."""

    marketplace: MarketplaceModel
    document: Document
    max_removals: int | None = None
    missing_users: str = "fail"

    @property
    def limits(self) -> dict[str, Any]:
        """Return the limits as arguments of ``planned``."""
        return {"max_removals": self.max_removals, "missing_users": self.missing_users}


def list_users() -> list[User]:
    """Return all users: the active ones, and a deactivated one."""
    return [User(user, name, _email(name), name in USERS) for name, user in {**USERS, **DEACTIVATED}.items()]


def _email(name: str) -> str:
    return "admin@example.com" if name == "admin" else f"{name}@example.org"


# --- the current state -----------------------------------------------------------------------------------------------

# Choosing from ready-made lists, in few steps, keeps an example at some milliseconds.
_HOLDERS = [*USERS.values(), *DEACTIVATED.values()]
_PAIRS = [(user, role) for role in ROLES.values() for user in _HOLDERS]
_ONE_EXPIRY = [[expiry] for expiry in EXPIRIES]
# A duplicate grant is rare, and an error in every plan that has to change it.
_DOUBLES = [[None, FUTURE[0]], [FUTURE[1], FUTURE[1]]]
# Options that change no account.
_STORED_OPTIONS: list[dict[str, Any]] = [
    {},
    {"login_shell": "/bin/sh"},
    {"login_shell": "/bin/sh", "homedir_prefix": "/data/", "project_groups_enabled": True},
]
_REACHES = [set(OFFERINGS), set(list(OFFERINGS)[:1]), set(list(OFFERINGS)[1:]), set[str]()]


def _grants(doubles: bool) -> st.SearchStrategy[dict[tuple[str, str], list[datetime | None]]]:
    expiries = [*_ONE_EXPIRY * 4, *(_DOUBLES if doubles else [])]
    return st.dictionaries(st.sampled_from(_PAIRS[:-1]), st.sampled_from(expiries), min_size=2, max_size=6)


@st.composite
def _profiles(draw: st.DrawFn, provider: Provider) -> None:
    provider.fields = {"description": draw(st.sampled_from(TEXTS)), "enable_notifications": draw(st.booleans())}
    if provider.newer:
        provider.fields["allowed_domains"] = draw(st.sampled_from(_DOMAINS))
        provider.fields["account_options"] = draw(st.sampled_from(_STORED_OPTIONS))


@st.composite
def _accounts(draw: st.DrawFn, provider: Provider) -> None:
    provider.offerings = dict(OFFERINGS)
    provider.reach = draw(st.dictionaries(st.sampled_from(_HOLDERS), st.sampled_from(_REACHES), min_size=3, max_size=6))
    provider.hidden = draw(st.sampled_from([set[str](), set[str](), {"1c" * 16}]))
    pairs = [(offering, user) for user in _HOLDERS for offering in OFFERINGS]
    provider.accounts = draw(
        st.dictionaries(st.sampled_from(pairs), st.sampled_from([None, "", *USERNAMES]), max_size=6)
    )


@st.composite
def marketplaces(draw: st.DrawFn, customers: Sequence[Customer], in_memory: bool = True) -> MarketplaceModel:
    """A marketplace; ``in_memory`` also with states that the simulator can't be set to."""
    providers = []
    newer = in_memory and draw(st.sampled_from([True, True, False]))
    for customer in customers:
        provider = Provider(customer, customer is not SPARE, newer)
        if provider.exists:
            draw(_profiles(provider))
            provider.grants = {pair: list(expiries) for pair, expiries in draw(_grants(doubles=in_memory)).items()}
            provider.code = draw(st.sampled_from(["leaked", "good", None]))
        if provider.exists and provider.newer:
            draw(_pools(provider))
        if provider.exists and in_memory:
            provider.image = draw(st.sampled_from([None, IMAGES["red.png"]]))
            draw(_accounts(provider))
        providers.append(provider)
    return MarketplaceModel(list_users(), ROLES, providers, TOKEN_USER)


@st.composite
def _pools(draw: st.DrawFn, provider: Provider) -> None:
    """Set the POSIX ID pool of the provider, or none."""
    gids = draw(st.sampled_from([_GID_RANGE, _GID_RANGE, {}, None]))
    if gids is not None:
        provider.pool = {**NO_POOL, "min_uid": 5000, "max_uid": 5999, **gids}
        provider.uids = draw(st.sampled_from([(), (5000,), (5001, 5004)]))
        if gids:
            provider.groups = dict(draw(st.sampled_from(_GROUPS)))


_GID_RANGE = {"min_gid": 5000, "max_gid": 5999}
_CLIMATE, _GENOME, _OCEAN = PROJECTS
_GROUPS: list[dict[str, Group]] = [
    {_CLIMATE: Group("climate", 5101), _GENOME: Group("genes", 5102), _OCEAN: Group("sea", None)},
    {_CLIMATE: Group("climate", 5101)},
    {},
]


# --- the desired state -----------------------------------------------------------------------------------------------


def _user_references(name: str) -> list[str]:
    user = {**USERS, **DEACTIVATED}.get(name)
    if user is None:
        return [name]
    return [
        name,
        _email(name).title(),
        user,
        str(uuid.UUID(user)).upper(),
        f"https://waldur.example.org/api/users/{user}/",
    ]


def _role_references(name: str) -> list[dict[str, str]]:
    written = [{"role": name}, {"role": str(uuid.UUID(ROLES[name]))}]
    return [{}, *written] if name == "CUSTOMER.MANAGER" else written


def _customer_references(customer: Customer) -> list[str]:
    ways = [customer.abbreviation, customer.uuid, str(uuid.UUID(customer.uuid)).upper(), customer.url]
    return ways if customer in (BETA, TWIN) else [*ways, customer.name]


_SOON, _LATER = FUTURE[1].strftime("%Y-%m-%dT%H:%M:%SZ"), FUTURE[2].isoformat()
_ENDS = ["never", _SOON, _LATER, FUTURE[0].date(), FUTURE[1], PAST[1].date().isoformat()]
_STATES: list[dict[str, Any]] = [
    {},
    *({"expiration_time": end} for end in _ENDS),
    {"state": "absent"},
    {"state": "absent"},
]
_DOMAINS: list[list[str]] = [[], ["a.org"], ["a.org", "b.org"], ["b.org", "a.org"]]


def _entry_lists(names: Sequence[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Lists of entries for grants, no two of them for the same user and role."""
    ready = [
        ((name, role), {"user": user, **role_part, **state})
        for role in ROLES
        for name in names
        for user in _user_references(name)
        for role_part in _role_references(role)
        for state in _STATES
    ]
    lists = st.lists(st.sampled_from(ready), unique_by=lambda entry: entry[0], min_size=2, max_size=7)
    return lists.map(lambda entries: [dict(entry) for _pair, entry in entries])


def _usernames() -> st.SearchStrategy[list[dict[str, Any]]]:
    ready = [
        (name, text.strip(), {"user": user, "username": text})
        for name in [*USERS, *DEACTIVATED]
        for user in _user_references(name)
        for text in [*USERNAMES, f" {USERNAMES[0]}\n"]
    ]
    unique = (lambda entry: entry[0], lambda entry: entry[1])
    lists = st.lists(st.sampled_from(ready), unique_by=unique, min_size=1, max_size=4)
    return lists.map(lambda entries: [dict(entry) for _name, _text, entry in entries])


_BY_PRINT = [{"state": "rotated", "fingerprint": fingerprint(code)} for code in ("leaked", "other")]
_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "state": st.just("present"),
    "description": st.sampled_from([*TEXTS, " Compute\n"]),
    "enable_notifications": st.booleans(),
    "image": st.sampled_from(["red.png", "blue.png", ""]),
    "users": _entry_lists([*USERS, *DEACTIVATED, "nobody"]),
    "exclusive_users": st.booleans(),
    "offering_usernames": _usernames(),
    "api_secret_code": st.sampled_from([{}, {"state": "present"}, *_BY_PRINT, {"state": "rotated"}]),
}
_RANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "min_uid": st.sampled_from([5000, 5003, 6000]),
        "max_uid": st.sampled_from([5004, 5999, 6999]),
        "min_gid": st.just(5000),
        "max_gid": st.sampled_from([5999, 6999]),
        "min_group_gid": st.sampled_from([6000, 7000]),
        "max_group_gid": st.just(7999),
        "description": st.sampled_from(["", "Cluster", " Cluster\n"]),
    },
)
# Ranges that contradict each other in the document are rejected before anything is read.
_POOLS = _RANGES.filter(
    lambda pool: (
        pool.get("min_uid", 0) <= pool.get("max_uid", 6999) and pool.get("max_gid", 0) < pool.get("min_group_gid", 7000)
    )
)
_NEWER_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "posix_id_pool": st.one_of(_POOLS, _POOLS, st.just({"state": "absent"})),
    "allowed_domains": st.sampled_from(_DOMAINS),
    "account_options": st.sampled_from(
        [
            {"login_shell": "/bin/sh"},
            {"login_shell": "/bin/zsh", "homedir_prefix": "", "project_groups_enabled": None},
            {"homedir_prefix": "/data/", "project_groups_enabled": False},
        ]
    ),
}
# GIDs that move from one group to another are tested with the simulator (test_project_groups.py).
_GROUP_ENTRIES = st.lists(
    st.sampled_from(
        [
            {"project": _CLIMATE, "gid": 5201, "name": "climate"},
            {"project": "climate", "gid": 5101},
            {"project": "genome", "gid": 5102},
            {"project": "genome", "gid": 5202},
            {"project": "ocean", "gid": 5203},
            {"project": "ocean", "gid": 8001},
        ]
    ),
    unique_by=lambda entry: str(entry["project"]).replace(_CLIMATE, "climate"),
    min_size=1,
)
_OLDER_ENTRIES = st.fixed_dictionaries({}, optional=_KEYS)
_NEWER_ENTRIES = st.fixed_dictionaries({}, optional={**_KEYS, **_NEWER_KEYS})
_DELETED = st.sampled_from([False] * 19 + [True])


@st.composite
def _entries(draw: st.DrawFn, provider: Provider) -> dict[str, Any]:
    entry: dict[str, Any] = {"customer": draw(st.sampled_from(_customer_references(provider.customer)))}
    if draw(_DELETED):
        return {**entry, "state": "absent"}
    entry.update(draw(_NEWER_ENTRIES if provider.newer else _OLDER_ENTRIES))
    if "users" not in entry:
        entry.pop("exclusive_users", None)
    if provider.groups or (provider.pool or {}).get("min_gid"):
        groups = draw(st.one_of(_GROUP_ENTRIES, st.none()))
        if groups is not None:
            entry["project_groups"] = [dict(group) for group in groups]
            entry["allow_outside_range"] = draw(st.sampled_from([True, True, False]))
    return entry


PLACES = ((ALPHA,), (ALPHA, SPARE), (BETA, TWIN))


@st.composite
def situations(draw: st.DrawFn, places: Sequence[Sequence[Customer]] = PLACES, in_memory: bool = True) -> Situation:
    """A marketplace, a document for it, and limits; the plans of some of them are rejected."""
    marketplace = draw(marketplaces(draw(st.sampled_from(places)), in_memory))
    chosen = draw(st.sampled_from([marketplace.providers, marketplace.providers[:1], marketplace.providers[-1:]]))
    document = [draw(_entries(provider)) for provider in chosen]
    removals = draw(st.sampled_from([None, 20, 0, 1]))
    return Situation(marketplace, document, removals, draw(st.sampled_from(["warn", "fail"])))


def as_json(value: Any) -> Any:
    """Return the document as JSON contains it: dates become text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
