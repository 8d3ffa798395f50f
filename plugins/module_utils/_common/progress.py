# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell how far a long run is: a line every few seconds, and none in a short run."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

# Takes one line of progress and shows it.
ShowLine = Callable[[str], None]

# Seconds before the first line, counted from the begin of the run, and between two lines.
INTERVAL = 5.0
_MINUTE = 60
_HOUR = 60 * _MINUTE


class Progress:
    """The progress of one run. ``show`` gets its lines; without it, nothing is shown.

    ``clock`` returns seconds. Threads may share it.
    """

    def __init__(self, show: ShowLine | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._lock = Lock()
        self._last_shown = clock()

    def begin(self, unit: str, label: str = "") -> Phase:
        """Return a phase of the run that begins now.

        ``unit`` is what is counted, with its participle ("changes applied"), ``label`` the object that it is about.
        """
        return Phase(self, unit, label, self._clock())

    def report(self, phase: Phase, done: int, total: int) -> None:
        """Show how far ``phase`` is, if the last line was shown long enough ago and the phase goes on."""
        if self._show is None or done >= total:
            return
        with self._lock:
            now = self._clock()
            if now - self._last_shown < INTERVAL:
                return
            self._last_shown = now
        self._show(describe_progress(phase.unit, phase.label, done, total, now - phase.start))


class Phase:
    """A part of a run whose steps are counted; it began at ``start``, a time of the clock of ``progress``."""

    def __init__(self, progress: Progress, unit: str, label: str, start: float) -> None:
        self.progress = progress
        self.unit = unit
        self.label = label
        self.start = start

    def report(self, done: int, total: int, label: str | None = None) -> None:
        """Record that ``done`` of ``total`` steps are done; ``label`` replaces that of the phase."""
        if label is not None:
            self.label = label
        self.progress.report(self, done, total)


def describe_progress(unit: str, label: str, done: int, total: int, seconds: float) -> str:
    """Return a line of progress, such as "ALPHA: 240 of 1,000 changes applied, 12 s, about 40 s left".

    ``seconds`` is the time that ``done`` steps took. No estimate is given before the first step is done.
    """
    start = f"{label}: " if label else ""
    line = f"{start}{done:,} of {total:,} {unit}, {_describe_seconds(seconds)}"
    if done <= 0:
        return line
    return f"{line}, about {_describe_seconds(_round_estimate(seconds / done * (total - done)))} left"


def _round_estimate(seconds: float) -> float:
    """Return an estimate as exact as it can be: in steps of 5 s below two minutes, of half a minute above."""
    step = 1 if seconds < 10 else 5 if seconds < 2 * _MINUTE else _MINUTE / 2
    return max(step, round(seconds / step) * step)


def _describe_seconds(seconds: float) -> str:
    whole = round(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        minutes, remainder = divmod(whole, _MINUTE)
        return f"{minutes} min {remainder} s" if remainder else f"{minutes} min"
    hours, remainder = divmod(whole, _HOUR)
    minutes = remainder // _MINUTE
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
