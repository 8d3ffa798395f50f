# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn what ends a run, a signal or the end of the parent process, into an exception, so that it can be reported."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The parent of each process when its first task began, by the PID of the process, as Ansible forks its workers.
_PARENTS: dict[int, int] = {}


class SignalReceived(KeyboardInterrupt):
    """A signal that asks the process to end, or what counts as one; its text is the signal's name, or the cause."""


def raise_signal(number: int) -> None:
    """Raise ``SignalReceived`` for the signal ``number``."""
    raise SignalReceived(signal.Signals(number).name)


def remember_parent() -> None:
    """Record the parent of this process for ``require_parent``, unless an earlier task of the process did."""
    _PARENTS.setdefault(os.getpid(), os.getppid())


def require_parent() -> None:
    """Raise ``SignalReceived`` if the parent has ended since ``remember_parent``, as the result would be lost."""
    if os.getppid() != _PARENTS.get(os.getpid(), os.getppid()):
        raise SignalReceived("the end of the process that started it")


@contextmanager
def catch_signals(handle: Callable[[int], None] = raise_signal) -> Iterator[None]:
    """Call ``handle`` with the number of the first SIGINT, SIGTERM or SIGHUP in the block, and ignore further ones.

    The previous handlers are restored after the block. A SIGHUP that is ignored, as under ``nohup``, stays ignored.
    Python allows handlers in the main thread only; in other threads the block runs without them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    handled = [number for number in _SIGNALS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]

    def receive(received: int, _frame: Any) -> None:
        # Ansible sends a second signal to what does not end at once, which would cut off the report.
        for number in handled:
            signal.signal(number, signal.SIG_IGN)
        handle(received)

    previous = {number: signal.signal(number, receive) for number in handled}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
