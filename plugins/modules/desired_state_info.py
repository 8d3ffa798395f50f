#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state_info
short_description: Export Waldur service providers as a document
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads what is in Waldur (profile, roles, usernames) and returns it as the document that
    M(waldur.provider.desired_state) takes. Applying what was exported changes nothing. Where it would change something,
    somebody has changed Waldur since.
  - Use it to begin keeping providers as code, or to bring a document up to date with what was done by hand. An export
    is sorted. As long as nothing changes in Waldur, two exports are the same, byte by byte, so keep it in git and
    look at the difference.
  - "What no document can say is left out, and RV(notes) tells it: the image; grants that have expired and stay listed
    until Waldur's daily clean-up, grants that are there twice, and those of roles that can't be granted any more;
    usernames of people who don't have one and the same in all offerings that they reach through a project, who share
    theirs with somebody else, who have none, or who reach no offering; all roles on a Waldur that has none on service
    providers (2024)."
  - Secrets are never exported. The API secret code is left out, and so is C(exclusive_users), because who is to lose a
    role is a decision and not a state. Add these by hand.
  - Waldur doesn't list the grants of deactivated users, so they appear nowhere. Usernames of deactivated users are
    among those of people who reach no offering.
  - What can't be read of a service provider is an error, because half an export would pass for a whole one. Without
    O(service_providers), those that the token may not read are left out as a whole, and RV(notes) names them.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.exports
notes:
  - V(offering_usernames) takes C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS) and a token that sees the provider's
    resources, which is one of staff or of the customer's owner. Accounts in offerings that only staff can read
    back are left out, and a note says in which. V(users) takes a role on the provider, or a staff or support token.
  - Users are written by username, and customers by name. Where that could mean somebody else (a customer's name that
    occurs twice, a username that looks like a UUID) it is the UUID.
  - Names and descriptions can hold double curly braces. Ansible would take them for templates in a file of variables.
    Load an exported file with P(ansible.builtin.from_yaml#filter) as in the examples, not with C(vars_files) or C(-e).
  - Lists are read whole, in pages of 300 rows. 1,000 roles and 1,000 usernames take 17 requests.
seealso:
  - module: waldur.provider.desired_state
  - module: waldur.provider.desired_state_file
  - module: waldur.provider.user_role_info
  - module: waldur.provider.offering_username_info
"""

EXAMPLES = r"""
- name: Export one service provider
  waldur.provider.desired_state_info:
    service_provider: ALPHA
  register: live

- name: Write it into a file, with what it could not say above it
  ansible.builtin.copy:
    content: |
      ---
      {% for note in live.notes %}
      # {{ note.text }}
      {% endfor %}
      {{ {'service_providers': live.service_providers} | to_nice_yaml(indent=2, sort_keys=false) }}
    dest: /etc/waldur-agent/alpha.yml
    mode: "0644"

- name: See what was changed by hand since
  waldur.provider.desired_state:
    service_providers: "{{ (lookup('ansible.builtin.file', exported) | from_yaml).service_providers }}"
  check_mode: true
  diff: true
  vars:
    exported: /etc/waldur-agent/alpha.yml

- name: Export roles and profiles of two service providers, with a token that may not read usernames
  waldur.provider.desired_state_info:
    service_providers:
      - ALPHA
      - Beta HPC Centre
    parts:
      - profile
      - users

- name: Export everything, with a staff token
  waldur.provider.desired_state_info:
  register: everything

- name: Show what no document can say
  ansible.builtin.debug:
    msg: "{{ everything.notes | map(attribute='text') }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.desired_state_info -a service_provider=ALPHA
"""

RETURN = r"""
service_providers:
  description: The document, one entry for each service provider, by the name of its customer.
  returned: success
  type: list
  elements: dict
  contains:
    customer:
      description: The name of the customer that is the service provider, or its UUID where the name is not enough.
      type: str
      sample: Alpha Cloud Ltd
    description:
      description: The description, also where it is empty.
      type: str
      returned: with V(profile) in O(parts)
      sample: Provider of Alpha Cloud Ltd
    enable_notifications:
      description: Whether Waldur notifies the provider's people.
      type: bool
      returned: with V(profile) in O(parts)
      sample: true
    allowed_domains:
      description: The domain names, sorted.
      type: list
      elements: str
      returned: with V(profile) in O(parts), from Waldur 2026 on
      sample: [alpha.example.org]
    account_options:
      description: The options that have a value.
      type: dict
      returned: with V(profile) in O(parts), from Waldur 2026 on, where there are any
      sample: {login_shell: /bin/bash}
    users:
      description: The grants, sorted by user and role.
      type: list
      elements: dict
      returned: with V(users) in O(parts), where there are any
      contains:
        user:
          description: The username, or the UUID where that would not find the user.
          type: str
          sample: manager_alpha
        role:
          description: The name of the role.
          type: str
          sample: CUSTOMER.MANAGER
        expiration_time:
          description: The moment in UTC at which the grant ends, or V(never).
          type: str
          sample: "2027-06-30T18:00:00Z"
    offering_usernames:
      description: The usernames in the provider's offerings, sorted by user.
      type: list
      elements: dict
      returned: with V(offering_usernames) in O(parts), where there are any
      contains:
        user:
          description: The user, in the same way.
          type: str
          sample: member1
        username:
          description: The name of all of the user's accounts in the offerings that they reach.
          type: str
          sample: m1_alpha
notes:
  description: What the document can't say and leaves out, sorted by service provider, key and name.
  returned: success
  type: list
  elements: dict
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    key:
      description: The key of the document from which it is missing, V(service_providers) for a whole entry.
      type: str
      sample: offering_usernames
    name:
      description: Whom or what it is about, such as a user. V(none) where it is about all of it.
      type: str
      sample: member2
    text:
      description: What was left out and why, a whole sentence.
      type: str
      sample: "Alpha Cloud Ltd: member2 doesn't have one and the same username in all offerings that they reach
        (Alpha Storage: none, Alpha VM: m2_alpha)."
count:
  description: How many service providers there are in the document.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("desired_state_info")


if __name__ == "__main__":
    main()
