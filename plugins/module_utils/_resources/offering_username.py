# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The username of a user in the provider's offerings (contract 2.11, 3.e, and what a real server was seen to do)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .. import _desired_state as document
from .. import _uuids
from .._client import Row
from .._desired_state import Desired, UsernameEntry, Usernames
from .._errors import InvalidInput, LostAnswer, WaldurError, looked_again
from .._people import Missing, User
from .._plan import Change, Comparison
from .._references import Target
from .._row_checks import checked
from .._session import People, Session, unusable
from .._written import Entry, Note, Written, user_reference, written

_LIVE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating")
_OPTION = "service_provider_can_create_offering_user"
_KEY = "offering_usernames"

_BLIND = (
    "this token sees roles in projects and not the resources there, so it can't tell who reaches which offering:"
    " use a staff token or one of the customer's owner"
)

_ACCOUNT_FIELDS = ("uuid", "offering_uuid", "user_uuid", "username", "customer_uuid")
_PERMISSION_FIELDS = ("user_uuid", "user_username", "project_uuid", "role_name", "created")
_ACCOUNT_KINDS = {
    "offering_uuid": "uuid",
    "user_uuid": "uuid",
    "username": "text?",
    "customer_uuid": "uuid?",
    "user_username": "text?",
}
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


@dataclass
class State:
    """Which offerings each user reaches, and the names of the accounts there.

    ``reach``: user UUID → offering UUIDs; ``hidden``: those among them whose accounts this token can't read back.
    ``unseen``: projects with roles in which it sees no resource; ``blind``: it sees roles, and no resource at all.
    ``owners``: the usernames of those who have accounts, by UUID; only an export asks for them.
    """

    names: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    reach: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    blind: bool = False
    owners: dict[str, str] = field(default_factory=dict)
    exists: bool = True


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
        return state

    def users(self, part: Usernames, state: State) -> tuple[Iterable[str], Iterable[str]]:
        """All of them are shown."""
        return [entry.user for entry in part.entries], ()

    def compare(self, session: Session, target: Target, part: Usernames, state: State, people: People) -> Comparison:
        """A change is needed where a reachable offering has no account of the user, or one with another name."""
        parts: list[Comparison] = []
        if part.entries and not state.exists:
            text = f"{target.name}: usernames can only be planned once the service provider exists; run again then."
            parts.append(Comparison(warnings=(text,)))
        asked: dict[str, tuple[str, str]] = {}
        seen: dict[str, str] = {}
        for entry in part.entries:
            person = people[entry.user]
            if isinstance(person, Missing):
                parts.append(unusable(session, entry, person))
            elif person.uuid in seen:
                text = f"{entry.place}: {person.shown} stands in {seen[person.uuid]} already: keep one of the two."
                parts.append(Comparison(errors=(text,)))
            elif entry.username in asked:
                where, other = asked[entry.username]
                text = f"'{entry.username}' is asked for {person.shown}, and in {where} for {other}"
                text = f"{entry.option('username')}: {text}: two people can't share one name."
                parts.append(Comparison(errors=(text,)))
            else:
                seen[person.uuid], asked[entry.username] = entry.place, (entry.place, person.shown)
                if state.exists:
                    parts.append(_compare_entry(target, entry, person, state))
        return Comparison.of(parts)

    def write(self, session: Session, target: Target, state: State, change: Change) -> None:
        """One POST for one user, whatever the number of offerings. Its answer tells nothing (contract 2.11)."""
        try:
            session.client.write("set_offerings_username", target.uuid, body=change.payload, telling=False)
        except LostAnswer as error:
            raise looked_again(error, lambda: _look(session, target, state, change)) from None

    def verify(self, session: Session, target: Target, part: Usernames, state: State) -> State:
        """Read again: only the accounts tell what was set."""
        return self.read(session, target, part)

    def result(
        self, part: Usernames, state: State, people: People, planned: Sequence[Change], *, done: bool
    ) -> list[Row]:
        """Per user that reaches an offering: the username, the offerings, and the names before that were others."""
        before = {change.id["user"]: dict(change.before or {}) for change in planned}
        found = []
        for entry in part.entries:
            person = people.get(entry.user)
            readable = state.reach.get(person.uuid, set()) - state.hidden if isinstance(person, User) else set()
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
            # Every project that is listed has a resource (contract 2.19), so a part of the whole would be missing.
            raise WaldurError(f"{target.name}: {_BLIND}, or leave offering_usernames out of parts.")
        _read_accounts(session, target, None, state, (*_ACCOUNT_FIELDS, "user_username"))
        people = session.references.users(state.reach)
        persons = [person for person in people.values() if isinstance(person, User)]
        return written(_KEY, [*_out_of_reach(target, state), *_in_reach(session, target, state, persons)])


def _in_reach(session: Session, target: Target, state: State, persons: list[User]) -> Iterable[Entry | Note]:
    """An entry or a note for everybody; one note for all where usernames seem not to be in use."""
    names = {person.uuid: _present_names(state, person.uuid) for person in persons}
    holders = Counter(name for found in names.values() if len(found) == 1 for name in found)
    if not any((name or "").strip() for name in state.accounts.values()):
        # Where usernames are not in use, a note for each member of each project would tell nothing.
        if persons:
            text = f"{target.name}: nobody of the {len(persons)} users who reach its offerings has a username there."
            yield Note(_KEY, None, text)
        return
    if hidden := ", ".join(sorted({state.names[offering] for offering in state.hidden & state.names.keys()})):
        text = f"{target.name}: this token can't read accounts back in {hidden}, so usernames there were not looked at."
        yield Note(_KEY, None, text)
    for person in persons:
        reason = _unsayable(state, person, names[person.uuid], holders)
        entry = {"user": user_reference(session.references, person), "username": next(iter(names[person.uuid]), "")}
        if not reason:
            reason = _not_as_it_is(target, entry, person, state)
        yield Note(_KEY, person.shown, f"{target.name}: {person.shown} {reason}.") if reason else entry


