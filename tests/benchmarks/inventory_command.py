# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-inventory with our evaluation of simple expressions (``ours``) or with Ansible's own one only (``own``).

Usage: ``python -m benchmarks.inventory_command ours|own ARGUMENTS``.
"""

from __future__ import annotations

import sys
from typing import Any

from ansible.cli.inventory import InventoryCLI


class Command(InventoryCLI):  # type: ignore[misc]
    """The command ansible-inventory; it sets which evaluation of expressions is used once it can load collections."""

    _fast = True

    def _play_prereqs(self) -> Any:
        from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.composition import FastConstructable

        FastConstructable.is_fast = self._fast
        return super()._play_prereqs()


if __name__ == "__main__":
    Command._fast = sys.argv[1] == "ours"
    Command.cli_executor(["ansible-inventory", *sys.argv[2:]])
