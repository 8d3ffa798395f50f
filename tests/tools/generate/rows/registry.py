# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the rows that operations return, one file for each subject.

Only documentation is made of them (``make generate``), so they are not part of what is installed.
"""

from __future__ import annotations

from . import accounts, compliance, customers, directory, groups, offerings, posix, projects, providers, users
from .fields import Field, RowType

ROWS: tuple[RowType, ...] = (
    *providers.ROWS,
    *customers.ROWS,
    *projects.ROWS,
    *offerings.ROWS,
    *users.ROWS,
    *accounts.ROWS,
    *compliance.ROWS,
    *posix.ROWS,
    *groups.ROWS,
    *directory.ROWS,
)


def row_fields(operation: str) -> tuple[Field, ...]:
    """Return the fields of a row of the operation ``operation``; a ``KeyError`` if none are declared."""
    for row in ROWS:
        if operation in row.operations:
            return row.fields
    raise KeyError(operation)
