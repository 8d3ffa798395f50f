# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for the order, the keys and the length of lists, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.lists``. Modules whose API lists the orders give the choices themselves."""

    DOCUMENTATION = r"""
options:
  order_by:
    description:
      - The keys to sort the rows by, the most important first. A C(-) before a key reverses the order.
      - Text is sorted without regard to case and accents. Rows without a value are always last, and equal rows keep
        their order.
      - The collection sorts the rows, because servers support few orders. So all rows are read first, regardless of
        O(limit). A key that no row has is an error that lists the available keys.
      - If omitted, the rows keep the order of Waldur.
    type: list
    elements: str
  fields:
    description:
      - The keys to return for each row. All other keys are left out. For long lists, this can be much faster.
      - A key that a row does not have is V(none) in it. A key that no row has gives a warning, because it may be
        misspelt.
      - Phone numbers and civil numbers of users (C(phone_number) and C(civil_number), or C(user_phone_number) and
        C(user_civil_number) of accounts) are only returned if you name them here.
      - If omitted, all other keys that Waldur returns are returned.
    type: list
    elements: str
  limit:
    description:
      - The maximum number of rows to return, at least 1. It applies after all filters and after O(order_by).
      - If omitted, all rows of all pages are returned.
    type: int
notes:
  - Either the complete list is returned, or the task fails. Filters that the server does not know, or applies wrongly,
    are applied by the collection.
"""
