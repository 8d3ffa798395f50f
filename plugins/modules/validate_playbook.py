#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: validate_playbook
short_description: Validate the variables and hosts of a playbook of this collection
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - The playbooks of this collection use it as their first task. It sends no request to Waldur.
  - Checks the types and values of the variables of the playbook, that the documents that they name exist, and that
    extra variables (C(-e)) are not misspelt. An extra variable that no playbook has is an error if it is very much like
    a variable of the playbook. The message names the variable that is meant.
  - Checks that the playbook has a host to run on, because Ansible succeeds without one, for example if the inventory
    could not be read.
  - The guide on playbooks lists all variables.
extends_documentation_fragment:
  - waldur.provider.attributes
attributes:
  action_group:
    description: Use C(group/waldur.provider.all) in C(module_defaults) to set options of all modules of the collection.
    support: none
    membership: []
    details:
      - The group sets connection options, which this module does not take.
  async:
    description: Can be used with the C(async) keyword.
    support: none
    details:
      - A task with C(async) is an error.
  check_mode:
    description: Can run in check mode, which makes no difference.
    support: full
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: N/A
    details:
      - The module changes nothing, so there is no difference to show.
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: full
    details:
      - It always runs on the controller, whatever the connection of the task is. C(become) has no effect.
  platform:
    description: Platforms that it can run on. It checks variables on the controller.
    support: full
    platforms: posix
options:
  playbook:
    description:
      - The playbook, without the name of the collection.
    type: str
    required: true
    choices: [apply, drift, export, facts, linux_accounts, plan, report, review, rotate_api_secret_code, validate]
seealso:
  - module: waldur.provider.desired_state_validate
"""

EXAMPLES = r"""
- name: Validate the variables and the hosts
  waldur.provider.validate_playbook:
    playbook: report
  run_once: true
"""

RETURN = r"""#"""
