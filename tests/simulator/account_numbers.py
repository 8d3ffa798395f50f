# SPDX-License-Identifier: GPL-3.0-or-later
"""The POSIX numbers of accounts and the groups of their users, as reports show them (api-behaviour: account-numbers,
account-groups, account-identities)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import posix, project_groups
from .models import Offering, OfferingUser, OfferingUserGroup, PosixPool, Project, ProjectGroup, User
from .permissions import connected_customers, connected_projects, sees_all

Row = dict[str, Any]
# The numbers of an account, by the kind that pools give.
COLUMNS = {"uid": "uidnumber", "gid": "primarygroup"}


def list_allocations(account: OfferingUser) -> list[Row]:
    """Return the UID and the GID of *account*, each with the pool that gave it and the offerings that share it."""
    pool, rows = posix.pool_of(account.offering), []
    for kind, value in numbers_of(account).items():
        origin = pool if pool and has_given(pool, account.user, kind, value) else None
        shared = [one for one in offerings_sharing(origin, account.user) if one != account.offering] if origin else []
        rows.append(
            {
                "namespace": kind,
                "value": value,
                "pool_uuid": origin.uuid.hex if origin else None,
                "scope": scope_of(origin),
                "scope_name": origin and (origin.offering.name if origin.offering else origin.customer.name),
                "shared_with_offerings": [show_offering(offering) for offering in shared],
            }
        )
    return rows


def list_groups(account: OfferingUser, viewer: User) -> list[Row]:
    """Return the groups of projects at the offering that the user of *account* belongs to and that have a GID."""
    own = OfferingUserGroup.objects.filter(offering=account.offering)
    provider = ProjectGroup.objects.filter(service_provider__customer=account.offering.customer)
    groups = [
        *own,
        *(group for group in project_groups.describe(provider) if account.offering in group.used_offerings),
    ]
    projects = set(connected_projects(account.user).values_list("project_id", flat=True))
    rows = [show_group(group, account.offering, viewer) for group in groups if group.project_id in projects]
    return sorted((row for row in rows if row["gid"] is not None), key=lambda row: row["gid"])


def list_identities(accounts: Iterable[OfferingUser], viewer: User) -> list[Row]:
    """Return the numbers of *accounts*, which belong to one user, and the GIDs of the user's groups.

    A number of a pool is one row with all offerings that use it; one that no pool gave is a row for each offering.
    """
    rows: dict[tuple[Any, ...], Row] = {}
    for account in accounts:
        for number in list_allocations(account):
            add_identity(rows, account.offering, number, number["scope"], None)
        for group in list_groups(account, viewer):
            number = {"namespace": "gid", "value": group["gid"], "pool_uuid": group["pool_uuid"]}
            add_identity(rows, account.offering, number, group["pool_scope"], group["project_name"])
    for row in rows.values():
        row["offerings"].sort(key=lambda offering: offering["name"])
        first = row["offerings"][0]
        row |= {"offering_name": first["name"], "offering_uuid": first["uuid"]}
    return list(rows.values())


def add_identity(
    rows: dict[tuple[Any, ...], Row], offering: Offering, number: Row, scope: str | None, context: str | None
) -> None:
    """Add *offering* to the row of *number* in *rows*, which may be new."""
    key = (number["pool_uuid"] or offering.pk, number["namespace"], number["value"], context)
    shown = {name: number[name] for name in ("namespace", "value")}
    new = {**shown, "context": context, "pool_uuid": number["pool_uuid"], "pool_scope": scope, "offerings": []}
    rows.setdefault(key, new)["offerings"].append(show_offering(offering))


def numbers_of(account: OfferingUser) -> dict[str, int]:
    """Return the numbers that *account* has, by their kind."""
    numbers = {kind: getattr(account, column) for kind, column in COLUMNS.items()}
    return {kind: number for kind, number in numbers.items() if number is not None}


def has_given(pool: PosixPool, user: User, kind: str, number: int) -> bool:
    """Return whether *number* is the one that *user* has from *pool*."""
    return bool(posix.active(pool).filter(user=user, **{kind: number}).exists())


def offerings_sharing(pool: PosixPool, user: User) -> list[Offering]:
    """Return the offerings where *user* has an account whose numbers come from *pool*, in whatever state it is."""
    offerings = (account.offering for account in user.accounts.select_related("offering"))
    return sorted(
        (sharing for sharing in offerings if posix.pooled(sharing) and posix.pool_of(sharing) == pool),
        key=lambda sharing: sharing.name,
    )


def show_group(group: OfferingUserGroup | ProjectGroup, offering: Offering, viewer: User) -> Row:
    """Return a group of a project as a row; *viewer* may open the project, or not."""
    is_of_provider = isinstance(group, ProjectGroup)
    pool = posix.provider_pool(group.service_provider) if is_of_provider else posix.pool_of(offering)
    columns = posix.holder_columns(group)
    origin = pool if pool and posix.active(pool).filter(gid=group.gid, **columns).exists() else None
    return {
        "kind": "provider_project_group" if is_of_provider else "project_group",
        "group_name": group.name if is_of_provider else None,
        "service_provider_name": group.service_provider.name if is_of_provider else None,
        "gid": group.gid,
        "offering_name": offering.name,
        "project_name": group.project.name,
        "project_uuid": group.project.uuid.hex,
        "customer_name": group.project.customer.name,
        "customer_uuid": group.project.customer.uuid.hex,
        "project_accessible": may_open(group.project, viewer),
        "pool_uuid": origin.uuid.hex if origin else None,
        "pool_scope": scope_of(origin),
    }


def may_open(project: Project, viewer: User) -> bool:
    """Return whether *viewer* has a role in *project* or on its customer, or sees all."""
    in_project = connected_projects(viewer).filter(project_id=project.pk).exists()
    return (
        sees_all(viewer) or in_project or connected_customers(viewer).filter(customer_id=project.customer_id).exists()
    )


def scope_of(pool: PosixPool | None) -> str | None:
    """Return what *pool* belongs to."""
    if pool is None:
        return None
    return "offering" if pool.offering_id else "service_provider"


def show_offering(offering: Offering) -> dict[str, str]:
    """Return the UUID and the name of *offering*."""
    return {"uuid": offering.uuid.hex, "name": offering.name}
