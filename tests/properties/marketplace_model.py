# SPDX-License-Identifier: GPL-3.0-or-later
"""A small in-memory model of Waldur, and the effects of changes on it.

The engine plans the changes of a document. The effects of changes and the desired state of a document are implemented
here a second time: from the changes as they are published, and from the document as it is written.
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
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
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
    """An organization, with everything that a reference to it can contain."""

    uuid: str
    name: str
    abbreviation: str

    @property
    def url(self) -> str:
        """Return the URL of the customer."""
        return f"https://waldur.example.org/api/customers/{self.uuid}/"

    def matches(self, reference: str) -> bool:
        """Return whether the reference refers to this customer."""
        uuid = uuids.normalize(reference) or uuids.from_url(reference, "customers")
        return uuid == self.uuid if uuid else reference in (self.name, self.abbreviation)


@dataclass(frozen=True)
class Group:
    """The POSIX group of a project; it may have no GID yet."""

    name: str
    gid: int | None


@dataclass
class Provider:
    """A customer, and its service provider if there is one (``exists``)."""

    customer: Customer
    exists: bool = True
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
        """Return the UUID of the provider."""
        return self.customer.uuid[::-1]

    def find_offering(self, label: str) -> str:
        """Return the offering with this label in a plan: its name, or its name and a part of its UUID."""
        found = [uuid for uuid, name in self.offerings.items() if label in (name, f"{name} ({uuid[:8]})")]
        assert len(found) == 1, f"{label} means {len(found)} offerings"
        return found[0]


@dataclass
class MarketplaceModel:
    """All users, roles and providers; ``token_user`` is the user of the token."""

    users: Sequence[User]
    roles: Mapping[str, str]
    providers: list[Provider]
    token_user: str | None = None
    rotations: int = 0

    def provider(self, reference: str) -> Provider:
        """Return the provider of a reference, or the customer that may become one."""
        return next(provider for provider in self.providers if provider.customer.matches(reference))

    def find_user(self, reference: str) -> User | UnresolvedUser:
        """Return the user of a reference; deactivated and unknown users are unresolved."""
        uuid = uuids.normalize(reference) or uuids.from_url(reference, "users")
        for user in self.users:
            by_name = reference == user.username or reference.casefold() == str(user.email).casefold()
            if user.uuid == uuid or (by_name and not uuid):
                return (
                    user
                    if user.is_active
                    else UnresolvedUser(reference, f"the user '{reference}' is deactivated", user)
                )
        return UnresolvedUser(reference, f"user '{reference}' not found, or not readable with this token")

    def role(self, reference: str) -> dict[str, str]:
        """Return the role of that name or UUID."""
        uuid = self.roles.get(reference) or uuids.normalize(reference) or ""
        return {"uuid": uuid, "name": next(name for name, known in self.roles.items() if known == uuid)}


def read_image(where: str, path: str) -> ImageFile:
    """Return the image of that name."""
    return ImageFile(path, IMAGES[path])


# --- the current state that the engine reads, and its plan -----------------------------------------------------------


def _profile(marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument) -> ProfileState:
    if not provider.exists:
        return ProfileState(None, newer=provider.newer)
    image = images.digest(provider.image) if provider.image else None
    row = {"uuid": provider.uuid, **provider.fields, "image": "https://images.example.org/1" if image else None}
    return ProfileState(row, image, newer=provider.newer)


def _grants(marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument) -> user_role.GrantState:
    names = {user.uuid: user.username for user in marketplace.users}
    rows = [
        {
            "uuid": f"{number}{index}",
            "user_uuid": user,
            "user_username": names[user],
            "role_uuid": role,
            "role_name": marketplace.role(role)["name"],
            "expiration_time": timestamps.format_utc(expiry),
        }
        for number, ((user, role), expiries) in enumerate(provider.grants.items())
        for index, expiry in enumerate(expiries)
        # Waldur hides the grants of those who are deactivated (api-behaviour: role-grants-deactivated-users).
        if not isinstance(marketplace.find_user(user), UnresolvedUser)
    ]
    grants = desired.get(user_role.Grants)
    entries = grants.entries if grants else ()
    return user_role.GrantState(
        rows, {entry.role: marketplace.role(entry.role) for entry in entries}, NOW, marketplace.token_user
    )


def _accounts(marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument) -> UsernameState:
    if not provider.exists:
        return UsernameState(exists=False)
    accounts = dict(provider.accounts)
    return UsernameState(dict(provider.offerings), accounts, provider.reach, provider.hidden)


def _code(
    marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument
) -> api_secret_code.SecretCodeState:
    return api_secret_code.SecretCodeState(provider.code if provider.exists else None)


def _pool(marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument) -> posix_id_pool.PoolState:
    if not provider.pool:
        return posix_id_pool.PoolState(None)
    desired_pool = desired.get(posix_id_pool.Pool)
    assert desired_pool
    row = {"uuid": provider.uuid, **provider.pool, "uid_used": len(provider.uids)}
    ends = {**provider.pool, **desired_pool.fields}
    left = [uid for uid in provider.uids if not ends["min_uid"] <= uid <= ends["max_uid"]]
    gids = sorted(group.gid for group in provider.groups.values() if group.gid)
    numbers_in_use = {"uid": list(provider.uids), "gid": gids} if desired_pool.state == "absent" else {"uid": left}
    return posix_id_pool.PoolState(row, numbers_in_use=numbers_in_use)


def _groups(marketplace: MarketplaceModel, provider: Provider, desired: ProviderDocument) -> GroupState:
    """Return the groups; all projects can get one, and the pool is the one after the document's changes to it."""
    rows: list[dict[str, Any]] = [
        {"uuid": project[::-1], "name": group.name, "gid": group.gid, "project_uuid": project}
        for project, group in provider.groups.items()
    ]
    desired_groups = desired.get(ProjectGroups)
    known = {name: Project(uuid, name) for uuid, name in PROJECTS.items()}
    known |= {project.uuid: project for project in known.values()}
    projects = {entry.project: known[entry.project] for entry in (desired_groups.entries if desired_groups else ())}
    pool, change = provider.pool or {}, desired.get(posix_id_pool.Pool)
    ends = {key: value for key, value in change.fields.items() if key in _ENDS} if change else {}
    options = desired.get(Profile)
    switch = options.account_options.options.get("project_groups_enabled") if options else None
    return GroupState(
        rows,
        projects,
        {**pool, **ends} or None,
        is_pool_deleted=change is not None and change.state == "absent",
        is_range_changed=any(pool.get(key) != value for key, value in ends.items()),
        is_switched_on=bool(switch)
        and not (provider.fields.get("account_options") or {}).get("project_groups_enabled"),
        is_outside_allowed=bool(desired_groups and desired_groups.allow_outside_range),
    )


