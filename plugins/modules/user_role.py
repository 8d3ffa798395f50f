#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_role
short_description: Grant, extend and revoke roles on a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Keeps who holds which role on a service provider, and until when, for one user or for a whole list.
  - All grants are read at once, and only what differs is changed, so a second run changes nothing. A grant is never
    made twice. An expiry is changed where the grant is already there.
  - With O(exclusive=true) the list of O(users) is the whole truth, and grants that it doesn't name are revoked,
    within O(max_removals).
  - Exactly one of O(user) and O(users) is needed.
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
      - The one user of this task, by username (exactly as written), else by e-mail address (in any case), or by UUID
        or URL.
      - Several users with that e-mail address are an error, with the candidates and their UUIDs in the message. What
        happens where there is none is said by O(missing_users).
      - Quote it where YAML would make something else of it, such as C("007").
      - Can't go with O(users).
    type: raw
  role:
    description:
      - The role of O(user), by name or UUID. It must be a role for service providers, and not disabled. Otherwise the
        message lists those that can be used.
      - Can't go with O(users), where each entry has its own.
    type: raw
    default: CUSTOMER.MANAGER
  expiration_time:
    description:
      - When the role of O(user) ends. A date-time such as V("2027-06-30T18:00:00+03:00") (in UTC where no offset is
        given), a date such as V("2027-06-30"), which means its midnight in UTC at which the day begins, or V(never).
      - Left out, the expiry of a grant stays as it is, and a new grant has none.
      - A moment that has passed means that the role has ended. Where there is no grant, or one with that expiry, the
        task changes nothing and warns. Where there is one that would last longer, it is an error that asks for
        O(state=absent).
      - Can't go with O(state=absent), nor with O(users), where each entry has its own.
    type: raw
  state:
    description:
      - V(present) grants O(role) to O(user), or changes the expiry of the grant.
      - V(absent) revokes it. Nothing changes where there is no such grant.
      - Can't go with O(users), where each entry has its own.
    type: str
    choices: [present, absent]
    default: present
  users:
    description:
      - The users of this task. The same user and role twice is an error, also where a user is named in different
        ways.
      - Left out, O(user) is needed.
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
        description: When the role ends, as O(expiration_time).
        type: raw
      state:
        description: Whether the user holds the role, as O(state).
        type: str
        choices: [present, absent]
        default: present
  exclusive:
    description:
      - Whether to revoke every grant on the service provider, of any role, that no entry of O(users) keeps.
      - The token's own grant is kept unless an entry revokes it, with a warning. Grants that have expired, which
        Waldur lists until its daily clean-up, are left alone.
      - A list in which no entry keeps a grant is refused, and so is the use with O(user), as each item of a loop
        would revoke the others.
      - While some user is unknown (O(missing_users=warn)), nothing is revoked for not being listed, with a warning.
    type: bool
    default: false
notes:
  - Role changes take a staff token on most versions of Waldur. Roles on service providers came with Waldur of 2025.
  - With a personal access token, which Waldur of 2026 has, Waldur breaks on role changes. Use a normal staff token.
  - Waldur hides the grants of deactivated users. Revoking one is no change and a warning.
  - For many users, one task with O(users) is much faster than a loop, as it reads the grants once. In a loop over
    mappings, C(loop_control.label) keeps the output short.
  - Where a role was granted twice to one user (some versions of Waldur allow it), the server breaks on changing it.
    Such a change is refused with the UUIDs of both grants.
seealso:
  - module: waldur.provider.desired_state
    description: Roles together with profile, usernames and the API secret code, in one document.
  - module: waldur.provider.service_provider
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Make a user a manager of a service provider
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member1

- name: Let a role end with the contract
  waldur.provider.user_role:
    service_provider: ALPHA
    user: member2@example.org
    expiration_time: "2027-06-30"

- name: Make a role last for ever
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

- name: Keep all managers with one task
  waldur.provider.user_role:
    service_provider: Beta HPC Centre
    users:
      - user: owner_beta
      - user: member3
        expiration_time: "2027-06-30T18:00:00+03:00"
      - user: member4
      - user: member5
        state: absent

- name: See who would lose access if nobody else may have any
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

- name: Don't fail for people who have not logged in yet
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
    - The grants after the task, as Waldur lists them, sorted by username and role, with O(users) all of the service
      provider, and with O(user) those of this user. In check mode as they would be.
    - Newer versions of Waldur give more keys than these. Of a grant that would be made only C(user_username),
      C(user_uuid), C(role_name), C(role_uuid) and C(expiration_time) are known, and C(uuid) is V(none).
  returned: success
  type: list
  elements: dict
  contains:
    uuid:
      description: The UUID of the grant.
      type: str
      sample: df26f51766fa498988135d586a1689ad
    user_uuid:
      description: The UUID of the user.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    user_username:
      description: The username of the user. In check mode the UUID where the token may not see it.
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
      description: When the grant ends, or V(none) where it doesn't.
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
  description: The grants that would be revoked though no entry names them, each as in
    RV(waldur.provider.desired_state#module:plan). Nothing was changed then.
  returned: when there are more of them than O(max_removals) allows
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
  description: All that is wrong with the plan, a sentence each. Nothing was changed then.
  returned: when the plan was refused
  type: list
  elements: str
  sample:
    - "users[1].user: no user 'bob' that this token can see: give the UUID, use a staff token, or set missing_users:
      warn."
applied:
  description: The changes that were carried out, the failed one too where it took effect, each as in
    RV(waldur.provider.desired_state#module:plan).
  returned: when carrying out the plan failed
  type: list
  elements: dict
  sample: []
failed_change:
  description: The change that failed, in the same form.
  returned: when carrying out the plan failed
  type: dict
not_applied:
  description: The changes that were not carried out, in the same form, the one that failed first. Where all were, and
    looking again some don't hold, those.
  returned: when carrying out the plan failed
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
