# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The current usernames: which offerings users reach, and the accounts there (api-behaviour: usernames-reach)."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from .._common.types import Row


def same_username(name: str) -> str:
    """Return what all spellings of one username share: upper and lower case, composed and decomposed characters."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


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


def labels_of(current: UsernameState, offerings: Iterable[str]) -> dict[str, str]:
    """Return the label of each offering: its name, with a part of its UUID where several have that name."""
    names = [current.names[offering] for offering in current.names]
    return {
        o: current.names[o] if names.count(current.names[o]) == 1 else f"{current.names[o]} ({o[:8]})"
        for o in offerings
    }
