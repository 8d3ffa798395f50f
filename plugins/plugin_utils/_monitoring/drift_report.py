# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of ``drift.json`` and the providers that were compared, checked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.shown_changes import (
    ShownChange,
    parse_plan,
)

# A provider: its name, and its customer's UUID, as names are not unique.
Provider = tuple[str, str]
_RETURNED = "the list 'service_providers' in the result of waldur.provider.desired_state"
_STATUSES = ("clean", "drift", "error")


@dataclass(frozen=True)
class DriftReport:
    """The result of a check for drift: the changes that would repair it, by provider, also of those without changes.

    ``has_failed`` says that the check was not possible, and ``message`` then says why.
    """

    has_failed: bool
    message: str
    changes: Mapping[Provider, list[ShownChange]]


def parse_report(drift: Any, service_providers: Any) -> DriftReport:
    """Return the report that ``drift`` holds, with all of the providers. Raises ``InvalidInput``."""
    if not isinstance(drift, Mapping) or drift.get("status") not in _STATUSES:
        raise InvalidInput("_input: must be the content of drift.json, which the role waldur.provider.drift writes.")
    changes: dict[Provider, list[ShownChange]] = {
        (str(row["name"]), str(row["customer_uuid"])): []
        for row in parse_rows("service_providers", service_providers, ("name", "customer_uuid"), _RETURNED)
    }
    for change in parse_plan(drift.get("plan")):
        changes.setdefault(change.provider, []).append(change)
    return DriftReport(drift["status"] == "error", str(drift.get("message") or ""), changes)


def parse_rows(option: str, value: Any, keys: Sequence[str], source: str) -> list[Mapping[str, Any]]:
    """Return the rows of an option, each of which has a value for all ``keys``; none for null.

    ``source`` says in the message where the rows come from. Raises ``InvalidInput``.
    """
    is_list = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    rows: list[Any] = list(value) if is_list else [] if value is None else [value]
    if not all(isinstance(row, Mapping) and all(row.get(key) for key in keys) for row in rows):
        raise InvalidInput(f"{option}: must be {source}.")
    return rows
