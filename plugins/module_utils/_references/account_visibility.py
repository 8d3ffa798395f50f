# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whether Waldur leaves accounts or users out of lists."""

from __future__ import annotations

from .._api.operations import HIDDEN_ACCOUNTS, HiddenRows
from .._common.errors import WaldurError
from .._http.client import Client
from .cache import Lock, synchronized
from .current_user import CurrentUser

# The cause and the remedy, as the end of a sentence.
WHY_ACCOUNTS_ARE_HIDDEN = (
    "Waldur shows accounts of users who have not consented to the terms of an offering, or whose profile is incomplete,"
    " only to staff and support: use a staff or support token to see all accounts"
)
_WHY_USERS_ARE_MISSING = (
    "Waldur leaves users who have not consented to the terms of an offering out of lists of users, even for staff and"
    " support: to see all accounts, use offering_username_info with a staff or support token"
)


def describe_hidden_rows(hidden: HiddenRows) -> str:
    """Return a sentence without its full stop: which rows a list may lack, why, and what to do."""
    if hidden.is_shown_to_staff:
        return f"accounts may be hidden from this token: {WHY_ACCOUNTS_ARE_HIDDEN}"
    return f"users may be missing: {_WHY_USERS_ARE_MISSING}"


class AccountVisibility:
    """Which accounts and users the token sees. Safe to use from several threads."""

    def __init__(self, client: Client, current_user: CurrentUser, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._current_user = current_user
        self._settings: frozenset[str] | None = None

    @synchronized
    def start_run(self) -> None:
        """Forget the settings of Waldur, which may have changed since the last run."""
        self._settings = None

    def may_miss_accounts(self) -> bool:
        """Return whether Waldur hides accounts in offerings from this token without a trace."""
        return self.may_miss_rows(HIDDEN_ACCOUNTS)

    def may_miss_rows(self, hidden: HiddenRows) -> bool:
        """Return whether Waldur leaves rows out of a list for this token without a trace (api-behaviour:
        hidden-accounts).

        It does so while one of the settings is on. They are read at most once per run. A Waldur that does not show
        them is taken for one that hides nothing.
        """
        if hidden.is_shown_to_staff and self._current_user.sees_all_users():
            return False
        return not self._read_settings().isdisjoint(hidden.settings)

    @synchronized
    def _read_settings(self) -> frozenset[str]:
        """Return the names of the settings that are on."""
        if self._settings is None:
            try:
                settings = self._client.get("configuration").get("WALDUR_CORE")
            except WaldurError:
                settings = None
            known = settings if isinstance(settings, dict) else {}
            self._settings = frozenset(name for name, value in known.items() if value is True)
        return self._settings
