# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns a username, the account in the offering or a service provider account, and which requests set it therefore
(api-behaviour: usernames-owned-by-a-provider-account). Pure: sends no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._references.targets import Target
from .._references.users import User
from .offering_username_entries import UsernameEntry
from .offering_username_state import ProviderAccount, UsernameState, get_labels

CREATE_OPTION = "service_provider_can_create_offering_user"


def get_owner(current: UsernameState, offering: str, user: str) -> ProviderAccount | None:
    """Return the service provider account that owns the username of ``user`` in the offering, or would own it; None
    where the account in the offering does."""
    if (offering, user) in current.accounts:
        return current.links.get((offering, user))
    if not current.get_settings(offering).is_shared:
        return None
    return current.provider_accounts.get(user) or ProviderAccount(needs_row=True)


def is_owned_by_provider_account(current: UsernameState, user: str) -> bool:
    """Return whether a service provider account owns the username of ``user`` in an offering that they reach."""
    return any(get_owner(current, offering, user) for offering in current.list_readable(user))


def get_current_username(current: UsernameState, offering: str, user: str) -> str:
    """Return the username in the offering, or that of the service provider account that Waldur will copy there."""
    if (offering, user) in current.accounts:
        return (current.accounts[offering, user] or "").strip()
    owner = get_owner(current, offering, user)
    return ((owner.username if owner else None) or "").strip()


def list_differing_usernames(current: UsernameState, user: str, username: str) -> dict[str, str]:
    """Return the offerings where ``user`` has no account or another name, each with the present name."""
    now = {offering: get_current_username(current, offering, user) for offering in sorted(current.list_readable(user))}
    return {offering: name for offering, name in now.items() if name != username}


@dataclass(frozen=True)
class UsernameRequests:
    """The requests that give one user a username.

    ``changing``: all offerings whose accounts change, with the present names. ``is_for_all``: one request names the
    accounts in all offerings that the user reaches. Else ``new_accounts`` are the offerings in which an account is
    created, ``renamed`` those whose account is renamed by itself, and ``provider_account`` is the service provider
    account to rename, if any. ``blocked`` are the offerings in which an account is missing and can't be created, and
    ``outdated`` those whose linked account shows another username than the service provider account, though that has
    the right one.
    """

    changing: Mapping[str, str] = field(default_factory=dict)
    is_for_all: bool = False
    new_accounts: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    provider_account: ProviderAccount | None = None
    blocked: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()


def plan_requests(current: UsernameState, user: str, username: str) -> UsernameRequests:
    """Return the requests that give ``user`` the username in all offerings that they reach."""
    differing = list_differing_usernames(current, user, username)
    if not differing or not _needs_single_requests(current, user):
        return UsernameRequests(differing, is_for_all=bool(differing))
    owners = {offering: get_owner(current, offering, user) for offering in differing}
    is_known = {offering: (offering, user) in current.accounts for offering in differing}
    creatable = {offering: current.get_settings(offering).can_create for offering in differing}
    own = [offering for offering, owner in owners.items() if owner is None]
    new = [offering for offering in own if not is_known[offering] and creatable[offering]]
    blocked = [offering for offering in own if not is_known[offering] and not creatable[offering]]
    renamed = tuple(offering for offering in own if is_known[offering])
    account = next((owner for owner in owners.values() if owner), None)
    if account is None:
        return UsernameRequests(differing, False, tuple(new), renamed, None, tuple(blocked))
    shared = [offering for offering, owner in owners.items() if owner is not None]
    if account.needs_row:
        # One account is enough: Waldur gives the others the same username when it makes them.
        labels = get_labels(current, shared)
        first = sorted((offering for offering in shared if creatable[offering]), key=labels.__getitem__)[:1]
        new, blocked = new + first, blocked + ([] if first else shared)
        shared = first
    elif (account.username or "").strip() == username:
        return UsernameRequests(differing, False, tuple(new), renamed, None, tuple(blocked), tuple(shared))
    else:
        # Where no account shows it, those that Waldur will make have the username of the service provider account.
        shared = list(current.linked_offerings(user)) or shared
    names = {offering: get_current_username(current, offering, user) for offering in [*own, *shared]}
    changing = {offering: name for offering, name in names.items() if name != username}
    return UsernameRequests(changing, False, tuple(new), renamed, account, tuple(blocked))


def numbered_offerings(current: UsernameState, user: str, requests: UsernameRequests) -> list[str]:
    """Return the offerings in which the requests give the user the numbers that they lack (api-behaviour:
    usernames-one-transaction)."""
    if requests.is_for_all:
        return sorted(current.accessible_offerings.get(user, ()))
    return [*requests.new_accounts, *requests.renamed]


def _needs_single_requests(current: UsernameState, user: str) -> bool:
    """Return whether Waldur would refuse one request for all offerings, as a service provider account owns, or would
    own, one of the accounts that it reaches; of accounts that are not seen it is assumed where the user has one."""
    accessible = current.accessible_offerings.get(user, set())
    if current.linked_offerings(user) or any(current.get_settings(offering).is_shared for offering in accessible):
        return True
    return user in current.provider_accounts and bool(accessible - current.list_readable(user))


def describe_obstacle(
    target: Target, entry: UsernameEntry, user: User, current: UsernameState, requests: UsernameRequests
) -> str | None:
    """Return the error for a username that no request can set; None where one can."""
    if requests.blocked:
        where = ", ".join(sorted(get_labels(current, requests.blocked).values()))
        return (
            f"{entry.option('username')}: '{entry.username}' can't be set, as {user.shown} has no account in {where} at"
            f" {target.name} yet, and the service provider can't create one there: switch the option"
            f" {CREATE_OPTION} of that offering on, or run again once Waldur has made the account."
        )
    if requests.outdated:
        where = ", ".join(sorted(get_labels(current, requests.outdated).values()))
        account = current.provider_accounts[user.uuid]
        return (
            f"{entry.option('username')}: the service provider account of {user.shown} at {target.name}"
            f" ({account.uuid}) has the username '{entry.username}', but Waldur did not copy it to {where}, and it"
            " copies a username only when it changes: set a temporary username in one run, and"
            f" '{entry.username}' in the next."
        )
    return None
