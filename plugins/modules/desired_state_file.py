#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state_file
short_description: Export Waldur service providers into documents in files
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Reads the current state from Waldur (profile, role grants, usernames, image) and writes it as documents for
    O(waldur.provider.desired_state#module:providers_path) of M(waldur.provider.desired_state). Applying an exported
    document changes nothing.
  - Nothing is changed in Waldur. Only files whose content differs are written, each completely or not at all, after
    everything was read. Until Waldur changes, they stay identical, byte by byte.
  - Information that a document can't contain is in comments at the top, and in RV(notes), as described in
    M(waldur.provider.desired_state_info). Secrets are never written.
  - An export rewrites the whole document. Manual additions, such as comments, C(exclusive_users) or C(api_secret_code),
    are lost, so keep the folder in git and check the difference.
  - Files of service providers that can't be read are not changed. A single file that would lose their entries is not
    written.
  - In check mode, no file is written.
requirements:
  - PyYAML
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.exports
attributes:
  check_mode:
    description: Can run in check mode, in which it reads and writes no file.
    support: full
  diff_mode:
    description: Returns what changes, or would change, when Ansible runs with C(--diff).
    support: full
    details:
      - Shows the complete text of each document that differs, before and after, and the size and SHA-256 of images.
  in_process:
    description: Runs inside the worker process of Ansible, without packing a module and starting Python for each task.
    support: partial
    details:
      - Requires a local connection (such as C(localhost), C(connection=local) or C(delegate_to=localhost)) and the
        library C(requests) in the Python environment of Ansible. C(become) then has no effect, and files belong to the
        user who runs Ansible.
      - Otherwise, and with C(async), the same code runs as a module on the target host.
  platform:
    description: Platforms that it can run on. It sends HTTP requests to Waldur, and writes files on the host that it
      runs on.
    support: full
    platforms: posix
options:
  dest:
    description:
      - The path to write to. A path with the extension C(.yml) or C(.yaml) is one file with all service providers. Any
        other path is a folder with one file for each, named after the slug of its customer, or its name if Waldur does
        not return the slug (2024). Letters are converted to lower case, characters other than ASCII letters and digits
        become C(-), and 100 characters are kept. If names are then equal, or reserved in Windows (C(con), C(nul) and so
        on), the UUID of the customer is added to each. The name of a file does not depend on the other exported
        providers.
      - A relative path starts at the folder of the playbook or, if the task is not local, at the working directory of
        modules on that host. Missing folders are created.
      - Other files in the folder are not changed. A service provider that already is in a file with another name, for
        example after a change of its slug, is then in two files. M(waldur.provider.desired_state) rejects the folder
        and names both files until you remove one of them.
      - Existing files keep their mode. The umask determines the mode of new files.
      - The folder, and the folders above it, can be symbolic links. Links inside it are never followed, so that nothing
        is written elsewhere. If a file to write, or the folder C(files), is a symbolic link, the task fails before it
        writes anything. A named pipe, a device or a folder with the name of a file to write is an error too.
      - Control characters in the path, such as a line break, are an error.
    type: path
    required: true
  images:
    description:
      - Whether to download the images too, into a folder C(files) next to the documents, which then refer to them. If a
        new image has another type, the file of the old one is kept.
      - It requires V(profile) in O(parts). Without it, no image is read.
    type: bool
    default: true
notes:
  - Requires the same permissions as M(waldur.provider.desired_state_info).
  - The files are written on the host of the task, which is the controller for local tasks.
seealso:
  - module: waldur.provider.desired_state
  - module: waldur.provider.desired_state_info
"""

EXAMPLES = r"""
- name: Export a service provider into a folder in git
  waldur.provider.desired_state_file:
    service_provider: ALPHA
    dest: providers

- name: Show what was changed since the export
  waldur.provider.desired_state:
    providers_path: providers
  check_mode: true
  diff: true

- name: Export all service providers into one file, with a staff token
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
      description: Whether the content differs, so that the file was written, or would be written in check mode.
      type: bool
      sample: true
notes:
  description: Information that the document can't contain, sorted by service provider, key and name.
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
      description: The object of the note, such as a user. V(none) if the note is about the whole key.
      type: str
      sample: member2
    text:
      description: What was left out and why, as a complete sentence.
      type: str
      sample: "Alpha Cloud Ltd: member2 has different usernames in the offerings that they can access
        (Alpha Storage: none, Alpha VM: m2_alpha)."
count:
  description: The number of service providers in the documents.
  returned: success
  type: int
  sample: 1
written:
  description: The files that were written before the failure.
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
