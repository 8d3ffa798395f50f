#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state_validate
short_description: Validate documents of Waldur service providers offline
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Checks documents for O(waldur.provider.desired_state#module:providers_path) of M(waldur.provider.desired_state)
    without Waldur. It needs no URL and no token, sends no request, and takes no connection options.
  - All errors of all files are reported at once, each with its file, line and column, the rule that is broken, and the
    closest known name where a name is not known. The task fails if there is an error.
  - The documents are read by the same code as in M(waldur.provider.desired_state), with defaults, images and the rules
    between keys. A document that is valid here can still be rejected in a plan, because only Waldur knows whether
    customers, users and roles exist, and whether two different references mean the same object.
  - O(junit_file) and O(code_quality_file) write the result for a CI system, also if there are errors.
requirements:
  - PyYAML
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
    description: Can run in check mode, in which it reads the documents and writes no report.
    support: full
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: none
    details:
      - Only reports are written.
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: full
    details:
      - It always runs on the controller, whatever the connection of the task is. C(become) has no effect.
  platform:
    description: Platforms that it can run on. It reads documents and images, and writes reports, on the controller.
    support: full
    platforms: posix
options:
  providers_path:
    description:
      - The document, or a folder of documents, as for M(waldur.provider.desired_state). In a folder, defaults for all
        documents are applied, so validate the whole folder.
    type: path
    required: true
  policy_path:
    description:
      - A policy, as for M(waldur.provider.desired_state). Its syntax is checked, and its errors are reported with those
        of the documents. Whether the documents follow it is checked with the plan, because its rules are about changes.
      - A policy in Rego requires the Python library C(regopy).
    type: path
    version_added: 1.1.0
  junit_file:
    description:
      - The path of a JUnit XML report to write, with one test case for each file. GitLab, Jenkins and other CI systems
        show it.
      - A relative path starts at the folder of the playbook. Missing folders are created.
    type: path
  code_quality_file:
    description:
      - The path of a GitLab Code Quality report to write, a JSON list with one object for each error. GitLab shows it
        beside the changed lines of a merge request.
      - Start Ansible in the root of the repository, because GitLab expects paths that are relative to it.
      - A relative path starts at the folder of the playbook. Missing folders are created.
    type: path
notes:
  - C(changed) is true if a report was written, or would be written in check mode, because its content differs. Reports
    hold no time, so a second run changes nothing.
seealso:
  - module: waldur.provider.desired_state
"""

EXAMPLES = r"""
- name: Validate the documents before a merge
  waldur.provider.desired_state_validate:
    providers_path: providers

- name: Validate the documents, and write the reports for GitLab
  waldur.provider.desired_state_validate:
    providers_path: providers
    junit_file: build/validate.xml
    code_quality_file: build/codequality.json
"""

RETURN = r"""
files:
  description: The files that were read, in the order in which they are applied. Paths are relative to the folder in
    which Ansible was started if they are below it.
  returned: always
  type: list
  elements: str
  sample: [providers/alpha.yml, providers/defaults.yml]
count:
  description: The number of service providers in the documents.
  returned: success
  type: int
  sample: 1
findings:
  description: All errors, by file and position. Empty if the documents are valid.
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The file, as in RV(files).
      type: str
      sample: providers/alpha.yml
    line:
      description: The line, from 1.
      type: int
      sample: 4
    column:
      description: The column, from 1.
      type: int
      sample: 5
    place:
      description: The path of the key or value in the document, empty for the file itself.
      type: str
      sample: service_providers[0].descripton
    rule:
      description:
        - The rule that is broken.
        - R(Manage service providers in git,ansible_collections.waldur.provider.docsite.guide_gitops) lists all rules.
      type: str
      sample: unknown-key
    message:
      description: What is wrong and what to do, as a complete sentence.
      type: str
      sample: "service_providers[0]: 'descripton' is not known. Did you mean 'description'? Known are customer, state."
    closest:
      description: The known name that is closest to an unknown one, V(none) if there is none.
      type: str
      sample: description
errors:
  description: The findings as lines of text, which editors and CI systems can link to the position.
  returned: always
  type: list
  elements: str
  sample:
    - "providers/alpha.yml:9:15: service_providers[0].users[0].user: 007 is read as a number, but text is required: put
      it in quotes. [unquoted-value]"
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("desired_state_validate")


if __name__ == "__main__":
    main()
