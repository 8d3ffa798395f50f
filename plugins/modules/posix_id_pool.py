#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: posix_id_pool
short_description: Manage the POSIX ID pool of a Waldur service provider
version_added: 1.1.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Creates, changes or deletes the pool of a service provider, from which Waldur gives UIDs and GIDs to the accounts of
    users and to project groups. Pools of single offerings are not changed.
  - Options that the task leaves out are not changed. Only values that differ are sent, so a second run changes nothing.
  - The ranges are checked before anything is changed, together with those that the task leaves out. A range needs both
    ends, the range for project groups must not overlap that of GIDs, and no range may overlap a range of the pool of an
    offering of the provider. UIDs and GIDs may be the same numbers. A range cannot be reduced to one that leaves out
    numbers in use, and the message names some of them.
  - If more numbers of a range are in use than the threshold of this Waldur allows, the task warns. When a range is
    exhausted, Waldur rejects new accounts.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.service_provider
options:
  min_uid:
    description:
      - The first UID, from 1000 to 4294967294. A range that is extended downwards does not get more free numbers,
        because Waldur only counts up from the last UID that it gave out.
      - If omitted, it is not changed.
    type: int
  max_uid:
    description:
      - The last UID, from 1000 to 4294967294.
      - If omitted, it is not changed.
    type: int
  min_gid:
    description:
      - The first GID, as O(min_uid). Project groups get their GIDs from this range too, unless they have their own.
      - If omitted, it is not changed.
    type: int
  max_gid:
    description:
      - The last GID, as O(max_uid).
      - If omitted, it is not changed.
    type: int
  min_group_gid:
    description:
      - The first GID for project groups, as O(min_uid).
      - If omitted, it is not changed.
    type: int
  max_group_gid:
    description:
      - The last GID for project groups, as O(max_uid).
      - If omitted, it is not changed.
    type: int
  description:
    description:
      - The description, as plain text of up to 2000 characters. An empty string clears it.
      - Leading and trailing white space is removed, because Waldur stores it without.
      - If omitted, it is not changed.
    type: raw
  state:
    description:
      - V(present) creates the pool if it does not exist, and changes it if it differs. A new pool needs a range of UIDs
        or of GIDs.
      - V(absent) deletes it, and can't be combined with ranges and O(description). A pool whose numbers are in use
        can't be deleted, and the message names some of them. The GIDs of project groups stay in use, because Waldur
        never deletes such a group.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Creating a pool requires the permission C(POSIX_ID_POOL.MANAGE) on the provider's customer, which owners have. To
    change or delete it, the permission on the service provider is enough. But to see the pool, a token needs a role in
    the customer, or it must be a staff or support token. So managers of the service provider cannot manage it, and the
    message says so.
  - A range that the pool has cannot be removed with this module, only changed.
  - If Waldur rejects a change because the pool was changed meanwhile, it is read again, and the message gives its
    ranges.
  - Creating or changing a pool gives GIDs to project groups that have none.
  - POSIX ID pools require Waldur 2026 or newer. With an older version, the task fails, and the message says so.
seealso:
  - module: waldur.provider.posix_id_pool_info
    description: The pools of the provider and of its offerings, with their utilization.
  - module: waldur.provider.posix_identity_info
    description: Who has which numbers.
  - module: waldur.provider.desired_state
    description: The pool together with the other settings of the provider, in one document.
"""

EXAMPLES = r"""
- name: Create a pool with ranges for users and for project groups
  waldur.provider.posix_id_pool:
    service_provider: ALPHA
    min_uid: 20000
    max_uid: 29999
    min_gid: 20000
    max_gid: 29999
    min_group_gid: 30000
    max_group_gid: 30999
    description: Cluster and storage

- name: Extend the range of UIDs, without other changes
  waldur.provider.posix_id_pool:
    service_provider: ALPHA
    max_uid: 39999

- name: Show the pool, and warn if it is nearly exhausted
  waldur.provider.posix_id_pool:
    service_provider: ALPHA
  register: alpha

