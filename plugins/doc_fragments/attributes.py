# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules support, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.attributes``, the same for every module."""

    DOCUMENTATION = r"""
attributes:
  action:
    description: Has an action plugin of the same collection, so that parts of it run on the controller.
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
      - The task then runs as a module in a process of its own.
      - A token, or a proxy with a login, in the C(environment) of the whole play, role or block is an error with
        C(async) and C(poll=0), as Ansible's own M(ansible.builtin.async_status) would show it in the list of processes.
  in_process:
    description: Runs inside Ansible's own worker process, without packing a module and starting Python for each task.
    support: partial
    details:
      - Needs a local connection (such as C(localhost), C(connection=local) or C(delegate_to=localhost)) and the library
        C(requests) beside Ansible. C(become) and the chosen Python interpreter don't matter then.
      - Else, and with C(async), the same code runs as a module where the connection leads. What it does and returns
        is the same.
  platform:
    description: Where it can run. It talks to Waldur over HTTP and changes nothing on the machine that it runs on.
    support: full
    platforms: posix
"""

    # The modules that write.
    WRITES = r"""
attributes:
  check_mode:
    description: Can run in check mode, where it reads, plans and changes nothing.
    support: full
    details:
      - The same function makes the plan in check mode and in earnest. What is returned is the object as it would be.
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - One line for each value that differs, grouped by service provider, and nothing else. Never a secret.
"""

    # The modules that read.
    READS = r"""
attributes:
  check_mode:
    description: Can run in check mode, where it does the same as else.
    support: full
    details:
      - It only reads. Nothing is changed ever, and C(changed) is always V(false).
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: N/A
    details:
      - Nothing changes, so there is nothing to show.
"""
