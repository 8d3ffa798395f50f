# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API secret code of a Waldur service provider, in a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: api_secret_code
short_description: The API secret code of a Waldur service provider, in a template
version_added: 1.0.0
description:
  - Returns the API secret code of a service provider in clear, to be written where it is needed, such as into the
    configuration of the software that reports usage.
  - It changes nothing. M(waldur.provider.api_secret_code) rotates the code.
  - The token's user needs the permission C(SERVICE_PROVIDER.GET_API_SECRET_CODE) on the provider's customer, which
    owners have. A role on the service provider is not enough.
author: Waldur provider collection maintainers (@waldur)
extends_documentation_fragment:
  - waldur.provider.plugin_connection
options:
  _terms:
    description:
      - The service providers, each by its UUID (with or without dashes, in any case) or URL, or by the name,
        abbreviation, slug, UUID or URL of its customer. The first of these ways that matches anything decides.
      - Left out, it is O(service_provider).
    type: list
    elements: raw
  service_provider:
    description: The service provider where no term is given.
    type: raw
    vars:
      - name: waldur_service_provider
notes:
  - Always set C(no_log=true) on a task that uses this lookup, and C(diff=false) where the task writes a file. Otherwise
    Ansible prints the code with the task's result.
  - Don't hand it over in a task's C(environment), which Ansible prints at C(-vvvv) even then, and don't keep it with
    M(ansible.builtin.set_fact), as a fact cache would write it down.
  - The code stands in no message of this lookup. M(waldur.provider.api_secret_code_info) tells its fingerprint, which
    may be shown.
  - A service provider that has no code is an error.
  - Waldur is asked anew at each evaluation. All evaluations in one process share one connection.
  - With C(errors='warn') or C(errors='ignore') Ansible goes on without a code where it can't be read.
  - With several terms C(lookup()) joins the codes by commas, and C(query()) gives a list.
seealso:
  - module: waldur.provider.api_secret_code
  - module: waldur.provider.api_secret_code_info
  - plugin: waldur.provider.query
    plugin_type: lookup
"""

EXAMPLES = r"""
# URL and token come from the environment (WALDUR_API_URL, WALDUR_ACCESS_TOKEN), from variables, or from a profile.

- name: Give the code to the agent that reports usage
  ansible.builtin.copy:
    dest: /etc/waldur-agent/secret.ini
    content: |
      [waldur]
      api_secret_code = {{ lookup('waldur.provider.api_secret_code', 'ALPHA') }}
    mode: "0600"
  no_log: true
  diff: false

- name: Write down the codes of several service providers
  ansible.builtin.copy:
    dest: /etc/waldur-agent/{{ item | lower }}.code
    content: "{{ lookup('waldur.provider.api_secret_code', item) }}"
    mode: "0600"
  loop: [ALPHA, BETA]
  no_log: true
  diff: false
"""

RETURN = r"""
_raw:
  description: The code of each term, in their order.
  type: list
  elements: str
  sample: ["********"]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils import _lookups
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup_base import Asking


class LookupModule(Asking):
    """The lookup plugin ``waldur.provider.api_secret_code``."""

    def ask(
        self, connection: Connection, terms: Sequence[Any], given: Mapping[str, Any], usual: Any
    ) -> tuple[list[Any], list[str]]:
        """The codes, in clear."""
        return _lookups.secret_codes(connection, terms, given, usual)
