# SPDX-License-Identifier: GPL-3.0-or-later
"""A case for every kind of write: its task, its request, and how to read the state of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from unit.simulator.api import Api

from simulator_process import Simulator

ALPHA = "Alpha Cloud Ltd"
SPARE = "Spare Customer (no provider)"
LISTING = "marketplace-service-providers/"
EXPIRY = "2027-06-30T00:00:00+00:00"


@dataclass(frozen=True)
class Write:
    """One write. ``path`` is that of the request that meets the faults; ``read_state`` reads what the task changes.

    ``changes`` are those of a run without faults, in their order; ``failing`` is the index of the one whose request
    meets the faults, and ``title`` is the name of that request in messages; ``set_up`` prepares the data that the task
    changes; ``once`` marks a write that must not be sent twice.
    """

    module: str
    options: dict[str, Any]
    method: str
    path: str
    title: str
    read_state: Callable[[Api], Any]
    changes: tuple[str, ...]
    set_up: Callable[[Simulator], Any] = field(default=lambda sim: None)
    once: bool = False
    failing: int = 0

    @property
    def change(self) -> str:
        """Return the name of the change whose request meets the faults."""
        change = self.changes[self.failing]
        return change if self.module == "service_provider" else f"{change} ({ALPHA})"

    @property
    def shown_path(self) -> str:
        """Return the path of that request, with a placeholder for the UUID."""
        action = self.path.removeprefix("*").removeprefix("/")
        return f"/api/{LISTING}" if action == LISTING else f"/api/{LISTING}UUID/{action}"


def provider(api: Api, customer: str) -> list[Any]:
    """Return the description and notifications of each provider of a customer."""
    rows = [row for row in api.rows(LISTING) if row["customer_name"] == customer]
    return [[row["description"], row["enable_notifications"]] for row in rows]


def grants(api: Api, username: str = "rolefree1") -> list[Any]:
    """Return the expiries of all active grants of a user on the first provider."""
    rows = api.rows(f"{api.provider()}list_users/", username=username)
    return [row["expiration_time"] for row in rows]


def usernames(api: Api) -> list[str]:
    """Return the usernames of a user in the first provider's offerings."""
    rows = api.rows("marketplace-offering-users/", user_username="member1")
    return sorted(row["username"] for row in rows if row["customer_name"] == ALPHA)


def code(api: Api) -> str:
    """Return the API secret code of the first provider."""
    return str(api.get_object(f"{api.provider()}api_secret_code/")["api_secret_code"])


def whole(api: Api) -> list[Any]:
    """Return the state of everything in ``DOCUMENT``."""
    return [provider(api, ALPHA), grants(api), grants(api, "manager_alpha"), usernames(api)]


def granted(**fields: Any) -> Callable[[Simulator], Any]:
    """Return a function that creates a grant."""
    return lambda sim: sim.create("Grant", user="rolefree1", role="CUSTOMER.MANAGER", service_provider=ALPHA, **fields)


MANAGER = "rolefree1 as CUSTOMER.MANAGER"
ROLE = {"service_provider": ALPHA, "user": "rolefree1"}
DOCUMENT = {
    "customer": ALPHA,
    "description": "As code",
    "users": [{"user": "rolefree1"}, {"user": "manager_alpha", "state": "absent"}],
    "offering_usernames": [{"user": "member1", "username": "m1"}],
}
WRITES: dict[str, Write] = {
    "create": Write(
        "service_provider",
        {"customer": SPARE, "description": "As code"},
        "POST",
        "*/marketplace-service-providers/",
        "create the service provider",
        lambda api: provider(api, SPARE),
        (f"create {SPARE}",),
        once=True,
    ),
    "update": Write(
        "service_provider",
        {"customer": ALPHA, "description": "As code"},
        "PATCH",
        "*",
        "change the service provider",
        lambda api: provider(api, ALPHA),
        (f"update {ALPHA}",),
    ),
    "delete": Write(
        "service_provider",
        {"customer": "Extra Provider 01", "state": "absent"},
        "DELETE",
        "*",
        "delete the service provider",
        lambda api: provider(api, "Extra Provider 01"),
        ("delete Extra Provider 01",),
    ),
    "grant": Write(
        "user_role", ROLE, "POST", "*/add_user/", "grant the role", grants, (f"grant {MANAGER}",), once=True
    ),
    "extend": Write(
        "user_role",
        {**ROLE, "expiration_time": EXPIRY},
        "POST",
        "*/update_user/",
        "change the expiry of the grant",
        grants,
        (f"extend {MANAGER}",),
        granted(expiration_time="2027-01-01T00:00:00Z"),
    ),
    "revoke": Write(
        "user_role",
        {**ROLE, "state": "absent"},
        "POST",
        "*/delete_user/",
        "revoke the role",
        grants,
        (f"revoke {MANAGER}",),
        granted(),
    ),
    "username": Write(
        "offering_username",
        {"service_provider": ALPHA, "user": "member1", "username": "m1"},
        "POST",
        "*/set_offerings_username/",
        "set the username",
        usernames,
        ("set_username member1",),
    ),
    "rotation": Write(
        "api_secret_code",
        {"service_provider": ALPHA, "state": "rotated"},
        "POST",
        "*/api_secret_code/",
        "rotate the API secret code",
        code,
        ("rotate API secret code",),
        once=True,
    ),
    "document": Write(
        "desired_state",
        {"service_providers": [DOCUMENT]},
        "POST",
        "*/add_user/",
        "grant the role",
        whole,
        (
            f"update {ALPHA}",
            f"grant {MANAGER}",
            "set_username member1",
            "revoke manager_alpha as CUSTOMER.MANAGER",
        ),
        once=True,
        failing=1,
    ),
}
