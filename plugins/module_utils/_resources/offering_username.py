# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The username of a user in the provider's offerings (api-behaviour: set-offerings-username, usernames-reach)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .._common import uuids
from .._common.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RouteMissing,
    Unreadable,
    recheck_outcome,
)
from .._common.types import Row
from .._context import ResolvedUsers, Session
from .._document import schema as document
from .._document.exported import Entry, Note, Written, user_reference, written
from .._document.model import Desired, UsernameEntry, Usernames
from .._document.schema import same_username
from .._http.row_checks import checked
from .._plan.changes import Change, Comparison
from .._references.references import Target
from .._references.users import HIDDEN_ACCOUNTS, UnresolvedUser, User
from .base import unusable

_LIVE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating")
_OPTION = "service_provider_can_create_offering_user"
_KEY = "offering_usernames"
_LINK = "service_provider_account_uuid"
_SHARED_SINCE = 2026
# A warning names so many accounts.
_SHOWN = 5

_BLIND = (
    "this token sees roles in projects and not the resources there, so it can't tell who reaches which offering:"
    " use a staff token or one of the customer's owner"
)

_ACCOUNT_FIELDS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "user_uuid",
    "user_username",
    "username",
    "customer_uuid",
    "state",
    "service_provider_account_uuid",
    "service_provider_account_username",
)
_PERMISSION_FIELDS = ("user_uuid", "user_username", "project_uuid", "role_name", "created")
_ACCOUNT_KINDS = {
    "offering_uuid": "uuid",
    "user_uuid": "uuid",
    "username": "text?",
    "customer_uuid": "uuid?",
    "user_username": "text?",
    "offering_name": "text?",
    "state": "text?",
    "service_provider_account_uuid": "uuid?",
    "service_provider_account_username": "text?",
}
_OWNER_KINDS = {"uuid": "uuid", "user_uuid": "uuid", "username": "text?", "service_provider_uuid": "uuid"}
# Who has no user or project there reaches nothing.
_PERMISSION_KINDS = {"user_uuid": "uuid?", "user_username": "text?", "user_email": "text?", "project_uuid": "uuid?"}
_RESOURCE_KINDS = {
    "offering_uuid": "uuid",
    "offering_name": "text?",
    "project_uuid": "uuid?",
    "state": "text",
    "provider_uuid": "uuid?",
}
_RESOURCE_FIELDS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "offering_shared",
    "project_uuid",
    "state",
    "provider_uuid",
)


@dataclass(frozen=True)
class Owner:
    """The service provider account that owns a username (api-behaviour: provider-accounts); no ``uuid`` where it does
    not exist yet."""

    uuid: str | None = None
    username: str | None = None


