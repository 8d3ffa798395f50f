# SPDX-License-Identifier: GPL-3.0-or-later
"""A marketplace small enough to be held in one hand, and what the comparison makes of it.

The engine compares; what a change then does, and what a document asks for, is told here a second time, from the
changes as they are published and from the document as it is written.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, cast

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps, uuids
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import Plan
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits, check_limits
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources import (
    api_secret_code,
    posix_id_pool,
    user_role,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.base import Resource, TypedTask
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import UsernameState
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_entries import ProjectGroups
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_state import GroupState, Project
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)

Document = list[dict[str, Any]]
Pair = tuple[str, str]

NOW = datetime(2026, 11, 22, 22, tzinfo=timezone.utc)
IMAGES = {"red.png": b"\x89PNG\r\n\x1a\nred", "blue.png": b"\x89PNG\r\n\x1a\nblue"}
_ENDS = [f"{end}_{name}" for name in ("uid", "gid", "group_gid") for end in ("min", "max")]
PROJECTS = {"2a" * 16: "climate", "2b" * 16: "genome", "2c" * 16: "ocean"}
NO_POOL: dict[str, Any] = {"description": "", **dict.fromkeys(_ENDS)}
_BY_DIGEST = {images.digest(content).sha256: content for content in IMAGES.values()}


@dataclass(frozen=True)
class Customer:
    """An organization, by all that it can be called."""

    uuid: str
    name: str
    abbreviation: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://waldur.example.org/api/customers/{self.uuid}/"

    def called(self, reference: str) -> bool:
        """Whether the reference means this customer."""
        uuid = uuids.normalize(reference) or uuids.from_url(reference, "customers")
        return uuid == self.uuid if uuid else reference in (self.name, self.abbreviation)


@dataclass(frozen=True)
class Group:
    """The POSIX group of a project; it may wait for a GID."""

    name: str
    gid: int | None


@dataclass
class Provider:
    """A customer, and its service provider where it is one (``there``)."""

    customer: Customer
    there: bool = True
    newer: bool = True
    fields: dict[str, Any] = field(default_factory=lambda: {"description": "", "enable_notifications": True})
    image: bytes | None = None
    grants: dict[Pair, list[datetime | None]] = field(default_factory=dict)
    offerings: dict[str, str] = field(default_factory=dict)
    reach: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    accounts: dict[Pair, str | None] = field(default_factory=dict)
    code: str | None = "first"
    pool: dict[str, Any] | None = None
    uids: tuple[int, ...] = ()
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        """The provider's own UUID."""
        return self.customer.uuid[::-1]

    def labelled(self, label: str) -> str:
        """The offering that a plan calls so: by name, or by name and a piece of the UUID."""
        found = [uuid for uuid, name in self.offerings.items() if label in (name, f"{name} ({uuid[:8]})")]
        assert len(found) == 1, f"{label} means {len(found)} offerings"
        return found[0]


@dataclass
class World:
    """Everybody and everything; ``me`` is the user of the token."""

    people: Sequence[User]
    roles: Mapping[str, str]
    providers: list[Provider]
    me: str | None = None
    rotations: int = 0

    def provider(self, reference: str) -> Provider:
        """The provider, or the customer that may become one, that the reference means."""
        return next(provider for provider in self.providers if provider.customer.called(reference))

    def person(self, reference: str) -> User | UnresolvedUser:
        """Who is meant; deactivated and unknown people can't be used."""
        uuid = uuids.normalize(reference) or uuids.from_url(reference, "users")
        for found in self.people:
            by_name = reference == found.username or reference.casefold() == str(found.email).casefold()
            if found.uuid == uuid or (by_name and not uuid):
                return (
                    found
                    if found.is_active
                    else UnresolvedUser(reference, f"the user '{reference}' is deactivated", found)
                )
        return UnresolvedUser(reference, f"user '{reference}' not found, or not readable with this token")

    def role(self, reference: str) -> dict[str, str]:
        """The role of that name or UUID."""
        uuid = self.roles.get(reference) or uuids.normalize(reference) or ""
        return {"uuid": uuid, "name": next(name for name, known in self.roles.items() if known == uuid)}


def read_image(where: str, path: str) -> ImageFile:
    """The image of that name."""
    return ImageFile(path, IMAGES[path])


