# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pool of POSIX IDs of a provider: the ranges that UIDs and GIDs of its users and groups come from
(api-behaviour: posix-pools)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._api.operations import operation
from .._common import uuids
from .._common.errors import (
    ErrorResponse,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RouteMissing,
    WaldurError,
    recheck_outcome,
)
from .._common.types import Row
from .._context import Session
from .._document.exported import Exported, Note
from .._document.fields import ChoiceField, EntryReader, Field, MappingField, NumberField, TextField
from .._document.model import ReadImage
from .._plan.changes import Action, Change, ChangeKind, Comparison, Effect, Severity, Stage
from .._references.posix_id_pools import check_pool
from .._references.targets import Target
from .._references.users import ResolvedUsers
from . import posix_id_pool_ranges as ranges
from .base import ModuleOptions, Resource
from .posix_id_pool_ranges import COLUMNS, LARGEST, RANGES, SMALLEST, NumberRange

_DESCRIPTION_LIMIT = 2000  # api-behaviour: posix-pools
_NEWER_SINCE = 2026
_NAME = "POSIX ID pool"
# Requests that Waldur rejects as the pool is another than the one that was read.
_OUT_OF_DATE = (400, 404, 409)


@dataclass(frozen=True)
class Pool:
    """The desired pool. ``fields`` holds only what the document names; ``where`` is its place there."""

    where: str
    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """Return what messages call an option of the pool."""
        return f"{self.where}.{name}" if self.where else name


def _range_fields(range_: NumberRange, purpose: str, example: tuple[int, int]) -> tuple[Field[object], ...]:
    first, last = example
    return (
        NumberField(range_.first, f"The first {purpose}.", smallest=SMALLEST, largest=LARGEST, examples=(first,)),
        NumberField(range_.last, f"The last {purpose}.", smallest=SMALLEST, largest=LARGEST, examples=(last,)),
    )


_DESCRIPTION = TextField(
    "description", "The description.", max_length=_DESCRIPTION_LIMIT, examples=("UIDs and GIDs of the cluster",)
)
_SENT: tuple[Field[object], ...] = (
    *_range_fields(ranges.UID, "UID of users", (20000, 29999)),
    *_range_fields(ranges.GID, "GID of users, and of project groups without a range of their own", (20000, 29999)),
    *_range_fields(ranges.GROUP_GID, "GID of project groups", (30000, 39999)),
    _DESCRIPTION,
)
_STATE = ChoiceField(
    "state", "Whether the provider has a POSIX ID pool.", default="present", choices=("present", "absent")
)
_FIELDS = (*_SENT, _STATE)


def _read_pool(entry: EntryReader) -> Pool:
    """Return the desired pool; errors are collected."""
    state = entry.get(_STATE) or ""
    fields = {field_.name: entry.get(field_) for field_ in _SENT if field_ in entry}
    if state == "absent" and fields:
        listed = ", ".join(fields)
        entry.add_conflict(f"{entry.option('state')}: absent deletes the pool, so {listed} must be left out.")
    for problem in ranges.check_order(fields, fields, entry.option):
        entry.add_conflict(problem)
    return Pool(entry.where, state, fields)


POOL = MappingField(
    "posix_id_pool",
    "The POSIX ID pool of the provider, from which UIDs and GIDs are given out (Waldur 2026).",
    fields=_FIELDS,
    build=_read_pool,
    null_hint="give the ranges that the pool should have, or state: absent to delete it, or leave the key out",
)


@dataclass
class PoolState:
    """The current pool.

    ``pool`` is the provider's own pool (None: there is none, or it is not visible), ``offering_pools`` are those of its
    offerings. ``numbers_in_use`` are the numbers in use that prevent the change, by the column of identities: those
    that the desired ranges leave out, or any where the pool is to be deleted; only a sample of them is read.
    ``threshold`` is the percentage above which a pool counts as nearly exhausted. ``is_visible`` says whether this
    token would see a pool.
    """

    pool: Row | None
    offering_pools: list[Row] = field(default_factory=list)
    numbers_in_use: dict[str, list[int]] = field(default_factory=dict)
    threshold: float | None = None
    is_visible: bool = True


_CREATE = Action("create", Stage.PROVISION, effect=Effect.CREATE, participle="created")
_UPDATE = Action("update", Stage.PROVISION, effect=Effect.UPDATE, participle="updated")
_DELETE = Action("delete", Stage.DELETE, Severity.REMOVAL, "removal", "removals", Effect.DELETE, "deleted")

Values = Mapping[str, Any]


