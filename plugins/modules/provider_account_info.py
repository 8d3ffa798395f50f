#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: provider_account_info
short_description: List the accounts that users have at a Waldur service provider
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the service provider accounts, one row for each user. Such an account is shared by all offerings whose setting
    C(account_scope) is C(provider). The accounts in these offerings have its username and its POSIX values. See
    M(waldur.provider.offering_username_info).
  - Accounts in every state are listed, also deleted ones.
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  provider_account:
    description:
      - Only this account, by its UUID or URL. Accounts in offerings have it as C(service_provider_account_uuid).
      - It is read with one request, and can't be combined with filters, O(order_by) and O(limit).
    type: raw
  user:
    description:
      - Only the account of this user. By username (case-sensitive), e-mail address (case-insensitive), UUID or URL.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_uuid]
  user_username:
    description: The exact username of the user in Waldur (case-insensitive). It is no error if there is no such user.
    type: str
  username:
    description: The exact username of the account. Case-sensitive.
    type: str
  state:
    description: Only accounts in one of these states.
    type: list
    elements: str
    choices:
      - Requested
      - Creating
      - Pending account linking
      - Pending additional validation
      - OK
      - Requested deletion
      - Deleting
      - Deleted
      - Error creating
      - Error deleting
  runtime_state:
    description: Only accounts with one of these runtime states.
    type: list
    elements: str
    choices:
      - Active
      - Pending account linking
      - Pending additional validation
  is_restricted:
    description:
      - Only accounts that are marked as restricted, or with V(false) only the others.
      - Waldur does not enforce this flag. Whether a user can use an offering depends on the C(is_restricted) of the
        account in that offering.
    type: bool
  query:
    description:
      - A text that the server searches in several fields, such as the username, the names of the user, and the digits
        of UID and GID.
    type: str
  created:
    description: Only accounts created at this time or later, such as V("2026-09-01") or V("2026-09-01T12:00:00Z").
    type: str
  created_before:
    description: Only accounts created at this time or earlier.
    type: str
  modified:
    description: Only accounts last changed at this time or later.
    type: str
  modified_before:
    description: Only accounts last changed at this time or earlier.
    type: str
  order_by:
    choices:
      - created
      - modified
      - username
      - user_first_name
      - user_last_name
      - -created
      - -modified
      - -username
      - -user_first_name
      - -user_last_name
notes:
  - Requires a staff or support token, any role on the service provider, or a role on its customer or in one of the
    customer's projects. Other tokens get an empty list.
  - Waldur shows C(user_username), C(user_full_name) and C(user_email) only if every offering that uses the account
    exposes them. Otherwise they are V(none), also for staff. To identify users, use C(user_uuid).
  - The rows do not contain first and last names. If V(user_first_name) or V(user_last_name) is among the keys of
    O(order_by), Waldur sorts the rows.
  - The list is complete even if Waldur enforces consents or complete profiles, which only hide accounts in offerings.
  - Service provider accounts require Waldur 2026 or newer. With an older version, the task fails, and the message says
    so.
seealso:
  - module: waldur.provider.username_conflict_info
    description: Which users have several usernames in the offerings, before they get one account.
  - module: waldur.provider.offering_username_info
    description: The accounts in the offerings.
  - module: waldur.provider.service_provider
    description: Set C(account_scope) and the other settings of accounts.
"""

EXAMPLES = r"""
- name: List the service provider accounts
  waldur.provider.provider_account_info:
    service_provider: ALPHA
    order_by: [username]
  register: accounts

- name: Show the UIDs
  ansible.builtin.debug:
    msg: "{{ item.username }}: {{ item.uidnumber }}"
  loop: "{{ accounts.provider_accounts }}"
  loop_control:
    label: "{{ item.uuid }}"

- name: Read the account of one user
  waldur.provider.provider_account_info:
    service_provider: ALPHA
    user: member1
    fields: [username, state, home_directory]

- name: List the accounts that users can use, changed since the start of the year
  waldur.provider.provider_account_info:
    service_provider: ALPHA
    state: [OK]
    runtime_state: [Active]
    modified: "2026-01-01"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.provider_account_info -a 'service_provider=ALPHA order_by=username'
"""

RETURN = r"""
provider_accounts:
  description:
    - The accounts, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of provider_accounts, provider_account
    url:
      description: The URL of the account.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-service-provider-accounts/c0000000000040008000000000000051/
    uuid:
      description: The UUID of the account.
      returned: always
      type: str
      sample: c0000000000040008000000000000051
    created:
      description: When the account was created.
      returned: always
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    modified:
      description: When the account was last changed.
      returned: always
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    service_provider:
      description: The URL of the service provider.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/
    service_provider_uuid:
      description: The UUID of the service provider.
      returned: always
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    service_provider_name:
      description: The name of the service provider.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    user:
      description: The URL of the user.
      returned: always
      type: str
      sample: https://waldur.example.org/api/users/51d1acdbef2e4274bda95a1ce5391e54/
    user_uuid:
      description: The UUID of the user.
      returned: always
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    user_username:
      description: The username of the user in Waldur. V(none) unless all offerings that use the account expose it.
      returned: always
      type: str
      sample: member1
    user_full_name:
      description: The name of the user. V(none) unless all offerings that use the account expose it.
      returned: always
      type: str
      sample: Member1 Tester
    user_email:
      description: The e-mail address of the user. V(none) unless all offerings that use the account expose it.
      returned: always
      type: str
      sample: member1@example.org
    username:
      description: The username of the account. Empty or V(none) if it is not set yet.
      returned: always
      type: str
      sample: m1_alpha
    state:
      description: The state of the account.
      returned: always
      type: str
      sample: OK
    runtime_state:
      description: The runtime state, such as V(Active). It is independent of C(state).
      returned: always
      type: str
      sample: Active
    is_restricted:
      description: Whether the account is marked as restricted.
      returned: always
      type: bool
      sample: false
    service_provider_comment:
      description: The comment of the provider about the account.
      returned: always
      type: str
      sample: ""
    service_provider_comment_url:
      description: The URL with more information about it.
      returned: always
      type: str
      sample: ""
    uidnumber:
      description: The UID of the user. V(none) if the account has none.
      returned: always
      type: int
      sample: 5001
    primarygroup:
      description: The GID of the primary group. V(none) if the account has none.
      returned: always
      type: int
      sample: 5001
    login_shell:
      description: The login shell. V(none) if the account has none.
      returned: always
      type: str
      sample: /bin/bash
    home_directory:
      description: The home directory. V(none) if the account has none.
      returned: always
      type: str
      sample: /home/m1_alpha
    offering_count:
      description: How many offerings use the account.
      returned: always
      type: int
      sample: 2
    # End of the generated fields
count:
  description: How many accounts are returned.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("provider_account_info")


if __name__ == "__main__":
    main()
