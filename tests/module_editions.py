# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the first edition of Waldur that a module can read from."""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.module_utils._api.editions import OLDEST
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

EDITIONS = (2024, 2025, 2026)
# What modules send besides the operations that they declare, where not every Waldur has it.
_ALSO_SENT = {
    "posix_id_pool": ("posix_id_pools",),
    "project_group": ("project_groups",),
    "site_agent_config_info": ("generate_site_agent_config",),
}


def first_edition(module: str) -> int:
    """Return the first edition (a year) that *module* can read from."""
    operations = (*(INFOS[module].operations if module in INFOS else ()), *_ALSO_SENT.get(module, ()))
    return max((operation(name).since for name in operations), default=OLDEST)
