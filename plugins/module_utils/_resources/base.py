# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource must offer to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from .._context import ResolvedUsers, Session
from .._document.model import Desired, Entry
from .._plan.changes import Change, Comparison
from .._references.references import Target
from .._references.users import UnresolvedUser


class Resource(Protocol):
    """One noun: how to read it, how to compare it, how to write it. ``state`` is the room's own picture of now."""

    kind: str

    def part(self, desired: Desired) -> Any:
        """The wishes for this noun, or None where there are none."""

    def read(self, session: Session, target: Target, part: Any) -> Any:
        """What is there now. Only reads."""

    def users(self, part: Any, state: Any) -> tuple[Iterable[str], Iterable[str]]:
        """The user references in ``part``, and those of them whose person will not be shown."""

    def compare(self, session: Session, target: Target, part: Any, state: Any, people: ResolvedUsers) -> Comparison:
        """What must change. Pure: asks nobody and changes nothing."""

    def write(self, session: Session, target: Target, state: Any, change: Change) -> None:
        """Carries out one change of this room; what the answer tells goes into ``state``."""

    def verify(self, session: Session, target: Target, part: Any, state: Any) -> Any:
        """The state after writing: read again where the answers to writes do not tell it."""

    def result(self, part: Any, state: Any, people: ResolvedUsers, planned: Sequence[Change], *, done: bool) -> Any:
        """What a task returns: the object as it is, or, where the planned changes are not ``done``, as it would be."""


def unusable(session: Session, entry: Entry, missing: UnresolvedUser) -> Comparison:
    """What an entry leads to whose user can't be used: an error, or a warning where ``missing_users`` says so."""
    if session.missing_users == "warn":
        text = f"{entry.place} was left out: {missing.reason}."
        return Comparison(warnings=(text,), missing_users=(missing.reference,))
    return Comparison(
        errors=(f"{entry.option('user')}: {missing.reason}: {missing.advice}, or set missing_users: warn.",)
    )
