# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the lists of a provider, filtered whatever the server knows of filters, sorted and trimmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._api.editions import detect_edition
from .._api.operations import Operation, operation
from .._api.parameters import REFERENCE_TYPES, Parameter
from .._common import uuids
from .._common.errors import Forbidden, InvalidInput, NotFound, quote
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.account_visibility import describe_hidden_rows
from .._references.targets import Target
from .._references.users import UnresolvedUser
from . import filters
from .filters import Filter, Selection

_COLLECTIONS = {
    "customer": ("customers",),
    "project": ("projects",),
    "offering": ("marketplace-provider-offerings", "marketplace-public-offerings", "marketplace-offerings"),
    "user": ("users",),
    "role": ("roles",),
}


def read(session: Session, name: str, target: Target | None, values: Mapping[str, Any], where: str = "") -> list[Row]:
    """Return the rows of the list operation ``name`` that the options ``values`` select (see ``filters``).

    ``target`` is the provider, None for lists that belong to none. Every row is checked again against the filters,
    as old servers ignore those they don't know. Raises ``InvalidInput`` with ``where`` before the option's name, also
    for a filter that neither this Waldur nor its rows support. Warns where Waldur may hide rows from the token.
    """
    listing = operation(name)
    selection = filters.parse_selection(listing, values, where)
    if target is not None:
        warn_of_hidden_rows(session, listing, target)
    rows = _read_rows(session, listing, target, selection)
    if _is_sorted_by_server(listing, selection):
        selection = replace(selection, order_by=())
    return arrange_rows(session, rows, selection, filters.orders(listing), where)


def warn_of_hidden_rows(session: Session, listing: Operation, target: Target) -> None:
    """Warn where Waldur may leave rows out of a list without a trace (api-behaviour: hidden-accounts)."""
    hidden = listing.hidden_rows
    if hidden is None:
        return
    known = detect_edition(target.row) if target.row else session.references.provider_list.known_edition()
    if known is not None and known < hidden.since:
        return
    # The list of providers, which tells the edition otherwise, is only read where the settings hide rows.
    if (
        session.references.account_visibility.may_miss_rows(hidden)
        and session.references.provider_list.edition() >= hidden.since
    ):
        warning = f"{target.name}: {describe_hidden_rows(hidden)}."
        if warning not in session.warnings:
            session.warnings.append(warning)


def arrange_rows(
    session: Session, rows: list[Row], selection: Selection, orders: Mapping[str, str], where: str = ""
) -> list[Row]:
    """Return ``rows`` sorted, limited and trimmed by ``selection``; warn about fields that no row has."""
    rows = filters.sort_rows(rows, selection.order_by, orders, where)[: selection.limit]
    for name in filters.find_unknown_fields(rows, selection.fields):
        session.warnings.append(f"{where}fields: no row has the field '{quote(name)}', so it is null in all rows.")
    return filters.trim_rows(rows, selection.fields)


def _read_rows(session: Session, listing: Operation, target: Target | None, selection: Selection) -> list[Row]:
    resolved = [(filter_, _resolve_filter(session, target, filter_)) for filter_ in selection.filters]
    query: dict[str, Any] = {}
    checks: list[tuple[Filter, Any, bool]] = []
    for filter_, value in resolved:
        parameter = filter_.parameter
        since = _first_edition(listing, filter_)
        old = bool(since and session.references.provider_list.edition() < since)
        if old and not parameter.match:
            raise _unsupported(filter_, since)
        if not old and parameter.is_sent:
            query[parameter.name] = value
        checks.append((filter_, value, old))
    if selection.fields and any(parameter.name == "field" for parameter in listing.query):
        query["field"] = _find_needed_keys(listing, selection)
    if target and listing.provider_parameter:
        query[listing.provider_parameter] = target.uuid if listing.takes_own_uuid else target.customer_uuid
    if _is_sorted_by_server(listing, selection):
        query["o"] = list(selection.order_by)
    uuid = target.uuid if target and "{uuid}" in listing.path else None
    # Sorted on our side, so the first few are known only when all are there.
    limit = None if selection.order_by else selection.limit
    return session.client.rows(listing.name, uuid, keep=_make_row_check(listing, target, checks), limit=limit, **query)


def _is_sorted_by_server(listing: Operation, selection: Selection) -> bool:
    """Return whether the rows lack a key to sort by, so that the server has to sort them."""
    orders = filters.orders(listing)
    return any(not orders.get(name.removeprefix("-"), name) for name in selection.order_by)


def _find_needed_keys(listing: Operation, selection: Selection) -> list[str]:
    """Return the keys to request: the selected ones, and those that identify, check and sort rows."""
    orders = filters.orders(listing)
    checked = [key for filter_ in selection.filters for key in filter_.parameter.row_keys]
    names = [name.removeprefix("-") for name in selection.order_by]
    sorting = [orders.get(name, name) for name in names]
    keys = [*(selection.fields or ()), *listing.identity, listing.provider_key, *checked, *sorting]
    return [key for key in dict.fromkeys(keys) if key]


def _make_row_check(
    listing: Operation, target: Target | None, checks: list[tuple[Filter, Any, bool]]
) -> Callable[[Row], bool]:
    def keep(row: Row) -> bool:
        if target and listing.provider_key in row and not _is_of(target, row[listing.provider_key]):
            return False
        for filter_, value, old in checks:
            fits = filters.matches(row, filter_.parameter, value)
            unsent = old or not filter_.parameter.is_sent
            if unsent and not any(key in row for key in filter_.parameter.row_keys):
                if filter_.parameter.absent is None:
                    raise _unsupported(filter_, _first_edition(listing, filter_))
                fits = value is filter_.parameter.absent
            # Where the server was asked too, it is believed in doubt.
            if fits is False or (unsent and fits is None):
                return False
        return True

    return keep


