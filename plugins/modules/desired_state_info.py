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
  - Reads the current state from Waldur (profile, role grants, usernames, POSIX ID pool, project groups) and returns it
    as a document for M(waldur.provider.desired_state). Applying the exported document changes nothing, unless Waldur
    was changed since the export.
  - Use it to start to manage providers as code, or to update a document after manual changes. An export is sorted.
    Until Waldur changes, two exports are identical, byte by byte, so keep it in git and check the difference.
  - "Information that a document can't contain is left out, and described in RV(notes): the image; expired role grants
    that Waldur lists until its daily cleanup, duplicate role grants, and those of roles that can't be granted any more;
    usernames of users who do not have the same username in all offerings that they can access through a project, who
    share theirs with another user, who have none, or who can't access any offering; usernames in offerings in which
    Waldur generates them, as a document would work against that (2026); project groups without a GID, and those of
    deleted projects (2026); all role grants on a Waldur without roles in
    service providers (2024)."
  - Secrets are never exported. The API secret code is left out, and so is C(exclusive_users), because you must decide
    whose role grants to revoke. Add these keys manually.
  - Waldur does not list the role grants of deactivated users, so they are not exported. The usernames of deactivated
    users are among those of users who can't access any offering.
  - If a part of a service provider can't be read, it is an error, because an incomplete export would look complete.
    Without O(service_providers), service providers that the token may not read are skipped, and RV(notes) names them.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.exports
notes:
  - V(offering_usernames) requires C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS) and a token that may read the resources
    of the provider, which is the token of staff or of the customer's owner. Accounts in offerings that only staff can
    read are left out, and a note names these offerings. V(users) requires a role on the provider, or a staff or support
    token.
  - Users are written by username, and customers by name. If that would be ambiguous (a customer's name that occurs
    twice, a username that looks like a UUID), the UUID is written.
  - Names and descriptions can contain double curly braces, which Ansible would evaluate as templates in a file of
    variables. Load an exported file with P(ansible.builtin.from_yaml#filter) as in the examples, not with C(vars_files)
    or C(-e).
  - Lists are read completely, in pages of 300 rows. 1,000 role grants and 1,000 usernames take 17 requests.
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

- name: Write the document into a file, with the notes as comments at the top
  ansible.builtin.copy:
    content: |
      ---
      {% for note in live.notes %}
      # {{ note.text }}
      {% endfor %}
      {{ {'service_providers': live.service_providers} | to_nice_yaml(indent=2, sort_keys=false) }}
    dest: /etc/waldur-agent/alpha.yml
    mode: "0644"

- name: Show what was changed since the export
  waldur.provider.desired_state:
    service_providers: "{{ (lookup('ansible.builtin.file', exported) | from_yaml).service_providers }}"
  check_mode: true
  diff: true
  vars:
    exported: /etc/waldur-agent/alpha.yml

- name: Export the role grants and profiles of two service providers, with a token that may not read usernames
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

- name: Show the notes
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
      description: The name of the customer that is the service provider, or its UUID if the name is ambiguous.
      type: str
      sample: Alpha Cloud Ltd
    description:
      description: The description, even if it is empty.
      type: str
      returned: with V(profile) in O(parts)
      sample: Provider of Alpha Cloud Ltd
    enable_notifications:
      description: Whether Waldur sends notifications to the users of the provider.
      type: bool
      returned: with V(profile) in O(parts)
      sample: true
    allowed_domains:
      description: The domain names, sorted.
      type: list
      elements: str
      returned: with V(profile) in O(parts), since Waldur 2026
      sample: [alpha.example.org]
    account_options:
      description: The options that have a value.
      type: dict
      returned: with V(profile) in O(parts), since Waldur 2026, if there are any
      sample: {login_shell: /bin/bash}
    users:
      description: The role grants, sorted by user and role.
      type: list
      elements: dict
      returned: with V(users) in O(parts), if there are any
      contains:
        user:
          description: The username, or the UUID if the username would not identify the user.
          type: str
          sample: manager_alpha
        role:
          description: The name of the role.
          type: str
          sample: CUSTOMER.MANAGER
        expiration_time:
          description: When the role grant expires, in UTC, or V(never).
          type: str
          sample: "2027-06-30T18:00:00Z"
    offering_usernames:
      description: The usernames in the provider's offerings, sorted by user.
      type: list
      elements: dict
      returned: with V(offering_usernames) in O(parts), if there are any
      contains:
        user:
          description: The user, in the same form.
          type: str
          sample: member1
        username:
          description: The username of all accounts of the user in the offerings that they can access.
          type: str
          sample: m1_alpha
notes:
  description: Information that the document can't contain, sorted by service provider, key and name.
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
      description: The object of the note, such as a user. V(none) if the note is about the whole key.
      type: str
      sample: member2
    text:
      description: What was left out and why, as a complete sentence.
      type: str
      sample: "Alpha Cloud Ltd: member2 has different usernames in the offerings that they can access
        (Alpha Storage: none, Alpha VM: m2_alpha)."
count:
  description: The number of service providers in the document.
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
