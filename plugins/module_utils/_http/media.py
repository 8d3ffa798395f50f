# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Download images from Waldur or from the storage that it names (api-behaviour: images)."""

from __future__ import annotations

from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin, urlsplit

from .._common.errors import ErrorResponse, Forbidden, NotFound, RequestNotSent, WaldurError, quote
from . import connection_errors
from .connection import Connection
from .http_request import send_request
from .redirects import host_and_port, origin
from .request_errors import unauthorized
from .sessions import skip_token
from .transport import UnusableBody, begin_exchange, choose_proxies

with suppress(ImportError):  # reported with missing_required_lib where a module starts
    import requests
    import urllib3

_IMAGE_LIMIT = 32 * 1024 * 1024


def download(
    connection: Connection,
    api_session: requests.Session,
    foreign_session: requests.Session,
    url: str,
    token_option: str = "access_token",
) -> bytes:
    """Return the bytes behind a media URL: below ``/api/`` from our own server with the token, else without it.

    Another host gets no client certificate either, and is reached by the proxy that is set for it. ``token_option``
    is the option that the token comes from. Raises ``RequestNotSent``, ``Unauthorized``, ``Forbidden``, ``NotFound`` or
    another ``WaldurError``.
    """
    target, is_own, is_api = _resolve_media_url(connection.api_url, url)
    session = api_session if is_own else foreign_session
    options: dict[str, Any] = {}
    if not is_own:
        proxies = choose_proxies(target, connection.proxy, dict(connection.proxy_variables))
        options["proxies"] = dict(proxies)
    elif not is_api:
        options["auth"] = skip_token
    with begin_exchange(connection.timeout, connection.retries) as exchange:
        try:
            answer = send_request(session, "GET", target, _IMAGE_LIMIT, timeout=connection.timeout, **options)
        except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError) as error:
            cause = connection_errors.describe_cause(error, quote(host_and_port(target)), exchange)
            raise RequestNotSent(f"Cannot download the current image: {cause}.") from None
        except UnusableBody as error:
            raise WaldurError(f"Cannot download the current image: the response {error}.") from None
    if answer.status == 401 and is_own and is_api:
        raise unauthorized("Cannot download the current image: the server answered 401", token_option)
    if answer.status != 200:
        kind = {403: Forbidden, 404: NotFound}.get(answer.status, ErrorResponse)
        raise kind(f"Cannot download the current image: the server answered {answer.status}.", answer.status)
    return answer.content


def _resolve_media_url(api_url: str, url: Any) -> tuple[str, bool, bool]:
    """Return the URL to download from, whether that is our own server, and whether it is below ``/api/``."""
    base = api_url + "/"
    try:
        parts, target = urlsplit(url), urljoin(base, url)
        prefix = urlsplit(base).path
        for start in ("/api/", f"{prefix}api/"):
            if parts.path.startswith(start):
                path = parts.path[len(start) - len("api/") :] + (f"?{parts.query}" if parts.query else "")
                return base + path, True, True
        return target, origin(target) == origin(base), False
    except (ValueError, TypeError, AttributeError):
        raise WaldurError("Cannot download the current image: its URL is not valid.") from None
