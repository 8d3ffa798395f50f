# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The username of a user in the provider's offerings (api-behaviour: set-offerings-username, usernames-reach)."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .._common import uuids, values
from .._common.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    RouteMissing,
    StateUnreadable,
    quote,
    recheck_outcome,
)
from .._common.types import Row
from .._context import Session
from .._document.exported import Entry, Exported, Note, exported_list, user_reference
from .._document.fields import EntryReader, ListField, MappingField, ReferenceField, TextField
from .._document.model import ReadImage, UserEntry
from .._http.row_checks import FieldType, check_rows
from .._plan.changes import Action, Change, ChangeKind, Comparison, Severity, Stage
from .._references.account_visibility import HIDDEN_ACCOUNTS
from .._references.targets import Target
from .._references.users import ResolvedUsers, UnresolvedUser, User
from .base import ModuleOptions, Resource, reject_beside_list, unresolved_user

_LIVE_STATES = ("Creating", "OK", "Erred", "Updating", "Terminating")
_OPTION = "service_provider_can_create_offering_user"
_KEY = "offering_usernames"
_LINK = "service_provider_account_uuid"
_SHARED_SINCE = 2026
# A warning names so many accounts.
_MOST_NAMED = 5

_SEES_NO_RESOURCE = (
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
    "offering_uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "customer_uuid": FieldType.UUID.optional,
    "user_username": FieldType.TEXT.optional,
    "offering_name": FieldType.TEXT.optional,
    "state": FieldType.TEXT.optional,
    "service_provider_account_uuid": FieldType.UUID.optional,
    "service_provider_account_username": FieldType.TEXT.optional,
}
_OWNER_KINDS = {
    "uuid": FieldType.UUID,
    "user_uuid": FieldType.UUID,
    "username": FieldType.TEXT.optional,
    "service_provider_uuid": FieldType.UUID,
}
# Who has no user or project there reaches nothing.
_PERMISSION_KINDS = {
    "user_uuid": FieldType.UUID.optional,
    "user_username": FieldType.TEXT.optional,
    "user_email": FieldType.TEXT.optional,
    "project_uuid": FieldType.UUID.optional,
}
_RESOURCE_KINDS = {
    "offering_uuid": FieldType.UUID,
    "offering_name": FieldType.TEXT.optional,
    "project_uuid": FieldType.UUID.optional,
    "state": FieldType.TEXT,
    "provider_uuid": FieldType.UUID.optional,
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


_USERNAME_LIMIT = 100  # api-behaviour: usernames-length; longer names break the server


@dataclass(frozen=True)
class UsernameEntry(UserEntry):
    """The desired username of one user."""

    username: str = ""


@dataclass(frozen=True)
class Usernames:
    """The desired usernames; ``single`` where they come from the options of one task, not from a list."""

    entries: tuple[UsernameEntry, ...]
    single: bool = False


def same_username(name: str) -> str:
    """Return what all spellings of one username share: upper and lower case, composed and decomposed characters."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def _check_username(where: str, name: str) -> str:
    if not name:
        raise InvalidInput(f"{where}: is empty, and Waldur cannot remove a username: give a name.")
    if len(name) > _USERNAME_LIMIT:
        raise InvalidInput(f"{where}: has {len(name)} characters, and {_USERNAME_LIMIT} are allowed.")
    invisible = next((char for char in name if unicodedata.category(char) in values._INVISIBLE), None)
    if invisible is not None:
        raise InvalidInput(
            f"{where}: '{quote(name)}' holds the control or format character U+{ord(invisible):04X}, which is"
            " invisible in a username: remove it."
        )
    return name


_MISSING = "an entry names a user and the username to set"
_USER = ReferenceField(
    "user", "The user: a username, an e-mail address, a UUID or a URL.", required=True, hint=_MISSING
)
_USERNAME = TextField(
    "username",
    "The username to set in all offerings that the user reaches.",
    required=True,
    hint=_MISSING,
    check=_check_username,
)


def _read_username(entry: EntryReader) -> UsernameEntry:
    username = entry.get(_USERNAME)
    return UsernameEntry(entry.where, entry.get(_USER) or "", username or "")


USERNAME = MappingField(
    "", "The username of one user.", fields=(_USER, _USERNAME), build=_read_username, identity=("user",)
)
USERNAMES = ListField(_KEY, "The usernames of users in the offerings of the provider.", item=USERNAME)


@dataclass(frozen=True)
class Owner:
    """The service provider account that owns a username (api-behaviour: provider-accounts); no ``uuid`` where it does
    not exist yet."""

    uuid: str | None = None
    username: str | None = None


@dataclass
class UsernameState:
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
        """Return the accounts that have each username, as ``same_username`` spells it."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for pair, name in self.accounts.items():
            if name and name.strip():
                found[same_username(name)].append(pair)
        return found


@dataclass(frozen=True)
class UsernameWrite:
    """The request for one user: the username to set in all offerings that they reach."""

    user_uuid: str
    username: str

    def body(self) -> Row:
        """Return the body of the request."""
        return {"user_uuid": self.user_uuid, "username": self.username}


_SET_USERNAME = Action("set_username", Stage.NAME, Severity.REPLACEMENT, "replaced username", "replaced usernames")


class OfferingUsername(Resource[Usernames, UsernameState, UsernameWrite]):
    """The usernames of users in the offerings of a provider."""

    kind = ChangeKind(
        "offering_username",
        (_SET_USERNAME,),
        "usernames of {}",
        has_named_keys=True,
        null_word="no username",
        empty_word="no username",
    )
    desired_type = Usernames
    fields = (USERNAMES,)
    module = ModuleOptions(
        (replace(_USER, required=False), replace(_USERNAME, required=False), replace(USERNAMES, name="usernames")),
        {
            "mutually_exclusive": [["user", "usernames"]],
            "required_one_of": [["user", "usernames"]],
            "required_by": {"user": ["username"]},
        },
        names_users=True,
    )
    result_key = "offering_usernames"
    export_part = _KEY

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> Usernames | None:
        """Return the desired usernames."""
        entries = entry.get(USERNAMES)
        return None if entries is None else Usernames(entries)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Usernames:
        """Return the desired usernames of a task: of one user, or of the list ``usernames``."""
        if options.get("usernames") is not None:
            reject_beside_list(options, (_USERNAME,), "usernames")
            return Usernames(USERNAMES.read("usernames", options["usernames"]))
        entry = USERNAME.read("", {one.name: options.get(one.name) for one in USERNAME.fields})
        return Usernames((entry,), single=True)

    def read(self, session: Session, target: Target, desired: Usernames) -> UsernameState:
        """Read accounts, project permissions and resources, each once, in bulk; for a single user, only theirs."""
        if target.uuid is None:
            return UsernameState(exists=False)
        only: str | None = None
        if desired.single:
            user = session.references.users.resolve([desired.entries[0].user])[desired.entries[0].user]
            only = user.uuid if isinstance(user, User) else None
            if only is None:
                return UsernameState()
        current = _reached(session, target, only)
        if current.reach:
            _read_accounts(session, target, only, current)
            _read_visibility(session, _users(session, desired, current), current)
            _read_owners(session, target, _pending(session, desired, current), current)
            if only:
                _read_holders(session, target, only, desired.entries[0].username, current)
        return current

    def users(self, desired: Usernames, current: UsernameState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the users of all entries; all of them are shown."""
        return [entry.user for entry in desired.entries], ()

    def compare(
        self, session: Session, target: Target, desired: Usernames, current: UsernameState, users: ResolvedUsers
    ) -> Comparison[UsernameWrite]:
        """Plan a change where a reachable offering has no account of the user, or one with another name."""
        comparisons: list[Comparison[UsernameWrite]] = []
        if desired.entries and not current.exists:
            text = f"{target.name}: usernames can only be planned once the service provider exists; run again then."
            comparisons.append(Comparison(warnings=(text,)))
        resolved = [(entry, users[entry.user]) for entry in desired.entries]
        problems = _problems(session, resolved)
        usable = [pair for number, pair in enumerate(resolved) if number not in problems]
        usernames = {user.uuid: entry.username for entry, user in usable if isinstance(user, User)}
        for number, (entry, user) in enumerate(resolved):
            if number in problems:
                comparisons.append(problems[number])
            elif current.exists and isinstance(user, User):
                comparisons.append(_compare_entry(target, entry, user, current, usernames))
        comparisons.append(_warning_of_concealed(target, usable, current))
        found = Comparison.of(comparisons)
        return Comparison.of([replace(found, changes=_ranked(found.changes, current))])

    def write(self, session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]) -> None:
        """Send one POST for one user, whatever the number of offerings. Its response tells nothing
        (api-behaviour: set-offerings-username)."""
        try:
            session.client.write("set_offerings_username", target.uuid, body=change.payload.body(), expect_body=False)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _recheck(session, target, current, change)) from None

    def verify(self, session: Session, target: Target, desired: Usernames, current: UsernameState) -> UsernameState:
        """Read again, as only the accounts tell what was set."""
        return self.read(session, target, desired)

    def result(
        self,
        desired: Usernames,
        current: UsernameState,
        users: ResolvedUsers,
        planned: Sequence[Change[UsernameWrite]],
        *,
        done: bool,
    ) -> list[Row]:
        """Return for each user that reaches an offering the username, the offerings, and the names that differed."""
        before = {change.id["user"]: dict(change.before or {}) for change in planned}
        found = []
        for entry in desired.entries:
            user = users.get(entry.user)
            readable = current.readable(user.uuid) if isinstance(user, User) else set()
            if isinstance(user, User) and readable:
                found.append(
                    {
                        "user": user.shown,
                        "user_uuid": user.uuid,
                        "username": entry.username,
                        "offerings": sorted(_labels(current, readable).values()),
                        "before": before.get(user.uuid, {}),
                    }
                )
        return found

    def export(self, session: Session, target: Target) -> Exported:
        """Export the users who have one and the same username in all offerings that they reach."""
        current = _reached(session, target, None)
        if current.unseen and not session.references.current_user.sees_all_users():
            # Every project that is listed has a resource (api-behaviour: project-permissions), so a part of the whole
            # would be missing.
            raise StateUnreadable(
                f"{target.name}: {_SEES_NO_RESOURCE}, or leave offering_usernames out of parts (the playbook's"
                " export_parts)."
            )
        _read_accounts(session, target, None, current)
        _read_visibility(session, current.reach, current)
        _read_owners(session, target, {(one, user) for user, reach in current.reach.items() for one in reach}, current)
        resolved = session.references.users.resolve(current.reach)
        users = [user for user in resolved.values() if isinstance(user, User)]
        return exported_list(_KEY, [*_out_of_reach(target, current), *_in_reach(session, target, current, users)])


def _in_reach(session: Session, target: Target, current: UsernameState, users: list[User]) -> Iterable[Entry | Note]:
    """Yield an entry or a note for each user; one note for all where usernames seem not to be in use."""
    names = {user.uuid: _present_names(current, user.uuid) for user in users}
    holders = Counter(same_username(name) for found in names.values() if len(found) == 1 for name in found)
    if not any((name or "").strip() for name in current.accounts.values()):
        # Where usernames are not in use, a note for each member of each project would tell nothing.
        if users:
            text = f"{target.name}: none of the {len(users)} users who reach its offerings has a username there."
            yield Note(_KEY, None, text)
        return
    if hidden := ", ".join(sorted({current.names[offering] for offering in current.hidden & current.names.keys()})):
        text = f"{target.name}: this token can't read back accounts in {hidden}, so usernames there were not looked at."
        yield Note(_KEY, None, text)
    if number := sum(len(current.concealed(user.uuid)) for user in users):
        accounts = "1 account" if number == 1 else f"{number} accounts"
        text = f"{accounts} may be hidden from this token or not there yet, so usernames there were not looked at"
        yield Note(_KEY, None, f"{target.name}: {text}: {HIDDEN_ACCOUNTS}.")
    for user in users:
        reason = _reason_left_out(current, user, names[user.uuid], holders)
        entry = {"user": user_reference(session.references, user), "username": next(iter(names[user.uuid]), "")}
        if not reason:
            reason = _not_as_it_is(target, entry, user, current)
        yield Note(_KEY, user.shown, f"{target.name}: {user.shown} {reason}.") if reason else entry


def _present_names(current: UsernameState, user: str) -> set[str]:
    """Return the different usernames of the accounts, an empty one for those that are missing or have none."""
    return {(current.accounts.get((offering, user)) or "").strip() for offering in current.readable(user)}


def _reason_left_out(current: UsernameState, user: User, names: set[str], holders: Counter[str]) -> str | None:
    """Return why a document can't express the username of a user, as the end of a sentence; None where it can."""
    if owners := _owners(current, user.uuid):
        owner = next(iter(owners.values()))
        return f"gets the username from {_describe_owner(owner, user)}, and no document changes that"
    if not names:
        return "reaches no offering whose accounts this token can read back"
    if names == {""}:
        return "reaches offerings and has no username there"
    if len(names) > 1:
        readable = _labels(current, current.readable(user.uuid))
        names_by_label = {
            label: current.accounts.get((offering, user.uuid)) or "none" for offering, label in readable.items()
        }
        each = ", ".join(f"{label}: {names_by_label[label]}" for label in sorted(names_by_label))
        return f"doesn't have one and the same username in all offerings that they reach ({each})"
    name = next(iter(names))
    if (number := holders[same_username(name)]) > 1:
        return f"has the username '{name}', which {number} users share, and a document gives a name to one"
    return None


def _not_as_it_is(target: Target, entry: Entry, user: User, current: UsernameState) -> str | None:
    """Return what applying the entry would change, as the end of a sentence; None where it changes nothing."""
    try:
        desired = USERNAME.read("", entry)
    except InvalidInput as error:
        return f"has a username that a document can't express: {error.message.rstrip('.')}"
    found = _compare_entry(target, desired, user, current, {})
    return "has a username that would be set anew" if found.changes or found.errors else None


def _out_of_reach(target: Target, current: UsernameState) -> Iterable[Note]:
    """Yield a note for each user who has a username and reaches nothing: it stays, whatever a document holds
    (api-behaviour: usernames-reach)."""
    names: dict[str, set[str]] = defaultdict(set)
    for (_offering, user), name in current.accounts.items():
        if (name or "").strip() and user not in current.reach:
            names[user].add((name or "").strip())
    for user, found in names.items():
        shown, listed = current.holder_names.get(user, user), ", ".join(sorted(found))
        text = f"{shown} has a username ({listed}) and reaches no shared offering through a project, or is deactivated."
        yield Note(_KEY, shown, f"{target.name}: {text}")


def _reached(session: Session, target: Target, only: str | None) -> UsernameState:
    """Read which users reach which offerings, and where their accounts can be read back; no accounts yet."""
    current = UsernameState()
    projects = _projects(session, target, only)
    _read_reach(session, target, projects, current)
    if current.unseen or current.names:
        partly = not session.references.current_user.sees_all_users()
        current.blind = partly and not current.names
        current.hidden = _read_offerings(session, target, current) if partly and current.names else set()
    return current


def _projects(session: Session, target: Target, only: str | None) -> dict[str, set[str]]:
    """Return the users with a role by project UUID. Old servers ignore the filter, so other rows are left out."""
    rows = session.client.rows("project_permissions", target.uuid, field=_PERMISSION_FIELDS, user=only)
    rows = check_rows("project_permissions", rows, **_PERMISSION_KINDS)
    session.references.users.remember(rows)
    projects: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user = uuids.normalize(row.get("user_uuid"))
        if user and only in (None, user):
            projects[uuids.normalize(row.get("project_uuid")) or ""].add(user)
    return projects


def _read_reach(session: Session, target: Target, projects: dict[str, set[str]], current: UsernameState) -> None:
    """Read which user reaches which offering; private ones are left out, as their projects are not listed."""
    if not projects:
        return
    current.unseen = set(projects)
    rows = session.client.rows(
        "provider_resources", provider_uuid=target.customer_uuid, state=_LIVE_STATES, field=_RESOURCE_FIELDS
    )
    for row in check_rows("provider_resources", rows, **_RESOURCE_KINDS):
        offering = uuids.normalize(row["offering_uuid"]) or ""
        live = row.get("state") in _LIVE_STATES and row.get("offering_shared") is not False
        if not live or uuids.normalize(row.get("provider_uuid")) not in (None, target.customer_uuid):
            continue
        current.names[offering] = row.get("offering_name") or offering
        current.unseen.discard(uuids.normalize(row.get("project_uuid")) or "")
        for user in projects.get(uuids.normalize(row.get("project_uuid")) or "", ()):
            current.reach.setdefault(user, set()).add(offering)


def _read_offerings(session: Session, target: Target, current: UsernameState) -> set[str]:
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
    rows = check_rows(
        "provider_offerings",
        rows,
        uuid=FieldType.UUID,
        plugin_options=FieldType.MAPPING.optional,
        account_settings=FieldType.MAPPING.optional,
    )
    current.shared = {uuids.normalize(row["uuid"]) or "" for row in rows if _is_shared(row)}
    return {uuids.normalize(row["uuid"]) or "" for row in rows if not row["_readable"]}


def _is_shared(offering: Row) -> bool:
    """Return whether new accounts in the offering belong to service provider accounts
    (api-behaviour: account-settings-effective)."""
    scope = (offering.get("account_settings") or {}).get("account_scope")
    return isinstance(scope, dict) and scope.get("value") == "provider"


def _read_accounts(session: Session, target: Target, only: str | None, current: UsernameState, **query: Any) -> None:
    """Read the accounts of one user or of all. Those in any state count, Deleted ones too: the POST renames them."""
    rows = session.client.rows(
        "offering_users",
        provider_uuid=target.customer_uuid,
        field=_ACCOUNT_FIELDS,
        user_uuid=only,
        **query,
    )
    for row in check_rows("offering_users", rows, **_ACCOUNT_KINDS):
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid):
            pair = (uuids.normalize(row["offering_uuid"]) or "", uuids.normalize(row["user_uuid"]) or "")
            current.accounts[pair], current.rows[pair] = row.get("username"), row
            if row.get("user_username"):
                current.holder_names[pair[1]] = row["user_username"]


def _pending(session: Session, desired: Usernames, current: UsernameState) -> set[tuple[str, str]]:
    """Return the pairs of offering and user in which an entry may change something."""
    return {
        (offering, user)
        for entry in desired.entries
        for user in _users(session, Usernames((entry,)), current)
        for offering in _differing(current, user, entry.username)
    }


def _users(session: Session, desired: Usernames, current: UsernameState) -> set[str]:
    """Return those whom the entries may be about; all who reach offerings, where a reference is not known yet."""
    known = {session.references.users.known_uuid(entry.user) for entry in desired.entries}
    return set(current.reach) if None in known else {user for user in known if user}


def _read_visibility(session: Session, users: Iterable[str], current: UsernameState) -> None:
    """Read whether accounts may be hidden, where one that ``users`` could have was not seen."""
    if any((offering, user) not in current.accounts for user in users for offering in current.readable(user)):
        current.may_miss_accounts = session.references.account_visibility.may_miss_accounts()


def _read_owners(session: Session, target: Target, pairs: Iterable[tuple[str, str]], current: UsernameState) -> None:
    """Read to which service provider accounts the usernames in ``pairs`` belong, where their rows don't tell.

    Rows of 2026 tell it, except those of its first servers; older servers have no such accounts. Where an account is
    missing, the offering's scope decides (api-behaviour: usernames-owned-by-a-provider-account).
    """
    missing = {pair for pair in pairs if pair not in current.accounts}
    unclear = {pair for pair in pairs if pair in current.rows and _LINK not in current.rows[pair]}
    if not (missing or unclear) or session.references.provider_list.edition() < _SHARED_SINCE:
        return
    if missing and current.shared is None:
        _read_offerings(session, target, current)
    needed = unclear | {pair for pair in missing if pair[0] in (current.shared or ())}
    users = {user for _offering, user in needed}
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
    for row in check_rows("provider_accounts", rows, **_OWNER_KINDS):
        if uuids.normalize(row["service_provider_uuid"]) == target.uuid:
            owner = Owner(uuids.normalize(row["uuid"]), row.get("username"))
            current.provider_accounts[uuids.normalize(row["user_uuid"]) or ""] = owner


def _owners(current: UsernameState, user: str) -> dict[str, Owner]:
    """Return the service provider account behind each offering that ``user`` reaches, where there is one."""
    found = {offering: _owner(current, offering, user) for offering in sorted(current.reach.get(user, ()))}
    return {offering: owner for offering, owner in found.items() if owner}


def _owner(current: UsernameState, offering: str, user: str) -> Owner | None:
    """Return the service provider account that owns the username of ``user`` in the offering, or would own it."""
    row, known = current.rows.get((offering, user)), current.provider_accounts.get(user)
    if row is None:
        is_new = (offering, user) not in current.accounts and offering in (current.shared or ())
        return (known or Owner()) if is_new else None
    if _LINK in row:
        uuid = uuids.normalize(row[_LINK])
        return Owner(uuid, row.get("service_provider_account_username")) if uuid else None
    # A linked row mirrors the username, so one with another is not linked.
    return known if known and (known.username or "").strip() == (row.get("username") or "").strip() else None


def _present_name(current: UsernameState, offering: str, user: str) -> str | None:
    """Return the username in the offering, or that of the service provider account that Waldur will copy there."""
    if (offering, user) in current.accounts:
        return current.accounts[offering, user]
    owner = _owner(current, offering, user)
    return owner.username if owner else None


def _describe_owner(owner: Owner, user: User) -> str:
    if owner.uuid is None:
        return f"the service provider account that Waldur will make for {user.shown}"
    return f"the service provider account '{owner.username or ''}' ({owner.uuid})"


def _owned(
    target: Target, entry: UsernameEntry, user: User, current: UsernameState, owners: Mapping[str, Owner]
) -> str:
    """Return the error for a username that a service provider account owns
    (api-behaviour: usernames-owned-by-a-provider-account)."""
    differing = _differing(current, user.uuid, entry.username)
    owner = next((owners[offering] for offering in sorted(differing) if offering in owners), None)
    shared = ", ".join(sorted(_labels(current, owners).values()))
    left = ", ".join(sorted(_labels(current, differing.keys() - owners.keys()).values()))
    if owner is None:
        remedy = f"rename the account in {left} by itself, with PATCH /api/marketplace-offering-users/<uuid>/"
    elif owner.uuid is None:
        remedy = "take this entry out, and rename that account once it is there"
    else:
        remedy = f"rename that account, with PATCH /api/marketplace-service-provider-accounts/{owner.uuid}/"
    whose = _describe_owner(owner or next(iter(owners.values())), user)
    return (
        f"{entry.option('username')}: '{entry.username}' can't be set, as the username of {user.shown} in {shared} at"
        f" {target.name} belongs to {whose}, and Waldur rejects the request for all offerings: {remedy}, or give the"
        " username that it has."
    )


def _read_holders(session: Session, target: Target, only: str, username: str, current: UsernameState) -> None:
    """Read who else may have the username that a single user is to get: the rest is read only where it will be set.

    The filter ``query`` finds parts of usernames in any case on every Waldur that has it, and others give the whole
    list; ``username`` compares exactly, and came in 2026. Beyond ASCII databases disagree about case.
    """
    has_all = any(user != only for _offering, user in current.accounts)
    if not has_all and _differing(current, only, username):
        _read_accounts(session, target, None, current, **({"query": username} if username.isascii() else {}))


def _problems(
    session: Session, resolved: Iterable[tuple[UsernameEntry, User | UnresolvedUser]]
) -> dict[int, Comparison[UsernameWrite]]:
    """Return what is wrong with entries, by their numbers, whatever accounts there are."""
    problems: dict[int, Comparison[UsernameWrite]] = {}
    places: dict[str, str] = {}
    takers: dict[str, tuple[UsernameEntry, User]] = {}
    for number, (entry, user) in enumerate(resolved):
        if isinstance(user, UnresolvedUser):
            problems[number] = unresolved_user(session, entry, user)
            continue
        if user.uuid in places:
            text = f"{entry.place}: {user.shown} duplicates {places[user.uuid]}: keep one of the two."
            problems[number] = Comparison(errors=(text,))
            continue
        places[user.uuid] = entry.place
        if other := takers.get(same_username(entry.username)):
            problems[number] = Comparison(errors=(_requested_twice(entry, user, *other),))
            continue
        takers[same_username(entry.username)] = (entry, user)
    return problems


def _warning_of_concealed(
    target: Target, resolved: Iterable[tuple[UsernameEntry, User | UnresolvedUser]], current: UsernameState
) -> Comparison[UsernameWrite]:
    """Warn of the accounts that were left out, as they may be hidden or not there."""
    users = [user for _entry, user in resolved if isinstance(user, User)]
    found = [
        f"{p.shown} in {label}" for p in users for label in sorted(_labels(current, current.concealed(p.uuid)).values())
    ]
    if not found:
        return Comparison()
    shown = ", ".join(found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
    accounts = "1 account" if len(found) == 1 else f"{len(found)} accounts"
    text = f"{accounts} may be hidden from this token or not there yet, and no username was planned for them ({shown})"
    return Comparison(warnings=(f"{target.name}: {text}: {HIDDEN_ACCOUNTS}.",))


def _requested_twice(entry: UsernameEntry, user: User, first: UsernameEntry, first_user: User) -> str:
    differs = ""
    if entry.username != first.username:
        is_case = entry.username.casefold() == first.username.casefold()
        what = "upper and lower case" if is_case else "forms of the same characters"
        differs = f" as '{first.username}', and {what} do not tell usernames apart"
    return (
        f"{entry.option('username')}: '{entry.username}' is requested for {user.shown}, and in {first.place} for"
        f" {first_user.shown}{differs}: two users can't share one username."
    )


def _compare_entry(
    target: Target, entry: UsernameEntry, user: User, current: UsernameState, usernames: Mapping[str, str]
) -> Comparison[UsernameWrite]:
    """Compare one entry; ``usernames`` are the desired usernames of all usable entries, by user UUID."""
    reach = current.reach.get(user.uuid, set())
    if current.blind:
        # A user who reaches offerings would pass for one who reaches none.
        return Comparison(errors=(f"{entry.place}: {target.name}: {_SEES_NO_RESOURCE}.",))
    if not reach:
        text = f"{entry.place}: {user.shown} reaches no offering of {target.name} through a project; nothing was set."
        return Comparison(warnings=(text,))
    warnings: tuple[str, ...] = ()
    if reach & current.hidden:
        names = ", ".join(sorted(current.names[offering] for offering in reach & current.hidden))
        warnings = (f"{target.name}: this token can't read back accounts in {names}; they were left out of the plan.",)
    differing = _differing(current, user.uuid, entry.username)
    if not differing:
        return Comparison(warnings=warnings)
    if owners := _owners(current, user.uuid):
        return Comparison(errors=(_owned(target, entry, user, current, owners),), warnings=warnings)
    if kept := [
        pair for pair in _held(current, user.uuid, entry.username) if not _is_released(current, pair, usernames)
    ]:
        return Comparison(errors=(_taken(target, entry, kept, current, usernames),), warnings=warnings)
    labels = _labels(current, differing)
    change = Change(
        target.name,
        OfferingUsername.kind,
        user.shown,
        _SET_USERNAME,
        {labels[offering]: differing[offering] or None for offering in sorted(differing, key=labels.__getitem__)},
        {labels[offering]: entry.username for offering in sorted(differing, key=labels.__getitem__)},
        {"customer": target.customer_uuid, "user": user.uuid, "role": None},
        UsernameWrite(user.uuid, entry.username),
    )
    return Comparison((change,), warnings)


def _held(current: UsernameState, user: str, username: str) -> list[tuple[str, str]]:
    """Return the accounts of others than ``user`` that have the username in any spelling, as (offering, user)."""
    return [pair for pair in current.holders.get(same_username(username), ()) if pair[1] != user]


def _is_released(current: UsernameState, pair: tuple[str, str], usernames: Mapping[str, str]) -> bool:
    """Return whether carrying out ``usernames`` gives the account another name. Waldur touches none out of reach."""
    offering, holder = pair
    if holder not in usernames or offering not in current.reach.get(holder, ()):
        return False
    return same_username(usernames[holder]) != same_username(current.accounts[pair] or "")


def _taken(
    target: Target,
    entry: UsernameEntry,
    pairs: Iterable[tuple[str, str]],
    current: UsernameState,
    usernames: Mapping[str, str],
) -> str:
    """Return the error for a username that accounts of other users have. Deleted ones count: they can come back."""
    accounts: dict[str, list[str]] = defaultdict(list)
    remedies = {}
    for offering, holder in pairs:
        row = current.rows.get((offering, holder), {})
        shown = current.holder_names.get(holder, holder)
        details = [f"as '{row['username']}'"] if row.get("username", entry.username) != entry.username else []
        details += [f"state {row['state']}"] if row.get("state") else []
        label = row.get("offering_name") or current.names.get(offering, offering)
        accounts[shown].append(f"{label} ({', '.join(details)})" if details else label)
        if holder in usernames:
            remedies[shown] = f"{shown} does not reach that offering, so their entry does not rename the account there"
    held = "; ".join(f"{shown} in {', '.join(sorted(labels))}" for shown, labels in sorted(accounts.items()))
    why = "".join(f" ({text})" for _shown, text in sorted(remedies.items()))
    return (
        f"{entry.option('username')}: '{entry.username}' is already the username of {held} at {target.name}{why}: give"
        " another username, or first rename or delete that account in Waldur."
    )


def _ranked(changes: Iterable[Change[UsernameWrite]], current: UsernameState) -> tuple[Change[UsernameWrite], ...]:
    """Return ``changes`` ranked so that a name is given away before another user takes it.

    Where usernames are exchanged in a circle no order does that, and two users share one for a short time.
    """
    left = {str(change.id["user"]): change for change in changes}
    waits = {user: {held[1] for held in _held(current, user, c.payload.username)} for user, c in left.items()}
    ranked: list[Change[UsernameWrite]] = []
    rank = 0
    while left:
        free = {user for user in left if not waits[user] & left.keys()} or set(left)
        ranked += [replace(change, rank=rank) for user, change in left.items() if user in free]
        left = {user: change for user, change in left.items() if user not in free}
        rank += 1
    return tuple(ranked)


def _differing(current: UsernameState, user: str, username: str) -> dict[str, str | None]:
    """Return the offerings where ``user`` has no account or another name, each with the present name."""
    now = {offering: _present_name(current, offering, user) for offering in current.readable(user)}
    return {offering: name for offering, name in now.items() if (name or "").strip() != username}


def _recheck(
    session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]
) -> tuple[bool | None, str]:
    """Return whether a change took effect whose response was lost (None: a part of it did), and that in words.

    ``state`` is the one before the change. Only the accounts that the change was to set count: the others had the
    name before, or belong to other providers.
    """
    user, username = change.payload.user_uuid, change.payload.username
    changed = _differing(current, user, username)
    now = UsernameState()
    _read_accounts(session, target, user, now)
    named = sum((now.accounts.get((offering, user)) or "").strip() == username for offering in changed)
    outcome = named == len(changed) if named in (0, len(changed)) else None
    return outcome, f"{named} of {len(changed)} accounts have that username. Run again."


def _labels(current: UsernameState, offerings: Iterable[str]) -> dict[str, str]:
    """Return the label of each offering: its name, with a part of its UUID where several have that name."""
    names = [current.names[offering] for offering in current.names]
    return {
        o: current.names[o] if names.count(current.names[o]) == 1 else f"{current.names[o]} ({o[:8]})"
        for o in offerings
    }
