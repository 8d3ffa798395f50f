# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every HTTP operation that the collection knows, as data. No other file holds a path of the API.

The grammar of a parameter, space separated: ``name``, then ``:type`` (text when left out), ``*`` for a list sent as a
repeated parameter or ``,`` for a list joined by commas (contract 1.7), ``=a|b`` for its choices, ``!`` when required.
``page``, ``page_size`` are the client's own business and not listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_GRAMMAR = re.compile(r"^(?P<name>\w+)(?::(?P<type>\w+))?(?P<list>[*,])?(?:=(?P<choices>[^!]+))?(?P<required>!)?$")


@dataclass(frozen=True)
class Parameter:
    """One query parameter. ``type`` is text, uuid, bool, int, moment or date; ``style`` one, repeat or comma."""

    name: str
    type: str = "text"
    style: str = "one"
    choices: tuple[str, ...] = ()
    required: bool = False


def _parameters(text: str) -> tuple[Parameter, ...]:
    found = []
    for word in text.split():
        match = _GRAMMAR.match(word)
        if match is None:
            raise ValueError(f"not a parameter: {word}")
        style = {"*": "repeat", ",": "comma", None: "one"}[match["list"]]
        choices = tuple(match["choices"].split("|")) if match["choices"] else ()
        found.append(Parameter(match["name"], match["type"] or "text", style, choices, bool(match["required"])))
    return tuple(found)


@dataclass(frozen=True)
class Operation:
    """One operation: ``path`` below the base URL, with ``{uuid}`` where the object's own UUID goes.

    ``repeat_safe`` tells whether the request may be sent again after a lost answer (contract 1.13). ``secret`` marks
    the two answers that hold the API secret code: only ``Client.secret_code`` and ``Client.new_secret_code`` use them.
    """

    name: str
    method: str
    path: str
    query: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = ()
    is_list: bool = False
    paginated: bool = False
    repeat_safe: bool = True
    secret: bool = False
    title: str = field(default="", compare=False)

    @property
    def writes(self) -> bool:
        """Whether this operation can change something on the server."""
        return self.method not in ("GET", "HEAD", "OPTIONS")


_PROVIDERS = "/api/marketplace-service-providers/"
_PROVIDER = _PROVIDERS + "{uuid}/"
_ACCOUNTS = "/api/marketplace-offering-users/"

_CUSTOMER_FILTERS = """abbreviation agreement_number archived:bool backend_id contact_details field* name name_exact
    native_name organization_group_name organization_group_uuid* owned_by_current_user:bool query registration_code"""
_PROJECT_FILTERS = """backend_id can_admin:bool can_manage:bool conceal_finished_projects:bool created:moment customer,
    customer_abbreviation customer_name customer_native_name description field* is_removed:bool modified:moment name
    name_exact query slug
    o,=created|customer_abbreviation|customer_name|customer_native_name|end_date|estimated_cost|name|start_date"""
_GRANT_ORDER = "o,=created|email|expiration_time|full_name|native_name|role|username"
_GRANT_FILTERS = f"field* full_name native_name {_GRANT_ORDER} user:uuid user_slug user_url username"
_USER_FILTERS = """agreement_date:moment civil_number customer_uuid:uuid date_joined:moment description email field*
    full_name is_active:bool is_staff:bool is_support:bool job_title modified:moment native_name
    o,=description|email|full_name|is_active|is_staff|is_support|job_title|native_name|organization|phone_number|registration_method|username
    organization organization_roles phone_number project_roles project_uuid:uuid query registration_method user_keyword
    username username_list"""
_OFFERING_FILTERS = """accessible_via_calls:bool allowed_customer_uuid:uuid attributes billable:bool
    can_create_offering_user:bool category_group_uuid:uuid category_uuid:uuid created:moment customer customer_uuid:uuid
    description field* has_active_terms_of_service:bool has_terms_of_service:bool keyword modified:moment name
    name_exact o,=created|name|state|total_cost|total_cost_estimated|total_customers|type organization_group_uuid*
    parent_uuid:uuid project_uuid:uuid query resource_customer_uuid:uuid resource_project_uuid:uuid scope_uuid
    service_manager_uuid:uuid shared:bool state*=Draft|Active|Paused|Archived|Unavailable type* user_has_consent:bool
    user_has_offering_user:bool uuid_list"""


def _list(name: str, path: str, query: str, title: str, *, paginated: bool = True) -> Operation:
    return Operation(name, "GET", path, _parameters(query), is_list=True, paginated=paginated, title=title)


