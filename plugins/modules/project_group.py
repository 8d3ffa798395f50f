#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: project_group
short_description: Manage the POSIX groups of the projects of a Waldur service provider
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Creates the POSIX groups that a service provider has for projects, and changes their GIDs. A project has at most one
    group at a service provider, for all its offerings. Groups that the task does not list are not changed.
  - "Waldur never deletes a group and never changes its name, and a GID that a group had before is not assigned to
    another group automatically. So plan names and GIDs carefully: no module can undo this, and
    O(groups[].state=absent) is rejected."
  - All changes are sent with one request, and Waldur applies all of them or none. A second run changes nothing.
  - Everything that Waldur would always reject is rejected before anything is changed, such as a GID that is in use.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
options:
  groups:
    description:
      - The groups. No two entries can have the same project, GID or name.
    type: list
    elements: dict
    required: true
    suboptions:
      project:
        description:
          - The project, by name, UUID or URL. A name is looked up among the projects that have a group at the service
            provider, and then among those that have a resource or an order there. With a staff token, the UUID of any
            project can be given.
        type: raw
        required: true
      gid:
        description:
          - The GID of the group, from 1000 to 4294967294. The service provider needs a POSIX ID pool. The GID must be
            in its range for project groups, or in its range of GIDs if it has no such range, and it must not be in a
            range of the pool of an offering. It must not be in use.
          - The GID of another group can be given if the task gives that group another one. Groups cannot exchange their
            GIDs in one run.
        type: int
        required: true
      name:
        description:
          - The name of the group. It starts with a lower-case letter or C(_), and has at most 32 lower-case letters,
            digits, C(_) and C(-).
          - If omitted, Waldur derives the name of a new group from the slug of the project.
          - If the group exists and has another name, the task fails, because Waldur never changes it.
        type: raw
      state:
        description:
          - Always V(present). V(absent) is an error that says that Waldur never deletes a group.
        type: str
        choices: [present, absent]
        default: present
  allow_outside_range:
    description:
      - Whether the GIDs may be outside the range for project groups, for example because the groups are in use on
        machines already.
    type: bool
    default: false
  state:
    description:
      - Always V(present). V(absent) is an error that says that Waldur never deletes a group.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Requires a staff token or the role C(CUSTOMER.OWNER) on the provider's customer. A manager of the service provider
    can only read groups.
  - Create the groups before you set C(account_options.project_groups_enabled). Afterwards, Waldur creates groups by
    itself, with names and GIDs of its own.
  - After a change of a GID, the files on your machines still have the old one.
  - Project groups require Waldur 2026 or newer. With an older version, the task fails, and the message says so.
seealso:
  - module: waldur.provider.project_group_info
    description: List the groups with their members.
  - module: waldur.provider.posix_id_pool
    description: The ranges that GIDs come from.
  - module: waldur.provider.desired_state
    description: The groups together with the other settings of the provider, in one document.
"""

EXAMPLES = r"""
- name: Create groups that exist on the cluster already
  waldur.provider.project_group:
    service_provider: ALPHA
    groups:
      - project: Project c1
        gid: 30001
        name: climate
      - project: Project c2
        gid: 30002
  register: result

- name: Show the names and GIDs
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.gid }}"
  loop: "{{ result.project_groups }}"
  loop_control:
    label: "{{ item.project_name }}"

- name: Change a GID to one outside the range
  waldur.provider.project_group:
    service_provider: ALPHA
    groups:
      - project: Project c1
        gid: 5001
    allow_outside_range: true
"""

RETURN = r"""
project_groups:
  description:
    - The groups of the projects in O(groups), in that order, as Waldur returns them.
    - In check mode, as they would be. A group that would be created has no C(uuid) and C(url) yet, and no C(name)
      unless the task gives one.
    - Newer versions of Waldur return more keys than these.
  returned: success
  type: list
  elements: dict
  contains:
    # Generated by make generate: the fields of project_groups
    url:
      description: The URL of the group.
      returned: always
      type: str
      sample:
        https://waldur.example.org/api/marketplace-service-provider-project-groups/c0000000000040008000000000000061/
    uuid:
      description: The UUID of the group.
      returned: always
      type: str
      sample: c0000000000040008000000000000061
    name:
      description: The name of the group. It never changes.
      returned: always
      type: str
      sample: climate
    gid:
      description: The GID of the group. V(none) while it has none.
      returned: always
      type: int
      sample: 20001
    in_use:
      description: Whether the project uses an offering of the service provider.
      returned: always
      type: bool
      sample: true
    service_provider_uuid:
      description: The UUID of the service provider.
      returned: always
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    service_provider_name:
      description: The name of the service provider.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    project_uuid:
      description: The UUID of the project. V(none) if the project was permanently deleted. Then the next five keys are
        V(none), too.
      returned: always
      type: str
      sample: 166880ed37384add85492b3e26ccc70e
    project_name:
      description: The name of the project.
      returned: always
      type: str
      sample: Project c1
    project_slug:
      description: The slug of the project.
      returned: always
      type: str
      sample: project-c1
    customer_uuid:
      description: The UUID of the customer that the project belongs to.
      returned: always
      type: str
      sample: 47d72aa7327a4e45944a42b02349eb16
    customer_name:
      description: The name of this customer.
      returned: always
      type: str
      sample: Consumer Institute
    customer_slug:
      description: The slug of this customer.
      returned: always
      type: str
      sample: consumer-institute
    offerings:
      description: The offerings of the service provider that the project uses.
      returned: always
      type: list
      elements: dict
      contains:
        uuid:
          description: The UUID of the offering.
          returned: always
          type: str
          sample: 9b578d38ebd848f894aad61d962a512b
        name:
          description: The name of the offering.
          returned: always
          type: str
          sample: Alpha VM
    members:
      description: The users with a role in the project, by their username at the service provider.
      returned: always
      type: list
      elements: str
      sample: [m1_alpha, m2_alpha]
    created:
      description: When the group was created.
      returned: always
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    modified:
      description: When the group was last changed. It stays the same if only the members or offerings changed.
      returned: always
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    # End of the generated fields
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "groups[0].gid: 20003 is already the GID of the group 'legacy' of Project c3 at Alpha Cloud Ltd: give another
      GID."
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
not_applied:
  description: The changes that were not applied, in the same form. If all changes were applied but the verification
    failed for some, these.
  returned: when applying the plan failed
  type: list
  elements: dict
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("project_group")


if __name__ == "__main__":
    main()
