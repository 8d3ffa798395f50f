# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds which role on a provider, and until when (api-behaviour: role-grants)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._common import timestamps, uuids
from .._common.errors import ErrorResponse, InvalidInput, OutcomeUnknown, RouteMissing, WaldurError, recheck_outcome
from .._common.types import Row
from .._context import ResolvedUsers, Session
from .._document import schema as document
from .._document.exported import Entry, Note, Written, user_reference, written
from .._document.model import UNSET, Desired, GrantEntry, Grants
from .._http.row_checks import checked
from .._plan.changes import Change, Comparison
from .._references.references import Target
from .._references.users import UnresolvedUser, User
from .base import unusable

_OPERATIONS = {
    "grant": "add_user",
    "extend": "update_user",
    "shorten": "update_user",
    "make_permanent": "update_user",
    "revoke": "delete_user",
}

_REFUSED = 400
_GRANT_KINDS = {
    "user_uuid": "uuid",
    "user_username": "text?",
    "user_email": "text?",
    "role_uuid": "uuid",
    "role_name": "text",
    "expiration_time": "timestamp?",
}


@dataclass
class State:
    """The grants on the provider, the roles that entries name, the moment on the server's clock, the token's user."""

    rows: list[Row]
    roles: dict[str, Row]
    now: datetime
    me: str | None = None
    only_user: str | None = None
    by_pair: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.by_pair.setdefault(_pair(row), []).append(row)


class UserRole:
    """The room of role grants."""

    kind = "user_role"

    def part(self, desired: Desired) -> Grants | None:
        """The wishes for grants."""
        return desired.grants

    def read(self, session: Session, target: Target, part: Grants) -> State:
        """All grants in bulk; for a single user that is known already, his alone."""
        only = _single_user(session, target, part)
        rows: list[Row] = []
        if target.uuid:
            rows = _grants(session, target, only)
            session.references.learn_users(rows)
            if not only:
                session.references.grants_learned.add(target.uuid)
        if only:
            # Servers of 2024 list everybody when they do not know the user (api-behaviour: role-grants-unknown-user).
            rows = [row for row in rows if uuids.normalize(row.get("user_uuid")) == only]
        roles = {entry.role: session.references.role(entry.option("role"), entry.role) for entry in part.entries}
        me = uuids.normalize(session.references.me().get("uuid")) if part.exclusive else None
        return State(rows, roles, session.client.now(), me, only)

    def users(self, part: Grants, state: State) -> tuple[Iterable[str], Iterable[str]]:
        """Who is to lose a grant that is not there is not shown."""
        holders = {holder for holder, _role in state.by_pair}
        return (
            [entry.user for entry in part.entries],
            [e.user for e in part.entries if e.state == "absent" and uuids.normalize(e.user) not in holders],
        )

    def compare(
        self, session: Session, target: Target, part: Grants, state: State, people: ResolvedUsers
    ) -> Comparison:
        """The pure heart of it: entries against grants, then what an exclusive list implies."""
        parts: list[Comparison] = []
        kept: dict[tuple[str, str], str] = {}
        unresolved = False
        for entry in part.entries:
            person = people[entry.user]
            if isinstance(person, UnresolvedUser):
                unresolved = unresolved or entry.state == "present" or person.user is None
                parts.append(_missing(session, entry, person))
                continue
            pair = (person.uuid, uuids.normalize(state.roles[entry.role]["uuid"]) or "")
            if pair in kept:
                parts.append(Comparison(errors=(_twice(entry, kept[pair], person, state),)))
                continue
            kept[pair] = entry.place
            parts.append(_compare_entry(target, entry, person, state))
        if part.exclusive:
            keeps = any(_keeps(entry, people[entry.user], state) for entry in part.entries)
            parts.append(_exclusive(target, part, state, set(kept), keeps=keeps, unresolved=unresolved))
        return Comparison.of(parts)

    def write(self, session: Session, target: Target, state: State, change: Change) -> None:
        """One grant, expiry or revocation; the answer is compared with what was asked."""
        body: Row = change.payload
        operation = _OPERATIONS[change.action]
        try:
            answer = session.client.write(operation, target.uuid, body=body, expect_body=change.action != "revoke")
            checked(operation, [answer], expiration_time="timestamp?")
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _look(session, target, change)) from None
        except ErrorResponse as error:
            if change.action != "grant" or error.status != _REFUSED:
                raise
            # Somebody else may have granted it since it was read: the same is as good as ours.
            there, found = _look(session, target, change)
            if not there:
                error.message += f" Looked again: {found}"
                raise
            return
        if change.action == "revoke":
            return
        told = timestamps.from_server(answer.get("expiration_time"))
        if told != timestamps.from_server(body.get("expiration_time")):
            raise WaldurError(
                f"expiration_time: Waldur accepted the request but set {told or 'never'} as the expiry.",
                took_effect=None,
            )

    def verify(self, session: Session, target: Target, part: Grants, state: State) -> State:
        """Read again: races make double grants that no single answer tells."""
        rows = _grants(session, target, state.only_user)
        if state.only_user:
            rows = [row for row in rows if uuids.normalize(row.get("user_uuid")) == state.only_user]
        now = State(rows, state.roles, session.client.now(), state.me, state.only_user)
        doubles = [same for pair, same in now.by_pair.items() if len(same) > max(1, len(state.by_pair.get(pair, ())))]
        if doubles:
            told = " ".join(_double(target, _name(same[0]), same) for same in doubles)
            raise WaldurError(f"Somebody else granted the same at the same time: {told}", not_applied=[])
        return now

    def result(
        self, part: Grants, state: State, people: ResolvedUsers, planned: Sequence[Change], *, done: bool
    ) -> list[Row]:
        """The grants as they are, or would be: of the provider, or of the one user that a single task names."""
        rows = {pair: list(rows) for pair, rows in state.by_pair.items()}
        for change in () if done else planned:
            pair = (change.id["user"] or "", change.id["role"] or "")
            if change.action == "revoke":
                rows.pop(pair, None)
            elif change.action == "grant":
                rows[pair] = [dict(change.predicted)]
            else:
                rows[pair] = [{**row, "expiration_time": (change.after or {})["expiration_time"]} for row in rows[pair]]
        found = [row for same in rows.values() for row in same]
        if part.single:
            named = {person.uuid for person in people.values() if isinstance(person, User)}
            found = [row for row in found if _pair(row)[0] in named]
        return sorted(found, key=lambda row: (str(row.get("user_username")), str(row.get("role_name"))))

    def export(self, session: Session, target: Target) -> Written:
        """The grants that last; Waldur hides those of deactivated users
        (api-behaviour: role-grants-deactivated-users)."""
        try:
            state = self.read(session, target, Grants(()))
        except RouteMissing as error:
            return Written(notes=(Note("users", None, f"{target.name}: {error.message}"),))
        return written("users", [_in_document(session, target, rows, state) for rows in state.by_pair.values()])


