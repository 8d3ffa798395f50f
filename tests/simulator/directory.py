# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a provider's accounts and groups, as GLAuth serves it (api-behaviour: directory-output)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from string import Template
from typing import Any

from django.db.models import QuerySet

from . import accounts, configuration, posix, project_groups
from .exposure import CONSENT, has_consent, has_terms
from .models import (
    ACCOUNT_OPTION,
    Grant,
    Object,
    Offering,
    OfferingRoleGroup,
    OfferingUser,
    OfferingUserGroup,
    ProjectGroup,
    Resource,
    ResourceProject,
    RobotAccount,
    ServiceProvider,
)

Row = dict[str, Any]
ROBOT_STATES = ("OK", "Requested deletion")
# The templates of names where an offering has none of its own (api-behaviour: directory-groups).
NAMES = {
    "resource": "${resource_slug}_${role_name}",
    "resource_project": "${resource_slug}_${rp_uuid_short}_${role_name}",
}


@dataclass
class Directory:
    """What all offerings together have: rows by username and GID, and what they disagree about."""

    users: dict[str, Row] = field(default_factory=dict)
    groups: dict[int, Row] = field(default_factory=dict)
    robots: dict[str, Row] = field(default_factory=dict)
    passwords: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def add_user(self, row: Row) -> None:
        """Add a user, or what another offering says of the user who is there; the first UID is kept."""
        known = self.users.setdefault(row["username"], row)
        if known is row:
            return
        if known["uidnumber"] != row["uidnumber"]:
            numbers = f"{known['uidnumber']} on one offering and {row['uidnumber']} on another"
            self.warn(f"{row['username']} has UID {numbers}; the first is kept.")
            return
        known["disabled"] = known["disabled"] and row["disabled"]
        seen = {one["gid"] for one in known["memberships"]}
        known["memberships"] += [one for one in row["memberships"] if one["gid"] not in seen]

    def add_group(self, row: Row) -> None:
        """Add a group, or the members that it has at another offering; the first name is kept."""
        known = self.groups.setdefault(row["gid"], row)
        if known["name"] != row["name"]:
            names = f"{known['name']} on one offering and {row['name']} on another"
            self.warn(f"GID {row['gid']} is named {names}; the first is kept.")
        known["members"] = sorted({*known["members"], *row["members"]})

    def warn(self, text: str) -> None:
        """Add a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def check(self) -> None:
        """Warn of what can't be merged."""
        gids: dict[str, list[int]] = defaultdict(list)
        for row in self.groups.values():
            gids[row["name"]].append(row["gid"])
        for name, numbers in sorted(gids.items()):
            if len(numbers) > 1:
                self.warn(f"Group name {name} is used for GIDs {', '.join(map(str, sorted(numbers)))}.")
        if len(self.passwords) > 1:
            self.warn("The offerings set different shared user passwords, so no password is set for their users.")


def offerings_of(provider: ServiceProvider) -> list[Offering]:
    """Return the offerings that are in the directory: those that share accounts and may create them."""
    every = accounts.offerings_with_accounts(provider).exclude(state="Archived").order_by("name")
    return [one for one in every if accounts.is_shared(one) and one.plugin_options.get(ACCOUNT_OPTION)]


def build(provider: ServiceProvider) -> Directory:
    """Return the directory of *provider*; a role group without a GID gets one (api-behaviour: directory-groups)."""
    found = Directory()
    for offering in offerings_of(provider):
        add_offering(found, offering, provider)
    found.check()
    return found


def add_offering(directory: Directory, offering: Offering, provider: ServiceProvider) -> None:
    """Add the accounts and groups of *offering*."""
    rows = list(accounts_at(offering))
    groups = [*user_groups(offering, rows), *role_groups(offering), *provider_groups(offering, provider, rows)]
    reaching = set(reached_users(offering))
    for account in rows:
        member_of = [group for group in groups if account.user_id in group["user_ids"]]
        directory.add_user(user_row(account, member_of, reaches=account.user_id in reaching))
    for group in groups:
        directory.add_group({key: value for key, value in group.items() if key != "user_ids"})
    for account in rows:
        if account.primarygroup is not None:
            directory.add_group(personal_group(account))
    for robot in RobotAccount.objects.filter(resource__offering=offering, state__in=ROBOT_STATES).order_by("id"):
        directory.robots.setdefault(robot.username, robot_row(robot))
    directory.passwords.add(offering.secret_options.get("shared_user_password", ""))


