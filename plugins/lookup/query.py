# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Query the API of a Waldur service provider in a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: query
short_description: Query the API of a Waldur service provider in a template
version_added: 1.0.0
description:
  - Reads any list of a service provider (its users, projects, SSH keys, accounts, revenue and so on) in a template.
  - With C(query), as in the examples, it returns a list of rows, each a mapping. With C(lookup), Ansible returns the
    row itself if there is only one and a list otherwise, unless you add C(wantlist=True).
  - Every keyword that is not one of the options below is a filter of the list. Filters have the names and values of the
    options of the module that reads the same list (see O(_terms)), or those of the API itself. Users, customers,
    projects, offerings and roles can be given by name.
  - A keyword that is V(none) counts as left out. An unknown keyword is an error that names the nearest one.
author: Waldur provider collection maintainers (@waldur)
extends_documentation_fragment:
  - waldur.provider.plugin_connection
  - waldur.provider.lists
options:
  _terms:
    description:
      - The lists to read, by the name at the end of the path of the list, such as V(users) or
        V(compliance/compliance_overview). The three lists under C(compliance/) also have the shorter names below.
      - With several terms, the rows are concatenated, and each of the terms must support all filters.
      - A term that is an object instead of a list (V(service_provider), V(stat)) returns one row.
      - "V(service_providers): all service providers that the token may read; see
        M(waldur.provider.service_provider_info)."
      - "V(service_provider): the profile of O(service_provider)."
      - "V(list_users): its role grants; see M(waldur.provider.user_role_info)."
      - "V(customers): its customers; see M(waldur.provider.customer_info)."
      - "V(user_customers): the customers in which C(user) has a role; C(user) is required."
      - "V(projects): the projects that use its offerings; see M(waldur.provider.project_info)."
      - "V(customer_projects): the projects of C(project_customer), which is required."
      - "V(project_permissions): the role grants in these projects; see M(waldur.provider.project_permission_info)."
      - "V(users): the users in these projects; see M(waldur.provider.user_info)."
      - "V(keys): their SSH keys; see M(waldur.provider.ssh_key_info)."
      - "V(offerings): its offerings; see M(waldur.provider.offering_info)."
      - "V(course_accounts): accounts of courses; see M(waldur.provider.course_account_info)."
      - "V(project_service_accounts): service accounts of projects; see
        M(waldur.provider.project_service_account_info)."
      - "V(robot_account_customers): the customers with robot accounts; see M(waldur.provider.robot_account_info)."
      - "V(robot_account_projects): the projects with robot accounts; see M(waldur.provider.robot_account_info)."
      - "V(marketplace_offering_users): the accounts of users in its offerings, from the list
        C(/api/marketplace-offering-users/); see M(waldur.provider.offering_username_info)."
      - "V(provider_accounts): the accounts of users at the service provider, from the list
        C(/api/marketplace-service-provider-accounts/) of Waldur 2026; see M(waldur.provider.provider_account_info)."
      - "V(username_conflicts): the users with different usernames in its offerings (Waldur 2026); see
        M(waldur.provider.username_conflict_info)."
      - "V(project_groups): the POSIX groups of projects at the service provider, from the list
        C(/api/marketplace-service-provider-project-groups/) of Waldur 2026; see
        M(waldur.provider.project_group_info)."
      - "V(compliance_overview): the number of users of each offering who have finished its checklist."
      - "V(compliance_offering_users): the compliance status of each account; see M(waldur.provider.compliance_info)."
      - "V(checklists_summary): the checklists in use."
      - "V(revenue): the revenue of each month."
      - "V(stat): the statistics, such as numbers of customers and resources."
    type: list
    elements: str
    required: true
    choices:
      - service_providers
      - service_provider
      - list_users
      - customers
      - user_customers
      - projects
      - customer_projects
      - project_permissions
      - users
      - keys
      - offerings
      - course_accounts
      - project_service_accounts
      - robot_account_customers
      - robot_account_projects
      - marketplace_offering_users
      - provider_accounts
      - username_conflicts
      - project_groups
      - compliance_overview
      - compliance_offering_users
      - checklists_summary
      - revenue
      - stat
  service_provider:
    description:
      - The service provider, by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer. The first kind that matches is used.
      - Required for every term except V(service_providers), which does not accept it.
    type: raw
    vars:
      - name: waldur_service_provider
notes:
  - Each evaluation sends a request to Waldur, and Ansible evaluates a variable each time it is used. Store rows that
    you use several times with M(ansible.builtin.set_fact), or loop over them.
  - All evaluations in one process share one connection, and resolved names are cached.
  - Values from Waldur are literal text and are never evaluated as templates.
  - With C(errors='warn') or C(errors='ignore') Ansible continues without rows if Waldur can't be read.
  - The rows never contain secrets. To read the API secret code, use P(waldur.provider.api_secret_code#lookup).
seealso:
  - plugin: waldur.provider.api_secret_code
    plugin_type: lookup
  - plugin: waldur.provider.inventory
    plugin_type: inventory
"""

EXAMPLES = r"""
# URL and token come from the environment (WALDUR_API_URL, WALDUR_ACCESS_TOKEN), variables, or a connection profile.

- name: Show the users of our offerings
  ansible.builtin.debug:
    msg: "{{ item.full_name }} <{{ item.email }}>"
  loop: "{{ query('waldur.provider.query', 'users', service_provider='ALPHA', is_active=true, order_by='username') }}"
  loop_control:
    label: "{{ item.username }}"

- name: Store rows that are used more than once
  ansible.builtin.set_fact:
    managers: "{{ query('waldur.provider.query', 'list_users', service_provider='ALPHA', role='CUSTOMER.MANAGER') }}"

- name: Show the role grants that never expire
  ansible.builtin.debug:
    msg: "{{ managers | selectattr('expiration_time', 'none') | map(attribute='user_username') | join(', ') }}"

- name: Set the service provider once
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

- name: Read two lists in one loop
  ansible.builtin.debug:
    msg: "{{ item.name }}"
  loop: >-
    {{ query('waldur.provider.query', 'robot_account_customers', 'robot_account_projects', service_provider='ALPHA') }}

- name: Continue without rows if this Waldur has no compliance reports
  ansible.builtin.debug:
    msg: "{{ query('waldur.provider.query', 'compliance_overview', service_provider='ALPHA', errors='warn') }}"

- name: List the users who have not finished the checklist, with another connection profile
  ansible.builtin.debug:
    msg: "{{ query('waldur.provider.query', 'compliance_offering_users', service_provider='ALPHA',
                   compliance_status='pending', profile='production') | map(attribute='user_email') }}"
"""

RETURN = r"""
_raw:
  description:
    - The rows, with the keys that this Waldur returns, or only with those of O(fields).
    - The modules named in O(_terms) describe the keys.
  type: list
  elements: dict
  sample:
    - {uuid: 51d1acdbef2e4274bda95a1ce5391e54, username: carol, full_name: Carol Example, email: carol@example.org}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup import queries
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup.base import WaldurLookup


class LookupModule(WaldurLookup):
    """The lookup plugin ``waldur.provider.query``."""

    def read(
        self, connection: Connection, terms: Sequence[Any], keywords: Mapping[str, Any], default_provider: Any
    ) -> tuple[list[Any], list[str]]:
        """Return the rows of all terms."""
        return queries.read_rows(connection, terms, keywords, default_provider)