def _is_of(target: Target, uuid: Any) -> bool:
    """Return whether ``uuid`` is the provider's own or that of its customer; no two objects share one."""
    return uuids.normalize(uuid) in (target.uuid, target.customer_uuid)


def _first_edition(listing: Operation, filter_: Filter) -> int:
    """Return the first Waldur (a year) that obeys the filter; 0 where all of them do."""
    return max(
        filter_.parameter.first_edition(filter_.value), 0 if filter_.parameter.required else listing.filtered_since
    )


def _unsupported(filter_: Filter, since: int) -> InvalidInput:
    required = f"Waldur {since} or newer" if since else "a newer Waldur"
    return InvalidInput(
        f"{filter_.where}: filtering by this option requires {required}, because the rows of older versions do not"
        " contain the value: leave it out."
    )


def _resolve_filter(session: Session, target: Target | None, filter_: Filter) -> Any:
    if filter_.parameter.type not in REFERENCE_TYPES:
        return filter_.value
    values = filter_.value if isinstance(filter_.value, list) else [filter_.value]
    resolved = [resolve_reference(session, target, filter_.parameter, filter_.where, value) for value in values]
    return resolved if isinstance(filter_.value, list) else resolved[0]


def resolve_reference(session: Session, target: Target | None, parameter: Parameter, where: str, value: str) -> str:
    """Return the UUID of the object that ``value`` refers to; a UUID or URL is taken without a request.

    Raises ``InvalidInput``, which names ``where``, if there is no such object or several.
    """
    kind = parameter.type
    uuid = uuids.normalize(value) or next(
        (url_uuid for collection in _COLLECTIONS[kind] if (url_uuid := uuids.from_url(value, collection))), None
    )
    if kind == "role":
        return uuids.normalize(session.references.roles.resolve(where, value)["uuid"]) or ""
    if uuid:
        return uuid
    if kind == "user":
        return _resolve_user(session, where, value)
    if kind == "customer":
        return _resolve_customer(session, target, where, value)
    return _resolve_name(session, target, kind, where, value)


def resolve_offerings(session: Session, target: Target, references: Sequence[str]) -> list[str]:
    """Return the UUIDs of the offerings in the option ``offerings``. Raises ``InvalidInput``."""
    parameter = Parameter("offerings", "offering")
    return [
        resolve_reference(session, target, parameter, f"offerings[{number}]", value)
        for number, value in enumerate(references)
    ]


def _resolve_user(session: Session, where: str, value: str) -> str:
    resolved = session.references.users.with_advice(session.references.users.resolve([value]))[value]
    if isinstance(resolved, UnresolvedUser):
        if resolved.user is None:
            raise InvalidInput(f"{where}: {resolved.reason}: {resolved.advice}.")
        return resolved.user.uuid
    return resolved.uuid


def _resolve_customer(session: Session, target: Target | None, where: str, value: str) -> str:
    """Return the customer among those that the token sees, else among those that the provider serves."""
    try:
        return session.references.resolve_target("customer", where, value).customer_uuid
    except InvalidInput as error:
        if target is None or target.uuid is None:
            raise
        served = check_rows("customers", _served_customers(session, target), uuid=FieldType.UUID)
        for key in ("name", "abbreviation", "slug"):
            matches = [row for row in served if row.get(key) == value]
            if len(matches) == 1:
                return str(matches[0]["uuid"])
        raise error from None


def _served_customers(session: Session, target: Target) -> list[Row]:
    try:
        return session.client.rows("customers", target.uuid, field=["uuid", "name", "abbreviation", "slug"])
    except (Forbidden, NotFound):
        return []


def _resolve_name(session: Session, target: Target | None, kind: str, where: str, value: str) -> str:
    """Return the project or offering of that name within the provider."""
    if target is None or target.uuid is None:
        raise InvalidInput(f"{where}: '{quote(value)}' is not a UUID: a name requires a service_provider to look in.")
    rows = session.client.rows(f"{kind}s", target.uuid, name_exact=value, field=["uuid", "name"])
    matches = [row for row in rows if row.get("name") == value]
    if not matches and kind == "offering":
        matches = _private_offerings(session, target, value)
    matches = check_rows(f"{kind}s", matches, uuid=FieldType.UUID)
    if len(matches) == 1:
        return str(matches[0]["uuid"])
    if not matches:
        raise InvalidInput(f"{where}: {target.name} has no {kind} '{quote(value)}': give its exact name or its UUID.")
    names = ", ".join(str(row["uuid"]) for row in matches)
    raise InvalidInput(
        f"{where}: '{quote(value)}' is ambiguous, as it matches the {kind}s {names} of {target.name}: use the UUID of"
        " one of them."
    )


def _private_offerings(session: Session, target: Target, name: str) -> list[Row]:
    """Return the offerings that the provider's own list leaves out, as they are not shared or not billed
    (api-behaviour: offerings)."""
    fields = ["uuid", "name", "customer_uuid"]
    rows = session.client.rows("provider_offerings", name_exact=name, customer_uuid=target.customer_uuid, field=fields)
    return [
        row
        for row in rows
        if row.get("name") == name and uuids.normalize(row.get("customer_uuid")) == target.customer_uuid
    ]
