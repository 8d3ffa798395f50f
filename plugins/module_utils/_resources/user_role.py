# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds which role on a provider, and until when (api-behaviour: role-grants)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .._common import expiries, timestamps, uuids
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
from .._document.exported import Entry, Exported, Note, exported_list, user_reference
from .._document.fields import (
    BooleanField,
    ChoiceField,
    EntryReader,
    ListField,
    MappingField,
    ReferenceField,
    TimestampField,
)
from .._document.model import UNSET, ReadImage, Unset, UserEntry
from .._http.row_checks import FieldType, check_rows
from .._plan.changes import (
    Action,
    Change,
    ChangeKind,
    Comparison,
    Expiring,
    Kept,
    Severity,
    Stage,
    Subject,
    ValueStyle,
)
from .._references.bulk_lists import BulkList
from .._references.targets import Target, UnreadTarget
from .._references.users import ResolvedUsers, UnresolvedUser, User, user_uuid
from .base import ModuleOptions, Resource, reject_beside_list, unresolved_user

_REFUSED = 400
_GRANT_KINDS = {
    "user_uuid": FieldType.UUID,
    "user_username": FieldType.TEXT.optional,
    "user_email": FieldType.TEXT.optional,
    "role_uuid": FieldType.UUID,
    "role_name": FieldType.TEXT,
    "expiration_time": FieldType.TIMESTAMP.optional,
}
# Waldur knows the scope by the name of its model in every edition, and shows another name in rows since 2026.
_SCOPE_TYPE = "serviceprovider"
_BULK_FIELDS = ("uuid", *_GRANT_KINDS, "scope_type", "scope_uuid", "is_active")
_GRANTS_OF_ALL = BulkList(
    "all_role_grants",
    "scope_uuid",
    {"scope_type": _SCOPE_TYPE, "field": _BULK_FIELDS},
    required=_BULK_FIELDS,
    expected={"scope_type": _SCOPE_TYPE},
    since=2026,
    is_like_list_users=True,
)

DEFAULT_ROLE = "CUSTOMER.MANAGER"


@dataclass(frozen=True)
class GrantEntry(UserEntry):
    """The desired grant of one role to one user; ``expiration_time`` None means never."""

    role: str = DEFAULT_ROLE
    expiration_time: datetime | Unset | None = UNSET
    state: str = "present"


@dataclass(frozen=True)
class Grants:
    """The desired role grants; ``single`` where they come from the options of one task, not from a list."""

    entries: tuple[GrantEntry, ...]
    exclusive: bool = False
    where: str = "exclusive"
    single: bool = False


_USER = ReferenceField(
    "user",
    "The user: a username, an e-mail address, a UUID or a URL.",
    required=True,
    hint="give a username, an e-mail address or a UUID",
    examples=("alice@example.org",),
)
_ROLE = ReferenceField("role", "The role, by name or UUID.", default=DEFAULT_ROLE, examples=("CUSTOMER.MANAGER",))
_EXPIRATION_TIME = TimestampField(
    "expiration_time",
    "When the grant ends: a date (00:00 UTC), a date-time, or never. Left out, an expiry stays as it is.",
    examples=("2027-06-30", "2027-06-30T12:00:00Z", timestamps.NEVER),
)
_STATE = ChoiceField("state", "Whether the user has the role.", default="present", choices=("present", "absent"))


def _read_grant(entry: EntryReader) -> GrantEntry:
    state = entry.get(_STATE)
    expiry: datetime | Unset | None = entry.get(_EXPIRATION_TIME) if _EXPIRATION_TIME in entry else UNSET
    if _EXPIRATION_TIME in entry and state == "absent":
        option = entry.option("expiration_time")
        entry.add_conflict(f"{option}: can't be combined with state: absent: a revoked role grant has no expiry.")
    role = entry.get(_ROLE)
    return GrantEntry(entry.where, entry.get(_USER) or "", role or "", expiry, state or "")


