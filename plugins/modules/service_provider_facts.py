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
  - Reads the profile, role grants, statistics, revenue, compliance and accounts of one service provider, and the length
    of its other lists, and sets them as the fact C(waldur) of the host.
  - Use it with inventories whose hosts are service providers. There it works as a task, ad hoc, and as the fact
    gathering of a play, and the fact cache of Ansible stores the facts.
  - To read complete lists, or to filter them, use the info modules of this collection.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
attributes:
  facts:
    description: Returns C(ansible_facts), which Ansible adds to the facts of the host.
    support: full
options:
  gather_subset:
    description:
      - "What to gather: any of V(profile), V(roles), V(statistics), V(revenue), V(compliance), V(accounts)
        (since 1.1.0) and V(counts), or V(all) of them, or V(min), which is only the V(profile)."
      - The V(profile) is always included. A C(!) before a name excludes it, such as V(!compliance). V(!all) excludes
        everything except the profile, V(!min) the profile. A name without C(!) is gathered even if it is also excluded,
        in any order. If all names have a C(!), they are excluded from V(all). Quote the C(!), which has another meaning
        in YAML.
      - If a fact that you name can't be read, the task fails. If a fact that only V(all) includes does not exist in
        this Waldur, or the token may not read it, it is V(none), with a warning that gives the cause.
      - It takes one request to find the service provider, and then one for each of V(roles) (one for each 300 of them),
        V(statistics) and V(revenue), four for V(compliance) and eight for V(counts). V(accounts) takes one for each 300
        accounts, and with Waldur 2026 three for conflicts and POSIX IDs and one for each 300 offerings.
      - Since Waldur 2025, up to two more requests find out whether Waldur hides accounts or users from the token. A
        warning says so, but can't name who is missing.
      - An unknown name is an error.
    type: list
    elements: str
    default: [all]
notes:
  - For the fact gathering of a play, set the variable C(ansible_facts_modules) to
    C(waldur.provider.service_provider_facts) and the options in C(module_defaults) of the play, as in the last example.
    Ansible then runs it as a module, and passes neither variables such as C(waldur_api_url) nor the C(gather_subset) of
    the play, so set these in C(module_defaults) too. The environment in which Ansible was started, a O(profile), and
    the play's C(environment) work as always. Of the last Ansible shows the values at C(-vvv), so it is no place for a
    token.
  - M(ansible.builtin.setup) gathers the whole environment, including E(WALDUR_ACCESS_TOKEN) if it is set. If you use
    both, set C(gather_subset=all,!env) for that module, or set the token in a connection profile (O(profile)).
  - A fact cache stores the fact as a whole. Gathering another O(gather_subset) later replaces all of it.
  - Facts contain no token and no secret code, but the names and e-mail addresses of users with role grants, and of
    users with accounts that need attention. A fact cache stores these in plain text.
seealso:
  - module: ansible.builtin.setup
    description: Facts about machines.
  - module: waldur.provider.service_provider_info
  - module: waldur.provider.user_role_info
  - module: waldur.provider.statistics_info
  - module: waldur.provider.revenue_info
  - module: waldur.provider.compliance_info
    description: The users who have not finished a checklist.
  - plugin: waldur.provider.inventory
    plugin_type: inventory
    description: An inventory whose hosts are service providers.
"""

EXAMPLES = r"""
- name: Gather all facts about a service provider
  waldur.provider.service_provider_facts:
    service_provider: ALPHA

- name: Show the facts
  ansible.builtin.debug:
    msg: >-
      {{ ansible_facts.waldur.profile.customer_name }} has {{ ansible_facts.waldur.counts.users }} users and
      {{ ansible_facts.waldur.statistics.pending_orders }} orders to look at.

- name: Gather only the role grants and the profile
  waldur.provider.service_provider_facts:
    service_provider: BETA
    gather_subset: roles

- name: Gather everything except the compliance
  waldur.provider.service_provider_facts:
    service_provider: BETA
    gather_subset: "!compliance"

- name: Gather only statistics, without the profile
  waldur.provider.service_provider_facts:
    service_provider: ALPHA
    gather_subset:
      - "!all"
      - "!min"
      - statistics

