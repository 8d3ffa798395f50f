# SPDX-License-Identifier: GPL-3.0-or-later
"""Match values that each server generates, UUIDs, secrets and timestamps, with those of the recording."""

from __future__ import annotations

import datetime
import re

from .recordings import UUID

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_PIECES = re.compile(f"({UUID.pattern}|{_MOMENT.pattern})")
# What happened while the exchanges were recorded lies within a day after the world's clock.
_SESSION = datetime.timedelta(days=1)


class ValueMatching:
    """Which of our values stands for which recorded one, learned from answers in the order in which they come.

    What the world's file or a request names is the same on both sides. *world* is that file's text, *clock* its moment.
    """

    def __init__(self, world: str, clock: datetime.datetime) -> None:
        self._world = frozenset(UUID.findall(world))
        self._clock = clock
        self.start_over()

    def start_over(self) -> None:
        """Forget what was learned, as the world was put back to its start."""
        self._given = set(self._world)
        self._pairs: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def give(self, request: str) -> None:
        """The caller names these UUIDs himself, unless an earlier answer did."""
        self._given.update(found for found in UUID.findall(request) if found not in self._pairs)

    def ours(self, text: str) -> str:
        """*text* of a recorded request with our values in place of those that its server had made up."""
        for recorded, ours in self._pairs.items():
            text = text.replace(recorded, ours)
        return text

    def matches(self, recorded: str, ours: str) -> bool:
        """Return whether both texts have the same meaning, and learn the new values in them."""
        theirs, own = _PIECES.split(recorded), _PIECES.split(ours)
        # All are looked at, so that all are learned.
        same = [self._same_piece(*pair) for pair in zip(theirs, own, strict=False)]
        return len(theirs) == len(own) and all(same)

    def same_secret(self, recorded: str, ours: str) -> bool:
        """Whether *ours* stands for the secret *recorded*; secrets are in no world."""
        return self._pairs.setdefault(recorded, ours) == ours and self._back.setdefault(ours, recorded) == recorded

    def _same_piece(self, recorded: str, ours: str) -> bool:
        if UUID.fullmatch(recorded) and UUID.fullmatch(ours) and not {recorded, ours} & self._given:
            return self.same_secret(recorded, ours)
        if _MOMENT.fullmatch(recorded) and _MOMENT.fullmatch(ours) and self._is_now(recorded):
            # Our clock may tell one moment where theirs told two, never the other way round.
            return self._is_now(ours) and recorded[-1] == ours[-1] and self._pairs.setdefault(recorded, ours) == ours
        return recorded == ours

    def _is_now(self, moment: str) -> bool:
        passed = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")) - self._clock
        return datetime.timedelta() <= passed < _SESSION
