# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Combine the role grants of service providers with the plan of their documents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import timestamps, uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import days_left, ending_within
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    NOTHING,
    Row,
    choose_name,
    format_name,
    format_text,
    parse_time,
    require_mapping,
    require_rows,
)

_KIND = "user_role"
GrantId = tuple[str, str, str]


@dataclass(frozen=True)
class ReviewedGrant:
    """A role grant on a service provider. Timestamps are text in UTC; ``expiration_time`` is None if it never ends.

    ``status`` is ended, soon, later or never. ``in_document`` says whether an entry of the document keeps the grant,
    None if there is no document. ``planned`` is the change that the plan makes to it, or empty.
    """

    service_provider: str
    customer_uuid: str
    user: str
    username: str
    email: str
    role: str
    granted: str | None
    granted_by: str
    expiration_time: str | None
    days_left: int | None
    status: str
    in_document: bool | None
    planned: str


@dataclass(frozen=True)
class UnreadProvider:
    """A service provider whose role grants could not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Review:
    """The role grants of all service providers, sorted, and the providers that could not be read.

    ``providers`` are the others, each with its name and the UUID of its customer.
    """

    grants: list[ReviewedGrant]
    providers: list[tuple[str, str]]
    unread: list[UnreadProvider]
    has_document: bool

    @property
    def ending(self) -> list[ReviewedGrant]:
        """The role grants that have ended or end soon, the earliest first."""
        ending = [grant for grant in self.grants if grant.status in ("ended", "soon")]
        return sorted(ending, key=lambda grant: grant.expiration_time or "")

    @property
    def not_in_document(self) -> list[ReviewedGrant]:
        """The role grants that no entry of the document keeps; none without a document."""
        return [grant for grant in self.grants if grant.in_document is False]

    def by_provider(self) -> list[tuple[str, list[ReviewedGrant]]]:
        """Return the name and the role grants of each service provider; two of one name stay apart."""
        grants_by_provider: dict[tuple[str, str], list[ReviewedGrant]] = {provider: [] for provider in self.providers}
        for grant in self.grants:
            grants_by_provider[grant.service_provider, grant.customer_uuid].append(grant)
        return [(name, grants) for (name, _customer), grants in grants_by_provider.items()]

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the role grants as mappings."""
        return [asdict(grant) for grant in self.grants]


@dataclass(frozen=True)
class _Document:
    """The role grants that the document keeps, and what the plan changes, by the UUIDs of customer, user and role."""

    kept: frozenset[GrantId]
    planned: dict[GrantId, str]


def make_review(results: Any, now: datetime, within: timedelta, desired_state: Any = None) -> Review:
    """Return the review of the *results* of a loop of ``user_role_info`` over rows of ``service_provider_info``.

    ``desired_state`` is what the module of that name returned with ``list_kept``, None without a document.
    Raises ``InvalidInput`` for data of another form.
    """
    document = None if desired_state is None else _read_document(desired_state)
    grants: list[ReviewedGrant] = []
    providers: set[tuple[str, str]] = set()
    unread: list[UnreadProvider] = []
    for index, result in enumerate(require_rows("_input", results)):
        where = f"_input[{index}]"
        profile = require_mapping(f"{where}.item", result.get("item"))
        name = choose_name(profile, "customer_name", "customer_abbreviation", "customer_slug", "uuid")
        if result.get("user_roles") is None:
            unread.append(UnreadProvider(name, format_text(result.get("msg")) or NOTHING))
            continue
        providers.add((name, uuids.normalize(profile.get("customer_uuid")) or ""))
        rows = require_rows(f"{where}.user_roles", result["user_roles"])
        grants += _review_rows(where, rows, profile, name, now, within, document)
    grants.sort(key=lambda grant: (*_sort_name(grant.service_provider), *_sort_name(grant.user), grant.role))
    return Review(
        grants,
        sorted(providers, key=lambda provider: (*_sort_name(provider[0]), provider[1])),
        unread,
        document is not None,
    )


def _sort_name(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _review_rows(
    where: str,
    rows: Sequence[Row],
    profile: Row,
    name: str,
    now: datetime,
    within: timedelta,
    document: _Document | None,
) -> list[ReviewedGrant]:
    """Return the role grants of one service provider."""
    customer = uuids.normalize(profile.get("customer_uuid")) or ""
    until = [
        parse_time(f"{where}.user_roles[{n}].expiration_time", row.get("expiration_time")) for n, row in enumerate(rows)
    ]
    copies = [dict(row) for row in rows]
    soon = {id(row) for _expiry, row in ending_within(copies, now, within)}
    return [
        _review_grant(f"{where}.user_roles[{number}]", row, (name, customer), expiry, now, id(row) in soon, document)
        for number, (row, expiry) in enumerate(zip(copies, until, strict=True))
    ]


def _review_grant(
    where: str,
    row: Row,
    provider: tuple[str, str],
    expiry: datetime | None,
    now: datetime,
    is_soon: bool,
    document: _Document | None,
) -> ReviewedGrant:
    name, customer = provider
    user, role = (uuids.normalize(row.get(field)) or "" for field in ("user_uuid", "role_uuid"))
    key = (customer, user, role)
    has_ended = expiry is not None and expiry <= now
    return ReviewedGrant(
        service_provider=name,
        customer_uuid=customer,
        user=choose_name(row, "user_full_name", "user_username", "user_email", "user_uuid"),
        username=format_name(row.get("user_username")),
        email=format_name(row.get("user_email")),
        role=choose_name(row, "role_name", "role_uuid"),
        granted=timestamps.format_utc(parse_time(f"{where}.created", row.get("created"))),
        granted_by=format_name(row.get("created_by_full_name")),
        expiration_time=timestamps.format_utc(expiry),
        days_left=None if expiry is None else days_left(expiry, now),
        status="never" if expiry is None else "ended" if has_ended else "soon" if is_soon else "later",
        in_document=None if document is None else key in document.kept,
        planned="" if document is None else document.planned.get(key, ""),
    )


def _read_document(desired_state: Any) -> _Document:
    """Return what a task of ``desired_state`` returned, by grant. Raises ``InvalidInput``."""
    result = require_mapping("desired_state", desired_state)
    for key in ("kept", "plan"):
        if not isinstance(result.get(key), Sequence):
            raise InvalidInput(
                f"desired_state: has no list {key!r}: give the result of waldur.provider.desired_state with list_kept:"
                " true."
            )
    kept = _with_ids("desired_state.kept", result["kept"])
    changes = _with_ids("desired_state.plan", result["plan"])
    return _Document(frozenset(key for key, _row in kept), {key: _describe_change(change) for key, change in changes})


def _with_ids(where: str, rows: Any) -> Iterable[tuple[GrantId, Row]]:
    """Return the rows about role grants, each with the UUIDs of its customer, user and role."""
    pairs = []
    for number, row in enumerate(require_rows(where, rows)):
        if row.get("kind") == _KIND:
            ids = require_mapping(f"{where}[{number}].id", row.get("id"))
            customer, user, role = (uuids.normalize(ids.get(key)) or "" for key in ("customer", "user", "role"))
            pairs.append(((customer, user, role), row))
    return pairs


def _describe_change(change: Row) -> str:
    """Return a change of a role grant in words, such as ``extend to 2027-06-30``."""
    action = format_name(change.get("action")).replace("_", " ")
    # Most expiries are midnight in UTC, which users write as a date.
    until = format_name((change.get("after") or {}).get("expiration_time")).removesuffix("T00:00:00Z")
    return f"{action} to {until}" if until else action
