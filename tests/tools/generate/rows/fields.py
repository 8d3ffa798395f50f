# SPDX-License-Identifier: GPL-3.0-or-later
"""The types in which the fields of rows are declared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of a row.

    ``type`` is a type of Ansible's RETURN documentation (``str``, ``int``, ``list``, ``dict`` ...).
    ``since`` is the first Waldur edition (a year) that returns the field, ``until`` the last one; 0: the newest.
    ``fields`` are the nested fields: of the object for ``dict``, of each object in the list for ``list``.
    ``elements`` is the type of the items of a ``list`` without nested fields.
    ``returned`` is a condition other than the edition.
    ``sample`` is an example value, ``...`` where there is none.
    """

    name: str
    type: str
    description: str
    since: int = 2024
    fields: tuple[Field, ...] = ()
    elements: str = ""
    until: int = 0
    returned: str = ""
    sample: object = ...


@dataclass(frozen=True)
class RowType:
    """The fields of the rows (or of the object) that some operations return, which are given by name."""

    operations: tuple[str, ...]
    fields: tuple[Field, ...]
