# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What POSIX ID pools have left for accounts that need numbers: Waldur refuses a request whose pool is exhausted, at
every run (api-behaviour: posix-pools-exhausted, posix-numbers)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common import uuids
from .._common.errors import Forbidden, RouteMissing
from .._common.types import Row
from .._context import Session
from .._document.model import ProviderDocument
from .._http.row_checks import FieldType, check_rows
from .._references.targets import Target
from .posix_id_pool import Pool
from .posix_id_pool_ranges import GID, UID, NumberRange, Span, format_span
from .project_group_entries import ProjectGroups

# The kinds of numbers that an account takes from a pool unless its offering says otherwise.
ALL_NUMBERS = (UID.name, GID.name)
# The users whose accounts at an offering need numbers, by offering.
Demand = Mapping[str, Collection[str]]
# The key of the provider's own pool among those of its offerings.
_OWN_POOL = ""
_IDENTITY_KINDS = {
    "uid": FieldType.NUMBER.optional,
    "gid": FieldType.NUMBER.optional,
    "pool_uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID.optional,
}


@dataclass(frozen=True)
class Supply:
    """What a pool that is scarce has left of one kind of number; ``holders`` are the users who have theirs already.

    ``offering`` is the UUID of the offering whose pool it is, empty for the provider's own.
    """

    offering: str
    range: NumberRange
    span: Span
    free: int
    holders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shortage:
    """More users need a number than their pool has left."""

    supply: Supply
    users: frozenset[str]

    def describe(self, place: str, names: Sequence[str], pool: str) -> str:
        """Return the error. ``names`` are those of the users, ``pool`` is the provider or the offering of the pool."""
        supply, missing = self.supply, len(self.users) - self.supply.free
        label = supply.range.label
        shown = f"{min(names)} needs a {label}" if len(names) == 1 else f"{len(names)} users need {label}s"
        how = " in Waldur" if supply.offering else ", with waldur.provider.posix_id_pool or posix_id_pool in a document"
        return (
            f"{place}: {shown} from the POSIX ID pool of {pool}, whose range {format_span(supply.span)} has"
            f" {supply.free or 'none'} left, so Waldur would refuse it: raise {supply.range.last} of that pool by at"
            f" least {missing}{how}."
        )


@dataclass(frozen=True)
class NumberSupplies:
    """The supplies that may not suffice, by the offerings whose accounts take numbers from them."""

    by_offering: Mapping[str, tuple[Supply, ...]] = field(default_factory=dict)

    def shortages(self, demand: Demand) -> list[Shortage]:
        """Return the supplies that have too few numbers for ``demand``. Pure."""
        users: dict[Supply, set[str]] = defaultdict(set)
        for offering in sorted(demand):
            for supply in self.by_offering.get(offering, ()):
                users[supply] |= set(demand[offering]) - supply.holders
        return [Shortage(supply, frozenset(those)) for supply, those in users.items() if len(those) > supply.free]


@dataclass(frozen=True)
class EarlierChanges:
    """What the same document does to the provider's pool before accounts take numbers from it."""

    pool: Pool | None = None
    gids: frozenset[int] = frozenset()

    @classmethod
    def of(cls, document: ProviderDocument) -> EarlierChanges:
        """Return what a document does: it changes the ranges, and gives GIDs to project groups."""
        groups = document.get(ProjectGroups)
        return cls(
            document.get(Pool), frozenset(entry.gid for entry in groups.entries if entry.gid) if groups else frozenset()
        )

    def apply(self, row: Row | None) -> Row | None:
        """Return the provider's pool as it will be; None where there will be none."""
        ranges = {key: value for key, value in self.pool.fields.items() if key != "description"} if self.pool else {}
        return {**(row or {}), **ranges} if ranges else row


