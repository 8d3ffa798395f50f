# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules, and what they mean: task options → wishes of the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._api.operations import OPERATIONS
from .._common import values
from .._common.errors import InvalidInput, quote
from .._document import loader, model, schema
from .._document.model import DEFAULT_ROLE, Desired, ReadImage
from .._engine.planner import Limits, Plan
from .._query.facts import FACTS
from .._query.info import INFOS, Info
from .._references.references import Target
from .._resources.api_secret_code import ApiSecretCode
from .._resources.base import AnyResource
from .._resources.offering_username import OfferingUsername
from .._resources.service_provider import ServiceProvider
from .._resources.user_role import UserRole

Spec = dict[str, Any]

# No defaults here: a value set anywhere else must be able to speak (see ``_connection.resolve``).
CONNECTION: Spec = {
    "api_url": {"type": "str"},
    "access_token": {"type": "str", "no_log": True},
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
_STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}

# References, names and dates are raw: Ansible would make text of numbers, and 007 would become "7" unnoticed.
_REFERENCE = {"type": "raw", "required": True}
_GRANT: Spec = {
    "role": {"type": "raw", "default": DEFAULT_ROLE},
    "expiration_time": {"type": "raw"},
    "state": _STATE,
}


@dataclass(frozen=True)
class Task:
    """One module that writes: its own options, the rules between them, what they wish for, and what it returns.

    ``dates`` are the places in its options that take a date as YAML makes it of unquoted text.
    """

    options: Spec
    wishes: Callable[[Mapping[str, Any], ReadImage], list[Desired]]
    returns: Callable[[Mapping[str, Any], Plan, bool], dict[str, Any]]
    rules: Mapping[str, Any] = field(default_factory=dict)
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Files:
    """One module that writes files: its own options, and the rules between them."""

    options: Spec
    rules: Mapping[str, Any] = field(default_factory=dict)


def spec(task: Task | Info | Files) -> Spec:
    """The whole argument spec of a module."""
    return {**CONNECTION, **task.options}


def dates(task: Task | Info | Files) -> frozenset[str]:
    """Return the places in the options of a module that take a date as YAML makes it of unquoted text."""
    if isinstance(task, Task):
        return frozenset(task.dates)
    if isinstance(task, Files):
        return frozenset()
    found = [one for name in task.operations for one in OPERATIONS[name].query if one.type in ("timestamp", "date")]
    return frozenset(name + end for one in found for name in (one.name, one.option) for end in ("", "[]"))


def _one_provider(options: Mapping[str, Any], **parts: Any) -> list[Desired]:
    name = values.reference("service_provider", options["service_provider"])
    return [Desired("", name, "service_provider", **parts)]


def _service_provider(options: Mapping[str, Any], read_image: ReadImage) -> list[Desired]:
    if options["state"] == "absent":
        for key in schema.PROFILE_KEYS:
            if options.get(key) is not None:
                raise InvalidInput(f"{key}: can't go with state: absent, which deletes the provider: leave it out.")
    profile = schema.profile("", options["state"], options, read_image)
    return [Desired("", values.reference("customer", options["customer"]), profile=profile)]


def _user_role(options: Mapping[str, Any], read_image: ReadImage) -> list[Desired]:
    if options.get("users") is not None:
        _only_single(options, {"role": DEFAULT_ROLE, "expiration_time": None, "state": "present"}, "users")
        grants = schema.grants("users", options["users"], options["exclusive"])
        return _one_provider(options, grants=grants)
    if options["exclusive"]:
        raise InvalidInput(
            "exclusive: goes with users only: with one user, each item of a loop would revoke the others."
        )
    entry = schema.grant("", {key: options.get(key) for key in ("user", *_GRANT)})
    return _one_provider(options, grants=model.Grants((entry,), single=True))


def _offering_username(options: Mapping[str, Any], read_image: ReadImage) -> list[Desired]:
    if options.get("usernames") is not None:
        _only_single(options, {"username": None}, "usernames")
        return _one_provider(options, usernames=schema.usernames("usernames", options["usernames"]))
    entry = schema.username("", {key: options.get(key) for key in ("user", "username")})
    return _one_provider(options, usernames=model.Usernames((entry,), single=True))


def _only_single(options: Mapping[str, Any], defaults: Mapping[str, Any], list_option: str) -> None:
    for key, default in defaults.items():
        if options.get(key) != default:
            raise InvalidInput(f"{key}: goes with user; each entry of {list_option} has its own.")


def _api_secret_code(options: Mapping[str, Any], read_image: ReadImage) -> list[Desired]:
    code = {key: options.get(key) for key in ("state", "fingerprint")}
    return _one_provider(options, secret_code=schema.secret_code("", code))


def _desired_state(options: Mapping[str, Any], read_image: ReadImage) -> list[Desired]:
    if options.get("providers_path"):
        return loader.wishes(options["providers_path"], read_image)
    return schema.parse(options["service_providers"], read_image)


