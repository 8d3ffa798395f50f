# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use the objects of Waldur service providers as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory
short_description: Use the objects of Waldur service providers as hosts
version_added: 1.0.0
description:
  - Creates hosts from the service providers of a Waldur, or from their offerings, projects, customers, users, course
    accounts or project service accounts.
  - The file's name must end in C(.waldur.yml) or C(.waldur.yaml).
  - Every field of an object is a variable of its host, see O(hostvars_prefix). Civil and phone numbers of users are not
    included.
  - An object of several service providers is one host. Its fields are those from the first provider,
    V(waldur_service_providers) lists all providers, it is in the groups of all of them, and the lists of O(include)
    contain the rows from all of them.
author: Waldur provider collection maintainers (@waldur)
extends_documentation_fragment:
  - waldur.provider.plugin_connection
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [waldur.provider.inventory]
  hosts:
    description:
      - What the hosts are.
      - V(course_accounts) and V(project_service_accounts) require Waldur 2025 or newer.
    type: str
    required: true
    choices:
      - service_providers
      - offerings
      - projects
      - customers
      - users
      - course_accounts
      - project_service_accounts
  service_providers:
    description:
      - The service providers whose objects are read, each by its UUID or URL, or by the name, abbreviation, slug, UUID
        or URL of its customer. Quote values that YAML would read as another type, such as C("007").
      - If omitted, all that the token may read.
    type: list
    elements: raw
  filters:
    description:
      - Filters for the objects. The names and values are those of the options of the module that reads the same list,
        such as M(waldur.provider.user_info) for O(hosts=users), or the API's own.
      - They are sent to Waldur, and the plugin checks every returned row.
      - An unknown name is an error.
    type: dict
    default: {}
  include:
    description:
      - Additional lists to read for users, which become variables of each user. V(keys) are the SSH keys, and
        V(project_permissions) the role grants in projects.
      - It requires O(hosts=users).
    type: list
    elements: str
    choices: [keys, project_permissions]
    default: []
  hostname:
    description:
      - The names of the hosts. The first entry with a value that is not empty is used. Each entry is a field, an
        expression as in O(compose), or a template.
      - A field that hosts of this type have in no version of Waldur is an error. A field that is missing or null in
        some hosts is no error. An expression such as C(field | default('')) can use any name.
      - If omitted, or if no entry has a value, the slug is used. Without a slug, it is the name (for users and accounts
        the username) followed by the first eight digits of the UUID.
      - Letters without accents, digits, and C(_ - . @) are kept, all other characters become C(-), and names are
        limited to 80 characters, so that each name is a valid pattern in C(--limit) and elsewhere.
      - If several objects would have the same name, a part of the UUID is added to all of them, with a warning.
    type: list
    elements: str
    default: []
  hostvars_prefix:
    description:
      - The prefix of the names of variables. By default, the field C(state) is the variable V(waldur_state). It can
        contain letters, digits and C(_), and must not be C(ansible_).
      - Expressions can use both names, V(waldur_state) and V(state).
      - If a variable of that name has another meaning for Ansible or the modules of this collection (such as C(name)
        without a prefix, or C(waldur_proxy)), its name starts with C(waldur_) or C(waldur_field_) instead.
    type: str
    default: waldur_
  default_groups:
    description:
      - Whether to create groups automatically.
      - These are C(waldur_<hosts>), such as C(waldur_users); C(waldur_provider_<slug>) for each service provider;
        C(waldur_customer_<slug>) for objects that belong to a customer other than that of their provider; and
        C(waldur_state_<state>) and C(waldur_type_<type>) if the object has the field. If Waldur does not return a slug,
        the name is used. Characters that are invalid in group names become C(_).
    type: bool
    default: true
  machines:
    description:
      - Whether the hosts are machines to log in to.
      - Otherwise they get C(ansible_connection=local) and the Python of Ansible as C(ansible_python_interpreter), so
        that tasks about them run on the controller.
    type: bool
    default: false
  on_unreachable_provider:
    description:
      - What to do if a service provider can't be read, because the token lacks the permission, or there is no usable
        response.
      - With V(fail), the whole inventory fails, so that an incomplete inventory is not used by mistake.
      - With V(warn), the objects of that provider are skipped, with a warning.
    type: str
    choices: [fail, warn]
    default: fail
