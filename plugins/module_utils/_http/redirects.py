# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which redirects to follow."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from .._api.operations import Operation
from .._common.errors import LONGEST_PATH, WaldurError, quote
from .._common.redaction import Redactor
from .http_request import HttpResponse
from .request_errors import unusable_answer

# The request must be sent elsewhere. After any other 3xx it is unknown whether a write was carried out.
_MOVED = (301, 302, 307, 308)


def redirect_target(operation: Operation, answer: HttpResponse, api_url: str, redactor: Redactor) -> str:
    """Return the URL to continue at: only for reading, on the same scheme, host and port, as the token is sent again.

    Raises ``WaldurError`` for any other redirect, and ``OutcomeUnknown`` after a write that may be carried out.
    """
    location = answer.headers.get("Location", "")
    if not location or (operation.writes and answer.status not in _MOVED):
        raise unusable_answer(operation, f"is {answer.status} without a place to go on")
    try:
        target_url = urlsplit(urljoin(answer.url, location))
        is_same_origin, address = origin(target_url.geturl()) == origin(api_url), host_and_port(target_url.geturl())
    except ValueError:
        raise unusable_answer(operation, f"is {answer.status} to an address that is not valid") from None
    if is_same_origin and not operation.writes:
        return target_url._replace(netloc=urlsplit(api_url).netloc, fragment="").geturl()
    target = quote(redactor.redact_text(f"{target_url.scheme}://{address}{target_url.path}"), LONGEST_PATH)
    own_path = operation.path.split("{uuid}")[0]
    prefix = target_url.path.partition(own_path)[0] if own_path in target_url.path else ""
    site = quote(redactor.redact_text(f"{target_url.scheme}://{address}{prefix}"), LONGEST_PATH)
    is_secure = target_url.scheme == "https" or (target_url.scheme, urlsplit(api_url).scheme) == ("http", "http")
    remedy = (
        "set api_url to the address that Waldur itself uses"
        if site == api_url or not is_secure  # no address that would send the token in clear text is suggested
        else f"if that is your Waldur, set api_url to {site}"
    )
    raise WaldurError(
        f"Cannot {operation.title}: the server redirects to {target}, and only reads are redirected, to the same"
        f" scheme, host and port: {remedy}."
    )


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port. Raises ``ValueError``."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def host_and_port(url: str) -> str:
    """Return host and port, without a user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]