def limits(options: Mapping[str, Any], api_url: str) -> Limits:
    """What the task allows its plan to be. Raises ``InvalidInput``."""
    removals, only = options.get("max_removals"), options.get("only")
    if removals is not None and removals < 0:
        raise InvalidInput(f"max_removals: must be 0 or more, and {removals} was given.")
    if only is not None:
        only = [values.reference(f"only[{number}]", value) for number, value in enumerate(only)]
    approved, digests = _approved(options.get("approved_plan"), api_url)
    return Limits(removals, only, approved, digests)


def _approved(given: Any, api_url: str) -> tuple[list[Mapping[str, Any]] | None, Mapping[str, Any]]:
    """Return the changes of an approved plan, and the digests of the entries that it was made of.

    It is given as its file or that file's content, a task's result, or the bare list, which has no digests.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return None, {}  # text is what a playbook or a survey hands on where there is none
    if isinstance(given, str):
        given = loader.plan_file(given)
    changes = given.get("plan") if isinstance(given, Mapping) else given
    if not isinstance(changes, list) or not all(isinstance(change, Mapping) for change in changes):
        raise InvalidInput(
            "approved_plan: is no plan: give the file plan.json, its content, or what waldur.provider.desired_state"
            " returned."
        )
    made_for = given.get("api_url") if isinstance(given, Mapping) else None
    if made_for not in (None, api_url):
        raise InvalidInput(
            f"approved_plan: was made for {quote(made_for)}, and this task talks to {api_url}: make a plan there."
        )
    digests = given.get("digests") if isinstance(given, Mapping) else None
    return changes, digests if isinstance(digests, Mapping) else {}


def _returns(resource: AnyResource) -> Callable[[Mapping[str, Any], Plan, bool], dict[str, Any]]:
    return lambda options, plan, done: resource.returns(options, plan.results(resource.kind.name, done=done)[0])


def _plan(options: Mapping[str, Any], plan: Plan, done: bool) -> dict[str, Any]:
    return {
        "plan": [change.as_dict() for change in plan.changes],
        "summary": plan.summary(done=done),
        "left_out": [_shown(target) for target in plan.left_out],
        "without_entry": [_shown(target) for target in plan.without_entry],
        "api_url": plan.api_url,
        "digests": dict(plan.digests),
    }


def _shown(target: Target) -> dict[str, Any]:
    return {"name": target.name, "customer_uuid": target.customer_uuid, "uuid": target.uuid}


WRITERS: dict[str, Task] = {
    "service_provider": Task(
        {
            "customer": _REFERENCE,
            "description": {"type": "raw"},
            "enable_notifications": {"type": "bool"},
            "image": {"type": "raw"},
            "allowed_domains": {"type": "list", "elements": "raw"},
            "account_options": {"type": "dict"},
            "state": _STATE,
        },
        _service_provider,
        _returns(ServiceProvider()),
    ),
    "user_role": Task(
        {
            "service_provider": _REFERENCE,
            "user": {"type": "raw"},
            **_GRANT,
            "users": {"type": "list", "elements": "dict", "options": {"user": _REFERENCE, **_GRANT}},
            "exclusive": {"type": "bool", "default": False},
            "max_removals": {"type": "int"},
            "missing_users": _MISSING_USERS,
        },
        _user_role,
        _returns(UserRole()),
        {"mutually_exclusive": [["user", "users"]], "required_one_of": [["user", "users"]]},
        (*schema.GRANT_DATES, *(f"users[].{key}" for key in schema.GRANT_DATES)),
    ),
    "offering_username": Task(
        {
            "service_provider": _REFERENCE,
            "user": {"type": "raw"},
            "username": {"type": "raw"},
            "usernames": {
                "type": "list",
                "elements": "dict",
                "options": {"user": _REFERENCE, "username": _REFERENCE},
            },
            "missing_users": _MISSING_USERS,
        },
        _offering_username,
        _returns(OfferingUsername()),
        {
            "mutually_exclusive": [["user", "usernames"]],
            "required_one_of": [["user", "usernames"]],
            "required_by": {"user": ["username"]},
        },
    ),
    "api_secret_code": Task(
        {
            "service_provider": _REFERENCE,
            "state": {"type": "str", "choices": ["present", "rotated"], "default": "present"},
            "fingerprint": {"type": "raw"},
            "reveal": {"type": "bool", "default": False},
        },
        _api_secret_code,
        _returns(ApiSecretCode()),
    ),
    "desired_state": Task(
        {
            "service_providers": {"type": "list", "elements": "raw"},
            "providers_path": {"type": "path"},
            "only": {"type": "list", "elements": "raw"},
            "approved_plan": {"type": "raw"},
            "max_removals": {"type": "int"},
            "missing_users": _MISSING_USERS,
        },
        _desired_state,
        _plan,
        {
            "mutually_exclusive": [["service_providers", "providers_path"]],
            "required_one_of": [["service_providers", "providers_path"]],
        },
        tuple(f"service_providers[].users[].{key}" for key in schema.GRANT_DATES),
    ),
}

# What writes files from what Waldur says, and nothing to Waldur.
FILES: dict[str, Files] = {
    "desired_state_file": Files(
        {
            **INFOS["desired_state_info"].options,
            "dest": {"type": "path", "required": True},
            "images": {"type": "bool", "default": True},
        }
    ),
}

TASKS: dict[str, Task | Info | Files] = {**WRITERS, **INFOS, **FACTS, **FILES}