notes:
  - "In addition to its own fields, each host has C(service_provider_uuid), C(service_provider_name) and
    C(service_provider_slug) of the (first) service provider, C(service_providers) with the UUID of each, and, unless
    hosts are customers or users, C(customer_uuid), C(customer_name), C(customer_slug) and C(customer_abbreviation).
    They are null if Waldur does not return them, and their names get the prefix too."
  - "Options can contain templates, such as C({{ site }}), with lookups and extra variables in them. Those of
    O(compose), O(groups), O(keyed_groups) and O(hostname) are evaluated for each host."
  - Simple expressions are fast. These are a name or a dotted path, with or without the filter C(default) and a quoted
    string, and conditions that consist of one, optionally with C(not) before it or compared with a string by C(==) or
    C(!=). All other expressions take about half a millisecond for each host. The results are the same.
  - The cache contains neither the token nor any secret. Its content depends on the URL, the token, and all options that
    select the data; you can change the other options without reading the data again. Data is not cached if a service
    provider was skipped. If the cache consists of files, only their owner can read them, and a missing folder is
    created for its owner only.
  - Ansible continues without an inventory that fails, unless C(any_unparsed_is_failed) is set in the section
    C(inventory) of its configuration.
  - Values from Waldur are literal text and are never evaluated as templates.
seealso:
  - module: waldur.provider.user_info
  - module: waldur.provider.project_info
"""

EXAMPLES = r"""
---
# users.waldur.yml: URL and token come from the environment (WALDUR_API_URL, WALDUR_ACCESS_TOKEN)
plugin: waldur.provider.inventory
hosts: users
service_providers: [ALPHA]
filters:
  is_active: true
include: [keys, project_permissions]
hostname: [username]

---
# projects.waldur.yml: groups by properties of projects
plugin: waldur.provider.inventory
hosts: projects
compose:
  title: name
  customer: waldur_customer_name | default('nobody')
groups:
  ended: waldur_is_removed
  without_end: waldur_end_date is none
keyed_groups:
  - key: customer_abbreviation
    prefix: of
    default_value: unknown

