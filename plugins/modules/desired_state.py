#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state
short_description: Keep whole Waldur service providers as one document says
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Compares a document that describes service providers (profile, roles, usernames, API secret code) with Waldur,
    makes a plan of what differs, and carries out exactly that plan. In check mode the plan is returned and nothing is
    changed.
  - What the document leaves out is left alone. A second run changes nothing.
  - The document is checked as a whole before anything is asked of Waldur, and the plan as a whole before anything is
    changed.
  - "The changes are carried out in this order, in which what is needed comes first and what takes away comes last:
    providers are created and updated, roles are granted and their expiries changed, usernames are set, secret codes
    are rotated, roles are revoked, providers are deleted."
  - Where carrying out stops half-way, RV(applied) and RV(not_applied) say what was done and what was not. Another run
    goes on from there.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.missing_users
  - waldur.provider.limits
options:
  service_providers:
    description:
      - The document, a list with one mapping for each service provider. It is checked strictly. A key that is not
        known or misspelt, or a value of the wrong kind, is an error that says where, and names the nearest known key.
        A key without a value (C(null)) counts as left out. The same provider twice is an error.
      - "C(customer) (required): the customer that is, or is to be, the service provider, by name, abbreviation, slug,
        UUID or URL. None or several are an error, with the candidates in the message."
      - "C(state): V(present), the default, creates the provider where it is missing. V(absent) deletes it, and no
        other key but C(customer) can stand beside it. With offerings that are not archived it can't be deleted."
      - "C(description): text of up to 2000 characters. An empty text clears it."
      - "C(enable_notifications): whether Waldur notifies the provider's people, V(true) or V(false)."
      - "C(image): the path of an image file on the controller (PNG, JPEG, GIF, WebP, BMP or TIFF, of up to 10 MB). A
        relative path is looked for in C(files) of the role or play and beside the playbook. An empty text removes the
        image."
      - "C(allowed_domains): a list of domain names. Takes a staff token and Waldur of 2026 or newer."
      - "C(account_options): a mapping that is merged key by key with the one that is there. An empty value removes a
        key. Takes Waldur of 2026 or newer."
      - "C(users): a list of roles, see below. Roles that are not listed are left alone, unless C(exclusive_users) is
        V(true)."
      - "C(users[].user) (required): the user, by username, else by e-mail address (in any case), or by UUID or URL."
      - "C(users[].role): the role, by name or UUID. The default is V(CUSTOMER.MANAGER)."
      - "C(users[].expiration_time): when the role ends, as a date-time (in UTC where no offset is given), a date (its
        midnight in UTC, at which the day begins), or V(never). Left out, the expiry of a grant stays as it is, and a
        new grant has none. A moment that has passed means that the role has ended. Where there is no grant, or one
        with that expiry, nothing changes but a warning is given, so that a document doesn't break on the day after.
        Where there is one that would last longer, it is an error that asks for V(absent)."
      - "C(users[].state): V(present), the default, or V(absent) to revoke the role. With V(absent) there is no
        C(expiration_time). The same user and role twice is an error."
      - "C(exclusive_users): V(true) revokes every grant on the provider, of any role, that no entry of C(users)
        keeps, within O(max_removals). The token's own grant is kept, with a warning, unless an entry revokes it. A
        list in which no entry keeps a grant is refused. While some user is unknown, nothing is revoked for not being
        listed, and a warning says so. The default is V(false)."
      - "C(offering_usernames): a list of usernames in the provider's offerings."
      - "C(offering_usernames[].user) (required): the user, as in C(users)."
      - "C(offering_usernames[].username) (required): the name of the user's accounts in all offerings of the provider
        that they reach through a project, of 1 to 100 characters. One name for two users is an error, in any case of
        letters, and so is a name that an account of another user at the provider has, unless an entry renames it."
      - "C(api_secret_code): a mapping of C(state) and C(fingerprint). With C(state) V(present), the default, a code
        is made where there is none. With V(rotated) and a C(fingerprint) the code is rotated while the present one
        has this fingerprint, that is once. With V(rotated) alone it is rotated at every run. The code is never
        returned. Use M(waldur.provider.api_secret_code) to read it."
      - YAML has traps. Without quotes, V(007), V(0123) and V(12:30:45) are numbers, and V(no) is a boolean.
        References, names and fingerprints that arrive as such are refused with the hint to quote them. Dates are
        taken with and without quotes, and with quotes they stay the same in every tool. So quote names, fingerprints
        and dates.
      - Exactly one of O(service_providers) and O(providers_path) is required.
    type: list
    elements: raw
  providers_path:
    description:
      - A file that holds the document, or a folder of such files, on the controller. A relative path is looked for in
        C(files) of the role or play, beside the playbook, and in the folder in which Ansible was started.
      - Of a folder all files that end in C(.yml) or C(.yaml) are read, those of its subfolders too, in the order of
        their paths. Hidden files and folders (whose names begin with a dot) are left out. Symbolic links to files are
        followed, those to folders are left out.
      - Only regular files of up to 50 MB are read. A named pipe, a device or a socket is an error.
      - A file is a mapping of C(service_providers), the document's list, and C(defaults), keys that its entries have in
        common. A file of a folder that has C(defaults) and no C(service_providers) gives them to the entries of all
        files, and there can be one such file. Keys that begin with C(x-) are left alone, for YAML anchors.
      - An entry's own keys win over the defaults of its file, and those over the defaults for all. Of C(users) and
        C(offering_usernames) the entries of both are taken, unless an own entry names the same user (and role).
        C(exclusive_users) is a default for those entries alone that have C(users). A key without a value (C(null))
        takes a default away. Entries with C(state) V(absent) take no defaults.
      - Images are relative to their file. Text is never taken for a template, so an exported document means itself.
      - Messages name the file and the place in it. The same provider in two files is an error that names both, and so
        is a key that stands twice in one mapping.
    type: path
  only:
    description:
      - Service providers, each by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer. Only their entries of the document are taken, and the others are returned in
        RV(left_out). That the customers of all entries exist is checked either way.
      - Those that the document has no entry for are returned in RV(without_entry). With an empty list the document is
        checked and nothing else is done.
    type: list
    elements: raw
  approved_plan:
    description:
      - A plan that was approved before, as the path of the C(plan.json) that the playbook C(waldur.provider.plan)
        writes, as the content of that file, as what this module returned in check mode, or as its list RV(plan). The
        path is one on the controller, looked for as O(providers_path) is, and must be that of a regular file of up to
        50 MB.
      - The plan that is made now must be a part of it. Otherwise nothing is changed, and the error names the changes
        that are not, with their fields, and whether the desired state or Waldur was changed after the approval. They
        are also in RV(new_changes). The bare list RV(plan) lacks RV(digests), so there the error may leave that open.
      - Changes that were approved and have happened since are no error, so what stopped half-way can be finished.
      - Changes are the same when kind, action and UUIDs are, and what differs goes from the same to the same value.
    type: raw
