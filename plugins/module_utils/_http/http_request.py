# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send one request and read its response whole, within limits of size and time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from .body_parsing import decode_text
from .transport import UnusableBody, read_body

with suppress(ImportError):  # reported with missing_required_lib where a module starts
    import requests
    import urllib3
    from requests.utils import parse_header_links

# The bytes of an error's body that are read.
_ERROR_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class HttpResponse:
    """A response with its whole body, or the beginning of the body of an error. ``headers`` ignores case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def text(self) -> str:
        """Return the body as text."""
        return decode_text(self.content, self.headers.get("Content-Type", ""))

    @property
    def has_next_page(self) -> bool:
        """Return whether the ``Link`` header names a next page (api-behaviour: pagination)."""
        links = parse_header_links(self.headers.get("Link", ""))
        return any(link.get("rel") == "next" for link in links)


def send_request(
    session: requests.Session, method: str, url: str, limit: int, *, timeout: float, **options: Any
) -> HttpResponse:
    """Send a request and read its response, with a body of at most ``limit`` bytes; do not follow redirects.

    ``timeout`` is in seconds, ``options`` are those of ``requests``. An incomplete body is found after urllib3's own
    retries, so the retry policy is applied to it here. Raises ``UnusableBody`` and the errors of requests and urllib3.
    """
    options = {"timeout": timeout, "allow_redirects": False, "stream": True, **options}
    while True:
        response = session.request(method, url, **options)
        body, status = b"", response.status_code
        try:
            if status >= 400:
                body = read_body(response, _ERROR_LIMIT, truncate=True)
            elif 200 <= status < 300:
                body = read_body(response, limit)
            else:
                response.close()
        except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError, UnusableBody) as error:
            response.close()
            # The status of an error is enough, also without the text of its body.
            if status < 400:
                if isinstance(error, UnusableBody):
                    raise
                _wait_for_retry(response.raw.retries, method, url, error)
                continue
        return HttpResponse(status, response.headers, body, response.url)


def _wait_for_retry(policy: Any, method: str, url: str, error: Exception) -> None:
    """Count an incomplete body as a failed try, and wait for the next. Raises an error of urllib3 if there is none."""
    if not isinstance(error, urllib3.exceptions.HTTPError):
        error = urllib3.exceptions.ProtocolError(f"Connection broken: {error!r}", error)
    policy.increment(method, url, error=error).sleep()
