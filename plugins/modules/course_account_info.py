#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: course_account_info
short_description: List the course accounts in the projects of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the accounts that were created for courses, in the projects that have a resource of a shared offering of the
    service provider, unless that resource is terminated. One row for each account.
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  project:
    description:
      - Only accounts of this project, by its exact name within the service provider, or by UUID or URL.
    type: raw
    aliases: [project_uuid]
  state:
    description:
      - Only accounts in one of these states. V(Pending) requires Waldur 2026 or newer.
    type: list
    elements: str
    choices: [OK, Closed, Erred, Pending]
  username:
    description: The exact username of the user behind the account. Case-sensitive.
    type: str
  email:
    description: A part of the e-mail address (case-insensitive).
    type: str
  project_start_date_after:
    description: Only accounts of projects that start on this day or later, such as V("2026-09-01").
    type: str
  project_start_date_before:
    description: Only accounts of projects that start on this day or earlier.
    type: str
  project_end_date_after:
    description: Only accounts of projects that end on this day or later.
    type: str
  project_end_date_before:
    description: Only accounts of projects that end on this day or earlier.
    type: str
  order_by:
    description:
      - What to sort the accounts by, the most important first. A C(-) before a name reverses the order.
      - Text is sorted without regard to case and accents. Accounts without a value are always last. Equal ones keep
        their order.
      - The collection sorts the rows, so all of them are read first, regardless of O(limit).
      - If omitted, the accounts are in the order of Waldur.
    type: list
    elements: str
    choices:
      - created
      - email
      - modified
      - project_end_date
      - project_name
      - project_start_date
      - state
      - username
      - -created
      - -email
      - -modified
      - -project_end_date
      - -project_name
      - -project_start_date
      - -state
      - -username
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_COURSE_ACCOUNTS) in the provider's customer. Owners have it since
    2026. In Waldur 2025, no default role has it, so a staff token is required. A role in the service provider is not
    enough.
  - Course accounts require Waldur 2025 or newer. With an older version, the task fails, and the message says so.
seealso:
  - module: waldur.provider.project_service_account_info
  - module: waldur.provider.robot_account_info
  - module: waldur.provider.project_info
"""

EXAMPLES = r"""
- name: List the usable course accounts
  waldur.provider.course_account_info:
    service_provider: ALPHA
    state: [OK]
    order_by: [project_name, username]
  register: courses

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.project_name }}: {{ item.username }}, until {{ item.project_end_date or 'further notice' }}"
  loop: "{{ courses.course_accounts }}"
  loop_control:
    label: "{{ item.username }}"

- name: List the course accounts of projects that end this year
  waldur.provider.course_account_info:
    service_provider: ALPHA
    project_end_date_before: "{{ '%Y-12-31' | strftime }}"
    fields: [project_name, username, email, project_end_date]

- name: List the course accounts of one project
  waldur.provider.course_account_info:
    service_provider: ALPHA
    project: Project c1

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.course_account_info -a 'service_provider=ALPHA state=OK'
"""

RETURN = r"""
course_accounts:
  description:
    - The accounts, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: The URL of the account.
      type: str
      sample: https://waldur.example.org/api/marketplace-course-accounts/c0000000000040008000000000000031/
    uuid:
      description: The UUID of the account.
      type: str
      sample: c0000000000040008000000000000031
    created:
      description: When the account was created.
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    modified:
      description: When the account was last changed.
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    project:
      description: The UUID of the project, as C(project_uuid).
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    project_uuid:
      description: The UUID of the project.
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    project_name:
      description: The name of the project.
      type: str
      sample: Project c1
    project_slug:
      description: The slug of the project.
      type: str
      sample: project--2
    project_start_date:
      description: The day on which the project starts, or V(none).
      type: str
      sample: "2026-11-01"
    project_end_date:
      description: The day on which the project ends, or V(none).
      type: str
      sample: "2030-12-31"
    user_uuid:
      description: The UUID of the user behind the account. May be V(none) since 2026.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    username:
      description: The username of the user behind the account. May be V(none) since 2026.
      type: str
      sample: member1
    customer_uuid:
      description: The UUID of the project's customer.
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of the project's customer.
      type: str
      sample: Consumer Institute
    state:
      description: The state of the account.
      type: str
      sample: OK
    email:
      description: The e-mail address of the account.
      type: str
      sample: member1@example.org
    description:
      description: The purpose of the account.
      type: str
      sample: Winter school
    error_message:
      description: The error message of the account, empty if there is no error.
      type: str
      sample: ""
    error_traceback:
      description: The traceback of the error in Waldur, empty if there is no error.
      type: str
      sample: ""
count:
  description: How many accounts are returned.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("course_account_info")


if __name__ == "__main__":
    main()