notes:
  - A provider that doesn't exist yet is planned whole, in check mode too, with its profile and its roles. Its
    usernames can only be planned once it exists, so they are set by the next run, and a warning says so. The next run
    looks at its API secret code too.
  - Role changes take a staff token on most versions of Waldur, and so does creating a provider. Usernames take
    C(SERVICE_PROVIDER.SET_OFFERINGS_USERNAME) and C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS), the secret code takes
    C(SERVICE_PROVIDER.GET_API_SECRET_CODE) and C(SERVICE_PROVIDER.GENERATE_API_SECRET_CODE), all of them on the
    provider's customer. A role on the service provider is not enough.
  - There is no secret in the document, in the plan, or in what is returned.
  - One task for all providers is the fastest way. Lists are read whole, in pages of 300 rows.
seealso:
  - module: waldur.provider.service_provider
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
"""

EXAMPLES = r"""
- name: Describe a service provider and its managers
  waldur.provider.desired_state:
    service_providers:
      - customer: ALPHA
        description: Compute and storage for research
        users:
          - user: manager_alpha
          - user: member2@example.org
            expiration_time: "2027-06-30"

- name: Plan and change nothing
  waldur.provider.desired_state:
    service_providers:
      - customer: ALPHA
        users:
          - user: manager_alpha
        exclusive_users: true
  check_mode: true
  diff: true
  register: planned

