# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lookups answer: a term is an operation, keywords are its filters. Knows nothing of Ansible."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import CORE_NAMES, Operation, operation
from ansible_collections.waldur.provider.plugins.module_utils._common import values as document
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    WaldurError,
    printable,
    quote,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import (
    redact,
    redact_error,
    redact_message,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.types import Row
from ansible_collections.waldur.provider.plugins.module_utils._context import Session, get_client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.module_utils._query import filters
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import (
    arrange_rows,
    read,
    warn_of_hidden_accounts,
)
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target

PROVIDER = "service_provider"
# There are two lists of that name, so neither bears it.
_ACCOUNTS = "marketplace_offering_users"
_NOT_TERMS = {
    "offering_users": f"compliance_offering_users tells who has finished which checklist, {_ACCOUNTS} who has which"
    " account: ask for one of them",
    "api_secret_code": "is read by the lookup waldur.provider.api_secret_code, in clear",
}


def _terms() -> dict[str, str]:
    """The operation behind each term: its own name, or the end of its path."""
    reading = [one for one in map(operation, CORE_NAMES) if not (one.writes or one.secret)]
    ends = {one.path.partition("{uuid}/")[2].rstrip("/"): one.name for one in reading}
    return {_ACCOUNTS: "offering_users", **{end: name for end, name in ends.items() if end}} | {
        one.name: one.name for one in reading
    }


TERMS = _terms()


def _named() -> str:
    return ", ".join(sorted(term for term in TERMS if "/" not in term))


def query(
    connection: Connection, terms: Sequence[Any], given: Mapping[str, Any], usual: Any = None
) -> tuple[list[Row], list[str]]:
    """The rows of all ``terms``, one after the other, and warnings.

    ``given`` are the keywords: ``service_provider``, ``fields``, ``order_by``, ``limit``, and filters, which each of
    the terms must know; the connection's are not looked at. ``usual`` is the provider where ``given`` has none. Raises
    ``WaldurError`` with no secret in its message.
    """

    def ask(session: Session) -> list[Row]:
        if not terms:
            raise InvalidInput(f"No term was given: name what to read, one of {_named()}.")
        names = [_operation_of(term) for term in terms]
        asked = {name: value for name, value in given.items() if name not in NAMES}
        for term, name in zip(terms, names, strict=True):
            _check_names(str(term), operation(name), asked)
        return [row for name in names for row in _rows(session, name, asked, usual)]

    return _told(connection, ask, keep_secret=True)


def secret_codes(
    connection: Connection, providers: Sequence[Any], given: Mapping[str, Any], usual: Any = None
) -> tuple[list[str], list[str]]:
    """The API secret code of each provider, in clear, and warnings. ``given`` are the keywords; ``usual`` is the
    provider where nothing names one.

    Raises ``WaldurError``, with no secret in its message, also where a provider has no code
    (api-behaviour: secret-codes).
    """

    def ask(session: Session) -> list[str]:
        _refuse_unknown("the lookup", given, (PROVIDER,))
        wanted = providers or [given.get(PROVIDER)]
        return [_code(session, _provider(session, reference, usual)) for reference in wanted]

    return _told(connection, ask, keep_secret=False)


def _told(
    connection: Connection, ask: Callable[[Session], list[Any]], *, keep_secret: bool
) -> tuple[list[Any], list[str]]:
    """What ``ask`` finds on the one connection of this process, secrets masked in all that is said beside it."""
    client, references = get_client(connection)
    session = Session(client, references)
    references.start_run()
    try:
        found = ask(session)
    except WaldurError as error:
        redact_error(error, client.hidden)
        raise
    warnings = [printable(redact_message(warning, client.hidden)) for warning in session.warnings]
    return (redact(found, client.hidden) if keep_secret else found), warnings


# --- terms and keywords ----------------------------------------------------------------------------------------------


def _operation_of(term: Any) -> str:
    name = str(term)
    if name in _NOT_TERMS:
        raise InvalidInput(f"{name}: {_NOT_TERMS[name]}.")
    if name not in TERMS:
        near = difflib.get_close_matches(name, [*TERMS, *_NOT_TERMS], 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {_named()}."
        raise InvalidInput(f"{quote(name)}: is nothing that can be queried: {hint}")
    return TERMS[name]


def _check_names(term: str, listing: Operation, given: Mapping[str, Any]) -> None:
    known = [*filters.options(listing), *filters.aliases(listing), *filters.LIST_OPTIONS]
    if listing.name == "offering_users":
        known = [name for name in known if name not in ("provider", "provider_uuid")]
    if listing.name == "service_providers" and given.get(PROVIDER) is not None:
        raise InvalidInput(f"{PROVIDER}: {term} lists all of them: leave it out, or ask for the term {PROVIDER}.")
    _refuse_unknown(term, given, (*known, PROVIDER))


def _refuse_unknown(place: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known and name not in NAMES:
            near = difflib.get_close_matches(name, [*known, *NAMES], 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."
            raise InvalidInput(f"{quote(name)}: {place} has no such option: {hint}")


# --- reading ---------------------------------------------------------------------------------------------------------


def _provider(session: Session, given: Any, usual: Any) -> Target:
    reference = usual if given is None else given
    if reference in (None, ""):
        raise InvalidInput(f"{PROVIDER}: is missing: give it, or set the variable waldur_{PROVIDER}.")
    return session.references.resolve_target(PROVIDER, PROVIDER, document.reference(PROVIDER, reference))


def _rows(session: Session, name: str, given: Mapping[str, Any], usual: Any) -> list[Row]:
    asked = {key: value for key, value in given.items() if key != PROVIDER}
    if name == "service_providers":
        return read(session, name, None, asked)
    target = _provider(session, given.get(PROVIDER), usual)
    if name == "offering_users":
        warn_of_hidden_accounts(session, target)
        return read(session, name, target, {**asked, "provider": target.customer_uuid})
    if name not in _ANSWERS:
        return read(session, name, target, asked)
    from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

    selection = filters.parse_selection(operation(name), asked)
    info, key = _ANSWERS[name]
    found = INFOS[info].answer(session, {PROVIDER: target.uuid})[key]
    return arrange_rows(session, found if isinstance(found, list) else [found], selection, {})


# What is no ordinary list, as the module that reads it gives it.
_ANSWERS = {
    "service_provider": ("service_provider_info", "service_providers"),
    "stat": ("statistics_info", "statistics"),
    "revenue": ("revenue_info", "revenue"),
}


def _code(session: Session, target: Target) -> str:
    code = session.client.secret_code(target.uuid or "")
    if code is None:
        raise InvalidInput(f"{PROVIDER}: {target.name} has no API secret code yet: make one by rotating it.")
    return code
