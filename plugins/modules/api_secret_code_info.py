#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: api_secret_code_info
short_description: Read the fingerprint of the API secret code of a Waldur service provider, or the code itself
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Returns the fingerprint of the current API secret code of a service provider. External systems sign their usage
    reports with this code.
  - The code itself is only returned with O(reveal=true).
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
options:
  reveal:
    description:
      - Whether to return the code itself. Use it together with C(no_log), because Ansible shows and stores the return
        values of a task.
      - It is an error with C(async), because Ansible stores the result of an asynchronous task in a file that other
        users of the host can read.
    type: bool
    default: false
notes:
  - Requires the permission C(SERVICE_PROVIDER.GET_API_SECRET_CODE) in the provider's customer, which owners have. A
    role in the service provider is not enough. In Waldur 2024, the role C(CUSTOMER.OWNER) in the customer is required
    instead.
  - Reading the code does not change it. M(waldur.provider.api_secret_code) rotates it.
seealso:
  - module: waldur.provider.api_secret_code
    description: Rotate the code, once for each fingerprint.
  - plugin: waldur.provider.api_secret_code
    plugin_type: lookup
    description: The code in a template.
  - module: waldur.provider.desired_state
"""

EXAMPLES = r"""
- name: Read the fingerprint of the current code
  waldur.provider.api_secret_code_info:
    service_provider: ALPHA
  register: present

- name: Show how to rotate this code once with a document
  ansible.builtin.debug:
    msg: "api_secret_code: {state: rotated, fingerprint: '{{ present.fingerprint }}'}"

- name: Read the code itself
  waldur.provider.api_secret_code_info:
    service_provider: ALPHA
    reveal: true
  register: secret
  no_log: true

- name: Check that there is a code
  ansible.builtin.assert:
    that: secret.api_secret_code is not none
    quiet: true

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.api_secret_code_info -a service_provider=ALPHA
"""

RETURN = r"""
fingerprint:
  description: >-
    C(sha256:) and the first 16 hex digits of the code's SHA-256, or V(none) if the service provider has no code.
  returned: success
  type: str
  sample: sha256:1571e2342f780ab4
api_secret_code:
  description: The code in plain text, or V(none) if the service provider has none.
  returned: with O(reveal=true)
  type: str
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("api_secret_code_info")


if __name__ == "__main__":
    main()
