# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that read: one declaration each, with its operations, options and results.

A module that returns one list is one line of ``INFOS``: ``"thing_info": _list("things", "list_things")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._api.operations import operation
from .._api.parameters import Parameter
from .._common import uuids
from .._common import values as document
from .._common.errors import ErrorResponse, InvalidInput, NotFound
from .._common.types import Row
from .._context import Session
from .._export.document import export
from .._references.targets import Target
from .._resources.api_secret_code import fingerprint
from .._resources.registry import EXPORT_PARTS
from . import filters
from .linux_accounts import LINUX_ACCOUNTS_OPTIONS, read_linux_accounts
from .reader import arrange_rows, read, resolve_reference
from .site_agent_config import read_site_agent_config

Options = Mapping[str, Any]
Spec = dict[str, Any]

_DIGITS = re.compile(r"[0-9]{1,18}")
_DIRECTORY_IN_CHECK_MODE = (
    "Skipped in check mode, as Waldur gives GIDs to role groups when the directory is read. Set check_mode: false for"
    " this task to read it all the same."
)
_PROVIDER: Spec = {"service_provider": {"type": "raw", "required": True}}


@dataclass(frozen=True)
class Info:
    """One module that reads.

    ``operations`` are those whose query parameters are its options; ``answer`` returns its results; ``rules`` are the
    rules between options, as in an argument spec. ``is_skipped_in_check_mode`` says why the module must not run in
    check mode, where reading changes something in Waldur; ``find_check_mode_obstacle`` says so where it depends on the
    options, and is empty where it may run.
    """

    operations: tuple[str, ...]
    options: Spec
    answer: Callable[[Session, Options], dict[str, Any]]
    rules: Mapping[str, Any] = field(default_factory=dict)
    is_skipped_in_check_mode: str = ""
    find_check_mode_obstacle: Callable[[Options], str] = lambda options: ""


def get_provider(session: Session, options: Options) -> Target:
    """Return the service provider that the option ``service_provider`` refers to."""
    reference = document.reference("service_provider", options["service_provider"])
    return session.references.resolve_target("service_provider", "service_provider", reference)


def _filter_options(name: str, options: Options) -> dict[str, Any]:
    """Return the options that filter the list operation ``name``."""
    return {key: value for key, value in options.items() if key in filters.options(operation(name))}


def _list_options(options: Options) -> dict[str, Any]:
    """Return the options that are no filters: fields, order and limit."""
    return {key: options[key] for key in filters.LIST_OPTIONS if options.get(key) is not None}


def _result(key: str, rows: list[Row]) -> dict[str, Any]:
    return {key: rows, "count": len(rows)}


def _merge_specs(*names: str, without: tuple[str, ...] = ()) -> Spec:
    """Return the options of several operations; none is required, as an option may belong to one of them alone."""
    merged: Spec = {}
    for name in names:
        merged.update({key: spec for key, spec in filters.spec(operation(name)).items() if key not in without})
    return {key: {word: value for word, value in spec.items() if word != "required"} for key, spec in merged.items()}


def _list(key: str, name: str, **alternatives: str) -> Info:
    """Declare a module that returns the rows of the list operation ``name`` under ``key``.

    ``alternatives`` are options, each with the operation that is used instead if the option is given.
    """

    def answer(session: Session, options: Options) -> dict[str, Any]:
        operation_name = next(
            (alternative for option, alternative in alternatives.items() if options.get(option) is not None), name
        )
        return _result(
            key,
            read(
                session,
                operation_name,
                get_provider(session, options),
                {**_filter_options(operation_name, options), **_list_options(options)},
            ),
        )

    names = (name, *alternatives.values())
    return Info(names, {**_PROVIDER, **_merge_specs(*names)}, answer)


# --- those that are more than one list -------------------------------------------------------------------------------


def _service_providers(session: Session, options: Options) -> dict[str, Any]:
    query = {**_filter_options("service_providers", options), **_list_options(options)}
    if options.get("service_provider") is None:
        return _result("service_providers", read(session, "service_providers", None, query))
    _reject_filters("service_provider", "provider", query)
    selection = filters.parse_selection(operation("service_providers"), _list_options(options))
    row = session.client.get("service_provider", get_provider(session, options).uuid, field=selection.fields)
    return _result("service_providers", arrange_rows(session, [row], selection, {}))


def _reject_filters(option: str, object_name: str, values: Options) -> None:
    """Raise ``InvalidInput`` for filters, an order or a limit beside an option that selects a single object."""
    names = [key for key, value in values.items() if value is not None and key != "fields"]
    if names:
        raise InvalidInput(f"{option}: selects a single {object_name}, so {', '.join(names)} must be left out.")


def _provider_accounts(session: Session, options: Options) -> dict[str, Any]:
    """Return the accounts of a provider, or only the one that ``provider_account`` names."""
    target = get_provider(session, options)
    query = {**_filter_options("provider_accounts", options), **_list_options(options)}
    if options.get("provider_account") is None:
        return _result("provider_accounts", read(session, "provider_accounts", target, query))
    _reject_filters("provider_account", "account", query)
    uuid = filters.parse_uuid("provider_account", options["provider_account"])
    selection = filters.parse_selection(operation("provider_accounts"), _list_options(options))
    row = _provider_account(session, target, uuid, selection.fields)
    return _result("provider_accounts", arrange_rows(session, [row], selection, {}))


