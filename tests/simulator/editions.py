# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between versions of Waldur, as data: the code asks the edition, never for a year."""

from __future__ import annotations

import dataclasses

# The permissions that a 2025 Waldur ships with both roles (contract 1.16).
PROVIDER_PERMISSIONS = tuple(
    f"SERVICE_PROVIDER.{name}"
    for name in (
        "GET_API_SECRET_CODE",
        "GENERATE_API_SECRET_CODE",
        "LIST_CUSTOMERS",
        "LIST_CUSTOMER_PROJECTS",
        "LIST_PROJECTS",
        "LIST_PROJECT_PERMISSIONS",
        "LIST_KEYS",
        "LIST_USERS",
        "LIST_USER_CUSTOMERS",
        "SET_OFFERINGS_USERNAME",
        "GET_STATISTICS",
        "GET_REVENUE",
        "GET_ROBOT_ACCOUNT_CUSTOMERS",
        "GET_ROBOT_ACCOUNT_PROJECTS",
    )
)


@dataclasses.dataclass(frozen=True)
class Edition:
    """One version of Waldur.

    ``utc_suffix`` is how a UTC moment ends (contract 1.10); ``manager_scope`` the scope type of
    CUSTOMER.MANAGER (contract 3.a); ``account_option_column`` the offering's column that holds
    ``service_provider_can_create_offering_user``; ``shipped_permissions`` what roles hold beyond the world file.
    """

    name: str
    version: str
    latest_version: str
    utc_suffix: str
    manager_scope: str
    manager_description: str
    account_option_column: str
    shipped_permissions: dict[str, tuple[str, ...]]


EDITIONS = {
    edition.name: edition
    for edition in (
        Edition(
            name="2025",
            version="7.9.0",
            latest_version="7.9.0",
            utc_suffix="+00:00",
            manager_scope="service_provider",
            manager_description="Service provider manager",
            account_option_column="plugin_options",
            shipped_permissions={
                "CUSTOMER.OWNER": PROVIDER_PERMISSIONS,
                "CUSTOMER.MANAGER": PROVIDER_PERMISSIONS,
            },
        ),
    )
}

_current = EDITIONS["2025"]


def current() -> Edition:
    """The edition that this process answers as."""
    return _current


def choose(name: str) -> Edition:
    """Answer as the edition *name* from now on; raises ``KeyError`` for an unknown one."""
    global _current  # noqa: PLW0603 - one process is one server
    _current = EDITIONS[name]
    return _current
