#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: offering_info
short_description: List the offerings of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the offerings of the service provider in any state, including drafts and archived offerings, with components,
    plans and prices.
  - Only offerings that are shared and billable are listed. Private offerings of the provider are not listed.
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  name:
    description: A part of the offering's name (case-insensitive).
    type: str
  name_exact:
    description: The exact name of the offering. Case-sensitive.
    type: str
  slug:
    description:
      - The exact slug.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  uuid_list:
    description:
      - Only these offerings, each by its exact name, UUID or URL. A name of no offering of the service provider is an
        error.
      - Waldur supports this filter since 2025. With an older version, the collection applies it to the rows.
      - Write a name that contains a comma in a YAML list, because Ansible splits a string at commas.
    type: list
    elements: raw
  state:
    description: Only offerings in one of these states.
    type: list
    elements: str
    choices: [Draft, Active, Paused, Archived, Unavailable]
  type:
    description:
      - Only offerings of one of these types, exactly as the server calls them, such as V(Marketplace.Basic) or
        V(Marketplace.Slurm). An unknown type returns nothing.
    type: list
    elements: str
  keyword:
    description: A part of the name or description of the offering, or of the name of its provider (case-insensitive).
    type: str
  query:
    description:
      - A part of the name, slug or description (case-insensitive). The UUID of an offering matches that offering.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: str
  description:
    description: A part of the description (case-insensitive).
    type: str
  attributes:
    description:
      - The attributes that an offering must have, as a mapping, or as a text of JSON. The available attributes depend
        on the category.
    type: json
  category:
    description: Only offerings of this category, by UUID or URL, because the API does not return their names.
    type: raw
    aliases: [category_uuid]
  category_group:
    description: Only offerings of this group of categories, by UUID or URL, because the API does not return their
      names.
    type: raw
    aliases: [category_group_uuid]
  offering_group:
    description:
      - Only offerings of this group of offerings, by UUID or URL, because the API does not return their names.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: raw
    aliases: [offering_group_uuid]
  parent:
    description:
      - Only offerings that belong to this one, by its exact name among those of the service provider, or by UUID or
        URL.
    type: raw
    aliases: [parent_uuid]
  tag:
    description:
      - Only offerings with one of these tags, by the UUIDs of the tags.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: str
  tag_name:
    description:
      - Only offerings with one of these tags, by the names of the tags.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: str
  tags_and:
    description:
      - Only offerings with all of these tags, as the UUIDs of the tags, joined by commas.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  tag_names_and:
    description:
      - Only offerings with all of these tags, as the names of the tags, joined by commas.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  created:
    description:
      - Only offerings that were created at this time or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC if
        it has no offset), or a date such as V("2026-11-01"), which means midnight in UTC.
    type: str
  created_before:
    description:
      - Only offerings that were created at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails, because the rows lack the value.
    type: str
  modified:
    description: Only offerings that were changed at this time or later, written as O(created).
    type: str
  modified_before:
    description:
      - Only offerings that were changed at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  resource_customer:
    description:
      - Only offerings of which this customer has a live resource. By name, abbreviation or slug (case-sensitive), UUID
        or URL.
    type: raw
    aliases: [resource_customer_uuid]
  resource_project:
    description:
      - Only offerings of which this project has a live resource. By its exact name, among the projects that use the
        service provider, or by UUID or URL.
    type: raw
    aliases: [resource_project_uuid]
  consumer_customer:
    description:
      - Only offerings that this customer consumes. By name, abbreviation or slug (case-sensitive), UUID or URL.
      - Waldur supports this filter since 2026. With an older version, the task fails. O(resource_customer) is available
        there, too.
    type: raw
    aliases: [consumer_customer_uuid]
  allowed_customer:
    description:
      - Only offerings that this customer may order. By name, abbreviation or slug (case-sensitive), UUID or URL.
    type: raw
    aliases: [allowed_customer_uuid]
  project:
    description:
      - Only offerings that can be used in this project. By its exact name, among the projects that use the service
        provider, or by UUID or URL.
    type: raw
    aliases: [project_uuid]
  organization_group:
    description:
      - Only offerings for one of these organization groups, by UUID or URL, because the API does not return their
        names.
      - Waldur 2026 documents a single value only.
    type: list
    elements: raw
    aliases: [organization_group_uuid]
  customer:
    description:
      - Only offerings of this customer. By name, abbreviation or slug (case-sensitive), UUID or URL. All of them belong
        to the customer of O(service_provider), so any other customer returns nothing.
      - With Waldur 2024, the task fails, because it can't filter by this value.
    type: raw
    aliases: [customer_uuid]
  service_manager:
    description:
      - Only offerings that this user manages. By username (case-sensitive), e-mail address (case-insensitive), UUID or
        URL.
    type: raw
    aliases: [service_manager_uuid]
  scope:
    description: Only the offering that is linked to these service settings, by their UUID or URL.
    type: raw
    aliases: [scope_uuid]
  can_create_offering_user:
    description:
      - Only offerings in which the service provider may create the accounts of users, or with V(false) only the others.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  user_has_offering_user:
    description:
      - Only offerings in which the user of the token has an account, or with V(false) only the others.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  user_has_consent:
    description:
      - Only offerings to whose terms of service the user of the token has consented, or with V(false) only the others.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  has_terms_of_service:
    description:
      - Only offerings with terms of service, or with V(false) only those without.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  has_active_terms_of_service:
    description:
      - Only offerings whose terms of service are in force, or with V(false) only the others.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  accessible:
    description:
      - With V(true), only offerings that the user of the token has access to. The API reference does not say more.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  accessible_via_calls:
    description: Only offerings that are available through calls for proposals, or with V(false) only the others.
    type: bool
  open_for_proposals:
    description:
      - Only offerings for which proposals can be made at present, or with V(false) only the others.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  shared:
    description: Only shared offerings. The list contains no others, so V(false) returns nothing.
    type: bool
  billable:
    description: Only billable offerings. The list contains no others, so V(false) returns nothing.
    type: bool
  order_by:
    description:
      - What to sort the offerings by, the most important first. A C(-) before a name reverses the order.
      - Text is sorted without regard to case and accents. Offerings without a value are always last, and equal ones
        keep their order.
      - The collection sorts the rows, so all of them are read first, regardless of O(limit). The rows contain V(name),
        V(state) and V(type). The other keys are an error if the rows do not contain them, as in all versions so far.
      - If omitted, the offerings are in the order of Waldur.
    type: list
    elements: str
    choices:
      - created
      - name
      - state
      - total_cost
      - total_cost_estimated
      - total_customers
      - type
      - -created
      - -name
      - -state
      - -total_cost
      - -total_cost_estimated
      - -total_customers
      - -type