def _in_document(session: Session, target: Target, rows: list[Row], state: State) -> Entry | Note:
    """The grant as an entry that changes nothing, or why there is none."""
    row, name = rows[0], _name(rows[0])
    expiry = timestamps.to_server(timestamps.from_server(row.get("expiration_time")))
    person = User(_pair(row)[0], row.get("user_username"))
    if len(rows) > 1:
        return Note("users", name, _double(target, name, sorted(rows, key=lambda one: str(one.get("uuid")))))
    if _expired(row, state.now):
        text = f"{target.name}: {name} expired at {expiry} and stays listed until Waldur's daily clean-up."
        return Note("users", name, text)
    entry = {"user": user_reference(session.references, person), "role": row.get("role_name")}
    entry["expiration_time"] = expiry or timestamps.NEVER
    try:
        wish = document.grant("", entry)
        state.roles[wish.role] = session.references.role("role", wish.role)
    except InvalidInput as error:
        return Note("users", name, f"{target.name}: {name} can't be said: {error.message}")
    # Asked of what applies it, so that the two can't disagree.
    if _compare_entry(target, wish, person, state).changes:
        return Note("users", name, f"{target.name}: {name} can't be said: another role has that name.")
    return entry


def _pair(row: Row) -> tuple[str, str]:
    return uuids.normalize(row.get("user_uuid")) or "", uuids.normalize(row.get("role_uuid")) or ""