@dataclass
class State:
    """Which offerings each user reaches, and the names of the accounts there.

    ``reach``: user UUID → offering UUIDs; ``hidden``: those among them whose accounts this token can't read back.
    ``unseen``: projects with roles in which it sees no resource; ``blind``: it sees roles, and no resource at all.
    ``accounts``: the usernames of all accounts at the provider that were read, by offering and user UUID, and ``rows``
    the whole rows. ``holder_names``: the usernames in Waldur of those who have accounts, by UUID.
    ``may_miss_accounts``: Waldur may hide accounts from this token, so one that is not there may be hidden.
    ``shared``: the offerings whose new accounts belong to service provider accounts (None: not read), and
    ``provider_accounts`` those that were looked up, by user UUID (api-behaviour: provider-accounts).
    """

    names: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    reach: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    blind: bool = False
    exists: bool = True
    may_miss_accounts: bool = False
    rows: dict[tuple[str, str], Row] = field(default_factory=dict, compare=False, repr=False)
    holder_names: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    shared: set[str] | None = field(default=None, compare=False)
    provider_accounts: dict[str, Owner] = field(default_factory=dict, compare=False)

    def readable(self, user: str) -> set[str]:
        """Return the offerings that ``user`` reaches and whose account this token can read back.

        While Waldur hides accounts (api-behaviour: hidden-accounts) only those that were seen count: a client can't
        tell a hidden account from a missing one. Setting the username of a hidden one would be a change in every run,
        as it could never be read back; so it is left alone until it is seen. Waldur itself makes an account, without a
        username, for each user of a new resource, so a missing one is rare.
        """
        found = self.reach.get(user, set()) - self.hidden
        return {one for one in found if (one, user) in self.accounts} if self.may_miss_accounts else found

    def concealed(self, user: str) -> set[str]:
        """Return the offerings in which the account of ``user`` may be hidden."""
        return self.reach.get(user, set()) - self.hidden - self.readable(user)

    @cached_property
    def holders(self) -> dict[str, list[tuple[str, str]]]:
        """The accounts that have each username, as ``same_username`` spells it."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for pair, name in self.accounts.items():
            if name and name.strip():
                found[same_username(name)].append(pair)
        return found


class OfferingUsername:
    """The room of account names."""

    kind = "offering_username"

    def part(self, desired: Desired) -> Usernames | None:
        """The wishes for account names."""
        return desired.usernames

    def read(self, session: Session, target: Target, part: Usernames) -> State:
        """Accounts, project permissions and resources, each read once, in bulk; for a single user, his alone."""
        if target.uuid is None:
            return State(exists=False)
        only: str | None = None
        if part.single:
            person = session.references.users([part.entries[0].user])[part.entries[0].user]
            only = person.uuid if isinstance(person, User) else None
            if only is None:
                return State()
        state = _reached(session, target, only)
        if state.reach:
            _read_accounts(session, target, only, state)
            _read_visibility(session, _users(session, part, state), state)
            _read_owners(session, target, _pending(session, part, state), state)
            if only:
                _read_holders(session, target, only, part.entries[0].username, state)
        return state

    def users(self, part: Usernames, state: State) -> tuple[Iterable[str], Iterable[str]]:
        """All of them are shown."""
        return [entry.user for entry in part.entries], ()

    def compare(
        self, session: Session, target: Target, part: Usernames, state: State, people: ResolvedUsers
    ) -> Comparison:
        """A change is needed where a reachable offering has no account of the user, or one with another name."""
        parts: list[Comparison] = []
        if part.entries and not state.exists:
            text = f"{target.name}: usernames can only be planned once the service provider exists; run again then."
            parts.append(Comparison(warnings=(text,)))
        resolved = [(entry, people[entry.user]) for entry in part.entries]
        problems = _problems(session, resolved)
        usable = [pair for number, pair in enumerate(resolved) if number not in problems]
        wishes = {person.uuid: entry.username for entry, person in usable if isinstance(person, User)}
        for number, (entry, person) in enumerate(resolved):
            if number in problems:
                parts.append(problems[number])
            elif state.exists and isinstance(person, User):
                parts.append(_compare_entry(target, entry, person, state, wishes))
        parts.append(_warning_of_concealed(target, usable, state))
        found = Comparison.of(parts)
        return Comparison.of([replace(found, changes=_ranked(found.changes, state))])

    def write(self, session: Session, target: Target, state: State, change: Change) -> None:
        """One POST for one user, whatever the number of offerings. Its answer tells nothing
        (api-behaviour: set-offerings-username)."""
        try:
            session.client.write("set_offerings_username", target.uuid, body=change.payload, expect_body=False)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _look(session, target, state, change)) from None

    def verify(self, session: Session, target: Target, part: Usernames, state: State) -> State:
        """Read again: only the accounts tell what was set."""
        return self.read(session, target, part)

    def result(
        self, part: Usernames, state: State, people: ResolvedUsers, planned: Sequence[Change], *, done: bool
    ) -> list[Row]:
        """Per user that reaches an offering: the username, the offerings, and the names before that were others."""
        before = {change.id["user"]: dict(change.before or {}) for change in planned}
        found = []
        for entry in part.entries:
            person = people.get(entry.user)
            readable = state.readable(person.uuid) if isinstance(person, User) else set()
            if isinstance(person, User) and readable:
                found.append(
                    {
                        "user": person.shown,
                        "user_uuid": person.uuid,
                        "username": entry.username,
                        "offerings": sorted(_labels(state, readable).values()),
                        "before": before.get(person.uuid, {}),
                    }
                )
        return found

    def export(self, session: Session, target: Target) -> Written:
        """Whoever has one and the same name in all offerings that they reach."""
        state = _reached(session, target, None)
        if state.unseen and not session.references.sees_everybody():
            # Every project that is listed has a resource (api-behaviour: project-permissions), so a part of the whole
            # would be missing.
            raise Unreadable(
                f"{target.name}: {_BLIND}, or leave offering_usernames out of parts (the playbook's export_parts)."
            )
        _read_accounts(session, target, None, state)
        _read_visibility(session, state.reach, state)
        _read_owners(session, target, {(one, user) for user, reach in state.reach.items() for one in reach}, state)
        people = session.references.users(state.reach)
        persons = [person for person in people.values() if isinstance(person, User)]
        return written(_KEY, [*_out_of_reach(target, state), *_in_reach(session, target, state, persons)])


def _in_reach(session: Session, target: Target, state: State, persons: list[User]) -> Iterable[Entry | Note]:
    """An entry or a note for everybody; one note for all where usernames seem not to be in use."""
    names = {person.uuid: _present_names(state, person.uuid) for person in persons}
    holders = Counter(same_username(name) for found in names.values() if len(found) == 1 for name in found)
    if not any((name or "").strip() for name in state.accounts.values()):
        # Where usernames are not in use, a note for each member of each project would tell nothing.
        if persons:
            text = f"{target.name}: nobody of the {len(persons)} users who reach its offerings has a username there."
            yield Note(_KEY, None, text)
        return
    if hidden := ", ".join(sorted({state.names[offering] for offering in state.hidden & state.names.keys()})):
        text = f"{target.name}: this token can't read accounts back in {hidden}, so usernames there were not looked at."
        yield Note(_KEY, None, text)
    if number := sum(len(state.concealed(person.uuid)) for person in persons):
        accounts = "1 account" if number == 1 else f"{number} accounts"
        text = f"{accounts} may be hidden from this token or not there yet, so usernames there were not looked at"
        yield Note(_KEY, None, f"{target.name}: {text}: {HIDDEN_ACCOUNTS}.")
    for person in persons:
        reason = _unsayable(state, person, names[person.uuid], holders)
        entry = {"user": user_reference(session.references, person), "username": next(iter(names[person.uuid]), "")}
        if not reason:
            reason = _not_as_it_is(target, entry, person, state)
        yield Note(_KEY, person.shown, f"{target.name}: {person.shown} {reason}.") if reason else entry


def _present_names(state: State, user: str) -> set[str]:
    """The different names of the accounts, an empty one for those that are missing or have none."""
    return {(state.accounts.get((offering, user)) or "").strip() for offering in state.readable(user)}


def _unsayable(state: State, person: User, names: set[str], holders: Counter[str]) -> str | None:
    """Why one username can't be said of the person, as the end of a sentence."""
    if owners := _owners(state, person.uuid):
        owner = next(iter(owners.values()))
        return f"gets the username from {_called(owner, person)}, and no document changes that"
    if not names:
        return "reaches no offering whose accounts this token can read back"
    if names == {""}:
        return "reaches offerings and has no username there"
    if len(names) > 1:
        readable = _labels(state, state.readable(person.uuid))
        told = {label: state.accounts.get((offering, person.uuid)) or "none" for offering, label in readable.items()}
        each = ", ".join(f"{label}: {told[label]}" for label in sorted(told))
        return f"doesn't have one and the same username in all offerings that they reach ({each})"
    name = next(iter(names))
    if (number := holders[same_username(name)]) > 1:
        return f"has the username '{name}', which {number} users share, and a document gives a name to one"
    return None