def _provider_account(session: Session, target: Target, uuid: str, fields: tuple[str, ...] | None) -> Row:
    """Return the account of a provider with that UUID. Raises ``InvalidInput`` if the provider has none."""
    key = operation("provider_accounts").provider_key
    try:
        row = session.client.get("provider_account", uuid, field=[*fields, key] if fields else None)
    except NotFound:
        row = {}
    if uuids.normalize(row.get(key)) != target.uuid:
        raise InvalidInput(
            f"provider_account: service provider account '{uuid}' not found at {target.name}, or not readable with this"
            " token: use the uuid of one of its accounts."
        )
    return row


def _posix_id_pools(session: Session, options: Options) -> dict[str, Any]:
    """Return the pools of a provider and of its offerings, each with its ``statistics`` where these are asked for."""
    target = get_provider(session, options)
    query = {**_filter_options("posix_id_pools", options), **_list_options(options)}
    if not options["statistics"]:
        return _result("posix_id_pools", _read_pools(session, target, query))
    fields = query.pop("fields", None)
    pools = []
    for row in _read_pools(session, target, {**query, **({"fields": [*fields, "uuid"]} if fields else {})}):
        statistics = session.client.get("posix_id_pool_stats", row["uuid"])
        shown = {key: value for key, value in row.items() if not fields or key in fields}
        pools.append({**shown, "statistics": statistics})
    return _result("posix_id_pools", pools)


def _read_pools(session: Session, target: Target, query: Options) -> list[Row]:
    """Return the pools of a provider and of its offerings; warn where it may have some that the token does not see."""
    rows = read(session, "posix_id_pools", target, query)
    if not rows and session.references.posix_id_pools.may_miss_pools(target):
        needed = operation("posix_id_pools").permission.describe()
        session.warnings.append(f"{target.name}: its POSIX ID pools are not visible to this token: {needed}.")
    return rows


def _posix_identities(session: Session, options: Options) -> dict[str, Any]:
    """Return the identities in the pools of a provider and of its offerings, or in one of them."""
    target = get_provider(session, options)
    query = _filter_options("posix_identities", options)
    pools = [row["uuid"] for row in _read_pools(session, target, {"fields": ["uuid"]})]
    if query.get("pool") is not None:
        pool = filters.parse_uuid("pool", query["pool"])
        pools = [uuid for uuid in pools if uuids.normalize(uuid) == pool]
        if not pools:
            raise InvalidInput(
                f"pool: POSIX ID pool '{pool}' not found at {target.name}, or not readable with this token: use the"
                " uuid of one of its pools."
            )
    listing = operation("posix_identities")
    selection = filters.parse_selection(listing, _list_options(options))
    # Which are the first is known only when all rows are sorted.
    query["limit"] = None if selection.order_by else selection.limit
    rows = [row for uuid in pools for row in read(session, listing.name, target, {**query, "pool": uuid})]
    return _result("posix_identities", arrange_rows(session, rows, selection, filters.orders(listing)))


def _robot_accounts(session: Session, options: Options) -> dict[str, Any]:
    """Return both lists, or only one if a filter of it is given."""
    lists = {
        "customer": ("robot_account_customers", "customer_name"),
        "project": ("robot_account_projects", "project_name"),
    }
    named = [kind for kind, (_name, option) in lists.items() if options.get(option) is not None]
    rows = [
        {"scope_type": kind, **row}
        for kind, (name, option) in lists.items()
        if not named or kind in named
        for row in read(session, name, get_provider(session, options), _filter_options(name, options))
    ]
    selection = filters.parse_selection(operation("robot_account_customers"), _list_options(options))
    return _result("robot_accounts", arrange_rows(session, rows, selection, {}))


def _compliance(session: Session, options: Options) -> dict[str, Any]:
    target = get_provider(session, options)
    accounts = read(session, "compliance_offering_users", target, _filter_options("compliance_offering_users", options))
    compliance = {
        "overview": read(session, "compliance_overview", target, {}),
        "offering_users": accounts,
        "checklists": read(session, "checklists_summary", target, {}),
    }
    return {"compliance": compliance, "count": len(accounts)}


def _statistics(session: Session, options: Options) -> dict[str, Any]:
    return {"statistics": session.client.get("stat", get_provider(session, options).uuid), "count": 1}


def _revenue(session: Session, options: Options) -> dict[str, Any]:
    """Return the revenue with numbers as numbers: old servers return year and month as text."""
    months = session.client.rows("revenue", get_provider(session, options).uuid)
    rows = [{key: _number(value) for key, value in row.items()} for row in months]
    return _result(
        "revenue",
        arrange_rows(session, rows, filters.parse_selection(operation("revenue"), _list_options(options)), {}),
    )