def accounts_at(offering: Offering) -> QuerySet:
    """Return the accounts at *offering* that have a name, in whatever state; without consent they are left out where
    it is enforced."""
    found = offering.accounts.exclude(username=None).exclude(username="").select_related("user").order_by("id")
    if configuration.value(CONSENT):
        found = found.filter(~has_terms(is_active=True) | has_consent())
    return found


def reached_users(offering: Offering) -> Iterable[int]:
    """Return the users with a role in a project that has a live resource of *offering*."""
    live = offering.resources.exclude(state="Terminated").values("project_id")
    return Grant.objects.filter(is_active=True, project__in=live).values_list("user_id", flat=True)


# --- groups ----------------------------------------------------------------------------------------------------------


def scope_row(kind: str, scope: Object, name: str, slug: str | None = "", resource: str | None = None) -> Row:
    """Return what a group is about."""
    return {"type": kind, "uuid": scope.uuid.hex, "name": name, "slug": slug, "resource_uuid": resource}


def personal_group(account: OfferingUser) -> Row:
    """Return the group of one user."""
    name, scope = account.username, scope_row("user", account.user, account.username or "")
    group = {"gid": account.primarygroup, "name": name, "kind": "personal", "scope": scope}
    return {**group, "role": None, "members": [name]}


def user_groups(offering: Offering, rows: list[OfferingUser]) -> Iterator[Row]:
    """Yield the offering's groups for projects; their members are logins in Waldur, not usernames of accounts."""
    for group in OfferingUserGroup.objects.filter(offering=offering).exclude(gid=None).select_related("project"):
        held = Grant.objects.filter(is_active=True, project=group.project)
        users = set(held.values_list("user_id", flat=True)) & {row.user_id for row in rows}
        yield {
            "gid": group.gid,
            "name": str(group.gid),
            "kind": "project",
            "scope": scope_row("project", group.project, group.project.name, group.project.slug),
            "role": None,
            "members": sorted({row.user.username for row in rows if row.user_id in users}),
            "user_ids": users,
        }


def role_groups(offering: Offering) -> Iterator[Row]:
    """Yield the groups of those who hold a role that the offering maps, on a resource or on a project within it.

    Each gets a GID now if it has none and the offering's pool has one.
    """
    resources = offering.resources.exclude(state="Terminated").select_related("project__customer").order_by("uuid")
    for resource in resources:
        yield from groups_on(offering, "resource", resource, resource)
    for part in ResourceProject.objects.filter(resource__in=resources).order_by("uuid"):
        yield from groups_on(offering, "resource_project", part, part.resource)


def groups_on(offering: Offering, column: str, scope: Resource | ResourceProject, resource: Resource) -> Iterator[Row]:
    """Yield the role groups on one object."""
    roles = offering.plugin_options.get(f"{column}_role_map") or {}
    held = Grant.objects.filter(**{column: scope}, is_active=True, role__name__in=roles, role__is_system_role=False)
    grants = list(held.select_related("role", "user").order_by("role__name"))
    for role in dict.fromkeys(grant.role for grant in grants):
        group, _new = OfferingRoleGroup.objects.get_or_create(offering=offering, role=role, **{column: scope})
        if (gid := role_gid(offering, group)) is None:
            continue
        users = {grant.user for grant in grants if grant.role == role}
        names = {"rp_uuid": scope.uuid.hex, "rp_uuid_short": scope.uuid.hex[:8], "project_name": scope.name}
        names |= {"role_name": roles[role.name], "resource_slug": resource.slug}
        names |= {"project_slug": resource.project.slug, "customer_slug": resource.project.customer.slug}
        template = offering.plugin_options.get(f"{column}_role_group_template") or NAMES[column]
        on_resource = column == "resource"
        yield {
            "gid": gid,
            "name": Template(template).safe_substitute(names),
            "kind": f"{column}_role",
            "scope": scope_row(
                column,
                scope,
                scope.name,
                resource.slug if on_resource else None,
                None if on_resource else resource.uuid.hex,
            ),
            "role": role.name,
            "members": sorted(user.username for user in users),
            "user_ids": {user.pk for user in users},
        }


def role_gid(offering: Offering, group: OfferingRoleGroup) -> int | None:
    """Return the GID of *group*, given now if need be (api-behaviour: directory-groups)."""
    if group.gid is None and (pool := posix.pool_of(offering)):
        group.gid = posix.allocate(pool, "gid", group, offering)
        group.save()
    return group.gid


