# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``desired_state``, which plans the entries of documents with all resources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .._common.expiries import parse_duration
from .._context import Session
from .._document import loader
from .._document.fields import date_places
from .._document.model import ProviderDocument, ReadImage
from .._document.schema import ENTRIES
from .._engine.plan import Plan
from .._engine.planner import plan_changes
from .._plan.limits import REPORT
from .._references.targets import Target
from .._resources.document_schema import DOCUMENT, SCHEMA
from .._resources.registry import RESOURCES
from . import fleet
from .argument_specs import MAX_REMOVALS, MAX_RENAMES, MISSING_USERS, WriteModule
from .plan_limits import parse_limits

_EXPIRING_WITHIN = "expiring_within"


def _load(options: Mapping[str, Any], read_image: ReadImage) -> list[ProviderDocument]:
    _expiring_within(options)  # so that an error precedes any request
    if options.get("providers_path"):
        return loader.load_documents(options["providers_path"], read_image, SCHEMA)
    return SCHEMA.read(options[ENTRIES], read_image)


def _expiring_within(options: Mapping[str, Any]) -> timedelta | None:
    """Return how far a task looks ahead; None for none, or for the empty text that a playbook hands on for none."""
    value = options.get(_EXPIRING_WITHIN)
    return None if value is None or value == "" else parse_duration(_EXPIRING_WITHIN, value)


def _plan(session: Session, options: Mapping[str, Any], read_image: ReadImage) -> Plan:
    if fleet.can_share(options):
        return fleet.plan_shared(session, options, read_image)
    limits = parse_limits(options, session.client.connection.api_url)
    return plan_changes(session, RESOURCES, _load(options, read_image), limits)


def _returns(options: Mapping[str, Any], plan: Plan, done: bool) -> dict[str, Any]:
    result = {
        "plan": [change.as_dict() for change in plan.changes],
        "summary": plan.summary(done=done),
        "service_providers": [_shown(target) for target in plan.targets],
        "without_entry": [_shown(target) for target in plan.without_entry],
        "api_url": plan.api_url,
        "digests": dict(plan.digests),
    }
    if options.get("policy_path") is not None:
        result["policy_violations"] = [violation.as_dict() for violation in plan.violations]
    if (within := _expiring_within(options)) is not None:
        result["expiring"] = [item.as_dict() for item in plan.expiring(within)]
    if options.get("list_left_out") is not False:
        result["left_out"] = [_shown(target) for target in plan.left_out]
    if options.get("on_failure") == "continue":
        result["failed_providers"] = []  # the task fails where there are some
    if options.get("list_kept"):
        result["kept"] = [item.as_dict() for item in plan.kept()]
    return result


def _shown(target: Target) -> dict[str, Any]:
    return {"name": target.name, "customer_uuid": target.customer_uuid, "uuid": target.uuid}


DESIRED_STATE = WriteModule(
    {
        ENTRIES: {"type": "list", "elements": "raw"},
        "providers_path": {"type": "path"},
        "only": {"type": "list", "elements": "raw"},
        "approved_plan": {"type": "raw"},
        "policy_path": {"type": "path"},
        "policy_mode": {"type": "str", "choices": ["enforce", REPORT], "default": "enforce"},
        _EXPIRING_WITHIN: {"type": "raw"},
        "list_kept": {"type": "bool", "default": False},
        "list_left_out": {"type": "bool", "default": True},
        "max_removals": MAX_REMOVALS,
        "max_renames": MAX_RENAMES,
        "missing_users": MISSING_USERS,
        "on_failure": {"type": "str", "choices": ["stop", "continue"], "default": "stop"},
    },
    _load,
    _plan,
    _returns,
    {
        "mutually_exclusive": [[ENTRIES, "providers_path"]],
        "required_one_of": [[ENTRIES, "providers_path"]],
    },
    tuple(date_places((DOCUMENT,))),
)
