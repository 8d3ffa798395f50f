# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes of the modules, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.attributes``, the same for every module."""

    DOCUMENTATION = r"""
attributes:
  action:
    description: Has a corresponding action plugin, so that parts of it run on the controller.
    support: full
  action_group:
    description: Use C(group/waldur.provider.all) in C(module_defaults) to set options of all modules of the collection.
    support: full
    membership:
      - waldur.provider.all
  async:
    description: Can be used with the C(async) keyword.
    support: full
    details:
      - The task then runs as a module in a separate process.
      - A token, or a proxy with a login, in the C(environment) of the whole play, role or block is an error with
        C(async) and C(poll=0), because M(ansible.builtin.async_status) would show it in the process list.
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: partial
    details:
      - Requires a local connection (such as C(localhost), C(connection=local) or C(delegate_to=localhost)) and the
        library C(requests) in the Python environment of Ansible. C(become) and the configured Python interpreter then
        have no effect.
      - Otherwise, and with C(async), the same code runs as a module on the target host. The behaviour and the return
        values are the same.
  platform:
    description: Platforms that it can run on. It sends HTTP requests to Waldur and changes nothing on the host that it
      runs on.
    support: full
    platforms: posix
"""

    # The modules that write.
    WRITES = r"""
attributes:
  check_mode:
    description: Can run in check mode, in which it reads the current state, plans, and changes nothing.
    support: full
    details:
      - The same function plans the changes in check mode and in a real run. The return values show the object as it
        would be.
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - Shows one line for each value that differs, grouped by object, and nothing else. It never contains a
        secret.
"""

    # The modules that read.
    READS = r"""
attributes:
  check_mode:
    description: Can run in check mode, which makes no difference.
    support: full
    details:
      - The module only reads. It never changes anything, and C(changed) is always V(false).
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: N/A
    details:
      - The module changes nothing, so there is no difference to show.
"""
