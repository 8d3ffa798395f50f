#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state_file
short_description: Write Waldur service providers into files, as documents
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads what is in Waldur (profile, roles, usernames, image) and writes it as documents that
    M(waldur.provider.desired_state) takes with O(waldur.provider.desired_state#module:providers_path). Applying what
    was written changes nothing.
  - Nothing of Waldur is changed. Files are written where what they hold differs, each whole or not at all, after
    everything was read. As long as nothing changes in Waldur, they stay the same, byte by byte.
  - What no document can say stands as comments at the top, and in RV(notes), as M(waldur.provider.desired_state_info)
    tells it. Secrets are never written.
  - A document is written anew as a whole. What was added to it by hand, such as comments, C(exclusive_users) or
    C(api_secret_code), is gone then, so keep the folder in git and look at the difference.
  - Files of service providers that can't be read are left as they are. A single file that would lose their entries is
    not written.
  - In check mode no file is written.
requirements:
  - PyYAML
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.exports
attributes:
  check_mode:
    description: Can run in check mode, where it reads and writes no file.
    support: full
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - The whole text of each document that differs, before and after. Of images size and SHA-256.
  in_process:
    description: Runs inside Ansible's own worker process, without packing a module and starting Python for each task.
    support: partial
    details:
      - Needs a local connection (such as C(localhost), C(connection=local) or C(delegate_to=localhost)) and the library
        C(requests) beside Ansible. C(become) doesn't matter then. Files belong to the user who runs Ansible.
      - Else, and with C(async), the same code runs as a module where the connection leads.
  platform:
    description: Where it can run. It talks to Waldur over HTTP, and writes files where it runs.
    support: full
    platforms: posix
options:
  dest:
    description:
      - Where to write. A path that ends in C(.yml) or C(.yaml) is one file with all service providers. Any other is a
        folder with one file for each, named by the slug of its customer, or on a Waldur that doesn't tell it (2024) by
        its name. Letters are made small, all but letters of ASCII and digits becomes C(-), and 100 characters are kept.
        Where names are the same then, or Windows reserves one (C(con), C(nul) and so on), each gets the customer's
        UUID. A file is called the same whichever other providers are exported.
      - A relative path is one beside the playbook, or where the task is not local, below the folder in which modules
        start there. Folders are made where they are missing.
      - Other files in the folder are left alone. A service provider that stands in a file of another name, as after a
        change of its slug, is in two files then. M(waldur.provider.desired_state) refuses the folder and names both
        until one of them is removed.
      - Files that are there keep their mode. New ones get what the umask leaves.
      - A folder may be a symbolic link, and so may the folders above it. A link in it is never followed, so that
        nothing is written elsewhere. Where a file to write, or the folder C(files), is a symbolic link, the task fails
        before it writes anything. A named pipe, a device or a folder of the name of a file to write is an error too.
      - Control characters in the path, such as a line end, are an error.
    type: path
    required: true
  images:
    description:
      - Whether to download the images too, into a folder C(files) beside the documents, which name them then. Where
        there is a new image of another kind, the file of the old one stays.
      - It goes with V(profile) in O(parts). Without that no image is read.
    type: bool
    default: true
notes:
  - It takes the rights that M(waldur.provider.desired_state_info) does.
  - The files are written where the task runs, which is the controller unless the host is another machine.
seealso:
  - module: waldur.provider.desired_state
  - module: waldur.provider.desired_state_info
"""

EXAMPLES = r"""
- name: Take over a service provider into a folder that is kept in git
  waldur.provider.desired_state_file:
    service_provider: ALPHA
    dest: providers

- name: See what was changed by hand since
  waldur.provider.desired_state:
    providers_path: providers
  check_mode: true
  diff: true

- name: Write all service providers into one file, with a staff token
  waldur.provider.desired_state_file:
    dest: exported/providers.yml
    images: false
"""

RETURN = r"""
files:
  description: The files, by path.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      type: str
      sample: /srv/waldur/providers/alpha.yml
    service_provider:
      description: The name of the customer that is the service provider. V(none) for a file with several of them.
      type: str
      sample: Alpha Cloud Ltd
    changed:
      description: Whether what it holds differs, and so whether it was written, or would be in check mode.
      type: bool
      sample: true
notes:
  description: What the document can't say and leaves out, sorted by service provider, key and name.
  returned: success
  type: list
  elements: dict
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    key:
      description: The key of the document from which it is missing, V(service_providers) for a whole entry.
      type: str
      sample: offering_usernames
    name:
      description: Whom or what it is about, such as a user. V(none) where it is about all of it.
      type: str
      sample: member2
    text:
      description: What was left out and why, a whole sentence.
      type: str
      sample: "Alpha Cloud Ltd: member2 doesn't have one and the same username in all offerings that they reach
        (Alpha Storage: none, Alpha VM: m2_alpha)."
count:
  description: How many service providers there are in the documents.
  returned: success
  type: int
  sample: 1
written:
  description: The files that were written before one could not be.
  returned: when a file could not be written
  type: list
  elements: str
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("desired_state_file")


if __name__ == "__main__":
    main()
