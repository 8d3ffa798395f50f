# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns a username: the account in the offering, or a service provider account (api-behaviour:
usernames-owned-by-a-provider-account)."""

from __future__ import annotations

from collections.abc import Mapping

from .._common import uuids
from .._references.targets import Target
from .._references.users import User
from .offering_username_entries import UsernameEntry
from .offering_username_state import Owner, UsernameState, labels_of

LINK = "service_provider_account_uuid"


def owners_of(current: UsernameState, user: str) -> dict[str, Owner]:
    """Return the service provider account behind each offering that ``user`` reaches, where there is one."""
    found = {offering: owner_of(current, offering, user) for offering in sorted(current.reach.get(user, ()))}
    return {offering: owner for offering, owner in found.items() if owner}


def owner_of(current: UsernameState, offering: str, user: str) -> Owner | None:
    """Return the service provider account that owns the username of ``user`` in the offering, or would own it."""
    row, known = current.rows.get((offering, user)), current.provider_accounts.get(user)
    if row is None:
        is_new = (offering, user) not in current.accounts and offering in (current.shared or ())
        return (known or Owner()) if is_new else None
    if LINK in row:
        uuid = uuids.normalize(row[LINK])
        return Owner(uuid, row.get("service_provider_account_username")) if uuid else None
    # A linked row mirrors the username, so one with another is not linked.
    return known if known and (known.username or "").strip() == (row.get("username") or "").strip() else None


def present_name(current: UsernameState, offering: str, user: str) -> str | None:
    """Return the username in the offering, or that of the service provider account that Waldur will copy there."""
    if (offering, user) in current.accounts:
        return current.accounts[offering, user]
    owner = owner_of(current, offering, user)
    return owner.username if owner else None


def differing_names(current: UsernameState, user: str, username: str) -> dict[str, str | None]:
    """Return the offerings where ``user`` has no account or another name, each with the present name."""
    now = {offering: present_name(current, offering, user) for offering in current.readable(user)}
    return {offering: name for offering, name in now.items() if (name or "").strip() != username}


def describe_owner(owner: Owner, user: User) -> str:
    """Return what messages call a service provider account."""
    if owner.uuid is None:
        return f"the service provider account that Waldur will make for {user.shown}"
    return f"the service provider account '{owner.username or ''}' ({owner.uuid})"


def describe_owned(
    target: Target, entry: UsernameEntry, user: User, current: UsernameState, owners: Mapping[str, Owner]
) -> str:
    """Return the error for a username that a service provider account owns
    (api-behaviour: usernames-owned-by-a-provider-account)."""
    differing = differing_names(current, user.uuid, entry.username)
    owner = next((owners[offering] for offering in sorted(differing) if offering in owners), None)
    shared = ", ".join(sorted(labels_of(current, owners).values()))
    left = ", ".join(sorted(labels_of(current, differing.keys() - owners.keys()).values()))
    if owner is None:
        remedy = f"rename the account in {left} by itself, with PATCH /api/marketplace-offering-users/<uuid>/"
    elif owner.uuid is None:
        remedy = "take this entry out, and rename that account once it is there"
    else:
        remedy = f"rename that account, with PATCH /api/marketplace-service-provider-accounts/{owner.uuid}/"
    whose = describe_owner(owner or next(iter(owners.values())), user)
    return (
        f"{entry.option('username')}: '{entry.username}' can't be set, as the username of {user.shown} in {shared} at"
        f" {target.name} belongs to {whose}, and Waldur rejects the request for all offerings: {remedy}, or give the"
        " username that it has."
    )
