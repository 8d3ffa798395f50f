#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: statistics_info
short_description: Tell how a Waldur service provider is doing, in numbers
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads the nine numbers that Waldur keeps about a service provider. How many customers and resources it has, how that
    changed this month, and what waits for somebody.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
notes:
  - It takes the permission C(SERVICE_PROVIDER.GET_STATISTICS) on the provider's customer, which owners have; since 2026
    a role on the service provider will do, such as that of its managers, and so will a support token. Waldur of 2024
    answers everyone who is logged in.
seealso:
  - module: waldur.provider.revenue_info
    description: What was earned, month by month.
  - module: waldur.provider.compliance_info
    description: Who has finished which checklist.
"""

EXAMPLES = r"""
- name: Read the numbers
  waldur.provider.statistics_info:
    service_provider: ALPHA
  register: numbers

- name: Fail where something waits for us
  ansible.builtin.assert:
    that:
      - numbers.statistics.pending_orders == 0
      - numbers.statistics.erred_resources == 0
    fail_msg: Orders wait, or resources have failed.

- name: Show how several service providers are doing
  waldur.provider.statistics_info:
    service_provider: "{{ item }}"
  loop: [ALPHA, BETA]
  register: all_numbers

- name: Show the gain of customers by service provider
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
    - The numbers. Resources that are terminated count nowhere.
    - Newer versions of Waldur may give more keys than these.
  returned: success
  type: dict
  contains:
    active_campaigns:
      description: How many campaigns (price reductions for a time) run.
      type: int
      sample: 0
    current_customers:
      description: How many customers have a resource.
      type: int
      sample: 2
    customers_number_change:
      description: How many customers came this month, less those that left. May be negative.
      type: int
      sample: 2
    active_resources:
      description: How many resources there are.
      type: int
      sample: 4
    resources_number_change:
      description: How many resources came this month, less those that were terminated. May be negative.
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
      description: How many orders wait for the provider.
      type: int
      sample: 0
    erred_resources:
      description: How many resources have failed.
      type: int
      sample: 0
count:
  description: Always 1, as there is one set of numbers.
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
