#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: project_service_account_info
short_description: List the service accounts of the projects of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the service accounts of the projects that have a resource of a shared offering of the service provider, unless
    that resource is terminated. One row for each account.
  - The token of an account is never returned.
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
    description: Only accounts in one of these states.
    type: list
    elements: str
    choices: [OK, Closed, Erred]
  username:
    description: The exact username of the account. Case-sensitive.
    type: str
  email:
    description: A part of the e-mail address (case-insensitive).
    type: str
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_SERVICE_ACCOUNTS) in the provider's customer. Owners have it since
    2026. In Waldur 2025, no default role has it, so a staff token is required. A role in the service provider is not
    enough.
  - The list requires Waldur 2025 or newer. With an older version, the task fails, and the message says so.
seealso:
  - module: waldur.provider.course_account_info
  - module: waldur.provider.robot_account_info
  - module: waldur.provider.project_info
"""

EXAMPLES = r"""
- name: List the service accounts with errors
  waldur.provider.project_service_account_info:
    service_provider: ALPHA
    state: [Erred]
  register: trouble

- name: Show their error messages
  ansible.builtin.debug:
    msg: "{{ item.project_name }}, {{ item.email }}: {{ item.error_message }}"
  loop: "{{ trouble.project_service_accounts }}"
  loop_control:
    label: "{{ item.uuid }}"

- name: List the names of the service accounts of one project
  waldur.provider.project_service_account_info:
    service_provider: ALPHA
    project: Project c1
    fields: [username, description]
    order_by: [username]

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.project_service_account_info -a 'service_provider=ALPHA state=Erred'
"""

RETURN = r"""
project_service_accounts:
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
      sample: https://waldur.example.org/api/marketplace-project-service-accounts/c0000000000040008000000000000041/
    uuid:
      description: The UUID of the account.
      type: str
      sample: c0000000000040008000000000000041
    created:
      description: When the account was created.
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    modified:
      description: When the account was last changed.
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    username:
      description: The username of the account. Empty if it is not set yet.
      type: str
      sample: svc_backup
    description:
      description: The purpose of the account.
      type: str
      sample: Nightly copies
    error_message:
      description: The error message of the account, empty if there is no error.
      type: str
      sample: ""
    error_traceback:
      description: The traceback of the error in Waldur, empty if there is no error.
      type: str
      sample: ""
    state:
      description: The state of the account.
      type: str
      sample: OK
    email:
      description: The e-mail address of the maintainers of the account.
      type: str
      sample: backup@example.org
    expires_at:
      description: When the token of the account expires. Waldur returns it only when the token is created, so it is
        V(none) here.
      type: str
      sample: null
    preferred_identifier:
      description: The requested username.
      type: str
      sample: backup
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
    customer_uuid:
      description: The UUID of the project's customer.
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of the project's customer.
      type: str
      sample: Consumer Institute
    customer_abbreviation:
      description: The abbreviation of the project's customer.
      type: str
      sample: CONSUMER
count:
  description: How many accounts are returned.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("project_service_account_info")


if __name__ == "__main__":
    main()
