# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every HTTP operation that the collection uses, as data. No other file holds a path of the API."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .._common.errors import CHECK_API_URL
from . import permissions
from .editions import OLDEST
from .list_parameters import (
    CREATED_AND_MODIFIED,
    CUSTOMER_PARAMETERS,
    OFFERING_PARAMETERS,
    PROJECT_PARAMETERS,
    PROJECT_PERMISSION_PARAMETERS,
    ROLE_GRANT_PARAMETERS,
    USER_PARAMETERS,
)
from .parameters import FIELD, Parameter, ordering
from .permissions import Permission, Requirement

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
# One object, a list that comes whole, or a list that comes in pages.
Response = Literal["object", "list", "pages"]


class HiddenRows(NamedTuple):
    """The rows that Waldur leaves out of a list while one of its ``settings`` is on (api-behaviour: hidden-accounts).

    ``since`` is the first edition that does so. ``is_shown_to_staff`` tells that staff and support see the whole list.
    """

    since: int
    settings: tuple[str, ...]
    is_shown_to_staff: bool


class Operation(NamedTuple):
    """Everything about one operation.

    ``path`` is relative to the base URL, with ``{uuid}`` where the object's own UUID goes.
    ``title`` is what it does, as messages say it: "Cannot <title>: …".
    ``query`` are its query parameters but ``page`` and ``page_size``, which are the client's; ``body`` the keys that it
    takes.
    ``permission`` is what a caller needs.
    ``since`` is the first Waldur edition (a year) that has the operation; ``feature`` is what older ones lack then.
    ``is_safe`` tells that the request changes nothing though it is no GET, so that check mode sends it too.
    ``repeat_safe`` tells whether the request may be sent again after a lost answer (api-behaviour: repeating-requests).
    ``secret`` marks the two answers that hold the API secret code: only ``Client.secret_code`` and
    ``Client.new_secret_code`` use them.
    ``identity`` are the keys that tell one row of a list from another, which ``field=`` must not take away.
    ``filtered_since`` is the first edition that obeys any filter of the list but required ones; the one of 2024 ignored
    them all on some lists, which a real server showed.
    ``free_form`` are the keys of a row whose values are objects with keys that users choose; they are kept whole.
    ``provider_parameter`` is the query parameter that limits a list of all providers to one of them, by the UUID of the
    provider's customer (api-behaviour: which-uuid). ``provider_key`` is the key of its rows that holds the provider's
    own UUID, or that of its customer, by which each row is checked again.
    ``hidden_rows`` is set where Waldur may leave rows out of the list without a trace.
    """

    name: str
    method: Method
    path: str
    title: str
    query: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = ()
    response: Response = "object"
    permission: Permission | Requirement = permissions.UNKNOWN
    since: int = OLDEST
    feature: str = ""
    is_safe: bool = False
    repeat_safe: bool = True
    secret: bool = False
    identity: tuple[str, ...] = ("uuid",)
    filtered_since: int = 0
    free_form: tuple[str, ...] = ()
    provider_parameter: str = ""
    provider_key: str = ""
    hidden_rows: HiddenRows | None = None

    @property
    def takes_own_uuid(self) -> bool:
        """Whether ``provider_parameter`` takes the provider's own UUID, and not that of its customer."""
        return self.provider_parameter == "service_provider_uuid"

    @property
    def writes(self) -> bool:
        """Whether this operation can change something on the server."""
        return self.method != "GET" and not self.is_safe

    @property
    def is_list(self) -> bool:
        """Whether the answer is a list of rows."""
        return self.response != "object"

    @property
    def paginated(self) -> bool:
        """Whether the answer is a list that comes in pages."""
        return self.response == "pages"

    @property
    def missing_route(self) -> str:
        """Why an HTML 404 came: the server has no such route (api-behaviour: missing-routes; a missing object answers
        in JSON)."""
        if self.feature:
            return f"Waldur {self.since} or newer is required for {self.feature}; this Waldur is older."
        return f"Cannot {self.title}: there is no such address on this server: {CHECK_API_URL}."