def read_supplies(
    session: Session,
    target: Target,
    demand: Demand,
    numbers: Mapping[str, Sequence[str]],
    earlier: EarlierChanges,
) -> NumberSupplies:
    """Read what is left of the numbers that at most ``demand`` takes; nothing is read of pools that have plenty.

    ``numbers`` says which kinds of numbers the accounts of each offering take from a pool. A pool that the token does
    not see is left to Waldur.
    """
    pools = _read_pools(session, target, earlier) if any(demand.values()) else {}
    users: dict[tuple[str, NumberRange], set[str]] = defaultdict(set)
    places: dict[tuple[str, NumberRange], list[str]] = defaultdict(list)
    for offering, wanting in demand.items():
        pool = offering if offering in pools else _OWN_POOL
        for range_ in (UID, GID):
            if pool in pools and range_.span(pools[pool]) and range_.name in numbers.get(offering, ALL_NUMBERS):
                users[pool, range_] |= set(wanting)
                places[pool, range_].append(offering)
    supplies: dict[str, tuple[Supply, ...]] = {}
    for (pool, range_), wanting in users.items():
        pinned = earlier.gids if pool == _OWN_POOL and range_ is GID else frozenset()
        supply = _read_supply(session, pool, pools[pool], range_, len(wanting), pinned)
        for offering in places[pool, range_] if supply else ():
            supplies[offering] = (*supplies.get(offering, ()), *([supply] if supply else []))
    return NumberSupplies(supplies)


def may_have_pools(session: Session, target: Target, earlier: EarlierChanges) -> bool:
    """Return whether this token sees a pool of the provider or of an offering, or the document makes one."""
    return bool(_read_pools(session, target, earlier))


def _read_pools(session: Session, target: Target, earlier: EarlierChanges) -> dict[str, Row]:
    """Return the pools of the provider's offerings by offering, and its own as the document leaves it."""
    try:
        rows = session.references.posix_id_pools.read(target)
    except (Forbidden, RouteMissing):
        return {}
    pools = {offering: row for row in rows if (offering := uuids.normalize(row.get("offering")))}
    own = next(
        (row for row in rows if target.uuid and uuids.normalize(row.get("service_provider")) == target.uuid), None
    )
    changed = earlier.apply(own)
    return {**pools, _OWN_POOL: changed} if changed else pools


def _read_supply(
    session: Session, offering: str, row: Row, range_: NumberRange, number: int, pinned: frozenset[int]
) -> Supply | None:
    """Return what a pool has left of one kind of number; None where that is at least ``number``.

    Numbers from the mark on were never given out, unless they were pinned (api-behaviour: posix-pools-marks).
    """
    span = range_.span(row)
    uuid = uuids.normalize(row.get("uuid"))
    if span is None:
        return None
    mark = min(max(row.get(f"next_{range_.name}") or span[0], span[0]), span[1] + 1)
    unused = span[1] + 1 - mark
    if unused >= number + (row.get(f"{range_.name}_used") or 0) + len(pinned):
        return None
    column = range_.column
    above = {gid for gid in pinned if mark <= gid <= span[1]}
    if uuid is None:
        return Supply(offering, range_, span, unused - len(above)) if unused - len(above) < number else None
    range_query = {f"{column}_min": mark, f"{column}_max": span[1]}
    rows = _read_identities(session, uuid, **range_query) if unused else []
    above |= {row[column] for row in rows if _is_taken(row) and _lies_in(row, column, (mark, span[1]))}
    if unused - len(above) >= number:
        return None
    rows = _read_identities(session, uuid)
    taken = {row[column] for row in rows if _is_taken(row)} | pinned
    below = {row[column] for row in rows if _lies_in(row, column, (span[0], mark - 1))} - taken
    held = (row for row in rows if not row.get("released_at") and row.get(column) is not None)
    holders = frozenset(user for row in held if (user := uuids.normalize(row.get("user_uuid"))))
    return Supply(offering, range_, span, unused - len(above) + len(below), holders)


def _read_identities(session: Session, pool_uuid: str, **query: Any) -> list[Row]:
    """Return the identities of a pool, also those whose numbers were given back."""
    rows = session.client.rows("posix_identities", pool_uuid=pool_uuid, **query)
    checked = check_rows("posix_identities", rows, **_IDENTITY_KINDS)
    return [row for row in checked if uuids.normalize(row["pool_uuid"]) == pool_uuid]


def _is_taken(row: Row) -> bool:
    """Return whether the numbers of an identity are in use or withheld (api-behaviour: posix-numbers)."""
    return not row.get("released_at") or row.get("recyclable") is False


def _lies_in(row: Row, column: str, span: Span) -> bool:
    number = row.get(column)
    return isinstance(number, int) and span[0] <= number <= span[1]


def join_demands(demands: Iterable[Demand]) -> dict[str, set[str]]:
    """Return the users of all ``demands`` by offering."""
    users_by_offering: dict[str, set[str]] = defaultdict(set)
    for demand in demands:
        for offering, users in demand.items():
            users_by_offering[offering] |= set(users)
    return dict(users_by_offering)