_STATES: dict[str, Callable[[MarketplaceModel, Provider, ProviderDocument], Any]] = {
    "service_provider": _profile,
    "user_role": _grants,
    "offering_username": _accounts,
    "api_secret_code": _code,
    "posix_id_pool": _pool,
    "project_group": _groups,
}


def planned(
    marketplace: MarketplaceModel, document: Document, *, max_removals: int | None = None, missing_users: str = "fail"
) -> Plan:
    """Return the plan of the engine, without a server. Raises ``InvalidInput`` if the engine rejects the document."""
    session = Session(cast(Client, None), cast(References, None), missing_users)
    users: dict[str, User | UnresolvedUser] = {}
    tasks: list[Any] = []
    for desired in SCHEMA.read(document, read_image):
        provider = marketplace.provider(desired.reference)
        uuid = provider.uuid if provider.exists else None
        target = Target(provider.customer.uuid, provider.customer.url, provider.customer.name, uuid)
        for resource in RESOURCES:
            desired_state = desired.get(cast(Resource[Any, Any, Any], resource).desired_type)
            if desired_state is None:
                continue
            state = _STATES[resource.kind.name](marketplace, provider, desired)
            task = TypedTask(cast(Resource[Any, Any, Any], resource), desired, target, desired_state, state)
            users.update({reference: marketplace.find_user(reference) for reference in task.users()[0]})
            tasks.append(task)
    for task in tasks:
        task.compare(session, users)
    comparison = Comparison.of(task.comparison for task in tasks)
    check_limits(comparison, Limits(max_removals))
    return Plan(RESOURCES, tasks, users, comparison, "https://waldur.example.org")


