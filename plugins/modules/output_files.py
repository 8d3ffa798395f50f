#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: output_files
short_description: Write results into files on the controller, and pass them to later jobs
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Writes all files of a result in one task, inside the worker process of Ansible. The roles of this collection write
    C(plan.json), C(plan.md), C(drift.json) and the files for other tools with it.
  - A file is replaced as a whole, and only if its content differs. Files have the mode V(0644), so do not write secrets
    into them.
  - It sends no request to Waldur, and takes no connection options.
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
    description: Can run in check mode, in which it writes no file.
    support: full
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - Shows the content of a file before and after, unless O(files[].show_diff) is V(false).
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: full
    details:
      - It always runs on the controller, whatever the connection of the task is. C(become) has no effect.
  platform:
    description: Platforms that it can run on. It writes files on the controller.
    support: full
    platforms: posix
options:
  directory:
    description:
      - The folder that relative paths of O(files) start at. It is created if it does not exist. Without it, they start
        at the folder in which Ansible was started, like a relative O(directory).
    type: path
  files:
    description:
      - The files to write.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - The path of the file. Its folder must exist, unless it is O(directory). An entry without a path, or with an
            empty one, is ignored, so that a variable can leave a file out.
        type: path
      content:
        description:
          - The content. Text is written as it is. Other data, such as a mapping, is written as JSON.
        type: raw
        required: true
      show_diff:
        description:
          - Whether C(--diff) shows the difference of this file.
        type: bool
        default: true
  stats:
    description:
      - Data that is passed to later jobs, as by M(ansible.builtin.set_stats).
    type: dict
seealso:
  - module: waldur.provider.desired_state
"""

EXAMPLES = r"""
- name: Plan the changes
  waldur.provider.desired_state:
    providers_path: providers
  check_mode: true
  register: planned

- name: Write the plan for a review
  waldur.provider.output_files:
    directory: build
    files:
      - path: changes.json
        content: "{{ planned.plan }}"
      - path: changes.md
        content: "{{ planned.plan | waldur.provider.plan_markdown(planned.summary) }}"
"""

RETURN = r"""
paths:
  description: The absolute paths of the files, in the order of O(files).
  returned: success
  type: list
  elements: str
  sample: [/home/alice/build/changes.json, /home/alice/build/changes.md]
ansible_stats:
  description: The data in O(stats), in the form in which Ansible collects it.
  returned: with O(stats)
  type: dict
  sample: {data: {waldur_plan_total: 1}, per_host: false, aggregate: true}
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("output_files")


if __name__ == "__main__":
    main()
