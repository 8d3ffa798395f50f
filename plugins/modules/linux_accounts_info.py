#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: linux_accounts_info
short_description: Read the Linux accounts that people were granted in Waldur
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Composes the list of accounts and groups for the machines of a service provider, which
    M(waldur.provider.linux_accounts) takes. There is one row for each person with an account in an offering.
  - In Waldur 2026, names and numbers are those of service provider accounts and of accounts in offerings, and groups
    are the project groups. In older versions, names are those of accounts in offerings, and numbers and groups come
    from O(uid_map).
  - A person is active if they have a username, an account that is OK and not restricted, and a role in a project that
    uses the offerings. RV(accounts[].reason) says why a person is not active.
  - A person who has access, but no UID, no valid name or path, or no consent where Waldur enforces it, is not active
    either. An account that they have on a machine already then stays, as RV(accounts[].has_access) says.
  - Requests depend on pages, not on people.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
attributes:
  check_mode:
    description: Can run in check mode, which makes no difference without O(directory).
    support: partial
    details:
      - With O(directory=true), the task is skipped in check mode, because reading the directory can allocate GIDs.
options:
  offerings:
    description:
      - The offerings whose accounts count, by name, UUID or URL. People, and projects, of other offerings are not in
        the list.
      - If omitted, all offerings of the service provider.
    type: list
    elements: raw
  uid_map:
    description:
      - UIDs and groups where Waldur gives none, such as the content of a file in version control.
      - Numbers of Waldur have precedence. A number that was given out stays in RV(uid_map) for ever, so that nobody
        else gets it.
    type: dict
    suboptions:
      min_uid:
        description: The first UID for people who have no entry. If omitted, they are not active.
        type: int
      max_uid:
        description: The last UID for people who have no entry.
        type: int
      min_gid:
        description: The first GID for projects that have no entry. If omitted, they have no group.
        type: int
      max_gid:
        description: The last GID for projects that have no entry.
        type: int
      users:
        description: The UIDs of people. The GID of their primary group is the same number.
        type: list
        elements: dict
        suboptions:
          user:
            description:
              - The UUID of the person in Waldur. If it is omitted, the entry is found by the username, and RV(uid_map)
                contains the UUID.
            type: str
          username:
            description: The username on the machines.
            type: str
            required: true
          uid:
            description: The UID.
            type: int
            required: true
      groups:
        description: The groups of projects, for versions before Waldur 2026, and where there are no project groups.
        type: list
        elements: dict
        suboptions:
          project:
            description:
              - The UUID or the name of the project. RV(uid_map) then contains the UUID. A name that several projects
                have is an error.
            type: str
            required: true
          name:
            description: The name of the group.
            type: str
            required: true
          gid:
            description: The GID.
            type: int
            required: true
  directory:
    description:
      - Whether to read the directory too, as M(waldur.provider.directory_info) does, for the groups of roles in
        resources. People who are disabled there are not active.
      - B(Reading it can change something in Waldur.) Groups of roles without a GID get one. Requires Waldur 2026.
    type: bool
    default: false
  require_project:
    description:
      - Whether a person needs a role in a project that uses the offerings. With V(false), people keep their access
        until their account in Waldur ends.
      - Waldur lists no roles in projects that use only offerings that are not shared. People of such offerings need
        V(false) to become active. With V(true), an account that they have already stays.
    type: bool
    default: true
  home_parents:
    description:
      - The folders in which home directories may be. A person with another one is not active.
      - Where Waldur gives none, the home directory is the username in the first of these folders.
    type: list
    elements: str
    default: [/home]
  login_shell:
    description: The login shell where Waldur gives none.
    type: str
    default: /bin/bash
  allowed_key_options:
    description: The names of options of SSH keys that are kept, such as V(restrict). Others are dropped.
    type: list
    elements: str
    default: []
