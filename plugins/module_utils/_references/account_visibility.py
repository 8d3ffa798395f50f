# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whether Waldur hides accounts of users from the token."""

from __future__ import annotations

from .._common.errors import WaldurError
from .._http.client import Client
from .cache import Lock, synchronized
from .current_user import CurrentUser

# The cause and the remedy, as the end of a sentence.
HIDDEN_ACCOUNTS = (
    "this Waldur shows no accounts of users who have not consented to the terms of an offering, or whose profile is"
    " incomplete, to anybody but staff and support: use a token of theirs to see all accounts"
)
_HIDING_SETTINGS = ("ENFORCE_USER_CONSENT_FOR_OFFERINGS", "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS")


class AccountVisibility:
    """Which accounts the token sees. Safe to use from several threads."""

    def __init__(self, client: Client, current_user: CurrentUser, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._current_user = current_user
        self._hides_accounts: bool | None = None

    @synchronized
    def start_run(self) -> None:
        """Forget the settings of Waldur, which may have changed since the last run."""
        self._hides_accounts = None

    @synchronized
    def may_miss_accounts(self) -> bool:
        """Return whether Waldur hides accounts from this token without a trace (api-behaviour: hidden-accounts).

        It does so from all but staff and support while it enforces consents or complete profiles. The settings are
        read at most once per run. A Waldur that does not show them is taken for one that hides nothing.
        """
        if self._hides_accounts is None and not self._current_user.sees_all_users():
            try:
                settings = self._client.get("configuration").get("WALDUR_CORE")
            except WaldurError:
                settings = None
            known = settings if isinstance(settings, dict) else {}
            self._hides_accounts = any(known.get(name) is True for name in _HIDING_SETTINGS)
        return bool(self._hides_accounts)
