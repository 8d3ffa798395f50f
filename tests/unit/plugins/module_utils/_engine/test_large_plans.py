# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of many service providers: what they cost grows as their number does, and no faster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from types import FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import WRITE_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._plan.approval import require_approved
from ansible_collections.waldur.provider.plugins.module_utils._plan.diff import diff
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.differences import render_differences
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.markdown_page import render_plan


class ManyProviders:
    """A client whose server has ``number`` customers, each a service provider, and as many users."""

    connection = SimpleNamespace(api_url="https://waldur.example.org")
    has_personal_token = False

    def __init__(self, number: int) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            "service_providers": [
                {
                    "uuid": f"a{index:031x}",
                    "customer_uuid": f"c{index:031x}",
                    "customer_name": f"Provider {index}",
                    "description": "old",
                    "account_options": {},
                }
                for index in range(number)
            ],
            "all_customers": [{"uuid": f"c{index:031x}", "name": f"Provider {index}"} for index in range(number)],
            "all_users": [
                {"uuid": f"e{index:031x}", "username": f"user{index}", "is_active": True} for index in range(number)
            ],
            "roles": [{"uuid": "f" * 32, "name": "CUSTOMER.MANAGER", "content_type": "service_provider"}],
        }

    def get(self, name: str, **query: Any) -> dict[str, Any]:
        """Return the user of the token."""
        return {"uuid": "d" * 32, "is_staff": True}

    def rows(self, name: str, uuid: str | None = None, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of a list; nobody holds a role yet."""
        return self.lists.get(name, [])

    def count(self, name: str, **query: Any) -> int:
        """Return how many rows a list has."""
        return len(self.lists[name])

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(timezone.utc)


def no_image(where: str, path: str) -> ImageFile:
    raise AssertionError(where)


def planned(number: int, references: str = "Provider {}") -> Callable[[], Plan]:
    entries = [
        {"customer": references.format(index), "description": "new", "users": [{"user": f"user{index}"}]}
        for index in range(number)
    ]
    document: list[ProviderDocument] = SCHEMA.read(entries, no_image)
    client = cast(Client, ManyProviders(number))
    return lambda: plan_changes(
        Session(client, References(client)), RESOURCES, document, Limits(only=[*references_of(entries)])
    )


def references_of(entries: list[dict[str, Any]]) -> list[str]:
    return [str(entry["customer"]) for entry in entries]


def plan_of(number: int) -> list[dict[str, Any]]:
    return [change.as_dict() for change in planned(number)().changes]


STEPS: dict[str, Callable[[int], Callable[[], Any]]] = {
    "plan by name": planned,
    "plan by UUID": lambda number: planned(number, "c{:031x}"),
    "diff": lambda number: partial(diff, planned(number)().changes),
    "return": lambda number: partial(WRITE_MODULES["desired_state"].returns, {}, planned(number)(), False),
    "predict": lambda number: partial(planned(number)().results, "user_role", done=False),
    "approve": lambda number: partial(require_approved, planned(number)().changes, plan_of(number)),
    "markdown": lambda number: partial(render_plan, plan_of(number), max_length=10_000_000),
    "differences": lambda number: partial(render_differences, plan_of(number)),
}


def cost(step: Callable[[], Any]) -> int:
    """Count the instructions of Python that ``step`` takes, which are as many on every machine."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        step()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", STEPS)
def test_twice_as_many_providers_cost_about_twice_as_much(name: str) -> None:
    assert cost(STEPS[name](100)) < 2.3 * cost(STEPS[name](50))