def _not_as_it_is(target: Target, entry: Entry, person: User, state: State) -> str | None:
    """Whether applying the entry would do anything: asked of what applies it."""
    try:
        wish = document.username("", entry)
    except InvalidInput as error:
        return f"has a username that no document can say: {error.message.rstrip('.')}"
    found = _compare_entry(target, wish, person, state, {})
    return "has a username that would be set anew" if found.changes or found.errors else None


def _out_of_reach(target: Target, state: State) -> Iterable[Note]:
    """Those who have a username and reach nothing: it stays, whatever a document says
    (api-behaviour: usernames-reach)."""
    names: dict[str, set[str]] = defaultdict(set)
    for (_offering, user), name in state.accounts.items():
        if (name or "").strip() and user not in state.reach:
            names[user].add((name or "").strip())
    for user, found in names.items():
        shown, listed = state.holder_names.get(user, user), ", ".join(sorted(found))
        text = f"{shown} has a username ({listed}) and reaches no shared offering through a project, or is deactivated."
        yield Note(_KEY, shown, f"{target.name}: {text}")


def _reached(session: Session, target: Target, only: str | None) -> State:
    """Who reaches which offerings, and in which of them the accounts can be read back; no accounts yet."""
    state = State()
    projects = _projects(session, target, only)
    _read_reach(session, target, projects, state)
    if state.unseen or state.names:
        partly = not session.references.sees_everybody()
        state.blind = partly and not state.names
        state.hidden = _read_offerings(session, target, state) if partly and state.names else set()
    return state