class PosixIdPool(Resource[Pool, PoolState, Values]):
    """The POSIX ID pool of a provider."""

    kind = ChangeKind("posix_id_pool", (_CREATE, _UPDATE, _DELETE), plural="POSIX ID pools")
    desired_type = Pool
    fields = (POOL,)
    module = ModuleOptions(_FIELDS)
    result_key = "posix_id_pool"
    operations = (
        "posix_id_pools",
        "posix_identities",
        "create_posix_id_pool",
        "update_posix_id_pool",
        "delete_posix_id_pool",
    )
    export_part = "posix_id_pool"

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> Pool | None:
        """Return the desired pool."""
        return entry.get(POOL)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Pool:
        """Return the desired pool of a task."""
        return POOL.read("", {field_.name: options.get(field_.name) for field_ in _FIELDS})

    def read(self, session: Session, target: Target, desired: Pool) -> PoolState:
        """Return the current pool, and the numbers in use that would keep it from being changed as desired."""
        try:
            current = _read_rows(session, target)
        except RouteMissing as error:
            leave_out = f"{desired.where}: POSIX ID pools require Waldur 2026 or newer: leave it out."
            raise InvalidInput(leave_out if desired.where else error.message) from None
        if row := current.pool:
            current.numbers_in_use = _read_numbers_in_use(session, row, desired)
            if desired.state == "present" and any(row.get(f"{range_.name}_used") for range_ in RANGES):
                current.threshold = session.references.posix_id_pools.threshold(row["uuid"])
        return current

    def users(self, desired: Pool, current: PoolState) -> tuple[Iterable[str], Iterable[str]]:
        """Return no users: pools do not refer to users."""
        return (), ()

    def compare(
        self, session: Session, target: Target, desired: Pool, current: PoolState, users: ResolvedUsers
    ) -> Comparison[Values]:
        """Create, update or delete the pool; an update holds only what differs."""
        if not current.is_visible:
            return Comparison(errors=(_describe_invisible(target, desired),))
        if desired.state == "absent":
            return _compare_absent(target, desired, current)
        row = current.pool or {}
        values = {**_values(row), **desired.fields}
        keys = list(desired.fields)
        problems = [
            *ranges.end_problems(values, desired.option),
            *ranges.check_order(values, keys, desired.option),
            *ranges.overlap_problems(values, keys, current.offering_pools, desired.option),
            *ranges.shrink_problems(values, current.numbers_in_use, keys, desired.option),
        ]
        if problems:
            return Comparison(errors=tuple(problems))
        after = {name: value for name, value in desired.fields.items() if _value(row, name) != value}
        if current.pool is None:
            return Comparison((_change(target, _CREATE, None, dict(desired.fields), desired.fields),))
        warnings = tuple(_warnings(target, {**row, **values}, current.threshold))
        if not after:
            return Comparison(warnings=warnings)
        before = {name: _value(row, name) for name in after}
        return Comparison((_change(target, _UPDATE, before, after, after),), warnings)

    def write(self, session: Session, target: Target, current: PoolState, change: Change[Values]) -> None:
        """Carry out one change. Where Waldur rejects it, the error says what the pool is like now."""
        try:
            current.pool = _write(session, target, current, change)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _recheck(session, target, change)) from None
        except RouteMissing:
            raise
        except ErrorResponse as error:
            if error.status not in _OUT_OF_DATE:
                raise
            row = session.references.posix_id_pools.read_again(target)
            is_same = row is not None and not _list_differing_keys(row, change.payload)
            if change.action is _CREATE and is_same:
                current.pool = row  # another user created the same meanwhile
                return
            error.message += f" Checked again: {_describe(row, change)}"
            raise

    def verify(self, session: Session, target: Target, desired: Pool, current: PoolState) -> PoolState:
        """Read the pool again: the response to a write does not tell how many numbers are in use."""
        return PoolState(
            session.references.posix_id_pools.read_again(target), current.offering_pools, threshold=current.threshold
        )

    def result(
        self,
        desired: Pool,
        current: PoolState,
        users: ResolvedUsers,
        planned: Sequence[Change[Values]],
        *,
        done: bool,
    ) -> Row | None:
        """Return the row of the pool, or the one that the changes would make of it."""
        row = dict(current.pool) if current.pool is not None else None
        for change in () if done else planned:
            row = None if change.action is _DELETE else _predict(row or {}, change.payload)
        return row

    def export(self, session: Session, target: Target) -> Exported:
        """Export the ranges and the description; nothing on a Waldur without pools."""
        if session.references.provider_list.edition() < _NEWER_SINCE:
            return Exported()
        try:
            current = _read_rows(session, target)
        except RouteMissing:
            return Exported()
        if not current.is_visible:
            return Exported({}, (Note(POOL.name, None, _describe_invisible(target, Pool(""))),))
        if current.pool is None:
            return Exported()
        entry = {field_.name: value for field_ in _SENT if (value := _value(current.pool, field_.name)) is not None}
        if _can_be_expressed(session, entry):
            return Exported({POOL.name: entry})
        del entry["description"]
        text = f"{target.name}: the description of its {_NAME} contains what a document can't express, such as a token."
        return Exported({POOL.name: entry}, (Note(POOL.name, "description", text),))


