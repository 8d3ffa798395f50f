# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a plan, each described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments ``waldur.provider.limits`` and ``waldur.provider.limits.renames``."""

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

    RENAMES = r"""
options:
  max_renames:
    description:
      - How many accounts one task may rename by a change of C(account_options), because a renamed account can lose its
        files and jobs. An account that loses its username counts too.
      - If there are more, the task fails before anything is changed, and lists them in RV(renames).
      - Accounts that get their first username do not count, nor do those of users in C(username_resolutions).
      - The default is 0, so no account is renamed. A negative number is an error.
    type: int
    version_added: 1.1.0
"""
