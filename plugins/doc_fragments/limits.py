# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit on what is taken away without being named, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.limits``."""

    DOCUMENTATION = r"""
options:
  max_removals:
    description:
      - How many grants one task may revoke that no entry names, so that a typo does not take everybody's access away.
        V(0) allows none.
      - More fail the task before anything is changed, with the list of them in RV(removals).
      - What an entry asks for with C(state=absent) doesn't count.
      - Left out, it is 5. A negative number is an error.
    type: int
"""
