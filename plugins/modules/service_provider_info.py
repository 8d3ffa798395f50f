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
      - These ways are tried in this order, and the first one that matches anything decides. Upper and lower case
        matter in names.
      - None is an error, and so are several, with the candidates and their UUIDs in the message. A customer that is
        no service provider gets a message of its own.
      - Quote it where YAML would make something else of it, such as C("007").
      - Of the other options, only O(fields) can go with it.
    type: raw
  customer:
    description:
      - Only the service provider of this customer, by name, abbreviation or slug, exactly as written, or by UUID or
        URL. A customer that the token can't see is an error, and one that is no service provider finds nothing.
    type: raw
    aliases: [customer_uuid]
  customer_keyword:
    description: A part of the customer's name, abbreviation or native name, in any case.
    type: str
  created:
    description:
      - Only service providers that were registered at this moment or later. A date-time such as
        V("2026-11-01T08:00:00Z") (in UTC where no offset is given), or a date such as V("2026-11-01"), which means its
        midnight in UTC.
      - Waldur knows this filter since 2026. On an older one it is applied to the rows here.
    type: str
  created_before:
    description:
      - Only service providers that were registered at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one it is applied to the rows here.
    type: str
  modified:
    description:
      - Only service providers whose profile was changed at this moment or later, written as O(created).
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  modified_before:
    description:
      - Only service providers whose profile was changed at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  order_by:
    description:
      - V(customer_name) to sort by the names of the customers, V(-customer_name) for the other way round. Case and
        accents don't matter.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says.
    type: list
    elements: str
    choices: [customer_name, -customer_name]
notes:
  - Waldur usually shows the service providers to anyone, so that this module runs well is no proof of a good token.
  - The code that signs messages of a service provider is not part of its profile. See
    M(waldur.provider.api_secret_code_info).
seealso:
  - module: waldur.provider.service_provider
    description: Create, change or delete a service provider.
  - module: waldur.provider.service_provider_facts
    description: The profile together with roles, statistics and more, as facts.
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

- name: Say how much it offers
  ansible.builtin.debug:
    msg: "{{ one.customer_name }} ({{ one.customer_country }}) has {{ one.offering_count }} offerings"
  vars:
    one: "{{ alpha.service_providers | first }}"

- name: Find service providers by a part of their name
  waldur.provider.service_provider_info:
    customer_keyword: centre
    fields: [customer_name, description]

- name: See who became a service provider in November
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
    - The service providers, as Waldur lists them. With O(service_provider) it is a list of one.
    - Newer versions of Waldur give more keys than these, such as C(allowed_domains) and C(account_options) since 2026.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: The URL of the service provider in the API.
      type: str
      sample: https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/
    uuid:
      description: The UUID of the service provider. It is not the one of its customer.
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    created:
      description: When the customer became a service provider.
      type: str
      sample: "2026-11-22T21:16:00.500041+00:00"
    description:
      description: What the service provider says about itself.
      type: str
      sample: Provider of Alpha Cloud Ltd
    enable_notifications:
      description: Whether Waldur notifies the provider's people.
      type: bool
      sample: true
    customer:
      description: The URL of the customer in the API.
      type: str
      sample: https://waldur.example.org/api/customers/d2c8772ce559428283e388badd97f2d6/
    customer_name:
      description: The name of the customer.
      type: str
      sample: Alpha Cloud Ltd
    customer_uuid:
      description: The UUID of the customer.
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    customer_image:
      description: The URL of the customer's image.
      type: str
      sample: null
    customer_abbreviation:
      description: The abbreviation of the customer.
      type: str
      sample: ALPHA
    customer_slug:
      description: The slug of the customer. Waldur of 2024 doesn't tell it.
      type: str
      sample: alpha-cl-1
    customer_native_name:
      description: The name of the customer in its own language.
      type: str
      sample: Alpha Cloud Ltd
    customer_country:
      description: The country of the customer, as its code of two letters.
      type: str
      sample: EE
    image:
      description: The URL of the service provider's image, or V(none) where it has none.
      type: str
      sample: null
    organization_groups:
      description: The organization groups of the customer. Most versions of Waldur don't tell them.
      returned: when Waldur tells it
      type: list
      elements: dict
      sample: []
    offering_count:
      description: How many offerings the service provider has.
      type: int
      sample: 4
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
