#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_provider_facts
short_description: Gather facts about a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads the profile, roles, statistics, revenue and compliance of one service provider, and how much there is of the
    rest, and sets it as the fact C(waldur) of the host.
  - It is made for inventories whose hosts are service providers. There it works as a task, ad hoc, and as a play's own
    fact gathering, and Ansible's fact cache keeps what it found.
  - Use the info modules of this collection to read whole lists, or to filter them.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
attributes:
  facts:
    description: Returns C(ansible_facts), so that its findings become facts of the host.
    support: full
options:
  gather_subset:
    description:
      - "What to gather: any of V(profile), V(roles), V(statistics), V(revenue), V(compliance) and V(counts), or V(all)
        of it, or V(min), which is the V(profile) alone."
      - The V(profile) comes along with whatever else is named. C(!) before a name leaves it out, such as
        V(!compliance). V(!all) leaves out all but the profile, V(!min) the profile. What is also named without
        C(!) is gathered, in whatever order they stand. Where everything has a C(!), it is taken from V(all).
        Quote the C(!), which means something else in YAML.
      - What is asked for by its own name must be there, otherwise the task fails. What only V(all) asks for, and this
        Waldur doesn't have or the token may not read, is V(none), with a warning that says why.
      - It costs a request to find the service provider, and then one for each of V(roles) (one for each 300 of them),
        V(statistics) and V(revenue), four for V(compliance) and eight for V(counts).
      - A name that is not known is an error.
    type: list
    elements: str
    default: [all]
notes:
  - For the fact gathering of a play, set the variable C(ansible_facts_modules) to
    C(waldur.provider.service_provider_facts) and the options in C(module_defaults) of the play, as in the last example.
    Ansible runs it as a module then, and hands over neither variables such as C(waldur_api_url) nor the play's own
    C(gather_subset), so write these into C(module_defaults) too. The environment in which Ansible was started, a
    O(profile), and the play's C(environment) work as always. Of the last Ansible shows the values at C(-vvv), so it
    is no place for a token.
  - M(ansible.builtin.setup) gathers the whole environment, with E(WALDUR_ACCESS_TOKEN) in it where it is set. Where
    both gather, give that one C(gather_subset=all,!env), or take the token from a O(profile).
  - A fact cache keeps the fact as a whole. Whoever gathers another O(gather_subset) later replaces all of it.
  - Facts hold no token and no secret code, but the names and e-mail addresses of those who hold roles. A fact cache
    keeps these in clear.
seealso:
  - module: ansible.builtin.setup
    description: Facts about machines.
  - module: waldur.provider.service_provider_info
  - module: waldur.provider.user_role_info
  - module: waldur.provider.statistics_info
  - module: waldur.provider.revenue_info
  - module: waldur.provider.compliance_info
    description: Who has not finished a checklist.
  - plugin: waldur.provider.inventory
    plugin_type: inventory
    description: An inventory whose hosts are service providers.
"""

EXAMPLES = r"""
- name: Gather all facts about a service provider
  waldur.provider.service_provider_facts:
    service_provider: ALPHA

- name: Say how it is doing
  ansible.builtin.debug:
    msg: >-
      {{ ansible_facts.waldur.profile.customer_name }} has {{ ansible_facts.waldur.counts.users }} users and
      {{ ansible_facts.waldur.statistics.pending_orders }} orders to look at.

- name: Gather who holds roles, and nothing else but the profile
  waldur.provider.service_provider_facts:
    service_provider: BETA
    gather_subset: roles

- name: Gather everything but the compliance
  waldur.provider.service_provider_facts:
    service_provider: BETA
    gather_subset: "!compliance"

- name: Gather statistics alone, without the profile
  waldur.provider.service_provider_facts:
    service_provider: ALPHA
    gather_subset:
      - "!all"
      - "!min"
      - statistics

# As the fact gathering of a play over an inventory of service providers:
#
# - name: Tell how our service providers are doing
#   hosts: all
#   vars:
#     ansible_facts_modules: [waldur.provider.service_provider_facts]
#   module_defaults:
#     waldur.provider.service_provider_facts:
#       service_provider: "{{ waldur_uuid | default(inventory_hostname) }}"
#       gather_subset: [statistics, revenue, counts]
#   tasks:
#     - name: Orders to look at
#       ansible.builtin.debug:
#         var: ansible_facts.waldur.statistics.pending_orders
"""

RETURN = r"""
ansible_facts:
  description: The facts to add to those of the host.
  returned: success
  type: dict
  contains:
    waldur:
      description:
        - What was gathered about the service provider, with one key for each subset of O(gather_subset).
        - A key that was not asked for is missing. A subset that could not be read is V(none).
      returned: success
      type: dict
      contains:
        profile:
          description: The service provider, as in
            RV(waldur.provider.service_provider#module:service_provider).
          returned: when gathered
          type: dict
          sample:
            uuid: e182aaedb6ae4541956a3c14629abc02
            url: https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/
            description: Compute and storage for research
            customer_uuid: d2c8772ce559428283e388badd97f2d6
            customer_name: Alpha Cloud Ltd
            customer_abbreviation: ALPHA
            offering_count: 4
        roles:
          description: Who holds which role on the service provider, and until when, as in
            RV(waldur.provider.user_role#module:user_roles).
          returned: when gathered
          type: list
          elements: dict
          sample:
            - user_username: manager_alpha
              user_uuid: 551b22bc52224067a423ce9d73c31321
              user_full_name: Manager alpha Tester
              user_email: manager_alpha@example.org
              role_name: CUSTOMER.MANAGER
              role_uuid: d51bab95e9a74d39be894869c14ec67e
              expiration_time: null
        statistics:
          description: Numbers of today. Those called C(change) compare with the beginning of the month.
          returned: when gathered
          type: dict
          sample:
            active_campaigns: 0
            current_customers: 2
            customers_number_change: 2
            active_resources: 4
            resources_number_change: 4
            active_and_paused_offerings: 3
            unresolved_tickets: 0
            pending_orders: 0
            erred_resources: 0
        revenue:
          description: What was earned, month by month.
          returned: when gathered
          type: list
          elements: dict
          contains:
            year:
              description: The year.
              type: int
              sample: 2026
            month:
              description: The month, from 1 to 12.
              type: int
              sample: 8
            total:
              description: What was earned in that month.
              type: int
              sample: 130
        compliance:
          description: How far users are with the checklists of the offerings.
          returned: when gathered
          type: dict
          contains:
            overview:
              description: One entry for each offering that has a checklist.
              type: list
              elements: dict
              sample:
                - offering_uuid: b608c4285c894f8ba831fd538b8668c9
                  offering_name: Alpha Storage
                  checklist_name: Acceptable use
                  total_users: 4
                  users_with_completions: 1
                  completed_users: 1
                  pending_users: 0
                  compliance_rate: 25.0
            offering_users:
              description: How many accounts in offerings have completed their checklist, have not yet, or need none.
              type: dict
              sample:
                completed: 2
                pending: 10
                no_checklist: 0
        counts:
          description: How long each list of the service provider is. A list that this Waldur doesn't have, or that the
            token may not read, is V(none), with a warning. Where that is so of all of them, so is this.
          returned: when gathered
          type: dict
          sample:
            customers: 2
            projects: 3
            users: 7
            offerings: 4
            ssh_keys: 10
            project_permissions: 10
            course_accounts: 2
            project_service_accounts: 2
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("service_provider_facts")


if __name__ == "__main__":
    main()