def _single_user(session: Session, target: Target, part: Grants) -> str | None:
    """The UUID of the one user to read. The first time all grants are: they tell who others in a loop are."""
    if not part.single or target.uuid is None:
        return None
    reference = part.entries[0].user
    known = session.references.user_uuid(reference)
    if known or target.uuid not in session.references.grants_learned:
        return known
    person = session.references.users([reference])[reference]
    return person.uuid if isinstance(person, User) else None


def _missing(session: Session, entry: GrantEntry, person: UnresolvedUser) -> Comparison:
    if entry.state == "absent" and person.user is not None:
        text = f"{entry.place}: {person.reason}, so Waldur hides the grants; nothing to revoke."
        return Comparison(warnings=(text,))
    return unusable(session, entry, person)


def _twice(entry: GrantEntry, first: str, person: User, state: State) -> str:
    role = state.roles[entry.role]["name"]
    return f"{entry.place}: {person.shown} as {role} stands in {first} already: keep one of the two."


def _keeps(entry: GrantEntry, person: User | UnresolvedUser, state: State) -> bool:
    return entry.state == "present" and isinstance(person, User) and not _ended(entry, state.now)


def _ended(entry: GrantEntry, now: datetime) -> bool:
    return isinstance(entry.expiration_time, datetime) and entry.expiration_time <= now


def _compare_entry(target: Target, entry: GrantEntry, person: User, state: State) -> Comparison:
    role = state.roles[entry.role]
    rows = state.by_pair.get((person.uuid, uuids.normalize(role["uuid"]) or ""), [])
    expiries = [timestamps.from_server(row.get("expiration_time")) for row in rows]
    name = f"{person.shown} as {role['name']}"
    if len(rows) > 1 and (entry.state == "absent" or any(_differs(entry, now) for now in expiries)):
        return Comparison(errors=(_double(target, name, rows),))
    if entry.state == "absent":
        return Comparison((_change(target, person, role, "revoke", expiries[0]),)) if rows else Comparison()
    if _ended(entry, state.now):
        return _compare_ended(entry, name, expiries)
    if not rows:
        until = entry.expiration_time if isinstance(entry.expiration_time, datetime) else None
        return Comparison((_change(target, person, role, "grant", None, until),))
    if not _differs(entry, expiries[0]):
        twice = (f"{entry.place}: {_double(target, name, rows)}",) if len(rows) > 1 else ()
        return Comparison(warnings=twice) if twice else _unchanged(entry, name, expiries[0], state.now)
    wanted = entry.expiration_time if isinstance(entry.expiration_time, datetime) else None
    action = _direction(expiries[0], wanted)
    return Comparison((_change(target, person, role, action, expiries[0], wanted),))


def _differs(entry: GrantEntry, now: datetime | None) -> bool:
    return entry.expiration_time is not UNSET and entry.expiration_time != now


def _unchanged(entry: GrantEntry, name: str, expiry: datetime | None, now: datetime) -> Comparison:
    if entry.expiration_time is UNSET and expiry is not None and expiry <= now:
        text = (
            f"{entry.place}: the grant of {name} expired at {timestamps.to_server(expiry)} and stays listed until"
            " Waldur's daily clean-up; it was left as it is: set expiration_time to keep it."
        )
        return Comparison(warnings=(text,))
    return Comparison()


def _compare_ended(entry: GrantEntry, name: str, expiries: list[datetime | None]) -> Comparison:
    """An expiry that has passed means "ended", so a document does not break the day after."""
    moment = timestamps.to_server(entry.expiration_time if isinstance(entry.expiration_time, datetime) else None)
    if any(
        now is None or (isinstance(entry.expiration_time, datetime) and now > entry.expiration_time) for now in expiries
    ):
        text = (
            f"{entry.option('expiration_time')}: {moment} has passed, and {name} is still granted: use state: absent."
        )
        return Comparison(errors=(text,))
    return Comparison(warnings=(f"{entry.place}: {moment} has passed, so the grant of {name} has ended.",))


def _direction(now: datetime | None, wanted: datetime | None) -> str:
    if wanted is None:
        return "make_permanent"
    return "shorten" if now is None or wanted < now else "extend"


def _name(row: Row) -> str:
    return f"{row.get('user_username') or row.get('user_uuid')} as {row.get('role_name')}"


