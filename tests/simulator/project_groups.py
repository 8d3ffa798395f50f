# SPDX-License-Identifier: GPL-3.0-or-later
"""The POSIX group of each project at a provider, and its GID (api-behaviour: project-groups)."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.signals import post_save
from django.dispatch import receiver
from rest_framework.exceptions import ValidationError

from . import clock, editions, posix
from .accounts import LEFT_STATES, offerings_with_accounts
from .fields import parse_uuid
from .models import (
    Grant,
    Offering,
    OfferingUser,
    Order,
    PosixPool,
    Project,
    ProjectGroup,
    Resource,
    ServiceProvider,
    User,
)

NAME = r"[a-z_][a-z0-9_-]{0,31}"
LONGEST_NAME = 32
# While the order that makes a resource is in one of these, the resource does not count
# (api-behaviour: project-groups-in-use).
UNAPPROVED = (
    *("pending-consumer", "pending-provider", "pending-project", "pending-start-date"),
    *("rejected", "canceled"),
)


# --- who uses a provider ---------------------------------------------------------------------------------------------


def active_resources(provider: ServiceProvider) -> QuerySet:
    """Return the resources by which projects use *provider* (api-behaviour: project-groups-in-use)."""
    offerings = [one.pk for one in offerings_with_accounts(provider) if posix.has_numbers(one)]
    waits = Order.objects.filter(resource=OuterRef("pk"), type="Create", state__in=UNAPPROVED)
    found = Resource.objects.filter(offering__in=offerings, project__is_removed=False)
    return found.exclude(state="Terminated").exclude(Exists(waits)).select_related("offering")


def describe(groups: Iterable[ProjectGroup]) -> list[ProjectGroup]:
    """Give each of *groups* its ``used_offerings`` and ``members``, in a few queries for each provider; return them."""
    every = list(groups)
    by_provider: dict[ServiceProvider, list[ProjectGroup]] = defaultdict(list)
    for group in every:
        by_provider[group.service_provider].append(group)
    for provider, own in by_provider.items():
        projects = [group.project_id for group in own if group.project_id]
        used: dict[int, set[Offering]] = defaultdict(set)
        for resource in active_resources(provider).filter(project__in=projects):
            used[resource.project_id].add(resource.offering)
        members = usernames(provider, projects)
        for group in own:
            offerings = used[group.project_id] if group.project_id else set()
            group.used_offerings = sorted(offerings, key=lambda offering: offering.name)
            group.members = sorted(members[group.project_id]) if group.project_id else []
    return every


def usernames(provider: ServiceProvider, projects: list[int]) -> dict[int, set[str]]:
    """Return by project the usernames at *provider* of active members whose roles have not expired, of live accounts
    that are not restricted (api-behaviour: project-groups-members)."""
    lasts = Q(expiration_time=None) | Q(expiration_time__gt=clock.now())
    held = Grant.objects.filter(lasts, is_active=True, project__in=projects, user__is_active=True)
    pairs = set(held.values_list("project_id", "user_id"))
    accounts = OfferingUser.objects.filter(offering__customer=provider.customer_id, is_restricted=False)
    accounts = accounts.filter(user__in={user for _project, user in pairs}).exclude(state__in=LEFT_STATES)
    names: dict[int, set[str]] = defaultdict(set)
    for user, name in accounts.exclude(username=None).exclude(username="").values_list("user_id", "username"):
        names[user].add(name)
    found: dict[int, set[str]] = defaultdict(set)
    for project, user in pairs:
        found[project] |= names[user]
    return found


def adoptable_projects(provider: ServiceProvider) -> QuerySet:
    """Return the projects with a resource or an order at *provider*, in any state
    (api-behaviour: project-groups-adoptable)."""
    resources = Resource.objects.filter(offering__customer=provider.customer_id).values("project_id")
    orders = Order.objects.filter(offering__customer=provider.customer_id).values("project_id")
    found = Project.objects.filter(Q(id__in=resources) | Q(id__in=orders), is_removed=False)
    return found.select_related("customer").order_by("name", "id")


def resolve_project(provider: ServiceProvider, reference: str, user: User) -> Project:
    """Return the project with the UUID or the slug *reference*, of those for which *user* may adopt a group.

    Raises ``ValidationError`` under ``project`` (api-behaviour: project-groups-write).
    """
    every = Project.objects.filter(is_removed=False).select_related("customer")
    allowed = every if user.is_staff else adoptable_projects(provider)
    if uuid := parse_uuid(reference):
        if not every.filter(uuid=uuid).exists():
            raise ValidationError({"project": "There is no project with this UUID."})
        if project := allowed.filter(uuid=uuid).first():
            return project
        raise ValidationError({"project": "The project has no resource or order at this service provider."})
    matches = allowed.filter(slug=reference)
    if len(matches) == 1:
        return matches[0]
    if matches:
        problem = f"Several projects have the slug {reference}: give the UUID of one."
    else:
        problem = f"No project with the slug {reference} has a resource or order here: give the UUID."
    raise ValidationError({"project": problem})


# --- names -----------------------------------------------------------------------------------------------------------


def free_name(provider: ServiceProvider, project: Project) -> str:
    """Return the name of a new group of *project*, made of its slug (api-behaviour: project-groups-names)."""
    base = re.sub("[^a-z0-9_-]+", "-", project.slug.lower()).strip("-")[:LONGEST_NAME]
    if not base[:1].isalpha():
        base = f"p{project.uuid.hex[:8]}"
    taken = {name.lower() for name in provider.project_groups.values_list("name", flat=True)}
    name, number = base, 1
    while name in taken:
        number += 1
        ending = f"-{number}"
        name = base[: LONGEST_NAME - len(ending)].rstrip("-") + ending
    return name


# --- GIDs ------------------------------------------------------------------------------------------------------------


def pin(group: ProjectGroup, gid: int, *, allow_outside_range: bool) -> None:
    """Give *group* the GID, and never give out the one before again (api-behaviour: project-groups-gids).

    Raises ``ValidationError`` under ``gid``.
    """
    posix.check_group_gid(group.service_provider, group, gid, allow_outside_range)
    register(group)
    posix.pin_group_gid(group.service_provider, group, gid)
    if group.gid != gid:
        group.gid = gid
        group.save()


def register(group: ProjectGroup) -> None:
    """Enter the GID of *group* in the pool of its provider, unless a group or a user has it there
    (api-behaviour: project-groups-gids)."""
    pool = posix.provider_pool(group.service_provider)
    if pool is None or group.gid is None or posix.active(pool).filter(gid=group.gid).exists():
        return
    held = posix.identity_of(pool, group)
    held.gid = group.gid
    held.save()


def allocate(group: ProjectGroup) -> None:
    """Give *group* a GID; none where the provider has no range, or none is left."""
    with contextlib.suppress(posix.Exhausted):
        group.gid = posix.allocate_group_gid(group.service_provider, group)
    if group.gid is not None:
        group.save()


# --- changes ---------------------------------------------------------------------------------------------------------


def adopt(provider: ServiceProvider, user: User, entry: dict[str, Any], *, allow_outside_range: bool) -> ProjectGroup:
    """Create the group in *entry* with its GID, both or none. Raises ``ValidationError``
    (api-behaviour: project-groups-write)."""
    project = resolve_project(provider, entry["project"], user)
    if known := provider.project_groups.filter(project=project).first():
        raise ValidationError({"project": f"The project already has the group {known.name}: change its GID instead."})
    name = entry.get("name") or free_name(provider, project)
    if provider.project_groups.filter(name__iexact=name).exists():
        raise ValidationError({"name": f"{name} is already used at this service provider."})
    with transaction.atomic():
        group = ProjectGroup.objects.create(service_provider=provider, project=project, name=name)
        pin(group, entry["gid"], allow_outside_range=allow_outside_range)
    return group


@transaction.atomic
def import_groups(
    provider: ServiceProvider, user: User, entries: list[dict[str, Any]], *, allow_outside_range: bool
) -> list[ProjectGroup]:
    """Create or change a group for each of *entries*, one after the other; all or none.

    Raises ``ValidationError`` with the problems by the number of the entry (api-behaviour: project-groups-import).
    """
    done: list[ProjectGroup] = []
    problems: dict[str, Any] = {}
    for number, entry in enumerate(entries):
        if problem := import_entry(provider, user, entry, done, allow_outside_range=allow_outside_range):
            problems[str(number)] = problem
    if problems:
        raise ValidationError({"groups": problems})
    return done


def import_entry(
    provider: ServiceProvider,
    user: User,
    entry: dict[str, Any],
    done: list[ProjectGroup],
    *,
    allow_outside_range: bool,
) -> Any:
    """Create or change the group in *entry* and add it to those *done*; return what is wrong with it, else None."""
    try:
        project = resolve_project(provider, entry["project"], user)
        check_repeated(project, entry["gid"], done)
        group = provider.project_groups.filter(project=project).first()
        if group is None:
            group = adopt(provider, user, entry, allow_outside_range=allow_outside_range)
        else:
            pin(group, entry["gid"], allow_outside_range=allow_outside_range)
    except ValidationError as problem:
        return problem.detail
    done.append(group)
    return None


def check_repeated(project: Project, gid: int, done: list[ProjectGroup]) -> None:
    """Raise ``ValidationError`` where an earlier entry is about the same project or GID."""
    if any(group.project_id == project.pk for group in done):
        raise ValidationError({"project": "The project is listed twice."})
    if any(group.gid == gid for group in done):
        raise ValidationError({"gid": f"{gid} is listed twice."})


def catch_up(provider: ServiceProvider) -> None:
    """Do what Waldur does in the background: create the missing groups of projects that use *provider* while it has
    groups switched on, and give GIDs to those that wait for one (api-behaviour: project-groups-background)."""
    if provider.account_options.get("project_groups_enabled"):
        known = provider.project_groups.exclude(project=None).values("project_id")
        used = active_resources(provider).exclude(project__in=known).values("project_id")
        for project in Project.objects.filter(id__in=used).order_by("id"):
            name = free_name(provider, project)
            ProjectGroup.objects.create(service_provider=provider, project=project, name=name)
    for group in provider.project_groups.filter(gid=None).order_by("id"):
        allocate(group)


# The providers that are catching up: to take a number from a pool changes the pool.
BUSY: set[int] = set()


def catch_up_once(provider: ServiceProvider) -> None:
    """Catch up, unless it is on the way."""
    if provider.pk in BUSY or not editions.current().accounts_are_shared:
        return
    BUSY.add(provider.pk)
    try:
        catch_up(provider)
    finally:
        BUSY.remove(provider.pk)


@receiver(post_save, sender=ServiceProvider)
def follow_provider(instance: ServiceProvider, **_: Any) -> None:
    """Catch up once the provider has groups switched on."""
    catch_up_once(instance)


@receiver(post_save, sender=PosixPool)
def follow_pool(instance: PosixPool, created: bool, **_: Any) -> None:
    """Catch up once the pool has other ranges; a new one reserves the GIDs that groups have."""
    provider = instance.service_provider
    if created and provider:
        for group in provider.project_groups.exclude(gid=None).order_by("id"):
            register(group)
    if provider:
        catch_up_once(provider)


@receiver(post_save, sender=Resource)
@receiver(post_save, sender=Order)
def follow_use(instance: Any, **_: Any) -> None:
    """Catch up once a project may use the provider."""
    if provider := getattr(instance.offering.customer, "service_provider", None):
        catch_up_once(provider)