def _read_rows(session: Session, target: Target) -> PoolState:
    """Return the provider's own pool and those of its offerings. Raises ``RouteMissing`` on a Waldur without pools."""
    pools = session.references.posix_id_pools
    rows = pools.read(target)
    own = [row for row in rows if target.uuid and uuids.normalize(row.get("service_provider")) == target.uuid]
    is_visible = bool(own) or target.uuid is None or not pools.may_miss_pools(target)
    return PoolState(own[0] if own else None, [row for row in rows if row.get("offering")], is_visible=is_visible)


def _can_be_expressed(session: Session, entry: Mapping[str, Any]) -> bool:
    """Return whether a document takes the entry as it is; a redacted value would be a change."""
    try:
        POOL.read("", entry)
    except InvalidInput:
        return False
    description = str(entry.get("description", ""))
    return session.client.redactor.redact_text(description) == description


def _value(row: Row, name: str) -> Any:
    """Return a value as a document has it; None where the pool has no such range."""
    value = row.get(name)
    return str(value or "").strip() if name == _DESCRIPTION.name else value


def _values(row: Row) -> dict[str, Any]:
    return {field_.name: _value(row, field_.name) for field_ in _SENT}


def _read_numbers_in_use(session: Session, row: Row, desired: Pool) -> dict[str, list[int]]:
    """Return a few numbers in use of each column that the desired ranges leave out, without a request where there can
    be none (api-behaviour: posix-pools-shrink, posix-pools-delete)."""
    if desired.state == "absent":
        held = _read_identities(session, row, COLUMNS, (0, LARGEST))
        return {
            column: [identity[column] for identity in held if identity.get(column) is not None] for column in COLUMNS
        }
    values = {**_values(row), **desired.fields}
    used_numbers: dict[str, list[int]] = {}
    for column in COLUMNS:
        is_used = any(
            row.get(f"{range_.name}_used") != 0 for range_ in RANGES if range_.column == column and range_.span(row)
        )
        for span in ranges.excluded_spans(column, row, values) if is_used else ():
            used_numbers.setdefault(column, []).extend(
                identity[column] for identity in _read_identities(session, row, (column,), span)
            )
    return {column: sorted(numbers) for column, numbers in used_numbers.items()}


def _read_identities(session: Session, row: Row, columns: Sequence[str], span: ranges.Span) -> list[Row]:
    """Return a few active identities of a pool that have a number of ``span`` in one of ``columns``, or in any of
    several; each row is checked again."""
    pool = uuids.normalize(row["uuid"])
    only = columns[0] if len(columns) == 1 else ""
    query: dict[str, Any] = {f"{only}_min": span[0], f"{only}_max": span[1], "o": [only]} if only else {}

    def keep(identity: Row) -> bool:
        numbers = [identity.get(column) for column in columns]
        is_within = any(isinstance(number, int) and span[0] <= number <= span[1] for number in numbers)
        return is_within and not identity.get("released_at") and uuids.normalize(identity.get("pool_uuid")) == pool

    limit = ranges.MOST_NAMED + 1
    return session.client.rows("posix_identities", keep=keep, limit=limit, pool_uuid=pool, is_released=False, **query)


def _describe_invisible(target: Target, desired: Pool) -> str:
    needed = operation("posix_id_pools").permission.describe()
    place = f"{desired.where}: " if desired.where else ""
    return f"{place}the {_NAME} of {target.name} is not visible to this token: {needed}."


def _compare_absent(target: Target, desired: Pool, current: PoolState) -> Comparison[Values]:
    if current.pool is None:
        return Comparison()
    held = {column: numbers for column, numbers in current.numbers_in_use.items() if numbers}
    if held:
        numbers = "; ".join(f"{column.upper()} {ranges.list_numbers(in_use)}" for column, in_use in held.items())
        text = (
            f"{desired.option('state')}: the {_NAME} of {target.name} can't be deleted while its numbers are in use"
            f" ({numbers}): delete the accounts that have them first, or keep the pool if project groups do, as Waldur"
            " never deletes these."
        )
        return Comparison(errors=(text,))
    before = {name: value for name, value in _values(current.pool).items() if value is not None}
    return Comparison((_change(target, _DELETE, before, None, {}),))


