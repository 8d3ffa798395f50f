# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Anything that the API of a Waldur service provider tells, in a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: query
short_description: What the API of a Waldur service provider tells, in a template
version_added: 1.0.0
description:
  - Reads any list of a service provider (its users, projects, SSH keys, accounts, revenue and so on) wherever a
    template can stand.
  - Written with C(query), as in the examples, it gives a list of rows, each a mapping. Written with C(lookup), Ansible
    gives the only row itself where there is one and a list otherwise, unless C(wantlist=True) is added.
  - Every keyword that is none of the options below is a filter of the list. Filters have the names and values of the
    options of the module that reads the same list (see O(_terms)), or those of the API itself. Users, customers,
    projects, offerings and roles can be given by what people call them.
  - A keyword that is V(none) counts as left out. An unknown one is an error that names the nearest.
author: Waldur provider collection maintainers (@waldur)
extends_documentation_fragment:
  - waldur.provider.plugin_connection
  - waldur.provider.lists
options:
  _terms:
    description:
      - What to read, by the name that the list has at the end of its path, such as V(users) or
        V(compliance/compliance_overview). The three below C(compliance/) have the shorter names below, too.
      - With several terms their rows follow each other, and each of the terms must know all filters that are given.
      - What is an object and no list (V(service_provider), V(stat)) is one row.
    type: list
    elements: str
    required: true
    choices:
      service_providers: all service providers that the token sees; see M(waldur.provider.service_provider_info)
      service_provider: the profile of O(service_provider)
      list_users: the grants of roles on it; see M(waldur.provider.user_role_info)
      customers: its customers; see M(waldur.provider.customer_info)
      user_customers: those of the customers in which C(user) has a role, which must be given
      projects: the projects that use its offerings; see M(waldur.provider.project_info)
      customer_projects: those of the projects that belong to C(project_customer), which must be given
      project_permissions: who holds which role in these projects; see M(waldur.provider.project_permission_info)
      users: the people in these projects; see M(waldur.provider.user_info)
      keys: their SSH keys; see M(waldur.provider.ssh_key_info)
      offerings: its offerings; see M(waldur.provider.offering_info)
      course_accounts: accounts of courses; see M(waldur.provider.course_account_info)
      project_service_accounts: service accounts of projects; see M(waldur.provider.project_service_account_info)
      robot_account_customers: the customers with robot accounts; see M(waldur.provider.robot_account_info)
      robot_account_projects: the projects with robot accounts; see M(waldur.provider.robot_account_info)
      marketplace_offering_users: >-
        the accounts of users in its offerings, from the list C(/api/marketplace-offering-users/); see
        M(waldur.provider.offering_username_info)
      compliance_overview: how many users of each offering have finished its checklist
      compliance_offering_users: which users have; see M(waldur.provider.compliance_info)
      checklists_summary: the checklists in use
      revenue: what was earned in each month
      stat: numbers of customers, resources and the like
  service_provider:
    description:
      - The service provider, by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer. The first of these ways that matches anything decides.
      - Must be set for every term but V(service_providers), which does not take it.
    type: raw
    vars:
      - name: waldur_service_provider
notes:
  - Waldur is asked anew at each evaluation, and Ansible evaluates a variable each time it is used. Rows that are used
    several times are best kept with M(ansible.builtin.set_fact), or by looping over them.
  - All evaluations in one process share one connection, and names that were found are not looked up again.
  - What Waldur says is text and never evaluated, whatever stands in it.
  - With C(errors='warn') or C(errors='ignore') Ansible goes on without rows where Waldur can't be read.
  - Secrets are never in the rows. The API secret code is read by P(waldur.provider.api_secret_code#lookup).
seealso:
  - plugin: waldur.provider.api_secret_code
    plugin_type: lookup
  - plugin: waldur.provider.inventory
    plugin_type: inventory
"""

EXAMPLES = r"""
# URL and token come from the environment (WALDUR_API_URL, WALDUR_ACCESS_TOKEN), from variables, or from a profile.

- name: Tell who works with our offerings
  ansible.builtin.debug:
    msg: "{{ item.full_name }} <{{ item.email }}>"
  loop: "{{ query('waldur.provider.query', 'users', service_provider='ALPHA', is_active=true, order_by='username') }}"
  loop_control:
    label: "{{ item.username }}"

- name: Keep rows that are used more than once
  ansible.builtin.set_fact:
    managers: "{{ query('waldur.provider.query', 'list_users', service_provider='ALPHA', role='CUSTOMER.MANAGER') }}"

- name: Tell whose role never ends
  ansible.builtin.debug:
    msg: "{{ managers | selectattr('expiration_time', 'none') | map(attribute='user_username') | join(', ') }}"

- name: Name the service provider once
  ansible.builtin.debug:
    msg:
      - "{{ lookup('waldur.provider.query', 'stat').active_resources }} active resources"
      - "{{ query('waldur.provider.query', 'revenue') | map(attribute='total') | map('float') | sum }} earned"
      - "{{ query('waldur.provider.query', 'projects', fields='name') | map(attribute='name') | join(', ') }}"
  vars:
    waldur_service_provider: ALPHA

- name: Write the keys of one user
  ansible.builtin.copy:
    dest: /etc/waldur-agent/authorized_keys
    content: |
      {% for key in query('waldur.provider.query', 'keys', service_provider='ALPHA', user='member1') %}
      {{ key.public_key }}
      {% endfor %}
    mode: "0600"

- name: Read two lists at once, as a plain loop
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: >-
    {{ query('waldur.provider.query', 'robot_account_customers', 'robot_account_projects', service_provider='ALPHA') }}

- name: Go on with nothing where this Waldur has no compliance reports
  ansible.builtin.debug:
    msg: "{{ query('waldur.provider.query', 'compliance_overview', service_provider='ALPHA', errors='warn') }}"

- name: Find out who has not finished the checklist, at another site
  ansible.builtin.debug:
    msg: "{{ query('waldur.provider.query', 'compliance_offering_users', service_provider='ALPHA',
                   compliance_status='pending', profile='production') | map(attribute='user_email') }}"
"""

RETURN = r"""
_raw:
  description:
    - The rows, with the keys that this Waldur tells, or with those of O(fields) alone.
    - The modules that are named at O(_terms) describe the keys.
  type: list
  elements: dict
  sample:
    - {uuid: 51d1acdbef2e4274bda95a1ce5391e54, username: carol, full_name: Carol Example, email: carol@example.org}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils import _lookups
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup_base import Asking


class LookupModule(Asking):
    """The lookup plugin ``waldur.provider.query``."""

    def ask(
        self, connection: Connection, terms: Sequence[Any], given: Mapping[str, Any], usual: Any
    ) -> tuple[list[Any], list[str]]:
        """The rows of all terms."""
        return _lookups.query(connection, terms, given, usual)
