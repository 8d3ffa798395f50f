#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: offering_username_info
short_description: List the accounts of users in the offerings of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lists the accounts of users in the offerings of the service provider's customer, shared or not, one row for each
    user and offering, with the username that the user has there.
  - Accounts in every state are listed, also deleted ones, and also those of users who can no longer access the
    offering.
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
      - Only accounts of this user. By username (case-sensitive), e-mail address (case-insensitive), UUID or URL.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_uuid]
  user_username:
    description: The exact username of the user in Waldur (case-insensitive). It is no error if there is no such user.
    type: str
  username:
    description:
      - The exact username of the account at the provider. Case-sensitive.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  offering:
    description:
      - Only accounts in one of these offerings, each by its exact name within the service provider, or by UUID or URL.
    type: list
    elements: raw
    aliases: [offering_uuid]
  offering_slug:
    description:
      - Only accounts in offerings of one of these slugs.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: list
    elements: str
  parent_offering:
    description:
      - Only accounts in offerings that belong to this one, by its exact name within the service provider, or by UUID or
        URL.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: raw
    aliases: [parent_offering_uuid]
  state:
    description:
      - Only accounts in one of these states.
      - Waldur supports this filter since 2025. With an older version, the task fails, because the rows have no state.
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
    description:
      - Only accounts in one of these states of their use.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: list
    elements: str
    choices:
      - Active
      - Pending account linking
      - Pending additional validation
  is_restricted:
    description: Only accounts that are restricted, or with V(false) only the others.
    type: bool
  has_consent:
    description:
      - Only accounts whose user has consented to the offering's terms of service, or with V(false) only the others.
      - Waldur supports this filter since 2025. With an older version, the task fails.
    type: bool
  has_complete_profile:
    description:
      - Only accounts whose user has all profile attributes that the offering requires, or with V(false) only the
        others.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  offering_has_active_tos:
    description:
      - Only accounts in offerings with terms of service in force, or with V(false) only the others.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  is_provider_backed:
    description:
      - Only accounts whose name is that of one account for all offerings of the provider, or with V(false) only the
        others.
      - Waldur supports this filter since 2026. With an older version, the task fails.
    type: bool
  service_provider_account:
    description:
      - Only accounts that belong to this account for all offerings of the provider, by UUID or URL.
      - Waldur supports this filter since 2026. With an older version, the task fails, because the rows lack the value.
    type: raw
    aliases: [service_provider_account_uuid]
  query:
    description:
      - A text that the server searches in several fields, such as the names of user, account and offering.
    type: str
  created:
    description: Only accounts created at this time or later, such as V("2026-09-01") or V("2026-09-01T12:00:00Z").
    type: str
  created_before:
    description:
      - Only accounts created at this time or earlier.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  modified:
    description: Only accounts last changed at this time or later.
    type: str
  modified_before:
    description:
      - Only accounts last changed at this time or earlier.
      - Waldur supports this filter since 2026. With an older version, the collection applies it to the rows.
    type: str
  order_by:
    choices:
      - created
      - modified
      - username
      - -created
      - -modified
      - -username
notes:
  - Staff and support may read all accounts. Other users may read those of offerings whose option
    C(service_provider_can_create_offering_user) is on, in their organizations. If Waldur enforces consents or complete
    profiles, they may only read those of users who have them. A warning says so, but can't name the hidden accounts.
seealso:
  - module: waldur.provider.offering_username
    description: Set these usernames.
  - module: waldur.provider.compliance_info
    description: Which users have finished the checklist of the offering.
  - module: waldur.provider.user_info
"""

EXAMPLES = r"""
- name: List all accounts
  waldur.provider.offering_username_info:
    service_provider: ALPHA
    order_by: [username]
  register: accounts

- name: Show the users without a username
  ansible.builtin.debug:
    msg: "{{ item.user_username }} in {{ item.offering_name }}"
  loop: "{{ accounts.offering_usernames | rejectattr('username') }}"
  loop_control:
    label: "{{ item.user_username }}"

- name: List the accounts of one user
  waldur.provider.offering_username_info:
    service_provider: ALPHA
    user: member1
    fields: [offering_name, username, state]

- name: List the usable accounts in two offerings
  waldur.provider.offering_username_info:
    service_provider: ALPHA
    offering: [Alpha VM, Alpha Storage]
    state: [OK]
    is_restricted: false
  register: usable

- name: Store a mapping of users to usernames
  ansible.builtin.set_fact:
    usernames: "{{ usable.offering_usernames | items2dict(key_name='user_username', value_name='username') }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.offering_username_info -a 'service_provider=ALPHA order_by=username'
