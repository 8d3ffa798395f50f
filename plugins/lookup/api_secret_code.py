# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the API secret code of a Waldur service provider in a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: api_secret_code
short_description: Read the API secret code of a Waldur service provider in a template
version_added: 1.0.0
description:
  - Returns the API secret code of a service provider in plain text, for example for the configuration of the software
    that reports usage.
  - It changes nothing. M(waldur.provider.api_secret_code) rotates the code.
  - The user of the token needs the permission C(SERVICE_PROVIDER.GET_API_SECRET_CODE) on the provider's customer, which
    owners have. A role on the service provider is not enough.
author: Waldur provider collection maintainers (@waldur)
extends_documentation_fragment:
  - waldur.provider.plugin_connection
options:
  _terms:
    description:
      - The service providers, each by its UUID (with or without dashes, in any case) or URL, or by the name,
        abbreviation, slug, UUID or URL of its customer. The first kind that matches is used.
      - If omitted, O(service_provider) is used.
    type: list
    elements: raw
  service_provider:
    description: The service provider, if there is no term.
    type: raw
    vars:
      - name: waldur_service_provider
notes:
  - Always set C(no_log=true) on a task that uses this lookup, and C(diff=false) if the task writes a file. Otherwise
    Ansible prints the code with the result of the task.
  - Do not pass it in the C(environment) of a task, which Ansible prints with C(-vvvv) even then, and do not store it
    with M(ansible.builtin.set_fact), because a fact cache would write it to disk.
  - No message of this lookup contains the code. M(waldur.provider.api_secret_code_info) returns its fingerprint, which
    is not secret.
  - A service provider that has no code is an error.
  - Each evaluation sends a request to Waldur. All evaluations in one process share one connection.
  - With C(errors='warn') or C(errors='ignore') Ansible continues without a code if it can't be read.
  - With several terms, C(lookup()) joins the codes with commas, and C(query()) returns a list.
seealso:
  - module: waldur.provider.api_secret_code
  - module: waldur.provider.api_secret_code_info
  - plugin: waldur.provider.query
    plugin_type: lookup
"""

EXAMPLES = r"""
# URL and token come from the environment (WALDUR_API_URL, WALDUR_ACCESS_TOKEN), variables, or a connection profile.

- name: Write the code into the configuration of the agent that reports usage
  ansible.builtin.copy:
    dest: /etc/waldur-agent/secret.ini
    content: |
      [waldur]
      api_secret_code = {{ lookup('waldur.provider.api_secret_code', 'ALPHA') }}
    mode: "0600"
  no_log: true
  diff: false

- name: Write the codes of several service providers into files
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
  description: The code of each term, in the order of the terms.
  type: list
  elements: str
  sample: ["********"]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup import queries
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup.base import WaldurLookup


class LookupModule(WaldurLookup):
    """The lookup plugin ``waldur.provider.api_secret_code``."""

    def read(
        self, connection: Connection, terms: Sequence[Any], keywords: Mapping[str, Any], default_provider: Any
    ) -> tuple[list[Any], list[str]]:
        """Return the codes, in clear text."""
        return queries.read_secret_codes(connection, terms, keywords, default_provider)
