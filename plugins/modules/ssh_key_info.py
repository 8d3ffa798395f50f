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
  - Lists the public SSH keys of the people with a role in the projects that use the service provider, one row for each
    key. Nobody's private key is known to Waldur.
  - The keys tell the UUID of the person they belong to, and no name. The examples show how to bring the two together.
  - Keys that are shared with other people and those that aren't are both listed.
  - Several filters narrow the list down together.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
  - waldur.provider.lists
options:
  user:
    description:
      - Only keys of this user. By username (exactly as written), else by e-mail address (in any case), or by UUID or
        URL.
      - A user whom the token can't see must be given by UUID.
    type: raw
    aliases: [user_uuid]
  name:
    description: A part of the key's name, in any case.
    type: str
  name_exact:
    description: The whole name of the key. Upper and lower case matter. Several people may have a key of that name.
    type: str
  uuid:
    description:
      - The UUID of one key, or its URL.
      - Waldur of 2026 doesn't know this filter any more. There it is applied to the rows here.
    type: raw
  fingerprint_md5:
    description: The whole MD5 fingerprint, in pairs of hex digits with colons between.
    type: str
  fingerprint_sha256:
    description: The whole SHA-256 fingerprint, exactly as Waldur writes it.
    type: str
  fingerprint_sha512:
    description: The whole SHA-512 fingerprint, exactly as Waldur writes it.
    type: str
  is_shared:
    description: Only keys that are shared with other people, or with V(false) only those that aren't.
    type: bool
  created:
    description:
      - Only keys that were added at this moment or later. A date-time such as V("2026-11-01T08:00:00Z") (in UTC where
        no offset is given), or a date such as V("2026-11-01"), which means its midnight in UTC.
    type: str
  created_before:
    description:
      - Only keys that were added at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one the task fails, as the rows don't tell.
    type: str
  modified:
    description: Only keys that were changed at this moment or later, written as O(created).
    type: str
  modified_before:
    description:
      - Only keys that were changed at this moment or earlier, written as O(created).
      - Waldur knows this filter since 2026. On an older one the task fails.
    type: str
  order_by:
    description:
      - V(name) to sort the keys by name, V(-name) for the other way round. Case and accents don't matter.
      - The rows are sorted here, so all of them are read first, whatever O(limit) says.
      - Left out, the keys come in the order that Waldur gives them.
    type: list
    elements: str
    choices: [name, -name]
notes:
  - It takes the permission C(SERVICE_PROVIDER.LIST_KEYS) on the provider's customer, which owners have. A role on the
    service provider is not enough. On Waldur of 2024 it takes the role C(CUSTOMER.OWNER) there instead.
  - Staff also get the keys of deactivated users, while M(waldur.provider.user_info) leaves these people out. Who gives
    access by keys should only take those of listed users, as the examples do.
  - Waldur of 2024 ignores the filters of this list. There those by name, fingerprint, UUID and user and
    O(is_shared) are applied to the rows here, and those by time fail the task.
seealso:
  - module: waldur.provider.user_info
    description: Whom the keys belong to.
  - plugin: waldur.provider.authorized_keys
    plugin_type: filter
    description: Makes lines for files of authorized keys of keys and users.
  - module: ansible.posix.authorized_key
"""

EXAMPLES = r"""
- name: List the SSH keys of all users of a service provider
  waldur.provider.ssh_key_info:
    service_provider: ALPHA
  register: keys

- name: List the users too, as keys tell their UUIDs only
  waldur.provider.user_info:
    service_provider: ALPHA
    fields: [uuid, username, is_active]
  register: people

- name: Show which keys belong to whom
  ansible.builtin.debug:
    msg: "{{ item.username }}: {{ keys.ssh_keys | selectattr('user_uuid', 'eq', item.uuid) | map(attribute='name') }}"
  loop: "{{ people.users }}"
  loop_control:
    label: "{{ item.username }}"

- name: Show the lines for each person's file of authorized keys
  ansible.builtin.debug:
    msg: "{{ keys.ssh_keys | waldur.provider.authorized_keys(people.users) }}"

- name: Find out whose key a log speaks of
  waldur.provider.ssh_key_info:
    service_provider: ALPHA
    fingerprint_sha256: "SHA256:CdhJEipJeg/I4+qT4yyJYxozDXhu6b80AWF89adSfzo"
    fields: [name, user_uuid]

- name: List the keys of one person
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
    - Newer versions of Waldur may give more keys of a row than these.
  returned: success
  type: list
  elements: dict
  contains:
    url:
      description: The URL of the key in the API.
      type: str
      sample: https://waldur.example.org/api/keys/7af16e23471e4e1ead5ad72d07b9b362/
    uuid:
      description: The UUID of the key.
      type: str
      sample: 7af16e23471e4e1ead5ad72d07b9b362
    name:
      description: The name of the key.
      type: str
      sample: member1-key1
    public_key:
      description: The public key, as it stands in a file of authorized keys.
      type: str
      sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9 member1@laptop
    fingerprint_md5:
      description: The MD5 fingerprint of the key.
      type: str
      sample: "7e:0f:9b:79:b8:82:0a:8f:a1:38:79:40:a6:4d:ed:f1"
    fingerprint_sha256:
      description: The SHA-256 fingerprint of the key.
      type: str
      sample: "SHA256:CdhJEipJeg/I4+qT4yyJYxozDXhu6b80AWF89adSfzo"
    fingerprint_sha512:
      description: The SHA-512 fingerprint of the key.
      type: str
      sample: "SHA512:d1GaffP2BrwtXI2eVav6tQa37oWYDB3oQvKUVvP3m535wX8K+FjCKTxD9tPABgzH1upoGUGnpV1U8L1nPXmBdQ"
    user_uuid:
      description: The UUID of the user whose key it is.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    is_shared:
      description: Whether the key is shared with other people.
      type: bool
      sample: false
    type:
      description: The type of the key.
      type: str
      sample: ssh-ed25519
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