# --- what the engine sees, and what it makes of it -------------------------------------------------------------------


def _profile(world: World, provider: Provider, desired: ProviderDocument) -> ProfileState:
    if not provider.there:
        return ProfileState(None, newer=provider.newer)
    image = images.digest(provider.image) if provider.image else None
    row = {"uuid": provider.uuid, **provider.fields, "image": "https://there.example.org/1" if image else None}
    return ProfileState(row, image, newer=provider.newer)


def _grants(world: World, provider: Provider, desired: ProviderDocument) -> user_role.GrantState:
    names = {person.uuid: person.username for person in world.people}
    rows = [
        {
            "uuid": f"{number}{index}",
            "user_uuid": user,
            "user_username": names[user],
            "role_uuid": role,
            "role_name": world.role(role)["name"],
            "expiration_time": timestamps.format_utc(expiry),
        }
        for number, ((user, role), expiries) in enumerate(provider.grants.items())
        for index, expiry in enumerate(expiries)
        # Waldur hides the grants of those who are deactivated (api-behaviour: role-grants-deactivated-users).
        if not isinstance(world.person(user), UnresolvedUser)
    ]
    grants = desired.get(user_role.Grants)
    entries = grants.entries if grants else ()
    return user_role.GrantState(rows, {entry.role: world.role(entry.role) for entry in entries}, NOW, world.me)


def _accounts(world: World, provider: Provider, desired: ProviderDocument) -> UsernameState:
    if not provider.there:
        return UsernameState(exists=False)
    accounts = dict(provider.accounts)
    return UsernameState(dict(provider.offerings), accounts, provider.reach, provider.hidden)


def _code(world: World, provider: Provider, desired: ProviderDocument) -> api_secret_code.SecretCodeState:
    return api_secret_code.SecretCodeState(provider.code if provider.there else None)


def _pool(world: World, provider: Provider, desired: ProviderDocument) -> posix_id_pool.PoolState:
    if not provider.pool:
        return posix_id_pool.PoolState(None)
    wanted = desired.get(posix_id_pool.Pool)
    assert wanted
    row = {"uuid": provider.uuid, **provider.pool, "uid_used": len(provider.uids)}
    ends = {**provider.pool, **wanted.fields}
    left = [uid for uid in provider.uids if not ends["min_uid"] <= uid <= ends["max_uid"]]
    gids = sorted(group.gid for group in provider.groups.values() if group.gid)
    held = {"uid": list(provider.uids), "gid": gids} if wanted.state == "absent" else {"uid": left}
    return posix_id_pool.PoolState(row, numbers_in_use=held)


def _groups(world: World, provider: Provider, desired: ProviderDocument) -> GroupState:
    """All projects can get a group; the pool is as the document leaves it before it comes to groups."""
    rows: list[dict[str, Any]] = [
        {"uuid": project[::-1], "name": group.name, "gid": group.gid, "project_uuid": project}
        for project, group in provider.groups.items()
    ]
    wishes = desired.get(ProjectGroups)
    known = {name: Project(uuid, name) for uuid, name in PROJECTS.items()}
    known |= {project.uuid: project for project in known.values()}
    projects = {entry.project: known[entry.project] for entry in (wishes.entries if wishes else ())}
    pool, change = provider.pool or {}, desired.get(posix_id_pool.Pool)
    ends = {key: value for key, value in change.fields.items() if key in _ENDS} if change else {}
    options = desired.get(Profile)
    switch = options.settings.options.get("project_groups_enabled") if options else None
    return GroupState(
        rows,
        projects,
        {**pool, **ends} or None,
        is_pool_deleted=change is not None and change.state == "absent",
        is_range_changed=any(pool.get(key) != value for key, value in ends.items()),
        is_switched_on=bool(switch)
        and not (provider.fields.get("account_options") or {}).get("project_groups_enabled"),
        is_outside_allowed=bool(wishes and wishes.allow_outside_range),
    )


_STATES: dict[str, Callable[[World, Provider, ProviderDocument], Any]] = {
    "service_provider": _profile,
    "user_role": _grants,
    "offering_username": _accounts,
    "api_secret_code": _code,
    "posix_id_pool": _pool,
    "project_group": _groups,
}