notes:
  - Every user may read the list. The name of a project in O(project) or O(resource_project) requires the permission
    C(SERVICE_PROVIDER.LIST_PROJECTS); a UUID or URL does not.
  - An offering has many keys, and the prices take the server some time. If there are many offerings, name the O(fields)
    that you need.
  - The secret options of an offering (C(secret_options)), which Waldur returns to some users, are never returned.
seealso:
  - module: waldur.provider.offering_username_info
    description: The accounts that users have in these offerings.
  - module: waldur.provider.compliance_info
    description: The offerings with a checklist, and the progress of their users.
"""

EXAMPLES = r"""
- name: List the offerings of a service provider with their states
  waldur.provider.offering_info:
    service_provider: ALPHA
    order_by: [state, name]
    fields: [name, state, type, resources_count]

- name: List the active offerings
  waldur.provider.offering_info:
    service_provider: ALPHA
    state: [Active, Paused]
  register: offered

- name: Show the prices of each plan
  ansible.builtin.debug:
    msg: "{{ item.0.name }}, {{ item.1.name }}: {{ item.1.prices }}"
  loop: "{{ offered.offerings | subelements('plans') }}"
  loop_control:
    label: "{{ item.0.name }}, {{ item.1.name }}"

- name: Fail if there are draft offerings
  waldur.provider.offering_info:
    service_provider: BETA
    state: Draft
    fields: [name]
  register: drafts
  failed_when: drafts.count > 0