_PROVIDERS = "/api/marketplace-service-providers/"
_PROVIDER = _PROVIDERS + "{uuid}/"
_PROFILE = ("description", "enable_notifications", "image", "allowed_domains", "account_options")
_GRANT = ("role", "user", "expiration_time")
_ROLES = "roles on service providers"
_COMPLIANCE = "compliance reports"
_CONSENT = "ENFORCE_USER_CONSENT_FOR_OFFERINGS"
HIDDEN_ACCOUNTS = HiddenRows(2025, (_CONSENT, "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS"), is_shown_to_staff=True)
_HIDDEN_USERS = HiddenRows(2026, (_CONSENT,), is_shown_to_staff=False)
_LIST_CUSTOMERS = Permission("LIST_CUSTOMERS", on_provider=True)

# See api-behaviour: offering-user-states.
_ACCOUNT_STATES = (
    "Requested",
    "Creating",
    "Pending account linking",
    "Pending additional validation",
    "OK",
    "Requested deletion",
    "Deleting",
    "Deleted",
    "Error creating",
    "Error deleting",
)
_RUNTIME_STATES = ("Active", "Pending account linking", "Pending additional validation")
_PROVIDER_ACCOUNTS = "/api/marketplace-service-provider-accounts/"
_SHARED_ACCOUNTS = "service provider accounts"
_PROJECT_GROUPS = "/api/marketplace-service-provider-project-groups/"
_GROUPS = "project groups"
_POSIX_ID_POOLS = "/api/marketplace-posix-id-pools/"
_POSIX_ID_POOL = (
    *("description", "min_uid", "max_uid", "min_gid", "max_gid"),
    *("min_group_gid", "max_group_gid"),
)
_POOLS = "POSIX ID pools"
_MANAGE_POOL = Permission("MANAGE", on_provider=True, prefix="POSIX_ID_POOL", since=2026)

# The settings of a provider are public (api-behaviour: account-settings), the definitions of an offering's order forms
# as well.
_SETTINGS = ("account_options",)
_ORDER_FORMS = ("options", "resource_options")

