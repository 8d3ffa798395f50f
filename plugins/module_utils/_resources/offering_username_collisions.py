# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Usernames that two users would share, and the order in which usernames pass from one user to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._context import Session
from .._plan.changes import Change, Comparison
from .._references.targets import Target
from .._references.users import UnresolvedUser, User
from .base import unresolved_user
from .offering_username_entries import UsernameEntry
from .offering_username_owners import plan_requests
from .offering_username_state import NO_OFFERING, UsernameState, normalize_username
from .offering_username_writing import UsernameWrite


def find_problems(
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
        if taker := takers.get(normalize_username(entry.username)):
            problems[number] = Comparison(errors=(describe_requested_twice(entry, user, *taker),))
            continue
        takers[normalize_username(entry.username)] = (entry, user)
    return problems


def describe_requested_twice(entry: UsernameEntry, user: User, first: UsernameEntry, first_user: User) -> str:
    """Return the error for a username that is requested for two users."""
    differs = ""
    if entry.username != first.username:
        is_case = entry.username.casefold() == first.username.casefold()
        how = "ignoring case" if is_case else "after Unicode normalization"
        differs = f" as '{first.username}' (usernames are compared {how})"
    return (
        f"{entry.option('username')}: '{entry.username}' is requested for {user.shown}, and in {first.place} for"
        f" {first_user.shown}{differs}: two users can't share one username."
    )


def find_accounts(current: UsernameState, user: str, username: str) -> list[tuple[str, str]]:
    """Return the accounts of others than ``user`` that have the username in any spelling, as (offering, user)."""
    return [pair for pair in current.holders.get(normalize_username(username), ()) if pair[1] != user]


def is_released(current: UsernameState, pair: tuple[str, str], usernames: Mapping[str, str]) -> bool:
    """Return whether carrying out ``usernames`` gives the account another name.

    Waldur touches no account out of reach, unless it is linked to a service provider account that is renamed.
    """
    offering, holder = pair
    if holder not in usernames or normalize_username(usernames[holder]) == normalize_username(
        current.name_of_pair(pair)
    ):
        return False
    if offering == NO_OFFERING or pair in current.links:
        return renames_provider_account(current, holder, usernames[holder])
    return offering in current.accessible_offerings.get(holder, ())


def renames_provider_account(current: UsernameState, user: str, username: str) -> bool:
    """Return whether the requests that give ``user`` the username rename their service provider account."""
    return plan_requests(current, user, username).provider_account is not None


def describe_taken(
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
        if offering == NO_OFFERING:
            label = f"their service provider account ({current.provider_accounts[holder].uuid})"
        accounts[shown].append(f"{label} ({', '.join(details)})" if details else label)
        if holder in usernames and offering == NO_OFFERING:
            remedies[shown] = (
                f"no offering that {shown} can access uses that account, so their entry does not rename it"
            )
        elif holder in usernames:
            remedies[shown] = f"{shown} can't access that offering, so their entry does not rename the account there"
    held = "; ".join(f"{shown} in {', '.join(sorted(labels))}" for shown, labels in sorted(accounts.items()))
    why = "".join(f" ({text})" for _shown, text in sorted(remedies.items()))
    return (
        f"{entry.option('username')}: '{entry.username}' is already the username of {held} at {target.name}{why}: give"
        " another username, or first rename or delete that account in Waldur."
    )


def rank_changes(changes: Iterable[Change[UsernameWrite]], current: UsernameState) -> tuple[Change[UsernameWrite], ...]:
    """Return ``changes`` ranked so that a name is given away before another user takes it.

    Where usernames are exchanged in a cycle no order does that, and two users share one for a short time; never two
    service provider accounts, as ``find_cycles`` finds those cycles.
    """
    left = {str(change.id["user"]): change for change in changes}
    waits = {user: {held[1] for held in find_accounts(current, user, c.payload.username)} for user, c in left.items()}
    strict = _waiting_provider_accounts(left, current)
    ranked: list[Change[UsernameWrite]] = []
    rank = 0
    while left:
        free = {user for user in left if not waits[user] & left.keys()}
        free = free or {user for user in left if strict.get(user) not in left} or set(left)
        ranked += [replace(change, rank=rank) for user, change in left.items() if user in free]
        left = {user: change for user, change in left.items() if user not in free}
        rank += 1
    return tuple(ranked)


def _waiting_provider_accounts(changes: Mapping[str, Change[UsernameWrite]], current: UsernameState) -> dict[str, str]:
    """Return whose service provider account has to be renamed before that of another user gets its username: Waldur
    refuses a second account with it (api-behaviour: provider-accounts-rename). Both by user UUID."""
    names = {user: change.payload.username for user, change in changes.items()}
    renamed = [user for user in changes if renames_provider_account(current, user, names[user])]
    accounts = {user: current.provider_accounts[user] for user in renamed if user in current.provider_accounts}
    holders = {normalize_username(account.username or ""): user for user, account in accounts.items()}
    waits = {user: holders.get(normalize_username(names[user])) for user in renamed}
    return {user: holder for user, holder in waits.items() if holder not in (None, user)}


def find_cycles(changes: Iterable[Change[UsernameWrite]], current: UsernameState) -> list[list[Change[UsernameWrite]]]:
    """Return the changes that exchange usernames of service provider accounts in a cycle, in the order in which each
    takes the username of the next: Waldur refuses the first of them, whichever it is."""
    by_user = {str(change.id["user"]): change for change in changes}
    waits = _waiting_provider_accounts(by_user, current)
    cycles: list[list[Change[UsernameWrite]]] = []
    seen: set[str] = set()
    for start in by_user:
        path: list[str] = []
        user: str | None = start
        while user is not None and user not in seen:
            seen.add(user)
            path.append(user)
            user = waits.get(user)
        if user in path:
            cycles.append([by_user[member] for member in path[path.index(user) :]])
    return cycles


def describe_cycle(target: Target, entry: UsernameEntry, cycle: Sequence[Change[UsernameWrite]]) -> str:
    """Return the error for usernames that are exchanged in a cycle; ``entry`` is that of its first change."""
    exchanged = ", ".join(f"{change.name} '{change.payload.username}'" for change in cycle)
    return (
        f"{entry.option('username')}: the service provider accounts at {target.name} can't swap usernames in one"
        f" run ({exchanged}), because Waldur rejects a username that is in use: set an unused username for"
        f" {cycle[0].name} in one run, and this one in the next."
    )
