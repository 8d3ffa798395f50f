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
  - Sets the name of a user's accounts in the service provider's offerings. In Waldur it is one name for all offerings
    of the provider that the user reaches, through a project that has a resource of the offering.
  - It is set where an account in a reachable shared offering is missing or has another name, in one request for each
    user. A second run changes nothing.
  - Exactly one of O(user) and O(usernames) is needed.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
  - waldur.provider.references.missing_users
options:
  user:
    description:
      - The one user of this task, by username in Waldur (exactly as written), else by e-mail address (in any case),
        or by UUID or URL.
      - Several users with that e-mail address are an error, with the candidates and their UUIDs in the message. What
        happens where there is none is said by O(missing_users).
      - Quote it where YAML would make something else of it, such as C("007").
      - Needs O(username), and can't go with O(usernames).
    type: raw
  username:
    description:
      - The name of the accounts of O(user), of 1 to 100 characters. White space around it is cut off, as Waldur does.
      - Waldur takes no name away, so an empty one is an error.
      - Quote it where YAML would make something else of it, such as C("004711") or C("no").
      - Can't go with O(usernames), where each entry has its own.
    type: raw
  usernames:
    description:
      - The users of this task and their names. The same user twice is an error, also where they are named in
        different ways, and so is one name for two users, also in another case of letters.
      - Left out, O(user) and O(username) are needed.
    type: list
    elements: dict
    suboptions:
      user:
        description: The user, as O(user).
        type: raw
        required: true
      username:
        description: The name of the accounts, as O(username).
        type: raw
        required: true
notes:
  - It takes the permissions C(SERVICE_PROVIDER.SET_OFFERINGS_USERNAME), to set names, and
    C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS), to know which offerings a user reaches, both on the provider's
    customer. A role on the service provider is not enough. On Waldur of 2024 it takes the role C(CUSTOMER.OWNER) there
    instead. Without the second the task fails, as it could only guess.
  - A username that an account of another user at the provider has already, in any case of letters, is rejected before
    anything is changed. Accounts in every state count, deleted ones too, as they come back with their username when the
    user returns. To hand a username on, rename its holder with another entry of the same O(usernames). Where the
    holder has it in an offering that they no longer reach, rename or delete that account in Waldur first.
  - On Waldur of 2026 a username can belong to the service provider account of a user, which the accounts in offerings
    mirror (C(account_scope) is V(provider)). Waldur then rejects every other username, so the plan rejects it before
    anything is changed, and names that account. Rename the service provider account itself. A username that is right
    already is no change.
  - A user who reaches no offering of the provider is no change and a warning.
  - Who is neither staff nor support can't read accounts in offerings whose option
    C(service_provider_can_create_offering_user) is off. Those are left out, with a warning.
  - While Waldur enforces consents to terms or complete profiles, it hides accounts of users who lack them from all but
    staff and support, and a hidden account looks like a missing one. With other tokens, accounts that were not seen are
    left out of the plan, with a warning that says how many; Waldur sets a hidden one along with those that were seen.
    So a missing account is made by a staff or support token alone, and a holder of a username whose account is hidden
    is not found.
  - Accounts in private offerings are renamed along by Waldur, and are not looked at to decide.
  - For many users, one task with O(usernames) is much faster than a loop, as it reads everything once.
seealso:
  - module: waldur.provider.desired_state
    description: Usernames together with profile, roles and the API secret code, in one document.
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

- name: Show what would change for people of whom some have not logged in yet
  waldur.provider.offering_username:
    service_provider: BETA
    usernames:
      - {user: member4, username: member4_hpc}
      - {user: newcomer@example.org, username: newcomer_hpc}
    missing_users: warn
  check_mode: true
  diff: true
  register: planned

- name: Show the names as they would be
  ansible.builtin.debug:
    var: planned.offering_usernames
"""

RETURN = r"""
offering_usernames:
  description: The users of the task who reach an offering, in the order of the task. In check mode as it would be.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: The username of the user in Waldur, or the UUID where the token may not see it.
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
        - The names of the shared offerings that the user reaches, and in which the name holds.
        - Offerings of the same name carry the first 8 digits of their UUID.
      type: list
      elements: str
      sample: [Beta HPC]
    before:
      description: The offerings in which the task changed the name, or would change it, and the name before, V(none)
        where there was no account or no name.
      type: dict
      sample: {Beta HPC: m1_beta}
errors:
  description: All that is wrong with the plan, a sentence each. Nothing was changed then.
  returned: when the plan was refused
  type: list
  elements: str
  sample:
    - "usernames[1].username: 'member1_hpc' is asked for member2, and in usernames[0] for member1: two people can't
      share one name."
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
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("offering_username")


if __name__ == "__main__":
    main()
