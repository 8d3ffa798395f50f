# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that write to Waldur, each declared by its resource, and what a task returns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .._common import values
from .._common.errors import InvalidInput, quote
from .._common.expiries import parse_duration
from .._document import loader
from .._document.fields import MappingField, date_places
from .._document.model import ProviderDocument, ReadImage
from .._document.schema import ENTRIES
from .._engine.planner import Plan
from .._plan.limits import Limits
from .._references.targets import Target
from .._resources.base import AnyResource
from .._resources.document_schema import DOCUMENT, SCHEMA
from .._resources.registry import RESOURCES
from .argument_specs import WriteModule, option

_MISSING_USERS = {"type": "str", "choices": ["fail", "warn"], "default": "fail"}
_MAX_REMOVALS = {"type": "int"}
_MAX_RENAMES = {"type": "int"}
_EXPIRING_WITHIN = "expiring_within"
# The mode in which the violations of a policy are only reported.
REPORT = "report"


def _desired_state(options: Mapping[str, Any], read_image: ReadImage) -> list[ProviderDocument]:
    _expiring_within(options)  # so that an error precedes any request
    if options.get("providers_path"):
        return loader.load_documents(options["providers_path"], read_image, SCHEMA)
    return SCHEMA.read(options[ENTRIES], read_image)


def _expiring_within(options: Mapping[str, Any]) -> timedelta | None:
    """Return how far a task looks ahead; None for none, or for the empty text that a playbook hands on for none."""
    value = options.get(_EXPIRING_WITHIN)
    return None if value is None or value == "" else parse_duration(_EXPIRING_WITHIN, value)


def parse_limits(options: Mapping[str, Any], api_url: str) -> Limits:
    """Return the limits of the plan of a task. Raises ``InvalidInput``."""
    only = options.get("only")
    for name in ("max_removals", "max_renames"):
        number = options.get(name)
        if number is not None and number < 0:
            raise InvalidInput(f"{name}: must be 0 or more, and {number} was given.")
    if only is not None:
        only = [values.reference(f"only[{number}]", value) for number, value in enumerate(only)]
    approved, digests = parse_approved(options.get("approved_plan"), api_url)
    path = options.get("policy_path")
    policy = None
    if path is not None:
        from .._document.policy_file import read_policy  # few tasks have a policy

        policy = read_policy(path)
    is_enforced = options.get("policy_mode") != REPORT
    return Limits(
        options.get("max_removals"),
        only,
        approved,
        digests,
        options.get("max_renames"),
        policy,
        is_enforced,
        continues=options.get("on_failure") == "continue",
    )


def parse_approved(plan: Any, api_url: str) -> tuple[list[Mapping[str, Any]] | None, Mapping[str, Any]]:
    """Return the changes of an approved plan (None: there is none), and the digests of the entries that it was made of.

    It is given as its file or that file's content, a task's result, or the bare list, which has no digests.
    """
    if plan is None or (isinstance(plan, str) and not plan.strip()):
        return None, {}  # text is what a playbook or a survey hands on where there is none
    if isinstance(plan, str):
        plan = loader.plan_file(plan)
    changes = plan.get("plan") if isinstance(plan, Mapping) else plan
    if not isinstance(changes, list) or not all(isinstance(change, Mapping) for change in changes):
        raise InvalidInput(
            "approved_plan: is not a valid plan: give the file plan.json, its content, or what"
            " waldur.provider.desired_state returned."
        )
    made_for = plan.get("api_url") if isinstance(plan, Mapping) else None
    if made_for not in (None, api_url):
        raise InvalidInput(
            f"approved_plan: was made for {quote(made_for)}, and this task talks to {api_url}: make a plan there."
        )
    digests = plan.get("digests") if isinstance(plan, Mapping) else None
    if digests is not None and not isinstance(digests, Mapping):
        raise InvalidInput(
            "approved_plan: its digests are not valid: give the file plan.json as it was written, or its content."
        )
    return changes, digests or {}


def _module_of(resource: AnyResource) -> WriteModule:
    """Return the module of a resource, as the resource declares it."""
    declared = resource.module
    reference = declared.reference

    def load(options: Mapping[str, Any], read_image: ReadImage) -> list[ProviderDocument]:
        provider = values.reference(reference.name, options[reference.name])
        return [ProviderDocument("", provider, reference.name, (resource.read_options(options, read_image),))]

    def returns(options: Mapping[str, Any], plan: Plan, done: bool) -> dict[str, Any]:
        return resource.returns(options, plan.results(resource.kind.name, done=done)[0])

    options = {field.name: option(field) for field in (reference, *declared.fields)}
    if declared.is_limited:
        options["max_removals"] = _MAX_REMOVALS
    if declared.renames_accounts:
        options["max_renames"] = _MAX_RENAMES
    if declared.names_users:
        options["missing_users"] = _MISSING_USERS
    removable = tuple(
        field.name for field in declared.fields if isinstance(field, MappingField) and field.keys_are_removable
    )
    return WriteModule(options, load, returns, declared.rules, tuple(date_places(declared.fields)), removable)


def _plan(options: Mapping[str, Any], plan: Plan, done: bool) -> dict[str, Any]:
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


WRITE_MODULES: dict[str, WriteModule] = {
    **{resource.kind.name: _module_of(resource) for resource in RESOURCES},
    "desired_state": WriteModule(
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
            "max_removals": _MAX_REMOVALS,
            "max_renames": _MAX_RENAMES,
            "missing_users": _MISSING_USERS,
            "on_failure": {"type": "str", "choices": ["stop", "continue"], "default": "stop"},
        },
        _desired_state,
        _plan,
        {
            "mutually_exclusive": [[ENTRIES, "providers_path"]],
            "required_one_of": [[ENTRIES, "providers_path"]],
        },
        tuple(date_places((DOCUMENT,))),
    ),
}
