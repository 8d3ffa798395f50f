# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn failed requests and responses with an error status into exceptions."""

from __future__ import annotations

from collections.abc import Callable

from .._api.operations import Operation
from .._api.permissions import describe_defect
from .._common.errors import (
    CHECK_API_URL,
    ErrorResponse,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RequestNotSent,
    ResponseTimedOut,
    RouteMissing,
    ServerDefect,
    Unauthorized,
    WaldurError,
    quote,
)
from .._common.redaction import Redactor
from . import connection_errors
from .body_parsing import error_text
from .http_request import HttpResponse
from .transport import Exchange


def no_answer(operation: Operation, error: Exception, host: str, exchange: Exchange) -> WaldurError:
    """Return the error for a request without a usable answer: ``OutcomeUnknown`` where a write may have arrived,
    ``ResponseTimedOut`` where a read did."""
    cause = connection_errors.describe_cause(error, host, exchange)
    is_late = exchange.may_have_arrived and connection_errors.is_timeout(error)
    if operation.writes and exchange.may_have_arrived:
        suffix = ", and Waldur may still be processing it" if is_late else ""
        return OutcomeUnknown(f"The response to the request to {operation.title} was lost ({cause}){suffix}")
    kind = ResponseTimedOut if is_late else RequestNotSent
    return kind(f"Cannot {operation.title}: {cause}.")


def error_of_response(
    operation: Operation,
    answer: HttpResponse,
    exchange: Exchange,
    *,
    redactor: Redactor,
    token_option: str,
    is_personal_token: bool,
    describe_requirement: Callable[[], str],
) -> WaldurError:
    """Return the error for a response of 400 and more (api-behaviour: access-errors, error-shapes).

    ``token_option`` is the option that the token comes from. ``describe_requirement`` returns what a caller needs for
    the operation; it is called after a 403 only, as it may send a request. The outcome of a write is unknown after a
    5xx, and where an earlier try may have been carried out.
    """
    status, is_json = answer.status, "json" in answer.headers.get("Content-Type", "")
    text = answer.text
    if connection_errors.is_tls_required(status, text):
        return RequestNotSent(f"Cannot {operation.title}: {connection_errors.TLS_REQUIRED}.")
    # The pages of proxies begin with their status.
    reason = error_text(text, redactor, operation.free_form).removeprefix(str(status)).strip()
    suffix = f": {reason}" if reason else ""
    answered = f"({status}{suffix})"
    message = f"Waldur rejected the request to {operation.title} {answered}"
    if operation.writes and exchange.is_doubtful and status < 500 and status != 404:
        lost = f"The response to the request to {operation.title} was lost"
        return OutcomeUnknown(f"{lost}, and Waldur rejected the retry {answered}")
    if status == 403:
        return Forbidden(f"{message}: {describe_requirement()}.", status)
    if status == 404:
        return NotFound(f"{message}.", status) if is_json else RouteMissing(operation.missing_route, status)
    if status >= 500:
        failure = f"Waldur failed on the request to {operation.title} {answered}"
        failure += describe_defect(operation.permission, is_personal_token=is_personal_token)
        return OutcomeUnknown(failure) if operation.writes else ServerDefect(f"{failure}.", status)
    return _rejection(status, message, token_option, redactor.redact_text(answer.headers.get("Retry-After", "")))


def unauthorized(message: str, token_option: str) -> Unauthorized:
    """Return the error for a 401: ``message`` says what was rejected, ``token_option`` where the token comes from."""
    token = "access_token" if token_option == "access_token" else f"the token from {token_option}"
    return Unauthorized(f"{message}: {token} is wrong, expired or not allowed here.", 401)


def _rejection(status: int, message: str, token_option: str, retry_after: str) -> ErrorResponse:
    """Return the error for a request that was not carried out; ``retry_after`` is the header of that name."""
    if status == 401:
        return unauthorized(message, token_option)
    if status == 429:
        delay = f"after {quote(retry_after)} seconds" if retry_after else "later"
        return ErrorResponse(f"{message}: too many requests: run again {delay}.", status)
    return ErrorResponse(f"{message}.", status)


def unusable_answer(operation: Operation, reason: str) -> WaldurError:
    """Return the error for an answer that is unusable for ``reason``; the outcome of a write is unknown then."""
    if operation.writes:
        return OutcomeUnknown(f"The response to the request to {operation.title} {reason}")
    return WaldurError(f"Cannot {operation.title}: the response {reason}: {CHECK_API_URL}.")