def _projects(session: Session, target: Target, only: str | None) -> dict[str, set[str]]:
    """Project UUID → the users with a role there. Old servers ignore the filter, so rows of others are left out."""
    rows = session.client.rows("project_permissions", target.uuid, field=_PERMISSION_FIELDS, user=only)
    rows = checked("project_permissions", rows, **_PERMISSION_KINDS)
    session.references.learn_users(rows)
    projects: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user = uuids.normalize(row.get("user_uuid"))
        if user and only in (None, user):
            projects[uuids.normalize(row.get("project_uuid")) or ""].add(user)
    return projects


def _read_reach(session: Session, target: Target, projects: dict[str, set[str]], state: State) -> None:
    """Private offerings are left out: their projects are not among the permissions, so their reach is unknown."""
    if not projects:
        return
    state.unseen = set(projects)
    rows = session.client.rows(
        "provider_resources", provider_uuid=target.customer_uuid, state=_LIVE_STATES, field=_RESOURCE_FIELDS
    )
    for row in checked("provider_resources", rows, **_RESOURCE_KINDS):
        offering = uuids.normalize(row["offering_uuid"]) or ""
        live = row.get("state") in _LIVE_STATES and row.get("offering_shared") is not False
        if not live or uuids.normalize(row.get("provider_uuid")) not in (None, target.customer_uuid):
            continue
        state.names[offering] = row.get("offering_name") or offering
        state.unseen.discard(uuids.normalize(row.get("project_uuid")) or "")
        for user in projects.get(uuids.normalize(row.get("project_uuid")) or "", ()):
            state.reach.setdefault(user, set()).add(offering)


def _read_offerings(session: Session, target: Target, state: State) -> set[str]:
    """Read which offerings share their accounts, and return those whose accounts only staff and support can read back,
    though the POST sets them (api-behaviour: offering-users-visibility)."""

    def lift(row: Row) -> Row:
        # The secret options are gone after this, and no message may show them, so they are not checked like others.
        options = [row.get(key) for key in ("plugin_options", "secret_options")]
        return {**row, "_readable": any(isinstance(one, dict) and one.get(_OPTION) for one in options)}

    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "customer_uuid", "plugin_options", "secret_options", "account_settings"],
        prepare=lift,
    )
    rows = checked("provider_offerings", rows, uuid="uuid", plugin_options="mapping?", account_settings="mapping?")
    state.shared = {uuids.normalize(row["uuid"]) or "" for row in rows if _is_shared(row)}
    return {uuids.normalize(row["uuid"]) or "" for row in rows if not row["_readable"]}


def _is_shared(offering: Row) -> bool:
    """Return whether new accounts in the offering belong to service provider accounts
    (api-behaviour: account-settings-effective)."""
    scope = (offering.get("account_settings") or {}).get("account_scope")
    return isinstance(scope, dict) and scope.get("value") == "provider"


def _read_accounts(session: Session, target: Target, only: str | None, state: State, **query: Any) -> None:
    """The filter takes the customer's UUID. Accounts in any state count, Deleted ones too: the POST renames them."""
    rows = session.client.rows(
        "offering_users",
        provider_uuid=target.customer_uuid,
        field=_ACCOUNT_FIELDS,
        user_uuid=only,
        **query,
    )
    for row in checked("offering_users", rows, **_ACCOUNT_KINDS):
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid):
            pair = (uuids.normalize(row["offering_uuid"]) or "", uuids.normalize(row["user_uuid"]) or "")
            state.accounts[pair], state.rows[pair] = row.get("username"), row
            if row.get("user_username"):
                state.holder_names[pair[1]] = row["user_username"]


def _pending(session: Session, part: Usernames, state: State) -> set[tuple[str, str]]:
    """Return the pairs of offering and user in which an entry may change something."""
    return {
        (offering, user)
        for entry in part.entries
        for user in _users(session, Usernames((entry,)), state)
        for offering in _differing(state, user, entry.username)
    }


def _users(session: Session, part: Usernames, state: State) -> set[str]:
    """Return those whom the entries may be about; all who reach offerings, where a reference is not known yet."""
    known = {session.references.user_uuid(entry.user) for entry in part.entries}
    return set(state.reach) if None in known else {user for user in known if user}


