# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of a resource, as the resource declares it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from .._common import values
from .._context import Session
from .._document.fields import MappingField, date_places
from .._document.model import ProviderDocument, ReadImage
from .._engine.plan import Plan
from .._engine.planner import plan_changes
from .._plan.limits import Limits
from .._resources.base import AnyResource
from .argument_specs import MAX_REMOVALS, MAX_RENAMES, MISSING_USERS, WriteModule, option, reject_negative_limits


@cache
def resource_module(resource: AnyResource) -> WriteModule:
    """Return the module of a resource."""
    declared = resource.module
    reference = declared.reference

    def load(options: Mapping[str, Any], read_image: ReadImage) -> list[ProviderDocument]:
        provider = values.reference(reference.name, options[reference.name])
        return [ProviderDocument("", provider, reference.name, (resource.read_options(options, read_image),))]

    def plan(session: Session, options: Mapping[str, Any], read_image: ReadImage) -> Plan:
        reject_negative_limits(options)
        limits = Limits(max_removals=options.get("max_removals"), max_renames=options.get("max_renames"))
        return plan_changes(session, (resource,), load(options, read_image), limits)

    def returns(options: Mapping[str, Any], plan: Plan, done: bool) -> dict[str, Any]:
        return resource.returns(options, plan.results(resource.kind.name, done=done)[0])

    options = {field.name: option(field) for field in (reference, *declared.fields)}
    if declared.is_limited:
        options["max_removals"] = MAX_REMOVALS
    if declared.renames_accounts:
        options["max_renames"] = MAX_RENAMES
    if declared.names_users:
        options["missing_users"] = MISSING_USERS
    removable = tuple(
        field.name for field in declared.fields if isinstance(field, MappingField) and field.keys_are_removable
    )
    return WriteModule(options, load, plan, returns, declared.rules, tuple(date_places(declared.fields)), removable)
