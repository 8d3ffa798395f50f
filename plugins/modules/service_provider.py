#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_provider
short_description: Make a Waldur customer a service provider, and keep its profile
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Registers a customer (an organization) as a service provider of the marketplace, keeps the provider's description,
    image and settings as the task says, or deletes the provider.
  - What the task leaves out is left as it is. Only what differs is sent, so a second run changes nothing.
  - Waldur's answer is compared with what was asked. A field that it ignored silently is an error.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
options:
  customer:
    description:
      - The customer that is, or is to be, the service provider, by its name, abbreviation, slug, UUID (with or
        without dashes, in any case) or URL.
      - A UUID or URL is tried first, then name, abbreviation and slug. The first way that matches anything decides.
        Upper and lower case matter in names.
      - None that the token can see is an error, and so are several, with the candidates and their UUIDs in the
        message.
      - Quote it where YAML would make something else of it, such as C("007").
    type: raw
    required: true
  description:
    description:
      - What the provider offers, as plain text of up to 2000 characters. An empty text clears it.
      - It is sent and compared without white space around it, as Waldur stores it.
      - Left out, it stays as it is. A new provider gets an empty one.
    type: raw
  enable_notifications:
    description:
      - Whether Waldur notifies the provider's people of orders and the like.
      - Left out, it stays as it is. A new provider gets what Waldur sets, which is V(true).
    type: bool
  image:
    description:
      - The path of an image file on the controller (PNG, JPEG, GIF, WebP, BMP or TIFF, of up to 10 MB). A relative
        path is looked for as M(ansible.builtin.copy) does, in C(files) of the role or play and beside the playbook.
      - An empty text removes the image.
      - It is uploaded only where its bytes differ from those of the image that Waldur has.
      - A file that can't be read, is too large or is not such an image is an error.
      - Left out, the image stays as it is.
    type: raw
  allowed_domains:
    description:
      - The domain names that the provider may use, in any order. An empty list takes all of them away.
      - It takes a staff token, and Waldur of 2026 or newer. Elsewhere it is an error.
      - Left out, they stay as they are.
    type: list
    elements: raw
  account_options:
    description:
      - Options of the provider's accounts, as Waldur of 2026 or newer has them. On older versions it is an error.
      - They are merged with those that are there, key by key. An empty value (C("") or C(null)) removes a key.
      - Left out, they stay as they are.
    type: dict
  state:
    description:
      - V(present) creates the provider where it is missing, and updates it where it differs.
      - V(absent) deletes it. The customer stays. A provider with offerings that are not archived can't be deleted,
        and the message lists them. O(description), O(enable_notifications), O(image), O(allowed_domains) and
        O(account_options) can't be given with it.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Creating a provider takes a staff token, or the permission C(SERVICE_PROVIDER.REGISTER) on the customer, which
    Waldur's own roles don't include. Changing or deleting it takes a staff token, or the role C(CUSTOMER.OWNER) on
    the customer.
seealso:
  - module: waldur.provider.desired_state
    description: The same, together with roles, usernames and the API secret code, in one document.
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Make a customer a service provider
  waldur.provider.service_provider:
    customer: Delta University

- name: Keep the profile of a service provider
  waldur.provider.service_provider:
    customer: ALPHA
    description: Compute and storage for research
    enable_notifications: true
    image: logo.png

- name: Remove the image, and leave all the rest as it is
  waldur.provider.service_provider:
    customer: ALPHA
    image: ""

- name: Say which Waldur is meant once, for several tasks
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

- name: See what a deletion would do, and do nothing
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
    - The service provider as Waldur gives it, without secrets. Newer versions of Waldur give more keys than these.
    - In check mode as it would be. A provider that would be created has no C(uuid) and C(url) yet.
    - V(none) where O(state=absent).
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
      description: What the provider offers.
      type: str
      sample: Compute and storage for research
    enable_notifications:
      description: Whether the provider's people are notified.
      type: bool
      sample: true
    image:
      description:
        - The URL of the image. Waldur makes a new one at each upload.
        - In check mode, where an image would be uploaded, its C(sha256) and C(size) in bytes.
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
      description: The number of the provider's offerings, as Waldur counts them.
      type: int
      sample: 4
errors:
  description: All that is wrong with the plan, a sentence each. Nothing was changed then.
  returned: when the plan was refused
  type: list
  elements: str
  sample:
    - "state: the provider Alpha Cloud Ltd can't be deleted while it has offerings: archive Alpha Draft (Draft),
      Alpha Private (Active), Alpha Request (Active), Alpha Storage (Active), Alpha VM (Active) first."
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
    run_module("service_provider")


if __name__ == "__main__":
    main()
