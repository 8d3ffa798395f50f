# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX numbers: pools, allocation, and release (api-behaviour: posix-pools, posix-numbers).

A holder is a user, or an object of another kind, such as the group of a project: anything with a ``uuid`` and a
``name``. A number that is given back stays in its row, with the time in ``released_at``.
"""

from __future__ import annotations

import itertools
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from . import clock, editions
from .models import NUMBER_RANGES, Object, Offering, OfferingUser, PosixIdentity, PosixPool, ServiceProvider, User

NUMBERS = ("uid", "gid")
SMALLEST, LARGEST = 1000, 4294967294
RESERVED = (65534, 65535)
LABELS = {"uid": "UID", "gid": "GID", "group_gid": "project group"}
Bounds = tuple[int, int]


class Exhausted(APIException):
    """A pool has no number left (api-behaviour: posix-pools-exhausted)."""

    status_code = status.HTTP_409_CONFLICT


# --- pools -----------------------------------------------------------------------------------------------------------


def column_of(kind: str) -> str:
    """Return the column of an identity that holds numbers of the range *kind*: those of groups are GIDs, too."""
    return "gid" if kind == "group_gid" else kind


def bounds(pool: PosixPool | None, kind: str) -> Bounds | None:
    """Return the first and the last number of the range *kind*; None where *pool* does not manage it."""
    first, last = (getattr(pool, f"{end}_{kind}", None) for end in ("min", "max"))
    return None if first is None or last is None else (first, last)


def within(kind: str, span: Bounds) -> Q:
    """Return the condition that an identity has a number of the range *kind* in *span*."""
    return Q(**{f"{column_of(kind)}__range": span})


def pool_of(offering: Offering) -> PosixPool | None:
    """Return the pool that numbers the users of *offering*: its own, else its provider's
    (api-behaviour: posix-numbers)."""
    if not has_numbers(offering):
        return None
    own = PosixPool.objects.filter(offering=offering).first()
    return own or PosixPool.objects.filter(service_provider__customer=offering.customer_id).first()


def pools_of(customer: Object) -> QuerySet:
    """Return all pools of the provider of *customer*: its own, and those of its offerings."""
    return PosixPool.objects.filter(Q(service_provider__customer=customer) | Q(offering__customer=customer))


def has_numbers(offering: Offering) -> bool:
    """Return whether accounts at *offering* have numbers at all."""
    return editions.current().accounts_are_shared and offering.plugin_options.get("enable_posix_account") is not False


def comes_from_user(offering: Offering, kind: str) -> bool:
    """Return whether *offering* takes its users' numbers of *kind* from their profiles
    (api-behaviour: posix-numbers)."""
    return offering.plugin_options.get(f"{kind}_source") == "user_attribute"


def pooled(offering: Offering) -> list[str]:
    """Return the kinds of numbers that the accounts at *offering* have from a pool."""
    return [kind for kind in NUMBERS if has_numbers(offering) and not comes_from_user(offering, kind)]


# --- holders ---------------------------------------------------------------------------------------------------------


def active(pool: PosixPool) -> QuerySet:
    """Return the identities of *pool* whose numbers are in use."""
    return pool.identities.filter(released_at=None)


def holder_columns(holder: Object) -> dict[str, Any]:
    """Return by which columns the identity of *holder* is found."""
    if isinstance(holder, User):
        return {"user": holder}
    return {"consumer_type": holder._meta.model_name, "consumer_uuid": holder.uuid}


def identity_of(pool: PosixPool, holder: Object, offering: Offering | None = None) -> PosixIdentity:
    """Return the active identity of *holder* in *pool*, or an unsaved one."""
    columns = holder_columns(holder)
    name = {} if "user" in columns else {"consumer_name": holder.name}
    found = active(pool).filter(**columns).order_by("id").first()
    return found or PosixIdentity(pool=pool, offering=offering, **columns, **name)


def next_number(pool: PosixPool, kind: str, reuses: bool = True) -> int | None:
    """Return the number that *pool* gives out next, which it then counts as given; None where none is left.

    Released numbers come first, the lowest of them, if *reuses*; those that are withheld do not. Then the numbers
    from the mark on (api-behaviour: posix-numbers, posix-pools-marks).
    """
    span, column = bounds(pool, kind), column_of(kind)
    if span is None:
        return None
    rows = pool.identities.exclude(**{column: None})
    released = rows.exclude(released_at=None)
    taken = set(rows.filter(released_at=None).values_list(column, flat=True))
    taken |= set(released.filter(recyclable=False).values_list(column, flat=True))
    again = set(released.filter(within(kind, span)).values_list(column, flat=True)) - taken if reuses else ()
    if again:
        return min(again)
    mark = getattr(pool, f"next_{kind}")
    number = next(one for one in itertools.count(mark) if one not in taken)
    if number > span[1]:
        return None
    setattr(pool, f"next_{kind}", number + 1)
    pool.save()
    return number


def allocate(
    pool: PosixPool, kind: str, holder: Object, offering: Offering | None = None, reuses: bool = True
) -> int | None:
    """Return the number of *kind* that *holder* has from *pool*, given now if need be; None where *pool* does not
    manage that kind. Raises :exc:`Exhausted`."""
    held, column = identity_of(pool, holder, offering), column_of(kind)
    if bounds(pool, kind) is None or getattr(held, column) is not None:
        return getattr(held, column)
    number = next_number(pool, kind, reuses)
    if number is None:
        place = f"offering {offering.uuid.hex}" if offering else f"service provider {pool.service_provider.uuid.hex}"
        raise Exhausted(f"The POSIX {LABELS[kind]} pool for {place} is exhausted.")
    setattr(held, column, number)
    held.save()
    return number


def release(rows: QuerySet, recyclable: bool) -> int:
    """Give the numbers of the identities *rows* back; returns how many rows. Those not *recyclable* are withheld."""
    return rows.filter(released_at=None).update(released_at=clock.now(), recyclable=recyclable, modified=clock.now())


def release_unused(user: User, recyclable: bool = True) -> int:
    """Give back the numbers of *user* in the pools where no account of theirs needs them any more
    (api-behaviour: posix-numbers); returns how many identities."""
    used = {pool_of(row.offering) for row in user.accounts.select_related("offering") if pooled(row.offering)}
    held = PosixPool.objects.filter(service_provider__accounts__user=user)
    kept = [pool.pk for pool in (*used, *held) if pool]
    return release(PosixIdentity.objects.filter(user=user).exclude(pool__in=kept), recyclable)


# --- groups of projects ----------------------------------------------------------------------------------------------


def provider_pool(provider: ServiceProvider) -> PosixPool | None:
    """Return the pool that numbers the groups of *provider*: its own, never an offering's."""
    return PosixPool.objects.filter(service_provider=provider).first()


