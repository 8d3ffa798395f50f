# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the user that the access token belongs to."""

from __future__ import annotations

from .._common.errors import WaldurError
from .._common.types import Row
from .._http.client import Client
from .cache import Lock, synchronized


class CurrentUser:
    """The user of the token, read once per connection. Safe to use from several threads."""

    def __init__(self, client: Client, lock: Lock) -> None:
        self.lock = lock
        self._client = client
        self._row: Row | None = None

    @synchronized
    def row(self) -> Row:
        """Return uuid, username, is_staff and is_support (api-behaviour: lookups-current-user)."""
        if self._row is None:
            self._row = self._client.get("me", field=["uuid", "username", "is_staff", "is_support"])
        return self._row

    def sees_all_users(self) -> bool:
        """Return whether the token belongs to staff or support, who see all users and accounts
        (api-behaviour: offering-users-visibility, lookups-users)."""
        return bool(self.row().get("is_staff") or self.row().get("is_support"))

    def is_staff(self) -> bool:
        """Return whether the token is known to belong to staff, for messages; False where the request fails."""
        try:
            return bool(self.row().get("is_staff"))
        except WaldurError:
            return False
