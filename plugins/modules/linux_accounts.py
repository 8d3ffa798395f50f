#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: linux_accounts
short_description: Manage the Linux accounts of people who were granted access in Waldur
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Creates and changes accounts, groups, memberships and SSH keys on a machine, by a list such as that of
    M(waldur.provider.linux_accounts_info), in one task. People who left the list are locked.
  - Runs as root on the machine, and needs neither Waldur nor a token there. The role
    P(waldur.provider.linux_accounts#role) reads the list on the controller and applies it to many machines.
  - Manages only the accounts and groups that it created, or that O(adopt) names. A state file in
    C(/var/lib/waldur_linux_accounts) notes them. It contains names and numbers, and nothing secret.
  - A name or number that belongs to another account or group, whether in the files of the machine, in LDAP or in SSSD,
    is an error before anything is changed. So is a home directory that is in that of another account, or around it, and
    a line of an account or group of the list that is not valid. All conflicts are reported at once.
extends_documentation_fragment:
  - waldur.provider.attributes
attributes:
  action:
    description: Has a corresponding action plugin, so that parts of it run on the controller.
    support: none
  action_group:
    description: Use C(group/waldur.provider.all) in C(module_defaults) to set options of all modules of the collection.
    support: none
    membership: []
    details:
      - The group sets connection options, which this module does not take.
  async:
    description: Can be used with the C(async) keyword.
    support: full
    details:
      - It runs as any other module.
  check_mode:
    description: Can run in check mode, in which it reads the machine, compares, and changes nothing.
    support: full
    details:
      - The same function compares in check mode and in a real run. No lock is taken.
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - Shows one line for each value that differs, by account and group. Keys are shown as fingerprints.
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: none
    details:
      - It changes the machine, so it always runs there, with C(become) where you set it.
  platform:
    description: Platforms that it can run on. It needs root, and the files of shadow-utils in C(/etc).
    support: full
    platforms: posix
options:
  accounts:
    description:
      - The list, with all accounts, not only new ones. People who are not in it have left.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The username. At most 32 letters, digits, C(_), C(-) and C(.), beginning with a letter, a digit or C(_).
          - Names of the system, such as C(root), and of groups that systems give the rights of an administrator, such
            as C(sudo), C(wheel), C(admin) and C(docker), are errors.
        type: str
        required: true
      uid:
        description:
          - The UID, at least C(UID_MIN) of C(/etc/login.defs). Required for an active account.
        type: int
      group:
        description:
          - The name of the primary group, one of O(groups). Required for an active account.
        type: str
      home:
        description:
          - The home directory, below one of O(home_parents). Required for an active account.
          - It is created with the files of C(/etc/skel), the mode C(0700), and the SELinux contexts of the policy of
            the machine. If the path changes, it is moved within its file system.
        type: str
      shell:
        description: The login shell, one of C(/etc/shells) of the machine.
        type: str
        default: /bin/bash
      comment:
        description: The comment, such as the name of the person, without colons.
        type: str
        default: ""
      ssh_keys:
        description:
          - The public SSH keys. C(~/.ssh/authorized_keys) then contains these keys and no others.
          - If omitted, the file is not managed.
        type: list
        elements: str
      groups:
        description: The names of further groups, of O(groups).
        type: list
        elements: str
        default: []
      active:
        description:
          - Whether the person may log in. An account that is not active is treated as if it were not in the list,
            and is never created.
        type: bool
        default: true
      has_access:
        description:
          - Whether a person whose account is not active has access, but the list can't be used for them, for example
            because there is no UID. Then an account that exists stays as it is, and the task warns of it.
        type: bool
        default: false
      reason:
        description: Why the account is not active. It is returned.
        type: str
        default: ""
      user_uuid:
        description:
          - The UUID of the person in Waldur. With it, a new username with the same UID is a rename of the account. A
            UID that went to another person, or to one who is not known, is an error.
        type: str
        default: ""
  groups:
    description:
      - All groups of the list, primary groups included. Members that the list does not manage stay.
      - A group that leaves the list stays without the people of the list, as its files may need its name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the group. The same rules as for usernames apply.
        type: str
        required: true
      gid:
        description: The GID, at least C(GID_MIN) of C(/etc/login.defs).
        type: int
        required: true
  is_complete:
    description:
      - Whether the list is complete. With V(false), nothing is taken away from anybody, neither accounts nor
        memberships nor keys, and RV(kept) contains the accounts that would have been removed.
    type: bool
    default: true
  adopt:
    description:
      - The names of accounts and groups of the machine that the list manages from now on. Their UIDs and GIDs must be
        those of the list.
      - Also the names of deleted accounts whose UID may be given to another person. So remove a name when it has served
        its purpose.
    type: list
    elements: str
    default: []
  departed:
    description:
      - What to do with people who left. V(lock) locks and expires the account, so that neither a password nor a key
        lets anybody in, removes its keys and memberships, and keeps its UID and files. Whoever returns gets it back.
      - V(delete) removes the account from the files in C(/etc), with groups that nobody uses any more. The home
        directory always stays. The state file remembers the UID, so that nobody else gets it with these files.
    type: str
    choices: [lock, delete]
    default: lock
  max_removals:
    description:
      - The largest number of accounts that one run locks or deletes. If there are more, the task fails before it
        changes anything.
    type: int
    default: 5
  home_parents:
    description: The folders in which home directories may be.
    type: list
    elements: str
    default: [/home]
  allowed_key_options:
    description:
      - The names of options of keys that are kept, such as V(restrict) or V(command). Other options are dropped.
    type: list
    elements: str
    default: []
  list_name:
    description:
      - The name of the list, if a machine gets accounts from several, such as those of two service providers. Each list
        has a state file of its own, and never touches the accounts of another.
    type: str
    default: waldur
  root:
    description:
      - The absolute path of the root of an image or a chroot in which the accounts are managed instead of the running
        system. Its own C(/etc) is used, and no name service is asked. Symbolic links lead where they lead in the image.
      - SELinux contexts are not set in an image. Let it set them when it starts, for example with a file
        C(/.autorelabel), or run C(setfiles).
    type: path
    default: /
notes:
  - Passwords are not managed. A new account has none that is valid, and one that was set on the machine stays.
  - An active account that was locked or got an expiry date on the machine is opened again, as its other values are
    changed back. To keep a person out, restrict the account in Waldur, or leave it out of the list.
  - The files in C(/etc) are written under the locks of shadow-utils, each as a whole, and the files before have the
    suffix C(-). An interrupted run leaves no half-written file, and the next run completes it.
  - Running processes of people who left are not ended. Other files in their home directories, such as
    C(~/.ssh/authorized_keys2), and C(cron) jobs stay. They give no access, as PAM and sshd reject expired accounts.
  - On a network file system on which root has no rights (C(root_squash)), home directories and keys can't be written.
    The task then fails for these accounts, and makes all other changes. Run it on the file server.
  - Where SELinux is enabled and the Python of Ansible on the machine has no access to C(libselinux), new files get the
    context of the folder around them. Then run C(restorecon -R) for the home directories.
  - Ranges in C(/etc/subuid) and C(/etc/subgid) are not managed.
seealso:
  - module: waldur.provider.linux_accounts_info
  - module: ansible.builtin.user
  - module: ansible.posix.authorized_key
"""

EXAMPLES = r"""
- name: Read who has access
  waldur.provider.linux_accounts_info:
    service_provider: ALPHA
  delegate_to: localhost
  run_once: true
  register: access

- name: Create the accounts
  waldur.provider.linux_accounts:
    accounts: "{{ access.accounts | selectattr('name') }}"
    groups: "{{ access.groups }}"
    is_complete: "{{ access.is_complete }}"
  become: true

- name: Create an account in an image
  waldur.provider.linux_accounts:
    root: /srv/images/compute
    accounts:
      - name: alice
        uid: 20001
        group: alice
        groups: [climate]
        home: /home/alice
        comment: Alice Example
        ssh_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9 alice@laptop
    groups:
      - name: alice
        gid: 20001
      - name: climate
        gid: 30001
  become: true
"""

RETURN = r"""
accounts:
  description: The managed accounts, by name. If the task fails because of a home directory or keys, it is returned too.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The username.
      returned: always
      type: str
      sample: alice
    uid:
      description: The UID.
      returned: always
      type: int
      sample: 20001
    state:
      description:
        - V(active), V(locked) or V(deleted). V(kept) is an account that would have been removed if the list were
          complete, or that stays because of O(accounts[].has_access).
      returned: always
      type: str
      sample: active
    action:
      description:
        - What the run did, or would do. V(create), V(change), V(rename), V(unlock), V(lock), V(delete) or V(none).
      returned: always
      type: str
      sample: create
    reason:
      description: Why the account is not active, empty if it is.
      returned: always
      type: str
      sample: no project left
groups:
  description: The managed groups, by name.
  returned: success
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
    action:
      description: V(create), V(change) or V(none).
      returned: always
      type: str
      sample: none
kept:
  description: The names of accounts that stay because the list is not complete.
  returned: success
  type: list
  elements: str
  sample: []
failed_accounts:
  description: The names of accounts whose home directories or keys could not be written. All other changes were made.
  returned: failure, if there are such accounts
  type: list
  elements: str
  sample: [bob]
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.linux_accounts import run_linux_accounts


def main() -> None:
    """Entry point."""
    run_linux_accounts()


if __name__ == "__main__":
    main()
