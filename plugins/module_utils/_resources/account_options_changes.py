# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of account options: which accounts they rename, and one account for several (api-behaviour:
account-settings-effects, accounts-adoption)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._common import uuids
from .._common.types import Row
from .._context import Session
from .._plan.changes import NO_SUBJECT, Rename, Subject
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .account_options import (
    ACCOUNT_OPTIONS_KEY,
    NAMING_KEYS,
    POLICY,
    PREFIX,
    SCOPE,
    differing_options,
    unapplied_options,
)
from .account_options_state import AccountState, Override, Preview, becomes_shared, demand_of, read_accounts
from .username_resolutions import (
    RESOLUTIONS_KEY,
    ResolutionEntry,
    describe_unresolved,
    find_duplicate_entries,
    resolve_conflicts,
)

# What a change of account options shows of accounts, by their labels.
_USERNAMES = "usernames"
_HOMES = "home_directories"
MERGED_FIELDS = (ACCOUNT_OPTIONS_KEY, _USERNAMES, _HOMES)
# A message names so many offerings.
_MOST_NAMED = 10


@dataclass(frozen=True)
class DesiredAccountOptions:
    """The desired account options and resolutions; ``where`` is the place of the entry, empty for a task's options."""

    options: Row
    resolutions: Sequence[ResolutionEntry] = ()
    where: str = ""

    def option(self, name: str) -> str:
        """Return what messages call an option of this entry."""
        return f"{self.where}.{name}" if self.where else name


@dataclass(frozen=True)
class AccountOptionsWrite:
    """The options to send, and before that the usernames that users keep as their accounts are linked, by their UUIDs.

    None: no account becomes shared. ``unlinked`` is the number of accounts that are not linked yet.
    """

    options: Row
    kept_usernames: Mapping[str, str] | None = None
    unlinked: int = 0