def _read_visibility(session: Session, users: Iterable[str], state: State) -> None:
    """Read whether accounts may be hidden, where one that ``users`` could have was not seen."""
    if any((offering, user) not in state.accounts for user in users for offering in state.readable(user)):
        state.may_miss_accounts = session.references.may_miss_accounts()


def _read_owners(session: Session, target: Target, pairs: Iterable[tuple[str, str]], state: State) -> None:
    """Read to which service provider accounts the usernames in ``pairs`` belong, where their rows don't tell.

    Rows of 2026 tell it, except those of its first servers; older servers have no such accounts. Where an account is
    missing, the offering's scope decides (api-behaviour: usernames-owned-by-a-provider-account).
    """
    missing = {pair for pair in pairs if pair not in state.accounts}
    unclear = {pair for pair in pairs if pair in state.rows and _LINK not in state.rows[pair]}
    if not (missing or unclear) or session.references.edition() < _SHARED_SINCE:
        return
    if missing and state.shared is None:
        _read_offerings(session, target, state)
    asked = unclear | {pair for pair in missing if pair[0] in (state.shared or ())}
    users = {user for _offering, user in asked}
    if not users:
        return
    only = users.pop() if len(users) == 1 else None
    try:
        rows = session.client.rows(
            "provider_accounts",
            customer_uuid=target.customer_uuid,
            user_uuid=only,
            field=["uuid", "user_uuid", "username", "service_provider_uuid"],
        )
    except (Forbidden, NotFound, RouteMissing):
        return
    for row in checked("provider_accounts", rows, **_OWNER_KINDS):
        if uuids.normalize(row["service_provider_uuid"]) == target.uuid:
            owner = Owner(uuids.normalize(row["uuid"]), row.get("username"))
            state.provider_accounts[uuids.normalize(row["user_uuid"]) or ""] = owner


def _owners(state: State, user: str) -> dict[str, Owner]:
    """Return the service provider account behind each offering that ``user`` reaches, where there is one."""
    found = {offering: _owner(state, offering, user) for offering in sorted(state.reach.get(user, ()))}
    return {offering: owner for offering, owner in found.items() if owner}


def _owner(state: State, offering: str, user: str) -> Owner | None:
    """Return the service provider account that owns the username of ``user`` in the offering, or would own it."""
    row, known = state.rows.get((offering, user)), state.provider_accounts.get(user)
    if row is None:
        is_new = (offering, user) not in state.accounts and offering in (state.shared or ())
        return (known or Owner()) if is_new else None
    if _LINK in row:
        uuid = uuids.normalize(row[_LINK])
        return Owner(uuid, row.get("service_provider_account_username")) if uuid else None
    # A linked row mirrors the username, so one with another is not linked.
    return known if known and (known.username or "").strip() == (row.get("username") or "").strip() else None


def _present_name(state: State, offering: str, user: str) -> str | None:
    """Return the username in the offering, or that of the service provider account that Waldur will copy there."""
    if (offering, user) in state.accounts:
        return state.accounts[offering, user]
    owner = _owner(state, offering, user)
    return owner.username if owner else None


def _called(owner: Owner, person: User) -> str:
    if owner.uuid is None:
        return f"the service provider account that Waldur will make for {person.shown}"
    return f"the service provider account '{owner.username or ''}' ({owner.uuid})"


def _owned(target: Target, entry: UsernameEntry, person: User, state: State, owners: Mapping[str, Owner]) -> str:
    """Return the error for a username that a service provider account owns
    (api-behaviour: usernames-owned-by-a-provider-account)."""
    differing = _differing(state, person.uuid, entry.username)
    owner = next((owners[offering] for offering in sorted(differing) if offering in owners), None)
    shared = ", ".join(sorted(_labels(state, owners).values()))
    left = ", ".join(sorted(_labels(state, differing.keys() - owners.keys()).values()))
    if owner is None:
        remedy = f"rename the account in {left} by itself, with PATCH /api/marketplace-offering-users/<uuid>/"
    elif owner.uuid is None:
        remedy = "take this entry out, and rename that account once it is there"
    else:
        remedy = f"rename that account, with PATCH /api/marketplace-service-provider-accounts/{owner.uuid}/"
    whose = _called(owner or next(iter(owners.values())), person)
    return (
        f"{entry.option('username')}: '{entry.username}' can't be set, as the username of {person.shown} in {shared} at"
        f" {target.name} belongs to {whose}, and Waldur rejects the request for all offerings: {remedy}, or give the"
        " username that it has."
    )