def _get(name: str, path: str, title: str, query: str = "", *, secret: bool = False) -> Operation:
    return Operation(name, "GET", path, _parameters(query), secret=secret, title=title)


def _write(
    name: str, method: str, path: str, body: str, title: str, *, repeat_safe: bool = True, secret: bool = False
) -> Operation:
    return Operation(name, method, path, body=tuple(body.split()), repeat_safe=repeat_safe, secret=secret, title=title)


_PROFILE = "description enable_notifications image allowed_domains account_options"
_GRANT = "role user expiration_time"

# The thirty operations of a service provider (contract section 2).
_CORE = (
    _list(
        "service_providers",
        _PROVIDERS,
        "customer customer_keyword customer_uuid:uuid field* o,=customer_name",
        "list the service providers",
    ),
    _get("service_provider", _PROVIDER, "read the service provider", "field*"),
    _write("create", "POST", _PROVIDERS, f"customer {_PROFILE}", "create the service provider", repeat_safe=False),
    _write("update", "PUT", _PROVIDER, f"customer {_PROFILE}", "replace the service provider"),
    _write("partial_update", "PATCH", _PROVIDER, _PROFILE, "change the service provider"),
    _write("destroy", "DELETE", _PROVIDER, "", "delete the service provider"),
    _list("list_users", _PROVIDER + "list_users/", f"{_GRANT_FILTERS} role search_string", "list the role grants"),
    _write("add_user", "POST", _PROVIDER + "add_user/", _GRANT, "grant the role", repeat_safe=False),
    _write("update_user", "POST", _PROVIDER + "update_user/", _GRANT, "change the expiry of the grant"),
    _write("delete_user", "POST", _PROVIDER + "delete_user/", "role user", "revoke the role"),
    _write(
        "set_offerings_username",
        "POST",
        _PROVIDER + "set_offerings_username/",
        "user_uuid username",
        "set the username",
    ),
    _get("api_secret_code", _PROVIDER + "api_secret_code/", "read the API secret code", secret=True),
    _write(
        "generate_api_secret_code",
        "POST",
        _PROVIDER + "api_secret_code/",
        "",
        "rotate the API secret code",
        repeat_safe=False,
        secret=True,
    ),
    _get("stat", _PROVIDER + "stat/", "read the statistics"),
    _list("revenue", _PROVIDER + "revenue/", "", "read the revenue", paginated=False),
    _list("customers", _PROVIDER + "customers/", _CUSTOMER_FILTERS, "list the provider's customers"),
    _list(
        "customer_projects",
        _PROVIDER + "customer_projects/",
        f"{_PROJECT_FILTERS} project_customer_uuid:uuid!",
        "list the projects of one customer",
    ),
    _list("projects", _PROVIDER + "projects/", _PROJECT_FILTERS, "list the provider's projects"),
    _list(
        "project_permissions",
        _PROVIDER + "project_permissions/",
        f"{_GRANT_FILTERS} created:moment expiration_time:moment modified:moment role_name role_uuid:uuid scope_name"
        " scope_type scope_uuid:uuid",
        "list the project permissions",
    ),
    _list("users", _PROVIDER + "users/", _USER_FILTERS, "list the provider's users"),
    _list(
        "user_customers",
        _PROVIDER + "user_customers/",
        f"{_CUSTOMER_FILTERS} user_uuid:uuid!",
        "list the customers of one user",
    ),
    _list(
        "keys",
        _PROVIDER + "keys/",
        "created:moment field* fingerprint_md5 fingerprint_sha256 fingerprint_sha512 is_shared:bool modified:moment"
        " name name_exact o,=name user_uuid:uuid uuid:uuid",
        "list the SSH keys",
    ),
    _list("offerings", _PROVIDER + "offerings/", _OFFERING_FILTERS, "list the provider's offerings"),
    _list(
        "course_accounts",
        _PROVIDER + "course_accounts/",
        "email o,=created|email|modified|project_end_date|project_name|project_start_date|state|username"
        " project_end_date_after:date project_end_date_before:date project_start_date_after:date"
        " project_start_date_before:date project_uuid:uuid state*=OK|Closed|Erred|Pending username",
        "list the course accounts",
    ),
    _list(
        "project_service_accounts",
        _PROVIDER + "project_service_accounts/",
        "email project project_uuid:uuid state*=OK|Closed|Erred username",
        "list the project service accounts",
    ),
    _list(
        "robot_account_customers",
        _PROVIDER + "robot_account_customers/",
        "customer_name",
        "list the customers with robot accounts",
    ),
    _list(
        "robot_account_projects",
        _PROVIDER + "robot_account_projects/",
        "project_name",
        "list the projects with robot accounts",
    ),
    _list("compliance_overview", _PROVIDER + "compliance/compliance_overview/", "", "read the compliance overview"),
    _list(
        "compliance_offering_users",
        _PROVIDER + "compliance/offering_users/",
        "compliance_status=completed|pending|no_checklist offering_uuid:uuid",
        "list the compliance of accounts",
    ),
    _list("checklists_summary", _PROVIDER + "compliance/checklists_summary/", "", "list the checklists in use"),
)

