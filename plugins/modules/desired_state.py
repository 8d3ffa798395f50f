#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: desired_state
short_description: Apply the desired state of Waldur service providers from a document
version_added: 1.0.0
author: Waldur provider collection maintainers (@waldur)
description:
  - Compares a document that describes the desired state of service providers (profile, role grants, usernames, POSIX ID
    pool, project groups, API secret code) with Waldur, plans the changes, and applies exactly that plan. In check mode,
    the plan is returned and nothing is changed.
  - Keys that the document leaves out are not managed. A second run changes nothing.
  - The whole document is validated before any request is sent to Waldur, and the whole plan before anything is changed.
  - "The changes are applied in this order, in which changes that others depend on are first and removals are last:
    providers are created and updated, POSIX ID pools are created and changed, project groups are created and their
    GIDs changed, account settings are changed, roles are granted and the expiry of role grants is changed, usernames
    are set, secret codes are rotated, role grants are revoked, pools and providers are deleted."
  - A service provider that fails ends the task, or the others proceed, as O(on_failure) says.
  - If applying the plan fails, RV(applied) and RV(not_applied) list the changes that were applied and those that were
    not. Another run applies the remaining changes.
extends_documentation_fragment:
  - waldur.provider.connection
  - waldur.provider.attributes
  - waldur.provider.attributes.writes
  - waldur.provider.references.missing_users
  - waldur.provider.limits
  - waldur.provider.limits.renames