def _double(target: Target, name: str, rows: list[Row]) -> str:
    grants = ", ".join(f"{row.get('uuid')} until {row.get('expiration_time') or 'never'}" for row in rows)
    return (
        f"{name} is granted {len(rows)} times on {target.name} ({grants}), and Waldur breaks on changing such a grant:"
        " have an administrator revoke all but one (2026 servers: POST /api/user-permissions/<uuid>/revoke/)."
    )


def _exclusive(
    target: Target, part: Grants, state: State, named: set[tuple[str, str]], *, keeps: bool, unresolved: bool
) -> Comparison:
    if not keeps:
        text = (
            f"{part.where}: no entry keeps any grant, so everybody would lose access to {target.name}: list who stays."
        )
        return Comparison(errors=(text,))
    if unresolved:
        text = (
            f"{part.where}: some users are unknown or deactivated, so no unlisted grant on {target.name} was revoked."
        )
        return Comparison(warnings=(text,))
    changes, warnings, errors = [], [], []
    for pair, rows in state.by_pair.items():
        expiry = timestamps.from_server(rows[0].get("expiration_time"))
        lasting = [r for r in rows if not _expired(r, state.now)]
        if pair in named or not lasting:
            continue
        person = User(pair[0], rows[0].get("user_username"))
        role = {"uuid": rows[0]["role_uuid"], "name": rows[0].get("role_name")}
        name = f"{person.shown} as {role['name']}"
        if pair[0] == state.me:
            warnings.append(f"{part.where}: {name} on {target.name} is the token's own grant and was kept; list it.")
        elif len(rows) > 1:
            errors.append(_double(target, name, rows))
        else:
            changes.append(_change(target, person, role, "revoke", expiry, is_implied=True))
    return Comparison(tuple(changes), tuple(warnings), tuple(errors))


def _expired(row: Row, now: datetime) -> bool:
    expiry = timestamps.from_server(row.get("expiration_time"))
    return expiry is not None and expiry <= now


def _change(
    target: Target,
    person: User,
    role: Row,
    action: str,
    now: datetime | None,
    wanted: datetime | None = None,
    *,
    is_implied: bool = False,
) -> Change:
    role_uuid = uuids.normalize(role["uuid"]) or ""
    ids = {"customer": target.customer_uuid, "user": person.uuid, "role": role_uuid}
    body: Row = {"role": role_uuid, "user": person.uuid}
    # A left-out expiry clears it (api-behaviour: role-grants-update), so update_user always says it; add_user only
    # where there is one.
    if action != "revoke" and (action != "grant" or wanted is not None):
        body["expiration_time"] = timestamps.to_server(wanted)
    predicted: Row = {
        "uuid": None,
        "user_uuid": person.uuid,
        "user_username": person.username,
        "role_uuid": role_uuid,
        "role_name": role["name"],
        "expiration_time": timestamps.to_server(wanted),
    }
    return Change(
        target.name,
        UserRole.kind,
        f"{person.shown} as {role['name']}",
        action,
        None if action == "grant" else {"expiration_time": timestamps.to_server(now)},
        None if action == "revoke" else {"expiration_time": timestamps.to_server(wanted)},
        ids,
        is_implied,
        body,
        predicted,
    )


def _grants(session: Session, target: Target, user: str | None) -> list[Row]:
    """Return the grants on the provider; old servers list everybody's where they don't know ``user``."""
    return checked("list_users", session.client.rows("list_users", target.uuid, user=user), **_GRANT_KINDS)


def _present_rows(session: Session, target: Target, body: Row) -> list[Row]:
    return [row for row in _grants(session, target, body["user"]) if _pair(row) == (body["user"], body["role"])]


def _look(session: Session, target: Target, change: Change) -> tuple[bool, str]:
    """Whether a change took effect whose answer was lost, and what is there; double grants too
    (api-behaviour: role-grants-duplicate, role-grants-update)."""
    rows = _present_rows(session, target, change.payload)
    if len(rows) > 1:
        return False, _double(target, change.name, rows)
    if not rows:
        return change.action == "revoke", "the grant is not there. Run again."
    expiry = timestamps.from_server(rows[0].get("expiration_time"))
    wanted = timestamps.from_server(change.payload.get("expiration_time"))
    until = f"until {timestamps.to_server(expiry)}" if expiry else "without an end"
    return change.action != "revoke" and expiry == wanted, f"the grant is there {until}. Run again."
