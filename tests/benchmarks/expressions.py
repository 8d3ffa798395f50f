# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks.expressions own|ours …``: ansible-inventory, with all expressions left to Ansible or not."""

from __future__ import annotations

import sys
from typing import Any

from ansible.cli.inventory import InventoryCLI


class Command(InventoryCLI):  # type: ignore[misc]
    """Ansible's command, which can turn our shortcut off once its loader of collections works."""

    _fast = True

    def _play_prereqs(self) -> Any:
        from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.composition import FastConstructable

        FastConstructable.is_fast = self._fast
        return super()._play_prereqs()


if __name__ == "__main__":
    Command._fast = sys.argv[1] == "ours"
    Command.cli_executor(["ansible-inventory", *sys.argv[2:]])