# The thirty operations of a service provider (api-behaviour: operations).
_CORE = (
    Operation(
        "service_providers",
        "GET",
        _PROVIDERS,
        "list the service providers",
        query=(
            Parameter("customer", "url"),
            Parameter(
                "customer_keyword",
                match="contains",
                keys=("customer_name", "customer_abbreviation", "customer_native_name"),
            ),
            Parameter("customer_uuid", "customer", match="exact"),
            FIELD,
            ordering("customer_name"),
            Parameter("created", "timestamp", match="at_or_after", since=2026),
            Parameter("created_before", "timestamp", match="at_or_before", keys=("created",), since=2026),
            Parameter("modified", "timestamp", since=2026),
            Parameter("modified_before", "timestamp", since=2026),
        ),
        response="pages",
        free_form=_SETTINGS,
    ),
    Operation("service_provider", "GET", _PROVIDER, "read the service provider", query=(FIELD,), free_form=_SETTINGS),
    Operation(
        "create",
        "POST",
        _PROVIDERS,
        "create the service provider",
        body=("customer", *_PROFILE),
        permission=permissions.REGISTER,
        repeat_safe=False,
        free_form=_SETTINGS,
    ),
    Operation(
        "update",
        "PUT",
        _PROVIDER,
        "replace the service provider",
        body=("customer", *_PROFILE),
        permission=permissions.OWNER,
        free_form=_SETTINGS,
    ),
    Operation(
        "partial_update",
        "PATCH",
        _PROVIDER,
        "change the service provider",
        body=_PROFILE,
        permission=permissions.OWNER,
        free_form=_SETTINGS,
    ),
    Operation("destroy", "DELETE", _PROVIDER, "delete the service provider", permission=permissions.OWNER),
    Operation(
        "list_users",
        "GET",
        _PROVIDER + "list_users/",
        "list the role grants",
        query=ROLE_GRANT_PARAMETERS,
        response="pages",
        permission=permissions.VIEW_TEAM,
        since=2025,
        feature=_ROLES,
    ),
    Operation(
        "add_user",
        "POST",
        _PROVIDER + "add_user/",
        "grant the role",
        body=_GRANT,
        permission=permissions.CHANGE_ROLES,
        since=2025,
        feature=_ROLES,
        repeat_safe=False,
    ),
    Operation(
        "update_user",
        "POST",
        _PROVIDER + "update_user/",
        "change the expiry of the grant",
        body=_GRANT,
        permission=permissions.CHANGE_ROLES,
        since=2025,
        feature=_ROLES,
    ),
    Operation(
        "delete_user",
        "POST",
        _PROVIDER + "delete_user/",
        "revoke the role",
        body=("role", "user"),
        permission=permissions.CHANGE_ROLES,
        since=2025,
        feature=_ROLES,
    ),
    Operation(
        "set_offerings_username",
        "POST",
        _PROVIDER + "set_offerings_username/",
        "set the username",
        body=("user_uuid", "username"),
        permission=Permission("SET_OFFERINGS_USERNAME", owner_in_2024=True),
    ),
    Operation(
        "api_secret_code",
        "GET",
        _PROVIDER + "api_secret_code/",
        "read the API secret code",
        permission=Permission("GET_API_SECRET_CODE", owner_in_2024=True),
        secret=True,
    ),
    Operation(
        "generate_api_secret_code",
        "POST",
        _PROVIDER + "api_secret_code/",
        "rotate the API secret code",
        permission=Permission("GENERATE_API_SECRET_CODE", owner_in_2024=True),
        repeat_safe=False,
        secret=True,
    ),
    Operation(
        "stat",
        "GET",
        _PROVIDER + "stat/",
        "read the statistics",
        permission=Permission("GET_STATISTICS", on_provider=True, support=True),
    ),
    Operation(
        "revenue",
        "GET",
        _PROVIDER + "revenue/",
        "read the revenue",
        response="list",
        permission=Permission("GET_REVENUE", on_provider=True, support=True),
    ),
    Operation(
        "customers",
        "GET",
        _PROVIDER + "customers/",
        "list the provider's customers",
        query=CUSTOMER_PARAMETERS,
        response="pages",
        permission=_LIST_CUSTOMERS,
        filtered_since=2025,
    ),
    Operation(
        "customer_projects",
        "GET",
        _PROVIDER + "customer_projects/",
        "list the projects of one customer",
        query=(*PROJECT_PARAMETERS, Parameter("project_customer_uuid", "customer", required=True)),
        response="pages",
        permission=Permission("LIST_CUSTOMER_PROJECTS", on_provider=True),
        filtered_since=2025,
    ),
    Operation(
        "projects",
        "GET",
        _PROVIDER + "projects/",
        "list the provider's projects",
        query=PROJECT_PARAMETERS,
        response="pages",
        permission=Permission("LIST_PROJECTS", on_provider=True, owner_in_2024=True),
        filtered_since=2025,
    ),
    Operation(
        "project_permissions",
        "GET",
        _PROVIDER + "project_permissions/",
        "list the project permissions",
        query=PROJECT_PERMISSION_PARAMETERS,
        response="pages",
        permission=Permission("LIST_PROJECT_PERMISSIONS", owner_in_2024=True),
        identity=("user_uuid", "project_uuid", "role", "role_name", "created", "expiration_time"),
        filtered_since=2025,
    ),
    Operation(
        "users",
        "GET",
        _PROVIDER + "users/",
        "list the provider's users",
        query=USER_PARAMETERS,
        response="pages",
        permission=Permission("LIST_USERS", on_provider=True, owner_in_2024=True),
        hidden_rows=_HIDDEN_USERS,
    ),
    Operation(
        "user_customers",
        "GET",
        _PROVIDER + "user_customers/",
        "list the customers of one user",
        query=(*CUSTOMER_PARAMETERS, Parameter("user_uuid", "user", required=True)),
        response="pages",
        permission=Permission("LIST_USER_CUSTOMERS"),
        filtered_since=2025,
    ),
    Operation(
        "keys",
        "GET",
        _PROVIDER + "keys/",
        "list the SSH keys",
        query=(
            *CREATED_AND_MODIFIED,
            FIELD,
            Parameter("fingerprint_md5", match="exact"),
            Parameter("fingerprint_sha256", match="exact"),
            Parameter("fingerprint_sha512", match="exact"),
            Parameter("is_shared", "bool", match="exact"),
            Parameter("name", match="contains"),
            Parameter("name_exact", match="exact", keys=("name",)),
            ordering("name"),
            Parameter("user_uuid", "user", match="exact"),
            Parameter("uuid", "uuid", match="exact"),
        ),
        response="pages",
        permission=Permission("LIST_KEYS", owner_in_2024=True),
        filtered_since=2025,
    ),
    Operation(
        "offerings",
        "GET",
        _PROVIDER + "offerings/",
        "list the provider's offerings",
        query=OFFERING_PARAMETERS,
        response="pages",
        free_form=_ORDER_FORMS,
    ),
    Operation(
        "course_accounts",
        "GET",
        _PROVIDER + "course_accounts/",
        "list the course accounts",
        query=(
            Parameter("email", match="contains"),
            ordering(
                "created",
                "email",
                "modified",
                "project_end_date",
                "project_name",
                "project_start_date",
                "state",
                "username",
            ),
            Parameter("project_end_date_after", "date", match="at_or_after", keys=("project_end_date",)),
            Parameter("project_end_date_before", "date", match="at_or_before", keys=("project_end_date",)),
            Parameter("project_start_date_after", "date", match="at_or_after", keys=("project_start_date",)),
            Parameter("project_start_date_before", "date", match="at_or_before", keys=("project_start_date",)),
            Parameter("project_uuid", "project", match="exact"),
            Parameter(
                "state",
                style="repeat",
                choices=("OK", "Closed", "Erred", "Pending"),
                newer_choices=(("Pending", 2026),),
                match="exact",
            ),
            Parameter("username", match="exact"),
        ),
        response="pages",
        permission=Permission("LIST_COURSE_ACCOUNTS"),
        since=2025,
        feature="the list of course accounts",
    ),
    Operation(
        "project_service_accounts",
        "GET",
        _PROVIDER + "project_service_accounts/",
        "list the project service accounts",
        query=(
            Parameter("email", match="contains"),
            Parameter("project", "url"),
            Parameter("project_uuid", "project", match="exact"),
            Parameter("state", style="repeat", choices=("OK", "Closed", "Erred"), match="exact"),
            Parameter("username", match="exact"),
        ),
        response="pages",
        permission=Permission("LIST_SERVICE_ACCOUNTS"),
        since=2025,
        feature="the list of project service accounts",
    ),
    Operation(
        "robot_account_customers",
        "GET",
        _PROVIDER + "robot_account_customers/",
        "list the customers with robot accounts",
        query=(Parameter("customer_name", match="contains", keys=("name",)),),
        response="pages",
        permission=Permission("GET_ROBOT_ACCOUNT_CUSTOMERS"),
    ),
    Operation(
        "robot_account_projects",
        "GET",
        _PROVIDER + "robot_account_projects/",
        "list the projects with robot accounts",
        query=(Parameter("project_name", match="contains", keys=("name",), is_sent=False),),
        response="pages",
        permission=Permission("GET_ROBOT_ACCOUNT_PROJECTS"),
    ),
    Operation(
        "compliance_overview",
        "GET",
        _PROVIDER + "compliance/compliance_overview/",
        "read the compliance overview",
        response="pages",
        permission=_LIST_CUSTOMERS,
        since=2025,
        feature=_COMPLIANCE,
    ),
    Operation(
        "compliance_offering_users",
        "GET",
        _PROVIDER + "compliance/offering_users/",
        "list the compliance of accounts",
        query=(
            Parameter("compliance_status", choices=("completed", "pending", "no_checklist"), match="exact"),
            Parameter("offering_uuid", "offering"),
        ),
        response="pages",
        permission=_LIST_CUSTOMERS,
        since=2025,
        feature=_COMPLIANCE,
        hidden_rows=_HIDDEN_USERS,
    ),
    Operation(
        "checklists_summary",
        "GET",
        _PROVIDER + "compliance/checklists_summary/",
        "list the checklists in use",
        response="pages",
        permission=_LIST_CUSTOMERS,
        since=2025,
        feature=_COMPLIANCE,
    ),
)

