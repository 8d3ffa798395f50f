# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what the lookups return: a term names an operation, keywords are its filters. Knows nothing of Ansible."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import CORE_NAMES, Operation, operation
from ansible_collections.waldur.provider.plugins.module_utils._common import values
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    WaldurError,
    escape_invisible,
    quote,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._context import Session, get_client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.module_utils._query import filters
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import arrange_rows, read
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target

PROVIDER = "service_provider"
# Two lists have the name offering_users, so neither is read by it.
_ACCOUNTS = "marketplace_offering_users"
# Lists of accounts and groups at a service provider, which are none of the core operations.
_NEWER_TERMS = ("provider_accounts", "username_conflicts", "project_groups")
_REJECTED_TERMS = {
    "offering_users": f"is ambiguous: use compliance_offering_users for who has completed which checklist, or"
    f" {_ACCOUNTS} for who has which account",
    "api_secret_code": "is a secret: read it with the lookup waldur.provider.api_secret_code, which returns it in clear"
    " text",
}


def _map_terms() -> dict[str, str]:
    """Return the operation of each term. A term is the operation's name, or the end of its path."""
    names = (*CORE_NAMES, *_NEWER_TERMS)
    operations = [item for item in map(operation, names) if not (item.writes or item.secret)]
    by_path = {item.path.partition("{uuid}/")[2].rstrip("/"): item.name for item in operations}
    return {_ACCOUNTS: "offering_users", **{path: name for path, name in by_path.items() if path}} | {
        item.name: item.name for item in operations
    }


TERMS = _map_terms()


def _list_terms() -> str:
    return ", ".join(sorted(term for term in TERMS if "/" not in term))


def read_rows(
    connection: Connection, terms: Sequence[Any], keywords: Mapping[str, Any], default_provider: Any = None
) -> tuple[list[Row], list[str]]:
    """Return the rows of all ``terms``, one after the other, and warnings.

    ``keywords`` are ``service_provider``, ``fields``, ``order_by``, ``limit``, and filters, which each of the terms
    must have; connection options among them are ignored. ``default_provider`` is the provider where ``keywords`` name
    none. Raises ``WaldurError`` with no secret in its message.
    """

    def read_terms(session: Session) -> list[Row]:
        if not terms:
            raise InvalidInput(f"No term was given: name what to read, one of {_list_terms()}.")
        names = [_find_operation(term) for term in terms]
        options = {name: value for name, value in keywords.items() if name not in NAMES}
        for term, name in zip(terms, names, strict=True):
            _check_keywords(str(term), operation(name), options)
        return [row for name in names for row in _read_term(session, name, options, default_provider)]

    return _run_redacted(connection, read_terms, are_secrets=False)


def read_secret_codes(
    connection: Connection, providers: Sequence[Any], keywords: Mapping[str, Any], default_provider: Any = None
) -> tuple[list[str], list[str]]:
    """Return the API secret code of each provider, in clear text, and warnings.

    ``default_provider`` is the provider where neither ``providers`` nor ``keywords`` name one. Raises ``WaldurError``
    with no secret in its message, also where a provider has no code (api-behaviour: secret-codes).
    """

    def read_codes(session: Session) -> list[str]:
        _reject_unknown("the lookup", keywords, (PROVIDER,))
        references = providers or [keywords.get(PROVIDER)]
        return [_read_code(session, _resolve_provider(session, item, default_provider)) for item in references]

    return _run_redacted(connection, read_codes, are_secrets=True)


def _run_redacted(
    connection: Connection, function: Callable[[Session], list[Any]], *, are_secrets: bool
) -> tuple[list[Any], list[str]]:
    """Return the values of ``function``, called with this process's one connection, and warnings.

    Secrets are redacted in errors, in warnings, and in the values unless these ``are_secrets`` themselves.
    """
    client, references = get_client(connection)
    session = Session(client, references)
    references.start_run()
    try:
        values = function(session)
    except WaldurError as error:
        client.redactor.redact_error(error)
        raise
    warnings = [escape_invisible(client.redactor.redact_message(warning)) for warning in session.warnings]
    return (values if are_secrets else client.redactor.redact_data(values)), warnings


# --- terms and keywords ----------------------------------------------------------------------------------------------


def _find_operation(term: Any) -> str:
    """Return the name of the operation of a term. Raises ``InvalidInput`` for a term that can't be read."""
    name = str(term)
    if name in _REJECTED_TERMS:
        raise InvalidInput(f"{name}: {_REJECTED_TERMS[name]}.")
    if name not in TERMS:
        near = difflib.get_close_matches(name, [*TERMS, *_REJECTED_TERMS], 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {_list_terms()}."
        raise InvalidInput(f"{quote(name)}: is not a known term: {hint}")
    return TERMS[name]


def _check_keywords(term: str, listing: Operation, keywords: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for a keyword that the operation of a term does not have."""
    known = [*filters.options(listing), *filters.aliases(listing), *filters.LIST_OPTIONS]
    if listing.name == "service_providers" and keywords.get(PROVIDER) is not None:
        raise InvalidInput(f"{PROVIDER}: {term} reads all service providers: leave it out, or use the term {PROVIDER}.")
    _reject_unknown(term, keywords, (*known, PROVIDER))


def _reject_unknown(owner: str, keywords: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise ``InvalidInput`` for a keyword that is neither ``known`` nor a connection option; ``owner`` is the term."""
    for name in keywords:
        if name not in known and name not in NAMES:
            near = difflib.get_close_matches(name, [*known, *NAMES], 1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(known))}."
            raise InvalidInput(f"{quote(name)}: is not an option of {owner}: {hint}")


# --- reading ---------------------------------------------------------------------------------------------------------


def _resolve_provider(session: Session, value: Any, default: Any) -> Target:
    """Return the service provider that ``value`` names, or ``default`` where it is None. Raises ``InvalidInput``."""
    reference = default if value is None else value
    if reference in (None, ""):
        raise InvalidInput(f"{PROVIDER}: is missing: set it in the lookup, or as variable waldur_{PROVIDER}.")
    return session.references.resolve_target(PROVIDER, PROVIDER, values.reference(PROVIDER, reference))


def _read_term(session: Session, name: str, keywords: Mapping[str, Any], default_provider: Any) -> list[Row]:
    """Return the rows of one operation."""
    options = {key: value for key, value in keywords.items() if key != PROVIDER}
    if name == "service_providers":
        return read(session, name, None, options)
    target = _resolve_provider(session, keywords.get(PROVIDER), default_provider)
    if name not in _READ_BY_MODULES:
        return read(session, name, target, options)
    from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

    selection = filters.parse_selection(operation(name), options)
    module, key = _READ_BY_MODULES[name]
    content = INFOS[module].answer(session, {PROVIDER: target.uuid})[key]
    return arrange_rows(session, content if isinstance(content, list) else [content], selection, {})


# Operations that are not plain lists: the module that reads each, and the key of its result.
_READ_BY_MODULES = {
    "service_provider": ("service_provider_info", "service_providers"),
    "stat": ("statistics_info", "statistics"),
    "revenue": ("revenue_info", "revenue"),
}


def _read_code(session: Session, target: Target) -> str:
    """Return the secret code of a provider. Raises ``InvalidInput`` if it has none."""
    code = session.client.secret_code(target.uuid or "")
    if code is None:
        raise InvalidInput(
            f"{PROVIDER}: {target.name} has no API secret code yet: create one with waldur.provider.api_secret_code."
        )
    return code
