# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set the username of one user in Waldur, and read again where a request failed or its outcome is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .._common import uuids
from .._common.errors import ErrorResponse, OutcomeUnknown, WaldurError, recheck_outcome
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._plan.changes import Change
from .._references.targets import Target
from .offering_username_owners import UsernameRequests, plan_requests
from .offering_username_reading import LINK, has_provider_accounts, read_accounts, read_provider_accounts, refresh
from .offering_username_state import ProviderAccount, UsernameState, get_labels

_REFUSED = (400, 409)
_EXHAUSTED = 409
# What a server that has no number left says about its pool (api-behaviour: usernames-one-transaction).
_EXHAUSTED_POOL = re.compile(r"\b(UID|GID)\b.*\boffering ([0-9a-f]{32})\b")
_NEW_ROW_KINDS = {"uuid": FieldType.UUID, "username": FieldType.TEXT.optional, LINK: FieldType.UUID.optional}


@dataclass(frozen=True)
class UsernameWrite:
    """The username that one user gets in all offerings that they reach."""

    user_uuid: str
    username: str


def set_username(session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]) -> None:
    """Send the requests that give one user the username, by who owns it now."""
    if current.is_predicted:
        refresh(session, target, current)
    payload = change.payload
    requests = plan_requests(current, payload.user_uuid, payload.username)
    sent = 0
    try:
        for _request in _send(session, target, current, payload, requests):
            sent += 1
    except OutcomeUnknown as error:
        rechecked = recheck_outcome(error, lambda: _recheck(session, target, payload, requests))
        if sent and rechecked.details["took_effect"] is False:
            rechecked.details["took_effect"] = None
        raise rechecked from None
    except WaldurError as error:
        is_refused = isinstance(error, ErrorResponse) and error.status in _REFUSED
        if sent or (is_refused and has_provider_accounts(session, current)):
            _describe_failure(session, target, current, payload, requests, error)
            error.details["took_effect"] = None if sent else False
        raise


def _send(
    session: Session, target: Target, current: UsernameState, payload: UsernameWrite, requests: UsernameRequests
) -> Iterator[None]:
    """Send the requests, and yield after each of them. What may be refused for a missing right or number comes first,
    so that nothing was done then."""
    user, username = payload.user_uuid, payload.username
    if requests.is_for_all:
        # Its response tells nothing (api-behaviour: set-offerings-username).
        body = {"user_uuid": user, "username": username}
        session.client.write("set_offerings_username", target.uuid, body=body, expect_body=False)
        yield
        return
    if requests.blocked or requests.outdated:
        raise WaldurError("the account options that were changed before it do not allow this username: run again.")
    account = requests.provider_account
    for offering in requests.new_accounts:
        row = _create_account(session, offering, payload)
        yield
        if account and account.needs_row and current.get_settings(offering).is_shared:
            account = _account_of(session, target, user, row)
    for offering in requests.renamed:
        row = check_rows("offering_users", [current.rows[offering, user]], uuid=FieldType.UUID)[0]
        session.client.write("rename_offering_user", row["uuid"], body={"username": username})
        yield
    if account and (account.username or "").strip() != username:
        if account.uuid is None:
            raise WaldurError("Waldur did not make the service provider account of that user: run again.")
        session.client.write("rename_provider_account", account.uuid, body={"username": username})
        yield


def _create_account(session: Session, offering: str, payload: UsernameWrite) -> Row:
    """Create an account in an offering, and return its row. A linked one gets the name of the service provider account
    instead (api-behaviour: usernames-owned-by-a-provider-account)."""
    body = {"user_uuid": payload.user_uuid, "offering_uuid": offering, "username": payload.username}
    row = session.client.write("create_offering_user", body=body)
    return check_rows("create_offering_user", [row], **_NEW_ROW_KINDS)[0]


def _account_of(session: Session, target: Target, user: str, row: Row) -> ProviderAccount | None:
    """Return the service provider account to which the new account ``row`` is linked; None where it is to none."""
    if LINK in row:
        uuid = uuids.normalize(row[LINK])
        return ProviderAccount(uuid, row.get("username")) if uuid else None
    now = UsernameState()
    read_provider_accounts(session, target, user, now)
    return now.provider_accounts.get(user)


def _recheck(
    session: Session, target: Target, payload: UsernameWrite, requests: UsernameRequests
) -> tuple[bool | None, str]:
    """Return whether the requests took effect (None: partly), and the current state as text.

    Only the accounts that they were to change count: the others had the name before, or belong to other providers. A
    missing one gets the username of the service provider account.
    """
    now, user = UsernameState(), payload.user_uuid
    read_accounts(session, target, user, now)
    if requests.provider_account and any((offering, user) not in now.accounts for offering in requests.changing):
        read_provider_accounts(session, target, user, now)
    account = now.provider_accounts.get(user)
    missing = account.username if account else None
    names = [now.accounts.get((offering, user), missing) for offering in requests.changing]
    named, number = sum((name or "").strip() == payload.username for name in names), len(names)
    is_created = any((offering, user) in now.accounts for offering in requests.new_accounts)
    outcome = named == number if named == number or not (named or is_created) else None
    return outcome, f"{named} of {number} accounts have that username. Run again."


def _describe_failure(
    session: Session,
    target: Target,
    current: UsernameState,
    payload: UsernameWrite,
    requests: UsernameRequests,
    error: WaldurError,
) -> None:
    """Add the current state to the message of an error after which it is known what Waldur carried out."""
    if isinstance(error, ErrorResponse) and error.status == _EXHAUSTED:
        error.message += _describe_exhausted_pool(target, current, error.message)
    message = error.message.rstrip(".")
    try:
        _outcome, state = _recheck(session, target, payload, requests)
        error.message = f"{message}; checked again: {state}"
    except WaldurError as recheck_error:
        error.message = f"{message}; the accounts could not be checked again: {recheck_error.message}"


def _describe_exhausted_pool(target: Target, current: UsernameState, message: str) -> str:
    """Return which pool has no number left, and what to do about it, as the next sentence of a message
    (api-behaviour: posix-pools-exhausted, posix-numbers)."""
    match = _EXHAUSTED_POOL.search(message)
    kinds = [match[1].lower()] if match else ["uid", "gid"]
    offering = get_labels(current, [match[2]])[match[2]] if match else "the offering"
    ends = " or ".join(f"max_{kind}" for kind in kinds)
    return (
        f" Raise {ends} of the POSIX ID pool of {offering}, or of {target.name} where {offering} has none of its own."
    )