GRANT = MappingField(
    "",
    "The grant of one role to one user.",
    fields=(_USER, _ROLE, _EXPIRATION_TIME, _STATE),
    build=_read_grant,
    identity=("user", "role"),
)
USERS = ListField("users", "The users and their roles on the provider.", item=GRANT)
_EXCLUSIVE = BooleanField("exclusive", "Revoke every role grant that no entry keeps.", default=False)
_EXCLUSIVE_USERS = replace(_EXCLUSIVE, name="exclusive_users", needs="users")


@dataclass
class GrantState:
    """The role grants on the provider, the roles that entries name, the server's time, and the token's user.

    ``is_provisional`` tells that the rows are those of the list of all providers, or that a search for a username found
    none: a grant that exists must not be made again, so they are read again before that. ``has_checked_roles`` tells
    that the roles were looked up; others are those of the rows.
    """

    rows: list[Row]
    roles: dict[str, Row]
    now: datetime
    me: str | None = None
    only_user: str | None = None
    is_provisional: bool = False
    has_checked_roles: bool = True
    by_pair: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.by_pair.setdefault(_pair(row), []).append(row)


@dataclass(frozen=True)
class GrantWrite:
    """A role grant as it is to be: the user, the role, and the expiry (None: never)."""

    user: User
    role_uuid: str
    role_name: str | None
    expiration_time: datetime | None = None

    def body(self, action: Action) -> Row:
        """Return the body of the request.

        A left-out expiry clears it (api-behaviour: role-grants-update), so update_user always states it; add_user only
        where there is one.
        """
        body: Row = {"role": self.role_uuid, "user": self.user.uuid}
        if action is not _REVOKE and (action is not _GRANT or self.expiration_time is not None):
            body["expiration_time"] = timestamps.format_utc(self.expiration_time)
        return body

    def predicted(self) -> Row:
        """Return the row of the grant as it would be."""
        return {
            "uuid": None,
            "user_uuid": self.user.uuid,
            "user_username": self.user.username,
            "role_uuid": self.role_uuid,
            "role_name": self.role_name,
            "expiration_time": timestamps.format_utc(self.expiration_time),
        }


_GRANT = Action("grant", Stage.ASSIGN, participle="granted", gives_access=True)
_EXTEND = Action("extend", Stage.ASSIGN, participle="extended", gives_access=True)
_SHORTEN = Action(
    "shorten", Stage.ASSIGN, Severity.ATTENTION, "shortened role", "shortened roles", participle="shortened"
)
_MAKE_PERMANENT = Action("make_permanent", Stage.ASSIGN, participle="made permanent", gives_access=True)
_REVOKE = Action("revoke", Stage.WITHDRAW, Severity.REMOVAL, "removal", "removals", participle="revoked")


