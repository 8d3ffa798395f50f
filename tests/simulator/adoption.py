# SPDX-License-Identifier: GPL-3.0-or-later
"""Turning the accounts at a provider's offerings into one for each user (api-behaviour: accounts-adoption)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.exceptions import APIException, ValidationError

from .accounts import COPIED, follow_rows, link, setting
from .models import OfferingUser, ProviderAccount, Resource, ServiceProvider, User
from .permissions import connected_projects

Named = dict[User, dict[str, list[OfferingUser]]]


class UnresolvedConflicts(APIException):
    """Answer 400 with the conflicts as GET shows them: ``ValidationError`` would turn numbers and truths into text."""

    status_code = 400

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        detail = f"{len(rows)} user(s) hold different usernames; choose one for each."
        self.detail = {"conflicts": rows, "detail": detail}


def rows_of(provider: ServiceProvider, offerings: QuerySet | None = None) -> QuerySet:
    """Return the accounts at the provider's offerings, in whatever state; at all of them or at *offerings*."""
    places = {"offering__customer": provider.customer} if offerings is None else {"offering__in": offerings}
    return OfferingUser.objects.filter(**places).select_related("user", "offering").order_by("id")


def named(rows: Iterable[OfferingUser]) -> Named:
    """Return the accounts of each user by their names; those without a name do not count."""
    found: Named = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.username:
            found[row.user][row.username].append(row)
    return found


def conflicts(users: Named) -> list[dict[str, Any]]:
    """Return the users whose accounts carry different names, by their login."""
    return [
        {
            "user_uuid": user.uuid.hex,
            "user_username": user.username,
            "user_full_name": user.full_name,
            "candidates": [candidate(user, name, rows) for name, rows in users[user].items()],
        }
        for user in sorted(users, key=lambda user: user.username)
        if len(users[user]) > 1
    ]


def candidate(user: User, username: str, rows: list[OfferingUser]) -> dict[str, Any]:
    """Return a name that the accounts of *user* could have from now on, and where it is in use."""
    offerings = [row.offering for row in rows]
    live = Resource.objects.exclude(state="Terminated").filter(project__in=connected_projects(user))
    return {
        "username": username,
        "offering_count": len(rows),
        "offering_uuids": sorted(offering.uuid.hex for offering in offerings),
        "has_active_resources": live.filter(offering__in=offerings).exists(),
        "home_directories": sorted({row.home_directory for row in rows if row.home_directory}),
    }


@transaction.atomic
def adopt(
    provider: ServiceProvider, resolutions: dict[str, str] | None = None, offerings: QuerySet | None = None
) -> dict[str, int]:
    """Link all accounts at *offerings* (of the provider, all unless given) to one for each user, all or none.

    *resolutions* has the name that survives by the hex UUID of the user. Raises ``UnresolvedConflicts`` for conflicts
    without one, ``ValidationError`` for a name that is none of the candidates and where two users would share a name.
    """
    wanted = resolutions or {}
    rows = list(rows_of(provider, offerings))
    users = named(rows)
    check_resolutions(users, wanted)
    unlinked: dict[User, list[OfferingUser]] = defaultdict(list)
    for row in rows:
        if row.service_provider_account_id is None:
            unlinked[row.user].append(row)
    held = {account.user_id: account for account in provider.accounts.all()}
    chosen: dict[User, str | None] = {}
    for user in unlinked:
        own = held.get(user.pk)
        nameless = own.username if own else unlinked[user][0].username
        chosen[user] = wanted.get(user.uuid.hex) or next(iter(users.get(user, ())), nameless)
    check_clashes(chosen, held)
    adopted = 0
    for user, own_rows in unlinked.items():
        own = held.get(user.pk)
        adopted += own is None
        account = survivor(own or ProviderAccount(service_provider=provider, user=user), chosen[user], own_rows)
        for row in own_rows:
            link(row, account)
        if own is not None:
            # A new account keeps the state of the row whose name survived (api-behaviour: accounts-adoption-effects).
            follow_rows(account)
    return {"adopted": adopted, "backed": sum(map(len, unlinked.values()))}


def check_resolutions(users: Named, wanted: dict[str, str]) -> None:
    """Raise 400 for conflicts without a resolution, and for names that are not among the candidates."""
    unresolved = {user: names for user, names in users.items() if len(names) > 1 and user.uuid.hex not in wanted}
    if unresolved:
        raise UnresolvedConflicts(conflicts(unresolved))
    wrong = {
        user.uuid.hex: [f"{wanted[user.uuid.hex]} is not one of {', '.join(names)}."]
        for user, names in users.items()
        if len(names) > 1 and wanted[user.uuid.hex] not in names
    }
    if wrong:
        raise ValidationError({"resolutions": wrong})


def check_clashes(chosen: dict[User, str | None], held: dict[int, ProviderAccount]) -> None:
    """Raise ``ValidationError`` where two users would share a name, compared without case."""
    owners = {account.user_id: account.username for account in held.values()}
    owners |= {user.pk: name for user, name in chosen.items()}
    times = Counter(name.lower() for name in owners.values() if name)
    if shared := sorted(name for name, number in times.items() if number > 1):
        raise ValidationError({"usernames": shared, "detail": "Two users would share a username."})


def survivor(account: ProviderAccount, username: str | None, rows: list[OfferingUser]) -> ProviderAccount:
    """Store *account* with what the row has whose name survives; returns it. Rows linked earlier keep their names."""
    source = next((row for row in rows if row.username == username), rows[0])
    if account.pk is None:
        account.state = source.state
        for name in COPIED:
            setattr(account, name, getattr(source, name))
    account.username = username
    if username and not account.is_home_pinned:
        prefix = setting("homedir_prefix", {}, account.service_provider.account_options)["value"]
        account.home_directory = source.home_directory if source.username == username else None
        account.home_directory = account.home_directory or f"{prefix}{username}"
    account.save()
    return account