def _number(value: Any) -> Any:
    """Return a number given as text as a number, and all else as it is."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _directory(session: Session, options: Options) -> dict[str, Any]:
    """Return the directory of a provider, and what Waldur warns of as warnings; reading it gives out GIDs
    (api-behaviour: directory-output)."""
    target = get_provider(session, options)
    directory = session.client.get("glauth_tree", target.uuid)
    texts, users = directory.get("warnings"), directory.get("users")
    session.warnings.extend(f"{target.name}: {text}" for text in (texts if isinstance(texts, list) else ()))
    return {"directory": directory, "count": len(users) if isinstance(users, list) else 0}


def _site_agent_config(session: Session, options: Options) -> dict[str, Any]:
    """Return the configuration of the site agent, as text and as data, without secrets."""
    target = get_provider(session, options)
    offering = Parameter("offering_uuids", "offering")
    body: dict[str, Any] = {
        key: options[key]
        for key in ("include_policy_settings", "waldur_api_url", "timezone")
        if options[key] is not None
    }
    references = enumerate(options["offerings"])
    named = [
        (f"offerings[{number}]", document.reference(f"offerings[{number}]", reference))
        for number, reference in references
    ]
    if not named:
        raise InvalidInput("offerings: is empty: name at least one offering of the type of the site agent.")
    body["offering_uuids"] = [
        resolve_reference(session, target, offering, where, reference) for where, reference in named
    ]
    try:
        text = session.client.preview_text("generate_site_agent_config", target.uuid or "", body=body)
    except ErrorResponse as error:
        if offering.name not in error.message:
            raise
        shown = ", ".join(reference for _where, reference in named)
        raise InvalidInput(
            f"offerings: Waldur generates a configuration only for offerings of the type of the site agent, and did not"
            f" accept {shown} as such offerings of {target.name}: leave out those of another type. {error.message}"
        ) from None
    text, config = read_site_agent_config(text)
    return {"site_agent_config": config, "text": text, "count": len(config["offerings"])}


def _api_secret_code(session: Session, options: Options) -> dict[str, Any]:
    code = session.client.secret_code(get_provider(session, options).uuid or "")
    result: dict[str, Any] = {"fingerprint": fingerprint(code) if code else None}
    return {**result, "api_secret_code": code} if options["reveal"] else result


def _linux_accounts(session: Session, options: Options) -> dict[str, Any]:
    return read_linux_accounts(session, get_provider(session, options), options)


def _desired_state(session: Session, options: Options) -> dict[str, Any]:
    return export(session, options.get("service_providers"), options["parts"])


INFOS: dict[str, Info] = {
    "service_provider_info": Info(
        ("service_providers", "service_provider"),
        {"service_provider": {"type": "raw"}, **_merge_specs("service_providers")},
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
        {**_PROVIDER, **_merge_specs("robot_account_customers", "robot_account_projects")},
        _robot_accounts,
    ),
    "revenue_info": Info(("revenue",), {**_PROVIDER, **_merge_specs("revenue")}, _revenue),
    "statistics_info": Info(("stat",), dict(_PROVIDER), _statistics),
    "compliance_info": Info(
        ("compliance_overview", "compliance_offering_users", "checklists_summary"),
        {**_PROVIDER, **_merge_specs("compliance_offering_users", without=filters.LIST_OPTIONS)},
        _compliance,
    ),
    "offering_username_info": _list("offering_usernames", "offering_users"),
    "provider_account_info": Info(
        ("provider_accounts", "provider_account"),
        {**_PROVIDER, "provider_account": {"type": "raw"}, **_merge_specs("provider_accounts")},
        _provider_accounts,
    ),
    "posix_id_pool_info": Info(
        ("posix_id_pools", "posix_id_pool_stats"),
        {**_PROVIDER, **_merge_specs("posix_id_pools"), "statistics": {"type": "bool", "default": False}},
        _posix_id_pools,
    ),
    "posix_identity_info": Info(
        ("posix_identities",), {**_PROVIDER, **_merge_specs("posix_identities")}, _posix_identities
    ),
    "username_conflict_info": _list("username_conflicts", "username_conflicts"),
    "project_group_info": _list("project_groups", "project_groups"),
    "api_secret_code_info": Info(
        ("api_secret_code",), {**_PROVIDER, "reveal": {"type": "bool", "default": False}}, _api_secret_code
    ),
    "directory_info": Info(
        ("glauth_tree",),
        dict(_PROVIDER),
        _directory,
        is_skipped_in_check_mode=_DIRECTORY_IN_CHECK_MODE,
    ),
    "site_agent_config_info": Info(
        (),
        {
            **_PROVIDER,
            "offerings": {"type": "list", "elements": "raw", "required": True, "aliases": ["offering_uuids"]},
            "include_policy_settings": {"type": "bool", "default": True},
            "waldur_api_url": {"type": "str"},
            "timezone": {"type": "str"},
        },
        _site_agent_config,
    ),
    "linux_accounts_info": Info(
        (),
        {**_PROVIDER, **LINUX_ACCOUNTS_OPTIONS},
        _linux_accounts,
        find_check_mode_obstacle=lambda options: _DIRECTORY_IN_CHECK_MODE if options["directory"] else "",
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
