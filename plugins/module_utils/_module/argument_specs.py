# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of modules, and their argument specs, derived from what resources and operations declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, TypeAlias

from .._api.operations import OPERATIONS
from .._common.errors import InvalidInput
from .._context import Session
from .._document.fields import BooleanField, ChoiceField, Field, ListField, MappingField, NumberField
from .._document.model import ProviderDocument, ReadImage
from .._engine.plan import Plan

if TYPE_CHECKING:  # a module that writes needs nothing of what reads
    from .._query.info import Info

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
# What several modules that write have in common.
MISSING_USERS = {"type": "str", "choices": ["fail", "warn"], "default": "fail"}
MAX_REMOVALS = {"type": "int"}
MAX_RENAMES = {"type": "int"}


@dataclass(frozen=True)
class WriteModule:
    """A module that writes to Waldur: its options, and the rules between them.

    ``load`` returns the desired state that the options name, and ``plan`` the plan for it. ``returns`` returns
    what the module adds to the result; its last argument says whether the plan was applied.
    ``dates`` are the places in its options that take a date as YAML makes it of unquoted text. ``removable`` are the
    options of the type dict in which null removes a key, though Ansible does not tell it from one that is left out.
    """

    options: Spec
    load: Callable[[Mapping[str, Any], ReadImage], list[ProviderDocument]]
    plan: Callable[[Session, Mapping[str, Any], ReadImage], Plan]
    returns: Callable[[Mapping[str, Any], Plan, bool], dict[str, Any]]
    rules: Mapping[str, Any] = dataclass_field(default_factory=dict)
    dates: tuple[str, ...] = ()
    removable: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileModule:
    """A module that writes files: its own options, what it does, and the rules between them.

    ``run`` takes the session, the options, whether it is check mode, and whether to return differences. It returns the
    result.
    """

    options: Spec
    run: Callable[[Session, Mapping[str, Any], bool, bool], dict[str, Any]]
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


Module: TypeAlias = "WriteModule | Info | FileModule | OfflineModule | TargetModule"


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


def reject_negative_limits(options: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for a negative limit."""
    for name in ("max_removals", "max_renames"):
        number = options.get(name)
        if number is not None and number < 0:
            raise InvalidInput(f"{name}: must be 0 or more, and {number} was given.")


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
