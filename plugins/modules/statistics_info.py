#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: statistics_info
short_description: Read the statistics of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads the nine statistics of a service provider, such as the numbers of customers and resources, their change in
    this month, and pending orders.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
notes:
  - Requires the permission C(SERVICE_PROVIDER.GET_STATISTICS) in the provider's customer, which owners have. Since
    2026, a role in the service provider is enough, such as that of its managers, and so is a support token. In Waldur
    2024, every user may read it.
seealso:
  - module: waldur.provider.revenue_info
    description: The revenue by month.
  - module: waldur.provider.compliance_info
    description: The compliance reports.
"""

EXAMPLES = r"""
- name: Read the numbers
  waldur.provider.statistics_info:
    service_provider: ALPHA
  register: numbers

- name: Fail if orders are pending or resources have errors
  ansible.builtin.assert:
    that:
      - numbers.statistics.pending_orders == 0
      - numbers.statistics.erred_resources == 0
    fail_msg: There are pending orders or resources with errors.

- name: Read the statistics of several service providers
  waldur.provider.statistics_info:
    service_provider: "{{ item }}"
  loop: [ALPHA, BETA]
  register: all_numbers

- name: Show the change in customers of each service provider
  ansible.builtin.debug:
    msg: "{{ item.item }}: {{ item.statistics.customers_number_change }}"
  loop: "{{ all_numbers.results }}"
  loop_control:
    label: "{{ item.item }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.statistics_info -a service_provider=ALPHA
"""

RETURN = r"""
statistics:
  description:
    - The statistics. Terminated resources are never counted.
    - Newer versions of Waldur may return more keys than these.
  returned: success
  type: dict
  contains:
    active_campaigns:
      description: The number of active campaigns (temporary price reductions).
      type: int
      sample: 0
    current_customers:
      description: The number of customers with a resource.
      type: int
      sample: 2
    customers_number_change:
      description: The number of customers added this month, minus those that left. Can be negative.
      type: int
      sample: 2
    active_resources:
      description: How many resources there are.
      type: int
      sample: 4
    resources_number_change:
      description: The number of resources added this month, minus those that were terminated. Can be negative.
      type: int
      sample: 4
    active_and_paused_offerings:
      description: How many billable, shared offerings are active, paused or unavailable.
      type: int
      sample: 3
    unresolved_tickets:
      description: How many support tickets about the provider's resources are open.
      type: int
      sample: 0
    pending_orders:
      description: The number of orders that are pending at the provider.
      type: int
      sample: 0
    erred_resources:
      description: The number of resources with errors.
      type: int
      sample: 0
count:
  description: Always 1, because there is one set of statistics.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("statistics_info")


if __name__ == "__main__":
    main()