def planned(world: World, document: Document, *, max_removals: int | None = None, missing_users: str = "fail") -> Plan:
    """What the engine plans, without asking anybody. Raises ``InvalidInput`` where it refuses to."""
    session = Session(cast(Client, None), cast(References, None), missing_users)
    people: dict[str, User | UnresolvedUser] = {}
    tasks: list[Any] = []
    for desired in SCHEMA.read(document, read_image):
        provider = world.provider(desired.reference)
        uuid = provider.uuid if provider.there else None
        target = Target(provider.customer.uuid, provider.customer.url, provider.customer.name, uuid)
        for resource in RESOURCES:
            wanted = desired.get(cast(Resource[Any, Any, Any], resource).desired_type)
            if wanted is None:
                continue
            state = _STATES[resource.kind.name](world, provider, desired)
            task = TypedTask(cast(Resource[Any, Any, Any], resource), desired, target, wanted, state)
            people.update({reference: world.person(reference) for reference in task.users()[0]})
            tasks.append(task)
    for task in tasks:
        task.compare(session, people)
    comparison = Comparison.of(task.comparison for task in tasks)
    check_limits(comparison, Limits(max_removals))
    return Plan(tasks, people, comparison, "https://waldur.example.org")


# --- what a change does, by what is published of it ------------------------------------------------------------------


def applied(world: World, changes: Iterable[Mapping[str, Any]]) -> World:
    """The world after the changes; ``changes`` as they are returned to people."""
    world = copy.deepcopy(world)
    for change in changes:
        provider = world.provider(change["id"]["customer"])
        _EFFECTS[change["kind"]](world, provider, change)
    return world