def group_range(pool: PosixPool | None) -> str | None:
    """Return the range that groups have their GIDs from: the one for groups, else that of all GIDs
    (api-behaviour: posix-pools-groups)."""
    return next((kind for kind in ("group_gid", "gid") if bounds(pool, kind)), None)


def allocate_group_gid(provider: ServiceProvider, group: Object) -> int | None:
    """Return the GID that *group* has from the pool of *provider*, given now if need be; None where no range gives
    one. Raises :exc:`Exhausted`."""
    pool = provider_pool(provider)
    kind = group_range(pool)
    return allocate(pool, kind, group, reuses=False) if pool and kind else None


def check_group_gid(provider: ServiceProvider, group: Object | None, gid: int, allow_outside_range: bool) -> None:
    """Raise ``ValidationError`` unless *group* (None for a new one) can have *gid*
    (api-behaviour: posix-pools-groups)."""
    pool = provider_pool(provider)
    kind = group_range(pool)
    span = bounds(pool, kind or "")
    if pool is None or kind is None or span is None:
        raise ValidationError({"gid": "The service provider has no POSIX ID pool with a GID range."})
    if not (allow_outside_range or span[0] <= gid <= span[1]):
        where = f"outside the pool's {LABELS[kind]} range {span[0]}-{span[1]}"
        raise ValidationError({"gid": f"{gid} is {where}. Set allow_outside_range to use it anyway."})
    pools = pools_of(provider.customer)
    for other in pools.exclude(pk=pool.pk):
        for name in ("gid", "group_gid"):
            taken = bounds(other, name)
            if taken and taken[0] <= gid <= taken[1]:
                raise ValidationError({"gid": f"{gid} is inside the {LABELS[name]} range of another pool."})
    rows = PosixIdentity.objects.filter(pool__in=pools, released_at=None, gid=gid)
    held = (rows.exclude(**holder_columns(group)) if group else rows).first()
    if held is not None:
        name = f"the account of user {held.user.username}" if held.user else f"project group {held.consumer_name}"
        raise ValidationError({"gid": f"{gid} is already used by {name}."})


