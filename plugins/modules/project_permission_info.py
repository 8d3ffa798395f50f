#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: project_permission_info
short_description: List who has which role in the projects of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the roles that people have in the projects that use the service provider, one row for each grant. These
    projects are those with a live resource of one of its shared offerings.
  - Grants that were revoked and those of deactivated users are left out. A grant that has expired is listed until
    Waldur's daily clean-up, and gives access until then.
  - For the roles on the service provider itself, use M(waldur.provider.user_role_info).
  - Several filters narrow the list down together.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  user:
    description:
      - Only grants of this user. By username (exactly as written), else by e-mail address (in any case), or by UUID or
        URL.
      - A user whom the token can't see must be given by UUID.
    type: raw
    aliases: [user_url]
  username:
    description: The whole username. Upper and lower case matter. Nobody of that name is no error here.
    type: str
  full_name:
    description: A part of the person's name, in any case, with or without accents.
    type: str
  native_name:
    description: A part of the name in the person's own language, in any case.
    type: str
  user_slug:
    description: A part of the user's slug, in any case.
    type: str
  scope:
    description:
      - Only grants in this project, by its whole name, or by UUID or URL. Where several projects have that name, the
        task fails with their UUIDs.
      - A name takes the permission C(SERVICE_PROVIDER.LIST_PROJECTS), too.
    type: raw
    aliases: [scope_uuid]
  scope_name:
    description: A part of the project's name, in any case.
    type: str
  scope_type:
    description:
      - What kind of thing the role is held in, by the server's own word. In this list it is always V(project), so
        anything else finds nothing.
    type: str
  customer:
    description:
      - Only grants in projects of this customer. By name, abbreviation or slug, exactly as written, or by UUID or URL.
      - Waldur knows this filter since 2026. On an older one it is applied to the rows here.
    type: raw
    aliases: [customer_uuid]
  role:
    description: Only grants of this role, by name, exactly as written, or by UUID or URL.
    type: raw
    aliases: [role_uuid]
  role_name:
    description: A part of the role's name, in any case, such as V(manager).
    type: str
  expiration_time:
    description:
      - Only grants that end at exactly this moment. A date-time such as V("2027-06-30T18:00:00+03:00") (in UTC where no
        offset is given), or a date such as V("2027-06-30"), which means its midnight in UTC.
      - For "ends before", read the list and select from it, as in the examples.
    type: str
  is_active:
    description:
      - Only grants that hold, or with V(false) only others. As the list has only those that hold, V(false) finds
        nothing.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: bool
  created:
    description: Only grants that were made at this moment or later, written as O(expiration_time).
    type: str
  created_before:
    description:
      - Only grants that were made at this moment or earlier, written as O(expiration_time).
      - Waldur knows this filter since 2026. On an older one it is applied to the rows here.
    type: str
  modified:
    description: Only grants that were changed at this moment or later, written as O(expiration_time).
    type: str
  modified_before:
    description:
      - Only grants that were changed at this moment or earlier, written as O(expiration_time).
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  order_by:
    description:
      - What to sort the grants by, the most important first. A C(-) before a name turns its order round.
      - Text is sorted without regard to case and accents. Grants without a value come last either way, so those that
        never end come after those that do. Equal ones stay as they came.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says.
      - Left out, the grants come in the order that Waldur gives them.
    type: list
    elements: str
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
  - It takes the permission C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS) on the provider's customer, which owners have.
    A role on the service provider is not enough. On Waldur of 2024 it takes the role C(CUSTOMER.OWNER) there instead.
  - Waldur of 2024 ignores the filters of this list. There those that the rows can tell are applied here, such as
    O(user), O(scope) and O(created), and others fail the task. Its rows have short roles in C(role), such as
    V(member), and no C(role_name).
seealso:
  - module: waldur.provider.user_role_info
    description: Who has roles on the service provider itself.
  - module: waldur.provider.user_info
  - module: waldur.provider.project_info
"""

EXAMPLES = r"""
- name: List who has which role in the projects that use a service provider
  waldur.provider.project_permission_info:
    service_provider: ALPHA
    order_by: [username, role]
  register: access

- name: Say in which projects each person is
  ansible.builtin.debug:
    msg: "{{ item.0 }}: {{ item.1 | map(attribute='project_name') | unique | join(', ') }}"
  loop: "{{ access.project_permissions | groupby('user_username') | map('list') }}"
  loop_control:
    label: "{{ item.0 }}"

- name: Show the grants that end within 30 days
  ansible.builtin.debug:
    msg: "{{ ending | selectattr('expiration_time', 'lt', last_day) }}"
  vars:
    ending: "{{ access.project_permissions | selectattr('expiration_time') }}"
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 30 * 86400, utc=true) }}"

- name: List the projects through which one person reaches the service provider
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

- name: Show where to write to about each project
  ansible.builtin.debug:
    msg: "{{ managers.project_permissions | items2dict(key_name='project_name', value_name='user_email') }}"

- name: List the members of one project
  waldur.provider.project_permission_info:
    service_provider: BETA
    scope: Project d2
    fields: [user_username, role_name]

# Who is in a project, from the command line:
# ansible localhost -m waldur.provider.project_permission_info -a 'service_provider=BETA scope="Project d2"'
"""

RETURN = r"""
project_permissions:
  description:
    - The grants, as Waldur lists them.
    - Newer versions of Waldur give more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The short name of the role.
      type: str
      sample: manager
    role_name:
      description: The name of the role.
      type: str
      sample: PROJECT.MANAGER
    created:
      description: When the role was granted.
      type: str
      sample: "2026-11-22T21:16:00.961412+00:00"
    expiration_time:
      description: When the grant ends, or V(none) where it doesn't.
      type: str
      sample: null
    created_by:
      description: The URL of the user who granted the role.
      type: str
      sample: https://waldur.example.org/api/users/e47dc660df0240318b589613d52acdff/
    created_by_full_name:
      description: The name of the user who granted the role.
      type: str
      sample: ""
    created_by_username:
      description: The username of the user who granted the role.
      type: str
      sample: admin
    project:
      description: The URL of the project in the API.
      type: str
      sample: https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/
    project_uuid:
      description: The UUID of the project.
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    project_name:
      description: The name of the project.
      type: str
      sample: Project c1
    project_created:
      description: When the project was created.
      type: str
      sample: "2026-11-22T21:16:00.763696+00:00"
    project_end_date:
      description: The last day of the project, or V(none) where it has none.
      type: str
      sample: "2030-12-31"
    customer_uuid:
      description: The UUID of the project's customer.
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of the project's customer.
      type: str
      sample: Consumer Institute
    user:
      description: The URL of the user in the API.
      type: str
      sample: https://waldur.example.org/api/users/87fc856f7d1641ff82a9c16ab4139fa0/
    user_full_name:
      description: The name of the user.
      type: str
      sample: Pm1 Tester
    user_native_name:
      description: The name of the user in the user's own language.
      type: str
      sample: ""
    user_username:
      description: The username of the user.
      type: str
      sample: pm1
    user_uuid:
      description: The UUID of the user.
      type: str
      sample: 87fc856f7d1641ff82a9c16ab4139fa0
    user_email:
      description: The e-mail address of the user.
      type: str
      sample: pm1@example.org
count:
  description: How many grants are returned.
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
