# SPDX-License-Identifier: GPL-3.0-or-later
"""UUIDs as Waldur reads them: with or without dashes, in any case (contract 1.2)."""

from __future__ import annotations

import uuid


def parse_uuid(value: object) -> uuid.UUID | None:
    """The UUID that *value* spells, or None when it spells none."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