# --- the effects of changes, as they are published -------------------------------------------------------------------


def applied(marketplace: MarketplaceModel, changes: Iterable[Mapping[str, Any]]) -> MarketplaceModel:
    """Return the model after the changes; ``changes`` as a task returns them."""
    marketplace = copy.deepcopy(marketplace)
    for change in changes:
        provider = marketplace.provider(change["id"]["customer"])
        _EFFECTS[change["kind"]](marketplace, provider, change)
    return marketplace


def _change_profile(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    if change["action"] in ("create", "delete"):
        assert provider.exists is (change["action"] == "delete")
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


def _change_grant(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    pair = (change["id"]["user"], change["id"]["role"])
    assert provider.exists
    assert (pair in provider.grants) is (change["action"] != "grant")
    if change["action"] == "revoke":
        del provider.grants[pair]
    else:
        provider.grants[pair] = [timestamps.parse_server_time(change["after"]["expiration_time"])]


def _name_accounts(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    for label, name in change["after"].items():
        provider.accounts[provider.find_offering(label), change["id"]["user"]] = name


def _rotate(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    marketplace.rotations += 1
    provider.code = f"rotation {marketplace.rotations}"


def _change_pool(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    assert provider.exists
    assert (provider.pool is None) is (change["action"] == "create")
    provider.pool = None if change["action"] == "delete" else {**(provider.pool or NO_POOL), **change["after"]}


def _change_group(marketplace: MarketplaceModel, provider: Provider, change: Mapping[str, Any]) -> None:
    uuid, after = change["id"]["project"], change["after"]
    known = provider.groups.get(uuid)
    assert (known is None) is (change["action"] == "create_group")
    assert after["gid"] not in [group.gid for group in provider.groups.values()]
    # Waldur names a group itself if the change does not.
    provider.groups[uuid] = Group(known.name if known else after.get("name", f"p{uuid[:8]}"), after["gid"])


_EFFECTS: dict[str, Callable[[MarketplaceModel, Provider, Mapping[str, Any]], None]] = {
    "service_provider": _change_profile,
    "user_role": _change_grant,
    "offering_username": _name_accounts,
    "api_secret_code": _rotate,
    "posix_id_pool": _change_pool,
    "project_group": _change_group,
}


# --- the desired state of a document, as it is written ---------------------------------------------------------------


def list_unmet_entries(marketplace: MarketplaceModel, document: Document) -> list[str]:
    """List the differences from the desired state of the document. A rotation at every run is not a desired state."""
    unmet = []
    for entry in document:
        provider = marketplace.provider(entry["customer"])
        if provider.exists is (entry.get("state") == "absent"):
            unmet.append(f"{entry['customer']} exists: {provider.exists}")
        elif provider.exists:
            unmet += [*_list_unmet_profile(provider, entry), *_list_unmet_grants(marketplace, provider, entry)]
            unmet += [*_list_unmet_names(marketplace, provider, entry), *_list_unmet_code(provider, entry)]
            unmet += [*_list_unmet_pool(provider, entry.get("posix_id_pool")), *_list_unmet_groups(provider, entry)]
    return unmet


def _list_unmet_profile(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    for name in ("description", "enable_notifications"):
        expected = entry.get(name)
        expected = expected.strip() if isinstance(expected, str) else expected
        if name in entry and provider.fields[name] != expected:
            yield f"{name} is {provider.fields[name]}"
    if "image" in entry and provider.image != (IMAGES[entry["image"]] if entry["image"] else None):
        yield "the image differs"
    if sorted(entry.get("allowed_domains", provider.fields.get("allowed_domains") or [])) != sorted(
        provider.fields.get("allowed_domains") or []
    ):
        yield "the domains differ"
    options = provider.fields.get("account_options") or {}
    for key, value in entry.get("account_options", {}).items():
        is_removed = value in ("", None)
        # The switch can't be removed, and off is its default.
        removed = (None, False) if key == "project_groups_enabled" else (None,)
        if options.get(key) not in removed if is_removed else options.get(key) != value:
            yield f"the option {key} is {options.get(key)}"


def _list_unmet_grants(marketplace: MarketplaceModel, provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    listed, is_complete = set(), True
    for user_entry in entry.get("users", []):
        resolved = marketplace.find_user(user_entry["user"])
        if isinstance(resolved, UnresolvedUser):
            is_complete = is_complete and user_entry.get("state") == "absent" and resolved.user is not None
            continue
        pair = (resolved.uuid, marketplace.role(user_entry.get("role", "CUSTOMER.MANAGER"))["uuid"])
        listed.add(pair)
        if not _has_desired_expiry(provider.grants.get(pair, []), user_entry):
            yield f"{user_entry} has {provider.grants.get(pair)}"
    for (user, role), expiries in provider.grants.items() if entry.get("exclusive_users") and is_complete else ():
        ended = all(expiry is not None and expiry <= NOW for expiry in expiries)
        hidden = isinstance(marketplace.find_user(user), UnresolvedUser)
        if (user, role) not in listed and user != marketplace.token_user and not ended and not hidden:
            yield f"{user} keeps {role}"


def _has_desired_expiry(expiries: list[datetime | None], entry: Mapping[str, Any]) -> bool:
    if entry.get("state") == "absent":
        return not expiries
    if "expiration_time" not in entry:
        return bool(expiries)
    expiry_time = None if entry["expiration_time"] == "never" else timestamps.parse(entry["expiration_time"])
    if expiry_time is not None and expiry_time <= NOW:
        return all(expiry is not None and expiry <= expiry_time for expiry in expiries)
    return bool(expiries) and all(expiry == expiry_time for expiry in expiries)


def _list_unmet_names(marketplace: MarketplaceModel, provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    for username_entry in entry.get("offering_usernames", []):
        uuid = getattr(marketplace.find_user(username_entry["user"]), "uuid", "")
        for offering in provider.reach.get(uuid, set()) - provider.hidden:
            if (provider.accounts.get((offering, uuid)) or "").strip() != username_entry["username"].strip():
                yield f"{username_entry} is {provider.accounts.get((offering, uuid))} in {offering}"


def _list_unmet_code(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    code_entry = entry.get("api_secret_code")
    every_run = code_entry == {"state": "rotated"}
    if code_entry is not None and not provider.code and not every_run:
        yield "there is no code"
    if code_entry and provider.code and code_entry.get("fingerprint") == api_secret_code.fingerprint(provider.code):
        yield "the leaked code is the current one"


def _list_unmet_pool(provider: Provider, entry: Mapping[str, Any] | None) -> Iterable[str]:
    if entry is None:
        return
    if (provider.pool is None) is not (entry.get("state") == "absent"):
        yield f"the pool is {provider.pool}"
    for key, value in entry.items():
        expected = value.strip() if isinstance(value, str) else value
        if key != "state" and provider.pool and provider.pool[key] != expected:
            yield f"{key} of the pool is {provider.pool[key]}"


def _list_unmet_groups(provider: Provider, entry: Mapping[str, Any]) -> Iterable[str]:
    projects = {name: uuid for uuid, name in PROJECTS.items()}
    for group_entry in entry.get("project_groups", []):
        group = provider.groups.get(projects.get(group_entry["project"], group_entry["project"]))
        if group is None or group.gid != group_entry["gid"] or group.name != group_entry.get("name", group.name):
            yield f"{group_entry} is {group}"
