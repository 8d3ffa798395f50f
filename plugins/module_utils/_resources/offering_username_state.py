# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The current usernames: which offerings users reach, and the accounts there (api-behaviour: usernames-reach)."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from .._common.types import Row
from .posix_id_supply import ALL_NUMBERS, NumberSupplies

# The offering of a service provider account itself in pairs of offering and user.
NO_OFFERING = ""


def normalize_username(name: str) -> str:
    """Return what all spellings of one username share: upper and lower case, composed and decomposed characters."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


@dataclass(frozen=True)
class ProviderAccount:
    """The service provider account of a user, which owns the username in the offerings whose accounts are linked to it
    (api-behaviour: provider-accounts).

    ``uuid`` is None while the account does not exist; with ``needs_row`` Waldur makes it with the first account of the
    user in an offering, else when the account options of the provider are changed.
    """

    uuid: str | None = None
    username: str | None = None
    needs_row: bool = False


@dataclass(frozen=True)
class OfferingSettings:
    """What decides about the accounts in an offering (api-behaviour: account-settings-effective).

    ``is_shared``: a new account belongs to a service provider account. ``policy``: how Waldur generates usernames,
    empty where it is not known. ``can_create``: the service provider can create accounts. ``own`` are the keys that the
    offering sets itself, and ``inherited`` the values of all keys without those. ``numbers`` are the kinds of numbers
    that accounts take from a POSIX ID pool.
    """

    is_shared: bool = False
    policy: str = ""
    can_create: bool = False
    own: frozenset[str] = frozenset()
    inherited: tuple[tuple[str, str], ...] = ()
    numbers: tuple[str, ...] = ALL_NUMBERS


@dataclass
class UsernameState:
    """Which offerings each user reaches, and the names of the accounts there.

    ``accessible_offerings``: user UUID → offering UUIDs; ``unreadable_offerings``: those among them whose accounts this
    token can't read.
    ``projects_without_visible_resources``: projects with roles in which it sees no resource; ``sees_no_resources``: it
    sees roles, and no resource at all.
    ``accounts``: the usernames of all accounts at the provider that were read, by offering and user UUID, and ``rows``
    the whole rows. ``holder_names``: the usernames in Waldur of those who have accounts, by UUID.
    ``account_offerings``: the names of the offerings with accounts, also of those that no user reaches.
    ``accounts_may_be_hidden``: Waldur may hide accounts from this token, so one that is not there may be hidden.
    ``settings``: what decides about the accounts in each offering (None: not read). ``links``: the service provider
    account that owns the username of an account; ``provider_accounts``: those that are known, by user UUID.
    ``is_predicted``: the same document changes the account options first, so this is the state after that.
    ``numbered``: the users whose accounts those options name anew with numbers from a pool, by offering; ``supplies``:
    what the pools have left, as far as it may not suffice.
    """

    names: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    accessible_offerings: dict[str, set[str]] = field(default_factory=dict)
    unreadable_offerings: set[str] = field(default_factory=set)
    projects_without_visible_resources: set[str] = field(default_factory=set)
    sees_no_resources: bool = False
    exists: bool = True
    accounts_may_be_hidden: bool = False
    rows: dict[tuple[str, str], Row] = field(default_factory=dict, compare=False, repr=False)
    holder_names: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    account_offerings: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    settings: dict[str, OfferingSettings] | None = field(default=None, compare=False)
    links: dict[tuple[str, str], ProviderAccount] = field(default_factory=dict, compare=False)
    provider_accounts: dict[str, ProviderAccount] = field(default_factory=dict, compare=False)
    is_predicted: bool = field(default=False, compare=False)
    numbered: dict[str, set[str]] = field(default_factory=dict, compare=False)
    supplies: NumberSupplies = field(default_factory=NumberSupplies, compare=False)

    def list_readable(self, user: str) -> set[str]:
        """Return the offerings that ``user`` reaches and whose account this token can read back.

        While Waldur hides accounts (api-behaviour: hidden-accounts) only those that were seen count: a client can't
        tell a hidden account from a missing one. Setting the username of a hidden one would be a change in every run,
        as it could never be read back; so it is left alone until it is seen. Waldur itself makes an account, without a
        username, for each user of a new resource, so a missing one is rare.
        """
        offerings = self.accessible_offerings.get(user, set()) - self.unreadable_offerings
        if not self.accounts_may_be_hidden:
            return offerings
        return {offering for offering in offerings if (offering, user) in self.accounts}

    def list_possibly_hidden(self, user: str) -> set[str]:
        """Return the offerings in which the account of ``user`` may be hidden."""
        return self.accessible_offerings.get(user, set()) - self.unreadable_offerings - self.list_readable(user)

    def get_settings(self, offering: str) -> OfferingSettings:
        """Return what decides about the accounts in an offering."""
        return (self.settings or {}).get(offering) or OfferingSettings()

    def linked_offerings(self, user: str) -> list[str]:
        """Return the offerings in which the service provider account of ``user`` owns the username."""
        return self._links_by_user.get(user, [])

    @cached_property
    def _links_by_user(self) -> dict[str, list[str]]:
        links: dict[str, list[str]] = defaultdict(list)
        for offering, user in sorted(self.links):
            links[user].append(offering)
        return links

    @cached_property
    def holders(self) -> dict[str, list[tuple[str, str]]]:
        """Return the accounts that have each username, as ``normalize_username`` spells it, as (offering, user).

        A service provider account stands there as (``NO_OFFERING``, user) where no linked account shows its name.
        """
        holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for pair, name in self.accounts.items():
            if name and name.strip():
                holders[normalize_username(name)].append(pair)
        for user, account in self.provider_accounts.items():
            name = normalize_username(account.username or "")
            if name and not any((offering, user) in holders[name] for offering in self.linked_offerings(user)):
                holders[name].append((NO_OFFERING, user))
        return holders

    def name_of_pair(self, pair: tuple[str, str]) -> str:
        """Return the username of one of ``holders``."""
        offering, user = pair
        name = self.provider_accounts[user].username if offering == NO_OFFERING else self.accounts[pair]
        return name or ""

    def replace(self, state: UsernameState) -> None:
        """Replace all attributes by those of ``state``."""
        self.__dict__.clear()
        self.__dict__.update(state.__dict__)


def get_labels(current: UsernameState, offerings: Iterable[str]) -> dict[str, str]:
    """Return the label of each offering: its name, with a part of its UUID where several have that name."""
    others = {offering: current.account_offerings.get(offering, offering) for offering in offerings}
    names = {**others, **current.names}
    numbers = Counter(names.values())
    return {
        offering: names[offering] if numbers[names[offering]] == 1 else f"{names[offering]} ({offering[:8]})"
        for offering in others
    }