def _present_names(state: State, user: str) -> set[str]:
    """The different names of the accounts, an empty one for those that are missing or have none."""
    return {(state.accounts.get((offering, user)) or "").strip() for offering in state.reach[user] - state.hidden}


def _unsayable(state: State, person: User, names: set[str], holders: Counter[str]) -> str | None:
    """Why one username can't be said of the person, as the end of a sentence."""
    if not names:
        return "reaches no offering whose accounts this token can read back"
    if names == {""}:
        return "reaches offerings and has no username there"
    if len(names) > 1:
        readable = _labels(state, state.reach[person.uuid] - state.hidden)
        told = {label: state.accounts.get((offering, person.uuid)) or "none" for offering, label in readable.items()}
        each = ", ".join(f"{label}: {told[label]}" for label in sorted(told))
        return f"doesn't have one and the same username in all offerings that they reach ({each})"
    name = next(iter(names))
    if holders[name] > 1:
        return f"has the username '{name}', which {holders[name]} users share, and a document gives a name to one"
    return None


def _not_as_it_is(target: Target, entry: Entry, person: User, state: State) -> str | None:
    """Whether applying the entry would do anything: asked of what applies it."""
    try:
        wish = document.username("", entry)
    except InvalidInput as error:
        return f"has a username that no document can say: {error.message.rstrip('.')}"
    changes = _compare_entry(target, wish, person, state).changes
    return "has a username that would be set anew" if changes else None


def _out_of_reach(target: Target, state: State) -> Iterable[Note]:
    """Those who have a username and reach nothing: it stays, whatever a document says (contract 3.e)."""
    names: dict[str, set[str]] = defaultdict(set)
    for (_offering, user), name in state.accounts.items():
        if (name or "").strip() and user not in state.reach:
            names[user].add((name or "").strip())
    for user, found in names.items():
        shown, listed = state.owners.get(user, user), ", ".join(sorted(found))
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
        state.hidden = _unreadable(session, target) if partly and state.names else set()
    return state


def _projects(session: Session, target: Target, only: str | None) -> dict[str, set[str]]:
    """Project UUID → the users with a role there. Old servers ignore the filter, so rows of others are left out."""
    rows = session.client.rows("project_permissions", target.uuid, field=_PERMISSION_FIELDS, user=only)
    rows = checked("project_permissions", rows, **_PERMISSION_KINDS)
    session.references.learn_users(rows)
    projects: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user = _uuids.normal(row.get("user_uuid"))
        if user and only in (None, user):
            projects[_uuids.normal(row.get("project_uuid")) or ""].add(user)
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
        offering = _uuids.normal(row["offering_uuid"]) or ""
        live = row.get("state") in _LIVE_STATES and row.get("offering_shared") is not False
        if not live or _uuids.normal(row.get("provider_uuid")) not in (None, target.customer_uuid):
            continue
        state.names[offering] = row.get("offering_name") or offering
        state.unseen.discard(_uuids.normal(row.get("project_uuid")) or "")
        for user in projects.get(_uuids.normal(row.get("project_uuid")) or "", ()):
            state.reach.setdefault(user, set()).add(offering)


def _unreadable(session: Session, target: Target) -> set[str]:
    """Offerings whose accounts only staff and support can read back, though the POST sets them (contract 3.e)."""

    def lift(row: Row) -> Row:
        # The secret options are gone after this, and no message may show them, so they are not checked like others.
        options = [row.get(key) for key in ("plugin_options", "secret_options")]
        return {**row, "_readable": any(isinstance(one, dict) and one.get(_OPTION) for one in options)}

    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "customer_uuid", "plugin_options", "secret_options"],
        prepare=lift,
    )
    rows = checked("provider_offerings", rows, uuid="uuid", plugin_options="mapping?")
    return {_uuids.normal(row["uuid"]) or "" for row in rows if not row["_readable"]}


def _read_accounts(
    session: Session, target: Target, only: str | None, state: State, fields: Sequence[str] = _ACCOUNT_FIELDS
) -> None:
    """The filter takes the customer's UUID. Accounts in any state count, Deleted ones too: the POST renames them."""
    rows = session.client.rows(
        "offering_users",
        provider_uuid=target.customer_uuid,
        field=fields,
        user_uuid=only,
    )
    for row in checked("offering_users", rows, **_ACCOUNT_KINDS):
        if _uuids.normal(row.get("customer_uuid")) in (None, target.customer_uuid):
            pair = (_uuids.normal(row["offering_uuid"]) or "", _uuids.normal(row["user_uuid"]) or "")
            state.accounts[pair] = row.get("username")
            if row.get("user_username"):
                state.owners[pair[1]] = row["user_username"]


def _compare_entry(target: Target, entry: UsernameEntry, person: User, state: State) -> Comparison:
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


def _differing(state: State, user: str, username: str) -> dict[str, str | None]:
    """Return the offerings where ``user`` has no account or another name, each with the present name."""
    now = {offering: state.accounts.get((offering, user)) for offering in state.reach.get(user, set()) - state.hidden}
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
