# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a playbook has hosts to run on.

Ansible exits with 0 if a play has no host, for example if the inventory could not be read because Waldur is down, or if
``--limit`` leaves out all hosts of the play.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.declarations import Playbook

LOCALHOST = "localhost"


def check_target_hosts(playbook: Playbook, pattern: str, matching: Sequence[str], available: Iterable[str]) -> None:
    """Raise ``InvalidInput`` unless the playbook has a host.

    ``matching`` are the hosts of the inventory that ``pattern`` matches, ``available`` those that ``--limit`` leaves.
    """
    shown = quote(pattern)
    if not matching:
        raise InvalidInput(
            f"{playbook.hosts}: no host matches {shown}. Either the inventory could not be read (see the warnings"
            " above, for example that Waldur does not respond), or it contains no such host or group."
        )
    if set(matching).intersection(available):
        return
    if pattern == LOCALHOST:
        raise InvalidInput(
            "--limit leaves out localhost, where this playbook runs, so there is nothing to do. Run it without"
            f" --limit. {playbook.hint}"
        )
    raise InvalidInput(
        f"{playbook.hosts}: --limit leaves out all hosts of {shown}, so there is nothing to do. Change one of the two."
    )
