#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: offering_username
short_description: Set the usernames of users in the offerings of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Sets the username of a user's accounts in the offerings of the service provider. Waldur sets the same username in
    all offerings of the provider that the user can access, through a project that has a resource of the offering.
  - It is set if an account in an accessible shared offering is missing or has another username, with one request for
    each user. A second run changes nothing.
  - With Waldur 2026, the username of a user can belong to their service provider account, which the accounts in
    offerings are linked to (C(account_scope) is V(provider)). The plan finds out who owns each username, and renames
    the service provider account, single accounts in offerings, or both. RV(offering_usernames[].owner) returns it.
  - Exactly one of O(user) and O(usernames) is required.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
  - waldur.provider.references.missing_users
options:
  user:
    description:
      - The user, by username in Waldur (case-sensitive), e-mail address (case-insensitive), UUID or URL. A username has
        precedence over an e-mail address.
      - If several users have that e-mail address, it is an error, with the candidates and their UUIDs in the message.
        If there is no such user, see O(missing_users).
      - Quote it if YAML would read it as another type, such as C("007").
      - Requires O(username), and can't be combined with O(usernames).
    type: raw
  username:
    description:
      - The username of the accounts of O(user), 1 to 100 characters. Leading and trailing white space is removed, as in
        Waldur.
      - Waldur can't remove a username, so an empty one is an error.
      - Quote it if YAML would read it as another type, such as C("004711") or C("no").
      - Can't be combined with O(usernames), in which each entry has its own.
    type: raw
  usernames:
    description:
      - The users and their usernames. The same user twice is an error, even if the entries name the user in different
        ways, and so is the same username for two users, ignoring case.
      - If omitted, O(user) and O(username) are required.
    type: list
    elements: dict
    suboptions:
      user:
        description: The user, as O(user).
        type: raw
        required: true
      username:
        description: The username of the accounts, as O(username).
        type: raw
        required: true
notes:
  - Requires the permissions C(SERVICE_PROVIDER.SET_OFFERINGS_USERNAME), to set usernames, and
    C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS), to find out which offerings a user can access, both on the provider's
    customer. A role on the service provider is not enough. With Waldur 2024, the role C(CUSTOMER.OWNER) on the customer
    is required instead. Without the second permission, the task fails instead of guessing.
  - A username that an account of another user at the provider already has, ignoring case, is rejected before anything
    is changed. This includes accounts in every state, also deleted ones, because they get their username back when the
    user returns. To reassign a username, rename its current user with another entry of the same O(usernames). If that
    user has it in an offering that they can no longer access, rename or delete that account in Waldur first.
  - With Waldur 2026, renaming a service provider account requires C(OFFERING.UPDATE_USER) in the service provider or
    its customer. If a user has a service provider account and other accounts that are not linked to it, these are
    renamed one by one, which requires C(OFFERING.UPDATE_USER) in the offering or the provider's customer.
  - Waldur renames all accounts that are linked to a service provider account, also in offerings that the user can no
    longer access. The plan lists them.
  - Waldur makes a service provider account only together with an account in an offering. So if a user has no account
    yet and would get a service provider account, an account is created in one offering, which requires
    C(OFFERING.CREATE_USER) on the provider's customer and the option C(service_provider_can_create_offering_user) of
    the offering. If no offering has the option, the plan is rejected.
  - Waldur accepts no username that another service provider account of the provider has. Therefore, a username is
    released before it is assigned to the next user. If users would swap the usernames of their service provider
    accounts, the plan is rejected. Give one of them another username in one run, and swap the usernames in the next.
  - If Waldur 2026 generates the usernames in an accessible offering (C(username_generation_policy) is not
    V(service_provider)), it can overwrite the username when settings or the profile of the user change. A warning names
    the policy and the offerings.
  - If the pool of POSIX IDs has no number left, Waldur rejects the request (409) and changes nothing. The message names
    the pool, and the limit to raise.
  - A user who can't access any offering of the provider is skipped, with a warning.
  - Users who are neither staff nor support can't read accounts in offerings whose option
    C(service_provider_can_create_offering_user) is off. Those offerings are skipped, with a warning.
  - While Waldur enforces consents to terms or complete profiles, it hides accounts of users who lack them from all
    users except staff and support, and a hidden account looks like a missing one. With other tokens, accounts that were
    not listed are excluded from the plan, with a warning that gives their number; Waldur sets the username of a hidden
    account together with those of the listed ones. So only a staff or support token creates a missing account, and a
    conflict with the username of a hidden account is not detected.
  - Waldur renames accounts in private offerings too, but they do not decide whether a change is necessary.
  - For many users, one task with O(usernames) is much faster than a loop, because it reads everything once.
seealso:
  - module: waldur.provider.desired_state
    description: Usernames together with profile, role grants and the API secret code, in one document.
  - module: waldur.provider.service_provider
  - module: waldur.provider.user_role
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Set the username of a user in the offerings of a service provider
  waldur.provider.offering_username:
    service_provider: BETA
    user: member1
    username: member1_hpc

- name: Set the usernames of several users
  waldur.provider.offering_username:
    service_provider: Alpha Cloud Ltd
    usernames:
      - user: member1
        username: member1_cloud
      - user: member2@example.org
        username: member2_cloud
      - user: member3
        username: "004711"

- name: Plan the usernames, skipping users who have not logged in yet
  waldur.provider.offering_username:
    service_provider: BETA
    usernames:
      - {user: member4, username: member4_hpc}
      - {user: newcomer@example.org, username: newcomer_hpc}
    missing_users: warn
  check_mode: true
  diff: true
  register: planned

- name: Show the usernames as they would be
  ansible.builtin.debug:
    var: planned.offering_usernames
"""

RETURN = r"""
offering_usernames:
  description: The users of the task who can access an offering, in the order of the task. In check mode, as they would
    be after the task.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The username of the user in Waldur, or the UUID if the token may not read the username.
      type: str
      sample: member1
    user_uuid:
      description: The UUID of the user.
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    username:
      description: The name of the accounts.
      type: str
      sample: member1_hpc
    offerings:
      description:
        - The names of the shared offerings that the user can access, and to which the username applies.
        - Offerings of the same name are followed by the first 8 digits of their UUID.
      type: list
      elements: str
      sample: [Beta HPC]
    before:
      description: The offerings in which the task changed the username, or would change it, with the username before.
        V(none) if there was no account or no username.
      type: dict
      sample: {Beta HPC: m1_beta}
    owner:
      description:
        - Who owns the username. V(offering) if every offering has an account of its own.
        - V(provider) if it belongs to the service provider account of the user in at least one of the offerings
          (Waldur 2026).
      type: str
      sample: offering
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "usernames[1].username: 'member1_hpc' is requested for member2, and in usernames[0] for member1: two users can't
      share one username."
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
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("offering_username")


if __name__ == "__main__":
    main()
