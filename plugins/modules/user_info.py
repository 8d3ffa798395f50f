#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_info
short_description: List the users of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the users of the service provider, who have a role in a project with a live resource of one of its shared
    offerings.
  - If Waldur requires the consent of users, only users who gave it are listed, and those of offerings without terms of
    service. Since Waldur 2026, a warning says so, but can't name the users who are missing.
  - For the users who manage the service provider itself, use M(waldur.provider.user_role_info).
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
  - waldur.provider.filters.username
  - waldur.provider.filters.native_name
options:
  username_list:
    description:
      - Only users with one of these usernames, each written exactly. Unknown usernames are ignored.
      - Waldur supports this filter since 2025. With an older version, the collection applies it to the rows.
    type: list
    elements: str
  email:
    description: A part of the e-mail address (case-insensitive). Several users may share an address.
    type: str
  full_name:
    description: A part of the name (case-insensitive, ignoring accents).
    type: str
  user_keyword:
    description: A part of the name, the e-mail address or the username (case-insensitive).
    type: str
  query:
    description:
      - A text that one of several fields must contain. The server searches them. Name, native name, username, e-mail
        address, phone number and civil number are among them.
    type: str
  project:
    description:
      - Only users with a role in this project. By its exact name, among the projects that use the service provider, or
        by UUID or URL. If several projects have that name, the task fails, and the message lists their UUIDs.
      - A name also requires the permission C(SERVICE_PROVIDER.LIST_PROJECTS).
    type: raw
    aliases: [project_uuid]
  project_roles:
    description:
      - Only users with one of these roles in a project, by the names of the roles, sent unchanged. The API reference
        does not describe the format. M(waldur.provider.project_permission_info) returns the same information reliably.
    type: str
  customer:
    description:
      - Only users with a role in this customer. By name, abbreviation or slug (case-sensitive), UUID or URL.
      - With Waldur 2024, the task fails, because it can't filter by this value.
    type: raw
    aliases: [customer_uuid]
  organization_roles:
    description:
      - Only users with one of these roles in a customer, by the names of the roles, sent unchanged. The API reference
        does not describe the format.
    type: str
  organization:
    description: A part of the name of the user's employer (case-insensitive). It is a text of the profile, not a
      customer.
    type: str
  job_title:
    description: A part of the job title (case-insensitive).
    type: str
  description:
    description: The exact description of the user.
    type: str
  phone_number:
    description: The exact phone number, as in Waldur.
    type: str
  civil_number:
    description: The exact civil number.
    type: str
  registration_method:
    description: The registration method of the user, exactly as the server calls it, such as V(default).
    type: str
  is_active:
    description: Only users who are active, or with V(false) only those who are deactivated.
    type: bool
  is_staff:
    description: Only users who are staff of Waldur, or with V(false) only the others.
    type: bool
  is_support:
    description: Only users who are support of Waldur, or with V(false) only the others.
    type: bool
  date_joined:
    description:
      - Only users who were registered at this time or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC if
        it has no offset), or a date such as V("2026-11-01"), which means midnight in UTC.
    type: str
  agreement_date:
    description: Only users who agreed to the terms at this time or later, written as O(date_joined).
    type: str
  modified:
    description: Only users whose profile was changed at this time or later, written as O(date_joined).
    type: str
  order_by:
    choices:
      - description
      - email
      - full_name
      - is_active
      - is_staff
      - is_support
      - job_title
      - native_name
      - organization
      - phone_number
      - registration_method
      - username
      - -description
      - -email
      - -full_name
      - -is_active
      - -is_staff
      - -is_support
      - -job_title
      - -native_name
      - -organization
      - -phone_number
      - -registration_method
      - -username
notes:
  - The rows of Waldur before 2026 do not contain all keys of O(order_by), such as V(job_title). Sorting by a key that
    no row has is an error.
  - Requires the permission C(SERVICE_PROVIDER.LIST_USERS) on the provider's customer, which owners have. Since 2026, a
    role on the service provider is enough, such as that of its managers. In Waldur 2024, the role C(CUSTOMER.OWNER) in
    the customer is required instead.
  - Since 2026, an offering can hide parts of user profiles, and only staff and support may read C(is_active). Such keys
    are then missing, so use C(default()) for all keys except C(uuid).
seealso:
  - module: waldur.provider.project_permission_info
    description: The role grants of these users in projects.
  - module: waldur.provider.ssh_key_info
  - module: waldur.provider.offering_username_info
    description: The usernames of these users in the offerings.
  - module: waldur.provider.user_role_info
    description: The role grants of the service provider itself.
"""

EXAMPLES = r"""
- name: List the users of a service provider
  waldur.provider.user_info:
    service_provider: ALPHA
    order_by: username
  register: users

- name: Show the e-mail addresses
  ansible.builtin.debug:
    msg: "{{ users.users | map(attribute='email') | select | unique | join(', ') }}"

- name: Find users by their usernames
  waldur.provider.user_info:
    service_provider: ALPHA
    username_list: [member1, member2, pm1]
    fields: [uuid, username, full_name]
  register: found

- name: Show their UUIDs
  ansible.builtin.debug:
    msg: "{{ found.users | items2dict(key_name='username', value_name='uuid') }}"

- name: Find a user by a part of the name
  waldur.provider.user_info:
    service_provider: BETA
    user_keyword: member4

- name: List the users of one project
  waldur.provider.user_info:
    service_provider: ALPHA
    project: Project c1
    fields: [full_name, email]

- name: List the users of one customer with their phone numbers, which must be named in fields
  waldur.provider.user_info:
    service_provider: ALPHA
    customer: CONSUMER
    fields: [full_name, phone_number]

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.user_info -a 'service_provider=ALPHA order_by=username'
"""

RETURN = r"""
users:
  description:
    - The users, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of users
    uuid:
      description: The UUID of the user.
      returned: always
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    username:
      description: The username of the user.
      returned: always
      type: str
      sample: member1
    full_name:
      description: The name of the user.
      returned: always
      type: str
      sample: Member1 Tester
    first_name:
      description: The first name of the user.
      returned: always
      type: str
      sample: Member1
    last_name:
      description: The last name of the user.
      returned: always
      type: str
      sample: Tester
    organization:
      description: The name of the user's employer.
      returned: always
      type: str
      sample: ""
    email:
      description: The e-mail address of the user.
      returned: always
      type: str
      sample: member1@example.org
    phone_number:
      description: The phone number of the user.
      returned: when O(fields) names it
      type: str
      sample: ""
    projects_count:
      description: The number of projects that use the service provider in which the user has a role.
      returned: always
      type: int
      sample: 2
    registration_method:
      description: The registration method of the user.
      returned: always
      type: str
      sample: default
    affiliations:
      description: The affiliations of the user, from an identity provider.
      returned: always
      type: list
      elements: str
      sample: []
    is_active:
      description: Whether the user is active. Since 2026, only staff and support may read it.
      returned: always
      type: bool
      sample: true
    # End of the generated fields
count:
  description: How many users are returned.
  returned: success
  type: int
  sample: 7
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("user_info")


if __name__ == "__main__":
    main()
