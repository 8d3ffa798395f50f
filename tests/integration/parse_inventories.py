# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse many inventory files in one process, as ansible-inventory would parse each in one of its own.

Reads a JSON list of paths, and prints one of ``{"hosts": […]}``, ``{"error": …}`` and ``{"crash": …}``, in their order.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader


def parsed(path: str) -> dict[str, Any]:
    """What became of one file."""
    inventory = InventoryData()
    try:
        inventory_loader.get("waldur.provider.inventory").parse(inventory, DataLoader(), path, cache=False)
    except AnsibleError as error:
        return {"error": " ".join(str(error).split())}
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError):
        return {"crash": traceback.format_exc()}
    return {"hosts": sorted(inventory.hosts)}


if __name__ == "__main__":
    init_plugin_loader()
    print(json.dumps([parsed(path) for path in json.load(sys.stdin)]))