- name: List the offerings that a customer uses
  waldur.provider.offering_info:
    service_provider: ALPHA
    resource_customer: Consumer Institute
    fields: [name, slug]

- name: Find offerings by their names
  waldur.provider.offering_info:
    service_provider: BETA
    uuid_list: [Beta HPC, Beta GPU]
    fields: [uuid, name, resources_count]
  register: found

- name: Show their UUIDs, the most used one first
  ansible.builtin.debug:
    msg: "{{ found.offerings | sort(attribute='resources_count', reverse=true) | items2dict('name', 'uuid') }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.offering_info -a 'service_provider=ALPHA fields=name,state,type,resources_count'
"""

RETURN = r"""
offerings:
  description:
    - The offerings, as Waldur lists them, without C(secret_options).
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The UUID of the offering.
      type: str
      sample: fcb45ae58a5b4e328513a854825be27c
    customer_uuid:
      description: The UUID of the provider's customer.
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    name:
      description: The name of the offering.
      type: str
      sample: Alpha Draft
    slug:
      description: A short name for use in addresses.
      type: str
      sample: alpha-dr-1
    category_title:
      description: The name of the category.
      type: str
      sample: Storage
    type:
      description: The type of the offering, as the server calls it.
      type: str
      sample: Marketplace.Basic
    state:
      description: The state of the offering, as O(state).
      type: str
      sample: Draft
    resources_count:
      description: How many resources of the offering there are.
      type: int
      sample: 0
    billing_price_estimate:
      description: The estimated revenue of the offering in the current month.
      type: dict
      sample: {total: 0.0, current: 0.0, tax: 0.0, tax_current: 0.0}
    components:
      description: The billing components, such as cores and hours. Each is described by the keys of Waldur's API.
      type: list
      elements: dict
      sample:
        - uuid: a07adf1531a34ef088ca9bb2fa9104e5
          billing_type: fixed
          type: cores
          name: Cores
          description: ""
          measured_unit: cores
          unit_factor: 1
          limit_period: null
          limit_amount: null
          article_code: ""
          max_value: null
          min_value: null
          max_available_limit: null
          is_boolean: false
          default_limit: null
          factor: null
          is_builtin: false
          is_prepaid: false
          overage_component: null
          min_prepaid_duration: null
          max_prepaid_duration: null
    plans:
      description: The plans, with their prices. C(prices) has the price of each component by its C(type).
      type: list
      elements: dict
      sample:
        - url: https://waldur.example.org/api/marketplace-plans/5a10405a72ed4f26b53105973f7173c2/
          uuid: 5a10405a72ed4f26b53105973f7173c2
          name: Large
          description: ""
          article_code: ""
          max_amount: null
          archived: false
          is_active: true
          unit_price: "0.0000000000"
          unit: month
          init_price: 0
          switch_price: 0
          backend_id: ""
          organization_groups: []
          components:
            - type: cores
              name: Cores
              measured_unit: cores
              amount: 4
              price: "10.0000000000"
              future_price: null
              discount_threshold: null
              discount_rate: null
          prices: {cores: 10.0}
          future_prices: {cores: null}
          quotas: {cores: 4}
          resources_count: 0
          plan_type: fixed
          minimal_price: 40.0
    options:
      description: The questions to answer when ordering.
      type: dict
      sample: {order: [], options: {}}
    resource_options:
      description: The questions that can be answered of a resource.
      type: dict
      sample: {order: [], options: {}}
    thumbnail:
      description: The URL of the offering's image.
      type: str
      sample: null
count:
  description: How many offerings are returned.
  returned: success
  type: int
  sample: 4
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("offering_info")


if __name__ == "__main__":
    main()