def pin_group_gid(provider: ServiceProvider, group: Object, gid: int) -> None:
    """Give *group* the GID *gid*, which was checked; the one it had before is withheld for ever
    (api-behaviour: posix-pools-groups)."""
    pool = PosixPool.objects.get(service_provider=provider)
    held = identity_of(pool, group)
    if held.gid == gid:
        return
    if held.pk:
        release_group_gid(group)
        held = identity_of(pool, group)
    held.gid = gid
    held.save()


def release_group_gid(group: Object) -> None:
    """Withhold the GID of *group* for ever."""
    release(PosixIdentity.objects.filter(**holder_columns(group)), recyclable=False)


# --- ranges ----------------------------------------------------------------------------------------------------------


def used(pool: PosixPool, kind: str) -> int:
    """Return how many numbers are in use that lie in the range *kind* (api-behaviour: posix-pools-stats)."""
    span = bounds(pool, kind)
    return active(pool).filter(within(kind, span)).count() if span else 0


def percent(number: int, span: Bounds) -> float:
    """Return *number* as a part of all numbers in *span*, in percent."""
    return round(number / (span[1] - span[0] + 1) * 100, 2)


def statistics(pool: PosixPool) -> dict[str, Any]:
    """Return what is in use of each range; None for those that *pool* does not manage."""
    found: dict[str, Any] = {}
    for kind in NUMBER_RANGES:
        if span := bounds(pool, kind):
            number = used(pool, kind)
            numbers = {"min": span[0], "max": span[1], "next": getattr(pool, f"next_{kind}")}
            counts = {"capacity": span[1] - span[0] + 1, "used": number, "utilization": percent(number, span)}
            found[kind] = {**numbers, **counts}
        else:
            found[kind] = None
    return found


def check_ranges(pool: PosixPool) -> None:
    """Raise ``ValidationError`` unless the ranges of *pool*, stored or not, are valid
    (api-behaviour: posix-pools-ranges)."""
    spans: dict[str, Bounds] = {}
    for kind, label in LABELS.items():
        first, last = getattr(pool, f"min_{kind}"), getattr(pool, f"max_{kind}")
        if (first is None) != (last is None):
            raise ValidationError(f"Set both min and max for the {label} range, or neither.")
        if first is not None and last is not None:
            if not SMALLEST <= first <= last <= LARGEST:
                raise ValidationError(f"{label} bounds must satisfy {SMALLEST} <= min <= max <= {LARGEST}.")
            spans[kind] = (first, last)
    if not set(spans) & set(NUMBERS):
        raise ValidationError("At least one of the UID or GID ranges must be defined.")
    if "group_gid" in spans and pool.offering_id:
        raise ValidationError("Only the pool of a service provider may have a range for project groups.")
    if overlap(spans.get("group_gid"), spans.get("gid")):
        raise ValidationError("The project group range overlaps the GID range.")
    others = pools_of(pool.customer).exclude(pk=pool.pk)
    for kind, span in spans.items():
        check_others(kind, span, list(others))


def overlap(first: Bounds | None, second: Bounds | None) -> bool:
    """Return whether two ranges, if there are two, have a number in common."""
    return bool(first and second and first[0] <= second[1] and second[0] <= first[1])


def check_others(kind: str, span: Bounds, others: list[PosixPool]) -> None:
    """Raise ``ValidationError`` where a number of *span* is one of the *others*' ranges, or in use there."""
    for other in others:
        for name in NUMBER_RANGES:
            if column_of(name) == column_of(kind) and overlap(span, bounds(other, name)):
                problem = f"The {LABELS[kind]} range overlaps the {LABELS[name]} range of another pool of the provider."
                raise ValidationError(problem)
    held = PosixIdentity.objects.filter(within(kind, span), pool__in=others, released_at=None)
    if held.exists():
        numbers = listed(held, column_of(kind))
        raise ValidationError(f"The {LABELS[kind]} range contains values that another pool has allocated: {numbers}.")


