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
  - waldur.provider.filters.description
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
  - The rows contain V(name), V(state) and V(type) of the keys of O(order_by). The others are an error, as long as no
    version of Waldur returns them.
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
    # Generated by make generate: the fields of offerings
    uuid:
      description: The UUID of the offering.
      returned: always
      type: str
      sample: fcb45ae58a5b4e328513a854825be27c
    customer_uuid:
      description: The UUID of the provider's customer.
      returned: since Waldur 2025
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    name:
      description: The name of the offering.
      returned: always
      type: str
      sample: Alpha Draft
    slug:
      description: A short name for use in addresses.
      returned: always
      type: str
      sample: alpha-dr-1
    category_title:
      description: The name of the category.
      returned: always
      type: str
      sample: Storage
    type:
      description: The type of the offering, as the server calls it.
      returned: always
      type: str
      sample: Marketplace.Basic
    state:
      description: The state of the offering, as O(state).
      returned: always
      type: str
      sample: Draft
    resources_count:
      description: How many resources of the offering there are.
      returned: always
      type: int
      sample: 0
    billing_price_estimate:
      description: The estimated revenue of the offering in the current month.
      returned: always
      type: dict
      sample: {total: 0.0, current: 0.0, tax: 0.0, tax_current: 0.0}
    components:
      description: The billing components, such as cores and hours. Each is described by the keys of Waldur's API.
      returned: always
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the component.
          returned: always
          type: str
          sample: a07adf1531a34ef088ca9bb2fa9104e5
        billing_type:
          description: How the component is billed, such as V(fixed), V(usage) or V(limit).
          returned: always
          type: str
          sample: fixed
        type:
          description: The key of the component, unique within the offering. C(plans[].prices) and other objects use it
            as a key.
          returned: always
          type: str
          sample: cores
        name:
          description: The name of the component for users.
          returned: always
          type: str
          sample: Cores
        description:
          description: The description of the component.
          returned: always
          type: str
          sample: ""
        measured_unit:
          description: The unit in which the component is measured, such as V(cores) or V(GB).
          returned: always
          type: str
          sample: cores
        unit_factor:
          description: The factor by which a quantity from the backend is divided to get C(measured_unit).
          returned: since Waldur 2025
          type: int
          sample: 1
        limit_period:
          description: The period for which a limit is valid, such as V(month), V(annual) or V(total), or V(none).
          returned: always
          type: str
          sample: null
        limit_amount:
          description: The highest quantity that can be used within C(limit_period), or V(none) if there is no limit.
          returned: always
          type: int
          sample: null
        article_code:
          description: The code of the component in an accounting system.
          returned: always
          type: str
          sample: ""
        max_value:
          description: The highest quantity that can be ordered, or V(none) if there is no limit.
          returned: always
          type: int
          sample: null
        min_value:
          description: The lowest quantity that can be ordered, or V(none) if there is no limit.
          returned: always
          type: int
          sample: null
        max_available_limit:
          description: The highest sum of the quantities of all resources, or V(none) if there is no limit.
          returned: always
          type: int
          sample: null
        is_boolean:
          description: Whether the component is either ordered or not, instead of in a quantity.
          returned: always
          type: bool
          sample: false
        default_limit:
          description: The quantity that an order form suggests, or V(none).
          returned: always
          type: int
          sample: null
        factor:
          description: The factor between C(measured_unit) and the unit of the backend, or V(none) if the type of the
            offering defines none.
          returned: always
          type: int
          sample: null
        is_builtin:
          description: Whether the type of the offering defines the component, so that it can not be deleted.
          returned: always
          type: bool
          sample: false
        is_prepaid:
          description: Whether the component is paid in advance.
          returned: since Waldur 2025
          type: bool
          sample: false
        overage_component:
          description: The UUID of the component that is billed for usage above the prepaid quantity, or V(none).
          returned: since Waldur 2025
          type: str
          sample: null
        min_prepaid_duration:
          description: The lowest number of months that can be paid in advance, or V(none) if there is no limit.
          returned: since Waldur 2025
          type: int
          sample: null
        max_prepaid_duration:
          description: The highest number of months that can be paid in advance, or V(none) if there is no limit.
          returned: since Waldur 2025
          type: int
          sample: null
    plans:
      description: The plans, with their prices. C(prices) has the price of each component by its C(type).
      returned: always
      type: list
      elements: dict
      contains:
        url:
          description: The URL of the plan in the API.
          returned: always
          type: str
          sample: https://waldur.example.org/api/marketplace-plans/5a10405a72ed4f26b53105973f7173c2/
        uuid:
          description: The UUID of the plan.
          returned: always
          type: str
          sample: 5a10405a72ed4f26b53105973f7173c2
        name:
          description: The name of the plan.
          returned: always
          type: str
          sample: Large
        description:
          description: The description of the plan.
          returned: always
          type: str
          sample: ""
        article_code:
          description: The code of the plan in an accounting system.
          returned: always
          type: str
          sample: ""
        max_amount:
          description: The highest number of resources with the plan, or V(none) if there is no limit.
          returned: always
          type: int
          sample: null
        archived:
          description: Whether the plan is archived, so that new resources can not use it.
          returned: always
          type: bool
          sample: false
        is_active:
          description: Whether new resources can use the plan.
          returned: always
          type: bool
          sample: true
        unit_price:
          description: The price of the plan per C(unit), as a decimal number in a string.
          returned: always
          type: str
          sample: "0.0000000000"
        unit:
          description: The period to which the prices apply, such as V(month), V(half_month), V(day) or V(hour).
          returned: always
          type: str
          sample: month
        init_price:
          description: The price for creating a resource.
          returned: always
          type: float
          sample: 0
        switch_price:
          description: The price for switching a resource to the plan.
          returned: always
          type: float
          sample: 0
        backend_id:
          description: The ID of the plan in another system.
          returned: always
          type: str
          sample: ""
        organization_groups:
          description: The organization groups whose customers can use the plan. Empty if all customers can.
          returned: always
          type: list
          elements: dict
          contains:
            uuid:
              description: The UUID of the organization group.
              returned: always
              type: str
              sample: 2f4d1c8a7b3e4f6d9a0b1c2d3e4f5a6b
            url:
              description: The URL of the organization group in the API.
              returned: always
              type: str
              sample: https://waldur.example.org/api/organization-groups/2f4d1c8a7b3e4f6d9a0b1c2d3e4f5a6b/
            name:
              description: The name of the organization group.
              returned: always
              type: str
              sample: Universities
            parent_uuid:
              description: The UUID of the parent group, or V(none) if it has none.
              returned: always
              type: str
              sample: null
            parent_name:
              description: The name of the parent group, or V(none) if it has none.
              returned: always
              type: str
              sample: null
            parent:
              description: The URL of the parent group in the API, or V(none) if it has none.
              returned: always
              type: str
              sample: null
            customers_count:
              description: The number of customers in the group.
              returned: always
              type: int
              sample: 12
        components:
          description: The price and the quantity of each component in the plan.
          returned: since Waldur 2025
          type: list
          elements: dict
          contains:
            type:
              description: The key of the component, as in C(components[].type) of the offering.
              returned: always
              type: str
              sample: cores
            name:
              description: The name of the component.
              returned: always
              type: str
              sample: Cores
            measured_unit:
              description: The unit in which the component is measured.
              returned: always
              type: str
              sample: cores
            amount:
              description: The quantity of the component that the plan includes.
              returned: always
              type: int
              sample: 4
            price:
              description: The price of one unit of the component, as a decimal number in a string.
              returned: always
              type: str
              sample: "10.0000000000"
            future_price:
              description: The price of one unit from the next month on, as a decimal number in a string, or V(none) if
                it does not change.
              returned: always
              type: str
              sample: null
            discount_threshold:
              description: The quantity from which a discount is given, or V(none) if there is no discount.
              returned: always
              type: int
              sample: null
            discount_rate:
              description: The discount in percent, or V(none) if there is no discount.
              returned: always
              type: int
              sample: null
        prices:
          description: The price of each component, by its C(type).
          returned: always
          type: dict
          sample: {cores: 10.0}
        future_prices:
          description: The price of each component from the next month on, by its C(type). V(none) if it does not
            change.
          returned: always
          type: dict
          sample: {cores: null}
        quotas:
          description: The quantity of each component that the plan includes, by its C(type).
          returned: always
          type: dict
          sample: {cores: 4}
        resources_count:
          description: The number of resources that use the plan.
          returned: always
          type: int
          sample: 0
        plan_type:
          description: How the components of the plan are billed, such as V(fixed), V(usage-based) or V(mixed).
          returned: always
          type: str
          sample: fixed
        minimal_price:
          description: The lowest price of a resource with the plan, per C(unit).
          returned: always
          type: float
          sample: 40.0
    options:
      description: The questions to answer when ordering.
      returned: always
      type: dict
      sample: {order: [], options: {}}
    resource_options:
      description: The questions that can be answered of a resource.
      returned: always
      type: dict
      sample: {order: [], options: {}}
    secret_options:
      description: The credentials with which Waldur connects to the backend of the offering.
      returned: never, because it can contain a secret
      type: dict
    thumbnail:
      description: The URL of the offering's image.
      returned: since Waldur 2025
      type: str
      sample: null
    # End of the generated fields
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
