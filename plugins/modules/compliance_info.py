#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: compliance_info
short_description: Read the compliance reports of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads the three compliance reports of a service provider, which are the progress of the users of each offering with
    its checklist, the progress of each account, and the checklists in use.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
options:
  compliance_status:
    description:
      - Only accounts of this status. It only filters RV(compliance.offering_users).
      - V(completed) means that the user has finished the checklist, V(pending) that they have not finished or not
        started it, and V(no_checklist) that the offering has none.
    type: str
    choices: [completed, pending, no_checklist]
  offering:
    description:
      - Only accounts in this offering, by its exact name within the service provider, or by UUID or URL. It only
        filters RV(compliance.offering_users).
    type: raw
    aliases: [offering_uuid]
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_CUSTOMERS) in the provider's customer, which owners have. Since
    2026, a role in the service provider is enough, such as that of its managers.
  - Compliance reports require Waldur 2025 or newer. With an older version, the task fails, and the message says so.
  - Either the complete report is returned, or the task fails.
seealso:
  - module: waldur.provider.offering_username_info
    description: The same accounts, with the UUIDs of user and offering.
  - module: waldur.provider.statistics_info
"""

EXAMPLES = r"""
- name: List the users who have not finished the checklist
  waldur.provider.compliance_info:
    service_provider: ALPHA
    compliance_status: pending
  register: pending

- name: Show them by offering
  ansible.builtin.debug:
    msg: "{{ item.offering_name }}: {{ pending_users | map(attribute='user_email') | sort | join(', ') or 'none' }}"
  vars:
    pending_users: "{{ pending.compliance.offering_users | selectattr('offering_name', 'eq', item.offering_name) }}"
  loop: "{{ pending.compliance.overview }}"
  loop_control:
    label: "{{ item.offering_name }}"

- name: Show the progress of each offering
  ansible.builtin.debug:
    msg: "{{ item.offering_name }}: {{ item.completed_users }} of {{ item.total_users }}"
  loop: "{{ pending.compliance.overview }}"
  loop_control:
    label: "{{ item.offering_name }}"

- name: Show the progress of one offering
  waldur.provider.compliance_info:
    service_provider: ALPHA
    offering: Alpha Storage

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.compliance_info -a 'service_provider=ALPHA compliance_status=pending'
"""

RETURN = r"""
compliance:
  description:
    - The three reports.
    - Newer versions of Waldur may return more keys than these.
  returned: success
  type: dict
  contains:
    overview:
      description: One row for each offering that has a checklist, sorted by its name.
      type: list
      elements: dict
      contains:
        offering_uuid:
          description: The UUID of the offering.
          type: str
          sample: 9b578d38ebd848f894aad61d962a512b
        offering_name:
          description: The name of the offering.
          type: str
          sample: Alpha VM
        checklist_name:
          description: The name of its checklist.
          type: str
          sample: Acceptable use
        total_users:
          description: How many accounts the offering has.
          type: int
          sample: 8
        users_with_completions:
          description: How many of them have started the checklist.
          type: int
          sample: 2
        completed_users:
          description: How many of them have finished it.
          type: int
          sample: 1
        pending_users:
          description: How many of them have started but not finished it. Users who have not started are not included.
          type: int
          sample: 1
        compliance_rate:
          description: The percentage of accounts that have finished it.
          type: float
          sample: 12.5
    offering_users:
      description: One row for each account in an offering of the provider that matches the filters.
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the account.
          type: str
          sample: fe94df2a081347d4adb22f75ae42f516
        user_full_name:
          description: The name of the user.
          type: str
          sample: Member1 Tester
        user_email:
          description: The e-mail address of the user.
          type: str
          sample: member1@example.org
        offering_name:
          description: The name of the offering.
          type: str
          sample: Alpha VM
        checklist_name:
          description: The name of the offering's checklist, or V(none).
          type: str
          sample: Acceptable use
        username:
          description: The username of the account. Empty or V(none) if it is not set yet.
          type: str
          sample: m1_alpha
        state:
          description:
            - The state of the account, as a number. 1 Requested, 2 Creating, 3 Pending account linking, 4 Pending
              additional validation, 5 OK, 6 Requested deletion, 7 Deleting, 8 Deleted, 9 Error creating, 10 Error
              deleting.
          type: int
          sample: 5
        completion_percentage:
          description: The completed percentage of the checklist, or V(none) if there is none.
          type: int
          sample: 100
        compliance_status:
          description: V(completed), V(pending) or V(no_checklist), as in O(compliance_status).
          type: str
          sample: completed
        last_updated:
          description: When the checklist was last answered, or V(none).
          type: str
          sample: "2026-11-22T21:30:00.000001+00:00"
        created:
          description: When the account was created.
          type: str
          sample: "2026-11-22T21:16:05.504947+00:00"
    checklists:
      description: One row for each checklist in use, sorted by the number of offerings, highest first.
      type: list
      elements: dict
      contains:
        checklist_uuid:
          description: The UUID of the checklist.
          type: str
          sample: c0000000000040008000000000000001
        checklist_name:
          description: Its name.
          type: str
          sample: Acceptable use
        questions_count:
          description: How many questions it has.
          type: int
          sample: 2
        offerings_count:
          description: How many offerings of the provider use it.
          type: int
          sample: 2
        category_name:
          description: The category of the checklist. Missing since 2026.
          type: str
          sample: Policies
count:
  description: The number of accounts in RV(compliance.offering_users).
  returned: success
  type: int
  sample: 12
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("compliance_info")


if __name__ == "__main__":
    main()
