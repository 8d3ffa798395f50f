# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every HTTP operation that the collection knows, as data. No other file holds a path of the API.

How a parameter is written is said in ``_parameters``. ``page`` and ``page_size`` are the client's own business and not
listed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .parameters import Parameter, parameters


@dataclass(frozen=True)
class Operation:
    """One operation: ``path`` below the base URL, with ``{uuid}`` where the object's own UUID goes.

    ``filtered_since`` is the first Waldur that obeys any filter of the list but required ones; the one of 2024 ignored
    them all on some lists, which a real server showed.
    ``identity`` are the keys that tell one row of a list from another, which ``field=`` must not take away.
    ``free_form`` are the keys of a row whose values are objects with keys that users choose; they are kept whole.
    ``repeat_safe`` tells whether the request may be sent again after a lost answer (api-behaviour: repeating-requests).
    ``secret`` marks the two answers that hold the API secret code: only ``Client.secret_code`` and
    ``Client.new_secret_code`` use them.
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
    identity: tuple[str, ...] = ("uuid",)
    filtered_since: int = 0
    free_form: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether this operation can change something on the server."""
        return self.method not in ("GET", "HEAD", "OPTIONS")


_PROVIDERS = "/api/marketplace-service-providers/"
_PROVIDER = _PROVIDERS + "{uuid}/"
_ACCOUNTS = "/api/marketplace-offering-users/"

_MOMENTS = (
    "created:moment@from created_before:moment@until.created^2026"
    " modified:moment@from modified_before:moment@until.modified^2026"
)
_CUSTOMER_FILTERS = """abbreviation@has agreement_number archived:bool backend_id contact_details
    current_user_has_project_create_permission:bool^2026 current_user_has_role*^2026 field* name@has
    name_exact@is.name native_name organization_group_name organization_group_uuid:uuid* owned_by_current_user:bool
    query registration_code slug@is^2026"""
# A provider's lists of projects never hold removed ones (api-behaviour: customer-projects, projects), and the rows of
# 2024 lack the key is_removed.
_PROJECT_FILTERS = f"""affiliation_name^2026 affiliation_uuid:uuid*^2026 backend_id@is can_admin:bool can_manage:bool
    conceal_finished_projects:bool {_MOMENTS} current_user_has_role*^2026 customer:customer,@is.customer_uuid
    customer_abbreviation@has customer_name@has customer_native_name@has description@has field*
    has_affiliation:bool^2026 is_removed:bool@is?false name@has name_exact@is.name query science_domain_uuid:uuid^2026
    science_sub_domain_uuid:uuid^2026 slug@is user_uuid_with_active_role:user^2026
    o,=created|customer_abbreviation|customer_name|customer_native_name|end_date|estimated_cost>billing_price_estimate|name|start_date"""
_GRANT_FILTERS = """field* full_name@has.user_full_name^2025 native_name@has.user_native_name^2025
    o,=created|email>user_email|expiration_time|full_name>user_full_name|native_name>user_native_name|role>role_name|username>user_username
    user:user@is.user_uuid user_slug^2025 user_url:url username@is.user_username^2025"""
_USER_FILTERS = """agreement_date:moment civil_number customer_uuid:customer^2025 date_joined:moment description
    email@has field* full_name@has is_active:bool@is is_staff:bool is_support:bool job_title modified:moment native_name
    o,=description|email|full_name|is_active|is_staff|is_support|job_title|native_name|organization|phone_number|registration_method|username
    organization@has organization_roles phone_number@is project_roles project_uuid:project query
    registration_method@is user_keyword@any.full_name|email|username username@is username_list,@is.username^2025"""
_OFFERING_FILTERS = f"""accessible:bool^2026 accessible_via_calls:bool allowed_customer_uuid:customer attributes:json
    billable:bool can_create_offering_user:bool^2025 category_group_uuid:uuid category_uuid:uuid
    consumer_customer_uuid:customer^2026 {_MOMENTS} customer:url customer_uuid:customer@is^2025 description field*
    has_active_terms_of_service:bool^2025 has_terms_of_service:bool^2025 keyword name@has name_exact@is.name
    o,=created|name|state|total_cost|total_cost_estimated|total_customers|type offering_group_uuid:uuid^2026
    open_for_proposals:bool^2026 organization_group_uuid:uuid* parent_uuid:offering project_uuid:project query^2025
    resource_customer_uuid:customer resource_project_uuid:project scope_uuid:uuid service_manager_uuid:user
    shared:bool slug@is^2026 state*=Draft|Active|Paused|Archived|Unavailable:2025@is tag*^2026 tag_name*^2026
    tag_names_and^2026 tags_and^2026 type*@is user_has_consent:bool^2025 user_has_offering_user:bool^2025
    uuid_list:offering,@is.uuid^2025"""
