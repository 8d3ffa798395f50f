#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: project_permission_info
short_description: List the role grants in the projects of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the roles that users have in the projects that use the service provider, one row for each role grant. These
    projects are those with a live resource of one of its shared offerings.
  - Revoked role grants and those of deactivated users are not listed. An expired role grant is listed until the daily
    cleanup of Waldur, and gives access until then.
  - For the role grants of the service provider itself, use M(waldur.provider.user_role_info).
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
  - waldur.provider.filters.role_grants
  - waldur.provider.filters.username
  - waldur.provider.filters.native_name
options:
  scope:
    description:
      - Only role grants in this project, by its exact name, or by UUID or URL. If several projects have that name, the
        task fails, and the message lists their UUIDs.
      - A name also requires the permission C(SERVICE_PROVIDER.LIST_PROJECTS).
    type: raw
    aliases: [scope_uuid]
  scope_name:
    description: A part of the project's name (case-insensitive).
    type: str
  scope_type:
    description:
      - The type of the scope of the role grant, as the server calls it. In this list it is always V(project), so any
        other value returns nothing.
    type: str
  customer:
    description:
      - Only role grants in projects of this customer. By name, abbreviation or slug (case-sensitive), UUID or URL.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: raw
    aliases: [customer_uuid]
  role:
    aliases: [role_uuid]
  role_name:
    description: A part of the role's name (case-insensitive), such as V(manager).
    type: str
  expiration_time:
    description:
      - Only role grants that expire at exactly this time. A date-time such as V("2027-06-30T18:00:00+03:00") (in UTC if
        it has no offset), or a date such as V("2027-06-30"), which means midnight in UTC.
      - For "ends before", read the list and select from it, as in the examples.
    type: str
  is_active:
    description:
      - Only active role grants, or with V(false) only the others. The list contains only active ones, so V(false)
        returns nothing.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  created:
    description: Only role grants that were created at this time or later, written as O(expiration_time).
    type: str
  created_before:
    description:
      - Only role grants that were created at this time or earlier, written as O(expiration_time).
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  modified:
    description: Only role grants that were changed at this time or later, written as O(expiration_time).
    type: str
  modified_before:
    description:
      - Only role grants that were changed at this time or earlier, written as O(expiration_time).
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  order_by:
    choices:
      - created
      - email
      - expiration_time
      - full_name
      - native_name
      - role
      - username
      - -created
      - -email
      - -expiration_time
      - -full_name
      - -native_name
      - -role
      - -username
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS) on the provider's customer, which owners have.
    A role on the service provider is not enough. In Waldur 2024, the role C(CUSTOMER.OWNER) on the customer is required
    instead.
  - Waldur 2024 ignores the filters of this list. There, the collection applies those whose values the rows contain,
    such as O(user), O(scope) and O(created), and with other filters the task fails. Its rows have short roles in
    C(role), such as V(member), and no C(role_name).
seealso:
  - module: waldur.provider.user_role_info
    description: The role grants of the service provider itself.
  - module: waldur.provider.user_info
  - module: waldur.provider.project_info
"""

EXAMPLES = r"""
- name: List the role grants in the projects that use a service provider
  waldur.provider.project_permission_info:
    service_provider: ALPHA
    order_by: [username, role]
  register: access

- name: Show the projects of each user
  ansible.builtin.debug:
    msg: "{{ item.0 }}: {{ item.1 | map(attribute='project_name') | unique | join(', ') }}"
  loop: "{{ access.project_permissions | groupby('user_username') | map('list') }}"
  loop_control:
    label: "{{ item.0 }}"

- name: Show the role grants that expire within 30 days
  ansible.builtin.debug:
    msg: "{{ ending | selectattr('expiration_time', 'lt', last_day) }}"
  vars:
    ending: "{{ access.project_permissions | selectattr('expiration_time') }}"
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 30 * 86400, utc=true) }}"

- name: List the projects through which a user can access the service provider
  waldur.provider.project_permission_info:
    service_provider: ALPHA
    user: member1
    fields: [project_name, role_name, expiration_time]

- name: Find the managers of all projects of one customer
  waldur.provider.project_permission_info:
    service_provider: Alpha Cloud Ltd
    customer: Consumer Institute
    role: PROJECT.MANAGER
  register: managers

- name: Show the e-mail address of the manager of each project
  ansible.builtin.debug:
    msg: "{{ managers.project_permissions | items2dict(key_name='project_name', value_name='user_email') }}"

- name: List the members of one project
  waldur.provider.project_permission_info:
    service_provider: BETA
    scope: Project d2
    fields: [user_username, role_name]

# List the members of a project, from the command line:
# ansible localhost -m waldur.provider.project_permission_info -a 'service_provider=BETA scope="Project d2"'
"""

RETURN = r"""
project_permissions:
  description:
    - The role grants, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of project_permissions
    created:
      description: When the role was granted.
      returned: always
      type: str
      sample: "2026-11-22T21:16:00.961412+00:00"
    expiration_time:
      description: When the role grant expires, or V(none) if it never expires.
      returned: always
      type: str
      sample: null
    created_by:
      description: The URL of the user who granted the role.
      returned: always
      type: str
      sample: https://waldur.example.org/api/users/e47dc660df0240318b589613d52acdff/
    created_by_full_name:
      description: The name of the user who granted the role.
      returned: always
      type: str
      sample: ""
    created_by_username:
      description: The username of the user who granted the role.
      returned: always
      type: str
      sample: admin
    project:
      description: The URL of the project in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/
    project_uuid:
      description: The UUID of the project.
      returned: always
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    project_name:
      description: The name of the project.
      returned: always
      type: str
      sample: Project c1
    project_created:
      description: When the project was created.
      returned: always
      type: str
      sample: "2026-11-22T21:16:00.763696+00:00"
    project_end_date:
      description: The last day of the project, or V(none) if it has none.
      returned: always
      type: str
      sample: "2030-12-31"
    customer_uuid:
      description: The UUID of the project's customer.
      returned: always
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of the project's customer.
      returned: always
      type: str
      sample: Consumer Institute
    role:
      description: The short name of the role.
      returned: always
      type: str
      sample: manager
    role_name:
      description: The name of the role.
      returned: since Waldur 2025
      type: str
      sample: PROJECT.MANAGER
    user:
      description: The URL of the user in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/users/87fc856f7d1641ff82a9c16ab4139fa0/
    user_full_name:
      description: The name of the user.
      returned: always
      type: str
      sample: Pm1 Tester
    user_native_name:
      description: The name of the user in the user's own language.
      returned: always
      type: str
      sample: ""
    user_username:
      description: The username of the user.
      returned: always
      type: str
      sample: pm1
    user_uuid:
      description: The UUID of the user.
      returned: always
      type: str
      sample: 87fc856f7d1641ff82a9c16ab4139fa0
    user_email:
      description: The e-mail address of the user.
      returned: always
      type: str
      sample: pm1@example.org
    # End of the generated fields
count:
  description: The number of returned role grants.
  returned: success
  type: int
  sample: 10
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("project_permission_info")


if __name__ == "__main__":
    main()
