#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_provider
short_description: Create, update or delete a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Registers a customer (an organization) as a service provider of the marketplace, updates its description, image and
    settings, or deletes the provider.
  - Options that the task leaves out are not changed. Only values that differ are sent, so a second run changes nothing.
  - The response of Waldur is compared with the request. A field that Waldur ignored without an error is reported as an
    error.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.limits.renames
options:
  customer:
    description:
      - The customer that is, or becomes, the service provider, by its name, abbreviation, slug, UUID (with or without
        dashes, in any case) or URL.
      - A UUID or URL is tried first, then name, abbreviation and slug. The first kind that matches is used. Names are
        case-sensitive.
      - It is an error if the token may not read any match, or if there are several, with the candidates and their UUIDs
        in the message.
      - Quote it if YAML would read it as another type, such as C("007").
    type: raw
    required: true
  description:
    description:
      - The description, as plain text of up to 2000 characters. An empty string clears it.
      - Leading and trailing white space is removed, because Waldur stores it without.
      - If omitted, it is not changed. A new provider gets an empty one.
    type: raw
  enable_notifications:
    description:
      - Whether Waldur sends notifications to the users of the provider, for example about orders.
      - If omitted, it is not changed. A new provider gets the default of Waldur, which is V(true).
    type: bool
  image:
    description:
      - The path of an image file on the controller (PNG, JPEG, GIF, WebP, BMP or TIFF, of up to 10 MB). A relative path
        is searched like in M(ansible.builtin.copy), in C(files) of the role or play and next to the playbook.
      - An empty string removes the image.
      - It is uploaded only if its content differs from the image in Waldur.
      - It is an error if the file can't be read, is too large or is not such an image.
      - If omitted, the image is not changed.
    type: raw
  allowed_domains:
    description:
      - The domain names that the provider may use, in any order. An empty list removes all of them.
      - Requires a staff token, and Waldur 2026 or newer. Otherwise it is an error.
      - If omitted, they are not changed.
    type: list
    elements: raw
  account_options:
    description:
      - The settings of the accounts of users in the offerings of the provider. Requires Waldur 2026 or newer. With
        older versions, it is an error.
      - They are merged with the current settings, key by key. An empty string or C(null) removes a key, so that the
        default of Waldur applies again. Other keys are not changed.
      - An offering can have settings of its own, which have precedence over those of the provider. A warning names
        these offerings, and how to remove the setting there.
      - Changes of C(account_scope), C(username_generation_policy) and C(username_anonymized_prefix) change accounts at
        once. In check mode too, Waldur is asked for the accounts that would be renamed, and the diff lists them.
      - If omitted, they are not changed.
    type: dict
    suboptions:
      account_scope:
        description:
          - With V(offering), the default of Waldur, a user has an account in each offering. With V(provider), a user
            has one account at the provider, and all offerings share it.
          - When it becomes V(provider), all accounts of a user, also deleted ones, are linked to one and get its
            username. Users whose accounts have different usernames are an error that lists them. See
            O(username_resolutions).
          - If it becomes V(offering) again, accounts that are already linked stay linked.
        type: str
        choices: [offering, provider, ""]
      username_generation_policy:
        description:
          - How Waldur generates usernames. With V(service_provider), the default of Waldur, it generates none, and the
            provider sets them.
          - V(anonymized) is O(account_options.username_anonymized_prefix) and a number, V(full_name) the first and last
            name and a number, V(waldur_username) the username in Waldur, V(freeipa) that of the FreeIPA profile, and
            V(identity_claim) that of the identity provider.
          - A change renames the accounts in offerings that are not linked. See O(max_renames).
        type: str
        choices: [service_provider, anonymized, full_name, waldur_username, freeipa, identity_claim, ""]
      username_anonymized_prefix:
        description:
          - The prefix of usernames under the policy V(anonymized). The default of Waldur is C(waldur_).
        type: raw
      homedir_prefix:
        description:
          - The prefix of the home directories of new accounts. Waldur appends the username, so end it with a slash. The
            default of Waldur is C(/home/).
          - It starts with a slash and has at least one more character. Letters without accents, digits, C(_), C(-),
            C(/) and single dots are allowed.
        type: raw
      login_shell:
        description:
          - The login shell of new accounts, a path with the same characters. The default of Waldur is C(/bin/bash).
        type: raw
      project_groups_enabled:
        description:
          - Whether Waldur makes a POSIX group for each project that uses the provider. V(false) keeps existing groups.
          - Waldur can't remove this key, so C(null) is ignored. Set V(false) instead.
        type: bool
  username_resolutions:
    description:
      - If O(account_options.account_scope) becomes V(provider), the username to keep for each user who has different
        usernames in the offerings. The other accounts of the user are renamed.
      - An entry for a user whose usernames do not differ has no effect, so the entries can stay.
      - Requires O(account_options.account_scope=provider).
    type: list
    elements: dict
    version_added: 1.1.0
    suboptions:
      user:
        description:
          - The user, by username, e-mail address, UUID or URL. The same user twice is an error.
        type: raw
        required: true
      username:
        description:
          - One of the usernames that the user has in the offerings. Another one is an error that lists them.
        type: raw
        required: true
  state:
    description:
      - V(present) creates the provider if it does not exist, and updates it if it differs.
      - V(absent) deletes it. The customer is kept. A provider with offerings that are not archived can't be deleted,
        and the message lists them. O(description), O(enable_notifications), O(image), O(allowed_domains),
        O(account_options) and O(username_resolutions) can't be combined with it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Creating a provider requires a staff token, or the permission C(SERVICE_PROVIDER.REGISTER) on the customer, which
    the default roles of Waldur do not include. Changing or deleting it requires a staff token, or the role
    C(CUSTOMER.OWNER) on the customer.
