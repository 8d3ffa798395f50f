# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is the same whether role grants come from the list of all providers or from a list of each."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._references import bulk_lists
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import EXPORT_PARTS, RESOURCES
from simulator_process import Simulator

from .marketplace_model import NOW
from .simulated_situations import UNSHRUNK, Stage, simulated
from .strategies import BETA, EXTRA, Situation

Row = dict[str, Any]
PROVIDERS = [f"{number:x}" * 32 for number in range(1, 4)]
USERS = {f"user{number}": f"{number:x}" * 32 for number in range(4, 8)}
DEACTIVATED = USERS["user7"]
ROLE, OTHER_ROLE = "a" * 32, "b" * 32
ROLES = {ROLE: "CUSTOMER.MANAGER", OTHER_ROLE: "PROVIDER.VIEWER"}
EXPIRIES = (None, "2020-01-01T00:00:00Z", "2026-11-22T22:00:00+00:00", "2030-01-01T00:00:00Z")


class TwoLists:
    """A client of a Waldur of 2026 with grants; ``list_users`` shows those that are active, of active users.

    ``as_staff`` tells whether the token sees the list of all grants.
    """

    has_personal_token = False

    def __init__(self, grants: list[Row], *, as_staff: bool) -> None:
        self.connection = Connection("https://waldur.example.org", "token")
        self.grants, self.as_staff = grants, as_staff
        self.listed: list[str] = []

    def rows(self, name: str, uuid: str | None = None, **query: Any) -> list[Row]:
        """The rows of a list."""
        self.listed.append(name)
        users = [
            {"uuid": user, "username": username, "is_active": user != DEACTIVATED} for username, user in USERS.items()
        ]
        if query.get("is_active") is False:
            users = [user for user in users if not user["is_active"]]
        of_provider = [
            {key: value for key, value in grant.items() if not key.startswith("scope") and key != "is_active"}
            for grant in self.grants
            if grant["is_active"] and grant.get("user_uuid") != DEACTIVATED
            if (grant["scope_type"], grant["scope_uuid"]) == ("service_provider", uuid)
        ]
        lists: dict[str, list[Row]] = {
            "all_role_grants": [grant for grant in self.grants if grant["scope_type"] == "service_provider"],
            "list_users": of_provider,
            "all_users": users,
            "roles": [{"uuid": u, "name": n, "content_type": "service_provider"} for u, n in ROLES.items()],
            "service_providers": [
                {"uuid": p, "customer_uuid": p[::-1][:-1] + "0", "customer_name": p[0], "account_options": {}}
                for p in PROVIDERS
            ],
        }
        return copy.deepcopy(lists.get(name, []))

    def count(self, name: str, uuid: str | None = None, **query: Any) -> int:
        """How many rows a list has."""
        return len(self.rows(name, uuid, **query))

    def get(self, name: str, uuid: str | None = None, **query: Any) -> Row:
        """The user of the token."""
        return {"uuid": USERS["user4"], "is_staff": self.as_staff, "is_support": True, "username": "user4"}

    def now(self) -> datetime:
        """The server's time."""
        return NOW


def grants() -> st.SearchStrategy[list[Row]]:
    grant = st.fixed_dictionaries(
        {
            "user_uuid": st.sampled_from([*USERS.values()]),
            "role_uuid": st.sampled_from([*ROLES]),
            "expiration_time": st.sampled_from(EXPIRIES),
            "is_active": st.sampled_from([True, True, True, False]),
            "scope_type": st.sampled_from(["service_provider"] * 8 + ["customer", "project"]),
            "scope_uuid": st.sampled_from([*PROVIDERS, "c" * 32]),
            # An old Waldur leaves keys out, and a broken one has another type.
            "oddity": st.sampled_from(
                [""] * 60 + ["-user_username", "-expiration_time", "-role_uuid", "-role_name", "!"]
            ),
        }
    )
    return st.lists(grant, max_size=12).map(lambda found: [_complete(number, row) for number, row in enumerate(found)])


