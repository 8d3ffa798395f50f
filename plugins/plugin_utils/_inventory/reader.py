# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what an inventory is made of: the rows of several providers side by side, and their form in a cache."""

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
    printable,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import (
    redact,
    redact_error,
    redact_message,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.values import reference
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.filters import FORM
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read
from ansible_collections.waldur.provider.plugins.module_utils._references.references import (
    References,
    Target,
    target_of_provider,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import INCLUDES, KINDS, Found

# The pages of each provider are read side by side already.
_PROVIDERS_AT_ONCE = 4


@dataclass(frozen=True)
class Wanted:
    """What to read. ``stop``: whether a provider that can't be read is the end, or but a warning."""

    hosts: str
    service_providers: Sequence[Any]
    filters: Mapping[str, Any]
    include: Sequence[str]
    stop: bool = True


def fetch(connection: Connection, wanted: Wanted) -> tuple[list[Found], list[str]]:
    """The answer of each provider, and warnings. Raises ``WaldurError`` with no secret in its message."""
    client = Client(connection)
    session = Session(client, References(client))
    try:
        founds = _fetch(session, wanted)
    except WaldurError as error:
        redact_error(error, client.hidden)
        raise
    safe = [Found(*redact([one.provider, one.rows, one.included], client.hidden)) for one in founds]
    return safe, [printable(redact_message(warning, client.hidden)) for warning in session.warnings]


def _fetch(session: Session, wanted: Wanted) -> list[Found]:
    _check(wanted)
    targets = _targets(session, wanted)
    if wanted.hosts == "service_providers":
        chosen = {target.uuid for target in targets}
        rows = read(session, "service_providers", None, wanted.filters, "filters.")
        return [Found(row, [row]) for row in rows if uuids.normalize(row.get("uuid")) in chosen]
    founds = []
    with ThreadPoolExecutor(_PROVIDERS_AT_ONCE) as pool:
        for answer in pool.map(lambda target: _answer(session, target, wanted), targets):
            if isinstance(answer, Found):
                founds.append(answer)
            # Wrong options, a wrong token and a Waldur that is too old concern every provider.
            elif wanted.stop or isinstance(answer, (InvalidInput, RouteMissing, Unauthorized)):
                pool.shutdown(cancel_futures=True)
                raise answer
            else:
                session.warnings.append(f"{answer.message} Its {wanted.hosts} were left out.")
    return founds


def _check(wanted: Wanted) -> None:
    for name in (*FORM, "field", "o"):
        if name in wanted.filters:
            raise InvalidInput(f"filters.{name}: is no filter: an inventory has whole rows, and all of them.")
    if wanted.include and wanted.hosts != "users":
        raise InvalidInput(f"include: {', '.join(wanted.include)} belong to users, and hosts is {wanted.hosts}.")


def _targets(session: Session, wanted: Wanted) -> list[Target]:
    """The providers that are named, each once, or all of them."""
    if not wanted.service_providers:
        return [target_of_provider(row) for row in session.references.providers()]
    found: dict[str, Target] = {}
    for number, given in enumerate(wanted.service_providers):
        option = f"service_providers[{number}]"
        target = session.references.target("service_provider", option, reference(option, given))
        found.setdefault(target.uuid or "", target)
    return list(found.values())


def _answer(session: Session, target: Target, wanted: Wanted) -> Found | WaldurError:
    try:
        rows = read(session, KINDS[wanted.hosts].operation, target, wanted.filters, "filters.")
        included = {name: read(session, name, target, {}) for name in INCLUDES if name in wanted.include}
    except WaldurError as error:
        if not isinstance(error, InvalidInput):
            error.message = f"{target.name}: {error.message}"
        return error
    return Found(target.row or {}, rows, included)


def stored(founds: Sequence[Found]) -> str:
    """``founds`` for a cache: one text, in which no cache looks for marks of its own."""
    return json.dumps([[found.provider, found.rows, found.included] for found in founds])


def restored(text: Any) -> list[Found] | None:
    """What ``stored`` made a text of; nothing where it is none."""
    try:
        return [Found(provider, rows, included) for provider, rows, included in json.loads(str(text))]
    except (TypeError, ValueError):
        return None