def _read_holders(session: Session, target: Target, only: str, username: str, state: State) -> None:
    """Read who else may have the username that a single user is to get: the rest is read only where it will be set.

    The filter ``query`` finds parts of usernames in any case on every Waldur that has it, and others give the whole
    list; ``username`` compares exactly, and came in 2026. Beyond ASCII databases disagree about case.
    """
    has_all = any(user != only for _offering, user in state.accounts)
    if not has_all and _differing(state, only, username):
        _read_accounts(session, target, None, state, **({"query": username} if username.isascii() else {}))


def _problems(
    session: Session, resolved: Iterable[tuple[UsernameEntry, User | UnresolvedUser]]
) -> dict[int, Comparison]:
    """Return what is wrong with entries, by their numbers, whatever accounts there are."""
    problems: dict[int, Comparison] = {}
    places: dict[str, str] = {}
    takers: dict[str, tuple[UsernameEntry, User]] = {}
    for number, (entry, person) in enumerate(resolved):
        if isinstance(person, UnresolvedUser):
            problems[number] = unusable(session, entry, person)
            continue
        if person.uuid in places:
            text = f"{entry.place}: {person.shown} stands in {places[person.uuid]} already: keep one of the two."
            problems[number] = Comparison(errors=(text,))
            continue
        places[person.uuid] = entry.place
        if other := takers.get(same_username(entry.username)):
            problems[number] = Comparison(errors=(_asked_twice(entry, person, *other),))
            continue
        takers[same_username(entry.username)] = (entry, person)
    return problems


def _warning_of_concealed(
    target: Target, resolved: Iterable[tuple[UsernameEntry, User | UnresolvedUser]], state: State
) -> Comparison:
    """Warn of the accounts that were left out, as they may be hidden or not there."""
    persons = [person for _entry, person in resolved if isinstance(person, User)]
    found = [
        f"{p.shown} in {label}" for p in persons for label in sorted(_labels(state, state.concealed(p.uuid)).values())
    ]
    if not found:
        return Comparison()
    shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    accounts = "1 account" if len(found) == 1 else f"{len(found)} accounts"
    text = f"{accounts} may be hidden from this token or not there yet, and no username was planned for them ({shown})"
    return Comparison(warnings=(f"{target.name}: {text}: {HIDDEN_ACCOUNTS}.",))


def _asked_twice(entry: UsernameEntry, person: User, first: UsernameEntry, first_person: User) -> str:
    differs = ""
    if entry.username != first.username:
        is_case = entry.username.casefold() == first.username.casefold()
        what = "upper and lower case" if is_case else "forms of the same characters"
        differs = f" as '{first.username}', and {what} do not tell usernames apart"
    return (
        f"{entry.option('username')}: '{entry.username}' is asked for {person.shown}, and in {first.place} for"
        f" {first_person.shown}{differs}: two users can't share one username."
    )


def _compare_entry(
    target: Target, entry: UsernameEntry, person: User, state: State, wishes: Mapping[str, str]
) -> Comparison:
    """Compare one entry; ``wishes`` are the usernames of all usable entries, by user UUID."""
    reach = state.reach.get(person.uuid, set())
    if state.blind:
        # Whoever reaches offerings would pass for somebody who reaches none.
        return Comparison(errors=(f"{entry.place}: {target.name}: {_BLIND}.",))
    if not reach:
        text = f"{entry.place}: {person.shown} reaches no offering of {target.name} through a project; nothing was set."
        return Comparison(warnings=(text,))
    warnings: tuple[str, ...] = ()
    if reach & state.hidden:
        names = ", ".join(sorted(state.names[offering] for offering in reach & state.hidden))
        warnings = (f"{target.name}: this token can't read accounts back in {names}; they were left out of the plan.",)
    differing = _differing(state, person.uuid, entry.username)
    if not differing:
        return Comparison(warnings=warnings)
    if owners := _owners(state, person.uuid):
        return Comparison(errors=(_owned(target, entry, person, state, owners),), warnings=warnings)
    if kept := [pair for pair in _held(state, person.uuid, entry.username) if not _is_released(state, pair, wishes)]:
        return Comparison(errors=(_taken(target, entry, kept, state, wishes),), warnings=warnings)
    labels = _labels(state, differing)
    change = Change(
        target.name,
        OfferingUsername.kind,
        person.shown,
        "set_username",
        {labels[offering]: differing[offering] or None for offering in sorted(differing, key=labels.__getitem__)},
        {labels[offering]: entry.username for offering in sorted(differing, key=labels.__getitem__)},
        {"customer": target.customer_uuid, "user": person.uuid, "role": None},
        payload={"user_uuid": person.uuid, "username": entry.username},
    )
    return Comparison((change,), warnings)


