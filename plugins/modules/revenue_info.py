#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: revenue_info
short_description: Read the revenue of a Waldur service provider by month
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the invoiced revenue of the offerings of the service provider for each month, starting with this month one
    year ago, the oldest first. These are at most thirteen months.
  - Months without any invoice item are left out. The total of this month grows until it ends.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
notes:
  - Requires the permission C(SERVICE_PROVIDER.GET_REVENUE) in the provider's customer, which owners have. Since 2026, a
    role in the service provider is enough, such as that of its managers, and so is a support token. In Waldur 2024,
    every user may read it.
  - Totals are integers in the currency of Waldur. The server truncates the decimals.
seealso:
  - module: waldur.provider.statistics_info
    description: The current statistics.
"""

EXAMPLES = r"""
- name: Read the revenue
  waldur.provider.revenue_info:
    service_provider: ALPHA
  register: earned

- name: Show each month
  ansible.builtin.debug:
    msg: "{{ '%04d-%02d' | format(item.year, item.month) }}: {{ item.total }}"
  loop: "{{ earned.revenue }}"
  loop_control:
    label: "{{ item.year }}-{{ item.month }}"

- name: Show the sum
  ansible.builtin.debug:
    msg: "{{ earned.revenue | sum(attribute='total') }} in {{ earned.count }} months"

- name: Show the month with the highest revenue of each service provider
  waldur.provider.revenue_info:
    service_provider: "{{ item }}"
    order_by: [-total]
    limit: 1
  loop: [ALPHA, BETA]

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.revenue_info -a service_provider=ALPHA
"""

RETURN = r"""
revenue:
  description:
    - The months, as Waldur lists them.
    - Newer versions of Waldur may return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    total:
      description: The amount invoiced in the month.
      type: int
      sample: 130
    year:
      description: The year. Always a number, even if the server returns a string, as Waldur 2024 does.
      type: int
      sample: 2026
    month:
      description: The month, from 1 to 12. Always a number, like C(year).
      type: int
      sample: 8
count:
  description: How many months are returned.
  returned: success
  type: int
  sample: 4
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("revenue_info")


if __name__ == "__main__":
    main()
