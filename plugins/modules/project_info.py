#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: project_info
short_description: List the projects that use a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the projects that have a live resource (one that is not terminated) of a shared offering of the service
    provider. Removed projects are not listed.
  - With O(project_customer), the projects of this one customer, from another list of Waldur, whose rows have fewer keys
    but contain the number of users of a project.
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
  - waldur.provider.filters.description
options:
  project_customer:
    description:
      - Reads the list of this one customer's projects instead, with different rows (see RV(projects)) and a separate
        permission (see the notes).
      - By name, abbreviation or slug (case-sensitive), UUID or URL. Tokens that may not read all customers can name
        those of the service provider.
      - To filter the usual list by customers, use O(customer).
    type: raw
    aliases: [project_customer_uuid]
  customer:
    description:
      - Only projects of one of these customers, each by name, abbreviation or slug (case-sensitive), UUID or URL.
      - Write a name that contains a comma in a YAML list, because Ansible splits a string at commas.
    type: list
    elements: raw
  customer_name:
    description: A part of the name of the customer (case-insensitive).
    type: str
  customer_abbreviation:
    description: A part of the abbreviation of the customer (case-insensitive).
    type: str
  customer_native_name:
    description: A part of the name in the customer's own language (case-insensitive).
    type: str
  name:
    description: A part of the project's name (case-insensitive).
    type: str
  name_exact:
    description:
      - The exact name of the project (case-sensitive). Several customers may have a project of that name.
    type: str
  slug:
    description: The exact slug.
    type: str
  query:
    description:
      - A text that one of several fields must contain. The server searches them. The name is among them.
    type: str
  backend_id:
    description: The exact identifier that another system gave to the project.
    type: str
  created:
    description:
      - Only projects that were created at this time or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC if
        it has no offset), or a date such as V("2026-11-01"), which means midnight in UTC.
    type: str
  created_before:
    description:
      - Only projects that were created at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows. With
        O(project_customer), the rows lack the value, and the task fails.
    type: str
  modified:
    description: Only projects that were changed at this time or later, written as O(created).
    type: str
  modified_before:
    description:
      - Only projects that were changed at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails, because the rows lack the value.
    type: str
  conceal_finished_projects:
    description: With V(true), projects whose end date has passed are left out.
    type: bool
  is_removed:
    description:
      - Only projects that were removed, or with V(false) only the others. The list contains no removed ones, so V(true)
        returns nothing.
      - The rows of Waldur 2024 do not have C(is_removed). None of them is a removed project.
    type: bool
  can_manage:
    description:
      - With V(true), only projects that the user of the token manages, or whose customer this user owns.
    type: bool
  can_admin:
    description: With V(true), only projects of which the user of the token is an administrator.
    type: bool
  current_user_has_role:
    description:
      - Only projects in which the user of the token has a role. The value is sent unchanged. The API reference only
        says that it is a list.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: str
  user_uuid_with_active_role:
    description:
      - Only projects in which this user has a role at present. By username (case-sensitive), e-mail address
        (case-insensitive), UUID or URL.
      - Waldur supports this filter since 2026. With an older version, the task fails. Use
        M(waldur.provider.project_permission_info) there.
    type: raw
  has_affiliation:
    description:
      - Only projects that have an affiliation, or with V(false) only the others.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  affiliation:
    description:
      - Only projects with one of these affiliations, by UUID or URL, because the API does not return their names.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: raw
    aliases: [affiliation_uuid]
  affiliation_name:
    description:
      - The name of the affiliation. The API reference does not say whether a part of it is enough.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  science_domain:
    description:
      - Only projects of this science domain, by UUID or URL, because the API does not return their names.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: raw
    aliases: [science_domain_uuid]
  science_sub_domain:
    description:
      - Only projects of this part of a science domain, by UUID or URL, because the API does not return their names.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: raw
    aliases: [science_sub_domain_uuid]
  order_by:
    choices:
      - created
      - customer_abbreviation
      - customer_name
      - customer_native_name
      - end_date
      - estimated_cost
      - name
      - start_date
      - -created
      - -customer_abbreviation
      - -customer_name
      - -customer_native_name
      - -end_date
      - -estimated_cost
      - -name
      - -start_date
notes:
  - With O(project_customer), the rows contain only the name, the end date and the price of the keys of O(order_by). Any
    other key is an error.
  - Requires the permission C(SERVICE_PROVIDER.LIST_PROJECTS), and with O(project_customer)
    C(SERVICE_PROVIDER.LIST_CUSTOMER_PROJECTS), on the provider's customer, which owners have. Since 2026, a role on the
    service provider is enough, such as that of its managers. In Waldur 2024, the role C(CUSTOMER.OWNER) on the customer
    is required instead, and every user may read the projects of one customer.
  - Waldur 2024 ignores the filters of this list, except O(project_customer). There, the collection applies those whose
    values the rows contain, such as O(name), O(customer) and O(created), and with other filters the task fails.
seealso:
  - module: waldur.provider.customer_info
  - module: waldur.provider.project_permission_info
    description: The role grants in these projects.
"""

EXAMPLES = r"""
- name: List the projects that use a service provider
  waldur.provider.project_info:
    service_provider: ALPHA
  register: running

- name: Show the end date of each project
  ansible.builtin.debug:
    msg: "{{ item.customer_name }}, {{ item.name }}: until {{ item.end_date or 'further notice' }}"
  loop: "{{ running.projects }}"
  loop_control:
    label: "{{ item.name }}"

- name: List the projects of two customers, sorted by end date
  waldur.provider.project_info:
    service_provider: ALPHA
    customer: [CONSUMER, Delta University]
    conceal_finished_projects: true
    order_by: [end_date, name]
    fields: [name, customer_name, end_date]
  register: lasting