# What is looked up around a provider (contract 3.j), and the accounts behind usernames (contract 3.e).
_SUPPORTING = (
    _list("all_customers", "/api/customers/", f"{_CUSTOMER_FILTERS} slug user_uuid:uuid", "look up customers"),
    _get("customer", "/api/customers/{uuid}/", "look up the customer", "field*"),
    _list("all_users", "/api/users/", _USER_FILTERS, "look up users"),
    _get("user", "/api/users/{uuid}/", "look up the user", "field*"),
    _get("me", "/api/users/me/", "look up the token's own user", "field*"),
    _list("roles", "/api/roles/", "content_type description field* is_active:bool name", "list the roles"),
    _get("role", "/api/roles/{uuid}/", "look up the role", "field*"),
    _list("all_projects", "/api/projects/", f"{_PROJECT_FILTERS} user_uuid:uuid", "look up projects"),
    _get("project", "/api/projects/{uuid}/", "look up the project", "field*"),
    _list("provider_offerings", "/api/marketplace-provider-offerings/", _OFFERING_FILTERS, "look up offerings"),
    _get("provider_offering", "/api/marketplace-provider-offerings/{uuid}/", "look up the offering", "field*"),
    _list(
        "provider_resources",
        "/api/marketplace-provider-resources/",
        "customer_uuid:uuid field* offering_uuid, project_uuid:uuid provider_uuid:uuid"
        " state*=Creating|OK|Erred|Updating|Terminating|Terminated",
        "look up resources",
    ),
    _list(
        "offering_users",
        _ACCOUNTS,
        "created:moment field* has_consent:bool is_restricted:bool modified:moment o,=created|modified|username"
        " offering offering_slug, offering_uuid, parent_offering_uuid:uuid provider_uuid:uuid query state*"
        " user_username user_uuid:uuid",
        "list the accounts in offerings",
    ),
    _get("offering_user", _ACCOUNTS + "{uuid}/", "look up the account", "field*"),
    _write(
        "create_offering_user",
        "POST",
        _ACCOUNTS,
        "user offering user_uuid offering_uuid username",
        "create the account",
        repeat_safe=False,
    ),
    _write("update_offering_user", "PUT", _ACCOUNTS + "{uuid}/", "user offering username", "replace the account"),
    _write("partial_update_offering_user", "PATCH", _ACCOUNTS + "{uuid}/", "username", "change the account"),
    _write("destroy_offering_user", "DELETE", _ACCOUNTS + "{uuid}/", "", "delete the account"),
    _write("begin_creating", "POST", _ACCOUNTS + "{uuid}/begin_creating/", "", "begin creating", repeat_safe=False),
    _write("set_ok", "POST", _ACCOUNTS + "{uuid}/set_ok/", "", "set the account OK", repeat_safe=False),
    _write(
        "set_validation_complete",
        "POST",
        _ACCOUNTS + "{uuid}/set_validation_complete/",
        "",
        "complete the validation",
        repeat_safe=False,
    ),
    _write(
        "update_restricted", "POST", _ACCOUNTS + "{uuid}/update_restricted/", "is_restricted", "restrict the account"
    ),
    _list(
        "user_permissions",
        "/api/user-permissions/",
        "full_name role_name role_uuid:uuid scope_name scope_type scope_uuid user:uuid username",
        "list the permissions",
    ),
    _write(
        "revoke_user_permission",
        "POST",
        "/api/user-permissions/{uuid}/revoke/",
        "reason",
        "revoke the permission",
        repeat_safe=False,
    ),
    _get("version", "/api/version/", "read Waldur's version"),
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (*_CORE, *_SUPPORTING)}
CORE_NAMES: tuple[str, ...] = tuple(operation.name for operation in _CORE)


def operation(name: str) -> Operation:
    """The operation of that name; a ``KeyError`` is a defect of ours, never of the user's."""
    return OPERATIONS[name]
