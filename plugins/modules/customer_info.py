#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: customer_info
short_description: List the customers of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the customers (organizations) that have a resource of a shared offering of the service provider, unless that
    resource is terminated, with their projects, users and estimated price.
  - With O(user), only those in which this user has a role, in the customer or in one of its projects.
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
      - Only customers that this user can access. By username (case-sensitive), e-mail address (case-insensitive), UUID
        or URL.
      - Waldur has another list for it, which returns the same rows. It requires a separate permission, see the notes.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_uuid]
  name:
    description: A part of the customer's name (case-insensitive).
    type: str
  name_exact:
    description: The exact name of the customer. Case-sensitive.
    type: str
  abbreviation:
    description: A part of the abbreviation (case-insensitive).
    type: str
  native_name:
    description: A part of the name in the customer's own language (case-insensitive).
    type: str
  slug:
    description:
      - The exact slug.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows, and the
        task fails if they have no slug.
    type: str
  query:
    description:
      - A text that one of several fields must contain. The server searches them. Name, native name, abbreviation,
        registration code, agreement number and e-mail address are among them.
    type: str
  registration_code:
    description: The exact registration code of the customer.
    type: str
  agreement_number:
    description: The exact number of the agreement with the customer.
    type: str
  backend_id:
    description: The exact identifier that another system gave to the customer.
    type: str
  contact_details:
    description: A part of the contact details (case-insensitive).
    type: str
  archived:
    description: Only customers that are archived, or with V(false) only the others.
    type: bool
  organization_group:
    description:
      - Only customers in one of these organization groups, by UUID or URL, because the API does not return their names.
    type: list
    elements: raw
    aliases: [organization_group_uuid]
  organization_group_name:
    description: A part of the name of the organization group (case-insensitive).
    type: str
  owned_by_current_user:
    description: With V(true), only customers that the user of the token owns.
    type: bool
  current_user_has_role:
    description:
      - Only customers in which the user of the token has a role. The value is sent unchanged. The API reference only
        says that it is a list.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: str
  current_user_has_project_create_permission:
    description:
      - With V(true), only customers in which the user of the token may create projects.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_CUSTOMERS) on the provider's customer, which owners have. Since
    2026, a role on the service provider is enough, such as that of its managers. O(user) requires
    C(SERVICE_PROVIDER.LIST_USER_CUSTOMERS) on the customer, for which a role on the service provider is not enough. In
    Waldur 2024, every user may read it.
  - Each row requires many database queries on the server. If there are many customers, name the O(fields) that you
    need.
  - Waldur 2024 ignores the filters of this list, except O(user). There, the collection applies O(name), O(name_exact)
    and O(abbreviation) to the rows, and with other filters the task fails.
seealso:
  - module: waldur.provider.project_info
    description: The projects of these customers that use the provider.
  - module: waldur.provider.user_info
  - module: waldur.provider.revenue_info
"""

EXAMPLES = r"""
- name: List the customers of a service provider
  waldur.provider.customer_info:
    service_provider: ALPHA
  register: served

- name: Show the number of users of each customer
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.users_count }} users in {{ item.projects_count }} projects"
  loop: "{{ served.customers }}"
  loop_control:
    label: "{{ item.name }}"

- name: Find customers by a part of their name, with few fields
  waldur.provider.customer_info:
    service_provider: ALPHA
    name: university
    fields: [name, email]

- name: List the three customers with the highest price
  waldur.provider.customer_info:
    service_provider: Beta HPC Centre
    order_by: -billing_price_estimate
    limit: 3
    fields: [name, billing_price_estimate]
  register: largest

- name: Show the estimated price of each of them this month
  ansible.builtin.debug:
    msg: "{{ largest.customers | items2dict(key_name='name', value_name='billing_price_estimate') }}"

- name: List the customers that a user can access
  waldur.provider.customer_info:
    service_provider: ALPHA
    user: member1

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.customer_info -a service_provider=ALPHA
"""

RETURN = r"""
customers:
  description:
    - The customers, as Waldur lists them.
    - Newer versions of Waldur return more keys than these. The phone number is only there when O(fields) names it.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of customers, user_customers
    uuid:
      description: The UUID of the customer.
      returned: always
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    name:
      description: The name of the customer.
      returned: always
      type: str
      sample: Consumer Institute
    slug:
      description: A short name for use in addresses.
      returned: since Waldur 2025
      type: str
      sample: consumer-1
    abbreviation:
      description: The abbreviation of the customer.
      returned: always
      type: str
      sample: CONSUMER
    phone_number:
      description: The phone number of the customer.
      returned: when O(fields) names it
      type: str
      sample: ""
    email:
      description: The e-mail address of the customer.
      returned: always
      type: str
      sample: consumer@example.org
    payment_profiles:
      description: How the customer pays.
      returned: always
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the payment profile.
          returned: always
          type: str
          sample: 6c1f0f0a5c3b4d7c8a5e2b9d1f3a4c5e
        url:
          description: The URL of the payment profile in the API.
          returned: always
          type: str
          sample: https://waldur.example.org/api/payment-profiles/6c1f0f0a5c3b4d7c8a5e2b9d1f3a4c5e/
        name:
          description: The name of the payment profile.
          returned: always
          type: str
          sample: Contract of 2026
        organization_uuid:
          description: The UUID of the customer to which the profile belongs.
          returned: always
          type: str
          sample: 47d72aa7327a4e45944a42b02349eb16
        organization:
          description: The URL of that customer in the API.
          returned: always
          type: str
          sample: https://waldur.example.org/api/customers/47d72aa7327a4e45944a42b02349eb16/
        attributes:
          description: The terms of the payment.
          returned: always
          type: dict
          contains:
            end_date:
              description: The last day on which the terms are valid.
              returned: always
              type: str
              sample: "2026-12-31"
            agreement_number:
              description: The number of the agreement with the customer.
              returned: always
              type: str
              sample: A-17
            contract_sum:
              description: The total price that was agreed.
              returned: always
              type: int
              sample: 12000
        payment_type:
          description: The kind of payment, as an identifier.
          returned: always
          type: str
          sample: fixed_price
        payment_type_display:
          description: The kind of payment, as a text for users.
          returned: always
          type: str
          sample: Fixed-price contract
        is_active:
          description: Whether the profile is the one in use.
          returned: always
          type: bool
          sample: true
    billing_price_estimate:
      description: The estimated price of the customer for this service provider in the current month.
      returned: always
      type: dict
      sample: {total: 27.6, current: 27.6, tax: 0.0, tax_current: 0.0}
    projects_count:
      description: How many projects of the customer use the service provider.
      returned: always
      type: int
      sample: 2
    users_count:
      description: The number of users in these projects.
      returned: always
      type: int
      sample: 5
    projects:
      description: The projects of the customer that use the service provider.
      returned: always
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the project.
          returned: always
          type: str
          sample: 166880ed37384add85492b3e26ccc70e
        name:
          description: The name of the project.
          returned: always
          type: str
          sample: Project c1
        image:
          description: The URL of the project's image.
          returned: always
          type: str
          sample: null
    users:
      description: The users in these projects.
      returned: always
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the user.
          returned: always
          type: str
          sample: 51d1acdbef2e4274bda95a1ce5391e54
        full_name:
          description: The name of the user.
          returned: always
          type: str
          sample: Member1 Tester
        email:
          description: The e-mail address of the user.
          returned: always
          type: str
          sample: member1@example.org
        image:
          description: The URL of the user's image.
          returned: always
          type: str
          sample: null
    # End of the generated fields
count:
  description: How many customers are returned.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("customer_info")


if __name__ == "__main__":
    main()