# What is looked up around a provider (api-behaviour: lookups), and the accounts behind usernames
# (api-behaviour: offering-users).
_SUPPORTING = (
    Operation(
        "all_customers",
        "GET",
        "/api/customers/",
        "look up customers",
        query=(*CUSTOMER_PARAMETERS, Parameter("user_uuid", "user")),
        response="pages",
    ),
    Operation("customer", "GET", "/api/customers/{uuid}/", "look up the customer", query=(FIELD,)),
    Operation("all_users", "GET", "/api/users/", "look up users", query=USER_PARAMETERS, response="pages"),
    # See api-behaviour: lookups-all-role-grants.
    Operation(
        "all_role_grants",
        "GET",
        "/api/user-permissions/",
        "list the role grants of all service providers",
        query=(FIELD, Parameter("scope_type", match="exact")),
        response="pages",
    ),
    Operation("user", "GET", "/api/users/{uuid}/", "look up the user", query=(FIELD,)),
    Operation("me", "GET", "/api/users/me/", "look up the token's own user", query=(FIELD,)),
    Operation(
        "roles",
        "GET",
        "/api/roles/",
        "list the roles",
        query=(
            Parameter("content_type"),
            Parameter("description"),
            FIELD,
            Parameter("is_active", "bool"),
            Parameter("name"),
        ),
        response="pages",
    ),
    Operation(
        "provider_offerings",
        "GET",
        "/api/marketplace-provider-offerings/",
        "look up offerings",
        query=OFFERING_PARAMETERS,
        response="pages",
        free_form=_ORDER_FORMS,
    ),
    Operation(
        "provider_resources",
        "GET",
        "/api/marketplace-provider-resources/",
        "look up resources",
        query=(
            Parameter("customer_uuid", "uuid"),
            FIELD,
            Parameter("offering_uuid", style="comma"),
            Parameter("project_uuid", "uuid"),
            Parameter("provider_uuid", "uuid"),
            Parameter(
                "state",
                style="repeat",
                choices=("Creating", "OK", "Erred", "Updating", "Terminating", "Terminated"),
            ),
        ),
        response="pages",
    ),
    Operation(
        "offering_users",
        "GET",
        "/api/marketplace-offering-users/",
        "list the accounts in offerings",
        query=(
            *CREATED_AND_MODIFIED,
            FIELD,
            Parameter("has_complete_profile", "bool", since=2026),
            Parameter("has_consent", "bool", match="exact", since=2025),
            Parameter("is_provider_backed", "bool", since=2026),
            Parameter("is_restricted", "bool", match="exact"),
            ordering("created", "modified", "username"),
            Parameter("offering", "url"),
            Parameter("offering_has_active_tos", "bool", since=2026),
            Parameter("offering_slug", style="comma", match="exact", since=2025),
            Parameter("offering_uuid", "offering", style="comma", match="exact", since=2025),
            Parameter("parent_offering_uuid", "offering", since=2025),
            Parameter("provider_uuid", "uuid"),
            Parameter("query"),
            Parameter("runtime_state", style="repeat", choices=_RUNTIME_STATES, match="exact", since=2026),
            Parameter("service_provider_account_uuid", "uuid", match="exact", since=2026),
            Parameter("state", style="repeat", choices=_ACCOUNT_STATES, match="exact", since=2025),
            Parameter("user_username", match="exact_ignore_case"),
            Parameter("user_uuid", "user", match="exact"),
            Parameter("username", match="exact", since=2026),
        ),
        response="pages",
        provider_parameter="provider_uuid",
        hidden_rows=HIDDEN_ACCOUNTS,
    ),
    # Its parameter provider_uuid is left out, as its meaning is not settled (api-behaviour: provider-accounts-filters).
    Operation(
        "provider_accounts",
        "GET",
        _PROVIDER_ACCOUNTS,
        "list the service provider accounts",
        query=(
            # As old as the list itself.
            *(parameter._replace(since=0) for parameter in CREATED_AND_MODIFIED),
            Parameter("customer_uuid", "uuid"),
            FIELD,
            Parameter("is_restricted", "bool", match="exact"),
            ordering(
                "created",
                "modified",
                "username",
                "user_first_name",
                "user_last_name",
                keys={"user_first_name": "", "user_last_name": ""},
            ),
            Parameter("query"),
            Parameter("runtime_state", style="repeat", choices=_RUNTIME_STATES, match="exact"),
            Parameter("state", style="repeat", choices=_ACCOUNT_STATES, match="exact"),
            Parameter("user_username", match="exact_ignore_case", null_means_hidden=True),
            Parameter("user_uuid", "user", match="exact"),
            Parameter("username", match="exact"),
        ),
        response="pages",
        since=2026,
        feature=_SHARED_ACCOUNTS,
        provider_parameter="customer_uuid",
        provider_key="service_provider_uuid",
    ),
    Operation(
        "provider_account",
        "GET",
        _PROVIDER_ACCOUNTS + "{uuid}/",
        "read the service provider account",
        query=(FIELD,),
        since=2026,
        feature=_SHARED_ACCOUNTS,
    ),
    # Its parameter provider_offering_uuid is left out, as it selects the provider too.
    Operation(
        "project_groups",
        "GET",
        _PROJECT_GROUPS,
        "list the project groups",
        query=(
            *(parameter._replace(since=0) for parameter in CREATED_AND_MODIFIED),
            Parameter("customer_uuid", "customer", match="exact"),
            FIELD,
            Parameter("gid", "int", match="exact"),
            Parameter("in_use", "bool", match="exact"),
            # Whether servers compare the whole name is not known (api-behaviour: project-groups-filters).
            Parameter("name", match="contains"),
            ordering("created", "modified", "name", "gid"),
            Parameter("offering_uuid", "offering"),
            Parameter("project_uuid", "project", match="exact"),
            Parameter("query"),
            Parameter("service_provider_uuid", "uuid", match="exact"),
        ),
        response="pages",
        since=2026,
        feature=_GROUPS,
        provider_parameter="service_provider_uuid",
        provider_key="service_provider_uuid",
    ),
    Operation(
        "adoptable_projects",
        "GET",
        _PROJECT_GROUPS + "adoptable_projects/",
        "list the projects that can get a group",
        query=(Parameter("query"), Parameter("service_provider_uuid", "uuid", required=True)),
        response="pages",
        permission=permissions.OWNER,
        since=2026,
        feature=_GROUPS,
    ),
    # Creates groups and changes GIDs, all or none (api-behaviour: project-groups-import).
    Operation(
        "import_project_groups",
        "POST",
        _PROJECT_GROUPS + "import_groups/",
        "import the project groups",
        body=("service_provider", "groups", "allow_outside_range"),
        response="list",
        permission=permissions.OWNER,
        since=2026,
        feature=_GROUPS,
    ),
    Operation(
        "username_conflicts",
        "GET",
        _PROVIDER + "username_conflicts/",
        "list the username conflicts",
        response="list",
        permission=permissions.OWNER,
        since=2026,
        feature=_SHARED_ACCOUNTS,
        identity=("user_uuid",),
    ),
    Operation(
        "account_options_preview",
        "POST",
        _PROVIDER + "account_options_preview/",
        "preview the account options",
        body=_SETTINGS,
        permission=permissions.OWNER,
        since=2026,
        feature="the preview of account options",
        is_safe=True,
        free_form=_SETTINGS,
    ),
    Operation(
        "adopt_provider_accounts",
        "POST",
        _PROVIDER + "adopt_provider_accounts/",
        "link the accounts of users",
        body=("resolutions",),
        permission=permissions.OWNER,
        since=2026,
        feature="service provider accounts",
    ),
    # See api-behaviour: usernames-owned-by-a-provider-account.
    Operation(
        "rename_provider_account",
        "PATCH",
        "/api/marketplace-service-provider-accounts/{uuid}/",
        "rename the service provider account",
        body=("username",),
        permission=permissions.RENAME_PROVIDER_ACCOUNT,
        since=2026,
        feature="service provider accounts",
    ),
    Operation(
        "rename_offering_user",
        "PATCH",
        "/api/marketplace-offering-users/{uuid}/",
        "rename the account",
        body=("username",),
        permission=permissions.RENAME_ACCOUNT,
    ),
    Operation(
        "create_offering_user",
        "POST",
        "/api/marketplace-offering-users/",
        "create the account",
        body=("user_uuid", "offering_uuid", "username"),
        permission=permissions.CREATE_ACCOUNT,
        repeat_safe=False,
    ),
    # See api-behaviour: posix-pools, posix-identities.
    Operation(
        "posix_id_pools",
        "GET",
        _POSIX_ID_POOLS,
        "list the POSIX ID pools",
        query=(
            Parameter("customer_uuid", "uuid"),
            FIELD,
            Parameter("offering_uuid", "offering", match="exact", keys=("offering",)),
        ),
        response="pages",
        permission=permissions.VIEW_POOLS,
        since=2026,
        feature=_POOLS,
        provider_parameter="customer_uuid",
        provider_key="customer_uuid",
    ),
    Operation(
        "posix_id_pool_stats",
        "GET",
        _POSIX_ID_POOLS + "{uuid}/stats/",
        "read the utilization of the POSIX ID pool",
        permission=permissions.VIEW_POOLS,
        since=2026,
        feature=_POOLS,
    ),
    Operation(
        "create_posix_id_pool",
        "POST",
        _POSIX_ID_POOLS,
        "create the POSIX ID pool",
        body=("service_provider", *_POSIX_ID_POOL),
        permission=Permission("MANAGE", prefix="POSIX_ID_POOL", since=2026),
        since=2026,
        feature=_POOLS,
        repeat_safe=False,
    ),
    Operation(
        "update_posix_id_pool",
        "PATCH",
        _POSIX_ID_POOLS + "{uuid}/",
        "change the POSIX ID pool",
        body=_POSIX_ID_POOL,
        permission=_MANAGE_POOL,
        since=2026,
        feature=_POOLS,
    ),
    Operation(
        "delete_posix_id_pool",
        "DELETE",
        _POSIX_ID_POOLS + "{uuid}/",
        "delete the POSIX ID pool",
        permission=_MANAGE_POOL,
        since=2026,
        feature=_POOLS,
    ),
    Operation(
        "posix_identities",
        "GET",
        "/api/marketplace-posix-identities/",
        "list the POSIX identities",
        query=(
            Parameter(
                "consumer_type",
                choices=("user", "robotaccount", "offeringusergroup", "offeringrolegroup"),
                match="exact",
            ),
            Parameter("gid", "int", match="exact"),
            Parameter("gid_max", "int", match="at_or_before", keys=("gid",)),
            Parameter("gid_min", "int", match="at_or_after", keys=("gid",)),
            Parameter("is_released", "bool"),
            Parameter("keyword"),
            ordering("created", "gid", "released_at", "uid"),
            Parameter("offering_uuid", "offering", match="exact"),
            Parameter("pool_uuid", "uuid", match="exact"),
            Parameter("recyclable", "bool", match="exact"),
            Parameter("uid", "int", match="exact"),
            Parameter("uid_max", "int", match="at_or_before", keys=("uid",)),
            Parameter("uid_min", "int", match="at_or_after", keys=("uid",)),
            Parameter("user_uuid", "user", match="exact"),
        ),
        response="pages",
        permission=permissions.VIEW_POOLS,
        since=2026,
        feature=_POOLS,
    ),
    # Reading it gives GIDs to role groups (api-behaviour: directory-output).
    Operation(
        "glauth_tree",
        "GET",
        _PROVIDER + "glauth_tree/",
        "read the directory",
        permission=permissions.OWNER,
        since=2026,
        feature="the directory output",
    ),
    Operation(
        "generate_site_agent_config",
        "POST",
        _PROVIDER + "generate_site_agent_config/",
        "generate the configuration of the site agent",
        body=("offering_uuids", "include_policy_settings", "waldur_api_url", "timezone"),
        permission=Permission("GET_API_SECRET_CODE", since=2026),
        since=2026,
        feature="the configuration of the site agent",
        is_safe=True,
    ),
    Operation("configuration", "GET", "/api/configuration/", "read Waldur's settings"),
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (*_CORE, *_SUPPORTING)}
CORE_NAMES: tuple[str, ...] = tuple(operation.name for operation in _CORE)


def operation(name: str) -> Operation:
    """Return the operation of that name. A ``KeyError`` is a defect of ours, never of the user's."""
    return OPERATIONS[name]