def _change(target: Target, action: Action, before: Row | None, after: Row | None, payload: Values) -> Change[Values]:
    ids = {"customer": target.customer_uuid, "user": None, "role": None}
    return Change(target.name, PosixIdPool.kind, _NAME, action, before, after, ids, payload)


def _warnings(target: Target, row: Row, threshold: float | None) -> Iterable[str]:
    """Yield a warning for each range of which more is in use than the threshold allows."""
    for range_ in RANGES:
        span, used = range_.span(row), row.get(f"{range_.name}_used")
        if span and used and threshold is not None and (share := _utilization(used, span)) > threshold:
            yield (
                f"{target.name}: {share:g} % of the {range_.label}s of the {_NAME} are in use ({used} of"
                f" {span[1] - span[0] + 1}), above this Waldur's threshold of {threshold:g} %: raise {range_.last}."
            )


def _utilization(used: int, span: ranges.Span) -> float:
    return round(used / (span[1] - span[0] + 1) * 100, 2)


def _predict(row: Row, values: Values) -> Row:
    """Return the row that a write of ``values`` makes of the pool (api-behaviour: posix-pools-marks)."""
    predicted = {"uuid": None, "url": None, "description": "", **row, **values}
    for range_ in RANGES:
        span, used = range_.span(predicted), predicted.get(f"{range_.name}_used") or 0
        mark = predicted.get(f"next_{range_.name}")
        predicted.setdefault(range_.first, None)
        predicted.setdefault(range_.last, None)
        predicted[f"next_{range_.name}"] = min(max(mark or span[0], span[0]), span[1] + 1) if span else None
        predicted[f"{range_.name}_used"] = used
        predicted[f"{range_.name}_utilization"] = _utilization(used, span) if span else None
    return predicted


def _write(session: Session, target: Target, current: PoolState, change: Change[Values]) -> Row | None:
    """Send one change, and return the pool after it."""
    uuid = uuids.normalize((current.pool or {}).get("uuid"))
    if change.action is _DELETE:
        # An attempt whose answer was lost may have done it already (api-behaviour: repeating-requests).
        with contextlib.suppress(NotFound):
            session.client.write("delete_posix_id_pool", uuid, expect_body=False)
        return None
    values = dict(change.payload)
    if change.action is _CREATE:
        answer = session.client.write("create_posix_id_pool", body={"service_provider": target.uuid, **values})
        row = check_pool("create_posix_id_pool", answer)
    else:
        answer = session.client.write("update_posix_id_pool", uuid, body=values)
        row = check_pool("update_posix_id_pool", answer)
    if ignored := _list_differing_keys(row, values):
        text = f"{ignored[0]}: Waldur accepted the request but did not apply the value."
        raise WaldurError(text, took_effect=None)
    return row


def _list_differing_keys(row: Row, values: Values) -> list[str]:
    """Return the keys of ``values`` that the pool has another value for."""
    return [name for name, value in values.items() if _value(row, name) != value]


def _describe(row: Row | None, change: Change[Values]) -> str:
    """Return what the pool is like now, as a sentence."""
    if row is None:
        unseen = ", or none that is readable with this token" if change.action is _CREATE else ""
        return f"there is no {_NAME}{unseen}. Run again."
    spans = [f"{range_.label}s {ranges.format_span(span)}" for range_ in RANGES if (span := range_.span(row))]
    return f"the {_NAME} has {', '.join(spans)}. Run again."


def _recheck(session: Session, target: Target, change: Change[Values]) -> tuple[bool | None, str]:
    """Check a change whose response was lost: return whether it took effect (None: partly), and the current state."""
    row = session.references.posix_id_pools.read_again(target)
    if change.action is _DELETE or row is None:
        state = f"the {_NAME} {'does not exist' if row is None else 'still exists'}. Run again."
        return change.action is _DELETE and row is None, state
    left = _list_differing_keys(row, change.payload)
    if left:
        partly = change.action is _CREATE or len(left) < len(change.payload)
        return None if partly else False, f"not applied: {', '.join(left)}. Run again."
    return True, f"{f'the {_NAME} now exists' if change.action is _CREATE else 'it took effect'}. Run again."


RESOURCE = PosixIdPool()
