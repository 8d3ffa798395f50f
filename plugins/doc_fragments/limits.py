# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit on implied removals, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.limits``."""

    DOCUMENTATION = r"""
options:
  max_removals:
    description:
      - How many role grants that no entry names one task may revoke (implied removals), so that a typo does not revoke
        the access of all users. V(0) allows none.
      - If there are more, the task fails before anything is changed, and lists them in RV(removals).
      - Entries with C(state=absent) do not count.
      - The default is 5. A negative number is an error.
    type: int
"""