- name: Show the projects that end within 90 days
  ansible.builtin.debug:
    msg: "{{ lasting.projects | selectattr('end_date') | selectattr('end_date', 'le', last_day) }}"
  vars:
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 90 * 86400, utc=true) }}"

- name: List the projects that were created recently
  waldur.provider.project_info:
    service_provider: BETA
    created: "2026-11-01"
    order_by: -created

- name: List the number of users and resources of each project of a customer
  waldur.provider.project_info:
    service_provider: ALPHA
    project_customer: Consumer Institute
    fields: [name, users_count, resources_count]

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.project_info -a service_provider=ALPHA
"""

RETURN = r"""
projects:
  description:
    - The projects, as Waldur lists them. With O(project_customer) the rows have C(uuid), C(name), C(description),
      C(end_date), C(resources_count), C(users_count) and C(billing_price_estimate).
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of projects, customer_projects
    url:
      description: The URL of the project in the API.
      returned: without O(project_customer)
      type: str
      sample: https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/
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
    slug:
      description: A short name for use in addresses.
      returned: without O(project_customer)
      type: str
      sample: project--2
    customer:
      description: The URL of the customer in the API.
      returned: without O(project_customer)
      type: str
      sample: https://waldur.example.org/api/customers/47d72aa7327a4e45944a42b02349eb16/
    customer_uuid:
      description: The UUID of the customer.
      returned: without O(project_customer)
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of the customer.
      returned: without O(project_customer)
      type: str
      sample: Consumer Institute
    customer_slug:
      description: The slug of the customer.
      returned: without O(project_customer)
      type: str
      sample: consumer-1
    customer_native_name:
      description: The name of the customer in its own language.
      returned: without O(project_customer)
      type: str
      sample: Consumer Institute
    customer_abbreviation:
      description: The abbreviation of the customer.
      returned: without O(project_customer)
      type: str
      sample: CONSUMER
    description:
      description: The description of the project.
      returned: always
      type: str
      sample: seed c1
    customer_display_billing_info_in_projects:
      description: Whether the members of the project can read its costs.
      returned: since Waldur 2025, without O(project_customer)
      type: bool
      sample: false
    created:
      description: When the project was created.
      returned: without O(project_customer)
      type: str
      sample: "2026-11-22T21:16:00.763696+00:00"
    type:
      description: The URL of the project's type in the API.
      returned: without O(project_customer)
      type: str
      sample: null
    type_name:
      description: The name of the project's type.
      returned: since Waldur 2025, without O(project_customer)
      type: str
      sample: null
    type_uuid:
      description: The UUID of the project's type.
      returned: since Waldur 2025, without O(project_customer)
      type: str
      sample: null
    backend_id:
      description: The identifier that another system gave to the project.
      returned: without O(project_customer)
      type: str
      sample: ""
    start_date:
      description: The first day of the project, or V(none).
      returned: without O(project_customer)
      type: str
      sample: "2026-11-01"
    end_date:
      description: The last day of the project, or V(none) if it has none.
      returned: always
      type: str
      sample: "2030-12-31"
    end_date_requested_by:
      description: The URL of the user who requested that last day.
      returned: without O(project_customer)
      type: str
      sample: null
    oecd_fos_2007_code:
      description: The field of science, as its code in the list of the OECD.
      returned: without O(project_customer)
      type: str
      sample: null
    oecd_fos_2007_label:
      description: The name of that field of science.
      returned: without O(project_customer)
      type: str
      sample: null
    is_industry:
      description: Whether the project belongs to industry.
      returned: without O(project_customer)
      type: bool
      sample: false
    image:
      description: The URL of the project's image.
      returned: without O(project_customer)
      type: str
      sample: null
    resources_count:
      description: How many resources the project has. With O(project_customer) only those of the service provider.
      returned: always
      type: int
      sample: 3
    max_service_accounts:
      description: How many service accounts the project may have, or V(none) if there is no limit.
      returned: since Waldur 2025, without O(project_customer)
      type: int
      sample: null
    kind:
      description: The kind of the project.
      returned: since Waldur 2025, without O(project_customer)
      type: str
      sample: default
    is_removed:
      description: Whether the project was removed.
      returned: since Waldur 2025, without O(project_customer)
      type: bool
      sample: false
    termination_metadata:
      description: How the project was ended.
      returned: since Waldur 2025, without O(project_customer)
      type: dict
      sample: null
    staff_notes:
      description: Notes of staff about the project. Only staff can read it.
      returned: since Waldur 2025, without O(project_customer)
      type: str
      sample: ""
    grace_period_days:
      description: The number of days that the project continues after its last day.
      returned: since Waldur 2025, without O(project_customer)
      type: int
      sample: null
    project_credit:
      description: The credit that the project has.
      returned: since Waldur 2025, without O(project_customer)
      type: float
      sample: null
    marketplace_resource_count:
      description: How many resources the project has in each category, by the UUID of the category.
      returned: without O(project_customer)
      type: dict
      sample: {f91075dcbbc545d7a6295d83418d6a4a: 1, e72d914746be409d94c0daacfc5266ea: 1}
    billing_price_estimate:
      description: The estimated price of the project for the current month. With O(project_customer) only for the
        resources of the service provider.
      returned: always
      type: dict
      sample: {total: 45.6, current: 45.6, tax: 0.0, tax_current: 0.0}
    users_count:
      description: The number of users of the project.
      returned: with O(project_customer)
      type: int
      sample: 4
    # End of the generated fields
count:
  description: How many projects are returned.
  returned: success
  type: int
  sample: 3
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("project_info")


if __name__ == "__main__":
    main()
