#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_key_info
short_description: List the SSH keys of the users of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the public SSH keys of the users with a role in the projects that use the service provider, one row for each
    key. Waldur does not know any private key.
  - A key contains the UUID of its user, but not the name. The examples show how to join keys and users.
  - Keys that are shared with other users and keys that are not shared are both listed.
  - Rows must match all filters.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  user:
    description:
      - Only keys of this user. By username (case-sensitive), e-mail address (case-insensitive), UUID or URL.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_uuid]
  name:
    description: A part of the key's name (case-insensitive).
    type: str
  name_exact:
    description: The exact name of the key (case-sensitive). Several users may have a key of that name.
    type: str
  uuid:
    description:
      - The UUID of one key, or its URL.
      - Waldur 2026 no longer supports this filter. There, the collection applies it to the rows.
    type: raw
  fingerprint_md5:
    description: The exact MD5 fingerprint, in pairs of hex digits with colons between.
    type: str
  fingerprint_sha256:
    description: The exact SHA-256 fingerprint, exactly as Waldur writes it.
    type: str
  fingerprint_sha512:
    description: The exact SHA-512 fingerprint, exactly as Waldur writes it.
    type: str
  is_shared:
    description: Only keys that are shared with other users, or with V(false) only the others.
    type: bool
  created:
    description:
      - Only keys that were added at this time or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC if it has
        no offset), or a date such as V("2026-11-01"), which means midnight in UTC.
    type: str
  created_before:
    description:
      - Only keys that were added at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails, because the rows lack the value.
    type: str
  modified:
    description: Only keys that were changed at this time or later, written as O(created).
    type: str
  modified_before:
    description:
      - Only keys that were changed at this time or earlier, written as O(created).
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: str
  order_by:
    choices: [name, -name]
notes:
  - Requires the permission C(SERVICE_PROVIDER.LIST_KEYS) on the provider's customer, which owners have. A role on the
    service provider is not enough. In Waldur 2024, the role C(CUSTOMER.OWNER) on the customer is required instead.
  - Staff also get the keys of deactivated users, while M(waldur.provider.user_info) does not list these users. If you
    grant access by keys, only use those of listed users, as the examples do.
  - Waldur 2024 ignores the filters of this list. There, the collection applies those by name, fingerprint, UUID and
    user and O(is_shared) to the rows, and with filters by time the task fails.
seealso:
  - module: waldur.provider.user_info
    description: The users of the keys.
  - plugin: waldur.provider.authorized_keys
    plugin_type: filter
    description: Creates lines for authorized_keys files from keys and users.
  - module: ansible.posix.authorized_key
"""

EXAMPLES = r"""
- name: List the SSH keys of all users of a service provider
  waldur.provider.ssh_key_info:
    service_provider: ALPHA
  register: keys

- name: List the users too, because keys only contain their UUIDs
  waldur.provider.user_info:
    service_provider: ALPHA
    fields: [uuid, username, is_active]
  register: users

- name: Show the keys of each user
  ansible.builtin.debug:
    msg: "{{ item.username }}: {{ keys.ssh_keys | selectattr('user_uuid', 'eq', item.uuid) | map(attribute='name') }}"
  loop: "{{ users.users }}"
  loop_control:
    label: "{{ item.username }}"

- name: Show the lines of the authorized_keys file of each user
  ansible.builtin.debug:
    msg: "{{ keys.ssh_keys | waldur.provider.authorized_keys(users.users) }}"

- name: Find the user of a key in a log
  waldur.provider.ssh_key_info:
    service_provider: ALPHA
    fingerprint_sha256: "SHA256:CdhJEipJeg/I4+qT4yyJYxozDXhu6b80AWF89adSfzo"
    fields: [name, user_uuid]

- name: List the keys of one user
  waldur.provider.ssh_key_info:
    service_provider: ALPHA
    user: member1
    order_by: name
    fields: [name, type, public_key]

# The same as the last task, from the command line:
# ansible localhost -m waldur.provider.ssh_key_info -a 'service_provider=ALPHA user=member1 order_by=name'
"""

RETURN = r"""
ssh_keys:
  description:
    - The keys, as Waldur lists them.
    - Newer versions of Waldur may return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of keys
    url:
      description: The URL of the key in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/keys/7af16e23471e4e1ead5ad72d07b9b362/
    uuid:
      description: The UUID of the key.
      returned: always
      type: str
      sample: 7af16e23471e4e1ead5ad72d07b9b362
    name:
      description: The name of the key.
      returned: always
      type: str
      sample: member1-key1
    public_key:
      description: The public key, as in an authorized_keys file.
      returned: always
      type: str
      sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9 member1@laptop
    fingerprint_md5:
      description: The MD5 fingerprint of the key.
      returned: always
      type: str
      sample: 7e:0f:9b:79:b8:82:0a:8f:a1:38:79:40:a6:4d:ed:f1
    fingerprint_sha256:
      description: The SHA-256 fingerprint of the key.
      returned: always
      type: str
      sample: SHA256:CdhJEipJeg/I4+qT4yyJYxozDXhu6b80AWF89adSfzo
    fingerprint_sha512:
      description: The SHA-512 fingerprint of the key.
      returned: always
      type: str
      sample: SHA512:d1GaffP2BrwtXI2eVav6tQa37oWYDB3oQvKUVvP3m535wX8K+FjCKTxD9tPABgzH1upoGUGnpV1U8L1nPXmBdQ
    user_uuid:
      description: The UUID of the user of the key.
      returned: always
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    is_shared:
      description: Whether the key is shared with other users.
      returned: always
      type: bool
      sample: false
    type:
      description: The type of the key.
      returned: always
      type: str
      sample: ssh-ed25519
    # End of the generated fields
count:
  description: How many keys are returned.
  returned: success
  type: int
  sample: 10
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("ssh_key_info")


if __name__ == "__main__":
    main()