seealso:
  - module: waldur.provider.desired_state
    description: The profile together with role grants, usernames and the API secret code, in one document.
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Create a service provider
  waldur.provider.service_provider:
    customer: Delta University

- name: Update the profile of a service provider
  waldur.provider.service_provider:
    customer: ALPHA
    description: Compute and storage for research
    enable_notifications: true
    image: logo.png

- name: Remove the image, without other changes
  waldur.provider.service_provider:
    customer: ALPHA
    image: ""

- name: Set the connection once for several tasks
  module_defaults:
    group/waldur.provider.all:
      profile: production
  block:
    - name: Describe Alpha
      waldur.provider.service_provider:
        customer: ALPHA
        description: Virtual machines and storage

    - name: Describe Beta
      waldur.provider.service_provider:
        customer: BETA
        description: High performance computing

- name: Show which accounts other usernames would rename
  waldur.provider.service_provider:
    customer: ALPHA
    account_options:
      username_generation_policy: anonymized
      username_anonymized_prefix: hpc_
    max_renames: 1000
  check_mode: true
  diff: true

- name: Give each user one account at the provider
  waldur.provider.service_provider:
    customer: ALPHA
    account_options:
      account_scope: provider
    username_resolutions:
      - user: member1
        username: m1_alpha

- name: Show what a deletion would do, in check mode
  waldur.provider.service_provider:
    customer: Delta University
    state: absent
  check_mode: true
  diff: true

- name: Delete a service provider that has no offerings
  waldur.provider.service_provider:
    customer: Delta University
    state: absent
"""

RETURN = r"""
service_provider:
  description:
    - The service provider as Waldur returns it, without secrets. Newer versions of Waldur return more keys than these.
    - In check mode, as it would be. A provider that would be created has no C(uuid) and C(url) yet.
    - V(none) with O(state=absent).
  returned: success
  type: dict
  contains:
    uuid:
      description: The UUID of the service provider.
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    url:
      description: The URL of the service provider in the API.
      type: str
      sample: https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/
    created:
      description: When the customer became a service provider.
      type: str
      sample: "2026-11-22T21:16:00.500041+00:00"
    description:
      description: The description of the provider.
      type: str
      sample: Compute and storage for research
    enable_notifications:
      description: Whether the users of the provider get notifications.
      type: bool
      sample: true
    image:
      description:
        - The URL of the image. Waldur creates a new one for each upload.
        - In check mode, if an image would be uploaded, its C(sha256) and C(size) in bytes.
      type: raw
      sample: https://waldur.example.org/api/media/df26f51766fa498988135d586a1689ad/
    customer:
      description: The URL of the customer in the API.
      type: str
      sample: https://waldur.example.org/api/customers/d2c8772ce559428283e388badd97f2d6/
    customer_uuid:
      description: The UUID of the customer.
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    customer_name:
      description: The name of the customer.
      type: str
      sample: Alpha Cloud Ltd
    customer_abbreviation:
      description: The abbreviation of the customer.
      type: str
      sample: ALPHA
    customer_slug:
      description: The slug of the customer.
      type: str
      sample: alpha-cl-1
    customer_native_name:
      description: The name of the customer in its own language.
      type: str
      sample: Alpha Cloud Ltd
    customer_country:
      description: The code of the customer's country.
      type: str
      sample: EE
    customer_image:
      description: The URL of the customer's image.
      type: str
      sample: null
    offering_count:
      description: The number of offerings of the provider, as counted by Waldur.
      type: int
      sample: 4
renames:
  description: The accounts that the plan would rename. Nothing was changed.
  returned: if there are more of them than O(max_renames) allows
  type: list
  elements: dict
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    account:
      description: The offering and the current username.
      type: str
      sample: "Alpha VM: m1_alpha"
    username:
      description: The new username, empty if the account would lose its own. C(<uid>) stands for a number that is not
        known yet.
      type: str
      sample: hpc_9001
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "state: the provider Alpha Cloud Ltd can't be deleted while it has offerings: archive Alpha Draft (Draft),
      Alpha Private (Active), Alpha Request (Active), Alpha Storage (Active), Alpha VM (Active) first."
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
    run_module("service_provider")


if __name__ == "__main__":
    main()