- name: Show the plan, one line for each change
  ansible.builtin.debug:
    msg: "{{ item.action }} {{ item.name }} on {{ item.service_provider }}"
  loop: "{{ planned.plan }}"
  loop_control:
    label: "{{ item.kind }}"

- name: Describe everything, for two service providers
  waldur.provider.desired_state:
    service_providers:
      - customer: Alpha Cloud Ltd
        description: Virtual machines and storage
        enable_notifications: true
        image: logo.png
        users:
          - {user: manager_alpha, role: CUSTOMER.MANAGER, expiration_time: never}
          - {user: member1, expiration_time: "2027-06-30T18:00:00+03:00"}
          - {user: outsider, state: absent}
        exclusive_users: true
        offering_usernames:
          - {user: member1, username: member1_cloud}
          - {user: member3, username: "004711"}
        api_secret_code:
          state: rotated
          fingerprint: "sha256:1571e2342f780ab4"
      - customer: Delta University
        description: Registered by this run
        users:
          - {user: delta_owner}

- name: Keep going when people have not logged in yet, and let nobody lose access unnamed
  waldur.provider.desired_state:
    service_providers:
      - customer: BETA
        users:
          - user: owner_beta
          - user: newcomer@example.org
        exclusive_users: true
    missing_users: warn
    max_removals: 0

- name: Apply a document that lies in a file beside the playbook
  waldur.provider.desired_state:
    providers_path: providers.yml

- name: Plan, and show it to whoever has to approve it
  waldur.provider.desired_state:
    providers_path: providers.yml
  check_mode: true
  register: approved

- name: Apply what was approved, and nothing else
  waldur.provider.desired_state:
    providers_path: providers.yml
    approved_plan: "{{ approved }}"

- name: Check a document, and do nothing
  waldur.provider.desired_state:
    providers_path: providers.yml
    only: []
"""

RETURN = r"""
plan:
  description:
    - The changes in the order in which they are carried out. Within a step of that order they are sorted by provider,
      kind and name. In check mode the changes that would be made. An empty list where all is as it should be.
  returned: success
  type: list
  elements: dict
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    kind:
      description: What is changed, one of V(service_provider), V(user_role), V(offering_username) and
        V(api_secret_code).
      type: str
      sample: user_role
    name:
      description: The name of the thing, for people.
      type: str
      sample: member1 as CUSTOMER.MANAGER
    action:
      description: What is done, one of V(create), V(update), V(delete), V(grant), V(extend), V(shorten),
        V(make_permanent), V(revoke), V(set_username) and V(rotate).
      type: str
      sample: extend
    before:
      description:
        - What differs, as it is. V(none) where there is nothing yet.
        - Moments are in UTC, an image is its SHA-256 and size in bytes, usernames are offering and name.
      type: dict
      sample: {expiration_time: "2027-06-30T00:00:00Z"}
    after:
      description:
        - What differs, as it will be, in the same form. V(none) where nothing is left.
        - The fingerprint of a code that will be rotated is V(none), as nobody knows it yet.
      type: dict
      sample: {expiration_time: "2027-12-31T00:00:00Z"}
    id:
      description: The UUIDs of what is changed, as names are not unique.
      type: dict
      contains:
        customer:
          description: The UUID of the customer that is the service provider.
          type: str
          sample: d2c8772ce559428283e388badd97f2d6
        user:
          description: The UUID of the user, V(none) for changes that concern no user.
          type: str
          sample: 51d1acdbef2e4274bda95a1ce5391e54
        role:
          description: The UUID of the role, V(none) for changes that concern no role.
          type: str
          sample: d51bab95e9a74d39be894869c14ec67e