def listed(rows: QuerySet, column: str) -> str:
    """Return the first three numbers of *rows*, and how many more there are."""
    numbers = list(rows.order_by(column).values_list(column, flat=True))
    more = [f"and {len(numbers) - 3} more"] if len(numbers) > 3 else []
    return ", ".join([*map(str, numbers[:3]), *more])


def check_shrinking(stored: PosixPool, changed: PosixPool) -> None:
    """Raise ``ValidationError`` where a number in use lies in a range of *stored* and in none of *changed*
    (api-behaviour: posix-pools-shrink)."""
    for column in NUMBERS:
        kinds = [kind for kind in NUMBER_RANGES if column_of(kind) == column]
        before = [span for kind in kinds if (span := bounds(stored, kind))]
        after = [span for kind in kinds if (span := bounds(changed, kind))]
        rows = active(stored).filter(Q(*(within(column, span) for span in before), _connector=Q.OR)) if before else None
        for span in after:
            rows = rows.exclude(within(column, span)) if rows is not None else None
        if rows is not None and rows.exists():
            raise ValidationError(f"The new ranges would leave out allocated values {listed(rows, column)}.")


def advice(name: str, number: int) -> str:
    """Return the warning about a number that is accepted (api-behaviour: posix-pins); empty where there is none."""
    if number in RESERVED:
        return f"{name} {number} is a reserved number and should be avoided."
    return f"{name} {number} is above 2^31 and may not work with signed 32-bit numbers." if number >= 2**31 else ""


# --- re-pointing -----------------------------------------------------------------------------------------------------

OTHER_CONSUMERS = {
    "robotaccount": "robot account",
    "offeringusergroup": "offering user group",
    "offeringrolegroup": "offering role group",
}
ACCOUNT_COLUMNS = {"uid": "uidnumber", "gid": "primarygroup"}


def repoint(pool: PosixPool) -> dict[str, Any]:
    """Move the accounts at the offering of *pool* to its numbers; returns what changed
    (api-behaviour: posix-pools-repoint)."""
    offering = pool.offering
    rows = list(offering.accounts.select_related("user").order_by("id"))
    changes = [change for row in rows for change in renumber(row, pool)]
    users = {row.user for row in rows}
    retained = {user for user in users if holds_elsewhere(user, pool)}
    released = sum(release_unused(user, recyclable=False) for user in users - retained)
    left = PosixIdentity.objects.filter(consumer_type__in=OTHER_CONSUMERS, released_at=None, offering=offering)
    others = [
        {"kind": OTHER_CONSUMERS[row.consumer_type], "uid": row.uid, "gid": row.gid, "identity_uuid": row.uuid.hex}
        for row in left.exclude(pool=pool).order_by("id")
    ]
    return {"changes": changes, "released": released, "retained": len(retained), "other_consumers": others}


def renumber(row: OfferingUser, pool: PosixPool) -> list[dict[str, Any]]:
    """Give the account *row* the numbers that its user has from *pool*; returns what changed."""
    changes = []
    for kind in pooled(row.offering):
        number, column = allocate(pool, kind, row.user, row.offering), ACCOUNT_COLUMNS[kind]
        before = getattr(row, column)
        if number is None or number == before:
            continue
        setattr(row, column, number)
        place = {"offering_user_uuid": row.uuid.hex, "offering_uuid": row.offering.uuid.hex}
        user = {"user_uuid": row.user.uuid.hex, "username": row.user.username}
        values = {"namespace": kind, "old_value": before, "new_value": number}
        changes.append({**place, "offering_name": row.offering.name, **user, **values})
    if changes:
        row.save()
    return changes


def holds_elsewhere(user: User, pool: PosixPool) -> bool:
    """Return whether *user* has a number elsewhere of a kind that *pool* does not manage."""
    others = PosixIdentity.objects.filter(user=user, released_at=None).exclude(pool=pool)
    return any(others.exclude(**{kind: None}).exists() for kind in NUMBERS if bounds(pool, kind) is None)
