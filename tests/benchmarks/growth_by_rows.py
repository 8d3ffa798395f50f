# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how time and memory grow with the rows of an export, a report and an inventory, and the check of a plan.

It measures in this process, without a server: the CPU time, and the peak memory without the rows themselves.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from unit.plugins.helpers.recording_client import AskedClient, staff

from ansible_collections.waldur.provider.plugins.inventory.inventory import InventoryModule
from ansible_collections.waldur.provider.plugins.module_utils._document.writer import document_text
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._module.plan_limits import parse_approved
from ansible_collections.waldur.provider.plugins.module_utils._plan.approval import require_approved
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import (
    GrantEntry,
    Grants,
    GrantState,
    UserRole,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import ProviderRows
from ansible_collections.waldur.provider.plugins.plugin_utils._report.render import report_html
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD

from .bench import Bench
from .result_table import Row, seconds, times

MOST_BYTES = 2000
# A row may take this many times as long in the longest list as in the shortest.
MOST_GROWTH = 1.5
READ_AT = "2026-11-22"
ROLE: dict[str, Any] = {
    "uuid": "a" * 32,
    "name": "CUSTOMER.MANAGER",
    "content_type": "service_provider",
    "is_active": True,
}
PROVIDER: dict[str, Any] = {"uuid": "1" * 32, "customer_uuid": "2" * 32, "customer_name": "ACME", "account_options": {}}


@dataclass(frozen=True)
class Case:
    """A measured function: ``make`` returns the rows of a list of a length, and ``run`` processes them."""

    name: str
    make: Callable[[int], list[dict[str, Any]]]
    run: Callable[[list[dict[str, Any]]], Any]


def rows(bench: Bench) -> Iterator[Row]:
    """Measure lists of several lengths, and the check of an approved plan."""
    for case in CASES:
        yield from _measure_case(case, bench.sizes.lengths)
    yield _approval(bench.sizes.changes)


def _measure_case(case: Case, lengths: tuple[int, ...]) -> Iterator[Row]:
    shortest = 0.0
    for length in lengths:
        listed = case.make(length)
        each = _seconds(case, listed) / length
        shortest = shortest or each
        growth = each / shortest
        what = f"{case.name} of {length:,} rows"
        yield Row(
            what,
            seconds(each * length),
            f"{each * 1e6:.0f} microseconds a row",
            times(growth),
            f"<= {MOST_GROWTH} x a row of the first",
            growth <= MOST_GROWTH,
        )
        taken = _memory(case, listed) / length
        budget = f"<= {MOST_BYTES:,} bytes a row"
        yield Row("  memory", f"{taken:,.0f} bytes", "a row, beside the rows", "", budget, taken <= MOST_BYTES)


def _seconds(case: Case, listed: list[dict[str, Any]]) -> float:
    gc.collect()
    begin = time.process_time()
    case.run(listed)
    return time.process_time() - begin


def _memory(case: Case, listed: list[dict[str, Any]]) -> int:
    """Return the peak memory in bytes while the rows are processed, without the rows themselves."""
    gc.collect()
    tracemalloc.start()
    case.run(listed)
    _current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _approval(count: int) -> Row:
    entries = tuple(GrantEntry(f"users[{number}]", f"user{number}") for number in range(count))
    users = {entry.user: User(f"b{number:031x}", entry.user) for number, entry in enumerate(entries)}
    client = AskedClient()
    state = GrantState([], {ROLE["name"]: ROLE}, client.now())
    target = Target(PROVIDER["customer_uuid"], "", PROVIDER["customer_name"], PROVIDER["uuid"])
    changes = UserRole().compare(client.session(), target, Grants(entries), state, users).changes
    plan = json.loads(json.dumps([change.as_dict() for change in changes]))
    gc.collect()
    begin = time.process_time()
    approved, _digests = parse_approved(plan, client.connection.api_url)
    require_approved(changes, approved or ())
    taken = time.process_time() - begin
    return Row(f"approved plan of {count:,} changes checked", seconds(taken), "", "", "<= 0.2 s", taken <= 0.2)


# --- measured functions ----------------------------------------------------------------------------------------------


def _grants(count: int) -> list[dict[str, Any]]:
    return [
        {
            "uuid": f"{number:032x}",
            "created": "2026-01-01T00:00:00Z",
            "expiration_time": None if number % 2 else "2030-01-01T00:00:00Z",
            "role_name": ROLE["name"],
            "role_uuid": ROLE["uuid"],
            "user_uuid": f"b{number:031x}",
            "user_username": f"user{number}",
            "user_email": f"user{number}@example.org",
            "user_full_name": f"User {number}",
            "created_by_full_name": "Staff",
            "created_by_uuid": "c" * 32,
        }
        for number in range(count)
    ]


def _accounts(count: int) -> list[dict[str, Any]]:
    return [
        {
            "uuid": f"{number:032x}",
            "user_username": f"user{number}",
            "user_full_name": f"User {number}",
            "username": f"u{number}",
            "state": "Error creating",
            "offering_name": "Cluster",
            "service_provider_comment": "Failed",
        }
        for number in range(count)
    ]


def _users(count: int) -> list[dict[str, Any]]:
    """Return rows with as many fields as those of users."""
    return [
        {
            "uuid": f"{number:032x}",
            "username": f"user{number}",
            "is_active": True,
            **{f"field_{field}": f"{number} {field}" for field in range(27)},
        }
        for number in range(count)
    ]


def _export(listed: list[dict[str, Any]]) -> str:
    client = AskedClient({"service_providers": [PROVIDER], "list_users": listed, "roles": [ROLE]}, {"me": staff()})
    return document_text(export(client.session(), None, ["users"])["service_providers"], [])


def _report(key: str) -> Callable[[list[dict[str, Any]]], str]:
    return lambda listed: report_html({"profile": PROVIDER, key: listed}, moment=READ_AT)


OPTIONS = {
    "hosts": "users",
    "hostvars_prefix": "waldur_",
    "default_groups": True,
    "machines": False,
    "use_extra_vars": False,
}


class _Inventory(InventoryModule):
    """The inventory plugin without a file and a server."""

    def __init__(self) -> None:
        super().__init__()
        self.inventory = InventoryData()
        if IS_OLD:  # where only parse() sets it
            self.templar = Templar(DataLoader())
        self._vars: dict[str, Any] = {}
        self._option_values = {"hostname": ["username"]}

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return OPTIONS.get(option)


def _inventory(listed: list[dict[str, Any]]) -> InventoryData:
    plugin = _Inventory()
    plugin._populate([ProviderRows(PROVIDER, listed)])
    return plugin.inventory


CASES = (
    Case("export", _grants, _export),
    Case("report of role grants", _grants, _report("roles")),
    Case("report of accounts", _accounts, _report("offering_usernames")),
    Case("inventory", _users, _inventory),
)
