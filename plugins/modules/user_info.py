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
  - Lists the people who use the service provider, that is who have a role in a project with a live resource of one of
    its shared offerings.
  - Where Waldur asks people for their consent, only those who gave it are listed, and those of offerings without terms
    of service.
  - For the people who manage the service provider itself, use M(waldur.provider.user_role_info).
  - Several filters narrow the list down together.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  username:
    description: The whole username. Upper and lower case matter. Nobody of that name is no error.
    type: str
  username_list:
    description:
      - Only users with one of these usernames, each written exactly. Those whom nobody has are passed over.
      - Waldur knows this filter since 2025. On an older one it is applied to the rows here.
    type: list
    elements: str
  email:
    description: A part of the e-mail address, in any case. Several people may share an address.
    type: str
  full_name:
    description: A part of the name, in any case, with or without accents.
    type: str
  native_name:
    description: A part of the name in the person's own language, in any case.
    type: str
  user_keyword:
    description: A part of the name, the e-mail address or the username, in any case.
    type: str
  query:
    description:
      - A text that the server looks for as a part of several fields, of which one has to hold it. Name, native name,
        username, e-mail address, phone number and civil number are among them.
    type: str
  project:
    description:
      - Only users with a role in this project. By its whole name, among the projects that use the service provider, or
        by UUID or URL. Where several have that name, the task fails with their UUIDs.
      - A name takes the permission C(SERVICE_PROVIDER.LIST_PROJECTS), too.
    type: raw
    aliases: [project_uuid]
  project_roles:
    description:
      - Only users with one of these roles in a project, by the names of the roles, passed on as given. The API's
        reference doesn't tell the form. M(waldur.provider.project_permission_info) tells the same for sure.
    type: str
  customer:
    description:
      - Only users with a role in this customer. By name, abbreviation or slug, exactly as written, or by UUID or URL.
      - On Waldur of 2024 the task fails, as it can't filter by it.
    type: raw
    aliases: [customer_uuid]
  organization_roles:
    description:
      - Only users with one of these roles in a customer, by the names of the roles, passed on as given. The API's
        reference doesn't tell the form.
    type: str
  organization:
    description: A part of the name of the person's employer, in any case. It is a text of the profile, no customer.
    type: str
  job_title:
    description: A part of the job title, in any case.
    type: str
  description:
    description: The whole description of the user.
    type: str
  phone_number:
    description: The whole phone number, written as it is in Waldur.
    type: str
  civil_number:
    description: The whole civil number.
    type: str
  registration_method:
    description: How the user came to Waldur, exactly as the server calls it, such as V(default).
    type: str
  is_active:
    description: Only users who are active, or with V(false) only those who are deactivated.
    type: bool
  is_staff:
    description: Only users who are staff of Waldur, or with V(false) only others.
    type: bool
  is_support:
    description: Only users who are support of Waldur, or with V(false) only others.
    type: bool
  date_joined:
    description:
      - Only users who were registered at this moment or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC
        where no offset is given), or a date such as V("2026-11-01"), which means its midnight in UTC.
    type: str
  agreement_date:
    description: Only users who agreed to the terms at this moment or later, written as O(date_joined).
    type: str
  modified:
    description: Only users whose profile was changed at this moment or later, written as O(date_joined).
    type: str
  order_by:
    description:
      - What to sort the users by, the most important first. A C(-) before a name turns its order round.
      - Text is sorted without regard to case and accents. Users without a value come last either way, and equal ones
        stay as they came.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says. What the rows of this Waldur
        don't tell, such as V(job_title) before 2026, is an error that lists what they do.
      - Left out, the users come in the order that Waldur gives them.
    type: list
    elements: str
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
  - It takes the permission C(SERVICE_PROVIDER.LIST_USERS) on the provider's customer, which owners have; since 2026 a
    role on the service provider will do, such as that of its managers. On Waldur of 2024 it takes the role
    C(CUSTOMER.OWNER) there instead.
  - Since 2026 an offering may keep parts of people's profiles to itself, and only staff and support see C(is_active).
    Such keys are then missing, so read all but C(uuid) with a C(default()).
seealso:
  - module: waldur.provider.project_permission_info
    description: In which projects these people are, with which role, and until when.
  - module: waldur.provider.ssh_key_info
  - module: waldur.provider.offering_username_info
    description: How these people are called in the offerings.
  - module: waldur.provider.user_role_info
    description: Who manages the service provider itself.
"""

EXAMPLES = r"""
- name: List the users of a service provider
  waldur.provider.user_info:
    service_provider: ALPHA
    order_by: username
  register: people

- name: Show whom to write to
  ansible.builtin.debug:
    msg: "{{ people.users | map(attribute='email') | select | unique | join(', ') }}"

- name: Look some people up by their usernames
  waldur.provider.user_info:
    service_provider: ALPHA
    username_list: [member1, member2, pm1]
    fields: [uuid, username, full_name]
  register: found

- name: Show their UUIDs
  ansible.builtin.debug:
    msg: "{{ found.users | items2dict(key_name='username', value_name='uuid') }}"

- name: Find a person of whom only a part of the name is known
  waldur.provider.user_info:
    service_provider: BETA
    user_keyword: member4

- name: List the people of one project
  waldur.provider.user_info:
    service_provider: ALPHA
    project: Project c1
    fields: [full_name, email]

- name: List the people of one customer with their phone numbers, which have to be asked for
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
    - Newer versions of Waldur give more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The UUID of the user.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    username:
      description: The username of the user.
      type: str
      sample: member1
    full_name:
      description: The name of the user.
      type: str
      sample: Member1 Tester
    first_name:
      description: The first name of the user.
      type: str
      sample: Member1
    last_name:
      description: The last name of the user.
      type: str
      sample: Tester
    organization:
      description: The name of the user's employer.
      type: str
      sample: ""
    email:
      description: The e-mail address of the user.
      type: str
      sample: member1@example.org
    phone_number:
      description: The phone number of the user.
      returned: when O(fields) names it
      type: str
      sample: ""
    projects_count:
      description: In how many projects that use the service provider the user is.
      type: int
      sample: 2
    registration_method:
      description: How the user came to Waldur.
      type: str
      sample: default
    affiliations:
      description: The user's affiliations, as an identity provider told them.
      type: list
      elements: str
      sample: []
    is_active:
      description: Whether the user is active. Since 2026 only staff and support see it.
      type: bool
      sample: true
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
