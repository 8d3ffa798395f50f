#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_provider_info
short_description: List Waldur service providers, or read one
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Without O(service_provider), lists all service providers of the Waldur, in the order of their customers' names, as
    far as filters don't narrow them down.
  - With O(service_provider), reads this one. None, or several that could be meant, fail the task then.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.lists
options:
  service_provider:
    description:
      - The one service provider to read, by its UUID (with or without dashes, in any case) or URL, or by the name,
        abbreviation, slug, UUID or URL of its customer.
      - The references are tried in this order, and the first kind that matches is used. Names are case-sensitive.
      - It is an error if there is no match, or if there are several, with the candidates and their UUIDs in the
        message. A separate message reports a customer that is not a service provider.
      - Quote it if YAML would read it as another type, such as C("007").
      - It can only be combined with O(fields).
    type: raw
  customer:
    description:
      - Only the service provider of this customer, by name, abbreviation or slug (case-sensitive), UUID or URL. It is
        an error if the token may not read the customer. A customer that is not a service provider returns nothing.
    type: raw
    aliases: [customer_uuid]
  customer_keyword:
    description: A part of the customer's name, abbreviation or native name (case-insensitive).
    type: str
  created:
    description:
      - Only service providers that were registered at this time or later. A date-time such as V("2026-11-01T08:00:00Z")
        (in UTC if it has no offset), or a date such as V("2026-11-01"), which means midnight in UTC.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  created_before:
    description:
      - Only service providers that were registered at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  modified:
    description:
      - Only service providers whose profile was changed at this time or later, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  modified_before:
    description:
      - Only service providers whose profile was changed at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  order_by:
    choices: [customer_name, -customer_name]
notes:
  - Waldur usually shows the service providers to every user, so the success of this module does not prove that the
    token has permissions.
  - The code that signs messages of a service provider is not part of its profile. See
    M(waldur.provider.api_secret_code_info).
seealso:
  - module: waldur.provider.service_provider
    description: Create, update or delete a service provider.
  - module: waldur.provider.service_provider_facts
    description: The profile together with role grants, statistics and more, as facts.
  - plugin: waldur.provider.inventory
    plugin_type: inventory
    description: An inventory whose hosts are service providers.
"""

EXAMPLES = r"""
- name: List all service providers
  waldur.provider.service_provider_info:
  register: all_of_them

- name: Show their UUIDs
  ansible.builtin.debug:
    msg: "{{ all_of_them.service_providers | items2dict(key_name='customer_name', value_name='uuid') }}"

- name: Read one service provider
  waldur.provider.service_provider_info:
    service_provider: ALPHA
  register: alpha

- name: Show the number of offerings
  ansible.builtin.debug:
    msg: "{{ one.customer_name }} ({{ one.customer_country }}) has {{ one.offering_count }} offerings"
  vars:
    one: "{{ alpha.service_providers | first }}"

- name: Find service providers by a part of their name
  waldur.provider.service_provider_info:
    customer_keyword: centre
    fields: [customer_name, description]

- name: List the service providers that were registered in November
  waldur.provider.service_provider_info:
    created: "2026-11-01"
    created_before: "2026-12-01"
    order_by: customer_name

- name: List the managers of every service provider
  waldur.provider.user_role_info:
    service_provider: "{{ item.uuid }}"
  loop: "{{ all_of_them.service_providers }}"
  loop_control:
    label: "{{ item.customer_name }}"

# One service provider, from the command line:
# ansible localhost -m waldur.provider.service_provider_info -a service_provider=ALPHA
"""

RETURN = r"""
service_providers:
  description:
    - The service providers, as Waldur lists them. With O(service_provider), the list has one item.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of service_providers, service_provider
    url:
      description: The URL of the service provider in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/
    uuid:
      description: The UUID of the service provider. It is not the one of its customer.
      returned: always
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    created:
      description: When the customer became a service provider.
      returned: always
      type: str
      sample: "2026-11-22T21:16:00.500041+00:00"
    description:
      description: The description of the service provider.
      returned: always
      type: str
      sample: Provider of Alpha Cloud Ltd
    enable_notifications:
      description: Whether Waldur sends notifications to the users of the provider.
      returned: always
      type: bool
      sample: true
    customer:
      description: The URL of the customer in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/customers/d2c8772ce559428283e388badd97f2d6/
    customer_name:
      description: The name of the customer.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    customer_uuid:
      description: The UUID of the customer.
      returned: always
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    customer_image:
      description: The URL of the customer's image.
      returned: always
      type: str
      sample: null
    customer_abbreviation:
      description: The abbreviation of the customer.
      returned: always
      type: str
      sample: ALPHA
    customer_slug:
      description: The slug of the customer.
      returned: since Waldur 2025
      type: str
      sample: alpha-cl-1
    customer_native_name:
      description: The name of the customer in its own language.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    customer_country:
      description: The country of the customer, as its code of two letters.
      returned: always
      type: str
      sample: EE
    image:
      description: The URL of the service provider's image, or V(none) if it has none.
      returned: always
      type: str
      sample: null
    organization_groups:
      description: The organization groups of the customer. Most versions of Waldur do not return them.
      returned: if Waldur returns it, since Waldur 2025
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
    offering_count:
      description: How many offerings the service provider has.
      returned: always
      type: int
      sample: 4
    allowed_domains:
      description: The domain names that the provider may use.
      returned: since Waldur 2026
      type: list
      elements: str
      sample: [alpha.example.org]
    account_options:
      description: The options of the accounts of the provider, such as C(account_scope) and
        C(username_generation_policy).
      returned: since Waldur 2026
      type: dict
      sample: {login_shell: /bin/bash}
    # End of the generated fields
count:
  description: How many service providers are returned.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("service_provider_info")


if __name__ == "__main__":
    main()