class UserRole(Resource[Grants, GrantState, GrantWrite]):
    """The role grants on a provider."""

    kind = ChangeKind(
        "user_role",
        (_GRANT, _EXTEND, _SHORTEN, _MAKE_PERMANENT, _REVOKE),
        "role {}",
        "roles",
        {"expiration_time": ValueStyle("never", "never", is_null_a_value=True, is_timestamp=True, is_code=True)},
        can_expire=True,
    )
    desired_type = Grants
    fields = (USERS, _EXCLUSIVE_USERS)
    module = ModuleOptions(
        (replace(_USER, required=False), _ROLE, _EXPIRATION_TIME, _STATE, USERS, _EXCLUSIVE),
        {"mutually_exclusive": [["user", "users"]], "required_one_of": [["user", "users"]]},
        is_limited=True,
        names_users=True,
    )
    result_key = "user_roles"
    operations = (
        "list_users",
        "all_role_grants",
        "add_user",
        "update_user",
        "delete_user",
    )
    export_part = "users"
    needs_only_uuid = True

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> Grants | None:
        """Return the desired role grants."""
        where = entry.option("exclusive_users")
        is_exclusive = entry.get(_EXCLUSIVE_USERS)
        if is_exclusive and USERS not in entry:
            entry.add_conflict(f"{where}: needs users, the list of those who keep their grants.")
        entries = entry.get(USERS)
        return None if entries is None else Grants(entries, bool(is_exclusive), where)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Grants:
        """Return the desired role grants of a task: of one user, or of the list ``users``."""
        if options.get("users") is not None:
            reject_beside_list(options, (_ROLE, _EXPIRATION_TIME, _STATE), "users")
            return Grants(USERS.read("users", options["users"]), options["exclusive"])
        if options["exclusive"]:
            raise InvalidInput("exclusive: requires users: with one user, each item of a loop would revoke the others.")
        return Grants((GRANT.read("", {field.name: options.get(field.name) for field in GRANT.fields}),), single=True)

    def prefetch(self, session: Session, targets: Sequence[Target], *, is_export: bool = False) -> None:
        """Read the role grants on all service providers, where that takes fewer requests."""
        session.references.bulk_lists.prefetch(_GRANTS_OF_ALL, targets)

    def read(self, session: Session, target: Target, desired: Grants) -> GrantState:
        """Read all role grants in bulk; for a single user, only theirs."""
        rows: list[Row] = []
        only: str | None = None
        bulk_rows = session.references.bulk_lists.rows(_GRANTS_OF_ALL, target)
        is_provisional = bulk_rows is not None
        if target.uuid and desired.single and bulk_rows is None:
            rows, only, is_provisional = _read_single_user(session, target, desired.entries[0])
        elif target.uuid:
            rows = _read_grants(session, target) if bulk_rows is None else _checked(bulk_rows)
        session.references.users.remember(rows)
        roles = _roles_of_rows(desired, rows)
        has_checked_roles = not roles
        roles = roles or _resolve_roles(session, desired, allow_disabled=desired.single and not rows)
        me = uuids.normalize(session.references.current_user.row().get("uuid")) if desired.exclusive else None
        return GrantState(rows, roles, session.client.now(), me, only, is_provisional, has_checked_roles)

    def confirm(self, session: Session, target: Target, desired: Grants, current: GrantState) -> GrantState:
        """Return the grants as the provider itself lists them, as one that exists must not be granted again, with roles
        that can be granted (api-behaviour: role-grants-duplicate, role-grants-roles)."""
        if current.is_provisional and current.only_user:
            rows = _rows_of(current.only_user, _read_grants(session, target, user=current.only_user))
            current = GrantState(rows, current.roles, session.client.now(), current.me, current.only_user)
        elif current.is_provisional:
            current = self.read(session, target, desired)
        if current.has_checked_roles:
            return current
        roles = _resolve_roles(session, desired)
        return GrantState(current.rows, roles, current.now, current.me, current.only_user)

    def users(self, desired: Grants, current: GrantState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the users of all entries. Those of absent grants that do not exist are not shown."""
        holders = {holder for holder, _role in current.by_pair}
        return (
            [entry.user for entry in desired.entries],
            [e.user for e in desired.entries if e.state == "absent" and uuids.normalize(e.user) not in holders],
        )

    def compare(
        self, session: Session, target: Target, desired: Grants, current: GrantState, users: ResolvedUsers
    ) -> Comparison[GrantWrite]:
        """Compare entries with role grants, then add the removals that an exclusive list implies."""
        comparisons: list[Comparison[GrantWrite]] = []
        kept: dict[tuple[str, str], str] = {}
        unresolved = False
        for entry in desired.entries:
            user = users[entry.user]
            if isinstance(user, UnresolvedUser):
                unresolved = unresolved or entry.state == "present" or user.user is None
                comparisons.append(_missing(session, entry, user))
                continue
            pair = (user.uuid, uuids.normalize(current.roles[entry.role]["uuid"]) or "")
            if pair in kept:
                comparisons.append(Comparison(errors=(_twice(entry, kept[pair], user, current),)))
                continue
            kept[pair] = entry.place
            comparisons.append(_compare_entry(target, entry, user, current))
        if desired.exclusive:
            keeps = any(_keeps(entry, users[entry.user], current) for entry in desired.entries)
            comparisons.append(_exclusive(target, desired, current, set(kept), keeps=keeps, unresolved=unresolved))
        return Comparison.of(comparisons)

    def write(self, session: Session, target: Target, current: GrantState, change: Change[GrantWrite]) -> None:
        """Carry out one grant, expiry or revocation, and compare the response with the request."""
        body = change.payload.body(change.action)
        operation = _operation(change.action)
        try:
            answer = session.client.write(operation, target.uuid, body=body, expect_body=change.action is not _REVOKE)
            check_rows(operation, [answer], expiration_time=FieldType.TIMESTAMP.optional)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _recheck(session, target, change)) from None
        except ErrorResponse as error:
            if change.action is not _GRANT or error.status != _REFUSED:
                raise
            # Another user may have granted it since it was read: the same is as good as ours.
            is_applied, outcome = _recheck(session, target, change)
            if not is_applied:
                error.message += f" Checked again: {outcome}"
                raise
            return
        if change.action is _REVOKE:
            return
        stored = timestamps.parse_server_time(answer.get("expiration_time"))
        if stored != timestamps.parse_server_time(body.get("expiration_time")):
            raise WaldurError(
                f"expiration_time: Waldur accepted the request but set {stored or 'never'} as the expiry.",
                took_effect=None,
            )

    def verify(self, session: Session, target: Target, desired: Grants, current: GrantState) -> GrantState:
        """Read again, as concurrent requests can create double grants that no single response shows."""
        rows = _grants(session, target, user=current.only_user)
        if current.only_user:
            rows = _rows_of(current.only_user, rows)
        now = GrantState(rows, current.roles, session.client.now(), current.me, current.only_user)
        doubles = [
            grants for pair, grants in now.by_pair.items() if len(grants) > max(1, len(current.by_pair.get(pair, ())))
        ]
        if doubles:
            shown = " ".join(_double(target, _name(grants[0]), grants) for grants in doubles)
            raise WaldurError(f"Another user granted the same role at the same time: {shown}", not_applied=[])
        return now

    def expiring(self, target: Target, current: GrantState, within: timedelta) -> list[Expiring]:
        """Return the current role grants that end within that time, the earliest first. Pure."""
        return [
            Expiring(
                target.name,
                self.kind,
                _name(row),
                expiry,
                expiries.days_left(expiry, current.now),
                _ids(target, *_pair(row)),
            )
            for expiry, row in expiries.ending_within(current.rows, current.now, within)
        ]

    def kept(self, target: Target, desired: Grants, current: GrantState, users: ResolvedUsers) -> list[Kept]:
        """Return the current role grants that an entry keeps, in the order of the entries. Pure."""
        kept = []
        for entry in desired.entries:
            user = users[entry.user]
            if isinstance(user, UnresolvedUser) or not _keeps(entry, user, current):
                continue
            pair = (user.uuid, uuids.normalize(current.roles[entry.role]["uuid"]) or "")
            if rows := current.by_pair.get(pair):
                kept.append(Kept(target.name, self.kind, _name(rows[0]), _ids(target, *pair)))
        return kept

    def result(
        self,
        desired: Grants,
        current: GrantState,
        users: ResolvedUsers,
        planned: Sequence[Change[GrantWrite]],
        *,
        done: bool,
    ) -> list[Row]:
        """Return the current or predicted role grants: of the provider, or of the one user that a single task names."""
        rows = {pair: list(rows) for pair, rows in current.by_pair.items()}
        for change in () if done else planned:
            grant = change.payload
            pair = (grant.user.uuid, grant.role_uuid)
            if change.action is _REVOKE:
                rows.pop(pair, None)
            elif change.action is _GRANT:
                rows[pair] = [grant.predicted()]
            else:
                expiry = timestamps.format_utc(grant.expiration_time)
                rows[pair] = [{**row, "expiration_time": expiry} for row in rows[pair]]
        grants = [row for pair_rows in rows.values() for row in pair_rows]
        if desired.single:
            named = {user.uuid for user in users.values() if isinstance(user, User)}
            grants = [row for row in grants if _pair(row)[0] in named]
        return sorted(grants, key=lambda row: (str(row.get("user_username")), str(row.get("role_name"))))

    def export(self, session: Session, target: Target) -> Exported:
        """Export the grants that last; Waldur hides those of deactivated users
        (api-behaviour: role-grants-deactivated-users)."""
        try:
            current = self.read(session, target, Grants(()))
        except RouteMissing as error:
            return Exported(notes=(Note("users", None, f"{target.name}: {error.message}"),))
        return exported_list(
            "users", [_in_document(session, target, rows, current) for rows in current.by_pair.values()]
        )


def _in_document(session: Session, target: Target, rows: list[Row], current: GrantState) -> Entry | Note:
    """Return the grant as an entry that changes nothing, or a note why there is none."""
    row, name = rows[0], _name(rows[0])
    expiry = timestamps.format_utc(timestamps.parse_server_time(row.get("expiration_time")))
    user = User(_pair(row)[0], row.get("user_username"))
    if len(rows) > 1:
        return Note("users", name, _double(target, name, sorted(rows, key=lambda grant: str(grant.get("uuid")))))
    if _expired(row, current.now):
        text = f"{target.name}: {name} expired at {expiry} and stays listed until Waldur's daily clean-up."
        return Note("users", name, text)
    entry = {"user": user_reference(session.references, user), "role": row.get("role_name")}
    entry["expiration_time"] = expiry or timestamps.NEVER
    try:
        desired = GRANT.read("", entry)
        current.roles[desired.role] = session.references.roles.resolve_for_provider("role", desired.role)
    except InvalidInput as error:
        return Note("users", name, f"{target.name}: {name} can't be expressed in a document: {error.message}")
    # Compared by what applies it, so that export and apply can't disagree.
    if _compare_entry(target, desired, user, current).changes:
        return Note(
            "users", name, f"{target.name}: {name} can't be expressed in a document: another role has that name."
        )
    return entry


def _pair(row: Row) -> tuple[str, str]:
    return uuids.normalize(row.get("user_uuid")) or "", uuids.normalize(row.get("role_uuid")) or ""


class _UserGrants(NamedTuple):
    """The grants of one user, the UUID (None where there is no such user), and whether they are provisional."""

    rows: list[Row]
    uuid: str | None
    is_provisional: bool = False


def _read_single_user(session: Session, target: Target, entry: GrantEntry) -> _UserGrants:
    """Return the grants of the user that an entry names."""
    reference, uuid = entry.user, user_uuid(entry.user)
    if uuid is None:
        return _search_username(session, target, reference)
    rows = _rows_of(uuid, _read_grants(session, target, user=uuid))
    if rows or not uuids.normalize(reference):
        return _UserGrants(rows, uuid)
    # Some usernames look like UUIDs.
    if entry.state == "present":
        user = session.references.users.resolve([reference])[reference]
        is_username = isinstance(user, User) and user.uuid != uuid
        return _search_username(session, target, reference) if is_username else _UserGrants([], uuid)
    return _find_holder(_read_grants(session, target, username=reference), reference) or _UserGrants([], uuid)


def _search_username(session: Session, target: Target, reference: str) -> _UserGrants:
    """Return the grants of the user with a username or an e-mail address.

    It is searched for among the grants first, as a user who holds one needs no other request then.
    """
    users = session.references.users
    # A name that no URL can hold is that of nobody.
    rows = _read_grants(session, target, username=reference if users.can_be_sent(reference) else None)
    if grants_of_holder := _find_holder(rows, reference):
        return grants_of_holder
    user = users.resolve([reference])[reference]
    if not isinstance(user, User):
        return _UserGrants([], None)
    own = _rows_of(user.uuid, rows)
    if own or user.username == reference:
        return _UserGrants(own, user.uuid, is_provisional=not own)
    return _UserGrants(_rows_of(user.uuid, _read_grants(session, target, user=user.uuid)), user.uuid)


def _find_holder(rows: Sequence[Row], username: str) -> _UserGrants | None:
    """Return the grants of the user with that username; None where no row has the username.

    Servers that don't know the filter list all users.
    """
    uuid = next((uuids.normalize(row["user_uuid"]) for row in rows if row.get("user_username") == username), None)
    return _UserGrants(_rows_of(uuid, rows), uuid) if uuid else None


def _rows_of(uuid: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows of the user with that UUID, as old servers list all users where they don't know the user
    (api-behaviour: role-grants-unknown-user)."""
    return [row for row in rows if uuids.normalize(row["user_uuid"]) == uuid]


def _missing(session: Session, entry: GrantEntry, user: UnresolvedUser) -> Comparison[GrantWrite]:
    if entry.state == "absent" and user.user is not None:
        text = f"{entry.place}: {user.reason}, so Waldur hides the grants; nothing to revoke."
        return Comparison(warnings=(text,))
    return unresolved_user(session, entry, user)


def _twice(entry: GrantEntry, first: str, user: User, current: GrantState) -> str:
    role = current.roles[entry.role]["name"]
    return f"{entry.place}: {user.shown} as {role} duplicates {first}: keep one of the two."


def _keeps(entry: GrantEntry, user: User | UnresolvedUser, current: GrantState) -> bool:
    return entry.state == "present" and isinstance(user, User) and not _ended(entry, current.now)


def _ended(entry: GrantEntry, now: datetime) -> bool:
    return isinstance(entry.expiration_time, datetime) and entry.expiration_time <= now


def _compare_entry(target: Target, entry: GrantEntry, user: User, current: GrantState) -> Comparison[GrantWrite]:
    role = current.roles[entry.role]
    rows = current.by_pair.get((user.uuid, uuids.normalize(role["uuid"]) or ""), [])
    expiries = [timestamps.parse_server_time(row.get("expiration_time")) for row in rows]
    name = f"{user.shown} as {role['name']}"
    if len(rows) > 1 and (entry.state == "absent" or any(_differs(entry, now) for now in expiries)):
        return Comparison(errors=(_double(target, name, rows),))
    if entry.state == "absent":
        return Comparison((_change(target, entry.place, user, role, _REVOKE, expiries[0]),)) if rows else Comparison()
    if _ended(entry, current.now):
        return _compare_ended(entry, name, expiries)
    if not rows:
        until = entry.expiration_time if isinstance(entry.expiration_time, datetime) else None
        return Comparison((_change(target, entry.place, user, role, _GRANT, None, until),))
    if not _differs(entry, expiries[0]):
        twice = (f"{entry.place}: {_double(target, name, rows)}",) if len(rows) > 1 else ()
        return Comparison(warnings=twice) if twice else _unchanged(entry, name, expiries[0], current.now)
    desired_expiry = entry.expiration_time if isinstance(entry.expiration_time, datetime) else None
    action = _direction(expiries[0], desired_expiry)
    return Comparison((_change(target, entry.place, user, role, action, expiries[0], desired_expiry),))


def _differs(entry: GrantEntry, now: datetime | None) -> bool:
    return entry.expiration_time is not UNSET and entry.expiration_time != now


def _unchanged(entry: GrantEntry, name: str, expiry: datetime | None, now: datetime) -> Comparison[GrantWrite]:
    if entry.expiration_time is UNSET and expiry is not None and expiry <= now:
        text = (
            f"{entry.place}: the grant of {name} expired at {timestamps.format_utc(expiry)} and stays listed until"
            " Waldur's daily clean-up; it was left as it is: set expiration_time to keep it."
        )
        return Comparison(warnings=(text,))
    return Comparison()


def _compare_ended(entry: GrantEntry, name: str, expiries: list[datetime | None]) -> Comparison[GrantWrite]:
    """Compare an expiry that has passed: it means "ended", so a document does not break the day after."""
    expiry_text = timestamps.format_utc(entry.expiration_time if isinstance(entry.expiration_time, datetime) else None)
    if any(
        now is None or (isinstance(entry.expiration_time, datetime) and now > entry.expiration_time) for now in expiries
    ):
        option = entry.option("expiration_time")
        text = f"{option}: {expiry_text} has passed, and {name} is still granted: use state: absent."
        return Comparison(errors=(text,))
    return Comparison(warnings=(f"{entry.place}: {expiry_text} has passed, so the grant of {name} has ended.",))


def _operation(action: Action) -> str:
    if action is _GRANT:
        return "add_user"
    return "delete_user" if action is _REVOKE else "update_user"


def _direction(now: datetime | None, desired_expiry: datetime | None) -> Action:
    if desired_expiry is None:
        return _MAKE_PERMANENT
    return _SHORTEN if now is None or desired_expiry < now else _EXTEND


def _name(row: Row) -> str:
    return f"{row.get('user_username') or row.get('user_uuid')} as {row.get('role_name')}"


def _double(target: Target, name: str, rows: list[Row]) -> str:
    grants = ", ".join(f"{row.get('uuid')} until {row.get('expiration_time') or 'never'}" for row in rows)
    return (
        f"{name} is granted {len(rows)} times on {target.name} ({grants}), and Waldur can't change duplicate role"
        " grants: ask an administrator to revoke all but one (Waldur 2026: POST"
        " /api/user-permissions/<uuid>/revoke/)."
    )


def _exclusive(
    target: Target, desired: Grants, current: GrantState, named: set[tuple[str, str]], *, keeps: bool, unresolved: bool
) -> Comparison[GrantWrite]:
    if not keeps:
        text = (
            f"{desired.where}: no entry keeps any grant, so all users would lose access to {target.name}: list the"
            " users who keep their role."
        )
        return Comparison(errors=(text,))
    if unresolved:
        text = (
            f"{desired.where}: some users are unknown or deactivated, so no unlisted grant on {target.name} was"
            " revoked."
        )
        return Comparison(warnings=(text,))
    changes, warnings, errors = [], [], []
    for pair, rows in current.by_pair.items():
        expiry = timestamps.parse_server_time(rows[0].get("expiration_time"))
        lasting = [r for r in rows if not _expired(r, current.now)]
        if pair in named or not lasting:
            continue
        user = User(pair[0], rows[0].get("user_username"), rows[0].get("user_email"))
        role = {"uuid": rows[0]["role_uuid"], "name": rows[0].get("role_name")}
        name = f"{user.shown} as {role['name']}"
        if pair[0] == current.me:
            warnings.append(
                f"{desired.where}: {name} on {target.name} is the role grant of the token's own user, so it was not"
                " revoked: add an entry for it."
            )
        elif len(rows) > 1:
            errors.append(_double(target, name, rows))
        else:
            change = _change(target, desired.where, user, role, _REVOKE, expiry)
            changes.append(replace(change, is_implied=True))
    return Comparison(tuple(changes), tuple(warnings), tuple(errors))


def _expired(row: Row, now: datetime) -> bool:
    expiry = timestamps.parse_server_time(row.get("expiration_time"))
    return expiry is not None and expiry <= now


def _ids(target: Target, user_uuid: str, role_uuid: str) -> dict[str, str | None]:
    return {"customer": target.customer_uuid, "user": user_uuid, "role": role_uuid}


def _change(
    target: Target,
    place: str,
    user: User,
    role: Row,
    action: Action,
    now: datetime | None,
    desired_expiry: datetime | None = None,
) -> Change[GrantWrite]:
    role_uuid = uuids.normalize(role["uuid"]) or ""
    return Change(
        target.name,
        UserRole.kind,
        f"{user.shown} as {role['name']}",
        action,
        None if action is _GRANT else {"expiration_time": timestamps.format_utc(now)},
        None if action is _REVOKE else {"expiration_time": timestamps.format_utc(desired_expiry)},
        _ids(target, user.uuid, role_uuid),
        GrantWrite(user, role_uuid, role["name"], desired_expiry),
        subject=Subject(place, user.uuid, user.username, user.email, role_uuid, role["name"]),
    )


def _resolve_roles(session: Session, desired: Grants, *, allow_disabled: bool = False) -> dict[str, Row]:
    """Return the role of each entry. Raises ``InvalidInput`` where it can't be granted on a service provider.

    With ``allow_disabled``, entries that are absent may name a disabled role, as nothing is to be revoked.
    """
    resolve = session.references.roles.resolve_for_provider
    return {
        entry.role: resolve(entry.option("role"), entry.role, allow_disabled=allow_disabled and entry.state == "absent")
        for entry in desired.entries
    }


def _roles_of_rows(desired: Grants, rows: Iterable[Row]) -> dict[str, Row] | None:
    """Return the role of each entry as the rows tell it, without a request; None where they don't tell all of them."""
    uuids_of: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for row in rows:
        _user, role = _pair(row)
        uuids_of.setdefault(row["role_name"], set()).add(role)
        names[role] = row["role_name"]
    roles = {}
    for entry in desired.entries:
        uuid = uuids.normalize(entry.role) or uuids.from_url(entry.role, "roles")
        candidates = {uuid} & names.keys() if uuid else uuids_of.get(entry.role, set())
        if len(candidates) != 1:
            return None
        (role,) = candidates
        roles[entry.role] = {"uuid": role, "name": names[role]}
    return roles


def _read_grants(session: Session, target: Target, **query: Any) -> list[Row]:
    """Return the grants on the provider. Raises ``InvalidInput`` where it does not exist."""
    try:
        return _grants(session, target, **query)
    except NotFound:
        if not isinstance(target, UnreadTarget):
            raise
        target.load()
        return _grants(session, target, **query)


def _grants(session: Session, target: Target, **query: Any) -> list[Row]:
    """Return the grants on the provider; old servers list those of all users where they don't know the user."""
    return _checked(session.client.rows("list_users", target.uuid, **query))


def _checked(rows: Iterable[Row]) -> list[Row]:
    return check_rows("list_users", rows, **_GRANT_KINDS)


def _present_rows(session: Session, target: Target, grant: GrantWrite) -> list[Row]:
    pair = (grant.user.uuid, grant.role_uuid)
    return [row for row in _grants(session, target, user=grant.user.uuid) if _pair(row) == pair]


def _recheck(session: Session, target: Target, change: Change[GrantWrite]) -> tuple[bool, str]:
    """Check a change whose response was lost: return whether it took effect, and the current state; report duplicate
    grants too (api-behaviour: role-grants-duplicate, role-grants-update)."""
    rows = _present_rows(session, target, change.payload)
    if len(rows) > 1:
        return False, _double(target, change.name, rows)
    if not rows:
        return change.action is _REVOKE, "the role grant does not exist. Run again."
    expiry = timestamps.parse_server_time(rows[0].get("expiration_time"))
    desired_expiry = change.payload.expiration_time
    ends = f"expires at {timestamps.format_utc(expiry)}" if expiry else "never expires"
    return change.action is not _REVOKE and expiry == desired_expiry, f"the role grant exists and {ends}. Run again."


RESOURCE = UserRole()
