# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of the rows that a list operation returns, as data for documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of a row.

    ``type`` is a type of Ansible's RETURN documentation (``str``, ``int``, ``list``, ``dict`` ...).
    ``since`` is the first Waldur edition (a year) that returns the field.
    ``fields`` are the nested fields: of the object for ``dict``, of each object in the list for ``list``.
    """

    name: str
    type: str
    description: str
    since: int = 2024
    fields: tuple[Field, ...] = ()
