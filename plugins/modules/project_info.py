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
    provider. Projects that were removed are left out.
  - With O(project_customer), the projects of this one customer, from another list of Waldur, whose rows have fewer keys
    but tell how many people a project has.
  - Several filters narrow the list down together.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  project_customer:
    description:
      - Reads the list of this one customer's projects instead, with other rows (see RV(projects)) and a permission of
        its own (see the notes).
      - By name, abbreviation or slug, exactly as written, or by UUID or URL. Who can't see all customers may name those
        that the service provider serves.
      - To filter the usual list by customers, use O(customer).
    type: raw
    aliases: [project_customer_uuid]
  customer:
    description:
      - Only projects of one of these customers, each by name, abbreviation or slug, exactly as written, or by UUID or
        URL.
      - A name with a comma in it must stand in a YAML list, as Ansible parts text at commas.
    type: list
    elements: raw
  customer_name:
    description: A part of the name of the customer, in any case.
    type: str
  customer_abbreviation:
    description: A part of the abbreviation of the customer, in any case.
    type: str
  customer_native_name:
    description: A part of the name in the customer's own language, in any case.
    type: str
  name:
    description: A part of the project's name, in any case.
    type: str
  name_exact:
    description:
      - The whole name of the project. Upper and lower case matter. Several customers may have a project of that name.
    type: str
  slug:
    description: The whole slug.
    type: str
  description:
    description: A part of the description, in any case.
    type: str
  query:
    description:
      - A text that the server looks for as a part of several fields, of which one has to hold it. The name is among
        them.
    type: str
  backend_id:
    description: The whole identifier that another system gave to the project.
    type: str
  created:
    description:
      - Only projects that were created at this moment or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC
        where no offset is given), or a date such as V("2026-11-01"), which means its midnight in UTC.
    type: str
  created_before:
    description:
      - Only projects that were created at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one it is applied to the rows here, but with
        O(project_customer), whose rows don't tell, the task fails.
    type: str
  modified:
    description: Only projects that were changed at this moment or later, written as O(created).
    type: str
  modified_before:
    description:
      - Only projects that were changed at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  conceal_finished_projects:
    description: With V(true), projects whose end date has passed are left out.
    type: bool
  is_removed:
    description:
      - Only projects that were removed, or with V(false) only others. As the list has no removed ones to begin with,
        V(true) finds nothing.
      - The rows of a Waldur of 2024 don't have C(is_removed). None of them is a removed project.
    type: bool
  can_manage:
    description:
      - With V(true), only projects that the token's own user manages, or whose customer this user owns.
    type: bool
  can_admin:
    description: With V(true), only projects of which the token's own user is an administrator.
    type: bool
  current_user_has_role:
    description:
      - Only projects in which the token's own user has a role, passed on as given. The API's reference only says that
        it is a list.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: list
    elements: str
  user_uuid_with_active_role:
    description:
      - Only projects in which this user has a role at present. By username (exactly as written), else by e-mail address
        (in any case), or by UUID or URL.
      - Waldur knows this filter since 2026. On an older one the task fails. M(waldur.provider.project_permission_info)
        tells it there.
    type: raw
  has_affiliation:
    description:
      - Only projects that have an affiliation, or with V(false) only those that have none.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: bool
  affiliation:
    description:
      - Only projects with one of these affiliations, by UUID or URL, as the API tells no names of them.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: list
    elements: raw
    aliases: [affiliation_uuid]
  affiliation_name:
    description:
      - The name of the affiliation. The API's reference doesn't say whether a part of it will do.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  science_domain:
    description:
      - Only projects of this science domain, by UUID or URL, as the API tells no names of them here.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: raw
    aliases: [science_domain_uuid]
  science_sub_domain:
    description:
      - Only projects of this part of a science domain, by UUID or URL, as the API tells no names of them here.
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: raw
    aliases: [science_sub_domain_uuid]
  order_by:
    description:
      - What to sort the projects by, the most important first. A C(-) before a name turns its order round.
      - Text is sorted without regard to case and accents. Projects without a value come last either way, and equal ones
        stay as they came.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says. With O(project_customer) they
        tell the name, the end date and the price only, and anything else is an error.
      - Left out, the projects come in the order that Waldur gives them.
    type: list
    elements: str
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
  - It takes the permission C(SERVICE_PROVIDER.LIST_PROJECTS), and with O(project_customer)
    C(SERVICE_PROVIDER.LIST_CUSTOMER_PROJECTS), on the provider's customer, which owners have; since 2026 a role on the
    service provider will do, such as that of its managers. On Waldur of 2024 it takes the role C(CUSTOMER.OWNER) there
    instead, and everyone who is logged in may read the projects of one customer.
  - Waldur of 2024 ignores the filters of this list, all but O(project_customer). There those that the rows can tell are
    applied here, such as O(name), O(customer) and O(created), and others fail the task.
