#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: api_secret_code
short_description: Rotate the API secret code of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Returns the fingerprint of the API secret code of a service provider, and rotates the code on request. The systems
    of the provider sign the data that they send to Waldur with this code.
  - To rotate a leaked code once, set its fingerprint. Such a task can be kept in a playbook, because it changes nothing
    after the code has been rotated, and the playbook contains no secret.
  - The code itself is only returned with O(reveal=true). It is in no other output.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
options:
  state:
    description:
      - V(present) creates a code if there is none.
      - V(rotated) replaces the code with a new one from Waldur. The old one stops working at once.
    type: str
    choices: [present, rotated]
    default: present
  fingerprint:
    description:
      - With O(state=rotated), the fingerprint of the code to replace, C(sha256:) and 16 hex digits. The code is rotated
        only while the current code has this fingerprint. After that, nothing changes.
      - If omitted, O(state=rotated) rotates the code in every run, and the task is always changed.
      - It is an error with O(state=present), or if it is not a valid fingerprint. Quote it.
    type: raw
  reveal:
    description:
      - Whether to return the code itself, as RV(api_secret_code). Such a task requires C(no_log=true), because Ansible
        otherwise prints the return values of a task.
      - It is an error with C(async), because Ansible stores the result of an asynchronous task in a file that other
        users of the host can read.
    type: bool
    default: false
notes:
  - Requires the permissions C(SERVICE_PROVIDER.GET_API_SECRET_CODE), and C(SERVICE_PROVIDER.GENERATE_API_SECRET_CODE)
    to rotate, on the provider's customer, which owners have. A role on the service provider is not enough. In Waldur
    2024, the role C(CUSTOMER.OWNER) on the customer is required instead.
  - With O(reveal=true), the registered result contains the code. Every task that uses it requires C(no_log=true) too.
  - If the response to a rotation is lost, the code is read again, and the error message gives the outcome. The rotation
    is never retried without that check.
  - The fingerprint is the beginning of the SHA-256 of the code. It identifies a code and is safe to show.
seealso:
  - module: waldur.provider.desired_state
    description: The rotation together with profile, role grants and usernames, in one document.
  - module: waldur.provider.service_provider
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
"""

EXAMPLES = r"""
- name: Show the fingerprint of the API secret code
  waldur.provider.api_secret_code:
    service_provider: ALPHA

- name: Rotate a leaked code once
  waldur.provider.api_secret_code:
    service_provider: ALPHA
    state: rotated
    fingerprint: "sha256:1571e2342f780ab4"

- name: Rotate the code in every run
  waldur.provider.api_secret_code:
    service_provider: BETA
    state: rotated

- name: Read the code itself
  waldur.provider.api_secret_code:
    service_provider: ALPHA
    reveal: true
  register: alpha
  no_log: true

- name: Deliver the code to the system that needs it
  ansible.builtin.copy:
    content: "{{ alpha.api_secret_code }}"
    dest: /etc/waldur-agent/api_secret_code
    mode: "0600"
  no_log: true
"""

RETURN = r"""
fingerprint:
  description: C(sha256:) and the first 16 hex digits of the code's SHA-256. In check mode, V(none) if the code would be
    rotated, because the new one is not known.
  returned: success
  type: str
  sample: sha256:1571e2342f780ab4
api_secret_code:
  description: The code itself. In check mode, V(none) if it would be rotated.
  returned: with O(reveal=true)
  type: str
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
    run_module("api_secret_code")


if __name__ == "__main__":
    main()
