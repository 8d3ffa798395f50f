# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set the username of one user in Waldur, and read again where the outcome is unknown."""

from __future__ import annotations

from dataclasses import dataclass

from .._common.errors import OutcomeUnknown, recheck_outcome
from .._common.types import Row
from .._context import Session
from .._plan.changes import Change
from .._references.targets import Target
from .offering_username_owners import differing_names
from .offering_username_reading import read_accounts
from .offering_username_state import UsernameState


@dataclass(frozen=True)
class UsernameWrite:
    """The request for one user: the username to set in all offerings that they reach."""

    user_uuid: str
    username: str

    def body(self) -> Row:
        """Return the body of the request."""
        return {"user_uuid": self.user_uuid, "username": self.username}


def set_username(session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]) -> None:
    """Send one POST for one user, whatever the number of offerings. Its response tells nothing
    (api-behaviour: set-offerings-username)."""
    try:
        session.client.write("set_offerings_username", target.uuid, body=change.payload.body(), expect_body=False)
    except OutcomeUnknown as error:
        raise recheck_outcome(error, lambda: recheck(session, target, current, change)) from None


def recheck(
    session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]
) -> tuple[bool | None, str]:
    """Return whether a change took effect whose response was lost (None: a part of it did), and that in words.

    ``state`` is the one before the change. Only the accounts that the change was to set count: the others had the
    name before, or belong to other providers.
    """
    user, username = change.payload.user_uuid, change.payload.username
    changed = differing_names(current, user, username)
    now = UsernameState()
    read_accounts(session, target, user, now)
    named = sum((now.accounts.get((offering, user)) or "").strip() == username for offering in changed)
    outcome = named == len(changed) if named in (0, len(changed)) else None
    return outcome, f"{named} of {len(changed)} accounts have that username. Run again."