def _held(state: State, user: str, username: str) -> list[tuple[str, str]]:
    """Return the accounts of others than ``user`` that have the username in any spelling, as (offering, user)."""
    return [pair for pair in state.holders.get(same_username(username), ()) if pair[1] != user]


def _is_released(state: State, pair: tuple[str, str], wishes: Mapping[str, str]) -> bool:
    """Return whether carrying out ``wishes`` gives the account another name. Waldur touches none out of reach."""
    offering, holder = pair
    if holder not in wishes or offering not in state.reach.get(holder, ()):
        return False
    return same_username(wishes[holder]) != same_username(state.accounts[pair] or "")


def _taken(
    target: Target, entry: UsernameEntry, pairs: Iterable[tuple[str, str]], state: State, wishes: Mapping[str, str]
) -> str:
    """Return the error for a username that accounts of other users have. Deleted ones count: they can come back."""
    accounts: dict[str, list[str]] = defaultdict(list)
    remedies = {}
    for offering, holder in pairs:
        row = state.rows.get((offering, holder), {})
        shown = state.holder_names.get(holder, holder)
        details = [f"as '{row['username']}'"] if row.get("username", entry.username) != entry.username else []
        details += [f"state {row['state']}"] if row.get("state") else []
        label = row.get("offering_name") or state.names.get(offering, offering)
        accounts[shown].append(f"{label} ({', '.join(details)})" if details else label)
        if holder in wishes:
            remedies[shown] = f"{shown} does not reach that offering, so their entry does not rename the account there"
    held = "; ".join(f"{shown} in {', '.join(sorted(labels))}" for shown, labels in sorted(accounts.items()))
    why = "".join(f" ({text})" for _shown, text in sorted(remedies.items()))
    return (
        f"{entry.option('username')}: '{entry.username}' is already the username of {held} at {target.name}{why}: give"
        " another username, or first rename or delete that account in Waldur."
    )


def _ranked(changes: Iterable[Change], state: State) -> tuple[Change, ...]:
    """Return ``changes`` ranked so that a name is given away before another user takes it.

    Where names go round in a circle no order does that, and two users share a name for a moment.
    """
    left = {str(change.id["user"]): change for change in changes}
    waits = {user: {held[1] for held in _held(state, user, c.payload["username"])} for user, c in left.items()}
    ranked: list[Change] = []
    rank = 0
    while left:
        free = {user for user in left if not waits[user] & left.keys()} or set(left)
        ranked += [replace(change, rank=rank) for user, change in left.items() if user in free]
        left = {user: change for user, change in left.items() if user not in free}
        rank += 1
    return tuple(ranked)


def _differing(state: State, user: str, username: str) -> dict[str, str | None]:
    """Return the offerings where ``user`` has no account or another name, each with the present name."""
    now = {offering: _present_name(state, offering, user) for offering in state.readable(user)}
    return {offering: name for offering, name in now.items() if (name or "").strip() != username}


def _look(session: Session, target: Target, state: State, change: Change) -> tuple[bool | None, str]:
    """Return whether a change took effect whose response was lost (None: a part of it did), and that in words.

    ``state`` is the one before the change. Only the accounts that the change was to set count: the others had the
    name before, or belong to other providers.
    """
    user, username = change.payload["user_uuid"], change.payload["username"]
    changed = _differing(state, user, username)
    now = State()
    _read_accounts(session, target, user, now)
    named = sum((now.accounts.get((offering, user)) or "").strip() == username for offering in changed)
    outcome = named == len(changed) if named in (0, len(changed)) else None
    return outcome, f"{named} of {len(changed)} accounts have that username. Run again."


def _labels(state: State, offerings: Iterable[str]) -> dict[str, str]:
    """Offerings by name; names are not unique, so twins carry a piece of their UUID."""
    names = [state.names[offering] for offering in state.names]
    return {o: state.names[o] if names.count(state.names[o]) == 1 else f"{state.names[o]} ({o[:8]})" for o in offerings}
