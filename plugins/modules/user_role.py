#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_role
short_description: Manage the role grants of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Manages the role grants of a service provider, which are the roles that users have in it, and when they expire, for
    one user or for a list of users.
  - All role grants are read at once, and only what differs is changed, so a second run changes nothing. A role is never
    granted twice. If the role grant already exists, its expiry is changed.
  - With O(exclusive=true), role grants that O(users) does not name are revoked, up to O(max_removals).
  - Exactly one of O(user) and O(users) is required.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
  - waldur.provider.references.missing_users
  - waldur.provider.limits
options:
  user:
    description:
      - The user, by username (case-sensitive), e-mail address (case-insensitive), UUID or URL. A username has
        precedence over an e-mail address.
      - If several users have that e-mail address, it is an error, with the candidates and their UUIDs in the message.
        If there is no such user, see O(missing_users).
      - Quote it if YAML would read it as another type, such as C("007").
      - Can't go with O(users).
    type: raw
  role:
    description:
      - The role of O(user), by name or UUID. It must be a role for service providers, and not disabled. Otherwise the
        message lists the available roles.
      - Can't be combined with O(users), in which each entry has its own.
    type: raw
    default: CUSTOMER.MANAGER
  expiration_time:
    description:
      - When the role grant of O(user) expires. A date-time such as V("2027-06-30T18:00:00+03:00") (in UTC if it has no
        offset), a date such as V("2027-06-30"), which means midnight in UTC at the start of that day, or V(never).
      - If omitted, the expiry of an existing role grant is not changed, and a new one never expires.
      - An expiry in the past means that the role grant has expired. If there is no role grant, or one with that expiry,
        the task changes nothing and warns. If the current role grant expires later, it is an error, and the message
        says to use O(state=absent).
      - Can't be combined with O(state=absent), nor with O(users), in which each entry has its own.
    type: raw
  state:
    description:
      - V(present) grants O(role) to O(user), or changes the expiry of the role grant.
      - V(absent) revokes it. Nothing changes if there is no such role grant.
      - Can't be combined with O(users), in which each entry has its own.
    type: str
    choices: [present, absent]
    default: present
  users:
    description:
      - The role grants, one entry for each user and role. The same user and role twice is an error, even if the entries
        name the user in different ways.
      - If omitted, O(user) is required.
    type: list
    elements: dict
    suboptions:
      user:
        description: The user, as O(user).
        type: raw
        required: true
      role:
        description: The role, as O(role).
        type: raw
        default: CUSTOMER.MANAGER
      expiration_time:
        description: When the role grant expires, as O(expiration_time).
        type: raw
      state:
        description: Whether the role grant must exist, as O(state).
        type: str
        choices: [present, absent]
        default: present
  exclusive:
    description:
      - Whether to revoke every role grant of the service provider, with any role, that no entry of O(users) names.
      - The role grant of the user of the token is kept, with a warning, unless an entry revokes it. Expired role
        grants, which Waldur lists until its daily cleanup, are ignored.
      - A list in which no entry keeps a role grant is rejected, and so is the combination with O(user), because each
        item of a loop would revoke the others.
      - While a user of the list does not exist (O(missing_users=warn)), no role grant is revoked for not being listed,
        and a warning says so.
    type: bool
    default: false
notes:
  - Changes of role grants require a staff token in most versions of Waldur. Roles in service providers require Waldur
    2025 or newer.
  - With a personal access token (Waldur 2026), Waldur fails on changes of role grants. Use a normal staff token.
  - Waldur hides the role grants of deactivated users. Revoking one changes nothing and gives a warning.
  - For many users, one task with O(users) is much faster than a loop, because it reads the role grants once. In a loop
    over mappings, C(loop_control.label) keeps the output short.
  - If a role was granted twice to one user (some versions of Waldur allow it), the server fails on changing it. Such a
    change is rejected, with the UUIDs of both role grants in the message.
seealso:
  - module: waldur.provider.desired_state
    description: Role grants together with profile, usernames and the API secret code, in one document.
  - module: waldur.provider.service_provider
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Grant a user the manager role in a service provider
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member1

- name: Set the expiry of a role grant to the end of the contract
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member2@example.org
    expiration_time: "2027-06-30"

- name: Remove the expiry of a role grant
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member2@example.org
    expiration_time: never

- name: Revoke a role
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member1
    role: CUSTOMER.MANAGER
    state: absent

