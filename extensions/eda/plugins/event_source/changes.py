# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source ``waldur.provider.changes`` of Event-Driven Ansible."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import sys
from typing import Any

DOCUMENTATION = r"""
---
short_description: Emit an event for each change of a service provider in Waldur
version_added: 1.1.0
description:
  - Polls Waldur, and emits one event for each role that was granted, revoked or changed, for each account and each
    service provider account that was created, removed or changed, and for each such service provider.
  - Each change is emitted at least once, also after an outage of Waldur and a restart of the source. An event that is
    emitted again has the same RV(ignore:id).
  - Nothing is written to Waldur.
  - With a token of staff, and with one of an owner of the service providers that O(service_providers) names. Waldur has
    no list of changed roles for owners, so their list is always read as a whole. Accounts are read by their time of
    change.
  - The guide "Events" of the collection describes the events, the rulebooks and the number of requests.
requirements:
  - requests, in the Python environment of ansible-rulebook
options:
  api_url:
    description:
      - The URL of Waldur. It and all other connection options below have the meaning and the rules that they have for
        modules. They can be set in the environment of ansible-rulebook too, as C(WALDUR_API_URL) and so on.
    type: str
  access_token:
    description:
      - The token. Set it as C(WALDUR_ACCESS_TOKEN) in the environment, so that it is in no rulebook.
    type: str
  token_file:
    description:
      - A file that contains the token. It is read again when Waldur rejects the token.
    type: path
  token_command:
    description:
      - A command that prints the token. It is run again when Waldur rejects the token.
    type: raw
  auth_scheme:
    description:
      - V(Token) or V(Bearer).
    type: str
    default: Token
  validate_certs:
    description:
      - Whether the certificate of the server is checked.
    type: bool
    default: true
  ca_path:
    description:
      - A file or folder of certificates of certification authorities.
    type: path
  client_cert:
    description:
      - A client certificate.
    type: path
  client_key:
    description:
      - The key of the client certificate.
    type: path
  proxy:
    description:
      - The URL of a proxy.
    type: str
  timeout:
    description:
      - The number of seconds to wait for an answer.
    type: float
    default: 30
  retries:
    description:
      - How often a request is repeated before the poll fails. A failed poll is repeated in any case.
    type: int
    default: 4
  profile:
    description:
      - The name of a section of the profiles file.
    type: str
  service_providers:
    description:
      - The service providers, each by UUID, URL, or the name, abbreviation or slug of its customer.
      - Without it, all service providers are polled, also those that are created later. For that, the token must be of
        staff.
    type: list
    elements: str
  kinds:
    description:
      - The kinds of objects. Without it, all kinds that the Waldur has.
      - V(role) requires Waldur of 2025, and V(provider_account) requires Waldur of 2026.
    type: list
    elements: str
    choices: [service_provider, role, account, provider_account]
  cursor:
    description:
      - The path of the file in which the source keeps what it has seen. It must survive a restart.
      - The file and its folder are created with access for their owner alone. The file contains names, usernames and
        e-mail addresses, and neither a token nor another secret.
      - Each source requires a file of its own. A file that was written for another O(api_url), or for other
        O(service_providers) or O(kinds), is an error. So is one that a running source uses. That source has locked it,
        with an empty file beside it whose name ends with C(.lock).
    type: path
    required: true
  first_run:
    description:
      - What the source does where O(cursor) does not exist. V(silent) emits no events for what is there already,
        V(replay) emits one for each row.
    type: str
    choices: [silent, replay]
    default: silent
  interval:
    description:
      - The number of seconds between two polls.
    type: int
    default: 20
  max_interval:
    description:
      - While Waldur can't be read, the number of seconds between two polls is doubled, up to this number.
    type: int
    default: 300
  overlap:
    description:
      - Accounts that have changed are read from this number of seconds before the last poll, for changes that Waldur
        stored later than their time says. Rows that are read twice make no event.
    type: int
    default: 60
  full_interval:
    description:
      - The number of seconds after which accounts are read as a whole, in any case. They are as well where their number
        shows that some were removed.
    type: int
    default: 3600
  commit_delay:
    description:
      - The number of seconds for which an event is emitted again, with the same id, if the source is restarted. Set it
        to a little more than an action of your rules takes, so that a crash of ansible-rulebook loses no action.
    type: int
    default: 0
  expiring_within:
    description:
      - Emit an event with the action C(expiring) for each role that ends within this time, once for each grant and
        expiry. Also at the first run.
      - A number of days, or a text such as V(12h), V(14d) or V(4w).
    type: raw
notes:
  - Under ansible-rulebook with persistence, C(feedback=true) lets the source wait until an event is stored there.
  - Started as a program with the options as JSON, the file prints the events, to try options without ansible-rulebook.
"""

EXAMPLES = r"""
- waldur.provider.changes:
    service_providers: [ACME]
    cursor: /var/lib/waldur/acme.json

- waldur.provider.changes:
    api_url: https://waldur.example.org/api/
    token_file: /run/secrets/waldur
    kinds: [role]
    expiring_within: 14d
    first_run: replay
    cursor: /var/lib/waldur/roles.json
    interval: 60
"""


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Emit events into ``queue`` until the task is cancelled; ``args`` are the options."""
    await import_source().run(queue, args)


def import_source() -> Any:
    """Return the module of the collection that does the work.

    ansible-rulebook runs this file alone, without a way to import other files of its collection. The collection that it
    lies in goes first, as another version may be installed as well.
    """
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 7))
    if not os.path.isdir(os.path.join(root, "ansible_collections", "waldur", "provider")):
        raise ImportError(
            f"{__file__} does not lie in a folder ansible_collections/waldur/provider: install the collection with"
            " ansible-galaxy, and name the source waldur.provider.changes."
        )
    if root not in sys.path:
        sys.path.insert(0, root)
    # A package that was imported before from elsewhere knows only the folders that were on the path then.
    package = importlib.import_module("ansible_collections")
    folder = os.path.join(root, "ansible_collections")
    if folder not in package.__path__:
        package.__path__ = [folder, *package.__path__]
    return importlib.import_module("ansible_collections.waldur.provider.plugins.plugin_utils._events.source")


class PrintingQueue:
    """Prints each event as one line of JSON."""

    async def put(self, event: dict[str, Any]) -> None:
        """Print one event."""
        print(json.dumps(event), flush=True)


def run_as_program() -> None:
    """Print events without ansible-rulebook, to try options."""
    parser = argparse.ArgumentParser(description="Print an event for each change of a service provider in Waldur.")
    parser.add_argument("options", help="the options of waldur.provider.changes, as a JSON object")
    parser.add_argument("--once", action="store_true", help="poll once, instead of until Ctrl-C")
    arguments = parser.parse_args()
    module = import_source()
    try:
        options = json.loads(arguments.options)
    except ValueError as error:
        sys.exit(
            f'error: options: is not valid JSON: {error}. Put an object in quotes, such as \'{{"cursor": "file"}}\'.'
        )
    if not isinstance(options, dict):
        sys.exit('error: options: must be a JSON object, such as \'{"cursor": "file"}\'.')
    try:
        source = module.open_source(PrintingQueue(), options)
        asyncio.run(source.run_once() if arguments.once else source.run())
    except module.WaldurError as error:
        sys.exit(f"error: {error.message}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run_as_program()