@dataclass(frozen=True)
class AccountOptionsComparison:
    """A change of the account options, by what differs; ``write`` is None where nothing does."""

    before: Row = field(default_factory=dict)
    after: Row = field(default_factory=dict)
    write: AccountOptionsWrite | None = None
    renames: tuple[Rename, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    missing_users: tuple[str, ...] = ()


def compare_account_options(
    target: Target,
    desired: DesiredAccountOptions,
    stored: Row,
    state: AccountState,
    users: ResolvedUsers,
    *,
    missing_users: str,
) -> AccountOptionsComparison:
    """Compare the options that can change accounts at once, and list their effects on accounts. Pure."""
    warnings = tuple(f"{target.name}: {text}" for text in _preview_warnings(state.preview))
    if duplicates := find_duplicate_entries(desired.resolutions, users):
        return AccountOptionsComparison(warnings=warnings, errors=duplicates)
    naming = {key: value for key, value in desired.options.items() if key in NAMING_KEYS}
    before, sent = differing_options(stored, naming)
    if not sent:
        return AccountOptionsComparison(warnings=warnings)
    if not becomes_shared(stored, sent):
        if errors := tuple(_shortages(target, desired, sent, state)):
            return AccountOptionsComparison(warnings=warnings, errors=errors)
        return _make_comparison(before, sent, _previewed(state.preview), AccountOptionsWrite(sent), warnings)
    resolved = resolve_conflicts(state.conflicts, desired.resolutions, users, missing_users=missing_users)
    errors = (*resolved.errors, *_adoption_errors(target, desired, state, resolved.usernames))
    warnings = (*warnings, *resolved.warnings)
    if errors:
        return AccountOptionsComparison(warnings=warnings, errors=errors, missing_users=resolved.missing_users)
    # All accounts are linked before the options are sent, and no policy renames linked ones.
    write, names = AccountOptionsWrite(sent), resolved.usernames
    if state.needs_adoption:
        write = AccountOptionsWrite(sent, {**_owned_usernames(state), **names}, len(state.unlinked))
    change = _make_comparison(before, sent, _adopted(state, names), write, warnings)
    return replace(change, missing_users=resolved.missing_users)


@dataclass(frozen=True)
class _NameChange:
    """An account whose names change. ``label`` names it in plans; ``is_implied``: no entry is about its user."""

    label: str
    username: str
    new_username: str
    home_directory: str = ""
    new_home_directory: str = ""
    is_implied: bool = True
    subject: Subject = NO_SUBJECT


def _make_comparison(
    before: Row, sent: Row, changes: Iterable[_NameChange], write: AccountOptionsWrite, warnings: tuple[str, ...]
) -> AccountOptionsComparison:
    """Return the change, with each account whose names change under a label of its own."""
    old: Row = {ACCOUNT_OPTIONS_KEY: before}
    new: Row = {ACCOUNT_OPTIONS_KEY: sent}
    labelled = _unique_labels(changes)
    for label, change in labelled.items():
        if change.username != change.new_username:
            old.setdefault(_USERNAMES, {})[label] = change.username or None
            new.setdefault(_USERNAMES, {})[label] = change.new_username
    for label, change in labelled.items():
        if change.home_directory != change.new_home_directory:
            old.setdefault(_HOMES, {})[label] = change.home_directory or None
            new.setdefault(_HOMES, {})[label] = change.new_home_directory
    # An account that gets its first username is not renamed.
    renamed = [change for change in labelled.values() if change.username not in ("", change.new_username)]
    renames = tuple(
        Rename(change.label, change.new_username, is_implied=change.is_implied, subject=change.subject)
        for change in renamed
    )
    return AccountOptionsComparison(old, new, write, renames, warnings)


def _unique_labels(changes: Iterable[_NameChange]) -> dict[str, _NameChange]:
    """Return the changes by label, with a number where accounts have the same one, as those without a username do.

    Renames stand before first usernames, as they matter more where not all are shown.
    """
    ordered = sorted(changes, key=lambda c: (not c.username, c.label, c.new_username, c.home_directory))
    totals, numbers = Counter(change.label for change in ordered), Counter[str]()
    labelled = {}
    for change in ordered:
        numbers[change.label] += 1
        suffix = f" ({numbers[change.label]})" if totals[change.label] > 1 else ""
        labelled[f"{change.label}{suffix}"] = change
    return labelled


def _previewed(preview: Preview) -> list[_NameChange]:
    return [
        _NameChange(
            f"{rename.offering}: {rename.username or 'no username'}",
            rename.username,
            rename.new_username,
            rename.home_directory,
            rename.new_home_directory,
        )
        for rename in preview.renames
    ]


def _adopted(state: AccountState, kept_usernames: Mapping[str, str]) -> list[_NameChange]:
    """Return the accounts that get another username or home directory when they are linked."""
    names = _shared_usernames(state, kept_usernames)
    homes = _shared_homes(state, names)
    changes = []
    for account in state.unlinked:
        name, home = names[account.user_uuid], homes.get(account.user_uuid, account.home_directory)
        if (name, home) != (account.username, account.home_directory):
            label, is_implied = f"{account.offering}: {account.login}", account.user_uuid not in kept_usernames
            login = None if uuids.normalize(account.login) == account.user_uuid else account.login
            subject = Subject(user_uuid=account.user_uuid, username=login)
            names_of_account = (account.username, name, account.home_directory, home)
            changes.append(_NameChange(label, *names_of_account, is_implied, subject))
    return changes


def _shared_homes(state: AccountState, usernames: Mapping[str, str]) -> dict[str, str]:
    """Return the home directory of the one account of each user, where it is known: that of the username it keeps."""
    homes: dict[str, str] = {}
    for account in state.accounts:
        if account.home_directory and account.username == usernames.get(account.user_uuid):
            homes.setdefault(account.user_uuid, account.home_directory)
    owned = {
        user: owner.home_directory
        for user, owner in state.owners.items()
        if owner.home_directory and owner.username == usernames.get(user)
    }
    return {**homes, **owned}


def _shared_usernames(state: AccountState, kept_usernames: Mapping[str, str]) -> dict[str, str]:
    """Return the username that the one account of each user with unlinked accounts gets, empty where there is none."""
    usernames = {**_owned_usernames(state), **kept_usernames}
    for account in state.unlinked:
        if account.username:
            usernames.setdefault(account.user_uuid, account.username)
    return {account.user_uuid: usernames.get(account.user_uuid, "") for account in state.unlinked}


def _owned_usernames(state: AccountState) -> dict[str, str]:
    """Return the usernames that must be sent so that Waldur keeps them: those of users without a conflict.

    Waldur would empty them where an account without a username joins (api-behaviour: accounts-adoption-effects), also
    one that is hidden from this token. Accounts that are linked have this username, so no other one is in use.
    """
    in_conflict = {conflict.user_uuid for conflict in state.conflicts}
    unlinked: dict[str, set[str]] = defaultdict(set)
    for account in state.unlinked:
        unlinked[account.user_uuid].add(account.username)
    return {
        user: owner.username
        for user, owner in state.owners.items()
        if owner.username and user not in in_conflict and (owner.is_used or unlinked.get(user) == {""})
    }


def _adoption_errors(
    target: Target, desired: DesiredAccountOptions, state: AccountState, kept_usernames: Mapping[str, str]
) -> Iterable[str]:
    """Yield why Waldur would refuse to share the accounts, or would share a part of them
    (api-behaviour: account-settings-scope-conflict, accounts-adoption-errors)."""
    place = desired.option(f"{ACCOUNT_OPTIONS_KEY}.{SCOPE}")
    unresolved = [conflict for conflict in state.conflicts if conflict.user_uuid not in kept_usernames]
    if unresolved:
        yield describe_unresolved(place, target.name, unresolved)
    linked = {account.user_uuid for account in state.accounts if account.is_linked}
    for conflict in state.conflicts:
        owner = state.owners.get(conflict.user_uuid)
        shared = owner.username if owner and conflict.user_uuid in linked else ""
        if shared and kept_usernames.get(conflict.user_uuid, shared) not in ("", shared):
            yield (
                f"{desired.option(RESOLUTIONS_KEY)}: {conflict.login} already shares the username '{shared}' in some"
                f" offerings of {target.name}, and Waldur would not rename those accounts: give '{shared}', and rename"
                " the service provider account afterwards."
            )
    if not unresolved:
        yield from _collisions(place, target, state, kept_usernames)


def _shortages(target: Target, desired: DesiredAccountOptions, sent: Row, state: AccountState) -> Iterable[str]:
    """Yield an error for each POSIX ID pool that has too few numbers for the accounts that are named anew; the preview
    foresees none (api-behaviour: account-settings-preview)."""
    key = next((key for key in (POLICY, PREFIX, SCOPE) if key in sent), POLICY)
    place = desired.option(f"{ACCOUNT_OPTIONS_KEY}.{key}")
    logins = {account.user_uuid: account.login for account in state.numbered}
    labels = {account.offering_uuid: account.offering for account in state.numbered}
    for shortage in state.supplies.shortages(demand_of(state.numbered)):
        owner = labels.get(shortage.supply.offering, target.name)
        yield shortage.describe(place, [logins[user] for user in shortage.users], owner)


def _collisions(place: str, target: Target, state: AccountState, kept_usernames: Mapping[str, str]) -> Iterable[str]:
    """Yield an error for each username that two users would share, compared without case as Waldur does.

    It compares with the accounts at the provider as they are, also with those that would be renamed.
    """
    logins = {user: owner.login for user, owner in state.owners.items()}
    logins |= {account.user_uuid: account.login for account in state.accounts}
    logins |= {conflict.user_uuid: conflict.login for conflict in state.conflicts}
    users_by_name: dict[str, dict[str, str]] = defaultdict(dict)
    for user, name in {**_shared_usernames(state, kept_usernames), **kept_usernames}.items():
        users_by_name[name.lower()][user] = name
    for user, owner in state.owners.items():
        if owner.username.lower() in users_by_name:
            users_by_name[owner.username.lower()].setdefault(user, owner.username)
    for lowered, names in sorted(users_by_name.items()):
        if lowered and len(names) > 1:
            shown = sorted(f"{logins[user]} ('{name}')" for user, name in names.items())
            yield (
                f"{place}: {', '.join(shown[:-1])} and {shown[-1]} would have the same username at {target.name}"
                " (usernames are compared ignoring case): first rename the accounts of one of them."
            )


def _preview_warnings(preview: Preview) -> Iterable[str]:
    """Yield the warnings of Waldur, and the offerings in which the provider's options don't count
    (api-behaviour: account-settings-stamped-defaults)."""
    yield from preview.warnings
    by_key: dict[str, list[Override]] = defaultdict(list)
    for override in preview.overrides:
        by_key[override.key].append(override)
    for key, overrides in by_key.items():
        named = overrides[:_MOST_NAMED]
        shown = [f"{override.offering} ('{override.value}', {override.offering_uuid})" for override in named]
        more = len(overrides) - len(shown)
        listed = ", ".join([*shown, *([f"and {more} more"] if more else [])])
        yield (
            f"{key}: these offerings have a value of their own, which overrides that of the provider: {listed}. To use"
            f" the provider's, set {key} in plugin_options of the offering to an empty text, with POST"
            " /api/marketplace-provider-offerings/<uuid>/update_integration/."
        )


# --- write -----------------------------------------------------------------------------------------------------------


def adopt_accounts(session: Session, uuid: str, kept_usernames: Mapping[str, str]) -> str:
    """Make one account of the accounts of each user, and return in words what was done. All or nothing, and repeated
    without harm (api-behaviour: accounts-adoption)."""
    session.client.write("adopt_provider_accounts", uuid, body={"resolutions": dict(kept_usernames)})
    return "the accounts of each user were linked to one"


def count_unlinked(session: Session, target: Target) -> int:
    """Return how many accounts at the provider are not linked."""
    return sum(not account.is_linked for account in read_accounts(session, target))


def describe_stored(before: Row, sent: Row, stored: Row) -> tuple[bool, str]:
    """Check a rejected request: return whether Waldur stored options of it, and the current state as text.

    It stores them before it changes accounts (api-behaviour: account-settings-effects).
    """
    left = unapplied_options(stored, sent)
    kept = [key for key in sent if key not in left]
    if not kept:
        return False, "no account option was changed."
    new = ", ".join(f"{key}: {_as_yaml(sent[key])}" for key in kept)
    old = ", ".join(f"{key}: {_as_yaml(before.get(key))}" for key in kept)
    return True, (
        f"Although the request failed, Waldur stored {new}, and it did not change all of the accounts. Fix the cause,"
        f" set the previous values again ({old}), and then run this task again."
    )


def _as_yaml(value: Any) -> str:
    """Return the value of an account option as a task or document writes it."""
    if value is None or value == "":
        return "''"
    return str(value).lower() if isinstance(value, bool) else str(value)
