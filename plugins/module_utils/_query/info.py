# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that read, one declaration each: over which operations, and what they return."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._api.operations import operation
from .._common import values as document
from .._common.errors import InvalidInput
from .._common.types import Row
from .._context import Session
from .._export.document import export
from .._references.references import Target
from .._resources.api_secret_code import fingerprint
from .._resources.registry import EXPORT_PARTS
from . import filters
from .reader import finished, read, warn_of_hidden_accounts

Options = Mapping[str, Any]
Spec = dict[str, Any]

_DIGITS = re.compile(r"[0-9]{1,18}")
_PROVIDER: Spec = {"service_provider": {"type": "raw", "required": True}}


@dataclass(frozen=True)
class Info:
    """One module that reads: the operations behind it, its options, and how it answers.

    ``operations`` are those whose query parameters are its options.
    """

    operations: tuple[str, ...]
    options: Spec
    answer: Callable[[Session, Options], dict[str, Any]]
    rules: Mapping[str, Any] = field(default_factory=dict)


def provider(session: Session, options: Options) -> Target:
    """The service provider that the task names."""
    reference = document.reference("service_provider", options["service_provider"])
    return session.references.target("service_provider", "service_provider", reference)


def _asked(name: str, options: Options) -> dict[str, Any]:
    """The options that filter the operation ``name``."""
    return {key: value for key, value in options.items() if key in filters.options(operation(name))}


def _form(options: Options) -> dict[str, Any]:
    """The options that say how much of a list, and in what order."""
    return {key: options[key] for key in filters.FORM if options.get(key) is not None}


def _rows(key: str, rows: list[Row]) -> dict[str, Any]:
    return {key: rows, "count": len(rows)}


def _specs(*names: str, without: tuple[str, ...] = ()) -> Spec:
    """The options of several operations. What only one of them takes chooses that one, so it is not required."""
    found: Spec = {}
    for name in names:
        found.update({key: one for key, one in filters.spec(operation(name)).items() if key not in without})
    return {key: {word: value for word, value in one.items() if word != "required"} for key, one in found.items()}


def _list(key: str, name: str, **chosen: str) -> Info:
    """A list. ``chosen``: an option, and the operation that is asked instead where it is given."""

    def answer(session: Session, options: Options) -> dict[str, Any]:
        found = next((other for option, other in chosen.items() if options.get(option) is not None), name)
        return _rows(
            key, read(session, found, provider(session, options), {**_asked(found, options), **_form(options)})
        )

    names = (name, *chosen.values())
    return Info(names, {**_PROVIDER, **_specs(*names)}, answer)


# --- those that are more than one list -------------------------------------------------------------------------------


def _service_providers(session: Session, options: Options) -> dict[str, Any]:
    asked = _asked("service_providers", options)
    if options.get("service_provider") is None:
        return _rows("service_providers", read(session, "service_providers", None, {**asked, **_form(options)}))
    given = [key for key, value in {**asked, **_form(options)}.items() if value is not None and key != "fields"]
    if given:
        raise InvalidInput(f"service_provider: names one of them, so {', '.join(given)} must be left out.")
    selection = filters.selection(operation("service_providers"), _form(options))
    row = session.client.get("service_provider", provider(session, options).uuid, field=selection.fields)
    return _rows("service_providers", finished(session, [row], selection, {}))


def _offering_usernames(session: Session, options: Options) -> dict[str, Any]:
    target = provider(session, options)
    warn_of_hidden_accounts(session, target)
    given = {**_asked("offering_users", options), **_form(options), "provider": target.customer_uuid}
    return _rows("offering_usernames", read(session, "offering_users", target, given))


