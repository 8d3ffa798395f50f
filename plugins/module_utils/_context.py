# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The context of a run: the client, the references that were resolved, and warnings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ._common.progress import Progress
from ._http.client import Client
from ._http.connection import Connection
from ._references.references import References


@dataclass(frozen=True)
class Session:
    """The connection, what references mean on it, and what to do about missing users (fail, warn).

    ``warnings`` collects the warnings of reading, ``progress`` tells how far a long run is.
    """

    client: Client
    references: References
    missing_users: str = "fail"
    warnings: list[str] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)


# All items of a loop share one worker process: the connection, and references once found, live across them.
CLIENTS: dict[Connection, tuple[Client, References]] = {}

# A lookup may have been evaluated before Ansible forks, and two processes must never talk over one socket.
os.register_at_fork(after_in_child=CLIENTS.clear)


def get_client(connection: Connection) -> tuple[Client, References]:
    """Return the one client of this process for ``connection``, and the references that it has resolved so far.

    A token that changed since gets a client of its own, as it may belong to another user. Raises ``InvalidInput`` where
    the token can't be read.
    """
    connection = connection.with_token()
    if connection not in CLIENTS:
        client = Client(connection)
        CLIENTS[connection] = (client, References(client))
    return CLIENTS[connection]
