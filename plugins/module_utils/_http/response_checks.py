# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the bodies of successful responses, and check that they have the form of Waldur's."""

from __future__ import annotations

from typing import Any

from .._api.operations import Operation
from .._common.errors import CHECK_API_URL, OutcomeUnknown, WaldurError, quote
from .._common.redaction import Redactor
from .._common.types import Row
from .body_parsing import LONGEST_PAGE, error_text, parse_count, parse_json
from .http_request import HttpResponse


def parse_body(answer: HttpResponse, operation: Operation, redactor: Redactor) -> Any:
    """Return the parsed JSON of a response. Raises ``WaldurError``, or ``OutcomeUnknown`` after a write."""
    try:
        return parse_json(answer.content)
    except ValueError:
        reason = error_text(redactor.redact_text(answer.text)[:LONGEST_PAGE], redactor) or "empty"
        page, hint = f"{answer.status} without JSON ({reason})", f"{CHECK_API_URL} and not of a log-in page"
        if operation.writes:
            raise OutcomeUnknown(f"The request to {operation.title} was answered {page}: {hint}") from None
        raise WaldurError(f"Cannot {operation.title}: the server answered {page}: {hint}.") from None


def list_length(answer: HttpResponse, listing: Operation, redactor: Redactor) -> int | None:
    """Return the number of rows that the server announces (api-behaviour: head-counts); None where it does not."""
    header = answer.headers.get("X-Result-Count")
    try:
        return parse_count(header)
    except ValueError:
        shown = quote(redactor.redact_text(header or ""))
        raise WaldurError(
            f"Cannot {listing.title}: the server reported '{shown}' rows, which is not a number: {CHECK_API_URL}."
        ) from None


def require_rows(value: Any, listing: Operation) -> list[Row]:
    """Return ``value``, a list of objects. Raises as ``require_type`` does."""
    return [require_type(row, dict, listing) for row in require_type(value, list, listing)]


def require_type(value: Any, kind: type, operation: Operation) -> Any:
    """Return ``value`` if it is a ``kind``. Raises ``WaldurError``, or ``OutcomeUnknown`` after a write."""
    if isinstance(value, kind):
        return value
    problem = f"does not have the format of a Waldur response: {CHECK_API_URL}"
    if operation.writes:
        raise OutcomeUnknown(f"The response to the request to {operation.title} {problem}")
    raise WaldurError(f"Cannot {operation.title}: the response {problem}.")