def provider_groups(offering: Offering, provider: ServiceProvider, rows: list[OfferingUser]) -> Iterator[Row]:
    """Yield the provider's groups of the projects that use *offering*; a name that a user has is left out."""
    taken = {row.username for row in rows}
    groups = ProjectGroup.objects.filter(service_provider=provider).exclude(gid=None).select_related("project")
    for group in project_groups.describe(groups.order_by("name")):
        if offering not in group.used_offerings or group.name in taken:
            continue
        held = Grant.objects.filter(is_active=True, project=group.project).values_list("user_id", flat=True)
        members = [row for row in rows if row.username in group.members and row.user_id in set(held)]
        yield {
            "gid": group.gid,
            "name": group.name,
            "kind": "provider_project",
            "scope": scope_row("project", group.project, group.project.name, group.project.slug),
            "role": None,
            "members": sorted(row.username or "" for row in members),
            "user_ids": {row.user_id for row in members},
        }


# --- accounts --------------------------------------------------------------------------------------------------------


def user_row(account: OfferingUser, groups: list[Row], *, reaches: bool) -> Row:
    """Return what the directory shows of an account; without access it is disabled."""
    user = account.user
    keys = {"gid": "gid", "group_name": "name", "kind": "kind", "role": "role"}
    return {
        "username": account.username,
        "uidnumber": account.uidnumber,
        "disabled": not (reaches and user.is_active) or account.is_restricted,
        "personal_group": account.primarygroup,
        "mail": user.email,
        "givenname": user.first_name,
        "sn": user.last_name,
        "login_shell": account.login_shell or "",
        "home_dir": account.home_directory or "",
        "ssh_keys": [key.public_key for key in user.keys.order_by("name")],
        "memberships": [{key: group[name] for key, name in keys.items()} for group in groups],
    }


def robot_row(robot: RobotAccount) -> Row:
    """Return what the directory shows of an account of a machine."""
    known = {"uidnumber": None, "personal_group": None, "login_shell": "", "home_dir": ""}
    numbers = {key: robot.extra.get(key, value) for key, value in known.items()}
    return {"username": robot.username, **numbers, "ssh_keys": robot.extra.get("keys", [])}


# --- text ------------------------------------------------------------------------------------------------------------


def render(directory: Directory) -> str:
    """Return the directory as the TOML that GLAuth reads; accounts that lack a number are left out.

    JSON's texts, numbers and lists are TOML's too.
    """
    users = [row for row in directory.users.values() if is_complete(row)]
    robots = [row for row in directory.robots.values() if row["username"] and is_complete(row)]
    groups = [row for row in directory.groups.values() if row["kind"] != "personal"]
    personal = [{"name": row["username"], "gid": row["personal_group"]} for row in [*users, *robots]]
    password = next(iter(directory.passwords), "") if len(directory.passwords) == 1 else ""
    lines = [f"# {text}" for text in directory.warnings]
    for row in [*personal, *groups]:
        lines += ["[[groups]]", *assignments({"name": row["name"], "gidnumber": row["gid"]})]
    for row in sorted([*users, *robots], key=lambda account: str(account["username"])):
        lines += ["[[users]]", *assignments(toml_user(row, password))]
        lines += ["[users.customattributes]", *assignments({"preferredUsername": [row["username"]]})]
    return "\n".join([*lines, ""])


def is_complete(row: Row) -> bool:
    """Return whether an account has all that GLAuth needs."""
    return all(row[key] for key in ("uidnumber", "personal_group", "login_shell", "home_dir"))


def toml_user(row: Row, password: str) -> Row:
    """Return a user or a robot under the names of GLAuth; ``passsha256`` only where the offerings agree on one."""
    personal = {"givenname": row["givenname"], "sn": row["sn"], "mail": row["mail"]} if "mail" in row else {}
    flags = {"disabled": row["disabled"]} if "disabled" in row else {}
    other = {"otherGroups": sorted(one["gid"] for one in row.get("memberships", ()))}
    return {
        "name": row["username"],
        **personal,
        "uidnumber": row["uidnumber"],
        "primarygroup": row["personal_group"],
        **(other if "memberships" in row else {}),
        "sshkeys": row["ssh_keys"],
        "loginShell": row["login_shell"],
        "homeDir": row["home_dir"],
        **({"passsha256": sha256(password.encode()).hexdigest()} if password else {}),
        **flags,
    }


def assignments(values: Row) -> list[str]:
    """Return lines of TOML."""
    return [f"  {key} = {json.dumps(value)}" for key, value in values.items()]
