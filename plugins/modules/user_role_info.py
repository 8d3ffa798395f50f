#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_role_info
short_description: List the role grants of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the roles that users have in the service provider itself, such as C(CUSTOMER.MANAGER), one row for each role
    grant, with its expiry.
  - Revoked role grants and those of deactivated users are not listed. An expired role grant is listed until the daily
    cleanup of Waldur, and gives access until then.
  - Roles in the provider's customer, such as that of its owners, are not included. For the roles in the projects that
    use the service provider, use M(waldur.provider.project_permission_info).
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  user:
    description:
      - Only role grants of this user. By username (case-sensitive), e-mail address (case-insensitive), UUID or URL.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_url]
  username:
    description: The exact username (case-sensitive). It is no error if there is no such user.
    type: str
  full_name:
    description: A part of the user's name (case-insensitive, ignoring accents).
    type: str
  native_name:
    description:
      - A part of the name in the native language of the user (case-insensitive). The rows do not contain that name, so
        the result of the server is not checked.
    type: str
  user_slug:
    description: A part of the user's slug (case-insensitive).
    type: str
  search_string:
    description:
      - A part of the first name, the last name or the e-mail address (case-insensitive), and since 2026 of the username
        too.
    type: str
  role:
    description: Only role grants of this role, by name, exactly as written, or by UUID or URL.
    type: raw
  order_by:
    description:
      - What to sort the role grants by, the most important first. A C(-) before a name reverses the order.
      - Text is sorted without regard to case and accents. Role grants without a value are always last, so those that
        never expire are after those that do. Equal ones keep their order.
      - The collection sorts the rows, so all of them are read first, regardless of O(limit). V(native_name) is an error
        if the rows do not contain it, as in all versions so far.
      - If omitted, the role grants are in the order of Waldur.
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
  - Before 2026, every user who may read the service provider may read the list. Since 2026, the token must belong to
    staff or support, to a user with a role in the service provider, or to a user with C(CUSTOMER.VIEW_TEAM) in its
    customer or C(PROJECT.VIEW_TEAM) in one of the projects of that customer.
  - Roles in service providers require Waldur 2025 or newer. With an older version, the task fails, and the message says
    so.
seealso:
  - module: waldur.provider.user_role
    description: Manage these role grants.
  - module: waldur.provider.project_permission_info
    description: The role grants in the projects that use the service provider.
  - module: waldur.provider.user_info
"""

EXAMPLES = r"""
- name: List the role grants of a service provider
  waldur.provider.user_role_info:
    service_provider: ALPHA
    order_by: [expiration_time, username]
  register: access

- name: Show the list
  ansible.builtin.debug:
    msg: "{{ item.user_username }} as {{ item.role_name }} until {{ item.expiration_time or 'further notice' }}"
  loop: "{{ access.user_roles }}"
  loop_control:
    label: "{{ item.user_username }}"

- name: Show the role grants that expire within 30 days
  ansible.builtin.debug:
    msg: "{{ access.user_roles | selectattr('expiration_time') | selectattr('expiration_time', 'lt', last_day) }}"
  vars:
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 30 * 86400, utc=true) }}"

- name: Show the role grants that never expire
  ansible.builtin.debug:
    msg: "{{ access.user_roles | rejectattr('expiration_time') | map(attribute='user_username') | join(', ') }}"

- name: List the role grants of one user
  waldur.provider.user_role_info:
    service_provider: ALPHA
    user: manager_alpha@example.org

- name: List the managers of several service providers
  waldur.provider.user_role_info:
    service_provider: "{{ item }}"
    role: CUSTOMER.MANAGER
    fields: [user_username, user_email]
  loop: [ALPHA, BETA]
  register: managers

- name: Show the managers by service provider
  ansible.builtin.debug:
    msg: "{{ item.item }}: {{ item.user_roles | map(attribute='user_email') | join(', ') or 'none' }}"
  loop: "{{ managers.results }}"
  loop_control:
    label: "{{ item.item }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.user_role_info -a 'service_provider=ALPHA order_by=expiration_time,username'
"""

RETURN = r"""
user_roles:
  description:
    - The role grants, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of list_users
    uuid:
      description: The UUID of the role grant.
      returned: always
      type: str
      sample: dbad933ca0f14e1eb8b1f5dd391d17a5
    created:
      description: When the role was granted.
      returned: always
      type: str
      sample: "2026-11-22T21:16:00.324501+00:00"
    expiration_time:
      description: When the role grant expires, or V(none) if it never expires.
      returned: always
      type: str
      sample: null
    role_name:
      description: The name of the role.
      returned: always
      type: str
      sample: CUSTOMER.MANAGER
    role_uuid:
      description: The UUID of the role.
      returned: always
      type: str
      sample: d51bab95e9a74d39be894869c14ec67e
    user_email:
      description: The e-mail address of the user.
      returned: always
      type: str
      sample: manager_alpha@example.org
    user_full_name:
      description: The name of the user.
      returned: always
      type: str
      sample: Manager alpha Tester
    user_username:
      description: The username of the user.
      returned: always
      type: str
      sample: manager_alpha
    user_uuid:
      description: The UUID of the user.
      returned: always
      type: str
      sample: 551b22bc52224067a423ce9d73c31321
    user_image:
      description: The URL of the user's image.
      returned: always
      type: str
      sample: null
    created_by_full_name:
      description: The name of the user who granted the role. Missing if Waldur itself granted it.
      returned: always
      type: str
      sample: ""
    created_by_uuid:
      description: The UUID of the user who granted the role. Missing if Waldur itself granted it.
      returned: always
      type: str
      sample: e47dc660df0240318b589613d52acdff
    source:
      description: Where the grant came from, such as a group sync.
      returned: since Waldur 2026
      type: str
      sample: ""
    # End of the generated fields
count:
  description: The number of returned role grants.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("user_role_info")


if __name__ == "__main__":
    main()