def _change_profile(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    if change["action"] in ("create", "delete"):
        assert provider.there is (change["action"] == "delete")
        fresh = Provider(provider.customer, change["action"] == "create", provider.newer, code="new")
        vars(provider).update(vars(fresh))
    for name, value in (change["after"] or {}).items():
        if name == "image":
            provider.image = _BY_DIGEST[value["sha256"]] if value else None
        elif name == "account_options":
            options = {**(provider.fields.get(name) or {}), **value}
            provider.fields[name] = {key: item for key, item in options.items() if item not in ("", None)}
        elif name != "customer":
            provider.fields[name] = value


def _change_grant(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    pair = (change["id"]["user"], change["id"]["role"])
    assert provider.there
    assert (pair in provider.grants) is (change["action"] != "grant")
    if change["action"] == "revoke":
        del provider.grants[pair]
    else:
        provider.grants[pair] = [timestamps.parse_server_time(change["after"]["expiration_time"])]


def _name_accounts(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    for label, name in change["after"].items():
        provider.accounts[provider.labelled(label), change["id"]["user"]] = name


def _rotate(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    world.rotations += 1
    provider.code = f"rotation {world.rotations}"


def _change_pool(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    assert provider.there
    assert (provider.pool is None) is (change["action"] == "create")
    provider.pool = None if change["action"] == "delete" else {**(provider.pool or NO_POOL), **change["after"]}


def _change_group(world: World, provider: Provider, change: Mapping[str, Any]) -> None:
    uuid, after = change["id"]["project"], change["after"]
    known = provider.groups.get(uuid)
    assert (known is None) is (change["action"] == "create_group")
    assert after["gid"] not in [group.gid for group in provider.groups.values()]
    # Waldur names a group itself where nobody does.
    provider.groups[uuid] = Group(known.name if known else after.get("name", f"p{uuid[:8]}"), after["gid"])


_EFFECTS: dict[str, Callable[[World, Provider, Mapping[str, Any]], None]] = {
    "service_provider": _change_profile,
    "user_role": _change_grant,
    "offering_username": _name_accounts,
    "api_secret_code": _rotate,
    "posix_id_pool": _change_pool,
    "project_group": _change_group,
}


# --- what a document asks for, by what is written in it --------------------------------------------------------------


def unmet(world: World, document: Document) -> list[str]:
    """Every wish of the document that the world does not fulfil. A rotation at every run is no wish for a state."""
    wrong = []
    for entry in document:
        provider = world.provider(entry["customer"])
        if provider.there is (entry.get("state") == "absent"):
            wrong.append(f"{entry['customer']} is there: {provider.there}")
        elif provider.there:
            wrong += [*_unmet_profile(provider, entry), *_unmet_grants(world, provider, entry)]
            wrong += [*_unmet_names(world, provider, entry), *_unmet_code(provider, entry)]
            wrong += [*_unmet_pool(provider, entry.get("posix_id_pool")), *_unmet_groups(provider, entry)]
    return wrong


def _unmet_profile(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    for name in ("description", "enable_notifications"):
        wanted = entry.get(name)
        wanted = wanted.strip() if isinstance(wanted, str) else wanted
        if name in entry and provider.fields[name] != wanted:
            yield f"{name} is {provider.fields[name]}"
    if "image" in entry and provider.image != (IMAGES[entry["image"]] if entry["image"] else None):
        yield "the image is another"
    if sorted(entry.get("allowed_domains", provider.fields.get("allowed_domains") or [])) != sorted(
        provider.fields.get("allowed_domains") or []
    ):
        yield "the domains are others"
    options = provider.fields.get("account_options") or {}
    for key, value in entry.get("account_options", {}).items():
        is_removed = value in ("", None)
        # The switch can't be removed, and off is its default.
        removed = (None, False) if key == "project_groups_enabled" else (None,)
        if options.get(key) not in removed if is_removed else options.get(key) != value:
            yield f"the option {key} is {options.get(key)}"


def _unmet_grants(world: World, provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    named, everybody = set(), True
    for wish in entry.get("users", []):
        person = world.person(wish["user"])
        if isinstance(person, UnresolvedUser):
            everybody = everybody and wish.get("state") == "absent" and person.user is not None
            continue
        pair = (person.uuid, world.role(wish.get("role", "CUSTOMER.MANAGER"))["uuid"])
        named.add(pair)
        if not _granted_as_wished(provider.grants.get(pair, []), wish):
            yield f"{wish} has {provider.grants.get(pair)}"
    for (user, role), expiries in provider.grants.items() if entry.get("exclusive_users") and everybody else ():
        ended = all(expiry is not None and expiry <= NOW for expiry in expiries)
        hidden = isinstance(world.person(user), UnresolvedUser)
        if (user, role) not in named and user != world.me and not ended and not hidden:
            yield f"{user} keeps {role}"


def _granted_as_wished(expiries: list[datetime | None], wish: Mapping[str, Any]) -> bool:
    if wish.get("state") == "absent":
        return not expiries
    if "expiration_time" not in wish:
        return bool(expiries)
    moment = None if wish["expiration_time"] == "never" else timestamps.parse(wish["expiration_time"])
    if moment is not None and moment <= NOW:
        return all(expiry is not None and expiry <= moment for expiry in expiries)
    return bool(expiries) and all(expiry == moment for expiry in expiries)


def _unmet_names(world: World, provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    for wish in entry.get("offering_usernames", []):
        uuid = getattr(world.person(wish["user"]), "uuid", "")
        for offering in provider.reach.get(uuid, set()) - provider.hidden:
            if (provider.accounts.get((offering, uuid)) or "").strip() != wish["username"].strip():
                yield f"{wish} is {provider.accounts.get((offering, uuid))} in {offering}"


def _unmet_code(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    wish = entry.get("api_secret_code")
    every_run = wish == {"state": "rotated"}
    if wish is not None and not provider.code and not every_run:
        yield "there is no code"
    if wish and provider.code and wish.get("fingerprint") == api_secret_code.fingerprint(provider.code):
        yield "the leaked code is in force"


def _unmet_pool(provider: Provider, wish: Mapping[str, Any] | None) -> Iterable[str]:
    if wish is None:
        return
    if (provider.pool is None) is not (wish.get("state") == "absent"):
        yield f"the pool is {provider.pool}"
    for key, value in wish.items():
        expected = value.strip() if isinstance(value, str) else value
        if key != "state" and provider.pool and provider.pool[key] != expected:
            yield f"{key} of the pool is {provider.pool[key]}"


def _unmet_groups(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    projects = {name: uuid for uuid, name in PROJECTS.items()}
    for wish in entry.get("project_groups", []):
        group = provider.groups.get(projects.get(wish["project"], wish["project"]))
        if group is None or group.gid != wish["gid"] or group.name != wish.get("name", group.name):
            yield f"{wish} is {group}"
