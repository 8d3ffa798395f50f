# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs of the modules, derived from what resources and operations declare, and what a task returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import timedelta
from typing import Any, TypeAlias

from .._api.operations import OPERATIONS
from .._common import values
from .._common.errors import InvalidInput, quote
from .._common.expiries import parse_duration
from .._document import loader
from .._document.fields import (
    BooleanField,
    ChoiceField,
    Field,
    ListField,
    MappingField,
    NumberField,
    date_places,
)
from .._document.model import ProviderDocument, ReadImage
from .._document.policy_file import read_policy
from .._document.schema import ENTRIES
from .._engine.planner import Plan
from .._export.result_files import write_result_files
from .._linux.options import OPTIONS as LINUX_ACCOUNTS
from .._plan.limits import Limits
from .._query.facts import FACTS
from .._query.info import INFOS, Info
from .._references.targets import Target
from .._resources.base import AnyResource
from .._resources.document_schema import DOCUMENT, SCHEMA
from .._resources.registry import RESOURCES
from .._validation.desired_state_validate import REPORTS, validate

Spec = dict[str, Any]

# No defaults here: they would override values from other sources (see ``connection_options.resolve``).
CONNECTION: Spec = {
    "api_url": {"type": "str"},
    "access_token": {"type": "str", "no_log": True},
    "token_file": {"type": "path", "no_log": False},
    # A list, or text; it may hold a secret.
    "token_command": {"type": "raw", "no_log": True},
    "auth_scheme": {"type": "str", "choices": ["Token", "Bearer"]},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "float"},
    "retries": {"type": "int"},
    "profile": {"type": "str"},
}
_MISSING_USERS = {"type": "str", "choices": ["fail", "warn"], "default": "fail"}
_MAX_REMOVALS = {"type": "int"}
_MAX_RENAMES = {"type": "int"}
_EXPIRING_WITHIN = "expiring_within"
# The mode in which the violations of a policy are only reported.
REPORT = "report"


@dataclass(frozen=True)
class WriteModule:
    """A module that writes to Waldur: its options, the rules between them, their desired state, and what it returns.

    ``dates`` are the places in its options that take a date as YAML makes it of unquoted text. ``removable`` are the
    options of the type dict in which null removes a key, though Ansible does not tell it from one that is left out.
    """

    options: Spec
    load: Callable[[Mapping[str, Any], ReadImage], list[ProviderDocument]]
    returns: Callable[[Mapping[str, Any], Plan, bool], dict[str, Any]]
    rules: Mapping[str, Any] = dataclass_field(default_factory=dict)
    dates: tuple[str, ...] = ()
    removable: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileModule:
    """A module that writes files: its own options, and the rules between them."""

    options: Spec
    rules: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class OfflineModule:
    """A module that needs no Waldur, and always runs on the controller: its options, and what it does.

    ``run`` takes the options, what reads an image, whether it is check mode, and whether to return differences. It
    returns the result. ``data`` are the options that hold data of any kind, which is neither checked nor shown in the
    invocation.
    """

    options: Spec
    run: Callable[[Mapping[str, Any], ReadImage, bool, bool], dict[str, Any]]
    rules: Mapping[str, Any] = dataclass_field(default_factory=dict)
    data: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TargetModule:
    """A module that runs on the machine that it changes, with its own entry point: its options.

    It has no action plugin, so that Ansible runs it there, with ``become`` and the interpreter of the machine.
    """

    options: Spec
    rules: Mapping[str, Any] = dataclass_field(default_factory=dict)


Module: TypeAlias = WriteModule | Info | FileModule | OfflineModule | TargetModule


def spec(module: Module) -> Spec:
    """Return the whole argument spec of a module."""
    return module.options if isinstance(module, (OfflineModule, TargetModule)) else {**CONNECTION, **module.options}


def dates(module: Module) -> frozenset[str]:
    """Return the places in the options of a module that take a date as YAML makes it of unquoted text."""
    if isinstance(module, WriteModule):
        return frozenset(module.dates)
    if isinstance(module, (FileModule, OfflineModule, TargetModule)):
        return frozenset()
    parameters = [
        parameter
        for name in module.operations
        for parameter in OPERATIONS[name].query
        if parameter.type in ("timestamp", "date")
    ]
    return frozenset(
        name + end for parameter in parameters for name in (parameter.name, parameter.option) for end in ("", "[]")
    )


def keep_nulls(module: Module, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a task with an empty text for each null that removes a key, as Ansible drops nulls.

    A boolean takes no empty text, so there null stays, and is left out.
    """
    result = dict(arguments)
    for name in module.removable if isinstance(module, WriteModule) else ():
        if isinstance(result.get(name), Mapping):
            inner = module.options[name]["options"]
            booleans = {key for key, spec in inner.items() if spec["type"] == "bool"}
            result[name] = {k: "" if v is None and k not in booleans else v for k, v in result[name].items()}
    return result


def option(field: Field[Any]) -> Spec:
    """Return the argument spec of a field.

    Text, references and dates are raw: Ansible would make text of numbers, and 007 would become "7" unnoticed.
    """
    spec: Spec = {"type": "raw"}
    if isinstance(field, BooleanField):
        spec["type"] = "bool"
    elif isinstance(field, NumberField):
        spec["type"] = "int"
    elif isinstance(field, ChoiceField):
        spec.update(type="str", choices=list(field.choices))
    elif isinstance(field, MappingField):
        spec.update(type="dict", options={inner.name: option(inner) for inner in field.fields})
        for inner in spec["options"].values() if field.keys_are_removable else ():
            if "choices" in inner:
                inner["choices"].append("")
    elif isinstance(field, ListField):
        item = option(field.item)
        spec.update({"type": "list", "elements": item.pop("type"), **item})
    if field.required:
        spec["required"] = True
    if field.default is not None:
        spec["default"] = field.default
    return spec


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
    policy = None if path is None else read_policy(path)
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

# The modules that write files, and change nothing in Waldur.
FILE_MODULES: dict[str, FileModule] = {
    "desired_state_file": FileModule(
        {
            **INFOS["desired_state_info"].options,
            "dest": {"type": "path", "required": True},
            "images": {"type": "bool", "default": True},
        }
    ),
}

# The modules that send no request.
OFFLINE_MODULES: dict[str, OfflineModule] = {
    "desired_state_validate": OfflineModule(
        {
            "providers_path": {"type": "path", "required": True},
            "policy_path": {"type": "path"},
            **{option: {"type": "path"} for option in REPORTS},
        },
        lambda options, read_image, check, _diff: validate(options, read_image, check=check),
    ),
    "output_files": OfflineModule(
        {
            "directory": {"type": "path"},
            "files": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": {"type": "path"},
                    "content": {"type": "raw", "required": True},
                    "show_diff": {"type": "bool", "default": True},
                },
            },
            "stats": {"type": "dict"},
        },
        lambda options, _read_image, check, diff: write_result_files(options, check=check, diff=diff),
        data=frozenset({"files", "stats"}),
    ),
}

# The modules that run on machines.
TARGET_MODULES: dict[str, TargetModule] = {"linux_accounts": TargetModule(LINUX_ACCOUNTS)}

MODULES: dict[str, Module] = {
    **WRITE_MODULES,
    **INFOS,
    **FACTS,
    **FILE_MODULES,
    **OFFLINE_MODULES,
    **TARGET_MODULES,
}
