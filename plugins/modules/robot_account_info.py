#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: robot_account_info
short_description: List the customers and projects with robot accounts at a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the customers, and after them the projects, that have a robot account in a resource of the service provider,
    each sorted by name. Only accounts in the states C(OK) and C(Requested deletion) count.
  - The API returns where robot accounts exist, not the accounts themselves.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  customer_name:
    description:
      - A part of the customer's name (case-insensitive).
      - It only filters customers, so the projects are not listed unless you set O(project_name) too.
    type: str
  project_name:
    description:
      - A part of the project's name (case-insensitive).
      - It only filters projects, so the customers are not listed unless you set O(customer_name) too.
      - Waldur applies it to the wrong projects, so it is not sent, and the collection applies it to the rows.
    type: str
notes:
  - Requires the permissions C(SERVICE_PROVIDER.GET_ROBOT_ACCOUNT_CUSTOMERS) and
    C(SERVICE_PROVIDER.GET_ROBOT_ACCOUNT_PROJECTS) in the provider's customer, which owners have. A role in the service
    provider is not enough. In Waldur 2024, every user may read it.
seealso:
  - module: waldur.provider.project_service_account_info
  - module: waldur.provider.course_account_info
  - module: waldur.provider.offering_username_info
    description: The accounts of users.
"""

EXAMPLES = r"""
- name: List the customers and projects with robot accounts
  waldur.provider.robot_account_info:
    service_provider: ALPHA
  register: robots

- name: Show the projects
  ansible.builtin.debug:
    msg: "{{ robots.robot_accounts | selectattr('scope_type', 'eq', 'project') | map(attribute='name') | list }}"

- name: Check whether customers with a certain name have robot accounts
  waldur.provider.robot_account_info:
    service_provider: ALPHA
    customer_name: university
  register: universities

- name: Show whether they do
  ansible.builtin.debug:
    msg: "{{ 'yes' if universities.count else 'no' }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.robot_account_info -a service_provider=ALPHA
"""

RETURN = r"""
robot_accounts:
  description:
    - The customers and projects, as Waldur lists them.
    - Newer versions of Waldur may return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    scope_type:
      description: The type of the row, V(customer) or V(project). Added by the collection.
      type: str
      sample: customer
    name:
      description: The name of the customer or project.
      type: str
      sample: Consumer Institute
    uuid:
      description: The UUID of the customer or project.
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
count:
  description: How many customers and projects are returned.
  returned: success
  type: int
  sample: 4
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("robot_account_info")


if __name__ == "__main__":
    main()
