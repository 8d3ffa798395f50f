# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API secret code: read, and rotated once per fingerprint (api-behaviour: secret-codes)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .._common.errors import OutcomeUnknown, WaldurError, recheck_outcome
from .._common.types import Row
from .._context import ResolvedUsers, Session
from .._document.model import Desired, SecretCode
from .._plan.changes import Change, Comparison
from .._references.references import Target


@dataclass
class State:
    """The present code (never shown) and its fingerprint; both None where there is none."""

    code: str | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> str | None:
        """``sha256:`` and the first 16 hex digits of the code's SHA-256."""
        return fingerprint(self.code) if self.code else None


def fingerprint(code: str) -> str:
    """What a code is called where the code itself must not appear."""
    return f"sha256:{hashlib.sha256(code.encode()).hexdigest()[:16]}"


class ApiSecretCode:
    """The room of the secret code."""

    kind = "api_secret_code"

    def part(self, desired: Desired) -> SecretCode | None:
        """The wish for the secret code."""
        return desired.secret_code

    def read(self, session: Session, target: Target, part: SecretCode) -> State:
        """The present code; a provider that is yet to be created will get one of its own."""
        return State(session.client.secret_code(target.uuid) if target.uuid else None)

    def users(self, part: SecretCode, state: State) -> tuple[Iterable[str], Iterable[str]]:
        """A code names nobody."""
        return (), ()

    def compare(
        self, session: Session, target: Target, part: SecretCode, state: State, people: ResolvedUsers
    ) -> Comparison:
        """Rotate where there is no code, where the leaked one is still in force, or always when asked so."""
        if target.uuid is None:
            text = (
                f"{target.name}: its API secret code is new when the service provider is created, so it is not rotated."
            )
            return (
                Comparison(warnings=(text,)) if part.state == "rotated" and part.fingerprint is None else Comparison()
            )
        leaked = part.state == "rotated" and part.fingerprint in (None, state.fingerprint)
        if state.code is not None and not leaked:
            return Comparison()
        change = Change(
            target.name,
            self.kind,
            "API secret code",
            "rotate",
            {"fingerprint": state.fingerprint},
            {"fingerprint": None},
            {"customer": target.customer_uuid, "user": None, "role": None},
        )
        return Comparison((change,))

    def write(self, session: Session, target: Target, state: State, change: Change) -> None:
        """Replaces the code. A lost answer is followed by a look, never by a second rotation."""
        uuid = target.uuid or ""
        before = state.fingerprint

        def look() -> tuple[bool, str]:
            state.code = session.client.secret_code(uuid)
            if state.fingerprint != before:
                return (
                    True,
                    f"it was rotated, to {state.fingerprint}. Another run without fingerprint would rotate it again.",
                )
            leaked = f" with fingerprint: {before}, so that it can't be rotated twice" if before else ""
            return False, f"it was not rotated, and not tried twice. Run again{leaked}."

        try:
            state.code = session.client.new_secret_code(uuid)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, look) from None
        if state.code is None or state.fingerprint == before:
            text = "Waldur accepted the request but returned no new API secret code."
            raise WaldurError(text, took_effect=None)

    def verify(self, session: Session, target: Target, part: SecretCode, state: State) -> State:
        """The code of the answer must still be the one in force."""
        now = State(session.client.secret_code(target.uuid or ""))
        if now.fingerprint != state.fingerprint:
            raise WaldurError(
                f"The API secret code was rotated to {state.fingerprint}, and looking again it is {now.fingerprint}:"
                " somebody else rotated it meanwhile, and theirs is the one in force.",
                not_applied=[],
            )
        return state

    def result(
        self, part: SecretCode, state: State, people: ResolvedUsers, planned: Sequence[Change], *, done: bool
    ) -> Row:
        """The fingerprint, and the code itself for those who may reveal it; both unknown before a rotation is done."""
        if planned and not done:
            return {"fingerprint": None, "api_secret_code": None}
        return {"fingerprint": state.fingerprint, "api_secret_code": state.code}