"""

RETURN = r"""
offering_usernames:
  description:
    - The accounts, as Waldur lists them.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of offering_users
    url:
      description: The URL of the account.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-offering-users/fe94df2a081347d4adb22f75ae42f516/
    uuid:
      description: The UUID of the account.
      returned: always
      type: str
      sample: fe94df2a081347d4adb22f75ae42f516
    user:
      description: The URL of the user.
      returned: always
      type: str
      sample: https://waldur.example.org/api/users/51d1acdbef2e4274bda95a1ce5391e54/
    offering:
      description: The URL of the offering.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-provider-offerings/9b578d38ebd848f894aad61d962a512b/
    username:
      description: The username of the account. Empty or V(none) if it is not set yet.
      returned: always
      type: str
      sample: m1_alpha
    offering_uuid:
      description: The UUID of the offering.
      returned: always
      type: str
      sample: 9b578d38ebd848f894aad61d962a512b
    offering_name:
      description: The name of the offering.
      returned: always
      type: str
      sample: Alpha VM
    user_uuid:
      description: The UUID of the user.
      returned: always
      type: str
      sample: 51d1acdbef2e4274bda95a1ce5391e54
    user_username:
      description: The username of the user in Waldur.
      returned: always
      type: str
      sample: member1
    user_full_name:
      description: The name of the user.
      returned: always
      type: str
      sample: Member1 Tester
    user_email:
      description: The e-mail address of the user.
      returned: since Waldur 2025
      type: str
      sample: member1@example.org
    created:
      description: When the account was created.
      returned: always
      type: str
      sample: "2026-11-22T21:16:05.504947+00:00"
    modified:
      description: When the account was last changed.
      returned: always
      type: str
      sample: "2026-11-22T21:16:05.504947+00:00"
    customer_uuid:
      description: The UUID of the provider's customer.
      returned: always
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    customer_name:
      description: The name of the provider's customer.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    is_restricted:
      description: Whether the account is restricted.
      returned: always
      type: bool
      sample: false
    state:
      description: The state of the account.
      returned: since Waldur 2025
      type: str
      sample: OK
    service_provider_comment:
      description: The comment of the provider about the account.
      returned: since Waldur 2025
      type: str
      sample: ""
    service_provider_comment_url:
      description: The URL with more information about it.
      returned: since Waldur 2025
      type: str
      sample: ""
    has_consent:
      description: Whether the user has consented to the terms of service.
      returned: since Waldur 2025
      type: bool
      sample: false
    requires_reconsent:
      description: Whether the user must consent again, because the terms have changed.
      returned: since Waldur 2025
      type: bool
      sample: false
    has_compliance_checklist:
      description: Whether the offering has a checklist.
      returned: since Waldur 2025
      type: bool
      sample: true
    user_first_name:
      description: The first name of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
      sample: Member1
    user_last_name:
      description: The last name of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
      sample: Tester
    user_phone_number:
      description: The phone number of the user, if the offering exposes it.
      returned: when O(fields) names it, since Waldur 2026
      type: str
    user_civil_number:
      description: The civil number of the user, if the offering exposes it.
      returned: when O(fields) names it, since Waldur 2026
      type: str
    user_registration_method:
      description: The registration method of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_organization:
      description: The name of the user's employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_job_title:
      description: The job title of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_affiliations:
      description: The affiliations of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: list
      elements: str
    user_gender:
      description: The gender of the user, as Waldur returns it.
      returned: if the offering exposes it, since Waldur 2026
      type: raw
    user_personal_title:
      description: The title of the user, such as Dr.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_place_of_birth:
      description: The place of birth of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_address:
      description: The address of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_country_of_residence:
      description: The country in which the user lives.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_nationality:
      description: The nationality of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_nationalities:
      description: All nationalities of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: list
      elements: str
    user_organization_country:
      description: The country of the employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_organization_type:
      description: The type of the employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_organization_registry_code:
      description: The registry code of the employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_organization_vat_code:
      description: The VAT code of the employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_organization_address:
      description: The address of the employer.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_eduperson_assurance:
      description: How well the identity of the user is assured.
      returned: if the offering exposes it, since Waldur 2026
      type: list
      elements: str
    user_birth_date:
      description: The date of birth of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_identity_source:
      description: The source of the user's identity.
      returned: if the offering exposes it, since Waldur 2026
      type: str
    user_uid_number:
      description: The UID in the profile of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: int
    user_primary_gid:
      description: The GID of the primary group in the profile of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: int
    user_active_isds:
      description: The identity sources of the user.
      returned: if the offering exposes it, since Waldur 2026
      type: list
      elements: str
    runtime_state:
      description: The runtime state, such as V(Active). It is independent of C(state).
      returned: since Waldur 2026
      type: str
      sample: Active
    service_provider_account_uuid:
      description: The UUID of the service provider account that owns the username. V(none) if the account is not linked
        to one.
      returned: since Waldur 2026
      type: str
      sample: c0000000000040008000000000000051
    service_provider_account_username:
      description: The username of that account, or V(none).
      returned: since Waldur 2026
      type: str
      sample: m1_alpha
    offering_has_active_tos:
      description: Whether the offering has terms of service.
      returned: since Waldur 2026
      type: bool
      sample: true
    consent_data:
      description: The consent of the user. V(none) if there is none, and while Waldur does not enforce consents.
      returned: since Waldur 2026
      type: dict
      contains:
        uuid:
          description: The UUID of the consent.
          returned: always
          type: str
          sample: c0000000000040008000000000000071
        version:
          description: The version of the terms.
          returned: always
          type: str
          sample: "1.0"
        agreement_date:
          description: When the user consented.
          returned: always
          type: str
          sample: "2026-11-22T21:44:00Z"
    is_profile_complete:
      description: Whether the profile of the user has all attributes that the offering exposes.
      returned: since Waldur 2026
      type: bool
      sample: true
    missing_profile_attributes:
      description: The attributes that the profile lacks.
      returned: since Waldur 2026
      type: list
      elements: str
      sample: []
    uidnumber:
      description: The UID of the user. V(none) if the account has none.
      returned: since Waldur 2026
      type: int
      sample: 5001
    primarygroup:
      description: The GID of the primary group. V(none) if the account has none.
      returned: since Waldur 2026
      type: int
      sample: 5001
    login_shell:
      description: The login shell. V(none) if the account has none.
      returned: since Waldur 2026
      type: str
      sample: /bin/bash
    home_directory:
      description: The home directory. V(none) if the account has none.
      returned: since Waldur 2026
      type: str
      sample: /home/m1_alpha
    # End of the generated fields
count:
  description: How many accounts are returned.
  returned: success
  type: int
  sample: 12
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("offering_username_info")


if __name__ == "__main__":
    main()