_ROLE_FILTERS = f"{_GRANT_FILTERS} role:role@is.role_uuid search_string@any.user_full_name|user_email|user_username"
_PERMISSION_FILTERS = f"""{_GRANT_FILTERS} created:moment@from^2025 created_before:moment@until.created^2026
    customer_uuid:customer@is^2026 expiration_time:moment@is^2025 is_active:bool^2026 modified:moment^2025
    modified_before:moment^2026 role_name@has^2025 role_uuid:role^2025 scope_name@has.project_name^2025 scope_type^2025
    scope_uuid:project@is.project_uuid^2025"""
_ACCOUNT_STATES = (
    "Requested|Creating|Pending~account~linking|Pending~additional~validation|OK|Requested~deletion|Deleting|Deleted"
    "|Error~creating|Error~deleting"
)


# The settings of a provider are public (api-behaviour: account-settings), the definitions of an offering's order forms
# as well.
_FREE_FORM = {
    **dict.fromkeys(
        ("service_providers", "service_provider", "create", "update", "partial_update"), ("account_options",)
    ),
    **dict.fromkeys(("offerings", "provider_offerings", "provider_offering"), ("options", "resource_options")),
}


def _list(
    name: str,
    path: str,
    query: str,
    title: str,
    *,
    paginated: bool = True,
    identity: str = "uuid",
    filtered_since: int = 0,
) -> Operation:
    return Operation(
        name,
        "GET",
        path,
        parameters(query),
        is_list=True,
        paginated=paginated,
        title=title,
        identity=tuple(identity.split()),
        filtered_since=filtered_since,
        free_form=_FREE_FORM.get(name, ()),
    )


def _get(name: str, path: str, title: str, query: str = "", *, secret: bool = False) -> Operation:
    free_form = _FREE_FORM.get(name, ())
    return Operation(name, "GET", path, parameters(query), secret=secret, title=title, free_form=free_form)


def _write(
    name: str, method: str, path: str, body: str, title: str, *, repeat_safe: bool = True, secret: bool = False
) -> Operation:
    return Operation(
        name,
        method,
        path,
        body=tuple(body.split()),
        repeat_safe=repeat_safe,
        secret=secret,
        title=title,
        free_form=_FREE_FORM.get(name, ()),
    )


_PROFILE = "description enable_notifications image allowed_domains account_options"
_GRANT = "role user expiration_time"

