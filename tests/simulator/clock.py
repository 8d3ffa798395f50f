# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own time: frozen, or running from a chosen moment."""

from __future__ import annotations

import datetime
import time


class Clock:
    """Tells the moment; ``set`` moves it."""

    def __init__(self) -> None:
        self._start = datetime.datetime.now(datetime.timezone.utc)
        self._since: float | None = time.monotonic()
        # Whether the time was read since this was last set to False.
        self.was_read = False

    def set(self, moment: datetime.datetime, *, frozen: bool = False) -> None:
        """Continue from *moment* (aware), or stand still at it when *frozen*."""
        self._start = moment.astimezone(datetime.timezone.utc)
        self._since = None if frozen else time.monotonic()

    def now(self) -> datetime.datetime:
        """The present moment in UTC."""
        self.was_read = True
        if self._since is None:
            return self._start
        return self._start + datetime.timedelta(seconds=time.monotonic() - self._since)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._since is None

    @property
    def frozen_time(self) -> datetime.datetime | None:
        """The time at which the clock is frozen; None while it runs."""
        return self._start if self.frozen else None


CLOCK = Clock()


def now() -> datetime.datetime:
    """The present moment of the one clock; a default for model fields."""
    return CLOCK.now()


def parse(text: str) -> datetime.datetime:
    """A moment from ISO 8601 text; without an offset it is UTC. Raises ``ValueError``."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