summary:
  description: The plan in numbers.
  returned: success
  type: dict
  contains:
    total:
      description: How many changes there are.
      type: int
      sample: 4
    actions:
      description: How many changes of which action. Actions that don't occur are left out.
      type: dict
      sample: {update: 1, grant: 1, set_username: 2}
    missing_users:
      description: The users whose entries were left out, as the document names them (O(missing_users=warn)).
      type: list
      elements: str
      sample: [newcomer@example.org]
    fingerprints:
      description: The fingerprint of the API secret code, for each service provider whose entry has
        C(api_secret_code). V(none) in check mode where it would be rotated, and for a provider that this run creates.
        The keys are names of service providers, followed by the UUID of the customer in brackets where several of them
        have the same name.
      type: dict
      sample: {Alpha Cloud Ltd: "sha256:1571e2342f780ab4"}
left_out:
  description: The service providers whose entries O(only) left out, in the order of the document. Without O(only) it
    is empty.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the customer.
      type: str
      sample: Beta HPC Centre
    customer_uuid:
      description: The UUID of the customer.
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    uuid:
      description: The UUID of the service provider, V(none) where the customer is none yet.
      type: str
      sample: 1c1b2f1b0a2f4ae1b26a4fbc84ad4d6f
without_entry:
  description: The service providers in O(only) that the document has no entry for, each as in RV(left_out).
  returned: success
  type: list
  elements: dict
  sample: []
api_url:
  description: The URL of the Waldur that the plan is for, without C(/api/).
  returned: success
  type: str
  sample: https://waldur.example.org
digests:
  description: A digest of the desired state of each service provider that the plan is about, by the UUID of its
    customer. O(approved_plan) tells by it whether the desired state was changed after the approval.
  returned: success
  type: dict
  sample: {d2c8772ce559428283e388badd97f2d6: "sha256:1571e2342f780ab4"}
new_changes:
  description: The changes that are in no approved plan, each as in RV(plan). Nothing was changed then.
  returned: when the plan is no part of O(approved_plan)
  type: list
  elements: dict
removals:
  description: The grants that would be revoked though no entry names them, each as in RV(plan). Nothing was changed
    then.
  returned: when there are more of them than O(max_removals) allows
  type: list
  elements: dict
  sample:
    - service_provider: Alpha Cloud Ltd
      kind: user_role
      name: member2 as CUSTOMER.MANAGER
      action: revoke
      before: {expiration_time: null}
      after: null
      id:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 4d6b00766d9a494d9a05b60e87009a12
        role: d51bab95e9a74d39be894869c14ec67e
errors:
  description: All that is wrong with the plan, a sentence each. Nothing was changed then.
  returned: when the plan was refused
  type: list
  elements: str
  sample:
    - "service_providers[0].users[1].user: no user 'bob' that this token can see: give the UUID, use a staff token, or
      set missing_users: warn."
applied:
  description: The changes that were carried out, the failed one too where it took effect, each as in RV(plan).
  returned: when carrying out the plan failed
  type: list
  elements: dict
  sample:
    - service_provider: Alpha Cloud Ltd
      kind: service_provider
      name: Alpha Cloud Ltd
      action: update
      before: {description: Provider of Alpha Cloud Ltd}
      after: {description: Compute and storage for research}
      id:
        customer: d2c8772ce559428283e388badd97f2d6
        user: null
        role: null
failed_change:
  description: The change that failed, in the same form. V(none) where all of them were carried out, and checking them
    failed.
  returned: when carrying out the plan failed
  type: dict
not_applied:
  description: The changes that were not carried out, in the same form, the one that failed first. Where all were, and
    looking again some don't hold, those.
  returned: when carrying out the plan failed
  type: list
  elements: dict
  sample:
    - service_provider: Alpha Cloud Ltd
      kind: user_role
      name: member1 as CUSTOMER.MANAGER
      action: grant
      before: null
      after: {expiration_time: "2027-06-30T00:00:00Z"}
      id:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 51d1acdbef2e4274bda95a1ce5391e54
        role: d51bab95e9a74d39be894869c14ec67e
"""

from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run_module


def main() -> None:
    """Entry point."""
    run_module("desired_state")


if __name__ == "__main__":
    main()
