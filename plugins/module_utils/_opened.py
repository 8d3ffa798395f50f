# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections that this process has open, and the masking of what is secret on them.

Apart from ``_run``: Ansible compiles a collection's code anew in each process, and a lookup needs but this much of it.
"""

from __future__ import annotations

import os
from typing import Any

from ._client import Client, Connection
from ._errors import WaldurError
from ._redaction import redact, redact_message
from ._references import References

# All items of a loop share one worker process: the connection, and references once found, live across them.
OPEN: dict[Connection, tuple[Client, References]] = {}
# A lookup may have been evaluated before Ansible forks, and two processes must never talk over one socket.
os.register_at_fork(after_in_child=OPEN.clear)


def opened(connection: Connection) -> tuple[Client, References]:
    """The one client of this process for ``connection``, and the references found by it so far."""
    if connection not in OPEN:
        client = Client(connection)
        OPEN[connection] = (client, References(client))
    return OPEN[connection]


def masked(value: Any, hidden: frozenset[str]) -> Any:
    """Return data with every hidden text in it masked: in-process there is nobody else who would."""
    return redact(value, hidden)


def mask_error(error: WaldurError, hidden: frozenset[str]) -> None:
    """Mask every hidden text in an error: its message and its details."""
    error.message = redact_message(error.message, hidden)
    error.args = (error.message,)
    error.details = redact(error.details, hidden)
