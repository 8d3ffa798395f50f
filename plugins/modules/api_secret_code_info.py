#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: api_secret_code_info
short_description: Tell the fingerprint of a Waldur service provider's API secret code, or the code itself
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Tells by which fingerprint the present API secret code of a service provider is known. The code signs what outside
    systems report as usage.
  - The code itself is returned only with O(reveal=true).
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
options:
  reveal:
    description:
      - Whether to return the code itself. Use it together with C(no_log), as Ansible shows and keeps what a task
        returns.
      - An error with C(async), as Ansible keeps the result of an asynchronous task in a file that other users of the
        host can read.
    type: bool
    default: false
notes:
  - It takes the permission C(SERVICE_PROVIDER.GET_API_SECRET_CODE) on the provider's customer, which owners have. A
    role on the service provider is not enough. On Waldur of 2024 it takes the role C(CUSTOMER.OWNER) there instead.
  - Reading the code does not change it. M(waldur.provider.api_secret_code) rotates it.
seealso:
  - module: waldur.provider.api_secret_code
    description: Rotate the code, once per fingerprint.
  - plugin: waldur.provider.api_secret_code
    plugin_type: lookup
    description: The code in a template.
  - module: waldur.provider.desired_state
"""

EXAMPLES = r"""
- name: Find out the fingerprint of the present code
  waldur.provider.api_secret_code_info:
    service_provider: ALPHA
  register: present

- name: Show how to rotate this code away, once, with a document
  ansible.builtin.debug:
    msg: "api_secret_code: {state: rotated, fingerprint: '{{ present.fingerprint }}'}"

- name: Read the code itself
  waldur.provider.api_secret_code_info:
    service_provider: ALPHA
    reveal: true
  register: secret
  no_log: true

- name: Say whether there is one
  ansible.builtin.assert:
    that: secret.api_secret_code is not none
    quiet: true

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.api_secret_code_info -a service_provider=ALPHA
"""

RETURN = r"""
fingerprint:
  description: >-
    C(sha256:) and the first 16 hex digits of the code's SHA-256, or V(none) where the service provider has no code.
  returned: success
  type: str
  sample: sha256:1571e2342f780ab4
api_secret_code:
  description: The code in clear, or V(none) where the service provider has none.
  returned: with O(reveal=true)
  type: str
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("api_secret_code_info")


if __name__ == "__main__":
    main()