- name: Manage all managers with one task
  waldur.provider.user_role:
    service_provider: Beta HPC Centre
    users:
      - user: owner_beta
      - user: member3
        expiration_time: "2027-06-30T18:00:00+03:00"
      - user: member4
      - user: member5
        state: absent

- name: Show which other role grants would be revoked
  waldur.provider.user_role:
    service_provider: Beta HPC Centre
    users:
      - user: owner_beta
      - user: member3
    exclusive: true
    max_removals: 2
  check_mode: true
  diff: true

- name: Grant a role on several service providers
  waldur.provider.user_role:
    service_provider: "{{ item.name }}"
    user: "{{ item.manager }}"
  loop:
    - {name: ALPHA, manager: manager_alpha}
    - {name: BETA, manager: owner_beta}
  loop_control:
    label: "{{ item.name }}"

- name: Skip users who have not logged in yet
  waldur.provider.user_role:
    service_provider: ALPHA
    users:
      - user: manager_alpha
      - user: newcomer@example.org
    missing_users: warn
"""

RETURN = r"""
user_roles:
  description:
    - The role grants after the task, as Waldur lists them, sorted by username and role. With O(users), all role grants
      of the service provider, with O(user), those of this user. In check mode, as they would be.
    - Newer versions of Waldur return more keys than these. For a role grant that would be created, only
      C(user_username), C(user_uuid), C(role_name), C(role_uuid) and C(expiration_time) are known, and C(uuid) is
      V(none).
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The UUID of the role grant.
      type: str
      sample: df26f51766fa498988135d586a1689ad
    user_uuid:
      description: The UUID of the user.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    user_username:
      description: The username of the user. In check mode, the UUID if the token may not read the username.
      type: str
      sample: member1
    user_full_name:
      description: The name of the user.
      type: str
      sample: Member1 Tester
    user_email:
      description: The e-mail address of the user.
      type: str
      sample: member1@example.org
    user_image:
      description: The URL of the user's image.
      type: str
      sample: null
    role_uuid:
      description: The UUID of the role.
      type: str
      sample: d51bab95e9a74d39be894869c14ec67e
    role_name:
      description: The name of the role.
      type: str
      sample: CUSTOMER.MANAGER
    expiration_time:
      description: When the role grant expires, or V(none) if it never expires.
      type: str
      sample: "2027-06-30T00:00:00+00:00"
    created:
      description: When the role was granted.
      type: str
      sample: "2026-11-22T21:44:42.960653+00:00"
    created_by_uuid:
      description: The UUID of the user who granted the role.
      type: str
      sample: e47dc660df0240318b589613d52acdff
    created_by_full_name:
      description: The name of the user who granted the role.
      type: str
      sample: ""
removals:
  description: The role grants that would be revoked although no entry names them, each as in
    RV(waldur.provider.desired_state#module:plan). Nothing was changed.
  returned: if there are more of them than O(max_removals) allows
  type: list
  elements: dict
  sample:
    - service_provider: Alpha Cloud Ltd
      kind: user_role
      name: member2 as CUSTOMER.MANAGER
      action: revoke
      before: {expiration_time: null}
      after: null
      id:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 4d6b00766d9a494d9a05b60e87009a12
        role: d51bab95e9a74d39be894869c14ec67e
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "users[1].user: user 'bob' not found, or not readable with this token: give the UUID, use a staff token, or
      set missing_users: warn."
applied:
  description: The changes that were applied, including the failed one if it took effect, each as in
    RV(waldur.provider.desired_state#module:plan).
  returned: when applying the plan failed
  type: list
  elements: dict
  sample: []
failed_change:
  description: The change that failed, in the same form.
  returned: when applying the plan failed
  type: dict
uncertain:
  description: The change that was sent but whose outcome is unknown, because the response was lost or only a part of
    the change was stored. In the same form as RV(applied). To see what is left to change, run the task in check mode.
  returned: when applying the plan failed
  type: list
  elements: dict
  version_added: 1.1.0
not_applied:
  description: The changes that were not applied, in the same form, the failed one first unless it is in RV(uncertain).
    If all changes were applied but the verification of some failed, the list contains those.
  returned: when applying the plan failed
  type: list
  elements: dict
  sample:
    - service_provider: Alpha Cloud Ltd
      kind: user_role
      name: member1 as CUSTOMER.MANAGER
      action: grant
      before: null
      after: {expiration_time: "2027-06-30T00:00:00Z"}
      id:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 51d1acdbef2e4274bda95a1ce5391e54
        role: d51bab95e9a74d39be894869c14ec67e
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("user_role")


if __name__ == "__main__":
    main()