def _robot_accounts(session: Session, options: Options) -> dict[str, Any]:
    """Both lists; a filter that belongs to one of them alone leaves the other out."""
    lists = {
        "customer": ("robot_account_customers", "customer_name"),
        "project": ("robot_account_projects", "project_name"),
    }
    named = [kind for kind, (_name, option) in lists.items() if options.get(option) is not None]
    rows = [
        {"scope_type": kind, **row}
        for kind, (name, option) in lists.items()
        if not named or kind in named
        for row in read(session, name, provider(session, options), _asked(name, options))
    ]
    selection = filters.selection(operation("robot_account_customers"), _form(options))
    return _rows("robot_accounts", finished(session, rows, selection, {}))


def _compliance(session: Session, options: Options) -> dict[str, Any]:
    target = provider(session, options)
    accounts = read(session, "compliance_offering_users", target, _asked("compliance_offering_users", options))
    found = {
        "overview": read(session, "compliance_overview", target, {}),
        "offering_users": accounts,
        "checklists": read(session, "checklists_summary", target, {}),
    }
    return {"compliance": found, "count": len(accounts)}


def _statistics(session: Session, options: Options) -> dict[str, Any]:
    return {"statistics": session.client.get("stat", provider(session, options).uuid), "count": 1}


def _revenue(session: Session, options: Options) -> dict[str, Any]:
    """Numbers as numbers: old servers give year and month as text."""
    months = session.client.rows("revenue", provider(session, options).uuid)
    rows = [{key: _number(value) for key, value in row.items()} for row in months]
    return _rows("revenue", finished(session, rows, filters.selection(operation("revenue"), _form(options)), {}))


def _number(value: Any) -> Any:
    """Return a number given as text as a number, and all else as it is."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _api_secret_code(session: Session, options: Options) -> dict[str, Any]:
    code = session.client.secret_code(provider(session, options).uuid or "")
    found: dict[str, Any] = {"fingerprint": fingerprint(code) if code else None}
    return {**found, "api_secret_code": code} if options["reveal"] else found


def _desired_state(session: Session, options: Options) -> dict[str, Any]:
    return export(session, options.get("service_providers"), options["parts"])


INFOS: dict[str, Info] = {
    "service_provider_info": Info(
        ("service_providers", "service_provider"),
        {"service_provider": {"type": "raw"}, **_specs("service_providers")},
        _service_providers,
    ),
    "customer_info": _list("customers", "customers", user="user_customers"),
    "project_info": _list("projects", "projects", project_customer="customer_projects"),
    "project_permission_info": _list("project_permissions", "project_permissions"),
    "user_info": _list("users", "users"),
    "user_role_info": _list("user_roles", "list_users"),
    "ssh_key_info": _list("ssh_keys", "keys"),
    "offering_info": _list("offerings", "offerings"),
    "course_account_info": _list("course_accounts", "course_accounts"),
    "project_service_account_info": _list("project_service_accounts", "project_service_accounts"),
    "robot_account_info": Info(
        ("robot_account_customers", "robot_account_projects"),
        {**_PROVIDER, **_specs("robot_account_customers", "robot_account_projects")},
        _robot_accounts,
    ),
    "revenue_info": Info(("revenue",), {**_PROVIDER, **_specs("revenue")}, _revenue),
    "statistics_info": Info(("stat",), dict(_PROVIDER), _statistics),
    "compliance_info": Info(
        ("compliance_overview", "compliance_offering_users", "checklists_summary"),
        {**_PROVIDER, **_specs("compliance_offering_users", without=filters.FORM)},
        _compliance,
    ),
    "offering_username_info": Info(
        ("offering_users",),
        {**_PROVIDER, **_specs("offering_users", without=("provider",))},
        _offering_usernames,
    ),
    "api_secret_code_info": Info(
        ("api_secret_code",), {**_PROVIDER, "reveal": {"type": "bool", "default": False}}, _api_secret_code
    ),
    "desired_state_info": Info(
        (),
        {
            "service_providers": {"type": "raw", "aliases": ["service_provider"]},
            "parts": {"type": "list", "elements": "str", "choices": list(EXPORT_PARTS), "default": list(EXPORT_PARTS)},
        },
        _desired_state,
    ),
}