---
# providers.waldur.yml: a connection profile sets the URL and the token
plugin: waldur.provider.inventory
profile: "{{ lookup('env', 'SITE') | default('production', true) }}"
hosts: service_providers
on_unreachable_provider: warn
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/waldur
"""

import hashlib
import importlib
import json
import sys
from typing import Any

import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.utils.unsafe_proxy import wrap_var
from ansible.vars.reserved import get_reserved_names

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError, quote
from ansible_collections.waldur.provider.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES as CONNECTION
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import connection_of, plain_option
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions, option_checks, reader
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.composition import OLD, PlainNames, trusted
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.expressions import UNKNOWN
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import (
    KINDS,
    Found,
    Kind,
    Thing,
    Variables,
    fields,
    groups,
    host_name,
    safe_name,
    things,
    unique_names,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.private_cache import PrivateCache

# These hold expressions that are evaluated for each host; everything else is evaluated once.
_FOR_EACH_HOST = frozenset({"plugin", "compose", "groups", "keyed_groups", "hostname"})
_MODULES = "ansible_collections.waldur.provider.plugins.modules"
_SHOWN = 5


class InventoryModule(PlainNames, PrivateCache):
    """The inventory plugin ``waldur.provider.inventory``."""

    NAME = "waldur.provider.inventory"

    def verify_file(self, path: str) -> bool:
        """Whether the file is one of ours, by its name."""
        return bool(super().verify_file(path)) and path.endswith((".waldur.yml", ".waldur.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Puts the hosts that the file asks for into ``inventory``."""
        super().parse(inventory, loader, path, cache)
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleParserError("The Python library requests is missing where Ansible runs: install it there.")
        try:
            self._read_config_data(path)
            self._populate(self._founds(path, cache))
        except WaldurError as error:
            raise AnsibleParserError(error.message) from None

    # --- options -----------------------------------------------------------------------------------------------------

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Ansible's own, with what the file says evaluated before: no core does that for an inventory."""
        given = {name: self._evaluated(name, value) for name, value in (direct or {}).items()}
        option_checks.check_options(given, self.option_definitions)
        self._given = given
        option_checks.check_hostname(self._as_list("hostname"))
        # connection_of looks for itself, leaves empty texts out, and prints no token of a wrong type.
        others = {name: value for name, value in given.items() if name not in CONNECTION}
        super().set_options(task_keys=task_keys, var_options=var_options, direct={**others, "auth_scheme": "Token"})

    def _evaluated(self, name: str, value: Any) -> Any:
        if name in _FOR_EACH_HOST:
            return value
        try:
            self.templar.available_variables = self._vars or {}
            return plain_option(quote(name), self.templar.template(value))
        except AnsibleError as error:
            raise InvalidInput(f"{quote(name)}: can't be evaluated: {error.message}") from None

    def _as_list(self, name: str) -> list[Any]:
        """As the file says it: Ansible would cut a single text at its commas, which names and templates may hold."""
        value = self._given.get(name)
        if isinstance(value, list):
            return value
        return [] if value is None else [value]

    # --- reading -----------------------------------------------------------------------------------------------------

    def _founds(self, path: str, use_cache: bool) -> list[Found]:
        """What the providers answer, or what they answered when the cache was filled."""
        connection = connection_of(self._given, self._vars or {}, self.templar.template, place="the inventory file")
        wanted = reader.Wanted(
            hosts=self.get_option("hosts"),
            service_providers=self._as_list("service_providers"),
            filters=self.get_option("filters") or {},
            include=self.get_option("include") or [],
            stop=self.get_option("on_unreachable_provider") == "fail",
        )
        caching = self.get_option("cache")
        key = f"{self.get_cache_key(path)}_{_digest(connection, wanted)}"
        kept = reader.restored(self._cache.get(key)) if caching and use_cache else None
        if kept is not None:
            return kept
        founds, warnings = reader.fetch(connection, wanted)
        for warning in dict.fromkeys(warnings):
            self.display.warning(warning)
        # What lacks a provider must not look complete for the next hour.
        if caching and not warnings:
            self._cache[key] = reader.stored(founds)
        return founds

    # --- hosts -------------------------------------------------------------------------------------------------------

    def _populate(self, founds: list[Found]) -> None:
        kind = KINDS[self.get_option("hosts")]
        variables = Variables(self.get_option("hostvars_prefix"), get_reserved_names())
        found_things = things(founds)
        told = [_safe(fields(kind, thing)) for thing in found_things]
        named = [variables.named(row) for row in told]
        if found_things:
            self._check_fields(variables, [*told, *named])
        wanted = [(self._wanted_name(kind, *one), one[0].uuid) for one in zip(found_things, told, named, strict=True)]
        names, shared = unique_names(wanted)
        self._groups: dict[str, str] = {}
        # Trusted, as newer cores show texts that nobody trusts in a wrapping of their own.
        self._local = {"ansible_connection": trusted("local"), "ansible_python_interpreter": trusted(sys.executable)}
        if shared:
            more = f" and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
            self.display.warning(
                f"Several {self.get_option('hosts')} would be hosts of the same name, so a part of their UUID was"
                f" added: {', '.join(shared[:_SHOWN])}{more}."
            )
        for name, thing, row, own in zip(names, found_things, told, named, strict=True):
            self._add(name, own)
            if self.get_option("default_groups"):
                for group in groups(self.get_option("hosts"), thing):
                    self._join(group, name)
            self._construct(name, {**row, **own})

    def _check_fields(self, variables: Variables, rows: list[dict[str, Any]]) -> None:
        """Raise ``InvalidInput`` where hostname names a field that such hosts have on no Waldur."""
        hosts = self.get_option("hosts")

        def candidates() -> list[str]:
            return sorted({*_documented(hosts), *(name for row in rows for name in row)})

        def known(name: str) -> bool:
            if any(name in row for row in rows) or (self._uses_extra_vars() and name in (self._vars or {})):
                return True
            return any(name in (field, variables.name(field)) for field in _documented(hosts))

        option_checks.check_fields(hosts, self._as_list("hostname"), known, candidates)

    def _wanted_name(self, kind: Kind, thing: Thing, row: Any, own: Any) -> str:
        for preference in self._as_list("hostname"):
            variables = {**row, **own}
            try:
                if "{{" in preference:
                    self.templar.available_variables = variables
                    found = self.templar.template(preference)
                else:
                    found = self._compose(preference, variables)
            except AnsibleError as error:
                if self.get_option("strict") and not _is_name(preference):
                    raise InvalidInput(f"hostname: '{quote(preference)}' can't be evaluated: {error.message}") from None
                continue
            if name := safe_name(found):
                return name
        return host_name(kind, thing)

    def _add(self, name: str, own: dict[str, Any]) -> None:
        """One host with its variables."""
        known = name in self.inventory.hosts
        self.inventory.add_host(name)
        if not self.get_option("machines"):
            own = {**own, **self._local}
        if known:
            for variable, value in own.items():
                self.inventory.set_variable(name, variable, value)
        else:
            # Names and values are checked, and nobody else knows the host yet: a third of the time to build it.
            self.inventory.get_host(name).vars.update(own)

    def _join(self, group: str, host: str) -> None:
        if group not in self._groups:
            self._groups[group] = self.inventory.add_group(self._sanitize_group_name(group))
        self.inventory.add_child(self._groups[group], host)

    def _construct(self, name: str, variables: dict[str, Any]) -> None:
        """What expressions make of one host: variables of its own, and groups."""
        strict, compose = self.get_option("strict"), self.get_option("compose")
        groups, keyed = self.get_option("groups"), self.get_option("keyed_groups")
        if not (compose or groups or keyed):
            return
        host = self.inventory.get_host(name)
        known = {**host.vars, **variables, **host.get_magic_vars()}
        composed = {}
        for variable, expression in (compose or {}).items():
            self._last = UNKNOWN
            self._set_composite_vars({variable: expression}, known, name, strict)
            if self._last is not UNKNOWN:
                composed[variable] = self._last
        known.update(composed)
        self._add_host_to_composed_groups(groups, known, name, strict, fetch_hostvars=False)
        known["group_names"] = host.get_magic_vars()["group_names"]
        self._add_host_to_keyed_groups(keyed, known, name, strict, fetch_hostvars=False)


def _safe(row: dict[str, Any]) -> dict[str, Any]:
    """What the server says is no template, whatever stands in it. Newer cores trust nothing that is not marked."""
    found: dict[str, Any] = wrap_var(row) if OLD else row
    return found


def _documented(hosts: str) -> list[str]:
    """Return the fields of a kind of hosts, by the documentation of the module that reads them."""
    module = importlib.import_module(f"{_MODULES}.{hosts[:-1]}_info")
    return list(yaml.safe_load(module.RETURN)[hosts]["contains"])


def _is_name(expression: Any) -> bool:
    return expressions.expression(str(expression)) is not None


def _digest(connection: Connection, wanted: reader.Wanted) -> str:
    """What tells one selection of rows from another. The token counts, as others may see other rows."""
    told = json.dumps([connection.api_url, connection.access_token, vars(wanted)], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