options:
  service_providers:
    description:
      - The document, a list with one mapping for each service provider. It is validated strictly. An unknown or
        misspelt key, or a value of the wrong type, is an error that gives the position, and names the nearest known
        key. A key without a value (C(null)) counts as left out, and a key that is left out is not managed. The same
        provider twice is an error.
      - "C(customer) (required): the customer that is, or becomes, the service provider, by name, abbreviation, slug,
        UUID or URL. No match or several matches are an error, with the candidates in the message."
      - "C(state): V(present), the default, creates the provider if it does not exist. V(absent) deletes it, and can be
        combined with C(customer) only. A provider with offerings that are not archived can't be deleted."
      - "C(description): text of up to 2000 characters. An empty string clears it."
      - "C(enable_notifications): whether Waldur sends notifications to the users of the provider, V(true) or V(false)."
      - "C(image): the path of an image file on the controller (PNG, JPEG, GIF, WebP, BMP or TIFF, of up to 10 MB). A
        relative path is searched in C(files) of the role or play and next to the playbook. An empty string removes the
        image."
      - "C(allowed_domains): a list of domain names. Requires a staff token and Waldur 2026 or newer."
      - "C(account_options): the settings of the accounts in the offerings of the provider, a mapping that is merged key
        by key with the current settings. In it, an empty string or C(null) removes a key, so that the default of Waldur
        applies again. Requires Waldur 2026 or newer."
      - "C(account_options.account_scope): with V(offering), the default of Waldur, a user has an account in each
        offering. With V(provider), a user has one account at the provider, and all offerings share it."
      - "C(account_options.username_generation_policy): how Waldur generates usernames, as in
        M(waldur.provider.service_provider)."
      - "C(account_options.username_anonymized_prefix): the prefix of usernames under the policy V(anonymized)."
      - "C(account_options.homedir_prefix): the prefix of the home directories of new accounts. Waldur appends the
        username, so end it with a slash."
      - "C(account_options.login_shell): the login shell of new accounts."
      - "C(account_options.project_groups_enabled): whether Waldur makes a POSIX group for each project that uses the
        provider, V(true) or V(false)."
      - "C(username_resolutions): if C(account_options.account_scope) becomes V(provider), the username to keep for each
        user who has different usernames in the offerings. Entries for other users have no effect."
      - "C(username_resolutions[].user) (required): the user, as in C(users). The same user twice is an error."
      - "C(username_resolutions[].username) (required): one of the usernames that the user has in the offerings."
      - "C(users): a list of role grants. Role grants that are not listed are not changed, unless C(exclusive_users) is
        V(true)."
      - "C(users[].user) (required): the user, by username, e-mail address (case-insensitive), UUID or URL. A username
        has precedence over an e-mail address."
      - "C(users[].role): the role, by name or UUID. The default is V(CUSTOMER.MANAGER)."
      - "C(users[].expiration_time): when the role grant expires, as a date-time (in UTC if it has no offset), a date
        (midnight in UTC at the start of that day), or V(never). If omitted, the expiry of an existing role grant is not
        changed, and a new one never expires. An expiry in the past means that the role grant has expired. If there is
        no role grant, or one with that expiry, nothing changes and there is a warning, so that a document remains valid
        after that day. If the current role grant expires later, it is an error, and the message says to use V(absent)."
      - "C(users[].state): V(present), the default, or V(absent) to revoke the role grant. V(absent) can't be combined
        with C(expiration_time). The same user and role twice is an error."
      - "C(exclusive_users): V(true) revokes every role grant of the provider, with any role, that no entry of C(users)
        names, up to O(max_removals). The role grant of the user of the token is kept, with a warning, unless an entry
        revokes it. A list in which no entry keeps a role grant is rejected. If a user in the list does not exist,
        unlisted role grants are not revoked, and a warning says so. The default is V(false)."
      - "C(offering_usernames): a list of usernames in the offerings of the provider."
      - "C(offering_usernames[].user) (required): the user, as in C(users)."
      - "C(offering_usernames[].username) (required): the username of the user's accounts in all offerings of the
        provider that the user can access through a project, 1 to 100 characters. The same username for two users,
        ignoring case, is an error, and so is a username that an account of another user at the provider has, unless an
        entry renames it. See M(waldur.provider.offering_username) about service provider accounts (Waldur 2026)."
      - "C(api_secret_code): a mapping of C(state) and C(fingerprint). The code is never returned. Use
        M(waldur.provider.api_secret_code) to read it."
      - "C(api_secret_code.state): with V(present), the default, a code is created if there is none. With V(rotated)
        and a C(fingerprint), the code is rotated only while the current one has this fingerprint, that is once. With
        V(rotated) alone, every run rotates it."
      - "C(api_secret_code.fingerprint): the fingerprint of the code to replace, C(sha256:) and 16 hex digits."
      - "C(posix_id_pool): a mapping that describes the POSIX ID pool, from which Waldur gives UIDs and GIDs to users
        and project groups. Requires Waldur 2026 or newer. See M(waldur.provider.posix_id_pool) for the rules of its
        ranges. Keys that are left out are not changed. Without a value (null), C(posix_id_pool) is an error: to delete
        the pool, set C(state) to C(absent)."
      - "C(posix_id_pool.min_uid): the first UID, from 1000 to 4294967294."
      - "C(posix_id_pool.max_uid): the last UID."
      - "C(posix_id_pool.min_gid): the first GID, from 1000 to 4294967294."
      - "C(posix_id_pool.max_gid): the last GID."
      - "C(posix_id_pool.min_group_gid): the first GID for project groups, from 1000 to 4294967294."
      - "C(posix_id_pool.max_group_gid): the last GID for project groups."
      - "C(posix_id_pool.description): text of up to 2000 characters. An empty string clears it."
      - "C(posix_id_pool.state): V(present), the default, creates the pool if it does not exist. V(absent) deletes it,
        and can't be combined with the other keys. A pool whose numbers are in use can't be deleted."
      - "C(project_groups): a list of mappings, each with the POSIX group of a project at the provider. Groups that are
        not listed are not changed, because Waldur never deletes a group. Requires Waldur 2026 or newer. See
        M(waldur.provider.project_group) for the rules."
      - "C(project_groups[].project) (required): the project, by name, UUID or URL."
      - "C(project_groups[].gid) (required): the GID of the group, from 1000 to 4294967294."
      - "C(project_groups[].name): the name of a new group. Waldur never changes the name of a group."
      - "C(project_groups[].state): always V(present). V(absent) is an error that says that Waldur never deletes a
        group."
      - "C(allow_outside_range): with V(true), the GIDs in C(project_groups) may be outside the range for project
        groups. The default is V(false)."
      - Without quotes, YAML reads V(007), V(0123) and V(12:30:45) as numbers, and V(no) as a boolean. References, names
        and fingerprints of these types are rejected, and the message says to quote them. Dates are accepted with and
        without quotes, and with quotes they are the same in every tool. So quote names, fingerprints and dates.
      - Exactly one of O(service_providers) and O(providers_path) is required.
    type: list
    elements: raw
  providers_path:
    description:
      - A file that contains the document, or a folder of such files, on the controller. A relative path is searched in
        C(files) of the role or play, next to the playbook, and in the folder in which Ansible was started.
      - In a folder, all files with the extension C(.yml) or C(.yaml) are read, in subfolders too, in the order of their
        paths. Hidden files and folders (whose names start with a dot) are ignored. Symbolic links to files are
        followed, those to folders are ignored.
      - Only regular files of up to 50 MB are read. A named pipe, a device or a socket is an error.
      - A file is a mapping of C(service_providers), the list of entries, and C(defaults), default values for the keys
        of these entries. In a folder, one file can have C(defaults) and no C(service_providers), and its defaults apply
        to the entries of all files. Keys that start with C(x-) are ignored, for YAML anchors.
      - The keys of an entry have precedence over the defaults of its file, and these over the defaults for all files.
        The lists C(users) and C(offering_usernames) are merged, and an item of the entry replaces a default item for
        the same user (and role). C(exclusive_users) as a default applies only to entries that have C(users). A key
        without a value (C(null)) removes a default. Defaults do not apply to entries with C(state) V(absent).
      - Paths of images are relative to their file. Text is never evaluated as a template, so an exported document keeps
        its meaning.
      - Messages name the file and the position in it. The same provider in two files is an error that names both files,
        and so is a key that occurs twice in one mapping.
    type: path
  only:
    description:
      - Service providers, each by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer. Only their entries of the document are used, and the others are returned in
        RV(left_out). The customers of all entries must exist in both cases.
      - Service providers without an entry in the document are returned in RV(without_entry). With an empty list, the
        document is only validated.
    type: list
    elements: raw
  approved_plan:
    description:
      - The approved plan, as the path of the C(plan.json) that the playbook C(waldur.provider.plan) writes, as the
        content of that file, as the result of M(waldur.provider.desired_state) in check mode, or as its list RV(plan).
        The path is on the controller, is searched like O(providers_path), and must be a regular file of up to 50 MB.
      - The new plan must not contain a change that is not in the approved plan. Otherwise nothing is changed, and the
        error names these changes with their fields, and whether the desired state or Waldur was changed after the
        approval. They are also in RV(new_changes). The list RV(plan) alone lacks RV(digests), so the error may not say
        which of the two was changed.
      - Approved changes that have already been made are no error, so you can complete a partly applied plan.
      - Changes are equal if their kind, action and UUIDs are equal, and their values before and after.
    type: raw
  policy_path:
    description:
      - A file of rules that the plan must follow, on the controller. A relative path is searched like
        O(providers_path). If the plan breaks a rule, the task fails, in check mode too, nothing is changed, and
        RV(policy_violations) lists all violations. Without this option, no rules apply. An empty path is an error.
      - The playbooks take this option as the variable C(policy_path), the role P(waldur.provider.desired_state#role) as
        C(desired_state_policy_path), and the role P(waldur.provider.drift#role) as C(drift_policy_path). The playbook
        C(waldur.provider.validate) only checks the syntax of the file.
      - The rules are about the changes of the plan, so what is already in Waldur is no violation. With O(only), they
        are about the changes of the service providers in it.
      - The file is YAML, a mapping with one or more of the following keys. An unknown key, a key without a value and an
        empty file are errors. Keys that start with C(x-) are ignored, for YAML anchors. The largest file has 1 MB.
      - "C(max_role_duration): how long after the plan a role that it grants or extends may end, a number of days, or a
        text such as V(12h), V(30d) or V(4w). A role that never ends is longer, unless the file has
        C(permanent_role_users), which alone decides about those."
      - "C(permanent_role_users): the only users who may get a role that never ends. With an empty list, nobody may."
      - "C(forbidden_roles): roles, by name or UUID, that a plan must neither grant nor extend."
      - "C(forbidden_email_domains): domains, with their subdomains. Users with such an e-mail address must get neither
        roles nor usernames. Only the users are compared to whom the plan grants a role, whose role it extends or makes
        permanent, or whose usernames it sets. Their addresses are in what is read for the plan anyway, so this takes no
        additional request. It is a violation, too, if the token does not see the address."
      - "C(max_changes): how many changes a plan may have. With a host for each service provider, as in a fleet
        inventory, each host has a plan of its own."
      - "C(protected_users): users whose roles and usernames must not be changed in any way. It is a violation, too, if
        the token does not see who a user is. Waldur does not tell whose accounts are renamed by some changes of
        C(account_options), so those are only limited by O(max_renames)."
      - "C(protected_providers): service providers that must not be changed in any way, by the name or the UUID of the
        customer, or by their own UUID."
      - Users are given by username, e-mail address, UUID or URL. A change that only takes access away, such as an
        earlier expiry, is limited by C(max_changes), C(protected_users) and C(protected_providers) alone.
      - A file that ends in C(.rego) is a policy for Open Policy Agent. Its input is the content of C(plan.json). Each
        member of the set C(data.waldur.deny) is a violation, a text, or an object with a text as C(message), and as
        C(change) the index of a change in C(input.plan). It requires the Python library C(regopy) where the task runs.
        The policy is evaluated in a process of its own for at most 60 seconds and 2 GB, without environment variables.
        It must not print anything.
    type: path
    version_added: 1.1.0
  policy_mode:
    description:
      - What to do about violations of O(policy_path). V(enforce) fails. V(report) continues with a warning, and returns
        them as RV(policy_violations). It requires check mode, because it would apply what the policy rejects.
      - The role P(waldur.provider.drift#role) uses V(report), so that a policy hides no drift.
    type: str
    choices: [enforce, report]
    default: enforce
    version_added: 1.1.0
  expiring_within:
    description:
      - Return the current role grants that end within this time in RV(expiring), of the service providers whose entries
        have C(users). It takes a number of days, such as V(30), or a text such as V(12h), V(30d) or V(4w).
      - This takes no additional request.
    type: raw
    version_added: 1.1.0
  list_kept:
    description:
      - Whether to return the current role grants that an entry of C(users) keeps in RV(kept). All other role grants of
        a service provider are not in the document.
      - This takes no additional request.
    type: bool
    default: false
    version_added: 1.1.0
  on_failure:
    description:
      - What to do if a service provider fails, for example because its entry names a user who does not exist, or
        because Waldur rejects a change.
      - With V(stop), the task fails, and nothing is changed after the failure. An error in the plan of one service
        provider is an error of the whole plan, so that nothing is changed at all.
      - With V(continue), the service provider is reported in RV(failed_providers), and the others proceed, one after
        the other. The task fails at its end. Changes that are not in O(approved_plan) are a failure of their service
        provider.
      - An invalid document, a plan that exceeds O(max_removals) or O(max_renames), a rejected token, and a Waldur that
        does not respond always end the task.
    type: str
    choices: [stop, continue]
    default: stop
    version_added: 1.1.0
  list_left_out:
    description:
      - Whether to return RV(left_out). Set it to V(false) on the hosts of a large fleet, where each host would return
        nearly all service providers.
    type: bool
    default: true
    version_added: 1.1.0
notes:
  - With O(providers_path) and O(only), the hosts of a task share the documents of a run. The first host reads them, and
    each of the others only its own entries.
  - The plan of a provider that does not exist yet contains its profile and its role grants, in check mode too. Its
    usernames can only be planned after it exists, so the next run sets them, and a warning says so. The next run also
    manages its API secret code.
  - Changes of role grants require a staff token in most versions of Waldur, and so does creating a provider. Usernames
    require C(SERVICE_PROVIDER.SET_OFFERINGS_USERNAME) and C(SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS), the secret code
    requires C(SERVICE_PROVIDER.GET_API_SECRET_CODE) and C(SERVICE_PROVIDER.GENERATE_API_SECRET_CODE), the POSIX ID pool
    requires C(POSIX_ID_POOL.MANAGE), all of them on the provider's customer. Project groups require the role
    C(CUSTOMER.OWNER) there. A role on the service provider is not enough.
  - The document, the plan and the return values contain no secret.
  - One task for all providers is the fastest way. Lists are read completely, in pages of 300 rows.
seealso:
  - module: waldur.provider.service_provider
  - module: waldur.provider.user_role
  - module: waldur.provider.offering_username
  - module: waldur.provider.api_secret_code
  - module: waldur.provider.posix_id_pool
  - module: waldur.provider.project_group
"""

EXAMPLES = r"""
- name: Apply the description and the managers of a service provider
  waldur.provider.desired_state:
    service_providers:
      - customer: ALPHA
        description: Compute and storage for research
        users:
          - user: manager_alpha
          - user: member2@example.org
            expiration_time: "2027-06-30"

- name: Plan without making changes
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

- name: Apply all keys, for two service providers
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

- name: Skip users who have not logged in yet, and revoke only role grants that an entry names
  waldur.provider.desired_state:
    service_providers:
      - customer: BETA
        users:
          - user: owner_beta
          - user: newcomer@example.org
        exclusive_users: true
    missing_users: warn
    max_removals: 0

- name: Apply a document in a file next to the playbook
  waldur.provider.desired_state:
    providers_path: providers.yml

- name: Plan the changes for approval
  waldur.provider.desired_state:
    providers_path: providers.yml
  check_mode: true
  register: approved

- name: Apply only the approved plan
  waldur.provider.desired_state:
    providers_path: providers.yml
    approved_plan: "{{ approved }}"

- name: Plan the changes, and fail if they break a rule of the policy
  waldur.provider.desired_state:
    providers_path: providers.yml
    policy_path: policy.yml
  check_mode: true

- name: Validate a document without applying it
  waldur.provider.desired_state:
    providers_path: providers.yml
    only: []
"""

RETURN = r"""
plan:
  description:
    - The changes in the order in which they are applied. Within a step of that order, they are sorted by provider, kind
      and name. In check mode, the changes that would be made. An empty list if Waldur matches the document.
  returned: success, and in check mode if service providers failed with O(on_failure=continue)
  type: list
  elements: dict
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    # Generated by make generate: the kinds and actions of changes
    kind:
      description: What is changed, one of V(service_provider), V(user_role), V(offering_username), V(api_secret_code),
        V(posix_id_pool) and V(project_group).
      type: str
      sample: user_role
    action:
      description: The action, one of V(create), V(update), V(create_group), V(set_gid), V(update_account_settings),
        V(grant), V(extend), V(shorten), V(make_permanent), V(set_username), V(rotate), V(revoke) and V(delete).
      type: str
      sample: extend
    # End of the generated fields
    name:
      description: The display name of the object.
      type: str
      sample: member1 as CUSTOMER.MANAGER
    before:
      description:
        - The values that differ, before the change. V(none) if the object does not exist yet.
        - Timestamps are in UTC, an image is its SHA-256 and size in bytes, usernames are offering and name.
        - A change of account settings has the accounts that it renames in C(usernames) and C(home_directories), by the
          offering and the username, or the user if their accounts become one.
      type: dict
      sample: {expiration_time: "2027-06-30T00:00:00Z"}
    after:
      description:
        - The values that differ, after the change, in the same form. V(none) if the object is removed.
        - The fingerprint of a code that will be rotated is V(none), because it is not known yet. In a username,
          C(<uid>) stands for a number that is not known yet.
      type: dict
      sample: {expiration_time: "2027-12-31T00:00:00Z"}
    id:
      description: The UUIDs of the changed object, because names are not unique.
      type: dict
      contains:
        customer:
          description: The UUID of the customer that is the service provider.
          type: str
          sample: d2c8772ce559428283e388badd97f2d6
        user:
          description: The UUID of the user, V(none) for changes without a user.
          type: str
          sample: 51d1acdbef2e4274bda95a1ce5391e54
        role:
          description: The UUID of the role, V(none) for changes without a role.
          type: str
          sample: d51bab95e9a74d39be894869c14ec67e
summary:
  description: The numbers of changes in the plan.
  returned: success
  type: dict
  contains:
    total:
      description: The number of changes.
      type: int
      sample: 4
    actions:
      description: The number of changes for each action. Actions that do not occur are left out.
      type: dict
      sample: {update: 1, grant: 1, set_username: 2}
    renames:
      description: The number of accounts that changes of C(account_options) rename. First usernames do not count.
      type: int
      sample: 0
    missing_users:
      description: The users whose entries were skipped, as the document names them (O(missing_users=warn)).
      type: list
      elements: str
      sample: [newcomer@example.org]
    fingerprints:
      description: The fingerprint of the API secret code, for each service provider whose entry has C(api_secret_code).
        V(none) in check mode if it would be rotated, and for a provider that this run creates. The keys are names of
        service providers, followed by the UUID of the customer in brackets if several of them have the same name.
      type: dict
      sample: {Alpha Cloud Ltd: "sha256:1571e2342f780ab4"}
service_providers:
  description: The service providers in the plan, with and without changes, each as in RV(left_out), in the order of the
    document.
  returned: success
  type: list
  elements: dict
  version_added: 1.1.0
  sample:
    - name: Alpha Cloud Ltd
      customer_uuid: d2c8772ce559428283e388badd97f2d6
      uuid: 1c1b2f1b0a2f4ae1b26a4fbc84ad4d6f
expiring:
  description: The current role grants that end within O(expiring_within), the earliest first. In check mode, these are
    the grants before the plan is applied.
  returned: with O(expiring_within)
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    kind:
      description: What ends, V(user_role).
      type: str
      sample: user_role
    name:
      description: The display name of the object.
      type: str
      sample: member1 as CUSTOMER.MANAGER
    expiration_time:
      description: When it ends, in UTC.
      type: str
      sample: "2027-06-30T00:00:00Z"
    days_left:
      description: The number of whole days until then, by the clock of Waldur.
      type: int
      sample: 12
    id:
      description: The UUIDs of the object, as in RV(plan).
      type: dict
      sample:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 51d1acdbef2e4274bda95a1ce5391e54
        role: d51bab95e9a74d39be894869c14ec67e
kept:
  description: The current role grants that an entry of C(users) keeps, in the order of the document. An entry with
    C(state) V(absent), or with an expiry that has passed, keeps none. In check mode, these are the grants before the
    plan is applied.
  returned: with O(list_kept=true)
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    service_provider:
      description: The name of the customer that is the service provider.
      type: str
      sample: Alpha Cloud Ltd
    kind:
      description: What is kept, V(user_role).
      type: str
      sample: user_role
    name:
      description: The display name of the object.
      type: str
      sample: member1 as CUSTOMER.MANAGER
    id:
      description: The UUIDs of the object, as in RV(plan).
      type: dict
      sample:
        customer: d2c8772ce559428283e388badd97f2d6
        user: 51d1acdbef2e4274bda95a1ce5391e54
        role: d51bab95e9a74d39be894869c14ec67e
left_out:
  description: The service providers whose entries O(only) left out, in the order of the document. Empty without
    O(only).
  returned: success, unless O(list_left_out=false)
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
      description: The UUID of the service provider, V(none) if it does not exist yet.
      type: str
      sample: 1c1b2f1b0a2f4ae1b26a4fbc84ad4d6f
without_entry:
  description: The service providers in O(only) without an entry in the document, each as in RV(left_out).
  returned: success
  type: list
  elements: dict
  sample: []
api_url:
  description: The URL of Waldur that the plan is for, without C(/api/).
  returned: success
  type: str
  sample: https://waldur.example.org
digests:
  description: A digest of the desired state of each service provider in the plan, by the UUID of its customer.
    O(approved_plan) uses it to find out whether the desired state was changed after the approval.
  returned: success
  type: dict
  sample: {d2c8772ce559428283e388badd97f2d6: "sha256:1571e2342f780ab4"}
new_changes:
  description: The changes that are not in the approved plan, each as in RV(plan). Nothing was changed.
  returned: when the plan contains changes that are not in O(approved_plan)
  type: list
  elements: dict
policy_violations:
  description: What the policy rejects, first in the whole plan, then in the order of its changes. Nothing was changed.
    An empty list if the plan follows the policy.
  returned: with O(policy_path), unless something else failed before
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    rule:
      description: The key of the rule, or C(data.waldur.deny) for a policy in Rego.
      type: str
      sample: forbidden_roles
    message:
      description: The place, the change, why it is rejected, and the rule, as a sentence.
      type: str
      sample: "alpha.yml: line 7: service_providers[0].users[1]: grant bob as CUSTOMER.OWNER (Alpha Cloud Ltd): the
        role CUSTOMER.OWNER is forbidden [forbidden_roles]"
    file:
      description: The file of the document with the entry that asks for the change, or the policy file where no entry
        does. V(none) if the document is not a file.
      type: str
      sample: alpha.yml
    line:
      description: The line of the entry in the file, or of the rule in the policy file. An entry that comes from
        defaults has the line of the list that it is added to. V(none) if it is not known.
      type: int
      sample: 7
    place:
      description: The place in the document that asks for the change, with the file. V(none) if the rule is about the
        whole plan.
      type: str
      sample: "alpha.yml: service_providers[0].users[1]"
    change:
      description: The change, as in RV(plan), V(none) if the rule is about the whole plan.
      type: dict
      sample:
        service_provider: Alpha Cloud Ltd
        kind: user_role
        name: bob as CUSTOMER.OWNER
        action: grant
        before: null
        after: {expiration_time: null}
        id:
          customer: d2c8772ce559428283e388badd97f2d6
          user: 51d1acdbef2e4274bda95a1ce5391e54
          role: d51bab95e9a74d39be894869c14ec67e
removals:
  description: The role grants that would be revoked although no entry names them, each as in RV(plan). Nothing was
    changed.
  returned: if there are more of them than O(max_removals) allows
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
renames:
  description: The accounts that would be renamed. Nothing was changed.
  returned: if there are more of them than O(max_renames) allows
  type: list
  elements: dict
  sample:
    - {service_provider: Alpha Cloud Ltd, account: "Alpha VM: m1_alpha", username: hpc_9001}
errors:
  description: All errors in the plan, one sentence each. Nothing was changed.
  returned: when the plan was rejected
  type: list
  elements: str
  sample:
    - "service_providers[0].users[1].user: user 'bob' not found, or not readable with this token: give the UUID,
      use a staff token, or set missing_users: warn."
failed_providers:
  description: The service providers that failed, while the others proceeded. Empty if none failed.
  returned: with O(on_failure=continue)
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    service_provider:
      description: The name of the customer that is the service provider, or its reference in the document if there is
        no such customer.
      type: str
      sample: Alpha Cloud Ltd
    customer_uuid:
      description: The UUID of the customer, V(none) if there is no such customer.
      type: str
      sample: d2c8772ce559428283e388badd97f2d6
    uuid:
      description: The UUID of the service provider, V(none) if it does not exist.
      type: str
      sample: 1c1b2f1b0a2f4ae1b26a4fbc84ad4d6f
    message:
      description: Why it failed.
      type: str
      sample: "providers/alpha.yml: service_providers[0].users[1].user: user 'bob' not found, or not
        readable with this token: give the UUID, use a staff token, or set missing_users: warn."
    failed_change:
      description: The change that failed, as in RV(plan). V(none) if it failed before any change.
      type: dict
      sample: null
    applied:
      description: Its changes that were applied, each as in RV(plan).
      type: list
      elements: dict
      sample: []
    uncertain:
      description: Its change whose outcome is not known, as in RV(uncertain).
      type: list
      elements: dict
      sample: []
    not_applied:
      description: Its changes that were not applied, each as in RV(plan).
      type: list
      elements: dict
      sample: []
applied:
  description: The changes that were applied, including the failed one if it took effect, each as in RV(plan).
  returned: when applying the plan failed
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
  description: The change that failed, in the same form. V(none) if all changes were applied, but their verification
    failed.
  returned: when applying the plan failed
  type: dict
uncertain:
  description: The change that was sent but whose outcome is unknown, because the response was lost or only a part of
    the change was stored. In the same form as RV(applied). To see what is left to change, run the task in check mode.
  returned: when applying the plan failed
  type: list
  elements: dict
  version_added: 1.1.0
not_applied:
  description: The changes that were not applied, in the same form, the failed one first unless it is in RV(uncertain).
    If all changes were applied but the verification of some failed, the list contains those.
  returned: when applying the plan failed
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