notes:
  - Reading project permissions and SSH keys requires a staff token, or a role in the customer of the service provider.
    Without them, and where Waldur may hide accounts from the token, RV(is_complete) is V(false).
  - If a request fails, the task fails. So a list that this module returns is never cut off.
seealso:
  - module: waldur.provider.linux_accounts
  - module: waldur.provider.posix_id_pool
    description: UIDs and GIDs from Waldur 2026.
"""

EXAMPLES = r"""
- name: Read who has access to the cluster
  waldur.provider.linux_accounts_info:
    service_provider: ALPHA
    offerings:
      - Alpha VM
  register: access

- name: Show who has no access, and why
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reason }}"
  loop: "{{ access.accounts | rejectattr('active') }}"
  loop_control:
    label: "{{ item.user_uuid }}"

- name: Read it with UIDs from a file in version control
  waldur.provider.linux_accounts_info:
    service_provider: ALPHA
    uid_map: "{{ lookup('ansible.builtin.file', 'uid_map.yml') | from_yaml }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.linux_accounts_info -a 'service_provider=ALPHA offerings="Alpha VM"'
"""

RETURN = r"""
accounts:
  description: One row for each person with an account, by username. They are the entries of
    O(waldur.provider.linux_accounts#module:accounts).
  returned: unless the task was skipped in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The username, V(none) if there is none, or if there are several.
      returned: always
      type: str
      sample: m1_alpha
    uid:
      description: The UID, V(none) if it is not known.
      returned: always
      type: int
      sample: 20001
    group:
      description: The name of the primary group, V(none) if the person is not active.
      returned: always
      type: str
      sample: m1_alpha
    home:
      description: The home directory.
      returned: always
      type: str
      sample: /home/m1_alpha
    shell:
      description: The login shell.
      returned: always
      type: str
      sample: /bin/bash
    comment:
      description: The full name of the person, as far as the token may read it.
      returned: always
      type: str
      sample: Member1 Tester
    ssh_keys:
      description:
        - The lines of authorized_keys. V(none) if the token may not read the SSH keys, or if the person has no project,
          as Waldur does not list such keys.
      returned: always
      type: list
      elements: str
      sample: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9 member1@laptop]
    groups:
      description: The names of further groups.
      returned: always
      type: list
      elements: str
      sample: [climate]
    active:
      description: Whether the person may log in.
      returned: always
      type: bool
      sample: true
    has_access:
      description: Whether the person has access in Waldur, also if the account can't be created for the given reason.
      returned: always
      type: bool
      sample: true
    reason:
      description: Why the person may not log in, such as V(no project left), V(deactivated) or V(no username).
      returned: always
      type: str
      sample: ""
    user_uuid:
      description: The UUID of the person in Waldur.
      returned: always
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
groups:
  description: The groups of projects and roles, and the primary groups of active people.
  returned: unless the task was skipped in check mode
  type: list
  elements: dict
  contains:
    name:
      description: The name of the group.
      returned: always
      type: str
      sample: climate
    gid:
      description: The GID.
      returned: always
      type: int
      sample: 30001
is_complete:
  description: Whether everything could be read. If not, nobody may be removed because of this list.
  returned: unless the task was skipped in check mode
  type: bool
  sample: true
incomplete_reasons:
  description: Why people may be missing. The task warns of them.
  returned: unless the task was skipped in check mode
  type: list
  elements: str
  sample: []
uid_map:
  description: The content of O(uid_map) with the numbers that were added, V(none) without O(uid_map).
  returned: unless the task was skipped in check mode
  type: dict
  sample: {min_uid: 20000, max_uid: 29999, users: [], groups: []}
uid_map_changed:
  description: Whether RV(uid_map) differs from O(uid_map). Then save it before you use the list.
  returned: unless the task was skipped in check mode
  type: bool
  sample: false
count:
  description: The number of RV(accounts).
  returned: unless the task was skipped in check mode
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("linux_accounts_info")


if __name__ == "__main__":
    main()
