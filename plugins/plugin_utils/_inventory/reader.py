# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the rows of an inventory: those of several providers in parallel; and store them in a cache."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    RouteMissing,
    Unauthorized,
    WaldurError,
    escape_invisible,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.values import reference
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.filters import LIST_OPTIONS
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import (
    Target,
    target_of_provider,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import INCLUDES, KINDS, ProviderRows

# The pages of each provider are read in parallel already.
_PARALLEL_PROVIDERS = 4


@dataclass(frozen=True)
class Selection:
    """The rows to read: the options of the inventory of the same names.

    ``fail_on_unreachable`` says whether a provider that can't be read is an error; else it is a warning.
    """

    hosts: str
    service_providers: Sequence[Any]
    filters: Mapping[str, Any]
    include: Sequence[str]
    fail_on_unreachable: bool = True


def read_inventory(connection: Connection, selection: Selection) -> tuple[list[ProviderRows], list[str]]:
    """Return the rows of each provider, and warnings. Raises ``WaldurError`` with no secret in its message."""
    client = Client(connection)
    session = Session(client, References(client))
    try:
        results = _read_providers(session, selection)
    except WaldurError as error:
        client.redactor.redact_error(error)
        raise
    redact_data, redact_message = client.redactor.redact_data, client.redactor.redact_message
    redacted = [ProviderRows(*redact_data([result.provider, result.rows, result.included])) for result in results]
    return redacted, [escape_invisible(redact_message(warning)) for warning in session.warnings]


def _read_providers(session: Session, selection: Selection) -> list[ProviderRows]:
    _check_selection(selection)
    targets = _resolve_providers(session, selection)
    if selection.hosts == "service_providers":
        selected = {target.uuid for target in targets}
        rows = read(session, "service_providers", None, selection.filters, "filters.")
        return [ProviderRows(row, [row]) for row in rows if uuids.normalize(row.get("uuid")) in selected]
    results = []
    with ThreadPoolExecutor(_PARALLEL_PROVIDERS) as pool:
        for result in pool.map(lambda target: _read_provider(session, target, selection), targets):
            if isinstance(result, ProviderRows):
                results.append(result)
            # Wrong options, a wrong token and a Waldur that is too old concern every provider.
            elif selection.fail_on_unreachable or isinstance(result, (InvalidInput, RouteMissing, Unauthorized)):
                pool.shutdown(cancel_futures=True)
                raise result
            else:
                session.warnings.append(f"{result.message} Its {selection.hosts} were left out.")
    return results


def _check_selection(selection: Selection) -> None:
    """Raise ``InvalidInput`` for options that hosts of this kind do not have."""
    for name in (*LIST_OPTIONS, "field", "o"):
        if name in selection.filters:
            raise InvalidInput(
                f"filters.{name}: is not a filter, as an inventory reads all rows with all fields: remove it."
            )
    if selection.include and selection.hosts != "users":
        raise InvalidInput(
            f"include: {', '.join(selection.include)} can be read for users only, and hosts is {selection.hosts}: leave"
            " out include, or set hosts to users."
        )


def _resolve_providers(session: Session, selection: Selection) -> list[Target]:
    """Return the providers of the option, each once, or all that the token sees. Raises ``InvalidInput``."""
    if not selection.service_providers:
        return [target_of_provider(row) for row in session.references.provider_list.rows()]
    targets: dict[str, Target] = {}
    for number, value in enumerate(selection.service_providers):
        option = f"service_providers[{number}]"
        target = session.references.resolve_target("service_provider", option, reference(option, value))
        targets.setdefault(target.uuid or "", target)
    return list(targets.values())


def _read_provider(session: Session, target: Target, selection: Selection) -> ProviderRows | WaldurError:
    """Return the rows of one provider, or the error that names it."""
    try:
        rows = read(session, KINDS[selection.hosts].operation, target, selection.filters, "filters.")
        included = {name: read(session, name, target, {}) for name in INCLUDES if name in selection.include}
    except WaldurError as error:
        if not isinstance(error, InvalidInput):
            error.message = f"{target.name}: {error.message}"
        return error
    return ProviderRows(target.row or {}, rows, included)


def dump_results(results: Sequence[ProviderRows]) -> str:
    """Return ``results`` for a cache: as one text, in which a cache plugin interprets nothing."""
    return json.dumps([[result.provider, result.rows, result.included] for result in results])


def load_results(text: Any) -> list[ProviderRows] | None:
    """Return what ``dump_results`` wrote, None where ``text`` is anything else."""
    try:
        return [ProviderRows(provider, rows, included) for provider, rows, included in json.loads(str(text))]
    except (TypeError, ValueError):
        return None
