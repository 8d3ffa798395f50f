# SPDX-License-Identifier: GPL-3.0-or-later
"""Adoption: the accounts of each user at a provider's offerings become one (api-behaviour: accounts-adoption)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.exceptions import APIException, ValidationError

from .accounts import COPIED, link
from .models import OfferingUser, ProviderAccount, Resource, ServiceProvider, User
from .permissions import connected_projects

# The accounts of each user by username.
Names = dict[User, dict[str, list[OfferingUser]]]
POSIX_DATA = ("uidnumber", "primarygroup", "login_shell", "home_directory")


class UnresolvedConflicts(APIException):
    """Answer 400 with the conflicts like GET: ``ValidationError`` would turn numbers and booleans into text."""

    status_code = 400

    def __init__(self, conflicts: list[dict[str, Any]]) -> None:
        super().__init__()
        detail = f"{len(conflicts)} user(s) hold different usernames; choose one for each."
        self.detail = {"conflicts": conflicts, "detail": detail}


def rows_of(provider: ServiceProvider, offerings: QuerySet | None = None) -> QuerySet:
    """Return the accounts at *offerings*, by default at all of the provider's, whatever their state."""
    places = {"offering__customer": provider.customer} if offerings is None else {"offering__in": offerings}
    return OfferingUser.objects.filter(**places).select_related("user", "offering").order_by("id")


def group_by_name(accounts: Iterable[OfferingUser]) -> Names:
    """Return the accounts of each user by username; accounts without one do not count."""
    names: Names = defaultdict(lambda: defaultdict(list))
    for account in accounts:
        if account.username:
            names[account.user][account.username].append(account)
    return names


def find_conflicts(provider: ServiceProvider, offerings: QuerySet | None = None) -> list[dict[str, Any]]:
    """Return the users with different usernames at *offerings*, ordered by login (api-behaviour: accounts-conflicts).

    By default all offerings of the provider count.
    """
    return describe_conflicts(group_by_name(rows_of(provider, offerings)))


def describe_conflicts(names: Names) -> list[dict[str, Any]]:
    """Return the users of *names* who have several, ordered by login."""
    return [
        {
            "user_uuid": user.uuid.hex,
            "user_username": user.username,
            "user_full_name": user.full_name,
            "candidates": [describe_candidate(user, name, names[user][name]) for name in sorted(names[user])],
        }
        for user in sorted(names, key=lambda user: user.username)
        if len(names[user]) > 1
    ]


def describe_candidate(user: User, username: str, accounts: list[OfferingUser]) -> dict[str, Any]:
    """Return one of the usernames of *user*, with where it is in use."""
    offerings = [account.offering for account in accounts]
    live = Resource.objects.exclude(state="Terminated").filter(project__in=connected_projects(user))
    return {
        "username": username,
        "offering_count": len(accounts),
        "offering_uuids": sorted(offering.uuid.hex for offering in offerings),
        "has_active_resources": live.filter(offering__in=offerings).exists(),
        "home_directories": sorted({account.home_directory for account in accounts if account.home_directory}),
    }


@transaction.atomic
def adopt(
    provider: ServiceProvider, resolutions: dict[str, str] | None = None, offerings: QuerySet | None = None
) -> dict[str, int]:
    """Link all accounts at *offerings*, by default at all of the provider's, to one for each user: all or none.

    *resolutions* holds the surviving username by the hex UUID of the user. Raises ``UnresolvedConflicts`` for a
    conflict without one, ``ValidationError`` for a name that is not a candidate, and for a name of two users
    (api-behaviour: accounts-adoption-errors).
    """
    resolutions = resolutions or {}
    accounts = list(rows_of(provider, offerings))
    check_resolutions(group_by_name(accounts), resolutions)
    unlinked: dict[User, list[OfferingUser]] = defaultdict(list)
    for account in accounts:
        if account.service_provider_account_id is None:
            unlinked[account.user].append(account)
    chosen = {user: choose_name(user, rows, resolutions) for user, rows in unlinked.items()}
    owners = {owner.user_id: owner for owner in provider.accounts.all()}
    check_clashes(chosen, owners.values())
    for user, rows in unlinked.items():
        owner = owners.get(user.pk) or ProviderAccount(service_provider=provider, user=user)
        take_over(owner, chosen[user], rows)
        for row in rows:
            link(row, owner)
    adopted = sum(user.pk not in owners for user in unlinked)
    return {"adopted": adopted, "backed": sum(map(len, unlinked.values()))}


def choose_name(user: User, unlinked: list[OfferingUser], resolutions: dict[str, str]) -> str:
    """Return the username that *user* has from now on: the chosen one, else that of the accounts not linked yet."""
    return resolutions.get(user.uuid.hex) or next((row.username for row in unlinked if row.username), "")


def check_resolutions(names: Names, resolutions: dict[str, str]) -> None:
    """Raise 400 for conflicts without a resolution, and for names that are not among the candidates."""
    conflicting = {user: found for user, found in names.items() if len(found) > 1}
    unresolved = {user: found for user, found in conflicting.items() if user.uuid.hex not in resolutions}
    if unresolved:
        raise UnresolvedConflicts(describe_conflicts(unresolved))
    invalid = {
        user.uuid.hex: [f"{resolutions[user.uuid.hex]} is not one of {', '.join(found)}."]
        for user, found in conflicting.items()
        if resolutions[user.uuid.hex] not in found
    }
    if invalid:
        raise ValidationError({"resolutions": invalid})


def check_clashes(chosen: dict[User, str], owners: Iterable[ProviderAccount]) -> None:
    """Raise ``ValidationError`` where two users would share a username, compared without case."""
    holders: dict[str, set[int]] = defaultdict(set)
    for user, name in chosen.items():
        if name:
            holders[name.lower()].add(user.pk)
    for owner in owners:
        name = (owner.username or "").lower()
        if name in holders:
            holders[name].add(owner.user_id)
    if clashes := sorted(name for name, users in holders.items() if len(users) > 1):
        raise ValidationError({"usernames": clashes, "detail": "Two users would share a username."})


def take_over(account: ProviderAccount, username: str, rows: list[OfferingUser]) -> None:
    """Store *account* with *username* and the state of the row that has it, and where it has no POSIX data, with those
    of the row (api-behaviour: accounts-adoption-effects)."""
    source = next((row for row in rows if row.username == username), rows[0])
    if all(getattr(account, name) in (None, "") for name in POSIX_DATA):
        for name in COPIED:
            setattr(account, name, getattr(source, name))
    account.username = username
    account.state = source.state
    account.save()