# The thirty operations of a service provider (api-behaviour: operations).
_CORE = (
    _list(
        "service_providers",
        _PROVIDERS,
        "customer:url customer_keyword@any.customer_name|customer_abbreviation|customer_native_name"
        " customer_uuid:customer@is field* o,=customer_name created:moment@from^2026"
        " created_before:moment@until.created^2026 modified:moment^2026 modified_before:moment^2026",
        "list the service providers",
    ),
    _get("service_provider", _PROVIDER, "read the service provider", "field*"),
    _write("create", "POST", _PROVIDERS, f"customer {_PROFILE}", "create the service provider", repeat_safe=False),
    _write("update", "PUT", _PROVIDER, f"customer {_PROFILE}", "replace the service provider"),
    _write("partial_update", "PATCH", _PROVIDER, _PROFILE, "change the service provider"),
    _write("destroy", "DELETE", _PROVIDER, "", "delete the service provider"),
    _list("list_users", _PROVIDER + "list_users/", _ROLE_FILTERS, "list the role grants"),
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
    _list(
        "customers",
        _PROVIDER + "customers/",
        _CUSTOMER_FILTERS,
        "list the provider's customers",
        filtered_since=2025,
    ),
    _list(
        "customer_projects",
        _PROVIDER + "customer_projects/",
        f"{_PROJECT_FILTERS} project_customer_uuid:customer!",
        "list the projects of one customer",
        filtered_since=2025,
    ),
    _list(
        "projects",
        _PROVIDER + "projects/",
        _PROJECT_FILTERS,
        "list the provider's projects",
        filtered_since=2025,
    ),
    _list(
        "project_permissions",
        _PROVIDER + "project_permissions/",
        _PERMISSION_FILTERS,
        "list the project permissions",
        identity="user_uuid project_uuid role role_name created expiration_time",
        filtered_since=2025,
    ),
    _list("users", _PROVIDER + "users/", _USER_FILTERS, "list the provider's users"),
    _list(
        "user_customers",
        _PROVIDER + "user_customers/",
        f"{_CUSTOMER_FILTERS} user_uuid:user!",
        "list the customers of one user",
        filtered_since=2025,
    ),
    _list(
        "keys",
        _PROVIDER + "keys/",
        f"{_MOMENTS} field* fingerprint_md5@is fingerprint_sha256@is fingerprint_sha512@is is_shared:bool@is name@has"
        " name_exact@is.name o,=name user_uuid:user@is uuid:uuid@is",
        "list the SSH keys",
        filtered_since=2025,
    ),
    _list("offerings", _PROVIDER + "offerings/", _OFFERING_FILTERS, "list the provider's offerings"),
    _list(
        "course_accounts",
        _PROVIDER + "course_accounts/",
        "email@has o,=created|email|modified|project_end_date|project_name|project_start_date|state|username"
        " project_end_date_after:date@from.project_end_date project_end_date_before:date@until.project_end_date"
        " project_start_date_after:date@from.project_start_date project_start_date_before:date@until.project_start_date"
        " project_uuid:project@is state*=OK|Closed|Erred|Pending:2026@is username@is",
        "list the course accounts",
    ),
    _list(
        "project_service_accounts",
        _PROVIDER + "project_service_accounts/",
        "email@has project:url project_uuid:project@is state*=OK|Closed|Erred@is username@is",
        "list the project service accounts",
    ),
    _list(
        "robot_account_customers",
        _PROVIDER + "robot_account_customers/",
        "customer_name@has.name",
        "list the customers with robot accounts",
    ),
    _list(
        "robot_account_projects",
        _PROVIDER + "robot_account_projects/",
        "project_name@here.name",
        "list the projects with robot accounts",
    ),
    _list("compliance_overview", _PROVIDER + "compliance/compliance_overview/", "", "read the compliance overview"),
    _list(
        "compliance_offering_users",
        _PROVIDER + "compliance/offering_users/",
        "compliance_status=completed|pending|no_checklist@is offering_uuid:offering",
        "list the compliance of accounts",
    ),
    _list("checklists_summary", _PROVIDER + "compliance/checklists_summary/", "", "list the checklists in use"),
)

# What is looked up around a provider (api-behaviour: lookups), and the accounts behind usernames
# (api-behaviour: offering-users).
_SUPPORTING = (
    _list("all_customers", "/api/customers/", f"{_CUSTOMER_FILTERS} user_uuid:user", "look up customers"),
    _get("customer", "/api/customers/{uuid}/", "look up the customer", "field*"),
    _list("all_users", "/api/users/", _USER_FILTERS, "look up users"),
    _get("user", "/api/users/{uuid}/", "look up the user", "field*"),
    _get("me", "/api/users/me/", "look up the token's own user", "field*"),
    _list("roles", "/api/roles/", "content_type description field* is_active:bool name", "list the roles"),
    _get("role", "/api/roles/{uuid}/", "look up the role", "field*"),
    _list("all_projects", "/api/projects/", f"{_PROJECT_FILTERS} user_uuid:user", "look up projects"),
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
        f"{_MOMENTS} field* has_complete_profile:bool^2026 has_consent:bool@is^2025 is_provider_backed:bool^2026"
        " is_restricted:bool@is o,=created|modified|username offering:url offering_has_active_tos:bool^2026"
        " offering_slug,@is^2025 offering_uuid:offering,@is^2025 parent_offering_uuid:offering^2025 provider_uuid:uuid"
        f" query runtime_state*@is^2026 service_provider_account_uuid:uuid@is^2026"
        f" state*={_ACCOUNT_STATES}@is^2025 user_username@same user_uuid:user@is username@is^2026",
        "list the accounts in offerings",
    ),
    # See api-behaviour: provider-accounts-filters. What provider_uuid means there is not settled.
    _list(
        "provider_accounts",
        "/api/marketplace-service-provider-accounts/",
        "customer_uuid:uuid field* user_uuid:user@is",
        "list the service provider accounts",
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
    _get("configuration", "/api/configuration/", "read Waldur's settings"),
    _get("version", "/api/version/", "read Waldur's version"),
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (*_CORE, *_SUPPORTING)}
CORE_NAMES: tuple[str, ...] = tuple(operation.name for operation in _CORE)


def operation(name: str) -> Operation:
    """The operation of that name; a ``KeyError`` is a defect of ours, never of the user's."""
    return OPERATIONS[name]