- name: Show how many UIDs are in use
  ansible.builtin.debug:
    msg: "{{ alpha.posix_id_pool.uid_used }} ({{ alpha.posix_id_pool.uid_utilization }} %)"

- name: Delete a pool whose numbers are not in use
  waldur.provider.posix_id_pool:
    service_provider: BETA
    state: absent
"""

RETURN = r"""
posix_id_pool:
  description:
    - The pool as Waldur returns it. Newer versions of Waldur return more keys than these.
    - In check mode, as it would be. A pool that would be created has no C(uuid) and C(url) yet.
    - V(none) with O(state=absent).
  returned: success
  type: dict
  contains:
    # Generated by make generate: the fields of posix_id_pools
    url:
      description: The URL of the pool in the API.
      returned: always
      type: str
      sample: https://waldur.example.org/api/marketplace-posix-id-pools/8f14e45fceea467a9b9f3d7a5b1c2d3e/
    uuid:
      description: The UUID of the pool.
      returned: always
      type: str
      sample: 8f14e45fceea467a9b9f3d7a5b1c2d3e
    created:
      description: When the pool was created.
      returned: always
      type: str
      sample: "2026-11-22T21:44:00+00:00"
    description:
      description: The description of the pool.
      returned: always
      type: str
      sample: Cluster and storage
    service_provider:
      description: The UUID of the service provider, or V(none) if the pool belongs to an offering.
      returned: always
      type: str
      sample: e182aaedb6ae4541956a3c14629abc02
    offering:
      description: The UUID of the offering, or V(none) if the pool belongs to the service provider.
      returned: always
      type: str
      sample: null
    min_uid:
      description: The first UID of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 20000
    max_uid:
      description: The last UID of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 29999
    next_uid:
      description: The next UID that was never assigned, or V(none) if the pool has no such range. If all have been
        assigned, C(max_uid) + 1.
      returned: always
      type: int
      sample: 20012
    min_gid:
      description: The first GID of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 20000
    max_gid:
      description: The last GID of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 29999
    next_gid:
      description: The next GID that was never assigned, or V(none) if the pool has no such range. If all have been
        assigned, C(max_gid) + 1.
      returned: always
      type: int
      sample: 20012
    min_group_gid:
      description: The first GID for project groups of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 30000
    max_group_gid:
      description: The last GID for project groups of the pool, or V(none) if the pool has no such range.
      returned: always
      type: int
      sample: 39999
    next_group_gid:
      description: The next GID for project groups that was never assigned, or V(none) if the pool has no such range. If
        all have been assigned, C(max_group_gid) + 1.
      returned: always
      type: int
      sample: 30012
    customer_uuid:
      description: The UUID of the provider's customer.
      returned: always
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    customer_name:
      description: The name of the provider's customer.
      returned: always
      type: str
      sample: Alpha Cloud Ltd
    scope:
      description: What the pool belongs to, the provider or an offering.
      returned: always
      type: str
      sample: service_provider
    uid_used:
      description: How many UIDs are in use.
      returned: always
      type: int
      sample: 12
    gid_used:
      description: How many GIDs are in use.
      returned: always
      type: int
      sample: 12
    group_gid_used:
      description: How many GIDs for project groups are in use.
      returned: always
      type: int
      sample: 12
    uid_utilization:
      description: How many UIDs are in use, in percent, or V(none) if the pool has no such range.
      returned: always
      type: float
      sample: 0.12
    gid_utilization:
      description: How many GIDs are in use, in percent, or V(none) if the pool has no such range.
      returned: always
      type: float
      sample: 0.12
    group_gid_utilization:
      description: How many GIDs for project groups are in use, in percent, or V(none) if the pool has no such range.
      returned: always
      type: float
      sample: 0.12
    # End of the generated fields
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "max_uid: the new range would leave out UIDs that are in use (20004, 20005, 20006 and more): include them."
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
  description: The changes that were not applied, in the same form, the failed one first. If all changes were applied
    but the verification of some failed, the list contains those.
  returned: when applying the plan failed
  type: list
  elements: dict
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("posix_id_pool")


if __name__ == "__main__":
    main()
