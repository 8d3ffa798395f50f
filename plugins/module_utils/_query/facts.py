# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of one service provider: the subsets, and how ``gather_subset`` selects them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._api.operations import operation
from .._common import values as document
from .._common.errors import Forbidden, RouteMissing
from .._context import Session
from .._http.pagination import PAGES_AT_ONCE
from . import filters
from .account_facts import read_account_facts
from .info import INFOS, Info, Options, get_provider
from .reader import warn_of_hidden_rows

# The list behind each count.
_COUNTS = {
    "customers": "customers",
    "projects": "projects",
    "users": "users",
    "offerings": "offerings",
    "ssh_keys": "keys",
    "project_permissions": "project_permissions",
    "course_accounts": "course_accounts",
    "project_service_accounts": "project_service_accounts",
}
_COMPLIANCE = ("completed", "pending", "no_checklist")


def _profile(session: Session, options: Options) -> Any:
    target = get_provider(session, options)
    # If the provider was looked up in this run, the list of providers held the whole row.
    row = target.row or session.client.get("service_provider", target.uuid)
    return filters.trim_rows([row], None)[0]


def _info(module: str, key: str) -> Callable[[Session, Options], Any]:
    """Return a function that reads what an info module returns under ``key``, without filters."""
    return lambda session, options: INFOS[module].answer(session, options)[key]


def _compliance(session: Session, options: Options) -> Any:
    target = get_provider(session, options)
    uuid = target.uuid
    warn_of_hidden_rows(session, operation("compliance_offering_users"), target)
    overview = session.client.rows("compliance_overview", uuid)
    with ThreadPoolExecutor(len(_COMPLIANCE)) as pool:
        counts = pool.map(
            lambda status: session.client.count("compliance_offering_users", uuid, compliance_status=status),
            _COMPLIANCE,
        )
        return {"overview": overview, "offering_users": dict(zip(_COMPLIANCE, counts, strict=True))}


def _accounts(session: Session, options: Options) -> Any:
    return read_account_facts(session, get_provider(session, options))


def _counts(session: Session, options: Options) -> Any:
    """Return the number of rows of each list, null where it can't be read: hardly any token may read all of them.

    Raises ``Forbidden`` or ``RouteMissing`` if none can be read.
    """
    target = get_provider(session, options)
    uuid = target.uuid
    warn_of_hidden_rows(session, operation("users"), target)

    def count(name: str) -> int | Forbidden | RouteMissing:
        try:
            return session.client.count(name, uuid)
        except (Forbidden, RouteMissing) as error:
            return error

    with ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
        results = dict(zip(_COUNTS, pool.map(count, _COUNTS.values()), strict=True))
    errors = {name: error for name, error in results.items() if not isinstance(error, int)}
    if len(errors) == len(results):
        raise errors["customers"]
    for kind, why in ((Forbidden, "the token may not read them"), (RouteMissing, "this Waldur has no such lists")):
        names = [name for name, error in errors.items() if isinstance(error, kind)]
        if names:
            subject = "The fact {} is" if len(names) == 1 else "The facts {} are"
            facts = ", ".join(f"counts.{name}" for name in names)
            session.warnings.append(f"{subject.format(facts)} null: {why}.")
    return {name: None if name in errors else number for name, number in results.items()}


SUBSETS: dict[str, Callable[[Session, Options], Any]] = {
    "profile": _profile,
    "roles": _info("user_role_info", "user_roles"),
    "statistics": _info("statistics_info", "statistics"),
    "revenue": _info("revenue_info", "revenue"),
    "compliance": _compliance,
    "accounts": _accounts,
    "counts": _counts,
}
_GROUPS: Mapping[str, frozenset[str]] = {"all": frozenset(SUBSETS), "min": frozenset({"profile"})}


def select_subsets(gather_subset: Iterable[str]) -> dict[str, bool]:
    """Return the subsets that ``gather_subset`` selects, and whether each is selected by its own name.

    As Ansible's setup reads it: ``min`` is included unless it is excluded, and the name of a subset wins over its
    exclusion. Where there are only exclusions, they are taken from all. Raises ``InvalidInput`` for unknown names.
    """
    items = [item.strip() for item in gather_subset]
    for item in items:
        document.choice("gather_subset", item.removeprefix("!"), (*_GROUPS, *SUBSETS))
    named = {item for item in items if item in SUBSETS}
    added = [item for item in items if not item.startswith("!")]
    excluded = [item.removeprefix("!") for item in items if item.startswith("!")]
    selected = set(_GROUPS["min"] if added else _GROUPS["all"]).union(*(_GROUPS.get(item, {item}) for item in added))
    for item in excluded:
        selected -= (_GROUPS["all"] - _GROUPS["min"] if item == "all" else _GROUPS.get(item, {item})) - named
    return {name: name in named for name in SUBSETS if name in selected}


def _facts(session: Session, options: Options) -> dict[str, Any]:
    """Return the facts under ``waldur``.

    A subset that is not selected by its own name and can't be read is null, with a warning.
    """
    subsets = select_subsets(options["gather_subset"])
    get_provider(session, options)  # it must exist, even if no subset reads it
    return {"ansible_facts": {"waldur": {name: _gather(session, options, name, subsets[name]) for name in subsets}}}


def _gather(session: Session, options: Options, name: str, named: bool) -> Any:
    try:
        return SUBSETS[name](session, options)
    except (Forbidden, RouteMissing) as error:
        if named:
            raise
        session.warnings.append(f"The fact {name} is null: {error.message}")
        return None


FACTS: dict[str, Info] = {
    "service_provider_facts": Info(
        (),
        {
            "service_provider": {"type": "raw", "required": True},
            "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
        },
        _facts,
    ),
}
