# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a list is wanted, and in what order, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.lists``. Modules whose API lists the orders give the choices themselves."""

    DOCUMENTATION = r"""
options:
  order_by:
    description:
      - The keys to sort the rows by, the most important one first. A C(-) before a key turns its order round.
      - Text is sorted without regard to case and accents. Rows without a value come last either way, and equal ones
        stay as they came.
      - The rows are sorted here, as servers know few orders, so all of them are read first, whatever O(limit) says. A
        key that no row has is an error that lists the keys that there are.
      - Left out, the rows come in the order that Waldur gives them.
    type: list
    elements: str
  fields:
    description:
      - The keys to return of each row. All else is left out. On large lists this can be much faster.
      - A key that a row doesn't have is V(none) in it. One that no row has gives a warning, as it may be misspelt.
      - Phone numbers and civil numbers of people (C(phone_number), C(civil_number)) are returned only when they are
        named here.
      - Left out, everything else that Waldur tells is returned.
    type: list
    elements: str
  limit:
    description:
      - How many rows to return at most, from 1. They are counted after all filters, and after O(order_by).
      - Left out, all rows are returned, however many pages they fill.
    type: int
notes:
  - A list is returned whole or the task fails. Filters that the server doesn't know, or applies wrongly, are applied
    to the rows here.
"""
