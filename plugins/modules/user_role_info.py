#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_role_info
short_description: List who has which role on a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the roles that people have on the service provider itself, such as C(CUSTOMER.MANAGER), one row for each
    grant, with the moment at which it ends.
  - Grants that were revoked and those of deactivated users are left out. A grant that has expired is listed until
    Waldur's daily clean-up, and gives access until then.
  - Roles on the provider's customer, such as that of its owners, are not among them. For the roles in the projects that
    use the service provider, use M(waldur.provider.project_permission_info).
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
    description:
      - A part of the name in the person's own language, in any case. The rows don't tell that name, so what the server
        answers is believed.
    type: str
  user_slug:
    description: A part of the user's slug, in any case.
    type: str
  search_string:
    description:
      - A part of the first name, the last name or the e-mail address, in any case, and since 2026 of the username too.
    type: str
  role:
    description: Only grants of this role, by name, exactly as written, or by UUID or URL.
    type: raw
  order_by:
    description:
      - What to sort the grants by, the most important first. A C(-) before a name turns its order round.
      - Text is sorted without regard to case and accents. Grants without a value come last either way, so those that
        never end come after those that do. Equal ones stay as they came.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says. V(native_name) is an error
        where they don't tell it, as on all versions so far.
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
  - Before 2026 everyone who can see the service provider may read the list. Since then the token must be of staff or
    support, of someone with a role on the service provider, or of someone with C(CUSTOMER.VIEW_TEAM) on its customer or
    C(PROJECT.VIEW_TEAM) on one of that customer's projects.
  - Roles on service providers came with Waldur of 2025. On an older one the task fails, and says so.
seealso:
  - module: waldur.provider.user_role
    description: Grant, extend and revoke these roles.
  - module: waldur.provider.project_permission_info
    description: Who has which role in the projects that use the service provider.
  - module: waldur.provider.user_info
"""

EXAMPLES = r"""
- name: List who has access to a service provider, and until when
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

- name: Show whose access ends within 30 days
  ansible.builtin.debug:
    msg: "{{ access.user_roles | selectattr('expiration_time') | selectattr('expiration_time', 'lt', last_day) }}"
  vars:
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 30 * 86400, utc=true) }}"

- name: Show whose access never ends
  ansible.builtin.debug:
    msg: "{{ access.user_roles | rejectattr('expiration_time') | map(attribute='user_username') | join(', ') }}"

- name: List the roles of one person
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

- name: Show them by service provider
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
    - The grants, as Waldur lists them.
    - Newer versions of Waldur give more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The UUID of the grant.
      type: str
      sample: dbad933ca0f14e1eb8b1f5dd391d17a5
    created:
      description: When the role was granted.
      type: str
      sample: "2026-11-22T21:16:00.324501+00:00"
    expiration_time:
      description: When the grant ends, or V(none) where it doesn't.
      type: str
      sample: null
    role_name:
      description: The name of the role.
      type: str
      sample: CUSTOMER.MANAGER
    role_uuid:
      description: The UUID of the role.
      type: str
      sample: d51bab95e9a74d39be894869c14ec67e
    user_email:
      description: The e-mail address of the user.
      type: str
      sample: manager_alpha@example.org
    user_full_name:
      description: The name of the user.
      type: str
      sample: Manager alpha Tester
    user_username:
      description: The username of the user.
      type: str
      sample: manager_alpha
    user_uuid:
      description: The UUID of the user.
      type: str
      sample: 551b22bc52224067a423ce9d73c31321
    user_image:
      description: The URL of the user's image.
      type: str
      sample: null
    created_by_full_name:
      description: The name of the user who granted the role. Missing where Waldur itself did.
      type: str
      sample: ""
    created_by_uuid:
      description: The UUID of the user who granted the role. Missing where Waldur itself did.
      type: str
      sample: e47dc660df0240318b589613d52acdff
count:
  description: How many grants are returned.
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