def _complete(number: int, grant: Row) -> Row:
    names = {user: username for username, user in USERS.items()}
    row = {
        "uuid": f"{number:032x}",
        "user_username": names[grant["user_uuid"]],
        "user_email": None,
        "role_name": ROLES[grant["role_uuid"]],
        **grant,
    }
    oddity = row.pop("oddity")
    if oddity == "!":
        row["expiration_time"] = "tomorrow"
    row.pop(oddity.removeprefix("-"), None)
    return row


def documents() -> st.SearchStrategy[list[Row]]:
    entry = st.fixed_dictionaries(
        {"user": st.sampled_from([*USERS, *USERS.values(), "nobody"]), "role": st.sampled_from([*ROLES.values()])},
        optional={"expiration_time": st.sampled_from(["never", "2030-01-01", "2020-01-01"])},
    )
    users = st.lists(entry, max_size=5, unique_by=lambda found: (found["user"], found["role"]))
    of_provider = st.fixed_dictionaries({"users": users, "exclusive_users": st.booleans()})
    return st.lists(of_provider, min_size=3, max_size=3).map(
        lambda found: [{"customer": provider[0], **one} for provider, one in zip(PROVIDERS, found, strict=True)]
    )


def _no_image(where: str, path: str) -> ImageFile:
    raise AssertionError(where)


def outcome(world: list[Row], document: list[Row] | None, *, as_staff: bool) -> tuple[Any, list[str]]:
    """Return the plan of ``document``, or the export without one, or the message of the failure; and what was read."""
    client = TwoLists(world, as_staff=as_staff)
    session = Session(cast(Client, client), References(cast(Client, client)), "warn")
    try:
        if document is None:
            return export(session, None, ["users"]), client.listed
        plan = plan_changes(session, RESOURCES, SCHEMA.read(document, _no_image), Limits(continues=True))
    except WaldurError as error:
        return error.message, client.listed
    found = ([change.as_dict() for change in plan.changes], plan.comparison.warnings, plan.summary(done=False))
    return (found, [failure.message for failure in plan.failures]), client.listed


@pytest.fixture(scope="module", autouse=True)
def with_few_providers() -> Iterator[None]:
    """Let the list of all providers be read for three of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_lists, "_FEWEST_PROVIDERS", 2)
        yield


DOUBLE = {"user_uuid": USERS["user5"], "role_uuid": ROLE, "expiration_time": None, "is_active": True, "oddity": ""}
DOUBLE |= {"scope_type": "service_provider", "scope_uuid": PROVIDERS[0]}
KEPT = [{"customer": provider[0], "users": [{"user": "user5"}], "exclusive_users": True} for provider in PROVIDERS]


@given(world=grants(), document=documents())
@example(world=[_complete(number, DOUBLE) for number in range(2)], document=KEPT)
def test_both_lists_give_the_same_plan(world: list[Row], document: list[Row]) -> None:
    at_once, listed = outcome(world, document, as_staff=True)
    one_by_one, single = outcome(world, document, as_staff=False)
    assert at_once == one_by_one
    assert ("all_role_grants" in listed, "all_role_grants" in single) == (True, False)


@given(world=grants())
def test_both_lists_give_the_same_export(world: list[Row]) -> None:
    at_once, listed = outcome(world, None, as_staff=True)
    one_by_one, _single = outcome(world, None, as_staff=False)
    assert at_once == one_by_one
    assert "all_role_grants" in listed


# --- on the simulator, with all resources ----------------------------------------------------------------------------

EXAMPLES = settings(max_examples=settings().max_examples // 12, phases=UNSHRUNK)


@EXAMPLES
@given(situation=simulated(((BETA, EXTRA),)))
def test_lists_of_all_providers_give_the_same_plan_and_export(running_2026: Simulator, situation: Situation) -> None:
    stage = Stage(running_2026)
    stage.set(situation.marketplace)

    def result(fewest: int) -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk_lists, "_FEWEST_PROVIDERS", fewest)
            parts = list(EXPORT_PARTS)
            exported = stage.run_task("desired_state_info", {"parts": parts}, check=True)
            try:
                return [exported, stage.run(situation, check=True)]
            except WaldurError as error:
                return [exported, error.message]

    at_once = result(2)
    assert "GET /api/user-permissions/" in stage.sim.counts().operations
    assert result(100) == at_once
