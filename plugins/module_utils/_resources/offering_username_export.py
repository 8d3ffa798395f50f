# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Export the current usernames as entries of a document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from .._common.errors import InvalidInput, StateUnreadable
from .._context import Session
from .._document.exported import Entry, Exported, Note, exported_list, user_reference
from .._references.account_visibility import WHY_ACCOUNTS_ARE_HIDDEN
from .._references.targets import Target
from .._references.users import User
from .offering_username_comparison import SEES_NO_RESOURCE, compare_entry, describe_policies, generated_usernames
from .offering_username_entries import USERNAME, USERNAMES_KEY
from .offering_username_owners import get_current_username, get_owner
from .offering_username_reading import (
    LINK,
    has_provider_accounts,
    read_accounts,
    read_provider_accounts,
    read_reached_offerings,
    read_settings,
    read_visibility,
)
from .offering_username_state import UsernameState, get_labels, normalize_username


def export_usernames(session: Session, target: Target) -> Exported:
    """Export the users who have the same username in all offerings that they can access."""
    current = read_reached_offerings(session, target, None)
    if current.projects_without_visible_resources and not session.references.current_user.sees_all_users():
        # Every project that is listed has a resource (api-behaviour: project-permissions), so a part of the whole
        # would be missing.
        raise StateUnreadable(
            f"{target.name}: {SEES_NO_RESOURCE}, or leave offering_usernames out of parts (the playbook's"
            " export_parts)."
        )
    read_accounts(session, target, None, current)
    read_visibility(session, current.accessible_offerings, current)
    if current.accessible_offerings and has_provider_accounts(session, current):
        _read_owners(session, target, current)
    resolved = session.references.users.resolve(current.accessible_offerings)
    users = [user for user in resolved.values() if isinstance(user, User)]
    return exported_list(
        USERNAMES_KEY,
        [*note_inaccessible_users(target, current), *export_accessible_users(session, target, current, users)],
    )


def _read_owners(session: Session, target: Target, current: UsernameState) -> None:
    """Read how Waldur generates usernames, and the service provider accounts where those in offerings don't tell."""
    if current.settings is None:
        read_settings(session, target, current)
    owners = (
        get_owner(current, offering, user)
        for user in current.accessible_offerings
        for offering in current.list_readable(user)
    )
    if any(LINK not in row for row in current.rows.values()) or any(owner and owner.needs_row for owner in owners):
        read_provider_accounts(session, target, None, current)


def export_accessible_users(
    session: Session, target: Target, current: UsernameState, users: list[User]
) -> Iterable[Entry | Note]:
    """Yield an entry or a note for each user; one note for all where usernames seem not to be in use."""
    names = {user.uuid: _current_usernames(current, user.uuid) for user in users}
    holders = Counter(
        normalize_username(name) for usernames in names.values() if len(usernames) == 1 for name in usernames
    )
    if not any((name or "").strip() for name in current.accounts.values()):
        # Where usernames are not in use, a note for each member of each project would tell nothing.
        if users:
            text = f"{target.name}: none of the {len(users)} users who can access its offerings has a username there."
            yield Note(USERNAMES_KEY, None, text)
        return
    if hidden := ", ".join(
        sorted({current.names[offering] for offering in current.unreadable_offerings & current.names.keys()})
    ):
        text = f"{target.name}: this token can't read the accounts in {hidden}, so their usernames were not exported."
        yield Note(USERNAMES_KEY, None, text)
    if number := sum(len(current.list_possibly_hidden(user.uuid)) for user in users):
        accounts = "1 account" if number == 1 else f"{number} accounts"
        text = f"{accounts} may be hidden from this token or may not exist yet, so no usernames were exported for these"
        yield Note(USERNAMES_KEY, None, f"{target.name}: {text}: {WHY_ACCOUNTS_ARE_HIDDEN}.")
    generated: list[User] = []
    for user in users:
        reason = _explain_omission(current, user, names[user.uuid], holders)
        entry = {"user": user_reference(session.references, user), "username": next(iter(names[user.uuid]), "")}
        if not reason:
            reason = _describe_round_trip_change(target, entry, user, current)
        if reason:
            yield Note(USERNAMES_KEY, user.shown, f"{target.name}: {user.shown} {reason}.")
        elif generated_usernames(current, current.list_readable(user.uuid)):
            generated.append(user)
        else:
            yield entry
    if generated:
        yield _note_of_generated(target, current, generated)


def _note_of_generated(target: Target, current: UsernameState, users: list[User]) -> Note:
    """Return the note on users whose usernames Waldur generates: a document with them would work against it
    (api-behaviour: username-policies)."""
    offerings = {offering for user in users for offering in current.list_readable(user.uuid)}
    where = describe_policies(current, generated_usernames(current, offerings))
    whose = "1 user was" if len(users) == 1 else f"{len(users)} users were"
    return Note(
        USERNAMES_KEY, None, f"{target.name}: the usernames of {whose} left out, as Waldur generates them in {where}."
    )


def _current_usernames(current: UsernameState, user: str) -> set[str]:
    """Return the different usernames of the accounts, an empty one for those without one. A missing account has that
    of the service provider account to which Waldur will link it."""
    return {get_current_username(current, offering, user) for offering in current.list_readable(user)}


def _explain_omission(current: UsernameState, user: User, names: set[str], holders: Counter[str]) -> str | None:
    """Return why a document can't express the username of a user, as the end of a sentence; None where it can."""
    if not names:
        return "can't access any offering whose accounts this token can read"
    if names == {""}:
        return "can access offerings and has no username there"
    if len(names) > 1:
        readable = get_labels(current, current.list_readable(user.uuid))
        names_by_label = {
            label: get_current_username(current, offering, user.uuid) or "none" for offering, label in readable.items()
        }
        each = ", ".join(f"{label}: {names_by_label[label]}" for label in sorted(names_by_label))
        return f"has different usernames in the offerings that they can access ({each})"
    name = next(iter(names))
    if (number := holders[normalize_username(name)]) > 1:
        return f"has the username '{name}', which {number} users share, and a document gives a name to one"
    return None


def _describe_round_trip_change(target: Target, entry: Entry, user: User, current: UsernameState) -> str | None:
    """Return what applying the entry would change, as the end of a sentence; None where it changes nothing."""
    try:
        desired = USERNAME.read("", entry)
    except InvalidInput as error:
        return f"has a username that a document can't express: {error.message.rstrip('.')}"
    comparison = compare_entry(target, desired, user, current, {})
    return "has a username that would be set anew" if comparison.changes or comparison.errors else None


def note_inaccessible_users(target: Target, current: UsernameState) -> Iterable[Note]:
    """Yield a note for each user who has a username and can access no offering: it stays, whatever a document holds
    (api-behaviour: usernames-reach)."""
    names: dict[str, set[str]] = defaultdict(set)
    for (_offering, user), name in current.accounts.items():
        if (name or "").strip() and user not in current.accessible_offerings:
            names[user].add((name or "").strip())
    for user, usernames in names.items():
        shown, listed = current.holder_names.get(user, user), ", ".join(sorted(usernames))
        text = (
            f"{shown} has a username ({listed}), but can't access any shared offering through a project, or is"
            " deactivated."
        )
        yield Note(USERNAMES_KEY, shown, f"{target.name}: {text}")
