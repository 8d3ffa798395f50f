# SPDX-License-Identifier: GPL-3.0-or-later
"""The first Waldur that has what a module reads."""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.module_utils._api.editions import OLDEST
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

EDITIONS = (2024, 2025, 2026)


def first_edition(module: str) -> int:
    """Return the first edition (a year) that *module* can read from; the oldest one for modules that write."""
    operations = INFOS[module].operations if module in INFOS else ()
    return max((operation(name).since for name in operations), default=OLDEST)
