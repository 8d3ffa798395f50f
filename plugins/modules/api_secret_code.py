#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: api_secret_code
short_description: Keep and rotate the API secret code of a Waldur service provider
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Gives the fingerprint of the service provider's API secret code, the code with which the provider's own systems
    sign what they send to Waldur, and rotates it on demand.
  - A code that has leaked is rotated once, by its fingerprint. With it the task can stay in a playbook, as it changes
    nothing when the code has been rotated, and no secret is in the playbook.
  - The code itself is returned with O(reveal=true) only. It is in no other output.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
options:
  state:
    description:
      - V(present) sees to it that there is a code, and makes one where there is none.
      - V(rotated) replaces the code by a new one that Waldur makes. The old one stops working at once.
    type: str
    choices: [present, rotated]
    default: present
  fingerprint:
    description:
      - With O(state=rotated), the fingerprint of the code to rotate away, C(sha256:) and 16 hex digits. While the
        present code has it, it is rotated. Afterwards nothing changes any more.
      - Left out, O(state=rotated) rotates at every run, and the task is changed every time.
      - An error with O(state=present), and so is anything that isn't such a fingerprint. Quote it.
    type: raw
  reveal:
    description:
      - Whether to return the code itself, as RV(api_secret_code). Such a task needs C(no_log=true), as Ansible
        otherwise prints what a task returns.
      - An error with C(async), as Ansible keeps the result of an asynchronous task in a file that other users of the
        host can read.
    type: bool
    default: false
notes:
  - It takes the permissions C(SERVICE_PROVIDER.GET_API_SECRET_CODE), and C(SERVICE_PROVIDER.GENERATE_API_SECRET_CODE)
    to rotate, on the provider's customer, which owners have. A role on the service provider is not enough. On Waldur of
    2024 it takes the role C(CUSTOMER.OWNER) there instead.
  - After O(reveal=true) the code is in what the task registered. Every task that uses it needs C(no_log=true) too.
  - Where the answer to a rotation is lost, the code is looked at again, and the error says what was found. It is
    never rotated twice blindly.
  - The fingerprint is the beginning of the code's SHA-256. It tells codes apart and is safe to show.
seealso:
  - module: waldur.provider.desired_state
    description: The rotation together with profile, roles and usernames, in one document.
  - module: waldur.provider.service_provider
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
"""

EXAMPLES = r"""
- name: Show the fingerprint of the API secret code
  waldur.provider.api_secret_code:
    service_provider: ALPHA

- name: Rotate a code that has leaked, once
  waldur.provider.api_secret_code:
    service_provider: ALPHA
    state: rotated
    fingerprint: "sha256:1571e2342f780ab4"

- name: Rotate the code now, and at every further run
  waldur.provider.api_secret_code:
    service_provider: BETA
    state: rotated

- name: Read the code itself
  waldur.provider.api_secret_code:
    service_provider: ALPHA
    reveal: true
  register: alpha
  no_log: true

- name: Hand the code to the service that needs it
  ansible.builtin.copy:
    content: "{{ alpha.api_secret_code }}"
    dest: /etc/waldur-agent/api_secret_code
    mode: "0600"
  no_log: true
"""

RETURN = r"""
fingerprint:
  description: C(sha256:) and the first 16 hex digits of the code's SHA-256. In check mode V(none) where the code
    would be rotated, as the new one isn't known.
  returned: success
  type: str
  sample: sha256:1571e2342f780ab4
api_secret_code:
  description: The code itself. In check mode V(none) where it would be rotated.
  returned: with O(reveal=true)
  type: str
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
    run_module("api_secret_code")


if __name__ == "__main__":
    main()