# As the fact gathering of a play over an inventory of service providers:
#
# - name: Summarize our service providers
#   hosts: all
#   vars:
#     ansible_facts_modules: [waldur.provider.service_provider_facts]
#   module_defaults:
#     waldur.provider.service_provider_facts:
#       service_provider: "{{ waldur_uuid | default(inventory_hostname) }}"
#       gather_subset: [statistics, revenue, counts]
#   tasks:
#     - name: Show the pending orders
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
        - The facts about the service provider, with one key for each subset of O(gather_subset).
        - A key that was not requested is missing. A subset that could not be read is V(none).
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
          description: The role grants of the service provider, as in RV(waldur.provider.user_role#module:user_roles).
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
          description: The current statistics. Keys with C(change) in the name compare with the start of the month.
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
          description: The revenue by month.
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
              description: The revenue of that month.
              type: int
              sample: 130
        compliance:
          description: The progress of users with the checklists of the offerings.
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
              description: How many accounts in offerings have completed their checklist, have not completed it, or need
                none.
              type: dict
              sample:
                completed: 2
                pending: 10
                no_checklist: 0
        accounts:
          description:
            - The state of the accounts in the offerings that the token may read.
            - C(username_conflicts), C(overriding_offerings) and C(posix_id_pool) are V(none) before Waldur 2026, and
              where the token may not read them.
          returned: when gathered
          type: dict
          contains:
            total:
              description: The number of accounts.
              type: int
              sample: 12
            by_state:
              description: The number of accounts by state. Empty if this Waldur returns no states.
              type: dict
              sample: {OK: 10, Requested: 2}
            unfinished:
              description: The accounts that are pending, have failed, or have a comment of the service provider, with
                the time of their last change. V(none) if this Waldur returns no states.
              type: list
              elements: dict
              sample:
                - uuid: 2f1ac5aaf6b04cb79cd7be1a2a6bb4ad
                  username: m2_alpha
                  user_uuid: 0b2e3c66f7c94b7c9a2b5fc7f5f1bb0e
                  user_username: member2
                  user_full_name: Member2 Tester
                  user_email: member2@example.org
                  offering_uuid: b608c4285c894f8ba831fd538b8668c9
                  offering_name: Alpha Storage
                  state: Pending account linking
                  runtime_state: null
                  service_provider_comment: Link your account in the portal
                  service_provider_comment_url: https://portal.example.org/link
                  modified: "2026-11-22T09:30:00Z"
            without_username:
              description: The users who have accounts without a username, with the names of those offerings.
              type: list
              elements: dict
              sample:
                - user_uuid: 0b2e3c66f7c94b7c9a2b5fc7f5f1bb0e
                  user_username: member2
                  user_full_name: Member2 Tester
                  offerings: [Alpha Storage]
            username_conflicts:
              description: The users whose accounts have different usernames, as in
                RV(waldur.provider.username_conflict_info#module:username_conflicts).
              type: list
              elements: dict
              sample: []
            overriding_offerings:
              description: The offerings with account settings of their own that differ from those of the provider.
              type: list
              elements: dict
              sample:
                - uuid: b608c4285c894f8ba831fd538b8668c9
                  name: Alpha Storage
                  settings: {homedir_prefix: /srv/home/}
            posix_id_pool:
              description: How many numbers of each range of the POSIX ID pool are used. V(none) if the service
                provider has no pool. A range that the pool does not have is V(none).
              type: dict
              sample:
                uuid: 4a4a9c2b7f0f4f0c8f4e9a3c9a6a4d5e
                uid: {min: 20000, max: 29999, next: 20012, capacity: 10000, used: 12, utilization: 0.1}
                gid: {min: 20000, max: 29999, next: 20012, capacity: 10000, used: 12, utilization: 0.1}
                group_gid: null
                utilization_threshold: 80
        counts:
          description: The length of each list of the service provider. A list that this Waldur does not have, or that
            the token may not read, is V(none), with a warning. If this applies to all of them, the whole value is
            V(none).
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
