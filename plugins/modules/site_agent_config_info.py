#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: site_agent_config_info
short_description: Generate the configuration of the Waldur site agent
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Lets Waldur generate the configuration file of the site agent that serves offerings of a service provider, and
    returns it as text and as data. Nothing is stored, and nothing is changed.
  - The configuration contains placeholders, such as C(<YOUR_API_TOKEN_HERE>), for secrets. If Waldur returns a secret
    instead, C(<REMOVED>) is returned in its place, in both forms. That applies to the values of keys that name a token,
    password, secret, credential, private key, API key or DSN, and to passwords in URLs. So replace placeholders
    yourself, with values from a vault.
  - The text has a comment with the time, so two texts are never equal. Compare RV(site_agent_config).
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.reads
  - waldur.provider.references.service_provider
options:
  offerings:
    description:
      - The offerings that the agent serves, at least one. By name, UUID or URL. A name is looked up among the offerings
        of the service provider. Waldur only accepts offerings of the type of the site agent.
    type: list
    elements: raw
    required: true
    aliases: [offering_uuids]
  include_policy_settings:
    description:
      - Whether to include the policy settings of the offerings.
    type: bool
    default: true
  waldur_api_url:
    description:
      - The URL of the API that the agent is to use. If omitted, Waldur uses its own.
    type: str
  timezone:
    description:
      - The time zone of the agent, such as V(Europe/Tallinn). If omitted, Waldur uses UTC.
    type: str
notes:
  - Requires the permission C(SERVICE_PROVIDER.GET_API_SECRET_CODE) on the provider's customer, which owners have. A
    role on the service provider is not enough.
  - The configuration requires Waldur 2026 or newer. With an older version, the task fails, and the message says so.
seealso:
  - module: waldur.provider.offering_info
    description: The offerings and their types.
"""

EXAMPLES = r"""
- name: Generate the configuration of the site agent
  waldur.provider.site_agent_config_info:
    service_provider: ALPHA
    offerings: [Alpha Storage]
    timezone: Europe/Tallinn
  register: agent

- name: Show the UUIDs of the offerings that it serves
  ansible.builtin.debug:
    msg: "{{ agent.site_agent_config.offerings | map(attribute='waldur_offering_uuid') }}"

# The same as the first task, from the command line:
# ansible localhost -m waldur.provider.site_agent_config_info -a 'service_provider=ALPHA offerings="Alpha Storage"'
"""

RETURN = r"""
site_agent_config:
  description: The configuration as data, with C(offerings), C(timezone) and the other keys of the file.
  returned: success
  type: dict
  sample:
    sentry_dsn: ""
    timezone: Europe/Tallinn
    offerings:
      - name: Alpha Storage
        waldur_api_token: <YOUR_API_TOKEN_HERE>
        waldur_offering_uuid: 3ad43aeb-a5ee-4cdb-bf7b-9b7e1b40a0f2
text:
  description: The configuration as the text of the YAML file.
  returned: success
  type: str
  sample: |
    # Waldur Site Agent Configuration
    timezone: Europe/Tallinn
count:
  description: How many offerings are in the configuration.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("site_agent_config_info")


if __name__ == "__main__":
    main()