seealso:
  - module: waldur.provider.customer_info
  - module: waldur.provider.project_permission_info
    description: Who has which role in these projects.
"""

EXAMPLES = r"""
- name: List the projects that use a service provider
  waldur.provider.project_info:
    service_provider: ALPHA
  register: running

- name: Say until when each of them lasts
  ansible.builtin.debug:
    msg: "{{ item.customer_name }}, {{ item.name }}: until {{ item.end_date or 'further notice' }}"
  loop: "{{ running.projects }}"
  loop_control:
    label: "{{ item.name }}"

- name: List the projects of two customers, those that end first on top
  waldur.provider.project_info:
    service_provider: ALPHA
    customer: [CONSUMER, Delta University]
    conceal_finished_projects: true
    order_by: [end_date, name]
    fields: [name, customer_name, end_date]
  register: lasting

- name: Show those that end within 90 days
  ansible.builtin.debug:
    msg: "{{ lasting.projects | selectattr('end_date') | selectattr('end_date', 'le', last_day) }}"
  vars:
    last_day: "{{ '%Y-%m-%d' | strftime((now(utc=true).timestamp() | int) + 90 * 86400, utc=true) }}"

- name: Find the projects that began to use the service provider lately
  waldur.provider.project_info:
    service_provider: BETA
    created: "2026-11-01"
    order_by: -created

- name: See how many people and resources each project of one customer has
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
    - Newer versions of Waldur give more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: The URL of the project in the API.
      returned: without O(project_customer)
      type: str
      sample: https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/
    uuid:
      description: The UUID of the project.
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    name:
      description: The name of the project.
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
      description: What the project is about.
      type: str
      sample: seed c1
    customer_display_billing_info_in_projects:
      description: Whether the people of the project see what it costs.
      returned: without O(project_customer)
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
      returned: without O(project_customer)
      type: str
      sample: null
    type_uuid:
      description: The UUID of the project's type.
      returned: without O(project_customer)
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
      description: The last day of the project, or V(none) where it has none.
      type: str
      sample: "2030-12-31"
    end_date_requested_by:
      description: The URL of the user who asked for that last day.
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
      type: int
      sample: 3
    users_count:
      description: How many people the project has.
      returned: with O(project_customer)
      type: int
      sample: 4
    max_service_accounts:
      description: How many service accounts the project may have, or V(none) where nothing limits them.
      returned: without O(project_customer)
      type: int
      sample: null
    kind:
      description: What kind of project it is.
      returned: without O(project_customer)
      type: str
      sample: default
    is_removed:
      description: Whether the project was removed.
      returned: without O(project_customer)
      type: bool
      sample: false
    termination_metadata:
      description: How the project was ended.
      returned: without O(project_customer)
      type: dict
      sample: null
    staff_notes:
      description: What staff noted about the project. Only staff see it.
      returned: without O(project_customer)
      type: str
      sample: ""
    grace_period_days:
      description: For how many days after its last day the project goes on.
      returned: without O(project_customer)
      type: int
      sample: null
    project_credit:
      description: The credit that the project has.
      returned: without O(project_customer)
      type: float
      sample: null
    marketplace_resource_count:
      description: How many resources the project has in each category, by the UUID of the category.
      returned: without O(project_customer)
      type: dict
      sample: {f91075dcbbc545d7a6295d83418d6a4a: 1, e72d914746be409d94c0daacfc5266ea: 1}
    billing_price_estimate:
      description: What the project is expected to pay for the present month. With O(project_customer) only for the
        resources of the service provider.
      type: dict
      sample: {total: 45.6, current: 45.6, tax: 0.0, tax_current: 0.0}
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
