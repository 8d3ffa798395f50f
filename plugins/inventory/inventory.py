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
    accounts, project service accounts or the accounts that users have at them.
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
      - V(course_accounts) and V(project_service_accounts) require Waldur 2025 or newer, V(provider_accounts) Waldur
        2026 or newer. V(provider_accounts) was added in waldur.provider 1.1.0.
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
      - provider_accounts
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

# projects.waldur.yml: groups by properties of projects
# plugin: waldur.provider.inventory
# hosts: projects
# compose:
#   title: name
#   customer: waldur_customer_name | default('nobody')
# groups:
#   ended: waldur_is_removed
#   without_end: waldur_end_date is none
# keyed_groups:
#   - key: customer_abbreviation
#     prefix: of
#     default_value: unknown

# providers.waldur.yml: a connection profile sets the URL and the token
# plugin: waldur.provider.inventory
# profile: "{{ lookup('env', 'SITE') | default('production', true) }}"
# hosts: service_providers
# on_unreachable_provider: warn
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: .cache/waldur
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
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import (
    read_connection,
    require_plain_option,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions, option_checks, reader
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.composition import FastConstructable
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.expressions import UNKNOWN
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import (
    KINDS,
    HostObject,
    Kind,
    ProviderRows,
    VariableNames,
    collect_fields,
    list_default_groups,
    make_host_name,
    make_unique_names,
    merge_objects,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.private_cache import PrivateCache
from ansible_collections.waldur.provider.plugins.plugin_utils._safe_names import make_safe_name
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD, trust

# These hold expressions that are evaluated for each host; everything else is evaluated once.
_EVALUATED_PER_HOST = frozenset({"plugin", "compose", "groups", "keyed_groups", "hostname"})
_MODULES = "ansible_collections.waldur.provider.plugins.modules"
_MOST_SHOWN = 5


class InventoryModule(FastConstructable, PrivateCache):
    """The inventory plugin ``waldur.provider.inventory``."""

    NAME = "waldur.provider.inventory"

    def verify_file(self, path: str) -> bool:
        """Return whether the name of a file is one of this plugin's."""
        return bool(super().verify_file(path)) and path.endswith((".waldur.yml", ".waldur.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts that a file selects to ``inventory``. Raises ``AnsibleParserError``."""
        super().parse(inventory, loader, path, cache)
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleParserError("The Python library requests is missing where Ansible runs: install it there.")
        try:
            self._read_config_data(path)
            self._populate(self._read_results(path, cache))
        except WaldurError as error:
            raise AnsibleParserError(error.message) from None

    # --- options -----------------------------------------------------------------------------------------------------

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Set the options, after the templates in the file were evaluated: no core does that for an inventory."""
        values = {name: self._evaluate_option(name, value) for name, value in (direct or {}).items()}
        option_checks.check_options(values, self.option_definitions)
        self._option_values = values
        option_checks.check_hostname(self._get_list("hostname"))
        # read_connection reads these itself, leaves empty texts out, and prints no token of a wrong type.
        others = {name: value for name, value in values.items() if name not in CONNECTION}
        super().set_options(task_keys=task_keys, var_options=var_options, direct={**others, "auth_scheme": "Token"})

    def _evaluate_option(self, name: str, value: Any) -> Any:
        """Return the value of an option with its templates evaluated. Raises ``InvalidInput``."""
        if name in _EVALUATED_PER_HOST:
            return value
        try:
            self.templar.available_variables = self._vars or {}
            return require_plain_option(quote(name), self.templar.template(value))
        except AnsibleError as error:
            raise InvalidInput(
                f"{quote(name)}: can't be evaluated: {error.message}: correct the template, or define what it uses."
            ) from None

    def _get_list(self, name: str) -> list[Any]:
        """Return an option that is a list as the file has it.

        Ansible would split a single text at its commas, which names and templates may hold.
        """
        value = self._option_values.get(name)
        if isinstance(value, list):
            return value
        return [] if value is None else [value]

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read_results(self, path: str, use_cache: bool) -> list[ProviderRows]:
        """Return what the cache holds of the service providers, or read it."""
        connection = read_connection(
            self._option_values, self._vars or {}, self.templar.template, place="the inventory file"
        )
        selection = reader.Selection(
            hosts=self.get_option("hosts"),
            service_providers=self._get_list("service_providers"),
            filters=self.get_option("filters") or {},
            include=self.get_option("include") or [],
            fail_on_unreachable=self.get_option("on_unreachable_provider") == "fail",
        )
        is_cached = self.get_option("cache")
        key = f"{self.get_cache_key(path)}_{_make_digest(connection, selection)}"
        cached = reader.load_results(self._cache.get(key)) if is_cached and use_cache else None
        if cached is not None:
            return cached
        results, warnings = reader.read_inventory(connection, selection)
        for warning in dict.fromkeys(warnings):
            self.display.warning(warning)
        # What lacks a provider must not look complete until the cache expires.
        if is_cached and not warnings:
            self._cache[key] = reader.dump_results(results)
        return results

    # --- hosts -------------------------------------------------------------------------------------------------------

    def _populate(self, results: list[ProviderRows]) -> None:
        """Add the hosts of the results, with their variables and groups."""
        kind = KINDS[self.get_option("hosts")]
        variables = VariableNames(self.get_option("hostvars_prefix"), get_reserved_names())
        objects = merge_objects(results)
        rows = [_mark_unsafe(collect_fields(kind, host)) for host in objects]
        if objects:
            self._check_fields(variables, set().union(*rows))
        names = self._name_hosts(kind, objects, rows, variables)
        self._groups: dict[str, str] = {}
        # Trusted, as newer cores wrap untrusted texts when they show them.
        self._local = {"ansible_connection": trust("local"), "ansible_python_interpreter": trust(sys.executable)}
        for index, (name, host) in enumerate(zip(names, objects, strict=True)):
            # Each row is freed when its host has the values, so that many hosts don't take the memory twice.
            row, rows[index] = rows[index], {}
            host_vars = variables.rename_fields(row)
            self._add_host(name, host_vars)
            if self.get_option("default_groups"):
                for group in list_default_groups(self.get_option("hosts"), host):
                    self._add_to_group(group, name)
            self._construct(name, row, host_vars)

    def _check_fields(self, variables: VariableNames, fields: set[str]) -> None:
        """Raise ``InvalidInput`` if hostname names a field that such hosts have in no version of Waldur.

        ``fields`` are those of the rows.
        """
        hosts = self.get_option("hosts")
        names = {*fields, *map(variables.make_name, fields)}

        def list_names() -> list[str]:
            return sorted({*_read_documented_fields(hosts), *names})

        def is_known(name: str) -> bool:
            if name in names or (self._uses_extra_vars() and name in (self._vars or {})):
                return True
            return any(name in (field, variables.make_name(field)) for field in _read_documented_fields(hosts))

        option_checks.check_fields(hosts, self._get_list("hostname"), is_known, list_names)

    def _name_hosts(
        self, kind: Kind, objects: list[HostObject], rows: list[dict[str, Any]], variables: VariableNames
    ) -> list[str]:
        """Return a unique name for each host, with a warning where several would have had the same."""
        has_entries = bool(self._get_list("hostname"))
        named = [
            (
                self._choose_name(kind, host, {**row, **variables.rename_fields(row)})
                if has_entries
                else make_host_name(kind, host),
                host.uuid,
            )
            for host, row in zip(objects, rows, strict=True)
        ]
        names, shared = make_unique_names(named)
        if shared:
            more = f" and {len(shared) - _MOST_SHOWN} more" if len(shared) > _MOST_SHOWN else ""
            self.display.warning(
                f"Several {self.get_option('hosts')} would be hosts of the same name, so a part of their UUID was"
                f" added: {', '.join(shared[:_MOST_SHOWN])}{more}."
            )
        return names

    def _choose_name(self, kind: Kind, host: HostObject, variables: dict[str, Any]) -> str:
        """Return the first name that an entry of hostname gives, else the default name."""
        for entry in self._get_list("hostname"):
            try:
                if "{{" in entry:
                    self.templar.available_variables = variables
                    value = self.templar.template(entry)
                else:
                    value = self._compose(entry, variables)
            except AnsibleError as error:
                if self.get_option("strict") and not _is_path(entry):
                    raise InvalidInput(
                        f"hostname: '{quote(entry)}' can't be evaluated: {error.message}: correct it, or set strict to"
                        " false."
                    ) from None
                continue
            if name := make_safe_name(value):
                return name
        return make_host_name(kind, host)

    def _add_host(self, name: str, host_vars: dict[str, Any]) -> None:
        """Add one host with its variables."""
        is_known = name in self.inventory.hosts
        self.inventory.add_host(name)
        if not self.get_option("machines"):
            host_vars = {**host_vars, **self._local}
        if is_known:
            for variable, value in host_vars.items():
                self.inventory.set_variable(name, variable, value)
        else:
            # Names and values are checked, and nothing else uses the host yet: a third of the time of set_variable.
            self.inventory.get_host(name).vars.update(host_vars)

    def _add_to_group(self, group: str, host: str) -> None:
        if group not in self._groups:
            self._groups[group] = self.inventory.add_group(self._sanitize_group_name(group))
        self.inventory.add_child(self._groups[group], host)

    def _construct(self, name: str, row: dict[str, Any], host_vars: dict[str, Any]) -> None:
        """Add the variables and groups of one host that expressions define."""
        strict, compose = self.get_option("strict"), self.get_option("compose")
        groups, keyed = self.get_option("groups"), self.get_option("keyed_groups")
        if not (compose or groups or keyed):
            return
        host = self.inventory.get_host(name)
        known = {**host.vars, **row, **host_vars, **host.get_magic_vars()}
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


def _mark_unsafe(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that is never evaluated as a template. Newer cores evaluate nothing that is not marked."""
    marked: dict[str, Any] = wrap_var(row) if IS_OLD else row
    return marked


def _read_documented_fields(hosts: str) -> list[str]:
    """Return the fields of a kind of hosts, by the documentation of the module that reads them."""
    module = importlib.import_module(f"{_MODULES}.{hosts[:-1]}_info")
    return list(yaml.safe_load(module.RETURN)[hosts]["contains"])


def _is_path(expression: Any) -> bool:
    return expressions.parse_expression(str(expression)) is not None


def _make_digest(connection: Connection, selection: reader.Selection) -> str:
    """Return a key for the cache: another one for other rows, and for another token, which may see other rows.

    For a token from a file or a command, the key depends on the path or the command: such a token may be another one in
    each run, and with rows from the cache it is not read at all.
    """
    source = connection.token_source
    token = source.identity if source else connection.access_token
    text = json.dumps([connection.api_url, token, vars(selection)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
