# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which right each operation needs, and which Waldur has which operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .operations import Operation


@dataclass(frozen=True)
class _Permission:
    """Who besides staff may call an operation, by the edition of Waldur (api-behaviour: roles-shipped, operations,
    rights-by-operation).

    ``name`` follows ``SERVICE_PROVIDER.``; a role on the provider's customer that carries it opens the operation since
    2025. With ``on_provider`` a role on the provider does too since 2026, and with ``support`` a support token.
    ``owner_in_2024`` tells that Waldur of 2024, which has no such permissions, looks at the role CUSTOMER.OWNER.
    """

    name: str
    on_provider: bool = False
    support: bool = False
    owner_in_2024: bool = False


_OWNER = "it takes a staff token, or the role CUSTOMER.OWNER on the provider's customer"

_STAFF = "role changes need a staff token on most Waldur versions"

_RIGHTS: dict[str, str | _Permission] = {
    "create": "it takes a staff token, or the permission SERVICE_PROVIDER.REGISTER on the customer",
    "update": _OWNER,
    "partial_update": _OWNER,
    "destroy": _OWNER,
    "add_user": _STAFF,
    "update_user": _STAFF,
    "delete_user": _STAFF,
    "list_users": (
        "it takes a staff or support token, a role on the service provider, or a role with CUSTOMER.VIEW_TEAM on its"
        " customer or PROJECT.VIEW_TEAM on a project of that customer"
    ),
    "set_offerings_username": _Permission("SET_OFFERINGS_USERNAME", owner_in_2024=True),
    "api_secret_code": _Permission("GET_API_SECRET_CODE", owner_in_2024=True),
    "generate_api_secret_code": _Permission("GENERATE_API_SECRET_CODE", owner_in_2024=True),
    "stat": _Permission("GET_STATISTICS", on_provider=True, support=True),
    "revenue": _Permission("GET_REVENUE", on_provider=True, support=True),
    "customers": _Permission("LIST_CUSTOMERS", on_provider=True),
    "customer_projects": _Permission("LIST_CUSTOMER_PROJECTS", on_provider=True),
    "projects": _Permission("LIST_PROJECTS", on_provider=True, owner_in_2024=True),
    "project_permissions": _Permission("LIST_PROJECT_PERMISSIONS", owner_in_2024=True),
    "users": _Permission("LIST_USERS", on_provider=True, owner_in_2024=True),
    "user_customers": _Permission("LIST_USER_CUSTOMERS"),
    "keys": _Permission("LIST_KEYS", owner_in_2024=True),
    "course_accounts": _Permission("LIST_COURSE_ACCOUNTS"),
    "project_service_accounts": _Permission("LIST_SERVICE_ACCOUNTS"),
    "robot_account_customers": _Permission("GET_ROBOT_ACCOUNT_CUSTOMERS"),
    "robot_account_projects": _Permission("GET_ROBOT_ACCOUNT_PROJECTS"),
    "compliance_overview": _Permission("LIST_CUSTOMERS", on_provider=True),
    "compliance_offering_users": _Permission("LIST_CUSTOMERS", on_provider=True),
    "checklists_summary": _Permission("LIST_CUSTOMERS", on_provider=True),
}

_UNKNOWN_RIGHT = "the token's user lacks the right"

# Of the rows of providers, those that a Waldur of that year and newer ones have (api-behaviour: editions-detect).
_KEYS_OF_EDITIONS = (("account_options", 2026), ("customer_slug", 2025))

_NEWER_ROUTES = {
    "list_users": "This Waldur has no roles on service providers (2025 or newer).",
    "add_user": "This Waldur has no roles on service providers (2025 or newer).",
    "update_user": "This Waldur has no roles on service providers (2025 or newer).",
    "delete_user": "This Waldur has no roles on service providers (2025 or newer).",
    "compliance_overview": "This Waldur has no compliance reports (2025 or newer).",
    "compliance_offering_users": "This Waldur has no compliance reports (2025 or newer).",
    "checklists_summary": "This Waldur has no compliance reports (2025 or newer).",
    "course_accounts": "This Waldur has no list of course accounts (2025 or newer).",
    "project_service_accounts": "This Waldur has no list of project service accounts (2025 or newer).",
}


def edition_of(provider: Mapping[str, Any]) -> int:
    """Return the year of the API that a Waldur speaks, by the keys of a whole row of its providers."""
    return next((year for key, year in _KEYS_OF_EDITIONS if key in provider), 2024)


def is_personal(auth_scheme: str, token: str) -> bool:
    """Return whether a token is a personal access token (api-behaviour: personal-access-tokens)."""
    return auth_scheme == "Bearer" and token.startswith("w_")


def right_for(operation: Operation, edition: int | None = None, *, personal: bool = False) -> str:
    """Return what a caller needs for ``operation``, as the end of a sentence.

    ``edition`` is the server's, None while it is not known: then the text names every case. ``personal`` tells that
    the caller used a personal access token.
    """
    right = _RIGHTS.get(operation.name, _UNKNOWN_RIGHT)
    if isinstance(right, str):
        return f"{right}, and no personal access token" if personal and right == _STAFF else right
    text = _needed_in(right, edition) if edition else _needed_in_any(right)
    if not personal:
        return text
    return f"{text}; a personal access token must list that permission, and if it is bound, be bound to the customer"


def _needed_in(right: _Permission, edition: int) -> str:
    if edition < 2025:
        return _OWNER if right.owner_in_2024 else _UNKNOWN_RIGHT
    permission = f"it takes the permission SERVICE_PROVIDER.{right.name} on the"
    if edition >= 2026 and right.on_provider:
        return f"{permission} service provider or its customer{', or a support token' if right.support else ''}"
    until = " before 2026" if right.on_provider else ""
    return f"{permission} provider's customer (a role on the service provider is not enough{until})"


def _needed_in_any(right: _Permission) -> str:
    newest, older = _needed_in(right, 2026), _needed_in(right, 2025)
    cases = [f"on Waldur of 2025 and newer {newest}"]
    if newest != older:
        cases = [f"on Waldur of 2026 {newest}", f"on Waldur of 2025 {older}"]
    if right.owner_in_2024:
        cases.append(f"on Waldur of 2024 {_OWNER}")
    return "; ".join(cases)


def staff_refused(*, personal: bool) -> str:
    """Return why a request of staff, who may do everything, can be refused, as the end of a sentence."""
    if personal:
        return "the token's user is staff, so the personal access token itself lacks the permission: use a normal one"
    return "the token's user is staff, so not a missing role but a proxy or a setting of this Waldur refuses it"


def defect_of(operation: Operation, *, personal: bool) -> str:
    """Return why a Waldur breaks on ``operation`` (5xx), as an addition to a sentence; empty where it is not known."""
    if personal and _RIGHTS.get(operation.name) == _STAFF:
        return ", as it does on role changes with a personal access token: use a normal staff token, auth_scheme: Token"
    return ""


def route_missing(operation: Operation) -> str:
    """Why an HTML 404 came: the server has no such route (api-behaviour: missing-routes; a missing object answers in
    JSON)."""
    return _NEWER_ROUTES.get(
        operation.name,
        f"Cannot {operation.title}: there is no such address on this server: does api_url name a Waldur?",
    )
