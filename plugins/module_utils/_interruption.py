# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signals that end a run: turned into an exception, so that what was applied can still be reported."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalReceived(KeyboardInterrupt):
    """A signal that asks the process to end; its text is the signal's name."""


def raise_signal(number: int) -> None:
    """Raise ``SignalReceived`` for the signal ``number``."""
    raise SignalReceived(signal.Signals(number).name)


@contextmanager
def on_signal(handle: Callable[[int], None] = raise_signal) -> Iterator[None]:
    """Call ``handle`` with the first SIGINT or SIGTERM that comes within the block; further ones are ignored there.

    Python allows that in the main thread only; elsewhere the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def receive(number: int, _frame: Any) -> None:
        # Ansible sends a second signal to what does not end at once, which would cut off the report.
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        handle(number)

    before = {number: signal.signal(number, receive) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
